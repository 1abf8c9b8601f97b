"""When the absences of a run say more about the host than about the parts (docs/law.md §5). Reads only."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from archiver import verdict
from archiver.archive.columns import ABSENCES, NOT_ASKED, STILL_ASKED
from archiver.archive.database import Database
from archiver.archive.times import stamp
from archiver.config.rules import Rules
from archiver.model import Kind

# The parts that were asked in a run, but for those that were absent already when it began: they are asked again because
# they are absent, and say nothing about the others. A page has few rows, a run may have fifty thousand: `+run_id` has
# SQLite look among those of the page.
_ASKED = f"""
SELECT page_id, outcome IN {ABSENCES} AS absent, signals ->> 'unlisted_since' IS NOT NULL AS unlisted,
    coalesce((SELECT series_id FROM parts WHERE parts.page_id = pages.id),
        (SELECT series_id FROM articles WHERE articles.id = pages.article_id)) AS series_id
FROM fetches JOIN pages ON pages.id = page_id
WHERE run_id = :run_id AND final AND +source = 'live' AND pages.kind = 'article' AND outcome NOT IN {NOT_ASKED}
AND coalesce((SELECT new_state FROM state_changes WHERE page_id = pages.id AND at NOT IN (
        SELECT started_at FROM fetches AS ours WHERE +ours.run_id = :run_id AND ours.page_id = pages.id)
    ORDER BY id DESC LIMIT 1), 'new') NOT IN ('suspect', 'gone')
"""  # noqa: S608 - a closed list of words of ours

_NEXT_WITNESS = f"""
SELECT pages.* FROM pages LEFT JOIN articles ON articles.id = pages.article_id
WHERE kind = 'article' AND state = 'alive'
AND (pages.id IN ({STILL_ASKED}) OR pages.id NOT IN (SELECT page_id FROM parts))
AND NOT EXISTS (SELECT 1 FROM fetches WHERE +run_id = :run_id AND page_id = pages.id)
ORDER BY :same_first * (coalesce(articles.series_id, -1) IN (
    SELECT articles.series_id FROM articles JOIN pages AS asked ON asked.article_id = articles.id
    JOIN fetches ON fetches.page_id = asked.id WHERE run_id = :run_id)) DESC, last_fetch_at, pages.id LIMIT 1
"""  # noqa: S608 - the same

CONTROL = f"""
SELECT outcome, signals FROM fetches JOIN pages ON pages.id = page_id
WHERE pages.kind = 'control' AND +source = 'live' AND final AND run_id <= :run_id AND started_at > :since
AND (run_id = :run_id OR started_at <= :until) -- else the clock was wrong then
AND outcome NOT IN {NOT_ASKED}
ORDER BY fetches.id DESC LIMIT 1
"""  # noqa: S608 - the same
"""The last control request up to a run: made in it, or since a moment and until another."""


def absent_pages(database: Database, run_id: int) -> list[tuple[int, Kind]]:
    """The pages that were absent in a run, each with its kind."""
    rows = database.query(
        f"SELECT DISTINCT page_id, kind FROM fetches JOIN pages ON pages.id = page_id WHERE run_id = ? AND final"  # noqa: S608
        f" AND +source = 'live' AND outcome IN {ABSENCES} ORDER BY page_id",
        [run_id],
    )
    return [(row["page_id"], Kind(row["kind"])) for row in rows]


def reason(database: Database, run_id: int, rules: Rules) -> str | None:
    """Why the absences of a run are not believed that no list vouches for; None when nothing speaks against them."""
    rows = _asked(database, run_id)
    absent = sum(row["absent"] for row in rows)
    if verdict.mass_absence(len(rows), absent) and not _others_answer(rows):
        return f"{absent} of the {len(rows)} parts asked were absent, which smells of the host: no absence is believed."
    return control_says(database, run_id, rules)


def control_says(database: Database, run_id: int, rules: Rules) -> str | None:
    """Why no absence of a run is believed, by how the host answered for an article that cannot exist."""
    began = datetime.fromisoformat(database.value("SELECT started_at FROM runs WHERE id = ?", [run_id]))
    since, until = stamp(began - timedelta(days=rules.control_days)), stamp(began)
    control = database.row(CONTROL, {"run_id": run_id, "since": since, "until": until})
    if control is None or control["outcome"] in ABSENCES:
        return None
    said = control["outcome"]
    return f"An article that cannot exist was answered with {said}, so no absence of this run is believed."


def _others_answer(rows: list[dict[str, Any]]) -> bool:
    """Whether whole series are absent while enough parts of others were asked, and all of those are there."""
    asked = Counter(row["series_id"] for row in rows)
    absent = Counter(row["series_id"] for row in rows if row["absent"])
    there = sum(count for series_id, count in asked.items() if not absent[series_id])
    return there >= verdict.GUARD_AT_LEAST and all(absent[series_id] in {0, asked[series_id]} for series_id in asked)


def next_witness(database: Database, run_id: int, due_absent: int) -> dict[str, Any] | None:
    """A living part to be asked though it is not due, to tell a lost part from a lost host (docs/law.md §5.3).

    `due_absent`: how many of the parts that were due were absent. None when enough were asked, or none is left.
    """
    if not due_absent:
        return None
    rows = _asked(database, run_id)
    if len(rows) >= verdict.enough_witnesses(due_absent):
        return None
    is_wiped = verdict.mass_absence(len(rows), sum(row["absent"] for row in rows))
    order = {"run_id": run_id, "same_first": -1 if is_wiped else 1}
    return database.row(_NEXT_WITNESS, order)


def _asked(database: Database, run_id: int) -> list[dict[str, Any]]:
    """The parts that a run asked and that tell something of the host, as no absence does that a list vouches for."""
    rows = database.query(_ASKED, {"run_id": run_id})
    return [row for row in rows if not (row["absent"] and row["unlisted"])]
