"""The words of a body as plain text: blocks and line breaks on lines of their own, code to the letter."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from archiver.text import prose

_PARAGRAPHS = (
    "address blockquote caption center details div dl figcaption figure h1 h2 h3 h4 h5 h6 hr ol p section summary"
    " table ul"
).split()
_BREAKS = {  # around an element; of several in a row the strongest counts
    **dict.fromkeys(_PARAGRAPHS, "\n\n"), **dict.fromkeys(["br", "dd", "dt", "li", "tr"], "\n"),
    **dict.fromkeys(["td", "th"], "\t"),
}  # fmt: skip
_STRENGTH = {"": 0, "\t": 1, "\n": 2, "\n\n": 3}
# Tags as a serialiser writes them: every value in double quotes, without one in it.
_REST = r'(?:\s[^>"]*+(?:"[^"]*+"[^>"]*+)*+)?>'
_BREAK = re.compile(rf"</?({'|'.join(_BREAKS)}){_REST}")
_PRE = re.compile(rf"(<pre{_REST}|</pre>)")
_IMAGE = re.compile(rf"<img{_REST}")
_ALT = re.compile(r'\salt="([^"]*)"')
_TAG = re.compile(rf"</?[a-z0-9]+{_REST}")


def plain_text(html: str) -> str:
    """The text of sanitised HTML: an empty line between paragraphs, a line for an item or row, tabs between cells."""
    tree = LexborHTMLParser(f"<!DOCTYPE html><html><body>{html}</body></html>")
    written = (tree.body.inner_html if tree.body is not None else None) or ""  # each tag where the parser has it
    pieces = _Pieces()
    depth = 0
    code = ""
    for number, part in enumerate(_PRE.split(written.replace("&nbsp;", "\xa0"))):
        if number % 2:
            depth += -1 if part == "</pre>" else 1
            if depth == 0:
                pieces.add_code(code)
                code = ""
        elif depth:
            code += _TAG.sub("", part)
        else:
            _add_words(pieces, part)
    return prose(_unescaped(pieces.text()))


def _add_words(pieces: _Pieces, html: str) -> None:
    if "<img" in html:
        html = _IMAGE.sub(_alt, html)
    parts = _BREAK.split(html)  # words, the name of a tag, words, …
    for number, part in enumerate(parts):
        if number % 2:
            pieces.add_break(_BREAKS[part])
        else:
            pieces.add_words(_TAG.sub("", part) if "<" in part else part)


def _alt(image: re.Match[str]) -> str:
    """An image's words; the site's editor writes its URL there when the author gives none."""
    found = _ALT.search(image[0])
    words = found[1].strip().replace("&quot;", '"') if found else ""
    return "" if words.startswith(("http://", "https://")) else words


def _unescaped(text: str) -> str:
    """What a serialiser has escaped (HTML Standard §13.3)."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


class _Pieces:
    """Words, code and the breaks between them."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._break = ""

    def add_break(self, strength: str) -> None:
        if _STRENGTH[strength] > _STRENGTH[self._break]:
            self._break = strength

    def add_words(self, words: str) -> None:
        folded = " ".join(words.split())
        if folded:
            self._write(folded)

    def add_code(self, code: str) -> None:
        self.add_break("\n\n")
        if code.strip():
            self._write(code.removesuffix("\n"))
        self.add_break("\n\n")

    def text(self) -> str:
        return "".join(self._pieces)

    def _write(self, piece: str) -> None:
        if self._pieces:
            self._pieces.append(self._break)
        self._pieces.append(piece)
        self._break = ""
