"""Connections that live from one request to the next, and every way in which a host may abuse one."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import served_with, trusting
from fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from raw_server import Connection, RawServer
from wire import CANONICAL, HEAD, NETWORK, PAGE, URL, chunked, client_of, response, zipped

from archiver.machine.clock import Clock, SystemClock
from archiver.model import Answer, Extra, Outcome, Validators
from archiver.web.client import Client
from archiver.web.transport import KEPT, KEPT_S

OTHER = response(b"<title>the second answer</title>")
SMUGGLED = response(b"<title>nobody asked for this</title>")
Act = Callable[[Connection], None]


def one_after_the_other(*answers: bytes | Act) -> Act:
    """Serves one connection: an answer to each request, until the answers are spent or the client leaves."""

    def serve(connection: Connection) -> None:
        for number, answer in enumerate(answers):
            if number and not connection.hear():
                return
            if isinstance(answer, bytes):
                connection.send(answer)
            else:
                answer(connection)
        connection.hear()  # so that it is the client who ends it

    return serve


def then(data: bytes, act: Act) -> Act:
    def run(connection: Connection) -> None:
        connection.send(data)
        act(connection)

    return run


def closing(connection: Connection) -> None:
    connection.sock.close()


@contextmanager
def client_with(server: RawServer, clock: Clock | None = None, **how: object) -> Iterator[Client]:
    network = replace(NETWORK, connect_to={CANONICAL: server.origin})
    with Client(network, user_agent="t", clock=clock or SystemClock(), **how) as client:  # type: ignore[arg-type]
        yield client


# ─── kept ───────────────────────────────────────────────────────────────────────────────────────

WHOLE: dict[str, bytes] = {
    "a length": response(PAGE),
    "no body": response(),
    "chunks": chunked(PAGE[:7], PAGE[7:]),
    "chunks and a trailer": chunked(PAGE, end=b"0\r\nX-T: 1\r\n\r\n"),
    "gzip": zipped(gzip.compress(PAGE)),
    "204": response(status="204 No Content", unsaid=True),
    "404": response(PAGE, status="404 Not Found"),
    "410": response(PAGE, status="410 Gone"),
    "a redirect without a body": response(b"", "Location: /articles/2", status="302 Found"),
    "a redirect with a short body": response(b"<html>moved", "Location: /articles/2", status="302 Found"),
    "an interim response first": b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(PAGE),
}


@pytest.mark.parametrize("first", WHOLE.values(), ids=WHOLE)
def test_a_connection_serves_on_after_an_answer_that_was_whole(first: bytes) -> None:
    with RawServer(one_after_the_other(first, OTHER, OTHER)) as server, client_of(server) as client:
        answers = [client.send(URL) for _ in range(3)]

    assert server.connections == 1
    assert [one.reused for one in answers] == [False, True, True]
    assert [one.body for one in answers[1:]] == [b"<title>the second answer</title>"] * 2


def test_a_304_and_the_answer_to_a_head_have_no_body_whatever_length_they_tell() -> None:
    unchanged = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n"
    to_head = HEAD + b"Content-Length: 900\r\n\r\n"
    with RawServer(one_after_the_other(unchanged, to_head, OTHER)) as server, client_of(server) as client:
        seen = [
            client.send(URL, Validators('"1"')), client.send(URL, extra=Extra(head=True)), client.send(URL)
        ]  # fmt: skip

    assert [one.status for one in seen] == [304, 200, 200]
    assert seen[2].body == b"<title>the second answer</title>"
    assert server.connections == 1


def test_the_deadline_and_the_bounds_of_a_request_are_its_own_on_a_kept_connection() -> None:
    network = replace(NETWORK, timeout_s=0.4, max_wire_bytes=1_000)
    slow = then(HEAD + b"Content-Length: 900\r\n\r\n", lambda connection: connection.stall())
    large = response(bytes(900))
    with RawServer(one_after_the_other(large, large, large, slow)) as server, client_of(server, network) as client:
        answers = [client.send(URL) for _ in range(4)]

    assert [one.failure for one in answers] == [None, None, None, Outcome.TIMEOUT]
    assert 300 < answers[3].elapsed_ms < 1_500
    assert server.connections == 1


# ─── closed at once ─────────────────────────────────────────────────────────────────────────────

OPEN_QUESTIONS: dict[str, bytes] = {
    "the host closes it": response(PAGE, "Connection: close"),
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0 that would keep it": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    "a whole answer behind it": response(PAGE) + SMUGGLED,
    "a whole answer behind the chunks": chunked(PAGE) + SMUGGLED,
    "a length that is too short": response(PAGE, length=len(PAGE) - 3),
    "an empty line behind it": response(PAGE) + b"\r\n",
    "an answer behind a 204": response(status="204 No Content", unsaid=True) + SMUGGLED,
    "an answer behind a redirect": response(b"", "Location: /articles/2", status="302 Found") + SMUGGLED,
    "a length beside the chunks": chunked(PAGE, headers=f"Content-Length: {len(PAGE)}\r\n"),
    "chunks that are not well": chunked(PAGE, end=b"zz\r\n"),
    "a gzip that is not well": zipped(gzip.compress(PAGE)[:-4] + bytes(4)),
    "an encoding that nobody asked for": zipped(PAGE, "br"),
    "a body over the cap": response(bytes(400_000)),
    "a redirect with a long body": response(bytes(20_000), "Location: /articles/2", status="302 Found"),
    "a redirect in chunks": b"HTTP/1.1 302 Found\r\nLocation: /2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "304 to a question without conditions": response(status="304 Not Modified", unsaid=True),
    "a refusal": response(PAGE, status="403 Forbidden"),
    "too fast": response(PAGE, "Retry-After: 60", status="429 Too Many Requests"),
    "a host in trouble": response(PAGE, status="503 Service Unavailable"),
    "not HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
}


@pytest.mark.parametrize("first", OPEN_QUESTIONS.values(), ids=OPEN_QUESTIONS)
def test_a_connection_with_an_open_question_is_closed_before_the_next_request(first: bytes) -> None:
    with RawServer(one_after_the_other(first, SMUGGLED), OTHER) as server, client_of(server) as client:
        client.send(URL)
        second = client.send(URL)

    assert second.body == b"<title>the second answer</title>", "what follows an answer is not the next one"
    assert (second.reused, second.failure) == (False, None)
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_redirect_that_drips_its_body_is_not_waited_for() -> None:
    dripping = then(
        b"HTTP/1.1 302 Found\r\nLocation: /articles/2\r\nContent-Length: 90\r\n\r\n",
        lambda connection: connection.stall(),
    )
    with RawServer(dripping, OTHER) as server, client_of(server) as client:
        first, second = client.send(URL), client.send(URL)

    assert (first.status, first.location, first.failure) == (302, f"{CANONICAL}/articles/2", None)
    assert first.elapsed_ms < 1_900
    assert (second.reused, server.connections) == (False, 2)


ALL_WELL = st.sampled_from([response(PAGE), chunked(PAGE), zipped(gzip.compress(PAGE))])
BEHIND = st.one_of(st.just(b""), st.just(SMUGGLED), st.binary(min_size=1, max_size=40))


@given(st.lists(st.tuples(ALL_WELL, BEHIND), min_size=1, max_size=4))
def test_whatever_stands_behind_an_answer_is_never_the_next_one(answers: list[tuple[bytes, bytes]]) -> None:
    told = iter(answers)

    def serve(connection: Connection) -> None:
        while (given := next(told, None)) is not None:
            connection.send(given[0] + given[1])
            if not connection.hear():
                return
        connection.send(OTHER)

    with RawServer(serve, serve, serve, serve, serve) as server, client_of(server) as client:
        for _ in range(len(answers)):
            heard = client.send(URL)
            assert (heard.body, heard.failure) == (PAGE, None)

    behind = sum(data != b"" for _, data in answers[:-1])
    assert server.connections == 1 + behind
    assert len(server.requests) == len(answers)


# ─── between two requests ───────────────────────────────────────────────────────────────────────

LATER: dict[str, Act] = {
    "closes": closing,
    "resets": lambda connection: connection.reset(),
    "says 408": lambda connection: connection.send(response(b"", "Connection: close", status="408 Request Timeout")),
    "answers what nobody asked": lambda connection: connection.send(SMUGGLED),
    "sends one byte": lambda connection: connection.send(b"\n"),
}


@pytest.mark.parametrize("act", LATER.values(), ids=LATER)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_host_that_says_anything_between_two_requests_is_asked_on_a_new_connection(
    act: Act, tls: bool, certificate: Path
) -> None:
    heard, said = threading.Event(), threading.Event()

    def serve(connection: Connection) -> None:
        connection.send(response(PAGE))
        heard.wait(5)
        act(connection)
        said.set()
        if connection.sock.fileno() >= 0:
            connection.hear()

    context = served_with(certificate) if tls else None
    with RawServer(serve, OTHER, tls=context) as server, client_with(server, tls=trusting(certificate)) as client:
        first = client.send(URL)
        heard.set()
        said.wait(5)
        second = client.send(URL)

    assert (first.body, second.body) == (PAGE, b"<title>the second answer</title>")
    assert (second.reused, server.connections, len(server.requests)) == (False, 2, 2)


def test_a_tls_host_that_says_good_bye_is_asked_on_a_new_connection(certificate: Path) -> None:
    gone = threading.Event()

    def serve(connection: Connection) -> None:
        connection.send(response(PAGE))
        connection.sock.settimeout(0.05)  # the answer to our close_notify is not waited for
        with suppress(OSError):
            connection.sock.unwrap()  # type: ignore[attr-defined]
        gone.set()
        connection.stall()

    tls = served_with(certificate)
    with RawServer(serve, OTHER, tls=tls) as server, client_with(server, tls=trusting(certificate)) as client:
        client.send(URL)
        gone.wait(5)
        second = client.send(URL)

    assert (second.body, second.reused) == (b"<title>the second answer</title>", False)


def test_a_tls_connection_serves_on_with_one_handshake(certificate: Path) -> None:
    names: list[str | None] = []
    many = one_after_the_other(*[response(PAGE)] * 5)
    tls = served_with(certificate, names.append)
    with RawServer(many, tls=tls) as server, client_with(server, tls=trusting(certificate)) as client:
        answers = [client.send(URL) for _ in range(5)]

    assert [one.body for one in answers] == [PAGE] * 5
    assert names == ["ithelp.ithome.com.tw"]


ENDS: dict[str, Act] = {"closes": closing, "resets": lambda connection: connection.reset()}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_host_that_hangs_up_when_it_is_asked_again_gave_no_answer(end: Act, tls: bool, certificate: Path) -> None:
    context, both = served_with(certificate) if tls else None, one_after_the_other(response(PAGE), end)
    with RawServer(both, OTHER, tls=context) as server, client_with(server, tls=trusting(certificate)) as client:
        first, second, third = (client.send(URL) for _ in range(3))

    assert (first.failure, third.failure) == (None, None)
    assert (second.failure, second.reused, second.connected) == (Outcome.CONNECT_ERROR, True, True)
    assert second.error == "the host had closed the connection that was kept open for it"
    assert (third.reused, third.body) == (False, b"<title>the second answer</title>")


def test_an_answer_that_breaks_off_on_a_kept_connection_is_truncated_and_not_unheard() -> None:
    half = then(HEAD, closing)
    with RawServer(one_after_the_other(response(PAGE), half)) as server, client_of(server) as client:
        client.send(URL)
        second = client.send(URL)

    assert (second.failure, second.reused) == (Outcome.TRUNCATED, True)


# ─── whose connection, how many, how long ───────────────────────────────────────────────────────


def test_a_connection_is_of_one_origin_alone_and_only_so_many_are_kept() -> None:
    origins = [f"http://h{number}.example" for number in range(KEPT + 1)]
    with RawServer(one_after_the_other(*[response(PAGE)] * 4)) as server:
        network = replace(NETWORK, connect_to=dict.fromkeys(origins, server.origin))
        with Client(network, user_agent="t", clock=SystemClock()) as client:
            for origin in origins:
                client.send(f"{origin}/")
            assert server.connections == KEPT + 1
            again = [client.send(f"{origin}/").reused for origin in reversed(origins)]

    assert again == [True] * KEPT + [False], "the one used longest ago was closed"


@pytest.mark.parametrize(("idle_s", "reused"), [(KEPT_S - 1, True), (KEPT_S + 1, False)])
def test_a_connection_is_kept_for_so_long_and_no_longer(idle_s: float, reused: bool) -> None:
    clock = FakeClock()
    with RawServer(one_after_the_other(*[response(PAGE)] * 2)) as server, client_with(server, clock) as client:
        client.send(URL)
        clock.advance(seconds=idle_s)
        second = client.send(URL)

    assert second.reused is reused


def closed_by_the_client(act: Callable[[Client], object]) -> bool:
    ends: list[bool] = []

    def serve(connection: Connection) -> None:
        connection.send(response(PAGE))
        ends.append(not connection.hear())

    server = RawServer(serve)
    with client_of(server) as client:
        with server:  # which is left when the server's end of the connection is over
            client.send(URL)
            act(client)
        return ends == [True]


def test_a_connection_is_closed_before_a_silence_that_it_would_not_outlive() -> None:
    assert closed_by_the_client(lambda client: client.be_idle(KEPT_S + 1))


def test_every_connection_is_closed_when_the_client_is() -> None:
    assert closed_by_the_client(lambda client: client.__exit__(None, None, None))


def test_a_form_has_a_connection_of_its_own() -> None:
    def post(client: Client) -> Answer:
        return client.send(URL, extra=Extra(form=(("url", "x"),)))

    with RawServer(one_after_the_other(response(PAGE), SMUGGLED), OTHER) as server, client_of(server) as client:
        assert client.send(URL).body == PAGE
        answer = post(client)
        assert client.send(URL).reused is False

    assert (answer.reused, answer.body) == (False, b"<title>the second answer</title>")
    assert b"connection: close" in server.requests[1].lower()


def test_a_name_is_looked_up_once_for_a_connection_and_again_for_the_next() -> None:
    """The address that was checked is the address that is used; a name that moves inside is caught at the next one."""
    found = [["127.0.0.1"], ["127.0.0.1"], []]
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return found[len(asked) - 1]

    both = one_after_the_other(response(PAGE), response(PAGE, "Connection: close"))
    with RawServer(both) as server:
        network = replace(NETWORK, connect_to={CANONICAL: f"http://mirror.example:{server.port}"})
        with Client(network, user_agent="t", clock=SystemClock(), resolve=resolver) as client:
            answers = [client.send(URL) for _ in range(5)]

    assert [one.reused for one in answers] == [False, True, False, True, False]
    assert answers[4].failure is Outcome.DNS_ERROR
    assert asked == ["mirror.example"] * 3
