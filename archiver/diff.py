"""What changed between two versions of an article: words in prose, lines in code. Pure.

Chinese has no spaces between words, so that prose is compared sign by sign, and Latin words as wholes; what stands
between two changes and is shorter than a word is shown as changed with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from archiver.model import CaptureSource, Ours
from archiver.model.readings import ArticlePage, Reading
from archiver.text import bare_words, safe, same_words

_TOKEN = re.compile(r"[A-Za-z0-9_]+(?:[.'-][A-Za-z0-9_]+)*|\s+|.", re.DOTALL)
_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})")
_MOST_TOKENS = 5_000  # of one paragraph; longer ones are compared by lines, since the cost is quadratic
_ISLAND = 2  # signs: an unchanged piece no longer than this between two changes only makes them hard to read


@dataclass(frozen=True, slots=True)
class Text:
    """One version of an article."""

    title: str
    tags: tuple[str, ...]
    markdown: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is `equal`, `delete` or `insert`."""

    op: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One place that changed: the title, the tags, a paragraph of the body or a block of its code."""

    name: str  # title, tags, prose, code
    pieces: tuple[Piece, ...]

    @property
    def by_lines(self) -> bool:
        """Whether its pieces are whole lines."""
        return self.name == "code"


def compare(old: Text, new: Text) -> tuple[Section, ...]:
    """Every place that differs, in order; empty when nothing does."""
    sections = []
    if old.title != new.title:
        sections.append(Section("title", _words(old.title, new.title)))
    if old.tags != new.tags:
        sections.append(Section("tags", _pieces([f"{tag} " for tag in old.tags], [f"{tag} " for tag in new.tags])))
    return (*sections, *_body(_blocks(old.markdown), _blocks(new.markdown)))


@dataclass(frozen=True, slots=True)
class _Block:
    name: str  # prose, code
    text: str


def _blocks(markdown: str) -> list[_Block]:
    """Paragraphs, and fenced code as blocks of their own (CommonMark §4.5)."""
    blocks: list[_Block] = []
    lines: list[str] = []
    fence: str | None = None
    for line in markdown.splitlines():
        match = _FENCE.match(line.lstrip())
        if fence is None and (match or not line.strip()):
            _close(blocks, "prose", lines)
        if fence is None and match:
            fence = match["mark"]
            lines.append(line)
        elif fence is not None and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            lines.append(line)
            _close(blocks, "code", lines)
            fence = None
        elif line.strip() or fence is not None:
            lines.append(line)
    _close(blocks, "prose" if fence is None else "code", lines)
    return blocks


def _close(blocks: list[_Block], name: str, lines: list[str]) -> None:
    if lines:
        blocks.append(_Block(name, "\n".join(lines)))
        lines.clear()


def _body(old: list[_Block], new: list[_Block]) -> Iterator[Section]:
    for op, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op != "equal":
            yield from _changed(old[a:b], new[c:d])


def _changed(old: list[_Block], new: list[_Block]) -> Iterator[Section]:
    """Blocks that differ, paired in order where they are of one kind."""
    for before, after in zip_longest(old, new):
        if before and after and before.name == after.name:
            compared = _lines if before.name == "code" else _words
            yield Section(before.name, compared(before.text, after.text))
            continue
        for block, op in ((before, "delete"), (after, "insert")):
            if block:
                yield Section(block.name, (Piece(op, block.text + "\n" if block.name == "code" else block.text),))


def _lines(old: str, new: str) -> tuple[Piece, ...]:
    return _pieces(f"{old}\n".splitlines(keepends=True), f"{new}\n".splitlines(keepends=True))


def _words(old: str, new: str) -> tuple[Piece, ...]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(before), len(after)) > _MOST_TOKENS:
        return _lines(old, new)
    return tuple(_without_islands(_pieces(before, after)))


def _pieces(old: Sequence[str], new: Sequence[str]) -> tuple[Piece, ...]:
    found = []
    for op, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Piece("equal", "".join(old[a:b])))
        found += [Piece("delete", "".join(old[a:b]))] if op in {"delete", "replace"} else []
        found += [Piece("insert", "".join(new[c:d]))] if op in {"insert", "replace"} else []
    return tuple(found)


def _without_islands(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces with what lies between two changes, and is too short to read, given to both."""
    deleted = inserted = ""
    for number, piece in enumerate(pieces):
        between = 0 < number < len(pieces) - 1
        if piece.op == "equal" and (len(piece.text) > _ISLAND or not between):
            yield from _change(deleted, inserted)
            deleted = inserted = ""
            yield piece
        else:
            deleted += piece.text if piece.op != "insert" else ""
            inserted += piece.text if piece.op != "delete" else ""
    yield from _change(deleted, inserted)


def _change(deleted: str, inserted: str) -> Iterator[Piece]:
    if deleted:
        yield Piece("delete", deleted)
    if inserted:
        yield Piece("insert", inserted)


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
    if not same_words(ours.title, page.title or ""):
        return f"its title is another: {safe(page.title or '(none)', 100)}"
    if not same_words(ours.text, page.body.text):
        return f"its text is another: {len(bare_words(page.body.text))} letters, ours has {len(bare_words(ours.text))}"
    if ours.code != code and ours.source is not CaptureSource.FEED:
        return "its code is another"
    return None
