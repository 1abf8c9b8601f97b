"""`export wacz`: the recording of `export warc`, with an index and a list of pages, to be replayed (WACZ 1.1.1).

One pass, nothing spooled: what the index says of a record is noted while the record is written, in a database that
SQLite keeps in a file of its own once it grows. Neither `wacz` nor `cdxj-indexer` makes it: both read a WARC that lies
on the disk, hold its pages in memory and bring surt, which is under the AGPL. The tests let them judge it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import posixpath
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from archiver.exports import warc
from archiver.exports.book import Book, Books, Chapter
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import counted, marks, moment, provenance, say
from archiver.exports.warc import Record
from archiver.exports.writing import MARK
from archiver.machine.version import __version__
from archiver.text import document, document_line, line

_WARC = "data.warc.gz"
_INDEXED = frozenset({"response", "resource"})
_PORTS = {"http": 80, "https": 443}
_NOTES = """
CREATE TABLE lines (line TEXT NOT NULL);
CREATE TABLE pages (capture_id INTEGER PRIMARY KEY, kind TEXT, page TEXT, url TEXT, ts TEXT, is_listed INTEGER);
CREATE TABLE parts (line TEXT NOT NULL);
"""


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """Its files. Each must be written before the next is asked for: what comes later tells what came before."""
    with closing(_Notes()) as notes:
        package = _Package(books, options.lang)
        yield package.file(f"archive/{_WARC}", _recorded(books, notes), is_packed=False, is_large=True)
        yield package.file("indexes/index.cdx", _lines(notes), is_large=True)
        yield package.file("pages/pages.jsonl", _parts(package, notes), is_large=True)
        yield package.file("pages/extraPages.jsonl", _extra(books, notes, options.lang), is_large=True)
        described = document(package.described()).encode()
        yield ExportFile("datapackage.json", [described])
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(described).hexdigest()}"}
        yield ExportFile("datapackage-digest.json", [document(digest).encode()])


class _Notes:
    """What is noted of records and pages while they are written, in a database of SQLite's own temporary file.

    Raises OSError where that has no room: nothing is wrong with the archive.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("")
        self._connection.executescript(_NOTES)

    def put(self, sql: str, *values: object) -> None:
        """Note it."""
        for _ in self.rows(sql, *values):
            raise AssertionError("a note gives no rows")

    def rows(self, sql: str, *values: object) -> Iterator[Any]:
        """What was noted."""
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"in the temporary folder: {error}") from error

    def close(self) -> None:
        """Forget all of it."""
        self._connection.close()


# ─── records and their index ────────────────────────────────────────────────────────────────────


def _recorded(books: Books, notes: _Notes) -> Iterator[bytes]:
    """The bytes of the recording; what is said of each record is noted on the way."""
    offset = 0
    for record in warc.records(books):
        yield record.packed
        if record.kind in _INDEXED:
            notes.put("INSERT INTO lines VALUES (?)", _line(record, offset))
            _note(record, notes)
        offset += len(record.packed)


def _note(record: Record, notes: _Notes) -> None:
    """Where a page that is had from a capture is found."""
    answer = record.answer
    if answer is not None and answer.capture_id is not None and answer.kind in {"article", "series", "index"}:
        row = (answer.capture_id, answer.kind, answer.page_url, record.uri, record.date)
        notes.put("INSERT OR IGNORE INTO pages VALUES (?, ?, ?, ?, ?, 0)", *row)


def _line(record: Record, offset: int) -> str:
    """What CDXJ says of a record; all values are texts, as other tools write them.

    Metadata has the address of its page and would be shown in the place of it, and a revisit brings no bytes: without
    them a reader takes what was received nearest in time, which is what the host said is still so.
    """
    told = {
        "url": record.uri, "mime": re.split(r"[;\s]", record.media_type.strip(), maxsplit=1)[0],
        "status": str(record.status) if record.status is not None else None, "digest": record.digest,
        "length": str(len(record.packed)), "offset": str(offset), "filename": _WARC,
    }  # fmt: skip
    at = re.sub(r"[^0-9]", "", record.date)[:14]
    return f"{surt(record.uri)} {at} {json.dumps({name: value for name, value in told.items() if value})}\n"


def _lines(notes: _Notes) -> Iterator[bytes]:
    """The index, in the order of its bytes."""
    for (found,) in notes.rows("SELECT line FROM lines ORDER BY line"):
        yield found.encode()


def surt(url: str) -> str:
    """The key under which indexes sort an address: `tw,com,ithome,ithelp)/articles/10319216`.

    As the canonicaliser of the Internet Archive writes it, but for session numbers, which it leaves out.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    if parts.scheme not in _PORTS or not host:
        return url
    path = posixpath.normpath(f"/{_spelled(parts.path).lower().lstrip('/')}")
    query = "&".join(sorted(_spelled(parts.query).lower().split("&"), key=lambda one: one.split("=", 1)))
    names = ",".join(reversed(re.sub(r"^www[0-9]*\.", "", host).split(".")))
    at = f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
    return f"{names}{at}){path}{f'?{query}' if query else ''}"


def _spelled(text: str) -> str:
    """Each octet as itself, and with `%` only where it may not stand there."""
    octets = text.encode("utf-8", "replace")
    while (fewer := unquote_to_bytes(octets)) != octets:
        octets = fewer
    return "".join(chr(one) if 0x20 < one < 0x7F and one not in b"#%" else f"%{one:02X}" for one in octets)


# ─── pages ──────────────────────────────────────────────────────────────────────────────────────


def _parts(package: _Package, notes: _Notes) -> Iterator[bytes]:
    """A line each part that can be replayed, in order, with its text; those that cannot are noted in the package."""
    yield _head("pages")
    for book in package.books.books:
        for chapter in book.chapters():
            entry, capture = chapter.entry, chapter.capture
            said = marks(chapter, package.lang)
            number = capture.id if capture is not None else None
            found = next(notes.rows("SELECT url, ts FROM pages WHERE capture_id = ?", number), None)
            if found is None:
                package.missing.append({"url": entry.part.url, "title": entry.title, "marks": said})
                continue
            package.first = package.first or found
            told: dict[str, Any] = {
                "text": _text(chapter),
                "marks": said,
                "provenance": dict(provenance(chapter, package.lang, moment)),
            }
            page = _page(f"{book.key}/{entry.slug}", *found, title=entry.title, **told)
            notes.put("UPDATE pages SET is_listed = 1 WHERE capture_id = ?", number)
            notes.put("INSERT INTO parts VALUES (?)", page)
            yield page.encode()


def _text(chapter: Chapter) -> str:
    return chapter.body.text if chapter.body is not None else ""


def _extra(books: Books, notes: _Notes, lang: str) -> Iterator[bytes]:
    """What else there is to look at: other versions of the parts, the lists of the series and the indexes.

    The parts come after them once more: where there is such a file, ReplayWeb.page searches in no other.
    """
    yield _head("extraPages")
    named = {book.series.url: book for book in books.books if book.series is not None}
    asked = "SELECT capture_id, kind, page, url, ts FROM pages WHERE NOT is_listed ORDER BY kind, page, ts, capture_id"
    for capture_id, kind, page, url, ts in notes.rows(asked):
        yield _page(f"capture/{capture_id}", url, ts, title=_title(books, named, kind, page, lang)).encode()
    for (page,) in notes.rows("SELECT line FROM parts ORDER BY rowid"):
        yield page.replace('{"id": "', '{"id": "again/', 1).encode()


def _title(books: Books, named: dict[str, Book], kind: str, page: str, lang: str) -> str | None:
    if kind == "article":
        found = books.entry(page)
        return found[1].title if found else None
    book = named.get(page.partition("?")[0]) if kind == "series" else None
    return f"{book.title} ({say(lang, 'contents')})" if book else None


def _head(name: str) -> bytes:
    told = {"format": "json-pages-1.0", "id": name, "title": name, "hasText": True}
    return f"{document_line(told)}\n".encode()


def _page(number: str, url: str, ts: str, **told: Any) -> str:
    page = {"id": number, "url": url, "ts": ts, **{name: value for name, value in told.items() if value}}
    return f"{document_line(page)}\n"


# ─── the package ────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Package:
    """What the data package says of the files, gathered while they are written."""

    books: Books
    lang: str
    files: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    first: tuple[str, str] | None = None  # address and time of the first page

    def file(self, name: str, pieces: Iterable[bytes], *, is_packed: bool = True, is_large: bool) -> ExportFile:
        """A file of it, whose length and digest are noted when it was written."""
        return ExportFile(name, self._counted(name, pieces), is_packed, is_large)

    def _counted(self, path: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            yield piece
        name = path.rpartition("/")[2].lower()
        self.files.append({"name": name, "path": path, "hash": f"sha256:{digest.hexdigest()}", "bytes": size})

    def described(self) -> dict[str, Any]:
        """What stands in datapackage.json; `missing` is ours: parts that are known and cannot be replayed."""
        books = self.books.books
        told = [f"{book.title}: {counted(book, self.lang)}" for book in books]
        if self.books.is_demonstration:
            told.insert(0, say(self.lang, "is_demonstration"))
        url, ts = self.first or (None, None)
        return {
            "profile": "data-package", "wacz_version": "1.1.1", "software": f"{MARK.decode()} {__version__}",
            "title": line(" · ".join(book.title for book in books), 300), "description": line(" ".join(told), 8_000),
            "created": moment(self.books.seen_until), **({"mainPageUrl": url, "mainPageDate": ts} if url else {}),
            "missing": self.missing, "resources": self.files,
        }  # fmt: skip
