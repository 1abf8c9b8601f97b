"""An invented site to measure with: the skeleton of the real pages, and prose that does not repeat itself.

Words of one to four characters and phrases of them, as frequent as words are (Zipf), with Latin words between them and
code whose names differ: about 4.6 KB of text an article. Everything depends on the numbers of series and article alone.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from archiver import ithome
from archiver.model import Address, Kind
from archiver.standin import prose
from archiver.standin.render import Moment
from archiver.standin.render_article import article_page
from archiver.standin.render_lists import PER_PAGE, feed, series_page
from archiver.standin.snippets import SNIPPETS
from archiver.standin.world import TAIPEI, Article, Person, Series, Site

PARTS = 30
WORDS = 560  # words an article: with its code 4.6 KB of UTF-8
FEW_WORDS = 40  # for archives of which only the number of rows matters
_BEGAN = datetime(2023, 9, 16, 20, tzinfo=TAIPEI)
_HEAD = re.compile(r"<link rel=.apple.*?</head>", re.DOTALL)  # what a page has around its content
_REST = re.compile(r'<div class="a810".*</html>', re.DOTALL)


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """30,000 words, and how often each comes (cumulated)."""
    rng = random.Random(20141304)
    letters = [chr(number) for number in rng.sample(range(0x4E00, 0x9FA5), 4_000)]
    often = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(letters))))
    lengths = rng.choices((1, 2, 3, 4), (2, 6, 1, 1), k=30_000)
    words = ["".join(rng.choices(letters, cum_weights=often, k=length)) for length in lengths]
    words[50::40] = [rng.choice(("Rust", "Docker", "PyO3", "polars.struct", "C++")) for _ in words[50::40]]
    return words, list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))


def words(rng: random.Random, count: int) -> list[str]:
    """So many words."""
    known, often = _vocabulary()
    return rng.choices(known, cum_weights=often, k=count)


@cache
def _phrases() -> tuple[list[str], list[float]]:
    """20,000 things that people say, of three to six words, and how often each comes (cumulated)."""
    rng = random.Random(5943)
    said = ["".join(words(rng, rng.randint(3, 6))) for _ in range(20_000)]
    return said, list(itertools.accumulate(1 / (rank + 3) for rank in range(len(said))))


def sentence(rng: random.Random, count: int) -> str:
    """About so many words as text, four of ten times a phrase: real prose repeats as much of itself."""
    known, often = _phrases()
    said, left = [], count
    while left > 0:
        is_phrase = rng.random() < 0.4
        said += rng.choices(known, cum_weights=often) if is_phrase else words(rng, 1)
        left -= 4 if is_phrase else 1
        if len(said) % 6 == 5:
            said.append("，")
    return "".join(said) + "。"


def code(rng: random.Random) -> str:
    """A block of code with names of its own."""
    language, text = rng.choice(SNIPPETS)
    name = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz_", k=9))
    text = text.replace("NAME", name).replace("COUNT", str(rng.randrange(10_000))).replace("␠", " ")
    mark = f' class="language-{language or "text"}"'  # always told: a guess is another program's work
    return f"<pre><code{mark}>{prose.escape(text)}// {name} {rng.getrandbits(64):x}\n</code></pre>\n"


def body(rng: random.Random, count: int, others: tuple[int, ...]) -> str:
    """An article's body of so many words: headings, paragraphs, a list, a picture, links and code."""
    if count <= FEW_WORDS:
        return f"<p>{sentence(rng, count)}</p>\n{code(rng)}"
    blocks = []
    for _ in range(max(count // 80, 1)):
        blocks.append(f"<h2>{sentence(rng, 4)}</h2>\n")
        blocks += [f"<p>{sentence(rng, 18)}{prose.escape(rng.choice(words(rng, 3)))}</p>\n" for _ in range(2)]
        blocks.append("<ul>\n" + "".join(f"<li>{sentence(rng, 7)}</li>\n" for _ in range(3)) + "</ul>\n")
    blocks.insert(2, prose.image(rng, 20_000_001, "20230916"))
    blocks += [code(rng), code(rng), code(rng)]
    blocks.append("<p>" + "、".join(
        f'<a href="https://ithelp.ithome.com.tw/articles/{other}">{sentence(rng, 3)}</a>'
        for other in rng.sample(others, min(2, len(others)))
    ) + "</p>\n")  # fmt: skip
    return "".join(blocks)


def part_ids(number: int) -> tuple[int, ...]:
    """The numbers of a series' articles."""
    return tuple(10_000_000 + number * 40 + place for place in range(1, PARTS + 1))


def series_of(article_id: int) -> int:
    """The series of an article."""
    return (article_id - 10_000_001) // 40


def made(number: int, count: int = WORDS) -> Site:
    """One series with its thirty parts."""
    rng = random.Random(f"series {number}")
    author = Person(20_000_000 + number, f"作者{number}", f"author{number}", 140_000 + number)
    ids = part_ids(number)
    series = Series(
        number,
        author,
        sentence(rng, 5),
        sentence(rng, 12),
        2023,
        "AI & Data",
        "ai-and-data",
        ids,
        subscribers=number % 90,
    )
    articles = {}
    for position, article_id in enumerate(ids, start=1):
        chance = random.Random(article_id)
        articles[article_id] = Article(
            article_id, author, f"[Day {position:02}] {sentence(chance, 6)}", body(chance, count, ids),
            _BEGAN + timedelta(days=position - 1, seconds=chance.randrange(3600)),
            tags=("15th鐵人賽", *chance.sample(("rust", "python", "docker", "data"), 2)), series_id=number,
            position=position, badge=position, views=chance.randrange(5_000), likes=chance.randrange(9),
        )  # fmt: skip
    return Site(number, articles, {number: series}, {})


def together(numbers: range) -> Site:
    """Several series as one site."""
    sites = [made(number) for number in numbers]
    articles = {key: value for site in sites for key, value in site.articles.items()}
    return Site(0, articles, {key: value for site in sites for key, value in site.series.items()}, {})


def source(number: int) -> str:
    """The URL of a series."""
    return ithome.series_url(20_000_000 + number, number)


def addresses(number: int) -> list[str]:
    """The URLs of every page of a series."""
    lists = [source(number) + (f"?page={page}" if page > 1 else "") for page in range(1, -(-PARTS // PER_PAGE) + 1)]
    return [ithome.feed_url(number), *lists, *map(ithome.article_url, part_ids(number))]


def _address(url: str) -> Address:
    found = ithome.source_address(url)
    assert isinstance(found, Address), url
    return found


def pages(number: int, count: int = WORDS) -> Iterator[tuple[Address, bytes]]:
    """Every page of a series, as the site would serve them: its feed, the pages of its list, its articles."""
    site, bare = made(number, count), count <= FEW_WORDS
    series = site.series[number]
    numbers = itertools.count(number * 100)

    def moment() -> Moment:
        return Moment(next(numbers), datetime(2026, 11, 1, tzinfo=UTC))

    for address in map(_address, addresses(number)):
        if address.kind is Kind.FEED:
            yield address, feed(site, series, moment()).encode()
        elif address.kind is Kind.SERIES:
            yield address, _dressed(series_page(site, series, address.page_number or 1, moment()), bare=bare)
        else:
            assert address.article_id is not None
            yield address, _dressed(article_page(site, site.articles[address.article_id], moment()), bare=bare)


def _dressed(html: str, *, bare: bool) -> bytes:
    """The page, `bare` without what surrounds the content: reading it is most of what making a large archive takes."""
    if bare:
        html = _REST.sub("</div></div></div></div></body></html>", _HEAD.sub("</head>", html))
    return html.encode()
