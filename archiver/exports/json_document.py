"""`export json`: one document with all that is held of the texts, written part by part."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from archiver.exports.book import Book, Books, Chapter
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import moment
from archiver.exports.writing import MARK
from archiver.machine.version import __version__


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The document, its parts read one at a time."""
    yield ExportFile("archive.json", _pieces(books, options))


def _pieces(books: Books, options: ExportOptions) -> Iterator[bytes]:
    head = {
        "generator": f"{MARK.decode()} {__version__}", "seen_until": moment(books.seen_until),
        "is_demonstration": books.is_demonstration,
    }  # fmt: skip
    yield f'{_text(head)[:-1]},\n"series": ['.encode()
    for number, book in enumerate(books.books):
        yield f'{"," if number else ""}\n{_text(_book(book))[:-1]},\n"parts": ['.encode()
        for place, chapter in enumerate(book.chapters()):
            yield f"{',' if place else ''}\n{_text(_part(chapter, options))}".encode()
        yield b"]}"
    yield b"\n]}\n"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    raise TypeError(f"no JSON for {type(value).__name__}")


def _book(book: Book) -> dict[str, Any]:
    return {"key": book.key, "title": book.title, "author": book.author, "url": book.url, "series": book.series}


def _part(chapter: Chapter, options: ExportOptions) -> dict[str, Any]:
    part, article = chapter.entry.part, chapter.article
    told: dict[str, Any] = {**part._asdict(), "number": chapter.entry.number, "heading": chapter.entry.heading}
    if article is None:
        return {**told, "article": None}
    return {
        **told, "article": article if options.comments else dataclasses.replace(article, comments=()),
        "body_html": chapter.body.html if chapter.body else None,
        "last_full_html": chapter.last_full.html if chapter.last_full else None,
    }  # fmt: skip
