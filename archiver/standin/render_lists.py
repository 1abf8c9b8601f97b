"""Pages that list articles: a series' pages (docs/site.md §6), its feed (§8), and the blog's index pages (§15)."""

from __future__ import annotations

import re
from email.utils import format_datetime

from archiver.standin.render import Moment, chrome, excerpt, local, series_url
from archiver.standin.templates import escape, fill
from archiver.standin.world import TAIPEI, Article, Blog, Index, Link, Series, Site

PER_PAGE = 10
_LOST = re.compile("[\u2000-\u303f]")  # what feeds lose: dashes, arrows, box drawing, 、。「」 (docs/site.md §8.3)


def series_page(world: Site, series: Series, number: int, moment: Moment) -> str:
    """One page of a series' list, `number` from 1; beyond the end it says that there is nothing yet."""
    parts = world.parts(series.id)
    shown = parts[(number - 1) * PER_PAGE : number * PER_PAGE]
    who = series.author
    content = fill(
        "series.html",
        id=series.id, center=who.center_id, name=escape(who.nickname), account=escape(who.account), level=who.level,
        points=who.points, user=who.id, about=escape(who.about), total_views=sum(moment.views(part) for part in parts),
        path=series.contest_path, contest=series.contest,
        done=" ir-profile-series--done " if series.finished else "", slug=series.group_slug,
        group=escape(series.group), title=escape(series.title), description=series.description, days=_days(series),
        count=len(parts), subscribers=series.subscribers,
        items="".join(_item(part, moment) for part in shown) or _EMPTY,
        pager=_pager(series, number, len(parts)),
    )  # fmt: skip
    return chrome(
        content, moment, title=f"{series.title} :: {series.contest}",
        url=series_url(who.id, series.id), description=excerpt(series.description, 200),
    )  # fmt: skip


_EMPTY = f'{" " * 24}<div class="ir-profile-series-empty">\n{" " * 16}還沒有任何文章哦\n{" " * 12}</div>\n'


def _days(series: Series) -> str:
    if series.finished:
        return '<span class="ir-profile-days">\n                    鐵人鍊成 ｜\n                </span>'
    blank = " " * 64
    return f"<span >\n{blank}參賽天數 {series.contest_days} 天 ｜\n{blank}</span>"


def _pager(series: Series, number: int, count: int) -> str:
    """Links to the pages before and after; nothing at all when everything fits on one page."""
    last = -(-count // PER_PAGE)
    if last <= 1 or number > last:
        return ""
    url = f"{series_url(series.author.id, series.id)}?page="
    before = f'<li><a href="{url}{number - 1}" rel="prev">上一頁</a></li>' if number > 1 else _disabled("上一頁")
    after = f'<li><a href="{url}{number + 1}" rel="next">下一頁</a></li>' if number < last else _disabled("下一頁")
    return f'<ul class="pager">\n        {before}\n        {after}\n    </ul>'


def _disabled(text: str) -> str:
    return f'<li class="disabled"><span>{text}</span></li>'


def _item(part: Article, moment: Moment) -> str:
    views = moment.views(part)
    changed = "qa-condition--change "
    return fill(
        "series_item.html",
        id=part.id, title=escape(part.title), badge="" if part.badge is None else part.badge,
        likes=part.likes, likes_change=changed if part.likes else "",
        comments=part.comment_count, comments_change=changed if part.comment_count else "",
        views=views, views_change=changed if views else "",
        description=excerpt(part.html, 80), time=local(part.published), date=local(part.published)[:10],
        user=part.author.id, name=escape(part.author.nickname),
    )  # fmt: skip


def without_lost(text: str) -> str:
    """What a feed leaves of an item's title or body."""
    return _LOST.sub("", text)


def feed(world: Site, series: Series, moment: Moment) -> str:
    """A series' feed, newest first. Its build date is the moment of asking (docs/site.md §8.2)."""
    parts = sorted(world.parts(series.id), key=lambda part: part.published, reverse=True)
    return fill(
        "feed.xml",
        title=escape(series.title), contest=series.contest, edition=series.edition, user=series.author.id,
        description=series.description, built=format_datetime(moment.now.astimezone(TAIPEI)),
        items="".join(_feed_item(part) for part in parts),
    )  # fmt: skip


def _feed_item(part: Article) -> str:
    body = without_lost(part.html)
    return fill(
        "feed_item.xml",
        id=part.id, title=escape(without_lost(part.title)), description=body[:120] + "...", body=body,
        name=escape(part.author.nickname), time=local(part.published),
    )  # fmt: skip


def external(url: str, text: str) -> str:
    """A link to another site, as rehype-external-links writes it."""
    return f'<a href="{url}" rel="noreferrer noopener" target="_blank">{text}</a>'


def heading(level: int, text: str) -> str:
    """A heading wrapped in an anchor to itself, as rehype-autolink-headings writes it."""
    slug = "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    return f'<h{level} id="{slug}"><a class="not-prose" href="#{slug}">{text}</a></h{level}>\n'


def note(title: str, text: str) -> str:
    """A note above the post."""
    return f'<div class="admonition admonition-note"><p class="admonition-title">{title}</p><p>{text}</p></div>'


def index_page(index: Index, blog: Blog) -> str:
    """An index page in Astro's markup: no line breaks in the frame, headings that link to themselves."""
    other = "zh-TW" if index.language == "en" else "en"
    groups = "".join(
        f"{heading(3, group.name)}<ul>\n{''.join(_index_item(link) for link in group.links)}</ul>\n"
        for group in index.groups
    )
    return fill(
        "index.html",
        url=index.url, language=index.language, title=escape(index.title), other=other,
        alternate=index.alternate or f"https://{blog.host}/", prefix="en/" if index.language == "en" else "",
        anchor="index", heading=index.heading, before=index.before, list=heading(2, index.heading) + groups,
        after=index.after, owner=escape(blog.name),
        links="".join(f"<li>{external(url, escape(text))}</li>" for url, text in blog.links),
    )  # fmt: skip


def _index_item(link: Link) -> str:
    return f"<li>{external(link.url, escape(link.text))}</li>\n"
