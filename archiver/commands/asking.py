"""Asks whoever may hold a copy of a page: each request a row, each host with its own pace and its own breaker.

A host that refuses us, asks for a long rest or is down is left alone for the rest of the run; the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archiver import pages, urls
from archiver.archive.archive import Keeper
from archiver.commands.recording import Judged, Recorder
from archiver.commands.run import Run
from archiver.formats.values import MOST_COPIES
from archiver.holders.listing import NOTHING, Listing, NotAnIndex
from archiver.holders.wayback import excludes, is_memento
from archiver.model import (
    ABSENCES,
    FAULTS,
    REFUSALS,
    SUCCESSES,
    Address,
    Answer,
    CaptureSource,
    Exchange,
    Extra,
    Judgement,
    Kind,
    Outcome,
    Provenance,
)
from archiver.model.readings import Reading
from archiver.verdict import judge, silence_s
from archiver.web.pace import Breaker
from archiver.web.robots import heard_as
from archiver.web.visit import Visitor, is_bot_check

_AGAIN = 3  # asks of one URL that is answered with 429, each after the rest that the host wants
_FAULTS = 2  # answers in a row without anything, each after all its tries: then a host is down
EXCLUDED = "excludes this site from the public (Blocked Site Error): nothing of it is to be had there"
HOLDS_NONE = "holds no copy"
_Signals = dict[str, str | int | float | bool | None]
_NAMES_NONE: _Signals = {"copies": 0}
_DOWN = FAULTS | {Outcome.ROBOTS_UNREACHABLE}


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the last answer, with its body, what it was recorded as, where, and what it says."""

    answer: Answer
    judgement: Judgement
    fetch_id: int
    reading: Reading | None = None
    listing: Listing = NOTHING

    @property
    def good(self) -> bool:
        """Whether we have what we asked for."""
        return self.judgement.outcome in SUCCESSES


Judge = Callable[[Answer], Judged]


class Archives:
    """Web archives as one run asks them."""

    def __init__(self, run: Run, visitor: Visitor, breaker: Breaker) -> None:
        self._visitor = visitor
        self._breaker = breaker
        self._clock = run.clock
        self.recorder = Recorder(run)
        self._faults: Counter[str] = Counter()
        self._down: dict[str, str] = {}  # host → why it is left alone for the rest of the run
        self._silent: dict[str, str] = {}  # host → the last fault of one that has said nothing yet
        self._excluded: set[tuple[str, str]] = set()  # archive and the site that it keeps from the public
        limits = run.archive.manners.archive_limits(run.clock.now())
        self._limits = Counter({host: len(times) for host, times in limits.items()})
        self.answered: set[str] = set()  # hosts that said something of use

    def budget_left(self) -> bool:
        """Whether the run may make another request."""
        return self._visitor.budget_left()

    def refused(self) -> dict[str, str]:
        """Hosts that are not asked any more because they refused us, and why."""
        return {host: why for host, why in self._breaker.closed_hosts().items() if host not in self._down}

    def down(self) -> dict[str, str]:
        """Hosts that gave faults and nothing else, or too many of them in a row, and why."""
        return {**{host: f"{host} is down ({why})" for host, why in self._silent.items()}, **self._down}

    def come_back_at(self) -> datetime | None:
        """When the hosts that closed may be asked again."""
        return self._breaker.come_back_at

    def closed(self, url: str, page: Address) -> str | None:
        """Why the host of a URL is not asked about a page in this run any more; None while it is."""
        excluded = self.keeps_from_the_public(url, page)
        return EXCLUDED if excluded else self._breaker.closed(urls.host(url), page.kind)

    def keeps_from_the_public(self, url: str, page: Address) -> bool:
        """Whether the host of a URL said in this run that it excludes the site of a page."""
        return (urls.host(url), urls.host(page.url)) in self._excluded

    def is_left_alone(self, url: str) -> bool:
        """Whether the host of a URL is not asked about articles any more in this run."""
        return self._breaker.closed(urls.host(url), Kind.ARTICLE) is not None

    def ask(
        self, page: Address, url: str, source: CaptureSource, judge_answer: Judge, *, extra: Extra | None = None,
        allowed: Callable[[str], bool] = lambda _: False, robots: bool = True,
        made_at: Callable[[Answer], datetime | None] = lambda _: None, attempts: int = _AGAIN,
    ) -> Asked:  # fmt: skip
        """Ask for `url` on behalf of a page, again after a 429 whose rest is bearable; always gives a recorded answer.

        `judge_answer` says what the last answer is; `allowed` which redirect may be followed; `robots` False is for a
        documented interface; `made_at` when the copy that comes was made; `attempts` 1: not again after a 429.
        """
        for attempt in range(attempts):
            why_not = self.closed(url, page)
            if why_not is not None:
                judged, fetch_id = self.recorder.left_out(page, url, why_not, source)
                return Asked(judged.answer, judged.judgement, fetch_id)
            visit = self._visitor.visit_copy(page, url, extra, allowed=allowed, robots=robots)
            asked = self._heard(page, visit, source, judge_answer, made_at)
            limited = asked.judgement.outcome is Outcome.RATE_LIMITED and not is_memento(asked.answer)
            if not limited or attempt == attempts - 1:
                break
        return asked

    def _heard(
        self, page: Address, visit: Iterable[Exchange], source: CaptureSource, judge_answer: Judge,
        made_at: Callable[[Answer], datetime | None],
    ) -> Asked:  # fmt: skip
        asked = None
        for exchange in visit:
            if exchange.address.kind is Kind.ROBOTS:
                self._record_robots(exchange)
                continue
            judged = judge_answer(exchange.answer) if exchange.final else _in_between(page, exchange.answer)
            at = made_at(exchange.answer)
            at = min(at, exchange.answer.started_at) if at is not None else None  # no copy is of tomorrow
            provenance = Provenance(source, exchange.answer.requested_url, at)
            recorded = replace(exchange, answer=judged.answer, provenance=provenance)
            fetch_id = self.recorder.record(recorded, judged)
            self._hear(exchange, judged.judgement)
            self.recorder.tell(page, recorded, judged.judgement)
            had = exchange.answer if judged.reading is None else judged.answer
            asked = Asked(had, judged.judgement, fetch_id, judged.reading or judged.unkept, judged.listing)
        assert asked is not None, "a visit gives at least one exchange"
        return asked

    def _record_robots(self, exchange: Exchange) -> None:
        """The robots file of an archive is a page like any other."""
        judged = self.recorder.judged(exchange)
        self.recorder.record(exchange, judged)
        judgement = judged.judgement
        heard = heard_as(Kind.ROBOTS, judgement.outcome, exchange.answer.status)
        if exchange.final and heard in REFUSALS and heard is not Outcome.FORBIDDEN:
            host = urls.host(exchange.address.url)
            self._breaker.close(host, f"{host} refuses its robots.txt ({judgement.reason})", self._in_an_hour())
        self.recorder.tell(exchange.address, exchange, judgement)

    def _hear(self, exchange: Exchange, judgement: Judgement) -> None:
        """Tell the breaker. What an archive captured long ago says nothing about how it takes us now."""
        answer, outcome = exchange.answer, judgement.outcome
        host = urls.host(answer.requested_url)
        spoke = answer.status is not None and (answer.status < 400 or answer.status in {404, 410})
        if excludes(answer):
            self._excluded.add((host, urls.host(exchange.address.url)))
            spoke = True
        if is_memento(answer) or (spoke and not is_bot_check(answer)):
            self.answered.add(host)
            self._silent.pop(host, None)
            self._faults[host] = 0
            self._breaker.heard(host, exchange.address.kind, Outcome.OK, None)
            return
        rest_s = answer.retry_after_s
        if answer.status == 429:
            self._limits[host] += 1
            rest_s = max(rest_s or 0.0, silence_s(self._limits[host]))
        self._breaker.heard(host, exchange.address.kind, outcome, rest_s)
        if not exchange.final or outcome not in _DOWN or host in self._breaker.closed_hosts():
            return
        if host not in self.answered:
            self._silent[host] = judgement.reason
        self._faults[host] += 1 if answer.connected and outcome is not Outcome.ROBOTS_UNREACHABLE else _FAULTS
        if self._faults[host] >= _FAULTS:
            self._down[host] = f"{host} is down ({judgement.reason})"
            self._breaker.close(host, self._down[host], self._in_an_hour())

    def _in_an_hour(self) -> datetime:
        return self._clock.now() + timedelta(hours=1)


def _in_between(page: Address, answer: Answer) -> Judged:
    """A try or a redirect hop after which another request follows."""
    bare = replace(answer, body=None)
    return Judged(bare, judge(page, bare, None))


def judge_index(
    page: Address, read: Callable[[bytes], Listing], what: tuple[str, str] = ("copy", "copies"), *,
    others: Callable[[bytes], int] = lambda _: 0, says_none: Callable[[Answer], bool] = lambda _: False,
    of: str = "",
) -> Judge:  # fmt: skip
    """Judges answers of an index: how many copies it names. No copy is `not_found`: of a copy, not of the page.

    `others` counts what an answer names that is no copy to be had; `says_none`: whether a 404 says that it names none;
    `of` what was asked about, where that is not all. "Holds no copy" is said only of what names nothing at all.
    """
    none = f"holds no {what[0]}{of and f' {of}'}"

    def judged(answer: Answer, bare: Answer) -> tuple[Judgement, Listing]:
        status: _Signals = {"status": answer.status}
        if is_bot_check(answer):
            return Judgement(Outcome.CHALLENGE, "a bot check stands in place of the index", status), NOTHING
        if excludes(answer):
            return _excluded(answer), NOTHING
        if answer.failure is not None or answer.status is None or not 200 <= answer.status < 300:
            judgement = judge(page, bare, None)
            if judgement.outcome is Outcome.NOT_FOUND and says_none(answer):
                words = f"{none} (HTTP 404)"
                judgement = replace(judgement, reason=words, signals={**judgement.signals, **_NAMES_NONE})
            elif judgement.outcome in ABSENCES:
                words = f"HTTP {answer.status} in place of the index"
                judgement = replace(judgement, outcome=Outcome.UNREADABLE, reason=words)
            return judgement, NOTHING
        try:
            listing = read(answer.body or b"")
        except Exception as error:  # noqa: BLE001 - whatever trips a reader, the next archive is asked
            raised = f"the index cannot be read ({type(error).__name__})"
            words = str(error) if isinstance(error, NotAnIndex) else raised
            return Judgement(Outcome.UNREADABLE, words, status), NOTHING
        number = len(listing.copies)
        if not number:
            count = others(answer.body or b"")
            words = f"names {count} captures, of which none can be had" if count else none
            named: _Signals = {"others": count} if count else _NAMES_NONE
            return Judgement(Outcome.NOT_FOUND, words, status | named), listing
        dates = sorted(copy.made_at for copy in listing.copies)
        least = "at least " if number >= MOST_COPIES else ""
        words = f"names {least}{number} {what[number > 1]}, from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
        return Judgement(Outcome.OK, words, status | {"copies": number}), listing

    def say(answer: Answer) -> Judged:
        bare = replace(answer, body=None)  # an index is no capture of the page
        judgement, listing = judged(answer, bare)
        return Judged(bare, _at_step("index", judgement), listing=listing)

    return say


def _excluded(answer: Answer) -> Judgement:
    return Judgement(Outcome.FORBIDDEN, EXCLUDED, {"status": answer.status, "excluded": True})


def _at_step(step: str, judgement: Judgement) -> Judgement:
    return replace(judgement, signals={**judgement.signals, "step": step})


def _unpacked(answer: Answer, unpack: Callable[[Answer], Answer]) -> Answer:
    """What is inside a record; one that trips its reader is none."""
    try:
        return unpack(answer)
    except Exception as error:  # noqa: BLE001 - whatever trips a reader, the next copy is tried
        why = f"the record cannot be read ({type(error).__name__})"
        return replace(answer, body=None, failure=Outcome.PROTOCOL_ERROR, error=why)


def judge_copy(
    archive: Keeper, page: Address, source: CaptureSource, unpack: Callable[[Answer], Answer] = lambda answer: answer
) -> Judge:
    """Judges a copy of a page by the same rules as the site's own answer (`verdict.judge`)."""

    def say(answer: Answer) -> Judged:
        if excludes(answer):
            return Judged(replace(answer, body=None), _at_step("copy", _excluded(answer)))
        found = _unpacked(answer, unpack)
        reading = None
        if found.body is not None and found.failure is None:
            reading = pages.read(page, found.body, found.header("content-type"))
        held = archive.holds(Exchange(page, found, provenance=Provenance(source)), reading)
        judgement = judge(page, found, reading, held=held)
        archived = is_memento(answer) or found is not answer  # what came is a copy, and not the archive's own word
        reason = f"{judgement.reason}, as it was captured" if archived and (found.status or 0) >= 400 else None
        had = archived and found.failure is None  # all its bytes, so that they were judged
        signals = {**judgement.signals, "step": "copy", "archived": archived, "had": had}
        return Judged(found, replace(judgement, reason=reason or judgement.reason, signals=signals), reading)

    return say
