"""What a page does not say takes nothing away: a changed template, a variant, a list that cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import INDEX, SERIES, Case, comment, derived_rows, index_of, part, series_of, url_of
from desks import Fetcher
from runs import SERIES as REAL_SERIES
from runs import series_counts, terse_site

from archiver.archive.frontier import Scope
from archiver.archive.opening import APPLICATION_ID
from archiver.model import Outcome
from archiver.standin import StandIn

SILENT: dict[str, Any] = {
    "series_id": None,
    "series_user_id": None,
    "series_title": None,
    "position": None,
    "declared_parts": None,
}
KNOWN = """
SELECT id, series_id, position, badge_day, author_id, published_at, contest_year, previous_id, next_id FROM articles
"""


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(3)) as served:
        yield served


@pytest.fixture
def runs(standin: StandIn, tmp_path: Path) -> Fetcher:
    """Fetches of one series, as long after one another as a test says."""
    made = Fetcher.at(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
    assert made.fetch() == 0
    return made


def test_pages_that_say_nothing_of_their_series_stay_its_parts(
    runs: Fetcher, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    before = runs.rows(KNOWN)
    standin.faults.silence()
    capsys.readouterr()

    assert runs.fetch("--force", days=1) == 3, "the alarm rings"
    assert (series_counts(runs.db), runs.rows(KNOWN)) == ((3, 3, 0), before)
    assert runs.rows("SELECT * FROM edits") == []
    assert runs.rows("SELECT * FROM events") == []
    assert "does not find series_id on 3 article page(s)" in capsys.readouterr().out
    assert runs.run("why", "10319293") == 0
    assert "no longer says position: what it said until 2026-11-23T" in capsys.readouterr().out
    assert runs.run("verify") == 0


def test_a_page_that_says_nothing_is_asked_again_the_next_day_and_heals(runs: Fetcher, standin: StandIn) -> None:
    standin.faults.silence(10319293)
    runs.fetch("--force", days=1)
    standin.faults.clear()
    asked = len(standin.log)

    assert runs.fetch(days=1) == 0
    assert [entry.target for entry in standin.log[asked:] if "/articles/" in entry.target] == ["/articles/10319293"]
    assert runs.rows("SELECT * FROM lost_fields") == []


def test_a_template_that_changed_for_good_is_not_asked_every_day_for_ever(runs: Fetcher, standin: StandIn) -> None:
    standin.faults.silence(10319293)
    runs.fetch("--force", days=1)
    runs.fetch(days=14.5)
    asked = len(standin.log)

    assert runs.fetch(days=1) == 3
    assert not [entry for entry in standin.log[asked:] if "/articles/" in entry.target]


def test_an_archive_in_which_silence_took_the_parts_away_is_healed(runs: Fetcher) -> None:
    """As an older version left it: by opening it, since the shape is an older one, and by `archiver parse`."""
    good = derived_rows(runs.db)
    for ways in (["parse"], ["fetch", "-q"]):
        with closing(sqlite3.connect(runs.db)) as connection, connection:
            connection.execute("UPDATE articles SET series_id = NULL, position = NULL, is_citation = 1")
            connection.execute("DELETE FROM parts")
            if ways[0] == "fetch":
                connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm010_read_again'")
            assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert runs.run(*ways) == 0
        assert derived_rows(runs.db)["parts"] == good["parts"]
        assert derived_rows(runs.db)["articles"] == good["articles"]


def test_a_page_that_says_that_it_belongs_elsewhere_moves(case: Case) -> None:
    case.source(SERIES)
    case.answer(url_of(1), part(1))
    case.answer(url_of(1), part(1, series=5765, position=7))
    case.archive.library.settle()

    assert case.rows("SELECT series_id, position FROM articles") == [{"series_id": 5765, "position": 7}]
    assert [row["kind"] for row in case.rows("SELECT kind FROM events")] == ["changed_series"]


def test_reading_silent_pages_again_gives_the_same_rows(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2))
    for changes in ({}, SILENT, {**SILENT, "text": "edited"}, {"text": "edited"}):
        for number in (1, 2):
            case.answer(url_of(number), part(number, **changes))
        case.next_run(days=3)
    before = derived_rows(case.path)

    case.archive.library.rebuild()

    assert derived_rows(case.path) == before
    assert case.rows("SELECT count(*) AS n FROM edits") == [{"n": 2}]


def test_an_older_copy_tells_what_the_page_does_not(case: Case) -> None:
    case.source(SERIES)
    case.answer(url_of(1), part(1, **SILENT))
    case.copy(url_of(1), part(1))
    case.archive.library.settle()

    assert case.rows("SELECT series_id, position, capture_id FROM articles") == [
        {"series_id": 5943, "position": 1, "capture_id": 1}
    ]


@pytest.mark.parametrize(
    ("announced", "shown", "deleted"),
    [
        (0, (), True),
        (None, (), False),  # the page does not speak of comments
        (2, (), False),  # it announces two, and we find none of them
        (2, ("one",), False),  # one of the two could not be read
        (1, ("one",), True),
        (None, ("one",), True),
    ],
)
def test_a_comment_is_deleted_only_when_the_page_shows_all_that_it_has(
    case: Case, announced: int | None, shown: tuple[str, ...], deleted: bool
) -> None:
    two = (comment(1, "one", site_id=1), comment(2, "two", site_id=2))
    case.answer(url_of(1), part(1, comments=two))
    case.answer(url_of(1), part(1, comments=two[: len(shown)], comments_count=announced))

    assert case.rows("SELECT deleted_at IS NOT NULL AS it FROM comments WHERE site_id = 2") == [{"it": int(deleted)}]


def test_an_index_that_no_longer_shows_any_link_has_not_dropped_them(case: Case) -> None:
    """Such as one that a script fills since: the parser tells that it does not fit, and nothing has left."""
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "Day 1"), (url_of(2), "Day 2")))
    case.world.problems[INDEX] = ("links",)
    case.answer(INDEX, index_of())

    assert case.rows("SELECT * FROM events") == []
    assert case.rows("SELECT count(*) AS n FROM discoveries WHERE gone_at IS NULL AND via = 'index'") == [{"n": 2}]
    assert [row["field"] for row in case.rows("SELECT field FROM lost_fields")] == ["links"]


def test_a_list_with_an_item_that_cannot_be_read_has_not_dropped_it(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2, 3))
    case.world.problems[SERIES] = ("item_link",)
    case.answer(SERIES, series_of(1, 3))
    case.world.problems.clear()
    case.answer(SERIES, series_of(1, 2, 3, 4))

    assert case.rows("SELECT * FROM events") == []


def test_a_page_of_no_known_series_is_no_loss(case: Case) -> None:
    """One that never named a series has lost nothing, and rings no alarm."""
    case.source(url_of(1))
    for text in ("a", "b"):
        case.answer(url_of(1), part(1, text=text, **SILENT))

    assert case.rows("SELECT * FROM lost_fields") == []
    assert case.archive.count_due(Scope(case.archive.source_ids(None), case.run_id), case.clock.now()) == 0
    assert case.rows("SELECT outcome FROM fetches")[-1]["outcome"] == Outcome.OK
