"""The front door for files to import: what a file is, by its bytes and never by its name, and what it holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, assert_never

from archiver import unpack
from archiver.errors import UnusableFile
from archiver.formats import har, mhtml, saved_html, singlefile, wacz, warc, zipped
from archiver.formats.found import Bounds, Found, Passed, Wanted
from archiver.machine import disk
from archiver.pages import content
from archiver.text import safe

_HEAD = 16_384
_LAST_TIME = 253_402_300_799  # the end of 9999, the last year that a date can have; file systems know later ones
_READABLE = "WARC, WACZ, HAR, MHTML and saved HTML can be imported"
_HEADER_LINES = re.compile(rb"\s*(?:[A-Za-z-]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){1,100}")
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|rss|\?xml|meta|title|!--)", re.IGNORECASE)
_SAVE_IT = "save the page as HTML or with SingleFile"
_OTHERS = (  # what people have instead, and what to do with it
    (rb"bplist|\s*<\?xml[^>]*>\s*<!DOCTYPE plist", "a web archive of Safari (.webarchive)", _SAVE_IT),
    (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", "a Zstandard file (.zst)", "unpack it with `unzstd`"),
    (rb"ZIM\x04", "a ZIM file", _SAVE_IT),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ|BZh[1-9]", "a packed file", "unpack it and import what is in it"),
    (rb"%PDF", "a PDF", _SAVE_IT),
    (rb"SQLite format 3", "a database", "name it with --db to use it as an archive"),
)


class Format(StrEnum):
    """What can be imported."""

    WARC = "WARC"
    WACZ = "WACZ"
    HAR = "HAR"
    MHTML = "MHTML"
    HTML = "HTML"
    SINGLEFILE = "SingleFile"  # compressed


@dataclass(frozen=True, slots=True)
class File:
    """A file to import, known by its bytes."""

    path: Path
    name: str  # its last part, harmless to print
    format: Format
    size: int
    sha256: str
    changed_at: datetime  # UTC; by the file system

    @property
    def is_one_page(self) -> bool:
        """Whether the file is one page that somebody saved, and not a recording of many."""
        return self.format in {Format.HTML, Format.MHTML, Format.SINGLEFILE}


def known(path: Path, bounds: Bounds) -> File:
    """What a file is. Raises UnusableFile for what is no regular file, cannot be read, or is none of ours."""
    name = safe(path.name or str(path), 200)
    with _opened(path, name) as (raw, status):
        head = raw.read(_HEAD)
        form = _format(head, name)
        if form not in {Format.WARC, Format.WACZ} and status.st_size > bounds.document_bytes:
            advice = "save the page alone"
            raise UnusableFile(f"{form} of more than {bounds.document_bytes} bytes", name=name, advice=advice)
        if form is Format.WACZ:
            form = _zip_format(raw, bounds, name)
        if status.st_size > bounds.unpacked_bytes:
            words = f"a file of more than {bounds.unpacked_bytes} bytes"
            raise UnusableFile(words, name=name, advice="import it in parts")
        changed = datetime.fromtimestamp(min(max(status.st_mtime, 0), _LAST_TIME), UTC)
        return File(path, name, form, status.st_size, _sha256(raw), changed)


def _zip_format(raw: BinaryIO, bounds: Bounds, name: str) -> Format:
    """A zip file is a WACZ, unless it has a page of SingleFile in it and no WARC."""
    try:
        with zipped.opened(raw, bounds) as archive:
            members = zipped.checked(archive, bounds)
            if any(member.lower().endswith(".har") for member in members) and not wacz.warcs_of(members):
                advice = "unpack it and import the .har; record with the bodies embedded in it"
                raise _not_read(name, "a HAR in a zip file (.har.zip)", advice)
            is_page = not wacz.warcs_of(members) and singlefile.index_of(members) is not None
            return Format.SINGLEFILE if is_page else Format.WACZ
    except UnusableFile as error:
        raise error.of(name) from None


def check_unchanged(file: File) -> None:
    """Raises UnusableFile when a file is no longer the one that was looked at."""
    with _opened(file.path, file.name) as (raw, _):
        if _sha256(raw) != file.sha256:
            raise UnusableFile("it changed while it was read", name=file.name, advice="run the same command again")


def _sha256(raw: BinaryIO) -> str:
    digest = hashlib.sha256()
    raw.seek(0)
    while piece := raw.read(1_048_576):
        digest.update(piece)
    return digest.hexdigest()


def read(file: File, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response in a file whose URL is wanted, and the page of a file that is one. Raises UnusableFile."""
    try:
        with _opened(file.path, file.name) as (raw, _):
            yield from _read(file, raw, lambda url: len(url) <= bounds.url_length and wanted(url), bounds, passed)
    except UnusableFile as error:
        raise error.of(file.name) from None


def _read(file: File, raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    match file.format:
        case Format.WARC:
            yield from warc.read(raw, wanted, bounds, passed)
        case Format.WACZ:
            yield from wacz.read(raw, wanted, bounds, passed)
        case Format.HAR:
            yield from har.read(raw, wanted, bounds, passed)
        case Format.MHTML:
            yield from mhtml.read(raw.read(bounds.document_bytes), wanted, bounds, passed)
        case Format.SINGLEFILE:
            yield from singlefile.read(raw, wanted, bounds, passed)
        case Format.HTML:
            yield from saved_html.read(raw.read(bounds.document_bytes), file.path, wanted, bounds, passed)
        case _:
            assert_never(file.format)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """A regular file, open to read. Never waits for a FIFO and never follows a link."""
    try:
        descriptor = disk.open_regular(path, follow=False)
    except IsADirectoryError as error:
        raise UnusableFile("a folder", name=name, advice="name the files in it") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no usable name"
        words = why if why in {disk.NO_FILE, disk.A_LINK} else f"cannot be read ({why})"
        raise UnusableFile(words, name=name, advice="name a file that can be read") from error
    status = os.fstat(descriptor)
    with os.fdopen(descriptor, "rb") as raw:
        try:
            yield raw, status
        except OSError as error:
            raise UnusableFile(f"cannot be read ({error.strerror})", name=name) from error


def _format(head: bytes, name: str) -> Format:
    if not head.strip():
        raise UnusableFile("an empty file", name=name, advice=_READABLE)
    unpacked = unpack.beginning(head, 64) if head.startswith(b"\x1f\x8b") else head
    _refuse_others(head, unpacked, name)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if unpacked.startswith(b"WARC/"):
        return Format.WARC
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.WACZ
    if text.startswith(b"{"):
        return Format.HAR
    lines = _HEADER_LINES.match(head)
    if lines is not None and b"multipart/related" in lines[0].lower():
        return Format.MHTML
    if unpacked is head and (_MARKUP.search(head[:4_096]) or _is_wide_markup(head)):
        return Format.SINGLEFILE if singlefile.unpacks_itself(head) else Format.HTML
    if unpacked is not head:
        raise _not_read(name, "a gzip file with no WARC in it", "unpack it with `gunzip` and import what is in it")
    raise UnusableFile("neither a recording of pages nor a saved page", name=name, advice=_READABLE)


def _refuse_others(head: bytes, unpacked: bytes, name: str) -> None:
    """Raise UnusableFile with the name of a format that people have, and that is not read here."""
    for mark, what, advice in _OTHERS:
        if re.match(mark, head):
            raise _not_read(name, what, advice)
    if content.raster(head) is not None:
        raise _not_read(name, "a picture", _SAVE_IT)
    if unpacked.startswith(b"filedesc://"):
        raise _not_read(name, "an ARC file, the format before WARC", "make a WARC of it (`warcio recompress`)")


def _not_read(name: str, what: str, advice: str) -> UnusableFile:
    return UnusableFile(f"{what}, which is not read here", name=name, advice=advice)


def _is_wide_markup(head: bytes) -> bool:
    """HTML in UTF-16, as Windows programs save it."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) and _MARKUP.search(head.replace(b"\x00", b"")) is not None
