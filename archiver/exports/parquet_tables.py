"""`export parquet`: a folder of tables and a Data Package that says in the schema's own words what each column holds.

Rows are read part by part and written in groups, so that memory does not grow with the number of parts.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from archiver.archive.schema import descriptions
from archiver.archive.times import moment as moment_of
from archiver.exports.book import Books
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import moment
from archiver.exports.writing import MARK
from archiver.machine.version import __version__
from archiver.text import document

_GROUP = 1_000  # rows of a group
_GROUP_WITH_BODIES = 50  # where each may have a long text


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: of which columns of the archive, and how those of one part are found."""

    name: str
    columns: tuple[tuple[str, str], ...]  # table or view, and column
    sql: str  # what follows the columns; one parameter, the article's number
    key: tuple[str, ...]


def _columns(**named: str) -> tuple[tuple[str, str], ...]:
    return tuple((table, column) for table, columns in named.items() for column in columns.split())


_ARTICLES = _Table(
    "articles",
    _columns(
        articles="id title series_id position title_day author_id published_at url group contest_year team views likes"
        " comments_count previous_id next_id content_sha256 body_sha256 html_sha256 capture_id parser is_citation"
    ),
    "FROM articles WHERE id = ?", ("id",),
)  # fmt: skip
_PARTS = _Table(
    "parts",
    _columns(
        page_status="id series_id position title state safe rescued missing state_since last_ok_at last_fetch_at"
        " last_outcome edits collapsed source_id said_by url"
    ),
    "FROM page_status WHERE id = ?", ("id",),
)  # fmt: skip
_COMMENTS = _Table(
    "comments",
    _columns(
        comments="id article_id site_id identity position reply_to author_id author_name level published_at likes"
        " content_sha256 first_seen_at last_seen_at deleted_at"
    ),
    "FROM comments WHERE article_id = ? ORDER BY position, id", ("id",),
)  # fmt: skip
_LINKS = _Table(
    "links", _columns(links="article_id position url text target_kind target_article_id target_url"),
    "FROM links WHERE article_id = ? ORDER BY position", ("article_id", "position"),
)  # fmt: skip
_CAPTURES = _Table(
    "captures",
    _columns(
        pages="article_id",
        captures="id sha256 fingerprint captured_at final_url http_status body_bytes outcome source source_url"
        " source_at",
    ),
    "FROM captures JOIN pages ON pages.id = page_id WHERE pages.article_id = ? AND kind = 'article'"
    " ORDER BY captures.id", ("id",),
)  # fmt: skip
_IMAGES = _Table(
    "images",
    _columns(
        article_images="article_id position alt", images="url host capture_id media_type width height bytes",
        captures="sha256",
    ),
    "FROM article_images JOIN images ON images.id = image_id LEFT JOIN captures ON captures.id = images.capture_id"
    " WHERE article_id = ? ORDER BY article_images.position", ("article_id", "position"),
)  # fmt: skip

_BODY = {"articles": ("articles", "body_text"), "comments": ("comments", "body_text")}
_NUMBERS = frozenset(
    "id series_id position title_day author_id contest_year views likes comments_count previous_id next_id capture_id"
    " is_citation safe rescued missing edits collapsed source_id article_id site_id reply_to target_article_id"
    " http_status body_bytes width height bytes".split()
)
_TYPES = {"integer": pa.int64(), "datetime": pa.timestamp("ms", tz="UTC"), "string": pa.string()}


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """Each table, and what describes them."""
    written: list[_Written] = []
    for table in (_ARTICLES, _PARTS, _COMMENTS, _LINKS, _CAPTURES, _IMAGES):
        if table is _COMMENTS and not options.comments:
            continue
        columns = [*table.columns, *([_BODY[table.name]] if options.with_bodies and table.name in _BODY else [])]
        file = _Written(table, tuple(columns))
        written.append(file)
        yield ExportFile(f"{table.name}.parquet", _pieces(books, file), is_packed=False)
    yield ExportFile("datapackage.json", _package(books, written))


@dataclass(slots=True)
class _Written:
    """A table as it is written: with which columns, and what came of it."""

    table: _Table
    columns: tuple[tuple[str, str], ...]
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


def _type(column: str) -> str:
    if column in _NUMBERS:
        return "integer"
    return "datetime" if column.endswith("_at") or column == "state_since" else "string"


class _Pipe(io.RawIOBase):
    """What is written here is taken out again, so that a file is never held whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since this was asked last."""
        piece, self._pieces = b"".join(self._pieces), []
        return piece


def _pieces(books: Books, file: _Written) -> Iterator[bytes]:
    for piece in _written(books, file):
        file.size += len(piece)
        file.digest.update(piece)
        yield piece


def _written(books: Books, file: _Written) -> Iterator[bytes]:
    names = [column for _, column in file.columns]
    shape = pa.schema([pa.field(name, _TYPES[_type(name)]) for name in names])
    rows, group = _rows(books, file), _GROUP_WITH_BODIES if "body_text" in names else _GROUP
    pipe = _Pipe()
    with parquet.ParquetWriter(pipe, shape, compression="zstd") as writer:
        while some := list(itertools.islice(rows, group)):
            columns = [
                pa.array(column, field.type) for column, field in zip(zip(*some, strict=True), shape, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=shape))
            yield pipe.taken()
    yield pipe.taken()


def _rows(books: Books, file: _Written) -> Iterator[tuple[Any, ...]]:
    told = ", ".join(f'{table}."{column}"' for table, column in file.columns)
    moments = [_type(column) == "datetime" for _, column in file.columns]
    for book in books.books:
        for entry in book.entries:
            for row in books.connection.execute(f"SELECT {told} {file.table.sql}", [entry.part.id]):
                yield tuple(
                    moment_of(value) if is_moment else value for value, is_moment in zip(row, moments, strict=True)
                )


def _package(books: Books, written: list[_Written]) -> Iterator[bytes]:
    """Asked for when all tables are written."""
    said = descriptions()
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": books.books[0].key if len(books.books) == 1 else "archive",
        "title": "; ".join(book.title for book in books.books),
        "description": f"{MARK.decode()} {__version__}",
        "created": moment(books.seen_until),
        "resources": [_resource(file, said) for file in written],
    }
    yield f"{document(package)}\n".encode()


def _resource(file: _Written, said: dict[str, dict[str, str]]) -> dict[str, Any]:
    source = {"parts": "page_status"}.get(file.table.name, file.table.name)
    return {
        "name": file.table.name, "path": f"{file.table.name}.parquet", "format": "parquet",
        "mediatype": "application/vnd.apache.parquet", "description": said[source][""],
        "bytes": file.size, "hash": f"sha256:{file.digest.hexdigest()}",
        "schema": {
            "fields": [
                {"name": column, "type": _type(column), "description": said[table][column]}
                for table, column in file.columns
            ],
            "primaryKey": list(file.table.key),
        },
    }  # fmt: skip
