"""Which index for Chinese text? Size, time to build, time to ask, misses and false hits of some designs.

    python bench/search.py [ARTICLES]

The texts are invented: words of one to four characters, as frequent as words are (Zipf), with Latin words and code
between them; a harder case than real prose, which repeats itself more. What is asked are pieces of the texts of one to
four characters, first as the search box of a plain Datasette asks (each word in quotes), then as a program could that
knows how the index is made. Sizes are given as parts of the texts' UTF-8, times as parts of reading every text.
"""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from archiver.archive import search_words
from archiver.standin.snippets import SNIPPETS

ARTICLES = 9_000
FIRST_ID = 10_300_000  # the site's numbers are large, and FTS5 repeats them for each word of a text
WORDS = 300  # words an article: five hundred Chinese characters and a code block
TERMS = 400
_ATOM = re.compile(r"[\u3400-\u9fff]|[a-z0-9]+")
_SPLIT = re.compile(r'[\s"，。：；「」]')
_PIECES = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Z* C*' separators '\n'"


def prose(rng: random.Random, articles: int) -> Iterable[str]:
    """The invented articles."""
    letters = [chr(number) for number in rng.sample(range(0x4E00, 0x9FA5), 4_000)]
    often = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(letters))))
    lengths = rng.choices((1, 2, 3, 4), (2, 6, 1, 1), k=30_000)
    words = ["".join(rng.choices(letters, cum_weights=often, k=length)) for length in lengths]
    words[50::40] = [rng.choice(("Rust", "Docker", "PyO3", "polars.struct", "C++")) for _ in words[50::40]]
    chosen = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    for _ in range(articles):
        said = rng.choices(words, cum_weights=chosen, k=WORDS)
        stops = (("。\n" if place % 60 == 0 else "，" if place % 9 == 0 else "") for place in range(WORDS))
        code = rng.choice(SNIPPETS)[1]
        yield "".join(word + stop for word, stop in zip(said, stops, strict=True)) + "\n" + code


@dataclass(frozen=True)
class Design:
    """One way to index: the options of FTS5, what is written for a text, how a program asks for a term."""

    name: str
    options: str
    written: Callable[[str], str]
    asked: Callable[[str], str]
    has_small_ids: bool = False


def quoted(term: str) -> str:
    """As Datasette's escape_fts: each word typed is a phrase."""
    return " ".join('"{}"'.format(word.replace('"', '""')) for word in term.split())


def unigrams(text: str) -> str:
    return " ".join(_ATOM.findall(text.lower()))


def bigrams(text: str) -> str:
    atoms = _ATOM.findall(text.lower())
    return " ".join(first + second for first, second in itertools.zip_longest(atoms, atoms[1:], fillvalue=""))


def bigram_phrase(term: str) -> str:
    atoms = _ATOM.findall(term.lower())
    pairs = [first + second for first, second in itertools.pairwise(atoms)]
    return '"{}"'.format(" ".join(pairs)) if pairs else " ".join(f'"{atom}"*' for atom in atoms)


def six_grams(text: str) -> str:
    """Every run of one to six atoms, in order: the n-gram index as one would write it first."""
    runs = (_ATOM.findall(run) for run in re.split(r"[^\w]+", text.lower()))
    starts = ((run, start) for run in runs for start in range(len(run)))
    return " ".join("".join(run[start : start + size]) for run, start in starts for size in range(1, 7)
                    if start + size <= len(run))  # fmt: skip


def pieces(text: str, longest: int, longest_of_word: int) -> str:
    """All pieces of so many atoms that stand together, and of a Latin word so many letters; a line each."""
    found: set[str] = set()
    for run in re.split(r"[\s，。：；「」]+", text.lower()):
        atoms = re.findall(r"[a-z0-9_]+|.", run)
        found.update("".join(atoms[start : start + size]) for size in range(1, longest + 1)
                     for start in range(len(atoms) - size + 1))  # fmt: skip
    for word in set(re.findall(r"[a-z0-9_]+", text.lower())):
        found.update(word[start : start + size] for size in range(1, longest_of_word + 1)
                     for start in range(len(word) - size + 1))  # fmt: skip
    return "\n".join(found)


_LINES = f'detail=none, columnsize=0, tokenize="{_PIECES}"'
DESIGNS = (
    Design("unigrams, phrases", "detail=full, columnsize=0", unigrams, lambda term: f'"{unigrams(term)}"'),
    Design("bigrams, phrases", "detail=full, columnsize=0", bigrams, bigram_phrase),
    Design("n-grams 1-6 of atoms", "detail=full, columnsize=0", six_grams, quoted),
    Design("pieces of 1-6 atoms, 6 letters", _LINES, lambda text: pieces(text, 6, 6), quoted, has_small_ids=True),
    Design("pieces of 1-4 atoms, 6 letters", _LINES, lambda text: pieces(text, 4, 6), quoted, has_small_ids=True),
    Design("pieces of 1-3 atoms, 4 letters", _LINES, lambda text: pieces(text, 3, 4), quoted, has_small_ids=True),
    Design("pieces of 1-2 atoms, 4 letters", _LINES, lambda text: pieces(text, 2, 4), quoted, has_small_ids=True),
    Design(
        "ours: pieces of 1-4 atoms, 4 letters, landmarks", _LINES,
        lambda text: "\n".join(search_words.tokens(text, "\x05", search_words.OFTEN)), quoted, has_small_ids=True,
    ),
)  # fmt: skip


def terms_of(rng: random.Random, texts: list[str]) -> list[str]:
    """Pieces of one to four characters, without white space and punctuation of Chinese text."""
    found: list[str] = []
    while len(found) < TERMS:
        text, length = rng.choice(texts), rng.randint(1, 4)
        start = rng.randrange(len(text) - length)
        term = text[start : start + length]
        if not _SPLIT.search(term):
            found.append(term)
    return found


def build(path: Path, design: Design, texts: list[str]) -> float:
    """Write the index of one design; gives the seconds."""
    connection = sqlite3.connect(path)
    start = time.perf_counter()
    connection.execute(f"CREATE VIRTUAL TABLE found USING fts5(words, content='', {design.options})")
    first = 1 if design.has_small_ids else FIRST_ID
    rows = ((number, design.written(text)) for number, text in enumerate(texts, first))
    connection.executemany("INSERT INTO found (rowid, words) VALUES (?, ?)", rows)
    connection.execute("INSERT INTO found (found) VALUES ('optimize')")
    connection.commit()
    taken = time.perf_counter() - start
    connection.execute("VACUUM")
    connection.close()
    return taken


def ask(path: Path, design: Design, asked: Callable[[str], str], wanted: dict[str, set[int]]) -> dict[str, float]:
    """Misses, false hits, and the median and 95th percentile of the times."""
    connection = sqlite3.connect(path)
    first = 1 if design.has_small_ids else FIRST_ID
    missed = false = 0
    times = []
    for term, holding in wanted.items():
        start = time.perf_counter()
        try:
            rows = connection.execute("SELECT rowid FROM found WHERE found MATCH ?", [asked(term)]).fetchall()
        except sqlite3.OperationalError:  # a phrase without a word
            rows = []
        times.append(time.perf_counter() - start)
        got = {row[0] - first for row in rows}
        missed += bool(holding - got)
        false += bool(got - holding)
    connection.close()
    return {
        "p50": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1],
        "missed": missed / len(wanted), "false": false / len(wanted),
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    """Build, ask, print."""
    rng = random.Random(20141304)
    texts = list(prose(rng, int(arguments[0]) if arguments else ARTICLES))
    size = sum(len(text.encode()) for text in texts)
    lower = [text.lower() for text in texts]
    wanted, reading = {}, []
    for term in terms_of(rng, texts):
        start = time.perf_counter()
        wanted[term] = {number for number, text in enumerate(lower) if term.lower() in text}
        reading.append(time.perf_counter() - start)
    whole = statistics.median(reading)
    print(f"{len(texts)} articles, {size / 1e6:.0f} MB of UTF-8; looking in every text takes {whole * 1000:.0f} ms")
    print("design | size ÷ texts | build, ms an article | Datasette: terms with a miss, with a false hit, p50, p95 "
          "÷ reading all | own query: the same")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for number, design in enumerate(DESIGNS):
            path = Path(folder) / f"{number}.db"
            taken = build(path, design, texts)
            told = [ask(path, design, asked, wanted) for asked in (quoted, design.asked)]
            shown = " | ".join(
                f"{one['missed']:.0%}, {one['false']:.0%}, {one['p50'] / whole:.3f}, {one['p95'] / whole:.3f}"
                for one in told
            )
            print(f"{design.name} | {path.stat().st_size / size:.2f} | {taken / len(texts) * 1000:.1f} | {shown}",
                  flush=True)  # fmt: skip
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
