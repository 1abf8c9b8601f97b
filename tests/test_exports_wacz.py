"""`export wacz`: the recording with its index and its pages, as validators, indexers and our own import read it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from archives import tampering
from demonstrations import Played
from exported import MISSING, files_of
from hypothesis import given
from hypothesis import strategies as st
from rescuers import URL, copy, rescuer_of
from runs import config_for, rows, run_fetch, small_site
from warcio.archiveiterator import ArchiveIterator

import archiver
from archiver.exports import wacz, warc
from archiver.standin import StandIn
from archiver.text import safe

HOSTILE = "</title><script>alert(1)</script>\u202e\x1b[31m\r\n \"'&amp; 😀" * 9
HELD = "SELECT id, content_sha256 FROM articles WHERE NOT is_citation ORDER BY id"
EDITED = 10319293


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose pages were asked twice: the title of an article became hostile, all else stayed."""
    folder = tmp_path_factory.mktemp("wacz")
    with StandIn(small_site(4)) as standin:
        config = config_for(standin, folder, images=True)
        run_fetch(folder / "archive.db", config)
        standin.faults.edit(EDITED, title=HOSTILE)
        run_fetch(folder / "archive.db", config, force=True)
    return folder / "archive.db"


def exported(archive: Path, folder: Path, **options: Any) -> dict[str, bytes]:
    archiver.export(archive, "wacz", out=folder / "a.wacz", **options)
    return files_of(folder / "a.wacz")


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A program of the field, of this environment."""
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        pytest.skip(f"{name} is not installed here")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("source", ["twice", "four_parts"])
def test_wacz_and_warcio_find_nothing_amiss(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = exported(request.getfixturevalue(source), tmp_path)
    (tmp_path / "data.warc.gz").write_bytes(found["archive/data.warc.gz"])

    checked = tool("wacz", "validate", "-f", tmp_path / "a.wacz")
    assert "the passed WACZ is valid" in checked.stdout, checked.stdout + checked.stderr
    checked = tool("warcio", "check", tmp_path / "data.warc.gz")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr
    for name, data in found.items():
        assert name.startswith("archive/") or not set(data.decode()) & {"\x1b", "\u202e", "\r"}, name


def test_the_index_is_what_an_indexer_of_the_field_makes_but_for_revisits(twice: Path, tmp_path: Path) -> None:
    found = exported(twice, tmp_path)
    (tmp_path / "data.warc.gz").write_bytes(found["archive/data.warc.gz"])
    theirs = tool("cdxj-indexer", "-s", tmp_path / "data.warc.gz").stdout.splitlines(keepends=True)

    assert [line for line in theirs if "warc/revisit" in line]
    assert found["indexes/index.cdx"].decode() == "".join(line for line in theirs if "warc/revisit" not in line)


def test_each_line_of_the_index_points_at_its_record(twice: Path, tmp_path: Path) -> None:
    found = exported(twice, tmp_path)
    held = [line.split(b" ", 2) for line in found["indexes/index.cdx"].splitlines()]

    assert held == sorted(held)
    for _, at, told in held:
        one = json.loads(told)
        start = int(one["offset"])
        packed = found["archive/data.warc.gz"][start : start + int(one["length"])]
        (record,) = ArchiveIterator(io.BytesIO(packed), check_digests="raise")
        assert record.rec_headers.get_header("WARC-Target-URI") == one["url"]
        assert record.rec_headers.get_header("WARC-Payload-Digest") == one["digest"]
        assert record.rec_headers.get_header("WARC-Date").translate({45: None, 58: None, 84: None})[:14] == at.decode()
        assert record.http_headers.get_statuscode() == one["status"]


def test_the_pages_are_the_parts_in_order_with_their_texts_and_the_rest_beside_them(
    twice: Path, tmp_path: Path
) -> None:
    found = exported(twice, tmp_path)
    head, *parts = lines(found["pages/pages.jsonl"])
    _, *extra = lines(found["pages/extraPages.jsonl"])
    index = {(told["url"], at) for at, told in _indexed(found)}

    assert head["format"] == "json-pages-1.0"
    with archiver.Archive(twice) as archive:
        texts = [archive.article(part.id) for part in archive.parts(5943)]
    assert [(one["url"], one["title"], one["text"]) for one in parts] == [
        (it.url, safe(it.title, 300), it.text) for it in texts
    ]
    assert {(one["url"], _seconds(one["ts"])) for one in [*parts, *extra]} <= index
    assert len({one["id"] for one in [*parts, *extra]}) == len(parts) + len(extra)
    others, again = extra[: -len(parts)], extra[-len(parts) :]
    assert [one["url"] for one in others if "articles" in one["url"]] == [texts[1].url], "as it was before the edit"
    assert [one | {"id": ""} for one in again] == [one | {"id": ""} for one in parts], (
        "ReplayWeb.page searches here alone"
    )
    assert sum("/ironman/5943" in one["url"] for one in extra) >= 1


def _indexed(found: dict[str, bytes]) -> list[tuple[str, Any]]:
    split = (line.split(b" ", 2) for line in found["indexes/index.cdx"].splitlines())
    return [(at.decode(), json.loads(told)) for _, at, told in split]


def _seconds(at: str) -> str:
    return "".join(one for one in at if one.isdigit())[:14]


@pytest.mark.parametrize("source", ["twice", "four_parts"])
def test_what_is_exported_as_wacz_and_imported_again_has_equal_content(
    source: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    archive = request.getfixturevalue(source)
    exported(archive, tmp_path)
    config = archiver.load_config(archive.with_name("archiver.toml"))
    found = archiver.import_files(config, tmp_path / "again.db", [tmp_path / "a.wacz"])

    assert found.exit_code == 0
    assert rows(tmp_path / "again.db", HELD) == rows(archive, HELD)
    assert len(rows(archive, HELD)) == (3 if source == "four_parts" else 4)
    images = "SELECT sha256 FROM images JOIN captures ON captures.id = capture_id ORDER BY 1"
    assert rows(tmp_path / "again.db", images) == rows(archive, images) != []


def test_copies_that_were_rescued_come_back_from_it_too(rotten_demo: Played, tmp_path: Path) -> None:
    rotten = rotten_demo.archive
    exported(rotten, tmp_path)
    (tmp_path / "archiver.toml").write_text('[network]\ncontact = "https://example.org/tests"\n', "utf-8")
    config = archiver.load_config(tmp_path / "archiver.toml")

    archiver.import_files(config, tmp_path / "again.db", [tmp_path / "a.wacz"])

    held = "SELECT id, content_sha256 FROM articles WHERE content_sha256 IS NOT NULL ORDER BY id"
    assert rows(tmp_path / "again.db", held) == rows(rotten, held)
    assert len(rows(rotten, held)) == 30


def test_a_saved_page_has_a_charset_since_replayers_would_take_it_for_latin_1(
    rotten_demo: Played, tmp_path: Path
) -> None:
    data = exported(rotten_demo.archive, tmp_path)["archive/data.warc.gz"]
    types = [
        one.rec_headers.get_header("Content-Type")
        for one in ArchiveIterator(io.BytesIO(data)) if one.rec_type == "resource"
    ]  # fmt: skip

    assert len(types) > 1
    assert all("charset=utf-8" in one.lower() for one in types)


def test_a_wacz_has_the_same_bytes_each_time_and_its_recording_lies_unpacked(twice: Path, tmp_path: Path) -> None:
    exported(twice, tmp_path)
    data = (tmp_path / "a.wacz").read_bytes()
    exported(twice, tmp_path)

    assert (tmp_path / "a.wacz").read_bytes() == data
    with zipfile.ZipFile(tmp_path / "a.wacz") as packed:
        assert packed.getinfo("archive/data.warc.gz").compress_type == zipfile.ZIP_STORED
        assert packed.comment.startswith(b"made by archiver")


def test_it_is_as_it_stood(twice: Path, tmp_path: Path) -> None:
    ((ended,),) = rows(twice, "SELECT finished_at FROM runs ORDER BY id LIMIT 1")
    found = exported(twice, tmp_path, as_of=ended)
    pages = lines(found["pages/pages.jsonl"])[1:]

    assert [one["title"] for one in pages if "script" in one["title"]] == []
    assert {at for at, _ in _indexed(found)} <= {at for at, _ in _indexed(exported(twice, tmp_path))}
    assert max(one["ts"] for one in pages) <= ended
    assert json.loads(found["datapackage.json"])["missing"] == []


def test_a_member_lies_where_a_reader_looks_that_passes_over_local_headers_without_need(
    twice: Path, tmp_path: Path
) -> None:
    """ReplayWeb.page reads a local header only where the directory's entry has an extra field."""
    exported(twice, tmp_path)
    with zipfile.ZipFile(tmp_path / "a.wacz") as packed, (tmp_path / "a.wacz").open("rb") as file:
        for member in packed.infolist():
            file.seek(member.header_offset + 28)
            assert bool(int.from_bytes(file.read(2), "little")) == bool(member.extra), member.filename


def test_a_part_that_is_not_held_is_named_and_is_no_page(four_parts: Path, tmp_path: Path) -> None:
    found = exported(four_parts, tmp_path)
    package = json.loads(found["datapackage.json"])

    assert [one["url"].rpartition("/")[2] for one in package["missing"]] == [str(MISSING)]
    assert str(MISSING).encode() not in found["pages/pages.jsonl"]
    assert len(lines(found["pages/pages.jsonl"])) == 1 + 3


def test_a_part_whose_bytes_are_lost_is_no_page_and_ends_with_3(twice: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.db"
    own.write_bytes(twice.read_bytes())
    with tampering(own) as connection:
        lost = "UPDATE captures SET body = x'00' WHERE id = (SELECT capture_id FROM articles WHERE id = ?)"
        assert connection.execute(lost, [EDITED]).rowcount == 1

    found = archiver.export(own, "wacz", out=tmp_path / "a.wacz")
    files = files_of(tmp_path / "a.wacz")

    assert (found.exit_code, found.lost) == (3, 1)
    assert [one["url"].rpartition("/")[2] for one in json.loads(files["datapackage.json"])["missing"]] == [str(EDITED)]
    assert len(lines(files["pages/pages.jsonl"])) == 1 + 3


@pytest.mark.parametrize(
    ("url", "key"),
    {
        "https://ithelp.ithome.com.tw/articles/1?sc=rss.iron": "tw,com,ithome,ithelp)/articles/1?sc=rss.iron",
        "http://www2.Example.org:8080/A//B/?b=2&a=1&a": "org,example:8080)/a/b?a&a=1&b=2",
        "https://user:word@h:443/a/../%28b%29/#part": "h)/(b)",
        "https://h.tw/%E4%B8%AD%252F.png?x=%2F": "tw,h)/%e4%b8%ad/.png?x=/",
    }.items(),
)
def test_a_key_is_as_the_internet_archive_writes_it(url: str, key: str) -> None:
    assert wacz.surt(url) == key


@given(st.text() | st.text("%0aA/?&=;#.:@\r\n \xff字").map("https://www1.H:80/".__add__))
def test_any_address_has_a_key_of_one_word(url: str) -> None:
    url = warc.uri(url)
    assert " " not in wacz.surt(url)


@pytest.mark.parametrize("holder", ["wayback", "feed"])
def test_a_copy_is_a_resource_of_its_page_marked_as_one_and_imported_again(
    lost: Path, tmp_path: Path, holder: str
) -> None:
    (tmp_path / "rescued").mkdir()
    with rescuer_of(lost, tmp_path / "rescued", extra=f"feed = {str(holder == 'feed').lower()}") as rescuer:
        if holder == "wayback":
            rescuer.archives.shelf.put(copy())
        rescuer.rescue()
        found = exported(rescuer.db, tmp_path)
        (page,) = (one for one in lines(found["pages/pages.jsonl"]) if one.get("url") == URL)
        again = archiver.import_files(
            archiver.load_config(rescuer.config), tmp_path / "again.db", [tmp_path / "a.wacz"]
        )

    assert page["marks"]
    assert len(page["provenance"]["SHA-256"]) == 64
    data = io.BytesIO(found["archive/data.warc.gz"])
    kinds = [one.rec_type for one in ArchiveIterator(data) if one.rec_headers.get_header("WARC-Target-URI") == URL]
    assert kinds == ["resource", "metadata"]
    assert again.exit_code == 0
    assert rows(tmp_path / "again.db", HELD) == rows(rescuer.db, HELD)
    assert len(rows(rescuer.db, HELD)) == 5
