"""The world that the stand-in shows, as values. Times are aware, in Taipei time; HTML is as the site would serve it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from archiver.standin.wire import BLOG

TAIPEI = timezone(timedelta(hours=8))
_UPLOAD = re.compile(r"/upload/images/[0-9]{8}/\w+\.\w+")
IRONMAN_OFFSET = 2008  # the 15th contest was in 2023 (docs/site.md §10)
# Year of publication → edition, name and path, where they do not follow from the year (docs/site.md §10).
_OLD_CONTESTS = {
    2018: ("10th", "2019 iT 邦幫忙鐵人賽", "2019ironman"),
    2019: ("11th", "第 11 屆 iThome 鐵人賽", "2020ironman"),
    2020: ("12th", "第 12 屆 iThome 鐵人賽", "2020-12th-ironman"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A member. `center_id` numbers the avatar and is another number than `id`."""

    id: int
    nickname: str
    account: str
    center_id: int
    level: str = "iT邦新手 4 級"
    points: int = 580
    about: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, or a reply to one (then without replies of its own)."""

    id: int
    author: Person
    published: datetime
    html: str
    likes: int = 0
    replies: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """An article. `badge` is the posting streak, None when the site shows it blank; `series_id` None: no contest."""

    id: int
    author: Person
    title: str
    html: str
    published: datetime
    tags: tuple[str, ...] = ()
    series_id: int | None = None
    position: int = 0
    badge: int | None = None
    views: int = 0
    likes: int = 0
    comments: tuple[Remark, ...] = ()

    @property
    def comment_count(self) -> int:
        """All comments, replies included."""
        return sum(1 + len(comment.replies) for comment in self.comments)


@dataclass(frozen=True, slots=True)
class Team:
    """A team of a contest."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Series:
    """A contest series; `part_ids` is what its pages list, oldest first."""

    id: int
    author: Person
    title: str
    description: str  # HTML; may hold <br>
    year: int  # when it is written
    group: str
    group_slug: str
    part_ids: tuple[int, ...]
    finished: bool = True
    contest_days: int = 30
    subscribers: int = 0
    team: Team | None = None

    @property
    def edition(self) -> str:
        """The contest's ordinal as class names carry it, "15th"."""
        return _OLD_CONTESTS[self.year][0] if self.year in _OLD_CONTESTS else f"{self.year - IRONMAN_OFFSET}th"

    @property
    def contest(self) -> str:
        """What the site calls the contest."""
        return _OLD_CONTESTS[self.year][1] if self.year in _OLD_CONTESTS else f"{self.year} iThome 鐵人賽"

    @property
    def contest_path(self) -> str:
        """The first part of the paths of the contest's pages."""
        return _OLD_CONTESTS[self.year][2] if self.year in _OLD_CONTESTS else f"{self.year}ironman"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an index page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of an index page and the links below it."""

    name: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """A blog post that links to the parts. `before` and `after` are HTML around the list."""

    url: str
    language: str
    title: str
    alternate: str | None
    before: str
    heading: str
    groups: tuple[Group, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Blog:
    """The author's own site: its host, its name, and the links (URL and text) below each post."""

    host: str = BLOG
    name: str = "A blog"
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who writes what, under which numbers: all of a world but what chance makes of it."""

    blog: Blog
    series: tuple[Series, ...]  # the first is the one with long parts
    titles: Mapping[int, tuple[str, ...]]  # of the parts of each series
    ordinary: Article  # belongs to no series; without a body
    readers: tuple[Person, ...]  # who comment
    indexes: tuple[Index, ...]
    notice: str = ""  # HTML that every body begins with
    dead_until: int = 30  # the last part that shows pictures on hosts that are gone


@dataclass(frozen=True, slots=True)
class Site:
    """Everything there is: articles and series by id, index pages by URL."""

    seed: int
    articles: Mapping[int, Article]
    series: Mapping[int, Series]
    indexes: Mapping[str, Index]
    blog: Blog = Blog()

    def parts(self, series_id: int) -> tuple[Article, ...]:
        """The articles that a series page lists, oldest first."""
        return tuple(self.articles[number] for number in self.series[series_id].part_ids)

    def neighbours(self, article: Article) -> tuple[Article | None, Article | None]:
        """The parts before and after an article in its series' list; None where there is none."""
        if article.series_id is None:
            return None, None
        parts = self.parts(article.series_id)
        before = [part for part in parts if part.position < article.position]
        after = [part for part in parts if part.position > article.position]
        return (before[-1] if before else None), (after[0] if after else None)

    def shows(self, path: str) -> bool:
        """Whether some body shows the uploaded image with this path."""
        return _UPLOAD.fullmatch(path) is not None and any(path in article.html for article in self.articles.values())
