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

# All that an index without a hint ever linked to on the site, read or not, and who is known to have written it: by its
# own page, else by the pages that name it as a part of a series.
_LINKED_BY_INDEX = """
WITH links AS (
    SELECT sources.id AS source_id, discoveries.kind, discoveries.article_id, discoveries.series_id, discoveries.url,
        min(discoveries.first_seen_at) AS since
    FROM sources
    JOIN pages ON pages.kind = 'index' AND (
        pages.url = sources.url OR pages.url IN (SELECT value FROM json_each(sources.alternates)))
    JOIN discoveries ON discoveries.from_page_id = pages.id AND via = 'index'
    WHERE sources.kind = 'index' AND series_hint IS NULL
    GROUP BY sources.id, discoveries.url
), told AS (
    SELECT links.*, articles.author_id, coalesce(links.series_id, articles.series_id, (
        SELECT series_id FROM discoveries AS said WHERE said.article_id = links.article_id
        AND said.via IN ('series', 'feed', 'previous', 'next', 'catalog') AND said.series_id IS NOT NULL
        ORDER BY CASE said.via WHEN 'series' THEN 1 WHEN 'feed' THEN 3 ELSE 2 END, said.id LIMIT 1)) AS told_series_id
    FROM links LEFT JOIN articles ON articles.id = links.article_id
)
SELECT source_id, told.kind, told.url, since, told_series_id AS series_id,
    coalesce(told.author_id, series.author_id) AS author_id
FROM told LEFT JOIN series ON series.id = told_series_id ORDER BY source_id, told.url
"""

# Who says that a page is a part, best witness first. What its own page says counts more than all others; where that is
# silent, others speak.
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
        AND discoveries.article_id NOT IN (SELECT id FROM articles WHERE series_id IS NOT NULL)
)
SELECT * FROM claims ORDER BY article_id, rank, position IS NULL
"""

# What an index links to and nobody else places: all of it while no series is known, else what its own page leaves open.
_LISTED = """
SELECT sources.id AS source_id, discoveries.article_id, discoveries.url, discoveries.position, discoveries.text,
    discoveries.from_page_id, discoveries.heading,
    (SELECT min(series_id) FROM series_sources WHERE source_id = sources.id) AS series_id,
    (SELECT count(*) FROM series_sources WHERE source_id = sources.id) AS series_count,
    articles.id IS NOT NULL AS is_read, articles.series_id AS own_series_id, articles.author_id,
    articles.title_day AS own_day
FROM sources
JOIN pages ON pages.kind = 'index' AND (
    pages.url = sources.url OR pages.url IN (SELECT value FROM json_each(sources.alternates)))
JOIN discoveries ON discoveries.from_page_id = pages.id AND via = 'index' AND discoveries.kind = 'article'
LEFT JOIN articles ON articles.id = discoveries.article_id
ORDER BY sources.id, discoveries.position
"""


# An article that is a source is a part of its own, until it is known to be one of a series.
_NAMED = """
SELECT sources.id AS source_id, pages.article_id, sources.url, NULL AS series_id, NULL AS position, title,
    iif(articles.id IS NULL, 'source', 'article') AS said_by
FROM sources JOIN pages ON pages.url = sources.url LEFT JOIN articles ON articles.id = pages.article_id
WHERE sources.kind = 'article' ORDER BY sources.id
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
    for series_id in sorted({series_id for series_id, _ in followed}):
        _ensure_series(database, series_id)
    database.execute("DELETE FROM series_sources")
    for pair in sorted(followed):
        database.execute("INSERT INTO series_sources (series_id, source_id) VALUES (?, ?)", list(pair))
    database.execute("UPDATE series SET followed = id IN (SELECT series_id FROM series_sources)")


def _listed_series(linked: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Which series the indexes without a hint list, as (series, source)."""
    by_source: dict[int, list[dict[str, Any]]] = {}
    for link in linked:
        by_source.setdefault(link["source_id"], []).append({**link, "owner": _owner(link)})
    return {(series_id, source_id) for source_id, links in by_source.items() for series_id in _listed_by(links)}


def _listed_by(links: list[dict[str, Any]]) -> set[int]:
    """The series that one index lists: those of the author of most of *all* that it links to.

    What was not read counts, too, and for nobody: else one citation that answers would outvote thirty parts that do
    not. Where links were added that nobody has read yet, what was listed before them still holds.
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
    address = urls.classify(link["url"])
    named = address.user_id if isinstance(address, Address) else None
    return named if named is not None else link["author_id"]


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
    if isinstance(address, Address):  # a number that no page can have names nothing that could be asked
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
    days = database.query("SELECT id, title_day FROM articles WHERE title_day IS NOT NULL")
    held_days = {(parts[row["id"]]["series_id"], row["title_day"]) for row in days if row["id"] in parts}
    authors = {row["id"]: row["author_id"] for row in database.query("SELECT id, author_id FROM series WHERE followed")}
    listed = list(database.query(_LISTED))
    own = {(*_list_of(link), parts[link["article_id"]]["series_id"]) for link in listed if link["article_id"] in parts}
    for link in listed:
        series_id = link["series_id"] if link["series_count"] == 1 else None
        if link["series_count"] == 0 or _is_left_open(
            link, series_id, authors.get(series_id), held_days, is_in_list=(*_list_of(link), series_id) in own
        ):
            parts.setdefault(
                link["article_id"],
                {**link, "series_id": series_id, "position": None, "title": link["text"], "said_by": "index"},
            )
    for named in database.query(_NAMED):
        parts.setdefault(named["article_id"], named)
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


def _list_of(link: dict[str, Any]) -> tuple[int, str | None]:
    """The list of an index in which a link stands: all under one heading."""
    return link["from_page_id"], link["heading"]


def _is_left_open(
    link: dict[str, Any], series_id: int | None, author_id: int | None,
    held_days: set[tuple[int | None, int | None]], *, is_in_list: bool,
) -> bool:  # fmt: skip
    """Whether an index that lists a series makes an article of it which nobody else places.

    One that never answered is, unless it stands apart from every part and a part with the same day is held: then it
    is a stranger's. One whose page names no series is when the author of the series wrote it for a day of which no
    part is held. `is_in_list`: a part stands under the same heading.
    """
    if link["own_series_id"] is not None:
        return False
    day = link["own_day"] or title_day(link["text"] or "")
    is_held = (series_id, day) in held_days
    if not link["is_read"]:
        return is_in_list or not is_held
    return not is_held and day is not None and author_id is not None and link["author_id"] == author_id
