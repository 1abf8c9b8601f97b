"""Retry-After, the gzip decoder, and the bounds of memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import RawServer, Script
from wire import HEAD, ask, bomb, chunked, endless, response, steps, zipped

from archiver.model import Outcome
from archiver.web import headers
from archiver.web.faults import Fault
from archiver.web.gzip_body import gunzip

# ─── Retry-After ────────────────────────────────────────────────────────────────────────────────

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
WRONG_CLOCK = "Fri, 01 Jan 1999 00:00:00 GMT"


def retry_after_s(value: str | None, date: str | None) -> float | None:
    fields = [(name, said) for name, said in (("retry-after", value), ("date", date)) if said is not None]
    return headers.retry_after_s(headers.clean((name.encode(), said.encode()) for name, said in fields), NOW)


RETRY_AFTER: list[tuple[str | None, str | None, float | None]] = [
    (None, None, None),
    ("", DATE, None),
    ("120", DATE, 120.0),
    (" 120 ", None, 120.0),
    ("0", DATE, 0.0),
    ("00000000000000000120", DATE, 120.0),
    ("9" * 30, DATE, 366 * 86_400.0),
    ("-5", DATE, None),
    ("1.5", DATE, 1.5),
    ("1e3", DATE, None),
    ("soon", DATE, None),
    ("120, 60", DATE, None),
    ("１２０", DATE, None),
    ("Mon, 23 Nov 2026 12:02:00 GMT", DATE, 120.0),
    ("Mon, 23 Nov 2026 12:02:00 GMT", None, 120.0),
    ("Mon, 23 Nov 2026 12:02:00 GMT", "yesterday", 120.0),
    ("Fri, 01 Jan 1999 00:01:30 GMT", WRONG_CLOCK, 90.0),  # the host's clock is wrong: by its own Date
    ("Mon, 23 Nov 2026 11:00:00 GMT", DATE, 0.0),
    ("Sunday, 06-Nov-94 08:49:37 GMT", DATE, 0.0),  # RFC 850
    ("Sun Nov  6 08:49:37 1994", DATE, 0.0),  # asctime
    ("Fri, 31 Dec 9999 23:59:59 GMT", DATE, 366 * 86_400.0),
    ("Mon, 99 Nov 2026 12:02:00 GMT", DATE, None),
    ("\0", DATE, None),
]


@pytest.mark.parametrize(("value", "date", "seconds"), RETRY_AFTER)
def test_retry_after_is_read_in_seconds_and_as_a_date(
    value: str | None, date: str | None, seconds: float | None
) -> None:
    assert retry_after_s(value, date) == seconds


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} .{0,20}")), st.text())
def test_retry_after_is_finite_or_nothing(value: str, date: str) -> None:
    seconds = retry_after_s(value, date)

    assert seconds is None or 0 <= seconds <= 366 * 86_400


def test_retry_after_comes_with_the_answer() -> None:
    answer = ask(response(b"later", "Retry-After: 90", f"Date: {DATE}", status="503 Busy"))

    assert (answer.status, answer.retry_after_s, answer.body, answer.failure) == (503, 90.0, b"later", None)


# ─── the gzip decoder ───────────────────────────────────────────────────────────────────────────


def unzipped(chunks: Iterable[bytes]) -> bytes:
    return b"".join(gunzip(chunks))


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

    with pytest.raises(Fault) as caught:
        unzipped([packed[:cut]])
    assert caught.value.outcome is Outcome.TRUNCATED


@given(st.binary(min_size=20, max_size=400), st.data())
def test_a_changed_byte_of_gzip_never_gives_another_body(body: bytes, data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(body))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    try:
        assert unzipped([bytes(packed)]) == body  # a byte of the header that means nothing, such as the time
    except Fault as fault:
        assert fault.outcome in {Outcome.TRUNCATED, Outcome.PROTOCOL_ERROR}  # noqa: PT017 - either may happen


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_at_all_make_the_decoder_fail_in_another_way(chunks: list[bytes]) -> None:
    try:
        unzipped(chunks)
    except Fault as fault:
        assert fault.outcome in {Outcome.TRUNCATED, Outcome.PROTOCOL_ERROR}  # noqa: PT017


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, 200_000])
def test_gzip_gives_every_byte_at_the_edges_of_its_steps(size: int) -> None:
    assert unzipped([gzip.compress(bytes(size))]) == bytes(size)


def test_no_piece_is_large_whatever_the_compression() -> None:
    assert max(len(piece) for piece in gunzip([gzip.compress(bytes(5_000_000))])) <= 65_536


def test_a_body_of_very_many_members_is_refused_before_it_costs_time() -> None:
    began = time.monotonic()
    with pytest.raises(Fault, match="members"):
        unzipped([gzip.compress(b"") * 800] * 500)

    assert time.monotonic() - began < 1


# ─── memory ─────────────────────────────────────────────────────────────────────────────────────

MEASURE = """
    import resource, sys
    from archiver.machine.clock import SystemClock
    from archiver.config import Network
    from archiver.web.client import Client

    network = Network(connect_to={"https://ithelp.ithome.com.tw": sys.argv[1]})
    with Client(network, user_agent="t", clock=SystemClock()) as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(int(sys.argv[2])):
            answer = client.send("https://ithelp.ithome.com.tw/articles/1")
            print(answer.failure or answer.status)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) // 1024)
"""


# What is sent, and what is printed for it.
HEAVY: dict[str, tuple[Script, str]] = {
    "bomb": (zipped(bomb(600)), "too_large"),
    "bomb in a 404": (response(bomb(600), "Content-Encoding: gzip", status="404 Not Found"), "404"),
    "bomb in a bomb": (zipped(gzip.compress(bomb(600)), "gzip, gzip"), "protocol_error"),
    "bomb in a redirect": (response(bomb(600), "Content-Encoding: gzip", "Location: /x", status="302 Found"), "302"),
    "endless body": (steps(response(unsaid=True), endless(bytes(65_536))), "too_large"),
    "endless head": (steps(HEAD, endless(b"X-More: " + b"a" * 4_000 + b"\r\n")), "too_large"),
    "endless chunks": (steps(chunked(end=b""), endless(b"10000\r\n" + bytes(65_536) + b"\r\n")), "too_large"),
    "endless chunk extension": (steps(chunked(end=b"1;x="), endless(b"a" * 65_536)), "protocol_error"),
    "endless trailer": (steps(chunked(end=b"0\r\n"), endless(b"X-More: a\r\n" * 5_000)), "protocol_error"),
    "members": (zipped(gzip.compress(b"") * 50_000), "protocol_error"),
}


def test_nothing_that_a_host_sends_takes_more_than_150_megabytes() -> None:
    with RawServer(*(script for script, _ in HEAVY.values())) as server:
        command = [sys.executable, "-c", textwrap.dedent(MEASURE), server.origin, str(len(HEAVY))]
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    assert dict(zip(HEAVY, output[:-1], strict=True)) == {name: printed for name, (_, printed) in HEAVY.items()}
    assert int(output[-1]) < 150, "megabytes more than before"
