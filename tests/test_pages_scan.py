"""The look at markup before the parser: never fooled about depth, never slow, and right about ends."""

from __future__ import annotations

import time
from pathlib import Path

import depths
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.model import Address, Kind
from archiver.pages import read
from archiver.pages.scan import MAX_DEPTH, MAX_TAGS, MAX_WORDS, scan

REAL = Path(__file__).parents[2] / "shared/ithome/pages"
TIMES = 30


def depth(text: str) -> int:
    """How deep the parser really nests."""
    deepest = level = 0
    node: LexborNode | None = LexborHTMLParser(text).root
    while node is not None:
        deepest = max(deepest, level)
        if node.child is not None:
            node, level = node.child, level + 1
            continue
        while node is not None and node.next is None:
            node, level = node.parent, level - 1
        node = node.next if node is not None and level > 0 else None
    return deepest


# ─── depth ──────────────────────────────────────────────────────────────────────────────────────

# Each of these nests one level deeper every time, though a naive count of tags sees nothing grow.
FOOLERS = {
    "end tags that nothing opened": "<div></x-y>",
    "an end tag that a block hides": "<span><div></span></div>",
    "an end tag that a cell hides": "<div><table><tr><td></div>",
    "an end tag that a select hides": "<div><select></div></select>",
    "a heading closed by another": "<h1><i><h2></h1>",
    "a form that ends before what it holds": "<form><div></form>",
    "end tags in attributes": '<div><b title="></div>">',
    "end tags in odd attributes": '<div><b ="></div>"',
    "end tags in comments": "<div><!-- </div> -->",
    "end tags in short comments": "<!--><div><!---></div x><div>",
    "elements without end in svg": "<svg><g>",
    "html inside svg": "<svg><foreignObject><g/>",
    "body end tags": "<div></body></html>",
    "list items in lists in items": "<ul><li>",
    "a textarea in svg": "<svg><title><div>",
}


@pytest.mark.parametrize("unit", FOOLERS.values(), ids=FOOLERS.keys())
def test_depth_that_end_tags_do_not_undo_is_seen(unit: str) -> None:
    assert depth(unit * TIMES) > TIMES
    assert scan(unit * (MAX_DEPTH * 3)).too_heavy
    assert 2 * scan(unit * TIMES).depth >= depth(unit * TIMES) - 4


@pytest.mark.parametrize(
    "unit",
    [
        "<p>a", "<ul><li>a<li>b</ul>", "<table><tr><td>a<td>b<tr><td>c</table>", "<dl><dt>a<dd>b</dl>", "<br>", "<img>",
        "<a name=x>", "<b><i>a</b></i>", "<div><span>a</div>", "<select><option>a<option>b</select>", "<!-- <div> -->",
        "<script>'<div>' + a<b</script>", "<svg><path d='M0'/><g><rect/></g></svg>", "<p><b>a</b></p>", "</p>",
        "</div>",
        "<ruby>漢<rt>a<rp>b</ruby>", "<style>a>b{}</style>", "<button>a<button>", "<textarea><div></textarea>",
        "a < b ",
        "<p><form><p></form>", "<h2>a<h3>b", "<nobr>a", "<p><b class=x>y</p>", "<i><p></i>", "<ruby><p>",
    ],
)  # fmt: skip
def test_markup_that_does_not_nest_may_go_on_for_long(unit: str) -> None:
    seen = scan(unit * 3_000)

    assert not seen.too_heavy
    assert seen.depth < 12


_NAMES = st.sampled_from(
    "div span p b i a font table tr td th tbody ul li ol h1 h2 button select option svg g math mi em section code pre"
    " blockquote dd dt dl br img x-y object caption script style ruby rt".split()
)
_TAGS = st.tuples(st.sampled_from(["<{}>", "</{}>", "<{} a=1>x", "<{}/>"]), _NAMES).map(
    lambda pair: pair[0].format(pair[1])
)


@settings(
    max_examples=depths.depth(100, 8_000), deadline=None, derandomize=True
)  # the same soups every time: odd corners remain
@given(st.lists(_TAGS, min_size=2, max_size=6).map("".join))
@example("<table><tr><td a=1>x<p>")
@example("<a/><em><tr>x</tr>")
def test_no_soup_nests_much_deeper_than_it_seems(unit: str) -> None:
    """Implied elements (tbody, tr) double the depth; an odd corner of the standard may hide one more level a round."""
    seen = scan(unit * TIMES)

    assert seen.too_heavy or depth(unit * TIMES) <= 2 * seen.depth + TIMES + 8


# ─── cost ───────────────────────────────────────────────────────────────────────────────────────

ARTICLE = Address("https://ithelp.ithome.com.tw/articles/10290001", Kind.ARTICLE, article_id=10290001)
PAGE = (
    '<!DOCTYPE html><html><head><meta property="og:url" content="https://ithelp.ithome.com.tw/articles/10290001"></head>'
    '<body><div class="leftside"><div class="qa-panel"><div class="qa-markdown"><div class="markdown">'
    '<div class="markdown__style">{}</div></div></div></div><div class="qa-action"></div></div>'
    "<footer></footer></body></html>"
)
MEGABYTE = 1_000_000
BOMBS = {
    "nested blocks": "<div>" * 200_000,
    "attributes of one tag": "<p " + " ".join(f"a{number}" for number in range(300_000)) + ">x</p>",
    "attributes of many tags": "".join(f"<p {'a b c d e f g ' * 100}>x</p>" for _ in range(2_000)),
    "unclosed formatting": "".join(f"<p><font a={number}>" for number in range(400)) + "<p>x</p>" * 20_000,
    "thirty unclosed": "".join(f"<p><font a={number}>" for number in range(30)) + "<p>x</p>" * 6_000,
    "tiny tags": "<br>" * MEGABYTE,
    "text": "中文" * MEGABYTE,
    "ampersands": "&lt;" * MEGABYTE,
    "angles": "<" * (3 * MEGABYTE),
    "comments": "<!---->" * (MEGABYTE // 2),
    "an open comment": "<!--" + "<div>" * MEGABYTE,
    "quotes": "<blockquote>" * 45 + "<p>x</p>" * 20_000,
    "a ragged table": "<table><tr>" + "<td>x</td>" * 5_000 + "</tr>" + "<tr><td>y</td></tr>" * 10_000 + "</table>",
    "a table that spans": "<table>" + "<tr><td colspan=1000 rowspan=65534>x</td></tr>" * 5_000 + "</table>",
    "a cell that spans": "<table><tr><td colspan=100000000>x</td></tr></table>",
    "links": '<a href="https://x.example/">y</a>' * 100_000,
    "a picture in itself": f'<img src="data:image/png;base64,{"A" * (4 * MEGABYTE)}">',
    "a long address": f'<a href="https://x.example/{"A" * (4 * MEGABYTE)}">x</a>',
    "nested comments": '</div></div></div><div class="response">' * 900 + '<div class="markdown__style">x',
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_no_body_costs_more_than_seconds(bomb: str) -> None:
    """Five seconds of CPU a page are promised; here a little less, since machines differ."""
    started = time.process_time()
    found = read(ARTICLE, PAGE.format(bomb).encode(), "text/html; charset=utf-8")

    assert time.process_time() - started < 4.5
    assert found.facts.is_html


@pytest.mark.parametrize(
    ("text", "too_heavy"),
    [
        ("<div>" * MAX_DEPTH, False),
        ("<div>" * (MAX_DEPTH + 1), True),
        ("<br>" * MAX_TAGS, False),
        ("<br>" * (MAX_TAGS + 1), True),
        ("<p>" + "x" * MAX_WORDS, False),
        ("<p>" + "x" * (MAX_WORDS + 1), True),
        (f'<img src="data:,{"x" * (MAX_WORDS * 2)}">', False),
        (f"<script>{'x' * (MAX_WORDS * 2)}</script>", False),
    ],
)
def test_the_limits_are_where_they_are_said_to_be(text: str, too_heavy: bool) -> None:
    assert scan(text).too_heavy is too_heavy


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pages are not on this machine")
@pytest.mark.parametrize("name", ["article-10403456-2026-08-19", "series-9066-2026-08-05", "series-7187-2024-10-10"])
def test_real_pages_are_far_below_every_limit(name: str) -> None:
    text = (REAL / f"{name}.html").read_text("utf-8")
    seen = scan(text)

    assert (seen.too_heavy, seen.ended, seen.whole, seen.open_at_end) == (False, True, True, ())
    assert depth(text) - 4 <= seen.depth < MAX_DEPTH // 20
    assert text.count("<") < MAX_TAGS // 10


# ─── ends ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("<html><body>x</body></html>", True),
        ("<html>x</HTML >\n", True),
        ("<html>x", False),
        ("<html><!-- </html> -->", False),
        ("<html><script>'</html>'", False),
        ('<html><a title="</html>">', False),
        ("<html>x</html", False),
        ("<html>x</html><p>more", True),
    ],
)
def test_the_end_of_a_document_is_a_tag_and_not_a_word(text: str, ended: bool) -> None:
    assert scan(text).ended is ended


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("<p>x", True),
        ("<p>x<", True),
        ("<p>x<a", False),
        ("<p>x</a", False),
        ('<p>x<a href="y', False),
        ("<p>x<a href='y'>", True),
        ("<p>x<!-- y", False),
        ("<p>x<!-- y -->", True),
        ("<p>x<!doctype", False),
        ("<style>x", False),
        ("<style>x</style", False),
        ("<style>x</style>", True),
        ("a < b", True),
    ],
)
def test_a_text_that_stops_inside_something_is_not_whole(text: str, whole: bool) -> None:
    assert scan(text).whole is whole


def test_what_is_open_at_the_end_is_told_unless_its_end_tag_may_be_left_out() -> None:
    assert scan("<html><body><main><ul><li><p>x").open_at_end == ("main", "ul")
    assert scan("<html><body><main><ul><li>x</ul></main><p>y").open_at_end == ()
