"""One `archiver fetch`: settings and rooms put together, and what it came to. Keeping house is here too.

What happens to one page stands in `crawl`, how a run begins and ends in `run`.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from archiver import ithome, urls
from archiver.archive import opening, queries
from archiver.archive.frontier import Scope
from archiver.archive.ledger import DuePage
from archiver.archive.status import Status
from archiver.commands import notify, sources
from archiver.commands.crawl import Crawl, Crawled
from archiver.commands.listening import Hear, Listener, Notice, nobody
from archiver.commands.run import Closed, Run, breaker_of, existing, tell_changes, tell_dumped, tell_repairs, writing
from archiver.config import Config, Network
from archiver.errors import ArchiverError
from archiver.machine.clock import Clock, SystemClock
from archiver.model import ABSENCES, Address, Kind, Outcome
from archiver.web.pace import Closure, Pace


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What the command line of one fetch says."""

    urls: tuple[str, ...] = ()
    limit: int | None = None
    delay_s: float | None = None
    max_age_days: float | None = None
    force: bool = False
    images: bool = True
    check_links: bool = False
    notify: str | None = None  # a command line; None: the config's
    every_part: bool = True  # of what is told at the end: also parts that want no attention


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What a fetch would ask, and how long it would take at least, in seconds."""

    pages: tuple[DuePage, ...]
    delay_s: float
    seconds: float
    limit: int
    resting: tuple[Closure, ...] = ()  # what is not asked before when, and why


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch came to."""

    crawled: Crawled
    closed: Closed
    kept: tuple[Notice, ...]  # what is kept from now on, and what no longer
    untold: str | None = None  # why the user's command could not be told what changed


def network_of(config: Config, options: FetchOptions) -> Network:
    """The network settings with what the command line says on top."""
    network = config.network
    if options.delay_s is not None:
        network = replace(network, delay_s=options.delay_s)
    if options.limit is not None:
        network = replace(network, max_requests=options.limit)
    return network


def plan(config: Config, path: Path, options: FetchOptions, clock: Clock | None = None) -> FetchPlan:
    """What a fetch would ask now. Asks nothing, and leaves no archive behind where there was none."""
    asked = sources.sources_of(config, options.urls)
    network = network_of(config, options)
    clock = clock or SystemClock()
    resting: tuple[Closure, ...] = ()
    if opening.is_there(path):
        with writing("fetch --dry-run", config, path) as archive:
            archive.runs.refuse_mixture(invented=config.is_demonstration)
            asked, known = sources.planned(archive, config, options.urls, asked)
            due = archive.due(_scope(known, 0, options), clock.now())
            new = [address for _, address, _ in asked if archive.ledger.page_id(address.url) is None]
            breaker = breaker_of(archive, config, network, Pace(network, clock), clock, force=options.force)
            resting = tuple(breaker.closures())
    else:
        due, new = [], [address for _, address, _ in asked]
    listed = (*(DuePage.of(address) for address in new), *due)
    hosts = Counter(urls.host(page.address.url) for page in listed)
    most = max(hosts.values()) + 1 if hosts else 0  # of one host, its robots.txt included
    count = min(most, network.max_requests or len(listed) + 1)
    return FetchPlan(listed, network.delay_s, max(count - 1, 0) * network.delay_s, network.max_requests, resting)


def _scope(source_ids: tuple[int, ...], run_id: int, options: FetchOptions) -> Scope:
    return Scope(
        source_ids, run_id, options.force, max_age_days=options.max_age_days, images=options.images,
        links=options.check_links,
    )  # fmt: skip


Counted = Callable[[int, int], None]
"""Who is told how many stored answers were read, and of how many."""


def parse(config: Config, path: Path | str, hear: Hear = nobody, listener: Counted = nobody) -> int:
    """Read every capture again and rebuild the derived tables; gives the number of fetches read."""
    with writing("parse", config, existing(Path(path))) as archive:
        tell_repairs(archive, hear)
        return archive.rebuild(listener)


def verify(config: Config, path: Path | str, hear: Hear = nobody, listener: Counted = nobody) -> list[str]:
    """Everything about an archive that is not as it was written, a line each."""
    with _writable(existing(Path(path))) as place, writing("verify", config, place) as archive:
        tell_dumped(archive, hear)
        return list(archive.verify(listener))


@contextmanager
def _writable(path: Path) -> Iterator[Path]:
    """An archive, or a copy of it where nothing can be written, such as a backup: a lock lies beside what is opened."""
    effective, real = os.access in os.supports_effective_ids, opening.beside(path, "")
    if all(os.access(place, os.W_OK, effective_ids=effective) for place in (real, real.parent)):
        yield path
        return
    opening.check_file(real)  # nor is anything copied that has no end
    with opening.explained(path), TemporaryDirectory(prefix="archiver-verify-") as folder:
        for file in filter(Path.exists, (real, opening.beside(path, "-wal"))):
            shutil.copyfile(file, Path(folder, file.name))
        yield Path(folder, real.name)


def repair(config: Config, path: Path | str, hear: Hear = nobody) -> list[str]:
    """Fill the search index anew when anything is wrong with it; gives what was wrong, a line each."""
    with writing("verify", config, existing(Path(path))) as archive:
        tell_changes(archive, hear)
        return archive.mend_search(thorough=True)


def fetch(
    config: Config, path: Path | str, options: FetchOptions | None = None, listener: Listener | None = None,
    clock: Clock | None = None,
) -> Fetched:  # fmt: skip
    """Run one fetch from beginning to end. Raises ArchiverError for what makes it impossible."""
    path, options = Path(path), options or FetchOptions()
    asked = sources.sources_of(config, options.urls)
    sources.refuse_nothing(config, path, asked)
    command = config.notify if options.notify is None else options.notify
    network = network_of(config, options)
    with Run.of("fetch", config, path, network=network, clock=clock, listener=listener) as run:
        settings = {"delay_s": network.delay_s, "max_requests": network.max_requests, "urls": list(options.urls)}
        with run.recorded(settings):
            if command:
                run.archive.runs.owe_notice(run.id, run.clock.now())
            fetched = _fetch(run, asked, options)
        owed = _owed(run) if command else []
    return replace(fetched, untold=_tell(run, fetched, owed, command, path)) if owed else fetched


def _fetch(run: Run, asked: list[sources.NamedSource], options: FetchOptions) -> Fetched:
    archive, config = run.archive, run.config
    kept = sources.keep(archive, config, options.urls, asked, run.clock.now())
    archive.library.settle()
    known = archive.source_ids([address.url for _, address, _ in asked] if options.urls else None)
    scope = _scope(known, run.id, replace(options, images=options.images and config.images.fetch))
    named = frozenset(urls.origin(url) for _, address, others in asked for url in (address.url, *others))
    crawled = Crawled()
    with run.interruptible(), run.asking(named) as (visitor, pace):
        breaker = breaker_of(archive, config, run.network, pace, run.clock, force=scope.force)
        crawl = Crawl(run, visitor, breaker, scope)
        crawled = crawl.result
        if archive.due(scope, run.clock.now(), limit=1):
            archive.check_pages()
        crawl.run()
    if run.ended_by == "finished":
        run.ended_by = crawled.ended_by
    judged = partial(_exit_code, run, crawled)
    closed = run.close(_note(crawled), judged, scope.source_ids, every_part=options.every_part)
    return Fetched(crawled, closed, tuple(kept))


def _owed(run: Run) -> list[queries.Row]:
    """What the user's command is to be told: what changed in this run, and before it while nobody was told."""
    with run.archive.reading() as connection:
        changes = queries.changes_owed(connection)
    if not changes:
        run.archive.runs.gave_notice(run.id, run.clock.now())
    return changes


def _tell(run: Run, fetched: Fetched, changes: list[queries.Row], command: str, path: Path) -> str | None:
    """Tell the user's command; gives what went wrong. What it does not take stays owed, and the next run tells it."""
    closed = fetched.closed
    document = {
        "run_id": run.id, "exit_code": closed.exit_code, "changes": changes, "series": queries.counts(closed.found)
    }  # fmt: skip
    trouble = notify.run(command, document)
    if trouble is None:
        try:
            with writing("fetch", run.config, path) as archive:
                archive.runs.gave_notice(run.id, run.clock.now())
        except ArchiverError as error:  # another archiver may have begun meanwhile, perhaps by that very command
            trouble = f"the notify command was told, but that could not be noted ({error})"
    return trouble


def _exit_code(run: Run, crawled: Crawled, found: Status) -> int:
    if run.ended_by == "refused":
        return 4
    parts_failed = any(outcome not in ABSENCES for url, outcome, _ in crawled.failed if _is_part(url))
    has_no_network = crawled.failed and crawled.unconnected and not crawled.connected  # then nothing was learnt
    return 0 if found.all_safe() and not parts_failed and not has_no_network and not found.alarms() else 3


def _is_part(url: str) -> bool:
    address = ithome.classify(url)
    return isinstance(address, Address) and address.kind is Kind.ARTICLE


def _note(crawled: Crawled) -> str:
    if crawled.refused_hosts or crawled.failing:
        return "; ".join((crawled.refused_hosts or crawled.failing).values())
    if crawled.failed and not crawled.outcomes[Outcome.OK] and not crawled.outcomes[Outcome.UNCHANGED]:
        return crawled.failed[0][2]
    return ""
