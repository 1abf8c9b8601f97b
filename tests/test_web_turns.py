"""Two archives of one machine, and one pace: whoever asks, a host sees no two starts closer than the delay."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from children import Children
from fakes import FakeClock
from runs import config_for, terse_site

from archiver.config import Network
from archiver.standin import StandIn
from archiver.web.pace import Pace
from archiver.web.turns import Turns, state_file

HOST = "ithelp.ithome.com.tw"
DELAY_S = 0.25
SEEN_LATE_S = 0.02  # by so much a busy machine may see a request after it came, and the next one not
NETWORK = Network(delay_s=2.0, jitter_s=0.0)


def test_two_archives_share_the_pace_of_a_host(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin, Children() as children:
        standin.faults.slow("feed", 2 * DELAY_S)  # a request under way for longer than the delay
        file = config_for(standin, tmp_path, delay_s=DELAY_S, jitter_s=0.02)
        both = [children.start("fetch", "-q", "--db", tmp_path / name, "--config", file) for name in ("a.db", "b.db")]
        ended = [child.wait() for child in both]
        starts = sorted(request.started for request in standin.log)

        assert [one.code for one in ended] == [0, 0]
        assert len(starts) >= 2 * 6
        assert min(later - earlier for earlier, later in pairwise(starts)) >= DELAY_S - SEEN_LATE_S
        assert standin.max_concurrent == 1


def paces(path: Path | None, clock: FakeClock) -> tuple[Pace, Pace]:
    return Pace(NETWORK, clock, turns=Turns(path)), Pace(NETWORK, clock, turns=Turns(path))


def ask(pace: Pace) -> None:
    pace.wait(HOST)
    pace.went_out(HOST, 0.0)


def test_the_second_waits_for_the_first_and_for_its_rest(tmp_path: Path) -> None:
    clock = FakeClock()
    mine, other = paces(tmp_path / "folder" / "pace", clock)
    ask(mine)
    before = clock.monotonic()
    ask(other)
    assert clock.monotonic() - before == pytest.approx(2.0)

    mine.rest(HOST, 60.0)
    before = clock.monotonic()
    ask(other)
    assert clock.monotonic() - before == pytest.approx(60.0)


def _a_link(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"precious")
    path.symlink_to(path.parent / "elsewhere")


def _a_second_name(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"precious")
    os.link(path.parent / "elsewhere", path)


def _a_file_for_a_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_bytes(b"")


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "a link": _a_link,
    "a second name": _a_second_name,
    "a folder": Path.mkdir,
    "a pipe": lambda path: os.mkfifo(path),
    "a file for a folder": _a_file_for_a_folder,
}


@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE)
def test_where_the_file_cannot_be_used_each_keeps_its_own_pace(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "folder" / "pace"
    path.parent.mkdir()
    spoil(path)
    clock = FakeClock()
    mine, other = paces(path, clock)

    for _ in range(2):
        ask(mine)
    ask(other)

    assert clock.elapsed == pytest.approx(2.0)
    elsewhere = path.parent / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"precious"


@pytest.mark.parametrize("start", [float("nan"), float("inf"), 1e300, -1e300, 5_000.0])
@pytest.mark.parametrize("rest", [float("nan"), float("inf"), 1e300, -1e300])
def test_whatever_stands_in_the_file_nobody_waits_for_long(tmp_path: Path, start: float, rest: float) -> None:
    path = tmp_path / "pace"
    path.write_bytes(struct.pack("<dd", start, rest) * 4096)
    clock = FakeClock()
    mine, other = paces(path, clock)

    ask(mine)
    ask(other)

    assert 2.0 <= clock.elapsed <= 4.0
    assert path.stat().st_size == 4096 * 16


def test_the_file_lies_where_state_belongs() -> None:
    assert state_file({"HOME": "/home/x"}) == Path("/home/x/.local/state/ithome-archiver/pace")
    assert state_file({"HOME": "/home/x", "XDG_STATE_HOME": "/s"}) == Path("/s/ithome-archiver/pace")
    assert state_file({"XDG_STATE_HOME": "relative"}) is None
    assert state_file({}) is None
