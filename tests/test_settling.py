"""Settling what was read since the last time gives the very rows that settling everything gives, and costs no more in a
large archive than in a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from archives import AUTHOR, STRANGER, Case, archive_at, comment, derived_rows, index_of, neighbour, part, url_of
from depths import depth
from fakes import START
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from archiver import ithome
from archiver.archive import doubt
from archiver.archive.frontier import Scope
from archiver.config.rules import Rules
from archiver.model import Outcome
from archiver.model.readings import (
    Author,
    Body,
    FeedItem,
    FeedPage,
    ImageReference,
    OutgoingLink,
    SeriesItem,
    SeriesPage,
)

WRITERS = {5943: AUTHOR, 4015: STRANGER, 7: Author(20_000_007, "third")}
SERIES = tuple(WRITERS)
INDEXES = ("https://blog.example/one/", "https://blog.example/two/")
NUMBERS = (1, 2, 3, 4, 5, 6)


def list_of(series: int, *numbers: int) -> SeriesPage:
    items = tuple(SeriesItem(10_000_000 + number, f"Day {number}") for number in numbers)
    return SeriesPage(series, "a series", WRITERS[series], declared_parts=9, items=items)


def feed_of(series: int, *numbers: int) -> FeedPage:
    items = [
        FeedItem(10_000_000 + number, f"Day {number}", None, START, "", partial(Body, "", "")) for number in numbers
    ]
    return FeedPage("a series", 2023, WRITERS[series].id, tuple(items))


def url_of_list(series: int) -> str:
    user_id = WRITERS[series].id
    assert user_id is not None
    return ithome.series_url(user_id, series)


def shown(number: int) -> Body:
    return Body(
        "<p>x</p>", "x", images=(ImageReference(f"https://pictures.example/{number}.png"),),
        links=(OutgoingLink(f"https://elsewhere.example/{number}", "there"),),
    )  # fmt: skip


step = st.one_of(
    st.tuples(st.just("part"), st.sampled_from(NUMBERS), st.sampled_from((*SERIES, None)), st.sampled_from(NUMBERS)),
    st.tuples(st.just("copy"), st.sampled_from(NUMBERS), st.sampled_from((*SERIES, None)), st.sampled_from(NUMBERS)),
    st.tuples(st.just("list"), st.sampled_from(SERIES), st.sets(st.sampled_from(NUMBERS))),
    st.tuples(st.just("feed"), st.sampled_from(SERIES), st.sets(st.sampled_from(NUMBERS))),
    st.tuples(st.just("index"), st.sampled_from(INDEXES), st.sets(st.sampled_from((*NUMBERS, *map(str, SERIES))))),
    st.tuples(st.just("absent"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("source"), st.sampled_from((*INDEXES, *map(url_of_list, SERIES), url_of(1), url_of(6)))),
    st.tuples(st.just("settle")),
)


def play(case: Case, what: str, *how: Any) -> None:
    """One step of a random history."""
    match what, how:
        case "part" | "copy", (number, series, following):
            page = part(
                number, series=series, author=WRITERS.get(series, AUTHOR), next=neighbour(following),
                body=shown(number), comments=(comment(1, "x", site_id=1),), declared_parts=9,
                series_user_id=WRITERS[series].id if series else None,
            )  # fmt: skip
            case.answer(url_of(number), page) if what == "part" else case.copy(url_of(number), page)
        case "list", (series, numbers):
            case.answer(url_of_list(series), list_of(series, *sorted(numbers)))
        case "feed", (series, numbers):
            case.answer(ithome.feed_url(series), feed_of(series, *sorted(numbers)))
        case "index", (url, named):
            links = [
                (url_of(one), f"Day {one}") if isinstance(one, int) else (url_of_list(int(one)), "all") for one in named
            ]
            case.answer(url, index_of(*sorted(links), apart=tuple(sorted(links)[:1])))
        case "absent", (number,):
            case.answer(url_of(number), outcome=Outcome.NOT_FOUND)
        case "source", (url,):
            case.source(url, settle=False)
        case _:
            case.archive.library.settle()


def everything(case: Case) -> dict[str, Any]:
    pages = case.rows("SELECT url, kind, series_id, user_id, first_seen_at FROM pages ORDER BY url")
    return {**derived_rows(case.path), "pages": pages}


def settle_everything(case: Case) -> None:
    with case.archive._database.atomic():
        case.archive._database.execute("DELETE FROM progress WHERE name = 'settled'")
    case.archive.library.settle()


@settings(max_examples=depth(15, 1_200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from((*INDEXES, url_of_list(5943))), st.lists(step, max_size=25))
def test_settling_what_was_read_gives_the_rows_that_settling_everything_gives(
    tmp_path_factory: pytest.TempPathFactory, source: str, history: list[tuple[Any, ...]]
) -> None:
    with archive_at(tmp_path_factory.mktemp("any") / "a.db") as case:
        case.source(source)
        for what, *how in history:
            play(case, what, *how)
            if what == "settle":
                before = everything(case)
                settle_everything(case)
                assert everything(case) == before


# ─── what it costs ──────────────────────────────────────────────────────────────────────────────


def steps(case: Case, act: Callable[[], object]) -> int:
    """How many hundreds of steps SQLite takes for something: what it looks at, however fast the machine is."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    connection = case.archive._database.conn
    connection.set_progress_handler(count, 100)
    act()
    connection.set_progress_handler(None, 0)
    return counted[0]


def grown(case: Case, series_count: int) -> None:
    """An archive of so many series with three parts each, as an index, a list and each part name them."""
    for number in range(1, series_count + 1):
        author = Author(20_000_000 + number, f"author {number}")
        WRITERS[number + 100] = author
        numbers = [number * 10 + place for place in (1, 2, 3)]
        case.source(url_of_list(number + 100), settle=False)
        case.source(f"https://blog.example/of-{number}/", settle=False)
        case.answer(f"https://blog.example/of-{number}/", index_of(*((url_of(one), f"Day {one}") for one in numbers)))
        case.answer(url_of_list(number + 100), list_of(number + 100, *numbers))
        case.answer(ithome.feed_url(number + 100), feed_of(number + 100, *numbers))
        for one in numbers:
            page = part(
                one,
                series=number + 100,
                author=author,
                next=neighbour(one + 1) if one % 10 < 3 else None,
                body=shown(one),
            )
            case.answer(url_of(one), page)
    case.next_run(hours=1)


def costs(path: Path, series_count: int) -> dict[str, int]:
    """What it costs in an archive of so many series to settle what a list or a part that changed says."""
    with archive_at(path) as case:
        grown(case, series_count)
        settle = case.archive.library.settle
        case.answer(url_of_list(101), list_of(101, 11, 12, 13, 14))
        found = {"a list": steps(case, settle)}
        page = part(14, series=101, author=WRITERS[101], body=shown(14))
        case.answer(url_of(14), page)
        found["a part"] = steps(case, settle)
        case.answer("https://blog.example/of-1/", index_of((url_of(11), "Day 1"), (url_of(15), "Day 5")))
        found["an index"] = steps(case, settle)
        parts = case.rows("SELECT article_id FROM parts WHERE series_id = 101 ORDER BY article_id")
        assert [row["article_id"] - 10_000_000 for row in parts] == [11, 12, 13, 14, 15]
    return found


def test_settling_costs_the_same_in_an_archive_ten_times_as_large(tmp_path: Path) -> None:
    small, large = (costs(tmp_path / f"{count}.db", count) for count in (4, 40))

    for what, steps_small in small.items():
        assert large[what] <= steps_small * 1.5 + 20, (what, small, large)


def costs_of_going_on(path: Path, series_count: int) -> dict[str, int]:
    """What it costs in an archive of so many series to find the next page and to count what is left."""
    with archive_at(path) as case:
        grown(case, series_count)
        archive, now = case.archive, case.clock.now()
        idle = Scope((1, 2), case.run_id, images=False)
        found = {"nothing is due": steps(case, lambda: archive.next_page(idle, now))}
        assert archive.next_page(idle, now) is None
        scope = Scope((1, 2), case.run_id, force=True)
        page = archive.next_page(scope, now)
        assert page is not None
        before = archive.left(scope, now)
        case.answer(page.address.url, outcome=Outcome.TIMEOUT)
        found["all is due"] = steps(case, lambda: archive.next_page(scope, now))
        found["counting"] = steps(case, lambda: archive.left(scope, now))
        assert archive.left(scope, now) == archive.count_due(scope, now) == before - 1
        every = Scope(archive.source_ids(None)[::2], case.run_id, force=True)  # the series
        page = archive.next_page(every, now)
        assert page is not None
        case.answer(page.address.url, outcome=Outcome.TIMEOUT)
        found["a page that is held, of every series"] = steps(case, lambda: archive.next_page(every, now))
    return found


def test_the_next_page_costs_the_same_in_an_archive_ten_times_as_large(tmp_path: Path) -> None:
    small, large = (costs_of_going_on(tmp_path / f"{count}.db", count) for count in (4, 40))

    for what, steps_small in small.items():
        assert large[what] <= steps_small * 1.5 + 5, (what, small, large)


def costs_of_doubting(path: Path, parts_count: int) -> dict[str, int]:
    """What it costs to weigh the absences of a run that asked so many parts, and to find another part to ask."""
    numbers = range(1, parts_count + 1)
    with archive_at(path) as case:
        case.source(url_of_list(5943))
        case.answer(url_of_list(5943), list_of(5943, *numbers))
        for one in numbers:
            case.answer(url_of(one), part(one))
        case.next_run(hours=1)
        for one in numbers[:-1]:
            case.answer(url_of(one), outcome=Outcome.NOT_FOUND if one < 3 else Outcome.UNCHANGED)
        archive = case.archive
        found = {"doubt": steps(case, lambda: doubt.reason(archive._database, case.run_id, Rules()))}
        found["a witness"] = steps(case, lambda: archive.witness(case.run_id, parts_count))
        page = archive.witness(case.run_id, parts_count)
        assert page is not None
        assert page.address.url == url_of(parts_count)
    return found


def test_weighing_the_absences_of_a_run_costs_as_much_more_as_it_asked(tmp_path: Path) -> None:
    few, many = (costs_of_doubting(tmp_path / f"{count}.db", count) for count in (30, 240))

    for what, steps_few in few.items():
        assert many[what] <= steps_few * 8 * 1.5 + 20, (what, few, many)


@settings(max_examples=depth(10, 800), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=20))
@example([("list", 7, {1}), ("source", url_of_list(7)), ("settle",), ("settle",), ("index", INDEXES[0], {1})])
def test_what_is_kept_in_order_is_what_looking_for_everything_finds(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[Any, ...]]
) -> None:
    with archive_at(tmp_path_factory.mktemp("any") / "a.db") as case:
        case.source(INDEXES[0])
        case.source(url_of_list(4015))
        scope = Scope(case.archive.source_ids(None), case.run_id)
        for what, *how in (*history, ("settle",)):
            play(case, what, *how)
            if what == "settle":
                now = case.clock.now()
                due = case.archive.due(scope, now, limit=1)
                page = case.archive.next_page(scope, now)
                assert ([page] if page else []) == due
                if page is not None:
                    case.answer(page.address.url, outcome=Outcome.TIMEOUT)


def test_a_page_that_is_named_by_another_url_than_its_own_is_wanted_once(tmp_path: Path) -> None:
    beyond = replace(list_of(5943, 1), next_page=220_575_762)  # a number that no URL of ours has
    with archive_at(tmp_path / "a.db") as case:
        case.source(url_of_list(5943))
        case.answer(url_of_list(5943), beyond)
        case.answer(url_of(1), part(1))
        case.archive.library.settle()
        asked = case.rows("SELECT url FROM pages WHERE kind = 'series' AND series_id = 5943")
    assert asked == [{"url": url_of_list(5943)}]
