"""How the shape of archive.db came about: one step a change, numbered, never edited afterwards."""

from __future__ import annotations

from sqlite_utils import Migrations

from archiver.archive import body_rows, search_index
from archiver.archive.database import Database
from archiver.archive.opening import APPLICATION_ID
from archiver.archive.remade import remake
from archiver.archive.scripts import script, statements

migrations = Migrations("archiver")


@migrations()
def m001_tables(database: Database) -> None:
    """Every table that the first version had."""
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in statements(script("001_tables.sql")):
        database.execute(statement)


@migrations()
def m002_time(database: Database) -> None:
    """State changes, versions, events, and pages of two more kinds."""
    widen(database, "pages", "'image')", "'image', 'link', 'control')")
    widen(database, "captures", "'feed')", "'feed', 'memento')")
    for statement in statements(script("002_time.sql")):
        database.execute(statement)


@migrations()
def m003_search(database: Database) -> None:
    """The search index; it is filled when the archive is opened."""
    search_index.clear(database)


@migrations()
def m004_rescue(database: Database) -> None:
    """Whose answer a fetch is: the host's own, or somebody's copy."""
    for statement in statements(script("004_rescue.sql")):
        database.execute(statement)


@migrations()
def m005_copies(database: Database) -> None:
    """Which copies others say that they hold."""
    for statement in statements(script("005_copies.sql")):
        database.execute(statement)


@migrations()
def m006_push(database: Database) -> None:
    """Which pages somebody else was asked to save."""
    for statement in statements(script("006_push.sql")):
        database.execute(statement)


@migrations()
def m007_laws(database: Database) -> None:
    """By which rules beliefs were made."""
    for statement in statements(script("007_laws.sql")):
        database.execute(statement)


@migrations()
def m008_contests(database: Database) -> None:
    """No contest has a negative number."""
    for statement in statements(script("008_contests.sql")):
        database.execute(statement)
    year, edition = "contest_year BETWEEN 2008 AND 2107", "contest_edition BETWEEN 1 AND 99"
    for table in ("series", "articles"):
        widen(database, table, "contest_year INTEGER,", f"contest_year INTEGER CHECK ({year}),")
    widen(database, "series", "contest_edition INTEGER,", f"contest_edition INTEGER CHECK ({edition}),")


@migrations()
def m009_bodies(database: Database) -> None:
    """The same bytes stored once. What is stored twice already stays as it is."""
    for statement in statements(script("009_bodies.sql")):
        database.execute(statement)


@migrations()
def m010_read_again(database: Database) -> None:
    """How answers become rows has changed: everything is read again when the archive is opened."""
    database.execute("DELETE FROM progress")


@migrations()
def m011_collapses(database: Database) -> None:
    """Articles whose text shrank to nearly nothing."""
    for statement in statements(script("011_collapses.sql")):
        database.execute(statement)


@migrations()
def m012_seals(database: Database) -> None:
    """What no fetch proves is sealed."""
    for statement in statements(script("012_seals.sql")):
        database.execute(statement)


@migrations()
def m013_sources(database: Database) -> None:
    """Who named a source, and since when it is asked no more; an article that is a source is a part of its own."""
    for statement in statements(script("013_sources.sql")):
        database.execute(statement)
    widen(database, "parts", "'neighbour', 'index')", "'neighbour', 'index', 'source')")


@migrations()
def m014_notices(database: Database) -> None:
    """What the notify command was not told yet."""
    for statement in statements(script("014_notices.sql")):
        database.execute(statement)


@migrations()
def m015_judged_copies(database: Database) -> None:
    """By which law the copies of others were judged."""
    for statement in statements(script("015_judged_copies.sql")):
        database.execute(statement)


@migrations()
def m016_twins(database: Database) -> None:
    """An article is set beside one twin alone: what was read otherwise is read again."""
    database.execute(
        "DELETE FROM progress WHERE EXISTS (SELECT 1 FROM events WHERE kind IN ('duplicate_day', 'reposted')"
        " GROUP BY kind, article_id HAVING count(*) > 1)"
    )


@migrations()
def m017_contest_days(database: Database) -> None:
    """How long a series was written for; read from the lists that are held."""
    for statement in statements(script("017_contest_days.sql")):
        database.execute(statement)


@migrations()
def m018_lean(database: Database) -> None:
    """A body stands once; its other forms, and code, are made from that when they are asked for."""
    remake(
        database, "018_lean.sql",
        {"articles": {"html_sha256": "sha256(body_html)"}, "code_blocks": {"start": "NULL", "length": "length(code)"}},
    )  # fmt: skip
    body_rows.place_code(database)


@migrations()
def m019_mentions(database: Database) -> None:
    """What many pages name in the same words stands once."""
    for statement in statements(script("019_mentions.sql")):
        database.execute(statement)


@migrations()
def m020_search(database: Database) -> None:
    """Other words stand in the search index: it is filled anew when the archive is opened."""
    search_index.clear(database)


@migrations()
def m020_metrics(database: Database) -> None:
    """An index without what it need not have."""
    for statement in statements(script("020_metrics.sql")):
        database.execute(statement)


@migrations()
def m021_due(database: Database) -> None:
    """Indexes by which what is due is found."""
    for statement in statements(script("021_due.sql")):
        database.execute(statement)


@migrations()
def m022_status(database: Database) -> None:
    """An index by which `status` counts what indexes link to."""
    for statement in statements(script("022_status.sql")):
        database.execute(statement)


@migrations()
def m024_fetches(database: Database) -> None:
    """Fewer indexes of fetches: they took most of what an unchanged answer adds."""
    for statement in statements(script("024_fetches.sql")):
        database.execute(statement)


@migrations()
def m025_sums(_database: Database) -> None:
    """Rows are sealed by sums (`sums`): an older archiver would write without keeping them up, and is refused."""


@migrations()
def m026_read_again(database: Database) -> None:
    """What lists show of their parts is kept: everything is read again when the archive is opened."""
    database.execute("DELETE FROM progress")


def widen(database: Database, table: str, old: str, new: str) -> None:
    """Change a CHECK without copying the table, where all that is stored fits the new rule already.

    The short way that SQLite's documentation gives for such a change (lang_altertable.html §7).
    """
    version = database.execute("PRAGMA schema_version").fetchone()[0]
    database.execute("PRAGMA writable_schema = ON")
    database.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = ?", [old, new, table])
    database.execute(f"PRAGMA schema_version = {version + 1}")
    database.execute("PRAGMA writable_schema = OFF")
