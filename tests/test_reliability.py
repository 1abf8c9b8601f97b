"""docs/reliability.md promises nothing that no test keeps, and its table has every outcome."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archiver.model import Outcome

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs/reliability.md").read_text("utf-8")
PROMISES = re.findall(r"^- \*\*.*(?:\n  .*)*", PAGE, re.MULTILINE)
NAMED = re.compile(r"`(test_\w+\.py)`:((?:\s*`test_\w+`,?)+)")


def named(text: str) -> list[tuple[str, str]]:
    """Every test that a text names, as (file, test)."""
    return [(file, test) for file, tests in NAMED.findall(text) for test in re.findall(r"`(\w+)`", tests)]


@pytest.mark.parametrize("promise", PROMISES, ids=[re.sub(r"\W+", " ", text)[:40].strip() for text in PROMISES])
def test_a_promise_names_tests_that_exist(promise: str) -> None:
    kept_by = named(promise)
    missing = [
        (file, test)
        for file, test in kept_by
        if f"\ndef {test}(" not in ((TESTS / file).read_text("utf-8") if (TESTS / file).exists() else "")
    ]

    assert kept_by
    assert not missing


def test_no_test_is_named_where_it_is_not_looked_for() -> None:
    everywhere = re.findall(r"`(test_\w+)`", PAGE)

    assert len(PROMISES) > 20
    assert sorted(everywhere) == sorted(test for promise in PROMISES for _, test in named(promise))


def test_the_table_has_every_outcome_and_no_other() -> None:
    table = PAGE[PAGE.index("| what happened") :]
    words = {word for row in table.splitlines()[2:] for word in re.findall(r"`(\w+)`", row.split("|")[2])}

    assert words == {outcome.value for outcome in Outcome} - {"ok", "unchanged"}
