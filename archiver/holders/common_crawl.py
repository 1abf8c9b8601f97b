"""Common Crawl's own words: its crawls, the index of each, and one record of a WARC file. Pure.

Both hosts are documented for programs at commoncrawl.org (Get Started, URL index); each record is a gzip member.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from archiver import urls
from archiver.errors import UnusableFile
from archiver.formats import values, warc
from archiver.formats.found import Bounds, Found, Passed
from archiver.holders.listing import Listing, NotAnIndex, document
from archiver.holders.wayback import moment
from archiver.ithome import names
from archiver.model import Address, Answer, CaptureSource, Copy, Outcome
from archiver.text import line
from archiver.unpack import Gunzip, NotUnpacked, in_steps

INDEX = "https://index.commoncrawl.org"
DATA = "https://data.commoncrawl.org"
CRAWLS = f"{INDEX}/collinfo.json"
_LARGEST_FILE = 10**12  # bytes; a WARC file of theirs has a billion
_FILE = re.compile(r"crawl-data/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+\.warc\.gz")


@dataclass(frozen=True, slots=True)
class MonthlyCrawl:
    """One crawl: its name, the address of its index, and when it began and ended."""

    id: str
    index: str
    began: datetime
    ended: datetime


def read_crawls(body: bytes) -> tuple[MonthlyCrawl, ...]:
    """The crawls that there are. Raises NotAnIndex."""
    listed = document(body, "the list of crawls is")
    if not isinstance(listed, list):
        raise NotAnIndex("the list of crawls is no list")
    found = (_crawl(entry) for entry in listed if isinstance(entry, dict))
    return tuple(crawl for crawl in found if crawl is not None)


def _crawl(entry: dict[str, Any]) -> MonthlyCrawl | None:
    """A crawl whose index lies where indexes lie; the list cannot send us anywhere else."""
    identity, index = values.text(entry.get("id")) or "", values.text(entry.get("cdx-api")) or ""
    week = re.fullmatch(r"CC-MAIN-([0-9]{4})-([0-9]{2})", identity)
    if week is None or urls.origin(index) != INDEX or "?" in index:
        return None
    try:
        began = values.in_bounds(datetime.fromisocalendar(int(week[1]), int(week[2]), 1))
    except ValueError:
        return None
    if began is None:
        return None
    first, last = values.iso_date(entry.get("from")), values.iso_date(entry.get("to"))
    return MonthlyCrawl(identity, index, first or began, last or began)


def nearest(crawls: Iterable[MonthlyCrawl], published_about: datetime | None, most: int) -> list[MonthlyCrawl]:
    """The crawls to ask, nearest to publication first; a crawl that ended before cannot hold the page."""
    if published_about is None:
        return sorted(crawls, key=lambda crawl: crawl.began, reverse=True)[:most]
    later = [crawl for crawl in crawls if crawl.ended >= published_about]
    return sorted(later, key=lambda crawl: crawl.began)[:most]


def index_url(crawl: MonthlyCrawl, page: Address) -> str:
    """The question for the captures with status 200 of a page in one crawl."""
    return f"{crawl.index}?{urlencode([('url', page.url), ('output', 'json'), ('filter', '=status:200')])}"


def is_of(crawl: MonthlyCrawl, url: str) -> bool:
    """Whether a file lies in a crawl."""
    return f"/crawl-data/{crawl.id}/" in url


def read_index(page: Address, body: bytes) -> Listing:
    """The copies of a page that an index names, one JSON object a line. Raises NotAnIndex."""
    if not body.strip():  # it says 404 where it has none
        raise NotAnIndex("the index answers with nothing")
    if len(body) > values.MOST_BYTES:
        raise NotAnIndex(f"the index answers with more than {values.MOST_BYTES} bytes")
    copies: dict[Copy, None] = {}
    for written in BytesIO(body):
        row = document(written) if written.strip() else None
        copy = _copy(row, page) if isinstance(row, dict) else None
        if copy is not None and len(copies) < values.MOST_COPIES:
            copies[copy] = None
    return Listing(tuple(copies))


def _copy(row: dict[str, Any], page: Address) -> Copy | None:
    at, original, file = moment(row.get("timestamp")), values.text(row.get("url")), values.text(row.get("filename"))
    first, length = values.whole(row.get("offset"), _LARGEST_FILE), values.whole(row.get("length"), _LARGEST_FILE)
    if at is None or original is None or file is None or first is None or not length:
        return None
    if not _FILE.fullmatch(file) or ".." in file or not names(original, page):
        return None
    return Copy(
        CaptureSource.COMMON_CRAWL, f"{DATA}/{file}", at, original, digest=values.text(row.get("digest")) or None,
        media_type=values.text(row.get("mime")) or None, http_status=values.http_status(row.get("status")),
        byte_range=(first, first + length - 1),
    )  # fmt: skip


def says_none(answer: Answer) -> bool:
    """Whether a 404 is how the index says that a crawl has no capture: JSON with a message, as it documents."""
    try:
        said = values.document(answer.body or b"")
    except values.TooMuch:
        return False
    return isinstance(said, dict) and "message" in said


def count_lines(body: bytes) -> int:
    """How many captures an answer names, of whatever page."""
    return sum(bool(line.strip()) for line in BytesIO(body))


def unpack(page: Address, answer: Answer, copy: Copy, bounds: Bounds) -> Answer:
    """The archived answer inside a record, as if the site had given it; or why there is none, as a failure."""
    if answer.failure is not None or answer.status is None or answer.status >= 300:
        return answer
    if answer.status != 206:
        return _failed(
            answer, Outcome.PROTOCOL_ERROR, f"HTTP {answer.status} in place of the bytes that were asked for"
        )
    if not _is_the_range(answer, copy):
        return _failed(answer, Outcome.PROTOCOL_ERROR, "other bytes of the file than were asked for")
    passed: Passed = Counter()
    try:
        for found in warc.read(BytesIO(answer.body or b""), lambda url: names(url, page), bounds, passed):
            return _from_record(answer, copy, found)
    except UnusableFile as error:
        cut = _is_cut(answer.body or b"")
        why = "the record ends in the middle" if cut else f"the record cannot be read ({line(str(error), 200)})"
        return _failed(answer, Outcome.TRUNCATED if cut else Outcome.PROTOCOL_ERROR, why)
    return _failed(answer, Outcome.WRONG_PAGE, f"another record: {', '.join(passed) or 'no response'}")


def _is_the_range(answer: Answer, copy: Copy) -> bool:
    """Whether Content-Range, where it is said, begins where we asked (RFC 9110 §14.4)."""
    said = re.match(r"bytes ([0-9]+)-", answer.header("content-range") or "")
    return said is None or copy.byte_range is None or said[1].lstrip("0") == str(copy.byte_range[0]).lstrip("0")


def _is_cut(body: bytes) -> bool:
    """Whether gzip does not come to its end, as far as it is gzip at all."""
    try:
        for _ in Gunzip(in_steps(body)):
            pass
    except NotUnpacked as error:
        return error.is_cut
    return False


def _from_record(answer: Answer, copy: Copy, found: Found) -> Answer:
    if found.failure is not None:
        return _failed(answer, found.failure, found.error or found.failure.value)
    encoded = any(name == "content-encoding" for name, _ in found.headers)
    digest = base64.b32encode(hashlib.sha1(found.body or b"", usedforsecurity=False).digest()).decode("ascii")
    if copy.digest not in {None, digest} and len(copy.digest or "") == len(digest) and not encoded:
        return _failed(answer, Outcome.PROTOCOL_ERROR, "its bytes are not those that the index names (SHA-1 differs)")
    return replace(answer, status=found.status, headers=found.headers, body=found.body, packed=None)


def _failed(answer: Answer, outcome: Outcome, why: str) -> Answer:
    return replace(answer, body=None, failure=outcome, error=why)
