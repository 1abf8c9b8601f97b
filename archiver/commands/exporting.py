"""What is exported: which series, into which format, to which place. Reads the archive, and writes nothing into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archiver.archive import queries
from archiver.archive.status import ImageCount, PartStatus, Status
from archiver.archive.times import moment_named
from archiver.errors import UsageError
from archiver.exports import writing
from archiver.exports.book import Book, Books, opened_books
from archiver.exports.formats import FORMATS, LANGUAGES, PLAIN, PRESETS, Container, ExportFormat, ExportOptions
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
    images: ImageCount | None = None  # of a series; None where a part was named, and where it shows none


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """A series that declares more parts than are known, or a source of which nobody knows all that it leads to."""

    url: str
    series_id: int | None
    parts: int  # that are known
    declared_parts: int | None


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    format: str
    written: tuple[Written, ...]
    books: tuple[BookExported, ...]
    seen_until: datetime  # the last moment at which the archive, or what it was by then, asked anything
    unaccounted: tuple[Unaccounted, ...] = ()  # of which parts may be missing that nobody knows
    unreadable: tuple[PartStatus, ...] = ()  # held, but their pages yield no body: their plain text is in it
    lost: int = 0  # images and answers that the archive should hold, and whose bytes it has no longer as they came
    is_demonstration: bool = False  # all of it was invented
    as_of: datetime | None = None  # the archive as it stood then; None: as it is

    @property
    def exit_code(self) -> int:
        """3 where a part is not held, may be unknown, or could not be given as it was received; else 0."""
        is_short = any(book.missing for book in self.books) or self.unaccounted or self.unreadable or self.lost
        return 3 if is_short else 0


def export(
    path: Path | str, name: str, named: str | None = None, *, out: Path | str | None = None,
    options: ExportOptions = PLAIN, force: bool = False, as_of: str | None = None, clock: Clock | None = None,
) -> Exported:  # fmt: skip
    """Export an archive, or the series or part that is `named` by number or URL, in the format of this name.

    `out`: the file or folder to write; for a format that is a file also the folder to put it into, which it must be
    where a series has a file of its own and there are several. Default: in the working folder, named for what it is.
    `force`: replace also what is not as it was made. `as_of`: the archive as it stood at the end of a day
    (`2026-11-23`, UTC) or at a moment (ISO 8601). Raises UsageError, ExportUnwritable and ArchiveError.
    """
    lang, preset = options.lang, options.preset
    for what, given, known in ("format", name, FORMATS), ("language", lang, LANGUAGES), ("preset", preset, PRESETS):
        if given not in known:
            raise UsageError(f"{safe(given, 40)}: no {what} of ours; there are {', '.join(known)}")
    if str(out) == "-":
        raise UsageError("--out -: an export is a file or a folder, put in its place whole; name one")
    chosen = FORMATS[name]
    chosen.refuse(options)
    make = chosen.maker()
    archive = Path(path)
    moment = moment_named(as_of, (clock or SystemClock()).now()) if as_of is not None else None
    with opened_books(archive, named, moment) as books:
        shares = list(_shares(books, chosen, options, archive, Path(out) if out is not None else None))
        for _, target in shares:
            _refuse_archive(target, archive)
            writing.refuse_foreign(target, chosen.container, force=force, name=name)
        written = tuple(
            writing.put(target, chosen.container, make(share, options), force=force, name=name)
            for share, target in shares
        )
        lost, found = books.lost, queries.status(books.connection, every_part=False)
        told = tuple(_told(book, found) for book in books.books)
        return Exported(
            name, written, told, books.seen_until, tuple(_unaccounted(books, named, found)),
            tuple(lost.texts.values()), len(lost.captures), books.is_demonstration, moment,
        )  # fmt: skip


def _shares(
    books: Books, chosen: ExportFormat, options: ExportOptions, archive: Path, out: Path | None
) -> Iterator[tuple[Books, Path]]:
    """What is put into which place."""
    if chosen.one_each and len(books.books) > 1:
        if out is not None and out.exists() and not out.is_dir():
            count = len(books.books)
            raise UsageError(f"{safe(out)}: a file, and there are {count} to write; name a folder with --out")
        for book in books.books:
            yield books.only(book), (out or Path()) / chosen.place(book.key, options)
        return
    name = chosen.place(books.books[0].key if len(books.books) == 1 else archive.stem, options)
    if out is not None and chosen.container is not Container.FOLDER and out.is_dir() and not out.is_symlink():
        yield books, out / name
    else:
        yield books, out if out is not None else Path(name)


def _refuse_archive(target: Path, archive: Path) -> None:
    """Nothing is put in the place of the archive itself, of a folder around it, or of what SQLite keeps beside it."""
    file, place = archive.resolve(), target.resolve()
    of_sqlite = place.parent == file.parent and place.name.startswith(f"{file.name}-")
    if place == file or place in file.parents or of_sqlite:
        raise UsageError(f"{safe(target)}: the archive is there; name another place with --out")
    with contextlib.suppress(OSError):
        if target.samefile(archive):
            raise UsageError(f"{safe(target)}: is the archive under another name; name another place with --out")


def _unaccounted(books: Books, named: str | None, found: Status) -> Iterator[Unaccounted]:
    """What of the exported may have parts that nobody knows; of a part that was named alone, nothing."""
    only = books.books[0]
    for series in found.series:
        is_in = series.is_asked if named is None else only.is_all and only.series and only.series.id == series.id
        if is_in and not series._replace(missing=0).is_whole():  # what is known to be missing is told by its name
            yield Unaccounted(series.url, series.id, series.parts, series.declared_parts)
    for source in found.homeless if named is None else ():
        if source.is_asked and not source._replace(missing=0).is_whole():
            yield Unaccounted(source.url, None, source.parts, None)


def _told(book: Book, found: Status) -> BookExported:
    missing = tuple(entry.part for entry in book.entries if entry.part.missing)
    series_id = book.series.id if book.series else None
    images = found.images.get(series_id) if series_id is not None and book.is_all else None
    return BookExported(book.key, book.title, series_id, len(book.entries), missing, images)
