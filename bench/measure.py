"""What a child process cost, and rounds of several that take turns, so that a busy machine weighs on all alike.

CPU time (user and system, children included) comes first: wall time says more about who else is on the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
Command = Sequence[str | Path]


class Failed(Exception):
    """A measured program ended otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process used: seconds of CPU and of the clock, megabytes at its peak; and what it printed."""

    cpu_s: float
    peak_mb: float
    wall_s: float = 0.0
    said: str = ""

    def json(self) -> Any:
        """The last line that it printed, as JSON."""
        return json.loads(self.said.strip().splitlines()[-1])


def environment(state: Path) -> dict[str, str]:
    """What measured programs find: this checkout, and a folder of their own for what they share with each other."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ARCHIVER_", "PYTHON"))}
    return plain | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(state), "NO_COLOR": "1"}


def run(command: Command, *, env: Mapping[str, str] | None = None, good: tuple[int, ...] = (0,)) -> Cost:
    """Run to the end. Raises Failed for an exit code that is not `good`."""
    with tempfile.TemporaryDirectory() as folder:
        out, errors, cost = (Path(folder) / name for name in ("out", "errors", "cost"))
        launched = [sys.executable, "-I", "-S", ROOT / "bench/launch.py", cost, *command]
        with out.open("wb") as said, errors.open("wb") as complained:
            subprocess.run([str(word) for word in launched], stdout=said, stderr=complained, env=env, check=True)
        code, cpu_s, peak_kb, wall_s = cost.read_text("utf-8").split()
        if int(code) not in good:
            shown = " ".join(str(word) for word in command)
            raise Failed(f"{shown} ended with {code}: {errors.read_text('utf-8', 'replace')[-2_000:]}")
        return Cost(float(cpu_s), int(peak_kb) / 1024, float(wall_s), out.read_text("utf-8", "replace"))


def together(commands: Sequence[Command], *, env: Mapping[str, str], good: tuple[int, ...]) -> None:
    """Run several at once, to the end. Raises Failed for an exit code that is not `good`."""
    running = [
        subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for command in commands
    ]
    for process in running:
        _, errors = process.communicate()
        if process.returncode not in good:
            raise Failed(f"{process.args!r} ended with {process.returncode}: {errors[-2_000:]!r}")


def archiver(*words: str | Path) -> Command:
    """The program that is measured, as users start it."""
    return [sys.executable, "-m", "archiver", *words]


def inside(*words: str | Path) -> Command:
    """A part of the program that has no command of its own (`bench.inside`)."""
    return [sys.executable, "-m", "bench.inside", *words]


def in_turns(jobs: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, Cost]:
    """The medians of jobs that take turns, each round in another order. A job that raises Failed is left out."""
    found: dict[str, list[Cost]] = {name: [] for name in jobs}
    failed: dict[str, str] = {}
    for number in range(rounds):
        names = list(jobs)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if name in failed:
                continue
            try:
                found[name].append(jobs[name]())
            except Failed as error:
                failed[name] = str(error)
                print(f"  {name}: {error}", file=sys.stderr)
    return {name: middle(costs) for name, costs in found.items() if costs and name not in failed}


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure, and what the last one printed."""
    return Cost(
        median(cost.cpu_s for cost in costs), median(cost.peak_mb for cost in costs),
        median(cost.wall_s for cost in costs), costs[-1].said,
    )  # fmt: skip


def per_page(cost: Cost) -> Cost:
    """What a program printed as its cost a page, in place of what all of it used."""
    return replace(cost, cpu_s=float(cost.json()["cpu_s"]))
