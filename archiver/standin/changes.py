"""What authors and readers do to the world, as pure functions from one `Site` to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from archiver.standin.catalog import WRITER
from archiver.standin.render import article_url
from archiver.standin.world import Article, Group, Index, Remark, Series, Site

ADDED = "<p>更新：這一段是發文之後才補上的——感謝讀者指正。</p>\n"


def _with_articles(site: Site, articles: Mapping[int, Article]) -> Site:
    return replace(site, articles=MappingProxyType(dict(articles)))


def _with_series(site: Site, series: Series) -> Site:
    return replace(site, series=MappingProxyType({**site.series, series.id: series}))


def changed(site: Site, number: int, **values: object) -> Site:
    """An article with other values; None leaves one as it is."""
    given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    return _with_articles(site, {**site.articles, number: replace(site.articles[number], **given)})


def edited(site: Site, number: int, title: str | None, body: str | None, tags: Sequence[str] | None) -> Site:
    """An article with another title, body (HTML) or tags; with none of them given, a paragraph is added."""
    if title is None and body is None and tags is None:
        body = site.articles[number].html.replace(" <br/>\n", f"{ADDED} <br/>\n")
    return changed(site, number, title=title, html=body, tags=None if tags is None else tuple(tags))


def deleted(site: Site, number: int) -> Site:
    """An article that its author deleted: gone, and gone from its series' pages and feed. Positions stay."""
    return _with_articles(unlisted(site, number), {k: v for k, v in site.articles.items() if k != number})


def unlisted(site: Site, number: int) -> Site:
    """An article whose page stays, but which the pages and the feed of its series no longer list."""
    series_id = site.articles[number].series_id
    if series_id is None:
        return site
    series = site.series[series_id]
    return _with_series(site, replace(series, part_ids=tuple(part for part in series.part_ids if part != number)))


def unlinked(site: Site, number: int) -> Site:
    """Index pages without their links to an article."""
    url = article_url(number)

    def without(index: Index) -> Index:
        groups = tuple(Group(one.name, tuple(link for link in one.links if link.url != url)) for one in index.groups)
        return replace(index, groups=groups)

    return replace(site, indexes=MappingProxyType({key: without(index) for key, index in site.indexes.items()}))


def renumbered(site: Site, series_id: int, order: Sequence[int] | None) -> Site:
    """The parts of a series in another order, or in the same, with positions from 1 again."""
    series = site.series[series_id]
    ids = tuple(order) if order is not None else series.part_ids
    moved = {number: replace(site.articles[number], position=at) for at, number in enumerate(ids, start=1)}
    return _with_series(_with_articles(site, {**site.articles, **moved}), replace(series, part_ids=ids))


def commented(site: Site, number: int, text: str) -> Site:
    """An article with one more comment at the end. `text` is HTML."""
    old = site.articles[number]
    identity = 900_000_000 + len(old.comments)
    last = old.comments[-1].published if old.comments else old.published
    comment = Remark(identity, WRITER, last + timedelta(hours=1), text)
    return changed(site, number, comments=(*old.comments, comment))
