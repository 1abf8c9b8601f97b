"""What one answer is, and what many answers mean over time. Pure: no I/O, and `now` is an argument.

`judge` looks at one answer; `believe` folds outcomes, in order, into a state; `when_due` says when to look again;
`better_source` and `mass_absence` are the two rules that keep bad news from destroying good. The law is docs/law.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from archiver import ithome, urls
from archiver.model import (
    ABSENCES,
    FAULTS,
    REFUSALS,
    SUCCESSES,
    Address,
    Answer,
    Belief,
    CaptureSource,
    Judgement,
    Kind,
    Outcome,
    Refusal,
    State,
)
from archiver.readings import Facts, Reading
from archiver.rules import Rules, Schedule

_STATUS_OUTCOMES = {
    404: Outcome.NOT_FOUND,
    408: Outcome.SERVER_ERROR,  # the host gave up waiting: its trouble, not a refusal
    410: Outcome.REMOVED,
    429: Outcome.RATE_LIMITED,
    451: Outcome.REMOVED,
}
# iThome's own login pages: on the site, and on its member host (docs/site.md §13).
_LOGIN = re.compile(r"^https://(?:[a-z]+\.)?ithome\.com\.tw/(?:.*/)?(?:login|oauth|signin)(?:[/?#]|$)")
_LONGEST_REST_S = 7 * 86_400.0  # a Retry-After of years is a mistake
_SILENCE_S = 60.0
_WRONG_CLOCK = timedelta(days=1)  # a clock that goes back so far was wrong, then or now
JUDGE = 1  # one more whenever `judge` makes something else of the same answer: refused copies are then judged anew
LAW = 2  # one more whenever `believe` makes something else of the same outcomes: archives then believe again
GUARD_AT_LEAST = 4  # asking one or two parts says nothing about a host


HELD_ALREADY = "the page itself, with content that is held already"
"""Why an answer is `unchanged`; rows that leave it out mean it (`archive.lean`, view `whole_fetches`)."""


def judge(
    asked: Address, answer: Answer, reading: Reading | None, *, held: bool = False, not_found_words: str | None = None
) -> Judgement:
    """What `answer` is as an answer to `asked`.

    `reading` is what `pages.read` makes of the body (None when there is no body); `held` says that a capture with
    the reading's fingerprint is in the archive; `not_found_words` is what the host's page for an article that cannot
    exist says (`Facts.words_sha256` of the control request). A 200 is no success until it is the page (docs/law.md §2).
    """
    if answer.failure is not None:
        return _judge_failure(asked, answer)
    facts = reading.facts if reading else Facts()
    status = answer.status or 0
    if status == 304:
        return _say(answer, Outcome.UNCHANGED, "the host says that nothing changed")
    if 300 <= status < 400:
        return _judge_redirect(asked, answer)
    if facts.looks_like == "challenge":
        return _say(answer, Outcome.CHALLENGE, "a bot check stands in place of the page", looks_like="challenge")
    if not 200 <= status < 300:
        return _judge_status(answer, status)
    if asked.kind is Kind.LINK:
        return _say(answer, Outcome.OK, "it answers")
    if facts.words_sha256 is not None and facts.words_sha256 == not_found_words and asked.kind is Kind.ARTICLE:
        reason = "the page that the host gives for an article that cannot exist"
        return _say(answer, Outcome.SOFT_404, reason, as_control=True)
    return _judge_body(asked, answer, facts, reading, held=held)


def _say(answer: Answer, outcome: Outcome, reason: str, **signals: str | float | bool | None) -> Judgement:
    return Judgement(outcome, reason, {"status": answer.status, **signals})


def _judge_failure(asked: Address, answer: Answer) -> Judgement:
    outcome = answer.failure
    assert outcome is not None
    if outcome in {Outcome.OFF_SITE, Outcome.DISALLOWED} and answer.location and answer.status:
        return _judge_redirect(asked, answer)
    words = answer.error or outcome.value.replace("_", " ")
    is_redirect = answer.status is not None and 300 <= answer.status < 400 and answer.status != 304
    if outcome in FAULTS and not is_redirect:  # whether the host itself was reached is what the breaker asks
        return _say(answer, outcome, words, connected=answer.connected)
    return _say(answer, outcome, words)


def _judge_redirect(asked: Address, answer: Answer) -> Judgement:
    """Where a redirect points decides what it means: a deleted article may be sent home (docs/law.md §2.3)."""
    location = answer.location or ""
    if not location:
        return _say(answer, Outcome.PROTOCOL_ERROR, f"HTTP {answer.status} without a place to go to")
    if answer.failure is Outcome.PROTOCOL_ERROR:
        return _say(answer, Outcome.PROTOCOL_ERROR, answer.error or "redirects without end", location=location)
    if asked.kind is Kind.IMAGE and is_placeholder(location):
        return _say(answer, Outcome.SOFT_404, "redirected to a picture that says it was removed", location=location)
    target = ithome.classify(location)
    if isinstance(target, Refusal):
        return _judge_refused_target(asked, answer)
    if ithome.is_same_page(target, asked):
        return _say(answer, Outcome.MOVED, "another address of the same page", location=location, leads_to="itself")
    words = f"redirected to another {target.kind}, {location}"
    return _say(answer, Outcome.MOVED, words, location=location, leads_to=target.kind.value)


def is_placeholder(url: str) -> bool:
    """Whether an image host leads here when an image was removed, as imgur does (`/removed.png`)."""
    return url.partition("?")[0].endswith("/removed.png")


def may_lead_to(asked: Address, url: str) -> bool:
    """Whether a redirect of a page may be followed to a URL, because it can still be that page.

    To another spelling of the same page, or on an index's own site; what a body shows or links to may lie anywhere. A
    redirect to another article, home or to the login page is an answer, not a way.
    """
    if asked.kind in {Kind.IMAGE, Kind.LINK}:
        return not is_placeholder(url)
    if asked.kind is Kind.INDEX:
        return urls.host(url).removeprefix("www.") == urls.host(asked.url).removeprefix("www.")
    target = ithome.classify(url)
    return isinstance(target, Address) and ithome.is_same_page(target, asked)


def _judge_refused_target(asked: Address, answer: Answer) -> Judgement:
    location = answer.location or ""
    if _LOGIN.search(location):
        return _say(answer, Outcome.LOGIN, "redirected to the login page", location=location, leads_to="login")
    is_home = location.partition("?")[0].rstrip("/") in {urls.origin(asked.url), f"{urls.origin(asked.url)}/articles"}
    if is_home and asked.kind in {Kind.ARTICLE, Kind.SERIES, Kind.FEED, Kind.CONTROL}:
        reason = "redirected to the home page instead of the page"
        return _say(answer, Outcome.SOFT_404, reason, location=location, leads_to="home")
    if answer.failure is not None:
        return _say(answer, answer.failure, answer.error or f"redirected to {location}", location=location)
    return _say(answer, Outcome.MOVED, f"redirected to {location}", location=location)


def _judge_status(answer: Answer, status: int) -> Judgement:
    if status in _STATUS_OUTCOMES:
        return _say(answer, _STATUS_OUTCOMES[status], f"HTTP {status}")
    if 400 <= status < 500:
        return _say(answer, Outcome.FORBIDDEN, f"HTTP {status}: the host refuses us")
    if 500 <= status < 600:
        return _say(answer, Outcome.SERVER_ERROR, f"HTTP {status}")
    return _say(answer, Outcome.PROTOCOL_ERROR, f"HTTP {status} makes no sense here")


def _judge_body(asked: Address, answer: Answer, facts: Facts, reading: Reading | None, *, held: bool) -> Judgement:
    if answer.status == 206:
        return _say(answer, Outcome.TRUNCATED, "a partial answer that nobody asked for")
    if asked.kind is Kind.ROBOTS:
        return _say(answer, Outcome.UNCHANGED if held else Outcome.OK, "robots.txt")
    if not answer.body:
        return _say(answer, Outcome.TRUNCATED, "an empty answer")
    if facts.raised is not None:
        return _say(answer, Outcome.UNREADABLE, f"our parser fails on it ({facts.raised}); what came is kept")
    not_the_page = _not_the_page(asked, answer, facts)
    if not_the_page is not None:
        return not_the_page
    signals: dict[str, str | float | bool | None] = {"encoding": facts.encoding, "own_url": facts.own_url}
    if reading and reading.counters:
        signals |= reading.counters
    if held:
        return _say(answer, Outcome.UNCHANGED, HELD_ALREADY, **signals)
    return _say(answer, Outcome.OK, "the page itself", **signals)


def _not_the_page(asked: Address, answer: Answer, facts: Facts) -> Judgement | None:
    """Why a complete 200 is not the page that was asked for; None when it is."""
    if asked.kind is Kind.IMAGE:
        return _judge_image(answer, facts)
    if facts.too_deep:
        return _say(answer, Outcome.TOO_LARGE, "heavier than any article is: its nesting, tags or attributes")
    if facts.looks_like == "login":
        return _say(answer, Outcome.LOGIN, "a login wall stands in place of the page", looks_like="login")
    if not facts.is_html:
        return _say(answer, Outcome.NOT_HTML, f"not HTML: {answer.header('content-type') or 'no content type'}")
    if facts.looks_like == "maintenance":
        return _say(answer, Outcome.SERVER_ERROR, "a maintenance page", looks_like="maintenance")
    if asked.kind is Kind.CONTROL:
        return _judge_control(answer, facts)
    wrong = _wrong_identity(asked, answer, facts)
    if wrong is not None:
        return wrong
    if not facts.closed:
        return _say(answer, Outcome.TRUNCATED, "the page ends in the middle")
    if not facts.has_content:
        return _say(answer, Outcome.UNREADABLE, "the right page, but no content is found in it", own_url=facts.own_url)
    return None


def _judge_image(answer: Answer, facts: Facts) -> Judgement | None:
    if facts.has_content and not facts.closed:
        return _say(answer, Outcome.TRUNCATED, "a picture that ends before its format says")
    if facts.has_content:
        return None
    what = "HTML in place of an image" if facts.is_html else "not an image that we know"
    return _say(answer, Outcome.UNREADABLE, what)


def _judge_control(answer: Answer, facts: Facts) -> Judgement:
    """Whatever whole page a host gives for an article that cannot exist is its way to say "no such page"."""
    if facts.kind is Kind.ARTICLE and facts.has_content:
        return _say(answer, Outcome.WRONG_PAGE, f"an article where none can be: {facts.own_url}", own_url=facts.own_url)
    reason = "how this host says that there is no such article"
    return _say(answer, Outcome.SOFT_404, reason, words_sha256=facts.words_sha256)


def _wrong_identity(asked: Address, answer: Answer, facts: Facts) -> Judgement | None:
    """Right kind and right id (`og:url`), or what it is instead. Indexes are anybody's pages: nothing to compare."""
    if asked.kind is Kind.INDEX:
        return None
    own = ithome.classify(facts.own_url) if facts.own_url else None
    own_id = own.article_id or own.series_id if isinstance(own, Address) else None
    asked_id = asked.article_id or asked.series_id
    if asked.kind is not Kind.FEED and own_id is not None and (own_id != asked_id):
        return _say(answer, Outcome.WRONG_PAGE, f"this is {facts.own_url}, another page", own_url=facts.own_url)
    if facts.looks_like == "not_found":
        return _say(answer, Outcome.SOFT_404, "a page that says there is no such page", looks_like="not_found")
    if own_id == asked_id and own_id is not None:
        return None
    return _unnamed(asked, answer, facts)


def _unnamed(asked: Address, answer: Answer, facts: Facts) -> Judgement | None:
    """A page that does not name itself: known by its skeleton, or no trace of what was asked."""
    if not facts.closed:
        return _say(answer, Outcome.TRUNCATED, "the page ends in the middle")
    if facts.kind is not asked.kind:
        other_kind = facts.kind in {Kind.ARTICLE, Kind.SERIES, Kind.FEED}
        outcome = Outcome.WRONG_PAGE if other_kind else Outcome.SOFT_404
        return _say(answer, outcome, "no trace of the page that was asked for", own_url=facts.own_url)
    if asked.kind is Kind.FEED:  # a feed names nobody but its articles
        return None
    return _say(answer, Outcome.UNREADABLE, f"a page of kind {asked.kind} that does not name itself", own_url=None)


# ─── beliefs ────────────────────────────────────────────────────────────────────────────────────


def believe(
    belief: Belief, kind: Kind, outcome: Outcome, at: datetime, rules: Rules, *, doubted: bool = False
) -> Belief:
    """What we believe after one more final outcome (docs/law.md §4).

    Only absences count towards `gone`, each at least `rules.absence_gap_days` after the last that counted; a
    success heals everything; refusals and faults never change the state of a page that was ever seen. An absence
    that is `doubted` (a mass absence, or an odd control request in its run) counts only when the page has been absent
    for `rules.mass_absence_days`: no fault of a host lasts so long, but a closed account does.
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

    Now it is, when even the last success lies ahead; it counts for nothing. Else the last absence was, and what rests
    on it, the gap before it and that the page is gone, does not hold: the count begins anew.
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
    """How many parts must have been asked to tell so many absences among those due from a host that lost everything.

    Never more than ten beyond them.
    """
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
    """Whether a later good capture from `candidate` replaces the reading of one from `held`.

    The order (docs/law.md §3.3): live, then other people's copies, then the feed; within a rank the later seen. So
    a good capture is only ever replaced by one at least as good.
    """
    return _SOURCE_RANK[candidate] >= _SOURCE_RANK[held]


def silence_s(limits: int) -> float:
    """How long an archive is left alone after a 429, in seconds, when it is the so many-th within the hour.

    The Internet Archive asks for a minute, and blocks who goes on for an hour, then twice as long (docs/site.md §16).
    """
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
            end = at + timedelta(seconds=min(retry_after_s, _LONGEST_REST_S))
            found.append((end, f"{host} asked us to wait until {end:%Y-%m-%d %H:%M} UTC"))
        if len(row) == refusals and all(one in REFUSALS for one, _ in row):
            found.append((row[0][1] + rest, f"{host} refused {refusals} requests in a row, and rests"))
        for end, why in found:
            if end > now and (host not in until or end > until[host][0]):
                until[host] = end, why
    return until


# ─── when to look again ─────────────────────────────────────────────────────────────────────────


def when_due(url: str, kind: Kind, belief: Belief, published_at: datetime | None, schedule: Schedule) -> datetime:
    """When a page is due again, from what we believe of it after an attempt at `belief.last_fetch_at` (docs/law.md §8).

    A share of the interval, fixed by the URL, is taken off so that a series is not asked in one burst and a daily
    cron job still finds yesterday's pages due. Absences wait their whole interval, or they would not count.
    """
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
    if kind is Kind.INDEX:
        return schedule.index_days
    if kind is Kind.SERIES:
        return schedule.series_days
    if kind is Kind.FEED:
        return schedule.feed_days
    if kind is Kind.IMAGE:
        return schedule.image_days
    if kind is Kind.LINK:
        return schedule.link_days
    last = belief.last_fetch_at
    young = published_at and last and last - published_at < timedelta(days=schedule.settle_days)
    return schedule.new_part_days if young else schedule.part_days


def _after_fault_days(belief: Belief, schedule: Schedule) -> float:
    """A refused host rests, longer each time. Any other fault passes: what was never seen may be asked at once."""
    if belief.last_outcome in REFUSALS:
        return schedule.failed_days * min(2.0 ** max(belief.failures - 1, 0), 720)
    if belief.last_ok_at is None:
        return 0.0
    return schedule.failed_days * min(2.0 ** max(belief.failures - 1, 0) - 1, 720)


def _share(url: str) -> float:
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") / 2**32
