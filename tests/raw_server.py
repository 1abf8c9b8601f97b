"""A server that says exactly what it is told to, byte for byte, and notes what it was asked."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

Script = bytes | Callable[["Connection"], None]


class Connection:
    """The server's end of one connection, for scripts that do more than send bytes."""

    def __init__(self, sock: socket.socket, over: threading.Event, requests: list[bytes]) -> None:
        self.sock = sock
        self._over = over
        self._requests = requests

    def hear(self) -> bool:
        """Take one more request; False when the client has closed the connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.sock.recv(4096)
            if not data:
                return False
            head += data
        self._requests.append(head)
        return True

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, pieces: Iterable[bytes], every_s: float) -> None:
        """One piece after the other, until they are spent, the client leaves or the server is closed."""
        for piece in pieces:
            self.send(piece)
            if self._over.wait(every_s):
                return

    def stall(self) -> None:
        """Say nothing more, and keep the connection open until the server is closed."""
        self._over.wait(30)

    def reset(self) -> None:
        """End with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawServer:
    """Answers the first connection with the first script, and so on; the last script goes on for all that follow."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = scripts
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            script = self._scripts[min(self.connections, len(self._scripts)) - 1]
            thread = threading.Thread(target=self._serve, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        with sock:
            try:
                if self._tls is not None:
                    sock = self._tls.wrap_socket(sock, server_side=True)
                with sock:
                    self._answer(sock, script)
            except OSError:
                return  # the client has left, as it should when it has heard enough

    def _answer(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(5)
        connection = Connection(sock, self._over, self.requests)
        if not connection.hear():
            return
        if isinstance(script, bytes):
            connection.send(script)
        else:
            script(connection)


def response(body: bytes = b"", *fields: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A well-formed response with a Content-Length, true unless `length` says otherwise."""
    announced = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {announced}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def head(*fields: str, status: str = "200 OK") -> bytes:
    """The head of a response with just these fields."""
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode("latin-1")


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks, ended as it should be."""
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
