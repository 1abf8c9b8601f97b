"""What has no end of its own ends here: pagers, events, memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import SERIES, archive_at, body, part, url_of
from fakes import START
from runs import SERIES as REAL_SERIES
from runs import config_for, rows, run_fetch, series_counts, terse_site

from archiver import pages, urls
from archiver.archive.frontier import Scope
from archiver.model import Address, Kind
from archiver.readings import SeriesPage
from archiver.standin import StandIn, render_lists
from archiver.standin.render import Moment

# ─── pagers ─────────────────────────────────────────────────────────────────────────────────────


def test_an_endless_pager_ends_soon_and_every_part_is_asked(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin:
        standin.faults.endless()
        file = config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
        summary = run_fetch(tmp_path / "a.db", file)
        asked = [entry.target for entry in standin.log if "/ironman/5943" in entry.target]

    assert len(asked) == 3, "one page is announced, and two more are looked at"
    assert series_counts(tmp_path / "a.db") == (3, 3, 0)
    assert summary.exit_code in {0, 3}
    problems = rows(tmp_path / "a.db", "SELECT DISTINCT field, problem FROM parse_problems WHERE field = 'next_page'")
    assert problems == [("next_page", "endless")]


@pytest.mark.parametrize(
    ("declared", "number", "next_page"),
    [("30", 2, 3), ("30", 5, None), ("999999999", 50, 51), ("999999999", 100, None), ("", 99, 100), ("", 100, None)],
)
def test_a_next_page_is_believed_within_what_is_announced(declared: str, number: int, next_page: int | None) -> None:
    site = terse_site(3)
    html = render_lists.series_page(site, site.series[5943], 1, Moment(1, START))
    html = html.replace("共 3 篇", f"共 {declared} 篇").replace("共3篇", f"共{declared}篇")
    pager = f'<ul class="pager"><li><a rel="next" href="{REAL_SERIES}?page={number + 1}">下一頁</a></li></ul>'
    address = urls.classify(f"{REAL_SERIES}?page={number}")
    assert isinstance(address, Address)

    page = pages.read(address, html.replace("</body>", f"{pager}</body>").encode(), "text/html").page
    assert isinstance(page, SeriesPage)
    assert page.declared_parts == (int(declared) if declared else None)
    assert page.next_page == next_page


def test_the_far_pages_of_a_list_are_asked_after_the_parts(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        case.answer(SERIES, SeriesPage(5943, "a series", part(1).author, declared_parts=900, next_page=11))
        case.answer(url_of(1), part(1))
        case.archive.library.settle()
        scope = Scope(case.archive.source_ids(None), force=True)
        due = [one.address for one in case.archive.due(scope, case.clock.now(), limit=99)]
        far = next(address for address in due if address.page_number == 11)
    assert [address.kind for address in due].index(Kind.ARTICLE) < due.index(far)


# ─── events ─────────────────────────────────────────────────────────────────────────────────────


def test_events_grow_with_the_parts_and_not_with_their_square(tmp_path: Path) -> None:
    numbers = [*range(60, 30, -1), *range(1, 31), 7, 60]  # in no good order, some twice
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        for number in numbers:
            case.answer(
                url_of(number), part(number, title_day=1, body=body("the same words " * 40), title="[Day 01] the same")
            )
        case.archive.library.settle()
        told = case.rows("SELECT kind, count(*) AS n FROM events GROUP BY kind")
        alone = case.rows("SELECT DISTINCT article_id FROM events WHERE kind = 'reposted'")

    counts = {row["kind"]: row["n"] for row in told}
    assert 59 <= counts["duplicate_day"] <= 120
    assert 59 <= counts["reposted"] <= 120
    assert len(alone) == 59, "each but the first is told"
