"""The words of what a push came to, and of what one would do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import article
from test_report_fetches import closed

from archiver.commands.pushing import HOW_TO_GET_KEYS, Pushed, PushOptions, PushPlan
from archiver.commands.sending import Stop
from archiver.holders.save_page_meaning import ENDS_THE_RUN, Said
from archiver.model import Held, Push, PushState, State
from archiver.report import pushes

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
COPY = "https://web.archive.org/web/20261123120000/x"
CONFIRMED = Push(PushState.CONFIRMED, 1, NOON, made_at=NOON, copy_url=COPY, reason="it is ours")
QUEUED, PENDING = Push(PushState.QUEUED, reason="later"), Push(PushState.PENDING, reason="at work")
NO_KEYS = f"You asked without keys: {HOW_TO_GET_KEYS}."
AGAIN = "Next: run the same command again to go on."
KEPT = "The queue is kept."


def held(push: Push | None = None, number: int = 5, state: State = State.ALIVE) -> Held:
    return Held(number, article(number), 1, state, None, push=push)


def pushed(*of: Held, has_keys: bool = True, target: str | None = None, **given: Any) -> Pushed:
    told: dict[str, Any] = {"stop": None, "refused": {}, "down": {}, "come_back_at": None}
    told |= {name: given.pop(name) for name in list(given) if name in told}
    return Pushed(PushOptions(target), has_keys, of, closed=closed(**given), **told)


def lines(*of: Held, **given: Any) -> list[str]:
    return list(pushes.summary(pushed(*of, **given)).lines)


@pytest.mark.parametrize(
    ("of", "given", "expected"),
    [
        ([], {}, ["Nothing is held: there is nothing to push."]),
        ([held()], {}, ["not pushed: 5: not asked for", "1 part: 1 not pushed",
                        "Next: `archiver status --copies` shows who holds what."]),
        ([held(state=State.GONE)], {},
         ["not pushed: 5: it is gone from the site, where nobody can save it", "1 part: 1 not pushed",
          "Next: `archiver status --copies` shows who holds what."]),
        ([held(CONFIRMED)], {}, ["1 part: 1 confirmed", "Next: `archiver status --copies` shows who holds what."]),
        ([held(CONFIRMED)], {"target": "5"},
         [f"confirmed: 5: {COPY}, of 2026-11-23 12:00 UTC", "1 part: 1 confirmed",
          "Next: `archiver status --copies` shows who holds what."]),
        ([held(Push(PushState.CONFIRMED, made_at=NOON))], {"target": "5"},
         ["confirmed: 5: , of 2026-11-23 12:00 UTC", "1 part: 1 confirmed",
          "Next: `archiver status --copies` shows who holds what."]),
        ([held(Push(PushState.CONFIRMED, reason="by whom?"))], {"target": "5"},
         ["confirmed: 5: by whom?", "1 part: 1 confirmed",
          "Next: `archiver status --copies` shows who holds what."]),
        ([held(QUEUED)], {"stop": Stop("why", by_us=True)},
         ["queued: 5: later", "1 part: 1 queued", f"Stopped: why. {KEPT}", AGAIN]),
        ([held(QUEUED)], {"stop": Stop("why", said=Said.PASSING)},
         ["queued: 5: later", "1 part: 1 queued", AGAIN]),
        ([held(QUEUED), held(QUEUED, 6)], {},
         ["queued: 5: later", "queued: 6: later", "2 parts: 2 queued", AGAIN]),
        ([held(Push(PushState.QUEUED, 1))], {},
         ["queued: 5 (asked for, and failed): not asked for yet", "1 part: 1 queued", AGAIN]),
        ([held(Push(PushState.PENDING, 1, made_at=NOON, reason="at work"))], {"target": "5"},
         ["pending: 5: at work", "1 part: 1 pending",
          "Next: run the same command again in an hour or so: the index of the Wayback Machine takes its time."]),
        ([held(PENDING), held(CONFIRMED, 6)], {},
         ["pending: 5: at work", "2 parts: 1 pending · 1 confirmed",
          "Next: run the same command again in an hour or so: the index of the Wayback Machine takes its time."]),
        ([held(QUEUED)], {"come_back_at": NOON},
         ["queued: 5: later", "1 part: 1 queued", "Next: run the same command again then."]),
        ([held(Push(PushState.REFUSED, 3, reason="r" * 401))], {},
         [f"refused: 5: {'r' * 399}…", "1 part: 1 refused",
          "Next: `archiver why ID` tells how it went; a `fetch` before the next push brings our text up to date."]),
        ([held(Push(PushState.MISMATCH, 1, reason="other"))], {},
         ["mismatch: 5: other", "1 part: 1 mismatch",
          "Next: `archiver why ID` tells how it went; a `fetch` before the next push brings our text up to date."]),
        ([held(QUEUED)], {"ended_by": "interrupted"},
         ["Interrupted; the queue is kept. Run the same command again to go on.", "queued: 5: later",
          "1 part: 1 queued", AGAIN]),
    ],
)  # fmt: skip
def test_each_part_is_told_and_what_to_do_next(of: list[Held], given: dict[str, Any], expected: list[str]) -> None:
    assert lines(*of, **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stop": Stop("w" * 301, said=Said.KEYS)},
         [(f"Save Page Now does not take the keys ({'w' * 299}…): check ARCHIVER_SPN_KEY and ARCHIVER_SPN_SECRET."
           f" {KEPT}")]),
        ({"stop": Stop("w" * 301, said=Said.KEYS), "has_keys": False, "ended_by": "refused"},
         [f"Save Page Now asks for an account ({'w' * 299}…). {KEPT}", NO_KEYS]),
        ({"stop": Stop("w" * 401, said=Said.UNCLEAR), "come_back_at": NOON},
         [(f"Stopped, since this says nothing of the page: {'w' * 399}…. {KEPT}"
           " Come back after 2026-11-23 12:00 UTC.")]),
        ({"stop": Stop("w" * 401, said=Said.DOWN)}, [f"Save Page Now is in trouble: {'w' * 399}…. {KEPT}"]),
        ({"stop": Stop("why", said=Said.TROUBLE), "come_back_at": NOON},
         [f"Save Page Now is in trouble: why. {KEPT} Come back after 2026-11-23 12:00 UTC."]),
        ({"stop": Stop("w" * 401, said=Said.LIMIT), "ended_by": "refused", "come_back_at": NOON},
         [(f"Save Page Now wants no more of us for now: {'w' * 399}…. {KEPT} Come back after 2026-11-23 12:00"
           " UTC.")]),
        ({"refused": {"a": "no", "b": "nor b"}, "ended_by": "refused", "has_keys": False},
         [f"Save Page Now wants no more of us for now: no; nor b. {KEPT}", NO_KEYS]),
        ({"stop": Stop("w" * 401, by_us=True), "come_back_at": NOON},
         [f"Stopped: {'w' * 399}…. {KEPT} Come back after 2026-11-23 12:00 UTC."]),
        ({"ended_by": "limit"}, ["Stopped at the limit of requests; the queue is kept."]),
        ({"ended_by": "limit", "has_keys": False}, ["Stopped at the limit of requests; the queue is kept."]),
        ({"down": {"a": "d" * 301}}, [f"{'d' * 299}…: what is queued stays so, and nothing of it changed."]),
        ({}, []),
    ],
)  # fmt: skip
def test_why_a_run_ended_before_its_end_is_told(given: dict[str, Any], expected: list[str]) -> None:
    assert lines(held(CONFIRMED), **given)[1:-1] == expected


def test_whatever_ends_a_run_has_words() -> None:
    silent = [one for one in ENDS_THE_RUN if len(lines(held(CONFIRMED), stop=Stop("why", said=one))) < 3]

    assert silent == []


def test_who_lacks_keys_is_told_to_set_them_first() -> None:
    told = lines(held(QUEUED), stop=Stop("why", said=Said.KEYS), come_back_at=NOON)

    assert told[-1] == "Next: set the keys, and run the same command again."


def test_the_document_says_the_same() -> None:
    told = pushes.summary(
        pushed(held(CONFIRMED), held(number=6), refused={"a": "no"}, down={"b": "down"}, come_back_at=NOON)
    ).document

    assert told["pushes"] == [
        {"id": 5, "page": article(5).url, "state": "confirmed", "reason": "it is ours", "attempts": 1,
         "asked_at": "2026-11-23T12:00:30Z", "copy_url": COPY, "made_at": "2026-11-23T12:00:30Z"},
        {"id": 6, "page": article(6).url, "state": None, "reason": None, "attempts": 0, "asked_at": None,
         "copy_url": None, "made_at": None},
    ]  # fmt: skip
    assert told["come_back_at"] == "2026-11-23T12:00:30Z"
    assert (told["refused_hosts"], told["down_hosts"]) == ({"a": "no"}, {"b": "down"})


# ─── the plan ───────────────────────────────────────────────────────────────────────────────────


def plan(**given: Any) -> PushPlan:
    both = (held(), held(QUEUED, 6))
    told: dict[str, Any] = {"held": (*both, held(CONFIRMED, 7)), "todo": both, "gone": (), "seconds": 61.0, "daily": 2}
    return PushPlan(**({"has_keys": True} | told | given))


def test_a_plan_says_what_would_be_asked_and_for_how_long() -> None:
    how = "to fetch each of them from the site and to publish it, one after the other: at least"
    first = "2 of 3 parts that are held are to be pushed (1 confirmed already)."

    assert pushes.plan_text(plan()).splitlines() == [first, f"Save Page Now is asked with your keys {how} 1 min 1 s."]
    assert pushes.plan_text(plan(daily=1)).splitlines()[1].endswith(" 1 min 1 s, over 2 days.")
    three = plan(held=(held(CONFIRMED), held(PENDING), held()), todo=(held(),) * 3)
    assert pushes.plan_text(three).splitlines()[0].endswith("(1 confirmed, 1 pending already).")
    assert pushes.plan_text(three).splitlines()[1].endswith(", over 2 days.")
    assert pushes.plan_text(plan(has_keys=False)).splitlines()[1:] == [
        f"Save Page Now is asked without keys {how} 1 min 1 s.",
        f"Without keys it is asked once, and answers that it wants an account: {HOW_TO_GET_KEYS}.",
    ]
    assert pushes.plan_text(plan(held=(held(),), todo=(), gone=(held(),))).splitlines() == [
        "0 of 1 parts that are held are to be pushed.",
        "1 are gone from the site, where nobody can save them any more.",
    ]


def test_a_plan_is_a_document() -> None:
    assert pushes.plan_json(plan(gone=(held(number=8),))) == {
        "held": 3, "gone": [8], "at_least_s": 61.0, "daily": 2, "keys": True,
        "todo": [{"id": 5, "page": article(5).url, "copies": 1, "state": None},
                 {"id": 6, "page": article(6).url, "copies": 1, "state": "queued"}],
    }  # fmt: skip
