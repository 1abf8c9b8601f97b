"""Every switch of the stand-in does what it says, to what it is for, as often as it should."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from faithful import faithful_site
from standin_client import BLOG, CDN, SITE, Got, ask

from archiver.standin import Faults, StandIn
from archiver.standin.__main__ import main, switch
from archiver.standin.bad_replies import ROBOTS
from archiver.standin.changes import ADDED

PART, OTHER = 10323209, 10324013
ARTICLE = f"/articles/{PART}"
SERIES = "/users/20141304/ironman/5943"
FEED = "/rss/series/5943"
INDEX = f"{BLOG}/en/posts/ironman-2023/"


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn(faithful_site()) as one:
        yield one


@pytest.fixture
def standin(running: StandIn) -> Iterator[StandIn]:
    yield running
    running.faults.clear()


Switch = Callable[[Faults], None]
JUST_A_MOMENT = "<title>Just a moment...</title>"


@pytest.mark.parametrize(
    ("switch_on", "status", "shown"),
    [
        (lambda faults: faults.refuse(PART), 403, JUST_A_MOMENT),
        (lambda faults: faults.challenge(PART), 200, JUST_A_MOMENT),
        (lambda faults: faults.challenge(PART, status=503), 503, JUST_A_MOMENT),
        (lambda faults: faults.forbid(PART), 403, "403 Forbidden"),
        (lambda faults: faults.login_wall(PART), 200, 'type="password"'),
        (lambda faults: faults.rate_limit(PART), 429, "Too Many Requests"),
        (lambda faults: faults.not_found(PART), 404, "Not Found"),
        (lambda faults: faults.soft_404(PART), 200, "文章不存在"),
        (lambda faults: faults.soft_404(PART, message="此文章已被刪除"), 200, "此文章已被刪除"),
        (lambda faults: faults.removed(PART), 410, "Gone"),
        (lambda faults: faults.removed(PART, status=451), 451, "Legal"),
        (lambda faults: faults.error(PART), 500, "Server Error"),
        (lambda faults: faults.error(PART, status=503), 503, "Service Unavailable"),
        (lambda faults: faults.not_html(PART), 200, "%PDF-1.7"),
        (lambda faults: faults.wrong_article(PART, OTHER), 200, f'content="{SITE}/articles/{OTHER}"'),
        (lambda faults: faults.drift(PART), 200, 'class="post-content"'),
        (lambda faults: faults.delete(PART), 404, "Not Found"),
        (lambda faults: faults.delete(PART, soft=True), 200, "文章不存在"),
    ],
)
def test_a_fault_is_answered_for_its_article_only(standin: StandIn, switch_on: Switch, status: int, shown: str) -> None:
    switch_on(standin.faults)
    for path in (ARTICLE, f"/m{ARTICLE}", f"{ARTICLE}?sc=rss.iron"):
        got = ask(standin, path)
        text = got.body.decode("latin-1") if shown.startswith("%PDF") else got.text
        assert got.status == status
        assert shown in text
        assert faithful_site().articles[PART].html not in text or "post-content" in text
    good = ask(standin, f"/articles/{OTHER}")
    assert (good.status, 'class="markdown__style"' in good.text) == (200, True)
    standin.faults.clear()
    assert faithful_site().articles[PART].html in ask(standin, ARTICLE).text


@pytest.mark.parametrize(
    ("target", "hit", "missed"),
    [
        ("series", [SERIES, f"{SERIES}?page=2"], [ARTICLE, FEED, INDEX, "/robots.txt"]),
        ("feed", [FEED], [SERIES]),
        ("article", [ARTICLE, "/m/articles/10274317"], [SERIES, INDEX]),
        ("index", [INDEX, f"{BLOG}/posts/ironman-2023/"], [ARTICLE, f"{BLOG}/robots.txt"]),
        ("robots", ["/robots.txt", f"{BLOG}/robots.txt"], [ARTICLE]),
        ("image", ["/upload/images/20230916/1.png", f"{CDN}/upload/images/20230916/1.png"], [ARTICLE]),
        ("other", ["/", "/users/20141304/ironman"], [SERIES]),
        ("xavierforge.dev", [INDEX, f"{BLOG}/robots.txt"], [ARTICLE]),
        ("ithelp.ithome.com.tw/users/*", [SERIES], [ARTICLE]),
        ("/users/*page=2", [f"{SERIES}?page=2"], [SERIES, f"{SERIES}?page=3"]),
        ("*", [SERIES, ARTICLE, FEED, INDEX, "/robots.txt", "/"], []),
    ],
)
def test_a_target_means_what_it_says(standin: StandIn, target: str, hit: list[str], missed: list[str]) -> None:
    standin.faults.forbid(target)
    assert [ask(standin, url).status for url in hit] == [403] * len(hit)
    assert 403 not in [ask(standin, url).status for url in missed]


def test_a_word_that_is_no_target_is_told() -> None:
    with pytest.raises(ValueError, match="no target 'serie'"):
        Faults().refuse("serie")


def test_a_fault_ends_after_its_times_and_the_newest_fault_holds(standin: StandIn) -> None:
    standin.faults.forbid(PART)
    standin.faults.not_found(PART, times=2)
    assert [ask(standin, ARTICLE).status for _ in range(4)] == [404, 404, 403, 403]


def test_faults_can_be_given_at_the_start() -> None:
    faults = Faults()
    faults.delete(PART)
    with StandIn(faithful_site(), faults) as standin:
        assert ask(standin, ARTICLE).status == 404


@pytest.mark.parametrize(
    ("after", "header"),
    [
        (None, None),
        (7, "7"),
        (datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC), "Mon, 23 Nov 2026 12:00:30 GMT"),
        ("soon", "soon"),
    ],
)
def test_retry_after_comes_in_every_form(
    standin: StandIn, after: int | datetime | str | None, header: str | None
) -> None:
    standin.faults.rate_limit("series", after)
    standin.faults.error("feed", status=503, retry_after=after)
    assert [ask(standin, url).headers["Retry-After"] for url in (SERIES, FEED)] == [header, header]


def test_a_burst_is_refused_from_the_request_that_is_too_many(standin: StandIn) -> None:
    standin.faults.burst(3, "series", retry_after=5)
    assert [ask(standin, SERIES).status for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask(standin, ARTICLE).status == 200


@pytest.mark.parametrize(
    ("to", "status", "location"),
    [
        ("home", 302, "/"),
        ("login", 302, "https://member.ithome.com.tw/login"),
        (OTHER, 301, f"{SITE}/articles/{OTHER}"),
        ("http://169.254.169.254/latest/", 302, "http://169.254.169.254/latest/"),
        ("javascript:alert(1)", 303, "javascript:alert(1)"),
    ],
)
def test_a_redirect_goes_where_it_is_told(standin: StandIn, to: int | str, status: int, location: str) -> None:
    standin.faults.redirect(PART, to, status=status)
    got = ask(standin, ARTICLE)
    assert (got.status, got.headers["Location"]) == (status, location)


# ─── broken answers ─────────────────────────────────────────────────────────────────────────────


def test_a_truncated_answer_promises_more_than_it_sends(standin: StandIn) -> None:
    standin.faults.truncate(PART, times=1)
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(standin, ARTICLE)
    assert cut.value.expected is not None
    assert abs(len(cut.value.partial) - cut.value.expected) <= 1, "half of it"
    assert ask(standin, ARTICLE).status == 200


def test_a_gzip_stream_can_end_early_with_a_true_length(standin: StandIn) -> None:
    standin.faults.cut_gzip(PART)
    got = ask(standin, ARTICLE, Accept_Encoding="gzip")
    assert int(got.headers["Content-Length"] or 0) == len(got.raw)
    with pytest.raises(EOFError):
        gzip.decompress(got.raw)
    assert zlib.decompressobj(31).decompress(got.raw).startswith(b"<!DOCTYPE html>")


def test_html_can_be_cut_inside_the_body_with_http_in_order(standin: StandIn) -> None:
    standin.faults.cut_html(PART)
    got = ask(standin, ARTICLE)
    body = faithful_site().articles[PART].html
    assert int(got.headers["Content-Length"] or 0) == len(got.raw)
    assert body[:200] in got.text
    assert body[-200:] not in got.text
    assert "</html>" not in got.text


def test_a_reset_is_no_orderly_end(standin: StandIn) -> None:
    standin.faults.reset(PART)
    with pytest.raises(ConnectionResetError):
        ask(standin, ARTICLE)
    assert standin.log[-1].status is None


def test_a_slow_answer_waits_and_a_drip_takes_its_time(standin: StandIn) -> None:
    standin.faults.slow(PART, 0.2)
    standin.faults.drip("/robots.txt", 0.05, piece=30)
    started = time.monotonic()
    assert ask(standin, ARTICLE).status == 200
    between = time.monotonic()
    assert ask(standin, "/robots.txt").text.startswith("User-agent")
    assert between - started >= 0.2
    assert time.monotonic() - between >= 3 * 0.05


def test_closing_does_not_wait_for_a_slow_answer() -> None:
    with StandIn(faithful_site()) as standin:
        standin.faults.slow("*", 60.0)
        connection = http.client.HTTPConnection(standin.url.removeprefix("http://"))
        connection.request("GET", "/", headers={"User-Agent": "Mozilla/5.0"})
        started = time.monotonic()
    assert time.monotonic() - started < 5
    connection.close()


def test_a_page_can_be_too_large_on_the_wire_or_after_unpacking(standin: StandIn) -> None:
    standin.faults.too_large(PART, 3_000_000, times=1)
    plain = ask(standin, ARTICLE, Accept_Encoding="gzip")
    assert (plain.headers["Content-Encoding"], len(plain.raw) > 3_000_000) == (None, True)
    standin.faults.too_large(PART, 3_000_000, packed=True, times=1)
    bomb = ask(standin, ARTICLE, Accept_Encoding="gzip")
    assert len(bomb.raw) < 100_000
    assert len(bomb.body) > 3_000_000


@pytest.mark.parametrize("variant", sorted(ROBOTS.keys() - {"reset"}))
def test_every_variant_of_robots_txt_is_another(standin: StandIn, variant: str) -> None:
    normal = ask(standin, "/robots.txt")
    standin.faults.robots(variant)
    got = ask(standin, "/robots.txt")
    assert (got.status, got.body) != (normal.status, normal.body)
    assert ask(standin, f"{BLOG}/robots.txt").status == 200
    assert got.status == (int(variant) if variant.isdecimal() else 200)


def test_the_huge_robots_txt_forbids_beyond_the_500_kib_that_must_be_read(standin: StandIn) -> None:
    standin.faults.robots("huge")
    assert ask(standin, "/robots.txt").body.index(b"Disallow: /articles/") > 500 * 1024


def test_a_redesign_leaves_the_text_and_changes_the_classes_of_every_list(standin: StandIn) -> None:
    standin.faults.drift("*")
    for url in (ARTICLE, SERIES):
        assert not re.search(
            r'class="(?:qa-markdown|markdown__style|ir-profile-series|article-series)', ask(standin, url).text
        )
    assert faithful_site().articles[PART].html in ask(standin, ARTICLE).text


# ─── the world changes ──────────────────────────────────────────────────────────────────────────


def listed(got: Got) -> list[int]:
    main = got.text.split('class="rightside', 1)[0]
    return [int(number) for number in re.findall(r"ithelp\.ithome\.com\.tw/articles/(\d+)\s*[\"?]", main)]


def test_a_deleted_part_is_in_no_list_of_the_site_but_the_blog_still_links_it(standin: StandIn) -> None:
    standin.faults.delete(PART)
    assert PART not in listed(ask(standin, SERIES))
    assert f"/articles/{PART}?sc=rss.iron</link>" not in ask(standin, FEED).text
    assert "共 29 篇文章" in ask(standin, SERIES).text
    after = ask(standin, f"/articles/{OTHER}").text
    assert f'<a href="{SITE}/articles/10322608" class="article-series-page__link">' in after, "the chain skips it"
    assert '<span class="ir-article__topic-count">6</span>' in after, "positions stay"
    assert PART in listed(ask(standin, INDEX))


def test_after_renumbering_positions_have_no_gap(standin: StandIn) -> None:
    standin.faults.delete(PART)
    standin.faults.renumber(5943)
    assert '<span class="ir-article__topic-count">5</span>' in ask(standin, f"/articles/{OTHER}").text


def test_parts_can_change_their_order(standin: StandIn) -> None:
    order = tuple(reversed(faithful_site().series[5943].part_ids))
    standin.faults.renumber(5943, order)
    assert listed(ask(standin, SERIES)) == list(order[:10])


def test_an_edit_shows_on_the_page_and_in_the_lists(standin: StandIn) -> None:
    standin.faults.edit(PART, title="[Day 05] 改過的 <標題>", body="<p>改過的內文</p>\n", tags=("新標籤",))
    page = ask(standin, ARTICLE).text
    assert "[Day 05] 改過的 &lt;標題&gt;" in page
    assert "<p>改過的內文</p>" in page
    assert re.findall(r'qa-header__tagList">([^<]*)<', page) == ["新標籤"]
    assert "改過的" in ask(standin, SERIES).text
    assert "改過的內文" in ask(standin, FEED).text


def test_an_edit_with_nothing_given_adds_a_paragraph(standin: StandIn) -> None:
    standin.faults.edit(PART)
    assert ask(standin, ARTICLE).text.count(ADDED) == 1


def test_comments_come_and_go_and_are_counted(standin: StandIn) -> None:
    article = faithful_site().articles[10324999]
    standin.faults.remove_comment(article.id)
    standin.faults.add_comment(article.id, "<p>第一次留言</p>")
    page = ask(standin, f"/articles/{article.id}").text
    assert f'name="response-{article.comments[0].id}"' not in page
    assert page.rindex("<p>第一次留言</p>") > page.index(f'name="response-{article.comments[-1].id}"')
    assert f">{len(article.comments)} 則留言<" in page


def test_counters_may_go_down(standin: StandIn) -> None:
    standin.faults.count(PART, views=-100_000, likes=9)
    page = ask(standin, ARTICLE).text
    assert '<div class="likeGroup__num">9</div>' in page
    assert re.search(r'ir-article-info__view">-\d+ 瀏覽', page)


def test_a_part_can_leave_the_series_page_or_the_index_and_live_on(standin: StandIn) -> None:
    standin.faults.drop_from_series(PART)
    standin.faults.drop_from_index(OTHER)
    assert PART not in listed(ask(standin, SERIES))
    assert OTHER in listed(ask(standin, SERIES))
    assert OTHER not in listed(ask(standin, INDEX))
    assert PART in listed(ask(standin, INDEX))
    assert [ask(standin, f"/articles/{number}").status for number in (PART, OTHER)] == [200, 200]
    assert f'href="{SITE}{SERIES}"' in ask(standin, ARTICLE).text


# ─── the command ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "url", "status"),
    [("refuse=series", SERIES, 403), (f"delete={PART}", ARTICLE, 404), ("robots=500", "/robots.txt", 500),
     ("soft-404=article", ARTICLE, 200), ("error", FEED, 500), (f"not-found={PART}", ARTICLE, 404)],
)  # fmt: skip
def test_a_fault_can_be_named_in_a_word(standin: StandIn, text: str, url: str, status: int) -> None:
    switch(standin.faults, text)
    assert ask(standin, url).status == status


@pytest.mark.parametrize("text", ["explode", "delete", "delete=all", "robots=purple", "refuse=serie"])
def test_a_fault_that_does_not_exist_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fault", text]) == 2
    assert capsys.readouterr().err.startswith("archiver.standin: no ")


def test_the_command_prints_what_to_paste_and_ends_when_told() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "archiver.standin"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as started:  # fmt: skip
        assert started.stdout is not None
        lines = [started.stdout.readline() for _ in range(6)]
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
    assert lines[1].startswith("[[sources]]")
    assert lines[4] == "[network.connect_to]\n"
    assert lines[5].startswith('"https://ithelp.ithome.com.tw" = "http://127.0.0.1:')
