"""Who holds which part, as `status --copies` tells it: apart from `status`, which is not to wait for it. Reads only."""

import sqlite3
from typing import NamedTuple

from archiver.archive import demonstration
from archiver.archive.values import values


class PartCopies(NamedTuple):
    """A part, and who holds a copy of it since when (`copies_of_parts`)."""

    id: int
    series_id: int | None
    position: int | None
    title: str | None
    ours: str | None
    ours_at: str | None
    wayback_at: str | None
    common_crawl_at: str | None
    other_archive_at: str | None
    imported_at: str | None
    checked_at: str | None
    copies: int
    push: str | None
    push_reason: str | None
    pushed_at: str | None
    state: str
    url: str


class CopiesOfParts(NamedTuple):
    """Every part and who holds it."""

    parts: list[PartCopies]
    is_demonstration: bool  # all of it was invented


def copies(connection: sqlite3.Connection) -> CopiesOfParts:
    """Every part and who holds it."""
    parts = values(connection, PartCopies, "SELECT * FROM copies_of_parts")
    return CopiesOfParts(parts, demonstration.is_marked(connection))
