"""Tables made anew with other columns, their rows copied, as SQLite gives it (lang_altertable.html §7): for migrations.

What other tables refer to keeps its name; the SQL of a table is that of our script to the letter.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping

from archiver.archive.database import Database
from archiver.archive.scripts import made, script, statements


@contextlib.contextmanager
def without_foreign_keys(database: Database) -> Iterator[None]:
    """While a table is away, nothing is deleted that refers to it. Begun outside a transaction, or it does nothing."""
    database.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        database.execute("PRAGMA foreign_keys = ON")


def remake(database: Database, name: str, values: Mapping[str, Mapping[str, str]]) -> None:
    """Make every table of a script in place of the one that has its name, with its rows, and then the script's indexes.

    `values`: table → column → SQL over the old row, for columns that it had not.
    """
    database.conn.create_function("sha256", 1, _sha256, deterministic=True)
    database.execute("PRAGMA legacy_alter_table = ON")  # else what refers to the table would follow the old one
    for table, statement in made("TABLE", name):
        if database.value(f"SELECT NOT EXISTS (SELECT 1 FROM {table})"):  # noqa: S608 - our own
            database.execute(f"DROP TABLE {table}")  # in each new archive: renaming it would take longest
            database.execute(statement)
            continue
        database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        database.execute(statement)
        given = values.get(table, {})
        names = [row[0] for row in database.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()]
        columns = ", ".join(f'"{one}"' for one in names)
        sources = ", ".join(given.get(one, f'"{one}"') for one in names)
        database.execute(f"INSERT INTO {table} ({columns}) SELECT {sources} FROM old_{table}")  # noqa: S608 - our own
        database.execute(f"DROP TABLE old_{table}")
    database.execute("PRAGMA legacy_alter_table = OFF")
    for statement in statements(script(name)):
        if not statement.startswith("CREATE TABLE"):
            database.execute(statement)


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
