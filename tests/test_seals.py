"""Of whatever another program changes in an archive at rest, `verify` says something: any row, column or shape."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from archives import (
    INDEX,
    SERIES,
    Case,
    World,
    archive_at,
    body,
    comment,
    index_of,
    neighbour,
    part,
    series_of,
    tampering,
    undefended,
    url_of,
)
from fakes import START, FakeClock, article

from archiver.archive import digest, proof, schema, seals, search_index, search_proof, sums
from archiver.archive.archive import Keeper
from archiver.archive.columns import DERIVED_TABLES
from archiver.archive.database import Database
from archiver.archive.digest import kept_digest
from archiver.config.rules import Rules, Schedule
from archiver.errors import ArchiveError
from archiver.model import CaptureSource, Copy, Outcome
from archiver.model.readings import Body, ImageReference, OutgoingLink

NO_ROWID = {"search_index_idx", "search_index_config"}  # SQLite's own
PICTURE = "https://pictures.example/1.png"


def illustrated(text: str) -> Body:
    """A body with everything in it that has a table."""
    return replace(
        body(text),
        images=(ImageReference(PICTURE, "a picture"),),
        links=(OutgoingLink(url_of(2), "the next"), OutgoingLink("https://elsewhere.example/", "elsewhere")),
    )


def lived(case: Case) -> None:
    """Three runs of a series: edits, comments that went, a renumbering, an absence, copies, a push."""
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(1), "one"), (url_of(2), "two"), (url_of(3), "three"), (SERIES, "all")))
    case.answer(SERIES, series_of(1, 2, 3))
    said = (comment(1, "first", site_id=1), comment(2, "second", site_id=2, reply_to=1))
    said = (replace(said[0], body=illustrated("first")), said[1])
    for number in (1, 2, 3):
        page = part(number, body=illustrated("words"), comments=said, next=neighbour(number + 1), views=number)
        case.answer(url_of(number), page, counters={"views": number, "likes": 1})
    case.next_run(days=4)
    edited = part(1, text="other words", comments=said[:1], position=7, previous=neighbour(9), published_at=None)
    case.world.problems[case.world.put(edited).decode()] = ("published_at",)
    case.answer(url_of(1), edited)
    case.answer(url_of(2), None, Outcome.NOT_FOUND)
    case.answer(SERIES, series_of(1, 3))
    case.next_run(days=4)
    page_id = case.archive.ledger.page_id(url_of(1))
    assert page_id is not None
    made_at = START - timedelta(days=99)
    copy = Copy(CaptureSource.WAYBACK, "https://web.example/1", made_at, url_of(1), "digest", "text/html", 200)
    case.archive.copies.note(page_id, [copy], case.clock.now())
    case.archive.copies.judged(page_id, copy, Outcome.OK)
    case.archive.pushes.queue([page_id], case.clock.now())
    case.archive.runs.owe_notice(case.run_id, case.clock.now())
    case.archive.library.settle()
    case.archive.runs.finish_run(case.run_id, "finished", 3, "a note", case.clock.now())


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    path, world = tmp_path_factory.mktemp("seals") / "a.db", World()
    with archive_at(path, world) as case:
        lived(case)
    return path, world


def findings(path: Path, world: World) -> list[str]:
    with archive_of(path, world) as archive:
        return list(archive.verify())


# ─── rows ───────────────────────────────────────────────────────────────────────────────────────


def others(connection: sqlite3.Connection, table: str, column: str, value: object) -> list[object]:
    """Values that may stand in place of one: of other rows first, since they fit every rule of the table."""
    said = [row[0] for row in connection.execute(f'SELECT DISTINCT "{column}" FROM {table} LIMIT 20')]
    likely: dict[type, list[object]] = {int: [987, 1, 0], str: ["x", "2001-01-01T00:00:00.000Z"], bytes: [b"x"]}
    invented = likely.get(type(value), [1, "x"])
    return [one for one in [*said, *invented, None] if one != value]


def changed_in(connection: sqlite3.Connection, table: str, column: str) -> bool:
    """Put another value into one row of a column, whatever the constraints of the table say to the last of them."""
    where = f"rowid = (SELECT max(rowid) FROM {table})"
    if table in NO_ROWID:
        where = f'"{column}" IS (SELECT "{column}" FROM {table} LIMIT 1)'
    value = connection.execute(f'SELECT "{column}" FROM {table} WHERE {where}').fetchone()[0]
    for ignored in ("OFF", "ON"):
        connection.execute(f"PRAGMA ignore_check_constraints = {ignored}")
        for other in others(connection, table, column, value):
            with suppress(sqlite3.Error):
                connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', [other])
                return True
    return False


def tables_of(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in names if name != "search_index"]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", [table])]


def said_of(database: Database, archive: Keeper, fresh: Database) -> Iterator[str]:
    """What `verify` says, with the derived tables read again once for all."""
    yield from map(str, seals.changes(database))
    with suppress(sqlite3.Error, LookupError, ValueError, TypeError):
        yield from search_proof.check(database)
        yield from proof._chain(database)
        yield from proof._integrity(database)
        yield from proof._captures(database)
        yield from proof._beliefs(database, archive.beliefs)
        yield from proof.differences(database, fresh)
        return
    yield "not checked to the end"


def test_a_change_of_any_column_and_any_row_added_or_taken_away_is_found(
    at_rest: tuple[Path, World], tmp_path: Path
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    shutil.copy(path, tmp_path / "fresh.db")
    missed, not_done, walked = [], [], 0
    with archive_of(tmp_path / "fresh.db", world) as again, archive_of(path, world) as archive:
        again.rebuild()
        database = archive._database
        connection = database.conn
        undefended(connection)
        for place in ("temp", "main"):  # else all this would count as written by us, or be refused
            for (name,) in connection.execute(
                f"SELECT name FROM {place}.sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {place}.{name}")
        with database.atomic():
            seals.renew(database, shaped=True)
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in tables_of(connection):
            acts: dict[str, Callable[[], object]] = {
                f"{table}.{column}": partial(changed_in, connection, table, column)
                for column in columns_of(connection, table)
            }
            acts[f"a row of {table} less"] = partial(connection.execute, f"DELETE FROM {table}")
            acts[f"{table} twice"] = partial(doubled, connection, table)
            for what, act in acts.items():
                connection.execute("BEGIN")
                walked += 1
                if not act():
                    not_done.append(what)
                elif next(said_of(database, archive, again._database), None) is None:
                    missed.append(what)
                connection.execute("ROLLBACK")
        assert list(said_of(database, archive, again._database)) == []

    assert (missed, not_done) == ([], [])
    assert walked > 250


def doubled(connection: sqlite3.Connection, table: str) -> bool:
    """One more row like another, as far as the table lets it; where it does not, one row less."""
    names = columns_of(connection, table)
    row = connection.execute(f"SELECT * FROM {table} ORDER BY 1 LIMIT 1").fetchone()
    for like in (row, (None, *row[1:]), *((*row[:place], 987, *row[place + 1 :]) for place in range(len(row)))):
        with suppress(sqlite3.Error):
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", like)
            return True
    return connection.execute(f"DELETE FROM {table}").rowcount > 0


@pytest.mark.parametrize("table", ["sources", "pushes", "copies", "progress", "comment_versions", "state_changes"])
def test_what_was_changed_between_two_runs_stays_told(at_rest: tuple[Path, World], tmp_path: Path, table: str) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with tampering(path) as connection:
        connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    before = findings(path, world)
    with archive_of(path, world) as archive:
        case = Case(path, archive, world, FakeClock(START + timedelta(days=20)))
        archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
    after = findings(path, world)

    assert any(table in finding for finding in before)
    if table not in DERIVED_TABLES:
        assert [finding for finding in after if finding.startswith("before run 4")] != []
        return
    with archive_of(path, world) as archive:
        archive.rebuild()
    assert findings(path, world) == []


def of_day_20(path: Path, archive: Keeper, world: World) -> Case:
    return Case(path, archive, world, FakeClock(START + timedelta(days=20)))


@pytest.mark.parametrize(
    "table", ["sources", "pushes", "copies", "captures", "comment_versions", "state_changes", "names"]
)
def test_what_another_program_changes_during_a_run_is_told_afterwards(
    at_rest: tuple[Path, World], tmp_path: Path, table: str
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        case = of_day_20(path, archive, world)
        with tampering(path) as connection:
            connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
        archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())

    assert any(f"rows of {table} " in found or f"row of {table} " in found for found in findings(path, world))


def test_what_a_run_writes_is_sealed_when_it_ends(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    before = sealed(path)
    with archive_of(path, world) as archive:
        case = of_day_20(path, archive, world)
        said = (comment(1, "first again", site_id=1), comment(3, "third", site_id=3))
        case.source(SERIES)
        case.answer(SERIES, series_of(1, 3, 4))
        case.answer(url_of(3), part(3, body=illustrated("new words"), comments=said, next=neighbour(4)))
        case.answer(url_of(4), part(4, body=illustrated("a fourth"), comments=said), counters={"views": 9})
        case.archive.library.settle()
        archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
    changed = {name for name, told in sealed(path).items() if before.get(name) != told}

    assert findings(path, world) == []
    assert changed >= {"runs", "pages", "captures", "sources", "comment_versions", "links"}


def sealed(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, digest FROM seals WHERE kind = 'rows'").fetchall())


def asked_of(database: Database, act: Callable[[], object]) -> set[str]:
    """The tables of which all rows are read while something is done, to sum them."""
    asked: list[str] = []
    database.conn.set_trace_callback(asked.append)
    act()
    database.conn.set_trace_callback(None)
    return {sql.rpartition(" FROM ")[2] for sql in asked if sql.startswith('SELECT "')}


def test_the_end_of_a_run_sums_no_table_anew(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        case = of_day_20(path, archive, world)
        case.source(SERIES)
        case.answer(url_of(3), part(3, body=illustrated("new words"), next=neighbour(4)))
        end = partial(archive.runs.finish_run, case.run_id, "finished", 0, None, case.clock.now())
        assert asked_of(archive._database, end) == set()
        assert "sources" in asked_of(archive._database, partial(seals.changes, archive._database))

    assert findings(path, world) == []


def test_every_sealed_table_is_watched_whatever_was_made_anew(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        watched = set(sealed(path))
        for act in (lambda: None, archive.rebuild, archive.mend_search, lambda: search_index.refill(archive._database)):
            act()
            made = archive._database.execute("SELECT tbl_name FROM temp.sqlite_master WHERE name LIKE 'sealed_%'")
            assert {name for (name,) in made.fetchall()} == watched
        assert len(watched) > 25


# ─── tables with more rows than are looked at when an archive is opened ─────────────────────────

MANY = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n <= :most)
INSERT INTO pages (url, kind, host, first_seen_at, state, state_since, due_at)
SELECT 'https://many.example/' || n, 'link', 'many.example', :now, 'new', :now, :now FROM numbers
"""


@pytest.fixture(scope="module")
def crowded(at_rest: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    path, world = tmp_path_factory.mktemp("crowded") / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive, archive._database.atomic():
        archive._database.execute(MANY, {"most": seals.AT_ONCE, "now": "2026-01-01T00:00:00.000Z"})
    assert findings(path, world) == []
    return path, world


def one_more_run(path: Path, world: World, *, days: int = 20) -> list[seals.Change]:
    """A run that asks a page; gives what was told when the archive was opened for it."""
    with archive_of(path, world) as archive:
        case = Case(path, archive, world, FakeClock(START + timedelta(days=days)))
        case.answer(url_of(1), part(1, text=f"words of day {days}"))
        case.archive.library.settle()
        archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
        return archive.changes


FOREIGN = {
    "a row that no run touches": "UPDATE pages SET etag = 'theirs' WHERE url = 'https://many.example/7'",
    "a row that the run writes": f"UPDATE pages SET etag = 'theirs' WHERE url = '{url_of(1)}'",
    "a row taken away": "DELETE FROM pages WHERE url = 'https://many.example/7'",
    "a row added": "INSERT INTO pages (url, kind, host, first_seen_at, state, state_since, due_at)"
    " SELECT url || 'x', kind, host, first_seen_at, state, state_since, due_at FROM pages WHERE kind = 'link' LIMIT 1",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_was_changed_in_a_large_table_is_told_by_verify_however_many_runs_came_after(
    crowded: tuple[Path, World], tmp_path: Path, what: str
) -> None:
    path, world = tmp_path / "a.db", crowded[1]
    shutil.copy(crowded[0], path)
    with tampering(path) as connection:
        connection.execute(FOREIGN[what])
    told = [one_more_run(path, world, days=days) for days in (20, 21)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")

    assert told == [[], []], "large tables are not read when an archive is opened"
    assert [finding for finding in findings(path, world) if "row of pages was changed" in finding] != []


def test_a_migration_looks_at_every_row_before_it_seals_anew(crowded: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", crowded[1]
    shutil.copy(crowded[0], path)
    with tampering(path) as connection:
        connection.execute(FOREIGN["a row that no run touches"])
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm025_sums'")
    with archive_of(path, world) as archive:
        assert {change.name for change in archive.changes} == {"pages", "_sqlite_migrations"}
    told = findings(path, world)
    one_more_run(path, world)

    for found in (told, findings(path, world)):
        assert [finding for finding in found if "row of pages was changed" in finding] != []


def test_opening_reads_no_large_table(crowded: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", crowded[1]
    shutil.copy(crowded[0], path)
    with archive_of(path, world) as archive:
        few = asked_of(archive._database, partial(seals.changes, archive._database, seals.AT_ONCE))
        every = asked_of(archive._database, partial(seals.changes, archive._database))

    assert every - few == {"pages"}


# ─── runs without an end, and archives of before ────────────────────────────────────────────────


@pytest.mark.parametrize("sql", [None, "UPDATE sources SET added_at = 'x'"])
def test_what_a_killed_run_wrote_is_sealed_and_what_others_changed_meanwhile_is_told(
    at_rest: tuple[Path, World], tmp_path: Path, sql: str | None
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        case = of_day_20(path, archive, world)
        case.answer(url_of(3), part(3, body=illustrated("new words"), next=neighbour(4)))
        case.answer(url_of(4), part(4), read_on=False)
    if sql:
        with tampering(path) as connection:
            connection.execute(sql)
    assert [change.name for change in one_more_run(path, world, days=21)] == (["sources"] if sql else [])
    told = findings(path, world)

    assert told == (["before run 5: another program had changed rows of sources"] if sql else [])


def made_before_sums(path: Path) -> None:
    """Give an archive the seals of before migration 025."""
    database = Database(sqlite3.connect(path), path)
    names = [name for name in seals._held(database) & schema.names() if name not in seals._ELSEWHERE]
    for table in [*names, *search_index.SHADOWS]:
        columns = sums.columns(database, table)
        if columns:
            row = ["rows", table, digest.of_rows_in_order(database, table, columns)]
            database.conn.execute("REPLACE INTO seals VALUES (?, ?, ?)", row)
    database.conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm025_sums'")
    row = ["rows", "_sqlite_migrations", ""]
    row[2] = digest.of_rows_in_order(database, row[1], sums.columns(database, row[1]))
    database.conn.execute("REPLACE INTO seals VALUES (?, ?, ?)", row)
    kept = seals._over(seals._stored(database), "2:")
    database.conn.execute("UPDATE runs SET kept_digest = ? WHERE id = (SELECT max(id) FROM runs)", [kept])
    database.conn.commit()
    database.close()


@pytest.mark.parametrize("table", [None, "sources", "comment_versions", "search_index_idx"])
def test_an_archive_from_before_sums_is_looked_at_before_it_gets_them(
    at_rest: tuple[Path, World], tmp_path: Path, table: str | None
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    made_before_sums(path)
    if table:
        with tampering(path) as connection:
            connection.execute(f"DELETE FROM {table}")
    with archive_of(path, world) as archive:
        assert [change.name for change in archive.changes] == ([table] if table else [])
    told = findings(path, world)

    assert bool(told) is bool(table), told
    one_more_run(path, world)
    noted = [finding for finding in findings(path, world) if finding.startswith("before run 4: ")]
    assert bool(noted) is (table == "sources")


def test_rows_of_a_run_that_was_killed_before_sums_are_no_change_of_others(
    at_rest: tuple[Path, World], tmp_path: Path
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        of_day_20(path, archive, world)
    made_before_sums(path)
    with tampering(path) as connection:
        connection.execute("UPDATE pages SET etag = 'of the killed run' WHERE id = 2")
    with archive_of(path, world) as archive:
        assert archive.changes == []
    one_more_run(path, world, days=21)

    assert findings(path, world) == []


def test_a_digest_of_the_seals_that_others_changed_is_noted(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with tampering(path) as connection:
        connection.execute("UPDATE seals SET digest = 'x' WHERE name = 'copies' AND kind = 'rows'")
    told = {change.name for change in one_more_run(path, world)}

    assert told == {"copies", "seals"}
    assert findings(path, world) == ["before run 4: another program had changed rows of seals, rows of copies"]


@pytest.mark.parametrize("sql", ["SELECT 1", "UPDATE sources SET added_at = 'x'"])
def test_an_archive_from_before_seals_is_sealed_as_it_was_left_and_told_where_it_was_not(
    at_rest: tuple[Path, World], tmp_path: Path, sql: str
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with tampering(path) as connection:
        connection.execute("DROP TABLE seals")
        connection.execute("ALTER TABLE runs DROP COLUMN changed_before")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm012_seals'")
        connection.execute("UPDATE runs SET kept_digest = NULL, digest = NULL")
        connection.execute("UPDATE runs SET kept_digest = ?", [kept_digest(Database(connection, path))])
        connection.execute(sql)
    told = [[finding for finding in findings(path, world) if not finding.startswith("run ")] for _ in range(2)]
    with archive_of(path, world) as archive:
        case = Case(path, archive, world, FakeClock(START + timedelta(days=20)))
        archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
    told.append([finding for finding in findings(path, world) if not finding.startswith("run ")])

    assert [bool(found) for found in told] == [sql != "SELECT 1"] * 3, told


def test_what_we_write_outside_a_run_is_no_change_of_others(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with archive_of(path, world) as archive:
        assert archive.sources.drop(INDEX, START + timedelta(days=20))
    assert findings(path, world) == []
    with archive_of(path, world) as archive:
        archive.ledger.page(article(10_000_009), START + timedelta(days=20))
    assert findings(path, world) == []


def test_a_law_that_is_no_law_is_told_and_followed_by_the_next_run(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    for rules in ("[]", "7", '{"absences": "x"}', '{"absences": 3}'):
        shutil.copy(at_rest[0], path)
        with tampering(path) as connection:
            connection.execute("UPDATE laws SET rules = ?", [rules])
        assert any("laws" in finding for finding in findings(path, world))
        with archive_of(path, world) as archive:
            case = Case(path, archive, world, FakeClock(START + timedelta(days=20)))
            archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
        assert findings(path, world) == ["before run 4: another program had changed rows of laws"]


# ─── the shape ──────────────────────────────────────────────────────────────────────────────────

SHAPES = {
    "a view less": ("DROP VIEW missing_parts", "view missing_parts was dropped", True),
    "another view": (
        "DROP VIEW missing_parts; CREATE VIEW missing_parts AS SELECT 1 AS id",
        "view missing_parts was changed",
        True,
    ),
    "an index less": ("DROP INDEX pages_host", "index pages_host was dropped", True),
    "another index": ("DROP INDEX pages_host; CREATE INDEX pages_host ON pages (kind)", "index pages_host was", True),
    "a unique index less": ("DROP INDEX pushes_open", "index pushes_open was dropped", True),
    "a trigger less": ("DROP TRIGGER fetches_no_update", "trigger fetches_no_update was dropped", True),
    "all triggers less": ("DROP TRIGGER runs_no_delete; DROP TRIGGER runs_no_update", "trigger runs_no_delete", True),
    "another trigger": (
        "DROP TRIGGER runs_no_delete;CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs BEGIN SELECT 1; END",
        "trigger runs_no_delete was changed",
        True,
    ),
    "the guard of the search less": ("DROP TRIGGER articles_fts_rebuild", "trigger articles_fts_rebuild was", True),
    "a trigger more": (
        "CREATE TRIGGER thief AFTER INSERT ON fetches BEGIN DELETE FROM comments; END",
        "trigger thief was added",
        False,
    ),
    "a column more": ("ALTER TABLE articles ADD COLUMN mine TEXT", "table articles was changed", False),
    "a table less": ("DROP TABLE copies", "table copies was dropped", False),
}


@pytest.mark.parametrize("what", SHAPES)
def test_another_shape_is_told_and_put_back_where_that_can_be(
    at_rest: tuple[Path, World], tmp_path: Path, what: str
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    sql, words, is_put_back = SHAPES[what]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    if what in {"a table less", "a trigger more"}:
        with pytest.raises(ArchiveError, match="copies" if what == "a table less" else words):
            findings(path, world)
        return
    told = findings(path, world)

    assert any(words in finding for finding in told), told
    assert (findings(path, world) == []) is is_put_back


def test_what_a_version_before_made_and_this_one_no_longer_does_is_no_change_of_others(
    at_rest: tuple[Path, World], tmp_path: Path
) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    old = "CREATE INDEX pages_of_old ON pages (kind)"
    with archive_of(path, world) as archive, archive._database.atomic():
        archive._database.execute(old)
        seal = ["index", "pages_of_old", hashlib.sha256(old.encode()).hexdigest()]
        archive._database.execute("INSERT INTO seals (kind, name, digest) VALUES (?, ?, ?)", seal)
        kept = seals._over(seals._stored(archive._database), seals._VERSION)
        archive._database.execute("UPDATE runs SET kept_digest = ? WHERE id = 3", [kept])
        archive.runs._sealed_at = archive._database.conn.total_changes

    assert findings(path, world) == []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX pages_of_old")
    assert any("index pages_of_old was dropped" in finding for finding in findings(path, world))


def test_what_others_put_beside_it_is_theirs(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes VALUES (1, 'mine');"
            "CREATE INDEX idx_articles_title ON articles (title); ANALYZE;"
        )
    assert findings(path, world) == []


def test_the_copy_that_a_killed_verify_left_is_removed(at_rest: tuple[Path, World], tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", at_rest[1]
    shutil.copy(at_rest[0], path)
    left, anothers = tmp_path / ".a.db.verify-x1", tmp_path / ".b.db.verify-x1"
    for folder in (left, anothers):
        folder.mkdir()
        shutil.copy(path, folder / "copy.db")

    assert findings(path, world) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == [".b.db.verify-x1", "a.db"]


# ─── append-only ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE fetches SET outcome = 'ok'", "DELETE FROM fetches", "UPDATE captures SET sha256 = sha256",
        "DELETE FROM captures", "UPDATE runs SET exit_code = 0", "UPDATE runs SET digest = 'x'", "DELETE FROM runs",
        "DELETE FROM copies", "UPDATE copies SET url = 'x'", "DELETE FROM pushes", "UPDATE pushes SET page_id = 1",
        "UPDATE laws SET version = 9", "DELETE FROM laws",
    ],
)  # fmt: skip
def test_evidence_refuses_to_be_changed(at_rest: tuple[Path, World], tmp_path: Path, sql: str) -> None:
    shutil.copy(at_rest[0], tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, pytest.raises(sqlite3.IntegrityError) as refused:
        connection.execute(sql)

    assert "append-only" in str(refused.value)


def archive_of(path: Path, world: World) -> Keeper:
    return Keeper(path, "test", world.read, Rules(), Schedule())
