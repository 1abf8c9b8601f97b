"""Coverage-guided fuzzing of everything that reads what the world wrote, with atheris where it installs.

    pip install atheris
    python bench/fuzz.py TARGET [libFuzzer options, such as -max_total_time=60]

Targets: article, series, feed, index, urls, robots, config; what archives answer: cdx, crawls, commoncrawl, timemap,
savepagenow; files to import: warc, har, mhtml. A finding is an exception, or an input that takes longer than five
seconds; it becomes a fixture or a case of the test beside the code (tests/test_holders_absurd.py). The same properties
run in every test run with hypothesis (tests/test_pages_properties.py, tests/test_urls.py and that file).
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["archiver"]):
    from archiver import config, ithome, pages
    from archiver.archive.times import stamp
    from archiver.errors import ConfigError, UnusableFile
    from archiver.formats import har, mhtml, warc
    from archiver.formats.found import Bounds
    from archiver.holders import common_crawl, memento, save_page_now, wayback
    from archiver.holders.listing import NotAnIndex
    from archiver.model import Address, Answer, Copy, Kind, Push, key_of
    from archiver.web import headers, rules

FIXTURES = Path(__file__).parents[1] / "tests/fixtures"
SAMPLES = {
    "article": ithome.article_url(10319293),
    "series": ithome.series_url(20141304, 5943),
    "feed": ithome.feed_url(5943),
    "index": "https://blog.example/ironman/",
}


PAGE = Address(ithome.article_url(10319293), Kind.ARTICLE, 10319293)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MEMENTO = f"https://arquivo.pt/wayback/20231006120000/{PAGE.url}"
DATE = "Fri, 06 Oct 2023 12:00:00 GMT"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
# What is changed to begin with, where there are no fixtures.
SEEDS: dict[str, list[bytes]] = {
    "cdx": [
        json.dumps([["timestamp", "original", "mimetype", "statuscode", "digest"],
                    ["20231006120000", PAGE.url, "text/html", "200", "A" * 32], [], ["com,example)/ 2023"]]).encode(),
    ],
    "crawls": [
        json.dumps([{"id": "CC-MAIN-2023-50", "cdx-api": f"{common_crawl.INDEX}/CC-MAIN-2023-50-index",
                     "from": "2023-11-28T00:00:00", "to": "2023-12-12T00:00:00"}]).encode(),
    ],
    "commoncrawl": [
        json.dumps({"timestamp": "20231201120000", "url": PAGE.url, "filename": "crawl-data/CC/a/b.warc.gz",
                    "offset": "9", "length": "99", "status": "200", "mime": "text/html", "digest": "A" * 32}).encode(),
    ],
    "timemap": [f'<{PAGE.url}>; rel="original",\n<{MEMENTO}>; rel="first memento"; datetime="{DATE}"'.encode()],
    "savepagenow": [
        b'{"job_id": "spn2-0123456789abcdef", "status": "success", "timestamp": "20231006120000"}',
        b'{"status": "error", "status_ext": "error:user-session-limit", "message": "wait 5 minutes"}',
        b'<h2>Sorry</h2><p>The same snapshot had been made 3 minutes ago. watchJob("spn2-0123456789abcdef")</p>',
    ],
    "warc": [
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nWARC-Date: 2023-10-06T12:00:00Z\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (PAGE.url.encode(), len(HTTP), HTTP),
    ],
    "har": [
        json.dumps({"log": {"entries": [{"startedDateTime": "2023-10-06T12:00:00Z", "request": {"method": "GET",
                    "url": PAGE.url}, "response": {"status": 200, "headers": [{"name": "a", "value": "b"}],
                    "content": {"text": "eA==", "encoding": "base64", "mimeType": "text/html"}}}]}}).encode(),
    ],
    "mhtml": [
        b'Date: Fri, 06 Oct 2023 12:00:00 GMT\r\nSnapshot-Content-Location: %s\r\nContent-Type: multipart/related;'
        b' boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding:'
        b" quoted-printable\r\nContent-Location: %s\r\n\r\nx=3D\r\n--b--\r\n" % (PAGE.url.encode(), PAGE.url.encode()),
    ],
}  # fmt: skip


def fits(copies: tuple[Copy, ...]) -> None:
    """Whether copies can be kept: dates that can be said, numbers that a column holds."""
    for copy in copies:
        assert len(str(key_of(copy))) < 20_000
        assert stamp(copy.made_at + timedelta(days=366))
        assert copy.http_status is None or 100 <= copy.http_status < 600
        assert copy.byte_range is None or copy.byte_range[1] < 2**62


def read_cdx(data: bytes) -> None:
    """Reads an index of the Wayback Machine."""
    with suppress(NotAnIndex):
        fits(wayback.read_index(PAGE, data).copies)
    wayback.count_rows(data)


def read_crawls(data: bytes) -> None:
    """Reads the list of crawls, and chooses."""
    with suppress(NotAnIndex):
        for crawl in common_crawl.nearest(common_crawl.read_crawls(data), NOW - timedelta(days=3_000), 5):
            assert stamp(crawl.began)


def read_common_crawl(data: bytes) -> None:
    """Reads an index of Common Crawl."""
    with suppress(NotAnIndex):
        fits(common_crawl.read_index(PAGE, data).copies)
    common_crawl.says_none(Answer(PAGE.url, NOW, 0, status=404, body=data))


def read_timemap(data: bytes) -> None:
    """Reads a TimeMap, and the same bytes as header fields with a date."""
    with suppress(NotAnIndex):
        fits(memento.read(PAGE, data, "https://arquivo.pt/wayback/timemap/link/x").copies)
    said = data[:200].decode("latin-1")
    answer = Answer(PAGE.url, NOW, 0, status=200, headers=(("memento-datetime", said),))
    assert stamp(wayback.made_at(answer, NOW))
    wait = headers.retry_after_s((("retry-after", said), ("date", said)), NOW)
    assert wait is None or 0 <= wait <= 366 * 86_400


def read_save_page_now(data: bytes) -> None:
    """Reads an answer of Save Page Now, with a status out of its first byte."""
    status = (200, 400, 401, 429, 500, 520)[data[0] % 6] if data else 200
    asked = save_page_now.after_asking(Push(), save_page_now.read_asked(status, data), NOW)
    heard = save_page_now.after_polling(asked, save_page_now.read_status(status, data), NOW)
    assert all(at is None or stamp(at) for at in (asked.not_before, heard.made_at, heard.not_before))


def file_target(read: Callable[..., object]) -> Callable[[bytes], None]:
    """Reads bytes as a file to import; a refusal in words is fine."""

    def target(data: bytes) -> None:
        given = data if read is mhtml.read else io.BytesIO(data)
        with suppress(UnusableFile):
            for found in read(given, lambda _: True, Bounds(), Counter()):  # type: ignore[attr-defined]
                assert found.at is None or stamp(found.at)
                assert found.body is None or len(found.body) <= Bounds().body_bytes

    return target


def page_target(url: str) -> Callable[[bytes], None]:
    """Reads bytes as the page that a URL names."""
    address = ithome.source_address(url)
    assert isinstance(address, Address)

    def read(data: bytes) -> None:
        pages.read(address, data, "text/html; charset=UTF-8")

    return read


def read_url(data: bytes) -> None:
    """Classifies text; what is fetchable must classify the same again."""
    found = ithome.classify(data.decode("utf-8", "surrogateescape"))
    if isinstance(found, Address):
        assert ithome.classify(found.url) == found
        assert not ithome.denied(found.url)


def read_robots(data: bytes) -> None:
    """Reads a robots.txt and asks it."""
    rules.parse(data).allows("https://ithelp.ithome.com.tw/articles/1")


def read_config(data: bytes) -> None:
    """Reads settings; a refusal in words is fine."""
    try:
        config.read(data.decode("utf-8", "replace"), "fuzz.toml")
    except ConfigError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    **{name: page_target(url) for name, url in SAMPLES.items()},
    "urls": read_url,
    "robots": read_robots,
    "config": read_config,
    "cdx": read_cdx,
    "crawls": read_crawls,
    "commoncrawl": read_common_crawl,
    "timemap": read_timemap,
    "savepagenow": read_save_page_now,
    "warc": file_target(warc.read),
    "har": file_target(har.read),
    "mhtml": file_target(mhtml.read),
}


def main(arguments: list[str]) -> None:
    """Fuzz one target, with the fixtures of its kind as seeds."""
    name = arguments[1]
    target = TARGETS[name]
    seeds = [*SEEDS.get(name, ()), *(one.read_bytes() for one in sorted((FIXTURES / name).glob("*/body.*")))]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            target(seed)
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([arguments[0], "-timeout=5", *arguments[2:], folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
