"""Sockets for httpx: addresses checked where they are connected to, and one deadline for everything.

httpx bounds each read by itself, so that a server which sends a byte now and then holds a request for ever, in the
head as in the body (TOOLS finding 6). Here each operation gets what is left until the deadline, a slow resolver
included, and the bytes of the head and of the whole response are counted. Every request has a connection of its own:
what a server sends after the end of one answer can never become the beginning of the next.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import httpcore
import httpx

from archiver.model import Outcome
from archiver.text import safe
from archiver.web.faults import Fault
from archiver.web.guard import refused_address

Resolve = Callable[[str, int], list[str]]

_HEAD_READ = 16_384
_BEGINNING = b"HTTP/"


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the system resolves it. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Call:
    """One request on its way: where it really goes, how long it may take, and what came in so far.

    `host` and `port` are where to connect to; `mapped` says that the user wrote that address down (`connect_to`), so
    that it may be a private one. Times are seconds of the monotonic clock.
    """

    def __init__(
        self, host: str, port: int, *, mapped: bool, monotonic: Callable[[], float], timeout_s: float,
        connect_timeout_s: float, head_bytes: int, body_bytes: int,
    ) -> None:  # fmt: skip
        self.host = host
        self.port = port
        self.mapped = mapped
        self._monotonic = monotonic
        self._end = monotonic() + timeout_s
        self._connected_by = monotonic() + min(connect_timeout_s, timeout_s)
        self._head_bytes = head_bytes
        self._all_bytes = head_bytes + body_bytes
        self._beginning = b""
        self.head_done = False
        self.received = 0
        self.closed_by_host = False
        self.sent_at: float | None = None  # when the first byte went out

    def left_to_connect(self) -> float:
        """Seconds left for resolving, connecting and the handshake. Raises Fault."""
        left = min(self._connected_by, self._end) - self._monotonic()
        if left <= 0:
            raise Fault(Outcome.TIMEOUT, "no connection within network.connect_timeout_s")
        return left

    def left(self) -> float:
        """Seconds left for the whole request. Raises Fault."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise Fault(Outcome.TIMEOUT, "no whole answer within network.timeout_s")
        return left

    def room(self, wanted: int) -> int:
        """How many bytes may be read next. Raises Fault over a cap.

        The head is read in small pieces; it is over its cap when it is not whole by then. The cap on everything is
        there for what never reaches a body: chunk extensions, trailers, interim responses.
        """
        if self.received >= self._all_bytes:
            raise Fault(Outcome.TOO_LARGE, "the response is over network.max_wire_bytes")
        if self.head_done:
            return wanted
        if self.received >= self._head_bytes:
            raise Fault(Outcome.TOO_LARGE, "the response head is over network.max_header_bytes")
        return min(wanted, _HEAD_READ, self._head_bytes - self.received)

    def sending(self) -> None:
        """Note that the request goes out."""
        self.sent_at = self.sent_at if self.sent_at is not None else self._monotonic()

    def got(self, data: bytes) -> None:
        """Note what was received; no bytes mean that the host closed the connection."""
        self.received += len(data)
        self.closed_by_host = not data
        if len(self._beginning) < len(_BEGINNING):
            self._beginning += data[: len(_BEGINNING) - len(self._beginning)]

    def broken(self, words: str) -> Fault:
        """The fault when the connection ends or breaks: before an answer, inside one, or inside something else."""
        if not self.received:
            return Fault(Outcome.CONNECT_ERROR, f"{words} before an answer began")
        if not _BEGINNING.startswith(self._beginning):
            return Fault(Outcome.PROTOCOL_ERROR, "what came is not HTTP")
        return Fault(Outcome.TRUNCATED, f"{words} inside the answer")


class _Stream(httpcore.NetworkStream):
    """A socket whose every operation ends by the deadline of the call."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock = sock
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's signature
        room = self._call.room(max_bytes)
        self._sock.settimeout(self._call.left())
        try:
            data = self._sock.recv(room)
        except TimeoutError as error:
            raise Fault(Outcome.TIMEOUT, "no whole answer within network.timeout_s") from error
        except ssl.SSLError as error:
            raise Fault(Outcome.TLS_ERROR, f"TLS broke: {_tls_words(error)}") from error
        except OSError as error:
            raise self._call.broken("the connection was reset") from error
        self._call.got(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - httpcore's signature
        self._call.sending()
        self._sock.settimeout(self._call.left())
        if not buffer:  # to send nothing would take note of a reset in place of the read that is to tell it
            return
        try:
            self._sock.sendall(buffer)
        except TimeoutError as error:
            raise Fault(Outcome.TIMEOUT, "no whole answer within network.timeout_s") from error
        except OSError as error:
            raise httpcore.WriteError from error  # httpcore then reads what the host may have said before it closed

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's signature
    ) -> httpcore.NetworkStream:
        try:
            self._sock.settimeout(self._call.left_to_connect())
            return _Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._call)
        except TimeoutError as error:
            self.close()
            raise Fault(Outcome.TIMEOUT, "no TLS handshake within network.connect_timeout_s") from error
        except (ssl.SSLError, ValueError) as error:
            self.close()
            raise Fault(Outcome.TLS_ERROR, f"no trusted TLS connection: {_tls_words(error)}") from error
        except OSError as error:
            self.close()
            raise Fault(Outcome.CONNECT_ERROR, f"the TLS handshake broke off ({_words(error)})") from error


def _words(error: OSError) -> str:
    return safe(error.strerror or type(error).__name__, 120)


def _tls_words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return safe(error.verify_message, 200)
    return safe(getattr(error, "reason", None) or error, 200)


class Backend(httpcore.NetworkBackend):
    """Connects to addresses that passed the guard, or to those that the user mapped an origin to."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self.call: Call | None = None  # the one in hand; requests are made one at a time

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the canonical host; where to connect to is the call's
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers. Raises Fault."""
        assert self.call is not None, "the client sets the call"
        addresses = self._addresses(self.call)
        for number, address in enumerate(addresses, start=1):
            try:
                share = self.call.left_to_connect() / (len(addresses) - number + 1)
                sock = socket.create_connection((address, self.call.port), share)
            except OSError as error:
                if number == len(addresses):
                    raise _no_connection(error) from error
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _Stream(sock, self.call)
        raise Fault(Outcome.DNS_ERROR, f"{self.call.host} has no address")

    def _addresses(self, call: Call) -> list[str]:
        """The addresses of the call's host, refused when one of them is not to be contacted (DNS rebinding)."""
        addresses = _within(call.left_to_connect(), self._resolve, call.host, call.port)
        reasons = [] if call.mapped else [reason for reason in map(refused_address, addresses) if reason]
        if reasons:
            raise Fault(Outcome.OFF_SITE, f"not contacted: {call.host} leads to {reasons[0]}")
        return addresses


def _no_connection(error: OSError) -> Fault:
    if isinstance(error, TimeoutError):
        return Fault(Outcome.TIMEOUT, "no connection within network.connect_timeout_s")
    return Fault(Outcome.CONNECT_ERROR, f"no connection ({_words(error)})")


def _within(seconds: float, resolve: Resolve, host: str, port: int) -> list[str]:
    """What the resolver says, if it says so in time: the system's own cannot be interrupted, only left behind."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise Fault(Outcome.DNS_ERROR, f"{host}: no answer about its address in time") from error
    if isinstance(answer, Exception):
        said = answer.strerror if isinstance(answer, OSError) and answer.strerror else answer
        raise Fault(Outcome.DNS_ERROR, f"{host} has no address ({safe(said, 120)})") from answer
    return answer


class _Body(httpx.SyncByteStream):
    """The body as it comes; closing it closes the connection."""

    def __init__(self, stream: Iterable[bytes], connection: httpcore.HTTPConnection) -> None:
        self._stream = stream
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._connection.close()


class Transport(httpx.BaseTransport):
    """An httpx transport over our sockets: HTTP/1.1, a connection for each request, certificates always checked.

    httpx is not told the header fields, only we are (`extensions["fields"]`): so it keeps no cookie, builds no next
    request from a Location that it may not be able to parse, and decodes nothing.
    """

    def __init__(self, backend: Backend, tls: ssl.SSLContext | None = None) -> None:
        self._backend = backend
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Trusts certifi's roots, or those that SSL_CERT_FILE or SSL_CERT_DIR name. Slow to make: made when needed."""
        return self._given_tls or httpx.create_ssl_context()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request over the wire. Raises Fault and httpcore's ProtocolError."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        tls = self._tls if request.url.scheme == "https" else None
        connection = httpcore.HTTPConnection(url.origin, ssl_context=tls, network_backend=self._backend)
        response = connection.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=request.content)
        )
        stream = response.stream
        assert not isinstance(stream, AsyncIterable), "a sync connection gives a sync stream"
        return httpx.Response(
            response.status, stream=_Body(stream, connection), extensions={"fields": response.headers}
        )
