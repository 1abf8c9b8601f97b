"""An archive as whoever uses it meets it: what another hand put into it is told as damage, and never as a bug."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.archive import opening
from archiver.errors import ArchiverError


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """An archive for reading; what stumbles over a row that is none of ours raises ArchiveDamaged."""
    with rows_are_ours(path), opening.reading(path) as connection:
        yield connection


@contextlib.contextmanager
def rows_are_ours(path: Path) -> Iterator[None]:
    """Raise ArchiveDamaged where what stumbles inside did so over a row that we never write; else it is a bug."""
    try:
        yield
    except (ArchiverError, OSError, MemoryError):
        raise
    except Exception as error:
        from archiver.archive import odd_rows  # takes longer to import than all else that reading needs

        odd_rows.explain(path, error)
        raise
