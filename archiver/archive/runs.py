"""Runs: opened, closed, chained by digests. The rows that say when and how somebody asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from archiver.archive import demonstration, doubt, seals, search_index
from archiver.archive.beliefs import Beliefs
from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.digest import run_digest
from archiver.archive.seals import Change
from archiver.archive.times import stamp
from archiver.config.rules import Rules
from archiver.model import Kind
from archiver.text import event, storable

_log = logging.getLogger(__name__)


class Runs:
    """The table `runs` of one open archive."""

    def __init__(self, database: Database, rules: Rules, beliefs: Beliefs) -> None:
        self._database = database
        self._rules = rules
        self._beliefs = beliefs
        self._changed: list[Change] = []
        self._sealed_at = database.conn.total_changes  # changes by this connection when all was last sealed

    def found_changed(self, changes: Iterable[Change]) -> None:
        """What another program changed before the archive was opened: the next run notes what cannot be put back."""
        self._changed = list(changes)

    def start_run(self, command: str, version: str, config: Mapping[str, Any], now: datetime) -> int:
        """Open a run: what a killed one left is closed and doubted first, and another law makes all believed again."""
        with transaction(self._database):
            for row in list(self._database.query("SELECT id FROM runs WHERE finished_at IS NULL")):
                self._settle_run(row["id"])
                self._database.execute(
                    "UPDATE runs SET ended_by = 'killed', finished_at = ("
                    "  SELECT coalesce(max(started_at), runs.started_at) FROM fetches WHERE run_id = runs.id)"
                    " WHERE id = ?",
                    [row["id"]],
                )
                self._seal(row["id"])
            noted = [change for change in self._changed if change.is_noted]
            changed = ", ".join(dict.fromkeys(change.what for change in noted))
            seals.accept(self._database, noted)
            cursor = self._database.execute(
                "INSERT INTO runs (command, started_at, version, config, changed_before, kept_digest)"
                " VALUES (?, ?, ?, ?, ?, (SELECT kept_digest FROM runs ORDER BY id DESC LIMIT 1))",
                [
                    command, stamp(now), version, json.dumps(config, ensure_ascii=False, sort_keys=True),
                    storable(changed) or None,
                ],
            )  # fmt: skip
            run_id = int(cursor.lastrowid or 0)
            self._beliefs.follow_law(run_id, now)
        self._changed = []
        _log.info(event("run", id=run_id, begun=command))
        return run_id

    def refuse_mixture(self, *, invented: bool) -> None:
        """Raise UsageError when one of what a run would keep and what the archive holds is real, and one invented."""
        demonstration.refuse_mixture(self._database.conn, self._database.path, invented=invented)

    def was_cut_short(self) -> bool:
        """Whether the last run that asks was killed or interrupted: nobody knows when its last request went out."""
        rows = self._database.query("SELECT ended_by FROM runs WHERE command != 'import' ORDER BY id DESC LIMIT 1")
        return any(row["ended_by"] in {None, "killed", "interrupted"} for row in rows)

    def is_open(self, run_id: int) -> bool:
        """Whether a run has no end yet."""
        return self._database.row("SELECT 1 FROM runs WHERE id = ? AND finished_at IS NULL", [run_id]) is not None

    def asked_without_names(self) -> int:
        """How many runs of fetch named no URL, the one that is going on included."""
        return int(
            self._database.value("SELECT count(*) FROM runs WHERE command = 'fetch' AND config ->> 'urls' = '[]'")
        )

    def doubt_absences(self, run_id: int) -> str | None:
        """Believe none of a run's absences when there is reason to doubt them; gives why. Twice changes nothing."""
        with transaction(self._database):
            return self._settle_run(run_id)

    def finish_run(self, run_id: int, ended_by: str, exit_code: int, note: str | None, now: datetime) -> str | None:
        """Close a run. Gives why none of its absences is believed; None when there is no reason to doubt them."""
        with transaction(self._database):
            reason = self._settle_run(run_id)
            words = " ".join(part for part in (reason, note) if part)
            self._database.execute(
                "UPDATE runs SET finished_at = ?, ended_by = ?, exit_code = ?, note = ? WHERE id = ?",
                [stamp(now), ended_by, exit_code, storable(words) or None, run_id],
            )
            self._seal(run_id)
            kept = "SELECT count(*) FROM fetches WHERE run_id = ? AND outcome = 'ok'"
            search_index.tidy(self._database, self._database.value(kept, [run_id]))
            self.seal_kept()
        _log.info(event("run", id=run_id, ended=ended_by, exit_code=exit_code, note=storable(words) or None))
        return reason

    def _seal(self, run_id: int) -> None:
        """Close the hash chain over a run that ended."""
        digest = run_digest(self._database, run_id)
        self._database.execute("UPDATE runs SET digest = ? WHERE id = ?", [digest, run_id])

    def seal_kept(self) -> None:
        """Seal what is there now, but for what another program changed. The caller holds the transaction."""
        seals.renew(self._database, self._changed)
        self._sealed_at = self._database.conn.total_changes

    def seal_at_the_end(self) -> None:
        """Seal what was written outside a run and not sealed in its own commit, before the archive is closed."""
        if self._database.conn.total_changes == self._sealed_at:
            return
        with transaction(self._database):
            self.seal_kept()

    def seal_rebuilt(self) -> None:
        """The same after all that is derived was made anew: nothing is left of what was done to it."""
        self._changed = [change for change in self._changed if not change.is_derived]
        self.seal_kept()

    def seal_search(self) -> None:
        """The same after the search index was filled anew."""
        self._changed = [change for change in self._changed if not change.is_of_the_search]
        self.seal_kept()

    # ─── what the user's command is owed: all that changed since it was last told, also by runs that were killed ──

    def owe_notice(self, run_id: int, now: datetime) -> None:
        """From this run on, which has just begun, whatever changes is to be told."""
        with transaction(self._database):
            self._note(run_id, "owed", now)

    def gave_notice(self, run_id: int, now: datetime) -> None:
        """Everything up to the end of this run, which has ended, was told, or there was nothing to tell."""
        with transaction(self._database):
            self._note(run_id, "told", now)
            self.seal_kept()

    def _note(self, run_id: int, state: str, now: datetime) -> None:
        self._database.execute("INSERT INTO notices (run_id, state, at) VALUES (?, ?, ?)", [run_id, state, stamp(now)])

    def _settle_run(self, run_id: int) -> str | None:
        """Whether the absences of a run are to be doubted (docs/law.md §5), and why; beliefs are computed again."""
        absent = doubt.absent_pages(self._database, run_id)
        has_lost_parts = any(kind is Kind.ARTICLE for _, kind in absent)
        reason = doubt.reason(self._database, run_id, self._rules) if has_lost_parts else None
        if reason is not None:
            self._database.execute("UPDATE runs SET mass_absence = 1 WHERE id = ?", [run_id])
            for page_id, _ in absent:  # of whatever kind: a list that is absent then is doubted with its parts
                self._beliefs.believe_again(page_id)
        return reason
