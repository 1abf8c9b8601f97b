"""`WebArchives`: the Wayback Machine, Save Page Now, two Memento archives and Common Crawl on one local server.

What `shelf.put` is given the Wayback Machine holds, and Common Crawl what `crawls.put` is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from archiver.standin import common_crawl, timemap, wayback
from archiver.standin.bad_replies import Play
from archiver.standin.common_crawl import Crawls
from archiver.standin.faults import Faults
from archiver.standin.listener import LocalServer
from archiver.standin.render import Moment
from archiver.standin.save_page_now import Live, SavePageNow
from archiver.standin.shelf import Memento, Shelf
from archiver.standin.site import demo_site
from archiver.standin.wire import Reply, Request

__all__ = ["ArchiveFaults", "Memento", "Shelf", "WebArchives"]

_RECORDS = f"{common_crawl.DATA}/crawl-data*"
HOSTS = (wayback.HOST, timemap.PYWB, timemap.AGGREGATOR, common_crawl.INDEX, common_crawl.DATA)


class ArchiveFaults(Faults):
    """The switches of `Faults` (targets such as `web.archive.org/cdx*`), and what only archives get wrong."""

    def not_json(self, target: str = "web.archive.org/cdx*", *, times: int | None = None) -> None:
        """An HTML page with status 200 where JSON was asked for."""
        self._add(target, lambda _: Reply(200, b"<html><title>Internet Archive</title></html>"), times)

    def cut_index(self, target: str = "web.archive.org/cdx*", *, times: int | None = None) -> None:
        """An index whose answer ends in the middle, with HTTP in order."""
        self._add(target, _cut, times)

    def cut_record(self) -> None:
        """A WARC record that ends in the middle, with HTTP in order."""
        self._add(_RECORDS, _cut)

    def whole_file(self) -> None:
        """The whole WARC file with status 200 in place of the range."""
        self._add(_RECORDS, _without_range)

    def wrong_record(self) -> None:
        """The first record of the file, whatever was asked for."""
        first = {"range": "bytes=0-149"}
        self._add(_RECORDS, lambda play: play.good(replace(play.request, headers={**play.request.headers, **first})))

    def damaged_record(self) -> None:
        """Bytes that are no gzip."""
        self._add(_RECORDS, lambda play: replace(play.good(play.request), body=b"\x00" * 200))


def _cut(play: Play) -> Reply:
    reply = play.good(play.request)
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _without_range(play: Play) -> Reply:
    headers = {name: value for name, value in play.request.headers.items() if name != "range"}
    return play.good(replace(play.request, headers=headers))


class WebArchives(LocalServer):
    """Web archives on 127.0.0.1; `live` is what Save Page Now finds at a URL. See `LocalServer`."""

    def __init__(
        self, live: Live = lambda _: None, *, port: int = 0, clock: Callable[[], datetime] | None = None,
        hosts: tuple[str, ...] = HOSTS,
    ) -> None:  # fmt: skip
        self.faults = ArchiveFaults()
        self.shelf = Shelf()
        self.other_shelf = Shelf()  # the Memento archive's
        self.elsewhere: list[tuple[Memento, str]] = []  # what the aggregator knows: a memento, and where it is played
        self.crawls = Crawls()
        self._numbers = itertools.count(1)
        super().__init__(self._reply, tuple(f"https://{host}" for host in hosts), port=port, clock=clock)
        self.save_page_now = SavePageNow(self.shelf, live, self.clock)

    def _reply(self, request: Request) -> Reply:
        moment = Moment(next(self._numbers), self.clock(), 0, MappingProxyType({}))
        return self.faults.answer(Play(request, demo_site(), moment, self._good))

    def _good(self, request: Request) -> Reply:
        host = request.host.partition(":")[0]
        if host == wayback.HOST:
            return self.save_page_now.answer(request) or wayback.answer(self.shelf, request)
        if host == timemap.PYWB:
            return timemap.pywb(self.other_shelf, request)
        if host == timemap.AGGREGATOR:
            return timemap.aggregator(self.elsewhere, request)
        if host == common_crawl.INDEX:
            return self.crawls.answer(request)
        if host == common_crawl.DATA:
            return self.crawls.data(request)
        return Reply(421, b"no such host here\n", "text/plain")
