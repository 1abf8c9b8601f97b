"""One request on its way: one deadline for everything, and every byte of its answer counted.

Neither a library nor the system bounds a whole request: each read by itself may take its time, so that a server which
sends a byte now and then holds a request for ever, in the head as in the body. Here each operation gets what is left
until the deadline, a slow resolver included, and the bytes of the head and of the whole response are counted.
"""

from __future__ import annotations

from collections.abc import Callable

from archiver.config import Network
from archiver.model import Outcome

_HEAD_READ = 16_384
_READ = 65_536
_BEGINNING = b"HTTP/"


class Fault(Exception):
    """Why there is no whole response, as an outcome and a line for the user: never with the server's own words raw.

    Never leaves this room: `client` turns it into an `Answer`.
    """

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class Call:
    """One request on its way: where it really goes, how long it may take, and what came in so far.

    `host` and `port` are where to connect to; `mapped` says that the user wrote that address down (`connect_to`), so
    that it may be a private one. Times are seconds of the monotonic clock.
    """

    def __init__(self, host: str, port: int, network: Network, monotonic: Callable[[], float], *, mapped: bool) -> None:
        self.host = host
        self.port = port
        self.mapped = mapped
        self._monotonic = monotonic
        self._end = monotonic() + network.timeout_s
        self._connected_by = monotonic() + min(network.connect_timeout_s, network.timeout_s)
        self._head_bytes = network.max_header_bytes
        self._all_bytes = network.max_header_bytes + network.max_wire_bytes
        self._beginning = b""
        self.head_done = False
        self.received = 0
        self.closed_by_host = False
        self.reused = False  # on a connection that an earlier call has left open
        self.sent_at: float | None = None  # when the first byte went out
        self.answered_at: float | None = None  # when the first byte came

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

    def hurry(self, seconds: float) -> None:
        """Give what is left no longer than so many seconds."""
        self._end = min(self._end, self._monotonic() + seconds)

    def room(self) -> int:
        """How many bytes may be read next. Raises Fault over a cap.

        The head is read in small pieces; it is over its cap when it is not whole by then. The cap on everything is
        there for what never reaches a body: chunk extensions, trailers, interim responses.
        """
        if self.received >= self._all_bytes:
            raise Fault(Outcome.TOO_LARGE, "the response is over network.max_wire_bytes")
        if self.head_done:
            return _READ
        if self.received >= self._head_bytes:
            raise Fault(Outcome.TOO_LARGE, "the response head is over network.max_header_bytes")
        return min(_HEAD_READ, self._head_bytes - self.received)

    def sending(self) -> None:
        """Note that the request goes out."""
        self.sent_at = self.sent_at if self.sent_at is not None else self._monotonic()

    def got(self, data: bytes) -> None:
        """Note what was received; no bytes mean that the host closed the connection."""
        if data and self.answered_at is None:
            self.answered_at = self._monotonic()
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
