"""How much memory the worst of everything takes: each shape of hostile content through a command of its own.

    python bench/memory.py [WORD]...     only shapes in whose names one of the words is

Prints the peak of each command in megabytes (its whole resident memory, Python and libraries included), its seconds of
CPU and its exit code, largest first; ends with 1 when one passes what may be taken (150 MB). What is found
here becomes a case of tests/test_bounds.py.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from children import Children, Ended
from rescuers import CRAWL, copy, make_lost, page, rescuer_of
from runs import SERIES as REAL_SERIES
from runs import config_for, small_site, terse_site
from saved_files import DAY1, http, plain_record, singlefile, singlefile_zip, unpacking_itself, wacz, zipped

from archiver.formats.values import MOST_BYTES
from archiver.pages import MAX_BYTES, MAX_INDEX_BYTES
from archiver.standin import StandIn
from archiver.standin.images import png
from archiver.standin.render import Moment

MOST_MB = 150
DOCUMENT = 67_000_000  # a little less than `Bounds.document_bytes`
BODY = 16_700_000  # a little less than `network.max_body_bytes`
ANSWER = 15_800_000
PART = 10_319_216

Desk = tuple[Children, Path, Path]  # children, an archive with a lost part, a folder of its own
Shape = Callable[[Desk], Ended]
Headers = tuple[tuple[str, str], ...]
SHAPES: dict[str, Shape] = {}


# ─── files to import ────────────────────────────────────────────────────────────────────────────


def imports(name: str, made: Callable[[], bytes], *arguments: str) -> None:
    """A file to import into an archive of five parts."""

    def run(desk: Desk) -> Ended:
        children, lost, folder = desk
        shutil.copy(lost, folder / "a.db")
        (folder / "file").write_bytes(made())
        return children.run("import", "--db", folder / "a.db", folder / "file", "-q", *arguments)

    SHAPES[f"import {name}"] = run


def entries(*written: bytes) -> bytes:
    return b'{"log": {"version": "1.2", "entries": [' + b",".join(written) + b"]}}"


def entry(text: bytes, url: str = DAY1, encoding: bytes = b"") -> bytes:
    request = b'{"startedDateTime": "2023-09-20T20:34:56.789+08:00", "request": {"method": "GET", "url": "%s"}, '
    response = b'"response": {"status": 200, "headers": [], "content": {"text": "%s"%s}}}'
    return request % url.encode() + response % (text, encoding)


def filled(unit: bytes, most: int) -> bytes:
    return unit * (most // len(unit))


EMOJI = "😀".encode()
HAN = "漢".encode()
PAGE = page(PART)
ONE = '"' + "x" * 40 + '"'
B64 = b', "encoding": "base64"'

imports("HAR one body", lambda: entries(entry(filled(b"x", BODY))))
imports("HAR one body with an emoji", lambda: entries(entry(EMOJI + filled(b"x", BODY))))
imports("HAR one body of emoji", lambda: entries(entry(filled(EMOJI, BODY))))
imports("HAR one body of escapes", lambda: entries(entry(filled(b"\\u6f22", DOCUMENT - 1000))))
imports("HAR one body of emoji escapes", lambda: entries(entry(filled(b"\\ud83d\\ude00", DOCUMENT - 1000))))
imports("HAR one body of newlines", lambda: entries(entry(filled(b"\\n", 33_000_000))))
imports("HAR one body too long", lambda: entries(entry(filled(b"x", DOCUMENT - 1000))))
imports("HAR one body too long with an emoji", lambda: entries(entry(EMOJI + filled(b"x", DOCUMENT - 1000))))
imports(
    "HAR a body in base64", lambda: entries(entry(base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(BODY)), encoding=B64))
)
imports("HAR four bodies", lambda: entries(*[entry(filled(b"x", BODY - 60_000))] * 4))
imports("HAR four bodies with an emoji", lambda: entries(*[entry(EMOJI + filled(b"x", BODY - 60_000))] * 4))
imports(
    "HAR four bodies of others",
    lambda: entries(*[entry(EMOJI + filled(b"x", BODY - 60_000), "https://a.example/")] * 4),
)
imports("HAR tiny entries", lambda: entries(*[entry(b"x", "https://a.example/")] * 100_000))
imports("HAR tiny entries of one page", lambda: entries(*[entry(b"<html>", DAY1)] * 5_000))
imports(
    "HAR tiny entries of many pages",
    lambda: entries(
        *(entry(b"<html>", f"https://ithelp.ithome.com.tw/articles/{n}") for n in range(20_000_000, 20_008_000))
    ),
)
imports("HAR one string before", lambda: b'{"x": "' + filled(b"y", DOCUMENT) + b'", "log": {"entries": []}}')
imports(
    "HAR one string with an emoji before",
    lambda: b'{"x": "' + EMOJI + filled(b"y", DOCUMENT) + b'", "log": {"entries": []}}',
)
imports("HAR one key", lambda: b'{"' + EMOJI + filled(b"y", DOCUMENT) + b'": 1, "log": {"entries": []}}')
imports("HAR a number", lambda: b'{"x": ' + filled(b"9", DOCUMENT) + b', "log": {"entries": []}}')
imports("HAR numbers", lambda: b'{"x": [' + filled(b"1e9,", DOCUMENT) + b'1], "log": {"entries": []}}')
imports("HAR lists", lambda: b'{"x": [' + filled(b"[],", DOCUMENT) + b'1], "log": {"entries": []}}')
imports("HAR an entry of lists", lambda: entries(b'{"x": [' + filled(b"[],", DOCUMENT - 1000) + b"1]}"))
imports("HAR an entry of objects", lambda: entries(b'{"x": [' + filled(b'{"a":{}},', DOCUMENT - 1000) + b"1]}"))
imports("HAR an entry of numbers", lambda: entries(b'{"x": [' + filled(b"1e9,", DOCUMENT - 1000) + b"1]}"))
imports("HAR an entry of keys", lambda: entries(b"{" + b",".join(b'"%d":1' % n for n in range(5_000_000)) + b"}"))
imports(
    "HAR an entry of headers",
    lambda: entries(
        entry(b"x").replace(
            b'"headers": []', b'"headers": [' + b",".join([b'{"name":"a","value":"b"}'] * 2_000_000) + b"]"
        )
    ),
)
imports("HAR nesting", lambda: b'{"x": ' + b"[" * 30_000_000 + b"]" * 30_000_000 + b', "log": {"entries": []}}')
imports("HAR spaces", lambda: b'{"log": {"entries": [' + filled(b" ", DOCUMENT) + b"]}}")
imports("HAR UTF-16", lambda: ("{" + " " * 30_000_000).encode("utf-16"))

imports(
    "HTML one address",
    lambda: singlefile(DAY1, PAGE).replace(b"</head>", b'<link href="' + filled(b"x", ANSWER) + b'">'),
)
imports(
    "HTML one address with an emoji",
    lambda: singlefile(DAY1, PAGE).replace(b"<title>", EMOJI + b'<link href="' + filled(b"x", ANSWER) + b'"><title>'),
)
imports("HTML words", lambda: singlefile(DAY1, PAGE) + filled(HAN, ANSWER))
imports("HTML a script", lambda: singlefile(DAY1, PAGE) + EMOJI + b"<script>" + filled(b"x", ANSWER) + b"</script>")
imports("HTML a comment", lambda: singlefile(DAY1, PAGE) + EMOJI + b"<!--" + filled(b"x", ANSWER) + b"-->")
imports(
    "HTML a style",
    lambda: singlefile(DAY1, PAGE) + b"<style>" + filled(b"--sf-img-1:url(data:x)", ANSWER) + b"</style>",
)


def carrying(*sources: bytes, emoji: bytes = EMOJI) -> bytes:
    images = b"".join(b'<img src="%s">' % source for source in sources)
    whole = singlefile(DAY1, PAGE)
    at = whole.index(b'<div class="markdown__style">') + len(b'<div class="markdown__style">')
    return whole[:at] + emoji + images + whole[at:]


def picture(size: int, mark: bytes = b"") -> bytes:
    return b"data:image/png;base64," + base64.b64encode(png("x") + mark + bytes(size))


imports("HTML one picture", lambda: carrying(picture(11_800_000)))
imports("HTML one picture, no emoji", lambda: carrying(picture(11_800_000), emoji=b""))
imports("HTML a hundred pictures", lambda: carrying(*[picture(118_000, b"%d" % n) for n in range(100)]))
imports("HTML a hundred pictures alike", lambda: carrying(*[picture(118_000)] * 100))
imports("HTML two thousand pictures", lambda: carrying(*[picture(5_000, b"%d" % n) for n in range(2_000)]))
imports("HTML tiny pictures", lambda: carrying(*[b"data:image/png;base64,iVBORw0KGgo%d" % n for n in range(50_000)]))
imports(
    "HTML pictures in percents",
    lambda: carrying(b"data:image/png," + b"%89PNG%0d%0a%1a%0a" + filled(b"%00", ANSWER - 60_000)),
)
imports(
    "HTML an SVG in text",
    lambda: carrying(
        b"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'>" + filled(b" ", ANSWER - 60_000) + b"</svg>"
    ),
)
imports("HTML a broken picture", lambda: carrying(b"data:image/png;base64," + filled(b"!", ANSWER - 60_000)))
imports("HTML entities in a picture", lambda: carrying(b"data:image/png;base64," + filled(b"&#65;", ANSWER - 60_000)))
imports(
    "HTML a picture unquoted", lambda: carrying().replace(EMOJI, EMOJI + b"<img src=" + picture(11_800_000) + b">", 1)
)
imports(
    "HTML a variable",
    lambda: (
        carrying(b"data:,")
        .replace(b"<title>", b'<style>:root{--sf-img-1: url("' + picture(11_800_000) + b'")}</style><title>', 1)
        .replace(b'<img src="data:,">', b'<img src="data:," style="background:var(--sf-img-1)">' * 1_000)
    ),
)
imports(
    "HTML a background",
    lambda: carrying().replace(
        b"<title>", b'<style>body{background:url("' + picture(11_800_000) + b'")}</style><title>', 1
    ),
)
imports(
    "HTML a font in an attribute",
    lambda: carrying().replace(EMOJI, EMOJI + b'<p style="x:url(' + picture(11_800_000) + b')">', 1),
)

imports("MHTML", lambda: mhtml_of(b"x" * 60_000_000))
imports("MHTML quoted-printable", lambda: mhtml_of(b"=E6=BC=A2" * 5_000_000, b"quoted-printable"))
imports("MHTML base64", lambda: mhtml_of(base64.encodebytes(bytes(BODY)), b"base64"))
imports("MHTML a page", lambda: mhtml_of(filled(EMOJI, BODY)))
imports("MHTML parts", lambda: mhtml_of(*[b"x"] * 19_000))
imports("MHTML parts with long heads", lambda: mhtml_of(*[b"x"] * 1_000, head=b"X: " + b"y" * 60_000 + b"\r\n"))
imports("MHTML pictures", lambda: mhtml_of(PAGE, *[png("x") + bytes(BODY)] * 3))
imports("MHTML lines of a head", lambda: mhtml_of(PAGE, *[b"x"] * 1_000, head=b"a:b\r\n" * 12_000))


def mhtml_of(*bodies: bytes, head: bytes = b"", encoding: bytes = b"8bit") -> bytes:
    opening = (
        b'MIME-Version: 1.0\r\nSnapshot-Content-Location: %s\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n'
    )
    parts = [opening % DAY1.encode()]
    for number, body in enumerate(bodies):
        kind = b"image/png" if number else b"text/html"
        parts.append(
            b"--b\r\nContent-Type: %s\r\nContent-Location: %s/%d\r\nContent-Transfer-Encoding: %s\r\n%s\r\n"
            % (kind, DAY1.encode(), number, encoding, head)
            + body
            + b"\r\n"
        )
    return b"".join(parts) + b"--b--\r\n"


def gzipped(unit: bytes, megabytes: int, level: int = 9) -> bytes:
    packed = zlib.compressobj(level, wbits=31)
    return b"".join(packed.compress(unit * (1_048_576 // len(unit))) for _ in range(megabytes)) + packed.flush()


imports("WARC a response", lambda: plain_record(DAY1, http(filled(b"x", BODY))))
imports("WARC a page of emoji", lambda: plain_record(DAY1, http(b"<html>" + filled(EMOJI, BODY))))
imports("WARC four responses", lambda: plain_record(DAY1, http(filled(b"x", BODY))) * 4)
imports("WARC a response of gzip", lambda: plain_record(DAY1, http(gzipped(b"\0", 16), "Content-Encoding: gzip")))
imports("WARC a bomb", lambda: plain_record(DAY1, http(gzipped(b"\0", 600), "Content-Encoding: gzip")))
imports(
    "WARC a bomb in gzip",
    lambda: gzip.compress(plain_record(DAY1, http(gzipped(b"\0", 600), "Content-Encoding: gzip"))),
)
imports(
    "WARC a gzip that hardly packs",
    lambda: plain_record(DAY1, http(gzip.compress(bytes(BODY), 0), "Content-Encoding: gzip")),
)
imports(
    "WARC chunks",
    lambda: plain_record(DAY1, http(b"1\r\nx\r\n" * 2_700_000 + b"0\r\n\r\n", "Transfer-Encoding: chunked")),
)
imports(
    "WARC one chunk",
    lambda: plain_record(DAY1, http(b"%x\r\n" % BODY + bytes(BODY) + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked")),
)
imports(
    "WARC chunks of gzip",
    lambda: plain_record(
        DAY1, http(chunked(gzip.compress(bytes(BODY), 0)), "Transfer-Encoding: chunked", "Content-Encoding: gzip")
    ),
)
imports("WARC a digest", lambda: plain_record(DAY1, http(filled(b"x", BODY)), WARC_Block_Digest="sha512:x"))
imports("WARC headers", lambda: plain_record(DAY1, b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * 52_000 + b"\r\n"))
imports("WARC long headers", lambda: plain_record(DAY1, b"HTTP/1.1 200 OK\r\na: " + b"b" * 262_000 + b"\r\n\r\n") * 200)
imports("WARC folded headers", lambda: plain_record(DAY1, b"HTTP/1.1 200 OK\r\na:" + b" \r\n b" * 50_000 + b"\r\n\r\n"))
imports("WARC fields", lambda: b"WARC/1.0\r\n" + b"a:b\r\n" * 52_000 + b"Content-Length: 0\r\n\r\n\r\n\r\n")
imports("WARC records", lambda: plain_record("https://a.example/", b"x") * 100_000)
imports("WARC records of one page", lambda: plain_record(DAY1, http(b"<html>")) * 5_000)
imports(
    "WARC records of many pages",
    lambda: b"".join(
        plain_record(f"https://ithelp.ithome.com.tw/articles/{n}", http(b"<html>"))
        for n in range(20_000_000, 20_008_000)
    ),
)
imports(
    "WARC redirects",
    lambda: b"".join(
        plain_record(
            f"https://ithelp.ithome.com.tw/articles/{n}", http(b"", f"Location: /articles/{n}?a=1", status="302 Found")
        )
        for n in range(20_000_000, 20_008_000)
    ),
)
imports(
    "WARC redirects of one page",
    lambda: b"".join(
        plain_record(DAY1, http(b"", f"Location: {DAY1}?page={n}", status="302 Found")) for n in range(8_000)
    ),
)
imports(
    "WARC long addresses",
    lambda: b"".join(plain_record(f"{DAY1}?{n}{'x' * 200_000}", http(b"<html>")) for n in range(300)),
)
imports(
    "WARC a gzip bomb", lambda: gzip.compress(b"WARC/1.0\r\nContent-Length: 629145600\r\n\r\n") + gzipped(b"\0", 600)
)
imports("WARC small gzip members", lambda: gzip.compress(plain_record("https://a.example/", b"")) * 100_000)
imports("WARC one small gzip member", lambda: gzip.compress(plain_record("https://a.example/", b"") * 500_000))
imports("WARC empty gzip members", lambda: gzip.compress(plain_record(DAY1, http(b"x"))) + gzip.compress(b"") * 500_000)
imports(
    "WARC members in a body", lambda: plain_record(DAY1, http(gzip.compress(b"") * 800_000, "Content-Encoding: gzip"))
)
imports("WARC brotli", lambda: plain_record(DAY1, http(brotli_bomb(), "Content-Encoding: br")))
imports(
    "WARC pictures",
    lambda: (
        plain_record(DAY1, http(PAGE))
        + b"".join(
            plain_record(
                f"https://ithelp.ithome.com.tw/upload/images/20230917/{n}.png", http(png("x") + bytes(BODY - 60_000))
            )
            for n in range(4)
        )
    ),
)


def chunked(body: bytes, size: int = 65_536) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def brotli_bomb() -> bytes:
    import brotli  # type: ignore[import-not-found,unused-ignore]

    return bytes(brotli.compress(bytes(600_000_000), quality=1))


def deflated(members: dict[str, bytes]) -> bytes:
    return zipped(members, zipfile.ZIP_DEFLATED)


imports("WACZ a response", lambda: wacz(plain_record(DAY1, http(filled(b"x", BODY)))))
imports(
    "WACZ a gzip bomb",
    lambda: wacz(gzip.compress(b"WARC/1.0\r\nContent-Length: 629145600\r\n\r\n") + gzipped(b"\0", 600)),
)
imports(
    "WACZ bombs in a zip",
    lambda: deflated({"archive/a.warc": b"WARC/1.0\r\nContent-Length: 60000000\r\n\r\n" + bytes(60_000_000)}),
)
imports(
    "WACZ a description",
    lambda: deflated(
        {
            "archive/a.warc": plain_record(DAY1, http(b"x")),
            "datapackage.json": b'{"resources": [' + filled(b"[],", ANSWER) + b"[]]}",
        }
    ),
)
imports(
    "WACZ resources",
    lambda: deflated(
        {
            "archive/a.warc": plain_record(DAY1, http(b"x")),
            "datapackage.json": b'{"resources": ['
            + filled(b'{"path":"archive/a.warc"},', ANSWER)
            + b'{"path":"archive/a.warc"}]}',
        }
    ),
)
imports(
    "WACZ a description with an emoji",
    lambda: deflated(
        {
            "archive/a.warc": plain_record(DAY1, http(b"x")),
            "datapackage.json": b'{"resources": [], "x": "' + EMOJI + filled(b"x", BODY) + b'"}',
        }
    ),
)
imports(
    "WACZ a description of keys",
    lambda: deflated(
        {
            "archive/a.warc": plain_record(DAY1, http(b"x")),
            "datapackage.json": b'{"resources": [], "x": {'
            + b",".join(b'"%d":{}' % n for n in range(1_300_000))
            + b"}}",
        }
    ),
)
imports("WACZ members", lambda: wacz(plain_record(DAY1, http(b"x")), extra={f"pages/{n}": b"x" for n in range(19_000)}))
imports(
    "WACZ members with long names",
    lambda: wacz(plain_record(DAY1, http(b"x")), extra={f"pages/{n}{'x' * 800}": b"" for n in range(18_000)}),
)
imports(
    "WACZ members with long names of emoji",
    lambda: wacz(plain_record(DAY1, http(b"x")), extra={f"pages/{n}{'😀' * 200}": b"" for n in range(18_000)}),
)
imports("WACZ warcs", lambda: wacz(*[plain_record(DAY1, http(b"x"))] * 9_000))

imports("SingleFile zip", lambda: singlefile_zip(DAY1, PAGE, {}))
imports(
    "SingleFile zip a page", lambda: singlefile_zip(DAY1, carrying() + b"<script>" + filled(b"x", BODY - 60_000), {})
)
imports(
    "SingleFile zip a page of emoji",
    lambda: singlefile_zip(DAY1, carrying() + b"<!--" + filled(EMOJI, BODY - 60_000) + b"-->", {}),
)
imports("SingleFile zip pictures", lambda: singlefile_zip(DAY1, zipped_page(60), resources_of(60)))
imports("SingleFile zip a manifest", lambda: singlefile_zip(DAY1, PAGE, {}, x=[[]] * 340_000))
imports(
    "SingleFile zip a manifest of resources",
    lambda: singlefile_zip(DAY1, PAGE, {f"images/{n}.png": ("https://i.imgur.com/a.png", b"x") for n in range(12_000)}),
)
imports("SingleFile in HTML", lambda: unpacking_itself(DAY1, singlefile_zip(DAY1, PAGE, {}), 66_000_000))
imports("SingleFile in HTML before", lambda: unpacking_itself(DAY1, bytes(60_000_000) + singlefile_zip(DAY1, PAGE, {})))
imports(
    "SingleFile in HTML with pictures",
    lambda: unpacking_itself(
        DAY1, stored_singlefile(zipped_page(4), {name: data for name, (_, data) in resources_of(4, 16_000_000).items()})
    ),
)


def zipped_page(number: int) -> bytes:
    return carrying(*(b"images/%d.png" % n for n in range(number)))


def resources_of(number: int, size: int = 16_000_000) -> dict[str, tuple[str, bytes]]:
    return {f"images/{n}.png": (f"https://i.imgur.com/{n}.png", png("x") + bytes(size)) for n in range(number)}


def stored_singlefile(body: bytes, files: dict[str, bytes]) -> bytes:
    listed = {"originalUrl": DAY1, "resources": {name: f"https://i.imgur.com/{name[7:]}" for name in files}}
    return zipped({"index.html": body, "manifest.json": json.dumps(listed).encode(), **files})


def many_files(desk: Desk) -> Ended:
    """Two hundred recordings, each with pages of its own and pictures."""
    children, lost, folder = desk
    shutil.copy(lost, folder / "a.db")
    names = []
    for number in range(200):
        url = f"https://ithelp.ithome.com.tw/articles/{20_000_000 + number}"
        body = PAGE.replace(DAY1.encode(), url.encode())
        (folder / f"{number}.warc").write_bytes(
            plain_record(url, http(body))
            + plain_record(f"https://i.imgur.com/{number}.png", http(png("x") + bytes(1_000_000)))
        )
        names.append(folder / f"{number}.warc")
    return children.run("import", "--db", folder / "a.db", *names, "-q")


def complete_page(desk: Desk) -> Ended:
    """“Webpage, Complete”, with two hundred pictures near the limit beside it."""
    children, lost, folder = desk
    shutil.copy(lost, folder / "a.db")
    files = folder / "page_files"
    files.mkdir()
    sources = []
    for number in range(40):
        (files / f"{number}.png").write_bytes(png("x") + b"%d" % number + bytes(BODY - 60_000))
        sources.append(b'page_files/%d.png" alt="https://i.imgur.com/%d.png' % (number, number))
    body = carrying(*sources).replace(b"Page saved with SingleFile", b"x")
    mark = f"<!-- saved from url=({len(DAY1):04d}){DAY1} -->\n".encode()
    (folder / "page.html").write_bytes(mark + body)
    return children.run("import", "--db", folder / "a.db", folder / "page.html", "-q")


SHAPES["import many files"] = many_files
SHAPES["import a complete page"] = complete_page


# ─── what hosts send ────────────────────────────────────────────────────────────────────────────


def fetches(
    name: str,
    target: str | int,
    body: Callable[[], bytes],
    kind: str = "text/html; charset=UTF-8",
    *,
    images: bool = False,
    index: bool = False,
    headers: Headers = (),
) -> None:
    """Bytes in place of what a host sends for a target."""

    def run(desk: Desk) -> Ended:
        children, _, folder = desk
        with StandIn(small_site(3) if images else terse_site(2)) as standin:
            standin.faults.replies(target, body(), kind, headers=headers)
            file = config_for(
                standin, folder, images=images, sources=None if index else f'[[sources]]\nurl = "{REAL_SERIES}"'
            )
            return children.run("fetch", "--db", folder / "a.db", "--config", file, "-q")

    SHAPES[f"fetch {name}"] = run


def of_site(target: str) -> bytes:
    from standin_client import ask

    with StandIn(terse_site(2)) as standin:
        return ask(standin, target).body


def article() -> bytes:
    return of_site(f"https://ithelp.ithome.com.tw/articles/{PART}")


def within(body: bytes, mark: bytes = b'<div class="markdown__style">') -> bytes:
    whole = article()
    at = whole.index(mark) + len(mark)
    return whole[:at] + body + whole[at:]


READ = MAX_BYTES - 100_000
TAGS = (
    (60_000, "<b>"), (59_000, "<p>"), (58_000, "<br>"), (58_000, "<table><tr><td>x"), (19_000, "<a href=x>x</a>"),
    (19_000, "<img src=x>"), (10_000, '<img src="https://i.imgur.com/%d.png">'), (29_000, "<li>x</li>"),
    (15_000, "<pre><code>x</code></pre>"), (29_000, "<h2>x</h2>"), (29_000, "<i class='a b c d e'>x</i>"),
    (29_000, "<td>"), (20_000, "<svg><g>"), (900, "<p %d>"), (12_000, "<p>x<br><b>y</b> <code>z</code>"),
)  # fmt: skip


def tagged(count: int, tag: str) -> bytes:
    return within("".join(tag.replace("%d", str(n)) for n in range(count)).encode()[: READ - 100_000] + EMOJI)


for count, tag in TAGS:
    fetches(f"article of {tag[:40]}", PART, partial(tagged, count, tag))
fetches("article of Chinese words", PART, lambda: within(filled(HAN, 1_400_000)))
fetches("article of emoji", PART, lambda: within(filled(EMOJI, 1_900_000)))
fetches(
    "article of lines of code", PART, lambda: within(b"<pre><code>" + filled(HAN + b"\n", 1_900_000) + b"</code></pre>")
)
fetches(
    "article of lines of rust",
    PART,
    lambda: within(b"<pre><code class=language-rust>" + filled(b"fn a() {}\n", 480_000) + b"</code></pre>"),
)
fetches(
    "article of blocks of code",
    PART,
    lambda: within(b"<pre><code class=language-rust>fn main() {\n let a = 1;\n}</code></pre>" * 9_000),
)
fetches("article of words of one letter", PART, lambda: within(filled(b"a ", 480_000)))
fetches("article of paragraphs", PART, lambda: within(filled("<p>漢字</p>".encode(), 400_000)))
fetches("article of Markdown's own letters", PART, lambda: within(filled(b"*_`[]", 480_000)))
fetches("article of comments", PART, lambda: within(filled(b"<!-- x -->", READ - 400_000)))
fetches("article of attributes", PART, lambda: within(b"<p " + b" ".join(b"a%d=x" % n for n in range(900)) + b">"))
fetches(
    "article of long attributes",
    PART,
    lambda: within(filled(b'<p title="' + b"x" * 10_000 + b'">', READ - 100_000) + EMOJI),
)
fetches("article of entities", PART, lambda: within(filled(b"&lt;", 480_000 * 4)))
fetches(
    "article of one address",
    PART,
    lambda: within(EMOJI + b'<a href="https://a.example/' + b"x" * (READ - 60_000) + b'">x</a>'),
)
fetches(
    "article of addresses",
    PART,
    lambda: within(b"".join(b'<a href="https://a.example/%d%s">x</a>' % (n, b"y" * 500) for n in range(5_000))),
)
fetches("article of replies", PART, lambda: replies())
fetches(
    "article of a data address",
    PART,
    lambda: within(EMOJI + b'<img src="data:image/png;base64,' + filled(b"A", READ - 60_000) + b'">'),
)
fetches("article near the limit", PART, lambda: article() + filled(b" ", ANSWER))
fetches(
    "article in Big5",
    PART,
    lambda: b"<html><meta charset=big5>" + filled("漢".encode("big5"), READ),
    "text/html; charset=big5",
)
fetches("article of no encoding", PART, lambda: filled(b"\xff\xfe\xfd", READ), "text/html")
fetches("article of UTF-16", PART, lambda: ("<html>" + "漢" * 1_500_000).encode("utf-16"), "text/html")
fetches("series of items", "series", lambda: series_of_items(9_000))
fetches("series near the limit", "series", lambda: of_site(REAL_SERIES) + filled(b" ", ANSWER))
fetches("feed near its limit", "feed", lambda: feed_of(900, 4_400), "application/xml")
fetches("feed of Chinese words", "feed", lambda: feed_of(900, 4_400, "漢"), "application/xml")
fetches("feed of emoji", "feed", lambda: feed_of(900, 2_200, "😀"), "application/xml")
fetches("feed of tags", "feed", lambda: feed_of(900, 160, "<br>"), "application/xml")
fetches(
    "feed of pictures", "feed", lambda: feed_of(900, 50, '<img src="https://i.imgur.com/a.png">'), "application/xml"
)
fetches("feed of paragraphs", "feed", lambda: feed_of(900, 80, "<p>漢字漢字</p>"), "application/xml")
fetches("feed of code", "feed", lambda: feed_of(900, 80, "<pre><code>漢字\n漢字</code></pre>"), "application/xml")
fetches("feed of one item", "feed", lambda: feed_of(1, 3_900_000), "application/xml")
fetches(
    "feed of one item with an emoji", "feed", lambda: feed_of(1, 3_900_000).replace(b"xxx", EMOJI, 1), "application/xml"
)
fetches("feed of one item of emoji", "feed", lambda: feed_of(1, 1_900_000, "😀"), "application/xml")
fetches(
    "feed of entities",
    "feed",
    lambda: (
        b'<!DOCTYPE rss [<!ENTITY a "%s">]><rss><channel><item><title>&a;</title></item></channel></rss>'
        % (b"x" * 1_000_000)
    ),
    "application/xml",
)
fetches("feed beyond the limit", "feed", lambda: feed_of(1, ANSWER), "application/xml")
fetches("index of links", "index", lambda: index_of(19_000), index=True)
fetches(
    "index of links of ours", "index", lambda: index_of(19_000, "https://ithelp.ithome.com.tw/articles/%d"), index=True
)
fetches(
    "index of one address",
    "index",
    lambda: EMOJI + index_of(10) + b'<a href="' + b"x" * (MAX_INDEX_BYTES - 10_000) + b'">x</a>',
    index=True,
)
fetches("index of words", "index", lambda: index_of(10) + filled(HAN, 1_490_000), index=True)
fetches(
    "index of a script",
    "index",
    lambda: EMOJI + index_of(10) + b"<script>" + filled(b"x", MAX_INDEX_BYTES - 10_000),
    index=True,
)
fetches("index near the limit", "index", lambda: index_of(10) + filled(b" ", ANSWER), index=True)
fetches(
    "robots of rules",
    "robots",
    lambda: b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % n for n in range(30_000)),
    "text/plain",
)
fetches(
    "robots of groups",
    "robots",
    lambda: b"".join(b"User-agent: a%d\nAllow: /\n" % n for n in range(20_000)),
    "text/plain",
)
fetches("robots of agents", "robots", lambda: b"User-agent: *\n" * 36_000 + b"Allow: /", "text/plain")
fetches("robots of stars", "robots", lambda: b"User-agent: *\nDisallow: /" + b"*" * 500_000, "text/plain")
fetches("robots of percents", "robots", lambda: b"User-agent: *\nDisallow: /" + b"%e6" * 160_000, "text/plain")
fetches("robots near the limit", "robots", lambda: b"User-agent: *\n" + filled(b"Disallow:\n", ANSWER), "text/plain")
fetches("robots of letters", "robots", lambda: filled(b"\xff", ANSWER), "text/plain")
fetches(
    "robots of Chinese rules",
    "robots",
    lambda: b"User-agent: *\n" + filled(b"Disallow: /" + HAN * 3 + b"\n", 511_000),
    "text/plain",
)
fetches("pictures near the limit", "image", lambda: png("x") + bytes(8_300_000), "image/png", images=True)
fetches("pictures too large", "image", lambda: png("x") + bytes(BODY), "image/png", images=True)
fetches("pictures of SVG", "image", lambda: b"<svg>" + filled(EMOJI, 8_300_000), "image/svg+xml", images=True)
fetches("pictures that are pages", "image", lambda: b"<html>" + filled(b"<a>", 8_300_000), "text/html", images=True)
fetches(
    "pictures of pieces",
    "image",
    lambda: b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\x01x" * 4_000_000,
    "image/gif",
    images=True,
)
fetches(
    "pictures in gzip",
    "image",
    lambda: gzipped(b"\0", 600),
    "image/png",
    images=True,
    headers=(("Content-Encoding", "gzip"),),
)


def replies() -> bytes:
    whole = of_site(f"https://ithelp.ithome.com.tw/articles/{PART}")
    return whole.replace(
        b"</body>",
        b'<div class="response"><div class="comment"><div class="comment__content">x</div></div></div>' * 9_000
        + b"</body>",
    )


def series_of_items(number: int) -> bytes:
    from archiver.standin import render_lists

    site = terse_site(3)
    from fakes import START

    html = render_lists.series_page(site, site.series[5943], 1, Moment(1, START))
    at, end = html.index('<div class="qa-list'), html.rindex('<div class="qa-list')
    return (html[:at] + html[at:end] * min(number, 2_900_000 // max(end - at, 1)) + html[end:]).encode()


def feed_of(items: int, repeats: int, unit: str = "x") -> bytes:
    from xml.sax.saxutils import escape

    content = escape(unit * repeats)
    written = "".join(
        f"<item><title>Day {n}</title><link>https://ithelp.ithome.com.tw/articles/{20_000_000 + n}</link>"
        f"<pubDate>Wed, 20 Sep 2023 12:34:56 +0800</pubDate><description>{content}</description></item>"
        for n in range(items)
    )
    opening = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>x</title>'
    return f"{opening}{written}</channel></rss>".encode()


def index_of(links: int, form: str = "https://a.example/%d") -> bytes:
    made = "".join(f'<li><a href="{form % (20_000_000 + n)}">Day {n}</a></li>' for n in range(links))
    return f"<html><body><main><ul>{made}</ul></main></body></html>".encode()


# ─── what archives answer ───────────────────────────────────────────────────────────────────────

LINK = b'<https://arquivo.pt/wayback/20231006120000/https://ithelp.ithome.com.tw/articles/10323209>; rel="memento",'


def rescues(
    name: str,
    target: str,
    body: Callable[[], bytes],
    kind: str = "text/html",
    *,
    headers: Headers = (),
    status: int = 200,
    extra: str = "feed = false",
) -> None:
    """Bytes in place of what an archive answers."""

    def run(desk: Desk) -> Ended:
        children, lost, folder = desk
        with rescuer_of(lost, folder, extra) as made:
            if target.startswith("web.archive.org/web"):
                made.archives.shelf.put(copy())
            if target.startswith("data."):
                made.archives.crawls.put(CRAWL, copy())
            made.archives.faults.replies(target, body(), kind, headers=headers, status=status)
            return children.run("rescue", "--db", made.db, "--config", made.config, "-q")

    SHAPES[f"rescue {name}"] = run


MEMENTO = (("Memento-Datetime", "Fri, 06 Oct 2023 12:00:00 GMT"),)
rescues("a TimeMap", "arquivo.pt/wayback/timemap*", lambda: filled(LINK, ANSWER))
rescues("a TimeMap that is read", "arquivo.pt/wayback/timemap*", lambda: EMOJI + filled(LINK, MOST_BYTES - 1_000))
rescues(
    "a TimeMap of long links",
    "arquivo.pt/wayback/timemap*",
    lambda: EMOJI + filled(b"<" + b"x" * 400 + b">;rel=memento,", MOST_BYTES - 1_000),
)
rescues("an index", "web.archive.org/cdx*", lambda: b"[" + filled(b"[],", ANSWER) + b"[]]")
rescues(
    "an index of rows",
    "web.archive.org/cdx*",
    lambda: (
        b'[["timestamp","original","mimetype","statuscode","digest"],'
        + filled(
            b'["20231006120000","https://ithelp.ithome.com.tw/articles/10323209","text/html","200","%s"],'
            % (b"A" * 32),
            MOST_BYTES - 1_000,
        )
        + b"[]]"
    ),
)
rescues(
    "an index with an emoji", "web.archive.org/cdx*", lambda: b'[["' + EMOJI + filled(b"x", MOST_BYTES - 1_000) + b'"]]'
)
rescues("an index of numbers", "web.archive.org/cdx*", lambda: b"[" + filled(b"1e9,", 1_990_000) + b"1]")
rescues(
    "the list of crawls",
    "index.commoncrawl.org/collinfo.json",
    lambda: (
        b"["
        + b",".join(
            b'{"id":"CC-MAIN-%d-%02d","cdx-api":"https://index.commoncrawl.org/CC-MAIN-2023-50-index"}' % (year, week)
            for year in range(2000, 2900)
            for week in range(1, 50)
        )[: MOST_BYTES - 1_000].rpartition(b",")[0]
        + b"]"
    ),
)
rescues(
    "the list of crawls of lists",
    "index.commoncrawl.org/collinfo.json",
    lambda: b"[" + filled(b"[],", 299_000) + b"[]]",
)
CC = b'{"timestamp":"20231006120000","url":"https://ithelp.ithome.com.tw/articles/10323209","filename":"crawl-data/CC-MAIN-2023-50/a.warc.gz","offset":"%d","length":"900"}\n'
rescues(
    "an index of Common Crawl",
    "index.commoncrawl.org/CC*",
    lambda: b"".join(CC % n for n in range(25_000)),
    "application/json",
)
rescues(
    "an index of Common Crawl near the limit",
    "index.commoncrawl.org/CC*",
    lambda: b"".join(CC % n for n in range(95_000)),
    "application/json",
)
rescues(
    "an index of Common Crawl of lines",
    "index.commoncrawl.org/CC*",
    lambda: filled(b"{}\n", MOST_BYTES - 1_000),
    "application/json",
)
rescues(
    "an index of Common Crawl of lines beyond",
    "index.commoncrawl.org/CC*",
    lambda: filled(b"{}\n", ANSWER),
    "application/json",
)
rescues(
    "a memento",
    "web.archive.org/web/*",
    lambda: page().replace(b"</body>", b"<!--" + b"x" * ANSWER + b"--></body>"),
    headers=MEMENTO,
)
rescues(
    "a memento with an emoji",
    "web.archive.org/web/*",
    lambda: page().replace(b"</body>", EMOJI + b"<!--" + b"x" * READ + b"--></body>")[:MAX_BYTES],
    headers=MEMENTO,
)
rescues(
    "a record",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzip.compress(plain_record("https://ithelp.ithome.com.tw/articles/10323209", http(filled(b"x", BODY)))),
    "application/warc",
    status=206,
)
rescues(
    "a record that hardly packs",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzip.compress(
        plain_record("https://ithelp.ithome.com.tw/articles/10323209", http(page() + bytes(8_200_000))), 0
    ),
    "application/warc",
    status=206,
)
rescues(
    "a record of a bomb",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzip.compress(
        plain_record(
            "https://ithelp.ithome.com.tw/articles/10323209", http(gzipped(b"\0", 600), "Content-Encoding: gzip")
        )
    ),
    "application/warc",
    status=206,
)
rescues(
    "a record of gzip",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzip.compress(
        plain_record(
            "https://ithelp.ithome.com.tw/articles/10323209",
            http(gzip.compress(page() + bytes(8_000_000), 0), "Content-Encoding: gzip"),
        ),
        0,
    ),
    "application/warc",
    status=206,
)
rescues(
    "a record of small members",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzip.compress(plain_record("https://a.example/", b"")) * 60_000,
    "application/warc",
    status=206,
)
rescues(
    "a record that is a bomb",
    "data.commoncrawl.org/crawl-data*",
    lambda: gzipped(b"\0", 600),
    "application/warc",
    status=206,
)
rescues(
    "a feed",
    "*",
    lambda: feed_of(900, 4_400, "漢"),
    "application/xml",
    extra="wayback = false\ncommon_crawl = false\ntimemaps = []",
)


# ─── what Save Page Now answers ─────────────────────────────────────────────────────────────────


def pushes(name: str, target: str, body: Callable[[], bytes], kind: str = "text/html") -> None:
    """Bytes in place of what Save Page Now answers."""

    def run(desk: Desk) -> Ended:
        from pushers import make_held, pusher_of

        children, _, folder = desk
        with pusher_of(make_held(folder), folder) as made:
            made.archives.faults.replies(target, body(), kind)
            return children.run("push", "--db", made.db, "--config", made.config, "-q", "--yes", "--limit", "3")

    SHAPES[f"push {name}"] = run


pushes("a page", "web.archive.org/save*", lambda: filled(b"<h2>x</h2>", ANSWER))
pushes("a page with an emoji", "web.archive.org/save*", lambda: EMOJI + filled(b"<p>x</p>", ANSWER))
pushes("JSON", "web.archive.org/save*", lambda: b'{"job_id": [' + filled(b"[],", ANSWER) + b"1]}", "application/json")
pushes(
    "JSON that is read",
    "web.archive.org/save*",
    lambda: b'{"job_id": [' + filled(b"[],", 290_000) + b"1]}",
    "application/json",
)
pushes("an index", "web.archive.org/cdx*", lambda: b"[" + filled(b"[],", ANSWER) + b"[]]")


def main() -> int:
    words = sys.argv[1:]
    chosen = {name: run for name, run in SHAPES.items() if not words or any(word in name for word in words)}
    found = []
    with Children() as children, tempfile.TemporaryDirectory() as made:
        lost = make_lost(Path(made))
        for number, (name, run) in enumerate(chosen.items()):
            folder = Path(made, str(number))
            folder.mkdir()
            ended = run((children, lost, folder))
            shutil.rmtree(folder)
            told = (ended.err.strip().splitlines() or ended.out.strip().splitlines() or [""])[0][:70]
            found.append((ended.peak_mb, name, ended.code))
            print(f"{ended.peak_mb:6.0f} MB  exit {ended.code:3}  {name:45} {told}", flush=True)
    print("\nlargest first:")
    for peak, name, code in sorted(found, reverse=True):
        if peak > MOST_MB * 0.8 or code not in {0, 2, 3, 4}:
            print(f"{peak:6.0f} MB  exit {code:3}  {name}")
    return int(any(peak > MOST_MB for peak, *_ in found))


if __name__ == "__main__":
    sys.exit(main())
