"""The listening side: HTTP/1.1 on 127.0.0.1 with keep-alive, a log of every request, and every way to answer badly."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import select
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self, cast

from archiver.standin.wire import Delivery, Replier, Reply, Request, http_date

_LEAST_GZIP = 200  # bytes; shorter bodies are sent as they are
_BLOCK = 65_536


@dataclass(slots=True)
class LogEntry:
    """One request. Times are monotonic seconds; `status` is None until, or unless, an answer begins."""

    started: float
    host: str
    method: str
    target: str  # path and query as sent
    connection: int  # numbered from 1 as connections are opened
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    status: int | None = None
    ended: float | None = None

    @property
    def url(self) -> str:
        """The canonical URL that was asked."""
        return f"https://{self.host}{self.target}"


class LocalServer:
    """A server on 127.0.0.1 that plays some origins. A context manager; leaves no thread and no socket.

    `port` 0 takes any free one. `clock` gives the time for Date headers. With `tls`, a server's context, it speaks TLS.
    Connections are kept open between requests, for `idle_s` where that is set; `says_408` before it closes one then.
    """

    def __init__(
        self, answer: Replier, origins: tuple[str, ...], *, port: int = 0, clock: Callable[[], datetime] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or partial(datetime.now, UTC)
        self.tls = tls
        self.idle_s: float | None = None
        self.says_408 = False
        self.origins = origins
        self.stopping = threading.Event()
        self.max_concurrent = 0
        self._answer = answer
        self._log: list[LogEntry] = []
        self._busy = 0
        self._lock = threading.Lock()
        self.connections = itertools.count(1)
        self._http = _Http(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_until_stopped, name="standin")

    @property
    def url(self) -> str:
        """The origin that really listens, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._http.server_port}"

    @property
    def connect_to(self) -> dict[str, str]:
        """What `[network.connect_to]` must hold so that the traffic of every origin comes here."""
        return dict.fromkeys(self.origins, self.url)

    @property
    def log(self) -> list[LogEntry]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return list(self._log)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.wake()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()

    def begin(self, entry: LogEntry) -> None:
        """Put a request in the log."""
        with self._lock:
            self._log.append(entry)
            self._busy += 1
            self.max_concurrent = max(self.max_concurrent, self._busy)

    def end(self, entry: LogEntry) -> None:
        """Note that a request is done. Only the first call counts: it comes before the last byte leaves."""
        with self._lock:
            if entry.ended is None:
                entry.ended = time.monotonic()
                self._busy -= 1

    def reply(self, request: Request) -> Reply:
        """What to answer."""
        return self._answer(request)


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for every thread
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], owner: LocalServer) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without looking the host's name up, which can take seconds without a network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]

    def serve_until_stopped(self) -> None:
        """Take connections until the owner stops. In place of `serve_forever`, whose end waits for its next look."""
        while not self.owner.stopping.is_set():
            self.handle_request()

    def wake(self) -> None:
        """Let the thread that waits for a connection see that the owner stops."""
        with suppress(OSError):
            socket.create_connection((self.server_name, self.server_port), timeout=5).close()

    def verify_request(self, *_: Any) -> bool:
        """Whether to answer a connection: not once we stop."""
        return not self.owner.stopping.is_set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.note(connection)
        return connection, address

    def note(self, connection: socket.socket) -> None:
        """Remember a connection, to end it when the server is closed."""
        with self._open_lock:
            self._open.add(connection)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every open connection, so that no thread waits for a client."""
        with self._open_lock:
            waiting = list(self._open)
        for connection in waiting:
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        listener = cast(_Http, self.server)
        self.owner = listener.owner
        self.number = next(self.owner.connections)
        if self.owner.tls is not None:
            self.request = self.owner.tls.wrap_socket(self.request, server_side=True)
            listener.note(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        if self.owner.tls is not None:
            cast(_Http, self.server).shutdown_request(self.request)

    def handle_one_request(self) -> None:
        """Wait for the next request for as long as idle connections are kept, and answer it."""
        if self._is_asked():
            super().handle_one_request()
            return
        self.close_connection = True
        if self.owner.says_408:
            self.wfile.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def _is_asked(self) -> bool:
        if self.owner.idle_s is None or (isinstance(self.connection, ssl.SSLSocket) and self.connection.pending()):
            return True
        return bool(select.select([self.connection], [], [], self.owner.idle_s)[0])

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        host = headers.get("host", "").lower()
        started = time.monotonic()
        entry = LogEntry(started, host, self.command, self.path, self.number, headers)
        self.owner.begin(entry)
        try:
            reply = self.owner.reply(Request(host, self.path, self.command, headers, started, body))
            self._deliver(reply, entry)
        finally:
            self.owner.end(entry)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815  the library's names

    def log_message(self, *_: object) -> None:
        """Keep quiet: the log is `LocalServer.log`."""

    def _deliver(self, reply: Reply, entry: LogEntry) -> None:
        how = reply.delivery
        self.owner.stopping.wait(how.delay_s)
        if how.reset:
            self._reset()
            return
        entry.status = reply.status
        packed = self._wants_gzip(reply)
        body = _SentBody(reply, packed=packed)
        self._send_head(reply, body, packed=packed)
        if self.command != "HEAD" and body.length:
            self._send_body(body, how, entry)
        else:
            self.wfile.write(how.behind)
        self.close_connection = self.close_connection or how.hang_up

    def _wants_gzip(self, reply: Reply) -> bool:
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        textual = reply.content_type.startswith(("text/", "application/"))
        return accepted and textual and reply.delivery.gzip and len(reply.body) >= _LEAST_GZIP

    def _send_head(self, reply: Reply, body: _SentBody, *, packed: bool) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", http_date(self.owner.clock()))
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(body.length))
        if packed:
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Vary", "Accept-Encoding")
        if reply.delivery.cut is not None:
            self.close_connection = True
        self.end_headers()

    def _send_body(self, body: _SentBody, how: Delivery, entry: LogEntry) -> None:
        """Send the pieces; before the last one the request counts as done, since a client may go on at once.

        What comes behind the body goes out with its end: later, it would be a race with the next request.
        """
        limit = body.length if how.cut is None else int(body.length * how.cut)
        sent = 0
        for piece in body.pieces(how.piece):
            rest = piece[: limit - sent]
            sent += len(rest)
            if sent >= limit:
                self.owner.end(entry)
            self.wfile.write(rest + how.behind if sent >= limit else rest)
            if sent >= limit or self.owner.stopping.wait(how.drip_s):
                break

    def _reset(self) -> None:
        """Close with RST: linger zero, and the descriptor itself, so that no FIN goes first."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())


class _SentBody:
    """A body as it goes out: packed or not, with its filler, cut inside gzip when the delivery says so."""

    def __init__(self, reply: Reply, *, packed: bool) -> None:
        how = reply.delivery
        self._start, self._filler = reply.body, how.filler
        if packed:
            self._start, self._filler = _gzip(reply.body, how.filler), 0
            if how.cut_gzip:
                self._start = self._start[: len(self._start) * 3 // 5]
        self.length = len(self._start) + self._filler

    def pieces(self, size: int) -> Iterator[bytes]:
        for at in range(0, len(self._start), size):
            yield self._start[at : at + size]
        for at in range(0, self._filler, size):
            yield b" " * min(size, self._filler - at)


def _gzip(body: bytes, filler: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(body)
        for at in range(0, filler, _BLOCK):
            file.write(b" " * min(_BLOCK, filler - at))
    return packed.getvalue()
