"""The contest's names of all years: a year is a year, an edition an edition, and what no name tells is not known."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import SERIES, World, archive_at, part, series_of, url_of
from hypothesis import given
from hypothesis import strategies as st
from page_fixtures import FEED, RICH, RUNNING, markup, read_as
from runs import SERIES as SERIES_URL
from runs import config_for, rows, run_fetch, terse_site

from archiver.model.readings import ArticlePage, FeedPage, Problem, SeriesPage
from archiver.pages.ithome.contest import Contest, named
from archiver.standin import StandIn


@pytest.mark.parametrize(
    ("words", "addresses", "tags", "expected"),
    [
        ("2026 iThome 鐵人賽", (), "", Contest(2026, 18)),
        (" 2023 iThome 鐵人賽", ("/2023ironman/ai-and-data",), "ir-article-icon-15th", Contest(2023, 15)),
        ("2021 iThome 鐵人賽", (), "", Contest(2021, 13)),
        ("第 13 屆 iThome 鐵人賽", (), "", Contest(2021, 13)),
        ("第 12 屆 iThome 鐵人賽", (), "", Contest(2020, 12)),
        ("第12屆iThome鐵人賽", ("/2020-12th-ironman/self",), "", Contest(2020, 12)),
        ("第 １１ 屆 iThome 鐵人賽", ("https://ithelp.ithome.com.tw/2020ironman/contest",), "", Contest(2020, 11)),
        ("第 11 屆 iThome 鐵人賽", (), "", Contest(2020, 11)),
        ("2019 iT 邦幫忙鐵人賽", ("/2019ironman/web",), "", Contest(2019, 10)),
        ("2018 iT 邦幫忙鐵人賽", ("/2018ironman/web",), "", Contest(2018, None)),
        ("2020 iThome 鐵人賽", (), "", Contest(2020, None)),
        ("2020 iThome 鐵人賽", ("/2020-12th-ironman/web",), "", Contest(2020, 12)),
        ("2020 iThome 鐵人賽", (), "ir-article-icon-12th", Contest(2020, 12)),
        ("2020 iThome 鐵人賽", (), "11th鐵人賽", Contest(2020, 11)),
        ("2019 iThome 鐵人賽", ("/2019ironman",), "11th鐵人賽", Contest(2019, 11)),  # what is told outranks a table
        ("", (), "2019鐵人賽", Contest(2019, 10)),
        ("", (), "2018鐵人賽", Contest(2018, None)),
        ("第 12 屆 iThome 鐵人賽", ("/2023ironman",), "15th鐵人賽", Contest(2020, 12)),
        ("", ("/ironman6/player/somebody/dev/1",), "", Contest(2013, 6)),
        ("", ("/ironman7/app/profile/1/dev",), "", Contest(None, 7)),
        ("", (), "ir-article-icon-18th clearfix", Contest(2026, 18)),
        ("鐵人賽", ("/ironman",), "", Contest()),
        ("第 0 屆 iThome 鐵人賽", (), "", Contest()),
        ("第 123 屆 iThome 鐵人賽", (), "", Contest()),
        ("1999 iThome 鐵人賽", (), "", Contest()),
        ("12023 iThome 鐵人賽", (), "", Contest()),
        ("30 天 iThome 鐵人賽", (), "", Contest()),
        ("2023 iThome 鐵人賽", ("/2021ironman/web",), "ir-article-icon-9th", Contest(2023, 15)),  # the words count
    ],
)
def test_a_contest_is_what_its_name_says(words: str, addresses: tuple[str, ...], tags: str, expected: Contest) -> None:
    assert named(words, addresses, [tags], tags) == expected  # the last are a tag, or classes of a badge


@given(st.text(), st.lists(st.text() | st.from_regex(r"/[0-9]{1,4}(-[0-9]{1,3}th)?-?ironman[0-9]{0,3}")), st.text())
def test_no_words_at_all_give_a_year_or_an_edition_that_cannot_be(words: str, links: list[str], classes: str) -> None:
    for text in (words, f"第 {words} 屆", f"{words} iThome 鐵人賽"):
        found = named(text, links, [classes, f"{classes}th鐵人賽"], classes)
        assert found.year is None or 2008 <= found.year <= 2107
        assert found.edition is None or 1 <= found.edition <= 99


# ─── on pages ───────────────────────────────────────────────────────────────────────────────────


def _called(name: str, contest: str, slug: str) -> str:
    """A fixture of 2026 as a page of another contest."""
    text = re.sub(r"2026 iThome 鐵人賽", contest, markup(name))
    return text.replace("/2026ironman", slug).replace("-18th", "-x").replace("18th鐵人賽", "rust")


def test_an_article_of_the_twelfth_contest_is_of_2020() -> None:
    read = read_as(RICH, _called(RICH, "第 12 屆 iThome 鐵人賽", "/2020-12th-ironman"))

    assert isinstance(read.page, ArticlePage)
    assert (read.page.contest_year, read.page.contest_edition) == (2020, 12)
    assert not [problem for problem in read.problems if problem.field.startswith("contest")]


def test_a_series_page_of_the_eleventh_contest_is_no_series_of_the_year_eleven() -> None:
    read = read_as(RUNNING, _called(RUNNING, "第 11 屆 iThome 鐵人賽", "/2020ironman"))

    assert isinstance(read.page, SeriesPage)
    assert (read.page.contest_year, read.page.contest_edition) == (2020, 11)


def test_a_feed_of_the_twelfth_contest_says_so() -> None:
    read = read_as(FEED, _called(FEED, "第 12 屆 iThome 鐵人賽", "/2020-12th-ironman"))

    assert isinstance(read.page, FeedPage)
    assert (read.page.contest_year, read.page.contest_edition) == (2020, 12)


def test_what_the_name_does_not_tell_is_a_named_problem() -> None:
    for name, page in ((RICH, ArticlePage), (RUNNING, SeriesPage)):
        read = read_as(name, _called(name, "2018 iT 邦幫忙鐵人賽", "/2018ironman"))
        assert isinstance(read.page, page)
        assert (read.page.contest_year, read.page.contest_edition) == (2018, None)
        assert Problem("contest_edition", "not_known", "2018 iT 邦幫忙鐵人賽") in read.problems

        read = read_as(name, _called(name, "鐵人賽", "/ironman"))
        assert isinstance(read.page, page)
        assert (read.page.contest_year, read.page.contest_edition) == (None, None)
        assert [problem.name for problem in read.problems if problem.field == "contest_year"] == ["not_known"]


# ─── in the archive ─────────────────────────────────────────────────────────────────────────────


def _of(contest_year: int | None, contest_edition: int | None) -> dict[str, Any]:
    return {"contest_year": contest_year, "contest_edition": contest_edition}


@pytest.mark.parametrize(
    ("year", "told"), [(2018, (2019, 10)), (2019, (2020, 11)), (2020, (2020, 12)), (2023, (2023, 15))]
)
def test_a_series_of_any_year_is_kept_with_its_contest(year: int, told: tuple[int, int], tmp_path: Path) -> None:
    site = terse_site(2)
    site = replace(site, series={**site.series, 5943: replace(site.series[5943], year=year)})
    db = tmp_path / "a.db"
    with StandIn(site) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{SERIES_URL}"'))

    assert summary.exit_code == 0
    assert rows(db, "SELECT contest_year, contest_edition FROM series WHERE id = 5943") == [told]
    assert rows(db, "SELECT DISTINCT contest_year FROM articles") == [(told[0],)]
    assert rows(db, "SELECT * FROM parse_problems WHERE field LIKE 'contest%'") == []


def test_what_cannot_be_told_is_empty_in_the_archive(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        case.answer(SERIES, replace(series_of(1), **_of(2018, None)))
        case.answer(url_of(1), part(1, **_of(2018, None)))

        assert case.rows("SELECT contest_year, contest_edition FROM series") == [_of(2018, None)]


@pytest.mark.parametrize("wrong", ["contest_edition = -1996", "contest_edition = 0", "contest_year = 12"])
def test_no_row_holds_a_contest_that_cannot_be(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with archive_at(path) as case:
        case.source(SERIES)
        case.answer(SERIES, series_of(1))
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError), connection:
        connection.execute(f"UPDATE series SET {wrong}")
    connection.close()


def test_an_archive_that_counted_by_subtraction_is_read_again(tmp_path: Path) -> None:
    """As versions before left it: the edition for the year, and a negative number for the edition."""
    path = tmp_path / "a.db"
    world = World()
    with archive_at(path, world) as case:
        case.source(SERIES)
        case.answer(SERIES, replace(series_of(1), **_of(2020, 12)))
        case.answer(url_of(1), part(1, **_of(2020, 12)))
        case.next_run(days=1)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    for table in ("series", "articles"):
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()
        bare = re.sub(r"(contest_(?:year|edition) INTEGER) CHECK \([^)]*\)", r"\1", sql)
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", [bare, table])
    connection.execute("PRAGMA writable_schema = RESET")
    connection.execute("UPDATE series SET contest_year = 12, contest_edition = -1996")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm008_contests'")
    connection.close()

    with archive_at(path, world) as case:
        assert case.rows("SELECT contest_year, contest_edition FROM series") == [_of(2020, 12)]
        assert [line for line in case.archive.verify() if "contest" in line or "derived" in line] == []
        assert case.rows("SELECT * FROM pragma_integrity_check") == [{"integrity_check": "ok"}]
        assert (
            "CHECK (contest_edition BETWEEN"
            in case.rows("SELECT sql FROM sqlite_master WHERE name = 'series'")[0]["sql"]
        )
