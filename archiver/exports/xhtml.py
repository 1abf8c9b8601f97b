"""HTML of a body as XHTML that is valid whatever it was: the tree is written anew with the elements that books need.

An EPUB is checked against the content models of HTML (EPUB 3.3 §5.3), which what people write, and what a sanitiser
leaves of it, need not heed: a block inside a phrase, a cell without a table, an id twice, a link to nowhere. What does
not fit becomes a `div` or a `span`; no word is lost. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit, urlunsplit

from archiver.text import line
from archiver.urls import resolve

_VOID = frozenset({"br", "hr", "img", "wbr"})
_PHRASES = frozenset(
    "a abbr b bdi br cite code del em i img ins kbd mark q s samp small span strong sub sup u var wbr".split()
)
_BLOCKS = frozenset("blockquote div figure h2 h3 h4 h5 h6 hr ol p pre table ul".split())
_OF_PHRASES = frozenset("h2 h3 h4 h5 h6 p pre".split())  # blocks that hold nothing but phrases
_INSTEAD = {  # elements of today for those of yesterday, and for those that readers of books show badly
    "h1": "h2", "strike": "s", "tt": "code", "acronym": "abbr", "center": "div", "summary": "p", "dt": "p", "dd": "div",
    "dl": "div", "details": "div", "figcaption": "p", "caption": "p",
}  # fmt: skip
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2, and C1
_LANG = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}")
_MAX_DEPTH = 60


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Node | str] = field(default_factory=list)


def text(words: str) -> str:
    """Text for XML: escaped, and what XML 1.0 cannot carry shown by its picture (U+2400 and on) or as U+FFFD."""
    return escape(_FORBIDDEN.sub(_pictured, words)).replace("\r", "&#13;")


def _pictured(found: re.Match[str]) -> str:
    number = ord(found[0])
    return chr(0x2400 + number) if number < 0x20 else "\u2421" if number == 0x7F else "\ufffd"


def xhtml(html: str, prefix: str = "a") -> str:
    """The body as XHTML, to stand in a `div`. `html`: as `browse.body.rendered` gives it.

    `prefix` of its ids: another for each body of a page.
    """
    reader = _TreeReader()
    reader.feed(html)
    reader.close()
    ids = {name: f"{prefix}{number}" for number, name in enumerate(dict.fromkeys(_ids(reader.root)), 1)}
    writer = _TreeWriter(ids)
    writer.children(reader.root, phrases_only=False, in_link=False)
    return writer.result()


def _ids(node: _Node) -> Iterator[str]:
    if "id" in node.attributes:
        yield node.attributes["id"]
    for child in node.children:
        if isinstance(child, _Node):
            yield from _ids(child)


class _TreeReader(HTMLParser):
    """Reads HTML whose tags are balanced into a tree of bounded depth."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("div")
        self._open = [self.root]
        self._deeper = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(self._open) > _MAX_DEPTH and tag not in _VOID:
            self._deeper += 1
            return
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._deeper:
            self._deeper -= 1
        elif len(self._open) > 1:
            self._open.pop()

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002
        """Nobody asks in which line something stands, and counting lines takes a tenth of the time."""
        return j

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class _TreeWriter:
    """Writes a tree so that each element stands where it may."""

    def __init__(self, ids: dict[str, str]) -> None:
        self._out: list[str] = []
        self._ids = ids
        self._written: set[str] = set()
        self._levels: list[int] = []  # of the headings above this place

    def result(self) -> str:
        """All that was written."""
        return "".join(self._out)

    def children(self, node: _Node, *, phrases_only: bool, in_link: bool) -> None:
        for child in node.children:
            if isinstance(child, str):
                self._out.append(text(child))
            else:
                self._element(child, phrases_only=phrases_only, in_link=in_link)

    def _element(self, node: _Node, *, phrases_only: bool, in_link: bool) -> None:
        tag = self._heading(node) if _HEADING.fullmatch(node.tag) else _INSTEAD.get(node.tag, node.tag)
        if tag == "ruby" and _is_ruby(node):
            self._as_is(node, in_link=in_link)
            return
        if (tag == "table" and (phrases_only or not _is_table(node))) or (tag in {"ul", "ol"} and not _is_list(node)):
            tag = "div"
        if tag not in _PHRASES | _BLOCKS:
            tag = "span" if phrases_only else "div"
        if phrases_only and tag not in _PHRASES:
            self._block_in_a_phrase(node, tag, in_link=in_link)
            return
        if tag == "a" and (in_link or not self._href(node)):
            tag = "span"
        self._written_as(node, tag, phrases_only=phrases_only, in_link=in_link)

    def _heading(self, node: _Node) -> str:
        """A heading one below the one above it, so that none is left out; without words it is none."""
        if not _says_something(node):
            return "div"
        level = int(node.tag[1])
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        return f"h{min(len(self._levels) + 1, 6)}"

    def _block_in_a_phrase(self, node: _Node, tag: str, *, in_link: bool) -> None:
        if tag == "hr":
            self._out.append("<br/>")
            return
        kind = "pre" if node.tag == "pre" else "block"
        self._out.append(f'<span class="{kind}">')
        self.children(node, phrases_only=True, in_link=in_link)
        self._out.append("</span>")

    def _written_as(self, node: _Node, tag: str, *, phrases_only: bool, in_link: bool) -> None:
        attributes = "".join(f' {name}="{text(value)}"' for name, value in self._attributes(node, tag))
        if tag in _VOID:
            self._out.append(f"<{tag}{attributes}/>")
            return
        self._out.append(f"<{tag}{attributes}>")
        if tag in {"ul", "ol"}:
            self._items(node)
        elif tag == "table":
            self._rows(node)
        else:
            if tag == "pre":
                _drop_first_line_break(node)
            inside = phrases_only or tag in _OF_PHRASES or tag in _PHRASES - {"a", "del", "ins"}
            self.children(node, phrases_only=inside, in_link=in_link or tag == "a")
        self._out.append(f"</{tag}>")

    def _items(self, node: _Node) -> None:
        for child in node.children:
            if isinstance(child, _Node):
                self._part(child, "li")

    def _rows(self, node: _Node) -> None:
        for part in _nodes(node):
            if part.tag == "caption":
                self._out.append("<caption>")
                self.children(part, phrases_only=True, in_link=False)
                self._out.append("</caption>")
        rows = [row for part in _nodes(node) for row in (_nodes(part) if part.tag in _ROW_GROUPS else [part])]
        for row in rows:
            if row.tag == "tr":
                self._out.append("<tr>")
                for cell in _nodes(row):
                    self._part(cell, cell.tag if _says_something(cell) else "td")
                self._out.append("</tr>")

    def _part(self, node: _Node, tag: str) -> None:
        attributes = "".join(f' {name}="{text(value)}"' for name, value in self._attributes(node, tag))
        self._out.append(f"<{tag}{attributes}>")
        self.children(node, phrases_only=False, in_link=False)
        self._out.append(f"</{tag}>")

    def _as_is(self, node: _Node, *, in_link: bool) -> None:
        self._out.append(f"<{node.tag}>")
        for child in node.children:
            if isinstance(child, _Node) and child.tag in {"rt", "rp"}:
                self._out.append(f"<{child.tag}>")
                self.children(child, phrases_only=True, in_link=in_link)
                self._out.append(f"</{child.tag}>")
            elif isinstance(child, str):
                self._out.append(text(child))
        self._out.append(f"</{node.tag}>")

    def _href(self, node: _Node) -> str | None:
        """Where a link leads; None where it leads nowhere."""
        href = node.attributes.get("href", "")
        if href.startswith("#"):
            return f"#{self._ids[href[1:]]}" if href[1:] in self._ids else None
        return _address(href)

    def _attributes(self, node: _Node, tag: str) -> Iterator[tuple[str, str]]:
        given = node.attributes
        name = self._ids.get(given.get("id", ""))
        if name is not None and name not in self._written:
            self._written.add(name)
            yield "id", name
        if tag == "pre":
            yield "tabindex", "0"
        if "class" in given:
            yield "class", given["class"]
        if _LANG.fullmatch(given.get("lang", "")):
            yield "lang", given["lang"]
            yield "xml:lang", given["lang"]
        if tag == "a":
            yield "href", self._href(node) or ""
            if not _says_something(node):
                yield "aria-label", line(given.get("href", ""), 200)
        elif tag == "img":
            yield "src", given.get("src", "")
            yield "alt", given.get("alt", "")
        for key in _NUMBERS.get(tag, ()):
            number = given.get(key, "")
            if number.isascii() and number.isdecimal() and 0 < int(number[:9]) <= _MAX_NUMBERS[key]:
                yield key, str(int(number[:9]))


def _address(href: str) -> str | None:
    """An address that every reader of books takes for one; None for any other."""
    if _OF_US.fullmatch(href) is not None:
        return href
    if href.lower().startswith("mailto:"):
        words = quote(href[7:], safe="@.+-_%")
        return f"mailto:{_bare_percent(words)}" if words else None
    try:
        parts = urlsplit(resolve(href, href) or "")
    except ValueError:
        return None
    if _HOST.fullmatch(parts.netloc) is None:
        return None
    path, query, fragment = (_bare_percent(quote(one, safe=_SAFE)) for one in parts[2:5])
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def _bare_percent(words: str) -> str:
    return _BARE_PERCENT.sub("%25", words)


_OF_US = re.compile(r"[a-z0-9-]+\.xhtml")
_HOST = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?")
_SAFE = "/?:@!$&'()*+,;=-._~%"
_BARE_PERCENT = re.compile("%(?![0-9a-fA-F]{2})")
_ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_NUMBERS = {
    "img": ("width", "height"), "td": ("colspan", "rowspan"), "th": ("colspan", "rowspan"), "ol": ("start",),
    "li": ("value",),
}  # fmt: skip
_MAX_NUMBERS = {"width": 20_000, "height": 20_000, "colspan": 100, "rowspan": 100, "start": 100_000, "value": 100_000}


def _nodes(node: _Node) -> list[_Node]:
    return [child for child in node.children if isinstance(child, _Node)]


def _has_words(node: _Node) -> bool:
    return any(isinstance(child, str) and child.strip() for child in node.children)


_HEADING = re.compile("h[1-6]")


def _says_something(node: _Node) -> bool:
    """Whether words stand in it, or in an image of it."""
    return any(
        child.strip() if isinstance(child, str) else child.attributes.get("alt", "").strip() or _says_something(child)
        for child in node.children
    )


def _is_list(node: _Node) -> bool:
    """Whether a list holds items alone, and at least one."""
    items = _nodes(node)
    return bool(items) and not _has_words(node) and all(item.tag == "li" for item in items)


def _is_table(node: _Node) -> bool:
    """Whether a table is a caption, and rows of cells."""
    parts = _nodes(node)
    if _has_words(node) or sum(part.tag == "caption" for part in parts) > (
        parts[:1] != [] and parts[0].tag == "caption"
    ):
        return False
    rows: list[_Node] = []
    for part in parts:
        if part.tag in _ROW_GROUPS:
            if _has_words(part):
                return False
            rows += _nodes(part)
        elif part.tag == "tr":
            rows.append(part)
        elif part.tag not in {"caption", "colgroup"} or (part.tag == "colgroup" and _has_words(part)):
            return False
    return bool(rows) and all(
        row.tag == "tr"
        and not _has_words(row)
        and _nodes(row)
        and all(cell.tag in {"td", "th"} for cell in _nodes(row))
        for row in rows
    )


def _is_ruby(node: _Node) -> bool:
    """Whether it is words, each followed by how it is read."""
    shape = "".join(
        ("w" if child.strip() else "") if isinstance(child, str) else {"rt": "t", "rp": "p"}.get(child.tag, "x")
        for child in node.children
    )
    return re.fullmatch(r"(wp?tp?)+", shape) is not None


def _drop_first_line_break(node: _Node) -> None:
    """HTML drops the line break that opens a `pre` (HTML Standard §13.2.6.4.7), and has one more for it; XML not."""
    if node.children and isinstance(node.children[0], str) and node.children[0].startswith("\n"):
        node.children[0] = node.children[0][1:]
