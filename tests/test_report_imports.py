"""The words of what an import came to, file by file."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_report_fetches import HELD, closed

from archiver.commands.imported import Imported, ImportedFile, ImportedPage
from archiver.errors import UnusableFile
from archiver.formats.files import File, Format
from archiver.model import Kind, Outcome
from archiver.report import imports

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NO_FILE = "no file; nothing of it was imported"
ARTICLE, SERIES = "https://ithelp.ithome.com.tw/articles/5", "https://ithelp.ithome.com.tw/users/1/ironman/7"


def page(url: str = ARTICLE, outcome: Outcome = Outcome.OK, **given: Any) -> ImportedPage:
    told: dict[str, Any] = {"kind": Kind.ARTICLE, "reason": "a reason", "made_at": NOON, "place": "", "title": "Day 5",
                            "article_id": 5 if url == ARTICLE else None}  # fmt: skip
    return ImportedPage(url=url, outcome=outcome, **(told | given))


def image(number: int = 1, outcome: Outcome = Outcome.OK) -> ImportedPage:
    return page(f"https://i.example/{number}.png", outcome, kind=Kind.IMAGE, title="")


def file(*results: ImportedPage, **given: Any) -> ImportedFile:
    told: dict[str, Any] = {"name": "a.warc", "taken": True}
    return ImportedFile(results=list(results), **(told | given))


def lines(*files: ImportedFile, **given: Any) -> list[str]:
    return list(imports.summary(Imported(files, **given)).lines)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (file(page()), ["a.warc: 1 of 1 pages kept: 5 Day 5"]),
        (file(page(SERIES, title="")), [f"a.warc: 1 of 1 pages kept: {SERIES}"]),
        (file(page(), page(SERIES)), ["a.warc: 2 of 2 pages kept"]),
        (file(page(), image(), image(2)), ["a.warc: 1 of 1 pages kept and 2 images: 5 Day 5"]),
        (file(page(), image(outcome=Outcome.TRUNCATED)),
         ["a.warc: 1 of 1 pages kept: 5 Day 5", "  not kept: https://i.example/1.png: truncated: a reason"]),
        (file(page("u" * 201)), [f"a.warc: 1 of 1 pages kept: {'u' * 199}… Day 5"]),
        (file(), ["a.warc: no page in it that is kept here"]),
        (file(taken=False), ["a.warc: interrupted before anything of it was taken"]),
        (file(page(outcome=Outcome.SOFT_404, reason="r" * 201), passed=Counter({"forms": 1, "scripts": 2})),
         ["a.warc: 0 of 1 pages kept", f"  not kept: 5 Day 5: soft_404: {'r' * 199}…",
          "  passed over: 2 scripts, 1 forms"]),
        (file(error=UnusableFile("no file of ours")), []),
    ],
)  # fmt: skip
def test_a_file_is_told_with_what_was_kept_of_it(of: ImportedFile, expected: list[str]) -> None:
    assert lines(of) == expected


@pytest.mark.parametrize(("count", "more"), [(8, 0), (9, 1), (11, 3)])
def test_eight_pages_that_were_not_kept_are_told_and_the_others_counted(count: int, more: int) -> None:
    told = lines(file(*(image(number, Outcome.NOT_FOUND) for number in range(count))))

    assert sum(line.startswith("  not kept: https://i.example/") for line in told) == 8
    assert told[9:] == ([f"  … and {more} more; `archiver why ID` explains each"] if more else [])


def test_what_no_source_asks_for_is_named_with_how_to_follow_it() -> None:
    named = tuple(f"https://ithelp.ithome.com.tw/articles/{number}" for number in range(1, 5))
    follow = f"To follow its series, name it: `archiver fetch {named[0]}`, or put its index or series into the config."

    assert lines(unasked=named[:3]) == [f"3 kept that no source asks for: {', '.join(named[:3])}. {follow}"]
    assert lines(unasked=named) == [f"4 kept that no source asks for: {', '.join(named[:3])}, …. {follow}"]
    assert lines(unasked=["u" * 101])[0].count(f"{'u' * 99}…") == 2


def test_how_all_stands_and_an_interruption_are_told_where_there_was_a_run() -> None:
    assert lines(file(page()), closed=closed()) == ["a.warc: 1 of 1 pages kept: 5 Day 5", HELD]
    assert lines(closed=closed(ended_by="interrupted"))[0] == (
        "Interrupted; what was taken so far is stored. Run the same command again to go on."
    )
    assert lines(no_archive=True) == ["Nothing was kept, so no archive was made."]


def test_the_document_has_every_response_and_the_errors_first() -> None:
    files = (file(page(place="entry 3"), image(), passed=Counter({"forms": 1})), file(error=UnusableFile("no file")))
    bare = imports.summary(Imported(files)).document
    whole = imports.summary(Imported(files, closed=closed())).document

    assert bare["files"] == whole["files"]
    assert bare["files"][0] == {
        "name": "a.warc", "format": None, "sha256": None, "error": None, "pages": 1, "kept": 1,
        "passed_over": {"forms": 1},
        "results": [
            {"url": ARTICLE, "kind": "article", "outcome": "ok", "reason": "a reason",
             "made_at": "2026-11-23T12:00:00Z", "place": "entry 3", "title": "Day 5"},
            {"url": "https://i.example/1.png", "kind": "image", "outcome": "ok", "reason": "a reason",
             "made_at": "2026-11-23T12:00:00Z", "place": "", "title": ""},
        ],
    }  # fmt: skip
    assert bare["files"][1]["error"] == NO_FILE
    assert {name: bare[name] for name in ("run_id", "ended_by", "requests", "series", "last_run")} == {
        "run_id": None, "ended_by": None, "requests": 0, "series": [], "last_run": None,
    }  # fmt: skip
    assert bare["exit_code"] == 2
    assert bare["messages"] == [NO_FILE, "a.warc: 1 of 1 pages kept and 1 images: 5 Day 5", "  passed over: 1 forms"]
    assert whole["messages"] == [*bare["messages"], HELD]
    assert (whole["run_id"], whole["series"][0]["id"]) == (9, 7)


def test_the_document_names_a_file_by_its_format_and_digest_and_counts_no_picture_as_a_page() -> None:
    known = File(Path("a.warc"), "a.warc", Format.WARC, 1, "ab", NOON)
    (told,) = imports.summary(Imported((file(page(), image(), image(2), file=known),))).document["files"]

    assert (told["format"], told["sha256"], told["pages"], told["kept"]) == ("WARC", "ab", 1, 1)


def test_a_page_whose_series_nobody_named_is_told_by_the_command_that_names_it_offline() -> None:
    kept = ImportedFile("5.html", results=[page()], taken=True, path=Path("saved pages/5.html"))
    told = imports.summary(Imported((kept,), unasked=(ARTICLE,), archive=Path("mine.db"))).lines

    assert told[1:] == (
        (f"1 kept that no source asks for: {ARTICLE}."
         " A series is told and exported once it is named, which asks nobody:"),
        f"  `archiver import 'saved pages/5.html' --db mine.db --url {ARTICLE}`",
        f"To follow its series, name it: `archiver fetch {ARTICLE}`, or put its index or series into the config.",
    )  # fmt: skip
