"""MHTML files (RFC 2557), as Chromium saves a page: its HTML as the browser had it, and its images.

The parts are told apart here, in one pass, and only their headers are read by `email`: its parser makes an object of
every line, and looks for every boundary in each, so that a small hostile file takes gigabytes or hours.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from email.parser import BytesHeaderParser

from archiver.errors import UnusableFile
from archiver.formats import values
from archiver.formats.found import Bounds, Found, Passed, Wanted
from archiver.model import Outcome

_MOST_PARTS = 20_000
_MOST_HEADER = 65_536
_MOST_LINES = 200_000  # of all headers: `email` takes ten microseconds for each
_LARGEST = {"base64": 1.5, "quoted-printable": 3.2}  # encoded to decoded, line ends included (RFC 2045 §6)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|$)")  # RFC 2046 §5.1.1


def read(document: bytes, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """The page, and every image of it that is wanted. Raises UnusableFile."""
    message, begin = _head(document, 0, len(document))
    places = list(_parts(message, document, begin))
    if sum(document.count(b"\n", first, _body_at(document, first, last)) for first, last in places) > _MOST_LINES:
        raise UnusableFile("more header lines than any page has")
    heads = (_head(document, *place)[0] for place in places)  # one at a time: each takes forty times its bytes
    page = next((number for number, head in enumerate(heads) if head.get_content_type() == "text/html"), None)
    if page is None:
        raise UnusableFile("MHTML without a page in it")
    at = values.http_date(str(message["Date"] or ""))
    for number, (begin, last) in enumerate(places):
        head, first = _head(document, begin, last)
        own = _url(message["Snapshot-Content-Location"]) if number == page else ""
        url = own or _url(head["Content-Location"])
        if number == page or (head.get_content_maintype() == "image" and url and wanted(url)):
            bare = Found(url, None, at, f"part {number + 1}")
            yield _found(head, document, first, last, bare, bounds.body_bytes)
        else:
            passed["frames, styles and images of other pages"] += 1


def _head(document: bytes, begin: int, end: int) -> tuple[Message, int]:
    """The header that begins there, and where what follows it begins."""
    after = _body_at(document, begin, end)
    return BytesHeaderParser().parsebytes(document[begin:after]), after


def _body_at(document: bytes, begin: int, end: int) -> int:
    found = _HEADER_END.search(document, begin, min(begin + _MOST_HEADER, end))
    if found is None:
        raise UnusableFile("a header longer than any is, or a part without a body")
    return found.end()


def _parts(message: Message, document: bytes, begin: int) -> Iterator[tuple[int, int]]:
    """From where to where each part goes: what stands between the delimiters (RFC 2046 §5.1.1)."""
    boundary = message.get_boundary("").encode("latin-1", "replace")
    if message.get_content_maintype() != "multipart" or not 0 < len(boundary) <= 200:
        raise UnusableFile("no multipart/related message with a boundary")
    delimiter = b"\n--" + boundary
    if document.count(delimiter) > _MOST_PARTS:
        raise UnusableFile("more parts than any page has")
    found = document.find(delimiter, begin - 1)  # the line end before it may be that of the header
    while found >= 0:
        after = found + len(delimiter)
        following = document.find(delimiter, after)
        last = following if following >= 0 else len(document)
        opened = _AFTER_DELIMITER.match(document, after, last)
        if opened is None:
            raise UnusableFile("a boundary that is none")
        if opened[1]:
            return
        yield opened.end(), last - document[last - 1 : last].endswith(b"\r")
        found = following
    raise UnusableFile("the file ends in the middle", advice="get or copy the file again")


def _url(value: str | None) -> str:
    """A header's URL, without the folding of long lines (RFC 2557 §4.4.1)."""
    return "".join(str(value or "").split())


def _found(head: Message, document: bytes, first: int, last: int, bare: Found, most: int) -> Found:
    charset = head.get_param("charset")
    told = f"; charset={charset[:40]}" if isinstance(charset, str) else ""
    headers = (("content-type", f"{head.get_content_type()}{told}"),)
    encoding = str(head["Content-Transfer-Encoding"] or "").strip().lower()
    if last - first > _LARGEST.get(encoding, 1) * most:
        return bare.too_large("body", most)
    try:
        body = _decoded(encoding, document[first:last])
    except (binascii.Error, ValueError):
        return bare.failed(Outcome.PROTOCOL_ERROR, "its encoding is broken")
    return replace(bare, body=body, headers=headers) if len(body) <= most else bare.too_large("body", most)


def _decoded(encoding: str, encoded: bytes) -> bytes:
    """RFC 2045 §6."""
    if encoding == "base64":
        return binascii.a2b_base64(encoded)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(encoded)
    return encoded
