"""What the user's command is owed: everything that changed since it was last told, also by runs that were killed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.runs import Runs
from archiver.archive.times import stamp


class Notices:
    """The table `notices` of one open archive."""

    def __init__(self, database: Database, path: Path, runs: Runs) -> None:
        self._database = database
        self._path = path
        self._runs = runs

    def owe(self, run_id: int, now: datetime) -> None:
        """From this run on, which has just begun, whatever changes is to be told."""
        with transaction(self._database, self._path):
            self._note(run_id, "owed", now)

    def told(self, run_id: int, now: datetime) -> None:
        """Everything up to the end of this run, which has ended, was told, or there was nothing to tell."""
        with transaction(self._database, self._path):
            self._note(run_id, "told", now)
            self._runs.seal_kept()

    def _note(self, run_id: int, state: str, now: datetime) -> None:
        self._database.execute("INSERT INTO notices (run_id, state, at) VALUES (?, ?, ?)", [run_id, state, stamp(now)])
