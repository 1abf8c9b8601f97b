"""Images out of the archive, for the browser: raster images only, told by their own bytes.

What calls itself an image may be SVG or HTML, both of which can act (pywb CVE-2021-39286, changedetection.io
CVE-2023-24769).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from archiver.archive import bodies
from archiver.pages import content

_MAX_BYTES = 32_000_000
_HEAD_BYTES = 512  # of the stored bytes: enough to tell a signature
_HELD = """
SELECT captures.sha256, holder.body FROM captures JOIN pages ON pages.id = captures.page_id
JOIN captures AS holder ON holder.id = coalesce(captures.body_capture_id, captures.id)
WHERE captures.id = ? AND pages.kind = 'image' AND captures.body_bytes <= ?
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes that a browser may show."""

    body: bytes
    media_type: str
    sha256: str


def picture(connection: sqlite3.Connection, capture_id: int) -> Picture | None:
    """The image that this capture holds; None for no such capture, one of another kind, or no raster image."""
    row = connection.execute(_HELD, (capture_id, _MAX_BYTES)).fetchone()
    body = bodies.unpacked(row[1], _MAX_BYTES) if row is not None else None
    media_type = content.raster(body) if body else None
    return Picture(body, media_type, row[0]) if body and media_type else None


def is_raster(connection: sqlite3.Connection, capture_id: int) -> bool:
    """Whether the capture begins as a raster image does; reads no more than its beginning."""
    head = bodies.beginning(connection, capture_id, _HEAD_BYTES)
    return head is not None and content.raster(head) is not None
