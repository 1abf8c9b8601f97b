"""Work without side effects, done by other processes where there is much of it; results come in the order of the tasks.

A worker is a program of its own, spoken to through two pipes, and none of `multiprocessing`: that runs the caller's own
program again in each of its processes, which may be a script or a notebook; it needs semaphores, which some containers
lack; and what it starts may outlive it. A worker ends when its pipe does, however the end came. Whatever becomes of
one, killed or stuck, what it was to do is done here instead: a task gives the same here and there.
"""

from __future__ import annotations

import os
import pickle
import queue
import random
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO, Self, TypeVar, cast

R = TypeVar("R")

LEAST = 500  # tasks: for fewer the start of a worker, a tenth of a second of CPU, is not worth while
_MOST = 4  # workers: who takes their results has as much to do as three of them
_TOGETHER = 8  # tasks that are sent at once
_HEAVY = 500_000  # of weight: as much is sent by itself
_UNDER_WAY = 4_000_000  # of weight: as much waits at a time, so that memory stays flat
_PATIENCE = 600  # looks for an answer, one a second: looks are counted, not time, which goes on while we are stopped
_HEAD = struct.Struct("<Q")
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from archiver.machine.workers import serve; serve()"
_Batch = list[Callable[[], R]]
_Process = subprocess.Popen[bytes]


class _Lost(Exception):
    """A worker is gone, or says nothing."""


def cores() -> int:
    """The processors that this process may use (`taskset` says how many)."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Workers:
    """Processes that help with tasks, of which there are none before there is enough to do. To be used by one thread.

    A task is a function of a module with its arguments (`functools.partial`), so that it can be sent.
    """

    def __init__(
        self, count: int | None = None, *, least: int = LEAST, patience: int = _PATIENCE, python: str | None = None
    ) -> None:  # fmt: skip
        self._count = min(cores(), _MOST) if count is None else count
        self._least = least
        self._patience = patience
        self._python = sys.executable if python is None else python
        self._processes: list[_Process] = []
        self._idle: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None  # one a worker, which waits for it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End every worker, whatever it is doing. What is asked afterwards is done here."""
        self._count = 0
        self._idle.put(None)
        for process in self._processes:
            process.kill()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what could not be sent any more
                    cast("BinaryIO", pipe).close()
        self._processes, self._threads = [], None

    def in_order(self, tasks: Iterable[tuple[int, Callable[[], R]]], expected: int) -> Iterator[R]:
        """What each task gives, or raises. A task comes with its weight, in bytes; some are taken before their turn."""
        if not self._are_ready(expected):
            for _, task in tasks:
                yield task()
            return
        waiting: deque[tuple[int, _Batch[R], Future[bytes] | None]] = deque()
        batches = _batches(tasks)
        while True:
            while len(waiting) <= 2 * self._count and sum(weight for weight, _, _ in waiting) < _UNDER_WAY:
                weight, batch = next(batches, (0, []))
                if not batch:
                    break
                waiting.append((weight, batch, self._sent(batch)))
            if not waiting:
                return
            _, batch, answer = waiting.popleft()
            yield from self._results(batch, answer)

    def begun(self, there: Callable[[], R], here: Callable[[], R], expected: int) -> Callable[[], R]:
        """Begin a task, beside others that are `expected`, or `here` in its place; to be called for what it gives."""
        answer = self._sent([there]) if self._are_ready(expected) else None
        return lambda: next(self._results([here], answer))

    def _sent(self, batch: _Batch[R]) -> Future[bytes] | None:
        if self._threads is None:
            return None
        try:
            return self._threads.submit(self._ask, pickle.dumps(batch))
        except RuntimeError:  # no more threads
            self.end()
            return None

    def _results(self, batch: _Batch[R], answer: Future[bytes] | None) -> Iterator[R]:
        given: list[bytes | None] = [None] * len(batch)
        if answer is not None and self._threads is not None:
            try:
                given = pickle.loads(self._awaited(answer))  # noqa: S301 - of a process of ours, through a pipe of ours
            except _Lost:
                self.end()
        for task, result in zip(batch, given, strict=True):
            yield task() if result is None else pickle.loads(result)  # noqa: S301 - the same

    def _awaited(self, answer: Future[bytes]) -> bytes:
        for _ in range(self._patience):
            with suppress(TimeoutError):
                return answer.result(1)
        raise _Lost

    def _ask(self, batch: bytes) -> bytes:
        """Have an idle worker do something. In a thread of its own."""
        found, process = None, self._idle.get()
        if process is not None:
            with suppress(OSError, ValueError, OverflowError, MemoryError):
                _send(cast("BinaryIO", process.stdin), batch)
                found = _received(cast("BinaryIO", process.stdout))
        if found is None:
            self._idle.put(None)  # where one is lost all are given up, so that no thread waits for one any more
            raise _Lost
        self._idle.put(process)
        return found

    def _are_ready(self, expected: int) -> bool:
        """Whether there are workers, which are started here where there is enough to do for them."""
        if self._threads is None and self._count > 1 and expected >= self._least:
            try:
                self._start()
            except (OSError, ValueError):  # no such program, no more processes
                self.end()
        return self._threads is not None

    def _start(self) -> None:
        # All of them take the hash of a word for the same, so that they may add up such hashes.
        env = os.environ | {"PYTHONHASHSEED": str(random.SystemRandom().randrange(1, 2**32))}
        for _ in range(self._count):
            process = subprocess.Popen(  # noqa: S603 - our own program, found where it was found before (-P: not here)
                [self._python, "-P", "-c", _PROGRAM, *map(str, sys.path)], env=env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self._processes.append(process)
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(self._count)


ALONE = Workers(0)
"""None: what is to be done is done here."""


def _batches(tasks: Iterable[tuple[int, Callable[[], R]]]) -> Iterator[tuple[int, _Batch[R]]]:
    """Some tasks at a time, with what they weigh together."""
    batch: _Batch[R] = []
    weight = 0
    for each, task in tasks:
        batch.append(task)
        weight += each
        if len(batch) == _TOGETHER or weight >= _HEAVY:
            yield weight, batch
            batch, weight = [], 0
    if batch:
        yield weight, batch


# ─── in the worker ──────────────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Do what is asked through stdin, and tell through stdout, until nothing more is asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all of us: who asks says when it is enough
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while (batch := _received(asked)) is not None:
        try:
            _send(told, pickle.dumps([_done(task) for task in pickle.loads(batch)]))  # noqa: S301 - of who started us
        except BrokenPipeError:  # nobody waits for it any more
            os._exit(0)


def _done(task: Callable[[], object]) -> bytes | None:
    """What a task gives; nothing where it raises: who asked meets that, too."""
    with suppress(Exception):
        return pickle.dumps(task(), pickle.HIGHEST_PROTOCOL)
    return None


def _send(pipe: BinaryIO, said: bytes) -> None:
    pipe.write(_HEAD.pack(len(said)))
    pipe.write(said)
    pipe.flush()


def _received(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    said = pipe.read(_HEAD.unpack(head)[0])
    return said if len(said) == _HEAD.unpack(head)[0] else None
