"""The head of a post, as each tool wants it: YAML whose every word is quoted, so that none of them is markup. Pure."""

from __future__ import annotations

import json
import re
from datetime import datetime

from archiver.exports.book import Book, Chapter
from archiver.exports.markdown_escape import PARAMS
from archiver.exports.said import in_taiwan, marks
from archiver.text import safe

HeadValue = str | int | bool | datetime | list[str] | dict[str, str] | None

_NAMES = {  # of the date, the last change, the place in the series and the address of the original
    "plain": ("date", "lastmod", "weight", "canonical_url"), "hugo": ("date", "lastmod", "weight", "canonicalURL"),
    "astro": ("pubDate", "updatedDate", "order", "canonicalURL"), "hexo": ("date", "updated", "order", "canonical_url"),
    "obsidian": ("created", "updated", "order", "canonical_url"),
}  # fmt: skip


def front_matter(book: Book, chapter: Chapter, preset: str, lang: str, permalink: str, text: str) -> str:
    """The head of a part's post. `permalink`: where it will stand; `text`: the post without it."""
    entry, article, capture = chapter.entry, chapter.article, chapter.capture
    date, changed, order, canonical = _NAMES[preset]
    tags = [tag for tag in (safe(one, 100) for one in article.tags) if tag] if article is not None else []
    told: dict[str, HeadValue] = {
        "title": entry.title,
        date: article.published_at if article is not None else None,
        changed: article.edited_at if article is not None else None,
        "author": book.author,
        "tags": _of_obsidian(tags) if preset == "obsidian" else tags,
        "series": [book.title] if preset == "hugo" else book.title,
        order: entry.number,
        canonical: safe(entry.part.url),
        "aliases": [entry.title] if preset == "obsidian" else [old_path(chapter)],
    }
    if preset == "hugo":
        told["draft"] = False
        taken = {name: word for name, word in PARAMS.items() if f'param "{name}"' in text}
        told.update(taken)
    if preset == "hexo":
        told |= {"permalink": permalink.lstrip("/"), "categories": [book.title]}
    told["archive_marks"] = marks(chapter, lang)
    told["archive_missing"] = article is None
    told["archive_source"] = safe(entry.part.url)
    if capture is not None:
        told |= {
            "archive_captured_at": capture.captured_at, "archive_held_by": capture.source,
            "archive_copy": safe(capture.source_url) if capture.source_url is not None else None,
            "archive_copied_at": capture.source_at, "archive_sha256": capture.sha256,
        }  # fmt: skip
    return yaml(told)


def yaml(told: dict[str, HeadValue]) -> str:
    """A head in YAML 1.2, without what is not known: strings as JSON writes them, which YAML reads the same."""
    lines = [f"{name}: {_value(value)}" for name, value in told.items() if value is not None and value != []]
    return "\n".join(["---", *lines, "---", ""])


def old_path(chapter: Chapter) -> str:
    """The path under which the site had it."""
    return f"/articles/{chapter.entry.part.id}"


def _value(value: HeadValue) -> str:
    if isinstance(value, datetime):
        return in_taiwan(value).isoformat(timespec="seconds")  # tools show the day that stands there
    written = json.dumps(value, ensure_ascii=False)
    # YAML 1.2 §5.1: what is not printable may only stand there escaped.
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda match: f"\\u{ord(match[0]):04x}", written)


def _of_obsidian(tags: list[str]) -> list[str]:
    """A tag there has letters, digits, `_`, `-` and `/` alone, and is no number; `c++` and `c#` are not `c`."""
    named = (tag.lstrip("#").replace("+", "-plus-").replace("#", "-sharp-") for tag in tags)
    made = (re.sub(r"([^\w/]|-)+", "-", tag).strip("-/") for tag in named)
    return [f"tag-{tag}" if tag.isdecimal() else tag for tag in made if tag]
