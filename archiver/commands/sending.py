"""The way of many pages into the Wayback Machine: asked for one after the other, heard of, and each confirmed.

First those that are pending: how their jobs go, or what the index shows. Then the queue: each asked for when few of our
jobs are at work. A capture is confirmed once the index shows it, its body is had and judged, and its text is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from archiver.commands.asking import EXCLUDED, Archives, Asked, Judge, judge_copy, judge_index
from archiver.commands.recording import Judged
from archiver.commands.run import Run
from archiver.diff import difference
from archiver.holders import save_page_now, wayback
from archiver.holders.save_page_meaning import ENDS_THE_RUN, Said, Told
from archiver.holders.save_page_now import Seen
from archiver.model import (
    ABSENCES,
    LONGEST_REST_S,
    NOT_READ,
    OPEN,
    SUCCESSES,
    Answer,
    CaptureSource,
    Copy,
    Extra,
    Held,
    Judgement,
    Outcome,
    Push,
    PushState,
)
from archiver.web.visit import is_bot_check

_ORIGIN = wayback.ORIGIN
_DAY = timedelta(days=1)
_REST_S = 3_600.0  # after a limit, or what nobody understands, that does not say how long
_SHORTEST_REST_S = 60.0  # the Internet Archive's own wish after a 429 (docs/site.md §16)
_TROUBLES = 3  # faults of the service in a row, whatever the page: then it is left alone
_LONGEST_JOB = timedelta(minutes=3)  # two, says the document
_A_WHILE = timedelta(minutes=1)  # the index is not asked again sooner
_NO_ANSWER = frozenset({Outcome.OFF_SITE, Outcome.MOVED})
_TO_LOG_IN = re.compile(r"log-?in|sign-?in|account|auth", re.IGNORECASE)
_PLAIN_HEADERS = frozenset({"content-type", "content-length", "date", "retry-after"})
_BY_PUSH = "push"  # judged against our text: as a copy of the page it may be as good as any, and a rescue may try it
_NOT_YET = "the index of the Wayback Machine does not show it yet"
_HIDDEN = "(a key)"
_SHORTEST_KEY = 4  # letters that are worth hiding
# What stands where the page should be, and will not become the page.
_NO_PAGE = frozenset({
    *ABSENCES, *NOT_READ, Outcome.LOGIN, Outcome.CHALLENGE, Outcome.FORBIDDEN, Outcome.NOT_HTML, Outcome.WRONG_PAGE,
})  # fmt: skip
_ERRORS = frozenset({Outcome.RATE_LIMITED, Outcome.SERVER_ERROR})  # of the site, where they were captured
_NOT_PLAYED = frozenset({Outcome.NOT_FOUND, Outcome.MOVED, Outcome.OFF_SITE, Outcome.FORBIDDEN})
_OUTCOMES = {
    Said.ACCEPTED: Outcome.OK, Said.RUNNING: Outcome.OK, Said.DONE: Outcome.OK, Said.FORGOTTEN: Outcome.NOT_FOUND,
    Said.PASSING: Outcome.SERVER_ERROR, Said.LASTING: Outcome.FORBIDDEN, Said.TROUBLE: Outcome.SERVER_ERROR,
    Said.LIMIT: Outcome.RATE_LIMITED, Said.KEYS: Outcome.FORBIDDEN, Said.UNCLEAR: Outcome.UNREADABLE,
}  # fmt: skip


@dataclass(slots=True)
class Work:
    """One push in a run."""

    held: Held
    push_id: int
    push: Push
    waited_s: float = 0.0  # for its job, in this run
    looked_at: datetime | None = None  # in the index


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing more is asked in this run, and from when on it may be; `by_us`: our own limit, nobody's refusal."""

    why: str
    until: datetime | None = None
    by_us: bool = False
    said: Said | None = None  # what the service said, where it was heard in this run


class Sending:
    """The pushes of one run."""

    def __init__(self, run: Run, archives: Archives, keys: tuple[str, str]) -> None:
        self._archive = run.archive
        self._archives = archives
        self._settings = run.config.push
        self._clock = run.clock
        self._authorization = save_page_now.authorization(*keys)
        self._keys = tuple(key for key in keys if len(key) >= _SHORTEST_KEY)
        self._asks = run.archive.pushes.asks(save_page_now.SAVE, run.clock.now() - _DAY, run.clock.now())
        self._elsewhere: list[datetime] = []  # when jobs of ours began that this run does not ask about
        self._troubles = 0  # faults of the service in a row
        self.stopped: Stop | None = None

    def run(self, works: list[Work]) -> None:
        """Go on with every push as far as it goes today."""
        rest = self._archive.pushes.rests_until(self._clock.now(), with_keys=self._authorization is not None)
        if rest is not None:
            self.stopped = Stop(rest[1], rest[0])
            return
        now = self._clock.now()
        self._elsewhere = self._archive.pushes.jobs(now - _LONGEST_JOB, now, but=(one.push_id for one in works))
        self._archives.recorder.left = len(works)
        for work in [one for one in works if one.push.state is PushState.PENDING]:
            self._go_on(work)
        queued = [one for one in works if one.push.state is PushState.QUEUED]
        for work in sorted(queued, key=lambda one: one.push.checked_at is not None):  # what failed before comes last
            if self._is_excluded(work):
                continue
            if not self._make_room(works) or not self._may_ask():
                break
            self._ask(work)
        while self._running(works) and self._may_go_on():
            self._wait_and_hear(works)
        for work in works:
            if self._is_worth_another_look(work):
                self._look(work)

    def _may_go_on(self) -> bool:
        return self.stopped is None and self._archives.budget_left() and not self._archives.is_left_alone(_ORIGIN)

    # ─── asking for captures ────────────────────────────────────────────────────────────────────

    def _make_room(self, works: list[Work]) -> bool:
        """Wait until fewer of our jobs are at work than may be; False when the run is to ask nothing more."""
        while self._may_go_on() and self._at_work(works) >= self._settings.jobs:
            self._wait_and_hear(works)
        return self._may_go_on()

    def _at_work(self, works: Iterable[Work]) -> int:
        """How many of our jobs the service has, heard of or not."""
        now = self._clock.now()
        asked = [*self._elsewhere, *(one.push.asked_at for one in works if one.push.job_runs)]
        return sum(at is not None and now - _LONGEST_JOB < at <= now for at in asked)

    def _running(self, works: Iterable[Work]) -> list[Work]:
        """The jobs that are worth waiting for in this run."""
        return [one for one in works if one.push.job_runs and one.waited_s < self._settings.wait_s]

    def _wait_and_hear(self, works: list[Work]) -> None:
        self._clock.sleep(self._settings.poll_s)
        for work in self._running(works):
            work.waited_s += self._settings.poll_s
            if self._may_go_on():
                self._go_on(work)

    def _may_ask(self) -> bool:
        """Wait until another capture may be asked for; False when that is not today."""
        now = self._clock.now()
        self._asks = [at for at in self._asks if at > now - _DAY]
        if len(self._asks) >= self._settings.daily:
            why = f"{len(self._asks)} captures were asked for in 24 hours, and push.daily allows {self._settings.daily}"
            self.stopped = Stop(why, self._asks[0] + _DAY, by_us=True)
            return False
        if self._asks:
            since = max((now - self._asks[-1]).total_seconds(), 0.0)  # a clock that was set back: just now
            self._clock.sleep(max(self._settings.delay_s - since, 0.0))
        return True

    def _ask(self, work: Work) -> None:
        page = work.held.address
        extra = save_page_now.save_request(page, self._authorization)
        told, asked = self._tell(work, save_page_now.SAVE, extra, save_page_now.read_asked)
        if asked.answer.connected and asked.answer.failure is not Outcome.SKIPPED:
            self._asks.append(asked.answer.started_at)
        if self._is_excluded(work):
            return
        self._keep(work, save_page_now.after_asking(work.push, told, asked.answer.started_at.replace(microsecond=0)))
        if work.push.state is PushState.PENDING and not work.push.job_runs:
            self._look(work)

    def _is_excluded(self, work: Work) -> bool:
        """Whether the archive keeps the part's site from the public: then it is refused, and not asked about again."""
        excluded = self._archives.keeps_from_the_public(_ORIGIN, work.held.address)
        if excluded and work.push.state in OPEN:
            self._keep(work, replace(work.push, state=PushState.REFUSED, reason=f"the Wayback Machine {EXCLUDED}",
                                     job_id=None, made_at=None, checked_at=self._clock.now()))  # fmt: skip
        return excluded

    # ─── hearing how it goes ────────────────────────────────────────────────────────────────────

    def _go_on(self, work: Work) -> None:
        """Hear of a job; look for its capture once it is done."""
        if not self._may_go_on() or self._is_excluded(work):
            return
        if work.push.job_runs and work.push.job_id is not None:
            extra = save_page_now.status_request(self._authorization)
            url = save_page_now.status_url(work.push.job_id)
            told, _ = self._tell(work, url, extra, save_page_now.read_status)
            self._keep(work, save_page_now.after_polling(work.push, told, self._clock.now()))
        if work.push.state is PushState.PENDING and not work.push.job_runs and self._may_go_on():
            self._look(work)

    def _tell(self, work: Work, url: str, extra: Extra, read: Callable[[int, bytes], Told]) -> tuple[Told, Asked]:
        """Ask Save Page Now, once; an answer that is not about the page ends the run."""
        asked = self._archives.ask(
            work.held.address, url, CaptureSource.WAYBACK, self._judge(read), extra=extra, robots=False, attempts=1
        )
        told = self._told(asked.answer, read)
        if self._ends_the_run(told, asked.answer):
            rest_s = self._rest_s(told, asked.answer)
            until = None if rest_s is None else asked.answer.started_at + timedelta(seconds=rest_s)
            self.stopped = Stop(told.reason, until, said=told.said)
        if told.said is Said.TROUBLE:
            self._troubles += 1
        elif told.said not in {Said.ACCEPTED, Said.RUNNING}:  # nothing came of it yet
            self._troubles = 0
        return told, asked

    def _ends_the_run(self, told: Told, answer: Answer) -> bool:
        if told.said is Said.TROUBLE:
            return self._troubles + 1 >= _TROUBLES
        return told.said in ENDS_THE_RUN or (told.said is Said.DOWN and answer.failure is None)

    def _rest_s(self, told: Told, answer: Answer) -> float | None:
        """How long the service is to be left alone; None when that would change nothing."""
        if told.said is Said.KEYS or not self._ends_the_run(told, answer):
            return None
        asked_for = answer.retry_after_s if answer.retry_after_s is not None else told.rest_s
        return min(max(_REST_S if asked_for is None else asked_for, _SHORTEST_REST_S), LONGEST_REST_S)

    def _judge(self, read: Callable[[int, bytes], Told]) -> Judge:
        """What is recorded of an answer: never its body, nor anything that may repeat our keys."""

        def say(answer: Answer) -> Judged:
            told = self._told(answer, read)
            outcome = _OUTCOMES.get(told.said) or answer.failure or Outcome.SERVER_ERROR
            signals = {"status": answer.status, "step": "push", "said": told.said.value,
                       "rest_s": self._rest_s(told, answer), "keys": self._authorization is not None}  # fmt: skip
            headers = tuple((name, self._hide(value)) for name, value in answer.headers if name in _PLAIN_HEADERS)
            bare = replace(answer, headers=headers, body=None, location=None, error=None)
            return Judged(bare, Judgement(outcome, told.reason, signals))

        return say

    def _told(self, answer: Answer, read: Callable[[int, bytes], Told]) -> Told:
        told = told_of(answer, read)
        if any(key in (told.job_id or "") for key in self._keys):
            return Told(Said.UNCLEAR, "Save Page Now gives our own key back as the name of a job")
        return replace(told, reason=self._hide(told.reason))

    def _hide(self, words: str) -> str:
        for key in self._keys:
            words = words.replace(key, _HIDDEN)
        return words

    # ─── confirming ─────────────────────────────────────────────────────────────────────────────

    def _is_worth_another_look(self, work: Work) -> bool:
        if work.push.state is not PushState.PENDING or work.push.job_runs or work.looked_at is None:
            return False
        return self._may_go_on() and self._clock.now() - work.looked_at >= _A_WHILE

    def _look(self, work: Work) -> None:
        """Ask the index for the capture, have it, and compare it with ours."""
        page, push = work.held.address, work.push
        work.looked_at = self._clock.now()
        index = judge_index(page, partial(wayback.read_index, page), of="of then under this address")
        url = wayback.index_url(page.url, since=push.not_before)
        asked = self._archives.ask(page, url, CaptureSource.WAYBACK, index)
        if self._is_excluded(work):
            return
        copy = the_one(asked.listing.copies, push)
        if copy is not None:
            self._compare(work, copy)
        elif asked.good or asked.judgement.outcome is Outcome.NOT_FOUND:
            self._keep(work, save_page_now.after_looking(push, Seen.ABSENT, _NOT_YET, self._clock.now()))

    def _compare(self, work: Work, copy: Copy) -> None:
        page, held = work.held.address, work.held
        asked = self._archives.ask(
            page, copy.url, CaptureSource.WAYBACK, self._judge_capture(work), extra=Extra(archived=True),
            made_at=lambda _: copy.made_at,
        )  # fmt: skip
        outcome, now = asked.judgement.outcome, self._clock.now()
        ours = self._archive.pushes.ours(held.page_id)
        if outcome in SUCCESSES and ours is not None and asked.reading is not None:
            why = difference(ours, asked.reading)
        elif outcome in _NO_PAGE | _ERRORS and wayback.is_memento(asked.answer):
            why = f"what was captured is not the page: {asked.judgement.reason}"
        else:
            if not self._is_excluded(work):
                self._not_had(work, asked)
            return
        self._archive.copies.note(held.page_id, [copy], now)
        other = Outcome.WRONG_PAGE if outcome in SUCCESSES else outcome  # so that it counts as nobody's copy of ours
        self._archive.copies.judged(held.page_id, copy, Outcome.OK if why is None else other, _BY_PUSH)
        seen, words = (Seen.EQUAL, "the index shows it, and its text is ours") if why is None else (Seen.OTHER, why)
        self._keep(work, save_page_now.after_looking(
            work.push, seen, words, now, copy_url=copy.url, made_at=copy.made_at, text_sha256=held.text_sha256,
        ))  # fmt: skip

    def _not_had(self, work: Work, asked: Asked) -> None:
        """Note that playback does not give what the index names; a service that is down says nothing."""
        seen = Seen.ABSENT if asked.judgement.outcome in _NOT_PLAYED else Seen.DOWN
        words = f"the index shows it, but it cannot be had yet: {asked.judgement.reason}"
        self._keep(work, save_page_now.after_looking(work.push, seen, words, self._clock.now()))

    def _judge_capture(self, work: Work) -> Judge:
        """Judges a capture as any copy, but keeps none of it: ours is held, and another text is told, not taken."""
        judge = judge_copy(self._archive, work.held.address, CaptureSource.WAYBACK)

        def say(answer: Answer) -> Judged:
            judged = judge(answer)
            return Judged(replace(answer, body=None), judged.judgement, unkept=judged.reading)

        return say

    def _keep(self, work: Work, push: Push) -> None:
        """Write down how far a push got, at once."""
        if push != work.push:
            self._archive.pushes.save(work.push_id, push)
            work.push = push
        if push.state not in OPEN:
            self._archives.recorder.done += 1
            self._archives.recorder.left -= 1


def the_one(found: Iterable[Copy], push: Push) -> Copy | None:
    """The capture that was asked for: not older than the question, nearest to when the service says it made it."""
    since = push.not_before
    usable = [copy for copy in found if since is not None and copy.made_at >= since]
    about = push.made_at or since
    return min(usable, key=lambda copy: (abs(copy.made_at - about), copy.url), default=None) if about else None


def told_of(answer: Answer, read: Callable[[int, bytes], Told]) -> Told:
    """What an answer of Save Page Now says; that nothing is known, where none came."""
    status = answer.status or 0
    if answer.failure is Outcome.TOO_LARGE:
        return Told(Said.UNCLEAR, "Save Page Now answers with more than an answer can be")
    if answer.failure in _NO_ANSWER or 300 <= status < 400:
        if _TO_LOG_IN.search(answer.location or ""):
            return Told(Said.KEYS, f"HTTP {status}: a redirect to a place to log in")
        return Told(Said.UNCLEAR, "Save Page Now answers with a redirect that is not followed")
    if answer.failure is not None:
        return Told(Said.DOWN, answer.error or answer.failure.value)
    if wayback.excludes(answer):
        return Told(Said.LASTING, f"the Wayback Machine {EXCLUDED}")
    if is_bot_check(answer):
        return Told(Said.LIMIT, "a bot check stands in place of Save Page Now")
    return read(status, answer.body or b"")
