"""Common Crawl's own words: its crawls, the index of each, and one record of a WARC file. Pure.

Both hosts are documented for programs at commoncrawl.org (Get Started, URL index); records are WARC/1.0, each a gzip
member of its own, read by warcio.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from archiver import urls
from archiver.copies import Copy
from archiver.model import Address, Answer, CaptureSource, Outcome
from archiver.rescue.spelling import names
from archiver.rescue.wayback import NotAnIndex, moment
from archiver.text import line

INDEX = "https://index.commoncrawl.org"
DATA = "https://data.commoncrawl.org"
CRAWLS = f"{INDEX}/collinfo.json"
_FILE = re.compile(r"crawl-data/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+\.warc\.gz")


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl: its name, the address of its index, and when it began and ended."""

    id: str
    index: str
    began: datetime
    ended: datetime


def read_crawls(body: bytes) -> tuple[Crawl, ...]:
    """The crawls that there are. Raises NotAnIndex."""
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAnIndex("the list of crawls is not JSON") from error
    if not isinstance(listed, list):
        raise NotAnIndex("the list of crawls is no list")
    found = (_crawl(entry) for entry in listed if isinstance(entry, dict))
    return tuple(crawl for crawl in found if crawl is not None)


def _crawl(entry: dict[str, Any]) -> Crawl | None:
    """A crawl whose index lies where indexes lie; the list cannot send us anywhere else."""
    identity, index = str(entry.get("id", "")), str(entry.get("cdx-api", ""))
    week = re.fullmatch(r"CC-MAIN-([0-9]{4})-([0-9]{2})", identity)
    if week is None or urls.origin(index) != INDEX or "?" in index:
        return None
    try:
        began = datetime.fromisocalendar(int(week[1]), int(week[2]), 1).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Crawl(identity, index, _date(entry.get("from")) or began, _date(entry.get("to")) or began)


def _date(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def nearest(crawls: Iterable[Crawl], published_about: datetime | None, most: int) -> list[Crawl]:
    """The crawls to ask, nearest to publication first; a crawl that ended before cannot hold the page."""
    if published_about is None:
        return sorted(crawls, key=lambda crawl: crawl.began, reverse=True)[:most]
    later = [crawl for crawl in crawls if crawl.ended >= published_about]
    return sorted(later, key=lambda crawl: crawl.began)[:most]


def index_url(crawl: Crawl, page: Address) -> str:
    """The question for the captures with status 200 of a page in one crawl."""
    return f"{crawl.index}?{urlencode([('url', page.url), ('output', 'json'), ('filter', '=status:200')])}"


def read_index(page: Address, body: bytes) -> tuple[Copy, ...]:
    """The copies of a page that an index names, one JSON object a line. Raises NotAnIndex."""
    copies = []
    for text in body.decode("utf-8", "replace").splitlines():
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotAnIndex("the index answers with something that is not JSON, or is cut") from error
        copy = _copy(row, page) if isinstance(row, dict) else None
        copies += [copy] if copy is not None else []
    return tuple(copies)


def _copy(row: dict[str, Any], page: Address) -> Copy | None:
    at, original, file = moment(row.get("timestamp")), str(row.get("url", "")), str(row.get("filename", ""))
    first, length = str(row.get("offset", "")), str(row.get("length", ""))
    usable = first.isdecimal() and length.isdecimal() and int(length) > 0 and _FILE.fullmatch(file) and ".." not in file
    if at is None or not usable or not names(original, page):
        return None
    status = str(row.get("status", ""))
    return Copy(
        CaptureSource.COMMON_CRAWL, f"{DATA}/{file}", at, original, digest=str(row.get("digest", "")) or None,
        media_type=str(row.get("mime", "")) or None, http_status=int(status) if status.isdecimal() else None,
        byte_range=(int(first), int(first) + int(length) - 1),
    )  # fmt: skip


# ─── one record ─────────────────────────────────────────────────────────────────────────────────


def unpack(page: Address, answer: Answer, copy: Copy, most_bytes: int) -> Answer:
    """The archived answer inside a record, as if the site had given it; or why there is none, as a failure."""
    if answer.failure is not None or answer.status is None or answer.status >= 300:
        return answer
    if answer.status != 206:
        return _failed(
            answer, Outcome.PROTOCOL_ERROR, f"HTTP {answer.status} in place of the bytes that were asked for"
        )
    if not _is_the_range(answer, copy):
        return _failed(answer, Outcome.PROTOCOL_ERROR, "other bytes of the file than were asked for")
    plain, problem = _gunzip(answer.body or b"", most_bytes)
    if problem is not None:
        return _failed(answer, *problem)
    return _read_record(page, answer, plain, most_bytes)


def _is_the_range(answer: Answer, copy: Copy) -> bool:
    """Whether Content-Range, where it is said, begins where we asked (RFC 9110 §14.4)."""
    said = re.match(r"bytes ([0-9]+)-", answer.header("content-range") or "")
    return said is None or copy.byte_range is None or int(said[1]) == copy.byte_range[0]


def _gunzip(body: bytes, most_bytes: int) -> tuple[bytes, tuple[Outcome, str] | None]:
    """One gzip member, whole and within bounds. warcio takes a cut one for the end of the file, so it is looked at
    here.
    """
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(body, most_bytes + 65_536)
    except zlib.error:
        return b"", (Outcome.PROTOCOL_ERROR, "the record is not gzip, or is damaged")
    if inflater.unconsumed_tail:
        return b"", (Outcome.TOO_LARGE, "the record is over network.max_body_bytes")
    if not inflater.eof:
        return b"", (Outcome.TRUNCATED, "the record ends in the middle")
    return plain, None


def _read_record(page: Address, answer: Answer, plain: bytes, most_bytes: int) -> Answer:
    try:
        for record in ArchiveIterator(BytesIO(plain), check_digests="raise"):
            return _from_record(page, answer, record, most_bytes)
    except (ArchiveLoadFailed, ValueError, AttributeError, EOFError, OSError) as error:
        return _failed(answer, Outcome.PROTOCOL_ERROR, f"the record cannot be read ({line(str(error), 120)})")
    return _failed(answer, Outcome.TRUNCATED, "no record in what came")


def _from_record(page: Address, answer: Answer, record: ArcWarcRecord, most_bytes: int) -> Answer:
    target = record.rec_headers.get_header("WARC-Target-URI") or ""
    if record.rec_type != "response" or record.http_headers is None:
        return _failed(
            answer, Outcome.WRONG_PAGE, f"a record of the type {line(str(record.rec_type), 20)}, no response"
        )
    if not names(target, page):
        return _failed(answer, Outcome.WRONG_PAGE, f"the record of another page, {line(target, 200)}")
    cut = record.rec_headers.get_header("WARC-Truncated")
    if cut:
        return _failed(answer, Outcome.TRUNCATED, f"the crawler cut it ({line(cut, 40)})")
    body = _body(record, most_bytes)
    if len(body) > most_bytes:
        return _failed(answer, Outcome.TOO_LARGE, "the page is over network.max_body_bytes")
    announced = record.http_headers.get_header("Content-Length")
    encoded = record.http_headers.get_header("Content-Encoding")
    if announced and announced.isdecimal() and not encoded and int(announced) > len(body):
        return _failed(answer, Outcome.TRUNCATED, f"{len(body)} of {announced} bytes of the page")
    status = record.http_headers.get_statuscode()
    headers = tuple((name.lower(), line(value, 8_000)) for name, value in record.http_headers.headers)
    return replace(answer, status=int(status) if status.isdecimal() else None, headers=headers, body=body)


def _body(record: ArcWarcRecord, most_bytes: int) -> bytes:
    """The payload without its encodings; one byte too many says that it is over the cap."""
    stream, body = record.content_stream(), bytearray()
    while len(body) <= most_bytes and (piece := stream.read(min(65_536, most_bytes + 1 - len(body)))):
        body += piece
    return bytes(body)


def _failed(answer: Answer, outcome: Outcome, why: str) -> Answer:
    return replace(answer, body=None, failure=outcome, error=why)
