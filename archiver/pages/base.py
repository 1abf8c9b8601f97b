"""What every page object needs: decoding, and small readers that name their problems."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import ithome
from archiver.model import Address
from archiver.model.readings import Problem
from archiver.text import line, storable

Value = TypeVar("Value")

TAIPEI = timezone(timedelta(hours=8))  # no summer time since 1979

# Labels of the WHATWG Encoding Standard that Chinese and Western pages use; anything else is not believed.
_CHARSETS = {
    "utf-8": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "us-ascii": "cp1252", "ascii": "cp1252",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs",
    "cp950": "cp950", "csbig5": "big5hkscs", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
    "utf-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "shift_jis": "shift_jis",
    "euc-jp": "euc_jp", "euc-kr": "euc_kr",
}  # fmt: skip
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_-]{1,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([a-zA-Z0-9_-]{1,40})")


def decode(body: bytes, content_type: str | None) -> tuple[str, str]:
    """The text of a body and the encoding used: BOM, header, meta, UTF-8, Big5, in that order, each only if it fits.

    What fits none is UTF-8 with replacement characters, and the encoding's name says so.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _replaced(body[len(mark) :], encoding)
    declared = [_header_charset(content_type), _inner_charset(_META_CHARSET.search(body[:2048]))]
    declared.append(_inner_charset(_XML_CHARSET.match(body[:200])))
    for name in [*declared, "utf-8", "big5hkscs", "cp950"]:
        if name is not None:
            try:
                return body.decode(name), name
            except UnicodeDecodeError:
                continue
    return _replaced(body, "utf-8")


def _replaced(body: bytes, name: str) -> tuple[str, str]:
    try:
        return body.decode(name), name
    except UnicodeDecodeError:
        return body.decode(name, "replace"), f"{name} (replaced)"


def _header_charset(content_type: str | None) -> str | None:
    match = re.search(r"charset\s*=\s*[\"']?\s*([a-zA-Z0-9_-]{1,40})", content_type or "", re.IGNORECASE)
    return _CHARSETS.get(match[1].lower()) if match else None


def _inner_charset(match: re.Match[bytes] | None) -> str | None:
    """What a document says of itself; one that can be read as ASCII is not UTF-16 (HTML Standard §13.2.3.2)."""
    name = _CHARSETS.get(match[1].decode("ascii").lower()) if match else None
    return "utf-8" if name in {"utf-16-le", "utf-16-be"} else name


_WORDLESS = frozenset("script style template noscript iframe object svg math head ins select textarea".split())


_FIRST_YEAR, _LAST_YEAR = 1990, 2200

# ─── small readers ──────────────────────────────────────────────────────────────────────────────


class Problems:
    """The problems that one reading meets, in order."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, field: str, name: str, detail: str = "") -> None:
        """Note that `field` should be there and is not as it should be."""
        problem = Problem(field, name, line(detail, 200))
        if problem not in self._found:
            self._found.append(problem)

    def all(self) -> tuple[Problem, ...]:
        """Every problem met."""
        return tuple(self._found)

    def required(self, field: str, value: Value | None) -> Value | None:
        """The value; a None becomes the problem `not_found`."""
        if value is None:
            self.add(field, "not_found")
        return value


def written(text: str) -> bytes:
    """A text as the parser takes it: UTF-8, without NUL, lone surrogates and a byte order mark."""
    return storable(text).removeprefix("\ufeff").encode()


def parse_html(data: bytes) -> LexborHTMLParser:
    """The tree of a document that `look` found bearable, from what `written` gives."""
    return LexborHTMLParser(data)


def text_of(node: LexborNode | None) -> str | None:
    """The text of a node on one line; None for no node or no text."""
    if node is None:
        return None
    return line(node.text(deep=True)) or None


def first_text(root: LexborNode | LexborHTMLParser, selector: str) -> str | None:
    """The text of the first match on one line."""
    return text_of(root.css_first(selector))


def attribute(node: LexborNode | None, name: str) -> str | None:
    """An attribute without white space around it; None when it is not there or empty."""
    if node is None:
        return None
    value = node.attributes.get(name)
    return storable(value).strip() or None if value else None


def address_of(node: LexborNode | None, base: str) -> Address | None:
    """The iThome page that a link leads to."""
    href = attribute(node, "href")
    found = ithome.classify(href, base) if href else None
    return found if isinstance(found, Address) else None


_NUMBER = re.compile(r"[0-9]{1,9}")
_COUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([km萬])?")
_SHOWN_TIME = re.compile(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[ T]+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")


def _plain_digits(text: str) -> str:
    """A text with its digits in ASCII, and without commas between them."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).replace(",", "")


def whole_number(text: str | None) -> int | None:
    """The first whole number in a text: `共 30 篇` is 30."""
    if not text:
        return None
    match = _NUMBER.search(_plain_digits(text))
    return int(match[0]) if match else None


def count(text: str | None) -> int | None:
    """A counter as the site shows it, abbreviated or not: `83 瀏覽`, `1.2k`, `3萬` (docs/site.md §9)."""
    if not text:
        return None
    match = _COUNT.search(_plain_digits(text).lower())
    if match is None:
        return None
    return round(float(match[1]) * {"k": 1_000, "m": 1_000_000, "萬": 10_000}.get(match[2] or "", 1))


def taipei_to_utc(text: str | None) -> datetime | None:
    """`2026-08-17 12:26:34` as the site shows it, Taipei time without a zone (docs/site.md §9), in UTC."""
    match = _SHOWN_TIME.search(text or "")
    if match is None:
        return None
    try:
        shown = datetime(*(int(part or 0) for part in match.groups()), tzinfo=TAIPEI)  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None
    return _believable(shown)


def _believable(moment: datetime) -> datetime | None:
    """A moment in UTC, unless nothing on the web can be of it."""
    return moment.astimezone(UTC) if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def feed_date(text: str | None) -> datetime | None:
    """A feed's pubDate: the site's own form (Taipei, no zone) or RFC 822, in UTC."""
    own = taipei_to_utc(text)
    if own is not None or not text:
        return own
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _believable(parsed if parsed.tzinfo else parsed.replace(tzinfo=TAIPEI))


def digest(parts: Iterable[object]) -> str:
    """SHA-256 over values, NFC-normalised, so that no two different lists of values look the same."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = unicodedata.normalize("NFC", storable(str(part))).encode()
        hashed.update(b"%d:%b" % (len(encoded), encoded))
    return hashed.hexdigest()


# Ads, scripts, what differs from reader to reader or with a counter, and what is judged by its content instead.
_NOT_LAYOUT = re.compile(
    r"a810|a970|a12word|itplus|scrollable|markdown__style|comment|response|reply|soc|fb-|modal|tooltip"
)
_ORDINARY = 200  # characters of classes and an id together; what is longer is not remembered
_STATES = re.compile(r"--(?:active|change|hover|open)$|^(?:active|liked|disabled|clearfix)$")


def skeleton(root: LexborNode | None) -> str:
    """The set of (tag, classes) below a node: the layout, whatever the words and however many items.

    The same for two requests of an unchanged page: advertisements, scripts, bodies, comments and classes that show a
    counter's or a reader's state are left out.
    """
    shapes = set()
    pending = [root] if root is not None else []
    known = _shape  # a page has a thousand elements
    while pending:
        node = pending.pop()
        attributes = node.attributes
        if attributes:
            classes, name = attributes.get("class") or "", attributes.get("id") or ""
            is_ordinary = len(classes) + len(name) <= _ORDINARY
            shape = (known if is_ordinary else known.__wrapped__)(node.tag or "", classes, name)
        else:
            shape = known(node.tag or "", "", "")
        if shape is not None:
            shapes.add(shape)
            pending.extend(node.iter(include_text=False))
    return "\n".join(sorted(shapes - {""}))


@lru_cache(maxsize=2_000)
def _shape(tag: str, classes: str, name: str) -> str | None:
    """Tag and classes of an element as its layout has them, empty without classes; None where it is no layout."""
    names = classes.split()
    if not tag or tag[0] in "-_!" or tag in _WORDLESS or _NOT_LAYOUT.search(f"{' '.join(names)} {name}"):
        return None
    kept = sorted(one for one in names if not _STATES.search(one))
    return f"{tag}.{'.'.join(kept)}" if kept else ""


def classes_of(node: LexborNode) -> list[str]:
    """The class names of an element."""
    return (node.attributes.get("class") or "").split()


def words_of(root: LexborNode | None, limit: int, without: str = "") -> str:
    """The first `limit` characters of the text that a reader sees below a node, in one line.

    `without` is a pattern of class names and ids whose elements are passed over.
    """
    passed_over = re.compile(without) if without else None
    words: list[str] = []
    length = 0
    pending = [root] if root is not None else []
    while pending and length < limit:
        node = pending.pop()
        if node.tag == "-text":
            words.append(node.text_content or "")
            length += len(words[-1].strip())  # a page begins with much white space
        elif node.tag and node.tag not in _WORDLESS and node.tag[0] not in "-_!":
            marks = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
            if passed_over is None or not passed_over.search(marks):
                words.append(" ")
                pending.extend(reversed(list(node.iter(include_text=True))))
    return line("".join(words), limit)
