"""`export zim`: the pages of the site in one file for Kiwix, whose words are found, Chinese ones of any length."""

from __future__ import annotations

import os
import posixpath
import re
import resource
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import reading_archive
from archives import put, rows_at, tampering
from exported import MISSING, files_of
from selectolax.lexbor import LexborHTMLParser
from test_exports_site import hostile_archive

import archiver
from archiver.errors import ExportUnwritable
from archiver.exports import site, zim_pack
from archiver.exports.book import opened_books
from archiver.exports.formats import PLAIN, ExportOptions
from archiver.exports.zim_identity import settle

reader = pytest.importorskip("libzim.reader", reason="the extra zim is not installed")
search = pytest.importorskip("libzim.search", reason="the extra zim is not installed")

DAMAGED = 10319293
LONGEST = 6  # characters of Chinese that are looked for


@pytest.fixture(scope="module")
def made(four_parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made") / "a.zim"
    assert archiver.export(four_parts, "zim", out=place).exit_code == 3
    return place


@pytest.fixture(scope="module")
def texts(four_parts: Path) -> dict[str, str]:
    """What is to be found on each page of a part."""
    with opened_books(four_parts) as books:
        (book,) = books.books
        return {
            site.page_name(book, entry): "\n".join([entry.title, *site.searched(book.chapter(entry), PLAIN)])
            for entry in book.entries
        }


def contents(place: Path) -> dict[str, bytes]:
    zim = reader.Archive(place)
    assert zim.check()
    items = [zim._get_entry_by_id(number).get_item() for number in range(zim.entry_count)]
    return {item.path: bytes(item.content) for item in items}


def without_frame(page: bytes) -> str | None:
    node = LexborHTMLParser(page).css_first("main")
    return node.html if node is not None else None


def found(place: Path, query: str) -> set[str]:
    result = search.Searcher(reader.Archive(place)).search(search.Query().set_query(query))
    return set(result.getResults(0, 100))


def test_its_pages_and_images_are_those_of_the_site(four_parts: Path, made: Path, tmp_path: Path) -> None:
    archiver.export(four_parts, "site", out=tmp_path / "site")
    of_site, of_zim = files_of(tmp_path / "site"), contents(made)

    shared = of_site.keys() & of_zim.keys()
    left_out = {name for name in of_site if name not in shared}
    assert {posixpath.basename(name) for name in left_out} == {
        "search.html", "search.js", "texts.js", "llms.txt", "feed.json", "feed.xml", "opds.xml", "ironman-5943.epub",
        ".archiver-export.json",
    }  # fmt: skip
    for name in shared:
        if name.endswith(".html"):
            assert without_frame(of_zim[name]) == without_frame(of_site[name])
        else:
            assert of_zim[name] == of_site[name]
    missing = next(page for name, page in of_zim.items() if str(MISSING) in name)
    assert "本篇沒有存檔" in missing.decode()
    assert reader.Archive(made).main_entry.get_item().path == "index.html"


def test_every_link_and_image_leads_to_what_is_in_it(made: Path) -> None:
    held = contents(made)
    for name, page in held.items():
        for node in LexborHTMLParser(page).css("[href], [src]") if name.endswith(".html") else ():
            url = node.attributes.get("href") or node.attributes.get("src") or ""
            if not url.startswith(("http://", "https://", "mailto:", "#")):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url).partition("#")[0]))
                assert path in held


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_a_run_of_chinese_is_found_wherever_it_stands(made: Path, texts: dict[str, str], length: int) -> None:
    runs = re.findall(r"[\u4e00-\u9fff]{6,}", "\n".join(texts.values()))
    for run in runs[:: len(runs) // 40]:
        there = {path for path, text in texts.items() if run[:length] in text}
        assert there <= found(made, run[:length])
        if length <= 2:  # longer ones are found by each two characters of them
            assert there == found(made, run[:length]) & texts.keys()


def test_what_stands_nowhere_is_not_found_nor_the_words_around_the_texts(made: Path, texts: dict[str, str]) -> None:
    absent = "龘靐齉爩鱻麤"
    assert not any(found(made, absent[:length]) for length in range(1, LONGEST + 1))
    assert not any("出處" in text for text in texts.values())
    assert found(made, "出處") == set()


def test_the_same_archive_gives_the_same_bytes(four_parts: Path, made: Path) -> None:
    before = made.read_bytes()
    archiver.export(four_parts, "zim", out=made)

    assert made.read_bytes() == before


def test_other_content_gives_another_identifier(four_parts: Path, made: Path, tmp_path: Path) -> None:
    archiver.export(four_parts, "zim", str(MISSING), out=tmp_path / "a.zim")

    assert reader.Archive(tmp_path / "a.zim").uuid != reader.Archive(made).uuid


def test_identifiers_are_changed_where_they_stand_and_nowhere_else(made: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(made, tmp_path / "a.zim"))
    settle(copy)

    assert copy.read_bytes() == made.read_bytes()


def test_the_library_says_nothing(four_parts: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archiver.export(four_parts, "zim", out=tmp_path / "a.zim")

    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_written_leaves_what_stood_there_and_nothing_beside(four_parts: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.zim"
    archiver.export(four_parts, "zim", str(MISSING), out=target)
    before = target.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))
    try:
        with pytest.raises(ExportUnwritable, match=r"what stood there before still does"):
            archiver.export(four_parts, "zim", out=target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_it_ends_with_3_where_a_stored_page_is_damaged(four_parts: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(four_parts, tmp_path / "own.db"))
    with tampering(own) as connection:
        connection.execute(
            "UPDATE captures SET body = x'00' WHERE id = (SELECT capture_id FROM articles WHERE id = ?)", [DAMAGED]
        )

    exported = archiver.export(own, "zim", str(DAMAGED), out=tmp_path / "a.zim")

    assert (exported.exit_code, [part.id for part in exported.unreadable]) == (3, [DAMAGED])
    (page,) = (page for name, page in contents(tmp_path / "a.zim").items() if name.endswith(f"-{DAMAGED}.html"))
    assert "已無法讀取" in page.decode()


def test_comments_are_shown_and_found_unless_they_are_left_out(tmp_path: Path) -> None:
    archive = reading_archive.make(tmp_path / "a.db", reading_archive.Words(comment="<p>謝謝分享心得</p>"))
    with rows_at(archive) as connection:
        put(connection, "sources", id=1, url="https://h/", kind="series", added_at=reading_archive.AT)
        put(connection, "series_sources", series_id=reading_archive.SERIES, source_id=1)
    for comments in (True, False):
        archiver.export(archive, "zim", out=tmp_path / "a.zim", options=ExportOptions(comments=comments))
        pages = contents(tmp_path / "a.zim")
        assert any("謝謝分享心得" in page.decode() for name, page in pages.items() if "html" in name) == comments
        assert bool(found(tmp_path / "a.zim", "分享心得")) == comments


@pytest.mark.parametrize(
    ("used", "counts"), [([0.5, 0.5, 0.55, 0.7], [0, 1, 2, 0]), ([0.01, 0.02, 0.09, 0.2], [1, 2, 3, 0]), ([], [])]
)
def test_the_program_that_packs_knows_when_it_does_nothing_but_wait(used: list[float], counts: list[int]) -> None:
    assert list(zim_pack.idle(used)) == counts


def test_nothing_else_loads_the_library(made: Path) -> None:
    code = "import sys; import archiver.exports.zim_file; print('libzim' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"False"


def test_what_an_enemy_wrote_is_as_harmless_as_in_the_site(tmp_path: Path) -> None:
    archiver.export(hostile_archive(tmp_path / "a.db"), "zim", out=tmp_path / "a.zim")

    pages = {name: LexborHTMLParser(page) for name, page in contents(tmp_path / "a.zim").items() if "html" in name}
    assert len(pages) > 5
    for page in pages.values():
        assert {node.attributes.get("type") for node in page.css("script")} <= {"application/ld+json"}
        for node in page.css("*"):
            assert not [key for key in node.attributes if key.startswith("on") or key == "style"]
            for key in ("href", "src"):
                scheme, found_one, _ = (node.attributes.get(key) or "").lower().partition(":")
                assert not found_one or scheme in {"http", "https", "mailto"}
            assert ":" not in (node.attributes.get("src") or ""), "asked for outside"
        assert page.css("iframe, object, embed, form, base, svg") == []


@pytest.mark.skipif(shutil.which("zimcheck") is None, reason="no zimcheck on this machine (Debian: zim-tools)")
def test_zimcheck_has_nothing_to_say(made: Path) -> None:
    told = subprocess.run(["zimcheck", str(made)], capture_output=True, text=True, check=False)
    if "Full Title index table outside" in told.stderr:
        pytest.skip("this zimcheck is older than libzim 9, and takes each of its files for broken")

    assert (told.returncode, "[ERROR]" in told.stdout) == (0, False)


def test_it_says_of_itself_what_every_zim_must(made: Path) -> None:
    zim = reader.Archive(made)
    must = {"Name", "Title", "Creator", "Publisher", "Date", "Description", "Language", "Illustration_48x48@1"}
    assert must <= set(zim.metadata_keys)
    assert all(zim.get_metadata(name) for name in must)
    assert bytes(zim.get_metadata("Language")) == b"zho"


@pytest.fixture
def served(made: Path) -> Iterator[str]:
    """The address at which kiwix-serve has it."""
    if shutil.which("kiwix-serve") is None:
        pytest.skip("no kiwix-serve on this machine (Debian: kiwix-tools)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["kiwix-serve", "--address", "127.0.0.1", "--port", str(port), str(made)]
    env = {**os.environ, "XAPIAN_CJK_NGRAM": "1"}  # without it, one of before libzim 8.2 takes a run for one word
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as server:
        assert server.stdout is not None
        assert b"running" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
        server.kill()


def test_kiwix_serves_its_pages_and_images_and_finds_in_it(served: str, made: Path, texts: dict[str, str]) -> None:
    def got(path: str) -> bytes:
        with urllib.request.urlopen(f"{served}{path}") as answer:
            return bytes(answer.read())

    held = contents(made)
    image = next(name for name in held if name.startswith("images/"))
    name, text = next((name, text) for name, text in texts.items() if len(text) > 100)
    (run, *_) = re.findall(r"[\u4e00-\u9fff]{6}", text)

    assert got(f"/a/A/{image}") == held[image]
    assert without_frame(got(f"/a/A/{name}")) == without_frame(held[name])
    for length in range(1, LONGEST + 1):
        assert name in got(f"/search?content=a&pattern={quote(run[:length])}").decode()
