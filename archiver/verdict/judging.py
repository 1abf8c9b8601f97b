"""What one answer is (docs/law.md §2). Pure."""

from __future__ import annotations

import re

from archiver import ithome, urls
from archiver.model import FAULTS, Address, Answer, Judgement, Kind, Outcome, Refusal
from archiver.model.readings import Facts, Reading

_STATUS_OUTCOMES = {
    404: Outcome.NOT_FOUND,
    408: Outcome.SERVER_ERROR,  # the host gave up waiting: its trouble, not a refusal
    410: Outcome.REMOVED,
    429: Outcome.RATE_LIMITED,
    451: Outcome.REMOVED,
}
# iThome's own login pages: on the site, and on its member host (docs/site.md §13).
_LOGIN = re.compile(r"^https://(?:[a-z]+\.)?ithome\.com\.tw/(?:.*/)?(?:login|oauth|signin)(?:[/?#]|$)")
JUDGE = 1  # one more whenever `judge` makes something else of the same answer: refused copies are then judged anew

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
    reading = reading or _UNREAD
    facts = reading.facts
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
    return _judge_body(asked, answer, reading, held=held)


_UNREAD = Reading("", Facts())


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
    location = answer.location
    if not location:
        return _say(answer, Outcome.PROTOCOL_ERROR, f"HTTP {answer.status} without a place to go to")
    if asked.kind is Kind.IMAGE and is_placeholder(location):
        return _say(answer, Outcome.SOFT_404, "redirected to a picture that says it was removed", location=location)
    target = ithome.classify(location)
    if isinstance(target, Refusal):
        return _judge_refused_target(asked, answer, location)
    if ithome.is_same_page(target, asked):
        return _say(answer, Outcome.MOVED, "another address of the same page", location=location, leads_to="itself")
    words = f"redirected to another {target.kind}, {location}"
    return _say(answer, Outcome.MOVED, words, location=location, leads_to=target.kind.value)


def is_placeholder(url: str) -> bool:
    """Whether an image host leads here when an image was removed, as imgur does (`/removed.png`)."""
    return url.partition("?")[0].endswith("/removed.png")


def may_lead_to(asked: Address, url: str) -> bool:
    """Whether a redirect of a page may be followed to a URL, because it can still be that page (docs/law.md §2.3)."""
    if asked.kind in {Kind.IMAGE, Kind.LINK}:
        return not is_placeholder(url)
    if asked.kind is Kind.INDEX:
        return urls.host(url).removeprefix("www.") == urls.host(asked.url).removeprefix("www.")
    target = ithome.classify(url)
    return isinstance(target, Address) and ithome.is_same_page(target, asked)


def _judge_refused_target(asked: Address, answer: Answer, location: str) -> Judgement:
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


def _judge_body(asked: Address, answer: Answer, reading: Reading, *, held: bool) -> Judgement:
    facts = reading.facts
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
    outcome, reason = (Outcome.UNCHANGED, HELD_ALREADY) if held else (Outcome.OK, "the page itself")
    return _say(answer, outcome, reason, encoding=facts.encoding, own_url=facts.own_url, **reading.counters)


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
    if own_id == asked_id:
        return None
    return _unnamed(asked, answer, facts)


def _unnamed(asked: Address, answer: Answer, facts: Facts) -> Judgement | None:
    """A page that does not name itself: known by its skeleton, or no trace of what was asked."""
    if not facts.closed:  # which is all that is known of it
        return None
    if facts.kind is not asked.kind:
        other_kind = facts.kind in {Kind.ARTICLE, Kind.SERIES, Kind.FEED}
        outcome = Outcome.WRONG_PAGE if other_kind else Outcome.SOFT_404
        return _say(answer, outcome, "no trace of the page that was asked for", own_url=facts.own_url)
    if asked.kind is Kind.FEED:  # a feed names nobody but its articles
        return None
    return _say(answer, Outcome.UNREADABLE, f"a page of kind {asked.kind} that does not name itself", own_url=None)
