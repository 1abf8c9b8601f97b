"""What every iThome page has around its content, and the pages that are not what was asked for.

Whatever differs from one request to the next (token, ray, sidebar, counters) comes from a `Moment`.
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from archiver.standin import phrases
from archiver.standin.templates import escape, fill
from archiver.standin.wire import ITHOME
from archiver.standin.world import TAIPEI, Article, Site

SITE_NAME = "iT 邦幫忙::一起幫忙解決難題，拯救 IT 人的一天"
NOTHING_HERE = "您要找的文章不存在，可能尚未公開或網址有誤"
_ALPHANUMERIC = string.ascii_letters + string.digits
_HOT_TAGS = (
    "15th鐵人賽", "16th鐵人賽", "鐵人賽", "2019鐵人賽", "javascript", "python", "windows", "php", "c#", "linux",
    "windows server",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """One request as the server sees it: its number since the start, the time, and the visits so far by article."""

    number: int
    now: datetime  # aware
    seed: int = 0
    visits: Mapping[int, int] = field(default_factory=dict)

    def chance(self, what: str) -> random.Random:
        """Chance that differs from request to request and from use to use."""
        return random.Random(f"{self.seed}-{self.number}-{what}")  # noqa: S311  looks, not secrets

    def views(self, article: Article) -> int:
        """The views that an article shows by now."""
        return article.views + self.visits.get(article.id, 0)

    @property
    def token(self) -> str:
        """The CSRF token: 40 letters and digits."""
        return "".join(self.chance("token").choices(_ALPHANUMERIC, k=40))

    @property
    def ray(self) -> str:
        """Cloudflare's number of the request: 16 hexadecimal digits."""
        return f"{self.chance('ray').getrandbits(64):016x}"

    @property
    def stamp(self) -> str:
        """The time as Cloudflare's script carries it: base64 of the seconds since 1970."""
        return base64.b64encode(str(int(self.now.timestamp())).encode()).decode()


def local(time: datetime) -> str:
    """A time as the site shows it: Taipei, without zone."""
    return f"{time.astimezone(TAIPEI):%Y-%m-%d %H:%M:%S}"


def excerpt(html: str, length: int) -> str:
    """The start of a body without tags, as an attribute: entities stay and are escaped again (docs/site.md §6.2)."""
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    return escape(text[:length] + "..." if len(text) > length else text)


def article_url(number: int) -> str:
    """The canonical URL of an article."""
    return f"https://{ITHOME}/articles/{number}"


def series_url(user_id: int, series_id: int) -> str:
    """The canonical URL of a series' first page."""
    return f"https://{ITHOME}/users/{user_id}/ironman/{series_id}"


def chrome(
    content: str, moment: Moment, *, title: str, url: str, description: str = "", head: str = "", tail: str = ""
) -> str:
    """A whole desktop page. `title` is plain text, `description` as `excerpt` gives it, the rest HTML."""
    return fill(
        "page.html",
        title=escape(title), url=url, description=description, head=head, content=content, tail=tail,
        token=moment.token, ray=moment.ray, stamp=moment.stamp,
    )  # fmt: skip


def sidebar(world: Site, moment: Moment) -> str:
    """The right side: hot tags, questions and articles, another choice at every request."""
    chance = moment.chance("sidebar")
    hot = chance.sample(sorted(world.articles), min(5, len(world.articles)))
    questions = [(900_212_000 + chance.randrange(900), chance.choice(phrases.NOUNS)) for _ in range(3)]
    tags = chance.sample(_HOT_TAGS, 8)
    return fill(
        "sidebar.html",
        groups=240 + moment.number % 40,
        articles=2000 + moment.number,
        tags="".join(fill("sidebar_tag.html", quoted=quote(tag), tag=escape(tag)) for tag in tags),
        questions="".join(
            fill("sidebar_item.html", path=f"questions/{number}", title=f"請問{noun}要怎麼設定？")
            for number, noun in questions
        ),
        hot="".join(
            fill("sidebar_item.html", path=f"articles/{number}", title=escape(world.articles[number].title))
            for number in hot
        ),
    )


def challenge(moment: Moment) -> str:
    """Cloudflare's bot check (docs/site.md §13): under 8,000 bytes."""
    return fill("challenge.html", ray=moment.ray, token=moment.token, stamp=moment.stamp)


def error(code: int, title: str) -> str:
    """Laravel's page for an error status. The real one has not been seen (docs/site.md §17)."""
    return fill("error.html", code=code, title=title)


def login(moment: Moment) -> str:
    """The login page of member.ithome.com.tw."""
    return fill("login.html", token=moment.token)


def soft_404(world: Site, moment: Moment, message: str = NOTHING_HERE) -> str:
    """A page with the site's frame that says that there is nothing here, to be sent with status 200."""
    content = fill("soft_404.html", message=message, sidebar=sidebar(world, moment))
    return chrome(content, moment, title=SITE_NAME, url=f"https://{ITHOME}")


def listing(world: Site, moment: Moment, *, heading: str, url: str, links: list[tuple[str, str]]) -> str:
    """A plain list of links (URL and text) in the site's frame: the home page, a user's series."""
    items = "".join(f'            <li><a href="{link}">{escape(text)}</a></li>\n' for link, text in links)
    content = fill("listing.html", heading=escape(heading), items=items, sidebar=sidebar(world, moment))
    return chrome(content, moment, title=f"{heading} - {SITE_NAME}", url=url)
