"""Rescue through the command line: what is tried in which order, what is refused and why, what it never changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
from depths import every
from fakes import FakeClock
from rescuers import CRAWL, LOST, PARTS, PUBLISHED, URL, Rescuer, copy, page, rescuer_of
from runs import config_for, run_fetch, series_counts, small_site

from archiver.errors import UsageError
from archiver.standin import StandIn, render
from archiver.standin.render import Moment
from archiver.standin.web_archives import Memento, WebArchives

# ─── where copies come from ─────────────────────────────────────────────────────────────────────


def in_wayback(archives: WebArchives) -> None:
    archives.shelf.put(copy())


def under_the_mobile_spelling(archives: WebArchives) -> None:
    archives.shelf.put(copy(url=f"http://ithelp.ithome.com.tw/m/articles/{LOST}/"))


def under_the_spelling_of_the_feed(archives: WebArchives) -> None:
    archives.shelf.put(copy(url=f"{URL}?sc=rss.iron"))


def in_another_archive(archives: WebArchives) -> None:
    archives.other_shelf.put(copy())


def in_an_archive_that_an_aggregator_knows(archives: WebArchives) -> None:
    archives.other_shelf.put(Memento("https://example.org/other", PUBLISHED, b"x"), copy(days=9))
    archives.elsewhere.append((copy(days=9), f"https://arquivo.pt/wayback/{copy(days=9).timestamp}/{URL}"))
    archives.faults.error("arquivo.pt/wayback/timemap*", status=404)


def as_brotli(archives: WebArchives) -> None:
    archives.shelf.put(copy(brotli.compress(page()), encoding="br"))


def decoded_but_called_brotli(archives: WebArchives) -> None:
    archives.shelf.put(copy(encoding="br"))


def in_common_crawl(archives: WebArchives) -> None:
    archives.crawls.put(CRAWL, copy(days=60))


@pytest.mark.parametrize(
    ("where", "source", "days"),
    [
        (in_wayback, "wayback", 5),
        (under_the_mobile_spelling, "wayback", 5),
        (under_the_spelling_of_the_feed, "wayback", 5),
        (as_brotli, "wayback", 5),
        (decoded_but_called_brotli, "wayback", 5),
        (in_another_archive, "memento", 5),
        (in_an_archive_that_an_aggregator_knows, "memento", 9),
        (in_common_crawl, "common_crawl", 60),
    ],
)
def test_a_missing_part_comes_back(
    rescuer: Rescuer, where: Callable[[WebArchives], None], source: str, days: float,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    where(rescuer.archives)
    before = rescuer.believed()

    assert rescuer.run("rescue", "-q") == 0
    assert f"rescued: {LOST}: " in capsys.readouterr().out
    assert (LOST, source) in rescuer.held()
    assert rescuer.believed() == before
    captured = rescuer.rows("SELECT source, source_at, body_bytes FROM captures WHERE source != 'live'")
    assert captured == [(source, f"{copy(days=days).at:%Y-%m-%dT%H:%M:%S}.000Z", len(page()))]
    assert series_counts(rescuer.db) == (5, 5, 0)
    assert rescuer.rows("SELECT rescued FROM page_status WHERE id = ?", LOST) == [(1,)]
    rescuer.run("why", str(LOST))
    told = capsys.readouterr().out
    assert f"a copy of {copy(days=days).at:%Y-%m-%d}" in told
    assert "no live answer is held" in told
    if where in {in_wayback, in_common_crawl}:
        assert rescuer.run("verify") == 0


def test_nothing_is_asked_when_nothing_is_missing(rescuer: Rescuer, capsys: pytest.CaptureFixture[str]) -> None:
    in_wayback(rescuer.archives)
    rescuer.run("rescue", "-q")
    asked = rescuer.asked()
    capsys.readouterr()

    assert rescuer.run("rescue") == 0
    assert "No part is missing" in capsys.readouterr().out
    assert rescuer.asked() == asked


def test_an_archive_without_a_part_is_not_whole(rescuer: Rescuer, tmp_path: Path) -> None:
    rescuer.archives.faults.error("*", status=500)
    empty = tmp_path / "empty.db"
    run_fetch(empty, rescuer.config)
    rescuer.db = empty
    summary = rescuer.rescue()

    assert summary.exit_code == 3
    assert "No part that is known is missing: there is nothing to rescue." in summary.lines


def test_the_copy_nearest_to_publication_is_tried_first(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(days=900), copy(days=2), copy(days=40))
    rescuer.rescue()

    assert [url for url in rescuer.asked() if "/web/" in url] == [
        f"https://web.archive.org/web/{copy(days=2).timestamp}id_/{URL}"
    ]


def test_bytes_that_were_refused_once_are_not_had_again_and_few_are_tried(rescuer: Rescuer) -> None:
    bad = [b"<html><title>404</title>%d</html>" % number for number in range(9)]
    rescuer.archives.shelf.put(*(copy(body, days=day) for day, body in enumerate(bad, start=1)))
    rescuer.archives.shelf.put(*(copy(bad[0], days=day) for day in (0.1, 0.2, 0.3)))
    rescuer.rescue(copies=4, timemaps=(), common_crawl=False)

    had = [url for url in rescuer.asked() if "/web/" in url]
    assert len(had) == 4
    assert len({url for url in had if url.split("/")[4].startswith(copy(days=0.1).timestamp[:8])}) <= 1


def test_a_redirect_to_the_nearest_capture_is_followed_and_dated_by_what_came(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    named = copy(days=7).timestamp
    listed = json.dumps([["timestamp", "original", "statuscode"], [named, URL, "200"]]).encode()
    rescuer.archives.faults.replies("web.archive.org/cdx*", listed, "application/json")
    rescuer.rescue(timemaps=(), common_crawl=False)

    assert (LOST, "wayback") in rescuer.held()
    assert rescuer.rows("SELECT source_at FROM captures WHERE source = 'wayback'") == [
        (f"{copy().at:%Y-%m-%dT%H:%M:%S}.000Z",)
    ]
    assert [outcome for _, outcome, _ in rescuer.attempts()] == ["ok", "moved", "ok"]


def test_an_index_of_many_pages_is_read_to_its_end(rescuer: Rescuer) -> None:
    bad = (b"<html><title>404 Not Found</title>%d</html>" % number for number in range(510))
    rescuer.archives.shelf.put(*(copy(body, days=-1 - number) for number, body in enumerate(bad)), copy(days=1))
    summary = rescuer.rescue(timemaps=(), common_crawl=False)

    assert summary.exit_code == 0
    assert len([url for url in rescuer.asked() if "/cdx/" in url]) == 2


def test_only_what_is_named_is_rescued(rescuer: Rescuer) -> None:
    in_wayback(rescuer.archives)

    assert rescuer.rescue(str(PARTS[0])).exit_code == 0
    assert rescuer.asked() == []
    assert rescuer.rescue("5943").exit_code == 0
    assert (LOST, "wayback") in rescuer.held()
    with pytest.raises(UsageError, match="no series or part that is kept"):
        rescuer.rescue("77")


# ─── what outranks what ─────────────────────────────────────────────────────────────────────────


def test_a_later_live_answer_outranks_the_rescued_one_of_the_same_text(rescuer: Rescuer, tmp_path: Path) -> None:
    in_wayback(rescuer.archives)
    rescuer.rescue()
    with StandIn(small_site()) as standin:
        run_fetch(rescuer.db, config_for(standin, tmp_path), force=True)

    assert (LOST, "live") in rescuer.held()
    assert rescuer.rows("SELECT count(*) FROM captures WHERE source = 'wayback'") == [(1,)]
    assert rescuer.rows("SELECT count(*) FROM edits WHERE article_id = ?", LOST) == [(0,)]
    assert rescuer.rows("SELECT rescued FROM series_progress WHERE id = 5943") == [(0,)]
    assert rescuer.run("verify") == 0


def test_older_versions_fill_the_history_and_displace_nothing(rescuer: Rescuer) -> None:
    url = f"https://ithelp.ithome.com.tw/articles/{PARTS[0]}"
    older = page(PARTS[0]).replace("讓".encode(), "使".encode())
    assert older != page(PARTS[0])
    for days, body in ((1, older), (2, older), (3, page(PARTS[0])), (4, soft())):
        rescuer.archives.shelf.put(copy(body, days=days, url=url))
    held = rescuer.held()
    summary = rescuer.rescue(str(PARTS[0]), history=True)

    assert summary.exit_code == 0
    assert "1 part asked for; 1 version kept that had not been held." in summary.lines
    assert rescuer.held() == held
    assert rescuer.rows("SELECT source, source_at FROM captures WHERE source != 'live'") == [
        ("wayback", f"{copy(days=1).at:%Y-%m-%dT%H:%M:%S}.000Z")
    ]
    assert rescuer.run("verify") == 0


def test_the_feed_is_the_last_resort_and_marked_as_such(rescuer: Rescuer, capsys: pytest.CaptureFixture[str]) -> None:
    before = rescuer.believed()
    summary = rescuer.rescue(feed=True)

    assert summary.exit_code == 0
    assert (LOST, "feed") in rescuer.held()
    assert rescuer.believed() == before
    assert any("its punctuation is lost" in line for line in summary.lines)
    rescuer.run("why", str(LOST))
    assert "punctuation lost" in capsys.readouterr().out
    assert rescuer.run("verify") == 0

    in_wayback(rescuer.archives)
    assert rescuer.rescue(feed=True).exit_code == 0
    assert (LOST, "wayback") in rescuer.held(), "any other copy is better than the feed"


# ─── refusals and failures ──────────────────────────────────────────────────────────────────────


def faulty(name: str, target: str, **how: object) -> Callable[[WebArchives], None]:
    def arrange(archives: WebArchives) -> None:
        in_wayback(archives) if "common" not in target else in_common_crawl(archives)
        if "arquivo" in target:
            in_another_archive(archives)
        getattr(archives.faults, name)(*([target] if target[-1] == "*" else []), **how)

    return arrange


def bad_copy(body: bytes, **changes: Any) -> Callable[[WebArchives], None]:
    return lambda archives: archives.shelf.put(copy(body, **changes))


def bad_record(name: str) -> Callable[[WebArchives], None]:
    def arrange(archives: WebArchives) -> None:
        in_common_crawl(archives)
        getattr(archives.faults, name)()

    return arrange


def cut() -> bytes:
    at = page().find(b'class="markdown__style"')
    return page()[: at + 900]


def soft() -> bytes:
    return render.soft_404(small_site(), Moment(1, PUBLISHED)).encode()


def check() -> bytes:
    return render.challenge(Moment(1, PUBLISHED)).encode()


def login() -> bytes:
    return render.login(Moment(1, PUBLISHED)).encode()


CDX, PLAY, MAP = "web.archive.org/cdx*", "web.archive.org/web/*", "arquivo.pt/wayback/timemap*"
INDEX, DATA = "index.commoncrawl.org/CC*", "data.commoncrawl.org/*"

FAILURES: dict[str, tuple[Callable[[WebArchives], None], str, str, str]] = {
    "no copy anywhere": (lambda _: None, "wayback", "not_found", "holds no copy"),
    "index 429": (faulty("rate_limit", CDX), "wayback", "rate_limited", "HTTP 429"),
    "index 429 for long": (faulty("rate_limit", CDX, retry_after=7200), "wayback", "rate_limited", "HTTP 429"),
    "index 503": (faulty("error", CDX, status=503), "wayback", "server_error", "HTTP 503"),
    "index 403": (faulty("forbid", CDX), "wayback", "forbidden", "HTTP 403"),
    "index behind a bot check": (faulty("challenge", CDX), "wayback", "challenge", "in place of the index"),
    "index is HTML": (faulty("not_json", CDX), "wayback", "unreadable", "not JSON, or is cut"),
    "index is cut": (faulty("cut_index", CDX), "wayback", "unreadable", "not JSON, or is cut"),
    "index resets": (faulty("reset", CDX), "wayback", "connect_error", "reset"),
    "index is slow": (faulty("slow", CDX), "wayback", "timeout", "no whole answer"),
    "index ends early": (faulty("truncate", CDX), "wayback", "truncated", "inside the answer"),
    "playback 503": (faulty("error", PLAY, status=503), "wayback", "server_error", "HTTP 503"),
    "playback 404": (faulty("not_found", PLAY), "wayback", "not_found", "HTTP 404"),
    "playback leads off": (faulty("redirect", PLAY, to="https://example.org/"), "wayback", "off_site", "not followed"),
    "copy ends early": (faulty("truncate", PLAY), "wayback", "truncated", "inside the answer"),
    "copy is a soft 404": (bad_copy(soft()), "wayback", "soft_404", "no such page"),
    "copy is a bot check": (bad_copy(check()), "wayback", "challenge", "a bot check"),
    "copy is a login page": (bad_copy(login()), "wayback", "login", "a login wall"),
    "copy of another part": (bad_copy(page(PARTS[1])), "wayback", "wrong_page", "another page"),
    "copy is a PDF": (bad_copy(b"%PDF-1.7", mime="application/pdf", said_mime="text/html"), "wayback", "not_html",
                      "not HTML"),
    "copy is cut": (bad_copy(cut()), "wayback", "truncated", "ends in the middle"),
    "copy is empty": (bad_copy(b""), "wayback", "truncated", "an empty answer"),
    "copy is broken Brotli": (bad_copy(b"x" * 99, encoding="br"), "wayback", "protocol_error", "Brotli"),
    "copy is cut Brotli": (bad_copy(brotli.compress(b"<p>" * 90_000)[:-3], encoding="br"), "wayback", "truncated",
                           "ends before its end"),
    "copy is a Brotli bomb": (bad_copy(brotli.compress(bytes(40_000_000), quality=1), encoding="br"), "wayback",
                              "too_large", "max_body_bytes"),
    "copy is an archived 403": (bad_copy(b"no", status=403, said_status="200"), "wayback", "forbidden", "HTTP 403"),
    "TimeMap is HTML": (faulty("not_json", MAP), "memento", "unreadable", "no TimeMap"),
    "TimeMap 500": (faulty("error", MAP), "memento", "server_error", "HTTP 500"),
    "crawl list 503": (faulty("error", "index.commoncrawl.org/collinfo*", status=503), "common_crawl", "server_error",
                       "HTTP 503"),
    "crawl index is HTML": (faulty("not_json", INDEX), "common_crawl", "unreadable", "not JSON"),
    "crawl index 429": (faulty("rate_limit", INDEX), "common_crawl", "rate_limited", "HTTP 429"),
    "crawl data 503": (faulty("error", DATA, status=503), "common_crawl", "server_error", "HTTP 503"),
    "record is cut": (bad_record("cut_record"), "common_crawl", "truncated", "the record ends in the middle"),
    "the whole file": (bad_record("whole_file"), "common_crawl", "protocol_error", "in place of the bytes"),
    "another record": (bad_record("wrong_record"), "common_crawl", "protocol_error", "other bytes of the file"),
    "record is damaged": (bad_record("damaged_record"), "common_crawl", "protocol_error", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_a_row_that_why_explains_and_changes_nothing(
    rescuer: Rescuer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange, source, outcome, words = FAILURES[name]
    arrange(rescuer.archives)
    before, held = rescuer.believed(), rescuer.held()
    timeout = 0.3 if name == "index is slow" else 5.0
    clock = FakeClock(datetime.now(UTC))  # a 429 wants a minute of silence
    timemaps = ("https://arquivo.pt/wayback/timemap/link/",)
    if name == "no copy anywhere" or source != "wayback":
        summary = rescuer.rescue(timeout_s=timeout, timemaps=timemaps, wayback=source == "wayback", clock=clock)
    else:
        summary = rescuer.rescue(timeout_s=timeout, timemaps=(), common_crawl=False, clock=clock)

    assert summary.exit_code in {3, 4}
    assert (source, outcome) in [attempt[:2] for attempt in rescuer.attempts()]
    assert any(words in reason for found, _, reason in rescuer.attempts() if found == source)
    rescuer.run("why", str(LOST))
    assert words in capsys.readouterr().out
    assert (rescuer.believed(), rescuer.held()) == (before, held)


@pytest.mark.parametrize("name", every(3, [name for name in FAILURES if FAILURES[name][1] == "wayback"]))
def test_what_fails_in_one_archive_never_stops_the_others(rescuer: Rescuer, name: str) -> None:
    FAILURES[name][0](rescuer.archives)
    in_common_crawl(rescuer.archives)

    summary = rescuer.rescue(timeout_s=0.3 if name == "index is slow" else 5.0, clock=FakeClock(datetime.now(UTC)))
    assert summary.exit_code == 0
    assert (LOST, "common_crawl") in rescuer.held()


@pytest.mark.parametrize("name", ["copy is a soft 404", "copy is a bot check", "copy is cut", "copy of another part"])
def test_after_a_copy_that_is_refused_the_next_is_tried(rescuer: Rescuer, name: str) -> None:
    FAILURES[name][0](rescuer.archives)
    rescuer.archives.shelf.put(copy(days=400))

    assert rescuer.rescue().exit_code == 0
    assert (LOST, "wayback") in rescuer.held()


def everything(fault: str, **how: object) -> Callable[[WebArchives], None]:
    return lambda archives: getattr(archives.faults, fault)("*", **how)


def test_all_archives_down_changes_nothing_and_says_so(rescuer: Rescuer) -> None:
    everything("reset")(rescuer.archives)
    before, held = rescuer.believed(), rescuer.held()
    summary = rescuer.rescue()

    assert summary.exit_code == 3
    assert any("No archive answered: nothing changed" in line for line in summary.lines)
    for host in ("web.archive.org", "arquivo.pt", "index.commoncrawl.org"):
        assert any(f"{host} is down" in line for line in summary.lines)
    assert (rescuer.believed(), rescuer.held()) == (before, held)
    assert rescuer.rows("SELECT ended_by, exit_code FROM runs ORDER BY id DESC LIMIT 1") == [("finished", 3)]


def test_who_holds_copies_is_not_known_when_all_archives_are_down(rescuer: Rescuer) -> None:
    everything("reset")(rescuer.archives)
    assert rescuer.rescue(str(PARTS[0]), check=True).exit_code == 3, "the part is held, but nobody said who else has it"


def test_all_archives_refusing_us_is_told_by_the_exit_code(rescuer: Rescuer) -> None:
    rescuer.archives.faults.rate_limit("*", 7200)
    summary = rescuer.rescue()

    assert summary.exit_code == 4
    assert rescuer.rows("SELECT ended_by FROM runs ORDER BY id DESC LIMIT 1") == [("refused",)]


def test_an_archive_that_is_down_is_not_asked_for_the_next_part(rescuer: Rescuer, tmp_path: Path) -> None:
    rescuer.archives.faults.error("web.archive.org/*", status=503)
    with StandIn(small_site()) as standin:
        standin.faults.not_found(PARTS[0])
        fresh = tmp_path / "two.db"
        standin.faults.not_found(LOST)
        run_fetch(fresh, config_for(standin, tmp_path / "."), force=True)
    rescuer.db = fresh
    rescuer.config = config_for(rescuer.archives, tmp_path)
    summary = rescuer.rescue(delay_s=0.0, feed=False)

    assert len(summary.document["rescued"]) + len(summary.document["not_found"]) == 2
    skipped = [reason for source, outcome, reason in rescuer.attempts() if (source, outcome) == ("wayback", "skipped")]
    assert len(skipped) >= 1
    assert all("web.archive.org is down" in reason for reason in skipped)


# ─── manners ────────────────────────────────────────────────────────────────────────────────────


def test_429_is_answered_with_the_rest_that_it_wants(rescuer: Rescuer) -> None:
    in_wayback(rescuer.archives)
    rescuer.archives.faults.rate_limit("web.archive.org/cdx*", 95, times=1)
    clock = FakeClock()

    assert rescuer.rescue(clock=clock).exit_code == 0
    assert max(clock.sleeps) == pytest.approx(95, abs=1)
    assert [outcome for _, outcome, _ in rescuer.attempts()][:2] == ["rate_limited", "ok"]


def test_a_long_rest_is_remembered_by_the_next_run(rescuer: Rescuer) -> None:
    in_wayback(rescuer.archives)
    rescuer.archives.faults.rate_limit("web.archive.org/cdx*", 7200, times=1)
    first = rescuer.rescue(timemaps=(), common_crawl=False)
    asked = rescuer.asked()
    second = rescuer.rescue(timemaps=(), common_crawl=False)

    assert (first.exit_code, second.exit_code) == (4, 4)
    assert rescuer.asked() == asked
    assert any("web.archive.org asked us to wait until" in line for line in second.lines)
    later = FakeClock(datetime.now(UTC) + timedelta(hours=3))
    assert rescuer.rescue(clock=later).exit_code == 0


def test_each_host_has_its_own_delay(lost: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with rescuer_of(lost, tmp_path) as one, WebArchives() as other:
        in_common_crawl(other)
        one.archives.crawls.put(CRAWL, copy(days=60))
        clock = FakeClock()
        one.rescue(clock=clock, delay_s=4.0, delays_s={"web.archive.org": 9.0})

    starts = [entry.host for entry in one.archives.log]
    assert starts.count("web.archive.org") == 3
    assert any(9.0 <= sleep < 9.2 for sleep in clock.sleeps)


def test_the_pace_outlives_the_run(rescuer: Rescuer) -> None:
    rescuer.rescue(delay_s=0.0)
    last = rescuer.rows("SELECT max(started_at) FROM fetches")[0][0]
    clock = FakeClock(datetime.fromisoformat(last))
    rescuer.rescue(clock=clock, delay_s=30.0)

    assert clock.sleeps[0] >= 29.0


def test_the_robots_file_of_an_archive_is_respected(rescuer: Rescuer) -> None:
    in_wayback(rescuer.archives)
    rescuer.archives.faults.robots("disallow", "web.archive.org")
    summary = rescuer.rescue(timemaps=(), common_crawl=False)

    assert summary.exit_code == 3
    assert {attempt[:2] for attempt in rescuer.attempts()} == {("wayback", "disallowed")}
    assert rescuer.asked() == []


def test_common_crawl_can_be_left_alone(rescuer: Rescuer) -> None:
    in_common_crawl(rescuer.archives)
    rescuer.rescue(common_crawl=False)

    assert not any("commoncrawl" in url for url in rescuer.asked())


def test_archive_today_is_printed_and_never_asked(lost: Path, tmp_path: Path) -> None:
    hosts = ("web.archive.org", "arquivo.pt", "timetravel.mementoweb.org", "index.commoncrawl.org",
             "data.commoncrawl.org", "archive.ph", "archive.today")  # fmt: skip
    with rescuer_of(lost, tmp_path, hosts=hosts) as rescuer:
        there = f"https://archive.ph/{copy().timestamp}/{URL}"
        rescuer.archives.elsewhere.append((copy(), there))
        summary = rescuer.rescue()

    assert (
        rescuer.rescue(timemaps=("https://archive.ph/timemap/",), wayback=False, common_crawl=False).document[
            "requests"
        ]
        == 0
    )
    assert any(there in line and f"https://archive.today/{URL}" in line for line in summary.lines)
    assert not any(entry.host.startswith("archive.") for entry in rescuer.archives.log)


def test_a_limit_ends_the_run_and_the_next_goes_on(rescuer: Rescuer) -> None:
    in_common_crawl(rescuer.archives)
    first = rescuer.rescue(limit=3)

    assert (first.exit_code, first.document["ended_by"]) == (3, "limit")
    assert rescuer.rescue().exit_code == 0


# ─── insurance ──────────────────────────────────────────────────────────────────────────────────


def test_check_notes_who_holds_what_and_has_nothing(rescuer: Rescuer, capsys: pytest.CaptureFixture[str]) -> None:
    good = small_site().articles[PARTS[0]].published.astimezone(UTC) + timedelta(days=3)
    rescuer.archives.shelf.put(Memento(f"https://ithelp.ithome.com.tw/articles/{PARTS[0]}", good, page(PARTS[0])))
    in_common_crawl(rescuer.archives)
    held = rescuer.held()

    assert rescuer.run("rescue", "--check", "-q") == 3
    assert rescuer.held() == held
    assert not any("/web/2" in url or "data.commoncrawl" in url for url in rescuer.asked())
    capsys.readouterr()
    assert rescuer.run("status", "--copies") == 0
    told = capsys.readouterr()
    table = [line.split("\t") for line in told.out.splitlines()]
    assert table[0][:8] == ["article", "part", "ours", "wayback", "common crawl", "other archive", "imported", "copies"]
    assert table[1][:8] == [str(PARTS[0]), "1", "live", f"{good:%Y-%m-%d}", "-", "-", "-", "2"]
    assert table[5][:8] == [str(LOST), "5", "-", "-", f"{copy(days=60).at:%Y-%m-%d}", "-", "-", "1"]
    assert "5 parts: 4 hang on one copy alone, 0 are held by nobody known." in told.err


def test_a_copy_that_was_refused_is_no_insurance(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(soft()))
    rescuer.rescue(timemaps=(), common_crawl=False)

    assert rescuer.rows("SELECT outcome, confirmed FROM copies") == [("soft_404", 1)]
    assert rescuer.rows("SELECT wayback_at, copies FROM copies_of_parts WHERE id = ?", LOST) == [(None, 0)]


def test_the_run_as_json_tells_what_came_from_where(rescuer: Rescuer, capsys: pytest.CaptureFixture[str]) -> None:
    in_wayback(rescuer.archives)
    code = rescuer.run("rescue", "-q", "--json")
    document = json.loads(capsys.readouterr().out)

    assert (code, document["exit_code"]) == (0, 0)
    assert document["rescued"][0]["id"] == LOST
    assert document["rescued"][0]["source"] == "wayback"
    assert document["series"][0]["rescued"] == 1


# ─── images ─────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_image_comes_back(rescuer: Rescuer) -> None:
    image = rescuer.rows("SELECT images.url FROM images JOIN article_images ON image_id = images.id LIMIT 1")[0][0]
    from archiver.archive.connection import open_writer
    from archiver.standin.images import picture

    body, mime = picture("/upload/images/20230916/x.png")
    database = open_writer(rescuer.db)
    database.execute(
        "UPDATE pages SET state = 'suspect', last_fetch_at = '2026-01-01', last_outcome = 'not_found' WHERE url = ?",
        [image],
    )
    database.conn.commit()
    database.close()
    in_wayback(rescuer.archives)
    rescuer.archives.shelf.put(copy(body, url=image, mime=mime))

    assert rescuer.rescue().exit_code == 0
    assert rescuer.rows("SELECT source FROM captures JOIN pages ON pages.id = page_id WHERE url = ?", image) == [
        ("wayback",)
    ]
    held = "SELECT media_type, width, capture_id IS NOT NULL FROM images WHERE url = ?"
    assert rescuer.rows(held, image)[0][2] == 1
