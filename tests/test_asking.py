"""Rescue and what archives refuse: an excluded site, an archived refusal, and a real one, which wants silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeClock
from rescuers import LOST, PARTS, Rescuer, copy, rescuer_of
from runs import config_for, run_fetch, small_site

from archiver.standin import StandIn
from archiver.verdict import silence_s

SITE = "ithelp.ithome.com.tw"
ALONE: dict[str, Any] = {"timemaps": (), "common_crawl": False}  # only the Wayback Machine


@pytest.fixture(scope="module")
def three_lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    with StandIn(small_site()) as standin:
        for number in PARTS[2:]:
            standin.faults.not_found(number)
        run_fetch(folder / "lost.db", config_for(standin, folder))
    return folder / "lost.db"


def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


# ─── an excluded site ───────────────────────────────────────────────────────────────────────────


def test_an_excluded_site_is_told_as_that_and_asked_for_once(three_lost: Path, tmp_path: Path) -> None:
    with rescuer_of(three_lost, tmp_path) as rescuer:
        rescuer.archives.shelf.put(copy())
        rescuer.archives.shelf.excluded.add(SITE)
        summary = rescuer.rescue(clock=clock(), **ALONE)

        assert summary.exit_code == 3
        assert len(rescuer.asked()) == 1
        assert len(summary.document["not_found"]) == 3
        assert all("Blocked Site Error" in one["said"][0] for one in summary.document["not_found"])
        told = summary.as_text()
        assert "excludes this site from the public (Blocked Site Error)" in told
        assert "later" not in told
        assert "again" not in told
        assert summary.document["refused_hosts"] == {}
        assert [outcome for _, outcome, _ in rescuer.attempts()] == ["forbidden", "skipped", "skipped"]

        rescuer.archives.shelf.excluded.clear()
        rescuer.rescue(clock=clock(), **ALONE)
        assert (LOST, "wayback") in rescuer.held(), "nothing rests for it"


def test_an_excluded_site_stops_no_other_archive(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.excluded.add(SITE)
    rescuer.archives.other_shelf.put(copy())

    assert rescuer.rescue(clock=clock()).exit_code == 0
    assert (LOST, "memento") in rescuer.held()


def test_an_exclusion_that_only_playback_tells_is_one_too(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(), copy(days=90))
    blocked = (("x-archive-wayback-runtime-error", "AdministrativeAccessControlException: Blocked Site Error"),)
    rescuer.archives.faults.replies("web.archive.org/web/*", b"", status=403, headers=blocked)
    rescuer.rescue(clock=clock(), **ALONE)

    assert len([url for url in rescuer.asked() if "/web/2" in url]) == 1


# ─── archived refusals ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_archived_refusal_is_a_copy_that_is_no_good_and_is_asked_for_once(rescuer: Rescuer, status: int) -> None:
    refused = copy(b"<h1>no</h1>", status=status, said_status="200", headers=(("Retry-After", "7200"),))
    rescuer.archives.shelf.put(refused, copy(days=300))
    ticking = clock()

    assert rescuer.rescue(clock=ticking, **ALONE).exit_code == 0
    assert (LOST, "wayback") in rescuer.held()
    assert len([url for url in rescuer.asked() if copy().timestamp in url]) == 1
    assert sum(ticking.sleeps) < 10, "nobody wants a rest"
    reasons = [reason for _, outcome, reason in rescuer.attempts() if outcome in {"rate_limited", "server_error"}]
    assert reasons == [f"HTTP {status}, as it was captured"]


def test_an_archived_429_is_no_rest_for_the_next_run(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(b"", status=429, said_status="200"))
    ticking = clock()
    rescuer.rescue(clock=ticking, **ALONE)
    rescuer.archives.shelf.put(copy(days=40))

    assert rescuer.rescue(clock=ticking, **ALONE).exit_code == 0
    assert sum(ticking.sleeps) < 10


# ─── real ones ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("retry_after", [None, 0, 5, 60])
@pytest.mark.parametrize("target", ["web.archive.org/cdx*", "web.archive.org/web/*"])
def test_a_real_429_is_followed_by_a_minute_of_silence(rescuer: Rescuer, retry_after: int | None, target: str) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.rate_limit(target, retry_after, times=1)
    ticking = clock()

    assert rescuer.rescue(clock=ticking, **ALONE).exit_code == 0
    assert max(ticking.sleeps) >= 60


def test_the_silence_doubles_until_the_archive_is_left_alone(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.rate_limit("web.archive.org/cdx*", None)
    ticking = clock()
    summary = rescuer.rescue(clock=ticking, **ALONE)

    assert summary.exit_code == 4
    assert len(rescuer.asked()) == 3
    assert [round(sleep, -1) for sleep in ticking.sleeps if sleep > 30] == [60, 120]


def test_the_silence_is_kept_by_the_next_run(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.rate_limit("web.archive.org/cdx*", None, times=3)
    ticking = clock()
    rescuer.rescue(clock=ticking, **ALONE)
    asked = len(rescuer.asked())
    ticking.advance(seconds=100)

    summary = rescuer.rescue(clock=ticking, **ALONE)
    assert summary.exit_code == 4
    assert len(rescuer.asked()) == asked
    assert "web.archive.org answered 429, and is left alone until" in summary.as_text()
    ticking.advance(seconds=140)
    assert rescuer.rescue(clock=ticking, **ALONE).exit_code == 0


def test_a_short_silence_is_waited_for_by_the_next_run(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.rate_limit("web.archive.org/cdx*", None, times=1)
    ticking = clock()
    rescuer.rescue(clock=ticking, limit=2, **ALONE)  # robots.txt and the index
    before = ticking.elapsed
    assert len(rescuer.asked()) == 1

    assert rescuer.rescue(clock=ticking, **ALONE).exit_code == 0
    first = rescuer.rows("SELECT started_at FROM fetches WHERE source = 'wayback' AND http_status IN (200, 429)"
                          " ORDER BY id LIMIT 2")  # fmt: skip
    starts = [datetime.fromisoformat(at) for (at,) in first]
    assert starts[1] - starts[0] >= timedelta(seconds=60)
    assert ticking.elapsed > before


def test_a_429_for_robots_txt_is_silence_too(rescuer: Rescuer) -> None:
    rescuer.archives.faults.rate_limit("web.archive.org/robots.txt", None, times=1)
    ticking = clock()
    rescuer.rescue(clock=ticking, **ALONE)
    before = len(rescuer.archives.log)
    elapsed = ticking.elapsed
    rescuer.rescue(clock=ticking, **ALONE)

    assert len(rescuer.archives.log) > before
    assert ticking.elapsed - elapsed >= 59


def test_how_long_the_silence_is() -> None:
    assert [silence_s(limits) for limits in (1, 2, 3, 4)] == [60, 120, 240, 480]
    assert silence_s(0) == 60
    assert silence_s(100_000) == 86_400


def test_a_challenged_robots_file_of_an_archive_rests_it_in_the_next_run_too(rescuer: Rescuer) -> None:
    rescuer.archives.faults.challenge("web.archive.org/robots.txt", status=200)
    ticking = clock()
    first = rescuer.rescue(clock=ticking, **ALONE)
    asked = len(rescuer.archives.log)
    ticking.advance(minutes=20)
    again = rescuer.rescue(clock=ticking, **ALONE)

    assert (first.exit_code, again.exit_code) == (4, 4)
    assert len(rescuer.archives.log) == asked

    rescuer.archives.faults.clear()
    ticking.advance(hours=1)
    rescuer.rescue(clock=ticking, **ALONE)

    assert len(rescuer.asked()) > 0


def test_a_bot_check_with_403_in_place_of_an_archives_robots_file_is_none(rescuer: Rescuer) -> None:
    rescuer.archives.faults.refuse("web.archive.org/robots.txt")
    rescuer.archives.shelf.put(copy())

    assert rescuer.rescue(clock=clock(), **ALONE).exit_code in {0, 3}
    assert len(rescuer.asked()) > 0
