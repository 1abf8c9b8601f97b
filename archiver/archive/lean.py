"""The row of an answer that says what is held already, without what an earlier row of its page says.

What it leaves out, and why: docs/design.md 'Rows, and what is made of them'. The view `whole_fetches` shows all of it.
"""

from __future__ import annotations

import json
from typing import Any

from archiver.archive.database import Database
from archiver.model import Outcome
from archiver.verdict import HELD_ALREADY

_OF_THE_MOMENT = frozenset({"date", "cf-ray"})  # another value in each answer
VALIDATORS = ("etag", "last-modified")  # they are read from the row that brought them

SIGNALS = """coalesce((SELECT json_patch(base.signals, fetches.signals) FROM fetches AS base
    WHERE base.id = fetches.signals ->> 'as'), fetches.signals)"""
"""The signals of a row of `fetches`, whole."""


def base(database: Database, page_id: int, url: str) -> dict[str, Any] | None:
    """The row that a lean one of this page may lean on: that of its last success, or what that leans on."""
    return database.row(
        "SELECT base.id, base.headers, base.signals FROM fetches AS last"
        " JOIN fetches AS base ON base.id = coalesce(last.signals ->> 'as', last.id)"
        " WHERE last.id = (SELECT max(id) FROM fetches WHERE page_id = ?1 AND final AND source = 'live'"
        " AND outcome IN ('ok', 'unchanged')) AND base.page_id = ?1 AND base.requested_url = ?2"
        " AND base.final_url = ?2 AND base.source = 'live' AND base.outcome IN ('ok', 'unchanged')",
        [page_id, url],
    )


def leaner(
    base: dict[str, Any], headers: dict[str, str], signals: dict[str, Any], length: int | None
) -> tuple[str, str]:
    """Headers and signals as JSON, each with what differs from those of the row `base` alone; null: there is none.

    `length`: how many bytes came, where a body did; an announced length that is the same is not said again.
    """
    before = {name: value for name, value in json.loads(base["headers"]).items() if name not in _OF_THE_MOMENT}
    if length is not None and "content-length" in before:
        before["content-length"] = str(length)
    now = {name: value for name, value in headers.items() if name not in _OF_THE_MOMENT}
    kept = {name: now[name] for name in VALIDATORS if name in now}
    said = {**json.loads(base["signals"]), "reason": HELD_ALREADY}
    return _written({**_patch(before, now), **kept}), _written({"as": base["id"], **_patch(said, signals)})


def is_lean(outcome: Outcome, *, is_first: bool, is_live: bool, url: str, requested_url: str, final_url: str) -> bool:
    """Whether the row of an answer may be lean: the page's own URL said that nothing changed, at once."""
    return outcome is Outcome.UNCHANGED and is_first and is_live and url == requested_url == final_url


def _patch(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What makes `now` of `before`, by RFC 7396."""
    gone = {name: None for name in before if name not in now}
    return gone | {
        name: value for name, value in now.items() if name not in before or _told(before[name]) != _told(value)
    }


def _told(value: object) -> tuple[type, object]:
    return type(value), value  # else true would be 1


def _written(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
