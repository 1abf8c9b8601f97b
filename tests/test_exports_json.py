"""`export json`: all there is in one document, by a schema that says what each key holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import reading_archive
from archives import put, tampering
from desks import Fetcher
from jsonschema import Draft202012Validator
from one_text import words
from runs import small_site

import archiver
from archiver.exports.json_document import SCHEMA
from archiver.standin import StandIn

EDITED, MISSING = 10319293, 10321315
HOSTILE = "\x07 \x1b[31m \u202e \u200b \u2028 \ufeff \U000e0041 <script>alert(1)</script> \" ' & 中"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which a part is missing and another was edited."""
    folder = tmp_path_factory.mktemp("json")
    with StandIn(small_site(4)) as standin:
        desk = Fetcher.at(standin, folder, images=True)
        standin.faults.not_found(MISSING)
        desk.fetch()
        standin.faults.edit(EDITED, title="[Day 02] 另一個標題")
        desk.fetch("--force", days=2)
    return desk.db


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(files("archiver.exports").joinpath("archive.schema.json").read_text("utf-8"))


def exported(archive: Path, folder: Path, **options: Any) -> tuple[Any, str]:
    """The document as a value and as it is written."""
    place = folder / "out.json"
    archiver.export(archive, "json", out=place, options=archiver.ExportOptions(**options))
    written = place.read_text("utf-8")
    return json.loads(written), written


def parts_of(document: Any) -> dict[int, Any]:
    return {part["id"]: part for book in document["series"] for part in book["parts"]}


def shown(folder: Path, **said: str) -> Path:
    """The archive to read, and a source that asks for its series."""
    path = reading_archive.make(folder / "shown.db", reading_archive.Words(**said))
    with tampering(path) as connection:
        url = f"{reading_archive.BASE}/users/7/ironman/{reading_archive.SERIES}"
        put(connection, "sources", id=1, url=url, kind="series", added_at=reading_archive.AT)
        put(connection, "series_sources", series_id=reading_archive.SERIES, source_id=1)
    return path


def hostile(folder: Path) -> Path:
    return shown(folder, title=HOSTILE, comment=HOSTILE, name=HOSTILE, tag=HOSTILE, alt=HOSTILE)


@pytest.mark.parametrize("options", [{}, {"comments": False}, {"lang": "en"}])
def test_a_document_is_valid_by_the_schema_that_it_names(
    archive: Path, tmp_path: Path, schema: Any, options: dict[str, Any]
) -> None:
    for held in (archive, hostile(tmp_path)):
        document, _ = exported(held, tmp_path, **options)
        assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
        assert document["$schema"] == schema["$id"] == SCHEMA


def test_the_schema_is_one_and_says_of_every_key_what_it_holds(schema: Any) -> None:
    def keys(at: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(at, dict):
            for name, one in at.get("properties", {}).items():
                yield name, one
            for one in at.values():
                yield from keys(one)

    Draft202012Validator.check_schema(schema)
    assert [name for name, one in keys(schema) if not one.get("description")] == []
    assert {tuple(one["required"]) == tuple(one["properties"]) for one in (schema, *schema["$defs"].values())} == {True}
    assert {one["additionalProperties"] for one in (schema, *schema["$defs"].values())} == {False}


def test_what_is_invisible_or_acts_is_escaped_and_the_value_is_the_same(tmp_path: Path) -> None:
    document, written = exported(hostile(tmp_path), tmp_path)

    assert [sign for sign in set(written) if not sign.isprintable()] == ["\n"]
    comment = parts_of(document)[reading_archive.ALIVE]["article"]["comments"][0]
    assert comment["author"] == HOSTILE


def test_a_part_has_its_facts_its_edits_and_where_its_text_came_from(archive: Path, tmp_path: Path) -> None:
    parts = parts_of(exported(archive, tmp_path)[0])
    edited, missing = parts[EDITED], parts[MISSING]

    assert missing["is_missing"]
    assert missing["article"] is None
    assert missing["marks"] == ["本篇沒有存檔；只知道它的標題與原址。"]
    assert [one["title_changed"] for one in edited["edits"]] == [True]
    numbers = [one["id"] for one in edited["article"]["captures"]]
    assert edited["article"]["capture_id"] in numbers
    assert {edited["edits"][0]["old_capture_id"], edited["edits"][0]["new_capture_id"]} <= set(numbers)
    with archiver.Archive(archive) as held:
        kept = held.article(EDITED)
        assert [one["code"] for one in edited["article"]["code"]] == [one.code for one in kept.code_blocks]
        assert edited["article"]["tags"] == list(kept.tags)


def test_images_say_whether_their_bytes_are_held(tmp_path: Path) -> None:
    article = parts_of(exported(shown(tmp_path), tmp_path)[0])[reading_archive.ALIVE]["article"]

    held = {image["url"]: image["is_held"] for image in article["images"]}
    assert held[reading_archive.HELD]
    assert not held[reading_archive.LOST]
    assert {image["sha256"] is not None for image in article["images"] if image["is_held"]} == {True}


def test_the_words_of_a_body_are_those_of_its_text(archive: Path, tmp_path: Path) -> None:
    articles = [part["article"] for part in parts_of(exported(archive, tmp_path)[0]).values() if part["article"]]

    assert articles
    with archiver.Archive(archive) as held:
        for article in articles:
            body = held.body(article["capture_id"])
            assert body is not None
            assert words(article["text"]) == words(body.text)
            assert article["html"] == body.html
