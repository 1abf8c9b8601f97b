"""`archiver search`: the index proposes, the texts decide. Reads only, and imports nothing heavy.

`search_index` is an FTS5 table whose words are the pieces of `search_words.tokens`; `search_rows` says which of its
rows is which article; the view `articles_fts` is how Datasette finds both (docs/design.md, Search). `search_index.py`
fills them.
"""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.archive import search_words
from archiver.archive.search_words import Snippet, Term

if TYPE_CHECKING:
    from sqlite_utils import Database

# Stands in every row, and in no text: control characters are not stored. A rebuild by others loses it, and a later
# version of the pieces gets another number.
MARK = "\x021"
_BETWEEN = "\n\x03\n"  # no phrase reaches from one comment, or one version of a body, into the next
_WEIGHTS = (6.0, 2.0, 1.0)  # title, body, comments: a hit in one outweighs any number in those after it
_MOST_READ = 400  # hits whose texts are read, to rank them; of more, those with a term in the title come first
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
class Found:
    """The best hits, how many were found, and whether the index is whole."""

    hits: list[Hit]
    total: int
    is_indexed: bool


# ─── asking ─────────────────────────────────────────────────────────────────────────────────────


def find(connection: sqlite3.Connection, query: str, *, series_id: int | None = None, limit: int = 20) -> Found:
    """The articles that hold every word and "quoted phrase" of a query, best first. Takes whatever is typed.

    The index only proposes: each hit is looked for again in the text. Without a whole index every text is read.
    """
    terms = search_words.terms(query)
    holding = _lookups(connection, terms)
    if not terms:
        return Found([], 0, holding is not None)
    every = _ids(connection)
    candidates = (every if series_id is None else _ids(connection, series_id)).intersection(*(holding or ()))
    rarity = [math.log(1 + len(every) / (1 + len(one))) for one in holding or [every] * len(terms)]
    chosen = sorted(candidates)
    if holding and len(candidates) > max(_MOST_READ, limit) and all(term.pieces() == [term.text] for term in terms):
        chosen = _most_promising(connection, candidates, terms)[: max(_MOST_READ, limit)]
    matches = [match for number in chosen if (match := _match(number, texts(connection, number), terms, rarity))]
    matches.sort(key=lambda match: (-match.score, match.article_id))  # the site numbers in order of time
    total = len(matches) + len(candidates) - len(chosen)
    return Found([_hit(connection, match) for match in matches[:limit]], total, holding is not None)


def _ids(connection: sqlite3.Connection, series_id: int | None = None) -> set[int]:
    of_series = "" if series_id is None else f" WHERE series_id = {series_id:d}"
    return {row[0] for row in connection.execute(f"SELECT id FROM articles{of_series}")}  # noqa: S608 - a number


def _lookups(connection: sqlite3.Connection, terms: list[Term]) -> list[set[int]] | None:
    """For each term the articles that hold it by the index, or that may, if it is long; None when it is not whole."""
    if trouble(connection) is not None:
        return None
    try:
        return [_lookup(connection, term) for term in terms]
    except sqlite3.DatabaseError:  # damaged: `verify` names it, the texts are read instead
        return None


def _lookup(connection: sqlite3.Connection, term: Term) -> set[int]:
    phrases = " ".join('"{}"'.format(piece.replace('"', '""')) for piece in term.pieces()[:_MOST_PHRASES])
    rows = connection.execute(
        "SELECT article_id FROM search_rows WHERE id IN (SELECT rowid FROM search_index WHERE search_index MATCH ?)",
        [phrases],
    )
    return {row[0] for row in rows}


def _most_promising(connection: sqlite3.Connection, candidates: set[int], terms: list[Term]) -> list[int]:
    """Those with the most terms in their titles first."""
    titles = connection.execute(
        "SELECT id, title FROM articles WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(candidates))]
    )
    named = {row[0]: search_words.folded(search_words.composed(row[1] or "")) for row in titles}
    return sorted(named, key=lambda number: (-sum(term.text in named[number] for term in terms), number))


@dataclass(frozen=True, slots=True)
class _Match:
    """An article that holds every term: how well, and where in its title, body and comments."""

    article_id: int
    score: float
    shown: list[str]
    spans: list[list[search_words.Spans]]


def _match(article_id: int, held: Texts, terms: list[Term], rarity: list[float]) -> _Match | None:
    """How an article matches; None when a term stands nowhere in it."""
    shown = [search_words.composed(text) for text in (held.title, held.body, held.comments)]
    folds = [search_words.folded(text) for text in shown]
    spans = [[term.spans(fold) for term in terms] for fold in folds]
    score = 0.0
    for number in range(len(terms)):
        often = [search_words.weight(fold, field[number]) for fold, field in zip(folds, spans, strict=True)]
        if not any(often):
            return None
        counted = sum(weight * count / (1 + count) for weight, count in zip(_WEIGHTS, often, strict=True))
        score += rarity[number] * counted
    return _Match(article_id, score, shown, spans)


def _hit(connection: sqlite3.Connection, match: _Match) -> Hit:
    """What is told of a match, with a snippet of where most of the terms stand: the body, if it is one of several."""
    place = max((1, 2, 0), key=lambda field: sum(map(bool, match.spans[field])))
    snippet = search_words.snippet(match.shown[place], match.spans[place])
    row = connection.execute(
        "SELECT id, title, series_id, position, url FROM articles WHERE id = ?", [match.article_id]
    ).fetchone()
    return Hit(row[0], row[1], row[2], row[3], row[4], round(match.score, 4), snippet)


def texts(database: sqlite3.Connection | Database, article_id: int) -> Texts:
    """What is searched of an article; empty texts when it is not there.

    A body that shrank to nearly nothing is searched with the last full one.
    """
    row = database.execute(
        "SELECT title, body_text || coalesce(? || full_body_text, '') FROM articles"
        " LEFT JOIN collapses ON collapses.article_id = articles.id WHERE articles.id = ?",
        [_BETWEEN, article_id],
    ).fetchone()
    comments = database.execute(
        "SELECT body_text FROM comments WHERE article_id = ? ORDER BY position, identity", [article_id]
    )
    title, body = tuple(row) if row else (None, None)
    return Texts(title or "", body or "", _BETWEEN.join(comment[0] for comment in comments))


def trouble(database: sqlite3.Connection | Database) -> str | None:
    """Why the index cannot be relied on, None when it can: quick, by counting."""
    try:
        articles, rows, marked = database.execute(
            "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM search_rows JOIN articles ON"
            " articles.id = article_id), (SELECT count(*) FROM search_index WHERE search_index MATCH ?)",
            [f'"{MARK}"'],
        ).fetchone()
    except sqlite3.DatabaseError as error:
        return f"it cannot be read ({error})"
    if rows != articles:
        return f"it knows {rows} of {articles} articles"
    if marked != rows:
        return f"another program rebuilt or changed it: {marked} of {rows} articles are as archiver wrote them"
    return None
