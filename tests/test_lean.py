"""The row of an unchanged page: what it leaves out, and that nobody misses it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from archives import Case, derived_rows, part, url_of
from hypothesis import given
from hypothesis import strategies as st

from archiver import ithome
from archiver.archive import lean
from archiver.archive.manners import Manners
from archiver.archive.scripts import VIEWS, script
from archiver.config.rules import Schedule
from archiver.model import Address, Answer, Exchange, Judgement, Outcome
from archiver.verdict import HELD_ALREADY

HEADERS = (("content-type", "text/html"), ("date", "today"), ("cf-ray", "8a1b"), ("server", "cloudflare"))
ARTICLE = ithome.classify(url_of(1))


def answer(
    case: Case, counters: dict[str, int], headers: Any = HEADERS, size: int = 9, status: int = 200, **changes: Any
) -> None:
    """An answer of article 1: the page itself at first, then as it is held."""
    assert isinstance(ARTICLE, Address)
    case.clock.advance(hours=1)
    body = case.world.put(part(1))
    reading = case.world.read(ARTICLE, body, None)
    outcome = Outcome.UNCHANGED if case.rows("SELECT 1 FROM captures") else Outcome.OK
    came = body if status == 200 else None
    asked = Answer(ARTICLE.url, case.clock.now(), 7, status=status, headers=headers, body=came, wire_bytes=size)
    reason = HELD_ALREADY if outcome is Outcome.UNCHANGED else "the page itself"
    signals: dict[str, str | int | float | bool | None] = {"status": 200, "own_url": ARTICLE.url, **counters}
    judgement = Judgement(changes.pop("outcome", outcome), reason, signals)
    fetch_id = case.archive.ledger.record(case.run_id, Exchange(ARTICLE, asked, **changes), judgement, reading)
    case.archive.library.catch_up({fetch_id: reading} if outcome is Outcome.OK else {})


def whole(case: Case) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    return [
        (row["requested_url"], row["final_url"], json.loads(row["headers"]), json.loads(row["signals"]))
        for row in case.rows("SELECT * FROM whole_fetches ORDER BY id")
    ]


def test_an_unchanged_page_leaves_a_row_of_what_is_new_and_the_view_says_all_of_it(case: Case) -> None:
    answer(case, {"views": 1, "likes": 2})
    answer(case, {"views": 3, "likes": 2})
    answer(case, {"views": 4}, (*HEADERS[:3], ("etag", "x")))

    raw = case.rows("SELECT requested_url, final_url, headers, signals FROM fetches ORDER BY id")
    assert [tuple(row.values()) for row in raw[1:]] == [
        ("", "", "{}", '{"as":1,"views":3}'),
        ("", "", '{"server":null,"etag":"x"}', '{"as":1,"likes":null,"views":4}'),
    ]
    url, of_moment = url_of(1), {"date": "today", "cf-ray": "8a1b"}
    said = {"reason": HELD_ALREADY, "status": 200, "own_url": url}
    known = {"content-type": "text/html", "server": "cloudflare"}
    assert whole(case) == [
        (url, url, known | of_moment, said | {"reason": "the page itself", "views": 1, "likes": 2}),
        (url, url, known, said | {"views": 3, "likes": 2}),
        (url, url, {"content-type": "text/html", "etag": "x"}, said | {"views": 4}),
    ]


def test_an_announced_length_that_came_is_said_by_the_bytes_of_the_row(case: Case) -> None:
    said = [("9", 9, 200), ("12", 12, 200), ("12", 12, 200), ("9", 0, 304), (None, 15, 200), ("7", 8, 200)]
    for length, size, status in said:
        answer(case, {}, (*HEADERS, *((("content-length", length),) if length else ())), size, status)

    rows = case.rows("SELECT headers FROM fetches ORDER BY id")
    left = [json.loads(row["headers"]).get("content-length", "as it came") for row in rows]
    assert left == ["9", "as it came", "as it came", "as it came", None, "7"]
    assert [headers.get("content-length") for _, _, headers, _ in whole(case)] == [length for length, _, _ in said]


def test_what_is_not_the_pages_own_unchanged_answer_is_told_in_full(case: Case) -> None:
    answer(case, {"views": 1})
    answer(case, {"views": 1}, tries=2)
    answer(case, {"views": 1}, hop=1)
    answer(case, {"views": 1}, final=False)
    answer(case, {"views": 1}, outcome=Outcome.SERVER_ERROR)

    assert [row["requested_url"] for row in case.rows("SELECT requested_url FROM fetches")] == [url_of(1)] * 5


def test_numbers_over_time_are_the_same_and_so_they_are_after_reading_again(case: Case) -> None:
    for counters in ({"views": 1, "likes": 2}, {"views": 1, "likes": 2}, {"views": 2, "likes": 2}, {"views": 2}):
        answer(case, counters)
    numbers = "SELECT views, likes FROM metrics ORDER BY id"

    assert [tuple(row.values()) for row in case.rows(numbers)] == [(1, 2), (2, 2), (2, None)]
    case.archive.library.settle()
    before = derived_rows(case.path)
    case.archive.rebuild()
    assert derived_rows(case.path) == before
    case.archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
    assert list(case.archive.verify()) == []


def test_a_lean_row_keeps_validators_and_the_pace_of_its_host(case: Case) -> None:
    answer(case, {}, (*HEADERS, ("etag", "old")))
    answer(case, {}, (*HEADERS, ("etag", "new"), ("last-modified", "then")))
    assert isinstance(ARTICLE, Address)
    manners = Manners(case.archive._database, case.archive.captures, Schedule())
    since = case.clock.now() - timedelta(minutes=1)

    validators = case.archive.ledger.page(ARTICLE, case.clock.now()).validators
    assert (validators.etag, validators.last_modified, validators.url) == ("new", "then", url_of(1))
    assert manners.last_starts(since) == {"ithelp.ithome.com.tw": case.clock.now()}
    assert [one.host for one in manners.answers(since)] == ["ithelp.ithome.com.tw"]


def test_the_view_means_the_reason_that_is_left_out() -> None:
    assert script(VIEWS).count(f"'{HELD_ALREADY}'") == 1


objects = st.dictionaries(st.sampled_from("abcde"), st.one_of(st.integers(), st.text(max_size=3), st.booleans()))


@given(objects, objects, objects, objects)
def test_whatever_is_said_is_said_again(
    before: dict[str, Any], now: dict[str, Any], was: dict[str, Any], shown: dict[str, Any]
) -> None:
    base = {"id": 1, "headers": json.dumps(before), "signals": json.dumps({**was, "reason": "x"})}
    headers, signals = (json.loads(one) for one in lean.leaner(base, now, {**shown, "reason": HELD_ALREADY}, 9))

    def patched(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:  # RFC 7396, of flat objects
        return {name: value for name, value in {**old, **patch}.items() if value is not None}

    assert patched(before, headers) == now
    assert signals.pop("as") == 1
    assert patched({**was, "reason": HELD_ALREADY}, signals) == {**shown, "reason": HELD_ALREADY}
