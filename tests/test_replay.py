"""The real pages replayed: the whole chain, client to Datasette, on real input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from replay import Replay, Saved
from runs import body_of, config_for, rows, run_fetch

from archiver import pages
from archiver.browse.server import application
from archiver.report.runs import Summary

PAGES = Path(__file__).parents[2] / "shared/ithome/pages"
HOST = "https://ithelp.ithome.com.tw"
HTML = (("Content-Type", "text/html; charset=UTF-8"),)
XML = (("Content-Type", "application/xml; charset=utf-8"),)
TABLE = [
    Saved(f"{HOST}/articles/10403456", "article-10403456-2026-08-19.html", 200, HTML),
    Saved(f"{HOST}/users/20168288/ironman/9066", "series-9066-2026-08-05.html", 200, HTML),
    Saved(f"{HOST}/rss/series/9066", "rss-9066-2026-08-05.xml", 200, XML),
    Saved(f"{HOST}/users/20151240/ironman/7187", "series-7187-2024-10-10.html", 200, HTML),
    Saved(f"{HOST}/users/20141356/ironman/4586", "series-4586-2021-09-05.html", 200, HTML),
]
SOURCES = "\n".join(f'[[sources]]\nurl = "{saved.url}"' for saved in TABLE if "/rss/" not in saved.url)

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the real pages are not beside this checkout")


class Pre(HTMLParser):
    """The text of every `pre` inside the article's body, by another parser than ours."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag == "pre":
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Summary]]:
    folder = tmp_path_factory.mktemp("replay")
    with Replay(PAGES, TABLE) as replay:
        file = config_for(replay, folder, sources=SOURCES)
        yield folder / "a.db", run_fetch(folder / "a.db", file)


Run = tuple[Path, Summary]


def test_parts_that_no_page_was_saved_of_are_missing(run: Run) -> None:
    db, summary = run

    assert summary.exit_code == 3
    assert rows(db, "SELECT id, parts, safe, missing FROM series_progress ORDER BY id") == [
        (4586, 4, 0, 4), (7187, 10, 0, 10), (9066, 5, 0, 5), (9128, 5, 1, 4),
    ]  # fmt: skip


def test_the_article_is_held_as_it_was_reviewed(run: Run) -> None:
    db, _ = run
    expected = json.loads((PAGES / "expected.json").read_text("utf-8"))["article-10403456-2026-08-19.html"]

    columns = 'title, position, badge_day, team, series_id, "group", published_at, views'
    found = rows(db, f"SELECT {columns} FROM articles")[0]
    assert found == (
        expected["title"], 30, 12, expected["team"].removeprefix("團隊"), 9128, expected["group"],
        "2026-08-17T04:26:34Z", 83,
    )  # fmt: skip


def test_its_code_is_held_byte_for_byte(run: Run) -> None:
    db, _ = run
    page = (PAGES / "article-10403456-2026-08-19.html").read_text("utf-8")
    parser = Pre()
    parser.feed(page[page.index("markdown__style") : page.index("qa-action")])
    held = rows(db, "SELECT code FROM code WHERE article_id = 10403456 ORDER BY position")

    assert [code for (code,) in held] == parser.found
    assert len(held) == 14


def test_its_tables_are_held(run: Run) -> None:
    db, _ = run
    body = body_of(db, 10403456)

    assert body.html.count("<table>") == 4
    assert sum(line.replace(" ", "").startswith("|--") for line in body.markdown.splitlines()) == 4


def test_a_series_lists_its_parts_in_order(run: Run) -> None:
    db, _ = run
    expected = json.loads((PAGES / "expected.json").read_text("utf-8"))["series-9066-2026-08-05.html"]["items"]

    found = rows(db, "SELECT url, title FROM page_status WHERE series_id = 9066 ORDER BY position")
    assert found == [(item["href"], item["title"]) for item in expected]


def test_the_feed_is_heard_and_its_punctuation_loss_shows(run: Run) -> None:
    db, _ = run
    said = rows(db, "SELECT via, text FROM discoveries WHERE article_id = 10401594 ORDER BY via")

    assert [via for via, _ in said] == ["feed", "series"]
    assert "——" in said[1][1]
    assert "——" not in said[0][1]


def test_every_table_and_view_opens_in_datasette(run: Run) -> None:
    db, _ = run
    datasette = application(db, pages.read)
    with_rows = [name for (name,) in rows(db, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]

    async def statuses() -> dict[str, int]:
        await datasette.invoke_startup()
        return {name: (await datasette.client.get(f"/{db.stem}/{name}")).status_code for name in with_rows}

    found: Any = asyncio.run(statuses())
    assert {name: status for name, status in found.items() if status != 200} == {}
