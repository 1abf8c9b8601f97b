"""A run is told after it was closed: what a command prints is what `status` says a moment later."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import tampering
from pushers import ONE, Pusher
from runs import config_for, run_fetch, terse_site

from archiver import cli
from archiver.standin import StandIn


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def assert_told_as_it_is(told: dict[str, Any], status: dict[str, Any], code: int) -> None:
    """All that a command says of what is held is what `status` says after it, and the run has its end."""
    assert {key: told[key] for key in status} == status
    run = told["last_run"]
    assert run["id"] == told["run_id"]
    assert (run["exit_code"], run["ended_by"]) == (code, told.get("ended_by", "finished"))
    assert run["finished_at"] >= run["started_at"]


def test_absences_that_are_doubted_are_told_as_they_are_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "a.db"
    with StandIn(terse_site(5)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        for number in terse_site(5).series[5943].part_ids:
            standin.faults.not_found(number)
        code = cli.run(["fetch", "-q", "--force", "--json", "--db", str(db), "--config", str(file)])
    told = printed(capsys)
    cli.run(["status", "--json", "--db", str(db), "--config", str(file)])

    assert told["mass_absence"]
    assert_told_as_it_is(told, printed(capsys), code)
    assert {item["state"] for one in told["series"] for item in one["items"]} == {"alive"}
    assert told["last_run"]["note"].startswith(told["doubt"])


@pytest.mark.parametrize("arguments", [("push", str(ONE), "-q"), ("rescue", "-q"), ("rescue", "--check", "-q")])
def test_what_others_hold_is_told_with_the_end_of_the_run(
    pusher: Pusher, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code = pusher.push(*arguments[1:], "--json") if arguments[0] == "push" else pusher.run(*arguments, "--json")
    told = printed(capsys)
    pusher.run("status", "--json")

    assert_told_as_it_is(told, printed(capsys), code)


def test_an_import_is_told_with_its_end(
    held: Path, pusher: Pusher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "page.html"
    saved.write_bytes(pusher.live[next(iter(pusher.live))].body)
    code = pusher.run("import", str(saved), "--json")
    told = printed(capsys)
    pusher.run("status", "--json")

    assert_told_as_it_is(told, printed(capsys), code)


def test_an_interrupted_run_is_told_with_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "a.db"
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, tmp_path)
        code = cli.run(["fetch", "-q", "--limit", "3", "--json", "--db", str(db), "--config", str(file)])
    told = printed(capsys)
    cli.run(["status", "--json", "--db", str(db), "--config", str(file)])

    assert told["ended_by"] == "limit"
    assert_told_as_it_is(told, printed(capsys), code)


def test_what_another_program_did_to_the_archive_is_said_by_the_next_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "a.db"
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        with closing(sqlite3.connect(db)) as connection:
            connection.executescript("DROP TRIGGER fetches_no_update; DROP VIEW missing_parts")
        with tampering(db) as connection:
            connection.execute("UPDATE sources SET series_hint = NULL")
        cli.run(["fetch", "-q", "--db", str(db), "--config", str(file)])
        told = capsys.readouterr().err
        cli.run(["fetch", "-q", "--db", str(db), "--config", str(file)])

    assert "Put back: after run 1: view missing_parts was dropped by another program" in told
    assert "Put back: after run 1: trigger fetches_no_update was dropped by another program" in told
    assert "Changed: a row of sources was changed, added or taken away" in told
    assert capsys.readouterr().err == ""


def test_that_another_law_is_followed_is_told(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(terse_site(3)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.not_found(terse_site(3).series[5943].part_ids[1])
        run_fetch(db, file, force=True)
        with file.open("a", encoding="utf-8") as text:
            text.write("\n[judgement]\nabsences = 1\n")
        summary = run_fetch(db, file)

    (told,) = [line for line in summary.lines if "other rules ([judgement])" in line]
    assert told.endswith("something else is believed of 1 page.")
    assert summary.document["series"][0]["gone"] == 1
