"""The body of a part as formats show it: safe HTML, its pictures from the archive, links between parts led inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape

from archiver.archive.kept import KeptComment, KeptImage
from archiver.browse.body import Image, Surroundings, is_bearable, rendered
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.said import say
from archiver.exports.xhtml import text
from archiver.pages import image as pictures
from archiver.readings import CodeBlock

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


def images_of(book: Book, chapter: Chapter) -> Iterator[tuple[int, str]]:
    """The capture and the media type of each image of a part that can be shown, by its own bytes; each once."""
    for number in sorted({one.capture_id for one in chapter.images.values() if one.capture_id is not None}):
        body = book.received(number)
        found = pictures.read(body) if body and pictures.is_whole(body) else None
        if found is not None and found.media_type in SUFFIXES and (found.width or found.media_type == "image/avif"):
            yield number, found.media_type


def body_html(
    books: Books, book: Book, chapter: Chapter, places: PlacesInBook, lang: str, *, full: bool = False
) -> str:
    """The body of a part, or the last full one, as safe HTML."""
    body = chapter.last_full if full else chapter.body
    if body is None:
        return ""
    return _safe(body.html, body.text, _around(books, book, chapter, body.html, places, lang, body.code_blocks))


def comment_html(
    books: Books, book: Book, chapter: Chapter, comment: KeptComment, places: PlacesInBook, lang: str
) -> str:
    """The words of a comment as safe HTML."""
    return _safe(comment.html, comment.text, _around(books, book, chapter, comment.html, places, lang, ()))


def _safe(html: str, words: str, around: Surroundings) -> str:
    """A body that is too long, or has too many tags, is shown as its text."""
    if len(html) <= _MOST and is_bearable(html):
        return rendered(html, around)
    return f"<pre>{text(words)}</pre>"


def _around(
    books: Books, book: Book, chapter: Chapter, html: str, places: PlacesInBook, lang: str, code: tuple[CodeBlock, ...]
) -> Surroundings:
    shown = dict(images_of(book, chapter)) if chapter.images else {}
    images = {url: _image(one, shown, places, lang) for url, one in chapter.images.items()}
    found = {url: books.entry(url) for url in {unescape(url) for url in _HREF.findall(html)}}
    links = {url: places.part(*at) for url, at in found.items() if at is not None}
    return Surroundings(images, links, code)


def _image(image: KeptImage, shown: dict[int, str], places: PlacesInBook, lang: str) -> Image:
    media_type = shown.get(image.capture_id) if image.capture_id is not None else None
    if image.capture_id is None or media_type is None or not places.can_show(media_type):
        return Image(None, say(lang, "image_missing" if image.capture_id is None else "image_never_shown"))
    return Image(places.image(image.capture_id, media_type), "", image.width, image.height)
