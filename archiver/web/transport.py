"""The wire under httpx: HTTP/1.1 over sockets of our own, and the connections that live from one request to the next.

A connection is kept only when nothing is left open about the answer before: h11 saw its end by its own framing (its
Content-Length met, or the last of its chunks), nothing came after that, HTTP/1.1 was spoken, and neither side said
`Connection: close`. Before it is used again its socket is asked for a byte: a host that has closed it, or says what
nobody asked for, ends it. So what follows an answer never becomes the next one.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from functools import cached_property

import h11
import httpx

from archiver.model import Outcome
from archiver.web.call import Call, Fault
from archiver.web.connect import Resolve, connect, secured, tls_words

KEPT_S = 30.0  # a connection that has not been used for so long is closed
KEPT = 4  # connections to so many hosts are kept at most, one to each
_HEAD_BYTES = 102_400  # of a head that is not whole yet; the call's own cap comes first

Origin = tuple[bytes, bytes, int | None]  # scheme, canonical host, port


class _Closed(Exception):
    """The host does not take what we send."""


class _Connection:
    """A socket to one host, and the conversation on it."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self.call = call
        self.idle_since = 0.0
        self._sock = sock
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)

    def ask(self, request: httpx.Request) -> h11.Response:
        """Send a request; gives the head of its answer. Raises Fault and h11's ProtocolError."""
        parts: list[h11.Event] = [
            h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        ]
        if request.content:
            parts.append(h11.Data(data=request.content))
        data = b"".join(self._talk.send(part) or b"" for part in (*parts, h11.EndOfMessage()))
        try:
            self._write(data)
        except _Closed:
            self._talk.send_failed()  # and yet the host may have said something before it closed
        while not isinstance(event := self._next_event(), h11.Response):
            continue  # an interim response
        return event

    def body(self) -> Iterator[bytes]:
        """The body as it comes. Raises Fault and h11's ProtocolError."""
        while isinstance(event := self._next_event(), h11.Data):
            yield bytes(event.data)

    def is_done(self) -> bool:
        """Whether question and answer are whole, both sides go on, and nothing came after the answer."""
        is_whole = self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE
        return is_whole and self._talk.trailing_data == (b"", False)

    def goes_on(self, call: Call) -> bool:
        """Begin another call, if the host has said nothing since: not even that it closes."""
        self._sock.settimeout(0)
        try:
            self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            self._talk.start_next_cycle()
            self.call = call
            call.reused = True
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._sock.close()

    def _next_event(self) -> h11.Event:
        while True:
            event = self._talk.next_event()
            if isinstance(event, h11.Event):
                return event
            data = self._read()
            if not data and self._talk.their_state is h11.SEND_RESPONSE:
                raise self.call.broken("the connection closed")
            self._talk.receive_data(data)

    def _read(self) -> bytes:
        room = self.call.room()
        self._sock.settimeout(self.call.left())
        try:
            data = self._sock.recv(room)
        except TimeoutError as error:
            raise Fault(Outcome.TIMEOUT, "no whole answer within network.timeout_s") from error
        except ssl.SSLError as error:
            raise Fault(Outcome.TLS_ERROR, f"TLS broke: {tls_words(error)}") from error
        except OSError as error:
            raise self.call.broken("the connection was reset") from error
        self.call.got(data)
        return data

    def _write(self, data: bytes) -> None:
        self.call.sending()
        self._sock.settimeout(self.call.left())
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise Fault(Outcome.TIMEOUT, "no whole answer within network.timeout_s") from error
        except OSError as error:
            raise _Closed from error


class _Body(httpx.SyncByteStream):
    """The body as it comes. Its end is not that of the connection: whether that is kept is for the client to say."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._connection.body()


class Transport(httpx.BaseTransport):
    """An httpx transport over our sockets: HTTP/1.1, one request at a time, certificates always checked.

    httpx is not told the header fields, only we are (`extensions["fields"]`): so it keeps no cookie, builds no next
    request from a Location that it may not be able to parse, and decodes nothing.

    A connection that is kept leads to the address that was checked when it was made, for the same origin alone.
    """

    def __init__(self, resolve: Resolve, monotonic: Callable[[], float], tls: ssl.SSLContext | None = None) -> None:
        self.call: Call | None = None  # the one in hand; requests are made one at a time
        self._in_use: tuple[Origin, _Connection] | None = None
        self._kept: dict[Origin, _Connection] = {}  # the one used last comes last
        self._resolve = resolve
        self._monotonic = monotonic
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Trusts certifi's roots, or those that SSL_CERT_FILE or SSL_CERT_DIR name. Slow to make: made when needed."""
        context = self._given_tls or httpx.create_ssl_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request over the wire; `let_go` must follow. Raises Fault and h11's ProtocolError."""
        assert self.call is not None, "the client sets the call"
        call, origin = self.call, (request.url.raw_scheme, request.url.raw_host, request.url.port)
        connection = self._take(origin, call, request.method) or self._new(request.url, call)
        self._in_use = origin, connection
        try:
            head = connection.ask(request)
        except Fault as fault:
            if call.reused and not call.received and fault.outcome is not Outcome.TIMEOUT:
                words = "the host had closed the connection that was kept open for it"
                raise Fault(Outcome.CONNECT_ERROR, words) from fault
            raise
        fields = head.headers.raw_items()
        return httpx.Response(head.status_code, stream=_Body(connection), extensions={"fields": fields})

    def let_go(self, *, well: bool) -> None:
        """The call is over: keep its connection where all went `well` and nothing is left open, else close it."""
        if self._in_use is None:
            return
        (origin, connection), self._in_use = self._in_use, None
        if not (well and connection.is_done()):
            connection.close()
            return
        connection.idle_since = self._monotonic()
        self._kept[origin] = connection
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept))).close()

    def close(self) -> None:
        """Close every connection."""
        self.close_idle(float("inf"))

    def close_idle(self, ahead_s: float = 0.0) -> None:
        """Close the connections that will have stood unused for too long when so many seconds have passed."""
        oldest = self._monotonic() + ahead_s - KEPT_S
        for origin in [origin for origin, one in self._kept.items() if one.idle_since < oldest]:
            self._kept.pop(origin).close()

    def _take(self, origin: Origin, call: Call, method: str) -> _Connection | None:
        """The connection that is kept for an origin, if it still serves; only for what may be asked twice."""
        self.close_idle()
        connection = self._kept.pop(origin, None)
        if connection is None:
            return None
        if method in {"GET", "HEAD"} and connection.goes_on(call):
            return connection
        connection.close()
        return None

    def _new(self, url: httpx.URL, call: Call) -> _Connection:
        sock = connect(call, self._resolve)
        if url.scheme == "https":
            sock = secured(sock, call, self._tls, url.raw_host.decode("ascii"))
        return _Connection(sock, call)
