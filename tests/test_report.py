"""Rows in, words out."""

from __future__ import annotations

from typing import Any

import pytest

from archiver.archive import queries
from archiver.archive.queries import Status


def status_of(**changes: Any) -> Status:
    row = {"id": 1, "declared_parts": 30, "parts": 30, "safe": 30, "missing": 0, "is_asked": 1, "contest_days": None}
    return Status(
        series=[row | changes, row | {"id": 2}],
        parts={1: [{}], 2: [{}]},
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
    assert queries.all_safe(status_of(**changes)) is expected
