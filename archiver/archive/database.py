"""The class of an open database, imported in one place: whoever is first must leave out what takes twice as long."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

from archiver.machine.unneeded import left_out

with left_out("numpy", "pandas"):  # sqlite-utils could store their numbers
    import sqlite_utils


class Database(sqlite_utils.Database):
    """A file that is open, by which path, and without sqlite-utils' savepoint around each question."""

    def __init__(self, connection: sqlite3.Connection, path: Path, opened: os.stat_result | None = None) -> None:
        super().__init__(connection, execute_plugins=False)
        self.path = path
        self.opened = opened  # which file it is, where another may take its place

    def query(
        self, sql: str, params: Sequence[Any] | dict[str, Any] | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """The rows as dictionaries, asked at once and fetched as they are iterated over."""
        cursor = self.conn.execute(sql, () if params is None else params)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, row, strict=True)) for row in cursor)

    def row(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> dict[str, Any] | None:
        """The first row of an answer; None for none."""
        return next(self.query(sql, parameters), None)

    def value(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The one value that an answer is."""
        return self.conn.execute(sql, parameters).fetchone()[0]

    def rows_of(self, sql: str, some: Iterable[int] | Iterable[str]) -> list[dict[str, Any]]:
        """The rows of a question about some numbers or URLs, which stand in it as JSON."""
        return list(self.query(sql, [json.dumps(sorted(some))]))

    def numbers(self, sql: str, *lists: Iterable[int] | Iterable[str]) -> set[int]:
        """The first column of an answer, which is one of numbers; each list stands in the question as JSON."""
        return {row[0] for row in self.conn.execute(sql, [json.dumps(sorted(one)) for one in lists])}
