"""Copies from elsewhere beside live answers: what they add, and what they never change."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archives import SERIES as SERIES_URL
from archives import Case, World, archive_at, part, series_of, tampering, url_of
from depths import depth
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import ithome
from archiver.model import Address, Answer, CaptureSource, Exchange, Judgement, Outcome, Provenance
from archiver.model.readings import Page

MADE = datetime(2023, 9, 20, 12, tzinfo=UTC)


def copy(case: Case, url: str, page: Page | None = None, outcome: Outcome = Outcome.OK, made: datetime = MADE) -> int:
    """Record a copy of a page, as `import` does."""
    case.clock.advance(minutes=1)
    address = ithome.classify(url)
    assert isinstance(address, Address)
    body = case.world.put(page) if page is not None else None
    reading = case.world.read(address, body, None) if body else None
    answer = Answer(url, case.clock.now(), 0, status=200, body=body)
    provenance = Provenance(CaptureSource.IMPORT, "page.html, sha256 00", made)
    exchange = Exchange(address, answer, provenance=provenance)
    if outcome is Outcome.OK and case.archive.holds(exchange, reading):
        outcome = Outcome.UNCHANGED
    fetch_id = case.archive.ledger.record(case.run_id, exchange, Judgement(outcome, "as the test says"), reading)
    case.archive.library.catch_up()
    case.archive.library.settle()
    return fetch_id


def believed(case: Case, url: str) -> dict[str, object]:
    return case.rows("SELECT * FROM pages WHERE url = ?", url)[0]


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.NOT_FOUND, Outcome.CHALLENGE, Outcome.SOFT_404])
def test_a_copy_changes_nothing_of_what_is_believed(tmp_path: Path, outcome: Outcome) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES_URL)
        case.answer(url_of(1), part(1))
        case.answer(url_of(2))
        before = [believed(case, url_of(number)) for number in (1, 2)]
        for number in (1, 2):
            copy(case, url_of(number), part(number, text="older"), outcome)

        assert [believed(case, url_of(number)) for number in (1, 2)] == before
        assert list(case.archive.verify()) == []


def test_copies_that_are_absent_make_no_mass_absence(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        for number in range(1, 9):
            copy(case, url_of(number), outcome=Outcome.NOT_FOUND)

        assert case.archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now()) is None


def test_a_copy_is_no_request(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        copy(case, url_of(1), part(1))

        assert case.archive.manners.last_starts(case.clock.now() - timedelta(days=1)) == {}


def test_a_copy_makes_a_part_safe_and_rescued_until_it_is_seen_live(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES_URL)
        copy(case, url_of(1), part(1))
        status = "SELECT safe, rescued FROM page_status WHERE url = ?"
        assert case.rows(status, url_of(1)) == [{"safe": 1, "rescued": 1}]

        case.answer(url_of(1), part(1))

        assert case.rows(status, url_of(1)) == [{"safe": 1, "rescued": 0}]
        assert case.rows("SELECT * FROM edits") == []


def test_a_copy_of_what_is_held_live_is_not_stored_again(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.answer(url_of(1), part(1))
        copy(case, url_of(1), part(1))

        assert [row["source"] for row in case.rows("SELECT source FROM captures")] == ["live"]
        assert [row["source"] for row in case.rows("SELECT source FROM fetches ORDER BY id")] == ["live", "import"]


def test_an_old_copy_of_a_list_adds_what_it_names_and_takes_nothing_away(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES_URL)
        case.answer(SERIES_URL, series_of(1, 2, 3, declared=3))
        copy(case, SERIES_URL, series_of(1, 4, declared=2))
        named = case.rows("SELECT article_id - 10000000 AS n, first_seen_at, gone_at FROM discoveries ORDER BY n")

        assert [row["n"] for row in named] == [1, 2, 3, 4]
        assert [bool(row["gone_at"]) for row in named] == [False, False, False, True]
        assert named[3]["first_seen_at"].startswith("2023-09-20")
        assert case.rows("SELECT declared_parts AS n FROM series") == [{"n": 3}]
        assert list(case.archive.verify()) == []


def test_of_two_copies_the_later_made_is_the_better_in_either_order(tmp_path: Path) -> None:
    for name, made in (("a", (2022, 2024)), ("b", (2024, 2022))):
        with archive_at(tmp_path / f"{name}.db") as case:
            case.source(SERIES_URL)
            for year in made:
                copy(case, url_of(1), part(1, text=str(year)), made=datetime(year, 1, 1, tzinfo=UTC))

            assert case.rows("SELECT body_text AS text FROM articles") == [{"text": "2024"}]
            assert list(case.archive.verify()) == []


def test_an_edit_after_a_copy_was_made_is_dated_by_the_copy(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        copy(case, url_of(1), part(1, text="then"))
        case.answer(url_of(1), part(1, text="now"))

        assert [row["at"][:10] for row in case.rows("SELECT last_seen_old_at AS at FROM edits")] == ["2023-09-20"]


def test_an_old_copy_does_not_lower_what_a_series_declares(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES_URL)
        copy(case, url_of(5), part(5, declared_parts=30))
        copy(case, url_of(4), part(4, declared_parts=4))
        copy(case, url_of(3), part(3, declared_parts=None))

        assert case.rows("SELECT declared_parts AS n FROM series") == [{"n": 30}]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["live", "copy", "copy", "live absent", "copy refused"]), st.sampled_from(["part", "series"]),
        st.integers(1, 3), st.sampled_from(["words", "other words"]), st.integers(2021, 2025),
    ),
    max_size=8,
)  # fmt: skip


@given(EVENTS)
@settings(max_examples=depth(10), deadline=None)
def test_copies_among_answers_lose_nothing_and_are_read_again_the_same(
    events: list[tuple[str, str, int, str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, archive_at(Path(folder) / "a.db") as case:
        case.source(SERIES_URL)
        held: set[int] = set()
        for how, what, number, text, year in events:
            page: Page = part(number, text=text) if what == "part" else series_of(*range(1, number + 1))
            url = url_of(number) if what == "part" else SERIES_URL
            moment = datetime(year, 1, 1, tzinfo=UTC)
            if how == "live":
                case.answer(url, page)
            elif how == "live absent":
                case.answer(url)
            else:
                copy(case, url, page, Outcome.OK if how == "copy" else Outcome.CHALLENGE, moment)
            held |= {number} if what == "part" and how in {"live", "copy"} else set()

            assert {row["n"] for row in case.rows("SELECT id - 10000000 AS n FROM articles")} == held
        case.archive.library.settle()
        assert list(case.archive.verify()) == []


def test_an_archive_from_before_copies_were_kept_still_proves_itself(tmp_path: Path) -> None:
    db, world = tmp_path / "a.db", World()
    with archive_at(db, world) as case:
        case.source(SERIES_URL)
        case.answer(url_of(1), part(1))
        case.answer(url_of(2))
        case.next_run()
    make_old(db)

    with archive_at(db, world) as case:
        assert list(case.archive.verify()) == []
        copy(case, url_of(2), part(2))
        case.next_run()
        assert list(case.archive.verify()) == []


@pytest.mark.parametrize("column", ["source = 'live'", "source_url = 'other.html'", "source_at = NULL"])
def test_who_changes_where_a_copy_came_from_is_found_out(tmp_path: Path, column: str) -> None:
    with archive_at(tmp_path / "a.db") as case:
        copy(case, url_of(1), outcome=Outcome.CHALLENGE)
        case.next_run()
    with tampering(tmp_path / "a.db") as connection:
        connection.execute(f"UPDATE fetches SET {column}")

    with archive_at(tmp_path / "a.db") as case:
        assert any("digest differs" in finding for finding in case.archive.verify())


def change(db: Path, *statements: str) -> None:
    with tampering(db) as connection:
        for statement in statements:
            connection.execute(statement)


def make_old(db: Path) -> None:
    """Take from an archive what version 002 of its shape had not, and give the first run the digest of that version."""
    connection = sqlite3.connect(db)
    views = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    connection.close()
    change(
        db, *(f"DROP VIEW {name}" for (name,) in views), "DROP INDEX fetches_source",
        *(f"ALTER TABLE fetches DROP COLUMN {name}" for name in ("source", "source_url", "source_at")),
        "DELETE FROM _sqlite_migrations WHERE name IN ('m004_rescue', 'm012_seals')", "DROP TABLE seals",
        "ALTER TABLE runs DROP COLUMN changed_before", "UPDATE runs SET kept_digest = NULL",
    )  # fmt: skip
    digest = hashlib.sha256()
    with tampering(db) as connection:
        for sql in (OLD_RUN, OLD_FETCHES):
            for row in connection.execute(sql):
                digest.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")
        connection.execute("UPDATE runs SET digest = ? WHERE id = 1", [digest.hexdigest()])
        connection.execute("DELETE FROM runs WHERE id > 1")


# As the version before had them, to the letter.
OLD_RUN = (
    "SELECT id, command, started_at, finished_at, ended_by, exit_code, version, config, mass_absence, note"
    " FROM runs WHERE id = 1"
)
OLD_FETCHES = """
SELECT fetches.*, pages.url AS page_url, captures.sha256 AS capture_sha256, captures.captured_at,
    captures.final_url AS capture_url, captures.headers AS capture_headers, captures.outcome AS capture_outcome,
    captures.source, captures.source_url, captures.source_at
FROM fetches JOIN pages ON pages.id = fetches.page_id LEFT JOIN captures ON captures.id = fetches.capture_id
WHERE run_id = 1 ORDER BY fetches.id
"""
