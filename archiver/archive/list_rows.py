"""The rows of pages that list others: who names whom, at which place, since when and until when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from archiver import ithome
from archiver.archive import comment_rows, event_rows
from archiver.archive.author_rows import keep_author
from archiver.archive.database import Database
from archiver.model.readings import ArticlePage, FeedPage, IndexPage, SeriesPage

Words = tuple[str, str | None, str | None, str | None]  # URL, text, heading, URL as written
ITEMS_PER_PAGE = 10  # of a series' list (docs/site.md §6.3)


@dataclass(frozen=True, slots=True)
class Named:
    """One page that another page names."""

    url: str
    kind: str
    via: str
    article_id: int | None = None
    series_id: int | None = None
    position: int | None = None
    text: str | None = None
    heading: str | None = None
    raw_url: str | None = None

    @property
    def words(self) -> Words:
        """What tells its row in `names` from others."""
        return self.url, self.text, self.heading, self.raw_url


def _article(article_id: int, via: str, series_id: int | None, position: int | None, text: str) -> Named:
    return Named(ithome.article_url(article_id), "article", via, article_id, series_id, position, text)


def keep_index(
    database: Database, page_id: int, index: IndexPage, at: str, copy: int | None = None, *, is_whole: bool = True
) -> None:
    """Every iThome link of an index page; the first of several to the same page counts.

    `is_whole=False`, here and in the other lists: not all of it could be read, so that nothing has left it.
    """
    first: dict[str, Named] = {}
    for link in index.links:
        address = link.address
        first.setdefault(
            address.url,
            Named(
                address.url, address.kind.value, "index", address.article_id, address.series_id,
                link.position, link.text, link.group, link.raw_url,
            ),
        )  # fmt: skip
    _keep(database, page_id, first.values(), ("index",), at, copy, is_whole=is_whole)


def keep_series(
    database: Database, page: Mapping[str, Any], series: SeriesPage, at: str, copy: int | None = None, *,
    keep_row: bool = True, is_whole: bool = True,
) -> None:  # fmt: skip
    """A page of a series' list: the series itself, its articles at their places, and the next page.

    `keep_row=False`: a copy older than what is known, which tells nothing new of the series itself.
    """
    series_id = page["series_id"]
    if keep_row:
        keep_author(database, series.author)
        _keep_series_row(database, page, series)
    start = ((page["page_number"] or 1) - 1) * ITEMS_PER_PAGE
    named = [
        _article(item.article_id, "series", series_id, start + offset, item.title)
        for offset, item in enumerate(series.items, start=1)
    ]
    if series.next_page is not None:
        url = ithome.series_url(page["user_id"], series_id, series.next_page)
        named.append(Named(url, "series", "pager", None, series_id, series.next_page))
    for one in named:
        if one.article_id is not None and (one.position or 0) > event_rows.CONTEST_DAYS:
            event_rows.notice_beyond(database, one.article_id, series_id, one.position or 0, at)
    if copy is None and is_whole:
        _overtake_twins(database, page, {one.url for one in named}, at)
    _keep(database, page["id"], named, ("series", "pager"), at, copy, is_whole=is_whole)
    if not named and page["page_number"] in {None, 1} and copy is None and is_whole:
        event_rows.notice_emptied(database, page, "series", at)


def _overtake_twins(database: Database, page: Mapping[str, Any], named: set[str], at: str) -> None:
    """What this page of a list named under another address, and no longer does, has left it (docs/law.md §14.1)."""
    twins = (
        "SELECT discoveries.* FROM discoveries JOIN pages ON pages.id = from_page_id WHERE pages.kind = 'series'"
        " AND pages.series_id = ? AND pages.page_number IS ? AND pages.id != ? AND via = 'series' AND gone_at IS NULL"
        " ORDER BY discoveries.id"
    )
    rows = list(database.query(twins, [page["series_id"], page["page_number"], page["id"]]))
    for row in rows:
        if row["url"] in named:
            continue
        database.execute("UPDATE mentions SET gone_at = ? WHERE id = ?", [at, row["id"]])
        here = "SELECT 1 FROM discoveries WHERE from_page_id = ? AND url = ? AND via = 'series' AND gone_at IS NULL"
        if database.execute(here, [page["id"], row["url"]]).fetchone() is None:  # else the page's own row tells it
            event_rows.notice_lists(database, row["from_page_id"], {(row["url"], "series"): row}, set(), at)


def _keep_series_row(database: Database, page: Mapping[str, Any], series: SeriesPage) -> None:
    user_id = series.author.id or page["user_id"]
    if user_id is not None:
        database.execute("INSERT INTO authors (id) VALUES (?) ON CONFLICT DO NOTHING", [user_id])
    database.execute(
        "INSERT INTO series (id, title, url, author_id, contest_year, contest_edition, \"group\", group_slug,"
        " declared_parts, description, finished, feed_url, contest_days)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET title = coalesce(excluded.title, title),"
        " url = iif(excluded.author_id IS NULL AND url != '', url, excluded.url),"
        " author_id = coalesce(excluded.author_id, author_id),"
        " contest_year = coalesce(excluded.contest_year, contest_year),"
        " contest_edition = coalesce(excluded.contest_edition, contest_edition),"
        ' "group" = coalesce(excluded."group", "group"), group_slug = coalesce(excluded.group_slug, group_slug),'
        " declared_parts = coalesce(excluded.declared_parts, declared_parts),"
        " description = coalesce(excluded.description, description), finished = iif(?, excluded.finished, finished),"
        " feed_url = coalesce(excluded.feed_url, feed_url),"
        " contest_days = coalesce(excluded.contest_days, contest_days)",
        [
            page["series_id"], series.title, ithome.series_url(user_id, page["series_id"]),
            user_id, series.contest_year, series.contest_edition, series.group, series.group_slug,
            series.declared_parts, series.description, int(series.finished), series.feed_url,
            series.contest_days,
            int(series.finished or series.contest_days is not None),  # else the page does not say how far it is
        ],
    )  # fmt: skip


def keep_feed(
    database: Database, page: Mapping[str, Any], feed: FeedPage, at: str, copy: int | None = None, *,
    is_whole: bool = True,
) -> None:  # fmt: skip
    """A series feed: its articles, oldest first as the series counts them. Its titles have lost punctuation."""
    series_id = page["series_id"]
    oldest_first = list(reversed(feed.items))
    named = [
        _article(item.article_id, "feed", series_id, position, item.title)
        for position, item in enumerate(oldest_first, start=1)
    ]
    _keep(database, page["id"], named, ("feed",), at, copy, is_whole=is_whole)
    if not named and copy is None and is_whole:
        event_rows.notice_emptied(database, page, "feed", at)


def keep_neighbours(
    database: Database, page_id: int, article: ArticlePage, at: str, copy: int | None = None, *, is_first: bool
) -> None:
    """What an article names around itself. `is_first`: nothing that its page names was kept before."""
    series_id, position = article.series_id, article.position
    named = [
        _article(one.article_id, via, series_id, position + step if position else None, one.title)
        for via, one, step in (("previous", article.previous, -1), ("next", article.next, 1)) if one is not None
    ]  # fmt: skip
    named += [_article(one.article_id, "catalog", series_id, one.position, one.title) for one in article.catalog]
    _keep(database, page_id, named, ("previous", "next", "catalog"), at, copy, is_first=is_first)


def _keep(
    database: Database, page_id: int, named: Iterable[Named], vias: tuple[str, ...], at: str, copy: int | None, *,
    is_whole: bool = True, is_first: bool = False,
) -> None:  # fmt: skip
    """Write what a page names now; what it named before and no longer does gets a date and stays (docs/law.md §14).

    `copy` is the fetch that gave somebody else's copy: it says what the page named then, and takes nothing away.
    """
    if copy is not None:
        _keep_copy(database, page_id, named, at, copy)
        return
    marks = ", ".join("?" * len(vias))
    named = list({(one.url, one.via): one for one in named}.values())
    known = (
        "SELECT mentions.*, names.url, names.text, names.article_id FROM mentions JOIN names ON names.id = name_id"  # noqa: S608
        f" WHERE from_page_id = ? AND via IN ({marks})"
    )
    rows = [] if is_first else database.query(known, [page_id, *vias])
    before = {(row["url"], row["via"]): row for row in rows}
    seen = {(one.url, one.via) for one in named} | {
        key for key, row in before.items() if not is_whole and row["gone_at"] is None
    }
    event_rows.notice_lists(database, page_id, before, seen, at)
    if is_whole and before:
        database.execute(
            f"UPDATE mentions SET gone_at = ? WHERE from_page_id = ? AND via IN ({marks}) AND gone_at IS NULL",  # noqa: S608
            [at, page_id, *vias],
        )
    ids = _name_ids(database, named)
    known_ones = [(one, before[one.url, one.via]) for one in named if (one.url, one.via) in before]
    _mention(database, page_id, [(one, ids[one.words]) for one in named if (one.url, one.via) not in before], at)
    if not known_ones:
        return
    database.conn.executemany(
        "UPDATE mentions SET name_id = ?, series_id = ?, position = ?, last_seen_at = ?, gone_at = NULL WHERE id = ?",
        [(ids[one.words], one.series_id, one.position, at, row["id"]) for one, row in known_ones],
    )
    renamed = {row["name_id"] for one, row in known_ones} - set(ids.values())
    database.conn.executemany(  # nobody may use the old words any more
        "DELETE FROM names WHERE id = ? AND NOT EXISTS (SELECT 1 FROM mentions WHERE name_id = names.id)",
        [(name_id,) for name_id in sorted(renamed)],
    )


def _name_ids(database: Database, named: Iterable[Named]) -> dict[Words, int]:
    """The row of each of these pages under the words that name it, made where there is none."""
    wanted = {one.words: one for one in named}
    rows = database.execute(
        "SELECT url, text, heading, raw_url, id FROM names WHERE url IN (SELECT value FROM json_each(?))",
        [json.dumps(sorted({one.url for one in wanted.values()}))],
    ).fetchall()
    ids = {tuple(words): int(name_id) for *words, name_id in rows}
    for words, one in wanted.items():
        if words not in ids:
            cursor = database.execute(
                "INSERT INTO names (url, text, heading, raw_url, kind, article_id) VALUES (?, ?, ?, ?, ?, ?)",
                [*words, one.kind, one.article_id],
            )
            ids[words] = int(cursor.lastrowid or 0)
    return {words: ids[words] for words in wanted}


def _mention(
    database: Database, page_id: int, named: Iterable[tuple[Named, int]], at: str, gone_at: str | None = None
) -> None:  # fmt: skip
    """New mentions of pages, each with the row of its name."""
    database.conn.executemany(
        "INSERT INTO mentions (from_page_id, name_id, via, series_id, position, first_seen_at, last_seen_at, gone_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(page_id, name_id, one.via, one.series_id, one.position, at, at, gone_at) for one, name_id in named],
    )


def _keep_copy(database: Database, page_id: int, named: Iterable[Named], at: str, copy: int) -> None:
    """What a copy names: more dates for what is known, and what only it knows, gone since the next live answer."""
    later = (
        "SELECT min(started_at) FROM fetches WHERE page_id = ? AND id < ? AND +source = 'live'"
        " AND capture_id IS NOT NULL AND started_at > ?"
    )
    gone_at = database.value(later, [page_id, copy, at])
    rows = database.execute(
        "SELECT url, via, mentions.id FROM mentions JOIN names ON names.id = name_id WHERE from_page_id = ?", [page_id]
    )
    known = {(url, via): mention_id for url, via, mention_id in rows.fetchall()}
    first: dict[tuple[str, str], Named] = {}
    for one in named:
        first.setdefault((one.url, one.via), one)
    fresh = [one for key, one in first.items() if key not in known]
    ids = _name_ids(database, fresh)
    _mention(database, page_id, [(one, ids[one.words]) for one in fresh], at, gone_at)
    database.conn.executemany(
        "UPDATE mentions SET first_seen_at = min(first_seen_at, ?), last_seen_at = max(last_seen_at, ?) WHERE id = ?",
        [(at, at, known[key]) for key in first if key in known],
    )


def seen_again(database: Database, page: Mapping[str, Any], at: str) -> None:
    """A page that is as it was: what it names and the comments under it were seen again."""
    database.execute(
        "UPDATE mentions SET last_seen_at = ? WHERE from_page_id = ? AND gone_at IS NULL", [at, page["id"]]
    )
    if page["article_id"] is not None:
        comment_rows.seen_again(database, page["article_id"], at)
