"""Real pages of iThome, read where they lie: every reviewed value, and code to the letter (never copied in here)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from archiver import ithome
from archiver.model import Address, Kind
from archiver.model.readings import ArticlePage, FeedPage, Reading, SeriesPage
from archiver.pages import read

FOLDER = Path(__file__).parents[2] / "shared/ithome/pages"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real pages are not on this machine")

ARTICLE = "article-10403456-2026-08-19.html"
FEED = "rss-9066-2026-08-05.xml"
SERIES = ["series-4586-2021-09-05.html", "series-7187-2024-10-10.html", "series-9066-2026-08-05.html"]


@cache
def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text("utf-8"))[name]
    return found


def source(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@cache
def reading(name: str) -> Reading:
    url = "https://ithelp.ithome.com.tw/rss/series/9066" if name == FEED else expected(name)["og:url"]
    address = ithome.classify(url)
    assert isinstance(address, Address)
    return read(address, source(name), "text/html; charset=UTF-8")


@cache
def article() -> ArticlePage:
    page = reading(ARTICLE).page
    assert isinstance(page, ArticlePage)
    return page


@cache
def series(name: str) -> SeriesPage:
    page = reading(name).page
    assert isinstance(page, SeriesPage)
    return page


@cache
def feed() -> FeedPage:
    page = reading(FEED).page
    assert isinstance(page, FeedPage)
    return page


def utc(taipei: str) -> datetime:
    return datetime.fromisoformat(taipei).replace(tzinfo=UTC) - timedelta(hours=8)


def number_after(words: str, text: str) -> int | None:
    match = re.search(rf"{words}\s*(\d+)", text)
    return int(match[1]) if match else None


class Elements(HTMLParser):
    """An independent, simple reader: the text of every `pre`, and how many of each tag, inside one element."""

    def __init__(self, start: str) -> None:
        super().__init__(convert_charrefs=True)
        self.start_class, self.codes, self.languages = start, list[str](), list[str | None]()
        self.counts: dict[str, int] = {}
        self.depth, self.in_pre = 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if self.depth == 0 and self.start_class in classes:
            self.depth = 1
            return
        if self.depth:
            self.counts[tag] = self.counts.get(tag, 0) + 1
            self.depth += tag not in {"br", "img", "hr"}
            if tag == "pre":
                self.in_pre = True
                self.codes.append("")
                self.languages.append(None)
            if tag == "code" and self.in_pre and classes:
                self.languages[-1] = classes[0].removeprefix("language-")

    def handle_endtag(self, tag: str) -> None:
        if self.depth > 0:
            self.depth -= tag not in {"br", "img", "hr"}
            self.depth = -1 if self.depth == 0 else self.depth
            self.in_pre = self.in_pre and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self.depth > 0 and self.in_pre:
            self.codes[-1] += data


@cache
def independent() -> Elements:
    found = Elements("markdown__style")
    found.feed(source(ARTICLE).decode("utf-8"))
    return found


@pytest.mark.parametrize("name", [ARTICLE, FEED, *SERIES])
def test_a_real_page_is_read_without_a_problem(name: str) -> None:
    found = reading(name)
    assert found.problems == ()
    assert found.facts.has_content
    assert found.facts.closed
    assert found.facts.looks_like is None
    assert found.facts.encoding == "utf-8"
    assert not found.facts.too_deep
    assert found.content_sha256
    assert found.fingerprint


@pytest.mark.parametrize("name", [ARTICLE, *SERIES])
def test_a_page_names_itself(name: str) -> None:
    assert reading(name).facts.own_url == expected(name)["og:url"]
    assert reading(name).facts.kind is Kind(expected(name)["kind"])


ARTICLE_FIELDS = {
    "id": lambda e: int(e["og:url"].rpartition("/")[2]),
    "title": lambda e: e["title"],
    "published_at": lambda e: utc(e["published"]),
    "tags": lambda e: tuple(e["tags"]),
    "series_id": lambda e: int(e["series_href"].rpartition("/")[2]),
    "series_user_id": lambda e: int(e["series_href"].split("/")[4]),
    "series_title": lambda e: e["series"],
    "position": lambda e: int(e["position"]),
    "title_day": lambda e: number_after("Day", e["title"]),
    "badge_day": lambda e: int(e["days_badge"]),
    "contest_year": lambda e: int(e["contest"].split()[0]),
    "contest_edition": lambda e: int(e["tags"][0].partition("th")[0]),
    "group": lambda e: e["group"],
    "group_slug": lambda e: e["group_href"].rpartition("/")[2],
    "team": lambda e: e["team"].removeprefix("團隊"),
    "views": lambda e: int(e["views"].split()[0]),
    "likes": lambda e: int(e["likes"]),
    "comments_count": lambda _: 0,
    "subscribers": lambda e: int(e["subscribers"]),
    "declared_parts": lambda e: int(e["catalog_total"]),
    "feed_url": lambda e: e["rss"],
    "next": lambda _: None,
    "comments": lambda _: (),
}


@pytest.mark.parametrize("field", ARTICLE_FIELDS)
def test_the_real_article_has_its_reviewed(field: str) -> None:
    assert getattr(article(), field) == ARTICLE_FIELDS[field](expected(ARTICLE))  # type: ignore[no-untyped-call]


def test_the_real_article_has_its_author() -> None:
    assert article().author.name == expected(ARTICLE)["author"]
    assert str(article().author.id) in expected(ARTICLE)["author_href"]


def test_the_real_article_has_its_neighbours() -> None:
    shown = [(item.position, ithome.article_url(item.article_id)) for item in article().catalog]
    assert shown == [(int(position), url) for position, url in expected(ARTICLE)["catalog"]]
    previous = article().previous
    assert previous is not None
    assert [["上一篇", ithome.article_url(previous.article_id)]] == expected(ARTICLE)["prevnext"]


def test_the_real_code_blocks_are_kept_byte_for_byte() -> None:
    body = article().body
    assert body is not None
    assert len(body.code_blocks) == expected(ARTICLE)["body_tags"]["pre"] == 14
    assert [block.code for block in body.code_blocks] == independent().codes
    assert [block.language for block in body.code_blocks] == independent().languages
    named = {f"language-{block.language}" for block in body.code_blocks if block.language}
    assert sorted(named) == expected(ARTICLE)["code_langs"]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_real_code_stands_to_the_letter_in_the_readable_forms(form: str) -> None:
    body = article().body
    assert body is not None
    for block in body.code_blocks:
        assert block.code.strip("\n") in getattr(body, form)


@pytest.mark.parametrize("tag", ["p", "pre", "table", "h2", "h3", "ul", "ol", "blockquote", "img", "a", "br"])
def test_the_sanitiser_loses_no_element_of_the_real_body(tag: str) -> None:
    body = article().body
    assert body is not None
    assert len(re.findall(rf"<{tag}[\s>]", body.html)) == expected(ARTICLE)["body_tags"][tag]
    assert independent().counts.get(tag, 0) == expected(ARTICLE)["body_tags"][tag]


def test_the_real_tables_and_links_are_there_in_markdown() -> None:
    body = article().body
    assert body is not None
    assert len(re.findall(r"^\|(?: ?-{3,} ?\|)+$", body.markdown, re.MULTILINE)) == 4
    assert len(body.links) == expected(ARTICLE)["body_tags"]["a"]
    assert all(link.url.startswith("https://") and link.text for link in body.links)
    for link in body.links:
        assert f"({link.url})" in body.markdown


SERIES_FIELDS = {
    "id": lambda e: int(e["og:url"].rpartition("/")[2]),
    "title": lambda e: e["series"].removesuffix(" 系列"),
    "contest_year": lambda e: int(e["year"].split()[0]),
    "group": lambda e: e["group"],
    "group_slug": lambda e: e["group_href"].rpartition("/")[2],
    "finished": lambda e: "ir-profile-series--done" in e["classes"],
    "contest_days": lambda e: number_after("參賽天數", e["info"]),
    "declared_parts": lambda e: number_after("共", e["info"]),
    "subscribers": lambda e: number_after("｜", e["info"].rpartition("人訂閱 訂閱")[0].rpartition("篇文章")[2]),
    "feed_url": lambda e: e["rss"],
    "page_number": lambda _: 1,
    "next_page": lambda e: 2 if e["pagination"] else None,
    "empty": lambda _: False,
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("field", SERIES_FIELDS)
def test_a_real_series_page_has_its_reviewed(name: str, field: str) -> None:
    assert getattr(series(name), field) == SERIES_FIELDS[field](expected(name))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", SERIES)
def test_a_real_series_page_has_its_author(name: str) -> None:
    author, wanted = series(name).author, expected(name)
    assert f"{author.name} ({author.account})" == wanted["author"]
    assert f"({author.account})" == wanted["account"]
    assert wanted["level"].startswith(author.level or "nothing")
    assert str(author.id) in wanted["og:url"]


@pytest.mark.parametrize("name", SERIES)
def test_a_real_series_page_lists_its_items(name: str) -> None:
    shown = [
        {
            "day": f"DAY {item.badge_day}",
            "title": item.title,
            "href": ithome.article_url(item.article_id),
            "time": item.published_at,
            "counts": [str(item.likes), str(item.comments_count), str(item.views)],
        }
        for item in series(name).items
    ]
    wanted = expected(name)["items"]
    assert len(shown) == expected(name)["n_items"]
    assert shown == [{**item, "time": utc(item["time"])} for item in wanted]


def test_the_real_feed_gives_the_dates_of_the_series_page() -> None:
    items = expected("series-9066-2026-08-05.html")["items"]
    shown = [(ithome.article_url(item.article_id), item.published_at) for item in feed().items]
    assert shown == [(item["href"], utc(item["time"])) for item in reversed(items)]


def test_the_real_feed_knows_whose_and_what_it_is() -> None:
    wanted = expected("series-9066-2026-08-05.html")
    assert feed().title == wanted["series"].removesuffix(" 系列")
    assert feed().contest_year == 2026
    assert str(feed().user_id) in wanted["og:url"]
    assert {item.author_name for item in feed().items} == {wanted["author"].partition(" (")[0]}


def test_the_real_feed_has_lost_punctuation_and_so_stays_a_fallback() -> None:
    whole = [item["title"] for item in reversed(expected("series-9066-2026-08-05.html")["items"])]
    lost = [item.title for item in feed().items]
    assert lost != whole
    assert lost == [re.sub("[—、「」。]", "", title) for title in whole]
    assert all("—" not in item.body.text and "。" not in item.body.text for item in feed().items)
