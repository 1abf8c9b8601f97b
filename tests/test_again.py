"""A large archive that is read again (`archive.again`): gone on with after a kill, to the same rows."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from archives import derived_rows
from fakes import START
from runs import fetched_before_and_after_changes, small_site

from archiver import config, pages
from archiver.archive import again
from archiver.archive.archive import Keeper
from archiver.machine.workers import ALONE
from archiver.standin import StandIn

Listener = Callable[[int, int], None]
EACH = 5


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with an edit and a comment that went."""
    folder = tmp_path_factory.mktemp("again")
    with StandIn(small_site()) as standin:
        return fetched_before_and_after_changes(standin, folder)[0]


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.db"))


@contextmanager
def opened(path: Path, command: str = "parse") -> Iterator[Keeper]:
    settings = config.load_packaged()
    with Keeper(path, command, pages.read, settings.rules, settings.schedule) as archive:
        yield archive


def parse(path: Path, listener: Listener = lambda _done, _all: None, each: int = EACH) -> int:
    """As `archiver parse` reads a large archive."""
    with opened(path) as archive:
        return again.rebuild(
            archive.library, archive._database, pages.read, archive.runs.seal_rebuilt, listener, ALONE, each
        )


def stop_at(number: int) -> Listener:
    def listen(done: int, _all: int) -> None:
        if done == number:
            raise KeyboardInterrupt

    return listen


def left(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if one.name.startswith("."))


def everything(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def test_a_copy_gives_the_rows_and_words_of_one_commit_and_is_gone_afterwards(path: Path) -> None:
    with opened(path) as archive:
        count = archive.rebuild()
    before = everything(path)

    assert parse(path) == count
    assert everything(path) == before
    assert left(path) == []
    with opened(path) as archive:
        assert list(archive.verify()) == []


@pytest.mark.parametrize("stop", [3, 7, 12])
def test_parse_goes_on_where_it_was_interrupted(path: Path, stop: int) -> None:
    before, told = derived_rows(path), []
    for place in (stop, stop + 4):
        with pytest.raises(KeyboardInterrupt):
            parse(path, stop_at(place))
        assert derived_rows(path) == before, "whole, and what it was"

    count = parse(path, lambda done, every: told.append((done, every)))

    assert told[0] == ((stop + 3) // EACH * EACH + 1, count)
    assert told[-1] == (count, count)
    assert derived_rows(path) == before
    assert left(path) == []
    with opened(path) as archive:
        assert list(archive.verify()) == []


def killed_at(path: Path, number: int) -> None:
    """`parse` in a process that is killed at this answer."""
    script = (
        "import os, signal, sys; from pathlib import Path; import test_again\n"
        f"test_again.parse(Path(sys.argv[1]), lambda done, _: os.kill(os.getpid(), signal.SIGKILL) if done == {number}"
        " else None)"
    )
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(here.parent), str(here)])}
    done = subprocess.run([sys.executable, "-c", script, str(path)], env=env, check=False)
    assert done.returncode == -signal.SIGKILL


def test_parse_goes_on_where_it_was_killed(path: Path) -> None:
    before, told = derived_rows(path), []
    killed_at(path, 18)
    assert left(path) != []

    parse(path, lambda done, _every: told.append(done))

    assert told[0] == 16
    assert derived_rows(path) == before
    assert left(path) == []


def test_another_command_removes_what_a_killed_parse_left(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        parse(path, stop_at(9))
    with opened(path, "fetch"):
        pass

    assert left(path) == []


def spoil(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:5_000])


def of_another_program(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE made_of SET key = 'another'")


def with_a_trap(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.executescript("DROP VIEW code; CREATE TABLE code (x)")


def lead_away(copy: Path) -> None:
    copy.rename(copy.with_name("b.db"))
    copy.symlink_to("b.db")


@pytest.mark.parametrize("change", [spoil, of_another_program, with_a_trap, lead_away])
def test_a_copy_that_is_not_of_this_archive_and_program_is_made_anew(
    path: Path, change: Callable[[Path], None]
) -> None:
    before, told = derived_rows(path), []
    with pytest.raises(KeyboardInterrupt):
        parse(path, stop_at(9))
    change(next(path.parent.glob(".*.parse/copy.db")))

    parse(path, lambda done, _every: told.append(done))

    assert told[0] == 1
    assert derived_rows(path) == before


def test_a_copy_of_an_archive_that_was_fetched_to_since_is_made_anew(path: Path) -> None:
    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        parse(path, stop_at(9))
    with opened(path) as archive:  # as a run would, by whatever name
        archive.runs.finish_run(archive.runs.start_run("fetch", "0", {}, START), "finished", 0, None, START)

    parse(path, lambda done, _every: told.append(done))

    assert told[0] == 1


def test_without_room_for_a_copy_all_is_one_commit(path: Path) -> None:
    before = derived_rows(path)
    path.with_name(f".{path.name}.parse").write_text("in the way")

    assert parse(path) > 0
    assert derived_rows(path) == before
