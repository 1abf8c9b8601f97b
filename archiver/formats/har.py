"""HAR 1.2 files, as the network panel of a browser saves them: each response whose body is in them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from archiver.errors import UnusableFile
from archiver.formats import values
from archiver.formats.found import Bounds, Found, Passed, Wanted, cleaned
from archiver.formats.long_json import PLAIN, WHOLE, JsonText, LongString, NoSuchList, NotJson, TooManyValues
from archiver.model import Outcome

_DECODED = frozenset({"content-encoding", "transfer-encoding", "content-length"})  # undone by the browser


def read(raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response whose URL is wanted, entry by entry to the end; `passed` counts the rest. Raises UnusableFile."""
    for number, entry in enumerate(_entries(raw), start=1):
        place = f"entry {number}"
        request, response = _part(entry, "request", place), _part(entry, "response", place)
        url = request.get("url")
        if not isinstance(url, str) or not wanted(url):
            passed["responses of other pages"] += 1
        elif request.get("method", "GET") != "GET":
            passed["requests that do not ask for a page"] += 1
        else:
            at = values.iso_date(entry.get("startedDateTime"), zoned=True)
            found = _found(raw, Found(url, None, at, place), response, bounds)
            if found is not None:
                yield found
            else:
                passed["responses whose body the browser did not save"] += 1


_LONGEST_VALUE = 100_000  # of a header
_ENTRY = {  # what is read of one
    "startedDateTime": PLAIN,
    "request": {"url": PLAIN, "method": PLAIN},
    "response": {
        "status": PLAIN, "redirectURL": PLAIN, "headers": WHOLE,
        "content": {"text": PLAIN, "encoding": PLAIN, "mimeType": PLAIN},
    },
}  # fmt: skip


def _entries(raw: BinaryIO) -> Iterator[dict[str, Any]]:
    """What is wanted of each entry of log.entries; the whole document must be JSON."""
    raw.seek(0)
    try:
        for entry in JsonText(raw).listed("log", "entries", shape=_ENTRY):
            if not isinstance(entry, dict):
                raise UnusableFile("JSON, but no HAR: an entry of log.entries is no object")
            yield entry
    except NoSuchList as error:
        raise UnusableFile(f"JSON, but no HAR: {error} log.entries", advice="save the network log again") from error
    except TooManyValues as error:
        words, advice = "more values than any browser notes", "save the network log of fewer pages"
        raise UnusableFile(words, advice=advice) from error
    except NotJson as error:
        raise UnusableFile("no JSON document, or one that is cut", place=f"byte {error.at}") from error


def _part(entry: dict[str, Any], name: str, place: str) -> dict[str, Any]:
    part = entry.get(name)
    if not isinstance(part, dict):
        raise UnusableFile(f"it has no {name}", place=place)
    return part


def _found(raw: BinaryIO, bare: Found, response: dict[str, Any], bounds: Bounds) -> Found | None:
    """A response as a value; None when it never came, or its body is not in the file."""
    status, content = response.get("status"), response.get("content")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        return None
    headers = _headers(response.get("headers"))
    if status == 304 and isinstance(content, dict) and content.get("text"):
        status = 200  # what the browser showed, out of its cache
    if 300 <= status < 400 and status != 304:
        return replace(bare, status=status, headers=_with_target(headers, response.get("redirectURL")))
    if not isinstance(content, dict) or not isinstance(content.get("text"), str | LongString):
        return None if status < 400 else replace(bare, body=b"", status=status, headers=headers)
    try:
        body = _body(raw, content, bounds.body_bytes)
    except binascii.Error:
        return bare.failed(Outcome.PROTOCOL_ERROR, "its body says base64 and is not")
    if body is None or len(body) > bounds.body_bytes:
        return bare.too_large("body", bounds.body_bytes)
    if content.get("encoding") != "base64":  # text that the browser decoded, and that we encode
        headers = (*(pair for pair in headers if pair[0] != "content-type"), _as_utf8(headers, content))
    return replace(bare, body=body, status=status, headers=headers)


def _with_target(headers: tuple[tuple[str, str], ...], redirect_url: Any) -> tuple[tuple[str, str], ...]:
    """HAR 1.2 names the target of a redirect in a field of its own, too; some tools there alone."""
    if isinstance(redirect_url, str) and redirect_url and all(name != "location" for name, _ in headers):
        return (*headers, *cleaned([("location", redirect_url)]))
    return headers


def _as_utf8(headers: tuple[tuple[str, str], ...], content: dict[str, Any]) -> tuple[str, str]:
    said = values.text(content.get("mimeType")) or ""
    told = next((value for name, value in headers if name == "content-type"), said)
    return "content-type", f"{told.partition(';')[0].strip()[:200] or 'text/html'}; charset=utf-8"


def _body(raw: BinaryIO, content: dict[str, Any], most: int) -> bytes | None:
    """The body; None when it is larger than `most` by its length alone. Raises binascii.Error."""
    is_encoded = content.get("encoding") == "base64"
    written = _written(raw, content["text"], most * 4 // 3 + 4 if is_encoded else most)
    if written is None or not is_encoded:
        return written
    return base64.b64decode(written, validate=True)


def _written(raw: BinaryIO, text: str | LongString, most: int) -> bytes | None:
    """A text in UTF-8, if it is not longer than `most` bytes."""
    pieces, length = [], 0
    for piece in text.pieces(raw) if isinstance(text, LongString) else [text]:
        pieces.append(piece.encode("utf-8", "replace"))
        length += len(pieces[-1])
        if length > most:
            return None
    return b"".join(pieces)


def _headers(listed: Any) -> tuple[tuple[str, str], ...]:
    pairs = [
        ((values.text(item.get("name")) or "").lstrip(":"), values.text(item.get("value"), _LONGEST_VALUE) or "")
        for item in (listed if isinstance(listed, list) else [])[:1_000]
        if isinstance(item, dict)
    ]
    return tuple(pair for pair in cleaned(pairs) if pair[0] not in _DECODED)
