"""A page that SingleFile saved compressed: a zip file with the page, its files, and where each of them came from.

The zip stands alone, or inside of an HTML file that unpacks itself in a browser.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from archiver.errors import UnusableFile
from archiver.formats import values, zipped
from archiver.formats.found import Bounds, Found, Passed, Wanted
from archiver.model.readings import SAVED_PAGE_TYPE
from archiver.pages import beside, saved
from archiver.pages.lean import lean

_UNPACKS_ITSELF = re.compile(
    rb"<html[^>]{0,200}\sdata-sfz\b|sfz-wait-message|sfz-error-message|SingleFileZ", re.IGNORECASE
)
_INDEX = re.compile(r"(?:[^/]+/)?index\.html?")
_MOST_MANIFEST = 1_048_576
_STEP = 1_048_576
_END = b"PK\x05\x06"  # of a zip file (APPNOTE §4.3.16)

Members = dict[str, zipfile.ZipInfo]


def unpacks_itself(head: bytes) -> bool:
    """Whether HTML begins as SingleFile writes a page around its zip file."""
    return _UNPACKS_ITSELF.search(head) is not None


def index_of(members: Members) -> str | None:
    """The name of the page among the members of a zip file; None when no page of SingleFile is in it."""
    found = sorted((name for name in members if _INDEX.fullmatch(name)), key=len)
    is_page = found and (_folder(found[0]) + "manifest.json" in members or len(members) > 1)
    return found[0] if is_page else None


def read(raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """The page, and every wanted picture of it. Raises UnusableFile."""
    try:
        yield from _read_zip(raw, wanted, bounds, passed)
    except UnusableFile as error:
        raise error.of("", "a compressed page of SingleFile") from None


def _read_zip(raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    with zipped.opened(_alone(raw), bounds) as archive:
        members = zipped.checked(archive, bounds)
        index = index_of(members)
        if index is None:
            raise UnusableFile("its zip file has no page in it (index.html)")
        page = _read(archive, members[index], bounds.body_bytes)
        if page is None:
            raise UnusableFile(f"a page of more than {bounds.body_bytes} bytes", place=index)
        folder = _folder(index)
        manifest = _manifest(archive, members.get(f"{folder}manifest.json"))
        about = saved.about(lean(page))
        told = manifest.get("originalUrl")
        url = about.url or (told if isinstance(told, str) else "")
        at = about.saved_at or values.iso_date(manifest.get("archiveTime"), zoned=True)
        resources = manifest.get("resources")
        if isinstance(resources, dict):
            page = beside.with_manifest(page, resources)
        yield Found(url, page, at, index, headers=(("content-type", SAVED_PAGE_TYPE),))
        for picture in saved.pictures(lean(page), url):
            if not wanted(picture.url):
                continue
            member = members.get(folder + picture.file)
            if picture.body is not None:
                yield Found(picture.url, picture.body, at, "in the page itself")
            elif member is None:
                passed["pictures that are not in the file"] += 1
            else:
                found = Found(picture.url, _read(archive, member, bounds.body_bytes), at, member.filename)
                yield found if found.body is not None else found.too_large("picture", bounds.body_bytes)


def _alone(raw: BinaryIO) -> BinaryIO:
    """The zip file without what HTML stands behind it: that may be longer than a zip file's end may be from its end."""
    raw.seek(0)
    if raw.read(4) == b"PK\x03\x04":
        return raw
    end = _last(raw, _END)
    raw.seek(max(end, 0))
    record = raw.read(22)
    if end < 0 or len(record) < 22:
        raise UnusableFile("its zip file is cut or not there", advice="save the page again")
    return io.BufferedReader(_Beginning(raw, end + 22 + int.from_bytes(record[20:], "little")))


def _last(raw: BinaryIO, mark: bytes) -> int:
    """Where a mark of few bytes stands for the last time; -1 where it does not."""
    at = raw.seek(0, io.SEEK_END)
    while at > 0:
        begin = max(at - _STEP, 0)
        raw.seek(begin)
        found = raw.read(at - begin + len(mark) - 1).rfind(mark)
        if found >= 0:
            return begin + found
        at = begin
    return -1


class _Beginning(io.RawIOBase):
    """The first bytes of a file, as if it ended there."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        super().__init__()
        self._raw = raw
        self._size = min(size, raw.seek(0, io.SEEK_END))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        self._raw.seek(self._at)
        read = self._raw.read(max(min(len(buffer), self._size - self._at), 0))
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)


def _folder(index: str) -> str:
    return index[: index.rfind("/") + 1]


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | None:
    if member.file_size > most:
        return None
    with archive.open(member) as opened:
        return opened.read(most)


def _manifest(archive: zipfile.ZipFile, member: zipfile.ZipInfo | None) -> dict[str, Any]:
    """What `manifest.json` says; nothing where it is not there, or not what SingleFile writes."""
    content = _read(archive, member, _MOST_MANIFEST) if member is not None else None
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
