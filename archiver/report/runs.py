"""What a run came to, in words and as JSON: one summary for all commands that make a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archiver.report.status import counted, status_json

if TYPE_CHECKING:
    from archiver.commands.run import Closed  # it brings the web client, which an export has no use for

AGAIN = "Run the same command again to go on."


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to, for the user: the lines, the exit code, and the same as one JSON document."""

    exit_code: int
    lines: tuple[str, ...]
    document: dict[str, Any]

    def as_text(self) -> str:
        """A few lines for people."""
        return "\n".join(self.lines)


def summary_of(closed: Closed, lines: list[str], told: dict[str, Any], after: Sequence[str] = ()) -> Summary:
    """The summary of a run: its lines and what goes before (`told`) and `after` all that is said of every run."""
    said = (*lines, *_remarks(closed), *after)
    document = {
        "run_id": closed.run_id, "ended_by": closed.ended_by, "exit_code": closed.exit_code,
        "requests": closed.requests, **told, "messages": list(said), **status_json(closed.found),
    }  # fmt: skip
    return Summary(closed.exit_code, said, document)


def interrupted(closed: Closed, what: str) -> list[str]:
    """The first line of a run that was interrupted: what is safe, and how to go on."""
    return [f"Interrupted; {what}. {AGAIN}"] if closed.ended_by == "interrupted" else []


def _remarks(closed: Closed) -> list[str]:
    """Why absences are not believed, and that everything was believed again by other rules."""
    lines = [closed.doubt] if closed.doubt else []
    if closed.believed_again is not None:
        law = "Everything was believed again by other rules ([judgement]) than before"
        lines.append(f"{law}: something else is believed of {counted(closed.believed_again, 'page')}.")
    return lines


def iso(at: datetime | None) -> str | None:
    """A moment as JSON documents write it."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
