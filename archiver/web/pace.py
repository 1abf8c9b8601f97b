"""When the next request to a host may start, and whether the host wants more of them at all."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from archiver import urls
from archiver.config import Network
from archiver.machine.clock import Clock
from archiver.model import ABSENCES, LONGEST_REST_S, NOT_ASKED, REFUSALS, SUCCESSES, Kind, Outcome
from archiver.text import event
from archiver.web.turns import POLL_S, Turns

_log = logging.getLogger(__name__)

_REST_FACTOR = 10  # after a 429 without Retry-After, so many delays
_LONGEST_TURN_S = 120.0  # longer than a request of another archiver may take
_OF_LATE = 5  # answers that say how soon a host begins to answer
_PATIENCE = 2  # pages that failed in a row on a host: from then on each is tried once


class Pace:
    """Spaces the starts of requests to each host; remembers them across restarts by what it is told."""

    def __init__(
        self, network: Network, clock: Clock, last_starts: Mapping[str, datetime] | None = None,
        turns: Turns | None = None,
    ) -> None:  # fmt: skip
        """`last_starts`: host → when its last request went out, from the archive; `turns`: shared with other archivers.

        Hosts that `connect_to` maps to one server share its pace: it is that server which feels the load.
        """
        self._network = network
        self._clock = clock
        self._next: dict[str, float] = {}
        self._crawl_delay: dict[str, float] = {}
        self._impatient: set[str] = set()
        self._turns = turns or Turns(None)
        self._started = 0.0
        self._answered_s: dict[str, deque[float]] = {}  # server → how long its last answers took to begin
        self._servers = {urls.host(name): urls.host(target) for name, target in network.connect_to.items()}
        now, monotonic = clock.now(), clock.monotonic()
        for host, start in (last_starts or {}).items():
            ago = min(max((now - start).total_seconds(), 0.0), network.delay_s)  # a clock set back: just now
            server = self._server(host)
            self._next[server] = max(self._next.get(server, 0.0), monotonic + network.delay_s - ago)

    def _server(self, host: str) -> str:
        return self._servers.get(host, host)

    def delay_s(self, host: str) -> float:
        """The least time between two starts: ours, or the host's crawl-delay where that is longer."""
        return max(self._network.delay_s, self._crawl_delay.get(self._server(host), 0.0))

    def slow_down(self, host: str, crawl_delay_s: float) -> None:
        """Take a host's crawl-delay; it can only slow us."""
        server = self._server(host)
        before = self.delay_s(host)
        self._crawl_delay[server] = max(crawl_delay_s, self._crawl_delay.get(server, 0.0))
        if server in self._next:
            self._next[server] += self.delay_s(host) - before

    def wait_s(self, host: str) -> float:
        """Seconds until the next request to a host may start; 0 for at once."""
        return max(self._next.get(self._server(host), 0.0) - self._clock.monotonic(), 0.0)

    def wait(self, host: str) -> None:
        """Wait until the next request may start, and note that it starts now."""
        seconds = self.wait_s(host)
        if seconds:
            _log.info(event("wait", host=host, seconds=f"{seconds:.2f}"))
        self._clock.sleep(seconds)
        delay_s, jitter_s = self.delay_s(host), self._network.jitter_s
        if delay_s + jitter_s > 0:
            self._wait_for_turn(host, delay_s)
        self._started = self._clock.monotonic()
        self._next[self._server(host)] = self._started + delay_s + jitter_s

    def _wait_for_turn(self, host: str, gap_s: float) -> None:
        """Wait for other archivers on this machine; not for ever for one that does not end its turn."""
        busy_s = 0.0
        while busy_s < _LONGEST_TURN_S:
            seconds = self._turns.take(self._server(host), gap_s, self._clock.monotonic())
            if seconds <= 0:
                return
            busy_s += seconds if seconds == POLL_S else 0.0
            self._clock.sleep(seconds)

    def went_out(self, host: str, seconds: float, answered_s: float | None = None) -> None:
        """A request has ended that went out so many seconds after the wait: the delay runs from there.

        Or from a little later. The host sees the gap from its own side: it heard of the request some time between its
        going out and the first byte of the answer, `answered_s` later. So that time is added: `jitter_s` of it, or
        all where it is twice what the host took of late, which is a busy host or line and not the work of its answer.
        """
        jitter_s = self._network.jitter_s
        late_s = self._late_s(self._server(host), answered_s) if jitter_s else 0.0
        went_out_s = seconds if 0 < seconds < self._network.timeout_s else 0.0  # anything else is a clock that was set
        self._next[self._server(host)] += went_out_s + late_s - jitter_s
        self._turns.give_back(self._started + went_out_s + late_s)

    def _late_s(self, server: str, answered_s: float | None) -> float:
        """How much later than it went out the host may have heard of the request that it answered so late."""
        if answered_s is None:
            return self._network.jitter_s
        of_late = self._answered_s.setdefault(server, deque(maxlen=_OF_LATE))
        of_late.append(answered_s)
        return answered_s if answered_s > 2 * min(of_late) else min(answered_s, self._network.jitter_s)

    def rest(self, host: str, seconds: float | None) -> None:
        """The host asked for a rest: so long, or ten delays when it did not say how long."""
        rest = self.delay_s(host) * _REST_FACTOR if seconds is None else seconds
        server = self._server(host)
        self._next[server] = max(self._next.get(server, 0.0), self._clock.monotonic() + rest)
        self._turns.rest(server, self._next[server])

    def be_patient(self, host: str, *, patient: bool) -> None:
        """Whether what fails on a host is worth another try: not where everything has failed of late."""
        (self._impatient.discard if patient else self._impatient.add)(host)

    def tries(self, host: str) -> int:
        """How often one URL of a host is tried at most."""
        return 1 if host in self._impatient else self._network.tries


class Trouble(StrEnum):
    """What a fault says of a host."""

    FAILED = "failed"  # it was reached, and gave nothing whole
    DOWN = "down"  # no connection, while other hosts answered
    OFFLINE = "offline"  # no connection, perhaps for want of a network on this machine


def trouble(outcome: Outcome, connected: bool | None, *, others_answer: bool) -> Trouble | None:
    """The trouble of a host, None for none. `connected`: whether a fault was of one reached; None: an answer came."""
    if outcome is Outcome.SERVER_ERROR or connected:
        return Trouble.FAILED
    if connected is None:
        return None
    return Trouble.DOWN if others_answer and outcome is not Outcome.DNS_ERROR else Trouble.OFFLINE


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one request, as far as it says how a host takes us."""

    host: str  # of a robots.txt the host that it is for, whoever answered at the end of its redirects
    kind: Kind
    outcome: Outcome
    retry_after_s: float | None
    at: datetime
    trouble: Trouble | None = None
    final: bool = True  # False: another try or hop followed


@dataclass(frozen=True, slots=True)
class Closure:
    """Something that is not asked of a host any more, why, and until when."""

    host: str
    kind: Kind | None  # None: nothing at all
    why: str
    until: datetime
    is_ours: bool  # False: the host itself, or the caller, said until when
    is_fault: bool = False  # the host fails, and refuses nobody


class Breaker:
    """Stops asking a host that refuses us: being refused is a reason to stop, not to try harder.

    By docs/law.md §9, and docs/politeness.md for people. iThome refuses by path: series pages may be refused while
    articles answer (docs/site.md §13). So refusals in a row close one kind of page on a host first, and the whole host
    only when kinds of every sort are refused. Answers between them begin the count anew, except of 429s.

    A host that fails is left alone as well, counted by pages, each with all its tries: one failing page of thirty says
    nothing, five in a row say that its trouble is not ours to add to. That this machine has no network makes no host
    rest. What earlier runs heard is told by the same law (`remember`), so that a rest outlasts the run that began it.
    """

    def __init__(self, network: Network, clock: Clock, pace: Pace, rest_s: float = 3600.0) -> None:
        """`rest_s`: how long what refused us is left alone."""
        self._network = network
        self._clock = clock
        self._pace = pace
        self._rest = timedelta(seconds=rest_s)
        self._of_kind: dict[tuple[str, Kind], int] = {}
        self._of_host: dict[str, int] = {}
        self._failed_of_kind: dict[tuple[str, Kind], int] = {}
        self._failed_of_host: dict[str, int] = {}
        self._too_fast: dict[str, list[datetime]] = {}
        self._closures: dict[tuple[str, Kind | None], Closure] = {}

    def heard(
        self, host: str, kind: Kind, outcome: Outcome, retry_after_s: float | None, *,
        trouble: Trouble | None = None, final: bool = True,
    ) -> None:  # fmt: skip
        """Note what came of a request."""
        heard = Heard(host, kind, outcome, retry_after_s, self._clock.now(), trouble, final)
        self._count(heard)
        self._give_rest(heard)

    def remember(self, earlier: Iterable[Heard], *, ours: bool = True) -> None:
        """Take over what earlier runs heard, oldest first; `ours` False: only the rests that hosts asked for."""
        now = self._clock.now()
        for heard in earlier:
            if heard.at > now or heard.trouble is Trouble.OFFLINE:  # a clock that was wrong, or no network, then
                continue
            if ours:
                self._count(heard)
            self._give_rest(heard)
            if heard.outcome in SUCCESSES:
                self._lift(heard)
        self._closures = {key: one for key, one in self._closures.items() if one.until > now}

    def _count(self, heard: Heard) -> None:
        host, kind, outcome = heard.host, heard.kind, heard.outcome
        if outcome in SUCCESSES | ABSENCES:  # the host answers what it is asked
            self._of_kind[host, kind] = 0
            if kind is not Kind.ROBOTS:  # which many hosts serve to those whom they refuse everything else
                self._of_host[host] = 0
        if outcome in REFUSALS:
            of_kind = self._of_kind[host, kind] = self._of_kind.get((host, kind), 0) + 1
            of_host = self._of_host[host] = self._of_host.get(host, 0) + 1
            if kind is Kind.ROBOTS and outcome is not Outcome.FORBIDDEN:  # without it nothing may be asked
                self._rests(heard, None, f"{host} refuses its robots.txt ({outcome})")
            elif of_host >= self._network.host_refusals:
                self._rests(heard, None, f"{host} refused {of_host} requests in a row ({outcome}), of every kind")
            elif of_kind >= self._network.refusals:
                self._rests(heard, kind, f"{host} refused {of_kind} {kind} pages in a row ({outcome})")
        if outcome is Outcome.RATE_LIMITED:
            self._count_too_fast(heard)
        self._count_trouble(heard)

    def _count_trouble(self, heard: Heard) -> None:
        """Pages in a row that failed."""
        host, kind, outcome, most = heard.host, heard.kind, heard.outcome, self._network.host_faults
        if heard.trouble is None:
            if kind is not Kind.ROBOTS and outcome not in NOT_ASKED:  # a robots.txt may be served by another machine
                self._failed_of_kind[host, kind] = self._failed_of_host[host] = 0
                self._pace.be_patient(host, patient=True)
            return
        if not heard.final:
            return
        of_kind = self._failed_of_kind[host, kind] = self._failed_of_kind.get((host, kind), 0) + 1
        of_host = self._failed_of_host[host] = self._failed_of_host.get(host, 0) + 1
        if of_host >= _PATIENCE:
            self._pace.be_patient(host, patient=False)
        if kind is Kind.ROBOTS and (outcome is Outcome.SERVER_ERROR or of_host >= most):
            self._fails(heard, None, f"{host}: its robots.txt could not be had ({outcome})")
        elif of_host >= most and of_host > of_kind:
            self._fails(heard, None, f"{host} failed {of_host} times in a row ({outcome}), with every kind of page")
        elif of_kind >= most:
            self._fails(heard, kind, f"{host} failed {of_kind} {kind} pages in a row ({outcome})")

    def _count_too_fast(self, heard: Heard) -> None:
        """429s within one rest, whatever was answered between."""
        host = heard.host
        lately = [at for at in self._too_fast.get(host, []) if heard.at - at < self._rest]
        self._too_fast[host] = [*lately, heard.at]
        if len(lately) + 1 >= self._network.host_refusals:
            self._rests(heard, None, f"{host} said {len(lately) + 1} times that we ask too often (rate_limited)")

    def _give_rest(self, heard: Heard) -> None:
        """The rest that a host asked for; one that a 429 means without saying so, and a longer delay after it."""
        host, wanted = heard.host, heard.retry_after_s
        is_too_fast = heard.outcome is Outcome.RATE_LIMITED
        if heard.outcome not in REFUSALS | {Outcome.SERVER_ERROR} or (wanted is None and not is_too_fast):
            return
        gone_by = self._clock.now() - heard.at
        seconds = self._pace.delay_s(host) * _REST_FACTOR if wanted is None else min(wanted, LONGEST_REST_S)
        if is_too_fast and gone_by < self._rest:
            self._pace.slow_down(host, min(2 * self._pace.delay_s(host), self._network.max_crawl_delay_s))
        if wanted is not None and wanted > self._network.max_retry_after_s:
            why = f"{host} asks us to wait {round(wanted)} s"
            self._close(Closure(host, None, why, heard.at + timedelta(seconds=seconds), is_ours=False))
        elif seconds > gone_by.total_seconds():
            self._pace.rest(host, seconds - gone_by.total_seconds())

    def _rests(self, heard: Heard, kind: Kind | None, why: str) -> None:
        self._close(Closure(heard.host, kind, why, heard.at + self._rest, is_ours=True))

    def _fails(self, heard: Heard, kind: Kind | None, why: str) -> None:
        """A robots.txt that the host itself fails to give is its word that nothing may be asked, and no mere fault."""
        rest = timedelta(0) if heard.trouble is Trouble.OFFLINE else self._rest
        is_fault = heard.kind is not Kind.ROBOTS or heard.trouble is not Trouble.FAILED
        self._close(Closure(heard.host, kind, why, heard.at + rest, is_ours=True, is_fault=is_fault))

    def _lift(self, heard: Heard) -> None:
        """An earlier run was answered again, as when it was told to ask all the same."""
        for kind in (heard.kind, None):
            found = self._closures.get((heard.host, kind))
            if found is not None and found.is_ours and heard.kind is not Kind.ROBOTS:
                del self._closures[heard.host, kind]

    def close(self, host: str, reason: str, until: datetime | None = None) -> None:
        """Ask nothing more of a host in this run; it rests until then, where somebody said until when."""
        self._close(Closure(host, None, reason, until or self._clock.now() + self._rest, is_ours=until is None))

    def _close(self, closure: Closure) -> None:
        known = self._closures.get((closure.host, closure.kind))
        if known is None or closure.until > known.until:
            self._closures[closure.host, closure.kind] = closure
            until = closure.until.isoformat(timespec="seconds")
            _log.info(
                event("decision", host=closure.host, kind=closure.kind or "all", rest_until=until, why=closure.why)
            )

    def closed(self, host: str, kind: Kind) -> str | None:
        """Why a kind of page is not asked of a host any more in this run; None while it is."""
        found = self._closures.get((host, None)) or self._closures.get((host, kind))
        return None if found is None else found.why

    def closures(self) -> list[Closure]:
        """Everything that is not asked any more: whole hosts, and kinds of pages on one."""
        return list(self._closures.values())

    @property
    def come_back_at(self) -> datetime | None:
        """When the last of the hosts has rested; None while no host is closed."""
        return max((one.until for one in self._closures.values() if one.kind is None), default=None)

    def closed_hosts(self) -> dict[str, str]:
        """Every host that is not asked any more, and why."""
        return {one.host: one.why for one in self._closures.values() if one.kind is None}
