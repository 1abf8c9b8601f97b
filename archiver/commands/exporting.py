"""What is exported: which series, into which format, to which place. Reads the archive, and writes nothing into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archiver.archive.status import PartStatus
from archiver.archive.times import moment_named
from archiver.errors import UsageError
from archiver.exports import writing
from archiver.exports.book import Book, Books, opened_books
from archiver.exports.formats import FORMATS, LANGUAGES, PLAIN, PRESETS, ExportFormat, ExportOptions
from archiver.exports.writing import Written
from archiver.machine.clock import Clock, SystemClock
from archiver.text import safe


@dataclass(frozen=True, slots=True)
class BookExported:
    """A series that was exported: how many of its parts are held, and which are not."""

    key: str
    title: str
    series_id: int | None
    parts: int
    missing: tuple[PartStatus, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    format: str
    written: tuple[Written, ...]
    books: tuple[BookExported, ...]
    seen_until: datetime  # the last moment at which the archive, or what it was by then, asked anything
    is_demonstration: bool = field(default=False)  # all of it was invented
    as_of: datetime | None = None  # the archive as it stood then; None: as it is

    @property
    def exit_code(self) -> int:
        """3 where a part is not held: its page says so, and nothing else stands there."""
        return 3 if any(book.missing for book in self.books) else 0


def export(
    path: Path | str, name: str, named: str | None = None, *, out: Path | str | None = None,
    options: ExportOptions = PLAIN, force: bool = False, as_of: str | None = None, clock: Clock | None = None,
) -> Exported:  # fmt: skip
    """Export an archive, or the series or part that is `named` by number or URL, in the format of this name.

    `out`: the file or folder to write; a folder to put them into where the format has a file a series and there are
    several. Default: in the working folder, named for what it is. `force`: replace also what is not as it was made.
    `as_of`: the archive as it stood at the end of a day (`2026-11-23`, UTC) or at a moment (ISO 8601). Raises
    UsageError, ExportUnwritable and ArchiveError.
    """
    chosen = FORMATS.get(name)
    if chosen is None:
        raise UsageError(f"{safe(name, 40)}: no format; there are {', '.join(FORMATS)}")
    if options.lang not in LANGUAGES:
        raise UsageError(f"{safe(options.lang, 40)}: no language of ours; there are {', '.join(LANGUAGES)}")
    if options.preset not in PRESETS:
        raise UsageError(f"{safe(options.preset, 40)}: no preset; there are {', '.join(PRESETS)}")
    make = chosen.maker()
    archive = Path(path)
    moment = moment_named(as_of, (clock or SystemClock()).now()) if as_of is not None else None
    with opened_books(archive, named, moment) as books:
        shares = list(_shares(books, chosen, archive, Path(out) if out is not None else None))
        for _, target in shares:
            _refuse_archive(target, archive)
            writing.refuse_foreign(target, chosen.container, force=force)
        written = tuple(
            writing.put(target, chosen.container, make(share, options), force=force) for share, target in shares
        )
        told = tuple(map(_told, books.books))
        return Exported(name, written, told, books.seen_until, books.is_demonstration, moment)


def _shares(books: Books, chosen: ExportFormat, archive: Path, out: Path | None) -> Iterator[tuple[Books, Path]]:
    """What is put into which place."""
    if not chosen.one_each or len(books.books) == 1:
        key = books.books[0].key if len(books.books) == 1 else archive.stem
        yield books, out if out is not None else Path(f"{key}{chosen.suffix}")
        return
    for book in books.books:
        yield books.only(book), (out or Path()) / f"{book.key}{chosen.suffix}"


def _refuse_archive(target: Path, archive: Path) -> None:
    """Nothing is put in the place of the archive itself, of a folder around it, or of what SQLite keeps beside it."""
    file, place = archive.resolve(), target.resolve()
    of_sqlite = place.parent == file.parent and place.name.startswith(f"{file.name}-")
    if place == file or place in file.parents or of_sqlite:
        raise UsageError(f"{safe(target)}: the archive is there; name another place with --out")
    with contextlib.suppress(OSError):
        if target.samefile(archive):
            raise UsageError(f"{safe(target)}: is the archive under another name; name another place with --out")


def _told(book: Book) -> BookExported:
    missing = tuple(entry.part for entry in book.entries if entry.part.missing)
    series_id = book.series.id if book.series else None
    return BookExported(book.key, book.title, series_id, len(book.entries), missing)
