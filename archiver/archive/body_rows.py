"""The rows of one body: code to the letter, images, and links with where they lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver import ithome, urls
from archiver.archive.database import Database
from archiver.model import Address, Kind, Refused
from archiver.model.readings import Body, ImagePage, ImageReference, OutgoingLink

_MOST_MISSES = 50  # after so many blocks that are not found, a page made to be slow is asked no further


def keep(database: Database, article_id: int, body: Body, *, is_first: bool) -> None:
    """Code, images and links of a body, in place of those of the body before."""
    for table in () if is_first else ("code_blocks", "links", "article_images"):
        database.execute(f"DELETE FROM {table} WHERE article_id = ?", [article_id])  # noqa: S608 - names are our own
    starts = code_starts(body.text, [block.code for block in body.code_blocks])
    database.conn.executemany(
        "INSERT INTO code_blocks (article_id, position, language, language_guessed, start, length, code)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article_id, position, block.language, int(block.guessed), start, len(block.code),
                block.code if start is None else None,
            )
            for position, (block, start) in enumerate(zip(body.code_blocks, starts, strict=True), start=1)
        ],
    )  # fmt: skip
    _keep_images(database, "article_images", "article_id", article_id, body.images)
    database.conn.executemany(
        "INSERT INTO links (article_id, position, url, text, target_kind, target_article_id, target_url)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (article_id, position, link.url, link.text, *_target(link))
            for position, link in enumerate(body.links, start=1)
        ],
    )


def code_starts(text: str, codes: list[str]) -> list[int | None]:
    """Where each code block begins in a text, from 1, each after the one before; None where it does not stand there."""
    starts: list[int | None] = []
    after = missed = 0
    for code in codes:
        found = text.find(code, after) if missed < _MOST_MISSES else -1
        starts.append(None if found < 0 else found + 1)
        after, missed = (after, missed + 1) if found < 0 else (found + len(code), missed)
    return starts


def place_code(database: Database) -> None:
    """Find the code that is stored in the texts of its articles, and store it there alone. For a migration."""
    rows = database.execute("SELECT id, body_text FROM articles WHERE id IN (SELECT article_id FROM code_blocks)")
    for article_id, text in rows.fetchall():
        blocks = database.execute(
            "SELECT id, code FROM code_blocks WHERE article_id = ? ORDER BY position", [article_id]
        ).fetchall()
        for (block_id, _), start in zip(blocks, code_starts(text or "", [code for _, code in blocks]), strict=True):
            if start is not None:
                database.execute("UPDATE code_blocks SET start = ?, code = NULL WHERE id = ?", [start, block_id])


def keep_comment_images(database: Database, comment_id: int, images: tuple[ImageReference, ...]) -> None:
    """The images that a comment shows, in place of those of its text before."""
    database.execute("DELETE FROM comment_images WHERE comment_id = ?", [comment_id])
    _keep_images(database, "comment_images", "comment_id", comment_id, images)


def _keep_images(database: Database, table: str, owner: str, owner_id: int, images: tuple[ImageReference, ...]) -> None:
    """The images of a body, in order; `table` ties them to their owner."""
    if not images:
        return
    shown = [image_url(image.url) for image in images]
    database.conn.executemany(
        "INSERT INTO images (url, host) VALUES (?, ?) ON CONFLICT DO NOTHING", [(url, urls.host(url)) for url in shown]
    )
    database.conn.executemany(
        f"INSERT INTO {table} ({owner}, position, image_id, alt) SELECT ?, ?, id, ? FROM images WHERE url = ?",  # noqa: S608
        [
            (owner_id, position, image.alt, url)
            for position, (image, url) in enumerate(zip(images, shown, strict=True), start=1)
        ],
    )


def image_url(url: str) -> str:
    """The URL of an image as its page has it; as it stands where it is never asked for."""
    address = ithome.image_address(url)
    return address.url if address is not None else url


def keep_image(database: Database, page: Mapping[str, Any], fetch: Mapping[str, Any], image: ImagePage) -> None:
    """The bytes of an image that came, by its own words; a copy of somebody's does not displace the host's own.

    Of bytes that had come before from another address the capture that holds them is named.
    """
    database.execute(
        "UPDATE images SET capture_id = (SELECT coalesce(body_capture_id, id) FROM captures WHERE id = ?1),"
        " media_type = ?2, width = ?3, height = ?4, bytes = (SELECT body_bytes FROM captures WHERE id = ?1)"
        " WHERE url = ?5 AND (?6 = 'live' OR NOT EXISTS (SELECT 1 FROM captures AS own WHERE own.page_id = ?7"
        " AND own.source = 'live' AND coalesce(own.body_capture_id, own.id) = images.capture_id))",
        [fetch["capture_id"], image.media_type, image.width, image.height, page["url"], fetch["source"], page["id"]],
    )


def _target(link: OutgoingLink) -> tuple[str, int | None, str | None]:
    """Where a link leads: the kind, the article, and the page of an outside link as `pages` has it."""
    target = ithome.classify(link.url)
    if not isinstance(target, Address):
        is_foreign = target.why is Refused.FOREIGN
        kind = "outside" if is_foreign or target.why is Refused.MALFORMED else "ithome"
        return kind, None, target.url if is_foreign else None
    known = {Kind.ARTICLE: "article", Kind.SERIES: "series", Kind.FEED: "series"}
    return known.get(target.kind, "ithome"), target.article_id, None
