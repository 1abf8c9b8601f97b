"""Tasks for workers, which must find them in a module that is quick to import."""

from __future__ import annotations

import os
import signal


def number_and_process(number: int) -> tuple[int, int]:
    """What was given, and in which process."""
    return number, os.getpid()


def twice(number: int) -> int:
    return 2 * number


def broken_at_five(number: int) -> int:
    if number == 5:
        raise ArithmeticError("five")
    return number


def end_elsewhere(number: int, here: int) -> int:
    """In a worker: killed, as by a system that is out of memory."""
    if number == 20 and os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def stuck_elsewhere(number: int, here: int) -> int:
    """In a worker: never done."""
    if number == 20 and os.getpid() != here:
        signal.pause()
    return number


def noisy(number: int) -> int:
    """Prints, as a library may."""
    print("a library says this")  # noqa: T201
    os.write(1, b"and this")
    return number


def hash_of(word: str) -> int:
    return hash(word)
