"""The frame of a run: what earlier runs learnt, signals, and an end in the ledger whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType

from archiver.archive.archive import Archive
from archiver.clock import Clock
from archiver.config import Network
from archiver.errors import ArchiveLocked, ArchiverError
from archiver.model import Answer
from archiver.rules import Schedule
from archiver.web import robots
from archiver.web.client import Client
from archiver.web.pace import Breaker, Heard, Pace
from archiver.web.robots import RobotsCache
from archiver.web.visit import Budget, Visitor

_REMEMBER_STARTS = timedelta(hours=2)  # longer than any delay that a host can ask for
_REMEMBER_REFUSALS = timedelta(days=7)

NO_CONTACT = (
    "No contact is set, so the site cannot tell who asks: "
    "set network.contact in config/archiver.toml to a URL or mail address."
)


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM; `code` is the exit code that follows from it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


def visitor_of(
    archive: Archive, client: Client, network: Network, clock: Clock, cut_short: bool
) -> tuple[Visitor, Pace]:
    """A visitor that knows from the archive when each host was last asked, and which robots files still hold.

    `cut_short` says that the last run was killed or interrupted.
    """
    now = clock.now()
    last_starts = archive.manners.last_starts(now - _REMEMBER_STARTS)
    if cut_short:  # nobody knows when the last request of a killed run went out: perhaps just now
        last_starts = dict.fromkeys(archive.manners.hosts(), now)
    pace = Pace(network, clock, last_starts)
    cache = RobotsCache(network.robots_max_age_s)
    for record in archive.manners.robots(now, network.robots_max_age_s):
        answer = Answer(record.origin, record.fetched_at, 0, status=record.http_status, body=record.body)
        rules = robots.from_answer(answer)
        if rules.unreachable is None:
            cache.keep(record.origin, rules, record.fetched_at)
    return Visitor(client, pace, cache, network, clock, Budget(network.max_requests), client.named_origins), pace


def breaker_of(
    archive: Archive, network: Network, schedule: Schedule, pace: Pace, clock: Clock, *, force: bool
) -> Breaker:
    """A breaker that knows from the archive who refused us or asked for a rest; a short rest is only waited for.

    `force` takes our own rests back, but never one that the host asked for.
    """
    breaker = Breaker(network, clock, pace, rest_s=schedule.refused_host_days * 86_400)
    answers = archive.manners.answers(clock.now() - _REMEMBER_REFUSALS)
    breaker.remember((Heard(*answer) for answer in answers), ours=not force)
    return breaker


@contextmanager
def signals_raise() -> Iterator[None]:
    """SIGINT and SIGTERM end the run in an orderly way; a second one ends it at once."""

    def interrupt(number: int, _: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finish_broken(archive: Archive, run_id: int, error: ArchiverError, clock: Clock) -> None:
    """Close the run of an archive that failed under us, where it still lets us."""
    if isinstance(error, ArchiveLocked):
        return  # another wait as long as the first would change nothing; the next run closes this one
    with suppress(ArchiverError):
        archive.runs.finish_run(run_id, "error", error.exit_code, str(error), clock.now())
