"""Days at the command line: one archive, a clock that can be moved on, and a stand-in that has its moods."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from archives import place_empty
from fakes import FakeClock
from runs import config_for

from archiver import cli
from archiver.standin import StandIn

PARTS = 9


class Desk:
    """One archive, a clock that can be moved on, and a stand-in that refuses."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], standin: StandIn, sources: str | None, extra: str = ""
    ) -> None:
        self.clock = FakeClock()
        self.standin = standin
        self.faults = standin.faults
        self.db = folder / "a.db"
        place_empty(self.db)
        self._capsys = capsys
        self._config = config_for(standin, folder, delay_s=2.0, sources=sources, extra=extra)

    def fetch(self, *options: str) -> tuple[int, str, Counter[str]]:
        """Exit code, what was printed, and how many requests of each kind there were."""
        before = len(self.standin.log)
        arguments = ["fetch", "-q", "--db", str(self.db), "--config", str(self._config), *options]
        code = cli.run(arguments, clock=self.clock)
        asked = Counter(_kind(request.target) for request in self.standin.log[before:])
        return code, "".join(self._capsys.readouterr()), asked


def _kind(target: str) -> str:
    kinds = {"robots": "/robots.txt", "series": "/users/", "feed": "/rss/", "article": "/articles/", "index": "/posts/"}
    return next((kind for kind, path in kinds.items() if path in target), "other")
