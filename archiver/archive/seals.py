"""Seals over what no fetch proves: what is asked, believed and told by others, numbers, and the shape of the file.

When a run ends, each of these has a digest in `seals`, and `runs.kept_digest` is the digest of all of them, which the
next run takes into its own. So `verify` names what another program changed since, and the run that finds it notes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from archiver.archive import schema
from archiver.archive.database import Database
from archiver.archive.digest import kept_digest
from archiver.archive.library import DERIVED_TABLES
from archiver.archive.writes import Writes

_VERSION = "2:"  # one more when anything else is hashed; archives before had one digest over three tables, without
_ROWS, _TABLE = "rows", "table"
_SEALED_TOGETHER = ("sources", "pages", "captures")  # before there was a seal for each table
_ONE_OF_THREE, _UNSEALED = "changed in one of three", "without a seal"
_ITS_OWN = {"runs": ("kept_digest",)}  # it is made of the seals
# Whose rows the digests of runs cover (`digest`), or that are the seals themselves.
_ELSEWHERE = frozenset({"fetches", "seals", "search_index"})
# What reading everything again cannot prove of derived rows: numbers that only say in which order rows were made, and
# guesses where nobody can guess.
_UNPROVEN = ("id", "image_id", "name_id", "comment_id", "tag_id", "reply_to", "language", "language_guessed")
_PROVEN_WHOLE = frozenset({"articles", "series", "authors"})  # their numbers are the site's
_BATCH = 200  # rows hashed at once
_DERIVED = frozenset(DERIVED_TABLES) | {"discoveries"}  # the last in archives from before migration 019


@dataclass(frozen=True, slots=True)
class Change:
    """Something sealed that is not as it was left."""

    kind: str  # rows, table, view, index, trigger
    name: str
    after_run: int
    how: str = "changed"

    @property
    def what(self) -> str:
        """What was changed, in the words of `runs.changed_before`."""
        return f"{self.kind} of {self._where}" if self.kind == _ROWS else f"{self.kind} {self.name}"

    @property
    def _where(self) -> str:
        return "sources, pages or captures" if self.how == _ONE_OF_THREE else self.name

    @property
    def lasts(self) -> bool:
        """Whether it stays when all that can be made anew was made anew."""
        return self.kind in {_ROWS, _TABLE}

    @property
    def is_noted(self) -> bool:
        """Whether nothing can put it back, so that the next run must note it."""
        return self.lasts and not self.is_derived

    @property
    def is_derived(self) -> bool:
        """Whether reading everything again makes it anew."""
        return self.name in _DERIVED or self.is_of_the_search

    @property
    def is_of_the_search(self) -> bool:
        """Whether filling the search index makes it anew."""
        return self.name.startswith("search_")

    def __str__(self) -> str:
        since = f"after run {self.after_run}: "
        if self.how == _UNSEALED:
            return f"{since}the rows of {self.name} have no seal: before they got one, something was changed"
        if self.is_of_the_search and self.kind == _ROWS:
            return (
                f"{since}another program wrote to {self.name}; `archiver verify --repair` fills the search index anew"
            )
        if self.kind == _ROWS:
            return f"{since}a row of {self._where} was changed, added or taken away by another program (digest differs)"
        if self.how == "added":
            return f"{since}trigger {self.name} was added by another program; it can change rows unseen"
        return f"{since}{self.kind} {self.name} was {self.how} by another program (digest differs)"


class Known:
    """Digests of tables as they were when this process first looked, which hold while it writes nothing to them.

    So what another program writes meanwhile is not sealed with what we wrote, and is told afterwards.
    """

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._digests: dict[str, str] = {}

    def of(self, table: str) -> str | None:
        """The digest of a table that nothing was written to since; None when it is to be hashed."""
        return None if self._writes.may_have(table) else self._digests.get(table)

    def note(self, rows: dict[tuple[str, str], str]) -> None:
        """Keep the digests of tables, before anything was written to them."""
        self._digests = {table: digest for (_, table), digest in rows.items() if not self._writes.may_have(table)}

    def forget(self) -> Known:
        """Know nothing any more: the shape of the file was brought to ours."""
        self._digests.clear()
        return self


def changes(database: Database, known: Known | None = None) -> list[Change]:
    """What is not as the last run left it. While a run is open its rows are on their way, and only the shape counts.

    All of it is looked at, and noted in `known`. An archive in which no run ever ended has no seal.
    """
    last = next(iter(_query(database, "SELECT * FROM runs ORDER BY id DESC LIMIT 1", if_there="runs")), None)
    if last is None or last.get("kept_digest") is None:
        return _unsealed(last)
    number, ended = last["id"], last["finished_at"] is not None
    version, colon, _ = str(last["kept_digest"]).partition(":")
    if colon and version + colon != _VERSION:
        return []  # sealed by other rules than ours; the next run seals by ours
    if not colon:
        broken = ended and last["kept_digest"] != kept_digest(database)
        return [Change(_ROWS, table, number, _ONE_OF_THREE) for table in _SEALED_TOGETHER] if broken else []
    stored = _stored(database)
    found = [] if last["kept_digest"] == _over(stored) else [Change(_ROWS, "seals", number)]
    ours = schema.names() | {name for _, name in stored}  # what a later version no longer makes was ours, too
    rows = _rows(database, ours) if ended else {}
    if known is not None:
        known.note(rows)
    now = _shape(database, ours) | rows
    for (kind, name), digest in stored.items():
        if (kind == _ROWS and not ended) or now.get((kind, name)) == digest:
            continue
        found.append(Change(kind, name, number, "changed" if (kind, name) in now else "dropped"))
    unsealed = [one for one in now if one not in stored]
    found += [Change(kind, name, number, _UNSEALED) for kind, name in unsealed if kind == _ROWS and ended]
    return found + [Change("trigger", name, number, "added") for name in _foreign_triggers(database)]


def _unsealed(last: dict[str, Any] | None) -> list[Change]:
    """A run that ended has a seal; one from before there were seals has no such column, or a run before it had none."""
    if last is None or "changed_before" not in last or last["finished_at"] is None:
        return []
    return [Change(_ROWS, "runs", last["id"])]


def renew(database: Database, but: Iterable[Change] = (), known: Known | None = None) -> None:
    """Seal what is there now, beside the last run. The caller holds the transaction.

    `but`: what another program changed, which stays told; what can be put back was put back, and is sealed so.
    `known`: what need not be hashed again.
    """
    last = next(iter(database.query("SELECT id, finished_at FROM runs ORDER BY id DESC LIMIT 1")), None)
    if last is None:
        return
    before = _stored(database)
    kept = {(one.kind, one.name) for one in but if one.lasts}
    if last["finished_at"] is None:  # an open run: its rows are sealed when it ends
        rows = {key: digest for key, digest in before.items() if key[0] == _ROWS}
    else:
        rows = _rows(database, schema.names(), known)
    now = _shape(database, schema.names()) | rows
    seals = {key: digest for key, digest in now.items() if key not in kept}
    seals |= {key: digest for key, digest in before.items() if key in kept}
    database.execute("DELETE FROM seals")
    for (kind, name), digest in sorted(seals.items()):
        database.execute("INSERT INTO seals (kind, name, digest) VALUES (?, ?, ?)", [kind, name, digest])
    if (_ROWS, "seals") not in kept:
        database.execute("UPDATE runs SET kept_digest = ? WHERE id = ?", [_over(seals), last["id"]])


def _over(seals: dict[tuple[str, str], str]) -> str:
    told = json.dumps(sorted([*key, digest] for key, digest in seals.items()))
    return _VERSION + hashlib.sha256(told.encode()).hexdigest()


def _stored(database: Database) -> dict[tuple[str, str], str]:
    rows = _query(database, "SELECT kind, name, digest FROM seals ORDER BY kind, name", if_there="seals")
    return {(row["kind"], row["name"]): row["digest"] for row in rows}


def _query(database: Database, sql: str, *, if_there: str) -> list[dict[str, Any]]:
    there = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [if_there]).fetchone()
    return list(database.query(sql)) if there else []


# ─── what is sealed ─────────────────────────────────────────────────────────────────────────────


def _shape(database: Database, ours: Collection[str]) -> dict[tuple[str, str], str]:
    """How everything of ours in the file was made. What others added beside it is theirs."""
    rows = database.query("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {
        (row["type"], row["name"]): hashlib.sha256(row["sql"].encode("utf-8", "surrogatepass")).hexdigest()
        for row in rows
        if row["name"] in ours
    }


def _foreign_triggers(database: Database) -> list[str]:
    ours = schema.names()
    rows = database.query("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [row["name"] for row in rows if row["name"] not in ours and row["tbl_name"] in ours]


def _rows(database: Database, ours: Collection[str], known: Known | None = None) -> dict[tuple[str, str], str]:
    """The rows of every table of ours, but for those that are proven otherwise."""
    tables = database.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = {}
    for table in [row["name"] for row in tables if row["name"] in ours and row["name"] not in _ELSEWHERE]:
        columns = _columns(database, table)
        if columns:
            held = known and known.of(table)
            found[_ROWS, table] = held or _digest_of_rows(database, table, columns)
    return found


def _columns(database: Database, table: str) -> list[str]:
    columns = database.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
    if table in _DERIVED and table != "progress":
        return [name for name, _ in columns if name in _UNPROVEN and table not in _PROVEN_WHOLE]
    left_out = _ITS_OWN.get(table, ())
    bodies = None if table.startswith("search_") else "BLOB"  # each has a hash of its own beside it
    return [name for name, kind in columns if kind != bodies and name not in left_out]


def _digest_of_rows(database: Database, table: str, columns: list[str]) -> str:
    hashed = hashlib.sha256(json.dumps(columns).encode())
    named = ", ".join(f'"{name}"' for name in columns)
    order = "1, 2" if table.startswith("search_index_") else "rowid"  # some of SQLite's own have no rowid
    found = database.execute(f"SELECT {named} FROM {table} ORDER BY {order}")  # noqa: S608 - names are our own
    while rows := found.fetchmany(_BATCH):
        hashed.update(_lines(rows).encode())
    return hashed.hexdigest()


def _lines(rows: list[tuple[Any, ...]]) -> str:
    """Each row as JSON on a line of its own, made at once.

    What stands between two rows is found for certain: within a text a quotation mark has a backslash before it, and one
    that ends a text has a comma or a bracket after it.
    """
    told = json.dumps([part for row in rows for part in (row, "row")], default=_hashed)
    return told[1:].replace('], "row", [', "]\n[").removesuffix(', "row"]') + "\n"


def _hashed(value: object) -> str:
    """What stands for bytes, in which JSON has no words."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)
