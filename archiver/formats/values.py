"""Numbers, dates, texts and JSON as strangers write them: read within bounds, or taken for not said. Pure.

Whatever is read here fits a column, a comparison and a sentence; what is beyond that is a mistake or a trick.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_URL = 2_000  # characters; what is longer names no page of iThome, however it is spelt
MOST_COPIES = 5_000  # of one page, from one answer: an article is captured a few times a year
MOST_BYTES = 4_194_304  # of an answer that is an index of one page: 5,000 rows have a quarter of it
_MOST_CONTAINERS = 100_000  # lists and objects in one document; each costs 64 bytes and more
_MOST_COMMAS = 500_000
_LONGEST_DATE = 100
_WEB_BEGAN = datetime(1990, 1, 1, tzinfo=UTC)
_NO_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_SITE_BEGAN = datetime(2000, 1, 1, tzinfo=UTC)


class TooMuch(ValueError):
    """What is no JSON document, or more of one than any answer is; says which."""


def document(body: bytes) -> Any:
    """A JSON document. What it would cost in memory is known before it is read. Raises TooMuch."""
    if len(body) > MOST_BYTES:
        raise TooMuch(f"more than {MOST_BYTES} bytes")
    if body.count(b"[") + body.count(b"{") > _MOST_CONTAINERS or body.count(b",") > _MOST_COMMAS:
        raise TooMuch("more rows than there can be")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits are a ValueError too
        raise TooMuch("something that is not JSON, or is cut") from error


def text(value: Any, longest: int = LONGEST_URL) -> str | None:
    """A text of bearable length; None for anything else."""
    return value if isinstance(value, str) and len(value) <= longest else None


def whole(value: Any, most: int) -> int | None:
    """A whole number from 0 to `most`, as such or in ASCII digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def http_status(value: Any) -> int | None:
    """A status code (RFC 9110 §15); None for anything else."""
    found = whole(value, 599)
    return found if found is not None and found >= 100 else None


def in_bounds(at: datetime) -> datetime | None:
    """A moment in UTC that a page of the web can be of; None for others, those included that UTC cannot say."""
    try:
        moment = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (OverflowError, ValueError):  # the year 9999, twelve hours west
        return None
    return moment if _WEB_BEGAN <= moment < _NO_LATER else None


def http_date(said: Any) -> datetime | None:
    """A date as headers and mails have it (RFC 9110 §5.6.7), in UTC; None where it makes no sense."""
    if text(said, _LONGEST_DATE) is None:
        return None
    try:
        return in_bounds(parsedate_to_datetime(said))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def iso_date(said: Any, *, zoned: bool = False) -> datetime | None:
    """A date as JSON has it (ISO 8601), UTC where no zone is said, unless it must be; None where it makes no sense."""
    if text(said, _LONGEST_DATE) is None:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return None if zoned and found.tzinfo is None else in_bounds(found)


def believable(at: datetime | None, now: datetime) -> datetime | None:
    """When a copy was made, unless none can be of then: later than now, or from before the site was there."""
    return at if at is not None and _SITE_BEGAN <= at <= now + timedelta(days=1) else None
