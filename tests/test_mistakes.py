"""Every mistake of a user or a machine is one line with its exit code, and what is printed harms nobody."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from archives import tampering
from children import Children, Ended
from depths import deeper, is_long
from hypothesis import given
from hypothesis import strategies as st
from runs import config_for, rows, run_fetch, terse_site

from archiver import pages
from archiver.browse import server
from archiver.browse.sheets import Sheet
from archiver.standin import StandIn
from archiver.standin.wire import Reply, Request
from archiver.text import document

ONE = "10319216"
MANY = "9" * 5_000
HIDDEN = "\u202e\u2066\u200b\ufeff\x9b\x7f\U000e0041"
COMMANDS = (
    "status", "status --json", "status --copies", f"why {ONE}", f"why {ONE} --json", "search 這是第",
    "search 這是第 --json", f"diff {ONE} --json", "verify", "verify --json", "parse", "fetch", "fetch --json",
    "fetch --dry-run", "push --dry-run", "rescue --limit 1",
)  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("kept")
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, folder)
        run_fetch(folder / "a.db", file)
        yield folder / "a.db", file


@pytest.fixture
def db(kept: tuple[Path, Path], tmp_path: Path) -> Path:
    shutil.copy(kept[0], tmp_path / "a.db")
    return tmp_path / "a.db"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        *((["fetch", option, value], 2, option) for option in ("--delay", "--max-age")
          for value in ("nan", "inf", "-inf", "-1", "1e999", "x")),
        *((["fetch", "--limit", value], 2, "--limit") for value in ("nan", "0", "-1", "1.5", MANY)),
        (["search", "x", "--series", "0"], 2, "--series"),
        *(([command, MANY], 2, "digits") for command in ("why", "diff", "forget")),
        (["rescue", MANY], 2, "no series or part"),
        (["push", MANY], 2, "no series or part"),
        (["why", "99999999999999999999"], 2, "digits"),
        (["fetch", f"https://ithelp.ithome.com.tw/articles/{MANY}"], 2, ""),
        (["serve", "--port", "65536"], 2, "--port"),
        (["status", "--db", "x" * 5_000], 5, "File name too long"),
        (["fetch", "--db", "x" * 5_000], 5, "File name too long"),
        (["import", "x" * 5_000], 2, "File name too long"),
        (["status", "--config", "x" * 5_000], 2, "File name too long"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_nobody_can_mean_is_told_in_words(
    children: Children, kept: tuple[Path, Path], arguments: list[str], code: int, words: str
) -> None:
    named = [] if "--config" in arguments else ["--config", str(kept[1])]
    placed = [] if "--db" in arguments else ["--db", str(kept[0])]
    ended = children.run(*arguments, *placed, *named)

    assert (ended.code, ended.out) == (code, ""), ended
    assert words in ended.err
    assert "a bug" not in ended.err
    assert len(ended.err.splitlines()[-1]) < 6_000


@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775807"])
def test_a_limit_beyond_all_numbers_is_none(children: Children, kept: tuple[Path, Path], number: str) -> None:
    for command in (["search", "這是第"], ["fetch", "--dry-run"], ["push", "--dry-run"]):
        assert children.run(*command, "--limit", number, "--db", kept[0], "--config", kept[1]).code == 0


# ─── stdout and stderr ──────────────────────────────────────────────────────────────────────────


CLOSED = {">&-": (1,), "2>&-": (2,), "<&-": (0,), "<&- >&- 2>&-": (0, 1, 2)}


def shell(command: str, redirected: str, kept: tuple[Path, Path]) -> subprocess.CompletedProcess[str]:
    line = f"{sys.executable} -m archiver {command} --db {kept[0]} --config {kept[1]} {redirected}"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)


def run(children: Children, kept: tuple[Path, Path], command: str, **streams: Any) -> Ended:
    return children.run(*command.split(), "--db", kept[0], "--config", kept[1], **streams)


def assert_told_that_output_is_lost(code: int, said: str) -> None:
    assert code in {2, 3, 4}
    assert said.splitlines()[-1] == (
        "archiver: the output could not be written (No space left on device); what was stored stays"
    )
    assert "Traceback" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_is_one_line_and_no_success(
    children: Children, kept: tuple[Path, Path], command: str
) -> None:
    ended = run(children, kept, command, full=True)

    assert_told_that_output_is_lost(ended.code, ended.err)


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams_are_as_dev_null(children: Children, kept: tuple[Path, Path], command: str) -> None:
    usual = run(children, kept, command)
    for closed in CLOSED if is_long() or command in {"status", "fetch"} else [">&-"]:  # one way for all commands
        ended = run(children, kept, command, closed=CLOSED[closed])

        assert ended.code == usual.code, (closed, ended)
        assert "a bug" not in ended.err


def test_a_shell_gives_the_streams_that_these_tests_play(kept: tuple[Path, Path]) -> None:
    full = shell("fetch", ">/dev/full", kept)

    assert_told_that_output_is_lost(full.returncode, full.stderr)
    for closed in CLOSED if is_long() else ["<&- >&- 2>&-"]:
        assert shell("fetch", closed, kept).returncode == 0, closed


def test_what_a_notify_command_prints_reaches_no_file_of_ours(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, tmp_path)
        done = shell(
            "fetch --notify-command 'sh -c \"echo garbage; echo garbage >&2\"'",
            "<&- >&- 2>&-",
            (tmp_path / "a.db", file),
        )

    assert done.returncode == 0
    assert rows(tmp_path / "a.db", "PRAGMA integrity_check") == [("ok",)]
    assert b"garbage" not in (tmp_path / "a.db").read_bytes()


def test_a_reader_that_leaves_early_changes_no_exit_code(children: Children, kept: tuple[Path, Path]) -> None:
    command = f"{sys.executable} -m archiver status --json --db {kept[0]} | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    usual = children.run("status", "--json", "--db", kept[0])

    assert (done.returncode, done.stderr) == (usual.code, b"")


# ─── JSON and CSV ───────────────────────────────────────────────────────────────────────────────


@given(st.recursive(st.text() | st.text(HIDDEN + "a") | st.none() | st.integers(), lambda inner: st.lists(inner)))
def test_a_json_document_says_the_same_and_shows_nothing_that_acts(value: object) -> None:
    written = document(value)

    assert json.loads(written) == value
    assert not [
        sign for sign in written if sign != "\n" and (ord(sign) < 32 or sign in HIDDEN or 127 <= ord(sign) < 160)
    ]


@pytest.mark.parametrize(
    "command", [["status"], ["why", ONE], ["search", "這是第"], ["diff", ONE], ["verify"]], ids=" ".join
)
def test_json_is_harmless_on_a_terminal(children: Children, db: Path, command: list[str]) -> None:
    with tampering(db) as connection:
        connection.execute("UPDATE articles SET title = ?", [f"title{HIDDEN}"])
        connection.execute("UPDATE parts SET title = ?", [f"title{HIDDEN}"])
    ended = children.run(*command, "--json", "--db", db)

    assert json.loads(ended.out)
    assert not set(ended.out) & set(HIDDEN)


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", '=1,"2"\n=3', "＝1"])
def test_no_cell_of_a_csv_begins_a_formula(db: Path, title: str) -> None:
    with tampering(db) as connection:
        connection.execute("UPDATE articles SET title = ?", [title])

    async def get(path: str) -> str:
        transport = httpx.ASGITransport(app=server.application(db, pages.read).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
            return (await client.get(path)).text

    for path in (
        "/a/articles.csv?_stream=on&_row=1",
        "/a/articles.csv?_size=2&_row=1",
        "/a.csv?sql=select+title+from+articles",
    ):
        text = asyncio.run(get(path))
        titles = [row["title"] for row in csv.DictReader(io.StringIO(text, newline=""))]
        assert titles
        assert set(titles) == {f"'{title}"}


@given(
    st.lists(st.lists(st.text('=+-@\t,"\n1a ') | st.sampled_from(["-1.5", "+3", "1e5"]), min_size=2, max_size=2)),
    st.integers(1, 9),
)
def test_a_csv_in_pieces_holds_the_same_cells_made_harmless(table: list[list[str]], step: int) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(table)
    data, sheet = written.getvalue().encode(), Sheet()
    pieces = [sheet.put(data[at : at + step], last=False) for at in range(0, len(data), step)]
    text = b"".join([*pieces, sheet.put(b"", last=True)]).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))

    for old, new in zip((cell for row in table for cell in row), (cell for row in read for cell in row), strict=True):
        assert new in {old, f"'{old}"}
        is_number = old in {"-1.5", "+3"} or old.lstrip("+-").isdigit()
        assert (new != old) == (
            old[:1] in set("=+-@\t\n") and bool(old) and not ((is_number and old[1:].isdigit()) or old == "-1.5")
        )


# ─── the machine ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("time", [-(10**10), -1, 0, 2**33, 10**12, 2**62])
def test_a_file_of_any_time_is_imported(children: Children, db: Path, kept: tuple[Path, Path], time: int) -> None:
    page = db.parent / "page.html"
    body = rows(db, f"SELECT url FROM pages WHERE article_id = {ONE}")[0][0]
    page.write_text(f'<html><head><link rel="canonical" href="{body}"></head><body>x</body></html>', "utf-8")
    os.utime(page, (time, time))
    ended = children.run("import", page, "--db", db, "--config", kept[1])

    assert ended.code == 3, ended
    assert "a bug" not in ended.err


def test_a_time_beyond_all_years_is_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.formats import files
    from archiver.formats.found import Bounds

    page = tmp_path / "page.html"
    page.write_text("<html><head></head></html>", "utf-8")
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda number: os.stat_result((*real(number)[:8], 10**12, 0)))

    assert files.known(page, Bounds()).changed_at.year == 9999


NEEDLES = (b"CREATE VIEW page_status", b"CREATE VIEW parser_drift", b"CREATE TRIGGER fetches_no_up")
FLIPS = [*zip(NEEDLES, (0, 8, 14), strict=True)]


@pytest.mark.parametrize(
    ("needle", "at"),
    [*FLIPS, *(deeper(needle, at) for needle in NEEDLES for at in (0, 8, 14) if (needle, at) not in FLIPS)],
)
def test_a_flipped_byte_of_the_schema_is_one_line_or_no_matter(
    children: Children, kept: tuple[Path, Path], tmp_path: Path, needle: bytes, at: int
) -> None:
    data = bytearray(kept[0].read_bytes())
    place = data.rfind(needle)
    data[place + at] ^= 0x15
    for command in (["status"], ["why", ONE], ["verify"], ["parse"], ["fetch"]):
        (tmp_path / "b.db").write_bytes(data)
        ended = children.run(*command, "--db", tmp_path / "b.db", "--config", kept[1])
        assert place > 0
        assert ended.code in {0, 5}, ended
        assert ended.code == 0 or command == ["verify"] or ended.err.count("\n") == 1, ended


@pytest.mark.parametrize("name", ["m001_tables", "m002_time", "m012_seals", "%"])
def test_a_missing_row_of_a_migration_is_one_line_and_leaves_no_copy(
    children: Children, kept: tuple[Path, Path], db: Path, name: str
) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE ?", [name])
        connection.commit()
    for command in (["verify"], ["parse"], ["fetch"]):
        ended = children.run(*command, "--db", db, "--config", kept[1])
        assert (ended.code, ended.err.count("\n")) == (5, 1), ended
    assert not list(db.parent.glob("*.bak*"))


class Removing(StandIn):
    """Does something to the archive at its third request."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        super().__init__(terse_site(3))

    def reply(self, request: Request) -> Reply:
        if len(self.log) == 3:
            self._act()
        return super().reply(request)


@pytest.mark.parametrize("what", ["the file", "the folder", "all beside it", "moved", "replaced"])
def test_an_archive_removed_under_a_run_ends_it_in_one_line(children: Children, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    db = folder / "a.db"

    def act() -> None:
        if what == "the folder":
            shutil.rmtree(folder)
        elif what == "moved":
            db.rename(folder / "b.db")
        else:
            for file in [db] if what != "all beside it" else folder.iterdir():
                file.unlink()
            if what == "replaced":
                db.touch()

    with Removing(act) as standin:
        ended = children.run("fetch", "-q", "--db", db, "--config", config_for(standin, tmp_path))

        assert (ended.code, ended.err.count("\n")) == (5, 1), ended
        assert "removed or replaced" in ended.err
        assert len(standin.log) <= 5, "what cannot be stored is not asked"
