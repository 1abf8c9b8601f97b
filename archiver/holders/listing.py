"""What an index of copies names."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.model import Copy


@dataclass(frozen=True, slots=True)
class Listing:
    """Copies that may be had, and where more of them stand."""

    copies: tuple[Copy, ...] = ()
    resume_key: str | None = None  # of the Wayback Machine's index: it has more
    further: tuple[str, ...] = ()  # other TimeMaps
    for_people: tuple[str, ...] = ()  # places where only a person should look


NOTHING = Listing()
