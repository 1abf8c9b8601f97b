"""How the shape of archive.db came about: one step a change, numbered, never edited afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlite_utils import Migrations

from archiver.archive import body_rows, search_index
from archiver.archive.database import Database
from archiver.archive.opening import APPLICATION_ID
from archiver.archive.remade import remake
from archiver.archive.scripts import script, statements

Act = Callable[[Database], object]


def _run(name: str) -> Act:
    """Runs a script."""
    return lambda database: [database.execute(statement) for statement in statements(script(name))]


def _execute(statement: str) -> Act:
    return lambda database: database.execute(statement)


def _widen(table: str, old: str, new: str) -> Act:
    """Changes a CHECK that all rows fit already, without copying the table (lang_altertable.html §7)."""

    def act(database: Database) -> None:
        version = database.execute("PRAGMA schema_version").fetchone()[0]
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = ?", [old, new, table])
        database.execute(f"PRAGMA schema_version = {version + 1}")
        database.execute("PRAGMA writable_schema = OFF")

    return act


def _make_lean(database: Database) -> None:
    remake(
        database, "018_lean.sql",
        {"articles": {"html_sha256": "sha256(body_html)"}, "code_blocks": {"start": "NULL", "length": "length(code)"}},
    )  # fmt: skip
    body_rows.place_code(database)


_READ_AGAIN = _execute("DELETE FROM progress")  # everything is, when the archive is opened
_YEAR = ("contest_year INTEGER,", "contest_year INTEGER CHECK (contest_year BETWEEN 2008 AND 2107),")
_EDITION = ("contest_edition INTEGER,", "contest_edition INTEGER CHECK (contest_edition BETWEEN 1 AND 99),")
_TWICE_BESIDE = (
    "DELETE FROM progress WHERE EXISTS (SELECT 1 FROM events WHERE kind IN ('duplicate_day', 'reposted')"
    " GROUP BY kind, article_id HAVING count(*) > 1)"
)

STEPS: dict[str, tuple[Act, ...]] = {
    # every table that the first version had
    "m001_tables": (_execute(f"PRAGMA application_id = {APPLICATION_ID}"), _run("001_tables.sql")),
    # state changes, versions, events, and pages of two more kinds
    "m002_time": (
        _widen("pages", "'image')", "'image', 'link', 'control')"), _widen("captures", "'feed')", "'feed', 'memento')"),
        _run("002_time.sql"),
    ),
    "m003_search": (search_index.clear,),  # filled when the archive is opened
    "m004_rescue": (_run("004_rescue.sql"),),  # whose answer a fetch is: the host's own, or somebody's copy
    "m005_copies": (_run("005_copies.sql"),),  # which copies others say that they hold
    "m006_push": (_run("006_push.sql"),),  # which pages somebody else was asked to save
    "m007_laws": (_run("007_laws.sql"),),  # by which rules beliefs were made
    # no contest has a negative number
    "m008_contests": (
        _run("008_contests.sql"), _widen("series", *_YEAR), _widen("articles", *_YEAR), _widen("series", *_EDITION),
    ),
    "m009_bodies": (_run("009_bodies.sql"),),  # the same bytes stored once; what is stored twice already stays
    "m010_read_again": (_READ_AGAIN,),  # how answers become rows changed
    "m011_collapses": (_run("011_collapses.sql"),),  # articles whose text shrank to nearly nothing
    "m012_seals": (_run("012_seals.sql"),),  # what no fetch proves is sealed
    # who named a source, and since when it is asked no more; an article that is a source is a part of its own
    "m013_sources": (
        _run("013_sources.sql"), _widen("parts", "'neighbour', 'index')", "'neighbour', 'index', 'source')"),
    ),
    "m014_notices": (_run("014_notices.sql"),),  # what the notify command was not told yet
    "m015_judged_copies": (_run("015_judged_copies.sql"),),  # by which law the copies of others were judged
    "m016_twins": (_execute(_TWICE_BESIDE),),  # an article is set beside one twin alone: others are read again
    "m017_contest_days": (_run("017_contest_days.sql"),),  # how long a series was written for, read from held lists
    "m018_lean": (_make_lean,),  # a body stands once; its other forms, and code, are made from that when asked for
    "m019_mentions": (_run("019_mentions.sql"),),  # what many pages name in the same words stands once
    "m020_search": (search_index.clear,),  # other words stand in it: filled anew when the archive is opened
    "m020_metrics": (_run("020_metrics.sql"),),  # an index without what it need not have
    "m021_due": (_run("021_due.sql"),),  # indexes by which what is due is found
    "m022_status": (_run("022_status.sql"),),  # an index by which `status` counts what indexes link to
    "m024_fetches": (_run("024_fetches.sql"),),  # fewer indexes: they took most of what an unchanged answer adds
    "m025_sums": (),  # rows are sealed by sums: an older archiver would write without keeping them up, and is refused
    "m026_read_again": (_READ_AGAIN,),  # what lists show of their parts is kept
}  # fmt: skip
"""Migration → what it does, in order."""

migrations = Migrations("archiver")


def _migration(acts: tuple[Act, ...]) -> Callable[[Any], None]:
    def migrate(database: Any) -> None:
        for act in acts:
            act(database)

    return migrate


for _name, _acts in STEPS.items():
    migrations(name=_name)(_migration(_acts))
