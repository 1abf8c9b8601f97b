"""The words of `status`: every note and its condition, the tables, and the line of the last run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from told import Row, status

from archiver.report import status as told

AT = "2026-11-23T12:34:56.789Z"
URL = "https://ithelp.ithome.com.tw/users/1/ironman/7"
SERIES: Row = {
    "id": 7, "title": "A series", "url": URL, "declared_parts": 3, "parts": 3, "safe": 3, "rescued": 0, "missing": 0,
    "gone": 0, "edited": 0, "linked_by_index": 3, "contest_days": None, "last_checked_at": AT, "is_asked": 1,
}  # fmt: skip
SOURCE: Row = {
    "id": 1, "url": "https://blog.example/", "title": "A source", "kind": "index", "parts": 2, "safe": 2, "rescued": 0,
    "missing": 0, "gone": 0, "edited": 0, "last_checked_at": None, "last_fetch_at": AT, "last_ok_at": AT,
    "last_outcome": "ok", "error": None, "of_series": 0, "with_day": 0, "has_series": 0, "likely_url": None,
    "is_asked": 1,
}  # fmt: skip
UNKNOWN = SOURCE | {"last_ok_at": None, "last_outcome": "challenge", "error": "a bot check"}
ARTICLE = SOURCE | {"kind": "article", "title": "An article"}
UNSETTLED: Row = {
    "what": "absent", "series_id": 7, "pages": 2, "since": AT, "url": "https://a.example/1", "outcome": "timeout",
}  # fmt: skip
EVENT: Row = {"at": AT, "kind": "left_index", "article_id": 5, "series_id": 7, "detail": "gone from it", "title": None}
COLLAPSED: Row = {
    "id": 5, "title": "short", "full_title": "whole", "letters": 3, "full_letters": 900, "since": AT,
    "full_seen_at": "2026-10-01T00:00:00.000Z", "full_capture_id": 44, "is_asked": 1,
}  # fmt: skip
DRIFT: Row = {
    "parser": "ithome.article/1", "field": "likes", "pages": 3, "kind": "article", "since": AT,
    "last_found_at": "2026-10-01T00:00:00.000Z", "example": "https://a.example/1",
}  # fmt: skip
PROBLEM: Row = {
    "parser": "ithome.article/1", "kind": "article", "field": "title_day", "problem": "not_found", "pages": 2,
    "example": "https://a.example/2",
}  # fmt: skip
RUN: Row = {
    "id": 9, "command": "fetch", "started_at": AT, "finished_at": AT, "ended_by": "finished", "exit_code": 0,
    "requests": 2, "note": None, "outcomes": {"ok": 1, "not_found": 4},
}  # fmt: skip
PART: Row = {
    "id": 5, "title": "Day 5", "position": 5, "state": "alive", "safe": 1, "missing": 0, "last_ok_at": AT,
    "url": "https://a.example/5", "last_outcome": "ok", "source_id": 1,
}  # fmt: skip


def notes(**given: Any) -> list[str]:
    return told.series_notes(status(**given))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"linked_by_index": 2}, ["7: 2 linked by the index, 3 in the series"]),
        ({"linked_by_index": 0}, []),
        ({"declared_parts": 30}, ["7: the site declares 30 parts, 3 are known"]),
        ({"declared_parts": None}, []),
        ({"parts": 0, "linked_by_index": None, "contest_days": 30, "declared_parts": 0},
         ["7: its list is empty, though it was written for 30 days; nothing of it is held"]),
        ({"contest_days": 30}, []),
        ({"parts": 0, "linked_by_index": None, "declared_parts": 0}, []),
    ],
)  # fmt: skip
def test_a_series_has_a_note_where_its_numbers_differ(changes: Row, expected: list[str]) -> None:
    assert notes(series=[SERIES | changes]) == expected


def test_how_many_images_are_held_is_told_of_a_series_that_shows_any() -> None:
    held = {"series_id": 7, "images": 4, "held": 4, "unasked": 0, "missing": None}
    assert notes(series=[SERIES], images={7: held}) == ["7: 4 of 4 images held"]
    assert notes(series=[SERIES], images={8: held}) == []


def test_what_is_stored_and_told_by_no_row_has_a_note() -> None:
    assert notes(unread=1) == ["1 answer stored and not read yet, as the next run does"]
    (told,) = notes(unnamed=30)
    assert told.startswith("30 articles held, but no source is named: `archiver fetch URL` follows one, ")


@pytest.mark.parametrize(
    ("held", "unasked", "more"),
    [
        (3, 0, ""), (2, 0, " and 1 more"), (0, 0, " and 3 more"),
        (0, 3, " and 3 more; 3 of them never asked for, as `archiver fetch` does"),
    ],
)  # fmt: skip
def test_an_image_that_is_missing_is_named(held: int, unasked: int, more: str) -> None:
    counted = {
        "series_id": 7,
        "images": 4,
        "held": held,
        "unasked": unasked,
        "missing": "https://i.example/a\u202e.png",
    }
    assert notes(series=[SERIES], images={7: counted}) == [
        f"7: {held} of 4 images held; missing: https://i.example/a.png{more}"
    ]


NOT_KNOWN = "https://blog.example/: its series is not known yet"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (ARTICLE, "https://blog.example/: held; it belongs to no series"),
        (ARTICLE | {"missing": 1, "parts": 0}, NOT_KNOWN),
        (SOURCE, "https://blog.example/: all that it links to is held, and nothing of it belongs to a series"),
        (SOURCE | {"has_series": 1},
         "https://blog.example/: of 2 of its links nobody knows which of its series they belong to"),
        (UNKNOWN | {"parts": 0}, f"{NOT_KNOWN} (last answer: challenge: a bot check)"),
        (UNKNOWN | {"parts": 0, "last_outcome": None}, NOT_KNOWN),
        (SOURCE | {"missing": 1},
         f"{NOT_KNOWN}: no author wrote most of the 2 articles it links to, as far as they were read"),
        (UNKNOWN | {"parts": 0, "last_outcome": None, "likely_url": URL},
         (f'{NOT_KNOWN}; should it be {URL}, put `series = "{URL}"` beside its url in the config, or `archiver fetch`'
         " that")),
        (UNKNOWN | {"parts": 0, "error": None}, f"{NOT_KNOWN} (last answer: challenge: )"),
        (UNKNOWN | {"parts": 0, "error": "x" * 161}, f"{NOT_KNOWN} (last answer: challenge: {'x' * 159}…)"),
    ],
)  # fmt: skip
def test_a_source_of_no_known_series_says_what_is_known_and_what_to_do(source: Row, expected: str) -> None:
    assert notes(homeless=[source]) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("2 part(s) of series 7 absent since 2026-11-23, which is not believed yet, such as https://a.example/1;"
             " `archiver why` says the reason")),
        ({"series_id": None}, ("2 part(s) of no known series absent since 2026-11-23, which is not believed yet, such"
                              " as https://a.example/1; `archiver why` says the reason")),
        ({"what": "alone"}, ("https://a.example/1: links no article; series 7 is kept since it links that one of the"
                            " site")),
        ({"what": "lists"}, ("the lists of series 7 were not heard since 2026-11-23 (last answer: timeout): parts added"
                            " since are unknown")),
        ({"what": "lists", "since": None}, ("the lists of series 7 were never heard (last answer: timeout): which parts"
                                           " it has is not known from them")),
    ],
)  # fmt: skip
def test_what_is_not_believed_is_said(changes: Row, expected: str) -> None:
    assert notes(unsettled=[UNSETTLED | changes]) == [expected]


def test_what_is_asked_no_more_and_a_hint_that_nobody_confirms_are_told() -> None:
    assert notes(
        dropped=[{"url": "https://blog.example/", "dropped_at": AT}],
        unheard_hints=[{"url": "https://blog.example/", "links": 28, "series_hint": URL}],
    ) == [
        "https://blog.example/: no longer asked since 2026-11-23; nothing of it was deleted",
        (
            f"https://blog.example/: none of the 28 articles it links to is known to be of series {URL}, which its"
            " `series` in the config names: is that the right one?"
        ),
    ]


@pytest.mark.parametrize(("count", "more"), [(1, ""), (5, ""), (6, ", …")])
def test_what_is_taken_for_a_citation_is_named_up_to_five(count: int, more: str) -> None:
    cited = [{"id": number, "last_outcome": "timeout"} for number in range(1, count + 1)]
    named = ", ".join(f"{number} (timeout)" for number in range(1, min(count, 5) + 1))

    assert notes(cited=cited) == [
        (
            f"taken for citations, since they never answered and another part has their day: {named}{more};"
            " `archiver why ID` explains"
        )
    ]


def test_collapse_and_drift_say_since_when_and_where_the_last_full_text_is() -> None:
    assert notes(collapsed=[COLLAPSED]) == [
        (
            "5 whole: its text shrank from 900 to 3 letters, seen on 2026-11-23; the last full text, of 2026-10-01,"
            " is held (capture 44): `archiver diff 5 --from 44` and `archiver serve` show it"
        )
    ]
    assert notes(collapsed=[COLLAPSED | {"full_title": None}])[0].startswith("5 short: its text")
    assert notes(collapsed=[COLLAPSED | {"full_title": None, "title": None}])[0].startswith("5 : its text")
    assert notes(collapsed=[COLLAPSED | {"full_title": "x" * 81}])[0].startswith(f"5 {'x' * 79}…: its text")
    assert notes(drift=[DRIFT]) == [
        (
            "the parser no longer fits: ithome.article/1 does not find likes on 3 article page(s) that yielded it until"
            " 2026-10-01, since 2026-11-23, such as https://a.example/1; what they last said stands, and what was"
            " received is kept: update archiver, then run `archiver parse`"
        )
    ]


def test_a_problem_is_told_unless_it_is_told_as_drift() -> None:
    misfit = "the parser ithome.article/1 does not fit: title_day not_found on 2 page(s), such as https://a.example/2"

    assert notes(problems=[PROBLEM]) == [misfit]
    assert notes(problems=[PROBLEM | {"problem": "not_known"}]) == [
        "title day not known of 2 page(s), such as https://a.example/2: what they say does not tell it"
    ]
    assert misfit in notes(problems=[PROBLEM], drift=[DRIFT])
    assert len(notes(problems=[PROBLEM | {"field": "likes"}], drift=[DRIFT])) == 1


# ─── tables ─────────────────────────────────────────────────────────────────────────────────────


def test_a_series_has_a_row_and_so_has_a_source_of_none() -> None:
    rescued = SERIES | {"safe": 2, "rescued": 1, "missing": 4, "gone": 5, "edited": 6}
    homeless = [SOURCE, ARTICLE, ARTICLE | {"missing": 1, "title": None, "last_checked_at": "2026-11-01"}]

    assert told.series_table(status(series=[rescued], homeless=homeless)) == [
        ("7", "A series", "3", "2", "1", "4", "5", "6", "2026-11-23"),
        ("?", "https://blog.example/", "2", "2", "0", "0", "0", "0", "2026-11-23"),
        ("-", "An article", "2", "2", "0", "0", "0", "0", "2026-11-23"),
        ("?", "https://blog.example/", "2", "2", "0", "1", "0", "0", "2026-11-01"),
    ]
    unread = SERIES | {"title": None, "last_checked_at": None}
    assert told.series_table(status(series=[unread]))[0][1::7] == (URL, "never")
    assert told.SERIES_COLUMNS == (
        "series", "title", "parts", "safe", "rescued", "missing", "gone", "changed", "last checked",
    )  # fmt: skip


def test_a_part_that_wants_attention_has_a_row_those_of_no_series_last() -> None:
    lost = PART | {"safe": 0, "missing": 1, "last_outcome": None, "position": None, "title": None, "state": "new"}
    gone = PART | {"id": 6, "state": "gone", "last_outcome": "not_found", "title": "x" * 81}

    assert told.attention_table(status(parts={None: [lost], 8: [gone], 7: [PART]})) == [
        ("6", "5", "gone", "yes", "not_found", "x" * 79 + "…"),
        ("5", "", "new", "no", "not asked yet", ""),
    ]
    assert told.PART_COLUMNS == ("article", "part", "state", "held", "last answer", "title")


def test_events_stand_alone_and_renumberings_as_one_a_series() -> None:
    renumbered = EVENT | {"kind": "renumbered", "detail": "5 → 4"}
    found = [EVENT, renumbered, renumbered | {"series_id": 8, "article_id": None, "detail": None},
             renumbered | {"article_id": 6},
             EVENT | {"title": "Day 5", "detail": None, "article_id": None}]  # fmt: skip

    assert told.events_table(status(events=found)) == [
        ("2026-11-23", "left index", "5", "gone from it"),
        ("2026-11-23", "left index", "", "(Day 5)"),
        ("2026-11-23", "renumbered", "5", "2 times in 7, last this"),
        ("2026-11-23", "renumbered", "", ""),
    ]
    assert told.events_table(status(events=[renumbered]))[0][3] == "5 → 4"
    assert told.events_table(status(events=[EVENT | {"detail": "a word", "title": "Day 5"}]))[0][3] == "a word (Day 5)"
    assert told.events_table(status(events=[EVENT | {"detail": None}]))[0][3] == ""
    assert told.events_table(status(events=[EVENT | {"detail": "x" * 101}]))[0][3] == "x" * 99 + "…"
    assert told.events_table(status(events=[renumbered | {"detail": "x" * 101}]))[0][3] == "x" * 99 + "…"
    assert told.EVENT_COLUMNS == ("when", "event", "article", "what")


@pytest.mark.parametrize(("count", "more"), [(10, []), (11, ["1 more events stand in the table `events`"])])
def test_ten_events_are_shown_and_the_others_counted(count: int, more: list[str]) -> None:
    assert notes(events=[EVENT] * count) == more
    assert len(told.events_table(status(events=[EVENT] * count))) == 10


# ─── lines ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_held_is_a_line_a_series_and_a_line_a_source_with_parts() -> None:
    mixed = SERIES | {"parts": 30, "safe": 28, "rescued": 1, "missing": 2, "gone": 3, "title": None}
    one = ARTICLE | {"parts": 1, "safe": 1}

    assert told.held_lines(
        status(series=[SERIES, mixed], homeless=[SOURCE, SOURCE | {"parts": 0}, one, one | {"missing": 1}])
    ) == [
        "A series (7): 3 parts · 3 safe",
        f"{URL} (7): 30 parts · 28 safe · 1 rescued · 2 missing · 3 gone",
        "https://blog.example/ (series not known): 2 parts · 2 safe",
        "An article (an article of no series): 1 part · 1 safe",
        "An article (series not known): 1 part · 1 safe · 1 missing",
    ]
    assert told.held_lines(status(homeless=[one | {"title": None}]))[0].startswith("https://blog.example/ (an article")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Last run: 2026-11-23 12:34 UTC, 2 requests; pages: 4 not_found, 1 ok; finished."),
        ({"outcomes": {"moved": 1, "ok": 2}},
         "Last run: 2026-11-23 12:34 UTC, 2 requests; pages: 2 ok, 1 moved; finished."),
        ({"requests": 1, "outcomes": {}},
         "Last run: 2026-11-23 12:34 UTC, 1 request; pages: none; finished."),
        ({"ended_by": None}, ("Last run: 2026-11-23 12:34 UTC, 2 requests; pages: 4 not_found, 1 ok; still running, or"
                             " killed.")),
        ({"command": "push", "outcomes": {}}, "Last run (push): 2026-11-23 12:34 UTC, 2 requests; finished."),
        ({"command": "rescue", "outcomes": {"ok": 1}},
         "Last run (rescue): 2026-11-23 12:34 UTC, 2 requests; pages: 1 ok; finished."),
        ({"outcomes": {}, "note": "a bug\x1b"},
         "Last run: 2026-11-23 12:34 UTC, 2 requests; pages: none; finished. a bug"),
    ],
)  # fmt: skip
def test_the_last_run_is_one_line(changes: Row, expected: str) -> None:
    assert told.last_run_line(status(last_run=RUN | changes)) == expected


def test_without_a_run_it_is_said_what_makes_one() -> None:
    assert told.last_run_line(status()) == "No run yet; `archiver fetch` makes the first."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3_599, "59 min 59 s"), (3_600, "1 h 0 min"),
     (7_500, "2 h 5 min"), (7_259, "2 h 0 min"), (120, "2 min"), (3_540, "59 min"), (3_541, "59 min 1 s"),
     (10_799, "2 h 59 min")],
)  # fmt: skip
def test_a_time_is_told_as_people_do(seconds: float, words: str) -> None:
    assert told.duration(seconds) == words


def test_a_moment_to_come_back_after_is_a_whole_minute_and_never_too_early() -> None:
    assert told.minute(datetime(2026, 11, 23, 12, 57, 0, 1, tzinfo=UTC)) == "2026-11-23 12:58 UTC"
    assert told.minute(datetime(2026, 11, 23, 12, 58, tzinfo=UTC)) == "2026-11-23 12:58 UTC"


def test_a_pipe_gets_columns_between_tabs() -> None:
    assert told.tab_separated(("a", "b"), [("1", "2"), ("3", "4")]) == "a\tb\n1\t2\n3\t4"


# ─── JSON ───────────────────────────────────────────────────────────────────────────────────────


def test_the_document_has_each_part_with_its_series_or_its_source() -> None:
    other = PART | {"id": 6, "source_id": 2}
    given = status(series=[SERIES], homeless=[SOURCE], parts={7: [PART], None: [other, PART]}, last_run=RUN)
    found = told.status_json(given)

    item = {"id": 5, "title": "Day 5", "position": 5, "state": "alive", "safe": 1, "last_ok_at": AT,
            "url": "https://a.example/5"}  # fmt: skip
    assert [one["items"] for one in found["series"]] == [[item], [item]]
    assert found["last_run"] == RUN
    assert found["is_demonstration"] is False
    assert (told.status_json(status())["last_run"], told.status_json(status())["series"]) == (None, [])


@pytest.mark.parametrize(
    ("field", "key", "row"),
    [
        ("dropped", "no_longer_asked", {"url": "u", "dropped_at": AT}), ("cited", "cited", {"id": 1}),
        ("unheard_hints", "unheard_hints", {"id": 1}), ("unsettled", "unsettled", UNSETTLED),
        ("events", "events", EVENT), ("drift", "drift", DRIFT), ("collapsed", "collapsed", COLLAPSED),
    ],
)  # fmt: skip
def test_the_document_has_every_row_of_what_is_told_under_its_name(field: str, key: str, row: Row) -> None:
    found = told.status_json(status(**{field: [row]}))

    assert [{name: one[name] for name in row} for one in found[key]] == [row]
    assert sum(len(value) for value in found.values() if isinstance(value, list)) == 1
