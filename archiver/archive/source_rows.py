"""What is asked to be kept, and what was taken back, of which nothing is deleted: rows of `sources`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.runs import Runs
from archiver.archive.times import stamp

NamedBy = Literal["config", "command"]


class Sources:
    """The sources of one open archive."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    def urls(self) -> list[str]:
        """Every source that is asked, in the order in which they were named."""
        asked = "SELECT url FROM sources WHERE dropped_at IS NULL ORDER BY id"
        return [url for (url,) in self._database.execute(asked)]

    def ever_named(self) -> bool:
        """Whether the archive was ever asked to keep something."""
        return self._database.row("SELECT 1 FROM sources LIMIT 1") is not None

    def unnamed(self, named: Iterable[str]) -> list[str]:
        """What an earlier config named and this one, with these URLs, does not."""
        unnamed = (
            "SELECT url FROM sources WHERE named_by = 'config' AND dropped_at IS NULL"
            " AND url NOT IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        return [row["url"] for row in self._database.rows_of(unnamed, named)]

    def drop_unnamed(self, named: Iterable[str], now: datetime) -> list[str]:
        """Take that back; gives the URLs."""
        unnamed = self.unnamed(named)
        if unnamed:
            with transaction(self._database):
                self._drop(unnamed, now)
        return unnamed

    def drop(self, url: str, now: datetime) -> bool:
        """Take back a source, sealed at once; False when it is none, or was taken back before."""
        if url not in self.urls():
            return False
        with transaction(self._database):
            self._drop([url], now)
            self._runs.seal_kept()
        return True

    def _drop(self, urls: list[str], now: datetime) -> None:
        for url in urls:
            self._database.execute("UPDATE sources SET dropped_at = ? WHERE url = ?", [stamp(now), url])
