"""One visit to one page: robots first, then the page, redirects hop by hop, a few tries; each request an exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Protocol

import tenacity

from archiver import __version__, urls
from archiver.clock import Clock
from archiver.config import Network
from archiver.model import TRANSIENT, Address, Answer, Exchange, Kind, Outcome, Validators
from archiver.web import guard, robots
from archiver.web.pace import Pace
from archiver.web.robots import RobotsCache, Rules

_CHALLENGE = re.compile(rb"just a moment|cf-chl|challenge-form", re.IGNORECASE)
_DEADLINE_WORDS = "network.timeout_s"


class Sender(Protocol):
    """Makes one request (`archiver.web.client.Client`)."""

    def send(self, url: str, validators: Validators | None = None, *, keep_cut: bool = False) -> Answer:
        """Ask for a URL once."""


def user_agent(contact: str) -> str:
    """How we introduce ourselves (DESIGN §5): the program, its version, and whom to ask about it."""
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
        self._named = named_origins | frozenset(map(urls.origin, network.connect_to))

    def budget_left(self) -> bool:
        """Whether the run may make another request."""
        return self._budget.left()

    def visit(
        self, address: Address, validators: Validators | None, *, allowed: Callable[[str], bool]
    ) -> Iterator[Exchange]:
        """Every request made for a page, each given out before the next one goes out; the last is `final`.

        `allowed` says whether a redirect of this page may be followed to a URL.
        """
        url, hop, seen = address.url, 0, {address.url}
        while True:
            refusal = yield from self._robots(url)
            if refusal is not None:
                yield Exchange(address, refusal, hop=hop)
                return
            answer = yield from self._tries(address, url, validators if hop == 0 else None, hop)
            if answer.failure is not None or answer.location is None or not _is_redirect(answer):
                return
            target = answer.location
            reason = self._why_not_follow(target, hop, seen, allowed)
            if reason is not None:
                outcome, words = reason
                yield Exchange(address, replace(answer, failure=outcome, error=words), hop=hop)
                return
            yield Exchange(address, answer, hop=hop, final=False)
            url, hop = target, hop + 1
            seen.add(url)

    def _why_not_follow(
        self, target: str, hop: int, seen: set[str], allowed: Callable[[str], bool]
    ) -> tuple[Outcome, str] | None:
        shown = target[:200]
        refused = guard.refused_url(target, self._named)
        if refused is not None:
            return Outcome.OFF_SITE, f"redirected to {shown}, not followed: {refused}"
        if urls.denied(target) or not allowed(target):
            return Outcome.OFF_SITE, f"redirected to {shown}, not followed"
        if target in seen:
            return Outcome.PROTOCOL_ERROR, f"redirected in a circle, to {shown}"
        if hop >= self._network.max_redirects:
            return Outcome.PROTOCOL_ERROR, f"more than {self._network.max_redirects} redirects"
        return None

    # ─── tries ──────────────────────────────────────────────────────────────────────────────────

    def _tries(
        self, address: Address, url: str, validators: Validators | None, hop: int, *, keep_cut: bool = False
    ) -> Generator[Exchange, None, Answer]:
        """Ask for one URL, again after faults that pass; gives the last answer back.

        A redirect that can be followed is not given out here: `visit` decides whether it is the last word.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._network.tries),
            wait=_wait(self._network),
            retry=tenacity.retry_if_result(lambda answer: _worth_another_try(answer, self._network)),
            sleep=self._clock.sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        for attempt in retrying:
            with attempt:
                answer = self._ask(url, validators, keep_cut=keep_cut)
            if attempt.retry_state.outcome is not None and not attempt.retry_state.outcome.failed:
                attempt.retry_state.set_result(answer)
            number = attempt.retry_state.attempt_number
            again = (
                _worth_another_try(answer, self._network) and number < self._most_tries(answer) and self._budget.left()
            )
            if not (_is_redirect(answer) and answer.failure is None):
                yield Exchange(address, answer, tries=number, hop=hop, final=not again)
            if not again:
                return answer
        return answer

    def _most_tries(self, answer: Answer) -> int:
        """A resolver has tried for itself, so that a machine without network is told so soon."""
        return min(self._network.tries, 2) if answer.failure is Outcome.DNS_ERROR else self._network.tries

    def _ask(self, url: str, validators: Validators | None, *, keep_cut: bool) -> Answer:
        if not self._budget.take():
            words = f"the run may make {self._network.max_requests} requests, and made them"
            return Answer(url, self._clock.now(), 0, failure=Outcome.SKIPPED, error=words)
        self._pace.wait(urls.host(url))
        return self._sender.send(url, validators, keep_cut=keep_cut)

    # ─── robots ─────────────────────────────────────────────────────────────────────────────────

    def _robots(self, url: str) -> Generator[Exchange, None, Answer | None]:
        """Ask for a robots.txt that is not known; gives an answer when the URL may not be asked."""
        origin = urls.origin(url)
        rules = self._cache.get(origin, self._clock.now())
        if rules is None:
            rules = yield from self._fetch_robots(origin)
        if rules is None:
            return self._refuse(url, Outcome.SKIPPED, "the run's requests were spent before robots.txt was known")
        if rules.unreachable is not None:
            return self._refuse(url, Outcome.ROBOTS_UNREACHABLE, f"{rules.unreachable}: nothing is asked of {origin}")
        if rules.crawl_delay_s is not None:
            if rules.crawl_delay_s > self._network.max_crawl_delay_s:
                words = f"robots.txt asks for {rules.crawl_delay_s:g} s a request, over network.max_crawl_delay_s"
                return self._refuse(url, Outcome.DISALLOWED, words)
            self._pace.slow_down(urls.host(url), rules.crawl_delay_s)
        if not rules.allows(url):
            return self._refuse(url, Outcome.DISALLOWED, f"robots.txt of {origin} forbids it")
        return None

    def _refuse(self, url: str, outcome: Outcome, words: str) -> Answer:
        return Answer(url, self._clock.now(), 0, failure=outcome, error=words)

    def _fetch_robots(self, origin: str) -> Generator[Exchange, None, Rules | None]:
        """Ask for a robots.txt, following up to five redirects, also to other hosts (RFC 9309 §2.3.1.2)."""
        address = Address(f"{origin}/robots.txt", Kind.ROBOTS)
        url, hop = address.url, 0
        while True:
            answer = yield from self._tries(address, url, None, hop, keep_cut=True)
            if answer.failure is Outcome.SKIPPED:
                return None
            if not _is_redirect(answer) or answer.failure is not None:
                break
            refused = guard.refused_url(answer.location or "", self._named)
            if hop >= self._network.max_redirects or refused is not None or not answer.location:
                words = refused or f"more than {self._network.max_redirects} redirects"
                yield Exchange(address, replace(answer, failure=Outcome.PROTOCOL_ERROR, error=words), hop=hop)
                self._cache.keep(origin, Rules(), self._clock.now())  # RFC 9309 §2.3.1.2: as if there were none
                return Rules()
            yield Exchange(address, answer, hop=hop, final=False)
            url, hop = answer.location, hop + 1
        rules = robots.from_answer(answer, challenge=_CHALLENGE.search((answer.body or b"")[:20_000]) is not None)
        self._cache.keep(origin, rules, self._clock.now())
        return rules


def _is_redirect(answer: Answer) -> bool:
    return (
        answer.status is not None
        and 300 <= answer.status < 400
        and answer.status != 304
        and answer.location is not None
    )


def _worth_another_try(answer: Answer, network: Network) -> bool:
    """Transport faults and 5xx pass; refusals, certificates and the whole request's deadline do not (DESIGN §5)."""
    if answer.retry_after_s is not None and answer.retry_after_s > network.max_retry_after_s:
        return False
    if answer.failure is Outcome.TIMEOUT and _DEADLINE_WORDS in (answer.error or ""):
        return False
    if answer.failure is not None:
        return answer.failure in TRANSIENT
    return answer.status is not None and (answer.status >= 500 or answer.status == 408)


class _wait(tenacity.wait.wait_base):  # noqa: N801 - tenacity's waits are named like functions
    """Exponential with jitter, or what Retry-After says where that is longer."""

    def __init__(self, network: Network) -> None:
        self._growing = tenacity.wait_exponential_jitter(multiplier=network.backoff_s, jitter=network.backoff_s / 4)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        answer = retry_state.outcome.result() if retry_state.outcome else None
        asked = answer.retry_after_s if isinstance(answer, Answer) else None
        return max(float(self._growing(retry_state)), asked or 0.0)
