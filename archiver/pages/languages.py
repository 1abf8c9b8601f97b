"""The language of code that nobody declared, guessed by Magika (the extra `languages`; why: docs/design.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

_ENOUGH = 40  # characters; what is shorter could be anything
_LOOKED_AT = 4_096  # of a long block
_SURE = 0.9
_NAMES = {"shell": "bash", "c": "c", "cs": "csharp", "makefile": "makefile", "objectivec": "objective-c"}
_NO_LANGUAGE = frozenset({"txt", "unknown", "empty", "undefined", "markdown", "batch"})


_GUESSING = ContextVar("guessing", default=True)


@contextlib.contextmanager
def as_declared() -> Iterator[None]:
    """Inside, nothing is guessed: for who reads a page again of which the archive holds what was guessed."""
    token = _GUESSING.set(False)
    try:
        yield
    finally:
        _GUESSING.reset(token)


def guess(code: str) -> str | None:
    """The language that a block is surely in; None when that is not sure, or the extra is not installed."""
    model = _model() if _GUESSING.get() else None
    if model is None or len(code.strip()) < _ENOUGH:
        return None
    found = model.identify_bytes(code[:_LOOKED_AT].encode("utf-8", "replace"))
    label = str(found.output.label)
    if found.score < _SURE or label in _NO_LANGUAGE or str(found.output.group) not in {"code", "text"}:
        return None
    return _NAMES.get(label, label)


@cache
def _model() -> Any:
    """The model, loaded once when the first undeclared block needs it."""
    with contextlib.suppress(ImportError):
        from magika import Magika

        return Magika()
    return None
