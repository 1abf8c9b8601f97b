"""Responses as received: content-addressed, gzip-compressed, never overwritten."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib

from sqlite_utils import Database

from archiver.archive.times import stamp
from archiver.copies import Provenance
from archiver.errors import ArchiveDamaged
from archiver.model import Answer, CaptureSource, Judgement, Kind, Outcome, Reading
from archiver.text import line

_WORTH_KEEPING = frozenset({Outcome.OK, Outcome.UNREADABLE})


class Captures:
    """The captures of one open archive. The caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, page_id: int, answer: Answer, judgement: Judgement, reading: Reading | None,
        provenance: Provenance | None = None,
    ) -> int | None:  # fmt: skip
        """The number of the capture that holds this answer: stored now, or held already; None when not worth it.

        Only the page itself is kept, and a right page that our parser cannot read. An unchanged page is not stored
        again (DESIGN §7); but the site's own answer is, where only other people's copies (`provenance`) are held.
        """
        live = provenance is None
        if judgement.outcome is Outcome.UNCHANGED:
            return self._holding(page_id, answer, reading, live=live)
        if judgement.outcome not in _WORTH_KEEPING or answer.body is None:
            return None
        digest = hashlib.sha256(answer.body).hexdigest()
        held = self.with_sha256(page_id, answer.body, live=live)
        if held is not None:
            return held
        cursor = self._database.execute(
            "INSERT INTO captures (page_id, sha256, fingerprint, captured_at, final_url, http_status, headers, body,"
            " body_bytes, outcome, source, source_url, source_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                page_id, digest, reading.fingerprint if reading else None, stamp(answer.started_at),
                line(answer.requested_url, 8_000), answer.status,
                json.dumps([[name, line(value, 8_000)] for name, value in answer.headers], ensure_ascii=False),
                gzip.compress(answer.body, 9, mtime=0), len(answer.body), judgement.outcome.value,
                *_whose(provenance),
            ],
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _holding(self, page_id: int, answer: Answer, reading: Reading | None, *, live: bool) -> int | None:
        if answer.body is None:  # a 304 speaks of the last good answer
            return self.latest_good(page_id)
        if reading is None or reading.fingerprint is None:
            return self.with_sha256(page_id, answer.body, live=live)
        return self.with_fingerprint(page_id, reading.fingerprint, live=live)

    def with_fingerprint(self, page_id: int, fingerprint: str, *, live: bool = True) -> int | None:
        """The good capture of a page with this content, comments and skeleton, if one is held.

        `live`: only one that the site itself gave us, since a copy does not stand in for it.
        """
        return self._first(
            "SELECT id FROM captures WHERE page_id = ? AND fingerprint = ? AND outcome = 'ok'"
            " AND (source = 'live' OR NOT ?) ORDER BY source = 'live' DESC, id DESC",
            page_id, fingerprint, live,
        )  # fmt: skip

    def with_sha256(self, page_id: int, body: bytes, *, live: bool = True) -> int | None:
        """The capture of a page with exactly these bytes, if one is held; `live` as above."""
        return self._first(
            "SELECT id FROM captures WHERE page_id = ? AND sha256 = ? AND (source = 'live' OR NOT ?)"
            " ORDER BY source = 'live' DESC, id",
            page_id, hashlib.sha256(body).hexdigest(), live,
        )  # fmt: skip

    def latest_good(self, page_id: int) -> int | None:
        """The capture that the last good answer of the site itself gave or confirmed."""
        return self._first(
            "SELECT capture_id FROM fetches WHERE page_id = ? AND outcome IN ('ok', 'unchanged')"
            " AND capture_id IS NOT NULL AND source = 'live' ORDER BY id DESC LIMIT 1",
            page_id,
        )

    def body(self, capture_id: int) -> bytes:
        """The body of a capture as received, after content decoding. Raises ArchiveDamaged."""
        row = next(iter(self._database.query("SELECT final_url, body FROM captures WHERE id = ?", [capture_id])))
        try:
            return gzip.decompress(row["body"])
        except (EOFError, OSError, zlib.error) as error:
            raise ArchiveDamaged(
                f"capture {capture_id} of {line(row['final_url'], 200)}: its body cannot be read ({error});"
                " put back a copy of the archive"
            ) from error

    def _first(self, sql: str, *parameters: int | str) -> int | None:
        return next((int(next(iter(row.values()))) for row in self._database.query(sql, list(parameters))), None)


def _whose(provenance: Provenance | None) -> tuple[str, str | None, str | None]:
    """The columns `source`, `source_url` and `source_at`."""
    if provenance is None:
        return CaptureSource.LIVE.value, None, None
    return provenance.source.value, line(provenance.url, 8_000), stamp(provenance.at) if provenance.at else None


def is_held(
    captures: Captures, page_id: int | None, kind: Kind, body: bytes | None, reading: Reading | None, *,
    live: bool = True,
) -> bool:  # fmt: skip
    """Whether the archive holds this content of the page: by fingerprint where a parser gives one, else by bytes.

    `live`: as the site's own answer; a copy of somebody else's does not count then.
    """
    if page_id is None or body is None:
        return False
    if reading is not None and reading.fingerprint is not None:
        return captures.with_fingerprint(page_id, reading.fingerprint, live=live) is not None
    return kind in {Kind.ROBOTS, Kind.IMAGE} and captures.with_sha256(page_id, body, live=live) is not None
