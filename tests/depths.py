"""How deep a test looks: enough to notice a break in every run, and more with `pytest --long` (conftest.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import settings

ORDINARY, LONG = "suite", "long"
_TIMES = 20  # so many times deeper

Case = TypeVar("Case")

settings.register_profile(ORDINARY, max_examples=25, deadline=None)
settings.register_profile(LONG, max_examples=1_000, deadline=None)


def is_long() -> bool:
    """Whether `--long` was asked for."""
    return settings.get_current_profile_name() == LONG


def depth(ordinary: int, long: int | None = None) -> int:
    """So many examples, kills or cases: `ordinary` in every run; with `--long`, `long` or twenty times as many."""
    return ordinary if not is_long() else long or ordinary * _TIMES


def every(step: int, cases: list[Case]) -> list[Case]:
    """All of the cases with `--long`, otherwise every `step`th of them, with the first and the last."""
    return cases if is_long() else [*cases[:-1:step], *cases[-1:]]


def deeper(*values: object) -> ParameterSet:
    """One parameter set of a test that only `--long` runs; another that every run has shows the same behaviour."""
    return pytest.param(*values, marks=pytest.mark.long)


def always(cases: Iterable[str], *named: str) -> list[str | ParameterSet]:
    """Cases of a test by their names: those that are named here in every run, the others with `--long`."""
    there = list(cases)
    assert set(named) <= set(there), "a case that is not there"
    return [name if name in named else deeper(name) for name in there]
