"""The likeliest bad day: the site refuses us. It is told in one line, and left alone until it has rested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from desks import PARTS, Fetcher

from archiver.standin.faults import Faults

ARTICLE = '[[sources]]\nurl = "https://ithelp.ithome.com.tw/articles/10319216"'
REST = re.compile(r"resting until (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")


BAD_DAYS: dict[str, tuple[Callable[[Faults], None], str]] = {
    "articles challenged": (lambda faults: faults.refuse("article"), "refused 3 article pages in a row (challenge)"),
    "articles 403": (lambda faults: faults.forbid("article"), "refused 3 article pages in a row (forbidden)"),
    "articles behind a login": (lambda faults: faults.login_wall("article"), "3 article pages in a row (login)"),
    "articles 429": (lambda faults: faults.rate_limit("article"), "3 article pages in a row (rate_limited)"),
    "the whole site 403": (lambda faults: faults.forbid("ithelp.ithome.com.tw"), "(forbidden), of every kind"),
    "the whole site challenged": (lambda faults: faults.refuse("ithelp.ithome.com.tw"), "(challenge), of every kind"),
    "a long rest": (lambda faults: faults.rate_limit("article", retry_after=7_200), "asks us to wait 7200 s"),
    "robots.txt 429": (lambda faults: faults.rate_limit("ithelp.ithome.com.tw/robots.txt"), "refuses its robots.txt"),
    "robots.txt challenged": (lambda faults: faults.challenge("ithelp.ithome.com.tw/robots.txt"), "its robots.txt"),
}


@pytest.mark.parametrize(("refuse", "why"), BAD_DAYS.values(), ids=BAD_DAYS)
def test_a_site_that_refuses_is_told_in_one_line_and_left_alone_until_it_has_rested(
    sit: Callable[..., Fetcher], refuse: Callable[[Faults], None], why: str
) -> None:
    desk = sit()
    refuse(desk.faults)

    code, text, asked = desk.fetched()

    stopped = [line for line in text.splitlines() if line.startswith("Stopped:")]
    assert code == 4
    assert len(stopped) == 1
    assert stopped[0].startswith("Stopped: ithelp.ithome.com.tw ")
    assert why in stopped[0]
    assert REST.search(stopped[0])
    assert re.search(r"\b\d+ pages are left", stopped[0])
    assert "`archiver import`" in stopped[0]
    assert "`archiver rescue`" in stopped[0]
    assert max(count for kind, count in asked.items() if kind != "index") <= 3

    desk.clock.advance(minutes=20)
    code, text, asked = desk.fetched()

    assert code == 4
    assert sum(line.startswith("Stopped:") for line in text.splitlines()) == 1
    assert REST.findall(text) == REST.findall(stopped[0])
    assert asked.total() == 0
    assert "Nothing is due" not in text
    assert "--force" not in text


def test_after_its_rest_a_site_is_asked_once_of_a_kind_and_goes_on_when_it_answers(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.refuse("article")
    desk.fetched()
    desk.clock.advance(hours=1)

    code, _, asked = desk.fetched()

    assert (code, asked) == (4, Counter(article=1))

    desk.faults.clear()
    desk.clock.advance(days=1)
    code, text, asked = desk.fetched()

    assert code == 0
    assert asked["article"] == PARTS
    assert "Stopped" not in text


def test_a_burst_of_429_with_answers_between_is_asked_ever_more_slowly_and_then_no_more(
    sit: Callable[..., Fetcher],
) -> None:
    desk = sit()
    desk.faults.stutter("article")

    code, text, asked = desk.fetched()

    gaps = [seconds for seconds in desk.clock.sleeps if seconds >= 20]
    waits = gaps[:-1]  # the last is the longer delay before an answer
    assert code == 4
    assert asked["article"] == 9
    assert "said 5 times that we ask too often" in text
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]

    desk.clock.advance(minutes=20)
    code, text, asked = desk.fetched()

    assert (code, asked.total()) == (4, 0)
    assert "resting until" in text


def test_one_refused_page_rests_and_nothing_is_said_to_be_not_due(sit: Callable[..., Fetcher]) -> None:
    desk = sit(ARTICLE)
    desk.faults.forbid("article")
    desk.fetched()
    desk.clock.advance(minutes=20)

    code, text, asked = desk.fetched()

    assert (code, asked.total()) == (4, 0)
    assert "refused 1 article page (forbidden), resting until" in text
    assert "Nothing is due" not in text
    assert "--force" not in text


def test_some_refused_parts_are_told_with_their_rest_in_a_run_that_asks_others(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.forbid(10321315)
    code, text, _ = desk.fetched()

    assert code == 3
    assert "forbidden: https://ithelp.ithome.com.tw/articles/10321315" in text
    assert "1 page that the site refused is resting until 2026-11-23 12:5" in text

    code, text, asked = desk.fetched()

    assert (code, asked.total()) == (3, 0)
    assert "Nothing is due" not in text
    assert "1 page that the site refused is resting until" in text


def test_refused_series_pages_alone_stop_nothing(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.refuse("series")

    code, text, _ = desk.fetched()

    assert code == 0
    assert "Stopped" not in text


def test_what_a_host_asked_for_is_kept_and_our_own_rest_is_taken_back_by_force(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.refuse("article")
    desk.fetched()

    _, _, asked = desk.fetched("--force")
    assert asked["article"] == 3

    desk.faults.rate_limit("article", retry_after=7_200)
    desk.clock.advance(hours=2)
    desk.fetched()
    _, _, asked = desk.fetched("--force")
    assert asked == Counter(index=1)


def test_nothing_due_says_until_when(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    assert desk.fetched()[0] == 0

    code, text, asked = desk.fetched()

    assert (code, asked.total()) == (0, 0)
    assert re.search(r"Nothing is due before 2026-11-24 \d\d:\d\d UTC", text)


def test_a_plan_tells_what_rests(sit: Callable[..., Fetcher]) -> None:
    desk = sit()
    desk.faults.refuse("article")
    desk.fetched()

    _, text, _ = desk.fetched("--dry-run")

    assert "refused 3 article pages in a row (challenge), resting until" in text


def test_a_config_without_sources_is_a_mistake_and_leaves_no_archive(sit: Callable[..., Fetcher]) -> None:
    desk = sit("")
    desk.db.unlink()

    code, text, _ = desk.fetched()

    assert code == 2
    assert "nothing is to be kept: add [[sources]] with url" in text
    assert "due" not in text
    assert not desk.db.exists()
