"""SIGINT and SIGTERM as one exception, from the first line of the program to its last.

Nothing heavy is imported here: most of a short command is spent importing, and a signal may come then, too.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WORDS = "archiver: interrupted; what was stored stays, run the same command again to go on"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM; `code` is the exit code that follows from it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


class _Held:
    """What is held back. Of the process, as signals are."""

    depth = 0
    number: int | None = None


_held = _Held()


def code_of(interruption: BaseException) -> int:
    """The exit code that follows from being interrupted: 143 after SIGTERM, else 130."""
    return int(getattr(interruption, "code", 130))


def catch() -> None:
    """Let the first signal raise Interrupted wherever the program is, and a second one end it at once."""
    sys.unraisablehook = _unraisable
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, _: FrameType | None) -> None:
    if _held.depth:
        _held.number = number
        return
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise Interrupted(number)


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """Where Python can only print an exception and go on, as in a finaliser, an interruption ends the program."""
    if isinstance(told.exc_value, Interrupted):
        os.write(2, WORDS.encode() + b"\n")
        os._exit(told.exc_value.code)
    sys.__unraisablehook__(told)


@contextmanager
def caught() -> Iterator[None]:
    """The same for as long as a command runs, in a process that goes on after it, as that of the tests."""
    hook, before = sys.unraisablehook, {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        catch()
    except ValueError:  # not the main thread, where no signal arrives
        yield
        return
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Signals come after this: for the few steps that must not be done by half.

    Not by the signal mask, which is each thread's own: libraries have threads that would take the signal.
    """
    _held.depth += 1
    try:
        yield
    finally:
        _held.depth -= 1
        if _held.number is not None and not _held.depth:
            number, _held.number = _held.number, None
            _interrupt(number, None)


def no_more() -> None:
    """All is done: nothing can interrupt the end of the program any more."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
