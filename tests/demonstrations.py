"""The two demonstrations, played once a run of the suite, whichever worker of it comes first."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver import cli

COMMAND = ("demo", "-q")
"""What plays the plain one, as the READMEs show it."""
COMMAND_OF_ROT = ("demo", "--rot", "--db", "demo.db")
ARCHIVE, OUT, ERR = "demo.db", "out", "err"


@dataclass(frozen=True, slots=True)
class Played:
    """A demonstration that ended with 0: its archive, not to be changed, and what it told."""

    archive: Path
    out: str
    err: str


def played(factory: pytest.TempPathFactory, command: tuple[str, ...]) -> Played:
    """A copy of what this command gave. Raises AssertionError when it does not end with 0."""

    def play(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
            patch.setenv("HOME", str(folder))
            patch.chdir(folder)
            with redirect_stderr(io.StringIO()) as err:
                assert cli.run([*command]) == 0
        (folder / OUT).write_text(out.getvalue(), "utf-8")
        (folder / ERR).write_text(err.getvalue(), "utf-8")

    folder = once(factory, "-".join(command).replace("--", ""), play)
    return Played(folder / ARCHIVE, *((folder / name).read_text("utf-8") for name in (OUT, ERR)))


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of this worker's with what `make` puts into an empty one, called by one of the workers of a run."""
    common = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    made = common / f"once-{name}"
    with (common / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            unfinished = common / f"once-{name}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.replace(made)
    return shutil.copytree(made, factory.mktemp(name) / name)
