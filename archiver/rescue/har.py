"""HAR 1.2 files, as the network panel of a browser saves them: each response whose body is in them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from archiver.errors import UnusableFile
from archiver.model import Outcome
from archiver.rescue import values
from archiver.rescue.found import Bounds, Found, Passed, Wanted, cleaned

_DECODED = frozenset({"content-encoding", "transfer-encoding", "content-length"})  # undone by the browser


def read(document: bytes, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response whose URL is wanted; what else there is is counted in `passed`. Raises UnusableFile."""
    for number, entry in enumerate(_entries(document), start=1):
        place = f"entry {number}"
        request, response = _part(entry, "request", place), _part(entry, "response", place)
        url = request.get("url")
        if not isinstance(url, str) or not wanted(url):
            passed["responses of other pages"] += 1
        elif request.get("method", "GET") != "GET":
            passed["requests that do not ask for a page"] += 1
        else:
            at = values.iso_date(entry.get("startedDateTime"), zoned=True)
            found = _found(url, response, at, place, bounds)
            if found is not None:
                yield found
            else:
                passed["responses whose body the browser did not save"] += 1


_MOST_VALUES = 1_000_000  # objects and lists; a busy day in a browser gives 200,000
_MOST_COMMAS = 8_000_000
_LONGEST_VALUE = 100_000  # of a header


def _entries(document: bytes) -> list[dict[str, Any]]:
    """The list log.entries. What it would cost in memory is known before it is read: 64 bytes a value and more."""
    if document.count(b"{") + document.count(b"[") > _MOST_VALUES or document.count(b",") > _MOST_COMMAS:
        raise UnusableFile("more values than any browser notes", advice="save the network log of fewer pages")
    try:
        found = json.loads(document.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        place = f"byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableFile("no JSON document, or one that is cut", place=place) from error
    log = found.get("log") if isinstance(found, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnusableFile("JSON, but no HAR: it has no list log.entries")
    return entries


def _part(entry: dict[str, Any], name: str, place: str) -> dict[str, Any]:
    part = entry.get(name)
    if not isinstance(part, dict):
        raise UnusableFile(f"it has no {name}", place=place)
    return part


def _found(url: str, response: dict[str, Any], at: datetime | None, place: str, bounds: Bounds) -> Found | None:
    """A response as a value; None when it never came, or its body is not in the file."""
    status, content = response.get("status"), response.get("content")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        return None
    headers = _headers(response.get("headers"))
    if status == 304 and isinstance(content, dict) and content.get("text"):
        status = 200  # what the browser showed, out of its cache
    if 300 <= status < 400 and status != 304:
        return Found(url, None, at, place, status, _with_target(headers, response.get("redirectURL")))
    if not isinstance(content, dict) or not isinstance(content.get("text"), str):
        return None if status < 400 else Found(url, b"", at, place, status, headers)
    body = _body(content)
    if body is None:
        return _failed(url, at, place, Outcome.PROTOCOL_ERROR, "its body says base64 and is not")
    if len(body) > bounds.body_bytes:
        return _failed(url, at, place, Outcome.TOO_LARGE, f"a body of more than {bounds.body_bytes} bytes")
    if content.get("encoding") != "base64":  # text that the browser decoded, and that we encode
        headers = (*(pair for pair in headers if pair[0] != "content-type"), _as_utf8(headers, content))
    return Found(url, body, at, place, status, headers)


def _with_target(headers: tuple[tuple[str, str], ...], redirect_url: Any) -> tuple[tuple[str, str], ...]:
    """HAR 1.2 names the target of a redirect in a field of its own, too; some tools there alone."""
    if isinstance(redirect_url, str) and redirect_url and all(name != "location" for name, _ in headers):
        return (*headers, *cleaned([("location", redirect_url)]))
    return headers


def _failed(url: str, at: datetime | None, place: str, outcome: Outcome, why: str) -> Found:
    return Found(url, None, at, place, failure=outcome, error=why)


def _as_utf8(headers: tuple[tuple[str, str], ...], content: dict[str, Any]) -> tuple[str, str]:
    said = values.text(content.get("mimeType")) or ""
    told = next((value for name, value in headers if name == "content-type"), said)
    return "content-type", f"{told.partition(';')[0].strip()[:200] or 'text/html'}; charset=utf-8"


def _body(content: dict[str, Any]) -> bytes | None:
    text: str = content["text"]
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _headers(listed: Any) -> tuple[tuple[str, str], ...]:
    pairs = [
        ((values.text(item.get("name")) or "").lstrip(":"), values.text(item.get("value"), _LONGEST_VALUE) or "")
        for item in (listed if isinstance(listed, list) else [])[:1_000]
        if isinstance(item, dict)
    ]
    return tuple(pair for pair in cleaned(pairs) if pair[0] not in _DECODED)
