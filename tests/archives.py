"""The one way to an archive for a test, and every row of it to compare.

All begin as `place` makes them. What is put into one is, from the cheapest to the dearest:

* rows as they are (`rows_at`, `put`): what no code of ours would write, for who reads;
* pages as values (`archive_at`, the fixture `case`): no parser and no request, for law, ledger and library;
* whole runs against a stand-in (`runs.run_fetch`), or by the command line with a clock that can be moved on
  (`desks.Desk`, its kinds that fetch, import, rescue and push, and their fixtures).

What several tests begin with is made once a module, or once for all (`lost`, `held`), and copied by `place`.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fakes import START, FakeClock
from sqlite_utils import Database

from archiver import ithome
from archiver.archive.archive import Keeper
from archiver.archive.migrations import migrations
from archiver.archive.opening import reading
from archiver.config import Source
from archiver.config.rules import Rules, Schedule
from archiver.model import ABSENCES, Address, Answer, CaptureSource, Exchange, Judgement, Outcome, Provenance
from archiver.model.readings import (
    ArticlePage,
    Author,
    Body,
    CodeBlock,
    Comment,
    Facts,
    FeedItem,
    FeedPage,
    IndexLink,
    IndexPage,
    Neighbour,
    Page,
    Problem,
    Reading,
    SeriesItem,
    SeriesPage,
)

DERIVED = (
    "articles", "series", "series_sources", "parts", "authors", "tags", "articles_tags", "comments", "code_blocks",
    "images", "article_images", "links", "metrics", "edits", "collapses", "events", "discoveries", "names",
    "parse_problems", "lost_fields", "comment_versions", "comment_images", "progress",
)  # fmt: skip


class World:
    """Bodies are short names; the pages that they stand for are kept here, so that no parser is needed."""

    def __init__(self) -> None:
        self.pages: dict[bytes, Page | None] = {}
        self.problems: dict[str, tuple[str, ...]] = {}  # URL, or body → fields that the parser does not find there

    def put(self, page: Page | None) -> bytes:
        body = hashlib.sha256(repr(page).encode()).hexdigest().encode()
        self.pages[body] = page
        return body

    def read(self, address: Address, body: bytes, content_type: str | None) -> Reading:  # noqa: ARG002
        page = self.pages[body]
        digest = hashlib.sha256(repr(page).encode()).hexdigest()
        facts = Facts(is_html=True, kind=address.kind, own_url=address.url, has_content=page is not None)
        content = digest
        if isinstance(page, ArticlePage):
            content = hashlib.sha256(repr((page.title, page.body, page.tags)).encode()).hexdigest()
        problems = tuple(
            Problem(name, "not_found") for name in self.problems.get(address.url, self.problems.get(body.decode(), ()))
        )
        return Reading(f"fake.{address.kind}/1", facts, page, problems, content, digest)


class Case:
    """One archive, its clock and its world; `answer` plays one fetch of one page."""

    def __init__(self, path: Path, archive: Keeper, world: World, clock: FakeClock) -> None:
        self.path = path
        self.archive = archive
        self.world = world
        self.clock = clock
        self.run_id = archive.runs.start_run("fetch", "0", {}, clock.now())

    def source(self, url: str, *, series: str | None = None, settle: bool = True) -> None:
        address = ithome.source_address(url)
        assert isinstance(address, Address)
        self.archive.ledger.add_source(Source(url, series=series), address, (), self.clock.now())
        if settle:
            self.archive.library.settle()

    def answer(
        self,
        url: str,
        page: Page | None = None,
        outcome: Outcome | None = None,
        counters: dict[str, int] | None = None,
        *,
        read_on: bool = True,
    ) -> int:
        """Play a fetch of `url`: the page itself, or an outcome without one. `read_on=False`: killed then."""
        self.clock.advance(minutes=1)
        named = ithome.source_address(url)
        address = named if isinstance(named, Address) else ithome.image_address(url)
        assert address is not None, url
        body = self.world.put(page) if page is not None else None
        headers = (("content-type", "text/html"),)
        answer = Answer(address.url, self.clock.now(), 7, status=200 if page else 404, headers=headers, body=body)
        reading = self.world.read(address, body, None) if body else None
        exchange = Exchange(address, answer)
        if outcome is None:
            outcome = Outcome.UNCHANGED if self.archive.holds(exchange, reading) else Outcome.OK
        signals: dict[str, str | int | float | bool | None] = dict(counters or {})
        if outcome in ABSENCES and (since := self.archive.unlisted_since(address.url)) is not None:
            signals["unlisted_since"] = since  # as `crawl` notes it
        judgement = Judgement(outcome, "as the test says", signals)
        fetch_id = self.archive.ledger.record(self.run_id, exchange, judgement, reading)
        if read_on:
            self.archive.library.catch_up({fetch_id: reading} if reading and outcome is Outcome.OK else {})
        return fetch_id

    def copy(self, url: str, page: Page, *, days_ago: float = 100) -> None:
        """Take somebody else's copy of a page, made so long ago."""
        self.clock.advance(minutes=1)
        address = ithome.source_address(url)
        assert isinstance(address, Address)
        answer = Answer(address.url, self.clock.now(), 7, status=200, body=self.world.put(page))
        told = self.world.read(address, answer.body or b"", None)
        provenance = Provenance(CaptureSource.WAYBACK, "a copy", self.clock.now() - timedelta(days=days_ago))
        exchange = Exchange(address, answer, provenance=provenance)
        judgement = Judgement(Outcome.OK, "as the test says")
        fetch_id = self.archive.ledger.record(self.run_id, exchange, judgement, told)
        self.archive.library.catch_up({fetch_id: told})

    def next_run(self, **later: float) -> None:
        self.archive.library.settle()
        self.archive.runs.finish_run(self.run_id, "finished", 0, None, self.clock.now())
        self.clock.advance(**later)
        self.run_id = self.archive.runs.start_run("fetch", "0", {}, self.clock.now())

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        with self.archive.reading() as connection:
            return [dict(row) for row in connection.execute(sql, parameters)]


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with Keeper(path, "test", World().read, Rules(), Schedule()):
            pass
        return path.read_bytes()


def place(path: Path, kept: Path | None = None) -> Path:
    """Put an archive here: a copy of `kept`; without one, where there is none yet, one that holds nothing.

    That is a copy, too, since making all tables takes most of a test.
    """
    if kept is not None:
        shutil.copy(kept, path)
    elif not path.exists():
        path.write_bytes(_empty())
    return path


def put(connection: sqlite3.Connection, table: str, **row: Any) -> None:
    """Write a row as it is, in place of one with its key."""
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", list(row.values()))


@contextmanager
def rows_at(path: Path) -> Iterator[sqlite3.Connection]:
    """An archive to fill by hand, which nothing but rows of the test is in."""
    with tampering(place(path)) as connection:
        yield connection


@contextmanager
def archive_at(path: Path, world: World | None = None) -> Iterator[Case]:
    """An open archive with a run begun."""
    world = world or World()
    place(path)
    with Keeper(path, "test", world.read, Rules(), Schedule()) as archive:
        yield Case(path, archive, world, FakeClock())


def derived_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row, without the numbers that only say in which order rows were made."""
    with reading(path) as connection:
        found = {}
        for table in DERIVED:
            columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = [name for name in columns if name != "id" or table in {"articles", "series", "authors"}]
            names = ", ".join(f'"{name}"' for name in kept)
            found[table] = sorted(map(tuple, connection.execute(f"SELECT {names} FROM {table}")), key=repr)
    return found


# ─── pages as values ────────────────────────────────────────────────────────────────────────────

AUTHOR = Author(20141304, "chihying")
STRANGER = Author(20121130, "stranger")


def body(text: str = "words") -> Body:
    return Body(f"<p>{text}</p>", text, code_blocks=(CodeBlock(f"let x = {text!r};\n", "rust"),))


def part(
    number: int, *, series: int = 5943, author: Author = AUTHOR, text: str = "words", **changes: Any
) -> ArticlePage:
    """The article with id 10_000_000 + number, which is the part with that number."""
    page = ArticlePage(
        id=10_000_000 + number, title=f"[Day {number:02d}] title", author=author, published_at=START, body=body(text),
        tags=("rust",), series_id=series, series_user_id=author.id, series_title="a series", position=number,
        title_day=number, declared_parts=30, comments_count=len(changes.get("comments", ())),
    )  # fmt: skip
    return replace(page, **changes)


def neighbour(number: int) -> Neighbour:
    return Neighbour(10_000_000 + number, f"[Day {number:02d}] title")


def url_of(number: int) -> str:
    return ithome.article_url(10_000_000 + number)


def comment(position: int, text: str, *, site_id: int | None = None, reply_to: int | None = None) -> Comment:
    return Comment(site_id, position, Author(7, "reader"), START, 0, body(text), reply_to)


def index_of(*links: tuple[str, str], apart: tuple[tuple[str, str], ...] = ()) -> IndexPage:
    """An index with these links (URL, words) under one heading, and those that stand `apart` under another."""
    made = []
    for position, (url, text) in enumerate((*links, *apart), start=1):
        address = ithome.classify(url)
        assert isinstance(address, Address)
        made.append(IndexLink(address, url, text, "a group" if position <= len(links) else "apart", position))
    return IndexPage("an index", "en", tuple(made))


def series_of(*numbers: int, declared: int | None = None, next_page: int | None = None) -> SeriesPage:
    items = tuple(SeriesItem(10_000_000 + number, f"[Day {number:02d}] title") for number in numbers)
    return SeriesPage(5943, "a series", AUTHOR, declared_parts=declared or len(items), items=items, next_page=next_page)


def feed_of(*numbers: int) -> FeedPage:
    items = [FeedItem(10_000_000 + number, f"Day {number}", "chihying", START, "", body) for number in numbers]
    return FeedPage("a series", 2023, 20141304, tuple(reversed(items)))


INDEX = "https://blog.example/posts/ironman/"
SERIES = ithome.series_url(20141304, 5943)
FEED = ithome.feed_url(5943)


LEAN = ("articles", "comments", "comment_versions", "code_blocks", "collapses")


def make_fat(path: Path) -> None:
    """Give an archive the shape of before bodies and names stood in it once (migrations 018, 019), with its rows."""
    before = Database(memory=True)
    for migration in migrations.pending(Database(memory=True)):
        if migration.name < "m018":
            migration.fn(before)
    shapes = dict(before.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    html = "'<p>' || body_text || '</p>'"
    had = {"body_html": html, "full_body_html": "''", "body_markdown": "body_text"}
    with tampering(path) as connection:
        codes = dict(connection.execute("SELECT id, code FROM code").fetchall())
        connection.execute("CREATE TABLE named AS SELECT * FROM discoveries")
        for (view,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            connection.execute(f"DROP VIEW {view}")
        connection.create_function("code_of", 1, codes.get)
        connection.execute("PRAGMA legacy_alter_table = ON")
        for table in LEAN:
            connection.execute(f"ALTER TABLE {table} RENAME TO lean")
            connection.execute(shapes[table])
            names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", [table])]
            held = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info('lean')")}
            said = {"code": "code_of(id)"} | {name: sql for name, sql in had.items() if name not in held}
            values = ", ".join(said.get(name, f'"{name}"') for name in names)
            connection.execute(f"INSERT INTO {table} SELECT {values} FROM lean")
            connection.execute("DROP TABLE lean")
        columns = ", ".join(row[0] for row in connection.execute("SELECT name FROM pragma_table_info('named')"))
        connection.execute(shapes["discoveries"])
        connection.execute(f"INSERT INTO discoveries ({columns}) SELECT {columns} FROM named")
        connection.execute("DROP TABLE named")
        connection.execute("DROP TABLE mentions")
        connection.execute("DROP TABLE names")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m018_lean', 'm019_mentions')")
        connection.commit()


def undefended(connection: sqlite3.Connection) -> None:
    """Let a test write to SQLite's own tables by our connection, as other programs can by theirs (Python 3.12)."""
    configure = getattr(connection, "setconfig", None)
    if configure is not None:
        configure(getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE"), False)  # noqa: B009 - mypy knows 3.11


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's hand in an archive, past the triggers that refuse it, which stand again afterwards."""
    with closing(sqlite3.connect(path)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in guards:
            with suppress(sqlite3.OperationalError):  # what it guarded is gone
                connection.execute(sql)
        connection.commit()
