"""Who is a part, and which series an index lists: never more than all that is linked says."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from archives import AUTHOR, INDEX, SERIES, STRANGER, Case, archive_at, index_of, neighbour, part, series_of, url_of
from depths import depth
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import cli, ithome
from archiver.archive import queries
from archiver.archive.frontier import Scope
from archiver.archive.opening import reading
from archiver.archive.status import Status
from archiver.model import Outcome
from archiver.report import status as report

OTHER = 4015  # the stranger's series
ANSWERS = st.sampled_from([None, Outcome.NOT_FOUND, Outcome.FORBIDDEN, Outcome.CHALLENGE])  # None: the page itself


def followed(case: Case) -> list[int]:
    return [row["id"] for row in case.rows("SELECT id FROM series WHERE followed ORDER BY id")]


def status(case: Case) -> Status:
    with reading(case.path) as connection:
        return queries.status(connection)


def test_a_status_of_what_wants_attention_tells_people_the_same_as_one_of_every_part(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2, 3, 4))
    case.answer(url_of(1), part(1))
    for number, outcome in ((2, Outcome.FORBIDDEN), (3, Outcome.NOT_FOUND)):
        case.answer(url_of(number), None, outcome)
    case.answer(url_of(4), part(4))
    case.answer(url_of(4), None, Outcome.NOT_FOUND)
    case.archive.library.settle()
    whole = status(case)
    with reading(case.path) as connection:
        lean = queries.status(connection, every_part=False)

    assert [len(found.parts[5943]) for found in (whole, lean)] == [4, 3]
    assert report.attention_table(lean) == report.attention_table(whole)
    assert [row[0] for row in report.attention_table(whole)] == ["10000002", "10000003", "10000004"]
    assert lean._replace(parts=whole.parts) == whole


def ask(case: Case, number: int, answer: Outcome | None, *, foreign: bool = False) -> None:
    page = part(number, series=OTHER, author=STRANGER) if foreign else part(number)
    case.answer(url_of(number), None if answer else page, answer)


def test_a_citation_that_answers_does_not_outvote_thirty_parts_that_do_not(case: Case) -> None:
    case.source(INDEX)
    own = range(1, 30)
    case.answer(INDEX, index_of((url_of(99), "Day 30: a stranger's"), *((url_of(one), f"Day {one}") for one in own)))
    ask(case, 99, None, foreign=True)
    for number in own:
        ask(case, number, Outcome.NOT_FOUND)
    case.archive.library.settle()

    found = status(case)
    assert followed(case) == []
    assert case.rows("SELECT 1 FROM pages WHERE series_id IS NOT NULL") == []
    assert not found.all_safe()
    assert [row[0] for row in report.attention_table(found)] == [str(10_000_000 + number) for number in own]
    document = report.status_json(found)["series"][0]
    assert (document["id"], document["parts"], document["safe"], document["missing"]) == (None, 30, 1, 29)


def test_one_answer_is_no_majority_of_what_was_not_asked(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(99), "a stranger's"), *((url_of(one), "own") for one in (1, 2, 3))))
    ask(case, 99, None, foreign=True)
    case.archive.library.settle()

    assert followed(case) == []


@settings(deadline=None, max_examples=depth(12, 500))
@given(
    own=st.lists(ANSWERS, min_size=2, max_size=7),
    foreign=st.lists(ANSWERS, max_size=6),
    order=st.randoms(use_true_random=False),
    stop_after=st.integers(0, 14),
)
def test_no_mixture_of_answers_makes_a_strangers_series_followed(
    own: list[Outcome | None], foreign: list[Outcome | None], order: random.Random, stop_after: int
) -> None:
    """Citations are fewer than parts; where they stand, who answers what, in which order and until when is anything."""
    foreign = foreign[: len(own) - 1]
    links = [
        *((number, False, answer) for number, answer in enumerate(own, start=1)),
        *((number, True, answer) for number, answer in enumerate(foreign, start=90)),
    ]
    order.shuffle(links)
    with TemporaryDirectory() as folder, archive_at(Path(folder) / "a.db") as case:
        case.source(INDEX)
        case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number, _, _ in links)))
        case.archive.library.settle()
        order.shuffle(links)
        for number, is_foreign, answer in links[:stop_after]:
            ask(case, number, answer, foreign=is_foreign)
            case.archive.library.settle()
            assert set(followed(case)) <= {5943}
            assert case.rows("SELECT 1 FROM pages WHERE series_id = ?", OTHER) == []
        found = status(case)
        held = {row["id"] for row in case.rows("SELECT id FROM articles")}
        unheld = {10_000_000 + number for number, is_foreign, _ in links if not is_foreign} - held
        assert unheld <= {int(row[0]) for row in report.attention_table(found)}, "each is named"
        assert not (unheld and found.all_safe())
        if 2 * sum(answer is None for _, is_foreign, answer in links[:stop_after] if not is_foreign) > len(links):
            assert followed(case) == [5943]


def test_links_added_to_an_index_leave_the_series_followed_that_it_listed(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of(*((url_of(number), "own") for number in (1, 2, 3))))
    for number in (1, 2, 3):
        ask(case, number, None)
    case.archive.library.settle()
    case.answer(INDEX, index_of(*((url_of(number), "own") for number in range(1, 20))))
    case.archive.library.settle()

    assert followed(case) == [5943]
    assert case.rows("SELECT count(*) AS n FROM page_status WHERE missing AND series_id = 5943") == [{"n": 16}]


def test_a_link_that_replaces_the_whole_list_makes_nobody_elses_series_followed(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of(*((url_of(number), "own") for number in (1, 2, 3))))
    for number in (1, 2, 3):
        ask(case, number, None)
    case.answer(INDEX, index_of((url_of(99), "a stranger's")))
    ask(case, 99, None, foreign=True)
    case.archive.library.settle()

    assert followed(case) == [5943]


def test_what_lists_say_of_dead_links_counts_for_their_author(case: Case) -> None:
    """The part that lives names those around it, and so many of the dead ones."""
    case.source(INDEX)
    case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number in range(1, 6))))
    page = part(3, previous=neighbour(2), next=neighbour(4))
    case.answer(url_of(3), page)
    for number in (1, 2, 4, 5):
        ask(case, number, Outcome.NOT_FOUND)
    case.archive.library.settle()

    assert followed(case) == [5943]
    assert case.rows("SELECT count(*) AS n FROM page_status WHERE missing AND series_id = 5943") == [{"n": 4}]


def test_an_index_of_many_authors_keeps_each_article_and_does_not_claim_to_know_the_series(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(1), "x"), (url_of(99), "y")))
    ask(case, 1, None)
    ask(case, 99, None, foreign=True)
    case.archive.library.settle()

    found = status(case)
    assert followed(case) == []
    assert not found.all_safe(), "there are series behind them, of which nobody knows all parts"
    assert [(row.parts, row.safe, row.missing) for row in found.homeless] == [(2, 2, 0)]
    assert "its series is not known yet" in report.series_notes(found)[0]


def test_an_index_of_which_most_is_dead_names_the_series_that_it_most_likely_lists(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(99), "a stranger's"), *((url_of(one), "own") for one in range(1, 9))))
    ask(case, 99, None, foreign=True)
    for number in range(1, 9):
        ask(case, number, None if number < 4 else Outcome.NOT_FOUND)
    case.archive.library.settle()

    assert followed(case) == []
    assert f'`series = "{SERIES}"`' in report.series_notes(status(case))[0].replace("put ", "")


def test_an_index_of_ordinary_articles_is_whole_when_each_is_held(case: Case) -> None:
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(1), "x"), (url_of(2), "y")))
    for number in (1, 2):
        page = part(number, series_id=None, series_user_id=None, position=None, title="a note", title_day=None)
        case.answer(url_of(number), page)
    case.archive.library.settle()

    assert status(case).all_safe()


def test_a_link_whose_series_is_not_known_is_told_beside_two_series_that_are(case: Case) -> None:
    case.source(INDEX)
    numbers = range(1, 9)
    case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number in numbers), (url_of(20), "Day 20")))
    for number in numbers:
        case.answer(url_of(number), part(number, series=5943 if number < 6 else 5765))
    ask(case, 20, Outcome.NOT_FOUND)
    case.archive.library.settle()

    found = status(case)
    assert followed(case) == [5765, 5943]
    assert not found.all_safe()
    assert [(row.parts, row.missing, row.has_series) for row in found.homeless] == [(1, 1, 1)]


def test_a_link_taken_for_a_citation_is_told(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "[Day 01] x"), apart=((url_of(99), "Day 1: a stranger's"),)))
    ask(case, 1, None)
    ask(case, 99, Outcome.NOT_FOUND)
    case.archive.library.settle()

    assert [row.id for row in status(case).cited] == [10_000_099]
    assert any("taken for citations" in note and "10000099" in note for note in report.series_notes(status(case)))


def test_a_hint_decides_whatever_answers(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(99), "x"), (url_of(98), "y"), (url_of(1), "[Day 01] z")))
    for number in (98, 99):
        ask(case, number, None, foreign=True)
    ask(case, 1, Outcome.NOT_FOUND)
    case.archive.library.settle()

    assert followed(case) == [5943]
    assert case.rows("SELECT id, missing FROM page_status") == [{"id": 10000001, "missing": 1}]


def test_two_parts_of_one_day_in_one_list_are_two_parts_also_when_one_is_dead(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of((url_of(1), "[Day 01] x"), (url_of(2), "[Day 02] 上"), (url_of(3), "[Day 02] 下")))
    ask(case, 1, None)
    ask(case, 2, None)
    ask(case, 3, Outcome.NOT_FOUND)
    case.archive.library.settle()

    found = status(case)
    assert [(row.parts, row.missing) for row in found.series] == [(3, 1)]
    assert not found.all_safe()


@pytest.mark.parametrize("answer", [None, Outcome.NOT_FOUND, Outcome.CHALLENGE])
def test_a_hint_of_which_no_link_is_known_to_be_a_part_rings_the_alarm(case: Case, answer: Outcome | None) -> None:
    """It decides what is followed, but not that all is well: the user may have named the wrong series."""
    case.source(INDEX, series=ithome.series_url(20121130, OTHER))
    case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number in (1, 2, 3))))
    for number in (1, 2, 3):
        ask(case, number, answer)
    for number in (91, 92, 93):
        ask(case, number, None, foreign=True)
    case.archive.library.settle()

    found = status(case)
    assert followed(case) == [OTHER]
    assert found.alarms()
    assert cli.run(["status", "-q", "--db", str(case.path)]) == 3, "without --strict, too"
    assert any("is that the right one?" in note for note in report.series_notes(found))


def test_a_series_that_is_followed_as_the_only_thing_linked_is_told_as_that(case: Case) -> None:
    """It may be a recommendation: nobody can tell from one link."""
    case.source(INDEX)
    case.answer(INDEX, index_of((ithome.series_url(20121130, OTHER), "well worth reading")))
    case.archive.library.settle()

    assert followed(case) == [OTHER]
    assert any("links no article; series 4015 is kept since" in note for note in report.series_notes(status(case)))


def test_titles_that_count_the_days_belong_to_a_series_though_no_page_says_so(case: Case) -> None:
    """As when the very first run meets a changed template: an index may list a fraction of a series."""
    case.source(INDEX)
    case.answer(INDEX, index_of((url_of(1), "x"), (url_of(2), "y")))
    for number in (1, 2):
        case.answer(url_of(number), part(number, series_id=None, series_user_id=None, position=None))
    case.archive.library.settle()

    assert not status(case).all_safe()


def test_absent_parts_are_told_as_long_as_it_lasts_though_that_is_not_believed(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2, 3, 4))
    for number in (1, 2, 3, 4):
        ask(case, number, None)
    case.next_run(days=30)
    for number in (1, 2, 3, 4):
        ask(case, number, Outcome.NOT_FOUND)
    for _ in range(2):
        case.next_run(days=1)

    found = status(case)
    assert {part.state for part in found.parts[5943]} == {"alive"}
    assert any("4 part(s) of series 5943 absent since" in note for note in report.series_notes(found))
    assert len(report.attention_table(found)) == 4


def test_lists_that_do_not_answer_are_told_with_the_day_when_they_were_last_heard(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1))
    ask(case, 1, None)
    case.next_run(days=5)
    case.answer(SERIES, outcome=Outcome.SERVER_ERROR)
    case.archive.library.settle()

    assert any(
        "lists of series 5943 were not heard since 2026-11-23" in one for one in report.series_notes(status(case))
    )


def test_a_part_that_a_list_names_again_is_asked_at_once(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2))
    for number in (1, 2):
        ask(case, number, None)
    for _ in range(4):
        case.next_run(days=4)
        case.answer(SERIES, series_of(1))
        ask(case, 2, Outcome.NOT_FOUND)
    assert case.rows("SELECT state FROM pages WHERE article_id = 10000002") == [{"state": "gone"}]
    case.next_run(days=1)
    case.answer(SERIES, series_of(1, 2))
    scope = Scope(case.archive.source_ids(None), case.run_id)

    assert url_of(2) in [page.address.url for page in case.archive.due(scope, case.clock.now())]


# ─── what a page does not say ───────────────────────────────────────────────────────────────────


def test_a_part_whose_own_page_names_no_series_is_one_when_the_list_says_so(case: Case) -> None:
    case.source(SERIES)
    case.answer(SERIES, series_of(1, 2))
    case.answer(url_of(1), part(1))
    case.answer(url_of(2), part(2, series_id=None, series_user_id=None, series_title=None, position=None))
    case.archive.library.settle()

    assert case.rows("SELECT id, position, safe, said_by FROM page_status ORDER BY id") == [
        {"id": 10000001, "position": 1, "safe": 1, "said_by": "article"},
        {"id": 10000002, "position": 2, "safe": 1, "said_by": "series"},
    ]


def test_a_silent_article_of_the_same_author_for_a_day_that_nobody_has_is_a_part(case: Case) -> None:
    case.source(INDEX, series=SERIES)
    case.answer(INDEX, index_of(*((url_of(number), f"Day {number}") for number in (1, 2, 3))))
    case.answer(url_of(1), part(1))
    for number, author in ((2, AUTHOR), (3, STRANGER)):
        page = part(number, author=author, series_id=None, series_user_id=None, position=None)
        case.answer(url_of(number), page)
    case.archive.library.settle()

    assert case.rows("SELECT id, said_by FROM page_status ORDER BY id") == [
        {"id": 10000001, "said_by": "article"},
        {"id": 10000002, "said_by": "index"},
    ]
    assert ithome.article_url(10_000_003) not in {row["url"] for row in case.rows("SELECT url FROM page_status")}
