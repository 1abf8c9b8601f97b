"""One request against a server that does everything wrong that is known to be done wrong."""

from __future__ import annotations

import gzip
import time
import zlib
from dataclasses import replace

import pytest
from raw_server import Connection, RawServer, Script
from wire import (
    CANONICAL,
    CONTROL,
    HEAD,
    NETWORK,
    PAGE,
    URL,
    ask,
    bomb,
    chunked,
    client_of,
    drip,
    endless,
    reset,
    response,
    stall,
    steps,
    zipped,
)  # fmt: skip

from archiver.machine.clock import SystemClock
from archiver.model import Outcome, Validators
from archiver.web.client import Client

PACKED = gzip.compress(PAGE * 20)

# What the server does → what the answer is: the status, and the outcome of its failure.
FAULTS: dict[str, tuple[Script, int | None, Outcome | None]] = {
    # whole answers
    "plain": (steps(response(PAGE)), 200, None),
    "gzip": (steps(zipped(gzip.compress(PAGE))), 200, None),
    "x-gzip is gzip (RFC 9110 §8.4.1.3)": (steps(zipped(gzip.compress(PAGE), "X-GZip")), 200, None),
    "two gzip members": (steps(zipped(gzip.compress(PAGE[:9]) + gzip.compress(PAGE[9:]))), 200, None),
    "identity, which nobody needs to say": (steps(response(PAGE, "Content-Encoding: identity")), 200, None),
    "chunked": (steps(chunked(PAGE[:7], PAGE[7:])), 200, None),
    "chunked with extension and trailer": (
        steps(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x;a=b\r\n" % len(PAGE) + PAGE + b"\r\n0\r\nX-T: 1\r\n\r\n"),
        200,
        None,
    ),
    "chunked gzip": (steps(chunked(gzip.compress(PAGE), headers="Content-Encoding: gzip\r\n")), 200, None),
    "body until the connection closes": (steps(response(PAGE, unsaid=True)), 200, None),
    "HTTP/1.0": (steps(b"HTTP/1.0 200 OK\r\n\r\n" + PAGE), 200, None),
    "the same length twice": (steps(response(PAGE, f"Content-Length: {len(PAGE)}")), 200, None),
    "103 and 100 before the answer": (
        steps(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + response(PAGE)),
        200,
        None,
    ),
    "no reason phrase": (steps(response(PAGE, status="200")), 200, None),
    "bytes above ASCII in a header and the reason phrase": (
        steps(response(PAGE, "X-Title: \xe5\xbf\xab\x81", status="200 \xe5\xa5\xbd")),
        200,
        None,
    ),
    "ESC in a header, which is cleaned": (steps(response(PAGE, "X-Esc: \x1b[2J")), 200, None),
    "ESC in the reason phrase, which is not used": (steps(response(PAGE, status="200 \x1b]0;owned\x07")), 200, None),
    # compression
    "an encoding with escapes in its name": (steps(zipped(PAGE, "\x1b[31mred")), 200, Outcome.PROTOCOL_ERROR),
    "gzip cut": (steps(zipped(PACKED[:-20])), 200, Outcome.TRUNCATED),
    "gzip cut inside its trailer": (steps(zipped(PACKED[:-1])), 200, Outcome.TRUNCATED),
    "gzip cut inside its header": (steps(zipped(PACKED[:5])), 200, Outcome.TRUNCATED),
    "second gzip member cut": (steps(zipped(PACKED + PACKED[:-4])), 200, Outcome.TRUNCATED),
    "bytes after the gzip data": (steps(zipped(PACKED + b"<script>")), 200, Outcome.PROTOCOL_ERROR),
    "zeros after the gzip data": (steps(zipped(PACKED + bytes(8))), 200, Outcome.PROTOCOL_ERROR),
    "wrong checksum": (steps(zipped(PACKED[:-8] + bytes(4) + PACKED[-4:])), 200, Outcome.PROTOCOL_ERROR),
    "wrong length in the trailer": (steps(zipped(PACKED[:-4] + bytes(4))), 200, Outcome.PROTOCOL_ERROR),
    "said to be gzip, and is not": (steps(zipped(PAGE)), 200, Outcome.PROTOCOL_ERROR),
    "gzip bomb": (steps(zipped(bomb(20))), 200, Outcome.TOO_LARGE),
    "gzip, gzip": (steps(zipped(gzip.compress(PACKED), "gzip, gzip")), 200, Outcome.PROTOCOL_ERROR),
    "gzip twice, in two headers": (
        steps(response(PACKED, "Content-Encoding: gzip", "Content-Encoding: gzip")),
        200,
        Outcome.PROTOCOL_ERROR,
    ),
    "br": (steps(zipped(b"\x0b\x02\x80hello\x03", "br")), 200, Outcome.PROTOCOL_ERROR),
    "deflate": (steps(zipped(zlib.compress(PAGE), "deflate")), 200, Outcome.PROTOCOL_ERROR),
    "length too short for what is said": (steps(response(PAGE, length=len(PAGE) + 9)), 200, Outcome.TRUNCATED),
    "gzip with a length that is short": (
        steps(response(PACKED, "Content-Encoding: gzip", length=len(PACKED) + 1)),
        200,
        Outcome.TRUNCATED,
    ),
    "lengths that disagree": (steps(response(PAGE, "Content-Length: 5")), None, Outcome.PROTOCOL_ERROR),
    "lengths that disagree, in one header": (
        steps(response(PAGE, "Content-Length: 5, 6", unsaid=True)),
        None,
        Outcome.PROTOCOL_ERROR,
    ),
    "negative length": (steps(response(PAGE, length=-5)), None, Outcome.PROTOCOL_ERROR),
    "length that is no number": (
        steps(response(PAGE, "Content-Length: 0x10", unsaid=True)),
        None,
        Outcome.PROTOCOL_ERROR,
    ),
    "length of 40 digits": (steps(response(PAGE, length=10**40)), None, Outcome.PROTOCOL_ERROR),
    "huge length": (steps(response(PAGE, length=50_000_000_000), stall), 200, Outcome.TOO_LARGE),
    "body over the cap, no length": (steps(response(unsaid=True), endless(bytes(50_000))), 200, Outcome.TOO_LARGE),
    "hardly a body, for ever, in huge chunk extensions": (
        steps(chunked(end=b""), endless(b"1;x=" + b"a" * 9_000 + b"\r\na\r\n")),
        200,
        Outcome.TOO_LARGE,
    ),
    "endless chunks": (steps(chunked(end=b""), endless(b"400\r\n" + bytes(1024) + b"\r\n")), 200, Outcome.TOO_LARGE),
    "chunk size that is no number": (steps(chunked(end=b"zz\r\nhello\r\n")), 200, Outcome.PROTOCOL_ERROR),
    "negative chunk size": (steps(chunked(end=b"-5\r\nhello\r\n")), 200, Outcome.PROTOCOL_ERROR),
    "chunk size of 30 digits": (steps(chunked(end=b"f" * 30 + b"\r\nhello\r\n")), 200, Outcome.PROTOCOL_ERROR),
    "chunk longer than it says": (steps(chunked(end=b"3\r\nhello\r\n0\r\n\r\n")), 200, Outcome.PROTOCOL_ERROR),
    "chunked, cut in a chunk": (steps(chunked(PAGE, end=b"50\r\nabc")), 200, Outcome.TRUNCATED),
    "chunked, cut between chunks": (steps(chunked(PAGE, end=b"")), 200, Outcome.TRUNCATED),
    "chunked, cut before its last line": (steps(chunked(PAGE, end=b"0\r\n")), 200, Outcome.TRUNCATED),
    "transfer encoding that nobody asked for": (
        steps(response(PAGE, "Transfer-Encoding: gzip, chunked", unsaid=True)),
        None,
        Outcome.PROTOCOL_ERROR,
    ),
    "reset inside the head": (steps(HEAD, reset), None, Outcome.TRUNCATED),
    "reset inside the body": (steps(response(PAGE, length=5_000), reset), 200, Outcome.TRUNCATED),
    # no answer
    "reset before the answer": (steps(reset), None, Outcome.CONNECT_ERROR),
    "closed without an answer": (steps(), None, Outcome.CONNECT_ERROR),
    "closed inside the head": (steps(HEAD + b"X-Half: "), None, Outcome.TRUNCATED),
    # heads
    "one huge header": (steps(HEAD + b"X-Huge: " + b"a" * 60_000 + b"\r\n\r\n"), None, Outcome.TOO_LARGE),
    "many headers": (steps(HEAD + b"X-Many: a\r\n" * 6_000 + b"\r\n"), None, Outcome.TOO_LARGE),
    "endless head": (steps(HEAD, endless(b"X-More: a\r\n" * 50)), None, Outcome.TOO_LARGE),
    "endless status line": (steps(b"HTTP/1.1 200 ", endless(b"O" * 500)), None, Outcome.TOO_LARGE),
    "endless 1xx": (steps(endless(b"HTTP/1.1 103 Early Hints\r\n\r\n")), None, Outcome.TOO_LARGE),
    "NUL in a header": (steps(response(PAGE, "X-Nul: a\0b")), None, Outcome.PROTOCOL_ERROR),
    "ESC in a header's name": (steps(response(PAGE, "X\x1b: a")), None, Outcome.PROTOCOL_ERROR),
    "a header without a colon": (steps(response(PAGE, "no colon here")), None, Outcome.PROTOCOL_ERROR),
    "space before the colon": (steps(response(PAGE, "X-Space : a")), None, Outcome.PROTOCOL_ERROR),
    "HTTP/0.9": (steps(b"<html>hello, it is 1991\r\n\r\n"), None, Outcome.PROTOCOL_ERROR),
    "SSH": (steps(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), None, Outcome.PROTOCOL_ERROR),
    "bytes of no protocol": (steps(bytes(range(256)) * 4 + b"\r\n\r\n"), None, Outcome.PROTOCOL_ERROR),
    "HTTP/2 preface": (steps(b"HTTP/2 200\r\n\r\n"), None, Outcome.PROTOCOL_ERROR),
    "101 to a protocol that nobody asked for": (
        steps(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
        None,
        Outcome.PROTOCOL_ERROR,
    ),
    "304 to a question without conditions": (
        steps(response(status="304 Not Modified", unsaid=True)),
        304,
        Outcome.PROTOCOL_ERROR,
    ),
    "lengths in the head and in the chunks that disagree": (
        steps(chunked(PAGE, headers="Content-Length: 5\r\n")),
        200,
        Outcome.PROTOCOL_ERROR,
    ),
    "NUL in the reason phrase": (steps(response(PAGE, status="200 a\0b")), None, Outcome.PROTOCOL_ERROR),
    "status of two digits": (steps(b"HTTP/1.1 20 OK\r\n\r\n"), None, Outcome.PROTOCOL_ERROR),
}


@pytest.mark.parametrize(("script", "status", "outcome"), FAULTS.values(), ids=FAULTS.keys())
def test_each_answer_is_whole_or_a_named_fault(script: Script, status: int | None, outcome: Outcome | None) -> None:
    with RawServer(script) as server, client_of(server) as client:
        began = time.monotonic()
        answer = client.send(URL)
        took = time.monotonic() - began

    assert (answer.status, answer.failure) == (status, outcome), answer.error
    assert took < NETWORK.timeout_s + 0.5
    assert answer.wire_bytes <= NETWORK.max_wire_bytes + 65_536
    assert answer.requested_url == URL
    said = "".join([answer.error or "", *(name + value for name, value in answer.headers)])
    assert not CONTROL.search(said)
    if outcome is None:
        assert (answer.body, answer.error) == (PAGE, None)
    else:
        assert answer.body is None
        assert answer.error


SLOW: dict[str, tuple[Script, int | None]] = {
    "dripping head": (steps(drip(HEAD + b"X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), None),
    "a header now and then": (steps(HEAD, drip(b"A: b\r\n" * 50, 0.01)), None),
    "dripping body": (steps(response(b"", length=5_000), drip(PAGE * 20)), 200),
    "dripping chunks": (steps(chunked(end=b""), drip(b"1\r\na\r\n" * 200, 0.01)), 200),
    "dripping gzip": (steps(response(b"", "Content-Encoding: gzip", length=5_000), drip(PACKED)), 200),
    "silence": (steps(stall), None),
    "silence inside the body": (steps(response(PAGE, length=5_000), stall), 200),
    "1xx for ever, slowly": (steps(drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20, 0.01)), None),
}


@pytest.mark.parametrize(("script", "status"), SLOW.values(), ids=SLOW.keys())
def test_a_slow_server_holds_a_request_no_longer_than_the_deadline(script: Script, status: int | None) -> None:
    network = replace(NETWORK, timeout_s=0.4)
    with RawServer(script) as server, client_of(server, network) as client:
        began = time.monotonic()
        answer = client.send(URL)
        took = time.monotonic() - began

    assert (answer.status, answer.failure) == (status, Outcome.TIMEOUT)
    assert 0.3 < took < 0.9
    assert 300 < answer.elapsed_ms < 900


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_does_not_wait_for_one(status: str) -> None:
    script = steps(response(b"", 'ETag: "1"', status=status, unsaid=True), stall)
    with RawServer(script) as server, client_of(server) as client:
        answer = client.send(URL, Validators('"1"'))

    assert (answer.status, answer.body or b"", answer.failure) == (int(status[:3]), b"", None)
    assert answer.header("etag") == '"1"'
    assert answer.elapsed_ms < 1_000


# What comes of a body adds to an error status and never hides it: a page that is gone is gone.
ERRORS: dict[str, Script] = {
    "plain": steps(response(PAGE, status="404 Not Found")),
    "no body": steps(response(status="404 Not Found")),
    "bomb": steps(response(bomb(20), "Content-Encoding: gzip", status="404 Not Found")),
    "huge length": steps(response(length=50_000_000_000, status="404 Not Found"), stall),
    "endless": steps(response(status="404 Not Found", unsaid=True), endless(bytes(50_000))),
    "cut": steps(response(PAGE, length=5_000, status="404 Not Found")),
    "reset": steps(response(PAGE, length=5_000, status="404 Not Found"), reset),
    "broken gzip": steps(response(PAGE, "Content-Encoding: gzip", status="404 Not Found")),
    "unasked encoding": steps(response(PAGE, "Content-Encoding: br", status="404 Not Found")),
    "bad chunks": steps(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
}


@pytest.mark.parametrize("script", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_status_counts_whatever_comes_of_its_body(script: Script) -> None:
    answer = ask(script)

    assert (answer.status, answer.failure) == (404, None)
    assert len(answer.body or b"") <= NETWORK.max_body_bytes
    assert answer.wire_bytes <= NETWORK.max_wire_bytes + 65_536
    assert not CONTROL.search(answer.error or "")


def test_a_body_that_came_as_one_member_of_gzip_is_given_as_it_came_too() -> None:
    scripts = (zipped(PACKED), zipped(PACKED + gzip.compress(b"more")), zipped(PAGE, "identity"), zipped(PACKED[:-1]))
    answers = [ask(script) for script in scripts]

    assert [answer.packed for answer in answers] == [PACKED, None, None, None]
    assert answers[0].body == PAGE * 20


def test_an_empty_body_is_empty_whatever_its_encoding_is_called() -> None:
    answer = ask(zipped(b""))

    assert (answer.status, answer.body, answer.failure) == (200, b"", None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_body_of_a_redirect_is_never_read(status: int) -> None:
    taken: list[int] = []

    def pour(connection: Connection) -> None:
        while True:
            connection.send(bytes(65_536))
            taken.append(65_536)

    script = steps(response(b"", "Location: /articles/1", status=f"{status} Go", unsaid=True), pour)
    with RawServer(script) as server, client_of(server) as client:
        answer = client.send(URL)

    assert (answer.status, answer.location, answer.body) == (status, f"{CANONICAL}/articles/1", None)
    assert (answer.failure, answer.wire_bytes) == (None, 0)
    assert len(server.requests) == 1
    assert sum(taken) < 10_000_000, "what the sockets hold, and no more"


# Location as sent → as given on: absolute where that is possible, else as written and cleaned, for the guard to refuse.
LOCATIONS: dict[str, str | None] = {
    "/articles/1": f"{CANONICAL}/articles/1",
    "1?page=2": f"{CANONICAL}/articles/1?page=2",
    "//evil.example/x": "https://evil.example/x",
    "?page=2": f"{CANONICAL}/articles/10290001?page=2",
    "HTTPS://ITHELP.ITHOME.COM.TW:443/articles/1": f"{CANONICAL}/articles/1",
    "/articles/1#c": f"{CANONICAL}/articles/1",
    "": None,
    "   ": None,
    "javascript:alert(1)": "javascript:alert(1)",
    "data:text/html,x": "data:text/html,x",
    "file:///etc/passwd": "file:///etc/passwd",
    "http://[::1": "http://[::1",
    "http://[zz]/": "http://[zz]/",
    "http://xn--/": "http://xn--/",
    "http://a\\@b/": "http://a\\@b/",
    "http://user:pw@host.example/": "http://user:pw@host.example/",
    "http://host.example:99999/": "http://host.example:99999/",
    "http://host.example:port/": "http://host.example:port/",
    "/快取".encode().decode("latin-1"): f"{CANONICAL}/快取",
    "/a\xe9b": f"{CANONICAL}/aéb",
    "/a\tb": f"{CANONICAL}/a%20b",
}


@pytest.mark.parametrize(("sent", "given_on"), LOCATIONS.items())
def test_a_location_is_made_absolute_or_passed_on_to_be_refused(sent: str, given_on: str | None) -> None:
    answer = ask(response(b"", f"Location: {sent}", status="302 Found"))

    assert (answer.status, answer.failure) == (302, None)
    assert answer.location == given_on


def test_a_location_on_a_page_that_is_no_redirect_is_none() -> None:
    assert ask(response(PAGE, "Location: /elsewhere")).location is None


@pytest.mark.parametrize("url", [place for place in LOCATIONS.values() if place and not place.startswith(CANONICAL)])
def test_a_bad_url_is_an_answer_and_nothing_is_contacted(url: str) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("not asked for in this test")

    with Client(NETWORK, user_agent="t", clock=SystemClock(), resolve=unknown) as client:
        answer = client.send(url)

    assert answer.failure in {Outcome.OFF_SITE, Outcome.PROTOCOL_ERROR, Outcome.DNS_ERROR}
    assert (answer.status, answer.requested_url) == (None, url)
    assert answer.error
    assert not CONTROL.search(answer.error)


@pytest.mark.parametrize(
    "url", ["", "\0", f"{CANONICAL}/a\nb", f"{CANONICAL}/\x1b[2J", "http://h\udc80/", "a" * 70_000]
)
def test_a_url_that_is_none_never_raises(url: str) -> None:
    answer = ask(response(PAGE), url=url)

    assert answer.failure in {Outcome.OFF_SITE, Outcome.PROTOCOL_ERROR}
    assert answer.error
    assert not CONTROL.search(answer.error)


# ─── what we hand on ────────────────────────────────────────────────────────────────────────────


def test_header_names_are_in_lower_case_and_values_are_clean_lines() -> None:
    answer = ask(response(PAGE, "X-Title: 快取".encode().decode("latin-1"), "X-C1: a\x85b", 'ETag:   \t "x"  '))

    assert answer.header("x-title") == "快取"
    assert answer.header("etag") == '"x"'
    assert not any(CONTROL.search(value) for _, value in answer.headers)


def test_no_error_repeats_what_the_host_said_raw() -> None:
    raw = "\x1b]0;owned\x07\x9b31m\u202e\u200b".encode().decode("latin-1")
    scripts = [response(PAGE, status=f"20 {raw}"), response(PAGE, f"no colon {raw}"), zipped(PAGE, f"a{raw}")]
    scripts += [chunked(end=f"{raw}\r\n".encode("latin-1")), f"{raw}\r\n\r\n".encode("latin-1")]
    for script in scripts:
        answer = ask(script)
        assert answer.failure is Outcome.PROTOCOL_ERROR
        assert not CONTROL.search(answer.error or "")
        assert not set(answer.error or "") & {"\u202e", "\u200b"}


@pytest.mark.parametrize("unsaid", [True, False])
def test_a_body_as_large_as_the_cap_is_whole_and_one_byte_more_is_too_large(unsaid: bool) -> None:
    cap = NETWORK.max_wire_bytes
    whole, over = (ask(response(bytes(size), unsaid=unsaid)) for size in (cap, cap + 1))

    assert (whole.failure, whole.wire_bytes, len(whole.body or b"")) == (None, cap, cap)
    assert (over.failure, over.body) == (Outcome.TOO_LARGE, None)


@pytest.mark.parametrize("size", [NETWORK.max_body_bytes, NETWORK.max_body_bytes + 1])
def test_the_cap_after_decompression_is_exact(size: int) -> None:
    answer = ask(zipped(gzip.compress(bytes(size))))

    assert answer.failure is (None if size == NETWORK.max_body_bytes else Outcome.TOO_LARGE)


def test_the_first_bytes_of_a_body_over_the_cap_are_kept_where_that_is_asked() -> None:
    network = replace(NETWORK, max_wire_bytes=2_000_000, max_body_bytes=2_000_000)
    big = (b"User-agent: *\nDisallow: /a\n" * 30_000)[:800_000]
    scripts: list[Script] = [
        response(big), zipped(gzip.compress(big)), steps(response(unsaid=True), endless(big)), zipped(bomb(50)),
        response(b"a" * 700_000, length=50_000_000_000),
    ]  # fmt: skip
    for script in scripts:
        answer = ask(script, network=network, keep_cut=True)
        assert answer.failure is None, answer.error
        assert answer.body is not None
        assert 512_000 <= len(answer.body) < 700_000, "at least 500 KiB (RFC 9309 §2.5), and not much more"


def test_a_small_body_is_whole_where_the_first_bytes_would_do() -> None:
    assert ask(response(PAGE), keep_cut=True).body == PAGE
    assert ask(zipped(PACKED), keep_cut=True).body == PAGE * 20
    assert ask(zipped(PACKED[:-9]), keep_cut=True).failure is Outcome.TRUNCATED
