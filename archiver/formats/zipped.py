"""Zip files of somebody's, opened within bounds: nothing is unpacked to disk, no name from inside is ever a path."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from archiver.errors import UnusableFile
from archiver.formats.found import Bounds
from archiver.text import safe

_MOST_DIRECTORY = 16_777_216  # bytes of the zip's own list, which zipfile reads whole
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # of the others zipfile bounds no output
_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError, EOFError, IndexError,
    struct.error, zlib.error,
)  # fmt: skip


@contextmanager
def opened(raw: BinaryIO, bounds: Bounds) -> Iterator[zipfile.ZipFile]:
    """An open zip file whose list of members is of a bearable size. What zipfile raises becomes UnusableFile."""
    try:
        _check_directory(raw, bounds)
        raw.seek(0)
        with zipfile.ZipFile(raw) as archive:
            yield archive
    except _BROKEN as error:
        raise UnusableFile(f"a damaged zip file ({safe(error, 120)})", advice="get or copy the file again") from error


def _check_directory(raw: BinaryIO, bounds: Bounds) -> None:
    """How long the list of members says it is (APPNOTE §4.3.16, §4.3.14), before zipfile reads it into memory."""
    size = raw.seek(0, 2)
    begin = max(0, size - 65_557)
    raw.seek(begin)
    tail = raw.read(65_557)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        raise UnusableFile("its end is missing: the zip file is cut", advice="get or copy the file again")
    members, directory = struct.unpack("<10xHL", tail[at : at + 16])
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(b"PK\x06\x07"):
        raw.seek(min(struct.unpack("<8xQ", locator[:16])[0], size))
        record = raw.read(56)
        if len(record) == 56 and record.startswith(b"PK\x06\x06"):
            members, directory = struct.unpack("<32xQQ", record[:48])
    if members > bounds.members or directory > _MOST_DIRECTORY:
        raise UnusableFile(f"a zip file with {members} members: more than any archive of pages has")


def checked(archive: zipfile.ZipFile, bounds: Bounds) -> dict[str, zipfile.ZipInfo]:
    """The members by name, when every one of them is what it may be."""
    members: dict[str, zipfile.ZipInfo] = {}
    assert archive.fp is not None, "it is open"
    total, packed = 0, archive.fp.seek(0, 2)
    for member in archive.infolist():
        wrong = _wrong_with(member, bounds)
        if wrong is None and member.filename in members:
            wrong = "is there twice"
        total += member.file_size
        if wrong is None and total > bounds.unpacked_bytes:
            wrong = f"makes it more than {bounds.unpacked_bytes} bytes unpacked"
        if wrong is None and total > bounds.ratio_from and total > bounds.ratio * packed:  # members may share bytes
            wrong = "makes it unpack to far more than any archive of pages does: a bomb"
        if wrong is not None:
            raise UnusableFile(f"the member “{safe(member.orig_filename, 100)}” {wrong}")
        members[member.filename] = member
    return members


def _wrong_with(member: zipfile.ZipInfo, bounds: Bounds) -> str | None:
    name = member.orig_filename
    if not name or name.startswith("/") or "\\" in name or "\x00" in name or re.match(r"[A-Za-z]:", name):
        return "has a name that is no relative path"
    if ".." in name.split("/"):
        return "has a name that leads out of the file"
    if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a link or a device"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.compress_type not in _METHODS:
        return "is compressed in a way that no archive of pages is"
    if member.file_size > bounds.ratio_from and member.file_size > bounds.ratio * max(member.compress_size, 1):
        return "unpacks to far more than any archive of pages does: a bomb"
    return None
