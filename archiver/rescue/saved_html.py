"""An HTML file that a browser saved, complete or with SingleFile: one page, as the browser had it."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.errors import UnusableFile
from archiver.pages import saved
from archiver.rescue.found import Bounds, Found


def read(document: bytes, bounds: Bounds) -> Iterator[Found]:
    """The page. Its URL is empty when the file does not say whose copy it is. Raises UnusableFile."""
    if len(document) > bounds.body_bytes:
        raise UnusableFile(f"a page of more than {bounds.body_bytes} bytes", advice="save it without its images")
    about = saved.about(document)
    yield Found(about.url, document, about.saved_at, "")
