"""What became of the files of one import, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archiver.commands.run import Closed
from archiver.commands.trails import Trails
from archiver.errors import UnusableFile
from archiver.formats import files
from archiver.formats.found import Passed
from archiver.model import SUCCESSES, Kind, Outcome


@dataclass(frozen=True, slots=True)
class ImportedPage:
    """What became of one response of a file."""

    url: str  # canonical
    kind: Kind
    outcome: Outcome
    reason: str
    made_at: datetime
    place: str
    title: str = ""
    article_id: int | None = None

    @property
    def kept(self) -> bool:
        """Whether the archive holds the page by now."""
        return self.outcome in SUCCESSES


@dataclass(slots=True)
class ImportedFile:
    """What one file came to. `error` says why it cannot be used at all.

    Not frozen: a file is looked at, then taken, then its pictures are, and at each step it may have changed and become
    an error, or the run be interrupted; only `commands.importing` writes it.
    """

    name: str  # without its folder, harmless
    file: files.File | None = None
    error: UnusableFile | None = None
    results: list[ImportedPage] = field(default_factory=list)
    passed: Passed = field(default_factory=Counter)
    trails: Trails | None = None  # of the pages in it
    taken: bool = False  # False at the end: the import was interrupted before
    path: Path | None = None  # as it was named

    def pages(self) -> dict[str, ImportedPage]:
        """Page → the result that counts: the first that was kept, else the last."""
        best: dict[str, ImportedPage] = {}
        for result in self.results:
            if result.url not in best or not best[result.url].kept:
                best[result.url] = result
        return best


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to."""

    files: tuple[ImportedFile, ...]
    unasked: tuple[str, ...] = ()  # pages kept that no source asks for
    no_archive: bool = False  # nothing was kept, and there was no archive yet: none was made
    closed: Closed | None = None  # None: nothing was written, so that there was no run
    archive: Path = Path("archive.db")

    @property
    def exit_code(self) -> int:
        """That of the run, or of what was in the files."""
        return self.closed.exit_code if self.closed is not None else code_of_files(self.files)


def code_of_files(looked: Sequence[ImportedFile]) -> int:
    """2 for a file that cannot be used, 3 for a page that was not kept or a file with none of ours, 0 for all well."""
    if any(imported.error is not None for imported in looked):
        return UnusableFile.exit_code
    return 0 if all(map(_is_whole, looked)) else 3


def _is_whole(imported: ImportedFile) -> bool:
    """Whether every page of a file was kept. An image that was not is told, and makes nothing fail, as in a fetch."""
    results = imported.pages().values()
    shown = [one for one in results if one.kind is not Kind.IMAGE]
    return all(one.kept for one in shown) if shown else any(one.kept for one in results)
