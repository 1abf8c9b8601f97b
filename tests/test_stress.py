"""The archive under stress: whatever the machine does to it, nothing acknowledged is lost and the site is left alone.

Every command here is the real one, most of them in a process of its own (`children`), against a stand-in whose requests
can be held while a test does its worst.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from archives import derived_rows, tampering
from children import Child, Children, Ended
from depths import always, deeper, depth
from fakes import START, FakeClock
from runs import config_for, rows, run_fetch, series_counts, terse_site
from sqlite_utils import Database, Migrations

from archiver import cli, config
from archiver.archive import opening, schema
from archiver.archive.migrations import migrations
from archiver.commands import fetching
from archiver.errors import ArchiveLocked
from archiver.report import fetches
from archiver.report.runs import Summary
from archiver.standin import StandIn
from archiver.standin.wire import Reply, Request

REQUESTS = 8  # that a whole run on the small site takes
LONGEST_S = 20.0


class Held:
    """One request that waits at the stand-in until the test lets it go on."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._go_on = threading.Event()

    def __enter__(self) -> None:
        assert self._arrived.wait(LONGEST_S), "the request never came"

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Let the request go on."""
        self._go_on.set()

    def pass_by(self) -> None:
        """What the request does when it comes."""
        self._arrived.set()
        self._go_on.wait(LONGEST_S)


class Watched(StandIn):
    """A stand-in that can hold its nth request from now on."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        super().__init__(terse_site(3))

    def hold(self, number: int) -> Held:
        """The request with that number, counted from now."""
        return self._held.setdefault(len(self.log) + number, Held())

    def reply(self, request: Request) -> Reply:
        held = self._held.pop(len(self.log), None)
        if held is not None:
            held.pass_by()
        return super().reply(request)


@pytest.fixture
def standin() -> Iterator[Watched]:
    with Watched() as served:
        yield served


@pytest.fixture
def file(standin: Watched, tmp_path: Path) -> Path:
    return config_for(standin, tmp_path)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an unbroken run ends in. To be copied, not touched."""
    folder = tmp_path_factory.mktemp("whole")
    with Watched() as served:
        assert fetch_at(START, folder / "a.db", config_for(served, folder))[0].exit_code == 0
    return folder / "a.db"


Row = tuple[object, ...]


def evidence(db: Path) -> list[Row]:
    """Every fetch row that is committed."""
    if not db.exists():
        return []
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fetches'").fetchone()[0]
        return (
            connection.execute("SELECT id, requested_url, outcome, capture_id FROM fetches").fetchall() if made else []
        )


def fetch_at(moment: datetime, db: Path, file: Path, *, force: bool = False) -> tuple[Summary, FakeClock]:
    clock = FakeClock(moment)
    fetched = fetching.fetch(config.load(file), db, fetching.FetchOptions(force=force), clock=clock)
    return fetches.summary(fetched), clock


def assert_sound(db: Path) -> None:
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def assert_ends_like(whole: Path, db: Path, file: Path, kept: list[Row]) -> None:
    """The next run ends where an unbroken one would, with everything that was acknowledged still there."""
    assert run_fetch(db, file).exit_code == 0
    assert evidence(db)[: len(kept)] == kept
    assert_sound(db)
    assert what_is_read(db) == what_is_read(whole)


def what_is_read(db: Path) -> list[object]:
    articles = "SELECT id, title, series_id, position, html_sha256, body_text, content_sha256 FROM articles ORDER BY id"
    parts = [row[:3] for row in derived_rows(db)["parts"]]
    return [rows(db, articles), parts, rows(db, "SELECT language, code FROM code ORDER BY article_id, position")]


def assert_told(ended: Ended, words: str = "") -> None:
    """Exit 5 and one sentence; nothing that looks like a bug."""
    assert (ended.code, ended.out) == (5, ""), ended
    assert re.fullmatch(r"archiver: [^\n]+\n", ended.err), ended.err
    assert words in ended.err


def fetch(children: Children, db: Path, file: Path, *arguments: str) -> Child:
    return children.start("fetch", "-q", *arguments, "--db", db, "--config", file)


# ─── killed ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_a_kill_at_any_request_loses_nothing(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path, number: int
) -> None:
    held = standin.hold(number)
    child = fetch(children, db, file)
    with held:
        assert child.kill().code == -signal.SIGKILL
    kept = evidence(db)

    assert len(kept) == number - 1, "every request but the one in flight is committed"
    assert_sound(db)
    assert_ends_like(whole, db, file, kept)
    assert len(standin.log) == REQUESTS + 1, "only the request in flight is made again"
    assert rows(db, "SELECT ended_by FROM runs ORDER BY id") == [("killed",), ("finished",)]


def test_after_a_kill_the_pace_is_kept(children: Children, standin: Watched, db: Path, tmp_path: Path) -> None:
    delay_s = 0.4
    file = config_for(standin, tmp_path, delay_s=delay_s)
    held = standin.hold(4)
    child = fetch(children, db, file)
    with held:
        child.kill()
        killed_at = time.monotonic()
    children.run("fetch", "-q", "--limit", "1", "--db", db, "--config", file)

    assert standin.log[4].started >= killed_at + delay_s


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "tail cut": lambda wal: wal[: len(wal) - 5_000],
    "half": lambda wal: wal[: len(wal) // 2],
    "one header": lambda wal: wal[:33],
    "no header": lambda wal: wal[:7],
    "tail garbled": lambda wal: wal[:-20_000] + os.urandom(20_000),
    "half zeroes": lambda wal: wal[: len(wal) // 2] + bytes(len(wal) - len(wal) // 2),
    "all garbled": lambda wal: os.urandom(len(wal)),
}


@pytest.mark.parametrize("harm", always(HARMS, "tail cut", "no header", "tail garbled", "half zeroes"))
def test_a_torn_wal_costs_no_more_than_what_is_torn(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path, harm: str
) -> None:
    run_fetch(db, file, limit=4)
    safe_before = evidence(db)
    held = standin.hold(4)
    child = fetch(children, db, file)
    with held:
        child.kill()
    wal = db.with_name("a.db-wal")
    acknowledged = [*safe_before, *rows(db, "SELECT id, requested_url, outcome, capture_id FROM fetches WHERE id > 4")]
    wal.write_bytes(HARMS[harm](wal.read_bytes()))
    db.with_name("a.db-shm").unlink(missing_ok=True)  # it does not outlive a loss of power

    kept = evidence(db)
    assert kept == acknowledged[: len(kept)]
    assert len(kept) >= len(safe_before)
    assert_sound(db)
    assert_ends_like(whole, db, file, kept)


# ─── signals ────────────────────────────────────────────────────────────────────────────────────


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process still has a handler of its own for a signal."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    assert found
    return bool(int(found[1], 16) >> (number - 1) & 1)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        os.sched_yield()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells by /proc whether the first signal was taken")
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(
    children: Children, standin: Watched, db: Path, file: Path, second: signal.Signals
) -> None:
    held = standin.hold(4)
    child = fetch(children, db, file)
    with held, locked_by_another(db):  # so that the orderly end has to wait
        os.kill(child.pid, signal.SIGTERM)
        wait_until(lambda: not catches(child.pid, signal.SIGTERM))
        sent = time.monotonic()
        os.kill(child.pid, second)
        ended = child.wait()

    assert ended.code == -second
    assert time.monotonic() - sent < 2
    assert_sound(db)
    assert run_fetch(db, file).exit_code == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells by /proc whether signals are taken yet")
def test_a_signal_before_the_first_request_has_its_exit_code_too(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    shutil.copy(whole, db)
    with locked_by_another(db):  # so that the run cannot begin
        child = fetch(children, db, file, "--force")
        wait_until(lambda: catches(child.pid, signal.SIGTERM))
        os.kill(child.pid, signal.SIGTERM)
    ended = child.wait()

    assert (ended.code, ended.out) == (143, "")
    assert "interrupted; what was stored stays" in ended.err
    assert "Traceback" not in ended.err
    assert not standin.log
    assert not db.with_name("a.db.lock").exists()


# ─── a disk that is full or fails ───────────────────────────────────────────────────────────────


def assert_stopped_asking(standin: Watched, db: Path) -> None:
    """What cannot be stored is not asked: at most the request whose row did not fit any more."""
    assert len(standin.log) <= len(evidence(db)) + 1


@pytest.mark.parametrize(
    "file_bytes",
    [0, deeper(100), 4_096, deeper(33_000), 100_000, 400_000, deeper(600_000), 700_000],
)
def test_a_limit_on_the_size_of_files_ends_the_run_and_the_next_goes_on(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path, file_bytes: int
) -> None:
    ended = children.run("fetch", "-q", "--db", db, "--config", file, file_bytes=file_bytes)

    assert_told(ended, "nothing stored is lost")
    assert_stopped_asking(standin, db)
    assert_sound(db)
    assert_ends_like(whole, db, file, evidence(db))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of so many bytes; calling it again changes its size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: int) -> Path:
        how = f"size={size}" + (",remount" if folder.is_mount() else "")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "tmpfs", folder], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip("this machine lets us mount no disk")
        return folder

    if shutil.which("mount") is None:
        pytest.skip("no mount")
    yield mount
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [8_192, 65_536, 500_000, 800_000])
def test_a_full_disk_ends_the_run_and_the_next_goes_on_when_there_is_space(
    children: Children, standin: Watched, file: Path, whole: Path, small_disk: Callable[[int], Path], size: int
) -> None:
    db = small_disk(size) / "a.db"
    ended = children.run("fetch", "-q", "--db", db, "--config", file)

    assert_told(ended, "nothing stored is lost")
    assert_stopped_asking(standin, db)
    small_disk(20_000_000)
    assert_sound(db)
    assert_ends_like(whole, db, file, evidence(db))


def strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def fetch_with_fault(fault: str, db: Path, file: Path, *arguments: str) -> Ended:
    """A fetch whose system calls on the archive's files fail as told, in the words of `strace -e inject=`."""
    traced = [part for name in ("a.db", "a.db-wal") for part in ("-P", str(db.with_name(name)))]
    command = [
        "strace", "-f", "-q", "-o", "/dev/null", *traced, "-e", f"inject={fault}",
        sys.executable, "-m", "archiver", "fetch", "-q", *arguments, "--db", str(db), "--config", str(file),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    errors = [line for line in done.stderr.splitlines(keepends=True) if not line.startswith("strace:")]
    return Ended(done.returncode, done.stdout, "".join(errors))


needs_strace = pytest.mark.skipif(not strace_works(), reason="no strace that may trace")


@needs_strace
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("pwrite64:error=ENOSPC:when=1000+", "the disk is full"),
        ("pwrite64:error=EIO:when=500", "the disk fails"),
        deeper("pwrite64:error=EIO:when=1100+", "the disk fails"),
        ("fdatasync:error=EIO:when=12", "the disk fails"),
        deeper("fdatasync:error=EIO:when=15+", "the disk fails"),
    ],
)
def test_a_write_that_fails_ends_the_run_and_the_next_goes_on(
    standin: Watched, db: Path, file: Path, whole: Path, fault: str, words: str
) -> None:
    ended = fetch_with_fault(fault, db, file)

    assert_told(ended, words)
    assert_stopped_asking(standin, db)
    assert_sound(db)
    assert_ends_like(whole, db, file, evidence(db))


@needs_strace
@pytest.mark.parametrize(
    "moment", ["pwrite64:when=3", deeper("fdatasync:when=2"), "fdatasync:when=4", "pwrite64:when=700"]
)
def test_a_kill_within_a_commit_leaves_an_archive_that_goes_on(
    standin: Watched, db: Path, file: Path, whole: Path, moment: str
) -> None:
    call, when = moment.split(":")
    ended = fetch_with_fault(f"{call}:signal=KILL:{when}", db, file)

    assert ended.code == -signal.SIGKILL
    assert_sound(db)
    assert_ends_like(whole, db, file, evidence(db))


@needs_strace
@pytest.mark.parametrize("number", [3, 60])
def test_a_read_that_fails_ends_the_run_in_words(
    standin: Watched, db: Path, file: Path, whole: Path, number: int
) -> None:
    shutil.copy(whole, db)
    kept = evidence(db)

    ended = fetch_with_fault(f"pread64:error=EIO:when={number}+", db, file, "--force")

    assert_told(ended)
    assert re.search("the disk fails|damaged", ended.err)
    assert not standin.log
    assert_ends_like(whole, db, file, kept)


# ─── what must not be written ───────────────────────────────────────────────────────────────────


def test_a_read_only_file_is_told_before_anything_is_asked(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    shutil.copy(whole, db)
    db.chmod(0o444)
    before = db.read_bytes()

    assert_told(
        children.run("fetch", "-q", "--force", "--db", db, "--config", file, as_nobody=True), "check the permissions"
    )
    assert not standin.log
    assert db.read_bytes() == before
    assert children.run("status", "--db", db, as_nobody=True).code == 0


@contextmanager
def sealed(folder: Path) -> Iterator[None]:
    """A folder that cannot be written for a while."""
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def test_a_read_only_folder_is_told_before_anything_is_asked_and_can_be_read(
    children: Children, standin: Watched, tmp_path: Path, file: Path, whole: Path
) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    shutil.copy(whole, folder / "a.db")
    with sealed(folder):
        new = children.run("fetch", "-q", "--db", folder / "b.db", "--config", file, as_nobody=True)
        held = children.run("fetch", "-q", "--db", folder / "a.db", "--config", file, as_nobody=True)
        status = children.run("status", "--db", folder / "a.db", as_nobody=True)

    assert_told(new, "make the folder writable")
    assert_told(held, "make the folder writable")
    assert not standin.log
    assert (status.code, status.out.splitlines()[1].split("\t")[2:4]) == (0, ["3", "3"])


def test_a_backup_on_a_read_only_disk_can_be_verified(children: Children, tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    shutil.copy(whole, folder / "a.db")
    shutil.copy(whole, folder / "b.db")
    with tampering(folder / "b.db") as connection:
        connection.execute("UPDATE articles SET title = 'x'")
    with sealed(folder):
        sound, changed = (children.run("verify", "--db", folder / name, as_nobody=True) for name in ("a.db", "b.db"))

    assert (sound.err, sound.code, sound.out) == ("", 0, "The archive is what it says it is.\n")
    assert (changed.code, "articles: a row is not" in changed.out) == (5, True)
    assert sorted(path.name for path in folder.iterdir()) == ["a.db", "b.db"], "nothing is left beside"


def test_a_backup_is_verified_by_a_link_and_a_file_without_an_end_is_not_copied(
    children: Children, tmp_path: Path, whole: Path
) -> None:
    folder, link = tmp_path / "sealed", tmp_path / "link.db"
    folder.mkdir()
    shutil.copy(whole, folder / "a.db")
    link.symlink_to(folder / "a.db")
    with sealed(folder):
        linked = children.run("verify", "--db", link, as_nobody=True)
    endless = children.run("verify", "--db", "/dev/zero", as_nobody=True)

    assert (linked.err, linked.code) == ("", 0)
    assert_told(endless, "no regular file")


def test_a_killed_run_is_not_read_without_its_wal(
    children: Children, standin: Watched, tmp_path: Path, file: Path
) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    held = standin.hold(8)
    child = fetch(children, folder / "a.db", file)
    with held:
        child.kill()
    (folder / "a.db-shm").unlink()
    with sealed(folder):
        status = children.run("status", "--db", folder / "a.db", as_nobody=True)

    assert_told(status, "cannot be written")
    assert children.run("status", "--db", folder / "a.db").code == 0


def assert_refused(capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, words: str) -> None:
    """A fetch that says what is wrong with the file, leaves it untouched and asks nobody."""
    before = db.read_bytes()
    code = cli.run(["fetch", "-q", "--force", "--db", str(db), "--config", str(file)])
    captured = capsys.readouterr()

    assert_told(Ended(code, captured.out, captured.err), words)
    assert not standin.log
    assert db.read_bytes() == before
    assert not [path.name for path in db.parent.iterdir() if path.name.startswith("a.db-")]
    assert not db.with_name("a.db.lock").exists()


def test_a_file_that_is_no_database_is_left_alone(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path
) -> None:
    db.write_bytes(b"a letter to my grandmother\n" * 100)

    assert_refused(capsys, standin, db, file, "not an SQLite database")


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_database_of_somebody_else_is_left_alone(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, mode: str
) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.executescript("CREATE TABLE letters (text); INSERT INTO letters VALUES ('dear');")

    assert_refused(capsys, standin, db, file, "not an archive of ours")


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.999])
def test_a_cut_archive_is_left_alone(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, whole: Path, share: float
) -> None:
    db.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])

    assert_refused(capsys, standin, db, file, "put back a copy" if share > 0.01 else "")


def test_an_archive_of_a_newer_archiver_is_left_alone(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    shutil.copy(whole, db)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('archiver', 'm900', '')"
        )
        connection.commit()

    assert_refused(capsys, standin, db, file, "update archiver")


def test_a_page_garbled_anywhere_is_told_or_does_not_matter(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    """One page after the other: it is found before the first request, in words, or the run comes to its end."""
    sound = whole.read_bytes()
    found = 0
    size = int.from_bytes(sound[16:18], "big")  # of a page (fileformat2 §1.3.2)
    tried = range(1, len(sound) // size, 8)
    for page in tried:
        db.write_bytes(sound[: page * size] + b"\xa5" * size + sound[(page + 1) * size :])
        asked = len(standin.log)
        code = cli.run(["fetch", "-q", "--force", "--limit", "1", "--db", str(db), "--config", str(file)])
        captured = capsys.readouterr()
        if code == 5:
            found += 1
            # Now and then SQLite itself takes a garbled file for a failing disk.
            words = "the disk fails" if "disk I/O error" in captured.err else "damaged"
            assert_told(Ended(code, captured.out, captured.err), words)
            assert len(standin.log) == asked
        assert code in {0, 3, 5}, (page, captured)
        for left in db.parent.glob("a.db-*"):
            left.unlink()

    assert found > len(tried) // 2


def test_a_capture_whose_bytes_changed_is_named(
    capsys: pytest.CaptureFixture[str], standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    shutil.copy(whole, db)
    with tampering(db) as connection:
        changed = "CAST(substr(body, 1, 40) || x'00' || substr(body, 42) AS BLOB)"
        connection.execute(f"UPDATE captures SET body = {changed} WHERE id = 5")
        url = connection.execute("SELECT final_url FROM captures WHERE id = 5").fetchone()[0]
    code = cli.run(["parse", "--db", str(db), "--config", str(file)])
    captured = capsys.readouterr()

    assert_told(Ended(code, captured.out, captured.err), url)


# ─── older archives ─────────────────────────────────────────────────────────────────────────────


def with_migration(monkeypatch: pytest.MonkeyPatch, change: Callable[[Database], None]) -> None:
    """A future version: everything that this one does to the schema, and one change more."""
    future = Migrations("archiver")
    for migration in migrations.pending(Database(memory=True)):
        future(name=migration.name)(migration.fn)
    future(name="m900_future")(change)
    monkeypatch.setattr(schema, "migrations", future)
    monkeypatch.setattr(schema, "_tables", cache(getattr(schema, "_tables").__wrapped__))  # noqa: B009 - of the future


def add_column(database: Database) -> None:
    database.execute("ALTER TABLE runs ADD COLUMN mood TEXT")


def columns_of_runs(db: Path) -> list[str]:
    return [str(name) for (name,) in rows(db, "SELECT name FROM pragma_table_info('runs')")]


def test_an_older_archive_is_copied_whole_before_it_is_changed(
    children: Children, standin: Watched, db: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = db.with_name("kept.db")

    def look_and_change(database: Database) -> None:
        (copy,) = db.parent.glob("a.db.bak-*")
        shutil.copy(copy, copied)
        add_column(database)

    held = standin.hold(6)
    child = fetch(children, db, file)
    with held:
        child.kill()  # so that most of the archive is still in the WAL
    kept = evidence(db)
    with_migration(monkeypatch, look_and_change)
    with closing(sqlite3.connect(db)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM fetches").fetchone()  # so that the WAL cannot be folded in
        assert run_fetch(db, file).exit_code == 0

    assert evidence(copied) == kept
    assert_sound(copied)
    assert "mood" in columns_of_runs(db)
    assert "mood" not in columns_of_runs(copied)
    assert list(db.parent.glob("a.db.*")) == [], "the copy was for the time of the change"


def test_copies_that_a_killed_update_left_are_removed_and_other_files_are_not(
    db: Path, file: Path, whole: Path
) -> None:
    shutil.copy(whole, db)
    left = ["a.db.bak-6", "a.db.bak-11.part", "a.db.bak-11.part-journal"]
    mine = ["a.db.bak-old", "a.db.bak-6.txt", "a.db.bak-7", "b.db.bak-6"]
    for name in left:
        shutil.copy(whole, db.with_name(name))
    for name in mine:
        db.with_name(name).write_text("mine")

    assert cli.run(["fetch", "-q", "--db", str(db), "--config", str(file)]) == 0

    assert [db.with_name(name).exists() for name in left] == [False] * len(left)
    assert [db.with_name(name).exists() for name in mine] == [True] * len(mine)


def test_a_migration_that_fails_changes_nothing(
    standin: Watched, db: Path, file: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(database: Database) -> None:
        add_column(database)
        database.execute("INSERT INTO runs SELECT * FROM a_table_that_is_not_there")

    shutil.copy(whole, db)
    with_migration(monkeypatch, fail)
    code = cli.run(["fetch", "-q", "--db", str(db), "--config", str(file)])

    assert code == 5
    assert not standin.log
    assert "mood" not in columns_of_runs(db)
    assert_sound(db)


# ─── others who use the archive ─────────────────────────────────────────────────────────────────


@contextmanager
def locked_by_another(db: Path) -> Iterator[sqlite3.Connection]:
    """Some other program writes, and does not end."""
    with closing(sqlite3.connect(db, timeout=LONGEST_S, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_a_reader_that_never_lets_go_disturbs_nobody(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    run_fetch(db, file, limit=3)
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        seen = reader.execute("SELECT count(*) FROM fetches").fetchone()
        began = time.monotonic()
        ended = children.run("fetch", "-q", "--db", db, "--config", file)
        took = time.monotonic() - began
        assert reader.execute("SELECT count(*) FROM fetches").fetchone() == seen, "a reader sees one moment"

    assert (ended.code, ended.err) == (0, "")
    assert took < 8, "the end of the run waited for the reader"
    assert_sound(db)
    assert what_is_read(db) == what_is_read(whole)


def test_a_writer_that_takes_its_time_is_waited_for(children: Children, standin: Watched, db: Path, file: Path) -> None:
    held = standin.hold(4)
    child = fetch(children, db, file)
    with locked_and_released_after(depth(1, 3), held, db) as released:
        ended = child.wait()

    assert (ended.code, ended.err) == (0, "")
    assert standin.log[4].started >= released[0], "nothing is asked before the last answer is stored"
    assert_sound(db)


@contextmanager
def locked_and_released_after(seconds: float, held: Held, db: Path) -> Iterator[list[float]]:
    """Another writer takes the archive while a request is held, and gives it back so much later; gives the moment."""
    released: list[float] = []
    with closing(sqlite3.connect(db, isolation_level=None, check_same_thread=False)) as connection:
        with held:
            connection.execute("BEGIN IMMEDIATE")

        def release() -> None:
            connection.execute("ROLLBACK")
            released.append(time.monotonic())

        timer = threading.Timer(seconds, release)
        timer.start()
        yield released
        timer.join()


def test_a_writer_that_never_lets_go_ends_the_run(
    standin: Watched, db: Path, file: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_fetch(db, file, limit=3)
    kept = evidence(db)
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 700)
    with locked_from(standin.hold(2), db), pytest.raises(ArchiveLocked, match="another program holds a lock"):
        run_fetch(db, file)

    assert len(standin.log) == 5, "nothing is asked after what could not be stored"
    monkeypatch.undo()
    assert_ends_like(whole, db, file, kept)


@contextmanager
def locked_from(held: Held, db: Path) -> Iterator[None]:
    """Another writer takes the archive while a request is held, and keeps it."""
    ready = threading.Event()
    done = threading.Event()

    def lock() -> None:
        with held, closing(sqlite3.connect(db, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held.let_go()
            ready.set()
            done.wait(LONGEST_S)

    thread = threading.Thread(target=lock)
    thread.start()
    yield
    assert ready.is_set()
    done.set()
    thread.join()


def test_a_writer_there_from_the_start_is_told_before_anything_is_asked(
    standin: Watched, db: Path, file: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(whole, db)
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 300)
    with locked_by_another(db), pytest.raises(ArchiveLocked):
        run_fetch(db, file, force=True)

    assert not standin.log
    assert not db.with_name("a.db.lock").exists()


def test_of_two_fetches_the_second_names_the_first_and_asks_nothing(
    children: Children, standin: Watched, db: Path, file: Path, whole: Path
) -> None:
    held = standin.hold(4)
    first = fetch(children, db, file)
    with held:
        second = children.run("fetch", "-q", "--db", db, "--config", file)
        status = children.run("status", "-q", "--db", db)
    ended = first.wait()

    assert_told(second, f"archiver fetch (process {first.pid})")
    assert (ended.code, status.code, status.err) == (0, 0, "")
    assert (len(standin.log), standin.max_concurrent) == (REQUESTS, 1)
    assert what_is_read(db) == what_is_read(whole)


# ─── clocks ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "jump", [timedelta(seconds=-30), deeper(timedelta(hours=-5)), timedelta(days=-4000), timedelta(days=4000)]
)
def test_a_clock_that_jumps_between_runs_harms_nothing(
    standin: Watched, db: Path, tmp_path: Path, whole: Path, jump: timedelta
) -> None:
    file = config_for(standin, tmp_path, delay_s=2)
    shutil.copy(whole, db)
    summary, clock = fetch_at(START + jump, db, file, force=True)
    back, _ = fetch_at(START + timedelta(hours=1), db, file, force=True)

    assert (summary.exit_code, back.exit_code) == (0, 0)
    assert max(clock.sleeps) <= 2.1, "a request of the future is waited for no longer than a delay"
    assert rows(db, "SELECT DISTINCT state FROM pages WHERE kind = 'article'") == [("alive",)]
    assert series_counts(db) == (3, 3, 0)
    assert rows(db, "SELECT count(*) FROM edits") == [(0,)]
    assert_sound(db)


def test_what_was_seen_by_a_clock_far_ahead_is_due_when_the_clock_is_right_again(
    standin: Watched, db: Path, file: Path
) -> None:
    fetch_at(START + timedelta(days=4000), db, file)
    asked = len(standin.log)
    fetch_at(START, db, file)

    assert len(standin.log) - asked == REQUESTS
    fetch_at(START + timedelta(minutes=1), db, file)
    assert len(standin.log) - asked == REQUESTS, "and then no more"
