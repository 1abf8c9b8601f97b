"""What people read of an export is in their language and of their day; what programs read is UTC."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from archives import put, rows_at, tampering
from exported import files_of
from reading_archive import ALIVE, AT, LATER, SERIES, make

import archiver
from archiver.exports import front_matter
from archiver.exports.formats import PRESETS, ExportOptions
from archiver.exports.said import detail, in_taiwan

PUBLISHED = "2023-09-24T16:30:00Z"  # half an hour into the 25th in Taiwan
CAPTURED = {"zh-TW": "2026-11-01 10:03（台灣時間）", "en": "2026-11-01 10:03 (Taiwan time)"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts that fared differently, published in the first hour of a day in Taiwan."""
    path = make(tmp_path_factory.mktemp("people") / "a.db")
    with rows_at(path) as connection:
        put(connection, "sources", id=1, url="https://index.example/", kind="index", added_at=PUBLISHED)
        put(connection, "series_sources", series_id=SERIES, source_id=1)
    with tampering(path) as connection:
        connection.execute("UPDATE articles SET published_at = ?", [PUBLISHED])
    return path


def exported(archive: Path, place: Path, name: str, **options: Any) -> dict[str, str]:
    archiver.export(archive, name, out=place, options=ExportOptions(**options))
    return {name: data.decode(errors="replace") for name, data in files_of(place).items()}


def part(files: dict[str, str]) -> str:
    """The page of the part that is alive."""
    return next(text for name, text in files.items() if re.search(rf"0{ALIVE}-{ALIVE}(/index)?\.(x?html|md)$", name))


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize("name", ["epub", "site"])
def test_a_post_is_of_its_day_in_taiwan_and_says_whose_time_that_is(
    archive: Path, tmp_path: Path, name: str, lang: str
) -> None:
    files = exported(archive, tmp_path / "x", name, lang=lang)
    said = {"zh-TW": "發表於 2023-09-25 00:30（台灣時間）", "en": "published 2023-09-25 00:30 (Taiwan time)"}

    assert said[lang] in part(files)
    assert CAPTURED[lang] in part(files)
    people = {name: re.sub(r"<(script|time)\b.*?>", "", text) for name, text in files.items() if name.endswith("html")}
    assert not [name for name, text in people.items() if re.search(r"\d:\d\d(:\d\d)?Z| UTC", text)]
    asked = {"zh-TW": "最後檢查於 2026-11-01 10:03（台灣時間）", "en": "2026-11-01 10:03 (Taiwan time)"}
    assert asked[lang] in next(text for name, text in people.items() if name.endswith(("about.xhtml", "index.html")))


def test_what_programs_read_is_utc(archive: Path, tmp_path: Path) -> None:
    site = exported(archive, tmp_path / "site", "site")
    book = exported(archive, tmp_path / "a.epub", "epub")

    assert f'<time datetime="{PUBLISHED}">' in part(site)
    feed = json.loads(site[f"ironman-{SERIES}/feed.json"])
    assert feed["items"][0]["date_published"] == PUBLISHED
    assert re.search(r'dcterms:modified">2026-11-\d\dT\d\d:\d\d:\d\dZ<', book["EPUB/package.opf"])


def test_the_pages_of_a_recording_say_when_they_came_in_utc(four_parts: Path, tmp_path: Path) -> None:
    pytest.importorskip("warcio")
    pages = exported(four_parts, tmp_path / "a.wacz", "wacz")["pages/pages.jsonl"]

    assert re.search(r'"取得時間": "2026-11-\d\dT\d\d:\d\d:\d\dZ"', pages)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_head_of_a_post_has_its_day_in_taiwan(archive: Path, tmp_path: Path, preset: str) -> None:
    post = part(exported(archive, tmp_path / "x", "markdown", preset=preset))
    name = {"astro": "pubDate", "obsidian": "created"}.get(preset, "date")

    assert f"\n{name}: 2023-09-25T00:30:00+08:00\n" in post
    assert CAPTURED["zh-TW"] in post


@pytest.mark.parametrize("preset", PRESETS)
def test_a_post_was_changed_when_an_edit_was_seen_and_only_then(archive: Path, tmp_path: Path, preset: str) -> None:
    never, redressed = (Path(shutil.copy(archive, tmp_path / f"{name}.db")) for name in ("never", "redressed"))
    with tampering(never) as connection:
        connection.execute("DELETE FROM edits")
    with tampering(redressed) as connection:  # and a week later only its dress was another
        put(
            connection, "edits", article_id=ALIVE, old_capture_id=ALIVE, new_capture_id=ALIVE, last_seen_old_at=LATER,
            first_seen_new_at="2026-11-16T00:00:00.000Z", title_changed=0, body_changed=0, tags_changed=0, cosmetic=1,
        )  # fmt: skip
    before, after = (part(exported(db, tmp_path / db.stem, "markdown", preset=preset)) for db in (never, redressed))
    name = {"plain": "lastmod", "hugo": "lastmod", "astro": "updatedDate"}.get(preset, "updated")

    assert f"\n{name}: " not in before
    assert f"\n{name}: 2026-11-09T18:11:12+08:00\n" in after


def test_tags_of_obsidian_name_the_same_language_as_the_tags() -> None:
    tags = ["c", "c++", "C#", "F#", "#rust", "a+b", "node.js", "i--j", "30"]

    assert front_matter._of_obsidian(tags) == [
        "c", "c-plus-plus", "C-sharp", "F-sharp", "rust", "a-plus-b", "node-js", "i-j", "tag-30"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["epub", "site"])
def test_parts_that_are_perhaps_gone_are_counted_where_there_are_any(archive: Path, tmp_path: Path, name: str) -> None:
    chinese = "".join(exported(archive, tmp_path / "zh", name).values())
    english = "".join(exported(archive, tmp_path / "en", name, lang="en").values())
    all_is_well = tmp_path / "well.db"
    shutil.copy(archive, all_is_well)
    with tampering(all_is_well) as connection:
        connection.execute("UPDATE pages SET state = 'alive'")

    assert "共 5 篇，已存檔 4 篇，原網站已移除 2 篇，疑似消失 1 篇" in chinese
    assert "5 parts, 4 held, 2 gone from the site, 1 perhaps gone" in english
    well = "".join(exported(all_is_well, tmp_path / "well", name).values())
    assert "原網站已移除 0 篇</p>" in well


def test_a_moment_that_taiwan_does_not_have_is_left_as_it_is() -> None:
    assert in_taiwan("9999-12-31T23:59:59+00:00").isoformat() == "9999-12-31T23:59:59+00:00"


def test_the_words_around_the_texts_are_chinese_where_chinese_is_asked_for(archive: Path, tmp_path: Path) -> None:
    saved = Path(shutil.copy(archive, tmp_path / "saved.db"))
    with tampering(saved) as connection:
        connection.execute("UPDATE captures SET source = 'import', source_url = 'iT-1.html' WHERE id = ?", [ALIVE])
    site = exported(saved, tmp_path / "site", "site")
    book = exported(saved, tmp_path / "a.epub", "epub")
    post = part(exported(saved, tmp_path / "posts", "markdown"))

    for text in (part(site), part(book), post):
        assert "本文取自匯入的檔案。" in text
        assert "備份檔案" in text
        assert "備份網址" not in text
    assert "標籤：rust" in part(book)
    assert "原址：" in book["EPUB/about.xhtml"]
    assert "- 原址：<https://" in post
    assert '<a href="../index.html">首頁</a>' in part(site)
    assert "<h1>目錄</h1>" in site["index.html"]
    assert "<h1>異動紀錄</h1>" in site["changes.html"]
    assert site["llms.txt"].startswith("# 存檔\n")
    assert "- [[Day 01] 開賽 4](" in site["llms.txt"].replace("\\", "")
    assert "<title>存檔的書</title>" in site["opds.xml"]
    english = exported(saved, tmp_path / "en", "site", lang="en")
    assert english["llms.txt"].startswith("# Archive\n")
    assert "had from an imported file" in part(english)


def test_what_a_change_was_is_said_in_chinese_and_in_the_time_of_taiwan() -> None:
    assert detail("zh-TW", "was new") == "（原為：尚未取得）"
    assert detail("zh-TW", f"title, body since {AT}") == "（標題、內文；原文最後見於 2026-11-01）"
    assert detail("zh-TW", f" since {AT}") == "（原文最後見於 2026-11-01）"
    assert detail("en", f"body since {AT}") == f"body since {CAPTURED['en']}"
    assert detail("zh-TW", None) == detail("en", None) == ""
    assert detail("zh-TW", "part 31 of a contest of 30 days") == "part 31 of a contest of 30 days"


def test_only_what_the_index_does_not_list_is_called_so(archive: Path, tmp_path: Path) -> None:
    assert "索引頁未列" not in exported(archive, tmp_path / "none", "site")[f"ironman-{SERIES}/index.html"]
    listing = Path(shutil.copy(archive, tmp_path / "listing.db"))
    with tampering(listing) as connection:
        put(
            connection, "pages", id=99, url="https://index.example/", kind="index", host="index.example",
            first_seen_at=AT, state="alive", state_since=AT, due_at=AT, last_ok_at=AT,
        )  # fmt: skip
        for number, heading in ((1, "第一週"), (2, None)):
            url = f"https://ithelp.ithome.com.tw/articles/{number}"
            put(connection, "names", id=number, url=url, kind="article", article_id=number, heading=heading)
            put(
                connection, "mentions", id=number, from_page_id=99, name_id=number, via="index",
                first_seen_at=AT, last_seen_at=AT,
            )  # fmt: skip

    site = exported(listing, tmp_path / "some", "site")

    headings = re.findall("<h2>(.*?)</h2>", site[f"ironman-{SERIES}/index.html"])
    assert [re.sub("<.*?>", "", one) for one in headings] == ["第一週", "目錄", "索引頁未列"]
