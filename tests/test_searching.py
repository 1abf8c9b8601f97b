"""Rescue over many runs: on from where it stopped, and what is said of an index that named something."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import START, FakeClock
from hypothesis import given
from hypothesis import strategies as st
from rescuers import CRAWL, LOST, PUBLISHED, URL, Rescuer, copy, page

from archiver import pages
from archiver.archive.archive import Keeper
from archiver.config.rules import Rules, Schedule
from archiver.holders.choosing import choose, in_order
from archiver.model import (
    SUCCESSES,
    Address,
    Answer,
    CaptureSource,
    Copy,
    CopyKey,
    Exchange,
    Judgement,
    Outcome,
    Provenance,
    Verdict,
    key_of,
)
from archiver.model.readings import Facts, Reading
from archiver.report.runs import Summary

ALONE: dict[str, Any] = {"timemaps": (), "common_crawl": False}  # only the Wayback Machine


def bad(number: int) -> bytes:
    return b"<html><title>404 Not Found</title>%d</html>" % number


def had(rescuer: Rescuer) -> list[str]:
    """The timestamps of the copies that were asked for, in order."""
    return [url.split("/")[4].removesuffix("id_") for url in rescuer.asked() if "/web/2" in url]


def look(rescuer: Rescuer, **settings: Any) -> Summary:
    return rescuer.rescue(clock=FakeClock(datetime.now(UTC)), **{**ALONE, **settings})


# ─── on from where it stopped ───────────────────────────────────────────────────────────────────


def test_what_earlier_runs_refused_is_not_asked_for_again_and_the_next_ones_are(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(*(copy(bad(day), days=day) for day in range(1, 13)), copy(bad(99), days=400))
    first = look(rescuer, copies=3)

    assert "Copies that are named and were not tried yet: 10. Run the same command again to go on." in first.lines
    assert had(rescuer) == [copy(days=day).timestamp for day in (1, 400, 2)], "another year before the next days"
    look(rescuer, copies=3)
    assert had(rescuer)[3:] == [copy(days=day).timestamp for day in (3, 4, 5)]


def test_many_runs_try_every_copy_once_and_find_the_one_that_is_good(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(*(copy(bad(day), days=day) for day in range(1, 13)), copy(days=13))
    for run in range(5):
        assert look(rescuer, copies=3).exit_code == (3 if run < 4 else 0)

    assert len(had(rescuer)) == len(set(had(rescuer))) == 13
    assert (LOST, "wayback") in rescuer.held()
    assert rescuer.run("verify") == 0


def test_when_all_that_is_named_was_refused_nothing_is_had_and_the_reason_is_told(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(bad(1)), copy(bad(2), days=9))
    look(rescuer)
    asked = had(rescuer)
    second = look(rescuer)

    assert had(rescuer) == asked
    said = second.document["not_found"][0]["said"]
    assert said == ["the Wayback Machine: copies that were no good in earlier runs (2 soft_404)"]
    assert "holds no copy" not in second.as_text()
    assert "not tried yet" not in second.as_text()


def test_what_was_not_had_is_tried_again_after_the_others(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(bad(1), days=1), copy(bad(2), days=2))
    rescuer.archives.faults.error(f"web.archive.org/web/{copy(days=1).timestamp}*", status=503)
    look(rescuer, copies=1)
    assert rescuer.rows("SELECT outcome, judged_by FROM copies ORDER BY made_at LIMIT 1") == [("server_error", None)]
    wayback = "SELECT wayback_at IS NOT NULL FROM copies_of_parts WHERE id = ?"
    assert rescuer.rows(wayback, LOST) == [(1,)], "a service in trouble says nothing of its copies"
    rescuer.archives.faults.clear()
    before = len(had(rescuer))

    look(rescuer, copies=1)
    assert had(rescuer)[before:] == [copy(days=2).timestamp]
    look(rescuer, copies=1)
    assert had(rescuer)[-1] == copy(days=1).timestamp
    look(rescuer, copies=1)
    assert len(had(rescuer)) == before + 2


def test_a_copy_that_is_broken_in_the_archive_is_asked_for_in_two_runs(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(b"x" * 99, encoding="br"))
    for _ in range(4):
        look(rescuer)

    runs = rescuer.rows("SELECT DISTINCT run_id FROM fetches WHERE requested_url LIKE '%/web/2%'")
    assert len(runs) == 2


def test_a_copy_that_playback_does_not_have_is_asked_for_in_two_runs(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.not_found("web.archive.org/web/*")
    for _ in range(4):
        look(rescuer)

    assert len(had(rescuer)) == 2


def test_what_the_run_has_no_requests_left_for_waits_for_the_next(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(bad(1)), copy(bad(2), days=9))
    first = look(rescuer, limit=2)

    assert first.document["not_found"][0]["copies_left"] == 2
    assert had(rescuer) == []
    look(rescuer)
    assert len(had(rescuer)) == 2


def test_the_history_goes_on_too(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(*(copy(page().replace("。".encode(), b"%d. " % day), days=day) for day in range(1, 6)))
    for _ in range(3):
        rescuer.rescue(str(LOST), history=True, copies=2, **ALONE)

    assert len(had(rescuer)) == len(set(had(rescuer))) == 5


# ─── another law ────────────────────────────────────────────────────────────────────────────────


def test_another_law_judges_what_was_refused_anew_once(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(bad(1)))
    look(rescuer)
    look(rescuer)
    assert len(had(rescuer)) == 1

    of_earlier_law(rescuer)
    look(rescuer)
    look(rescuer)
    assert len(had(rescuer)) == 2


def test_another_bound_of_bytes_is_another_law(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    settings = rescuer.config.read_text("utf-8")
    rescuer.config.write_text(settings.replace("[network]", "[network]\nmax_body_bytes = 2000", 1), "utf-8")
    for _ in range(3):
        look(rescuer)
    asked = len(had(rescuer))
    rescuer.config.write_text(settings, "utf-8")

    assert rescuer.rows("SELECT outcome FROM copies") == [("too_large",)]
    assert asked <= 2
    assert look(rescuer).exit_code == 0


def test_bytes_that_are_held_are_judged_anew_without_asking(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    found = Copy(CaptureSource.WAYBACK, f"https://web.archive.org/web/{copy().timestamp}id_/{URL}", copy().at, URL)
    with _opened(rescuer, read=_unreadable) as archive:  # as an earlier version left it
        wanted = archive.copies.parts(page_url=URL)[0]
        answer = Answer(found.url, copy().at, 0, status=200, headers=(("content-type", "text/html"),), body=page())
        exchange = Exchange(wanted.address, answer, provenance=Provenance(found.holder, found.url, found.made_at))
        run_id = archive.runs.start_run("rescue", "0", {}, START)
        archive.ledger.record(run_id, exchange, Judgement(Outcome.UNREADABLE, "?", {"step": "copy"}), None)
        archive.copies.note(wanted.page_id, [found], START)
        archive.copies.judged(wanted.page_id, found, Outcome.UNREADABLE, "an earlier version")
        archive.library.catch_up()
        archive.runs.finish_run(run_id, "finished", 3, None, START)
    assert (LOST, "wayback") not in rescuer.held()

    assert look(rescuer).exit_code == 0
    assert had(rescuer) == []
    assert (LOST, "wayback") in rescuer.held()
    assert rescuer.run("verify") == 0


def of_earlier_law(rescuer: Rescuer) -> None:
    """Every verdict on a copy, as an earlier version left it."""
    _write(rescuer, "UPDATE copies SET judged_by = 'an earlier version'")


def _write(rescuer: Rescuer, statement: str) -> None:
    connection = sqlite3.connect(rescuer.db)
    with connection:
        connection.execute(statement)
    connection.close()


def _opened(rescuer: Rescuer, read: Callable[[Address, bytes, str | None], Reading] = pages.read) -> Keeper:
    return Keeper(rescuer.db, "test", read, Rules(), Schedule())


def _unreadable(address: Address, _body: bytes, _content_type: str | None) -> Reading:
    """What a parser makes of a page that it does not know."""
    return Reading(pages.parser_of(address.kind), Facts())


# ─── who has none ───────────────────────────────────────────────────────────────────────────────


def said(summary: Summary) -> str:
    return "; ".join(summary.document["not_found"][0]["said"])


def test_holds_no_copy_is_said_of_an_index_that_named_none(rescuer: Rescuer) -> None:
    assert said(look(rescuer)) == "web.archive.org: holds no copy"


def test_another_spelling_that_names_none_does_not_deny_the_copies_of_the_first(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy(bad(1)))

    assert "holds no copy" not in said(look(rescuer))
    reasons = [reason for _, outcome, reason in rescuer.attempts() if outcome == "not_found"]
    assert reasons == ["holds no copy under this address"], "the row says of what"


@pytest.mark.parametrize("status", [404, 410])
def test_an_index_that_is_not_there_holds_nobody_knows_what(rescuer: Rescuer, status: int) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.error("web.archive.org/cdx*", status=status)
    summary = look(rescuer)

    assert "holds no copy" not in summary.as_text()
    assert f"HTTP {status} in place of the index" in said(summary)


def test_captures_that_cannot_be_had_are_not_none(rescuer: Rescuer) -> None:
    listed = json.dumps([["timestamp", "original", "statuscode"], ["2023", URL, "200"]]).encode()
    rescuer.archives.faults.replies("web.archive.org/cdx*", listed, "application/json")
    assert "names 1 captures, of which none can be had" in said(look(rescuer))

    rescuer.archives.faults.clear()
    rescuer.archives.shelf.put(copy(said_mime="warc/revisit"))
    assert "names 1 captures without a body of their own" in said(look(rescuer))


def test_a_timemap_that_names_only_what_others_ask_for_is_not_empty(rescuer: Rescuer) -> None:
    there = f"https://web.archive.org/web/{copy().timestamp}/{URL}"
    rescuer.archives.elsewhere.append((copy(), there))
    aggregator = ("https://timetravel.mementoweb.org/timemap/link/",)
    summary = look(rescuer, timemaps=aggregator, wayback=False)

    assert said(summary) == "timetravel.mementoweb.org: names 1 captures, of which none can be had"


@pytest.mark.parametrize("target", ["arquivo.pt/wayback/timemap*", "index.commoncrawl.org/CC*"])
def test_an_empty_answer_says_nothing(rescuer: Rescuer, target: str) -> None:
    rescuer.archives.faults.replies(target, b"")
    summary = look(rescuer, timemaps=("https://arquivo.pt/wayback/timemap/link/",), common_crawl=True, wayback=False)

    host = target.partition("/")[0]
    assert f"{host}: holds no copy" not in said(summary)


def test_crawls_that_had_none_are_not_asked_again_and_the_next_ones_are(rescuer: Rescuer) -> None:
    asked: list[list[str]] = []
    for _ in range(3):
        before = len(rescuer.asked())
        look(rescuer, common_crawl=True, wayback=False, crawls=2)
        asked.append([url for url in rescuer.asked()[before:] if "-index" in url])

    crawls = [url.partition("?")[0] for run in asked for url in run]
    assert len(crawls) == len(set(crawls)) > 2


def test_crawls_whose_copies_were_refused_make_room_for_the_next_ones(rescuer: Rescuer) -> None:
    rescuer.archives.crawls.put(CRAWL, copy(bad(1), days=60))
    asked: list[set[str]] = []
    for _ in range(3):
        before = len(rescuer.asked())
        look(rescuer, common_crawl=True, wayback=False, crawls=1)
        asked.append({url.partition("?")[0] for url in rescuer.asked()[before:] if "-index" in url})

    assert not asked[0] & asked[1]
    assert not asked[1] & asked[2]
    assert len([url for url in rescuer.asked() if "data.commoncrawl" in url]) <= 1


# ─── the order, as a property ───────────────────────────────────────────────────────────────────

KNOWN = st.builds(
    Verdict, st.none() | st.sampled_from(Outcome), st.sampled_from([None, "law", "an older law"]),
    st.sampled_from([None, "A", "B"]),
)  # fmt: skip
COPIES = st.lists(
    st.builds(
        lambda days, digest: Copy(CaptureSource.WAYBACK, f"u{days}{digest}", START + timedelta(days=days), URL, digest),
        st.integers(-500, 2_000), st.sampled_from([None, "A", "B", "C"]),
    ),
    max_size=12,
)  # fmt: skip


@given(COPIES, st.data(), st.booleans())
def test_nothing_refused_by_the_law_of_today_is_tried_and_nothing_else_is_lost(
    copies: list[Copy], data: st.DataObject, every_version: bool
) -> None:
    known: dict[CopyKey, Verdict] = {key_of(one): data.draw(KNOWN) for one in copies if data.draw(st.booleans())}
    chosen = choose(copies, PUBLISHED, known, "law", every_version=every_version)
    bad_bytes = {one.digest for one in known.values() if one.judged_by == "law" and one.outcome not in SUCCESSES}
    for one in set(copies) - set(chosen.todo):
        before = known.get(key_of(one), Verdict())
        by_law = before.judged_by == "law" and before.outcome is not None
        assert by_law or one.digest in bad_bytes - {None}
    for one in chosen.todo:
        before = known.get(key_of(one), Verdict())
        assert before.judged_by != "law" or before.outcome is None or before.outcome in SUCCESSES
    vain = [known.get(key_of(one), Verdict()).in_vain for one in chosen.todo]
    assert vain == sorted(vain)


@given(COPIES)
def test_the_nearest_is_first_and_each_year_has_its_turn(copies: list[Copy]) -> None:
    ordered = in_order(set(copies), START)
    assert sorted(one.url for one in ordered) == sorted(one.url for one in set(copies))
    if ordered:
        assert abs(ordered[0].made_at - START) == min(abs(one.made_at - START) for one in copies)
    years = {one.made_at.year for one in copies}
    assert {one.made_at.year for one in ordered[: len(years)]} == years
