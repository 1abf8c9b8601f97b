"""One text in all formats: the words of a part are those of the archive, its code to the letter, nothing acts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from demonstrations import Played
from depths import deeper
from exported import files_of, judged
from markdown_it import MarkdownIt
from one_text import Shown, words
from runs import config_for, run_fetch, small_site
from xss_payloads import PAYLOADS

import archiver
from archiver.exports.said import say
from archiver.standin import StandIn

Told = dict[int, tuple[str, list[str]]]  # article id → its words and its blocks of code
HOSTILE = (10319216, 10319293, 10320102, 10321315)


def hostile_bodies() -> list[str]:
    """All that tries to act, in four bodies, each of them closed again after each payload as far as it can be."""
    armed = [payload.replace("alert(1)", "document.documentElement.dataset.hit=1") for _, payload in PAYLOADS]
    step = len(armed) // 4 + 1
    return ["".join(f"<p>第 {n} 則：{one}</p>\n" for n, one in enumerate(armed[at : at + step])) for at in
            range(0, len(armed), step)]  # fmt: skip


@pytest.fixture(scope="module", params=[deeper("plain_demo"), "rotten_demo", "hostile"])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the demonstrations the rotten one in every run: it has all the parts of the other, and copies of some."""
    if request.param == "hostile":
        return hostile_archive(tmp_path_factory.mktemp("hostile"))
    played: Played = request.getfixturevalue(request.param)
    return played.archive


def hostile_archive(folder: Path) -> Path:
    site = small_site(4)
    with StandIn(site) as standin:
        for number, body in zip(site.series[5943].part_ids, hostile_bodies(), strict=True):
            standin.faults.edit(number, body=body, title=f"</title><script>alert({number})</script>\u202e")
        run_fetch(folder / "a.db", config_for(standin, folder))
    return folder / "a.db"


def held(archive: Path) -> Told:
    with archiver.Archive(archive) as opened:
        found = [opened.article(part.id) for series in opened.series() for part in opened.parts(series.id) if part.safe]
    return {one.id: (words(one.text), [code(block.code) for block in one.code_blocks]) for one in found}


def code(block: str) -> str:
    return block.removesuffix("\n")


def told(pages: dict[int, Shown]) -> Told:
    return {number: (one.words, [code(block) for block in one.code if block.strip()]) for number, one in pages.items()}


def number_in(name: str) -> int:
    return int(name.rpartition(".")[0].rpartition("-")[2])


def of_epub(files: dict[str, bytes]) -> Told:
    pages = {number_in(name): data.decode() for name, data in files.items() if "/part-" in name}
    return told({number: Shown(page, "body", is_xml=True) for number, page in pages.items()})


def of_site(files: dict[str, bytes]) -> Told:
    pages = {number_in(name): data.decode() for name, data in files.items()
             if name.endswith(".html") and "/" in name and not name.endswith("index.html")}  # fmt: skip
    return told({number: Shown(page, "text") for number, page in pages.items()})


def of_json(files: dict[str, bytes]) -> Told:
    (document,) = files.values()
    parts = [part for series in json.loads(document)["series"] for part in series["parts"] if part["article"]]
    pages = {part["id"]: Shown(part["article"]["html"]) for part in parts}
    for part in parts:
        assert words(part["article"]["text"]) == pages[part["id"]].words
    return told(pages)


def of_wacz(files: dict[str, bytes]) -> dict[int, str]:
    _, *pages = map(json.loads, files["pages/pages.jsonl"].splitlines())
    return {int(page["url"].rpartition("/")[2]): words(page["text"]) for page in pages}


def files(archive: Path, name: str, place: Path) -> dict[str, bytes]:
    archiver.export(archive, name, out=place, options=archiver.ExportOptions(comments=name == "wacz"))
    return files_of(place)


@pytest.mark.parametrize(("name", "read"), [("epub", of_epub), ("site", of_site), ("json", of_json)])
def test_the_words_of_each_part_are_those_of_the_archive_and_its_code_is_to_the_letter(
    archive: Path, tmp_path: Path, name: str, read: Callable[[dict[str, bytes]], Told]
) -> None:
    found, expected = read(files(archive, name, tmp_path / "x")), held(archive)

    assert found.keys() >= expected.keys()
    for number, (said, blocks) in expected.items():
        assert found[number][0] == said, number
        assert found[number][1] == blocks, number


def test_the_texts_in_a_wacz_are_those_of_the_archive(archive: Path, tmp_path: Path) -> None:
    assert of_wacz(files(archive, "wacz", tmp_path / "x")) == {
        number: said for number, (said, _) in held(archive).items()
    }


def test_each_post_says_the_words_of_the_archive_in_a_row(archive: Path, tmp_path: Path) -> None:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    posts = {number_in(name): data.decode() for name, data in files(archive, "markdown", tmp_path / "x").items()
             if name.endswith(".md") and not name.endswith("index.md")}  # fmt: skip

    for number, (said, _) in held(archive).items():
        shown = Shown(reader.render(posts[number].split("\n---\n", 1)[1]))
        assert said in shown.words.replace(f"（{say('zh-TW', 'image_missing')}）", ""), number


@pytest.fixture(scope="module")
def enemy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_archive(tmp_path_factory.mktemp("enemy"))


@pytest.mark.long
@pytest.mark.skipif(shutil.which("java") is None, reason="no Java on this machine (Debian: default-jre-headless)")
def test_epubcheck_has_nothing_to_say_of_a_book_of_hostile_bodies(enemy: Path, tmp_path: Path) -> None:
    """Every run has it judge the same markup unsanitised, in comments, which become XHTML as bodies do."""
    archiver.export(enemy, "epub", out=tmp_path / "a.epub")

    assert [(one.id, one.location, one.message) for one in judged(tmp_path / "a.epub").messages] == []


def test_opened_from_the_disk_nothing_of_a_hostile_body_acts_or_asks_anybody(
    enemy: Path, browser: Any, tmp_path: Path
) -> None:
    pages = [tmp_path / "site" / name for name in files(enemy, "site", tmp_path / "site") if name.endswith(".html")]
    for name, data in files(enemy, "epub", tmp_path / "a.epub").items():
        (place := tmp_path / "epub" / name).parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        pages += [place] if name.endswith((".xhtml", ".svg")) else []
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))

    for place in pages:
        page.goto(place.as_uri())
        assert page.evaluate("document.documentElement.dataset.hit") is None, place
    page.close()

    assert len(pages) > 10
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
