"""One open archive: the file, its lock, and the rooms inside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver import ithome
from archiver.archive import (
    again,
    connection,
    doubt,
    frontier,
    opening,
    proof,
    schema,
    seals,
    search_index,
    search_proof,
    shape,
    witnesses,
)
from archiver.archive.beliefs import Beliefs
from archiver.archive.captures import Captures, is_held
from archiver.archive.copy_rows import Copies
from archiver.archive.frontier import Scope
from archiver.archive.ledger import DuePage, Ledger
from archiver.archive.library import Library
from archiver.archive.manners import Manners
from archiver.archive.push_rows import Pushes
from archiver.archive.queue import Queue
from archiver.archive.runs import Runs
from archiver.archive.source_rows import Sources
from archiver.archive.stored import Progress, ReadPage, unheard
from archiver.config.rules import Rules, Schedule
from archiver.machine.workers import Workers
from archiver.model import Address, Exchange, Kind, Outcome
from archiver.model.readings import Reading

_ASKED_FOR = """
SELECT 1 FROM sources WHERE dropped_at IS NULL AND (url = :url OR :url IN (SELECT value FROM json_each(alternates)))
UNION ALL SELECT 1 FROM parts JOIN pages ON pages.id = page_id WHERE pages.url = :url
UNION ALL SELECT 1 FROM pages WHERE url = :url AND series_id IN (SELECT series_id FROM series_sources)
UNION ALL SELECT 1 FROM discoveries WHERE url = :url AND via = 'index'
UNION ALL SELECT 1 FROM images WHERE url = :url LIMIT 1
"""

_OF_SERIES = """
SELECT coalesce(articles.series_id, pages.series_id) AS series_of FROM pages
LEFT JOIN articles ON articles.id = pages.article_id WHERE pages.url IN (SELECT value FROM json_each(?))
AND series_of IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a page that is to be kept stands."""

    host: str
    kind: Kind
    last_outcome: Outcome | None  # None: never asked
    due_at: datetime
    is_held: bool


class Keeper:
    """An archive open for writing, kept from others by this process until it is closed."""

    def __init__(self, path: Path, command: str, read: ReadPage, rules: Rules, schedule: Schedule) -> None:
        """Lock, check, open, bring to shape, and read what a killed run left unread. Raises ArchiveError."""
        self.path = path
        self._read = read
        self._rules = rules
        self._queue: Queue | None = None
        self._lock = connection.WriterLock(path)
        opening.check_file(path)
        try:
            self._lock.acquire(command)
            self._database = connection.open_writer(path)
            with contextlib.ExitStack() as on_failure:
                on_failure.callback(self._database.close)
                with opening.explained(path):
                    schema.refuse_newer(self._database)
                    self.was_dumped = opening.is_unmarked(self._database.conn)
                    most = None if schema.is_behind(self._database) else seals.AT_ONCE
                    self.changes = seals.changes(self._database, most)  # before anything is put back
                schema.ensure(self._database, self._seal_shape)
                seals.watch(self._database)
                shape.defend(self._database.conn)  # migrations write to the schema, nothing after them does
                self.captures = Captures(self._database)
                self.beliefs = Beliefs(self._database, rules, schedule)
                self.runs = Runs(self._database, rules, self.beliefs)
                self.runs.found_changed(self.changes)
                self.ledger = Ledger(self._database, self.captures, self.beliefs)
                self.manners = Manners(self._database, self.captures, schedule)
                self.library = Library(self._database, self.captures, read)
                self.copies = Copies(self._database, self.captures)
                self.sources = Sources(self._database, self.runs)
                self.pushes = Pushes(self._database)
                with opening.explained(path):
                    proof.drop_what_was_left(path)
                    self._read_on()
                    if command != "parse":  # which goes on with it
                        again.drop(path)
                on_failure.pop_all()
        except BaseException:
            self._lock.release()
            raise

    def _seal_shape(self, migrated: bool) -> None:
        """What is done to the shape when the archive is opened is sealed, and rows that a migration wrote."""
        seals.renew(self._database, self.changes, shaped=True, rows=migrated)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                if error is None:
                    self.runs.seal_at_the_end()
            finally:
                connection.close(self._database)
            opening.explain(self.path, error)
        finally:
            self._lock.release()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A second connection that only reads, closed afterwards (`opening.reading`)."""
        return opening.reading(self.path, is_open_here=True)

    def _read_on(self) -> None:
        """Read and settle what a killed run left; all of it where a migration took the mark of what was read away."""
        if self.library.is_unread():
            self.rebuild()
        if search_index.is_to_be_filled(self._database):
            with Workers() as workers, connection.transaction(self._database):
                search_index.refill(self._database, workers)
                self.runs.seal_kept()
        self.library.catch_up(then=self.runs.seal_kept)
        self.library.settle(self.runs.seal_kept)

    def rebuild(self, listener: Progress = unheard) -> int:
        """Read every capture again (`Library.rebuild`, `again.rebuild`); gives the number of fetches read."""
        with Workers() as workers:
            if self.library.count() < again.LEAST:
                return self.library.rebuild(self.runs.seal_rebuilt, listener, workers=workers)
            return again.rebuild(self.library, self._database, self._read, self.runs.seal_rebuilt, listener, workers)

    def check_pages(self) -> None:
        """SQLite's own check of the whole file, before the first request. Raises ArchiveDamaged."""
        connection.check_pages(self._database)

    def verify(self, listener: Progress = unheard) -> Iterator[str]:
        """What is damaged, or was edited after it was written: a line each (`proof.verify`)."""
        with Workers() as workers:
            yield from proof.verify(self._database, self.beliefs, self._read, self.changes, listener, workers)

    def mend_search(self, *, thorough: bool = False) -> list[str]:
        """Fill the search index anew when it is not whole (`thorough`: compared); gives what was wrong, a line each."""
        with Workers() as workers:
            found = search_proof.findings(self._database, workers, thorough=thorough)
            if not found and any(change.is_of_the_search for change in self.changes):
                found = ["search index: another program wrote to it"]
            if found:
                self.changes = [change for change in self.changes if not change.is_of_the_search]
                with connection.transaction(self._database):
                    search_index.refill(self._database, workers)
                    self.runs.seal_search()
        return found

    def source_ids(self, named: list[str] | None) -> tuple[int, ...]:
        """The numbers of the sources with these URLs, or of all that are kept."""
        return frontier.source_ids(self._database, named)

    def due(self, scope: Scope, now: datetime, limit: int = -1) -> list[DuePage]:
        """The pages to ask now, in order."""
        rows = frontier.due_pages(self._database, scope, now, limit)
        return [self.ledger.due_page(row) for row in rows]

    def next_page(self, scope: Scope, now: datetime) -> DuePage | None:
        """The page to ask now; while a run goes on with one scope, what is due is kept in order (`Queue`)."""
        row = self._queue_of(scope).next(now, self.library.take_rearranged())
        return None if row is None else self.ledger.due_page(row)

    def left(self, scope: Scope, now: datetime) -> int:
        """How many pages are to be asked after what was asked last, as far as is known."""
        queue = self._queue_of(scope)
        queue.renew(now, self.library.take_rearranged())
        return queue.count

    def _queue_of(self, scope: Scope) -> Queue:
        if self._queue is None or self._queue.scope != scope:
            self._queue = Queue(self._database, scope)
        return self._queue

    def count_due(self, scope: Scope, now: datetime) -> int:
        """How many pages are to be asked now."""
        return frontier.count_due(self._database, scope, now)

    def standing(self, scope: Scope, now: datetime) -> list[Standing]:
        """How each list and article of the sources stands that was refused, or is due by its date."""
        return [
            Standing(
                row["host"], Kind(row["kind"]), Outcome(row["last_outcome"]) if row["last_outcome"] else None,
                datetime.fromisoformat(row["due_at"]), is_held=bool(row["held"]),
            )
            for row in frontier.standing(self._database, scope, now)
        ]  # fmt: skip

    def next_due(self, scope: Scope, now: datetime) -> datetime | None:
        """When the first list or article of the sources is due."""
        found = frontier.next_due(self._database, scope, now)
        return None if found is None else datetime.fromisoformat(found)

    def holds_a_part(self, scope: Scope, now: datetime) -> bool:
        """Whether an article of the sources is held."""
        return frontier.holds_a_part(self._database, scope, now)

    def control_due(self, now: datetime) -> DuePage | None:
        """The page of the control request; None when it was asked lately enough."""
        page = self.ledger.page(ithome.control_address(), now)
        asked_at = self.beliefs.belief(page.id).last_fetch_at
        lately = asked_at is not None and abs(now - asked_at) < timedelta(days=self._rules.control_days)
        return None if lately else page

    def witness(self, run_id: int, due_absent: int) -> DuePage | None:
        """A living part to be asked beside those that are due (`doubt.next_witness`)."""
        self.library.catch_up()
        row = doubt.next_witness(self._database, run_id, due_absent)
        return None if row is None else self.ledger.due_page(row)

    def unlisted_since(self, url: str) -> str | None:
        """Since when the site's own lists name a part no longer (`witnesses.unlisted_since`)."""
        return witnesses.unlisted_since(self._database, url)

    def alternates(self, url: str, now: datetime) -> list[DuePage]:
        """The other addresses of an index source, as pages."""
        rows = list(self._database.query("SELECT alternates FROM sources WHERE url = ?", [url]))
        addresses = [ithome.source_address(other) for row in rows for other in json.loads(row["alternates"])]
        return [self.ledger.page(address, now) for address in addresses if isinstance(address, Address)]

    def shown_images(self) -> frozenset[str]:
        """The URLs of every image that a body held here shows."""
        return frozenset(url for (url,) in self._database.execute("SELECT url FROM images"))

    def unasked(self, urls_kept: Iterable[str]) -> list[str]:
        """Which of these pages no source asks for: neither itself, nor its series, nor an index that links to it."""
        return [url for url in urls_kept if self._database.row(_ASKED_FOR, {"url": url}) is None]

    def series_of(self, urls_kept: Iterable[str]) -> set[int]:
        """The series of which these pages are lists, or say that they are parts."""
        return self._database.numbers(_OF_SERIES, urls_kept)

    def holds(self, exchange: Exchange, reading: Reading | None, page: DuePage | None = None) -> bool:
        """Whether the content of this answer is in the archive already. `page`: that which was due, perhaps its own."""
        if page is not None and page.address.url == exchange.address.url:  # and not its robots.txt
            return is_held(self.captures, page.id, exchange, reading)
        return is_held(self.captures, self.ledger.page_id(exchange.address.url), exchange, reading)
