"""Which row of an archive holds what we never write, after a hand did: asked when a command stumbled over one.

Nothing is checked beforehand, since that would cost every command a look at every row. Reads only.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from archiver.archive import opening, scripts
from archiver.errors import ArchiveDamaged, ArchiverError
from archiver.model import CaptureSource, Kind, Outcome, State
from archiver.text import line

_MOMENTS = frozenset({"at", "since", "lost_since", "state_since", "absent_since", "not_before"})
_WORDS: dict[tuple[str, str], type[StrEnum]] = {
    ("sources", "kind"): Kind, ("pages", "kind"): Kind, ("pages", "state"): State, ("pages", "last_outcome"): Outcome,
    ("fetches", "outcome"): Outcome, ("fetches", "source"): CaptureSource, ("captures", "outcome"): Outcome,
    ("captures", "source"): CaptureSource, ("copies", "outcome"): Outcome, ("copies", "holder"): CaptureSource,
    ("state_changes", "old_state"): State, ("state_changes", "new_state"): State,
}  # fmt: skip
_JSON: dict[tuple[str, str], type] = {
    ("sources", "alternates"): list, ("runs", "config"): dict, ("captures", "headers"): list,
    ("fetches", "headers"): dict, ("fetches", "signals"): dict, ("laws", "rules"): dict,
}  # fmt: skip
_YEARS = range(1970, 9_900)  # of any machine's clock, with room for the spans that are added
_TYPES = {"INTEGER": (int,), "TEXT": (str,), "REAL": (float, int), "BLOB": (bytes,)}


def first(path: Path) -> str | None:
    """The first row with a value that we never write, and what is wrong with it. Raises ArchiveError."""
    with opening.reading(path) as connection:
        ours = scripts.names_of("TABLE", scripts.TABLES)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = (odd for table in sorted(tables) if table in ours for odd in _odd(connection, table))
        return next(found, None)


def explain(path: Path, error: Exception) -> None:
    """Raise ArchiveDamaged where a row of an archive is none that we could have written: then the error is no bug."""
    odd = None
    with contextlib.suppress(ArchiverError, OSError):
        odd = first(path)
    if odd is not None:
        raise ArchiveDamaged(f"{path}: {odd}; put back a copy of the archive") from error


def _odd(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    for name, kind in connection.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall():
        ails = _what_ails(table, name, _TYPES.get(kind, (object,)))
        if kind == "BLOB":
            continue
        for number, value in connection.execute(f'SELECT rowid, "{name}" FROM {table}'):  # noqa: S608 - our own table
            trouble = None if value is None else ails(value)
            if trouble is not None:
                yield f"row {number} of {table}: {name} is {trouble} ({line(repr(value), 60)})"


def _what_ails(table: str, name: str, types: tuple[type, ...]) -> Callable[[Any], str | None]:
    """What is wrong with a value of a column, in words; None for nothing."""
    words, shape = _WORDS.get((table, name)), _JSON.get((table, name))

    def ails(value: Any) -> str | None:
        if not isinstance(value, types):
            return "no number" if int in types else "no text"
        if not isinstance(value, str):
            return None
        if words is not None and value not in set(map(str, words)):
            return "no word of ours"
        if shape is not None and not _is_json(value, shape):
            return "no JSON of that kind"
        if (name.endswith("_at") or name in _MOMENTS) and not _is_moment(value):
            return "no date with a time"
        return None

    return ails


def _is_json(value: str, shape: type) -> bool:
    try:
        return isinstance(json.loads(value), shape)
    except (ValueError, RecursionError):
        return False


def _is_moment(value: str) -> bool:
    try:
        found = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return False
    return found.tzinfo is not None and found.year in _YEARS
