"""Retry-After, the gzip decoder, and the bounds of memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import RawServer, Script
from wire import HEAD, ask, bomb, chunked, endless, response, steps, zipped

from archiver.web import headers

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
