"""What an answer to the question for a robots.txt means (RFC 9309 §2.3), and for how long. What it says: `rules`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from archiver.model import REFUSALS, Answer, Kind, Outcome
from archiver.web.rules import RobotsRules, parse

_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|html|head|body|title|\?xml)", re.IGNORECASE)


def from_answer(answer: Answer, *, challenge: bool = False) -> RobotsRules:
    """The rules that follow from an answer (§2.3.1).

    Success: the file; a web page in its place holds no rules. 4xx, and redirects that lead nowhere: no rules. 5xx, a
    fault or no answer: nothing may be asked. 429 and 408 are held for unreachable too, since a host that asks us to
    slow down, or gave up waiting, has not said yes; so is a bot check with a status of success (`challenge`).
    """
    status = answer.status
    if answer.failure is Outcome.OFF_SITE:
        return RobotsRules(unreachable=answer.error or "not contacted", outcome=Outcome.OFF_SITE)
    if answer.failure is not None or status is None:
        return RobotsRules(unreachable=f"robots.txt unreachable ({answer.error or answer.failure})")
    if status in {408, 429} or status >= 500:
        return RobotsRules(unreachable=f"robots.txt unreachable (HTTP {status})")
    if not 200 <= status < 300:
        return RobotsRules()
    if challenge:
        return RobotsRules(unreachable="robots.txt unreachable (a bot check stands in its place)")
    if answer.body is None or status == 206:
        return RobotsRules(unreachable=f"robots.txt unreachable (HTTP {status} without the whole of it)")
    return RobotsRules() if _HTML.match(answer.body) else parse(answer.body)


def heard_as(kind: Kind, outcome: Outcome, status: int | None) -> Outcome:
    """What the breaker hears of an answer: that of a robots.txt which there is none of forbids nothing further.

    A bot check with 403, or a redirect to the log-in, in its place is no robots.txt (§2.3.1.2 f.), as any 403 is.
    """
    if kind is not Kind.ROBOTS or outcome not in REFUSALS or status is None:
        return outcome
    is_none = 300 <= status < 500 and status not in {408, 429}
    return Outcome.FORBIDDEN if is_none else outcome


class RobotsCache:
    """The rules of each origin, each for at most so many seconds (§2.4: a day)."""

    def __init__(self, max_age_s: float) -> None:
        self._max_age = timedelta(seconds=max_age_s)
        self._rules: dict[str, tuple[datetime, RobotsRules]] = {}

    def keep(self, origin: str, rules: RobotsRules, fetched_at: datetime) -> None:
        """Remember the rules of an origin."""
        self._rules[origin] = (fetched_at, rules)

    def get(self, origin: str, now: datetime) -> RobotsRules | None:
        """The rules of an origin, if they are young enough."""
        found = self._rules.get(origin)
        if found is None or not timedelta(0) <= now - found[0] <= self._max_age:
            return None
        return found[1]
