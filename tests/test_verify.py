"""`archiver verify`: an archive as it was written has no finding, and whatever is changed in it afterwards has one."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from archives import tampering
from runs import fetched_before_and_after_changes, run_fetch, small_site

from archiver import cli, config, pages
from archiver.archive import proof
from archiver.archive.beliefs import Beliefs
from archiver.archive.connection import open_writer
from archiver.commands import fetching
from archiver.standin import StandIn


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An archive with a history of three runs: an edit, a comment that went, an absence."""
    folder = tmp_path_factory.mktemp("proof")
    with StandIn(small_site()) as standin:
        db, file = fetched_before_and_after_changes(standin, folder)
        standin.faults.not_found(10323209)
        run_fetch(db, file, force=True)
    return db, file


@pytest.fixture
def copy(kept: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    shutil.copy(kept[0], tmp_path / "a.db")
    return tmp_path / "a.db", kept[1]


def findings(db: Path, file: Path) -> list[str]:
    return fetching.verify(config.load(file), db)


def test_an_archive_as_it_was_written_has_no_finding(copy: tuple[Path, Path]) -> None:
    assert findings(*copy) == []
    assert cli.run(["verify", "--db", str(copy[0]), "--config", str(copy[1])]) == 0


TAMPERINGS = {
    "an outcome": ("UPDATE fetches SET outcome = 'ok' WHERE outcome = 'not_found'", "digest differs"),
    "a moment": ("UPDATE fetches SET started_at = '2020-01-01T00:00:00.000Z' WHERE id = 5", "digest differs"),
    "a row of the past": ("DELETE FROM fetches WHERE id = (SELECT max(id) FROM fetches)", "digest differs"),
    "an exit code": ("UPDATE runs SET exit_code = 9", "digest differs"),
    "a digest": ("UPDATE runs SET digest = 'x' WHERE id = 1", "run 1: "),
    "a state": ("UPDATE pages SET state = 'gone' WHERE article_id = 10319293", "its fetches say alive"),
    "an absence": ("UPDATE pages SET absences = 0 WHERE absences", "believed suspect"),
    "a body": ("UPDATE articles SET body_text = replace(body_text, '。', '！')", "articles: a row is not"),
    "a title": ("UPDATE articles SET title = 'x' WHERE id = 10319293", "articles: a row is not"),
    "a comment": ("UPDATE comments SET body_text = 'x' WHERE id = 1", "comments: a row is not"),
    "a deletion mark": ("UPDATE comments SET deleted_at = NULL", "comments: a row is not"),
    "code": ("UPDATE code_blocks SET length = length + 1 WHERE position = 1", "code_blocks: a row is not"),
    "an edit": ("DELETE FROM edits", "edits: a row is missing"),
    "a link": ("DELETE FROM links WHERE id = (SELECT min(id) FROM links)", "links: a row is missing"),
    "a discovery": ("UPDATE names SET text = 'x' WHERE id = 1", "names: a row is not"),
    "a part": ("DELETE FROM parts WHERE article_id = 10319293", "parts: a row is missing"),
    "a hash": (f"UPDATE captures SET sha256 = '{'0' * 64}' WHERE id = 1", "SHA-256 differs"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_whatever_is_changed_afterwards_is_found(copy: tuple[Path, Path], what: str) -> None:
    sql, words = TAMPERINGS[what]
    with tampering(copy[0]) as connection:
        assert connection.execute(sql).rowcount >= 1
    found = findings(*copy)

    assert any(words in finding for finding in found), found


def test_another_body_in_a_capture_is_found(copy: tuple[Path, Path]) -> None:
    with tampering(copy[0]) as connection:
        body = gzip.decompress(connection.execute("SELECT body FROM captures WHERE id = 7").fetchone()[0])
        connection.execute("UPDATE captures SET body = ? WHERE id = 7", [gzip.compress(body[:-1] + b"?")])

    assert any(finding.startswith("capture 7 of ") for finding in findings(*copy))


@pytest.mark.parametrize("share", [0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
def test_a_flipped_byte_of_a_capture_is_found(copy: tuple[Path, Path], share: float) -> None:
    db, file = copy
    connection = sqlite3.connect(db)
    stored = connection.execute("SELECT body FROM captures ORDER BY length(body) DESC LIMIT 1").fetchone()[0]
    connection.close()
    whole = bytearray(db.read_bytes())
    sample = stored[int(len(stored) * share) : int(len(stored) * share) + 24]
    place = whole.find(sample)
    assert place > 0
    whole[place] ^= 0x40
    db.write_bytes(whole)

    assert any(finding.startswith("capture ") for finding in findings(db, file))


@pytest.mark.parametrize("again", [fetching.parse, fetching.verify])
def test_who_waits_is_told_how_far_reading_again_is(
    copy: tuple[Path, Path], again: Callable[..., int | list[str]]
) -> None:
    told: list[tuple[int, int]] = []
    again(config.load(copy[1]), copy[0], listener=lambda done, every: told.append((done, every)))

    assert told == [(number, len(told)) for number in range(1, len(told) + 1)]
    assert len(told) > 5


class FullDisk:
    """Beliefs that SQLite has no room to sort."""

    def as_made(self) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL  # as the module sets it
        raise error


def test_a_full_disk_is_told_as_such_and_accuses_no_row(copy: tuple[Path, Path]) -> None:
    database = open_writer(copy[0])
    told = list(proof.verify(database, cast(Beliefs, FullDisk()), pages.read, []))
    database.close()

    assert told == ["beliefs: not checked to the end, since the disk is full; free some space and run again"]
