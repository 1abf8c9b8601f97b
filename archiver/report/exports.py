"""What an export came to, in words and as JSON. Pure."""

from __future__ import annotations

from typing import Any

from archiver.commands.exporting import BookExported, Exported
from archiver.report.runs import Summary, iso
from archiver.text import safe

_SHOWN = 5  # parts that are missing and told one by one


def summary(found: Exported) -> Summary:
    """What was written where, and what is not in it."""
    lines = [f"{safe(one.path)}  {_size(one.bytes)}" for one in found.written]
    parts, missing = sum(book.parts for book in found.books), sum(len(book.missing) for book in found.books)
    lines.append(f"{_counted(parts, 'part')} of {_counted(len(found.books), 'series', '')}, {parts - missing} held")
    if found.as_of is not None:
        lines.append(f"As the archive stood at {iso(found.as_of)}; it had last asked at {iso(found.seen_until)}.")
    for book in found.books:
        lines += _missing(book)
    return Summary(found.exit_code, tuple(lines), _document(found, lines))


def _missing(book: BookExported) -> list[str]:
    told = [
        f"Missing: {safe(part.title or part.id, 60)} ({part.url}),"
        f" {part.last_outcome or 'not asked yet'}; its page says so."
        for part in book.missing[:_SHOWN]
    ]
    more = len(book.missing) - _SHOWN
    return [*told, f"{more} more of {book.key} are missing; see `archiver status`."] if more > 0 else told


def _document(found: Exported, lines: list[str]) -> dict[str, Any]:
    return {
        "format": found.format, "exit_code": found.exit_code,
        "written": [{"path": str(one.path), "files": one.files, "bytes": one.bytes} for one in found.written],
        "series": [
            {"id": book.series_id, "key": book.key, "title": book.title, "parts": book.parts,
             "missing": [{"id": part.id, "url": part.url, "last_outcome": part.last_outcome} for part in book.missing]}
            for book in found.books
        ],
        "seen_until": iso(found.seen_until), "as_of": found.as_of and iso(found.as_of),
        "is_demonstration": found.is_demonstration, "messages": lines,
    }  # fmt: skip


def _counted(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{plural * (number != 1)}"


def _size(size: int) -> str:
    for unit, one in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size} bytes"
