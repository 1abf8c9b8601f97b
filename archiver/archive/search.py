"""`archiver search`: the index proposes, the texts decide (docs/design.md 'Search').

Reads only, and imports nothing heavy.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from archiver.archive import search_words
from archiver.archive.search_words import Snippet, Spans, Term

if TYPE_CHECKING:
    from archiver.archive.database import Database

# Stands in every row, and in no text: control characters are not stored. A rebuild by others loses it, and a later
# version of the pieces gets another number.
MARK = "\x022"
IN_TITLE, OFTEN = "\x04", "\x05"  # before a landmark that the title holds, or the body often
GOES_ON = "\x06"  # stands in the row of an article that is too long to be indexed to its end
_BETWEEN = "\n\x03\n"  # no phrase reaches from one comment, or one version of a body, into the next
_WEIGHTS = (6.0, 2.0, 1.0)  # title, body, comments: a hit in one outweighs any number in those after it
_MOST_READ = 30  # hits whose texts are read, if no more are shown: of more, the most promising
_BATCH = 100  # rows looked up at a time
_MOST_PHRASES = 64  # of one lookup; what FTS5 gives is only a candidate, so fewer never lose a hit


@dataclass(frozen=True, slots=True)
class Texts:
    """What is searched of one article."""

    title: str
    body: str
    comments: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that holds every term."""

    id: int
    title: str | None
    series_id: int | None
    position: int | None
    url: str
    score: float
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Hits:
    """The best hits, how many there are (at most, unless `is_counted`), and whether the index is whole."""

    hits: list[Hit]
    total: int
    is_indexed: bool
    is_counted: bool = True
    is_demonstration: bool = False  # all of it was invented


def find(connection: sqlite3.Connection, query: str, *, series_id: int | None = None, limit: int = 20) -> Hits:
    """The articles that hold every word and "quoted phrase" of a query, best first. Takes whatever is typed.

    Without a whole index every text is read; of very many hits the most promising are ranked (docs/design.md 'Search').
    """
    terms = search_words.terms(query)
    if trouble(connection) is None:
        try:
            return _find_by_index(connection, terms, series_id, limit)
        except sqlite3.DatabaseError:  # damaged: `verify` names it, the texts are read instead
            pass
    best = _Best(terms, [1.0] * len(terms), limit)
    if terms:
        best.consider(connection, ":asked IS NULL OR series_id = :asked", series_id)
    return Hits(best.hits(), best.total, is_indexed=False)


def _find_by_index(connection: sqlite3.Connection, terms: list[Term], series_id: int | None, limit: int) -> Hits:
    if not terms:
        return Hits([], 0, is_indexed=True)
    asked = _Question(connection, terms, series_id)
    total = asked.count()
    most = min(total, max(_MOST_READ, limit))
    best = _Best(terms, asked.rarity(), limit)
    rows = asked.promising() if total > most else asked.every()
    seen = 0
    while fresh := list(islice(rows, most)):
        best.consider(connection, _OF_ROWS, json.dumps(fresh))
        seen += len(fresh)
        if best.total >= limit:
            break
    is_counted = seen == total or (not asked.goes_on() and all(term.is_indexed_whole() for term in terms))
    return Hits(best.hits(), best.total if seen == total else total, is_indexed=True, is_counted=is_counted)


class _Question:
    """What the index says of a query: its rows that hold every term, or may."""

    def __init__(self, connection: sqlite3.Connection, terms: list[Term], series_id: int | None) -> None:
        self._connection = connection
        self._terms = [_phrases(term.pieces()) for term in terms]
        self._landmarks = [term.landmarks() for term in terms]
        self._series_id = series_id

    def count(self) -> int:
        """How many rows there are."""
        return self._count(self._may_hold(), "" if self._series_id is None else _OF_SERIES)

    def goes_on(self) -> bool:
        """Whether there are articles of which the index does not know the end, so that they may hold anything."""
        return self._count(_phrases([GOES_ON])) > 0

    def rarity(self) -> list[float]:
        """What each term weighs, among several."""
        if len(self._terms) == 1:
            return [1.0]
        every = self._connection.execute("SELECT count(*) FROM search_rows").fetchone()[0]
        return [math.log(1 + every / (1 + self._count(term))) for term in self._terms]

    def every(self) -> Iterator[int]:
        """All of them."""
        rows = self._rows("", 0)
        while rows:
            yield from rows
            rows = self._rows("", rows[-1] + 1)

    def promising(self) -> Iterator[int]:
        """All of them, the most promising first."""
        seen: set[int] = set()
        for mark in (IN_TITLE, OFTEN):
            named = [_phrases([mark + landmark for landmark in landmarks]) for landmarks in self._landmarks]
            for words in dict.fromkeys([" ".join(named), *named]) if all(named) else []:
                fresh = [row for row in self._rows(words, 0) if row not in seen]
                seen.update(fresh)
                yield from fresh
        yield from (row for row in self.every() if row not in seen)

    def _may_hold(self) -> str:
        return f"({' '.join(self._terms)}) OR {_phrases([GOES_ON])}"

    def _rows(self, words: str, first: int) -> list[int]:
        """Some rows from this one on that have these words, too."""
        within = "" if self._series_id is None else _OF_SERIES
        rows = self._connection.execute(
            f"SELECT rowid FROM search_index WHERE search_index MATCH ?1 AND rowid >= ?2{within}"  # noqa: S608 - ours
            f" ORDER BY rowid LIMIT {_BATCH}",
            [" ".join([*self._terms, words]) if words else self._may_hold(), first, self._series_id][
                : 3 if within else 2
            ],
        )
        return [row[0] for row in rows]

    def _count(self, words: str, within: str = "") -> int:
        found = self._connection.execute(
            f"SELECT count(*) FROM search_index WHERE search_index MATCH ?1{within}",  # noqa: S608 - our own words
            [words, None, self._series_id][: 3 if within else 1],
        )
        return int(found.fetchone()[0])


_OF_SERIES = (
    " AND +rowid IN (SELECT search_rows.id FROM articles JOIN search_rows ON article_id = articles.id"
    " WHERE series_id = ?3)"
)


def _phrases(pieces: list[str]) -> str:
    return " ".join('"{}"'.format(piece.replace('"', '""')) for piece in pieces[:_MOST_PHRASES])


# A body that shrank to nearly nothing is searched with the last full one.
_TEXTS = """title, body_text || coalesce(:between || full_body_text, ''), (
    SELECT group_concat(body_text, :between)
    FROM (SELECT body_text FROM comments WHERE article_id = articles.id ORDER BY position, identity)
)"""
_SELECT_TEXTS = f"""SELECT articles.id, series_id, articles.position, url, {_TEXTS}
FROM articles LEFT JOIN collapses ON collapses.article_id = articles.id"""  # noqa: S608 - our own words
_OF_ROWS = "articles.id IN (SELECT article_id FROM search_rows WHERE id IN (SELECT value FROM json_each(:asked)))"


def texts(database: sqlite3.Connection | Database, article_id: int) -> Texts:
    """What is searched of an article; empty texts when it is not there."""
    asked = {"asked": article_id, "between": _BETWEEN}
    row = database.execute(f"{_SELECT_TEXTS} WHERE articles.id = :asked", asked).fetchone()
    return Texts(*(text or "" for text in row[4:])) if row else Texts("", "", "")


@dataclass(frozen=True, slots=True)
class _Match:
    """An article that holds every term: how well, and its title, body and comments."""

    id: int
    series_id: int | None
    position: int | None
    url: str
    title: str | None
    score: float
    fields: list[tuple[str, str]]  # each as it is shown, and folded

    def hit(self, terms: list[Term]) -> Hit:
        """What is told of it, with a snippet of where most of the terms stand: the body, if it is one of several."""
        most = search_words.WINDOW if len(terms) == 1 else search_words.MOST_SPANS  # one term: its first hits are shown
        best: list[Spans] = []
        place = 0
        for field in (1, 2, 0):
            spans = [term.spans(self.fields[field][1], most) for term in terms]
            if sum(map(bool, spans)) > sum(map(bool, best)):
                best, place = spans, field
            if best and all(best):
                break
        snippet = search_words.snippet(self.fields[place][0], best)
        return Hit(self.id, self.title, self.series_id, self.position, self.url, round(self.score, 4), snippet)


class _Best:
    """The best matches of those that are considered, and how many there are."""

    def __init__(self, terms: list[Term], rarity: list[float], limit: int) -> None:
        self._terms = terms
        self._rarity = rarity
        self._limit = limit
        self._kept: list[_Match] = []
        self.total = 0

    def consider(self, connection: sqlite3.Connection, which: str, asked: object) -> None:
        """Read the articles of a condition, one after the other, and keep those that are among the best."""
        rows = connection.execute(f"{_SELECT_TEXTS} WHERE {which}", {"asked": asked, "between": _BETWEEN})
        for row in rows:
            match = self._match(row)
            if match is not None:
                self.total += 1
                self._kept.append(match)
            if len(self._kept) >= 2 * self._limit:
                self._kept = self._ordered()

    def hits(self) -> list[Hit]:
        """The best, best first."""
        return [match.hit(self._terms) for match in self._ordered()]

    def _ordered(self) -> list[_Match]:
        # Of two that are as good the older: the site numbers in order of time.
        return sorted(self._kept, key=lambda match: (-match.score, match.id))[: self._limit]

    def _match(self, row: tuple[Any, ...]) -> _Match | None:
        """How an article matches; None when a term stands nowhere in it."""
        article_id, series_id, position, url, *held = row
        fields = [search_words.shown_and_folded(text or "") for text in held]
        score = 0.0
        for term, rarity in zip(self._terms, self._rarity, strict=True):
            often = [term.weight(fold) for _, fold in fields]
            if not any(often):
                return None
            counted = sum(weight * count / (1 + count) for weight, count in zip(_WEIGHTS, often, strict=True))
            score += rarity * counted
        return _Match(article_id, series_id, position, url, held[0], score, fields)


def trouble(database: sqlite3.Connection | Database) -> str | None:
    """Why the index cannot be relied on, None when it can: quick, by counting."""
    try:
        articles, rows, marked = database.execute(
            "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM search_rows), (SELECT count(*)"
            " FROM search_index WHERE search_index MATCH ?)",
            [f'"{MARK}"'],
        ).fetchone()
    except sqlite3.DatabaseError as error:
        return f"it cannot be read ({error})"
    if rows != articles:
        return f"it knows {rows} of {articles} articles"
    if marked != rows:
        return f"another program rebuilt or changed it: {marked} of {rows} articles are as archiver wrote them"
    return None
