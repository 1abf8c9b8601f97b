"""The rows of people."""

from __future__ import annotations

from archiver.archive.database import Database
from archiver.model.readings import Author


def keep_author(database: Database, author: Author) -> None:
    """What a page shows of a person, never forgetting what another page showed."""
    if author.id is None:
        return
    database.execute(
        "INSERT INTO authors (id, name, account, level) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " name = coalesce(excluded.name, name), account = coalesce(excluded.account, account),"
        " level = coalesce(excluded.level, level)",
        [author.id, author.name, author.account, author.level],
    )
