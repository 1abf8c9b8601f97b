"""Compressed bytes undone within bounds: gzip with all its members, deflate, Brotli, a body as the archive holds it.

All give small pieces, so that the taker can stop at any cap of its own, and all notice what libraries pass over: a cut,
what follows the end, a body of very many members.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from archiver.errors import how_to_install

STEP = 65_536
"""Most bytes given out at once, whatever the compression."""

MOST_MEMBERS = 1_000  # no server makes more; each costs time, also when it holds nothing
_GZIP = 31  # zlib's number for RFC 1952; 15 stands for RFC 1950, -15 for RFC 1951
_BEGIN = b"\x1f\x8b"


class NotUnpacked(Exception):
    """Compressed bytes that give nothing whole. `str()` says what they do: `ends before its end`, `is broken (…)`."""

    def __init__(self, does: str, *, is_cut: bool = False) -> None:
        super().__init__(does)
        self.is_cut = is_cut


def _cut() -> NotUnpacked:
    return NotUnpacked("ends before its end", is_cut=True)


class Gunzip:
    """The bytes of gzip data, members in a row included (RFC 1952 §2.2); zlib checks the sum and length of each.

    `taken` are the packed bytes so far, `member_at` where in them the member begins that is being undone, `members` how
    many are undone. Iterating raises NotUnpacked.
    """

    def __init__(self, chunks: Iterable[bytes], most_members: int = MOST_MEMBERS) -> None:
        self._chunks = chunks
        self._most_members = most_members
        self.taken = self.member_at = self.members = 0

    def __iter__(self) -> Iterator[bytes]:
        member: zlib._Decompress | None = None
        for chunk in self._chunks:
            self.taken += len(chunk)
            data = chunk
            while data:
                if member is None:
                    self.member_at = self.taken - len(data)
                    self._check_next_member(data)
                    member = zlib.decompressobj(wbits=_GZIP)
                yield from _inflate(member, data)
                data = member.unused_data
                if member.eof:
                    member, self.members = None, self.members + 1
        if member is not None or not self.members:
            raise _cut()

    def _check_next_member(self, data: bytes) -> None:
        if self.members and not data.startswith(_BEGIN[: len(data)]):
            raise NotUnpacked("ends, and something that is no gzip follows")
        if self.members >= self._most_members:
            raise NotUnpacked(f"has more than {self._most_members} members")


def _inflate(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        yield member.decompress(data, STEP)
        while member.unconsumed_tail and not member.eof:
            yield member.decompress(member.unconsumed_tail, STEP)
    except zlib.error as error:
        raise NotUnpacked(f"is broken ({error})") from error


def inflate(data: bytes) -> Iterator[bytes]:
    """What HTTP calls deflate: zlib by RFC 9110 §8.4.1.2, without its frame by old servers. Raises NotUnpacked."""
    is_framed = data[:1] and data[0] & 0x0F == 8 and data[0] >> 4 <= 7
    member = zlib.decompressobj(wbits=15 if is_framed else -15)
    for chunk in chain(in_steps(data), [b""]):  # without a frame the last bytes may still wait within zlib
        yield from _inflate(member, chunk)
        if member.eof:
            return
    raise _cut()


def unbrotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A Brotli layer (RFC 7932): archives pass on what the site sent to them, whatever we accept.

    One that begins with `<` was decoded before, and is given as it is. Raises NotUnpacked, also without the library.
    """
    iterator = iter(chunks)
    first = next(iterator, b"")
    if first.lstrip()[:1] == b"<":
        yield from chain([first], iterator)
        return
    try:
        import brotli
    except ImportError:
        raise NotUnpacked(f"is encoded as br (Brotli), which needs the extra: {how_to_install('rescue')}") from None
    decoder = brotli.Decompressor()
    try:
        for chunk in chain([first], iterator):
            yield decoder.process(chunk, output_buffer_limit=STEP)
            while not decoder.can_accept_more_data() and not decoder.is_finished():
                yield decoder.process(b"", output_buffer_limit=STEP)
            if decoder.is_finished():
                return
    except brotli.error as error:
        raise NotUnpacked("is broken (Brotli)") from error
    raise _cut()


def in_steps(data: bytes) -> Iterator[bytes]:
    """The same bytes in pieces: what a decoder leaves over of a piece is copied, and it is to be little."""
    return (data[at : at + STEP] for at in range(0, len(data), STEP))


def up_to(pieces: Iterable[bytes], most: int) -> bytes:
    """All pieces in one; when they are more than `most` bytes, the first `most` + 1 of them."""
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if len(taken) > most:
            break
    return bytes(taken[: most + 1])


def body(stored: object, most: int) -> bytes:
    """A body as the archive stores it, which is one member of gzip. Raises NotUnpacked when it is longer than `most`.

    An archive may be anybody's file: what stands there may be no bytes, and what is noted of it no length.
    """
    if not isinstance(stored, bytes) or not isinstance(most, int) or not 0 <= most < 2**31:
        raise NotUnpacked("is none")
    member = zlib.decompressobj(wbits=_GZIP)
    try:
        unpacked = member.decompress(stored, most + 1)
    except zlib.error as error:
        raise NotUnpacked(f"is broken ({error})") from error
    if len(unpacked) > most:
        raise NotUnpacked("is longer than it may be")
    if not member.eof:
        raise _cut()
    return unpacked


def beginning(packed: bytes, most: int) -> bytes:
    """The first bytes of what one member of gzip holds, at most so many; empty for what is no gzip."""
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(packed, most)
    except zlib.error:
        return b""
