"""What the reading pages ask of an archive. Every question stands on an index: an archive may hold 9,000 parts.

Rows are plain dictionaries. The names of tables and columns are those of docs/schema.md.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from archiver.archive import bodies
from archiver.archive.columns import ABSENCES
from archiver.archive.queries import Row
from archiver.browse.body import Code, Image, Surroundings
from archiver.browse.images import is_raster

if TYPE_CHECKING:
    from archiver.archive.library import ReadPage


_IMAGE = re.compile(r'<img [^>]*?src="([^"]*)"')  # as nh3 writes it
BODY_LIMIT = 1_000_000  # characters of HTML; a longer body is shown as plain text, and of that so much


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """A held article with all that stands around it."""

    article: Row
    page: Row | None
    previous: Row | None
    next: Row | None
    tags: list[str]
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


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series with its parts and what happened to them."""

    series: Row
    progress: Row | None
    parts: list[Row]
    edits: list[Row]
    events: list[Row]
    rot: list[Row]
    images: Row
    views: list[tuple[str, int]]
    days: list[tuple[str, dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Home:
    """The whole archive at a glance."""

    series: list[Row]
    homeless: list[Row]
    events: list[Row]
    states: dict[str, int] = field(default_factory=dict)
    days: list[tuple[str, dict[str, int]]] = field(default_factory=list)


def _rows(connection: sqlite3.Connection, sql: str, *parameters: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(sql, parameters)]


def _row(connection: sqlite3.Connection, sql: str, *parameters: Any) -> Row | None:
    return next(iter(_rows(connection, sql, *parameters)), None)


# ─── an article ─────────────────────────────────────────────────────────────────────────────────

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
TAGS = "SELECT name FROM articles_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY position"
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
SELECT id, started_at, outcome, http_status FROM fetches WHERE page_id = ? ORDER BY id DESC LIMIT 10
"""
PROBLEMS = "SELECT field, problem FROM parse_problems WHERE page_id = ? LIMIT 20"
VIEWS = """
SELECT date(at) AS day, max(views) AS views FROM metrics WHERE page_id = ? AND views IS NOT NULL
GROUP BY day ORDER BY day
"""
CODE = "SELECT code, language, language_guessed FROM code WHERE article_id = ? ORDER BY position"
IMAGES = """
SELECT images.url, images.capture_id, images.media_type, images.width, images.height, pages.state, pages.last_outcome
FROM article_images JOIN images ON images.id = article_images.image_id
LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image'
WHERE article_images.article_id = ?1
UNION
SELECT images.url, images.capture_id, images.media_type, images.width, images.height, pages.state, pages.last_outcome
FROM comments JOIN comment_images ON comment_images.comment_id = comments.id
JOIN images ON images.id = comment_images.image_id
LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image'
WHERE comments.article_id = ?1
"""
LINKS = """
SELECT links.url, links.target_article_id AS id FROM links JOIN articles ON articles.id = links.target_article_id
WHERE links.article_id = ?
"""
LINK_ROT = """
SELECT * FROM link_rot WHERE {column} = ? ORDER BY article_id, position LIMIT 200
"""

COLLAPSE = f"""
SELECT since, letters, full_letters, full_capture_id, full_seen_at, full_title, length(full_body_text) AS length,
    substr(full_body_text, 1, {BODY_LIMIT}) AS body_text
FROM collapses WHERE article_id = ?
"""  # noqa: S608 - a number of ours
IMAGES_OF_FULL = """
SELECT images.url, images.capture_id, images.media_type, images.width, images.height, pages.state, pages.last_outcome
FROM images LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image'
WHERE images.url IN (SELECT value FROM json_each(?))
"""


def article(
    connection: sqlite3.Connection, article_id: int, read: ReadPage, place: str, image_place: str
) -> ShownArticle | None:
    """The article with all around it, None when it is not held.

    `read` makes the body's HTML from the capture. `place` is the path under which held articles are read,
    `image_place` that of images; an id follows each.
    """
    found = _row(connection, ARTICLE, article_id)
    if found is None:
        return None
    found["body_html"] = _html(connection, found["capture_id"], read)
    page = _row(connection, PAGE, article_id)
    page_id = page["id"] if page else None
    before, after = _neighbours(connection, found["series_id"], found["position"])
    collapse = _row(connection, COLLAPSE, article_id)
    if collapse is not None:
        collapse["body_html"] = _html(connection, collapse["full_capture_id"], read)
    return ShownArticle(
        article=found,
        page=page,
        previous=before,
        next=after,
        tags=[row["name"] for row in _rows(connection, TAGS, article_id)],
        comments=_rows(connection, COMMENTS, article_id),
        versions=_grouped(_rows(connection, VERSIONS, article_id), "comment_id"),
        captures=_rows(connection, CAPTURES, page_id),
        changes=_rows(connection, CHANGES, page_id),
        edits=_rows(connection, EDITS, article_id),
        fetches=_rows(connection, FETCHES, page_id),
        problems=_rows(connection, PROBLEMS, page_id),
        views=[(row["day"], row["views"]) for row in _rows(connection, VIEWS, page_id) if row["day"]],
        rot=_rot(connection, "article_id", article_id),
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
    rows = _rows(connection, IMAGES_OF_FULL, json.dumps(shown)) if shown else []
    return Surroundings(images={row["url"]: _image(connection, row, image_place) for row in rows})


def _neighbours(connection: sqlite3.Connection, series_id: int | None, position: int | None) -> tuple[Row | None, ...]:
    return _row(connection, BEFORE, series_id, position), _row(connection, AFTER, series_id, position)


def _grouped(rows: list[Row], key: str) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _surroundings(connection: sqlite3.Connection, article_id: int, place: str, image_place: str) -> Surroundings:
    return Surroundings(
        images={row["url"]: _image(connection, row, image_place) for row in _rows(connection, IMAGES, article_id)},
        links={row["url"]: f"{place}{row['id']}" for row in _rows(connection, LINKS, article_id)},
        code=[
            Code(row["code"], row["language"], bool(row["language_guessed"]))
            for row in _rows(connection, CODE, article_id)
        ],
    )


def _image(connection: sqlite3.Connection, row: Row, place: str) -> Image:
    """The bytes say whether it can be shown; what a column says of them is only told."""
    if row["capture_id"] is None:
        asked = f"not held: {row['state']}" if row["state"] not in (None, "new") else "not held: not asked yet"
        return Image(None, asked + (f", last answer {row['last_outcome']}" if row["last_outcome"] else ""))
    if not is_raster(connection, row["capture_id"]):
        return Image(None, f"held as evidence, never shown: {row['media_type'] or 'of unknown kind'}")
    return Image(f"{place}{row['capture_id']}", "held", row["width"], row["height"])


def _rot(connection: sqlite3.Connection, column: str, number: int) -> list[Row]:
    """The dead links; none in an archive whose version knows no such view."""
    has = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = 'link_rot'").fetchone()
    return _rows(connection, LINK_ROT.format(column=column), number) if has else []


# ─── a part that is not held ────────────────────────────────────────────────────────────────────

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
    part = _row(connection, PART, article_id)
    if part is None:
        return None
    before, after = _neighbours(connection, part["series_id"], part["position"])
    return Missing(
        part=part,
        series=_row(connection, SERIES, part["series_id"]),
        previous=before,
        next=after,
        named_by=_rows(connection, NAMED_BY, part["url"]),
        fetches=_rows(connection, FETCHES, part["page_id"]),
    )


# ─── a series ───────────────────────────────────────────────────────────────────────────────────

PARTS = """
SELECT page_status.*, articles.title_day FROM page_status LEFT JOIN articles ON articles.id = page_status.id
WHERE page_status.series_id = ?
ORDER BY page_status.position IS NULL, page_status.position, page_status.id
"""
PROGRESS = "SELECT * FROM series_progress WHERE id = ?"
SERIES_EDITS = """
SELECT edits.*, articles.title, articles.position FROM articles JOIN edits ON edits.article_id = articles.id
WHERE articles.series_id = ? ORDER BY first_seen_new_at DESC, edits.id DESC LIMIT 30
"""
_EVENTS = """
SELECT events.*,
    EXISTS (SELECT 1 FROM articles WHERE id = events.article_id)
        OR EXISTS (SELECT 1 FROM parts WHERE parts.article_id = events.article_id) AS has_page,
    EXISTS (SELECT 1 FROM articles WHERE id = events.other_article_id)
        OR EXISTS (SELECT 1 FROM parts WHERE parts.article_id = events.other_article_id) AS other_has_page
FROM events
"""
# Renumberings follow from other events, thirty from one, and must not push it out.
SERIES_EVENTS = f"{_EVENTS} WHERE series_id = ? ORDER BY kind = 'renumbered', at DESC, id DESC LIMIT 30"
SERIES_IMAGES = """
SELECT count(DISTINCT images.id) AS shown,
    count(DISTINCT CASE WHEN images.capture_id IS NOT NULL THEN images.id END) AS held,
    count(DISTINCT CASE WHEN pages.state = 'gone' AND images.capture_id IS NULL THEN images.id END) AS lost
FROM articles JOIN article_images ON article_images.article_id = articles.id
JOIN images ON images.id = article_images.image_id
LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image'
WHERE articles.series_id = ?
"""
SERIES_VIEWS = """
SELECT metrics.page_id, date(at) AS day, max(views) AS views FROM parts JOIN metrics ON metrics.page_id = parts.page_id
WHERE parts.series_id = ? AND views IS NOT NULL GROUP BY metrics.page_id, day ORDER BY day
"""
SERIES_FETCHES = """
SELECT date(started_at) AS day, outcome, count(*) AS times FROM parts JOIN fetches ON fetches.page_id = parts.page_id
WHERE parts.series_id = ? GROUP BY day, outcome ORDER BY day
"""
DAYS_SHOWN = 60


def series(connection: sqlite3.Connection, series_id: int) -> ShownSeries | None:
    """The series with its parts in order, None when it is unknown."""
    found = _row(connection, SERIES, series_id)
    if found is None:
        return None
    return ShownSeries(
        series=found,
        progress=_row(connection, PROGRESS, series_id),
        parts=_rows(connection, PARTS, series_id),
        edits=_rows(connection, SERIES_EDITS, series_id),
        events=_rows(connection, SERIES_EVENTS, series_id),
        rot=_rot(connection, "series_id", series_id),
        images=_row(connection, SERIES_IMAGES, series_id) or {},
        views=summed(_rows(connection, SERIES_VIEWS, series_id)),
        days=by_day(_rows(connection, SERIES_FETCHES, series_id)),
    )


def summed(rows: list[Row]) -> list[tuple[str, int]]:
    """The views of all parts on each day that showed one: of a part not seen that day, what it showed last."""
    latest: dict[int, int] = {}
    totals: dict[str, int] = {}
    for row in rows:
        if row["day"]:
            latest[row["page_id"]] = row["views"]
            totals[row["day"]] = sum(latest.values())
    return list(totals.items())


_GROUPS = {
    "good": ("ok", "unchanged"),
    "moved": ("moved",),
    "absent": ABSENCES,
    "refused": ("forbidden", "rate_limited", "challenge", "login", "disallowed", "robots_unreachable"),
    "failed": (
        "timeout", "dns_error", "connect_error", "tls_error", "protocol_error", "truncated", "server_error",
        "unreadable", "too_large", "not_html", "wrong_page", "off_site", "skipped",
    ),
}  # fmt: skip
GROUP_OF = {outcome: group for group, outcomes in _GROUPS.items() for outcome in outcomes}
OUTCOMES = tuple(_GROUPS)


def by_day(rows: list[Row]) -> list[tuple[str, dict[str, int]]]:
    """Attempts by day and group of outcome, the latest days."""
    days: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["day"]:
            counts = days.setdefault(row["day"], {})
            group = GROUP_OF.get(row["outcome"], "failed")
            counts[group] = counts.get(group, 0) + row["times"]
    return list(days.items())[-DAYS_SHOWN:]


# ─── the whole archive ──────────────────────────────────────────────────────────────────────────

ALL_SERIES = """
SELECT series_progress.*, authors.name AS author, series.contest_year FROM series_progress
JOIN series ON series.id = series_progress.id LEFT JOIN authors ON authors.id = series.author_id
ORDER BY series.contest_year DESC, series_progress.id DESC LIMIT 500
"""
HOMELESS = "SELECT * FROM page_status WHERE series_id IS NULL LIMIT 200"
EVENTS = f"{_EVENTS} WHERE kind != 'renumbered' ORDER BY at DESC LIMIT 20"
STATES = "SELECT state, count(*) AS parts FROM pages WHERE kind = 'article' GROUP BY state"
RECENT_FETCHES = """
SELECT date(started_at) AS day, outcome, count(*) AS times FROM fetches
WHERE started_at >= (SELECT date(max(started_at), '-59 days') FROM fetches) GROUP BY day, outcome ORDER BY day
"""


def home(connection: sqlite3.Connection) -> Home:
    """Every series that is kept, and what happened last."""
    return Home(
        series=_rows(connection, ALL_SERIES),
        homeless=_rows(connection, HOMELESS),
        events=_rows(connection, EVENTS),
        states={row["state"]: row["parts"] for row in _rows(connection, STATES)},
        days=by_day(_rows(connection, RECENT_FETCHES)),
    )
