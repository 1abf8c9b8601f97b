"""The identifiers of a ZIM made of what it holds, not of chance: the same archive gives the same bytes.

libzim draws a UUID for the file, and Xapian one for each of its indexes. Where they stand:
https://wiki.openzim.org/wiki/ZIM_file_format (header, directory entry, cluster), and Xapian's glass_version.cc.
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_HEADER = struct.Struct("<IHH16sIIQQQQIIQ")
_UUID_AT = 8
_UUID = 16  # bytes
_INDEX = b"\x0f\x0dXapian Glass"
_INDEX_UUID_AT = 16
_PIECE = 1_048_576  # bytes


def settle(place: Path) -> None:
    """Give a file identifiers that follow from all else in it, and the checksum that belongs to them."""
    with place.open("r+b") as file:
        *_, entries, _clusters, paths_at, _titles_at, clusters_at, _types_at, _main, _layout, checksum_at = (
            _HEADER.unpack(file.read(_HEADER.size))
        )
        places = [_UUID_AT, *_indexes(file, entries, paths_at, clusters_at)]
        for at in places:
            _put(file, at, bytes(_UUID))
        found = uuid.UUID(bytes=_digest(file, "sha256", checksum_at)[:_UUID], version=5).bytes
        for at in places:
            _put(file, at, found)
        _put(file, checksum_at, _digest(file, "md5", checksum_at))


def _indexes(file: IO[bytes], entries: int, paths_at: int, clusters_at: int) -> Iterator[int]:
    """Where the UUID of each index stands. Entries are in order; those of namespace X, the indexes, are the last."""
    for number in range(entries - 1, -1, -1):
        (entry_at,) = struct.unpack("<Q", _read(file, paths_at + 8 * number, 8))
        kind, _, namespace, _, cluster, blob = struct.unpack("<HBcIII", _read(file, entry_at, 16))
        if namespace != b"X":
            return
        if kind < 0xFFFD:  # else a redirect
            (cluster_at,) = struct.unpack("<Q", _read(file, clusters_at + 8 * cluster, 8))
            info = _read(file, cluster_at, 1)[0]
            width = 8 if info & 0x10 else 4
            if info & 0x0F == 1:  # not compressed, as an index never is
                start = int.from_bytes(_read(file, cluster_at + 1 + width * blob, width), "little")
                index_at = cluster_at + 1 + start
                if _read(file, index_at, len(_INDEX)) == _INDEX:
                    yield index_at + _INDEX_UUID_AT


def _read(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _put(file: IO[bytes], at: int, data: bytes) -> None:
    file.seek(at)
    file.write(data)


def _digest(file: IO[bytes], name: str, end: int) -> bytes:
    """Of all bytes before `end`."""
    digest = hashlib.new(name, usedforsecurity=False)
    file.seek(0)
    while end:
        piece = file.read(min(end, _PIECE))
        end -= len(piece) or end
        digest.update(piece)
    return digest.digest()
