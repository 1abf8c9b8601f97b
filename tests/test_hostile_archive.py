"""An archive that somebody sent: nothing in the file runs, and to a strange one nothing is written."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from archives import tampering
from children import Children
from depths import deeper, is_long
from runs import config_for, run_fetch, terse_site

from archiver import cli, pages
from archiver.archive import odd_rows
from archiver.archive.opening import reading
from archiver.browse import server
from archiver.standin import StandIn

ONE = "10319216"
READERS = (["status"], ["status", "--copies"], ["why", ONE], ["search", "這是第"], ["diff", ONE])
WRITERS = (["parse"], ["verify"], ["fetch", "--force"])
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS id FROM n"

# What a view or table of ours is made into → whether it may still be read.
VIEWS = ("page_status", "series_progress", "parser_drift", "timeline", "copies_of_parts", "missing_parts")
STRANGE = {
    "a view in place of a table": f"ALTER TABLE articles RENAME TO old; CREATE VIEW articles AS {ENDLESS}",
    "the same in other letters": f"ALTER TABLE runs RENAME TO old; CREATE VIEW RUNS AS {ENDLESS}",
    "a table in place of a view": "DROP VIEW parser_drift; CREATE TABLE parser_drift (kind TEXT)",
    "a computed column": "ALTER TABLE articles ADD COLUMN more TEXT AS (hex(zeroblob(900000000))) VIRTUAL",
    "a virtual table": "ALTER TABLE events RENAME TO old; CREATE VIRTUAL TABLE events USING fts5(kind, at)",
    "a search index of other things": (
        "DROP TABLE search_index; CREATE VIRTUAL TABLE search_index USING"
        " fts5(article_id, content='page_status', content_rowid='id')"
    ),
    "a schema without end": ";".join(f"CREATE VIEW v{number} AS SELECT 1" for number in range(5_001)),
}
ACTING = {
    "a trigger": ("CREATE TRIGGER thief AFTER INSERT ON fetches BEGIN DELETE FROM comments; END", "trigger thief"),
    "a trigger by another spelling": (
        "CREATE TRIGGER thief AFTER INSERT ON RUNS BEGIN UPDATE pages SET state = 'gone'; END",
        "trigger thief",
    ),
    "a trigger by way of a key": (
        (
            "CREATE TABLE beside (id INTEGER REFERENCES articles (id) ON DELETE CASCADE);"
            "CREATE TRIGGER thief AFTER DELETE ON beside BEGIN DELETE FROM comments; END"
        ),
        "trigger thief",
    ),
    "an index that refuses rows": ("CREATE UNIQUE INDEX thief ON fetches (outcome, id)", "index thief"),
    "an index that computes": ("CREATE INDEX thief ON fetches (abs(id))", "index thief"),
    "an index with a condition": ("CREATE INDEX thief ON fetches (id) WHERE abs(id) > 1", "index thief"),
    "a rule for rows": ("ALTER TABLE runs ADD COLUMN more TEXT CHECK (id < 2)", "table runs"),
    "a key": ("ALTER TABLE runs ADD COLUMN more TEXT REFERENCES pages (url) ON DELETE CASCADE", "table runs"),
}


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(3)) as served:
        yield served


@pytest.fixture(scope="module")
def whole(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("whole")
    file = config_for(standin, folder)
    run_fetch(folder / "a.db", file)
    return folder / "a.db", file


@pytest.fixture
def db(whole: tuple[Path, Path], tmp_path: Path) -> Path:
    shutil.copy(whole[0], tmp_path / "a.db")
    return tmp_path / "a.db"


def changed(db: Path, sql: str) -> bytes:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(sql)
    return db.read_bytes()


def assert_refused(children: Children, db: Path, file: Path, command: list[str], words: str) -> None:
    ended = children.run(*command, "--db", db, "--config", file)
    assert (ended.code, ended.out, ended.err.count("\n")) == (5, "", 1), ended
    assert words in ended.err, ended


def test_views_of_the_file_are_never_asked(children: Children, whole: tuple[Path, Path], db: Path) -> None:
    changed(db, ";".join(f"DROP VIEW {view}; CREATE VIEW {view} AS {ENDLESS}" for view in VIEWS))
    for command in READERS:
        told = [children.run(*command, "--db", one) for one in (db, whole[0])]
        assert told[0] == told[1]
        assert told[0].code in {0, 3}


@pytest.mark.parametrize("view", ["page_status", "missing_parts"])
def test_where_one_view_is_not_ours_none_of_the_file_is_asked(db: Path, whole: tuple[Path, Path], view: str) -> None:
    changed(db, f"DROP VIEW {view}; CREATE VIEW {view} AS SELECT 'owned' AS id, 'owned' AS state")
    with reading(db) as theirs, reading(whole[0]) as ours:
        for name in VIEWS:
            found = [[tuple(row) for row in one.execute(f"SELECT * FROM {name}")] for one in (theirs, ours)]
            assert found[0] == found[1], name


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_not_made_as_an_archive_is_refused_by_whoever_reads_or_writes(
    children: Children, whole: tuple[Path, Path], db: Path, what: str
) -> None:
    before = changed(db, STRANGE[what])
    for command in (*READERS, *WRITERS, ["serve", "--port", "0"]):
        assert_refused(children, db, whole[1], command, "no archive that archiver made")
    assert db.read_bytes() == before


@pytest.mark.parametrize("what", ACTING)
def test_what_would_act_on_rows_is_read_and_never_written_to(
    standin: StandIn, whole: tuple[Path, Path], db: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    sql, words = ACTING[what]
    before, asked = changed(db, sql), len(standin.log)
    for command in WRITERS:
        code = cli.run([*command, "--db", str(db), "--config", str(whole[1])])
        out, err = capsys.readouterr()
        assert (code, out, err.count("\n")) == (5, "", 1), (command, err)
        assert words in err
    for command in READERS if is_long() or what in {"a trigger", "a rule for rows"} else ():
        assert cli.run([*command, "--db", str(db)]) in {0, 3}
    assert db.read_bytes() == before
    assert len(standin.log) == asked


def test_what_others_put_beside_it_is_theirs_and_the_archive_goes_on(
    children: Children, whole: tuple[Path, Path], db: Path
) -> None:
    changed(
        db,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, article INTEGER REFERENCES articles (id), words TEXT);"
        "CREATE INDEX articles_by_title ON articles (title);"
        "ALTER TABLE articles ADD COLUMN mine TEXT NOT NULL DEFAULT ''; ANALYZE",
    )
    for command in (["fetch", "-q", "--force"], ["status"], ["parse"]):
        assert children.run(*command, "--db", db, "--config", whole[1]).code == 0


@pytest.mark.parametrize("seed", [1, 2, deeper(0), deeper(3)])
def test_a_wal_of_a_stranger_is_told_or_does_not_matter(
    children: Children, whole: tuple[Path, Path], db: Path, seed: int
) -> None:
    other = db.parent / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute(f"PRAGMA page_size = {(4096, 1024)[seed % 2]}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.executescript(
            f"CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob({seed * 100_000})); {ENDLESS_VIEW}"
        )
        shutil.copy(other.with_name("other.db-wal"), db.with_name("a.db-wal"))
    for command in (*READERS, *WRITERS):
        ended = children.run(*command, "--db", db, "--config", whole[1])
        assert ended.code in {0, 3, 5}, ended
        assert ended.code != 5 or ended.err.count("\n") == 1, ended


ENDLESS_VIEW = f"CREATE VIEW runs AS {ENDLESS}"


def test_the_reading_pages_ask_our_views_and_not_those_of_the_file(db: Path) -> None:
    changed(db, ";".join(f"DROP VIEW {view}; CREATE VIEW {view} AS SELECT 'owned' AS id" for view in VIEWS))

    async def rows() -> list[object]:
        found = await server.application(db, pages.read).get_database().execute("SELECT id FROM page_status")
        return [row[0] for row in found.rows]

    assert "owned" not in asyncio.run(rows())


BODIES = {
    "bytes that are none": b"\x00" * 40,
    "a bomb": gzip.compress(bytes(300_000_000), 1),
    "half": gzip.compress(b"<html>" * 1_000)[:-9],
    "nothing": b"",
    "another capture": None,
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_cannot_be_unpacked_is_one_line_and_fills_no_memory(
    children: Children, whole: tuple[Path, Path], db: Path, what: str
) -> None:
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with closing(sqlite3.connect(db)) as connection:
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        if BODIES[what] is None:
            connection.execute("UPDATE fetches SET capture_id = 9223372036854775807 WHERE outcome = 'ok'")
        else:
            connection.execute("UPDATE captures SET body = ?", [BODIES[what]])
        connection.commit()
    for command in (["diff", ONE], ["parse"], ["verify"], ["why", ONE], ["search", "這是第"]):
        ended = children.run(*command, "--db", db, "--config", whole[1])
        assert ended.code in {0, 2, 3, 5}, ended
        assert "a bug" not in ended.err
        assert ended.peak_mb < 150


ODD = {
    "a date": ("UPDATE fetches SET started_at = 'yesterday' WHERE id = 3", "row 3 of fetches: started_at is no date"),
    "a date without a zone": (
        "UPDATE pages SET last_fetch_at = '2026-01-01' WHERE kind = 'article'",
        "last_fetch_at is",
    ),
    "a word": ("UPDATE pages SET last_outcome = 'great' WHERE kind = 'article'", "last_outcome is no word of ours"),
    "JSON": ("UPDATE fetches SET signals = '[]'", "signals is no JSON of that kind"),
}


@pytest.mark.parametrize("what", ODD)
def test_a_value_that_we_never_write_is_one_line_with_its_row_and_no_bug(
    whole: tuple[Path, Path], db: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    sql, words = ODD[what]
    with tampering(db) as connection:
        assert connection.execute(sql).rowcount > 0
    odd, said = str(odd_rows.first(db)), ""
    for command in (["status"], ["why", ONE], ["verify"], ["parse"], ["fetch", "-q", "--force", "--limit", "1"]):
        code = cli.run([*command, "--db", str(db), "--config", str(whole[1])])
        err = capsys.readouterr().err
        assert (code, err.count("\n")) != (1, 1), err
        said += err

    assert words in odd
    assert "a bug" not in said
    assert what != "a date" or words in said


DATES = ("9" * 5_000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "x\x1b[31m")


@pytest.mark.parametrize("date", DATES)
def test_a_date_that_is_none_is_one_line(children: Children, whole: tuple[Path, Path], db: Path, date: str) -> None:
    with tampering(db) as connection:
        connection.execute("UPDATE fetches SET started_at = ?", [date])
    for command in (["fetch", "--dry-run"], ["parse"], ["verify"], ["status"], ["why", ONE]):
        ended = children.run(*command, "--db", db, "--config", whole[1])
        assert ended.code in {0, 3, 5}, ended
        assert "a bug" not in ended.err
        assert "\x1b" not in ended.err + ended.out
