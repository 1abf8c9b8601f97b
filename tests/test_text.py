"""Text from the world made harmless: for a column, for one line, for a terminal; and the day that a title names."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import text as texts
from archiver.text import line, prose, safe, storable, title_day

# Hypothesis leaves lone surrogates out of ordinary text.
ANY = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x00\x07\x1b\x85\r\n\t\ud800\udfff\u202e\u200b\ufeff")
)


@given(ANY)
def test_storable_text_fits_utf8_json_and_sqlite_and_changes_nothing_else(text: str) -> None:
    kept = storable(text)
    assert len(kept) == len(text)
    assert kept == "".join(
        "\ufffd" if letter == "\x00" or "\ud800" <= letter <= "\udfff" else letter for letter in text
    )
    assert json.loads(json.dumps(kept).encode("utf-8")) == kept
    with sqlite3.connect(":memory:") as connection:
        (row,) = connection.execute("SELECT ?, length(?)", (kept, kept))
    connection.close()
    assert row == (kept, len(kept))


@given(ANY)
def test_prose_has_no_controls_but_line_feed_and_tab(text: str) -> None:
    kept = prose(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", kept)
    assert prose(kept) == kept


@given(ANY, st.integers(1, 50))
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    kept = line(text, limit)
    assert len(kept) <= limit
    assert len(kept.splitlines()) <= 1
    assert kept == kept.strip()
    assert line(kept, limit) == kept


@given(ANY)
def test_a_terminal_gets_nothing_invisible(text: str) -> None:
    kept = safe(text)
    assert len(kept.splitlines()) <= 1
    assert all(unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} for letter in kept)
    assert not re.search("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]", kept)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc\nd", "a b c d"),
        ("  a \t b\u3000c\xa0 ", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31m", "31m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("p\u200bay\ufeffpal", "paypal"),
        ("a\x00b\ud800c", "a\ufffdb\ufffdc"),
        ("第 1 天｜「標題」——🦀", "第 1 天｜「標題」——🦀"),
        ("👩\u200d💻", "👩💻"),
        ("", ""),
        (404, "404"),
        (ValueError("a\nb"), "a b"),
    ],
)
def test_what_a_terminal_shows(text: object, shown: str) -> None:
    assert safe(text) == shown


def test_a_long_line_is_cut_and_says_so() -> None:
    assert line("一" * 10, 5) == "一一一一…"
    assert line("一" * 5, 5) == "一一一一一"


def test_code_is_storable_to_the_letter() -> None:
    code = "\tif a:\r\n\t\tb = '\x1b[0m\u202e'\x0c\n"
    assert storable(code) == code


@pytest.mark.parametrize(
    ("title", "day"),
    [
        ("[Day 02] 用 Rust 寫一個小工具", 2),
        ("[Day 01]", 1),
        ("Day 07：標題", 7),
        ("DAY12", 12),
        ("Day1 起因", 1),
        ("Day1：標題", 1),
        ("Day10: 標題", 10),
        ("Day 30｜標題", 30),
        ("day-3 標題", 3),
        ("Day.4 標題", 4),
        ("Day #5", 5),
        ("【Day 6】標題", 6),
        ("標題 - Day 29", 29),
        ("D-3 倒數", 3),
        ("第 7 天", 7),
        ("第31天：番外", 31),
        ("第七天", 7),
        ("第十天", 10),
        ("第二十一天", 21),
        ("Ｄａｙ　０８", 8),
        ("DAY ８ 標題", 8),
        ("2023 鐵人賽 Day 9 與 Day 10", 9),
        ("標題", None),
        ("", None),
        ("Holiday 5", None),
        ("Monday 3", None),
        ("D3.js 入門", None),
        ("ID-3 標籤", None),
        ("Day 2023", None),
        ("Day", None),
        ("30 天", None),
        ("第一次的天空", None),
    ],
)
def test_a_title_names_its_day_or_none(title: str, day: int | None) -> None:
    assert title_day(title) == day


@given(ANY)
def test_no_title_makes_its_day_raise(title: str) -> None:
    found = title_day(title)
    assert found is None or 0 <= found <= 999


@given(st.integers(1, 99))
def test_every_spelling_of_a_day_is_that_day(day: int) -> None:
    wide = str(day).translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    for title in (f"Day {day:02}", f"[DAY{day}] x", f"第 {day} 天", f"Day{wide}", f"x | day-{day:03} | 7"):
        assert title_day(title) == day


# ─── to the letter ──────────────────────────────────────────────────────────────────────────────


def test_a_document_is_written_as_people_read_it_and_a_line_as_programs_do() -> None:
    assert texts.document({"天": ["a", 1]}) == '{\n  "天": [\n    "a",\n    1\n  ]\n}'
    assert texts.document_line({"天": ["a", 1]}) == '{"天": ["a", 1]}'
    assert texts.document("a\u202eb") == '"a\\u202eb"'


def test_prose_has_the_line_breaks_of_this_house() -> None:
    assert texts.prose("a\r\nb\rc\nd\te\x07f\0") == "a\nb\nc\nd\tef\ufffd"
    assert texts.storable("a\0\ud800") == "a\ufffd\ufffd"
    assert texts.storable("a\ud800") == "a\ufffd"
    assert texts.inked(" a\nb\r\nc\u200b ") == " a b c "


def test_words_are_the_same_but_for_width_case_and_signs() -> None:
    assert texts.bare_words("Ａb，「C」 d。+1") == "abcd+1"
    signs = [sign for sign in map(chr, range(0x2010, 0x3100)) if unicodedata.category(sign)[0] == "P"]
    signs = [sign for sign in signs if unicodedata.is_normalized("NFKC", sign)]
    assert len(signs) > 100
    assert texts.bare_words("a".join(signs)) == "a" * (len(signs) - 1)
    assert texts.same_words("ABC", "a b-c!")
    assert not texts.same_words("abc", "abd")


def test_a_line_of_the_log_is_quoted_and_cut() -> None:
    assert texts.event("asked", url="https://a.example/x y", of=None, outcome="ok", why='say "no"') == (
        'asked url="https://a.example/x y" outcome=ok why="say \'no\'"'
    )
    assert texts.event("asked", why="w" * 401) == f"asked why={'w' * 399}…"
    assert texts.event("asked", url="https://a.example/?q=1") == "asked url=https://a.example/?q=1"


@pytest.mark.parametrize(
    ("title", "day"),
    [
        ("第七天", 7), ("第十天", 10), ("第十一天", 11), ("第二十日", 20), ("第三十一天", 31), ("第一二天", None),
        ("第一二十天", None), ("第十十天", None), ("第十二三天", None), ("第 07 天", 7),
    ],
)  # fmt: skip
def test_a_day_in_numerals_is_read_where_it_is_one(title: str, day: int | None) -> None:
    assert texts.title_day(title) == day
