"""Triggers that refuse to change evidence: rows of append-only tables are added, never changed or taken away."""

from __future__ import annotations

from archiver.archive.database import Database

# Of some tables a part may change: how far a push got, when an index was last asked.
_WHOLE = ("fetches", "captures", "laws", "notices")
_IN_PART = {
    "copies": ("id", "page_id", "holder", "url", "byte_range", "first_seen_at"),
    "pushes": ("id", "page_id", "queued_at"),
}
_OPEN = "OLD.digest IS NULL"  # a run that has not ended; its end is written column by column
_SEAL_OF_A_RUN = "kept_digest"  # says what the archive is now, so it changes with it


def wanted(database: Database) -> dict[str, str]:
    """Trigger → its SQL, for the tables as they are now."""
    made = [_refused(table, "DELETE") for table in (*_WHOLE, *_IN_PART, "runs")]
    made += [_refused(table, "UPDATE") for table in _WHOLE]
    made += [_refused(table, "UPDATE", of=columns) for table, columns in _IN_PART.items()]
    columns = tuple(column.name for column in database["runs"].columns if column.name != _SEAL_OF_A_RUN)
    made.append(_refused("runs", "UPDATE", of=columns, unless=_OPEN))
    return dict(made)


def _refused(table: str, what: str, *, of: tuple[str, ...] = (), unless: str = "") -> tuple[str, str]:
    name = f"{table}_no_{what.lower()}"
    columns = f" OF {', '.join(of)}" if of else ""
    condition = f" WHEN NOT ({unless})" if unless else ""
    words = f"{table} is append-only: its rows are evidence"
    return name, (
        f"CREATE TRIGGER {name} BEFORE {what}{columns} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


NAMES = frozenset(f"{table}_no_{what}" for table in (*_WHOLE, *_IN_PART, "runs") for what in ("delete", "update"))


def stand(database: Database) -> bool:
    """Whether every trigger is there as it should be."""
    return _held(database) == wanted(database)


def put(database: Database) -> None:
    """Make every trigger as it should be. The caller holds the transaction."""
    lift(database)
    for statement in wanted(database).values():
        database.execute(statement)


def lift(database: Database) -> None:
    """Take the triggers away, for a migration. The caller holds the transaction, and puts them back in it."""
    for name in _held(database):
        database.execute(f"DROP TRIGGER {name}")


def _held(database: Database) -> dict[str, str]:
    rows = database.query("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {row["name"]: row["sql"] for row in rows if row["name"] in NAMES}
