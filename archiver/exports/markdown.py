"""`export markdown`: the parts as posts for a blog or a notebook, with their images, and where each has moved to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver.exports.book import Book, Books, Chapter, Entry
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.front_matter import front_matter, yaml
from archiver.exports.markdown_body import Around, written
from archiver.exports.markdown_escape import destination, words
from archiver.exports.said import author, day, last_full, marks, provenance, say
from archiver.exports.shown import SUFFIXES, pictures_of
from archiver.text import safe

_POSTS = {"hugo": "content/posts/", "astro": "src/content/posts/", "hexo": "source/_posts/"}
_REDIRECTS = {"hugo": "static/_redirects", "astro": "public/_redirects"}

_SCHEMA = """\
// The posts' collection, for Astro 5 and later: https://docs.astro.build/en/guides/content-collections/
import { defineCollection } from 'astro:content';
import { glob } from 'astro/loaders';
import { z } from 'astro/zod';

const posts = defineCollection({
  loader: glob({ pattern: '**/*.md', base: './src/content/posts' }),
  schema: z.object({
    title: z.string(),
    pubDate: z.coerce.date().optional(),
    updatedDate: z.coerce.date().optional(),
    author: z.string().optional(),
    tags: z.array(z.string()).default([]),
    series: z.string(),
    order: z.number().int(),
    canonicalURL: z.string(),
    aliases: z.array(z.string()).default([]),
    archive_marks: z.array(z.string()).default([]),
    archive_missing: z.boolean(),
    archive_source: z.string(),
    archive_captured_at: z.coerce.date().optional(),
    archive_held_by: z.string().optional(),
    archive_copy: z.string().optional(),
    archive_copied_at: z.coerce.date().optional(),
    archive_sha256: z.string().optional(),
  }),
});

export const collections = { posts };
"""


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """A post a part, its images beside it, and the redirects; the parts are read one at a time."""
    for book in books.books:
        yield from _index(book, books, options)
        for chapter in book.chapters():
            post = _Post(books, book, chapter, options, pictures_of(book, chapter))
            text = post.text().encode()
            yield ExportFile(post.place(), [text])
            for name, capture_id in post.images.values():
                yield ExportFile(f"{post.folder()}{name}", _received(book, capture_id), is_packed=False)
    if options.preset == "astro":
        yield ExportFile("src/content.config.ts", [_SCHEMA.encode()])
    yield ExportFile("redirects.csv", (row.encode() for row in _table(books, options.preset)))
    moved = (f"/articles/{one.part.id} {permalink(book, one, options.preset)} 301\n" for book, one in books.parts())
    yield ExportFile(_REDIRECTS.get(options.preset, "_redirects"), (row.encode() for row in moved))


def permalink(book: Book, entry: Entry, preset: str) -> str:
    """Where a post stands on the blog that is made of it."""
    return f"/{book.key}/{entry.slug}.md" if preset in ("plain", "obsidian") else f"/posts/{book.key}/{entry.slug}/"


def _received(book: Book, capture_id: int) -> Iterator[bytes]:
    yield book.received(capture_id) or b""


def _table(books: Books, preset: str) -> Iterator[str]:
    """Old address, new slug and path: a line a part. No cell can begin a formula."""
    yield _row(["old_address", "new_slug", "new_path"])
    for book, entry in books.parts():
        yield _row([safe(entry.part.url), entry.slug, permalink(book, entry, preset)])


def _row(cells: list[str]) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="\r\n").writerow(
        [f"'{cell}" if cell[:1] in tuple("=+-@\t") else cell for cell in cells]
    )
    return row.getvalue()


def _index(book: Book, books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The list of parts: as Hugo has the head of a section; for those who have no site around, as a page."""
    if options.preset == "hugo":
        yield ExportFile(f"content/posts/{book.key}/_index.md", [yaml({"title": book.title}).encode()])
    if options.preset not in ("plain", "obsidian"):
        return
    said = [f"# {words(book.title, options.preset)}"]
    if books.is_demonstration:
        said.append(f"> {words(say(options.lang, 'is_demonstration'), options.preset)}")
    said.append(
        "\n".join(
            f"{entry.number}. [{words(entry.title, options.preset)}]({entry.slug}.md)"
            + (f" — {words(say(options.lang, 'is_missing'), options.preset)}" if entry.part.missing else "")
            for entry in book.entries
        )
    )
    head = yaml({"title": book.title, "author": book.author, "canonical_url": safe(book.url)})
    yield ExportFile(f"{book.key}/index.md", [f"{head}\n{chr(10).join(one + chr(10) for one in said)}".encode()])


@dataclass(slots=True)
class _Post:
    """One part while it is written; notes which of its images it shows."""

    books: Books
    book: Book
    chapter: Chapter
    options: ExportOptions
    pictures: dict[int, str]  # capture → media type, of the images that can be shown
    images: dict[str, tuple[str, int]] = field(default_factory=dict)  # URL → name beside the post, and capture

    def place(self) -> str:
        """The path of its file. Hugo has a folder a post (a page bundle)."""
        slug = self.chapter.entry.slug
        name = f"{slug}/index.md" if self.options.preset == "hugo" else f"{slug}.md"
        return f"{_POSTS.get(self.options.preset, '')}{self.book.key}/{name}"

    def folder(self) -> str:
        """Where its images stand: beside it; for Hexo where the page will stand, which needs no plugin."""
        if self.options.preset == "hexo":
            return f"source/posts/{self.book.key}/{self.chapter.entry.slug}/"
        return self.place().rpartition("/")[0] + "/"

    def text(self) -> str:
        """The whole file."""
        sections = "\n\n".join(one for one in self._sections() if one) + "\n"
        link = permalink(self.book, self.chapter.entry, self.options.preset)
        head = front_matter(self.book, self.chapter, self.options.preset, self.options.lang, link, sections)
        return f"{head}\n{sections}"

    def _sections(self) -> Iterator[str]:
        chapter, lang = self.chapter, self.options.lang
        if self.options.preset in ("plain", "obsidian"):
            yield f"# {self._words(chapter.entry.title)}"
        told = [say(lang, "is_demonstration")] if self.books.is_demonstration else []
        yield "\n>\n".join(f"> {self._words(one)}" for one in [*told, *marks(chapter, lang)])
        if chapter.body is not None:
            yield self.body(chapter.body.html)
        if chapter.last_full is not None:
            yield f"## {self._words(last_full(chapter, lang))}"
            yield self.body(chapter.last_full.html)
        if chapter.article is not None and self.options.comments and chapter.article.comments:
            yield from self._comments()
        yield f"## {self._words(say(lang, 'where_from'))}"
        yield "\n".join(
            f"- {say(lang, 'labelled', name=self._words(name), value=self._value(value))}"
            for name, value in provenance(chapter, lang)
        )

    def _value(self, value: str) -> str:
        return destination(value) if value.startswith("http") else self._words(value)

    def _comments(self) -> Iterator[str]:
        assert self.chapter.article is not None
        lang = self.options.lang
        yield f"## {self._words(say(lang, 'comments'))}"
        for comment in self.chapter.article.comments:
            told = [self._words(author(comment.author))]
            if comment.published_at is not None:
                told.append(day(comment.published_at))
            if comment.deleted_at is not None:
                told.append(self._words(say(lang, "comment_deleted", day=day(comment.deleted_at))))
            lines = [" · ".join(told), "", *self.body(comment.html).split("\n")]
            depth = "> " * (1 + (comment.reply_to is not None))
            yield "\n".join(f"{depth}{one}".rstrip(" ") if not one else f"{depth}{one}" for one in lines)

    def body(self, html: str) -> str:
        """A body or comment, its images noted."""
        around = Around(self.options.preset, self._image, self._link, say(self.options.lang, "image_missing"))
        return written(html, around)

    def _words(self, text: str) -> str:
        return words(text, self.options.preset)

    def _image(self, url: str) -> str | None:
        """Where an image stands beside the post; None where its bytes are not held whole."""
        image = self.chapter.images.get(url)
        capture_id = image.capture_id if image is not None else None
        if capture_id is None or capture_id not in self.pictures:
            return None
        if url not in self.images:
            own = "" if self.options.preset in ("hugo", "hexo") else f"{self.chapter.entry.slug}-"
            ending = SUFFIXES[self.pictures[capture_id]]
            self.images[url] = (f"{own}{len(self.images) + 1}.{ending}", capture_id)
        return f"{'./' if self.options.preset == 'astro' else ''}{self.images[url][0]}"

    def _link(self, url: str) -> str | None:
        """The way from this post to the one that a link leads to."""
        found = self.books.entry(url)
        if found is None:
            return None
        book, entry = found
        if self.options.preset == "hugo":
            return f'{{{{< relref "/posts/{book.key}/{entry.slug}" >}}}}'
        if self.options.preset in ("astro", "hexo"):
            return f"../../{book.key}/{entry.slug}/"
        return f"{entry.slug}.md" if book.key == self.book.key else f"../{book.key}/{entry.slug}.md"
