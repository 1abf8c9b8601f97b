"""`export site`: the reading pages as files, opened by a double click; they ask nobody; only search needs a script.

The style sheets, macros and filters are those of `archiver serve`. Parts are read one at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib.resources import files
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup

from archiver.archive import details, kept
from archiver.archive.details import ChangeRow
from archiver.browse import render
from archiver.exports import epub, shown, site_feeds
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import counted, day, detail, happened, last_full, local, marks, moment, provenance, say
from archiver.exports.shown import PlacesInBook, Showing
from archiver.exports.writing import packed

_STYLES = ("reading.css", "code.css", "site.css")
_PIECES = 500  # of a page that are put together before they are written


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The files of the site. A part's page comes after the images that it shows."""
    return _Site(books, options).files()


def bare(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """Its pages, style sheets and images alone: for Kiwix, whose search it must let into the pages, and no feeds."""
    return _Site(books, options, is_bare=True).pages()


def page_name(book: Book, entry: Entry) -> str:
    """The file of a part's page."""
    return f"{book.key}/{entry.slug}.html"


def searched(chapter: Chapter, options: ExportOptions) -> list[str]:
    """The words of a part that a search looks through, beside its title: nothing reaches from one to the next."""
    article = chapter.article
    said = [article.text, *article.tags] if article is not None else []
    if article is not None and options.comments:
        said += [one.text for one in article.comments]
    if chapter.last_full is not None:
        said.append(chapter.last_full.text)
    return [words for words in said if words]


class _Link(NamedTuple):
    """A part as a page names it that names all: of many a whole entry would fill memory."""

    title: str
    href: str


class _Site:
    """What all pages share while they are made."""

    def __init__(self, books: Books, options: ExportOptions, *, is_bare: bool = False) -> None:
        self._is_bare = is_bare
        self._books, self._options, self._lang = books, options, options.lang
        self._say: Callable[..., str] = partial(say, options.lang)
        self._images: set[int] = set()  # captures whose file is there

    def files(self) -> Iterator[ExportFile]:
        yield from self.pages()
        yield _static("search.js")
        yield self._page("search.html", "site/search.html", self._say("search"))
        yield ExportFile("texts.js", self._texts())
        yield ExportFile("llms.txt", site_feeds.llms(self._books, self._lang))
        yield ExportFile("opds.xml", [site_feeds.opds(self._books, self._lang)])

    def pages(self) -> Iterator[ExportFile]:
        """All but the search and what programs read."""
        yield from map(_static, _STYLES)
        told = {"books": self._books.books, "counted": partial(counted, lang=self._lang)}
        yield self._page("index.html", "site/index.html", self._say("contents"), **told)
        for book in self._books.books:
            yield from self._book(book)
        yield self._page("tags.html", "site/tags.html", self._say("tags"), tags=self._tags())
        yield self._page("changes.html", "site/changes.html", self._say("changes"), changes=self._changes())

    def _page(self, name: str, template: str, title: str, **values: Any) -> ExportFile:
        shared = {
            "title": title, "say": self._say, "happened": partial(happened, self._lang), "moment": moment,
            "local": partial(local, self._lang), "day": day, "detail": partial(detail, self._lang),
            "root": "../" * name.count("/"), "book": None, "entry": None, "linked_data": None,
            "seen_until": self._books.seen_until,
            "is_demonstration": self._books.is_demonstration, "page_lang": "en" if self._lang == "en" else "zh-Hant-TW",
            "is_bare": self._is_bare,
        }  # fmt: skip
        made = render.environment().get_template(template).stream(**{**shared, **values})
        made.enable_buffering(_PIECES)  # a page of all changes is long
        return ExportFile(name, (piece.encode(errors="replace") for piece in made))

    # ─── a book ─────────────────────────────────────────────────────────────────────────────────

    def _book(self, book: Book) -> Iterator[ExportFile]:
        has_index = any(entry.is_listed for entry in book.entries)
        groups = [
            (heading, self._say("contents" if is_listed or not has_index else "unlisted"), list(some))
            for (heading, is_listed), some in groupby(book.entries, lambda entry: (entry.heading, entry.is_listed))
        ]
        data = {"@context": "https://schema.org", "@type": "CreativeWorkSeries", "name": book.title, "url": book.url}
        yield self._page(
            f"{book.key}/index.html",
            "site/series.html",
            book.title,
            book=book,
            groups=groups,
            counted=partial(counted, lang=self._lang),
            linked_data=_inline(data),
        )
        for entry in book.entries:
            yield from self._part(book, entry)
        if not self._is_bare:
            yield ExportFile(f"{book.key}/feed.json", site_feeds.json_feed(book, self._books.seen_until, self.html))
            yield ExportFile(f"{book.key}/feed.xml", site_feeds.atom(book, self._books.seen_until, self.html))
            book_alone = epub.make(self._books.only(book), self._options)
            yield ExportFile(site_feeds.epub_name(book), packed(book_alone), is_packed=False)

    def _part(self, book: Book, entry: Entry) -> Iterator[ExportFile]:
        chapter = book.chapter(entry)
        showing = self._showing(book, chapter)
        yield from self._new_images(book, showing)
        place = entry.number - book.entries[0].number  # entries of a book are numbered one by one
        article = chapter.article
        comments = article.comments if article is not None and self._options.comments else ()
        data = {
            "@context": "https://schema.org", "@type": "Article", "headline": entry.title, "url": entry.part.url,
            "inLanguage": "zh-Hant-TW", "isPartOf": {"@type": "CreativeWorkSeries", "name": book.title},
        } | ({"author": {"@type": "Person", "name": book.author}} if book.author else {})  # fmt: skip
        yield self._page(
            page_name(book, entry), "site/part.html", entry.title, book=book, entry=entry, article=article,
            marks=marks(chapter, self._lang), provenance=provenance(chapter, self._lang),
            body=Markup(showing.body()), full=Markup(showing.full()),  # noqa: S704 - both made in browse.body
            full_said=last_full(chapter, self._lang), linked_data=_inline(data),
            rot=details.rotten_links(self._books.connection, entry.part.id),
            comments=[(one, Markup(showing.comment(one))) for one in comments],  # noqa: S704 - made there, too
            previous=book.entries[place - 1] if place > 0 else None,
            next=book.entries[place + 1] if place + 1 < len(book.entries) else None,
        )  # fmt: skip

    def _showing(self, book: Book, chapter: Chapter) -> Showing:
        places = PlacesInBook(lambda number, kind: f"../{_image(number, kind)}", partial(_place, book))
        return shown.showing(self._books, book, chapter, places, self._lang)

    def html(self, book: Book, entry: Entry) -> tuple[Chapter, str]:
        """A part and its body as its page shows it; empty for a part that is not held."""
        chapter = book.chapter(entry)
        return chapter, self._showing(book, chapter).body()

    def _new_images(self, book: Book, showing: Showing) -> Iterator[ExportFile]:
        for number, kind in showing.pictures.items():
            if number not in self._images:
                self._images.add(number)
                yield ExportFile(_image(number, kind), [book.received(number) or b""], is_packed=False)

    # ─── all books ──────────────────────────────────────────────────────────────────────────────

    def _links(self) -> dict[int, _Link]:
        return {entry.part.id: _Link(entry.title, page_name(book, entry)) for book, entry in self._books.parts()}

    def _tags(self) -> list[tuple[str, list[_Link]]]:
        found: dict[str, list[_Link]] = {}
        for number, link in self._links().items():
            for tag in kept.tags(self._books.connection, number):
                found.setdefault(tag, []).append(link)
        return sorted(found.items())

    def _changes(self) -> Iterator[tuple[ChangeRow, _Link]]:
        links = self._links()
        for change in details.changes(self._books.connection):
            if change.article_id in links:
                yield change, links[change.article_id]

    def _texts(self) -> Iterator[bytes]:
        yield b"var ARCHIVE_TEXTS = ["
        for number, (book, entry) in enumerate(self._books.parts()):
            told = [entry.title, page_name(book, entry), searched(book.chapter(entry), self._options)]
            yield f"{',' if number else ''}\n{_inline(told)}".encode(errors="replace")
        yield b"\n];\n"


def _static(name: str) -> ExportFile:
    return ExportFile(f"static/{name}", [files("archiver.browse").joinpath("static", name).read_bytes()])


def _image(number: int, media_type: str) -> str:
    return f"images/{number}.{shown.SUFFIXES[media_type]}"


def _place(from_book: Book, book: Book, entry: Entry) -> str:
    return f"{entry.slug}.html" if book.key == from_book.key else f"../{book.key}/{entry.slug}.html"


def _inline(value: object) -> Markup:
    """JSON that can stand in a script, in HTML or a file: it ends no element, and no line of an old JavaScript."""
    text = json.dumps(value, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing in it is markup
