"""Encodings and odd letters: a page is read whatever its server calls it, and what is kept can be stored."""

from __future__ import annotations

import re

import pytest
from page_fixtures import ALONE, INDEX, address, markup, read_as

from archiver.model.readings import ArticlePage
from archiver.pages import read

WORDS = "許功蓋的舊電腦"
CALLED = ["UTF-8", "Big5", "zlib_codec"]


@pytest.mark.parametrize("codec", ["big5", "cp950", "big5hkscs"])
@pytest.mark.parametrize("content_type", [None, "text/html", *(f"text/html; charset={name}" for name in CALLED)])
def test_a_page_in_big5_is_read_whatever_it_is_called(codec: str, content_type: str | None) -> None:
    whole = markup(ALONE).replace("桌上有一台舊電腦", WORDS)
    data = whole.encode(codec, "xmlcharrefreplace")
    found = read(address(ALONE), data, content_type)
    assert isinstance(found.page, ArticlePage)
    assert found.page.body is not None
    assert WORDS in found.page.body.text
    assert found.facts.encoding in {"big5hkscs", "cp950"}


@pytest.mark.parametrize(
    ("data", "content_type", "encoding"),
    [
        (b"\xef\xbb\xbf<p>\xe5\xad\x97</p>", "text/html; charset=big5", "utf-8"),
        ("\ufeff<p>字</p>".encode("utf-16-le"), None, "utf-16-le"),
        ("\ufeff<p>字</p>".encode("utf-16-be"), None, "utf-16-be"),
        ('<meta charset="gb2312"><p>字</p>'.encode("gb18030"), None, "gb18030"),
        ('<meta charset="utf-16"><p>字</p>'.encode(), None, "utf-8"),
        ("<p>字</p>".encode(), "text/html; charset='utf-8'", "utf-8"),
        (b"<p>caf\xe9</p>", "text/html; charset=ISO-8859-1", "cp1252"),
        (b"<p>\xe5\xad\x97\xff</p>", None, "utf-8 (replaced)"),
        (b"<p>\xe5\xad\x97\xff</p>", "text/html; charset=utf-7", "utf-8 (replaced)"),
    ],
)
def test_the_encoding_is_the_first_that_fits(data: bytes, content_type: str | None, encoding: str) -> None:
    assert read(address(INDEX), data, content_type).facts.encoding == encoding


def test_odd_letters_in_a_title_and_a_body_can_be_stored() -> None:
    page = (
        markup(ALONE)
        .replace("為什麼要寫這個系列", "甲\u202e乙\u200b&#0;&#xd800;\x00\x1b[31m丙")
        .replace("桌上有", "\x00&#xdfff;桌上有")
    )
    found = read_as(ALONE, page)
    assert isinstance(found.page, ArticlePage)
    assert found.page.title is not None
    assert "甲" in found.page.title
    assert "丙" in found.page.title
    assert "\x1b" not in found.page.title
    for text in (found.page.title, repr(found.page)):
        assert not re.search(r"[\x00\ud800-\udfff]", text)
        text.encode("utf-8")
