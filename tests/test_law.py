"""When the law changes beliefs follow, in a row that says so, and `verify` proves them under the law they stand on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from archives import SERIES, Case, World, part, place, series_of, url_of
from depths import depth
from fakes import START, FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import verdict
from archiver.archive import seals
from archiver.archive.archive import Keeper
from archiver.config.rules import Rules, Schedule
from archiver.model import Belief, Kind, Outcome

PATIENT = Rules(absences=5)
HASTY = Rules(absences=1)


def opened(path: Path, world: World, rules: Rules) -> Keeper:
    place(path)
    return Keeper(path, "test", world.read, rules, Schedule())


def played(path: Path, world: World, rules: Rules) -> FakeClock:
    """An archive of a series of which one part was absent twice, four days apart."""
    with opened(path, world, rules) as archive:
        case = Case(path, archive, world, FakeClock())
        case.source(SERIES)
        case.answer(SERIES, series_of(1, 2))
        for number in (1, 2):
            case.answer(url_of(number), part(number))
        for _ in range(2):
            case.next_run(days=4)
            case.answer(url_of(2), None, Outcome.NOT_FOUND)
        case.archive.library.settle()
        case.archive.runs.finish_run(case.run_id, "finished", 3, None, case.clock.now())
    return case.clock


def one_more_run(path: Path, world: World, rules: Rules, clock: FakeClock) -> dict[str, str]:
    """A run in which nothing is asked; gives what is believed of each page then."""
    clock.advance(days=1)
    with opened(path, world, rules) as archive:
        case = Case(path, archive, world, clock)
        archive.runs.finish_run(case.run_id, "finished", 0, None, clock.now())
        return {row["url"]: row["state"] for row in case.rows("SELECT url, state FROM pages")}


def findings(path: Path, world: World, rules: Rules) -> list[str]:
    with opened(path, world, rules) as archive:
        return list(archive.verify())


def laws(path: Path, world: World) -> list[dict[str, Any]]:
    with opened(path, world, Rules()) as archive:
        return list(archive._database.query("SELECT run_id, version, rules, pages_changed FROM laws ORDER BY id"))


def test_other_rules_in_the_config_are_no_damage(tmp_path: Path) -> None:
    world = World()
    clock = played(tmp_path / "a.db", world, Rules())

    assert findings(tmp_path / "a.db", world, HASTY) == []  # proven under the rules it stands on
    states = one_more_run(tmp_path / "a.db", world, HASTY, clock)
    assert states[url_of(2)] == "gone"
    assert findings(tmp_path / "a.db", world, HASTY) == []
    assert findings(tmp_path / "a.db", world, PATIENT) == []


def test_each_law_is_a_row_with_what_it_changed(tmp_path: Path) -> None:
    world = World()
    clock = played(tmp_path / "a.db", world, Rules())
    for rules in (HASTY, HASTY, PATIENT):
        one_more_run(tmp_path / "a.db", world, rules, clock)

    told = laws(tmp_path / "a.db", world)
    assert [(json.loads(row["rules"])["absences"], row["pages_changed"]) for row in told] == [(3, 0), (1, 1), (5, 1)]
    assert [row["run_id"] for row in told] == [1, 4, 6]
    assert {row["version"] for row in told} == {verdict.LAW}


def test_a_changed_belief_is_found_under_the_law_it_was_made_by(tmp_path: Path) -> None:
    world = World()
    played(tmp_path / "a.db", world, HASTY)
    with opened(tmp_path / "a.db", world, HASTY) as archive:
        archive._database.execute("UPDATE pages SET state = 'suspect' WHERE url = ?", [url_of(2)])

    assert any(url_of(2) in finding for finding in findings(tmp_path / "a.db", world, PATIENT))


def test_beliefs_of_an_unknown_law_are_no_damage_and_made_again(tmp_path: Path) -> None:
    world = World()
    clock = played(tmp_path / "a.db", world, Rules())
    with opened(tmp_path / "a.db", world, Rules()) as archive:  # as an archiver with another law would leave it
        archive._database.execute("DROP TRIGGER laws_no_update")
        archive._database.execute("UPDATE laws SET version = 7")
        archive._database.execute("UPDATE pages SET state = 'gone' WHERE url = ?", [url_of(2)])
        seals.renew(archive._database, shaped=True)

    assert findings(tmp_path / "a.db", world, Rules()) == []
    assert one_more_run(tmp_path / "a.db", world, Rules(), clock)[url_of(2)] == "suspect"
    assert laws(tmp_path / "a.db", world)[-1]["pages_changed"] == 1
    assert findings(tmp_path / "a.db", world, Rules()) == []


_ABSENT = (Outcome.NOT_FOUND, Outcome.REMOVED, Outcome.SOFT_404)
_SEEN = st.sampled_from([None, None, *_ABSENT, Outcome.TIMEOUT, Outcome.CHALLENGE, Outcome.MOVED, Outcome.SKIPPED])
_RUN = st.tuples(st.lists(st.tuples(st.integers(1, 6), _SEEN), max_size=8), st.floats(0.1, 40.0))
_LAW = st.builds(
    Rules,
    absences=st.integers(1, 6),
    absence_gap_days=st.floats(0.01, 30.0),
    mass_absence_days=st.floats(0.1, 60.0),
    control_days=st.floats(0.1, 9.0),
)


@settings(deadline=None, max_examples=depth(6, 240))
@given(st.lists(_RUN, min_size=1, max_size=4), _LAW, _LAW)
def test_whatever_law_follows_another_beliefs_are_what_it_says_of_all_fetches(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[list[tuple[int, Outcome | None]], float]],
    first: Rules,
    second: Rules,
) -> None:
    path, world, clock = tmp_path_factory.mktemp("law") / "a.db", World(), FakeClock()
    with opened(path, world, first) as archive:
        case = Case(path, archive, world, clock)
        case.source(SERIES)
        for answers, days in runs:
            for number, outcome in answers:
                case.answer(url_of(number), part(number) if outcome is None else None, outcome)
            case.next_run(days=days)
        archive.runs.finish_run(case.run_id, "finished", 0, None, clock.now())
    one_more_run(path, world, second, clock)

    with opened(path, world, second) as archive:
        for row in archive._database.query("SELECT id FROM pages"):
            belief, _ = archive.beliefs.recompute(row["id"])
            assert archive.beliefs.belief(row["id"]) == belief
    assert findings(path, world, first) == []


def test_who_changes_what_outcomes_mean_gives_the_law_a_new_number() -> None:
    """A digest of what `believe` makes of every sequence of four outcomes: when it differs, `LAW` must."""
    hashed = hashlib.sha256()
    outcomes = (Outcome.OK, Outcome.NOT_FOUND, Outcome.TIMEOUT, Outcome.CHALLENGE, Outcome.MOVED, Outcome.DISALLOWED)
    for kind, doubted, sequence in product((Kind.ARTICLE, Kind.ROBOTS), (False, True), product(outcomes, repeat=4)):
        belief = Belief()
        for number, outcome in enumerate(sequence):
            at = START + timedelta(days=11 * number)
            belief = verdict.believe(belief, kind, outcome, at, replace(Rules(), absences=2), doubted=doubted)
        hashed.update(repr(astuple(belief)).encode())

    assert (verdict.LAW, hashed.hexdigest()[:16]) == (2, "7da0c17d3fbab78c")
