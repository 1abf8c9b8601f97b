"""What a fault answers: functions from what is played to the reply that goes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.standin import render
from archiver.standin.render import Moment
from archiver.standin.routes import ITHOME_ROBOTS, challenge, not_found
from archiver.standin.wire import ITHOME, MEMBER, Replier, Reply, Request, http_date, page, redirect
from archiver.standin.world import Site

RetryAfter = int | datetime | str | None


@dataclass(frozen=True, slots=True)
class Play:
    """A request, the world and the moment it meets, and what would be the good answer to any request."""

    request: Request
    world: Site
    moment: Moment
    good: Replier


Action = Callable[[Play], Reply]

_DRIFTED = {
    "qa-markdown": "post-content",
    "markdown__style": "prose-body",
    "ir-article__topic": "series-topic",
    "ir-article__title": "post-title",
    "qa-header__title": "post-heading",
    "ir-profile-list": "series-entries",
    "qa-list__title-link": "entry-link",
    "ir-profile-series": "series-card",
    "article-series": "in-series",
}
_REASONS = {410: "Gone", 451: "Unavailable For Legal Reasons", 500: "Server Error", 503: "Service Unavailable"}

UNASKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<title>unasked</title>"
"""An answer that nobody asked for."""


def with_retry_after(reply: Reply, retry_after: RetryAfter) -> Reply:
    """A reply with Retry-After in seconds, as a date, or as whatever text is given; None adds nothing."""
    if retry_after is None:
        return reply
    words = http_date(retry_after) if isinstance(retry_after, datetime) else str(retry_after)
    return reply.with_header("Retry-After", words)


def challenged(status: int) -> Action:
    """Cloudflare's bot check, whatever the status."""
    return lambda play: challenge(play.moment, status)


def too_many(retry_after: RetryAfter) -> Action:
    """429, with or without Retry-After."""
    return lambda _: with_retry_after(page(render.error(429, "Too Many Requests"), 429), retry_after)


def failed(status: int, retry_after: RetryAfter) -> Action:
    """An error status with Laravel's page."""
    return lambda _: with_retry_after(page(render.error(status, _REASONS.get(status, "Error")), status), retry_after)


def moved(to: int | str, status: int) -> Action:
    """A redirect to an article, to `home` or `login`, or to any URL as it is written."""
    named = {"home": "/", "login": f"https://{MEMBER}/login"}
    location = f"https://{ITHOME}/articles/{to}" if isinstance(to, int) else named.get(to, to)
    return lambda _: redirect(location, status)


def delivered(**how: float | bool | bytes | None) -> Action:
    """The good answer, delivered badly; see `Delivery`."""
    return lambda play: play.good(play.request).but(**how)


def rewritten(change: Callable[[str], str]) -> Action:
    """The good page with another text, and HTTP in perfect order."""

    def action(play: Play) -> Reply:
        reply = play.good(play.request)
        return replace(reply, body=change(reply.body.decode()).encode())

    return action


def cut_in_body(text: str, share: float) -> str:
    """A page whose HTML ends inside the body container, after a share of it."""
    start = max(text.find('class="markdown__style"'), 0)
    end = text.find('<div class="qa-action"', start) if start else len(text)
    return text[: start + int((end - start) * share)]


def cut_picture(share: float) -> Action:
    """The first part of a picture, with HTTP in perfect order. A redirect to it stays as it is."""

    def action(play: Play) -> Reply:
        reply = play.good(replace(play.request, headers={}))
        return replace(reply, body=reply.body[: int(len(reply.body) * share)])

    return action


def endless(play: Play) -> Reply:
    """The first page of the list under every number, with a pager that always names a next one."""
    path, _, asked = play.request.target.partition("?page=")
    reply = play.good(replace(play.request, target=path))
    pager = f'<ul class="pager"><li><a href="{path}?page={int(asked or 1) + 1}" rel="next">下一頁</a></li></ul>'
    return replace(reply, body=reply.body.replace(b'<div class="profile-pagination">', f"<div>{pager}".encode()))


def not_html(_: Play) -> Reply:
    """A PDF where a page should be."""
    return Reply(200, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n", "application/pdf")


def redesigned(text: str) -> str:
    """A page with other class names than those that everybody relies on."""
    return re.sub("|".join(map(re.escape, _DRIFTED)), lambda match: _DRIFTED[match[0]], text)


ROBOTS: dict[str, Action] = {
    "404": lambda _: not_found(),
    "403": challenged(403),
    "429": too_many(30),
    "500": failed(500, None),
    "reset": lambda _: Reply(200).but(reset=True),
    "disallow": lambda _: _text("User-agent: *\nDisallow: /\n"),
    "disallow-articles": lambda _: _text("User-agent: *\nDisallow: /articles/\n"),
    "crawl-delay": lambda _: _text("User-agent: *\nCrawl-delay: 3\nDisallow:\n"),
    "html": lambda play: page(render.soft_404(play.world, play.moment)),
    "huge": lambda _: _text(ITHOME_ROBOTS + "# filler\n" * 100_000 + "Disallow: /articles/\n"),
    "empty": lambda _: _text(""),
}
"""Variants of robots.txt. `huge` forbids the articles beyond the 500 KiB that RFC 9309 §2.5 asks a crawler to read."""


def _text(text: str) -> Reply:
    return Reply(200, text.encode(), "text/plain; charset=UTF-8")
