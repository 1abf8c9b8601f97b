"""An archive that is pushed: five parts that are held, the site as it is now, and web archives on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from archives import place
from desks import Desk
from fakes import START, FakeClock
from rescuers import PARTS, page
from runs import config_for, run_fetch, small_site

from archiver.standin import StandIn
from archiver.standin.render import article_url
from archiver.standin.web_archives import WebArchives
from archiver.standin.wire import Reply

ONE = PARTS[0]
SAVE = "https://web.archive.org/save"


@dataclass(kw_only=True)
class Pusher(Desk):
    """A desk that holds five parts, the site as it is now, and web archives that hold nothing yet."""

    archives: WebArchives
    clock: FakeClock
    live: dict[str, Reply] = field(default_factory=dict)

    def push(self, *arguments: str) -> int:
        """One push through the command line, with the clock of the test."""
        return self.run("push", *arguments)

    def pushes(self) -> dict[int, tuple[str, str]]:
        """Article → state and reason of its last push."""
        found = self.rows("SELECT article_id, pushes.state, reason FROM pushes JOIN pages ON pages.id = page_id"
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
            *self.rows("SELECT url, state, absences, failures, last_fetch_at, due_at FROM pages"
                           " WHERE host = 'ithelp.ithome.com.tw' ORDER BY url"),
            *self.rows("SELECT id, title, content_sha256, capture_id FROM articles ORDER BY id"),
            *self.rows("SELECT id, source FROM captures JOIN pages USING (id) WHERE kind = 'article'"),
            *self.rows("SELECT * FROM edits"),
        ]  # fmt: skip


def make_held(folder: Path) -> Path:
    """An archive of the small series, all five parts held."""
    with StandIn(small_site()) as standin:
        run_fetch(folder / "held.db", config_for(standin, folder))
    return folder / "held.db"


@contextmanager
def pusher_of(held: Path, folder: Path) -> Iterator[Pusher]:
    """A copy of the archive a month later, and web archives that save what the site has now, without keys too."""
    clock = FakeClock(START + timedelta(days=30))
    live = {article_url(number): Reply(200, page(number)) for number in PARTS}
    with WebArchives(live.get, clock=clock.now) as archives:
        archives.save_page_now.anonymous = 99
        file = config_for(archives, folder)
        with file.open("a", encoding="utf-8") as text:
            text.write("\n[rescue]\ndelay_s = 0.0\n[push]\ndelay_s = 15.0\n")
        yield Pusher(db=place(folder / "a.db", held), config=file, archives=archives, clock=clock, live=live)
