"""A linear look at markup before the HTML parser sees it: how deep it nests, what it costs, how it ends.

The parser is quadratic in depth and in the attributes of a tag, and multiplies unclosed formatting elements; it cannot
be interrupted: a hundred thousand nested elements take it 11 s. So this scan keeps the stack of open elements as the
parser would (HTML Standard §13.2.6, simplified so that it errs towards too deep) and stops where that would be slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 1_000  # real articles stay under 60; at 1,000 the parsers behind us still answer within a second
MAX_TAGS = 60_000  # a real article has 1,500; each costs 250 bytes of memory in the tree
MAX_WORDS = 500_000  # characters of text, outside of tags, comments and raw text; a long article has 100,000
MAX_ATTRIBUTES = 1_000  # in one tag
MAX_FRAMESETS = 20  # in a document: other rules hold inside of them
MAX_WORK = 2_000_000  # steps of this scan beyond one a tag: searches of the stack, formatting elements opened again
_LONG_TAG = 200  # characters of attributes from which they are counted

_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]++)?+)?+"""
_TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*+)((?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+)[\s/]*+(>|\Z)?")
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_MARKUP = re.compile(r"<(?=[a-zA-Z]|/[a-zA-Z]|[!?/])")
_HEADING = re.compile(r"^h[1-6]$")  # any heading's end tag closes any heading
_FONT = re.compile(r"color|face|size", re.IGNORECASE)
_FRAMESET = re.compile(r"<frameset", re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")

_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr".split()
)
_RAW_TEXT = frozenset("script style textarea title xmp iframe noembed noframes".split())
_COSTLY = frozenset({"a", "img", "image", "iframe", "embed", "video", "audio"})  # their addresses are worked out
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
# An element inside svg or math stands on the stack with a star; these hold HTML again.
_INTEGRATION = frozenset("*foreignobject *desc *title *annotation-xml *mi *mo *mn *ms *mtext".split())
_LEAVES_FOREIGN = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h head hr i img li listing menu meta nobr ol p pre"
    " ruby s small span strong strike sub sup table tt u ul var".split()
)
_SCOPE = frozenset("applet caption html table td th marquee object select template".split()) | _INTEGRATION
_MARKERS = frozenset("applet caption marquee object td template th".split())
_TABLE_PARTS = frozenset("caption colgroup table tbody td tfoot th thead tr".split())
_SPECIAL = _SCOPE | _RAW_TEXT | _TABLE_PARTS | _VOID | frozenset(
    "address article aside blockquote body button center dd details dir div dl dt fieldset figcaption figure footer"
    " form frameset h head header hgroup li listing main menu nav noscript ol p plaintext pre search section summary"
    " ul".split()
)  # fmt: skip
_ENDS_IN_SCOPE = frozenset(
    "address applet article aside blockquote button center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form h header hgroup listing main marquee menu nav object ol pre search section select summary template"
    " ul".split()
)
_CLOSES_P = frozenset(
    "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer form h"
    " header hgroup hr li listing main menu nav ol p plaintext pre search section summary table ul xmp".split()
)
_RUBY_PARTS = frozenset("rb rp rt rtc".split())
_IMPLIED_ENDS = frozenset("dd dt li optgroup option p rb rp rt rtc".split())
_BLOCKS = _CLOSES_P | _TABLE_PARTS | _RUBY_PARTS
_END_TAG_OPTIONAL = frozenset(
    "html head body p li dt dd rt rp rb rtc option optgroup tr td th thead tbody tfoot colgroup caption".split()
)
# What an opening tag closes first, and what it does not look beyond.
_CLOSES = {
    "li": ({"li"}, _SPECIAL - {"address", "div", "p", "li"}),
    "dd": ({"dd", "dt"}, _SPECIAL - {"address", "div", "p", "dd", "dt"}),
    "dt": ({"dd", "dt"}, _SPECIAL - {"address", "div", "p", "dd", "dt"}),
    "button": ({"button"}, _SCOPE),
    "td": ({"td", "th"}, frozenset({"tr", "table", "template"})),
    "th": ({"td", "th"}, frozenset({"tr", "table", "template"})),
    "tr": ({"tr"}, frozenset({"table", "template", "tbody", "thead", "tfoot"})),
    "tbody": ({"tbody", "thead", "tfoot", "caption", "colgroup"}, frozenset({"table", "template"})),
    "thead": ({"tbody", "thead", "tfoot", "caption", "colgroup"}, frozenset({"table", "template"})),
    "tfoot": ({"tbody", "thead", "tfoot", "caption", "colgroup"}, frozenset({"table", "template"})),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scan saw."""

    too_heavy: bool  # the parser must not see it; the scan ended there
    depth: int  # the deepest nesting, never underrated by much
    ended: bool  # `</html>` was there
    whole: bool  # the text ends outside of a tag, a comment and raw text
    open_at_end: tuple[str, ...]  # elements still open whose end tag may not be left out


class _TooHeavy(Exception):
    """A limit was passed."""


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    is_end: bool
    attributes: str
    self_closing: bool


@dataclass(slots=True, eq=False)
class _Formatting:
    """An entry of the parser's list of active formatting elements; `name` is empty for a marker."""

    name: str
    attributes: str = ""
    is_open: bool = True


class _Elements:
    """The stack of open elements and the list of active formatting elements."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.counts: dict[str, int] = {}
        self.formatting: list[_Formatting] = []
        self.closed_formatting = 0  # entries that the parser will open again
        self.depth = 0
        self.work = 0

    def open(self, name: str, attributes: str, *, self_closing: bool) -> None:
        """An opening tag."""
        if name in _COSTLY:
            self.spend(100)
        if self.in_foreign() and name not in _LEAVES_FOREIGN and not (name == "font" and _FONT.search(attributes)):
            if not self_closing:
                self._push(f"*{name}")
            return
        self._leave_foreign()
        if self._is_taken_in_html(name):
            if name not in _BLOCKS:
                self.text()
            if name not in _VOID and not (self_closing and name in {"svg", "math"}):
                self._push(f"*{name}" if name in {"svg", "math"} else name)
                self._remember(name, attributes)

    def _is_taken_in_html(self, name: str) -> bool:
        """Close what an opening tag closes; whether it then opens an element at all."""
        if name in _TABLE_PARTS and name != "table" and not (self.counts.get("table") or self.counts.get("template")):
            return False
        self._close_implied(name)
        at = self._find({name}, _SCOPE - {name}) if name == "select" else None
        if at is not None:  # a select in a select ends the outer one
            self._cut(at)
            return False
        if name in {"a", "nobr"} and any(entry.name == name for entry in self._since_marker()):
            self.close(name)
        return True

    def close(self, name: str) -> None:
        """A closing tag; one that the parser would ignore is ignored."""
        if name in {"br", "p"}:
            self._leave_foreign()
        if name == "br":
            self.text()
        if self._close_foreign(name) or name in {"html", "body"}:
            return
        if name in _FORMATTING:
            self._close_formatting(name)
        elif self.counts.get(name):
            place = self._find({name}, _barrier(name))
            if place is not None and name == "form" and not _IMPLIED_ENDS.issuperset(self.names[place + 1 :]):
                self._forget(name)  # it ends, what it holds does not
                self.names[place] = "-form"
            elif place is not None:
                self._cut(place)

    def _close_foreign(self, name: str) -> bool:
        """Close an element of svg or math, if it is one that ends."""
        for at in range(len(self.names) - 1, -1, -1):
            self.spend(1)
            if not self.names[at].startswith("*"):
                break
            if self.names[at] == f"*{name}":
                self._cut(at)
                return True
        return False

    def _push(self, name: str) -> None:
        self.names.append(name)
        self.counts[name] = self.counts.get(name, 0) + 1
        self.depth = max(self.depth, len(self.names))
        if self.depth > MAX_DEPTH:
            raise _TooHeavy

    def spend(self, steps: int) -> None:
        """Count work; too much of it ends the scan."""
        self.work += steps
        if self.work > MAX_WORK:
            raise _TooHeavy

    def _find(self, wanted: set[str], barrier: frozenset[str]) -> int | None:
        """The place of the nearest open element among `wanted` that lies above every one of `barrier`."""
        for at in range(len(self.names) - 1, -1, -1):
            if self.names[at] in wanted:
                self.spend(len(self.names) - at)
                return at
            if self.names[at] in barrier:
                break
        self.spend(len(self.names) - at if self.names else 0)
        return None

    def _cut(self, at: int) -> None:
        """Close the element at a place and all that it holds."""
        for name in self.names[at:]:
            self._forget(name)
        del self.names[at:]

    def _forget(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) - 1
        if name in _MARKERS:
            while self.formatting and self.formatting[-1].name:
                self.closed_formatting -= not self.formatting.pop().is_open
            if self.formatting:
                self.formatting.pop()
        elif name in _FORMATTING:
            for entry in reversed(self.formatting):
                if entry.name == name and entry.is_open:
                    entry.is_open = False
                    self.closed_formatting += 1
                    break

    def _close_implied(self, name: str) -> None:
        if self.names and (name, self.names[-1]) in {("option", "option"), ("optgroup", "option"), ("h", "h")}:
            self._cut(len(self.names) - 1)
        while name in _RUBY_PARTS and self.counts.get("ruby") and self.names[-1] in _IMPLIED_ENDS:
            self._cut(len(self.names) - 1)
        wanted, barrier = _CLOSES.get(name, (None, None))
        if wanted is not None and barrier is not None and any(self.counts.get(one) for one in wanted):
            at = self._find(wanted, barrier)
            if at is not None:
                self._cut(at)
        if name in _CLOSES_P and self.counts.get("p"):
            at = self._find({"p"}, _SCOPE | {"button"})
            if at is not None:
                self._cut(at)

    # ─── formatting elements (HTML Standard §13.2.4.3) ───

    def _since_marker(self) -> list[_Formatting]:
        for at in range(len(self.formatting) - 1, -1, -1):
            if not self.formatting[at].name:
                self.spend((len(self.formatting) - at) // 8)
                return self.formatting[at + 1 :]
        self.spend(len(self.formatting) // 8)
        return self.formatting

    def _remember(self, name: str, attributes: str) -> None:
        """The list of formatting elements holds at most three alike (the standard's Noah's Ark clause)."""
        if name in _MARKERS:
            self.formatting.append(_Formatting(""))
        if name not in _FORMATTING:
            return
        alike = [entry for entry in self._since_marker() if entry.name == name and entry.attributes == attributes]
        if len(alike) >= 3:
            self.formatting.remove(alike[0])
            self.closed_formatting -= not alike[0].is_open
        self.formatting.append(_Formatting(name, attributes))

    def text(self) -> None:
        """Text or an element of text: formatting that a block has closed is opened again."""
        if not self.closed_formatting:
            return
        for entry in self._since_marker():
            if not entry.is_open:
                self.spend(40)  # a node each: memory, not only time
                entry.is_open = True
                self.closed_formatting -= 1
                self._push(entry.name)

    def _close_formatting(self, name: str) -> None:
        """The outcome of the adoption agency algorithm: the element ends, blocks opened inside it stay open."""
        entry = next((entry for entry in reversed(self._since_marker()) if entry.name == name), None)
        if entry is not None:
            self.formatting.remove(entry)
            if not entry.is_open:
                self.closed_formatting -= 1
                return
        at = self._find({name}, _SCOPE if entry else _SPECIAL) if self.counts.get(name) else None
        if at is None:
            return
        has_block = any(inner in _SPECIAL for inner in self.names[at + 1 :])
        self.counts[self.names.pop(at)] -= 1
        if not has_block:
            self._cut(at)

    def _leave_foreign(self) -> None:
        while self.in_foreign():
            self._cut(len(self.names) - 1)

    def in_foreign(self) -> bool:
        """Whether what comes next lies in svg or math, where other rules hold."""
        return bool(self.names) and self.names[-1].startswith("*") and self.names[-1] not in _INTEGRATION


def _barrier(name: str) -> frozenset[str]:
    """What a closing tag does not reach through."""
    if name in _TABLE_PARTS:
        return frozenset({"table", "template"}) - {name}
    if name == "li":
        return (_SCOPE | {"ol", "ul"}) - {name}
    if name == "p":
        return _SCOPE | {"button"}
    return (_SCOPE if name in _ENDS_IN_SCOPE else _SPECIAL) - {name}


def scan(text: str) -> Scan:
    """Read the tags of a text from its beginning to its end, or to where it becomes too heavy."""
    elements = _Elements()
    ended, whole = False, True
    if len(_FRAMESET.findall(text)) > MAX_FRAMESETS:
        return Scan(True, 0, ended, whole, ())
    try:
        for tag in _tags(text, elements):
            if tag is None:
                whole = False
            elif tag.is_end:
                ended = ended or tag.name == "html"
                elements.close(tag.name)
            else:
                elements.open(tag.name, tag.attributes, self_closing=tag.self_closing)
    except _TooHeavy:
        return Scan(True, elements.depth, ended, whole, ())
    still_open = tuple(name for name in elements.names if name not in _END_TAG_OPTIONAL)
    return Scan(False, elements.depth, ended, whole, still_open)


def _tags(text: str, elements: _Elements) -> Iterator[_Tag | None]:
    """Every tag outside of comments and raw text; a None at the end says that the text ends inside of something."""
    position = tags = words = 0
    while (mark := _MARKUP.search(text, position)) is not None:
        match = _TAG.match(text, mark.start())
        tags += 1
        words += mark.start() - position
        if elements.closed_formatting and text[position : mark.start()].strip():
            elements.text()
        if tags > MAX_TAGS or words > MAX_WORDS:
            raise _TooHeavy
        if match is None:
            position = _after_comment(text, mark.start())
        else:
            position = match.end()
            name = _HEADING.sub("h", match[2].lower())
            is_raw = not match[1] and name in _RAW_TEXT and not elements.in_foreign()
            if match[4] and _attributes_are_bearable(match[3], elements):
                yield _Tag(name, bool(match[1]), match[3].strip(), text[position - 2 : position] == "/>")
            elif match[4] or position < len(text):
                raise _TooHeavy
            else:
                position = -1
            if is_raw and position > 0:
                position = _after_raw_text(text, name, position)
        if position < 0:
            yield None
            return
    if words + len(text) - position > MAX_WORDS:
        raise _TooHeavy


def _attributes_are_bearable(attributes: str, elements: _Elements) -> bool:
    """The parser compares every attribute of a tag with every other."""
    if len(attributes) > _LONG_TAG:
        elements.spend(len(_ONE_ATTRIBUTE.findall(attributes)) ** 2 // 100)
    return True


def _after_comment(text: str, start: int) -> int:
    """Where a comment, declaration or processing instruction ends; -1 when it does not."""
    if not text.startswith("<!--", start):
        return text.find(">", start) + 1 or -1
    if text.startswith((">", "->"), start + 4):
        return text.find(">", start) + 1
    end = _COMMENT_END.search(text, start + 4)
    return end.end() if end else -1


def _after_raw_text(text: str, name: str, position: int) -> int:
    """Where the closing tag of a raw text element begins; -1 when it never does."""
    end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, position)
    return end.start() if end else -1
