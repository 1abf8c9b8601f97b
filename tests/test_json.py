"""docs/json.md and what the commands print with --json have the same keys."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from runs import config_for, terse_site

from archiver import cli
from archiver.standin import StandIn

PAGE = (Path(__file__).parents[1] / "docs/json.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `archiver ([^`]+) --json`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
BY_NAME = {"outcomes", "refused_hosts", "down_hosts", "failing_hosts", "passed_over"}  # keyed by names
ROWS = {
    "page", "article", "part", "fetches", "captures", "named_by", "edits", "problems", "state_changes", "events",
    "pushes", "carried",
}  # fmt: skip
STATUS = "archiver status --json"


def documented(section: str) -> set[str]:
    """The paths that a section names, those of the status included where it says so."""
    found: set[str] = set()
    for cell in re.findall(r"^\| (`[^|]+?) \|", section, re.MULTILINE):
        names = re.findall(r"`([^`]+)`", cell)
        prefix = names[0][: names[0].rfind(".") + 1]
        found |= {names[0], *(prefix + name for name in names[1:])}
    return found | (documented(SECTIONS["status"]) if STATUS in section else set())


def printed(value: Any, path: str = "", *, rows: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every path of a document. Of rows of the archive, which docs/schema.md describes, only where they stand."""
    if isinstance(value, list):
        for one in value:
            yield from printed(one, f"{path}[]", rows=rows)
    elif isinstance(value, dict):
        for key, one in value.items():
            below = f"{path}.{key}" if path else key
            yield below
            if key not in BY_NAME and below not in rows:
                yield from printed(one, below, rows=rows)


def empty(value: Any, path: str = "") -> Iterator[str]:
    """The paths of lists and documents with nothing in them: of what they would hold nothing is said."""
    if value in (None, [], {}):
        yield path
    if isinstance(value, list):
        for one in value:
            yield from empty(one, f"{path}[]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from empty(one, f"{path}.{key}" if path else key)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each command prints, of an archive in which something is missing, edited and dropped from a list."""
    folder = tmp_path_factory.mktemp("json")
    with StandIn(terse_site(4)) as standin:
        config = config_for(standin, folder)
        alone = f'[network.connect_to]\n"https://web.archive.org" = "{standin.url}"'
        nobody = "[rescue]\nwayback = false\ntimemaps = []\ncommon_crawl = false\nfeed = false\ndelay_s = 0.0\n"
        text = config.read_text("utf-8").replace("[network.connect_to]", alone)
        config.write_text(f"{text}{nobody}[push]\ndelay_s = 0.0\nwait_s = 0.0\n", "utf-8")
        where = ["--json", "--db", str(folder / "a.db"), "--config", str(config)]
        file = folder / "page.html"
        file.write_text("<html></html>", "utf-8")

        def run(*arguments: str) -> Any:
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
                cli.run([*arguments, *where])
            return json.loads(out.getvalue())

        standin.faults.not_found(10321315)
        told = {"fetch --dry-run": run("fetch", "--dry-run"), "fetch": run("fetch", "-q")}
        standin.faults.edit(10319293, title="[Day 02] 另一個標題")
        standin.faults.drop_from_series(10322608)
        run("fetch", "-q", "--force")
        for line in (
            "status", "status --copies", "why 10319293", "search 寫", "diff 10319293", "rescue", "push 5943",
            "push --dry-run", "export json", "parse", "verify", "import page.html --url https://ithelp.ithome.com.tw/articles/10319293",
        ):  # fmt: skip
            place = ["--out", str(folder / "a.json")] if line.startswith("export") else []
            told[line] = run(*line.replace("page.html", str(file)).split(), *place)
    return told


NAMES = {
    "why ID": "why 10319293", "search QUERY": "search 寫", "diff ID": "diff 10319293", "export FORMAT": "export json",
    "push": "push 5943",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != "demo"])
def test_every_key_that_is_printed_is_documented_and_the_other_way_round(documents: dict[str, Any], name: str) -> None:
    wanted = NAMES.get(name, name.partition(" FILE")[0])
    document = next(told for line, told in documents.items() if line == wanted or line.startswith(f"{wanted} page"))
    rows = frozenset(ROWS) if name.startswith("why") else frozenset()

    told, known = set(printed(document, rows=rows)), documented(SECTIONS[name])
    nothing = set(empty(document))

    assert told - known == set()
    assert {
        path for path in known - told if not any(path.startswith((f"{one}[", f"{one}.")) for one in nothing)
    } == set()


def test_every_command_that_prints_json_is_there() -> None:
    with_json = {
        name for name, command in cli.archiver.commands.items() if any(one.name == "as_json" for one in command.params)
    }

    assert {name.split()[0] for name in SECTIONS} == with_json
