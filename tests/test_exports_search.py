"""The site in headless Chromium, from the disk, without a network: its search is right, and anybody can use it.

axe-core is found as node finds it: `npm install --prefix FOLDER --ignore-scripts axe-core` and
`NODE_PATH=FOLDER/node_modules`.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from depths import deeper, is_long
from exported import fetched, holds

from archiver.commands.exporting import export

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"
)
_FOLDERS = [*os.environ.get("NODE_PATH", "").split(os.pathsep), "/usr/local/lib/node_modules", "/usr/lib/node_modules"]
AXE = next((file for one in _FOLDERS if one and (file := Path(one) / "axe-core/axe.min.js").is_file()), None)
SEARCH = """(queries) => queries.map((query) => {
    const typed = document.querySelector("#query");
    typed.value = query;
    typed.dispatchEvent(new Event("input", {bubbles: true}));
    return [...document.querySelectorAll("#results a")].map((one) => one.getAttribute("href"));
})"""
# The words of each part, field by field, as they stand in the archive: no code of the export is asked.
FIELDS = """
SELECT id, title FROM articles UNION ALL SELECT id, body_text FROM articles
UNION ALL SELECT article_id, body_text FROM comments
UNION ALL SELECT article_id, name FROM articles_tags JOIN tags ON tags.id = tag_id
"""
PARTS = 5


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetched(tmp_path_factory.mktemp("site"), PARTS)


@pytest.fixture(scope="module")
def site(archive: Path) -> Path:
    (written,) = export(archive, "site", out=archive.parent / "site").written
    return written.path


def fields_of(archive: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(archive)) as held:
        return [(number, words) for number, words in held.execute(FIELDS) if words]


def queries(fields: list[tuple[int, str]]) -> list[str]:
    """Pieces of one to eight characters of prose and code, signs and halves of words too; and what is nowhere.

    Some of them wide, some between quotes, and two at once.
    """
    rng = random.Random(5943)
    found = {"程式", "fn main", "&&", "->", "::", "{", "。", "龘", "zzzzzz", '"', '"fn main', "ｆｎ ＭＡＩＮ"}
    while len(found) < 260:
        _, words = rng.choice(fields)
        length = rng.randint(1, 8)
        start = rng.randrange(max(1, len(words) - length))
        query = words[start : start + length]
        if query.isprintable() and query == query.strip() and query:
            found.add(query)
    some = sorted(found)
    wide = [word.translate({code: code + 0xFEE0 for code in range(48, 123) if chr(code).isalnum()}) for word in some]
    pairs = [f"{rng.choice(some)} {rng.choice(some)}" for _ in range(60)]
    return [*some, *rng.sample(wide, 60), *(f'"{word}"' for word in rng.sample(some, 40)), *pairs]


def test_a_search_of_one_to_eight_characters_finds_the_parts_that_hold_them_and_no_other(
    browser: Any, archive: Path, site: Path
) -> None:
    fields = fields_of(archive)
    parts = {number: [words for other, words in fields if other == number] for number, _ in fields}
    assert len(parts) == PARTS
    page = browser.new_page(offline=True)
    page.goto((site / "search.html").as_uri())
    hits = 0
    asked = queries(fields)
    for query, found in zip(asked, page.evaluate(SEARCH, asked), strict=True):
        held = {number for number, words in parts.items() if holds(words, query)}
        assert len(found) == len(held), query
        assert {int(url.rpartition("-")[2].removesuffix(".html")) for url in found} == held, query
        hits += len(held)
    assert hits > 300
    page.close()


def test_what_is_found_is_shown_as_it_was_written(browser: Any, archive: Path, site: Path) -> None:
    page = browser.new_page(offline=True)
    page.goto((site / "search.html").as_uri())
    with closing(sqlite3.connect(archive)) as held:
        texts = ["\n".join(row) for row in held.execute("SELECT title, body_text FROM articles")]
    capital = next(
        word for text in texts for word in text.split() if word.isascii() and word.istitle() and len(word) > 3
    )

    page.fill("#query", capital.lower())

    assert any(capital in found for found in page.locator("#results li").all_inner_texts())
    page.close()


def test_words_are_found_in_any_order_case_and_width_and_marked_and_a_title_is_said_once(
    browser: Any, archive: Path, site: Path
) -> None:
    page = browser.new_page(offline=True)
    page.goto((site / "search.html").as_uri())
    with closing(sqlite3.connect(archive)) as held:
        title, text = held.execute("SELECT title, body_text FROM articles ORDER BY id").fetchone()
    latin = next(word for word in text.split() if word.isascii() and word.istitle() and len(word) > 3)
    wide = latin.upper().translate({code: code + 0xFEE0 for code in range(65, 91)})
    beside = title.split()[-1]

    page.fill("#query", f"{wide} {beside}")
    marked = {word.lower() for word in page.locator("#results li").first.locator("mark").all_inner_texts()}
    assert {latin.lower(), beside.lower()} <= marked
    page.fill("#query", f'"{title}"')
    assert page.locator("#results a").first.inner_text() == " ".join(title.split())
    assert [words for words in page.locator("#results p").all_inner_texts() if title in words] == []
    page.fill("#query", f"{latin} zzzzzz")
    assert page.locator("#results li").count() == 0
    page.close()


def test_the_search_needs_no_mouse(browser: Any, site: Path) -> None:
    page = browser.new_page(offline=True)
    page.goto((site / "index.html").as_uri())
    focused = "document.activeElement.href || document.activeElement.id"

    def tab_to(wanted: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if wanted in page.evaluate(focused):
                return
        pytest.fail(f"Tab does not lead to {wanted}")

    tab_to("search.html")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html")
    tab_to("query")
    page.keyboard.type("的")
    first = page.locator("#results a").first.get_attribute("href")
    tab_to(first)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{first}")
    assert page.locator("h1").first.inner_text()
    page.close()


def test_without_scripts_all_can_be_read_and_the_search_says_what_it_lacks(browser: Any, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto((site / "search.html").as_uri())
    assert page.locator("noscript .warning, .warning").first.inner_text().strip()
    part = next(site.glob("*/01-*.html"))
    page.goto(part.as_uri())
    assert len(page.locator("#text").inner_text()) > 100
    context.close()


@pytest.mark.parametrize("media", [deeper("screen"), "print"])  # on a screen every run looks in test_exports_site.py
def test_nothing_is_wider_than_a_telephone_or_its_print(browser: Any, site: Path, media: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, offline=True)
    page.emulate_media(media=media)
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, file.name
    page.close()


@pytest.mark.skipif(AXE is None, reason="no npm package axe-core in NODE_PATH")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_page(browser: Any, site: Path, scheme: str) -> None:
    """Dark, where only colours differ, one part stands for all of them; with `--long` none is left out."""
    assert AXE is not None
    files = sorted(site.rglob("*.html"))
    parts = sorted(site.glob("*/[0-9]*.html"))
    context = browser.new_context(bypass_csp=True, offline=True, color_scheme=scheme)  # axe itself is a script
    page = context.new_page()
    for file in [one for one in files if is_long() or scheme == "light" or one not in parts[1:]]:
        page.goto(file.as_uri())
        if file.name == "search.html":
            page.fill("#query", "的")
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run().then((told) => told.violations.map((one) => [one.id, one.nodes[0].html]))")
        assert found == [], file.name
    context.close()
