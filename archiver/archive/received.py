"""What came over the wire for the parts of some series, answer by answer, in order of time. Reads only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Received(NamedTuple):
    """An answer (`whole_fetches`) with what is kept of it (`captures`)."""

    fetch_id: int
    page_url: str
    kind: str
    requested_url: str
    started_at: str  # UTC, ISO 8601 with `Z`
    outcome: str
    http_status: int | None
    fetch_headers: str  # JSON object: those that matter
    source: str
    source_url: str | None
    source_at: str | None
    capture_id: int | None  # what holds it, or what it says is still so
    is_first: bool  # of the rows of its capture: the one whose bytes those are
    sha256: str | None  # of the capture
    captured_at: str | None  # of the capture
    capture_url: str | None  # that gave the capture
    capture_headers: str | None  # JSON list of [name, value]


def answers(connection: sqlite3.Connection, articles: Iterable[int], series: Iterable[int]) -> Iterator[Received]:
    """Every answer of a part, its images, its series' lists and feeds and the indexes that name it.

    Those alone that brought or confirmed what is kept, and the redirects followed on the way.
    """
    named = [json.dumps(sorted(articles)), json.dumps(sorted(series))]
    pages = [row[0] for row in connection.execute(_PAGES, named)]
    for row in connection.execute(_ANSWERS, [json.dumps(pages)]):
        yield Received(*row)


_PAGES = """
WITH wanted (id) AS (SELECT value FROM json_each(?1)), lists (id) AS (SELECT value FROM json_each(?2))
SELECT id FROM pages WHERE kind = 'article' AND article_id IN wanted
UNION SELECT id FROM pages WHERE kind IN ('series', 'feed') AND series_id IN lists
UNION SELECT from_page_id FROM mentions JOIN names ON names.id = name_id JOIN pages ON pages.id = from_page_id
    WHERE names.article_id IN wanted AND pages.kind = 'index'
UNION SELECT pages.id FROM article_images JOIN images ON images.id = image_id JOIN pages ON pages.url = images.url
    WHERE article_images.article_id IN wanted AND pages.kind = 'image'
UNION SELECT pages.id FROM comments JOIN comment_images ON comment_id = comments.id
    JOIN images ON images.id = image_id JOIN pages ON pages.url = images.url
    WHERE comments.article_id IN wanted AND pages.kind = 'image'
"""
_ANSWERS = """
SELECT f.id, pages.url, pages.kind, f.requested_url, f.started_at, f.outcome, f.http_status, f.headers, f.source,
    f.source_url, f.source_at, f.capture_id,
    f.id = (SELECT min(id) FROM fetches WHERE page_id = f.page_id AND capture_id = f.capture_id),
    captures.sha256, captures.captured_at, captures.final_url, captures.headers
FROM whole_fetches AS f JOIN pages ON pages.id = f.page_id LEFT JOIN captures ON captures.id = f.capture_id
WHERE f.page_id IN (SELECT value FROM json_each(?)) AND (f.capture_id IS NOT NULL
    OR (f.source = 'live' AND NOT f.final AND f.http_status BETWEEN 300 AND 399))
ORDER BY f.started_at, f.id
"""
