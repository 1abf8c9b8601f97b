"""What is believed of a page: a pure function of its live fetches and of the law, folded again whenever that is asked.

The table `laws` keeps by which law the beliefs that stand in the archive were made.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Self

from archiver import verdict
from archiver.archive import doubt
from archiver.archive.database import Database
from archiver.archive.history import StateChangeRow
from archiver.archive.times import moment, stamp, stamped
from archiver.config.rules import Rules, Schedule
from archiver.model import Belief, Kind, Outcome, State
from archiver.text import event

_log = logging.getLogger(__name__)


OF_PAGE = """
SELECT pages.*, (SELECT published_at FROM articles WHERE articles.id = pages.article_id) AS published_at FROM pages
"""
"""The row of a page, and when its article was published."""


class Beliefs:
    """The believed columns of `pages`, and `state_changes`, of one open archive. Who writes holds the transaction."""

    def __init__(self, database: Database, rules: Rules, schedule: Schedule) -> None:
        self._database = database
        self._rules = rules
        self._schedule = schedule

    def as_made(self) -> Self | None:
        """The same beliefs under the law that they were made by; None where this version does not know that law.

        An archive in which no run was begun since laws are kept is taken to stand on ours.
        """
        stored = self._stored_law()
        if stored is None:
            return self
        version, numbers = stored
        known = {field.name for field in fields(Rules)}
        if version != verdict.LAW or numbers.keys() != known:
            return None
        return type(self)(self._database, Rules(**numbers), self._schedule)

    def follow_law(self, run_id: int, now: datetime) -> None:
        """Believe everything again where that was made by another law, and say so in a row."""
        law = (verdict.LAW, asdict(self._rules))
        if self._stored_law() == law:
            return
        pages = sorted(self._database.numbers("SELECT id FROM pages"))
        changed = sum(map(self._is_believed_anew, pages))
        self._database.execute(
            "INSERT INTO laws (run_id, at, version, rules, pages_changed) VALUES (?, ?, ?, ?, ?)",
            [run_id, stamp(now), law[0], json.dumps(law[1], sort_keys=True), changed],
        )

    def changed_by_law(self, run_id: int) -> int | None:
        """Of how many pages a run believes something else, since it follows another law; None when it does not."""
        rows = self._database.query(
            "SELECT pages_changed FROM laws WHERE run_id = ? AND id > (SELECT min(id) FROM laws)", [run_id]
        )
        return next((int(row["pages_changed"]) for row in rows), None)

    def _is_believed_anew(self, page_id: int) -> bool:
        before = self.belief(page_id)
        if self.recompute(page_id) == (before, self.changes(page_id)):
            return False
        self.believe_again(page_id)
        return self.belief(page_id) != before

    def _stored_law(self) -> tuple[int, dict[str, Any]] | None:
        rows = self._database.query("SELECT version, rules FROM laws ORDER BY id DESC LIMIT 1")
        stored = next(((row["version"], json.loads(row["rules"])) for row in rows), None)
        return stored if stored is None or isinstance(stored[1], dict) else (stored[0], {})

    def renew(
        self, page: Mapping[str, Any], outcome: Outcome, at: datetime, also: Mapping[str, str | None] | None = None
    ) -> None:
        """Believe one more final outcome of a page, by its row (`OF_PAGE`), and write what `also` is to stand there."""
        before = _belief(page)
        belief = verdict.believe(before, Kind(page["kind"]), outcome, at, self._rules)
        if belief.state is not before.state:
            self._note_change(page["id"], _changed(at, before, belief))
        self._write_belief(page, belief, also or {})

    def belief(self, page_id: int) -> Belief:
        """What is believed of a page now."""
        return _belief(self._page(page_id))

    def _page(self, page_id: int) -> dict[str, Any]:
        return next(self._database.query(f"{OF_PAGE} WHERE pages.id = ?", [page_id]))

    def recompute(self, page_id: int) -> tuple[Belief, list[StateChangeRow]]:
        """What must be believed of a page, and how that came about, from its live fetches alone."""
        kind = Kind(self._database.value("SELECT kind FROM pages WHERE id = ?", [page_id]))
        belief, changes = Belief(), []
        for outcome, at, doubted in self._history(page_id):
            before, belief = belief, verdict.believe(belief, kind, outcome, at, self._rules, doubted=doubted)
            if belief.state is not before.state:
                changes.append(_changed(at, before, belief))
        return belief, changes

    def believe_again(self, page_id: int) -> None:
        """Write what the fetches of a page say, in place of what was believed."""
        belief, changes = self.recompute(page_id)
        self._database.execute("DELETE FROM state_changes WHERE page_id = ?", [page_id])
        for change in changes:
            self._note_change(page_id, change)
        self._write_belief(self._page(page_id), belief, {})

    def changes(self, page_id: int) -> list[StateChangeRow]:
        """The state changes that are stored."""
        stored = "SELECT at, old_state, new_state FROM state_changes WHERE page_id = ? ORDER BY id"
        return [StateChangeRow(*row) for row in self._database.execute(stored, [page_id])]

    def _note_change(self, page_id: int, change: StateChangeRow) -> None:
        _log.info(event("decision", page=page_id, was=change.old_state, now=change.new_state, since=change.at))
        self._database.execute(
            "INSERT INTO state_changes (page_id, at, old_state, new_state) VALUES (?, ?, ?, ?)", [page_id, *change]
        )

    def _history(self, page_id: int) -> Iterator[tuple[Outcome, datetime, bool]]:
        for row in self._database.query(
            "SELECT outcome, fetches.started_at AS at, run_id, mass_absence,"
            " signals ->> 'unlisted_since' IS NOT NULL AS unlisted FROM fetches JOIN runs ON runs.id = run_id"
            " WHERE page_id = ? AND final AND source = 'live' ORDER BY fetches.id",
            [page_id],
        ):
            doubted = bool(row["mass_absence"])
            if doubted and row["unlisted"]:  # the site itself says so: then only a host that answers oddly is doubted
                doubted = doubt.control_says(self._database, row["run_id"], self._rules) is not None
            yield Outcome(row["outcome"]), datetime.fromisoformat(row["at"]), doubted

    def _write_belief(self, page: Mapping[str, Any], belief: Belief, also: Mapping[str, str | None]) -> None:
        columns = {**believed(belief, page), **also}
        if belief.last_fetch_at is not None:
            published_at = moment(page["published_at"])
            due = verdict.when_due(page["url"], Kind(page["kind"]), belief, published_at, self._schedule)
            columns["due_at"] = stamp(due)
        written = ", ".join(f"{name} = ?" for name in columns)
        self._database.execute(f"UPDATE pages SET {written} WHERE id = ?", [*columns.values(), page["id"]])  # noqa: S608


def _changed(at: datetime, before: Belief, belief: Belief) -> StateChangeRow:
    return StateChangeRow(stamp(at), before.state.value, belief.state.value)


def believed(belief: Belief, page: Mapping[str, Any]) -> dict[str, str | int | None]:
    """The believed columns of a page; one that was never asked keeps the date when it was first seen."""
    return {
        "state": belief.state.value, "state_since": stamped(belief.state_since) or page["first_seen_at"],
        "last_fetch_at": stamped(belief.last_fetch_at), "last_ok_at": stamped(belief.last_ok_at),
        "last_outcome": belief.last_outcome.value if belief.last_outcome else None,
        "failures": belief.failures, "absences": belief.absences,
        "last_absence_at": stamped(belief.last_absence_at), "absent_since": stamped(belief.absent_since),
    }  # fmt: skip


def _belief(page: Mapping[str, Any]) -> Belief:
    never = page["state"] == State.NEW.value
    return Belief(
        state=State(page["state"]),
        state_since=None if never else moment(page["state_since"]),
        last_fetch_at=moment(page["last_fetch_at"]),
        last_ok_at=moment(page["last_ok_at"]),
        last_outcome=Outcome(page["last_outcome"]) if page["last_outcome"] else None,
        failures=page["failures"],
        absences=page["absences"],
        last_absence_at=moment(page["last_absence_at"]),
        absent_since=moment(page["absent_since"]),
    )
