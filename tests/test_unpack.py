"""Compressed bytes: nothing is lost, no cut goes unnoticed, and no bomb unfolds."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import unpack
from archiver.unpack import Gunzip, NotUnpacked

NINE = gzip.compress(bytes(9), mtime=0)


def unzipped(chunks: Iterable[bytes]) -> bytes:
    return b"".join(Gunzip(chunks))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.data())
def test_gzip_gives_the_same_however_it_is_split(bodies: list[bytes], data: st.DataObject) -> None:
    packed = b"".join(map(gzip.compress, bodies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(packed)), max_size=8)))
    chunks = [packed[start:end] for start, end in zip([0, *cuts], [*cuts, len(packed)], strict=True)]

    assert unzipped(chunks) == b"".join(bodies)


@given(st.binary(max_size=400), st.data())
def test_no_cut_of_gzip_goes_unnoticed(body: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(body)
    cut = data.draw(st.integers(0, len(packed) - 1))

    with pytest.raises(NotUnpacked) as caught:
        unzipped([packed[:cut]])
    assert caught.value.is_cut


@given(st.binary(min_size=20, max_size=400), st.data())
def test_a_changed_byte_of_gzip_never_gives_another_body(body: bytes, data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(body))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with suppress(NotUnpacked):
        assert unzipped([bytes(packed)]) == body  # a byte of the header that means nothing, such as the time


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_at_all_make_the_decoder_fail_in_another_way(chunks: list[bytes]) -> None:
    with suppress(NotUnpacked):
        unzipped(chunks)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, 200_000])
def test_gzip_gives_every_byte_at_the_edges_of_its_steps(size: int) -> None:
    assert unzipped([gzip.compress(bytes(size))]) == bytes(size)


def test_no_piece_is_large_whatever_the_compression() -> None:
    assert max(len(piece) for piece in Gunzip([gzip.compress(bytes(5_000_000))])) <= 65_536


def test_a_body_of_very_many_members_is_refused_before_it_costs_time() -> None:
    began = time.monotonic()
    with pytest.raises(NotUnpacked, match="members"):
        unzipped([gzip.compress(b"") * 800] * 500)

    assert time.monotonic() - began < 1


@given(st.binary(max_size=300), st.integers(0, 3), st.sampled_from([15, -15]))
def test_deflate_gives_every_byte_with_its_frame_and_without(end: bytes, steps: int, wbits: int) -> None:
    whole = bytes(steps * unpack.STEP) + end
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(whole) + packer.flush()

    assert b"".join(unpack.inflate(packed)) == whole
    with pytest.raises(NotUnpacked, match="before its end"):
        list(unpack.inflate(packed[:-1]))


def test_of_more_than_is_wanted_one_byte_more_is_taken() -> None:
    pieces = iter([b"abc", b"def", b"ghi"])

    assert unpack.up_to(pieces, 4) == b"abcde"
    assert next(pieces) == b"ghi"


@pytest.mark.parametrize(
    ("stored", "most"),
    [(NINE, 8), (NINE[:-1], 9), (b"plain", 8), (None, 8), ("text", 8), (NINE, -1), (NINE, None), (NINE, 2**63)],
    ids=str,
)  # fmt: skip
def test_a_stored_body_that_is_not_what_is_noted_is_not_unpacked(stored: object, most: object) -> None:
    with pytest.raises(NotUnpacked):
        unpack.body(stored, most)  # type: ignore[arg-type]


def test_a_stored_body_is_unpacked_to_the_byte() -> None:
    assert unpack.body(NINE, 9) == bytes(9)
    assert unpack.beginning(gzip.compress(b"beginning and end"), 9) == b"beginning"
    assert unpack.beginning(b"no gzip", 9) == b""
