"""A saved page without the pictures, fonts and frames that it carries in itself, so that its markup alone is parsed.

SingleFile writes them as `data:` URLs, which make a page of 50,000 bytes one of ten million; parsed, each byte costs
twenty. So in the bytes of a page each long one is replaced by its name (`embedded.name`), which its reading gives it
anyway. Linear, and only in attributes and style sheets, where a `data:` URL is no text of the page. What is not plainly
that is left as it is, and counts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver.pages import embedded

MAX_BYTES = 5_242_880  # of what is left of a page, to be looked at before it is known which kind it is
_MAX_TAGS = 60_000  # as the scan has it: a page with more is not parsed at all
# Letters that stand for themselves wherever a URL may stand: no quotation mark, bracket, space or entity among them.
_CARRIED = re.compile(rb"data:[A-Za-z0-9/+.;=_-]{0,200},[A-Za-z0-9%+/=_.~*!,;:@$?-]{1000,}+")
_MARKUP = re.compile(rb"<(?:!--|[a-zA-Z/!?])")
_NAME = re.compile(rb"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(rb"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|(?!["'])[^\s>]++))?+""")
_COMMENT_END = re.compile(rb"--!?>|\Z")
_WHOLE = frozenset({b"src", b"href", b"poster", b"data", b"content", b"xlink:href"})  # attributes that are one address
_PART = frozenset({b"style", b"srcset", b"srcdoc"})  # attributes in which addresses stand
_RAW_TEXT = frozenset(b"script style textarea title xmp iframe noembed noframes".split())
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Lean:
    """A page without what it carries, and where in `whole` each of that lies, by its name."""

    body: bytes
    whole: bytes
    carried: dict[str, tuple[int, int]] = field(default_factory=dict)

    def content(self, source: str) -> bytes | None:
        """The bytes that an address in the page carries; None for one that carries nothing."""
        place = self.carried.get(source)
        return embedded.data(self.whole[slice(*place)] if place else source)


def lean(body: bytes) -> Lean:
    """A saved page without what it carries. Never raises."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _of_wide(body, mark, encoding)
    carried: dict[str, tuple[int, int]] = {}
    pieces: list[bytes] = []
    end = 0
    for begin, stop in _places(body):
        name = embedded.name_of(body[begin:stop])
        if name is not None:
            carried.setdefault(name, (begin, stop))
            pieces += [body[end:begin], name.encode()]
            end = stop
    return Lean(b"".join([*pieces, body[end:]]), body, carried) if pieces else Lean(body, body)


def _of_wide(body: bytes, mark: bytes, encoding: str) -> Lean:
    """A page in UTF-16, by way of UTF-8."""
    try:
        narrow = lean(body[len(mark) :].decode(encoding).encode())
    except UnicodeError:
        return Lean(body, body)
    return Lean(mark + narrow.body.decode().encode(encoding), narrow.whole, narrow.carried)


def _places(body: bytes) -> Iterator[tuple[int, int]]:
    """From where to where each long `data:` URL goes that stands in an attribute or a style sheet, in order."""
    at = tags = 0
    while (mark := _MARKUP.search(body, at)) is not None and tags < _MAX_TAGS:
        tags += 1
        tag = _NAME.match(body, mark.start())
        if tag is None:
            at = _after_declaration(body, mark)
            continue
        at = tag.end()
        while (found := _ATTRIBUTE.match(body, at)) is not None:
            if found.end() - found.start() > 1_000:
                yield from _in_attribute(body, found)
            at = found.end()
        name = tag[2].lower()
        if not tag[1] and name in _RAW_TEXT:
            ended = re.compile(rb"</%s(?=[\s/>])|\Z" % name, re.IGNORECASE).search(body, at)
            stop = ended.start() if ended else len(body)
            if name == b"style":
                yield from (one.span() for one in _CARRIED.finditer(body, at, stop))
            at = stop


def _after_declaration(body: bytes, mark: re.Match[bytes]) -> int:
    """Where a comment, a declaration or a closing tag of no name ends."""
    if mark[0] != b"<!--":
        return body.find(b">", mark.end() - 1) + 1 or len(body)
    if body.startswith((b">", b"->"), mark.end()):
        return body.find(b">", mark.end()) + 1
    ended = _COMMENT_END.search(body, mark.end())
    return ended.end() if ended else len(body)


def _in_attribute(body: bytes, attribute: re.Match[bytes]) -> Iterator[tuple[int, int]]:
    begin, stop = attribute.span(2)
    if body[begin : begin + 1] in {b'"', b"'"}:
        begin, stop = begin + 1, stop - 1
    name = attribute[1].lower()
    if name in _PART:
        yield from (one.span() for one in _CARRIED.finditer(body, begin, stop))
    elif name in _WHOLE and _CARRIED.fullmatch(body, begin, stop):
        yield begin, stop
