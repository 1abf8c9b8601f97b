"""One `archiver fetch`: settings and rooms put together, signals caught, the run summed up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from archiver import __version__, ithome, pages, report, urls
from archiver.archive import opening, queries
from archiver.archive.archive import Archive
from archiver.archive.frontier import Scope
from archiver.archive.ledger import DuePage
from archiver.commands import notify, sources
from archiver.commands.crawl import Crawl, RunResult, Step
from archiver.commands.run import (
    NO_CONTACT,
    always_closed,
    breaker_of,
    close,
    tell_changes,
    tell_dumped,
    tell_repairs,
    visitor_of,
)
from archiver.config import Config, Network, Source
from archiver.errors import ArchiverError
from archiver.machine.clock import Clock, SystemClock
from archiver.machine.interruption import code_of
from archiver.model import ABSENCES, Address, Kind, Outcome
from archiver.report.runs import Plan, Summary, fetch_lines
from archiver.web.client import Client
from archiver.web.pace import Pace
from archiver.web.visit import user_agent


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of one fetch says."""

    urls: tuple[str, ...] = ()
    limit: int | None = None
    delay_s: float | None = None
    max_age_days: float | None = None
    force: bool = False
    images: bool = True
    check_links: bool = False
    notify: str | None = None  # a command line; None: the config's
    quiet: bool = False
    verbose: int = 0
    every_part: bool = True  # in `Summary.status`: also those that want no attention


def network_of(config: Config, options: Options) -> Network:
    """The network settings with what the command line says on top."""
    network = config.network
    if options.delay_s is not None:
        network = replace(network, delay_s=options.delay_s)
    if options.limit is not None:
        network = replace(network, max_requests=options.limit)
    return network


def plan(config: Config, path: Path, options: Options, clock: Clock | None = None) -> Plan:
    """What a fetch would ask now. Asks nothing, and leaves no archive behind where there was none."""
    asked = sources.sources_of(config, options.urls)
    network = network_of(config, options)
    clock = clock or SystemClock()
    resting: tuple[str, ...] = ()
    if opening.is_there(path):
        with Archive(path, "fetch --dry-run", pages.read, config.rules, config.schedule) as archive:
            asked, known = sources.planned(archive, config, options.urls, asked)
            due = archive.due(_scope(known, 0, options), clock.now())
            new = [address for _, address, _ in asked if archive.ledger.page_id(address.url) is None]
            pace = Pace(network, clock)
            breaker = breaker_of(archive, network, config.schedule, pace, clock, force=options.force)
            resting = tuple(f"{one.why}, resting until {report.minute(one.until)}" for one in breaker.closures())
    else:
        due, new = [], [address for _, address, _ in asked]
    listed = (*(DuePage.of(address) for address in new), *due)
    hosts: dict[str, int] = {}
    for page in listed:
        host = urls.host(page.address.url)
        hosts[host] = hosts.get(host, 1) + 1  # and its robots.txt
    count = min(max(hosts.values(), default=0), network.max_requests or len(listed) + 1)
    return Plan(listed, network.delay_s, max(count - 1, 0) * network.delay_s, network.max_requests, resting)


def _scope(source_ids: tuple[int, ...], run_id: int, options: Options) -> Scope:
    return Scope(
        source_ids, run_id, options.force, max_age_days=options.max_age_days, images=options.images,
        links=options.check_links,
    )  # fmt: skip


def parse(
    config: Config, path: Path, tell: Callable[[str], None] = lambda _: None,
    listener: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:  # fmt: skip
    """Read every capture again and rebuild the derived tables; gives the number of fetches read.

    `listener` is told how many were read, and of how many.
    """
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    with Archive(path, "parse", pages.read, config.rules, config.schedule) as archive:
        tell_repairs(archive, tell)
        return archive.rebuild(listener)


def verify(
    config: Config, path: Path, tell: Callable[[str], None] = lambda _: None,
    listener: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[str]:  # fmt: skip
    """Everything about an archive that is not as it was written, a line each. `listener`: as of `parse`."""
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    with Archive(path, "verify", pages.read, config.rules, config.schedule) as archive:
        tell_dumped(archive, tell)
        return list(archive.verify(listener))


def repair(config: Config, path: Path, tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """Fill the search index anew when anything is wrong with it; gives what was wrong, a line each."""
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    with Archive(path, "verify", pages.read, config.rules, config.schedule) as archive:
        tell_changes(archive, tell)
        return archive.mend_search(thorough=True)


def fetch(
    config: Config, path: Path, options: Options, tell: Callable[[str], None], clock: Clock | None = None
) -> Summary:
    """Run one fetch from beginning to end. Raises ArchiverError for what makes it impossible."""
    from archiver.report.terminal import progress  # rich only when there is something to show

    asked = sources.sources_of(config, options.urls)
    sources.refuse_nothing(config, path, asked)
    network = network_of(config, options)
    clock = clock or SystemClock()
    with Archive(path, "fetch", pages.read, config.rules, config.schedule) as archive:
        if not network.contact and not options.quiet:
            tell(NO_CONTACT)
        tell_repairs(archive, tell)
        with progress(quiet=options.quiet, network=network) as listener:
            summary = _run(archive, asked, network, clock, options, config, listener)
        owed = _owed(archive, summary, clock) if _command(config, options) else []
    return _told(summary, owed, config, options, path, clock) if owed else summary


def _command(config: Config, options: Options) -> str:
    """What is to be run when something changed; empty for nothing."""
    return config.notify if options.notify is None else options.notify


def _owed(archive: Archive, summary: Summary, clock: Clock) -> list[queries.Row]:
    """What the user's command is to be told: what changed in this run, and before it while nobody was told."""
    with archive.reading() as connection:
        changes = queries.changes_owed(connection)
    if not changes:
        archive.notices.told(summary.result.run_id, clock.now())
    return changes


def _told(
    summary: Summary, changes: list[queries.Row], config: Config, options: Options, path: Path, clock: Clock
) -> Summary:
    """The summary, after the user's command was told; what it does not take stays owed, and the next run tells it."""
    counts = [{key: value for key, value in one.items() if key != "items"} for one in summary.status["series"]]
    document = {"run_id": summary.result.run_id, "exit_code": summary.exit_code, "changes": changes, "series": counts}
    trouble = notify.run(_command(config, options), document)
    if trouble is None:
        try:
            with Archive(path, "fetch", pages.read, config.rules, config.schedule) as archive:
                archive.notices.told(summary.result.run_id, clock.now())
        except ArchiverError as error:  # another archiver may have begun meanwhile, perhaps by that very command
            trouble = f"the notify command was told, but that could not be noted ({error})"
    return replace(summary, lines=(*summary.lines, f"{trouble}; the next run tells it again")) if trouble else summary


def _run(
    archive: Archive, asked: list[tuple[Source, Address, tuple[str, ...]]], network: Network, clock: Clock,
    options: Options, config: Config, listener: Callable[[Step], None],
) -> Summary:  # fmt: skip
    """The run itself, always closed in the ledger, with what it came to."""
    cut_short = archive.runs.was_cut_short()
    settings = {"delay_s": network.delay_s, "max_requests": network.max_requests, "urls": list(options.urls)}
    run_id = archive.runs.start_run("fetch", __version__, settings, clock.now())
    with always_closed(archive, run_id, clock):
        return _go(archive, asked, network, clock, options, config, listener, run_id, cut_short)


def _go(
    archive: Archive, asked: list[tuple[Source, Address, tuple[str, ...]]], network: Network, clock: Clock,
    options: Options, config: Config, listener: Callable[[Step], None], run_id: int, cut_short: bool,
) -> Summary:  # fmt: skip
    if _command(config, options):
        archive.notices.owe(run_id, clock.now())
    words = sources.keep(archive, config, options.urls, asked, clock.now())
    archive.library.settle()
    known = archive.source_ids([address.url for _, address, _ in asked] if options.urls else None)
    scope = _scope(known, run_id, replace(options, images=options.images and config.images.fetch))
    named = frozenset(urls.origin(url) for _, address, others in asked for url in (address.url, *others))
    result, code = RunResult(run_id), None
    try:
        with Client(network, user_agent=user_agent(network.contact), clock=clock, named_origins=named) as client:
            crawl = _crawl(archive, client, network, clock, scope, cut_short, config, listener)
            result = crawl.result
            if archive.due(scope, clock.now(), limit=1):
                archive.check_pages()
            crawl.run()
    except KeyboardInterrupt as interruption:
        result.ended_by, code = "interrupted", code_of(interruption)
    summary = _summary(archive, run_id, result, code, scope, options, clock)
    return replace(summary, lines=(*words, *summary.lines))


def _crawl(
    archive: Archive, client: Client, network: Network, clock: Clock, scope: Scope, cut_short: bool,
    config: Config, listener: Callable[[Step], None],
) -> Crawl:  # fmt: skip
    visitor, pace = visitor_of(archive, client, network, clock, cut_short)
    breaker = breaker_of(archive, network, config.schedule, pace, clock, force=scope.force)
    return Crawl(archive, visitor, breaker, clock, scope, config.images, listener)


# ─── the end of a run ───────────────────────────────────────────────────────────────────────────


def _summary(
    archive: Archive, run_id: int, result: RunResult, code: int | None, scope: Scope, options: Options, clock: Clock
) -> Summary:
    """Close the run, and say what it came to."""
    closed = close(
        archive, run_id, result.ended_by, _note(result) or None, clock,
        code=code, judged=partial(_exit_code, result), source_ids=scope.source_ids,
        every_part=options.every_part,
    )  # fmt: skip
    result.doubt = closed.doubt
    if closed.found.last_run is not None:  # the one count of a run: that of its rows, as `status` tells it
        result.requests = closed.found.last_run["requests"]
        counted = json.loads(closed.found.last_run["outcomes"] or "{}")
        result.outcomes = Counter({Outcome(name): count for name, count in counted.items()})
    lines = (*fetch_lines(result, closed.found), *closed.remarks)
    return Summary(result, closed.exit_code, lines, report.status_json(closed.found))


def _exit_code(result: RunResult, found: queries.Status) -> int:
    if result.ended_by == "refused":
        return 4
    parts_failed = any(outcome not in ABSENCES for url, outcome, _ in result.failed if _is_part(url))
    return 0 if report.all_safe(found) and not parts_failed and not report.alarms(found) else 3


def _is_part(url: str) -> bool:
    address = ithome.classify(url)
    return isinstance(address, Address) and address.kind is Kind.ARTICLE


def _note(result: RunResult) -> str:
    if result.refused_hosts:
        return "; ".join(result.refused_hosts.values())
    if result.failing:
        return "; ".join(result.failing.values())
    if result.failed and not result.outcomes[Outcome.OK] and not result.outcomes[Outcome.UNCHANGED]:
        return result.failed[0][2]
    return ""
