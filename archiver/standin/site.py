"""`demo_site`: the world of the demonstration, deterministic by seed (docs/site.md §15)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType

from archiver.standin import catalog, phrases, prose
from archiver.standin.index_pages import index_pages
from archiver.standin.world import (
    IRONMAN_OFFSET,
    TAIPEI,
    Article,
    Comment,
    Group,
    Index,
    Link,
    Person,
    Series,
    Site,
    Team,
)

__all__ = ["Article", "Comment", "Group", "Index", "Link", "Person", "Series", "Site", "Team", "demo_site"]


@cache
def demo_site(seed: int = 5943) -> Site:
    """The whole world: series 5943 and its indexes, the 2021 trap, and a series of every other state."""
    series = (_main(), _old(), _stranger(), _unfinished(), _empty(), _team())
    parts = [part for one in series for part in _parts(one, seed)]
    parts.append(_ordinary(_chance(f"{seed}-ordinary")))
    articles = {part.id: _with_comments(part, _chance(f"{seed}-{part.id}-comments")) for part in parts}
    return Site(
        seed,
        MappingProxyType(dict(sorted(articles.items()))),
        MappingProxyType({one.id: one for one in series}),
        MappingProxyType({index.url: index for index in index_pages()}),
    )


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  prose, not secrets


def _main() -> Series:
    return Series(
        catalog.SERIES_ID, catalog.AUTHOR, catalog.SERIES_TITLE, catalog.SERIES_DESCRIPTION, 2023, "AI & Data",
        "ai-and-data", catalog.PART_IDS, subscribers=27,
    )  # fmt: skip


def _old() -> Series:
    ids = tuple(10265101 + 613 * number for number in range(30))
    return Series(
        catalog.OLD_SERIES_ID, catalog.AUTHOR, catalog.OLD_TITLE, "資料分析的第一個月。", 2021, "AI & Data",
        "ai-and-data", ids, subscribers=9,
    )  # fmt: skip


def _stranger() -> Series:
    ids = (*(10258401 + 529 * number for number in range(29)), catalog.STRANGER_DAY_30)
    return Series(
        catalog.STRANGER_SERIES_ID, catalog.STRANGER, catalog.STRANGER_TITLE, "每天一個零件，三十天後會存資料。", 2021,
        "Software Development", "software-dev", ids, subscribers=112,
    )  # fmt: skip


def _unfinished() -> Series:
    ids = tuple(10320011 + 907 * number for number in range(12))
    return Series(
        catalog.UNFINISHED_ID, catalog.RUNNER, catalog.RUNNER_TITLE, "寫到哪算到哪。", 2023, "自我挑戰組",
        "self-challenge", ids, finished=False, contest_days=12, subscribers=1,
    )  # fmt: skip


def _empty() -> Series:
    return Series(
        catalog.EMPTY_ID, catalog.VANISHED, "本來有十五篇", "作者已經把文章收起來了。", 2023, "Security", "security",
        (), finished=False, contest_days=15,
    )  # fmt: skip


def _team() -> Series:
    ids = tuple(10400512 + 211 * number for number in range(8))
    return Series(
        catalog.TEAM_SERIES_ID, catalog.TEAMMATE, catalog.TEAM_TITLE, "八篇，與隊友一起。<br>\n不定期更新。", 2026,
        "AI Engineering", "ai-engineering", ids, finished=False, contest_days=8, subscribers=6, team=catalog.TEAM,
    )  # fmt: skip


_FIRST_DAYS = {2021: (9, 1), 2023: (9, 16), 2026: (8, 1)}


def _parts(series: Series, seed: int) -> list[Article]:
    return [_part(series, position, number, seed) for position, number in enumerate(series.part_ids, start=1)]


def _part(series: Series, position: int, number: int, seed: int) -> Article:
    """One part. Every word of it depends on the seed and its id alone."""
    rng = _chance(f"{seed}-{number}")
    main = series.id == catalog.SERIES_ID
    day = position - 1 if main and position in catalog.LATE_BADGES else position
    month, first = _FIRST_DAYS[series.year]
    evening = datetime(
        series.year, month, first, rng.randint(19, 22), rng.randrange(60), rng.randrange(60), tzinfo=TAIPEI
    )
    published = evening + timedelta(days=day - 1, hours=0 if day == position else 1)
    body = prose.body(
        rng,
        user_id=series.author.id,
        day=f"{published:%Y%m%d}",
        sections=catalog.SIZES[position - 1] if main else rng.randint(1, 3),
        others=tuple(other for other in series.part_ids if other != number),
    )
    return Article(
        number, series.author, _title(series, position), body, published,
        tags=(f"{series.year - IRONMAN_OFFSET}th鐵人賽", *rng.sample(catalog.TAGS, 2)),
        series_id=series.id, position=position, badge=None if main and position == catalog.BLANK_BADGE else day,
        views=rng.randint(120, 4200), likes=rng.choice((0, 0, 1, 2, 7)),
    )  # fmt: skip


def _title(series: Series, position: int) -> str:
    if series.id == catalog.SERIES_ID:
        return phrases.TITLES[position - 1]
    if series.id == catalog.OLD_SERIES_ID:
        return f"Day {position:02} {catalog.OLD_TOPICS[position - 1]}"
    if series.id == catalog.STRANGER_SERIES_ID:
        return f"Day {position}: {'終點站，引擎發動' if position == 30 else f'第 {position} 個零件'}"
    return f"Day{position}：{'、'.join(phrases.NOUNS[position : position + 2])}——先求有再求好"


def _ordinary(rng: random.Random) -> Article:
    published = datetime(2022, 11, 5, 14, 3, 21, tzinfo=TAIPEI)
    body = prose.body(rng, user_id=catalog.WRITER.id, day="20221105", sections=4)
    return Article(
        catalog.ORDINARY_ID, catalog.WRITER, "[心得] 搬機房那一夜，我們學會的十件事", body, published,
        tags=("維運", "機房"), views=1893, likes=12,
    )  # fmt: skip


def _with_comments(article: Article, rng: random.Random) -> Article:
    """An article with none to six comments, some with replies, in order of time."""
    popular = article.series_id == catalog.SERIES_ID and article.position in catalog.POPULAR
    count = 6 if popular else rng.choice((0, 0, 0, 1, 2, 3))
    comments = tuple(_comment(article, number, rng, replies=popular) for number in range(count))
    return replace(article, comments=comments)


def _comment(article: Article, number: int, rng: random.Random, *, replies: bool) -> Comment:
    identity = (article.id - 10_000_000) * 20 + number * 3
    at = article.published + timedelta(hours=3 * (number + 1), seconds=rng.randrange(3600))
    asked = Comment(
        identity, _person(rng), at, prose.comment(rng, rng.choice(phrases.COMMENTS)), rng.choice((0, 0, 1, 3))
    )
    answers = rng.randint(1, 2) if replies and number % 2 == 0 else rng.choice((0, 0, 1))
    return replace(asked, replies=tuple(_reply(article, asked, order, rng) for order in range(answers)))


def _reply(article: Article, asked: Comment, order: int, rng: random.Random) -> Comment:
    author = article.author if order == 0 else asked.author
    at = asked.published + timedelta(minutes=40 * (order + 1))
    return Comment(asked.id + order + 1, author, at, prose.comment(rng, rng.choice(phrases.REPLIES)))


def _person(rng: random.Random) -> Person:
    number = rng.randrange(len(phrases.NICKNAMES))
    return Person(
        20130000 + 17 * number, phrases.NICKNAMES[number], f"user{number}", 140000 + number,
        f"iT邦{rng.choice(('新手', '研究生', '高手'))} {number % 5 + 1} 級",
    )  # fmt: skip
