"""What several modules must know of columns and tables, in words: `archiver status` need not import `model`."""

from __future__ import annotations

NOT_ASKED = ("disallowed", "robots_unreachable", "skipped")
"""The outcomes for which no request left this machine, as Python and SQL write them: `model.NOT_ASKED`, by a test."""

ABSENCES = ("not_found", "removed", "soft_404")
"""The outcomes that count towards `gone`: `model.ABSENCES`, by the same test."""

STILL_ASKED = """
SELECT page_id FROM parts WHERE source_id IN (SELECT id FROM sources WHERE dropped_at IS NULL)
OR series_id IN (
    SELECT series_id FROM series_sources JOIN sources ON sources.id = source_id WHERE dropped_at IS NULL)
"""
"""Pages of parts that a source asks for which was not taken back."""

CONTENT_TYPE = """coalesce((SELECT value ->> 1 FROM json_each(captures.headers) WHERE value ->> 0 = 'content-type'),
    CASE WHEN captures.source = 'import' AND captures.http_status IS NULL THEN 'text/html; saved=page' END)"""
"""The media type of a capture. An older archiver kept saved pages without one: then it is what they are given today.

That is `readings.SAVED_PAGE_TYPE`, whose module takes longer to import than all else that `archiver status` needs."""

STORED_BODY = (
    "(SELECT holder.body FROM captures AS holder WHERE holder.id = coalesce(captures.body_capture_id, captures.id))"
)
"""The gzipped bytes of a row of `captures`: they stand in the first capture that they came with."""

DERIVED_TABLES = (
    "search_rows", "parse_problems", "lost_fields", "mentions", "names", "events", "collapses", "edits", "metrics",
    "links", "article_images", "comment_images", "images", "code_blocks", "comment_versions", "comments",
    "articles_tags", "tags", "parts", "articles", "series_sources", "series", "authors", "progress",
)  # fmt: skip
"""All that `archiver parse` makes anew; children before parents. `progress` says what has been read."""
