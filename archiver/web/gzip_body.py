"""One gzip layer undone within bounds, noticing what httpx does not: a cut, what follows the end, a bomb.

RFC 1952 §2.2: a body may be several members in a row; each ends with its checksum and length, which zlib checks.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from archiver.model import Outcome
from archiver.web.faults import Fault

_STEP = 65_536  # most bytes given out at once, whatever the compression
_MOST_MEMBERS = 1_000  # no server makes more; each costs time, also when it holds nothing


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The decompressed body in small pieces, so that the taker can stop at any cap.

    Raises Fault: `truncated` when the data ends early, `protocol_error` when it is no gzip, when a checksum or length
    is wrong, or when something else follows the end.
    """
    member: zlib._Decompress | None = None
    finished = 0
    for chunk in chunks:
        data = chunk
        while data:
            if member is None:
                _check_next_member(data, finished)
                member = zlib.decompressobj(wbits=31)
            yield from _inflate(member, data)
            data = member.unused_data
            if member.eof:
                member, finished = None, finished + 1
    if member is not None or not finished:
        raise Fault(Outcome.TRUNCATED, "the compressed body ends before its end")


def _check_next_member(data: bytes, finished: int) -> None:
    if finished and not data.startswith(b"\x1f"):
        raise Fault(Outcome.PROTOCOL_ERROR, "something follows the end of the compressed body")
    if finished >= _MOST_MEMBERS:
        raise Fault(Outcome.PROTOCOL_ERROR, f"the compressed body has more than {_MOST_MEMBERS} members")


def _inflate(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        yield member.decompress(data, _STEP)
        while member.unconsumed_tail and not member.eof:
            yield member.decompress(member.unconsumed_tail, _STEP)
    except zlib.error as error:
        raise Fault(Outcome.PROTOCOL_ERROR, f"the compressed body is broken ({error})") from error
