"""Small charts as inline SVG, each with its numbers as a table (docs/design.md 'Reading'). Pure.

Colours come from classes, since the page's policy allows no inline style; every label is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

_WIDTH, _HEIGHT, _EDGE = 600, 140, 18
_MOST_POINTS = 200


def line(title: str, points: Sequence[tuple[str, int]]) -> str:
    """A number over time. `points` are (day as YYYY-MM-DD, number), oldest first; '' for none."""
    if not points:
        return ""
    drawn = _thinned(points)
    days = [date.fromisoformat(day).toordinal() for day, _ in drawn]
    low, high = min(value for _, value in drawn), max(value for _, value in drawn)
    places = [
        (_scaled(day, days[0], days[-1], _EDGE, _WIDTH - _EDGE), _scaled(value, low, high, _HEIGHT - 2 * _EDGE, _EDGE))
        for day, (_, value) in zip(days, drawn, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    shapes = f'<polyline class="line" points="{path}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    said = f"{title}: {points[0][1]:,} on {points[0][0]}, {points[-1][1]:,} on {points[-1][0]}"
    labels = _axis(points[0][0], points[-1][0]) + _text(_EDGE, 12, f"{high:,}", "start")
    return _figure(title, said, shapes + labels, ("day", title), [(day, f"{value:,}") for day, value in points])


def bar(title: str, shares: Sequence[tuple[str, int]]) -> str:
    """One bar cut into shares. `shares` are (word, number); the word is also the class of its colour; '' for none."""
    total = sum(number for _, number in shares)
    if not total:
        return ""
    shapes, left = [], 0.0
    for word, number in shares:
        width = number / total * _WIDTH
        label = f"{word}: {number:,}"
        shapes.append(
            f'<rect class="c-{escape(word)}" x="{left:.1f}" y="0" width="{width:.1f}" height="24">'
            f"<title>{escape(label)}</title></rect>"
        )
        left += width
    said = f"{title}: " + ", ".join(f"{number:,} {word}" for word, number in shares if number)
    legend = _legend([(word, f"{number:,} {word}") for word, number in shares if number])
    counted = [(word, f"{number:,}") for word, number in shares]
    return _figure(title, said, "".join(shapes), (title, "how many"), counted, height=24, legend=legend)


def columns(title: str, days: Sequence[tuple[str, Mapping[str, int]]], words: Sequence[str]) -> str:
    """A column a day, cut into `words`, which are also the classes of the colours; '' for no day."""
    if not days:
        return ""
    most = max(sum(counts.values()) for _, counts in days) or 1
    step = min((_WIDTH - 2 * _EDGE) / len(days), 40)
    shapes = []
    for number, (day, counts) in enumerate(days):
        bottom = float(_HEIGHT - 2 * _EDGE)
        for word in words:
            height = counts.get(word, 0) / most * (_HEIGHT - 3 * _EDGE)
            bottom -= height
            if height:
                shapes.append(
                    f'<rect class="c-{escape(word)}" x="{_EDGE + number * step:.1f}" y="{bottom:.1f}"'
                    f' width="{max(step - 2, 1):.1f}" height="{height:.1f}">'
                    f"<title>{escape(f'{day}: {counts[word]:,} {word}')}</title></rect>"
                )
    total = sum(sum(counts.values()) for _, counts in days)
    said = f"{title}: {total:,} from {days[0][0]} to {days[-1][0]}, at most {most:,} a day"
    labels = _axis(days[0][0], days[-1][0]) + _text(_EDGE, 12, f"{most:,}", "start")
    used = [word for word in words if any(counts.get(word) for _, counts in days)]
    rows = [(day, *(f"{counts.get(word, 0):,}" for word in used)) for day, counts in days]
    legend = _legend([(word, word) for word in used])
    return _figure(title, said, "".join(shapes) + labels, ("day", *used), rows, legend=legend)


def _thinned(points: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """At most so many points, the first and the last among them."""
    if len(points) <= _MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(number * last / (_MOST_POINTS - 1))] for number in range(_MOST_POINTS)]


def _scaled(value: float, low: float, high: float, start: float, end: float) -> float:
    """Where `value` of `low`…`high` lies on `start`…`end`; in the middle where all values are one."""
    return (start + end) / 2 if low == high else start + (value - low) / (high - low) * (end - start)


def _axis(first: str, last: str) -> str:
    base = _HEIGHT - 2 * _EDGE + 0.5
    rule = f'<line class="axis" x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{base}" y2="{base}"/>'
    end = "" if first == last else _text(_WIDTH - _EDGE, base + 5, last, "end", "below")
    return rule + _text(_EDGE, base + 5, first, "start", "below") + end


def _text(x: float, y: float, words: str, anchor: str, place: str = "above") -> str:
    return f'<text class="{place}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<li><svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect class="c-{escape(word)}" width="10"'
        f' height="10"/></svg> {escape(label)}</li>'
        for word, label in entries
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(
    title: str, said: str, shapes: str, head: Sequence[str], rows: Sequence[Sequence[str]], *,
    height: int = _HEIGHT - _EDGE // 2, legend: str = "",
) -> str:  # fmt: skip
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>{shapes}</svg>{legend}"
        f"<details><summary>as a table</summary>{_table(head, rows)}</details></figure>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
