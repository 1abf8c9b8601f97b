"""The good answers: what each host that the stand-in plays serves at which address (docs/site.md §3 and §13)."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from archiver.standin import render
from archiver.standin.images import picture
from archiver.standin.render import Moment
from archiver.standin.render_article import article_page, mobile_page
from archiver.standin.render_lists import feed, index_page, series_page
from archiver.standin.wire import BLOG, CDN, CHARTS, IMGUR, ITHOME, MEMBER, Reply, Request, http_date, page, redirect
from archiver.standin.world import TAIPEI, Series, Site

ITHOME_ROBOTS = """User-agent: *
Disallow: /cdn-cgi/
Disallow: /api/
Disallow: /search
Disallow: /users/login
Disallow: /*/draft$
"""
"""Invented: the real file has not been seen (docs/site.md §14)."""

_OTHERS = (CDN, MEMBER, IMGUR, CHARTS)

_ARTICLE = re.compile(r"(/m)?/articles/(\d+)")
_CREATE = re.compile(r"/\d{4}ironman/create/\d+")
_LIST = r"/(?:\d{4}ironman(?:/[\w-]*)*|users/\d+(?:/\w+)*|tags/.*|questions.*|articles|search|talks|guide)?/?"
_PUBLISHED = datetime(2023, 10, 16, 8, 0, tzinfo=TAIPEI)

Route = Callable[[Site, Request, re.Match[str], Moment], Reply]


class Origins:
    """The hosts, with what they count: requests, and views of each article."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self.drafts_created = 0  # by a GET that acts; a crawler must leave it at 0
        self._seed, self._clock = seed, clock
        self._numbers = itertools.count(1)
        self._views: Counter[int] = Counter()
        self._lock = threading.Lock()

    def moment(self) -> Moment:
        """A new moment, for a new request."""
        with self._lock:
            return Moment(next(self._numbers), self._clock(), self._seed, MappingProxyType(dict(self._views)))

    def answer(self, world: Site, request: Request, moment: Moment) -> Reply:
        """The good answer to a request, as its host gives it; 421 for a host that is not ours."""
        host = host_of(request)
        if host == f"www.{ITHOME}":
            return redirect(f"https://{ITHOME}{request.target}", 301)
        if host in (IMGUR, CHARTS):
            return _rotten(host, request)
        if host not in (ITHOME, CDN, MEMBER, BLOG, world.blog.host):
            return Reply(421, b"no such host here\n", "text/plain")
        if request.method not in ("GET", "HEAD"):
            return page(render.error(405, "Method Not Allowed"), 405, (("Allow", "GET, HEAD"),))
        if host == ITHOME:
            return self._ithome(world, request, moment)
        if host == MEMBER:
            return _member(request, moment)
        return _cdn(world, request) if host == CDN else _blog(world, request)

    def _ithome(self, world: Site, request: Request, moment: Moment) -> Reply:
        if "Mozilla/5.0" not in request.headers.get("user-agent", ""):
            return challenge(moment)
        if _CREATE.fullmatch(request.path):
            self.drafts_created += 1
            return redirect(f"https://{ITHOME}/articles/900999999/draft")
        if match := _ARTICLE.fullmatch(request.path.rstrip("/")):
            return self._article(world, int(match[2]), moment, mobile=match[1] is not None)
        for pattern, route in _ITHOME_ROUTES.items():
            if match := re.fullmatch(pattern, request.path):
                return route(world, request, match, moment)
        return not_found()

    def _article(self, world: Site, number: int, moment: Moment, *, mobile: bool) -> Reply:
        article = world.articles.get(number)
        if article is None:
            return not_found()
        with self._lock:
            self._views[number] += 1
        return page(mobile_page(article, moment) if mobile else article_page(world, article, moment))


def _rotten(host: str, request: Request) -> Reply:
    """Dead hosts of images (docs/site.md §11): imgur leads to its placeholder, Google's charts were shut down."""
    if request.path == "/robots.txt" or host == CHARTS:
        return Reply(404, b"Not Found\n", "text/plain")
    if request.path == "/removed.png":
        body, media_type = picture(request.path)
        return Reply(200, body, media_type)
    return redirect(f"https://{IMGUR}/removed.png")


def origins(world: Site) -> tuple[str, ...]:
    """The origins that are played."""
    return tuple(f"https://{host}" for host in (ITHOME, world.blog.host, *_OTHERS))


def is_blog(host: str) -> bool:
    """Whether a host is the author's own, under whichever name."""
    return host not in (ITHOME, *_OTHERS)


def host_of(request: Request) -> str:
    """The host that is played. Somebody who looks at 127.0.0.1 with a browser gets the one that has such a path."""
    host = request.host.partition(":")[0]
    if host not in ("127.0.0.1", "localhost"):
        return host
    if request.path.startswith(("/posts/", "/en/")):
        return BLOG
    if request.path.startswith("/upload/"):
        return CDN
    return MEMBER if request.path.startswith("/avatars/") else ITHOME


def challenge(moment: Moment, status: int = 403) -> Reply:
    """Cloudflare's bot check."""
    return page(render.challenge(moment), status, (("cf-mitigated", "challenge"),))


def not_found() -> Reply:
    """Laravel's 404."""
    return page(render.error(404, "Not Found"), 404)


def _series(world: Site, request: Request, match: re.Match[str], moment: Moment) -> Reply:
    series = world.series.get(int(match[2]))
    if series is None or series.author.id != int(match[1]):
        return not_found()
    return _list_page(world, request, series, moment)


def _nameless_series(world: Site, request: Request, match: re.Match[str], moment: Moment) -> Reply:
    """The contest's form of the address, under any contest's name (docs/site.md §6.1)."""
    series = world.series.get(int(match[1]))
    return not_found() if series is None else _list_page(world, request, series, moment)


def _list_page(world: Site, request: Request, series: Series, moment: Moment) -> Reply:
    asked = request.query.get("page", "1")
    number = int(asked) if re.fullmatch(r"[1-9]\d{0,5}", asked) else 1
    return page(series_page(world, series, number, moment))


def _feed(world: Site, _: Request, match: re.Match[str], moment: Moment) -> Reply:
    series = world.series.get(int(match[1]))
    if series is None:
        return not_found()
    return Reply(200, feed(world, series, moment).encode(), "application/xml; charset=UTF-8")


def _user(world: Site, _: Request, match: re.Match[str], moment: Moment) -> Reply:
    theirs = [one for one in world.series.values() if one.author.id == int(match[1])]
    if not theirs:
        return not_found()
    links = [(render.series_url(one.author.id, one.id), f"{one.title} 系列") for one in theirs]
    url = f"https://{ITHOME}/users/{match[1]}/ironman"
    return page(render.listing(world, moment, heading=f"{theirs[0].author.nickname} 的鐵人檔案", url=url, links=links))


def _listing(world: Site, request: Request, _: re.Match[str], moment: Moment) -> Reply:
    links = [(render.article_url(one.id), one.title) for one in world.articles.values()][-20:]
    url = f"https://{ITHOME}{request.path}"
    return page(render.listing(world, moment, heading="技術文章", url=url, links=links))


_TO_LOGIN = f"https://{MEMBER}/login?redirect=https%3A%2F%2F{ITHOME}"
_ITHOME_ROUTES: dict[str, Route] = {
    r"/robots\.txt": lambda *_: Reply(200, ITHOME_ROBOTS.encode(), "text/plain; charset=UTF-8"),
    r"/users/login|/articles/\d+/(?:draft|edit|publish)|/messages/.*": lambda *_: redirect(_TO_LOGIN),
    r"/users/(\d+)/ironman/(\d+)": _series,
    r"/[\w-]*ironman/articles/(\d+)": _nameless_series,
    r"/rss/series/(\d+)": _feed,
    r"/users/(\d+)/ironman": _user,
    r"/upload/images/\d{8}/\w+\.\w+": lambda _, request, *__: redirect(f"https://{CDN}{request.path}"),
    r"/(?:images|storage)/[\w./-]+\.(?:png|jpe?g|gif|svg)": lambda _, asked, *__: Reply(200, *picture(asked.path)),
    _LIST: _listing,
}
"""The first that fits."""


def _blog(world: Site, request: Request) -> Reply:
    origin = f"https://{world.blog.host}"
    if request.path == "/robots.txt":
        robots = f"User-agent: *\nAllow: /\n\nSitemap: {origin}/sitemap-index.xml\n"
        return _validated(request, Reply(200, robots.encode(), "text/plain; charset=utf-8"))
    index = world.indexes.get(f"{origin}{request.path}")
    if index is None:
        without_slash = world.indexes.get(f"{origin}{request.path}/")
        return redirect(without_slash.url, 301) if without_slash else not_found()
    return _validated(request, page(index_page(index, world.blog)))


def _cdn(world: Site, request: Request) -> Reply:
    """CloudFront before S3: whatever is not there is 403, robots.txt too."""
    if not world.shows(request.path):
        denied = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
        return Reply(403, denied, "application/xml")
    return _validated(request, Reply(200, *picture(request.path)))


def _member(request: Request, moment: Moment) -> Reply:
    if request.path.startswith("/avatars/"):
        return Reply(200, *picture(f"{request.path}.png"))
    return page(render.login(moment)) if request.path.startswith("/login") else not_found()


def _validated(request: Request, reply: Reply) -> Reply:
    """A static file with its validators; 304 when the client holds it (RFC 9110 §13)."""
    tag = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
    headers = (("ETag", tag), ("Last-Modified", http_date(_PUBLISHED)))
    known = request.headers.get("if-none-match")
    if known is not None and tag in known:
        return Reply(304, headers=headers)
    return Reply(200, reply.body, reply.content_type, (*headers, ("Cache-Control", "max-age=600")))


def dressed(request: Request, reply: Reply, moment: Moment) -> Reply:
    """A reply with what the machinery of its host adds to it, errors included."""
    host = host_of(request)
    extra: tuple[tuple[str, str], ...] = (("Server", "GitHub.com"),)
    if host == CDN:
        extra = (("Server", "AmazonS3"), ("Via", "1.1 standin.cloudfront.net (CloudFront)"))
    elif not is_blog(host):
        extra = (("Server", "cloudflare"), ("CF-RAY", f"{moment.ray}-TPE"), *_cookies(moment))
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *extra), reply.delivery)


def _cookies(moment: Moment) -> tuple[tuple[str, str], ...]:
    """Cookies as Laravel and Cloudflare set them. A client of ours never sends one back."""
    values = (
        ("XSRF-TOKEN", "; path=/"),
        ("laravel_session", "; path=/; httponly"),
        ("__cf_bm", "; path=/; HttpOnly; Secure"),
    )
    cookies = tuple(("Set-Cookie", f"{name}={moment.token}{rest}") for name, rest in values)
    return (("Cache-Control", "no-cache, private"), *cookies)
