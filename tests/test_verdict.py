"""What one answer is, and what many mean over time."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from fakes import START, article, fault, reply
from hypothesis import given
from hypothesis import strategies as st

from archiver import ithome
from archiver.config.rules import Rules, Schedule
from archiver.model import ABSENCES, REFUSALS, SUCCESSES, Address, Answer, Belief, CaptureSource, Kind, Outcome, State
from archiver.model.readings import Facts, Reading
from archiver.verdict import (
    HELD_ALREADY,
    JUDGE,
    believe,
    better_source,
    judge,
    mass_absence,
    may_lead_to,
    rests,
    when_due,
)

PART = article(10319293)
INDEX = Address("https://blog.example/x/", Kind.INDEX)
RULES = Rules()
GOOD = Facts(is_html=True, encoding="utf-8", kind=Kind.ARTICLE, own_url=PART.url, has_content=True)


def facts(**changes: object) -> Facts:
    return replace(GOOD, **changes)  # type: ignore[arg-type]


def outcome_of(answer: Answer, seen: Facts | None = None, *, asked: Address = PART, held: bool = False) -> Outcome:
    return judge(asked, answer, Reading("p/1", seen) if seen else None, held=held).outcome


PAGE = reply(PART.url, b"<html>")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (GOOD, Outcome.OK),
        (facts(looks_like="challenge"), Outcome.CHALLENGE),
        (facts(looks_like="login", own_url=None, has_content=False, kind=Kind.INDEX), Outcome.LOGIN),
        (facts(is_html=False), Outcome.NOT_HTML),
        (facts(too_deep=True), Outcome.TOO_LARGE),
        (facts(looks_like="not_found", own_url=None, has_content=False, kind=Kind.INDEX), Outcome.SOFT_404),
        (facts(looks_like="maintenance", own_url=None, has_content=False, kind=Kind.INDEX), Outcome.SERVER_ERROR),
        (facts(own_url=ithome.article_url(10000001)), Outcome.WRONG_PAGE),
        (facts(own_url="https://ithelp.ithome.com.tw/", has_content=False, kind=Kind.INDEX), Outcome.SOFT_404),
        (facts(own_url=None, kind=Kind.SERIES), Outcome.WRONG_PAGE),
        (facts(own_url=None), Outcome.UNREADABLE),
        (facts(closed=False), Outcome.TRUNCATED),
        (facts(has_content=False), Outcome.UNREADABLE),
    ],
)
def test_a_200_is_no_success_until_it_is_the_page(seen: Facts, expected: Outcome) -> None:
    assert outcome_of(PAGE, seen) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, Outcome.NOT_FOUND), (410, Outcome.REMOVED), (451, Outcome.REMOVED), (401, Outcome.FORBIDDEN),
        (403, Outcome.FORBIDDEN), (400, Outcome.FORBIDDEN), (418, Outcome.FORBIDDEN), (429, Outcome.RATE_LIMITED),
        (408, Outcome.SERVER_ERROR), (500, Outcome.SERVER_ERROR), (503, Outcome.SERVER_ERROR),
        (522, Outcome.SERVER_ERROR), (304, Outcome.UNCHANGED), (206, Outcome.TRUNCATED), (999, Outcome.PROTOCOL_ERROR),
    ],
)  # fmt: skip
def test_every_status_has_an_outcome(status: int, expected: Outcome) -> None:
    assert outcome_of(reply(PART.url, status), GOOD) is expected


def test_a_challenge_is_told_whatever_its_status() -> None:
    for status in (200, 403, 429, 503):
        assert outcome_of(reply(PART.url, status), facts(looks_like="challenge")) is Outcome.CHALLENGE


def test_content_that_is_held_is_unchanged() -> None:
    assert outcome_of(PAGE, GOOD, held=True) is Outcome.UNCHANGED


def test_an_empty_answer_is_no_page() -> None:
    assert outcome_of(reply(PART.url, b""), GOOD) is Outcome.TRUNCATED


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://ithelp.ithome.com.tw/", Outcome.SOFT_404),
        ("https://ithelp.ithome.com.tw/articles", Outcome.SOFT_404),
        ("https://ithelp.ithome.com.tw/?x=1", Outcome.SOFT_404),
        ("https://ithelp.ithome.com.tw/users/login", Outcome.LOGIN),
        ("https://ithelp.ithome.com.tw/articles/10000001", Outcome.MOVED),
        ("https://elsewhere.example/x", Outcome.OFF_SITE),
        ("javascript:alert(1)", Outcome.OFF_SITE),
    ],
)
def test_where_a_redirect_points_says_what_it_means(location: str, expected: Outcome) -> None:
    answer = Answer(PART.url, START, 5, status=302, location=location, failure=Outcome.OFF_SITE, error="not followed")

    assert outcome_of(answer) is expected


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.DNS_ERROR, Outcome.TRUNCATED, Outcome.SKIPPED])
def test_what_the_web_room_says_stands(outcome: Outcome) -> None:
    assert outcome_of(fault(PART.url, outcome)) is outcome


def test_an_index_is_anybodys_page() -> None:
    seen = Facts(is_html=True, kind=Kind.INDEX, own_url="https://blog.example/", has_content=True)

    assert outcome_of(reply(INDEX.url, b"<html>"), seen, asked=INDEX) is Outcome.OK


def to(location: str | None, asked: Address = PART, **given: Any) -> tuple[Address, Answer, None]:
    return asked, Answer(asked.url, START, 5, status=302, location=location, **given), None


OTHER, HOME, LOGIN = ithome.article_url(10000001), "https://ithelp.ithome.com.tw/", "https://member.ithome.com.tw/login"
IMAGE, CONTROL = Address("https://i.imgur.com/a.png", Kind.IMAGE), replace(PART, kind=Kind.CONTROL)
REMOVED = "https://i.imgur.com/removed.png"
OF_IMAGE = Facts(has_content=True)


@pytest.mark.parametrize(
    ("asked", "answer", "seen", "outcome", "reason", "signals"),
    [
        (*to(None), Outcome.PROTOCOL_ERROR, "HTTP 302 without a place to go to", {}),
        (PART, reply(PART.url, 300), GOOD, Outcome.PROTOCOL_ERROR, "HTTP 300 without a place to go to", {}),
        (PART, reply(PART.url, 403), GOOD, Outcome.FORBIDDEN, "HTTP 403: the host refuses us", {}),
        (PART, reply(PART.url, 404), GOOD, Outcome.NOT_FOUND, "HTTP 404", {}),
        (PART, reply(PART.url, 503), GOOD, Outcome.SERVER_ERROR, "HTTP 503", {}),
        (PART, replace(PAGE, headers=()), facts(is_html=False), Outcome.NOT_HTML, "not HTML: no content type", {}),
        (PART, reply(PART.url, 399), GOOD, Outcome.PROTOCOL_ERROR, "HTTP 399 without a place to go to", {}),
        (PART, reply(PART.url, 304), GOOD, Outcome.UNCHANGED, "the host says that nothing changed", {}),
        (PART, replace(PAGE, status=None), GOOD, Outcome.PROTOCOL_ERROR, "HTTP 0 makes no sense here", {}),
        *[(PART, replace(PAGE, failure=Outcome.TIMEOUT, status=status), None, Outcome.TIMEOUT, "timeout",
           {} if status in {300, 399} else {"connected": True}) for status in (299, 300, 399, 400)],
        (PART, reply(PART.url, 600), GOOD, Outcome.PROTOCOL_ERROR, "HTTP 600 makes no sense here", {}),
        (*to(OTHER, failure=Outcome.PROTOCOL_ERROR), Outcome.PROTOCOL_ERROR, "protocol error", {}),
        (*to(OTHER, failure=Outcome.PROTOCOL_ERROR, error="in a circle"), Outcome.PROTOCOL_ERROR, "in a circle", {}),
        (PART, replace(PAGE, failure=Outcome.TRUNCATED), None, Outcome.TRUNCATED, "truncated", {"connected": True}),
        (PART, replace(PAGE, failure=Outcome.TIMEOUT, status=None, connected=False), None, Outcome.TIMEOUT, "timeout",
         {"connected": False}),
        (PART, replace(PAGE, failure=Outcome.TIMEOUT, status=304), None, Outcome.TIMEOUT, "timeout",
         {"connected": True}),
        (PART, replace(PAGE, failure=Outcome.TOO_LARGE), None, Outcome.TOO_LARGE, "too large", {}),
        (PART, Answer(PART.url, START, 5, location=HOME, failure=Outcome.OFF_SITE), None, Outcome.OFF_SITE, "off site",
         {}),
        (*to("https://blog.example/", INDEX), Outcome.MOVED, "redirected to https://blog.example/",
         {"location": "https://blog.example/"}),
        (replace(PART, kind=Kind.LINK), PAGE, Facts(), Outcome.OK, "it answers", {}),
        (replace(PART, kind=Kind.ROBOTS), reply(PART.url, b""), Facts(), Outcome.OK, "robots.txt", {}),
        (PART, PAGE, facts(raised="KeyError"), Outcome.UNREADABLE,
         "our parser fails on it (KeyError); what came is kept", {}),
        (*to(f"{PART.url}?sc=1"), Outcome.MOVED, "another address of the same page",
         {"location": f"{PART.url}?sc=1", "leads_to": "itself"}),
        (*to(OTHER), Outcome.MOVED, f"redirected to another article, {OTHER}",
         {"location": OTHER, "leads_to": "article"}),
        (*to(HOME), Outcome.SOFT_404, "redirected to the home page instead of the page",
         {"location": HOME, "leads_to": "home"}),
        (*to(LOGIN), Outcome.LOGIN, "redirected to the login page", {"location": LOGIN, "leads_to": "login"}),
        (*to("https://a.example/"), Outcome.MOVED, "redirected to https://a.example/",
         {"location": "https://a.example/"}),
        (*to("https://a.example/", failure=Outcome.OFF_SITE), Outcome.OFF_SITE, "redirected to https://a.example/",
         {"location": "https://a.example/"}),
        (*to("https://a.example/", failure=Outcome.OFF_SITE, error="not followed"), Outcome.OFF_SITE, "not followed",
         {"location": "https://a.example/"}),
        (*to(f"{REMOVED}?1", IMAGE), Outcome.SOFT_404, "redirected to a picture that says it was removed",
         {"location": f"{REMOVED}?1"}),
        (PART, PAGE, facts(looks_like="challenge"), Outcome.CHALLENGE, "a bot check stands in place of the page",
         {"looks_like": "challenge"}),
        (PART, PAGE, facts(looks_like="login"), Outcome.LOGIN, "a login wall stands in place of the page",
         {"looks_like": "login"}),
        (PART, PAGE, facts(looks_like="maintenance"), Outcome.SERVER_ERROR, "a maintenance page",
         {"looks_like": "maintenance"}),
        (PART, PAGE, facts(looks_like="not_found"), Outcome.SOFT_404, "a page that says there is no such page",
         {"looks_like": "not_found"}),
        (PART, PAGE, facts(is_html=False), Outcome.NOT_HTML, "not HTML: text/html; charset=UTF-8", {}),
        (PART, PAGE, facts(own_url=OTHER), Outcome.WRONG_PAGE, f"this is {OTHER}, another page", {"own_url": OTHER}),
        (PART, PAGE, facts(own_url=HOME, kind=None), Outcome.SOFT_404, "no trace of the page that was asked for",
         {"own_url": HOME}),
        (PART, PAGE, facts(own_url=None), Outcome.UNREADABLE, "a page of kind article that does not name itself",
         {"own_url": None}),
        (PART, PAGE, facts(own_url=None, closed=False), Outcome.TRUNCATED, "the page ends in the middle", {}),
        (PART, PAGE, facts(has_content=False), Outcome.UNREADABLE, "the right page, but no content is found in it",
         {"own_url": PART.url}),
        (PART, PAGE, facts(closed=False), Outcome.TRUNCATED, "the page ends in the middle", {}),
        (PART, PAGE, facts(too_deep=True), Outcome.TOO_LARGE,
         "heavier than any article is: its nesting, tags or attributes", {}),
        (PART, reply(PART.url, b""), GOOD, Outcome.TRUNCATED, "an empty answer", {}),
        (PART, reply(PART.url, 206), GOOD, Outcome.TRUNCATED, "a partial answer that nobody asked for", {}),
        (PART, PAGE, GOOD, Outcome.OK, "the page itself", {"encoding": "utf-8", "own_url": PART.url}),
        (IMAGE, PAGE, OF_IMAGE, Outcome.OK, "the page itself", {"encoding": "", "own_url": None}),
        (IMAGE, PAGE, replace(OF_IMAGE, closed=False), Outcome.TRUNCATED, "a picture that ends before its format says",
         {}),
        (IMAGE, PAGE, Facts(), Outcome.UNREADABLE, "not an image that we know", {}),
        (IMAGE, PAGE, Facts(is_html=True), Outcome.UNREADABLE, "HTML in place of an image", {}),
        (CONTROL, PAGE, facts(words_sha256="ab"), Outcome.WRONG_PAGE, f"an article where none can be: {PART.url}",
         {"own_url": PART.url}),
        (CONTROL, PAGE, facts(words_sha256="ab", has_content=False), Outcome.SOFT_404,
         "how this host says that there is no such article", {"words_sha256": "ab"}),
        (CONTROL, PAGE, facts(words_sha256="ab", kind=Kind.SERIES), Outcome.SOFT_404,
         "how this host says that there is no such article", {"words_sha256": "ab"}),
    ],
)  # fmt: skip
def test_a_judgement_says_why_with_the_signals_it_rests_on(
    asked: Address, answer: Answer, seen: Facts | None, outcome: Outcome, reason: str, signals: dict[str, str | None]
) -> None:
    judged = judge(asked, answer, Reading("p/1", seen) if seen else None)

    assert (judged.outcome, judged.reason) == (outcome, reason)
    assert judged.signals == {"status": answer.status, **signals}


def test_a_page_that_says_what_the_host_says_of_none_is_none() -> None:
    seen, series = Reading("p/1", facts(words_sha256="ab")), Address(PART.url, Kind.SERIES, series_id=1)
    judged = judge(PART, PAGE, seen, not_found_words="ab")

    assert (judged.outcome, judged.reason) == (
        Outcome.SOFT_404, "the page that the host gives for an article that cannot exist"
    )  # fmt: skip
    assert judged.signals == {"status": 200, "as_control": True}
    assert judge(PART, PAGE, seen, not_found_words="cd").outcome is Outcome.OK
    assert judge(series, PAGE, seen, not_found_words="ab").outcome is not Outcome.SOFT_404
    assert judge(PART, PAGE, Reading("p/1", GOOD), not_found_words=None).outcome is Outcome.OK


def test_what_a_page_counts_stands_beside_what_it_is_held_or_not() -> None:
    counted = Reading("p/1", GOOD, counters={"views": 7})
    told = {"status": 200, "encoding": "utf-8", "own_url": PART.url, "views": 7}

    assert judge(PART, PAGE, counted).signals == told
    assert judge(PART, PAGE, counted, held=True).signals == told
    assert judge(PART, PAGE, counted, held=True).reason == HELD_ALREADY
    assert judge(replace(PART, kind=Kind.ROBOTS), PAGE, counted, held=True).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("asked", "url", "may"),
    [
        (PART, f"{PART.url}?sc=1", True), (PART, OTHER, False), (PART, HOME, False),
        (PART, "https://a.example/", False),
        (IMAGE, "https://a.example/b.png", True), (IMAGE, REMOVED, False), (IMAGE, f"{REMOVED}?1", False),
        (INDEX, "https://blog.example/y", True), (INDEX, "https://www.blog.example/y", True),
        (INDEX, "https://a.example/x/", False),
        (Address("https://www.blog.example/", Kind.INDEX), "https://blog.example/y", True),
    ],
)  # fmt: skip
def test_a_redirect_is_followed_only_where_it_can_still_be_the_page(asked: Address, url: str, may: bool) -> None:
    assert may_lead_to(asked, url) is may


def test_who_changes_what_an_answer_is_gives_the_judge_a_new_number() -> None:
    """A digest of what `judge` makes of every status and of every kind of page: when it differs, `JUDGE` must."""
    hashed = hashlib.sha256()
    looks = (None, "challenge", "login", "not_found", "maintenance")
    addresses = (PART, CONTROL, IMAGE, INDEX, *map(ithome.classify, (ithome.series_url(1, 2), ithome.feed_url(2))))
    for asked in addresses:
        assert isinstance(asked, Address)
        answers = [reply(asked.url, status) for status in range(100, 600)]
        answers += [replace(PAGE, failure=outcome) for outcome in Outcome]
        answers += [to(location, asked, failure=failure)[1] for location in (OTHER, HOME, LOGIN, PART.url, REMOVED)
                    for failure in (None, Outcome.OFF_SITE, Outcome.PROTOCOL_ERROR)]  # fmt: skip
        hashed.update("".join(judge(asked, one, Reading("p/1", GOOD)).outcome for one in answers).encode())
        for look, kind, own, (whole, full, html) in product(
            looks, (None, Kind.ARTICLE, Kind.SERIES, Kind.FEED, Kind.INDEX), (None, asked.url, OTHER),
            product((False, True), repeat=3),
        ):  # fmt: skip
            seen = Facts(html, "utf-8", looks_like=look, kind=kind, own_url=own, has_content=full, closed=whole)
            hashed.update(judge(asked, PAGE, Reading("p/1", seen)).outcome.encode())

    assert (JUDGE, hashed.hexdigest()[:16]) == (1, "e99c1c5fb5b0bcc6")


TEXTS = (
    st.none() | st.text(max_size=30) | st.sampled_from([PART.url, "https://ithelp.ithome.com.tw/", ithome.feed_url(1)])
)
ANSWERS = st.builds(
    Answer,
    requested_url=st.just(PART.url),
    started_at=st.just(START),
    elapsed_ms=st.just(1),
    status=st.none() | st.integers(-1, 1200),
    body=st.none() | st.binary(max_size=5),
    location=TEXTS,
    failure=st.none() | st.sampled_from(list(Outcome)),
    error=st.none() | st.text(max_size=9),
)
FACTS = st.builds(
    Facts,
    is_html=st.booleans(),
    too_deep=st.booleans(),
    looks_like=st.none() | st.sampled_from(["challenge", "login", "not_found", "maintenance", "?"]),
    kind=st.none() | st.sampled_from(list(Kind)),
    own_url=TEXTS,
    has_content=st.booleans(),
    closed=st.booleans(),
)


@given(ANSWERS, st.none() | FACTS, st.sampled_from(list(Kind)), st.booleans())
def test_any_answer_is_judged_and_only_the_page_itself_is_a_success(
    answer: Answer, seen: Facts | None, kind: Kind, held: bool
) -> None:
    asked = Address(PART.url, kind, article_id=PART.article_id)
    outcome = judge(asked, answer, Reading("p/1", seen) if seen else None, held=held).outcome

    if outcome in SUCCESSES and answer.failure is None and kind is Kind.ARTICLE and answer.status != 304:
        assert seen is not None
        assert seen.has_content
        assert seen.closed
        assert seen.own_url
        assert ithome.classify(seen.own_url) == PART


# ─── beliefs ────────────────────────────────────────────────────────────────────────────────────


def after(*steps: tuple[Outcome, float], kind: Kind = Kind.ARTICLE) -> Belief:
    """The belief after outcomes, each so many days after START."""
    belief = Belief()
    for outcome, days in steps:
        belief = believe(belief, kind, outcome, START + timedelta(days=days), RULES)
    return belief


def test_one_absence_makes_a_suspect_and_three_far_apart_make_gone() -> None:
    assert after((Outcome.OK, 0), (Outcome.NOT_FOUND, 1)).state is State.SUSPECT
    assert after((Outcome.OK, 0), (Outcome.NOT_FOUND, 1), (Outcome.REMOVED, 4)).state is State.SUSPECT
    assert (
        after((Outcome.OK, 0), (Outcome.NOT_FOUND, 1), (Outcome.SOFT_404, 4), (Outcome.NOT_FOUND, 7)).state
        is State.GONE
    )


def test_absences_close_together_count_once() -> None:
    belief = after(
        (Outcome.NOT_FOUND, 0), (Outcome.NOT_FOUND, 0.1), (Outcome.NOT_FOUND, 2.9), (Outcome.NOT_FOUND, 2.95)
    )

    assert (belief.state, belief.absences) == (State.SUSPECT, 1)


def test_a_success_heals_everything() -> None:
    belief = after((Outcome.NOT_FOUND, 0), (Outcome.NOT_FOUND, 3), (Outcome.NOT_FOUND, 6), (Outcome.OK, 7))

    assert (belief.state, belief.absences, belief.failures) == (State.ALIVE, 0, 0)


def test_a_refusal_of_a_page_never_seen_blocks_it_and_changes_no_other() -> None:
    for refusal in REFUSALS:
        assert after((refusal, 0)).state is State.BLOCKED
        assert after((Outcome.OK, 0), (refusal, 1)).state is State.ALIVE
        assert after((Outcome.NOT_FOUND, 0), (refusal, 1)).state is State.SUSPECT


def test_a_missing_robots_file_is_an_answer() -> None:
    assert after((Outcome.NOT_FOUND, 0), kind=Kind.ROBOTS).state is State.ALIVE


OUTCOMES = st.sampled_from(list(Outcome))
HISTORIES = st.lists(st.tuples(OUTCOMES, st.floats(0, 10)), max_size=40)


@given(HISTORIES)
def test_only_absences_can_make_a_page_suspect_or_gone(history: list[tuple[Outcome, float]]) -> None:
    without = [(outcome, days) for outcome, days in history if outcome not in ABSENCES]

    assert after(*without).state not in {State.SUSPECT, State.GONE}


@given(HISTORIES)
def test_gone_needs_three_absences_three_days_apart_since_the_last_success(
    history: list[tuple[Outcome, float]],
) -> None:
    at, belief, counted = START, Belief(), list[datetime]()
    for outcome, days in history:
        at += timedelta(days=days)
        belief = believe(belief, Kind.ARTICLE, outcome, at, RULES)
        if outcome in SUCCESSES:
            counted = []
        elif outcome in ABSENCES and (not counted or at - counted[-1] >= timedelta(days=3)):
            counted.append(at)
        assert (belief.state is State.GONE) == (len(counted) >= 3)


def test_an_absence_from_before_the_last_moves_that_back_where_the_page_was_gone_by_then() -> None:
    belief = Belief()
    for days in (0, 3, 6, 30, 10):  # gone on the sixth; the thirtieth was told by a wrong clock
        belief = believe(belief, Kind.ARTICLE, Outcome.NOT_FOUND, START + timedelta(days=days), RULES)

    assert (belief.state, belief.state_since) == (State.GONE, START + timedelta(days=6))
    assert (belief.last_absence_at, belief.absences) == (START + timedelta(days=10), 4)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_a_clock_that_goes_back_by_hours_was_not_wrong() -> None:
    absent = after((Outcome.OK, 0), (Outcome.NOT_FOUND, 5))
    earlier = believe(absent, Kind.ARTICLE, Outcome.NOT_FOUND, day(5) - timedelta(hours=23), RULES)

    assert (earlier.absences, earlier.last_absence_at, earlier.absent_since) == (1, day(5), day(5))


def test_a_doubted_absence_counts_when_it_has_lasted_longer_than_any_fault() -> None:
    belief = after((Outcome.OK, 0))
    for number in (1, 20, 30, 31):
        belief = believe(belief, Kind.ARTICLE, Outcome.NOT_FOUND, day(number), RULES, doubted=True)
        assert (belief.absences, belief.absent_since) == (1 if number == 31 else 0, day(1))


def test_what_was_not_asked_changes_nothing() -> None:
    seen = after((Outcome.OK, 0))

    assert believe(seen, Kind.ARTICLE, Outcome.SKIPPED, day(3), RULES) == seen


def test_that_an_article_that_cannot_be_is_not_there_is_an_answer() -> None:
    believed = believe(Belief(), Kind.CONTROL, Outcome.NOT_FOUND, day(0), RULES)

    assert (believed.state, believed.last_ok_at, believed.failures) == (State.ALIVE, day(0), 0)


def test_what_is_gone_stays_gone_under_a_law_that_asks_for_more() -> None:
    gone = after((Outcome.NOT_FOUND, 0), (Outcome.NOT_FOUND, 3), (Outcome.NOT_FOUND, 6))

    assert believe(gone, Kind.ARTICLE, Outcome.NOT_FOUND, day(9), replace(RULES, absences=9)).state is State.GONE


@pytest.mark.parametrize(
    ("last_ok", "since", "expected"),
    [
        (20, 25, (30, 25)),  # now the clock is wrong: it counts for nothing
        (None, 25, (10, 10)), (5, 25, (10, 10)),  # then it was: the count begins anew
        (20, 5, (10, 5)),
    ],
)  # fmt: skip
def test_of_two_absences_one_was_seen_under_a_wrong_clock(
    last_ok: int | None, since: int, expected: tuple[int, int]
) -> None:
    before = Belief(
        State.SUSPECT, day(25), day(30), None if last_ok is None else day(last_ok), Outcome.NOT_FOUND, absences=2,
        last_absence_at=day(30), absent_since=day(since),
    )  # fmt: skip
    believed = believe(before, Kind.ARTICLE, Outcome.NOT_FOUND, day(10), RULES)

    assert believed.last_absence_at is not None
    assert believed.absent_since is not None
    told = ((believed.last_absence_at - START).days, (believed.absent_since - START).days)
    assert (told, believed.absences) == (expected, 2 if expected == (30, 25) else 1)


@given(HISTORIES)
def test_refusals_and_faults_leave_the_state_of_a_page_that_was_seen(history: list[tuple[Outcome, float]]) -> None:
    harmless = [step for step in history if step[0] not in ABSENCES | {Outcome.MOVED}]

    assert after((Outcome.OK, 0), *harmless).state is State.ALIVE


@given(st.lists(st.sampled_from(list(CaptureSource)), min_size=1))
def test_good_never_loses_to_bad(sources: list[CaptureSource]) -> None:
    held = sources[0]
    for candidate in sources[1:]:
        if better_source(candidate, held):
            held = candidate

    assert (CaptureSource.LIVE in sources) == (held is CaptureSource.LIVE)


@pytest.mark.parametrize(
    ("asked", "absent", "expected"), [(30, 16, True), (30, 15, False), (3, 3, False), (1, 1, False)]
)
def test_mass_absence_needs_most_of_several_parts(asked: int, absent: int, expected: bool) -> None:
    assert mass_absence(asked, absent) is expected


def test_of_two_as_good_the_later_counts() -> None:
    assert better_source(CaptureSource.IMPORT, CaptureSource.WAYBACK)
    assert better_source(CaptureSource.LIVE, CaptureSource.LIVE)
    assert not better_source(CaptureSource.FEED, CaptureSource.WAYBACK)


REFUSED, LIMITED = Outcome.FORBIDDEN, Outcome.RATE_LIMITED


@pytest.mark.parametrize(
    ("answers", "until", "why"),
    [
        ([(LIMITED, 90.0, 30)], 60, "a.example asked us to wait until 2026-11-23 12:01 UTC"),
        ([(Outcome.OK, None, 1), (LIMITED, 90.0, 30)], 60, "a.example asked us to wait until 2026-11-23 12:01 UTC"),
        ([(LIMITED, 90.0, 30), (Outcome.OK, None, 45), (LIMITED, 600.0, 60)], 540,
         "a.example asked us to wait until 2026-11-23 12:09 UTC"),
        ([(LIMITED, 600.0, 30), (Outcome.OK, None, 45), (LIMITED, 90.0, 60)], 570,
         "a.example asked us to wait until 2026-11-23 12:09 UTC"),
        ([(LIMITED, 1e9, 0)], 604_800, "a.example asked us to wait until 2026-11-30 12:00 UTC"),
        ([(LIMITED, 90.0, 90)], None, ""),  # it has waited so long
        ([(LIMITED, 90.0, -1)], None, ""),  # a clock that was wrong
        ([(REFUSED, None, 100), (REFUSED, None, 200)], 3_500, "a.example refused 2 requests in a row, and rests"),
        ([(REFUSED, None, 100), (REFUSED, None, 200), (REFUSED, None, 300)], 3_500,
         "a.example refused 2 requests in a row, and rests"),
        ([(REFUSED, None, 100)], None, ""),
        ([(Outcome.OK, None, 50), (REFUSED, None, 100), (REFUSED, None, 200)], None, ""),
        ([(REFUSED, None, 100), (Outcome.OK, None, 150), (REFUSED, None, 200)], None, ""),
        ([(REFUSED, None, 3_600), (REFUSED, None, 3_700)], None, ""),  # it has rested
    ],
)  # fmt: skip
def test_a_host_rests_as_long_as_it_asked_or_after_refusals_in_a_row(
    answers: list[tuple[Outcome, float | None, int]], until: int | None, why: str
) -> None:
    heard = [("a.example", outcome, wait, START - timedelta(seconds=ago)) for outcome, wait, ago in answers]
    heard.insert(1, ("b.example", Outcome.OK, None, START))
    expected = {} if until is None else {"a.example": (START + timedelta(seconds=until), why)}

    assert rests(heard, START, 2, timedelta(hours=1)) == expected


# ─── when to look again ─────────────────────────────────────────────────────────────────────────


def due_days(belief: Belief, kind: Kind = Kind.ARTICLE, published_at: datetime | None = None) -> float:
    due = when_due(PART.url, kind, belief, published_at, Schedule())
    assert belief.last_fetch_at is not None
    return (due - belief.last_fetch_at) / timedelta(days=1)


def test_new_parts_are_due_daily_and_settled_ones_monthly() -> None:
    seen = after((Outcome.OK, 0))

    assert 0.9 <= due_days(seen, published_at=START - timedelta(days=3)) <= 1
    assert 27 <= due_days(seen, published_at=datetime(2023, 9, 16, tzinfo=UTC)) <= 30


def test_a_suspect_is_due_when_its_next_absence_would_count() -> None:
    assert due_days(after((Outcome.OK, 0), (Outcome.NOT_FOUND, 1))) >= RULES.absence_gap_days


def test_an_absence_waits_its_whole_interval_and_nothing_else_does() -> None:
    absent, plan = (Outcome.NOT_FOUND, 0), Schedule()

    assert due_days(after(absent)) == plan.suspect_days
    assert due_days(after(absent, (Outcome.NOT_FOUND, 3), (Outcome.NOT_FOUND, 6))) == plan.gone_days
    for kind, days in (
        (Kind.INDEX, plan.index_days), (Kind.SERIES, plan.series_days), (Kind.FEED, plan.feed_days),
        (Kind.IMAGE, plan.image_days), (Kind.LINK, plan.link_days), (Kind.ARTICLE, plan.part_days),
    ):  # fmt: skip
        assert 0.9 * days <= due_days(after((Outcome.OK, 0)), kind) < days


def test_a_page_never_seen_may_be_asked_again_at_once_after_a_fault_but_not_after_a_refusal() -> None:
    assert due_days(after((Outcome.DNS_ERROR, 0), (Outcome.TIMEOUT, 1))) == 0
    assert due_days(after((Outcome.FORBIDDEN, 0))) > 0


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.FORBIDDEN])
def test_faults_and_refusals_wait_longer_each_time(outcome: Outcome) -> None:
    waits = [due_days(after((Outcome.OK, 0), *[(outcome, day) for day in range(1, count)])) for count in (2, 4, 6)]

    assert waits == sorted(waits)
    assert waits[0] < 0.1 < waits[-1]
