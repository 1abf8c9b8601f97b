"""What holds for any body: what changes the hashes and what does not, cuts anywhere, garbage, and bombs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from depths import depth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_fixtures import ALONE, FEED, INDEX, NAMES, RICH, RUNNING, address, expected, markup, read_as, reading, source

from archiver.model import Address, Kind
from archiver.model.readings import ArticlePage, FeedPage, IndexPage, Reading, SeriesPage
from archiver.pages import PARSERS, read

FINISHED = "series/9702-2026-10-02"
Edit = Callable[[str], str]


def swap(old: str, new: str) -> Edit:
    """An edit that must find what it replaces."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def rewrite(pattern: str, new: str, times: int = 0) -> Edit:
    """The same with a regular expression; 0 for every match."""

    def edit(text: str) -> str:
        changed, found = re.subn(pattern, new, text, count=times, flags=re.DOTALL)
        assert found
        return changed

    return edit


# ─── hashes ─────────────────────────────────────────────────────────────────────────────────────

SAME: dict[str, tuple[str, Edit]] = {
    "token": (RICH, swap("SynTok0000000000000000000000000000000001", "aNother0000000000000000000000000000000002")),
    "CF ray": (RICH, swap("00aa11bb22cc33dd", "ffee00bb22cc33dd")),
    "CF time": (RICH, swap("MTc4NzExMTM1NA==", "MTc4NzExMTk5OQ==")),
    "views": (RICH, swap("1204 瀏覽", "1305 瀏覽")),
    "views abbreviated": (RICH, swap("1204 瀏覽", "1.2k 瀏覽")),
    "commented views": (RICH, swap("99999 瀏覽", "100000 瀏覽")),
    "likes": (RICH, swap('<div class="likeGroup__num">5<', '<div class="likeGroup__num">6<')),
    "likes of a comment": (RICH, swap('<div class="likeGroup__num">2<', '<div class="likeGroup__num">3<')),
    "own like": (RICH, swap("likeGroup__arrow like_btn", "likeGroup__arrow like_btn liked")),
    "subscribers": (RICH, swap('subscription-amount">12<', 'subscription-amount">13<')),
    "level": (RICH, swap("iT邦新手 3 級", "iT邦新手 2 級")),
    "parts of the series": (RICH, swap('catalog__num">20<', 'catalog__num">21<')),
    "sidebar": (
        RICH,
        rewrite(r'<div class="rightside">.*?<footer', '<div class="rightside"></div></div></div><footer'),
    ),
    "hot questions": (RICH, swap("找不到網路芳鄰的印表機該怎麼辦", "另一個問題")),
    "advertisement": (RICH, swap('<div class="a810"', '<div class="a811 a810"')),
    "recommendations": (RICH, rewrite(r'<div class="scrollable".*?(?=<div class="qa-status)', "")),
    "excerpt": (RICH, swap("本文摘要", "別的摘要")),
    "style sheet": (RICH, swap("style.css?202008271142", "style.css?202711011142")),
    "likes in the list": (RUNNING, rewrite(r'(qa-condition__count">)\d+(<)', r"\g<1>99\2")),
    "colour of counters": (RUNNING, swap("qa-condition--change", "")),
    "no colour of counters": (RUNNING, swap('class="qa-condition "', 'class="qa-condition qa-condition--change"')),
    "views of the author": (RUNNING, swap("7026", "7100")),
    "points of the author": (RUNNING, swap("580", "600")),
    "subscribers of the series": (RUNNING, swap('subscription-amount">6<', 'subscription-amount">7<')),
    "token of the series": (FINISHED, swap("SynTok0000000000000000000000000000000002", "x")),
    "date of the feed": (FEED, swap("Sun, 20 Sep 2026 12:00:00 +0800", "Mon, 21 Sep 2026 12:00:01 +0800")),
    "script of the index": (INDEX, swap('localStorage.getItem("theme")', "null")),
}

NEW_CONTENT: dict[str, tuple[str, Edit]] = {
    "title": (RICH, swap("收成一支能重跑的程式", "收成一支跑得快的程式")),
    "word": (RICH, swap("這一篇要做一件很小的事", "這一篇要做一件不小的事")),
    "tag": (RICH, swap('tagList">rust<', 'tagList">go<')),
    "another tag": (RICH, rewrite(r"(c\+\+</a>)\s*</div>", r'\1<a class="tag">新</a></div>')),
    "code": (RICH, swap("vec![", "Vec![")),
    "indentation": (RICH, swap("\tlet s", "  let s")),
    "space at the end of a line of code": (RICH, swap("];   \n", "];\n")),
    "language": (RICH, swap("language-rust", "language-go")),
    "image": (RICH, swap("20150001Ab3dE6gH9k.png", "20150001Zz3dE6gH9k.png")),
    "link": (RICH, swap("docs.example.org/tidy", "docs.example.org/other")),
    "emphasis": (RICH, swap("<strong>能重跑</strong>", "能重跑")),
    "full stop": (ALONE, swap("救回來。", "救回來！")),
    "item gone": (RUNNING, rewrite(r'<div class="qa-list profile.*?分享\s*</div>\s*</div>\s*</div>', "", 1)),
    "item renamed": (RUNNING, swap("[Day 03] 齒輪 3", "[Day 03] 新齒輪 3")),
    "series finished": (RUNNING, swap("參賽天數 7 天 ｜", "鐵人鍊成 ｜")),
    "description": (RUNNING, swap("從零開始", "從一開始")),
    "feed title": (FEED, swap("[Day 02] 齒輪 2", "[Day 02] 新齒輪 2")),
    "feed body": (FEED, swap("開工", "收工")),
    "index link": (INDEX, swap("articles/10390005", "articles/10390006")),
    "index words": (INDEX, swap("[Day 05] 齒輪 5", "[Day 05] 新齒輪")),
    "index group": (INDEX, swap("2. Project!", "2. Projects!")),
}  # fmt: skip

NEW_COMMENTS: dict[str, tuple[str, Edit]] = {
    "words of a comment": (RICH, swap("收藏了。", "收藏了！")),
    "words of a reply": (RICH, swap("我來試試", "我不試了")),
    "code of a comment": (RICH, swap("tidy --help", "tidy --version")),
    "comment gone": (RICH, rewrite(r'<a name="response-551002">.*?(?=<div id="reply">)', "</div>")),
    "author of a comment": (RICH, swap("扳手", "鉗子")),
}


@pytest.mark.parametrize("what", SAME)
def test_counters_tokens_and_neighbouring_boxes_change_no_hash(what: str) -> None:
    name, edit = SAME[what]
    changed = read_as(name, edit(markup(name)))
    assert changed.content_sha256 == reading(name).content_sha256
    assert changed.fingerprint == reading(name).fingerprint


@pytest.mark.parametrize("what", NEW_CONTENT)
def test_what_the_author_changes_changes_both_hashes(what: str) -> None:
    name, edit = NEW_CONTENT[what]
    changed = read_as(name, edit(markup(name)))
    assert changed.page is not None
    assert changed.content_sha256 != reading(name).content_sha256
    assert changed.fingerprint != reading(name).fingerprint


@pytest.mark.parametrize("what", NEW_COMMENTS)
def test_comments_change_the_fingerprint_alone(what: str) -> None:
    name, edit = NEW_COMMENTS[what]
    changed = read_as(name, edit(markup(name)))
    assert changed.content_sha256 == reading(name).content_sha256
    assert changed.fingerprint != reading(name).fingerprint


def test_the_first_comment_changes_the_fingerprint_alone() -> None:
    comment = re.search(r'<div class="qa-panel response clearfix">.*?(?=<div id="reply">)', markup(RICH), re.DOTALL)
    assert comment is not None
    changed = read_as(ALONE, markup(ALONE).replace('<div id="reply">', comment[0] + '<div id="reply">'))
    assert changed.content_sha256 == reading(ALONE).content_sha256
    assert changed.fingerprint != reading(ALONE).fingerprint


def test_the_same_letters_written_otherwise_are_the_same_content() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    one = read_as(ALONE, markup(ALONE).replace("一台舊電腦", composed))
    other = read_as(ALONE, markup(ALONE).replace("一台舊電腦", decomposed))
    assert one.content_sha256 == other.content_sha256


def test_white_space_between_blocks_is_no_edit() -> None:
    loose = read_as(
        RICH,
        swap("<strong>能重跑</strong> 的", "<strong>能重跑</strong>\n  的")(
            swap("</p>\n<ul>", "</p>\n\n   <ul>")(markup(RICH))
        ),
    )
    assert loose.content_sha256 == reading(RICH).content_sha256


# ─── cuts ───────────────────────────────────────────────────────────────────────────────────────

CUT = [RICH, ALONE, RUNNING, FINISHED, FEED]


def substance(found: Reading) -> object:
    """What must not be lost without being noticed."""
    page = found.page
    if isinstance(page, ArticlePage):
        return page.body
    if isinstance(page, SeriesPage):
        return (page.items, page.next_page)
    assert isinstance(page, FeedPage | IndexPage)
    return page.items if isinstance(page, FeedPage) else page.links


def assert_a_cut_is_noticed(name: str, part: bytes) -> None:
    found = read_as(name, part)
    if found.facts.has_content and found.facts.closed:
        assert substance(found) == substance(reading(name))


@pytest.mark.parametrize("name", CUT)
@settings(max_examples=depth(30, 1_200), deadline=None)
@given(st.data())
def test_a_page_cut_anywhere_is_never_whole_with_less_in_it(name: str, data: st.DataObject) -> None:
    whole = source(name)
    assert_a_cut_is_noticed(name, whole[: data.draw(st.integers(0, len(whole)))])


@pytest.mark.parametrize("name", [RICH, RUNNING])
def test_a_page_cut_after_any_tag_of_its_content_is_never_whole(name: str) -> None:
    whole = source(name)
    start, end = whole.index(b"leftside"), whole.index(b'class="rightside')
    for mark in list(re.finditer(rb"[<>]", whole[start:end]))[::16]:
        assert not read_as(name, whole[: start + mark.end()]).facts.closed


@pytest.mark.parametrize(
    "words", ["&lt;/html&gt; qa-action footer", '<img src="x.png" alt="</html>"> qa-action', "&lt;footer"]
)
def test_a_cut_page_is_not_closed_by_what_its_body_says(words: str) -> None:
    whole = markup(RICH).replace("慢慢來", f"{words} 慢慢來")
    assert not read_as(RICH, whole[: whole.index(" 慢慢來")]).facts.closed
    assert read_as(RICH, whole).facts.closed


@pytest.mark.parametrize("name", [RICH, RUNNING])
@pytest.mark.parametrize(
    "end", ["</HTML>", "</html >", "</html>\n<!-- served by web-07 in 0.1 s -->\n", "</html>\r\n\r\n  x"]
)
def test_a_page_with_an_odd_end_is_whole(name: str, end: str) -> None:
    assert read_as(name, markup(name).replace("</html>", end)).facts.closed


@pytest.mark.parametrize("cut", ["<a href=", "<a href='https://x", "<!-- never", "<script>var x = 1"])
def test_an_index_cut_inside_something_is_noticed(cut: str) -> None:
    part = markup(INDEX)
    assert not read_as(INDEX, part[: part.index("3. Keep on Rolling")] + cut).facts.closed


def test_an_index_that_never_opened_html_needs_not_close_it() -> None:
    assert read_as(INDEX, '<p>x <a href="https://ithelp.ithome.com.tw/articles/10390002">2</a>').facts.closed


# ─── garbage ────────────────────────────────────────────────────────────────────────────────────

ADDRESSES = [
    *(address(name) for name in (RICH, RUNNING, FEED, INDEX)),
    Address("https://ithelp.ithome.com.tw/robots.txt", Kind.ROBOTS),
    Address("https://ithelp.ithome.com.tw/upload/images/20260101/a.png", Kind.IMAGE),
    Address("https://ithelp.ithome.com.tw/articles/99999999", Kind.CONTROL, article_id=99999999),
    Address("https://example.org/", Kind.LINK),
]
TYPES = st.none() | st.sampled_from(
    [
        "text/html",
        "text/html; charset=big5",
        "application/rss+xml",
        "image/png",
        "text/html; charset=zlib_codec",
        ";;=",
        "\x00",
    ]
)


def test_every_kind_is_fed_garbage() -> None:
    assert {found.kind for found in ADDRESSES} == set(PARSERS)


@settings(max_examples=depth(120, 6_000), deadline=None)
@given(st.sampled_from(ADDRESSES), st.binary(max_size=200), TYPES)
def test_no_bytes_make_the_reading_raise(asked: Address, body: bytes, content_type: str | None) -> None:
    found = read(asked, body, content_type)
    assert found.parser == PARSERS[asked.kind]
    assert not (found.page is not None and not found.facts.has_content)


_WORDS = rb"""< > </div> <div> <!-- --> </html> <script> </body> <table> <template> <svg> <title> ]]> <![CDATA[ <item>
    " ' &#0; &#xd800; <a/href="/articles/10390999"> title="0001-01-01T00:00:00" """
_MARKS = st.sampled_from(
    [
        *_WORDS.split(),
        *(b"<div class='qa-panel response'>", b"<div class='markdown__style'>", b"title='9999-99-99 99:99:99'"),
        *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"9" * 400),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A page with pieces lost, doubled, moved and put in."""
    name = draw(st.sampled_from(NAMES))
    body = source(name)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body)))
        lost = draw(st.sampled_from([0, 0, 1, 7, 60, 900]))
        put_in = draw(_MARKS | st.binary(max_size=6) | st.just(body[at : at + 300]))
        body = body[:at] + put_in + body[at + lost :]
    return name, body


@settings(
    max_examples=depth(50, 2_400),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(mutated(), st.sampled_from(ADDRESSES))
def test_no_mutation_of_a_page_makes_the_reading_raise(page: tuple[str, bytes], other: Address) -> None:
    name, body = page
    for found in (read_as(name, body), read(other, body, None)):
        for problem in found.problems:
            assert problem.field
            assert problem.name
            assert len(problem.detail) <= 200
        assert all(isinstance(number, int) and number >= 0 for number in found.counters.values())
        repr(found).encode("utf-8")  # no lone surrogate, so that it can be stored


@pytest.mark.parametrize(
    "attribute",
    [
        'title="0001-01-01 00:00:00"',
        'title="9999-12-31 23:59:59"',
        'title="2026-02-30 00:00:00"',
        'title="昨天"',
        'title=""',
    ],
)
def test_an_impossible_date_is_a_problem_and_no_crash(attribute: str) -> None:
    found = read_as(
        RICH,
        rewrite(
            r'<a title="[^"]*" class="qa-header__info-time[^>]*>[^<]*', f'<a {attribute} class="qa-header__info-time">'
        )(markup(RICH)),
    )
    assert isinstance(found.page, ArticlePage)
    named = [problem.name for problem in found.problems if problem.field == "published_at"]
    assert named == ([] if found.page.published_at else ["not_a_date"])


@pytest.mark.parametrize(
    ("field", "edit"),
    [
        ("title", swap("qa-header__title ir-article__title", "renamed")),
        ("author_name", swap("ir-article-info__name", "renamed")),
        ("author_id", rewrite(r'/users/20150001/ironman"', '/users/x/ironman"')),
        ("published_at", swap("qa-header__info-time ir-article-info__time", "renamed")),
        ("views", rewrite(r'<div class="ir-article-info__view">1204', '<div class="renamed">1204')),
        ("views", swap("1204 瀏覽", "許多 瀏覽")),
        ("position", swap("ir-article__topic-count", "renamed")),
        ("series_title", swap("ir-article__topic", "renamed")),
        ("series_id", swap("/ironman/9701", "/ironman/x")),
        ("group", swap("group__badge", "renamed")),
    ],
)
def test_what_a_contest_article_should_have_and_has_not_is_a_named_problem(field: str, edit: Edit) -> None:
    found = read_as(RICH, edit(markup(RICH)))
    assert field in {problem.field for problem in found.problems}


def test_a_title_is_found_elsewhere_when_the_heading_is_gone_and_that_is_said() -> None:
    found = read_as(RICH, swap("qa-header__title ir-article__title", "renamed")(markup(RICH)))
    assert isinstance(found.page, ArticlePage)
    assert found.page.title == expected(RICH)["page"]["title"]


def test_the_body_is_the_articles_even_when_a_comment_comes_first_in_the_page() -> None:
    comment = (
        '<div class="qa-panel response"><div class="response-markdown"><p class="markdown__style">x</p></div></div>'
    )
    moved = swap('<div class="qa-panel clearfix">', f'{comment}<div class="qa-panel clearfix">')(markup(RICH))
    found = read_as(RICH, moved)
    assert isinstance(found.page, ArticlePage)
    assert found.page.body == substance(reading(RICH))
