"""A series that rots: six parts are gone from the site, and scattered over the places that keep copies."""

from __future__ import annotations

from datetime import timedelta

from archiver.standin import render
from archiver.standin.catalog import PART_IDS
from archiver.standin.render import Moment
from archiver.standin.server import StandIn
from archiver.standin.shelf import Memento
from archiver.standin.web_archives import WebArchives
from archiver.standin.wire import ITHOME, Request

IN_WAYBACK = (PART_IDS[3], PART_IDS[8], PART_IDS[12], PART_IDS[21])
IN_COMMON_CRAWL = PART_IDS[16]
IN_A_FILE = PART_IDS[27]
_CRAWL = "CC-MAIN-2023-50"
_AGENT = {"user-agent": "Mozilla/5.0"}


def rot(standin: StandIn, archives: WebArchives) -> tuple[str, bytes]:
    """Put copies where others keep them, then let the author delete the parts.

    Gives name and bytes of a page that a reader saved. Two of the captures in the Wayback Machine are no good, as in
    life: a page that says "not found" with status 200, and a bot check, both nearer to publication than the good one.
    """
    for number, later in zip(IN_WAYBACK, (2, 40, 25, 300), strict=True):
        archives.shelf.put(memento(standin, number, days=later))
    soft = render.soft_404(standin.site, Moment(1, archives.clock())).encode()
    check = render.challenge(Moment(2, archives.clock())).encode()
    archives.shelf.put(memento(standin, IN_WAYBACK[1], days=3, body=soft))
    archives.shelf.put(memento(standin, IN_WAYBACK[2], days=1, body=check))
    archives.crawls.put(_CRAWL, memento(standin, IN_COMMON_CRAWL, days=60))
    saved = page_of(standin, IN_A_FILE)
    for number in (*IN_WAYBACK, IN_COMMON_CRAWL, IN_A_FILE):
        standin.faults.delete(number)
    return f"iT-{IN_A_FILE}.html", saved


def page_of(standin: StandIn, number: int) -> bytes:
    """The page of an article as the stand-in serves it now."""
    return standin.reply(Request(ITHOME, f"/articles/{number}", headers=_AGENT)).body


def memento(standin: StandIn, number: int, *, days: int, body: bytes | None = None) -> Memento:
    """The page of an article, or `body` in its place, captured so many days after publication."""
    published = standin.site.articles[number].published
    found = page_of(standin, number) if body is None else body
    return Memento(render.article_url(number), published + timedelta(days=days), found)
