"""The rows of what a reading could not tell: problems of a page's latest capture, values that it used to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.archive.database import Database
from archiver.model import CaptureSource
from archiver.model.readings import Reading


def keep(database: Database, fetch: Mapping[str, Any], reading: Reading, *, is_first: bool) -> None:
    """The problems of the latest capture's reading. `is_first`: nothing was read of the page before."""
    if not is_first:
        if fetch["source"] == CaptureSource.LIVE:  # what an old copy lacks is no sign that the site changed
            _keep_losses(database, fetch, reading)
        database.execute("DELETE FROM parse_problems WHERE page_id = ?", [fetch["page_id"]])
    for problem in reading.problems:
        database.execute(
            "INSERT INTO parse_problems (page_id, capture_id, parser, field, problem, detail)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [fetch["page_id"], fetch["capture_id"], reading.parser, problem.field, problem.name, problem.detail],
        )


def _keep_losses(database: Database, fetch: Mapping[str, Any], reading: Reading) -> None:
    """Values that the reading before yielded and this one does not, though its page is alive (docs/law.md §12)."""
    missing = sorted({problem.field for problem in reading.problems})
    marks = ", ".join("?" * len(missing))
    database.execute(
        f"DELETE FROM lost_fields WHERE page_id = ? AND field NOT IN ({marks})",  # noqa: S608
        [fetch["page_id"], *missing],
    )
    if not missing:
        return
    found_at = database.value(
        "SELECT max(coalesce(source_at, started_at)) FROM fetches WHERE page_id = ? AND id < ?"
        " AND capture_id IS NOT NULL AND capture_id != ?",
        [fetch["page_id"], fetch["id"], fetch["capture_id"]],
    )
    for field in missing if found_at else []:
        database.execute(
            "INSERT INTO lost_fields (page_id, field, last_found_at, lost_since, parser)"
            " SELECT ?1, ?2, ?3, ?4, ?5"
            " WHERE NOT EXISTS (SELECT 1 FROM parse_problems WHERE page_id = ?1 AND field = ?2)"
            " OR EXISTS (SELECT 1 FROM lost_fields WHERE page_id = ?1 AND field = ?2)"
            " ON CONFLICT (page_id, field) DO UPDATE SET parser = excluded.parser,"
            # Lost in the future: the clock was wrong then, unless it is now, before the value was last found.
            " lost_since = iif(excluded.lost_since < last_found_at, lost_since,"
            " min(lost_since, excluded.lost_since))",
            [fetch["page_id"], field, found_at, fetch["started_at"], reading.parser],
        )
