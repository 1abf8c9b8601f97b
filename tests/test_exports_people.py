"""What people read of an export is in their language and of their day; what programs read is UTC."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from archives import put, rows_at, tampering
from exported import files_of
from reading_archive import ALIVE, SERIES, make

import archiver
from archiver.exports.formats import PRESETS, ExportOptions
from archiver.exports.said import in_taiwan

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


@pytest.mark.parametrize("preset", PRESETS)
def test_the_head_of_a_post_has_its_day_in_taiwan(archive: Path, tmp_path: Path, preset: str) -> None:
    post = part(exported(archive, tmp_path / "x", "markdown", preset=preset))
    name = {"astro": "pubDate", "obsidian": "created"}.get(preset, "date")

    assert f"\n{name}: 2023-09-25T00:30:00+08:00\n" in post
    assert CAPTURED["zh-TW"] in post


def test_a_moment_that_taiwan_does_not_have_is_left_as_it_is() -> None:
    assert in_taiwan("9999-12-31T23:59:59+00:00").isoformat() == "9999-12-31T23:59:59+00:00"
