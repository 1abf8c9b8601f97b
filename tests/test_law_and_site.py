"""docs/law.md and docs/site.md say what the code does: their tables are the code's own numbers and closed lists."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver import cli, errors, model, pages, verdict
from archiver.archive import event_rows
from archiver.config.rules import Rules, Schedule
from archiver.model import Belief, Kind, Outcome, State
from archiver.pages.ithome import article, contest, feed

ROOT = Path(__file__).parents[1]
LAW = (ROOT / "docs/law.md").read_text("utf-8")
SITE = (ROOT / "docs/site.md").read_text("utf-8")
DAY = timedelta(days=1)
UNITS: dict[str, Any] = {"": 1, "letters": 1, "day": DAY, "days": DAY, "hours": DAY / 24}


def section(page: str, number: str) -> str:
    """The words of one numbered section, without those of the sections within it."""
    found = re.search(rf"^##+ {re.escape(number)}\.? .*?\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {number}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the table in a text, its head left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def constant(name: str) -> object:
    """The value of `module.NAME`, of the one module that is called so, wherever it stands."""
    module, _, wanted = name.partition(".")
    (path,) = (ROOT / "archiver").rglob(f"{module}.py")
    return getattr(importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)), wanted)


def test_the_laws_numbers_are_the_defaults() -> None:
    told = {name: float(number) for name, number, _ in rows(section(LAW, "1.1"))}

    tables = (("judgement", Rules()), ("schedule", Schedule()))
    assert told == {f"{table}.{one.name}": getattr(held, one.name) for table, held in tables for one in fields(held)}


def test_the_laws_constants_are_those_of_the_code() -> None:
    table = rows(section(LAW, "1.2"))

    assert len(table) > 10
    for name, shown, _ in table:
        number, _, unit = shown.partition(" ")
        assert constant(name) == int(number) * UNITS[unit], name


def test_the_law_names_every_outcome_in_its_group() -> None:
    told = {group: set(re.findall(r"[a-z_0-9]+", outcomes)) for group, outcomes, _ in rows(section(LAW, "2.1"))}

    groups = {
        "success": model.SUCCESSES, "absence": model.ABSENCES, "refusal": model.REFUSALS, "fault": model.FAULTS,
        "not read": model.NOT_READ, "not asked": model.NOT_ASKED,
    }  # fmt: skip
    others = set(Outcome) - set().union(*groups.values())
    assert told == {**{name: set(group) for name, group in groups.items()}, "not the page": others}


def test_the_law_names_every_state_every_end_and_every_exit_code() -> None:
    ends = re.search(r"ended_by IN \(([^)]*)\)", (ROOT / "archiver/archive/sql/001_tables.sql").read_text("utf-8"))
    codes = re.findall(r"^ +([0-9]+) +(.*)$", cli.EXIT_CODES, re.MULTILINE)

    assert [row[0] for row in rows(section(LAW, "4.1"))] == [state.value for state in State]
    assert ends is not None
    assert [row[0] for row in rows(section(LAW, "16.2"))] == re.findall(r"'([a-z]+)'", ends[1])
    assert [row[0].partition(",")[0] for row in rows(section(LAW, "16.3"))] == [code for code, _ in codes]
    raised = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "exit_code")}
    assert raised <= {int(code) for code, _ in codes}


def test_the_law_names_every_event_that_is_noted() -> None:
    noted = set()
    for call in ast.walk(ast.parse(inspect.getsource(event_rows))):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "note":
            kind = ast.unparse(call.args[2])
            noted |= {kind.replace("{via}", via).strip("f'") for via in event_rows._LISTS if kind != "kind"}

    assert set(re.findall(r"`([a-z_]+)`", section(LAW, "14.2"))) == noted
    assert [kind for kind in sorted(noted) if kind not in (event_rows.__doc__ or "").split("14).")[1]] == []


def test_the_page_on_parsers_names_each_of_them() -> None:
    page = (ROOT / "docs/pages.md").read_text("utf-8")

    parsers = {*pages.PARSERS.values(), *(layout.parser for layout in article.LAYOUTS), feed.ITEM_PARSER}
    assert set(re.findall(r"`([a-z0-9.-]+/[0-9]+)`", page)) == parsers


def test_the_words_of_the_design_name_every_kind_of_page() -> None:
    row = re.search(r"^\| page \|.*?: `([a-z ]+)` \|$", (ROOT / "docs/design.md").read_text("utf-8"), re.MULTILINE)

    assert row is not None
    assert set(row[1].split()) == set(Kind)


@pytest.mark.parametrize(
    ("outcome", "failures", "days"),
    [
        (Outcome.FORBIDDEN, 1, 0.04), (Outcome.FORBIDDEN, 3, 0.16), (Outcome.FORBIDDEN, 99, 720 * 0.04),
        (Outcome.TIMEOUT, 1, 0), (Outcome.TIMEOUT, 2, 0.04), (Outcome.TIMEOUT, 4, 0.28), (Outcome.MOVED, 1, 0),
    ],
)  # fmt: skip
def test_waits_after_failures_grow_as_the_law_says(outcome: Outcome, failures: int, days: float) -> None:
    asked = datetime(2026, 11, 25, tzinfo=UTC)
    belief = Belief(State.ALIVE, asked, asked, asked, outcome, failures)

    due = verdict.when_due("https://ithelp.ithome.com.tw/articles/10319293", Kind.ARTICLE, belief, None, Schedule())

    assert 0.9 * days <= (due - asked) / DAY <= days


def test_witnesses_are_as_many_as_the_law_says() -> None:
    assert [verdict.enough_witnesses(absent) for absent in (1, 2, 3, 8, 9, 30)] == [4, 6, 8, 18, 19, 40]


def test_the_editions_of_the_contest_are_those_of_the_site() -> None:
    for edition, year, path in rows(section(SITE, "10")):
        if path not in {"", "/ironman6"}:
            assert contest.named("", [path]) == contest.Contest(int(year), int(edition))
        assert contest.named(f"第 {edition} 屆 iThome 鐵人賽").year == int(year)


def test_every_fact_of_the_site_has_a_grade() -> None:
    grades = {row[0] for row in rows(section(SITE, "1"))}
    items = re.findall(r"^- (.*?)(?=\n- |\n\n|\Z)", SITE, re.MULTILINE | re.DOTALL)

    assert grades == {"R", "D", "C", "P", "W", "G"}
    hearsay = section(SITE, "7")  # graded as a whole
    assert [item for item in items if item.split()[-1] not in grades and item not in hearsay] == []
    for number in ("3.1", "5.1", "6.2"):
        assert all(set(row[-1].split()) <= grades and row[-1] for row in rows(section(SITE, number)))
