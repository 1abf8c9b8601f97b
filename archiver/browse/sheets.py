"""Datasette's CSV on its way out: no cell begins a formula, whoever wrote the title that it holds. Pure.

A spreadsheet evaluates what begins with =, +, -, @, a tab or a line break (CWE-1236). An apostrophe before it makes it
text.
"""

from __future__ import annotations

import codecs
import re

# A cell as csv.writer writes it: in quotes, where quotes are doubled, or without any.
_CELL = re.compile(r'"((?:[^"]|"")*)"|[^,\r\n"]+')
_ACTS = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Sheet:
    """A CSV that comes in pieces; `put` gives what is whole of it so far."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def put(self, piece: bytes, *, last: bool) -> bytes:
        """The next whole rows, harmless; all that is left when it was the last piece."""
        self._rest += self._decoder.decode(piece, last)
        end = len(self._rest) if last else self._end_of_rows()
        rows, self._rest = self._rest[:end], self._rest[end:]
        return _CELL.sub(_harmless, rows).encode()

    def _end_of_rows(self) -> int:
        """Behind the last line break that ends a row: one outside of quotes."""
        end = self._rest.rfind("\n")
        while end >= 0 and self._rest.count('"', 0, end) % 2:
            end = self._rest.rfind("\n", 0, end)
        return end + 1


def _harmless(cell: re.Match[str]) -> str:
    quoted = cell[1]
    inner = cell[0] if quoted is None else quoted
    if _ACTS.match(inner) is None or _NUMBER.fullmatch(inner):
        return cell[0]
    return f"'{inner}" if quoted is None else f'"\'{inner}"'
