"""SIGKILL at any moment: what was committed stays, and the next run ends where an unbroken one would."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from archives import derived_rows
from depths import depth
from runs import config_for, run_fetch, terse_site

from archiver.standin import StandIn

KILLS = depth(8, 200)
ARTICLE_COLUMNS = "id, title, series_id, position, published_at, html_sha256, body_text, content_sha256"


def articles(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT {ARTICLE_COLUMNS} FROM articles ORDER BY id").fetchall()
    connection.close()
    return found


def test_an_archive_killed_again_and_again_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken.db", tmp_path / "whole.db"
    with StandIn(terse_site(3)) as standin:
        config = config_for(standin, tmp_path, delay_s=0.0)
        harness = subprocess.run(
            [sys.executable, Path(__file__).with_name("kill_harness.py"), broken, config, str(KILLS), "5943"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        kills = [json.loads(line) for line in harness.stdout.splitlines()]
        assert run_fetch(broken, config).exit_code == 0
        assert run_fetch(whole, config).exit_code == 0

    with sqlite3.connect(broken) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = connection.execute("SELECT id, requested_url, outcome FROM fetches ORDER BY id").fetchall()
    connection.close()
    for kill in kills:
        rows = [tuple(row) for row in kill["rows"]]
        assert kept[: len(rows)] == rows
    assert sum(kill["killed"] for kill in kills) >= 3, "too few kills hit a running fetch to say anything"
    assert articles(broken) == articles(whole)
    assert [row[:3] for row in derived_rows(broken)["parts"]] == [row[:3] for row in derived_rows(whole)["parts"]]
