"""MHTML files (RFC 2557), as Chromium saves a page: its HTML as the browser had it, and its images."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime

from archiver.errors import UnusableFile
from archiver.model import Outcome
from archiver.rescue.found import Bounds, Found, Passed, Wanted

_MOST_PARTS = 20_000


def read(document: bytes, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """The page, and every image of it that is wanted. Raises UnusableFile."""
    try:
        message = message_from_bytes(document)
        parts = [part for part in message.walk() if not part.is_multipart()]
    except (RecursionError, ValueError, LookupError, AssertionError) as error:
        raise UnusableFile("its parts are nested in a way that no browser writes") from error
    page = next((part for part in parts if part.get_content_type() == "text/html"), None)
    if page is None or not message.is_multipart() or len(parts) > _MOST_PARTS:
        raise UnusableFile("MHTML without a page in it, or with more parts than any has")
    if any("CloseBoundaryNotFound" in type(defect).__name__ for defect in message.defects):
        raise UnusableFile("the file ends in the middle", advice="get or copy the file again")
    at = _date(message)
    for number, part in enumerate(parts, start=1):
        own = _url(message["Snapshot-Content-Location"]) if part is page else ""
        url = own or _url(part["Content-Location"])
        if part is page or (part.get_content_maintype() == "image" and url and wanted(url)):
            yield _found(part, url, at, f"part {number}", bounds)
        else:
            passed["frames, styles and images of other pages"] += 1


def _url(value: str | None) -> str:
    """A header's URL, without the folding of long lines (RFC 2557 §4.4.1)."""
    return "".join(str(value or "").split())


def _date(message: Message) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(message["Date"] or ""))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _found(part: Message, url: str, at: datetime | None, place: str, bounds: Bounds) -> Found:
    content_type = f"{part.get_content_type()}"
    charset = part.get_param("charset")
    if isinstance(charset, str):
        content_type += f"; charset={charset[:40]}"
    try:
        body = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        body = None
    headers = (("content-type", content_type),)
    if not isinstance(body, bytes):
        return Found(url, None, at, place, failure=Outcome.PROTOCOL_ERROR, error="its encoding is broken")
    if len(body) > bounds.body_bytes:
        error = f"a body of more than {bounds.body_bytes} bytes"
        return Found(url, None, at, place, failure=Outcome.TOO_LARGE, error=error)
    return Found(url, body, at, place, None, headers)
