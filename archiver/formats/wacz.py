"""WACZ files (Web Archive Collection Zipped 1.1.1): the WARC files of their `archive/` folder, read where they lie.

Nothing is unpacked to disk, and no name from inside is ever used as a path: a member is asked for by its entry, and a
zip with a name that means mischief is refused whole.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from archiver.errors import UnusableFile
from archiver.formats import warc, zipped
from archiver.formats.found import Bounds, Found, Passed, Wanted
from archiver.formats.long_json import PLAIN, JsonText, NoSuchList, NotJson, TooManyValues
from archiver.text import safe

_STEP = 65_536
_WARC = re.compile(r"archive/[^/]+\.warc(?:\.gz)?")  # §4: WARC files are stored in this folder
_PACKAGE, _PACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
_MOST_JSON = 16_777_216
_LONGEST_HASH = 200  # characters; SHA-256 with its name has 71

Hashes = dict[str, str]  # name of a member → "algorithm:hex"


def read(raw: BinaryIO, wanted: Wanted, bounds: Bounds, passed: Passed) -> Iterator[Found]:
    """Every response whose URL is wanted, from every WARC inside. Raises UnusableFile for what is no WACZ."""
    with zipped.opened(raw, bounds) as archive:
        members = zipped.checked(archive, bounds)
        warcs = warcs_of(members)
        if not warcs:
            raise UnusableFile("a zip file without archive/….warc or .warc.gz: no WACZ")
        hashes = _hashes(archive, members)
        for name in hashes:
            if name not in warcs:
                _check_hash(archive, members[name], hashes)
        for name in warcs:
            yield from _read_warc(archive, members[name], hashes, wanted, bounds, passed)


def warcs_of(members: Iterable[str]) -> list[str]:
    """The names of the WARC files among the members of a zip file."""
    return sorted(name for name in members if _WARC.fullmatch(name))


def _read_warc(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, hashes: Hashes, wanted: Wanted, bounds: Bounds, passed: Passed
) -> Iterator[Found]:
    place = safe(member.filename, 100)
    with archive.open(member) as opened:
        counted = _Hashed(opened, hashes.get(member.filename, ""))
        try:
            for found in warc.read(counted, wanted, bounds, passed):
                yield replace(found, place=f"{place}, {found.place}")
        except UnusableFile as error:
            raise error.of("", place) from None
        counted.check(place)


def _hashes(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Hashes:
    """The hashes of §5.2 (resources of the data package), after the package's own digest was checked."""
    if _PACKAGE not in members:
        return {}
    hashes = dict(_resources(archive, members))
    if _PACKAGE_DIGEST in members:
        with _json(archive, members[_PACKAGE_DIGEST]) as text:
            said = text.value({"hash": PLAIN})
            text.end()
        if not isinstance(said, dict):
            raise UnusableFile("not what a WACZ has there", place=_PACKAGE_DIGEST)
        hashes[_PACKAGE] = _hash_of(said)
    return hashes


def _resources(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    """Path and hash of each resource that the package lists."""
    try:
        with _json(archive, members[_PACKAGE]) as text:
            for resource in text.listed("resources", shape={"path": PLAIN, "hash": PLAIN}):
                yield _resource(resource, members)
    except NoSuchList as error:
        raise UnusableFile(f"{error} of resources", place=_PACKAGE) from error


def _resource(resource: Any, members: dict[str, zipfile.ZipInfo]) -> tuple[str, str]:
    path = resource.get("path") if isinstance(resource, dict) else None
    if not isinstance(path, str):
        raise UnusableFile("names a resource without a path", place=_PACKAGE)
    if path not in members:
        raise UnusableFile(f"names “{safe(path, 100)}”, which is not there", place=_PACKAGE)
    return path, _hash_of(resource)


def _hash_of(said: dict[str, Any]) -> str:
    return str(said.get("hash", ""))[:_LONGEST_HASH]


@contextmanager
def _json(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[JsonText]:
    """A member that is a JSON document, read in pieces."""
    if member.file_size > _MOST_JSON:
        raise UnusableFile("too large to be what it says", place=member.filename)
    try:
        with archive.open(member) as opened:
            yield JsonText(opened)  # type: ignore[arg-type]
    except (NotJson, TooManyValues) as error:
        raise UnusableFile("no JSON", place=member.filename) from error


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
