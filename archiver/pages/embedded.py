"""Images that a page carries in itself, as `data:` URLs (RFC 2397): their bytes, and what stands for an address."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from archiver.pages import image
from archiver.text import line, storable

_BASE64 = re.compile(rb";\s*base64\s*$", re.IGNORECASE)
_NAME = re.compile(r"data:[A-Za-z0-9/+.=_-]{0,80},sha256-[0-9a-f]{64}")
_STEP = 65_536


def data(source: str | bytes) -> bytes | None:
    """The bytes of a `data:` URL; None for one that is broken, and empty where a tool left only the frame of one."""
    if isinstance(source, str):
        head, comma, encoded = source.partition(",")
        source = f"{head}{comma}{encoded.strip()}".encode("utf-8", "replace")
    opening, delimiter, written = source.partition(b",")
    if opening[:5].lower() != b"data:" or not delimiter:
        return None
    raw = b"".join(_unquoted(written.strip()))
    if not _BASE64.search(opening):
        return raw
    plain = re.sub(rb"\s", b"", raw) if re.search(rb"\s", raw) else raw
    try:
        return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def _unquoted(encoded: bytes) -> Iterator[bytes]:
    """Percent-encoding undone, in pieces: at once it would take a hundred bytes for each."""
    if b"%" not in encoded:
        yield encoded
        return
    at = 0
    while at < len(encoded):
        end = at + _STEP
        torn = encoded.rfind(b"%", max(at + 1, end - 2), end)
        end = torn if torn > 0 and end < len(encoded) else end
        yield unquote_to_bytes(encoded[at:end])
        at = end


def name(source: str) -> str:
    """What stands for the address of such an image: the type of its bytes, and their SHA-256.

    Where they cannot be told, the type that it claims, and the SHA-256 of what stands there. A name is its own name.
    """
    return source if _NAME.fullmatch(source) else _named(storable(source).encode(), data(source))


def name_of(written: bytes) -> str | None:
    """The same for what stands in the bytes of a page, in ASCII; None for one that is empty, or has no plain name."""
    content = data(written)
    found = _named(written, content) if content != b"" else ""
    return found if _NAME.fullmatch(found) else None


def _named(written: bytes, content: bytes | None) -> str:
    kind = image.media_type(content) if content else None
    if content is None or kind is None:
        content = written
        kind = line(re.split("[;,]", written[5:200].decode("utf-8", "replace"), maxsplit=1)[0], 80)
    return f"data:{kind},sha256-{hashlib.sha256(content).hexdigest()}"
