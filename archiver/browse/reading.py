"""What the page of an article asks of an archive. Every question stands on an index: an archive may hold 9,000 parts.

Rows are plain dictionaries, so that a page shows what stands in the file, whatever it is: a value of a program
(`archive/kept.py`) refuses a moment that is none, and holds texts of any length. Names are those of docs/schema.md.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from archiver.archive import bodies, kept
from archiver.archive.queries import Row, all_rows
from archiver.archive.stored import ReadPage
from archiver.browse.body import Image, Surroundings
from archiver.browse.images import is_raster

_IMAGE = re.compile(r'<img [^>]*?src="([^"]*)"')  # as nh3 writes it
BODY_LIMIT = 1_000_000  # characters of HTML; a longer body is shown as plain text, and of that so much


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """A held article with all that stands around it."""

    article: Row
    page: Row | None
    previous: Row | None
    next: Row | None
    tags: tuple[str, ...]
    comments: list[Row]
    versions: dict[int, list[Row]]  # comment id → the texts it had before
    captures: list[Row]
    changes: list[Row]
    edits: list[Row]
    fetches: list[Row]
    problems: list[Row]
    views: list[tuple[str, int]]
    rot: list[Row]
    around: Surroundings
    collapse: Row | None = None  # the last full text, when what is shown now is nearly nothing
    around_full: Surroundings = field(default_factory=Surroundings)  # the images that it showed


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that is known but not held."""

    part: Row
    series: Row | None
    previous: Row | None
    next: Row | None
    named_by: list[Row]
    fetches: list[Row]


def first_row(connection: sqlite3.Connection, sql: str, *parameters: Any) -> Row | None:
    """The first row of an answer; None when there is none."""
    return next(iter(all_rows(connection, sql, *parameters)), None)


ARTICLE = f"""
SELECT articles.id, articles.title, articles.series_id, articles.position, articles.title_day, articles.published_at,
    articles.url, articles."group", articles.contest_year, articles.team, articles.views, articles.likes,
    articles.comments_count, articles.author_id, articles.is_citation, articles.capture_id, articles.parser,
    authors.name AS author, series.title AS series_title, series.declared_parts, captures.captured_at, captures.sha256,
    captures.source, captures.source_at, length(body_text) AS length, substr(body_text, 1, {BODY_LIMIT}) AS body_text
FROM articles
JOIN captures ON captures.id = articles.capture_id
LEFT JOIN authors ON authors.id = articles.author_id
LEFT JOIN series ON series.id = articles.series_id
WHERE articles.id = ?
"""  # noqa: S608 - a number of ours
PAGE = "SELECT * FROM pages WHERE article_id = ? AND kind = 'article'"
BEFORE = """
SELECT article_id AS id, position, title FROM parts WHERE series_id = ? AND position < ? ORDER BY position DESC LIMIT 1
"""
AFTER = (
    "SELECT article_id AS id, position, title FROM parts WHERE series_id = ? AND position > ? ORDER BY position LIMIT 1"
)
COMMENTS = """
SELECT comments.id, comments.reply_to, comments.author_name, comments.level, comments.published_at, comments.likes,
    comments.deleted_at, comments.first_seen_at,
    CASE WHEN length(comments.body_html) <= 100000 THEN comments.body_html END AS body_html,
    substr(comments.body_text, 1, 100000) AS body_text
FROM comments LEFT JOIN comments AS answered ON answered.id = comments.reply_to
WHERE comments.article_id = ?
ORDER BY coalesce(answered.position, comments.position), coalesce(answered.id, comments.id),
    comments.reply_to IS NOT NULL, comments.position LIMIT 500
"""
VERSIONS = """
SELECT comment_id, substr(comment_versions.body_text, 1, 20000) AS body_text, comment_versions.first_seen_at,
    comment_versions.last_seen_at
FROM comments JOIN comment_versions ON comment_versions.comment_id = comments.id
WHERE article_id = ? AND comment_versions.content_sha256 != comments.content_sha256 ORDER BY comment_versions.id
"""
CAPTURES = """
SELECT id, sha256, captured_at, source, source_url, source_at, body_bytes, outcome FROM captures WHERE page_id = ?
ORDER BY id DESC LIMIT 20
"""
CHANGES = "SELECT at, old_state, new_state FROM state_changes WHERE page_id = ? ORDER BY at DESC LIMIT 20"
EDITS = "SELECT * FROM edits WHERE article_id = ? ORDER BY id DESC LIMIT 20"
FETCHES = """
SELECT id, started_at, outcome, http_status, source,
    iif(source IN ('live', 'import', 'feed'), NULL, substr(after, 1, instr(after || '/', '/') - 1)) AS elsewhere
FROM (SELECT *, substr(requested_url, instr(requested_url, '://') + 3) AS after FROM fetches WHERE page_id = ?)
ORDER BY id DESC LIMIT 10
"""
PROBLEMS = "SELECT field, problem FROM parse_problems WHERE page_id = ? LIMIT 20"
VIEWS = """
SELECT date(at) AS day, max(views) AS views FROM metrics WHERE page_id = ? AND views IS NOT NULL
GROUP BY day ORDER BY day
"""
_IMAGES = """
SELECT images.url, images.capture_id, images.media_type, images.width, images.height, pages.state, pages.last_outcome
FROM images LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image' WHERE
"""
IMAGES = f"""{_IMAGES} images.id IN (
    SELECT image_id FROM article_images WHERE article_id = ?1
    UNION SELECT image_id FROM comments JOIN comment_images ON comment_id = comments.id WHERE article_id = ?1)
"""  # noqa: S608 - words of our own
IMAGES_OF_FULL = f"{_IMAGES} images.url IN (SELECT value FROM json_each(?))"  # noqa: S608 - the same
LINKS = """
SELECT links.url, links.target_article_id AS id FROM links JOIN articles ON articles.id = links.target_article_id
WHERE links.article_id = ?
"""
LINK_ROT = "SELECT * FROM link_rot WHERE {column} = ? ORDER BY article_id, position LIMIT 200"
COLLAPSE = f"""
SELECT since, letters, full_letters, full_capture_id, full_seen_at, full_title, length(full_body_text) AS length,
    substr(full_body_text, 1, {BODY_LIMIT}) AS body_text
FROM collapses WHERE article_id = ?
"""  # noqa: S608 - a number of ours


def article(
    connection: sqlite3.Connection, article_id: int, read: ReadPage, place: str, image_place: str
) -> ShownArticle | None:
    """The article with all around it, None when it is not held. `read` makes the body's HTML from the capture.

    `place` is the path under which held articles are read, `image_place` that of images; an id follows each.
    """
    found = first_row(connection, ARTICLE, article_id)
    if found is None:
        return None
    found["body_html"] = _html(connection, found["capture_id"], read)
    page = first_row(connection, PAGE, article_id)
    page_id = page["id"] if page else None
    before, after = _neighbours(connection, found["series_id"], found["position"])
    collapse = first_row(connection, COLLAPSE, article_id)
    if collapse is not None:
        collapse["body_html"] = _html(connection, collapse["full_capture_id"], read)
    return ShownArticle(
        article=found,
        page=page,
        previous=before,
        next=after,
        tags=kept.tags(connection, article_id),
        comments=all_rows(connection, COMMENTS, article_id),
        versions=_grouped(all_rows(connection, VERSIONS, article_id), "comment_id"),
        captures=all_rows(connection, CAPTURES, page_id),
        changes=all_rows(connection, CHANGES, page_id),
        edits=all_rows(connection, EDITS, article_id),
        fetches=all_rows(connection, FETCHES, page_id),
        problems=all_rows(connection, PROBLEMS, page_id),
        views=[(row["day"], row["views"]) for row in all_rows(connection, VIEWS, page_id) if row["day"]],
        rot=link_rot(connection, "article_id", article_id),
        around=_surroundings(connection, article_id, place, image_place),
        collapse=collapse,
        around_full=_around_full(connection, (collapse or {}).get("body_html") or "", image_place),
    )


def _html(connection: sqlite3.Connection, capture_id: int, read: ReadPage) -> str | None:
    """The HTML of a body; None where it cannot be had or is too long, and the text is shown in its place."""
    body = bodies.of_capture(connection, capture_id, read)
    return body.html if body is not None and len(body.html) <= BODY_LIMIT else None


def _around_full(connection: sqlite3.Connection, html: str, image_place: str) -> Surroundings:
    """The images of a body that is shown no more. Its code is shown as it stands."""
    shown = sorted({unescape(url) for url in _IMAGE.findall(html)})[:1_000]
    rows = all_rows(connection, IMAGES_OF_FULL, json.dumps(shown)) if shown else []
    return Surroundings(images={row["url"]: _image(connection, row, image_place) for row in rows})


def _neighbours(connection: sqlite3.Connection, series_id: int | None, position: int | None) -> tuple[Row | None, ...]:
    return first_row(connection, BEFORE, series_id, position), first_row(connection, AFTER, series_id, position)


def _grouped(rows: list[Row], key: str) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _surroundings(connection: sqlite3.Connection, article_id: int, place: str, image_place: str) -> Surroundings:
    return Surroundings(
        images={row["url"]: _image(connection, row, image_place) for row in all_rows(connection, IMAGES, article_id)},
        links={row["url"]: f"{place}{row['id']}" for row in all_rows(connection, LINKS, article_id)},
        code=kept.code(connection, article_id),
    )


def _image(connection: sqlite3.Connection, row: Row, place: str) -> Image:
    """The bytes say whether it can be shown; what a column says of them is only told."""
    if row["capture_id"] is None:
        asked = f"not held: {row['state']}" if row["state"] not in (None, "new") else "not held: not asked yet"
        return Image(None, asked + (f", last answer {row['last_outcome']}" if row["last_outcome"] else ""))
    if not is_raster(connection, row["capture_id"]):
        return Image(None, f"held as evidence, never shown: {row['media_type'] or 'of unknown kind'}")
    return Image(f"{place}{row['capture_id']}", "held", row["width"], row["height"])


def link_rot(connection: sqlite3.Connection, column: str, number: int) -> list[Row]:
    """The dead links of a series or an article."""
    return all_rows(connection, LINK_ROT.format(column=column), number)


PART = "SELECT * FROM page_status WHERE id = ?"
NAMED_BY = """
SELECT via, text, lists.url AS from_url, discoveries.last_seen_at, gone_at FROM discoveries
JOIN pages AS lists ON lists.id = from_page_id WHERE discoveries.url = ? ORDER BY discoveries.id LIMIT 20
"""
SERIES = """
SELECT series.*, authors.name AS author FROM series LEFT JOIN authors ON authors.id = author_id WHERE series.id = ?
"""


def missing(connection: sqlite3.Connection, article_id: int) -> Missing | None:
    """What is known of a part that is not held; None when nothing is."""
    part = first_row(connection, PART, article_id)
    if part is None:
        return None
    before, after = _neighbours(connection, part["series_id"], part["position"])
    return Missing(
        part=part,
        series=first_row(connection, SERIES, part["series_id"]),
        previous=before,
        next=after,
        named_by=all_rows(connection, NAMED_BY, part["url"]),
        fetches=all_rows(connection, FETCHES, part["page_id"]),
    )
