"""`export warc`: what came over the wire as WARC 1.1 (ISO 28500:2017), one gzip member a record.

In the order in which it came; the date of a copy that somebody else made is when they made it. A header that no longer
fits the bytes, since they are kept after decoding, goes under another name; what is not known (the request, the body of
a redirect, the words of a status line) is not there, and a metadata record says so.

A copy had from somebody else is a `resource` record: what was had over a network, its protocol information discarded
(§6.4). No `conversion` (§6.8): nobody made it out of another record, its bytes are those that were had.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.archive.received import Received, answers
from archiver.exports.book import Book, Books
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import moment
from archiver.exports.writing import MARK
from archiver.machine.version import __version__
from archiver.text import line

_NO_LONGER_TRUE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_PREFIX = "X-Archive-Orig-"  # as other archives call what no longer fits
_NO_TOKEN = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")  # RFC 9110 §5.6.2
_NO_ASCII = re.compile(r"[^\x00-\x7f]")
_NO_URI = re.compile("[^!-~]")
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_DECODED = (
    "The body is as it was after transfer and content decoding; headers that spoke of its framing have the prefix "
)
_NO_BODY = "Of this redirect only the headers given were kept; its body was not."
_SAME = "The page was asked again, and what it says was what is held; the bytes of this answer were not kept."
_COPY = "A copy that somebody else made; status and headers, where given, are those that came with it."
_LOST = "The bytes that came are not held, or are no longer those that came."


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is written, and what an index of it says."""

    packed: bytes = field(repr=False)  # a gzip member
    kind: str  # WARC-Type
    uri: str  # WARC-Target-URI; empty for a warcinfo
    date: str  # WARC-Date
    media_type: str  # of what the record holds of the page; empty where nobody says
    status: int | None  # of HTTP
    digest: str | None  # WARC-Payload-Digest
    answer: Received | None  # what it is the record of; None where it is only said of one


def make(books: Books, _: ExportOptions) -> Iterator[ExportFile]:
    """The recording, its records made one at a time."""
    yield ExportFile("data.warc.gz", (one.packed for one in records(books)), is_packed=False)


def records(books: Books) -> Iterator[Record]:
    """Each record as a gzip member of its own: first a warcinfo, then every answer with what is to be said of it."""
    software = f"software: {MARK.decode()} {__version__}\r\nformat: WARC File Format 1.1\r\n"
    if books.is_demonstration:
        software += "description: a demonstration, all of it invented\r\n"
    yield _record(
        "warcinfo",
        "",
        moment(books.seen_until),
        f"warcinfo {books.books[0].url} {books.seen_until}",
        software.encode(),
        "application/warc-fields",
    )
    articles = {entry.part.id for book in books.books for entry in book.entries}
    series = {book.series.id for book in books.books if book.series is not None}
    for answer in answers(books.connection, articles, series):
        yield from of_answer(answer, books.books[0])


def of_answer(answer: Received, book: Book) -> Iterator[Record]:
    """The record of an answer, where its bytes are held or need none, and what is to be said of it."""
    if answer.capture_id is None:
        yield from _response(answer, json.loads(answer.fetch_headers).items(), b"", _NO_BODY)
    elif not answer.is_first:
        yield from _again(answer)
    else:
        body = book.received(answer.capture_id)
        fields = json.loads(answer.capture_headers or "[]")
        if body is None:
            yield _metadata(answer, _LOST, is_beside=False)
        elif answer.source == "live" and answer.http_status is not None:
            yield from _response(answer, fields, body, _DECODED + _PREFIX)
        else:
            yield from _copy(answer, fields, body)


def _response(answer: Received, fields: Iterable[Sequence[str]], body: bytes, note: str) -> Iterator[Record]:
    named = _fields(fields)
    http = StatusAndHeaders(f"{answer.http_status} ", [*named, ("Content-Length", str(len(body)))], "HTTP/1.1")
    yield _record("response", answer.requested_url, answer.started_at, _key(answer), body, http=http, answer=answer)
    yield _metadata(answer, note)


def _fields(told: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Header fields, each on one line whatever it holds."""
    named = ((_named(name), _ascii(line(str(value), 8_000))) for name, value in told)
    return [(name, value) for name, value in named if name]


def _named(name: str) -> str:
    clean = _escaped(_NO_TOKEN, line(name, 200))
    return f"{_PREFIX}{clean}" if clean.lower() in _NO_LONGER_TRUE else clean


def _ascii(value: str) -> str:
    """A value as warcio writes it, of ASCII alone: it leaves signs that stand beside parameters, and then fails."""
    if value.isascii():
        return value
    told = StatusAndHeaders("", [("-", value)])
    told.percent_encode_non_ascii_headers()
    ((_, found),) = told.headers
    return str(found) if found.isascii() else _escaped(_NO_ASCII, value)


def _again(answer: Received) -> Iterator[Record]:
    if answer.source == "live" and answer.http_status == 304:
        fields = _fields(json.loads(answer.fetch_headers).items())
        told = {
            "WARC-Profile": _NOT_MODIFIED, "WARC-Refers-To-Target-URI": uri(answer.capture_url or answer.page_url),
            "WARC-Refers-To-Date": answer.captured_at or answer.started_at,
        }  # fmt: skip
        http = StatusAndHeaders("304 ", fields, "HTTP/1.1")
        yield _record(
            "revisit", answer.requested_url, answer.started_at, _key(answer), b"", http=http, told=told, answer=answer
        )
    else:
        yield _metadata(answer, _SAME, is_beside=False)


def _copy(answer: Received, fields: list[list[str]], body: bytes) -> Iterator[Record]:
    told = (line(str(value), 200) for name, value in fields if name.lower() == "content-type")
    media = _with_charset(next(told, "") or "application/octet-stream", body)
    at = answer.source_at or answer.started_at
    yield _record("resource", answer.page_url, at, _key(answer), body, media, answer=answer)
    yield _metadata(answer, _COPY, json.dumps(fields, ensure_ascii=False))


def _with_charset(media: str, body: bytes) -> str:
    """The type of bytes of which nobody named the charset, as of a saved page: replayers take those for Latin-1."""
    if not media.lower().startswith("text/") or "charset=" in media.lower():
        return media
    try:
        body.decode()
    except UnicodeDecodeError:
        return media
    kind, _, others = media.partition(";")
    return f"{kind}; charset=utf-8{';' * bool(others)}{others}"


def _metadata(answer: Received, note: str, headers: str | None = None, *, is_beside: bool = True) -> Record:
    """What is to be said of an answer. `is_beside`: a record of the answer itself stands before it."""
    told = {
        "note": note, "page": answer.page_url, "outcome": answer.outcome, "asked-at": answer.started_at,
        "http-status": answer.http_status, "had-from": answer.source, "copy-address": answer.source_url,
        "copied-at": answer.source_at, "sha256": answer.sha256, "headers": headers,
    }  # fmt: skip
    block = "".join(f"{name}: {line(str(value), 100_000)}\r\n" for name, value in told.items() if value is not None)
    about = {"WARC-Concurrent-To": _id(_key(answer))} if is_beside else {}
    key = f"said of {_key(answer)}"
    url = answer.requested_url if answer.source == "live" else answer.page_url
    return _record("metadata", url, answer.started_at, key, block.encode(), "application/warc-fields", told=about)


def _record(
    kind: str, url: str, at: str, key: str, block: bytes, media: str = "", *, http: StatusAndHeaders | None = None,
    told: dict[str, str] | None = None, answer: Received | None = None,
) -> Record:  # fmt: skip
    """One record as a gzip member; its id follows from what the archive says of it."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="WARC/1.1")
    named = {"WARC-Record-ID": _id(key), "WARC-Date": at, **(told or {})}
    record = writer.create_warc_record(
        uri(url), kind, payload=BytesIO(block), length=len(block), warc_content_type=media, warc_headers_dict=named,
        http_headers=http,
    )  # fmt: skip
    writer.write_record(record)
    return Record(
        out.getvalue(), kind, uri(url), at, (http.get_header("Content-Type") or "") if http else media,
        answer.http_status if answer and http else None, record.rec_headers.get_header("WARC-Payload-Digest"), answer,
    )  # fmt: skip


def uri(url: str) -> str:
    """An address on one line, of ASCII alone, as a header field must be."""
    return _escaped(_NO_URI, url)


def _escaped(astray: re.Pattern[str], text: str) -> str:
    return astray.sub(lambda one: "".join(f"%{byte:02X}" for byte in one[0].encode("utf-8", "replace")), text)


def _key(answer: Received) -> str:
    """What tells an answer apart from those of any other archive, too."""
    return f"fetch {answer.fetch_id} {answer.started_at} {answer.page_url}"


def _id(key: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'archiver {key}')}>"
