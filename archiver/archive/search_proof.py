"""Whether the search index is as it was written. Reads only, but for SQLite's own check."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from archiver.archive import opening, search_words
from archiver.archive.database import Database
from archiver.archive.search import MARK, Texts, texts, trouble
from archiver.archive.search_index import SETTINGS, digest, letters, put_in, statements, words
from archiver.machine.workers import ALONE, Workers

_BATCH = 100  # articles of which a fresh index is held in memory, to compare


def findings(database: Database, workers: Workers = ALONE, *, thorough: bool) -> list[str]:
    """What is wrong with the index: by counting, or `thorough`, by comparing it with one made from the texts."""
    found = trouble(database)
    if found is not None:
        return [f"search index: {found}"]
    return _compared(database, workers) if thorough else []


def check(database: Database, workers: Workers = ALONE) -> Iterator[str]:
    """What is wrong with the index, a line each, with what mends it."""
    for finding in findings(database, workers, thorough=True):
        yield f"{finding}; `archiver verify --repair` fills it anew"


class Sums(NamedTuple):
    """The words of some articles added up: of one process, or of the workers of one, whose hashes are their own."""

    pairs: int  # of an article and a word
    hashes: int
    rows: int  # of the weights of the rows that they stand in
    probe: int  # the hash of a certain word


def _weight(row_id: int) -> int:
    """What each word of a row adds to the sum that tells whether words stand in their rows.

    Of the numbers alone a word moved to the next row would make up for one moved to the row before.
    """
    return row_id * (1 + row_id % 1_009)


def summed(row_id: int, held: Texts) -> tuple[str, Sums]:
    """The digest of an article's texts, and what their words come to in the index."""
    own = search_words.as_indexed(words(held))
    return digest(held), Sums(len(own), sum(map(hash, own)), len(own) * _weight(row_id), hash(MARK))


def _compared(database: Database, workers: Workers) -> list[str]:
    """Whether it knows what the texts say, and has their words: one article after the other, each read once."""
    rows = database.execute("SELECT article_id, digest, id FROM search_rows ORDER BY article_id").fetchall()
    index = workers.begun(partial(index_summed, database.path.absolute()), partial(_index_summed, database), len(rows))
    stale, wanted = _wanted(database, rows, workers)
    found = [f"search index: it does not know what article {stale[0]} says now ({len(stale)} such)"] if stale else []
    found += _amiss(database)
    try:
        held = index()
        if {held.probe} != wanted.keys():  # a worker was lost
            (_, wanted), held = _wanted(database, rows, ALONE), _index_summed(database)
        return found if held == wanted[held.probe] else [*found, *_altered(database, [row[0] for row in rows])]
    except sqlite3.DatabaseError as error:
        return [*found, f"search index: it cannot be read ({error})"]


def _wanted(
    database: Database, rows: list[tuple[int, str, int]], workers: Workers
) -> tuple[list[int], dict[int, Sums]]:  # fmt: skip
    """Of which articles the index does not know the texts; and what it must come to, by the probe of who added up."""
    stale, wanted = [], {hash(MARK): Sums(0, 0, 0, hash(MARK))} if not rows else {}
    tasks = (
        (letters(held), partial(summed, row_id, held))
        for row_id, held in ((row_id, texts(database, article_id)) for article_id, _, row_id in rows)
    )
    for (article_id, known, _), (said, own) in zip(rows, workers.in_order(tasks, len(rows)), strict=True):
        if said != known:
            stale.append(article_id)
        before = wanted.get(own.probe, Sums(0, 0, 0, own.probe))
        wanted[own.probe] = Sums(
            before.pairs + own.pairs, before.hashes + own.hashes, before.rows + own.rows, own.probe
        )  # fmt: skip
    return stale, wanted


def _amiss(database: Database) -> list[str]:
    """What SQLite itself finds wrong with the index, or settings of it that we never made."""
    try:
        _check(database)
        held = dict(database.execute("SELECT k, v FROM search_index_config WHERE k != 'version'").fetchall())
        named = database.execute("SELECT segid, pgno / 2 FROM search_index_idx ORDER BY segid, term").fetchall()
        leaves = set(_leaves(database))
    except sqlite3.DatabaseError as error:
        return [f"search index: it is not whole ({error})"]
    if not held.items() <= SETTINGS.items():
        return ["search index: its settings are not those that archiver makes"]
    # Of a segment that is being merged, the names of pages that are gone may stay; they stand before all others.
    is_of_them = leaves.issubset(named) and {segment for segment, _ in named} == {segment for segment, _ in leaves}
    is_whole = is_of_them and named == sorted(named)
    return [] if is_whole else ["search index: its list of pages does not fit its pages"]


def _check(database: Database) -> None:
    """SQLite's own check, which has the form of an insertion and writes nothing. Raises sqlite3.DatabaseError."""
    database.execute("SAVEPOINT checked")
    try:
        database.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
    finally:
        for statement in ("ROLLBACK TO checked", "RELEASE checked"):
            database.execute(statement)


def _leaves(database: Database) -> Iterator[tuple[int, int]]:
    """Segment and number of each page on which a word begins; the words of one that is not named are not found.

    SQLite's own check looks at those that are named. The layout is told in its fts5_index.c: a leaf says in its third
    and fourth byte how long it is without the places of its words, of which it has none when it begins no word.
    """
    sql = "SELECT id, substr(block, 3, 2), length(block) FROM search_index_data WHERE id NOT IN (1, 10)"
    for number, size, length in database.execute(sql):
        segment, page, is_a_list_of_rows = number >> 37, number & 0x7FFF_FFFF, number >> 36 & 1
        if segment == 0 or not (is_a_list_of_rows or length == int.from_bytes(size)):  # no segment is 0
            yield segment, page


def _altered(database: Database, ids: list[int]) -> Iterator[str]:
    """Articles of which it holds other words than their texts have, by an index made again, a few articles at a time.

    Only that counts where the sums of all differ, since SQLite may know letters as one that Python does not.
    """
    held = _fingerprints(database)
    wanted: dict[int, tuple[int, ...]] = {}
    for fresh in _made_anew(database, ids):
        wanted |= _fingerprints(fresh)
    wrong = [number for number in ids if held.get(number) != wanted[number]]
    if wrong or len(held) != len(ids):
        first = f"article {wrong[0]}" if wrong else "an article that is not there"
        yield f"search index: its words for {first} are not those of the text ({len(wrong)} such)"


def _made_anew(database: Database, ids: list[int]) -> Iterator[sqlite3.Connection]:
    """The index made from the texts, of a few articles at a time."""
    for start in range(0, len(ids), _BATCH):
        with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
            for statement in statements():
                fresh.execute(statement)
            for number in ids[start : start + _BATCH]:
                put_in(fresh, number, texts(database, number))
            yield fresh


def index_summed(path: Path) -> Sums:
    """What the words in the index of an archive come to, by a connection of its own."""
    with opening.reading(path) as connection:
        return _index_summed(connection)


def _index_summed(database: sqlite3.Connection | Database) -> Sums:
    """By the list of words, each with how many articles have it: the words of each article are ten times as many rows.

    Of those SQLite itself adds up their weights.
    """
    database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_words USING fts5vocab (main, search_index, row)")
    count, hashes = 0, 0
    for term, articles in database.execute("SELECT term, doc FROM search_words"):
        count += articles
        hashes += articles * hash(term)
    _vocabulary(database)
    rows = database.execute("SELECT sum(doc * (1 + doc % 1009)) FROM search_vocabulary").fetchone()
    return Sums(count, hashes, rows[0] or 0, hash(MARK))


def _vocabulary(database: sqlite3.Connection | Database) -> None:
    """Every word of every row, as a table of this connection."""
    database.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_vocabulary USING fts5vocab (main, search_index, instance)"
    )


def _fingerprints(database: sqlite3.Connection | Database) -> dict[int, tuple[int, ...]]:
    """Article → how many words the index has for it, and the sum of half a hash of each. Sorts all of them."""
    _vocabulary(database)
    connection = database if isinstance(database, sqlite3.Connection) else database.conn
    connection.create_function("word_hash", 1, lambda word: hash(word) & 0xFFFF_FFFF, deterministic=True)
    rows = connection.execute(
        "SELECT article_id, count(*), sum(word_hash(term))"
        " FROM search_vocabulary LEFT JOIN search_rows ON search_rows.id = doc GROUP BY doc"
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}
