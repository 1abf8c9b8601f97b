"""Digests of tables that are kept up row by row: each is the sum of the digests of its rows, in whatever order.

A row's digest is the SHA-256 of its table and its values; they are added modulo 2 to the 256, by temporary triggers of
the connection that is watched. What that finds, and that it is no signature: docs/design.md 'Proof'.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from archiver.archive.columns import DERIVED_TABLES
from archiver.archive.database import Database

_MODULUS = 1 << 256
_ITS_OWN = {"runs": ("kept_digest",)}  # it is made of the seals
# What reading everything again cannot prove of derived rows: numbers that only say in which order rows were made, and
# guesses where nobody can guess.
_UNPROVEN = ("id", "image_id", "name_id", "comment_id", "tag_id", "reply_to", "language", "language_guessed")
_PROVEN_WHOLE = frozenset({"articles", "series", "authors"})  # their numbers are the site's
DERIVED = frozenset(DERIVED_TABLES) | {"discoveries"}  # the last in archives from before migration 019
_MAKES = {
    "insert": "seal_with(digest, '{table}', {new})",
    "delete": "seal_without(digest, '{table}', {old})",
    "update": "seal_with(seal_without(digest, '{table}', {old}), '{table}', {new})",
}


_shapes: WeakKeyDictionary[Database, tuple[int, dict[str, list[str]]]] = WeakKeyDictionary()


def columns(database: Database, table: str) -> list[str]:
    """The columns of a table that are sealed; none when all of it is proven otherwise.

    Asked of SQLite once for each shape that was committed: its number (`PRAGMA schema_version`) is never used twice.
    """
    version = database.value("PRAGMA main.schema_version")
    known = _shapes.get(database)
    if known is None or known[0] != version:
        if database.conn.in_transaction:  # whose shape may be rolled back
            found = database.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
            return _sealed_of(table, found)
        known = _shapes[database] = (version, _columns_of_all(database))
    return known[1].get(table, [])


def _columns_of_all(database: Database) -> dict[str, list[str]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in database.execute(
        "SELECT tables.name, columns.name, columns.type FROM main.sqlite_master AS tables"
        " JOIN pragma_table_info(tables.name, 'main') AS columns"
        " WHERE tables.type = 'table' AND tables.rootpage > 0"  # not of a virtual one: that would open what it rests on
    ):
        found.setdefault(table, []).append((name, kind))
    return {table: _sealed_of(table, named) for table, named in found.items()}


def _sealed_of(table: str, found: list[tuple[str, str]]) -> list[str]:
    if table in DERIVED and table != "progress":
        return [name for name, _ in found if name in _UNPROVEN and table not in _PROVEN_WHOLE]
    left_out = _ITS_OWN.get(table, ())
    bodies = None if table.startswith("search_") else "BLOB"  # each has a hash of its own beside it
    return [name for name, kind in found if kind != bodies and name not in left_out]


def of_table(database: Database, table: str) -> str:
    """The digest of the rows that a table holds, all of them read."""
    names = ", ".join(f'"{name}"' for name in columns(database, table))
    rows = database.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - our own names
    return _told(sum(_of_row(table, row) for row in rows))


def watch(database: Database, tables: Iterable[str]) -> None:
    """Keep up the digest of these tables with all that this connection writes to them."""
    database.conn.create_function("seal_with", -1, _with, deterministic=True)
    database.conn.create_function("seal_without", -1, _without, deterministic=True)
    database.execute("PRAGMA recursive_triggers = ON")  # else what REPLACE takes away would not be told
    for table in tables:
        _unwatch(database, table)
        names = columns(database, table)
        old, new = (", ".join(f'{row}."{name}"' for name in names) for row in ("OLD", "NEW"))
        for act, makes in _MAKES.items():
            of = " OF " + ", ".join(f'"{name}"' for name in names) if act == "update" else ""
            database.conn.execute(
                f"CREATE TEMP TRIGGER {_name(table, act)} AFTER {act}{of} ON main.{table} BEGIN"  # noqa: S608 - ours
                f" UPDATE seals SET digest = {makes.format(table=table, old=old, new=new)}"
                f" WHERE kind = 'rows' AND name = '{table}'; END"
            )


@contextlib.contextmanager
def made_anew(database: Database, tables: Iterable[str]) -> Iterator[None]:
    """Sum tables anew all of whose rows are made inside; nothing where the connection is not watched."""
    watched = [table for table in tables if _is_watched(database, table)]
    for table in watched:
        _unwatch(database, table)
    yield
    for table in watched:
        put(database, table)
    watch(database, watched)


def put(database: Database, table: str) -> None:
    """Write the digest of what a table holds."""
    database.execute(
        "INSERT INTO seals (kind, name, digest) VALUES ('rows', ?, ?)"
        " ON CONFLICT (kind, name) DO UPDATE SET digest = excluded.digest",
        [table, of_table(database, table)],
    )


def _name(table: str, act: str) -> str:
    return f"sealed_{table}_{act}"


def _is_watched(database: Database, table: str) -> bool:
    found = database.execute("SELECT 1 FROM temp.sqlite_master WHERE name = ?", [_name(table, "insert")])
    return found.fetchone() is not None


def _unwatch(database: Database, table: str) -> None:
    for act in _MAKES:
        database.conn.execute(f"DROP TRIGGER IF EXISTS temp.{_name(table, act)}")


def _with(digest: str, table: str, *values: Any) -> str:
    return _told(_number(digest) + _of_row(table, values))


def _without(digest: str, table: str, *values: Any) -> str:
    return _told(_number(digest) - _of_row(table, values))


def _told(number: int) -> str:
    return f"{number % _MODULUS:064x}"


def _number(digest: str) -> int:
    """A digest as a number; whatever else stands in its place is one that no rows have."""
    try:
        return int(digest, 16)
    except (TypeError, ValueError):
        return int.from_bytes(hashlib.sha256(repr(digest).encode()).digest())


def _of_row(table: str, values: tuple[Any, ...]) -> int:
    return int.from_bytes(hashlib.sha256(_ENCODED((table, *values)).encode()).digest())


def _hashed(value: object) -> list[str]:
    """What stands for bytes, in which JSON has no words."""
    return [hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)]


_ENCODED = json.JSONEncoder(default=_hashed).encode
