"""A body in the forms that do not stand in a row, read again when it is asked for. Imports nothing heavy."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING

from archiver import unpack
from archiver.archive.columns import CONTENT_TYPE, STORED_BODY
from archiver.model import Address, Kind

if TYPE_CHECKING:
    from archiver.archive.stored import ReadPage
    from archiver.model.readings import Body

_MOST_BYTES = 16_777_216  # of a page, unpacked; nothing longer is ever received as one

_CAPTURE = f"""
SELECT pages.url, kind, article_id, series_id, user_id, page_number, {CONTENT_TYPE} AS content_type,
    {STORED_BODY} AS body FROM captures JOIN pages ON pages.id = page_id WHERE captures.id = ?
"""  # noqa: S608 - words of our own


def of_capture(connection: sqlite3.Connection, capture_id: int, read: ReadPage) -> Body | None:
    """The body of an article as a capture has it: HTML, Markdown, text, code, images, links.

    None where the capture is not there, its bytes cannot be unpacked, or no article is found in it.
    """
    row = connection.execute(_CAPTURE, [capture_id]).fetchone()
    body = unpacked(row[-1]) if row is not None else None
    if body is None:
        return None
    url, kind, article_id, series_id, user_id, page_number, content_type, _ = row
    found = read(Address(url, Kind(kind), article_id, series_id, user_id, page_number), body, content_type).page
    return getattr(found, "body", None)


def received(connection: sqlite3.Connection, capture_id: int) -> tuple[bytes, str] | None:
    """The bytes of a capture as they are stored, and the SHA-256 of what they unpack to; None where it is not there."""
    row = connection.execute(f"SELECT {STORED_BODY}, sha256 FROM captures WHERE id = ?", [capture_id]).fetchone()  # noqa: S608
    return None if row is None else (row[0], row[1])


def intact(connection: sqlite3.Connection, capture_id: int) -> bytes | None:
    """The bytes of a capture; None where it is not there, or they are not those of its SHA-256."""
    found = received(connection, capture_id)
    body = unpacked(found[0]) if found is not None else None
    return body if found is not None and body is not None and hashlib.sha256(body).hexdigest() == found[1] else None


def beginning(connection: sqlite3.Connection, capture_id: int, size: int) -> bytes | None:
    """The first bytes of a capture, unpacked of so many that are stored; None where it is not there."""
    try:
        with connection.blobopen("captures", "body", capture_id, readonly=True) as blob:
            return unpack.beginning(blob.read(size), size)
    except sqlite3.OperationalError:  # no such row
        return None


def unpacked(stored: object, most: int = _MOST_BYTES) -> bytes | None:
    """The bytes of a capture; None for what does not unpack, or would fill the memory of whoever opens the file."""
    try:
        return unpack.body(stored, most)
    except unpack.NotUnpacked:
        return None
