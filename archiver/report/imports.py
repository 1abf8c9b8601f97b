"""What an import came to, in words and as JSON, file by file."""

from __future__ import annotations

import shlex
from operator import itemgetter
from pathlib import Path
from typing import Any

from archiver.commands.imported import Imported, ImportedFile, ImportedPage
from archiver.model import Kind
from archiver.report.runs import Summary, interrupted, iso, summary_of
from archiver.report.status import held_lines, series_notes
from archiver.text import safe

_MOST_LINES = 8


def summary(imported: Imported) -> Summary:
    """What became of each file, what no source asks for, and how the series stand now."""
    lines = [line for one in imported.files if one.error is None for line in _file_lines(one)]
    if imported.no_archive:
        lines.append("Nothing was kept, so no archive was made.")
    if imported.unasked:
        lines += _unasked_lines(imported)
    files, errors = [_file_json(one) for one in imported.files], error_lines(imported)
    if imported.closed is None:
        document = {
            "run_id": None, "ended_by": None, "exit_code": imported.exit_code, "requests": 0, "files": files,
            "messages": [*errors, *lines], "series": [], "last_run": None,
        }  # fmt: skip
        return Summary(imported.exit_code, tuple(lines), document)
    found = imported.closed.found
    lines = interrupted(imported.closed, "what was taken so far is stored") + lines
    whole = summary_of(imported.closed, [*lines, *held_lines(found), *series_notes(found)], {"files": files})
    whole.document["messages"] = [*errors, *whole.document["messages"]]
    return whole


def error_lines(imported: Imported) -> list[str]:
    """A line for each file that cannot be used."""
    return [str(one.error) for one in imported.files if one.error is not None]


def _file_lines(imported: ImportedFile) -> list[str]:
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


def _title(result: ImportedPage) -> str:
    """`10322780 Day 07 …` for an article, else the URL."""
    return f"{result.article_id or safe(result.url, 200)} {result.title}".rstrip()


def _unasked_lines(imported: Imported) -> list[str]:
    """What no source asks for, and how to have its series told and exported: from its own list, without a network."""
    unasked = imported.unasked
    named = ", ".join(safe(url, 100) for url in unasked[:3]) + (", …" if len(unasked) > 3 else "")
    counted = f"{len(unasked)} kept that no source asks for: {named}."
    found = [(one, file) for file in imported.files for one in file.pages().values() if one.kept and one.url in unasked]
    lists = [(one.url, file) for one, file in found if one.kind is Kind.SERIES and "?" not in one.url]
    fetch = f"`archiver fetch {safe(unasked[0], 100)}`"
    follow = f"To follow its series, name it: {fetch}, or put its index or series into the config."
    if not found:
        return [f"{counted} {follow}"]
    told = [
        f"  {_command(file, url, imported.archive)}"
        for url, file in sorted(lists, key=itemgetter(0))[:_MOST_LINES] or [(found[0][0].url, found[0][1])]
    ]
    lines = [f"{counted} A series is told and exported once it is named, which asks nobody:", *told]
    return lines if lists else [*lines, follow]


def _command(file: ImportedFile, url: str, archive: Path) -> str:
    """What to type to name a page of a file that was imported."""
    place = "" if str(archive) == "archive.db" else f" --db {shlex.quote(safe(archive))}"
    return f"`archiver import {shlex.quote(safe(file.path or file.name))}{place} --url {safe(url, 100)}`"


def _file_json(imported: ImportedFile) -> dict[str, Any]:
    pages_found = [one for one in imported.pages().values() if one.kind is not Kind.IMAGE]
    return {
        "name": imported.name, "format": imported.file.format.value if imported.file else None,
        "sha256": imported.file.sha256 if imported.file else None,
        "error": str(imported.error) if imported.error is not None else None,
        "pages": len(pages_found), "kept": sum(one.kept for one in pages_found), "passed_over": dict(imported.passed),
        "results": [
            {
                "url": one.url, "kind": one.kind.value, "outcome": one.outcome.value, "reason": one.reason,
                "made_at": iso(one.made_at), "place": one.place, "title": one.title,
            }
            for one in imported.results
        ],
    }  # fmt: skip
