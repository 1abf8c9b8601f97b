"""The SQL that makes an archive, as statements. Imports nothing heavy, since reading an archive needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

TABLES = (
    "001_tables.sql", "002_time.sql", "003_search.sql", "004_rescue.sql", "005_copies.sql", "006_push.sql",
    "007_laws.sql", "008_contests.sql", "009_bodies.sql", "011_collapses.sql", "012_seals.sql",
    "013_sources.sql", "014_notices.sql", "015_judged_copies.sql",
    "017_contest_days.sql", "018_lean.sql", "019_mentions.sql", "020_metrics.sql", "021_due.sql", "022_status.sql",
    "024_fetches.sql",
)  # fmt: skip
"""The scripts of tables and indexes, in the order of their migrations."""

VIEWS = "views.sql"
"""The script of the views."""

_FOLDER = Path(__file__).with_name("sql")  # importlib.resources takes longer to import than the rest of this room
_DROPPED = re.compile(r"DROP INDEX (\w+)")
_MADE = re.compile(r"CREATE (?:UNIQUE |VIRTUAL )?(TABLE|VIEW|INDEX|TRIGGER) (\w+)")


def script(name: str) -> str:
    """The text of one of our scripts."""
    return (_FOLDER / name).read_text("utf-8")


def statements(text: str) -> list[str]:
    """The statements of our own scripts: each ends with a semicolon that ends its line or has a remark after it."""
    without_remarks = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)
    pieces = re.split(r";(?:\s*--[^\n]*)?\s*\n", without_remarks + "\n")
    return [statement.strip() for statement in pieces if statement.strip(" \n;")]


@cache
def made(kind: str, *names: str) -> tuple[tuple[str, str], ...]:
    """Name and SQL of everything of a kind (TABLE, VIEW, INDEX, TRIGGER) that these scripts make, as the last says.

    Without the indexes that one of them dropped; what was a table and is dropped may be an older archive's.
    """
    found: dict[str, str] = {}
    for statement in [statement for name in names for statement in statements(script(name))]:
        if (match := _MADE.match(statement)) and match[1] == kind:
            found[match[2]] = statement
        elif match := _DROPPED.match(statement):
            found.pop(match[1], None)
    return tuple(found.items())


def names_of(kind: str, scripts: Iterable[str]) -> frozenset[str]:
    """The names of everything of a kind that these scripts make."""
    return frozenset(name for name, _ in made(kind, *scripts))
