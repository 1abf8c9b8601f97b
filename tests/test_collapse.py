"""A text that shrinks to nearly nothing: kept as an edit, told as what it is, with the last full text beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import SERIES, Case, archive_at, derived_rows, make_fat, part, series_of, url_of
from depths import depth
from fakes import START
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import as_json, config_for, rows, run_fetch, terse_site

from archiver import cli, ithome
from archiver.archive import schema, search
from archiver.archive.collapse_rows import is_collapse, letters
from archiver.archive.connection import open_writer
from archiver.archive.opening import reading
from archiver.archive.times import stamp
from archiver.model import Address, Answer, CaptureSource, Exchange, Judgement, Outcome, Provenance, State
from archiver.model.readings import ArticlePage, Body, ImageReference
from archiver.standin import StandIn

LONG = "螃蟹在夜裡編譯三十天的資料管線與所有權。" * 20
GONE = "已刪除"
ID = 10_000_001


def said(text: str, pictures: int = 0, **changes: Any) -> ArticlePage:
    images = tuple(ImageReference(f"https://i.example/{number}.png") for number in range(pictures))
    return part(1, body=Body(f"<p>{text}</p>", text, images=images), **changes)


def collapses(case: Case) -> list[dict[str, Any]]:
    return case.rows("SELECT letters, full_letters, full_body_text, full_capture_id FROM collapses")


def found(case: Case, words: str) -> list[int]:
    case.archive.library.settle()
    with reading(case.path) as connection:
        return [hit.id for hit in search.find(connection, words).hits]


# ─── the rule ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (LONG, GONE, True),
        (LONG, ".", True),
        (LONG, "", True),
        (LONG, LONG[:60] + "……登入後繼續閱讀", True),  # a teaser
        (LONG, "本文已移至 https://blog.example/", True),
        (LONG, "This article has been removed by its author.", True),
        ("一篇很短的文章，說了兩件事。", "文章已移除", True),
        ("一篇很短的文章，說了兩件事。", "。。。", True),
        (LONG, LONG[: len(LONG) // 2], False),
        (LONG, LONG[: len(LONG) // 4], False),  # an author who cuts is an author
        ("一篇很短的文章，說了兩件事。", "一篇更短的文章。", False),
        ("如何刪除一個檔案：先備份，再刪除。", "如何刪除一個檔案：備份、刪除。", False),  # it is about that
        ("待續", "已刪除待續的那一篇", False),  # it grew
        ("", "", False),
        (".", "", False),
    ],
)
def test_nearly_nothing_is_told_from_shorter(before: str, now: str, expected: bool) -> None:
    assert is_collapse(letters(before, 0), letters(now, 0), now) is expected


def test_a_picture_counts_as_words() -> None:
    assert not is_collapse(letters("圖", 3), letters("圖", 2), "圖")
    assert is_collapse(letters("圖", 6), letters("圖", 0), "圖")


# ─── in the archive ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def case(tmp_path: Path) -> Any:
    with archive_at(tmp_path / "a.db") as opened:
        opened.source(SERIES)
        opened.answer(SERIES, series_of(1))
        yield opened


def test_a_collapse_is_an_edit_with_the_last_full_text_beside_it(case: Case) -> None:
    case.answer(url_of(1), said(LONG))
    case.next_run(days=2)
    case.answer(url_of(1), said(GONE))

    assert case.rows("SELECT body_text FROM articles") == [{"body_text": GONE}]
    assert case.rows("SELECT body_changed, cosmetic, collapsed FROM edits") == [
        {"body_changed": 1, "cosmetic": 0, "collapsed": 1}
    ]
    (row,) = collapses(case)
    assert (row["letters"], row["full_letters"], row["full_body_text"]) == (3, letters(LONG, 0), LONG)
    assert case.rows("SELECT what FROM timeline WHERE kind = 'article' AND what LIKE 'collapsed%'") == [
        {"what": "collapsed"}
    ]
    assert found(case, "資料管線") == found(case, GONE) == [ID]


def test_what_is_left_may_change_and_the_full_text_stays(case: Case) -> None:
    for text in (LONG, GONE, ".", "搬家了", "搬家了。"):
        case.answer(url_of(1), said(text))
        case.next_run(days=2)

    (row,) = collapses(case)
    assert row["full_body_text"] == LONG
    assert case.rows("SELECT sum(collapsed) AS n FROM edits") == [{"n": 1}]


def test_a_text_that_comes_back_ends_it(case: Case) -> None:
    for text in (LONG, GONE, LONG + "更新"):
        case.answer(url_of(1), said(text))
        case.next_run(days=2)

    assert collapses(case) == []
    assert found(case, "資料管線") == [ID]


def test_a_copy_from_before_tells_the_full_text_where_we_came_too_late(case: Case) -> None:
    case.answer(url_of(1), said(GONE))
    assert collapses(case) == []
    for text, days in (("短", 300), (LONG, 200), (LONG + "初稿", 400)):
        imported(case, said(text), days)

    (row,) = collapses(case)
    assert row["full_body_text"] == LONG, "the last one before"
    assert case.rows("SELECT body_text FROM articles") == [{"body_text": GONE}]
    assert found(case, "資料管線") == [ID]


def imported(case: Case, page: ArticlePage, days: int) -> None:
    """Somebody's copy of the first part, made so many days before."""
    address = ithome.classify(url_of(1))
    assert isinstance(address, Address)
    body = case.world.put(page)
    answer = Answer(address.url, case.clock.now(), 1, status=200, headers=(("content-type", "text/html"),), body=body)
    provenance = Provenance(CaptureSource.IMPORT, "a file", START - timedelta(days=days))
    exchange = Exchange(address, answer, provenance=provenance)
    read = case.world.read(address, body, None)
    case.archive.ledger.record(case.run_id, exchange, Judgement(Outcome.OK, "as the test says"), read)
    case.archive.library.catch_up()


@given(
    steps=st.lists(st.tuples(st.sampled_from([LONG, LONG[:100], LONG[:30], GONE, ".", "x"]), st.booleans()), max_size=7)
)
@settings(max_examples=depth(6, 240), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_everything_again_gives_the_same_collapses(
    steps: list[tuple[str, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("again") / "a.db"
    with archive_at(path) as case:
        case.source(SERIES)
        for number, (text, live) in enumerate(steps):
            page = said(text, title=f"[Day 01] {number}")
            case.answer(url_of(1), page) if live else imported(case, page, 100 - number)
        case.next_run(days=1)
        kept = derived_rows(path)
        case.archive.rebuild()

        assert derived_rows(path) == kept
        assert [line for line in case.archive.verify() if "derived" not in line] == []


def test_an_archive_from_before_is_read_again_for_its_collapses(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with archive_at(path) as case:
        world = case.world
        case.source(SERIES)
        case.answer(url_of(1), said(LONG))
        case.next_run(days=2)
        case.answer(url_of(1), said(GONE))
        case.next_run(days=2)
    make_fat(path)
    database = open_writer(path)
    for statement in (
        "DROP TABLE collapses", "DELETE FROM _sqlite_migrations WHERE name = 'm011_collapses'",
    ):  # fmt: skip
        for view in database.views:
            database.execute(f'DROP VIEW "{view.name}"')
        database.execute(statement)
    database.execute("ALTER TABLE edits DROP COLUMN collapsed")
    database.conn.commit()
    database.close()

    with archive_at(path, world) as case:
        assert [row["full_body_text"] for row in collapses(case)] == [LONG]
    assert "collapses" in schema.descriptions()


def test_a_copy_of_what_is_left_is_no_copy_of_the_text(case: Case) -> None:
    def copy_of(days: int) -> None:
        page = case.rows("SELECT id FROM pages WHERE url = ?", url_of(1))[0]["id"]
        at = stamp(case.clock.now() - timedelta(days=days))
        with case.archive._database.atomic():
            case.archive._database.execute(
                "INSERT INTO copies (page_id, holder, url, made_at, confirmed, first_seen_at, checked_at)"
                " VALUES (?, 'wayback', ?, ?, 1, ?, ?)",
                [page, f"https://web.archive.org/{days}", at, at, at],
            )

    case.answer(url_of(1), said(LONG))
    case.next_run(days=2)
    case.answer(url_of(1), said(GONE))
    case.clock.advance(days=5)
    copy_of(1)
    assert case.rows("SELECT copies, wayback_at FROM copies_of_parts") == [{"copies": 1, "wayback_at": None}]
    assert [held.page_state for held in case.archive.pushes.held()] == [State.GONE], "nobody could save the full one"
    copy_of(30)
    assert case.rows("SELECT copies FROM copies_of_parts") == [{"copies": 2}]


# ─── as it is told ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def collapsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, Any]:
    """A run after an author emptied a part, and what it came to."""
    folder = tmp_path_factory.mktemp("collapsed")
    db, site = folder / "a.db", terse_site(3)
    number = site.series[5943].part_ids[0]
    site = replace(site, articles={**site.articles, number: replace(site.articles[number], html=f"<p>{LONG}</p>")})
    with StandIn(site) as standin:
        file = config_for(standin, folder)
        assert run_fetch(db, file).exit_code == 0
        standin.faults.edit(number, body=f"<p>{GONE}</p>")
        summary = run_fetch(db, file, force=True)
    return db, number, summary


def test_the_alarm_rings_while_the_text_is_gone(
    collapsed: tuple[Path, int, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    db, number, summary = collapsed

    assert summary.exit_code == 3
    assert any(f"{number} " in one and f"shrank from {letters(LONG, 0)} to 3 letters" in one for one in summary.lines)
    assert [row["id"] for row in summary.document["collapsed"]] == [number]
    assert cli.run(["status", "--db", str(db)]) == 3
    told = capsys.readouterr().err
    assert "archiver diff" in told
    assert "the last full text" in told
    assert rows(db, "SELECT count(*), sum(safe) FROM page_status WHERE series_id = 5943") == [(3, 3)]
    assert cli.run(["status", "--json", "--db", str(db)]) == 3
    document = as_json(capsys.readouterr().out)
    assert [row["id"] for row in document["collapsed"]] == [number]
    assert document["collapsed"][0]["letters"] == 3
    assert cli.run(["why", str(number), "--db", str(db)]) == 0
    assert "nearly nothing is left" in capsys.readouterr().out


def test_the_full_text_is_shown_by_diff_and_found(
    collapsed: tuple[Path, int, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    db, number, _ = collapsed
    (capture,) = rows(db, "SELECT full_capture_id FROM collapses")[0]

    assert cli.run(["diff", str(number), "--from", str(capture), "--db", str(db)]) == 0
    assert "所有權" in capsys.readouterr().out
    assert cli.run(["search", "夜裡編譯", "--db", str(db)]) == 0
    assert str(number) in capsys.readouterr().out
