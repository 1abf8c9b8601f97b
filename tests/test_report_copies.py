"""The words of `status --copies`: who holds what, what hangs on one copy alone, and what was pushed."""

from __future__ import annotations

import pytest
from told import Row, made

from archiver.archive.part_copies import PartCopies
from archiver.report import copies

PART: Row = {
    "id": 5, "position": 5, "ours": "live", "wayback_at": "2023-09-20T12:00:00Z", "common_crawl_at": None,
    "other_archive_at": None, "imported_at": None, "copies": 2, "push": None, "push_reason": None, "title": "Day 5",
    "checked_at": "2026-11-23",
}  # fmt: skip


def of(rows: list[Row]) -> list[PartCopies]:
    return [made(PartCopies, row) for row in rows]


def copies_table(rows: list[Row]) -> list[tuple[str, ...]]:
    return copies.copies_table(of(rows))


def copies_notes(rows: list[Row]) -> list[str]:
    return copies.copies_notes(of(rows))


def rescued_line(rows: list[Row]) -> str:
    return copies.rescued_line(of(rows))


def test_a_part_has_a_row_with_the_day_of_each_copy() -> None:
    nobody = PART | {"position": None, "ours": None, "wayback_at": None, "copies": 0, "title": None}
    all_of_them = PART | {
        "common_crawl_at": "2023-01-01T", "other_archive_at": "2023-02-02T", "imported_at": "2023-03-03T",
        "push": "queued", "title": "x" * 81,
    }  # fmt: skip

    assert copies_table([PART, nobody, all_of_them]) == [
        ("5", "5", "live", "2023-09-20", "-", "-", "-", "2", "-", "Day 5"),
        ("5", "", "-", "-", "-", "-", "-", "0", "-", ""),
        ("5", "5", "live", "2023-09-20", "2023-01-01", "2023-02-02", "2023-03-03", "2", "queued", "x" * 79 + "…"),
    ]
    assert copies.COPY_COLUMNS == (
        "article", "part", "ours", "wayback", "common crawl", "other archive", "imported", "copies", "push", "title",
    )  # fmt: skip


def test_what_hangs_on_one_copy_or_none_is_named_up_to_ten() -> None:
    alone, nowhere = PART | {"copies": 1}, PART | {"copies": 0, "id": 6, "checked_at": None}
    fives, sixes = ", ".join(["5"] * 10), ", ".join(["6"] * 10)

    assert copies_notes([PART]) == ["1 parts: 0 hang on one copy alone, 0 are held by nobody known."]
    assert copies_notes([*[alone] * 10, *[nowhere] * 10]) == [
        "20 parts: 10 hang on one copy alone, 10 are held by nobody known.", f"one copy alone: {fives}",
        f"no copy known: {sixes}", "Of 10 nobody else was found or asked yet; `archiver rescue --check` asks.",
    ]  # fmt: skip
    assert copies_notes([*[alone] * 11, *[nowhere] * 11])[1:3] == [
        f"one copy alone: {fives}, …", f"no copy known: {sixes}, …",
    ]  # fmt: skip


GOES_ON = "`archiver push` goes on with those that are queued or pending."


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([None], []),
        (["confirmed", "confirmed"], ["Pushed to the Wayback Machine: 2 confirmed."]),
        (["queued", "confirmed"], ["Pushed to the Wayback Machine: 1 queued, 1 confirmed.", GOES_ON]),
        (["pending"], ["Pushed to the Wayback Machine: 1 pending.", GOES_ON]),
        (["refused", "mismatch"],
         ["Pushed to the Wayback Machine: 1 refused, 1 mismatch.", "push refused: 5: why", "push mismatch: 5: why"]),
        (["refused"] * 11, ["Pushed to the Wayback Machine: 11 refused.", *["push refused: 5: why"] * 10]),
    ],
)  # fmt: skip
def test_how_far_pushes_are_is_counted_and_those_that_failed_are_told(
    states: list[str | None], expected: list[str]
) -> None:
    assert copies_notes([PART | {"push": state, "push_reason": "why"} for state in states])[1:] == expected


def test_a_long_reason_is_cut() -> None:
    told = copies_notes([PART | {"push": "refused", "push_reason": "r" * 201}])
    assert told[-1] == f"push refused: 5: {'r' * 199}…"
    assert copies_notes([PART | {"push": "refused", "push_reason": None}])[-1] == "push refused: 5: "


def test_who_gave_what_is_one_line() -> None:
    held = [PART | {"ours": ours} for ours in ("live", "wayback", "wayback", "common_crawl", "import", None)]

    assert rescued_line(held) == (
        "6 parts · 5 safe (4 rescued): 2 from the Wayback Machine, 1 from Common Crawl, 1 from an imported file"
    )
    others = [PART | {"ours": ours} for ours in ("memento", "feed")]
    assert rescued_line(others).endswith(": 1 from another web archive, 1 from the series feed")
    assert rescued_line([PART]) == "1 parts · 1 safe (0 rescued)"
