"""The URL grammar of iThome: every shape of docs/site.md §3, every refusal, and what holds for any text at all."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import ithome, urls
from archiver.model import Address, Kind, Refusal, Refused

SITE = "https://ithelp.ithome.com.tw"
ARTICLE = f"{SITE}/articles/10319293"
SERIES = f"{SITE}/users/20141304/ironman/5943"
FEED = f"{SITE}/rss/series/5943"
PICTURE = "/upload/images/20230916/20141304p2BKnRCiQm.png"
CDN = "https://d1dwq032kyr03c.cloudfront.net"


@pytest.mark.parametrize(
    "raw",
    [
        ARTICLE,
        f"{ARTICLE}?sc=rss.iron",
        f"{ARTICLE}?sc=rss.qu",
        f"{ARTICLE}?sc=iThelpR",
        f"{ARTICLE}#reply",
        f"{ARTICLE}#response-345678",
        f"{ARTICLE}?sc=rss.iron#response-345678",
        f"{ARTICLE}/",
        f"{ARTICLE}//",
        f"{SITE}//articles//10319293",
        f"{SITE}/m/articles/10319293",
        "http://ithelp.ithome.com.tw/articles/10319293",
        "https://www.ithelp.ithome.com.tw/articles/10319293",
        "HTTPS://ITHELP.iThome.COM.TW/articles/10319293",
        "https://ithelp.ithome.com.tw./articles/10319293",
        "https://ithelp.ithome.com.tw:443/articles/10319293",
        "http://ithelp.ithome.com.tw:80/articles/10319293",
        f"\n                    {ARTICLE}\n                 ",
        f"\u3000{ARTICLE}\t",
        f"\ufeff\u00a0{ARTICLE}\u200b",
        "https://ithelp.ithome.com.tw/arti\ncles/103\t19293",
        f"{SITE}/articles/%31%30319293",
        f"{SITE}/%61rticles/10319293",
    ],
)
def test_every_spelling_of_an_article_is_one_page(raw: str) -> None:
    assert ithome.classify(raw) == Address(ARTICLE, Kind.ARTICLE, article_id=10319293)


@pytest.mark.parametrize(
    ("raw", "expected", "page"),
    [
        (SERIES, SERIES, 1),
        (f"{SERIES}?page=1", SERIES, 1),
        (f"{SERIES}?page=3", f"{SERIES}?page=3", 3),
        (f"{SERIES}/?page=2&sc=iThelpR", f"{SERIES}?page=2", 2),
        (f"{SERIES}?sc=iThelpR&page=%32", f"{SERIES}?page=2", 2),
        (f"{SERIES}?page=0", SERIES, 1),
        (f"{SERIES}?page=-2", SERIES, 1),
        (f"{SERIES}?page=two", SERIES, 1),
        (f"{SERIES}?page=٢", SERIES, 1),
        (f"{SERIES}?page=99999", f"{SERIES}?page=10000", 10_000),
        (f"{SERIES}?page=999999999999", SERIES, 1),
        (f"{SERIES}?" + "&".join(["page=2"] * 500), SERIES, 1),
        (f"{SITE}/m/users/20141304/ironman/5943?page=2#ir-list", f"{SERIES}?page=2", 2),
    ],
)
def test_a_series_page_keeps_its_number_and_nothing_else(raw: str, expected: str, page: int) -> None:
    assert ithome.classify(raw) == Address(expected, Kind.SERIES, series_id=5943, user_id=20141304, page_number=page)


NAMELESS = f"{SITE}/ironman/articles/5943"


@pytest.mark.parametrize(
    ("raw", "page"),
    [
        (NAMELESS, 1),
        (f"{SITE}/2020-12th-ironman/articles/5943", 1),
        (f"{SITE}/2020ironman/articles/5943?page=3", 3),
        ("http://www.ithelp.ithome.com.tw/m/2026ironman//articles/5943/?page=2&sc=x#ir-list", 2),
        (f"{SITE}/%69ronman/articles/59%343", 1),
    ],
)
def test_a_series_under_any_contest_is_one_page_that_names_no_author(raw: str, page: int) -> None:
    expected = f"{NAMELESS}?page={page}" if page > 1 else NAMELESS
    assert ithome.classify(raw) == Address(expected, Kind.SERIES, series_id=5943, page_number=page)


def test_the_same_page_of_a_series_has_several_addresses() -> None:
    def at(raw: str) -> Address:
        found = ithome.classify(raw)
        assert isinstance(found, Address)
        return found

    assert ithome.is_same_page(at(SERIES), at(NAMELESS))
    assert ithome.is_same_page(at(f"{SERIES}?page=2"), at(f"{NAMELESS}?page=2"))
    assert not ithome.is_same_page(at(SERIES), at(f"{NAMELESS}?page=2"))
    assert not ithome.is_same_page(at(SERIES), at(f"{SITE}/ironman/articles/5944"))
    assert not ithome.is_same_page(at(SERIES), at(FEED))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f"{FEED}?x=1", Address(FEED, Kind.FEED, series_id=5943)),
        ("http://ithelp.ithome.com.tw/robots.txt", Address(f"{SITE}/robots.txt", Kind.ROBOTS)),
        (f"{SITE}{PICTURE}", Address(f"{SITE}{PICTURE}", Kind.IMAGE)),
        (f"http://ithelp.ithome.com.tw{PICTURE}?v=2#top", Address(f"{SITE}{PICTURE}", Kind.IMAGE)),
        (f"{SITE}/images/emoticon/emoticon07.gif", Address(f"{SITE}/images/emoticon/emoticon07.gif", Kind.IMAGE)),
        (f"{SITE}/storage/image/logo.svg", Address(f"{SITE}/storage/image/logo.svg", Kind.IMAGE)),
        (f"http://d1dwq032kyr03c.cloudfront.net{PICTURE}?x=1", Address(f"{CDN}{PICTURE}", Kind.IMAGE)),
    ],
)
def test_feeds_images_and_robots_have_canonical_addresses(raw: str, expected: Address) -> None:
    assert ithome.classify(raw) == expected


@pytest.mark.parametrize(
    ("raw", "base", "expected"),
    [
        ("/articles/10319293", SITE, ARTICLE),
        ("../10319293?sc=x", f"{SITE}/articles/1/", ARTICLE),
        ("//ithelp.ithome.com.tw/articles/10319293", "http://blog.example/", ARTICLE),
        ("?page=2", SERIES, f"{SERIES}?page=2"),
        ("\n   /articles/10319293\n  ", SERIES, ARTICLE),
    ],
)
def test_a_relative_link_is_read_against_its_page(raw: str, base: str, expected: str) -> None:
    found = ithome.classify(raw, base)
    assert isinstance(found, Address)
    assert found.url == expected


UNSUPPORTED = [
    f"{SITE}/ironman/articles/",
    f"{SITE}/ironman/articles/abc",
    f"{SITE}/ironman/articles/5943/6000",
    f"{SITE}/a/b/ironman/articles/5943",
    f"{SITE}/ironmen/articles/5943",
    f"{SITE}/../ironman/app/articles/5943",
    f"{SITE}/",
    SITE,
    f"{SITE}/articles",
    f"{SITE}/articles?tab=tech",
    f"{SITE}/articles/",
    f"{SITE}/articles/abc",
    f"{SITE}/articles/0",
    f"{SITE}/articles/010319293",
    f"{SITE}/articles/-1",
    f"{SITE}/articles/1e7",
    f"{SITE}/articles/１０３１９２９３",
    f"{SITE}/articles/%D9%A3",
    f"{SITE}/articles/" + "9" * 13,
    f"{SITE}/articles/" + "9" * 6_000,
    f"{SITE}/articles/10319293/comments",
    f"{SITE}/articles/10319293 (new)",
    f"{SITE}/m/m/articles/10319293",
    f"{SITE}/mm/articles/10319293",
    f"{SITE}/Articles/10319293",
    f"{SITE}/questions/10220133",
    f"{SITE}/users/20141304",
    f"{SITE}/users/20141304/profile",
    f"{SITE}/users/20141304/ironman",
    f"{SITE}/users/20141304/ironman/",
    f"{SITE}/users/x/ironman/5943",
    f"{SITE}/users/20141304/points",
    f"{SITE}/users/20141304/collections/articles",
    f"{SITE}/rss/articles",
    f"{SITE}/rss/articles/tech",
    f"{SITE}/rss/question?tag=x",
    f"{SITE}/rss/series/all",
    f"{SITE}/tags/articles/18th%E9%90%B5%E4%BA%BA%E8%B3%BD",
    f"{SITE}/2026ironman",
    f"{SITE}/2026ironman/chatgpt-and-codex?page=2&tab=latest#ir-list",
    f"{SITE}/2026ironman/signup/list?group=web&page=3",
    f"{SITE}/2026ironman/signup/team/419",
    f"{SITE}/2026ironman/event",
    f"{SITE}/2017ironman/web",
    f"{SITE}/2020-12th-ironman/contest",
    f"{SITE}/question/10009999",
    f"{SITE}/ironman6/player/somebody/dev/1",
    f"{SITE}/upload/images/",
    f"{SITE}/upload/images/../../2026ironman",
    f"{SITE}/upload/images/%2e%2e/%2e%2e/users/7",
    f"{SITE}/upload/images/%252e%252e/secret.png",
    f"{SITE}/upload/images/..%2f..%2fquestions/1",
]

DENIED = [
    f"{SITE}/users/login",
    f"{SITE}/users/logout",
    f"{SITE}/logout",
    f"{SITE}/articles/10319293/draft",
    f"{SITE}/articles/10319293/edit",
    f"{SITE}/articles/10319293/publish",
    f"{SITE}/articles/create",
    f"{SITE}/2026ironman/create/5943",
    f"{SITE}/m/2026ironman/create/5943",
    f"{SITE}/m/articles/10319293/draft?x=1#y",
    f"{SITE}/search?search=rust",
    f"{SITE}/api/itplus/sidebar",
    f"{SITE}/cdn-cgi/challenge-platform/scripts/jsd/main.js",
    f"{SITE}/ARTICLES/10319293/Edit",
    f"{SITE}/articles/10319293//edit/",
    f"{SITE}/articles/10319293/%65dit",
    f"{SITE}/articles/10319293/%2565dit",
    f"{SITE}/articles/10319293/" + "%2525252525" + "65dit",
    f"{SITE}/articles/10319293%2Fdraft",
    f"{SITE}/articles/10319293/./edit",
    f"{SITE}/articles/10319293/x/../edit",
    f"{SITE}/articles/10319293/x/%2e%2e/edit",
    f"{SITE}/articles/10319293/..;/edit",
    f"{SITE}/articles/10319293/edit;jsessionid=1",
    f"{SITE}/articles/10319293/edit%00",
    f"{SITE}/articles/10319293/e%09dit",
    f"{SITE}/articles/10319293/edit%20",
    f"{SITE}/articles/10319293/edit%5c",
    f"{SITE}/upload/images/../../users/login",
    "http://www.ithelp.ithome.com.tw:80/users/login",
    "https://ithelp.ithome.com.tw./users/login",
    "https://ITHELP.ITHOME.COM.TW/users/login",
    "https://ithelp.ithome.com.tw:8443/users/login",
    f"\n {SITE}/us\ners/log\tin \n",
]

FOREIGN = [
    "https://xavierforge.dev/posts/ironman-2023/",
    "https://member.ithome.com.tw/avatars/219036?s=ithelp",
    "https://www.ithome.com.tw/news/1",
    "https://ithelp.ithome.com.tw.evil.example/articles/10319293",
    "https://evil-ithelp.ithome.com.tw/articles/10319293",
    "https://m.ithelp.ithome.com.tw/articles/10319293",
    "https://ithelp.ithome.com.tw:8443/articles/10319293",
    "http://ithelp.ithome.com.tw:443/articles/10319293",
    "http://127.0.0.1/articles/10319293",
    "http://[::1]:8000/articles/10319293",
    f"{CDN}/other/x.png",
    f"{CDN}/upload/images/%2e%2e/%2e%2e/x.png",
]

MALFORMED = [
    "",
    "   \n",
    "articles/10319293",
    "/articles/10319293",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@b.example",
    "ftp://ithelp.ithome.com.tw/articles/10319293",
    "file:///etc/passwd",
    "https://",
    "https:///articles/10319293",
    "https://user@ithelp.ithome.com.tw/articles/10319293",
    "https://user:word@ithelp.ithome.com.tw/articles/10319293",
    "https://ithelp.ithome.com.tw@evil.example/articles/10319293",
    "https://evil.example\\@ithelp.ithome.com.tw/articles/10319293",
    "https://ithelp.ithome.com.tw\\articles\\10319293",
    "https://ithelp.ithome.com.tw/articles/10319293\\..\\1",
    "https://ithelp.ithome.com.tw:99999/articles/10319293",
    "https://ithelp.ithome.com.tw:port/articles/10319293",
    "https://ithelp.ithome\x00.com.tw/articles/10319293",
    "https://ithelp.ithome.com.tw/articles/\x1b[31m10319293",
    "https://ithelp.ithome.com.tw:0/articles/10319293",
    "https://ithelp.ithome.com.tw/articles/\ud80010319293",
    "https://it help.ithome.com.tw/articles/10319293",
    "https://%69thelp.ithome.com.tw/articles/10319293",
    "https://a..b/",
    "https://xn--/",
    "https://[::1/articles/1",
    "https://[fe80::1%25eth0]/",
    "https://a℀b.example/",
    "https://" + "a" * 70 + ".example/",
    "https://ithelp.ithome.com.tw/articles/" + "1" * 9_000,
]

REFUSALS = [
    *((raw, Refused.UNSUPPORTED) for raw in UNSUPPORTED),
    *((raw, Refused.DENIED) for raw in DENIED),
    *((raw, Refused.FOREIGN) for raw in FOREIGN),
    *((raw, Refused.MALFORMED) for raw in MALFORMED),
]


@pytest.mark.parametrize(("raw", "why"), REFUSALS)
def test_what_is_no_page_of_ours_is_refused_with_the_reason(raw: str, why: Refused) -> None:
    found = ithome.classify(raw)
    assert isinstance(found, Refusal)
    assert found.why is why


def test_white_space_before_a_fragment_hides_no_denied_page() -> None:
    found = ithome.classify(f"{SITE}/articles/10319293/edit\u3000#comments")
    assert isinstance(found, Refusal)
    assert found.why is Refused.DENIED


@pytest.mark.parametrize("prefix", ["amp", "mobile", "m/m", "zh-tw"])
def test_no_spelling_is_a_page_that_the_page_on_the_site_does_not_name(prefix: str) -> None:
    """A new one goes into docs/site.md §3 and among the cases above, and out of here."""
    assert [ithome.classify(url.replace(SITE, f"{SITE}/{prefix}")) for url in (ARTICLE, SERIES, FEED)] == [
        Refusal(url.replace(SITE, f"{SITE}/{prefix}"), Refused.UNSUPPORTED) for url in (ARTICLE, SERIES, FEED)
    ]


@pytest.mark.parametrize("raw", DENIED)
def test_the_deny_list_stands_alone(raw: str) -> None:
    assert ithome.denied(raw)
    assert isinstance(ithome.source_address(raw), Refusal)


@pytest.mark.parametrize(
    "raw",
    [ARTICLE, SERIES, FEED, f"{SITE}/articles/10319293?next=/edit", "https://blog.example/edit/", f"{SITE}/editors"],
)
def test_the_deny_list_is_no_wider_than_it_must_be(raw: str) -> None:
    assert not ithome.denied(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("HTTPS://XavierForge.DEV/Posts/ironman-2023/?a=1#top", "https://xavierforge.dev/Posts/ironman-2023/?a=1"),
        ("http://blog.example:80", "http://blog.example/"),
        ("https://blog.example:8443/x", "https://blog.example:8443/x"),
        ("https://例子.測試/文", "https://xn--fsqu00a.xn--g6w251d/文"),
        ("http://127.0.0.1:8765/index", "http://127.0.0.1:8765/index"),
        ("http://[::1]:8765/index", "http://[::1]:8765/index"),
    ],
)
def test_any_other_page_a_user_names_is_an_index(raw: str, expected: str) -> None:
    assert ithome.source_address(raw) == Address(expected, Kind.INDEX)


@pytest.mark.parametrize(("raw", "kind"), [(ARTICLE, Kind.ARTICLE), (SERIES, Kind.SERIES), (FEED, Kind.FEED)])
def test_a_source_may_be_a_page_of_ithome(raw: str, kind: Kind) -> None:
    found = ithome.source_address(raw)
    assert isinstance(found, Address)
    assert found.kind is kind


@pytest.mark.parametrize("raw", [f"{SITE}/robots.txt", f"{SITE}{PICTURE}", f"{CDN}{PICTURE}"])
def test_robots_and_images_are_no_sources(raw: str) -> None:
    assert isinstance(ithome.source_address(raw), Refusal)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("./article.md#x", f"{SITE}/articles/article.md#x"),
        ("//cdn.example/a.png", "https://cdn.example/a.png"),
        ("https://EXAMPLE.org:443/A?b=c", "https://example.org/A?b=c"),
        ("  https://example.org/a\n", "https://example.org/a"),
        ("https://example.org/我的 圖.png", "https://example.org/我的%20圖.png"),
        ("#a b", f"{ARTICLE}#a%20b"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:image/png;base64,AA", None),
        ("mailto:a@b.example", None),
        ("https://a@b.example/", None),
        ("http://[::1", None),
    ],
)
def test_a_link_of_a_page_becomes_absolute_or_nothing(href: str, expected: str | None) -> None:
    assert urls.resolve(ARTICLE, href) == expected


def test_builders_give_what_the_grammar_reads() -> None:
    assert ithome.classify(ithome.article_url(7)) == Address(f"{SITE}/articles/7", Kind.ARTICLE, article_id=7)
    assert ithome.series_url(1, 2) == f"{SITE}/users/1/ironman/2"
    assert ithome.series_url(1, 2, 3) == f"{SITE}/users/1/ironman/2?page=3"
    assert ithome.classify(ithome.feed_url(9)) == Address(f"{SITE}/rss/series/9", Kind.FEED, series_id=9)


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        (ARTICLE, SITE, "ithelp.ithome.com.tw"),
        ("HTTP://A.Example:80/x", "http://a.example", "a.example"),
        ("https://a.example:8443/", "https://a.example:8443", "a.example:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000", "[::1]:8000"),
        ("javascript:1", "", ""),
    ],
)
def test_origin_and_host(url: str, origin: str, host: str) -> None:
    assert (urls.origin(url), urls.host(url)) == (origin, host)


# ─── what holds for any text ────────────────────────────────────────────────────────────────────

_PIECES = st.sampled_from(
    "https: http: javascript: // / \\ @ : :443 :80 ? & = # ; . .. %2e %2F %00 % [ ] ithelp.ithome.com.tw www. m "
    "articles users ironman rss series upload images 10319293 5943 page=2 edit draft 測試 \x00 \n \ud800 \u202e".split(
        " "
    )
)
_SHREDS = st.lists(_PIECES | st.text(max_size=3), max_size=14).map("".join)
_ANYTHING = st.text(max_size=60) | _SHREDS | _SHREDS.map(lambda tail: SITE + "/" + tail)


@given(_ANYTHING, st.none() | _ANYTHING)
def test_nothing_raises_and_canonicalising_twice_changes_nothing(raw: str, base: str | None) -> None:
    found = ithome.classify(raw, base)
    if isinstance(found, Address):
        assert ithome.classify(found.url) == found
        assert not ithome.denied(found.url)
    source = ithome.source_address(raw)
    if isinstance(source, Address):
        assert ithome.source_address(source.url) == source


@given(_ANYTHING, _ANYTHING)
def test_small_helpers_never_raise_and_give_only_web_addresses(base: str, href: str) -> None:
    found = urls.resolve(base, href)
    assert found is None or urlsplit(found).scheme in {"http", "https"}
    assert found is None or urls.resolve(base, found) is not None
    assert urls.origin(href) == "" or urls.origin(urls.origin(href)) == urls.origin(href)
    urls.host(href)
    ithome.denied(href)


_ACTING = [
    "/users/login", "/logout", "/articles/10319293/edit", "/articles/10319293/draft", "/articles/10319293/publish",
    "/2026ironman/create/5943", "/api/like", "/search", "/cdn-cgi/trace",
]  # fmt: skip


@st.composite
def _spellings(draw: st.DrawFn) -> str:
    """A URL that some server may read as one that acts."""
    letters = []
    for letter in draw(st.sampled_from(_ACTING)):
        written = draw(st.sampled_from([letter, letter, letter.upper(), f"%{ord(letter):02x}", f"%{ord(letter):02X}"]))
        for _ in range(draw(st.integers(0, 3)) if written.startswith("%") else 0):
            written = quote(written, safe="")
        if letter == "/":
            written += draw(st.sampled_from(["", "", "/", "./", "x/../", "%2e/", "x/%2e%2e/", "\n"]))
        letters.append(written)
    start = draw(st.sampled_from([SITE, "http://www.ithelp.ithome.com.tw", "https://ITHELP.ithome.com.tw.:443"]))
    before = draw(st.sampled_from(["", "", "/m", "/upload/images/..", "/articles/10319293/.."]))
    after = draw(st.sampled_from(["", "/", "?page=2", "#x", ";a=b", "/.", "%20", "%00"]))
    return start + before + "/" + "".join(letters).lstrip("/") + after


@given(_spellings())
def test_no_spelling_of_a_denied_url_is_fetchable(url: str) -> None:
    assert isinstance(ithome.classify(url), Refusal)
    assert isinstance(ithome.source_address(url), Refusal)
    assert ithome.denied(url)
