"""Time as a value to be handed in: the wall clock for records, the monotonic clock for waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the house needs of time. Tests hand in one that does not wait."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def monotonic(self) -> float:
        """Seconds from some fixed moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait; a signal handler that raises ends the wait at once."""


class SystemClock:
    """The clocks of the machine."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the machine started or so."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        if seconds > 0:
            time.sleep(seconds)
