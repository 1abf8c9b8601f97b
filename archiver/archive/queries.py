"""What `status` and `why` ask of an archive. Reads only, and imports nothing heavy: `status` must start fast."""

from __future__ import annotations

import sqlite3
from typing import Any

from archiver.archive import demonstration
from archiver.archive import status as told
from archiver.archive.columns import ABSENCES, NOT_ASKED
from archiver.archive.status import Status
from archiver.archive.values import values

Row = dict[str, Any]


def all_rows(connection: sqlite3.Connection, sql: str, *parameters: Any) -> list[Row]:
    """Every row of an answer."""
    return [dict(row) for row in connection.execute(sql, parameters)]


def status(
    connection: sqlite3.Connection, source_ids: tuple[int, ...] | None = None, *, every_part: bool = True
) -> Status:
    """What is held, missing and gone: of everything that is kept, or of what these sources ask for.

    Not `every_part`: of parts only those that want attention, since a contest year has 45,000.
    """
    ids = "null" if source_ids is None else str([*source_ids])  # JSON, without its module: `status` must start fast
    parts: dict[int | None, list[told.PartStatus]] = {}
    of_parts = _PARTS if every_part else f"{_PARTS}{_WANT_ATTENTION}"
    for part in values(connection, told.PartStatus, of_parts, ids):
        parts.setdefault(part.series_id, []).append(part)
    return Status(
        series=values(connection, told.SeriesStatus, _SERIES, ids),
        parts=parts,
        dropped=values(connection, told.DroppedSource, _DROPPED, ids),
        homeless=values(connection, told.SourceStatus, _HOMELESS, ids),
        cited=values(connection, told.CitedLink, _TAKEN_FOR_CITATIONS, ids),
        unheard_hints=values(connection, told.UnheardHint, _UNHEARD_HINTS, ids),
        unsettled=values(connection, told.Unsettled, _UNSETTLED, ids),
        last_run=last_run(connection),
        problems=values(connection, told.ProblemCount, _PROBLEMS),
        drift=values(connection, told.Drift, "SELECT * FROM parser_drift"),
        collapsed=values(connection, told.CollapsedText, _COLLAPSED, ids),
        events=values(connection, told.EventSeen, _EVENTS, ids),
        images={one.series_id: one for one in values(connection, told.ImageCount, _IMAGES)},
        is_demonstration=demonstration.is_marked(connection),
        unread=connection.execute(_UNREAD).fetchone()[0],
        unnamed=connection.execute(_UNNAMED).fetchone()[0],
    )


def knows_series(connection: sqlite3.Connection, series_id: int) -> bool:
    """Whether anything is known of a series: itself, a list of it, or an article that says it is of it."""
    return connection.execute(_KNOWN_SERIES, {"id": series_id}).fetchone() is not None


def last_run(connection: sqlite3.Connection) -> told.RunStatus | None:
    """The last run, with its requests and outcomes counted."""
    run = next(iter(all_rows(connection, _LAST_RUN)), None)
    if run is None:
        return None
    outcomes = {row["outcome"]: row["pages"] for row in connection.execute(_OUTCOMES, [run["id"]])}
    return told.RunStatus(**{**run, "mass_absence": bool(run["mass_absence"]), "outcomes": outcomes})


def counts(status: Status) -> list[Row]:
    """How each series stands, and each source of no known series, in numbers (docs/json.md)."""
    series: list[Row] = [
        {"id": one.id, "title": one.title, "url": one.url, "declared_parts": one.declared_parts,
         **_counted(one, one.last_checked_at, status.images.get(one.id))}
        for one in status.series
    ]  # fmt: skip
    return series + [
        {"id": None, "title": one.title if one.kind == "article" else None, "url": one.url, "declared_parts": None,
         **_counted(one, one.last_checked_at or one.last_fetch_at, None)}
        for one in status.homeless
    ]  # fmt: skip


def _counted(one: told.SeriesStatus | told.SourceStatus, checked_at: str | None, images: told.ImageCount | None) -> Row:
    return {
        "parts": one.parts, "safe": one.safe, "rescued": one.rescued, "missing": one.missing, "gone": one.gone,
        "edited": one.edited, "last_checked_at": checked_at,
        "images": images.images if images else 0, "images_held": images.held if images else 0,
        "images_unasked": images.unasked if images else 0,
    }  # fmt: skip


def changes_owed(connection: sqlite3.Connection) -> list[Row]:
    """Everything that happened to lists, parts and comments since the first run that owes a notice, in their order."""
    return all_rows(
        connection,
        "SELECT timeline.* FROM timeline WHERE at >= (SELECT min(started_at) FROM runs JOIN notices ON run_id = runs.id"
        " WHERE state = 'owed' AND notices.id > (SELECT coalesce(max(id), 0) FROM notices WHERE state = 'told'))"
        " AND kind IN ('index', 'series', 'feed', 'article', 'comment') ORDER BY at, article_id",
    )


def source_urls(connection: sqlite3.Connection) -> set[str]:
    """The URLs of everything that is kept, and of the same pages elsewhere."""
    return {
        row[0]
        for row in connection.execute("SELECT url FROM sources UNION SELECT value FROM sources, json_each(alternates)")
    }


# Each takes the sources as a JSON list; null stands for all.
_SERIES = """
SELECT series_progress.*, id IN (SELECT series_id FROM series_sources JOIN sources ON sources.id = source_id
    WHERE dropped_at IS NULL) AS is_asked FROM series_progress WHERE ?1 = 'null'
OR id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1))) ORDER BY id
"""

_PARTS = """
SELECT * FROM page_status WHERE (?1 = 'null' OR source_id IN (SELECT value FROM json_each(?1))
OR series_id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1))))
"""
_WANT_ATTENTION = f" AND (missing OR state IN {told.ODD_STATES} OR last_outcome IN {ABSENCES})"

_DROPPED = "SELECT url, dropped_at FROM sources WHERE ?1 = 'null' AND dropped_at IS NOT NULL ORDER BY id"

_HOMELESS = """
SELECT sources.id, sources.url, sources.kind, sources.dropped_at IS NULL AS is_asked,
    max(part.title) AS title, pages.last_outcome, pages.last_ok_at, pages.last_fetch_at, count(part.id) AS parts,
    coalesce(sum(part.safe), 0) AS safe, coalesce(sum(part.rescued), 0) AS rescued,
    coalesce(sum(part.missing), 0) AS missing, coalesce(sum(part.state = 'gone'), 0) AS gone,
    coalesce(sum(part.edits > 0), 0) AS edited, max(part.last_fetch_at) AS last_checked_at,
    count(articles.series_id) AS of_series, sum(articles.title_day IS NOT NULL) AS with_day, (
        SELECT series.url FROM parts JOIN articles AS one ON one.id = parts.article_id
        JOIN series ON series.id = one.series_id WHERE parts.source_id = sources.id
        GROUP BY series.id HAVING count(*) > 1 ORDER BY count(*) DESC, series.id LIMIT 1) AS likely_url,
    sources.id IN (SELECT source_id FROM series_sources) AS has_series,
    (SELECT error FROM fetches WHERE page_id = pages.id AND source = 'live' ORDER BY id DESC LIMIT 1) AS error
FROM sources JOIN pages ON pages.url = sources.url
LEFT JOIN (SELECT * FROM page_status WHERE source_id IS NOT NULL) AS part ON part.source_id = sources.id
LEFT JOIN articles ON articles.id = part.id
WHERE (?1 = 'null' OR sources.id IN (SELECT value FROM json_each(?1))) AND (part.id IS NOT NULL OR (
    sources.id NOT IN (SELECT source_id FROM series_sources) AND sources.url NOT IN (SELECT url FROM articles)))
GROUP BY sources.id
"""

# Sources whose hint names a series of which none of their links is known to be a part, though some of them were asked,
# whatever they answered: refused links of another series would else be taken for citations, and all would seem well.
_UNHEARD_HINTS = """
SELECT sources.id, sources.url, series_hint, count(DISTINCT discoveries.article_id) AS links
FROM sources JOIN pages AS lists ON lists.kind = 'index' AND (
    lists.url = sources.url OR lists.url IN (SELECT value FROM json_each(sources.alternates)))
JOIN discoveries ON discoveries.from_page_id = lists.id AND via = 'index' AND discoveries.kind = 'article'
JOIN pages ON pages.url = discoveries.url
WHERE series_hint IS NOT NULL AND dropped_at IS NULL
AND (?1 = 'null' OR sources.id IN (SELECT value FROM json_each(?1)))
GROUP BY sources.id HAVING max(pages.last_outcome IS NOT NULL) AND NOT max(EXISTS (
    SELECT 1 FROM parts WHERE parts.article_id = discoveries.article_id AND parts.series_id = series_hint
    AND parts.said_by != 'index'))
"""

# Parts that are absent and of which that is not believed yet, lists that have not been heard since, and series that are
# followed because an index links nothing else of the site.
_UNSETTLED = """
SELECT 'absent' AS what, parts.series_id, min(pages.url) AS url, count(*) AS pages, min(pages.absent_since) AS since,
    NULL AS outcome
FROM pages CROSS JOIN parts ON parts.page_id = pages.id
WHERE pages.absent_since IS NOT NULL AND pages.state NOT IN ('suspect', 'gone') AND (?1 = 'null'
    OR parts.source_id IN (SELECT value FROM json_each(?1))
    OR parts.series_id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1))))
GROUP BY parts.series_id
UNION ALL
SELECT 'unheard', pages.series_id, min(pages.url), count(*), max(last_ok_at), max(last_outcome)
FROM pages JOIN series ON series.id = pages.series_id AND followed
WHERE kind IN ('series', 'feed') AND last_fetch_at IS NOT NULL AND (?1 = 'null' OR series.id IN (
    SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1))))
GROUP BY pages.series_id HAVING NOT max(last_outcome IN ('ok', 'unchanged'))
UNION ALL
SELECT 'alone', series_sources.series_id, sources.url, 1, NULL, NULL
FROM sources JOIN series_sources ON source_id = sources.id
WHERE sources.kind = 'index' AND series_hint IS NULL AND dropped_at IS NULL
AND (?1 = 'null' OR sources.id IN (SELECT value FROM json_each(?1))) AND NOT EXISTS (
    SELECT 1 FROM discoveries JOIN pages AS lists ON lists.id = from_page_id
    WHERE via = 'index' AND discoveries.kind = 'article' AND lists.kind = 'index' AND (
        lists.url = sources.url OR lists.url IN (SELECT value FROM json_each(sources.alternates))))
"""

# Index links that never answered and whose day another part has: taken for citations, and told.
_TAKEN_FOR_CITATIONS = """
SELECT DISTINCT discoveries.article_id AS id, discoveries.url, discoveries.text, pages.last_outcome
FROM sources CROSS JOIN pages AS lists ON +lists.kind = 'index' AND (
    lists.url = sources.url OR lists.url IN (SELECT value FROM json_each(sources.alternates)))
CROSS JOIN discoveries ON discoveries.from_page_id = lists.id AND via = 'index' AND discoveries.kind = 'article'
JOIN pages ON pages.url = discoveries.url
WHERE (?1 = 'null' OR sources.id IN (SELECT value FROM json_each(?1))) AND pages.last_outcome IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM articles WHERE articles.id = discoveries.article_id)
AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.article_id = discoveries.article_id)
GROUP BY discoveries.article_id ORDER BY 1
"""

_IMAGES = """
SELECT articles.series_id, count(DISTINCT images.id) AS images,
    count(DISTINCT iif(images.capture_id IS NOT NULL, images.id, NULL)) AS held,
    count(DISTINCT iif(images.capture_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM pages WHERE pages.url = images.url AND last_fetch_at IS NOT NULL), images.id, NULL)) AS unasked,
    min(iif(images.capture_id IS NULL, images.url, NULL)) AS missing
FROM (SELECT article_id, image_id FROM article_images
    UNION ALL SELECT article_id, image_id FROM comment_images JOIN comments ON comments.id = comment_id) AS shown
JOIN images ON images.id = shown.image_id JOIN articles ON articles.id = shown.article_id
WHERE NOT articles.is_citation GROUP BY articles.series_id
"""

_EVENTS = """
SELECT events.at, events.kind, events.article_id, events.series_id, events.detail, events.other_article_id,
    articles.title FROM events LEFT JOIN articles ON articles.id = events.article_id
WHERE ?1 = 'null'
OR events.series_id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1)))
OR events.article_id IN (SELECT article_id FROM parts WHERE source_id IN (SELECT value FROM json_each(?1)))
ORDER BY events.at DESC, events.id DESC
"""

_COLLAPSED = """
SELECT articles.id, articles.title, articles.series_id, articles.url, collapses.since, collapses.letters,
    collapses.full_letters, collapses.full_capture_id, collapses.full_seen_at, collapses.full_title,
    EXISTS (SELECT 1 FROM sources WHERE dropped_at IS NULL AND (sources.url = articles.url
        OR id IN (SELECT source_id FROM parts WHERE article_id = articles.id)
        OR id IN (SELECT source_id FROM series_sources WHERE series_id = articles.series_id))) AS is_asked
FROM collapses CROSS JOIN articles ON articles.id = collapses.article_id WHERE NOT articles.is_citation AND (?1 = 'null'
OR articles.series_id IN (SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?1)))
OR articles.url IN (SELECT url FROM sources WHERE id IN (SELECT value FROM json_each(?1)))
OR articles.id IN (SELECT article_id FROM parts WHERE source_id IN (SELECT value FROM json_each(?1))))
ORDER BY articles.series_id, articles.position, articles.id
"""

_KNOWN_SERIES = """
SELECT 1 FROM series WHERE id = :id UNION ALL SELECT 1 FROM pages WHERE series_id = :id
UNION ALL SELECT 1 FROM articles WHERE series_id = :id LIMIT 1
"""
_LAST_RUN = f"""
SELECT id, command, started_at, finished_at, ended_by, exit_code, note, mass_absence,
    (SELECT count(*) FROM fetches WHERE run_id = runs.id
        AND source NOT IN ('feed', 'import')
        AND outcome NOT IN {NOT_ASKED}) AS requests
FROM runs ORDER BY id DESC LIMIT 1
"""  # noqa: S608 - a closed list of words of ours

_UNNAMED = "SELECT iif(EXISTS (SELECT 1 FROM sources WHERE dropped_at IS NULL), 0, (SELECT count(*) FROM articles))"

_UNREAD = """
SELECT count(*) FROM fetches WHERE capture_id IS NOT NULL
AND id > (SELECT coalesce(max(fetch_id), 0) FROM progress WHERE name = 'library')
"""

_OUTCOMES = """
SELECT outcome, count(*) AS pages FROM fetches JOIN pages ON pages.id = page_id JOIN runs ON runs.id = run_id
WHERE run_id = ? AND final AND kind NOT IN ('robots', 'control') AND (source = 'live' OR command = 'import')
GROUP BY outcome
"""

_PROBLEMS = """
SELECT pages.kind, field, problem, parser, count(*) AS pages, min(pages.url) AS example
FROM parse_problems JOIN pages ON pages.id = page_id GROUP BY pages.kind, field, problem, parser ORDER BY pages DESC
"""


def list_addresses(connection: sqlite3.Connection, series_id: int | None, page_number: int | None) -> list[str]:
    """The addresses under which a page of a series' list is known, the one that names its author first."""
    return [
        row["url"]
        for row in all_rows(
            connection,
            "SELECT url FROM pages WHERE kind = 'series' AND series_id = ? AND page_number = ?"
            " ORDER BY user_id IS NULL",
            series_id, page_number,
        )
    ]  # fmt: skip
