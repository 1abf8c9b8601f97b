"""The command line: arguments in, exit code out. Heavy imports stand inside the commands, so that `--help` is quick.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from archiver.cli import exporting, keeping, reading  # noqa: F401 - the commands join the group when they are imported
from archiver.cli.frame import EXIT_CODES, Stopped, archiver
from archiver.errors import ArchiverError
from archiver.machine import interruption
from archiver.text import safe

if TYPE_CHECKING:
    from archiver.machine.clock import Clock

__all__ = ["EXIT_CODES", "archiver", "run"]


def run(arguments: list[str], clock: Clock | None = None) -> int:
    """Run one command line; gives the exit code. What a user can mend is one line. `clock`: another, for tests."""
    short = sum(argument.count("v") for argument in arguments if argument.strip("v") == "-")
    verbose = short + arguments.count("--verbose")
    try:
        with _said(verbose), interruption.caught():
            return int(archiver.main(arguments, prog_name="archiver", standalone_mode=False, obj=clock))
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt, Stopped) as error:
        click.echo(interruption.WORDS, err=True)
        return interruption.code_of(error)
    except ArchiverError as error:
        for message in str(error).splitlines():
            click.echo(f"archiver: {safe(message)}", err=True)
        if verbose > 1:
            raise
        return error.exit_code
    except Exception as error:
        if verbose > 1:
            raise
        told = f"{type(error).__name__}: {safe(error, 300)}"
        click.echo(f"archiver: a bug: {told}; run again with -v -v and report it", err=True)
        return 1


def _said(verbose: int) -> contextlib.AbstractContextManager[None]:
    """-v: a log on stderr for as long as the command runs."""
    if not verbose:
        return contextlib.nullcontext()
    from archiver.cli import log

    return log.on_stderr()
