"""When the next request to a host may start, and whether the host wants more of them at all."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from archiver import urls
from archiver.clock import Clock
from archiver.config import Network
from archiver.model import ABSENCES, REFUSALS, SUCCESSES, Kind, Outcome

_REST_FACTOR = 10  # after a 429 without Retry-After, so many delays


class Pace:
    """Spaces the starts of requests to each host; remembers them across restarts by what it is told."""

    def __init__(self, network: Network, clock: Clock, last_starts: Mapping[str, datetime] | None = None) -> None:
        """`last_starts`: host → when its last request went out, from the archive.

        Hosts that `connect_to` maps to one server share its pace: it is that server which feels the load.
        """
        self._network = network
        self._clock = clock
        self._next: dict[str, float] = {}
        self._crawl_delay: dict[str, float] = {}
        self._servers = {urls.host(name): urls.host(target) for name, target in network.connect_to.items()}
        self._random = random.Random()  # noqa: S311 - spreads requests, keeps no secret
        now, monotonic = clock.now(), clock.monotonic()
        for host, start in (last_starts or {}).items():
            ago = min(max((now - start).total_seconds(), 0.0), network.delay_s)  # a clock set back: just now
            server = self._server(host)
            self._next[server] = max(self._next.get(server, 0.0), monotonic + network.delay_s - ago)

    def _server(self, host: str) -> str:
        return self._servers.get(host, host)

    def delay_s(self, host: str) -> float:
        """The least time between two starts: ours, or the host's crawl-delay where that is longer (DESIGN §5)."""
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
        self._clock.sleep(self.wait_s(host))
        # Never quite without jitter: the host sees the gap from its own side, where a slower connection eats into it.
        jitter = self._network.jitter_s * self._random.uniform(0.25, 1.0)
        self._next[self._server(host)] = self._clock.monotonic() + self.delay_s(host) + jitter

    def went_out(self, host: str, seconds: float) -> None:
        """The request went out so many seconds after the wait: the delay runs from there, not from the look-up."""
        if 0 < seconds < self._network.timeout_s:  # anything else is a clock that was set
            self._next[self._server(host)] += seconds

    def rest(self, host: str, seconds: float | None) -> None:
        """The host asked for a rest: so long, or ten delays when it did not say how long."""
        rest = self.delay_s(host) * _REST_FACTOR if seconds is None else seconds
        server = self._server(host)
        self._next[server] = max(self._next.get(server, 0.0), self._clock.monotonic() + rest)


class Breaker:
    """Stops asking a host that refuses us: being refused is a reason to stop, not to try harder (DESIGN §5).

    iThome refuses by path: series pages may be refused while articles answer (ANATOMY §0). So refusals in a row close
    one kind of page on a host first, and the whole host only when kinds of every sort are refused in a row.
    """

    def __init__(self, network: Network, clock: Clock, pace: Pace) -> None:
        self._network = network
        self._clock = clock
        self._pace = pace
        self._of_kind: dict[tuple[str, Kind], int] = {}
        self._of_host: dict[str, int] = {}
        self._closed_hosts: dict[str, str] = {}
        self.come_back_at: datetime | None = None

    def heard(self, host: str, kind: Kind, outcome: Outcome, retry_after_s: float | None) -> None:
        """Note what came of a request."""
        if outcome in SUCCESSES | ABSENCES:  # the host answers what it is asked
            self._of_kind[host, kind] = self._of_host[host] = 0
        if outcome in REFUSALS:
            self._of_kind[host, kind] = self._of_kind.get((host, kind), 0) + 1
            self._of_host[host] = self._of_host.get(host, 0) + 1
            if self._of_host[host] >= self._network.host_refusals:
                self._close(host, f"{host} refused {self._of_host[host]} requests in a row ({outcome})", retry_after_s)
        wants_rest = retry_after_s is not None and outcome in REFUSALS | {Outcome.SERVER_ERROR}
        if outcome is Outcome.RATE_LIMITED or wants_rest:
            self._slow(host, retry_after_s)

    def _slow(self, host: str, retry_after_s: float | None) -> None:
        if retry_after_s is not None and retry_after_s > self._network.max_retry_after_s:
            self._close(host, f"{host} asks us to wait {round(retry_after_s)} s", retry_after_s)
        else:
            self._pace.rest(host, retry_after_s)

    def close(self, host: str, reason: str, until: datetime | None = None) -> None:
        """Ask nothing more of a host in this run; it rests until then, where somebody said until when."""
        self._close(host, reason, None if until is None else (until - self._clock.now()).total_seconds())

    def _close(self, host: str, reason: str, retry_after_s: float | None) -> None:
        self._closed_hosts.setdefault(host, reason)
        rest = retry_after_s if retry_after_s is not None else 3600.0
        until = self._clock.now() + timedelta(seconds=rest)
        self.come_back_at = max(self.come_back_at or until, until)

    def closed(self, host: str, kind: Kind) -> str | None:
        """Why a kind of page is not asked of a host any more in this run; None while it is."""
        if host in self._closed_hosts:
            return self._closed_hosts[host]
        if self._of_kind.get((host, kind), 0) >= self._network.refusals:
            return f"{host} refused {self._network.refusals} {kind} pages in a row"
        return None

    def closed_hosts(self) -> dict[str, str]:
        """Every host that is not asked any more, and why."""
        return dict(self._closed_hosts)
