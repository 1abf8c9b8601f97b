"""Whatever way a table is written to, SQLite tells it beforehand: else its seal would be of what it was before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from archiver.archive.writes import Writes

MADE = """
CREATE TABLE pages (id INTEGER PRIMARY KEY, url TEXT UNIQUE);
CREATE TABLE children (page_id INTEGER REFERENCES pages ON DELETE CASCADE ON UPDATE SET NULL);
CREATE TABLE noted (text TEXT);
CREATE TABLE quiet (text TEXT);
CREATE TRIGGER notes AFTER INSERT ON pages BEGIN INSERT INTO noted VALUES (new.url); END;
CREATE VIRTUAL TABLE words USING fts5(text, content='');
INSERT INTO words (rowid, text) VALUES (1, 'one two');
"""
TABLES = {"pages", "children", "noted", "quiet", "words", "words_data", "words_idx", "words_docsize", "words_config"}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.executescript(MADE)
        made.execute("PRAGMA foreign_keys = ON")
        yield made


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT * FROM pages JOIN noted", set()),
        ("SELECT * FROM pragma_table_info('pages'), json_each('[1]')", set()),
        ("SELECT * FROM words WHERE words MATCH 'one'", set()),
        ("CREATE TABLE IF NOT EXISTS pages (id)", set()),
        ("CREATE TEMP TABLE due (id)", set()),
        ("CREATE INDEX noted_text ON noted (text)", set()),
        ("INSERT INTO pages (url) VALUES ('a')", {"pages", "noted"}),
        ("INSERT INTO quiet SELECT 'x' WHERE 0", {"quiet"}),
        ("UPDATE pages SET id = 7", {"pages", "children"}),
        ("UPDATE PAGES SET url = 7", {"pages"}),
        ("DELETE FROM pages", {"pages", "children"}),
        ("REPLACE INTO pages VALUES (1, 'a')", {"pages", "children", "noted"}),
        ("INSERT INTO quiet VALUES ('x') ON CONFLICT DO NOTHING", {"quiet"}),
        ("WITH one AS (SELECT 1) UPDATE main.quiet SET text = 2 RETURNING text", {"quiet"}),
        ("ALTER TABLE quiet ADD COLUMN more", TABLES),
        ("DROP TABLE quiet", TABLES),
        ("DROP TABLE words", TABLES),
    ],
)
def test_what_a_statement_may_write_is_known(connection: sqlite3.Connection, sql: str, written: set[str]) -> None:
    writes = Writes()
    writes.watch(connection)
    connection.execute(sql).fetchall()

    assert {table for table in TABLES if writes.may_have(table)} == written


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO words (rowid, text) VALUES (2, 'three')", "INSERT INTO words (words) VALUES ('optimize')",
        "INSERT INTO words (words, rank) VALUES ('usermerge', 2)", "INSERT INTO words (words) VALUES ('delete-all')",
        "INSERT INTO words (words, rank) VALUES ('merge', 9)",
        "INSERT INTO words (words, rowid, text) VALUES ('delete', 1, 'one two')",
    ],
)  # fmt: skip
def test_no_table_of_a_search_index_changes_unseen(connection: sqlite3.Connection, sql: str) -> None:
    connection.execute("INSERT INTO words (rowid, text) VALUES (3, 'one three')")
    shadows = sorted(table for table in TABLES if table.startswith("words_"))
    before = {table: held(connection, table) for table in shadows}
    writes = Writes()
    writes.watch(connection)
    connection.execute(sql)

    assert {table for table in shadows if held(connection, table) != before[table]} <= {
        table for table in shadows if writes.may_have(table)
    }


def held(connection: sqlite3.Connection, table: str) -> list[object]:
    return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


def test_a_statement_that_was_prepared_before_is_seen_when_it_is_run_again(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO quiet VALUES (?)", ["x"])
    writes = Writes()
    writes.watch(connection)
    connection.execute("INSERT INTO quiet VALUES (?)", ["x"])

    assert writes.may_have("quiet")
