"""What a file may bring that would run when it is read, and is not evaluated (docs/design.md 'Proof')."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from functools import cache
from pathlib import Path

from archiver.archive import scripts
from archiver.errors import ArchiveDamaged
from archiver.text import safe

_MOST_OBJECTS = 5_000  # tables, views, indexes and triggers; of ours there are a hundred
_MOST_SQL = 1_000_000  # characters of one statement, and eight times that of all
_MOST_BYTES = 268_435_456  # of one value; a body has at most a sixteenth of that
_PATIENCE_S = 300.0  # for what one command reads at once: the largest archive that we know of takes a second
_STEPS = 100_000  # of SQLite's machine, between two looks at the clock


def guard(connection: sqlite3.Connection, *, patience_s: float | None = None) -> None:
    """Bound what a connection gives a file to do, before anything of it is read.

    Functions and virtual tables with effects cannot be called from the file's own SQL, and cells are checked before
    they are used (https://sqlite.org/security.html). With `patience_s` everything ends after so many seconds.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MOST_SQL)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
    if _can_distrust():
        connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if patience_s is not None:
        be_patient(connection, patience_s)
    try:
        connection.execute("SELECT 1 FROM main.sqlite_master LIMIT 1").fetchone()
    except UnicodeDecodeError as error:  # what SQLite says of a garbled schema quotes it
        raise sqlite3.OperationalError("Could not decode to UTF-8 the names of its tables") from error


def be_patient(connection: sqlite3.Connection, seconds: float = _PATIENCE_S) -> None:
    """End what a connection does after so many seconds from now: for who reads piece by piece, anew for each."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)


@cache
def _can_distrust() -> bool:
    """Whether SQLite can read our own tables without trust: before 3.41 it takes json_valid in a CHECK for unsafe."""
    with contextlib.closing(sqlite3.connect(":memory:")) as probe:
        probe.execute("PRAGMA trusted_schema = OFF")
        try:
            probe.execute("CREATE TABLE t (x CHECK (json_valid(x)))")
            probe.execute("INSERT INTO t VALUES ('1')")
        except sqlite3.Error:
            return False
        return True


def guard_reader(connection: sqlite3.Connection) -> None:
    """The same for a connection that only reads: nothing can be attached, and the shape is not to be written."""
    guard(connection, patience_s=_PATIENCE_S)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    defend(connection)


def defend(connection: sqlite3.Connection) -> None:
    """Let nobody's SQL damage the file by way of its schema or of a search index, where Python can say so (3.12)."""
    configure = getattr(connection, "setconfig", None)
    if configure is not None:
        configure(getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE"), True)  # noqa: B009 - mypy knows 3.11


def own_views(connection: sqlite3.Connection) -> None:
    """Put views of ours before those of the file, for this connection alone: temporary names come first."""
    for _, statement in scripts.made("VIEW", scripts.VIEWS):
        connection.execute(statement.replace("CREATE VIEW", "CREATE TEMP VIEW", 1))


def has_own_views(connection: sqlite3.Connection) -> bool:
    """Whether the file has each view as we make it: none that another program made can then stand behind one."""
    held = dict(connection.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'view'").fetchall())
    return all(held.get(name) == statement for name, statement in scripts.made("VIEW", scripts.VIEWS))


def refuse_strange(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ArchiveDamaged when what has the name of a table or view of ours is something else, or is too much."""
    rows = connection.execute("SELECT type, name, sql FROM main.sqlite_master LIMIT ?", [_MOST_OBJECTS + 1]).fetchall()
    if len(rows) > _MOST_OBJECTS or sum(len(sql or "") for _, _, sql in rows) > 8 * _MOST_SQL:
        raise _strange(path, "it has more tables, views and indexes than any archive")
    tables, views = (
        {name.lower(): sql for name, sql in scripts.made(kind, *names)}
        for kind, names in (("TABLE", scripts.TABLES), ("VIEW", (scripts.VIEWS,)))
    )
    for kind, name, sql in rows:
        of_ours = str(name).lower()
        # What an older archive has as a table may be a view today.
        wanted = [what for what, named in (("table", tables), ("view", views)) if of_ours in named]
        if wanted and kind not in wanted:
            raise _strange(path, f"{kind} {safe(name, 80)} has the name of a {wanted[0]} of ours")
        is_virtual = kind == "table" and str(sql).lstrip().upper().startswith("CREATE VIRTUAL")
        if of_ours in tables and is_virtual and sql != tables[of_ours]:
            raise _strange(path, f"table {safe(name, 80)} is not a table but something that acts as one")
    generated = connection.execute(
        "SELECT tables.name FROM main.sqlite_master AS tables JOIN pragma_table_xinfo(tables.name, 'main') AS columns"
        " WHERE tables.type = 'table' AND columns.hidden IN (2, 3)"
    )
    for (name,) in generated:
        if str(name).lower() in tables:
            raise _strange(path, f"table {safe(name, 80)} has a column that is computed")


def _strange(path: Path, what: str) -> ArchiveDamaged:
    return ArchiveDamaged(f"{path}: no archive that archiver made: {what}; this one is untouched")
