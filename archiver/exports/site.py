"""`export site`: the reading pages as files, opened by a double click; they ask nobody; only search needs a script.

The style sheets, macros and filters are those of `archiver serve`. Parts are read one at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape, unescape
from importlib.resources import files
from itertools import groupby
from typing import Any

from markupsafe import Markup

from archiver.archive import kept
from archiver.archive.queries import Row
from archiver.browse import body, render
from archiver.browse.body import Image, Surroundings
from archiver.exports import site_feeds
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import day, marks, moment, provenance, say
from archiver.pages import content
from archiver.readings import Body, CodeBlock

_STATIC = ("reading.css", "code.css", "site.css", "search.js")
_HREF = re.compile(r'<a [^>]*?href="([^"]*)"')  # as nh3 writes it
_CHANGES = (
    "SELECT at, what, detail, article_id FROM timeline WHERE article_id IS NOT NULL ORDER BY at DESC, article_id, what"
)
_ROT = """
SELECT text, url, state, failing_since, (
    SELECT copies.url FROM copies JOIN pages ON pages.id = copies.page_id
    WHERE pages.url = link_rot.url AND holder != 'common_crawl' AND confirmed ORDER BY made_at DESC, copies.id LIMIT 1
) AS copy_url FROM link_rot WHERE article_id = ? ORDER BY position
"""


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The files of the site. A part's page comes after the images that it shows."""
    return _Site(books, options).files()


class _Site:
    """What all pages share while they are made."""

    def __init__(self, books: Books, options: ExportOptions) -> None:
        self._books, self._options, self._lang = books, options, options.lang
        self._say: Callable[..., str] = partial(say, options.lang)
        self._images: dict[int, str | None] = {}  # capture → the name of its file; None: no raster image

    def files(self) -> Iterator[ExportFile]:
        for name in _STATIC:
            place = "archiver.browse"
            yield ExportFile(f"static/{name}", [(files(place) / "static" / name).read_bytes()])
        yield self._page("index.html", "site/index.html", self._say("contents"), books=self._books.books)
        for book in self._books.books:
            yield from self._book(book)
        yield self._page("tags.html", "site/tags.html", self._say("tags"), tags=self._tags())
        yield self._page("changes.html", "site/changes.html", self._say("changes"), changes=self._changes())
        yield self._page("search.html", "site/search.html", self._say("search"))
        yield ExportFile("texts.js", self._texts())
        yield ExportFile("llms.txt", site_feeds.llms(self._books))

    def _page(self, name: str, template: str, title: str, **values: Any) -> ExportFile:
        shared = {
            "title": title, "say": self._say, "moment": moment, "root": "../" * name.count("/"), "book": None,
            "entry": None, "linked_data": None, "seen_until": moment(self._books.seen_until),
            "is_demonstration": self._books.is_demonstration, "page_lang": "en" if self._lang == "en" else "zh-Hant-TW",
        }  # fmt: skip
        html = render.environment().get_template(template).render(**{**shared, **values})
        return ExportFile(name, [html.encode(errors="replace")])

    # ─── a book ─────────────────────────────────────────────────────────────────────────────────

    def _book(self, book: Book) -> Iterator[ExportFile]:
        groups = [(heading, list(some)) for heading, some in groupby(book.entries, lambda entry: entry.heading)]
        data = {"@context": "https://schema.org", "@type": "CreativeWorkSeries", "name": book.title, "url": book.url}
        yield self._page(
            f"{book.key}/index.html",
            "site/series.html",
            book.title,
            book=book,
            groups=groups,
            linked_data=_inline(data),
        )
        for entry in book.entries:
            yield from self._part(book, entry)
        made = partial(_feed_html, self)
        yield ExportFile(f"{book.key}/feed.json", site_feeds.json_feed(book, self._books.seen_until, made))
        yield ExportFile(f"{book.key}/feed.xml", site_feeds.atom(book, self._books.seen_until, made))

    def _part(self, book: Book, entry: Entry) -> Iterator[ExportFile]:
        chapter = book.chapter(entry)
        yield from self._new_images(book, chapter)
        place = entry.number - book.entries[0].number  # entries of a book are numbered one by one
        article = chapter.article
        comments = article.comments if article is not None and self._options.comments else ()
        data = {
            "@context": "https://schema.org", "@type": "Article", "headline": entry.title, "url": entry.part.url,
            "inLanguage": "zh-Hant-TW", "isPartOf": {"@type": "CreativeWorkSeries", "name": book.title},
        } | ({"author": {"@type": "Person", "name": book.author}} if book.author else {})  # fmt: skip
        yield self._page(
            f"{book.key}/{entry.slug}.html", "site/part.html", entry.title, book=book, entry=entry, article=article,
            marks=marks(chapter, self._lang), provenance=provenance(chapter, self._lang),
            body=Markup(self.html(book, chapter)), full=self._full(book, chapter),  # noqa: S704 - made in browse.body
            full_said=self._full_said(chapter), linked_data=_inline(data), rot=self._rot(entry),
            comments=[(one, self._shown(book, chapter, one.html, one.text, ())) for one in comments],
            previous=book.entries[place - 1] if place > 0 else None,
            next=book.entries[place + 1] if place + 1 < len(book.entries) else None,
        )  # fmt: skip

    def html(self, book: Book, chapter: Chapter) -> str:
        """The body of a part as its page shows it; empty for a part that is not held."""
        if chapter.article is None:
            return ""
        made = chapter.body
        if made is None:
            return f'<pre class="plain-text">{escape(chapter.article.text)}</pre>'
        return str(self._shown(book, chapter, made.html, made.text, made.code_blocks))

    def _full(self, book: Book, chapter: Chapter) -> Markup | None:
        full: Body | None = chapter.last_full
        return self._shown(book, chapter, full.html, full.text, full.code_blocks) if full is not None else None

    def _full_said(self, chapter: Chapter) -> str:
        capture = chapter.full_capture if chapter.last_full is not None else None
        return self._say("last_full", day=day(capture.captured_at)) if capture is not None else ""

    def _shown(self, book: Book, chapter: Chapter, html: str, text: str, code: Sequence[CodeBlock]) -> Markup:
        if not body.is_bearable(html):
            return Markup('<pre class="plain-text">{}</pre>').format(text)
        around = Surroundings(self._pictures(chapter), self._links(book, html), code)
        return Markup(body.rendered(html, around))  # noqa: S704 - made there

    def _links(self, book: Book, html: str) -> dict[str, str]:
        found = {url: self._books.entry(url) for url in map(unescape, _HREF.findall(html))}
        return {url: _place(book, *at) for url, at in found.items() if at is not None}

    def _pictures(self, chapter: Chapter) -> dict[str, Image]:
        told = {}
        for url, image in chapter.images.items():
            name = self._images.get(image.capture_id) if image.capture_id is not None else None
            src = f"../{name}" if name else None
            told[url] = Image(src, self._say("image_missing"), image.width, image.height)
        return told

    def _new_images(self, book: Book, chapter: Chapter) -> Iterator[ExportFile]:
        for image in chapter.images.values():
            number = image.capture_id
            if number is None or number in self._images:
                continue
            received = book.received(number)
            kind = content.raster(received) if received else None
            self._images[number] = f"images/{number}.{kind.rpartition('/')[2]}" if kind else None
            if received and kind:
                yield ExportFile(f"images/{number}.{kind.rpartition('/')[2]}", [received], is_packed=False)

    def _rot(self, entry: Entry) -> list[Row]:
        names = ("text", "url", "state", "failing_since", "copy_url")
        return [dict(zip(names, row, strict=True)) for row in self._books.connection.execute(_ROT, [entry.part.id])]

    # ─── all books ──────────────────────────────────────────────────────────────────────────────

    def _places(self) -> dict[int, tuple[Book, Entry]]:
        return {entry.part.id: (book, entry) for book in self._books.books for entry in book.entries}

    def _tags(self) -> list[tuple[str, list[tuple[Book, Entry]]]]:
        found: dict[str, list[tuple[Book, Entry]]] = {}
        for number, at in self._places().items():
            for tag in kept.tags(self._books.connection, number):
                found.setdefault(tag, []).append(at)
        return sorted(found.items())

    def _changes(self) -> Iterator[tuple[Row, Book, Entry]]:
        places = self._places()
        for at, what, detail, number in self._books.connection.execute(_CHANGES):
            if number in places:
                yield ({"at": at, "what": what, "detail": detail}, *places[number])

    def _texts(self) -> Iterator[bytes]:
        yield b"var ARCHIVE_TEXTS = ["
        for number, (book, entry) in enumerate(self._places().values()):
            chapter = book.chapter(entry)
            said = [chapter.article.text, *chapter.article.tags] if chapter.article is not None else []
            if chapter.article is not None and self._options.comments:
                said += [one.text for one in chapter.article.comments]
            if chapter.last_full is not None:
                said.append(chapter.last_full.text)
            told = [entry.title, f"{book.key}/{entry.slug}.html", "\n".join(said)]
            yield f"{',' if number else ''}\n{_inline(told)}".encode(errors="replace")
        yield b"\n];\n"


def _feed_html(site: _Site, book: Book, entry: Entry) -> tuple[Chapter, str]:
    chapter = book.chapter(entry)
    return chapter, site.html(book, chapter)


def _place(from_book: Book, book: Book, entry: Entry) -> str:
    return f"{entry.slug}.html" if book.key == from_book.key else f"../{book.key}/{entry.slug}.html"


def _inline(value: object) -> Markup:
    """JSON that can stand in a script, in HTML or a file: it ends no element, and no line of an old JavaScript."""
    text = json.dumps(value, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing in it is markup
