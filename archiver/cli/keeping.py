"""Commands that add to an archive, prove it or rebuild it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archiver.cli.frame import FilePath, Finite, archiver, common, settings, show, talking, tell, tell_notice
from archiver.cli.reading import print_status
from archiver.errors import UsageError
from archiver.text import document, safe

if TYPE_CHECKING:
    from pathlib import Path

    from archiver.machine.clock import Clock


@archiver.command(short_help="Fetch what is due.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@common
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N requests in this run.")
@click.option("--delay", type=Finite(0, 3600), metavar="SECONDS", help="Least time between two requests.")
@click.option("--max-age", type=Finite(0, 3650), metavar="DAYS", help="Ask what was not seen for so long.")
@click.option("--force", is_flag=True, help="Ask everything again, due or not.")
@click.option("--no-images", is_flag=True, help="Leave images for another time.")
@click.option("--check-links", is_flag=True, help="Ask outside links too whether they still live.")
@click.option("--notify-command", metavar="CMD", help="Run once at the end when something changed; JSON on its stdin.")
@click.option("--dry-run", is_flag=True, help="Print what would be asked and how long it would take; ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums up the run.")
@click.pass_obj
def fetch(
    clock: Clock | None, urls: tuple[str, ...], config_path: Path | None, db: Path | None, quiet: bool,
    limit: int | None, delay: float | None, max_age: float | None, force: bool, no_images: bool, check_links: bool,
    notify_command: str | None, dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Fetch what is due of the sources in the config, or of the index, series or article URLs given.

    Run it as often as you like: it asks only for what is due, politely, and goes on where it stopped.
    """
    from archiver.commands import fetching
    from archiver.report import fetches
    from archiver.report.terminal import progress

    config, path = settings(config_path, db)
    options = fetching.FetchOptions(
        urls=urls, limit=limit, delay_s=delay, max_age_days=max_age, force=force, images=not no_images,
        check_links=check_links, notify=notify_command, every_part=as_json,
    )  # fmt: skip
    if dry_run:
        plan = fetching.plan(config, path, options, clock)
        click.echo(document(fetches.plan_json(plan)) if as_json else fetches.plan_text(plan))
        return 0
    with progress(quiet=quiet, delay_s=fetching.network_of(config, options).delay_s) as listener:
        fetched = fetching.fetch(config, path, options, listener, clock)
    return show(fetches.summary(fetched), as_json=as_json)


@archiver.command(short_help="Ask for a source no more.")
@click.argument("page", metavar="ID|URL")
@common
@click.pass_obj
def forget(clock: Clock | None, page: str, config_path: Path | None, db: Path | None, quiet: bool) -> int:
    """Take back a source that was named on the command line: it is asked no more. Nothing that is held is deleted.

    What the config names is taken out there. `archiver fetch URL` takes it up again.
    """
    from archiver.commands import sources

    config, path = settings(config_path, db)
    url = sources.forget(config, path, page, clock)
    if not quiet:
        tell(f"{url}: asked no more from now on; nothing of it was deleted.")
    return 0


@archiver.command("import", short_help="Keep pages that somebody saved.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FilePath())
@common
@click.option("--url", metavar="URL", help="The page that the file is a copy of, where it does not say so itself.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that tells of every page found.")
def import_files(
    files: tuple[Path, ...], config_path: Path | None, db: Path | None, quiet: bool, url: str | None, as_json: bool
) -> int:
    """Keep the pages in files: HTML or MHTML saved by a browser, SingleFile, HAR, WARC and WACZ.

    Each is judged as an answer of the site would be: a saved bot check or login page is never kept as the article, and
    noted in the archive that is there. Nothing is asked of any host; what is believed of the page now does not change.
    """
    from archiver.commands import importing
    from archiver.commands.listening import Listener
    from archiver.report import imports

    config, path = settings(config_path, db)
    listener = Listener(notice=tell_notice)
    imported = importing.import_files(config, path, files, url=url, listener=listener)
    for error in imports.error_lines(imported):
        tell(f"archiver: {error}")
    return show(imports.summary(imported), as_json=as_json)


@archiver.command(short_help="Look for missing parts in web archives.")
@click.argument("target", required=False, metavar="[SERIES|ID]")
@common
@click.option("--check", is_flag=True, help="Only ask who holds a copy, of every part; have none.")
@click.option("--history", is_flag=True, help="Also of parts that are held: keep every version that differs.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N requests in this run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums up the run.")
def rescue(
    target: str | None, config_path: Path | None, db: Path | None, quiet: bool, check: bool, history: bool,
    limit: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Look for the parts and images that are missing in the Wayback Machine, other web archives and Common Crawl.

    Every copy is judged as strictly as the site's own answer. What was tried, and why it was refused, stands in
    `archiver why ID`.
    """
    from archiver.commands import rescuing
    from archiver.report import rescues
    from archiver.report.terminal import progress

    config, path = settings(config_path, db)
    options = rescuing.RescueOptions(target=target, check=check, history=history, limit=limit)
    with progress(quiet=quiet, delay_s=config.rescue.delay_s) as listener:
        rescued = rescuing.rescue(config, path, options, listener)
    return show(rescues.summary(rescued), as_json=as_json)


@archiver.command(short_help="Have parts saved in the Wayback Machine.")
@click.argument("target", required=False, metavar="[SERIES|ID]")
@common
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N requests in this run.")
@click.option("--yes", is_flag=True, help="Push everything that is held without asking back, for scripts.")
@click.option("--dry-run", is_flag=True, help="Print what would be pushed and how long it would take; ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums up the run.")
@click.pass_obj
def push(
    clock: Clock | None, target: str | None, config_path: Path | None, db: Path | None, quiet: bool,
    limit: int | None, yes: bool, dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Ask Save Page Now of the Internet Archive to publish a copy of what is held here, and confirm each.

    A push is confirmed only when the index of the Wayback Machine shows the capture and its text is ours. The queue
    is kept: run it again to go on. The service wants an account (https://archive.org/account/s3.php has its keys):
    ARCHIVER_SPN_KEY and ARCHIVER_SPN_SECRET, or [push] in the config.
    """
    from archiver.commands import pushing
    from archiver.report import pushes
    from archiver.report.terminal import progress

    config, path = settings(config_path, db)
    options = pushing.PushOptions(target=target, limit=limit)
    if dry_run or (target is None and not yes):
        plan = pushing.plan(config, path, options, clock)
        if dry_run:
            click.echo(document(pushes.plan_json(plan)) if as_json else pushes.plan_text(plan))
            return 0
        if plan.todo and not _agreed(pushes.plan_text(plan)):
            tell("Nothing was asked.")
            return 0
    with progress(quiet=quiet, delay_s=config.rescue.delay_s) as listener:
        pushed = pushing.push(config, path, options, listener, clock)
    return show(pushes.summary(pushed), as_json=as_json)


def _agreed(plan: str) -> bool:
    """Whether the user wants what was just told. Raises UsageError where nobody can be asked."""
    for line in plan.splitlines():
        tell(line)
    if not sys.stdin.isatty():
        raise UsageError("push: without SERIES or ID everything that is held is pushed; say --yes to mean that")
    return click.confirm("Go on?", err=True)


@archiver.command(short_help="Rebuild what is derived, offline.")
@common
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def parse(config_path: Path | None, db: Path | None, quiet: bool, as_json: bool) -> int:
    """Read every capture again, without network, and rebuild all that is derived from them."""
    from archiver.commands import fetching
    from archiver.report.terminal import counting

    config, path = settings(config_path, db)
    with counting(quiet=quiet) as listener:
        read = fetching.parse(config, path, tell_notice, listener)
    said = f"Read {read} stored answers again; every derived table is new."
    click.echo(document({"fetches": read}) if as_json else said)
    return 0


@archiver.command(short_help="Prove that nothing was damaged or edited.")
@common
@click.option("--repair", is_flag=True, help="Fill the search index anew first, should anything be wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def verify(config_path: Path | None, db: Path | None, quiet: bool, repair: bool, as_json: bool) -> int:
    """Check the archive against itself: every stored response, every belief, every derived row, the chain of runs.

    One line a finding; exit 5 when there is one.
    """
    from archiver.commands import fetching
    from archiver.report.terminal import counting

    config, path = settings(config_path, db)
    if repair:
        for mended in fetching.repair(config, path, tell_notice):
            tell(f"Repaired: {mended}")
    with counting(quiet=quiet) as listener:
        findings = fetching.verify(config, path, tell_notice, listener)
    if as_json:
        click.echo(document({"findings": findings}))
    else:
        for finding in findings or ["The archive is what it says it is."]:
            click.echo(safe(finding, 400))
    return 5 if findings else 0


@archiver.command(short_help="Try it on a stand-in, without network.")
@click.option("--db", type=FilePath(), default="demo.db", show_default=True, metavar="FILE",
              help="The archive to make. One that is there is only gone on with if it was cut short.")  # fmt: skip
@click.option("--config", type=FilePath(), metavar="FILE", expose_value=False,
              help="Taken for the sake of scripts; the demo has its own settings.")  # fmt: skip
@talking
@click.option("--rot", is_flag=True, help="Delete six parts first, and get them back from other people's copies.")
@click.option("--json", "as_json", is_flag=True, help="The status as one JSON document.")
def demo(db: Path, quiet: bool, rot: bool, as_json: bool) -> int:
    """Keep a whole invented series from a local stand-in of iThome: the real client, no network."""
    from archiver.cli import demonstration

    play = demonstration.run_rot if rot else demonstration.run
    code = play(db, quiet=quiet, tell=lambda text: None if quiet else tell(text))
    print_status(db, as_json=as_json, quiet=quiet)
    if not quiet:
        for hint in ["Try next:", *(f"  {command}" for command in demonstration.what_next(db, rotten=rot))]:
            click.echo(hint, err=True)
    return code
