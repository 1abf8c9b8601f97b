"""Save Page Now: what it is asked, where its answers stand, and how far each push got. Pure.

The interface is documented by the Internet Archive ("Save Page Now 2 Public API Docs"): a POST to /save gives a job,
/save/status/JOB says how it goes. With keys as `Authorization: LOW KEY:SECRET`. Without keys it answers 401 since 2026
(docs/site.md §16); before, also with the page that people see, which names the job in a script.

    queued ──asked──► pending ──the index shows it──► confirmed | mismatch
       ▲                │
       └── it failed, but may pass ──► after three times: refused
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from archiver.holders.save_page_meaning import (
    BUSY_S,
    ENDS_THE_RUN,
    Said,
    Told,
    of_code,
    of_words,
    rest_s,
    words_of,
    words_of_page,
)
from archiver.holders.wayback import ORIGIN, moment
from archiver.model import Address, Extra, Push, PushState
from archiver.text import safe

SAVE = f"{ORIGIN}/save"
MOST_ATTEMPTS = 3  # of one push; a fault of the service itself is none
_MOST_BYTES = 1_000_000  # of an answer: a job with hundreds of resources has a tenth of it
_JOB = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")
_WATCHED = re.compile(r'watchJob\(\s*["\']([^"\']{1,100})["\']')
_SORRY = re.compile(r"<h2[^<>]{0,200}>\s{0,50}Sorry\s{0,50}</h2>\s{0,50}<p[^<>]{0,200}>([^<]{1,500})")
_SAME = re.compile(r"same snapshot had been made (.{0,80}?)\s{0,20}ago", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]{1,4})\s+(day|hour|minute|second)s?")
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_TAKEN = "Save Page Now has taken it on"
_WINDOW = timedelta(hours=1)  # one capture of a URL an hour, says the document; and clocks differ
_LOST = timedelta(days=7)  # what the index does not show by then will not come
_LONGEST_JOB = timedelta(hours=1)  # a job ends within minutes, says the document


def save_request(page: Address, authorization: str | None) -> Extra:
    """What asks for a capture of a page: no screenshot, no outlinks, no error pages, nothing that costs them more."""
    form = (("url", page.url), ("skip_first_archive", "1"))
    return Extra(form=form, accept="application/json", authorization=authorization)


def status_request(authorization: str | None) -> Extra:
    """What asks how a job goes."""
    return Extra(accept="application/json", authorization=authorization)


def status_url(job_id: str) -> str:
    """Where a job is asked about. The id passed `_JOB`, so that it is no path of its own."""
    return f"{SAVE}/status/{job_id}"


def authorization(key: str, secret: str) -> str | None:
    """The header value for a pair of keys; None without keys."""
    return f"LOW {key}:{secret}" if key and secret else None


def read_asked(status: int, body: bytes) -> Told:
    """What the answer to a request for a capture says."""
    document = _document(body)
    refused = _refused(status, document, body)
    if refused is not None:
        return refused
    if document is None:
        return _of_the_page_for_people(body)
    message, job_id = words_of(document), document.get("job_id")
    if isinstance(job_id, str) and _JOB.fullmatch(job_id):
        return Told(Said.ACCEPTED, message or _TAKEN, job_id=job_id, ago_s=_ago_s(message))
    if _SAME.search(message):
        return Told(Said.ACCEPTED, message, ago_s=_ago_s(message))
    return of_words(message) if message else _unclear("no job that could be asked about")


def read_status(status: int, body: bytes) -> Told:
    """What the answer to a question about a job says."""
    if status in {404, 410}:
        return Told(Said.FORGOTTEN, f"HTTP {status}: Save Page Now does not know the job")
    document = _document(body)
    refused = _refused(status, document, body)
    if refused is not None:
        return refused
    said = None if document is None else document.get("status")
    if document is not None and said == "pending":  # also, and for ever, of a job that it does not know
        return Told(Said.RUNNING, "Save Page Now is at work")
    if document is not None and said == "success":
        at = moment(document.get("timestamp"))
        if at is not None:
            return Told(Said.DONE, "Save Page Now says that it saved the page", made_at=at)
        return Told(Said.FORGOTTEN, "Save Page Now says that it saved the page, but not when")
    words = _words(document, body)
    return _of_us(words, words) if words else _unclear("nothing that says how the job goes")


def _refused(status: int, document: dict[str, Any] | None, body: bytes) -> Told | None:
    """Why there is no job, or none any more; None when the answer is not of that kind.

    A status speaks of the service, whatever page was to be saved; a code or a message may speak of the page.
    """
    words = _words(document, body)
    told = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    code = _text(document, "status_ext").removeprefix("error:")
    if status == 429:
        return Told(Said.LIMIT, told, rest_s=rest_s(words))
    if status == 401:
        by_words = of_words(words).said
        return Told(Said.LIMIT if by_words is Said.LIMIT else Said.KEYS, told, rest_s=rest_s(words))
    if code:
        return of_code(code, _text(document, "message") or words)
    if status >= 500:
        return Told(Said.DOWN, told, rest_s=rest_s(words, BUSY_S))
    if document is not None and (status >= 400 or document.get("status") == "error"):
        found = of_words(words) if words else _unclear("an error without a reason")
        return replace(found, reason=told if status >= 400 else found.reason)
    return _of_us(words, told) if status >= 400 else None


def _of_us(words: str, reason: str) -> Told:
    """What the words of a place mean where nothing is said of the page that was to be saved."""
    told = of_words(words, reason)
    return told if told.said in ENDS_THE_RUN else Told(Said.UNCLEAR, reason)


def _unclear(what: str) -> Told:
    return Told(Said.UNCLEAR, f"Save Page Now answers with {what}")


def _words(document: dict[str, Any] | None, body: bytes) -> str:
    if document is not None:
        return words_of(document)
    return words_of_page(body[:_MOST_BYTES].decode("utf-8", "replace"))


def _document(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None for anything else, and for what is too large to be one."""
    if len(body) > _MOST_BYTES:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(document: dict[str, Any] | None, name: str) -> str:
    value = (document or {}).get(name)
    return safe(value, 300) if isinstance(value, str) else ""


def _of_the_page_for_people(body: bytes) -> Told:
    """The job in the page that Save Page Now shows to people; any other page for people says that we are not wanted.

    What it is sorry for is the one place where such a page speaks of the page that was to be saved.
    """
    text = body[:_MOST_BYTES].decode("utf-8", "replace")
    watched, sorry, same = _WATCHED.search(text), _SORRY.search(text), _SAME.search(text)
    if watched is not None and _JOB.fullmatch(watched[1]):
        return Told(Said.ACCEPTED, safe(same[0], 300) if same else _TAKEN, job_id=watched[1], ago_s=_ago_s(text))
    if sorry is not None:
        return of_words(safe(sorry[1], 300))
    words = words_of_page(text)
    if not words:
        return _unclear("something that is neither JSON nor its own page")
    return _of_us(words, f"a page for people stands in place of its answer: {words}")


def _ago_s(message: str) -> int:
    """How long ago the same snapshot was made, a whole unit more, so that it is surely not later; 0 for not said."""
    found = _SAME.search(message)
    if found is None:
        return 0
    spans = [(int(number), _SECONDS[unit]) for number, unit in _SPAN.findall(found[1])]
    if not spans:
        return int(_WINDOW.total_seconds())
    return sum(number * unit for number, unit in spans) + min(unit for _, unit in spans)


class Seen(StrEnum):
    """What became of looking for a capture where the index says it would be. A closed list."""

    EQUAL = "equal"  # it is there, and its text is ours
    OTHER = "other"  # it is there, but it is another text, or no page at all
    ABSENT = "absent"  # it is not there, or not yet
    DOWN = "down"  # nobody answered: nothing is known


def after_asking(push: Push, told: Told, now: datetime) -> Push:
    """A queued push after its capture was asked for. A limit, or no answer at all, changes nothing.

    A fault of the service, and what nobody understands, are noted, so that another page comes first next time.
    """
    if push.state is not PushState.QUEUED:
        return push
    begun = replace(
        push, attempts=push.attempts + 1, asked_at=now, not_before=now - timedelta(seconds=told.ago_s),
        checked_at=now, job_id=None, made_at=None, reason=told.reason,
    )  # fmt: skip
    match told.said:
        case Said.LIMIT | Said.KEYS | Said.DOWN:
            return push
        case Said.TROUBLE | Said.UNCLEAR:
            return replace(push, checked_at=now, reason=told.reason)
        case Said.ACCEPTED:
            return replace(begun, state=PushState.PENDING, job_id=told.job_id, reason=told.reason or _TAKEN)
        case Said.PASSING | Said.LASTING | Said.RUNNING | Said.DONE | Said.FORGOTTEN:
            return _failed(begun, told)
        case _:
            assert_never(told.said)


def after_polling(push: Push, told: Told, now: datetime) -> Push:
    """A pending push after its job was asked about."""
    if not push.job_runs:
        return push
    seen = replace(push, checked_at=now, reason=told.reason)
    took_too_long = push.asked_at is not None and abs(now - push.asked_at) > _LONGEST_JOB
    of_index = replace(seen, made_at=push.not_before)  # which knows whether anything came of it
    match told.said:
        case Said.LIMIT | Said.KEYS | Said.DOWN:
            return push
        case Said.DONE if told.made_at is not None:
            return replace(seen, made_at=told.made_at, not_before=_since(push, told.made_at))
        case Said.TROUBLE:  # nobody asked the page's host: it was no attempt
            return replace(seen, state=PushState.QUEUED, attempts=max(push.attempts - 1, 0), job_id=None)
        case Said.PASSING | Said.LASTING:
            return _failed(seen, told)
        case Said.FORGOTTEN | Said.ACCEPTED:
            return of_index
        case Said.RUNNING | Said.DONE | Said.UNCLEAR:
            return of_index if took_too_long else seen
        case _:
            assert_never(told.said)


def _since(push: Push, made_at: datetime) -> datetime | None:
    """From when on a capture counts: as asked, or a little before, where the service gave one it had just made."""
    if push.not_before is None:
        return None
    return min(push.not_before, max(made_at, push.not_before - _WINDOW))


def after_looking(push: Push, seen: Seen, reason: str, now: datetime, *, copy_url: str | None = None,
                  made_at: datetime | None = None, text_sha256: str | None = None) -> Push:  # fmt: skip
    """A pending push after its capture was looked for in the index, and compared."""
    if push.state is not PushState.PENDING:
        return push
    looked = replace(push, checked_at=now, reason=reason)
    compared = replace(looked, copy_url=copy_url, made_at=made_at or push.made_at, text_sha256=text_sha256)
    match seen:
        case Seen.DOWN:
            return push
        case Seen.ABSENT:
            if push.asked_at is not None and abs(now - push.asked_at) > _LOST:
                return _failed(replace(looked, reason=f"asked for on {push.asked_at:%Y-%m-%d}, {reason}"),
                               Told(Said.PASSING, reason))  # fmt: skip
            return looked
        case Seen.EQUAL if compared.copy_url is not None and compared.made_at is not None:
            return replace(compared, state=PushState.CONFIRMED)
        case Seen.EQUAL | Seen.OTHER:
            return replace(compared, state=PushState.MISMATCH)
        case _:
            assert_never(seen)


def _failed(push: Push, told: Told) -> Push:
    """Refused for good, or queued again where it may pass and was not tried often."""
    again = told.said is not Said.LASTING and push.attempts < MOST_ATTEMPTS
    state = PushState.QUEUED if again else PushState.REFUSED
    return replace(push, state=state, job_id=None, made_at=None)
