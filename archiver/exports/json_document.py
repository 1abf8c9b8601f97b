"""`export json`: one document with all that is held of the texts, written part by part (`archive.schema.json`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from archiver.archive import details
from archiver.archive.details import Details
from archiver.archive.kept import KeptArticle, KeptCapture, KeptImage, KeptSeries
from archiver.exports.book import Book, Books, Chapter
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import marks, moment
from archiver.exports.writing import MARK, sealed
from archiver.machine.version import __version__
from archiver.model.readings import Body
from archiver.text import document_line

SCHEMA = "urn:archiver:archive:1"
"""The `$id` of the schema that every document is valid by. Another number: a key means something else, or is gone."""


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The document, its parts read one at a time."""
    yield ExportFile("archive.json", sealed(_pieces(books, options)))


def _pieces(books: Books, options: ExportOptions) -> Iterator[bytes]:
    """All but its seal and its end."""
    head = {
        "$schema": SCHEMA, "generator": f"{MARK.decode()} {__version__}", "language": "zh-Hant-TW",
        "seen_until": moment(books.seen_until), "is_demonstration": books.is_demonstration,
    }  # fmt: skip
    yield f'{document_line(head)[:-1]},\n"series": ['.encode()
    for number, book in enumerate(books.books):
        yield f'{"," if number else ""}\n{document_line(_book(book))[:-1]},\n"parts": ['.encode()
        for place, chapter in enumerate(book.chapters()):
            yield f"{',' if place else ''}\n{document_line(_part(books, chapter, options))}".encode()
        yield b"]}"
    yield b"\n]"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


def _book(book: Book) -> dict[str, Any]:
    return {
        "key": book.key, "title": book.title, "author": book.author, "url": book.url,
        "series": _series(book.series) if book.series is not None else None,
    }  # fmt: skip


def _series(series: KeptSeries) -> dict[str, Any]:
    return dataclasses.asdict(series)


def _part(books: Books, chapter: Chapter, options: ExportOptions) -> dict[str, Any]:
    entry, article = chapter.entry, chapter.article
    part, capture = entry.part, chapter.capture
    found = details.of_part(books.connection, part.id)
    return {
        "number": entry.number, "id": part.id, "position": part.position, "title": part.title,
        "heading": entry.heading, "url": part.url, "said_by": part.said_by,
        "state": part.state, "state_since": part.state_since, "last_ok_at": part.last_ok_at,
        "last_fetch_at": part.last_fetch_at, "last_outcome": part.last_outcome,
        "is_gone": entry.is_gone, "is_missing": part.missing, "is_rescued": part.rescued,
        "is_of_feed": capture is not None and capture.source == "feed",
        "is_unreadable": chapter.is_unreadable, "is_collapsed": part.collapsed,
        "marks": marks(chapter, options.lang),
        "edits": [_without(one._asdict(), "id", "article_id") for one in found.edits],
        "events": [_without(one._asdict(), "id", "article_id") for one in found.events],
        "article": _article(books, chapter, article, found, options) if article is not None else None,
    }  # fmt: skip


_FLAGS = frozenset({"title_changed", "body_changed", "tags_changed", "cosmetic", "collapsed"})


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: bool(value) if name in _FLAGS else value for name, value in row.items() if name not in names}


def _article(
    books: Books, chapter: Chapter, article: KeptArticle, found: Details, options: ExportOptions
) -> dict[str, Any]:  # fmt: skip
    assert found.article is not None
    last_full = chapter.last_full
    return {
        "title": article.title, "series_id": article.series_id, "author": article.author,
        "author_id": article.author_id, "published_at": _iso(article.published_at), **found.article._asdict(),
        "tags": list(article.tags), "is_citation": article.is_citation, "parser": article.parser,
        "content_sha256": article.content_sha256, "capture_id": article.capture_id,
        "text": article.text, "html": _html(chapter, chapter.body, article.capture_id),
        "code": [dataclasses.asdict(one) for one in article.code_blocks],
        "images": list(_images(books, chapter, article)),
        "links": [one._asdict() for one in found.links],
        "comments": list(_comments(article, found)) if options.comments else None,
        "last_full": {"capture_id": article.full_capture_id, "text": last_full.text,
                      "html": _html(chapter, last_full, article.full_capture_id)}
        if last_full is not None else None,
        "captures": [_capture(one) for one in article.captures],
    }  # fmt: skip


def _html(chapter: Chapter, body: Body | None, capture_id: int | None) -> str | None:
    """As it was read from the capture; nothing is made up where that cannot be read."""
    return body.html if body is not None and capture_id not in chapter.unread else None


def _images(books: Books, chapter: Chapter, article: KeptArticle) -> Iterator[dict[str, Any]]:
    """Those of the body in its order, then those that only comments and the last full text show."""
    own = {one.url for one in article.images}
    others = (chapter.images[url] for url in sorted(chapter.images.keys() - own))
    for image in (*article.images, *others):
        yield _image(books, image)


def _image(books: Books, image: KeptImage) -> dict[str, Any]:
    return {
        **dataclasses.asdict(image), "is_held": image.capture_id is not None,
        "sha256": details.sha256_of(books.connection, image.capture_id),
    }  # fmt: skip


def _comments(article: KeptArticle, found: Details) -> Iterator[dict[str, Any]]:
    """Each by its number here: that of its row only says in which order rows were made."""
    numbers = {one.id: number for number, one in enumerate(article.comments, 1)}
    for one in article.comments:
        yield {
            "number": numbers[one.id], "reply_to": numbers.get(one.reply_to) if one.reply_to is not None else None,
            "author": one.author, "published_at": _iso(one.published_at), "text": one.text, "html": one.html,
            "likes": one.likes, "first_seen_at": _iso(one.first_seen_at), "deleted_at": _iso(one.deleted_at),
            "versions": [_without(row._asdict(), "comment_id") for row in found.versions if row.comment_id == one.id],
        }  # fmt: skip


def _capture(capture: KeptCapture) -> dict[str, Any]:
    return {
        **dataclasses.asdict(capture),
        "captured_at": _iso(capture.captured_at), "source_at": _iso(capture.source_at),
    }  # fmt: skip
