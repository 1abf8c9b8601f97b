"""Which page is to be asked next. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from archiver.archive.times import stamp
from archiver.archive.witnesses import LEFT_SINCE_ASKED

# A page belongs to a source when the source is it, asks for its series, or is an index that links to it.
_BELONGS = """
    pages.url IN (SELECT url FROM sources WHERE id IN ({scope}))
    OR pages.series_id IN (SELECT series_id FROM series_sources WHERE source_id IN ({scope}))
    OR pages.id IN (SELECT page_id FROM parts WHERE source_id IN ({scope})
        OR series_id IN (SELECT series_id FROM series_sources WHERE source_id IN ({scope})))
    OR (pages.kind = 'article' AND pages.article_id NOT IN (SELECT id FROM articles) AND pages.url IN (
        SELECT discoveries.url FROM discoveries JOIN pages AS lists ON lists.id = from_page_id
        JOIN sources ON sources.url = lists.url OR lists.url IN (SELECT value FROM json_each(sources.alternates))
        WHERE via = 'index' AND sources.id IN ({scope})))
"""

# Images and outside links belong to a source when one of its parts, or the article that it is, shows them.
_SHOWN = """
    OR (pages.kind IN ('image', 'link') AND pages.url IN (
        WITH kept AS (
            SELECT article_id AS id FROM parts WHERE source_id IN ({scope})
                OR series_id IN (SELECT series_id FROM series_sources WHERE source_id IN ({scope}))
            UNION SELECT articles.id FROM articles JOIN sources ON sources.url = articles.url
                WHERE sources.id IN ({scope}))
        SELECT images.url FROM images JOIN article_images ON image_id = images.id WHERE article_id IN kept
        UNION SELECT images.url FROM images JOIN comment_images ON image_id = images.id
            JOIN comments ON comments.id = comment_id WHERE article_id IN kept
        UNION SELECT target_url FROM links WHERE article_id IN kept))
"""

# Seen in the future: the clock was wrong then, and what was never asked is due whatever it said. What no longer says
# what it used to say is asked daily for a time; and a picture that came, and by a later law is none, since it is cut.
_DUE = (
    "pages.due_at <= :now OR pages.last_fetch_at IS NULL OR pages.last_fetch_at > :tomorrow"
    " OR (pages.last_fetch_at <= :lately"
    " AND (pages.id IN (SELECT page_id FROM lost_fields WHERE lost_since > :since)"
    " OR (pages.kind = 'image' AND pages.last_outcome IN ('ok', 'unchanged')"
    " AND EXISTS (SELECT 1 FROM images WHERE images.url = pages.url AND images.capture_id IS NULL))))"
)

_ALL = "SELECT pages.*, parts.position AS part_position "

# The address of a list that names no author rests while the same list answers under the one that does.
_WANTED = """FROM pages LEFT JOIN parts ON parts.page_id = pages.id
WHERE pages.kind IN ({kinds}) AND ({belongs}) AND {due}
AND pages.host != '' -- an image that stands in a saved page itself has no host to ask
AND NOT EXISTS (SELECT 1 FROM fetches WHERE run_id = :run_id AND page_id = pages.id AND final
    AND source = 'live')
AND NOT (pages.kind = 'series' AND pages.user_id IS NULL AND EXISTS (
    SELECT 1 FROM pages AS named WHERE named.kind = 'series' AND named.series_id = pages.series_id
    AND named.page_number = pages.page_number AND named.user_id IS NOT NULL
    AND named.last_outcome IN ('ok', 'unchanged')))
"""

_STANDING = """
SELECT pages.host, pages.kind, pages.last_outcome, pages.due_at,
    iif(pages.kind = 'article', pages.article_id IN (SELECT id FROM articles), pages.last_ok_at IS NOT NULL) AS held
FROM pages"""

# A list whose pages never end is asked on after the parts that it named already.
_ORDER = """
ORDER BY CASE pages.kind
    WHEN 'index' THEN 0 WHEN 'series' THEN iif(coalesce(pages.page_number, 1) > 10, 4, 1)
    WHEN 'feed' THEN 2 WHEN 'article' THEN 3 WHEN 'image' THEN 5 ELSE 6 END,
    pages.state NOT IN ('new', 'blocked'), pages.last_fetch_at IS NOT NULL, pages.page_number,
    pages.user_id IS NULL, parts.series_id, part_position IS NULL, part_position, pages.due_at, pages.id
"""


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
        return tuple(row["id"] for row in database.query("SELECT id FROM sources WHERE dropped_at IS NULL ORDER BY id"))
    wanted = list(urls)
    marks = ", ".join("?" * len(wanted))
    rows = database.query(f"SELECT id FROM sources WHERE url IN ({marks}) ORDER BY id", wanted)  # noqa: S608
    return tuple(row["id"] for row in rows)


def due_pages(database: Database, scope: Scope, now: datetime, limit: int = -1) -> list[dict[str, Any]]:
    """The pages to be asked, in order: lists before parts, new before known, in the order of the series."""
    return list(
        database.query(f"{_ALL}{_WANTED.format(**_words(scope))}{_ORDER} LIMIT {int(limit)}", _values(scope, now))
    )


def count_due(database: Database, scope: Scope, now: datetime) -> int:
    """How many pages are to be asked now."""
    rows = database.query(f"SELECT count(*) AS n {_WANTED.format(**_words(scope))}", _values(scope, now))
    return int(next(iter(rows))["n"])


def standing(database: Database, scope: Scope) -> list[dict[str, Any]]:
    """How each list and article of the sources stands: host, kind, last outcome, when it is due, whether it is held."""
    words = _words(replace(scope, images=False, links=False))
    return list(database.query(f"{_STANDING} WHERE pages.kind IN ({words['kinds']}) AND ({words['belongs']})"))


def count_sql(scope: Scope, now: datetime) -> str:
    """The same question with its values in place, for the sqlite3 shell (bench/scale.py)."""
    sql = f"SELECT count(*) AS n {_WANTED.format(**_words(scope))}"
    for name, value in _values(scope, now).items():
        sql = sql.replace(f":{name}", str(value) if isinstance(value, int) else f"'{value}'")
    return sql


def _words(scope: Scope) -> dict[str, str]:
    marks = ", ".join(str(int(source_id)) for source_id in scope.source_ids)
    kinds = ["index", "series", "feed", "article", *["image"] * scope.images, *["link"] * scope.links]
    belongs = _BELONGS + (_SHOWN if scope.images or scope.links else "")
    named = ", ".join(f"'{kind}'" for kind in kinds)
    return {"kinds": named, "belongs": belongs.format(scope=marks), "due": _due(scope)}


def _values(scope: Scope, now: datetime) -> dict[str, Any]:
    return {
        "run_id": scope.run_id, "now": stamp(now), "tomorrow": stamp(now + timedelta(days=1)),
        "lately": stamp(now - _LOST_AGAIN), "since": stamp(now - _LOST_FOR),
        "seen_before": _seen_before(scope, now),
    }  # fmt: skip


def _due(scope: Scope) -> str:
    if scope.force:
        return "1"
    if scope.max_age_days is not None:
        return "(coalesce(pages.last_ok_at, '') <= :seen_before OR pages.last_ok_at > :tomorrow)"
    return f"({_DUE} OR ({LEFT_SINCE_ASKED}))"


def _seen_before(scope: Scope, now: datetime) -> str:
    return stamp(now - timedelta(days=scope.max_age_days or 0))
