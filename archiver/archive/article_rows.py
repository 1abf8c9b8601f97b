"""The rows of one article: itself, its author, series, tags and counters; its body, comments and edits by others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from archiver import ithome
from archiver.archive import body_rows, collapse_rows, comment_rows, edit_rows, event_rows, silence
from archiver.archive.author_rows import keep_author
from archiver.archive.database import Database
from archiver.archive.times import site_stamp
from archiver.model import CaptureSource
from archiver.model.readings import NO_BODY, ArticlePage, Author, Reading, SeriesItem
from archiver.text import bare_words

_TELLING = 100  # letters: shorter texts, such as "to be continued", are the same by chance


@dataclass(frozen=True, slots=True)
class Until:
    """What the rows of an article say until now."""

    row: dict[str, Any] | None = None  # None: there is none yet
    tags: list[str] = field(default_factory=list)
    comments: int = 0


def until_now(database: Database, article_id: int) -> Until:
    """What the rows of an article say."""
    row = database.row("SELECT * FROM articles WHERE id = ?", [article_id])
    if row is None:
        return Until()
    comments = "SELECT count(*) FROM comments WHERE article_id = ? AND deleted_at IS NULL"
    return Until(row, _tags(database, article_id), database.value(comments, [article_id]))


def completed(until: Until, reading: Reading) -> Reading:
    """A reading of an article with what it does not say as the rows until now have it (`silence`)."""
    return silence.completed(until.row, until.tags, until.comments, reading)


def fill(database: Database, article_id: int, article: ArticlePage) -> None:
    """What an article's best capture leaves open, as a copy of lower rank says it."""
    if article.series_id is not None:
        _keep_series(database, article, is_copy=True)
    keep_author(database, article.author)
    values = {
        "series_id": article.series_id, "position": article.position, "badge_day": article.badge_day,
        "author_id": article.author.id, "published_at": site_stamp(article.published_at), "group": article.group,
        "contest_year": article.contest_year,
    }  # fmt: skip
    filled = ", ".join(f'"{name}" = coalesce("{name}", ?)' for name in values)
    database.execute(f"UPDATE articles SET {filled} WHERE id = ?", [*values.values(), article_id])  # noqa: S608


def keep(
    database: Database, page: Mapping[str, Any], fetch: Mapping[str, Any], reading: Reading, article: ArticlePage,
    until: Until,
) -> None:  # fmt: skip
    """Make the rows of an article say what its best capture says."""
    article_id = page["article_id"]
    keep_author(database, article.author)
    if article.series_id is not None:
        _keep_series(database, article, is_copy=fetch["source"] != CaptureSource.LIVE)
    before, tags_before = until.row, until.tags
    if before is not None and before["content_sha256"] != reading.content_sha256:
        if edit_rows.is_edit(before, tags_before, article):
            edit_rows.keep(database, before, tags_before, fetch, article)
            if collapse_rows.keep(database, before, fetch, article):
                edit_rows.mark_collapsed(database, article_id)
        else:  # what it says differs only by what it does not say
            reading = replace(reading, content_sha256=before["content_sha256"])
    now = _keep_article(database, article_id, page["url"], fetch["capture_id"], reading, article)
    if list(dict.fromkeys(article.tags)) != tags_before:
        _keep_tags(database, article_id, article.tags, is_first=not tags_before)
    body = article.body or NO_BODY
    if before is None or before["capture_id"] != fetch["capture_id"] or before["body_text"] != body.text:
        body_rows.keep(database, article_id, body, is_first=before is None)
    said = silence.speaks_of_comments(article)
    comment_rows.keep(database, article_id, article.comments, fetch["started_at"], are_all=said and until.comments > 0)
    event_rows.notice_article(database, before, now, fetch["started_at"])


def _keep_series(database: Database, article: ArticlePage, *, is_copy: bool) -> None:
    """The series as an article shows it; its own page knows more and is not overruled.

    A copy tells how many parts there were then: it can raise the number that is known, never lower it.
    """
    declared = "excluded.declared_parts"
    if is_copy:
        declared = "max(excluded.declared_parts, coalesce(declared_parts, 0))"
    user_id, series_id = article.series_user_id or article.author.id, article.series_id
    url = ithome.series_url(user_id, series_id) if user_id and series_id else ""
    if article.series_user_id is not None and article.series_user_id != article.author.id:
        keep_author(database, Author(id=article.series_user_id))
    database.execute(
        "INSERT INTO series (id, title, url, author_id, contest_year, contest_edition, \"group\", group_slug,"  # noqa: S608
        " declared_parts, feed_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " title = coalesce(title, excluded.title), author_id = coalesce(author_id, excluded.author_id),"
        " contest_year = coalesce(contest_year, excluded.contest_year),"
        " contest_edition = coalesce(contest_edition, excluded.contest_edition),"
        ' "group" = coalesce("group", excluded."group"), group_slug = coalesce(group_slug, excluded.group_slug),'
        f" declared_parts = coalesce({declared}, declared_parts),"
        " feed_url = coalesce(feed_url, excluded.feed_url)",
        [
            series_id, article.series_title, url, user_id, article.contest_year, article.contest_edition,
            article.group, article.group_slug, article.declared_parts, article.feed_url,
        ],
    )  # fmt: skip


def _keep_article(
    database: Database, article_id: int, url: str, capture_id: int, reading: Reading, article: ArticlePage
) -> dict[str, Any]:
    """Write the row itself; gives what it says now."""
    body = article.body or NO_BODY
    values = {
        "title": article.title, "series_id": article.series_id, "position": article.position,
        "title_day": article.title_day, "badge_day": article.badge_day, "author_id": article.author.id,
        "published_at": site_stamp(article.published_at), "url": url, "group": article.group,
        "contest_year": article.contest_year, "team": article.team,
        "previous_id": article.previous.article_id if article.previous else None,
        "next_id": article.next.article_id if article.next else None,
        "content_sha256": reading.content_sha256, "body_sha256": _words_sha256(body.text),
        "html_sha256": edit_rows.html_sha256(body), "capture_id": capture_id, "parser": reading.parser,
        "body_text": body.text,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    renewed = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
    database.execute(
        f"INSERT INTO articles (id, {names}) VALUES (?, {marks}) ON CONFLICT (id) DO UPDATE SET {renewed}",  # noqa: S608
        [article_id, *values.values()],
    )
    return {"id": article_id, **values}


def _words_sha256(text: str) -> str | None:
    """What tells the same text under another id; None for one so short that it may be the same by chance."""
    words = bare_words(text)
    return hashlib.sha256(words.encode()).hexdigest() if len(words) >= _TELLING else None


def _tags(database: Database, article_id: int) -> list[str]:
    named = "SELECT name FROM articles_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY position"
    return [row["name"] for row in database.query(named, [article_id])]


def _keep_tags(database: Database, article_id: int, tags: tuple[str, ...], *, is_first: bool) -> None:
    if not is_first:
        database.execute("DELETE FROM articles_tags WHERE article_id = ?", [article_id])
    names = list(dict.fromkeys(tags))
    database.conn.executemany("INSERT INTO tags (name) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in names])
    database.conn.executemany(
        "INSERT INTO articles_tags SELECT ?, id, ? FROM tags WHERE name = ?",
        [(article_id, position, name) for position, name in enumerate(names, start=1)],
    )


_LISTED = """
INSERT INTO metrics (page_id, at, views, likes, comments, subscribers)
SELECT last.page_id, ?2, coalesce(views_now, views), coalesce(likes_now, likes), coalesce(comments_now, comments),
    subscribers
FROM (SELECT value ->> 0 AS article_id, value ->> 1 AS views_now, value ->> 2 AS likes_now, value ->> 3 AS comments_now
    FROM json_each(?1)) AS shown
CROSS JOIN pages ON pages.article_id = shown.article_id AND +pages.kind = 'article'
CROSS JOIN metrics AS last ON last.id = (SELECT max(id) FROM metrics WHERE page_id = pages.id)
WHERE coalesce(views_now, views) IS NOT views OR coalesce(likes_now, likes) IS NOT likes
    OR coalesce(comments_now, comments) IS NOT comments ORDER BY last.page_id
"""


def keep_counters(database: Database, page_id: int, fetch: Mapping[str, Any], *, is_first: bool) -> None:
    """Counters as the fetch showed them, in a row of their own when one of them moved.

    They come from the fetch's signals, since an unchanged page is not captured again. `is_first`: none was kept before.
    """
    signals = json.loads(fetch["signals"])
    shown = [signals.get(name) for name in ("views", "likes", "comments", "subscribers")]
    if all(count is None for count in shown):
        return
    if fetch["source"] == CaptureSource.LIVE:
        renewed = "views = coalesce(?, views), likes = coalesce(?, likes), comments_count = coalesce(?, comments_count)"
    else:  # what a copy shows was so long ago
        renewed = "views = coalesce(views, ?), likes = coalesce(likes, ?), comments_count = coalesce(comments_count, ?)"
    if fetch["article_id"] is not None:
        database.execute(f"UPDATE articles SET {renewed} WHERE id = ?", [*shown[:3], fetch["article_id"]])  # noqa: S608
    last = "SELECT views, likes, comments, subscribers FROM metrics WHERE page_id = ? ORDER BY id DESC LIMIT 1"
    if not is_first and shown in [list(row.values()) for row in database.query(last, [page_id])]:
        return
    database.execute(
        "INSERT INTO metrics (page_id, at, views, likes, comments, subscribers) VALUES (?, ?, ?, ?, ?, ?)",
        [page_id, fetch["started_at"], *shown],
    )


def keep_listed_counters(database: Database, items: Iterable[SeriesItem], at: str) -> None:
    """What a series' list shows of its parts, ten at once: a row of each whose numbers moved since they were last kept.

    Of parts whose own page was read before: until then nobody knows the page. A number that is not shown stays.
    """
    shown = [(item.article_id, item.views, item.likes, item.comments_count) for item in items]
    database.execute(_LISTED, [json.dumps(shown), at])
