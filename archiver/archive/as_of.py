"""An archive as it stood at an earlier moment, in a throw-away copy (docs/design.md 'Exports')."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from archiver.archive import schema, search_index
from archiver.archive.beliefs import Beliefs
from archiver.archive.captures import Captures
from archiver.archive.columns import STORED_BODY
from archiver.archive.connection import throw_away
from archiver.archive.database import Database
from archiver.archive.library import Library
from archiver.archive.opening import explained, opened
from archiver.archive.stored import ReadPage
from archiver.archive.times import stamp
from archiver.config.rules import Rules, Schedule
from archiver.errors import UsageError
from archiver.machine.workers import Workers
from archiver.text import safe

_TOGETHER = 50  # rows that are held at a time; a body may be in each

# Each table that is seen or asked, and what of it there was by then.
_FETCHED = "fetches.started_at <= :until"
_KEPT = f"SELECT capture_id FROM fetches WHERE {_FETCHED}"  # noqa: S608 - words of our own
_SEEN = {
    "runs": f"started_at <= :until OR id IN (SELECT run_id FROM fetches WHERE {_FETCHED})",  # noqa: S608 - words of our own
    "pages": f"first_seen_at <= :until OR id IN (SELECT page_id FROM fetches WHERE {_FETCHED})",  # noqa: S608 - the same
    "sources": "added_at <= :until",
    "captures": f"id IN ({_KEPT})",
    "fetches": _FETCHED,
    "copies": "first_seen_at <= :until",
    "pushes": "coalesce(checked_at, asked_at, queued_at) <= :until",
    "laws": "at <= :until",
}
_RUNS = "coalesce(finished_at, '~') <= :until"
_LATER = "last_fetch_at > :until"
# Column → what stands in its place, where it says what came later, or is believed and so believed again.
_THEN = {
    "runs": {
        name: f"iif({_RUNS}, {name}, NULL)"
        for name in ("finished_at", "ended_by", "exit_code", "note", "digest", "kept_digest", "changed_before")
    },
    "pages": {
        "state": "'new'", "state_since": "first_seen_at", "failures": "0", "absences": "0",
        **dict.fromkeys(
            ("last_fetch_at", "last_outcome", "last_ok_at", "last_absence_at", "absent_since"), "NULL"
        ),
        **{name: f"iif({_LATER}, NULL, {name})" for name in ("moved_to", "etag", "last_modified")},
    },
    "sources": {"dropped_at": "iif(dropped_at <= :until, dropped_at, NULL)"},
    "captures": {  # a body stands in the first capture that it came with, which a clock that was set may put later
        "body": f"iif(body_capture_id IN ({_KEPT}), body, {STORED_BODY})",
        "body_capture_id": f"iif(body_capture_id IN ({_KEPT}), body_capture_id, NULL)",
    },
}  # fmt: skip


@contextmanager
def as_it_stood(path: Path, moment: datetime, read: ReadPage) -> Iterator[Path]:
    """An archive that holds what this one held then, in a folder of its own that is gone afterwards.

    Beliefs are by the law of then, where this version knows it, else by the law of today; what pages say is read by
    the parsers of today. Raises UsageError where nothing had been asked by then, and ArchiveError.
    """
    with tempfile.TemporaryDirectory(prefix="archiver-as-of-") as folder:
        copy = Path(folder) / "archive.db"
        with opened(path) as connection:
            connection.execute("BEGIN")
            _refuse_before(connection, path, moment)
            _make(connection, copy, stamp(moment), read)
        yield copy


def _refuse_before(connection: sqlite3.Connection, path: Path, moment: datetime) -> None:
    first = connection.execute("SELECT min(started_at) FROM fetches").fetchone()[0]
    if first is not None and first > stamp(moment):
        raise UsageError(f"{safe(path)}: nothing had been asked by {stamp(moment)}; the first request was at {first}")


def _make(connection: sqlite3.Connection, copy: Path, until: str, read: ReadPage) -> None:
    database = throw_away(copy)
    try:
        schema.ensure(database)
        for table, wanted in _SEEN.items():
            _take(connection, database, table, wanted, until)
        with explained(copy):
            _believe(database)
        with Workers() as workers:
            library = Library(database, Captures(database), read)
            library.rebuild(index=search_index.put_down, workers=workers)
    finally:
        database.close()


def _take(connection: sqlite3.Connection, database: Database, table: str, wanted: str, until: str) -> None:
    """The rows of a table that there were, as they were."""
    names = [column.name for column in database[table].columns]
    told = (f'{_THEN.get(table, {}).get(name, f"{name}")} AS "{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    rows = connection.execute(f"SELECT {', '.join(told)} FROM {table} WHERE {wanted} ORDER BY id", {"until": until})  # noqa: S608
    with database.conn:
        while some := rows.fetchmany(_TOGETHER):
            with explained(database.path):
                database.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", map(tuple, some))  # noqa: S608


def _believe(database: Database) -> None:
    ours = Beliefs(database, Rules(), Schedule())
    beliefs = ours.as_made() or ours
    with database.conn:
        for page_id in sorted(database.numbers("SELECT id FROM pages")):
            beliefs.believe_again(page_id)
