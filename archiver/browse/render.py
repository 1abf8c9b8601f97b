"""The reading pages as HTML: rows in, a whole document out. Everything is escaped but what `body` and `charts` made.

Titles and names lose what is invisible or reorders the text around it (`text.safe`), and stand in `<bdi>` besides.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from archiver.archive.queries import Row
from archiver.browse import body, charts, overview, reading
from archiver.browse.overview import Home, ShownSeries
from archiver.browse.reading import Missing, ShownArticle
from archiver.text import safe

IMAGE_PLACE = "/-/archiver/image/"
STYLE_PLACE = "/-/archiver/"
_STATES = ("alive", "moved", "suspect", "gone", "blocked", "excluded", "new")
_HOLDINGS = ("safe", "rescued", "missing")


class Places:
    """Where things are on this server; `base`: Datasette's path of the archive; `notice`: to be said on every page."""

    def __init__(self, base: str, notice: str = "") -> None:
        self.base, self.notice = base, notice
        self.articles = f"{base}/articles/"

    def article(self, article_id: int) -> str:
        """The reading page of an article."""
        return f"{self.articles}{article_id}"

    def series(self, series_id: int) -> str:
        """The page of a series."""
        return f"{self.base}/series/{series_id}"

    def table(self, name: str, **where: int | str) -> str:
        """A page of Datasette's: a table or view, filtered by numbers and plain words of ours."""
        question = "&".join(f"{column}={value}" for column, value in where.items())
        return f"{self.base}/{name}" + (f"?{question}" if question else "")

    def row(self, name: str, number: int) -> str:
        """Datasette's own page of a row."""
        return f"{self.base}/{name}/{number}?_row=1"


def article(found: ShownArticle, places: Places) -> str:
    """The page of a held article."""
    html = found.article["body_html"]
    shown = _shown(html, found.around)
    full = found.collapse["body_html"] if found.collapse is not None else None
    spent = body.tags_in(html) if shown is not None else 0
    return _document(
        "article.html", places, found=found, body=shown, full=_shown(full, found.around_full, spent),
        comments=_comments(found), limit=reading.BODY_LIMIT, held=holding(True, found.article["source"] != "live"),
        views_chart=Markup(charts.line("views", found.views)),  # noqa: S704 - escaped there
    )  # fmt: skip


def _shown(html: str | None, around: body.Surroundings, spent: int = 0) -> Markup | None:
    """A body to be put in the page as it is; None for none, and where it cannot be borne beside the tags `spent`."""
    if html is None or not body.is_bearable(html, spent):
        return None
    return Markup(body.rendered(html, around))  # noqa: S704 - made there


def _comments(found: ShownArticle) -> list[Row]:
    """The comments, each with its HTML as long as all together can be borne; after that their text is shown."""
    spent, made = 0, []
    for row in found.comments:
        made.append({**row, "html": _shown(row["body_html"], found.around, spent)})
        spent += body.tags_in(row["body_html"] or "")
    return made


def missing(found: Missing, places: Places) -> str:
    """The page of a part that is known and not held."""
    return _document("missing.html", places, found=found)


def series(found: ShownSeries, places: Places) -> str:
    """The page of a series: progress, tiles, what happened, charts."""
    states = {state: sum(part["state"] == state for part in found.parts) for state in _STATES}
    held = {word: sum(_holding(part) == word for part in found.parts) for word in _HOLDINGS}
    made = (
        charts.bar("parts by what is held", list(held.items())),
        charts.bar("parts by state of the page", list(states.items())),
        charts.line("views of all parts", found.views),
        charts.columns("requests for parts by day and outcome", found.days, overview.OUTCOMES),
    )
    return _document(
        "series.html", places, found=found, tiles=tiles(found),
        titles={part["id"]: _title(part) for part in found.parts}, charts=_marked(made),
    )  # fmt: skip


def home(found: Home, places: Places) -> str:
    """The page of the whole archive."""
    states = [(state, found.states.get(state, 0)) for state in _STATES]
    made = (
        charts.bar("articles by state of the page", states),
        charts.columns("requests by day and outcome", found.days, overview.OUTCOMES),
    )
    return _document("home.html", places, found=found, charts=_marked(made))


def _marked(made: tuple[str, ...]) -> list[Markup]:
    return [Markup(chart) for chart in made if chart]  # noqa: S704 - escaped there


def _title(part: Row) -> str:
    return str(part["title"] or f"article {part['id']}")


def progress(row: Row) -> str:
    """`30 parts · 29 safe · 1 rescued · 1 missing`, as `archiver status` counts: what is rescued is safe, too."""
    counts = [f"{row['parts']} parts", f"{row['safe']} safe"]
    counts += [f"{row[name]} {name}" for name in ("rescued", "missing", "gone") if row[name]]
    return " · ".join(counts)


def holding(safe_: object, rescued: object) -> str:
    """How a part is held, in one word."""
    if not safe_:
        return "missing"
    return "rescued" if rescued else "safe"


def _holding(part: Row) -> str:
    return holding(part["safe"], part["rescued"])


def tiles(found: ShownSeries) -> list[Row]:
    """A tile a part, in order; an empty one for each place that the site declares and no part fills."""
    parts: dict[int, list[Row]] = {}
    for part in found.parts:
        parts.setdefault(_place(part), []).append(part)
    declared = min(found.series["declared_parts"] or 0, 1_000)
    last = parts.pop(0, [])
    made = [
        tile
        for place in sorted({*range(1, declared + 1 - len(last)), *parts})
        for tile in ([_tile(part) for part in parts.get(place, [])] or [_empty_tile(place)])
    ]
    return made + [_tile(part) for part in last]


def _place(part: Row) -> int:
    """0 for a part whose place nobody has said."""
    return part["position"] or part["title_day"] or 0


def _tile(part: Row) -> Row:
    held, state = _holding(part), part["state"]
    day = part["title_day"]
    label = f"Day {day:02d}" if day else f"Part {part['position']}" if part["position"] else "?"
    edited = [f"edited {part['edits']}×"] if part["edits"] else []
    collapsed = ["text collapsed"] if part.get("collapsed") else []
    words = [held, *([state] if state != "alive" else []), *collapsed, *edited]
    return {
        "id": part["id"], "label": label, "title": _title(part), "held": held,
        "state": state, "words": " · ".join(words),
    }  # fmt: skip


def _empty_tile(place: int) -> Row:
    return {
        "id": None, "label": f"Part {place}", "title": "not known yet", "held": "unknown", "state": "unknown",
        "words": "nobody names it",
    }  # fmt: skip


def _document(template: str, places: Places, **values: Any) -> str:
    return environment().get_template(template).render(places=places, style_place=STYLE_PLACE, **values)


@cache
def environment() -> Environment:
    """Where the templates, macros and filters of the reading pages are had; all is escaped."""
    made = Environment(
        loader=PackageLoader("archiver.browse"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["words"] = lambda value, limit=300: safe("" if value is None else value, limit)
    made.filters["moment"] = _moment
    made.filters["day"] = lambda stamp: (stamp or "")[:10]
    made.filters["number"] = lambda number: "" if number is None else f"{number:,}"
    made.filters["progress"] = progress
    made.tests["web"] = lambda url: re.match(r"https?://", url or "") is not None
    return made


def _moment(stamp: str | None) -> str:
    """`2026-11-01T02:03:04.567Z` as people read it: `2026-11-01 02:03 UTC`."""
    return f"{stamp[:10]} {stamp[11:16]} UTC" if stamp and len(stamp) >= 16 else stamp or ""
