"""The stand-in's world and pages: every wart of the site, as a plain client sees it (docs/site.md §18)."""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from faithful import faithful_site
from standin_client import BLOG, CDN, SITE, Outline, ask, connect, send

from archiver.standin import StandIn
from archiver.standin.world import TAIPEI

SERIES = f"{SITE}/users/20141304/ironman/5943"
FEED = f"{SITE}/rss/series/5943"
DAY_5 = f"{SITE}/articles/10323209"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
IDS_OF_LINK = re.compile(r'href="\s*https://ithelp\.ithome\.com\.tw/articles/(\d+)\s*"')


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(faithful_site(), clock=lambda: NOW) as running:
        yield running


def without_what_varies(html: str) -> str:
    """A page without what differs from request to request: token, ray, time, views, sidebar."""
    html = re.sub(r'<div class="rightside">.*?(?=<footer)', "", html, flags=re.DOTALL)
    html = re.sub(r"(?<=value=\")\w{40}|(?<=X-CSRF-TOKEN', ')\w{40}", "", html)
    html = re.sub(r"r:'[0-9a-f]{16}',t:'[^']*'", "", html)
    return re.sub(r"\d+ 瀏覽", "", html)


# ─── the world ──────────────────────────────────────────────────────────────────────────────────


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    again = faithful_site.__wrapped__(5943)
    assert again == faithful_site()
    assert faithful_site.__wrapped__(1).articles[10323209].html != again.articles[10323209].html


def test_series_5943_has_thirty_parts_in_order_of_time_and_of_very_different_length() -> None:
    parts = faithful_site().parts(5943)
    assert [part.position for part in parts] == list(range(1, 31))
    assert [part.published for part in parts] == sorted(part.published for part in parts)
    assert parts[0].published.astimezone(TAIPEI).date().isoformat() == "2023-09-16"
    sizes = [len(part.html.encode()) for part in parts]
    assert min(sizes) > 8_000
    assert 50_000 < max(sizes) < 80_000


def test_no_two_articles_share_an_id_and_every_series_of_the_story_exists() -> None:
    site = faithful_site()
    listed = [number for series in site.series.values() for number in series.part_ids]
    assert len(listed) == len(set(listed)) == len(site.articles) - 1, "one article is in no series"
    assert {5943, 4111, 4015} <= set(site.series)
    assert 10274317 in site.series[4015].part_ids


def test_bodies_hold_what_archives_like_to_lose() -> None:
    everything = "".join(part.html for part in faithful_site().parts(5943))
    wanted = (
        'class="language-rust"', 'class="language-mermaid"', "<pre><code>error", "Result&lt;T, E&gt;", "&amp;&amp;",
        "```", "\t", "   \n", "\n\n\n", "C:\\", "→", "├──", "🦀", "<th align=", "<code>a | b</code>", "<li>\n<code>",
        "<li>\n<p>", "<blockquote>", "i.imgur.com", "chart.googleapis.com/chart?cht=tx&amp;chl=", "?sc=iThelpR",
        "/m/articles/", "http://ithelp.ithome.com.tw/articles/", "./article.md", "<br>", "[^1]", "<hr />", " <br/>\n",
    )  # fmt: skip
    assert [text for text in wanted if text not in everything] == []
    assert max(len(line) for line in everything.splitlines() if line.startswith("<pre")) > 800, "one very long line"


# ─── article pages ──────────────────────────────────────────────────────────────────────────────


def test_what_the_site_varies_differs_and_the_rest_does_not(standin: StandIn) -> None:
    first, second = ask(standin, DAY_5).text, ask(standin, DAY_5).text
    tokens = re.findall(r'name="_token" value="(\w{40})"', first + second)
    assert len(set(tokens)) == 2
    assert len(set(re.findall(r"r:'([0-9a-f]{16})'", first + second))) == 2
    assert first[first.index('"rightside"') :] != second[second.index('"rightside"') :]
    assert without_what_varies(first) == without_what_varies(second)


def test_two_servers_of_one_seed_serve_the_same_page() -> None:
    with StandIn(faithful_site()) as one, StandIn(faithful_site()) as other:
        ask(other, "/")
        assert without_what_varies(ask(one, DAY_5).text) == without_what_varies(ask(other, DAY_5).text)


def test_a_visit_adds_one_view_also_in_the_commented_duplicate(standin: StandIn) -> None:
    counts = [re.findall(r'ir-article-info__view">(\d+) 瀏覽', ask(standin, DAY_5).text) for _ in range(2)]
    assert [len(set(shown)) for shown in counts] == [1, 1]
    assert len(counts[0]) == 2, "one of them inside a comment"
    assert int(counts[1][0]) == int(counts[0][0]) + 1


def test_an_article_shows_its_place_in_the_series(standin: StandIn) -> None:
    page = Outline(ask(standin, "/articles/10332816").text)
    assert page.text("span.ir-article__topic-count") == "18"
    assert page.text("span.ir-article__days-num") == "17", "the badge stays behind the position"
    assert page.text("a.group__badge.group__badge--ai-and-data") == "AI & Data"
    assert page.text("p.ir-article-icon-15th__text") == "2023 iThome 鐵人賽"
    assert page.texts["div.article-series-catalog__list-num"] == ["26", "27", "28", "29", "30"]
    assert page.texts["div.article-series-page__text"] == ["上一篇", "下一篇"]
    assert any("ir-article-info__view" in comment for comment in page.comments)


@pytest.mark.parametrize(("number", "labels"), [(10319216, ["下一篇"]), (10339999, ["上一篇"])])
def test_the_first_and_the_last_part_lack_a_neighbour(standin: StandIn, number: int, labels: list[str]) -> None:
    page = Outline(ask(standin, f"/articles/{number}").text)
    assert page.texts["div.article-series-page__text"] == labels
    assert sum(chain.endswith(".article-series-page__wrapper.text-right") for chain in page.chains) == 1


def test_a_badge_may_be_blank_and_a_title_without_its_day(standin: StandIn) -> None:
    blank = Outline(ask(standin, "/articles/10329279").text)
    assert "span.ir-article__days-num" not in blank.texts
    assert any(chain.endswith("span.ir-article__days-num") for chain in blank.chains)
    assert "Day" not in Outline(ask(standin, "/articles/10334331").text).text("h2.qa-header__title.ir-article__title")


def test_comments_and_replies_stand_after_the_body_in_the_same_classes(standin: StandIn) -> None:
    article = faithful_site().articles[10324999]
    html = ask(standin, "/articles/10324999").text
    names = re.findall(r'<a name="response-(\d+)">', html)
    assert names == [str(comment.id) for comment in article.comments]
    assert html.count('class="markdown__style"') == 1 + article.comment_count + 1, (
        "the body, them, and a decoy in a script"
    )
    assert "comment__previous" in html
    assert f">{len(article.comments)} 則留言<" in html
    assert f"留言{article.comment_count} " in html
    assert html.index('class="qa-markdown"') < html.index("response-markdown")


def test_a_part_without_comments_says_so(standin: StandIn) -> None:
    quiet = next(part for part in faithful_site().parts(5943) if not part.comments)
    assert "尚未有邦友留言" in ask(standin, f"/articles/{quiet.id}").text


def test_a_team_is_shown_where_there_is_one(standin: StandIn) -> None:
    assert "ir-article-info__team" not in ask(standin, DAY_5).text
    page = ask(standin, "/articles/10400512").text
    assert '<span class="team-badge">團隊</span>準時下班聯盟' in page
    assert 'class="ir-article-icon-18th clearfix"' in page


def test_an_ordinary_article_has_nothing_of_the_contest(standin: StandIn) -> None:
    page = ask(standin, "/articles/10300077").text
    assert not re.search(r'class="(?:ir-article|article-series|group__badge)', page)
    assert 'class="title-badge title-badge--tech"' in page
    assert Outline(page).text("h2.qa-header__title").startswith("[心得]")


@pytest.mark.parametrize(
    "path", ["/articles/10323209?sc=rss.iron", "/articles/10323209?sc=iThelpR", "/m/articles/10323209"]
)
def test_every_spelling_gives_the_article_and_names_the_canonical_url(standin: StandIn, path: str) -> None:
    page = ask(standin, path).text
    assert f'<meta property="og:url" content="{DAY_5}" />' in page
    assert faithful_site().articles[10323209].html in page


def test_vue_templates_and_a_description_cut_like_the_sites_are_there(standin: StandIn) -> None:
    page = ask(standin, DAY_5).text
    assert "{{ item.subject }}" in page
    description = re.search(r'og:description"\s+content="([^"]*)"', page)
    assert description is not None
    assert description[1].endswith("...")
    assert "canonical" not in page


# ─── series pages ───────────────────────────────────────────────────────────────────────────────


def test_a_series_is_listed_ten_a_page_oldest_first_with_line_breaks_in_its_links(standin: StandIn) -> None:
    pages = [ask(standin, f"{SERIES}{query}").text for query in ("", "?page=2", "?page=3")]
    found = [re.findall(r'href="\n\s+https://ithelp\.ithome\.com\.tw/articles/(\d+)\n\s+"', page) for page in pages]
    assert [len(one) for one in found] == [10, 10, 10]
    assert [int(number) for one in found for number in one] == list(faithful_site().series[5943].part_ids)
    assert 'rel="next">下一頁' in pages[0]
    assert '<li class="disabled"><span>上一頁</span></li>' in pages[0]
    assert '<li class="disabled"><span>下一頁</span></li>' in pages[2]


def test_beyond_the_end_of_a_series_and_in_an_empty_one_stands_nothing_yet_with_status_200(standin: StandIn) -> None:
    for url in (f"{SERIES}?page=4", "/users/20161717/ironman/6044"):
        got = ask(standin, url)
        assert (got.status, "還沒有任何文章哦" in got.text) == (200, True)
        assert not IDS_OF_LINK.findall(got.text.split('"rightside', 1)[0])


def test_a_finished_series_says_so_and_a_running_one_counts_its_days(standin: StandIn) -> None:
    done, running = ask(standin, SERIES).text, ask(standin, "/users/20155512/ironman/5990").text
    assert "ir-profile-series--done" in done
    assert "鐵人鍊成" in done
    assert "ir-profile-series--done" not in running
    assert "參賽天數 12 天" in running
    assert "共 12 篇文章" in running


def test_descriptions_of_a_series_page_are_escaped_twice(standin: StandIn) -> None:
    pages = "".join(ask(standin, f"{SERIES}?page={number}").text for number in (1, 2, 3))
    described = "".join(re.findall(r'<p class="qa-list__desc">(.*?)</p>', pages, flags=re.DOTALL))
    assert "&amp;quot;" in described
    assert re.search("&(?!amp;)", described) is None
    assert "..." in described


def test_a_series_under_the_wrong_user_does_not_exist(standin: StandIn) -> None:
    assert ask(standin, "/users/20121130/ironman/5943").status == 404


# ─── feed ───────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_is_newest_first_with_its_own_kind_of_dates_and_links(standin: StandIn) -> None:
    got = ask(standin, FEED)
    items = ET.fromstring(got.text).findall("./channel/item")
    assert [item.findtext("link") for item in items] == [
        f"{SITE}/articles/{number}?sc=rss.iron" for number in reversed(faithful_site().series[5943].part_ids)
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", item.findtext("pubDate") or "") for item in items)
    assert {item.findtext("{http://purl.org/dc/elements/1.1/}creator") for item in items} == {"chihying"}
    assert '<dc:creator xmlns:dc="' in got.text


def test_a_feed_drops_punctuation_in_titles_and_bodies_and_nowhere_else(standin: StandIn) -> None:
    text = ask(standin, FEED).text
    root = ET.fromstring(text)
    channel, items = root.findtext("./channel/description") or "", text[text.index("<item>") :]
    assert re.search("[\u2010-\u303f]", items) is None
    assert "。" in channel
    last = root.find("./channel/item/title")
    assert last is not None
    assert last.text == "[Day 30] 完賽三十天的總整理索引與感謝名單 🎉"
    assert "，" in items, "full-width forms stay"


def test_a_feed_is_always_built_now(standin: StandIn) -> None:
    assert "<lastBuildDate>Mon, 23 Nov 2026 20:00:00 +0800</lastBuildDate>" in ask(standin, FEED).text


# ─── index pages ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("path", "language"), [("/en/posts/ironman-2023/", "en"), ("/posts/ironman-2023/", "zh-TW")])
def test_an_index_links_28_of_30_parts_in_four_groups(standin: StandIn, path: str, language: str) -> None:
    page = ask(standin, BLOG + path).text
    ids = faithful_site().series[5943].part_ids
    assert [int(number) for number in IDS_OF_LINK.findall(page)] == list(ids[1:29])
    groups = re.findall(r'<h3 id="[^"]*"><a class="not-prose" href="[^"]*">([^<]*)</a></h3>', page)
    assert groups == ["1. From Python to Rust", "2. Project!", "3. Keep on Rusting", "4. Rust + MLOps"]
    assert f'<html lang="{language}"' in page
    assert ("AI-translated" in page) == (language == "en")
    assert "books.com.tw" in page


def test_the_2021_index_holds_29_parts_and_a_strangers_series_and_article(standin: StandIn) -> None:
    page = ask(standin, f"{BLOG}/en/posts/ironman-2021/").text
    own = faithful_site().series[4111].part_ids
    assert [int(number) for number in IDS_OF_LINK.findall(page)] == [10274317, *own[:29]]
    assert f'href="{SITE}/users/20121130/ironman/4015"' in page
    stranger = ask(standin, "/articles/10274317").text
    assert 'href="https://ithelp.ithome.com.tw/users/20121130/ironman/4015"' in stranger
    assert Outline(stranger).text("h2.qa-header__title.ir-article__title").startswith("Day 30: ")


def test_the_blog_has_validators_and_the_site_has_none(standin: StandIn) -> None:
    first = ask(standin, f"{BLOG}/posts/ironman-2023/")
    again = ask(standin, f"{BLOG}/posts/ironman-2023/", If_None_Match=first.headers["ETag"])
    assert (again.status, again.raw) == (304, b"")
    assert ask(standin, DAY_5).headers["ETag"] is None


# ─── images and other hosts ─────────────────────────────────────────────────────────────────────


def images() -> list[str]:
    """The paths of all uploaded images that bodies show."""
    bodies = "".join(article.html for article in faithful_site().articles.values())
    return sorted(set(re.findall(r"/upload/images/[0-9]{8}/\w+\.\w+", bodies)))


def test_an_image_is_a_redirect_to_the_cdn_which_serves_real_bytes(standin: StandIn) -> None:
    paths = images()
    for ending, start, end in ((".png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"), (".jpg", b"\xff\xd8", b"\xff\xd9")):
        path = next(path for path in paths if path.endswith(ending))
        hop = ask(standin, path)
        assert (hop.status, hop.headers["Location"]) == (302, CDN + path)
        got = ask(standin, CDN + path)
        assert got.body.startswith(start)
        assert got.body.endswith(end)
        assert got.headers["Content-Type"] == ("image/png" if ending == ".png" else "image/jpeg")


def test_a_png_of_the_cdn_unpacks_to_its_pixels(standin: StandIn) -> None:
    path = next(path for path in images() if path.endswith(".png"))
    data = ask(standin, CDN + path).body
    start = data.index(b"IDAT") + 4
    pixels = zlib.decompress(data[start : start + int.from_bytes(data[start - 8 : start - 4], "big")])
    assert len(pixels) == 48 * (1 + 48 * 3)


def test_the_cdn_refuses_what_it_does_not_have_as_s3_does(standin: StandIn) -> None:
    assert [ask(standin, CDN + path).status for path in ("/robots.txt", "/upload/images/20230101/1abcdefghij.png")] == [
        403,
        403,
    ]


def test_private_urls_lead_to_the_login_and_a_get_that_creates_is_counted() -> None:
    with StandIn(faithful_site()) as standin:
        got = ask(standin, "/articles/10323209/draft")
        assert (got.status, (got.headers["Location"] or "")[:36]) == (302, "https://member.ithome.com.tw/login?r")
        assert standin.drafts_created == 0
        assert ask(standin, "/2023ironman/create/5943").status == 302
        assert standin.drafts_created == 1
        assert 'type="password"' in ask(standin, "https://member.ithome.com.tw/login").text


def test_an_agent_that_is_no_mozilla_meets_the_challenge_on_ithome_and_nowhere_else(standin: StandIn) -> None:
    got = ask(standin, DAY_5, User_Agent="python-httpx/0.28")
    assert (got.status, len(got.body) < 8_000) == (403, True)
    assert "<title>Just a moment...</title>" in got.text
    assert ask(standin, f"{BLOG}/posts/ironman-2023/", User_Agent="curl/8").status == 200


def test_robots_files_are_served(standin: StandIn) -> None:
    got = ask(standin, "/robots.txt")
    assert got.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert "Disallow: /search" in got.text
    assert "Sitemap:" in ask(standin, f"{BLOG}/robots.txt").text


@pytest.mark.parametrize(
    ("url", "status"),
    [("/articles/10999998", 404), ("/nothing", 404), ("/", 200), ("/users/20141304/ironman", 200),
     ("https://www.ithelp.ithome.com.tw/articles/10323209", 301), ("https://i.imgur.com/a.png", 302),
     ("https://i.imgur.com/removed.png", 200), ("https://chart.googleapis.com/chart?cht=tx", 404),
     ("https://elsewhere.example/a.png", 421)],
)  # fmt: skip
def test_other_addresses_answer_as_they_should(standin: StandIn, url: str, status: int) -> None:
    assert ask(standin, url).status == status


# ─── HTTP ───────────────────────────────────────────────────────────────────────────────────────


def test_gzip_is_used_when_asked_for_and_lengths_are_true(standin: StandIn) -> None:
    packed, plain = ask(standin, DAY_5, Accept_Encoding="gzip"), ask(standin, DAY_5)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.raw) < len(plain.raw) / 2
    assert int(packed.headers["Content-Length"] or 0) == len(packed.raw)
    assert int(plain.headers["Content-Length"] or 0) == len(plain.raw)
    assert without_what_varies(packed.text) == without_what_varies(plain.text)


def test_cookies_are_set_as_laravel_and_cloudflare_do(standin: StandIn) -> None:
    names = [cookie.partition("=")[0] for cookie in ask(standin, DAY_5).headers.get_all("Set-Cookie") or []]
    assert names == ["XSRF-TOKEN", "laravel_session", "__cf_bm"]


def test_only_get_and_head_are_answered(standin: StandIn) -> None:
    assert ask(standin, DAY_5, "HEAD").raw == b""
    assert ask(standin, DAY_5, "POST").status == 405


def test_the_log_tells_every_request_with_its_connection_and_times() -> None:
    with StandIn(faithful_site()) as standin:
        connection = connect(standin)
        send(connection, f"{DAY_5}?sc=rss.iron", headers={"Cookie": "a=b"})
        send(connection, FEED)
        connection.close()
        ask(standin, f"{BLOG}/robots.txt", User_Agent="other")
        first, second, third = standin.log
        assert (first.host, first.target, first.status) == (
            "ithelp.ithome.com.tw",
            "/articles/10323209?sc=rss.iron",
            200,
        )
        assert (first.headers["cookie"], third.headers["user-agent"]) == ("a=b", "other")
        assert third.url == f"{BLOG}/robots.txt"
        assert first.connection == second.connection != third.connection
        times = [time for entry in standin.log for time in (entry.started, entry.ended)]
        assert None not in times
        assert times == sorted(time for time in times if time is not None)
        assert standin.max_concurrent == 1


def test_connect_to_maps_every_origin_that_is_played(standin: StandIn) -> None:
    assert set(standin.connect_to) == {
        SITE, BLOG, CDN, "https://member.ithome.com.tw", "https://i.imgur.com", "https://chart.googleapis.com",
    }  # fmt: skip
    assert set(standin.connect_to.values()) == {standin.url}


def test_nothing_is_left_running_even_when_a_client_holds_its_connection() -> None:
    before = set(threading.enumerate())
    with StandIn(faithful_site()) as standin:
        connection = connect(standin)
        send(connection, DAY_5)
    assert set(threading.enumerate()) <= before  # one of an earlier test may have ended meanwhile
    with pytest.raises(OSError, match=r".*"):
        send(connect(standin), DAY_5)
    connection.close()


def test_the_clock_is_the_one_that_was_given() -> None:
    with StandIn(faithful_site(), clock=lambda: NOW) as standin:
        assert ask(standin, "/robots.txt").headers["Date"] == "Mon, 23 Nov 2026 12:00:00 GMT"
