"""Which copies of a page to try, and in which order: on from where earlier runs stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from archiver.model import SUCCESSES, Copy, CopyKey, Outcome, Verdict, key_of

_USELESS = frozenset({"warc/revisit"})  # has no body of its own


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is worth trying now, in order, and what came of those that were had in earlier runs."""

    todo: tuple[Copy, ...]
    refused: tuple[Outcome, ...]  # by the law of today
    empty: int  # have no body of their own


def choose(
    copies: Iterable[Copy], published_about: datetime | None, known: Mapping[CopyKey, Verdict], law: str, *,
    every_version: bool = False,
) -> Chosen:  # fmt: skip
    """The copies to try, nearest to publication first and then spread over the years.

    What the law of today refused in an earlier run, and the same bytes under another address, are left out; what was
    asked for in vain comes last. `every_version` leaves out the good ones that were had, too.
    """
    listed = list(dict.fromkeys(copies))
    usable = [copy for copy in listed if copy.media_type not in _USELESS]
    verdicts = {copy: known.get(key_of(copy), Verdict()) for copy in usable}
    bad = {
        verdict.digest for verdict in known.values()
        if verdict.digest is not None and verdict.judged_by == law and verdict.outcome not in SUCCESSES
    }  # fmt: skip
    todo, refused = [], []
    for copy in in_order(usable, published_about):
        verdict = verdicts[copy]
        if verdict.outcome is not None and is_settled(verdict, law, every_version=every_version):
            refused += [verdict.outcome] if verdict.outcome not in SUCCESSES else []
        elif copy.digest is None or copy.digest not in bad:
            todo.append(copy)
    todo.sort(key=lambda copy: verdicts[copy].in_vain)
    return Chosen(tuple(todo), tuple(refused), len(listed) - len(usable))


def is_settled(verdict: Verdict, law: str, *, every_version: bool) -> bool:
    """Whether nothing new can come of a copy: refused by the law of today, or good and had (`every_version`)."""
    is_known = verdict.judged_by == law and verdict.outcome is not None
    return is_known and (every_version or verdict.outcome not in SUCCESSES)


def in_order(copies: Iterable[Copy], published_about: datetime | None) -> list[Copy]:
    """The copy nearest to publication, then the nearest of each other year, then the second of each, and so on.

    A page is saved often while it is new, and whatever went wrong with it then is in all of those copies. The oldest
    comes first where nobody knows when the page was published.
    """
    start = published_about or datetime.min.replace(tzinfo=UTC)
    nearest = sorted(copies, key=lambda copy: (abs(copy.made_at - start), copy.url))
    rounds: dict[int, int] = {}
    turns = []
    for place, copy in enumerate(nearest):
        year = copy.made_at.year
        rounds[year] = turn = rounds.get(year, -1) + 1
        turns.append((turn, place, copy))
    return [copy for _, _, copy in sorted(turns, key=lambda one: one[:2])]
