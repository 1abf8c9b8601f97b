"""MHTML files (RFC 2557), as Chromium saves a page: its HTML as the browser had it, and its images.

The parts are told apart here, in one pass, and only their headers are read by `email`: its parser makes an object of
every line, and looks for every boundary in each, so that a small hostile file takes gigabytes or hours.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser

from archiver.errors import UnusableFile
from archiver.model import Outcome
from archiver.rescue import values
from archiver.rescue.found import Bounds, Found, Passed, Wanted

_MOST_PARTS = 20_000
_MOST_HEADER = 65_536
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|$)")  # RFC 2046 §5.1.1


def read(document: bytes, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """The page, and every image of it that is wanted. Raises UnusableFile."""
    message, body = _head_and_body(document)
    parts = [_head_and_body(part) for part in _parts(message, body)]
    page = next((number for number, (head, _) in enumerate(parts) if head.get_content_type() == "text/html"), None)
    if page is None:
        raise UnusableFile("MHTML without a page in it")
    at = values.http_date(str(message["Date"] or ""))
    for number, (head, encoded) in enumerate(parts):
        own = _url(message["Snapshot-Content-Location"]) if number == page else ""
        url = own or _url(head["Content-Location"])
        if number == page or (head.get_content_maintype() == "image" and url and wanted(url)):
            yield _found(head, encoded, url, at, f"part {number + 1}", bounds)
        else:
            passed["frames, styles and images of other pages"] += 1


def _head_and_body(data: bytes) -> tuple[Message, bytes]:
    end = _HEADER_END.search(data, 0, _MOST_HEADER)
    if end is None:
        raise UnusableFile("a header longer than any is, or a part without a body")
    return BytesHeaderParser().parsebytes(data[: end.start()] + b"\n\n"), data[end.end() :]


def _parts(message: Message, body: bytes) -> Iterator[bytes]:
    """What stands between the delimiters (RFC 2046 §5.1.1)."""
    boundary = message.get_boundary("").encode("latin-1", "replace")
    if message.get_content_maintype() != "multipart" or not 0 < len(boundary) <= 200:
        raise UnusableFile("no multipart/related message with a boundary")
    body, delimiter = b"\n" + body, b"\n--" + boundary
    if body.count(delimiter) > _MOST_PARTS:
        raise UnusableFile("more parts than any page has")
    for piece in body.split(delimiter)[1:]:
        begin = _AFTER_DELIMITER.match(piece)
        if begin is None:
            raise UnusableFile("a boundary that is none")
        if begin[1]:
            return
        yield piece[begin.end() :].removesuffix(b"\r")
    raise UnusableFile("the file ends in the middle", advice="get or copy the file again")


def _url(value: str | None) -> str:
    """A header's URL, without the folding of long lines (RFC 2557 §4.4.1)."""
    return "".join(str(value or "").split())


def _found(head: Message, encoded: bytes, url: str, at: datetime | None, place: str, bounds: Bounds) -> Found:
    charset = head.get_param("charset")
    told = f"; charset={charset[:40]}" if isinstance(charset, str) else ""
    headers = (("content-type", f"{head.get_content_type()}{told}"),)
    try:
        body = _decoded(str(head["Content-Transfer-Encoding"] or "").strip().lower(), encoded)
    except (binascii.Error, ValueError):
        return Found(url, None, at, place, failure=Outcome.PROTOCOL_ERROR, error="its encoding is broken")
    if len(body) > bounds.body_bytes:
        error = f"a body of more than {bounds.body_bytes} bytes"
        return Found(url, None, at, place, failure=Outcome.TOO_LARGE, error=error)
    return Found(url, body, at, place, None, headers)


def _decoded(encoding: str, encoded: bytes) -> bytes:
    """RFC 2045 §6."""
    if encoding == "base64":
        return binascii.a2b_base64(encoded)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(encoded)
    return encoded
