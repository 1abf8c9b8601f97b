"""What is kept of series and articles, as values that a program reads. Reads only.

What each field holds is described in docs/schema.md under the table of its class; moments are aware datetimes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from archiver.archive.status import PartStatus
from archiver.archive.values import values
from archiver.model.readings import CodeBlock


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
    edited_at: datetime | None  # when other words were last first seen; None: it was never seen edited
    full_capture_id: int | None  # the last full text, where what is shown now is nearly nothing
    tags: tuple[str, ...]
    code_blocks: tuple[CodeBlock, ...] = field(repr=False)
    images: tuple[KeptImage, ...]
    comments: tuple[KeptComment, ...] = field(repr=False)
    captures: tuple[KeptCapture, ...]  # oldest first


class Stray(NamedTuple):
    """A source that leads to parts of no known series."""

    source_id: int
    url: str
    title: str | None  # of its part, where it names one article


def series(connection: sqlite3.Connection) -> tuple[KeptSeries, ...]:
    """Every series that is or was kept, by number."""
    return tuple(KeptSeries(*row) for row in connection.execute(_SERIES))


class Place(NamedTuple):
    """Of what something is a part: of a series, or of a source that leads to what no known series has."""

    series_id: int | None
    source_id: int | None


def place(connection: sqlite3.Connection, article_id: int) -> Place | None:
    """Of what an article is a part; None for one that is none."""
    row = connection.execute(_PLACE, [article_id]).fetchone()
    return Place(*row) if row is not None else None


def parts(connection: sqlite3.Connection, of: Place) -> tuple[PartStatus, ...]:
    """Every part that is known there, held or not, in order."""
    column, number = ("source_id", of.source_id) if of.series_id is None else ("series_id", of.series_id)
    return tuple(values(connection, PartStatus, _PARTS.format(column=column), number))


def strays(connection: sqlite3.Connection) -> list[Stray]:
    """Every source with parts that no known series has, by number."""
    return values(connection, Stray, _STRAYS)


def headings(connection: sqlite3.Connection, series_id: int) -> Mapping[int, str | None]:
    """Each part that the series' first index lists, or did, and under which heading; None for none."""
    return dict(connection.execute(_HEADINGS, [series_id]).fetchall())


def full_text(connection: sqlite3.Connection, article_id: int) -> str | None:
    """The last full text of an article whose text shrank to nearly nothing; None of any other."""
    row = connection.execute("SELECT full_body_text FROM collapses WHERE article_id = ?", [article_id]).fetchone()
    return row[0] if row is not None else None


def images(connection: sqlite3.Connection, urls: Iterable[str]) -> dict[str, KeptImage]:
    """What is known of these images, by URL."""
    rows = connection.execute(_IMAGES_NAMED, [json.dumps(sorted(urls))])
    return {row[0]: KeptImage(*row) for row in rows}


def seen_until(connection: sqlite3.Connection) -> datetime:
    """The last moment at which anything was asked or its answer kept; the beginning of time where nothing was."""
    found = connection.execute(
        "SELECT max(started_at) FROM fetches UNION ALL SELECT max(finished_at) FROM runs ORDER BY 1 DESC"
    ).fetchone()[0]
    return datetime.fromisoformat(found or "1970-01-01T00:00:00Z")


def article(connection: sqlite3.Connection, article_id: int) -> KeptArticle | None:
    """An article with all around it; None when it is not held."""
    row = connection.execute(_ARTICLE, [article_id]).fetchone()
    if row is None:
        return None
    said = {**_told(row, "published_at", "edited_at"), "is_citation": bool(row["is_citation"])}
    comments = connection.execute(_COMMENTS, [article_id])
    captures = connection.execute(_CAPTURES, [article_id])
    return KeptArticle(
        **said,
        tags=tags(connection, article_id),
        code_blocks=code(connection, article_id),
        images=tuple(KeptImage(*image) for image in connection.execute(_IMAGES, [article_id])),
        comments=tuple(KeptComment(**_told(one, "published_at", "first_seen_at", "deleted_at")) for one in comments),
        captures=tuple(KeptCapture(**_told(one, "captured_at", "source_at")) for one in captures),
    )


def _told(row: sqlite3.Row, *moments: str) -> dict[str, Any]:
    """The columns of a row by their names, and these as moments."""
    made = {name: None if row[name] is None else datetime.fromisoformat(row[name]) for name in moments}
    return {**dict(row), **made}


def tags(connection: sqlite3.Connection, article_id: int) -> tuple[str, ...]:
    """The tags of an article, in its order."""
    return tuple(tag[0] for tag in connection.execute(TAGS, [article_id]))


def code(connection: sqlite3.Connection, article_id: int) -> tuple[CodeBlock, ...]:
    """The code blocks of an article, in its order."""
    return tuple(
        CodeBlock(text, language, bool(guessed)) for text, language, guessed in connection.execute(CODE, [article_id])
    )


_SERIES = """
SELECT series.id, title, url, authors.name, author_id, contest_year, contest_edition, "group", description,
    declared_parts, feed_url
FROM series LEFT JOIN authors ON authors.id = author_id
WHERE series.id IN (SELECT series_id FROM series_sources) ORDER BY series.id
"""
_PARTS = "SELECT * FROM page_status WHERE {column} = ? ORDER BY position IS NULL, position, id"
_PLACE = "SELECT series_id, iif(series_id IS NULL, source_id, NULL) FROM page_status WHERE id = ?"
_STRAYS = """
SELECT sources.id AS source_id, sources.url,
    CASE WHEN sources.kind = 'article' THEN (SELECT title FROM parts WHERE source_id = sources.id) END AS title
FROM sources WHERE id IN (SELECT source_id FROM parts WHERE series_id IS NULL) ORDER BY sources.id
"""
_HEADINGS = """
SELECT discoveries.article_id, discoveries.heading FROM discoveries
WHERE discoveries.article_id IN (SELECT article_id FROM parts WHERE series_id = ?1)
AND discoveries.from_page_id = (
    SELECT pages.id FROM series_sources JOIN sources ON sources.id = source_id
    JOIN pages ON pages.kind = 'index' AND pages.url IN (
        SELECT sources.url UNION ALL SELECT value FROM json_each(sources.alternates))
    WHERE series_sources.series_id = ?1 AND pages.last_ok_at IS NOT NULL ORDER BY pages.id LIMIT 1)
ORDER BY discoveries.heading IS NOT NULL, discoveries.gone_at IS NULL, discoveries.id DESC
"""
_IMAGES_NAMED = """
SELECT url, '', capture_id, media_type, width, height FROM images WHERE url IN (SELECT value FROM json_each(?))
"""
_ARTICLE = """
SELECT articles.id, url, title, series_id, position, authors.name AS author, author_id, published_at,
    coalesce(body_text, '') AS text, content_sha256, capture_id, parser, is_citation,
    (SELECT max(first_seen_new_at) FROM edits WHERE article_id = articles.id AND NOT cosmetic) AS edited_at,
    (SELECT full_capture_id FROM collapses WHERE article_id = articles.id) AS full_capture_id
FROM articles LEFT JOIN authors ON authors.id = author_id WHERE articles.id = ?
"""
TAGS = "SELECT name FROM articles_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY position"
CODE = "SELECT code, language, language_guessed FROM code WHERE article_id = ? ORDER BY position"
_IMAGES = """
SELECT images.url, coalesce(alt, ''), capture_id, media_type, width, height
FROM article_images JOIN images ON images.id = image_id WHERE article_id = ? ORDER BY position
"""
_COMMENTS = """
SELECT id, reply_to, author_name AS author, published_at, coalesce(body_text, '') AS text,
    coalesce(body_html, '') AS html, likes, first_seen_at, deleted_at
FROM comments WHERE article_id = ? ORDER BY position, id
"""
_CAPTURES = """
SELECT captures.id, sha256, body_bytes AS bytes, captured_at, outcome, http_status, final_url, captures.source,
    source_url, source_at
FROM captures JOIN pages ON pages.id = page_id WHERE pages.article_id = ? AND kind = 'article' ORDER BY captures.id
"""
