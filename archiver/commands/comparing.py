"""Which two versions of an article are compared, and their texts, read from the captures again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archiver import diff, ithome, pages
from archiver.archive import bodies, demonstration, versions
from archiver.archive.opening import opened
from archiver.archive.versions import Version
from archiver.commands import naming
from archiver.errors import ArchiveDamaged, UsageError
from archiver.model import Address
from archiver.model.readings import ArticlePage
from archiver.text import safe


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of an article, and every place where they differ."""

    article_id: int
    old: Version
    new: Version
    sections: tuple[diff.Section, ...]
    only_dress: bool  # the texts are the same to the letter, their markup is not
    is_demonstration: bool  # all of it was invented


def compare(path: Path | str, article: int | str, old: str | None = None, new: str | None = None) -> Comparison:
    """Two versions of an article: by capture number, by date, or the last two that differ.

    `article`: its id or URL. Raises UsageError when there are none, and ArchiveError when the archive cannot be read.
    """
    article_id = naming.page_address(str(article)).article_id
    if article_id is None:
        raise UsageError(f"{safe(article, 200)}: not an article; only articles have versions")
    with opened(Path(path)) as connection:
        known = versions.versions(connection, article_id)
        if not known:
            raise UsageError(f"{article_id}: no text of this article is held; see `archiver status`")
        lookup = partial(versions.version, connection, article_id)
        after = _choose(lookup, article_id, known, new) if new else known[-1]
        earlier = [one for one in known if one.first_seen_at < after.first_seen_at] or [after]
        before = _choose(lookup, article_id, known, old) if old else earlier[-1]
        invented = demonstration.is_marked(connection)
    (old_text, old_html), (new_text, new_html) = _text(article_id, before), _text(article_id, after)
    sections = diff.compare(old_text, new_text)
    only_dress = not sections and old_html != new_html
    return Comparison(article_id, before, after, sections, only_dress, invented)


def _choose(lookup: Callable[[int], Version | None], article_id: int, known: list[Version], named: str) -> Version:
    """The capture with this number, or the text that was held at the end of this day (or moment)."""
    if named.isdecimal() and named.isascii() and len(named) < 12:
        found = lookup(int(named))
    else:
        held = [one for one in known if one.first_seen_at[: len(named)] <= named]
        found = held[-1] if held and named[:4].isdecimal() else None
    if found is None:
        listed = ", ".join(f"{one.capture_id} ({one.first_seen_at[:10]})" for one in known[-10:])
        raise UsageError(f"{article_id}: no version {safe(named, 40)}; name a capture or a date, held are {listed}")
    return found


def _text(article_id: int, version: Version) -> tuple[diff.Text, str]:
    """What is compared of a version, and its body with the markup."""
    address = ithome.classify(ithome.article_url(article_id))
    assert isinstance(address, Address)
    body = bodies.unpacked(version.body)
    if body is None:
        raise ArchiveDamaged(f"capture {version.capture_id}: its body cannot be read; put back a copy of the archive")
    page = pages.read(address, body, version.content_type).page
    if not isinstance(page, ArticlePage) or page.body is None:
        raise UsageError(f"capture {version.capture_id}: the parser finds no article in it; see `archiver why`")
    return diff.Text(page.title or "", page.tags, page.body.markdown), page.body.html
