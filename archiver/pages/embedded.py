"""Images that a page carries in itself, as `data:` URLs (RFC 2397): their bytes, and what stands for an address."""

from __future__ import annotations

import binascii
import hashlib
import re
from urllib.parse import unquote_to_bytes

from archiver.pages import image
from archiver.text import line, storable

_BASE64 = re.compile(r";\s*base64\s*$", re.IGNORECASE)


def data(source: str) -> bytes | None:
    """The bytes of a `data:` URL; None for one that is broken, and empty where a tool left only the frame of one."""
    head, comma, encoded = source.partition(",")
    if head[:5].lower() != "data:" or not comma:
        return None
    raw = unquote_to_bytes(encoded.strip().encode("utf-8", "replace"))
    if not _BASE64.search(head):
        return raw
    plain = re.sub(rb"\s", b"", raw)
    try:
        return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def name(source: str) -> str:
    """What stands for the address of such an image: the type of its bytes, and their SHA-256.

    Where they cannot be told, the type that it claims, and the SHA-256 of what stands there.
    """
    content = data(source)
    kind = image.media_type(content) if content else None
    if content is None or kind is None:
        content = storable(source).encode()
        kind = line(re.split("[;,]", source[5:200], maxsplit=1)[0], 80)
    return f"data:{kind},sha256-{hashlib.sha256(content).hexdigest()}"
