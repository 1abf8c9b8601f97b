"""Bytes in, values and named problems out: the only room with CSS selectors.

`read` decodes a body, notes facts for the judge, and reads the page when the wanted kind of content is there. It never
raises for any bytes: what a page should have and has not is a `Problem`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from typing import assert_never

from selectolax.lexbor import LexborHTMLParser

from archiver import urls
from archiver.ithome import classify  # by name: the room `pages.ithome` is called as the module is
from archiver.model import Address, Kind
from archiver.model.readings import SAVED_PAGE_TYPE, Facts, Page, Problem, Reading
from archiver.pages import beside, image, index, saved
from archiver.pages.base import Problems, attribute, decode, parse_html, written
from archiver.pages.facts import has_content, is_closed, is_markup, looks_like, plain_words, skeleton_kind
from archiver.pages.glance import look
from archiver.pages.ithome import article, feed, series
from archiver.pages.lean import lean
from archiver.pages.scan import Scan

PARSERS = {
    Kind.ARTICLE: article.PARSER,
    Kind.SERIES: series.PARSER,
    Kind.FEED: feed.PARSER,
    Kind.INDEX: index.PARSER,
    Kind.ROBOTS: "robots/1",
    Kind.IMAGE: image.PARSER,
    Kind.LINK: "facts/1",
    Kind.CONTROL: "facts/1",
}

_CONTENT = {Kind.ARTICLE: "body", Kind.SERIES: "series", Kind.FEED: "feed", Kind.INDEX: "links"}

# Bytes of a page as its host sends it. A real one has 40,000; each costs up to thirty bytes of memory when it is read,
# also with few tags and words. A feed has thirty articles in it, a blog's page may have pictures; what a saved page
# carries in itself does not count (`lean`).
MAX_BYTES = 2_621_440
MAX_FEED_BYTES = 8_388_608
MAX_INDEX_BYTES = 5_242_880


def read(address: Address, body: bytes, content_type: str | None) -> Reading:
    """What the current parsers make of a body that came for `address`. Never raises."""
    try:
        return _read(address, body, content_type)
    except Exception as error:  # noqa: BLE001 - whatever trips a parser, what came is evidence, and a later one reads it
        raised = type(error).__name__
        problem = Problem("page", "raised", raised)  # its message differs between versions of Python
        return Reading(parser_of(address.kind), Facts(raised=raised), problems=(problem,))


def _read(address: Address, body: bytes, content_type: str | None) -> Reading:
    if address.kind in {Kind.ROBOTS, Kind.IMAGE}:
        return _read_plain(address.kind, body, content_type)
    is_saved = (content_type or "").startswith(SAVED_PAGE_TYPE)
    most = {Kind.INDEX: MAX_INDEX_BYTES, Kind.FEED: MAX_FEED_BYTES}.get(address.kind, MAX_BYTES)
    if (content_type or "").startswith(feed.ITEM_TYPE):
        most = MAX_FEED_BYTES
    if is_saved:
        body = lean(body).body
    if len(body) > most:
        return _too_heavy(address.kind, *decode(body[:100_000], content_type), content_type)
    text, encoding = decode(body, content_type)
    if address.kind is Kind.ARTICLE and (content_type or "").startswith(feed.ITEM_TYPE):
        return _read_feed_item(address, text, encoding, content_type or "")
    markup = is_markup(text, content_type)
    is_feed = markup and address.kind is Kind.FEED and "<rss" in text[:1_000]
    if is_feed and feed.is_bearable(text):
        return _read_feed(text, encoding)
    if not markup or is_feed:
        return _too_heavy(address.kind, text, encoding, content_type)
    is_plain = encoding == "utf-8" and b"\0" not in body and not body.startswith(codecs.BOM_UTF8)
    data = body if is_plain else written(text)  # as the parser takes it
    seen = look(text, data)
    if seen.too_heavy:
        return _too_heavy(address.kind, text, encoding, content_type)
    return _read_html(address, text, data, encoding, seen, is_saved=is_saved)


def _too_heavy(kind: Kind, text: str, encoding: str, content_type: str | None) -> Reading:
    """A page that the parser must not see; it is kept, and a later version may read it."""
    markup = is_markup(text, content_type)
    heavy = (Problem("page", "too_heavy"),) if markup else ()
    return Reading(parser_of(kind), Facts(markup, encoding, too_deep=markup), problems=heavy)


def parser_of(kind: Kind) -> str:
    """The parser of a kind of page; pages that are only looked at, such as control requests, have none."""
    return PARSERS[kind]


def _read_plain(kind: Kind, body: bytes, content_type: str | None) -> Reading:
    text, encoding = decode(body[:100_000], content_type)
    markup = is_markup(text, None)
    challenge = None
    if markup and not (seen := look(text)).too_heavy:
        tree = parse_html(written(text))
        challenge = looks_like(tree, text, kind, skeleton_kind(tree), complete=seen.ended)
    facts, page = Facts(markup, encoding, looks_like=challenge, kind=kind, has_content=not markup), None
    if kind is Kind.IMAGE:
        page = image.read(body)
        facts = replace(facts, has_content=page is not None, closed=image.is_whole(body))
    return Reading(PARSERS[kind], facts, page)


def _read_feed(text: str, encoding: str) -> Reading:
    problems = Problems()
    page = feed.read(text, problems)
    facts = Facts(
        True, encoding, kind=Kind.FEED, has_content=page is not None,
        closed=page is not None or text.rstrip().endswith("</rss>"),
    )  # fmt: skip
    content = feed.content(page) if page else None
    return Reading(feed.PARSER, facts, page, problems.all(), content, content)


def feed_item_type(series_id: int) -> str:
    """The media type under which a whole feed is kept as the capture of one part of it."""
    return f"{feed.ITEM_TYPE}; series={series_id}"


def _read_feed_item(address: Address, text: str, encoding: str, content_type: str) -> Reading:
    problems = Problems()
    named = re.search(r"series=([0-9]{1,12})", content_type)
    whole = feed.read(text, problems) if feed.is_bearable(text) else None
    page = feed.item_page(whole, address.article_id or 0, int(named[1]) if named else None) if whole else None
    if page is None:
        return Reading(feed.ITEM_PARSER, Facts(True, encoding), problems=problems.all())
    facts = Facts(True, encoding, kind=Kind.ARTICLE, own_url=address.url, has_content=page.body is not None)
    content = article.content(page)
    return Reading(feed.ITEM_PARSER, facts, page, problems.all(), content, f"feed-{content}")


def _read_html(address: Address, text: str, data: bytes, encoding: str, seen: Scan, *, is_saved: bool) -> Reading:
    if saved.leaves_end_tags_out(text) and seen.whole and not seen.open_at_end:
        seen = replace(seen, ended=True)
    tree = parse_html(data)
    if is_saved:
        beside.restore(tree, text, address.url)
    own_url = _own_url(tree, address)
    shown, body = skeleton_kind(tree), article.body_node(tree)
    complete = seen.ended or (seen.whole and not seen.open_at_end)
    facts = Facts(
        is_html=True, encoding=encoding, kind=shown,
        looks_like=looks_like(tree, text, address.kind, shown, complete=complete), own_url=own_url,
        has_content=has_content(tree, address.kind, body), closed=is_closed(tree, seen, address.kind, body),
    )  # fmt: skip
    if address.kind is Kind.CONTROL or not facts.has_content:
        said = replace(facts, words_sha256=plain_words(tree))
        wanted = _CONTENT.get(address.kind)
        return Reading(parser_of(address.kind), said, problems=(Problem(wanted, "not_found"),) if wanted else ())
    return _read_content(tree, address, facts)


def _own_url(tree: LexborHTMLParser, address: Address) -> str | None:
    """What a page calls itself: its `og:url`; a series' list without one is known by the button of its feed."""
    named = attribute(tree.css_first('meta[property="og:url"]'), "content")
    if named:
        return urls.resolve(address.url, named)
    return series.feed_url(tree.root, address.url) if tree.root is not None else None


def _read_content(tree: LexborHTMLParser, address: Address, facts: Facts) -> Reading:
    problems, parser = Problems(), PARSERS[address.kind]
    found = classify(facts.own_url) if facts.own_url else None
    own = found if isinstance(found, Address) else None
    page: Page
    counters: dict[str, int] = {}
    match address.kind:
        case Kind.ARTICLE:
            layout = article.layout_of(tree)
            parser = layout.parser
            page = article.read(tree, layout, address, own, problems)
            content, counters = article.content(page), article.counters(page)
            mark = article.fingerprint(page, tree, content)
        case Kind.SERIES:
            page = series.read(tree, address, own, problems)
            content, counters = series.content(page), series.counters(page)
            mark = series.fingerprint(tree, content)
        case Kind.INDEX | Kind.ROBOTS | Kind.FEED | Kind.IMAGE | Kind.LINK | Kind.CONTROL:
            page = index.read(tree, address, problems)  # of the others no HTML has content (`facts.has_content`)
            content = index.content(page)
            mark = index.fingerprint(tree, content)
        case _:
            assert_never(address.kind)
    return Reading(parser, facts, page, problems.all(), content, mark, counters)
