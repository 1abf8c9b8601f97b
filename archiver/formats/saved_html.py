"""An HTML file that a browser saved, alone, complete or with SingleFile, or that a tool mirrored: the page as it was.

Its pictures are read from the files beside it, where the page tells the address that the site uses (`pages.beside`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archiver.errors import UnusableFile
from archiver.formats.folder import Folder
from archiver.formats.found import Bounds, Found, Passed, Wanted
from archiver.model.readings import SAVED_PAGE_TYPE
from archiver.pages import saved
from archiver.pages.lean import lean


def read(document: bytes, path: Path, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """The page, its URL empty where the file does not tell it, and each wanted picture of it. Raises UnusableFile."""
    if len(document) > bounds.body_bytes:
        raise UnusableFile(f"a page of more than {bounds.body_bytes} bytes", advice="save it without its images")
    page = lean(document)
    about = saved.about(page)
    yield Found(about.url, document, about.saved_at, "", headers=(("content-type", SAVED_PAGE_TYPE),))
    folder = Folder(path, about.url)
    for picture in saved.pictures(page, about.url):
        if not wanted(picture.url):
            continue
        body, place = picture.body, "in the page itself"
        if body is None:
            body, place = folder.read(picture.file, bounds.body_bytes), f"beside it: {picture.file}"
        found = Found(picture.url, body, about.saved_at, place)
        if body is None:
            passed["pictures that do not lie beside the page"] += 1
        else:
            yield found if len(body) <= bounds.body_bytes else found.too_large("picture", bounds.body_bytes)
