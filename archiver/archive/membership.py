"""Which series are followed, which page is a part of which series, and which article is only cited.

An article's own page decides, never the page that links to it (ANATOMY §10). Only while its own page has not been
read do others speak: the series page, the feed, the neighbours, and last the index.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlite_utils import Database

from archiver import urls
from archiver.model import Address
from archiver.text import title_day

_ENOUGH = 3  # articles of one more series by the same author that make an index list that series too

_FOLLOWED_BY_NAME = """
SELECT pages.series_id AS series_id, sources.id AS source_id FROM sources JOIN pages ON pages.url = sources.url
    WHERE pages.series_id IS NOT NULL
UNION ALL SELECT series_hint, id FROM sources WHERE series_hint IS NOT NULL
UNION ALL SELECT articles.series_id, sources.id FROM sources JOIN articles ON articles.url = sources.url
    WHERE articles.series_id IS NOT NULL
"""

_LINKED_BY_INDEX = """
SELECT DISTINCT sources.id AS source_id, articles.id, articles.series_id, articles.author_id
FROM sources
JOIN pages ON pages.kind = 'index' AND (
    pages.url = sources.url OR pages.url IN (SELECT value FROM json_each(sources.alternates)))
JOIN discoveries ON discoveries.from_page_id = pages.id AND via = 'index'
JOIN articles ON articles.id = discoveries.article_id
WHERE sources.kind = 'index' AND series_hint IS NULL
"""

# What indexes without a hint that never linked an article link to: the first sight of each page, and the latest.
_LINKED_SERIES = """
SELECT sources.id AS source_id, pages.id AS page_id, discoveries.series_id, discoveries.url,
    discoveries.first_seen_at = min(discoveries.first_seen_at) OVER (PARTITION BY pages.id) AS is_first,
    discoveries.gone_at IS NULL AS is_named
FROM sources
JOIN pages ON pages.kind = 'index' AND (
    pages.url = sources.url OR pages.url IN (SELECT value FROM json_each(sources.alternates)))
JOIN discoveries ON discoveries.from_page_id = pages.id AND via = 'index' AND discoveries.kind = 'series'
WHERE sources.kind = 'index' AND series_hint IS NULL AND NOT EXISTS (
    SELECT 1 FROM discoveries AS part WHERE part.from_page_id = pages.id AND part.via = 'index'
    AND part.kind = 'article')
"""

# Who says that a page is a part, best witness first; the own page is told apart from all others.
_CLAIMS = """
WITH claims AS (
    SELECT id AS article_id, url, series_id, NULL AS source_id, position, title, 'article' AS said_by, 1 AS rank
        FROM articles WHERE series_id IN (SELECT id FROM series WHERE followed)
    UNION ALL
    SELECT discoveries.article_id, url, series_id, NULL, position, text,
        CASE via WHEN 'series' THEN 'series' WHEN 'feed' THEN 'feed' ELSE 'neighbour' END,
        CASE via WHEN 'series' THEN 2 WHEN 'feed' THEN 4 ELSE 3 END
        FROM discoveries WHERE via IN ('series', 'feed', 'previous', 'next', 'catalog')
        AND series_id IN (SELECT id FROM series WHERE followed)
        AND discoveries.article_id NOT IN (SELECT id FROM articles)
)
SELECT * FROM claims ORDER BY article_id, rank, position IS NULL
"""

_UNDECIDED = """
SELECT sources.id AS source_id, discoveries.article_id, discoveries.url, discoveries.position, discoveries.text,
    (SELECT min(series_id) FROM series_sources WHERE source_id = sources.id) AS series_id,
    (SELECT count(*) FROM series_sources WHERE source_id = sources.id) AS series_count
FROM sources
JOIN pages ON pages.kind = 'index' AND (
    pages.url = sources.url OR pages.url IN (SELECT value FROM json_each(sources.alternates)))
JOIN discoveries ON discoveries.from_page_id = pages.id AND via = 'index' AND discoveries.kind = 'article'
WHERE discoveries.article_id NOT IN (SELECT id FROM articles)
ORDER BY sources.id, discoveries.position
"""


def settle(database: Database) -> None:
    """Bring followed series, wanted pages, parts and citations in line with all that is known.

    The caller holds the transaction. Running it twice changes nothing.
    """
    _follow(database)
    _want_pages(database)
    _keep_parts(database)
    _want_shown(database)
    database.execute(
        "UPDATE articles SET is_citation = id NOT IN (SELECT article_id FROM parts)"
        " AND url NOT IN (SELECT url FROM sources)"
    )


def _follow(database: Database) -> None:
    followed = {(row["series_id"], row["source_id"]) for row in database.query(_FOLLOWED_BY_NAME)}
    followed |= _listed_series(list(database.query(_LINKED_BY_INDEX)))
    followed |= _linked_series(list(database.query(_LINKED_SERIES)))
    for series_id in sorted({series_id for series_id, _ in followed}):
        _ensure_series(database, series_id)
    database.execute("DELETE FROM series_sources")
    for pair in sorted(followed):
        database.execute("INSERT INTO series_sources (series_id, source_id) VALUES (?, ?)", list(pair))
    database.execute("UPDATE series SET followed = id IN (SELECT series_id FROM series_sources)")


def _listed_series(linked: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Which series an index without a hint lists: those of the author who wrote most of what it links to."""
    listed: set[tuple[int, int]] = set()
    for source_id in {row["source_id"] for row in linked}:
        mine = [row for row in linked if row["source_id"] == source_id and row["series_id"] is not None]
        owners = Counter(row["author_id"] for row in mine)
        if not owners:
            continue
        owner, share = owners.most_common(1)[0]
        if share * 2 <= len(mine):
            continue
        series = Counter(row["series_id"] for row in mine if row["author_id"] == owner)
        for place, (series_id, links) in enumerate(series.most_common()):
            if place == 0 or links >= _ENOUGH:
                listed.add((series_id, source_id))
    return listed


def _linked_series(linked: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Which series an index lists that links no article: the only one, or all of them when they name one author.

    By its first sight and by its latest, so that a link added later takes nothing away.
    """
    followed: set[tuple[int, int]] = set()
    for page_id, sight in {(row["page_id"], sight) for row in linked for sight in ("is_first", "is_named")}:
        seen = [row for row in linked if row["page_id"] == page_id and row[sight]]
        authors = {address.user_id for row in seen if isinstance(address := urls.classify(row["url"]), Address)}
        if len({row["series_id"] for row in seen}) == 1 or (len(authors) == 1 and None not in authors):
            followed |= {(row["series_id"], row["source_id"]) for row in seen}
    return followed


def _ensure_series(database: Database, series_id: int) -> None:
    """A followed series has a row even while nothing of it has been read."""
    pages = database.query(
        "SELECT url, user_id FROM pages WHERE series_id = ? AND kind IN ('series', 'feed')"
        " ORDER BY kind DESC, page_number LIMIT 1",
        [series_id],
    )
    page = next(iter(pages), {"url": "", "user_id": None})
    if page["user_id"] is not None:
        database.execute("INSERT INTO authors (id) VALUES (?) ON CONFLICT DO NOTHING", [page["user_id"]])
    database.execute(
        "INSERT INTO series (id, url, author_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [series_id, page["url"], page["user_id"]],
    )


def _want_pages(database: Database) -> None:
    """Pages to be asked: lists and parts of followed series, and every article that an index of ours links to."""
    known = {row["url"] for row in database.query("SELECT url FROM pages WHERE kind IN ('series', 'feed')")}
    for series in list(database.query("SELECT id, author_id FROM series WHERE followed")):
        lists = [urls.feed_url(series["id"])]
        if series["author_id"] is not None:
            lists.append(urls.series_url(series["author_id"], series["id"]))
        for url in lists:
            if url not in known:
                _want(database, url, None)
    wanted = database.query(
        "SELECT url, min(first_seen_at) AS at FROM discoveries WHERE"
        " ((via != 'index' AND series_id IN (SELECT id FROM series WHERE followed))"
        " OR (via = 'index' AND (kind = 'article' OR series_id IN (SELECT id FROM series WHERE followed))))"
        " AND url NOT IN (SELECT url FROM pages)"
        " GROUP BY url ORDER BY min(id)"
    )
    for row in list(wanted):
        _want(database, row["url"], row["at"])


# Images and outside links of parts and of articles that were asked for by themselves, not of citations.
_SHOWN = """
WITH kept AS (SELECT article_id AS id FROM parts UNION SELECT id FROM articles WHERE url IN (SELECT url FROM sources))
SELECT DISTINCT url, 'image' AS kind FROM images WHERE url NOT IN (SELECT url FROM pages) AND (
    id IN (SELECT image_id FROM article_images WHERE article_id IN kept)
    OR id IN (SELECT image_id FROM comment_images JOIN comments ON comments.id = comment_id WHERE article_id IN kept))
UNION ALL
SELECT DISTINCT target_url, 'link' FROM links
WHERE target_url IS NOT NULL AND target_url NOT IN (SELECT url FROM pages) AND article_id IN kept
"""


def _want_shown(database: Database) -> None:
    """The images that are shown, and the outside pages that are linked to. Whether they are asked is the run's word."""
    for row in list(database.query(_SHOWN)):
        address = urls.image_address(row["url"]) if row["kind"] == "image" else urls.link_address(row["url"])
        if address is not None and address.url == row["url"]:
            _want_page(database, address, None)


def _want(database: Database, url: str, at: str | None) -> None:
    address = urls.classify(url)
    assert isinstance(address, Address), url
    _want_page(database, address, at)


def _want_page(database: Database, address: Address, at: str | None) -> None:
    database.execute(
        "INSERT INTO pages (url, kind, host, article_id, series_id, user_id, page_number, first_seen_at, state_since,"
        " due_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, at, at, at"
        " FROM (SELECT coalesce(?8, (SELECT max(started_at) FROM runs)) AS at) WHERE true ON CONFLICT (url) DO NOTHING",
        [
            address.url, address.kind.value, urls.host(address.url), address.article_id, address.series_id,
            address.user_id, address.page_number, at,
        ],
    )  # fmt: skip


def _keep_parts(database: Database) -> None:
    parts: dict[int, dict[str, Any]] = {}
    for claim in database.query(_CLAIMS):
        parts.setdefault(claim["article_id"], claim)
    held_days = {
        (row["series_id"], row["title_day"])
        for row in database.query("SELECT series_id, title_day FROM articles WHERE title_day IS NOT NULL")
    }
    for claim in database.query(_UNDECIDED):
        series_id = claim["series_id"] if claim["series_count"] == 1 else None
        if (series_id, title_day(claim["text"] or "")) not in held_days:
            parts.setdefault(
                claim["article_id"],
                {**claim, "series_id": series_id, "position": None, "title": claim["text"], "said_by": "index"},
            )
    database.execute("DELETE FROM parts")
    for part in parts.values():
        database.execute(
            "INSERT INTO parts (page_id, series_id, source_id, article_id, position, title, said_by)"
            " SELECT id, ?, ?, ?, ?, ?, ? FROM pages WHERE url = ?",
            [
                part["series_id"], part["source_id"] if part["series_id"] is None else None, part["article_id"],
                part["position"], part["title"], part["said_by"], part["url"],
            ],
        )  # fmt: skip
