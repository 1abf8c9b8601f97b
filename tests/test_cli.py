"""The command line: what is printed where, the exit codes, and no traceback for anybody's mistake."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import config_for, rows, run_fetch, small_site, terse_site

from archiver import cli
from archiver.archive.connection import WriterLock
from archiver.errors import ArchiveError
from archiver.standin import StandIn

ARCHIVER = [sys.executable, "-m", "archiver"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, StandIn]]:
    """An archive of the small series with one part missing, its config and its stand-in."""
    folder = tmp_path_factory.mktemp("cli")
    with StandIn(terse_site(5)) as standin:
        standin.faults.not_found(10323209)
        file = config_for(standin, folder)
        run_fetch(folder / "a.db", file)
        yield folder / "a.db", file, standin


Kept = tuple[Path, Path, StandIn]


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = cli.run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_status_in_a_pipe_is_tab_separated(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "status", "--db", kept[0])
    lines = [line.split("\t") for line in out.splitlines()]

    assert code == 0
    assert lines[0] == ["series", "title", "parts", "safe", "rescued", "missing", "gone", "changed", "last checked"]
    assert [lines[1][0], *lines[1][2:6]] == ["5943", "5", "4", "0", "1"]
    assert lines[4][:4] == ["10323209", "5", "suspect", "no"]
    assert "Last run" in err


def test_who_holds_which_part_is_a_table_with_notes_beside_it(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "status", "--copies", "--db", kept[0])
    lines = [line.split("\t")[:9] for line in out.splitlines()]

    assert (code, len(lines)) == (0, 6)
    assert lines[0][:3] == ["article", "part", "ours"]
    assert lines[1] == ["10319216", "1", "live", "-", "-", "-", "-", "1", "-"]
    assert lines[5] == ["10323209", "5", "-", "-", "-", "-", "-", "0", "-"]
    assert err.startswith("5 parts: 4 hang on one copy alone, 1 are held by nobody known.\n")
    assert run(capsys, "status", "--copies", "-q", "--db", kept[0]) == (0, out, "")
    code, out, _ = run(capsys, "status", "--copies", "--json", "--db", kept[0])
    assert (code, len(json.loads(out)["parts"]), json.loads(out)["is_demonstration"]) == (0, 5, False)


def test_status_as_json_has_the_documented_shape(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "status", "--db", kept[0], "--json")
    document = json.loads(out)
    series = document["series"][0]

    assert set(series) == {
        "id", "title", "url", "declared_parts", "parts", "safe", "rescued", "missing", "gone", "edited",
        "last_checked_at", "items", "images", "images_held", "images_unasked",
    }  # fmt: skip
    assert set(series["items"][0]) == {"id", "title", "position", "state", "safe", "last_ok_at", "url"}
    assert [item["safe"] for item in series["items"]] == [True, True, True, True, False]
    assert document["last_run"]["ended_by"] == "finished"


def test_strict_status_tells_by_its_exit_code(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn(terse_site(1)) as standin:
        run_fetch(tmp_path / "whole.db", config_for(standin, tmp_path))

    assert run(capsys, "status", "--db", kept[0], "--strict")[0] == 3
    assert run(capsys, "status", "--db", tmp_path / "whole.db", "--strict")[0] == 0


@pytest.mark.parametrize("page", ["10323209", "https://ithelp.ithome.com.tw/m/articles/10323209?sc=rss.iron"])
def test_why_tells_all_and_the_rule(kept: Kept, capsys: pytest.CaptureFixture[str], page: str) -> None:
    code, out, _ = run(capsys, "why", page, "--db", kept[0])

    assert code == 0
    assert "named by the index" in out
    assert "not_found (HTTP 404" in out
    assert "State: suspect" in out
    assert "Absences that count: 1" in out


def test_why_of_a_series_says_that_it_is_one(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "why", "5943", "--db", kept[0])

    assert (code, "5943: a series" in err) == (2, True)


def test_why_as_json_holds_every_row(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "why", "10319293", "--db", kept[0], "--json")[1])

    assert document["article"]["id"] == 10319293
    assert [fetch["outcome"] for fetch in document["fetches"]] == ["ok"]
    assert document["captures"][0]["sha256"]


def test_parse_reads_everything_again(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "parse", "--db", kept[0], "--config", kept[1])

    assert code == 0
    stored = rows(kept[0], "SELECT count(*) FROM fetches WHERE capture_id IS NOT NULL")[0][0]
    assert f"Read {stored} stored answers again" in out


def test_fetch_as_json_sums_up_the_run(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "fetch", "--db", tmp_path / "b.db", "--config", kept[1], "--json", "-q")
    document = json.loads(out)

    assert (code, document["exit_code"], err) == (3, 3, "")
    assert document["series"][0]["missing"] == 1
    assert document["failed"][0]["outcome"] == "not_found"
    assert "5 parts · 4 safe" in run(capsys, "fetch", "--db", tmp_path / "b.db", "--config", kept[1], "-q")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fetch", "ftp://x.example/"], 2, "not a usable http or https URL"),
        (["fetch", "https://ithelp.ithome.com.tw/articles/1/edit"], 2, "never fetched"),
        (["fetch", "https://ithelp.ithome.com.tw/tags/articles/rust"], 2, "no index, series or article"),
        (["fetch", "--delay", "-1"], 2, "--delay"),
        (["fetch", "--delay", "nan"], 2, "nan is no number of this range"),
        (["fetch", "--config", "nowhere.toml"], 2, "nowhere.toml: cannot be read"),
        (["fetch", "--db", "nowhere/a.db"], 5, "does not exist"),
        (["status", "--db", "nowhere.db"], 5, "there is no archive yet"),
        (["status", "--db", "."], 5, "this is a folder"),
        (["why", "x", "--db", "nowhere.db"], 2, "neither an article id"),
        (["parse", "--db", "nowhere.db"], 5, "there is no archive yet"),
        (["frobnicate"], 2, "No such command"),
        (["status", "--nope"], 2, "No such option"),
    ],
)
def test_a_mistake_is_told_in_words_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    found, out, err = run(capsys, *arguments)

    assert (found, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_each_option_of_fetch_changes_what_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn(small_site(1)) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(tmp_path / "a.db", file)

    def plan(*options: str) -> tuple[set[str], float, int]:
        where = ("--db", tmp_path / "a.db", "--config", file)
        code, out, _ = run(capsys, "fetch", "--dry-run", "--json", *options, *where)
        assert code == 0
        told = json.loads(out)
        return {page["kind"] for page in told["pages"]}, told["delay_s"], told["limit"]

    asked = {"index", "series", "feed", "article"}
    assert plan() == (set(), 0.0, 500)
    assert plan("--force") == plan("--max-age", "0") == ({*asked, "image"}, 0.0, 500)
    assert plan("--force", "--no-images") == (asked, 0.0, 500)
    assert plan("--force", "--check-links") == ({*asked, "image", "link"}, 0.0, 500)
    assert plan("--delay", "2.5", "--limit", "3") == (set(), 2.5, 3)


def test_a_document_is_printed_also_where_there_is_nothing_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.har").write_text('{"log": ')
    arguments = ("import", tmp_path / "broken.har", "--db", tmp_path / "a.db")

    plain, document = run(capsys, *arguments), run(capsys, *arguments, "--json")

    assert plain[:2] == (2, "")
    assert plain[2].startswith("archiver: broken.har: ")
    assert (document[0], document[2]) == (2, plain[2])
    assert json.loads(document[1])["exit_code"] == 2


def test_a_bug_is_told_as_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("x" * 301)

    monkeypatch.setattr("archiver.cli.reading.print_status", fail)
    told = (
        1, "", f"archiver: a bug: ZeroDivisionError: {'x' * 299}…; run again with -v -v and report it\n"
    )  # fmt: skip

    assert run(capsys, "status") == told
    assert run(capsys, "status", "-v") == told
    with pytest.raises(ZeroDivisionError):
        run(capsys, "status", "-vv")


def test_only_who_asks_twice_to_be_told_all_gets_the_traceback_of_what_can_be_mended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(capsys, "status", "--db", "nowhere.db", "-v")[0] == 5
    with pytest.raises(ArchiveError):
        run(capsys, "status", "--db", "nowhere.db", "-v", "-v")
    with pytest.raises(ArchiveError):
        run(capsys, "status", "--db", "nowhere.db", "--verbose", "--verbose")


def test_a_second_fetch_says_who_holds_the_archive(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = WriterLock(tmp_path / "b.db")
    lock.acquire("fetch")
    code, _, err = run(capsys, "fetch", "--db", tmp_path / "b.db", "--config", kept[1])
    lock.release()

    assert code == 5
    assert f"archiver fetch (process {os.getpid()})" in err


def test_help_names_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--help")

    assert out.startswith("Usage: archiver [OPTIONS] COMMAND [ARGS]...\n")
    assert all(f"\n    {code} " in out for code in (0, 1, 2, 3, 4, 5, 130))


# ─── as processes ───────────────────────────────────────────────────────────────────────────────


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_") and name != "LANG"}
    return {**kept, **changes}


def test_a_pipe_that_closes_early_is_no_error(kept: Kept) -> None:
    command = f"{sys.executable} -m archiver status --db {kept[0]} --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (0, b"{")
    assert b"Traceback" not in done.stderr


def test_an_ascii_terminal_is_no_error(kept: Kept) -> None:
    done = subprocess.run(
        [*ARCHIVER, "status", "--db", kept[0]], capture_output=True, check=False,
        env=environment(LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
    )  # fmt: skip

    assert done.returncode == 0
    assert "5943" in done.stdout.decode("utf-8")
    assert b"Traceback" not in done.stderr


def test_no_home_and_no_writable_tmpdir_are_no_error(kept: Kept) -> None:
    without = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run(
        [*ARCHIVER, "status", "--db", kept[0]], capture_output=True, check=False, env={**without, "TMPDIR": "/proc"}
    )

    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with StandIn(terse_site(5)) as standin:
        file = config_for(standin, tmp_path, delay_s=30)
        process = subprocess.Popen(
            [*ARCHIVER, "fetch", "--db", tmp_path / "a.db", "--config", file], stdout=subprocess.PIPE, text=True
        )
        while not standin.log and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)

    assert process.returncode == code
    assert "Interrupted; everything fetched so far is stored" in out
    assert rows(tmp_path / "a.db", "SELECT ended_by, exit_code FROM runs") == [("interrupted", code)]
    assert not (tmp_path / "a.db.lock").exists()


def under_a_terminal(*arguments: str | Path, **changes: str) -> str:
    """What a person sees who runs a command in a terminal of 100 columns."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*ARCHIVER, *map(str, arguments)], stdout=follower, stderr=follower, stdin=follower,
        env=environment(COLUMNS="100", TERM="xterm", LC_ALL="C.UTF-8", **changes),
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65_536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.wait()
    os.close(leader)
    return shown.decode("utf-8", "replace")


def test_a_terminal_gets_a_table_and_no_colour_when_asked(kept: Kept) -> None:
    shown = under_a_terminal("status", "--db", kept[0], NO_COLOR="1")

    assert "series" in shown
    assert "\t" not in shown
    assert "\x1b[3" not in shown


HOSTILE = "\x1b]0;owned\x07\x1b[31mRED\u202egnp.exe\u200b\x9b2J=cmd|' /C calc'!A0"


def is_control(character: str) -> bool:
    """Whether a character can act on a terminal or hide; line ends apart."""
    number = ord(character)
    return (number < 32 and character not in "\r\n") or 127 <= number < 160 or character in "\u202e\u200b"


def test_a_hostile_title_reaches_no_terminal(tmp_path: Path) -> None:
    with StandIn(terse_site(5)) as standin:
        standin.faults.edit(10319293, title=HOSTILE)
        standin.faults.not_found(10319216)
        run_fetch(tmp_path / "a.db", config_for(standin, tmp_path))
    for arguments in (["status"], ["why", "10319293"], ["why", "10319216"]):
        shown = under_a_terminal(*arguments, "--db", tmp_path / "a.db", NO_COLOR="1")
        controls = {character for character in shown if is_control(character)}
        assert "RED" in shown or "10319216" in shown
        assert controls <= {"\x1b"}
        assert "\x1b]" not in shown
        assert "\x1b[31m" not in shown


def test_a_hostile_name_of_a_file_reaches_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "status", "--db", tmp_path / "no\x1b[31mRED\u202e.db")

    assert (code, out) == (5, "")
    assert "there is no archive yet" in err
    assert not any(map(is_control, err))
