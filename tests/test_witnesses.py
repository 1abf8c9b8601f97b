"""What the site's own lists say of parts that are absent: a series taken away is told from a host that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import FEED, SERIES, archive_at, feed_of, part, series_of, url_of
from depths import always, depth
from desks import Fetcher
from hypothesis import given, settings
from hypothesis import strategies as st
from page_fixtures import RUNNING, markup, read_as
from runs import SERIES as SERIES_URL
from runs import terse_site

from archiver.archive.witnesses import unlisted_since
from archiver.model import Outcome
from archiver.model.readings import FeedPage
from archiver.standin import Faults, StandIn

PARTS = terse_site(4).series[5943].part_ids
OTHER = "https://ithelp.ithome.com.tw/users/20141304/ironman/4111"
SOURCE = f'[[sources]]\nurl = "{SERIES_URL}"'
CONFIG: dict[str, Any] = {"sources": SOURCE, "extra": "tries = 1"}


@dataclass(kw_only=True)
class Days(Fetcher):
    """A desk whose archive is kept daily."""

    day: int = 0

    def fetch(self, *options: str, **later: float) -> int:
        """The run of this day."""
        self.clock.elapsed = timedelta(days=self.day).total_seconds()
        return super().fetch("--json", *options, **later)

    def days(self, count: int, step: int = 1) -> None:
        for _ in range(0, count, step):
            self.day += step
            self.fetch()

    def states(self) -> set[str]:
        return {
            state
            for (state,) in self.rows(
                "SELECT state FROM pages JOIN parts ON parts.page_id = pages.id WHERE parts.series_id = 5943"
            )
        }

    def proves_itself(self, capsys: pytest.CaptureFixture[str]) -> bool:
        capsys.readouterr()
        return self.run("verify") == 0


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose second run was on day 40. To be copied."""
    with StandIn(terse_site(4)) as standin:
        kept = Days.at(standin, tmp_path_factory.mktemp("settled"), **CONFIG)
        assert kept.fetch() == 0
        kept.day = 40
        assert kept.fetch() == 0
        return kept.db


@pytest.fixture
def kept(settled: Path, tmp_path: Path) -> Iterator[Days]:
    """The days after that."""
    with StandIn(terse_site(4)) as standin:
        days = Days.at(standin, tmp_path, settled, **CONFIG)
        days.day = 40
        yield days


def _wiped(site: Faults) -> None:
    for number in PARTS:
        site.delete(number)


# ─── a series that is taken away ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("settled", [0, 60], ids=["at once", "after two months"])
def test_a_series_that_its_author_deletes_is_told_as_gone_within_a_fortnight(
    settled: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with StandIn(terse_site(4)) as standin:
        kept = Days.at(standin, tmp_path, **CONFIG)
        assert kept.fetch() == 0
        kept.day = settled
        kept.fetch()
        _wiped(standin.faults)
        kept.days(2)
        assert kept.states() == {"suspect"}
        kept.days(12, step=2)

        assert kept.states() == {"gone"}
        assert kept.proves_itself(capsys)
    told = kept.rows("SELECT kind, series_id, detail FROM events WHERE kind = 'emptied' ORDER BY id")
    assert told == [
        ("emptied", 5943, "the series page names no article any more; it named 4"),
        ("emptied", 5943, "the feed names no article any more; it named 4"),
    ]
    assert kept.rows("SELECT count(*), sum(safe) FROM page_status WHERE series_id = 5943") == [(4, 4)]
    assert kept.run("why", str(PARTS[0])) == 0
    assert "name it no longer" in capsys.readouterr().out
    assert kept.run("status") == 0
    assert "emptied" in capsys.readouterr().out


@pytest.mark.parametrize("refused", ["series", "feed"])
def test_one_list_that_answers_is_witness_enough(refused: str, kept: Days) -> None:
    _wiped(kept.standin.faults)
    kept.standin.faults.refuse(refused)
    kept.days(14, step=2)

    assert kept.states() == {"gone"}


def test_parts_that_leave_the_list_are_asked_now_and_live_on_where_they_answer(kept: Days) -> None:
    before = len(kept.standin.log)
    for number in PARTS[2:4]:
        kept.standin.faults.drop_from_series(number)
    kept.days(4)

    asked = [entry.target for entry in kept.standin.log[before:] if entry.target.startswith("/articles/")]
    assert asked == [f"/articles/{number}" for number in PARTS[2:4]]
    assert kept.states() == {"alive"}


def test_a_deleted_account_is_told_from_the_host_by_a_series_that_answers(tmp_path: Path) -> None:
    """Its lists are absent, too, and so no witnesses; but the parts of others are there."""
    with StandIn(terse_site(4)) as standin:
        kept = Days.at(standin, tmp_path, **CONFIG | {"sources": f'{SOURCE}\n[[sources]]\nurl = "{OTHER}"'})
        kept.fetch()
        kept.day = 40
        kept.fetch()
        _wiped(standin.faults)
        for target in ("/users/*/ironman/5943*", "/rss/series/5943"):
            standin.faults.not_found(target)
        kept.days(14, step=2)

        assert kept.states() == {"gone"}
        living = "SELECT DISTINCT pages.state FROM pages JOIN parts ON page_id = pages.id WHERE parts.series_id != 5943"
        assert kept.rows(living) == [("alive",)]


# ─── a host that fails ──────────────────────────────────────────────────────────────────────────


def _all_but_parts(act: Callable[[Faults, str], None]) -> Callable[[Faults], None]:
    def outage(site: Faults) -> None:
        site.not_found("article")
        act(site, "series")
        act(site, "feed")

    return outage


OUTAGES: dict[str, Callable[[Faults], None]] = {
    "articles only": lambda site: site.not_found("article"),
    "articles soft": lambda site: site.soft_404("article"),
    "lists too": _all_but_parts(lambda site, kind: site.not_found(kind)),
    "lists refused": _all_but_parts(lambda site, kind: site.refuse(kind)),
    "lists fail": _all_but_parts(lambda site, kind: site.error(kind)),
    "lists are soft 404s": _all_but_parts(lambda site, kind: site.soft_404(kind)),
    "lists are redesigned": _all_but_parts(lambda site, kind: site.drift(kind)),
    "lists are sent home": _all_but_parts(lambda site, kind: site.redirect(kind)),
}


@pytest.mark.parametrize(
    "outage", always(OUTAGES, "articles only", "lists too", "lists fail", "lists are redesigned", "lists are sent home")
)
def test_an_outage_believes_nothing(outage: str, kept: Days, capsys: pytest.CaptureFixture[str]) -> None:
    OUTAGES[outage](kept.standin.faults)
    kept.days(20, step=4)

    assert kept.states() == {"alive"}
    kept.standin.faults.clear()
    kept.days(4, step=4)
    assert kept.states() == {"alive"}
    assert kept.proves_itself(capsys)


def test_where_the_host_answers_oddly_no_list_vouches_for_an_absence(kept: Days) -> None:
    _wiped(kept.standin.faults)
    kept.standin.faults.error("/articles/999999999", status=500)
    kept.days(14, step=2)

    assert kept.states() == {"alive"}


# ─── which list is a witness ────────────────────────────────────────────────────────────────────


def test_a_list_is_a_witness_by_its_latest_word(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        database = case.archive._database  # what the crawl asks, without a crawl

        def vouched(number: int) -> bool:
            return unlisted_since(database, url_of(number)) is not None

        case.answer(url_of(1), part(1))
        assert not vouched(1), "nobody ever named it"
        case.answer(SERIES, series_of(1, 2))
        case.answer(FEED, feed_of(1, 2))
        assert not vouched(1)
        case.answer(SERIES, series_of(2))
        assert not vouched(1), "the feed, heard minutes before, still names it"
        case.clock.advance(days=3)
        case.answer(SERIES, series_of(2))
        assert vouched(1), "the feed was not heard since"
        case.answer(FEED, outcome=Outcome.NOT_FOUND)
        assert vouched(1)
        case.answer(SERIES, outcome=Outcome.NOT_FOUND)
        assert vouched(1), "that a list vanished takes back nothing"
        assert not vouched(2)
        case.answer(SERIES, series_of(1, 2))
        assert not vouched(1)


def test_a_feed_that_drops_its_oldest_for_a_new_one_is_no_witness(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        database = case.archive._database  # the same
        case.answer(FEED, feed_of(1, 2, 3))
        case.answer(FEED, feed_of(2, 3, 4))
        assert unlisted_since(database, url_of(1)) is None
        case.answer(FEED, feed_of(4))
        assert unlisted_since(database, url_of(2)) is not None
        case.answer(FEED, FeedPage("a series", 2023, 20141304, ()))
        assert unlisted_since(database, url_of(4)) is not None


def test_a_list_that_contradicts_itself_takes_nothing_away() -> None:
    start, end = markup(RUNNING).index('<div class="qa-list profile-list'), markup(RUNNING).index("profile-pagination")
    torn = markup(RUNNING)[:start] + '<div class="ir-profile-series-empty"></div><div class="' + markup(RUNNING)[end:]
    problems = {(problem.field, problem.name) for problem in read_as(RUNNING, torn).problems}

    assert ("item_link", "not_found") in problems


_SEEN = st.sampled_from([None, Outcome.NOT_FOUND, Outcome.NOT_FOUND, Outcome.SOFT_404, Outcome.TIMEOUT])
_LIST = st.tuples(st.sampled_from([SERIES, FEED]), st.sets(st.integers(1, 5)) | st.none())
_RUN = st.tuples(st.lists(_LIST, max_size=2), st.lists(st.tuples(st.integers(1, 5), _SEEN), max_size=7))


@settings(deadline=None, max_examples=depth(12, 500))
@given(st.lists(st.tuples(_RUN, st.floats(0.1, 40.0)), min_size=1, max_size=6))
def test_whatever_lists_say_the_beliefs_are_what_the_fetches_alone_say(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[tuple[list[tuple[str, set[int] | None]], list[tuple[int, Outcome | None]]], float]],
) -> None:
    with archive_at(tmp_path_factory.mktemp("beliefs") / "a.db") as case:
        case.source(SERIES)
        for (lists, answers), days in runs:
            for url, named in lists:
                made = series_of if url == SERIES else feed_of
                outcome = Outcome.NOT_FOUND if named is None else None
                case.answer(url, None if named is None else made(*sorted(named)), outcome)
            for number, outcome in answers:
                case.answer(url_of(number), part(number) if outcome is None else None, outcome)
            case.next_run(days=days)
        for page in case.rows("SELECT id FROM pages"):
            belief, changes = case.archive.beliefs.recompute(page["id"])
            assert case.archive.beliefs.belief(page["id"]) == belief
            told = case.rows("SELECT old_state, new_state FROM state_changes WHERE page_id = ? ORDER BY id", page["id"])
            assert [(row["old_state"], row["new_state"]) for row in told] == [change[1:] for change in changes]
