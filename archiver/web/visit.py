"""One visit to one page: robots first, then the page, redirects hop by hop, a few tries; each request an exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from math import isfinite
from typing import Protocol

import tenacity

from archiver import ithome, urls
from archiver.config import Network
from archiver.machine.clock import Clock
from archiver.machine.version import __version__
from archiver.model import TRANSIENT, Address, Answer, Exchange, Extra, Kind, Outcome, Validators
from archiver.web import guard, redirects, robots
from archiver.web.pace import Pace
from archiver.web.robots import RobotsCache
from archiver.web.rules import RobotsRules

_ROBOTS_REDIRECTS = 5  # RFC 9309 §2.3.1.2
_BOT_CHECK = re.compile(rb"just a moment|checking your browser|cf-chl|cf_chl_opt|challenge-form", re.IGNORECASE)
_LINK_BYTES = 4_096  # of an outside page that a link leads to: enough to see that it is there
_SMALL_PAGE = 20_000  # a bot check is a small page of its own; ordinary pages load its scripts too


class Sender(Protocol):
    """Makes one request (`archiver.web.client.Client`)."""

    def send(
        self, url: str, validators: Validators | None = None, *, keep_cut: bool = False, extra: Extra | None = None
    ) -> Answer:
        """Ask for a URL once."""

    def be_idle(self, seconds: float) -> None:
        """Nothing is asked for so long."""


def user_agent(contact: str) -> str:
    """How we introduce ourselves (docs/politeness.md): the program, its version, and whom to ask about it."""
    cleaned = re.sub(r"[^\x21-\x7e]|[()<>;\\]", "", contact)
    about = f"; +{cleaned}" if cleaned else ""
    return f"Mozilla/5.0 (compatible; ithome-archiver/{__version__}{about})"


class Budget:
    """How many requests a run may still make; 0 for any number."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.spent = 0

    def take(self) -> bool:
        """Take one request from the budget; False when none is left."""
        if not self.left():
            return False
        self.spent += 1
        return True

    def left(self) -> bool:
        """Whether a request may still be made."""
        return self._limit == 0 or self.spent < self._limit


class Visitor:
    """Visits pages, one request at a time."""

    def __init__(
        self, sender: Sender, pace: Pace, cache: RobotsCache, network: Network, clock: Clock, budget: Budget,
        named_origins: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._sender = sender
        self._pace = pace
        self._cache = cache
        self._network = network
        self._clock = clock
        self._budget = budget
        self._mapped = frozenset(map(urls.origin, network.connect_to))
        self._named = named_origins | self._mapped

    def budget_left(self) -> bool:
        """Whether the run may make another request."""
        return self._budget.left()

    def visit(
        self, address: Address, validators: Validators | None, *, allowed: Callable[[str], bool]
    ) -> Iterator[Exchange]:
        """Every request made for a page, each given out before the next one goes out; the last is `final`.

        `validators` go along to the URL that gave them and to no other, wherever in the chain of redirects it stands.
        `allowed` says whether a redirect of this page may be followed to a URL. A redirect that is not followed is
        the last answer, with its target as `location`, which was not contacted. What is not asked is an answer too:
        `off_site`, `disallowed`, `robots_unreachable` or `skipped`, without a status.
        """
        if address.kind is Kind.LINK:
            yield from self._visit_link(address, allowed)
            return
        yield from self._visit(address, address.url, validators, None, allowed=allowed, robots=True)

    def _visit_link(self, address: Address, allowed: Callable[[str], bool]) -> Iterator[Exchange]:
        """HEAD, and GET where a host will not answer that: many refuse it, or answer it wrongly with 404."""
        refused = False
        for exchange in self._visit(address, address.url, None, Extra(head=True), allowed=allowed, robots=True):
            is_of_the_page = exchange.final and exchange.address.kind is Kind.LINK  # and not of its robots.txt
            refused = is_of_the_page and exchange.answer.failure is None and (exchange.answer.status or 0) >= 400
            yield replace(exchange, final=False) if refused else exchange
        if refused:
            yield from self._visit(
                address, address.url, None, Extra(byte_range=(0, _LINK_BYTES - 1)), allowed=allowed, robots=True
            )

    def visit_copy(
        self, address: Address, url: str, extra: Extra | None = None, *, allowed: Callable[[str], bool],
        robots: bool = True,
    ) -> Iterator[Exchange]:  # fmt: skip
        """Every request made for a copy of a page that somebody else holds at `url`, or for what is known of copies.

        As `visit`; `robots` False is for an interface that its host documents for programs (docs/politeness.md).
        """
        yield from self._visit(address, url, None, extra, allowed=allowed, robots=robots)

    def _visit(
        self, address: Address, url: str, validators: Validators | None, extra: Extra | None, *,
        allowed: Callable[[str], bool], robots: bool,
    ) -> Iterator[Exchange]:  # fmt: skip
        hop, seen = 0, {url}
        while True:
            refusal = self._out_of_bounds(url)
            if refusal is None and robots:
                refusal = yield from self._robots(url)
            if refusal is not None:
                yield Exchange(address, refusal, hop=hop)
                return
            first, is_link = hop == 0, address.kind is Kind.LINK
            answer, tries = yield from self._tries(
                address, url, validators if validators and validators.url == url else None, hop, keep_cut=is_link,
                extra=extra if first or is_link else _of_a_hop(extra),
            )  # fmt: skip
            most = self._network.max_redirects
            answer = redirects.only_to_follow(answer, hop, seen, most, gate=self._gate, allowed=allowed)
            yield Exchange(address, answer, tries, hop, final=not redirects.leads_on(answer))
            if answer.location is None or not redirects.leads_on(answer):
                return
            url, hop = answer.location, hop + 1
            seen.add(url)

    def _out_of_bounds(self, url: str) -> Answer | None:
        """The answer for a URL that no request may go to, before anything of its host is asked."""
        reason = self._gate(url)
        if reason is None and ithome.denied(url):
            reason = "asking for it would act on the site, or it is private"
        return None if reason is None else self._refuse(url, Outcome.OFF_SITE, f"not contacted: {reason}")

    def _gate(self, url: str) -> str | None:
        return guard.refused_url(url, self._named, self._mapped)

    def _tries(
        self, address: Address, url: str, validators: Validators | None, hop: int, *, keep_cut: bool = False,
        extra: Extra | None = None,
    ) -> Generator[Exchange, None, tuple[Answer, int]]:  # fmt: skip
        """Ask for one URL, again after faults that pass; gives the last answer back, and at which try it came.

        The tries before the last are given out here; whether the last one is final is for the caller to say.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._network.tries + 1),
            wait=_wait(self._network),
            retry=tenacity.retry_if_result(self._worth_another_try),
            sleep=self._clock.sleep,
        )
        unheard = 0  # the try, one at most, that the host did not take since it had hung up
        for attempt in retrying:
            number = attempt.retry_state.attempt_number
            answer = self._ask(url, validators, keep_cut=keep_cut, extra=extra)
            unheard = unheard or int(_hung_up(answer))
            enough = number - unheard >= self._most_tries(answer, extra) or not self._budget.left()
            if enough or not self._worth_another_try(answer):
                return answer, number
            attempt.retry_state.set_result(answer)
            yield Exchange(address, answer, number, hop, final=False)
        raise AssertionError("the last try returns")

    def _worth_another_try(self, answer: Answer) -> bool:
        """Faults of the transport and 5xx pass by themselves, and are tried again.

        Not tried again: refusals, bot checks, certificates, a host that wants a longer rest than we give, and what
        took all of `timeout_s`, since that would hold the run for as long again.
        """
        network = self._network
        wants_rest = answer.retry_after_s is not None and answer.retry_after_s > network.max_retry_after_s
        archived = answer.header("memento-datetime") is not None  # what a host answered long ago stays as it is
        if wants_rest or archived or answer.elapsed_ms >= network.timeout_s * 980 or is_bot_check(answer):
            return False
        if answer.failure is not None:
            return answer.failure in TRANSIENT
        return answer.status is not None and (answer.status >= 500 or answer.status == 408)

    def _most_tries(self, answer: Answer, extra: Extra | None) -> int:
        """A resolver has tried for itself, so that a machine without network is told so soon.

        A form may have been heard although its answer was lost: it is never sent twice unasked (RFC 9110 §9.2.2).
        """
        if extra is not None and extra.form is not None:
            return 1
        most = self._pace.tries(urls.host(answer.requested_url))
        return min(most, 2) if answer.failure is Outcome.DNS_ERROR else most

    def _ask(self, url: str, validators: Validators | None, *, keep_cut: bool, extra: Extra | None) -> Answer:
        if not self._budget.take():
            words = f"the run may make {self._network.max_requests} requests, and made them"
            return self._refuse(url, Outcome.SKIPPED, words)
        host = urls.host(url)
        self._sender.be_idle(self._pace.wait_s(host))
        self._pace.wait(host)
        before = self._clock.now()
        answer = self._sender.send(url, validators, keep_cut=keep_cut, extra=extra)
        self._pace.went_out(host, (answer.started_at - before).total_seconds(), answer.answered_s)
        return answer

    def _refuse(self, url: str, outcome: Outcome, words: str) -> Answer:
        return Answer(url, self._clock.now(), 0, failure=outcome, error=words)

    def _robots(self, url: str) -> Generator[Exchange, None, Answer | None]:
        """Ask for a robots.txt that is not known; gives an answer when the URL may not be asked."""
        origin, host = urls.origin(url), urls.host(url)
        rules = self._cache.get(origin, self._clock.now())
        if rules is None:
            rules = yield from self._fetch_robots(origin)
        if rules is None:
            return self._refuse(url, Outcome.SKIPPED, "the run's requests were spent before robots.txt was known")
        if rules.unreachable is not None:
            return self._refuse(url, rules.outcome, f"{rules.unreachable}: nothing is asked of {origin}")
        if rules.crawl_delay_s is not None and rules.crawl_delay_s > self._network.max_crawl_delay_s:
            asked = f"{rules.crawl_delay_s:g} s a request" if isfinite(rules.crawl_delay_s) else "a wait without end"
            words = f"robots.txt asks for {asked}, over network.max_crawl_delay_s"
            return self._refuse(url, Outcome.DISALLOWED, words)
        if rules.crawl_delay_s is not None:
            self._pace.slow_down(host, rules.crawl_delay_s)
        return (
            None if rules.allows(url) else self._refuse(url, Outcome.DISALLOWED, f"robots.txt of {origin} forbids it")
        )

    def _fetch_robots(self, origin: str) -> Generator[Exchange, None, RobotsRules | None]:
        """Ask for a robots.txt, through up to five redirects, also to other hosts (RFC 9309 §2.3.1.2).

        Redirects that lead nowhere, or where we do not go, are as no robots.txt. None when the budget is spent.
        """
        address = Address(f"{origin}/robots.txt", Kind.ROBOTS)
        url, rules = address.url, RobotsRules()
        for hop in range(_ROBOTS_REDIRECTS + 1):
            answer, tries = yield from self._tries(address, url, None, hop, keep_cut=True)
            if answer.failure is Outcome.SKIPPED:
                return None
            if answer.failure is not None or not redirects.is_redirect(answer):
                yield Exchange(address, answer, tries, hop)
                rules = robots.from_answer(answer, challenge=is_bot_check(answer))
                break
            answer = redirects.only_to_follow(
                answer, hop, (), _ROBOTS_REDIRECTS, gate=self._gate, allowed=lambda _: True, law="RFC 9309 §2.3.1.2"
            )
            yield Exchange(address, answer, tries, hop, final=not redirects.leads_on(answer))
            if answer.location is None or not redirects.leads_on(answer):
                break
            url = answer.location
        self._cache.keep(origin, rules, self._clock.now())
        return rules


def _of_a_hop(extra: Extra | None) -> Extra | None:
    """What goes along to another address: no range, no form and no key."""
    return None if extra is None else Extra(archived=extra.archived)


def is_bot_check(answer: Answer) -> bool:
    """Whether a bot check stands in place of what was asked, by Cloudflare's own field or by a small page's words."""
    if (answer.header("cf-mitigated") or "").lower() == "challenge":
        return True
    body = answer.body or b""
    return len(body) < _SMALL_PAGE and b"<" in body and _BOT_CHECK.search(body) is not None


def _hung_up(answer: Answer) -> bool:
    """Whether a host had closed, before it took the request, the connection that was kept open for it.

    Such a request may be sent once more, on a connection of its own (RFC 9112 §9.3.1); only GET and HEAD ever go over
    a kept one. It counts as a request, since who knows whether it was heard, but not against `tries`.
    """
    return answer.reused and answer.failure is Outcome.CONNECT_ERROR


class _wait(tenacity.wait.wait_base):  # noqa: N801 - tenacity's waits are named like functions
    """Exponential with jitter, or what Retry-After says where that is longer."""

    def __init__(self, network: Network) -> None:
        self._growing = tenacity.wait_exponential_jitter(multiplier=network.backoff_s, jitter=network.backoff_s / 4)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        answer = retry_state.outcome.result() if retry_state.outcome else None
        if isinstance(answer, Answer) and _hung_up(answer):
            return 0.0
        asked = answer.retry_after_s if isinstance(answer, Answer) else None
        return max(float(self._growing(retry_state)), asked or 0.0)
