"""Every word that a person reads, and every JSON document: rows and values in, text out. Nothing below imports it.

What a run came to stands in `runs`, which is imported by itself: `archiver status` must start fast.
"""

from archiver.report.copies import COPY_COLUMNS, HOLDERS, copies_notes, copies_table, rescued_line
from archiver.report.status import (
    EVENT_COLUMNS,
    PART_COLUMNS,
    SERIES_COLUMNS,
    attention_table,
    collapse_notes,
    drift_notes,
    duration,
    events_table,
    held_lines,
    last_run_line,
    minute,
    requests,
    series_notes,
    series_table,
    status_json,
    tab_separated,
)
from archiver.report.why import rule, why_json, why_text

__all__ = [
    "COPY_COLUMNS", "EVENT_COLUMNS", "HOLDERS", "PART_COLUMNS", "SERIES_COLUMNS", "attention_table",
    "collapse_notes", "copies_notes", "copies_table", "drift_notes", "duration", "events_table", "held_lines",
    "last_run_line", "minute", "requests", "rescued_line", "rule", "series_notes", "series_table",
    "status_json", "tab_separated", "why_json", "why_text",
]  # fmt: skip
