"""What a file may bring that would run, or refuse rows, when it is written to: such a file is only read.

What others put beside our tables is theirs, and so is a column or a plain index that they add to one. But triggers on
our tables, and rules for their rows that no migration made, would act on what we keep.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from archiver.errors import ArchiveDamaged
from archiver.text import safe

# What ALTER TABLE puts behind the columns of a table for a column that says nothing about rows.
_ADDED = re.compile(
    r"""(?:\s*,\s*(?:\w+|"[^"]+"|\[[^\]]+\])(?:\s+(?:TEXT|INTEGER|INT|REAL|FLOAT|NUMERIC|BLOB|ANY))?"""
    r"""(?:\s+NOT\s+NULL)?(?:\s+DEFAULT\s+(?:'[^']*'|-?[0-9.]+|NULL))?)*\s*""",
    re.IGNORECASE,
)


def refuse_triggers_and_indexes(connection: sqlite3.Connection, path: Path, ours: frozenset[str]) -> None:
    """Raise ArchiveDamaged when somebody's trigger or index would act on rows of ours. `ours`: all our names."""
    for what in (*_triggers(connection, ours), *_indexes(connection, ours)):
        raise ArchiveDamaged(f"{path}: {what}; nothing is written to it until it is dropped, reading it does no harm")


def refuse_other_tables(connection: sqlite3.Connection, path: Path, wanted: Mapping[str, str]) -> None:
    """Raise ArchiveDamaged when a table has rules that no migration made. `wanted`: table → its SQL."""
    for name, sql in connection.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'table'"):
        if name in wanted and not _is_made_so(sql, wanted[name]):
            raise ArchiveDamaged(
                f"{path}: table {name} was changed by another program into one with other rules for its rows;"
                " nothing is written to it, put back a copy; reading it does no harm"
            )


def _triggers(connection: sqlite3.Connection, ours: frozenset[str]) -> Iterator[str]:
    rows = connection.execute("SELECT name, tbl_name FROM main.sqlite_master WHERE type = 'trigger' ORDER BY name")
    lower = {name.lower() for name in ours}
    for name, table in rows.fetchall():
        if name not in ours and (table.lower() in lower or _follows_ours(connection, table, lower)):
            yield f"trigger {safe(name, 80)} was added by another program (on {safe(table, 80)}); it can change rows"


def _follows_ours(connection: sqlite3.Connection, table: str, ours: set[str]) -> bool:
    """Whether rows of a table change when rows of ours do."""
    keys = connection.execute('SELECT "table" FROM pragma_foreign_key_list(?)', [table])
    return any(str(parent).lower() in ours for (parent,) in keys)


def _indexes(connection: sqlite3.Connection, ours: frozenset[str]) -> Iterator[str]:
    rows = connection.execute(
        'SELECT indexes.name, tables.name, indexes."unique" OR indexes.partial OR EXISTS ('
        "  SELECT 1 FROM pragma_index_xinfo(indexes.name, 'main') AS columns WHERE columns.cid = -2)"
        " FROM main.sqlite_master AS tables JOIN pragma_index_list(tables.name, 'main') AS indexes"
        " WHERE tables.type = 'table' AND indexes.origin = 'c'"
    )
    tables = {name.lower() for name in ours if not name.startswith("_")}  # that of sqlite-utils has one of its own
    for name, table, acts in rows:
        if acts and name not in ours and table.lower() in tables:
            yield f"index {safe(name, 80)} was added to {safe(table, 80)} by another program; it can refuse rows"


def _is_made_so(sql: str, wanted: str) -> bool:
    if sql == wanted:
        return True
    body, bracket, end = wanted.rpartition(")")
    is_longer = sql.startswith(body) and sql.endswith(bracket + end)
    return is_longer and _ADDED.fullmatch(sql[len(body) : len(sql) - len(bracket + end)]) is not None
