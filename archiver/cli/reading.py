"""Commands that tell what an archive holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archiver.cli.frame import archive_of, archiver, common, print_table, tell, tell_demonstration
from archiver.text import document

if TYPE_CHECKING:
    from pathlib import Path

    from archiver.archive.search import Hits
    from archiver.archive.status import Status


@archiver.command(short_help="Tell what is held, missing and gone.")
@common
@click.option("--json", "as_json", is_flag=True, help="One JSON document; its shape is in docs/json.md.")
@click.option("--strict", is_flag=True, help="Exit 3 unless every part is safe.")
@click.option("--copies", is_flag=True, help="Who holds which part, and what hangs on one copy alone.")
def status(config_path: Path | None, db: Path | None, quiet: bool, as_json: bool, strict: bool, copies: bool) -> int:
    """Tell what is held, what is missing and what is gone."""
    path = archive_of(config_path, db)
    if copies:
        return _print_copies(path, as_json=as_json, quiet=quiet)
    found = print_status(path, as_json=as_json, quiet=quiet)
    return 3 if found.alarms() or (strict and not found.all_safe()) else 0


def _print_copies(path: Path, *, as_json: bool, quiet: bool) -> int:
    from archiver.commands import reading
    from archiver.report import copies

    parts, is_demonstration = reading.copies(path)
    tell_demonstration(is_one=is_demonstration)
    if as_json:
        listed = [part._asdict() for part in parts]
        click.echo(document({"parts": listed, "is_demonstration": is_demonstration}))
        return 0
    print_table(copies.COPY_COLUMNS, copies.copies_table(parts))
    for note in copies.copies_notes(parts) if not quiet else ():
        tell(note)
    return 0


def print_status(path: Path, *, as_json: bool, quiet: bool) -> Status:
    """Print the status of an archive, and give it."""
    from archiver.commands import reading
    from archiver.report import status as told

    found = reading.status(path, every_part=as_json)
    tell_demonstration(is_one=found.is_demonstration)
    if as_json:
        click.echo(document(told.status_json(found)))
        return found
    print_table(told.SERIES_COLUMNS, told.series_table(found))
    needy, events = told.attention_table(found), told.events_table(found)
    for columns, rows in (told.PART_COLUMNS, needy), (told.EVENT_COLUMNS, events):
        if rows:
            click.echo()
            print_table(columns, rows)
    for note in () if quiet else (*told.series_notes(found), told.last_run_line(found)):
        tell(note)
    return found


@archiver.command(short_help="Tell all that is known of one page, and why.")
@click.argument("page", metavar="ID|URL")
@common
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every row.")
def why(page: str, config_path: Path | None, db: Path | None, quiet: bool, as_json: bool) -> int:
    """Tell everything known of one page, in order of time, and the rule that made its state."""
    from archiver.commands import reading
    from archiver.report.why import why_json, why_text

    found = reading.why(archive_of(config_path, db), page)
    click.echo(document(why_json(found)) if as_json else why_text(found))
    return 0


@archiver.command(short_help="Search titles, bodies and comments.")
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@common
@click.option("--series", "series_id", type=click.IntRange(min=1), metavar="ID", help="Only in this series.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most N hits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; its shape is in docs/json.md.")
def search(
    query: tuple[str, ...], config_path: Path | None, db: Path | None, quiet: bool, series_id: int | None, limit: int,
    as_json: bool,
) -> int:  # fmt: skip
    """Search titles, bodies and comments, best hits first.

    Every word must be found, in any order and also inside longer words; case and width of letters do not matter.
    Chinese needs no spaces. "Quotes" keep words together.
    """
    from archiver.commands import reading
    from archiver.report import hits

    words = " ".join(query)
    found = reading.search(archive_of(config_path, db), words, series_id=series_id, limit=limit)
    tell_demonstration(is_one=found.is_demonstration)
    if as_json:
        click.echo(document(hits.as_json(words, found)))
    elif found.hits:
        _print_hits(found)
    for note in hits.notes(words, found, quiet=quiet):
        tell(note)
    return 0


def _print_hits(found: Hits) -> None:
    """Two lines a hit on a terminal, the hit bold; one tab-separated line a hit into a pipe."""
    from archiver.report import hits

    if not sys.stdout.isatty():
        print_table(hits.COLUMNS, hits.table(found))
        return
    from archiver.report import terminal

    terminal.print_hits(found.hits)


@archiver.command(short_help="Show what changed in an article.")
@click.argument("article", metavar="ID|URL")
@common
@click.option("--from", "old", metavar="VERSION", help="A capture number or a date. Default: the text before.")
@click.option("--to", "new", metavar="VERSION", help="A capture number or a date. Default: the latest text.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def diff(
    article: str, config_path: Path | None, db: Path | None, quiet: bool, old: str | None, new: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Show what changed between two versions of an article: words in prose, lines in code."""
    from archiver.commands import comparing
    from archiver.report import comparisons, terminal

    found = comparing.compare(archive_of(config_path, db), article, old, new)
    tell_demonstration(is_one=found.is_demonstration)
    if as_json:
        click.echo(document(comparisons.as_json(found)))
    elif not found.sections:
        tell(comparisons.without_sections(found))
    else:
        terminal.print_comparison(found)
    return 0


@archiver.command(short_help="Read the archive in a browser.")
@common
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 for any free port.")
@click.option("--open", "open_browser", is_flag=True, help="Open a browser.")
def serve(config_path: Path | None, db: Path | None, quiet: bool, port: int, open_browser: bool) -> int:
    """Read the archive in a browser with Datasette, on this machine only (needs the extra `datasette`)."""
    from archiver import pages
    from archiver.browse import server

    path = archive_of(config_path, db)
    return server.serve(path, pages.read, port=port, open_browser=open_browser)
