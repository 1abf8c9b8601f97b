"""What an import came to, in words and as JSON, file by file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from archiver import ithome, report
from archiver.archive import queries
from archiver.commands.imported import Imported, Result
from archiver.errors import UnusableFile
from archiver.model import Address, Kind
from archiver.text import safe

_MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import came to, for the user: the lines, the exit code, and the same as JSON."""

    run_id: int | None
    files: tuple[Imported, ...]
    exit_code: int
    lines: tuple[str, ...]
    errors: tuple[str, ...]  # a line for each file that cannot be used
    status: dict[str, Any]

    def as_text(self) -> str:
        """A few lines for people."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """One document: what became of every response, file by file."""
        return {
            "run_id": self.run_id,
            "exit_code": self.exit_code,
            "files": [_file_json(imported) for imported in self.files],
            "messages": [*self.errors, *self.lines],
            **self.status,
        }


def summary(run_id: int | None, looked: list[Imported], unasked: list[str], found: queries.Status | None) -> Summary:
    """What became of each file, what no source asks for, and how the series stand now (`found`)."""
    lines = [line for imported in looked if imported.error is None for line in _file_lines(imported)]
    if unasked:
        lines.append(_unasked_line(unasked))
    if found is not None:
        lines += [*report.held_lines(found), *report.series_notes(found)]
    errors = tuple(str(imported.error) for imported in looked if imported.error is not None)
    status = report.status_json(found) if found is not None else {"series": [], "last_run": None}
    return Summary(run_id, tuple(looked), exit_code(looked), tuple(lines), errors, status)


def exit_code(looked: Iterable[Imported]) -> int:
    """2 for a file that cannot be used, 3 for a page that was not kept or a file with none of ours, 0 for all well."""
    if any(imported.error is not None for imported in looked):
        return UnusableFile.exit_code
    return 0 if all(map(_is_whole, looked)) else 3


def _is_whole(imported: Imported) -> bool:
    """Whether every page of a file was kept. An image that was not is told, and makes nothing fail, as in a fetch."""
    results = imported.pages().values()
    shown = [one for one in results if one.kind is not Kind.IMAGE]
    return all(one.kept for one in shown) if shown else any(one.kept for one in results)


def _file_lines(imported: Imported) -> list[str]:
    """`page.html: 1 of 1 pages kept: 10322780 Day 07 …`, and why the others were not."""
    results = list(imported.pages().values())
    shown = [result for result in results if result.kind is not Kind.IMAGE]
    kept, refused = [one for one in shown if one.kept], [one for one in results if not one.kept]
    images = [one for one in results if one.kind is Kind.IMAGE and one.kept]
    if not imported.taken:
        lines = [f"{imported.name}: interrupted before anything of it was taken"]
    elif not results:
        lines = [f"{imported.name}: no page in it that is kept here"]
    else:
        counted = f"{imported.name}: {len(kept)} of {len(shown)} pages kept"
        counted += f" and {len(images)} images" if images else ""
        lines = [f"{counted}: {_title(kept[0])}" if len(kept) == 1 else counted]
    lines += [f"  not kept: {_title(one)}: {one.outcome}: {safe(one.reason, 200)}" for one in refused[:_MOST_LINES]]
    if len(refused) > _MOST_LINES:
        lines.append(f"  … and {len(refused) - _MOST_LINES} more; `archiver why ID` explains each")
    if imported.passed:
        lines.append("  passed over: " + ", ".join(f"{count} {what}" for what, count in imported.passed.most_common()))
    return lines


def _title(result: Result) -> str:
    """`10322780 Day 07 …` for an article, else the URL."""
    address = ithome.classify(result.url)
    name = result.url
    if isinstance(address, Address) and address.article_id is not None:
        name = str(address.article_id)
    return f"{safe(name, 200)} {result.title}".rstrip()


def _unasked_line(unasked: list[str]) -> str:
    named = ", ".join(safe(url, 100) for url in unasked[:3]) + (", …" if len(unasked) > 3 else "")
    return (
        f"{len(unasked)} kept that no source asks for: {named}. To follow its series, name it: "
        f"`archiver fetch {safe(unasked[0], 100)}`, or put its index or series into the config."
    )


def _file_json(imported: Imported) -> dict[str, Any]:
    pages_found = [one for one in imported.pages().values() if one.kind is not Kind.IMAGE]
    return {
        "name": imported.name,
        "format": imported.file.format.value if imported.file else None,
        "sha256": imported.file.sha256 if imported.file else None,
        "error": str(imported.error) if imported.error is not None else None,
        "pages": len(pages_found),
        "kept": sum(one.kept for one in pages_found),
        "passed_over": dict(imported.passed),
        "results": [
            {
                "url": one.url, "kind": one.kind.value, "outcome": one.outcome.value, "reason": one.reason,
                "made_at": one.made_at.isoformat().replace("+00:00", "Z"), "place": one.place, "title": one.title,
            }
            for one in imported.results
        ],
    }  # fmt: skip
