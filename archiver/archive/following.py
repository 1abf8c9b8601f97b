"""Which series are followed (docs/law.md §10): asked of what sources say alone, which costs the same in any archive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from typing import Any

from archiver import ithome
from archiver.archive.database import Database
from archiver.model import Address

_ENOUGH = 3  # articles of one more series by the same author that make an index list that series too

INDEX_PAGES = """
SELECT sources.id AS source_id, pages.id AS page_id FROM sources CROSS JOIN pages ON pages.url = sources.url
    WHERE +pages.kind = 'index' AND sources.id IN (SELECT value FROM json_each(:sources))
UNION SELECT sources.id, pages.id FROM sources CROSS JOIN json_each(sources.alternates) AS other
    CROSS JOIN pages ON pages.url = other.value
    WHERE +pages.kind = 'index' AND sources.id IN (SELECT value FROM json_each(:sources))
"""
"""The index pages of sources (`:sources`, a JSON list of their numbers), each under all of its addresses.

Here as elsewhere CROSS JOIN says in which order SQLite is to look things up (lang_select.html, 3.2.1): nobody has told
it how large its tables are, and it would begin with all pages that are an index."""

_FOLLOWED_BY_NAME = """
SELECT pages.series_id AS series_id, sources.id AS source_id FROM sources CROSS JOIN pages ON pages.url = sources.url
    WHERE +pages.series_id IS NOT NULL AND sources.id IN (SELECT value FROM json_each(:sources))
UNION ALL SELECT series_hint, id FROM sources
    WHERE series_hint IS NOT NULL AND id IN (SELECT value FROM json_each(:sources))
UNION ALL SELECT articles.series_id, sources.id FROM sources CROSS JOIN pages ON pages.url = sources.url
    CROSS JOIN articles ON articles.id = pages.article_id AND articles.url = sources.url
    WHERE +articles.series_id IS NOT NULL AND sources.id IN (SELECT value FROM json_each(:sources))
"""

# All that an index without a hint ever linked to on the site, read or not, and who is known to have written it: by its
# own page, else by the pages that name it as a part of a series.
_LINKED_BY_INDEX = f"""
WITH lists AS ({INDEX_PAGES}), links AS (
    SELECT sources.id AS source_id, discoveries.kind, discoveries.article_id, discoveries.series_id, discoveries.url,
        min(discoveries.first_seen_at) AS since
    FROM lists CROSS JOIN sources ON sources.id = lists.source_id
    CROSS JOIN discoveries ON discoveries.from_page_id = lists.page_id AND +via = 'index'
    WHERE sources.kind = 'index' AND series_hint IS NULL
    GROUP BY sources.id, discoveries.url
), told AS (
    SELECT links.*, articles.author_id, coalesce(links.series_id, articles.series_id, (
        SELECT series_id FROM discoveries AS said WHERE said.article_id = links.article_id
        AND +said.via IN ('series', 'feed', 'previous', 'next', 'catalog') AND +said.series_id IS NOT NULL
        ORDER BY CASE said.via WHEN 'series' THEN 1 WHEN 'feed' THEN 3 ELSE 2 END, said.id LIMIT 1)) AS told_series_id
    FROM links LEFT JOIN articles ON articles.id = links.article_id
)
SELECT source_id, told.kind, told.url, since, told_series_id AS series_id,
    coalesce(told.author_id, series.author_id) AS author_id
FROM told LEFT JOIN series ON series.id = told_series_id ORDER BY source_id, told.url
"""  # noqa: S608 - no words from outside


def follow(database: Database, sources: Collection[int]) -> tuple[set[int], set[int]]:
    """Bring what these sources ask for in line with all that is known.

    Gives the series of which that changed, and those of which more is known since.
    """
    named = {"sources": json.dumps(sorted(sources))}
    followed = {(row["series_id"], row["source_id"]) for row in database.query(_FOLLOWED_BY_NAME, named)}
    followed |= _listed_series(list(database.query(_LINKED_BY_INDEX, named)))
    told = {
        series_id for series_id in sorted({series_id for series_id, _ in followed}) if _is_told(database, series_id)
    }
    held = "SELECT series_id, source_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(:sources))"
    before = {(row["series_id"], row["source_id"]) for row in database.query(held, named)}
    for pair in sorted(before - followed):
        database.execute("DELETE FROM series_sources WHERE series_id = ? AND source_id = ?", list(pair))
    for pair in sorted(followed - before):
        database.execute("INSERT INTO series_sources (series_id, source_id) VALUES (?, ?)", list(pair))
    return {series_id for series_id, _ in before ^ followed}, told


def mark(database: Database, series: Collection[int]) -> None:
    """Write at each of these series whether it is followed."""
    database.execute(
        "UPDATE series SET followed = NOT followed WHERE id IN (SELECT value FROM json_each(?))"
        " AND followed != EXISTS (SELECT 1 FROM series_sources WHERE series_id = series.id)",
        [json.dumps(sorted(series))],
    )


def _listed_series(linked: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Which series the indexes without a hint list, as (series, source)."""
    by_source: dict[int, list[dict[str, Any]]] = {}
    for link in linked:
        by_source.setdefault(link["source_id"], []).append({**link, "owner": _owner(link)})
    return {(series_id, source_id) for source_id, links in by_source.items() for series_id in _listed_by(links)}


def _listed_by(links: list[dict[str, Any]]) -> set[int]:
    """The series that one index lists: those of the author of most of *all* that it links to (docs/law.md §10).

    Where links were added that nobody has read yet, what was listed before them still holds.
    """
    articles = [link for link in links if link["kind"] == "article"]
    counted = articles or links
    for since in sorted({link["since"] for link in counted}, reverse=True):
        listed = _of_most([link for link in counted if link["since"] <= since])
        if listed:
            return listed
    return set()


def _of_most(links: list[dict[str, Any]]) -> set[int]:
    """The series of whoever wrote more than half of these links; where only one series is linked, that one."""
    named = {link["series_id"] for link in links if link["kind"] == "series"}
    if len(named) == 1:
        return named
    owners = Counter(link["owner"] for link in links if link["owner"] is not None)
    owner, share = next(iter(owners.most_common(1)), (None, 0))
    if share * 2 <= len(links):
        return set()
    series = Counter(link["series_id"] for link in links if link["owner"] == owner and link["series_id"] is not None)
    most = max(series.values(), default=0)
    return {series_id for series_id, count in series.items() if count == most or count >= _ENOUGH}


def _owner(link: dict[str, Any]) -> int | None:
    """The user id of who wrote what is linked; a link to a series says it itself."""
    address = ithome.classify(link["url"])
    named = address.user_id if isinstance(address, Address) else None
    return named if named is not None else link["author_id"]


def _is_told(database: Database, series_id: int) -> bool:
    """Give a followed series a row, by what its addresses say; gives whether it came about now, or learnt more."""
    page = database.row(
        "SELECT url, user_id FROM pages WHERE series_id = ? AND kind IN ('series', 'feed')"
        " ORDER BY kind DESC, page_number, user_id IS NULL LIMIT 1",
        [series_id],
    ) or {"url": "", "user_id": None}
    if page["user_id"] is not None:
        database.execute("INSERT INTO authors (id) VALUES (?) ON CONFLICT DO NOTHING", [page["user_id"]])
    told = database.execute(
        "INSERT INTO series (id, url, author_id) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET url = excluded.url, author_id = excluded.author_id WHERE author_id IS NULL AND ("
        " excluded.author_id IS NOT NULL OR (url = '' AND excluded.url != ''))",
        [series_id, page["url"], page["user_id"]],
    )
    return told.rowcount > 0
