"""Which page is to be asked next (docs/law.md §8). Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from archiver.archive import following
from archiver.archive.database import Database
from archiver.archive.times import stamp
from archiver.archive.witnesses import LEFT_SINCE, LEFT_SINCE_ASKED
from archiver.model import REFUSALS

# The sources that a question is about, and their index pages, whatever their number.
_SCOPE = """
WITH scope (id) AS MATERIALIZED (SELECT value FROM json_each(:scope)),
lists (id) AS MATERIALIZED (SELECT value FROM json_each(:lists)),
candidates (id) AS ({candidates})"""

# The same as tables: unpacking 1,500 numbers for each question would cost more than the question about one page.
_LAID_OUT = "WITH candidates (id) AS (SELECT value FROM json_each(:ids))"
_TABLES = """
DROP TABLE IF EXISTS temp.scope;
CREATE TEMP TABLE scope (id INTEGER PRIMARY KEY);
INSERT INTO temp.scope SELECT value FROM json_each(:scope);
DROP TABLE IF EXISTS temp.lists;
CREATE TEMP TABLE lists (id INTEGER PRIMARY KEY);
INSERT INTO temp.lists SELECT value FROM json_each(:lists)
"""

# A page belongs to a source when the source is it, asks for its series, or is an index that links to it.
_BELONGS = """
    EXISTS (SELECT 1 FROM sources WHERE sources.url = pages.url AND +sources.id IN scope)
    OR EXISTS (SELECT 1 FROM series_sources WHERE series_sources.series_id = pages.series_id AND +source_id IN scope)
    OR EXISTS (SELECT 1 FROM parts WHERE parts.page_id = pages.id AND (+parts.source_id IN scope OR EXISTS (
        SELECT 1 FROM series_sources WHERE series_sources.series_id = parts.series_id AND +source_id IN scope)))
    OR (pages.kind = 'article' AND NOT EXISTS (SELECT 1 FROM articles WHERE articles.id = pages.article_id)
        AND EXISTS (SELECT 1 FROM discoveries WHERE discoveries.url = pages.url AND +via = 'index'
            AND +from_page_id IN lists))
"""

_KEPT = """(
    EXISTS (SELECT 1 FROM parts WHERE parts.article_id = {article} AND (+parts.source_id IN scope OR EXISTS (
        SELECT 1 FROM series_sources WHERE series_sources.series_id = parts.series_id AND +source_id IN scope)))
    OR EXISTS (SELECT 1 FROM articles CROSS JOIN sources ON sources.url = articles.url
        WHERE articles.id = {article} AND +sources.id IN scope))
"""

# Images and outside links belong to a source when one of its parts, or the article that it is, shows them.
_SHOWN = f"""
    OR (pages.kind = 'image' AND (
        EXISTS (SELECT 1 FROM images CROSS JOIN article_images ON image_id = images.id
            WHERE images.url = pages.url AND {_KEPT.format(article="article_images.article_id")})
        OR EXISTS (SELECT 1 FROM images CROSS JOIN comment_images ON image_id = images.id
            CROSS JOIN comments ON comments.id = comment_id
            WHERE images.url = pages.url AND {_KEPT.format(article="comments.article_id")})))
    OR (pages.kind = 'link' AND EXISTS (
        SELECT 1 FROM links WHERE links.target_url = pages.url AND {_KEPT.format(article="links.article_id")}))
"""  # noqa: S608 - no words from outside

# Seen in the future: the clock was wrong then, and what was never asked is due whatever it said. What no longer says
# what it used to say is asked daily for a time; and a picture that came, and by a later law is none, since it is cut.
_DUE = (
    "pages.due_at <= :now OR pages.last_fetch_at IS NULL OR pages.last_fetch_at > :tomorrow"
    " OR (pages.last_fetch_at <= :lately"
    " AND (pages.id IN (SELECT page_id FROM lost_fields WHERE lost_since > :since)"
    " OR (pages.kind = 'image' AND pages.last_outcome IN ('ok', 'unchanged')"
    " AND EXISTS (SELECT 1 FROM images WHERE images.url = pages.url AND images.capture_id IS NULL))))"
)

# Each page that can be due by `_DUE`, found by an index: of those alone the rest is asked. Links whose turn never comes
# stand beside the others, so each kind is looked up by itself.
_CANDIDATES = f"""
SELECT id FROM pages WHERE kind IN ({{kinds}}) AND due_at <= :now
UNION SELECT id FROM pages WHERE kind IN ({{kinds}}) AND last_fetch_at IS NULL
UNION SELECT id FROM pages WHERE kind IN ({{kinds}}) AND last_fetch_at > :tomorrow
UNION SELECT page_id FROM lost_fields WHERE lost_since > :since
UNION SELECT pages.id FROM images CROSS JOIN pages ON pages.url = images.url
    WHERE images.capture_id IS NULL AND 'image' IN ({{kinds}})
UNION {LEFT_SINCE}
"""  # noqa: S608 - the same

_EVERY = "SELECT id FROM pages WHERE kind IN ({kinds})"

_ALL = "SELECT pages.*, parts.position AS part_position "

# The address of a list that names no author rests while the same list answers under the one that does.
_WANTED = """FROM candidates CROSS JOIN pages ON pages.id = candidates.id LEFT JOIN parts ON parts.page_id = pages.id
WHERE +pages.kind IN ({kinds}) AND ({belongs}) AND {due}
AND +pages.host != '' -- an image that stands in a saved page itself has no host to ask
AND NOT EXISTS (SELECT 1 FROM fetches WHERE +run_id = :run_id AND page_id = pages.id AND final
    AND +source = 'live')
AND NOT (pages.kind = 'series' AND pages.user_id IS NULL AND EXISTS (
    SELECT 1 FROM pages AS named WHERE +named.kind = 'series' AND named.series_id = pages.series_id
    AND named.page_number = pages.page_number AND named.user_id IS NOT NULL
    AND +named.last_outcome IN ('ok', 'unchanged')))
"""

# Of lists and articles: those that were refused, or are due.
_STANDING = """
SELECT pages.host, pages.kind, pages.last_outcome, pages.due_at,
    iif(pages.kind = 'article', EXISTS (SELECT 1 FROM articles WHERE articles.id = pages.article_id),
        pages.last_ok_at IS NOT NULL) AS held
FROM candidates CROSS JOIN pages ON pages.id = candidates.id"""

_STANDS = f"""
SELECT id FROM pages WHERE kind IN ({{kinds}}) AND due_at <= :now
UNION SELECT id FROM pages INDEXED BY pages_refused
    WHERE last_outcome IN ({", ".join(f"'{outcome}'" for outcome in sorted(REFUSALS))})
"""  # noqa: S608 - closed lists of words of ours

# A list whose pages never end is asked on after the parts that it named already.
_PLACE = """CASE pages.kind
    WHEN 'index' THEN 0 WHEN 'series' THEN iif(coalesce(pages.page_number, 1) > 10, 4, 1)
    WHEN 'feed' THEN 2 WHEN 'article' THEN 3 WHEN 'image' THEN 5 ELSE 6 END,
    pages.state NOT IN ('new', 'blocked'), pages.last_fetch_at IS NOT NULL, pages.page_number,
    pages.user_id IS NULL, parts.series_id, parts.position IS NULL, parts.position, pages.due_at"""

_ORDER = f" ORDER BY {_PLACE}, pages.id"


_LOST_AGAIN = timedelta(hours=20)  # so that a daily cron job finds it due
_LOST_FOR = timedelta(days=14)  # a template that changed for good is no reason to ask every day for ever


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run is about: which sources, and what counts as due."""

    source_ids: tuple[int, ...]
    run_id: int = 0  # pages asked in this run are not asked again in it; 0 for a plan
    force: bool = False  # everything is due
    images: bool = True  # whether images are asked for
    links: bool = False  # whether outside links are
    max_age_days: float | None = None  # due when not seen for this long, instead of by its due date


def source_ids(database: Database, urls: Iterable[str] | None) -> tuple[int, ...]:
    """The numbers of these sources, or of all that were not taken back."""
    if urls is None:
        return tuple(sorted(database.numbers("SELECT id FROM sources WHERE dropped_at IS NULL")))
    named = "SELECT id FROM sources WHERE url IN (SELECT value FROM json_each(?))"
    return tuple(sorted(database.numbers(named, urls)))


def due_pages(database: Database, scope: Scope, now: datetime, limit: int = -1) -> list[dict[str, Any]]:
    """The pages to be asked, in order: lists before parts, new before known, in the order of the series."""
    return list(database.query(_sql(scope, _ALL, f"{_ORDER} LIMIT {int(limit)}"), _values(database, scope, now)))


def lay_out(database: Database, scope: Scope) -> None:
    """Put the sources of a scope, and their index pages, where `due_among` and `put_due` look for them."""
    given = {"scope": json.dumps(sorted(set(scope.source_ids))), "lists": index_pages(database, scope)}
    for statement in _TABLES.split(";"):
        database.execute(statement, given)


def due_among(database: Database, scope: Scope, now: datetime, ids: Iterable[int]) -> list[dict[str, Any]]:
    """Those of these pages that are to be asked. The scope is the one that was laid out."""
    sql = f"{_LAID_OUT}{_ALL}{_WANTED.format(**_words(scope))}{_ORDER}"
    return list(database.query(sql, {**_moment(scope, now), "ids": json.dumps(list(ids))}))


def put_due(database: Database, scope: Scope, now: datetime, ids: Iterable[int] | None) -> int:
    """Put each page to be asked, of all or of these, into `temp.due`, with its place; gives how many there are."""
    asked = f"SELECT pages.id, {_PLACE} "
    if ids is None:
        sql, values = _sql(scope, asked), _values(database, scope, now)
    else:
        sql = f"{_LAID_OUT}{asked}{_WANTED.format(**_words(scope))}"
        values = {**_moment(scope, now), "ids": json.dumps(list(ids))}
    return database.execute(f"INSERT INTO temp.due {sql}", values).rowcount


def index_pages(database: Database, scope: Scope) -> str:
    """The numbers of the index pages of a scope, a JSON list."""
    rows = database.query(following.INDEX_PAGES, {"sources": json.dumps(scope.source_ids)})
    return json.dumps(sorted({row["page_id"] for row in rows}))


def count_due(database: Database, scope: Scope, now: datetime) -> int:
    """How many pages are to be asked now."""
    return int(database.value(_sql(scope, "SELECT count(*) "), _values(database, scope, now)))


def standing(database: Database, scope: Scope, now: datetime) -> list[dict[str, Any]]:
    """Host, kind, last outcome and date of each list and article that was refused or is due, and whether it is held."""
    scope = replace(scope, images=False, links=False)
    words = _words(scope)
    candidates = _SCOPE.format(candidates=_STANDS.format(**words))
    sql = f"{candidates}{_STANDING} WHERE +pages.kind IN ({words['kinds']}) AND ({words['belongs']})"
    return list(database.query(sql, _values(database, scope, now)))


def next_due(database: Database, scope: Scope, now: datetime) -> str | None:
    """When the first list or article of the sources is due."""
    scope = replace(scope, images=False, links=False)
    first = [
        f"SELECT * FROM (SELECT due_at FROM pages WHERE kind = {kind} AND ({_words(scope)['belongs']})"  # noqa: S608
        " ORDER BY due_at LIMIT 1)"
        for kind in _words(scope)["kinds"].split(", ")
    ]
    sql = f"{_SCOPE.format(candidates='SELECT 0')} SELECT min(due_at) AS at FROM ({' UNION ALL '.join(first)})"  # noqa: S608
    found: str | None = database.value(sql, _values(database, scope, now))
    return found


def holds_a_part(database: Database, scope: Scope, now: datetime) -> bool:
    """Whether an article of the sources is held."""
    scope = replace(scope, images=False, links=False)
    sql = (
        f"{_SCOPE.format(candidates='SELECT 0')} SELECT 1 FROM articles CROSS JOIN pages"  # noqa: S608
        f" ON pages.article_id = articles.id WHERE +pages.kind = 'article' AND ({_words(scope)['belongs']}) LIMIT 1"
    )
    return database.row(sql, _values(database, scope, now)) is not None


def _sql(scope: Scope, asked: str, order: str = "") -> str:
    """The question which pages of a scope are wanted: what of them is asked, and in which order it is told."""
    words = _words(scope)
    is_any = scope.force or scope.max_age_days is not None
    candidates = (_EVERY if is_any else _CANDIDATES).format(**words)
    return f"{_SCOPE.format(candidates=candidates)}{asked}{_WANTED.format(**words)}{order}"


def _words(scope: Scope) -> dict[str, str]:
    kinds = ["index", "series", "feed", "article", *["image"] * scope.images, *["link"] * scope.links]
    belongs = _BELONGS + (_SHOWN if scope.images or scope.links else "")
    return {"kinds": ", ".join(f"'{kind}'" for kind in kinds), "belongs": belongs, "due": _due(scope)}


def _values(database: Database, scope: Scope, now: datetime) -> dict[str, Any]:
    return {
        "scope": json.dumps(scope.source_ids), "lists": index_pages(database, scope), **_moment(scope, now),
    }  # fmt: skip


def _moment(scope: Scope, now: datetime) -> dict[str, Any]:
    return {
        "run_id": scope.run_id, "now": stamp(now), "tomorrow": stamp(now + timedelta(days=1)),
        "lately": stamp(now - _LOST_AGAIN), "since": stamp(now - _LOST_FOR),
        "seen_before": stamp(now - timedelta(days=scope.max_age_days or 0)),
    }  # fmt: skip


def _due(scope: Scope) -> str:
    if scope.force:
        return "1"
    if scope.max_age_days is not None:
        return "(coalesce(pages.last_ok_at, '') <= :seen_before OR pages.last_ok_at > :tomorrow)"
    return f"({_DUE} OR ({LEFT_SINCE_ASKED}))"
