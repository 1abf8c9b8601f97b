"""A program of click that imports nothing else: what starting one costs."""

from __future__ import annotations

import sys

import click


@click.group()
def program() -> None:
    """Does nothing."""


for name in ("demo", "diff", "fetch", "forget", "import", "parse", "push", "rescue", "search", "serve", "status"):

    @program.command(name)
    @click.option("--db", help="A file.")
    def command(db: str | None) -> None:
        """Do nothing."""
        import sqlite3

        with sqlite3.connect(db or ":memory:") as database:
            print(database.execute("SELECT count(*) FROM sqlite_master").fetchone())


if __name__ == "__main__":
    sys.exit(program())
