"""The series feed (docs/site.md §8): RSS with Taipei dates and lost punctuation, read by expat without entities."""

from __future__ import annotations

import re
from functools import partial
from xml.parsers import expat

from archiver import ithome
from archiver.model import Address, Kind
from archiver.model.readings import ArticlePage, Author, FeedItem, FeedPage
from archiver.pages import body as bodies
from archiver.pages.base import Problems, digest, feed_date
from archiver.pages.glance import look
from archiver.pages.ithome import contest
from archiver.text import line, storable, title_day

PARSER = "ithome.feed/1"
ITEM_PARSER = "ithome.feed-item/1"
ITEM_TYPE = "application/vnd.archiver.feed-item+xml"  # our own name: no host sends it by chance
_FIELDS = frozenset({"title", "link", "guid", "pubDate", "dc:creator", "content:encoded", "description"})
MAX_CHARACTERS = 4_000_000  # thirty long articles have half of that
MAX_TAGS = 150_000  # in all items together; thirty long articles have half of that
MAX_ITEMS = 1_000
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_BAD_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class NotXml(ValueError):
    """The document is no XML that we read: not well formed, or with entities of its own."""


def elements(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The channel's fields and each item's, as text. Raises NotXml.

    Prefixes are taken as written, since the site declares them oddly. An entity declaration ends the reading: a bomb.
    """
    channel: dict[str, str] = {}
    items: list[dict[str, str]] = []
    path: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        path.append(name)
        if path == ["rss", "channel", "item"]:
            items.append({})

    def end(_: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        if path[-1] not in _FIELDS or path[:2] != ["rss", "channel"]:
            return
        if len(path) == 4 and path[2] == "item":
            items[-1][path[-1]] = items[-1].get(path[-1], "") + data
        elif len(path) == 3:
            channel[path[-1]] = channel.get(path[-1], "") + data

    def refuse(*_: object) -> None:
        raise NotXml("entity declarations")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    try:
        # The declaration names the encoding of bytes; what we hand over is text.
        parser.Parse(_mended(text), True)
    except (expat.ExpatError, ValueError) as error:
        raise NotXml(str(error)) from error
    return channel, items


def is_bearable(text: str) -> bool:
    """Whether a feed can be read within seconds."""
    return len(text) <= MAX_CHARACTERS and text.count("<") <= MAX_TAGS and text.count("<item") <= MAX_ITEMS


def _mended(text: str) -> str:
    """A feed without its declaration and without what sites get wrong: control characters, bare ampersands."""
    plain = _BAD_XML.sub("", storable(re.sub(r"^\s*<\?xml[^>]*\?>", "", text)))
    parts = _CDATA.split(plain)
    return "".join(part if part.startswith("<![CDATA[") else _BARE_AMPERSAND.sub("&amp;", part) for part in parts)


def read(text: str, problems: Problems) -> FeedPage | None:
    """The feed's items, newest first as given; None when it is no XML."""
    try:
        channel, raw_items = elements(text)
    except NotXml as error:
        problems.add("feed", "not_xml", str(error))
        return None
    title = line(channel.get("title", "")) or None
    name, _, words = (title or "").rpartition(" :: ")
    held = contest.named(words)
    user = re.search(r"/users/([0-9]{1,12})", channel.get("link", ""))
    items = tuple(item for raw in raw_items if (item := _item(raw, problems)) is not None)
    return FeedPage(name or title, held.year, int(user[1]) if user else None, items, held.edition)


def _item(raw: dict[str, str], problems: Problems) -> FeedItem | None:
    found = ithome.classify(raw.get("link") or raw.get("guid") or "")
    if not isinstance(found, Address) or found.kind is not Kind.ARTICLE or found.article_id is None:
        problems.add("item_link", "not_found", raw.get("link", ""))
        return None
    published_at = feed_date(raw.get("pubDate"))
    if published_at is None:
        problems.add("item_time", "not_a_date", raw.get("pubDate", ""))
    html = raw.get("content:encoded") or raw.get("description") or ""
    if look(html).too_heavy:
        problems.add("item_body", "too_heavy", raw.get("title", ""))
        html = ""
    creator = line(raw.get("dc:creator", "")) or None
    return FeedItem(
        found.article_id, line(raw.get("title", "")), creator, published_at, html,
        partial(bodies.make_from_html, html, found.url),
    )  # fmt: skip


def item_page(feed: FeedPage, article_id: int, series_id: int | None) -> ArticlePage | None:
    """A part as the feed tells it: a last resort, since its text has lost punctuation (docs/site.md §8.3)."""
    item = next((one for one in feed.items if one.article_id == article_id), None)
    if item is None:
        return None
    return ArticlePage(
        id=item.article_id, title=item.title or None, author=Author(name=item.author_name),
        published_at=item.published_at, body=item.body, series_id=series_id, series_user_id=feed.user_id,
        series_title=feed.title, title_day=title_day(item.title), contest_year=feed.contest_year,
        contest_edition=feed.contest_edition,
    )  # fmt: skip


def content(feed: FeedPage) -> str:
    """Changes when an item appears, goes or changes; never with lastBuildDate.

    Bodies count as they came: to make them harmless for it would take as long as reading the articles themselves.
    """
    return digest(
        [feed.title]
        + [f"{item.article_id}|{item.title}|{item.published_at}|{bodies.folded(item.html)}" for item in feed.items]
    )
