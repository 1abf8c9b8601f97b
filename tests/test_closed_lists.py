"""A closed list is closed: whoever adds a member is told each place that must know it, in code, SQL and documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path

import pytest
import sqlite_utils
from archives import place
from parsed import nodes, tree

from archiver import model
from archiver.archive import columns, status
from archiver.browse import overview, render
from archiver.commands.listening import About
from archiver.formats.files import Format
from archiver.holders.save_page_meaning import Said
from archiver.holders.save_page_now import Seen
from archiver.model import CaptureSource, Kind, Outcome, PushState, Refused, State, readings
from archiver.report import why
from archiver.report.copies import HOLDERS
from archiver.verdict import believing
from archiver.web.pace import Trouble

ROOT = Path(__file__).parents[1]
CODE = [path for path in sorted((ROOT / "archiver").rglob("*.py")) if "standin" not in path.parts]
LISTS: dict[str, type[StrEnum]] = {
    closed.__name__: closed for closed in (Outcome, Kind, State, CaptureSource, PushState, Refused)
}
CLOSED = LISTS | {one.__name__: one for one in (About, Format, Said, Seen, Trouble)}  # and what stands in no column

# docs/law.md §2.1: what an outcome says depends on its group alone.
GROUPS = {
    "success": model.SUCCESSES,
    "absence": model.ABSENCES,
    "refusal": model.REFUSALS,
    "fault": model.FAULTS,
    "not read": model.NOT_READ,
    "not the page": {Outcome.MOVED, Outcome.NOT_HTML, Outcome.WRONG_PAGE, Outcome.OFF_SITE},
    "not asked": model.NOT_ASKED,
}
NO_CONNECTION = {Outcome.DNS_ERROR, Outcome.CONNECT_ERROR, Outcome.TLS_ERROR}
OF_ARCHIVES = set(CaptureSource) - {CaptureSource.LIVE, CaptureSource.IMPORT, CaptureSource.FEED}

# Which members each column of the archive may hold. An index names no index, a link names no page of ours.
CHECKED: dict[str, AbstractSet[StrEnum]] = {
    "captures.source": set(CaptureSource),
    "fetches.source": set(CaptureSource),
    "fetches.outcome": set(Outcome),
    "pages.kind": set(Kind),
    "pages.state": set(State),
    "state_changes.old_state": set(State),
    "state_changes.new_state": set(State),
    "pushes.state": set(PushState),
    "copies.holder": OF_ARCHIVES,
    "sources.kind": set(Kind) - {Kind.LINK, Kind.CONTROL, Kind.ROBOTS, Kind.IMAGE},
    "names.kind": set(Kind) - {Kind.LINK, Kind.CONTROL, Kind.ROBOTS, Kind.IMAGE, Kind.INDEX},
}

TOTAL_BY_WORDS = {  # tables that speak of members by their words, in rooms that start without `model`
    "browse.render._STATES": (render._STATES, set(State)),
    "browse.overview.GROUP_OF": (overview.GROUP_OF, set(Outcome)),
    "report.copies.HOLDERS": (HOLDERS, set(CaptureSource) - {CaptureSource.LIVE}),
    "report.why._RULES": (why._RULES, set(State)),
    "archive.status.ODD_STATES": (status.ODD_STATES, set(State) - {State.NEW, State.ALIVE}),
    "archive.columns.NOT_ASKED": (columns.NOT_ASKED, model.NOT_ASKED),
    "archive.columns.ABSENCES": (columns.ABSENCES, model.ABSENCES),
    "verdict.believing._SOURCE_RANK": (believing._SOURCE_RANK, set(CaptureSource)),
}


def words(members: object) -> set[str]:
    return {str(member) for member in members}  # type: ignore[attr-defined]


def test_every_outcome_belongs_to_one_group() -> None:
    grouped = [outcome for group in GROUPS.values() for outcome in group]

    assert sorted(grouped) == sorted(Outcome)
    assert model.TRANSIENT <= model.FAULTS


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each table and view of a new archive is made."""
    path = tmp_path_factory.mktemp("closed") / "a.db"
    place(path)
    rows = sqlite_utils.Database(path).query("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {row["name"]: row["sql"] for row in rows}


def test_each_check_of_the_archive_lists_every_member_that_the_column_may_hold(statements: dict[str, str]) -> None:
    found = {
        f"{table}.{column}": set(re.findall(r"'(\w+)'", listed))
        for table, sql in statements.items()
        for column, listed in re.findall(r"CHECK \((\w+) IN \(([^)]*)\)", sql)
    }

    assert {name: found[name] for name in CHECKED} == {name: words(members) for name, members in CHECKED.items()}
    unknown = {name for name, listed in found.items() if listed and any(listed <= words(one) for one in LISTS.values())}
    assert unknown == CHECKED.keys()  # a column of a closed list that stands not in CHECKED


def lists_of_outcomes(text: str) -> Iterator[set[str]]:
    """Each list of SQL in which at least two outcomes stand."""
    for listed in re.findall(r"\bIN\s*\(([^()]*)\)", text):
        found = set(re.findall(r"'(\w+)'", listed))
        if len(found & words(Outcome)) > 1 and not found <= words(State):
            yield found


def test_sql_lists_outcomes_by_whole_groups(statements: dict[str, str]) -> None:
    """A query that writes half a group down, or one that has grown since, would be wrong in silence."""
    whole = [words(group) for group in GROUPS.values()] + [
        words(Outcome),
        words(NO_CONNECTION),
        words(model.FAULTS | {Outcome.SKIPPED}),
    ]
    texts = {**statements, **{str(path.relative_to(ROOT)): path.read_text("utf-8") for path in CODE}}

    odd = {name: found for name, text in texts.items() for found in lists_of_outcomes(text) if found not in whole}

    assert odd == {}


def test_no_query_writes_down_itself_which_outcomes_asked_nobody() -> None:
    again = [path.name for path in CODE for found in lists_of_outcomes(path.read_text("utf-8")) if "skipped" in found]

    assert again == []


@pytest.mark.parametrize("name", TOTAL_BY_WORDS)
def test_a_table_of_words_knows_every_member(name: str) -> None:
    listed, members = TOTAL_BY_WORDS[name]

    assert words(listed) == words(members)


def tables(tree: ast.Module) -> Iterator[tuple[str, str, set[str]]]:
    """Each dictionary of a module that is keyed by members of a closed list: its name, the list, the members."""
    for node in tree.body:
        if not (isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)):
            continue
        keys = [key for key in node.value.keys if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name)]
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        for closed in CLOSED.keys() & {ast.unparse(key.value) for key in keys}:
            yield ast.unparse(target), closed, {key.attr for key in keys}


def test_a_dictionary_that_is_looked_up_by_key_knows_every_member() -> None:
    """One with a default asks by `.get`; whatever is asked by `[…]` must be there."""
    missing = {}
    for path in CODE:
        text = path.read_text("utf-8")
        for name, closed, found in tables(tree(path)):
            if f"{name}[" in text and (left := CLOSED[closed].__members__.keys() - found):
                missing[f"{path.relative_to(ROOT)}: {name}"] = left

    assert missing == {}
    assert any(True for path in CODE for _ in tables(tree(path)))


def test_a_match_ends_in_assert_never() -> None:
    """So that mypy names each one that forgets a member."""
    open_ended = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in CODE
        for node in nodes(path)
        if isinstance(node, ast.Match) and not ast.unparse(node.cases[-1].body[0]).startswith("assert_never(")
    ]

    assert open_ended == []


def chains(function: ast.FunctionDef) -> Iterator[str]:
    """What a function compares with members of a closed list in three branches or more."""
    asked: dict[str, set[int]] = {}
    for branch in (node for node in ast.walk(function) if isinstance(node, ast.If)):
        for one in ast.walk(branch.test):
            if isinstance(one, ast.Compare) and re.search(rf"\b({'|'.join(CLOSED)})\.[A-Z]", ast.unparse(one)):
                asked.setdefault(ast.unparse(one.left), set()).add(branch.lineno)
    yield from (subject for subject, lines in asked.items() if len(lines) > 2)


def test_who_goes_through_a_closed_list_branch_by_branch_does_so_with_match() -> None:
    """So that no new member falls to the last branch unseen."""
    found = [
        f"{path.relative_to(ROOT)}: {function.name}: {subject}"
        for path in CODE
        for function in nodes(path)
        if isinstance(function, ast.FunctionDef)
        for subject in chains(function)
    ]

    assert found == []


def test_whoever_holds_copies_is_asked_for_them() -> None:
    asked = set(re.findall(r"CaptureSource\.([A-Z_]+)", (ROOT / "archiver/commands/searching.py").read_text("utf-8")))

    assert {one.name for one in OF_ARCHIVES} - asked == set()


def test_what_pages_say_is_used_by_some_room() -> None:
    """A field that parsers fill and nobody reads is stored nowhere: it would be lost in silence."""
    read = {node.attr for path in CODE for node in nodes(path) if isinstance(node, ast.Attribute)}
    values = [one for one in vars(readings).values() if isinstance(one, type) and is_dataclass(one)]
    unread = [f"{one.__name__}.{field.name}" for one in values for field in fields(one) if field.name not in read]

    assert unread == []
    assert len(values) > 15


def named(line: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", line))


def rows_of(document: str, heading: str) -> dict[str, set[str]]:
    """The rows of the first table under a heading: first cell → what stands as code in the row."""
    text = (ROOT / "docs" / document).read_text("utf-8").split(f"\n{heading}", 1)[1]
    table = text.split("\n|", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {row.split("|")[1].strip(" `"): named(row) for row in table}


def test_the_page_on_reliability_tells_what_leaves_each_outcome() -> None:
    rows = rows_of("reliability.md", "## What each fault leaves behind")

    assert set().union(*rows.values()) == words(Outcome) - words(model.SUCCESSES)


@pytest.mark.parametrize("closed", [State, CaptureSource, PushState])
def test_a_document_that_lists_most_members_lists_all(closed: type[StrEnum]) -> None:
    lines = [
        (path.name, number, found)
        for path in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "README.zh-TW.md"]
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(found := named(line) & words(closed)) > len(closed) / 2
    ]

    assert lines
    assert [line for line in lines if line[2] != words(closed)] == []
