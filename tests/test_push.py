"""Push through the command line: what is asked of whom, when a copy counts, what is kept for the next run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from archives import tampering
from children import Children
from depths import deeper, depth
from fakes import START, FakeClock
from hypothesis import given
from hypothesis import strategies as st
from pushers import ONE, SAVE, Pusher
from rescuers import PARTS, page
from runs import config_for, rows

from archiver import cli, ithome, pages
from archiver.commands.sending import the_one
from archiver.diff import difference
from archiver.holders.save_page_meaning import Said, Told
from archiver.holders.save_page_now import (
    MOST_ATTEMPTS,
    Seen,
    after_asking,
    after_looking,
    after_polling,
    read_asked,
    read_status,
)
from archiver.machine.interruption import Interrupted
from archiver.model import Address, CaptureSource, Copy, Ours, Push, PushState
from archiver.model.readings import ArticlePage, Reading
from archiver.standin.render import article_url
from archiver.standin.web_archives import Memento, WebArchives
from archiver.standin.wire import Reply

KEY, SECRET = "access", "secret"


# ─── a copy that counts ─────────────────────────────────────────────────────────────────────────


def test_a_push_is_confirmed_by_the_index_and_the_text(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    before = pusher.believed()

    assert pusher.push(str(ONE), "-q") == 0
    out = capsys.readouterr().out
    assert f"confirmed: {ONE}: https://web.archive.org/web/2026" in out
    assert pusher.state() == "confirmed"
    assert pusher.believed() == before, "what is known of the live page never changes"
    assert pusher.rows("SELECT confirmed, outcome, made_at FROM copies") == [
        (1, "ok", pusher.rows("SELECT made_at FROM pushes")[0][0])
    ]
    assert pusher.run("verify") == 0
    assert pusher.run("status", "--copies") == 0
    told = capsys.readouterr()
    assert "Pushed to the Wayback Machine: 1 confirmed." in told.err
    assert pusher.run("why", str(ONE)) == 0
    told = capsys.readouterr()
    assert "asked Save Page Now (to save it)" in told.out
    assert "push to the Wayback Machine: confirmed" in told.out


def test_everything_is_pushed_when_the_user_says_so_most_endangered_first(
    pusher: Pusher, capsys: pytest.CaptureFixture[str]
) -> None:
    pusher.push(str(PARTS[1]), "-q")  # two hold it from now on
    capsys.readouterr()

    assert pusher.push("--yes", "-q") == 0
    assert "5 parts: 5 confirmed" in capsys.readouterr().out
    order = pusher.rows("SELECT article_id FROM pushes JOIN pages ON pages.id = page_id ORDER BY pushes.id")
    assert [number for (number,) in order] == [PARTS[1], PARTS[0], *PARTS[2:]]
    starts = [at for (at,) in pusher.rows("SELECT asked_at FROM pushes ORDER BY asked_at")]
    assert len(set(starts)) == 5
    capsys.readouterr()
    asked = len(pusher.asked())
    assert pusher.push("--yes", "-q") == 0, "what is confirmed is not asked for again"
    assert pusher.push("-q") == 0, "and where nothing is left to do the user is not asked either"
    assert len(pusher.asked()) == asked


def test_a_snapshot_of_some_minutes_ago_is_a_success(pusher: Pusher) -> None:
    assert pusher.push(str(ONE), "-q") == 0
    rows_before = pusher.rows("SELECT made_at FROM pushes")
    with tampering(pusher.db) as connection:
        connection.execute("DELETE FROM pushes")
        connection.execute("DELETE FROM copies")
    pusher.clock.advance(minutes=20)

    assert pusher.push(str(ONE), "-q") == 0
    assert pusher.rows("SELECT made_at FROM pushes") == rows_before
    said = pusher.rows("SELECT signals ->> 'reason' FROM fetches WHERE requested_url = ? ORDER BY id DESC", SAVE)
    assert "The same snapshot had been made 20 minutes ago" in said[0][0]
    assert len(pusher.archives.shelf.all()) == 1


def test_an_older_capture_is_not_taken_for_the_one_asked_for(pusher: Pusher) -> None:
    pusher.archives.shelf.put(Memento(article_url(ONE), pusher.clock.now() - timedelta(days=2), page(ONE)))
    pusher.archives.faults.replies(
        "web.archive.org/save", b'{"url": "x", "job_id": "spn2-0123456789abcdef"}', "application/json"
    )
    pusher.archives.faults.replies(
        "web.archive.org/save/status*", b'{"status": "success", "timestamp": "20261223120000"}', "application/json"
    )

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE] == ("pending", "the index of the Wayback Machine does not show it yet")


# ─── keys ───────────────────────────────────────────────────────────────────────────────────────


def test_keys_go_to_web_archive_org_alone_and_into_no_file(pusher: Pusher, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = "AkeyOfMine123456", "AsecretOfMine654"
    monkeypatch.setenv("ARCHIVER_SPN_KEY", key)
    monkeypatch.setenv("ARCHIVER_SPN_SECRET", secret)
    echo = f'{{"message": "You {key} need {secret} to be logged in", "job_id": "{secret}"}}'.encode()
    pusher.archives.faults.replies("web.archive.org/save", echo, "application/json", times=1)

    assert pusher.push("--yes", "-q", "-v") in {3, 4}
    named = [entry for entry in pusher.archives.log if "authorization" in entry.headers]
    assert named
    assert {entry.host for entry in named} == {"web.archive.org"}
    assert {entry.headers["authorization"] for entry in named} == {f"LOW {key}:{secret}"}
    assert all(entry.target.startswith("/save") for entry in named), "the index and the captures need no keys"
    for file in pusher.db.parent.glob("a.db*"):
        assert key.encode() not in file.read_bytes()
        assert secret.encode() not in file.read_bytes()


def test_keys_of_the_config_work_and_are_shown_nowhere(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    with pusher.config.open("a", encoding="utf-8") as text:
        text.write(f'key = "{KEY}"\nsecret = "{SECRET}"\n')
    assert pusher.push("5943", "--json") == 0
    told = capsys.readouterr()
    assert [one["state"] for one in json.loads(told.out)["pushes"]] == ["confirmed"] * 5
    assert pusher.push("5943", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["keys"] is True
    assert {entry.headers.get("authorization") for entry in pusher.archives.log if "/save" in entry.target} == {
        f"LOW {KEY}:{SECRET}"
    }
    config = pusher.rows("SELECT config FROM runs WHERE command = 'push'")
    assert [json.loads(text)["keys"] for (text,) in config] == [True]
    assert f"{KEY}:{SECRET}" not in told.out + told.err


def test_wrong_keys_stop_the_run_and_cost_no_part_anything(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARCHIVER_SPN_KEY", "wrong-key")
    monkeypatch.setenv("ARCHIVER_SPN_SECRET", "wrong-secret")

    assert pusher.push("5943", "-q") == 4
    assert "check ARCHIVER_SPN_KEY" in capsys.readouterr().out
    assert pusher.saves() == 1
    assert {state for state, _ in pusher.pushes().values()} == {"queued"}
    monkeypatch.delenv("ARCHIVER_SPN_KEY")
    monkeypatch.delenv("ARCHIVER_SPN_SECRET")
    assert pusher.push(str(ONE), "-q") == 0


@pytest.mark.parametrize(
    ("key", "secret", "words"),
    [
        ("only-one", "", "one of the two is set"),
        ("with space", "x", "not keys of archive.org"),
        ("with:colon", "x", "not keys of archive.org"),
        ("line\nbreak", "x", "not keys of archive.org"),
    ],
)
def test_keys_that_cannot_be_sent_are_told_without_being_shown(
    pusher: Pusher,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    secret: str,
    words: str,
) -> None:
    monkeypatch.setenv("ARCHIVER_SPN_KEY", key)
    monkeypatch.setenv("ARCHIVER_SPN_SECRET", secret)

    assert pusher.push(str(ONE), "-q") == 2
    told = capsys.readouterr().err
    assert words in told
    assert key not in told
    assert pusher.asked() == []


def test_a_key_in_the_config_that_is_none_is_not_shown(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    with pusher.config.open("a", encoding="utf-8") as text:
        text.write('key = "my key"\n')

    assert pusher.push(str(ONE)) == 2
    told = capsys.readouterr().err
    assert "push.key: expected the words of a key" in told
    assert "my key" not in told


def test_without_keys_the_page_for_people_names_the_job_as_well(pusher: Pusher) -> None:
    job = "spn2-" + "a" * 40
    text = f'<html><h2>Saving page</h2><script>spn.watchJob("{job}", "/_static/",6000);</script></html>'
    pusher.archives.faults.replies("web.archive.org/save", text.encode(), times=1)

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.rows("SELECT job_id, state FROM pushes") == [(job, "pending")]
    assert pusher.asked("/save/status/")
    assert not any("authorization" in entry.headers for entry in pusher.archives.log)


# ─── limits ─────────────────────────────────────────────────────────────────────────────────────


def test_a_429_ends_the_run_and_the_queue_is_kept(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    pusher.archives.save_page_now.anonymous = 2

    assert pusher.push("5943", "-q") == 4
    out = capsys.readouterr().out
    assert "Save Page Now wants no more of us for now" in out
    assert "Come back after 2026-12-23 12:0" in out
    assert pusher.saves() == 3
    states = sorted(state for state, _ in pusher.pushes().values())
    assert states.count("queued") == 3
    asked = len(pusher.asked())

    assert pusher.push("5943", "-q") == 4, "it is left alone until the rest is over"
    assert len(pusher.asked()) == asked

    pusher.clock.advance(minutes=2)
    pusher.archives.save_page_now.anonymous = 99
    assert pusher.push("5943", "-q") == 0
    assert pusher.saves() == 3 + 3


def test_a_long_retry_after_is_kept_across_runs(pusher: Pusher) -> None:
    pusher.archives.faults.rate_limit("web.archive.org/save", 7200, times=1)

    assert pusher.push(str(ONE), "-q") == 4
    pusher.clock.advance(minutes=110)
    assert pusher.push(str(ONE), "-q") == 4
    assert pusher.saves() == 1
    pusher.clock.advance(minutes=11)
    assert pusher.push(str(ONE), "-q") == 0


def test_a_limit_of_sessions_ends_the_run_and_is_no_fault_of_the_part(pusher: Pusher) -> None:
    pusher.archives.save_page_now.sessions = 0

    assert pusher.push("5943", "-q") == 4
    assert pusher.saves() == 1
    assert pusher.rows("SELECT DISTINCT state, attempts FROM pushes") == [("queued", 0)]


def test_few_jobs_are_at_work_at_once_and_captures_are_asked_for_slowly(pusher: Pusher) -> None:
    pusher.archives.save_page_now.pending = 3

    assert pusher.push("--yes", "-q") == 0
    starts = [at for (at,) in pusher.rows("SELECT unixepoch(started_at) FROM fetches WHERE requested_url = ?", SAVE)]
    assert all(later - sooner >= 15 for sooner, later in pairwise(starts))
    open_now, most = set(), 0
    for entry in pusher.archives.log:
        if entry.method == "POST":
            open_now.add(entry.started)
            most = max(most, len(open_now))
        if "/cdx/" in entry.target and open_now:
            open_now.pop()
    assert most <= 2


def test_jobs_of_an_earlier_run_count_as_well(pusher: Pusher) -> None:
    pusher.archives.save_page_now.pending = 99
    with pusher.config.open("a", encoding="utf-8") as text:
        text.write("jobs = 1\nwait_s = 0\n")

    assert pusher.push(str(PARTS[0]), "-q") == 3
    assert pusher.push(str(PARTS[1]), "-q") == 3
    first, second = (at for (at,) in pusher.rows("SELECT unixepoch(asked_at) FROM pushes ORDER BY id"))
    assert second - first >= 180


def test_the_pace_is_kept_from_run_to_run(pusher: Pusher) -> None:
    for number in PARTS[:3]:
        assert pusher.push(str(number), "-q") == 0
    starts = [at for (at,) in pusher.rows("SELECT unixepoch(started_at) FROM fetches WHERE requested_url = ?", SAVE)]
    assert len(starts) == 3
    assert all(later - sooner >= 15 for sooner, later in pairwise(starts))


def test_our_own_daily_limit_is_kept_across_runs(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    with pusher.config.open("a", encoding="utf-8") as text:
        text.write("daily = 2\n")

    assert pusher.push("5943", "-q") == 3
    assert "push.daily allows 2" in capsys.readouterr().out
    pusher.clock.advance(hours=3)
    assert pusher.push("5943", "-q") == 3
    assert pusher.saves() == 2
    pusher.clock.advance(hours=22)
    assert pusher.push("5943", "-q") == 3
    assert pusher.saves() == 4


def test_the_limit_of_requests_keeps_the_queue(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    assert pusher.push("5943", "-q", "--limit", "6") == 3
    assert "limit of requests" in capsys.readouterr().out
    assert len(pusher.archives.log) == 6
    assert pusher.push("5943", "-q") == 0
    assert pusher.saves() == 5


# ─── what is not confirmed ──────────────────────────────────────────────────────────────────────


def test_another_text_is_a_mismatch_and_no_insurance(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    edited = page(ONE).replace("。</p>".encode(), "。後來改過了。</p>".encode())
    assert edited != page(ONE)
    pusher.live[article_url(ONE)] = Reply(200, edited)
    before = pusher.believed()

    assert pusher.push(str(ONE), "-q") == 3
    state, reason = pusher.pushes()[ONE]
    assert state == "mismatch"
    assert "another" in reason
    assert pusher.believed() == before
    assert pusher.rows("SELECT wayback_at, copies, push FROM copies_of_parts WHERE id = ?", ONE) == [
        (None, 1, "mismatch")
    ]
    capsys.readouterr()
    pusher.run("status", "--copies")
    assert f"push mismatch: {ONE}: " in capsys.readouterr().err
    assert pusher.run("verify") == 0
    asked = pusher.saves()
    assert pusher.push(str(ONE), "-q") == 3, "it is not asked for again the same day"
    assert pusher.saves() == asked
    pusher.live[article_url(ONE)] = Reply(200, page(ONE))
    pusher.clock.advance(days=2)
    assert pusher.push(str(ONE), "-q") == 0


def test_a_captured_bot_check_is_a_mismatch(pusher: Pusher) -> None:
    wall = b"<html><head><title>Just a moment...</title></head><body><form id='challenge-form'></form></body></html>"
    pusher.live[article_url(ONE)] = Reply(200, wall)

    assert pusher.push(str(ONE), "-q") == 3
    state, reason = pusher.pushes()[ONE]
    assert state == "mismatch"
    assert reason.startswith("what was captured is not the page")


def test_what_the_index_never_shows_stays_pending_and_is_asked_for_again_after_a_week(pusher: Pusher) -> None:
    pusher.archives.faults.replies("web.archive.org/cdx*", b"[]", "application/json")

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE] == ("pending", "the index of the Wayback Machine does not show it yet")
    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.saves() == 1, "nothing is asked for twice while it is pending"
    for _ in range(3):
        pusher.clock.advance(days=8)
        assert pusher.push(str(ONE), "-q") == 3
    assert pusher.state() == "refused"
    assert pusher.saves() == 3
    assert pusher.rows("SELECT count(*) FROM pushes") == [(1,)]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("error:blocked-url", "This URL is in the Save Page Now service block list and cannot be captured."),
        ("error:no-access", "Target URL could not be accessed (status=403)."),
        ("error:unauthorized", "The server requires authentication (HTTP status=401)."),
        ("error:too-many-redirects", "Too many redirects (more than 60)."),
        ("error:something-new", "Target host is blocked by robots.txt"),
    ],
)
def test_what_will_not_be_made_is_refused_with_the_reason(pusher: Pusher, error: str, message: str) -> None:
    body = json.dumps({"status": "error", "status_ext": error, "message": message}).encode()
    pusher.archives.faults.replies("web.archive.org/save", body, "application/json")

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE] == ("refused", f"{message} ({error.removeprefix('error:')})")
    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.saves() == 1, "a refusal is not asked for again the same day"


def test_a_page_that_is_gone_meanwhile_is_refused(pusher: Pusher) -> None:
    pusher.live[article_url(ONE)] = Reply(404, b"")

    assert pusher.push(str(ONE), "-q") == 3
    state, reason = pusher.pushes()[ONE]
    assert (state, "not found" in reason) == ("refused", True)


def test_a_part_that_is_gone_is_not_asked_for(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    with tampering(pusher.db) as connection:
        connection.execute("UPDATE pages SET state = 'gone' WHERE article_id = ?", [ONE])

    assert pusher.push(str(ONE), "-q") == 3
    assert "gone from the site" in capsys.readouterr().out
    assert pusher.asked() == []


def test_a_failure_that_may_pass_is_tried_three_times_over_as_many_runs(pusher: Pusher) -> None:
    pusher.live[article_url(ONE)] = Reply(503, b"")

    for state in ("queued", "queued", "refused"):
        assert pusher.push(str(ONE), "-q") == 3
        assert pusher.state() == state
        pusher.clock.advance(minutes=90)
    assert pusher.saves() == 3
    assert pusher.rows("SELECT attempts FROM pushes") == [(3,)]


# ─── a service in trouble ───────────────────────────────────────────────────────────────────────


def test_a_service_that_is_down_changes_nothing_and_is_told(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    pusher.archives.faults.error("web.archive.org*", status=503)
    before = pusher.believed()

    assert pusher.push("5943", "-q") == 4
    out = capsys.readouterr().out
    assert "Save Page Now is in trouble: HTTP 503" in out
    assert "Come back after 2026-12-23 12:05 UTC" in out
    assert pusher.saves() == 1, "a form is never sent twice unasked, and a host that is down is left alone"
    assert pusher.rows("SELECT DISTINCT state, attempts FROM pushes") == [("queued", 0)]
    assert pusher.believed() == before
    pusher.archives.faults.clear()
    pusher.clock.advance(minutes=6)
    assert pusher.push("5943", "-q") == 0


def test_an_answer_that_is_lost_on_its_way_leads_to_no_second_capture(pusher: Pusher) -> None:
    pusher.archives.faults.truncate("web.archive.org/save", times=1)

    assert pusher.push(str(ONE), "-q") == 3
    assert (pusher.state(), pusher.saves()) == ("queued", 1)
    pusher.clock.advance(minutes=5)
    assert pusher.push(str(ONE), "-q") == 0
    assert len(pusher.archives.shelf.all()) == 1


def test_the_index_being_down_leaves_it_pending(pusher: Pusher) -> None:
    pusher.archives.faults.error("web.archive.org/cdx*", status=503)

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.state() == "pending"
    pusher.archives.faults.clear()
    assert pusher.push(str(ONE), "-q") == 0
    assert pusher.saves() == 1


def test_a_capture_that_playback_does_not_give_is_pending(pusher: Pusher) -> None:
    pusher.archives.faults.redirect("web.archive.org/web/*", "https://web.archive.org/web/2020/https://example.org/")

    assert pusher.push(str(ONE), "-q") == 3
    state, reason = pusher.pushes()[ONE]
    assert state == "pending"
    assert reason.startswith("the index shows it, but it cannot be had yet")
    pusher.archives.faults.clear()
    assert pusher.push(str(ONE), "-q") == 0


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Internet Archive</title></html>", b"", b"[]", b"null", b'{"job_id": 7}', b'{"job_id": ""}',
        b'{"job_id": "../../cdx/search"}', b'{"job_id": "spn2-/../x"}', b'{"job_id": "a?b=c#d-123456"}',
        b"[" * 100_000, b'{"job_id": "' + b"a" * 2_000_000 + b'"}', b'{"message": {"a": 1}}', b"\xff\xfe\x00",
        b'{"status_ext": ["x"]}',
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_no_job(pusher: Pusher, body: bytes) -> None:
    pusher.archives.faults.replies("web.archive.org/save", body, "application/json", times=1)

    assert pusher.push(str(ONE), "-q") == 4
    state, reason = pusher.pushes()[ONE]
    assert state == "queued"
    assert "answer" in reason
    assert [one for one in pusher.asked() if one != f"POST {SAVE}"] == []
    pusher.clock.advance(minutes=61)
    assert pusher.push(str(ONE), "-q") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"no json", 4), (b'{"status": "success", "timestamp": "yesterday"}', 3), (b'{"status": "success"}', 3),
        (b'{"status": 1}', 4), (b'{"status": "success", "timestamp": "20010101000000"}', 3), (b"[" * 100_000, 4),
        (b'{"status": "success", "timestamp": "99999999999999"}', 3),
    ],
)  # fmt: skip
def test_a_hostile_word_about_a_job_confirms_nothing_by_itself(pusher: Pusher, body: bytes, code: int) -> None:
    pusher.archives.faults.replies("web.archive.org/save/status*", body, "application/json")
    pusher.archives.faults.replies("web.archive.org/cdx*", b"[]", "application/json")

    assert pusher.push(str(ONE), "-q") == code
    assert pusher.state() == "pending"


def test_a_redirect_takes_no_keys_along(pusher: Pusher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVER_SPN_KEY", KEY)
    monkeypatch.setenv("ARCHIVER_SPN_SECRET", SECRET)
    pusher.archives.faults.redirect("web.archive.org/save", f"https://arquivo.pt/{SECRET}")

    assert pusher.push(str(ONE), "-q") == 4
    assert {entry.host for entry in pusher.archives.log} == {"web.archive.org"}
    assert pusher.state() == "queued"


# ─── going on ───────────────────────────────────────────────────────────────────────────────────


def test_a_slow_job_is_left_for_the_next_run_and_heard_of_first(pusher: Pusher) -> None:
    pusher.archives.save_page_now.pending = 30

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE] == ("pending", "Save Page Now is at work")
    pusher.archives.save_page_now.pending = 1
    asked = len(pusher.asked())
    assert pusher.push("5943", "-q") == 0
    assert "/save/status/" in pusher.asked()[asked]
    assert pusher.saves() == 5


def test_a_run_that_is_killed_anywhere_is_gone_on_with(pusher: Pusher) -> None:
    for number in range(1, 14):
        assert pusher.push("5943", "-q", "--limit", "3") in {0, 3}
        with tampering(pusher.db) as connection:  # as a kill leaves it: the run open, the last step not written down
            connection.execute(
                "UPDATE runs SET finished_at = NULL, ended_by = NULL, exit_code = NULL, digest = NULL"
                " WHERE id = (SELECT max(id) FROM runs)"
            )
            if number % 3 == 0:
                connection.execute("UPDATE pushes SET state = 'queued', job_id = NULL WHERE state = 'pending'")
        pusher.clock.advance(seconds=30)
    assert pusher.push("5943", "-q") == 0
    assert {state for state, _ in pusher.pushes().values()} == {"confirmed"}
    assert len(pusher.archives.shelf.all()) == 5, "each was captured once"


class StoppingClock(FakeClock):
    """A clock that is interrupted in its third wait of some seconds, as by Ctrl-C."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if sum(one >= 5 for one in self.sleeps) == 3:
            raise Interrupted(signal.SIGINT)


def test_an_interrupted_run_keeps_its_queue(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    pusher.clock = StoppingClock(pusher.clock.now())

    assert pusher.push("5943", "-q") == 130
    assert "Interrupted; the queue is kept." in capsys.readouterr().out
    assert {state for state, _ in pusher.pushes().values()} > {"queued"}
    assert pusher.rows("SELECT ended_by FROM runs ORDER BY id DESC LIMIT 1") == [("interrupted",)]
    pusher.clock = FakeClock(pusher.clock.now() + timedelta(minutes=5))
    assert pusher.push("5943", "-q") == 0
    assert pusher.saves() == 5


def test_sigkill_at_any_moment_loses_no_push(held: Path, tmp_path: Path) -> None:
    shutil.copy(held, tmp_path / "a.db")
    live = {article_url(number): Reply(200, page(number)) for number in PARTS}
    with WebArchives(live.get) as archives, Children() as children:
        archives.save_page_now.anonymous = 999
        file = config_for(archives, tmp_path)
        with file.open("a", encoding="utf-8") as text:
            text.write("\n[rescue]\ndelay_s = 0.0\n[push]\ndelay_s = 0.0\npoll_s = 0.1\n")
        command = ("push", "--yes", "-q", "--db", tmp_path / "a.db", "--config", file)
        killed = 0
        for requests in range(1, depth(4, 40)):
            before = len(archives.log)
            child = children.start(*command)
            give_up = time.monotonic() + 10
            while len(archives.log) < before + requests % 5 + 1 and time.monotonic() < give_up:
                if rows(
                    tmp_path / "a.db", "SELECT 1 WHERE (SELECT count(*) FROM pushes WHERE state = 'confirmed') = 5"
                ):
                    break
                time.sleep(0.001)
            killed += child.kill().code == -signal.SIGKILL
        ended = children.run(*command)

    assert (ended.code, ended.err) == (0, "")
    assert killed >= 2
    assert rows(tmp_path / "a.db", "SELECT DISTINCT state FROM pushes") == [("confirmed",)]
    assert rows(tmp_path / "a.db", "SELECT count(*), count(DISTINCT page_id) FROM pushes") == [(5, 5)]
    assert len(archives.shelf.all()) == 5, "each was captured once"


# ─── the command line ───────────────────────────────────────────────────────────────────────────


def test_nothing_is_pushed_without_the_users_word(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    assert pusher.push() == 2
    told = capsys.readouterr().err
    assert "5 of 5 parts that are held are to be pushed" in told
    assert "at least 1 min 15 s" in told
    assert "--yes" in told
    assert pusher.push("--dry-run") == 0
    assert "5 of 5" in capsys.readouterr().out
    assert pusher.push("77") == 2
    assert pusher.asked() == []
    assert pusher.rows("SELECT count(*) FROM pushes") == [(0,)]


@pytest.mark.parametrize(("answer", "said"), [deeper(b"n\n", "Nothing was asked."), (b"\n", "Nothing was asked.")])
def test_on_a_terminal_the_user_is_asked_first(pusher: Pusher, answer: bytes, said: str) -> None:
    ours, theirs = os.openpty()
    command: list[str | Path] = [sys.executable, "-m", "archiver", "push", "--db", pusher.db, "--config", pusher.config]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        os.write(ours, answer)
        _, err = child.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)

    assert child.returncode == 0
    assert b"5 of 5 parts that are held are to be pushed" in err
    assert b"Go on? [y/N]" in err
    assert said.encode() in err
    assert pusher.asked() == []


def test_no_archive_is_made_by_a_push(pusher: Pusher, tmp_path: Path) -> None:
    missing = tmp_path / "none.db"

    assert cli.run(["push", "--yes", "--db", str(missing), "--config", str(pusher.config)]) == 5
    assert not missing.exists()


# ─── the states of a push ───────────────────────────────────────────────────────────────────────

TOLD = st.builds(
    Told, st.sampled_from(Said), st.sampled_from(["", "words"]), st.sampled_from([None, "spn2-0123456789"]),
    st.integers(0, 100_000), st.sampled_from([None, START, START + timedelta(days=3), START - timedelta(days=900)]),
)  # fmt: skip
COPIES = st.sampled_from([(None, None), ("https://web.archive.org/web/1/x", START)])
STEPS = st.tuples(st.sampled_from(["ask", "poll", "look"]), TOLD, st.sampled_from(Seen), COPIES, st.integers(0, 9))
FINAL = {PushState.CONFIRMED, PushState.REFUSED, PushState.MISMATCH}


def step(push: Push, which: str, told: Told, seen: Seen, copy: tuple[Any, Any], now: datetime) -> Push:
    if which == "ask":
        return after_asking(push, told, now)
    if which == "poll":
        return after_polling(push, told, now)
    return after_looking(push, seen, "why", now, copy_url=copy[0], made_at=copy[1], text_sha256="0")


@given(st.lists(STEPS, max_size=30))
def test_a_push_goes_only_where_it_may(steps: list[Any]) -> None:
    push, now = Push(), START
    for which, told, seen, copy, days in steps:
        now += timedelta(days=days, seconds=1)
        before, push = push, step(push, which, told, seen, copy, now)
        if before.state in FINAL:
            assert push == before, "what ended, ended"
        if which != "look" and told.said in {Said.LIMIT, Said.KEYS, Said.DOWN}:
            assert push == before, "a service that does not answer says nothing about the part"
        if push.state is PushState.CONFIRMED and before.state is not PushState.CONFIRMED:
            assert (which, seen) == ("look", Seen.EQUAL)
            assert push.copy_url is not None
            assert push.made_at is not None
        if push.state is PushState.PENDING and before.state is PushState.QUEUED:
            assert (which, told.said) == ("ask", Said.ACCEPTED)
        assert 0 <= push.attempts <= MOST_ATTEMPTS
        assert push.attempts >= before.attempts or told.said is Said.TROUBLE
        if which != "look" and told.said in {Said.TROUBLE, Said.UNCLEAR}:
            assert push.state in {before.state, PushState.QUEUED}, "nobody said anything of the page"
        assert (push.attempts > before.attempts) <= (which == "ask")
        assert push.state is PushState.PENDING or not push.job_runs
        assert push.state is not PushState.PENDING or push.not_before is not None
        assert push.asked_at is None or (push.not_before is not None and push.not_before <= push.asked_at)


WORDS = st.sampled_from([
    "success", "error", "pending", "error:celery", "error:blocked-url", "20261223120000", "../x", "spn2-0123456789",
    "The same snapshot had been made 9999 days and 3 hours ago.", "The same snapshot had been made a while ago.",
])  # fmt: skip
OTHER = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(WORDS, max_size=2)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["job_id", "status", "status_ext", "message", "timestamp"]), WORDS | OTHER, max_size=5
)


@given(st.integers(200, 599), st.binary(max_size=200) | DOCUMENTS.map(lambda one: json.dumps(one).encode()))
def test_any_answer_is_read_as_something_that_cannot_lead_astray(status: int, body: bytes) -> None:
    for told in (read_asked(status, body), read_status(status, body)):
        assert told.job_id is None or re.fullmatch(r"[0-9A-Za-z-]{8,64}", told.job_id)
        assert 0 <= told.ago_s <= 10_001 * 86_400 + 10_000 * 3_600
        assert len(told.reason) <= 500
        assert "\n" not in told.reason
        after_asking(Push(), told, START)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("0 minutes", 60), ("4 minutes", 300), ("1 hour, 2 minutes", 3_600 + 120 + 60), ("2 days", 3 * 86_400),
        ("20 seconds", 21), ("a while", 3_600),
    ],
)  # fmt: skip
def test_how_long_ago_a_snapshot_was_made_is_never_told_too_short(words: str, seconds: int) -> None:
    body = json.dumps({"job_id": "spn2-12345678", "message": f"The same snapshot had been made {words} ago. You"})

    assert read_asked(200, body.encode()).ago_s == seconds


def test_captures_of_today_by_others_are_looked_for_too() -> None:
    body = json.dumps({"status": "error", "status_ext": "error:too-many-daily-captures", "message": "10 times today"})
    push = after_asking(Push(), read_asked(200, body.encode()), START)

    assert (push.state, push.not_before, push.job_runs) == (PushState.PENDING, START - timedelta(days=1), False)


def test_the_capture_nearest_to_what_the_service_says_is_taken_and_none_from_before() -> None:
    push = Push(PushState.PENDING, 1, START, START, made_at=START + timedelta(minutes=10))
    made = [
        Copy(CaptureSource.WAYBACK, f"https://web.archive.org/web/{n}", START + timedelta(minutes=n), "x")
        for n in (-60, -1, 0, 9, 300)
    ]

    assert the_one(made, push) == made[3]
    assert the_one(made, replace(push, made_at=None)) == made[2]
    assert the_one(made[:2], push) is None


def reading_of(number: int = ONE) -> Reading:
    address = ithome.classify(article_url(number))
    assert isinstance(address, Address)
    return pages.read(address, page(number), "text/html; charset=UTF-8")


def ours_of(reading: Reading, **changes: Any) -> Ours:
    article = reading.page
    assert isinstance(article, ArticlePage)
    assert article.body is not None
    code = tuple(block.code for block in article.body.code_blocks)
    return replace(Ours(article.title or "", article.body.text, code, "other", CaptureSource.LIVE), **changes)


def test_a_copy_says_the_same_when_words_and_code_do() -> None:
    reading = reading_of()
    ours = ours_of(reading)

    assert difference(ours, reading) is None
    assert difference(replace(ours, text_sha256=reading.content_sha256, text="x"), reading) is None
    assert difference(replace(ours, text=ours.text.replace("，", " , ")), reading) is None, "dress does not count"
    assert difference(replace(ours, title="另一個標題"), reading) is not None
    assert difference(replace(ours, text=ours.text + "又一句"), reading) is not None
    assert difference(replace(ours, code=("rm -rf /",)), reading) == "its code is another"
    assert difference(replace(ours, code=("x",), source=CaptureSource.FEED), reading) is None
    assert difference(ours, replace(reading, page=None, content_sha256=None)) == "what was captured is no article"
