"""Responses as received: content-addressed, gzip-compressed, never overwritten."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress

from archiver.archive.columns import CONTENT_TYPE, STORED_BODY
from archiver.archive.database import Database
from archiver.archive.stored import Stored
from archiver.archive.times import stamp, stamped
from archiver.errors import ArchiveDamaged
from archiver.model import NOT_READ, Answer, CaptureSource, Exchange, Judgement, Kind, Outcome
from archiver.model.readings import Reading
from archiver.text import line

_WORTH_KEEPING = NOT_READ | {Outcome.OK}
_LEVEL = 6  # of gzip: 9 takes three times as long for seven bytes in a thousand
_PACKED_WELL = 2  # times smaller, as any text is at the quickest level; what is not is packed again
_COOKIES = frozenset({"set-cookie", "set-cookie2"})
_STORED = f"SELECT final_url, body_bytes, {STORED_BODY}, {CONTENT_TYPE} FROM captures WHERE id = ?"  # noqa: S608 - our words
_AS_GOOD = "(source = 'live' OR ? != 'live')"  # a live capture makes any superfluous, a copy only other copies


class Captures:
    """The captures of one open archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, page_id: int, exchange: Exchange, judgement: Judgement, reading: Reading | None) -> int | None:
        """The number of the capture that holds this answer: stored now, or held already; None when not worth it.

        Only the page itself is kept, and what came whole but our parser cannot read; a live answer also beside a copy
        that says the same, so that the page is no longer held from others alone.
        """
        answer, provenance = exchange.answer, exchange.provenance
        if judgement.outcome is Outcome.UNCHANGED:
            return self._holding(page_id, answer, reading, provenance.source)
        if judgement.outcome not in _WORTH_KEEPING or answer.body is None or exchange.address.kind is Kind.LINK:
            return None
        if exchange.address.kind is Kind.IMAGE and judgement.outcome is Outcome.UNREADABLE:
            evidence = self._first("SELECT id FROM captures WHERE page_id = ? AND outcome = 'unreadable'", page_id)
            if evidence is not None:  # what stands in place of an image is kept once, as evidence
                return evidence
        digest = _sha256(answer.body)
        asked = (
            "SELECT id, page_id, source, body_capture_id FROM captures"
            " WHERE sha256 = ? AND (page_id = ? OR body_capture_id IS NULL) ORDER BY id"
        )
        same = list(self._database.query(asked, [digest, page_id]))
        own = [row for row in same if row["page_id"] == page_id and _is_as_good(row["source"], provenance.source)]
        if own:
            return int(min(own, key=lambda row: row["source"] != CaptureSource.LIVE)["id"])
        holder = self._holder(answer.body, [row["id"] for row in same if row["body_capture_id"] is None])
        cursor = self._database.execute(
            "INSERT INTO captures (page_id, sha256, fingerprint, captured_at, final_url, http_status, headers, body,"
            " body_bytes, outcome, source, source_url, source_at, body_capture_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                page_id, digest, reading.fingerprint if reading else None, stamp(answer.started_at),
                line(answer.requested_url, 8_000), answer.status,
                json.dumps([[name, _stored(name, value)] for name, value in answer.headers], ensure_ascii=False),
                b"" if holder else _packed(answer.body, answer.packed), len(answer.body),
                judgement.outcome.value, provenance.source.value, provenance.url and line(provenance.url, 8_000),
                stamped(provenance.at), holder,
            ],
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _holder(self, body: bytes, captures: Iterable[int]) -> int | None:
        """The first of these captures that has these bytes; looked at, since what has rotted must not be relied on."""
        for capture_id in captures:
            with suppress(ArchiveDamaged):
                if self.body(capture_id) == body:
                    return capture_id
        return None

    def _holding(self, page_id: int, answer: Answer, reading: Reading | None, source: CaptureSource) -> int | None:
        if answer.body is None:  # a 304 speaks of the last good answer
            return self.latest_good(page_id)
        if reading is None or reading.fingerprint is None:
            return self.with_sha256(page_id, _sha256(answer.body), source)
        return self.with_fingerprint(page_id, reading.fingerprint, source)

    def with_fingerprint(self, page_id: int, fingerprint: str, source: CaptureSource) -> int | None:
        """The good capture with this content, comments and skeleton that makes another from `source` superfluous."""
        return self._first(
            "SELECT id FROM captures WHERE page_id = ? AND fingerprint = ? AND outcome = 'ok'"  # noqa: S608
            f" AND {_AS_GOOD} ORDER BY source = 'live' DESC, id DESC",
            page_id, fingerprint, source.value,
        )  # fmt: skip

    def with_sha256(self, page_id: int, digest: str, source: CaptureSource) -> int | None:
        """The capture with exactly the bytes of this digest that makes another from `source` superfluous."""
        return self._first(
            f"SELECT id FROM captures WHERE page_id = ? AND sha256 = ? AND {_AS_GOOD} ORDER BY source = 'live' DESC",  # noqa: S608
            page_id, digest, source.value,
        )  # fmt: skip

    def latest_good(self, page_id: int) -> int | None:
        """The capture that the last good answer of the host itself gave or confirmed."""
        return self._first(
            "SELECT capture_id FROM fetches WHERE page_id = ? AND outcome IN ('ok', 'unchanged')"
            " AND capture_id IS NOT NULL AND source = 'live' ORDER BY id DESC LIMIT 1",
            page_id,
        )

    def stored(self, capture_id: int) -> Stored:
        """The body of a capture as it stands here. Raises ArchiveDamaged."""
        row = self._database.execute(_STORED, [capture_id]).fetchone()
        if row is None:
            raise ArchiveDamaged(f"capture {capture_id}: it is named and not there; put back a copy of the archive")
        return Stored(capture_id, *row)

    def body(self, capture_id: int) -> bytes:
        """The body of a capture as received, after content decoding. Raises ArchiveDamaged."""
        return self.stored(capture_id).body()

    def _first(self, sql: str, *parameters: int | str) -> int | None:
        return next((int(next(iter(row.values()))) for row in self._database.query(sql, list(parameters))), None)


def _is_as_good(held: str, source: CaptureSource) -> bool:
    """As `_AS_GOOD` says."""
    return held == CaptureSource.LIVE or source is not CaptureSource.LIVE


def _packed(body: bytes, came: bytes | None) -> bytes:
    """A body as it is stored: as it came, where its host packed it well enough.

    The sum at the end of what came (RFC 1952 §2.3.1), which held when it was unpacked, must be that of this body.
    """
    if came is not None and len(came) * _PACKED_WELL <= len(body) and came[-8:] == _trailer(body):
        return came
    return gzip.compress(body, _LEVEL, mtime=0)


def _trailer(body: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFF_FFFF)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _stored(name: str, value: str) -> str:
    """The value of a header as it is kept: of a cookie its name alone, since its value can open somebody's session.

    One without a sign of equality is all value (RFC 6265bis §5.6).
    """
    if name.lower() in _COOKIES:
        value = value.partition("=")[0] if "=" in value.partition(";")[0] else ""
    return line(value, 8_000)


def is_held(captures: Captures, page_id: int | None, exchange: Exchange, reading: Reading | None) -> bool:
    """Whether the archive holds this content of the page: by fingerprint where a parser gives one, else by bytes."""
    body, source = exchange.answer.body, exchange.provenance.source
    if page_id is None or body is None:
        return False
    if reading is not None and reading.fingerprint is not None:
        return captures.with_fingerprint(page_id, reading.fingerprint, source) is not None
    known_by_bytes = exchange.address.kind in {Kind.ROBOTS, Kind.IMAGE}
    return known_by_bytes and captures.with_sha256(page_id, _sha256(body), source) is not None
