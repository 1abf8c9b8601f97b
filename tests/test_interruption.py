"""A signal at any instant, from importing to closing, ends the program in one line and with its exit code."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from depths import deeper
from runs import config_for, run_fetch, terse_site

from archiver import cli
from archiver.archive.opening import reading
from archiver.standin import StandIn

WORDS = "archiver: interrupted; what was stored stays, run the same command again to go on\n"

# A program that sends itself a signal at the first audit event that fits, such as an import, a connection or a removal.
SIGNALLED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell runs the tests behind its back
number, event, words = int(sys.argv[1]), sys.argv[2], sys.argv[3]
sent = []
def hook(name, details):
    if name == event and words in str(details) and not sent:
        sent.append(name)
        os.kill(os.getpid(), number)
sys.argv[:] = ["archiver", *sys.argv[4:]]
from archiver.__main__ import main
sys.addaudithook(hook)
main()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("kept")
    with StandIn(terse_site(2)) as standin:
        config = config_for(standin, folder)
        run_fetch(folder / "a.db", config)
    return folder / "a.db", config


@pytest.mark.parametrize(
    ("number", "command", "event", "words"),
    [
        (signal.SIGINT, "status", "import", "'archiver.machine.interruption'"),
        deeper(signal.SIGINT, "status", "import", "'archiver.machine.streams'"),
        (signal.SIGTERM, "status", "import", "'click'"),
        deeper(signal.SIGINT, "verify", "import", "sqlite_utils"),
        (signal.SIGTERM, "verify", "open", "a.db.lock"),
        deeper(signal.SIGINT, "parse", "sqlite3.connect", "a.db"),
        (signal.SIGTERM, "parse", "os.remove", "a.db.lock"),
        (signal.SIGINT, "fetch", "sqlite3.connect", "a.db"),
    ],
)
def test_a_signal_at_any_instant_is_one_line_and_its_exit_code(
    tmp_path: Path, kept: tuple[Path, Path], number: signal.Signals, command: str, event: str, words: str
) -> None:
    db = tmp_path / "a.db"
    shutil.copy(kept[0], db)
    arguments = [command, "--db", db, "--config", kept[1]]

    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(int(number)), event, words, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout, ended.stderr) == (
        128 + number, "", WORDS,
    )  # fmt: skip
    assert not db.with_name("a.db.lock").exists()
    assert cli.run(["verify", "--db", str(db), "--config", str(kept[1])]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("event", ["tempfile.mkdtemp", "shutil.rmtree"])
def test_an_interrupted_export_leaves_nothing_beside_its_place(
    tmp_path: Path, kept: tuple[Path, Path], event: str
) -> None:
    arguments = ["export", "markdown", "-q", "--db", kept[0], "--out", tmp_path / "posts"]

    for _ in range(2):  # into an empty place, and over what was made before
        ended = subprocess.run(
            [sys.executable, "-c", SIGNALLED, "2", event, ".export-", *map(str, arguments)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", WORDS)
        assert {file.name for file in tmp_path.iterdir()} <= {"posts"}
        assert cli.run([*map(str, arguments)]) == 0


def test_an_interrupted_demonstration_ends_there_and_the_same_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demo", "--rot", "-q", "--db", str(tmp_path / "demo.db")]

    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED, "2", "socket.connect", "127.0.0.1", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", WORDS)
    with reading(tmp_path / "demo.db") as connection:
        assert [tuple(row) for row in connection.execute("SELECT command, ended_by FROM runs")] == [
            ("fetch", "interrupted")
        ]
    assert cli.run(arguments) == 0
    assert cli.run(arguments) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_signal_in_a_finaliser_is_not_lost() -> None:
    program = (
        "import os, signal\n"
        "from archiver.machine import interruption\n"
        "interruption.catch()\n"
        "class Last:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGTERM); sum(range(10))\n"
        "last = Last()\n"
        "del last\n"
        "print('went on')\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", WORDS)


def test_an_interrupted_import_says_so(tmp_path: Path, kept: tuple[Path, Path]) -> None:
    """Interrupted while it notes what the file holds: the run is closed, and told with its end."""
    db, page = tmp_path / "a.db", tmp_path / "page.html"
    shutil.copy(kept[0], db)
    page.write_text("<html><body>no article</body></html>", "utf-8")
    url = "https://ithelp.ithome.com.tw/articles/10319293"
    program = SIGNALLED.replace("and not sent", f"and not sent and os.path.exists({str(db) + '.lock'!r})")
    arguments = ["import", page, "--url", url, "--db", db, "--config", kept[1]]

    ended = subprocess.run(
        [sys.executable, "-c", program, "15", "open", "page.html", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (143, "")
    assert ended.stdout.startswith("Interrupted; what was taken so far is stored.")
