"""An export is never called whole where something of it is not known, not readable or not there any more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import tampering
from exported import MISSING, files_of

import archiver
from archiver.commands.exporting import Exported
from archiver.errors import UsageError
from archiver.exports.book import opened_books
from archiver.exports.formats import FORMATS
from archiver.report import exports

DAMAGED = 10319293


@pytest.fixture
def own(four_parts: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copy(four_parts, tmp_path / "own.db"))


def damage(archive: Path, sql: str, *parameters: Any) -> None:
    with tampering(archive) as connection:
        assert connection.execute(sql, parameters).rowcount > 0


def make_whole(archive: Path) -> None:
    """As if the part that is not held had never been heard of."""
    damage(archive, "DELETE FROM discoveries WHERE article_id = ?", MISSING)


_UNPACKABLE = "UPDATE captures SET body = x'00' WHERE id = (SELECT {which} FROM articles WHERE id = ?)"


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("parquet", "warc", "wacz", "zim")])
def test_a_part_whose_stored_page_is_damaged_shows_its_text_and_ends_with_3(
    own: Path, tmp_path: Path, name: str
) -> None:
    with archiver.Archive(own) as held:
        text = held.article(DAMAGED).text
    damage(own, _UNPACKABLE.format(which="capture_id"), DAMAGED)

    found = archiver.export(own, name, str(DAMAGED), out=tmp_path / "x")

    assert (found.exit_code, [part.id for part in found.unreadable]) == (3, [DAMAGED])
    assert any("Unreadable: " in line for line in exports.summary(found).lines)
    told = "".join(b"".join(files_of(tmp_path / "x").values()).decode(errors="replace").split())
    for word in (line for line in text.split() if line.isalpha() and len(line) > 8):
        assert word in told


@pytest.mark.parametrize("name", ["epub", "site", "markdown", "json"])
def test_a_last_full_text_whose_page_is_damaged_is_shown_as_its_text_and_ends_with_3(
    own: Path, tmp_path: Path, name: str
) -> None:
    with tampering(own) as connection:
        (image,) = connection.execute("SELECT min(capture_id) FROM images WHERE capture_id IS NOT NULL").fetchone()
        connection.execute(
            "INSERT INTO collapses VALUES (?, '2026-11-01T00:00:00Z', 1, 900, ?, '2026-10-01T00:00:00Z', NULL, ?)",
            [DAMAGED, image, "The words of before <b>."],
        )

    found = archiver.export(own, name, str(DAMAGED), out=tmp_path / "x")

    told = b"".join(files_of(tmp_path / "x").values()).decode(errors="replace")
    assert (found.exit_code, [part.id for part in found.unreadable]) == (3, [DAMAGED])
    assert "The words of before" in told


@pytest.mark.parametrize("name", ["epub", "site", "markdown", "json", "warc"])
def test_bytes_that_are_no_longer_those_received_are_counted_and_end_with_3(
    own: Path, tmp_path: Path, name: str
) -> None:
    with opened_books(own) as books:
        (book,) = books.books
        shown = [one.capture_id for chapter in book.chapters() for one in chapter.images.values() if one.capture_id]
    damage(own, "UPDATE captures SET body = x'00' WHERE id = ?", shown[0])

    found = archiver.export(own, name, out=tmp_path / "x")

    assert (found.exit_code, found.lost) == (3, 0 if name == "json" else 1)


MORE = "there may be more; see `archiver status`."


def not_whole(found: Exported) -> list[str]:
    return [line for line in exports.summary(found).lines if "whole" in line]


def test_a_series_that_declares_more_parts_than_are_known_is_not_whole(own: Path, tmp_path: Path) -> None:
    damage(own, "UPDATE series SET declared_parts = 30")

    found = archiver.export(own, "json", out=tmp_path / "x")

    assert [(one.series_id, one.parts, one.declared_parts) for one in found.unaccounted] == [(5943, 4, 30)]
    assert not_whole(found) == [
        f"Not whole: {found.unaccounted[0].url}: 4 parts known of the 30 that the site declares, {MORE}"
    ]
    alone = replace(found, unaccounted=(replace(found.unaccounted[0], parts=1),))
    assert "1 part known" in not_whole(alone)[0]
    assert not archiver.export(own, "json", str(DAMAGED), out=tmp_path / "y").unaccounted, "of one part nothing is said"


def test_a_source_of_which_nothing_is_known_is_named_by_an_export_of_everything(own: Path, tmp_path: Path) -> None:
    url = "https://ithelp.ithome.com.tw/users/20141304/ironman/1"
    damage(own, "INSERT INTO sources (url, kind, added_at) VALUES (?, 'series', '2026-11-01T00:00:00Z')", url)
    damage(
        own, "INSERT INTO pages (url, kind, host, series_id, first_seen_at, state_since, due_at)"
        " VALUES (?, 'series', 'ithelp.ithome.com.tw', 1, ?2, ?2, ?2)", url, "2026-11-01T00:00:00Z",
    )  # fmt: skip

    found = archiver.export(own, "json", out=tmp_path / "x")

    assert [(one.url, one.parts) for one in found.unaccounted] == [(url, 0)]
    assert not_whole(found) == [f"Not whole: {url}: no part of it is known, {MORE}"]
    assert not archiver.export(own, "json", "5943", out=tmp_path / "y").unaccounted


def test_two_books_are_two_files_in_a_folder_and_never_one_file(own: Path, tmp_path: Path) -> None:
    damage(own, "UPDATE parts SET series_id = NULL, source_id = 1 WHERE article_id = ?", DAMAGED)
    (tmp_path / "file").write_text("mine", "utf-8")

    found = archiver.export(own, "epub", out=tmp_path / "books")
    with pytest.raises(UsageError, match="there are 2 to write"):
        archiver.export(own, "epub", out=tmp_path / "file", force=True)

    assert [one.path.name for one in found.written] == ["ironman-5943.epub", "source-1.epub"]


_EXTRAS = {"parquet": "pyarrow", "warc": "warcio", "zim": "libzim"}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "wacz"])
def test_an_export_in_another_format_is_replaced_by_force_alone_and_said_by_its_name(
    whole_parts: Path, tmp_path: Path, name: str
) -> None:
    pytest.importorskip(_EXTRAS.get(name, "archiver"))
    place = tmp_path / "thing"
    archiver.export(whole_parts, name, out=place)
    before = files_of(place)
    other = {"epub": "wacz", "site": "markdown"}.get(name, "site" if place.is_dir() else "epub")

    with pytest.raises(
        UsageError, match=f"thing: an export as {name}; name another place with --out, or --force to re"
    ):
        archiver.export(whole_parts, other, out=place)
    assert files_of(place) == before
    archiver.export(whole_parts, other, out=place, force=True)
    archiver.export(whole_parts, other, out=place)
    assert files_of(place).keys() != before.keys()


def test_a_file_does_not_become_a_folder_by_force_either(whole_parts: Path, tmp_path: Path) -> None:
    archiver.export(whole_parts, "epub", out=tmp_path / "thing")

    with pytest.raises(UsageError, match="thing: an export as epub, and this format is a folder"):
        archiver.export(whole_parts, "site", out=tmp_path / "thing", force=True)


def test_a_whole_archive_ends_with_0(whole_parts: Path, tmp_path: Path) -> None:
    found = [archiver.export(whole_parts, name, out=tmp_path / name) for name in ("json", "epub", "markdown")]

    assert [one.exit_code for one in found] == [0, 0, 0]
