"""All that is known of one page, for `why`: rows as they stand in the archive. Reads only."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from archiver.archive import demonstration
from archiver.archive.values import value, values


class PageRow(NamedTuple):
    """A canonical URL, and what is believed of it (`pages`)."""

    id: int
    url: str
    kind: str
    host: str
    article_id: int | None
    series_id: int | None
    user_id: int | None
    page_number: int | None
    first_seen_at: str
    state: str
    state_since: str
    last_fetch_at: str | None
    last_outcome: str | None
    last_ok_at: str | None
    due_at: str
    failures: int
    absences: int
    last_absence_at: str | None
    moved_to: str | None
    etag: str | None
    last_modified: str | None
    absent_since: str | None


class ArticleRow(NamedTuple):
    """What is held of an article, in short (`articles`)."""

    id: int
    title: str | None
    series_id: int | None
    series_title: str | None
    position: int | None
    published_at: str | None
    capture_id: int
    is_citation: int
    author: str | None
    parser: str


class PartRow(NamedTuple):
    """Of which series a page is a part, and who says so (`parts`)."""

    page_id: int
    series_id: int | None
    source_id: int | None
    article_id: int
    position: int | None
    title: str | None
    said_by: str


class FetchRow(NamedTuple):
    """One attempt, whatever came of it (`whole_fetches`), with what its run said at its end."""

    id: int
    run_id: int
    page_id: int
    requested_url: str
    final_url: str | None
    started_at: str
    elapsed_ms: int
    tries: int
    hop: int
    outcome: str
    http_status: int | None
    headers: str  # JSON
    bytes: int | None
    error: str | None
    retry_after_s: float | None
    capture_id: int | None
    signals: str  # JSON
    final: int
    source: str
    source_url: str | None
    source_at: str | None
    mass_absence: int
    run_note: str | None


class CaptureRow(NamedTuple):
    """A response as received (`captures`), without its bytes."""

    id: int
    sha256: str
    captured_at: str
    body_bytes: int
    stored_bytes: int
    outcome: str
    source: str
    source_url: str | None
    source_at: str | None


class NamingRow(NamedTuple):
    """Who names a page, and in which words (`discoveries`)."""

    via: str
    position: int | None
    text: str | None
    heading: str | None
    first_seen_at: str
    last_seen_at: str
    gone_at: str | None
    from_url: str


class EditRow(NamedTuple):
    """A change of a title, a body or tags (`edits`)."""

    id: int
    article_id: int
    old_capture_id: int
    new_capture_id: int
    last_seen_old_at: str
    first_seen_new_at: str
    title_changed: int
    body_changed: int
    tags_changed: int
    cosmetic: int
    collapsed: int


class ProblemRow(NamedTuple):
    """What a parser should have found and did not (`parse_problems`)."""

    id: int
    page_id: int
    capture_id: int | None
    parser: str
    field: str
    problem: str
    detail: str | None


class StateChangeRow(NamedTuple):
    """A change of what is believed (`state_changes`)."""

    at: str
    old_state: str
    new_state: str


class EventRow(NamedTuple):
    """What happened to the article (`events`)."""

    id: int
    at: str
    kind: str
    series_id: int | None
    article_id: int | None
    detail: str | None
    other_article_id: int | None


class PushRow(NamedTuple):
    """A copy that somebody was asked to make (`pushes`)."""

    id: int
    page_id: int
    state: str
    reason: str | None
    queued_at: str
    attempts: int
    asked_at: str | None
    not_before: str | None
    job_id: str | None
    made_at: str | None
    copy_url: str | None
    text_sha256: str | None
    checked_at: str | None


class LostField(NamedTuple):
    """A value that the page no longer says, and that stands as it last said it (`lost_fields`)."""

    page_id: int
    field: str
    last_found_at: str
    lost_since: str
    parser: str


@dataclass(frozen=True, slots=True)
class History:
    """Everything known of one page, each list in order of time."""

    page: PageRow
    article: ArticleRow | None
    part: PartRow | None
    fetches: list[FetchRow]
    captures: list[CaptureRow]
    named_by: list[NamingRow]
    edits: list[EditRow]
    problems: list[ProblemRow]
    changes: list[StateChangeRow]
    events: list[EventRow]
    pushes: list[PushRow]
    carried: list[LostField]
    is_demonstration: bool  # all of it was invented


def history(connection: sqlite3.Connection, url: str) -> History | None:
    """All that is known of the page with this canonical URL; None when it is unknown."""
    page = value(connection, PageRow, "SELECT * FROM pages WHERE url = ?", url)
    if page is None:
        return None
    of_article = "SELECT * FROM {} WHERE article_id = ? ORDER BY id"
    changes = "SELECT at, old_state, new_state FROM state_changes WHERE page_id = ?"
    return History(
        page=page,
        article=value(connection, ArticleRow, _ARTICLE, page.article_id),
        part=value(connection, PartRow, "SELECT * FROM parts WHERE page_id = ?", page.id),
        fetches=values(connection, FetchRow, _FETCHES, page.id),
        captures=values(connection, CaptureRow, _CAPTURES, page.id),
        named_by=values(connection, NamingRow, _NAMED_BY, url),
        edits=values(connection, EditRow, of_article.format("edits"), page.article_id),
        problems=values(connection, ProblemRow, "SELECT * FROM parse_problems WHERE page_id = ?", page.id),
        changes=values(connection, StateChangeRow, changes, page.id),
        events=values(connection, EventRow, of_article.format("events"), page.article_id),
        pushes=values(connection, PushRow, "SELECT * FROM pushes WHERE page_id = ? ORDER BY id", page.id),
        carried=values(connection, LostField, "SELECT * FROM lost_fields WHERE page_id = ? ORDER BY field", page.id),
        is_demonstration=demonstration.is_marked(connection),
    )


_ARTICLE = """
SELECT articles.id, articles.title, series_id, series.title AS series_title, position, published_at, capture_id,
    is_citation, authors.name AS author, parser
FROM articles LEFT JOIN series ON series.id = series_id LEFT JOIN authors ON authors.id = articles.author_id
WHERE articles.id = ?
"""

_FETCHES = """
SELECT fetches.*, runs.mass_absence, runs.note AS run_note
FROM whole_fetches AS fetches JOIN runs ON runs.id = run_id WHERE page_id = ? ORDER BY fetches.id
"""

_CAPTURES = """
SELECT id, sha256, captured_at, body_bytes, length(body) AS stored_bytes, outcome, source, source_url, source_at
FROM captures WHERE page_id = ? ORDER BY id
"""

_NAMED_BY = """
SELECT via, position, text, heading, discoveries.first_seen_at, last_seen_at, gone_at, lists.url AS from_url
FROM discoveries JOIN pages AS lists ON lists.id = from_page_id WHERE discoveries.url = ? ORDER BY discoveries.id
"""
