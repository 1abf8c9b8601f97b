"""Clocks that were wrong for one run: nothing is lost, nothing waits for years, and nothing is gone before its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from desks import PARTS, Fetcher
from fakes import START, FakeClock
from pushers import pusher_of
from runs import config_for, rows, terse_site

from archiver import cli, verdict
from archiver.config.rules import Rules
from archiver.model import Belief, Kind, Outcome, State
from archiver.standin import StandIn

AHEAD, BEHIND = timedelta(days=3_652), timedelta(days=-1_826)
DELETED = terse_site(3).series[5943].part_ids[2]
SERIES = '[[sources]]\nurl = "https://ithelp.ithome.com.tw/users/20141304/ironman/5943"'


@pytest.mark.parametrize("offset", [AHEAD, BEHIND, timedelta(hours=30), timedelta(hours=-30)], ids=str)
def test_what_was_discovered_under_a_wrong_clock_is_asked_for_when_it_is_right(
    sit: Callable[..., Fetcher], offset: timedelta
) -> None:
    desk = sit()
    desk.clock.started += offset
    desk.fetched("--limit", "5")
    desk.clock.started -= offset
    assert desk.rows("SELECT count(*) FROM pages WHERE kind = 'article' AND last_fetch_at IS NULL") > [(0,)]

    code, _, asked = desk.fetched()

    assert code == 0
    assert asked["article"] >= PARTS - 5
    assert desk.rows("SELECT count(*) FROM articles") == [(PARTS,)]


def test_the_age_of_what_was_seen_in_the_future_is_not_trusted(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.clock.started += AHEAD
    desk.fetched()
    desk.clock.started -= AHEAD

    code, _, asked = desk.fetched("--max-age", "30")

    assert (code, asked["article"]) == (0, PARTS)


@dataclass(frozen=True)
class Fortnight:
    """What a fortnight with a deletion came to."""

    beliefs: dict[str, tuple[object, ...]]
    held: int
    gone_on: int | None  # the first day on which the deleted part was believed gone
    asked: list[int]  # requests of each day
    events: set[str]
    verified: int


def fortnight(folder: Path, wrong_on: int, offset: timedelta) -> Fortnight:
    """A run a day, and twice on the day of the wrong clock: first under it, an hour later when it is right again."""
    clock, db, gone_on, asked = FakeClock(), folder / "a.db", None, []
    with StandIn(terse_site(3)) as standin:
        config = config_for(standin, folder, sources=SERIES)

        def run(command: str = "fetch") -> int:
            return cli.run([command, "-q", "--db", str(db), "--config", str(config)], clock)

        for day in range(14):
            before = len(standin.log)
            if day == 2:
                standin.faults.delete(DELETED)
            if day == wrong_on:
                clock.started += offset
                run()
                clock.started -= offset
                clock.advance(hours=1)
            run()
            asked.append(len(standin.log) - before)
            is_gone = rows(db, "SELECT state FROM pages WHERE article_id = ?", DELETED) == [("gone",)]
            gone_on = day if is_gone and gone_on is None else gone_on
            clock.elapsed = timedelta(days=day + 1).total_seconds()
        beliefs = {
            url: values for url, *values in rows(db, "SELECT url, state, absences FROM pages WHERE kind != 'robots'")
        }
        return Fortnight(
            {url: tuple(values) for url, values in beliefs.items()}, len(rows(db, "SELECT 1 FROM articles")), gone_on,
            asked, {kind for (kind,) in rows(db, "SELECT kind FROM events")}, run("verify"),
        )  # fmt: skip


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Fortnight:
    return fortnight(tmp_path_factory.mktemp("right"), 99, timedelta(0))


# The first run, the day of the deletion, its second and third sight, and a day on which all is told.
WRONG = {"ten years ahead": (AHEAD, [0, 3]), "five years behind": (BEHIND, [2])}


@pytest.mark.parametrize(
    ("offset", "wrong_on"),
    [
        pytest.param(offset, day, id=f"{name}, day {day}", marks=[] if day in always else [pytest.mark.long])
        for name, (offset, always) in WRONG.items()
        for day in (0, 2, 3, 6, 10)
    ],
)
def test_after_one_run_under_a_wrong_clock_all_ends_as_if_it_had_been_right(
    tmp_path: Path, right: Fortnight, offset: timedelta, wrong_on: int
) -> None:
    found = fortnight(tmp_path, wrong_on, offset)

    assert right.gone_on is not None
    assert found.gone_on is not None
    assert right.gone_on <= found.gone_on or found.gone_on == wrong_on
    assert {url: state for url, (state, _) in found.beliefs.items()} == {
        url: state for url, (state, _) in right.beliefs.items()
    }
    assert (found.held, found.events, found.verified) == (right.held, right.events, 0)
    assert sum(found.asked[wrong_on + 2 :]) <= sum(right.asked[wrong_on + 2 :]) + 3


def test_what_save_page_now_said_in_the_future_holds_nobody_up(held: Path, tmp_path: Path) -> None:
    with pusher_of(held, tmp_path) as desk:
        desk.archives.faults.replies("web.archive.org/save", b"Your daily captures are used up", status=200)
        desk.clock.started += AHEAD
        assert desk.push("5943", "-q") == 4
        desk.clock.started -= AHEAD
        desk.archives.faults.clear()

        assert desk.push("5943", "-q") == 0
        assert {state for state, _ in desk.pushes().values()} == {"confirmed"}


def test_a_push_that_was_begun_in_the_future_is_begun_again(held: Path, tmp_path: Path) -> None:
    with pusher_of(held, tmp_path) as desk:
        desk.archives.faults.error("web.archive.org/save/status", status=500)
        desk.clock.started += AHEAD
        desk.push("5943", "-q")
        desk.clock.started -= AHEAD
        desk.archives.faults.clear()
        for _ in range(3):
            desk.push("5943", "-q")
            desk.clock.advance(days=2)

        assert {state for state, _ in desk.pushes().values()} <= {"confirmed", "mismatch"}


RULES = Rules()


def absent_on(*moments: datetime, ok: datetime = START) -> Belief:
    belief = verdict.believe(Belief(), Kind.ARTICLE, Outcome.OK, ok, RULES)
    for at in moments:
        belief = verdict.believe(belief, Kind.ARTICLE, Outcome.NOT_FOUND, at, RULES)
    return belief


def on(days: float) -> datetime:
    return START + timedelta(days=days)


@pytest.mark.parametrize(
    ("moments", "state", "absences"),
    [
        ((1, 4, 3652, 4.1), State.SUSPECT, 1),
        ((1, 4, 3652, 4.1, 7.2, 10.3), State.GONE, 3),
        ((1, 3652, 3656, 3660, 2, 5), State.SUSPECT, 2),
        ((3652, 2), State.SUSPECT, 1),
        ((-1826, 1, 4), State.SUSPECT, 2),
        ((1, 4, 7, 3652, 7.1), State.GONE, 4),
        ((1, 4, -1826, 4.1), State.SUSPECT, 2),
        ((1, 4, 7, -1826), State.GONE, 3),
        ((1, 4, 7, -1826, 10), State.GONE, 4),
        ((1, 4, 3.99, 7), State.GONE, 3),
    ],
)
def test_a_gap_between_absences_under_a_wrong_clock_makes_nothing_gone(
    moments: tuple[float, ...], state: State, absences: int
) -> None:
    belief = absent_on(*map(on, moments))

    assert (belief.state, belief.absences) == (state, absences)
