"""What is kept of series and articles, as values that a program reads. Reads only.

What each field holds is described in docs/schema.md under the table of its class; moments are aware datetimes.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from archiver.archive.status import PartStatus
from archiver.archive.times import moment
from archiver.archive.values import values
from archiver.readings import CodeBlock


@dataclass(frozen=True, slots=True)
class KeptSeries:
    """A contest series that is kept, or was (`series`)."""

    id: int
    title: str | None
    url: str
    author: str | None
    author_id: int | None
    contest_year: int | None
    contest_edition: int | None
    group: str | None
    description: str | None
    declared_parts: int | None  # as many as the site says it has
    feed_url: str | None


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image that a body shows; its bytes are held where there is a capture."""

    url: str
    alt: str
    capture_id: int | None
    media_type: str | None  # by the signature of the bytes
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class KeptComment:
    """A comment, or a reply to one (`comments`)."""

    id: int
    reply_to: int | None
    author: str | None
    published_at: datetime | None
    text: str
    html: str  # sanitised
    likes: int | None
    first_seen_at: datetime
    deleted_at: datetime | None  # when its page was first seen without it


@dataclass(frozen=True, slots=True)
class KeptCapture:
    """A response as received (`captures`): whose copy, from where, of when, and the SHA-256 of its bytes."""

    id: int
    sha256: str
    bytes: int
    captured_at: datetime
    outcome: str
    http_status: int | None
    final_url: str | None
    source: str  # live: the host itself; else whose copy it is
    source_url: str | None
    source_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptArticle:
    """An article that is held, with its body as text (`articles`)."""

    id: int
    url: str
    title: str | None
    series_id: int | None
    position: int | None
    author: str | None
    author_id: int | None
    published_at: datetime | None
    text: str = field(repr=False)
    content_sha256: str | None  # of title, body and tags
    capture_id: int  # what all this was read from
    parser: str
    is_citation: bool
    full_capture_id: int | None  # the last full text, where what is shown now is nearly nothing
    tags: tuple[str, ...]
    code_blocks: tuple[CodeBlock, ...] = field(repr=False)
    images: tuple[KeptImage, ...]
    comments: tuple[KeptComment, ...] = field(repr=False)
    captures: tuple[KeptCapture, ...]  # oldest first


def series(connection: sqlite3.Connection) -> tuple[KeptSeries, ...]:
    """Every series that is or was kept, by number."""
    return tuple(KeptSeries(*row) for row in connection.execute(_SERIES))


def parts(connection: sqlite3.Connection, series_id: int) -> tuple[PartStatus, ...]:
    """Every part of a series that is known, held or not, in order."""
    flags = ("safe", "rescued", "missing", "collapsed")
    return tuple(values(connection, PartStatus, _PARTS, series_id, flags=flags))


def article(connection: sqlite3.Connection, article_id: int) -> KeptArticle | None:
    """An article with all around it; None when it is not held."""
    row = connection.execute(_ARTICLE, [article_id]).fetchone()
    if row is None:
        return None
    number, url, title, of, position, author, author_id, at, text, digest, capture_id, parser, is_citation, full = row
    return KeptArticle(
        number, url, title, of, position, author, author_id, moment(at), text or "", digest, capture_id, parser,
        bool(is_citation), full,
        tags(connection, article_id),
        code(connection, article_id),
        tuple(KeptImage(*image) for image in connection.execute(_IMAGES, [article_id])),
        tuple(map(_comment, connection.execute(_COMMENTS, [article_id]))),
        tuple(map(_capture, connection.execute(_CAPTURES, [article_id]))),
    )  # fmt: skip


def tags(connection: sqlite3.Connection, article_id: int) -> tuple[str, ...]:
    """The tags of an article, in its order."""
    return tuple(tag[0] for tag in connection.execute(TAGS, [article_id]))


def code(connection: sqlite3.Connection, article_id: int) -> tuple[CodeBlock, ...]:
    """The code blocks of an article, in its order."""
    return tuple(
        CodeBlock(text, language, bool(guessed)) for text, language, guessed in connection.execute(CODE, [article_id])
    )


def _comment(row: sqlite3.Row) -> KeptComment:
    number, reply_to, author, published_at, text, html, likes, seen_at, deleted_at = row
    return KeptComment(
        number, reply_to, author, moment(published_at), text or "", html or "", likes,
        datetime.fromisoformat(seen_at), moment(deleted_at),
    )  # fmt: skip


def _capture(row: sqlite3.Row) -> KeptCapture:
    number, digest, size, captured_at, outcome, status, final_url, source, source_url, source_at = row
    return KeptCapture(
        number, digest, size, datetime.fromisoformat(captured_at), outcome, status, final_url, source, source_url,
        moment(source_at),
    )  # fmt: skip


_SERIES = """
SELECT series.id, title, url, authors.name, author_id, contest_year, contest_edition, "group", description,
    declared_parts, feed_url
FROM series LEFT JOIN authors ON authors.id = author_id
WHERE series.id IN (SELECT series_id FROM series_sources) ORDER BY series.id
"""
_PARTS = "SELECT * FROM page_status WHERE series_id = ? ORDER BY position IS NULL, position, id"
_ARTICLE = """
SELECT articles.id, url, title, series_id, position, authors.name, author_id, published_at, body_text, content_sha256,
    capture_id, parser, is_citation, (SELECT full_capture_id FROM collapses WHERE article_id = articles.id)
FROM articles LEFT JOIN authors ON authors.id = author_id WHERE articles.id = ?
"""
TAGS = "SELECT name FROM articles_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY position"
CODE = "SELECT code, language, language_guessed FROM code WHERE article_id = ? ORDER BY position"
_IMAGES = """
SELECT images.url, coalesce(alt, ''), capture_id, media_type, width, height
FROM article_images JOIN images ON images.id = image_id WHERE article_id = ? ORDER BY position
"""
_COMMENTS = """
SELECT id, reply_to, author_name, published_at, body_text, body_html, likes, first_seen_at, deleted_at
FROM comments WHERE article_id = ? ORDER BY position, id
"""
_CAPTURES = """
SELECT captures.id, sha256, body_bytes, captured_at, outcome, http_status, final_url, captures.source, source_url,
    source_at
FROM captures JOIN pages ON pages.id = page_id WHERE pages.article_id = ? AND kind = 'article' ORDER BY captures.id
"""
