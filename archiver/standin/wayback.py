"""The Wayback Machine as it documents itself: the CDX server, playback with and without `id_`, and its own TimeMap.

https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from archiver.standin.shelf import Memento, Shelf, surt
from archiver.standin.timemap import link_format
from archiver.standin.wire import Reply, Request, http_date, page

HOST = "web.archive.org"
_FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
_MEMENTO = re.compile(r"/web/([0-9]{1,14})(id_|if_|im_)?/(.+)")
_TIMEMAP = re.compile(r"/web/timemap/link/(.+)")
_BLOCKED = Reply(403, b"org.archive.wayback.exception.AdministrativeAccessControlException: Blocked Site Error\n",
                 "text/plain", (("x-archive-wayback-runtime-error",
                                 "AdministrativeAccessControlException: Blocked Site Error"),))  # fmt: skip
_BANNER = b'<!-- BEGIN WAYBACK TOOLBAR INSERT --><div id="wm-ipp-base"></div><!-- END WAYBACK TOOLBAR INSERT -->'


def answer(shelf: Shelf, request: Request) -> Reply:
    """What web.archive.org says to a GET. Its robots.txt is not there, as in life (404)."""
    if request.path in ("/cdx/search/cdx", "/cdx/search"):
        return cdx(shelf, request)
    if match := _TIMEMAP.fullmatch(request.target):
        return timemap(shelf, match[1])
    if match := _MEMENTO.fullmatch(request.target):
        return memento(shelf, match[1], match[2] or "", match[3])
    return page("<html><head><title>Wayback Machine</title></head><body>404 Not Found</body></html>", 404)


def cdx(shelf: Shelf, request: Request) -> Reply:
    """The CDX server: `url`, `matchType`, `output`, `fl`, `filter`, `from`, `to`, `limit`, `showResumeKey`."""
    given = parse_qs(urlsplit(f"//h{request.target}").query)
    one = {name: values[-1] for name, values in given.items()}
    if "url" not in one:
        return Reply(400, b"org.archive.cdxserver.CDXException: Required param url= missing\n", "text/plain")
    url, match = one["url"], one.get("matchType", "exact")
    if shelf.excludes(url):
        return _BLOCKED
    if url.endswith("*"):
        url, match = url[:-1], "prefix"
    rows = [row for row in map(_row, shelf.of(url, match)) if _passes(row, given.get("filter", []), one)]
    rows, key = _page(rows, one)
    fields = tuple(one["fl"].split(",")) if "fl" in one else _FIELDS
    table = [[row.get(name, "-") for name in fields] for row in rows]
    if one.get("output") == "json":
        listed: list[list[str]] = [list(fields), *table] if table else []
        listed += [[], [key]] if key and table else []
        return Reply(200, (json.dumps(listed) + "\n").encode(), "application/json")
    lines = [" ".join(row) for row in table] + (["", key] if key else [])
    return Reply(200, "".join(f"{line}\n" for line in lines).encode(), "text/plain")


def _row(one: Memento) -> dict[str, str]:
    return {
        "urlkey": surt(one.url), "timestamp": one.timestamp, "original": one.url, "mimetype": one.index_mime,
        "statuscode": one.index_status, "digest": one.digest, "length": str(len(one.body) // 4 + 300),
    }  # fmt: skip


def _passes(row: Mapping[str, str], filters: list[str], one: Mapping[str, str]) -> bool:
    if not one.get("from", "") <= row["timestamp"] <= one.get("to", "9") + "9" * 14:
        return False
    for text in filters:
        name, _, pattern = text.removeprefix("!").partition(":")
        if (re.fullmatch(pattern, row.get(name, "")) is not None) == text.startswith("!"):
            return False
    return True


def _page(rows: list[dict[str, str]], one: Mapping[str, str]) -> tuple[list[dict[str, str]], str]:
    """The rows from the resume key on, at most `limit`, and the key to go on from (only when asked for)."""
    if "resumeKey" in one:
        rows = [row for row in rows if f"{row['urlkey']} {row['timestamp']}" >= one["resumeKey"]]
    limit = int(one.get("limit", "150000"))
    if limit < 0:
        return rows[limit:], ""
    rest = rows[limit:]
    more = f"{rest[0]['urlkey']} {rest[0]['timestamp']}" if rest else ""
    return rows[:limit], quote_plus(more) if one.get("showResumeKey") == "true" else ""


def memento(shelf: Shelf, timestamp: str, flags: str, url: str) -> Reply:
    """A memento, or the way to the nearest one; with `id_` byte for byte, without it with the toolbar put in."""
    if shelf.excludes(url):
        return _BLOCKED
    found = shelf.nearest(url, timestamp)
    if found is None:
        words = f"<html><head><title>Internet Archive Wayback Machine</title></head><body><p>The Wayback Machine has not archived that URL.</p><p>{quote(url)}</p></body></html>"  # noqa: E501
        return page(words, 404, (("X-Archive-Wayback-Runtime-Error", "ResourceNotInArchiveException"),))
    if found.timestamp != timestamp:
        return Reply(302, headers=(("Location", memento_url(found, flags)), *_links(found)))
    body = found.body if flags == "id_" else found.body.replace(b"<head>", b"<head>" + _BANNER, 1)
    headers = (
        ("Memento-Datetime", http_date(found.at)),
        ("x-archive-src", "spn2-20230916/spn2-20230916.warc.gz"),
        *((f"x-archive-orig-{name.lower()}", value) for name, value in found.headers),
        *_links(found),
        *(_archived_location(found, flags)),
        *((("Content-Encoding", found.encoding),) if found.encoding else ()),
    )
    return Reply(found.status, body, found.mime, headers).but(gzip=False)


def _archived_location(found: Memento, flags: str) -> tuple[tuple[str, str], ...]:
    """The target of an archived redirect, as playback sends it on."""
    target = next((value for name, value in found.headers if name.lower() == "location"), None)
    return () if target is None else (("Location", f"https://{HOST}/web/{found.timestamp}{flags}/{target}"),)


def memento_url(found: Memento, flags: str = "") -> str:
    """Where a memento is played."""
    return f"https://{HOST}/web/{found.timestamp}{flags}/{found.url}"


def _links(found: Memento) -> tuple[tuple[str, str], ...]:
    base = f"https://{HOST}/web"
    timemap = f'<{base}/timemap/link/{found.url}>; rel="timemap"; type="application/link-format"'
    return (("Link", f'<{found.url}>; rel="original", {timemap}, <{base}/{found.url}>; rel="timegate"'),)


def timemap(shelf: Shelf, url: str) -> Reply:
    """Its own TimeMap; empty with status 404 when there is nothing."""
    if shelf.excludes(url):
        return _BLOCKED
    found = shelf.of(url)
    if not found:
        return Reply(404, b"", "application/link-format")
    base = f"https://{HOST}/web"
    return link_format(found, f"{base}/timemap/link/{url}", f"{base}/{url}", memento_url)
