"""What many answers mean over time, by docs/law.md §3 and all after it. Pure: `now` is an argument."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from archiver.config.rules import Rules, Schedule
from archiver.model import ABSENCES, LONGEST_REST_S, REFUSALS, SUCCESSES, Belief, CaptureSource, Kind, Outcome, State

_SILENCE_S = 60.0
_WRONG_CLOCK = timedelta(days=1)  # a clock that goes back so far was wrong, then or now
LAW = 2  # one more whenever `believe` makes something else of the same outcomes: archives then believe again
GUARD_AT_LEAST = 4  # asking one or two parts says nothing about a host


def believe(
    belief: Belief, kind: Kind, outcome: Outcome, at: datetime, rules: Rules, *, doubted: bool = False
) -> Belief:
    """What we believe after one more final outcome (docs/law.md §4).

    An absence that is `doubted` counts only when the page has been absent for `rules.mass_absence_days` (§5.4).
    """
    if outcome is Outcome.SKIPPED:
        return belief
    seen = replace(belief, last_fetch_at=at, last_outcome=outcome)
    if outcome in SUCCESSES or _is_answer(kind, outcome):
        healed = replace(seen, last_ok_at=at, failures=0, absences=0, last_absence_at=None, absent_since=None)
        return _enter(healed, State.ALIVE, at)
    failed = replace(seen, failures=belief.failures + 1)
    if outcome in ABSENCES:
        went_back = belief.last_fetch_at is not None and belief.last_fetch_at - at > _WRONG_CLOCK
        if went_back and belief.absent_since is None:  # now or then the clock was wrong: no date to count from
            return failed
        noted = replace(failed, absent_since=belief.absent_since or at)
        still_doubted = doubted and not _has_lasted(noted, at, rules)
        return noted if still_doubted else _absent(noted, at, rules)
    return _enter(failed, _after_failure(belief.state, outcome), at)


def _has_lasted(belief: Belief, at: datetime, rules: Rules) -> bool:
    since = belief.absent_since
    return since is not None and at - since >= timedelta(days=rules.mass_absence_days)


def _is_answer(kind: Kind, outcome: Outcome) -> bool:
    """Whether not being there is an answer: no rules (RFC 9309 §2.3.1.3), or no article where none can be."""
    if kind is Kind.CONTROL:
        return outcome in ABSENCES
    return kind is Kind.ROBOTS and outcome in ABSENCES | {Outcome.FORBIDDEN}


def _enter(belief: Belief, state: State, at: datetime) -> Belief:
    if state is belief.state:  # a new page is new since it was first heard of, which no fetch says
        return belief
    return replace(belief, state=state, state_since=at)


def _absent(belief: Belief, at: datetime, rules: Rules) -> Belief:
    last, since = belief.last_absence_at, belief.absent_since
    if last is not None and last - at > _WRONG_CLOCK:
        return _absent_before(belief, at, since)
    if last is not None and at - last < timedelta(days=rules.absence_gap_days):
        counted = belief
    else:
        counted = replace(belief, absences=belief.absences + 1, last_absence_at=at)
    gone = belief.state is State.GONE or counted.absences >= rules.absences
    return _enter(counted, State.GONE if gone else State.SUSPECT, at)


def _absent_before(belief: Belief, at: datetime, since: datetime | None) -> Belief:
    """An absence long before the last that counted: one of the two was seen under a wrong clock (docs/law.md §7).

    Now it is, when even the last success lies ahead. Else the last absence was, and what rests on it does not hold.
    """
    is_now = since is not None and at < since and belief.last_ok_at is not None and at < belief.last_ok_at
    if is_now:
        return belief
    if belief.state is State.GONE and belief.state_since is not None and belief.state_since <= at:
        return replace(belief, last_absence_at=at)  # it was gone before
    anew = replace(belief, absences=1, last_absence_at=at, absent_since=min(since or at, at))
    return _enter(anew, State.SUSPECT, at)


def _after_failure(state: State, outcome: Outcome) -> State:
    if outcome is Outcome.MOVED and state is not State.GONE:
        return State.MOVED
    never_seen = state in {State.NEW, State.BLOCKED, State.EXCLUDED}
    if never_seen and outcome is Outcome.DISALLOWED:
        return State.EXCLUDED
    if never_seen and outcome in REFUSALS:
        return State.BLOCKED
    return state


def mass_absence(asked: int, absent: int) -> bool:
    """Whether so many parts asked in a run were absent that the host is the likelier cause (docs/law.md §5.1)."""
    return asked >= GUARD_AT_LEAST and absent * 2 > asked


def enough_witnesses(absent: int) -> int:
    """How many parts must have been asked to tell so many absences from a lost host (docs/law.md §5.3)."""
    return max(GUARD_AT_LEAST, min(2 * absent + 2, absent + 10))


_SOURCE_RANK = {
    CaptureSource.FEED: 0,  # punctuation lost (docs/site.md §8.3)
    CaptureSource.COMMON_CRAWL: 1,
    CaptureSource.WAYBACK: 1,
    CaptureSource.MEMENTO: 1,
    CaptureSource.IMPORT: 1,
    CaptureSource.LIVE: 2,
}


def better_source(candidate: CaptureSource, held: CaptureSource) -> bool:
    """Whether a later good capture from `candidate` replaces the reading of one from `held` (docs/law.md §3.3)."""
    return _SOURCE_RANK[candidate] >= _SOURCE_RANK[held]


def silence_s(limits: int) -> float:
    """How many seconds an archive is left alone after a 429, the so many-th within the hour (docs/site.md §16)."""
    return min(_SILENCE_S * 2.0 ** min(max(limits - 1, 0), 20), 86_400.0)


def rests(
    answers: Iterable[tuple[str, Outcome, float | None, datetime]], now: datetime, refusals: int, rest: timedelta
) -> dict[str, tuple[datetime, str]]:
    """Host → until when it is left alone, and why.

    `answers` are host, outcome, Retry-After in seconds and moment, newest first. A host rests for as long as it asked,
    and for `rest` after so many `refusals` in a row.
    """
    until: dict[str, tuple[datetime, str]] = {}
    seen: dict[str, list[tuple[Outcome, datetime]]] = {}
    for host, outcome, retry_after_s, at in answers:
        if at > now:  # a clock that was wrong then
            continue
        row = seen.setdefault(host, [])
        row.append((outcome, at))
        found = []
        if retry_after_s is not None:
            end = at + timedelta(seconds=min(retry_after_s, LONGEST_REST_S))
            found.append((end, f"{host} asked us to wait until {end:%Y-%m-%d %H:%M} UTC"))
        if len(row) == refusals and all(one in REFUSALS for one, _ in row):
            found.append((row[0][1] + rest, f"{host} refused {refusals} requests in a row, and rests"))
        for end, why in found:
            if end > now and (host not in until or end > until[host][0]):
                until[host] = end, why
    return until


# ─── when to look again ─────────────────────────────────────────────────────────────────────────


def when_due(url: str, kind: Kind, belief: Belief, published_at: datetime | None, schedule: Schedule) -> datetime:
    """When a page is due again, after an attempt at `belief.last_fetch_at` that made this belief (docs/law.md §8)."""
    last = belief.last_fetch_at or datetime.min.replace(tzinfo=UTC)
    days = _interval_days(kind, belief, published_at, schedule)
    spread = 0.0 if belief.last_outcome in ABSENCES else 0.1 * _share(url)
    return last + timedelta(days=days * (1 - spread))


def _interval_days(kind: Kind, belief: Belief, published_at: datetime | None, schedule: Schedule) -> float:
    outcome = belief.last_outcome
    if outcome in ABSENCES or belief.state is State.GONE:
        return schedule.gone_days if belief.state is State.GONE else schedule.suspect_days
    if outcome not in SUCCESSES:
        return _after_fault_days(belief, schedule)
    match kind:
        case Kind.INDEX:
            return schedule.index_days
        case Kind.SERIES:
            return schedule.series_days
        case Kind.FEED:
            return schedule.feed_days
        case Kind.IMAGE:
            return schedule.image_days
        case Kind.LINK:
            return schedule.link_days
        case Kind.ARTICLE | Kind.ROBOTS | Kind.CONTROL:
            last = belief.last_fetch_at
            young = published_at and last and last - published_at < timedelta(days=schedule.settle_days)
            return schedule.new_part_days if young else schedule.part_days
        case _:
            assert_never(kind)


def _after_fault_days(belief: Belief, schedule: Schedule) -> float:
    """A refused host rests, longer each time. Any other fault passes: what was never seen may be asked at once."""
    if belief.last_outcome in REFUSALS:
        return schedule.failed_days * min(2.0 ** max(belief.failures - 1, 0), 720)
    if belief.last_ok_at is None:
        return 0.0
    return schedule.failed_days * min(2.0 ** max(belief.failures - 1, 0) - 1, 720)


def _share(url: str) -> float:
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") / 2**32
