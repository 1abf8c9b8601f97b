"""What became of the files of one import, as values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from archiver.commands.trails import Trails
from archiver.errors import UnusableFile
from archiver.formats import files
from archiver.formats.found import Passed
from archiver.model import SUCCESSES, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one response of a file."""

    url: str  # canonical
    kind: Kind
    outcome: Outcome
    reason: str
    made_at: datetime
    place: str
    title: str = ""

    @property
    def kept(self) -> bool:
        """Whether the archive holds the page by now."""
        return self.outcome in SUCCESSES


@dataclass(slots=True)
class Imported:
    """What one file came to. `error` says why it cannot be used at all."""

    name: str
    file: files.File | None = None
    error: UnusableFile | None = None
    results: list[Result] = field(default_factory=list)
    passed: Passed = field(default_factory=Counter)
    trails: Trails | None = None  # of the pages in it
    taken: bool = False  # False at the end: the import was interrupted before

    def pages(self) -> dict[str, Result]:
        """Page → the result that counts: the first that was kept, else the last."""
        best: dict[str, Result] = {}
        for result in self.results:
            if result.url not in best or not best[result.url].kept:
                best[result.url] = result
        return best
