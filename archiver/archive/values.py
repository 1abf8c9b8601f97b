"""Rows of a query as named tuples, whose fields are looked up by name. Imports nothing heavy.

What each field holds is described in docs/schema.md under the table or view of its class; moments are text as the
archive has them: UTC, ISO 8601.
"""

from __future__ import annotations

import sqlite3
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

_Value = TypeVar("_Value", bound=NamedTuple)


def values(connection: sqlite3.Connection, kind: type[_Value], sql: str, *parameters: Any) -> list[_Value]:
    """Every row as a value of this kind; what is to be true or false holds 1 or 0, since SQLite has neither."""
    pick = itemgetter(*kind._fields)
    bools = [place for place, of in enumerate(kind.__annotations__.values()) if of in {bool, "bool"}]
    found = []
    for row in connection.execute(sql, parameters):
        fields = list(pick(row))
        for place in bools:
            fields[place] = bool(fields[place])
        found.append(kind._make(fields))
    return found


def value(connection: sqlite3.Connection, kind: type[_Value], sql: str, *parameters: Any) -> _Value | None:
    """The first row as a value of this kind; None for none."""
    return next(iter(values(connection, kind, sql, *parameters)), None)
