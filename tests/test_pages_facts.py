"""What stands in place of a page: bot checks, login walls, soft 404s, maintenance; and what only talks of them."""

from __future__ import annotations

import pytest
from page_fixtures import RICH, markup, read_as

from archiver.model import Address, Kind
from archiver.model.readings import ArticlePage, IndexPage
from archiver.pages import read

ARTICLE = Address("https://ithelp.ithome.com.tw/articles/10390038", Kind.ARTICLE, article_id=10390038)
INDEX = Address("https://blog.example/ironman/", Kind.INDEX)
MENU = '<div class="header"><a href="/users/login">登入/註冊</a><form action="https://ithelp.ithome.com.tw/search"></form></div>'
SIDE = '<div class="rightside">熱門問題 <a href="/questions/1">找不到印表機</a> 系統維護的做法</div>'
MODAL = '<div class="modal" id="AtUser"><template>找不到結果。</template>找不到結果。</div>'
SCRIPTS = (
    '<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>'
    "<script>window.__CF$cv$params={r:'00',t:'x'};a.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>"
)


def page(main: str, title: str = "iT 邦幫忙", own_url: str = "") -> str:
    own = f'<meta property="og:url" content="{own_url}">' if own_url else ""
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title>{own}</head><body>{MENU}"
        f'<div class="leftside">{main}</div>{SIDE}{MODAL}{SCRIPTS}<footer></footer></body></html>'
    )


def looks_like(body: str, asked: Address = ARTICLE) -> str | None:
    return read(asked, body.encode(), "text/html; charset=utf-8").facts.looks_like


LONG = "<p>" + "這是一段很長的說明文字，講到各種事情。" * 60 + "</p>"
NOT_PAGES = {
    "a managed challenge": ("challenge", "<html><head><title>Just a moment...</title></head><body></body></html>"),
    "a challenge in Chinese": (
        "challenge",
        "<html><head><title>請稍候...</title></head><body>驗證您是真人</body></html>",
    ),
    "a challenge by its script": (
        "challenge",
        "<html><head><title>ithelp.ithome.com.tw</title></head><body><script>window._cf_chl_opt={}</script></body></html>",
    ),
    "a blocked address": ("challenge", page("Why have I been blocked?", "Attention Required! | Cloudflare")),
    "a bare widget": ("challenge", '<html><body><div class="cf-turnstile" data-sitekey="x"></div></body></html>'),
    "a check in words": ("challenge", "<html><body>Checking your browser before accessing the site</body></html>"),
    "a login form": ("login", page('<form><input type="password" name="password"></form>', "登入 - iT 邦幫忙")),
    "a login form elsewhere": ("login", page("<form action='https://member.ithome.com.tw/login'>帳號</form>")),
    "a login wall": ("login", page("<h3>請先登入，才能看這一頁</h3>")),
    "a missing article": ("not_found", page("<h2>找不到這篇文章</h2>")),
    "an article not yet public": ("not_found", page("可能尚未公開或網址有誤", own_url=ARTICLE.url)),
    "a deleted article": ("not_found", page("<p>此文章已被作者刪除</p>")),
    "a 404 by its title": ("not_found", page(LONG, "404 Not Found")),
    "a bare 404": ("not_found", "<h1>Not Found</h1><p>The requested URL was not found on this server.</p>"),
    "maintenance": ("maintenance", page("<h1>系統維護中，請稍後再試</h1>")),
    "maintenance in English": ("maintenance", "<html><title>503 Service Unavailable</title><body>x</body></html>"),
}


@pytest.mark.parametrize("what", NOT_PAGES)
def test_what_stands_in_place_of_an_article_is_named(what: str) -> None:
    name, body = NOT_PAGES[what]

    assert looks_like(body) == name


ORDINARY = {
    "an article about all of it": markup(RICH).replace(
        "慢慢來", "404 找不到 系統維護中 請先登入 Just a moment... 慢慢來"
    ),
    "an article named for a 404": markup(RICH).replace("[Day", "404 Not Found：找不到頁面 [Day"),
    "an article cut before its body": page("")[:120] + "<title>404 找不到網頁怎麼辦 - iT 邦幫忙</title>",
    "a list of articles": page(LONG + '<a href="/articles/1">x</a>', "技術文章"),
    "a redesigned article": page(LONG, "404 Not Found 的處理", ARTICLE.url),
    "an empty page of the site": page(""),
}


@pytest.mark.parametrize("what", ORDINARY)
def test_a_page_that_only_talks_of_it_is_not_mistaken(what: str) -> None:
    assert looks_like(ORDINARY[what]) is None


@pytest.mark.parametrize(
    "words",
    ["404", "找不到", "系統維護中", "請先登入", '<form action="/login"><input type="password"></form>', SCRIPTS],
)
def test_an_index_that_links_to_articles_is_an_index_whatever_it_says(words: str) -> None:
    body = f'<html><body>{words}<a href="https://ithelp.ithome.com.tw/articles/1">1</a></body></html>'

    assert looks_like(body, INDEX) is None


@pytest.mark.parametrize(
    ("content_type", "body", "is_html"),
    [
        ("text/html", "<p>x", True),
        ("text/html; charset=utf-8", "\n\n<!-- x -->\n<!DOCTYPE html><p>x", True),
        ("application/xhtml+xml", "<?xml version='1.0'?><html/>", True),
        (None, "<html></html>", True),
        ("", "<html></html>", True),
        ("application/json", '{"html": "<p>x</p>"}', False),
        ("application/json", "<html></html>", False),
        ("text/plain", "<html></html>", False),
        ("application/pdf", "%PDF-1.7 <p>", False),
        ("image/png", "\x89PNG <p>", False),
        ("text/html", "plain words", False),
        ("text/html", "", False),
    ],
)
def test_html_is_what_is_called_so_and_looks_so(content_type: str | None, body: str, is_html: bool) -> None:
    assert read(ARTICLE, body.encode("latin-1"), content_type).facts.is_html is is_html


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (b"\x89PNG\r\n\x1a\n0000", True), (b"\xff\xd8\xff\xe0", True), (b"GIF89a..", True), (b"RIFF0000WEBPVP8 ", True),
        (b"0000ftypavif", True), (b"BM0000", True), (b"\x00\x00\x01\x00", True),
        (b'<?xml version="1.0"?>\n<svg/>', True),
        (b"<svg xmlns='x'>", True), (b"<html><svg></html>", False), (b"", False), (b"not an image", False),
        (b"<!DOCTYPE html><p>404", False),
    ],
)  # fmt: skip
def test_an_image_is_known_by_its_first_bytes(body: bytes, known: bool) -> None:
    image = Address("https://ithelp.ithome.com.tw/upload/images/20260101/a.png", Kind.IMAGE)

    assert read(image, body, "image/png").facts.has_content is known


def test_a_challenge_in_place_of_a_file_is_named_too() -> None:
    robots = Address("https://ithelp.ithome.com.tw/robots.txt", Kind.ROBOTS)
    found = read(robots, NOT_PAGES["a managed challenge"][1].encode(), "text/html").facts

    assert (found.looks_like, found.is_html, found.has_content) == ("challenge", True, False)
    assert read(robots, b"User-agent: *\nDisallow: /search\n", "text/plain").facts.has_content


@pytest.mark.parametrize("blank", [" \n&nbsp;<br>", "<script>var x</script>", "<textarea>x</textarea>", "<!-- x -->"])
def test_a_body_that_shows_nothing_is_no_content(blank: str) -> None:
    body = f'<div class="qa-markdown"><div class="markdown__style">{blank}</div></div>'
    found = read(ARTICLE, page(body).encode(), "text/html")

    assert not found.facts.has_content
    assert [(problem.field, problem.name) for problem in found.problems] == [("body", "not_found")]


def test_a_comments_body_is_not_taken_for_the_articles() -> None:
    only_a_comment = (
        '<div class="qa-panel response"><div class="qa-markdown"><div class="markdown__style">x</div></div></div>'
    )

    assert not read(ARTICLE, page(only_a_comment).encode(), "text/html").facts.has_content


# ─── comments, whose markup is known from hearsay only ──────────────────────────────────────────

REPLIES = {
    "words first, then who and when": (
        '<div class="comment"><div class="comment__previous"><div class="comment__body"><div class="comment__content">'
        '<a href="/users/9/profile">@某人</a> 一</div><div class="comment__info"><a class="comment__person" '
        'href="/users/2/profile">乙</a><a class="comment__time" title="2026-01-03 03:04:05">x</a></div></div></div>'
        '<div class="comment__body"><div class="comment__content">二</div><div class="comment__info">'
        '<a class="comment__person" href="/users/3">丙</a><a class="comment__time" title="2026-01-04 03:04:05">x</a>'
        "</div></div></div>"
    ),
    "who and when outside of the body": (
        '<div class="comment"><ul><li id="comment-7"><div><a href="/users/2/profile">乙</a><span class="comment__time" '
        'title="2026-01-03 03:04:05">x</span></div><div class="comment__body"><div class="comment__content">'
        '<div class="markdown__style">@某人 一</div></div></div></li><li id="comment-8"><div><a href="/users/3">丙</a>'
        '<span class="comment__time" title="2026-01-04 03:04:05">x</span></div><div class="comment__body">'
        '<div class="comment__content">二</div></div></li></ul></div>'
    ),
}


@pytest.mark.parametrize("replies", REPLIES.values(), ids=REPLIES.keys())
def test_replies_are_read_whichever_way_they_are_built(replies: str) -> None:
    response = (
        '<div class="qa-panel response"><a name="response-55"></a><div class="ans-header">'
        '<a class="response-header__person" href="/users/1/profile">甲</a>'
        '<a class="ans-header__time" title="2026-01-02 03:04:05">x</a></div>'
        f'<div class="response-markdown"><div class="markdown__style">主</div></div>{replies}</div><div id="reply">'
    )
    bare = markup(RICH)[: markup(RICH).index('<div class="qa-panel response')]
    found = read_as(RICH, bare + response + "</div></div><footer></footer></body></html>").page

    assert isinstance(found, ArticlePage)
    comments = found.comments
    assert [(one.author.id, one.author.name, one.reply_to, one.body.text) for one in comments] == [
        (1, "甲", None, "主"), (2, "乙", 1, "@某人 一"), (3, "丙", 1, "二"),
    ]  # fmt: skip
    assert all(one.published_at is not None for one in comments)


@pytest.mark.parametrize("replies", REPLIES.values(), ids=REPLIES.keys())
def test_replies_to_a_comment_without_words_are_read_and_never_taken_for_it(replies: str) -> None:
    response = f'<div class="qa-panel response"><a name="response-55"></a>{replies}</div><div id="reply">'
    bare = markup(RICH)[: markup(RICH).index('<div class="qa-panel response')]
    found = read_as(RICH, bare + response + "</div></div><footer></footer></body></html>")

    assert isinstance(found.page, ArticlePage)
    assert [(one.author.id, one.reply_to, one.body.text) for one in found.page.comments] == [
        (2, None, "@某人 一"), (3, None, "二"),
    ]  # fmt: skip
    assert [problem for problem in found.problems if problem.field.startswith("comment_")] == []


# ─── indexes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("heading", "group"),
    [
        ("<h3>2. Project!</h3>", "2. Project!"),
        ('<h3 id="x"><a class="not-prose" href="#x">2. Project!</a></h3>', "2. Project!"),
        ('<h3>2. Project! <a href="#x" aria-hidden="true">#</a></h3>', "2. Project!"),
        ('<h3><a href="#x">¶</a>2. Project!</h3>', "2. Project!"),
        ("<h2>用 C#</h2>", "用 C#"),
        ("<h2>文章索引</h2><h3></h3>", "文章索引"),
        ("", None),
    ],
)
def test_the_group_of_a_link_is_the_heading_above(heading: str, group: str | None) -> None:
    body = (
        f'<html><body>{heading}<ul><li><a href="https://ithelp.ithome.com.tw/articles/1">x</a></li></ul></body></html>'
    )
    found = read(INDEX, body.encode(), "text/html").page

    assert isinstance(found, IndexPage)
    assert [link.group for link in found.links] == [group]


def test_a_link_that_is_a_heading_belongs_to_the_heading_over_it() -> None:
    link = '<h3><a href="https://ithelp.ithome.com.tw/articles/{}">{}</a></h3><p>x</p>'
    body = f"<html><body><h2>全部</h2>{link.format(1, '一')}{link.format(2, '二')}</body></html>"
    found = read(INDEX, body.encode(), "text/html").page

    assert isinstance(found, IndexPage)
    assert [(link.text, link.group) for link in found.links] == [("一", "全部"), ("二", "全部")]


def test_only_articles_and_series_are_links_and_other_pages_of_the_site_are_told() -> None:
    paths = [
        "articles/1",
        "users/2/ironman/3",
        "rss/series/3",
        "questions/4",
        "users/login",
        "upload/images/20260101/a.png",
    ]
    links = "".join(f'<a href="https://ithelp.ithome.com.tw/{path}"><img alt="圖 {path}"></a>' for path in paths)
    found = read(
        INDEX, f'<html><body>{links}<a href="https://example.com">x</a></body></html>'.encode(), "text/html"
    ).page

    assert isinstance(found, IndexPage)
    assert [link.text for link in found.links] == ["圖 articles/1", "圖 users/2/ironman/3"]
    assert len(found.refused) == 4
