"""JSON documents of any length, read from a file in pieces: what is wanted of one, and whether all of it is JSON.

The standard library's parser holds a document, its text (four bytes a letter with one emoji in it) and its values at
once. So it is given what fits a piece; a larger list or object is walked, and a longer string stays in the file until
somebody wants it. Why not by ijson, the library for long documents: docs/design.md.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

PIECE = 524_288  # characters; what the parser makes of twice as many takes 40 MB at worst
_STEP = 262_144  # bytes
MOST_WALKED = 1_000_000  # members and items of what is longer than a piece; each takes three microseconds
_MOST_LEVELS = 50  # of lists and objects that are longer than a piece, in one another
_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING = re.compile(r'(?:[^"\\]++|\\[^u]|(\\u[0-9a-fA-F]{4}))*+')
_HIGH = re.compile(r"\\u[dD][89abAB]")  # the first half of a letter beyond U+FFFF, whose second must not be torn off
_LONGEST_ESCAPE = 12  # characters, of such a letter

Shape = dict[str, Any] | str
"""What is wanted of a value: members of an object by name, each with its shape, or one of the two below."""

PLAIN = "plain"  # a string, a number, true or false; None for a list or an object
WHOLE = "whole"  # whatever it is, unless it is longer than a piece: then None


class NotJson(ValueError):
    """What is no JSON document, or is cut; `at` is the byte from which that cannot be told to be one."""

    def __init__(self, at: int) -> None:
        super().__init__(f"no JSON at byte {at}")
        self.at = at


class TooManyValues(ValueError):
    """A document with more values than anybody has patience for."""


class NoSuchList(ValueError):
    """A document without the list that is looked for, or with more than one."""


@dataclass(frozen=True, slots=True)
class LongString:
    """A string that is longer than a piece; it begins at byte `at` of the file, with its quotation mark."""

    at: int

    def pieces(self, raw: BinaryIO) -> Iterator[str]:
        """What it says, in pieces. Moves `raw`. Raises NotJson."""
        raw.seek(self.at)
        return JsonText(raw).string()


class JsonText:
    """The text of a document, of which so much is held that a value which does not fit is longer than a piece."""

    def __init__(self, raw: BinaryIO, piece: int = PIECE, most: int = MOST_WALKED) -> None:
        """Reads from where `raw` is; it may be moved meanwhile. A byte order mark is passed over."""
        self._raw = raw
        self._piece = piece
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._parser = json.JSONDecoder()
        self._next = raw.tell()  # byte of the file that is read next
        self._held = ""
        self._at = 0  # in what is held
        self._left = most
        self._is_whole = False  # what is held goes to the end

    def byte(self) -> int:
        """Where in the file it is."""
        return self._next - len(self._decoder.getstate()[0]) - len(self._held[self._at :].encode())

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._held) or self._is_whole:
                self._fill()
                return self._held[self._at : self._at + 1]
            self._fill()

    def take(self, character: str) -> None:
        """Pass over a character that must come now. Raises NotJson."""
        if self.peek() != character:
            raise NotJson(self.byte())
        self._at += 1

    def end(self) -> None:
        """Nothing may follow. Raises NotJson."""
        if self.peek():
            raise NotJson(self.byte())

    def members(self) -> Iterator[str]:
        """Go through an object: each name, after which its value must be read. One longer than a piece is empty."""
        self.take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise NotJson(self.byte())
            name = self.value(PLAIN)
            self.take(":")
            yield name if isinstance(name, str) else ""
            if self._is_last("}"):
                return

    def items(self) -> Iterator[None]:
        """Go through a list: each of its values must be read."""
        self.take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield None
            if self._is_last("]"):
                return

    def listed(self, *names: str, shape: Shape) -> Iterator[Any]:
        """What is wanted of each item of the one list under these names; the document is read to its end.

        Raises NotJson and NoSuchList.
        """
        lists = 0
        for _ in self._under(names):
            lists += 1
            if lists > 1 or self.peek() != "[":
                raise NoSuchList("it has two lists" if lists > 1 else "it has no list")
            for _ in self.items():
                yield self.value(shape)
        self.end()
        if not lists:
            raise NoSuchList("it has no list")

    def _under(self, names: tuple[str, ...]) -> Iterator[None]:
        """Go to each value under these names, one within the other; all else is read."""
        if not names:
            yield None
        elif self.peek() != "{":
            self.value()
        else:
            for name in self.members():
                if name == names[0]:
                    yield from self._under(names[1:])
                else:
                    self.value()

    def value(self, shape: Shape | None = None, levels: int = _MOST_LEVELS) -> Any:
        """What is wanted of the next value; it is read to its end, and is JSON. Raises NotJson."""
        first = self.peek()
        try:
            found, end = self._parser.raw_decode(self._held, self._at)
        except (ValueError, RecursionError):  # cut by the piece, or no JSON: that shows when it is taken apart
            end = None
        if end is not None and (end < len(self._held) or self._is_whole):
            is_long, self._at = end - self._at > self._piece, end
            return _shaped(found, shape, is_long=is_long)
        if first == '"':
            return self._long_string()
        if first in {"{", "["} and levels:
            return self._taken_apart(first, shape, levels - 1)
        raise NotJson(self.byte())

    def string(self) -> Iterator[str]:
        """The next string in pieces. Raises NotJson."""
        self.take('"')
        while True:
            found = _STRING.match(self._held, self._at)
            assert found is not None
            end = found.end()
            is_last = self._held[end : end + 1] == '"'
            if not is_last and found.end(1) == end and _HIGH.match(found[1]):
                end = found.start(1)
            if not is_last and (self._is_whole or (end == self._at and len(self._held) - end > _LONGEST_ESCAPE)):
                raise NotJson(self.byte())
            yield self._decoded(end)
            if is_last:
                self._at += 1
                return
            self._fill()

    def _decoded(self, end: int) -> str:
        try:
            piece: str = json.loads(f'"{self._held[self._at : end]}"')
        except ValueError as error:
            raise NotJson(self.byte()) from error
        self._at = end
        return piece

    def _long_string(self) -> LongString:
        found = LongString(self.byte())
        for _ in self.string():
            pass
        return found

    def _taken_apart(self, first: str, shape: Shape | None, levels: int) -> Any:
        """A list or an object that does not fit."""
        wanted = shape if isinstance(shape, dict) else {}
        kept: dict[str, Any] = {}
        if first == "[":
            for _ in self.items():
                self.value(None, levels)
            return None
        for name in self.members():
            value = self.value(wanted.get(name), levels)
            if name in wanted:
                kept[name] = value
        return kept if isinstance(shape, dict) else None

    def _is_last(self, closing: str) -> bool:
        """Pass over the comma behind a value, or over what closes its list or object."""
        found = self.peek()
        if found not in {",", closing}:
            raise NotJson(self.byte())
        self._left -= 1
        if self._left < 0:
            raise TooManyValues(self.byte())
        self._at += 1
        return found == closing

    def _fill(self) -> None:
        """Hold a piece at least from here on, or all that is left."""
        if self._is_whole or len(self._held) - self._at >= self._piece:
            return
        pieces = [self._held[self._at :]]
        length = len(pieces[0])
        if self._raw.tell() != self._next:
            self._raw.seek(self._next)
        while length < 2 * self._piece and not self._is_whole:
            read = self._raw.read(min(_STEP, self._piece))
            self._next += len(read)
            self._is_whole = not read
            try:
                pieces.append(self._decoder.decode(read, final=not read))
            except UnicodeDecodeError as error:
                raise NotJson(self._next) from error
            length += len(pieces[-1])
        self._held, self._at = "".join(pieces), 0


def _shaped(value: Any, shape: Shape | None, *, is_long: bool) -> Any:
    if shape is None or (shape == WHOLE and is_long):
        return None
    if shape == WHOLE:
        return value
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return None
        return {name: _shaped(value[name], each, is_long=is_long) for name, each in shape.items() if name in value}
    return None if isinstance(value, dict | list) else value
