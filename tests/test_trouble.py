"""Manners under trouble: a host that fails is left alone for a while, and one failing page is no trouble."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from depths import always
from desks import PARTS, Fetcher
from fakes import FakeClock
from runs import config_for, rows, small_site

from archiver import cli
from archiver.standin import StandIn
from archiver.standin.faults import Faults

ROBOTS = "ithelp.ithome.com.tw/robots.txt"
REST = re.compile(r"resting until (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")
FAILING: dict[str, tuple[Callable[[Faults], None], str]] = {
    "500": (lambda faults: faults.error("article"), "failed 5 article pages in a row (server_error)"),
    "503": (lambda faults: faults.error("article", status=503), "failed 5 article pages in a row (server_error)"),
    "cut": (lambda faults: faults.truncate("article"), "failed 5 article pages in a row (truncated)"),
    "cut gzip": (lambda faults: faults.cut_gzip("article"), "failed 5 article pages in a row (truncated)"),
    "reset": (lambda faults: faults.reset("article"), "failed 5 article pages in a row (connect_error)"),
    "everything": (lambda faults: _all_fail(faults), "failed 5 times in a row (server_error), with every kind"),
}


def _all_fail(faults: Faults) -> None:
    for kind in ("series", "feed", "article"):
        faults.error(kind, status=502)


@pytest.mark.parametrize("way", always(FAILING, "500", "cut", "reset", "everything"))
def test_a_host_that_fails_is_left_alone_after_a_few_pages_until_it_has_rested(
    sit: Callable[..., Fetcher], way: str
) -> None:
    fail, why = FAILING[way]
    desk = sit()
    fail(desk.faults)

    code, text, asked = desk.fetched()

    left_alone = [line for line in text.splitlines() if line.startswith("Left alone:")]
    assert code == 3
    assert len(left_alone) == 1
    assert why in left_alone[0]
    assert re.search(r"\b\d+ pages are left", left_alone[0])
    assert "Stopped" not in text
    assert asked["article"] <= 2 * 3 + 3 + 1, "and one that ended a connection that was kept open"

    desk.clock.advance(minutes=20)
    code, text, asked = desk.fetched()

    assert code == 3
    assert REST.findall(text) == REST.findall(left_alone[0])
    assert asked.total() == 0

    desk.clock.advance(hours=1)
    code, text, asked = desk.fetched()

    assert (code, "Left alone" in text) == (3, True)
    assert asked["article"] <= 1 <= asked.total() <= 5

    desk.faults.clear()
    desk.clock.advance(hours=2)
    code, text, asked = desk.fetched()

    assert (code, asked["article"], "Left alone" in text) == (0, PARTS, False)


def test_what_takes_too_long_counts_as_failing(sit: Callable[..., Fetcher]) -> None:
    desk = sit(extra="timeout_s = 0.15")
    desk.faults.slow("article", 1.0)

    code, text, asked = desk.fetched()

    assert code == 3
    assert asked["article"] <= 2 * 3 + 3
    assert "failed 5 article pages in a row (timeout), resting until" in text


def test_one_failing_part_is_tried_again_as_ever_and_stops_nothing(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.error(10321315)

    code, text, asked = desk.fetched()

    assert (code, asked["article"]) == (3, PARTS - 1 + 3)
    assert "Left alone" not in text

    desk.faults.clear()
    code, _, asked = desk.fetched()

    assert (code, asked["article"]) == (0, 1)


def test_failing_parts_between_others_stop_nothing(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.fetched()
    with_part = desk.rows("SELECT id FROM articles ORDER BY position")
    desk.db.unlink()
    for (number,) in with_part[::2]:
        desk.faults.error(number)

    _, text, asked = desk.fetched()

    assert asked["article"] == 5 * 3 + 4
    assert "Left alone" not in text


CLOSED_ROBOTS: dict[str, Callable[[Faults], None]] = {
    "503": lambda faults: faults.error(ROBOTS, status=503),
    "challenge": lambda faults: faults.challenge(ROBOTS),
    "429": lambda faults: faults.rate_limit(ROBOTS),
    "redirect to 503": lambda faults: _robots_elsewhere(faults, "error"),
    "redirect to 429": lambda faults: _robots_elsewhere(faults, "rate_limit"),
}


def _robots_elsewhere(faults: Faults, then: str) -> None:
    faults.redirect(ROBOTS, "https://ithelp.ithome.com.tw/elsewhere.txt")
    getattr(faults, then)("ithelp.ithome.com.tw/elsewhere.txt")


@pytest.mark.parametrize("close", CLOSED_ROBOTS.values(), ids=CLOSED_ROBOTS)
def test_a_robots_file_that_cannot_be_had_rests_its_host_in_the_next_run_too(
    sit: Callable[..., Fetcher], close: Callable[[Faults], None]
) -> None:
    desk = sit()
    close(desk.faults)

    code, text, asked = desk.fetched()

    assert (code, asked["article"]) == (4, 0)
    assert REST.search(text)

    desk.clock.advance(minutes=20)
    code, again, asked = desk.fetched()

    assert (code, asked.total()) == (4, 0)
    assert REST.findall(again) == REST.findall(text)

    desk.faults.clear()
    desk.clock.advance(hours=1)
    code, text, asked = desk.fetched()

    assert (code, asked["article"], "Stopped" in text) == (0, PARTS, False)


def test_a_robots_file_that_is_cut_is_asked_for_again_and_rests_its_host_after_a_few_times(
    sit: Callable[..., Fetcher],
) -> None:
    desk = sit()
    desk.faults.truncate(ROBOTS)

    runs = [desk.fetched() for _ in range(6)]

    assert [code for code, _, _ in runs] == [4] * 6
    assert [asked["robots"] for _, _, asked in runs] == [3 + 1, 3, 1, 1, 1, 0]
    assert "resting until" in runs[-1][1]


@pytest.mark.parametrize(
    "lead",
    [
        "https://ithelp.ithome.com.tw/robots.txt",
        "ftp://ithelp.ithome.com.tw/robots.txt",
        "https://ithelp.ithome.com.tw/users/login",
    ],
    ids=["circle", "another scheme", "the log-in"],
)
def test_a_robots_file_that_leads_nowhere_is_none_in_every_way(sit: Callable[..., Fetcher], lead: str) -> None:
    """RFC 9309 §2.3.1.2: asked on, no refusal, no rest, nothing that fails; and in the runs after it too."""
    desk = sit()
    desk.faults.redirect(ROBOTS, lead)

    code, text, asked = desk.fetched()

    assert (code, asked["article"]) == (0, PARTS)
    assert "Stopped" not in text
    assert "Left alone" not in text
    assert "could not be had" not in text

    desk.clock.advance(days=1, minutes=1)
    code, text, asked = desk.fetched()

    assert (code, "Stopped" in text) == (0, False)
    assert asked["series"] == 1


def test_without_a_network_nobody_is_left_alone_afterwards(sit: Callable[..., Fetcher], tmp_path: Path) -> None:
    desk = sit()
    desk.fetched()
    config = (tmp_path / "archiver.toml").read_text()
    nowhere = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:9", config)
    (tmp_path / "archiver.toml").write_text(nowhere)

    code, text, _ = desk.fetched("--force")
    assert code == 3
    assert "Is there a network?" in text
    assert desk.fetched("--force", "--limit", "1")[0] == 3, "a list was asked for, and nothing was learnt"

    (tmp_path / "archiver.toml").write_text(config)
    code, text, asked = desk.fetched("--max-age", "0")

    assert (code, asked["article"], "Left alone" in text) == (0, PARTS, False)


def test_a_host_of_pictures_that_fails_is_left_alone_and_fails_no_run(tmp_path: Path) -> None:
    clock, db = FakeClock(), tmp_path / "a.db"
    with StandIn(small_site(8)) as standin:
        standin.faults.error("image", status=503)
        config = config_for(standin, tmp_path, images=True)

        def fetch() -> tuple[int, int, str]:
            before = len(standin.log)
            code = cli.run(["fetch", "-q", "--db", str(db), "--config", str(config)], clock)
            images = sum("/images/" in request.target for request in standin.log[before:])
            return code, images, str(rows(db, "SELECT note FROM runs ORDER BY id DESC LIMIT 1")[0][0])

        code, images, note = fetch()
        assert (code, images) == (0, 2 * 3 + 3)
        assert "failed 5 image pages in a row (server_error)" in note

        clock.advance(minutes=20)
        code, images, _ = fetch()
        assert (code, images) == (0, 0)


def test_a_plan_tells_who_fails(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.error("article")
    desk.fetched()

    _, text, _ = desk.fetched("--dry-run")

    assert "failed 5 article pages in a row (server_error), resting until" in text
