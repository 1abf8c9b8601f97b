"""The hash chain over runs: each that ends gets a digest over its rows and the digest of the run before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from archiver.archive.database import Database

_RUN = (
    "SELECT id, command, started_at, finished_at, ended_by, exit_code, version, config, mass_absence, note,"
    " changed_before FROM runs WHERE id = ?"
)
# What fetches had when the first digests were made, in that order: a later column comes after all of these, and only
# in rows where it says something, so that digests made before it was there still hold.
_FETCHES = """
SELECT fetches.id, run_id, fetches.page_id, requested_url, fetches.final_url, started_at, elapsed_ms, tries, hop,
    fetches.outcome, fetches.http_status, fetches.headers, bytes, error, retry_after_s, capture_id, signals, final,
    pages.url AS page_url, captures.sha256 AS capture_sha256, captures.captured_at,
    captures.final_url AS capture_url, captures.headers AS capture_headers, captures.outcome AS capture_outcome,
    captures.source, captures.source_url, captures.source_at,
    fetches.source AS copy_source, fetches.source_url AS copy_url, fetches.source_at AS copy_at
FROM fetches JOIN pages ON pages.id = fetches.page_id LEFT JOIN captures ON captures.id = fetches.capture_id
WHERE run_id = ? ORDER BY fetches.id
"""


_PAGE = (
    "id, url, kind, host, article_id, series_id, user_id, page_number, first_seen_at, due_at, moved_to, etag,"
    " last_modified"
)
_CAPTURE = (
    "id, page_id, sha256, fingerprint, captured_at, final_url, http_status, headers, body_bytes, outcome, source,"
    " source_url, source_at"
)
_KEPT = {"sources": "*", "pages": _PAGE, "captures": _CAPTURE}


def kept_digest(database: Database) -> str:
    """The seal of archives before there was one for each table: over sources, pages and what captures say."""
    hashed = hashlib.sha256()
    for table, columns in _KEPT.items():
        for row in database.query(f"SELECT {columns} FROM {table} ORDER BY id"):  # noqa: S608 - names are our own
            hashed.update(json.dumps(list(row.values()), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()


def of_rows_in_order(database: Database, table: str, columns: Iterable[str]) -> str:
    """The seal of a table in archives before migration 025: over its rows in the order of their numbers."""
    told = list(columns)
    hashed = hashlib.sha256(json.dumps(told).encode())
    named = ", ".join(f'"{name}"' for name in told)
    order = "1, 2" if table.startswith("search_index_") else "rowid"  # some of SQLite's own have no rowid
    for row in database.execute(f"SELECT {named} FROM {table} ORDER BY {order}"):  # noqa: S608 - names are our own
        hashed.update(json.dumps(row, default=_hashed).encode() + b"\n")
    return hashed.hexdigest()


def _hashed(value: object) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)


def run_digest(database: Database, run_id: int) -> str:
    """SHA-256 over the rows of a run and the digest of the run before it; empty for the first."""
    before = database.query("SELECT digest, kept_digest FROM runs WHERE id < ? ORDER BY id DESC LIMIT 1", [run_id])
    hashed = hashlib.sha256()
    for row in before:
        hashed.update(f"{row['digest']}{row['kept_digest'] or ''}".encode())  # archives before had no kept_digest
    for sql in (_RUN, _FETCHES):
        for row in database.query(sql, [run_id]):
            hashed.update(json.dumps(_told(row), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()


# Columns that are younger than the first digests, and what they hold when they say nothing.
_LATER = {"copy_source": "live", "copy_url": None, "copy_at": None}


def _told(row: dict[str, Any]) -> list[Any]:
    """The values of a row, without the later columns where they say no more than rows before them did."""
    copy = {name: row[name] for name in _LATER if name in row}
    said = set(copy) if copy == _LATER else set()
    if row.get("changed_before", "") is None:
        said.add("changed_before")
    return [value for name, value in row.items() if name not in said]
