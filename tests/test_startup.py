"""What a short command does not import: most of its time goes into importing."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from runs import config_for, run_fetch, terse_site

from archiver.archive.columns import CONTENT_TYPE
from archiver.machine.unneeded import left_out
from archiver.model.readings import SAVED_PAGE_TYPE
from archiver.standin import StandIn

FOR_RUNS = {
    "h11", "html_to_markdown", "httpcore", "httpx", "imagesize", "magika", "nh3", "rich", "selectolax", "sqlite_utils",
    "tenacity", "datasette", "archiver.pages", "archiver.web", "archiver.model", "archiver.model.readings",
    "archiver.commands.fetching", "archiver.archive.archive",
}  # fmt: skip
BESIDES = {"logging", "importlib.resources", "zipfile", "tempfile", "email", "asyncio", "socket", "ssl"}
SETTINGS = {"archiver.config", "archiver.config.rules", "tomllib"}


def imported(*arguments: str | Path) -> set[str]:
    """Every module that a command has imported when it is done."""
    program = (
        "import json, sys\nfrom archiver import cli\ncode = cli.run(sys.argv[1:])\n"
        "sys.stderr.write('\\n' + json.dumps([code, sorted(sys.modules)]))"
    )
    command = [sys.executable, "-S", "-c", f"import sys\nsys.path[:] = {sys.path!r}\n{program}"]
    ended = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=True)
    code, modules = json.loads(ended.stderr.splitlines()[-1])
    assert code == 0, ended.stderr
    return set(modules)


def test_help_imports_nothing_that_only_runs_need() -> None:
    assert not imported("--help") & (FOR_RUNS | BESIDES | SETTINGS | {"sqlite3", "dataclasses", "archiver.archive"})


def test_status_imports_only_what_reads_an_archive(tmp_path: Path) -> None:
    db = tmp_path / "archive.db"
    with StandIn(terse_site(1)) as standin:
        run_fetch(db, config_for(standin, tmp_path))

    modules = imported("status", "--db", db)

    assert "archiver.archive.queries" in modules
    assert not modules & (FOR_RUNS | BESIDES | SETTINGS)
    assert not modules & {"archiver.archive.history", "archiver.report.why", "archiver.report.copies"}, "of others"


def test_a_run_imports_nothing_that_only_its_libraries_could_use(tmp_path: Path) -> None:
    with StandIn(terse_site(1)) as standin:
        modules = imported("fetch", "-q", "--config", config_for(standin, tmp_path), "--db", tmp_path / "archive.db")

    assert {"httpx", "sqlite_utils", "selectolax"} <= modules
    assert not modules & {"numpy", "pandas", "rich", "pygments"}


def test_what_was_left_out_of_an_import_can_be_imported_afterwards_and_what_was_there_stays() -> None:
    import json as there

    sys.modules.pop("this_is_nowhere", None)
    with left_out("json", "this_is_nowhere"):
        assert sys.modules["json"] is there
        with pytest.raises(ImportError):
            import_module("this_is_nowhere")
    assert "this_is_nowhere" not in sys.modules


@pytest.mark.parametrize("named", [True, False], ids=["an archive that is named", "the archive of the config"])
def test_a_config_that_is_wrong_keeps_nobody_from_an_archive_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    from archiver import cli

    with StandIn(terse_site(1)) as standin:
        run_fetch(tmp_path / "archive.db", config_for(standin, tmp_path))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "archiver.toml").write_text("delay = 'soon'")
    monkeypatch.chdir(tmp_path)

    assert cli.run(["status", *(["--db", "archive.db"] if named else [])]) == (0 if named else 2)
    assert cli.run(["status", "--db", "archive.db", "--config", "config/archiver.toml"]) == 2


def test_the_media_type_of_saved_pages_is_written_the_same_in_sql() -> None:
    assert f"'{SAVED_PAGE_TYPE}'" in CONTENT_TYPE
