"""`archiver import`: the pictures of a page, wherever a recording or a saved page has them, and no address invented."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import saved_files as made
from archives import tampering
from desks import Importer
from runs import body_of
from saved_files import DAY1, DAY2, SERIES, SITE, page

from archiver.archive.opening import reading
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
def test_a_picture_behind_a_redirect_is_kept_from_a_recording_with_each_hop_a_row(
    importer: Importer, form: str
) -> None:
    code, out, err = importer.told("import", importer.save("recording", RECORDINGS[form]()))

    assert (code, err) == (0, "")
    assert "1 of 1 pages kept and 1 images" in out
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1)]
    assert importer.rows(HOPS) == [(IMAGE, "moved", 0, 0), (AT_CDN, "ok", 1, 1)]
    assert importer.told("verify")[0] == 0
    assert importer.told("parse")[0] == 0
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1)]


def pictures(importer: Importer, *records: bytes, shown: tuple[str, ...] = (IMAGE,)) -> tuple[int, str]:
    """What an import of a WARC with a page that shows these pictures says."""
    code, out, err = importer.told(
        "import", importer.save("x.warc", document(DAY2, showing(*shown)) + b"".join(records))
    )
    assert err == ""
    assert "1 of 1 pages kept" in out
    return code, out


def test_the_order_of_a_recording_says_nothing(importer: Importer) -> None:
    middle = f"{CDN}/upload/images/middle.png"
    records = (picture(AT_CDN), redirect(middle, AT_CDN), redirect(IMAGE, "//" + middle.removeprefix("https://")))
    data = b"".join(records) + document(DAY2, showing(IMAGE))

    assert importer.told("import", importer.save("x.warc", data))[0] == 0
    assert importer.rows(HOPS) == [(IMAGE, "moved", 0, 0), (middle, "moved", 1, 0), (AT_CDN, "ok", 2, 1)]


def test_a_picture_of_another_host_is_kept_from_a_recording(importer: Importer) -> None:
    imgur, plain = "https://i.imgur.com/AbCdEfG.png", "http://pictures.example/a.png"
    code, out = pictures(
        importer, picture(imgur), redirect(plain, plain.replace("http", "https", 1), "301 Moved Permanently"),
        picture(plain.replace("http", "https", 1), png("two")), picture("https://pictures.example/other.png"),
        shown=(imgur, plain),
    )  # fmt: skip

    assert code == 0
    assert "and 2 images" in out
    assert "passed over: 1 responses of other pages" in out
    assert importer.rows(HELD) == [(imgur, "image/png", 1), (plain, "image/png", 1)]


NOT_KEPT = {
    "the target is not there": ((redirect(IMAGE, AT_CDN),), "moved", "of which no file holds an answer"),
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
def test_a_redirect_in_a_recording_is_judged_as_a_live_one(importer: Importer, what: str) -> None:
    records, outcome, words = NOT_KEPT[what]
    code, out = pictures(importer, *records)

    assert code == 0, "that a picture is missing is told and makes nothing fail"
    assert f"not kept: {IMAGE}: {outcome}" in out
    assert words in out
    assert importer.rows(HELD) == [(IMAGE, None, 0)]
    assert importer.rows(LAST) == [(outcome, 1)]
    assert importer.told("verify")[0] == 0


def test_pictures_of_many_pages_through_one_address_are_all_kept(importer: Importer) -> None:
    other = IMAGE.replace("AbC", "XyZ")
    code, out = pictures(
        importer, redirect(IMAGE, AT_CDN), redirect(other, AT_CDN), picture(AT_CDN), shown=(IMAGE, other)
    )

    assert (code, "and 2 images" in out) == (0, True)
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1), (other, "image/png", 1)]


def test_an_index_behind_a_redirect_is_kept_and_another_article_is_not_followed(importer: Importer) -> None:
    blog, moved = "https://blog.example/ironman", "https://www.blog.example/posts/ironman/"
    importer.config.write_text(f'[[sources]]\nurl = "{blog}"\n', "utf-8")
    index = f'<!DOCTYPE html><html><body><h2>Index</h2><a href="{DAY1}">Day 01</a></body></html>'.encode()
    records = redirect(blog, moved) + document(moved, index) + redirect(DAY1, DAY2) + document(DAY2, page(DAY2))
    code, out, _ = importer.told("import", importer.save("x.warc", records))

    assert code == 3
    assert "2 of 3 pages kept" in out
    assert "not kept: 10319216: off_site: redirected to" in out or "not kept: 10319216: moved" in out
    assert importer.rows("SELECT url, requested_url, outcome, hop FROM fetches JOIN pages ON pages.id = page_id") == [
        (blog, blog, "moved", 0), (blog, moved, "ok", 1), (DAY1, DAY1, "moved", 0), (DAY2, DAY2, "ok", 0),
    ]  # fmt: skip
    assert (10319216,) in importer.rows("SELECT article_id FROM parts")


@pytest.mark.parametrize("order", [1, -1])
def test_a_recording_in_several_files_is_followed_across_them(importer: Importer, order: int) -> None:
    first = importer.save("rec-0.warc", document(DAY2, showing(IMAGE)) + redirect(IMAGE, AT_CDN))
    second = importer.save("rec-1.warc", picture(AT_CDN))
    code, out, _ = importer.told("import", *[first, second][::order])

    assert (code, "rec-0.warc: 1 of 1 pages kept" in out) == (0, True)
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1)]
    told = importer.rows(f"SELECT substr(source_url, 1, 10) FROM ({HOPS.replace('requested_url', 'source_url')})")
    assert told == [("rec-0.warc",), ("rec-1.warc",)], "each hop says which file it stands in"


def test_a_hop_is_told_in_json_and_by_why(importer: Importer) -> None:
    document_of = json.loads(importer.told("import", importer.save("x.warc", warc_of_pictures()), "--json")[1])
    results = [(one["url"], one["outcome"], one["place"]) for one in document_of["files"][0]["results"]]

    assert [(url, outcome) for url, outcome, _ in results] == [(DAY2, "ok"), (IMAGE, "moved"), (IMAGE, "ok")]
    assert AT_CDN in importer.told("why", IMAGE)[1]


# ─── files beside a saved page ──────────────────────────────────────────────────────────────────

IMGUR = "https://i.imgur.com/AbCdEfG.png"
ASKABLE = "SELECT url FROM pages WHERE kind = 'image' ORDER BY id"


def lay(importer: Importer, name: str, data: bytes) -> Path:
    path = importer.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


TREES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "HTTrack": (lambda body: made.httrack(DAY2, body), "d1dwq032kyr03c.cloudfront.net"),
    "wget": (made.wget, "ithelp.ithome.com.tw"),
}


@pytest.mark.parametrize("tool", TREES)
def test_a_mirrored_page_is_the_page_itself_and_its_pictures_are_read_from_the_mirror(
    importer: Importer, tool: str
) -> None:
    save, host = TREES[tool]
    file = lay(importer, "mirror/ithelp.ithome.com.tw/articles/10319293.html", save(showing(IMAGE, IMGUR)))
    lay(importer, f"mirror/{host}/upload/images/20230920/20141304AbCdEfGhIj.png", PNG)
    lay(importer, "mirror/i.imgur.com/AbCdEfG.png", png("two"))
    code, out, err = importer.told("import", file)

    assert (code, err) == (0, "")
    assert "1 of 1 pages kept and 2 images: 10319293" in out
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1), (IMGUR, "image/png", 1)]
    assert importer.rows("SELECT series_id, position, previous_id, next_id FROM articles") == [
        (5943, 2, 10319216, 10321315)
    ]
    assert importer.rows(ASKABLE) == [(IMAGE,), (IMGUR,)]
    assert "beside it: ../../i.imgur.com/AbCdEfG.png" in importer.told("why", IMGUR)[1]
    assert importer.told("verify")[0] == 0
    live = made.plain_record(DAY2, made.http(showing(IMAGE, IMGUR)), WARC_Date="2023-10-01T00:00:00Z")
    assert importer.told("import", importer.save("live.warc", live))[0] == 0
    assert importer.rows("SELECT count(*) FROM edits") == [(0,)]


def test_a_page_saved_complete_keeps_its_words_and_the_pictures_whose_address_it_tells(importer: Importer) -> None:
    told = showing(IMAGE).replace(b'alt="the words of j.png"', b'alt="%s"' % IMAGE.encode())
    other = f"{SITE}/upload/images/20230920/20141304ZzZzZzZzZz.png"
    body = told.replace(b"<p><img", f'<p><img src="{other}" alt="a plan"></p><p><img'.encode(), 1)
    file = importer.save("page.html", made.chrome_html(DAY2, body))
    lay(importer, "page_files/20141304AbCdEfGhIj.png", PNG)
    lay(importer, "page_files/20141304ZzZzZzZzZz.png", PNG)
    code, out, _ = importer.told("import", file)

    assert code == 0
    assert "1 of 1 pages kept and 1 images" in out
    mark = "saved:./page_files/20141304ZzZzZzZzZz.png"
    assert sorted(importer.rows(HELD)) == [(IMAGE, "image/png", 1), (mark, None, 0)]
    assert importer.rows(ASKABLE) == [(IMAGE,)]
    assert importer.rows("SELECT alt FROM article_images ORDER BY position") == [("a plan",), (IMAGE,)]
    ((text,),) = importer.rows("SELECT body_text FROM articles")
    assert text.startswith("a plan")
    assert "page_files" not in body_of(importer.db).html


def test_a_page_saved_complete_and_the_site_s_own_differ_in_dress_alone(importer: Importer) -> None:
    importer.told("import", importer.save("page.html", made.chrome_html(DAY2, page(DAY2))))
    importer.told("import", importer.save("x.warc", made.plain_record(DAY2, made.http(page(DAY2)), WARC_Date=later(0))))
    assert importer.rows("SELECT cosmetic FROM edits") == [(1,)]

    changed = page(DAY2).replace(b"upload/images/", b"upload/images/2")
    importer.told("import", importer.save("y.warc", made.plain_record(DAY2, made.http(changed), WARC_Date=later(1))))
    assert importer.rows("SELECT cosmetic FROM edits ORDER BY id") == [(1,), (0,)]


def test_a_link_whose_address_a_mirror_does_not_tell_is_unknown_and_no_edit(importer: Importer) -> None:
    """HTTrack's `x.html` may have been called so or not."""
    link = b'<div class="markdown__style"><a href="%s">The Book</a>'
    body = page(DAY2).replace(b'<div class="markdown__style">', link % b"https://doc.example/ch04.html", 1)
    mirrored = body.replace(b"https://doc.example/", b"../../doc.example/")
    importer.told("import", importer.save("page.html", made.httrack(DAY2, mirrored)))
    assert importer.rows("SELECT url, target_url, text FROM links ORDER BY position LIMIT 1") == [
        ("saved:../../doc.example/ch04.html", None, "The Book")
    ]
    assert "saved:" not in body_of(importer.db).html

    importer.told("import", importer.save("x.warc", made.plain_record(DAY2, made.http(body), WARC_Date=later(0))))
    assert importer.rows("SELECT cosmetic FROM edits") == [(1,)]


def later(hours: int) -> str:
    """A date that no copy has that a test dates by its file."""
    return (datetime.now(UTC) + timedelta(hours=1 + hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


OUTSIDE = {
    "above": "../secret.png",
    "above, in a folder": "page_files/../../secret.png",
    "absolute": "/SECRET",
    "a link": "page_files/link.png",
    "a folder that is a link": "linked/secret.png",
    "a FIFO": "page_files/fifo.png",
    "a folder": "page_files",
    "encoded": "%2e%2e/secret.png",
    "backslashes": "..%5csecret.png",
    "NUL": "page_files/a%00.png",
    "a long name": f"{'x' * 300}.png",
    "a host as in a mirror": "../../secret.example/secret.png",
    "a file URL": "file://SECRET",
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_no_path_leaves_the_folder_of_a_saved_page(importer: Importer, what: str) -> None:
    secret = lay(importer, "secret.png", PNG)
    lay(importer, "secret.example/secret.png", PNG)
    lay(importer, "a/page/page_files/x.png", PNG)
    os.mkfifo(importer.folder / "a/page/page_files/fifo.png")
    (importer.folder / "a/page/page_files/link.png").symlink_to(secret)
    (importer.folder / "a/page/linked").symlink_to(importer.folder)
    source = OUTSIDE[what].replace("/SECRET", str(secret))
    url = f"https://pictures.example/{source.rpartition('/')[2]}"
    shown = f'src="{IMAGE}" alt="the words of j.png"', f'src="{source}" alt="{url}"'
    body = showing(IMAGE).replace(shown[0].encode(), shown[1].encode())
    file = lay(importer, "a/page/page.html", body)

    assert importer.told("import", file)[0] == 0
    assert [outcome for _, outcome, _ in importer.fetches()] == ["ok"], "the page alone"


def test_no_impossible_address_is_asked_for_after_a_saved_page(importer: Importer) -> None:
    more = b'<p><img alt="no source"><iframe src="./page_files/x.html"></iframe>'
    body = made.chrome_html(DAY2, page(DAY2)).replace(b"<p>", more, 1)
    assert importer.told("import", importer.save("page.html", body))[0] == 0

    assert importer.rows("SELECT url FROM pages WHERE kind = 'image' AND url LIKE '%page_files%'") == []
    assert all("page_files" not in url for (url,) in importer.rows("SELECT url FROM links"))
    assert f"{DAY2}" not in [url for (url,) in importer.rows("SELECT url FROM images")]


def test_parse_heals_an_archive_in_which_addresses_were_invented(importer: Importer) -> None:
    """As an earlier archiver left it: the page without a media type, and a picture where none can be."""
    importer.told("import", importer.save("page.html", made.chrome_html(DAY2, showing(IMAGE))))
    with tampering(importer.db) as raw:
        raw.execute("UPDATE captures SET headers = '[]'")
        wrong = f"{SITE}/articles/page_files/20141304AbCdEfGhIj.png"
        raw.execute("UPDATE images SET url = ?", [wrong])
    assert importer.told("parse")[0] == 0

    assert importer.rows(HELD) == [("saved:./page_files/20141304AbCdEfGhIj.png", None, 0)]


def test_a_broken_picture_beside_a_page_is_told_and_makes_nothing_fail(importer: Importer) -> None:
    told = showing(IMAGE).replace(b'alt="the words of j.png"', b'alt="%s"' % IMAGE.encode())
    file = importer.save("page.html", made.chrome_html(DAY2, told))
    lay(importer, "page_files/20141304AbCdEfGhIj.png", b"<html>not found</html>")
    code, out, _ = importer.told("import", file)

    assert code == 0
    assert f"not kept: {IMAGE}: unreadable" in out


# ─── SingleFile ─────────────────────────────────────────────────────────────────────────────────


def embedded(data: bytes = PNG, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def shown_by_data(*images: str) -> bytes:
    """SingleFile's page with these `img` elements."""
    body = showing(*[IMAGE] * len(images))
    for written in images:
        body = body.replace(f'<img src="{IMAGE}" alt="the words of j.png">'.encode(), written.encode(), 1)
    return made.singlefile(DAY2, body)


def test_pictures_that_a_page_carries_are_kept_by_their_bytes(importer: Importer) -> None:
    """The address is told by the words, by SingleFile's own attribute, or by nobody; the type is that of the bytes."""
    name = f"data:image/png,sha256-{hashlib.sha256(png('two')).hexdigest()}"
    code, out, _ = importer.told("import", importer.save("page.html", shown_by_data(
        f'<img src="{embedded()}" alt={IMAGE}>',
        f'<img src="{embedded(png("two"), "image/jpeg")}" alt="a plan">',
        f'<img src="{embedded(png("three"))}" data-sf-original-src="{IMGUR}" alt="Imgur">',
        '<img src="data:," alt="nothing was saved">',
        '<img src="data:image/png;base64,%%%" alt="broken">',
        f'<img src="{embedded(b"<html>no picture", "image/png")}" alt="no picture">',
    )))  # fmt: skip

    assert code == 0
    assert "1 of 1 pages kept and 3 images" in out
    held = {url: kind for url, kind, _ in importer.rows(HELD) if kind}
    assert held == {IMAGE: "image/png", name: "image/png", IMGUR: "image/png"}
    assert importer.rows("SELECT count(*) FROM article_images") == [(6,)]
    ((text,),) = importer.rows("SELECT body_text FROM articles")
    assert all(words in text for words in ("a plan", "Imgur", "nothing was saved", "broken", "no picture"))
    assert (importer.told("parse")[0], importer.told("verify")[0]) == (0, 0)
    assert {url for url, kind, _ in importer.rows(HELD) if kind} == set(held)


def test_nothing_that_stands_in_a_page_itself_is_ever_asked_for(importer: Importer) -> None:
    importer.told("import", importer.save("page.html", shown_by_data(f'<img src="{embedded()}" alt="a plan">')))
    with reading(importer.db) as connection:
        plan = importer.told("fetch", "--dry-run", "--force")[1]

        assert connection.execute("SELECT count(*) FROM pages WHERE kind = 'image'").fetchone()[0] == 1
        assert "data:" not in plan
        assert SERIES in plan


def test_a_picture_that_singlefile_shares_between_places_is_found_in_its_style_sheet(importer: Importer) -> None:
    blank = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/%3E"
    use = f'<img src="{blank}" style="background-image:var(--sf-img-3)!important" alt={IMAGE}>'
    body = shown_by_data(use, use)
    body = body.replace(b"<title>", f'<style>:root{{--sf-img-3: url("{embedded()}")}}</style><title>'.encode(), 1)

    assert importer.told("import", importer.save("page.html", body))[0] == 0
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1)]


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "a zip file": lambda packed: packed,
    "HTML around it": lambda packed: made.unpacking_itself(DAY2, packed),
    "much behind it": lambda packed: made.unpacking_itself(DAY2, packed, behind=200_000),
}


@pytest.mark.parametrize("form", COMPRESSED)
def test_a_compressed_singlefile_is_opened_with_its_pictures(importer: Importer, form: str) -> None:
    index = shown_by_data('<img src=images/6.png alt="a plan">', "<img src=images/7.png alt=missing>")
    packed = made.singlefile_zip(DAY2, index, {"images/6.png": (IMAGE, PNG), "style.css": ("cid:1", b"")})
    code, out, err = importer.told("import", importer.save("page", COMPRESSED[form](packed)))

    assert (code, err) == (0, "")
    assert "1 of 1 pages kept and 1 images: 10319293" in out
    assert importer.rows(HELD) == [(IMAGE, "image/png", 1), ("saved:images/7.png", None, 0)]
    assert importer.rows("SELECT DISTINCT substr(source_at, 1, 19) FROM captures") == [("2023-09-20T12:34:56",)]
    assert importer.told("parse")[0] == 0
    assert importer.rows(HELD)[0] == (IMAGE, "image/png", 1)
    document = json.loads(importer.told("import", importer.folder / "page", "--json")[1])
    assert document["files"][0]["format"] == "SingleFile"


def encrypted(packed: bytes) -> bytes:
    data = bytearray(packed)
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


BAD_COMPRESSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda packed: made.unpacking_itself(DAY2, packed[:-200]), "cut or not there"),
    "no zip": (lambda _: made.unpacking_itself(DAY2, b""), "cut or not there"),
    "damaged": (lambda packed: made.unpacking_itself(DAY2, packed[:40] + b"\xff" * 400 + packed[440:]), "damaged"),
    "encrypted": (lambda packed: made.unpacking_itself(DAY2, encrypted(packed)), "is encrypted"),
    "a path out": (
        lambda _: made.unpacking_itself(DAY2, made.zipped({"index.html": b"x", "../../x": b"x"})), "leads out"),
    "a bomb": (
        lambda _: made.unpacking_itself(
            DAY2, made.zipped({"index.html": bytes(80_000_000), "a": b""}, zipfile.ZIP_DEFLATED)), "a bomb"),
    "no page": (lambda _: made.unpacking_itself(DAY2, made.zipped({"a": b"x", "b": b"y"})), "has no page in it"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_COMPRESSED)
def test_a_compressed_singlefile_that_cannot_be_opened_is_named_as_that(importer: Importer, what: str) -> None:
    importer.db.unlink()
    make, words = BAD_COMPRESSED[what]
    packed = made.singlefile_zip(DAY2, shown_by_data("<img src=images/6.png>"), {"images/6.png": (IMAGE, PNG)})
    code, out, err = importer.told("import", importer.save("page.html", make(packed)))

    assert (code, out) == (2, "")
    assert "a compressed page of SingleFile" in err
    assert words in err
    assert not importer.db.exists()


STRANGE = {
    "a list": {"resources": [1]},
    "numbers": {"resources": {"images/6.png": 5}},
    "no address": {"resources": {"images/6.png": "javascript:alert(1)"}, "originalUrl": 7},
    "markup": {"resources": {"images/6.png": f"{IMAGE}--></html><script>"}},
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_strange_manifest_does_no_harm(importer: Importer, what: str) -> None:
    index = shown_by_data("<img src=images/6.png alt='a plan'>")
    packed = made.zipped(
        {"index.html": index, "manifest.json": json.dumps(STRANGE[what]).encode(), "images/6.png": PNG}
    )

    assert importer.told("import", importer.save("page.zip", packed))[0] == 0
    ((text,),) = importer.rows("SELECT body_text FROM articles")
    assert "script" not in body_of(importer.db).html.replace("%3Cscript%3E", "")
    assert text.startswith("a plan")
