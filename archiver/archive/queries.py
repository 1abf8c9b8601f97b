"""What `status` and `why` ask of an archive. Reads only, and imports nothing heavy: `status` must start fast."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Status:
    """Everything `status` tells: series with their parts, parts of no known series yet, and the last run."""

    series: list[Row]
    parts: dict[int | None, list[Row]]
    homeless: list[Row]  # sources whose series is not known yet, with their parts counted
    last_run: Row | None
    problems: list[Row]  # values that a parser should have found and did not


def _rows(connection: sqlite3.Connection, sql: str, *parameters: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(sql, parameters)]


def status(connection: sqlite3.Connection, source_ids: tuple[int, ...] | None = None) -> Status:
    """What is held, missing and gone: of everything that is kept, or of what these sources ask for."""
    ids = json.dumps(source_ids)
    parts: dict[int | None, list[Row]] = {}
    for part in _rows(connection, _PARTS, ids):
        parts.setdefault(part["series_id"], []).append(part)
    return Status(
        series=_rows(connection, _SERIES, ids),
        parts=parts,
        homeless=_rows(connection, _HOMELESS, ids),
        last_run=next(iter(_rows(connection, _LAST_RUN)), None),
        problems=_rows(connection, _PROBLEMS),
    )


def copies(connection: sqlite3.Connection) -> list[Row]:
    """Every part and who holds it."""
    return _rows(connection, "SELECT * FROM copies_of_parts")


def source_urls(connection: sqlite3.Connection) -> set[str]:
    """The URLs of everything that is kept, and of the same pages elsewhere."""
    kept = _rows(connection, "SELECT url, alternates FROM sources")
    return {url for source in kept for url in (source["url"], *json.loads(source["alternates"]))}


# Each takes the sources as a JSON list; null stands for all.
_SERIES = """
SELECT * FROM series_progress WHERE ?1 = 'null'
OR id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1))) ORDER BY id
"""

_PARTS = """
SELECT * FROM page_status WHERE ?1 = 'null' OR source_id IN (SELECT value FROM json_each(?1))
OR series_id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1)))
"""

_HOMELESS = """
SELECT sources.id, sources.url, pages.state, pages.last_outcome, pages.last_fetch_at, count(parts.page_id) AS parts,
    (SELECT error FROM fetches WHERE page_id = pages.id AND source = 'live' ORDER BY id DESC LIMIT 1) AS error
FROM sources JOIN pages ON pages.url = sources.url LEFT JOIN parts ON parts.source_id = sources.id
WHERE sources.id NOT IN (SELECT source_id FROM series_sources)
AND sources.url NOT IN (SELECT url FROM articles)
AND (?1 = 'null' OR sources.id IN (SELECT value FROM json_each(?1)))
GROUP BY sources.id
"""

_LAST_RUN = """
SELECT id, command, started_at, finished_at, ended_by, exit_code, note, mass_absence,
    (SELECT count(*) FROM fetches WHERE run_id = runs.id
        AND source NOT IN ('feed', 'import')
        AND outcome NOT IN ('skipped', 'disallowed', 'robots_unreachable')) AS requests,
    (SELECT json_group_object(outcome, n) FROM (
        SELECT outcome, count(*) AS n FROM fetches JOIN pages ON pages.id = page_id
        WHERE run_id = runs.id AND final AND kind != 'robots'
        AND (source = 'live' OR runs.command = 'import') GROUP BY outcome)) AS outcomes
FROM runs ORDER BY id DESC LIMIT 1
"""

_PROBLEMS = """
SELECT pages.kind, field, problem, parser, count(*) AS pages, min(pages.url) AS example
FROM parse_problems JOIN pages ON pages.id = page_id GROUP BY pages.kind, field, problem, parser ORDER BY pages DESC
"""


@dataclass(frozen=True, slots=True)
class History:
    """Everything known of one page, for `why`."""

    page: Row
    article: Row | None
    part: Row | None
    fetches: list[Row]
    captures: list[Row]
    named_by: list[Row]
    edits: list[Row]
    problems: list[Row]


def history(connection: sqlite3.Connection, url: str) -> History | None:
    """All that is known of the page with this canonical URL; None when it is unknown."""
    page = next(iter(_rows(connection, "SELECT * FROM pages WHERE url = ?", url)), None)
    if page is None:
        return None
    page_id, article_id = page["id"], page["article_id"]
    return History(
        page=page,
        article=next(iter(_rows(connection, _ARTICLE, article_id)), None),
        part=next(iter(_rows(connection, "SELECT * FROM parts WHERE page_id = ?", page_id)), None),
        fetches=_rows(connection, _FETCHES, page_id),
        captures=_rows(connection, _CAPTURES, page_id),
        named_by=_rows(connection, _NAMED_BY, url),
        edits=_rows(connection, "SELECT * FROM edits WHERE article_id = ? ORDER BY id", article_id),
        problems=_rows(connection, "SELECT * FROM parse_problems WHERE page_id = ?", page_id),
    )


_ARTICLE = """
SELECT articles.id, articles.title, series_id, series.title AS series_title, position, published_at, capture_id,
    is_citation, authors.name AS author, parser
FROM articles LEFT JOIN series ON series.id = series_id LEFT JOIN authors ON authors.id = articles.author_id
WHERE articles.id = ?
"""

_FETCHES = """
SELECT fetches.*, runs.mass_absence FROM fetches JOIN runs ON runs.id = run_id WHERE page_id = ? ORDER BY fetches.id
"""

_CAPTURES = """
SELECT id, sha256, captured_at, body_bytes, length(body) AS stored_bytes, outcome, source, source_url, source_at
FROM captures WHERE page_id = ? ORDER BY id
"""

_NAMED_BY = """
SELECT via, position, text, heading, discoveries.first_seen_at, last_seen_at, gone_at, lists.url AS from_url
FROM discoveries JOIN pages AS lists ON lists.id = from_page_id WHERE discoveries.url = ? ORDER BY discoveries.id
"""
