"""Rows in, words out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archives import place

from archiver.archive import history
from archiver.archive.opening import reading
from archiver.archive.part_copies import PartCopies
from archiver.archive.status import Drift, SeriesStatus, Status


def status_of(**changes: Any) -> Status:
    whole: dict[str, Any] = dict.fromkeys(SeriesStatus._fields) | {
        "id": 1,
        "declared_parts": 30,
        "parts": 30,
        "safe": 30,
        "missing": 0,
    }
    row = SeriesStatus(**(whole | {"is_asked": True}))
    return Status(
        series=[row._replace(**changes), row._replace(id=2)],
        parts={1: [], 2: []},
        homeless=[],
        dropped=[],
        cited=[],
        unheard_hints=[],
        unsettled=[],
        last_run=None,
        problems=[],
        drift=[],
        collapsed=[],
        events=[],
        images={},
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"missing": 1, "safe": 29}, False),
        ({"parts": 10, "safe": 10}, False),  # the site declares more than we know of
        ({"parts": 31, "safe": 31}, True),  # one was deleted there and is held here
        ({"parts": 0, "safe": 0, "declared_parts": None}, False),  # nothing is known of it yet
        ({"parts": 0, "safe": 0, "declared_parts": 0}, True),  # the site says that it is empty
        ({"parts": 0, "safe": 0, "declared_parts": 0, "contest_days": 15}, False),  # it had articles once
        ({"declared_parts": None}, True),
    ],
)
def test_everything_is_safe_only_when_nothing_is_missing_or_unknown(changes: dict[str, Any], expected: bool) -> None:
    assert status_of(**changes).all_safe() is expected


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (PartCopies, "copies_of_parts"), (Drift, "parser_drift"), (history.PageRow, "pages"),
        (history.PartRow, "parts"),
        (history.FetchRow, "whole_fetches"), (history.EditRow, "edits"), (history.ProblemRow, "parse_problems"),
        (history.EventRow, "events"), (history.PushRow, "pushes"), (history.LostField, "lost_fields"),
    ],
)  # fmt: skip
def test_what_is_told_as_a_row_has_every_column_of_it(tmp_path: Path, kind: type[Any], table: str) -> None:
    place(tmp_path / "a.db")
    with reading(tmp_path / "a.db") as connection:
        columns = [column[0] for column in connection.execute(f"SELECT * FROM {table}").description]

    assert list(kind._fields)[: len(columns)] == columns
