"""Writes docs/cli.md and docs/schema.md from the program itself; with --check says whether they are current.

python docs/build.py           write them
python docs/build.py --check   exit 1 when one is stale
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from archiver import cli
from archiver.archive import schema

HERE = Path(__file__).parent
_CLI_HEAD = """# The command line

Written by `python docs/build.py` from the program's own help; do not edit.
"""
_SCHEMA_HEAD = """# The tables and views of archive.db

Written by `python docs/build.py` from the schema; do not edit. The same words stand in the SQL of every archive and
in Datasette.

Three kinds of table, never mixed: *seen* (append-only), *believed* (a pure function of what was seen), *derived* (can
be dropped and rebuilt by `archiver parse` without network). *Asked* is what the user wants kept. Times are UTC, ISO
8601 with `Z`.
"""


def cli_page() -> str:
    """Every command with its help, as a terminal of 80 columns shows it."""
    group = cli.archiver
    parts = [_CLI_HEAD, _help(group, "archiver")]
    parts += [_help(command, f"archiver {name}") for name, command in sorted(group.commands.items())]
    return "\n".join(parts)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(
        command, info_name=name, terminal_width=80, max_content_width=80, help_option_names=["-h", "--help"]
    )
    return f"## {name}\n\n```\n{command.get_help(context)}\n```\n"


def schema_page() -> str:
    """Every table and view with its columns."""
    parts = [_SCHEMA_HEAD]
    for relation, columns in schema.descriptions().items():
        parts.append(f"## {relation}\n\n{columns['']}\n\n| column | holds |\n|---|---|")
        parts += [f"| `{name}` | {_cell(text)} |" for name, text in columns.items() if name]
        parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {"cli.md": cli_page, "schema.md": schema_page}


def main(arguments: list[str]) -> int:
    """Write or check both pages; gives the exit code."""
    stale = [name for name, page in PAGES.items() if not _is_current(HERE / name, page())]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/{name} is stale: run python docs/build.py")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(PAGES[name](), "utf-8")
        print(f"wrote docs/{name}")
    return 0


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
