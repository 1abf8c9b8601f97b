"""What every command stands on: the group, the options that all take, settings, and words for stdout and stderr."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archiver.errors import ArchiverError
from archiver.machine.interruption import code_of
from archiver.machine.version import __version__
from archiver.text import document, safe

if TYPE_CHECKING:
    from pathlib import Path

    from archiver.commands.listening import Notice
    from archiver.config import Config
    from archiver.report.runs import Summary

EXIT_CODES = """\b
Exit codes:
  0    everything asked for is held
  1    a bug
  2    the command line, the config or a file to import is wrong, or stdout is full
  3    finished, but some part is missing or failed
  4    stopped because the site refused us
  5    the archive or an export cannot be used or written (locked, damaged, newer, disk full)
  130  interrupted (143 by SIGTERM)"""

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Finite(click.FloatRange):
    """A number between two bounds; nan, which is between any two, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises click.BadParameter."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number of this range.", param, ctx)
        return number


class FilePath(click.Path):
    """The path of a file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path. Raises click.BadParameter."""
        from pathlib import Path  # `--help` has none

        return Path(str(super().convert(value, param, ctx)))


_config = click.option("--config", "config_path", type=FilePath(), envvar="ARCHIVER_CONFIG", metavar="FILE",
                       help="Settings. Default: ./config/archiver.toml, else ~/.config/archiver/archiver.toml, "
                            "else packaged.")  # fmt: skip
_db = click.option("--db", type=FilePath(), envvar="ARCHIVER_DB", metavar="FILE",
                   help="The archive. Default: archive.db in this folder.")  # fmt: skip
_quiet = click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
_verbose = click.option("-v", "--verbose", count=True, expose_value=False,  # `run` has counted it before
                        help="Log each request and wait on stderr; twice: tracebacks.")  # fmt: skip


def talking(command: _Command) -> _Command:
    """The options that say how much is told."""
    return _quiet(_verbose(command))


def common(command: _Command) -> _Command:
    """The options that every command takes."""
    return _config(_db(talking(command)))


def settings(config_path: Path | None, db: Path | None) -> tuple[Config, Path]:
    """The settings in force, and the archive that they or `--db` name. Raises ConfigError."""
    from pathlib import Path

    from archiver import config

    loaded = config.load(config_path)
    return loaded, _noted(db if db is not None else Path(loaded.db))


def archive_of(config_path: Path | None, db: Path | None) -> Path:
    """The archive to read. One that is named needs no settings, so a wrong config hides nothing. Raises ConfigError."""
    return _noted(db) if db is not None and config_path is None else settings(config_path, db)[1]


_ARCHIVE = "archiver.archive"  # in the context of a command: the archive that it is about


def _noted(path: Path) -> Path:
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_ARCHIVE] = path
    return path


@contextmanager
def _rows_are_ours(context: click.Context) -> Iterator[None]:
    """What a command stumbles over is a bug only when every row of its archive is one that we could have written."""
    try:
        yield
    except (ArchiverError, click.ClickException, click.exceptions.Exit, click.Abort, OSError, MemoryError):
        raise
    except Exception as error:
        if _ARCHIVE in context.meta:
            from archiver.archive import odd_rows

            odd_rows.explain(context.meta[_ARCHIVE], error)
        raise


class _Commands(click.Group):
    """Gives an interruption as it came: click would print an empty line first."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the arguments."""
        with _as_stopped():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _as_stopped(), _rows_are_ours(ctx):
            return super().invoke(ctx)


@contextmanager
def _as_stopped() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupted:
        raise Stopped(code_of(interrupted)) from interrupted


class Stopped(Exception):
    """Interrupted by a signal; `code` is the exit code that follows from it."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="archiver")
def archiver() -> None:
    """Keep an iThome Ironman article series whole, readable and provable after its host is gone.

    \b
    archiver demo      try it on a local stand-in, without network
    archiver fetch     keep what the config names, or a URL
    archiver status    what is held, missing and gone
    """  # noqa: D301 - click reads \b as "keep these lines"


def tell(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(safe(text), err=True)


def tell_demonstration(*, is_one: bool) -> None:
    """Say of a demonstration that it is one, however little else is to be said."""
    from archiver.archive import demonstration

    if is_one:
        tell(demonstration.WORDS)


def tell_notice(notice: Notice) -> None:
    """A notice, on stderr."""
    from archiver.report.notices import notice_line

    tell(notice_line(notice))


def show(summary: Summary, *, as_json: bool) -> int:
    """What a run came to, on stdout; gives its exit code."""
    if as_json or summary.lines:
        click.echo(document(summary.document) if as_json else summary.as_text())
    return summary.exit_code


def print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table with the right widths for Chinese on a terminal; tab-separated into a pipe."""
    from archiver.report.status import tab_separated

    if not sys.stdout.isatty():
        click.echo(tab_separated(columns, rows))
        return
    from archiver.report import terminal

    terminal.print_table(columns, rows)
