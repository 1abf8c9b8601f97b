"""`verify`: the archive proves itself, or says what was damaged or edited since."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archiver.archive import seals, search_index, search_proof
from archiver.archive.beliefs import Beliefs, believed
from archiver.archive.captures import Captures
from archiver.archive.columns import DERIVED_TABLES
from archiver.archive.connection import throw_away
from archiver.archive.database import Database
from archiver.archive.digest import run_digest
from archiver.archive.library import Library
from archiver.archive.opening import beside
from archiver.archive.seals import Change
from archiver.archive.stored import Progress, ReadPage, unheard
from archiver.errors import ArchiveDamaged
from archiver.machine.workers import ALONE, Workers
from archiver.text import line


def verify(
    database: Database, beliefs: Beliefs, read: ReadPage, changes: list[Change],
    listener: Progress = unheard, workers: Workers = ALONE,
) -> Iterator[str]:  # fmt: skip
    """Every finding, one line each; none means that the archive is what it says it is. Changes nothing.

    `changes`: what was not as it was sealed when the archive was opened, before anything was put back.
    """
    checks = {
        "integrity": _integrity(database),
        "captures": _captures(database),
        "runs": _chain(database),
        "search index": search_proof.check(database, workers),
        "seals": _seals(database, changes),
        "beliefs": _beliefs(database, beliefs),
        "derived tables": _derived(database, read, listener, workers),
    }
    for name, check in checks.items():
        try:
            yield from check
        except (sqlite3.Error, ValueError, TypeError, LookupError, RuntimeError, AssertionError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                yield f"{name}: not checked to the end, since the disk is full; free some space and run again"
                continue
            words = line(f"{type(error).__name__}: {error}", 160)
            yield f"{name}: not checked to the end, since a row they stand on is no row that we wrote ({words})"


def _integrity(database: Database) -> Iterator[str]:
    for (found,) in database.execute("SELECT * FROM pragma_integrity_check"):
        if found != "ok":
            yield f"integrity: {found}"
    for row in database.query("SELECT * FROM pragma_foreign_key_check"):
        yield f"foreign key: row {row['rowid']} of {row['table']} points at a row of {row['parent']} that is not there"


def _captures(database: Database) -> Iterator[str]:
    """Re-hash every stored body."""
    captures = Captures(database)
    for row in database.query(
        "SELECT captures.id, sha256, body_bytes, url FROM captures JOIN pages ON pages.id = page_id"
    ):
        try:
            body = captures.body(row["id"])
        except ArchiveDamaged as error:
            yield str(error)
            continue
        if hashlib.sha256(body).hexdigest() != row["sha256"] or len(body) != row["body_bytes"]:
            yield f"capture {row['id']} of {row['url']}: its body is not the one that was received (SHA-256 differs)"


def _chain(database: Database) -> Iterator[str]:
    """Compute every digest again; the first that differs names the run, the later ones follow from it."""
    for run in database.query("SELECT id, digest, finished_at, ended_by, exit_code FROM runs ORDER BY id"):
        if run["finished_at"] is None:  # running, or killed and not closed yet
            if any(run[name] is not None for name in ("digest", "ended_by", "exit_code")):
                yield f"run {run['id']}: it says how it ended, but not when"
            continue
        if run["digest"] != run_digest(database, run["id"]):
            yield f"run {run['id']}: its rows are not those that were written (digest differs)"


def _seals(database: Database, found: list[Change]) -> Iterator[str]:
    """What another program changed since the last run, and what it had changed before an earlier one."""
    yield from dict.fromkeys(str(change) for change in (*found, *seals.changes(database)))
    for run in database.query("SELECT id, changed_before FROM runs WHERE changed_before IS NOT NULL ORDER BY id"):
        yield f"before run {run['id']}: another program had changed {line(run['changed_before'], 300)}"


_SHOWN = 5  # rows of a table that differ and are told one by one


def _beliefs(database: Database, beliefs: Beliefs) -> Iterator[str]:
    """Every belief is what the fetches say by the law that it was made by."""
    made = beliefs.as_made()
    if made is None:
        return  # of a law that is not known here: they are sealed as they are, and the next run believes again
    for page in database.query("SELECT * FROM pages"):
        belief, changes = made.recompute(page["id"])
        if any(page[name] != told for name, told in believed(belief, page).items()):
            yield f"{page['url']}: believed {page['state']}, but its fetches say {belief.state}"
        if made.changes(page["id"]) != changes:
            yield f"{page['url']}: its state changes are not those that its fetches say"


def _derived(database: Database, read: ReadPage, listener: Progress, workers: Workers) -> Iterator[str]:
    """Read everything again in a copy, and compare row by row."""
    place = beside(database.path, "")
    with tempfile.TemporaryDirectory(prefix=_folder_prefix(place), dir=place.parent) as folder:
        copy = Path(folder) / "copy.db"
        database.execute("VACUUM INTO ?", [str(copy)])
        other = throw_away(copy)
        try:
            library = Library(other, Captures(other), read)
            library.rebuild(listener=listener, index=search_index.put_down, workers=workers)
            yield from differences(database, other)
        except ArchiveDamaged:
            yield "derived tables: not compared, since a capture cannot be read"
        finally:
            other.close()


def _folder_prefix(place: Path) -> str:
    return f".{place.name}.verify-"


def drop_what_was_left(path: Path) -> None:
    """Remove the copy that a killed `verify` left beside the archive. The caller holds the lock."""
    place = beside(path, "")
    for folder in place.parent.glob(f"{glob.escape(_folder_prefix(place))}*"):
        shutil.rmtree(folder, ignore_errors=True)


def differences(database: Database, fresh: Database) -> Iterator[str]:
    """Every derived row that one archive has and the other, just read again from nothing, has not; in one order."""
    guesses = fresh.row("SELECT 1 FROM code_blocks WHERE language_guessed LIMIT 1") is not None
    for table in DERIVED_TABLES:
        held, again = (_rows(one, table, guesses=guesses) for one in (database, fresh))
        yield from _difference(held, again, table)


# What stands for a number that only says in which order rows were made.
_MEANT = {
    "image_id": "(SELECT url FROM images WHERE id = image_id)",
    "comment_id": "(SELECT article_id || ' ' || identity FROM comments AS owner WHERE owner.id = comment_id)",
    "tag_id": "(SELECT name FROM tags WHERE id = tag_id)",
    "name_id": "(SELECT json_array(url, text, heading, raw_url) FROM names WHERE names.id = name_id)",
    "reply_to": "(SELECT identity FROM comments AS answered WHERE answered.id = comments.reply_to)",
}
_SITE_NUMBERED = frozenset({"articles", "series", "authors"})


# Where the extra `languages` is not installed, nothing can be said of what it guessed.
_UNGUESSED = {"language": "iif(language_guessed, NULL, language)", "language_guessed": "0"}


def _rows(database: Database, table: str, *, guesses: bool) -> Iterator[tuple[Any, ...]]:
    """The rows of a table in order, without the numbers that only say in which order they were made."""
    meant = _MEANT if guesses else _MEANT | _UNGUESSED
    names = [column.name for column in database[table].columns]
    kept = [meant.get(name, f'"{name}"') for name in names if name != "id" or table in _SITE_NUMBERED]
    order = "id" if table in _SITE_NUMBERED else ", ".join(str(place) for place in range(1, len(kept) + 1))
    yield from database.execute(f"SELECT {', '.join(kept)} FROM {table} ORDER BY {order}")  # noqa: S608 - our own names


def _difference(held: Iterator[tuple[Any, ...]], fresh: Iterator[tuple[Any, ...]], table: str) -> Iterator[str]:
    shown: dict[str, list[str]] = {"is not what a fresh reading gives": [], "is missing": []}
    counted = dict.fromkeys(shown, 0)
    for name, row in _unpaired(held, fresh):
        counted[name] += 1
        if counted[name] <= _SHOWN:
            shown[name].append(json.dumps(row, ensure_ascii=False, default=repr))
    for name, rows in shown.items():
        for said in rows:
            yield f"{table}: a row {name}: {said[:160]}"
        if counted[name] > _SHOWN:
            yield f"{table}: and {counted[name] - _SHOWN} more such rows"


def _unpaired(
    held: Iterator[tuple[Any, ...]], fresh: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What only one of two sorted streams has, with what is to be said of it."""
    one, other = next(held, None), next(fresh, None)
    while one is not None or other is not None:
        if one == other:
            one, other = next(held, None), next(fresh, None)
        elif other is None or (one is not None and _place(one) < _place(other)):
            assert one is not None
            yield "is not what a fresh reading gives", one
            one = next(held, None)
        else:
            yield "is missing", other
            other = next(fresh, None)


def _place(row: tuple[Any, ...]) -> list[tuple[int, Any]]:
    """By what SQLite puts rows in order: nothing before numbers, these before text, that before bytes."""
    return [
        (0, 0) if value is None else (1, value) if isinstance(value, int | float)
        else (2, value) if isinstance(value, str) else (3, value)
        for value in row
    ]  # fmt: skip
