"""Seals over what no fetch proves, so that `verify` names what another program changed (docs/design.md 'Proof').

Of rows the sum that every commit keeps up (`sums`), of the shape what it was when a run last ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from archiver.archive import digest, schema, search_index, sums
from archiver.archive.database import Database

_VERSION = "3:"  # one more when anything else is hashed; archives before had one digest over three tables, without
_IN_ORDER = "2:"  # the version before, of which the next one is made when it was seen to hold
_ROWS, _TABLE = "rows", "table"
_SEALED_TOGETHER = ("sources", "pages", "captures")  # before there was a seal for each table
_ONE_OF_THREE, _UNSEALED = "changed in one of three", "without a seal"
# Whose rows the digests of runs cover (`digest`), that are the seals themselves, or that `search_proof.check` proves.
_ELSEWHERE = frozenset({"fetches", "seals", "search_index", *search_index.SHADOWS})
AT_ONCE = 2_000
"""Rows of a table that are looked at whenever an archive is opened for writing; of more rows `verify` alone does."""
Key = tuple[str, str]  # what kind of thing, and its name


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
        return self.name in sums.DERIVED or self.is_of_the_search

    @property
    def is_of_the_search(self) -> bool:
        """Whether filling the search index makes it anew."""
        return self.name.startswith("search_")

    def __str__(self) -> str:
        since = f"after run {self.after_run}: "
        if self.how == _UNSEALED:
            return f"{since}the rows of {self.name} have no seal: before they got one, something was changed"
        if self.is_of_the_search and self.kind == _ROWS:
            return f"another program wrote to {self.name}; `archiver verify --repair` fills the search index anew"
        if self.kind == _ROWS:
            mended = "; `archiver parse` makes them anew" if self.is_derived else ""
            return (
                f"a row of {self._where} was changed, added or taken away by another program (digest differs){mended}"
            )
        if self.how == "added":
            return f"{since}trigger {self.name} was added by another program; it can change rows unseen"
        return f"{since}{self.kind} {self.name} was {self.how} by another program (digest differs)"


def changes(database: Database, most: int | None = None) -> list[Change]:
    """What is not as we left it. `most`: the rows of a table that has more are not looked at.

    An archive of before migration 025 in which no run ever ended has no seal; there, while a run was open its rows were
    on their way, and only the shape counts.
    """
    last = next(iter(_query(database, "SELECT * FROM runs ORDER BY id DESC LIMIT 1", if_there="runs")), None)
    kept, stored = last and last.get("kept_digest"), _stored(database)
    number, ended = (last["id"], last["finished_at"] is not None) if last else (0, True)
    version, colon, _ = str(kept or _VERSION).partition(":")
    if kept and not colon:
        broken = ended and kept != digest.kept_digest(database)
        return [Change(_ROWS, table, number, _ONE_OF_THREE) for table in _SEALED_TOGETHER] if broken else []
    if not stored or (last and ended and not kept):
        return _unsealed(last)
    version += ":"
    if version not in {_VERSION, _IN_ORDER}:
        return []  # sealed by other rules than ours; the next run seals by ours
    found = []
    if kept and (ended or version == _IN_ORDER) and kept != _over(stored, version):
        found.append(Change(_ROWS, "seals", number))
    ours = schema.names() | {name for _, name in stored}  # what a later version no longer makes was ours, too
    if version == _IN_ORDER:
        rows = _in_order(database, stored) if ended else {key: told for key, told in stored.items() if key[0] == _ROWS}
    else:
        rows = _summed(database, ours, stored, most)
    now = _shape(database, ours) | rows
    for (kind, name), told in stored.items():
        if now.get((kind, name)) != told:
            found.append(Change(kind, name, number, "changed" if (kind, name) in now else "dropped"))
    found += [Change(kind, name, number, _UNSEALED) for kind, name in rows if (kind, name) not in stored]
    return found + [Change("trigger", name, number, "added") for name in _foreign_triggers(database)]


def _unsealed(last: dict[str, Any] | None) -> list[Change]:
    """A run that ended has a seal; one from before there were seals has no such column, or a run before it had none."""
    if last is None or "changed_before" not in last or last["finished_at"] is None:
        return []
    return [Change(_ROWS, "runs", last["id"])]


def watch(database: Database) -> None:
    """Keep up the digests of all rows that this connection writes from now on."""
    sums.watch(database, _tables(database, schema.names()))


def renew(database: Database, but: Iterable[Change] = (), *, shaped: bool = False, rows: bool = False) -> None:
    """Seal what is there now, beside the last run.

    `but`: what another program changed, which stays told; what can be put back was put back, and is sealed so.
    `shaped`: we brought the file to our shape, so that what is gone was ours to take away. `rows`: those of every table
    are summed anew, since nobody watched what was done to them.
    """
    before = _stored(database)
    now = _shape(database, schema.names())
    for key in ((_ROWS, table) for table in _tables(database, schema.names())):
        now[key] = before[key] if key in before and not rows else sums.of_table(database, key[1])
    for key in ((one.kind, one.name) for one in but if one.lasts):
        now.pop(key, None)
        now |= {key: before[key]} if key in before else {}
    now = now if shaped else before | now
    for key in sorted(before.keys() - now.keys()):
        database.execute("DELETE FROM seals WHERE kind = ? AND name = ?", list(key))
    for key, told in sorted(now.items() - before.items()):
        database.execute("REPLACE INTO seals (kind, name, digest) VALUES (?, ?, ?)", [*key, told])
    if all(one.name != "seals" for one in but):
        last = "id = (SELECT max(id) FROM runs) AND kept_digest IS NOT ?1"
        database.execute(f"UPDATE runs SET kept_digest = ?1 WHERE {last}", [_over(now, _VERSION)])  # noqa: S608


def accept(database: Database, noted: Iterable[Change]) -> None:
    """Seal the rows of these tables as they are, since a row says that another program had changed them."""
    held = _tables(database, schema.names())
    for table in dict.fromkeys(one.name for one in noted if one.kind == _ROWS and one.name in held):
        sums.put(database, table)


def _over(seals: dict[Key, str], version: str) -> str:
    told = json.dumps(sorted([*key, told] for key, told in seals.items()))
    return version + hashlib.sha256(told.encode()).hexdigest()


def _stored(database: Database) -> dict[Key, str]:
    rows = _query(database, "SELECT kind, name, digest FROM seals ORDER BY kind, name", if_there="seals")
    return {(row["kind"], row["name"]): row["digest"] for row in rows}


def _query(database: Database, sql: str, *, if_there: str) -> list[dict[str, Any]]:
    there = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [if_there]).fetchone()
    return list(database.query(sql)) if there else []


def _shape(database: Database, ours: Collection[str]) -> dict[Key, str]:
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


def _summed(database: Database, ours: Collection[str], stored: dict[Key, str], most: int | None) -> dict[Key, str]:
    """The rows of every table that is sealed; those of a table with more than `most` are taken to be as they were."""
    found = {}
    for key in ((_ROWS, table) for table in _tables(database, ours)):
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {key[1]} LIMIT ?)"  # noqa: S608 - names are our own
        is_left = most is not None and database.value(counted, [most + 1]) > most
        found[key] = stored.get(key, "") if is_left else sums.of_table(database, key[1])
    return found


def _in_order(database: Database, stored: dict[Key, str]) -> dict[Key, str]:
    """The rows of every table that had a seal before migration 025."""
    tables = sorted(_held(database) & {name for kind, name in stored if kind == _ROWS})
    return {(_ROWS, table): digest.of_rows_in_order(database, table, sums.columns(database, table)) for table in tables}


def _tables(database: Database, ours: Collection[str]) -> list[str]:
    """Every table of ours in the file that has something to be sealed."""
    held = sorted((_held(database) & set(ours)) - _ELSEWHERE)
    return [table for table in held if sums.columns(database, table)]


def _held(database: Database) -> set[str]:
    return {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
