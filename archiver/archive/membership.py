"""Which page is a part of which series, which are wanted, and which article is only cited (docs/law.md §10).

After a page was read, only what it can concern is settled (`touched`); that gives the same rows as settling all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from archiver import ithome, urls
from archiver.archive import following, touched
from archiver.archive.database import Database
from archiver.model import Address
from archiver.text import title_day

_MANY = 2_000  # pages read since the last time: then all is settled, some sources at a time
_A_FEW = 50  # sources

# Who says that a page is a part, best witness first. What its own page says counts more than all others; where that is
# silent, others speak.
_CLAIMS = """
WITH claims AS (
    SELECT id AS article_id, url, series_id, NULL AS source_id, position, title, 'article' AS said_by, 1 AS rank,
        '' AS via, 0 AS id
        FROM articles WHERE id IN (SELECT value FROM json_each(:articles))
        AND EXISTS (SELECT 1 FROM series WHERE series.id = articles.series_id AND followed)
    UNION ALL
    SELECT discoveries.article_id, url, series_id, NULL, position, text,
        CASE via WHEN 'series' THEN 'series' WHEN 'feed' THEN 'feed' ELSE 'neighbour' END,
        CASE via WHEN 'series' THEN 2 WHEN 'feed' THEN 4 ELSE 3 END, via, id
        FROM discoveries WHERE article_id IN (SELECT value FROM json_each(:articles))
        AND +via IN ('series', 'feed', 'previous', 'next', 'catalog')
        AND EXISTS (SELECT 1 FROM series WHERE series.id = discoveries.series_id AND followed)
        AND NOT EXISTS (SELECT 1 FROM articles WHERE articles.id = discoveries.article_id AND series_id IS NOT NULL)
)
SELECT article_id, url, series_id, source_id, position, title, said_by FROM claims
ORDER BY article_id, rank, position IS NULL, via, id
"""

# What an index links to and nobody else places: all of it while no series is known, else what its own page leaves open.
_LISTED = f"""
WITH lists AS ({following.INDEX_PAGES})
SELECT lists.source_id, discoveries.article_id, discoveries.url, discoveries.position, discoveries.text,
    discoveries.from_page_id, discoveries.heading,
    (SELECT min(series_id) FROM series_sources WHERE source_id = lists.source_id) AS series_id,
    (SELECT count(*) FROM series_sources WHERE source_id = lists.source_id) AS series_count,
    articles.id IS NOT NULL AS is_read, articles.series_id AS own_series_id, articles.author_id,
    articles.title_day AS own_day
FROM lists
CROSS JOIN discoveries ON discoveries.from_page_id = lists.page_id AND +via = 'index' AND +discoveries.kind = 'article'
LEFT JOIN articles ON articles.id = discoveries.article_id
ORDER BY lists.source_id, discoveries.position, discoveries.id
"""  # noqa: S608 - no words from outside

# An article that is a source is a part of its own, until it is known to be one of a series.
_NAMED = """
SELECT sources.id AS source_id, pages.article_id, sources.url, NULL AS series_id, NULL AS position, title,
    iif(articles.id IS NULL, 'source', 'article') AS said_by
FROM pages CROSS JOIN sources ON sources.url = pages.url LEFT JOIN articles ON articles.id = pages.article_id
WHERE +sources.kind = 'article' AND pages.article_id IN (SELECT value FROM json_each(?)) ORDER BY sources.id
"""


def settle(database: Database, pages: Collection[int], series: Collection[int] = ()) -> set[int]:
    """Bring followed series, wanted pages, parts and citations in line with what these pages say since they were read.

    `series`: others of which something became known. Gives the articles whose place may have changed.
    """
    if len(pages) > _MANY:
        return settle_all(database)
    articles = touched.articles_of_pages(database, pages)
    near = {*series} | touched.series_of_pages(database, pages) | touched.series_of_articles(database, articles)
    sources = (
        touched.sources_named_by(database, pages)
        | touched.sources_of_indexes(database, pages)
        | touched.sources_asking(database, near)
        | touched.sources_linking(database, articles | touched.articles_of_series(database, near), near)
    )
    sources, changed = _follow(database, sources, pages, near)
    near |= changed
    moved = touched.articles_of_series(database, changed)
    sources |= touched.sources_asking(database, near | touched.series_of_articles(database, moved))
    sources |= touched.sources_linking(database, articles | moved)
    arranged = articles | moved | _linked(database, sources)
    _want_shown(database, articles | _keep_parts(database, arranged))
    _mark_citations(database, arranged)
    return arranged


def settle_all(database: Database) -> set[int]:
    """The same of everything, some sources at a time, so that memory does not grow with the archive."""
    every = sorted(database.numbers("SELECT id FROM sources"))
    lists = database.numbers("SELECT DISTINCT from_page_id FROM discoveries")
    _follow(database, every, lists, database.numbers("SELECT id FROM series"))
    arranged: set[int] = set()
    for start in range(0, len(every), _A_FEW):
        few = every[start : start + _A_FEW]
        of_sources = _of_sources(database, few) - arranged
        _keep_parts(database, of_sources)
        arranged |= of_sources
    others = database.numbers("SELECT article_id FROM parts") - arranged
    _keep_parts(database, others)
    articles = database.numbers("SELECT id FROM articles")
    _want_shown(database, articles)
    _mark_citations(database, articles)
    return arranged | others


def _follow(
    database: Database, sources: Collection[int], pages: Collection[int], series: Collection[int]
) -> tuple[set[int], set[int]]:
    """Which series are followed, and which pages are wanted of them (`series`, what changes) and named by `pages`.

    What becomes known of a series by that may tell whose the links of other indexes are. Gives the sources that were
    looked at, and the series of which anything changed.
    """
    looked_at, changed, at, named = set(sources), set[int](), set(sources), pages
    while True:
        found, told = following.follow(database, at)
        changed |= found | told
        following.mark(database, changed.union(series))
        told |= _want_pages(database, named, changed.union(series))
        if not told:
            return looked_at, changed
        articles = touched.articles_of_series(database, told)
        at = touched.sources_asking(database, told) | touched.sources_linking(database, articles, told)
        looked_at |= at
        named = ()


def _linked(database: Database, sources: Collection[int]) -> set[int]:
    """The articles that the indexes of these sources link to."""
    rows = database.query(following.INDEX_PAGES, {"sources": json.dumps(sorted(sources))})
    return touched.articles_linked(database, {row["page_id"] for row in rows})


def _of_sources(database: Database, sources: list[int]) -> set[int]:
    """Every article that can be a part because of these sources."""
    asked = "SELECT series_id FROM series_sources WHERE source_id IN (SELECT value FROM json_each(?))"
    themselves = (
        "SELECT article_id FROM sources CROSS JOIN pages ON pages.url = sources.url WHERE +article_id IS NOT NULL"
        " AND sources.id IN (SELECT value FROM json_each(?))"
    )
    of_series = touched.articles_of_series(database, database.numbers(asked, sources))
    return of_series | database.numbers(themselves, sources) | _linked(database, sources)


_FOLLOWED = "SELECT id, author_id FROM series WHERE followed AND id IN (SELECT value FROM json_each(?))"
_PAGES = "SELECT id, url FROM pages WHERE url IN (SELECT value FROM json_each(?))"
_WANTED = """
WITH named AS (
    SELECT url FROM discoveries WHERE from_page_id IN (SELECT value FROM json_each(:pages))
    UNION SELECT url FROM discoveries WHERE series_id IN (SELECT value FROM json_each(:series))
)
SELECT url, min(first_seen_at) AS at FROM named CROSS JOIN discoveries USING (url)
WHERE NOT EXISTS (SELECT 1 FROM pages WHERE pages.url = discoveries.url)
AND ((via = 'index' AND kind = 'article')
    OR EXISTS (SELECT 1 FROM series WHERE series.id = discoveries.series_id AND followed))
GROUP BY url ORDER BY min(discoveries.id)
"""


def _want_pages(database: Database, pages: Collection[int], series: Collection[int]) -> set[int]:
    """Pages to be asked: lists and parts of followed series, and every article that an index of ours links to.

    Of what these pages name, and of these series. Gives the series of which there are more lists to be asked now.
    """
    lists = []
    for one in database.rows_of(_FOLLOWED, series):
        lists.append(ithome.feed_url(one["id"]))
        if one["author_id"] is not None:
            lists.append(ithome.series_url(one["author_id"], one["id"]))
    known = {row["url"] for row in database.rows_of(_PAGES, lists)}
    wanted = {url: None for url in lists if url not in known}
    named = database.query(_WANTED, {"pages": json.dumps(sorted(pages)), "series": json.dumps(sorted(series))})
    found = [_want(database, url, at) for url, at in [*wanted.items(), *((row["url"], row["at"]) for row in named)]]
    return {series_id for series_id in found if series_id is not None}


# Images and outside links of parts and of articles that were asked for by themselves, not of citations.
_SHOWN = """
WITH kept AS (
    SELECT id FROM articles WHERE id IN (SELECT value FROM json_each(?)) AND (
        EXISTS (SELECT 1 FROM parts WHERE parts.article_id = articles.id)
        OR EXISTS (SELECT 1 FROM sources WHERE sources.url = articles.url))
), shown AS (
    SELECT image_id FROM kept CROSS JOIN article_images ON article_id = kept.id
    UNION SELECT image_id FROM kept CROSS JOIN comments ON comments.article_id = kept.id
        CROSS JOIN comment_images ON comment_id = comments.id
)
SELECT url, 'image' AS kind FROM images WHERE id IN shown
    AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.url = images.url)
UNION ALL SELECT * FROM (
    SELECT target_url, 'link' FROM kept CROSS JOIN links ON article_id = kept.id
    WHERE +target_url IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.url = links.target_url)
    GROUP BY target_url ORDER BY min(links.id))
"""


def _want_shown(database: Database, articles: Collection[int]) -> None:
    """The images that are shown, and the outside pages that are linked to. Whether they are asked is the run's word."""
    shown = []
    for row in database.rows_of(_SHOWN, articles):
        address = ithome.image_address(row["url"]) if row["kind"] == "image" else ithome.link_address(row["url"])
        if address is not None and address.url == row["url"]:
            shown.append(_page(address, None))
    if shown:
        database.conn.executemany(_WANT_PAGE, shown)


def _want(database: Database, url: str, at: str | None) -> int | None:
    """The series of which there is another list now; None for any other page, and for one that was known.

    What is named may be a page by another URL, so that it is named again each time that it is looked for.
    """
    address = ithome.classify(url)
    if not isinstance(address, Address):  # a number that no page can have names nothing that could be asked
        return None
    is_new = database.execute(_WANT_PAGE, _page(address, at)).rowcount > 0
    return address.series_id if is_new else None


_WANT_PAGE = """
INSERT INTO pages (url, kind, host, article_id, series_id, user_id, page_number, first_seen_at, state_since, due_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, at, at, at FROM (SELECT coalesce(?8, (SELECT max(started_at) FROM runs)) AS at)
WHERE true ON CONFLICT (url) DO NOTHING
"""


def _page(address: Address, at: str | None) -> tuple[str | int | None, ...]:
    return (
        address.url, address.kind.value, urls.host(address.url), address.article_id, address.series_id,
        address.user_id, address.page_number, at,
    )  # fmt: skip


def _mark_citations(database: Database, articles: Collection[int]) -> None:
    database.execute(
        "UPDATE articles SET is_citation = NOT is_citation WHERE id IN (SELECT value FROM json_each(?))"
        " AND is_citation != (NOT EXISTS (SELECT 1 FROM parts WHERE parts.article_id = articles.id)"
        " AND NOT EXISTS (SELECT 1 FROM sources WHERE sources.url = articles.url))",
        [json.dumps(sorted(articles))],
    )


def _keep_parts(database: Database, articles: Collection[int]) -> set[int]:
    """Which of these articles are parts, and of what, as rows; gives those that were none until now."""
    wanted = {part["article_id"]: part for part in _parts(database, articles)}
    held = database.rows_of(
        "SELECT page_id, series_id, source_id, article_id, position, title, said_by FROM parts"
        " WHERE article_id IN (SELECT value FROM json_each(?))",
        articles,
    )
    before = {row["article_id"]: tuple(row.values()) for row in held}
    pages = database.rows_of(_PAGES, [part["url"] for part in wanted.values()])
    page_ids = {row["url"]: row["id"] for row in pages}
    after = {
        article_id: (
            page_ids[part["url"]], part["series_id"], part["source_id"] if part["series_id"] is None else None,
            article_id, part["position"], part["title"], part["said_by"],
        )
        for article_id, part in wanted.items()
        if part["url"] in page_ids
    }  # fmt: skip
    if before != after:
        database.conn.executemany(
            "DELETE FROM parts WHERE page_id = ?",
            [row[:1] for article_id, row in before.items() if after.get(article_id) != row],
        )
        database.conn.executemany(
            "INSERT INTO parts (page_id, series_id, source_id, article_id, position, title, said_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [row for article_id, row in after.items() if before.get(article_id) != row],
        )
    return after.keys() - before.keys()


def _parts(database: Database, articles: Collection[int]) -> Iterator[dict[str, Any]]:
    """What makes each of these articles a part: the best claim, else an index that leaves it open, or its name."""
    linking = touched.sources_linking(database, articles)
    listed = list(database.query(_LISTED, {"sources": json.dumps(sorted(linking))}))
    series = {link["series_id"] for link in listed if link["series_count"] == 1}
    beside = touched.articles_of_series(database, series) | {link["article_id"] for link in listed}
    claims: dict[int, dict[str, Any]] = {}
    for claim in database.query(_CLAIMS, {"articles": json.dumps(sorted({*articles} | beside))}):
        claims.setdefault(claim["article_id"], claim)
    left_open = _left_open(database, listed, claims, series)
    named: dict[int, dict[str, Any]] = {}
    for row in database.rows_of(_NAMED, articles):
        named.setdefault(row["article_id"], row)
    for article_id in sorted(articles):
        part = claims.get(article_id) or left_open.get(article_id) or named.get(article_id)
        if part is not None:
            yield part


def _left_open(
    database: Database, listed: list[dict[str, Any]], claims: dict[int, dict[str, Any]], series: Collection[int]
) -> dict[int, dict[str, Any]]:
    """Which of the links of indexes are parts that nobody else places, by the first index that leaves them open."""
    days_of = (
        "SELECT id, title_day FROM articles WHERE title_day IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    )
    days = database.rows_of(days_of, claims) if listed else []
    held_days = {(claims[row["id"]]["series_id"], row["title_day"]) for row in days}
    authors = {row["id"]: row["author_id"] for row in database.rows_of(_FOLLOWED, series)}
    own = {
        (*_list_of(link), claims[link["article_id"]]["series_id"]) for link in listed if link["article_id"] in claims
    }
    found: dict[int, dict[str, Any]] = {}
    for link in listed:
        series_id = link["series_id"] if link["series_count"] == 1 else None
        if link["series_count"] == 0 or _is_left_open(
            link, series_id, authors.get(series_id), held_days, is_in_list=(*_list_of(link), series_id) in own
        ):
            part = {**link, "series_id": series_id, "position": None, "title": link["text"], "said_by": "index"}
            found.setdefault(link["article_id"], part)
    return found


def _list_of(link: dict[str, Any]) -> tuple[int, str | None]:
    """The list of an index in which a link stands: all under one heading."""
    return link["from_page_id"], link["heading"]


def _is_left_open(
    link: dict[str, Any], series_id: int | None, author_id: int | None,
    held_days: set[tuple[int | None, int | None]], *, is_in_list: bool,
) -> bool:  # fmt: skip
    """Whether an index that lists a series makes an article of it which nobody else places (docs/law.md §10.4).

    `is_in_list`: a part stands under the same heading.
    """
    if link["own_series_id"] is not None:
        return False
    day = link["own_day"] or title_day(link["text"] or "")
    is_held = (series_id, day) in held_days
    if not link["is_read"]:
        return is_in_list or not is_held
    return not is_held and day is not None and author_id is not None and link["author_id"] == author_id
