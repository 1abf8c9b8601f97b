"""Where a request really goes, under which name, and what it says of us."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import served_with, trusting
from raw_server import Connection, RawServer
from wire import CANONICAL, CONTROL, NETWORK, PAGE, URL, ask, client_of, response

from archiver.config import Network
from archiver.machine.clock import SystemClock
from archiver.model import Answer, Outcome, Validators
from archiver.web.client import Client

# ─── where we connect to ────────────────────────────────────────────────────────────────────────


def answer_with(resolver: Callable[[str, int], list[str]], url: str = "http://blog.example/") -> Answer:
    with Client(NETWORK, user_agent="t", clock=SystemClock(), resolve=resolver) as client:
        return client.send(url)


def test_a_name_without_an_address_is_a_dns_error() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = answer_with(unknown)

    assert answer.failure is Outcome.DNS_ERROR
    assert "blog.example has no address" in (answer.error or "")


def test_a_resolver_that_never_answers_is_not_waited_for() -> None:
    over = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        over.wait(5)
        return []

    began = time.monotonic()
    with Client(replace(NETWORK, connect_timeout_s=0.2), user_agent="t", clock=SystemClock(), resolve=slow) as client:
        answer = client.send("http://blog.example/")
    took = time.monotonic() - began
    over.set()

    assert answer.failure is Outcome.DNS_ERROR
    assert took < 0.6


def test_a_name_with_an_empty_list_of_addresses_is_a_dns_error() -> None:
    assert answer_with(lambda *_: []).failure is Outcome.DNS_ERROR


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.8"], ["::1"], ["169.254.169.254"], ["93.184.215.14", "127.0.0.1"]]
)
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(addresses: list[str]) -> None:
    with RawServer(response(PAGE)) as server:
        url = f"http://blog.example:{server.port}/"
        with Client(
            NETWORK, user_agent="t", clock=SystemClock(), resolve=lambda *_: addresses,
            named_origins=frozenset({f"http://blog.example:{server.port}"}),
        ) as client:  # fmt: skip
            answer = client.send(url)

    assert answer.failure is Outcome.OFF_SITE
    assert addresses[-1] in (answer.error or "")
    assert server.connections == 0


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:10.0.0.1]/"]
)
def test_a_private_address_in_a_url_is_not_resolved_either(url: str) -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14"]

    answer = answer_with(resolver, url)

    assert answer.failure is Outcome.OFF_SITE
    assert asked == []


def test_a_mapped_server_is_not_reached_under_its_own_name() -> None:
    with RawServer(response(PAGE)) as server, client_of(server) as client:
        answer = client.send(f"{server.origin}/articles/1")

    assert answer.failure is Outcome.OFF_SITE
    assert server.connections == 0


def test_a_refused_connection_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    network = replace(NETWORK, connect_to={CANONICAL: f"http://127.0.0.1:{port}"})
    with Client(network, user_agent="t", clock=SystemClock()) as client:
        answer = client.send(URL)

    assert answer.failure is Outcome.CONNECT_ERROR
    assert "refused" in (answer.error or "").lower()


def test_the_next_address_is_tried_when_the_first_refuses() -> None:
    with RawServer(response(PAGE)) as server:
        network = replace(NETWORK, connect_to={CANONICAL: f"http://two.example:{server.port}"})
        addresses = ["127.0.0.9", "127.0.0.1"]
        with Client(network, user_agent="t", clock=SystemClock(), resolve=lambda *_: addresses) as client:
            answer = client.send(URL)

    assert answer.body == PAGE


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("https://ITHELP.ithome.com.tw:443", URL),
        ("https://ithelp.ithome.com.tw/", "https://ithelp.ithome.com.tw:443/articles/1"),
        ("http://mirror.example:8080", "http://MIRROR.example:8080/a"),
    ],
)
def test_an_origin_is_mapped_in_every_spelling(written: str, asked: str) -> None:
    with RawServer(response(PAGE)) as server:
        network = replace(NETWORK, connect_to={written: server.origin})
        with Client(network, user_agent="t", clock=SystemClock()) as client:
            assert client.send(asked).body == PAGE


# ─── TLS ────────────────────────────────────────────────────────────────────────────────────────


def test_a_certificate_that_nobody_vouches_for_is_a_tls_error(certificate: Path) -> None:
    names: list[str | None] = []
    with RawServer(response(PAGE), tls=served_with(certificate, names.append)) as server, client_of(server) as client:
        answer = client.send(URL)

    assert answer.failure is Outcome.TLS_ERROR
    assert "certificate" in (answer.error or "").lower()
    assert server.requests == []
    assert names == ["ithelp.ithome.com.tw"], "the name in the handshake stays canonical under connect_to"


@pytest.mark.parametrize(
    ("origin", "outcome"), [(CANONICAL, None), ("https://other.example", Outcome.TLS_ERROR)], ids=["right", "wrong"]
)
def test_a_certificate_must_be_for_the_canonical_name(certificate: Path, origin: str, outcome: Outcome | None) -> None:
    roots = trusting(certificate)
    with RawServer(response(PAGE), tls=served_with(certificate)) as server:
        network = replace(NETWORK, connect_to={origin: server.origin})
        with Client(network, user_agent="t", clock=SystemClock(), tls=roots) as client:
            answer = client.send(f"{origin}/articles/1")

    assert answer.failure is outcome, answer.error
    assert len(server.requests) == (0 if outcome else 1)


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """The https origin of a port where somebody speaks anything but TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as connection:
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def https_to(origin: str, network: Network = NETWORK) -> Answer:
    with Client(
        replace(network, connect_to={CANONICAL: origin}), user_agent="t", clock=SystemClock(),
        tls=ssl.create_default_context(),
    ) as client:  # fmt: skip
        return client.send(URL)


def test_plain_text_on_a_tls_port_is_a_tls_error() -> None:
    def speak_plainly(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP on an HTTPS port")

    with answering(speak_plainly) as origin:
        answer = https_to(origin)

    assert answer.failure is Outcome.TLS_ERROR
    assert not CONTROL.search(answer.error or "")


def test_a_connection_closed_in_the_handshake_is_no_answer() -> None:
    with answering(lambda connection: connection.close()) as origin:
        answer = https_to(origin)

    assert answer.failure in {Outcome.TLS_ERROR, Outcome.CONNECT_ERROR}


def test_a_handshake_that_never_ends_is_a_timeout() -> None:
    over = threading.Event()

    def say_nothing(_: socket.socket) -> None:
        over.wait(5)

    with answering(say_nothing) as origin:
        began = time.monotonic()
        answer = https_to(origin, replace(NETWORK, timeout_s=0.3))
        took = time.monotonic() - began
        over.set()

    assert answer.failure is Outcome.TIMEOUT
    assert took < 0.8


# ─── what we send ───────────────────────────────────────────────────────────────────────────────


def sent(server: RawServer, name: str, request: int = -1) -> str | None:
    """A header of a request as received; None when it was not sent."""
    rows = [row.partition(":") for row in server.requests[request].decode("latin-1").split("\r\n")[1:]]
    return next((value.strip() for key, _, value in rows if key.lower() == name.lower()), None)


def test_a_request_says_who_asks_and_what_for() -> None:
    with RawServer(response(PAGE)) as server, client_of(server) as client:
        client.send(f"{CANONICAL}/users/20140001/ironman/6432?page=2")

    assert server.requests[0].startswith(b"GET /users/20140001/ironman/6432?page=2 HTTP/1.1\r\n")
    assert sent(server, "user-agent") == "archiver-test/1"
    assert sent(server, "accept-encoding") == "gzip"
    assert sent(server, "host") == "ithelp.ithome.com.tw"
    assert "text/html" in (sent(server, "accept") or "")
    for name in ("cookie", "authorization", "referer", "if-none-match", "if-modified-since", "proxy-authorization"):
        assert sent(server, name) is None


def test_a_host_with_a_port_is_named_with_it() -> None:
    with RawServer(response(PAGE)) as server:
        network = replace(NETWORK, connect_to={"http://mirror.example:8080": server.origin})
        with Client(network, user_agent="t", clock=SystemClock()) as client:
            client.send("http://mirror.example:8080/")

    assert sent(server, "host") == "mirror.example:8080"


def test_validators_make_a_request_conditional() -> None:
    with RawServer(response(status="304 Not Modified", unsaid=True)) as server, client_of(server) as client:
        answer = client.send(URL, Validators('W/"abc"', "Sat, 21 Nov 2026 08:00:00 GMT"))

    assert answer.status == 304
    assert sent(server, "if-none-match") == 'W/"abc"'
    assert sent(server, "if-modified-since") == "Sat, 21 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize("odd", ['"快取"', '"a\r\nX-Evil: 1"', '"\0"', '"\x1b[2J"', '"' + "a" * 9_000 + '"'])
def test_validators_that_are_no_header_values_are_left_out(odd: str) -> None:
    with RawServer(response(PAGE)) as server, client_of(server) as client:
        answer = client.send(URL, Validators(odd, odd))

    assert answer.body == PAGE, "an odd validator must not make a page unaskable"
    assert sent(server, "if-none-match") is None
    assert sent(server, "if-modified-since") is None
    assert sent(server, "x-evil") is None


def test_cookies_are_never_sent_back() -> None:
    cookie = response(PAGE, "Set-Cookie: session=secret; Path=/", "Set-Cookie: =;;; bad", "Set-Cookie: a=b; Expires=x")

    def serve(connection: Connection) -> None:
        connection.send(cookie)
        while connection.hear():
            connection.send(cookie)

    with RawServer(serve) as server, client_of(server) as client:
        for _ in range(3):
            assert client.send(URL).body == PAGE

    assert [sent(server, "cookie", number) for number in range(3)] == [None, None, None]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert ask(response(PAGE)).body == PAGE


def test_an_answer_says_whether_the_request_went_out_at_all() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert ask(response(PAGE)).connected
    assert ask(lambda connection: connection.reset()).connected
    assert not answer_with(unknown).connected
    assert not answer_with(lambda *_: ["10.0.0.1"]).connected
    assert not answer_with(lambda *_: ["93.184.215.14"], "ftp://blog.example/").connected
