"""Files as people and tools make them: of the stand-in's pages, in every format that can be imported."""

from __future__ import annotations

import base64
import gc
import gzip
import hashlib
import io
import json
import quopri
import re
import warnings
import zipfile
from collections.abc import Iterable
from functools import cache
from typing import Any

from runs import small_site
from standin_client import ask
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.standin import StandIn

SITE = "https://ithelp.ithome.com.tw"
DAY1, DAY2, DAY3 = (f"{SITE}/articles/{number}" for number in (10319216, 10319293, 10321315))
SERIES = f"{SITE}/users/20141304/ironman/5943"
FEED = f"{SITE}/rss/series/5943"
HTTRACK_DATE = "Wed, 20 Sep 2023 12:34:56 GMT"
MADE = "2023-09-20T12:34:56Z"


@cache
def page(url: str) -> bytes:
    """A page of the small series, as the stand-in gives it."""
    return _pages()[url]


@cache
def _pages() -> dict[str, bytes]:
    with StandIn(small_site()) as standin:
        return {url: ask(standin, url).body for url in (DAY1, DAY2, DAY3, SERIES, FEED, f"{SITE}/articles/999")}


@cache
def challenge() -> bytes:
    """What a browser shows that is asked for a proof of its person."""
    with StandIn(small_site()) as standin:
        return ask(standin, DAY1, user_agent="curl/8").body


# ─── WARC and WACZ ──────────────────────────────────────────────────────────────────────────────

Response = tuple[str, bytes]  # URL, body


def warc(
    *responses: Response, packed: bool = True, status: str = "200 OK", headers: Iterable[tuple[str, str]] = (),
    record: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    """As warcio writes it: a warcinfo, then a request and a response for each page."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # warcio leaves its temporary files to the collector
        gc.disable()  # so that what is made meanwhile stays among what is new, where it is found at once
        _write(WARCWriter(out, gzip=packed), responses, status, list(headers), {"WARC-Date": MADE, **(record or {})})
        gc.enable()
        gc.collect(0)
    return out.getvalue()


def _write(
    writer: Any, responses: Iterable[Response], status: str, headers: list[tuple[str, str]], record: dict[str, str]
) -> None:
    writer.write_record(writer.create_warcinfo_record("x.warc.gz", {"software": "test"}))
    for url, body in responses:
        asked = StatusAndHeaders("GET / HTTP/1.1", [], is_http_request=True)
        listed = [("Content-Type", "text/html; charset=UTF-8"), ("Set-Cookie", "a=b"), *headers]
        answered = StatusAndHeaders(status, listed, protocol="HTTP/1.1")
        for kind, said, payload in (("request", asked, b""), ("response", answered, body)):
            writer.write_record(
                writer.create_warc_record(
                    url, kind, payload=io.BytesIO(payload), http_headers=said, warc_headers_dict=dict(record)
                )
            )


def plain_record(url: str, block: bytes, kind: str = "response", **fields: str) -> bytes:
    """One record by hand, with whatever is wrong with it."""
    named = {"WARC-Type": kind, "WARC-Target-URI": url, "WARC-Date": MADE, "Content-Length": str(len(block))}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP response as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def wacz(*warcs: bytes, wrong_hash: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """As browsertrix-crawler lays one out (WACZ 1.1.1)."""
    members = {f"archive/rec-{number:02d}.warc.gz": data for number, data in enumerate(warcs)}
    members["indexes/index.cdx.gz"] = gzip.compress(b"tw,com,ithome,ithelp)/articles/1 20230920123456 {}\n")
    members["pages/pages.jsonl"] = b'{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}\n'
    resources = [
        {"name": name.rpartition("/")[2], "path": name, "bytes": len(data),
         "hash": f"sha256:{'0' * 64 if name == wrong_hash else hashlib.sha256(data).hexdigest()}"}
        for name, data in members.items()
    ]  # fmt: skip
    package = json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}).encode()
    members["datapackage.json"] = package
    digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(package).hexdigest()}"}
    members["datapackage-digest.json"] = json.dumps(digest).encode()
    return zipped({**members, **(extra or {})})


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2023, 9, 20, 12, 0, 0)), data, method)
    return out.getvalue()


# ─── what browsers save ─────────────────────────────────────────────────────────────────────────


def chrome_html(url: str, body: bytes) -> bytes:
    """“Web page, complete”: the mark of the web, links made absolute, images led into a folder."""
    mark = f"<!-- saved from url=({len(url):04d}){url} -->\n".encode()
    local = re.sub(rb'(<img[^>]*src=")[^"]*/', rb"\1./page_files/", body)
    return local.replace(b"<html", mark + b"<html", 1)


def httrack(url: str, body: bytes) -> bytes:
    """As HTTrack 3 mirrors a page: its comment, and every link and picture led to a file, in folders named as hosts."""
    mark = (
        f"<!-- Mirrored from {url.partition('//')[2]} by HTTrack Website Copier/3.x [XR&CO'2014], {HTTRACK_DATE} -->\n"
    )
    local = re.sub(rb'((?:href|src|content)=")https?://ithelp\.ithome\.com\.tw/upload/', rb"\1../../CDN/upload/", body)
    local = re.sub(rb'(href="|content=")https?://ithelp\.ithome\.com\.tw/articles/(\d+)"', rb'\1\2.html"', local)
    local = re.sub(rb'(href=")https?://ithelp\.ithome\.com\.tw/([^"?#.]+)"', rb'\1../\2.html"', local)
    local = re.sub(rb'(src=")https?://([a-z0-9.]+/[^"?]+")', rb"\1../../\2", local)
    local = local.replace(b"../../CDN/", b"../../d1dwq032kyr03c.cloudfront.net/")
    return local.replace(b"<html", mark.encode() + b"<html", 1)


def wget(body: bytes) -> bytes:
    """As `wget -p -k -E -H` writes a page: pictures led to files as the URLs are, other links absolute, no comment."""
    local = re.sub(rb'(src=")https?://ithelp\.ithome\.com\.tw/', rb"\1../", body)
    return re.sub(rb'(src=")https?://([a-z0-9.]+/[^"?]+")', rb"\1../../\2", local)


def singlefile(url: str, body: bytes) -> bytes:
    """SingleFile with its ordinary settings: its comment, no scripts, no end tags that may be left out."""
    comment = (
        f"<!--\n Page saved with SingleFile \n url: {url} \n"
        " saved date: Wed Sep 20 2023 20:34:56 GMT+0800 (台北標準時間)\n-->"
    ).encode()
    bare = re.sub(rb"(?s)<script\b.*?</script>", b"", body)
    bare = re.sub(rb"(?s)<!--.*?-->", b"", bare)
    bare = re.sub(rb"</(?:html|body|head|li|p|td|tr)>", b"", bare)
    return re.sub(rb"(<html[^>]*>)", lambda match: match[1] + comment, bare, count=1).rstrip()


def singlefile_zip(url: str, body: bytes, resources: dict[str, tuple[str, bytes]], **manifest: Any) -> bytes:
    """SingleFile, compressed: the page, its files by name with where they came from, and a list of these."""
    listed = {
        "originalUrl": url, "title": "title", "archiveTime": "2023-09-20T12:34:56.789Z", "indexFilename": "index.html",
        "resources": {name: came_from for name, (came_from, _) in resources.items()}, **manifest,
    }  # fmt: skip
    members = {"index.html": body, "manifest.json": json.dumps(listed).encode()}
    return zipped(members | {name: data for name, (_, data) in resources.items()}, zipfile.ZIP_DEFLATED)


def unpacking_itself(url: str, packed: bytes, behind: int = 100) -> bytes:
    """The same inside of HTML that unpacks it in a browser, with a list of repairs behind it."""
    head = f"<!DOCTYPE html> <html data-sfz><!--\n Page saved with SingleFile \n url: {url} \n-->".encode()
    head += b"<meta charset=windows-1252><title></title><body hidden><div id=sfz-wait-message>Please wait...</div><!--"
    return head + packed + b"--><sfz-extra-data>" + b"A" * behind + b"</sfz-extra-data></body></html>"


def mhtml(url: str, body: bytes, *images: tuple[str, bytes]) -> bytes:
    """As Chromium writes a page: quoted-printable, its images in base 64."""
    boundary = "----MultipartBoundary--abcdefghijklmnop----"
    parts = [
        "From: <Saved by Blink>", f"Snapshot-Content-Location: {url}", "Subject: =?utf-8?Q?title?=",
        "Date: Wed, 20 Sep 2023 12:34:56 +0000", "MIME-Version: 1.0",
        f'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="{boundary}"', "", "",
    ]  # fmt: skip
    text = "\r\n".join(parts).encode()
    text += _part(boundary, "text/html", url, "quoted-printable", quopri.encodestring(body))
    text += _part(boundary, "text/css", "cid:css-1@mhtml.blink", "quoted-printable", b"p { color: red }")
    for address, data in images:
        text += _part(boundary, "image/png", address, "base64", base64.encodebytes(data))
    return text + f"--{boundary}--\r\n".encode()


def _part(boundary: str, kind: str, url: str, encoding: str, data: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-ID: <frame-1@mhtml.blink>\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\nContent-Location: {url}\r\n\r\n"
    return head.encode() + data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def entry(url: str, body: bytes | None, status: int = 200, **changes: Any) -> dict[str, Any]:
    """One exchange as Chromium's network panel notes it."""
    content: dict[str, Any] = {"size": len(body or b""), "mimeType": "text/html"}
    if body is not None:
        content["text"] = body.decode()
    response = {
        "status": status, "statusText": "", "httpVersion": "h3", "redirectURL": "", "cookies": [], "content": content,
        "headers": [{"name": "content-encoding", "value": "br"}, {"name": "set-cookie", "value": "secret=1"},
                    {"name": "content-type", "value": "text/html; charset=big5"}],
    }  # fmt: skip
    request = {"method": "GET", "url": url, "headers": [{"name": "Cookie", "value": "secret=1"}]}
    return {"startedDateTime": "2023-09-20T20:34:56.789+08:00", "request": request, "response": response, **changes}


def har(*entries: dict[str, Any]) -> bytes:
    """A HAR 1.2 document."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": entries}}).encode()
