"""The contest's form of a series' address, `/<any>ironman/articles/<sid>`: it names no author (docs/site.md §6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import saved_files
from archives import INDEX, archive_at, derived_rows, index_of, series_of
from archives import SERIES as NAMED
from runs import INDEX as BLOG_INDEX
from runs import SERIES, config_for, last_outcomes, rows, run_fetch, series_counts, terse_site
from standin_client import ask

from archiver import cli, ithome, pages
from archiver.model import Address
from archiver.model.readings import SeriesPage
from archiver.standin import Faults, Site, StandIn
from archiver.standin.world import Group, Link

SITE = "https://ithelp.ithome.com.tw"
NAMELESS = f"{SITE}/ironman/articles/5943"
OLD = f"{SITE}/2020-12th-ironman/articles/5943"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(3)) as served:
        yield served


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def _linking_only_the_series(*links: str, parts: int = 3) -> Site:
    site = terse_site(parts)
    groups = (Group("The series", tuple(Link(f"series {number}", url) for number, url in enumerate(links))),)
    index = replace(site.indexes[BLOG_INDEX], groups=groups, before="<p>Thirty days.</p>")
    return replace(site, indexes={BLOG_INDEX: index})


# ─── as a source and as a hint ──────────────────────────────────────────────────────────────────


def test_a_series_is_kept_from_an_address_that_names_no_author(standin: StandIn, db: Path, tmp_path: Path) -> None:
    summary = run_fetch(db, config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"'))

    assert (summary.exit_code, series_counts(db)) == (0, (3, 3, 0))
    assert rows(db, "SELECT url, author_id FROM series WHERE id = 5943") == [(SERIES, 20141304)]
    assert last_outcomes(db)[NAMELESS] == last_outcomes(db)[SERIES] == "ok"


def test_once_the_named_page_answers_the_nameless_one_rests(standin: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"')
    run_fetch(db, file)
    before = len(standin.log)
    run_fetch(db, file, force=True)

    asked = {entry.url for entry in standin.log[before:]}
    assert SERIES in asked
    assert NAMELESS not in asked


def test_while_the_named_page_is_refused_the_nameless_list_is_read_to_its_end(db: Path, tmp_path: Path) -> None:
    faults = Faults()
    faults.refuse("/users/*")
    faults.not_found("feed")
    with StandIn(terse_site(12), faults=faults) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"'))

    assert series_counts(db) == (12, 12, 0)
    assert summary.exit_code == 0
    assert last_outcomes(db)[f"{NAMELESS}?page=2"] == "ok"


def test_a_hint_without_an_author_is_a_hint(db: Path, tmp_path: Path) -> None:
    hinted = f'[[sources]]\nurl = "{BLOG_INDEX}"\nseries = "{SITE}/ironman/articles/5943"'
    with StandIn(terse_site(3)) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=hinted))

    assert (summary.exit_code, series_counts(db)) == (0, (3, 3, 0))
    assert rows(db, "SELECT series_hint FROM sources") == [(5943,)]


def test_a_nameless_address_that_redirects_to_the_named_page_is_followed(db: Path, tmp_path: Path) -> None:
    faults = Faults()
    faults.redirect("/ironman/articles/5943", SERIES)
    with StandIn(terse_site(3), faults=faults) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"'))

    assert (summary.exit_code, series_counts(db)) == (0, (3, 3, 0))
    assert last_outcomes(db)[NAMELESS] == "ok"


# ─── as a link of an index ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("link", [OLD, f"{SITE}/2023ironman/articles/5943?page=1#list", SERIES])
def test_an_index_that_links_only_the_series_finds_it(link: str, db: Path, tmp_path: Path) -> None:
    with StandIn(_linking_only_the_series(link)) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{BLOG_INDEX}"'))

    assert (summary.exit_code, series_counts(db)) == (0, (3, 3, 0))
    assert "does not fit" not in summary.as_text()


def test_of_two_series_that_nobody_can_tell_apart_an_index_follows_neither(db: Path, tmp_path: Path) -> None:
    both = _linking_only_the_series(OLD, f"{SITE}/2021ironman/articles/4015")
    with StandIn(both) as served:
        summary = run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{BLOG_INDEX}"'))

    assert summary.exit_code == 3
    assert rows(db, "SELECT count(*) FROM parts") == [(0,)]
    assert "its series is not known yet" in summary.as_text()


# ─── as a page ──────────────────────────────────────────────────────────────────────────────────


def test_another_series_under_that_address_is_another_page(db: Path, tmp_path: Path) -> None:
    faults = Faults()
    faults.redirect("/ironman/articles/5943", f"{SITE}/ironman/articles/4015")
    with StandIn(terse_site(3), faults=faults) as served:
        run_fetch(db, config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"'))

    assert last_outcomes(db)[NAMELESS] == "moved"
    assert not [url for url in last_outcomes(db) if "4015" in url]


def test_a_wrong_author_in_an_address_is_put_right_by_the_page_itself() -> None:
    with StandIn(terse_site(3)) as served:
        body = ask(served, SERIES).body
    wrong = ithome.classify(f"{SITE}/users/1/ironman/5943")
    assert isinstance(wrong, Address)

    read = pages.read(wrong, body, "text/html; charset=utf-8").page

    assert isinstance(read, SeriesPage)
    assert read.author.id == 20141304


def test_a_part_that_leaves_the_list_leaves_it_under_both_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with archive_at(path) as case:
        case.source(NAMED)
        case.answer(NAMELESS, series_of(1, 2))
        case.answer(NAMED, series_of(1, 2))
        case.next_run(days=1)
        case.answer(NAMED, series_of(1))
        case.answer(NAMELESS, series_of(1))
        case.next_run(days=1)
        kept = derived_rows(path)
        case.archive.rebuild()

        told = case.rows("SELECT kind, article_id FROM events ORDER BY id")
        assert told == [{"kind": "left_series", "article_id": 10_000_002}]
        assert derived_rows(path) == kept
        assert list(case.archive.verify()) == []


def test_a_part_that_only_the_nameless_list_named_leaves_it_too(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(NAMELESS)
        case.answer(NAMELESS, series_of(1, 2))
        case.next_run(days=1)
        case.answer(NAMED, series_of(1))

        assert case.rows("SELECT kind, article_id FROM events") == [{"kind": "left_series", "article_id": 10_000_002}]
        assert case.rows("SELECT article_id FROM discoveries WHERE via = 'series' AND gone_at IS NULL GROUP BY 1") == [
            {"article_id": 10_000_001}
        ]


def test_a_link_added_to_a_bare_index_takes_no_series_away(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(INDEX)
        case.answer(INDEX, index_of((OLD, "mine")))
        case.next_run(days=7)
        case.answer(INDEX, index_of((OLD, "mine"), (f"{SITE}/ironman/articles/4015", "a friend's")))
        case.next_run(days=7)

        assert case.rows("SELECT id FROM series WHERE followed") == [{"id": 5943}]


def test_a_saved_page_of_that_address_is_a_page_of_the_series(db: Path, tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as served:
        body = ask(served, f"{SITE}/2020-12th-ironman/articles/5943").body
        file = config_for(served, tmp_path, sources=f'[[sources]]\nurl = "{OLD}"')
    saved = tmp_path / "list.mhtml"
    saved.write_bytes(saved_files.mhtml(OLD, body))

    code = cli.run(["import", str(saved), "--db", str(db), "--config", str(file)])

    assert code == 0
    assert rows(db, "SELECT url FROM pages WHERE last_ok_at IS NULL AND kind = 'series' ORDER BY url") == [
        (NAMELESS,), (SERIES,),
    ]  # fmt: skip
    assert rows(db, "SELECT count(*) FROM parts") == [(3,)]


def test_why_knows_a_list_by_each_of_its_addresses(
    standin: StandIn, db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_fetch(db, config_for(standin, tmp_path))

    assert cli.run(["why", OLD, "--db", str(db)]) == 0
    assert SERIES in capsys.readouterr().out
