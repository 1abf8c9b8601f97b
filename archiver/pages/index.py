"""Any page that links to iThome: every such link, in order, with its words and the heading above it."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import ithome, urls
from archiver.model import Address, Kind, Refusal, Refused
from archiver.model.readings import IndexLink, IndexPage
from archiver.pages.base import Problems, attribute, digest, first_text, text_of
from archiver.text import line

PARSER = "links.index/1"
_KEPT = frozenset({Kind.ARTICLE, Kind.SERIES})
_PERMALINK = re.compile(r"[#¶§🔗\s]*")


def read(tree: LexborHTMLParser, asked: Address, problems: Problems) -> IndexPage:
    """The iThome links of a page. A page without any gives the problem `not_found` for its links."""
    base = _base(tree, asked.url)
    links: list[IndexLink] = []
    refused: list[Refusal] = []
    headings: list[tuple[str, str]] = []  # from the top of the page: the tag, and its words
    for node in tree.css("h1, h2, h3, h4, h5, h6, a[href]"):
        if node.tag != "a":
            headings += [(node.tag or "", words)] if (words := _heading(node)) else []
            continue
        raw = attribute(node, "href") or ""
        found = ithome.classify(raw, base)
        if isinstance(found, Address) and found.kind in _KEPT:
            links.append(IndexLink(found, raw, _words(node), _group(headings, node), len(links) + 1))
        elif isinstance(found, Address):
            refused.append(Refusal(found.url, Refused.UNSUPPORTED))
        elif found.why in {Refused.DENIED, Refused.UNSUPPORTED}:
            refused.append(found)
    if not links:
        problems.add("links", "not_found", first_text(tree, "title") or "")
    html = tree.css_first("html")
    return IndexPage(first_text(tree, "title"), attribute(html, "lang"), tuple(links), tuple(refused))


def content(index: IndexPage) -> str:
    """Changes when a link, its words or its group change."""
    return digest([index.title, *(f"{link.address.url}|{link.text}|{link.group}" for link in index.links)])


def fingerprint(tree: LexborHTMLParser, content: str) -> str:
    """Changes with the content and with the words of the page around it."""
    words = tree.css_first("main, article, body")
    return digest([content, text_of(words) or ""])


def _base(tree: LexborHTMLParser, url: str) -> str:
    """The page's `<base href>` where it has one, as browsers do."""
    declared = attribute(tree.css_first("base[href]"), "href")
    return (urls.resolve(url, declared) if declared else None) or url


def _heading(heading: LexborNode) -> str | None:
    """A heading's words without the sign that blogs hang on it as a link to itself; `C#` keeps its own."""
    words = text_of(heading) or ""
    for part in heading.css("a, span"):
        sign = text_of(part) or ""
        if sign and sign != words and _PERMALINK.fullmatch(sign):
            words = words.removesuffix(sign).removeprefix(sign).strip()
    return words or None


def _words(link: LexborNode) -> str:
    """The words of a link, or those that stand for the picture in it."""
    image = link.css_first("img")
    return text_of(link) or line(attribute(link, "aria-label") or attribute(image, "alt") or "")


def _group(headings: list[tuple[str, str]], link: LexborNode) -> str | None:
    """The nearest heading above a link; for a link that is a heading itself, the nearest one of a higher rank."""
    above = link.parent
    for _ in range(4):
        if above is not None and re.fullmatch(r"h[1-6]", above.tag or ""):
            rank = above.tag or ""
            return next((words for tag, words in reversed(headings) if tag < rank), None)
        above = above.parent if above is not None else None
    return headings[-1][1] if headings else None
