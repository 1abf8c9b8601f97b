"""The works of the first table, by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from bench import archives, asking, exports, keeping, measure, site
from bench.setting import Setting
from bench.table import Row

Rows = Callable[[Setting], list[Row]]


def suite(setting: Setting) -> list[Row]:
    """README's test command, once, by the clock."""
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(measure.ROOT), str(measure.ROOT / "tests")]
    cost = measure.run(command, env=setting.env)
    return [Row("README's test command", "minutes", cost.wall_s / 60, bar=2, stretch=1)]


def cores(setting: Setting) -> list[Row]:
    """`verify` and `parse` of the large archive on all cores beside one, by the clock."""
    articles, rows = setting.scale.held * site.PARTS, []
    count = len(os.sched_getaffinity(0))
    for name in ("verify", "parse"):
        spans = {}
        for said, before in (("all", []), ("one", ["taskset", "-c", str(min(os.sched_getaffinity(0)))])):
            db = archives.change_of(setting.held(), setting.folder)
            spans[said] = measure.run([*before, *measure.archiver(name, "--db", db)], env=setting.env).wall_s
            db.unlink()
        said = f"`{name}` of {articles:,} articles on {count} cores"
        rows.append(Row(said, "s by the clock", spans["all"], (("one core", spans["one"]),), "one core", 0.7, 0.55))
    return rows


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
ON_REQUEST: dict[str, Rows] = {"suite": suite, "cores": cores}  # says something only where nothing else runs
