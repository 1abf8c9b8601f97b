"""What archives say, read: indexes, TimeMaps and records, and everything that is none of these."""

from __future__ import annotations

import gc
import gzip
import io
import json
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from fakes import START, article, reply
from hypothesis import given
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.formats.found import Bounds
from archiver.holders import common_crawl, memento, wayback
from archiver.holders.choosing import in_order
from archiver.holders.listing import NOTHING, NotAnIndex
from archiver.ithome import names, spellings
from archiver.model import Answer, CaptureSource, Copy, Outcome
from archiver.web import robots

PAGE = article(10323209)
URL = PAGE.url
HEADER = ["timestamp", "original", "mimetype", "statuscode", "digest"]


def listed(*rows: list[str]) -> bytes:
    return json.dumps([HEADER, *rows]).encode()


# ─── spellings ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "original",
    [URL, "http://ithelp.ithome.com.tw/articles/10323209", "http://ithelp.ithome.com.tw:80/articles/10323209/",
     "https://ithelp.ithome.com.tw/m/articles/10323209", f"{URL}?sc=rss.iron", f"{URL}#response-1"],
)  # fmt: skip
def test_a_page_is_known_by_any_spelling(original: str) -> None:
    assert names(original, PAGE)


@pytest.mark.parametrize(
    "original",
    ["https://ithelp.ithome.com.tw/articles/103232090", "https://ithelp.ithome.com.tw/articles/1032320", f"{URL}/draft",
     "https://evil.example/articles/10323209", "https://ithelp.ithome.com.tw/questions/10323209", "", "javascript:1"],
)  # fmt: skip
def test_another_page_is_another_page(original: str) -> None:
    assert not names(original, PAGE)


def test_both_spellings_are_asked_for() -> None:
    assert spellings(PAGE) == (URL, "https://ithelp.ithome.com.tw/m/articles/10323209")


# ─── the Wayback Machine ────────────────────────────────────────────────────────────────────────


def test_an_index_is_read_into_copies() -> None:
    found = wayback.read_index(
        PAGE, listed(["20230920010203", "http://ithelp.ithome.com.tw/articles/10323209", "text/html", "200", "ABC"])
    )

    assert found.resume_key is None
    assert found.copies == (
        Copy(
            CaptureSource.WAYBACK,
            "https://web.archive.org/web/20230920010203id_/http://ithelp.ithome.com.tw/articles/10323209",
            datetime(2023, 9, 20, 1, 2, 3, tzinfo=UTC), "http://ithelp.ithome.com.tw/articles/10323209", "ABC",
            "text/html", 200,
        ),
    )  # fmt: skip


def test_an_empty_index_is_no_copy_and_a_resume_key_is_no_row() -> None:
    assert wayback.read_index(PAGE, b"[]") == NOTHING
    rows = json.dumps([HEADER, ["20230920010203", URL, "text/html", "200", "A"], [], ["tw%2Ccom 2023"]]).encode()
    found = wayback.read_index(PAGE, rows)
    assert (len(found.copies), found.resume_key) == (1, "tw,com 2023")


def test_rows_that_make_no_sense_are_left_out() -> None:
    found = wayback.read_index(
        PAGE,
        listed(
            ["2023", URL, "text/html", "200", "A"], ["20231399010203", URL, "text/html", "200", "A"],
            ["20230920010203", "https://ithelp.ithome.com.tw/articles/1", "text/html", "200", "A"], ["20230920010203"],
            ["20230920010204", URL, "text/html", "-", "A"],
        ),
    )  # fmt: skip
    assert [copy.http_status for copy in found.copies] == [None]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1}', b"[1, 2]", b'[["a"], ["b"]]', b"[" * 100_000, b"\xff"])
def test_what_is_no_index_is_told_apart_from_an_empty_one(body: bytes) -> None:
    with pytest.raises(NotAnIndex):
        wayback.read_index(PAGE, body)


ANY_JSON = st.recursive(st.text() | st.integers() | st.none(), st.lists).map(lambda found: json.dumps(found).encode())


@given(st.binary() | ANY_JSON)
def test_no_bytes_break_the_readers(body: bytes) -> None:
    answer = reply(URL, body, status=206)
    copy = Copy(CaptureSource.COMMON_CRAWL, common_crawl.DATA, START, URL, byte_range=(0, 9))
    for read in (
        lambda: wayback.read_index(PAGE, body), lambda: memento.read(PAGE, body, "https://arquivo.pt/"),
        lambda: common_crawl.read_index(PAGE, body), lambda: common_crawl.read_crawls(body),
    ):  # fmt: skip
        try:
            read()
        except NotAnIndex:
            continue
    assert common_crawl.unpack(PAGE, answer, copy, Bounds()).failure is not None


def test_the_time_of_a_copy_is_what_the_archive_says_of_what_came() -> None:
    said = reply(URL, b"x", headers=(("memento-datetime", "Wed, 20 Sep 2023 01:02:03 GMT"),))
    assert wayback.made_at(said, START) == datetime(2023, 9, 20, 1, 2, 3, tzinfo=UTC)
    by_address = reply(f"https://web.archive.org/web/20230921000000id_/{URL}", b"x", headers=())
    assert wayback.made_at(by_address, START) == datetime(2023, 9, 21, tzinfo=UTC)
    assert wayback.made_at(reply(URL, b"x", headers=(("memento-datetime", "soon"),)), START) == START


# ─── TimeMaps ───────────────────────────────────────────────────────────────────────────────────

TIMEMAP = f"""<{URL}>; rel="original",
<https://arquivo.pt/wayback/timemap/link/{URL}>; rel="self"; type="application/link-format"; from="Wed, 20 Sep 2023",
<https://arquivo.pt/wayback/timemap/link/2/{URL}>; rel="timemap"; type="application/link-format",
<https://elsewhere.example/timemap/{URL}>; rel="timemap",
<https://arquivo.pt/wayback/{URL}>; rel="timegate",
<https://arquivo.pt/wayback/20230920010203mp_/{URL}>; rel="first memento"; datetime="Wed, 20 Sep 2023 01:02:03 GMT",
 <http://archive.ph/20230920010203/{URL}>;rel="memento";datetime="Wed, 20 Sep 2023 01:02:03 GMT",
<https://web.archive.org/web/20230920010203/{URL}>; rel="memento"; datetime="Wed, 20 Sep 2023 01:02:03 GMT",
<https://arquivo.pt/wayback/20230920010203/https://ithelp.ithome.com.tw/articles/1>; rel="memento",
<https://perma.example/ABCD-1234>; rel="last memento"; datetime="Wed, 20 Sep 2023 01:02:03 GMT"
"""


def test_a_timemap_is_read_into_raw_copies_links_for_people_and_further_pages() -> None:
    found = memento.read(PAGE, TIMEMAP.encode(), f"https://arquivo.pt/wayback/timemap/link/{URL}")

    assert [copy.url for copy in found.copies] == [f"https://arquivo.pt/wayback/20230920010203id_/{URL}"]
    assert found.for_people == (f"http://archive.ph/20230920010203/{URL}",)
    assert found.further == (f"https://arquivo.pt/wayback/timemap/link/2/{URL}",)


@pytest.mark.parametrize("body", [b"<html><body>no</body></html>", b"not found", b'{"memento": 1}'])
def test_what_is_no_timemap_is_told(body: bytes) -> None:
    with pytest.raises(NotAnIndex):
        memento.read(PAGE, body, "https://arquivo.pt/")


# ─── Common Crawl ───────────────────────────────────────────────────────────────────────────────


def crawl(name: str, **changes: str) -> dict[str, str]:
    return {"id": name, "cdx-api": f"https://index.commoncrawl.org/{name}-index"} | changes


def test_crawls_are_asked_from_publication_on_and_the_list_sends_us_nowhere_else() -> None:
    names_of = ["CC-MAIN-2023-14", "CC-MAIN-2023-40", "CC-MAIN-2024-10", "CC-MAIN-2023-50"]
    evil = crawl("CC-MAIN-2024-18", **{"cdx-api": "https://evil.example/CC-MAIN-2024-18-index"})
    crawls = common_crawl.read_crawls(json.dumps([*map(crawl, names_of), evil, 7, {"id": "x"}]).encode())

    nearest = common_crawl.nearest(crawls, datetime(2023, 9, 25, tzinfo=UTC), 2)
    assert [one.id for one in nearest] == ["CC-MAIN-2023-40", "CC-MAIN-2023-50"]
    assert [one.id for one in common_crawl.nearest(crawls, None, 1)] == ["CC-MAIN-2024-10"]


ROW = {
    "timestamp": "20231201000000", "url": URL, "filename": "crawl-data/CC-MAIN-2023-50/segments/1/warc/a.warc.gz",
    "offset": "10", "length": "5", "status": "200", "digest": "D", "mime": "text/html",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "count"),
    [({}, 1), ({"filename": "../../etc/passwd"}, 0), ({"filename": "crawl-data/../x/y.warc.gz"}, 0),
     ({"filename": "https://evil.example/x.warc.gz"}, 0), ({"offset": "-1"}, 0), ({"length": "0"}, 0),
     ({"url": "https://ithelp.ithome.com.tw/articles/1"}, 0), ({"timestamp": "soon"}, 0)],
)  # fmt: skip
def test_a_row_of_the_index_names_one_range_of_one_file(changes: dict[str, str], count: int) -> None:
    copies = common_crawl.read_index(PAGE, json.dumps(ROW | changes).encode()).copies

    assert len(copies) == count
    if copies:
        assert copies[0].byte_range == (10, 14)
        assert copies[0].url.startswith("https://data.commoncrawl.org/crawl-data/")


@cache
def record(body: bytes = b"<html>x</html>", url: str = URL, kind: str = "response", *, cut: bool = False) -> bytes:
    """A record as warcio writes it: another hand than the one that reads it here."""
    packed = io.BytesIO()
    fields = {"WARC-Date": "2023-12-01T00:00:00Z"} | ({"WARC-Truncated": "length"} if cut else {})
    sent = [("Content-Type", "text/html"), ("Content-Length", str(len(body)))]
    head = StatusAndHeaders("200 OK", sent, protocol="HTTP/1.1")
    gc.disable()  # so that what warcio leaves is young, and looking through the young is enough
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # warcio leaves its temporary files to the collector
        writer, payload = WARCWriter(packed, gzip=True), io.BytesIO(body)
        writer.write_record(
            writer.create_warc_record(url, kind, payload=payload, http_headers=head, warc_headers_dict=fields)
        )
        del writer
        gc.collect(0)
    gc.enable()
    return packed.getvalue()


def unpacked(body: bytes, *, status: int = 206, digest: str | None = None, content_range: str | None = None) -> Answer:
    headers = (("content-range", content_range),) if content_range else ()
    copy = Copy(CaptureSource.COMMON_CRAWL, common_crawl.DATA, START, URL, digest, byte_range=(10, 14))
    answer = reply(common_crawl.DATA, body, status=status, headers=headers)
    return common_crawl.unpack(PAGE, answer, copy, Bounds(body_bytes=100_000))


def test_a_record_of_warcio_is_the_answer_that_was_archived() -> None:
    found = unpacked(record(), digest="", content_range="bytes 10-14/99")

    assert (found.failure, found.status, found.body) == (None, 200, b"<html>x</html>")
    assert found.header("content-type") == "text/html"


@pytest.mark.parametrize(
    ("found", "outcome", "words"),
    [
        (unpacked(record()[:-12]), Outcome.TRUNCATED, "ends in the middle"),
        (unpacked(record()[: len(record()) // 2]), Outcome.TRUNCATED, "ends in the middle"),
        (unpacked(b""), Outcome.TRUNCATED, "ends in the middle"),
        (unpacked(b"junk"), Outcome.PROTOCOL_ERROR, "cannot be read"),
        (unpacked(gzip.compress(b"junk")), Outcome.PROTOCOL_ERROR, "cannot be read"),
        (unpacked(record(url="https://ithelp.ithome.com.tw/articles/1")), Outcome.WRONG_PAGE, "other pages"),
        (unpacked(record(kind="metadata")), Outcome.WRONG_PAGE, "no response"),
        (unpacked(record(cut=True)), Outcome.TRUNCATED, "cut when it was recorded"),
        (unpacked(record(bytes(200_000))), Outcome.TOO_LARGE, "body"),
        (unpacked(gzip.compress(bytes(100_000_000), 1)), Outcome.PROTOCOL_ERROR, "cannot be read"),
        (unpacked(record(), status=200), Outcome.PROTOCOL_ERROR, "HTTP 200 in place of the bytes"),
        (unpacked(record(), content_range="bytes 0-4/99"), Outcome.PROTOCOL_ERROR, "other bytes"),
        (unpacked(record(), digest="A" * 32), Outcome.PROTOCOL_ERROR, "SHA-1 differs"),
    ],
)
def test_a_record_that_is_not_the_page_whole_is_a_failure_with_its_reason(
    found: Answer, outcome: Outcome, words: str
) -> None:
    assert (found.failure, found.body) == (outcome, None)
    assert words in (found.error or "")


# ─── which first ────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_to_publication_comes_first_and_the_oldest_when_nobody_knows() -> None:
    copies = [
        Copy(CaptureSource.WAYBACK, f"u{days}", START + timedelta(days=days), URL, media_type=kind)
        for days, kind in ((9, "text/html"), (-3, "text/html"), (2, "text/html"))
    ]
    assert [copy.url for copy in in_order(copies, START)] == ["u2", "u-3", "u9"]
    assert [copy.url for copy in in_order(copies, None)] == ["u-3", "u2", "u9"]


def test_the_index_keeps_crawlers_out() -> None:
    """Why `robots=False`: the robots.txt would forbid the documented interface (docs/politeness.md)."""
    from archiver.standin.common_crawl import ROBOTS

    rules = robots.from_answer(reply("https://index.commoncrawl.org/robots.txt", ROBOTS.encode(), headers=()))
    assert rules.allows("https://index.commoncrawl.org/collinfo.json")
    assert not rules.allows("https://index.commoncrawl.org/CC-MAIN-2023-50-index?url=x")
