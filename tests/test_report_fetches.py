"""The words of what a fetch came to: each line and its condition, the plan, and the document."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from test_report_status import RUN, SERIES
from told import status

from archiver import ithome
from archiver.archive.ledger import DuePage
from archiver.commands.crawl import Crawled
from archiver.commands.fetching import Fetched, FetchPlan
from archiver.commands.listening import About, Notice
from archiver.commands.run import Closed
from archiver.model import Address, Outcome
from archiver.report import fetches, runs
from archiver.report.notices import notice_line
from archiver.web.pace import Closure

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
URL = "https://ithelp.ithome.com.tw/articles/5"
HELD = "A series (7): 3 parts · 3 safe"
COUNTED = "2 requests, 1 new or changed, 0 unchanged (1 ok)."
ONE_OK = Counter({Outcome.OK: 1})


def closed(outcomes: Counter[Outcome] = ONE_OK, **given: Any) -> Closed:
    found = status(series=[SERIES], last_run=RUN | {"outcomes": {one.value: count for one, count in outcomes.items()}})
    told: dict[str, Any] = {
        "run_id": 9, "ended_by": "finished", "exit_code": 0, "doubt": None, "believed_again": None, "found": found,
    }  # fmt: skip
    return Closed(**(told | given))


def lines(crawled: Crawled | None = None, outcomes: Counter[Outcome] = ONE_OK, **given: Any) -> list[str]:
    return list(fetches.summary(Fetched(crawled or Crawled(), closed(outcomes, **given), ())).lines)


@pytest.mark.parametrize(
    ("crawled", "given", "expected"),
    [
        (Crawled(), {}, [HELD, COUNTED]),
        (Crawled(), {"ended_by": "interrupted"},
         ["Interrupted; everything fetched so far is stored. Run the same command again to go on.", HELD, COUNTED]),
        (Crawled(left=4), {"ended_by": "limit"},
         [HELD, COUNTED, "Stopped at the limit of requests with 4 pages still due. Run again to go on."]),
        (Crawled(unconnected={"a.example": "no route"}), {},
         [("No connection to a.example: no route. Is there a network? The attempts are recorded; run the same command"
          " again.")]),
        (Crawled(unconnected={"a.example": "no route"}, connected=True), {}, [HELD, COUNTED]),
        (Crawled(unconnected={"a.example": "x" * 121, "b.example": "y"}), {},
         [(f"No connection to a.example, b.example: {'x' * 119}…. Is there a network? The attempts are recorded;"
          " run the same command again.")]),
        (Crawled(resting=1, resting_until=NOON), {},
         [HELD, COUNTED, "1 page that the site refused is resting until 2026-11-23 12:01 UTC."]),
        (Crawled(resting=2, resting_until=NOON), {},
         [HELD, COUNTED, "2 pages that the site refused are resting until 2026-11-23 12:01 UTC."]),
        (Crawled(failing={"a": "it fails", "b": "it, too"}, failing_until=NOON, left=1), {},
         [HELD, COUNTED, ("Left alone: it fails; it, too, resting until 2026-11-23 12:01 UTC. Run the same command"
                         " again then: 1 page is left. Nothing that was held is lost.")]),
        (Crawled(failing={"a": "it fails"}), {},
         [HELD, COUNTED, "Left alone: it fails. Run the same command again. Nothing that was held is lost."]),
        (Crawled(failing={"a": "it fails"}, left=2), {},
         [HELD, COUNTED, ("Left alone: it fails. Run the same command again: 2 pages are left. Nothing that was held is"
                         " lost.")]),
    ],
)  # fmt: skip
def test_each_line_stands_where_its_reason_is(crawled: Crawled, given: dict[str, Any], expected: list[str]) -> None:
    assert lines(crawled, **given) == expected


MEANWHILE = (
    "Meanwhile `archiver import` keeps pages that you save in your browser, and `archiver rescue` asks web archives for"
    " what is missing. Nothing that was held is lost."
)


@pytest.mark.parametrize(
    ("crawled", "expected"),
    [
        (Crawled(refused_hosts={"a": "it refused"}, come_back_at=NOON, left=1),
         f"Stopped: it refused, resting until 2026-11-23 12:01 UTC. Come back then: 1 page is left. {MEANWHILE}"),
        (Crawled(refused_hosts={"a": "it refused", "b": "so did b"}, left=2),
         f"Stopped: it refused; so did b. Come back later: 2 pages are left. {MEANWHILE}"),
    ],
)  # fmt: skip
def test_a_refusal_says_until_when_and_what_can_be_done(crawled: Crawled, expected: str) -> None:
    crawled.resting, crawled.resting_until = 3, NOON  # said by the line itself
    assert lines(crawled, ended_by="refused", exit_code=4)[-1] == expected


def without_answers(crawled: Crawled, **given: Any) -> list[str]:
    return lines(crawled, Counter(), **given)[1:]


def test_where_nothing_was_asked_it_is_said_why() -> None:
    due = "Nothing is due before 2026-11-23 12:01 UTC; --force asks everything again."

    assert without_answers(Crawled(next_due=NOON)) == [due]
    assert without_answers(Crawled()) == ["Nothing is due; --force asks everything again."]
    assert without_answers(Crawled(resting=2, resting_until=NOON))[0].startswith("2 pages that the site refused")
    assert without_answers(Crawled(next_due=NOON), ended_by="refused")[0].startswith("Stopped: ")


def failed(*outcomes: Outcome) -> Crawled:
    return Crawled(failed=[(URL, outcome, "r" * 301) for outcome in outcomes])


def test_five_failures_are_told_and_the_others_counted() -> None:
    one = f"not_found: {URL}: {'r' * 299}…"

    assert lines(failed(*[Outcome.NOT_FOUND] * 5))[2:] == [one] * 5
    assert lines(failed(*[Outcome.NOT_FOUND] * 6))[2:] == [
        *[one] * 5, "… and 1 more; `archiver status` lists the parts, `archiver why ID` explains one.",
    ]  # fmt: skip


def test_what_was_not_asked_is_no_failure_and_refusals_are_summed_up() -> None:
    found = failed(Outcome.SKIPPED, Outcome.CHALLENGE, Outcome.DISALLOWED, Outcome.TIMEOUT)

    assert [line.split(":")[0] for line in lines(found)[2:]] == ["challenge", "disallowed", "timeout"]
    assert [line.split(":")[0] for line in lines(found, ended_by="refused")[2:]] == ["timeout", "Stopped"]


def test_outcomes_are_counted_and_the_notes_of_series_told() -> None:
    both = Counter({Outcome.UNCHANGED: 3, Outcome.OK: 1})
    found = status(series=[SERIES | {"linked_by_index": 2}], last_run=RUN | {"outcomes": {"unchanged": 3, "ok": 1}})

    assert lines(outcomes=both)[1] == "2 requests, 1 new or changed, 3 unchanged (3 unchanged, 1 ok)."
    assert lines(found=found)[1] == "7: 2 linked by the index, 3 in the series"
    assert fetches.summary(Fetched(Crawled(), closed(both), ())).document["outcomes"] == {"unchanged": 3, "ok": 1}


def test_long_reasons_are_cut() -> None:
    long = {"a": "x" * 601}

    assert f"Left alone: {'x' * 599}…. " in lines(Crawled(failing=long))[-1]
    assert f"Stopped: {'x' * 599}…. " in lines(Crawled(refused_hosts=long), ended_by="refused")[-1]


def test_what_is_kept_doubt_and_another_law_are_told_around_it() -> None:
    again = "Everything was believed again by other rules ([judgement]) than before: something else is believed of"
    told = fetches.summary(
        Fetched(
            Crawled(), closed(doubt="too many were absent", believed_again=1),
            (Notice(About.NAMED, URL),), untold="the command failed",
        )
    )  # fmt: skip

    assert told.lines == (
        notice_line(Notice(About.NAMED, URL)), HELD, COUNTED, "too many were absent", f"{again} 1 page.",
        "the command failed; the next run tells it again",
    )  # fmt: skip
    assert lines(believed_again=0)[-1] == f"{again} 0 pages."
    assert told.as_text() == "\n".join(told.lines)


def test_the_document_says_the_same() -> None:
    crawled = Crawled(
        failed=[(URL, Outcome.TIMEOUT, "slow")], refused_hosts={"a": "refused"}, come_back_at=NOON,
        failing={"b": "fails"}, failing_until=NOON, left=3,
    )  # fmt: skip
    told = fetches.summary(Fetched(crawled, closed(doubt="why", exit_code=3), ()))
    found = told.document

    expected = {
        "run_id": 9, "ended_by": "finished", "exit_code": 3, "requests": 2,
        "failed": [{"url": URL, "outcome": "timeout", "reason": "slow"}], "refused_hosts": {"a": "refused"},
        "come_back_at": "2026-11-23T12:00:30Z", "failing_hosts": {"b": "fails"},
        "failing_until": "2026-11-23T12:00:30Z", "left": 3, "mass_absence": True, "doubt": "why",
        "messages": list(told.lines),
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert found["series"][0]["id"] == 7
    assert told.exit_code == 3
    assert runs.iso(None) is None


# ─── the plan ───────────────────────────────────────────────────────────────────────────────────


def plan(**given: Any) -> FetchPlan:
    address = ithome.classify(URL)
    assert isinstance(address, Address)
    page = DuePage.of(address)
    told: dict[str, Any] = {"pages": (page, page), "delay_s": 2.0, "seconds": 61, "limit": 0, "resting": ()}
    return FetchPlan(**(told | given))


def test_a_plan_lists_its_pages_and_sums_them_up() -> None:
    sums = "at least 1 min 1 s at 2 s between two requests. Nothing was asked."
    known = "2 pages known to be due (and robots.txt, and what they lead to)"

    assert fetches.plan_text(plan()).splitlines() == [f"article\tnew\t{URL}"] * 2 + [f"{known}: {sums}"]
    assert f"{known}, cut off at 1 requests: {sums}" in fetches.plan_text(plan(limit=1))
    assert "cut off" not in fetches.plan_text(plan(limit=2))
    assert fetches.plan_json(plan(limit=2)) == {
        "pages": [{"kind": "article", "state": "new", "url": URL}] * 2, "delay_s": 2.0, "at_least_s": 61, "limit": 2,
        "resting": [],
    }  # fmt: skip
    rest = plan(resting=(Closure("a.example", None, "it refused", NOON, is_ours=True),))
    assert fetches.plan_text(rest).splitlines()[-1] == (
        "Not before its rest is over: it refused, resting until 2026-11-23 12:01 UTC."
    )
    long = plan(resting=(Closure("a.example", None, "w" * 300, NOON, is_ours=True),))
    assert fetches.plan_text(long).splitlines()[-1] == f"Not before its rest is over: {'w' * 299}….", "one line, cut"
