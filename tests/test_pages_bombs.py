"""Bodies made to cost time or memory: one page is at most 5 s of CPU, whatever the server sends."""

from __future__ import annotations

import time

import pytest
from depths import is_long
from page_fixtures import ALONE, FEED, RUNNING, address, markup

from archiver.model.readings import ArticlePage, FeedPage
from archiver.pages import read
from archiver.pages.body import make_from_html
from archiver.pages.scan import MAX_WORDS, scan

MEGABYTES = 1_000_000
LIMIT_S = 5.0
BASE = "https://ithelp.ithome.com.tw/articles/10390100"


def filled(unit: str, length: int = 5 * MEGABYTES) -> str:
    return unit * (length // len(unit))


TOO_HEAVY = {
    "nested div": "<div>" * 40_000,
    "nested div, 5 MB": filled("<div>"),
    "nested span": "<span>" * 40_000,
    "unclosed b": "<b>" * 40_000,
    "unclosed font": "<font color=red>" * 40_000,
    "unclosed formatting in paragraphs": "<p><b><i><u>" * 20_000,
    "misnested formatting": "<b><i><u></b><p></i></p></u>" * 20_000,
    "nested lists": "<ul><li>" * 20_000,
    "nested tables": "<table><tr><td>" * 20_000,
    "nested quotes": "<blockquote>" * 40_000,
    "nested svg": "<svg><g>" * 20_000,
    "nested math": "<math><mrow>" * 20_000,
    "nested templates": "<template>" * 40_000,
    "framesets": "<frameset>" * 40_000,
    "attributes": "<div " + " ".join(f"a{number}=1" for number in range(100_000)) + ">x</div>",
    "attributes, all the same": "<div " + "a=1 " * 100_000 + ">x</div>",
    "attributes without space": "<div" + "/a" * 500_000 + ">x</div>",
    "attributes with signs": "<div " + " ".join(f'a{number}="<>"' for number in range(100_000)) + ">x</div>",
    "tags": filled("<br>"),
    "links": filled('<a href="/articles/10319293">x</a>'),
    "images": filled("<img src=x.png>"),
    "ampersands": filled("&"),
    "character references": filled("&#x41;"),
    "less-than signs": filled("< "),
    "closed comments": filled("<!---->"),
    "closed scripts": filled("<script></script>"),
    "one long word": filled("a"),
    "spaces": filled(" "),
    "Chinese words": filled("字 一二三。\n"),
    "responses": filled('<div class="qa-panel response"><div class="markdown__style">x</div></div>'),
}

BEARABLE = {
    "a long word": filled("a", MAX_WORDS - 50_000),
    "many spaces": filled(" ", MAX_WORDS - 50_000),
    "many Chinese words": filled("字 一二三。\n", MAX_WORDS - 50_000),
    "NULs": filled("\0", MAX_WORDS - 50_000),
    "an unclosed comment": "<!--" + filled("x", 2 * MEGABYTES),
    "comments in a comment": filled("<!--", 1 * MEGABYTES),
    "dashes in a comment": "<!--" + filled("-", 2 * MEGABYTES),
    "an unclosed script": "<script>" + filled("x", 2 * MEGABYTES),
    "scripts in a script": filled("<script>", 2 * MEGABYTES),
    "nearly closed scripts": "<script>" + filled("</scrip", 2 * MEGABYTES),
    "an unclosed attribute": '<a href="' + filled("x", 2 * MEGABYTES),
    "an unclosed tag": "<a " + filled("x", 2 * MEGABYTES),
    "one long address": '<a href="https://a.example/' + filled("%25", 1 * MEGABYTES) + '">x</a>',
    "one long alt": '<img src=x alt="' + filled("x ", 1 * MEGABYTES) + '">',
    "Markdown signs": filled("*_`[](", MAX_WORDS - 50_000),
    "backticks in code": "<pre><code>" + filled("`", MAX_WORDS - 50_000) + "</code></pre>",
    "lines in deep quotes": "<blockquote>" * 45 + "<pre>" + filled("x\n", MAX_WORDS - 50_000),
    "nested as deep as may be": "<div>" * 900 + filled("<p>x</p>", 200_000),
    "lists as deep as may be": "<ul><li>" * 400 + "x",
    "many links": '<a href="/articles/10319293">x</a>' * 5_000,
    "cells": "<table>" + ("<tr>" + "<td>x</td>" * 100 + "</tr>") * 100 + "</table>",
    "a grid of holes": "<table><tr>" + "<td>x</td>" * 8_000 + "</tr>" + "<tr><td>y</td></tr>" * 8_000 + "</table>",
    "wide cells": "<table>" + "<tr><td colspan=1000 rowspan=1000>x</td></tr>" * 5_000 + "</table>",
    "closing tags": filled("</p>", 100_000),
    "text put out of a table": "<table>" + filled("x<tr>", 100_000),
}


@pytest.mark.parametrize("what", TOO_HEAVY)
def test_what_the_parsers_could_not_bear_is_not_given_to_them(what: str) -> None:
    started = time.process_time()
    whole = markup(ALONE).replace("<p>桌上有", TOO_HEAVY[what] + "<p>桌上有")
    found = read(address(ALONE), whole.encode(), "text/html; charset=UTF-8")
    assert found.facts.too_deep
    assert found.page is None
    assert time.process_time() - started < LIMIT_S


@pytest.mark.parametrize("what", BEARABLE)
def test_what_can_be_borne_is_read_in_time(what: str) -> None:
    whole = markup(ALONE).replace("<p>桌上有", BEARABLE[what] + "<p>桌上有").encode("utf-8", "replace")
    for name in (ALONE, RUNNING) if is_long() and len(whole) < MEGABYTES else (ALONE,):
        started = time.process_time()
        found = read(address(name), whole, "text/html; charset=UTF-8")
        if isinstance(found.page, ArticlePage) and found.page.body is not None:
            assert isinstance(found.page.body.markdown, str)  # made when it is asked for
        assert time.process_time() - started < LIMIT_S
        assert not found.facts.too_deep


@pytest.mark.parametrize(
    "what", ["a grid of holes", "wide cells", "lines in deep quotes", "lists as deep as may be", "cells"]
)
def test_no_form_of_a_body_is_many_times_its_size(what: str) -> None:
    html = BEARABLE[what]
    body = make_from_html(html, BASE)
    assert len(body.markdown) <= 10 * len(html) + 100_000
    assert len(body.text) <= 2 * len(html)
    assert len(body.html) <= 3 * len(html)


def test_an_ordinary_page_is_far_below_every_limit() -> None:
    seen = scan(markup(ALONE))
    assert not seen.too_heavy
    assert seen.depth < 60


def test_a_wide_but_ordinary_table_is_still_a_table_in_markdown() -> None:
    rows = "".join(f"<tr><td>{number}</td>" + "<td>某個值</td>" * 11 + "</tr>" for number in range(300))
    assert make_from_html(f"<table>{rows}</table>", BASE).markdown.count("|") > 3_000


# ─── feeds ──────────────────────────────────────────────────────────────────────────────────────

HEAD = '<?xml version="1.0"?>'
ITEM = "<item><title>x</title><link>https://ithelp.ithome.com.tw/articles/10390001</link><description>{}</description></item>"
LAUGHS = "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(12))
FEEDS = {
    "a billion laughs": f'{HEAD}<!DOCTYPE l [<!ENTITY a "x">{LAUGHS}]><rss><channel><title>&m;</title></channel></rss>',
    "an outer entity": f'{HEAD}<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><title>&a;</title></channel></rss>',
    "a parameter entity": f'{HEAD}<!DOCTYPE l [<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;]><rss><channel/></rss>',
    "nested elements": "<rss>" + "<a>" * 300_000,
    "attributes": "<rss " + " ".join(f'a{number}="1"' for number in range(100_000)) + "/>",
    "cut": "<rss><channel>" + ITEM.format("x"),
    "not well formed": "<rss><channel><title>a</channel></rss>",
    "a namespace never declared": "<rss><channel><x:y>1</x:y></channel></rss",
}


@pytest.mark.parametrize("what", FEEDS)
def test_a_feed_that_is_a_bomb_or_broken_is_a_problem(what: str) -> None:
    started = time.process_time()
    found = read(address(FEED), FEEDS[what].encode(), "application/rss+xml")
    assert time.process_time() - started < LIMIT_S
    if found.facts.too_deep:
        assert what == "nested elements"
    elif what != "attributes":
        assert [(problem.field, problem.name) for problem in found.problems] == [("feed", "not_xml")]
        assert found.page is None
        assert not found.facts.has_content
    assert "root:" not in repr(found)


@pytest.mark.parametrize(
    "body", ["&lt;div&gt;" * 40_000, "<![CDATA[" + "<b>" * 40_000 + "]]>", "&lt;a href=x&gt;" * 20_000]
)
def test_a_bomb_in_an_item_of_a_feed_costs_the_feed_that_body_only(body: str) -> None:
    started = time.process_time()
    text = (
        "<rss><channel><title>t :: 2026 iThome</title>" + ITEM.format(body) * 3 + ITEM.format("好") + "</channel></rss>"
    )
    found = read(address(FEED), text.encode(), "application/rss+xml")
    assert time.process_time() - started < LIMIT_S
    assert isinstance(found.page, FeedPage)
    assert [item.body.text for item in found.page.items] == ["", "", "", "好"]
    assert {(problem.field, problem.name) for problem in found.problems} == {
        ("item_body", "too_heavy"),
        ("item_time", "not_a_date"),
    }


def test_a_feed_of_too_many_items_is_not_read() -> None:
    text = "<rss><channel>" + ITEM.format("x") * 1_001 + "</channel></rss>"
    assert read(address(FEED), text.encode(), "application/rss+xml").facts.too_deep


def test_a_bare_ampersand_in_a_title_is_a_letter() -> None:
    text = "<rss><channel><title>a & b &amp; c &#38; d</title>" + ITEM.format("<![CDATA[x & y]]>") + "</channel></rss>"
    found = read(address(FEED), text.encode(), "application/rss+xml")
    assert isinstance(found.page, FeedPage)
    assert found.page.title == "a & b & c & d"
    assert found.page.items[0].body.text == "x & y"


def test_a_long_feed_is_read_in_time() -> None:
    started = time.process_time()
    text = "<rss><channel>" + ITEM.format("<![CDATA[<p>x</p>]]>") * 1_000 + "</channel></rss>"
    found = read(address(FEED), text.encode(), "application/rss+xml")
    assert time.process_time() - started < LIMIT_S
    assert isinstance(found.page, FeedPage)
    assert len(found.page.items) == 1_000


def test_the_page_around_a_bearable_body_is_read_too() -> None:
    whole = markup(ALONE).replace("<p>桌上有", BEARABLE["cells"] + "<p>桌上有")
    found = read(address(ALONE), whole.encode(), None)
    assert isinstance(found.page, ArticlePage)
    assert found.problems == ()
