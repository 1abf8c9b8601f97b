"""The rows of the comments under one article: who wrote what when, each text a comment had, and when one vanished."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping

from archiver.archive.author_rows import keep_author
from archiver.archive.body_rows import keep_comment_images
from archiver.archive.database import Database
from archiver.archive.times import site_stamp
from archiver.model.readings import Comment


def keep(database: Database, article_id: int, comments: tuple[Comment, ...], at: str, *, are_all: bool) -> None:
    """The comments of a page as it is now; one that is no longer there gets a deletion date and stays.

    A reply stays under what it answered, also when that was deleted and the page shows it by itself.
    `are_all=False`: the page does not show all that it has, or does not speak of comments: none of them is deleted.
    """
    ids: dict[int, int] = {}
    for identity, comment in _identified(comments):
        keep_author(database, comment.author)
        ids[comment.position] = _keep_comment(database, article_id, identity, comment, ids, at)
    if not are_all:
        return
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
    comment_id = database.value(
        "INSERT INTO comments (article_id, identity, site_id, position, reply_to, author_id, author_name, level,"
        " published_at, likes, body_html, body_text, content_sha256, first_seen_at, last_seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (article_id, identity) DO UPDATE SET"
        " position = excluded.position, reply_to = coalesce(excluded.reply_to, reply_to),"
        " author_name = excluded.author_name, level = excluded.level, likes = excluded.likes,"
        " body_html = excluded.body_html, body_text = excluded.body_text,"
        " content_sha256 = excluded.content_sha256, last_seen_at = excluded.last_seen_at, deleted_at = NULL"
        " RETURNING id",
        [
            article_id, identity, comment.id, comment.position, ids.get(comment.reply_to or 0), comment.author.id,
            comment.author.name, comment.author.level, site_stamp(comment.published_at), comment.likes,
            comment.body.html, comment.body.text, digest, at, at,
        ],
    )  # fmt: skip
    _keep_version(database, comment_id, digest, comment, at)
    keep_comment_images(database, comment_id, comment.body.images)
    return int(comment_id)


def _keep_version(database: Database, comment_id: int, digest: str, comment: Comment, at: str) -> None:
    """A text that the comment did not have last gets a row; the one that it had is seen once more."""
    last = database.row(
        "SELECT id, content_sha256 FROM comment_versions WHERE comment_id = ? ORDER BY id DESC LIMIT 1", [comment_id]
    )
    if last is not None and last["content_sha256"] == digest:
        database.execute("UPDATE comment_versions SET last_seen_at = ? WHERE id = ?", [at, last["id"]])
        return
    database.execute(
        "INSERT INTO comment_versions (comment_id, content_sha256, body_text, first_seen_at, last_seen_at)"
        " VALUES (?, ?, ?, ?, ?)",
        [comment_id, digest, comment.body.text, at, at],
    )


def seen_again(database: Database, article_id: int, at: str) -> None:
    """The comments under an article are as they were: they and their texts were seen once more."""
    database.execute(
        "UPDATE comments SET last_seen_at = ? WHERE article_id = ? AND deleted_at IS NULL", [at, article_id]
    )
    database.execute(
        "UPDATE comment_versions SET last_seen_at = ? WHERE id IN (SELECT max(comment_versions.id)"
        " FROM comment_versions JOIN comments ON comments.id = comment_id"
        " WHERE article_id = ? AND deleted_at IS NULL GROUP BY comment_id)",
        [at, article_id],
    )
