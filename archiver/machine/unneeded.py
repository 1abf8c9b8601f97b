"""Imports of libraries without what they import only for uses that nobody here has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(*packages: str) -> Iterator[None]:
    """Meanwhile packages that nobody has imported yet look as if they were not installed.

    For libraries that do without them: a None among the modules makes their import fail (language reference, 5.3.1).
    """
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
