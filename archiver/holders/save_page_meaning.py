"""What Save Page Now means, in whatever words and codes it says it. Pure.

One rule: only what clearly speaks of the page changes what becomes of the page. What speaks of us or of the service
(limits, keys, overload), and what nobody has heard of yet, ends the run or passes, and the page stays in the queue.

The codes are those of the service's own document and of what it was seen to answer (docs/site.md §16); the words are
taken by their meaning, since limits come in new ones every year and often with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from archiver.text import safe

_DAY_S, _HOUR_S, _MINUTE_S = 86_400.0, 3_600.0, 60.0
BUSY_S = 300.0  # after a limit of captures at once, or a fault of the service
_LONGEST_S = 7 * _DAY_S
_FEW_WORDS = 300  # letters of one thing that is said
_MOST_SAID = 12  # things said in one answer


class Said(StrEnum):
    """What an answer comes to. A closed list."""

    ACCEPTED = "accepted"  # there is a job, or the same snapshot was made a while ago
    RUNNING = "running"
    DONE = "done"
    FORGOTTEN = "forgotten"  # the service does not know the job any more
    PASSING = "passing"  # the page's host failed, in a way that may pass
    LASTING = "lasting"  # the page will not be saved
    TROUBLE = "trouble"  # a fault of the service itself: says nothing of the page
    LIMIT = "limit"  # the service wants no more of us for a while
    KEYS = "keys"  # it wants an account, or does not take our keys
    UNCLEAR = "unclear"  # an answer that nobody understands: of the page it says nothing
    DOWN = "down"  # no answer of the service, or HTTP 5xx: nothing is known


ENDS_THE_RUN = frozenset({Said.LIMIT, Said.KEYS, Said.UNCLEAR})
"""What is no answer about one page, so that asking for the next one would be asking again."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says, with the reason in one line."""

    said: Said
    reason: str = ""
    job_id: str | None = None
    ago_s: int = 0  # the snapshot was made so long before we asked
    made_at: datetime | None = None
    rest_s: float | None = None  # for so long nothing should be asked, by the words


_OF_THE_PAGE = frozenset({
    "bad-request", "blocked", "blocked-url", "filesize-limit", "ftp-access-denied", "http-version-not-supported",
    "invalid-host-resolution", "invalid-url-syntax", "method-not-allowed", "network-authentication-required",
    "no-access", "not-found", "not-implemented", "too-many-redirects", "unauthorized",
})  # fmt: skip
_OF_ITS_HOST = frozenset({  # which may be well again tomorrow
    "bad-gateway", "gateway-timeout", "invalid-server-response", "protocol-error", "read-timeout",
    "service-unavailable",
})  # fmt: skip
_OF_THE_SERVICE = frozenset({
    "browsing-timeout", "cannot-fetch", "capture-location-error", "celery", "internal-server-error", "job-failed",
    "no-browsers-available", "no-captures", "proxy-error", "soft-time-limit-exceed", "soft-time-limit-exceeded",
})  # fmt: skip
_OF_US = frozenset({"blocked-client-ip", "user-session-limit"})
_ENOUGH = "too-many-daily-captures"  # of this URL, by anybody: so it was captured today
_FORGOTTEN = "job-not-found"
_CODES = {
    **dict.fromkeys(_OF_THE_PAGE, Said.LASTING), **dict.fromkeys(_OF_ITS_HOST, Said.PASSING),
    **dict.fromkeys(_OF_THE_SERVICE, Said.TROUBLE), **dict.fromkeys(_OF_US, Said.LIMIT),
    _ENOUGH: Said.ACCEPTED, _FORGOTTEN: Said.FORGOTTEN,
}  # fmt: skip


def of_code(code: str, message: str) -> Told:
    """What an error of the service means, by its code, or by the words of both where the code is a new one."""
    reason = safe(f"{message} ({code})" if message else code, 400)
    said = _CODES.get(code)
    if said is None:
        return of_words(f"{re.sub('[-_:]+', ' ', code)}. {message}", reason)
    if said is Said.ACCEPTED:
        return Told(said, reason, ago_s=int(_DAY_S))
    return Told(said, reason, rest_s=rest_s(f"{message} {code}") if said is Said.LIMIT else None)


_PLACES = re.compile(r"(?:https?://|www\.)\S+")  # a page may be called anything
_CAPTURED = re.compile(r"\bthis\s+url\b.{0,40}\bcaptured\b.{0,40}\btimes\b", re.IGNORECASE)
_LIMIT = re.compile(
    r"limit|quota|throttl|exceed|allowance|\bdaily\b|\bmax(?:imum)?\b|\btoday\b|\btomorrow\b|\bslow(?:er)?\s+down\b"
    r"|\b(?:per|an?|every|each|this)\s+(?:second|minute|hour|day|week|month)s?\b|\btoo\s+(?:many(?!\s+redirect)|much|fast|often|quick)"
    r"|\b(?:make|do|take|save|capture|archive)\s+more\s+than\b|\brate\b|\bno\s+more\s+captures\b|\bused\s+up\b|\bhttp\s+status\s*=\s*429\b",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\bhttp\s+status\s*=\s*([0-9]{3})\b", re.IGNORECASE)  # of the page's host, as the service says it
_KEYS = re.compile(
    r"\blog(?:ged|ging)?[\s-]*(?:in|on)\b|\bsign(?:ed|ing)?[\s-]*(?:in|up)\b|\baccounts?\b|\bregister|\bcredentials?\b|\banonymous|\bmembers?\b"
    r"|\b(?:api|access|secret|s3)[\s-]*keys?\b|\bauthori[sz]|\bauthenticat|\bpermission",
    re.IGNORECASE,
)
_YOU = re.compile(r"\byou(?:r|rs)?\b", re.IGNORECASE)
_US = re.compile(
    r"\byou(?:r|rs)?\b|\bip\b|\bclients?\b|\busers?\b|\bbann|\babus|\bsessions?\b|\boverload|\bbusy\b|\bmaintenance\b|\bcredits?\b"
    r"|\btemporar|\bcapacity\b|\bsystem\b|\binternal\b|\bservice\s+(?:is\s+)?(?:unavailable|down|offline)",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"\bresolv\w*\s+(?:the\s+)?(?:host|domain|name|dns)|\b(?:host|domain|name|dns)\s+resol|\b(?:cannot|can.t|couldn.t"
    r"|could\s+not|unable\s+to|failed\s+to)\s+resolve|\brobots\b|\b(?:url|page|site|host|target)\b.{0,60}\bnot\s+found\b"
    r"|\bblock[\s-]*list|\bexclu(?:ded|sion)|\burl\s+syntax|\binvalid\s+url|\btoo\s+many\s+redirects|\bunsupported\b"
    r"|\bcannot\s+be\s+(?:captured|archived|saved|accessed)|\bcould\s+not\s+be\s+accessed"
    r"|\b(?:this|target)\s+(?:url|page|site|website|domain|host|server)\b",
    re.IGNORECASE,
)
_FOR_NOW = re.compile(
    r"\bat\s+(?:this|the)\s+(?:time|moment)\b|\bright\s+now\b|\bcurrently\b|\bfor\s+now\b|\blater\b|\btry\s+again\b"
    r"|\b(?:please\s+)?wait\b|\bcome\s+back\b|\bsuspended\b|\bdisabled\b",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(r"\brespon[ds]|\btimed?[\s-]*out\b|\bunreachable\b|\bconnection\b", re.IGNORECASE)


def of_words(words: str, reason: str | None = None) -> Told:
    """What a message without a known code means: of us before of the page, so that a page never pays for a limit."""
    plain = _PLACES.sub(" ", words)
    told = words if reason is None else reason
    if _CAPTURED.search(plain):
        return Told(Said.ACCEPTED, told, ago_s=int(_DAY_S))
    if _LIMIT.search(plain):
        return Told(Said.LIMIT, told, rest_s=rest_s(plain))
    status = _STATUS.search(plain)
    if status is not None and _YOU.search(plain) is None:
        return Told(Said.PASSING if status[1] >= "500" else Said.LASTING, told)
    if _KEYS.search(plain):
        return Told(Said.KEYS, told)
    if _US.search(plain):
        return Told(Said.LIMIT, told, rest_s=rest_s(plain))
    for_now = _FOR_NOW.search(plain)
    if _PAGE.search(plain):
        return Told(Said.PASSING if for_now or _NO_ANSWER.search(plain) else Said.LASTING, told)
    return Told(Said.LIMIT if for_now else Said.UNCLEAR, told, rest_s=rest_s(plain))


_LONG = re.compile(
    r"\b(?:per|a|this)[\s-]+(?:day|week|month)\b|\b(?:daily|today|tomorrow|midnight|weekly|monthly)\b", re.IGNORECASE
)
_SPAN = re.compile(r"\b(?:in|after|for|wait|another|about|least|~)\s*(an?|one|[0-9]{1,5})\s+(second|minute|hour|day)",
                   re.IGNORECASE)  # fmt: skip
_AT_ONCE = re.compile(r"\bsessions?\b|\bactive\b|\bconcurrent|\bat\s+once\b|\bper\s+minute", re.IGNORECASE)
_SECONDS = {"day": _DAY_S, "hour": _HOUR_S, "minute": _MINUTE_S, "second": 1.0}


def rest_s(words: str, otherwise: float = _HOUR_S) -> float:
    """For how long nothing should be asked, in seconds: what the words say, or a day for a limit of a day."""
    spans = [
        (float(number) if number.isdecimal() else 1.0) * _SECONDS[unit.lower()] for number, unit in _SPAN.findall(words)
    ]
    if spans:
        return min(max(*spans, _MINUTE_S), _LONGEST_S)
    if _LONG.search(words):
        return _DAY_S
    return BUSY_S if _AT_ONCE.search(words) else otherwise


_NO_WORDS = frozenset({"url", "original_url", "job_id", "timestamp", "status", "status_ext"})
_PROSE = re.compile(r"[A-Za-z]{2,}\W+[A-Za-z]+\W+[A-Za-z]{2,}")
_HEADED = re.compile(r"<(?:title|h[1-4]|p)\b[^<>]{0,200}>\s*([^<>]{1,500})", re.IGNORECASE)


def words_of(document: Mapping[str, Any]) -> str:
    """Everything that a JSON answer says in words, under whatever name, in one line."""
    said: list[str] = []
    for name, value in list(document.items())[:50]:
        nested = value if isinstance(value, dict) else {name: value}
        said += [
            safe(words, _FEW_WORDS)
            for inner, words in list(nested.items())[:50]
            if isinstance(words, str) and inner not in _NO_WORDS and name not in _NO_WORDS
        ]
    return safe(". ".join(dict.fromkeys(filter(None, said[:_MOST_SAID]))), _FEW_WORDS)


def words_of_page(text: str) -> str:
    """The title, headings and paragraphs of a page for people, in one line, or plain words; empty for neither."""
    if "<" not in text:
        return safe(text[:_FEW_WORDS], _FEW_WORDS) if _PROSE.search(text[:_FEW_WORDS]) else ""
    said = [safe(" ".join(words.split()), _FEW_WORDS) for words in _HEADED.findall(text[:200_000])[:_MOST_SAID]]
    return safe(". ".join(dict.fromkeys(filter(None, said))), _FEW_WORDS)
