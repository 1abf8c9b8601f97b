"""Whether a copy says the same as ours: title, words and code. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.copies import Ours
from archiver.model import CaptureSource
from archiver.readings import ArticlePage, Reading
from archiver.text import bare_words, safe


@dataclass(frozen=True, slots=True)
class _Texts:
    title: str
    words: str
    code: tuple[str, ...]


def difference(ours: Ours, theirs: Reading) -> str | None:
    """What sets another text apart from ours, in plain words; None when it says the same.

    Dress does not count (white space, punctuation, width and case of prose), but every line of code does, as for edits
    (`archive.edit_rows`). A body out of the feed has lost its punctuation, so that its code cannot be compared.
    """
    if theirs.content_sha256 is not None and theirs.content_sha256 == ours.text_sha256:
        return None
    page = theirs.page
    if not isinstance(page, ArticlePage) or page.body is None:
        return "what was captured is no article"
    code = tuple(block.code for block in page.body.code_blocks)
    here = _Texts(bare_words(ours.title), bare_words(ours.text), ours.code)
    there = _Texts(bare_words(page.title or ""), bare_words(page.body.text), code)
    if here.title != there.title:
        return f"its title is another: {safe(page.title or '(none)', 100)}"
    if here.words != there.words:
        return f"its text is another: {len(there.words)} letters, ours has {len(here.words)}"
    if here.code != there.code and ours.source is not CaptureSource.FEED:
        return "its code is another"
    return None
