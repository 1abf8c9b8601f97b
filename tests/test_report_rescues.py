"""The words of what a rescue came to: what was found with whom, what was not and why, and what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import article
from test_report_fetches import HELD, closed

from archiver.archive.copy_rows import WantedPage
from archiver.commands.rescuing import Looked, Rescued, RescueOptions
from archiver.commands.searching import Findings
from archiver.model import Address, CaptureSource, CopyKey, Kind
from archiver.report import rescues

NOON = datetime(2023, 9, 20, 12, 0, tzinfo=UTC)
PART, PICTURE = article(5), Address("https://i.example/1.png", Kind.IMAGE)
ALL = RescueOptions()
COPIES: list[CopyKey] = [(CaptureSource.WAYBACK, "https://a.example/", day) for day in ("20230920", "20230921")]
AGAIN = "Run the same command again to go on."
TRY_LATER = "No archive answered: nothing changed. Run the same command again later."


def findings(address: Address = PART, **given: Any) -> Findings:
    return Findings(WantedPage(1, address, None, 7, None), **given)


def found(address: Address = PART, source: CaptureSource = CaptureSource.WAYBACK, **given: Any) -> Findings:
    told: dict[str, Any] = {"url": "https://web.example/5", "made_at": NOON}
    return findings(address, source=source, **(told | given))


def rescued(*looked_for: Findings, whole: bool = True, options: RescueOptions = ALL, **given: Any) -> Rescued:
    names = ("refused", "down", "answered")
    looked = {"answered": frozenset({"a.example"})} | {name: given.pop(name) for name in names if name in given}
    return Rescued(options, Looked(looked_for, **looked), whole, closed(**given))


def lines(*looked_for: Findings, **given: Any) -> list[str]:
    told = list(rescues.summary(rescued(*looked_for, **given)).lines)
    assert told.pop() == HELD, "how all stands is said last"
    return told


NOBODY = ["no copy: 5: nobody was asked", "  a person may look at "]


@pytest.mark.parametrize(
    ("looked_for", "given", "expected"),
    [
        ([], {}, ["No part is missing: there is nothing to rescue."]),
        ([], {"whole": False}, ["No part that is known is missing: there is nothing to rescue."]),
        ([], {"ended_by": "limit", "answered": frozenset()}, [f"Stopped at the limit of requests. {AGAIN}"]),
        ([found()], {}, ["rescued: 5: the Wayback Machine, of 2023-09-20: https://web.example/5"]),
        ([found(PICTURE)], {}, [f"rescued: {PICTURE.url}: the Wayback Machine, of 2023-09-20: https://web.example/5"]),
        ([found(source=CaptureSource.FEED, made_at=None)], {},
         ["rescued: 5: the series feed (its punctuation is lost): https://web.example/5"]),
        ([findings(said=["a: none", "b: none", "a: none"], for_people=["https://x.example", "https://y.example"])], {},
         ["no copy: 5: a: none; b: none", "  a person may look at https://x.example, https://y.example"]),
        ([findings(said=["s" * 601])], {}, [f"no copy: 5: {'s' * 599}…", "  a person may look at "]),
        ([findings()], {"answered": frozenset()}, [*NOBODY, TRY_LATER]),
        ([findings(), found()], {"answered": frozenset()},
         ["rescued: 5: the Wayback Machine, of 2023-09-20: https://web.example/5", *NOBODY]),
        ([findings(waiting=set(COPIES), tried={COPIES[0]})], {},
         [*NOBODY, f"Copies that are named and were not tried yet: 1. {AGAIN}"]),
        ([findings(waiting=set(COPIES))], {"ended_by": "limit"},
         [*NOBODY, f"Stopped at the limit of requests. {AGAIN}"]),
        ([found(waiting=set(COPIES))], {}, ["rescued: 5: the Wayback Machine, of 2023-09-20: https://web.example/5"]),
        ([findings()], {"down": {"a": "a is down"}, "refused": {"b": "b" * 301}},
         [*NOBODY, "a is down; the others were asked.", f"{'b' * 299}…; the others were asked."]),
        ([findings()], {"down": {"a": "a is down"}, "answered": frozenset()}, [*NOBODY, "a is down.", TRY_LATER]),
        ([findings()], {"down": {"a": "a is down"}, "ended_by": "limit"},
         [*NOBODY, "a is down.", f"Stopped at the limit of requests. {AGAIN}"]),
        ([found(versions=2, waiting=set(COPIES)), findings(versions=1)], {"options": RescueOptions(history=True)},
         ["2 parts asked for; 3 versions kept that had not been held.",
          f"Copies that are named and were not tried yet: 2. {AGAIN}"]),
        ([findings()], {"options": RescueOptions(check=True)},
         ["1 part asked for; `archiver status --copies` shows who holds what."]),
        ([findings()], {"ended_by": "interrupted"},
         [f"Interrupted; everything rescued so far is stored. {AGAIN}", *NOBODY]),
    ],
)  # fmt: skip
def test_each_line_stands_where_its_reason_is(
    looked_for: list[Findings], given: dict[str, Any], expected: list[str]
) -> None:
    assert lines(*looked_for, **given) == expected


def test_the_document_says_the_same() -> None:
    missing = findings(said=["none"], for_people=["https://x.example"], waiting=set(COPIES), tried={COPIES[0]})
    told = rescues.summary(rescued(found(), missing, refused={"b": "no"}, down={"a": "down"})).document

    assert told["rescued"] == [
        {"id": 5, "page": article(5).url, "source": "wayback", "url": "https://web.example/5",
         "made_at": "2023-09-20T12:00:00Z"},
    ]  # fmt: skip
    assert told["not_found"] == [
        {"id": 5, "page": article(5).url, "said": ["none"], "look_at": ["https://x.example"], "copies_left": 1},
    ]
    assert (told["refused_hosts"], told["down_hosts"]) == ({"b": "no"}, {"a": "down"})
