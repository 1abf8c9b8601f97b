"""The rows of collapses (docs/law.md §13.3): an article that shrank to nearly nothing, beside its last full text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archiver.archive.database import Database
from archiver.model import CaptureSource
from archiver.model.readings import NO_BODY, ArticlePage
from archiver.text import bare_words

_SHARE = 5  # a text with less than a fifth of the letters that it had is no longer that text
_TELLING = 100  # letters; of a shorter text a fifth is a matter of a few words
_PICTURE = 100  # letters that one is worth
_SHORT = 80  # letters; a longer text has something of its own to say, whatever words it uses
_FAREWELL = re.compile(
    r"刪除|移除|下架|搬家|已移至|已搬到|不再公開|先登入|請登入|登入後|會員限定|訂閱後"
    r"|deleted|removed|moved to|no longer available|(?:log|sign)[ -]?in|members only|subscribers only",
    re.IGNORECASE,
)


def letters(text: str, pictures: int) -> int:
    """How much a body says, in letters; a picture counts as a hundred."""
    return len(bare_words(text)) + _PICTURE * pictures


def is_collapse(full: int, left: int, text: str) -> bool:
    """Whether a body of `left` letters, which reads `text`, is nearly nothing beside one of `full` letters."""
    if left == 0 or (full >= _TELLING and left * _SHARE < full):
        return left < full
    return left <= _SHORT and left * 2 <= full and _FAREWELL.search(text) is not None


def keep(database: Database, before: Mapping[str, Any], fetch: Mapping[str, Any], article: ArticlePage) -> bool:
    """What a new text of an article makes of it; gives whether that text is nearly nothing beside the one before.

    `before` is the article's row, whose images are still those of the old text; the edit between the two is the last.
    """
    body = article.body or NO_BODY
    left = letters(body.text, len(body.images))
    known = _row(database, before["id"])
    full = known["full_letters"] if known else letters(before["body_text"] or "", _pictures(database, before["id"]))
    if not is_collapse(full, left, body.text):
        database.execute("DELETE FROM collapses WHERE article_id = ?", [before["id"]])
    elif known:
        database.execute("UPDATE collapses SET letters = ? WHERE article_id = ?", [left, before["id"]])
    else:
        last_seen = "SELECT last_seen_old_at FROM edits WHERE article_id = ? ORDER BY id DESC LIMIT 1"
        _write(
            database, article_id=before["id"], since=fetch["started_at"], letters=left, full_letters=full,
            full_capture_id=before["capture_id"], full_seen_at=database.value(last_seen, [before["id"]]),
            full_title=before["title"], full_body_text=before["body_text"] or "",
        )  # fmt: skip
        return True
    return False


def consider_copy(database: Database, article_id: int, fetch: Mapping[str, Any], article: ArticlePage) -> None:
    """A copy that is not taken for the article, beside which what the site showed may be nearly nothing."""
    now = database.row("SELECT * FROM articles WHERE id = ?", [article_id])
    known, body = _row(database, article_id), article.body or NO_BODY
    if now is None or (
        known and (fetch["source"] == CaptureSource.FEED or known["full_seen_at"] >= fetch["started_at"])
    ):
        return
    full = letters(body.text, len(body.images))
    left = letters(now["body_text"] or "", _pictures(database, article_id))
    if is_collapse(full, left, now["body_text"] or ""):
        _write(
            database, article_id=article_id, since=known["since"] if known else _first_seen(database, now),
            letters=left, full_letters=max(full, known["full_letters"] if known else 0),
            full_capture_id=fetch["capture_id"], full_seen_at=fetch["started_at"], full_title=article.title,
            full_body_text=body.text,
        )  # fmt: skip


def _row(database: Database, article_id: int) -> dict[str, Any] | None:
    return database.row("SELECT * FROM collapses WHERE article_id = ?", [article_id])


def _pictures(database: Database, article_id: int) -> int:
    return int(database.value("SELECT count(*) FROM article_images WHERE article_id = ?", [article_id]))


def _first_seen(database: Database, now: Mapping[str, Any]) -> str:
    """When the text of an article was first seen: that of its last edit, or its only one."""
    at = (
        "SELECT coalesce((SELECT first_seen_new_at FROM edits WHERE article_id = ?1 ORDER BY id DESC LIMIT 1),"
        " (SELECT coalesce(source_at, captured_at) FROM captures WHERE id = ?2))"
    )
    return str(database.value(at, [now["id"], now["capture_id"]]))


def _write(database: Database, **row: Any) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"INSERT OR REPLACE INTO collapses ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608
