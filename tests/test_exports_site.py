"""The site: whole without the network, and each link of it leads to a file of it."""

from __future__ import annotations

import inspect
import json
import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
import reading_archive
from archives import put, rows_at
from demonstrations import Played
from exported import MISSING, holds
from selectolax.lexbor import LexborHTMLParser
from xss_payloads import PAYLOADS

import archiver
from archiver.archive import event_rows
from archiver.exports import writing
from archiver.exports.book import opened_books
from archiver.exports.formats import FORMATS, ExportOptions
from archiver.exports.said import happened
from archiver.model import State

ACT = "document.documentElement.dataset.hit=1"


def made(db: Path, *wanted: str, **options: Any) -> dict[str, bytes]:
    """The files of the site, or these of them alone: what nobody wants is not written."""
    with opened_books(db) as books:
        found = FORMATS["site"].maker()(books, ExportOptions(**options))
        return {one.name: b"".join(one.pieces) for one in found if not wanted or one.name in wanted}


def texts(site: dict[str, bytes]) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = json.loads(
        site["texts.js"].decode().removeprefix("var ARCHIVE_TEXTS =").strip("; \n")
    )
    return found


def hostile_words() -> reading_archive.Words:
    armed = "".join(payload.replace("alert(1)", ACT) for _, payload in PAYLOADS)
    short = f"</script><script>{ACT}</script>\u2028<img src=x onerror={ACT}>"
    return reading_archive.Words(short, armed, armed, short, short, short, short)


def hostile_archive(path: Path) -> Path:
    reading_archive.make(path, hostile_words())
    with rows_at(path) as connection:
        put(connection, "sources", id=1, url="https://index.example/", kind="index", added_at=reading_archive.AT)
        put(connection, "series_sources", series_id=reading_archive.SERIES, source_id=1)
    return path


@pytest.fixture
def archive(four_parts: Path) -> Path:
    return four_parts


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_link_and_image_of_the_site_is_a_file_of_it(archive: Path, lang: str) -> None:
    site = made(archive, lang=lang)
    for name, page in site.items():
        if not name.endswith(".html"):
            continue
        for node in LexborHTMLParser(page).css("[href], [src]"):
            url = node.attributes.get("href") or node.attributes.get("src") or ""
            if not url.startswith(("http://", "https://", "mailto:", "#")):
                assert (
                    posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url).partition("#")[0])) in site
                )


def test_the_same_archive_gives_the_same_bytes(archive: Path) -> None:
    assert made(archive) == made(archive)


def test_a_missing_part_says_so_and_has_no_text(archive: Path) -> None:
    page = LexborHTMLParser(made(archive)[f"ironman-5943/03-{MISSING}.html"])
    main = page.css_first("main")

    assert page.css_first("#text") is None
    assert main is not None
    assert "本篇沒有存檔" in main.text()


@pytest.mark.parametrize(("lang", "word"), [("zh-TW", "（圖片未存檔）"), ("en", "(image not held)")])
def test_what_we_say_within_a_text_is_in_the_language_that_was_asked_for(archive: Path, lang: str, word: str) -> None:
    pages = b"".join(data for name, data in made(archive, lang=lang).items() if name.endswith(".html")).decode()

    assert word in pages
    assert ("held in this archive" in pages) == (lang == "en")


def test_a_rescued_part_and_its_state_are_told_in_words_and_a_first_sight_is_no_change(rotten_demo: Played) -> None:
    site = made(rotten_demo.archive, "ironman-900001/index.html", "changes.html")
    tiles = [tile.text() for tile in LexborHTMLParser(site["ironman-900001/index.html"]).css(".tile .words")]
    changes = [row.text() for row in LexborHTMLParser(site["changes.html"]).css("main li")]

    assert sum("取自他處的備份" in tile and "疑似消失" in tile for tile in tiles) == 6
    assert sum("疑似消失" in row for row in changes) == 6
    assert not any("在網站上" in row for row in changes)


def test_every_change_has_its_word_in_each_language() -> None:
    source = inspect.getsource(event_rows)
    kinds = {*re.findall(r'at, "(\w+)"', source)} - {"emptied"}  # of a list, and of no part
    ways = {f"{how}_{via}" for how in re.findall(r'f"(\w+)_\{via\}"', source) for via in ("index", "series")}
    assert {"renumbered", "left_index", "back_in_series", "reposted"} <= kinds | ways
    edits = {"edited", "edited (cosmetic)", "collapsed", "comment deleted"}

    for what in kinds | ways | edits | {*State}:
        assert not happened("zh-TW", what).isascii(), what
        assert "_" not in happened("en", what)


def test_the_texts_that_are_searched_are_those_of_the_archive(archive: Path) -> None:
    with opened_books(archive) as books:
        held = [chapter.article.text if chapter.article else "" for chapter in books.books[0].chapters()]
    assert all(text in [*told, ""] for (_, _, told), text in zip(texts(made(archive)), held, strict=True))


def test_feeds_hold_whole_bodies_under_their_own_addresses(archive: Path) -> None:
    site = made(archive)
    feed = json.loads(site["ironman-5943/feed.json"])
    atom = ET.fromstring(site["ironman-5943/feed.xml"])
    name = "{http://www.w3.org/2005/Atom}"
    bodies = [entry.findtext(f"{name}content") for entry in atom.findall(f"{name}entry")]
    assert [item["content_html"] for item in feed["items"]] == bodies
    assert len(bodies) == 3
    assert all(item["id"].startswith("https://") or item["id"].startswith("http://") for item in feed["items"])


def test_the_catalogue_lists_each_series_as_a_book_that_stands_there(archive: Path, tmp_path: Path) -> None:
    site = made(archive)
    atom = "{http://www.w3.org/2005/Atom}"
    (entry,) = ET.fromstring(site["opds.xml"]).findall(f"{atom}entry")
    (link,) = (one for one in entry.findall(f"{atom}link") if one.get("type") == "application/epub+zip")

    archiver.export(archive, "epub", out=tmp_path / "a.epub")

    assert link.get("rel") == "http://opds-spec.org/acquisition"
    assert site[link.get("href", "")] == (tmp_path / "a.epub").read_bytes()
    assert (entry.findtext(f"{atom}id") or "-").encode() in zipfile.ZipFile(tmp_path / "a.epub").read(
        "EPUB/package.opf"
    )


@pytest.mark.parametrize("is_hostile", [False, True])
def test_opened_from_the_disk_no_page_asks_anybody_errs_or_runs_what_it_holds(
    browser: Any, archive: Path, tmp_path: Path, is_hostile: bool
) -> None:
    db = hostile_archive(tmp_path / "hostile.db") if is_hostile else archive
    with opened_books(db) as books:
        writing.put(
            tmp_path / "site", FORMATS["site"].container, FORMATS["site"].maker()(books, ExportOptions()), force=False
        )
    page = browser.new_page(viewport={"width": 390, "height": 800}, offline=True)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for file in sorted((tmp_path / "site").rglob("*.html")):
        page.goto(file.as_uri())
        assert page.locator("h1").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, file
        assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute", "styled"
        assert page.evaluate("document.documentElement.dataset.hit") is None
    page.goto((tmp_path / "site/search.html").as_uri())
    known = page.evaluate("ARCHIVE_TEXTS.map(one => [[one[0], ...one[2]], one[1]])")
    text = max((words for fields, _ in known for words in fields), key=len)
    for length in range(1, 9):
        for at in (0, len(text) // 2, len(text) - length):
            query = text[at : at + length].strip()
            if not query or "\n" in query:
                continue
            page.fill("#query", query)
            found = page.evaluate("[...document.querySelectorAll('#results a')].map(one => one.getAttribute('href'))")
            assert found == [url for fields, url in known if holds(fields, query)], query
    assert page.evaluate("document.documentElement.dataset.hit") is None
    assert (said, [url for url in asked if not url.startswith(("file://", "data:"))]) == ([], [])
    page.close()


def test_images_that_are_held_stand_beside_and_are_shown(archive: Path) -> None:
    site = made(archive)
    shown = {name for name in site if name.startswith("images/")}
    pages = b"".join(page for name, page in site.items() if name.endswith(".html"))
    assert shown
    assert all(f'src="../{name}"'.encode() in pages for name in shown)
