"""The search index as it is written: with its article, all anew, and whether it is as we wrote it.

Who writes holds the transaction.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING

from archiver.archive import search_words, sums
from archiver.archive.search import GOES_ON, IN_TITLE, MARK, OFTEN, Texts, texts, trouble

if TYPE_CHECKING:
    from sqlite_utils import Database

# Letters of each text that are indexed: real ones have a tenth. Half a million that never repeat themselves would make
# two million words, all of them in memory at once. The rest is looked for in the text (`search.GOES_ON`).
LONGEST = 60_000
_SEPARATOR = "\n"  # of the words of an article, as the tokenizer takes them
_TOGETHER = 20  # articles whose texts are held in memory, to put them in
_BATCH = 100  # articles of which a fresh index is held in memory, to compare
# Pages written at most at the end of a run, and for each answer that it kept: two segments of about the same size
# become one, so that all articles of a long run are, and a short run in a large archive writes little. An article takes
# two or three pages, each of which is written again whenever its segment doubles: fourteen times with 20,000 articles.
_MERGED_PAGES = 10_000
_MERGED_FOR_EACH = 32
# Sixteen small segments are merged at once, not four by and by, so that a word is written half as often while a run
# goes on; at its end two are enough (https://sqlite.org/fts5.html, 6).
_SETTINGS = {"automerge": 16, "usermerge": 2}


def digest(held: Texts) -> str:
    """Tells whether the index knows these texts."""
    said = json.dumps([MARK, held.title, held.body, held.comments])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def words(held: Texts) -> str:
    """What the index holds of these texts, for a tokenizer that takes each line for a word."""
    marks = {MARK, GOES_ON} if max(map(len, (held.title, held.body, held.comments))) > LONGEST else {MARK}
    found = search_words.tokens(held.body[:LONGEST], OFTEN, search_words.OFTEN)
    found.update(marks, search_words.tokens(held.title[:LONGEST], IN_TITLE))
    found.update(search_words.tokens(held.comments[:LONGEST]))
    return _SEPARATOR.join(found)


# ─── filling ────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def renewed(database: Database) -> Iterator[Callable[[int, bool], None]]:
    """Make the index say what articles say after the rows inside were written. The caller holds the transaction.

    Gives what is to be told of each article before its rows are, and whether there are none yet. All of them at the
    end, and outside any savepoint, at whose end SQLite would bring what is new to its tables: of several articles
    together that takes two thirds.
    """
    before: dict[int, Texts | None] = {}

    def about_to_change(article_id: int, is_new: bool) -> None:
        if article_id not in before:
            before[article_id] = None
            if is_new:
                return
            with contextlib.suppress(sqlite3.DatabaseError):  # as below, where it is met again
                if _row(database, article_id) is not None:
                    before[article_id] = texts(database, article_id)

    yield about_to_change
    if not before:
        return
    try:
        _renew(database, before)
    except sqlite3.DatabaseError:  # it is damaged or gone; what ails the whole file is met again here, and told
        refill(database)


def _renew(database: Database, before: Mapping[int, Texts | None]) -> None:
    """First the rows, then the words: between words SQLite is to have nothing else to do, else it brings them in."""
    words_of: list[tuple[int, Texts | None, Texts]] = []  # row, texts to be taken out, texts to be put in
    for article_id, said in before.items():
        says = texts(database, article_id)
        if said is None and not any((says.title, says.body, says.comments)) and not _is_there(database, article_id):
            continue
        row = None if said is None else _row(database, article_id)
        if row is None or said is None:
            words_of.append((_put_down(database, article_id, says), None, says))
        elif row[1] not in {digest(said), digest(says)}:  # somebody else wrote to it: what to take out is not known
            refill(database)
            return
        elif row[1] != digest(says):
            database.execute("UPDATE search_rows SET digest = ? WHERE id = ?", [digest(says), row[0]])
            words_of.append((row[0], said, says))
    for row_id, out, into in words_of:
        if out is not None:
            database.execute(
                "INSERT INTO search_index (search_index, rowid, article_id) VALUES ('delete', ?, ?)",
                [row_id, words(out)],
            )
        _index(database, row_id, into)
    _bring_in(database)


def _is_there(database: Database, article_id: int) -> bool:
    """Whether there is such an article: what was to be one may not have fitted."""
    return database.execute("SELECT 1 FROM articles WHERE id = ?", [article_id]).fetchone() is not None


def _row(database: Database, article_id: int) -> tuple[int, str] | None:
    """The row of an article, and which texts the index knows of it."""
    found: tuple[int, str] | None = database.execute(
        "SELECT id, digest FROM search_rows WHERE article_id = ?", [article_id]
    ).fetchone()
    return found


def _put_in(database: sqlite3.Connection | Database, article_id: int, held: Texts) -> None:
    _index(database, _put_down(database, article_id, held), held)


def _put_down(database: sqlite3.Connection | Database, article_id: int, held: Texts) -> int:
    cursor = database.execute("INSERT INTO search_rows (article_id, digest) VALUES (?, ?)", [article_id, digest(held)])
    return int(cursor.lastrowid or 0)


def _index(database: sqlite3.Connection | Database, row_id: int, held: Texts) -> None:
    database.execute("INSERT INTO search_index (rowid, article_id) VALUES (?, ?)", [row_id, words(held)])


def _bring_in(database: Database) -> None:
    """Have SQLite write what is new of the index now: else the commit would, where no failure of it can be met."""
    for statement in ("SAVEPOINT filled", "RELEASE filled"):
        database.execute(statement)


def clear(database: Database) -> None:
    """An empty index, whatever became of the one before. The caller holds the transaction."""
    with sums.made_anew(database, ["search_rows"]):
        database.execute("DROP TABLE IF EXISTS search_index")
        for table in SHADOWS:  # those of an index that is not there: a dump may be read back so
            database.execute(f"DROP TABLE IF EXISTS {table}")
        database.execute("DROP TABLE IF EXISTS search_rows")
        for statement in _statements():
            database.execute(statement)
    for name, value in _SETTINGS.items():
        database.execute("INSERT INTO search_index (search_index, rank) VALUES (?, ?)", [name, value])


def _statements() -> list[str]:
    script = (resources.files("archiver.archive") / "sql" / "003_search.sql").read_text("utf-8")
    return [statement.strip() for statement in script.split(";\n") if statement.strip()]


def put_down(database: Database) -> None:
    """The rows of an index that was cleared, without a word of it: for a copy in which nobody searches."""
    for article_id in _articles(database):
        _put_down(database, article_id, texts(database, article_id))


def _articles(database: Database) -> list[int]:
    return [row[0] for row in database.execute("SELECT id FROM articles ORDER BY id").fetchall()]


def refill(database: Database) -> None:
    """The index made anew from the articles. The caller holds the transaction."""
    clear(database)
    ids = _articles(database)
    for start in range(0, len(ids), _TOGETHER):  # as in `_renew`
        some = [(article_id, texts(database, article_id)) for article_id in ids[start : start + _TOGETHER]]
        for row_id, held in [(_put_down(database, article_id, held), held) for article_id, held in some]:
            _index(database, row_id, held)
    database.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
    _bring_in(database)


def is_to_be_filled(database: Database) -> bool:
    """Whether the index has no article at all, though some are held: so after a migration that wants other words."""
    try:
        wants = "SELECT EXISTS (SELECT 1 FROM articles) AND NOT EXISTS (SELECT 1 FROM search_rows)"
        return bool(database.execute(wants).fetchone()[0])
    except sqlite3.DatabaseError:  # damaged or gone: that is no migration of ours, and is told (`findings`)
        return False


def tidy(database: Database, kept: int) -> None:
    """Merge some of what many small commits left, so that no word is kept twice; nothing to do is no write.

    `kept`: the answers that the run kept, by which it is so much and no more.
    """
    pages = min(_MERGED_FOR_EACH * (kept + 1), _MERGED_PAGES)
    try:
        database.execute("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", [pages])
    except sqlite3.DatabaseError:  # as in `renewed`
        refill(database)


SHADOWS = tuple(f"search_index_{name}" for name in ("data", "idx", "config"))  # SQLite's own tables of it

# Lets `sqlite-utils rebuild-fts archive.db articles`, which would write to the view, do no harm.
GUARD = "articles_fts_rebuild"
GUARD_SQL = f"CREATE TRIGGER {GUARD} INSTEAD OF INSERT ON articles_fts BEGIN SELECT 1; END"


# ─── knowing ────────────────────────────────────────────────────────────────────────────────────


def findings(database: Database, *, thorough: bool) -> list[str]:
    """What is wrong with the index: by counting, or `thorough`, by comparing it with one made from the texts."""
    found = trouble(database)
    if found is not None:
        return [f"search index: {found}"]
    return _compared(database) if thorough else []


def check(database: Database) -> Iterator[str]:
    """What is wrong with the index, a line each, with what mends it."""
    for finding in findings(database, thorough=True):
        yield f"{finding}; `archiver verify --repair` fills it anew"


def _compared(database: Database) -> list[str]:
    """Whether it knows what the texts say, and has their words: one article after the other, each read once."""
    stale, wanted = [], (0, 0, 0)
    rows = database.execute("SELECT article_id, digest, id FROM search_rows ORDER BY article_id").fetchall()
    for article_id, held, row_id in rows:
        said = texts(database, article_id)
        if digest(said) != held:
            stale.append(article_id)
        own = set(search_words.as_indexed(words(said)).split(_SEPARATOR))
        wanted = wanted[0] + len(own), wanted[1] + sum(map(hash, own)), wanted[2] + len(own) * _weight(row_id)
    found = [f"search index: it does not know what article {stale[0]} says now ({len(stale)} such)"] if stale else []
    return [*found, *_amiss(database), *_altered(database, [row[0] for row in rows], wanted)]


def _weight(row_id: int) -> int:
    """What each word of a row adds to the sum that tells whether words stand in their rows.

    Of the numbers alone one word that moved to the next row and one that moved to the row before would make up.
    """
    return row_id * (1 + row_id % 1_009)


def _amiss(database: Database) -> list[str]:
    """What SQLite itself finds wrong with the index, or settings of it that we never made."""
    try:
        _check(database)
        held = dict(database.execute("SELECT k, v FROM search_index_config WHERE k != 'version'").fetchall())
        named = database.execute("SELECT segid, pgno / 2 FROM search_index_idx ORDER BY segid, term").fetchall()
        leaves = set(_leaves(database))
    except sqlite3.DatabaseError as error:
        return [f"search index: it is not whole ({error})"]
    if not held.items() <= _SETTINGS.items():
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


def _altered(database: Database, ids: list[int], wanted_sums: tuple[int, int, int]) -> Iterator[str]:
    """Articles of which it holds other words than their texts have.

    `wanted_sums`: what `_summed` must give. Where it does not, the index is made again, a few articles at a time, and
    compared article by article; only that counts, since SQLite may know letters as one that Python does not.
    """
    try:
        if _summed(database) == wanted_sums:
            return
        held = _fingerprints(database)
    except sqlite3.DatabaseError as error:
        yield f"search index: it cannot be read ({error})"
        return
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
            for statement in _statements():
                fresh.execute(statement)
            for number in ids[start : start + _BATCH]:
                _put_in(fresh, number, texts(database, number))
            yield fresh


def _summed(database: Database) -> tuple[int, int, int]:
    """How many words the index has for all articles together, the sums of Python's hashes of them and of their rows.

    By the list of words, each with how many articles have it: the words of each article are ten times as many rows, of
    which only SQLite itself adds up something.
    """
    database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_words USING fts5vocab (main, search_index, row)")
    count, total = 0, 0
    for term, articles in database.execute("SELECT term, doc FROM search_words"):
        count += articles
        total += articles * hash(term)
    _vocabulary(database)
    rows = database.execute("SELECT sum(doc * (1 + doc % 1009)) FROM search_vocabulary").fetchone()
    return count, total, rows[0] or 0


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
