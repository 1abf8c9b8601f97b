"""The programs that we are measured against, in a virtual environment of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "peer_programs"
WANTED = (
    "scrapy", "selectolax", "resiliparse", "lxml", "lxml-html-clean", "beautifulsoup4", "trafilatura", "httpx", "click",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peers:
    """The environment, and which of the wanted packages it has, with their versions."""

    python: Path
    versions: dict[str, str]
    wget: str | None
    pandoc: str | None = None

    def has(self, package: str) -> bool:
        """Whether a package could be had."""
        return package in self.versions

    def program(self, name: str, *words: str | Path) -> list[str | Path]:
        """The command of one of `peer_programs`."""
        return [self.python, PROGRAMS / name, *words]


NOBODY = Peers(Path("python"), {}, None)


def ready(folder: Path) -> Peers:
    """The environment in a folder, made and filled where it is not; a package that cannot be had is missed."""
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    held = _versions(python)
    for package in WANTED:
        if package not in held:
            print(f"  installing {package} for comparison", file=sys.stderr, flush=True)
            command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", package]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                print(f"  {package} cannot be had", file=sys.stderr)
    held = _versions(python)
    return Peers(
        python,
        {name: held[name] for name in WANTED if name in held},
        shutil.which("wget"),
        shutil.which("pandoc"),
    )


def _versions(python: Path) -> dict[str, str]:
    asked = (
        "from importlib.metadata import distributions as found;"
        "print(*(one.name.lower().replace('_', '-') + ' ' + one.version for one in found()), sep='\\n')"
    )
    told = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in told.splitlines())
