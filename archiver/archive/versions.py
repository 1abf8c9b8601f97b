"""The texts that an article had, for `diff`. Reads only."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from archiver.archive.columns import CONTENT_TYPE, STORED_BODY


@dataclass(frozen=True, slots=True)
class Version:
    """A text that an article had, in the capture it was read from."""

    capture_id: int
    first_seen_at: str
    last_seen_at: str | None  # None: it is the text now
    content_type: str | None
    body: bytes  # gzip, as stored


def versions(connection: sqlite3.Connection, article_id: int) -> list[Version]:
    """The texts that an article had, oldest first: one more than it has edits."""
    return [Version(*row) for row in connection.execute(_VERSIONS, {"id": article_id})]


def version(connection: sqlite3.Connection, article_id: int, capture_id: int) -> Version | None:
    """One good capture of an article, whether its text was new or not."""
    rows = connection.execute(_VERSION, {"id": article_id, "capture_id": capture_id})
    return next((Version(*row) for row in rows), None)


_VERSIONS = f"""
WITH texts AS (
    SELECT old_capture_id AS capture_id, NULL AS first_seen_at, last_seen_old_at AS last_seen_at
        FROM edits WHERE id = (SELECT min(id) FROM edits WHERE article_id = :id)
    UNION ALL
    SELECT new_capture_id, first_seen_new_at, (SELECT last_seen_old_at FROM edits AS later
        WHERE later.article_id = :id AND later.id > edits.id ORDER BY later.id LIMIT 1)
        FROM edits WHERE article_id = :id
    UNION ALL
    SELECT capture_id, NULL, NULL FROM articles
        WHERE id = :id AND NOT EXISTS (SELECT 1 FROM edits WHERE article_id = :id)
)
SELECT captures.id, coalesce(first_seen_at, captured_at) AS seen, last_seen_at, {CONTENT_TYPE}, {STORED_BODY}
FROM texts JOIN captures ON captures.id = texts.capture_id ORDER BY seen
"""  # noqa: S608 - no words from outside

_VERSION = f"""
SELECT captures.id, captured_at, NULL, {CONTENT_TYPE}, {STORED_BODY} FROM captures JOIN pages ON pages.id = page_id
WHERE pages.article_id = :id AND captures.id = :capture_id AND outcome = 'ok'
"""  # noqa: S608 - the same
