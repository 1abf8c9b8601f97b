"""robots.txt by RFC 9309: what a file allows, and what it means when the file cannot be had.

The matching is Protego's; what it gets wrong is put right in the text that it is given (HOSTILE §2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import protego

from archiver.model import Answer, Outcome
from archiver.text import storable

PRODUCT_TOKEN = "ithome-archiver"  # noqa: S105 - RFC 9309 calls it so
MAX_BYTES = 512_000  # RFC 9309 §2.5: at least 500 KiB must be parsed
_KNOWN = re.compile(r"\s*(user-agent|allow|disallow|crawl-delay|sitemap)\s*:", re.IGNORECASE)
_AGENT = re.compile(r"\s*user-agent\s*:\s*([^#\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt says, or what stands in for one that could not be had."""

    parsed: protego.Protego | None = None  # None: no rules, everything may be asked
    unreachable: str | None = None  # why nothing may be asked (RFC 9309 §2.3.1.4)
    crawl_delay_s: float | None = None

    def allows(self, url: str) -> bool:
        """Whether a URL may be asked. robots.txt itself always may (§2.2.2)."""
        if urlsplit(url).path == "/robots.txt":
            return True
        if self.unreachable is not None:
            return False
        return self.parsed is None or bool(self.parsed.can_fetch(url, PRODUCT_TOKEN))


def parse(body: bytes) -> Rules:
    """The rules of a file: UTF-8 with or without BOM, at least 500 KiB of it. Never raises."""
    text = storable(body[:MAX_BYTES].decode("utf-8-sig", "replace"))
    parsed = protego.Protego.parse(_normalised(text))
    delay = parsed.crawl_delay(PRODUCT_TOKEN)
    usable = isinstance(delay, int | float) and 0 <= delay < float("inf")
    return Rules(parsed, crawl_delay_s=float(delay) if usable and delay is not None else None)


def _normalised(text: str) -> str:
    """Only lines that have a meaning, so that unknown lines neither end nor split a group (RFC 9309 §2.2.4),
    and only groups for us or for everybody: a product token matches whole, not as a prefix (§2.2.1).
    """
    kept = [line for line in re.split(r"\r\n|\r|\n", text) if _KNOWN.match(line)]
    return "\n".join(_for_us(line) for line in kept)


def _for_us(line: str) -> str:
    match = _AGENT.match(line)
    if match is None:
        return line
    token = re.match(r"[A-Za-z_*-]*", match[1].strip())
    name = (token[0] if token else "").lower()
    if name == PRODUCT_TOKEN:
        return f"User-agent: {PRODUCT_TOKEN}"
    return "User-agent: *" if match[1].strip() == "*" else "User-agent: somebody-else"


def from_answer(answer: Answer, *, challenge: bool = False) -> Rules:
    """What an answer to a request for robots.txt means (RFC 9309 §2.3.1).

    4xx: no rules. 5xx, a fault or no answer: nothing may be asked. 429 is held for unreachable too, since a host that
    asks us to slow down has not said yes; so is a bot check with a status of success.
    """
    status = answer.status
    if answer.failure is Outcome.TOO_LARGE and answer.body is None and status is not None and 200 <= status < 300:
        return Rules(unreachable="robots.txt is too large to be read")
    if answer.failure is not None or status is None:
        return Rules(unreachable=f"robots.txt unreachable ({answer.error or answer.failure})")
    if status == 429 or status >= 500:
        return Rules(unreachable=f"robots.txt unreachable (HTTP {status})")
    if challenge and 200 <= status < 300:
        return Rules(unreachable="robots.txt hidden behind a bot check")
    if 200 <= status < 300 and answer.body is not None:
        return parse(answer.body)
    return Rules()


class RobotsCache:
    """The rules of each origin, each for at most so many seconds (RFC 9309 §2.4: a day)."""

    def __init__(self, max_age_s: float) -> None:
        self._max_age = timedelta(seconds=max_age_s)
        self._rules: dict[str, tuple[datetime, Rules]] = {}

    def keep(self, origin: str, rules: Rules, fetched_at: datetime) -> None:
        """Remember the rules of an origin."""
        self._rules[origin] = (fetched_at, rules)

    def get(self, origin: str, now: datetime) -> Rules | None:
        """The rules of an origin, if they are young enough."""
        found = self._rules.get(origin)
        if found is None or not timedelta(0) <= now - found[0] <= self._max_age:
            return None
        return found[1]
