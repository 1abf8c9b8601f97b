"""The rows of one article: itself, its author and series, tags, code, images, links, comments, counters and edits."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from archiver import urls
from archiver.archive.times import site_stamp
from archiver.model import (
    Address,
    ArticlePage,
    Author,
    Body,
    CaptureSource,
    Comment,
    Kind,
    OutgoingLink,
    Reading,
    Refused,
)

_NOTHING = Body(html="", markdown="", text="")


def keep(
    database: Database, page: Mapping[str, Any], fetch: Mapping[str, Any], reading: Reading, article: ArticlePage
) -> None:
    """Make the rows of an article say what its best capture says. The caller holds the transaction."""
    article_id = page["article_id"]
    keep_author(database, article.author)
    if article.series_id is not None:
        _keep_series(database, article, is_copy=fetch["source"] != CaptureSource.LIVE)
    before = next(iter(database.query("SELECT * FROM articles WHERE id = ?", [article_id])), None)
    tags_before = _tags(database, article_id)
    _keep_article(database, article_id, page["url"], fetch["capture_id"], reading, article)
    _keep_tags(database, article_id, article.tags)
    if before is None or before["capture_id"] != fetch["capture_id"]:
        _keep_body(database, article_id, article.body or _NOTHING)
    if before is not None and before["content_sha256"] != reading.content_sha256:
        _keep_edit(database, before, fetch, article, tags_before)
    keep_comments(database, article_id, article.comments, fetch["started_at"])


def keep_author(database: Database, author: Author) -> None:
    """What a page shows of a person, never forgetting what another page showed."""
    if author.id is None:
        return
    database.execute(
        "INSERT INTO authors (id, name, account, level) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " name = coalesce(excluded.name, name), account = coalesce(excluded.account, account),"
        " level = coalesce(excluded.level, level)",
        [author.id, author.name, author.account, author.level],
    )


def _keep_series(database: Database, article: ArticlePage, *, is_copy: bool) -> None:
    """The series as an article shows it; its own page knows more and is not overruled.

    A copy tells how many parts there were then: it can raise the number that is known, never lower it.
    """
    declared = "excluded.declared_parts"
    if is_copy:
        declared = "max(excluded.declared_parts, coalesce(declared_parts, 0))"
    user_id, series_id = article.series_user_id or article.author.id, article.series_id
    url = urls.series_url(user_id, series_id) if user_id and series_id else ""
    if article.series_user_id is not None:
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
) -> None:
    body = article.body or _NOTHING
    values = {
        "title": article.title,
        "series_id": article.series_id,
        "position": article.position,
        "title_day": article.title_day,
        "badge_day": article.badge_day,
        "author_id": article.author.id,
        "published_at": site_stamp(article.published_at),
        "url": url,
        "group": article.group,
        "contest_year": article.contest_year,
        "team": article.team,
        "previous_id": article.previous.article_id if article.previous else None,
        "next_id": article.next.article_id if article.next else None,
        "body_html": body.html,
        "body_markdown": body.markdown,
        "body_text": body.text,
        "content_sha256": reading.content_sha256,
        "capture_id": capture_id,
        "parser": reading.parser,
    }
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    renewed = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
    database.execute(
        f"INSERT INTO articles (id, {names}) VALUES (?, {marks}) ON CONFLICT (id) DO UPDATE SET {renewed}",  # noqa: S608
        [article_id, *values.values()],
    )


def _tags(database: Database, article_id: int) -> list[str]:
    rows = database.query(
        "SELECT name FROM articles_tags JOIN tags ON tags.id = tag_id WHERE article_id = ? ORDER BY position",
        [article_id],
    )
    return [row["name"] for row in rows]


def _keep_tags(database: Database, article_id: int, tags: tuple[str, ...]) -> None:
    database.execute("DELETE FROM articles_tags WHERE article_id = ?", [article_id])
    for position, name in enumerate(dict.fromkeys(tags), start=1):
        database.execute("INSERT INTO tags (name) VALUES (?) ON CONFLICT DO NOTHING", [name])
        database.execute(
            "INSERT INTO articles_tags SELECT ?, id, ? FROM tags WHERE name = ?", [article_id, position, name]
        )


def _keep_body(database: Database, article_id: int, body: Body) -> None:
    for table in ("code_blocks", "article_images", "links"):
        database.execute(f"DELETE FROM {table} WHERE article_id = ?", [article_id])  # noqa: S608 - names are our own
    for position, block in enumerate(body.code_blocks, start=1):
        database.execute(
            "INSERT INTO code_blocks (article_id, position, language, code) VALUES (?, ?, ?, ?)",
            [article_id, position, block.language, block.code],
        )
    for position, image in enumerate(body.images, start=1):
        database.execute(
            "INSERT INTO images (url, host) VALUES (?, ?) ON CONFLICT DO NOTHING", [image.url, urls.host(image.url)]
        )
        database.execute(
            "INSERT INTO article_images SELECT ?, ?, id, ? FROM images WHERE url = ?",
            [article_id, position, image.alt, image.url],
        )
    for position, link in enumerate(body.links, start=1):
        kind, target = _target(link)
        database.execute(
            "INSERT INTO links (article_id, position, url, text, target_kind, target_article_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [article_id, position, link.url, link.text, kind, target],
        )


def _target(link: OutgoingLink) -> tuple[str, int | None]:
    target = urls.classify(link.url)
    if not isinstance(target, Address):
        return ("outside" if target.why in {Refused.FOREIGN, Refused.MALFORMED} else "ithome"), None
    known = {Kind.ARTICLE: "article", Kind.SERIES: "series", Kind.FEED: "series"}
    return known.get(target.kind, "ithome"), target.article_id


def _keep_edit(
    database: Database,
    before: Mapping[str, Any],
    fetch: Mapping[str, Any],
    article: ArticlePage,
    tags_before: list[str],
) -> None:
    """An edit, dated by the last time the old text was seen and the first time the new one was."""
    last_seen = next(
        iter(
            database.query(
                "SELECT max(coalesce(source_at, started_at)) AS at FROM fetches"
                " WHERE page_id = ? AND capture_id = ? AND id < ?",
                [fetch["page_id"], before["capture_id"], fetch["id"]],
            )
        )
    )
    body = article.body or _NOTHING
    database.execute(
        "INSERT INTO edits (article_id, old_capture_id, new_capture_id, last_seen_old_at, first_seen_new_at,"
        " title_changed, body_changed, tags_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            before["id"], before["capture_id"], fetch["capture_id"], last_seen["at"] or fetch["started_at"],
            fetch["started_at"], int(before["title"] != article.title), int(before["body_html"] != body.html),
            int(tags_before != list(dict.fromkeys(article.tags))),
        ],
    )  # fmt: skip


def keep_comments(database: Database, article_id: int, comments: tuple[Comment, ...], at: str) -> None:
    """The comments of a page as it is now; one that is no longer there gets a deletion date and stays."""
    ids: dict[int, int] = {}
    for identity, comment in _identified(comments):
        keep_author(database, comment.author)
        ids[comment.position] = _keep_comment(database, article_id, identity, comment, ids, at)
    marks = ", ".join("?" * len(ids))
    database.execute(
        f"UPDATE comments SET deleted_at = ? WHERE article_id = ? AND deleted_at IS NULL AND id NOT IN ({marks})",  # noqa: S608
        [at, article_id, *ids.values()],
    )


def _identified(comments: tuple[Comment, ...]) -> list[tuple[str, Comment]]:
    """Each comment with what tells it apart: the site's id, or who wrote it when (and the how-manieth of those)."""
    seen: dict[str, int] = {}
    identified = []
    for comment in comments:
        if comment.id is not None:
            key = f"response-{comment.id}"
        else:
            key = f"{comment.author.id or comment.author.name}@{site_stamp(comment.published_at)}"
        seen[key] = seen.get(key, 0) + 1
        identified.append((key if seen[key] == 1 else f"{key}#{seen[key]}", comment))
    return identified


def _keep_comment(
    database: Database, article_id: int, identity: str, comment: Comment, ids: Mapping[int, int], at: str
) -> int:
    digest = hashlib.sha256(unicodedata.normalize("NFC", comment.body.html).encode()).hexdigest()
    cursor = database.query(
        "INSERT INTO comments (article_id, identity, site_id, position, reply_to, author_id, author_name, level,"
        " published_at, likes, body_html, body_markdown, body_text, content_sha256, first_seen_at, last_seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (article_id, identity) DO UPDATE SET"
        " position = excluded.position, reply_to = excluded.reply_to, author_name = excluded.author_name,"
        " level = excluded.level, likes = excluded.likes, body_html = excluded.body_html,"
        " body_markdown = excluded.body_markdown, body_text = excluded.body_text,"
        " content_sha256 = excluded.content_sha256, last_seen_at = excluded.last_seen_at, deleted_at = NULL"
        " RETURNING id",
        [
            article_id, identity, comment.id, comment.position, ids.get(comment.reply_to or 0), comment.author.id,
            comment.author.name, comment.author.level, site_stamp(comment.published_at), comment.likes,
            comment.body.html, comment.body.markdown, comment.body.text, digest, at, at,
        ],
    )  # fmt: skip
    return int(next(iter(cursor))["id"])


def keep_counters(database: Database, page_id: int, fetch: Mapping[str, Any]) -> None:
    """Counters as the fetch showed them, in a row of their own when one of them moved.

    They come from the fetch's signals, since an unchanged page is not captured again.
    """
    signals = json.loads(fetch["signals"])
    shown = [signals.get(name) for name in ("views", "likes", "comments", "subscribers")]
    if all(count is None for count in shown):
        return
    rows = database.query(
        "SELECT views, likes, comments, subscribers FROM metrics WHERE page_id = ? ORDER BY id DESC LIMIT 1", [page_id]
    )
    if fetch["source"] == CaptureSource.LIVE:
        renewed = "views = coalesce(?, views), likes = coalesce(?, likes), comments_count = coalesce(?, comments_count)"
    else:  # what a copy shows was so long ago
        renewed = "views = coalesce(views, ?), likes = coalesce(likes, ?), comments_count = coalesce(comments_count, ?)"
    database.execute(
        f"UPDATE articles SET {renewed} WHERE id = (SELECT article_id FROM pages WHERE id = ?)",  # noqa: S608
        [*shown[:3], page_id],
    )
    if shown in [list(row.values()) for row in rows]:
        return
    database.execute(
        "INSERT INTO metrics (page_id, at, views, likes, comments, subscribers) VALUES (?, ?, ?, ?, ?, ?)",
        [page_id, fetch["started_at"], *shown],
    )
