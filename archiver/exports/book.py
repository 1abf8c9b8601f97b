"""A series as one value, read from the archive: all that an export is made of. Reads only.

A book knows its parts in their order: a title and a state each, a kilobyte, which of the books asked for last alone are
held. What a part holds is read when it is asked for and held by nobody here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from html import escape, unescape
from pathlib import Path

from archiver import ithome, pages
from archiver.archive import bodies, demonstration, kept
from archiver.archive.kept import KeptArticle, KeptCapture, KeptImage, KeptSeries
from archiver.archive.opening import opened
from archiver.archive.shape import be_patient
from archiver.archive.status import PartStatus
from archiver.errors import UsageError
from archiver.model import Address
from archiver.model.readings import Body
from archiver.pages import languages
from archiver.text import safe

_HELD = 8  # books whose parts are held: links lead to few others
_IMAGE = re.compile(r'<img [^>]*?src="([^"]*)"')  # as nh3 writes it


@dataclass(frozen=True, slots=True)
class Entry:
    """A part in its place: what is known of it before its text is read."""

    number: int  # its place in the book, from 1
    part: PartStatus
    title: str  # one line, made harmless for a terminal; hostile still in HTML; never empty
    heading: str | None  # under which an index lists it; one line, made harmless like the title
    is_listed: bool = False  # by that index, whether or not under a heading

    @property
    def slug(self) -> str:
        """A name for its files: from numbers alone, since no title becomes a path."""
        return f"{self.part.position or self.number:02d}-{self.part.id}"

    @property
    def is_gone(self) -> bool:
        """Whether the host no longer has it."""
        return self.part.state == "gone"


@dataclass(slots=True)
class Lost:
    """What the archive should hold and could not give, noted when it was asked for."""

    texts: dict[int, PartStatus] = field(default_factory=dict)  # by article id: a page of it yields no body any more
    captures: set[int] = field(default_factory=set)  # whose bytes are not there, or not those that were received


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part with all that is held of it; without an article where nothing is."""

    entry: Entry
    article: KeptArticle | None
    body: Body | None = field(default=None, repr=False)  # made from its capture; None where no article is held
    last_full: Body | None = field(default=None, repr=False)  # where what is shown now is nearly nothing
    images: Mapping[str, KeptImage] = field(default_factory=dict, repr=False)  # URL → of bodies and comments
    unread: frozenset[int] = frozenset()  # captures without a body in them: what stands for it is the text kept of it

    @property
    def is_unreadable(self) -> bool:
        """Whether what is shown of it, or of its last full text, is only the text that was kept."""
        return bool(self.unread)

    @property
    def capture(self) -> KeptCapture | None:
        """What its text was read from: whose copy, from where, of when, with which SHA-256."""
        return self._capture(self.article.capture_id) if self.article else None

    @property
    def full_capture(self) -> KeptCapture | None:
        """What the last full text was read from."""
        return self._capture(self.article.full_capture_id) if self.article else None

    def _capture(self, number: int | None) -> KeptCapture | None:
        assert self.article is not None
        return next((one for one in self.article.captures if one.id == number), None)


@dataclass(frozen=True, slots=True)
class Book:
    """A series, or what one source leads to that is of no known series, with its parts in order."""

    key: str  # `ironman-5943`; letters, digits and `-` alone
    title: str  # one line, made harmless for a terminal; hostile still in HTML; never empty
    author: str | None  # the same
    url: str  # where it lives
    series: KeptSeries | None
    is_all: bool  # every known part is in it; not so where a part was named alone
    _entries: Callable[[], tuple[Entry, ...]] = field(repr=False, compare=False)
    _connection: sqlite3.Connection = field(repr=False, compare=False)
    _lost: Lost = field(repr=False, compare=False)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its parts in order. Read again where many other books were asked since."""
        return self._entries()

    def chapters(self) -> Iterator[Chapter]:
        """Every part in order, each read when it is its turn."""
        return map(self.chapter, self.entries)

    def chapter(self, entry: Entry) -> Chapter:
        """A part with its bodies, comments, images and captures. What cannot be given is noted in `Books.lost`."""
        be_patient(self._connection)
        article = kept.article(self._connection, entry.part.id)
        if article is None:
            return Chapter(entry, None)
        texts = {article.capture_id: article.text}
        if article.full_capture_id is not None:
            texts[article.full_capture_id] = kept.full_text(self._connection, article.id) or ""
        with languages.as_declared():  # so that the same bytes come of it wherever it is made
            read = {number: bodies.of_capture(self._connection, number, pages.read) for number in texts}
        unread = frozenset(number for number, body in read.items() if body is None)
        if unread:
            self._lost.texts[entry.part.id] = entry.part
        found = {number: read[number] or _plain(text) for number, text in texts.items()}
        body = found[article.capture_id]
        if article.capture_id not in unread:
            body = replace(body, code_blocks=article.code_blocks)
        last_full = found[article.full_capture_id] if article.full_capture_id is not None else None
        shown = [one.html for one in (body, last_full, *article.comments) if one is not None]
        urls = {unescape(url) for html in shown for url in _IMAGE.findall(html)}
        images = kept.images(self._connection, urls)
        return Chapter(entry, article, body, last_full, images, unread)

    def received(self, capture_id: int) -> bytes | None:
        """The bytes of a capture, such as an image; None where they are not, or are not those that were received."""
        be_patient(self._connection)
        body = bodies.intact(self._connection, capture_id)
        if body is None:
            self._lost.captures.add(capture_id)
        return body


@dataclass(frozen=True, slots=True)
class Books:
    """Some series of an open archive, or all, as one state of it."""

    books: tuple[Book, ...]
    seen_until: datetime  # the last moment at which anything was asked: the date of what is made of it
    is_demonstration: bool  # all of it was invented
    connection: sqlite3.Connection = field(repr=False, compare=False)  # to the archive; for reading, in one transaction
    lost: Lost = field(compare=False)
    _by_place: Mapping[kept.Place, Book] = field(repr=False, compare=False)

    def only(self, book: Book) -> Books:
        """One of them alone."""
        return replace(self, books=(book,), _by_place={at: one for at, one in self._by_place.items() if one is book})

    def parts(self) -> Iterator[tuple[Book, Entry]]:
        """Every part of each book, in order."""
        return ((book, entry) for book in self.books for entry in book.entries)

    def entry(self, url: str) -> tuple[Book, Entry] | None:
        """The part among these that a link leads to, however it spells the address."""
        address = ithome.classify(url)
        number = address.article_id if isinstance(address, Address) else None
        at = kept.place(self.connection, number) if number is not None else None
        book = self._by_place.get(at) if at is not None else None
        if book is None:
            return None
        return next(((book, entry) for entry in book.entries if entry.part.id == number), None)


@contextmanager
def opened_books(path: Path, named: str | None = None, as_of: datetime | None = None) -> Iterator[Books]:
    """The books of an archive: all, or the series, or of a series the part, that is named by its number or URL.

    All is read in one transaction, so that a run that goes on meanwhile changes nothing in the middle. `as_of`: as it
    stood then. Raises UsageError for what is not there, and ArchiveError.
    """
    with ExitStack() as until_closed:
        place = path
        if as_of is not None:
            from archiver.archive.as_of import as_it_stood  # all that writes an archive

            place = until_closed.enter_context(as_it_stood(path, as_of, pages.read))
        connection = until_closed.enter_context(opened(place))
        connection.execute("BEGIN")
        lost, shelf = Lost(), lru_cache(maxsize=_HELD)(partial(_entries, connection))
        found = {kept.Place(one.id, None): _of_series(connection, one, lost, shelf) for one in kept.series(connection)}
        found |= _of_strays(connection, lost, shelf)
        chosen = {at: book for at, book in (_named(found, named, path) if named else found).items() if book.entries}
        if not chosen:
            raise UsageError(
                f"{safe(path)}: no part of any series is known, so nothing can be exported; name one:"
                " `archiver fetch URL`, or `archiver import FILE --url URL` of a list that a file holds"
            )
        until, is_invented = kept.seen_until(connection), demonstration.is_marked(connection)
        yield Books(tuple(chosen.values()), until, is_invented, connection, lost, chosen)


def _plain(text: str) -> Body:
    """A text of which no page can be read any more."""
    return Body(f"<pre>{escape(text)}</pre>", text)


_Shelf = Callable[[kept.Place], tuple[Entry, ...]]


def _of_series(connection: sqlite3.Connection, series: KeptSeries, lost: Lost, shelf: _Shelf) -> Book:
    return Book(
        f"ironman-{series.id}", safe(series.title or f"series {series.id}", 300),
        safe(series.author, 100) if series.author else None, series.url, series,
        True, partial(shelf, kept.Place(series.id, None)), connection, lost,
    )  # fmt: skip


def _of_strays(connection: sqlite3.Connection, lost: Lost, shelf: _Shelf) -> dict[kept.Place, Book]:
    """A book a source of the parts that no known series has."""
    found: dict[kept.Place, Book] = {}
    for stray in kept.strays(connection):
        at = kept.Place(None, stray.source_id)
        title = safe(stray.title or stray.url, 300)
        book = Book(f"source-{at.source_id}", title, None, stray.url, None, True, partial(shelf, at), connection, lost)
        found.setdefault(at, book)
    return found


def _entries(connection: sqlite3.Connection, at: kept.Place) -> tuple[Entry, ...]:
    be_patient(connection)
    parts = kept.parts(connection, at)
    headings = kept.headings(connection, at.series_id) if at.series_id is not None else {}
    return tuple(
        Entry(
            number,
            part,
            safe(part.title or f"article {part.id}", 300),
            _heading(headings.get(part.id)),
            part.id in headings,
        )
        for number, part in enumerate(parts, 1)
    )


def _heading(words: str | None) -> str | None:
    return safe(words, 300) if words else None


def _named(found: Mapping[kept.Place, Book], named: str, path: Path) -> dict[kept.Place, Book]:
    series_id, article_id = _numbers(named)
    for at, book in found.items():
        if series_id is not None and at.series_id == series_id:
            return {at: book}
    for at, book in found.items():
        if of_it := tuple(entry for entry in book.entries if entry.part.id == article_id):
            alone = replace(book, key=f"{book.key}-{article_id}", is_all=False, _entries=lambda: of_it)
            return {at: alone}
    known = ", ".join(str(at.series_id) for at in found if at.series_id is not None)
    raise UsageError(f"{safe(named, 200)}: no series or part of {safe(path)}; its series are {known or 'none'}")


def _numbers(named: str) -> tuple[int | None, int | None]:
    """The series and the article that a number or a URL may name."""
    if named.isdecimal() and named.isascii() and len(named) < 19:
        return int(named), int(named)
    address = ithome.source_address(named)
    return (address.series_id, address.article_id) if isinstance(address, Address) else (None, None)
