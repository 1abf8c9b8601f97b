"""What pages say, as values: what `pages` makes of bytes, and `archive` keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from archiver.model import Address, Kind, Refusal

SAVED_PAGE_TYPE = "text/html; saved=page"
"""The media type under which a saved HTML file is kept: relative addresses in it are of files beside it."""

SAVED_MARK = "saved:"
"""Begins what stands for the address of a picture that a saved page shows from a file, and nobody knows where from."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A named problem of a reading: `field` should be there and `name` is what is wrong with it.

    A value that is None without a problem of its field is "not there on this page".
    """

    field: str  # e.g. "published_at"
    name: str  # e.g. "not_found", "not_a_number", "not_a_date", "more_than_one"
    detail: str = ""  # a short excerpt, cleaned; never more than 200 characters


@dataclass(frozen=True, slots=True)
class Facts:
    """What a body looks like, for `judge`: facts only, no verdict."""

    is_html: bool = False  # the bytes look like HTML (or like a feed, for a feed)
    encoding: str = ""  # the one used to decode
    too_deep: bool = False  # nested deeper than the parser can bear; nothing else was read
    looks_like: str | None = None  # "challenge", "login", "not_found", "maintenance"; None for an ordinary page
    kind: Kind | None = None  # the kind whose skeleton is recognised, whatever was asked
    own_url: str | None = None  # og:url, or a feed's own idea of its series
    has_content: bool = False  # the part that makes the page worth keeping is there: the article's body, the list
    closed: bool = True  # the body container and the document are closed; False says that the page is cut
    raised: str | None = None  # the name of the exception that our parser raised; nothing else was read
    words_sha256: str | None = None  # of a page without content: its words without digits, to know it again


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One `pre` of a body, byte for byte."""

    code: str
    language: str | None = None  # as declared by class="language-…", else as guessed
    guessed: bool = False  # nobody declared it


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One `img` of a body."""

    url: str  # absolute
    alt: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingLink:
    """One `a[href]` of a body."""

    url: str  # absolute, not canonicalised
    text: str


def _words(html: str, text: str) -> str:
    del html
    return text


@dataclass(frozen=True, slots=True)
class Body:
    """A body in the forms that we keep, and in one that is made when it is asked for."""

    html: str  # sanitised (nh3); links absolute
    text: str  # blocks separated by line breaks
    code_blocks: tuple[CodeBlock, ...] = ()
    images: tuple[ImageReference, ...] = ()
    links: tuple[OutgoingLink, ...] = ()
    as_markdown: Callable[[str, str], str] = field(default=_words, repr=False, compare=False)  # of HTML and text

    @property
    def markdown(self) -> str:
        """The body as Markdown, made anew each time."""
        return self.as_markdown(self.html, self.text)


NO_BODY = Body(html="", text="")
"""What stands for the body of a page on which none was found."""


@dataclass(frozen=True, slots=True)
class Author:
    """A person as a page shows them."""

    id: int | None = None
    name: str | None = None
    account: str | None = None  # shown on series pages only
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or a reply to one. `position` counts all of a page in document order, from 1."""

    id: int | None
    position: int
    author: Author
    published_at: datetime | None  # UTC
    likes: int | None
    body: Body
    reply_to: int | None = None  # position of the comment that it answers; None at the top level


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A link to another part of the same series, as a page shows it."""

    article_id: int
    title: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """An article as its own page tells it."""

    id: int | None  # from og:url
    title: str | None
    author: Author
    published_at: datetime | None  # UTC; the site shows Taipei time
    body: Body | None
    tags: tuple[str, ...] = ()
    series_id: int | None = None
    series_user_id: int | None = None
    series_title: str | None = None
    position: int | None = None  # 系列 第 N 篇
    title_day: int | None = None  # read from the title, "Day 07"
    badge_day: int | None = None  # DAY n, a posting streak
    contest_year: int | None = None  # in the contest's name (`pages.contest`)
    contest_edition: int | None = None  # 15 for 2023
    group: str | None = None
    group_slug: str | None = None
    team: str | None = None
    views: int | None = None
    likes: int | None = None
    comments_count: int | None = None
    subscribers: int | None = None
    declared_parts: int | None = None
    feed_url: str | None = None
    previous: Neighbour | None = None
    next: Neighbour | None = None
    catalog: tuple[Neighbour, ...] = ()  # the last five parts only
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesItem:
    """One article of a series page's list."""

    article_id: int
    title: str
    published_at: datetime | None = None
    badge_day: int | None = None
    description: str | None = None
    views: int | None = None
    likes: int | None = None
    comments_count: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """One page of a series' list, ten items each, oldest first."""

    id: int | None
    title: str | None
    author: Author
    description: str | None = None
    contest_year: int | None = None
    contest_edition: int | None = None
    group: str | None = None
    group_slug: str | None = None
    finished: bool = False  # 鐵人鍊成
    contest_days: int | None = None  # 參賽天數; None when finished
    declared_parts: int | None = None  # 共 N 篇文章
    subscribers: int | None = None
    feed_url: str | None = None
    page_number: int = 1
    next_page: int | None = None
    empty: bool = False
    items: tuple[SeriesItem, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item of a series feed. Its body has lost punctuation (docs/site.md §8.3): a marked fallback only."""

    article_id: int
    title: str
    author_name: str | None
    published_at: datetime | None
    html: str  # as it came
    read_body: Callable[[], Body] = field(compare=False, repr=False)

    @property
    def body(self) -> Body:
        """The body in all its forms: made when it is asked for, since of most items it never is."""
        return self.read_body()


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A series feed, newest first as the site gives it."""

    title: str | None
    contest_year: int | None
    user_id: int | None
    items: tuple[FeedItem, ...] = ()
    contest_edition: int | None = None


@dataclass(frozen=True, slots=True)
class IndexLink:
    """A link of an index page that leads to iThome."""

    address: Address  # kind article or series
    raw_url: str  # as written in the page
    text: str
    group: str | None  # the nearest heading above, such as "2. Project!"
    position: int  # in document order, from 1


@dataclass(frozen=True, slots=True)
class IndexPage:
    """A page that links to the parts of a series."""

    title: str | None
    language: str | None
    links: tuple[IndexLink, ...] = ()
    refused: tuple[Refusal, ...] = ()  # iThome links that are never fetched


@dataclass(frozen=True, slots=True)
class ImagePage:
    """What the bytes of an image say of themselves."""

    media_type: str  # by their signature, whatever the server calls them
    width: int | None = None  # in pixels
    height: int | None = None


Page = ArticlePage | SeriesPage | FeedPage | IndexPage | ImagePage


@dataclass(frozen=True, slots=True)
class Reading:
    """What a parser version makes of a body.

    `content_sha256` changes exactly when title, body or tags change (for other kinds: the list they show).
    `fingerprint` also covers comments and the page's skeleton: a new one means that the capture is worth storing.
    Neither covers counters, tokens or advertisements.
    """

    parser: str  # e.g. "ithome.article/1"
    facts: Facts
    page: Page | None = None
    problems: tuple[Problem, ...] = ()
    content_sha256: str | None = None
    fingerprint: str | None = None
    counters: dict[str, int] = field(default_factory=dict)  # views, likes, comments, subscribers, as shown
