"""One gzip layer undone within bounds, noticing what httpx does not: a cut, what follows the end, a bomb.

RFC 1952: a body may be several members in a row; each ends with its checksum and length.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_STEP = 65_536


class BodyTooLarge(Exception):
    """More bytes than a body may have, before or after decompression."""


class BodyCut(Exception):
    """The gzip data ends before its end."""


class BodyBroken(Exception):
    """No gzip data, a wrong checksum, or bytes after the end."""


def gunzip(chunks: Iterable[bytes], limit: int) -> bytes:
    """The decompressed body. Raises BodyTooLarge, BodyCut or BodyBroken."""
    out = bytearray()
    member: zlib._Decompress | None = None
    finished = 0
    for chunk in chunks:
        data = chunk
        while data:
            if member is None:
                if finished and not data.startswith(b"\x1f"):
                    raise BodyBroken("bytes after the end of the gzip data")
                member = zlib.decompressobj(wbits=31)
            for piece in _inflate(member, data):
                out += piece
                if len(out) > limit:
                    raise BodyTooLarge
            data = member.unused_data
            if member.eof:
                member, finished = None, finished + 1
    if member is not None or not finished:
        raise BodyCut
    return bytes(out)


def _inflate(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        yield member.decompress(data, _STEP)
        while member.unconsumed_tail and not member.eof:
            yield member.decompress(member.unconsumed_tail, _STEP)
    except zlib.error as error:
        raise BodyBroken(str(error)) from error
