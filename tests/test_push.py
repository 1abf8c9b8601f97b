"""Push through the command line: what is asked of whom, when a copy counts, what is kept for the next run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import START, FakeClock
from rescuers import PARTS, page
from runs import config_for, rows, run_fetch, small_site

from archiver import cli
from archiver.standin import StandIn
from archiver.standin.render import article_url
from archiver.standin.web_archives import Memento, WebArchives
from archiver.standin.wire import Reply

ONE = PARTS[0]
SAVE = "https://web.archive.org/save"
KEY, SECRET = "access", "secret"


@dataclass(slots=True)
class Desk:
    """An archive that holds five parts, the site as it is now, and web archives that hold nothing yet."""

    db: Path
    config: Path
    archives: WebArchives
    clock: FakeClock
    live: dict[str, Reply] = field(default_factory=dict)

    def push(self, *arguments: str) -> int:
        """One push through the command line, with the clock of the test."""
        return cli.run(["push", "--db", str(self.db), "--config", str(self.config), *arguments], clock=self.clock)

    def run(self, *arguments: str) -> int:
        """Another command line."""
        return cli.run([arguments[0], "--db", str(self.db), "--config", str(self.config), *arguments[1:]])

    def pushes(self) -> dict[int, tuple[str, str]]:
        """Article → state and reason of its last push."""
        found = rows(self.db, "SELECT article_id, pushes.state, reason FROM pushes JOIN pages ON pages.id = page_id"
                              " ORDER BY pushes.id")  # fmt: skip
        return {number: (state, reason) for number, state, reason in found}

    def state(self, number: int = ONE) -> str:
        """The state of the last push of a part."""
        return self.pushes()[number][0]

    def asked(self, part: str = "") -> list[str]:
        """Method and URL of every request that the web archives saw, robots files apart."""
        seen = (f"{one.method} {one.url}" for one in self.archives.log if not one.target.endswith("/robots.txt"))
        return [one for one in seen if part in one]

    def saves(self) -> int:
        """How many captures were asked for."""
        return len(self.asked(f"POST {SAVE}"))

    def believed(self) -> list[tuple[Any, ...]]:
        """What is believed of iThome's pages, and what is read of them."""
        return [
            *rows(self.db, "SELECT url, state, absences, failures, last_fetch_at, due_at FROM pages"
                           " WHERE host = 'ithelp.ithome.com.tw' ORDER BY url"),
            *rows(self.db, "SELECT id, title, content_sha256, capture_id FROM articles ORDER BY id"),
            *rows(self.db, "SELECT id, source FROM captures JOIN pages USING (id) WHERE kind = 'article'"),
            *rows(self.db, "SELECT * FROM edits"),
        ]  # fmt: skip


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held")
    with StandIn(small_site()) as standin:
        run_fetch(folder / "held.db", config_for(standin, folder))
    return folder / "held.db"


@pytest.fixture
def desk(held: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(held, tmp_path / "a.db")
    clock = FakeClock(START + timedelta(days=30))
    live = {article_url(number): Reply(200, page(number)) for number in PARTS}
    with WebArchives(live.get, clock=clock.now) as archives:
        file = config_for(archives, tmp_path)
        with file.open("a", encoding="utf-8") as text:
            text.write("\n[rescue]\ndelay_s = 0.0\n[push]\ndelay_s = 15.0\n")
        yield Desk(tmp_path / "a.db", file, archives, clock, live)


# ─── a copy that counts ─────────────────────────────────────────────────────────────────────────


def test_a_push_is_confirmed_by_the_index_and_the_text(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    before = desk.believed()

    assert desk.push(str(ONE), "-q") == 0
    out = capsys.readouterr().out
    assert f"confirmed: {ONE}: https://web.archive.org/web/2026" in out
    assert desk.state() == "confirmed"
    assert desk.believed() == before, "what is known of the live page never changes"
    assert rows(desk.db, "SELECT confirmed, outcome, made_at FROM copies") == [
        (1, "ok", rows(desk.db, "SELECT made_at FROM pushes")[0][0])
    ]
    assert desk.run("verify") == 0
    assert desk.run("status", "--copies") == 0
    told = capsys.readouterr()
    assert "Pushed to the Wayback Machine: 1 confirmed." in told.err
    assert desk.run("why", str(ONE)) == 0
    told = capsys.readouterr()
    assert "asked Save Page Now (to save it)" in told.out
    assert "push to the Wayback Machine: confirmed" in told.out
