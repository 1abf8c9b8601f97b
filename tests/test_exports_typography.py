"""A book in headless Chromium: Chinese lines begin as they should, and all text stands out in light and dark."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from depths import deeper
from exported import fetched

from archiver.commands.exporting import export
from archiver.exports.xhtml import xhtml

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"
)
BEGIN_NO_LINE = "，。、；：！？」』）"
WIDTHS = (375, 800)
LEAST_CONTRAST = 4.5  # WCAG 2.2 §1.4.3
# How many lines were broken, and each that begins with one of the signs: letter by letter, block by block.
LINES = """(signs) => {
  const found = [], range = document.createRange();
  let lines = 0, block = null, last = null;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data;
    let around = node.parentElement;
    if (around.closest("pre, .pre")) continue;
    while (getComputedStyle(around).display.startsWith("inline")) around = around.parentElement;
    if (around !== block) { block = around; last = null; }
    for (let at = 0; at < text.length; at++) {
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const box = [...range.getClientRects()].find((one) => one.width > 0);
      if (!box) continue;
      if (last !== null && box.left <= last.left && box.top > last.top + last.height / 2) {
        lines++;
        if (signs.includes(text[at])) found.push(text.slice(Math.max(0, at - 12), at + 4));
      }
      last = box;
    }
  }
  return [lines, found];
}"""
# The least contrast of any text with what is behind it (WCAG 2.2, relative luminance), and where that is.
CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor, alpha = numbers(colour)[3];
      if (alpha === undefined || alpha === 1) return colour;
      if (alpha !== 0) throw new Error("what shines through is not reckoned with: " + colour);
    }
    throw new Error("nothing is behind it");
  };
  let least = [99, ""], kinds = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    const colour = getComputedStyle(element).color;
    const [more, less] = [light(colour), light(behind(element))].sort((a, b) => b - a);
    const contrast = (more + 0.05) / (less + 0.05);
    if (element.closest("pre")) kinds.add(colour);
    if (contrast < least[0]) least = [contrast, element.outerHTML.slice(0, 80)];
  }
  return [least[0], least[1], kinds.size];
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each page of a book, and one more with each sign after so many letters that it once falls behind a line's end."""
    folder = tmp_path_factory.mktemp("book")
    (written,) = export(fetched(folder, 3), "epub", out=folder / "a.epub").written
    with zipfile.ZipFile(written.path) as book:
        book.extractall(folder / "book")
    pages = sorted((folder / "book/EPUB").glob("*.xhtml"))
    part = next(one for one in pages if one.name.startswith("part-"))
    head = part.read_text("utf-8").partition("<body")[0]
    made = folder / "book/EPUB/made.xhtml"
    made.write_text(f'{head}<body><section lang="zh-Hant-TW">{xhtml(signs())}</section></body></html>', "utf-8")
    return [*pages, made]


def signs() -> str:
    before = ("", "<code>code</code>", "<strong>粗</strong>", '<a href="https://a.example/">連結</a>', "」！", "！！？")
    address = "https://a.example/" + "a-b/" * 12
    runs = [
        f"{'字' * letters}{one}{sign}{'文' * 25}"
        for letters in range(14, 60) for one in before for sign in BEGIN_NO_LINE
        if letters % 6 == BEGIN_NO_LINE.index(sign) % 6 or not one
    ]  # fmt: skip
    paragraphs = "".join(f"<p>{run}</p>" for run in runs)
    rows = "".join(f"<tr><td>{run[:30]}</td><td>{run[5:]}</td></tr>" for run in runs[::60])
    addresses = "".join(f"<p>見 {address}{'x' * more}{sign}文</p>" for more in range(3) for sign in BEGIN_NO_LINE)
    return f"{paragraphs}<table>{rows}</table><ul><li>{'</li><li>'.join(runs[::40])}</li></ul>{addresses}"


@pytest.mark.parametrize("width", [WIDTHS[0], deeper(WIDTHS[1])])
def test_no_line_begins_with_a_sign_that_may_begin_none(browser: Any, pages: list[Path], width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, offline=True)
    broken = 0
    for file in pages:
        page.goto(file.as_uri())
        lines, found = page.evaluate(LINES, BEGIN_NO_LINE)
        assert found == [], file.name
        broken += lines
    assert broken > 300, "the book has lines"
    page.close()


def test_the_signs_are_seen_where_a_line_does_begin_with_one(browser: Any, pages: list[Path]) -> None:
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 800}, offline=True)
    page.goto(pages[-1].as_uri())
    page.add_style_tag(content="body { line-break: anywhere !important; }")
    assert page.evaluate(LINES, BEGIN_NO_LINE)[1]
    page.close()


def test_no_code_is_justified(browser: Any, pages: list[Path]) -> None:
    page = browser.new_page(offline=True)
    blocks = 0
    for file in pages:
        page.goto(file.as_uri())
        page.add_style_tag(content="body { text-align: justify; }")  # as many readers of books have it
        found = page.evaluate(
            '[...document.querySelectorAll("pre, pre *, .pre")].map(e => getComputedStyle(e).textAlign)'
        )
        assert set(found) <= {"left"}, file.name
        blocks += len(found)
    assert blocks
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_and_code_stands_out_from_what_is_behind_it(browser: Any, pages: list[Path], scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme, offline=True)
    colours = 0
    for file in pages:
        page.goto(file.as_uri())
        least, where, kinds = page.evaluate(CONTRAST)
        assert least >= LEAST_CONTRAST, (file.name, where)
        colours = max(colours, kinds)
    assert colours > 2, "code is coloured"
    page.close()
