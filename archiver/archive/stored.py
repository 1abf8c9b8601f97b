"""A body as the archive holds it, and what it says: a task that needs no archive, so that another process can do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archiver import unpack
from archiver.errors import ArchiveDamaged
from archiver.model import Address
from archiver.model.readings import Reading
from archiver.text import line

ReadPage = Callable[[Address, bytes, str | None], Reading]
Progress = Callable[[int, int], None]
"""Is told how many answers were read, and of how many."""


def unheard(_done: int, _all: int) -> None:
    """The progress that nobody wants to hear of."""


class Stored(NamedTuple):
    """The body of a capture, packed."""

    capture_id: int
    url: str
    size: int  # bytes, unpacked
    packed: bytes
    content_type: str | None

    def weight(self) -> int:
        """Bytes that it takes to read it, as far as is known: an archive may be anybody's file."""
        return self.size if isinstance(self.size, int) and 0 < self.size < 2**31 else 1

    def body(self) -> bytes:
        """As it was received, after content decoding. Raises ArchiveDamaged."""
        try:
            return unpack.body(self.packed, self.size)  # not more than it says: no bomb unfolds
        except unpack.NotUnpacked as error:
            raise ArchiveDamaged(
                f"capture {self.capture_id} of {line(self.url, 200)}: its body cannot be read (it {error});"
                " put back a copy of the archive"
            ) from error


def read_again(read: ReadPage, address: Address, stored: Stored) -> Reading:
    """What a body says of the page that it came for. Raises ArchiveDamaged."""
    return read(address, stored.body(), stored.content_type)
