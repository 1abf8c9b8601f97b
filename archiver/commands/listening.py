"""What is told while a run goes on, as values: each exchange, and what a person should know. `report` has the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from archiver.model import Address, Exchange, Judgement


class About(StrEnum):
    """What a notice is about. A closed list."""

    NO_CONTACT = "no_contact"  # the site cannot tell who asks
    DUMPED = "dumped"  # the archive was read back from a dump: `of` is its path
    CHANGED = "changed"  # by another program, and nothing can put it back
    PUT_BACK = "put_back"  # changed by another program, and as it was again
    MENDED = "mended"  # the search index
    NOT_NAMED = "not_named"  # the config names this source no longer
    NAMED = "named"  # a source was named on the command line, and is kept from now on
    PACKAGED_KEPT = "packaged_kept"  # what the packaged config names is kept, since nobody said anything else
    PACKAGED_LEFT = "packaged_left"  # kept is what was named (`of`), and not what the packaged config names (`other`)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know of, and that changes no exit code."""

    about: About
    of: str = ""
    other: str = ""


Hear = Callable[[Notice], None]
"""Who is told notices while they arise."""


def nobody(*_: object) -> None:
    """Who listens when nobody does."""


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange as a listener sees it: for the progress line and the log."""

    address: Address
    exchange: Exchange
    judgement: Judgement
    done: int  # pages finished in this run, this one included
    left: int  # pages still due, as far as is known


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told while a run goes on: of each exchange, and of what a person should know."""

    step: Callable[[Step], None] = nobody
    notice: Hear = nobody
