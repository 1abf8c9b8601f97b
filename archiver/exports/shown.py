"""A part as formats show it: safe HTML, pictures from the archive by their own bytes, links between parts inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from archiver.archive.kept import KeptComment, KeptImage
from archiver.browse.body import BodyWords, Image, Surroundings, is_bearable, rendered
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.said import say
from archiver.exports.xhtml import text
from archiver.model.readings import Body, CodeBlock
from archiver.pages import image as pictures

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/avif": "avif"}
"""The media types of images that are shown, and how their files end."""

_HREF = re.compile(r'<a [^>]*?href="([^"]*)"')  # as nh3 writes it
_MOST = 1_000_000  # characters of HTML; a longer body is shown as its text


@dataclass(frozen=True, slots=True)
class PlacesInBook:
    """Where, in an export, a page finds what it shows: paths relative to the page itself."""

    image: Callable[[int, str], str]  # of the capture with this number and media type
    part: Callable[[Book, Entry], str]
    can_show: Callable[[str], bool] = lambda _media_type: True


def pictures_of(book: Book, chapter: Chapter) -> dict[int, str]:
    """The capture and the media type of each image of a part that can be shown, by its own bytes; each once."""
    return dict(_pictures(book, chapter))


def _pictures(book: Book, chapter: Chapter) -> Iterator[tuple[int, str]]:
    for number in sorted({one.capture_id for one in chapter.images.values() if one.capture_id is not None}):
        body = book.received(number)
        found = pictures.read(body) if body and pictures.is_whole(body) else None
        if found is not None and found.media_type in SUFFIXES and (found.width or found.media_type == "image/avif"):
            yield number, found.media_type


@dataclass(frozen=True, slots=True)
class Showing:
    """A part of a book as one format shows it."""

    books: Books
    chapter: Chapter
    places: PlacesInBook
    lang: str
    pictures: Mapping[int, str]  # capture → media type, of the images that this format shows

    def body(self) -> str:
        """Its text as safe HTML; empty for a part that is not held."""
        return self._of(self.chapter.body)

    def full(self) -> str:
        """The last full text, where what stands there now is nearly nothing; else empty."""
        return self._of(self.chapter.last_full)

    def comment(self, comment: KeptComment) -> str:
        """The words of a comment."""
        return self._safe(comment.html, comment.text, ())

    def _of(self, body: Body | None) -> str:
        return self._safe(body.html, body.text, body.code_blocks) if body is not None else ""

    def _safe(self, html: str, words: str, code: tuple[CodeBlock, ...]) -> str:
        """A body that is too long, or has too many tags, is shown as its text."""
        if len(html) > _MOST or not is_bearable(html):
            return f'<pre class="plain-text">{text(words)}</pre>'
        found = {url: self.books.entry(url) for url in {unescape(url) for url in _HREF.findall(html)}}
        links = {url: self.places.part(*at) for url, at in found.items() if at is not None}
        images = {url: self._image(one) for url, one in self.chapter.images.items()}
        return rendered(html, Surroundings(images, links, code, _words(self.lang)))

    def _image(self, image: KeptImage) -> Image:
        media_type = self.pictures.get(image.capture_id) if image.capture_id is not None else None
        if image.capture_id is None or media_type is None:
            missing = "in_body_not_held" if image.capture_id is None else "in_body_never_shown"
            return Image(None, say(self.lang, missing))
        return Image(self.places.image(image.capture_id, media_type), "", image.width, image.height)


def _words(lang: str) -> BodyWords:
    names = ("image", "formula", "not_held", "told", "guessed", "hidden", "held")
    return BodyWords(**{name: say(lang, f"in_body_{name}") for name in names})


def showing(books: Books, book: Book, chapter: Chapter, places: PlacesInBook, lang: str) -> Showing:
    """A part as a format with these places shows it; its images are looked at once."""
    shown = {number: kind for number, kind in pictures_of(book, chapter).items() if places.can_show(kind)}
    return Showing(books, chapter, places, lang, shown)
