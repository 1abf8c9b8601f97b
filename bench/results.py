"""What was measured last, kept between runs: a whole one takes long, and one part of it may be measured anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.table import Growth, Row


class Results:
    """The rows of each work, with the commit at which they were measured."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def _held(self) -> dict[str, Any]:
        """Read each time: two benches may measure two works at once."""
        held: dict[str, Any] = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}
        return held

    def keep(self, name: str, commit: str, rows: Iterable[Row | Growth], sizes: Sequence[int] = ()) -> None:
        """Keep the rows of one work in place of those before."""
        kept = self._held | {name: {"commit": commit, "rows": [asdict(row) for row in rows], "sizes": list(sizes)}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")

    def rows(self, name: str) -> list[Row]:
        """The rows of a work; none where it was never measured."""
        held = self._held.get(name, {"rows": []})["rows"]
        return [Row(**{**row, "peers": tuple((who, value) for who, value in row["peers"])}) for row in held]

    def growth(self, name: str) -> tuple[tuple[int, ...], list[Growth]]:
        """The sizes and rows of the table of growth."""
        held = self._held.get(name, {"rows": [], "sizes": []})
        rows = [
            Growth(**{**row, "costs": tuple(cost if cost is None else (cost[0], cost[1]) for cost in row["costs"])})
            for row in held["rows"]
        ]
        return tuple(held["sizes"]), rows

    def commits(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Which works were measured at which commit."""
        found: dict[str, list[str]] = {}
        held = self._held
        for name in names:
            if name in held:
                found.setdefault(held[name]["commit"], []).append(name)
        return found
