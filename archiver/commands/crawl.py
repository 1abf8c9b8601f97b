"""The loop of a run, as docs/design.md draws it: while a page is due, ask, record, and go on.

It does not decide what an answer means (`verdict`), when the next request may start (`web.pace`), what a page says
(`pages`) or what is a part (`archive.membership`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from archiver import urls
from archiver.archive.archive import Standing
from archiver.archive.frontier import Scope
from archiver.archive.ledger import DuePage
from archiver.commands.recording import Recorder
from archiver.commands.run import Run
from archiver.model import (
    ABSENCES,
    LISTS,
    NOT_ASKED,
    REFUSALS,
    SUCCESSES,
    Address,
    Answer,
    Exchange,
    Judgement,
    Kind,
    Outcome,
    State,
)
from archiver.verdict import may_lead_to
from archiver.web import robots
from archiver.web.pace import Breaker, Closure, trouble
from archiver.web.redirects import is_redirect
from archiver.web.visit import Visitor

_ABSENT_ALREADY = frozenset({State.SUSPECT, State.GONE})
_SHOWN = frozenset({Kind.IMAGE, Kind.LINK})  # that they are missing is told, but makes no run fail
_ESSENTIAL = frozenset({Kind.ARTICLE, Kind.INDEX})  # when these are refused, the run has failed
_HELPERS = frozenset({Kind.ROBOTS, Kind.CONTROL})  # asked for the sake of other pages


@dataclass(slots=True)
class Crawled:
    """What asking came to. `ended_by` is one of the words of `runs.ended_by`.

    Not frozen: it grows with each answer, so that an interruption loses nothing of it; only `Crawl` writes it.
    """

    ended_by: str = "finished"
    outcomes: Counter[Outcome] = field(default_factory=Counter)  # of the pages asked, robots apart
    failed: list[tuple[str, Outcome, str]] = field(default_factory=list)  # URL, outcome, reason
    refused_hosts: dict[str, str] = field(default_factory=dict)  # host → why nothing more is asked of it
    come_back_at: datetime | None = None
    failing: dict[str, str] = field(default_factory=dict)  # host → how it fails, so that it is left alone
    failing_until: datetime | None = None  # when it has rested; None for at once
    left: int = 0  # pages still to be asked
    resting: int = 0  # pages that were refused and are not asked before `resting_until`
    resting_until: datetime | None = None
    next_due: datetime | None = None  # when the first page is due again
    unconnected: dict[str, str] = field(default_factory=dict)  # host → why no connection to it could be made
    connected: bool = False  # some host answered


class Crawl:
    """One run over one archive."""

    def __init__(self, run: Run, visitor: Visitor, breaker: Breaker, scope: Scope) -> None:
        self._images = run.config.images
        self._images_asked = 0
        self._needed: set[tuple[str, Kind]] = set()  # where parts and lists were to be asked
        self._due_absent = 0  # parts that were due, and absent for the first time
        self._archive = run.archive
        self._visitor = visitor
        self._breaker = breaker
        self._clock = run.clock
        self._scope = scope
        self._recorder = Recorder(run)
        self._unreachable: dict[str, str] = {}  # host → why its robots.txt could not be had in this run
        self.result = Crawled()

    def run(self) -> Crawled:
        """Ask every page that is due, once, until none is left or the run must stop."""
        while (page := self._next_page()) is not None:
            judgement = self._visit(page)
            self._images_asked += page.address.kind is Kind.IMAGE
            if page.address.kind is Kind.INDEX and judgement.outcome not in SUCCESSES:
                self._try_alternates(page)
            if page.address.kind is Kind.ARTICLE and judgement.outcome in ABSENCES:
                is_vouched = "unlisted_since" in judgement.signals
                self._due_absent += page.state not in _ABSENT_ALREADY and not is_vouched
                self._ask_control()
            if page.address.kind in LISTS:
                self._archive.library.settle()
            if not self._visitor.budget_left():
                self.result.ended_by = "limit"
                break
        self._ask_witnesses()
        self._archive.library.settle()
        self._conclude()
        return self.result

    def _next_page(self) -> DuePage | None:
        """The next due page; when none is left, what was learnt may have made some."""
        settled = False
        while True:
            if self._images.max_per_run and self._images_asked >= self._images.max_per_run:
                self._scope = replace(self._scope, images=False)
            page = self._archive.next_page(self._scope, self._clock.now())
            if page is not None and self._why_not(page.address) is None:
                return page
            if page is not None:
                self._leave_out()
            elif settled:
                return None
            else:
                self._archive.library.settle()
                settled = True

    def _why_not(self, address: Address) -> tuple[Outcome, str] | None:
        """Why a page is not asked any more in this run, as an outcome and a reason; None while it is."""
        host = urls.host(address.url)
        if address.kind not in _SHOWN:
            self._needed.add((host, address.kind))
        if host in self._unreachable:
            return Outcome.ROBOTS_UNREACHABLE, self._unreachable[host]
        reason = self._breaker.closed(host, address.kind)
        return None if reason is None else (Outcome.SKIPPED, reason)

    def _leave_out(self) -> None:
        """Note of every due page that is not asked any more why it is not: a row each, in one commit."""
        now = self._clock.now()
        left_out = []
        for page in self._archive.due(self._scope, now):
            why_not = self._why_not(page.address)
            if why_not is not None:
                outcome, reason = why_not
                answer = Answer(page.address.url, now, 0, failure=outcome, error=reason)
                left_out.append((Exchange(page.address, answer), Judgement(outcome, reason)))
        self._archive.ledger.record_all(self._scope.run_id, left_out)
        for exchange, judgement in left_out:
            self._count(exchange, judgement)
        exchange, judgement = left_out[-1]
        self._recorder.left, self._recorder.done = 0, sum(self.result.outcomes.values())
        self._recorder.tell(exchange.address, exchange, judgement)

    def _try_alternates(self, page: DuePage) -> None:
        """The index in another language, when this one does not answer."""
        for alternate in self._archive.alternates(page.address.url, self._clock.now()):
            if self._why_not(alternate.address) is None and self._visit(alternate).outcome in SUCCESSES:
                self.result.failed = [entry for entry in self.result.failed if entry[0] != page.address.url]
                return

    def _ask_control(self) -> None:
        """How does the host answer for an article that cannot exist? Asked at most once a day (docs/law.md §5.2)."""
        page = self._archive.control_due(self._clock.now())
        if page is not None and self._visitor.budget_left() and self._why_not(page.address) is None:
            self._visit(page)

    def _ask_witnesses(self) -> None:
        """When few parts were due and some of them were absent, see whether others are there."""
        while self._visitor.budget_left():
            page = self._archive.witness(self._scope.run_id, self._due_absent)
            if page is None or self._why_not(page.address) is not None:
                return
            self._visit(page)

    def _visit(self, page: DuePage) -> Judgement:
        judgement = None
        for exchange in self._visitor.visit(page.address, page.validators, allowed=partial(may_lead_to, page.address)):
            judgement = self._record(page, exchange)
        assert judgement is not None, "a visit gives at least one exchange"
        return judgement

    def _record(self, page: DuePage, exchange: Exchange) -> Judgement:
        """Commit the evidence of one exchange, then its reading; tell the breaker and the listener."""
        exchange = self._within_bounds(exchange)
        judged = self._recorder.judged(exchange, page)
        judgement = self._with_witness(exchange.address, judged.judgement)
        self._recorder.record(exchange, replace(judged, judgement=judgement))
        self._count(exchange, judgement)
        if judgement.outcome is Outcome.ROBOTS_UNREACHABLE:
            self._unreachable[urls.host(exchange.answer.requested_url)] = judgement.reason
        self._tell_breaker(exchange, judgement)
        self._recorder.left = self._archive.left(self._scope, self._clock.now()) if exchange.final else 0
        self._recorder.done = sum(self.result.outcomes.values())
        self._recorder.tell(page.address, exchange, judgement)
        return judgement

    def _with_witness(self, address: Address, judgement: Judgement) -> Judgement:
        """An absence with what the lists of its series say of it: that is evidence, too (`archive.witnesses`)."""
        if address.kind is not Kind.ARTICLE or judgement.outcome not in ABSENCES:
            return judgement
        since = self._archive.unlisted_since(address.url)
        if since is None:
            return judgement
        reason = f"{judgement.reason}; the lists of its series name it no longer, since {since[:10]}"
        return replace(judgement, reason=reason, signals={**judgement.signals, "unlisted_since": since})

    def _tell_breaker(self, exchange: Exchange, judgement: Judgement) -> None:
        address, answer = exchange.address, exchange.answer
        connected = judgement.signals.get("connected")
        found = trouble(
            judgement.outcome, None if connected is None else bool(connected), others_answer=self.result.connected
        )
        self._breaker.heard(
            urls.host(address.url if address.kind is Kind.ROBOTS else answer.requested_url), address.kind,
            robots.heard_as(address.kind, judgement.outcome, answer.status), answer.retry_after_s,
            trouble=found, final=exchange.final,
        )  # fmt: skip

    def _within_bounds(self, exchange: Exchange) -> Exchange:
        """An image that is larger than we keep is none."""
        answer, most = exchange.answer, self._images.max_bytes
        if exchange.address.kind is not Kind.IMAGE or len(answer.body or b"") <= most:
            return exchange
        words = f"{len(answer.body or b'')} bytes, over images.max_bytes"
        return replace(exchange, answer=replace(answer, body=None, failure=Outcome.TOO_LARGE, error=words))

    def _count(self, exchange: Exchange, judgement: Judgement) -> None:
        result, outcome = self.result, judgement.outcome
        if exchange.address.kind is Kind.ROBOTS and exchange.final and _says_no(exchange.answer, outcome):
            host = urls.host(exchange.address.url)
            self._needed.add((host, Kind.ROBOTS))
            result.refused_hosts[host] = f"{exchange.address.url} could not be had ({judgement.reason})"
        if outcome not in NOT_ASKED:
            result.connected |= exchange.answer.connected
            if not exchange.answer.connected:
                result.unconnected[urls.host(exchange.answer.requested_url)] = judgement.reason
        if exchange.final and exchange.address.kind not in _HELPERS:
            result.outcomes[outcome] += 1
            if outcome not in SUCCESSES and exchange.address.kind not in _SHOWN:
                result.failed.append((exchange.address.url, outcome, judgement.reason))

    def _conclude(self) -> None:
        """How the run ended, what is left, and when to come back."""
        result, now = self.result, self._clock.now()
        result.left = self._archive.count_due(self._scope, now)
        standing = self._archive.standing(self._scope, now)
        resting = [page for page in standing if page.last_outcome in REFUSALS and page.due_at > now]
        result.resting = len(resting)
        result.resting_until = min((page.due_at for page in resting), default=None)
        result.next_due = self._archive.next_due(self._scope, now)
        self._needed |= {(page.host, page.kind) for page in resting if not page.is_held}
        self._note_failing(standing)
        closures = [one for one in self._breaker.closures() if self._stops_us(one)]
        hosts = {host for host, _ in self._needed}
        result.refused_hosts = {host: why for host, why in result.refused_hosts.items() if host in hosts}
        result.refused_hosts |= {one.host: one.why for one in sorted(closures, key=lambda one: one.kind is None)}
        if not result.refused_hosts and self._was_all_refused(resting):
            result.refused_hosts = _refusals(resting)
            result.come_back_at = result.resting_until
        if result.refused_hosts:
            result.ended_by = "refused"
            result.come_back_at = max((one.until for one in closures), default=result.come_back_at)
            result.left = sum(page.due_at <= now or page.last_outcome in REFUSALS for page in standing)

    def _note_failing(self, standing: list[Standing]) -> None:
        """Which hosts fail so that they are left alone: nobody refuses us, and the next run may go on."""
        result, now = self.result, self._clock.now()
        faults = [one for one in self._breaker.closures() if one.is_fault]
        result.failing = {one.host: one.why for one in sorted(faults, key=lambda one: one.kind is None)}
        result.failing_until = max((one.until for one in faults if one.until > now), default=None)
        if faults:
            result.left = sum(page.due_at <= now for page in standing)

    def _stops_us(self, closure: Closure) -> bool:
        """Whether what is not asked any more is what the run is for.

        Series pages and feeds are not, since others tell of the parts, nor a host of images alone, nor one that fails.
        """
        if closure.is_fault:
            return False
        if closure.kind is None:
            return any(host == closure.host for host, _ in self._needed)
        return closure.kind in _ESSENTIAL and (closure.host, closure.kind) in self._needed

    def _was_all_refused(self, resting: list[Standing]) -> bool:
        """Whether nothing but refusals came; or nothing was asked, since all that is missing rests after one."""
        outcomes = self.result.outcomes
        if not outcomes:
            return bool(resting) and not self._archive.holds_a_part(self._scope, self._clock.now())
        refused = any(outcomes[outcome] for outcome in REFUSALS)
        return refused and not any(outcomes[outcome] for outcome in SUCCESSES | ABSENCES)


def _refusals(resting: list[Standing]) -> dict[str, str]:
    """Host → what it refused."""
    said: dict[str, list[str]] = {}
    for (host, kind, outcome), count in Counter((page.host, page.kind, page.last_outcome) for page in resting).items():
        said.setdefault(host, []).append(f"{count} {kind} page{'s' * (count > 1)} ({outcome})")
    return {host: f"{host} refused {', '.join(what)}" for host, what in said.items()}


def _says_no(answer: Answer, outcome: Outcome) -> bool:
    """Whether a robots.txt that cannot be had is the host's doing, and not a missing network.

    A 4xx means that there are no rules; a name that does not resolve or a closed port says nothing of what it wants.
    """
    if outcome is Outcome.SKIPPED or not answer.connected or is_redirect(answer):  # one that leads nowhere is none
        return False
    status = answer.status
    is_check = outcome is Outcome.CHALLENGE and status is not None and 200 <= status < 300
    return answer.failure is not None or status is None or status in {408, 429} or status >= 500 or is_check
