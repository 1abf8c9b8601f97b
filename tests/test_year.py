"""A year of a series, played day by day through the command line, against a stand-in and with a clock of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import START, FakeClock
from runs import SERIES, config_for, rows, terse_site

from archiver import cli
from archiver.standin import Faults, StandIn

PARTS = terse_site(6).series[5943].part_ids
EDITED, FLICKERING, DELETED, SOFT, MOVING, *_ = PARTS
SCHEDULE = """
tries = 1
[schedule]
part_days = 10.0
new_part_days = 10.0
gone_days = 20.0
series_days = 20.0
feed_days = 20.0
index_days = 30.0
"""


@dataclass
class Play:
    """What the site does, by day: an action on the stand-in, and what it means for which parts."""

    day: int
    act: Callable[[Faults], None]
    until: int
    meaning: str  # absent, refused, outage, moved
    parts: tuple[int, ...] = PARTS


SCRIPT = (
    Play(20, lambda site: site.error("article", status=503), 23, "outage"),
    Play(40, lambda site: site.not_found(FLICKERING), 48, "absent", (FLICKERING,)),
    Play(60, lambda site: site.not_found(DELETED), 200, "absent", (DELETED,)),
    Play(100, lambda site: site.refuse("*"), 105, "refused"),
    Play(120, lambda site: site.soft_404(SOFT, message="嗯？這裡空空的"), 225, "absent", (SOFT,)),
    Play(150, lambda site: site.not_found("article"), 170, "wiped"),
    Play(210, lambda site: site.redirect(MOVING, to=PARTS[5]), 215, "moved", (MOVING,)),
    Play(250, lambda site: site.not_found("article"), 290, "wiped"),
)
EDIT_DAY = 30


@dataclass
class Reference:
    """docs/law.md §4 written a second time, for one part: what its state must be after what was asked when."""

    state: str = "new"
    counted: list[int] = field(default_factory=list)
    absent_since: int | None = None

    def hear(self, meaning: str, day: int) -> None:
        if meaning == "ok":
            self.state, self.counted, self.absent_since = "alive", [], None
        elif meaning == "moved" and self.state != "gone":
            self.state = "moved"
        elif meaning in {"absent", "wiped"}:
            self.absent_since = day if self.absent_since is None else self.absent_since
            if meaning == "wiped" and day - self.absent_since < 30 and self.state not in {"suspect", "gone"}:
                return
            if not self.counted or day - self.counted[-1] >= 3:
                self.counted.append(day)
            self.state = "gone" if self.state == "gone" or len(self.counted) >= 3 else "suspect"


def meaning_of(part: int, day: int) -> str:
    for play in reversed(SCRIPT):
        if play.day <= day < play.until and part in play.parts:
            return play.meaning
    return "ok"


@contextmanager
def scenes(standin: StandIn) -> Iterator[Callable[[int], None]]:
    """Sets the stage of a day: every play that runs then, and the edit from its day on."""

    def set_stage(day: int) -> None:
        standin.faults.clear()
        if day >= EDIT_DAY:
            standin.faults.edit(EDITED, title="[Day 01] 換了標題")
        for play in SCRIPT:
            if play.day <= day < play.until:
                play.act(standin.faults)

    yield set_stage


def asked_on(db: Path, since: str) -> dict[int, str]:
    """The parts that were asked since a moment, with what came of it."""
    found = rows(
        db,
        "SELECT article_id, outcome FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'article' AND final"
        " AND outcome NOT IN ('skipped', 'robots_unreachable') AND started_at >= ? ORDER BY fetches.id",
        since,
    )
    return dict(found)


def states(db: Path) -> dict[int, str]:
    return dict(rows(db, "SELECT article_id, state FROM pages WHERE kind = 'article'"))


def due_at(db: Path) -> datetime:
    ((moment,),) = rows(db, "SELECT min(due_at) FROM pages WHERE kind = 'article'")
    return datetime.fromisoformat(moment)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, dict[int, str]]]:
    """The archive after a year, and the states at the end of every day; each was compared with the reference."""
    folder = tmp_path_factory.mktemp("year")
    db, clock, history = folder / "archive.db", FakeClock(), dict[int, dict[int, str]]()
    believed = {part: Reference() for part in PARTS}
    with StandIn(terse_site(6)) as standin, scenes(standin) as set_stage:
        path = config_for(standin, folder, sources=f'[[sources]]\nurl = "{SERIES}"', extra=SCHEDULE)
        for day in range(365):
            clock.elapsed = timedelta(days=day).total_seconds()
            set_stage(day)
            if day and clock.now() < due_at(db):  # a run with nothing due asks nothing and changes nothing
                history[day] = history[day - 1]
                continue
            cli.run(["fetch", "-q", "--config", str(path), "--db", str(db)], clock)
            for part in asked_on(db, stamp(START + timedelta(days=day))):
                believed[part].hear(meaning_of(part, day), day)
            history[day] = states(db)
            assert history[day] == {part: believed[part].state for part in history[day]}, f"day {day}"
    return db, history


def test_every_part_is_believed_what_the_law_says_on_every_day(
    year: tuple[Path, dict[int, dict[int, str]]],
) -> None:
    _, history = year

    assert set(history[19].values()) == set(history[22].values()) == {"alive"}  # an outage changes nothing
    assert history[47][FLICKERING] == "suspect"
    assert history[52][FLICKERING] == "alive"  # a 404 that heals
    assert history[75][DELETED] == "gone"
    assert history[229][DELETED] == "alive"  # restored
    assert history[104] == history[99]  # challenges say nothing about a part
    assert history[136][SOFT] == "gone"
    assert history[249][SOFT] == "alive"
    assert history[169] == {**dict.fromkeys(PARTS, "alive"), DELETED: "gone", SOFT: "gone"}  # a wipe is not believed
    assert history[214][MOVING] == "moved"
    assert history[270] == dict.fromkeys(PARTS, "alive")  # not yet
    assert history[289] == dict.fromkeys(PARTS, "gone")  # but one that lasts is
    assert history[364] == dict.fromkeys(PARTS, "alive")  # and healing is believed at once


def test_nothing_is_lost_in_a_year_and_every_episode_is_kept(year: tuple[Path, dict[int, dict[int, str]]]) -> None:
    db, _ = year

    assert rows(db, "SELECT count(*), sum(safe) FROM page_status") == [(6, 6)]
    told = rows(
        db,
        "SELECT old_state, new_state FROM state_changes JOIN pages ON pages.id = page_id WHERE article_id = ?"
        " ORDER BY state_changes.id LIMIT 4",
        DELETED,
    )
    assert told == [("new", "alive"), ("alive", "suspect"), ("suspect", "gone"), ("gone", "alive")]
    assert rows(db, "SELECT count(*) FROM edits WHERE article_id = ? AND title_changed", EDITED) == [(1,)]


def test_the_archive_of_a_year_proves_itself(
    year: tuple[Path, dict[int, dict[int, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["verify", "--db", str(year[0])]) == 0, capsys.readouterr().out


def test_a_control_request_is_made_at_most_once_a_day_and_only_after_an_absence(
    year: tuple[Path, dict[int, dict[int, str]]],
) -> None:
    db, _ = year
    days = [
        day
        for (day,) in rows(
            db,
            "SELECT substr(fetches.started_at, 1, 10) FROM fetches JOIN pages ON pages.id = page_id"
            " WHERE kind = 'control' AND final",
        )
    ]
    absent = {
        day
        for (day,) in rows(
            db,
            "SELECT DISTINCT substr(fetches.started_at, 1, 10) FROM fetches JOIN pages ON pages.id = page_id"
            " WHERE kind = 'article' AND outcome IN ('not_found', 'soft_404', 'removed')",
        )
    }

    assert days
    assert len(days) == len(set(days))
    assert set(days) <= absent
