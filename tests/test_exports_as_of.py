"""`export --as-of`: an archive as it stood, whatever was edited, deleted or dropped since."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import INDEX, SERIES, Case, World, archive_at, comment, index_of, part, series_of, tampering, url_of
from desks import Fetcher
from fakes import START, FakeClock
from runs import terse_site

import archiver
from archiver import cli
from archiver.archive.as_of import as_it_stood
from archiver.archive.opening import opened
from archiver.archive.times import moment_named, stamp
from archiver.errors import UsageError
from archiver.model import Outcome
from archiver.standin import StandIn

EDITED, DELETED = 10319293, 10321315
DAY = START.date().isoformat()


def exported(db: Path, folder: Path, *options: str, clock: FakeClock) -> tuple[int, bytes]:
    """The exit code, and the document."""
    place = folder / "out.json"
    code = cli.run(["export", "json", "--db", str(db), "--out", str(place), "--force", *options], clock=clock)
    return code, place.read_bytes()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An archive that was whole on the first day, and what is gone, edited and dropped a month later."""
    folder = tmp_path_factory.mktemp("as-of")
    with StandIn(terse_site(4)) as standin:
        desk = Fetcher.at(standin, folder)
        desk.fetch()
        desk.before = exported(desk.db, folder, clock=desk.clock)  # type: ignore[attr-defined]
        standin.faults.edit(EDITED, title="[Day 02] 另一個標題")
        standin.faults.not_found(DELETED)
        standin.faults.drop_from_series(DELETED)
        for _ in range(4):
            desk.fetch("--force", days=10)
        yield desk


@pytest.fixture
def no_more_folders() -> Any:
    """Nothing is left of any copy."""
    left = set(Path(tempfile.gettempdir()).glob("archiver-as-of-*"))
    yield
    assert set(Path(tempfile.gettempdir()).glob("archiver-as-of-*")) == left


@pytest.mark.usefixtures("no_more_folders")
@pytest.mark.parametrize("said", [DAY, f"{DAY}T23:00", f"{DAY}T20:00+08:00"])
def test_as_of_the_first_day_all_is_as_it_was_then_to_the_byte(desk: Any, tmp_path: Path, said: str) -> None:
    held = desk.db.read_bytes()
    now = exported(desk.db, tmp_path, clock=desk.clock)[1]

    assert b"gone" in now
    assert "另一個標題".encode() in now
    assert exported(desk.db, tmp_path, "--as-of", said, clock=desk.clock) == desk.before
    assert desk.db.read_bytes() == held


@pytest.mark.usefixtures("no_more_folders")
def test_as_of_now_all_is_as_without_it_to_the_byte(desk: Any, tmp_path: Path) -> None:
    now = stamp(desk.clock.now())
    plain = exported(desk.db, tmp_path, clock=desk.clock)

    assert exported(desk.db, tmp_path, "--as-of", now, clock=desk.clock) == plain
    assert exported(desk.db, tmp_path, "--as-of", now[:10], clock=desk.clock) == plain


def test_the_document_says_as_of_when_and_until_when_was_asked(desk: Any, tmp_path: Path) -> None:
    found = archiver.export(desk.db, "json", out=tmp_path / "a.json", as_of=DAY, clock=desk.clock)

    assert found.as_of == datetime.combine(START.date(), datetime.max.time(), UTC)
    assert found.seen_until.date() == START.date()
    assert archiver.export(desk.db, "json", out=tmp_path / "b.json").as_of is None


@pytest.mark.usefixtures("no_more_folders")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("2020-01-01", "nothing had been asked"), ("2199-01-01", "not come yet"), ("yesterday", "no date"),
        ("", "no date"), ("2026-02-30", "no date"), ("0001-01-01T00:00+14:00", "no date"), ("x\x1b[31m\n", "no date"),
        ("2026-W48", "no date"), ("2026-W48-1", "no date"), ("20261123", "no date"), ("2026-11-23T18", "no date"),
        ("2026-11-２３", "no date"), (f"{DAY}T20:00 +08:00", "no date"),
    ],
)  # fmt: skip
def test_what_is_no_moment_of_the_archive_is_refused_in_one_line(
    desk: Any, tmp_path: Path, said: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        archiver.export(desk.db, "json", out=tmp_path / "a.json", as_of=said, clock=desk.clock)

    assert str(refused.value).isprintable()
    assert not (tmp_path / "a.json").exists()


def test_a_day_that_has_begun_anywhere_is_as_far_as_now() -> None:
    at_seven_in_taipei = datetime(2026, 11, 24, 23, tzinfo=UTC)

    assert moment_named("2026-11-25", at_seven_in_taipei) == at_seven_in_taipei
    assert moment_named("2026-11-25", datetime(2026, 11, 24, 10, tzinfo=UTC)).hour == 10
    with pytest.raises(UsageError, match="not come yet"):
        moment_named("2026-11-25", datetime(2026, 11, 24, 9, 59, tzinfo=UTC))
    with pytest.raises(UsageError, match="not come yet"):
        moment_named("2026-11-26", at_seven_in_taipei)


def test_a_day_ends_in_utc_and_today_has_come_as_far_as_now() -> None:
    now = START + timedelta(days=2)

    assert moment_named(DAY, now) == datetime(2026, 11, 23, 23, 59, 59, 999999, tzinfo=UTC)
    assert moment_named("2026-11-24T01:00+08:00", now) == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert moment_named("2026-11-25", now) == now
    with pytest.raises(UsageError):
        moment_named("2026-11-25T12:00:01Z", now)


# ─── as rows ────────────────────────────────────────────────────────────────────────────────────

TABLES = (
    "articles", "comments", "comment_versions", "discoveries", "edits", "events", "parts", "series", "images",
    "code_blocks", "state_changes", "pages", "fetches", "captures", "runs", "sources", "laws",
)  # fmt: skip
LEFT_OUT = {"due_at", "digest", "kept_digest"}  # when to ask again is nobody's of a copy; a chain that ends is sealed


def told(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with opened(path) as connection:
        for table in TABLES:
            names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names if name not in LEFT_OUT)
            found[table] = [tuple(row) for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1")]
    return found


def first_day(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(1), "one"), (url_of(2), "two")))
    case.answer(SERIES, series_of(1, 2))
    case.answer(url_of(1), part(1, comments=(comment(1, "here", site_id=1), comment(2, "there", site_id=2))))
    case.answer(url_of(2), part(2))


def later(case: Case) -> None:
    case.clock.advance(minutes=1)
    case.next_run(days=5)
    case.answer(INDEX, index_of((url_of(1), "one")))
    case.answer(url_of(1), part(1, text="other words", comments=(comment(1, "here", site_id=1),)))
    case.source(url_of(77))
    for _ in range(4):
        case.next_run(days=5)
        case.answer(url_of(2), None, Outcome.NOT_FOUND)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, World]:
    """The same first day twice: as it was left, and with what came later."""
    folder, world = tmp_path_factory.mktemp("lived"), World()
    for name, and_later in (("then.db", False), ("now.db", True)):
        with archive_at(folder / name, world) as case:
            first_day(case)
            case.next_run(hours=1)
            if and_later:
                later(case)
    return folder / "then.db", folder / "now.db", world


def test_a_copy_of_then_has_the_rows_of_then(lived: tuple[Path, Path, World]) -> None:
    """An edit, a part gone, a comment deleted, an index link dropped, a source named: nothing of it is known."""
    then, now, world = lived
    with opened(then) as connection:
        (moment,) = connection.execute("SELECT max(started_at) FROM runs").fetchone()

    with as_it_stood(now, datetime.fromisoformat(moment), world.read) as copy:
        assert told(copy) == told(then)


def test_a_copy_of_now_has_all_rows(lived: tuple[Path, Path, World]) -> None:
    _, now, world = lived
    with as_it_stood(now, START + timedelta(days=999), world.read) as copy:
        found, wanted = told(copy), told(now)

    assert {table: rows for table, rows in found.items() if rows != wanted[table]} == {}


def test_of_a_run_that_went_on_then_nothing_is_said_that_it_ended_with(lived: tuple[Path, Path, World]) -> None:
    _, now, world = lived
    with as_it_stood(now, START + timedelta(minutes=2), world.read) as copy, opened(copy) as connection:
        ((finished_at, exit_code),) = connection.execute("SELECT finished_at, exit_code FROM runs").fetchall()
        fetches = connection.execute("SELECT count(*) FROM fetches").fetchone()[0]

    assert (finished_at, exit_code, fetches) == (None, None, 2)


def test_a_body_that_stands_in_a_later_capture_is_there_without_it(tmp_path: Path) -> None:
    world = World()
    with archive_at(tmp_path / "a.db", world) as case:
        case.source(SERIES)
        case.answer(url_of(1), part(1))
        case.answer(url_of(2), part(1))  # the same bytes at another address
    with tampering(tmp_path / "a.db") as connection:  # as a clock that was set back writes them
        connection.execute("UPDATE fetches SET started_at = '2027-01-01T00:00:00.000Z' WHERE capture_id = 1")

    with as_it_stood(tmp_path / "a.db", START + timedelta(days=1), world.read) as copy, opened(copy) as connection:
        rows = connection.execute("SELECT id, body_capture_id, length(body) > 0 FROM captures").fetchall()

    assert [tuple(row) for row in rows] == [(2, None, 1)]
