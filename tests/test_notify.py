"""The user's command is told what changed: once, by whichever run can, and not at all when nothing did."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from archives import World, archive_at, part, url_of
from runs import as_json, config_for, run_fetch, terse_site

from archiver import config
from archiver.archive import queries
from archiver.archive.opening import reading
from archiver.commands import fetching
from archiver.standin import StandIn


def test_a_command_is_told_once_what_changed_and_not_at_all_when_nothing_did(tmp_path: Path) -> None:
    db, told = tmp_path / "archive.db", tmp_path / "told.json"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys\nopen({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))\n", "utf-8")
    command = f"{sys.executable} {script}"
    with StandIn(terse_site(5)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        run_fetch(db, file, notify=command)
        assert not told.exists()
        standin.faults.edit(terse_site(5).series[5943].part_ids[1], title="[Day 02] 新標題")
        run_fetch(db, file, notify=command, force=True)
        summary = run_fetch(db, file, notify="/nowhere/at/all", force=True)

    (document,) = [as_json(one) for one in told.read_text("utf-8").splitlines()]
    assert [(change["what"], change["detail"][:5]) for change in document["changes"]] == [("edited", "title")]
    assert summary.exit_code == 0


def test_what_a_command_did_not_take_is_told_again_by_the_next_run(tmp_path: Path) -> None:
    db, told, site = tmp_path / "archive.db", tmp_path / "told.json", terse_site(3)
    script = tmp_path / "tell.py"
    script.write_text(f"import sys\nopen({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))\n", "utf-8")
    command = f"{sys.executable} {script}"
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.edit(site.series[5943].part_ids[0], title="[Day 01] 新標題")
        failed = run_fetch(db, file, notify="false", force=True)
        standin.faults.edit(site.series[5943].part_ids[1], title="[Day 02] 新標題")
        run_fetch(db, file, notify="/nowhere/at/all", force=True)
        run_fetch(db, file, notify=command, force=True)
        run_fetch(db, file, notify=command, force=True)
        findings = fetching.verify(config.load(file), db)

    assert "ended with 1; the next run tells it again" in failed.lines[-1]
    (document,) = [as_json(one) for one in told.read_text("utf-8").splitlines()]
    assert [change["article_id"] for change in document["changes"]] == list(site.series[5943].part_ids[:2])
    assert findings == []


def test_what_a_killed_run_saw_is_owed_by_the_next_one(tmp_path: Path) -> None:
    path, world = tmp_path / "a.db", World()
    with archive_at(path, world) as case:
        case.source(url_of(1))
        case.answer(url_of(1), part(1))
        case.next_run(days=1)
        case.archive.runs.owe_notice(case.run_id, case.clock.now())
        case.answer(url_of(1), part(1, text="other words"))  # and killed then
    with archive_at(path, world) as case:
        case.archive.runs.owe_notice(case.run_id, case.clock.now())
        case.archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())
        with reading(path) as connection:
            owed = queries.changes_owed(connection)
        case.archive.runs.gave_notice(case.run_id, case.clock.now())

    assert "edited" in [change["what"] for change in owed]
    with reading(path) as connection:
        assert queries.changes_owed(connection) == []


@pytest.mark.parametrize("command", ["/nowhere/at/all", "echo 'never closed", " "])
def test_a_command_that_cannot_run_is_one_line_and_no_failure(tmp_path: Path, command: str) -> None:
    with StandIn(terse_site(5)) as standin:
        summary = run_fetch(tmp_path / "a.db", config_for(standin, tmp_path), notify=command)

    assert summary.exit_code == 0
    assert "the notify command did not run" in summary.lines[-1]
