"""A Brotli layer (RFC 7932) undone within bounds: archives pass on what the site sent to them, whatever we accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from archiver.errors import how_to_install
from archiver.model import Outcome
from archiver.web.faults import Fault

_STEP = 65_536  # most bytes given out at once, whatever the compression


def unbrotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The decompressed body in small pieces, so that the taker can stop at any cap.

    A body that begins with `<` was decoded before it was sent, and is given as it is. Raises Fault: `truncated` when
    the data ends early, `protocol_error` when it is not Brotli, or when the library is not installed.
    """
    iterator = iter(chunks)
    first = next(iterator, b"")
    if first.lstrip()[:1] == b"<":
        yield from chain([first], iterator)
        return
    try:
        import brotli
    except ImportError:
        words = f"encoded as br (Brotli), which needs the extra: {how_to_install('rescue')}"
        raise Fault(Outcome.PROTOCOL_ERROR, words) from None
    decoder = brotli.Decompressor()
    try:
        for chunk in chain([first], iterator):
            yield decoder.process(chunk, output_buffer_limit=_STEP)
            while not decoder.can_accept_more_data() and not decoder.is_finished():
                yield decoder.process(b"", output_buffer_limit=_STEP)
            if decoder.is_finished():
                return
    except brotli.error as error:
        raise Fault(Outcome.PROTOCOL_ERROR, "the compressed body is broken (Brotli)") from error
    raise Fault(Outcome.TRUNCATED, "the compressed body ends before its end")
