"""The frame of every export: which parts are in it and in which order, and how it is put down."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exported import files_of
from hypothesis import given
from hypothesis import strategies as st
from runs import config_for, terse_site

import archiver
from archiver import cli
from archiver.errors import ArchiveDamaged, ExportUnwritable, UsageError
from archiver.exports import said, writing
from archiver.exports.book import opened_books
from archiver.exports.formats import FORMATS, LANGUAGES, Container, ExportFile, ExportOptions
from archiver.pages import languages
from archiver.standin import StandIn

MISSING = 10321315


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of four parts, of which one is not held."""
    folder = tmp_path_factory.mktemp("exports")
    with StandIn(terse_site(4)) as standin:
        standin.faults.not_found(MISSING)
        archiver.fetch(archiver.load_config(config_for(standin, folder)), folder / "archive.db")
    return folder / "archive.db"


def one(name: str = "a.txt", *pieces: bytes) -> ExportFile:
    return ExportFile(name, pieces or (b"words",))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ─── books ──────────────────────────────────────────────────────────────────────────────────────


def test_a_book_has_every_known_part_in_order_held_or_not(archive: Path) -> None:
    with opened_books(archive) as books:
        (book,) = books.books
        chapters = list(book.chapters())

    assert [entry.number for entry in book.entries] == [1, 2, 3, 4]
    assert [entry.part.id for entry in book.entries if entry.part.missing] == [MISSING]
    assert [chapter.article is None for chapter in chapters] == [entry.part.missing for entry in book.entries]
    for chapter in chapters:
        if chapter.article is not None:
            assert chapter.body is not None
            assert chapter.body.text == chapter.article.text
            assert chapter.capture is not None
            assert len(chapter.capture.sha256) == 64


@pytest.mark.parametrize("named", ["5943", "https://ithelp.ithome.com.tw/users/20141304/ironman/5943"])
def test_a_series_is_named_by_its_number_or_its_address(archive: Path, named: str) -> None:
    with opened_books(archive, named) as books:
        assert [book.key for book in books.books] == ["ironman-5943"]


@pytest.mark.parametrize("named", ["10319293", "https://ithelp.ithome.com.tw/articles/10319293"])
def test_a_part_alone_is_a_book_of_one_part_in_its_place(archive: Path, named: str) -> None:
    with opened_books(archive, named) as books:
        (book,) = books.books

    assert (book.key, [entry.part.id for entry in book.entries]) == ("ironman-5943-10319293", [10319293])
    assert book.entries[0].number == 2


@pytest.mark.parametrize("named", ["1", "9" * 40, "https://example.org/", "../etc/passwd", "x\x1b[31m"])
def test_what_is_not_there_is_refused_with_what_there_is(archive: Path, named: str) -> None:
    with pytest.raises(UsageError, match="its series are 5943"), opened_books(archive, named):
        pass


def test_a_link_to_a_part_is_known_however_it_is_spelled(archive: Path) -> None:
    with opened_books(archive) as books:
        spelled = [
            books.entry(f"{host}/articles/10319293{tail}")
            for host in (
                "https://ithelp.ithome.com.tw",
                "http://ithelp.ithome.com.tw",
            )
            for tail in ("", "?sc=rss", "#content")
        ]
        assert {found and found[1].part.id for found in spelled} == {10319293}
        assert books.entry("https://ithelp.ithome.com.tw/articles/1") is None
        assert books.entry("javascript:alert(1)") is None


def test_every_word_of_ours_stands_in_both_languages_with_the_same_gaps() -> None:
    for key, words in said.WORDS.items():
        assert len(words) == len(LANGUAGES)
        gaps = [sorted(part.split("}")[0] for part in word.split("{")[1:]) for word in words]
        assert gaps[0] == gaps[1], key


def test_no_language_is_guessed_again_but_what_the_archive_holds_is_shown(archive: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(archive, tmp_path / "own.db"))
    with opened_books(own) as books:
        before = [chapter.body and chapter.body.code_blocks for chapter in books.books[0].chapters()]
    with archiver.Archive(own) as held:
        kept = [None if part.missing else held.article(part.id).code_blocks for part in held.parts(5943)]

    assert before == kept
    with languages.as_declared():
        assert languages.guess('fn main() { let x: Vec<u8> = Vec::new(); println!("{:?}", x); }') is None


def test_a_part_is_read_however_long_those_before_it_took(archive: Path) -> None:
    with opened_books(archive) as books:
        (book,) = books.books
        books.connection.set_progress_handler(lambda: True, 1)  # as if no time were left
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            books.connection.execute("SELECT count(*) FROM fetches").fetchone()

        assert book.chapter(book.entries[0]).article is not None


# ─── the command ────────────────────────────────────────────────────────────────────────────────


def test_an_export_with_a_part_that_is_not_held_ends_with_3_and_names_it(archive: Path, tmp_path: Path) -> None:
    found = archiver.export(archive, "json", out=tmp_path / "a.json")

    assert found.exit_code == 3
    assert [part.id for book in found.books for part in book.missing] == [MISSING]


def test_the_same_archive_gives_the_same_bytes_and_is_not_touched(archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    first, second = (archiver.export(archive, "json", out=tmp_path / name).written[0].path for name in "ab")

    assert first.read_bytes() == second.read_bytes()
    assert archive.read_bytes() == before


def test_one_json_document_holds_every_part_and_its_text(archive: Path, tmp_path: Path) -> None:
    archiver.export(archive, "json", out=tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_bytes())
    texts = {part["id"]: part["article"] and part["article"]["text"] for part in found["series"][0]["parts"]}

    with archiver.Archive(archive) as held:
        assert texts == {number: None if number == MISSING else held.article(number).text for number in texts}


def test_an_export_never_takes_the_place_of_the_archive(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "other").hardlink_to(archive)
    places = [("json", place) for place in (archive, archive.with_name("archive.db-wal"), tmp_path / "other")]
    for name, place in [*places, ("markdown", archive.parent)]:
        with pytest.raises(UsageError, match=r"archive|folder"):
            archiver.export(archive, name, out=place, force=True)

    assert archiver.status(archive).series


@pytest.mark.parametrize(
    ("name", "option", "options"),
    [
        ("json", "--no-comments", ExportOptions(comments=False)),
        ("markdown", "--lang en", ExportOptions(lang="en")),
        ("markdown", "--preset hugo", ExportOptions(preset="hugo")),
        ("parquet", "--with-bodies", ExportOptions(with_bodies=True)),
    ],
)
def test_what_the_command_line_says_is_heeded_and_told_in_one_document(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, option: str, options: ExportOptions
) -> None:
    pytest.importorskip("pyarrow" if name == "parquet" else "archiver")
    places = [tmp_path / "said", tmp_path / "meant", tmp_path / "plain"]
    command = ["export", name, "5943", *option.split(), "--json", "--db", str(archive), "--out", str(places[0])]
    code = cli.run(command)
    told = json.loads(capsys.readouterr().out)
    archiver.export(archive, name, "5943", out=places[1], options=options)
    archiver.export(archive, name, "5943", out=places[2])
    said, meant, plain = ([*files_of(one).values()] for one in places)

    assert (code, told["exit_code"], told["written"][0]["path"]) == (3, 3, str(places[0]))
    assert said == meant != plain


def test_the_command_line_can_insist(archive: Path, tmp_path: Path) -> None:
    command = ["export", "markdown", "5943", "--db", str(archive), "--out", str(tmp_path / "posts")]
    assert cli.run(command) == 3
    (tmp_path / "posts" / "mine").touch()

    assert cli.run(command) == 2
    assert cli.run([*command, "--force"]) == 3


def test_an_unknown_format_or_language_is_refused(archive: Path) -> None:
    with pytest.raises(UsageError, match=f"there are {next(iter(FORMATS))}"):
        archiver.export(archive, "docx\x1b[0m")
    with pytest.raises(UsageError, match="zh-TW, en"):
        archiver.export(archive, "json", options=archiver.ExportOptions(lang="tlh"))


@pytest.mark.parametrize(
    ("name", "options", "flag"),
    [("epub", {"preset": "hugo"}, "--preset"), ("json", {"with_bodies": True}, "--with-bodies"),
     ("warc", {"comments": False}, "--no-comments")],
)  # fmt: skip
def test_an_option_of_another_format_is_refused_with_those_that_it_is_for(
    archive: Path, tmp_path: Path, name: str, options: dict[str, Any], flag: str
) -> None:
    with pytest.raises(UsageError, match=f"{flag} is not for {name}, but for "):
        archiver.export(archive, name, out=tmp_path / "x", options=archiver.ExportOptions(**options))


def test_posts_for_two_tools_stand_beside_each_other(archive: Path, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        for preset in ("plain", "hugo"):
            archiver.export(archive, "markdown", options=archiver.ExportOptions(preset=preset))

    assert {path.name for path in tmp_path.iterdir()} == {"ironman-5943-markdown", "ironman-5943-hugo"}


def test_a_file_goes_into_a_folder_that_is_there(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    found = archiver.export(archive, "json", out=tmp_path / "folder")

    assert [one.path for one in found.written] == [tmp_path / "folder/ironman-5943.json"]


# ─── putting down ───────────────────────────────────────────────────────────────────────────────

PLACES = [(Container.FILE, "a.txt"), (Container.ZIP, "a.zip"), (Container.FOLDER, "a")]


@pytest.mark.parametrize(("container", "name"), PLACES)
def test_what_was_made_here_is_replaced_and_leaves_nothing_beside_it(
    tmp_path: Path, container: Container, name: str
) -> None:
    for words in (b"old, " + writing.MARK, b"new, " + writing.MARK):
        writing.put(tmp_path / name, container, [one("a.txt", words)], force=False)

    assert [path.name for path in tmp_path.iterdir()] == [name]
    if container is Container.ZIP:
        assert zipfile.ZipFile(tmp_path / name).read("a.txt").startswith(b"new")
    else:
        assert b"new, " in b"".join((tree(tmp_path)).values())


@pytest.mark.parametrize(("container", "name"), PLACES)
def test_what_others_made_is_not_replaced(tmp_path: Path, container: Container, name: str) -> None:
    target = tmp_path / name
    if container is Container.FOLDER:
        target.mkdir()
        (target / "mine").write_text("mine", "utf-8")
    else:
        target.write_text("mine", "utf-8")

    with pytest.raises(UsageError, match="--out"):
        writing.put(target, container, [one()], force=False)

    assert set(tree(tmp_path).values()) == {b"mine"}


def test_a_folder_of_others_is_not_replaced_by_force_either(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/mine").write_text("mine", "utf-8")

    with pytest.raises(UsageError, match="did not make"):
        writing.put(tmp_path / "a", Container.FOLDER, [one()], force=True)


@pytest.mark.parametrize("change", ["edit", "add", "remove", "link"])
def test_a_folder_whose_files_were_changed_since_is_replaced_by_force_alone(tmp_path: Path, change: str) -> None:
    target = tmp_path / "a"
    writing.put(target, Container.FOLDER, [one("deep/a.txt"), one("b.txt")], force=False)
    match change:
        case "edit":
            (target / "deep/a.txt").write_text("my own words", "utf-8")
        case "add":
            (target / "deep/mine.txt").write_text("my own words", "utf-8")
        case "remove":
            (target / "b.txt").unlink()
        case _:
            (target / "b.txt").unlink()
            (target / "b.txt").symlink_to("/etc/hostname")

    with pytest.raises((UsageError, ExportUnwritable)):
        writing.put(target, Container.FOLDER, [one()], force=False)
    if change != "link":
        writing.put(target, Container.FOLDER, [one()], force=True)
        assert tree(target).keys() == {"a.txt", writing.LIST}


def test_a_zip_that_was_changed_since_is_not_as_it_was_made(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    writing.put(target, Container.ZIP, [one()], force=False)
    with zipfile.ZipFile(target, "a") as packed:
        packed.writestr("mine", "mine")

    with pytest.raises(UsageError, match="not as archiver made it"):
        writing.put(target, Container.ZIP, [one()], force=False)


def test_nothing_is_exported_to_the_terminal(four_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--out -"):
        archiver.export(four_parts, "json", out="-")
    assert list(tmp_path.iterdir()) == []


def test_a_zip_behind_which_something_was_written_is_not_as_it_was_made(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    writing.put(target, Container.ZIP, [one()], force=False)
    writing.put(target, Container.ZIP, [one()], force=False)
    with target.open("ab") as file:
        file.write(b"mine")

    with pytest.raises(UsageError, match="not as archiver made it"):
        writing.put(target, Container.ZIP, [one()], force=False)


@pytest.mark.parametrize("change", ["edit", "add", "cut", "empty"])
def test_a_document_that_was_changed_since_is_replaced_by_force_alone(
    four_parts: Path, tmp_path: Path, change: str
) -> None:
    target = tmp_path / "a.json"
    archiver.export(four_parts, "json", out=target)
    archiver.export(four_parts, "json", out=target)
    whole = target.read_bytes()
    changed = {"edit": whole.replace(b"title", b"TITLE", 1), "add": whole + b"\n", "cut": whole[:-9], "empty": b""}
    target.write_bytes(changed[change])

    with pytest.raises(UsageError, match="--force"):
        archiver.export(four_parts, "json", out=target)
    assert target.read_bytes() == changed[change]
    archiver.export(four_parts, "json", out=target, force=True)
    assert target.read_bytes() == whole


class Broken(Exception):
    pass


def broken(error: BaseException) -> Iterator[ExportFile]:
    yield one("a.txt", b"half")
    raise error


@pytest.mark.parametrize(("container", "name"), PLACES[1:])
@pytest.mark.parametrize("error", [Broken(), KeyboardInterrupt(), ArchiveDamaged("x"), OSError(28, "No space left")])
def test_an_export_that_breaks_leaves_what_stood_there(
    tmp_path: Path, container: Container, name: str, error: BaseException
) -> None:
    writing.put(tmp_path / name, container, [one("a.txt", b"whole")], force=False)
    before = tree(tmp_path)

    with pytest.raises((type(error), ExportUnwritable)):
        writing.put(tmp_path / name, container, broken(error), force=False)

    assert tree(tmp_path) == before


def test_what_a_killed_export_left_is_swept_and_what_a_running_one_has_stays(tmp_path: Path) -> None:
    for process in (4_194_304 + 5, os.getpid()):  # more than there can be, and one that lives
        (tmp_path / f".a.export-{process}-xyz").mkdir()
    (tmp_path / ".a.export-mine").mkdir()

    writing.put(tmp_path / "a", Container.FOLDER, [one()], force=False)

    assert sorted(path.name for path in tmp_path.iterdir()) == [f".a.export-{os.getpid()}-xyz", ".a.export-mine", "a"]


def test_a_folder_that_a_kill_caught_between_two_steps_is_put_back(tmp_path: Path) -> None:
    writing.put(tmp_path / "a", Container.FOLDER, [one("a.txt", b"whole")], force=False)
    before = tree(tmp_path / "a")
    (left := tmp_path / f".a.export-{4_194_304 + 5}-xyz").mkdir()
    (tmp_path / "a").rename(left / "a.before")

    with pytest.raises(Broken):
        writing.put(tmp_path / "a", Container.FOLDER, broken(Broken()), force=False)

    assert tree(tmp_path / "a") == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "real")

    with pytest.raises(UsageError, match="symbolic link"):
        writing.put(tmp_path / "a", Container.FOLDER, [one()], force=True)


def test_where_nothing_can_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    for place in ("file/a.zip", "x" * 300):
        with pytest.raises(ExportUnwritable, match="cannot be written"):
            writing.put(tmp_path / place, Container.ZIP, [one()], force=False)


@given(st.text(max_size=20))
def test_no_file_is_written_outside_of_its_place(name: str) -> None:
    try:
        checked: Any = writing._checked(name)
    except ValueError:
        return
    place = Path("/x/y")
    assert os.path.normpath(place / checked).startswith("/x/y/")
