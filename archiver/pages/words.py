"""The words of a body as plain text: blocks and line breaks on lines of their own, code to the letter."""

from __future__ import annotations

import re
from itertools import zip_longest

from selectolax.lexbor import LexborHTMLParser

from archiver.text import prose

_PARAGRAPHS = (
    "address blockquote caption center details div dl figcaption figure h1 h2 h3 h4 h5 h6 hr ol p section summary"
    " table ul"
).split()
_BREAKS = ("", "\t", "\n", "\n\n")  # of several in a row the strongest, that is the last of these
_STRENGTH = {  # of the break before an element and after it
    **dict.fromkeys(_PARAGRAPHS, 3), **dict.fromkeys(["br", "dd", "dt", "li", "tr"], 2),
    **dict.fromkeys(["td", "th"], 1),
}  # fmt: skip
# Tags as a serialiser writes them: every value in double quotes, without one in it.
_REST = r'(?:\s[^>"]*+(?:"[^"]*+"[^>"]*+)*+)?>'
_BREAK = re.compile(rf"</?({'|'.join(_STRENGTH)}){_REST}")
_PRE = re.compile(rf"(<pre{_REST}|</pre>)")
_IMAGE = re.compile(rf"<img{_REST}")
_ALT = re.compile(r'\salt="([^"]*)"')
_TAG = re.compile(rf"</?[a-z0-9]+{_REST}")


def plain_text(html: str) -> str:
    """The text of sanitised HTML: an empty line between paragraphs, a line for an item or row, tabs between cells."""
    tree = LexborHTMLParser(f"<!DOCTYPE html><html><body>{html}</body></html>")
    written = (tree.body.inner_html if tree.body is not None else None) or ""  # each tag where the parser has it
    pieces: list[str] = []  # words or code, a break, words or code, …
    pending = depth = 0
    code = ""
    for number, part in enumerate(_PRE.split(written.replace("&nbsp;", "\xa0"))):
        if number % 2:
            depth += -1 if part == "</pre>" else 1
            pending = 3
            if depth == 0:
                if code.strip():
                    _write(pieces, code.removesuffix("\n"), pending)
                code = ""
        elif depth:
            code += _TAG.sub("", part)
        else:
            pending = _add_words(pieces, part, pending)
    text = "".join(pieces)
    if "&" in text:  # what a serialiser has escaped (HTML Standard §13.3)
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return prose(text)


def _add_words(pieces: list[str], html: str, pending: int) -> int:
    """Add the words of a part without code; gives the strength of the break that then stands open."""
    if "<img" in html:
        html = _IMAGE.sub(_alt, html)
    parts = _BREAK.split(html)  # words, the name of a tag, words, …
    for words, name in zip_longest(parts[::2], parts[1::2]):
        folded = " ".join((_TAG.sub("", words) if "<" in words else words).split())
        if folded:
            _write(pieces, folded, pending)
            pending = 0
        if name is not None:
            pending = max(pending, _STRENGTH[name])
    return pending


def _write(pieces: list[str], piece: str, pending: int) -> None:
    if pieces:
        pieces.append(_BREAKS[pending])
    pieces.append(piece)


def _alt(image: re.Match[str]) -> str:
    """An image's words; the site's editor writes its URL there when the author gives none."""
    found = _ALT.search(image[0])
    words = found[1].strip().replace("&quot;", '"') if found else ""
    words = words.replace("<", "&lt;").replace(">", "&gt;")  # which a serialiser leaves as they are in a value
    return "" if words.startswith(("http://", "https://")) else words
