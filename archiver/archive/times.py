"""Times as the archive writes them: UTC, ISO 8601, Z. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from archiver.errors import UsageError
from archiver.text import safe

_NAMED = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.]\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_FIRST_DAYBREAK = timedelta(hours=14)  # before midnight in UTC a day begins somewhere


def stamp(moment: datetime) -> str:
    """A moment of ours, to the millisecond: `2026-11-23T12:34:56.789Z`. Sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamped(moment: datetime | None) -> str | None:
    """The same; None for none."""
    return stamp(moment) if moment is not None else None


def site_stamp(moment: datetime | None) -> str | None:
    """A moment that the site told us, to the second: `2023-09-16T12:26:34Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment is not None else None


def moment(said: str | None) -> datetime | None:
    """The moment that a stamp names, None for none."""
    return datetime.fromisoformat(said) if said else None


def moment_named(said: str, now: datetime) -> datetime:
    """The end of a day (`2026-11-23`, in UTC; of one that has begun anywhere and not ended: now), or a moment.

    A moment is ISO 8601 with all its signs, UTC unless it says otherwise. Raises UsageError for what is neither, such
    as a week, or has not come yet.
    """
    try:
        found, least = _named(said)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{safe(said, 40)}: no date; write a day as 2026-11-23, or a moment as 2026-11-23T18:00Z"
        ) from None
    if least > now:
        raise UsageError(f"{safe(said, 40)}: has not come yet; name a day or a moment that has passed")
    return min(found, now)


def _named(said: str) -> tuple[datetime, datetime]:
    """The moment, and when it begins: a day does so before its end."""
    if _NAMED.fullmatch(said) is None:  # Python reads other forms too: a week was its Monday
        raise ValueError
    if len(said) > len("2026-11-23"):
        found = datetime.fromisoformat(said)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        return found, found
    day = date.fromisoformat(said)
    return datetime.combine(day, time.max, UTC), datetime.combine(day, time.min, UTC) - _FIRST_DAYBREAK
