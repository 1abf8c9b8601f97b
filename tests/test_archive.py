"""What the archive keeps, derives and never loses."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from archives import (
    AUTHOR,
    FEED,
    INDEX,
    SERIES,
    STRANGER,
    Case,
    World,
    archive_at,
    comment,
    derived_rows,
    feed_of,
    index_of,
    neighbour,
    part,
    series_of,
    url_of,
)
from depths import depth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.archive import opening, queries
from archiver.archive.archive import Keeper
from archiver.archive.frontier import Scope
from archiver.browse import reading as browsing
from archiver.config.rules import Rules, Schedule
from archiver.errors import ArchiveDamaged, ArchiveError, ArchiveLocked, ArchiveTooNew, ArchiveUnwritable
from archiver.model import Outcome
from archiver.model.readings import Page, SeriesPage

# ─── evidence ───────────────────────────────────────────────────────────────────────────────────


def test_every_attempt_leaves_a_row(case: Case) -> None:
    case.answer(url_of(1), part(1))
    case.answer(url_of(1), outcome=Outcome.NOT_FOUND)
    case.answer(url_of(1), outcome=Outcome.FORBIDDEN)

    assert [row["outcome"] for row in case.rows("SELECT outcome FROM fetches ORDER BY id")] == [
        "ok",
        "not_found",
        "forbidden",
    ]


def test_an_unchanged_page_is_not_captured_again(case: Case) -> None:
    case.answer(url_of(1), part(1))
    case.answer(url_of(1), part(1))

    assert len(case.rows("SELECT 1 FROM captures")) == 1
    assert [row["outcome"] for row in case.rows("SELECT outcome FROM fetches ORDER BY id")] == ["ok", "unchanged"]
    assert len({row["capture_id"] for row in case.rows("SELECT capture_id FROM fetches")}) == 1


def test_a_page_that_goes_back_to_an_old_text_reads_as_that_text(case: Case) -> None:
    for text in ("first", "second", "first"):
        case.answer(url_of(1), part(1, text=text))

    assert case.rows("SELECT body_text FROM articles") == [{"body_text": "first"}]
    assert len(case.rows("SELECT 1 FROM captures")) == 2
    assert len(case.rows("SELECT 1 FROM edits")) == 2


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in {Outcome.OK, Outcome.UNCHANGED}])
def test_nothing_that_can_happen_takes_a_held_part_away(case: Case, outcome: Outcome) -> None:
    case.source(SERIES)
    case.answer(url_of(1), part(1))
    case.answer(url_of(1), outcome=outcome)
    case.archive.library.settle()

    assert case.rows("SELECT safe, missing FROM page_status") == [{"safe": 1, "missing": 0}]


def test_a_wipe_of_most_parts_in_one_run_is_not_believed(case: Case) -> None:
    case.source(SERIES)
    for number in range(1, 11):
        case.answer(url_of(number), part(number))
    case.next_run(days=40)
    for number in range(1, 7):
        case.answer(url_of(number), outcome=Outcome.NOT_FOUND)
    for number in range(7, 11):
        case.answer(url_of(number), part(number))

    assert case.archive.runs.finish_run(case.run_id, "finished", 3, None, case.clock.now())
    assert case.rows("SELECT DISTINCT state FROM pages WHERE kind = 'article'") == [{"state": "alive"}]


def test_beliefs_are_what_the_fetches_say(case: Case) -> None:
    case.source(SERIES)
    for outcome in (None, Outcome.NOT_FOUND, Outcome.TIMEOUT, None, Outcome.REMOVED):
        case.answer(url_of(1), part(1) if outcome is None else None, outcome)
        case.next_run(days=4)
    page_id = case.archive.ledger.page_id(url_of(1))
    assert page_id is not None

    assert case.archive.beliefs.recompute(page_id)[0] == case.archive.beliefs.belief(page_id)


# ─── derived ────────────────────────────────────────────────────────────────────────────────────


def a_full_history(case: Case) -> None:
    """A series that grows, changes, loses a part and gets comments, seen over several runs."""
    case.source(INDEX)
    links = [(url_of(number), f"[Day {number:02d}] translated") for number in (2, 3, 4)]
    case.answer(INDEX, index_of(*links, (url_of(99), "Day 30: a stranger's")))
    for number in (2, 3, 4):
        case.answer(url_of(number), part(number, previous=neighbour(number - 1)), counters={"views": number})
    case.answer(url_of(99), part(99, series=4015, author=STRANGER, position=30, title_day=30))
    case.archive.library.settle()
    case.answer(SERIES, series_of(1, 2, 3, 4))
    case.answer(FEED, feed_of(1, 2, 3, 4))
    case.answer(url_of(1), part(1, comments=(comment(1, "a", site_id=5), comment(2, "b", reply_to=1))))
    case.next_run(days=31)
    case.answer(INDEX, index_of(*links[1:]))
    case.answer(SERIES, series_of(1, 3, 4))
    case.answer(url_of(1), part(1, comments=(comment(1, "a!", site_id=5),)))
    case.answer(url_of(2), outcome=Outcome.NOT_FOUND)
    case.answer(url_of(3), part(3, text="edited", previous=neighbour(2)), counters={"views": 9})
    case.answer(url_of(4), part(4, previous=neighbour(3)), counters={"views": 4, "likes": 1})
    case.next_run(days=1)
    case.answer(SERIES, series_of(1, 3, 4))
    case.answer(url_of(3), part(3, previous=neighbour(2)))
    case.archive.library.settle()


def test_reading_the_whole_ledger_again_gives_the_same_rows(case: Case) -> None:
    a_full_history(case)
    before = derived_rows(case.path)

    case.archive.library.rebuild()

    assert derived_rows(case.path) == before


def test_settling_twice_changes_nothing(case: Case) -> None:
    a_full_history(case)
    before = derived_rows(case.path)

    case.archive.library.settle()

    assert derived_rows(case.path) == before


def test_a_killed_run_is_read_on_from_its_evidence(tmp_path: Path) -> None:
    world = World()
    with archive_at(tmp_path / "whole.db", world) as whole:
        whole.source(SERIES)
        whole.answer(url_of(1), part(1))
        whole.archive.library.settle()
    with archive_at(tmp_path / "killed.db", world) as killed:
        killed.source(SERIES)
        killed.answer(url_of(1), part(1), read_on=False)
    with archive_at(tmp_path / "killed.db", world) as again:
        again.archive.library.settle()

    assert derived_rows(tmp_path / "killed.db")["articles"] == derived_rows(tmp_path / "whole.db")["articles"]


def test_a_strangers_article_on_the_index_is_a_citation_and_no_part(case: Case) -> None:
    a_full_history(case)

    assert case.rows("SELECT id FROM articles WHERE is_citation") == [{"id": 10_000_099}]
    assert [row["article_id"] - 10_000_000 for row in case.rows("SELECT article_id FROM parts ORDER BY 1")] == [
        1,
        2,
        3,
        4,
    ]
    assert case.rows("SELECT id FROM series WHERE followed") == [{"id": 5943}]
    assert case.rows("SELECT 1 FROM pages WHERE series_id = 4015") == []


def test_a_part_gone_from_the_index_and_the_series_page_stays_a_part(case: Case) -> None:
    a_full_history(case)

    gone = case.rows("SELECT via FROM discoveries WHERE article_id = 10000002 AND gone_at IS NOT NULL ORDER BY via")
    assert [row["via"] for row in gone] == ["index", "series"]
    assert case.rows("SELECT state, safe FROM page_status WHERE id = 10000002") == [{"state": "suspect", "safe": 1}]


def test_an_edit_is_dated_by_the_last_sight_of_the_old_and_the_first_of_the_new(case: Case) -> None:
    case.answer(url_of(1), part(1))
    case.answer(url_of(1), part(1))
    last_old = case.rows("SELECT max(started_at) AS at FROM fetches")[0]["at"]
    case.clock.advance(days=3)
    case.answer(url_of(1), part(1, text="other", title="[Day 01] new"))

    edit = case.rows("SELECT * FROM edits")[0]
    assert (edit["last_seen_old_at"], edit["first_seen_new_at"]) == (
        last_old, case.rows("SELECT max(started_at) AS at FROM fetches")[0]["at"],
    )  # fmt: skip
    assert (edit["title_changed"], edit["body_changed"], edit["tags_changed"]) == (1, 1, 0)


def test_a_comment_that_disappears_is_marked_and_kept(case: Case) -> None:
    case.answer(url_of(1), part(1, comments=(comment(1, "stays", site_id=5), comment(2, "goes", site_id=6))))
    case.answer(url_of(1), part(1, comments=(comment(1, "stays", site_id=5),)))

    kept = case.rows("SELECT body_text, deleted_at IS NULL AS there FROM comments ORDER BY site_id")
    assert kept == [{"body_text": "stays", "there": 1}, {"body_text": "goes", "there": 0}]


def test_replies_point_at_what_they_answer(case: Case) -> None:
    case.answer(url_of(1), part(1, comments=(comment(1, "a"), comment(2, "b", reply_to=1), comment(3, "c"))))

    rows = case.rows(
        "SELECT c.body_text, p.body_text AS to_text FROM comments c LEFT JOIN comments p ON p.id = c.reply_to"
    )
    assert {row["body_text"]: row["to_text"] for row in rows} == {"a": None, "b": "a", "c": None}


def test_a_reply_stays_under_what_it_answered_when_that_is_deleted(case: Case) -> None:
    there = (
        comment(1, "first", site_id=4),
        comment(2, "asks", site_id=5),
        comment(3, "answers", site_id=6, reply_to=2),
    )
    case.answer(url_of(1), part(1, comments=there))
    case.answer(url_of(1), part(1, comments=(comment(1, "answers", site_id=6), comment(2, "new", site_id=7))))

    under = "SELECT c.body_text AS text, c.deleted_at IS NULL AS there, p.body_text AS under FROM comments c"
    assert case.rows(f"{under} LEFT JOIN comments p ON p.id = c.reply_to ORDER BY c.site_id") == [
        {"text": "first", "there": 0, "under": None}, {"text": "asks", "there": 0, "under": None},
        {"text": "answers", "there": 1, "under": "asks"}, {"text": "new", "there": 1, "under": None},
    ]  # fmt: skip
    with opening.reading(case.path) as connection:
        found = browsing.article(connection, 10_000_001, case.world.read, "", "")
    assert found is not None
    shown = [row["body_text"] for row in found.comments]
    assert shown.index("answers") == shown.index("asks") + 1


def test_counters_make_a_row_only_when_one_moved(case: Case) -> None:
    for views in (1, 1, 2, 2, 1):
        case.answer(url_of(1), part(1), counters={"views": views})

    assert [row["views"] for row in case.rows("SELECT views FROM metrics ORDER BY id")] == [1, 2, 1]
    assert case.rows("SELECT views FROM articles") == [{"views": 1}]


def test_what_a_list_shows_of_its_parts_is_kept_when_a_number_moved(case: Case) -> None:
    def listed(views: int | None, *others: int) -> SeriesPage:
        page = series_of(1, *others)
        return replace(page, items=(replace(page.items[0], views=views, likes=3), *page.items[1:]))

    case.source(SERIES)
    case.answer(SERIES, listed(5))
    assert case.rows("SELECT * FROM metrics") == []  # of a part that was never read
    case.answer(url_of(1), part(1), counters={"views": 6, "likes": 3, "subscribers": 9})
    for others in ((2,), (2, 3), (2, 3, 4)):  # a list is read again when it changed
        case.answer(SERIES, listed({1: 6, 2: 8, 3: None}[len(others)], *others))

    kept = case.rows("SELECT url, views, likes, comments, subscribers FROM metrics JOIN pages ON pages.id = page_id")
    assert [tuple(row.values()) for row in kept] == [(url_of(1), 6, 3, None, 9), (url_of(1), 8, 3, None, 9)]
    case.archive.library.settle()
    before = derived_rows(case.path)
    case.archive.rebuild()
    assert derived_rows(case.path) == before


def test_code_is_kept_to_the_letter(case: Case) -> None:
    case.answer(url_of(1), part(1, text="'tabs\t and  spaces '"))

    assert case.rows("SELECT language, code FROM code") == [
        {"language": "rust", "code": "let x = \"'tabs\\t and  spaces '\";\n"}
    ]


def test_an_index_link_that_never_answered_is_a_missing_part(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "[Day 01] x"), (url_of(2), "[Day 02] y")))
    case.answer(url_of(1), part(1))
    case.answer(url_of(2), outcome=Outcome.TIMEOUT)
    case.archive.library.settle()

    assert case.rows("SELECT id, missing, said_by FROM page_status ORDER BY id") == [
        {"id": 10000001, "missing": 0, "said_by": "article"},
        {"id": 10000002, "missing": 1, "said_by": "index"},
    ]


def test_a_strangers_day_that_never_answered_is_not_counted_when_that_day_is_held(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "[Day 01] x"), apart=((url_of(99), "Day 1: a stranger's"),)))
    case.answer(url_of(1), part(1))
    case.answer(url_of(99), outcome=Outcome.TIMEOUT)
    case.archive.library.settle()

    assert case.rows("SELECT id FROM page_status") == [{"id": 10000001}]


def test_an_index_of_two_series_by_one_author_keeps_both(case: Case) -> None:
    case.source(INDEX)
    numbers = range(1, 9)
    case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number in numbers)))
    for number in numbers:
        case.answer(url_of(number), part(number, series=5943 if number < 6 else 5765))
    case.archive.library.settle()

    assert [row["id"] for row in case.rows("SELECT id FROM series WHERE followed ORDER BY id")] == [5765, 5943]


def test_an_article_by_nobodys_series_is_kept_when_it_was_asked_for(case: Case) -> None:
    case.source(url_of(1))
    case.answer(url_of(1), replace(part(1), series_id=None, position=None))
    case.archive.library.settle()

    assert case.rows("SELECT id, is_citation FROM articles") == [{"id": 10000001, "is_citation": 0}]


# ─── what is due ────────────────────────────────────────────────────────────────────────────────


def due(case: Case, **options: float | bool) -> list[str]:
    scope = Scope(case.archive.source_ids(None), case.run_id, **options)  # type: ignore[arg-type]
    return [page.address.url for page in case.archive.due(scope, case.clock.now())]


def test_lists_come_before_parts_and_new_parts_before_known_ones(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2, 3))
    case.answer(url_of(1), part(1))
    case.next_run(days=31)
    case.answer(FEED, feed_of(1, 2, 3))
    case.archive.library.settle()

    assert due(case) == [SERIES, url_of(2), url_of(3), url_of(1)]


def test_a_page_is_asked_once_in_a_run_even_by_force(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1))
    case.archive.library.settle()

    assert SERIES not in due(case, force=True)


def test_a_citation_that_is_held_is_not_asked_again(case: Case) -> None:
    a_full_history(case)
    case.next_run(days=400)

    assert url_of(99) not in due(case)


# ─── the file ───────────────────────────────────────────────────────────────────────────────────


def test_a_second_writer_is_told_who_holds_the_archive(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db"), pytest.raises(ArchiveLocked, match=rf"archiver test \(process {os.getpid()}\)"):
        Keeper(tmp_path / "a.db", "other", World().read, Rules(), Schedule())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db"]


def make_archive(path: Path) -> None:
    with archive_at(path) as case:
        case.source(SERIES)
        case.answer(url_of(1), part(1))
        case.archive.library.settle()


def test_the_file_alone_is_complete(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db")
    (tmp_path / "b.db").write_bytes((tmp_path / "a.db").read_bytes())

    with opening.reading(tmp_path / "b.db") as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone()[0] == 1


def refuse(path: Path, error: type[ArchiveError]) -> str:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(error) as caught:
        Keeper(path, "test", World().read, Rules(), Schedule())
    assert before is None or path.read_bytes() == before
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"hello" * 100)

    assert "not an SQLite database" in refuse(tmp_path / "a.db", ArchiveDamaged)


def test_somebody_elses_database_is_refused_untouched(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")

    assert "not an archive of ours" in refuse(tmp_path / "a.db", ArchiveDamaged)


def test_a_cut_archive_is_refused_untouched(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db")
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "a.db").write_bytes(whole[: len(whole) // 2])

    assert "cut short" in refuse(tmp_path / "a.db", ArchiveDamaged)


def test_a_damaged_page_is_found_before_the_first_request(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db")
    damaged = bytearray((tmp_path / "a.db").read_bytes())
    damaged[len(damaged) // 2 :] = os.urandom(len(damaged) - len(damaged) // 2)
    (tmp_path / "a.db").write_bytes(damaged)

    with pytest.raises(ArchiveDamaged), Keeper(tmp_path / "a.db", "t", World().read, Rules(), Schedule()) as archive:
        archive.check_pages()


def test_an_archive_of_a_newer_archiver_is_refused_untouched(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('archiver', 'm999_x', 'x')"
    )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    assert "newer archiver (m999_x)" in refuse(tmp_path / "a.db", ArchiveTooNew)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "this is a folder" in refuse(tmp_path, ArchiveDamaged)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refuse(tmp_path / "x" / "a.db", ArchiveUnwritable)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)

    assert "cannot create the lock file" in refuse(tmp_path / "a.db", ArchiveUnwritable)


def test_an_empty_file_becomes_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    make_archive(tmp_path / "a.db")

    with opening.reading(tmp_path / "a.db") as connection:
        assert queries.status(connection).series[0].safe == 1


def test_the_schema_keeps_its_own_rules(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    tables = list(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    theirs = ("_", "sqlite_", "search_index")  # FTS5 makes tables of its own
    ours = [(name, sql) for name, sql in tables if not name.startswith(theirs)]

    assert [name for name, sql in ours if "STRICT" not in sql] == []
    for name, _ in ours:
        indexed = {
            connection.execute(f"PRAGMA index_info({index[1]})").fetchone()[2]
            for index in connection.execute(f"PRAGMA index_list({name})")
        } | {row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[5] == 1}
        keys = {row[3] for row in connection.execute(f"PRAGMA foreign_key_list({name})")}
        assert keys <= indexed, f"{name}: foreign keys without an index: {keys - indexed}"
    connection.close()


@settings(max_examples=depth(10, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["index", "series", "feed", 1, 2, 3, 99]),
            st.sampled_from(["good", "edited", Outcome.NOT_FOUND, Outcome.FORBIDDEN, Outcome.TIMEOUT]),
            st.integers(0, 9),
        ),
        max_size=25,
    )
)
def test_any_history_reads_the_same_again(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str | int, str | Outcome, int]]
) -> None:
    with archive_at(tmp_path_factory.mktemp("any") / "a.db") as case:
        case.source(INDEX)
        for what, how, number in history:
            play(case, what, how, number)
        case.archive.library.settle()
        before = derived_rows(case.path)
        case.archive.library.rebuild()

        assert derived_rows(case.path) == before


def play(case: Case, what: str | int, how: str | Outcome, number: int) -> None:
    """One step of a random history."""
    shown = (1, 2, 3) if how == "good" else (1, 3)
    pages: dict[str | int, tuple[str, Page]] = {
        "index": (INDEX, index_of(*((url_of(one), f"Day {one}") for one in (*shown, 99)))),
        "series": (SERIES, series_of(*shown)),
        "feed": (FEED, feed_of(*shown)),
        99: (url_of(99), part(99, series=4015, author=STRANGER)),
    }
    if what in pages:
        url, page = pages[what]
    else:
        assert isinstance(what, int)
        comments = (comment(1, "x", site_id=1),) if how == "good" else ()
        url, page = url_of(what), part(what, text=str(how), author=AUTHOR, comments=comments)
    if isinstance(how, Outcome):
        case.answer(url, outcome=how)
    else:
        case.answer(url, page, counters={"views": number})
    if number == 0:
        case.next_run(days=4)
