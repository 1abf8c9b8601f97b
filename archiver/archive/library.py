"""What is derived from the captures: articles, series, comments, code, links and who names whom.

All of it can be built again by reading the ledger from its beginning (`rebuild`); a run only reads on (`catch_up`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import tee
from typing import Any, assert_never

from archiver.archive import (
    article_rows,
    body_rows,
    collapse_rows,
    held,
    lean,
    list_rows,
    membership,
    problem_rows,
    search_index,
    silence,
    sums,
)
from archiver.archive.captures import Captures
from archiver.archive.columns import DERIVED_TABLES
from archiver.archive.connection import transaction, transaction_of_readings
from archiver.archive.database import Database
from archiver.archive.stored import Progress, ReadPage, read_again, unheard
from archiver.errors import ArchiverError
from archiver.machine.workers import ALONE, Workers
from archiver.model import CaptureSource, Kind
from archiver.model.readings import ArticlePage, Facts, FeedPage, ImagePage, IndexPage, Problem, Reading, SeriesPage

# Each with its page, and with the last before it that gave a capture of that page. What a copy says was so when it was
# made, not when we had it.
_FETCHES = f"""
SELECT fetches.id, fetches.outcome, coalesce(fetches.source_at, fetches.started_at) AS started_at, fetches.page_id,
    fetches.capture_id, fetches.final, fetches.source, {lean.SIGNALS} AS signals,
    url, kind, article_id, series_id, user_id, page_number, last.capture_id AS last_capture_id,
    last.outcome AS last_outcome
FROM fetches LEFT JOIN pages ON pages.id = fetches.page_id
LEFT JOIN fetches AS last ON last.id = (SELECT before.id FROM fetches AS before WHERE before.page_id = fetches.page_id
    AND before.id < fetches.id AND before.capture_id IS NOT NULL ORDER BY before.id DESC LIMIT 1)
WHERE fetches.capture_id IS NOT NULL AND fetches.id > """  # noqa: S608 - words of our own


_SOME = 200  # rows of fetches held at a time
_TOGETHER = 32  # pages that are read in one commit: a series
_TOGETHER_BYTES = 2_000_000  # of their bodies: what they say is held as long as they wait
_WAIT = timedelta(seconds=15)  # who looks at the archive meanwhile does not see them yet
_READ = frozenset({Kind.INDEX, Kind.SERIES, Kind.FEED, Kind.ARTICLE, Kind.IMAGE})


def _tell_nobody(_article_id: int, _is_new: bool) -> None:
    pass


class _Unfit(Exception):
    """What one of several fetches says cannot be kept."""


class Library:
    """The derived tables of one open archive."""

    def __init__(self, database: Database, captures: Captures, read: ReadPage) -> None:
        self._database = database
        self._captures = captures
        self._read = read
        self._touched: tuple[set[int], set[int]] = set(), set()  # pages read since all was settled, series named there
        self._knows_all = self.is_settled()  # else somebody else read, and was killed: then everything is settled
        self._rearranged: set[int] = set()
        self._fresh: dict[int, Reading | None] = {}  # fetches that wait to be read together, with what was read already
        self._fresh_bytes = 0
        self._fresh_since: datetime | None = None
        self._about_to_change: Callable[[int, bool], None] = _tell_nobody  # the index, of articles that change

    def take(self, fetch_id: int, reading: Reading | None, size: int, now: datetime, *, at_once: bool) -> None:
        """Read a fetch that was recorded just now, with others: soon, or `at_once`. `reading`: what its body says."""
        self._fresh[fetch_id] = reading
        self._fresh_bytes += size
        self._fresh_since = self._fresh_since or now
        have_waited = not timedelta(0) <= now - self._fresh_since < _WAIT
        if at_once or have_waited or len(self._fresh) >= _TOGETHER or self._fresh_bytes >= _TOGETHER_BYTES:
            self.catch_up()

    def catch_up(self, fresh: Mapping[int, Reading] | None = None, then: Callable[[], None] = lambda: None) -> int:
        """Read every fetch that gave a capture and was not read yet, some in each commit; gives how many.

        `fresh`: readings that were made already, by the number of their fetch. `then` is called at the end of a commit.
        """
        read, self._fresh, self._fresh_bytes = {**self._fresh, **(fresh or {})}, {}, 0
        self._fresh_since = None
        unread = "(SELECT coalesce(max(fetch_id), 0) FROM progress WHERE name = 'library') ORDER BY fetches.id"
        pending = list(self._database.query(_FETCHES + unread))
        for start in range(0, len(pending), _TOGETHER):
            some = pending[start : start + _TOGETHER]
            try:
                self._keep_together(some, read, self._take_if_fit, then)
            except _Unfit:
                self._keep_together(some, read, self._take_or_tell, then)
        return len(pending)

    def _keep_together(
        self, some: list[dict[str, Any]], read: Mapping[int, Reading | None],
        take: Callable[[dict[str, Any], Reading | None], None], then: Callable[[], None],
    ) -> None:  # fmt: skip
        """Several fetches in one commit, each by `take`."""
        with transaction_of_readings(self._database):
            with self._indexing():
                for fetch in some:
                    take(fetch, read.get(fetch["id"]))
            self._note("library", some[-1]["id"])
            then()

    def _take_if_fit(self, fetch: Mapping[str, Any], reading: Reading | None) -> None:
        """One fetch. Raises _Unfit when what it says cannot be kept: a savepoint would write each page twice."""
        try:
            self._take(fetch, reading)
        except Exception as error:
            if _is_of_what_came(error):
                raise _Unfit from error
            raise

    @contextmanager
    def _indexing(self) -> Iterator[None]:
        """The search index follows what is written here."""
        with search_index.renewed(self._database) as self._about_to_change:
            try:
                yield
            finally:
                self._about_to_change = _tell_nobody

    def settle(self, then: Callable[[], None] = lambda: None) -> None:
        """Decide what is followed and what is a part of what, where something was read or named since last time."""
        if self._fresh:
            self.catch_up()
        if self.is_settled():
            return
        with transaction_of_readings(self._database):
            self._settle()
            then()
        self.has_settled()

    def is_settled(self) -> bool:
        """Whether everything that was read has been settled: not so after a kill in between."""
        places = {row["name"]: row["fetch_id"] for row in self._database.query("SELECT name, fetch_id FROM progress")}
        return "settled" in places and bool(places["settled"] >= places.get("library", 0))

    def has_settled(self) -> None:
        """What is derived is settled, and nothing was read since."""
        self._touched, self._knows_all = (set(), set()), True

    def is_unread(self) -> bool:
        """Whether nothing counts as read though something is held: so after a migration that wants it read again."""
        marks = "SELECT 1 FROM progress WHERE name = 'library' UNION ALL SELECT 1 WHERE NOT EXISTS ("
        return not self._database.numbers(f"{marks}SELECT 1 FROM fetches WHERE capture_id IS NOT NULL) LIMIT 1")  # noqa: S608

    def take_rearranged(self) -> set[int]:
        """The articles whose place may have changed since this was asked last."""
        taken, self._rearranged = self._rearranged, set()
        return taken

    def _settle(self) -> None:
        was_settled = self._database.numbers("SELECT 1 FROM progress WHERE name = 'settled'")  # no source named since
        if self._knows_all and was_settled:
            self._rearranged |= membership.settle(self._database, *self._touched)
        else:
            self._rearranged |= membership.settle_all(self._database)
        read = "SELECT coalesce(max(fetch_id), 0) FROM progress WHERE name = 'library'"
        self._note("settled", self._database.value(read))

    def _note(self, name: str, fetch_id: int) -> None:
        self._database.execute(
            "INSERT INTO progress (name, fetch_id) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET fetch_id = excluded.fetch_id",
            [name, fetch_id],
        )

    def count(self, after: int = 0) -> int:
        """How many fetches gave a capture, behind that with this number."""
        counted = "SELECT count(*) FROM fetches WHERE capture_id IS NOT NULL AND id > ?"
        return int(self._database.value(counted, [after]))

    def _fetches(self, last: int) -> Iterator[dict[str, Any]]:
        """Every fetch that gave a capture behind this one, in order, some at a time."""
        while True:
            some = list(self._database.query(f"{_FETCHES} ? ORDER BY fetches.id LIMIT {_SOME}", [last]))
            yield from some
            if len(some) < _SOME:
                return
            last = some[-1]["id"]

    def rebuild(
        self, then: Callable[[], None] = lambda: None, listener: Progress = unheard,
        index: Callable[[Database, Workers], None] = search_index.refill, workers: Workers = ALONE,
    ) -> int:  # fmt: skip
        """Drop every derived row and read the whole ledger again, in one commit; gives the number of fetches read.

        `then` is called at the end of that commit, `listener` after each fetch. `index` makes the search index of what
        was read, each article once, however often it was captured.
        """
        with transaction(self._database):
            self._database.execute("PRAGMA defer_foreign_keys = ON")
            with sums.made_anew(self._database, DERIVED_TABLES):
                self.clear()
                count = self._read_all(listener, workers)
                index(self._database, workers)
            then()
        self.has_settled()
        return count

    def read_on(self, listener: Progress, workers: Workers, each: int) -> int:
        """Read the rest in a copy, `each` fetches in a commit, and settle, without a search index; gives how many."""

        def keep() -> None:
            for statement in ("COMMIT", "BEGIN IMMEDIATE"):
                self._database.conn.execute(statement)

        with transaction(self._database):
            marks = "SELECT fetch_id FROM progress WHERE name = 'library'"
            last = self._database.execute(marks).fetchone()
            if last is None:
                self.clear()
            return self._read_all(listener, workers, last[0] if last else 0, each, keep)

    def clear(self) -> None:
        """Drop every derived row, within a transaction."""
        search_index.clear(self._database)
        for table in DERIVED_TABLES:
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names are our own

    def _read_all(
        self, listener: Progress, workers: Workers, last: int = 0, each: int = 0,
        keep: Callable[[], None] = lambda: None,
    ) -> int:  # fmt: skip
        """Read every fetch behind the `last` that was read, and settle; `keep` so many at a time."""
        every, left = self.count(), self.count(last)
        fetches, ahead = tee(self._fetches(last))
        tasks = (self._to_read(fetch) for fetch in ahead if _says_something(fetch))
        readings = workers.in_order(tasks, left)
        for count, fetch in enumerate(fetches, start=every - left + 1):
            last = fetch["id"]
            self._take_or_tell(fetch, next(readings) if _says_something(fetch) else None)
            if each and count % each == 0:
                self._note("library", last)
                keep()
            listener(count, every)
        if last:
            self._note("library", last)
        self._settle()
        return every

    def _take_or_tell(self, fetch: Mapping[str, Any], reading: Reading | None) -> None:
        """One fetch; when what it says cannot be kept, none of it is, and a row says why (docs/law.md §2.9)."""
        self._database.execute("SAVEPOINT taking")
        try:
            self._take(fetch, reading)
        except Exception as error:
            if not _is_of_what_came(error):
                raise
            self._database.execute("ROLLBACK TO taking")
            # The name alone: its message differs between versions of Python and SQLite, and `verify` compares this row.
            problem = Problem("page", "unreadable", type(error).__name__)
            page = held.page_of(fetch)
            parser = (reading or self._read_capture(page, fetch["capture_id"])).parser
            told = Reading(parser, Facts(), problems=(problem,))
            problem_rows.keep(self._database, fetch, told, is_first=held.is_first(fetch))
        self._database.execute("RELEASE taking")

    def _take(self, fetch: Mapping[str, Any], reading: Reading | None) -> None:
        """One fetch: what its capture says becomes rows."""
        page = held.page_of(fetch)
        kind = Kind(page["kind"])
        if kind not in _READ:
            return
        self._touched[0].add(page["id"])
        is_copy = fetch["source"] != CaptureSource.LIVE
        if not held.was_read_last(fetch):
            self._keep_page(page, fetch, reading or self._read_capture(page, fetch["capture_id"]), is_copy=is_copy)
        elif not is_copy:
            list_rows.seen_again(self._database, page, fetch["started_at"])
        article_rows.keep_counters(self._database, page["id"], fetch, is_first=held.is_first(fetch))

    def _keep_page(self, page: Mapping[str, Any], fetch: Mapping[str, Any], reading: Reading, *, is_copy: bool) -> None:
        """What a capture says. A copy only adds to what lists say: that it lacks a link says nothing about today."""
        is_it = held.is_the_page(self._database, page, fetch, reading)
        is_newest = not is_copy or held.is_newest(self._database, fetch)
        is_best, until = is_it and page["kind"] == Kind.ARTICLE, article_rows.Until()
        if is_best and not held.is_first(fetch):
            is_best = held.is_better(self._database, page["article_id"], fetch["capture_id"])
            until = article_rows.until_now(self._database, page["article_id"]) if is_best else until
        whole = article_rows.completed(until, reading) if is_best else reading
        if is_newest:
            problem_rows.keep(self._database, fetch, whole, is_first=held.is_first(fetch))
        if not is_it:
            return
        if isinstance(reading.page, ArticlePage):
            self._keep_article(page, fetch, reading.page, (whole, until) if is_best else None, is_copy=is_copy)
        elif isinstance(reading.page, ImagePage):
            body_rows.keep_image(self._database, page, fetch, reading.page)
        else:
            self._keep_list(page, fetch, reading, is_copy=is_copy, is_newest=is_newest)

    def _keep_article(
        self, page: Mapping[str, Any], fetch: Mapping[str, Any], said: ArticlePage,
        best: tuple[Reading, article_rows.Until] | None, *, is_copy: bool,
    ) -> None:  # fmt: skip
        """What an article's capture says. `best`: the same made whole, where it is the best, and the rows until now."""
        told = said
        if said.series_id is not None:  # a copy may name another than the row of its article does
            self._touched[1].add(said.series_id)
        if best is not None and isinstance(best[0].page, ArticlePage):
            (whole, until), told = best, best[0].page
            self._about_to_change(page["article_id"], until.row is None)
            article_rows.keep(self._database, page, fetch, whole, told, until)
        else:
            article_rows.fill(self._database, page["article_id"], said)
            self._about_to_change(page["article_id"], False)
            collapse_rows.consider_copy(self._database, page["article_id"], fetch, said)
        if silence.speaks_of_neighbours(said):
            copy = fetch["id"] if is_copy else None
            list_rows.keep_neighbours(
                self._database, page["id"], told, fetch["started_at"], copy, is_first=held.is_first(fetch)
            )

    def _keep_list(
        self, page: Mapping[str, Any], fetch: Mapping[str, Any], reading: Reading, *, is_copy: bool, is_newest: bool
    ) -> None:
        """What a list says; what it does not name has left it, unless something of it could not be read."""
        at, copy, is_whole = fetch["started_at"], fetch["id"] if is_copy else None, held.is_whole_list(reading)
        match reading.page:
            case SeriesPage() as series:
                list_rows.keep_series(self._database, page, series, at, copy, keep_row=is_newest, is_whole=is_whole)
                if not is_copy:
                    article_rows.keep_listed_counters(self._database, series.items, at)
            case FeedPage() as feed:
                list_rows.keep_feed(self._database, page, feed, at, copy, is_whole=is_whole)
            case IndexPage() as index:
                list_rows.keep_index(self._database, page["id"], index, at, copy, is_whole=is_whole)
            case ArticlePage() | ImagePage() | None:
                pass
            case _:
                assert_never(reading.page)

    def _read_capture(self, page: Mapping[str, Any], capture_id: int) -> Reading:
        return read_again(self._read, held.address_of(page), self._captures.stored(capture_id))

    def _to_read(self, fetch: Mapping[str, Any]) -> tuple[int, Callable[[], Reading]]:
        """The same as a task, with its weight."""
        stored = self._captures.stored(fetch["capture_id"])
        return stored.weight(), partial(read_again, self._read, held.address_of(held.page_of(fetch)), stored)


def _says_something(fetch: Mapping[str, Any]) -> bool:
    """Whether what a fetch gave is read: of a kind that is, and not what was read of the page last."""
    return fetch["kind"] in _READ and not held.was_read_last(fetch)


_OF_VALUES = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def _is_of_what_came(error: Exception) -> bool:
    """Whether an exception is about the values of one answer, and not about the archive, the disk or a lock."""
    if isinstance(error, sqlite3.Error):
        return isinstance(error, _OF_VALUES)
    return not isinstance(error, ArchiverError | OSError | MemoryError)
