"""Measured figures as values, and as tables that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of work: what it costs here and elsewhere, and what it may cost.

    With `base`, bar and stretch are multiples of that peer; without, they have the unit of `ours`. `at_least`: more is
    better, and the ratio says how many times less than the peer we cost.
    """

    work: str
    unit: str
    ours: float
    peers: tuple[tuple[str, float | None], ...] = ()  # None: could not be had
    base: str | None = None
    bar: float | None = None
    stretch: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours against the base; None where that could not be had."""
        base = dict(self.peers).get(self.base or "")
        if not base or not self.ours:
            return None
        return base / self.ours if self.at_least else self.ours / base

    def keeps(self, limit: float | None) -> bool | None:
        """Whether a bar is kept; None where there is none, or nothing to compare."""
        found = self.ratio if self.base else self.ours
        if limit is None or found is None:
            return None
        return found >= limit if self.at_least else found <= limit


def number(value: float | None) -> str:
    """A figure with three digits that count."""
    if value is None:
        return "not had"
    if value >= 100:
        return f"{value:,.0f}"
    for digits, least in ((1, 10.0), (2, 1.0), (3, 0.1)):
        if value >= least:
            return f"{value:.{digits}f}"
    return f"{value:.4f}" if value else "0"


def _limit(row: Row, limit: float | None) -> str:
    if limit is None:
        return "–"
    sign = "≥" if row.at_least else "≤"
    return f"{sign} {limit:g}" + ("×" if row.base else f" {row.unit}")


def markdown(rows: Iterable[Row]) -> list[str]:
    """The table of works."""
    lines = ["| work | peers | ours | ratio | bar | stretch | met |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        peers = "; ".join(f"{name} {number(value)}" for name, value in row.peers) or "–"
        ratio = "–" if row.ratio is None else f"{row.ratio:.3g}×"
        kept = row.keeps(row.bar)
        met = "–" if kept is None else "no" if not kept else "stretch" if row.keeps(row.stretch) else "yes"
        note = f" ({row.note})" if row.note else ""
        cells = (
            f"{row.work}, {row.unit}{note}", peers, number(row.ours), ratio, _limit(row, row.bar),
            _limit(row, row.stretch), met,
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


@dataclass(frozen=True, slots=True)
class Growth:
    """One kind of work at archives of several sizes: seconds of CPU, and megabytes at the peak where that is known."""

    work: str
    costs: tuple[tuple[float, float | None] | None, ...]  # in the order of the sizes; None: not measured
    bar_s: float | None = None
    bar_mb: float | None = None
    at: int | None = None  # the size to which the bars belong


def growth_markdown(sizes: Sequence[int], rows: Iterable[Growth]) -> list[str]:
    """The table of growth."""
    heads = " | ".join(f"{size:,} series" for size in sizes)
    lines = [f"| work | {heads} | bar | met |", "|---|" + "---|" * len(sizes) + "---|---|"]
    for row in rows:
        cells = [
            "–" if cost is None else _time(cost[0]) + (f", {cost[1]:.0f} MB" if cost[1] is not None else "")
            for cost in row.costs
        ]
        bar = ", ".join([*([_time(row.bar_s)] if row.bar_s else []), *([f"{row.bar_mb:.0f} MB"] if row.bar_mb else [])])
        at = f" at {row.at:,}" if row.at and bar else ""
        lines.append(f"| {row.work} | {' | '.join(cells)} | {bar + at or '–'} | {_met(row, sizes)} |")
    return lines


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _met(row: Growth, sizes: Sequence[int]) -> str:
    found = dict(zip(sizes, row.costs, strict=True))
    costs = [found.get(row.at)] if row.at else [cost for cost in row.costs if cost]
    judged = [
        (row.bar_s is None or cost[0] <= row.bar_s)
        and (row.bar_mb is None or cost[1] is None or cost[1] <= row.bar_mb)
        for cost in costs if cost is not None
    ]  # fmt: skip
    if not judged or (row.bar_s is None and row.bar_mb is None):
        return "–"
    return "yes" if all(judged) else "no"
