"""`status` and `why`: rows in, text or JSON out. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from archiver.archive.queries import History, Row, Status
from archiver.text import safe

_ABSENCES = ("not_found", "removed", "soft_404")
_ABSENT_STATES = ("suspect", "gone")
_ATTENTION = ("suspect", "gone", "moved", "blocked", "excluded")
HOLDERS = {
    "wayback": "the Wayback Machine",
    "common_crawl": "Common Crawl",
    "memento": "another web archive",
    "import": "an imported file",
    "feed": "the series feed",
}
_ITEM_KEYS = ("id", "title", "position", "state", "safe", "last_ok_at", "url")


# ─── status as JSON ─────────────────────────────────────────────────────────────────────────────


def status_json(status: Status) -> dict[str, Any]:
    """The documented shape (docs/json.md): series with their items, and the last run."""
    series = [
        _series_json(row, status.parts.get(row["id"], [])) | _images_json(status.images.get(row["id"]))
        for row in status.series
    ]
    for source in status.homeless:
        parts = [part for part in status.parts.get(None, []) if part["source_id"] == source["id"]]
        series.append(_homeless_json(source, parts) | _images_json(None))
    return {
        "series": series,
        "events": [dict(row) for row in status.events],
        "drift": [dict(row) for row in status.drift],
        "last_run": _run_json(status.last_run),
    }


def _series_json(row: Row, parts: list[Row]) -> dict[str, Any]:
    keys = ("id", "title", "url", "declared_parts", "parts", "safe", "rescued", "missing", "gone", "edited")
    return {
        **{key: row[key] for key in keys},
        "last_checked_at": row["last_checked_at"],
        "items": [_item_json(part) for part in parts],
    }


def _images_json(images: Row | None) -> dict[str, int]:
    return {"images": images["images"], "images_held": images["held"]} if images else {"images": 0, "images_held": 0}


def _homeless_json(source: Row, parts: list[Row]) -> dict[str, Any]:
    return {
        "id": None, "title": None, "url": source["url"], "declared_parts": None, "parts": len(parts), "safe": 0,
        "rescued": 0, "missing": len(parts), "gone": sum(part["state"] == "gone" for part in parts), "edited": 0,
        "last_checked_at": source["last_fetch_at"], "items": [_item_json(part) for part in parts],
    }  # fmt: skip


def _item_json(part: Row) -> dict[str, Any]:
    return {**{key: part[key] for key in _ITEM_KEYS}, "safe": bool(part["safe"])}


def _run_json(run: Row | None) -> dict[str, Any] | None:
    if run is None:
        return None
    keys = ("id", "command", "started_at", "finished_at", "ended_by", "exit_code", "requests", "note")
    return {**{key: run[key] for key in keys}, "outcomes": json.loads(run["outcomes"] or "{}")}


def all_safe(status: Status) -> bool:
    """Whether every part of every series that is kept is safe, as many as the site declares, and every source known."""
    return not status.homeless and bool(status.parts) and all(_is_whole(row) for row in status.series)


def _is_whole(series: Row) -> bool:
    """A series of which nothing is known is not whole, unless the site itself says that it is empty."""
    declared, parts = series["declared_parts"], series["parts"]
    return bool(series["missing"] == 0 and (parts > 0 or declared == 0) and parts >= (declared or 0))


# ─── status as text ─────────────────────────────────────────────────────────────────────────────

SERIES_COLUMNS = ("series", "title", "parts", "safe", "rescued", "missing", "gone", "changed", "last checked")
PART_COLUMNS = ("article", "part", "state", "held", "last answer", "title")


def series_table(status: Status) -> list[tuple[str, ...]]:
    """A row a series, as `SERIES_COLUMNS`."""
    rows: list[tuple[str, ...]] = [
        (
            str(row["id"]), safe(row["title"] or row["url"]), str(row["parts"]), str(row["safe"]),
            str(row["rescued"]), str(row["missing"]), str(row["gone"]), str(row["edited"]),
            _day(row["last_checked_at"]),
        )
        for row in status.series
    ]  # fmt: skip
    rows += [
        ("?", safe(row["url"]), str(row["parts"]), "0", "0", str(row["parts"]), "0", "0", _day(row["last_fetch_at"]))
        for row in status.homeless
    ]
    return rows


def attention_table(status: Status) -> list[tuple[str, ...]]:
    """A row a part that is missing, or not as it should be, as `PART_COLUMNS`."""
    needy = [
        part
        for series in sorted(status.parts, key=lambda key: (key is None, key))
        for part in status.parts[series]
        if part["missing"] or part["state"] in _ATTENTION
    ]
    return [
        (
            str(part["id"]), "" if part["position"] is None else str(part["position"]), part["state"],
            "yes" if part["safe"] else "no", part["last_outcome"] or "not asked yet", safe(part["title"] or "", 80),
        )
        for part in needy
    ]  # fmt: skip


EVENT_COLUMNS = ("when", "event", "article", "what")
_EVENTS_SHOWN = 10


def events_table(status: Status) -> list[tuple[str, ...]]:
    """The newest events, a row each, as `EVENT_COLUMNS`."""
    return [
        (
            _day(row["at"]), row["kind"].replace("_", " "), str(row["article_id"] or ""),
            safe(f"{row['detail'] or ''} ({row['title']})" if row["title"] else row["detail"] or "", 100),
        )
        for row in status.events[:_EVENTS_SHOWN]
    ]  # fmt: skip


def drift_notes(status: Status) -> list[str]:
    """That the parser no longer fits, with the field, the count and since when; nothing while it fits."""
    return [
        f"the parser no longer fits: {row['parser']} does not find {row['field']} on {row['pages']} {row['kind']}"
        f" page(s) that yielded it until {row['last_found_at'][:10]}, since {row['since'][:10]}, such as"
        f" {safe(row['example'])}; what was received is kept: update archiver, then run `archiver parse`"
        for row in status.drift
    ]


def series_notes(status: Status) -> list[str]:
    """What a number alone does not say: parts that only the index or only the site knows."""
    notes = []
    for row in status.series:
        declared, parts, linked = row["declared_parts"], row["parts"], row["linked_by_index"]
        images = status.images.get(row["id"])
        if images is not None:
            notes.append(f"{row['id']}: {images['held']} of {images['images']} images held")
        if linked and linked != parts:
            notes.append(f"{row['id']}: {linked} linked by the index, {parts} in the series")
        if declared is not None and declared != parts:
            notes.append(f"{row['id']}: the site declares {declared} parts, {parts} are known")
    notes += [
        f"{safe(row['url'])}: its series is not known yet"
        + (f" (last answer: {row['last_outcome']}: {safe(row['error'] or '', 160)})" if row["last_outcome"] else "")
        for row in status.homeless
    ]
    if len(status.events) > _EVENTS_SHOWN:
        notes.append(f"{len(status.events) - _EVENTS_SHOWN} more events stand in the table `events`")
    notes += drift_notes(status)
    told = {(row["kind"], row["field"]) for row in status.drift}
    notes += [
        f"the parser {problem['parser']} does not fit: {problem['field']} {problem['problem']} on {problem['pages']}"
        f" page(s), such as {safe(problem['example'])}"
        for problem in status.problems
        if (problem["kind"], problem["field"]) not in told
    ]
    return notes


def series_line(row: Row) -> str:
    """A series in one line: `30 parts · 28 safe · 1 rescued · 1 missing`."""
    counts = [f"{row['parts']} parts", f"{row['safe']} safe"]
    counts += [f"{row[name]} {name}" for name in ("rescued", "missing", "gone") if row[name]]
    return f"{safe(row['title'] or row['url'])} ({row['id']}): {' · '.join(counts)}"


def duration(seconds: float) -> str:
    """Seconds for people: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def last_run_line(status: Status) -> str:
    """The last run in one line."""
    run = status.last_run
    if run is None:
        return "No run yet; `archiver fetch` makes the first."
    outcomes = json.loads(run["outcomes"] or "{}")
    counts = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items(), key=lambda item: -item[1]))
    ended = run["ended_by"] or "still running, or killed"
    name = "Last run" if run["command"] == "fetch" else f"Last run ({run['command']})"
    text = f"{name}: {run['started_at'][:16].replace('T', ' ')} UTC, {run['requests']} requests"
    pages = f"pages: {counts or 'none'}; " if counts or run["command"] == "fetch" else ""
    return f"{text}; {pages}{ended}." + (f" {safe(run['note'])}" if run["note"] else "")


def _day(stamped: str | None) -> str:
    return stamped[:10] if stamped else "never"


def tab_separated(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """For pipes: a header line and a line a row."""
    return "\n".join("\t".join(row) for row in [tuple(columns), *rows])


# ─── why ────────────────────────────────────────────────────────────────────────────────────────


def why_json(history: History) -> dict[str, Any]:
    """Everything known of a page, as it stands in the archive."""
    page = {key: value for key, value in history.page.items() if value is not None}
    fetches = [_fetch_json(row) for row in history.fetches]
    return {
        "page": page, "rule": rule(history), "article": history.article, "part": history.part, "fetches": fetches,
        "captures": history.captures, "named_by": history.named_by, "edits": history.edits,
        "problems": history.problems, "state_changes": history.changes, "events": history.events,
        "pushes": history.pushes,
    }  # fmt: skip


def _fetch_json(row: Row) -> Row:
    return {**row, "headers": json.loads(row["headers"]), "signals": json.loads(row["signals"])}


def why_text(history: History) -> str:
    """Everything known of a page in order of time, and the rule that made its state."""
    events = sorted(
        [*_told(history), *_fetched(history), *_edited(history), *_believed(history), *_pushed(history)],
        key=lambda event: event[0],
    )
    lines = [*_heading(history), ""]
    lines += [f"{at[:19].replace('T', ' ')}  {text}" for at, text in events]
    return "\n".join([*lines, "", rule(history)])


def _heading(history: History) -> list[str]:
    page, article, part = history.page, history.article, history.part
    lines = [safe(page["url"])]
    if article is not None:
        lines.append(f"{safe(article['title'] or '(no title)')} — {safe(article['author'] or 'unknown author')}")
        if article["series_id"] is not None:
            place = f"part {article['position']} of" if article["position"] else "in"
            lines.append(f"{place} series {article['series_id']}, {safe(article['series_title'] or '')}")
        if article["is_citation"]:
            lines.append("a citation: its own page says that it is no part of a series kept here")
    elif part is not None:
        words = safe(part["title"] or "(no title)")
        lines.append(f"{words} — a part of series {part['series_id'] or '?'}, says the {part['said_by']}; not held")
    return lines


def _told(history: History) -> list[tuple[str, str]]:
    events = []
    for row in history.named_by:
        heading = f" under “{safe(row['heading'], 80)}”" if row["heading"] else ""
        words = f": {safe(row['text'], 100)}" if row["text"] else ""
        events.append((row["first_seen_at"], f"named by the {row['via']} ({safe(row['from_url'])}){heading}{words}"))
        if row["gone_at"]:
            events.append((row["gone_at"], f"no longer named by the {row['via']} ({safe(row['from_url'])})"))
    return events


def _fetched(history: History) -> list[tuple[str, str]]:
    held = {row["id"]: row for row in history.captures}
    events = []
    for row in history.fetches:
        status = f"HTTP {row['http_status']}, " if row["http_status"] else ""
        signals = json.loads(row["signals"])
        reason = safe(signals.get("reason", ""), 200)
        text = f"run {row['run_id']}: {row['outcome']} ({status}{row['elapsed_ms']} ms): {reason}"
        if row["source"] != "live":
            answered = f" (HTTP {row['http_status']})" if row["http_status"] else ""
            text = f"run {row['run_id']}: {_copy(row, signals)}: {row['outcome']}{answered}: {reason}"
        if row["tries"] > 1 or row["hop"]:
            text += f" [try {row['tries']}, hop {row['hop']}]"
        if row["mass_absence"] and row["outcome"] in _ABSENCES:
            text += " [not believed: " + safe(row["run_note"] or "too many parts were absent in that run", 200) + "]"
        capture = held.get(row["capture_id"])
        if capture is not None:
            text += f" → capture {capture['id']}, sha256 {capture['sha256'][:12]}…, {capture['body_bytes']} bytes"
        events.append((row["started_at"], text))
    return events


_COPIES = {"import": "imported from", "feed": "the body in the feed (punctuation lost)"}


def _copy(row: Row, signals: Row) -> str:
    """Whose copy an answer is, and of when: `imported from page.html, sha256 …, a copy of 2023-09-20 12:00`."""
    if signals.get("step") == "index":
        return f"asked what {HOLDERS[row['source']]} has ({safe(row['requested_url'].split('/')[2], 100)})"
    if signals.get("step") == "push":
        return f"asked Save Page Now ({'to save it' if row['requested_url'].endswith('/save') else 'how it goes'})"
    whose = _COPIES.get(row["source"], f"{HOLDERS[row['source']]},")
    text = f"{whose} {safe(row['source_url'] or '', 300)}".rstrip(" :")
    if signals.get("place"):
        text += f", {safe(signals['place'], 100)}"
    if row["source_at"]:
        by = f", by {signals['made_at_by']}" if signals.get("made_at_by") else ""
        text += f", a copy of {row['source_at'][:16].replace('T', ' ')}{safe(by, 40)}"
    return text


def _edited(history: History) -> list[tuple[str, str]]:
    events = []
    for row in history.edits:
        what = [name for name in ("title", "body", "tags") if row[f"{name}_changed"]]
        dress = " (cosmetic: the words and the code are the same)" if row["cosmetic"] else ""
        events.append(
            (row["first_seen_new_at"], f"changed since {row['last_seen_old_at'][:19]}: {', '.join(what)}{dress}")
        )
    return events


def _believed(history: History) -> list[tuple[str, str]]:
    """What was believed from when on, with how long an absence lasted; and what happened to the article."""
    told, absent_since = [], None
    for row in history.changes:
        text = f"state: {row['old_state']} → {row['new_state']}"
        if row["new_state"] == "alive" and absent_since is not None:
            days = (datetime.fromisoformat(row["at"]) - datetime.fromisoformat(absent_since)).total_seconds() / 86_400
            text += f", back after {days:.1f} days"
        if row["old_state"] not in _ABSENT_STATES:
            absent_since = row["at"] if row["new_state"] in _ABSENT_STATES else None
        told.append((row["at"], text))
    told += [
        (row["at"], f"{row['kind'].replace('_', ' ')}: {safe(row['detail'] or '', 160)}") for row in history.events
    ]
    return told


def _whose(history: History) -> str:
    """Where the capture that is read came from, when that is not the host."""
    held = next((row for row in history.captures if row["id"] == (history.article or {}).get("capture_id")), None)
    if held is None or held["source"] == "live":
        return ""
    return f" ({_copy(held, {})}; no live answer is held)"


def _pushed(history: History) -> list[tuple[str, str]]:
    """What became of asking others to save it."""
    told = []
    for row in history.pushes:
        where = f" ({safe(row['copy_url'], 300)})" if row["copy_url"] else ""
        text = f"push to the Wayback Machine: {row['state']}{where}: {safe(row['reason'] or 'in the queue', 400)}"
        told.append((row["checked_at"] or row["queued_at"], text))
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
    text = f"State: {page['state']} since {page['state_since'][:19].replace('T', ' ')} UTC: {_RULES[page['state']]}."
    if page["absences"]:
        text += f" {page['absences']} absence(s) count, the last on {page['last_absence_at'][:10]}."
    if page["failures"]:
        text += f" {page['failures']} attempt(s) without success since the last one."
    if history.article is not None:
        text += f" Held: capture {history.article['capture_id']}{_whose(history)}, read by {history.article['parser']}."
    elif page["kind"] == "article":
        text += " Not held."
    return f"{text} Due again: {page['due_at'][:16].replace('T', ' ')} UTC."


# ─── copies ─────────────────────────────────────────────────────────────────────────────────────

COPY_COLUMNS = (
    "article", "part", "ours", "wayback", "common crawl", "other archive", "imported", "copies", "push", "title",
)  # fmt: skip


def copies_table(parts: list[Row]) -> list[tuple[str, ...]]:
    """A row a part and who holds it, as `COPY_COLUMNS`: by day, `-` for nobody."""
    days = ("wayback_at", "common_crawl_at", "other_archive_at", "imported_at")
    return [
        (
            str(part["id"]), "" if part["position"] is None else str(part["position"]), part["ours"] or "-",
            *((part[name] or "-")[:10] for name in days), str(part["copies"]), part["push"] or "-",
            safe(part["title"] or "", 80),
        )
        for part in parts
    ]  # fmt: skip


def copies_notes(parts: list[Row]) -> list[str]:
    """What hangs on one copy alone, or on none, and what is not known."""
    alone = [str(part["id"]) for part in parts if part["copies"] == 1]
    nowhere = [str(part["id"]) for part in parts if part["copies"] == 0]
    unchecked = [part for part in parts if part["checked_at"] is None]
    notes = [f"{len(parts)} parts: {len(alone)} hang on one copy alone, {len(nowhere)} are held by nobody known."]
    notes += [f"one copy alone: {', '.join(alone[:10])}{', …' if len(alone) > 10 else ''}"] if alone else []
    notes += [f"no copy known: {', '.join(nowhere[:10])}{', …' if len(nowhere) > 10 else ''}"] if nowhere else []
    if unchecked:
        notes.append(f"Of {len(unchecked)} nobody else was found or asked yet; `archiver rescue --check` asks.")
    return [*notes, *_push_notes(parts)]


def _push_notes(parts: list[Row]) -> list[str]:
    """How far the copies are that others were asked to make, and why those are not there that are not."""
    pushed = [part["push"] for part in parts if part["push"]]
    counted = ", ".join(f"{pushed.count(state)} {state}" for state in dict.fromkeys(pushed))
    notes = [f"Pushed to the Wayback Machine: {counted}."] if pushed else []
    notes += [
        f"push {part['push']}: {part['id']}: {safe(part['push_reason'], 200)}"
        for part in parts
        if part["push"] in {"refused", "mismatch"}
    ][:10]
    if "queued" in pushed or "pending" in pushed:
        notes.append("`archiver push` goes on with those that are queued or pending.")
    return notes


def rescued_line(parts: list[Row]) -> str:
    """Who gave what: `30 parts · 30 safe (6 rescued): 4 from the Wayback Machine, 1 from …`."""
    held = [part["ours"] for part in parts if part["ours"] is not None]
    others = [source for source in held if source != "live"]
    counted = [f"{others.count(source)} from {name}" for source, name in HOLDERS.items() if source in others]
    named = f": {', '.join(counted)}" if counted else ""
    return f"{len(parts)} parts · {len(held)} safe ({len(others)} rescued){named}"
