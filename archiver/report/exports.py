"""What an export came to, in words and as JSON. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from archiver.archive.times import site_stamp
from archiver.commands.exporting import BookExported, Exported, Unaccounted
from archiver.report.runs import Summary, iso
from archiver.report.status import counted, image_note
from archiver.text import safe

_SHOWN = 5  # parts that are missing and told one by one


def summary(found: Exported) -> Summary:
    """What was written where, and what is not in it."""
    lines = [f"{safe(one.path)}  {_size(one.bytes)}" for one in found.written]
    parts, missing = sum(book.parts for book in found.books), sum(len(book.missing) for book in found.books)
    lines.append(f"{counted(parts, 'part')} of {counted(len(found.books), 'series', '')}, {parts - missing} held")
    if found.as_of is not None:
        lines.append(
            f"As the archive stood at {site_stamp(found.as_of)}; it had last asked at {site_stamp(found.seen_until)}."
        )
    for book in found.books:
        lines += _missing(book)
    lines += [f"{image_note(book.images)}." for book in found.books if book.images and book.images.missing]
    lines += map(_unaccounted, found.unaccounted)
    lines += _unreadable(found)
    if found.lost:
        lines.append(
            f"Lost: the bytes of {counted(found.lost, 'capture')} (images or answers) are not there, or are no longer"
            " those that came; they are not in it; see `archiver verify`."
        )
    return Summary(found.exit_code, tuple(lines), _document(found, lines))


def _missing(book: BookExported) -> list[str]:
    told = [
        f"Missing: {safe(part.title or part.id, 60)} ({part.url}),"
        f" {part.last_outcome or 'not asked yet'}; its page says so."
        for part in book.missing[:_SHOWN]
    ]
    more = len(book.missing) - _SHOWN
    return [*told, f"{more} more of {book.key} are missing; see `archiver status`."] if more > 0 else told


def _unaccounted(one: Unaccounted) -> str:
    known = "no part of it is known" if one.parts == 0 else f"{counted(one.parts, 'part')} known"
    declared = f" of the {one.declared_parts} that the site declares" if one.declared_parts else ""
    return f"Not whole: {safe(one.url)}: {known}{declared}, there may be more; see `archiver status`."


def _unreadable(found: Exported) -> list[str]:
    told = [
        f"Unreadable: {safe(part.title or part.id, 60)} ({part.url}): a stored page of it yields no body any more; the"
        " text that was had from it stands there; see `archiver verify`."
        for part in found.unreadable[:_SHOWN]
    ]
    more = len(found.unreadable) - _SHOWN
    return [*told, f"{more} more parts are unreadable."] if more > 0 else told


def _document(found: Exported, lines: list[str]) -> dict[str, Any]:
    return {
        "format": found.format, "exit_code": found.exit_code,
        "written": [{"path": str(one.path), "files": one.files, "bytes": one.bytes} for one in found.written],
        "series": [
            {"id": book.series_id, "key": book.key, "title": book.title, "parts": book.parts,
             "images": book.images.images if book.images else 0, "images_held": book.images.held if book.images else 0,
             "missing": [{"id": part.id, "url": part.url, "last_outcome": part.last_outcome} for part in book.missing]}
            for book in found.books
        ],
        "unaccounted": [dataclasses.asdict(one) for one in found.unaccounted],
        "unreadable": [{"id": part.id, "url": part.url} for part in found.unreadable], "lost": found.lost,
        "seen_until": iso(found.seen_until), "as_of": iso(found.as_of),
        "is_demonstration": found.is_demonstration, "messages": lines,
    }  # fmt: skip


def _size(size: int) -> str:
    for unit, one in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size} bytes"
