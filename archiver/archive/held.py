"""What counts as held (docs/law.md §3): which answer is the page, which is better, what stood before. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archiver.archive.database import Database
from archiver.errors import ArchiveDamaged
from archiver.model import NOT_READ, SUCCESSES, Address, Answer, CaptureSource, Kind
from archiver.model.readings import Reading
from archiver.verdict import better_source, judge

_NOT_THERE = "a row that another one names is not there; put back a copy of the archive"
_OF_A_PAGE = ("url", "kind", "article_id", "series_id", "user_id", "page_number")


def is_the_page(database: Database, page: Mapping[str, Any], fetch: Mapping[str, Any], reading: Reading) -> bool:
    """The one law of what is held: only an answer that was the page itself changes it (docs/law.md §3.2)."""
    if not (reading.facts.has_content and reading.facts.closed):
        return False
    if fetch["outcome"] in SUCCESSES:
        return True
    if fetch["outcome"] not in NOT_READ:
        return False
    kept = named_row(database, "SELECT final_url, http_status, headers FROM captures WHERE id = ?", fetch["capture_id"])
    answer = Answer(
        kept["final_url"], datetime.fromisoformat(fetch["started_at"]), 0, status=kept["http_status"] or 200,
        headers=tuple((name, value) for name, value in json.loads(kept["headers"])), body=b"kept",
    )  # fmt: skip
    return judge(address_of(page), answer, reading).outcome in SUCCESSES


def is_better(database: Database, article_id: int, capture_id: int) -> bool:
    """Good never loses to bad (docs/law.md §3.3); of two copies of one worth the one that was made later is better."""
    held = database.row(
        "SELECT source, source_at FROM articles JOIN captures ON captures.id = capture_id WHERE articles.id = ?",
        [article_id],
    )
    if held is None:
        return True
    found = named_row(database, "SELECT source, source_at FROM captures WHERE id = ?", capture_id)
    candidate, other = CaptureSource(found["source"]), CaptureSource(held["source"])
    if candidate is not CaptureSource.LIVE and better_source(other, candidate):
        return better_source(candidate, other) and (found["source_at"] or "") >= (held["source_at"] or "")
    return better_source(candidate, other)


def is_newest(database: Database, copy: Mapping[str, Any]) -> bool:
    """Whether nothing that was read of a page before is live, or a copy made later than this one."""
    if is_first(copy):
        return True
    newer = (
        "SELECT 1 FROM fetches WHERE page_id = ? AND id < ? AND capture_id IS NOT NULL"
        " AND (source = 'live' OR source_at > ?) LIMIT 1"
    )
    return database.row(newer, [copy["page_id"], copy["id"], copy["started_at"]]) is None


def named_row(database: Database, sql: str, *parameters: int) -> dict[str, Any]:
    """A row that another one names. Raises ArchiveDamaged."""
    found = database.row(sql, parameters)
    if found is None:
        raise ArchiveDamaged(_NOT_THERE)
    return found


def is_first(fetch: Mapping[str, Any]) -> bool:
    """Whether nothing was read of the page before this fetch: then no row says anything that it said."""
    return fetch["last_capture_id"] is None


def was_read_last(fetch: Mapping[str, Any]) -> bool:
    """Whether the fetch before gave or confirmed the very same capture: then only dates and counters move."""
    is_the_same = bool(fetch["last_capture_id"] == fetch["capture_id"])
    return is_the_same and (fetch["last_outcome"] in SUCCESSES or fetch["outcome"] not in SUCCESSES)


def is_whole_list(reading: Reading) -> bool:
    """Whether what a list does not name has left it: not when an item or every link of it could not be read."""
    return not {problem.field for problem in reading.problems} & {"item_link", "links"}


def page_of(fetch: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the page that a fetch is of, as far as reading needs it. Raises ArchiveDamaged."""
    if fetch["kind"] is None:
        raise ArchiveDamaged(_NOT_THERE)
    return {"id": fetch["page_id"], **{name: fetch[name] for name in _OF_A_PAGE}}


def address_of(page: Mapping[str, Any]) -> Address:
    """What was asked for, by the row of its page."""
    return Address(
        page["url"], Kind(page["kind"]), page["article_id"], page["series_id"], page["user_id"], page["page_number"]
    )
