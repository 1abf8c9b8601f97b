"""Desks: an archive with its config, a clock that can be moved on, and every command as a person gives it.

What a desk begins with is made by `archives`; each subclass adds one kind of counterpart that answers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from archives import place
from fakes import FakeClock
from runs import SERIES, config_for, rows

from archiver import cli
from archiver.standin import StandIn
from archiver.standin.faults import Faults
from archiver.standin.listener import LogEntry

PARTS = 9


@dataclass(kw_only=True)
class Desk:
    """An archive, its config, and the command line."""

    db: Path
    config: Path
    clock: FakeClock | None = None  # None: that of the machine
    capsys: pytest.CaptureFixture[str] | None = None  # for who asks what was printed

    def run(self, command: str, *arguments: str | Path) -> int:
        """The exit code of a command."""
        named = [str(argument) for argument in arguments]
        return cli.run([command, "--db", str(self.db), "--config", str(self.config), *named], clock=self.clock)

    def told(self, command: str, *arguments: str | Path) -> tuple[int, str, str]:
        """The exit code of a command, and what it printed on stdout and on stderr."""
        assert self.capsys is not None, "this desk was made without it"
        self.capsys.readouterr()
        code = self.run(command, *arguments)
        return code, *self.capsys.readouterr()

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query gives, as tuples."""
        return rows(self.db, sql, *parameters)


# ─── who fetches ────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Fetcher(Desk):
    """A desk whose site is a stand-in, which can be told to fail or to refuse."""

    clock: FakeClock
    standin: StandIn
    heard: list[LogEntry] = field(default_factory=list)  # of the last fetch

    @classmethod
    def at(
        cls, standin: StandIn, folder: Path, kept: Path | None = None,
        capsys: pytest.CaptureFixture[str] | None = None, **config: Any,
    ) -> Self:  # fmt: skip
        """A desk before this site, with a copy of `kept` or an archive that holds nothing; `config` as `config_for`."""
        file = config_for(standin, folder, **config)
        return cls(db=place(folder / "a.db", kept), config=file, clock=FakeClock(), capsys=capsys, standin=standin)

    @property
    def faults(self) -> Faults:
        """How the site fails."""
        return self.standin.faults

    def fetch(self, *options: str, **later: float) -> int:
        """The exit code of a fetch, so much later than the last command."""
        self.clock.advance(**later)
        before = len(self.standin.log)
        code = self.run("fetch", "-q", *options)
        self.heard = self.standin.log[before:]
        return code

    def fetched(self, *options: str, **later: float) -> tuple[int, str, Counter[str]]:
        """The same, what was printed, and how many requests of each kind there were."""
        assert self.capsys is not None, "this desk was made without it"
        self.capsys.readouterr()
        code = self.fetch(*options, **later)
        return code, "".join(self.capsys.readouterr()), Counter(_kind(request.target) for request in self.heard)


def _kind(target: str) -> str:
    kinds = {"robots": "/robots.txt", "series": "/users/", "feed": "/rss/", "article": "/articles/", "index": "/posts/"}
    return next((kind for kind, path in kinds.items() if path in target), "other")


# ─── who imports ────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Importer(Desk):
    """A desk with a folder of what somebody saved, and no network."""

    @property
    def folder(self) -> Path:
        """Where the archive and the saved files are."""
        return self.db.parent

    def save(self, name: str, data: bytes) -> Path:
        """A saved file."""
        path = self.folder / name
        path.write_bytes(data)
        return path

    def fetches(self) -> list[tuple[Any, ...]]:
        """URL, outcome and source of every row of the ledger."""
        return self.rows(
            "SELECT url, outcome, source FROM fetches JOIN pages ON pages.id = page_id ORDER BY fetches.id"
        )


def importer_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    """A desk whose config names one series, and nobody who answers."""
    file = folder / "archiver.toml"
    file.write_text(f'[[sources]]\nurl = "{SERIES}"\n', "utf-8")
    return Importer(db=place(folder / "a.db"), config=file, capsys=capsys)
