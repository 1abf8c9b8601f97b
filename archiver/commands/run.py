"""The frame of a run: what earlier runs learnt, and an end in the ledger whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from archiver.archive import queries
from archiver.archive.archive import Archive
from archiver.archive.manners import Answered, RobotsRecord
from archiver.config import Network
from archiver.errors import ArchiveLocked, ArchiverError
from archiver.machine.clock import Clock
from archiver.machine.interruption import code_of
from archiver.model import Answer, Kind, Outcome
from archiver.rules import Schedule
from archiver.text import line
from archiver.web import robots
from archiver.web.client import Client
from archiver.web.pace import Breaker, Heard, Pace, trouble
from archiver.web.redirects import is_redirect
from archiver.web.robots import RobotsCache
from archiver.web.turns import Turns, state_file
from archiver.web.visit import Budget, Visitor

_REMEMBER_STARTS = timedelta(hours=2)  # longer than any delay that a host can ask for
_REMEMBER_REFUSALS = timedelta(days=7)

NO_CONTACT = (
    "No contact is set, so the site cannot tell who asks: "
    "set network.contact in config/archiver.toml to a URL or mail address."
)


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
    pace = Pace(network, clock, last_starts, Turns(state_file(os.environ)))
    cache = RobotsCache(network.robots_max_age_s)
    for record in archive.manners.robots(now, network.robots_max_age_s):
        rules = robots.from_answer(_robots_answer(record))
        if rules.unreachable is None:
            cache.keep(record.origin, rules, record.fetched_at)
    return Visitor(client, pace, cache, network, clock, Budget(network.max_requests), client.named_origins), pace


def _robots_answer(record: RobotsRecord) -> Answer:
    """The answer that a row is left of. Broken HTTP is none, whatever its status; a redirect to nowhere is one."""
    answer = Answer(record.origin, record.fetched_at, 0, status=record.http_status, body=record.body)
    is_broken = record.outcome is Outcome.PROTOCOL_ERROR and not is_redirect(answer)
    return replace(answer, failure=record.outcome) if is_broken else answer


def breaker_of(
    archive: Archive, network: Network, schedule: Schedule, pace: Pace, clock: Clock, *, force: bool
) -> Breaker:
    """A breaker that knows from the archive who refused us or asked for a rest; a short rest is only waited for.

    `force` takes our own rests back, but never one that the host asked for.
    """
    breaker = Breaker(network, clock, pace, rest_s=schedule.refused_host_days * 86_400)
    answers = archive.manners.answers(clock.now() - _REMEMBER_REFUSALS)
    breaker.remember(map(_heard, answers), ours=not force)
    return breaker


def remember_robots(archive: Archive, breaker: Breaker, clock: Clock) -> None:
    """Tell a breaker in place of whose robots.txt a bot check stood of late; a 429 wants silence, and no more."""
    answers = map(_heard, archive.manners.answers(clock.now() - _REMEMBER_REFUSALS))
    breaker.remember(one for one in answers if one.kind is Kind.ROBOTS and one.outcome is Outcome.CHALLENGE)


def _heard(answered: Answered) -> Heard:
    return Heard(
        answered.host, answered.kind, robots.heard_as(answered.kind, answered.outcome, answered.http_status),
        answered.retry_after_s, answered.at,
        trouble(answered.outcome, answered.connected, others_answer=answered.others_answered), answered.final,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Closed:
    """A run that has ended: its exit code, why its absences are doubted, and how all stands since."""

    exit_code: int
    doubt: str | None
    found: queries.Status
    remarks: tuple[str, ...]  # what else is to be told of it, a line each


def close(
    archive: Archive, run_id: int, ended_by: str, note: str | None, clock: Clock, *,
    code: int | None, judged: Callable[[queries.Status], int], source_ids: tuple[int, ...] | None = None,
    every_part: bool = True,
) -> Closed:  # fmt: skip
    """End a run in the ledger, and read what is to be told of it once all is believed that will be (docs/law.md §16.1).

    `code` is the exit code where it is known already; else `judged` makes it of what is held (of `source_ids`), after
    absences that are to be doubted were. Nothing changes after that but the row of the run, which is read at the end.
    `every_part`: whether parts are told that want no attention, too (`queries.status`).
    """
    archive.library.catch_up()
    archive.library.settle()
    archive.runs.doubt_absences(run_id)
    with archive.reading() as connection:
        found = queries.status(connection, source_ids, every_part=every_part)
        exit_code = judged(found) if code is None else code
    doubt = archive.runs.finish_run(run_id, ended_by, exit_code, note, clock.now())
    with archive.reading() as connection:
        found = replace(found, last_run=queries.last_run(connection))
    return Closed(exit_code, doubt, found, _remarks(archive, run_id, doubt))


def _remarks(archive: Archive, run_id: int, doubt: str | None) -> tuple[str, ...]:
    changed = archive.beliefs.changed_by_law(run_id)
    if changed is None:
        return (doubt,) if doubt else ()
    law = "Everything was believed again by other rules ([judgement]) than before"
    told = f"{law}: something else is believed of {changed} page{'s' * (changed != 1)}."
    return (doubt, told) if doubt else (told,)


def tell_repairs(archive: Archive, tell: Callable[[str], None]) -> None:
    """Say what another program had done to the archive, and mend its search index where that is not whole."""
    tell_changes(archive, tell)
    for mended in archive.mend_search():
        tell(f"Repaired: {mended}")


def tell_changes(archive: Archive, tell: Callable[[str], None]) -> None:
    """Say what was done to the archive before it was opened: what was put back then, and what cannot be."""
    tell_dumped(archive, tell)
    for change in archive.changes:
        if change.is_noted or change.how == "added":
            tell(f"Changed {change}; `archiver verify` goes on saying so.")
        elif not change.lasts:
            tell(f"Put back: {change}")


def tell_dumped(archive: Archive, tell: Callable[[str], None]) -> None:
    """Say that a file read back from a dump was made an archive of ours again."""
    if archive.was_dumped:
        tell(f"{archive.path}: read back from a dump, which loses the mark of an archive; it is marked again.")


@contextmanager
def always_closed(archive: Archive, run_id: int, clock: Clock) -> Iterator[None]:
    """Whatever is raised within, the run is closed in the ledger with what it was: no run goes on when nobody runs it.

    An archive that is locked, or that fails under us, may not let us; then the next run closes this one.
    """
    try:
        yield
    except ArchiverError as error:
        if not isinstance(error, ArchiveLocked):  # another wait as long as the first would change nothing
            _close_broken(archive, run_id, "error", error.exit_code, str(error), clock)
        raise
    except KeyboardInterrupt as interruption:
        _close_broken(archive, run_id, "interrupted", code_of(interruption), "", clock)
        raise
    except Exception as error:
        _close_broken(archive, run_id, "error", 1, f"a bug: {type(error).__name__}: {error}", clock)
        raise


def _close_broken(archive: Archive, run_id: int, ended_by: str, code: int, note: str, clock: Clock) -> None:
    with suppress(Exception):  # it is the first error that is to be told
        if archive.runs.is_open(run_id):
            archive.runs.finish_run(run_id, ended_by, code, line(note), clock.now())
