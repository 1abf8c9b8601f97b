"""Measures everything that has a bar, beside its peers, and prints two tables.

    python -m bench [--quick] [--only NAME]... [--peers DIR | --no-peers] [--cache DIR] [--write]

What was measured is kept in the cache, so that `--only NAME --write` renews one part of docs/performance.md.
The second table is of 300, 1,500 and 5,000 series, or of those that --sizes names. The archive of 5,000 takes twenty
minutes to make and has two gigabytes; it is kept, and copied for each measurement.
`suite` and `cores` are measured when they are named (--only), since they say something only where nothing else runs.
Run it from a checkout, with the Python that has the program and its extra `datasette`. It makes a virtual environment
for the peers, and archives that it keeps between runs. Only ratios count on a machine that does other things as well.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import growth, peers
from bench.measure import ROOT
from bench.peers import Peers
from bench.results import Results
from bench.setting import FULL, QUICK, TINY, Setting, of_sizes
from bench.table import growth_markdown, markdown
from bench.works import ON_REQUEST, WORKS

PAGE = ROOT / "docs/performance.md"
GROWTH = "growth"
ALL = (*WORKS, *ON_REQUEST, GROWTH)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    parser.add_argument("--tiny", action="store_true", help="one round of almost nothing: only to see that it runs")
    parser.add_argument(
        "--only", action="append", choices=ALL, metavar="NAME",
        help=f"measure this alone; more than once for several: {', '.join(ALL)}",
    )  # fmt: skip
    parser.add_argument("--sizes", help="series of the archives of the second table, such as 300,1500")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "archiver-bench"
    parser.add_argument("--cache", type=Path, default=cache, help="where archives are kept between runs")
    parser.add_argument("--peers", type=Path, help="the virtual environment of the peers (default: in the cache)")
    parser.add_argument(
        "--renew", action="store_true", help="bring kept archives to today's shape; their size is then an older one's"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure this program alone")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/performance.md")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; gives 1 when a bar is not kept."""
    options = _options(arguments)
    scale = TINY if options.tiny else QUICK if options.quick else FULL
    if options.sizes:
        scale = of_sizes(scale, tuple(int(size) for size in options.sizes.split(",")))
    others = peers.NOBODY if options.no_peers else peers.ready((options.peers or options.cache / "peers").resolve())
    named = "tiny" if options.tiny else "quick" if options.quick else "full"
    results = Results(options.cache / f"results-{named}.json")
    kept = True
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        setting = Setting(scale, others, options.cache.resolve(), Path(folder), options.renew)
        for name in options.only or [*WORKS, GROWTH]:
            print(f"{name} …", file=sys.stderr, flush=True)
            if name == GROWTH:
                grown = growth.measured(setting)
                print("\n".join(growth_markdown(scale.growth, grown)), flush=True)
                results.keep(name, _commit(), grown, scale.growth)
            else:
                found = (WORKS | ON_REQUEST)[name](setting)
                print("\n".join(markdown(found)), flush=True)
                results.keep(name, _commit(), found)
                kept = kept and all(row.keeps(row.bar) is not False for row in found)
    if options.write:
        PAGE.write_text(_page(results, others), "utf-8")
    return int(not kept)


def _page(results: Results, others: Peers) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in others.versions.items())
    tools = "".join(f", {Path(one).name}" for one in (others.wget, others.pandoc) if one)
    machine = f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), Python {platform.python_version()}"
    states = "; ".join(f"{commit}: {', '.join(names)}" for commit, names in results.commits(ALL).items())
    said = (
        f"Last measured on {datetime.now(UTC):%Y-%m-%d}, on {machine}; other work ran on the machine. Peers: {versions}"
        f"{tools}. CPU time is user and system time of a process and its children, the median of rounds in which ours"
        f" and the peers take turns; so the ratios say more than the figures. Commits measured: {states}."
    )
    lines = [
        "# Performance",
        "",
        "Written by `python -m bench --write`; not to be edited. What is measured, against whom and how: `bench/`.",
        "",
        *textwrap.wrap(said, 118, break_on_hyphens=False),
        "",
        "## Beside others",
        "",
        *markdown(row for name in ALL if name != GROWTH for row in results.rows(name)),
    ]
    sizes, grown = results.growth(GROWTH)
    if grown:
        lines += [
            "",
            "## How it grows",
            "",
            "CPU time and peak of memory of the same work at archives of several sizes; a series has thirty parts.",
            "",
            *growth_markdown(sizes, grown),
        ]
    return "\n".join(lines) + "\n"


def _commit() -> str:
    """The last commit that changed the program itself."""
    asked = ["git", "log", "-1", "--format=%h", "--", "archiver"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
