"""A part that is lost from the site, web archives on this machine, and rescues through the real command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from archives import place
from desks import Desk
from fakes import FakeClock
from runs import config_for, run_fetch, small_site

from archiver import config as configs
from archiver.commands import rescuing
from archiver.report import rescues
from archiver.report.runs import Summary
from archiver.standin import StandIn
from archiver.standin.rot import page_of
from archiver.standin.web_archives import Memento, WebArchives

PARTS = (10319216, 10319293, 10321315, 10322608, 10323209)
LOST = PARTS[4]
URL = f"https://ithelp.ithome.com.tw/articles/{LOST}"
PUBLISHED = small_site().articles[LOST].published.astimezone(UTC)
CRAWL = "CC-MAIN-2023-50"


@cache
def page(number: int = LOST) -> bytes:
    """The page of a part as the site served it."""
    with StandIn(small_site()) as standin:
        return page_of(standin, number)


def copy(body: bytes | None = None, *, days: float = 5, url: str = URL, **changes: Any) -> Memento:
    """A capture of the lost part, or of `body` in its place, so many days after publication."""
    at = (PUBLISHED + timedelta(days=days)).replace(microsecond=0)
    return replace(Memento(url, at, page() if body is None else body), **changes)


def make_lost(folder: Path) -> Path:
    """An archive of the small series whose fifth part answered 404; the feed still has it."""
    with StandIn(small_site()) as standin:
        standin.faults.not_found(LOST)
        run_fetch(folder / "lost.db", config_for(standin, folder))
    return folder / "lost.db"


@dataclass(kw_only=True)
class Rescuer(Desk):
    """A desk whose web archives answer."""

    archives: WebArchives

    def settings(self, **rescue: Any) -> configs.Config:
        """The config, with other rescue settings."""
        loaded = configs.load(self.config)
        return replace(loaded, rescue=replace(loaded.rescue, **rescue))

    def rescue(self, target: str | None = None, *, clock: FakeClock | None = None, check: bool = False,
               limit: int | None = None, history: bool = False, **rescue: Any) -> Summary:  # fmt: skip
        """One rescue in this process, quietly; gives what a person is told of it."""
        options = rescuing.RescueOptions(target=target, check=check, limit=limit, history=history)
        return rescues.summary(rescuing.rescue(self.settings(**rescue), self.db, options, clock=clock))

    def attempts(self) -> list[tuple[Any, ...]]:
        """Source, outcome and reason of every request for a copy, in order."""
        return self.rows("SELECT source, outcome, signals ->> 'reason' FROM fetches WHERE source != 'live'"
                             " ORDER BY id")  # fmt: skip

    def believed(self) -> list[tuple[Any, ...]]:
        """What is believed of iThome's pages."""
        return self.rows(
            "SELECT url, state, absences, failures, last_fetch_at, due_at FROM pages"
            " WHERE kind NOT IN ('image', 'link') AND host = 'ithelp.ithome.com.tw' ORDER BY url",
        )

    def held(self) -> list[tuple[Any, ...]]:
        """Whose capture each part was read from."""
        return self.rows("SELECT articles.id, source FROM articles JOIN captures ON captures.id = capture_id"
                             " ORDER BY articles.id")  # fmt: skip

    def asked(self) -> list[str]:
        """Host and path of every request that the web archives saw, robots files apart."""
        return [entry.url for entry in self.archives.log if not entry.target.endswith("/robots.txt")]


@contextmanager
def rescuer_of(lost: Path, folder: Path, extra: str = "feed = false", **changes: Any) -> Iterator[Rescuer]:
    """A copy of the archive, and web archives that hold nothing yet."""
    with WebArchives(**changes) as archives:
        file = config_for(archives, folder)
        with file.open("a", encoding="utf-8") as text:
            text.write(f"\n[rescue]\ndelay_s = 0.0\n{extra}\n")
        yield Rescuer(db=place(folder / "a.db", lost), config=file, archives=archives)


def moment(days: float) -> datetime:
    """So many days after publication."""
    return PUBLISHED + timedelta(days=days)
