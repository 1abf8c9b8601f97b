"""`export parquet`: tables that other programs read, each column in the schema's own words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from exported import MISSING

import archiver
from archiver.archive.schema import descriptions

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")


@pytest.fixture
def archive(four_parts: Path) -> Path:
    return four_parts


def exported(archive: Path, place: Path, **options: Any) -> Path:
    archiver.export(archive, "parquet", out=place, options=archiver.ExportOptions(**options))
    return place


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parquet.read_table(folder / f"{table}.parquet").to_pylist()
    return found


def test_each_table_has_the_rows_of_the_archive(archive: Path, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "tables")
    with archiver.Archive(archive) as held:
        for row in rows(folder, "articles"):
            kept = held.article(row["id"])
            assert (row["title"], row["content_sha256"], row["published_at"]) == (
                kept.title, kept.content_sha256, kept.published_at,
            )  # fmt: skip
            captures = [one for one in rows(folder, "captures") if one["article_id"] == row["id"]]
            assert [(one["sha256"], one["captured_at"]) for one in captures] == [
                (one.sha256, one.captured_at) for one in kept.captures
            ]
            images = [one for one in rows(folder, "images") if one["article_id"] == row["id"]]
            assert [(one["url"], one["capture_id"]) for one in images] == [(i.url, i.capture_id) for i in kept.images]
            assert sum(one["article_id"] == row["id"] for one in rows(folder, "comments")) == len(kept.comments)
    assert [row["id"] for row in rows(folder, "parts") if row["missing"]] == [MISSING]
    assert len(rows(folder, "articles")) == 3
    assert rows(folder, "links")


def test_texts_are_in_it_only_where_they_are_asked_for(archive: Path, tmp_path: Path) -> None:
    without, with_bodies = exported(archive, tmp_path / "a"), exported(archive, tmp_path / "b", with_bodies=True)

    for table in ("articles", "comments"):
        assert "body_text" not in parquet.read_schema(without / f"{table}.parquet").names
        assert "body_text" in parquet.read_schema(with_bodies / f"{table}.parquet").names
    with archiver.Archive(archive) as held:
        assert {row["id"]: row["body_text"] for row in rows(with_bodies, "articles")} == {
            row["id"]: held.article(row["id"]).text for row in rows(with_bodies, "articles")
        }
    assert not (exported(archive, tmp_path / "c", comments=False) / "comments.parquet").exists()


def test_the_data_package_describes_every_column_in_the_words_of_the_schema(archive: Path, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "tables", with_bodies=True)
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    words = {text for columns in descriptions().values() for text in columns.values()}

    paths = {path.name for path in folder.glob("*.parquet")}
    assert {resource["path"] for resource in package["resources"]} == paths
    for resource in package["resources"]:
        file = folder / resource["path"]
        fields = resource["schema"]["fields"]
        assert [one["name"] for one in fields] == parquet.read_schema(file).names
        assert {one["description"] for one in fields} <= words
        assert resource["hash"] == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        keys = [tuple(row[name] for name in resource["schema"]["primaryKey"]) for row in rows(folder, resource["name"])]
        assert len(keys) == len(set(keys))


def test_the_same_archive_gives_the_same_tables(archive: Path, tmp_path: Path) -> None:
    first, second = (exported(archive, tmp_path / name, with_bodies=True) for name in "ab")

    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }
