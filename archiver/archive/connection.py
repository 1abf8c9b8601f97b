"""Opening archive.db: checked before anything is asked of the network, one writer at a time, readers always welcome.

SQLite in WAL with synchronous=FULL. Writers hold a lock file beside the archive for as long as they live; the
operating system drops the lock when they die, however they die.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from archiver.errors import ArchiveDamaged, ArchiveError, ArchiveLocked, ArchiveTooNew, ArchiveUnwritable

APPLICATION_ID = 0x49544152  # "ITAR": PRAGMA application_id tells our files from others
BUSY_TIMEOUT_MS = 10_000
_HEADER = b"SQLite format 3\x00"


class WriterLock:
    """The right to write to one archive, held by one process. `acquire` raises ArchiveLocked with the holder."""

    def __init__(self, db_path: Path) -> None:
        self._path = db_path.with_name(db_path.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self, command: str) -> None:
        """Take the lock or say who has it. Raises ArchiveLocked or ArchiveUnwritable."""
        while True:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise ArchiveUnwritable(
                    f"{self._path}: cannot create the lock file ({error.strerror}); "
                    "choose another place with --db, or make the folder writable"
                ) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = self._holder(descriptor)
                os.close(descriptor)
                raise ArchiveLocked(
                    f"{self._path.name.removesuffix('.lock')} is in use by {holder}; wait until it ends, or stop it"
                ) from error
            if self._is_current(descriptor):
                break
            os.close(descriptor)  # its owner removed it between our open and our lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "command": command}).encode(), 0)
        self._descriptor = descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    @staticmethod
    def _holder(descriptor: int) -> str:
        try:
            holder = json.loads(os.pread(descriptor, 1000, 0))
            return f"archiver {holder['command']} (process {int(holder['pid'])})"
        except (ValueError, KeyError, TypeError, OSError):
            return "another archiver"

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_writer(path: Path) -> Database:
    """The archive for writing, made if it is not there. The caller holds the `WriterLock`.

    Raises ArchiveDamaged, ArchiveUnwritable, ArchiveLocked (a foreign writer) or ArchiveTooNew (from `schema`).
    """
    check_file(path)
    with explained(path):
        connection = _connect(path)
        _refuse_foreign(connection, path)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise ArchiveUnwritable(f"{path}: this file system does not support SQLite's WAL; choose another with --db")
        return Database(connection, execute_plugins=False)


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
            return _try_reader(path, "mode=ro&immutable=1")


def _try_reader(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.row_factory = sqlite3.Row
    _refuse_foreign(connection, path)
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """An empty file may become an archive; any other must say that it is one, in the file or in its WAL."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application_id != APPLICATION_ID:
        raise _foreign(path)


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


def check_pages(database: Database, path: Path) -> None:
    """SQLite's own check of every page, before the first request of a run. Raises ArchiveDamaged."""
    with explained(path):
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise ArchiveDamaged(f"{path}: damaged ({found}); put back a copy, or save what is left with sqlite3 .recover")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into one of our errors, with what to do next."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise ArchiveUnwritable(f"{path}: {error.strerror or error}; nothing that was stored is lost") from error


def _explain(path: Path, error: sqlite3.Error) -> ArchiveError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ArchiveLocked(f"{path}: another program holds a lock on it; close it and run the same command again")
    if name.startswith("SQLITE_FULL"):
        return ArchiveUnwritable(f"{path}: the disk is full; nothing stored is lost, free some space and run again")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return ArchiveDamaged(f"{path}: damaged ({error}); put back a copy, or save what is left with sqlite3 .recover")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ArchiveUnwritable(f"{path}: cannot be written ({error}); check the permissions of the file and its folder")
    if name.startswith("SQLITE_IOERR"):
        return ArchiveUnwritable(f"{path}: the disk fails ({error}); nothing stored is lost, run again when it is well")
    if isinstance(error, sqlite3.OperationalError) and "no such table" in str(error):
        return ArchiveTooNew(f"{path}: its tables are not those of this version ({error}); run `archiver fetch` once")
    raise error


@contextlib.contextmanager
def transaction(database: Database, path: Path) -> Iterator[None]:
    """One commit: all of it or nothing. Begins at once (IMMEDIATE), so a lock shows before any work is done."""
    with explained(path):
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
            database.execute("COMMIT")
        except BaseException:
            if database.conn.in_transaction:
                database.execute("ROLLBACK")
            raise


def close(database: Database, path: Path) -> None:
    """Fold the WAL into the file, so that the file alone is complete, and close."""
    with contextlib.suppress(sqlite3.Error):  # a reader in the way: the WAL stays beside the file, nothing is lost
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with explained(path):
        database.close()
