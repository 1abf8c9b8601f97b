"""Opening archive.db: checked before anything is asked of the network, one writer at a time, readers always welcome."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.archive import opening, shape
from archiver.archive.database import Database
from archiver.archive.opening import check_file, check_names, explained, refuse_foreign
from archiver.errors import ArchiveDamaged, ArchiveLocked, ArchiveUnwritable
from archiver.machine import disk
from archiver.machine.interruption import held_back
from archiver.text import line

_CHECKPOINT_TIMEOUT_MS = 500  # a reader that stays, as Datasette may, must not hold up the end of a run

_LONGEST = 200  # bytes of a lock file
_OURS = re.compile(rb'\{"pid": [^\n]{0,180}|\x00{0,200}')  # nothing yet, or zeroes after a loss of power

_PAGE_BYTES = 2_048  # a body fills several: of pages of 4,096 bytes a sixth would stay empty
_WAL_BYTES = 4_194_304  # the log is folded into the file when it has grown so long
_STATEMENTS = 400  # kept prepared: a page takes some eighty, a run some more
_EMPTY_SHARE = 8  # an eighth of the file: then it is written anew without what is empty


class WriterLock:
    """The right to write to one archive, held by one process. `acquire` raises ArchiveLocked with the holder.

    The lock is of the file: whichever symbolic link names it, it lies beside the file itself. A file that did not come
    from here is neither followed, nor emptied, nor removed.
    """

    def __init__(self, db_path: Path) -> None:
        self._path = opening.beside(db_path, ".lock")
        self._descriptor: int | None = None

    def acquire(self, command: str) -> None:
        """Take the lock or say who has it. Raises ArchiveLocked or ArchiveUnwritable."""
        with held_back():
            while True:
                descriptor = self._open()
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    holder = self._holder(descriptor)
                    os.close(descriptor)
                    raise ArchiveLocked(
                        f"{self._path.name.removesuffix('.lock')} is in use by {holder}; wait until it ends, or stop it"
                    ) from error
                except OSError as error:
                    os.close(descriptor)
                    raise self._unusable(f"cannot be locked ({error.strerror})") from error
                if self._is_current(descriptor):
                    break
                os.close(descriptor)  # its owner removed it between our open and our lock
            self._descriptor = descriptor
            with contextlib.suppress(OSError):  # a full disk: it is the lock that counts, not the name of its holder
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "command": command}).encode(), 0)

    def _open(self) -> int:
        """The lock file, made if it is not there. Raises ArchiveUnwritable for a file that is no lock of ours."""
        try:
            with contextlib.suppress(FileExistsError):
                return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            descriptor = disk.open_regular(self._path, os.O_RDWR, follow=False)
        except FileNotFoundError:
            if self._path.parent.is_dir():
                return self._open()  # its owner removed it just now
            raise self._unusable("cannot be made (its folder does not exist)") from None
        except OSError as error:
            raise self._unusable(f"cannot be used as the lock file ({error.strerror})") from error
        if os.fstat(descriptor).st_nlink > 1 or not _OURS.fullmatch(os.pread(descriptor, _LONGEST + 1, 0)):
            os.close(descriptor)
            raise self._unusable("a file of somebody else stands where the lock belongs; move it away")
        return descriptor

    def _unusable(self, why: str) -> ArchiveUnwritable:
        advice = "" if why.endswith("away") else "; choose another place with --db, or make the folder writable"
        return ArchiveUnwritable(f"{self._path}: {why}{advice}")

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.lstat())
        except OSError:
            return False

    @staticmethod
    def _holder(descriptor: int) -> str:
        try:
            holder = json.loads(os.pread(descriptor, _LONGEST, 0))
            return f"archiver {holder['command']} (process {int(holder['pid'])})"
        except (ValueError, KeyError, TypeError, OSError):
            return "another archiver"

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._descriptor is None:
            return
        with held_back():
            with contextlib.suppress(OSError):
                if self._is_current(self._descriptor):
                    self._path.unlink()
            os.close(self._descriptor)
            self._descriptor = None


def throw_away(path: Path) -> Database:
    """A file that is read and written once and that nobody needs after a loss of power."""
    database = Database(sqlite3.connect(path, cached_statements=_STATEMENTS), path)
    database.execute("PRAGMA synchronous = OFF")
    return database


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(  # who writes begins a transaction; rows of `temp` need none
        path, timeout=opening.BUSY_TIMEOUT_MS / 1000, cached_statements=_STATEMENTS, isolation_level=None
    )
    shape.guard(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_writer(path: Path) -> Database:
    """The archive for writing, made if it is not there. The caller holds the `WriterLock`.

    Raises ArchiveDamaged, ArchiveUnwritable, ArchiveLocked (a foreign writer) or ArchiveTooNew (from `schema`).
    """
    check_file(path)
    check_names(path)
    with explained(path), contextlib.ExitStack() as on_failure:
        connection = _connect(path)
        on_failure.callback(connection.close)
        refuse_foreign(connection, path)
        shape.refuse_strange(connection, path)
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a file that is new
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // _PAGE_BYTES}")
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise ArchiveUnwritable(f"{path}: this file system does not support SQLite's WAL; choose another with --db")
        on_failure.pop_all()
        return Database(connection, path, path.stat())


def _refuse_lost(database: Database) -> None:
    """Raise ArchiveUnwritable when the file is not there any more: SQLite would go on writing to where nobody looks."""
    with contextlib.suppress(OSError):
        if database.opened is None or os.path.samestat(database.opened, database.path.stat()):
            return
    raise ArchiveUnwritable(
        f"{database.path}: it was removed or replaced while this went on; put it back, and run again"
    )


def check_pages(database: Database) -> None:
    """SQLite's own check of every page, before the first request of a run. Raises ArchiveDamaged."""
    path = database.path
    with explained(path):
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise ArchiveDamaged(
            f"{path}: damaged ({line(found, 200)}); put back a copy, or save what is left with sqlite3 .recover"
        )


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[None]:
    """One commit: all of it or nothing. Begins at once (IMMEDIATE), so a lock shows before any work is done."""
    with explained(database.path):
        _refuse_lost(database)
        database.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            database.conn.execute("COMMIT")
        except BaseException:
            if database.conn.in_transaction:
                database.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def transaction_of_readings(database: Database) -> Iterator[None]:
    """The same for what can be read again: it is on the disk with the next commit that is not, and not sooner.

    Without power it may be lost, whole, and never what was committed before it: the log is written in order, and SQLite
    brings it to the disk itself before the file takes anything of it (https://sqlite.org/pragma.html#pragma_synchronous).
    """
    database.conn.execute("PRAGMA synchronous = NORMAL")
    try:
        with transaction(database):
            yield
    finally:
        database.conn.execute("PRAGMA synchronous = FULL")


def _give_back(database: Database) -> None:
    """Rewrite the file when much of it is empty: merging the search index leaves as many pages as it fills."""
    with contextlib.suppress(sqlite3.Error):  # another writer, a full disk: it stays as large as it is
        free, pages = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        if free * _EMPTY_SHARE > pages:
            database.execute("VACUUM")


def close(database: Database) -> None:
    """Fold the WAL into the file, so that the file alone is complete, and close."""
    with contextlib.suppress(sqlite3.Error):  # a reader in the way: the WAL stays beside the file, nothing is lost
        database.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_TIMEOUT_MS}")
        with contextlib.suppress(sqlite3.Error):  # no room for a second copy: the file stays as large as it is
            _give_back(database)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with explained(database.path):
        database.close()
