"""`archiver import`: the pictures of a page, wherever a recording or a saved page has them, and no address invented."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
import saved_files as made
from runs import rows
from saved_files import DAY1, DAY2, SITE, page
from test_import import Desk

from archiver.standin.images import png

CDN = "https://d1dwq032kyr03c.cloudfront.net"
IMAGE = f"{SITE}/upload/images/20230920/20141304AbCdEfGhIj.png"
AT_CDN = IMAGE.replace(SITE, CDN)
PNG = png("one")
HELD = "SELECT url, media_type, capture_id IS NOT NULL FROM images ORDER BY id"
HOPS = (
    "SELECT requested_url, outcome, hop, final FROM fetches JOIN pages ON pages.id = page_id"
    " WHERE kind = 'image' ORDER BY fetches.id"
)

LAST = (
    "SELECT outcome, final FROM fetches JOIN pages ON pages.id = page_id"
    " WHERE kind = 'image' ORDER BY fetches.id DESC LIMIT 1"
)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def showing(*urls: str, url: str = DAY2) -> bytes:
    """A page of the site whose body shows these pictures before all others, and no other."""
    shown = "".join(f'<p><img src="{address}" alt="the words of {address[-5:]}"></p>' for address in urls)
    bare = re.sub(rb"<img [^>]*>", b"", page(url))
    told = bare.replace(b'<div class="markdown__style">', b'<div class="markdown__style">' + shown.encode(), 1)
    assert told != bare
    return told


def redirect(url: str, to: str, status: str = "302 Found") -> bytes:
    return made.plain_record(url, f"HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())


def picture(url: str, data: bytes = PNG) -> bytes:
    return made.plain_record(url, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + data)


def document(url: str, body: bytes) -> bytes:
    return made.plain_record(url, made.http(body))


# ─── redirects inside a recording ───────────────────────────────────────────────────────────────


def warc_of_pictures() -> bytes:
    return document(DAY2, showing(IMAGE)) + redirect(IMAGE, AT_CDN) + picture(AT_CDN)


def har_of_pictures() -> bytes:
    led = made.entry(IMAGE, None, 302)
    led["response"]["headers"].append({"name": "Location", "value": AT_CDN})
    shown = made.entry(AT_CDN, None)
    shown["response"]["content"] = {"text": base64.b64encode(PNG).decode(), "encoding": "base64"}
    return made.har(made.entry(DAY2, showing(IMAGE)), led, shown)


RECORDINGS = {
    "WARC": warc_of_pictures,
    "WACZ": lambda: made.wacz(warc_of_pictures()),
    "HAR": har_of_pictures,
}


@pytest.mark.parametrize("form", RECORDINGS)
def test_a_picture_behind_a_redirect_is_kept_from_a_recording_with_each_hop_a_row(desk: Desk, form: str) -> None:
    code, out, err = desk.run("import", desk.save("recording", RECORDINGS[form]()))

    assert (code, err) == (0, "")
    assert "1 of 1 pages kept and 1 images" in out
    assert rows(desk.db, HELD) == [(IMAGE, "image/png", 1)]
    assert rows(desk.db, HOPS) == [(IMAGE, "moved", 0, 0), (AT_CDN, "ok", 1, 1)]
    assert desk.run("verify")[0] == 0
    assert desk.run("parse")[0] == 0
    assert rows(desk.db, HELD) == [(IMAGE, "image/png", 1)]


def pictures(desk: Desk, *records: bytes, shown: tuple[str, ...] = (IMAGE,)) -> tuple[int, str]:
    """What an import of a WARC with a page that shows these pictures says."""
    code, out, err = desk.run("import", desk.save("x.warc", document(DAY2, showing(*shown)) + b"".join(records)))
    assert err == ""
    assert "1 of 1 pages kept" in out
    return code, out


def test_the_order_of_a_recording_says_nothing(desk: Desk) -> None:
    middle = f"{CDN}/upload/images/middle.png"
    records = (picture(AT_CDN), redirect(middle, AT_CDN), redirect(IMAGE, "//" + middle.removeprefix("https://")))
    data = b"".join(records) + document(DAY2, showing(IMAGE))

    assert desk.run("import", desk.save("x.warc", data))[0] == 0
    assert rows(desk.db, HOPS) == [(IMAGE, "moved", 0, 0), (middle, "moved", 1, 0), (AT_CDN, "ok", 2, 1)]


def test_a_picture_of_another_host_is_kept_from_a_recording(desk: Desk) -> None:
    imgur, plain = "https://i.imgur.com/AbCdEfG.png", "http://pictures.example/a.png"
    code, out = pictures(
        desk, picture(imgur), redirect(plain, plain.replace("http", "https", 1), "301 Moved Permanently"),
        picture(plain.replace("http", "https", 1), png("two")), picture("https://pictures.example/other.png"),
        shown=(imgur, plain),
    )  # fmt: skip

    assert code == 0
    assert "and 2 images" in out
    assert "passed over: 1 responses of other pages" in out
    assert rows(desk.db, HELD) == [(imgur, "image/png", 1), (plain, "image/png", 1)]


NOT_KEPT = {
    "the target is not there": ((redirect(IMAGE, AT_CDN),), "moved", "of which the file holds no answer"),
    "a placeholder": (
        (redirect(IMAGE, "https://i.imgur.com/removed.png"), picture("https://i.imgur.com/removed.png")),
        "soft_404", "a picture that says it was removed"),
    "a circle": ((redirect(IMAGE, AT_CDN), redirect(AT_CDN, IMAGE)), "protocol_error", "in a circle"),
    "itself": ((redirect(IMAGE, IMAGE),), "protocol_error", "in a circle"),
    "a private address": (
        (redirect(IMAGE, "http://127.0.0.1/x.png"), picture("http://127.0.0.1/x.png")),
        "off_site", "127.0.0.1"),
    "a form that acts": (
        (redirect(IMAGE, f"{SITE}/articles/1/delete"), picture(f"{SITE}/articles/1/delete")),
        "off_site", "not followed"),
    "nowhere": ((redirect(IMAGE, ""),), "protocol_error", "leads nowhere"),
    "a page in its place": ((redirect(IMAGE, AT_CDN), document(AT_CDN, page(DAY2))), "unreadable", "HTML in place"),
    "a missing object": (
        (redirect(IMAGE, AT_CDN), made.plain_record(AT_CDN, made.http(b"<Error>", status="403 Forbidden"))),
        "forbidden", "HTTP 403"),
    "many hops": (
        (*(redirect(f"{IMAGE}{'x' * number}", f"{IMAGE}{'x' * (number + 1)}") for number in range(7)),
         picture(f"{IMAGE}{'x' * 7}")), "protocol_error", "after 5 redirects"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_KEPT)
def test_a_redirect_in_a_recording_is_judged_as_a_live_one(desk: Desk, what: str) -> None:
    records, outcome, words = NOT_KEPT[what]
    code, out = pictures(desk, *records)

    assert code == 0, "that a picture is missing is told and makes nothing fail"
    assert f"not kept: {IMAGE}: {outcome}" in out
    assert words in out
    assert rows(desk.db, HELD) == [(IMAGE, None, 0)]
    assert rows(desk.db, LAST) == [(outcome, 1)]
    assert desk.run("verify")[0] == 0


def test_pictures_of_many_pages_through_one_address_are_all_kept(desk: Desk) -> None:
    other = IMAGE.replace("AbC", "XyZ")
    code, out = pictures(desk, redirect(IMAGE, AT_CDN), redirect(other, AT_CDN), picture(AT_CDN), shown=(IMAGE, other))

    assert (code, "and 2 images" in out) == (0, True)
    assert rows(desk.db, HELD) == [(IMAGE, "image/png", 1), (other, "image/png", 1)]


def test_an_index_behind_a_redirect_is_kept_and_another_article_is_not_followed(desk: Desk) -> None:
    blog, moved = "https://blog.example/ironman", "https://www.blog.example/posts/ironman/"
    desk.config.write_text(f'[[sources]]\nurl = "{blog}"\n', "utf-8")
    index = f'<!DOCTYPE html><html><body><h2>Index</h2><a href="{DAY1}">Day 01</a></body></html>'.encode()
    records = redirect(blog, moved) + document(moved, index) + redirect(DAY1, DAY2) + document(DAY2, page(DAY2))
    code, out, _ = desk.run("import", desk.save("x.warc", records))

    assert code == 3
    assert "2 of 3 pages kept" in out
    assert "not kept: 10319216: off_site: redirected to" in out or "not kept: 10319216: moved" in out
    assert rows(desk.db, "SELECT url, requested_url, outcome, hop FROM fetches JOIN pages ON pages.id = page_id") == [
        (blog, blog, "moved", 0), (blog, moved, "ok", 1), (DAY1, DAY1, "moved", 0), (DAY2, DAY2, "ok", 0),
    ]  # fmt: skip
    assert rows(desk.db, "SELECT article_id FROM parts") == [(10319216,)]


def test_a_hop_is_told_in_json_and_by_why(desk: Desk) -> None:
    document_of = json.loads(desk.run("import", desk.save("x.warc", warc_of_pictures()), "--json")[1])
    results = [(one["url"], one["outcome"], one["place"]) for one in document_of["files"][0]["results"]]

    assert [(url, outcome) for url, outcome, _ in results] == [(DAY2, "ok"), (IMAGE, "moved"), (IMAGE, "ok")]
    assert AT_CDN in desk.run("why", IMAGE)[1]
