"""The queue of pages that somebody else is asked to save, and what is told of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from archiver.archive.columns import NOT_ASKED, STILL_ASKED
from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.held import address_of
from archiver.archive.times import moment, stamp, stamped
from archiver.model import CaptureSource, Held, Ours, Push, PushState, State
from archiver.text import line

# What hangs on the fewest copies first, then what is about to go, then the oldest. Of a text that shrank to nearly
# nothing the full one is gone from the site: nobody could save it.
_HELD = f"""
SELECT pages.id AS page, pages.url, pages.kind, pages.article_id, pages.series_id, pages.user_id, pages.page_number,
    iif(articles.id IN (SELECT article_id FROM collapses), 'gone', pages.state) AS page_state,
    held.copies, articles.content_sha256, pushes.*, pushes.id AS push_id
FROM copies_of_parts AS held
JOIN pages ON pages.url = held.url
JOIN articles ON articles.id = pages.article_id
LEFT JOIN pushes ON pushes.id = (SELECT max(id) FROM pushes AS latest WHERE latest.page_id = pages.id)
WHERE held.ours IS NOT NULL
AND (:series_id IS NOT NULL OR :page_url IS NOT NULL OR pages.id IN ({STILL_ASKED}))
AND (:series_id IS NULL OR held.series_id = :series_id) AND (:page_url IS NULL OR pages.url = :page_url)
ORDER BY held.copies, pages.state != 'suspect', articles.published_at IS NULL, articles.published_at, pages.id
"""  # noqa: S608 - no words from outside

_OURS = """
SELECT articles.title, body_text, content_sha256, captures.source FROM articles
JOIN captures ON captures.id = capture_id JOIN pages ON pages.article_id = articles.id WHERE pages.id = ?
"""


class Pushes:
    """The pushes of one open archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, series_id: int | None = None, page_url: str | None = None) -> list[Held]:
        """Every part that is held, most endangered first, with its last push; of one series, or one page."""
        rows = self._database.query(_HELD, {"series_id": series_id, "page_url": page_url})
        return [_held(row) for row in rows]

    def queue(self, page_ids: Iterable[int], now: datetime) -> None:
        """Put pages in the queue, in this order. A page that is in it already stays where it is."""
        with transaction(self._database):
            for page_id in page_ids:
                self._database.execute(
                    "INSERT INTO pushes (page_id, state, queued_at) VALUES (?, 'queued', ?) ON CONFLICT DO NOTHING",
                    [page_id, stamp(now)],
                )

    def save(self, push_id: int, push: Push) -> None:
        """Write down how far a push got."""
        columns = _columns(push)
        written = ", ".join(f"{name} = ?" for name in columns)
        with transaction(self._database):
            self._database.execute(f"UPDATE pushes SET {written} WHERE id = ?", [*columns.values(), push_id])  # noqa: S608

    def ours(self, page_id: int) -> Ours | None:
        """The text that we hold of a page."""
        row = self._database.row(_OURS, [page_id])
        if row is None:
            return None
        blocks = self._database.query(
            "SELECT code FROM code WHERE article_id = (SELECT article_id FROM pages WHERE id = ?) ORDER BY position",
            [page_id],
        )
        code, source = tuple(block["code"] for block in blocks), CaptureSource(row["source"])
        return Ours(row["title"] or "", row["body_text"] or "", code, row["content_sha256"], source)

    def asks(self, url: str, since: datetime, now: datetime) -> list[datetime]:
        """When `url` was asked from then until now, oldest first: every request that went out, whatever came of it."""
        rows = self._database.query(
            "SELECT started_at FROM fetches WHERE source = 'wayback' AND requested_url = ?"  # noqa: S608 - words of ours
            f" AND started_at BETWEEN ? AND ? AND outcome NOT IN {NOT_ASKED} AND outcome != 'dns_error'"
            " ORDER BY started_at",
            [url, stamp(since), stamp(now)],
        )
        return [datetime.fromisoformat(row["started_at"]) for row in rows]

    def jobs(self, since: datetime, now: datetime, *, but: Iterable[int]) -> list[datetime]:
        """When the jobs began that may still be at work, those of these pushes apart."""
        rows = self._database.query(
            "SELECT id, asked_at FROM pushes WHERE state = 'pending' AND job_id IS NOT NULL AND made_at IS NULL"
            " AND asked_at > ? AND asked_at <= ?",
            [stamp(since), stamp(now)],
        )
        left_out = set(but)
        return [datetime.fromisoformat(row["asked_at"]) for row in rows if row["id"] not in left_out]

    def rests_until(self, now: datetime, *, with_keys: bool) -> tuple[datetime, str] | None:
        """Until when Save Page Now wants no more of us, as it said when last asked, and why.

        What it said to somebody without an account is not said to one with keys, unless it was a status: that is of the
        machine that asks, or of the service.
        """
        row = self._database.row(
            "SELECT started_at, signals ->> 'rest_s' AS rest_s, signals ->> 'reason' AS reason FROM fetches"
            " WHERE source = 'wayback' AND signals ->> 'step' = 'push' AND started_at BETWEEN ? AND ?"
            " AND (signals ->> 'keys' IS NOT 0 OR NOT ? OR http_status IN (403, 429) OR http_status >= 500)"
            " ORDER BY id DESC LIMIT 1",
            [stamp(now - timedelta(days=7)), stamp(now), with_keys],
        )
        if row is None or row["rest_s"] is None:
            return None
        until = datetime.fromisoformat(row["started_at"]) + timedelta(seconds=float(row["rest_s"]))
        return (until, str(row["reason"])) if until > now else None


def _held(row: dict[str, Any]) -> Held:
    push = None if row["push_id"] is None else _push(row)
    state = State(row["page_state"])
    return Held(row["page"], address_of(row), row["copies"], state, row["content_sha256"], row["push_id"], push)


def _push(row: dict[str, Any]) -> Push:
    return Push(
        PushState(row["state"]), row["attempts"], moment(row["asked_at"]), moment(row["not_before"]), row["job_id"],
        moment(row["made_at"]), row["copy_url"], row["text_sha256"], row["reason"], moment(row["checked_at"]),
    )  # fmt: skip


def _columns(push: Push) -> dict[str, Any]:
    return {
        "state": push.state.value, "reason": line(push.reason, 500), "attempts": push.attempts,
        "asked_at": stamped(push.asked_at), "not_before": stamped(push.not_before), "job_id": push.job_id,
        "made_at": stamped(push.made_at), "copy_url": push.copy_url and line(push.copy_url, 8_000),
        "text_sha256": push.text_sha256, "checked_at": stamped(push.checked_at),
    }  # fmt: skip
