"""How long a whole run takes against the least it may take: N requests, D seconds apart.

    python bench/pace.py [DELAY]

The floor (issue 2): at most 1.02 x (N - 1) x D + 2 s, with no gap under D at the host.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from archiver import config, fetching
from archiver.standin import StandIn, demo_site


def main(arguments: list[str]) -> int:
    """Measure and print; gives 1 when the run is over the floor or a gap under the delay."""
    delay_s = float(arguments[0]) if arguments else 0.3
    settings = config.load_packaged()
    with tempfile.TemporaryDirectory() as folder, StandIn(demo_site()) as standin:
        network = replace(settings.network, connect_to=standin.connect_to, delay_s=delay_s)
        start = time.perf_counter()
        fetching.fetch(
            replace(settings, network=network), Path(folder) / "a.db", fetching.Options(quiet=True), tell=lambda _: None
        )
        took = time.perf_counter() - start
        starts = [entry.started for entry in standin.log]
    least = (len(starts) - 1) * delay_s
    gap = min(after - before for before, after in pairwise(starts))
    print(f"{len(starts)} requests, {delay_s} s apart: {took:.2f} s, {took / least:.3f} x the least ({least:.2f} s)")
    print(f"smallest gap at the host: {gap:.4f} s")
    return int(took > 1.02 * least + 2 or gap < delay_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
