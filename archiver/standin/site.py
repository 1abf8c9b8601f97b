"""`demo_site`: the world of the demonstration, deterministic by seed (docs/site.md §15)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType

from archiver.standin import catalog, phrases, prose
from archiver.standin.world import IRONMAN_OFFSET, TAIPEI, Article, Cast, Person, Remark, Series, Site

SIZES = (4, 9, 14, 7, 12, 10, 18, 11, 22, 6, 9, 13, 16, 12, 24, 15, 10, 8, 7, 3, 12, 14, 11, 17, 9, 20, 10, 30, 8, 5)
"""Sections of each part of the first series: from about 9 to 60 kB."""

_BLANK_BADGE = 12  # the position whose badge the site shows without a number
_LATE_BADGES = (18, 26)  # positions published on the day of the part before: the badge stays behind
_POPULAR = (7, 15)  # positions with the most comments
_TAGS = ("rust", "mlops", "c++", "資料 工程", "ai&data")


@cache
def demo_site(seed: int = catalog.SERIES_ID) -> Site:
    """The whole invented world: a series and its indexes, and one of every other state."""
    return site_of(catalog.CAST, seed)


def site_of(cast: Cast, seed: int) -> Site:
    """The world of a cast, with bodies and comments made by chance."""
    numbered = ((one, position, number) for one in cast.series for position, number in enumerate(one.part_ids, 1))
    parts = [_part(cast, *each, seed) for each in numbered]
    day, writer = f"{cast.ordinary.published:%Y%m%d}", cast.ordinary.author.id
    ordinary = prose.body(_chance(f"{seed}-ordinary"), user_id=writer, day=day, sections=4)
    parts.append(replace(cast.ordinary, html=cast.notice + ordinary))
    articles = {part.id: _with_comments(cast, part, _chance(f"{seed}-{part.id}-comments")) for part in parts}
    series = MappingProxyType({one.id: one for one in cast.series})
    indexes = MappingProxyType({index.url: index for index in cast.indexes})
    return Site(seed, MappingProxyType(dict(sorted(articles.items()))), series, indexes, cast.blog)


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  prose, not secrets


_FIRST_DAYS = {2021: (9, 1), 2023: (9, 16), 2026: (8, 1)}


def _part(cast: Cast, series: Series, position: int, number: int, seed: int) -> Article:
    """One part. Every word of it depends on the seed and its id alone."""
    rng = _chance(f"{seed}-{number}")
    main = series is cast.series[0]
    day = position - 1 if main and position in _LATE_BADGES else position
    month, first = _FIRST_DAYS[series.year]
    hour, minute, second = rng.randint(19, 22), rng.randrange(60), rng.randrange(60)
    evening = datetime(series.year, month, first, hour, minute, second, tzinfo=TAIPEI)
    published = evening + timedelta(days=day - 1, hours=0 if day == position else 1)
    body = prose.body(
        rng, user_id=series.author.id, day=f"{published:%Y%m%d}",
        sections=SIZES[position - 1] if main else rng.randint(1, 3),
        others=tuple(other for other in series.part_ids if other != number), dead=position <= cast.dead_until,
    )  # fmt: skip
    return Article(
        number, series.author, cast.titles[series.id][position - 1], cast.notice + body, published,
        tags=(f"{series.year - IRONMAN_OFFSET}th鐵人賽", *rng.sample(_TAGS, 2)),
        series_id=series.id, position=position, badge=None if main and position == _BLANK_BADGE else day,
        views=rng.randint(120, 4200), likes=rng.choice((0, 0, 1, 2, 7)),
    )  # fmt: skip


def _with_comments(cast: Cast, article: Article, rng: random.Random) -> Article:
    """An article with none to six comments, some with replies, in order of time."""
    popular = article.series_id == cast.series[0].id and article.position in _POPULAR
    count = 6 if popular else rng.choice((0, 0, 0, 1, 2, 3))
    comments = tuple(_comment(cast, article, number, rng, replies=popular) for number in range(count))
    return replace(article, comments=comments)


def _comment(cast: Cast, article: Article, number: int, rng: random.Random, *, replies: bool) -> Remark:
    identity = (article.id - 10_000_000) * 20 + number * 3
    at = article.published + timedelta(hours=3 * (number + 1), seconds=rng.randrange(3600))
    reader, words = _reader(cast, rng), prose.comment(rng, rng.choice(phrases.COMMENTS))
    asked = Remark(identity, reader, at, words, rng.choice((0, 0, 1, 3)))
    answers = rng.randint(1, 2) if replies and number % 2 == 0 else rng.choice((0, 0, 1))
    return replace(asked, replies=tuple(_reply(article, asked, order, rng) for order in range(answers)))


def _reply(article: Article, asked: Remark, order: int, rng: random.Random) -> Remark:
    author = article.author if order == 0 else asked.author
    at = asked.published + timedelta(minutes=40 * (order + 1))
    return Remark(asked.id + order + 1, author, at, prose.comment(rng, rng.choice(phrases.REPLIES)))


def _reader(cast: Cast, rng: random.Random) -> Person:
    number = rng.randrange(len(cast.readers))
    return replace(cast.readers[number], level=f"iT邦{rng.choice(('新手', '研究生', '高手'))} {number % 5 + 1} 級")
