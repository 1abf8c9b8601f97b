"""Any page that links to iThome: every such link, in order, with its words and the heading above it."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import urls
from archiver.model import Address, IndexLink, IndexPage, Kind, Refusal, Refused
from archiver.pages.base import Problems, attribute, digest, first_text, text_of

PARSER = "links.index/1"
_KEPT = frozenset({Kind.ARTICLE, Kind.SERIES})
_PERMALINK = re.compile(r"^[#¶§🔗\s]+|[#¶§🔗\s]+$")


def read(tree: LexborHTMLParser, asked: Address, problems: Problems) -> IndexPage:
    """The iThome links of a page. A page without any gives the problem `not_found` for its links."""
    base = _base(tree, asked.url)
    links: list[IndexLink] = []
    refused: list[Refusal] = []
    group: str | None = None
    for node in tree.css("h1, h2, h3, h4, h5, h6, a[href]"):
        if node.tag != "a":
            group = _heading(node) or group
            continue
        raw = attribute(node, "href") or ""
        found = urls.classify(raw, base)
        if isinstance(found, Address) and found.kind in _KEPT:
            links.append(IndexLink(found, raw, text_of(node) or "", group, len(links) + 1))
        elif isinstance(found, Refusal) and found.why in {Refused.DENIED, Refused.UNSUPPORTED}:
            refused.append(found)
    if not links:
        problems.add("links", "not_found", first_text(tree, "title") or "")
    html = tree.css_first("html")
    return IndexPage(first_text(tree, "title"), attribute(html, "lang"), tuple(links), tuple(refused))


def content(index: IndexPage) -> str:
    """Changes when a link, its words or its group change."""
    return digest([index.title, *(f"{link.address.url}|{link.text}|{link.group}" for link in index.links)])


def fingerprint(index: IndexPage, tree: LexborHTMLParser) -> str:
    """Changes with the content and with the words of the page around it."""
    words = tree.css_first("main, article, body")
    return digest([content(index), text_of(words) or ""])


def _base(tree: LexborHTMLParser, url: str) -> str:
    """The page's `<base href>` where it has one, as browsers do."""
    declared = attribute(tree.css_first("base[href]"), "href")
    return (urls.resolve(url, declared) if declared else None) or url


def _heading(node: LexborNode) -> str | None:
    """A heading's words without the permalink sign that blogs hang on it."""
    return _PERMALINK.sub("", text_of(node) or "") or None
