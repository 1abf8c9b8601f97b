"""What was seen and what is believed: runs, fetches and pages. Append-only but for beliefs, which are recomputable.

The evidence of one attempt (its row, the belief, the capture) is one commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archiver import urls, verdict
from archiver.archive import doubt
from archiver.archive.captures import Captures
from archiver.archive.connection import transaction
from archiver.archive.digest import kept_digest, run_digest
from archiver.archive.times import moment, stamp
from archiver.config import Source
from archiver.model import Address, Answer, Belief, Exchange, Judgement, Kind, Outcome, State, Validators
from archiver.readings import Reading
from archiver.rules import Rules, Schedule
from archiver.text import line, storable

_KEPT_HEADERS = (
    "content-type", "content-length", "content-encoding", "date", "server", "etag", "last-modified", "retry-after",
    "location", "cf-ray", "cf-mitigated", "x-robots-tag",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StateChange:
    """What was believed of a page until a moment, and from then on."""

    at: datetime
    old: State
    new: State


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


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """What the last answer of a robots.txt was, to be used until it is too old."""

    origin: str
    fetched_at: datetime
    outcome: Outcome
    http_status: int | None
    body: bytes | None


class Ledger:
    """The evidence tables of one open archive."""

    def __init__(self, database: Database, path: Path, rules: Rules, schedule: Schedule) -> None:
        self._database = database
        self._path = path
        self._rules = rules
        self._schedule = schedule
        self._kept_as_it_was = True  # sources, pages and captures, since the run before
        self.captures = Captures(database)

    # ─── runs ───────────────────────────────────────────────────────────────────────────────────

    def start_run(self, command: str, version: str, config: Mapping[str, Any], now: datetime) -> int:
        """Open a run. Runs that were killed are closed first, and the mass-absence rule applied to them."""
        with transaction(self._database, self._path):
            for row in list(self._database.query("SELECT id FROM runs WHERE finished_at IS NULL")):
                self._kept_as_it_was = False
                self._settle_run(row["id"])
                self._database.execute(
                    "UPDATE runs SET ended_by = 'killed', finished_at = ("
                    "  SELECT coalesce(max(started_at), runs.started_at) FROM fetches WHERE run_id = runs.id)"
                    " WHERE id = ?",
                    [row["id"]],
                )
                self._seal(row["id"])
            cursor = self._database.execute(
                "INSERT INTO runs (command, started_at, version, config, kept_digest) VALUES (?, ?, ?, ?, ("
                "  SELECT kept_digest FROM runs ORDER BY id DESC LIMIT 1))",
                [command, stamp(now), version, json.dumps(config, ensure_ascii=False, sort_keys=True)],
            )
            return int(cursor.lastrowid or 0)

    def was_cut_short(self) -> bool:
        """Whether the last run that asks was killed or interrupted: nobody knows when its last request went out."""
        rows = self._database.query("SELECT ended_by FROM runs WHERE command != 'import' ORDER BY id DESC LIMIT 1")
        return any(row["ended_by"] in {None, "killed", "interrupted"} for row in rows)

    def finish_run(self, run_id: int, ended_by: str, exit_code: int, note: str | None, now: datetime) -> str | None:
        """Close a run. Gives why none of its absences is believed; None when there is no reason to doubt them."""
        with transaction(self._database, self._path):
            doubt = self._settle_run(run_id)
            words = " ".join(part for part in (doubt, note) if part)
            self._database.execute(
                "UPDATE runs SET finished_at = ?, ended_by = ?, exit_code = ?, note = ? WHERE id = ?",
                [stamp(now), ended_by, exit_code, storable(words) or None, run_id],
            )
            self._seal(run_id)
            if not self._kept_as_it_was:
                self.seal_kept()
            self._kept_as_it_was = True
        return doubt

    def _seal(self, run_id: int) -> None:
        """Close the hash chain over a run that ended."""
        digest = run_digest(self._database, run_id)
        self._database.execute("UPDATE runs SET digest = ? WHERE id = ?", [digest, run_id])

    def seal_kept(self) -> None:
        """Note what sources, pages and captures are now, beside the last run. The caller holds the transaction."""
        self._database.execute(
            "UPDATE runs SET kept_digest = ? WHERE id = (SELECT max(id) FROM runs)", [kept_digest(self._database)]
        )

    def _settle_run(self, run_id: int) -> str | None:
        """Whether the absences of a run are to be doubted (DESIGN §4), and why; then beliefs are computed again."""
        absent = doubt.absent_parts(self._database, run_id)
        reason = doubt.reason(self._database, run_id, self._rules) if absent else None
        if reason is not None:
            self._database.execute("UPDATE runs SET mass_absence = 1 WHERE id = ?", [run_id])
            for page_id in absent:
                self.believe_again(page_id)
        return reason

    # ─── pages ──────────────────────────────────────────────────────────────────────────────────

    def add_source(self, source: Source, address: Address, alternates: Iterable[str], now: datetime) -> None:
        """Remember what the user asks to keep; asking again renews the hint and the alternates."""
        hint = urls.classify(source.series) if source.series else None
        series_hint = hint.series_id if isinstance(hint, Address) else None
        row = [address.url, address.kind.value, json.dumps(list(alternates)), series_hint, stamp(now)]
        known = self._database.query(
            "SELECT 1 FROM sources WHERE url = ?1 AND kind = ?2 AND alternates = ?3"
            " AND (?4 IS NULL OR series_hint IS ?4) AND url IN (SELECT url FROM pages)",
            row[:4],
        )
        if next(iter(known), None) is not None:
            return
        self._kept_as_it_was = False
        with transaction(self._database, self._path):
            self._database.execute("DELETE FROM progress WHERE name = 'settled'")  # so that it is done again
            self._database.execute(
                "INSERT INTO sources (url, kind, alternates, series_hint, added_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (url) DO UPDATE SET alternates = excluded.alternates,"
                " series_hint = coalesce(excluded.series_hint, series_hint)",
                row,
            )
            for wanted in (address, *([hint] if isinstance(hint, Address) else [])):
                self.add_page(wanted, now)

    def add_page(self, address: Address, now: datetime) -> int:
        """The number of a page, which is due at once when it is new to us. The caller holds the transaction."""
        rows = list(self._database.query("SELECT id FROM pages WHERE url = ?", [address.url]))
        if rows:
            return int(rows[0]["id"])
        at, self._kept_as_it_was = stamp(now), False
        cursor = self._database.execute(
            "INSERT INTO pages (url, kind, host, article_id, series_id, user_id, page_number,"
            " first_seen_at, state_since, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                storable(address.url), address.kind.value, urls.host(address.url), address.article_id,
                address.series_id, address.user_id, address.page_number, at, at, at,
            ],
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def page_id(self, url: str) -> int | None:
        """The number of a page that we know."""
        return next((int(row["id"]) for row in self._database.query("SELECT id FROM pages WHERE url = ?", [url])), None)

    def page(self, address: Address, now: datetime) -> DuePage:
        """A page to be asked now, known from here on."""
        with transaction(self._database, self._path):
            page_id = self.add_page(address, now)
        return self.due_page(next(iter(self._database.query("SELECT * FROM pages WHERE id = ?", [page_id]))))

    def due_page(self, page: Mapping[str, Any]) -> DuePage:
        """A row of `pages` as a value. Validators only where the body they belong to is held (TOOLS §1b)."""
        address = Address(
            page["url"], Kind(page["kind"]), page["article_id"], page["series_id"], page["user_id"], page["page_number"]
        )
        held = self.captures.latest_good(page["id"]) is not None
        validators = Validators(page["etag"], page["last_modified"]) if held else Validators()
        return DuePage(page["id"], address, State(page["state"]), validators)

    # ─── fetches ────────────────────────────────────────────────────────────────────────────────

    def record(self, run_id: int, exchange: Exchange, judgement: Judgement, reading: Reading | None) -> int:
        """One commit with the evidence of one attempt: its row, its capture where worth keeping, the belief."""
        with transaction(self._database, self._path):
            return self._insert(run_id, exchange, judgement, reading)

    def record_all(self, run_id: int, unasked: Iterable[tuple[Exchange, Judgement]]) -> None:
        """One commit with the rows of many pages that were not asked, and why."""
        with transaction(self._database, self._path):
            for exchange, judgement in unasked:
                self._insert(run_id, exchange, judgement, None)

    def record_copies(self, run_id: int, copies: Iterable[tuple[Exchange, Judgement, Reading | None]]) -> None:
        """One commit with the rows of many copies, taken one at a time; none of them when taking one fails."""
        with transaction(self._database, self._path):
            for exchange, judgement, reading in copies:
                self._insert(run_id, exchange, judgement, reading)

    def _insert(self, run_id: int, exchange: Exchange, judgement: Judgement, reading: Reading | None) -> int:
        answer, provenance = exchange.answer, exchange.provenance
        self._kept_as_it_was = False
        page_id = self.add_page(exchange.address, answer.started_at)
        capture_id = self.captures.keep(page_id, exchange, judgement, reading)
        cursor = self._database.execute(
            "INSERT INTO fetches (run_id, page_id, requested_url, final_url, started_at, elapsed_ms, tries, hop,"
            " outcome, http_status, headers, bytes, error, retry_after_s, capture_id, signals, final,"
            " source, source_url, source_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run_id, page_id, line(answer.requested_url, 8_000), _final_url(answer),
                stamp(answer.started_at), answer.elapsed_ms, exchange.tries, exchange.hop,
                judgement.outcome.value, answer.status, _headers_that_matter(answer), answer.wire_bytes,
                _error(answer, judgement), answer.retry_after_s, capture_id, _signals(judgement, reading),
                int(exchange.final), provenance.source.value, provenance.url and line(provenance.url, 8_000),
                stamp(provenance.at) if provenance.at else None,
            ],
        )  # fmt: skip
        if exchange.final and provenance.is_live:  # a copy says nothing about the page as it is now
            self._renew_belief(page_id, exchange, judgement)
        return int(cursor.lastrowid or 0)

    def _renew_belief(self, page_id: int, exchange: Exchange, judgement: Judgement) -> None:
        answer, kind = exchange.answer, exchange.address.kind
        before = self.belief(page_id)
        belief = verdict.believe(before, kind, judgement.outcome, answer.started_at, self._rules)
        if belief.state is not before.state:
            self._note_change(page_id, StateChange(answer.started_at, before.state, belief.state))
        self._write_belief(page_id, belief)
        if judgement.outcome is Outcome.MOVED:
            self._database.execute("UPDATE pages SET moved_to = ? WHERE id = ?", [_final_url(answer), page_id])
        if judgement.outcome is Outcome.OK:
            self._database.execute(
                "UPDATE pages SET etag = ?, last_modified = ? WHERE id = ?",
                [answer.header("etag"), answer.header("last-modified"), page_id],
            )

    def belief(self, page_id: int) -> Belief:
        """What is believed of a page now."""
        page = next(iter(self._database.query("SELECT * FROM pages WHERE id = ?", [page_id])))
        never = page["state"] == State.NEW.value
        return Belief(
            state=State(page["state"]),
            state_since=None if never else moment(page["state_since"]),
            last_fetch_at=moment(page["last_fetch_at"]),
            last_ok_at=moment(page["last_ok_at"]),
            last_outcome=Outcome(page["last_outcome"]) if page["last_outcome"] else None,
            failures=page["failures"],
            absences=page["absences"],
            last_absence_at=moment(page["last_absence_at"]),
            absent_since=moment(page["absent_since"]),
        )

    def recompute(self, page_id: int) -> tuple[Belief, list[StateChange]]:
        """What must be believed of a page, and how that came about, from its live fetches alone."""
        kind = Kind(next(iter(self._database.query("SELECT kind FROM pages WHERE id = ?", [page_id])))["kind"])
        belief, changes = Belief(), []
        for outcome, at, doubted in self._history(page_id):
            before = belief.state
            belief = verdict.believe(belief, kind, outcome, at, self._rules, doubted=doubted)
            if belief.state is not before:
                changes.append(StateChange(at, before, belief.state))
        return belief, changes

    def believe_again(self, page_id: int) -> None:
        """Write what the fetches of a page say, in place of what was believed. The caller holds the transaction."""
        belief, changes = self.recompute(page_id)
        self._database.execute("DELETE FROM state_changes WHERE page_id = ?", [page_id])
        for change in changes:
            self._note_change(page_id, change)
        self._write_belief(page_id, belief)

    def _note_change(self, page_id: int, change: StateChange) -> None:
        self._database.execute(
            "INSERT INTO state_changes (page_id, at, old_state, new_state) VALUES (?, ?, ?, ?)",
            [page_id, stamp(change.at), change.old.value, change.new.value],
        )

    def _history(self, page_id: int) -> Iterator[tuple[Outcome, datetime, bool]]:
        for row in self._database.query(
            "SELECT outcome, fetches.started_at AS at, mass_absence FROM fetches JOIN runs ON runs.id = run_id"
            " WHERE page_id = ? AND final AND source = 'live' ORDER BY fetches.id",
            [page_id],
        ):
            yield Outcome(row["outcome"]), datetime.fromisoformat(row["at"]), bool(row["mass_absence"])

    def _write_belief(self, page_id: int, belief: Belief) -> None:
        page = next(iter(self._database.query("SELECT * FROM pages WHERE id = ?", [page_id])))
        published = self._published_at(page["article_id"])
        due = verdict.when_due(page["url"], Kind(page["kind"]), belief, published, self._schedule)
        self._database.execute(
            "UPDATE pages SET state = ?, state_since = ?, last_fetch_at = ?, last_outcome = ?, last_ok_at = ?,"
            " failures = ?, absences = ?, last_absence_at = ?, absent_since = ?, due_at = ? WHERE id = ?",
            [
                belief.state.value,
                stamp(belief.state_since) if belief.state_since else page["first_seen_at"],
                stamp(belief.last_fetch_at) if belief.last_fetch_at else page["last_fetch_at"],
                belief.last_outcome.value if belief.last_outcome else page["last_outcome"],
                stamp(belief.last_ok_at) if belief.last_ok_at else None,
                belief.failures, belief.absences,
                stamp(belief.last_absence_at) if belief.last_absence_at else None,
                stamp(belief.absent_since) if belief.absent_since else None,
                stamp(due) if belief.last_fetch_at else page["due_at"],
                page_id,
            ],
        )  # fmt: skip

    def _published_at(self, article_id: int | None) -> datetime | None:
        rows = self._database.query("SELECT published_at FROM articles WHERE id = ?", [article_id])
        return next((moment(row["published_at"]) for row in rows), None)

    # ─── what the web room must be told ─────────────────────────────────────────────────────────

    def last_starts(self, since: datetime) -> dict[str, datetime]:
        """Host → when its last request went out, for hosts asked after `since`."""
        rows = self._database.query(
            "SELECT requested_url, started_at FROM fetches WHERE id IN (SELECT max(id) FROM fetches"
            " WHERE started_at >= ? AND outcome NOT IN ('skipped', 'disallowed', 'robots_unreachable')"
            " AND source NOT IN ('import', 'feed')"
            " GROUP BY substr(requested_url, 1, 8 + instr(substr(requested_url, 9), '/'))) ORDER BY id",  # the origin
            [stamp(since)],
        )
        return {urls.host(row["requested_url"]): datetime.fromisoformat(row["started_at"]) for row in rows}

    def rests(self, now: datetime, refusals: int) -> dict[str, tuple[datetime, str]]:
        """Host → until when it rests, and why: it asked for a rest, or refused so many requests in a row."""
        recent = self._database.query(
            "SELECT pages.host AS host, outcome, retry_after_s, fetches.started_at AS at FROM fetches"
            " JOIN pages ON pages.id = page_id WHERE fetches.started_at > ? AND source = 'live' AND kind != 'robots'"
            " AND outcome NOT IN ('skipped', 'disallowed', 'robots_unreachable') ORDER BY fetches.id DESC LIMIT 5000",
            [stamp(now - timedelta(days=7))],
        )
        rest = timedelta(days=self._schedule.refused_host_days)
        answers = [
            (row["host"], Outcome(row["outcome"]), row["retry_after_s"], datetime.fromisoformat(row["at"]))
            for row in recent
        ]
        return verdict.rests(answers, now, refusals, rest)

    def archive_rests(self, now: datetime, refusals: int) -> dict[str, tuple[datetime, str]]:
        """The same of the archives that were asked for copies. What they captured of a refusal long ago is none."""
        recent = self._database.query(
            "SELECT requested_url, outcome, retry_after_s, started_at AS at FROM fetches WHERE started_at > ?"
            " AND source NOT IN ('live', 'import', 'feed') AND outcome NOT IN"
            " ('skipped', 'disallowed', 'robots_unreachable') AND signals ->> 'step' = 'index'"
            " ORDER BY id DESC LIMIT 5000",
            [stamp(now - timedelta(days=7))],
        )
        answers = [
            (urls.host(row["requested_url"]), Outcome(row["outcome"]), row["retry_after_s"],
             datetime.fromisoformat(row["at"]))
            for row in recent
        ]  # fmt: skip
        return verdict.rests(answers, now, refusals, timedelta(days=self._schedule.refused_host_days))

    def not_found_words(self) -> str | None:
        """What the host's own page for an article that cannot exist says (`Facts.words_sha256`)."""
        return doubt.not_found_words(self._database)

    def hosts(self) -> list[str]:
        """Every host that a page of ours lives on."""
        return [row["host"] for row in self._database.query("SELECT DISTINCT host FROM pages")]

    def robots(self, now: datetime, max_age_s: float) -> list[RobotsRecord]:
        """The robots files that are young enough to be used again (RFC 9309 §2.4)."""
        rows = self._database.query(
            "SELECT url, fetches.started_at AS at, outcome, http_status, capture_id FROM pages JOIN fetches"
            " ON fetches.id = (SELECT max(id) FROM fetches WHERE page_id = pages.id AND final AND source = 'live')"
            " WHERE kind = 'robots' AND last_fetch_at >= ?",
            [stamp(now - timedelta(seconds=max_age_s))],
        )
        return [
            RobotsRecord(
                urls.origin(row["url"]),
                datetime.fromisoformat(row["at"]),
                Outcome(row["outcome"]),
                row["http_status"],
                self.captures.body(row["capture_id"]) if row["capture_id"] else None,
            )
            for row in rows
        ]


def _final_url(answer: Answer) -> str:
    return line(answer.location or answer.requested_url, 8_000)


def _error(answer: Answer, judgement: Judgement) -> str | None:
    good = judgement.outcome in {Outcome.OK, Outcome.UNCHANGED}
    return None if good else line(answer.error or judgement.reason, 1_000)


def _headers_that_matter(answer: Answer) -> str:
    kept = {name: line(value, 1_000) for name, value in answer.headers if name in _KEPT_HEADERS}
    return json.dumps(kept, ensure_ascii=False)


def _signals(judgement: Judgement, reading: Reading | None) -> str:
    signals = {"reason": judgement.reason, **judgement.signals}
    if reading is not None and reading.problems:
        signals["problems"] = len(reading.problems)
    kept = {name: line(value, 1_000) if isinstance(value, str) else value for name, value in signals.items()}
    return json.dumps({name: value for name, value in kept.items() if value is not None}, ensure_ascii=False)
