"""The mark of a demonstration: it stands in the `config` of each of its runs (docs/design.md 'Proof')."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from archiver.errors import UsageError

WORDS = "A demonstration: author, articles, comments and addresses were all invented by archiver; nobody wrote this."
KEY = "demonstration"
_ANY_RUN = "SELECT EXISTS (SELECT 1 FROM runs)"
_MARKED = "SELECT EXISTS (SELECT 1 FROM runs WHERE CASE WHEN json_valid(config) THEN config ->> ? END NOT NULL)"


def is_marked(connection: sqlite3.Connection) -> bool:
    """Whether what an archive holds was invented."""
    return bool(connection.execute(_MARKED, [KEY]).fetchone()[0])


def refuse_mixture(connection: sqlite3.Connection, path: Path, *, invented: bool) -> None:
    """Raise UsageError for a run that would keep what is real in a demonstration, or what is invented anywhere else."""
    is_one = is_marked(connection)
    if is_one and not invented:
        raise UsageError(
            f"{path}: a demonstration, in which all is invented, so nothing real is kept in it;"
            " name another file with --db"
        )
    if invented and not is_one and connection.execute(_ANY_RUN).fetchone()[0]:
        raise UsageError(f"{path}: holds what is real, so nothing invented is kept in it; name another file with --db")
