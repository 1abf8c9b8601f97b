"""The rows of edits: what changed in an article, between which dates, and whether that is dress (docs/law.md §13)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from archiver.archive.body_rows import image_url
from archiver.archive.database import Database
from archiver.model.readings import NO_BODY, SAVED_MARK, ArticlePage, Body
from archiver.text import same_words


def html_sha256(body: Body) -> str:
    """What stands in a row for the sanitised HTML of a body: tells whether anything of it changed."""
    return hashlib.sha256(body.html.encode()).hexdigest()


def is_edit(before: Mapping[str, Any], tags_before: list[str], article: ArticlePage) -> bool:
    """Whether anything of an article is another than its row until now says."""
    body = article.body or NO_BODY
    same = before["title"] == article.title and before["html_sha256"] == html_sha256(body)
    return not (same and tags_before == list(dict.fromkeys(article.tags)))


def keep(
    database: Database, before: Mapping[str, Any], tags_before: list[str], fetch: Mapping[str, Any],
    article: ArticlePage,
) -> None:  # fmt: skip
    """An edit, dated by the last time the old text was seen and the first time the new one was.

    `before` is the article's row, whose body's rows are still those of the old text.
    """
    body, tags = article.body or NO_BODY, list(dict.fromkeys(article.tags))
    database.execute(
        "INSERT INTO edits (article_id, old_capture_id, new_capture_id, last_seen_old_at, first_seen_new_at,"
        " title_changed, body_changed, tags_changed, cosmetic) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            before["id"], before["capture_id"], fetch["capture_id"], _last_seen(database, before, fetch),
            fetch["started_at"], int(before["title"] != article.title), int(before["html_sha256"] != html_sha256(body)),
            int(tags_before != tags), int(_is_cosmetic(database, before, tags_before, article)),
        ],
    )  # fmt: skip


def mark_collapsed(database: Database, article_id: int) -> None:
    """Say of the last edit of an article that it left nearly nothing."""
    database.execute(
        "UPDATE edits SET collapsed = 1 WHERE id = (SELECT max(id) FROM edits WHERE article_id = ?)", [article_id]
    )


def _last_seen(database: Database, before: Mapping[str, Any], fetch: Mapping[str, Any]) -> str:
    seen = "SELECT max(coalesce(source_at, started_at)) FROM fetches WHERE page_id = ? AND capture_id = ? AND id < ?"
    return str(database.value(seen, [fetch["page_id"], before["capture_id"], fetch["id"]]) or fetch["started_at"])


def _is_cosmetic(database: Database, before: Mapping[str, Any], tags_before: list[str], article: ArticlePage) -> bool:
    """Whether only dress changed (docs/law.md §13.1): no tag, line of code, image or target of a link."""
    body = article.body or NO_BODY
    words = [(before["title"] or "", article.title or ""), (before["body_text"] or "", body.text)]
    has_same_words = all(same_words(old, new) for old, new in words)
    parts_before = [[row[0] for row in database.execute(sql, [before["id"]])] for sql in _PARTS]
    parts = [
        [block.code for block in body.code_blocks],
        [image_url(image.url) for image in body.images],
        [link.url for link in body.links],
    ]
    # An older reading took the absolute form of a link within the page, as browsers save it, for a link out of it.
    parts_before[2] = [url for url in parts_before[2] if not ("#" in url and url.partition("#")[0] == before["url"])]
    same_parts = parts_before[0] == parts[0] and all(map(_may_be_the_same, parts_before[1:], parts[1:]))
    return has_same_words and tags_before == list(dict.fromkeys(article.tags)) and same_parts


def _may_be_the_same(before: list[str], after: list[str]) -> bool:
    """Whether two bodies show the same pictures or lead to the same places, as far as is known.

    A saved page may not tell where a picture came from or a link led to, and carry a picture in itself.
    """
    pairs = zip(before, after, strict=False)
    return len(before) == len(after) and all(old == new or _is_unknown(old, new) for old, new in pairs)


def _is_unknown(old: str, new: str) -> bool:
    in_one = old.startswith("data:") != new.startswith("data:")
    return in_one or old.startswith(SAVED_MARK) or new.startswith(SAVED_MARK)


_PARTS = (
    "SELECT code FROM code WHERE article_id = ? ORDER BY position",
    "SELECT url FROM article_images JOIN images ON images.id = image_id WHERE article_id = ? ORDER BY position",
    "SELECT url FROM links WHERE article_id = ? ORDER BY position",
)
