"""What goes wrong, switched on and off while the server runs; safe to use from any thread.

    faults.refuse("series")              # a challenge, 403, for every series page
    faults.delete(10323209)              # its author deletes a part
    faults.truncate(10323209, times=1)   # once
    faults.clear()

For targets see `targets`. Of several faults that fit a request the newest holds, as long as it has `times` left.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from archiver.standin import bad_replies as bad
from archiver.standin import changes, render
from archiver.standin.bad_replies import Action, Play, RetryAfter
from archiver.standin.routes import not_found
from archiver.standin.targets import Target, matcher
from archiver.standin.templates import fill
from archiver.standin.wire import ITHOME, Reply, Request, page
from archiver.standin.world import Site


@dataclass(slots=True)
class _Rule:
    applies: Callable[[Request], bool]
    action: Action
    left: int | None  # None: for ever


class Faults:
    """The switches of a `StandIn`. `times` is how many requests a fault is for, None for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._changes: list[Callable[[Site], Site]] = []

    # ─── used by the server ─────────────────────────────────────────────────────────────────────

    def world(self, site: Site) -> Site:
        """The world after every change so far."""
        with self._lock:
            steps = list(self._changes)
        for step in steps:
            site = step(site)
        return site

    def answer(self, play: Play) -> Reply:
        """The reply to a request: the newest fault that fits it, or the good answer."""
        rule = self._take(play.request)
        return play.good(play.request) if rule is None else rule.action(play)

    def _take(self, request: Request) -> _Rule | None:
        with self._lock:
            for rule in reversed(self._rules):
                if rule.left != 0 and rule.applies(request):
                    rule.left = None if rule.left is None else rule.left - 1
                    return rule
        return None

    def _add(self, target: Target | Callable[[Request], bool], action: Action, times: int | None = None) -> None:
        rule = _Rule(target if callable(target) else matcher(target), action, times)
        with self._lock:
            self._rules.append(rule)

    def _change(self, step: Callable[[Site], Site]) -> None:
        with self._lock:
            self._changes.append(step)

    def clear(self) -> None:
        """Everything is well again, and the world as it was at the start."""
        with self._lock:
            self._rules.clear()
            self._changes.clear()

    # ─── refusals ───────────────────────────────────────────────────────────────────────────────

    def refuse(self, target: Target = "*", *, times: int | None = None) -> None:
        """Cloudflare's challenge with 403."""
        self._add(target, bad.challenged(403), times)

    def challenge(self, target: Target = "*", *, status: int = 200, times: int | None = None) -> None:
        """Cloudflare's challenge with another status, 200 for one."""
        self._add(target, bad.challenged(status), times)

    def forbid(self, target: Target = "*", *, times: int | None = None) -> None:
        """A plain 403."""
        self._add(target, lambda _: page(fill("forbidden.html"), 403), times)

    def login_wall(self, target: Target = "article", *, times: int | None = None) -> None:
        """The login page, with status 200, in place of the page."""
        self._add(target, lambda play: page(render.login(play.moment)), times)

    def rate_limit(self, target: Target = "*", retry_after: RetryAfter = None, *, times: int | None = None) -> None:
        """429; `retry_after` in seconds, as a date, or as any text."""
        self._add(target, bad.too_many(retry_after), times)

    def burst(self, limit: int = 3, target: Target = "series", retry_after: RetryAfter = None) -> None:
        """429 from the moment that more than `limit` requests for the target came within a second."""
        wanted, recent = matcher(target), deque[float]()

        def applies(request: Request) -> bool:
            if not wanted(request):
                return False
            recent.append(request.at)
            while recent[0] < request.at - 1.0:
                recent.popleft()
            return len(recent) > limit

        self._add(applies, bad.too_many(retry_after))

    def stutter(self, target: Target = "article", *, every: int = 2) -> None:
        """429 for every second request, or every so manyth, and good answers between."""
        wanted, numbers = matcher(target), itertools.count()

        def applies(request: Request) -> bool:
            return wanted(request) and next(numbers) % every == 0

        self._add(applies, bad.too_many(None))

    # ─── absences ───────────────────────────────────────────────────────────────────────────────

    def not_found(self, target: Target, *, times: int | None = None) -> None:
        """404, though the lists still name it; with `times` it comes back."""
        self._add(target, lambda _: not_found(), times)

    def soft_404(self, target: Target, *, message: str = render.NOTHING_HERE, times: int | None = None) -> None:
        """Status 200 and a page that says that there is no such article."""
        self._add(target, lambda play: page(render.soft_404(play.world, play.moment, message)), times)

    def removed(self, target: Target, *, status: int = 410, times: int | None = None) -> None:
        """410, or 451."""
        self._add(target, bad.failed(status, None), times)

    def redirect(self, target: Target, to: int | str = "home", *, status: int = 302, times: int | None = None) -> None:
        """A redirect: `to` is an article id, `home`, `login`, or a Location as it is to be sent."""
        self._add(target, bad.moved(to, status), times)

    # ─── broken answers ─────────────────────────────────────────────────────────────────────────

    def error(
        self, target: Target = "*", *, status: int = 500, retry_after: RetryAfter = None, times: int | None = None
    ) -> None:
        """A 5xx."""
        self._add(target, bad.failed(status, retry_after), times)

    def slow(self, target: Target = "*", seconds: float = 60.0, *, times: int | None = None) -> None:
        """A wait before the answer begins."""
        self._add(target, bad.delivered(delay_s=seconds), times)

    def drip(self, target: Target = "*", seconds: float = 0.5, *, piece: int = 1, times: int | None = None) -> None:
        """A body that comes `piece` bytes at a time, with a wait after each."""
        self._add(target, bad.delivered(drip_s=seconds, piece=piece), times)

    def truncate(self, target: Target, *, share: float = 0.5, times: int | None = None) -> None:
        """A connection that closes after a share of the body, though Content-Length promised all of it."""
        self._add(target, bad.delivered(cut=share), times)

    def cut_gzip(self, target: Target, *, times: int | None = None) -> None:
        """A gzip stream that ends early, with a Content-Length that fits."""
        self._add(target, bad.delivered(cut_gzip=True), times)

    def cut_html(self, target: Target, *, share: float = 0.5, times: int | None = None) -> None:
        """HTML that ends inside the article's body, with HTTP in order."""
        self._add(target, bad.rewritten(lambda text: bad.cut_in_body(text, share)), times)

    def cut_picture(self, target: Target = "image", *, share: float = 0.5, times: int | None = None) -> None:
        """A picture that ends early, with HTTP in order, and no 304 instead of it."""
        self._add(target, bad.cut_picture(share), times)

    def hang_up(self, target: Target = "*", *, times: int | None = None) -> None:
        """A connection that closes after a whole answer, though nothing in it says so."""
        self._add(target, bad.delivered(hang_up=True), times)

    def chatter(self, target: Target = "*", behind: bytes = bad.UNASKED, *, times: int | None = None) -> None:
        """Bytes after a whole answer: by default another one, which nobody asked for."""
        self._add(target, bad.delivered(behind=behind), times)

    def reset(self, target: Target = "*", *, times: int | None = None) -> None:
        """RST in place of an answer."""
        self._add(target, bad.delivered(reset=True), times)

    def wrong_article(self, target: Target, other: int, *, times: int | None = None) -> None:
        """The page of another article."""
        self._add(target, lambda play: play.good(replace(play.request, target=f"/articles/{other}")), times)

    def not_html(self, target: Target, *, times: int | None = None) -> None:
        """A PDF."""
        self._add(target, bad.not_html, times)

    def too_large(
        self, target: Target, size: int = 64 * 1024 * 1024, *, packed: bool = False, times: int | None = None
    ) -> None:
        """The good page and `size` further bytes, on the wire or, `packed`, in a gzip bomb."""
        self._add(target, bad.delivered(filler=size, gzip=packed, piece=65_536), times)

    def replies(
        self, target: Target, body: bytes, content_type: str = "text/html", *, status: int = 200,
        headers: tuple[tuple[str, str], ...] = (), times: int | None = None,
    ) -> None:  # fmt: skip
        """Just these bytes."""
        self._add(target, lambda _: Reply(status, body, content_type, headers), times)

    def drift(self, target: Target = "article", *, times: int | None = None) -> None:
        """A redesign: other class names."""
        self._add(target, bad.rewritten(bad.redesigned), times)

    def reword(self, target: Target, pattern: str, words: str = "", *, times: int | None = None) -> None:
        """The good page from a changed template: every match of a regular expression is written otherwise."""
        self._add(target, bad.rewritten(lambda text: re.sub(pattern, words, text, flags=re.DOTALL)), times)

    def endless(self, target: Target = "series", *, times: int | None = None) -> None:
        """A list whose pager always names a next page."""
        self._add(target, bad.endless, times)

    def silence(self, target: Target = "article", *, times: int | None = None) -> None:
        """An article's page without a word of its contest and series; body, title and address are there."""
        self.reword(target, r"ir-article(?:__topic|-icon|__days)|article-series|group__badge", "other", times=times)

    def robots(self, variant: str, host: str = ITHOME, *, times: int | None = None) -> None:
        """Another robots.txt, one of `bad_replies.ROBOTS`; raises KeyError for another word."""
        self._add(f"{host}/robots.txt", bad.ROBOTS[variant], times)

    # ─── the world changes ──────────────────────────────────────────────────────────────────────

    def delete(self, article: int, *, soft: bool = False) -> None:
        """Its author deletes an article: 404 (or a soft one), and no list of the site names it any more."""
        self._change(lambda site: changes.deleted(site, article))
        if soft:
            self.soft_404(article)

    def edit(
        self, article: int, *, title: str | None = None, body: str | None = None, tags: Sequence[str] | None = None
    ) -> None:
        """Another title, body (HTML) or tags; with nothing given, one more paragraph."""
        self._change(lambda site: changes.edited(site, article, title, body, tags))

    def add_comment(self, article: int, html: str = "<p>新的留言</p>") -> None:
        """One more comment."""
        self._change(lambda site: changes.commented(site, article, html))

    def remove_comment(self, article: int) -> None:
        """The first comment is gone, with the replies to it."""
        self._change(lambda site: changes.changed(site, article, comments=site.articles[article].comments[1:]))

    def count(self, article: int, *, views: int | None = None, likes: int | None = None) -> None:
        """Other counters; they may go down."""
        self._change(lambda site: changes.changed(site, article, views=views, likes=likes))

    def renumber(self, series: int, order: Sequence[int] | None = None) -> None:
        """The parts in another order, or, after a deletion, positions without a gap."""
        self._change(lambda site: changes.renumbered(site, series, order))

    def drop_from_series(self, article: int) -> None:
        """The series' pages, feed and catalog no longer list a part, whose own page stays."""
        self._change(lambda site: changes.unlisted(site, article))

    def drop_from_index(self, article: int) -> None:
        """The blog no longer links an article."""
        self._change(lambda site: changes.unlinked(site, article))
