"""Which tables a connection may have written to, told by SQLite itself.

SQLite asks an authorizer about every statement when it is prepared, those of triggers and foreign keys included, and
statements that were prepared before there was one are prepared again (https://sqlite.org/c3ref/set_authorizer.html).
What was prepared counts as done, and for good: a statement that is kept prepared may be run at any time. Nobody is
asked about a blob that is opened for writing: nothing here opens one, but the search index does in its own tables.
"""

from __future__ import annotations

import sqlite3

_WRITING = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
# What is made anew has no rows yet, and how each statement fills it is asked then.
_RESHAPING = {sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_VTABLE}


class Writes:
    """The tables that one connection may have written to since it was opened."""

    def __init__(self) -> None:
        self._tables: set[str] = set()
        self._reshaped = False

    def watch(self, connection: sqlite3.Connection) -> None:
        """Follow a connection from now on. Nothing else may set its authorizer."""
        connection.set_authorizer(self._asked)

    def _asked(self, action: int, table: str | None, _column: str | None, _file: str | None, _by: str | None) -> int:
        if action in _WRITING and table is not None:
            self._tables.add(table)
        elif action in _RESHAPING:
            self._reshaped = True
        return sqlite3.SQLITE_OK

    def may_have(self, table: str) -> bool:
        """Whether rows of a table may have been written; of any, once a table was altered or dropped.

        Those in which a virtual table keeps what it has are named after it, and count as written when it is.
        """
        return self._reshaped or any(table == one or table.startswith(f"{one}_") for one in self._tables)
