"""What of a part stands in rows alone: counters, links, edits, events, and each text that a comment had. Reads only.

What each field holds is described in docs/schema.md under the table of its class. Moments are text: UTC, ISO 8601.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from archiver.archive.history import EditRow, EventRow
from archiver.archive.values import value, values


class ArticleDetails(NamedTuple):
    """What the page of an article says beside its text (`articles`)."""

    group: str | None
    contest_year: int | None
    team: str | None
    views: int | None
    likes: int | None
    comments_count: int | None
    previous_id: int | None
    next_id: int | None
    body_sha256: str | None
    html_sha256: str | None


class LinkRow(NamedTuple):
    """A link in a body (`links`)."""

    position: int
    url: str
    text: str
    target_kind: str
    target_article_id: int | None


class VersionRow(NamedTuple):
    """A text that a comment had (`comment_versions`)."""

    comment_id: int
    text: str
    first_seen_at: str
    last_seen_at: str


@dataclass(frozen=True, slots=True)
class Details:
    """All of it, of one part; each list in its order."""

    article: ArticleDetails | None  # None: it is not held
    links: list[LinkRow]
    edits: list[EditRow]
    events: list[EventRow]
    versions: list[VersionRow]


def of_part(connection: sqlite3.Connection, article_id: int) -> Details:
    """What there is of the part with this number."""
    return Details(
        value(connection, ArticleDetails, "SELECT * FROM articles WHERE id = ?", article_id),
        values(connection, LinkRow, "SELECT * FROM links WHERE article_id = ? ORDER BY position", article_id),
        values(connection, EditRow, "SELECT * FROM edits WHERE article_id = ? ORDER BY id", article_id),
        values(connection, EventRow, "SELECT * FROM events WHERE article_id = ? ORDER BY id", article_id),
        values(connection, VersionRow, _VERSIONS, article_id),
    )


_VERSIONS = """
SELECT comment_id, comment_versions.body_text AS text, comment_versions.first_seen_at, comment_versions.last_seen_at
FROM comment_versions JOIN comments ON comments.id = comment_id WHERE article_id = ? ORDER BY comment_versions.id
"""


def sha256_of(connection: sqlite3.Connection, capture_id: int | None) -> str | None:
    """The SHA-256 of the bytes of a capture, such as an image; None for none."""
    row = connection.execute("SELECT sha256 FROM captures WHERE id = ?", [capture_id]).fetchone()
    return row[0] if row is not None else None
