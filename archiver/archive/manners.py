"""What the web room must be told: when each host was asked last, who rests, which robots files still hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver import urls, verdict
from archiver.archive import doubt
from archiver.archive.captures import Captures
from archiver.archive.columns import NOT_ASKED
from archiver.archive.database import Database
from archiver.archive.times import stamp
from archiver.config.rules import Schedule
from archiver.model import Kind, Outcome

_ASKED = "coalesce(nullif(requested_url, ''), pages.url)"  # of a lean row (`archive.lean`) the page's own URL


@dataclass(frozen=True, slots=True)
class Answered:
    """What a host answered about a page of its own."""

    host: str  # of a robots.txt the host that it is for
    kind: Kind
    outcome: Outcome
    http_status: int | None
    retry_after_s: float | None
    at: datetime
    final: bool  # False: another try or hop followed
    connected: bool | None  # whether the host was reached, of a fault of the way there; None where an answer came
    others_answered: bool  # whether any host did in that run


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """What the last answer of a robots.txt was, to be used until it is too old."""

    origin: str
    fetched_at: datetime
    outcome: Outcome
    http_status: int | None
    body: bytes | None


class Manners:
    """What the fetches of one open archive say about how hosts take us. Reads only."""

    def __init__(self, database: Database, captures: Captures, schedule: Schedule) -> None:
        self._database = database
        self._captures = captures
        self._schedule = schedule

    def last_starts(self, since: datetime) -> dict[str, datetime]:
        """Host → when its last request went out, for hosts asked after `since`."""
        rows = self._database.query(
            "SELECT asked, started_at FROM (SELECT max(fetches.id) AS id, started_at,"  # noqa: S608 - words of our own
            f" {_ASKED} AS asked FROM fetches JOIN pages ON pages.id = page_id"
            f" WHERE started_at >= ? AND outcome NOT IN {NOT_ASKED}"
            " AND source NOT IN ('import', 'feed')"
            f" GROUP BY substr({_ASKED}, 1, 8 + instr(substr({_ASKED}, 9), '/'))) ORDER BY id",  # the origin
            [stamp(since)],
        )
        return {urls.host(row["asked"]): datetime.fromisoformat(row["started_at"]) for row in rows}

    def answers(self, since: datetime) -> list[Answered]:
        """What hosts answered about their own pages, oldest first."""
        recent = self._database.query(
            f"SELECT iif(kind = 'robots', url, {_ASKED}) AS asked, kind, retry_after_s,"  # noqa: S608 - the same
            " fetches.started_at AS at,"
            " final, signals ->> 'connected' AS connected, EXISTS (SELECT 1 FROM fetches AS others"
            " WHERE others.run_id = fetches.run_id AND others.http_status IS NOT NULL) AS others_answered,"
            " outcome, http_status"
            " FROM fetches"
            " JOIN pages ON pages.id = page_id WHERE fetches.started_at > ? AND source = 'live'"
            f" AND outcome NOT IN {NOT_ASKED} ORDER BY fetches.id DESC LIMIT 5000",
            [stamp(since)],
        )
        return [
            Answered(
                urls.host(row["asked"]), Kind(row["kind"]), Outcome(row["outcome"]), row["http_status"],
                row["retry_after_s"],
                datetime.fromisoformat(row["at"]), bool(row["final"]),
                None if row["connected"] is None else bool(row["connected"]), bool(row["others_answered"]),
            )
            for row in reversed(list(recent))
        ]  # fmt: skip

    def archive_rests(self, now: datetime, refusals: int) -> dict[str, tuple[datetime, str]]:
        """Web archives that asked for a rest, or refused so many questions in a row: until when, and why.

        What they captured of a refusal long ago is none, nor that they exclude a site; a 429 wants silence.
        """
        recent = self._database.query(
            "SELECT requested_url, outcome, retry_after_s, started_at AS at FROM fetches WHERE started_at > ?"  # noqa: S608
            f" AND source NOT IN ('live', 'import', 'feed') AND outcome NOT IN {NOT_ASKED}"
            " AND signals ->> 'step' = 'index'"
            " AND signals ->> 'excluded' IS NULL ORDER BY id DESC LIMIT 5000",
            [stamp(now - timedelta(days=7))],
        )
        answers = [
            (urls.host(row["requested_url"]), Outcome(row["outcome"]), row["retry_after_s"],
             datetime.fromisoformat(row["at"]))
            for row in recent
        ]  # fmt: skip
        found = verdict.rests(answers, now, refusals, timedelta(days=self._schedule.refused_host_days))
        for host, limits in self.archive_limits(now).items():
            end = limits[-1] + timedelta(seconds=verdict.silence_s(len(limits)))
            if end > now and (host not in found or end > found[host][0]):
                found[host] = end, f"{host} answered 429, and is left alone until {end:%Y-%m-%d %H:%M} UTC"
        return found

    def archive_limits(self, now: datetime) -> dict[str, list[datetime]]:
        """Archive → when it answered 429 in the last hour, oldest first; a 429 that it captured is none of its own."""
        rows = self._database.query(
            "SELECT requested_url, fetches.started_at AS at FROM fetches JOIN pages ON pages.id = page_id"
            " WHERE fetches.started_at > ? AND http_status = 429 AND (kind = 'robots' OR ("
            " source NOT IN ('live', 'import', 'feed') AND (signals ->> 'step' IN ('index', 'push')"
            " OR signals ->> 'archived' = 0))) ORDER BY fetches.id",
            [stamp(now - timedelta(hours=1))],
        )
        found: dict[str, list[datetime]] = {}
        for row in rows:
            at = datetime.fromisoformat(row["at"])
            if at <= now:  # else a clock that was wrong then
                found.setdefault(urls.host(row["requested_url"]), []).append(at)
        return found

    def not_found_words(self) -> str | None:
        """What the host's own page for an article that cannot exist said last (`Facts.words_sha256`), if it was one."""
        control = self._database.row(doubt.CONTROL, {"run_id": 2**62, "since": "", "until": "~"})
        return None if control is None else json.loads(control["signals"]).get("words_sha256")

    def hosts(self) -> list[str]:
        """Every host that a page of ours lives on."""
        return [host for (host,) in self._database.execute("SELECT DISTINCT host FROM pages")]

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
                urls.origin(row["url"]), datetime.fromisoformat(row["at"]), Outcome(row["outcome"]), row["http_status"],
                self._captures.body(row["capture_id"]) if row["capture_id"] else None,
            )
            for row in rows
        ]  # fmt: skip
