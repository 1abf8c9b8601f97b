"""`diff`: two versions of an article in words, and as JSON. Pure."""

from __future__ import annotations

from typing import Any

from archiver.archive.versions import Version
from archiver.commands.comparing import Comparison


def heading(found: Comparison) -> str:
    """Which versions these are, in one line."""
    return f"{found.article_id}: capture {_shown(found.old)} → capture {_shown(found.new)}"


def without_sections(found: Comparison) -> str:
    """Why there is nothing to show, in one line."""
    if found.old.capture_id == found.new.capture_id:
        return f"{found.article_id}: no change was seen; one text is held, capture {found.new.capture_id}"
    what = "only its dress changed; the text is" if found.only_dress else "no difference; title, tags and body are"
    return f"{heading(found)}: {what} the same to the letter"


def as_json(found: Comparison) -> dict[str, Any]:
    """The same as one document."""
    changes = [
        {"section": section.name, "changes": [{"op": piece.op, "text": piece.text} for piece in section.pieces]}
        for section in found.sections
    ]
    return {
        "id": found.article_id, "from": _version_json(found.old), "to": _version_json(found.new),
        "only_dress": found.only_dress, "is_demonstration": found.is_demonstration, "changes": changes,
    }  # fmt: skip


def _shown(version: Version) -> str:
    return f"{version.capture_id} of {version.first_seen_at[:16].replace('T', ' ')} UTC"


def _version_json(version: Version) -> dict[str, Any]:
    return {key: getattr(version, key) for key in ("capture_id", "first_seen_at", "last_seen_at")}
