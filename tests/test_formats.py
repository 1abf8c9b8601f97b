"""Files to import, read: what they hold, and that no hostile, broken or cut one does harm or passes for whole."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import socket
import stat
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import saved_files as made
from depths import depth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saved_files import DAY1, DAY2, http, plain_record, wacz, warc, zipped
from warcio.archiveiterator import ArchiveIterator

from archiver.errors import UnusableFile
from archiver.formats import files
from archiver.formats.found import Bounds, Found, Passed
from archiver.model import Outcome
from archiver.pages import saved
from archiver.pages.lean import lean

SMALL = Bounds(
    body_bytes=100_000, header_bytes=2_000, unpacked_bytes=2_000_000, ratio_from=100_000, records=50, members=30,
    document_bytes=300_000,
)  # fmt: skip
BODY = b"<!DOCTYPE html><html><head><title>t</title></head><body><p>some words</p></body></html>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def read(path: Path, data: bytes, bounds: Bounds = SMALL, passed: Passed | None = None) -> list[Found]:
    path.write_bytes(data)
    file = files.known(path, bounds)
    return list(files.read(file, lambda url: "ithome" in url, bounds, Counter() if passed is None else passed))


def refused(path: Path, data: bytes, bounds: Bounds = SMALL) -> str:
    with pytest.raises(UnusableFile) as caught:
        read(path, data, bounds)
    told = str(caught.value)
    assert told.startswith("file: ")
    assert len(told) < 600
    assert told.isprintable()
    return told


# ─── what is in them ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("packed", [True, False])
def test_a_warc_reads_as_warcio_reads_it(path: Path, packed: bool) -> None:
    data = warc((DAY1, BODY), ("https://example.org/", BODY), (DAY2, BODY * 100), packed=packed)
    ours = [(found.url, found.status, found.body) for found in read(path, data)]
    theirs = []
    for record in ArchiveIterator(io.BytesIO(data)):
        url = record.rec_headers.get_header("WARC-Target-URI")
        if record.rec_type == "response" and "ithome" in url:
            theirs.append((url, int(record.http_headers.get_statuscode()), record.content_stream().read()))

    assert ours == theirs
    assert [found.at for found in read(path, data)] == [datetime(2023, 9, 20, 12, 34, 56, tzinfo=UTC)] * 2


def test_headers_are_clean_and_nobody_s_cookies(path: Path) -> None:
    (found,) = read(path, plain_record(DAY1, http(BODY, "X-A: \x1b[31mred", "Set-Cookie: a=b", "X-B: one\r\n two")))

    assert found.headers == (("content-type", "text/html"), ("x-a", "[31mred"), ("x-b", "one two"))


def test_what_is_no_response_is_passed_over_and_told(path: Path) -> None:
    passed: Passed = Counter()
    data = plain_record("", b"software: x", "warcinfo") + plain_record(DAY1, b"GET / HTTP/1.1\r\n\r\n", "request")
    data += plain_record(DAY1, b"", "revisit") + plain_record("urn:pageinfo:x", b"{}", "resource")

    assert read(path, data, passed=passed) == []
    assert passed == {"revisits, whose body is in another record": 1}


def test_a_resource_of_a_wanted_page_is_its_bytes_without_a_status(path: Path) -> None:
    (found,) = read(path, plain_record(DAY1, BODY, "resource", Content_Type="text/html; charset=utf-8"))

    assert (found.body, found.status, found.headers) == (
        BODY, None, (("content-type", "text/html; charset=utf-8"),),
    )  # fmt: skip


def test_a_resource_whose_digest_differs_or_that_is_too_large_is_told(path: Path) -> None:
    digest = "sha256:" + "0" * 64
    (found,) = read(path, plain_record(DAY1, BODY, "resource", WARC_Block_Digest=digest))
    assert (found.body, found.failure) == (None, Outcome.PROTOCOL_ERROR)

    (found,) = read(path, plain_record(DAY1, BODY, "resource"), bounds=Bounds(body_bytes=len(BODY) - 1))
    assert (found.body, found.failure) == (None, Outcome.TOO_LARGE)


def encoded(coding: str) -> bytes:
    headers, body = [], BODY * 30
    if "gzip" in coding:
        body, headers = gzip.compress(body), ["Content-Encoding: gzip"]
    if "two members" in coding:
        body = gzip.compress(BODY * 10) + gzip.compress(BODY * 20)
    if coding == "deflate":
        body, headers = zlib.compress(body), ["Content-Encoding: deflate"]
    if coding == "bare deflate":
        body, headers = zlib.compress(body, wbits=-15), ["Content-Encoding: deflate"]
    if coding == "br":
        body, headers = pytest.importorskip("brotli").compress(body), ["Content-Encoding: br"]
    if "chunked" in coding:
        pieces = [body[at : at + 99] for at in range(0, len(body), 99)]
        body = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        headers.append("Transfer-Encoding: chunked")
    if coding == "decoded already":  # browser-based crawlers write the body decoded, under the headers of the wire
        headers = ["Content-Encoding: gzip", "Transfer-Encoding: chunked", "Content-Length: 999999"]
    return http(body, *headers)


CODINGS = ["none", "gzip", "gzip of two members", "deflate", "bare deflate", "br", "chunked", "gzip, chunked"]


@pytest.mark.parametrize("coding", [*CODINGS, "decoded already"])
def test_encodings_are_undone_where_they_are_there(path: Path, coding: str) -> None:
    (found,) = read(path, plain_record(DAY1, encoded(coding)))

    assert (found.failure, found.error, found.body) == (None, None, BODY * 30)


BAD_RESPONSES = {
    "cut when recorded": (http(BODY), {"WARC-Truncated": "length"}, Outcome.TRUNCATED),
    "in segments": (http(BODY), {"WARC-Segment-Number": "2"}, Outcome.TRUNCATED),
    "not the bytes recorded": (http(BODY), {"WARC-Block-Digest": "sha1:" + "A" * 32}, Outcome.PROTOCOL_ERROR),
    "no HTTP": (b"<html>", {}, Outcome.PROTOCOL_ERROR),
    "cut in its headers": (b"HTTP/1.1 200 OK\r\nA: b", {}, Outcome.TRUNCATED),
    "no header line": (http(BODY, "no colon"), {}, Outcome.PROTOCOL_ERROR),
    "huge headers": (http(BODY, "A: " + "b" * 5_000), {}, Outcome.TOO_LARGE),
    "shorter than declared": (http(BODY, "Content-Length: 5000"), {}, Outcome.TRUNCATED),
    "cut gzip": (http(gzip.compress(BODY)[:-9], "Content-Encoding: gzip"), {}, Outcome.TRUNCATED),
    "wrong checksum": (
        http(gzip.compress(BODY)[:-8] + bytes(8), "Content-Encoding: gzip"), {}, Outcome.PROTOCOL_ERROR),
    "gzip in gzip": (
        http(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip"), {}, Outcome.PROTOCOL_ERROR),
    "more after gzip": (http(gzip.compress(BODY) + b"x", "Content-Encoding: gzip"), {}, Outcome.PROTOCOL_ERROR),
    "a bomb": (http(gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"), {}, Outcome.TOO_LARGE),
    "a deflate bomb": (http(zlib.compress(bytes(10_000_000)), "Content-Encoding: deflate"), {}, Outcome.TOO_LARGE),
    "an unknown encoding": (http(BODY, "Content-Encoding: zstd"), {}, Outcome.PROTOCOL_ERROR),
    "no Brotli": (http(b"\xff" * 50, "Content-Encoding: br"), {}, Outcome.PROTOCOL_ERROR),
    "cut in a chunk": (http(b"50\r\nabc", "Transfer-Encoding: chunked"), {}, Outcome.TRUNCATED),
    "no last chunk": (http(b"3\r\nabc\r\n", "Transfer-Encoding: chunked"), {}, Outcome.TRUNCATED),
    "a chunk too short": (
        http(b"2\r\nabc\r\n0\r\n\r\n" + bytes(30), "Transfer-Encoding: chunked"), {}, Outcome.PROTOCOL_ERROR),
    "too large": (http(bytes(200_000)), {}, Outcome.TOO_LARGE),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_RESPONSES)
def test_a_response_that_is_not_whole_is_a_failure_with_its_reason(path: Path, what: str) -> None:
    block, fields, outcome = BAD_RESPONSES[what]
    bad, good = read(path, plain_record(DAY1, block, **fields) + plain_record(DAY2, http(BODY)))

    assert (bad.failure, bad.body, bad.place) == (outcome, None, "record 1 at byte 0")
    assert bad.error
    assert good.body == BODY


def test_a_brotli_bomb_is_too_large(path: Path) -> None:
    body = pytest.importorskip("brotli").compress(bytes(10_000_000), quality=1)

    assert read(path, plain_record(DAY1, http(body, "Content-Encoding: br")))[0].failure is Outcome.TOO_LARGE


# ─── WARC files that are not what they say ──────────────────────────────────────────────────────

GOOD = plain_record(DAY1, http(BODY))
BROKEN_WARCS = {
    "cut in its block": (GOOD[:-40], "the file ends in the middle"),
    "cut in its header": (GOOD + GOOD[:60], "the file ends in the middle"),
    "cut before its end": (GOOD[:-2], "Content-Length is wrong"),
    "a length too small": (plain_record(DAY1, http(BODY), Content_Length="20"), "Content-Length is wrong"),
    "a length too large": (plain_record(DAY1, http(BODY), Content_Length="999999"), "the file ends in the middle"),
    "an absurd length": (plain_record(DAY1, b"", Content_Length="9" * 30), "no usable Content-Length"),
    "a negative length": (plain_record(DAY1, b"", Content_Length="-1"), "no usable Content-Length"),
    "no length": (b"WARC/1.0\r\nWARC-Type: response\r\n\r\n\r\n\r\n", "no usable Content-Length"),
    "two lengths": (GOOD.replace(b"WARC-Date", b"Content-Length: 1\r\nWARC-Date"), "two fields content-length"),
    "a huge header": (plain_record(DAY1, b"", X="y" * 50_000), "a header longer than any is"),
    "endless headers": (plain_record(DAY1, b"", **{f"X{n}": "y" * 90 for n in range(999)}), "longer than any is"),
    "no fields": (b"WARC/1.0\r\nnothing here\r\n\r\n", "no named field"),
    "rubbish between": (GOOD + b"rubbish\r\n" + GOOD, "a record must begin here"),
    "another version": (GOOD + GOOD.replace(b"WARC/1.0", b"WARC/9.9"), "a record must begin here"),
    "too many records": (GOOD * 51, "more than 50 records"),
    "too much": (gzip.compress(plain_record("https://x.org", os.urandom(2_100_000))), "more than 2000000 bytes"),
    "a bomb": (gzip.compress(plain_record("https://x.org", bytes(1_900_000))), "a bomb"),
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD)), "a gzip file with no WARC in it"),
    "cut gzip": (gzip.compress(GOOD)[:-10], "the file ends in the middle"),
    "a broken checksum": (gzip.compress(GOOD)[:-8] + bytes(8), "damaged"),
    "rubbish after gzip": (gzip.compress(GOOD) + b"rubbish", "no gzip follows"),
}


@pytest.mark.parametrize("what", BROKEN_WARCS)
def test_a_broken_warc_is_refused_with_the_place(path: Path, what: str) -> None:
    data, words = BROKEN_WARCS[what]
    told = refused(path, data)

    assert words in told
    assert "byte" in told or what == "gzip in gzip"


def test_a_block_of_unwanted_pages_is_not_held_in_memory(path: Path) -> None:
    import tracemalloc

    with path.open("wb") as file:
        for number in range(15):
            file.write(gzip.compress(plain_record(f"https://x.org/{number}", os.urandom(65_536) * 8)))
        file.write(gzip.compress(GOOD))
    bounds = replace(SMALL, unpacked_bytes=10**9)
    tracemalloc.start()
    found = list(files.read(files.known(path, bounds), lambda url: "ithome" in url, bounds, Counter()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [one.url for one in found] == [DAY1]
    assert peak < 8_000_000


# ─── WACZ ───────────────────────────────────────────────────────────────────────────────────────


def test_every_warc_of_a_wacz_is_read(path: Path) -> None:
    found = read(path, wacz(warc((DAY1, BODY)), warc((DAY2, BODY))))

    assert [one.url for one in found] == [DAY1, DAY2]
    assert found[1].place.startswith("archive/rec-01.warc.gz, record 3 at byte")


def link(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped({"archive/x.warc": GOOD}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def many(count: int) -> bytes:
    return zipped({f"archive/{number}.warc": b"" for number in range(count)})


def lying(count: int) -> bytes:
    data = zipped({"archive/x.warc": GOOD})
    return data[:-22] + data[-22:-14] + struct.pack("<HH", count, count) + data[-10:]


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("archive/a.warc", "archive/b.warc"):
            archive.writestr(name, GOOD)
    return out.getvalue().replace(b"archive/b.warc", b"archive/a.warc")


GOOD_WARC = gzip.compress(GOOD)
BAD_ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "out of the file": (lambda: wacz(GOOD_WARC, extra={"../../etc/passwd": b"x"}), "leads out of the file"),
    "out within": (lambda: wacz(GOOD_WARC, extra={"archive/../../x.warc": b"x"}), "leads out of the file"),
    "absolute": (lambda: wacz(GOOD_WARC, extra={"/etc/passwd": b"x"}), "no relative path"),
    "a drive": (lambda: wacz(GOOD_WARC, extra={"C:/x.warc": b"x"}), "no relative path"),
    "backslashes": (lambda: wacz(GOOD_WARC, extra={"..\\x.warc": b"x"}), "no relative path"),
    "NUL": (lambda: wacz(GOOD_WARC, extra={"archive/aQb": b""}).replace(b"aQb", b"a\x00b"), "no relative path"),
    "a link": (lambda: link("archive/x.warc"), "a link or a device"),
    "encrypted": (encrypted, "is encrypted"),
    "a bomb": (lambda: zipped({"archive/x.warc": bytes(1_900_000)}, zipfile.ZIP_DEFLATED), "a bomb"),
    "a bomb within": (
        lambda: wacz(gzip.compress(plain_record("https://x.org", bytes(1_900_000)))), "a bomb"),
    "too much in all": (lambda: zipped({f"x{n}": os.urandom(900_000) for n in range(3)}), "more than 2000000 bytes"),
    "LZMA": (lambda: zipped({"archive/x.warc": GOOD}, zipfile.ZIP_LZMA), "no archive of pages is"),
    "too many members": (lambda: many(31), "more than any archive of pages has"),
    "a lying count": (lambda: lying(60_000), "more than any archive of pages has"),
    "the same name twice": (twice, "is there twice"),
    "another hash": (lambda: wacz(GOOD_WARC, wrong_hash="archive/rec-00.warc.gz"), "hash differs"),
    "another index": (lambda: wacz(GOOD_WARC, wrong_hash="indexes/index.cdx.gz"), "hash differs"),
    "another package": (
        lambda: wacz(GOOD_WARC, extra={"datapackage-digest.json": b'{"hash": "sha256:0"}'}), "hash differs"),
    "a missing member": (
        lambda: zipped({"archive/x.warc": GOOD, "datapackage.json": b'{"resources": [{"path": "../x"}]}'}),
        "which is not there"),
    "no list": (lambda: zipped({"archive/x.warc": GOOD, "datapackage.json": b"[1]"}), "no list of resources"),
    "two lists": (
        lambda: zipped({"archive/x.warc": GOOD, "datapackage.json": b'{"resources": [], "resources": []}'}),
        "two lists of resources"),
    "no JSON": (lambda: zipped({"archive/x.warc": GOOD, "datapackage.json": b"{"}), "no JSON"),
    "deep JSON": (lambda: zipped({"archive/x.warc": GOOD, "datapackage.json": b"[" * 99_999}), "no JSON"),
    "no WARC": (lambda: zipped({"index.html": BODY}), "no WACZ"),
    "members that make a bomb together": (
        lambda: zipped({f"archive/{name}.warc": bytes(40_000_000) for name in "ab"}, zipfile.ZIP_DEFLATED), "a bomb"),
    "an empty zip": (lambda: zipped({}), "no WACZ"),
    "cut": (lambda: wacz(GOOD_WARC)[:-60], "the zip file is cut"),
    "a broken WARC": (lambda: wacz(GOOD_WARC[:-9]), "archive/rec-00.warc.gz, record"),
    "a damaged member": (lambda: zipped({"archive/x.warc": GOOD}).replace(b"some words", b"same words", 1), "damaged"),
}  # fmt: skip


def test_a_recording_larger_than_can_be_read_is_refused_at_once(path: Path) -> None:
    path.write_bytes(b"WARC/1.0\r\nContent-Length: 999999999999\r\n\r\n")
    with path.open("r+b") as file:
        file.truncate(Bounds().unpacked_bytes + 1)  # takes no room on the disk
    with pytest.raises(UnusableFile, match="more than"):
        files.known(path, Bounds())


@pytest.mark.parametrize("what", BAD_ZIPS)
def test_a_hostile_zip_is_refused_whole(path: Path, what: str) -> None:
    make, words = BAD_ZIPS[what]
    before = sorted(path.parent.parent.rglob("*"))

    assert words in refused(path, make())
    assert sorted(path.parent.parent.rglob("*")) in (before, sorted([*before, path]))


# ─── what people have instead ───────────────────────────────────────────────────────────────────

ARC = b"filedesc://x.arc 0.0.0.0 20080101000000 text/plain 76\n1 0 Archive\n"
PLIST = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x">\n<plist>'
OTHERS: dict[str, tuple[Callable[[], bytes], str]] = {
    ".arc": (lambda: ARC, "an ARC file"),
    ".arc.gz": (lambda: gzip.compress(ARC), "an ARC file"),
    ".har.zip": (lambda: zipped({"har.har": b"{}", "a1b2.html": BODY}), "a HAR in a zip file"),
    ".webarchive": (lambda: b"bplist00\xd1\x01\x02_\x10\x0fWebMainResource", "a web archive of Safari"),
    ".webarchive as XML": (lambda: PLIST + b"<dict><key>WebMainResource</key></dict>", "a web archive of Safari"),
    ".warc.zst": (lambda: b"\x28\xb5\x2f\xfd" + bytes(50), "a Zstandard file"),
    ".warc.zst with a dictionary": (lambda: b"\x5d\x2a\x4d\x18" + bytes(50), "a Zstandard file"),
    ".html.gz": (lambda: gzip.compress(BODY), "a gzip file with no WARC in it"),
    ".zim": (lambda: b"ZIM\x04" + bytes(80), "a ZIM file"),
    ".jpg": (lambda: b"\xff\xd8\xff\xe0" + bytes(80), "a picture"),
    ".pdf": (lambda: b"%PDF-1.7\n", "a PDF"),
    ".db": (lambda: b"SQLite format 3\x00" + bytes(90), "a database"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_a_format_that_is_not_read_is_named_with_what_to_do(path: Path, what: str) -> None:
    make, words = OTHERS[what]
    told = refused(path, make())

    assert f"{words}" in told
    assert "which is not read here" in told
    assert told.count(";") >= 1, "and what to do"


# ─── HAR and MHTML ──────────────────────────────────────────────────────────────────────────────


def test_har_text_is_utf_8_whatever_its_headers_say(path: Path) -> None:
    (found,) = read(path, made.har(made.entry(DAY1, "<html>中文".encode())))

    assert found.body == "<html>中文".encode()
    assert found.headers == (("content-type", "text/html; charset=utf-8"),)
    assert found.at == datetime(2023, 9, 20, 12, 34, 56, 789_000, tzinfo=UTC)


def test_har_bytes_are_undone(path: Path) -> None:
    one = made.entry(DAY1, BODY)
    one["response"]["content"] = {"text": base64.b64encode(BODY).decode(), "encoding": "base64"}

    assert read(path, made.har(one))[0].body == BODY
    one["response"]["content"]["text"] = "%%%"
    assert read(path, made.har(one))[0].failure is Outcome.PROTOCOL_ERROR


BAD_HARS = {
    "deep": b'{"log": ' + b"[" * 100_000,
    "deep in a value": b'{"log": {"entries": [{"request": {"url": ' + b'{"a":' * 50_000,
    "cut": made.har({"request": {}})[:-3],
    "no log": b'{"a": 1}',
    "no entries": b'{"log": {"entries": {}}}',
    "entries twice": b'{"log": {"entries": [], "entries": []}}',
    "two logs": b'{"log": {"entries": []}, "log": {"entries": []}}',
    "numbers for entries": b'{"log": {"entries": [1]}}',
    "no request": b'{"log": {"entries": [{"response": {}}]}}',
    "a number too long": b'{"log": ' + b"9" * 10_000,
    "too large": b'{"log": "' + b"x" * 400_000,
}


@pytest.mark.parametrize("what", BAD_HARS)
def test_a_broken_har_is_refused(path: Path, what: str) -> None:
    refused(path, BAD_HARS[what])


@pytest.mark.parametrize("value", [None, 1, [], {}, "x" * 100_000, True])
@pytest.mark.parametrize("field", ["status", "headers", "content"])
def test_har_values_of_the_wrong_kind_are_passed_over(path: Path, field: str, value: object) -> None:
    one = made.entry(DAY1, BODY, startedDateTime=value)
    one["response"][field] = value

    assert all(found.body in {None, BODY} for found in read(path, made.har(one)))


def test_an_mhtml_gives_its_page_and_its_images(path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(300)
    image = "https://ithelp.ithome.com.tw/upload/images/1/a.png"
    found = read(path, made.mhtml(DAY1, BODY, (image, png), ("https://x.org/b.png", png)))

    assert [(one.url, one.status) for one in found] == [(DAY1, None), (image, None)]
    assert found[0].body is not None
    assert found[0].body.rstrip() == BODY
    assert found[1].body == png
    assert found[0].at == datetime(2023, 9, 20, 12, 34, 56, tzinfo=UTC)


def nested(depth: int) -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b0\r\n\r\n"
    for level in range(depth):
        head += b"--b%d\r\nContent-Type: multipart/related; boundary=b%d\r\n\r\n" % (level, level + 1)
    return head


BAD_MHTMLS = {
    "cut": made.mhtml(DAY1, BODY)[:-200],
    "nested without end": nested(2_000),
    "too many parts": b"Content-Type: multipart/related; boundary=x\r\n\r\n" + b"\n--x" * 30_000,
    "an endless header": b"Content-Type: multipart/related; boundary=x\r\n" + b"A: b\r\n" * 30_000,
    "no boundary": made.mhtml(DAY1, BODY).replace(b"boundary=", b"border="),
    "no page": made.mhtml(DAY1, BODY).replace(b"text/html", b"text/plain"),
    "too large": made.mhtml(DAY1, b"x" * 400_000),
}


@pytest.mark.parametrize("what", BAD_MHTMLS)
def test_a_broken_mhtml_is_refused(path: Path, what: str) -> None:
    refused(path, BAD_MHTMLS[what])


# ─── saved HTML ─────────────────────────────────────────────────────────────────────────────────

MARK = f"<!-- saved from url=(0044){DAY1} -->"
OG = f'<meta property="og:url" content="{DAY2}">'
ABOUTS = {
    "the mark of the web": (f"<!DOCTYPE html>\n{MARK}\n<html>", DAY1),
    "the mark before og:url": (f"<!DOCTYPE html>\n{MARK}\n<html>{OG}", DAY1),
    "og:url": (f"<!DOCTYPE html><html><head>{OG}", DAY2),
    "a canonical link": (f'<html><head><link rel="canonical" href="{DAY2}">', DAY2),
    "out of a web archive": (f"<!-- saved from url=(0090)https://web.archive.org/web/2023/{DAY1} --><html>{OG}", DAY2),
    "somebody's blog": ("<!-- saved from url=(0020)https://example.org/ --><html>", "https://example.org/"),
    "nothing": ("<html><p>hello", ""),
    "a mark in the text": (f"<html><body>{'x' * 30_000}{MARK}", ""),
    "a mark without end": ("<!-- saved from url=(0044)" + "x" * 50_000, ""),
}


@pytest.mark.parametrize("what", ABOUTS)
def test_a_saved_page_says_whose_copy_it_is(what: str) -> None:
    text, url = ABOUTS[what]

    assert saved.about(lean(text.encode())).url == url


def test_singlefile_tells_the_moment() -> None:
    about = saved.about(lean(made.singlefile(DAY1, b"<!DOCTYPE html><html><head></head></html>")))

    assert (about.url, about.saved_at) == (DAY1, datetime(2023, 9, 20, 12, 34, 56, tzinfo=UTC))


# ─── the front door ─────────────────────────────────────────────────────────────────────────────

FORMATS = {
    "WARC": (gzip.compress(GOOD), GOOD),
    "WACZ": (wacz(GOOD_WARC),),
    "HAR": (b"\xef\xbb\xbf  " + made.har(), made.har()),
    "MHTML": (made.mhtml(DAY1, BODY),),
    "HTML": (
        BODY,
        b"\xef\xbb\xbf" + BODY,
        "<html>中文".encode("utf-16"),
        b"<?xml version='1.0'?><rss></rss>",
        MARK.encode(),
    ),
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_known_by_its_bytes(path: Path, form: str) -> None:
    for data in FORMATS[form]:
        path.write_bytes(data)
        assert files.known(path, SMALL).format == form


NOT_OURS = {
    "nothing": b"", "white space": b" \n ", "text": b"hello", "zeros": bytes(100), "a PDF": b"%PDF-1.7",
    "Safari's": b"bplist00", "ARC": b"filedesc://x.arc 0.0.0.0", "a picture": b"\x89PNG\r\n\x1a\n",
    "gzip of a page": gzip.compress(BODY), "a database": b"SQLite format 3\x00", "no gzip": b"\x1f\x8b" + bytes(90),
    "mail": b"From: a\r\nTo: b\r\n\r\nhello",
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_OURS)
def test_what_is_none_of_ours_is_refused_with_what_to_do(path: Path, what: str) -> None:
    refused(path, NOT_OURS[what])


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "page").write_bytes(BODY)
    (tmp_path / "link").symlink_to(tmp_path / "page")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(tmp_path / "socket"))
    listener.close()
    told = {}
    for name in ("folder", "pipe", "link", "socket", "missing", "a\x00b", "x" * 300):
        with pytest.raises(UnusableFile) as caught:
            files.known(tmp_path / name, SMALL)
        told[name] = caught.value.wrong

    assert told["folder"] == "a folder"
    assert "no regular file" in told["pipe"]
    assert "symbolic link" in told["link"]
    assert "No such file" in told["missing"]


def test_a_file_that_changes_meanwhile_is_noticed(path: Path) -> None:
    path.write_bytes(GOOD)
    file = files.known(path, SMALL)
    path.write_bytes(GOOD.replace(b"some", b"same"))

    with pytest.raises(UnusableFile, match="it changed while it was read"):
        files.check_unchanged(file)


# ─── anything at all ────────────────────────────────────────────────────────────────────────────

SHOWING = BODY.replace(
    b"<p>", b"<p><img src=images/1.png><img src='./f/2.png' alt='https://ithelp.ithome.com.tw/upload/images/1/2.png'>"
    b"<img src=data:image/png;base64,iVBORw0KGgo=><img src='../../ithelp.ithome.com.tw/upload/images/1/3.png?x'>"
)  # fmt: skip
PACKED = made.singlefile_zip(
    DAY1, SHOWING, {"images/1.png": ("https://ithelp.ithome.com.tw/upload/images/1/1.png", b"\x89PNG\r\n\x1a\n")}
)
SEEDS = [
    PACKED, made.unpacking_itself(DAY1, PACKED), made.httrack(DAY1, SHOWING), made.chrome_html(DAY1, SHOWING),
    GOOD + plain_record(DAY2, encoded("gzip, chunked")), gzip.compress(GOOD) * 2, wacz(GOOD_WARC),
    made.har(made.entry(DAY1, BODY)),
    made.mhtml(DAY1, BODY, ("https://ithelp.ithome.com.tw/upload/images/a.png", b"x")),
    made.chrome_html(DAY1, BODY), made.singlefile(DAY1, BODY), zipped({"archive/x.warc": GOOD}, zipfile.ZIP_DEFLATED),
    json.dumps({"log": {"entries": [{"request": {"url": DAY1}, "response": {"status": 200}}]}}).encode(),
]  # fmt: skip
TOKENS = [
    b"", b"\x00", b"\r\n\r\n", b"Content-Length: 99\r\n", b"WARC/1.0\r\n", b"PK\x01\x02", b"PK\x05\x06",
    b"\x1f\x8b\x08", b"{", b"[" * 50, b'"', b"\xff" * 8, b"--", b"9" * 40, b"\r\n ", b": ", b"../", b"=?utf-8?b?",
    b"boundary=",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "cut", "insert", "drop", "swap"])):
            case "flip" if at < len(data):
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=30)))
            case "drop":
                del data[at : at + draw(st.integers(1, 50))]
            case _:
                other = draw(st.sampled_from(SEEDS))
                data[at : at + 20] = other[at : at + 20]
    return bytes(data)


@given(damaged())
@settings(max_examples=depth(60, 3_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(data: bytes) -> None:
    found: list[Found] = []
    told = "file: "
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = read(Path(folder) / "file", data)
        except UnusableFile as error:
            told = str(error)

        assert told.startswith("file: ")
        assert told.isprintable()
        assert [path.name for path in Path(folder).iterdir()] == ["file"]
    for one in found:
        assert (one.body is None) == (one.failure is not None) or one.status in range(300, 400)
