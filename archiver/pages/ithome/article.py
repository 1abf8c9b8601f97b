"""The article page, part of a series or not (docs/site.md §5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.model import Address, Kind
from archiver.model.readings import ArticlePage, Author, Body, Neighbour
from archiver.pages import body as bodies
from archiver.pages.base import (
    Problems,
    Value,
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
from archiver.pages.ithome import comments, contest
from archiver.text import title_day


class Layout(NamedTuple):
    """A look that the site has, or had: the version of our parser that fits it, and where the body stands."""

    parser: str
    body: str


# The newest first. Crawlers of 2019 to 2021 take the body from `.markdown` itself (docs/site.md §5.6).
# The first match counts: comments use the same classes.
LAYOUTS = (
    Layout("ithome.article/1", ".qa-markdown .markdown__style"),
    Layout("ithome.article-2019/1", ".qa-markdown .markdown"),
)
PARSER = LAYOUTS[0].parser
BODY = ", ".join(layout.body for layout in LAYOUTS)
AFTER_BODY = (".qa-action", ".article-series", "#reply", ".rightside", "footer")
_TITLE_TAIL = re.compile(r"\s*[-–—]\s*iT\s?邦幫忙.*$")


def read(
    tree: LexborHTMLParser, layout: Layout, asked: Address, own: Address | None, problems: Problems
) -> ArticlePage:  # fmt: skip
    """The article on a page of that look. What should be there and is not becomes a problem, never an exception."""
    side = tree.css_first(".leftside") or tree.css_first("body") or tree.root
    assert side is not None, "the parser always makes a root"
    panel = _panel(side)
    is_contest = side.css_first("[class*=ir-article-icon], .ir-article__topic, .article-series") is not None
    series = _series(side, asked.url)
    tags = tuple(text for tag in panel.css(".qa-header__tagGroup a") if (text := text_of(tag)))
    held = _contest(side, tags, problems) if is_contest else contest.Contest()
    title, comments_count = _title(tree, panel, problems), _comments_count(side)
    badge, team = panel.css_first(".group__badge"), panel.css_first(".ir-article-info__team")
    beside = side.css(".article-series-page__link")
    return ArticlePage(
        id=own.article_id if own else None,
        title=title,
        author=_author(panel, problems),
        published_at=_published_at(panel, problems),
        body=_body(panel, layout, asked.url, problems),
        tags=tags,
        series_id=_required(problems, "series_id", series.series_id if series else None, when=is_contest),
        series_user_id=series.user_id if series else None,
        series_title=_required(problems, "series_title", first_text(panel, ".ir-article__topic a"), when=is_contest),
        position=_required(
            problems, "position", whole_number(first_text(panel, ".ir-article__topic-count")), when=is_contest
        ),
        title_day=title_day(title or ""),
        badge_day=whole_number(first_text(side, ".ir-article__days-num") or first_text(side, ".ir-article__days-word")),
        contest_year=held.year,
        contest_edition=held.edition,
        group=_required(problems, "group", text_of(badge), when=is_contest),
        group_slug=contest.group_slug(attribute(badge, "href") or ""),
        team=_team(team),
        views=_views(panel, problems),
        likes=problems.required("likes", count(first_text(panel, ".qa-panel__side .likeGroup__num, .likeGroup__num"))),
        comments_count=problems.required("comments_count", comments_count),
        subscribers=count(first_text(side, ".article-series .subscription-amount")),
        declared_parts=_required(
            problems, "declared_parts", whole_number(first_text(side, ".article-series-catalog__num")), when=is_contest
        ),
        feed_url=_required(problems, "feed_url", _feed_url(side, asked.url), when=is_contest),
        previous=_neighbour(beside, "上一篇", asked.url),
        next=_neighbour(beside, "下一篇", asked.url),
        catalog=_catalog(side, asked.url),
        comments=comments.read(side, asked.url, comments_count, problems),
    )


def layout_of(tree: LexborHTMLParser) -> Layout:
    """The newest look whose body is on the page; the newest of all when none is."""
    return next((layout for layout in LAYOUTS if tree.css_first(layout.body) is not None), LAYOUTS[0])


def body_node(tree: LexborHTMLParser) -> LexborNode | None:
    """The element that holds the article's own body, and no comment's."""
    node = tree.css_first(layout_of(tree).body)
    above = node
    while above is not None:
        if "response" in classes_of(above):
            return None
        above = above.parent
    return node


def goes_on_after_body(tree: LexborHTMLParser, body: LexborNode | None) -> bool:
    """Whether parts of the page follow the body; in a page that is cut inside the body none do."""
    if body is None:
        return True
    first = (tree.css_first(selector) for selector in AFTER_BODY)
    if any(node is not None and not _lies_in(node, body) for node in first):
        return True
    return any(not _lies_in(node, body) for node in tree.css(", ".join(AFTER_BODY))[:1_000])


def _lies_in(node: LexborNode, body: LexborNode) -> bool:
    own = body.mem_id  # `!=` would compare their whole text
    above = node.parent
    while above is not None and above.mem_id != own:
        above = above.parent
    return above is not None


def content(article: ArticlePage) -> str:
    """Changes exactly when title, body or tags change."""
    return digest([article.title or "", bodies.folded(article.body.html) if article.body else "", *article.tags])


def fingerprint(article: ArticlePage, tree: LexborHTMLParser, content: str) -> str:
    """Changes with the content, the comments, the neighbours and the layout; never with counters or tokens."""
    comments = [
        f"{comment.id}|{comment.author.name}|{bodies.folded(comment.body.html)}" for comment in article.comments
    ]
    neighbours = [neighbour and neighbour.article_id for neighbour in (article.previous, article.next)]
    facts = [article.series_id, article.position, article.badge_day, article.author.name, article.team, article.group]
    return digest([content, *facts, *neighbours, *comments, skeleton(tree.css_first(".leftside"))])


def counters(article: ArticlePage) -> dict[str, int]:
    """The counters shown."""
    shown = {
        "views": article.views, "likes": article.likes, "comments": article.comments_count,
        "subscribers": article.subscribers,
    }  # fmt: skip
    return {name: number for name, number in shown.items() if number is not None}


def _required(problems: Problems, field: str, value: Value | None, *, when: bool) -> Value | None:
    return problems.required(field, value) if when else value


def _panel(side: LexborNode) -> LexborNode:
    """The article's own panel: the first one that holds a body or a header, and no comment."""
    for panel in side.css(".qa-panel"):
        if "response" not in (panel.attributes.get("class") or "").split():
            return panel
    return side


def _title(tree: LexborHTMLParser, panel: LexborNode, problems: Problems) -> str | None:
    heading = panel.css_first(".qa-header__title, .ir-article__title")
    badge = first_text(heading, ".title-badge") if heading is not None else None
    shown = (text_of(heading) or "").removeprefix(badge or "").strip()
    if shown:
        return shown
    problems.add("title", "not_found")
    fallback = attribute(tree.css_first('meta[property="og:title"]'), "content") or first_text(tree, "title")
    return _TITLE_TAIL.sub("", fallback) or None if fallback else None


def _author(panel: LexborNode, problems: Problems) -> Author:
    link = panel.css_first(".ir-article-info__name, .qa-header__info-person")
    avatar = panel.css_first(".ir-article-info__avatar")
    name = problems.required("author_name", text_of(link))
    user_id = comments.user_id(link) or comments.user_id(avatar)
    return Author(id=problems.required("author_id", user_id), name=name)


def _published_at(panel: LexborNode, problems: Problems) -> datetime | None:
    node = panel.css_first(".qa-header__info-time, .ir-article-info__time")
    if node is None:
        problems.add("published_at", "not_found")
        return None
    shown = attribute(node, "title") or text_of(node)
    moment = taipei_to_utc(shown) or taipei_to_utc(text_of(node))
    if moment is None:
        problems.add("published_at", "not_a_date", shown or "")
    return moment


def _body(panel: LexborNode, layout: Layout, base: str, problems: Problems) -> Body | None:
    node = panel.css_first(layout.body)
    if node is None:
        problems.add("body", "not_found")
        return None
    return bodies.make(node, base)


def _series(side: LexborNode, base: str) -> Address | None:
    for selector in (".ir-article__topic a", ".article-series-catalog__topic a"):
        address = address_of(side.css_first(selector), base)
        if address is not None and address.kind is Kind.SERIES:
            return address
    return None


def _contest(side: LexborNode, tags: tuple[str, ...], problems: Problems) -> contest.Contest:
    """From the icon's words, else the links to the contest, the tags, the icon's class."""
    icon = side.css_first("[class*=ir-article-icon]")
    classes = (icon.attributes.get("class") or "") if icon is not None else ""
    return contest.required(problems, text_of(icon) or "", _contest_links(side), tags, classes)


def _contest_links(side: LexborNode) -> Iterator[str]:
    """Looked for only when the words do not say all."""
    for link in side.css("[class*=ir-article-icon] a, .group__badge"):
        yield attribute(link, "href") or ""


def _team(link: LexborNode | None) -> str | None:
    """The team's name; the badge before it says only that it is one."""
    badge = first_text(link, ".team-badge") if link is not None else None
    return (text_of(link) or "").removeprefix(badge or "").strip() or None


def _views(panel: LexborNode, problems: Problems) -> int | None:
    node = panel.css_first(".ir-article-info__view, .qa-header__info-view")
    shown = problems.required("views", text_of(node))
    number = count(shown)
    if shown is not None and number is None:
        problems.add("views", "not_a_number", shown)
    return number


_AUTHORS_OWN = (".markdown", ".markdown__style", ".qa-header")  # what stands in there are the words of people


def _comments_count(side: LexborNode) -> int | None:
    """`N 則留言` above the comments, else the number behind 留言, else none are there."""
    for heading in side.css("h3, h4"):
        match = re.search(r"(?<![0-9])([0-9]{1,9})\s*則留言", text_of(heading) or "")
        if match and not any(comments.inside(heading, name) for name in _AUTHORS_OWN):
            return int(match[1])
    shown = first_text(side, ".qa-action__link--reply")
    if shown is None:
        return None
    return whole_number(shown) or 0


def _feed_url(side: LexborNode, base: str) -> str | None:
    address = address_of(side.css_first(".article-series a.rss-icon, a.rss-icon"), base)
    return address.url if address is not None and address.kind is Kind.FEED else None


def _neighbour(links: list[LexborNode], label: str, base: str) -> Neighbour | None:
    for link in links:
        if first_text(link, ".article-series-page__text") == label:
            address = address_of(link, base)
            if address is not None and address.article_id is not None:
                return Neighbour(address.article_id, first_text(link, ".article-series-page__title") or "")
    return None


def _catalog(side: LexborNode, base: str) -> tuple[Neighbour, ...]:
    found = []
    for item in side.css(".article-series-catalog__list"):
        link = item.css_first(".article-series-catalog__link")
        address = address_of(link, base)
        if address is not None and address.article_id is not None:
            position = whole_number(first_text(item, ".article-series-catalog__list-num"))
            found.append(Neighbour(address.article_id, text_of(link) or "", position))
    return tuple(found)
