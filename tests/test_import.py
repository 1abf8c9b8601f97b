"""`archiver import`: whatever people and other tools saved is judged as an answer would be, and kept."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import saved_files as made
from desks import Importer
from runs import INDEX, config_for, rows, run_fetch, series_counts, small_site
from saved_files import DAY1, DAY2, DAY3, FEED, SERIES, SITE, page
from standin_client import ask

import archiver
from archiver import cli, ithome, pages
from archiver.archive.opening import reading
from archiver.exports.book import opened_books
from archiver.model import Address
from archiver.model.readings import ArticlePage
from archiver.standin import StandIn
from archiver.standin.images import png

BELIEVED = (
    "SELECT id, state, last_outcome, due_at, failures, last_fetch_at FROM pages"
    " WHERE kind NOT IN ('image', 'link') ORDER BY id"
)


# ─── every format ───────────────────────────────────────────────────────────────────────────────

ONE_PAGE: dict[str, Callable[[str, bytes], bytes]] = {
    "HTML as Chromium saves it": made.chrome_html,
    "HTML as it came": lambda _, body: body,
    "SingleFile": made.singlefile,
    "MHTML": made.mhtml,
    "HAR": lambda url, body: made.har(made.entry(url, body)),
    "WARC, packed": lambda url, body: made.warc((url, body)),
    "WARC, plain": lambda url, body: made.warc((url, body), packed=False),
    "WARC, packed as one": lambda url, body: gzip.compress(made.warc((url, body), packed=False)),
    "WACZ": lambda url, body: made.wacz(made.warc((url, body))),
}


@pytest.mark.parametrize("form", ONE_PAGE)
def test_a_saved_page_makes_a_part_safe_and_rescued(importer: Importer, form: str) -> None:
    file = importer.save("page", ONE_PAGE[form](DAY2, page(DAY2)))
    code, out, err = importer.told("import", file)

    assert (code, err) == (0, "")
    assert "page: 1 of 1 pages kept: 10319293 [Day 02]" in out
    assert "1 safe · 1 rescued" in out
    assert importer.fetches() == [(DAY2, "ok", "import")]
    sql = "SELECT body_text, source_at FROM articles JOIN captures ON captures.id = capture_id"
    ((text, source_at),) = importer.rows(sql)
    assert text == text_of(DAY2)
    assert source_at.startswith("2023-09-20T12:34:56") is ("HTML" not in form or form == "MHTML")


def text_of(url: str) -> str:
    address = ithome.classify(url)
    assert isinstance(address, Address)
    read = pages.read(address, page(url), "text/html").page
    assert isinstance(read, ArticlePage)
    assert read.body is not None
    return read.body.text


def test_a_page_that_tells_no_date_is_dated_by_its_file_and_says_so(importer: Importer) -> None:
    file = importer.save("page.html", page(DAY2))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    importer.told("import", file)
    ((made_at,),) = importer.rows("SELECT source_at FROM captures")

    assert made_at.startswith("2023-11-14T22:13:20")
    assert "by the date of the file" in importer.told("why", "10319293")[1]


@pytest.mark.parametrize("form", ["HTML as Chromium saves it", "HTML as it came", "SingleFile", "MHTML", "HAR", "WACZ"])
def test_a_saved_bot_check_is_a_row_and_never_the_page(importer: Importer, form: str) -> None:
    importer.told("import", importer.save("begun", page(DAY2)))
    file = importer.save("page", ONE_PAGE[form](DAY1, made.challenge()))
    code, out, err = importer.told("import", file, *(("--url", DAY1) if form == "HTML as it came" else ()))

    assert code == 3, err
    assert "not kept: 10319216: challenge: a bot check stands in place of the page" in out
    assert importer.fetches() == [(DAY2, "ok", "import"), (DAY1, "challenge", "import")]
    assert importer.rows("SELECT count(*) FROM captures") == [(1,)]
    assert "challenge" in importer.told("why", "10319216")[1]


def test_another_page_than_the_named_one_is_not_kept(importer: Importer) -> None:
    code, out, _ = importer.told("import", importer.save("page.html", page(DAY1)), "--url", DAY2)

    assert code == 3
    assert "10319293: wrong_page" in out


def test_a_page_saved_while_it_was_cut_is_not_kept(importer: Importer) -> None:
    for name, body in (("a", page(DAY2)[:30_000]), ("b", made.singlefile(DAY2, page(DAY2))[:30_000])):
        code, out, _ = importer.told("import", importer.save(name, body))

        assert code == 3
        assert "truncated" in out


def test_a_whole_series_is_completed_from_saved_pages(importer: Importer) -> None:
    with StandIn(small_site()) as standin:
        for number in (10319216, 10319293):
            standin.faults.challenge(f"/articles/{number}")
        file = config_for(standin, importer.folder)
        run_fetch(importer.db, file)
    assert series_counts(importer.db) == (5, 3, 2)
    before = rows(
        importer.db,
        BELIEVED,
    )

    code, out, _ = importer.told(
        "import", importer.save("1.mhtml", made.mhtml(DAY1, page(DAY1))), importer.save("2.html", page(DAY2))
    )

    assert code == 0
    assert "5 parts · 5 safe · 2 rescued" in out
    assert importer.told("status", "--strict")[0] == 0
    after = rows(
        importer.db,
        BELIEVED,
    )
    assert after == before
    assert importer.told("verify")[0] == 0


# ─── recordings of many pages ───────────────────────────────────────────────────────────────────


def test_every_page_of_a_recording_is_kept_and_the_rest_is_told(importer: Importer) -> None:
    body = made.warc(
        (SERIES, page(SERIES)), (DAY1, page(DAY1)), (DAY2 + "?sc=rss.iron", page(DAY2)), (FEED, page(FEED)),
        ("https://example.org/", b"<p>another"), (f"{SITE}/users/login", b"<p>another"),
    )  # fmt: skip
    code, out, _ = importer.told("import", importer.save("all.warc.gz", body))

    assert code == 0
    assert "4 of 4 pages kept" in out
    assert "passed over: 2 responses of other pages" in out
    assert series_counts(importer.db) == (5, 2, 3)


def test_a_feed_is_kept_by_its_own_type(importer: Importer) -> None:
    block = made.http(page(FEED)).replace(b"text/html", b"application/rss+xml")

    assert importer.told("import", importer.save("feed.warc", made.plain_record(FEED, block)))[0] == 0
    assert series_counts(importer.db) == (5, 0, 5)


def test_a_recording_of_nothing_that_is_ours_says_so(importer: Importer) -> None:
    code, out, _ = importer.told(
        "import", importer.save("x.warc.gz", made.warc(("https://example.org/", b"<p>another")))
    )

    assert code == 3
    assert "x.warc.gz: no page in it that is kept here" in out


def test_of_many_answers_for_a_page_the_good_one_counts(importer: Importer) -> None:
    body = (
        made.warc((DAY1, made.challenge()))
        + made.warc((DAY1, page(DAY1)))
        + made.warc((DAY1, b"<html><title>404</title><p>no</html>"))
    )
    code, out, _ = importer.told("import", importer.save("x.warc.gz", body))

    assert code == 0
    assert "1 of 1 pages kept" in out
    assert [outcome for _, outcome, _ in importer.fetches()] == ["challenge", "ok", "soft_404"]


def test_what_is_imported_twice_is_held_once(importer: Importer) -> None:
    file = importer.save("x.warc.gz", made.warc((DAY1, page(DAY1))))
    assert [importer.told("import", file)[0] for _ in range(2)] == [0, 0]

    assert [outcome for _, outcome, _ in importer.fetches()] == ["ok", "unchanged"]
    assert importer.rows("SELECT count(*) FROM captures") == [(1,)]


def test_url_picks_one_page_of_a_recording(importer: Importer) -> None:
    file = importer.save("x.wacz", made.wacz(made.warc((DAY1, page(DAY1)), (DAY2, page(DAY2)))))

    assert importer.told("import", file, "--url", DAY2)[0] == 0
    assert importer.fetches() == [(DAY2, "ok", "import")]


def test_cookies_are_nobody_s_business(importer: Importer) -> None:
    importer.told("import", importer.save("x.har", made.har(made.entry(DAY1, page(DAY1)))))
    importer.told("import", importer.save("x.warc.gz", made.warc((DAY2, page(DAY2)))))

    assert all("cookie" not in headers.lower() for (headers,) in importer.rows("SELECT headers FROM captures"))


def test_har_says_which_pages_it_has_no_body_of(importer: Importer) -> None:
    code, out, _ = importer.told(
        "import", importer.save("x.har", made.har(made.entry(DAY1, None), made.entry(DAY2, page(DAY2))))
    )

    assert code == 0
    assert "1 responses whose body the browser did not save" in out


def test_images_are_kept_where_a_body_shows_them(importer: Importer) -> None:
    image = f"{SITE}/upload/images/20230920/20141304abc.png"
    picture = png("x")
    body = page(DAY1).replace(
        b'<div class="markdown__style">', b'<div class="markdown__style"><p><img src="%s"></p>' % image.encode(), 1
    )
    assert body != page(DAY1)
    code, out, _ = importer.told(
        "import", importer.save("x.mhtml", made.mhtml(DAY1, body, (image, picture), (image + "x", picture)))
    )

    assert code == 0
    assert "1 of 1 pages kept and 1 images" in out
    assert [(url, outcome) for url, outcome, _ in importer.fetches()] == [(DAY1, "ok"), (image, "ok")]


# ─── what other tools write ─────────────────────────────────────────────────────────────────────


class Proxy(BaseHTTPRequestHandler):
    """Leads a tool that records to the stand-in."""

    standin: StandIn

    def do_GET(self) -> None:
        got = ask(self.standin, self.path.replace("http://", "https://", 1))
        self.send_response(got.status)
        self.send_header("Content-Type", got.headers["Content-Type"])
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(got.body), got.body))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    protocol_version = "HTTP/1.1"


@pytest.fixture
def proxy() -> Iterator[str]:
    with StandIn(small_site()) as standin:
        handler = type("Led", (Proxy,), {"standin": standin})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("packed", [True, False])
def test_what_wget_records_is_imported_whole(importer: Importer, proxy: str, packed: bool) -> None:
    asked = [url.replace("https:", "http:") for url in (SERIES, DAY1, DAY2, DAY3)]
    subprocess.run(
        ["wget", "-q", "-e", f"http_proxy={proxy}", "-e", "robots=off", "-O", os.devnull, "-t", "1",
         *([] if packed else ["--no-warc-compression"]), f"--warc-file={importer.folder / 'wget'}", *asked],
        check=True, timeout=30,
    )  # fmt: skip
    code, out, err = importer.told("import", next(importer.folder.glob("wget.warc*")))

    assert (code, err) == (0, "")
    assert "4 of 4 pages kept" in out
    assert series_counts(importer.db) == (5, 3, 2)


@pytest.mark.parametrize("name", ["chromium.mhtml.gz", "wacz-tool.wacz.gz", "singlefile.zip.gz"])
def test_what_others_really_wrote_is_imported_whole(importer: Importer, name: str) -> None:
    """Of the stand-in's pages: a snapshot of Chromium 156, a WACZ of `wacz create` 0.6.0, SingleFile 2.0.83."""
    data = gzip.decompress((Path(__file__).parent / "saved" / name).read_bytes())
    code, out, err = importer.told("import", importer.save("file", data))

    assert (code, err) == (0, "")
    assert "kept" in out
    ((text,),) = importer.rows("SELECT body_text FROM articles WHERE id = 10319293")
    assert text == text_of(DAY2)


# ─── what a file does not say, and what none of it is kept of ───────────────────────────────────

UNNAMED = re.compile(rb'<meta property="og:url"[^>]*>')
NAMELESS = re.compile(rb'data-id="[0-9]+"|<ul class="soc.*?</ul>', re.DOTALL)


def test_an_article_that_does_not_name_itself_is_kept_by_the_word_of_url_alone_and_says_so(importer: Importer) -> None:
    file = importer.save("page.html", UNNAMED.sub(b"", page(DAY2)))
    code, out, err = importer.told("import", file)
    assert (code, out) == (2, "")
    assert "it does not say of which page it is a copy" in err

    code, out, err = importer.told("import", file, "--url", DAY2)
    assert (code, err) == (0, "")
    assert "1 of 1 pages kept: 10319293" in out
    assert importer.told("status", "--strict")[0] == 3, "the other parts are missing"
    assert series_counts(importer.db) == (5, 1, 4)
    assert "by the word of --url alone: it does not name itself" in importer.told("why", "10319293")[1]
    assert (importer.told("parse")[0], importer.told("verify")[0]) == (0, 0)
    assert series_counts(importer.db) == (5, 1, 4)
    assert importer.told("import", file, "--url", DAY2)[0] == 0
    assert [outcome for _, outcome, _ in importer.fetches()] == ["ok", "unchanged"]


SAYS_OTHERWISE: dict[str, Callable[[bytes], bytes]] = {
    "its button to like": lambda body: body,
    "its buttons to share": lambda body: re.sub(rb'data-id="[0-9]+"', b"", body),
    "the tool that saved it": lambda body: made.chrome_html(DAY1, NAMELESS.sub(b"", body)),
}


@pytest.mark.parametrize("what", SAYS_OTHERWISE)
def test_what_the_file_says_outweighs_the_word_of_url(importer: Importer, what: str) -> None:
    importer.db.unlink()
    file = importer.save("page.html", SAYS_OTHERWISE[what](UNNAMED.sub(b"", page(DAY1))))
    code, out, _ = importer.told("import", file, "--url", DAY2)

    assert code == 3
    assert "not kept: 10319293: wrong_page: --url names" in out
    assert "/articles/10319216" in importer.told("import", file, "--url", DAY2, "--json")[1]
    assert not importer.db.exists()


@pytest.mark.parametrize("tool", [False, True], ids=["its link to the feed", "the tool that saved it"])
def test_a_list_that_does_not_name_itself_is_the_named_one_unless_it_says_otherwise(
    importer: Importer, tool: bool
) -> None:
    importer.db.unlink()
    other = SERIES.replace("5943", "5944")
    body = UNNAMED.sub(b"", page(SERIES))
    file = importer.save(
        "page.html", made.chrome_html(SERIES, body.replace(b"/rss/series/", b"/rss/none/")) if tool else body
    )
    code, out, _ = importer.told("import", file, "--url", other)
    assert (code, "wrong_page: " in out) == (3, True)

    code, out, _ = importer.told("import", file, "--url", SERIES)
    assert (code, "1 of 1 pages kept" in out) == (0, True)
    by_word = "by the word of --url alone" in importer.rows("SELECT signals FROM fetches")[0][0]
    assert by_word is tool, "its feed's button is a name of its own"


def test_a_page_without_content_is_not_kept_on_anybody_s_word(importer: Importer) -> None:
    importer.db.unlink()
    for name, body in (
        (
            "empty",
            re.sub(rb'(?s)<div class="markdown__style">.*?</div>', b'<div class="markdown__style"></div>', page(DAY2)),
        ),
        ("cut", page(DAY2)[:30_000]),
        ("challenge", made.challenge()),
        ("another", b"<!DOCTYPE html><html><head><title>x</title></head><body><p>hello</p></body></html>"),
    ):
        code, out, _ = importer.told("import", importer.save(name, UNNAMED.sub(b"", body)), "--url", DAY2)
        assert (code, "0 of 1 pages kept" in out) == (3, True), name
        assert not importer.db.exists()


NOTHING_KEPT: dict[str, Callable[[], bytes]] = {
    "a bot check": lambda: made.mhtml(DAY1, made.challenge()),
    "a WARC of others": lambda: made.warc(("https://example.org/", b"<p>another")),
    "a WARC of a 404": lambda: made.warc((DAY1, b"<p>no"), status="404 Not Found"),
    "a picture alone": lambda: made.plain_record(f"{SITE}/upload/images/1/2.png", made.http(b"\x89PNG")),
    "a page that is cut": lambda: page(DAY1)[:30_000],
    "an empty HAR": lambda: made.har(),
}


@pytest.mark.parametrize("what", NOTHING_KEPT)
def test_an_import_that_keeps_nothing_leaves_no_new_archive_behind(importer: Importer, what: str) -> None:
    importer.db.unlink()
    file = importer.save("file", NOTHING_KEPT[what]())
    code, out, err = importer.told("import", file)
    assert (code, err) == (3, "")
    assert out.startswith("file: ")
    assert out.endswith("Nothing was kept, so no archive was made.\n")
    assert sorted(path.name for path in importer.folder.iterdir()) == ["archiver.toml", "file"]
    document = json.loads(importer.told("import", file, "--json")[1])
    assert (document["run_id"], document["exit_code"]) == (None, 3)
    assert [one["error"] for one in document["files"]] == [None]

    importer.db.write_bytes(b"")
    assert importer.told("import", file)[0] == 3
    assert importer.db.read_bytes() == b""


# ─── what is asked for, and what is not ─────────────────────────────────────────────────────────


def test_a_page_that_no_source_asks_for_is_kept_and_followed_by_nobody(importer: Importer) -> None:
    importer.config.write_text('[[sources]]\nurl = "https://ithelp.ithome.com.tw/users/1/ironman/2"\n', "utf-8")
    file = importer.save("x.html", page(DAY2))
    code, out, _ = importer.told("import", file)

    assert code == 0
    assert f"1 kept that no source asks for: {DAY2}. A series is told and exported once it is named" in out
    assert f"  `archiver import {file} --db {importer.db} --url {DAY2}`\n" in out
    assert f"To follow its series, name it: `archiver fetch {DAY2}`" in out
    assert importer.rows("SELECT count(*) FROM series WHERE followed AND id = 5943") == [(0,)]


def test_a_page_named_with_url_becomes_a_source(importer: Importer) -> None:
    importer.config.write_text('[[sources]]\nurl = "https://ithelp.ithome.com.tw/users/1/ironman/2"\n', "utf-8")
    code, out, _ = importer.told("import", importer.save("x.html", page(DAY2)), "--url", DAY2)

    assert code == 0
    assert "no source asks for" not in out
    assert importer.rows("SELECT url FROM sources") == [(DAY2,)]
    assert importer.rows("SELECT count(*) FROM series WHERE followed") == [(1,)]


def test_an_article_of_the_site_is_no_index_of_somebody_else(importer: Importer) -> None:
    code, out, _ = importer.told("import", importer.save("x.html", page(DAY2)), "--url", "https://blog.example/day2")

    assert code == 3
    assert f"wrong_page: --url names https://blog.example/day2, but the file says that it is {DAY2}" in out
    assert importer.rows("SELECT count(*) FROM captures WHERE source = 'import'") == [(0,)]


def test_who_has_no_config_does_not_get_the_packaged_series_by_importing(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = importer.save("x.html", page(DAY2))
    importer.told("import", file, "--url", DAY2)
    assert cli.run(["import", str(file), "--db", str(importer.db)]) == 0

    assert importer.rows("SELECT url FROM sources") == [(DAY2,)]


def test_the_packaged_series_comes_with_what_is_of_it_alone(importer: Importer) -> None:
    importer.db.unlink()
    stranger = page(DAY2).replace(b"/users/20141304/ironman/5943", b"/users/20141304/ironman/7")
    assert cli.run(["import", str(importer.save("x.html", stranger)), "--db", str(importer.db)]) == 0
    assert importer.rows("SELECT series_id FROM articles") == [(7,)]
    assert importer.rows("SELECT url FROM sources") == []
    assert "1 article held, but no source is named" in importer.told("status")[2]

    assert cli.run(["import", str(importer.save("y.html", page(DAY1))), "--db", str(importer.db)]) == 0
    assert importer.rows("SELECT series_hint FROM sources") == [(5943,)]
    assert (5943, 10319216) in importer.rows("SELECT series_id, article_id FROM parts")


def test_a_recording_of_a_series_is_told_and_exported_once_its_list_is_named(
    whole_parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, recording = tmp_path / "new.db", tmp_path / "a.wacz"
    (tmp_path / "c.toml").write_text('[[sources]]\nurl = "https://ithelp.ithome.com.tw/users/1/ironman/2"\n', "utf-8")
    own = ["--db", str(db), "--config", str(tmp_path / "c.toml")]
    archiver.export(whole_parts, "wacz", out=recording)
    assert cli.run(["import", str(recording), *own]) == 0
    told = re.search(r"^  `archiver (import .* --db .* --url \S+)`$", capsys.readouterr().out, re.MULTILINE)
    assert told is not None
    assert cli.run(["export", "json", "--db", str(db), "--out", str(tmp_path / "a.json")]) == 2
    assert "archiver import FILE --url URL" in capsys.readouterr().err

    assert cli.run([*shlex.split(told[1]), *own[2:]]) == 0
    with opened_books(whole_parts) as before, opened_books(db) as after:
        titles = [[(entry.part.id, entry.title) for _, entry in books.parts()] for books in (before, after)]
    assert titles[0] == titles[1]
    assert len(titles[0]) > 1


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "soon"])
def test_a_date_that_cannot_be_is_not_believed(importer: Importer, date: str) -> None:
    file = importer.save("x.warc", made.plain_record(DAY2, made.http(page(DAY2)), WARC_Date=date))
    os.utime(file, (1_700_000_000, 1_700_000_000))

    assert importer.told("import", file)[0] == 0
    assert importer.rows("SELECT substr(source_at, 1, 10) FROM captures") == [("2023-11-14",)]


def test_a_foreign_page_is_refused_unless_it_is_a_source(importer: Importer) -> None:
    importer.db.unlink()
    blog = "https://blog.example/posts/ironman/"
    body = made.chrome_html(blog, f'<!DOCTYPE html><html><body><a href="{DAY1}">Day 01</a></body></html>'.encode())
    file = importer.save("index.html", body)
    code, _, err = importer.told("import", file)
    assert code == 2
    assert "a page of https://blog.example/posts/ironman/; only pages of iThome and of the config's sources" in err
    assert not importer.db.exists()

    importer.config.write_text(f'[[sources]]\nurl = "{blog}"\n', "utf-8")
    code, out, _ = importer.told("import", file)
    assert (code, "1 of 1 pages kept" in out) == (0, True)
    assert importer.rows("SELECT article_id FROM parts") == [(10319216,)]


def test_an_index_that_was_fetched_by_name_is_a_source_too(importer: Importer) -> None:
    with StandIn(small_site()) as standin:
        file = config_for(standin, importer.folder, sources="")
        run_fetch(importer.db, file, INDEX, limit=2)
    mark = f"<!-- saved from url=(0040){INDEX} -->".encode()
    code, out, _ = importer.told(
        "import", importer.save("index.html", b"<!DOCTYPE html>" + mark + b"<html><body><p>gone</p></body></html>")
    )

    assert (code, "1 of 1 pages kept" in out) == (0, True)


def test_a_304_is_no_page(importer: Importer) -> None:
    record = made.plain_record(DAY1, b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")
    code, out, _ = importer.told(
        "import", importer.save("x.warc", record), importer.save("y.har", made.har(made.entry(DAY2, None, 304)))
    )

    assert code == 3
    assert "not kept: 10319216: truncated: a 304" in out
    assert "1 responses whose body the browser did not save" in out


def test_url_with_several_files_is_refused(importer: Importer) -> None:
    files = [importer.save(name, page(DAY1)) for name in ("a", "b")]
    code, _, err = importer.told("import", *files, "--url", DAY1)

    assert code == 2
    assert "import the files one by one" in err


def test_a_broken_file_keeps_no_other_from_being_imported(importer: Importer) -> None:
    code, out, err = importer.told(
        "import", importer.save("a.html", page(DAY1)), importer.save("b.warc.gz", made.warc((DAY2, page(DAY2)))[:-9])
    )

    assert code == 2
    assert "a.html: 1 of 1 pages kept" in out
    assert "archiver: b.warc.gz: record 4 at byte" in err
    assert [url for url, *_ in importer.fetches()] == [DAY1]
    assert "b.warc.gz" in importer.rows("SELECT note FROM runs")[0][0]


BROKEN: dict[str, Callable[[], bytes]] = {
    "cut.warc.gz": lambda: made.warc((DAY1, page(DAY1)), (DAY2, page(DAY2)))[:-9],
    "wrong length.warc": lambda: (
        made.plain_record(DAY1, made.http(page(DAY1))) + made.plain_record(DAY2, b"", Content_Length="9")
    ),
    "path.wacz": lambda: made.wacz(made.warc((DAY1, page(DAY1))), extra={"../../etc/passwd": b"x"}),
    "bomb.warc.gz": lambda: gzip.compress(made.plain_record(DAY1, bytes(70_000_000))),
    "hash.wacz": lambda: made.wacz(made.warc((DAY1, page(DAY1))), wrong_hash="archive/rec-00.warc.gz"),
    "deep.har": lambda: b'{"log":' + b"[" * 100_000,
    "cut.mhtml": lambda: made.mhtml(DAY1, page(DAY1))[:-90],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_hostile_file_is_a_clear_error_and_changes_nothing(importer: Importer, name: str) -> None:
    importer.db.unlink()
    file = importer.save(name, BROKEN[name]())
    code, out, err = importer.told("import", file)
    assert (code, out) == (2, "")
    assert err.startswith(f"archiver: {name}: ")
    assert err.count("\n") == 1
    assert not importer.db.exists()

    importer.db.write_bytes(b"")
    assert importer.told("import", file, "-v", "-v")[0] == 2
    assert importer.db.read_bytes() == b""


def test_hostile_files_leave_an_archive_as_it_was(importer: Importer) -> None:
    importer.told("import", importer.save("good", page(DAY2)))
    before = dump(importer.db)
    code, _, err = importer.told("import", *(importer.save(name, make()) for name, make in BROKEN.items()))

    assert code == 2
    assert err.count("\n") == len(BROKEN)
    assert dump(importer.db) == before


def dump(db: Path) -> list[str]:
    with reading(db) as connection:
        return list(connection.iterdump())


def test_json_tells_of_every_response(importer: Importer) -> None:
    file = importer.save("x.warc.gz", made.warc((DAY1, made.challenge()), (DAY2, page(DAY2))))
    code, out, _ = importer.told("import", file, importer.save("empty", b""), "--json")
    document = json.loads(out)

    assert (code, document["exit_code"]) == (2, 2)
    assert document["files"][0]["format"] == "WARC"
    assert [(one["url"], one["outcome"]) for one in document["files"][0]["results"]] == [
        (DAY1, "challenge"),
        (DAY2, "ok"),
    ]
    assert (document["files"][0]["pages"], document["files"][0]["kept"]) == (2, 1)
    assert "an empty file" in document["files"][1]["error"]
    assert document["series"][0]["rescued"] == 1


def test_why_tells_where_a_copy_came_from(importer: Importer) -> None:
    importer.told("import", importer.save("x.warc.gz", made.warc((DAY2, page(DAY2)))))
    out = importer.told("why", "10319293")[1]

    assert "imported from x.warc.gz, sha256 " in out
    assert "record 3 at byte" in out
    assert "a copy of 2023-09-20 12:34" in out
    assert "no live answer is held" in out


def test_an_archive_that_is_in_use_stays_as_it_is(importer: Importer) -> None:
    importer.db.write_bytes(b"not a database, but long enough to be told from an empty file")

    assert importer.told("import", importer.save("x.html", page(DAY1)))[0] == 5


# ─── a copy and then the page itself ────────────────────────────────────────────────────────────


def test_a_page_that_came_as_mhtml_and_then_live_was_not_edited(importer: Importer) -> None:
    data = gzip.decompress((Path(__file__).parent / "saved/chromium.mhtml.gz").read_bytes())
    importer.told("import", importer.save("page.mhtml", data))
    with StandIn(small_site()) as standin:
        run_fetch(importer.db, config_for(standin, importer.folder, sources=f'[[sources]]\nurl = "{SERIES}"'))

    asked = "SELECT source, outcome FROM fetches JOIN pages ON pages.id = page_id WHERE article_id = 10319293"
    assert importer.rows(asked) == [("import", "ok"), ("live", "ok")]
    assert importer.rows("SELECT * FROM edits") == []


def browsed(body: bytes) -> bytes:
    """What a browser makes of a page before anybody saves it: absolute addresses, code coloured by a script."""
    coloured = b'<span class="hljs-keyword">fn</span> <span class="hljs-title function_">'
    body = body.replace(b'href="#', b'href="%s#' % DAY2.encode())
    body = body.replace(
        b'"language-rust">fn main', b'"language-rust hljs" data-highlighted="yes">%smain</span>' % coloured
    )
    return body.replace(b"<code>fn other", b'<code class="hljs language-rust">%sother</span>' % coloured)


@pytest.mark.parametrize("form", ["MHTML", "HTML as Chromium saves it"])
@pytest.mark.parametrize("order", [1, -1], ids=["the copy first", "the copy later"])
def test_what_a_browser_does_to_a_page_is_no_edit(importer: Importer, form: str, order: int) -> None:
    code = b'<pre><code class="language-rust">fn main() {}\n</code></pre><pre><code>fn other() {}\n</code></pre>'
    written = b'<div class="markdown__style"><h2 id="a">x</h2><a href="#a">up</a><a href="#">top</a>' + code
    body = re.sub(rb"<img [^>]*>", b"", page(DAY2)).replace(b'<div class="markdown__style">', written, 1)
    saved = ONE_PAGE[form](DAY2, browsed(body)).replace(b"20 Sep 2023", b"20 Nov 2023")
    copy = importer.save("copy", saved)
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    date = "2023-10-01T00:00:00Z" if order == -1 else "2024-01-01T00:00:00Z"
    for file in [copy, importer.save("x.warc", made.plain_record(DAY2, made.http(body), WARC_Date=date))][::order]:
        assert importer.told("import", file)[0] == 0

    assert [outcome for _, outcome, _ in importer.fetches()] == ["ok", "unchanged"]
    assert importer.rows("SELECT * FROM edits") == []
    assert importer.rows("SELECT language, language_guessed, code FROM code ORDER BY position LIMIT 2") == [
        ("rust", 0, "fn main() {}\n"), (None, 0, "fn other() {}\n")
    ]  # fmt: skip


def test_an_edit_by_the_author_after_mhtml_is_one(importer: Importer) -> None:
    importer.told("import", importer.save("page", made.mhtml(DAY2, browsed(page(DAY2)))))
    changed = page(DAY2).replace(b'<div class="markdown__style">', b'<div class="markdown__style"><p>news</p>', 1)
    record = made.plain_record(DAY2, made.http(changed), WARC_Date="2024-01-01T00:00:00Z")
    importer.told("import", importer.save("x.warc", record))

    assert importer.rows("SELECT title_changed, body_changed, cosmetic FROM edits") == [(0, 1, 0)]
