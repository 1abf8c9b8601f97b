"""What an index of copies names, and how one says that it is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archiver.formats import values
from archiver.model import Copy


@dataclass(frozen=True, slots=True)
class Listing:
    """Copies that may be had, and where more of them stand."""

    copies: tuple[Copy, ...] = ()
    resume_key: str | None = None  # of the Wayback Machine's index: it has more
    further: tuple[str, ...] = ()  # other TimeMaps
    for_people: tuple[str, ...] = ()  # places where only a person should look


NOTHING = Listing()


class NotAnIndex(ValueError):
    """An answer with a status of success that is not what the interface gives; says what it is instead."""


def document(body: bytes, told: str = "the index answers with") -> Any:
    """The JSON document that an index is. Raises NotAnIndex, in words that begin as `told`."""
    try:
        return values.document(body)
    except values.TooMuch as error:
        raise NotAnIndex(f"{told} {error}") from error
