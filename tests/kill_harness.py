"""Runs `archiver fetch` in a child again and again and kills it with SIGKILL at a random moment.

    python tests/kill_harness.py DB CONFIG KILLS SEED

Prints one JSON line a kill: the fetch rows that were committed, which must still be there ever after. A process of its
own, without threads, so that forking is safe and importing is paid for once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from archiver import cli

LONGEST_S = 0.35


def fetch(db: Path, config: Path) -> None:
    """One fetch in this process, which it ends."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os._exit(cli.run(["fetch", "-q", "--db", str(db), "--config", str(config)]))


def committed(db: Path) -> list[tuple[int, str, str]]:
    """The fetch rows that a reader sees now."""
    if not db.exists() or db.stat().st_size == 0:
        return []
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT id, requested_url, outcome FROM fetches ORDER BY id").fetchall()
    except sqlite3.OperationalError:
        return []  # killed before the tables were made
    finally:
        connection.close()


def main(arguments: list[str]) -> None:
    """Kill as often as asked."""
    db, config, kills, seed = Path(arguments[0]), Path(arguments[1]), int(arguments[2]), int(arguments[3])
    chance = random.Random(seed)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            fetch(db, config)
        time.sleep(chance.uniform(0.0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps({"killed": os.WIFSIGNALED(status), "rows": committed(db)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
