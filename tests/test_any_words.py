"""Whatever an author, a host or a file says, the archive opens, and what cannot be kept is a row with its reason."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from archives import INDEX, SERIES, World, archive_at, derived_rows, part, url_of
from depths import depth
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import SERIES as REAL_SERIES
from runs import config_for, rows, run_fetch, series_counts, terse_site

from archiver import cli, ithome, pages
from archiver.archive.archive import Keeper
from archiver.config.rules import Rules, Schedule
from archiver.model import Address, Outcome
from archiver.model.readings import ArticlePage, FeedPage, ImagePage, IndexPage, Page, SeriesPage
from archiver.standin import StandIn

PART = 10319293  # Day 02
NUMBERS = st.one_of(st.integers(), st.sampled_from([0, -1, 2**63 - 1, 2**63, -(2**63) - 1, 10**25]))
TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(["", "\x00", "\ud800", "\u202e", "x" * 5_000, "javascript:1"]))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]))
ADDRESSES = st.sampled_from([ithome.classify(url_of(1)), ithome.classify(SERIES)])


def any_value(kind: Any) -> st.SearchStrategy[Any]:
    """Anything at all of the type that a field is declared with."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    plain = {
        int: NUMBERS,
        str: TEXTS,
        bool: st.booleans(),
        datetime: MOMENTS,
        type(None): st.none(),
        Address: ADDRESSES,
    }
    if kind in plain:
        return plain[kind]
    if origin is types.UnionType:
        return st.one_of(*(any_value(one) for one in arguments))
    if origin is tuple:
        return st.lists(any_value(arguments[0]), max_size=2).map(tuple)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field.name: any_value(hints[field.name]) for field in dataclasses.fields(kind)})
    return st.just(kind)


PAGES = {
    url_of(1): ArticlePage, SERIES: SeriesPage, ithome.feed_url(5943): FeedPage, INDEX: IndexPage,
    "https://ithelp.ithome.com.tw/upload/images/20230916/20141304p2BKnRCiQm.png": ImagePage,
}  # fmt: skip


@settings(deadline=None, max_examples=depth(5, 160))
@given(data=st.data())
@pytest.mark.parametrize("url", PAGES)
def test_any_number_date_and_text_in_any_field_leaves_the_archive_whole(url: str, data: st.DataObject) -> None:
    page = data.draw(any_value(PAGES[url]))
    world = World()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with archive_at(path, world) as case:
            case.source(SERIES)
            case.answer(url_of(1), part(1))
            case.answer(url, page, Outcome.OK)
            case.archive.library.settle()
            told = case.rows("SELECT problem FROM parse_problems WHERE field = 'page'")
        before = derived_rows(path)
        with Keeper(path, "test", world.read, Rules(), Schedule()) as again:
            again.rebuild()
        assert derived_rows(path) == before
        assert told in ([], [{"problem": "unreadable"}])


def test_a_reading_that_cannot_be_kept_is_told_and_passed_over(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        case.answer(url_of(1), part(1))
        case.answer(url_of(1), part(1, position=10**30, text="new"))
        case.answer(url_of(2), part(2))
        case.archive.library.settle()

        assert case.rows("SELECT id, position FROM articles") == [
            {"id": 10000001, "position": 1},
            {"id": 10000002, "position": 2},
        ]
        (problem,) = case.rows("SELECT capture_id, problem, detail FROM parse_problems")
        assert (problem["capture_id"], problem["problem"]) == (2, "unreadable")
        assert problem["detail"] == "OverflowError", (
            "a message would differ between versions, and verify would cry damage"
        )
        assert [row["field"] for row in case.rows("SELECT field FROM lost_fields")] == ["page"], "the alarm rings"


def test_a_parser_that_raises_makes_an_answer_unreadable_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Page:
        raise RecursionError("a page made for it")

    monkeypatch.setattr(pages.article, "read", fails)
    body = (Path(__file__).parent / "fixtures/article").glob("*/body.html")
    address = ithome.classify(ithome.article_url(10319216))
    assert isinstance(address, Address)

    told = pages.read(address, next(body).read_bytes(), "text/html")

    assert (told.facts.raised, told.page) == ("RecursionError", None)
    assert told.problems[0].name == "raised"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(2)) as served:
        yield served


@pytest.mark.parametrize("level", [2, 3, 4])
def test_an_authors_heading_is_never_read_as_the_sites_count(standin: StandIn, tmp_path: Path, level: int) -> None:
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
    standin.faults.edit(PART, body=f"<h{level}>99999999999999999999 則留言</h{level}><p>一段話</p>")

    assert run_fetch(db, file).exit_code == 0
    assert series_counts(db) == (2, 2, 0)
    assert rows(db, "SELECT comments_count FROM articles WHERE id = ?", PART)[0][0] < 100
    assert cli.run(["status", "--db", str(db), "-q"]) == 0


def test_a_title_that_speaks_of_comments_is_no_count(standin: StandIn, tmp_path: Path) -> None:
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
    standin.faults.reword(PART, "(<h3[^>]*ir-article__topic[^>]*>.*?<a[^>]*>)[^<]*", r"\g<1>一年 365 則留言")
    run_fetch(db, file)

    assert rows(db, "SELECT comments_count FROM articles WHERE id = ?", PART)[0][0] < 100
