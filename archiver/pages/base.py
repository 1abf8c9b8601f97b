"""What every page object needs: decoding, a guard against parser bombs, small readers that name their problems."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import urls
from archiver.model import Address, Problem
from archiver.text import line, storable

Value = TypeVar("Value")

MAX_DEPTH = 1_000  # real articles stay under 60; the parser is quadratic beyond (TOOLS §1a)
MAX_TAGS = 200_000
MAX_ATTRIBUTE_WORK = 1_000_000_000  # sum of squared attribute counts; the parser compares each with each
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
    declared = [_header_charset(content_type), _charset(_META_CHARSET.search(body[:2048]))]
    declared.append(_charset(_XML_CHARSET.match(body[:200])))
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


def _charset(match: re.Match[bytes] | None) -> str | None:
    return _CHARSETS.get(match[1].decode("ascii").lower()) if match else None


_TAG = re.compile(r"<(?:(!--)|(/?)([a-zA-Z][a-zA-Z0-9:-]*))")
_UNCOUNTED = frozenset(
    # void, or only once in a document
    "area base br col embed hr img input link meta param source track wbr html head body "
    # closed by what follows
    "p li dt dd tr td th thead tbody tfoot option optgroup colgroup rt rp".split()
)
_RAW_TEXT = frozenset({"script", "style", "textarea", "title", "noscript", "iframe", "noembed", "noframes", "xmp"})


def too_heavy(text: str) -> bool:
    """Whether the HTML parser could need more than seconds for this text: depth, tags and attributes are scanned."""
    depth = deepest = tags = work = position = 0
    while (match := _TAG.search(text, position)) is not None:
        position = match.end()
        if match[1]:
            position = _after(text, "-->", position)
            continue
        tags += 1
        end = text.find("<", position)
        work += _attributes(text[position : end if end >= 0 else len(text)]) ** 2
        name = match[3].lower()
        if name not in _UNCOUNTED:
            depth = max(depth - 1, 0) if match[2] else depth + 1
            deepest = max(deepest, depth)
        if not match[2] and name in _RAW_TEXT:
            position = _after(text, f"</{name}", position, keep=True)
        if deepest > MAX_DEPTH or tags > MAX_TAGS or work > MAX_ATTRIBUTE_WORK:
            return True
    return False


def _after(text: str, mark: str, position: int, *, keep: bool = False) -> int:
    found = text.find(mark, position)
    if found < 0 and keep:  # the same in upper case, or never closed
        found = text.upper().find(mark.upper(), position) if len(text) < 100_000 else -1
    if found < 0:
        return position if keep else len(text)
    return found if keep else found + len(mark)


def _attributes(run: str) -> int:
    """At most so many attributes can stand in a tag whose text lies in `run`."""
    tag = run[: run.rfind(">") + 1] or run
    if len(tag) < 2_000:
        return 0
    values_gone = re.sub(r"=\s*(\"data:[^\"]*\"|'data:[^']*')", "=", tag)
    return len(re.findall(r"[\s/]+", values_gone))


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


def parse_html(text: str) -> LexborHTMLParser:
    """The tree of a document that passed `too_heavy`."""
    return LexborHTMLParser(storable(text).removeprefix("\ufeff"))


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
    return storable(node.attributes.get(name) or "").strip() or None


def address_of(node: LexborNode | None, base: str) -> Address | None:
    """The iThome page that a link leads to."""
    href = attribute(node, "href")
    found = urls.classify(href, base) if href else None
    return found if isinstance(found, Address) else None


def whole_number(text: str | None) -> int | None:
    """The first whole number in a text: `共 30 篇` is 30."""
    match = re.search(r"[0-9]{1,9}", unicodedata.normalize("NFKC", text or "").replace(",", ""))
    return int(match[0]) if match else None


def count(text: str | None) -> int | None:
    """A counter as the site shows it, abbreviated or not: `83 瀏覽`, `1.2k`, `3萬` (ANATOMY §3)."""
    folded = unicodedata.normalize("NFKC", text or "").replace(",", "").lower()
    match = re.search(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([km萬])?", folded)
    if match is None:
        return None
    return round(float(match[1]) * {"k": 1_000, "m": 1_000_000, "萬": 10_000}.get(match[2] or "", 1))


def taipei_to_utc(text: str | None) -> datetime | None:
    """`2026-08-17 12:26:34` as the site shows it, Taipei time without a zone (ANATOMY §3), in UTC."""
    match = re.search(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[ T]+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", text or "")
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()), tzinfo=TAIPEI).astimezone(UTC)  # type: ignore[misc,arg-type]
    except (ValueError, OverflowError):
        return None


def feed_date(text: str | None) -> datetime | None:
    """A feed's pubDate: the site's own form (Taipei, no zone) or RFC 822, in UTC."""
    own = taipei_to_utc(text)
    if own is not None or not text:
        return own
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=TAIPEI)).astimezone(UTC)


def digest(parts: Iterable[object]) -> str:
    """SHA-256 over values, NFC-normalised, so that no two different lists of values look the same."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = unicodedata.normalize("NFC", storable(str(part))).encode()
        hashed.update(f"{len(encoded)}:".encode() + encoded)
    return hashed.hexdigest()


def skeleton(root: LexborNode | None, keep: Callable[[LexborNode], bool]) -> str:
    """The set of (tag, classes) below a node: the layout, whatever the words and however many items."""
    if root is None:
        return ""
    shapes = {
        f"{node.tag}.{'.'.join(sorted((node.attributes.get('class') or '').split()))}"
        for node in root.traverse(include_text=False)
        if node.tag and not node.tag.startswith("-") and keep(node)
    }
    return "\n".join(sorted(shapes))
