"""Common Crawl as it documents itself: the list of crawls, an index for each, and WARC files by byte range."""

from __future__ import annotations

import gzip
import json
import re
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from archiver.standin.shelf import Memento, surt
from archiver.standin.wire import Reply, Request, json_reply

INDEX = "index.commoncrawl.org"
DATA = "data.commoncrawl.org"
ROBOTS = (
    "User-agent: *\nDisallow: /\n\nAllow: /$\nAllow: /index.html$\nAllow: /collinfo.json$\nAllow: /graphinfo.json$\n"
)
"""What the index host really says to crawlers, though its documentation invites programs to ask."""

_INDEX = re.compile(r"/(CC-MAIN-[0-9]{4}-[0-9]{2})-index")
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]+)")


class Crawls:
    """Crawls and what they hold: each crawl is one WARC file of gzip members, one a record."""

    def __init__(self, names: tuple[str, ...] = ("CC-MAIN-2023-40", "CC-MAIN-2023-50", "CC-MAIN-2024-10")) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, bytes] = {name: _member(_info()) for name in names}
        self._rows: dict[str, list[dict[str, str]]] = {name: [] for name in names}

    def put(self, crawl: str, *mementos: Memento) -> None:
        """Add mementos to a crawl that is listed."""
        with self._lock:
            for one in mementos:
                record = _member(warc_record(one))
                row = _row(one, crawl, len(self._files[crawl]), len(record))
                self._rows[crawl].append(row)
                self._files[crawl] += record

    def answer(self, request: Request) -> Reply:
        """What index.commoncrawl.org says."""
        if request.path == "/robots.txt":
            return Reply(200, ROBOTS.encode(), "text/plain")
        if request.path == "/collinfo.json":
            return json_reply([_listed(name) for name in sorted(self._files, reverse=True)])
        match = _INDEX.fullmatch(request.path)
        if match is None or match[1] not in self._rows:
            return json_reply({"message": "Not Found"}, 404)
        return self._index(match[1], request.query)

    def _index(self, crawl: str, query: Mapping[str, str]) -> Reply:
        """NDJSON, one line a capture; 404 with a message where there is none."""
        url = query.get("url", "")
        prefix = url.endswith("*") or query.get("matchType") == "prefix"
        key = surt(url.removesuffix("*"))
        with self._lock:
            rows = list(self._rows[crawl])
        found = [row for row in rows if row["urlkey"] == key or (prefix and row["urlkey"].startswith(key))]
        if "=" in (wanted := query.get("filter", "")):
            name, _, value = wanted.lstrip("=").partition(":") if ":" in wanted else wanted.partition("=")
            found = [row for row in found if row.get(name) == value.lstrip("=")]
        if not found:
            return json_reply({"message": f"No Captures found for: {url}"}, 404)
        return Reply(200, "".join(json.dumps(row) + "\n" for row in found).encode(), "text/x-ndjson")

    def data(self, request: Request) -> Reply:
        """What data.commoncrawl.org says: part of a WARC file with 206, or, without Range, all of it."""
        file = next((self._files[name] for name in self._files if request.path == f"/{path_of(name)}"), None)
        if request.path == "/robots.txt":
            return Reply(200, b"User-Agent: *\nDisallow: /\n", "text/plain")
        if file is None:
            return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
        match = _RANGE.fullmatch(request.headers.get("range", ""))
        if match is None:
            return Reply(200, file, "application/octet-stream", (("Accept-Ranges", "bytes"),))
        first, last = int(match[1]), min(int(match[2]), len(file) - 1)
        if first >= len(file):
            return Reply(416, b"<Error><Code>InvalidRange</Code></Error>", "application/xml")
        content_range = ("Content-Range", f"bytes {first}-{last}/{len(file)}")
        return Reply(206, file[first : last + 1], "application/octet-stream", (content_range,))


def path_of(crawl: str) -> str:
    """The name of the WARC file of a crawl."""
    return f"crawl-data/{crawl}/segments/1695233506632.31/warc/{crawl}-00000.warc.gz"


def _listed(name: str) -> dict[str, str]:
    year, week = int(name[8:12]), int(name[13:15])
    start = datetime.fromisocalendar(year, week, 1).replace(tzinfo=UTC)
    return {
        "id": name, "name": f"{start:%B %Y} Index", "timegate": f"https://{INDEX}/{name}/",
        "cdx-api": f"https://{INDEX}/{name}-index", "from": f"{start:%Y-%m-%dT%H:%M:%S}",
        "to": f"{start + timedelta(days=12):%Y-%m-%dT%H:%M:%S}",
    }  # fmt: skip


def _row(one: Memento, crawl: str, offset: int, length: int) -> dict[str, str]:
    return {
        "urlkey": surt(one.url), "timestamp": one.timestamp, "url": one.url, "mime": one.index_mime,
        "mime-detected": one.index_mime, "status": one.index_status, "digest": one.digest, "length": str(length),
        "offset": str(offset), "filename": path_of(crawl), "languages": "zho", "encoding": "UTF-8",
    }  # fmt: skip


def _member(record: bytes) -> bytes:
    return gzip.compress(record, mtime=0)


def _info() -> bytes:
    body = b"software: Nutch 1.6 (CC)\r\n"
    head = f"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body + b"\r\n\r\n"


def warc_record(one: Memento) -> bytes:
    """A response record as Common Crawl writes it: the body decoded, what it was encoded with under another name."""
    fields = [("Content-Type", one.mime), ("X-Crawler-Content-Encoding", "gzip"), *one.headers,
              ("Content-Length", str(len(one.body)))]  # fmt: skip
    http = f"HTTP/1.1 {one.status} OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    block = http.encode() + one.body
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{one.url} {one.timestamp}")
    head = (
        "WARC/1.0\r\n"
        "WARC-Type: response\r\n"
        f"WARC-Date: {one.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\r\n"
        f"WARC-Record-ID: <urn:uuid:{identity}>\r\n"
        f"Content-Length: {len(block)}\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"WARC-Target-URI: {one.url}\r\n"
        f"WARC-Payload-Digest: sha1:{one.digest}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"
