"""What the fields of a response say, once and for all: cleaned, and read only where they make sense. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from archiver.text import line

Fields = tuple[tuple[str, str], ...]

_LONGEST_VALUE = 8_000
_MAX_RETRY_AFTER_S = 366 * 86_400.0
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LENGTH = re.compile(r"[0-9]{1,19}")


def clean(raw: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Names in lower case, values as one harmless line each: UTF-8 where they are that, else Latin-1."""
    return tuple((name.decode("latin-1").lower(), line(_text(value), _LONGEST_VALUE)) for name, value in raw)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def values(fields: Fields, name: str) -> list[str]:
    """Every value of a field, by lower-case name."""
    return [value for key, value in fields if key == name]


def content_codings(fields: Fields) -> list[str]:
    """The content codings in order, without `identity` (RFC 9110 §8.4)."""
    listed = ",".join(values(fields, "content-encoding")).lower().split(",")
    return [coding.strip() for coding in listed if coding.strip() not in {"", "identity"}]


def content_length(fields: Fields) -> int | None:
    """The announced length of the body in bytes; None when there is none. h11 has refused those that disagree."""
    found = [value for value in values(fields, "content-length") if _LENGTH.fullmatch(value)]
    return int(found[0]) if found else None


def is_chunked(fields: Fields) -> bool:
    """Whether the body comes in chunks (RFC 9112 §7.1)."""
    return any("chunked" in value.lower() for value in values(fields, "transfer-encoding"))


def retry_after_s(fields: Fields, now: datetime) -> float | None:
    """Seconds to wait by Retry-After, in seconds or as a date (RFC 9110 §10.2.3); None when it makes no sense.

    A date is taken against the response's own Date, so that a host whose clock is wrong is still understood. Never
    negative, at most a year; of several values the longest.
    """
    wanted = values(fields, "retry-after")
    if not wanted:  # as of nearly all: a date takes a while to read
        return None
    dates = [date for value in values(fields, "date") if (date := _http_date(value)) is not None]
    base = dates[0] if dates else now
    waits = [wait for value in wanted if (wait := _wait_s(value, base)) is not None]
    return min(max(waits), _MAX_RETRY_AFTER_S) if waits else None


def _wait_s(value: str, base: datetime) -> float | None:
    if _SECONDS.fullmatch(value):
        return float(value[:300])
    until = _http_date(value)
    return None if until is None else max((until - base).total_seconds(), 0.0)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
