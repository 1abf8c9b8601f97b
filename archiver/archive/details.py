"""What of a part stands in rows alone: counters, links and their rot, edits, events, each text of a comment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
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


class RottenLink(NamedTuple):
    """A link of a body that no longer answers (`link_rot`), and the newest copy of it that somebody holds."""

    text: str
    url: str
    state: str
    failing_since: str | None
    copy_url: str | None


class ChangeRow(NamedTuple):
    """What happened to a part and when (`timeline`)."""

    at: str
    what: str
    detail: str | None
    article_id: int


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


def rotten_links(connection: sqlite3.Connection, article_id: int) -> list[RottenLink]:
    """The dead links of a part, in their order."""
    return values(connection, RottenLink, _ROT, article_id)


def changes(connection: sqlite3.Connection) -> Iterator[ChangeRow]:
    """What happened to any part since it was first seen, newest first; read while it is walked through."""
    return (ChangeRow(*row) for row in connection.execute(_CHANGES))


_ROT = """
SELECT text, url, state, failing_since, (
    SELECT copies.url FROM copies JOIN pages ON pages.id = copies.page_id
    WHERE pages.url = link_rot.url AND holder != 'common_crawl' AND confirmed ORDER BY made_at DESC, copies.id LIMIT 1
) AS copy_url FROM link_rot WHERE article_id = ? ORDER BY position
"""

_CHANGES = (
    "SELECT at, what, detail, article_id FROM timeline WHERE article_id IS NOT NULL"
    " AND NOT (what = 'alive' AND detail IS 'was new') ORDER BY at DESC, article_id, what"
)


def sha256_of(connection: sqlite3.Connection, capture_id: int | None) -> str | None:
    """The SHA-256 of the bytes of a capture, such as an image; None for none."""
    row = connection.execute("SELECT sha256 FROM captures WHERE id = ?", [capture_id]).fetchone()
    return row[0] if row is not None else None
