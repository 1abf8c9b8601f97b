"""The words of what an export came to: each line and its condition, and the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from told import made

from archiver.archive.status import ImageCount, PartStatus
from archiver.commands.exporting import BookExported, Exported, Unaccounted
from archiver.exports.writing import Written
from archiver.report import exports

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URL = "https://ithelp.ithome.com.tw/articles/5"
LOST: Any = {"id": 5, "url": URL, "title": "Day 5", "last_outcome": "not_found"}


def part(**given: Any) -> PartStatus:
    return made(PartStatus, LOST | given)


def book(parts: int = 3, *missing: PartStatus) -> BookExported:
    return BookExported("series-7", "A series", 7, parts, missing)


def exported(*books: BookExported, **given: Any) -> Exported:
    told: dict[str, Any] = {"written": (Written(Path("a.epub"), 2, 1_234_567),), "seen_until": NOON}
    return Exported("epub", books=books, **(told | given))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (exported(book()), ["a.epub  1.2 MB", "3 parts of 1 series, 3 held"]),
        (exported(book(1), book(2)), ["a.epub  1.2 MB", "3 parts of 2 series, 3 held"]),
        (exported(book(1), written=(Written(Path("a\x1b"), 1, 999), Written(Path("b"), 1, 1_000))),
         ["a  999 bytes", "b  1.0 kB", "1 part of 1 series, 1 held"]),
        (exported(book(1), written=(Written(Path("a"), 1, 999_999), Written(Path("b"), 1, 1_000_000))),
         ["a  1000.0 kB", "b  1.0 MB", "1 part of 1 series, 1 held"]),
        (exported(replace(book(), images=ImageCount(7, 4, 2, 1, "https://i.example/a.png")), written=()),
         ["3 parts of 1 series, 3 held",
          ("7: 2 of 4 images held; missing: https://i.example/a.png and 1 more;"
           " 1 of them never asked for, as `archiver fetch` does.")]),
        (exported(replace(book(), images=ImageCount(7, 4, 4, 0, None)), written=()), ["3 parts of 1 series, 3 held"]),
        (exported(book(), as_of=NOON, written=()),
         ["3 parts of 1 series, 3 held",
          "As the archive stood at 2026-11-23T12:00:00Z; it had last asked at 2026-11-23T12:00:00Z."]),
        (exported(book(3, part(), part(title=None, last_outcome=None)), written=()),
         ["3 parts of 1 series, 1 held", f"Missing: Day 5 ({URL}), not_found; its page says so.",
          f"Missing: 5 ({URL}), not asked yet; its page says so."]),
        (exported(book(9, part(title="t" * 61)), written=()),
         ["9 parts of 1 series, 8 held", f"Missing: {'t' * 59}… ({URL}), not_found; its page says so."]),
        (exported(book(9, *[part()] * 5), written=()),
         ["9 parts of 1 series, 4 held", *[f"Missing: Day 5 ({URL}), not_found; its page says so."] * 5]),
        (exported(book(9, *[part()] * 6), written=()),
         ["9 parts of 1 series, 3 held", *[f"Missing: Day 5 ({URL}), not_found; its page says so."] * 5,
          "1 more of series-7 are missing; see `archiver status`."]),
        (exported(book(), written=(), unaccounted=(Unaccounted(URL, None, 0, None), Unaccounted(URL, 7, 1, 30))),
         ["3 parts of 1 series, 3 held",
          f"Not whole: {URL}: no part of it is known, there may be more; see `archiver status`.",
          (f"Not whole: {URL}: 1 part known of the 30 that the site declares, there may be more; see `archiver"
           " status`.")]),
        (exported(book(), written=(), unreadable=(part(), part(title=None))),
         ["3 parts of 1 series, 3 held",
          *[(f"Unreadable: {name} ({URL}): a stored page of it yields no body any more; the text that was had from it"
             " stands there; see `archiver verify`.") for name in ("Day 5", "5")]]),
        (exported(book(), written=(), unreadable=(part(title="t" * 61),) * 6),
         ["3 parts of 1 series, 3 held",
          *[(f"Unreadable: {'t' * 59}… ({URL}): a stored page of it yields no body any more; the text that was had"
             " from it stands there; see `archiver verify`.")] * 5, "1 more parts are unreadable."]),
        (exported(book(), written=(), lost=1),
         ["3 parts of 1 series, 3 held",
          ("Lost: the bytes of 1 capture (images or answers) are not there, or are no longer those that came; they are"
           " not in it; see `archiver verify`.")]),
    ],
)  # fmt: skip
def test_each_line_stands_where_its_reason_is(found: Exported, expected: list[str]) -> None:
    assert list(exports.summary(found).lines) == expected


def test_five_that_are_unreadable_are_all_there_are_to_tell() -> None:
    lines = exports.summary(exported(book(), written=(), unreadable=(part(),) * 5)).lines

    assert len(lines) == 6


def test_the_document_says_all_of_it() -> None:
    found = exported(
        book(3, part()), unaccounted=(Unaccounted(URL, 7, 1, 30),), unreadable=(part(id=6),), lost=2, as_of=NOON,
        is_demonstration=True,
    )  # fmt: skip
    summary = exports.summary(found)

    assert summary.exit_code == 3
    assert summary.document == {
        "format": "epub", "exit_code": 3, "written": [{"path": "a.epub", "files": 2, "bytes": 1_234_567}],
        "series": [{"id": 7, "key": "series-7", "title": "A series", "parts": 3,
                    "images": 0, "images_held": 0, "missing": [{"id": 5, "url": URL, "last_outcome": "not_found"}]}],
        "unaccounted": [{"url": URL, "series_id": 7, "parts": 1, "declared_parts": 30}],
        "unreadable": [{"id": 6, "url": URL}], "lost": 2, "seen_until": "2026-11-23T12:00:00Z",
        "as_of": "2026-11-23T12:00:00Z", "is_demonstration": True, "messages": list(summary.lines),
    }  # fmt: skip
    assert exports.summary(exported(book())).document["as_of"] is None
