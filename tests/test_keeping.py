"""What stands in the file, and in which form: a body once, code within it, and the shape of before brought to that."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from archives import (
    FEED,
    SERIES,
    Case,
    World,
    archive_at,
    body,
    comment,
    derived_rows,
    feed_of,
    make_fat,
    neighbour,
    part,
    series_of,
    url_of,
)
from fakes import START
from hypothesis import given
from hypothesis import strategies as st

from archiver import ithome
from archiver.archive import bodies
from archiver.archive.body_rows import code_starts
from archiver.archive.opening import reading
from archiver.archive.schema import descriptions
from archiver.model import Address, Answer, Exchange, Judgement, Outcome
from archiver.model.readings import ArticlePage, CodeBlock, Comment, Neighbour, SeriesItem

WITH_CODE = replace(
    body("before let x = 1; let x = 1;\n after"),
    code_blocks=(CodeBlock("let x = 1;", "rust"), CodeBlock("let x = 1;\n"), CodeBlock("not to the letter  ")),
)


def test_code_is_found_in_the_text_of_its_article_and_stored_only_where_it_is_not(case: Case) -> None:
    case.answer(url_of(1), part(1, body=WITH_CODE))

    assert case.rows("SELECT start, length, code FROM code_blocks ORDER BY position") == [
        {"start": 8, "length": 10, "code": None}, {"start": 19, "length": 11, "code": None},
        {"start": None, "length": 19, "code": "not to the letter  "},
    ]  # fmt: skip
    said = case.rows("SELECT language, code FROM code ORDER BY position")
    assert [row["code"] for row in said] == [block.code for block in WITH_CODE.code_blocks]


# What a page says that stands not in the row of its article or comment under its own name, and where it does.
ELSEWHERE = {
    ArticlePage: {
        "author": "author_id", "body": "body_text", "tags": "articles_tags", "previous": "previous_id",
        "next": "next_id", "catalog": "names", "comments": "comments", "subscribers": "metrics",
        **dict.fromkeys(
            ("series_user_id", "series_title", "contest_edition", "group_slug", "declared_parts", "feed_url"), "series"
        ),
    },
    Comment: {"id": "site_id", "author": "author_id", "body": "body_text"},
}  # fmt: skip


@pytest.mark.parametrize(("page", "table"), [(ArticlePage, "articles"), (Comment, "comments")])
def test_whatever_a_page_says_has_its_place_in_the_file(page: type[Any], table: str) -> None:
    places = descriptions()[table].keys() | descriptions().keys()

    assert [one.name for one in fields(page) if ELSEWHERE[page].get(one.name, one.name) not in places] == []


letters = st.text(alphabet="ab\n所𝒳", max_size=30)


@given(letters, st.lists(letters, max_size=6))
def test_what_the_text_gives_at_its_place_is_the_code_to_the_letter(text: str, codes: list[str]) -> None:
    for code, start in zip(codes, code_starts(text, codes), strict=True):
        assert start is None or text[start - 1 :][: len(code)] == code


def test_a_body_is_made_in_every_form_from_the_capture_that_it_was_read_from(case: Case) -> None:
    case.answer(url_of(1), part(1, text="first"))
    case.next_run(days=1)
    case.answer(url_of(1), part(1, text="second"))
    ids = [row["id"] for row in case.rows("SELECT id FROM captures ORDER BY id")]

    with reading(case.path) as connection:
        found = [bodies.of_capture(connection, number, case.world.read) for number in ids]
        assert bodies.of_capture(connection, 999, case.world.read) is None
    assert [one and (one.html, one.markdown) for one in found] == [
        ("<p>first</p>", "first"), ("<p>second</p>", "second"),
    ]  # fmt: skip


def statements_of(case: Case, act: Callable[[], object]) -> list[str]:
    """What is said to SQLite meanwhile; what it says to itself, for the search index or a trigger, left out.

    Of a statement with triggers we are told once more for each.
    """
    said: list[str] = []
    connection = case.archive._database.conn
    connection.set_trace_callback(said.append)
    act()
    connection.set_trace_callback(None)
    ours = [statement for statement in said if not statement.startswith("--")]
    return [statement for statement, _ in groupby(ours)]


def waits_for_the_disk(statements: list[str]) -> int:
    """How many commits wait until the disk has them."""
    waits, is_full = 0, True
    for statement in statements:
        if statement.startswith("PRAGMA synchronous"):
            is_full = statement.endswith("FULL")
        waits += is_full and statement == "COMMIT"
    return waits


def test_a_page_costs_one_wait_for_the_disk_and_so_many_statements(case: Case) -> None:
    """The numbers may fall, and not grow."""
    case.answer(url_of(9), part(9))
    page = part(1, previous=neighbour(9), catalog=(neighbour(9), neighbour(1)))
    new = statements_of(case, lambda: case.answer(url_of(1), page, counters={"views": 1}))
    again = statements_of(case, lambda: case.answer(url_of(1), page, counters={"views": 2}))
    settling = statements_of(case, case.archive.library.settle)

    assert [waits_for_the_disk(one) for one in (new, again, settling)] == [1, 1, 0]
    assert [sum(one == "COMMIT" for one in statements) for statements in (new, again)] == [2, 2]
    assert len(new) <= 41
    assert len(again) <= 23
    assert len(statements_of(case, case.archive.library.settle)) == 1


def test_pages_are_read_together_and_a_list_or_what_is_settled_at_once(case: Case) -> None:
    library = case.archive.library

    def taken(number: int, size: int = 1, *, at_once: bool = False, after_s: int = 0) -> int:
        """How many articles were read after one more was recorded."""
        fetch_id = case.answer(url_of(number), part(number), read_on=False)
        library.take(fetch_id, None, size, START + timedelta(seconds=after_s), at_once=at_once)
        return len(case.rows("SELECT id FROM articles"))

    assert [taken(number) for number in range(1, 34)] == [0] * 31 + [32, 32]
    assert taken(34, at_once=True) == 34
    assert [taken(35), taken(36, size=2_000_000)] == [34, 36]
    assert [taken(37, after_s=2), taken(38, after_s=16), taken(39, after_s=17)] == [36, 36, 39]  # no page waits long
    assert [taken(40, after_s=18), taken(41)] == [39, 41]  # the clock was put back
    assert taken(42) == 41
    statements = statements_of(case, library.settle)
    assert len(case.rows("SELECT id FROM articles")) == 42
    assert case.rows("SELECT count(*) AS n FROM search_rows") == [{"n": 42}]
    assert waits_for_the_disk(statements) == 0
    assert list(case.archive.verify()) == []


def test_a_body_is_kept_as_its_host_packed_it_where_that_is_it_and_packed_well(case: Case) -> None:
    bodies_said = [f"<p>the words of page {number}</p>".encode() * 400 for number in range(4)]
    well, other, badly = gzip.compress(bodies_said[0], 1), gzip.compress(b"other", 1), gzip.compress(bodies_said[2], 0)
    for number, came in enumerate((well, other, badly, None)):
        address = ithome.classify(url_of(number + 1))
        assert isinstance(address, Address)
        answer = Answer(address.url, case.clock.now(), 7, status=200, body=bodies_said[number], packed=came)
        case.archive.ledger.record(case.run_id, Exchange(address, answer), Judgement(Outcome.UNREADABLE, ""), None)

    stored = [row["body"] for row in case.rows("SELECT body FROM captures ORDER BY id")]
    assert stored[0] == well
    assert not {other, badly} & {*stored}
    assert [case.archive.captures.body(number) for number in (1, 2, 3, 4)] == bodies_said


def test_a_capture_that_does_not_unpack_has_no_body(case: Case) -> None:
    case.answer(url_of(1), part(1))
    case.archive._database.execute("DROP TRIGGER captures_no_update")
    case.archive._database.execute("UPDATE captures SET body = x'1f8b'")

    with case.archive.reading() as connection:
        assert bodies.of_capture(connection, 1, case.world.read) is None


def test_what_many_pages_name_in_the_same_words_stands_once_and_goes_when_nobody_uses_it(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2))
    for number in (1, 2):
        case.answer(url_of(number), part(number, catalog=(neighbour(1), neighbour(2))))
    words = "SELECT text, count(*) AS n FROM names JOIN mentions ON name_id = names.id GROUP BY names.id ORDER BY 1"
    assert case.rows(words) == [{"text": "[Day 01] title", "n": 3}, {"text": "[Day 02] title", "n": 3}]

    other = Neighbour(10_000_001, "another title")
    case.answer(url_of(1), part(1, catalog=(other, other, neighbour(2))))
    assert [row["n"] for row in case.rows(words)] == [2, 3, 1]
    case.answer(SERIES, replace(series_of(1, 2), items=(SeriesItem(10_000_001, "another title"),)))
    case.answer(url_of(2), part(2, catalog=(other, neighbour(2))))
    assert case.rows("SELECT text FROM names ORDER BY 1") == [{"text": "[Day 02] title"}, {"text": "another title"}]
    assert case.rows("SELECT count(*) AS n FROM discoveries WHERE gone_at IS NULL") == [{"n": 5}]


def test_an_archive_of_before_keeps_every_row_and_says_each_body_once(tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", World()
    long = "a text of some length that is going to be nearly nothing, " * 5
    with archive_at(path, world) as case:
        case.source(SERIES)
        case.answer(SERIES, series_of(1, 2))
        case.answer(FEED, feed_of(1, 2))
        case.answer(url_of(1), part(1, body=WITH_CODE, comments=(comment(1, "first", site_id=5),)))
        case.answer(url_of(2), part(2, text=long))
        case.next_run(days=2)
        case.answer(url_of(1), part(1, body=WITH_CODE, comments=(comment(1, "second", site_id=5),)))
        case.answer(url_of(2), part(2, text="已刪除"))
        case.next_run(days=2)
    kept = derived_rows(path)
    assert len(kept["comment_versions"]) == 2
    assert len(kept["collapses"]) == 1
    make_fat(path)

    with archive_at(path, world) as case:
        assert case.rows("PRAGMA foreign_key_check") == []
        assert case.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert [line for line in case.archive.verify() if "program" not in line and "no seal" not in line] == []
        assert len(case.rows("SELECT 1 FROM sqlite_master WHERE name LIKE 'old\\_%' ESCAPE '\\'")) == 0
    assert derived_rows(path) == kept
