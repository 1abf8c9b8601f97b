"""`export warc`: what came over the wire, as other tools and our own import read it."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from archives import tampering
from hypothesis import example, given
from hypothesis import strategies as st
from runs import config_for, rows, run_fetch, terse_site
from warcio.archiveiterator import ArchiveIterator

import archiver
from archiver.archive.received import Received
from archiver.exports import warc
from archiver.exports.book import Book
from archiver.formats import warc as reader
from archiver.formats.found import Bounds
from archiver.standin import StandIn

HELD = "SELECT id, content_sha256 FROM articles WHERE NOT is_citation ORDER BY id"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("warc")
    with StandIn(terse_site(3)) as standin:
        config = config_for(standin, folder, images=True)
        run_fetch(folder / "archive.db", config)
        run_fetch(folder / "archive.db", config, force=True)
    return folder / "archive.db"


def exported(archive: Path, place: Path) -> bytes:
    archiver.export(archive, "warc", out=place)
    return place.read_bytes()


def test_what_is_exported_as_warc_and_imported_again_has_equal_content(archive: Path, tmp_path: Path) -> None:
    exported(archive, tmp_path / "a.warc.gz")
    config = archiver.load_config(archive.with_name("archiver.toml"))
    found = archiver.import_files(config, tmp_path / "again.db", [tmp_path / "a.warc.gz"])

    assert found.exit_code == 0
    assert rows(tmp_path / "again.db", HELD) == rows(archive, HELD)
    assert len(rows(archive, HELD)) == 3


def test_a_warc_has_the_same_bytes_each_time_and_an_own_id_for_each_record(archive: Path, tmp_path: Path) -> None:
    data = exported(archive, tmp_path / "a.warc.gz")
    assert exported(archive, tmp_path / "a.warc.gz") == data

    found = [one.rec_headers for one in ArchiveIterator(io.BytesIO(data))]
    assert found[0].get_header("WARC-Type") == "warcinfo"
    ids = [one.get_header("WARC-Record-ID") for one in found]
    assert len(set(ids)) == len(ids)
    assert {one.get_header("WARC-Concurrent-To") for one in found} - {None} <= set(ids), (
        "it stands beside what is there"
    )
    times = [one.get_header("WARC-Date") for one in found[1:]]
    assert times == sorted(times)


def test_headers_that_do_not_fit_the_decoded_body_stand_under_another_name(archive: Path, tmp_path: Path) -> None:
    data = exported(archive, tmp_path / "a.warc.gz")
    packed = 0
    for one in ArchiveIterator(io.BytesIO(data), check_digests="raise"):
        if one.rec_type == "response":
            body = one.raw_stream.read()
            assert one.http_headers.get_header("Content-Length") == str(len(body))
            assert one.http_headers.get_header("Content-Encoding") is None
            packed += one.http_headers.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    assert packed


def test_an_answer_that_changed_nothing_is_a_revisit_or_told_and_never_a_second_body(
    archive: Path, tmp_path: Path
) -> None:
    data = exported(archive, tmp_path / "a.warc.gz")
    found = [(one.rec_type, one.rec_headers, one.raw_stream.read()) for one in ArchiveIterator(io.BytesIO(data))]
    revisits = [headers for kind, headers, _ in found if kind == "revisit"]
    told = [block for kind, _, block in found if kind == "metadata" and b"bytes of this answer were not kept" in block]
    urls = [headers.get_header("WARC-Target-URI") for kind, headers, _ in found if kind == "response"]

    assert revisits
    assert {one.get_header("WARC-Refers-To-Target-URI") for one in revisits} <= set(urls)
    assert told
    assert len(urls) == len(set(urls))


def test_headers_and_addresses_of_an_enemy_end_no_line_and_begin_no_record(archive: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(archive, tmp_path / "own.db"))
    evil = [
        ["X-A\r\n\r\nWARC/1.1", "1"],
        ["X-B", "v\r\nX-C: 1\r\n\r\n<script>"],
        ["X-D", "字\u202e" * 50_000],
        ["", ""],
    ]
    with tampering(own) as connection:
        connection.execute("UPDATE captures SET headers = ?", [json.dumps(evil)])
        connection.execute("UPDATE fetches SET requested_url = requested_url || ?", ["?\r\nX: y 字\x00"])

    found = list(ArchiveIterator(io.BytesIO(exported(own, tmp_path / "a.warc.gz")), check_digests="raise"))
    plain = list(ArchiveIterator(io.BytesIO(exported(archive, tmp_path / "b.warc.gz"))))

    assert [one.rec_type for one in found] == [one.rec_type for one in plain]
    for one in found:
        assert (one.rec_headers.get_header("WARC-Target-URI") or "").isascii()
        if one.rec_type == "response" and one.http_headers.get_header("X-B"):
            assert one.http_headers.get_header("X-C") is None
            assert one.http_headers.get_header("X-B") == "v X-C: 1 <script>"
            assert len(one.http_headers.get_header("X-D")) <= 9 * 8_000, "each sign as its bytes"


_NAMES = st.text(max_size=20) | st.sampled_from(
    ["Content-Type", "content-length ", "Transfer-Encoding", "X Y", "字", ";:"]
)


@given(st.lists(st.tuples(_NAMES, st.text(max_size=40))), st.binary(max_size=80), st.text(max_size=40))
@example([("X", ";¡=0"), ("Y", "字; a=字; 字")], b"", "")
@pytest.mark.parametrize("source", ["live", "wayback"])
def test_whatever_came_is_read_back_by_warcio_and_by_our_own_import(
    source: str, fields: list[tuple[str, str]], body: bytes, tail: str
) -> None:
    class OneBody:
        def received(self, _: int) -> bytes:
            return body

    url, at = f"https://ithelp.ithome.com.tw/articles/1?{tail}", "2026-11-25T12:00:00.000Z"
    answer = Received(
        1, url, "article", url, at, "ok", 200, "{}", source, url, None, 5, True, "0" * 64, at, url, json.dumps(fields)
    )
    data = b"".join(one.packed for one in warc.of_answer(answer, cast(Book, OneBody())))
    (found,) = reader.read(io.BytesIO(data), lambda _: True, Bounds(), Counter())

    assert [one.rec_type for one in ArchiveIterator(io.BytesIO(data), check_digests="raise")][1:] == ["metadata"]
    assert (found.failure, found.body) == (None, body)
