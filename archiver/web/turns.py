"""The pace that all archivers of one person on this machine share: a file with the last start on each host.

A turn is taken with a lock of the operating system on the host's record, and kept while the request is under way, so
that two archivers never ask one host at once, and the second counts its delay from when the first one's request went
out. Records are found by a hash: the file never grows and names nobody's hosts. When it cannot be used, each
archiver keeps its own pace, as if it were alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path

_RECORD = struct.Struct("<dd")  # the last start, and the end of a rest, both on the monotonic clock of the machine
_RECORDS = 4096  # two hosts that share one also share a pace, which harms nobody
_LONGEST_REST_S = 3_600.0  # what is longer was written before the machine started
POLL_S = 0.02  # between two looks whether another archiver's request has ended


def state_file(environment: Mapping[str, str]) -> Path | None:
    """Where the turns are written down (XDG base directories); None where nobody has a home."""
    home = environment.get("HOME")
    folder = environment.get("XDG_STATE_HOME") or (home and f"{home}/.local/state")
    return Path(folder, "ithome-archiver", "pace") if folder and Path(folder).is_absolute() else None


class Turns:
    """Whose turn it is to ask a host. Of one process, one turn at a time; never raises."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._held: tuple[int, int] | None = None  # descriptor, offset

    def take(self, server: str, gap_s: float, now: float) -> float:
        """Take the turn of a server; gives 0 when it is ours, else in how many seconds to try again.

        `gap_s`: how far the start must be from the last; `now`: seconds on the machine's monotonic clock.
        """
        self.give_back(None)
        descriptor = self._open()
        if descriptor is None:
            return 0.0
        offset = _offset(server)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _RECORD.size, offset)
        except BlockingIOError:
            os.close(descriptor)
            return POLL_S
        except OSError:  # a file system without locks
            os.close(descriptor)
            return 0.0
        self._held = descriptor, offset
        wait_s = self._wait_s(gap_s, now)
        if wait_s > 0:
            self.give_back(None)
        else:
            self._write(now, self._read()[1])  # should we be killed before the turn is given back
        return wait_s

    def _wait_s(self, gap_s: float, now: float) -> float:
        start, rest = self._read()
        if not start <= now:  # of before the machine started, or no number: it may have been just now
            self._write(now, rest)
            start = now
        until = rest if now < rest <= now + _LONGEST_REST_S else now
        return max(start + gap_s - now, until - now, 0.0)

    def give_back(self, start: float | None) -> None:
        """End the turn; `start`: when the request went out, None when none did."""
        if self._held is None:
            return
        if start is not None:
            self._write(start, self._read()[1])
        os.close(self._held[0])  # and with it the lock
        self._held = None

    def rest(self, server: str, until: float) -> None:
        """The server asked for a rest until a moment of the monotonic clock, from whoever asks."""
        if self._held is not None:  # closing the file again would end the turn
            return
        descriptor = self._open()
        if descriptor is None:
            return
        offset = _offset(server) + _RECORD.size // 2
        with contextlib.suppress(OSError):
            (known,) = struct.unpack("<d", os.pread(descriptor, 8, offset).ljust(8, b"\0"))
            if not until <= known <= until + _LONGEST_REST_S:
                os.pwrite(descriptor, struct.pack("<d", until), offset)
        os.close(descriptor)

    def _read(self) -> tuple[float, float]:
        assert self._held is not None
        descriptor, offset = self._held
        with contextlib.suppress(OSError):
            read = os.pread(descriptor, _RECORD.size, offset)
            start, rest = _RECORD.unpack(read.ljust(_RECORD.size, b"\0"))
            return float(start), float(rest)
        return 0.0, 0.0

    def _write(self, start: float, rest: float) -> None:
        assert self._held is not None
        descriptor, offset = self._held
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, _RECORD.pack(start, rest), offset)

    def _open(self) -> int | None:
        """The file, made if it is not there; None where it is no file of ours alone, or cannot be had."""
        if self._path is None:
            return None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
        except (OSError, ValueError):
            return None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
            os.close(descriptor)
            return None
        return descriptor


def _offset(server: str) -> int:
    number = int.from_bytes(hashlib.sha256(server.encode("utf-8", "replace")).digest()[:4], "big") % _RECORDS
    return number * _RECORD.size
