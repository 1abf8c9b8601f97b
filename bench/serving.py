"""The invented site as a server in a process of its own, and `archiver serve` as one.

    python -m bench.serving SERIES LOG [fresh]      until SIGTERM

Then the starts of all requests are written to LOG. Pages are made once, unless `fresh` asks for the small differences
that the site has between two answers.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.standin import LocalServer, StandIn
from archiver.standin.wire import Reply, Request
from bench.measure import Cost, archiver

_UNTIL_UP_S = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. `log` is written when it ends."""

    url: str
    log: Path

    def starts(self) -> list[tuple[float, str]]:
        """When each request came, in seconds, and which path it asked; once the server has ended."""
        return [(float(at), str(target)) for at, target in json.loads(self.log.read_text("utf-8"))]


@contextlib.contextmanager
def site_server(series: int, folder: Path, *, fresh: bool = False) -> Iterator[Server]:
    """The invented site with so many series."""
    log = folder / f"log-{time.monotonic_ns()}.json"
    command = [sys.executable, "-m", "bench.serving", str(series), str(log), *["fresh"] * fresh]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process.stdout.readline().strip(), log)
        finally:
            process.terminate()
            process.wait()


@dataclass(slots=True)
class Pages:
    """`archiver serve` on one archive: what each of its pages costs."""

    url: str
    process_id: int

    def cost(self, path: str) -> Cost:
        """CPU seconds of answering one request, and the peak of the process so far."""
        before, start = _cpu_s(self.process_id), time.perf_counter()
        with urllib.request.urlopen(self.url.rstrip("/") + path, timeout=600) as answer:
            said = answer.read().decode("utf-8", "replace")
        return Cost(
            _cpu_s(self.process_id) - before, _peak_mb(self.process_id), time.perf_counter() - start, str(len(said))
        )

    def name(self) -> str:
        """What Datasette calls the database."""
        with urllib.request.urlopen(self.url.rstrip("/") + "/-/databases.json", timeout=600) as answer:
            return str(json.loads(answer.read())[0]["name"])


@contextlib.contextmanager
def archive_server(path: Path, env: Mapping[str, str]) -> Iterator[Pages]:
    """`archiver serve` while it runs. Linux only: the costs are read from /proc."""
    command = [str(word) for word in archiver("serve", "--port", "0", "--db", path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stderr is not None
        try:
            found = None
            while found is None and (line := process.stderr.readline()):
                found = re.search(r"http://\S+", line)
            assert found is not None, "archiver serve did not start"
            _wait_for(found[0])
            yield Pages(found[0], process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + _UNTIL_UP_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=60):
            return
        assert time.monotonic() < until, f"{url} does not answer"
        time.sleep(0.1)


def _cpu_s(process_id: int) -> float:
    """CPU time of all threads that are there, in seconds; finer than the clock ticks of `stat`."""
    tasks = Path(f"/proc/{process_id}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def _peak_mb(process_id: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text("utf-8"))
    return int(found[1]) / 1024 if found else 0.0


class _Kept:
    """Answers that were given once, packed once: making them takes longer than most clients take to read them."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._held: dict[tuple[str, bool], Reply] = {}

    def __call__(self, request: Request) -> Reply:
        packed = "gzip" in request.headers.get("accept-encoding", "")
        key = request.target, packed
        if key not in self._held:
            reply = self._answer(request).but(gzip=False)
            if packed and reply.status == 200:
                reply = replace(reply, body=gzip.compress(reply.body, 6)).with_header("Content-Encoding", "gzip")
            self._held[key] = reply
        return self._held[key]


def main(arguments: list[str]) -> int:
    """Serve the invented site until SIGTERM."""
    from bench import site  # not for those who only start us

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    standin: LocalServer = StandIn(site.together(range(1, int(arguments[0]) + 1)))
    if arguments[2:] != ["fresh"]:
        standin = LocalServer(_Kept(standin.reply), standin.origins)
    with contextlib.suppress(KeyboardInterrupt), standin:
        print(standin.url, flush=True)
        signal.pause()
    Path(arguments[1]).write_text(json.dumps([(entry.started, entry.target) for entry in standin.log]), "utf-8")
    return 0


if __name__ == "__main__":
    os.setpgid(0, 0)  # Ctrl-C is for the bench, which ends us
    sys.exit(main(sys.argv[1:]))
