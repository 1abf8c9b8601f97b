"""The code that tests read as code, parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """A Python file as its syntax says; not to be changed."""
    return ast.parse(path.read_text("utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that stands in it, what is around before what is within."""
    return tuple(ast.walk(tree(path)))
