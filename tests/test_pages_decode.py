"""Bytes to text, and the small readers of numbers and dates."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.pages.base import count, decode, digest, feed_date, taipei_to_utc, whole_number
from archiver.text import title_day

CHINESE = "<html><head><meta charset={}></head><body>鐵人賽的第一天：開始寫程式</body></html>"
UTF8 = CHINESE.format("utf-8").encode()
BIG5 = CHINESE.format("big5").encode("big5")


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (UTF8, None, "utf-8"),
        (UTF8, "text/html; charset=UTF-8", "utf-8"),
        (UTF8, 'text/html; charset="utf8"', "utf-8"),
        (UTF8, "text/html; charset=big5", "utf-8"),  # a header that is wrong
        (UTF8, "text/html; charset=zlib_codec", "utf-8"),  # no lookup of what a server names
        (UTF8, "text/html; charset=utf-7", "utf-8"),
        (codecs.BOM_UTF8 + UTF8, "text/html; charset=big5", "utf-8"),
        (BIG5, None, "big5hkscs"),
        (BIG5, "text/html", "big5hkscs"),
        (BIG5, "text/html; charset=utf-8", "big5hkscs"),
        (BIG5.replace(b"<meta charset=big5>", b""), None, "big5hkscs"),
        (CHINESE.format("gb2312").encode("gb18030"), "text/html; charset=GB2312", "gb18030"),
        (CHINESE.format("utf-16").encode(), None, "utf-8"),  # what says so in ASCII is not UTF-16
        (codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"), None, "utf-16-le"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), None, "utf-16-be"),
        (CHINESE.encode("utf-16-le"), "text/html; charset=utf-16", "utf-16-le"),
    ],
)
def test_the_encoding_is_the_first_that_is_claimed_and_fits(
    body: bytes, content_type: str | None, encoding: str
) -> None:
    text, used = decode(body, content_type)

    assert used == encoding
    assert "鐵人賽的第一天：開始寫程式" in text


def test_what_fits_no_encoding_is_read_with_a_mark() -> None:
    text, used = decode(UTF8.replace("開".encode(), b"\xff"), "text/html; charset=utf-8")

    assert used == "utf-8 (replaced)"
    assert "鐵人賽的第一天：\ufffd始寫程式" in text


def test_a_western_label_is_windows_1252_as_browsers_have_it() -> None:
    assert decode(b"caf\xe9 \x80", "text/html; charset=iso-8859-1") == ("caf\u00e9 \u20ac", "cp1252")


@given(st.binary(max_size=200), st.text(max_size=30) | st.none())
def test_any_bytes_become_text(body: bytes, content_type: str | None) -> None:
    text, used = decode(body, content_type)

    assert used
    assert isinstance(text, str)


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("83 瀏覽", 83), ("0", 0), ("1.2k", 1200), ("1.2K 瀏覽", 1200), ("12k", 12000),
        ("3.4m", 3_400_000), ("1,234", 1234),
        ("２３", 23), ("3萬", 30000), ("1.5 萬", 15000), ("", None), (None, None), ("瀏覽", None), ("-", None),
    ],
)  # fmt: skip
def test_a_counter_is_read_as_it_is_shown(shown: str | None, number: int | None) -> None:
    assert count(shown) == number


@pytest.mark.parametrize(
    ("shown", "number"),
    [("共 30 篇文章", 30), ("DAY\n   12 ", 12), ("１２", 12), ("1,234", 1234), ("", None), (None, None)],
)
def test_the_first_whole_number_of_a_text(shown: str | None, number: int | None) -> None:
    assert whole_number(shown) == number


@pytest.mark.parametrize(
    ("shown", "moment"),
    [
        ("2026-08-17 12:26:34", datetime(2026, 8, 17, 4, 26, 34, tzinfo=UTC)),
        ("2016-12-31 00:00:00", datetime(2016, 12, 30, 16, 0, 0, tzinfo=UTC)),
        (" 2026-08-17 12:26 ", datetime(2026, 8, 17, 4, 26, tzinfo=UTC)),
        ("2026-02-30 00:00:00", None),
        ("0001-01-01 00:00:00", None),
        ("昨天", None),
        ("", None),
        (None, None),
    ],
)
def test_the_sites_times_are_taipei_times(shown: str | None, moment: datetime | None) -> None:
    assert taipei_to_utc(shown) == moment


@pytest.mark.parametrize(
    ("shown", "moment"),
    [
        ("2026-08-05 08:57:56", datetime(2026, 8, 5, 0, 57, 56, tzinfo=UTC)),
        ("Wed, 05 Aug 2026 09:37:43 +0800", datetime(2026, 8, 5, 1, 37, 43, tzinfo=UTC)),
        ("Wed, 05 Aug 2026 01:37:43 GMT", datetime(2026, 8, 5, 1, 37, 43, tzinfo=UTC)),
        ("soon", None),
        ("Wed, 99 Aug 2026 01:37:43 GMT", None),
    ],
)
def test_a_feeds_dates_are_the_sites_own_or_the_standards(shown: str, moment: datetime | None) -> None:
    assert feed_date(shown) == moment


@pytest.mark.parametrize(
    ("title", "day"),
    [
        ("[Day 07] 重構", 7), ("Day 30｜收尾", 30), ("DAY12 部署", 12), ("Day1 起因：個人小工具", 1),
        ("Day10: Textbox", 10),
        ("day-3 測試", 3), ("【Day.5】", 5), ("Day 5：第一個 API", 5), ("Ｄａｙ ０８", 8), ("第 7 天：快取", 7),
        ("第12日", 12),
        ("鐵人賽Day07 快取", 7), ("[D-3] 資料", 3), ("D-12：部署", 12), ("第七天 快取", 7), ("第二十一天", 21),
        ("第十天", 10),
        ("用 D3 畫圖", None), ("D3.js 入門", None), ("3D 7 面體", None), ("Today 3 things", None), ("Birthday 7", None),
        ("聊天軟體上的 WebRTC", None), ("30 天學會", None), ("", None), ("Days 30", None), ("Day 12345", None),
    ],
)  # fmt: skip
def test_the_day_that_a_title_names(title: str, day: int | None) -> None:
    assert title_day(title) == day


@given(st.text(max_size=60))
def test_any_title_has_a_small_day_or_none(title: str) -> None:
    day = title_day(title)

    assert day is None or 0 <= day <= 999


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_different_values_have_different_digests(one: list[str], other: list[str]) -> None:
    assert digest(one) == digest(list(one))
    assert digest(["a", "b"]) != digest(["ab", ""])
    assert digest([*one, "x"]) != digest([*other, "y"])
