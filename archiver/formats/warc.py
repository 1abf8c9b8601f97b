"""WARC files (ISO 28500:2017, WARC 1.1 and 1.0): each response of a wanted page, read within bounds.

By our own hundred lines, though reading is what warcio is for: it takes broken gzip for the end of the data, prints to
stderr where a length is wrong, and reads a header line of any length. For what somebody was given that is not enough: a
cut or a wrong length must end the reading, with its place. The tests read with both.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

from archiver.errors import UnusableFile
from archiver.formats.found import Bounds, Found, Passed, Wanted, cleaned
from archiver.formats.http_message import NotWhole, response
from archiver.model import Outcome
from archiver.unpack import Gunzip, NotUnpacked

_STEP = 65_536
_VERSION = re.compile(rb"WARC/(?:1\.[01]|0\.1[78])\r?\n")
_DATE = re.compile(r"([0-9]{4}-[01][0-9]-[0-3][0-9])T([0-2][0-9]:[0-5][0-9]:[0-6][0-9])(\.[0-9]{1,9})?Z")
_CUT = "the file ends in the middle of it; get or copy the file again"

RecordFields = dict[str, str]  # names in lower case


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


def read(raw: Readable, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response or resource whose URL is wanted, in order; what else there is is counted in `passed`.

    Reads to the end of the file. Raises UnusableFile where it is not what a WARC is.
    """
    stream = _Stream(raw, bounds)
    number = 0
    while True:
        place = f"record {number + 1} at byte {stream.offset}"
        try:
            fields = _fields(stream, number, bounds)
            if fields is None:
                break
            number += 1
            found = _record(stream, fields, place, wanted, bounds, passed)
        except UnusableFile as error:
            raise error.of("", place) from None
        if found is not None:
            yield found
    if number == 0:
        raise UnusableFile("no WARC record in it")


def _fields(stream: _Stream, before: int, bounds: Bounds) -> RecordFields | None:
    """The named fields of the record after so many (§4); None at the end of the file."""
    version = stream.line(200)
    if not version:
        return None
    if before >= bounds.records:
        raise UnusableFile(f"more than {bounds.records} records", advice="import it in parts")
    if not _VERSION.fullmatch(version):
        raise UnusableFile("a record must begin here, with WARC/1.0 or WARC/1.1")
    lines: list[str] = []
    room = bounds.header_bytes
    while (raw := stream.line(room)).strip(b"\r\n"):
        room -= len(raw)
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if text[0] in " \t" and lines:  # a field goes on (§4)
            lines[-1] += f" {text.strip()}"
        else:
            lines.append(text)
    if not raw:
        raise UnusableFile(_CUT)
    return _named(lines)


def _named(lines: list[str]) -> RecordFields:
    fields: RecordFields = {}
    for text in lines:
        name, colon, value = text.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            raise UnusableFile("a line of its header is no named field")
        if fields.setdefault(name, value) != value and name in {"content-length", "warc-type", "warc-target-uri"}:
            raise UnusableFile(f"it has two fields {name} that differ")
    return fields


def _length(fields: RecordFields) -> int:
    """§5.2: the length of the block is mandatory."""
    declared = fields.get("content-length", "")
    if not (declared.isascii() and declared.isdecimal() and len(declared) < 19):
        raise UnusableFile("no usable Content-Length")
    return int(declared)


def _record(
    stream: _Stream, fields: RecordFields, place: str, wanted: Wanted, bounds: Bounds, passed: Passed
) -> Found | None:
    """One record, read to its end; a Found when it is a response, or a resource (§6.4), that is wanted."""
    length, kind = _length(fields), fields.get("warc-type", "").lower()
    url = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")  # wget before 1.20 wrote <URL>
    if kind not in {"response", "resource", "revisit"} or not url.lower().startswith(("http:", "https:")):
        stream.skip(length)
    elif not wanted(url):
        passed[f"{kind}s of other pages"] += 1
        stream.skip(length)
    elif kind == "revisit":  # §6.7.2: the body is in another record
        passed["revisits, whose body is in another record"] += 1
        stream.skip(length)
    else:
        return _held(stream, fields, length, Found(url, None, _date(fields), place), bounds)
    _end(stream)
    return None


def _held(stream: _Stream, fields: RecordFields, length: int, found: Found, bounds: Bounds) -> Found:
    is_resource = fields["warc-type"].lower() == "resource"
    if length > bounds.body_bytes + bounds.header_bytes * (not is_resource):
        stream.skip(length)
        _end(stream)
        return found.failed(Outcome.TOO_LARGE, f"a {fields['warc-type'].lower()} of {length} bytes")
    block = stream.take(length)
    _end(stream)
    why_not = _not_whole(fields, block)
    if why_not is not None:
        return found.failed(*why_not)
    if is_resource:  # the bytes alone; their type is that of the block
        headers = cleaned([("content-type", fields["content-type"])] if "content-type" in fields else [])
        return replace(found, body=block, headers=headers)
    try:
        status, headers, body = response(block, bounds)
    except NotWhole as error:
        return found.failed(error.outcome, str(error))
    return replace(found, body=body, status=status, headers=headers)


def _not_whole(fields: RecordFields, block: bytes) -> tuple[Outcome, str] | None:
    if "warc-truncated" in fields:  # §5.13
        return Outcome.TRUNCATED, f"cut when it was recorded (WARC-Truncated: {fields['warc-truncated'][:40]})"
    if fields.get("warc-segment-number", "1") != "1" or "warc-segment-total-length" in fields:  # §5.19
        return Outcome.TRUNCATED, "recorded in segments, which are not put together here"
    if not _digest_fits(fields.get("warc-block-digest", ""), block):  # §5.8
        return Outcome.PROTOCOL_ERROR, "its bytes are not those that were recorded (WARC-Block-Digest differs)"
    return None


def _digest_fits(labelled: str, block: bytes) -> bool:
    """A digest by an algorithm that we know must fit; it is written in base 32, base 16 or base 64."""
    algorithm, _, value = labelled.partition(":")
    name = algorithm.strip().lower().replace("-", "")
    if name not in {"md5", "sha1", "sha256", "sha512"}:
        return True
    digest = hashlib.new(name, block, usedforsecurity=False).digest()
    written = {base64.b32encode(digest).decode().rstrip("="), digest.hex().upper()}
    return value.strip().upper().rstrip("=") in written or value.strip() == base64.b64encode(digest).decode()


def _date(fields: RecordFields) -> datetime | None:
    """WARC-Date (§5.4), to the microsecond; None when it is no date."""
    match = _DATE.fullmatch(fields.get("warc-date", ""))
    if match is None:
        return None
    try:
        fraction = (match[3] or ".0")[:7].ljust(7, "0")
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{fraction}").replace(tzinfo=UTC)
    except ValueError:
        return None


def _end(stream: _Stream) -> None:
    """§4: two line ends follow the block. Where they are not, its length is wrong."""
    for _ in range(2):
        if stream.line(2, exact=False) not in {b"\r\n", b"\n"}:
            raise UnusableFile("its Content-Length is wrong, or the file is cut or damaged here")


class _Stream:
    """The bytes of a WARC in order, gzip undone, counted and bounded."""

    def __init__(self, raw: Readable, bounds: Bounds) -> None:
        self._chunks = _unpacked(raw, bounds)
        self._held = b""
        self._at = 0  # in what is held
        self.offset = 0  # in the unpacked file

    def _more(self) -> bool:
        """Hold some bytes, if there are any."""
        while self._at >= len(self._held):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._held, self._at = chunk, 0
        return True

    def _give(self, end: int) -> bytes:
        piece = self._held[self._at : end]
        self._at += len(piece)
        self.offset += len(piece)
        return piece

    def line(self, limit: int, *, exact: bool = True) -> bytes:
        """Up to and with the next line end; a longer line raises UnusableFile, or is cut where `exact` is false."""
        line = b""
        while not line.endswith(b"\n") and self._more():
            end = self._held.find(b"\n", self._at)
            line += self._give(min(len(self._held) if end < 0 else end + 1, self._at + limit + 1 - len(line)))
            if len(line) > limit:
                if exact:
                    raise UnusableFile("a header longer than any is")
                break
        return line

    def take(self, length: int) -> bytes:
        """Exactly so many bytes."""
        pieces = []
        while length:
            if not self._more():
                raise UnusableFile(_CUT)
            pieces.append(self._give(self._at + length))
            length -= len(pieces[-1])
        return b"".join(pieces)

    def skip(self, length: int) -> None:
        """Pass over exactly so many bytes."""
        while length:
            if not self._more():
                raise UnusableFile(_CUT)
            length -= len(self._give(self._at + length))


def _unpacked(raw: Readable, bounds: Bounds) -> Iterator[bytes]:
    """The bytes of the file, unpacked where they are gzip, never more than the bounds allow."""
    first = raw.read(_STEP)
    chunks = _inflated(first, raw, bounds) if first.startswith(b"\x1f\x8b") else _plain(first, raw)
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > bounds.unpacked_bytes:
            raise UnusableFile(f"more than {bounds.unpacked_bytes} bytes unpacked", advice="import it in parts")
        yield chunk


def _plain(first: bytes, raw: Readable) -> Iterator[bytes]:
    return chain([first], iter(lambda: raw.read(_STEP), b""))


def _inflated(first: bytes, raw: Readable, bounds: Bounds) -> Iterator[bytes]:
    """Every member of a gzip file (Annex D of the WARC standard makes each record one)."""
    packed, total = Gunzip(_plain(first, raw), bounds.records), 0
    try:
        for chunk in packed:
            total += len(chunk)
            if total > bounds.ratio_from and total > bounds.ratio * packed.taken:
                raise UnusableFile(
                    "it unpacks to far more than any archive of pages does: a bomb", place=_place(packed)
                )
            yield chunk
    except NotUnpacked as error:
        raise UnusableFile(_CUT if error.is_cut else f"damaged: it {error}", place=_place(packed)) from error


def _place(packed: Gunzip) -> str:
    return f"gzip member at byte {packed.member_at} of the packed file"
