"""WACZ files (Web Archive Collection Zipped 1.1.1): the WARC files of their `archive/` folder, read where they lie.

Nothing is unpacked to disk, and no name from inside is ever used as a path: a member is asked for by its entry, and a
zip with a name that means mischief is refused whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from archiver.errors import UnusableFile
from archiver.rescue import warc
from archiver.rescue.found import Bounds, Found, Passed, Wanted
from archiver.text import safe

_STEP = 65_536
_WARC = re.compile(r"archive/[^/]+\.warc(?:\.gz)?")  # §4: WARC files are stored in this folder
_PACKAGE, _PACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
_MOST_JSON = 16_777_216
_MOST_DIRECTORY = 16_777_216  # bytes of the zip's own list, which zipfile reads whole
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # of the others zipfile bounds no output
_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError, EOFError, IndexError,
    struct.error, zlib.error,
)  # fmt: skip

Hashes = dict[str, str]  # name of a member → "algorithm:hex"


def read(raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response whose URL is wanted, from every WARC inside. Raises UnusableFile for what is no WACZ."""
    with _zip(raw, bounds) as archive:
        members = _checked(archive, bounds)
        warcs = sorted(name for name in members if _WARC.fullmatch(name))
        if not warcs:
            raise UnusableFile("a zip file without archive/….warc or .warc.gz: no WACZ")
        hashes = _hashes(archive, members)
        for name in hashes:
            if name not in warcs:
                _check_hash(archive, members[name], hashes)
        for name in warcs:
            yield from _read_warc(archive, members[name], hashes, wanted, bounds, passed)


def _read_warc(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, hashes: Hashes, wanted: Wanted, bounds: Bounds, passed: Passed
) -> Iterator[Found]:
    place = safe(member.filename, 100)
    with archive.open(member) as opened:
        counted = _Hashed(opened, hashes.get(member.filename, ""))
        try:
            for found in warc.read(counted, wanted, bounds, passed):
                yield Found(
                    found.url, found.body, found.at, f"{place}, {found.place}", found.status, found.headers,
                    found.failure, found.error,
                )  # fmt: skip
        except UnusableFile as error:
            raise error.of("", place) from None
        counted.check(place)


@contextmanager
def _zip(raw: BinaryIO, bounds: Bounds) -> Iterator[zipfile.ZipFile]:
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
        raise UnusableFile(f"a zip file with {members} members: more than any WACZ has")


def _checked(archive: zipfile.ZipFile, bounds: Bounds) -> dict[str, zipfile.ZipInfo]:
    """The members by name, when every one of them is what a WACZ may hold."""
    members: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for member in archive.infolist():
        wrong = _wrong_with(member, bounds)
        if wrong is None and member.filename in members:
            wrong = "is there twice"
        total += member.file_size
        if wrong is None and total > bounds.unpacked_bytes:
            wrong = f"makes it more than {bounds.unpacked_bytes} bytes unpacked"
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
        return "is compressed in a way that no WACZ is"
    if member.file_size > bounds.ratio_from and member.file_size > bounds.ratio * max(member.compress_size, 1):
        return "unpacks to far more than any archive of pages does: a bomb"
    return None


# ─── what datapackage.json says ─────────────────────────────────────────────────────────────────


def _hashes(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Hashes:
    """The hashes of §5.2 (resources of the data package), after the package's own digest was checked."""
    if _PACKAGE not in members:
        return {}
    package = _json(archive, members[_PACKAGE])
    resources = package.get("resources")
    if not isinstance(resources, list):
        raise UnusableFile("has no list of resources", place=_PACKAGE)
    hashes: Hashes = {}
    for resource in resources:
        if not isinstance(resource, dict) or not isinstance(resource.get("path"), str):
            raise UnusableFile("names a resource without a path", place=_PACKAGE)
        if resource["path"] not in members:
            raise UnusableFile(f"names “{safe(resource['path'], 100)}”, which is not there", place=_PACKAGE)
        hashes[resource["path"]] = str(resource.get("hash", ""))
    if _PACKAGE_DIGEST in members:
        hashes[_PACKAGE] = str(_json(archive, members[_PACKAGE_DIGEST]).get("hash", ""))
    return hashes


def _json(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, Any]:
    if member.file_size > _MOST_JSON:
        raise UnusableFile("too large to be what it says", place=member.filename)
    try:
        document = json.loads(archive.read(member))
    except (ValueError, RecursionError) as error:
        raise UnusableFile("no JSON", place=member.filename) from error
    if not isinstance(document, dict):
        raise UnusableFile("not what a WACZ has there", place=member.filename)
    return document


def _check_hash(archive: zipfile.ZipFile, member: zipfile.ZipInfo, hashes: Hashes) -> None:
    with archive.open(member) as opened:
        counted = _Hashed(opened, hashes[member.filename])
        while counted.read(_STEP):
            pass
        counted.check(safe(member.filename, 100))


class _Hashed:
    """A member as it is read, and whether it was the one that the package describes."""

    def __init__(self, opened: Any, labelled: str) -> None:
        algorithm, _, self._expected = labelled.partition(":")
        known = {"sha256": hashlib.sha256, "md5": lambda: hashlib.md5(usedforsecurity=False)}  # what §5.2 allows
        make = known.get(algorithm.lower())
        self._digest: Any = make() if make else None
        self._opened = opened

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        piece: bytes = self._opened.read(size)
        if self._digest is not None:
            self._digest.update(piece)
        return piece

    def check(self, place: str) -> None:
        """Raises UnusableFile when what was read is not what datapackage.json describes."""
        if self._digest is not None and self._digest.hexdigest() != self._expected.strip().lower():
            raise UnusableFile(f"its bytes are not those that {_PACKAGE} describes (hash differs)", place=place)
