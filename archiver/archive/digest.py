"""The hash chain over runs: each run that ends gets a digest over its own rows and the digest of the run before.

So history cannot be changed anywhere without changing every digest after it (`proof.verify` computes them again).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlite_utils import Database

_RUN = (
    "SELECT id, command, started_at, finished_at, ended_by, exit_code, version, config, mass_absence, note"
    " FROM runs WHERE id = ?"
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


def run_digest(database: Database, run_id: int) -> str:
    """SHA-256 over the rows of a run and the digest of the run before it; empty for the first."""
    before = database.query("SELECT digest FROM runs WHERE id < ? ORDER BY id DESC LIMIT 1", [run_id])
    hashed = hashlib.sha256(str(next((row["digest"] for row in before), "")).encode())
    for sql in (_RUN, _FETCHES):
        for row in database.query(sql, [run_id]):
            hashed.update(json.dumps(_told(row), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()


def _told(row: dict[str, Any]) -> list[Any]:
    """The values of a row, without the columns that say no more than that a fetch is live."""
    copy = {name: row[name] for name in ("copy_source", "copy_url", "copy_at") if name in row}
    said = copy.keys() if copy == {"copy_source": "live", "copy_url": None, "copy_at": None} else ()
    return [value for name, value in row.items() if name not in said]
