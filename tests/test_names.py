"""One archive, one writer: by whatever name it is called, and whatever stands where a file of ours belongs."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from archives import archive_at
from children import Children
from depths import deeper
from runs import config_for, rows, run_fetch, terse_site

from archiver.archive import opening
from archiver.archive.connection import WriterLock
from archiver.standin import StandIn

WRITERS = (["fetch", "--force"], ["rescue"], ["push", "--yes"], ["parse"], ["verify"], ["forget", "10319293"])
READERS = (["status"], ["why", "10319293"], ["search", "rust"], ["diff", "10319293"], ["serve", "--port", "0"])


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(5)) as served:
        yield served


@pytest.fixture(scope="module")
def whole(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run_fetch(folder / "a.db", config_for(standin, folder))
    return folder / "a.db"


@pytest.fixture
def db(whole: Path, tmp_path: Path) -> Path:
    shutil.copy(whole, tmp_path / "a.db")
    return tmp_path / "a.db"


@pytest.fixture
def file(standin: StandIn, tmp_path: Path) -> Path:
    return config_for(standin, tmp_path)


def refused(children: Children, code: int, *arguments: str | Path) -> str:
    ended = children.run(*arguments)
    assert (ended.code, ended.out) == (code, ""), ended
    assert ended.err.startswith("archiver: "), ended
    assert ended.err.count("\n") == 1, ended
    return ended.err


@pytest.mark.parametrize("command", WRITERS, ids=lambda command: command[0])
def test_two_names_of_one_archive_never_run_twice(
    children: Children, standin: StandIn, db: Path, file: Path, command: list[str]
) -> None:
    elsewhere = db.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.db").symlink_to(db)
    before = len(standin.log)
    lock = WriterLock(db)
    lock.acquire("fetch")
    told = refused(children, 5, *command, "--db", elsewhere / "other.db", "--config", file)
    lock.release()

    assert f"archiver fetch (process {os.getpid()})" in told
    assert len(standin.log) == before
    assert [one.name for one in elsewhere.iterdir()] == ["other.db"]


def test_an_archive_behind_a_link_is_written_where_it_lies(
    children: Children, standin: StandIn, tmp_path: Path, file: Path
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near.db").symlink_to(tmp_path / "far" / "a.db")  # which is not there yet

    assert children.run("fetch", "-q", "--db", tmp_path / "near.db", "--config", file).code == 0
    assert [one.name for one in (tmp_path / "far").iterdir()] == ["a.db"]


@pytest.mark.parametrize("command", WRITERS, ids=lambda command: command[0])
def test_an_archive_with_a_second_name_is_read_and_never_written(
    children: Children, db: Path, file: Path, command: list[str]
) -> None:
    os.link(db, db.parent / "b.db")
    bytes_before = db.read_bytes()

    for name in ("a.db", "b.db"):
        assert "2 names (hard links)" in refused(children, 5, *command, "--db", db.with_name(name), "--config", file)
    assert db.read_bytes() == bytes_before
    assert children.run("status", "--db", db.parent / "b.db").code == 0


def a_link(lock: Path, precious: Path) -> None:
    lock.symlink_to(precious)


def a_second_name(lock: Path, precious: Path) -> None:
    os.link(precious, lock)


def a_file_of_somebody(lock: Path, precious: Path) -> None:
    lock.write_bytes(precious.read_bytes())


def a_pipe(lock: Path, _: Path) -> None:
    os.mkfifo(lock)


def a_folder(lock: Path, _: Path) -> None:
    lock.mkdir()


def a_socket(lock: Path, _: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(str(lock))


MORE_WORDS = (b'{"pid": 1, "command": "fetch"}\nand more', b"x" * 5_000)
NOT_OURS = (a_link, a_second_name, a_file_of_somebody, a_pipe, a_folder, a_socket)


@pytest.mark.parametrize(
    ("put", "words"),
    [
        *((put, b"precious") for put in NOT_OURS),
        *((a_file_of_somebody, words) for words in MORE_WORDS),
        *(deeper(put, words) for put in NOT_OURS for words in MORE_WORDS if put is not a_file_of_somebody),
    ],
)
def test_what_stands_where_the_lock_belongs_is_never_emptied(
    children: Children, db: Path, file: Path, put: Callable[[Path, Path], None], words: bytes
) -> None:
    precious, lock = db.parent / "precious", db.parent / "a.db.lock"
    precious.write_bytes(words)
    put(lock, precious)
    told = refused(children, 5, "fetch", "--db", db, "--config", file)

    assert "a.db.lock: " in told
    assert precious.read_bytes() == words
    assert os.path.lexists(lock)
    if put in {a_second_name, a_file_of_somebody}:
        assert lock.read_bytes() == words


@pytest.mark.parametrize("left", [b"", b'{"pid": 7, "command": "fetch"}', b'{"pid": 7, "com', bytes(40)])
def test_what_a_killed_run_left_of_its_lock_holds_up_nobody(
    children: Children, db: Path, file: Path, left: bytes
) -> None:
    lock = db.parent / "a.db.lock"
    lock.write_bytes(left)

    assert children.run("fetch", "-q", "--db", db, "--config", file).code == 0
    assert not lock.exists()


def test_a_lock_that_was_put_in_the_place_of_ours_is_not_taken_away(tmp_path: Path) -> None:
    lock, file = WriterLock(tmp_path / "a.db"), tmp_path / "a.db.lock"
    lock.acquire("fetch")
    file.unlink()
    file.write_text("another's", "utf-8")
    lock.release()

    assert file.read_text("utf-8") == "another's"


# ─── what is no file ────────────────────────────────────────────────────────────────────────────


NO_FILES = ("pipe", "socket", "device", "endless device", "link to a pipe")
OF_A_PIPE = [("pipe", command) for command in (*WRITERS, *READERS, ["fetch", "--dry-run"])]
OF_OTHERS = [(what, command) for what in NO_FILES[1:] for command in (WRITERS[0], READERS[0])]


@pytest.fixture(params=NO_FILES)
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "no-file"
    match request.param:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            a_socket(path, path)
        case "device":
            return Path("/dev/null")
        case "endless device":
            return Path("/dev/zero")
        case _:
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
    return path


@pytest.mark.parametrize(
    ("no_file", "command"),
    [
        *OF_A_PIPE,
        *OF_OTHERS,
        *(
            deeper(what, command)
            for what in NO_FILES
            for _, command in OF_A_PIPE
            if (what, command) not in [*OF_A_PIPE, *OF_OTHERS]
        ),
    ],
    indirect=["no_file"],
)
def test_no_pipe_and_no_device_is_taken_for_an_archive(
    children: Children, no_file: Path, file: Path, command: list[str]
) -> None:
    assert "no regular file" in refused(children, 5, *command, "--db", no_file, "--config", file)


@pytest.mark.parametrize("command", [["fetch"], ["status"], ["verify"]], ids=" ".join)
def test_no_pipe_and_no_device_is_taken_for_a_config(
    children: Children, no_file: Path, db: Path, command: list[str]
) -> None:
    assert "no regular file" in refused(children, 2, *command, "--db", db, "--config", no_file)


def test_no_pipe_and_no_device_is_imported(children: Children, no_file: Path, db: Path, file: Path) -> None:
    ended = children.run("import", no_file, "--db", db, "--config", file)

    assert (ended.code, ended.err.count("\n")) == (2, 1), ended
    assert "no regular file" in ended.err or "a symbolic link" in ended.err


def test_a_config_without_end_is_refused(children: Children, db: Path) -> None:
    endless = db.parent / "endless.toml"
    with endless.open("wb") as made:
        made.truncate(1 << 40)

    assert "more than 1048576 bytes" in refused(children, 2, "status", "--db", db, "--config", endless)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("put", [a_link, a_pipe, a_socket], ids=lambda put: put.__name__)
@pytest.mark.parametrize("command", [["fetch"], ["status"], ["verify"]], ids=" ".join)
def test_what_stands_where_sqlite_keeps_a_file_is_not_opened(
    children: Children, db: Path, file: Path, suffix: str, put: Callable[[Path, Path], None], command: list[str]
) -> None:
    precious, beside = db.parent / "precious", db.with_name(db.name + suffix)
    precious.write_bytes(b"precious")
    put(beside, precious)

    assert f"a.db{suffix}: " in refused(children, 5, *command, "--db", db, "--config", file)
    assert precious.read_bytes() == b"precious"


def test_a_wal_that_has_another_name_is_not_written_to(children: Children, db: Path, file: Path) -> None:
    precious = db.parent / "precious"
    precious.write_bytes(b"precious")
    os.link(precious, db.parent / "a.db-wal")

    assert "2 names" in refused(children, 5, "fetch", "--db", db, "--config", file)
    assert precious.read_bytes() == b"precious"


def test_a_journal_that_names_another_file_removes_nothing(children: Children, db: Path, file: Path) -> None:
    precious = db.parent / "precious"
    precious.write_bytes(b"precious")
    name = str(precious).encode()
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    size = db.stat().st_size
    header = bytes.fromhex("d9d505f920a163d7") + (0).to_bytes(4, "big") + bytes(4) + (size // 4096).to_bytes(4, "big")
    header += (512).to_bytes(4, "big") + (4096).to_bytes(4, "big")
    end = bytes.fromhex("00000000") + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big")
    (db.parent / "a.db-journal").write_bytes(header.ljust(512, b"\0") + end + bytes.fromhex("d9d505f920a163d7"))

    for command in (["fetch"], ["status"]):
        assert "names another file" in refused(children, 5, *command, "--db", db, "--config", file)
    assert precious.read_bytes() == b"precious"


# ─── the locks of SQLite ────────────────────────────────────────────────────────────────────────


def test_what_we_read_while_we_write_leaves_sqlite_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    ends = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM runs'); c.close()"
    with archive_at(path) as case:
        case.rows("SELECT 1")
        subprocess.run([sys.executable, "-c", ends, path], check=True)  # the last one to close takes the WAL away

        assert path.with_name("a.db-wal").exists()
        case.archive.runs.start_run("fetch", "0", {}, case.clock.now())

    assert rows(path, "SELECT count(*) FROM runs") == [(2,)]


def test_a_killed_run_is_not_read_without_its_wal_by_another_name(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    path, near = tmp_path / "far" / "a.db", tmp_path / "near.db"
    shutil.copy(whole, path)
    near.symlink_to(path)
    path.with_name("a.db-wal").write_bytes(b"something")

    assert not opening._at_rest(near)
