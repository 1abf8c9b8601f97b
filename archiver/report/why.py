"""`why`: everything known of one page, and the rule that made its state. Rows in, text or JSON out. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from archiver.archive import demonstration
from archiver.archive.columns import ABSENCES
from archiver.archive.history import CaptureRow, FetchRow, History
from archiver.report.copies import HOLDERS
from archiver.report.status import as_rows
from archiver.text import safe

_ABSENT_STATES = ("suspect", "gone")


def why_json(history: History) -> dict[str, Any]:
    """Everything known of a page, as it stands in the archive."""
    page = {key: value for key, value in history.page._asdict().items() if value is not None}
    fetches = [
        {**row._asdict(), "headers": json.loads(row.headers), "signals": json.loads(row.signals)}
        for row in history.fetches
    ]
    article, part = history.article, history.part
    return {
        "page": page, "rule": rule(history), "article": article and article._asdict(), "part": part and part._asdict(),
        "fetches": fetches, "captures": as_rows(history.captures), "named_by": as_rows(history.named_by),
        "edits": as_rows(history.edits), "problems": as_rows(history.problems),
        "state_changes": as_rows(history.changes), "events": as_rows(history.events),
        "pushes": as_rows(history.pushes), "carried": as_rows(history.carried),
        "is_demonstration": history.is_demonstration,
    }  # fmt: skip


def why_text(history: History) -> str:
    """Everything known of a page in order of time, and the rule that made its state."""
    tellers = (_told, _fetched, _edited, _believed, _pushed, _carried)
    events = sorted((event for tell in tellers for event in tell(history)), key=lambda event: event[0])
    lines = [*_heading(history), ""]
    lines += [f"{at[:19].replace('T', ' ')}  {text}" for at, text in events]
    return "\n".join([*lines, "", rule(history)])


def _heading(history: History) -> list[str]:
    page, article, part = history.page, history.article, history.part
    lines = [safe(page.url)]
    if article is not None:
        lines.append(f"{safe(article.title or '(no title)')} — {safe(article.author or 'unknown author')}")
        if article.series_id is not None:
            place = f"part {article.position} of" if article.position else "in"
            lines.append(f"{place} series {article.series_id}, {safe(article.series_title or '')}")
        if article.is_citation:
            lines.append("a citation: its own page says that it is no part of a series kept here")
    elif part is not None:
        words = safe(part.title or "(no title)")
        lines.append(f"{words} — a part of series {part.series_id or '?'}, says the {part.said_by}; not held")
    return [*lines, demonstration.WORDS] if history.is_demonstration else lines


def _told(history: History) -> list[tuple[str, str]]:
    events = []
    for row in history.named_by:
        heading = f" under “{safe(row.heading, 80)}”" if row.heading else ""
        words = f": {safe(row.text, 100)}" if row.text else ""
        events.append((row.first_seen_at, f"named by the {row.via} ({safe(row.from_url)}){heading}{words}"))
        if row.gone_at:
            events.append((row.gone_at, f"no longer named by the {row.via} ({safe(row.from_url)})"))
    return events


def _fetched(history: History) -> list[tuple[str, str]]:
    held: dict[int | None, CaptureRow] = {row.id: row for row in history.captures}
    events = []
    for row in history.fetches:
        status = f"HTTP {row.http_status}, " if row.http_status else ""
        signals = json.loads(row.signals)
        reason = safe(signals.get("reason", ""), 200)
        text = f"run {row.run_id}: {row.outcome} ({status}{row.elapsed_ms} ms): {reason}"
        if row.source != "live":
            answered = f" (HTTP {row.http_status})" if row.http_status else ""
            text = f"run {row.run_id}: {_copy(row, signals)}: {row.outcome}{answered}: {reason}"
        if row.tries > 1 or row.hop:
            text += f" [try {row.tries}, hop {row.hop}]"
        if row.mass_absence and row.outcome in ABSENCES:
            text += " [not believed: " + safe(row.run_note or "too many parts were absent in that run", 200) + "]"
        capture = held.get(row.capture_id)
        if capture is not None:
            text += f" → capture {capture.id}, sha256 {capture.sha256[:12]}…, {capture.body_bytes} bytes"
        events.append((row.started_at, text))
    return events


_COPIES = {"import": "imported from", "feed": "the body in the feed (punctuation lost)"}


def _copy(row: FetchRow | CaptureRow, signals: Mapping[str, str]) -> str:
    """Whose copy an answer is, and of when: `imported from page.html, sha256 …, a copy of 2023-09-20 12:00`."""
    if isinstance(row, FetchRow) and signals.get("step") == "index":
        return f"asked what {HOLDERS[row.source]} has ({safe(row.requested_url.split('/')[2], 100)})"
    if isinstance(row, FetchRow) and signals.get("step") == "push":
        return f"asked Save Page Now ({'to save it' if row.requested_url.endswith('/save') else 'how it goes'})"
    whose = _COPIES.get(row.source, f"{HOLDERS[row.source]},")
    text = f"{whose} {safe(row.source_url or '', 300)}".rstrip()
    if signals.get("place"):
        text += f", {safe(signals['place'], 100)}"
    if row.source_at:
        by = f", by {signals['made_at_by']}" if signals.get("made_at_by") else ""
        text += f", a copy of {row.source_at[:16].replace('T', ' ')}{safe(by, 40)}"
    return text


def _edited(history: History) -> list[tuple[str, str]]:
    events = []
    for row in history.edits:
        what = [name for name in ("title", "body", "tags") if getattr(row, f"{name}_changed")]
        dress = " (cosmetic: the words and the code are the same)" if row.cosmetic else ""
        if row.collapsed:
            dress = f" (nearly nothing is left; the last full text is capture {row.old_capture_id})"
        events.append((row.first_seen_new_at, f"changed since {row.last_seen_old_at[:19]}: {', '.join(what)}{dress}"))
    return events


def _believed(history: History) -> list[tuple[str, str]]:
    """What was believed from when on, with how long an absence lasted; and what happened to the article."""
    told, absent_since = [], None
    for row in history.changes:
        text = f"state: {row.old_state} → {row.new_state}"
        if row.new_state == "alive" and absent_since is not None:
            days = (datetime.fromisoformat(row.at) - datetime.fromisoformat(absent_since)).total_seconds() / 86_400
            text += f", back after {days:.1f} days"
        if row.old_state not in _ABSENT_STATES:
            absent_since = row.at if row.new_state in _ABSENT_STATES else None
        told.append((row.at, text))
    told += [(row.at, f"{row.kind.replace('_', ' ')}: {safe(row.detail or '', 160)}") for row in history.events]
    return told


def _whose(captures: Iterable[CaptureRow], capture_id: int) -> str:
    """Where the capture that is read came from, when that is not the host."""
    held = next((row for row in captures if row.id == capture_id), None)
    if held is None or held.source == "live":
        return ""
    return f" ({_copy(held, {})}; no live answer is held)"


def _carried(history: History) -> list[tuple[str, str]]:
    """What its page no longer says: the value that it last said stands."""
    return [
        (row.lost_since, f"no longer says {row.field}: what it said until {row.last_found_at[:19]} stands")
        for row in history.carried
    ]


def _pushed(history: History) -> list[tuple[str, str]]:
    """What became of asking others to save it."""
    told = []
    for row in history.pushes:
        where = f" ({safe(row.copy_url, 300)})" if row.copy_url else ""
        text = f"push to the Wayback Machine: {row.state}{where}: {safe(row.reason or 'in the queue', 400)}"
        told.append((row.checked_at or row.queued_at, text))
    return told


_RULES = {
    "new": "it has not answered yet",
    "alive": "the last answer that counts was the page itself",
    "moved": "a redirect leads elsewhere",
    "suspect": "it was absent, but not often enough or long enough to call it gone",
    "gone": "it was absent often enough, far enough apart, with no success between",
    "blocked": "it was never seen, and the host refuses us; that says nothing about the part",
    "excluded": "robots.txt forbids asking for it",
}


def rule(history: History) -> str:
    """The rule that made the state of a page, with its numbers."""
    page = history.page
    text = f"State: {page.state} since {page.state_since[:19].replace('T', ' ')} UTC: {_RULES[page.state]}."
    if page.absences and page.last_absence_at:
        text += f" Absences that count: {page.absences}, the last on {page.last_absence_at[:10]}."
    if page.failures:
        text += f" Attempts without success since the last one: {page.failures}."
    if history.article is not None:
        held = history.article.capture_id
        text += f" Held: capture {held}{_whose(history.captures, held)}, read by {history.article.parser}."
    elif page.kind == "article":
        text += " Not held."
    return f"{text} Due again: {page.due_at[:16].replace('T', ' ')} UTC."
