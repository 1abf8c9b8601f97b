"""The same work at archives of several sizes: nothing that a page, a list or a run costs should grow with them."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from bench import archives, site
from bench.measure import Cost, Failed, archiver, in_turns, inside, run
from bench.serving import archive_server
from bench.setting import Setting
from bench.table import Growth

Figure = tuple[float, float | None]
YEAR = 1_500  # series of a contest year: the size that has bars
# Name → the bars at that size, seconds of CPU and megabytes.
BARS: dict[str, tuple[float | None, float | None]] = {
    "`fetch` with nothing due": (1.0, 100),
    "`status`": (0.5, None),
    "`why` of an article": (0.2, None),
    "`search`": (0.2, None),
    "home page": (0.3, None),
    "an article's page": (0.2, None),
    "settle after a list page": (0.02, None),
    "close of a run": (0.02, None),
    "put what is due in order, once a run": (None, None),
    "next due page": (0.001, None),
    "count what is left": (0.001, None),
    "`verify`": (None, None),
    "`parse`": (None, None),
}


def measured(setting: Setting) -> list[Growth]:
    """Every work at every size."""
    found: dict[str, list[Figure | None]] = {name: [] for name in BARS}
    for series in setting.scale.growth:
        print(f"  growth: {series} series", file=sys.stderr, flush=True)
        figures = _at(setting, series)
        for name, costs in found.items():
            costs.append(figures.get(name))
    at = YEAR if YEAR in setting.scale.growth else None
    return [Growth(name, tuple(costs), *(BARS[name] if at else (None, None)), at) for name, costs in found.items()]


def _at(setting: Setting, series: int) -> dict[str, Figure]:
    kept = archives.kept(setting.cache, series, site.FEW_WORDS)
    db = archives.change_of(kept, setting.folder)
    config = setting.config(None, range(1, series + 1))
    article = str(site.part_ids(series // 2 + 1)[6])
    commands: dict[str, list[str | Path]] = {
        "`fetch` with nothing due": [*archiver("fetch", "-q", "--config", config, "--db", db)],
        "`status`": [*archiver("status", "--db", db)],
        "`why` of an article": [*archiver("why", article, "--db", db)],
        "`search`": [*archiver("search", "資料庫", "--db", db)],
    }

    def job(command: list[str | Path]) -> Callable[[], Cost]:
        return lambda: run(command, env=setting.env)

    rounds = max(setting.scale.rounds - 2, 1)
    figures: dict[str, Figure] = {
        name: (cost.cpu_s, cost.peak_mb)
        for name, cost in in_turns({name: job(command) for name, command in commands.items()}, rounds).items()
    }
    figures |= _shown(setting, db, article) | _inside(setting, db, series)
    if series <= setting.scale.verified:
        for name in ("verify", "parse"):
            cost = run(archiver(name, "--db", archives.change_of(kept, setting.folder)), env=setting.env)
            figures[f"`{name}`"] = (cost.cpu_s, cost.peak_mb)
    db.unlink()
    return figures


def _shown(setting: Setting, db: Path, article: str) -> dict[str, Figure]:
    """Pages of `archiver serve`, each asked once before it counts."""
    figures: dict[str, Figure] = {}
    with archive_server(db, setting.env) as pages:
        for name, path in (("home page", "/"), ("an article's page", f"/{{}}/articles/{article}")):
            place = path.format(pages.name())
            pages.cost(place)
            costs = [pages.cost(place) for _ in range(setting.scale.rounds)]
            figures[name] = statistics.median(cost.cpu_s for cost in costs), costs[-1].peak_mb
    return figures


def _inside(setting: Setting, db: Path, series: int) -> dict[str, Figure]:
    """Parts of a run. One process each time, since a cold cache is what a run has."""
    names = {
        "settle": "settle after a list page", "finish": "close of a run", "next": "next due page",
        "left": "count what is left", "begin": "put what is due in order, once a run",
    }  # fmt: skip
    try:
        costs = [
            run(inside("run", db, str(number)), env=setting.env).json()
            for number in range(1, min(setting.scale.rounds, series) + 1)
        ]
    except Failed as error:
        print(f"  {error}", file=sys.stderr)
        return {}
    return {said: (statistics.median(cost[name] for cost in costs), None) for name, said in names.items()}
