"""Whatever way a row is written, the digest of its table follows; and what others write is never in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from depths import depth
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.archive import shape, sums
from archiver.archive.database import Database

MADE = """
CREATE TABLE seals (kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT;
CREATE TABLE pages (id INTEGER PRIMARY KEY, url TEXT UNIQUE, "order" TEXT, body BLOB);
CREATE TABLE children (page_id INTEGER REFERENCES pages ON DELETE CASCADE ON UPDATE SET NULL);
CREATE TABLE noted (text TEXT);
CREATE TABLE runs (id INTEGER PRIMARY KEY, note TEXT, kept_digest TEXT);
CREATE TABLE keyed (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TRIGGER notes AFTER INSERT ON pages BEGIN INSERT INTO noted VALUES (new.url); END;
INSERT INTO pages VALUES (1, 'one', 'x', x'00ff'), (2, 'two', 'y', NULL), (3, NULL, 1.5, x'');
INSERT INTO children VALUES (1), (1), (2), (NULL);
INSERT INTO runs VALUES (1, 'a note', 'x');
INSERT INTO keyed VALUES ('a', 'b'), ('a', 'c');
"""
TABLES = ("pages", "children", "noted", "runs", "keyed")


def opened() -> Database:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(MADE)
    connection.execute("PRAGMA foreign_keys = ON")
    shape.guard(connection)
    database = Database(connection, Path(":memory:"))
    for table in TABLES:
        sums.put(database, table)
    sums.watch(database, TABLES)
    return database


@pytest.fixture
def database() -> Iterator[Database]:
    made = opened()
    yield made
    made.close()


def digests(database: Database) -> dict[str, str]:
    return dict(database.execute("SELECT name, digest FROM seals WHERE kind = 'rows'").fetchall())


def wrong(database: Database) -> set[str]:
    """Tables whose digest is not that of their rows."""
    return {table for table, digest in digests(database).items() if digest != sums.of_table(database, table)}


WAYS = {
    "INSERT INTO pages (url) VALUES ('a')": {"pages", "noted"},
    "INSERT INTO pages (url, body) VALUES ('a', x'01')": {"pages", "noted"},
    "INSERT INTO noted SELECT 'x' WHERE 0": set(),
    "UPDATE pages SET id = 7 WHERE id = 1": {"pages", "children"},
    "UPDATE PAGES SET url = 7 WHERE id = 1": {"pages"},
    'UPDATE pages SET "order" = 7 WHERE id > 1': {"pages"},
    "UPDATE pages SET body = x'02'": set(),  # each body has a hash of its own beside it
    "UPDATE pages SET url = url": set(),
    "DELETE FROM pages": {"pages", "children"},
    "DELETE FROM children": {"children"},
    "DELETE FROM keyed WHERE b = 'c'": {"keyed"},
    "REPLACE INTO pages VALUES (1, 'a', NULL, NULL)": {"pages", "children", "noted"},
    "INSERT OR REPLACE INTO pages VALUES (9, 'two', NULL, NULL)": {"pages", "children", "noted"},
    "INSERT OR IGNORE INTO pages VALUES (1, 'a', NULL, NULL)": set(),
    "UPDATE OR REPLACE pages SET url = 'two' WHERE id = 1": {"pages", "children"},
    "INSERT INTO pages VALUES (8, 'two', 'z', NULL) ON CONFLICT (url) DO UPDATE SET \"order\" = 'z'": {"pages"},
    "INSERT INTO pages VALUES (8, 'two', 'z', NULL) ON CONFLICT DO NOTHING": set(),
    "WITH one AS (SELECT 1) UPDATE main.runs SET note = 2 RETURNING note": {"runs"},
    "UPDATE runs SET kept_digest = 'y'": set(),  # it is made of the seals
    "INSERT INTO noted VALUES ('x'), ('x')": {"noted"},
    "VACUUM": set(),
    "ANALYZE": set(),
}


@pytest.mark.parametrize("sql", WAYS)
def test_whatever_a_statement_writes_is_in_the_digest(database: Database, sql: str) -> None:
    before = digests(database)
    database.execute(sql).fetchall()

    assert wrong(database) == set()
    assert {table for table, digest in digests(database).items() if digest != before[table]} == WAYS[sql]


def test_what_is_rolled_back_was_never_in_it(database: Database) -> None:
    before = digests(database)
    database.execute("BEGIN")
    database.execute("DELETE FROM pages WHERE id = 2")
    kept = digests(database)
    database.execute("SAVEPOINT one")
    database.execute("UPDATE pages SET url = 'x' WHERE id = 1")
    database.execute("ROLLBACK TO one")

    assert digests(database) == kept != before
    database.execute("ROLLBACK")
    assert digests(database) == before


def test_rows_are_summed_in_any_order_each_as_often_as_it_is_there(database: Database) -> None:
    database.execute("DELETE FROM noted")
    database.execute("INSERT INTO noted VALUES ('a'), ('b'), ('b')")
    one = digests(database)["noted"]
    database.execute("DELETE FROM noted")
    database.execute("INSERT INTO noted VALUES ('b'), ('a')")
    two = digests(database)["noted"]
    database.execute("INSERT INTO noted VALUES ('b')")

    assert digests(database)["noted"] == one != two


def test_the_same_values_in_another_table_another_order_or_another_kind_are_another_row() -> None:
    rows: list[tuple[str, tuple[object, ...]]] = [
        ("a", ("x", "y")), ("b", ("x", "y")), ("a", ("y", "x")), ("a", ("xy", "")), ("a", ("x", None)), ("a", (1,)),
        ("a", (1.0,)), ("a", ("1",)), ("a", (b"1",)), ("a", ([],)), ("a", ("[]",)), ("a", ()),
    ]  # fmt: skip

    assert len({sums._of_row(table, values) for table, values in rows}) == len(rows)
    hashed = sums._hashed(b"1")
    assert sums._of_row("a", (b"1",)) != sums._of_row("a", (hashed[0],))


FOREIGN: dict[str, Callable[[Database], object]] = {
    "changed": lambda database: database.execute("UPDATE pages SET url = 'theirs' WHERE id = 2"),
    "taken away": lambda database: database.execute("DELETE FROM pages WHERE id = 2"),
    "added": lambda database: database.execute("INSERT INTO pages (id, url) VALUES (7, 'theirs')"),
    "twice": lambda database: database.execute("INSERT INTO pages (url) SELECT NULL FROM pages WHERE id = 3"),
}
OURS = (
    "UPDATE pages SET url = 'ours' WHERE id = 2", "UPDATE pages SET url = 'ours of 7' WHERE id = 7",
    "DELETE FROM pages WHERE id = 2", "DELETE FROM pages WHERE id = 7", "DELETE FROM pages WHERE id > 3",
    "INSERT OR REPLACE INTO pages VALUES (2, 'ours', NULL, NULL)", "INSERT OR IGNORE INTO pages (id) VALUES (2)",
    "UPDATE pages SET \"order\" = 'all'", "DELETE FROM pages", "INSERT INTO pages (url) VALUES ('more')",
)  # fmt: skip


def unwatched(database: Database, act: Callable[[Database], object]) -> None:
    """Do what a program does that knows nothing of digests."""
    kept = digests(database)
    act(database)
    for table, digest in kept.items():
        database.execute("UPDATE seals SET digest = ? WHERE name = ?", [digest, table])


@given(st.sampled_from(sorted(FOREIGN)), st.lists(st.sampled_from(OURS), max_size=6))
@settings(max_examples=depth(30, 600), deadline=None)
def test_what_another_program_did_stays_a_difference_whatever_we_do_to_the_same_rows(
    what: str, ours: list[str]
) -> None:
    database = opened()
    unwatched(database, FOREIGN[what])
    for sql in ours:
        with suppress(sqlite3.IntegrityError):
            database.execute(sql)

        assert wrong(database) == {"pages"} | (wrong(database) - {"pages"})
    database.close()


def test_a_digest_that_is_none_never_becomes_one(database: Database) -> None:
    for garbled in ("", "no digest", "0x12", "é"):
        database.execute("UPDATE seals SET digest = ? WHERE name = 'runs'", [garbled])
        database.execute("UPDATE runs SET note = note || 'x'")

        assert wrong(database) == {"runs"}


def test_tables_that_are_made_anew_are_summed_anew_and_watched_again(database: Database) -> None:
    unwatched(database, FOREIGN["changed"])
    database.execute("BEGIN")
    with sums.made_anew(database, ["pages", "noted"]):
        database.execute("DROP TABLE noted")
        database.execute("CREATE TABLE noted (text TEXT)")
        database.execute("UPDATE pages SET url = NULL")
    database.execute("COMMIT")
    database.execute("INSERT INTO noted VALUES ('x')")
    database.execute("INSERT INTO pages (url) VALUES ('new')")

    assert wrong(database) == set()


def test_a_table_that_could_not_be_made_anew_is_watched_as_before(database: Database) -> None:
    database.execute("BEGIN")
    with suppress(ZeroDivisionError), sums.made_anew(database, ["pages"]):
        database.execute("DELETE FROM pages")
        raise ZeroDivisionError
    database.execute("ROLLBACK")
    database.execute("UPDATE pages SET url = 'x' WHERE id = 1")

    assert wrong(database) == set()
