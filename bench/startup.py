"""How long `archiver --help` and `archiver status` take to start, as multiples of `import sqlite3, click`.

    python bench/startup.py [ARCHIVE]

The floor (issue 2): each at most 3 times. Medians of interleaved runs, in one process's time, so that a busy machine
weighs on all alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
LIMIT = 3.0


def seconds(command: list[str]) -> float:
    """The wall time of one command."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(arguments: list[str]) -> int:
    """Measure and print; gives 1 when a command is over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(arguments[0]) if arguments else Path(folder) / "demo.db"
        archiver = [sys.executable, "-m", "archiver"]
        if not archive.exists():
            subprocess.run([*archiver, "demo", "-q", "--db", str(archive)], check=True, stdout=subprocess.DEVNULL)
        commands = {
            "import sqlite3, click": [sys.executable, "-c", "import sqlite3, click"],
            "archiver --help": [*archiver, "--help"],
            "archiver status": [*archiver, "status", "--db", str(archive)],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    floor = medians["import sqlite3, click"]
    for name, median in medians.items():
        print(f"{name:24} {median * 1000:7.1f} ms   {median / floor:4.2f} x")
    return int(max(medians.values()) > LIMIT * floor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
