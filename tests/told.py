"""Rows as `status`, `why` and `status --copies` take them, of which a test says only what matters to it."""

from __future__ import annotations

from typing import Any, TypeVar

from archiver.archive import history as of_why
from archiver.archive import status as of_status
from archiver.archive.history import History
from archiver.archive.status import Status

Row = dict[str, Any]
Kind = TypeVar("Kind", bound=tuple[Any, ...])

_OF_STATUS: dict[str, Any] = {
    "series": of_status.SeriesStatus, "homeless": of_status.SourceStatus, "dropped": of_status.DroppedSource,
    "cited": of_status.CitedLink, "unheard_hints": of_status.UnheardHint, "unsettled": of_status.Unsettled,
    "problems": of_status.ProblemCount, "drift": of_status.Drift, "collapsed": of_status.CollapsedText,
    "events": of_status.EventSeen,
}  # fmt: skip
_OF_WHY: dict[str, Any] = {
    "fetches": of_why.FetchRow, "captures": of_why.CaptureRow, "named_by": of_why.NamingRow, "edits": of_why.EditRow,
    "problems": of_why.ProblemRow, "changes": of_why.StateChangeRow, "events": of_why.EventRow,
    "pushes": of_why.PushRow, "carried": of_why.LostField,
}  # fmt: skip


def made(kind: type[Kind], row: Row) -> Kind:
    """A row of this kind; what is not said is None."""
    named: Any = kind  # a named tuple, of which mypy knows no class
    whole: Kind = named(**(dict.fromkeys(named._fields) | row))
    return whole


def status(**given: Any) -> Status:
    """How all stands, of rows by the fields of `Status`; what is not said is empty."""
    lists: dict[str, Any] = {
        name: [made(kind, row) for row in given.get(name, ())] for name, kind in _OF_STATUS.items()
    }
    parts = {key: [made(of_status.PartStatus, row) for row in rows] for key, rows in given.get("parts", {}).items()}
    images = {key: made(of_status.ImageCount, row) for key, row in given.get("images", {}).items()}
    run = given.get("last_run")
    counts = {name: given[name] for name in ("unread", "unnamed") if name in given}
    last_run = None if run is None else made(of_status.RunStatus, run)
    return Status(**lists, **counts, parts=parts, images=images, last_run=last_run)


def history(page: Row, **given: Any) -> History:
    """Everything known of a page, of rows by the fields of `History`; what is not said is empty."""
    lists: dict[str, Any] = {name: [made(kind, row) for row in given.get(name, ())] for name, kind in _OF_WHY.items()}
    article, part = given.get("article"), given.get("part")
    return History(
        page=made(of_why.PageRow, page),
        article=None if article is None else made(of_why.ArticleRow, article),
        part=None if part is None else made(of_why.PartRow, part),
        is_demonstration=given.get("is_demonstration", False),
        **lists,
    )
