"""Whole runs against a stand-in: through the real client, the real config and the real archive."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from archives import place
from faithful import faithful_site

from archiver import config, pages
from archiver.archive import bodies, queries
from archiver.archive.opening import reading
from archiver.commands import fetching
from archiver.model.readings import Body
from archiver.report import fetches
from archiver.report.runs import Summary
from archiver.standin import StandIn
from archiver.standin.world import Index, Site

INDEX = "https://xavierforge.dev/en/posts/ironman-2023/"
INDEX_ZH = "https://xavierforge.dev/posts/ironman-2023/"
INDEX_2021 = "https://xavierforge.dev/en/posts/ironman-2021/"
SERIES = "https://ithelp.ithome.com.tw/users/20141304/ironman/5943"


def body_of(db: Path, article_id: int | None = None) -> Body:
    """The body of an article, or of the first, in every form, as its capture gives it."""
    with reading(db) as connection:
        held = "SELECT capture_id FROM articles WHERE id = ?1 OR ?1 IS NULL ORDER BY id"
        row = connection.execute(held, [article_id]).fetchone()
        body = bodies.of_capture(connection, row[0], pages.read)
    assert body is not None
    return body


@cache
def small_site(parts: int = 5) -> Site:
    """The faithful world with only the first parts of the series."""
    whole = faithful_site()
    series = whole.series[5943]
    kept = replace(series, part_ids=series.part_ids[:parts])
    dropped = set(series.part_ids[parts:])
    articles = {number: article for number, article in whole.articles.items() if number not in dropped}
    indexes = {url: _linking_only(index, articles) for url, index in whole.indexes.items()}
    articles = {
        number: article if number in kept.part_ids[:2] else replace(article, html=_terse(number, article.html))
        for number, article in articles.items()
    }
    return replace(whole, series={**whole.series, 5943: kept}, articles=articles, indexes=indexes)


def _terse(number: int, html: str) -> str:
    """A short body with one picture of the long one and a block of code: reading the long ones takes most of a run."""
    picture = re.search(r"<img [^>]*>", html)
    code = '<pre><code class="language-rust">fn main() {}\n</code></pre>'
    return f"<p>這是第 {number} 篇，寫得很短。</p>{picture[0] if picture else ''}{code}"


@cache
def terse_site(parts: int) -> Site:
    """The same with one short paragraph in each article, for tests that fetch them hundreds of times."""
    site = small_site(parts)
    articles = {
        number: replace(article, html=f"<p>這是第 {number} 篇，寫得很短。</p>")
        for number, article in site.articles.items()
    }
    return replace(site, articles=articles)


def _linking_only(index: Index, articles: Mapping[int, object]) -> Index:
    """An index without the links to articles that are not there."""
    there = {f"https://ithelp.ithome.com.tw/articles/{number}" for number in articles}
    groups = tuple(
        replace(group, links=tuple(link for link in group.links if link.url in there)) for group in index.groups
    )
    return replace(index, groups=groups)


class Server(Protocol):
    """Anything that plays origins on this machine."""

    @property
    def connect_to(self) -> Mapping[str, str]: ...


def config_for(
    standin: Server,
    folder: Path,
    *,
    delay_s: float = 0.0,
    jitter_s: float = 0.0,
    sources: str | None = None,
    extra: str = "",
    images: bool = False,
) -> Path:
    """A config file that leads the traffic to a stand-in."""
    mapped = "\n".join(f'"{origin}" = "{target}"' for origin, target in standin.connect_to.items())
    if sources is None:
        sources = f'[[sources]]\nurl = "{INDEX}"\nalternates = ["{INDEX_ZH}"]\nseries = "{SERIES}"'
    text = f"""{sources}
[network]
contact = "https://example.org/tests"
delay_s = {delay_s}
jitter_s = {jitter_s}
backoff_s = 0.01
{extra}
[network.connect_to]
{mapped}
[images]
fetch = {str(images).lower()}
"""
    path = folder / "archiver.toml"
    path.write_text(text, "utf-8")
    return path


def run_fetch(db: Path, config_path: Path, *urls: str, **options: Any) -> Summary:
    """One fetch, quietly, in this process; gives what a person is told of it."""
    place(db)
    options = {"urls": urls, **options}
    return fetches.summary(fetching.fetch(config.load(config_path), db, fetching.FetchOptions(**options)))


def fetched_before_and_after_changes(standin: StandIn, folder: Path) -> tuple[Path, Path]:
    """An archive of two runs, with an edit and a comment that went in between; and its config."""
    db, file = folder / "a.db", config_for(standin, folder)
    run_fetch(db, file)
    standin.faults.edit(10319293, title="[Day 02] 新的標題")
    standin.faults.remove_comment(10319216)
    run_fetch(db, file, force=True)
    return db, file


def rows(db: Path, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query gives, as tuples. Past our own reader, which proves a file first: tests ask thousands of times."""
    with closing(sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, parameters).fetchall()


def series_counts(db: Path, series_id: int = 5943) -> tuple[int, int, int]:
    """Parts, safe and missing of a series."""
    with reading(db) as connection:
        row = next(row for row in queries.status(connection).series if row.id == series_id)
    return row.parts, row.safe, row.missing


def last_outcomes(db: Path) -> dict[str, str]:
    """URL → the outcome of its last fetch."""
    return dict(
        rows(db, "SELECT url, outcome FROM pages JOIN fetches ON fetches.id ="
             " (SELECT max(id) FROM fetches AS later WHERE later.page_id = pages.id)")
    )  # fmt: skip


def as_json(text: str) -> Any:
    """A JSON document."""
    return json.loads(text)
