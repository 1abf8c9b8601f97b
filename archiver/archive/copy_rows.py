"""Copies that others hold, and which pages need one. Rows of `copies` are what indexes told us, nothing derived."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archiver.archive.captures import Captures
from archiver.archive.columns import STILL_ASKED, STORED_BODY
from archiver.archive.connection import transaction
from archiver.archive.database import Database
from archiver.archive.held import address_of
from archiver.archive.times import moment, stamp
from archiver.errors import ArchiveDamaged
from archiver.model import Address, Answer, CaptureSource, Copy, CopyKey, Outcome, Verdict, key_of
from archiver.text import line

# The best capture of a page: the one that its article was read from; of an image, the one with its bytes.
_PAGES = """
SELECT pages.*, captures.source AS held, series_of.series_id AS part_of,
    (SELECT published_at FROM (SELECT nearest.published_at, abs(nearest.id - pages.article_id) AS apart
        FROM articles AS nearest WHERE nearest.series_id = series_of.series_id AND nearest.published_at IS NOT NULL)
        ORDER BY apart LIMIT 1) AS published_about
FROM pages
LEFT JOIN parts AS series_of ON series_of.page_id = pages.id
LEFT JOIN articles ON articles.id = pages.article_id AND pages.kind = 'article'
LEFT JOIN captures ON captures.id = coalesce(articles.capture_id,
    (SELECT capture_id FROM images WHERE pages.kind = 'image' AND images.url = pages.url))
"""

# What was taken back is left out, unless it is named.
_PARTS = f"""
WHERE pages.kind = 'article' AND series_of.page_id IS NOT NULL
AND (:is_named OR pages.id IN ({STILL_ASKED}))
AND (:series_id IS NULL OR series_of.series_id = :series_id) AND (:page_url IS NULL OR pages.url = :page_url)
ORDER BY series_of.series_id, series_of.position IS NULL, series_of.position, pages.id
"""

_IMAGES = f"""
WHERE pages.kind = 'image' AND captures.id IS NULL AND pages.last_fetch_at IS NOT NULL AND pages.url IN (
    SELECT images.url FROM images JOIN article_images ON article_images.image_id = images.id
    LEFT JOIN parts ON parts.article_id = article_images.article_id
    WHERE (:series_id IS NULL OR parts.series_id = :series_id) AND (:is_named OR parts.page_id IN ({STILL_ASKED}))
    AND (:page_url IS NULL OR article_images.article_id = (SELECT article_id FROM pages WHERE url = :page_url)))
ORDER BY pages.id
"""  # noqa: S608 - no words from outside


@dataclass(frozen=True, slots=True)
class WantedPage:
    """A page that a copy may be wanted of."""

    page_id: int
    address: Address
    held: CaptureSource | None  # whose capture is the best that is held; None for none
    series_id: int | None
    published_about: datetime | None  # when the nearest part that is held was published: as good as its own date

    @property
    def is_missing(self) -> bool:
        """Whether a copy of somebody's would be better than what is held."""
        return self.held in {None, CaptureSource.FEED}


class Copies:
    """The copies of one open archive."""

    def __init__(self, database: Database, captures: Captures) -> None:
        self._database = database
        self._captures = captures

    def parts(
        self, series_id: int | None = None, page_url: str | None = None, *, dropped: bool = False
    ) -> list[WantedPage]:
        """Every part of what is kept, in order; of one series, or one page, when named; `dropped`: taken back too."""
        return self._wanted(_PARTS, series_id, page_url, dropped=dropped)

    def lost_images(self, series_id: int | None = None, page_url: str | None = None) -> list[WantedPage]:
        """The images of bodies that were asked for at their place, and are not held."""
        return self._wanted(_IMAGES, series_id, page_url)

    def _wanted(
        self, which: str, series_id: int | None, page_url: str | None, *, dropped: bool = False
    ) -> list[WantedPage]:
        is_named = dropped or series_id is not None or page_url is not None
        values = {"series_id": series_id, "page_url": page_url, "is_named": is_named}
        rows = self._database.query(_PAGES + which, values)
        return [
            WantedPage(
                row["id"], address_of(row), CaptureSource(row["held"]) if row["held"] else None, row["part_of"],
                moment(row["published_about"]),
            )
            for row in rows
        ]  # fmt: skip

    def feed_captures(self, series_id: int) -> list[tuple[str, datetime, bytes]]:
        """The feeds of a series that are held, newest first: URL, when it was received, and the gzipped body."""
        rows = self._database.query(
            f"SELECT url, captured_at, {STORED_BODY} AS body FROM captures"  # noqa: S608 - words of our own
            " JOIN pages ON pages.id = page_id WHERE pages.kind = 'feed'"
            " AND series_id = ? AND outcome = 'ok' ORDER BY captures.id DESC",
            [series_id],
        )
        return [(row["url"], datetime.fromisoformat(row["captured_at"]), row["body"]) for row in rows]

    def note(self, page_id: int, copies: Iterable[Copy], now: datetime) -> None:
        """Remember what an index told, in one commit; what it told before keeps its first date and our verdict."""
        with transaction(self._database):
            for copy in copies:
                holder, url, byte_range = key_of(copy)
                self._database.execute(
                    "INSERT INTO copies (page_id, holder, url, byte_range, made_at, digest, media_type, http_status,"
                    " first_seen_at, checked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (page_id, holder, url, byte_range) DO UPDATE SET checked_at = excluded.checked_at,"
                    " confirmed = 1",
                    [
                        page_id, holder.value, url, byte_range, stamp(copy.made_at),
                        copy.digest and line(copy.digest, 100), copy.media_type and line(copy.media_type, 100),
                        copy.http_status, stamp(now), stamp(now),
                    ],
                )  # fmt: skip

    def judged(self, page_id: int, copy: Copy, outcome: Outcome, law: str | None = None) -> None:
        """Remember what came of asking for a copy; `law`: its bytes were had, and judged by that law.

        That it was not had, this time, takes no verdict about its bytes away.
        """
        holder, url, byte_range = key_of(copy)
        with transaction(self._database):
            self._database.execute(
                "UPDATE copies SET outcome = ?1, judged_by = ?2 WHERE page_id = ?3 AND holder = ?4 AND url = ?5"
                " AND byte_range = ?6 AND (?2 IS NOT NULL OR judged_by IS NULL)",
                [outcome.value, law, page_id, holder.value, url, byte_range],
            )

    def verdicts(self, page_id: int) -> dict[CopyKey, Verdict]:
        """Every copy of a page that an index named, and what came of having it."""
        rows = self._database.query(
            "SELECT holder, url, byte_range, outcome, judged_by, digest FROM copies WHERE page_id = ?", [page_id]
        )
        return {
            (CaptureSource(row["holder"]), row["url"], row["byte_range"]): Verdict(
                Outcome(row["outcome"]) if row["outcome"] else None, row["judged_by"], row["digest"]
            )
            for row in rows
        }

    def kept_bytes(self, page_id: int, copy: Copy) -> Answer | None:
        """A copy whose bytes are held, though no parser could read them: the answer as it came."""
        rows = self._database.query(
            "SELECT id, source_url, http_status, headers FROM captures WHERE page_id = ? AND source = ?"
            " AND outcome = 'unreadable' AND source_at = ? ORDER BY id DESC LIMIT 1",
            [page_id, copy.holder.value, stamp(copy.made_at)],
        )
        for row in rows:
            headers = tuple((name, value) for name, value in json.loads(row["headers"]))
            try:
                body = self._captures.body(row["id"])
            except ArchiveDamaged:
                continue  # `verify` tells; the archive that gave it still has it
            return Answer(row["source_url"] or copy.url, copy.made_at, 0, status=row["http_status"], headers=headers,
                          body=body)  # fmt: skip
        return None

    def crawls_without(self, page_id: int) -> set[str]:
        """The questions about a page that indexes of Common Crawl answered with no copy: a crawl never changes."""
        rows = self._database.query(
            "SELECT DISTINCT requested_url FROM fetches WHERE page_id = ? AND source = 'common_crawl'"
            " AND outcome = 'not_found' AND signals ->> 'step' = 'index'",
            [page_id],
        )
        return {row["requested_url"] for row in rows}
