"""`status`: what is held, missing and gone. Rows in, text or JSON out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from archiver.archive import queries
from archiver.archive.status import EventSeen, ImageCount, SeriesStatus, SourceStatus, Status, Unsettled
from archiver.text import safe

_RUN_KEYS = ("id", "command", "started_at", "finished_at", "ended_by", "exit_code", "requests", "note", "outcomes")
_ITEM_KEYS = ("id", "title", "position", "state", "safe", "last_ok_at", "url")


def status_json(status: Status) -> dict[str, Any]:
    """The documented shape (docs/json.md): series with their items, and the last run."""
    items = [status.parts.get(row.id, []) for row in status.series] + [
        [part for part in status.parts.get(None, []) if part.source_id == source.id] for source in status.homeless
    ]
    return {
        "series": [
            {**numbers, "items": [{key: getattr(part, key) for key in _ITEM_KEYS} for part in parts]}
            for numbers, parts in zip(queries.counts(status), items, strict=True)
        ],
        "no_longer_asked": as_rows(status.dropped),
        "cited": as_rows(status.cited),
        "unheard_hints": as_rows(status.unheard_hints),
        "unsettled": as_rows(status.unsettled),
        "events": as_rows(status.events),
        "drift": as_rows(status.drift),
        "collapsed": as_rows(status.collapsed),
        "last_run": status.last_run and {key: getattr(status.last_run, key) for key in _RUN_KEYS},
        "is_demonstration": status.is_demonstration,
        "unread": status.unread,
    }


def as_rows(found: Iterable[NamedTuple]) -> list[dict[str, Any]]:
    """Rows as JSON documents write them."""
    return [row._asdict() for row in found]


SERIES_COLUMNS = ("series", "title", "parts", "safe", "rescued", "missing", "gone", "changed", "last checked")
PART_COLUMNS = ("article", "part", "state", "held", "last answer", "title")


def series_table(status: Status) -> list[tuple[str, ...]]:
    """A row a series, as `SERIES_COLUMNS`."""
    rows = [_in_numbers(str(row.id), row.title or row.url, row, row.last_checked_at) for row in status.series]
    return rows + [
        _in_numbers(
            "-" if row.kind == "article" and row.is_whole() else "?",
            row.title if row.kind == "article" and row.title else row.url,
            row, row.last_checked_at or row.last_fetch_at,
        )
        for row in status.homeless
    ]  # fmt: skip


def _in_numbers(key: str, name: str, row: SeriesStatus | SourceStatus, checked_at: str | None) -> tuple[str, ...]:
    counts = (row.parts, row.safe, row.rescued, row.missing, row.gone, row.edited)
    return key, safe(name), *map(str, counts), _day(checked_at)


def attention_table(status: Status) -> list[tuple[str, ...]]:
    """A row a part that is missing, or not as it should be, as `PART_COLUMNS`."""
    needy = [
        part
        for series in sorted(status.parts, key=lambda key: (key is None, key))
        for part in status.parts[series]
        if part.wants_attention()
    ]
    return [
        (
            str(part.id), "" if part.position is None else str(part.position), part.state,
            "yes" if part.safe else "no", part.last_outcome or "not asked yet", safe(part.title or "", 80),
        )
        for part in needy
    ]  # fmt: skip


EVENT_COLUMNS = ("when", "event", "article", "what")
_EVENTS_SHOWN = 10


def events_table(status: Status) -> list[tuple[str, ...]]:
    """The newest events, a row each, as `EVENT_COLUMNS`; renumberings, which follow from others, as one a series."""
    shown = [
        (
            _day(row.at), row.kind.replace("_", " "), str(row.article_id or ""),
            safe(f"{row.detail or ''} ({row.title})" if row.title else row.detail or "", 100),
        )
        for row in _told_singly(status)[:_EVENTS_SHOWN]
    ]  # fmt: skip
    return shown + _renumberings(status)


def _told_singly(status: Status) -> list[EventSeen]:
    return [row for row in status.events if row.kind != "renumbered"]


def _renumberings(status: Status) -> list[tuple[str, ...]]:
    """A row a series: a part that goes gives every later one another number, on thirty days, and would hide itself."""
    of_series: dict[int | None, list[EventSeen]] = {}
    for row in status.events:
        if row.kind == "renumbered":
            of_series.setdefault(row.series_id, []).append(row)
    return [
        (
            _day(rows[0].at), "renumbered", str(rows[0].article_id or ""),
            safe(rows[0].detail or "", 100) if len(rows) == 1 else f"{len(rows)} times in {series}, last this",
        )
        for series, rows in of_series.items()
    ]  # fmt: skip


def collapse_notes(status: Status) -> list[str]:
    """Whose text shrank to nearly nothing, and where the last full one is."""
    return [
        f"{row.id} {safe(row.full_title or row.title or '', 80)}: its text shrank from {row.full_letters}"
        f" to {row.letters} letters, seen on {row.since[:10]}; the last full text, of"
        f" {row.full_seen_at[:10]}, is held (capture {row.full_capture_id}):"
        f" `archiver diff {row.id} --from {row.full_capture_id}` and `archiver serve` show it"
        for row in status.collapsed
    ]


def drift_notes(status: Status) -> list[str]:
    """That the parser no longer fits, with the field, the count and since when; nothing while it fits."""
    return [
        f"the parser no longer fits: {row.parser} does not find {row.field} on {row.pages} {row.kind}"
        f" page(s) that yielded it until {row.last_found_at[:10]}, since {row.since[:10]}, such as"
        f" {safe(row.example)}; what they last said stands, and what was received is kept: update archiver, then run"
        " `archiver parse`"
        for row in status.drift
    ]


def image_note(images: ImageCount) -> str:
    """How many images of a series are held, and what to do for those that are not."""
    told = f"{images.series_id}: {images.held} of {images.images} images held"
    if images.missing is not None:
        others = images.images - images.held - 1
        told += f"; missing: {safe(images.missing)}{f' and {others} more' if others > 0 else ''}"
    if images.unasked:
        told += f"; {images.unasked} of them never asked for, as `archiver fetch` does"
    return told


def series_notes(status: Status) -> list[str]:
    """What a number alone does not say: parts that only the index or only the site knows."""
    notes = []
    for row in status.series:
        declared, parts, linked = row.declared_parts, row.parts, row.linked_by_index
        if row.id in status.images:
            notes.append(image_note(status.images[row.id]))
        if linked and linked != parts:
            notes.append(f"{row.id}: {linked} linked by the index, {parts} in the series")
        if parts == 0 and row.contest_days:
            notes.append(
                f"{row.id}: its list is empty, though it was written for {row.contest_days} days; nothing of it is held"
            )
        if declared is not None and declared != parts:
            notes.append(f"{row.id}: the site declares {declared} parts, {parts} are known")
    if status.unnamed:
        notes.append(
            f"{counted(status.unnamed, 'article')} held, but no source is named: `archiver fetch URL` follows one,"
            " `archiver import FILE --url URL` names its series without a network"
        )
    if status.unread:
        notes.append(f"{counted(status.unread, 'answer')} stored and not read yet, as the next run does")
    notes += [_homeless_note(row) for row in status.homeless]
    notes += [
        f"{safe(row.url)}: no longer asked since {_day(row.dropped_at)}; nothing of it was deleted"
        for row in status.dropped
    ]
    notes += [_unsettled_note(row) for row in status.unsettled]
    notes += [
        f"{safe(row.url)}: none of the {row.links} articles it links to is known to be of series"
        f" {row.series_hint}, which its `series` in the config names: is that the right one?"
        for row in status.unheard_hints
    ]
    if status.cited:
        named = ", ".join(f"{row.id} ({row.last_outcome})" for row in status.cited[:5])
        more = ", …" if len(status.cited) > 5 else ""
        notes.append(
            f"taken for citations, since they never answered and another part has their day: {named}{more};"
            " `archiver why ID` explains"
        )
    hidden = len(_told_singly(status)) - _EVENTS_SHOWN
    if hidden > 0:
        notes.append(f"{hidden} more events stand in the table `events`")
    notes += collapse_notes(status)
    notes += drift_notes(status)
    told = {(row.kind, row.field) for row in status.drift}
    notes += [
        f"{problem.field.replace('_', ' ')} not known of {problem.pages} page(s), such as"
        f" {safe(problem.example)}: what they say does not tell it"
        for problem in status.problems
        if problem.problem == "not_known"
    ]
    notes += [
        f"the parser {problem.parser} does not fit: {problem.field} {problem.problem} on {problem.pages}"
        f" page(s), such as {safe(problem.example)}"
        for problem in status.problems
        if (problem.kind, problem.field) not in told and problem.problem != "not_known"
    ]
    return notes


def _unsettled_note(row: Unsettled) -> str:
    """What is not as it should be, though nothing is believed of it yet."""
    series = "no known series" if row.series_id is None else f"series {row.series_id}"
    if row.what == "absent":
        return (
            f"{row.pages} part(s) of {series} absent since {_day(row.since)}, which is not believed yet, such as"
            f" {safe(row.url)}; `archiver why` says the reason"
        )
    if row.what == "alone":
        return f"{safe(row.url)}: links no article; {series} is kept since it links that one of the site"
    answer = f"(last answer: {row.outcome})"
    if row.since is None:
        return f"the lists of {series} were never heard {answer}: which parts it has is not known from them"
    return f"the lists of {series} were not heard since {_day(row.since)} {answer}: parts added since are unknown"


def _homeless_note(row: SourceStatus) -> str:
    """What is known of a source whose parts belong to no known series, and what to do about it."""
    if row.kind == "article" and row.is_whole():
        return f"{safe(row.url)}: held; it belongs to no series"
    if row.has_series:
        return f"{safe(row.url)}: of {row.parts} of its links nobody knows which of its series they belong to"
    if row.is_whole():
        return f"{safe(row.url)}: all that it links to is held, and nothing of it belongs to a series"
    text = f"{safe(row.url)}: its series is not known yet"
    if row.last_outcome and not row.last_ok_at:
        text += f" (last answer: {row.last_outcome}: {safe(row.error or '', 160)})"
    if row.parts:
        text += f": no author wrote most of the {row.parts} articles it links to, as far as they were read"
    if row.likely_url:
        named = safe(row.likely_url)
        text += (
            f'; should it be {named}, put `series = "{named}"` beside its url in the config, or `archiver fetch` that'
        )
    return text


def held_lines(status: Status) -> list[str]:
    """A line a series, such as `30 parts · 28 safe · 1 rescued · 1 missing`, and one a source of no known series."""
    lines = [f"{safe(row.title or row.url)} ({row.id}): {_held(row)}" for row in status.series]
    for row in status.homeless:
        name = row.title or row.url if row.kind == "article" else row.url
        place = "an article of no series" if row.kind == "article" and row.is_whole() else "series not known"
        lines += [f"{safe(name)} ({place}): {_held(row)}"] if row.parts else []
    return lines


def _held(row: SeriesStatus | SourceStatus) -> str:
    counts = [counted(row.parts, "part"), f"{row.safe} safe"]
    counts += [f"{count} {name}" for name in ("rescued", "missing", "gone") if (count := getattr(row, name))]
    return " · ".join(counts)


def counted(count: int, what: str, plural: str = "s") -> str:
    """`1 request`, `30 requests`."""
    return f"{count} {what}{plural * (count != 1)}"


def duration(seconds: float) -> str:
    """Seconds for people: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def minute(at: datetime) -> str:
    """A moment for people who are to come back after it: the next whole minute, `2026-11-23 12:58 UTC`."""
    return f"{at + timedelta(seconds=59, microseconds=999_999):%Y-%m-%d %H:%M} UTC"


def last_run_line(status: Status) -> str:
    """The last run in one line."""
    run = status.last_run
    if run is None:
        return "No run yet; `archiver fetch` makes the first."
    counts = ", ".join(f"{count} {name}" for name, count in sorted(run.outcomes.items(), key=lambda item: -item[1]))
    ended = run.ended_by or "still running, or killed"
    name = "Last run" if run.command == "fetch" else f"Last run ({run.command})"
    text = f"{name}: {run.started_at[:16].replace('T', ' ')} UTC, {counted(run.requests, 'request')}"
    pages = f"pages: {counts or 'none'}; " if counts or run.command == "fetch" else ""
    return f"{text}; {pages}{ended}." + (f" {safe(run.note)}" if run.note else "")


def _day(stamped: str | None) -> str:
    return stamped[:10] if stamped else "never"


def tab_separated(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """For pipes: a header line and a line a row."""
    return "\n".join("\t".join(row) for row in [tuple(columns), *rows])
