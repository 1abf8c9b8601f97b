"""Every word that a person reads, and every JSON document: rows and values in, text out. Nothing below imports it.

Here is what `archiver status` needs, which must start fast; every other module is imported by itself.
"""

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

__all__ = [
    "EVENT_COLUMNS", "PART_COLUMNS", "SERIES_COLUMNS", "attention_table", "collapse_notes", "drift_notes", "duration",
    "events_table", "held_lines", "last_run_line", "minute", "requests", "series_notes", "series_table", "status_json",
    "tab_separated",
]  # fmt: skip
