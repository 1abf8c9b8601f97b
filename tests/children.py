"""Runs `archiver` commands as child processes that a test can stop, kill and deprive.

Started as a program, it is a process without threads that imports everything once, and has run what is run most, and
forks a child for each command, so that a child is there in milliseconds. It reads one JSON document a line and answers
with one.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LONGEST_S = 60
_CAPABILITY_VERSION = 0x20080522
_DAC_CAPABILITIES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: why root may write what is read-only


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (minus the signal that killed it), what it said, and the most memory it had."""

    code: int
    out: str
    err: str
    peak_mb: float = field(default=0.0, compare=False)  # two runs of the same differ in it


class Child:
    """One running command."""

    def __init__(self, children: Children, pid: int) -> None:
        self._children = children
        self.pid = pid

    def wait(self) -> Ended:
        """Wait until it ends; no other command can be started meanwhile."""
        return Ended(**self._children.ask({"wait": self.pid}))

    def kill(self) -> Ended:
        """End it with SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()


class Children:
    """Starts children. A context manager."""

    def __enter__(self) -> Self:
        self._state = tempfile.TemporaryDirectory()
        environment = os.environ | {"XDG_STATE_HOME": self._state.name}  # nothing of ours in the tester's home
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.communicate()
        self._state.cleanup()

    def start(self, *arguments: str | Path, file_bytes: int | None = None, as_nobody: bool = False,
              closed: tuple[int, ...] = (), full: bool = False) -> Child:  # fmt: skip
        """Start `archiver` with these arguments.

        `file_bytes` is the most that a file may hold (RLIMIT_FSIZE); `as_nobody` makes permissions hold for root too;
        `closed` are the standard streams that a shell closed (`2>&-`); `full`: stdout goes to a disk that is full.
        """
        document = {
            "arguments": [*map(str, arguments)], "file_bytes": file_bytes, "as_nobody": as_nobody, "closed": closed,
            "full": full,
        }  # fmt: skip
        return Child(self, self.ask(document)["pid"])

    def run(self, *arguments: str | Path, file_bytes: int | None = None, as_nobody: bool = False,
            closed: tuple[int, ...] = (), full: bool = False) -> Ended:  # fmt: skip
        """Run `archiver` with these arguments to its end."""
        return self.start(*arguments, file_bytes=file_bytes, as_nobody=as_nobody, closed=closed, full=full).wait()

    def ask(self, document: dict[str, Any]) -> dict[str, Any]:
        """One line there, one line back."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(document) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer


# ─── the program ────────────────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Start and wait for children, as asked line by line."""
    pipes: dict[int, tuple[int, int]] = {}
    for line in sys.stdin:
        document = json.loads(line)
        if "wait" in document:
            out, err = pipes.pop(document["wait"])
            _, status, used = os.wait4(document["wait"], 0)
            answer = {
                "code": os.waitstatus_to_exitcode(status), "out": _all_of(out), "err": _all_of(err),
                "peak_mb": used.ru_maxrss / 1_024,
            }  # fmt: skip
        else:
            _prepare(document["arguments"])
            pid, ends = _fork(document)
            pipes[pid] = ends
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _all_of(descriptor: int) -> str:
    with open(descriptor, "rb") as file:
        return file.read().decode("utf-8", "replace")


def _fork(document: dict[str, Any]) -> tuple[int, tuple[int, int]]:
    (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out_write, 1)
        os.dup2(err_write, 2)
        _become(document)
    os.close(out_write)
    os.close(err_write)
    return pid, (out_read, err_read)


def _become(document: dict[str, Any]) -> None:
    """Run the command in this process, and end it."""
    from archiver import cli

    signal.alarm(LONGEST_S)
    if document["file_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (document["file_bytes"], document["file_bytes"]))
    if document["as_nobody"]:
        _heed_permissions()
    code = 99
    try:
        if document["full"] or document["closed"]:
            code = _with_streams(document["arguments"], document["closed"], full=document["full"])
        else:
            code = cli.run(document["arguments"])
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    finally:
        os._exit(code)


def _with_streams(arguments: list[str], closed: list[int], *, full: bool) -> int:
    """Run the whole program with its standard streams as the interpreter finds them when it starts."""
    from archiver.__main__ import main

    if full:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    for descriptor in closed:
        os.close(descriptor)
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)
    sys.argv[:] = ["archiver", *arguments]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 98
    return 97  # it did not end by itself


def _heed_permissions() -> None:
    """Give up root's right to pass over permissions, where we have it."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, for 64 bits
    if libc.capget(header, sets) == 0:
        sets[0] &= ~_DAC_CAPABILITIES
        libc.capset(header, sets)


def _prepare(arguments: list[str]) -> None:
    """Import what a command needs and few do, so that its children need not."""
    if arguments[:1] == ["serve"]:
        importlib.import_module("archiver.browse.reader")


def warm_up() -> None:
    """Run commands on an archive without rows, so that no child need compile a pattern or read a script again."""
    from archives import archive_at

    from archiver import cli

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with archive_at(path):
            pass
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for command in (["status"], ["why", "1"], ["search", "x"], ["parse"], ["verify"]):
                cli.run([*command, "--db", str(path)])
    assert threading.active_count() == 1, "what forks has no threads"


NEEDED = (  # by the commands that are started most
    "archiver.commands.comparing", "archiver.commands.fetching", "archiver.commands.importing",
    "archiver.commands.pushing", "archiver.commands.reading", "archiver.commands.rescuing",
    "archiver.report.comparisons", "archiver.report.fetches", "archiver.report.hits", "archiver.report.rescues",
    "archiver.report.terminal", "archiver.report.why", "html_to_markdown", "stringprep", "zipfile",
)  # fmt: skip

if __name__ == "__main__":
    for module in NEEDED:
        importlib.import_module(module)
    warm_up()
    gc.freeze()  # what is shared stays shared: a child's collector writes to no page of it
    serve()
