"""A sanitised body as Markdown for a tool: its words the same there, its code to the letter, nothing of it live. Pure.

`pages.markdown` writes for people and programs that read CommonMark; a post goes through templates, shortcodes and
plugins besides, which have to be escaped where the words are still words. No tag of the body is ever written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from archiver.exports import markdown_escape as escape
from archiver.text import line, prose

_EMPTY = frozenset({"br", "hr", "img", "wbr", "col"})
_SILENT = frozenset({"script", "style", "template", "iframe", "object", "noscript"})
_BLOCKS = frozenset(
    "address blockquote caption center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hgroup hr li ol p pre"
    " section summary table tbody td tfoot th thead tr ul colgroup".split()
)
_OF_TABLES = frozenset({"thead", "tbody", "tfoot", "tr", "caption", "colgroup", "col"})
_EMPHASIS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "strike": "~~", "s": "~~"}
_MOST_DEPTH = 60  # of elements: deeper ones give their words alone
_SPACES = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)

    def text(self) -> str:
        found, pending = [], list(reversed(self.children))
        while pending:
            one = pending.pop()
            if isinstance(one, str):
                found.append(one)
            else:
                pending.extend(reversed(one.children))
        return "".join(found)

    def named(self, *tags: str) -> Iterator[_Element]:
        """The elements of these names under it, in order, none inside another table."""
        for one in self.children:
            if isinstance(one, _Element):
                if one.tag in tags:
                    yield one
                elif one.tag in ("thead", "tbody", "tfoot"):
                    yield from one.named(*tags)


@dataclass(frozen=True, slots=True)
class Around:
    """What a body needs to know: its tool, image URL → path beside the post and link → its place, as written."""

    preset: str
    image: Callable[[str], str | None]
    link: Callable[[str], str | None]
    image_missing: str  # what is said of an image that is not held


def written(html: str, around: Around) -> str:
    """Markdown of sanitised HTML."""
    reader = _ElementReader()
    reader.feed(html)
    reader.close()
    return "\n".join(_MarkdownWriter(around).blocks(reader.root, 0)).strip("\n")


class _ElementReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("div")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._open[-1].tag == tag and tag in ("p", "li", "tr", "td", "th"):
            self._open.pop()
        node = _Element(tag, {name: value or "" for name, value in attrs})
        if tag not in _SILENT and len(self._open) < _MOST_DEPTH:
            self._open[-1].children.append(node)
        if tag not in _EMPTY:
            self._open.append(
                node if len(self._open) < _MOST_DEPTH or tag in _SILENT else _Element(tag, {}, self._open[-1].children)
            )

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class _MarkdownWriter:
    def __init__(self, around: Around) -> None:
        self._around = around
        self._preset = around.preset

    # ─── blocks ─────────────────────────────────────────────────────────────────────────────────

    def blocks(self, node: _Element, depth: int) -> list[str]:
        """The lines of what stands in a node: blocks with an empty line between them."""
        lines: list[str] = []
        run: list[_Element | str] = []

        def add(found: list[str]) -> None:
            if found:
                lines.extend([""] * bool(lines) + found)

        for child in node.children:
            if isinstance(child, _Element) and (child.tag in _BLOCKS or _holds_block(child)):
                add(self._paragraph(run))
                run = []
                add(self._block(child, depth))
            else:
                run.append(child)
        add(self._paragraph(run))
        return lines

    def _block(self, node: _Element, depth: int) -> list[str]:
        makers = {"pre": self._code, "table": self._table, "ul": self._list, "ol": self._list}
        if node.tag == "hr":
            return ["***"]
        if re.fullmatch("h[1-6]", node.tag):
            return self._heading(node, depth)
        if node.tag == "blockquote":
            return [f"> {one}" if one else ">" for one in self.blocks(node, depth + 1)]
        return makers.get(node.tag, self.blocks)(node, depth)

    def _code(self, node: _Element, _depth: int) -> list[str]:
        inner = next((one for one in node.children if isinstance(one, _Element) and one.tag == "code"), node)
        names = " ".join([node.attributes.get("class", ""), inner.attributes.get("class", "")])
        language = re.search(r"language-([A-Za-z0-9_+#.-]{1,40})", names)
        code = prose(node.text())
        return escape.block(code, language[1] if language else None, self._preset) if code.strip() else []

    def _heading(self, node: _Element, depth: int) -> list[str]:
        if any(isinstance(one, _Element) and (one.tag in _BLOCKS or _holds_block(one)) for one in node.children):
            return self.blocks(node, depth)
        said = " ".join(self._inline(node.children).split())
        return [f"{'#' * int(node.tag[1])} {said}"] if said else []

    def _list(self, node: _Element, depth: int) -> list[str]:
        start = node.attributes.get("start", "1")
        number = int(start) if start.isdecimal() and start.isascii() and len(start) < 8 else 1
        lines: list[str] = []
        was_loose = False
        for child in node.children:
            if isinstance(child, str) and not child.strip():
                continue
            item = child if isinstance(child, _Element) and child.tag == "li" else _Element("li", {}, [child])
            inside = self.blocks(item, depth + 1)
            if not inside:
                continue
            mark = f"{number}. " if node.tag == "ol" else "- "
            number += 1
            is_loose = "" in inside
            if lines and (is_loose or was_loose):
                lines.append("")
            was_loose = is_loose
            lines += [
                (mark if place == 0 else " " * len(mark)) + one if one else "" for place, one in enumerate(inside)
            ]
        # An empty line between a paragraph and a list inside it: only so may the list begin with any number.
        return lines

    def _table(self, node: _Element, depth: int) -> list[str]:
        rows = [list(row.named("td", "th")) for row in node.named("tr")]
        captions = [line for one in node.named("caption") for line in self.blocks(one, depth)]
        known = {id(cell) for row in rows for cell in row}
        strays = any(one.strip() if isinstance(one, str) else one.tag not in _OF_TABLES for one in node.children)
        width = max(map(len, rows), default=0)
        cells = [one for row in rows for one in row]
        if not known or strays or width > 50 or any(map(_holds_block, cells)):
            return self._loose_table(node, depth)
        said = [[self._cell(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
        head = said.pop(0) if all(cell.tag == "th" for cell in rows[0]) else [""] * width
        table = [head, ["---"] * width, *said]
        return captions + [""] * bool(captions) + [f"| {' | '.join(row)} |" for row in table]

    def _loose_table(self, node: _Element, depth: int) -> list[str]:
        """A table whose cells hold blocks, which Markdown has none of: cell after cell."""
        lines: list[str] = []
        for child in node.children:
            part = self.blocks(_Element("div", {}, [child]), depth) if isinstance(child, str) else (
                self._loose_table(child, depth) if child.tag in ("thead", "tbody", "tfoot", "tr") else self.blocks(
                    child, depth)
            )  # fmt: skip
            lines += [""] * bool(lines and part) + part
        return lines

    def _cell(self, cell: _Element) -> str:
        return " ".join(self._inline(cell.children, in_table=True).split())

    def _paragraph(self, run: list[_Element | str]) -> list[str]:
        lines: list[str] = []
        for one in self._inline(run).split("\n"):
            said = one.strip(" \t\n\r\f")
            if said:
                if lines and lines[-1]:
                    lines[-1] += "\\"
                lines.append(escape.line_start(said))
            elif lines and lines[-1]:
                lines.append("")
        while lines and not lines[-1]:
            lines.pop()
        return lines

    # ─── inside a line ──────────────────────────────────────────────────────────────────────────

    def _inline(
        self, nodes: list[_Element | str], mark: str = "", *, in_table: bool = False, in_link: bool = False
    ) -> str:
        out = ""
        for one in nodes:
            if isinstance(one, str):
                out += self._words(one, mark, out)
            elif one.tag == "br":
                out = out.rstrip(" ") + (" " if in_link else "\n")
            elif one.tag == "img":
                out += self._image(one)
            elif one.tag in ("code", "tt", "samp", "kbd") and not _shows_image(one):
                said = escape.inline_code(one.text(), self._preset, in_table=in_table)
                out += f" {said}" if said[:1] == out[-1:] == "`" else said
            elif one.tag == "a" and not in_link:
                out += self._link(one, mark, in_table=in_table)
            else:
                inner = mark or _EMPHASIS.get(one.tag, "")
                said = self._inline(one.children, inner, in_table=in_table, in_link=in_link)
                out += f" {said}" if said[:1] and said[:1] == out[-1:] and said[0] in "`*~" else said
        return out

    def _words(self, text: str, mark: str, before: str) -> str:
        text = _SPACES.sub(" ", prose(text))
        found = [place for place, sign in enumerate(text) if sign.isalnum()]
        if not mark or not found or before[-1:] in ("*", "~"):
            return escape.prose(text, self._preset)
        first, last = found[0], found[-1] + 1  # marks beside punctuation would be no marks (CommonMark §6.2)
        parts = [escape.prose(part, self._preset) for part in (text[:first], text[first:last], text[last:])]
        return f"{parts[0]}{mark}{parts[1]}{mark}{parts[2]}"

    def _link(self, node: _Element, mark: str, *, in_table: bool) -> str:
        url = node.attributes.get("href", "")
        said = self._inline(node.children, mark, in_table=in_table, in_link=True)
        if not said.strip() or not url.lower().startswith(("http://", "https://", "mailto:")):
            return said
        return f"[{said}]({self._around.link(url) or escape.destination(url)})"

    def _image(self, node: _Element) -> str:
        url = node.attributes.get("src", "")
        alt = line(prose(node.attributes.get("alt", "")))
        if alt.lower().startswith(("http://", "https://")):  # the site's editor, where the author gives no words
            alt = ""
        place = self._around.image(url)
        said = escape.prose(alt, self._preset)
        if place is not None:
            return f"![{said}]({place})"
        missing = escape.prose(f"（{self._around.image_missing}）", self._preset)
        return f"{said}[{missing}]({escape.destination(url)})" if url else said


def _holds_block(node: _Element) -> bool:
    pending = list(node.children)
    while pending:
        one = pending.pop()
        if isinstance(one, _Element):
            if one.tag in _BLOCKS:
                return True
            pending.extend(one.children)
    return False


def _shows_image(node: _Element) -> bool:
    return any(
        isinstance(one, _Element) and (one.tag in ("img", "br", "a") or _shows_image(one)) for one in node.children
    )
