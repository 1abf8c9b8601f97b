"""Whole runs: the real client, the real archive, and the stand-in playing iThome with all that can go wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from archives import derived_rows
from faithful import OLD_SERIES_ID
from runs import (
    INDEX,
    INDEX_2021,
    INDEX_ZH,
    SERIES,
    config_for,
    last_outcomes,
    rows,
    run_fetch,
    series_counts,
    terse_site,
)

from archiver import config, ithome
from archiver.commands import fetching
from archiver.report import fetches
from archiver.standin import Faults, StandIn

SITE = terse_site(30)
PART = 10323209  # Day 05
LAST = 10321315  # Day 03, in the series of three
LINKED = 28


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(SITE) as served:
        yield served


@pytest.fixture
def small() -> Iterator[StandIn]:
    """A series of five parts, for what does not need thirty."""
    with StandIn(terse_site(5)) as served:
        yield served


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


# ─── a good day ─────────────────────────────────────────────────────────────────────────────────


def test_an_index_that_links_28_parts_gives_all_30_with_every_comment_and_reply(
    standin: StandIn, db: Path, tmp_path: Path
) -> None:
    summary = run_fetch(db, config_for(standin, tmp_path))

    assert (summary.exit_code, series_counts(db)) == (0, (30, 30, 0))
    assert f"5943: {LINKED} linked by the index, 30 in the series" in summary.as_text()
    assert rows(db, "SELECT count(*) FROM fetches") == [(len(standin.log),)]
    assert rows(db, "SELECT position FROM articles ORDER BY position") == [(number,) for number in range(1, 31)]
    made = sum(
        len(article.comments) + sum(len(one.replies) for one in article.comments) for article in SITE.parts(5943)
    )
    assert rows(db, "SELECT count(*) FROM comments") == [(made,)]
    assert rows(
        db, "SELECT count(*) FROM comments WHERE author_name IS NULL OR published_at IS NULL OR body_text = ''"
    ) == [(0,)]


def test_the_site_is_treated_with_manners(small: StandIn, db: Path, tmp_path: Path) -> None:
    delay_s = 0.06
    run_fetch(db, config_for(small, tmp_path, delay_s=delay_s, jitter_s=0.02))
    log = small.log

    assert small.max_concurrent == 1
    starts = [datetime.fromisoformat(at) for (at,) in rows(db, "SELECT started_at FROM fetches ORDER BY id")]
    assert min((after - before).total_seconds() for before, after in pairwise(starts)) >= delay_s
    seen_by_the_host = min(after.started - before.started for before, after in pairwise(log))
    assert seen_by_the_host >= delay_s - 0.03, "more than a busy machine explains"
    first_asked: dict[str, str] = {}
    for entry in log:
        first_asked.setdefault(entry.host, entry.target)
        assert "cookie" not in entry.headers
        assert "authorization" not in entry.headers
        assert entry.headers["accept-encoding"] == "gzip"
        assert entry.headers["user-agent"].startswith("Mozilla/5.0 (compatible; ithome-archiver/")
        assert "+https://example.org/tests" in entry.headers["user-agent"]
        assert not ithome.denied(entry.url)
    assert set(first_asked.values()) == {"/robots.txt"}
    assert len({entry.url for entry in log}) == len(log), "something was asked twice"
    assert small.drafts_created == 0


def test_a_second_run_asks_nothing_and_a_forced_one_finds_nothing_new(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    asked, captures = len(small.log), rows(db, "SELECT count(*) FROM captures")

    assert run_fetch(db, file).exit_code == 0
    assert len(small.log) == asked

    forced = run_fetch(db, file, force=True)
    assert set(forced.document["outcomes"]) == {"unchanged"}
    assert rows(db, "SELECT count(*) FROM captures") == captures
    assert rows(db, "SELECT count(*) FROM edits") == [(0,)]


@pytest.mark.parametrize("fault", ["not_found", "forbid"])
def test_an_author_whose_articles_all_fail_is_told_part_by_part_though_a_citation_answers(
    standin: StandIn, db: Path, tmp_path: Path, fault: str
) -> None:
    """29 links of its author and one of a stranger, whose page is the only one that answers."""
    file = config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{INDEX_2021}"')
    for number in SITE.series[OLD_SERIES_ID].part_ids:
        getattr(standin.faults, fault)(number)

    summary = run_fetch(db, file)

    asked = [entry.target for entry in standin.log]
    assert summary.exit_code in {3, 4}
    assert not [target for target in asked if "/users/" in target or "/rss/" in target], "nobody's series is followed"
    assert rows(db, "SELECT count(*), sum(missing) FROM page_status WHERE series_id IS NULL") == [(30, 29)]
    assert "30 parts · 1 safe · 29 missing" in summary.as_text()


def test_reading_everything_again_gives_the_same_rows(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    small.faults.edit(PART, title="[Day 05] 新的標題", body="<p>改過的內文</p>")
    small.faults.add_comment(10319216)
    run_fetch(db, file, force=True)
    before = derived_rows(db)

    fetching.parse(config.load(file), db)

    assert derived_rows(db) == before


def test_the_other_index_gives_a_stranger_s_series_as_a_citation(standin: StandIn, db: Path, tmp_path: Path) -> None:
    summary = run_fetch(db, config_for(standin, tmp_path), INDEX_2021)

    assert summary.exit_code == 0
    assert rows(db, "SELECT id FROM articles WHERE is_citation") == [(10274317,)]
    assert rows(db, "SELECT count(*) FROM parts WHERE series_id = 4015") == [(0,)]
    assert not any("4015" in entry.target for entry in standin.log)


@pytest.mark.parametrize("url", [SERIES, ithome.article_url(PART), ithome.feed_url(5943)])
def test_a_series_is_kept_whole_from_any_of_its_pages(small: StandIn, db: Path, tmp_path: Path, url: str) -> None:
    assert run_fetch(db, config_for(small, tmp_path), url).exit_code == 0
    assert series_counts(db) == (5, 5, 0)


def test_a_limit_is_kept_and_the_next_run_goes_on(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    first = run_fetch(db, file, limit=6)

    assert (len(small.log), first.document["ended_by"], first.exit_code) == (6, "limit", 3)
    assert run_fetch(db, file).exit_code == 0
    assert len({entry.url for entry in small.log}) == len(small.log)


def test_a_plan_asks_nothing_and_leaves_nothing(small: StandIn, db: Path, tmp_path: Path) -> None:
    plan = fetching.plan(config.load(config_for(small, tmp_path, delay_s=2)), db, fetching.FetchOptions())

    assert not small.log
    assert not db.exists()
    assert INDEX in fetches.plan_text(plan)


# ─── the ways around what does not answer ───────────────────────────────────────────────────────


def test_with_series_pages_refused_the_feed_and_the_chain_complete_the_series(
    standin: StandIn, db: Path, tmp_path: Path
) -> None:
    standin.faults.refuse("series")

    assert run_fetch(db, config_for(standin, tmp_path)).exit_code == 0
    assert series_counts(db) == (30, 30, 0)


def test_with_series_pages_and_feed_refused_the_chain_alone_completes_the_series(
    small: StandIn, db: Path, tmp_path: Path
) -> None:
    small.faults.refuse("series")
    small.faults.refuse("feed")

    assert run_fetch(db, config_for(small, tmp_path), ithome.article_url(PART)).exit_code == 0
    assert series_counts(db) == (5, 5, 0)


def test_many_refused_series_pages_close_only_their_kind(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.refuse("series")
    series = [one for one in small.site.series.values() if one.id in {5943, 4111, 5990, 9301, 6044}]
    sources = "\n".join(f'[[sources]]\nurl = "{ithome.series_url(one.author.id, one.id)}"' for one in series)
    run_fetch(db, config_for(small, tmp_path, sources=sources))

    assert sum("/ironman/" in entry.target for entry in small.log) == 3
    assert rows(db, "SELECT count(*) FROM fetches WHERE outcome = 'skipped'") == [(2,)]
    assert rows(db, "SELECT id, parts, safe FROM series_progress ORDER BY id") == [
        (one.id, len(one.part_ids), len(one.part_ids)) for one in sorted(series, key=lambda one: one.id)
    ]


def test_a_host_without_robots_is_told_once_and_every_page_of_it_has_a_row(
    small: StandIn, db: Path, tmp_path: Path
) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    small.faults.robots("500")
    with_a_day_between = config_for(small, tmp_path, extra="robots_max_age_s = 0")
    asked = len(small.log)
    run_fetch(db, with_a_day_between, force=True)

    later = [entry.target for entry in small.log[asked:] if entry.host == "ithelp.ithome.com.tw"]
    assert set(later) == {"/robots.txt"}
    assert rows(db, "SELECT count(*) FROM fetches WHERE outcome = 'robots_unreachable'") == [(7,)]
    assert series_counts(db) == (5, 5, 0)


def test_when_one_index_does_not_answer_the_other_language_is_asked(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.error("xavierforge.dev/en/*", status=500)
    summary = run_fetch(db, config_for(small, tmp_path))

    assert summary.exit_code == 0
    assert last_outcomes(db)[INDEX_ZH] == "ok"
    assert "4 linked by the index" in summary.as_text()


def test_when_no_index_answers_what_is_known_is_still_fetched(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.error("index", status=500)
    run_fetch(db, config_for(small, tmp_path))

    assert series_counts(db) == (5, 5, 0)


def test_everything_refused_stops_early_and_changes_nothing_for_the_worse(
    small: StandIn, db: Path, tmp_path: Path
) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    states, captures, asked = (
        dict(rows(db, "SELECT url, state FROM pages")),
        rows(db, "SELECT count(*) FROM captures"),
        len(small.log),
    )
    small.faults.refuse()

    summary = run_fetch(db, file, force=True)

    assert summary.exit_code == 4
    assert len(small.log) - asked <= 12
    now = dict(rows(db, "SELECT url, state FROM pages"))
    assert {url: now[url] for url in states} == states
    assert rows(db, "SELECT count(*) FROM captures") == captures
    assert "Nothing that was held is lost" in summary.as_text()


def test_everything_refused_from_the_start_keeps_nothing_as_an_article(
    small: StandIn, db: Path, tmp_path: Path
) -> None:
    small.faults.refuse()

    assert run_fetch(db, config_for(small, tmp_path)).exit_code == 4
    assert rows(db, "SELECT count(*) FROM articles") == [(0,)]
    assert rows(db, "SELECT count(*) FROM pages WHERE state IN ('suspect', 'gone')") == [(0,)]


# ─── one fault on one part ──────────────────────────────────────────────────────────────────────

Fault = Callable[[Faults], None]
FAULTS: list[tuple[str, Fault, str]] = [
    ("404", lambda faults: faults.not_found(LAST), "not_found"),
    ("410", lambda faults: faults.removed(LAST), "removed"),
    ("451", lambda faults: faults.removed(LAST, status=451), "removed"),
    ("soft 404", lambda faults: faults.soft_404(LAST), "soft_404"),
    ("sent home", lambda faults: faults.redirect(LAST, "home"), "soft_404"),
    ("sent to login", lambda faults: faults.redirect(LAST, "login"), "login"),
    ("sent elsewhere", lambda faults: faults.redirect(LAST, "https://elsewhere.example/"), "off_site"),
    ("sent to another part", lambda faults: faults.redirect(LAST, 10319216), "moved"),
    ("login wall", lambda faults: faults.login_wall(LAST), "login"),
    ("challenge 200", lambda faults: faults.challenge(LAST), "challenge"),
    ("challenge 403", lambda faults: faults.refuse(LAST), "challenge"),
    ("plain 403", lambda faults: faults.forbid(LAST), "forbidden"),
    ("429", lambda faults: faults.rate_limit(LAST), "rate_limited"),
    ("429 in a second", lambda faults: faults.rate_limit(LAST, 1), "rate_limited"),
    ("500", lambda faults: faults.error(LAST), "server_error"),
    ("cut", lambda faults: faults.truncate(LAST), "truncated"),
    ("gzip cut", lambda faults: faults.cut_gzip(LAST), "truncated"),
    ("html cut", lambda faults: faults.cut_html(LAST), "truncated"),
    ("reset", lambda faults: faults.reset(LAST), "connect_error"),
    ("another article", lambda faults: faults.wrong_article(LAST, 10319216), "wrong_page"),
    ("a pdf", lambda faults: faults.not_html(LAST), "not_html"),
    ("a bomb", lambda faults: faults.too_large(LAST, packed=True), "too_large"),
    ("a redesign", lambda faults: faults.drift(LAST), "unreadable"),
]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One part of three; the others answer for the first time when a copy of this is fetched."""
    folder = tmp_path_factory.mktemp("begun")
    with StandIn(terse_site(3)) as served:
        run_fetch(folder / "a.db", config_for(served, folder, sources=f'[[sources]]\nurl = "{SERIES}"'), limit=4)
    assert rows(folder / "a.db", "SELECT count(*) FROM articles") == [(1,)]
    assert rows(folder / "a.db", "SELECT last_fetch_at FROM pages WHERE article_id = ?", LAST) == [(None,)]
    return folder / "a.db"


@pytest.mark.parametrize(("fault", "outcome"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_is_told_by_its_name_and_heals(
    begun: Path, db: Path, tmp_path: Path, fault: Fault, outcome: str
) -> None:
    """Three runs: the fault at first sight (missing), all well (held), the fault again (still held)."""
    shutil.copy(begun, db)
    with StandIn(terse_site(3)) as served:
        limits = "max_wire_bytes = 1000000\nmax_body_bytes = 2000000"
        file = config_for(served, tmp_path, extra=limits, sources=f'[[sources]]\nurl = "{SERIES}"')
        fault(served.faults)
        first = run_fetch(db, file)
        told = last_outcomes(db)[ithome.article_url(LAST)]
        counts = series_counts(db)
        served.faults.clear()
        healed = run_fetch(db, file, ithome.article_url(LAST), force=True)
        body = rows(db, "SELECT html_sha256, body_text FROM articles WHERE id = ?", LAST)
        fault(served.faults)
        run_fetch(db, file, ithome.article_url(LAST), force=True)

    assert (told, counts, first.exit_code) == (outcome, (3, 2, 1), 3)
    assert (healed.exit_code, len(body)) == (0, 1)
    assert rows(db, "SELECT html_sha256, body_text FROM articles WHERE id = ?", LAST) == body
    assert series_counts(db) == (3, 3, 0)


def test_a_transient_404_heals_within_the_next_run(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.not_found(PART, times=1)
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    run_fetch(db, file, force=True)

    assert rows(db, "SELECT state, absences FROM pages WHERE article_id = ?", PART) == [("alive", 0)]


def test_a_server_error_is_tried_again_in_the_run_and_each_try_is_a_row(
    small: StandIn, db: Path, tmp_path: Path
) -> None:
    small.faults.error(PART, times=2)

    assert run_fetch(db, config_for(small, tmp_path)).exit_code == 0
    found = rows(
        db,
        "SELECT outcome, tries, final FROM fetches JOIN pages ON pages.id = page_id WHERE article_id = ? ORDER BY 2",
        PART,
    )
    assert found == [("server_error", 1, 0), ("server_error", 2, 0), ("ok", 3, 1)]


def test_a_part_deleted_before_the_first_run_is_missing(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.delete(PART)
    summary = run_fetch(db, config_for(small, tmp_path))

    assert summary.exit_code == 3
    assert series_counts(db) == (5, 4, 1)
    assert rows(db, "SELECT said_by FROM parts WHERE article_id = ?", PART) == [("index",)]


def test_a_part_gone_from_the_index_stays_in_the_series(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    small.faults.drop_from_index(PART)
    small.faults.drop_from_series(PART)
    run_fetch(db, file, force=True)

    assert series_counts(db) == (5, 5, 0)
    gone = rows(
        db, "SELECT DISTINCT via FROM discoveries WHERE article_id = ? AND gone_at IS NOT NULL ORDER BY 1", PART
    )
    assert {via for (via,) in gone} >= {"index", "series", "feed"}


def test_an_edit_is_seen_as_one_and_the_old_text_stays_in_its_capture(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    small.faults.edit(PART, title="[Day 05] 新的標題")
    run_fetch(db, file, force=True)

    assert rows(db, "SELECT article_id, title_changed, body_changed, tags_changed FROM edits") == [(PART, 1, 0, 0)]
    assert rows(db, "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id WHERE article_id = ?", PART) == [
        (2,)
    ]


def test_counters_that_move_are_no_edit(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    small.faults.count(PART, views=99_999, likes=77)
    run_fetch(db, file, force=True)

    assert rows(db, "SELECT count(*) FROM edits") == [(0,)]
    assert rows(db, "SELECT likes FROM articles WHERE id = ?", PART) == [(77,)]


# ─── robots ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("variant", "code", "asked"),
    [
        ("404", 0, True), ("403", 0, True), ("empty", 0, True), ("html", 0, True), ("huge", 0, True),
        ("429", 4, False), ("500", 4, False), ("reset", 4, False), ("disallow", 3, False),
    ],
)  # fmt: skip
def test_what_a_robots_file_is_decides_what_is_asked(
    small: StandIn, db: Path, tmp_path: Path, variant: str, code: int, asked: bool
) -> None:
    small.faults.robots(variant)
    summary = run_fetch(db, config_for(small, tmp_path, extra="max_retry_after_s = 0"))

    pages = {entry.target for entry in small.log if entry.host == "ithelp.ithome.com.tw"} - {"/robots.txt"}
    assert (summary.exit_code, bool(pages)) == (code, asked)


def test_a_robots_file_that_forbids_everything_is_obeyed(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.robots("disallow")
    run_fetch(db, config_for(small, tmp_path))

    assert {entry.target for entry in small.log if entry.host == "ithelp.ithome.com.tw"} == {"/robots.txt"}
    assert rows(db, "SELECT DISTINCT state FROM pages WHERE host = 'ithelp.ithome.com.tw' AND kind = 'series'") == [
        ("excluded",)
    ]


def test_a_robots_file_is_not_asked_for_again_within_a_day(small: StandIn, db: Path, tmp_path: Path) -> None:
    file = config_for(small, tmp_path)
    run_fetch(db, file)
    run_fetch(db, file, force=True)

    assert sum(entry.target == "/robots.txt" for entry in small.log) == 2


def test_no_value_of_a_cookie_is_kept(small: StandIn, db: Path, tmp_path: Path) -> None:
    run_fetch(db, config_for(small, tmp_path))
    cookies = rows(db, "SELECT DISTINCT value ->> 1 FROM captures, json_each(headers) WHERE value ->> 0 = 'set-cookie'")

    assert sorted(cookies) == [("XSRF-TOKEN",), ("__cf_bm",), ("laravel_session",)]
    assert rows(db, "SELECT count(*) FROM fetches WHERE headers LIKE '%cookie%'") == [(0,)]


def test_without_a_network_the_run_says_so_in_words(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "archiver.toml"
    file.write_text("[[sources]]\nurl = 'https://nowhere.invalid/x/'\n[network]\ndelay_s = 0\nbackoff_s = 0\n")
    summary = run_fetch(db, file)

    assert summary.exit_code == 3
    assert rows(db, "SELECT DISTINCT outcome FROM fetches ORDER BY 1") == [("dns_error",), ("robots_unreachable",)]
    assert "nowhere.invalid" in summary.as_text()


def test_a_failed_run_is_gone_on_with_at_once(small: StandIn, db: Path, tmp_path: Path) -> None:
    small.faults.reset("*")
    file = config_for(small, tmp_path)
    assert run_fetch(db, file).exit_code != 0
    small.faults.clear()

    assert run_fetch(db, file).exit_code == 0
