"""The hash chain over runs: each run that ends gets a digest over its own rows and the digest of the run before.

So history cannot be changed anywhere without changing every digest after it (`proof.verify` computes them again).
"""

from __future__ import annotations

import hashlib
import json

from sqlite_utils import Database

_RUN = (
    "SELECT id, command, started_at, finished_at, ended_by, exit_code, version, config, mass_absence, note"
    " FROM runs WHERE id = ?"
)
_FETCHES = """
SELECT fetches.*, pages.url AS page_url, captures.sha256 AS capture_sha256, captures.captured_at,
    captures.final_url AS capture_url, captures.headers AS capture_headers, captures.outcome AS capture_outcome,
    captures.source, captures.source_url, captures.source_at
FROM fetches JOIN pages ON pages.id = fetches.page_id LEFT JOIN captures ON captures.id = fetches.capture_id
WHERE run_id = ? ORDER BY fetches.id
"""


def run_digest(database: Database, run_id: int) -> str:
    """SHA-256 over the rows of a run and the digest of the run before it; empty for the first."""
    before = database.query("SELECT digest FROM runs WHERE id < ? ORDER BY id DESC LIMIT 1", [run_id])
    hashed = hashlib.sha256(str(next((row["digest"] for row in before), "")).encode())
    for sql in (_RUN, _FETCHES):
        for row in database.query(sql, [run_id]):
            hashed.update(json.dumps(list(row.values()), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()
