"""The words of `why`: what happened to a page in order of time, and the rule that made its state."""

from __future__ import annotations

from typing import Any

import pytest
from told import Row
from told import history as told_history

from archiver.archive import demonstration
from archiver.archive.history import History
from archiver.model import State
from archiver.report import why

AT = "2026-11-23T12:34:56.789Z"
URL = "https://ithelp.ithome.com.tw/articles/5"
PAGE: Row = {
    "url": URL, "kind": "article", "state": "alive", "state_since": AT, "absences": 0, "last_absence_at": None,
    "failures": 0, "due_at": "2026-11-30T01:02:03.000Z",
}  # fmt: skip
RULE = "State: alive since 2026-11-23 12:34:56 UTC: the last answer that counts was the page itself."
DUE = "Due again: 2026-11-30 01:02 UTC."
ARTICLE: Row = {
    "title": "Day 5", "author": "a name", "series_id": 7, "series_title": "A series", "position": 5, "is_citation": 0,
    "capture_id": 3, "parser": "ithome.article/1",
}  # fmt: skip
FETCH: Row = {
    "run_id": 2, "started_at": AT, "outcome": "ok", "http_status": 200, "elapsed_ms": 12, "source": "live", "tries": 1,
    "hop": 0, "mass_absence": 0, "run_note": None, "capture_id": None, "signals": '{"reason": "the page itself"}',
    "headers": '{"etag": "x"}', "source_url": None, "source_at": None, "requested_url": URL,
}  # fmt: skip
COPY = FETCH | {
    "source": "wayback", "source_url": "https://web.archive.org/web/2023id_/x", "source_at": "2023-09-20T12:00:30Z",
}  # fmt: skip
CAPTURE: Row = {
    "id": 3, "sha256": "0123456789abcdef", "body_bytes": 99, "source": "live", "source_url": None, "source_at": None,
}  # fmt: skip
NAMED: Row = {
    "first_seen_at": AT, "via": "index", "from_url": "https://blog.example/", "heading": "a group", "text": "Day 5",
    "gone_at": None,
}  # fmt: skip
EDIT: Row = {
    "title_changed": 1, "body_changed": 0, "tags_changed": 1, "cosmetic": 0, "collapsed": 0, "old_capture_id": 2,
    "first_seen_new_at": AT, "last_seen_old_at": "2026-11-01T00:00:00.000Z",
}  # fmt: skip
PUSH: Row = {"state": "queued", "copy_url": None, "reason": None, "checked_at": None, "queued_at": AT}


def history(page: Row = PAGE, **given: Any) -> History:
    return told_history(page, **given)


def heading(**given: Any) -> list[str]:
    return why.why_text(history(**given)).split("\n\n")[0].split("\n")


def events(**given: Any) -> list[str]:
    return why.why_text(history(**given)).split("\n\n")[1].splitlines()


def event(**given: Any) -> str:
    (line,) = events(**given)
    return line.removeprefix("2026-11-23 12:34:56  ")


# ─── what it is ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["Day 5 — a name", "part 5 of series 7, A series"]),
        ({"title": None, "author": None, "position": None, "series_title": None},
         ["(no title) — unknown author", "in series 7,"]),
        ({"series_id": None, "is_citation": 1},
         ["Day 5 — a name", "a citation: its own page says that it is no part of a series kept here"]),
    ],
)  # fmt: skip
def test_an_article_is_named_with_its_place(changes: Row, expected: list[str]) -> None:
    assert [line.rstrip() for line in heading(article=ARTICLE | changes)] == [URL, *expected]


def test_a_part_that_is_not_held_is_told_by_whom_we_know_of_it() -> None:
    part = {"title": "Day 5", "series_id": 7, "said_by": "feed"}

    assert heading(part=part)[1:] == ["Day 5 — a part of series 7, says the feed; not held"]
    assert heading(part=part | {"title": None, "series_id": None})[1:] == [
        "(no title) — a part of series ?, says the feed; not held"
    ]
    assert heading(part=part, article=ARTICLE)[1] == "Day 5 — a name"
    assert heading() == [URL]
    assert heading(is_demonstration=True) == [URL, demonstration.WORDS]


# ─── what happened ──────────────────────────────────────────────────────────────────────────────


def test_who_named_it_is_told_and_when_no_longer() -> None:
    assert event(named_by=[NAMED]) == "named by the index (https://blog.example/) under “a group”: Day 5"
    assert event(named_by=[NAMED | {"heading": None, "text": None}]) == "named by the index (https://blog.example/)"
    assert events(named_by=[NAMED | {"gone_at": "2026-11-24T00:00:00.000Z"}])[1] == (
        "2026-11-24 00:00:00  no longer named by the index (https://blog.example/)"
    )
    long = event(named_by=[NAMED | {"heading": "h" * 81, "text": "t" * 101}])
    assert long.endswith(f"under “{'h' * 79}…”: {'t' * 99}…")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "run 2: ok (HTTP 200, 12 ms): the page itself"),
        ({"http_status": None, "outcome": "timeout", "signals": "{}"}, "run 2: timeout (12 ms): "),
        ({"tries": 2}, "run 2: ok (HTTP 200, 12 ms): the page itself [try 2, hop 0]"),
        ({"hop": 1}, "run 2: ok (HTTP 200, 12 ms): the page itself [try 1, hop 1]"),
        ({"mass_absence": 1}, "run 2: ok (HTTP 200, 12 ms): the page itself"),
        ({"mass_absence": 1, "outcome": "not_found"},
         "run 2: not_found (HTTP 200, 12 ms): the page itself [not believed: too many parts were absent in that run]"),
        ({"mass_absence": 1, "outcome": "removed", "run_note": "a note"},
         "run 2: removed (HTTP 200, 12 ms): the page itself [not believed: a note]"),
        ({"mass_absence": 1, "outcome": "soft_404", "run_note": "n" * 201},
         f"run 2: soft_404 (HTTP 200, 12 ms): the page itself [not believed: {'n' * 199}…]"),
        ({"outcome": "not_found"}, "run 2: not_found (HTTP 200, 12 ms): the page itself"),
        ({"capture_id": 3},
         "run 2: ok (HTTP 200, 12 ms): the page itself → capture 3, sha256 0123456789ab…, 99 bytes"),
        ({"capture_id": 4}, "run 2: ok (HTTP 200, 12 ms): the page itself"),
        ({"signals": '{"reason": "' + "r" * 201 + '"}'}, f"run 2: ok (HTTP 200, 12 ms): {'r' * 199}…"),
    ],
)  # fmt: skip
def test_a_request_is_told_with_its_answer_and_what_was_kept(changes: Row, expected: str) -> None:
    assert event(fetches=[FETCH | changes], captures=[CAPTURE]) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("the Wayback Machine, https://web.archive.org/web/2023id_/x, a copy of 2023-09-20 12:00: ok (HTTP 200):"
             " the page itself")),
        ({"http_status": None, "source_at": None},
         "the Wayback Machine, https://web.archive.org/web/2023id_/x: ok: the page itself"),
        ({"source": "import", "source_url": "page.html", "http_status": None,
          "signals": '{"reason": "r", "place": "entry 3", "made_at_by": "the file"}'},
         "imported from page.html, entry 3, a copy of 2023-09-20 12:00, by the file: ok: r"),
        ({"signals": f'{{"place": "{"p" * 101}", "reason": "r"}}', "source_at": None, "http_status": None},
         f"the Wayback Machine, https://web.archive.org/web/2023id_/x, {'p' * 99}…: ok: r"),
        ({"source": "import", "source_url": "u" * 301, "http_status": None,
          "signals": '{"reason": "r", "made_at_by": "' + "b" * 40 + '"}'},
         f"imported from {'u' * 299}…, a copy of 2023-09-20 12:00, by {'b' * 34}…: ok: r"),
        ({"source": "feed", "source_url": None, "source_at": None, "http_status": None},
         "the body in the feed (punctuation lost): ok: the page itself"),
        ({"signals": '{"step": "index", "reason": "r"}', "requested_url": "https://web.archive.org/cdx"},
         "asked what the Wayback Machine has (web.archive.org): ok (HTTP 200): r"),
        ({"signals": '{"step": "index", "reason": "r"}', "requested_url": f"https://{'h' * 101}/"},
         f"asked what the Wayback Machine has ({'h' * 99}…): ok (HTTP 200): r"),
        ({"signals": '{"step": "push", "reason": "r"}', "requested_url": "https://web.archive.org/save"},
         "asked Save Page Now (to save it): ok (HTTP 200): r"),
        ({"signals": '{"step": "push", "reason": "r"}', "requested_url": "https://web.archive.org/save/status/1"},
         "asked Save Page Now (how it goes): ok (HTTP 200): r"),
    ],
)  # fmt: skip
def test_a_copy_is_told_with_whose_it_is_and_of_when(changes: Row, expected: str) -> None:
    assert event(fetches=[COPY | changes]) == f"run 2: {expected}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "title, tags"),
        ({"body_changed": 1, "title_changed": 0, "tags_changed": 0, "cosmetic": 1},
         "body (cosmetic: the words and the code are the same)"),
        ({"collapsed": 1, "cosmetic": 1},
         "title, tags (nearly nothing is left; the last full text is capture 2)"),
    ],
)  # fmt: skip
def test_an_edit_is_told_with_what_it_changed(changes: Row, expected: str) -> None:
    assert event(edits=[EDIT | changes]) == f"changed since 2026-11-01T00:00:00: {expected}"


def changed(at: str, old: str, new: str) -> Row:
    return {"at": f"2026-11-{at}T00:00:00.000Z", "old_state": old, "new_state": new}


def test_a_state_that_changes_is_told_and_how_long_it_was_away() -> None:
    told = events(
        changes=[
            changed("01", "new", "alive"), changed("02", "alive", "suspect"), changed("08", "suspect", "gone"),
            changed("10", "gone", "alive"), changed("11", "alive", "moved"), changed("12", "moved", "alive"),
        ]
    )  # fmt: skip

    assert [line[21:] for line in told] == [
        "state: new → alive", "state: alive → suspect", "state: suspect → gone", ("state: gone → alive, back after 8.0"
        " days"), "state: alive → moved", "state: moved → alive",
    ]  # fmt: skip


def test_a_part_that_was_gone_at_once_is_back_after_as_long() -> None:
    told = events(changes=[changed("02", "alive", "gone"), changed("03", "gone", "suspect"),
                           changed("05", "suspect", "alive")])  # fmt: skip

    assert told[-1].endswith("state: suspect → alive, back after 3.0 days")
    long_ago = {"at": "2010-01-01T08:00:00.000Z", "old_state": "alive", "new_state": "gone"}
    assert events(changes=[long_ago, changed("23", "gone", "alive")])[-1].endswith("back after 6169.7 days")


def test_of_the_same_moment_is_told_first_who_names_it() -> None:
    named, edited = NAMED | {"first_seen_at": AT}, EDIT | {"first_seen_new_at": AT}

    assert [line[21:26] for line in events(named_by=[named], edits=[edited])] == ["named", "chang"]


def test_events_pushes_and_what_its_page_no_longer_says_are_told() -> None:
    assert event(events=[{"at": AT, "kind": "left_index", "detail": None}]) == "left index: "
    assert event(events=[{"at": AT, "kind": "copied", "detail": "d" * 161}]) == f"copied: {'d' * 159}…"
    assert event(carried=[{"lost_since": AT, "field": "author", "last_found_at": "2026-11-01T00:00:00.000Z"}]) == (
        "no longer says author: what it said until 2026-11-01T00:00:00 stands"
    )
    assert event(pushes=[PUSH]) == "push to the Wayback Machine: queued: in the queue"
    asked = PUSH | {"state": "confirmed", "copy_url": "https://web.archive.org/x", "reason": "it is there"}
    assert event(pushes=[asked | {"checked_at": AT, "queued_at": "2026-11-01T00:00:00.000Z"}]) == (
        "push to the Wayback Machine: confirmed (https://web.archive.org/x): it is there"
    )
    assert event(pushes=[asked | {"copy_url": "u" * 301, "reason": "r" * 401}]) == (
        f"push to the Wayback Machine: confirmed ({'u' * 299}…): {'r' * 399}…"
    )


def test_all_is_told_in_the_order_of_time() -> None:
    told = events(
        fetches=[FETCH | {"started_at": "2026-11-05T00:00:00.000Z"}], pushes=[PUSH],
        named_by=[NAMED | {"first_seen_at": "2026-11-01T00:00:00.000Z"}],
        edits=[EDIT | {"first_seen_new_at": "2026-11-06T00:00:00.000Z"}],
        changes=[changed("04", "new", "alive")],
        carried=[{"lost_since": "2026-11-07T00:00:00.000Z", "field": "author", "last_found_at": AT}],
    )  # fmt: skip

    assert [line[8:10] for line in told] == ["01", "04", "05", "06", "07", "23"]


# ─── the rule ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("new", "it has not answered yet"),
        ("alive", "the last answer that counts was the page itself"),
        ("moved", "a redirect leads elsewhere"),
        ("suspect", "it was absent, but not often enough or long enough to call it gone"),
        ("gone", "it was absent often enough, far enough apart, with no success between"),
        ("blocked", "it was never seen, and the host refuses us; that says nothing about the part"),
        ("excluded", "robots.txt forbids asking for it"),
    ],
)
def test_each_state_has_its_rule(state: str, words: str) -> None:
    page = PAGE | {"state": state, "kind": "series"}

    assert why.rule(history(page=page)) == f"State: {state} since 2026-11-23 12:34:56 UTC: {words}. {DUE}"
    assert State(state)


def test_the_rule_counts_absences_and_attempts() -> None:
    page = PAGE | {"absences": 2, "last_absence_at": AT, "failures": 3}
    for nothing in ({"absences": 2}, {"absences": 0, "last_absence_at": AT}):
        assert "absence" not in why.rule(history(page=PAGE | nothing))

    assert why.rule(history(page=page)) == (
        f"{RULE} Absences that count: 2, the last on 2026-11-23. Attempts without success since the last one: 3."
        f" Not held. {DUE}"
    )


@pytest.mark.parametrize(
    ("captures", "whose"),
    [
        ([CAPTURE], ""),
        ([CAPTURE | {"id": 4, "source": "wayback"}], ""),
        ([CAPTURE | {"source": "wayback", "source_url": "https://web.archive.org/x", "source_at": AT}],
         " (the Wayback Machine, https://web.archive.org/x, a copy of 2026-11-23 12:34; no live answer is held)"),
    ],
)  # fmt: skip
def test_what_is_held_is_told_with_whose_copy_it_is(captures: list[Row], whose: str) -> None:
    assert why.rule(history(article=ARTICLE, captures=captures)) == (
        f"{RULE} Held: capture 3{whose}, read by ithome.article/1. {DUE}"
    )


def test_only_an_article_is_said_not_to_be_held() -> None:
    assert why.rule(history(page=PAGE | {"kind": "feed"})) == f"{RULE} {DUE}"


# ─── JSON ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "key", "row"),
    [
        ("captures", "captures", CAPTURE), ("named_by", "named_by", NAMED), ("edits", "edits", EDIT),
        ("problems", "problems", {"field": "title"}), ("events", "events", {"kind": "left_index", "at": AT}),
        ("pushes", "pushes", PUSH), ("carried", "carried", {"field": "author", "lost_since": AT, "last_found_at": AT}),
        ("changes", "state_changes", {"at": AT, "old_state": "new", "new_state": "alive"}),
    ],
)  # fmt: skip
def test_the_document_has_every_row_of_what_is_told_under_its_name(field: str, key: str, row: Row) -> None:
    rows: dict[str, Any] = {field: [row]}
    found = why.why_json(history(**rows))

    assert [{name: one[name] for name in row} for one in found[key]] == [row]
    assert sum(len(value) for value in found.values() if isinstance(value, list)) == 1


def test_the_document_is_what_stands_in_the_archive() -> None:
    given: dict[str, Any] = {"article": ARTICLE, "part": {"title": "Day 5"}, "fetches": [FETCH]}
    found = why.why_json(history(**given, is_demonstration=True))

    assert {name: found["article"][name] for name in ARTICLE} == ARTICLE
    assert found["part"]["title"] == "Day 5"
    assert found["fetches"][0]["signals"] == {"reason": "the page itself"}
    assert found["fetches"][0]["headers"] == {"etag": "x"}
    assert found["rule"] == why.rule(history(**given))
    assert (found["page"]["url"], found["is_demonstration"]) == (URL, True)
    assert "last_absence_at" not in found["page"]
    assert (why.why_json(history())["article"], why.why_json(history())["part"]) == (None, None)
