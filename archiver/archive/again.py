"""A large archive read again in a copy beside it, so that a kill loses seconds of it.

How, and which copy is gone on with: docs/design.md 'Rows, and what is made of them'.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from archiver.archive import opening, search_index, shape, sums
from archiver.archive.captures import Captures
from archiver.archive.columns import DERIVED_TABLES
from archiver.archive.connection import throw_away, transaction
from archiver.archive.database import Database
from archiver.archive.library import Library
from archiver.archive.stored import Progress, ReadPage
from archiver.errors import ArchiveError
from archiver.machine.workers import Workers

LEAST = 20_000  # answers, which take minutes; of fewer a copy is not worth its room on the disk
_EACH = 500  # answers in a commit


def rebuild(
    library: Library, database: Database, read: ReadPage, then: Callable[[], None],
    listener: Progress, workers: Workers, each: int = _EACH,
) -> int:  # fmt: skip
    """`Library.rebuild`, gone on with where it was killed. The caller holds the lock of the archive."""
    copy = _copied(database)
    if copy is None:  # no room for it
        return library.rebuild(then, listener, workers=workers)
    try:
        count = Library(copy, Captures(copy), read).read_on(listener, workers, each)
    finally:
        copy.close()
    _put_in_place(library, database, then, workers)
    drop(database.path)
    return count


def drop(path: Path) -> None:
    """Remove the copy that a killed `parse` left beside an archive. The caller holds the lock."""
    shutil.rmtree(_place(path).parent, ignore_errors=True)


def _place(path: Path) -> Path:
    file = opening.beside(path, "")
    return file.with_name(f".{file.name}.parse") / "copy.db"


def _copied(database: Database) -> Database | None:
    """The copy, as it was left or made now; None where it cannot be made."""
    key, place = _key(database), _place(database.path)
    begun = _left(place, key)
    if begun is not None:
        return begun
    drop(database.path)
    try:
        place.parent.mkdir(mode=0o700)
        database.execute("VACUUM INTO ?", [str(place)])
        with place.open("rb") as file:
            os.fsync(file.fileno())  # else the log could be on the disk before what it is a change of
        copy = _opened(place)
        with transaction(copy):
            copy.execute("DELETE FROM progress")
            copy.execute("CREATE TABLE made_of AS SELECT ? AS key", [key])
    except (sqlite3.OperationalError, ArchiveError, OSError):
        drop(database.path)
        return None
    return copy


def _left(place: Path, key: str) -> Database | None:
    """The copy that was left, where it is one of this archive and of this program."""
    if place.parent.is_symlink() or place.is_symlink() or not place.is_file():
        return None
    copy = None
    try:
        opening.check_file(place)
        copy = _opened(place)
        shape.guard(copy.conn)
        shape.refuse_strange(copy.conn, place)
        if copy.execute("SELECT key FROM made_of").fetchall() == [(key,)]:
            return copy
    except (sqlite3.Error, ArchiveError):
        pass  # cut short, or somebody else's
    if copy is not None:
        copy.close()
    return None


def _opened(place: Path) -> Database:
    copy = throw_away(place)
    copy.execute("PRAGMA journal_mode = WAL")
    copy.execute("PRAGMA synchronous = NORMAL")  # whole after a loss of power, if perhaps without the last of it
    return copy


def _key(database: Database) -> str:
    """Tells whether an archive, and the program that reads it, are what they were."""
    said = hashlib.sha256()
    for sql in (
        "SELECT kind, name, digest FROM seals ORDER BY 1, 2",
        "SELECT id, digest, kept_digest FROM runs ORDER BY id DESC LIMIT 1",
        "SELECT max(fetches.id), (SELECT max(id) FROM captures) FROM fetches",
    ):
        said.update(repr(database.execute(sql).fetchall()).encode())
    program = Path(__file__).parents[1]
    for file in sorted(one for one in program.rglob("*") if one.suffix in {".py", ".sql"}):
        said.update(str(file.relative_to(program)).encode() + file.read_bytes())
    return said.hexdigest()


def _put_in_place(library: Library, database: Database, then: Callable[[], None], workers: Workers) -> None:
    """What is derived in the copy, in the place of what is in the archive, in one commit."""
    database.execute("ATTACH ? AS again", [str(_place(database.path))])
    try:
        with transaction(database):
            database.execute("PRAGMA defer_foreign_keys = ON")
            with sums.made_anew(database, DERIVED_TABLES):
                library.clear()
                for table in reversed(DERIVED_TABLES):
                    if table != "search_rows":  # made anew with the index
                        database.execute(f"INSERT INTO main.{table} SELECT * FROM again.{table}")  # noqa: S608 - ours
                search_index.refill(database, workers)
            then()
    finally:
        database.execute("DETACH again")
    library.has_settled()
