"""Saved pages served again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from standin_client import SITE, ask

from archiver.standin import Replay
from archiver.standin.replay import Saved, read_table

PAGE = "<html><body>存下來的頁面</body></html>"
ROWS = (
    Saved(f"{SITE}/articles/1?sc=x", "one.html"),
    Saved(
        "https://example.org/",
        "one.html",
        200,
        (("ETag", '"a"'), ("Content-Type", "text/plain"), ("Content-Length", "1")),
    ),
    Saved(f"{SITE}/old", "", 301, (("Location", f"{SITE}/articles/1"),)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.html").write_text(PAGE, "utf-8")
    return tmp_path


def test_a_saved_page_is_served_under_its_url_and_nothing_else_is(folder: Path) -> None:
    with Replay(folder, ROWS) as replay:
        got = ask(replay, "/articles/1?sc=x")
        assert (got.status, got.text, got.headers["Content-Type"]) == (200, PAGE, "text/html; charset=UTF-8")
        assert [ask(replay, path).status for path in ("/articles/1", "/robots.txt", "/articles/2")] == [404, 404, 404]
        assert replay.log[0].target == "/articles/1?sc=x"
        assert replay.max_concurrent == 1


def test_status_and_headers_are_those_of_the_table_with_a_true_length(folder: Path) -> None:
    with Replay(folder, ROWS) as replay:
        moved, other = ask(replay, "/old"), ask(replay, "https://example.org/")
        assert (moved.status, moved.headers["Location"]) == (301, f"{SITE}/articles/1")
        assert (other.headers["ETag"], other.headers["Content-Type"], other.text) == ('"a"', "text/plain", PAGE)
        assert set(replay.connect_to) == {SITE, "https://example.org"}


TOML = '[[pages]]\nurl = "https://a.b/1"\nfile = "one.html"\nstatus = 200\n[pages.headers]\nETag = "x"\n'
JSON = json.dumps([{"url": "https://a.b/1", "file": "one.html", "headers": {"ETag": "x"}}])
TSV = 'url\tfile\tstatus\theaders\nhttps://a.b/1\tone.html\t\t"{""ETag"": ""x""}"\n'


@pytest.mark.parametrize(("name", "text"), [("t.toml", TOML), ("t.json", JSON), ("t.tsv", TSV)])
def test_a_table_may_be_toml_json_or_tsv(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert read_table(tmp_path / name) == (Saved("https://a.b/1", "one.html", 200, (("ETag", "x"),)),)


@pytest.mark.parametrize(("name", "text"), [("t.csv", ""), ("t.json", '[{"file": "x"}]')])
def test_a_table_that_cannot_be_used_is_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"expected a \.toml|without url"):
        read_table(tmp_path / name)


def test_a_table_cannot_name_files_outside_its_folder(folder: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        Replay(folder, [Saved(f"{SITE}/x", "../../etc/passwd")])


def test_the_command_prints_what_to_paste_and_ends_when_told(folder: Path) -> None:
    (folder / "table.toml").write_text(TOML, "utf-8")
    command = [sys.executable, "-m", "archiver.standin", "--replay", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "error"}
    ) as started:
        assert started.stdout is not None
        lines = [started.stdout.readline() for _ in range(3)]
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
    assert lines[1] == "[network.connect_to]\n"
    assert lines[2].startswith('"https://a.b" = "http://127.0.0.1:')
