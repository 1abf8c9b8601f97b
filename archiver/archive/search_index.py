"""The search index as it is written: with its article, and all anew. Whether it is as we wrote it: `search_proof`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import resources
from itertools import tee
from typing import TYPE_CHECKING

from archiver.archive import search_words, sums
from archiver.archive.search import GOES_ON, IN_TITLE, MARK, OFTEN, Texts, texts
from archiver.machine.workers import ALONE, Workers

if TYPE_CHECKING:
    from archiver.archive.database import Database

LONGEST = 60_000  # letters of each text that are indexed; the rest is looked for in the text (`search.GOES_ON`)
_SEPARATOR = "\n"  # of the words of an article, as the tokenizer takes them
_TOGETHER = 20  # articles whose texts are held in memory, to put them in
# Pages written at most at the end of a run, and for each answer that it kept, so that a short run in a large archive
# writes little. An article takes two or three, each of which is written again whenever its segment doubles.
_MERGED_PAGES = 10_000
_MERGED_FOR_EACH = 32
_MERGED_AT_ONCE = 256  # so that what one merge leaves empty is filled by the next, and the file hardly grows
# Sixteen small segments are merged at once, not four by and by, so that a word is written half as often while a run
# goes on; at its end two are enough (https://sqlite.org/fts5.html, 6).
SETTINGS = {"automerge": 16, "usermerge": 2}


def digest(held: Texts) -> str:
    """Tells whether the index knows these texts."""
    said = json.dumps([MARK, held.title, held.body, held.comments])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def words(held: Texts) -> set[str]:
    """What the index holds of these texts."""
    marks = {MARK, GOES_ON} if max(map(len, (held.title, held.body, held.comments))) > LONGEST else {MARK}
    found = search_words.tokens(held.body[:LONGEST], OFTEN, search_words.OFTEN)
    found.update(marks, search_words.tokens(held.title[:LONGEST], IN_TITLE))
    found.update(search_words.tokens(held.comments[:LONGEST]))
    return found


def written(held: Texts) -> str:
    """The same, for a tokenizer that takes each line for a word."""
    return _SEPARATOR.join(words(held))


def letters(held: Texts) -> int:
    """What it weighs to make words of them (`workers`): a letter gives two words, each with some bytes beside it."""
    return 40 * (len(held.title) + len(held.body) + len(held.comments))


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
            deletes = "INSERT INTO search_index (search_index, rowid, article_id) VALUES ('delete', ?, ?)"
            database.execute(deletes, [row_id, written(out)])
        _index(database, row_id, written(into))
    _bring_in(database)


def _is_there(database: Database, article_id: int) -> bool:
    """Whether there is such an article: what was to be one may not have fitted."""
    return database.execute("SELECT 1 FROM articles WHERE id = ?", [article_id]).fetchone() is not None


def _row(database: Database, article_id: int) -> tuple[int, str] | None:
    """The row of an article, and which texts the index knows of it."""
    row = database.row("SELECT id, digest FROM search_rows WHERE article_id = ?", [article_id])
    return None if row is None else (row["id"], row["digest"])


def put_in(database: sqlite3.Connection | Database, article_id: int, held: Texts) -> None:
    """One article more."""
    _index(database, _put_down(database, article_id, held), written(held))


def _put_down(database: sqlite3.Connection | Database, article_id: int, held: Texts) -> int:
    cursor = database.execute("INSERT INTO search_rows (article_id, digest) VALUES (?, ?)", [article_id, digest(held)])
    return int(cursor.lastrowid or 0)


def _index(database: sqlite3.Connection | Database, row_id: int, words_held: str) -> None:
    database.execute("INSERT INTO search_index (rowid, article_id) VALUES (?, ?)", [row_id, words_held])


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
        for statement in statements():
            database.execute(statement)
    for name, value in SETTINGS.items():
        database.execute("INSERT INTO search_index (search_index, rank) VALUES (?, ?)", [name, value])


def statements() -> list[str]:
    """What makes an empty index and its rows."""
    script = (resources.files("archiver.archive") / "sql" / "003_search.sql").read_text("utf-8")
    return [statement.strip() for statement in script.split(";\n") if statement.strip()]


def put_down(database: Database, _workers: Workers = ALONE) -> None:
    """The rows of an index that was cleared, without a word of it: for a copy in which nobody searches."""
    for article_id in _articles(database):
        _put_down(database, article_id, texts(database, article_id))


def _articles(database: Database) -> list[int]:
    return [row[0] for row in database.execute("SELECT id FROM articles ORDER BY id").fetchall()]


def refill(database: Database, workers: Workers = ALONE) -> None:
    """The index made anew from the articles. The caller holds the transaction."""
    clear(database)
    ids = _articles(database)
    held, ahead = tee(texts(database, article_id) for article_id in ids)
    found = workers.in_order(((letters(said), partial(written, said)) for said in ahead), len(ids))
    for start in range(0, len(ids), _TOGETHER):  # as in `_renew`
        some = zip(ids[start : start + _TOGETHER], held, strict=False)
        for row_id in [_put_down(database, article_id, said) for article_id, said in some]:
            _index(database, row_id, next(found))
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
    merge = "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)"
    try:
        for _ in range(0, pages, _MERGED_AT_ONCE):
            changes = database.conn.total_changes
            database.execute(merge, [min(pages, _MERGED_AT_ONCE)])
            if database.conn.total_changes - changes < 2:  # it found nothing to do (https://sqlite.org/fts5.html, 6.8)
                break
    except sqlite3.DatabaseError:  # as in `renewed`
        refill(database)


SHADOWS = tuple(f"search_index_{name}" for name in ("data", "idx", "config"))  # SQLite's own tables of it

# Lets `sqlite-utils rebuild-fts archive.db articles`, which would write to the view, do no harm.
GUARD = "articles_fts_rebuild"
GUARD_SQL = f"CREATE TRIGGER {GUARD} INSTEAD OF INSERT ON articles_fts BEGIN SELECT 1; END"
