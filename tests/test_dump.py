"""An archive that was dumped as SQL and read back is still an archive, or one line says how to make it one."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from runs import config_for, rows, run_fetch, terse_site

from archiver import cli
from archiver.archive.opening import APPLICATION_ID
from archiver.standin import StandIn

ONE = 10319216


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("kept")
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, folder)
        run_fetch(folder / "a.db", file)
    return folder / "a.db", file


def by_python(old: Path, new: Path) -> None:
    """As a program does that goes on where a statement fails: Python also writes the rows of the virtual table."""
    with closing(sqlite3.connect(old)) as source, closing(sqlite3.connect(new, isolation_level=None)) as target:
        for statement in source.iterdump():
            with suppress(sqlite3.OperationalError):
                target.execute(statement)


def by_shell(old: Path, new: Path) -> None:
    if shutil.which("sqlite3") is None:
        pytest.skip("no sqlite3 shell")
    dumped = subprocess.run(["sqlite3", str(old), ".dump"], check=True, capture_output=True)
    subprocess.run(["sqlite3", str(new)], input=dumped.stdout, check=False, capture_output=True)


def without_a_virtual_table(old: Path, new: Path) -> None:
    """As SQLite reads it where it is told to be defensive: the schema table takes no row, so no search index."""
    with closing(sqlite3.connect(old)) as source, closing(sqlite3.connect(new, isolation_level=None)) as target:
        for statement in source.iterdump():
            if "INSERT INTO sqlite_master" not in statement:
                with suppress(sqlite3.OperationalError):
                    target.execute(statement)


WAYS = [by_python, by_shell, without_a_virtual_table]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_read_back_from_a_dump_is_an_archive_again(
    kept: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], way: Callable[[Path, Path], None]
) -> None:
    old, file = kept
    new = tmp_path / "new.db"
    way(old, new)
    arguments = ["--db", str(new), "--config", str(file)]
    assert rows_of(new, "PRAGMA application_id") == [(0,)]

    assert cli.run(["status", "-q", *arguments]) == 0  # reads it as it is, and writes nothing
    assert cli.run(["why", str(ONE), *arguments]) == 0
    assert rows_of(new, "PRAGMA application_id") == [(0,)]
    capsys.readouterr()
    code = cli.run(["verify", "--repair", *arguments])
    told = capsys.readouterr()
    assert (code, told.out) == (0, "The archive is what it says it is.\n"), told.err
    assert "read back from a dump" in told.err
    assert rows_of(new, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert cli.run(["search", "這是第", *arguments]) == 0
    assert cli.run(["verify", *arguments]) == 0
    assert "dump" not in capsys.readouterr().err
    for table in ("runs", "fetches", "captures", "articles", "pages"):
        but_seals = [
            name for (name,) in rows(old, f"SELECT name FROM pragma_table_info({table!r})") if "kept" not in name
        ]
        held = f"SELECT {', '.join(map(quoted, but_seals))} FROM {table}"
        assert rows(new, held) == rows(old, held)


def test_a_run_goes_on_with_what_was_read_back(kept: tuple[Path, Path], tmp_path: Path) -> None:
    by_python(kept[0], tmp_path / "new.db")
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, tmp_path)
        assert run_fetch(tmp_path / "new.db", file, force=True).exit_code == 0

    assert cli.run(["verify", "--db", str(tmp_path / "new.db"), "--config", str(file)]) == 0


def test_a_dump_that_was_not_read_back_whole_is_told_with_the_way_to_do_it(
    kept: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's `executescript` stops at the first failure, in the middle of the tables."""
    new = tmp_path / "new.db"
    with closing(sqlite3.connect(kept[0])) as source, closing(sqlite3.connect(new)) as target:
        with suppress(sqlite3.OperationalError):
            target.executescript("\n".join(source.iterdump()))
        target.commit()
    for command in ("status", "verify", "fetch"):
        assert cli.run([command, "--db", str(new), "--config", str(kept[1])]) == 5
        assert "was not read back whole" in (told := capsys.readouterr().err)
        assert "sqlite3 OLD.db .dump | sqlite3 NEW.db" in told


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def quoted(name: str) -> str:
    return f'"{name}"'
