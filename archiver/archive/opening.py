"""Is this file an archive of ours, and what is wrong with it? And opening one to read. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from archiver.archive import shape
from archiver.errors import ArchiveDamaged, ArchiveError, ArchiveLocked, ArchiverError, ArchiveTooNew, ArchiveUnwritable
from archiver.machine import disk
from archiver.text import line

APPLICATION_ID = 0x49544152  # "ITAR": PRAGMA application_id tells our files from others
BUSY_TIMEOUT_MS = 10_000
_HEADER = b"SQLite format 3\x00"
_COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_NAMES_OTHERS = bytes.fromhex("d9d505f920a163d7")  # ends a journal that names another file (fileformat2 §3)


def beside(path: Path, suffix: str) -> Path:
    """The file beside an archive with this behind its name, whichever link leads to it. Raises ArchiveUnwritable."""
    try:
        real = path.resolve()
    except (OSError, ValueError) as error:
        raise _no_name(path, error) from error
    except RuntimeError as error:  # links in a circle
        raise ArchiveUnwritable(f"{path}: its links lead nowhere; name another file with --db") from error
    return real.with_name(real.name + suffix)


def is_there(path: Path) -> bool:
    """Whether something has this name. Raises ArchiveUnwritable for what can be no name."""
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        raise _no_name(path, error) from error


def _no_name(path: Path, error: OSError | ValueError) -> ArchiveUnwritable:
    words = error.strerror if isinstance(error, OSError) else "a character that no name can have"
    return ArchiveUnwritable(f"{line(str(path), 80)}: cannot be opened ({words}); name another file with --db")


def open_reader(path: Path, *, is_open_here: bool = False) -> sqlite3.Connection:
    """The archive for reading, also from a folder that cannot be written. Raises ArchiveError.

    `is_open_here`: this process writes to it already, so it must not be opened past SQLite: closing any descriptor of a
    file drops all locks that the process has on it (fcntl(2)), and the WAL could be taken away under us.
    """
    if not is_there(path):
        raise ArchiveError(f"{path}: there is no archive yet; `archiver fetch` makes it, --db names another")
    if not is_open_here:
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
    wal = beside(path, "-wal")
    return not wal.is_file() or wal.stat().st_size == 0


def _try_reader(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        shape.guard_reader(connection)
        refuse_foreign(connection, path)
        shape.refuse_strange(connection, path)
        if not shape.has_own_views(connection):
            shape.own_views(connection)
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ArchiveDamaged for a file with tables that neither says that it is an archive nor is a dump of one."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
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
    if is_there(path) and path.is_dir():
        raise ArchiveDamaged(f"{path}: this is a folder, not an archive; name a file with --db")
    _check_companions(path)
    try:
        with os.fdopen(disk.open_regular(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = file.read(100)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ArchiveUnwritable(f"{path}: the folder {path.parent} does not exist; make it first") from None
        return
    except OSError as error:
        raise ArchiveUnwritable(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if size == 0:
        return
    if header[:16] != _HEADER:
        raise ArchiveDamaged(f"{path}: not an SQLite database; name another file with --db, this one is untouched")
    if int.from_bytes(header[68:72], "big") not in {0, APPLICATION_ID}:
        raise _foreign(path)
    _check_length(path, header, size)


def check_names(path: Path) -> None:
    """Raise ArchiveUnwritable for a file with a second name (a hard link), under which SQLite would not see its log."""
    for suffix in ("", *_COMPANIONS):
        file = beside(path, suffix)
        names = 0
        with contextlib.suppress(OSError):  # not there yet; of what cannot be read more is said when it is opened
            names = file.stat().st_nlink
        if names > 1:
            raise ArchiveUnwritable(
                f"{file}: it has {names} names (hard links), so a run under another could not be seen;"
                " make it a file of its own: copy it, and name the copy"
            )


def _check_companions(path: Path) -> None:
    for suffix in _COMPANIONS:
        file = beside(path, suffix)
        try:
            status = file.lstat()
        except OSError:
            continue  # none, or none that SQLite can see
        if stat.S_ISDIR(status.st_mode):
            continue  # SQLite can do nothing with it
        if not stat.S_ISREG(status.st_mode):
            raise ArchiveDamaged(f"{file}: {disk.NO_FILE} or a link where SQLite keeps a file of its own; remove it")
        if suffix == "-journal" and _ends_with(file, _NAMES_OTHERS):
            raise ArchiveDamaged(
                f"{file}: a journal that names another file, which SQLite would remove; no archiver wrote it"
            )


def _ends_with(file: Path, mark: bytes) -> bool:
    with contextlib.suppress(OSError), os.fdopen(disk.open_regular(file, follow=False), "rb") as opened:
        opened.seek(-len(mark), os.SEEK_END)
        return opened.read() == mark
    return False


def _check_length(path: Path, header: bytes, size: int) -> None:
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    expected = page_bytes * int.from_bytes(header[28:32], "big")
    if size < expected and not beside(path, "-wal").exists():
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
    return _explain_others(path, error, name)


def _explain_others(path: Path, error: sqlite3.Error, name: str) -> ArchiveError:
    """What is not of the machine, but of what the file holds."""
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(("no such table", "no such column")):
        return ArchiveTooNew(f"{path}: its tables are not those of this version ({error}); run `archiver fetch` once")
    if str(error).startswith("Could not decode to UTF-8"):  # Python's own words for text that is none
        return ArchiveDamaged(f"{path}: damaged (text that is no text); put back a copy, or save what is left")
    if name.startswith(("SQLITE_INTERRUPT", "SQLITE_TOOBIG")):
        return ArchiveDamaged(f"{path}: no archive that archiver made: it takes more than any ({error})")
    if isinstance(error, sqlite3.OperationalError):
        return ArchiveDamaged(f"{path}: cannot be used as an archive ({line(str(error), 200)}); put back a copy")
    raise error


@contextlib.contextmanager
def reading(path: Path, *, is_open_here: bool = False) -> Iterator[sqlite3.Connection]:
    """The archive for reading (`open_reader`), closed afterwards. Raises ArchiveError."""
    connection = open_reader(path, is_open_here=is_open_here)
    try:
        with explained(path):
            yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """An archive as whoever uses it meets it: what another hand put into it is damage, and never a bug of ours."""
    with rows_are_ours(path), reading(path) as connection:
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
