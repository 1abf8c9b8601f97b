"""The words of a body as plain text: blocks and line breaks on lines of their own, code to the letter."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.text import prose

_PARAGRAPHS = frozenset(
    "address blockquote center details div dl figcaption figure h1 h2 h3 h4 h5 h6 hr ol p pre section summary table ul"
    " caption".split()
)
_LINES = frozenset({"li", "tr", "dt", "dd"})
_CELLS = frozenset({"td", "th"})


def plain_text(html: str) -> str:
    """The text of sanitised HTML: an empty line between paragraphs, a line for an item or row, tabs between cells."""
    tree = LexborHTMLParser(f"<!DOCTYPE html><html><body>{html}</body></html>")
    pieces = _Pieces()
    pending: list[LexborNode | str] = [tree.body] if tree.body is not None else []
    while pending:  # a stack, since Python's own would not bear the depth that the parser bears
        node = pending.pop()
        if isinstance(node, str):
            pieces.add_break(node)
        elif node.tag == "-text":
            pieces.add_words(node.text_content or "")
        elif node.tag == "br":
            pieces.add_break("\n")
        elif node.tag == "pre":
            pieces.add_code(node.text(deep=True))
        elif node.tag == "img":
            pieces.add_words(_alt(node))
        else:
            before, after = _breaks(node.tag or "")
            pieces.add_break(before)
            pending.append(after)
            pending.extend(reversed(list(node.iter(include_text=True))))
    return prose(pieces.text())


def _alt(image: LexborNode) -> str:
    """An image's words; the site's editor writes its URL there when the author gives none."""
    words = (image.attributes.get("alt") or "").strip()
    return "" if words.startswith(("http://", "https://")) else words


def _breaks(tag: str) -> tuple[str, str]:
    if tag in _PARAGRAPHS:
        return "\n\n", "\n\n"
    if tag in _LINES:
        return "\n", "\n"
    return ("\t", "\t") if tag in _CELLS else ("", "")


class _Pieces:
    """Words, code and the breaks between them; of several breaks in a row the strongest counts."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._break = ""
        self._at_line_start = True
        self._ends_in_code = False

    def add_break(self, strength: str) -> None:
        if _RANK[strength] > _RANK[self._break]:
            self._break = strength

    def add_words(self, words: str) -> None:
        folded = re.sub(r"\s+", " ", words)
        if self._break or self._at_line_start:
            folded = folded.lstrip(" ")
        if folded:
            self._write(folded)
            self._at_line_start = folded.endswith(" ")

    def add_code(self, code: str) -> None:
        self.add_break("\n\n")
        if code.strip():
            self._write(code.removesuffix("\n"))
            self._ends_in_code = True
        self.add_break("\n\n")

    def text(self) -> str:
        whole = "".join(self._pieces)
        return whole if self._ends_in_code else whole.rstrip()

    def _write(self, piece: str) -> None:
        if self._break and self._pieces:
            if not self._ends_in_code:
                self._pieces[-1] = self._pieces[-1].rstrip(" ")
            self._pieces.append(self._break)
        self._pieces.append(piece)
        self._break = ""
        self._at_line_start = self._ends_in_code = False


_RANK = {"": 0, "\t": 1, "\n": 2, "\n\n": 3}
