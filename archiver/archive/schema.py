"""The shape of archive.db: brought to today's, views made anew, and the descriptions that stand in the SQL itself."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

from archiver.archive import actors, guards, search_index
from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.migrations import STEPS, migrations
from archiver.archive.opening import APPLICATION_ID, beside, explained, is_unmarked
from archiver.archive.remade import without_foreign_keys
from archiver.archive.scripts import TABLES, VIEWS, made, names_of, script, statements
from archiver.errors import ArchiveDamaged, ArchiveTooNew
from archiver.machine import disk

_COPY = re.compile(r"\.bak-\d+(?P<unfinished>\.part(?:-journal|-wal|-shm)?)?")


def ensure(database: Database, then: Callable[[bool], None] = lambda _migrated: None) -> None:
    """Bring the archive to this version's shape; an older one is copied beside itself for as long as that takes.

    Views, indexes and triggers that are not as they should be are made again. All in one commit, `then` included, which
    is told whether there was a migration. Raises ArchiveTooNew; ArchiveDamaged for what would act on our rows and is
    not ours (`actors`); and ArchiveError when it cannot be written.
    """
    path = database.path
    with explained(path):
        refuse_newer(database)
        actors.refuse_triggers_and_indexes(database.conn, path, names())
        pending = [migration.name for migration in migrations.pending(database)]
        applied = [migration.name for migration in migrations.applied(database)]
        if not pending:
            _refuse_other_tables(database)
        if pending and applied:
            _keep_copy(database, beside(path, f".bak-{len(applied)}"))
        if not applied or is_unmarked(database.conn):  # first of all, so that a file left half made is known as ours
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if not pending and not _amiss(database) and guards.stand(database):
            _drop_copies(path)
            return
        try:
            with without_foreign_keys(database), transaction(database):  # readers never see a view missing
                guards.lift(database)
                if pending:
                    _migrate(database)
                    _refuse_other_tables(database)
                ensure_views(database)
                for kind, name, statement in _amiss(database):
                    database.execute(f"DROP {kind} IF EXISTS {name}")
                    database.execute(statement)
                guards.put(database)
                then(bool(pending))
        except ArchiveDamaged:
            _drop_copies(path)  # nothing was changed
            raise
        _drop_copies(path)


def is_behind(database: Database) -> bool:
    """Whether a migration is to be applied."""
    return bool(migrations.pending(database))


def _migrate(database: Database) -> None:
    try:
        migrations.apply(database)
    except sqlite3.OperationalError as error:
        if any(words in str(error) for words in ("already exists", "duplicate column", "no such column")):
            raise ArchiveDamaged(
                f"{database.path}: its table of migrations was changed and no longer fits its other tables ({error});"
                " put back a copy of it, this one is untouched"
            ) from error
        raise


def _amiss(database: Database) -> list[tuple[str, str, str]]:
    """Kind, name and SQL of every view, index and trigger that is not as this version makes it."""
    held = {row["name"]: row["sql"] for row in database.query("SELECT name, sql FROM sqlite_master")}
    wanted = [("VIEW", *one) for one in made("VIEW", VIEWS)]
    wanted.append(("TRIGGER", search_index.GUARD, search_index.GUARD_SQL))
    sealed = {row["name"] for row in database.query("SELECT name FROM seals")} if "seals" in held else set()
    tables = _names_of_tables()
    wanted += [  # others went in a migration, with their table or without
        ("INDEX", name, sql) for name, sql in made("INDEX", *TABLES) if name in sealed and _table_of(sql) in tables
    ]
    return [one for one in wanted if held.get(one[1]) != one[2]]


def _table_of(index: str) -> str:
    """The table that the SQL of an index of ours is for."""
    return index.partition(" ON ")[2].partition(" ")[0]


_INDEX_OF_MIGRATIONS = "idx__sqlite_migrations_migration_set_name"  # as sqlite-utils names it


@cache
def names() -> frozenset[str]:
    """Every table, view, index and trigger in the file that is ours."""
    ours = names_of("TABLE", TABLES) | names_of("INDEX", TABLES) | names_of("VIEW", (VIEWS,)) | guards.NAMES
    return ours | {search_index.GUARD, *search_index.SHADOWS, migrations.migrations_table, _INDEX_OF_MIGRATIONS}


TABLES_SHA256 = "3563a0092c0ef012d3089c40c783a1394036e30bb0bc45c1f9621ca3cb9b159f"
"""What `shape_of` gives after all migrations; so the tables of an archive need no others made to compare them with."""


def shape_of(database: Database) -> str:
    """A digest of the SQL of our tables in an archive."""
    ours = _names_of_tables()
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return hashlib.sha256(repr([(name, sql) for name, sql in rows if name in ours]).encode()).hexdigest()


def _refuse_other_tables(database: Database) -> None:
    if shape_of(database) != TABLES_SHA256:
        actors.refuse_other_tables(database.conn, database.path, _tables())


def _names_of_tables() -> frozenset[str]:
    """The tables that our migrations make; what was one once may be a view by now."""
    return names_of("TABLE", TABLES) - names_of("VIEW", (VIEWS,))


@cache
def _tables() -> dict[str, str]:
    """Table → its SQL, as our migrations make them."""
    with contextlib.closing(Database(sqlite3.connect(":memory:"), Path(":memory:"))) as made_anew:
        migrations.apply(made_anew)
        rows = made_anew.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: sql for name, sql in rows if name in _names_of_tables()}


def _keep_copy(database: Database, copy: Path) -> None:
    """A whole copy, what is still in the WAL included; under its name only when it is whole."""
    unfinished = copy.with_name(copy.name + ".part")
    unfinished.unlink(missing_ok=True)
    database.execute("VACUUM INTO ?", [str(unfinished)])
    unfinished.replace(copy)


def _drop_copies(path: Path) -> None:
    """Remove the copies that an update made, and what a killed one left of them: the archive itself is whole."""
    real = beside(path, "")
    for copy in real.parent.glob(f"{glob.escape(real.name)}.bak-*"):
        name = _COPY.fullmatch(copy.name.removeprefix(real.name))
        with contextlib.suppress(OSError):  # a read-only folder: it stays
            if name is not None and (name["unfinished"] or _is_ours(copy)):
                copy.unlink()


def _is_ours(file: Path) -> bool:
    with os.fdopen(disk.open_regular(file, follow=False), "rb") as stream:
        return int.from_bytes(stream.read(72)[68:], "big") == APPLICATION_ID


def refuse_newer(database: Database) -> None:
    """Raise ArchiveTooNew when a migration was applied that this version does not know."""
    if "_sqlite_migrations" not in database.table_names():
        return
    rows = database.query("select name from _sqlite_migrations where migration_set = 'archiver'")
    unknown = sorted({row["name"] for row in rows} - STEPS.keys())
    if unknown:
        raise ArchiveTooNew(
            f"{database.path}: written by a newer archiver ({unknown[-1]}); update archiver, the file is untouched"
        )


def ensure_views(database: Database) -> None:
    """Make every view as this version has it. Views are features: they are replaced whenever their text changed."""
    held = {view.name: view.schema for view in database.views}
    with database.atomic():  # readers never see a view missing
        for statement in statements(script(VIEWS)):
            name = statement.split()[2]
            if held.pop(name, None) != statement:
                database.execute(f"DROP VIEW IF EXISTS {name}")
                database.execute(statement)
        for name in held:
            database.execute(f'DROP VIEW "{name}"')


_RELATION = re.compile(r"^CREATE (?:TABLE|VIEW) (\w+)[^\n]*?-- (.+)$", re.MULTILINE)
_COLUMN = re.compile(r'^\s+"?(\w+)"? .*?-- (.+)$', re.MULTILINE)
_ADDED = re.compile(r'^ALTER TABLE (\w+) ADD COLUMN "?(\w+)"? .*; -- (.+)$', re.MULTILINE)
_VIEW_COLUMN = re.compile(r'^\s+.*?(?:AS |\.|^\s+)"?(\w+)"?,? -- (.+)$', re.MULTILINE)


def descriptions() -> dict[str, dict[str, str]]:
    """Table or view → {"": what a row is, column → what it holds}, in the order of the schema."""
    found: dict[str, dict[str, str]] = {}
    for name in (*TABLES, VIEWS):
        text = script(name)
        for statement in statements(text):
            relation = _RELATION.search(statement)
            if relation:
                column = _VIEW_COLUMN if statement.startswith("CREATE VIEW") else _COLUMN
                columns = {match[1]: match[2].strip() for match in column.finditer(statement)}
                found[relation[1]] = {"": relation[2].strip(), **columns}
        for added in _ADDED.finditer(text):
            found[added[1]][added[2]] = added[3].strip()
    return found
