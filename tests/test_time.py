"""What an archive says years later: what changed, what vanished and how we know, and what no parser understands."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import (
    FEED,
    INDEX,
    SERIES,
    Case,
    World,
    archive_at,
    body,
    comment,
    index_of,
    part,
    series_of,
    url_of,
)
from depths import depth
from fakes import START, FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import config_for, rows, run_fetch, terse_site
from sqlite_utils import Database

from archiver import cli
from archiver.archive import queries
from archiver.archive.migrations import migrations
from archiver.archive.opening import reading
from archiver.model import Address, Kind, Outcome
from archiver.model.readings import CodeBlock, Problem, Reading
from archiver.report import status as report
from archiver.standin import StandIn

LONG = "這一篇講所有權與借用，" * 20


def events(case: Case) -> list[tuple[Any, ...]]:
    found = case.rows("SELECT kind, article_id, other_article_id FROM events ORDER BY id")
    return [tuple(row.values()) for row in found]


# ─── ghosts and gaps ────────────────────────────────────────────────────────────────────────────


def test_a_part_gone_from_the_index_stays_in_the_series(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "Day 01"), (url_of(2), "Day 02")))
    case.answer(url_of(1), part(1))
    case.answer(url_of(2), part(2))
    case.next_run(days=8)
    case.answer(INDEX, index_of((url_of(1), "Day 01")))
    case.archive.library.settle()

    assert events(case) == [("left_index", 10_000_002, None)]
    assert case.rows("SELECT id, safe FROM page_status ORDER BY id") == [
        {"id": 10_000_001, "safe": 1},
        {"id": 10_000_002, "safe": 1},
    ]


def test_a_part_that_comes_back_to_a_list_is_an_event_too(case: Case) -> None:
    case.source(SERIES)
    for numbers in ((1, 2), (1,), (1, 2)):
        case.answer(SERIES, series_of(*numbers))
        case.next_run(days=2)

    assert events(case) == [("left_series", 10_000_002, None), ("back_in_series", 10_000_002, None)]


def test_a_part_that_moves_to_the_lists_page_before_has_not_left(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(*range(1, 11), declared=12, next_page=2))
    case.answer(f"{SERIES}?page=2", series_of(11, 12, declared=12))
    case.next_run(days=2)
    case.answer(SERIES, series_of(*range(2, 12), declared=11, next_page=2))
    case.answer(f"{SERIES}?page=2", series_of(12, declared=11))

    assert events(case) == [("left_series", 10_000_001, None)]


def test_two_parts_of_one_day_a_part_beyond_thirty_and_a_renumbered_one_are_events(case: Case) -> None:
    case.source(SERIES)
    case.answer(url_of(7), part(7))
    case.answer(url_of(8), part(8, title="[Day 07] again", title_day=7))
    case.answer(url_of(31), part(31))
    case.answer(url_of(7), part(7, position=6))

    assert events(case) == [
        ("duplicate_day", 10_000_008, 10_000_007),
        ("beyond_thirty", 10_000_031, None),
        ("renumbered", 10_000_007, None),
    ]


def test_the_same_text_under_a_new_id_is_known_and_linked(case: Case) -> None:
    case.source(SERIES)
    case.answer(url_of(1), part(1, body=body(LONG)))
    case.answer(url_of(41), part(41, position=2, title="[Day 02] x", title_day=2, body=body(f"{LONG} ")))
    case.answer(url_of(3), part(3, body=body("短")))
    case.answer(url_of(4), part(4, body=body("短")))

    assert ("reposted", 10_000_041, 10_000_001) in events(case)
    assert [kind for kind, *_ in events(case)].count("reposted") == 1, "a short text is the same by chance"


def test_events_stand_in_the_status(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2))
    case.next_run(days=2)
    case.answer(SERIES, series_of(1))
    with reading(case.path) as connection:
        found = queries.status(connection)

    assert [row[1:3] for row in report.events_table(found)] == [("left series", "10000002")]
    assert report.status_json(found)["events"][0]["kind"] == "left_series"


# ─── comments ───────────────────────────────────────────────────────────────────────────────────


def test_a_comment_keeps_every_text_it_had_and_the_day_it_vanished(case: Case) -> None:
    case.source(SERIES)
    for text in ("first", "second", None):
        case.answer(url_of(1), part(1, comments=(comment(1, text, site_id=5),) if text else ()))
        case.next_run(days=3)

    versions = case.rows("SELECT body_text, first_seen_at, last_seen_at FROM comment_versions ORDER BY id")
    assert [row["body_text"] for row in versions] == ["first", "second"]
    (held,) = case.rows("SELECT body_text, deleted_at FROM comments")
    assert held["body_text"] == "second"
    assert held["deleted_at"] is not None
    assert case.rows("SELECT count(*) AS n FROM timeline WHERE what = 'comment deleted'") == [{"n": 1}]


# ─── edits ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "cosmetic"),
    [
        (part(1, text="所有權，很重要。"), part(1, text="所有權, 很重要!"), 1),
        (part(1, text="Rust"), part(1, text="Ｒｕｓｔ"), 1),
        (part(1, text="所有權"), part(1, text="借用"), 0),
        (part(1), part(1, tags=("rust", "mlops")), 0),
        (
            part(1, body=replace(body(), code_blocks=(CodeBlock("a = 1;"),))),
            part(1, body=replace(body(), html="<p>other</p>", code_blocks=(CodeBlock("a = 1"),))),
            0,
        ),
    ],
)
def test_a_change_of_dress_is_told_from_a_change_of_content(case: Case, before: Any, after: Any, cosmetic: int) -> None:
    case.source(SERIES)
    if cosmetic:  # the fake body's code repeats its text
        before, after = (replace(page, body=replace(page.body, code_blocks=())) for page in (before, after))
    case.answer(url_of(1), before)
    case.next_run(days=2)
    case.answer(url_of(1), after)

    assert case.rows("SELECT cosmetic FROM edits") == [{"cosmetic": cosmetic}]


# ─── drift ──────────────────────────────────────────────────────────────────────────────────────


class Drifting(World):
    """Its parser finds no date from some moment on."""

    def __init__(self) -> None:
        super().__init__()
        self.blind = False

    def read(self, address: Address, body: bytes, content_type: str | None) -> Reading:
        found = super().read(address, body, content_type)
        problems = (Problem("published_at", "not_found"),) if self.blind and "articles" in address.url else ()
        return replace(found, problems=problems)


def test_a_value_that_pages_no_longer_yield_is_an_alarm_with_field_count_and_date(tmp_path: Path) -> None:
    world = Drifting()
    with archive_at(tmp_path / "a.db", world) as case:
        case.source(SERIES)
        for number in (1, 2, 3):
            case.answer(url_of(number), part(number))
        case.next_run(days=40)
        world.blind = True
        for number in (1, 2):
            case.answer(url_of(number), part(number, text="the new look"))
        case.answer(url_of(4), part(4))  # never yielded it, so that it cannot have lost it
        (found,) = case.rows("SELECT kind, field, pages, since FROM parser_drift")
        with reading(case.path) as connection:
            status = queries.status(connection)
        world.blind = False
        case.archive.library.rebuild()
        mended = case.rows("SELECT * FROM parser_drift")

    assert (found["kind"], found["field"], found["pages"]) == ("article", "published_at", 2)
    assert found["since"][:10] == (START + timedelta(days=40)).date().isoformat()
    assert "the parser no longer fits" in report.drift_notes(status)[0]
    assert mended == [], "a parser that fits again mends the past from the captures"


def test_a_redesign_ends_the_run_and_the_status_with_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "archive.db"
    with StandIn(terse_site(5)) as standin:
        file = config_for(standin, tmp_path)
        assert run_fetch(db, file).exit_code == 0
        standin.faults.drift()
        summary = run_fetch(db, file, force=True)

    assert summary.exit_code == 3
    assert any("the parser no longer fits" in one and "body" in one for one in summary.lines)
    assert cli.run(["status", "--db", str(db)]) == 3
    assert "the parser no longer fits" in capsys.readouterr().err
    assert rows(db, "SELECT count(*), sum(safe) FROM page_status WHERE series_id = 5943") == [(5, 5)]


# ─── control requests, rests ────────────────────────────────────────────────────────────────────


def test_a_host_that_answers_an_impossible_article_oddly_is_not_believed_about_others(tmp_path: Path) -> None:
    db = tmp_path / "archive.db"
    site = terse_site(8)
    lost = site.series[5943].part_ids[2]
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.not_found(lost)
        standin.faults.error("/articles/999999999", status=500)
        summary = run_fetch(db, file, force=True)

    assert summary.document["doubt"] is not None
    assert "cannot exist" in summary.document["doubt"]
    assert rows(db, "SELECT DISTINCT state FROM pages WHERE kind = 'article'") == [("alive",)]


def test_a_soft_404_without_telling_words_is_known_by_the_control_request(tmp_path: Path) -> None:
    db = tmp_path / "archive.db"
    site = terse_site(8)
    first, second = site.series[5943].part_ids[2:4]
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.soft_404("article", message="嗯？這裡空空的")
        standin.faults.not_found(first)
        run_fetch(db, file, f"https://ithelp.ithome.com.tw/articles/{first}", force=True)
        run_fetch(db, file, f"https://ithelp.ithome.com.tw/articles/{second}", force=True)

    (signals,) = rows(
        db, "SELECT signals FROM fetches JOIN pages ON pages.id = page_id WHERE article_id = ? ORDER BY fetches.id DESC"
        " LIMIT 1", second,
    )  # fmt: skip
    assert json.loads(signals[0]).get("as_control") is True


def test_a_host_that_asked_for_a_rest_is_left_alone_until_then(tmp_path: Path) -> None:
    db, clock = tmp_path / "archive.db", FakeClock()
    with StandIn(terse_site(5)) as standin:
        file = str(config_for(standin, tmp_path))
        arguments = ["fetch", "-q", "--config", file, "--db", str(db)]
        standin.faults.rate_limit("article", retry_after=7200)
        assert cli.run(arguments, clock) == 4
        standin.faults.clear()
        asked = len(standin.log)
        clock.advance(minutes=30)
        assert cli.run(arguments, clock) == 4
        assert [entry.target for entry in standin.log[asked:] if "/articles/" in entry.target] == []
        clock.advance(hours=2)
        assert cli.run(arguments, clock) == 0


def test_a_deletion_stands_above_the_renumberings_that_it_causes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, site = tmp_path / "archive.db", terse_site(14)
    gone = site.series[5943].part_ids[0]
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.delete(gone)
        standin.faults.renumber(5943)
        run_fetch(db, file, force=True)

    assert rows(db, "SELECT count(*) FROM events WHERE kind = 'renumbered'") == [(13,)]
    with reading(db) as connection:
        shown = report.events_table(queries.status(connection))
    kinds = [row[1] for row in shown]
    assert kinds.index("left series") < kinds.index("renumbered")
    assert kinds.count("renumbered") == 1
    assert "13 times" in shown[-1][3]
    assert cli.run(["status", "--db", str(db)]) in {0, 3}
    assert "more events" not in capsys.readouterr().err


# ─── an archive of the version before ───────────────────────────────────────────────────────────


def test_an_archive_of_the_first_shape_gains_the_second_with_all_it_held(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(Database(path)) as old:
        migrations.apply(old, stop_before="m002_time")
        old.execute(
            "INSERT INTO pages (url, kind, host, first_seen_at, state_since, due_at)"
            " VALUES (?, 'series', 'h', ?, ?, ?)",
            [SERIES, *["2026-01-01T00:00:00.000Z"] * 3],
        )
    with archive_at(path) as case:
        case.source(FEED)
        case.archive.ledger.page(Address("https://elsewhere.example/", Kind.LINK), START)
        kinds = case.rows("SELECT kind FROM pages ORDER BY id")

    assert [row["kind"] for row in kinds] == ["series", "feed", "link"]


# ─── beliefs are a function of what was seen ────────────────────────────────────────────────────

_SEEN = st.sampled_from(
    [None, None, None, Outcome.NOT_FOUND, Outcome.REMOVED, Outcome.SOFT_404, Outcome.TIMEOUT, Outcome.SERVER_ERROR,
     Outcome.CHALLENGE, Outcome.FORBIDDEN, Outcome.MOVED, Outcome.SKIPPED]
)  # fmt: skip
_RUN = st.tuples(st.lists(st.tuples(st.integers(1, 6), _SEEN), max_size=8), st.floats(0.1, 40.0))


@settings(deadline=None, max_examples=depth(12, 600))
@given(st.lists(_RUN, min_size=1, max_size=6))
def test_whatever_happened_the_beliefs_are_what_the_fetches_alone_say(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[list[tuple[int, Outcome | None]], float]]
) -> None:
    with archive_at(tmp_path_factory.mktemp("beliefs") / "a.db") as case:
        case.source(SERIES)
        for answers, days in runs:
            for number, outcome in answers:
                case.answer(url_of(number), part(number) if outcome is None else None, outcome)
            case.next_run(days=days)
        for (page_id,) in [(row["id"],) for row in case.rows("SELECT id FROM pages")]:
            belief, changes = case.archive.beliefs.recompute(page_id)
            assert case.archive.beliefs.belief(page_id) == belief
            stored = case.rows("SELECT old_state, new_state FROM state_changes WHERE page_id = ? ORDER BY id", page_id)
            assert [(row["old_state"], row["new_state"]) for row in stored] == [change[1:] for change in changes]
