"""An archive to read, row by row: one series whose parts fared differently, and as hostile as a test asks for."""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from archives import put, rows_at

from archiver.model import Address
from archiver.model.readings import ArticlePage, Author, Body, Facts, Reading
from archiver.standin.images import SVG, png

AT = "2026-11-01T02:03:04.567Z"
LATER = "2026-11-09T10:11:12.000Z"
BASE = "https://ithelp.ithome.com.tw"
SERIES = 9066
ALIVE, GONE, RESCUED, MISSING, SUSPECT = range(1, 6)  # article ids, and their places
STATES = {ALIVE: "alive", GONE: "gone", RESCUED: "gone", MISSING: "blocked", SUSPECT: "suspect"}
PICTURE = png("picture")
LIE = b"<html><script>alert(1)</script></html>"
IMAGE_PAGE, CAPTURE_OF_IMAGE = 100, 1_000  # the first of each
IMAGES = {  # URL → (bytes held, what the column says, state of its page)
    f"{BASE}/upload/held.png": (PICTURE, "image/png", "alive"),
    f"{BASE}/upload/drawing.svg": (SVG, "image/svg+xml", "alive"),
    f"{BASE}/upload/lie.png": (LIE, "image/png", "alive"),
    "https://i.imgur.com/lost.png": (None, None, "gone"),
    "https://chart.googleapis.com/chart?cht=tx&chl=e%5E%7Bi%5Cpi%7D%2B1": (None, None, "gone"),
}
HELD, DRAWING, LYING, LOST, FORMULA = IMAGES
CODE = '\nfn main() {\n\tlet x = "<b>" && 1; // 中文\n}\n'
BODY = (
    "<h2>開頭</h2><p>一段話，連到<a href='https://ithelp.ithome.com.tw/articles/2'>前一篇</a>與"
    "<a href='https://outside.example/'>外面</a>。</p>"
    f'<p><img src="{HELD}" alt="一張圖"><img src="{DRAWING}" alt="向量圖"><img src="{LYING}" alt="騙人的圖"></p>'
    f'<p><img src="{LOST}" alt="遺失的圖"><img src="{FORMULA.replace("&", "&amp;")}" alt="e^{{i\\pi}}+1"></p>'
    '<pre><code class="language-rust">\nfn main() {\n\tlet x = "&lt;b&gt;" &amp;&amp; 1; // 中文\n}\n</code></pre>'
    "<pre><code>import os\n</code></pre>"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the world may write into an archive."""

    title: str = "[Day 01] 開賽"
    body: str = BODY
    comment: str = "<p>謝謝分享</p>"
    name: str = "王小明"
    tag: str = "rust"
    alt: str = "一張圖"
    detail: str = "the index no longer links to it"


def as_it_stands(address: Address, body: bytes, content_type: str | None) -> Reading:
    """For a parser that lets everything through: the body of an article is what its capture holds, unsanitised."""
    held = Body(html=body.decode(), text="")
    return Reading("fake.article/1", Facts(), ArticlePage(None, None, Author(), None, held))


def make(path: Path, words: Words = Words()) -> Path:
    """The archive, at rest."""
    with rows_at(path) as connection:
        _fill(connection, words)
    return path


def _fill(connection: sqlite3.Connection, words: Words) -> None:
    put(connection, "runs", id=1, command="fetch", started_at=AT, version="0")
    put(connection, "authors", id=7, name=words.name)
    put(
        connection, "series", id=SERIES, title=words.title, url=f"{BASE}/users/7/ironman/{SERIES}", author_id=7,
        contest_year=2023, group=words.tag, declared_parts=7, description=words.detail, followed=1,
    )  # fmt: skip
    put(connection, "tags", id=1, name=words.tag)
    for number in STATES:
        _part(connection, number, words)
    _around(connection, words)
    _images(connection, words.alt)


def _part(connection: sqlite3.Connection, number: int, words: Words) -> None:
    url, title = f"{BASE}/articles/{number}", words.title if number == ALIVE else f"{words.title} {number}"
    put(
        connection, "pages", id=number, url=url, kind="article", host="ithelp.ithome.com.tw", article_id=number,
        first_seen_at=AT, state=STATES[number], state_since=AT, due_at=AT, last_fetch_at=LATER, last_ok_at=AT,
        last_outcome="forbidden" if number == MISSING else "ok",
    )  # fmt: skip
    is_copy = number == RESCUED
    asked = f"https://web.archive.org/web/20231001000000id_/{url}" if is_copy else url
    put(
        connection, "fetches", run_id=1, page_id=number, requested_url=asked, started_at=AT, elapsed_ms=5,
        source="wayback" if is_copy else "live",
        outcome="forbidden" if number == MISSING else "ok", http_status=403 if number == MISSING else 200,
    )  # fmt: skip
    if number != MISSING:
        body = words.body.encode() if number == ALIVE else LIE
        put(
            connection, "captures", id=number, page_id=number, sha256=hashlib.sha256(body).hexdigest(), captured_at=AT,
            final_url=url, body=gzip.compress(body, mtime=0), body_bytes=len(body), outcome="ok",
            source="wayback" if number == RESCUED else "live", source_at=AT if number == RESCUED else None,
        )  # fmt: skip
        put(
            connection, "articles", id=number, title=title, series_id=SERIES, position=number, title_day=number,
            author_id=7, published_at="2023-09-16T12:26:34Z", url=url,
            body_text=words.body if number == ALIVE else "",
            group=words.tag, contest_year=2023, views=1234, capture_id=number, parser="ithome.article/1",
        )  # fmt: skip
    put(
        connection, "parts", page_id=number, series_id=SERIES, article_id=number, position=number, title=title,
        said_by="series" if number == MISSING else "article",
    )  # fmt: skip


def _around(connection: sqlite3.Connection, words: Words) -> None:
    put(connection, "articles_tags", article_id=ALIVE, tag_id=1, position=1)
    for number, deleted_at in ((1, None), (2, LATER)):
        put(
            connection, "comments", id=number, article_id=ALIVE, identity=str(number), position=number,
            author_name=words.name, published_at=AT, body_html=words.comment, body_text=words.comment,
            content_sha256="new", first_seen_at=AT, last_seen_at=AT, deleted_at=deleted_at,
        )  # fmt: skip
    for digest in ("old", "new"):
        put(
            connection, "comment_versions", comment_id=1, content_sha256=digest,
            body_text=f"{digest} text", first_seen_at=AT, last_seen_at=AT,
        )  # fmt: skip
    put(connection, "code_blocks", article_id=ALIVE, position=1, language="rust", code=CODE, length=len(CODE))
    put(
        connection,
        "code_blocks",
        article_id=ALIVE,
        position=2,
        language="python",
        code="import os\n",
        length=10,
        language_guessed=1,
    )
    put(
        connection, "links", article_id=ALIVE, position=1, url=f"{BASE}/articles/2", text=words.title,
        target_kind="article", target_article_id=2,
    )  # fmt: skip
    put(connection, "state_changes", page_id=GONE, at=AT, old_state="suspect", new_state="gone")
    put(
        connection, "edits", article_id=ALIVE, old_capture_id=1, new_capture_id=2, last_seen_old_at=AT,
        first_seen_new_at=LATER, title_changed=0, body_changed=1, tags_changed=0,
    )  # fmt: skip
    put(
        connection, "collapses", article_id=SUSPECT, since=LATER, letters=3, full_letters=900, full_capture_id=1,
        full_seen_at=AT, full_title=words.title, full_body_text=words.body,
    )  # fmt: skip
    put(connection, "events", at=LATER, kind="left_index", series_id=SERIES, article_id=GONE, detail=words.detail)
    put(connection, "events", at=AT, kind="copied", series_id=SERIES, article_id=GONE, other_article_id=77)
    put(
        connection, "names", id=1, url=f"{BASE}/articles/{MISSING}", kind="article", article_id=MISSING,
        text=words.title,
    )  # fmt: skip
    put(connection, "mentions", from_page_id=ALIVE, name_id=1, via="next", first_seen_at=AT, last_seen_at=AT)
    for at, views in ((AT, 100), (LATER, 1234)):
        put(connection, "metrics", page_id=ALIVE, at=at, views=views)


def _images(connection: sqlite3.Connection, alt: str) -> None:
    for number, (url, (body, media_type, state)) in enumerate(IMAGES.items()):
        page_id, capture_id = IMAGE_PAGE + number, CAPTURE_OF_IMAGE + number
        put(
            connection, "pages", id=page_id, url=url, kind="image", host="h", first_seen_at=AT, state=state,
            state_since=AT, due_at=AT, last_outcome="ok" if body else "not_found",
        )  # fmt: skip
        if body is not None:
            put(
                connection, "captures", id=capture_id, page_id=page_id, sha256=hashlib.sha256(body).hexdigest(),
                captured_at=AT, final_url=url, body=gzip.compress(body, mtime=0), body_bytes=len(body), outcome="ok",
            )  # fmt: skip
        put(
            connection, "images", id=number + 1, url=url, host="h", capture_id=capture_id if body else None,
            media_type=media_type, width=48 if body is PICTURE else None, height=48 if body is PICTURE else None,
        )  # fmt: skip
        put(connection, "article_images", article_id=ALIVE, position=number + 1, image_id=number + 1, alt=alt)
