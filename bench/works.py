"""The works of the first table, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import asking, exports, keeping, measure
from bench.setting import Setting
from bench.table import Row

Rows = Callable[[Setting], list[Row]]


def suite(setting: Setting) -> list[Row]:
    """README's test command, once, by the clock."""
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(measure.ROOT), str(measure.ROOT / "tests")]
    cost = measure.run(command, env=setting.env)
    return [Row("README's test command", "minutes", cost.wall_s / 60, bar=2, stretch=1)]


WORKS: dict[str, Rows] = {
    "reading": asking.reading,
    "crawling": asking.crawling,
    "pacing": asking.pacing,
    "starting": asking.starting,
    "indexing": keeping.indexing,
    "size": keeping.size,
    "searching": keeping.searching,
    "revisiting": keeping.revisiting,
    "showing": keeping.showing,
    "proving": keeping.proving,
    "exporting": exports.exporting,
}
ON_REQUEST: dict[str, Rows] = {"suite": suite}  # says something only where nothing else runs
