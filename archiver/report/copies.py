"""`status --copies`: who holds what. Rows in, text out. Pure."""

from __future__ import annotations

from archiver.archive.part_copies import PartCopies
from archiver.text import safe

HOLDERS = {
    "wayback": "the Wayback Machine",
    "common_crawl": "Common Crawl",
    "memento": "another web archive",
    "import": "an imported file",
    "feed": "the series feed",
}
COPY_COLUMNS = (
    "article", "part", "ours", "wayback", "common crawl", "other archive", "imported", "copies", "push", "title",
)  # fmt: skip


def copies_table(parts: list[PartCopies]) -> list[tuple[str, ...]]:
    """A row a part and who holds it, as `COPY_COLUMNS`: by day, `-` for nobody."""
    return [
        (
            str(part.id), "" if part.position is None else str(part.position), part.ours or "-",
            *_days(part.wayback_at, part.common_crawl_at, part.other_archive_at, part.imported_at),
            str(part.copies), part.push or "-", safe(part.title or "", 80),
        )
        for part in parts
    ]  # fmt: skip


def _days(*moments: str | None) -> list[str]:
    return [(at or "-")[:10] for at in moments]


def copies_notes(parts: list[PartCopies]) -> list[str]:
    """What hangs on one copy alone, or on none, and what is not known."""
    alone = [str(part.id) for part in parts if part.copies == 1]
    nowhere = [str(part.id) for part in parts if part.copies == 0]
    unchecked = [part for part in parts if part.checked_at is None]
    notes = [f"{len(parts)} parts: {len(alone)} hang on one copy alone, {len(nowhere)} are held by nobody known."]
    notes += [f"one copy alone: {', '.join(alone[:10])}{', …' if len(alone) > 10 else ''}"] if alone else []
    notes += [f"no copy known: {', '.join(nowhere[:10])}{', …' if len(nowhere) > 10 else ''}"] if nowhere else []
    if unchecked:
        notes.append(f"Of {len(unchecked)} nobody else was found or asked yet; `archiver rescue --check` asks.")
    return [*notes, *_push_notes(parts)]


def _push_notes(parts: list[PartCopies]) -> list[str]:
    """How far the copies are that others were asked to make, and why those are not there that are not."""
    pushed = [part.push for part in parts if part.push]
    counted = ", ".join(f"{pushed.count(state)} {state}" for state in dict.fromkeys(pushed))
    notes = [f"Pushed to the Wayback Machine: {counted}."] if pushed else []
    notes += [
        f"push {part.push}: {part.id}: {safe(part.push_reason or '', 200)}"
        for part in parts
        if part.push in {"refused", "mismatch"}
    ][:10]
    if "queued" in pushed or "pending" in pushed:
        notes.append("`archiver push` goes on with those that are queued or pending.")
    return notes


def rescued_line(parts: list[PartCopies]) -> str:
    """Who gave what: `30 parts · 30 safe (6 rescued): 4 from the Wayback Machine, 1 from …`."""
    held = [part.ours for part in parts if part.ours is not None]
    others = [source for source in held if source != "live"]
    counted = [f"{others.count(source)} from {name}" for source, name in HOLDERS.items() if source in others]
    named = f": {', '.join(counted)}" if counted else ""
    return f"{len(parts)} parts · {len(held)} safe ({len(others)} rescued){named}"
