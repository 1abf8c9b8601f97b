"""Reads saved article pages with one of several libraries, twelve things of each, and prints the CPU seconds a page.

python read_pages.py NAME FOLDER TIMES
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What is asked of every page, as CSS: two of them stand once, the rest as often as they come.
ONCE = (
    ".ir-article__title", ".ir-article-info__name", ".ir-article-info__time", ".ir-article-info__view",
    ".ir-article__topic a", ".ir-article__topic-count", ".ir-article__days-num", ".markdown__style",
)  # fmt: skip
OFTEN = (".qa-header__tagList", ".markdown__style pre code", ".markdown__style img", ".markdown__style a[href]")
Read = Callable[[bytes], dict[str, Any]]


def selectolax() -> Read:
    from selectolax.lexbor import LexborHTMLParser

    def read(page: bytes) -> dict[str, Any]:
        tree = LexborHTMLParser(page.decode())
        found: dict[str, Any] = {}
        for css in ONCE:
            node = tree.css_first(css)
            found[css] = node.text() if node else None
        for css in OFTEN:
            found[css] = [(node.text(), node.attributes) for node in tree.css(css)]
        body = tree.css_first(".markdown__style")
        found["html"] = body.html if body else None
        return found

    return read


def resiliparse() -> Read:
    from resiliparse.parse.html import HTMLTree

    def read(page: bytes) -> dict[str, Any]:
        tree = HTMLTree.parse(page.decode())
        found: dict[str, Any] = {}
        for css in ONCE:
            node = tree.document.query_selector(css)
            found[css] = node.text if node else None
        for css in OFTEN:
            nodes = tree.document.query_selector_all(css)
            found[css] = [(node.text, {name: node.getattr(name) for name in node.attrs}) for node in nodes]
        body = tree.document.query_selector(".markdown__style")
        found["html"] = body.html if body else None
        return found

    return read


def lxml() -> Read:
    from lxml import etree, html
    from lxml.cssselect import CSSSelector

    once = {css: CSSSelector(css) for css in ONCE}
    often = {css: CSSSelector(css) for css in OFTEN}

    def read(page: bytes) -> dict[str, Any]:
        tree = html.document_fromstring(page.decode())
        found: dict[str, Any] = {}
        for css, select in once.items():
            nodes = select(tree)
            found[css] = nodes[0].text_content() if nodes else None
        for css, select in often.items():
            found[css] = [(node.text_content(), dict(node.attrib)) for node in select(tree)]
        nodes = once[".markdown__style"](tree)
        found["html"] = etree.tostring(nodes[0], encoding="unicode", method="html") if nodes else None
        return found

    return read


def _soup(parser: str) -> Read:
    from bs4 import BeautifulSoup

    def read(page: bytes) -> dict[str, Any]:
        tree = BeautifulSoup(page.decode(), parser)
        found: dict[str, Any] = {}
        for css in ONCE:
            node = tree.select_one(css)
            found[css] = node.get_text() if node else None
        for css in OFTEN:
            found[css] = [(node.get_text(), node.attrs) for node in tree.select(css)]
        body = tree.select_one(".markdown__style")
        found["html"] = str(body) if body else None
        return found

    return read


def trafilatura() -> Read:
    from trafilatura import bare_extraction

    def read(page: bytes) -> dict[str, Any]:
        found = bare_extraction(page.decode(), include_links=True, include_images=True, with_metadata=True)
        return {".markdown__style": found.text if found else None}

    return read


READERS: dict[str, Callable[[], Read]] = {
    "selectolax": selectolax,
    "resiliparse": resiliparse,
    "lxml": lxml,
    "bs4-lxml": lambda: _soup("lxml"),
    "bs4-html": lambda: _soup("html.parser"),
    "trafilatura": trafilatura,
}


def main(arguments: list[str]) -> int:
    """Read all pages so many times; the first time is not counted."""
    read = READERS[arguments[0]]()
    pages = [path.read_bytes() for path in sorted(Path(arguments[1]).glob("*.html"))]
    for page in pages[:3]:
        assert read(page)[".markdown__style"], "a body is expected"
    start = time.process_time()
    for _ in range(int(arguments[2])):
        for page in pages:
            read(page)
    print(json.dumps({"cpu_s": (time.process_time() - start) / len(pages) / int(arguments[2])}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
