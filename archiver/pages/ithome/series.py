"""One page of a series' list (docs/site.md §6)."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import ithome
from archiver.model import Address, Kind
from archiver.model.readings import Author, SeriesItem, SeriesPage
from archiver.pages.base import (
    Problems,
    address_of,
    attribute,
    classes_of,
    count,
    digest,
    first_text,
    skeleton,
    taipei_to_utc,
    text_of,
    whole_number,
)
from archiver.pages.body import sanitise
from archiver.pages.ithome import contest
from archiver.pages.words import plain_text
from archiver.text import line, prose

PARSER = "ithome.series/1"
EMPTY = ".ir-profile-series-empty"
ITEM = ".ir-profile-list"
_ITEMS_PER_PAGE = 10  # docs/site.md §6.3
_MARGIN = 2  # pages beyond those that are announced: the count may be an older one
_MOST_PAGES = 100  # of one list, whatever is announced; the contest has three


def read(tree: LexborHTMLParser, asked: Address, own: Address | None, problems: Problems) -> SeriesPage:
    """The series and its items on a page of the list. Never raises for a page's oddity."""
    root = tree.css_first("body") or tree.root
    assert root is not None, "the parser always makes a root"
    box = root.css_first(".ir-profile-series")
    info = first_text(root, ".qa-list__info--ironman") or ""
    empty = root.css_first(EMPTY) is not None
    items = tuple(item for node in root.css(ITEM) if (item := _item(node, asked.url, problems)) is not None)
    badge = box.css_first(".group__badge") if box is not None else None
    words, address = first_text(root, ".ir-profile-years__title") or "", attribute(badge, "href") or ""
    held = contest.required(problems, words, [address])
    declared = _number_in(r"共\s*([0-9]+)\s*篇", info)
    if not items and declared and (asked.page_number or 1) == 1:  # it contradicts itself: no witness to anything
        problems.add("item_link", "not_found", f"{declared} are announced")
    if box is None and not empty:
        problems.add("series", "not_found")
    return SeriesPage(
        id=own.series_id if own and own.kind is Kind.SERIES else None,
        title=problems.required("title", _title(tree, root)),
        author=_author(root, own if own and own.user_id is not None else asked),
        description=_description(root, asked.url),
        contest_year=held.year,
        contest_edition=held.edition,
        group=text_of(badge),
        group_slug=contest.group_slug(address),
        finished="鐵人鍊成" in info or (box is not None and "ir-profile-series--done" in classes_of(box)),
        contest_days=_number_in(r"參賽天數\s*([0-9]+)\s*天", info),
        declared_parts=problems.required("declared_parts", declared),
        subscribers=count(first_text(root, ".qa-list__info--ironman .subscription-amount")),
        feed_url=feed_url(root, asked.url),
        page_number=asked.page_number or 1,
        next_page=_bounded(_next_page(root, asked), declared, problems),
        empty=empty or not items,
        items=items,
    )


def says_it_is_empty(tree: LexborHTMLParser) -> bool:
    """Whether a series says that it has no articles, with or without the words for it."""
    return _number_in(r"共\s*([0-9]+)\s*篇", first_text(tree, ".qa-list__info--ironman") or "") == 0


def content(series: SeriesPage) -> str:
    """Changes when the list or what the series says of itself changes."""
    return digest(
        [series.title, series.description, series.declared_parts, series.finished, series.next_page, series.group]
        + [f"{item.article_id}|{item.title}|{item.published_at}|{item.badge_day}" for item in series.items]
    )


def fingerprint(tree: LexborHTMLParser, content: str) -> str:
    """Changes with the content and the layout; never with counters or tokens."""
    return digest([content, skeleton(tree.css_first(".profile-main, .leftside"))])


def counters(series: SeriesPage) -> dict[str, int]:
    """The counters shown of the series."""
    return {} if series.subscribers is None else {"subscribers": series.subscribers}


def _title(tree: LexborHTMLParser, root: LexborNode) -> str | None:
    """The heading without its tail 系列; the document's title where there is no heading."""
    heading = first_text(root, ".qa-list__title--ironman")
    if heading:
        return re.sub(r"\s*系列$", "", heading) or None
    shown = first_text(tree, "title")
    return shown.rpartition(" :: ")[0] or None if shown else None


def _author(root: LexborNode, named: Address) -> Author:
    """The author as shown, with the number from the address that names one: the page's own before the one asked."""
    node = root.css_first(".profile-header__name")
    account = first_text(root, ".profile-header__account")
    shown = text_of(node) or ""
    name = shown.removesuffix(account).strip() if account else shown
    return Author(
        id=named.user_id,
        name=name or None,
        account=account.strip("()（） ") or None if account else None,
        level=(first_text(root, ".profile-header__text") or "").split("‧")[0].strip() or None,
    )


def _description(root: LexborNode, base: str) -> str | None:
    """The introduction; the site escapes it once too often (docs/site.md §6.2)."""
    node = root.css_first(".qa-list__description")
    shown = (node.inner_html if node is not None else None) or ""
    if "<" in shown.replace("<br>", ""):
        shown = sanitise(shown, base)
    return prose(html.unescape(plain_text(shown))) or None


def _number_in(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text)
    return int(match[1][:9]) if match else None


def feed_url(root: LexborNode, base: str) -> str | None:
    """The feed that the list's own button leads to."""
    address = address_of(root.css_first("a.btn-rss"), base)
    return address.url if address is not None and address.kind is Kind.FEED else None


def _next_page(root: LexborNode, asked: Address) -> int | None:
    """From the pager of today, or from the numbered one of 2021 and 2022."""
    for link in root.css("ul.pager a, ul.pagination a, .profile-pagination a"):
        found = ithome.classify(attribute(link, "href") or "", asked.url)
        is_next = attribute(link, "rel") == "next" or "下一頁" in (text_of(link) or "")
        if is_next and isinstance(found, Address) and found.series_id == asked.series_id:
            return found.page_number if (found.page_number or 1) > (asked.page_number or 1) else None
    return None


def _bounded(named: int | None, declared: int | None, problems: Problems) -> int | None:
    """The next page, unless the list goes on far beyond what it announces: such a pager never ends."""
    most = _MOST_PAGES if declared is None else min(-(-declared // _ITEMS_PER_PAGE) + _MARGIN, _MOST_PAGES)
    if named is None or named <= most:
        return named
    problems.add("next_page", "endless", f"page {named} is named, and {declared or 'no'} articles are announced")
    return None


def _item(node: LexborNode, base: str, problems: Problems) -> SeriesItem | None:
    link = node.css_first("a.qa-list__title-link")
    address = address_of(link, base)
    if address is None or address.article_id is None:
        problems.add("item_link", "not_found", text_of(node) or "")
        return None
    shown = [count(text_of(number)) for number in node.css(".qa-condition__count")]
    labels = [text_of(label) or "" for label in node.css(".qa-condition__text")]
    counts = dict(zip(labels, shown, strict=False))
    time = node.css_first(".qa-list__info-time")
    published_at = taipei_to_utc(attribute(time, "title"))
    if published_at is None:
        problems.add("item_time", "not_found", text_of(node) or "")
    return SeriesItem(
        article_id=address.article_id,
        title=text_of(link) or "",
        published_at=published_at,
        badge_day=whole_number(first_text(node, ".ir-qa-list__days")),
        description=line(html.unescape(first_text(node, ".qa-list__desc") or "")) or None,
        views=counts.get("瀏覽"),
        likes=counts.get("Like"),
        comments_count=counts.get("留言"),
    )
