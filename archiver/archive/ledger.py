"""What was seen: fetches, and the pages that they are of. Append-only; the evidence of one attempt is one commit."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archiver import ithome, urls
from archiver.archive import lean
from archiver.archive.beliefs import OF_PAGE, Beliefs
from archiver.archive.captures import Captures
from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.held import address_of
from archiver.archive.source_rows import NamedBy
from archiver.archive.times import stamp, stamped
from archiver.config import Source
from archiver.model import NOT_ASKED, SUCCESSES, Address, Answer, Exchange, Judgement, Outcome, State, Validators
from archiver.model.readings import Reading
from archiver.text import event, line, storable

_READ_ONCE_BYTES = 2_097_152  # of bodies: what is read of them takes some times as much memory
_KEPT_HEADERS = (
    "content-type", "content-length", "content-encoding", "date", "server", "etag", "last-modified", "retry-after",
    "location", "cf-ray", "cf-mitigated", "x-robots-tag",
)  # fmt: skip


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page that is to be asked now."""

    id: int
    address: Address
    state: State
    validators: Validators

    @classmethod
    def of(cls, address: Address) -> DuePage:
        """A page that no archive knows yet."""
        return cls(0, address, State.NEW, Validators())


class Ledger:
    """The fetches of one open archive, and its pages and sources."""

    def __init__(self, database: Database, captures: Captures, beliefs: Beliefs) -> None:
        self._database = database
        self._captures = captures
        self._beliefs = beliefs

    def add_source(self, source: Source, address: Address, alternates: Iterable[str], now: datetime,
        *, named_by: NamedBy = "command",
    ) -> None:  # fmt: skip
        """Remember what the user asks to keep; asking again renews the hint and the alternates.

        What was taken back is taken up again, and what the config names is the config's from then on.
        """
        hint = ithome.classify(source.series) if source.series else None
        series_hint = hint.series_id if isinstance(hint, Address) else None
        row = [address.url, address.kind.value, json.dumps(list(alternates)), series_hint, stamp(now), named_by]
        known = (
            "SELECT 1 FROM sources WHERE url = ?1 AND kind = ?2 AND alternates = ?3"
            " AND (?4 IS NULL OR series_hint IS ?4) AND url IN (SELECT url FROM pages)"
            " AND dropped_at IS NULL AND ?5 IN (named_by, 'command')"
        )
        if self._database.row(known, [*row[:4], named_by]) is not None:
            return
        with transaction(self._database):
            self._database.execute("DELETE FROM progress WHERE name = 'settled'")  # so that it is done again
            self._database.execute(
                "INSERT INTO sources (url, kind, alternates, series_hint, added_at, named_by) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (url) DO UPDATE SET alternates = excluded.alternates,"
                " series_hint = coalesce(excluded.series_hint, series_hint), dropped_at = NULL,"
                " named_by = iif(excluded.named_by = 'config' OR dropped_at IS NOT NULL, excluded.named_by, named_by)",
                row,
            )
            for wanted in (address, *([hint] if isinstance(hint, Address) else [])):
                self.add_page(wanted, now)

    def add_page(self, address: Address, now: datetime) -> int:
        """The number of a page, which is due at once when it is new to us."""
        return int(self._row_of(address, now)["id"])

    def _row_of(self, address: Address, now: datetime) -> dict[str, Any]:
        """The row of a page (`OF_PAGE`), which is made where there is none."""
        at, asked = stamp(now), f"{OF_PAGE} WHERE url = ?"
        row = self._database.row(asked, [address.url])
        if row is not None:
            return row
        self._database.execute(
            "INSERT INTO pages (url, kind, host, article_id, series_id, user_id, page_number,"
            " first_seen_at, state_since, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                storable(address.url), address.kind.value, urls.host(address.url), address.article_id,
                address.series_id, address.user_id, address.page_number, at, at, at,
            ],
        )  # fmt: skip
        return next(self._database.query(asked, [address.url]))

    def page_id(self, url: str) -> int | None:
        """The number of a page that we know."""
        row = self._database.row("SELECT id FROM pages WHERE url = ?", [url])
        return None if row is None else row["id"]

    def page(self, address: Address, now: datetime) -> DuePage:
        """A page to be asked now, known from here on."""
        with transaction(self._database):
            page = self._row_of(address, now)
        return self.due_page(page)

    def due_page(self, page: Mapping[str, Any]) -> DuePage:
        """A row of `pages` as a value."""
        validators = Validators() if page["last_ok_at"] is None else self._validators(page["id"])
        return DuePage(page["id"], address_of(page), State(page["state"]), validators)

    def _validators(self, page_id: int) -> Validators:
        """Those of the last good answer with a body, and the URL that gave them, where what it brought is held.

        A picture that no longer counts as one (its bytes end before its format says) is to come whole.
        """
        row = self._database.row(  # of the page's own rows: by `source`, SQLite would look at all that are live
            "SELECT headers ->> '$.etag' AS etag, headers ->> '$.\"last-modified\"' AS last_modified,"
            " coalesce(nullif(requested_url, ''), pages.url) AS requested_url"
            " FROM fetches JOIN pages ON pages.id = page_id"
            " WHERE page_id = ? AND final AND +source = 'live' AND outcome IN ('ok', 'unchanged')"
            " AND http_status != 304 AND capture_id IS NOT NULL AND (kind != 'image'"
            " OR EXISTS (SELECT 1 FROM images WHERE images.url = pages.url AND images.capture_id IS NOT NULL))"
            " ORDER BY fetches.id DESC LIMIT 1",
            [page_id],
        )
        return Validators() if row is None else Validators(*row.values())

    def record(self, run_id: int, exchange: Exchange, judgement: Judgement, reading: Reading | None) -> int:
        """One commit with the evidence of one attempt: its row, its capture where worth keeping, the belief."""
        with transaction(self._database):
            return self._insert(run_id, exchange, judgement, reading)

    def record_all(self, run_id: int, unasked: Iterable[tuple[Exchange, Judgement]]) -> None:
        """One commit with the rows of many pages that were not asked, and why."""
        with transaction(self._database):
            for exchange, judgement in unasked:
                self._insert(run_id, exchange, judgement, None)

    def record_copies(
        self, run_id: int, copies: Iterable[tuple[Exchange, Judgement, Reading | None]]
    ) -> dict[int, Reading]:
        """One commit with the rows of many copies, taken one at a time; none of them when taking one fails.

        Gives the readings of what is kept, by the number of the row, so that they need not be made again; the first
        ones, since a file may hold more than memory does.
        """
        readings, size = dict[int, Reading](), 0
        with transaction(self._database):
            for exchange, judgement, reading in copies:
                fetch_id = self._insert(run_id, exchange, judgement, reading)
                size += len(exchange.answer.body or b"")
                if reading is not None and judgement.outcome is Outcome.OK and size <= _READ_ONCE_BYTES:
                    readings[fetch_id] = reading
        return readings

    def _insert(self, run_id: int, exchange: Exchange, judgement: Judgement, reading: Reading | None) -> int:
        answer, provenance = exchange.answer, exchange.provenance
        page = self._row_of(exchange.address, answer.started_at)
        page_id = page["id"]
        capture_id = self._captures.keep(page_id, exchange, judgement, reading)
        requested_url, final_url = line(answer.requested_url, 8_000), _final_url(answer)
        headers, signals = _headers_that_matter(answer), _signals(judgement, reading)
        is_first = exchange.final and exchange.tries == 1 and exchange.hop == 0
        base = None
        if lean.is_lean(
            judgement.outcome, is_first=is_first, is_live=provenance.is_live, url=exchange.address.url,
            requested_url=requested_url, final_url=final_url,
        ):  # fmt: skip
            base = lean.base(self._database, page_id, requested_url)
        if base is None:
            told = json.dumps(headers, ensure_ascii=False), json.dumps(signals, ensure_ascii=False)
        else:
            requested_url = final_url = ""
            told = lean.leaner(base, headers, signals, answer.wire_bytes if answer.status == 200 else None)
        cursor = self._database.execute(
            "INSERT INTO fetches (run_id, page_id, requested_url, final_url, started_at, elapsed_ms, tries, hop,"
            " outcome, http_status, headers, bytes, error, retry_after_s, capture_id, signals, final,"
            " source, source_url, source_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run_id, page_id, requested_url, final_url,
                stamp(answer.started_at), answer.elapsed_ms, exchange.tries, exchange.hop,
                judgement.outcome.value, answer.status, told[0], answer.wire_bytes,
                _error(answer, judgement), answer.retry_after_s, capture_id, told[1],
                int(exchange.final), provenance.source.value, provenance.url and line(provenance.url, 8_000),
                stamped(provenance.at),
            ],
        )  # fmt: skip
        _log.info(
            event(
                "request" if judgement.outcome not in NOT_ASKED else "left-out", run=run_id, outcome=judgement.outcome,
                status=answer.status, ms=answer.elapsed_ms, tries=exchange.tries, hop=exchange.hop,
                kind=exchange.address.kind, source=None if provenance.is_live else provenance.source,
                url=answer.requested_url, reason=judgement.reason,
            )
        )  # fmt: skip
        if exchange.final and provenance.is_live:  # a copy says nothing about the page as it is now
            self._beliefs.renew(page, judgement.outcome, answer.started_at, _also_believed(answer, judgement.outcome))
        return int(cursor.lastrowid or 0)


def _also_believed(answer: Answer, outcome: Outcome) -> dict[str, str | None]:
    """What a final answer says of its page beside how it is."""
    if outcome is Outcome.MOVED:
        return {"moved_to": _final_url(answer)}
    if outcome in SUCCESSES and answer.status != 304:
        return {"etag": answer.header("etag"), "last_modified": answer.header("last-modified")}
    return {}


def _final_url(answer: Answer) -> str:
    return line(answer.location or answer.requested_url, 8_000)


def _error(answer: Answer, judgement: Judgement) -> str | None:
    return None if judgement.outcome in SUCCESSES else line(answer.error or judgement.reason, 1_000)


def _headers_that_matter(answer: Answer) -> dict[str, str]:
    return {name: line(value, 1_000) for name, value in answer.headers if name in _KEPT_HEADERS}


def _signals(judgement: Judgement, reading: Reading | None) -> dict[str, str | int | float | bool]:
    signals = {"reason": judgement.reason, **judgement.signals}
    if reading is not None and reading.problems:
        signals["problems"] = len(reading.problems)
    kept = {name: line(value, 1_000) if isinstance(value, str) else value for name, value in signals.items()}
    return {name: value for name, value in kept.items() if value is not None}
