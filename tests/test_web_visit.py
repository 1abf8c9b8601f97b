"""Visits: robots first, hop by hop, try by try, and every request told before the next one goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from fakes import START, FakeClock, FakeSender, article, exchanges, fault, reply
from hypothesis import given
from hypothesis import strategies as st

from archiver import __version__, ithome, urls
from archiver.config import Network
from archiver.model import REFUSALS, TRANSIENT, Address, Answer, Exchange, Kind, Outcome, Validators
from archiver.web.pace import Pace
from archiver.web.robots import RobotsCache
from archiver.web.rules import RobotsRules, parse
from archiver.web.visit import Budget, Visitor, user_agent

HOST = "https://ithelp.ithome.com.tw"
PAGE = article(1)
ROBOTS = f"{HOST}/robots.txt"
NETWORK = Network(delay_s=2.0, jitter_s=0.0, tries=3, backoff_s=1.0)

Given = Answer | bytes | int
World = dict[str, Given | list[Given]]


class Stage:
    """A visitor, the far end that it talks to, and the clock of both."""

    def __init__(
        self, world: World, network: Network = NETWORK, *, rules: RobotsRules | None = None, limit: int = 0,
        seconds: float = 0.0,
    ) -> None:  # fmt: skip
        self.clock = FakeClock()
        self.world = world
        self.sender = FakeSender(self.clock, self._far, seconds)
        self.cache = RobotsCache(network.robots_max_age_s)
        if rules is not None:
            self.cache.keep(HOST, rules, START)
        self.pace = Pace(network, self.clock)
        self.budget = Budget(limit)
        self.visitor = Visitor(self.sender, self.pace, self.cache, network, self.clock, self.budget)

    def _far(self, url: str) -> Given:
        found = self.world.get(url, 404)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return replace(found, requested_url=url, started_at=self.clock.now()) if isinstance(found, Answer) else found

    def visit(
        self, address: Address = PAGE, allowed: Callable[[str], bool] = lambda _: True,
        validators: Validators | None = None,
    ) -> list[Exchange]:  # fmt: skip
        return list(self.visitor.visit(address, validators, allowed=allowed))

    def told(self, address: Address = PAGE, allowed: Callable[[str], bool] = lambda _: True) -> list[
        tuple[str, str | int | None]
    ]:  # fmt: skip
        return exchanges(iter(self.visit(address, allowed)))

    def gaps(self) -> list[float]:
        return [later - sooner for sooner, later in pairwise(self.sender.starts)]


def to(target: str, status: int = 302) -> Answer:
    """A redirect."""
    return reply("", status=status, location=target)


# ─── robots first ───────────────────────────────────────────────────────────────────────────────


def test_robots_is_asked_before_the_page_and_told_as_its_own_page() -> None:
    stage = Stage({ROBOTS: b"User-agent: *\nAllow: /", PAGE.url: b"<html>"})

    first, second = stage.visit()

    assert (first.address, first.final, first.answer.status) == (Address(ROBOTS, Kind.ROBOTS), True, 200)
    assert (second.address, second.final, second.answer.status) == (PAGE, True, 200)
    assert stage.sender.asked == [ROBOTS, PAGE.url]


def test_robots_is_asked_once_for_all_pages_of_a_day() -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: b"<html>", article(2).url: b"<html>"})
    stage.visit()
    stage.visit(article(2))
    assert stage.sender.asked.count(ROBOTS) == 1

    stage.clock.advance(hours=25)
    stage.visit()
    assert stage.sender.asked.count(ROBOTS) == 2


def test_rules_that_changed_meanwhile_are_heeded() -> None:
    stage = Stage({ROBOTS: [b"", b"User-agent: *\nDisallow: /"], PAGE.url: b"<html>"})

    assert stage.told() == [(ROBOTS, 200), (PAGE.url, 200)]
    stage.clock.advance(hours=25)
    assert stage.told() == [(ROBOTS, 200), (PAGE.url, "disallowed")]
    assert stage.sender.asked.count(PAGE.url) == 1


def test_rules_kept_from_an_earlier_run_save_a_request() -> None:
    stage = Stage({PAGE.url: b"<html>"}, rules=parse(b"User-agent: *\nDisallow: /users/"))

    assert stage.told() == [(PAGE.url, 200)]


# What the question for robots.txt is answered with → what is asked in all, and what becomes of the page.
ROBOTS_ANSWERS: dict[str, tuple[Given | list[Given], int, str | int]] = {
    "404": (404, 2, 200),
    "403": (403, 2, 200),
    "410": (410, 2, 200),
    "HTML": (b"<!doctype html><html><title>home</title></html>", 2, 200),
    "empty": (b"", 2, 200),
    "forbidden for us": (b"User-agent: ithome-archiver\nDisallow: /articles/", 1, "disallowed"),
    "429": (429, 1, "robots_unreachable"),
    "503": (503, 3, "robots_unreachable"),
    "503 once": ([503, b""], 3, 200),
    "500 twice": ([500, 500, b""], 4, 200),
    "timeout": (fault(ROBOTS, Outcome.TIMEOUT), 3, "robots_unreachable"),
    "reset": (fault(ROBOTS, Outcome.CONNECT_ERROR), 3, "robots_unreachable"),
    "cut": (fault(ROBOTS, Outcome.TRUNCATED), 3, "robots_unreachable"),
    "no such name": (fault(ROBOTS, Outcome.DNS_ERROR), 2, "robots_unreachable"),
    "bad certificate": (fault(ROBOTS, Outcome.TLS_ERROR), 1, "robots_unreachable"),
    "not HTTP": (fault(ROBOTS, Outcome.PROTOCOL_ERROR), 1, "robots_unreachable"),
    "bot check": (b"<html><title>Just a moment...</title></html>", 1, "robots_unreachable"),
    "absurd crawl-delay": (b"User-agent: *\nCrawl-delay: 86400", 1, "disallowed"),
    "crawl-delay of 400 digits": (b"User-agent: *\nCrawl-delay: " + b"9" * 400, 1, "disallowed"),
    "redirect without a place": (reply(ROBOTS, b"", status=302), 2, 200),
    "redirect to a file": (to("file:///etc/passwd"), 2, 200),
    "redirect to a private address": (to("http://10.0.0.1/robots.txt"), 2, 200),
    "redirect in a circle": (to(ROBOTS), 7, 200),  # six for robots.txt: five redirects (RFC 9309 §2.3.1.2)
}


@pytest.mark.parametrize(("given_for", "asked", "page"), ROBOTS_ANSWERS.values(), ids=ROBOTS_ANSWERS.keys())
def test_what_robots_answers_decides_whether_the_page_is_asked(
    given_for: Given | list[Given], asked: int, page: str | int
) -> None:
    stage = Stage({ROBOTS: given_for, PAGE.url: b"<html>"})

    told = stage.visit()

    assert exchanges(iter(told))[-1] == (PAGE.url, page)
    assert len(stage.sender.asked) == asked
    of_robots = [exchange.final for exchange in told if exchange.address.kind is Kind.ROBOTS]
    assert of_robots == [False] * (len(of_robots) - 1) + [True]
    assert (PAGE.url in stage.sender.asked) is (page == 200)


def test_a_robots_redirect_is_followed_to_another_host_and_each_hop_told() -> None:
    elsewhere = "https://rules.example/ithome.txt"
    world: World = {ROBOTS: to(elsewhere), elsewhere: b"User-agent: *\nDisallow: /articles/", PAGE.url: b"<html>"}
    told = Stage(world).visit()

    assert [(exchange.hop, exchange.final, exchange.answer.status) for exchange in told[:2]] == [
        (0, False, 302),
        (1, True, 200),
    ]
    assert told[-1].answer.failure is Outcome.DISALLOWED


def test_rules_that_are_unreachable_are_not_asked_again_for_each_page() -> None:
    stage = Stage({ROBOTS: 503})
    stage.visit()
    stage.visit(article(2))

    assert stage.sender.asked == [ROBOTS] * 3


def test_a_crawl_delay_slows_the_next_requests() -> None:
    stage = Stage({ROBOTS: b"User-agent: *\nCrawl-delay: 7", PAGE.url: b"<html>", article(2).url: b"<html>"})
    stage.visit()
    stage.visit(article(2))

    assert stage.gaps() == [7.0, 7.0]


def test_a_short_crawl_delay_does_not_hurry_us() -> None:
    stage = Stage({ROBOTS: b"User-agent: *\nCrawl-delay: 0.1", PAGE.url: b"<html>"})
    stage.visit()

    assert stage.gaps() == [2.0]


# ─── what may not be asked ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/users/login",
        f"{HOST}/articles/create/",
        f"{HOST}/articles/1/edit",
        "http://127.0.0.1/",
        "http://user@blog.example/",
        "ftp://blog.example/",
        "http://blog.example:8080/",
    ],
)
def test_a_url_out_of_bounds_is_not_asked_nor_is_its_robots(url: str) -> None:
    stage = Stage({})

    (only,) = stage.visit(Address(url, Kind.INDEX))

    assert (only.answer.failure, only.answer.status, only.final) == (Outcome.OFF_SITE, None, True)
    assert stage.sender.asked == []


# ─── redirects ──────────────────────────────────────────────────────────────────────────────────

OPEN = RobotsRules()


def test_each_hop_is_told_and_the_last_is_final() -> None:
    stage = Stage({PAGE.url: to(f"{HOST}/b", 301), f"{HOST}/b": to(f"{HOST}/c"), f"{HOST}/c": b"x"}, rules=OPEN)

    told = stage.visit()

    assert [(exchange.hop, exchange.answer.status, exchange.final) for exchange in told] == [
        (0, 301, False),
        (1, 302, False),
        (2, 200, True),
    ]
    assert {exchange.address for exchange in told} == {PAGE}
    assert told[0].answer.location == f"{HOST}/b"
    assert stage.gaps() == [2.0, 2.0]


# Where a redirect leads → why it is not followed. Nothing but the page itself is asked.
NOT_FOLLOWED: dict[str, tuple[str, Outcome]] = {
    "out of scope": (f"{HOST}/articles/2", Outcome.OFF_SITE),
    "another host": ("https://evil.example/", Outcome.OFF_SITE),
    "private address": ("http://169.254.169.254/latest/", Outcome.OFF_SITE),
    "number for a host": ("http://2130706433/", Outcome.OFF_SITE),
    "user name": (f"https://ithelp.ithome.com.tw@evil.example/", Outcome.OFF_SITE),  # noqa: F541
    "script": ("javascript:alert(1)", Outcome.OFF_SITE),
    "file": ("file:///etc/passwd", Outcome.OFF_SITE),
    "no address at all": ("http://[::1", Outcome.OFF_SITE),
    "login, which is denied": (f"{HOST}/users/login", Outcome.OFF_SITE),
    "another port": ("https://ithelp.ithome.com.tw:8443/articles/1", Outcome.OFF_SITE),
    "itself": (PAGE.url, Outcome.PROTOCOL_ERROR),
}


@pytest.mark.parametrize(("target", "outcome"), NOT_FOLLOWED.values(), ids=NOT_FOLLOWED.keys())
def test_a_redirect_out_of_bounds_is_the_last_answer(target: str, outcome: Outcome) -> None:
    stage = Stage({PAGE.url: to(target)}, rules=OPEN)

    (only,) = stage.visit(allowed=lambda url: url in {PAGE.url, "https://ithelp.ithome.com.tw:8443/articles/1"})

    assert (only.answer.failure, only.answer.status, only.final) == (outcome, 302, True)
    assert only.answer.location == target
    assert only.answer.error
    assert stage.sender.asked == [PAGE.url]


@pytest.mark.parametrize("target", [f"{HOST}/users/login", f"{HOST}/articles/1/edit", f"{HOST}/%75sers/login"])
def test_a_denied_target_is_not_followed_even_where_the_scope_would_allow_it(target: str) -> None:
    stage = Stage({PAGE.url: to(target)}, rules=OPEN)

    assert stage.told() == [(PAGE.url, "off_site")]
    assert stage.sender.asked == [PAGE.url]


def test_a_redirect_to_a_forbidden_path_ends_there() -> None:
    stage = Stage({PAGE.url: to(f"{HOST}/private/1")}, rules=parse(b"User-agent: *\nDisallow: /private/"))

    told = stage.visit()

    assert exchanges(iter(told)) == [(PAGE.url, 302), (f"{HOST}/private/1", "disallowed")]
    assert [exchange.final for exchange in told] == [False, True]
    assert stage.sender.asked == [PAGE.url]


def test_the_robots_of_another_host_are_asked_before_a_hop_to_it() -> None:
    there = "https://www.blog.example/"
    world: World = {
        "https://blog.example/robots.txt": b"", "https://blog.example/": to(there),
        "https://www.blog.example/robots.txt": b"User-agent: *\nDisallow: /", there: b"x",
    }  # fmt: skip
    stage = Stage(world)

    assert stage.told(Address("https://blog.example/", Kind.INDEX))[-1] == (there, "disallowed")
    assert stage.sender.asked[-1] == "https://www.blog.example/robots.txt"


def test_a_loop_ends_when_it_closes() -> None:
    stage = Stage({PAGE.url: to(f"{HOST}/b"), f"{HOST}/b": to(f"{HOST}/c"), f"{HOST}/c": to(f"{HOST}/b")}, rules=OPEN)

    assert stage.told()[-1] == (f"{HOST}/c", "protocol_error")
    assert len(stage.sender.asked) == 3


def test_a_chain_ends_after_five_redirects() -> None:
    world: World = {
        PAGE.url: to(f"{HOST}/0"),
        **{f"{HOST}/{number}": to(f"{HOST}/{number + 1}") for number in range(9)},
    }
    stage = Stage(world, rules=OPEN)

    told = stage.visit()

    assert len(stage.sender.asked) == 6
    assert (told[-1].answer.failure, told[-1].hop) == (Outcome.PROTOCOL_ERROR, 5)
    assert [exchange.final for exchange in told] == [False] * 5 + [True]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 399])
def test_a_redirect_that_names_no_place_leads_nowhere(status: int) -> None:
    stage = Stage({PAGE.url: reply(PAGE.url, b"", status=status)}, rules=OPEN)

    assert stage.told() == [(PAGE.url, "protocol_error")]


def test_not_modified_is_no_redirect() -> None:
    stage = Stage({PAGE.url: reply(PAGE.url, b"", status=304)}, rules=OPEN)

    assert stage.told() == [(PAGE.url, 304)]


def test_validators_go_to_the_url_that_gave_them_and_to_no_other() -> None:
    stage = Stage({PAGE.url: to(f"{HOST}/b"), f"{HOST}/b": to(f"{HOST}/c"), f"{HOST}/c": b"x"}, rules=OPEN)
    for place, url in enumerate((PAGE.url, f"{HOST}/b", f"{HOST}/c")):
        held = Validators('"1"', None, url)
        stage.sender.validators.clear()
        stage.visit(validators=held)
        assert stage.sender.validators == [held if at == place else None for at in range(3)]

    stage.sender.validators.clear()
    stage.visit(validators=Validators('"1"', None, f"{HOST}/elsewhere"))
    assert stage.sender.validators == [None] * 3


def test_the_robots_file_of_a_link_is_an_answer_of_its_own() -> None:
    link = Address("https://blog.example/x", Kind.LINK)
    stage = Stage({f"{link.url}": [404, b"<html>"], "https://blog.example/robots.txt": 404})

    told = stage.visit(link)

    assert [(exchange.address.kind, exchange.answer.status, exchange.final) for exchange in told] == [
        (Kind.ROBOTS, 404, True), (Kind.LINK, 404, False), (Kind.LINK, 200, True),
    ]  # fmt: skip


# ─── tries ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bad", [500, 502, 503, 504, 408, *sorted(TRANSIENT - {Outcome.DNS_ERROR})])
def test_what_passes_is_tried_again_and_each_try_is_told(bad: int | Outcome) -> None:
    given_first: Given = bad if isinstance(bad, int) else fault(PAGE.url, bad)
    stage = Stage({PAGE.url: [given_first, given_first, b"<html>"]}, rules=OPEN)

    told = stage.visit()

    assert [(exchange.tries, exchange.final) for exchange in told] == [(1, False), (2, False), (3, True)]
    assert told[-1].answer.status == 200
    assert all(gap >= 2.0 for gap in stage.gaps())


def test_tries_end_and_the_last_answer_stands() -> None:
    stage = Stage({PAGE.url: 503}, rules=OPEN)

    told = stage.visit()

    assert [(exchange.answer.status, exchange.tries, exchange.final) for exchange in told] == [
        (503, 1, False),
        (503, 2, False),
        (503, 3, True),
    ]


def test_waits_between_tries_grow() -> None:
    network = replace(NETWORK, tries=4, backoff_s=10.0)
    stage = Stage({PAGE.url: 503}, network, rules=OPEN)
    stage.visit()

    first, second, third = stage.gaps()
    assert 10 <= first < second < third
    assert 20 <= second <= 25
    assert 40 <= third <= 45


ONCE: dict[str, Given] = {
    **{str(status): status for status in (200, 400, 401, 403, 404, 410, 418, 429, 451)},
    "certificate": fault(PAGE.url, Outcome.TLS_ERROR),
    "not HTTP": fault(PAGE.url, Outcome.PROTOCOL_ERROR),
    "too large": fault(PAGE.url, Outcome.TOO_LARGE),
    "off site": fault(PAGE.url, Outcome.OFF_SITE),
    "503 with a long Retry-After": reply(PAGE.url, b"", status=503, retry_after_s=3_600),
    "503 with a bot check": reply(PAGE.url, b"<html><title>Just a moment...</title></html>", status=503),
    "the whole deadline was spent": replace(fault(PAGE.url, Outcome.TIMEOUT), elapsed_ms=30_001),
    "the whole deadline was spent in the body": replace(fault(PAGE.url, Outcome.TRUNCATED), elapsed_ms=30_001),
}


@pytest.mark.parametrize("answer", ONCE.values(), ids=ONCE.keys())
def test_what_does_not_pass_is_asked_once(answer: Given) -> None:
    stage = Stage({PAGE.url: answer}, rules=OPEN)

    assert len(stage.visit()) == 1
    assert stage.sender.asked == [PAGE.url]


def test_a_name_that_does_not_resolve_is_tried_twice() -> None:
    stage = Stage({PAGE.url: fault(PAGE.url, Outcome.DNS_ERROR)}, rules=OPEN)

    assert [(exchange.tries, exchange.final) for exchange in stage.visit()] == [(1, False), (2, True)]


@pytest.mark.parametrize("status", [500, 503])
def test_a_retry_after_is_waited_for(status: int) -> None:
    busy = reply(PAGE.url, b"", status=status, retry_after_s=45.0)
    stage = Stage({PAGE.url: [busy, b"<html>"]}, rules=OPEN)
    stage.visit()

    assert len(stage.gaps()) == 1
    assert 45 <= stage.gaps()[0] < 47


def test_each_hop_has_its_own_tries() -> None:
    world: World = {PAGE.url: [503, to(f"{HOST}/b")], f"{HOST}/b": [503, 503, b"x"]}
    told = Stage(world, rules=OPEN).visit()

    assert [(exchange.hop, exchange.tries, exchange.final) for exchange in told] == [
        (0, 1, False),
        (0, 2, False),
        (1, 1, False),
        (1, 2, False),
        (1, 3, True),
    ]


# ─── budget ─────────────────────────────────────────────────────────────────────────────────────


def test_a_spent_budget_is_a_skipped_page_and_no_request() -> None:
    stage = Stage({PAGE.url: b"x", article(2).url: b"x"}, rules=OPEN, limit=1)

    assert stage.told() == [(PAGE.url, 200)]
    assert not stage.visitor.budget_left()
    assert stage.told(article(2)) == [(article(2).url, "skipped")]
    assert stage.sender.asked == [PAGE.url]


def test_a_budget_counts_robots_hops_and_tries() -> None:
    world: World = {ROBOTS: b"", PAGE.url: [503, to(f"{HOST}/b")], f"{HOST}/b": b"x"}
    for limit in range(1, 5):
        fresh: World = {url: list(answer) if isinstance(answer, list) else answer for url, answer in world.items()}
        stage = Stage(fresh, limit=limit)
        told = stage.visit()

        assert len(stage.sender.asked) == limit
        assert told[-1].address == PAGE
        assert told[-1].final
        assert stage.budget.spent == limit


def test_a_budget_that_ends_between_tries_leaves_the_last_answer_standing() -> None:
    stage = Stage({PAGE.url: 503}, rules=OPEN, limit=2)

    assert [(exchange.answer.status, exchange.final) for exchange in stage.visit()] == [(503, False), (503, True)]


def test_a_budget_that_ends_with_robots_leaves_the_page_skipped() -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: b"x"}, limit=1)

    assert stage.told()[-1] == (PAGE.url, "skipped")


# ─── a host that hung up ────────────────────────────────────────────────────────────────────────

HUNG_UP = replace(fault("", Outcome.CONNECT_ERROR), reused=True)


@pytest.mark.parametrize("tries", [1, 3])
def test_a_request_that_a_host_hung_up_on_is_made_once_more_after_the_delay_alone(tries: int) -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: [HUNG_UP, b"<html>"]}, replace(NETWORK, tries=tries, backoff_s=9.0))

    told = [(one.answer.failure, one.answer.status, one.tries, one.final) for one in stage.visit()[1:]]

    assert told == [(Outcome.CONNECT_ERROR, None, 1, False), (None, 200, 2, True)], "a row is a request"
    assert stage.gaps() == [2.0, 2.0]


def test_hanging_up_again_and_again_counts_as_any_fault_does() -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: [HUNG_UP] * 9}, replace(NETWORK, tries=2))

    assert [one.final for one in stage.visit()[1:]] == [False, False, True]


def test_a_host_that_fails_is_asked_once_more_all_the_same_when_it_had_hung_up() -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: [HUNG_UP, fault("", Outcome.CONNECT_ERROR), b"<html>"]})
    stage.pace.be_patient("ithelp.ithome.com.tw", patient=False)

    assert [one.final for one in stage.visit()[1:]] == [False, True]


# ─── who we say we are ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contact", "about"),
    [
        ("", ""),
        ("https://blog.example/about", "; +https://blog.example/about"),
        ("me@blog.example", "; +me@blog.example"),
        ("a\r\nX-Evil: b", "; +aX-Evil:b"),
        ("a) (b", "; +ab"),
        ("快取", ""),
        ("\x1b[2J", "; +[2J"),
    ],
)
def test_the_agent_names_program_version_and_contact(contact: str, about: str) -> None:
    assert user_agent(contact) == f"Mozilla/5.0 (compatible; ithome-archiver/{__version__}{about})"


# ─── what holds always ──────────────────────────────────────────────────────────────────────────

PLACES = [PAGE.url, f"{HOST}/b", f"{HOST}/c", f"{HOST}/private/1", f"{HOST}/users/login", "https://evil.example/x"]
IN_SCOPE = set(PLACES[:4])
OUTCOMES = sorted(TRANSIENT | {Outcome.TLS_ERROR, Outcome.PROTOCOL_ERROR, Outcome.TOO_LARGE})
ANSWERS: st.SearchStrategy[Given] = st.one_of(
    st.sampled_from([200, 204, 304, 403, 404, 410, 429, 500, 503]),
    st.sampled_from([*PLACES, "javascript:x", "http://10.0.0.1/"]).map(to),
    st.sampled_from(OUTCOMES).map(lambda outcome: fault("", outcome)),
    st.sampled_from([1.0, 100.0, 5_000.0]).map(lambda seconds: reply("", b"", status=503, retry_after_s=seconds)),
)
WORLDS = st.fixed_dictionaries(
    {
        ROBOTS: st.one_of(ANSWERS, st.just(b"User-agent: *\nDisallow: /private/\nCrawl-delay: 3")),
        **{place: st.lists(ANSWERS, min_size=1, max_size=4) for place in PLACES},
    }
)


@given(WORLDS, st.integers(0, 12), st.floats(0, 40))
def test_a_visit_keeps_its_promises_whatever_the_world_says(world: World, limit: int, seconds: float) -> None:
    network = replace(NETWORK, jitter_s=0.02)
    stage = Stage(dict(world), network, limit=limit, seconds=seconds)
    told: list[Exchange] = []
    for exchange in stage.visitor.visit(PAGE, None, allowed=IN_SCOPE.__contains__):
        told.append(exchange)
        known = sum(_was_asked(one) for one in told)
        assert known == len(stage.sender.asked), "each request is told before the next one goes out"

    of_page = [exchange.final for exchange in told if exchange.address == PAGE]
    assert of_page == [False] * (len(of_page) - 1) + [True], "final exactly once, and last"
    assert told[-1].address == PAGE
    assert limit == 0 or len(stage.sender.asked) <= limit
    assert len(stage.sender.asked) <= 2 * 6 * network.tries
    assert {one.answer.requested_url for one in told if one.address == PAGE and _was_asked(one)} <= IN_SCOPE
    assert not any(ithome.denied(asked) or urls.host(asked) == "10.0.0.1" for asked in stage.sender.asked)
    by_host: dict[str, list[float]] = {}
    for asked, start in zip(stage.sender.asked, stage.sender.starts, strict=True):
        by_host.setdefault(urls.host(asked), []).append(start)
    for starts in by_host.values():
        assert all(later - sooner >= 2.0 - 1e-6 for sooner, later in pairwise(starts))


def _was_asked(exchange: Exchange) -> bool:
    answer = exchange.answer
    not_asked = {Outcome.DISALLOWED, Outcome.ROBOTS_UNREACHABLE, Outcome.SKIPPED, Outcome.OFF_SITE}
    return answer.status is not None or answer.failure not in not_asked


def test_refusals_are_never_among_what_is_tried_again() -> None:
    assert not REFUSALS & TRANSIENT


def test_the_moment_of_a_request_is_its_own_and_not_that_of_the_decision() -> None:
    stage = Stage({ROBOTS: b"", PAGE.url: b"x"})
    moments: list[datetime] = [exchange.answer.started_at for exchange in stage.visit()]

    assert moments == [START, START + timedelta(seconds=2)]
