"""Times as the archive writes them: UTC, ISO 8601, Z. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """A moment of ours, to the millisecond: `2026-11-23T12:34:56.789Z`. Sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def site_stamp(moment: datetime | None) -> str | None:
    """A moment that the site told us, to the second: `2023-09-16T12:26:34Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(stamped: str | None) -> datetime | None:
    """The moment that a stamp names, None for none."""
    return datetime.fromisoformat(stamped) if stamped else None
