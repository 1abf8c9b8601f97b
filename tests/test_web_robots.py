"""What a robots.txt allows, and what it means when it cannot be had (RFC 9309)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes import START, fault, reply
from hypothesis import given
from hypothesis import strategies as st
from robots_cases import CASES, DELAYS, Case

from archiver.model import Answer, Outcome
from archiver.web.robots import RobotsCache, from_answer
from archiver.web.rules import RobotsRules, parse

HOST = "https://ithelp.ithome.com.tw"


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert sum(len(case.allows) for case in CASES) >= 150
    assert sum(allowed for case in CASES for allowed in case.allows.values()) >= 60, "both directions"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_file_allows_what_the_rfc_says(case: Case) -> None:
    rules = parse(case.body)

    assert {path: rules.allows(HOST + path) for path in case.allows} == case.allows


@pytest.mark.parametrize(("title", "body", "seconds"), DELAYS, ids=[title for title, _, _ in DELAYS])
def test_a_crawl_delay_is_a_number_of_seconds_or_none(title: str, body: bytes, seconds: float | None) -> None:
    assert parse(body).crawl_delay_s == seconds


@pytest.mark.parametrize("url", ["https://other.example/a", "http://ithelp.ithome.com.tw/a", f"{HOST}:443/a"])
def test_only_path_and_query_are_compared(url: str) -> None:
    assert not parse(b"User-agent: *\nDisallow: /a").allows(url)


@pytest.mark.parametrize("path", ["/x/../secret", "/./secret", "/x/%2e%2e/secret", "/x/%2E./secret"])
def test_a_path_is_compared_as_a_server_reads_it(path: str) -> None:
    assert not parse(b"User-agent: *\nDisallow: /secret").allows(HOST + path)


def test_rules_beyond_500_kib_may_be_lost_but_those_before_hold() -> None:
    body = b"User-agent: *\nDisallow: /a\n" + b"# long\n" * 200_000

    assert not parse(body).allows(f"{HOST}/a")
    assert parse(body).allows(f"{HOST}/b")


@given(st.binary(max_size=400))
def test_no_bytes_are_too_much(body: bytes) -> None:
    rules = parse(body)

    assert rules.allows(f"{HOST}/robots.txt")
    assert rules.allows(f"{HOST}/a") in {True, False}


@given(st.text(alphabet="/a*$?%2Fb", max_size=12), st.text(alphabet="/ab?%2F$", max_size=12))
def test_the_order_of_rules_changes_nothing(pattern: str, path: str) -> None:
    rows = [f"Disallow: /{pattern}", "Allow: /a", "Disallow: /b*", "Allow: /a/b$"]
    url = f"{HOST}/{path}"
    answers = {parse("\n".join(["User-agent: *", *order]).encode()).allows(url) for order in (rows, rows[::-1])}

    assert len(answers) == 1


@given(st.lists(st.sampled_from(["a", "b", "/", "*"]), max_size=6).map("".join), st.text(alphabet="ab/", max_size=10))
def test_a_longer_path_is_forbidden_with_its_beginning(pattern: str, path: str) -> None:
    """Without an end anchor a pattern matches a beginning, so what comes behind never sets a path free."""
    rules = parse(f"User-agent: *\nDisallow: /{pattern}".encode())

    if not rules.allows(f"{HOST}/{path}"):
        assert not rules.allows(f"{HOST}/{path}xyz")


def test_a_pattern_that_is_hard_to_match_takes_no_time() -> None:
    rules = parse(b"User-agent: *\nDisallow: /" + b"*a" * 2_000 + b"$\n")

    assert rules.allows(HOST + "/" + "a" * 7_000 + "b")


# ─── what an answer means (§2.3.1) ──────────────────────────────────────────────────────────────

URL = f"{HOST}/robots.txt"
FILE = b"User-agent: *\nDisallow: /private\n"
OPEN, PARSED, CLOSED = "open", "parsed", "closed"

ANSWERS: dict[str, tuple[Answer, str]] = {
    "200": (reply(URL, FILE), PARSED),
    "203": (reply(URL, FILE, status=203), PARSED),
    "206: not the whole of it": (reply(URL, FILE, status=206), CLOSED),
    "empty": (reply(URL, b""), OPEN),
    "a web page": (reply(URL, b"<!DOCTYPE html><html><title>Not here</title>Disallow: /private"), OPEN),
    "a web page behind a byte order mark": (reply(URL, b"\xef\xbb\xbf\n <html>\nUser-agent: *\nDisallow: /"), OPEN),
    "a bare redirect that was not followed": (reply(URL, b"", status=301), OPEN),
    **{f"{status}": (reply(URL, FILE, status=status), OPEN) for status in (400, 401, 403, 404, 410, 418, 451)},
    **{f"{status}": (reply(URL, FILE, status=status), CLOSED) for status in (408, 429, 500, 502, 503, 504, 520, 599)},
    **{
        outcome.value: (fault(URL, outcome), CLOSED)
        for outcome in (
            Outcome.TIMEOUT, Outcome.DNS_ERROR, Outcome.CONNECT_ERROR, Outcome.TLS_ERROR, Outcome.PROTOCOL_ERROR,
            Outcome.TRUNCATED, Outcome.TOO_LARGE, Outcome.OFF_SITE,
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_opens_or_closes_a_host(answer: Answer, meaning: str) -> None:
    rules = from_answer(answer)

    assert rules.allows(f"{HOST}/articles/1") is (meaning != CLOSED)
    assert rules.allows(f"{HOST}/private") is (meaning == OPEN)
    assert (rules.unreachable is not None) is (meaning == CLOSED)
    assert rules.allows(URL), "robots.txt itself may be asked again"


def test_a_bot_check_in_place_of_the_file_closes_a_host() -> None:
    assert not from_answer(reply(URL, b"<html>Just a moment..."), challenge=True).allows(f"{HOST}/a")


def test_a_bot_check_with_a_refusal_is_a_refusal_to_show_rules() -> None:
    assert from_answer(reply(URL, b"<html>", status=403), challenge=True).allows(f"{HOST}/a")


def test_the_reason_says_what_happened() -> None:
    assert "HTTP 503" in (from_answer(reply(URL, FILE, status=503)).unreachable or "")
    assert "no answer" in (from_answer(fault(URL, Outcome.TIMEOUT, "no answer in time")).unreachable or "")


# ─── for how long ───────────────────────────────────────────────────────────────────────────────


def test_rules_are_used_for_a_day_and_no_longer() -> None:
    cache = RobotsCache(86_400)
    rules = RobotsRules()
    cache.keep(HOST, rules, START)

    assert cache.get(HOST, START) is rules
    assert cache.get(HOST, START + timedelta(hours=24)) is rules
    assert cache.get(HOST, START + timedelta(hours=24, seconds=1)) is None
    assert cache.get("http://ithelp.ithome.com.tw", START) is None, "another origin has its own file (§2.3)"


def test_rules_from_the_future_are_asked_again() -> None:
    cache = RobotsCache(86_400)
    cache.keep(HOST, RobotsRules(), START + timedelta(hours=1))

    assert cache.get(HOST, START) is None
