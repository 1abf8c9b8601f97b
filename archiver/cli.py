"""The command line: arguments in, exit code out. Heavy imports stand inside the commands, so that `--help` is quick.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archiver import __version__
from archiver.errors import ArchiverError, UsageError
from archiver.text import safe

if TYPE_CHECKING:
    from archiver.archive.queries import Status
    from archiver.archive.search import Found
    from archiver.clock import Clock
    from archiver.config import Config
    from archiver.model import Address

EXIT_CODES = """\b
Exit codes:
  0    everything asked for is held
  1    a bug
  2    the command line, the config or a file to import is wrong
  3    finished, but some part is missing or failed
  4    stopped because the site refused us
  5    the archive cannot be used (locked, damaged, newer, disk full)
  130  interrupted (143 by SIGTERM)"""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _common(command: _Command) -> _Command:
    """The options that every command takes."""
    for option in reversed(
        [
            click.option("--config", "config_path", type=click.Path(path_type=Path), envvar="ARCHIVER_CONFIG",
                         metavar="FILE", help="Settings. Default: ./config/archiver.toml, then yours, then packaged."),
            click.option("--db", type=click.Path(path_type=Path), envvar="ARCHIVER_DB", metavar="FILE",
                         help="The archive. Default: archive.db in this folder."),
            click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
            click.option("-v", "--verbose", count=True, help="More on stderr; twice: tracebacks."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def _settings(config_path: Path | None, db: Path | None) -> tuple[Config, Path]:
    from archiver import config

    loaded = config.load(config_path)
    return loaded, db if db is not None else Path(loaded.db)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="archiver")
def archiver() -> None:
    """Keep an iThome Ironman article series whole, readable and provable after its host is gone.

    \b
    archiver demo      try it on a local stand-in, without network
    archiver fetch     keep what the config names, or a URL
    archiver status    what is held, missing and gone
    """  # noqa: D301 - click reads \b as "keep these lines"


@archiver.command(short_help="Fetch what is due.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@_common
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N requests in this run.")
@click.option("--delay", type=click.FloatRange(0, 3600), metavar="SECONDS", help="Least time between two requests.")
@click.option("--max-age", type=click.FloatRange(0, 3650), metavar="DAYS", help="Ask what was not seen for so long.")
@click.option("--force", is_flag=True, help="Ask everything again, due or not.")
@click.option("--notify-command", metavar="CMD", help="Run once at the end when something changed; JSON on its stdin.")
@click.option("--dry-run", is_flag=True, help="Print what would be asked and how long it would take; ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums up the run.")
@click.pass_obj
def fetch(
    clock: Clock | None,
    urls: tuple[str, ...], config_path: Path | None, db: Path | None, quiet: bool, verbose: int, limit: int | None,
    delay: float | None, max_age: float | None, force: bool, notify_command: str | None, dry_run: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Fetch what is due of the sources in the config, or of the index, series or article URLs given.

    Run it as often as you like: it asks only for what is due, politely, and goes on where it stopped.
    """
    from archiver import fetching

    config, path = _settings(config_path, db)
    options = fetching.Options(
        urls=urls, limit=limit, delay_s=delay, max_age_days=max_age, force=force, notify=notify_command,
        quiet=quiet, verbose=verbose,
    )  # fmt: skip
    if dry_run:
        plan = fetching.plan(config, path, options)
        click.echo(json.dumps(plan.as_json(), ensure_ascii=False, indent=2) if as_json else plan.as_text())
        return 0
    summary = fetching.fetch(config, path, options, tell=_stderr, clock=clock)
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
    else:
        click.echo(summary.as_text())
    return summary.exit_code


@archiver.command("import", short_help="Keep pages that somebody saved.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@_common
@click.option("--url", metavar="URL", help="The page that the file is a copy of, where it does not say so itself.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that tells of every page found.")
def import_files(
    files: tuple[Path, ...], config_path: Path | None, db: Path | None, quiet: bool, verbose: int, url: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Keep the pages in files: HTML or MHTML saved by a browser, SingleFile, HAR, WARC and WACZ.

    Each is judged as an answer of the site would be: a saved bot check or login page is noted, never kept. Nothing is
    asked of any host, and what is believed of the page as it is now does not change.
    """
    from archiver import importing

    config, path = _settings(config_path, db)
    summary = importing.run(config, path, files, url=url)
    for error in summary.errors:
        _stderr(f"archiver: {error}")
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
    elif summary.lines:
        click.echo(summary.as_text())
    return summary.exit_code


@archiver.command(short_help="Tell what is held, missing and gone.")
@_common
@click.option("--json", "as_json", is_flag=True, help="One JSON document; its shape is in docs/json.md.")
@click.option("--strict", is_flag=True, help="Exit 3 unless every part is safe.")
@click.option("--copies", is_flag=True, help="Who holds which part, and what hangs on one copy alone.")
def status(
    config_path: Path | None, db: Path | None, quiet: bool, verbose: int, as_json: bool, strict: bool, copies: bool
) -> int:
    """Tell what is held, what is missing and what is gone."""
    _, path = _settings(config_path, db)
    if copies:
        return _print_copies(path, as_json=as_json, quiet=quiet)
    found = _print_status(path, as_json=as_json, quiet=quiet)
    from archiver import report

    return 3 if found.drift or (strict and not report.all_safe(found)) else 0


def _print_copies(path: Path, *, as_json: bool, quiet: bool) -> int:
    """Print who holds which part."""
    from archiver import report
    from archiver.archive import opening, queries

    with opening.reading(path) as connection:
        parts = queries.copies(connection)
    if as_json:
        click.echo(json.dumps({"parts": parts}, ensure_ascii=False, indent=2))
        return 0
    _print_table(report.COPY_COLUMNS, report.copies_table(parts))
    if not quiet:
        for note in report.copies_notes(parts):
            _stderr(note)
    return 0


def _print_status(path: Path, *, as_json: bool, quiet: bool) -> Status:
    """Print the status of an archive, and give it."""
    from archiver import report
    from archiver.archive import opening, queries

    with opening.reading(path) as connection:
        found = queries.status(connection)
    if as_json:
        click.echo(json.dumps(report.status_json(found), ensure_ascii=False, indent=2))
        return found
    _print_table(report.SERIES_COLUMNS, report.series_table(found))
    needy = report.attention_table(found)
    if needy:
        click.echo()
        _print_table(report.PART_COLUMNS, needy)
    if found.events:
        click.echo()
        _print_table(report.EVENT_COLUMNS, report.events_table(found))
    if not quiet:
        for note in [*report.series_notes(found), report.last_run_line(found)]:
            _stderr(note)
    return found


@archiver.command(short_help="Tell all that is known of one page, and why.")
@click.argument("page", metavar="ID|URL")
@_common
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every row.")
def why(page: str, config_path: Path | None, db: Path | None, quiet: bool, verbose: int, as_json: bool) -> int:
    """Tell everything known of one page, in order of time, and the rule that made its state."""
    from archiver import report
    from archiver.archive import opening, queries

    _, path = _settings(config_path, db)
    address = _page_address(page)
    with opening.reading(path) as connection:
        found = queries.history(connection, address.url)
    if found is None:
        raise UsageError(f"{safe(address.url)}: not in {safe(path)}; see `archiver status` for what is")
    click.echo(json.dumps(report.why_json(found), ensure_ascii=False, indent=2) if as_json else report.why_text(found))
    return 0


@archiver.command(short_help="Search titles, bodies and comments.")
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@_common
@click.option("--series", "series_id", type=click.IntRange(min=1), metavar="ID", help="Only in this series.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most N hits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; its shape is in docs/json.md.")
def search(
    query: tuple[str, ...], config_path: Path | None, db: Path | None, quiet: bool, verbose: int,
    series_id: int | None, limit: int, as_json: bool,
) -> int:  # fmt: skip
    """Search titles, bodies and comments, best hits first.

    Every word must be found, in any order and also inside longer words; case and width of letters do not matter.
    Chinese needs no spaces. "Quotes" keep words together.
    """
    from archiver import hits
    from archiver.archive import opening
    from archiver.archive.search import find

    _, path = _settings(config_path, db)
    words = " ".join(query)
    with opening.reading(path) as connection:
        found = find(connection, words, series_id=series_id, limit=limit)
    if as_json:
        click.echo(json.dumps(hits.as_json(words, found), ensure_ascii=False, indent=2))
    elif found.hits:
        _print_hits(found)
    for note in hits.notes(words, found, quiet=quiet):
        _stderr(note)
    return 0


def _print_hits(found: Found) -> None:
    """Two lines a hit on a terminal, the hit bold; one tab-separated line a hit into a pipe."""
    from archiver import hits, report

    if not sys.stdout.isatty():
        click.echo(report.tab_separated(hits.COLUMNS, hits.table(found)))
        return
    from archiver import terminal

    terminal.print_hits(found.hits)


@archiver.command(short_help="Show what changed in an article.")
@click.argument("article", metavar="ID|URL")
@_common
@click.option("--from", "old", metavar="VERSION", help="A capture number or a date. Default: the text before.")
@click.option("--to", "new", metavar="VERSION", help="A capture number or a date. Default: the latest text.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def diff(
    article: str, config_path: Path | None, db: Path | None, quiet: bool, verbose: int, old: str | None,
    new: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Show what changed between two versions of an article: words in prose, lines in code."""
    from archiver import terminal, versions

    _, path = _settings(config_path, db)
    address = _page_address(article)
    if address.article_id is None:
        raise UsageError(f"{safe(article, 200)}: not an article; only articles have versions")
    found = versions.compare(path, address.article_id, old, new)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return 0
    if not found.sections:
        _stderr(f"{address.article_id}: no change was seen; one text is held, capture {found.new.capture_id}")
        return 0
    terminal.print_comparison(found)
    return 0


def _page_address(page: str) -> Address:
    """The page that an article id or a URL names. Raises UsageError."""
    from archiver import urls
    from archiver.model import Address

    address = urls.source_address(urls.article_url(int(page)) if page.isdecimal() and page.isascii() else page)
    if not isinstance(address, Address):
        raise UsageError(f"{safe(page, 200)}: neither an article id nor the URL of a page; see `archiver status`")
    return address


@archiver.command(short_help="Look for missing parts in web archives.")
@click.argument("target", required=False, metavar="[SERIES|ID]")
@_common
@click.option("--check", is_flag=True, help="Only ask who holds a copy, of every part; have none.")
@click.option("--history", is_flag=True, help="Also of parts that are held: keep every version that differs.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N requests in this run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums up the run.")
def rescue(
    target: str | None, config_path: Path | None, db: Path | None, quiet: bool, verbose: int, check: bool,
    history: bool, limit: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Look for the parts and images that are missing in the Wayback Machine, other web archives and Common Crawl.

    Every copy is judged as strictly as the site's own answer. What was tried, and why it was refused, stands in
    `archiver why ID`.
    """
    from archiver.rescue import rescuing

    config, path = _settings(config_path, db)
    options = rescuing.Options(target=target, check=check, history=history, limit=limit, quiet=quiet)
    summary = rescuing.rescue(config, path, options, tell=_stderr)
    click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2) if as_json else summary.as_text())
    return summary.exit_code


@archiver.command(short_help="Rebuild what is derived, offline.")
@_common
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def parse(config_path: Path | None, db: Path | None, quiet: bool, verbose: int, as_json: bool) -> int:
    """Read every capture again, without network, and rebuild all that is derived from them."""
    from archiver import fetching

    config, path = _settings(config_path, db)
    read = fetching.parse(config, path)
    said = f"Read {read} stored answers again; every derived table is new."
    click.echo(json.dumps({"fetches": read}) if as_json else said)
    return 0


@archiver.command(short_help="Prove that nothing was damaged or edited.")
@_common
@click.option("--repair", is_flag=True, help="Fill the search index anew first, should anything be wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def verify(config_path: Path | None, db: Path | None, quiet: bool, verbose: int, repair: bool, as_json: bool) -> int:
    """Check the archive against itself: every stored response, every belief, every derived row, the chain of runs.

    One line a finding; exit 5 when there is one.
    """
    from archiver import fetching

    config, path = _settings(config_path, db)
    if repair:
        for mended in fetching.repair(config, path):
            _stderr(f"Repaired: {mended}")
    findings = fetching.verify(config, path)
    if as_json:
        click.echo(json.dumps({"findings": findings}, ensure_ascii=False, indent=2))
    else:
        for finding in findings or ["The archive is what it says it is."]:
            click.echo(safe(finding, 400))
    return 5 if findings else 0


@archiver.command(short_help="Read the archive in a browser.")
@_common
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 for any free port.")
@click.option("--open", "open_browser", is_flag=True, help="Open a browser.")
def serve(config_path: Path | None, db: Path | None, quiet: bool, verbose: int, port: int, open_browser: bool) -> int:
    """Read the archive in a browser with Datasette, on this machine only (needs the extra `datasette`)."""
    from archiver.browse import server

    _, path = _settings(config_path, db)
    return server.serve(path, port=port, open_browser=open_browser)


@archiver.command(short_help="Try it on a stand-in, without network.")
@click.option(
    "--db",
    type=click.Path(path_type=Path),
    default=Path("demo.db"),
    show_default=True,
    metavar="FILE",
    help="The archive to make; it must not exist yet.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Taken for the sake of scripts; the demo has its own settings.",
)
@click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
@click.option("-v", "--verbose", count=True, help="More on stderr; twice: tracebacks.")
@click.option("--rot", is_flag=True, help="Delete six parts first, and get them back from other people's copies.")
@click.option("--json", "as_json", is_flag=True, help="The status as one JSON document.")
def demo(db: Path, config_path: Path | None, quiet: bool, verbose: int, rot: bool, as_json: bool) -> int:
    """Keep a whole invented series from a local stand-in of iThome: the real client, no network."""
    from archiver import demonstration

    play = demonstration.run_rot if rot else demonstration.run
    code = play(db, quiet=quiet, tell=lambda text: None if quiet else _stderr(text))
    _print_status(db, as_json=as_json, quiet=quiet)
    if not quiet:
        for hint in ["Try next:", *(f"  {command}" for command in demonstration.what_next(db, rotten=rot))]:
            click.echo(hint, err=True)
    return code


def _stderr(text: str) -> None:
    click.echo(safe(text), err=True)


def _print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table with the right widths for Chinese on a terminal; tab-separated into a pipe."""
    from archiver import report

    if not sys.stdout.isatty():
        click.echo(report.tab_separated(columns, rows))
        return
    from archiver import terminal

    terminal.print_table(columns, rows)


# ─── the frame around every command ─────────────────────────────────────────────────────────────


def main() -> None:
    """Run the command line and exit with its code; what a user can mend is one line, never a traceback."""
    with contextlib.suppress(AttributeError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # an ASCII terminal shows ? for Chinese
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str], clock: Clock | None = None) -> int:
    """Run one command line; gives the exit code. `clock`: another than the machine's, for tests of long times."""
    verbose = sum(argument.count("v") for argument in arguments if argument.strip("v") == "-") + arguments.count(
        "--verbose"
    )
    _configure_logging(verbose)
    try:
        with _broken_pipes_are_fine():
            code = archiver.main(arguments, prog_name="archiver", standalone_mode=False, obj=clock)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("archiver: interrupted; what was stored stays, run the same command again to go on", err=True)
        return int(getattr(error.__cause__ or error, "code", 130))
    except ArchiverError as error:
        for message in str(error).splitlines():
            click.echo(f"archiver: {safe(message)}", err=True)
        if verbose > 1:
            raise
        return error.exit_code
    except Exception as error:
        if verbose > 1:
            raise
        click.echo(
            f"archiver: a bug: {type(error).__name__}: {safe(error, 300)}; run again with -v -v and report it", err=True
        )
        return 1


@contextlib.contextmanager
def _broken_pipes_are_fine() -> Iterator[None]:
    """`archiver status | head -1` closes our output early: that is no error."""
    try:
        yield
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(0) from None


def _configure_logging(verbose: int) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(message)s", force=True)
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
