"""stdin, stdout and stderr that may be closed, full, or read by nobody: no command ends halfway because of them.

What cannot be written is dropped and noted, so that a run goes on to its orderly end, and only then one line says so.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


class _Descriptor(io.RawIOBase):
    """Writes to a descriptor until it takes no more; `failure` is why, None while all is well."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """As `io.RawIOBase.write`, but never raises OSError."""
        if self.failure is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # a pipe that does not wait for its reader
                raise
            except OSError as error:
                self.failure = error
        return len(data)


def hold() -> None:
    """Make the standard streams safe to use. Once, before the program opens anything.

    A descriptor of theirs that is closed leads nowhere from now on: else the next file that is opened, the archive's
    lock perhaps, would get its number, and what another program prints would be written into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            while os.open(os.devnull, os.O_RDWR) < descriptor:  # the lowest free one is given
                pass
            with suppress(OSError):
                os.set_inheritable(descriptor, True)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        encoding = getattr(stream, "encoding", None) or "utf-8"
        raw = _Descriptor(descriptor)
        buffered = io.BufferedWriter(raw)  # type: ignore[type-var]
        by_line = name == "stderr" or raw.isatty()
        # an ASCII terminal shows ? for Chinese
        setattr(sys, name, io.TextIOWrapper(buffered, encoding, errors="replace", line_buffering=by_line))


def failure() -> str | None:
    """Why not all that was said on stdout could be written; None also where nobody wants to read on."""
    with suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    error = raw.failure if isinstance(raw, _Descriptor) else None
    return None if error is None or isinstance(error, BrokenPipeError) else error.strerror
