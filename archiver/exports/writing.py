"""Puts an export down whole or not at all: beside its place, brought to the disk, and then moved there in one step.

Nothing is replaced that was not made here, or was changed since, and a folder of somebody else never is.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, assert_never

from archiver.errors import ExportUnwritable, UsageError
from archiver.exports.formats import Container, ExportFile
from archiver.machine import disk
from archiver.machine.interruption import held_back
from archiver.machine.version import __version__
from archiver.text import safe

MARK = b"made by archiver"
"""Stands in whatever is written here, so that it can be told from what others made."""

LIST = ".archiver-export.json"
"""The file of a folder that says what was written into it."""

_HEAD = 65_536
_PIECE = 1_048_576  # bytes
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the first that zip has: the same archive gives the same bytes
_ANYBODY_MAY_READ = (stat.S_IFREG | 0o644) << 16
# An extra field (0xD935) that asks for nothing: ReplayWeb.page looks for the bytes of a member at the wrong place where
# its local header has an extra field, as one that may be large has, and its entry in the directory has none.
_ALIGNED_TO_1 = b"\x35\xd9\x02\x00\x01\x00"


@dataclass(frozen=True, slots=True)
class Written:
    """What was put down, and where."""

    path: Path
    files: int
    bytes: int


def put(
    target: Path, container: Container, files: Iterable[ExportFile], *, force: bool, name: str | None = None
) -> Written:
    """Put an export at `target`. Raises UsageError for a place that is not ours, ExportUnwritable where it cannot be.

    `force`: also where a file stands that was not made here, or a folder that was and whose files were changed, or an
    export in another format than that of this `name`.
    """
    refuse_foreign(target, container, force=force, name=name)
    with _explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        with _beside(target) as place:
            match container:
                case Container.FILE:
                    made = _file(place / target.name, files)
                case Container.ZIP:
                    made = _zip(place / target.name, files)
                case Container.FOLDER:
                    made = _folder(place / target.name, files)
                case _:
                    assert_never(container)
            _move(place / target.name, target)
        return Written(target, *made)


def refuse_foreign(target: Path, container: Container, *, force: bool, name: str | None = None) -> None:
    """Raise UsageError where something stands that must not be replaced, ExportUnwritable where that cannot be seen."""
    with _explained(target):
        _refuse_foreign(target, container, force=force, name=name)


def _refuse_foreign(target: Path, container: Container, *, force: bool, name: str | None) -> None:
    if target.is_symlink():
        raise UsageError(f"{safe(target)}: a symbolic link; name the place itself")
    if not target.exists():
        return
    if not target.is_dir() and not target.is_file():
        raise UsageError(f"{safe(target)}: {disk.NO_FILE}; name another place with --out")
    made_as = _made_as(target)
    what = f"an export as {made_as}" if made_as else "a folder" if target.is_dir() else "a file"
    if target.is_dir() != (container is Container.FOLDER):
        kind = "a file" if target.is_dir() else "a folder"
        raise UsageError(f"{safe(target)}: {what}, and this format is {kind}; name another place with --out")
    if not force and None not in (name, made_as) and name != made_as:
        raise UsageError(f"{safe(target)}: {what}; name another place with --out, or --force to replace it")
    if target.is_dir():
        _refuse_folder(target, force=force)
    elif not force and not _is_ours(target, container):
        raise UsageError(
            f"{safe(target)}: not as archiver made it; name another place with --out, or --force to replace it"
        )


# ─── what is ours ───────────────────────────────────────────────────────────────────────────────


_FOLDERS = {"static/site.css": "site", "redirects.csv": "markdown", "datapackage.json": "parquet"}  # by what is in one
_HEADS = {b"{": "json", b"WARC/": "warc", b"ZIM\x04": "zim"}  # by how a file begins


def _made_as(target: Path) -> str | None:
    """The format in which we made what stands there, whether or not it was changed since; None where we did not."""
    if target.is_dir():
        names = _listed(target) or {}
        return next((made_as for name, made_as in _FOLDERS.items() if name in names), None)
    with contextlib.suppress(zipfile.BadZipFile, ValueError, NotImplementedError), zipfile.ZipFile(target) as packed:
        if not packed.comment.startswith(MARK):
            return None
        return "epub" if "mimetype" in packed.namelist() else "wacz"
    head = _head(target)
    found = (made_as for start, made_as in _HEADS.items() if head.startswith(start))
    return next(found, None) if MARK in head else None


def _head(target: Path) -> bytes:
    """Its first bytes, unpacked."""
    with os.fdopen(disk.open_regular(target, follow=False), "rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    return head


def _refuse_folder(target: Path, *, force: bool) -> None:
    if not any(target.iterdir()):
        return
    listed = _listed(target)
    if listed is None:
        raise UsageError(f"{safe(target)}: a folder that archiver did not make; name another place with --out")
    changed = next(_changed(target, listed), None)
    if changed is not None and not force:
        raise UsageError(
            f"{safe(target / changed)}: changed, added or removed since it was exported; name another place with --out,"
            " or --force to replace the whole folder"
        )


def _listed(folder: Path) -> dict[str, str] | None:
    """Each file that was written into a folder and the SHA-256 of its bytes; None for a folder that is not ours."""
    try:
        with os.fdopen(disk.open_regular(folder / LIST, follow=False), "rb") as file:
            found = json.load(file)
        files = found["files"]
        return {str(name): str(digest) for name, digest in files.items()} if "made_by" in found else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _changed(folder: Path, listed: dict[str, str]) -> Iterator[str]:
    """Every file that is not as it was written."""
    there = {
        str(PurePosixPath((Path(root) / name).relative_to(folder)))
        for root, _, names in os.walk(folder)
        for name in names
    } - {LIST}
    yield from sorted(there ^ listed.keys())
    for name in sorted(there & listed.keys()):
        with os.fdopen(disk.open_regular(folder / name, follow=False), "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != listed[name]:
                yield name


def _is_ours(target: Path, container: Container) -> bool:
    if container is Container.ZIP:
        try:
            with zipfile.ZipFile(target) as packed:
                comment = _comment(packed)
                return packed.comment == comment and _end(target, len(comment)) == comment
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
    head = _head(target)
    return MARK in head and (not head.startswith(b"{") or _has_seal(target))


def sealed(document: Iterable[bytes]) -> Iterator[bytes]:
    """A JSON document with the SHA-256 of all before at its end, so that a change is seen. Given: all but that end."""
    digest = hashlib.sha256()
    for piece in document:
        digest.update(piece)
        yield piece
    yield _seal(digest.hexdigest())


def _seal(digest: str) -> bytes:
    return f',\n"sha256": "{digest}"\n}}\n'.encode()


def _has_seal(target: Path) -> bool:
    digest, left = hashlib.sha256(), target.stat().st_size - len(_seal("0" * 64))
    with os.fdopen(disk.open_regular(target, follow=False), "rb") as file:
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            digest.update(piece)
            left -= len(piece)
        return file.read() == _seal(digest.hexdigest())


def _end(target: Path, size: int) -> bytes:
    """The last bytes of a file, at most so many."""
    with os.fdopen(disk.open_regular(target, follow=False), "rb") as file:
        file.seek(max(0, target.stat().st_size - size))
        return file.read()


def _comment(packed: zipfile.ZipFile) -> bytes:
    """The mark, and the digest of which files stand in it."""
    members = [(one.filename, one.CRC, one.file_size) for one in packed.infolist()]
    return MARK + b" " + hashlib.sha256(json.dumps(members).encode()).hexdigest().encode()


# ─── writing ────────────────────────────────────────────────────────────────────────────────────


def _file(place: Path, files: Iterable[ExportFile]) -> tuple[int, int]:
    (only,) = files
    if only.write is not None:
        only.write(place)
    with place.open("xb" if only.write is None else "r+b") as file:
        for piece in only.pieces:
            file.write(piece)
        _to_disk(file)
    return 1, place.stat().st_size


def _zip(place: Path, files: Iterable[ExportFile]) -> tuple[int, int]:
    with place.open("xb") as file:
        count = _pack(file, files)
        _to_disk(file)
    return count, place.stat().st_size


def packed(files: Iterable[ExportFile]) -> Iterator[bytes]:
    """The bytes of a zip of these files, as an export of it would be."""
    with tempfile.TemporaryFile() as file:
        _pack(file, files)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _pack(file: IO[bytes], files: Iterable[ExportFile]) -> int:
    count = 0
    with zipfile.ZipFile(file, "w") as zipped:
        for one in files:
            member = zipfile.ZipInfo(_checked(one.name), _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED if one.is_packed else zipfile.ZIP_STORED
            member.create_system, member.external_attr = 3, _ANYBODY_MAY_READ  # as Unix, whatever this is
            member.extra = _ALIGNED_TO_1 if one.is_large else b""
            with zipped.open(member, "w", force_zip64=one.is_large) as inside:
                for piece in one.pieces:
                    inside.write(piece)
            count += 1
        zipped.comment = _comment(zipped)
    return count


def _folder(place: Path, files: Iterable[ExportFile]) -> tuple[int, int]:
    place.mkdir(mode=0o755)
    written: dict[str, str] = {}
    total = 0
    for one in files:
        path = place / _checked(one.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with path.open("xb") as file:
            for piece in one.pieces:
                digest.update(piece)
                total += file.write(piece)
            _to_disk(file)
        written[one.name] = digest.hexdigest()
    listed = {"made_by": f"archiver {__version__}", "files": dict(sorted(written.items()))}
    with (place / LIST).open("x", encoding="utf-8") as file_list:
        json.dump(listed, file_list, indent=1)
        _to_disk(file_list)
    for root, _, _ in os.walk(place, topdown=False):
        _folder_to_disk(Path(root))
    return len(written), total


def _checked(name: str) -> str:
    """The name of a file, which no world outside gave: formats make names of numbers."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or not name.isprintable() or name == LIST:
        raise ValueError(f"no name for a file of an export: {name!r}")
    return name


def _to_disk(file: IO[bytes] | IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ─── where ──────────────────────────────────────────────────────────────────────────────────────


def _prefix(target: Path) -> str:
    return f".{target.name}.export-"


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the same disk, gone afterwards with all that is left in it, also where a signal comes meanwhile."""
    with contextlib.ExitStack() as afterwards:
        with held_back():
            place = Path(tempfile.mkdtemp(prefix=f"{_prefix(target)}{os.getpid()}-", dir=target.parent))
            afterwards.callback(_clear, place, target)
        yield place


def _clear(place: Path, target: Path) -> None:
    with held_back():
        _put_back(place, target)
        shutil.rmtree(place, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what exports to this place that were killed left beside it."""
    for left in target.parent.glob(f"{glob.escape(_prefix(target))}*"):
        number = left.name.removeprefix(_prefix(target)).partition("-")[0]
        if number.isdecimal() and not _lives(int(number)):
            _clear(left, target)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _move(made: Path, target: Path) -> None:
    """Put what was made in the place of what stood there."""
    if not target.is_dir():
        made.replace(target)
    elif not disk.exchange(made, target):  # the system cannot exchange two folders in one step
        target.rename(_before(made.parent, target))
        made.replace(target)
    _folder_to_disk(target.parent)


def _put_back(place: Path, target: Path) -> None:
    """Between the two steps of a move nothing stands at the target: what stood there before goes back."""
    before = _before(place, target)
    if before.is_dir() and not target.exists():
        before.rename(target)


def _before(place: Path, target: Path) -> Path:
    return place / f"{target.name}.before"


@contextlib.contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportUnwritable(
            f"{safe(target)}: cannot be written ({error.strerror or error}); what stood there before still does"
        ) from error
