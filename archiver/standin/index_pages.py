"""The author's blog posts that link to the parts (docs/site.md §15), as values."""

from __future__ import annotations

from archiver.standin import catalog, phrases
from archiver.standin.wire import BLOG, ITHOME
from archiver.standin.world import Group, Index, Link

_GROUPS = (
    ("1. From Python to Rust", 2, 9),
    ("2. Project!", 10, 19),
    ("3. Keep on Rusting", 20, 20),
    ("4. Rust + MLOps", 21, 29),
)
_ENGLISH_2023 = f"https://{BLOG}/en/posts/ironman-2023/"
_CHINESE_2023 = f"https://{BLOG}/posts/ironman-2023/"
_ENGLISH_2021 = f"https://{BLOG}/en/posts/ironman-2021/"
_CHINESE_2021 = f"https://{BLOG}/posts/ironman-2021/"

_STRANGER_SERIES = f"https://{ITHOME}/users/{catalog.STRANGER.id}/ironman/{catalog.STRANGER_SERIES_ID}"


def index_pages() -> tuple[Index, ...]:
    """The 2023 index in two languages, with 28 of 30 links, and the 2021 index that also cites a stranger."""
    chinese = ("", *phrases.TITLES[1:19], "[Day 20] 中場休息 🏖️ 和編譯器吵架的一百種方法", *phrases.TITLES[20:])
    return (
        Index(
            _ENGLISH_2023, "en", "Thirty days with a crab", _CHINESE_2023, _english_before(), "Article index",
            _groups(("", *phrases.ENGLISH_TITLES)),
        ),
        Index(
            _CHINESE_2023, "zh-TW", "和螃蟹相處的三十天", _ENGLISH_2023, _chinese_before(), "文章索引",
            _groups(chinese),
        ),
        _index_2021(),
    )  # fmt: skip


def _groups(titles: tuple[str, ...]) -> tuple[Group, ...]:
    return tuple(
        Group(name, tuple(Link(titles[day - 1], _article(catalog.PART_IDS[day - 1])) for day in range(first, last + 1)))
        for name, first, last in _GROUPS
    )


def _article(number: int) -> str:
    return f"https://{ITHOME}/articles/{number}"


def external(url: str, text: str) -> str:
    """A link to another site, as rehype-external-links writes it."""
    return f'<a href="{url}" rel="noreferrer noopener" target="_blank">{text}</a>'


def heading(level: int, text: str) -> str:
    """A heading wrapped in an anchor to itself, as rehype-autolink-headings writes it."""
    slug = "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    return f'<h{level} id="{slug}"><a class="not-prose" href="#{slug}">{text}</a></h{level}>\n'


def _english_before() -> str:
    return (
        f"{catalog.ENGLISH_NOTE}\n<blockquote>\n<p>A contest of thirty evenings, a crab, and a data platform.</p>\n"
        "</blockquote>\n<p>This series later became a book! See "
        f"{external('https://www.books.com.tw/products/0010000000', 'books.com.tw')} and "
        f"{external('https://www.tenlong.com.tw/products/9780000000000', 'Tenlong')}.</p>\n<hr>\n"
        f'{heading(2, "Today’s Ferris")}<p><img src="/_astro/ferris.Bx1.webp" alt="A crab" width="600" height="400"'
        ' loading="lazy" decoding="async"></p>\n'
        f"{heading(2, 'Closing thoughts')}<p>I read "
        f"{external('https://huyenchip.com/ml-interviews-book/', 'a free book')}, watched "
        f"{external('https://www.youtube.com/watch?v=abcdefghijk', 'a talk')} and wrote every night. "
        f"Another crab to follow: {external(_STRANGER_SERIES, 'a database engine in thirty days')}.</p>\n"
    )


def _chinese_before() -> str:
    return (
        "<blockquote>\n<p>三十個晚上、一隻螃蟹，和一座資料工廠。</p>\n</blockquote>\n<p>這個系列後來變成一本書了！"
        f"{external('https://www.books.com.tw/products/0010000000', '博客來')}、"
        f"{external('https://www.tenlong.com.tw/products/9780000000000', '天瓏')}</p>\n<hr>\n"
        f'{heading(2, "今日份 Ferris")}<p><img src="/_astro/ferris.Bx1.webp" alt="螃蟹" loading="lazy"></p>\n'
        f"{heading(2, '完賽心得')}<p>參考了"
        f"{external('https://www.oreilly.com/library/view/x/9781098107956/', '這本書')}，"
        f"每天晚上寫一點，居然就寫完了。也推薦{external(_STRANGER_SERIES, '三十天打造資料庫引擎')}。</p>\n"
    )


def _index_2021() -> Index:
    before = (
        f"{catalog.ENGLISH_NOTE}\n<blockquote>\n<p>My first contest.</p>\n</blockquote>\n"
        f"{heading(2, 'What I read meanwhile')}<p>Do not miss "
        f"{external(_STRANGER_SERIES, 'a database engine in thirty days')}; "
        f"my favourite is {external(_article(catalog.STRANGER_DAY_30), 'Day 30: the engine starts')}.</p>\n"
    )
    ids = [10265101 + 613 * number for number in range(30)]
    groups = (("1. Tables", 1, 10), ("2. Models", 11, 20), ("3. The rest", 21, 29))
    return Index(
        _ENGLISH_2021, "en", "Thirty days with data", _CHINESE_2021, before, "Article index",
        tuple(Group(name, tuple(_diary(ids, day) for day in range(first, last + 1))) for name, first, last in groups),
    )  # fmt: skip


def _diary(ids: list[int], day: int) -> Link:
    return Link(f"Day {day:02} of the data diary", _article(ids[day - 1]))
