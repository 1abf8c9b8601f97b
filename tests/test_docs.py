"""The documents say what the program does."""

from __future__ import annotations

import importlib
import inspect
import io
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest
from demonstrations import COMMAND, Played

from archiver import cli
from archiver.errors import how_to_install
from archiver.exports.formats import FORMATS
from archiver.formats.files import Format

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh-TW.md"]
DOCUMENTS = [
    *READMES,
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md")),
]


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs/build.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_every_command_is_documented_and_helpful() -> None:
    page = (ROOT / "docs/cli.md").read_text("utf-8")

    for name, command in cli.archiver.commands.items():
        assert f"## archiver {name}" in page
        assert command.help
        assert command.short_help
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert all(option.help for option in options), f"{name}: an option without help"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_that_a_document_names_exists(document: Path) -> None:
    blocks = "\n".join(re.findall(r"```(?:sh|console)?\n(.*?)```", document.read_text("utf-8"), re.DOTALL))
    for line in re.findall(r"(?:^|\s|/)archiver ((?:[a-z]+)(?: [^\n#|&]*)?)", blocks):
        name, *rest = line.split()
        if document.name != "cli.md" and name not in {"OPTIONS", "COMMAND"}:
            command = cli.archiver.commands[name]
            options = {
                option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]
            }
            assert {word for word in rest if word.startswith("-")} <= options | {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


SOURCES = sorted(
    path.relative_to(ROOT) for name in ("archiver", "tests", "bench", "docs") for path in (ROOT / name).rglob("*")
)
HANDMADE = [path for path in DOCUMENTS if path.name not in {"CHANGELOG.md", "cli.md", "schema.md"}] + [
    ROOT / "SECURITY.md"
]


@pytest.mark.parametrize("document", HANDMADE, ids=lambda path: path.name)
def test_every_source_file_that_a_document_names_is_there(document: Path) -> None:
    named = re.findall(r"`([\w./]+\.(?:py|sql|toml))`", document.read_text("utf-8"))

    assert [name for name in named if not (ROOT / name).exists() and not any(one.match(name) for one in SOURCES)] == []


def test_the_way_of_the_data_goes_by_names_that_exist() -> None:
    """The picture in docs/design.md: `room.module.name`, a function, a class, or a method of a class of the module."""
    picture = re.search(
        r"## The way of the data\n.*?```\n(.*?)```", (ROOT / "docs/design.md").read_text("utf-8"), re.DOTALL
    )
    assert picture is not None
    steps = re.findall(r"(?:^[ │]*[├└]? ?|─► )([a-z]+(?:\.[A-Za-z_]+)+)", picture[1], re.MULTILINE)

    assert len(steps) > 15
    for step in steps:
        module, _, name = f"archiver.{step}".rpartition(".")
        if not (ROOT / f"archiver/{step.replace('.', '/')}.py").is_file():
            held = importlib.import_module(module)
            classes = [one for one in vars(held).values() if inspect.isclass(one) and one.__module__ == module]
            assert any(hasattr(one, name) for one in [held, *classes]), step


TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")
CUT = re.compile("(?:^|(?<= ))…\n", re.MULTILINE)
"""What a README leaves out: lines, or the rest of one."""


def masked(text: str) -> str:
    """What a run prints without what differs from run to run: times, and sizes, of which a README shows none."""
    return re.sub(r"[0-9.]+ kB", "… kB", TIME.sub("TIME", text))


@pytest.fixture(scope="session")
def outputs(plain_demo: Played) -> dict[str, str]:
    """What the commands that the READMEs show print in a fresh folder."""
    shown = {"demo": f"$ archiver {shlex.join(COMMAND)}\n{plain_demo.out}"}
    commands = {
        "why": ["why", "900001001", "--db", "demo.db"],
        "search": ["search", "所有權 Rust", "--limit", "2", "--db", "demo.db"],
        "export": ["export", "epub", "900001", "--db", "demo.db"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(plain_demo.archive.parent)
        for name, command in commands.items():
            with redirect_stdout(io.StringIO()) as out:
                assert cli.run(command) == 0
            shown[name] = f"$ archiver {shlex.join(command)}\n{out.getvalue()}"
    return shown


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
@pytest.mark.parametrize("name", ["demo", "why", "search", "export"])
def test_the_outputs_shown_are_real(readme: Path, name: str, outputs: dict[str, str]) -> None:
    text = readme.read_text("utf-8")
    block = re.search(rf"<!-- {name}: begin -->\n```console\n(.*?)```\n<!-- {name}: end -->", text, re.DOTALL)

    assert block is not None
    assert not re.search("[0-9] kB", block[1])
    shown = "(?s:.*)".join(re.escape(piece) for piece in CUT.split(TIME.sub("TIME", block[1])))
    assert re.fullmatch(shown, masked(outputs[name]))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_both_readmes_name_every_exit_code_and_the_same_commands(readme: Path) -> None:
    text = readme.read_text("utf-8")
    codes = re.findall(r"^    ?\s?([0-9]+) ", cli.EXIT_CODES, re.MULTILINE) or re.findall(
        r"\n  ([0-9]+) ", cli.EXIT_CODES
    )

    assert codes
    assert [code for code in codes if f"| {code} |" not in text] == []
    other = next(one for one in READMES if one != readme).read_text("utf-8")
    commands = re.compile(r"^(?:python3 -m venv|archiver|datasette) [^#\n]*", re.MULTILINE)
    assert [line.strip() for line in commands.findall(text)] == [line.strip() for line in commands.findall(other)]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_a_readme_names_every_command_every_export_and_all_that_can_be_imported(readme: Path) -> None:
    text = readme.read_text("utf-8")

    assert [name for name in cli.archiver.commands if f"archiver {name}" not in text] == []
    assert [name for name in FORMATS if not re.search(rf"\b{name}\b", text, re.IGNORECASE)] == []
    assert [one.value for one in Format if one.value.lower() not in text.lower()] == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_export_has_its_section_and_its_tests(name: str) -> None:
    assert f"\n## `{name}`\n" in (ROOT / "docs/export.md").read_text("utf-8")
    assert (ROOT / f"tests/test_exports_{name}.py").is_file()


@pytest.mark.parametrize("extra", ["datasette", "rescue"])
def test_the_hint_for_a_missing_extra_is_what_the_readme_installs(extra: str) -> None:
    command = how_to_install(extra).partition(" in the folder")[0]

    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"][extra]
    for name in ("README.md", "README.zh-TW.md"):
        assert command in (ROOT / name).read_text("utf-8")
