"""What programs read of the exported site: feeds with whole bodies, and a list of its pages. Written part by part.

JSON Feed 1.1 (jsonfeed.org/version/1.1), Atom (RFC 4287), OPDS 1.2 (specs.opds.io/opds-1.2). What a feed names is named
by its address upstream, a book by the number that stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape

from archiver.exports import epub
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.said import moment, say

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Made = Callable[[Book, Entry], tuple[Chapter, str]]


def json_feed(book: Book, seen_until: datetime, made: Made) -> Iterator[bytes]:
    """A JSON Feed of the parts that are held; `made` gives a part and the HTML of its body."""
    head = {
        "version": "https://jsonfeed.org/version/1.1", "title": book.title, "home_page_url": book.url,
        "language": "zh-Hant-TW",
    } | ({"authors": [{"name": book.author}]} if book.author else {})  # fmt: skip
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "items": ['.encode(errors="replace")
    before = ""
    for entry in book.entries:
        chapter, html = made(book, entry)
        if chapter.article is None:
            continue
        item = {
            "id": entry.part.url, "url": entry.part.url, "title": entry.title, "content_html": html,
            "date_published": moment(_date(chapter, seen_until)), "tags": list(chapter.article.tags),
        }  # fmt: skip
        yield f"{before}\n{json.dumps(item, ensure_ascii=False)}".encode(errors="replace")
        before = ","
    yield b"\n]}\n"


def atom(book: Book, seen_until: datetime, made: Made) -> Iterator[bytes]:
    """An Atom feed of the same."""
    author = _xml(book.author or "?")
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-Hant-TW">\n'
        f"<id>{_xml(book.url)}</id><title>{_xml(book.title)}</title><updated>{moment(seen_until)}</updated>"
        f'<author><name>{author}</name></author><link rel="alternate" href="{_xml(book.url)}"/>\n'
    ).encode(errors="replace")
    for entry in book.entries:
        chapter, html = made(book, entry)
        if chapter.article is None:
            continue
        url = _xml(entry.part.url)
        yield (
            f'<entry><id>{url}</id><title>{_xml(entry.title)}</title><link rel="alternate" href="{url}"/>'
            f"<updated>{moment(chapter.article.edited_at or _date(chapter, seen_until))}</updated>"
            f'<content type="html">{_xml(html)}</content></entry>\n'
        ).encode(errors="replace")
    yield b"</feed>\n"


def epub_name(book: Book) -> str:
    """The file of a series as a book."""
    return f"{book.key}/{book.key}.epub"


def opds(books: Books, lang: str) -> bytes:
    """A catalogue of the books, for programs that read them: an acquisition feed."""
    kind = "application/atom+xml;profile=opds-catalog;kind=acquisition"
    updated = moment(books.seen_until)
    entries = "".join(
        f"<entry><id>{epub.identifier(book)}</id><title>{_xml(book.title)}</title><updated>{updated}</updated>"
        f"<author><name>{_xml(book.author or '?')}</name></author><dc:language>zh-Hant-TW</dc:language>"
        f'<link rel="alternate" href="{_xml(book.url)}"/>'
        f'<link rel="http://opds-spec.org/acquisition" type="application/epub+zip" href="{epub_name(book)}"/></entry>\n'
        for book in books.books
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:dc="http://purl.org/dc/terms/">\n'
        f"<id>urn:archiver:opds:{_xml(books.books[0].url)}</id>"
        f"<title>{say(lang, 'books')}</title><updated>{updated}</updated>"
        "<author><name>archiver</name></author>"
        f'<link rel="self" type="{kind}" href="opds.xml"/><link rel="start" type="{kind}" href="opds.xml"/>\n'
        f"{entries}</feed>\n"
    ).encode(errors="replace")


def llms(books: Books, lang: str) -> Iterator[bytes]:
    """`llms.txt`: what is here, one line a part."""
    yield f"# {say(lang, 'archive')}\n".encode()
    for book in books.books:
        yield f"\n## {_line(book.title)}\n\n".encode(errors="replace")
        for entry in book.entries:
            note = f": {say(lang, 'in_body_not_held')}" if entry.part.missing else ""
            yield f"- [{_line(entry.title)}]({book.key}/{entry.slug}.html){note}\n".encode(errors="replace")


def _line(text: str) -> str:
    return re.sub(r"([\[\]\\<>])", r"\\\1", text)


def _date(chapter: Chapter, seen_until: datetime) -> datetime:
    published = chapter.article.published_at if chapter.article is not None else None
    return published or (chapter.capture.captured_at if chapter.capture is not None else seen_until)


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
