"""The last resort: a part's body out of the series feed, whose text has lost punctuation (docs/site.md §8.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archiver import pages, unpack
from archiver.model import Address, Answer, CaptureSource, Exchange, Kind, Provenance
from archiver.model.readings import FeedItem, FeedPage

_NEWEST = 5  # feeds that are looked through; older ones list what newer ones do, or what was taken back


@dataclass(frozen=True, slots=True)
class HeldFeed:
    """A feed that is held: as received, and what it says."""

    url: str
    received_at: datetime
    body: bytes
    page: FeedPage

    def item(self, article_id: int | None) -> FeedItem | None:
        """What it says of one article."""
        return next((one for one in self.page.items if one.article_id == article_id), None)


def read_all(series_id: int, captures: Iterable[tuple[str, datetime, bytes]]) -> list[HeldFeed]:
    """The newest feeds of a series, from their gzipped captures, newest first."""
    found = []
    for url, received_at, packed in list(captures)[:_NEWEST]:
        try:
            body = unpack.body(packed, pages.MAX_FEED_BYTES)
        except unpack.NotUnpacked:  # damaged, or longer than a feed that is read
            continue
        page = pages.read(Address(url, Kind.FEED, series_id=series_id), body, "application/xml").page
        if isinstance(page, FeedPage):
            found.append(HeldFeed(url, received_at, body, page))
    return found


def published_at(page: Address, feeds: Iterable[HeldFeed]) -> datetime | None:
    """When a part was published, as a feed says."""
    dates = (item.published_at for feed in feeds if (item := feed.item(page.article_id)) is not None)
    return next((date for date in dates if date is not None), None)


def item(page: Address, series_id: int, feeds: Iterable[HeldFeed], now: datetime) -> Exchange | None:
    """The newest feed that has the part, as an answer whose media type says what it is; None without."""
    for feed in feeds:
        found = feed.item(page.article_id)
        if found is not None and found.body.text.strip():
            headers = (("content-type", pages.feed_item_type(series_id)),)
            answer = Answer(feed.url, now, 0, status=200, headers=headers, body=feed.body, connected=False)
            return Exchange(page, answer, provenance=Provenance(CaptureSource.FEED, feed.url, feed.received_at))
    return None
