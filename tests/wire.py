"""What a test needs to talk to a server that does everything wrong: scripts for it, and a client that reaches it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from raw_server import Connection, RawServer, Script

from archiver.config import Network
from archiver.machine.clock import SystemClock
from archiver.model import Answer
from archiver.web.client import Client

CANONICAL = "https://ithelp.ithome.com.tw"
URL = f"{CANONICAL}/articles/10290001"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
PAGE = "<html><title>Day 1 快取</title></html>".encode()
NETWORK = Network(
    timeout_s=2.0, connect_timeout_s=1.0, max_header_bytes=20_000, max_wire_bytes=300_000, max_body_bytes=400_000
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


# ─── what a script may do ───────────────────────────────────────────────────────────────────────

Step = Callable[[Connection], None]


def steps(*parts: bytes | Step) -> Script:
    """One thing after the other; at the end the connection is closed in an orderly way."""

    def run(connection: Connection) -> None:
        for part in parts:
            if isinstance(part, bytes):
                connection.send(part)
            else:
                part(connection)

    return run


def stall(connection: Connection) -> None:
    connection.stall()


def reset(connection: Connection) -> None:
    connection.reset()


def endless(data: bytes) -> Step:
    def send(connection: Connection) -> None:
        while True:  # until the client leaves, which is an OSError
            connection.send(data)

    return send


def drip(data: bytes, every_s: float = 0.02) -> Step:
    def send(connection: Connection) -> None:
        connection.drip((bytes([byte]) for byte in data), every_s)

    return send


@contextmanager
def client_of(server: RawServer, network: Network = NETWORK) -> Iterator[Client]:
    mapped = replace(network, connect_to={CANONICAL: server.origin})
    with Client(mapped, user_agent="archiver-test/1", clock=SystemClock()) as client:
        yield client


def ask(*scripts: Script, url: str = URL, network: Network = NETWORK, keep_cut: bool = False) -> Answer:
    """The answer to one question, asked of a server with these scripts."""
    with RawServer(*scripts) as server, client_of(server, network) as client:
        return client.send(url, keep_cut=keep_cut)


def response(
    body: bytes = b"", *fields: str, status: str = "200 OK", length: int | None = None, unsaid: bool = False
) -> bytes:
    """A response with a Content-Length: the true one, another one, or none at all (`unsaid`)."""
    rows = [f"HTTP/1.1 {status}", "Content-Type: text/html", *fields]
    rows += [] if unsaid else [f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(rows).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", headers: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def zipped(body: bytes, coding: str = "gzip") -> bytes:
    return response(body, f"Content-Encoding: {coding}")


def bomb(megabytes: int) -> bytes:
    """Gzip data of so many megabytes of zeros, made without making them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (megabytes - 1) + packer.flush()
