"""`export epub`: a series as a book, EPUB 3.3, a page a part.

Written by hand over the standard library's zip: the one writer of EPUB for Python is under the AGPL, and a book is a
dozen kinds of files whose content is ours. epubcheck says whether it is one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from importlib.resources import files
from itertools import accumulate, groupby
from unicodedata import east_asian_width

from archiver.archive.kept import KeptComment
from archiver.exports import shown
from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import author, counted, day, last_full, local, marks, moment, of_entry, provenance, say
from archiver.exports.shown import Showing
from archiver.exports.xhtml import text, xhtml
from archiver.text import safe

_CORE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # EPUB 3.3 §3.2: what every reader shows
_LINE, _AUTHOR = 10, 14  # ems of one line of the cover, well within its frame
_BEGINS_NO_LINE = frozenset("，。、；：！？」』）】〉》")
_ENDS_NO_LINE = frozenset("「『（【〈《")
_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The files of one book; `books` holds one alone."""
    (book,) = books.books
    lang = options.lang
    yield ExportFile("mimetype", [b"application/epub+zip"], is_packed=False)  # first, and as it is (EPUB 3.3, OCF)
    yield _file("META-INF/container.xml", _CONTAINER)
    yield _file("EPUB/style.css", _STYLE + files("archiver.browse").joinpath("static/code.css").read_text("utf-8"))
    yield _file("EPUB/cover.svg", _cover(book))
    cover = f'<img class="cover" src="cover.svg" alt="{text(book.title)}"{_THEIRS} role="doc-cover"/>'
    yield _file("EPUB/cover.xhtml", _page(book.title, cover, lang, "cover"))
    images: dict[int, str] = {}
    for chapter in book.chapters():
        showing = shown.showing(books, book, chapter, _PLACES, lang)
        for number, media_type in showing.pictures.items():
            if number not in images:
                images[number] = media_type
                yield ExportFile(f"EPUB/{_image(number, media_type)}", [book.received(number) or b""], is_packed=False)
        yield _file(f"EPUB/{_place(chapter.entry)}", _part(showing, options))
    yield _file("EPUB/about.xhtml", _about(books, book, lang))
    yield _file("EPUB/nav.xhtml", _navigation(book, lang))
    yield _file("EPUB/package.opf", _package(books, book, images, lang))


def _file(name: str, content: str) -> ExportFile:
    return ExportFile(name, [content.encode()])


def _place(entry: Entry) -> str:
    return f"part-{entry.slug}.xhtml"


def _image(number: int, media_type: str) -> str:
    return f"image-{number}.{shown.SUFFIXES[media_type]}"


_PLACES = shown.PlacesInBook(_image, lambda _book, entry: _place(entry), _CORE.__contains__)


_THEIRS = ' lang="zh-Hant-TW" xml:lang="zh-Hant-TW"'  # of words that are the world's, whatever ours are in


# ─── pages ──────────────────────────────────────────────────────────────────────────────────────


def _language(lang: str) -> str:
    return "en" if lang == "en" else "zh-Hant-TW"


def _page(title: str, body: str, lang: str, kind: str) -> str:
    word = _language(lang)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
        f' lang="{word}" xml:lang="{word}">'
        f'<head><title>{text(title)}</title><link rel="stylesheet" href="style.css"/></head>\n'
        f'<body class="{kind}">\n{body}\n</body></html>\n'
    )


def _part(showing: Showing, options: ExportOptions) -> str:
    lang, chapter = options.lang, showing.chapter
    entry = chapter.entry
    told = [say(lang, "is_demonstration")] if showing.books.is_demonstration else []
    pieces = [
        (
            '<section epub:type="chapter" role="doc-chapter" aria-labelledby="title">'
            f'<h1 id="title"{_THEIRS}>{text(entry.title)}</h1>'
        )
    ]
    pieces += [f'<p class="mark">{text(mark)}</p>' for mark in [*told, *marks(chapter, lang)]]
    if chapter.article is not None:
        pieces.append(_about_article(chapter, lang))
        pieces.append(f'<div class="body"{_THEIRS}>{xhtml(showing.body())}</div>')
        if heading := last_full(chapter, lang):
            pieces.append(f'<h2>{text(heading)}</h2><div class="full"{_THEIRS}>{xhtml(showing.full(), "f")}</div>')
    pieces.append("</section>")
    if options.comments and chapter.article is not None and chapter.article.comments:
        pieces.append(
            '<section class="comments" role="doc-appendix" aria-labelledby="comments">'
            f'<h2 id="comments">{text(say(lang, "comments"))}</h2>'
        )
        pieces += [_comment(showing, one) for one in chapter.article.comments]
        pieces.append("</section>")
    pieces.append(_where_from(chapter, lang))
    return _page(entry.title, "\n".join(pieces), lang, "part")


def _about_article(chapter: Chapter, lang: str) -> str:
    article = chapter.article
    assert article is not None
    told = [author(article.author)] if article.author else []
    if article.published_at is not None:
        told.append(say(lang, "published", at=local(lang, article.published_at)))
    if article.tags:
        tags = say(lang, "between").join(safe(tag, 100) for tag in article.tags)
        told.append(say(lang, "labelled", name=say(lang, "tags"), value=tags))
    return f'<p class="by">{" · ".join(text(one) for one in told)}</p>' if told else ""


def _comment(showing: Showing, comment: KeptComment) -> str:
    lang = showing.lang
    who = [author(comment.author), day(comment.published_at) if comment.published_at else ""]
    if comment.deleted_at is not None:
        who.append(say(lang, "comment_deleted", day=day(comment.deleted_at)))
    words = xhtml(showing.comment(comment), f"c{comment.id}-")
    reply = " reply" if comment.reply_to is not None else ""
    by = text(" · ".join(filter(None, who)))
    return f'<div class="comment{reply}"><p class="by">{by}</p><div class="said"{_THEIRS}>{words}</div></div>'


def _where_from(chapter: Chapter, lang: str) -> str:
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in provenance(chapter, lang))
    return (
        f'<section class="from" aria-labelledby="from"><h2 id="from">{text(say(lang, "where_from"))}</h2>'
        f"<dl>{rows}</dl></section>"
    )


def _about(books: Books, book: Book, lang: str) -> str:
    lines = [
        *([say(lang, "is_demonstration")] if books.is_demonstration else []),
        say(lang, "colophon", at=local(lang, books.seen_until)),
        counted(book, lang),
        say(lang, "rights"),
    ]
    words = "".join(f"<p>{text(line)}</p>" for line in lines)
    heading = text(say(lang, "about"))
    address = f"<p>{text(say(lang, 'labelled', name=say(lang, 'source_address'), value=book.url))}</p>"
    return _page(
        say(lang, "about"),
        '<section epub:type="colophon" role="doc-colophon" aria-labelledby="about">'
        f'<h1 id="about">{heading}</h1>{words}{address}</section>',
        lang,
        "about",
    )


def _navigation(book: Book, lang: str) -> str:
    items = []
    for heading, entries in groupby(book.entries, lambda entry: entry.heading):
        rows = "".join(_item(entry, lang) for entry in entries)
        items.append(rows if heading is None else f"<li><span{_THEIRS}>{text(heading)}</span><ol>{rows}</ol></li>")
    contents, about = text(say(lang, "contents")), text(say(lang, "about"))
    first = _place(book.entries[0])
    body = (
        f'<nav epub:type="toc" role="doc-toc" id="toc" aria-label="{contents}"><h1>{contents}</h1><ol>{"".join(items)}'
        f'<li><a href="about.xhtml">{about}</a></li></ol></nav>'
        f'<nav epub:type="landmarks" aria-label="landmarks" hidden="hidden"><ol>'
        f'<li><a epub:type="cover" href="cover.xhtml"{_THEIRS}>{text(book.title)}</a></li>'
        f'<li><a epub:type="toc" href="#toc">{contents}</a></li>'
        f'<li><a epub:type="bodymatter" href="{first}"{_THEIRS}>{text(book.entries[0].title)}</a></li></ol></nav>'
    )
    return _page(book.title, body, lang, "nav")


def _item(entry: Entry, lang: str) -> str:
    said = "".join(f" <small>{text(one)}</small>" for one in of_entry(entry, lang))
    return f'<li><a href="{_place(entry)}"><span{_THEIRS}>{text(entry.title)}</span>{said}</a></li>'


def _lines(title: str) -> list[str]:
    """A title in at most six lines, none of which begins with a sign that may begin none (CLREQ §3.1.3)."""
    lines: list[str] = []
    title = title.strip()
    while title and len(lines) < 6:
        fits = _fitting(title, _LINE)
        end = next((at for at in range(fits, fits // 2, -1) if _may_break(title, at)), fits)
        while title[end:].lstrip()[:1] in _BEGINS_NO_LINE:
            end += 1
        lines.append(title[:end].strip())
        title = title[end:].lstrip()
    return [*lines[:-1], f"{lines[-1]}…"] if title else lines


def _fitting(words: str, width: int) -> int:
    """How many letters stand in so many ems: no font is asked, and none is much wider."""
    widths = accumulate(
        1 if one.isupper() or east_asian_width(one) in "WFA" or one in "mw%@" else 0.65 for one in words
    )
    return max(1, sum(one <= width for one in widths))


def _may_break(title: str, at: int) -> bool:
    """Whether a line may end there: not within a Latin word, not after what opens, not before what closes."""
    before, after = title[at - 1], title[at : at + 1]
    in_word = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
    return not in_word and before not in _ENDS_NO_LINE and title[at:].lstrip()[:1] not in _BEGINS_NO_LINE


def _cover(book: Book) -> str:
    lines = _lines(book.title)
    title = "".join(
        f'<text x="400" y="{340 + 84 * number}" font-size="58">{text(line)}</text>' for number, line in enumerate(lines)
    )
    name = book.author or ""
    fits = _fitting(name, _AUTHOR)
    author = f'<text x="400" y="1020" font-size="40">{text(name[:fits])}{"…" if name[fits:] else ""}</text>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 1200" width="800" height="1200">'
        '<rect width="800" height="1200" fill="#1c2f45"/><rect x="40" y="40" width="720" height="1120" fill="none"'
        ' stroke="#e8e2d4" stroke-width="4"/><g fill="#ffffff" text-anchor="middle" font-family="serif">'
        f"{title}{author if name else ''}</g></svg>\n"
    )


# ─── the package ────────────────────────────────────────────────────────────────────────────────


def identifier(book: Book) -> str:
    """The same for the same book each time it is made."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{book.url}#{book.key}')}"


def _package(books: Books, book: Book, images: dict[int, str], lang: str) -> str:
    author = (
        f'<dc:creator id="creator">{text(book.author)}</dc:creator>'
        f'<meta refines="#creator" property="role" scheme="marc:relators">aut</meta>'
        f'<meta refines="#creator" property="file-as">{text(book.author)}</meta>'
        if book.author
        else ""
    )
    series = _collection(book)
    manifest = [
        ("nav", "nav.xhtml", "application/xhtml+xml", "nav"), ("cover", "cover.xhtml", "application/xhtml+xml", ""),
        ("cover-image", "cover.svg", "image/svg+xml", "cover-image"), ("style", "style.css", "text/css", ""),
        *((f"p{entry.part.id}", _place(entry), "application/xhtml+xml", "") for entry in book.entries),
        *((f"i{one}", _image(one, media_type), media_type, "") for one, media_type in images.items()),
        ("about", "about.xhtml", "application/xhtml+xml", ""),
    ]  # fmt: skip
    items = "\n".join(
        f'<item id="{name}" href="{place}" media-type="{media_type}"{f""" properties="{kind}" """ if kind else ""}/>'
        for name, place, media_type, kind in manifest
    )
    spine = "".join(f'<itemref idref="p{entry.part.id}"/>' for entry in book.entries)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{_language(lang)}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{identifier(book)}</dc:identifier>
<dc:title>{text(book.title)}</dc:title>
<dc:language>zh-Hant-TW</dc:language>
{author}
<dc:source>{text(book.url)}</dc:source>
<dc:date>{moment(books.seen_until)[:10]}</dc:date>
<meta property="dcterms:modified">{moment(books.seen_until)}</meta>
{series}
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual,visual</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityFeature">readingOrder</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityHazard">unknown</meta>
<meta property="schema:accessibilitySummary">{text(say(lang, "accessibility"))}</meta>
</metadata>
<manifest>
{items}
</manifest>
<spine><itemref idref="cover" linear="no"/><itemref idref="nav" linear="no"/>{spine}<itemref idref="about"/></spine>
</package>
"""


def _collection(book: Book) -> str:
    """The contest as a collection of books, and which year's this is; nothing for what is of no known contest."""
    number = book.series and (book.series.contest_edition or book.series.contest_year)
    if not number:
        return ""
    return (
        '<meta property="belongs-to-collection" id="series">iThome 鐵人賽</meta>'
        '<meta refines="#series" property="collection-type">series</meta>'
        f'<meta refines="#series" property="group-position">{number}</meta>'
    )


_STYLE = """:root { color-scheme: light dark; }
body { line-height: 1.7; line-break: strict; overflow-wrap: anywhere; text-align: start; }
h1, h2, h3 { line-height: 1.4; }
img { max-width: 100%; height: auto; }
.cover { display: block; margin: 0 auto; max-height: 100%; }
.mark { border: 1px solid; padding: 0.5em 0.8em; font-weight: bold; }
.by, .from { font-size: 0.9em; }
.from dd { margin: 0 0 0.4em 1em; }
nav ol { list-style: none; padding-left: 0; }
nav ol ol { padding-left: 1.5em; }
.comment { border-top: 1px solid; margin-top: 1em; }
.reply { margin-left: 1.5em; }
.block { display: block; }
.absent { border: 1px dashed; padding: 0 0.3em; }
pre, .pre { display: block; white-space: pre-wrap; font-family: monospace; line-height: 1.5; text-align: left;
  line-break: auto; padding: 0.6em; border: 1px solid; }
code { font-family: monospace; }
table { border-collapse: collapse; }
th, td { border: 1px solid; padding: 0.2em 0.5em; vertical-align: top; }
blockquote { border-left: 3px solid; margin: 1em 0; padding: 0 1em; }
body { background: #ffffff; color: #1c2024; }
pre, .pre { background: #ffffff; }
a { color: #0b5cad; }
@media (prefers-color-scheme: dark) {
  body, pre, .pre { background: #0f1317; color: #e3e7ec; }
  a { color: #79b8ff; }
}
"""
