"""Search: the oracle is to look for the term in every text, and plain Datasette has to find the same parts."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import INDEX, Case, archive_at, comment, derived_rows, index_of, part, undefended, url_of
from depths import depth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import config_for, run_fetch, terse_site

from archiver import cli
from archiver.archive import search, search_index, search_proof, search_words
from archiver.archive.opening import reading
from archiver.model import Outcome
from archiver.report import hits
from archiver.standin import StandIn, phrases
from archiver.standin.snippets import SNIPPETS

ARTICLES = 200
ID = 10_000_000


# ─── a corpus, and terms out of it ──────────────────────────────────────────────────────────────


def sentence(rng: random.Random) -> str:
    nouns = dict(zip("abcd", rng.sample(phrases.NOUNS, 4), strict=True))
    return rng.choice(phrases.SENTENCES).format(**nouns | {"c": rng.choice(phrases.INLINE_CODE)}, n=rng.randint(2, 180))


def text(rng: random.Random) -> str:
    lines = rng.choice(SNIPPETS)[1].splitlines()
    start = rng.randrange(len(lines))
    mixed = f"使用{rng.choice(('Docker容器', 'PyO3 綁定', 'C++程式', 'polars.struct('))}{rng.choice(phrases.NOUNS)}"
    return "\n".join([sentence(rng), mixed, *lines[start : start + 3]])


def fill(case: Case, seed: int = 7) -> None:
    rng = random.Random(seed)
    case.source(INDEX, settle=False)
    numbers = range(1, ARTICLES + 1)
    case.answer(INDEX, index_of(*((url_of(number), "a part") for number in numbers)))
    for number in numbers:
        page = part(number, text=text(rng), series=5943 if number % 2 else 6000)
        title = f"[Day {number:02d}] {rng.choice(phrases.NOUNS)} {rng.choice(phrases.INLINE_CODE)}"
        comments = (comment(1, rng.choice(phrases.COMMENTS).format(a=rng.choice(phrases.NOUNS), b="Rust")),)
        case.answer(url_of(number), replace(page, title=title, comments=comments if number % 3 == 0 else ()))
    case.next_run()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "archive.db"
    with archive_at(path) as case:
        fill(case)
    return path


@pytest.fixture(scope="session")
def shelf(corpus: Path) -> dict[int, list[str]]:
    """Article → its texts, lower case, white space folded: what the oracle reads."""
    with reading(corpus) as connection:
        held = {row[0]: list(row[1:]) for row in connection.execute("SELECT id, title, body_text FROM articles")}
        for number, words in connection.execute("SELECT article_id, body_text FROM comments"):
            held[number].append(words)
    return {number: [re.sub(r"\s+", " ", one.lower()) for one in texts] for number, texts in held.items()}


def oracle(shelf: dict[int, list[str]], term: str) -> set[int]:
    return {number for number, texts in shelf.items() if any(term.lower() in one for one in texts)}


CHINESE = r"[\u4e00-\u9fff]"
MIXES = {
    "Chinese": rf"{CHINESE}+",
    "Latin": r"[a-z0-9_]+",
    "code": r"[!-~]*[!#-/:-@\[-`{-~][!-~]*",
    "mixed": rf"(?=.*{CHINESE})(?=.*[!-~]).+",
}
SIGNS = re.compile(r'[\s"，。：；、？！「」（）—…｜→]')


def terms_of(shelf: dict[int, list[str]], mix: str, count: int, longest: int = 6) -> list[str]:
    """Random pieces of the corpus of one to so many characters, and every tenth one made up of its characters."""
    rng = random.Random(mix)
    fits = re.compile(MIXES[mix])
    texts = [one for texts in shelf.values() for one in texts]
    letters = sorted({letter for one in texts for letter in one if not SIGNS.match(letter)})
    found: list[str] = []
    while len(found) < count:
        one = rng.choice(texts)
        length, start = rng.randint(1 + (mix == "mixed"), longest), rng.randrange(len(one))
        term = one[start : start + length] if rng.random() < 0.9 else "".join(rng.choices(letters, k=length))
        term = term.strip().replace('"', "")
        if fits.fullmatch(term):
            found.append(term if rng.random() < 0.8 else term.upper())
    return found


def ids(path: Path, query: str, **options: Any) -> set[int]:
    with reading(path) as connection:
        return {hit.id for hit in search.find(connection, query, limit=10_000, **options).hits}


# ─── no miss and no false hit ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mix", MIXES)
def test_every_term_is_found_where_it_stands_and_nowhere_else(
    corpus: Path, shelf: dict[int, list[str]], mix: str
) -> None:
    wrong = []
    with reading(corpus) as connection:
        for term in set(terms_of(shelf, mix, depth(120, 12_000), longest=12)):
            found = search.find(connection, f'"{term}"', limit=ARTICLES)
            if {hit.id for hit in found.hits} != oracle(shelf, term) or not found.is_indexed:
                wrong.append(term)

    assert wrong == []


@pytest.mark.parametrize(
    "query", ["所有權 Rust", 'Docker容器 "使用 docker"', "快取 C++", "pyo3 綁定 polars.struct(", "的 a"]
)
def test_all_words_of_a_query_must_be_found(corpus: Path, shelf: dict[int, list[str]], query: str) -> None:
    words = [term.text for term in search_words.terms(query)]

    assert ids(corpus, query) == set.intersection(*(oracle(shelf, word) for word in words))


LONG = [
    "借用檢查器的耗時大約落在",
    "hashmap<string",
    "polars.struct(",
    "使用docker容器",
    "把「可能沒有值」寫在臉上",
    "fn main()",
]


@pytest.mark.parametrize("term", LONG)
def test_longer_terms_and_phrases_are_found_too(corpus: Path, shelf: dict[int, list[str]], term: str) -> None:
    assert ids(corpus, f'"{term}"') == oracle(shelf, term)


def test_without_an_index_the_same_is_found(corpus: Path, shelf: dict[int, list[str]], tmp_path: Path) -> None:
    copy = copied(corpus, tmp_path, "DROP TABLE search_index")
    with reading(copy) as connection:
        found = search.find(connection, "所有權 rust", limit=10_000)

    assert {hit.id for hit in found.hits} == oracle(shelf, "所有權") & oracle(shelf, "rust")
    assert not found.is_indexed


def test_a_search_can_stay_within_one_series(corpus: Path, shelf: dict[int, list[str]]) -> None:
    assert ids(corpus, "的", series_id=6000) == {number for number in oracle(shelf, "的") if number % 2 == 0}


# ─── plain Datasette ────────────────────────────────────────────────────────────────────────────


def datasette_ids(path: Path, queries: list[str]) -> list[set[int]]:
    """What the search box of an unmodified Datasette finds."""
    app = pytest.importorskip("datasette.app")

    async def ask() -> list[set[int]]:
        datasette = app.Datasette([str(path)])
        answers = []
        for query in queries:
            parameters = {"_search": query, "_shape": "array", "_col": "id", "_size": "max"}
            answer = await datasette.client.get(f"/{path.stem}/articles.json", params=parameters)
            assert answer.status_code == 200, (query, answer.text)
            answers.append({row["id"] for row in answer.json()})
        return answers

    return asyncio.run(ask())


ATOM = re.compile(r"[a-z0-9_]+|.", re.DOTALL)


def whole_pieces(shelf: dict[int, list[str]], mix: str, count: int) -> list[str]:
    """What the README promises of plain Datasette: up to four that stand together, a Latin word counting as one."""
    rng = random.Random(mix)
    fits = re.compile(MIXES[mix])
    texts = [ATOM.findall(one) for texts in shelf.values() for one in texts]
    found: list[str] = []
    while len(found) < count:
        one = rng.choice(texts)
        length, start = rng.randint(1 + (mix == "mixed"), 4), rng.randrange(len(one))
        term = "".join(one[start : start + length]).replace('"', "")
        if fits.fullmatch(term) and not SIGNS.search(term):
            found.append(term if rng.random() < 0.8 else term.upper())
    return found


def whole_oracle(shelf: dict[int, list[str]], term: str) -> set[int]:
    """Articles that hold it, with no letter before or after it that belongs to its first or last word."""
    before, after = r"(?<![a-z0-9_])" if term[0].isascii() else "", r"(?![a-z0-9_])" if term[-1].isascii() else ""
    before, after = before if re.match(r"\w", term) else "", after if re.search(r"\w$", term) else ""
    wanted = re.compile(before + re.escape(term.lower()) + after)
    return {number for number, texts in shelf.items() if any(map(wanted.search, texts))}


@pytest.mark.parametrize("mix", MIXES)
def test_plain_datasette_finds_any_four_that_stand_together(
    corpus: Path, shelf: dict[int, list[str]], mix: str
) -> None:
    asked = list(dict.fromkeys(term for term in whole_pieces(shelf, mix, 400) if not SIGNS.search(term)))[:120]
    answers = datasette_ids(corpus, asked)
    wrong = [
        term
        for term, found in zip(asked, answers, strict=True)
        if not whole_oracle(shelf, term) <= found <= oracle(shelf, term)
    ]

    assert len(asked) >= 80
    assert wrong == []


def test_plain_datasette_finds_pieces_of_up_to_four_letters_of_latin_words(
    corpus: Path, shelf: dict[int, list[str]]
) -> None:
    asked = list(dict.fromkeys(term for term in terms_of(shelf, "Latin", 300, longest=4)))[:120]
    answers = datasette_ids(corpus, asked)

    assert len(asked) >= 80
    assert [term for term, found in zip(asked, answers, strict=True) if found != oracle(shelf, term)] == []


WHOLE = [
    "快取 Rust",
    "Docker容器",
    "polars.struct",
    "Result<T, E>",
    "HashMap<String,",
    "借用檢查 檢查器 所有權",
    "PyO3",
    "C++",
]


@pytest.mark.parametrize("query", WHOLE)
def test_plain_datasette_takes_several_words_mixtures_and_code(corpus: Path, query: str) -> None:
    found = ids(corpus, query)

    assert found
    assert datasette_ids(corpus, [query]) == [found]


@pytest.mark.parametrize("query", ["借用檢查器", '"fn main"', "使用Docker容器"])
def test_what_plain_datasette_does_not_find_archiver_search_does(corpus: Path, query: str) -> None:
    assert ids(corpus, query)
    assert datasette_ids(corpus, [query]) == [set()]


def test_plain_datasette_shows_the_index_without_an_error(corpus: Path) -> None:
    app = pytest.importorskip("datasette.app")

    async def statuses() -> list[int]:
        datasette = app.Datasette([str(corpus)])
        paths = ("", "/articles_fts", "/search_rows", "/search_index", "/articles?_search=快取")
        return [(await datasette.client.get(f"/archive{path}")).status_code for path in paths]

    assert asyncio.run(statuses()) == [200] * 5


# ─── whatever is typed ──────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "", " ", '"', '""', "'", "\\", "*", "快取*", "NEAR(a b)", "a AND", "NOT", "(", "a)", "title:快取", "^a", "-a",
    "a\x00b", "\ud800", "🦀", "👨‍👩‍👧", "%", "_", "快" * 10_000, "a " * 5_000, '"' * 9_999, "x" * 10_000,
    "\n", "\x021", "/*", "--", ";",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query[:12]))
def test_nothing_that_is_typed_is_an_error(corpus: Path, query: str) -> None:
    with reading(corpus) as connection:
        search.find(connection, query)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(st.characters() | st.sampled_from('"*()快取 \x00\ud800aA'), max_size=60))
def test_no_text_at_all_is_an_error(corpus: Path, query: str) -> None:
    with reading(corpus) as connection:
        for hit in search.find(connection, query).hits:
            json.dumps(hits.marked(hit)).encode()


@settings(deadline=None)
@given(st.text(max_size=40))
def test_folding_keeps_every_character_in_its_place(typed: str) -> None:
    assert len(search_words.folded(search_words.composed(typed))) == len(search_words.composed(typed))


@settings(deadline=None)
@given(st.data())
def test_every_piece_that_a_term_is_looked_up_by_is_a_word_of_every_text_that_holds_it(data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from("快取所有權ab_9 \n，。C+.:<(ＲéΣ") | st.characters(), max_size=90))
    held = search_words.composed(text)
    start = data.draw(st.integers(0, len(held)))
    piece = held[start : start + data.draw(st.integers(1, 80))]
    words = search_words.tokens(text)
    for term in search_words.terms('"' + piece.replace('"', "") + '"'):
        if term.spans(search_words.folded(held)):
            assert set(term.pieces()) <= words


# ─── one letter, several ways to write it ───────────────────────────────────────────────────────


@pytest.fixture
def case(tmp_path: Path) -> Any:
    with archive_at(tmp_path / "archive.db") as opened:
        opened.source(url_of(1), settle=False)
        yield opened


SAME = [
    ("ＲＵＳＴ 與 Ｐｙｏ３", "rust"), ("rust", "ＲＵＳＴ"), ("café", "cafe\u0301"), ("cafe\u0301", "CAFÉ"),
    ("Ｃ++", "c++"), ("10µs", "10μs"), ("ΣΑΣ", "σας"), ("İstanbul", "istanbul"), ("ＲＵＳＴ", "ｒｕｓｔ"),
    ("cargo\n  test", '"cargo test"'),
]  # fmt: skip


@pytest.mark.parametrize(("written", "typed"), SAME)
def test_case_width_and_composition_make_no_difference(case: Case, written: str, typed: str) -> None:
    case.answer(url_of(1), part(1, text=written))

    assert ids(case.path, typed) == {ID + 1}


@pytest.mark.parametrize(
    ("written", "typed"), [("cafe", "café"), ("快取，所有權", "快取,所有權"), ("⑨", "9"), ("ab", "a b c")]
)
def test_accents_and_punctuation_make_one(case: Case, written: str, typed: str) -> None:
    case.answer(url_of(1), part(1, text=written))

    assert ids(case.path, typed) == set()


def test_full_width_words_are_found_by_datasette_as_written_and_as_plain_letters(case: Case) -> None:
    case.answer(url_of(1), part(1, text="用ＲＵＳＴ寫"))

    assert datasette_ids(case.path, ["ＲＵＳＴ", "rust", "用rust寫"]) == [{ID + 1}] * 3


# ─── rank and snippet ───────────────────────────────────────────────────────────────────────────


def ranked(path: Path, query: str) -> list[int]:
    with reading(path) as connection:
        return [hit.id - ID for hit in search.find(connection, query).hits]


def test_a_title_weighs_more_than_a_body_and_a_body_more_than_a_comment(case: Case) -> None:
    case.answer(url_of(1), replace(part(1), comments=tuple(comment(n, "快取 " * 50) for n in (1, 2, 3))))
    case.answer(url_of(2), part(2, text="快取" * 90))
    case.answer(url_of(3), replace(part(3), title="快取"))
    case.answer(url_of(4), part(4, text="快取"))

    assert ranked(case.path, "快取") == [3, 2, 4, 1]


def test_a_whole_word_weighs_more_than_a_part_of_one(case: Case) -> None:
    case.answer(url_of(1), part(1, text="we trust"))
    case.answer(url_of(2), part(2, text="we rust"))

    assert ranked(case.path, "rust") == [2, 1]


def test_a_rare_word_weighs_more_than_a_common_one(case: Case) -> None:
    for number in range(3, 9):
        case.answer(url_of(number), part(number, text="所有權"))
    case.answer(url_of(1), part(1, text="所有權 所有權 所有權 快取"))
    case.answer(url_of(2), part(2, text="所有權 快取 快取 快取"))

    assert ranked(case.path, "所有權 快取") == [2, 1]


def test_a_word_of_very_many_articles_is_counted_in_all_and_titles_still_come_first(case: Case) -> None:
    many = range(1, 431)
    for number in many:
        case.answer(url_of(number), part(number, text="快取", title="快取" if number == 425 else "title"))
    with reading(case.path) as connection:
        found = search.find(connection, "快取")

    assert (found.total, len(found.hits), found.hits[0].id) == (len(many), 20, ID + 425)


def test_of_very_many_hits_only_so_many_texts_are_read_and_those_that_say_the_word_often_come_first(
    case: Case,
) -> None:
    for number in range(1, 61):
        case.answer(url_of(number), part(number, text="快取" * (5 if number == 58 else 1)))
    with reading(case.path) as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        found = search.find(connection, "快取", limit=5)
        connection.set_trace_callback(None)
    read = [match[1].split(",") for one in asked if (match := re.search(r"json_each\('\[(.*)\]'\)", one))]

    assert sum(map(len, read)) == 30
    assert (found.total, [hit.id - ID for hit in found.hits]) == (60, [58, 1, 2, 3, 4])


def test_a_total_that_no_text_was_asked_for_is_said_to_be_the_most_that_it_can_be(case: Case) -> None:
    for number in range(1, 41):
        case.answer(url_of(number), part(number, text="we cache containers" if number < 40 else "contai tainer"))
    with reading(case.path) as connection:
        found, exact = (search.find(connection, "container", limit=limit) for limit in (5, 50))

    assert hits.notes("container", found, quiet=False) == ["The best 5 of at most 40; --limit shows more."]
    assert (exact.total, exact.is_counted, len(exact.hits)) == (39, True, 39)


def snippet_of(case: Case, text: str, query: str, **changes: Any) -> str:
    case.answer(url_of(1), replace(part(1, text=text), **changes))
    with reading(case.path) as connection:
        return hits.marked(search.find(connection, query).hits[0])


def test_a_text_too_long_to_be_indexed_to_its_end_is_searched_to_its_end(case: Case) -> None:
    long = " ".join(map(str, range(search_index.LONGEST // 5))) + " 尾端的字"
    for number, words in enumerate((long, "尾端 的字", f"{long}末"), start=1):
        case.answer(url_of(number), part(number, text=words))
    for number in range(4, 50):
        case.answer(url_of(number), part(number, text="尾端"))
    with reading(case.path) as connection:
        assert {hit.id for hit in search.find(connection, "尾端的字").hits} == {ID + 1, ID + 3}
        assert {hit.id for hit in search.find(connection, "字末").hits} == {ID + 3}
        assert {hit.id for hit in search.find(connection, "字末 12").hits} == {ID + 3}
        assert search.find(connection, "兩隻").hits == []
        found = search.find(connection, "尾端", limit=5)
        assert (len(found.hits), found.total, found.is_counted) == (5, 49, False)
    assert search_proof.findings(case.archive._database, thorough=True) == []


def test_a_snippet_shows_the_hit_marked_in_its_surroundings(case: Case) -> None:
    text = "前言。" * 60 + "編譯器會替我們檢查所有權，也檢查 RUST 的生命週期。" + "後記。" * 60
    shown = snippet_of(case, text, "rust 所有權")

    assert "編譯器會替我們檢查«所有權»，也檢查 «RUST» 的生命週期" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 100


def test_a_snippet_shows_the_place_with_the_most_words(case: Case) -> None:
    shown = snippet_of(case, "快取。" + "前言。" * 60 + "快取與所有權。" + "快取。" * 60, "快取 所有權")

    assert "«快取»與«所有權»" in shown


def test_a_hit_in_a_comment_or_a_title_alone_is_shown_there(case: Case) -> None:
    assert snippet_of(case, "words", "借用", comments=(comment(1, "問借用檢查器"),)) == "問«借用»檢查器"
    assert snippet_of(case, "words", "索引", title="談索引") == "談«索引»"


def test_a_snippet_is_harmless_and_in_one_line(case: Case) -> None:
    shown = snippet_of(case, "a\n\tb \x1b[31m\u202e快取[/b]<script>", "快取")

    assert shown == "a b [31m«快取»[/b]<script>"


# ─── the index follows the articles ─────────────────────────────────────────────────────────────


def test_an_edit_and_a_new_comment_are_found_and_what_they_replace_is_not(case: Case) -> None:
    case.answer(url_of(1), part(1, text="舊的內容"))
    case.answer(url_of(1), replace(part(1, text="新的內容"), comments=(comment(1, "有留言"),)))

    assert datasette_ids(case.path, ["舊的", "新的", "留言"]) == [set(), {ID + 1}, {ID + 1}]
    assert (ids(case.path, "舊的"), ids(case.path, "留言")) == (set(), {ID + 1})


def test_a_part_is_searchable_before_the_run_ends(case: Case) -> None:
    case.answer(url_of(1), part(1, text="快取"))
    with reading(case.path) as connection:
        assert search.trouble(connection) is None
    assert ids(case.path, "快取") == {ID + 1}


def test_a_gone_part_and_a_deleted_comment_are_still_found(case: Case) -> None:
    case.answer(url_of(1), replace(part(1, text="快取"), comments=(comment(1, "很棒"),)))
    case.answer(url_of(1), part(1, text="快取"))
    case.answer(url_of(1), outcome=Outcome.NOT_FOUND)

    assert ids(case.path, "快取 很棒") == {ID + 1}


def index_rows(path: Path) -> list[tuple[Any, ...]]:
    """Every word of the index with its article."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab (main, search_index, instance)")
    rows = connection.execute("SELECT term, article_id FROM v JOIN search_rows ON search_rows.id = doc").fetchall()
    connection.close()
    return sorted(rows)


def test_an_index_kept_up_is_the_index_made_anew(case: Case) -> None:
    rng = random.Random(3)
    for _ in range(25):
        number = rng.randint(1, 6)
        comments = tuple(comment(n, sentence(rng)) for n in range(1, rng.randint(1, 3)))
        case.answer(url_of(number), replace(part(number, text=text(rng)), comments=comments))
    case.next_run()
    kept = (index_rows(case.path), derived_rows(case.path))
    case.archive.library.rebuild()

    assert (index_rows(case.path), derived_rows(case.path)) == kept


@pytest.mark.parametrize(
    "letters",
    [
        "快取 polars",
        "5 µs Σίσυφος ſoft ϐϑϕϖϰϱϵ",
        "ＰｏｌａｒｓΣ İstanbul é e\u0301",
        "\u0345\u1fbe\ufffe\uffff 快",
    ],
)
def test_the_words_that_verify_expects_are_those_that_sqlite_indexes(case: Case, letters: str) -> None:
    case.answer(url_of(1), part(1, text=letters))
    held = search.texts(case.archive._database, ID + 1)

    indexed = {term for term, _ in index_rows(case.path)}
    assert search_words.as_indexed(search_index.words(held)) == indexed


def test_what_the_index_no_longer_needs_is_given_back_when_the_archive_is_closed(corpus: Path) -> None:
    connection = sqlite3.connect(corpus)
    free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    connection.close()

    assert free * 8 <= pages


# ─── an index that somebody else touched ────────────────────────────────────────────────────────


def copied(source: Path, folder: Path, sql: str = "") -> Path:
    copy = folder / "archive.db"
    copy.write_bytes(source.read_bytes())
    connection = sqlite3.connect(copy)
    connection.executescript(sql)
    connection.close()
    return copy


def rebuilt_by_sqlite_utils(path: Path, *tables: str) -> None:
    from sqlite_utils.cli import cli as sqlite_utils

    sqlite_utils.main(["rebuild-fts", str(path), *tables], standalone_mode=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small").mkdir()
    path = tmp_path / "small" / "archive.db"
    with archive_at(path) as case:
        case.source(url_of(1), settle=False)
        for number in (1, 2, 3):
            case.answer(url_of(number), part(number, text="快取與所有權"))
        case.next_run()
    return path


TOUCHED: dict[str, Callable[[Path], None]] = {
    "rebuilt": rebuilt_by_sqlite_utils,
    "rebuilt by SQL": lambda path: sql(path, "INSERT INTO search_index (search_index) VALUES ('rebuild')"),
    "emptied": lambda path: sql(path, "INSERT INTO search_index (search_index) VALUES ('delete-all')"),
    "a row less": lambda path: sql(path, "DELETE FROM search_rows WHERE id = 2"),
    "dropped": lambda path: sql(path, "DROP TABLE search_index"),
    "dropped with its rows": lambda path: sql(path, "DROP TABLE search_index; DROP TABLE search_rows"),
    "a word more": lambda path: sql(path, "INSERT INTO search_index (rowid, article_id) VALUES (1, 'x')"),
    "another digest": lambda path: sql(path, "UPDATE search_rows SET digest = 'x' WHERE id = 1"),
    "a word less": lambda path: sql(
        path, "INSERT INTO search_index (search_index, rowid, article_id) VALUES ('delete', 1, '快取')"
    ),
    "blocks damaged": lambda path: sql(path, "UPDATE search_index_data SET block = x'00ff' WHERE id > 1000"),
}


def sql(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


@pytest.mark.parametrize("what", TOUCHED)
def test_whatever_is_done_to_the_index_is_noticed_and_mended(small: Path, what: str) -> None:
    TOUCHED[what](small)
    with archive_at(small) as case:
        noticed = search_proof.findings(case.archive._database, thorough=True)
        mended = case.archive.mend_search(thorough=True)
        again = search_proof.findings(case.archive._database, thorough=True)

    assert len(noticed) >= 1
    assert (mended, again) == (noticed, [])
    assert ids(small, "快取") == {ID + 1, ID + 2, ID + 3}
    assert datasette_ids(small, ["快取", "x"]) == [{ID + 1, ID + 2, ID + 3}, set()]


@pytest.mark.parametrize(
    "what", ["rebuilt", "emptied", "a row less", "dropped", "dropped with its rows", "blocks damaged"]
)
def test_a_search_finds_everything_meanwhile(small: Path, what: str) -> None:
    TOUCHED[what](small)

    assert ids(small, "快取") == {ID + 1, ID + 2, ID + 3}


@pytest.mark.parametrize("what", ["dropped", "dropped with its rows", "blocks damaged", "another digest"])
def test_a_run_goes_on_over_a_broken_index_and_mends_it(small: Path, what: str) -> None:
    TOUCHED[what](small)
    with archive_at(small) as case:
        case.answer(url_of(1), part(1, text="新的快取"))
        case.answer(url_of(4), part(4, text="快取"))
        case.next_run()
        assert search_proof.findings(case.archive._database, thorough=True) == []

    assert datasette_ids(small, ["快取", "新的"]) == [{ID + 1, ID + 2, ID + 3, ID + 4}, {ID + 1}]


def test_rebuild_fts_of_the_articles_does_no_harm(small: Path) -> None:
    rebuilt_by_sqlite_utils(small, "articles")
    with reading(small) as connection:
        assert search.trouble(connection) is None
    assert datasette_ids(small, ["快取"]) == [{ID + 1, ID + 2, ID + 3}]


def test_a_rebuilt_index_is_said_by_search_found_by_verify_and_mended_by_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "archive.db"
    with StandIn(terse_site(5)) as standin:
        run_fetch(db, config_for(standin, tmp_path))
    rebuilt_by_sqlite_utils(db)
    capsys.readouterr()

    assert run("search", "快取", "--db", str(db)) == 0
    assert "archiver verify --repair" in capsys.readouterr().err
    assert run("verify", "--db", str(db)) == 5
    assert capsys.readouterr().out.startswith("search index: another program rebuilt")
    assert run("verify", "--repair", "--db", str(db)) == 0
    assert capsys.readouterr().err.startswith("Repaired: search index: another program rebuilt")
    assert run("verify", "--db", str(db)) == 0


def test_an_index_that_another_program_wrote_to_is_told_and_filled_anew_though_its_words_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong list of its pages is one that no reading of all its words notices, and no search finds its way by."""
    db = tmp_path / "archive.db"
    with StandIn(terse_site(5)) as standin:
        run_fetch(db, config_for(standin, tmp_path))
    sql(db, "DELETE FROM search_index_idx")
    capsys.readouterr()

    assert run("verify", "--db", str(db)) == 5
    assert "its list of pages does not fit its pages" in capsys.readouterr().out
    assert run("verify", "--repair", "--db", str(db)) == 0
    assert run("verify", "--db", str(db)) == 0


def test_whatever_is_changed_in_the_pages_of_the_index_is_found(tmp_path: Path) -> None:
    """Each page of it less, one byte of it otherwise, and each entry of the list of pages less or otherwise."""
    rng = random.Random(7)
    with archive_at(tmp_path / "a.db") as case:
        case.source(url_of(1), settle=False)
        for number in range(1, 13):
            case.answer(url_of(number), part(number, text=text(rng)))
        database = case.archive._database
        connection = database.conn
        undefended(connection)
        pages = connection.execute("SELECT id, block FROM search_index_data WHERE id > 10").fetchall()
        entries = connection.execute("SELECT segid, term, pgno FROM search_index_idx").fetchall()
        acts: list[tuple[str, tuple[object, ...]]] = []
        for number, block in pages:
            acts.append(("DELETE FROM search_index_data WHERE id = ?", (number,)))
            for place in rng.sample(range(len(block)), min(depth(4, 40), len(block))):
                other = block[:place] + bytes([block[place] ^ 1 << rng.randrange(8)]) + block[place + 1 :]
                acts.append(("UPDATE search_index_data SET block = ? WHERE id = ?", (other, number)))
        for what in ("DELETE FROM search_index_idx", "UPDATE search_index_idx SET pgno = pgno + 2"):
            acts += [(f"{what} WHERE segid = ? AND term = ?", (segment, term)) for segment, term, _ in entries]
        missed = []
        for sql, values in acts:
            connection.execute("BEGIN")
            connection.execute(sql, values)
            if not search_proof.findings(database, thorough=True):
                missed.append((sql, values[-1]))
            connection.execute("ROLLBACK")
        assert search_proof.findings(database, thorough=True) == []

    assert len(pages) > 8
    assert len(entries) > 4
    assert missed == []


def test_an_index_that_is_half_merged_is_whole(tmp_path: Path) -> None:
    rng = random.Random(8)
    with archive_at(tmp_path / "a.db") as case:
        case.source(url_of(1), settle=False)
        for number in range(1, 25):
            case.answer(url_of(number), part(number, text=" ".join(text(rng) for _ in range(12))))
        database = case.archive._database
        held = "SELECT id FROM search_index_data"
        gone = f"SELECT count(*) FROM search_index_idx WHERE (segid << 37) + pgno / 2 NOT IN ({held})"
        seen = set()
        for pages in (1, 2, 3, 5, 8, 13, 21, 34, 55):
            database.execute("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", [pages])
            database.conn.commit()
            seen.add(database.execute(gone).fetchone()[0] > 0)
            assert search_proof.findings(database, thorough=True) == []

    assert True in seen, "pages are gone whose names have stayed"


def test_an_archive_from_before_search_gets_its_index_when_it_is_opened(small: Path) -> None:
    sql(small, "DROP TABLE search_index; DROP TABLE search_rows; DROP VIEW articles_fts")
    sql(small, "DELETE FROM _sqlite_migrations WHERE name = 'm003_search'")
    assert ids(small, "快取") == {ID + 1, ID + 2, ID + 3}
    with archive_at(small):
        pass

    assert datasette_ids(small, ["快取"]) == [{ID + 1, ID + 2, ID + 3}]


def test_an_archive_with_the_words_of_an_earlier_version_gets_those_of_this_one_and_nothing_is_told(
    small: Path,
) -> None:
    sql(small, "DELETE FROM _sqlite_migrations WHERE name = 'm020_search'")
    sql(small, "INSERT INTO search_index (search_index) VALUES ('delete-all'); DELETE FROM search_rows")
    sql(small, "DELETE FROM seals")  # they would hold: it is no other program that left it so
    with archive_at(small) as case:
        assert search_proof.findings(case.archive._database, thorough=True) == []
        assert case.archive.mend_search() == []

    assert datasette_ids(small, ["快取"]) == [{ID + 1, ID + 2, ID + 3}]


# ─── the command ────────────────────────────────────────────────────────────────────────────────


def test_the_json_has_the_documented_shape(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "--json", "--limit", "2", "所有權", "快取", "--db", str(small)) == 0
    document = json.loads(capsys.readouterr().out)

    assert document["query"] == "所有權 快取"
    assert [hit["id"] for hit in document["hits"]] == [ID + 1, ID + 2]
    assert list(document["hits"][0]) == ["id", "title", "series_id", "position", "snippet", "score", "url"]
    assert document["hits"][0]["snippet"] == "«快取»與«所有權»"


def test_a_pipe_gets_a_line_a_hit_and_stderr_how_many_more(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "快取", "--limit", "1", "--db", str(small)) == 0
    shown = capsys.readouterr()

    assert shown.out.splitlines() == [
        "article\tseries\tpart\ttitle\tsnippet",
        "10000001\t5943\t1\t[Day 01] title\t«快取»與所有權",
    ]
    assert shown.err == "The best 1 of 3; --limit shows more.\n"


def test_nothing_found_is_said_and_no_failure(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "快取", "nowhere", "--db", str(small)) == 0
    assert capsys.readouterr() == ("", "Nothing here holds all of: 快取 nowhere\n")
    assert run("search", "-q", "nowhere", "--db", str(small)) == 0
    assert capsys.readouterr() == ("", "")


def test_a_query_without_words_and_a_series_that_is_not_known_are_refused(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for query in ("", " ", '""'):
        assert run("search", query, "--db", str(small)) == 2
        assert capsys.readouterr() == ("", "archiver: no word to search for; name one, or a phrase in quotes\n")
    assert run("search", "快取", "--series", "4", "--db", str(small)) == 2
    assert "4: no series of " in capsys.readouterr().err
    assert run("search", "快取", "--series", "5943", "--db", str(small)) == 0


def test_no_archive_is_said_as_for_every_command(tmp_path: Path) -> None:
    assert run("search", "快取", "--db", str(tmp_path / "none.db")) == 5
