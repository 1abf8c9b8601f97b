"""What the pages of a series and of the whole archive ask of it. Every question stands on an index."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from archiver.archive.columns import ABSENCES
from archiver.archive.queries import Row, all_rows
from archiver.browse.reading import SERIES, first_row, link_rot


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
    found = first_row(connection, SERIES, series_id)
    if found is None:
        return None
    return ShownSeries(
        series=found,
        progress=first_row(connection, PROGRESS, series_id),
        parts=all_rows(connection, PARTS, series_id),
        edits=all_rows(connection, SERIES_EDITS, series_id),
        events=all_rows(connection, SERIES_EVENTS, series_id),
        rot=link_rot(connection, "series_id", series_id),
        images=first_row(connection, SERIES_IMAGES, series_id) or {},
        views=summed(all_rows(connection, SERIES_VIEWS, series_id)),
        days=by_day(all_rows(connection, SERIES_FETCHES, series_id)),
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
        series=all_rows(connection, ALL_SERIES),
        homeless=all_rows(connection, HOMELESS),
        events=all_rows(connection, EVENTS),
        states={row["state"]: row["parts"] for row in all_rows(connection, STATES)},
        days=by_day(all_rows(connection, RECENT_FETCHES)),
    )
