"""What several queries work out of a row, as SQL."""

from __future__ import annotations

from archiver.readings import SAVED_PAGE_TYPE

CONTENT_TYPE = f"""coalesce((SELECT value ->> 1 FROM json_each(captures.headers) WHERE value ->> 0 = 'content-type'),
    CASE WHEN captures.source = 'import' AND captures.http_status IS NULL THEN '{SAVED_PAGE_TYPE}' END)"""  # noqa: S608 - our own words
"""The media type of a capture. An older archiver kept saved pages without one: then it is what they are given today."""
