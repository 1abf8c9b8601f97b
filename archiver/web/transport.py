"""Sockets for httpx: addresses checked where they are connected to, and one deadline for everything.

httpx bounds each read by itself, so that a server which sends a byte now and then holds a request for ever, in the
head as in the body (TOOLS finding 6). Here each operation gets what is left until the deadline, and the bytes of a
response head are counted.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from archiver.web.guard import refused_address

Resolve = Callable[[str, int], list[str]]


class AddressRefused(Exception):
    """The name leads to an address that may not be contacted."""


class DeadlinePassed(Exception):
    """The whole request took longer than it may."""


class HeadTooLarge(Exception):
    """The head of a response is larger than it may be."""


class NameUnresolved(Exception):
    """The name has no address."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the system resolves it. Raises NameUnresolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnresolved(f"{host} has no address ({error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """How much time is left for one request; set anew before each."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end = 0.0
        self._head_left = 0

    def start(self, seconds: float, head_bytes: int) -> None:
        """Begin a request that may take so long, with a head of at most so many bytes."""
        self._end = self._monotonic() + seconds
        self._head_left = head_bytes

    def head_done(self) -> None:
        """The head was read: from here on only the caps of the body count."""
        self._head_left = -1

    def left(self, wanted: float | None) -> float:
        """Seconds for the next operation. Raises DeadlinePassed."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left if wanted is None else min(left, wanted)

    def count(self, size: int) -> None:
        """Note bytes received while the head is read. Raises HeadTooLarge."""
        if self._head_left < 0:
            return
        self._head_left -= size
        if self._head_left < 0:
            raise HeadTooLarge


class _Stream(httpcore.NetworkStream):
    """A stream whose every operation ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # Small reads while the head is counted, so that a head is told from a body that follows at once.
        try:
            data = self._stream.read(min(max_bytes, 16_384), self._deadline.left(timeout))
        except httpcore.ReadTimeout:
            self._deadline.left(None)
            raise
        self._deadline.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Connects to addresses that passed the guard, or to those that the user mapped an origin to."""

    def __init__(self, deadline: Deadline, resolve: Resolve, mapped: frozenset[tuple[str, int]]) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._mapped = mapped
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the signature is httpcore's
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers. Raises AddressRefused, NameUnresolved and httpcore's."""
        host = host.strip("[]")
        addresses = self._resolve(host, port)
        if (host, port) not in self._mapped:
            for address in addresses:
                reason = refused_address(address)
                if reason is not None:
                    raise AddressRefused(f"{host} leads to {reason}")
        return self._connect(addresses, port, timeout, socket_options)

    def _connect(
        self, addresses: list[str], port: int, timeout: float | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        failure: Exception = NameUnresolved("the name has no address")
        for address in addresses:
            try:
                left = self._deadline.left(timeout)
                return _Stream(self._sockets.connect_tcp(address, port, left, None, options), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        closing = getattr(self._stream, "close", None)
        if closing is not None:
            closing()


class Transport(httpx.BaseTransport):
    """An httpx transport over our sockets: HTTP/1.1, one connection, certificates always checked."""

    def __init__(self, backend: Backend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), max_connections=1, max_keepalive_connections=1,
            keepalive_expiry=60.0, http1=True, http2=False, retries=0, network_backend=backend,
        )  # fmt: skip

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request over the wire. Raises httpcore's exceptions and ours."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=b"", extensions=request.extensions
            )
        )
        stream = response.stream
        assert not isinstance(stream, AsyncIterable), "a sync pool gives a sync stream"
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(stream), extensions=response.extensions
        )

    def close(self) -> None:
        """Close the connection that may still be open."""
        self._pool.close()
