"""The frame of every run: opened, told what earlier runs learnt, and an end in the ledger whatever happens.

`Run.of` opens the archive, `recorded` gives it a row of `runs`, `asking` a visitor, `interruptible` lets Ctrl-C end the
work and not the run; `close` doubts, judges, closes, and only then reads what is told.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from archiver import pages
from archiver.archive import demonstration, opening, queries
from archiver.archive.archive import Keeper
from archiver.archive.manners import Answered, RobotsRecord
from archiver.archive.opening import rows_are_ours
from archiver.archive.status import Status
from archiver.commands.listening import About, Hear, Listener, Notice
from archiver.config import Config, Network
from archiver.errors import ArchiveLocked, ArchiverError
from archiver.machine.clock import Clock, SystemClock
from archiver.machine.interruption import code_of
from archiver.machine.version import __version__
from archiver.model import Answer, Kind, Outcome
from archiver.text import line
from archiver.web import robots
from archiver.web.client import Client
from archiver.web.pace import Breaker, Heard, Pace, trouble
from archiver.web.redirects import is_redirect
from archiver.web.robots import RobotsCache
from archiver.web.turns import Turns, state_file
from archiver.web.visit import Budget, Visitor, user_agent

_REMEMBER_STARTS = timedelta(hours=2)  # longer than any delay that a host can ask for
_REMEMBER_REFUSALS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Closed:
    """How a run ended, and how all stands since."""

    run_id: int
    ended_by: str  # one of the words of `runs.ended_by`
    exit_code: int
    doubt: str | None  # why none of its absences is believed
    believed_again: int | None  # pages of which something else is believed, since the law changed; None: it did not
    found: Status

    @property
    def requests(self) -> int:
        """How often somebody was asked: the one count of a run, that of its rows, as `status` tells it."""
        return self.found.last_run.requests if self.found.last_run is not None else 0

    @property
    def outcomes(self) -> Counter[Outcome]:
        """What came of the pages asked, robots apart; by the same rows."""
        counted = self.found.last_run.outcomes if self.found.last_run is not None else {}
        return Counter({Outcome(name): count for name, count in counted.items()})


@dataclass(slots=True)
class Run:
    """One run of a command over an archive: what each of its steps needs, and how it ends."""

    command: str
    archive: Keeper
    config: Config
    network: Network
    clock: Clock
    listener: Listener
    id: int = 0  # 0: not in the ledger yet
    cut_short: bool = False  # the run before was killed or interrupted
    ended_by: str = "finished"
    code: int | None = None  # the exit code, where that is known before the end

    @classmethod
    @contextmanager
    def of(
        cls, command: str, config: Config, path: Path, *, network: Network | None = None, clock: Clock | None = None,
        listener: Listener | None = None,
    ) -> Iterator[Run]:  # fmt: skip
        """Open an archive for a run, and mend it; `network` is that of one that asks somebody. Raises ArchiverError."""
        listener = listener or Listener()
        with writing(command, config, path) as archive:
            archive.runs.refuse_mixture(invented=config.is_demonstration)
            tell_repairs(archive, listener.notice)
            if network is not None and not network.contact:
                listener.notice(Notice(About.NO_CONTACT, "" if config.is_packaged else config.origin))
            yield cls(command, archive, config, network or config.network, clock or SystemClock(), listener)

    @contextmanager
    def recorded(self, settings: Mapping[str, Any]) -> Iterator[None]:
        """The run as a row of the ledger; whatever is raised within, it is closed there with what it was.

        An archive that is locked, or that fails under us, may not let us; then the next run closes this one.
        """
        self.cut_short = self.archive.runs.was_cut_short()
        marked = {demonstration.KEY: demonstration.WORDS} if self.config.is_demonstration else {}
        self.id = self.archive.runs.start_run(self.command, __version__, {**settings, **marked}, self.clock.now())
        try:
            yield
        except ArchiverError as error:
            if not isinstance(error, ArchiveLocked):  # another wait as long as the first would change nothing
                self._close_broken("error", error.exit_code, str(error))
            raise
        except KeyboardInterrupt as interruption:
            self._close_broken("interrupted", code_of(interruption), "")
            raise
        except Exception as error:
            self._close_broken("error", 1, f"a bug: {type(error).__name__}: {error}")
            raise

    def _close_broken(self, ended_by: str, code: int, note: str) -> None:
        with suppress(Exception):  # it is the first error that is to be told
            if self.archive.runs.is_open(self.id):
                self.archive.runs.finish_run(self.id, ended_by, code, line(note), self.clock.now())

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """The work of a run: an interruption ends it, and the run is closed in order with what it came to so far."""
        try:
            yield
        except KeyboardInterrupt as interruption:
            self.ended_by, self.code = "interrupted", code_of(interruption)

    @contextmanager
    def asking(self, named_origins: frozenset[str] = frozenset()) -> Iterator[tuple[Visitor, Pace]]:
        """A visitor that knows from the archive when each host was last asked, and which robots files still hold.

        `named_origins`: those that the user named, which may lie on this machine (`web.guard`).
        """
        network, archive, now = self.network, self.archive, self.clock.now()
        last_starts = archive.manners.last_starts(now - _REMEMBER_STARTS)
        if self.cut_short:  # nobody knows when the last request of a killed run went out: perhaps just now
            last_starts = dict.fromkeys(archive.manners.hosts(), now)
        pace = Pace(network, self.clock, last_starts, Turns(state_file(os.environ)))
        cache = RobotsCache(network.robots_max_age_s)
        for record in archive.manners.robots(now, network.robots_max_age_s):
            rules = robots.from_answer(_robots_answer(record))
            if rules.unreachable is None:
                cache.keep(record.origin, rules, record.fetched_at)
        agent = user_agent(network.contact)
        with Client(network, user_agent=agent, clock=self.clock, named_origins=named_origins) as client:
            budget = Budget(network.max_requests)
            yield Visitor(client, pace, cache, network, self.clock, budget, client.named_origins), pace

    def close(
        self, note: str | None, judged: Callable[[Status], int], source_ids: tuple[int, ...] | None = None, *,
        every_part: bool = True,
    ) -> Closed:  # fmt: skip
        """End the run in the ledger, and read what is to be told of it once all is believed that will be.

        By docs/law.md §16.1.
        `judged` makes an exit code of what is held (of `source_ids`), after absences that are to be doubted were.
        Nothing changes after that but the row of the run, which is read at the end. `every_part`: whether parts are
        told that want no attention, too (`queries.status`).
        """
        archive = self.archive
        archive.library.catch_up()
        archive.library.settle()
        archive.runs.doubt_absences(self.id)
        with archive.reading() as connection:
            found = queries.status(connection, source_ids, every_part=every_part)
            code = judged(found) if self.code is None else self.code
        doubt = archive.runs.finish_run(self.id, self.ended_by, code, note or None, self.clock.now())
        with archive.reading() as connection:
            found = found._replace(last_run=queries.last_run(connection))
        return Closed(self.id, self.ended_by, code, doubt, archive.beliefs.changed_by_law(self.id), found)


@contextmanager
def writing(command: str, config: Config, path: Path) -> Iterator[Keeper]:
    """An archive to write to, made where there is none. Raises ArchiverError, also for rows that are none of ours."""
    with rows_are_ours(path), Keeper(path, command, pages.read, config.rules, config.schedule) as archive:
        yield archive


def existing(path: Path) -> Path:
    """The path of an archive that is there. Raises ArchiverError where there is none."""
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    return path


def breaker_of(archive: Keeper, config: Config, network: Network, pace: Pace, clock: Clock, *, force: bool) -> Breaker:
    """A breaker that knows from the archive who refused us or asked for a rest; a short rest is only waited for.

    `force` takes our own rests back, but never one that the host asked for.
    """
    breaker = Breaker(network, clock, pace, rest_s=config.schedule.refused_host_days * 86_400)
    answers = archive.manners.answers(clock.now() - _REMEMBER_REFUSALS)
    breaker.remember(map(_heard, answers), ours=not force)
    return breaker


def breaker_of_archives(run: Run, pace: Pace) -> Breaker:
    """A breaker for web archives, that knows who of them wants to be left alone, and until when.

    In place of whose robots.txt a bot check stood of late is not asked either; a 429 wants silence, and no more.
    """
    breaker, now = Breaker(run.network, run.clock, pace), run.clock.now()
    answers = map(_heard, run.archive.manners.answers(now - _REMEMBER_REFUSALS))
    breaker.remember(one for one in answers if one.kind is Kind.ROBOTS and one.outcome is Outcome.CHALLENGE)
    for host, (until, why) in run.archive.manners.archive_rests(now, run.network.host_refusals).items():
        seconds = (until - now).total_seconds()
        if seconds <= run.network.max_retry_after_s:
            pace.rest(host, seconds)
        else:
            breaker.close(host, why, until)
    return breaker


def _heard(answered: Answered) -> Heard:
    return Heard(
        answered.host, answered.kind, robots.heard_as(answered.kind, answered.outcome, answered.http_status),
        answered.retry_after_s, answered.at,
        trouble(answered.outcome, answered.connected, others_answer=answered.others_answered), answered.final,
    )  # fmt: skip


def _robots_answer(record: RobotsRecord) -> Answer:
    """The answer that a row is left of. Broken HTTP is none, whatever its status; a redirect to nowhere is one."""
    answer = Answer(record.origin, record.fetched_at, 0, status=record.http_status, body=record.body)
    is_broken = record.outcome is Outcome.PROTOCOL_ERROR and not is_redirect(answer)
    return replace(answer, failure=record.outcome) if is_broken else answer


def tell_repairs(archive: Keeper, hear: Hear) -> None:
    """Say what another program had done to the archive, and mend its search index where that is not whole."""
    tell_changes(archive, hear)
    for mended in archive.mend_search():
        hear(Notice(About.MENDED, mended))


def tell_changes(archive: Keeper, hear: Hear) -> None:
    """Say what was done to the archive before it was opened: what was put back then, and what cannot be."""
    tell_dumped(archive, hear)
    for change in archive.changes:
        if change.is_noted or change.how == "added":
            hear(Notice(About.CHANGED, str(change)))
        elif not change.lasts:
            hear(Notice(About.PUT_BACK, str(change)))


def tell_dumped(archive: Keeper, hear: Hear) -> None:
    """Say that a file read back from a dump was made an archive of ours again."""
    if archive.was_dumped:
        hear(Notice(About.DUMPED, str(archive.path)))
