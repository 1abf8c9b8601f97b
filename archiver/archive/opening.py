"""Is this file an archive of ours, and what is wrong with it? And opening one to read.

Imports nothing heavy, since `archiver status` waits for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.errors import ArchiveDamaged, ArchiveError, ArchiveLocked, ArchiveTooNew, ArchiveUnwritable

APPLICATION_ID = 0x49544152  # "ITAR": PRAGMA application_id tells our files from others
BUSY_TIMEOUT_MS = 10_000
_HEADER = b"SQLite format 3\x00"


def open_reader(path: Path) -> sqlite3.Connection:
    """The archive for reading, also from a folder that cannot be written. Raises ArchiveError."""
    if not path.exists():
        raise ArchiveError(f"{path}: there is no archive yet; `archiver fetch` makes it, --db names another")
    check_file(path)
    with explained(path):
        try:
            return _try_reader(path, "mode=ro")
        except sqlite3.OperationalError:
            # WAL needs a writable folder even for reading; a file at rest is whole without it.
            if not _at_rest(path):
                raise
            return _try_reader(path, "mode=ro&immutable=1")


def _at_rest(path: Path) -> bool:
    """Whether no run has left a part of the archive in the WAL beside the file."""
    wal = path.with_name(path.name + "-wal")
    return not wal.is_file() or wal.stat().st_size == 0


def _try_reader(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.row_factory = sqlite3.Row
    refuse_foreign(connection, path)
    return connection


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """An empty file may become an archive; any other must say that it is one, in the file or in its WAL.

    What is read back from a dump has lost that word, and is known by its tables.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    if not tables or application_id == APPLICATION_ID:
        return
    if application_id or not _was_migrated_by_us(connection, tables):
        raise _foreign(path)
    missing = sorted(_OF_EVERY_ARCHIVE - tables)
    if missing:
        raise ArchiveDamaged(
            f"{path}: a dump of an archive that was not read back whole (no table {missing[0]}); make it again with"
            " `sqlite3 OLD.db .dump | sqlite3 NEW.db`, this one is untouched"
        )


_OF_EVERY_ARCHIVE = frozenset({"captures", "fetches", "pages", "progress", "runs", "series", "sources"})


def _was_migrated_by_us(connection: sqlite3.Connection, tables: set[str]) -> bool:
    if "_sqlite_migrations" not in tables:
        return False
    with contextlib.suppress(sqlite3.Error):
        ours = "SELECT 1 FROM _sqlite_migrations WHERE migration_set = 'archiver' AND name = 'm001_tables'"
        return connection.execute(ours).fetchone() is not None
    return False


def is_unmarked(connection: sqlite3.Connection) -> bool:
    """Whether a file holds tables and does not say that it is an archive of ours, as one read back from a dump."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return bool(tables) and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID


def check_file(path: Path) -> None:
    """Refuse what cannot be an archive of ours, before SQLite touches it. A missing or empty file is fine."""
    if path.is_dir():
        raise ArchiveDamaged(f"{path}: this is a folder, not an archive; name a file with --db")
    try:
        size = path.stat().st_size
        if size == 0:
            return
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ArchiveUnwritable(f"{path}: the folder {path.parent} does not exist; make it first") from None
        return
    except OSError as error:
        raise ArchiveUnwritable(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if header[:16] != _HEADER:
        raise ArchiveDamaged(f"{path}: not an SQLite database; name another file with --db, this one is untouched")
    if int.from_bytes(header[68:72], "big") not in {0, APPLICATION_ID}:
        raise _foreign(path)
    _check_length(path, header, size)


def _check_length(path: Path, header: bytes, size: int) -> None:
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    expected = page_bytes * int.from_bytes(header[28:32], "big")
    if size < expected and not path.with_name(path.name + "-wal").exists():
        raise ArchiveDamaged(
            f"{path}: cut short, {size} of {expected} bytes; put back a copy of it, this one is untouched"
        )


def _foreign(path: Path) -> ArchiveDamaged:
    return ArchiveDamaged(f"{path}: an SQLite database, but not an archive of ours; name another file with --db")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into one of our errors, with what to do next."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise ArchiveUnwritable(f"{path}: {error.strerror or error}; nothing that was stored is lost") from error


def explain(path: Path, error: BaseException | None) -> None:
    """Raise what SQLite said as one of our errors; anything else is not ours to tell."""
    if isinstance(error, sqlite3.Error):
        raise _explain(path, error) from error


def _is_damaged(path: Path) -> bool:
    """Whether SQLite's own check finds the file damaged; False when not even that can be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.Error as error:
        return str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_CORRUPT")


def _explain(path: Path, error: sqlite3.Error) -> ArchiveError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ArchiveLocked(f"{path}: another program holds a lock on it; close it and run the same command again")
    if name.startswith("SQLITE_FULL"):
        return ArchiveUnwritable(f"{path}: the disk is full; nothing stored is lost, free some space and run again")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return ArchiveDamaged(f"{path}: damaged ({error}); put back a copy, or save what is left with sqlite3 .recover")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ArchiveUnwritable(
            f"{path}: cannot be written ({error}); check the permissions of the file and its folder"
        )
    if name.startswith("SQLITE_IOERR"):
        if _is_damaged(path):  # a garbled file can lead SQLite to where nothing is to be read
            return ArchiveDamaged(f"{path}: damaged; put back a copy, or save what is left with sqlite3 .recover")
        return ArchiveUnwritable(f"{path}: the disk fails ({error}); nothing stored is lost, run again when it is well")
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(("no such table", "no such column")):
        return ArchiveTooNew(f"{path}: its tables are not those of this version ({error}); run `archiver fetch` once")
    raise error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The archive for reading, closed afterwards. Raises ArchiveError."""
    connection = open_reader(path)
    try:
        with explained(path):
            yield connection
    finally:
        connection.close()
