"""One `archiver rescue`: every missing part looked for among those who may hold a copy, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from archiver import urls
from archiver.archive.archive import Keeper
from archiver.archive.copy_rows import WantedPage
from archiver.archive.status import Status
from archiver.commands.asking import Archives
from archiver.commands.listening import Listener
from archiver.commands.run import Closed, Run, breaker_of_archives, existing
from archiver.commands.searching import Findings, Search
from archiver.commands.sources import PartOrSeries, target_of
from archiver.config import Config, Network
from archiver.machine.clock import Clock


@dataclass(frozen=True, slots=True)
class RescueOptions:
    """What the command line of one rescue says."""

    target: str | None = None  # a series or article id, or the URL of one; None for everything that is kept
    check: bool = False  # only ask who holds a copy, of every part
    history: bool = False  # also of parts that are held: every version that differs
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking came to. Hosts are told with the reason."""

    found: tuple[Findings, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)  # not asked any more
    down: dict[str, str] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()

    def is_unheard(self) -> bool:
        """Whether copies were looked for, and nobody said anything of use."""
        return bool(self.found) and not self.answered and not any(one.source for one in self.found)


@dataclass(frozen=True, slots=True)
class Rescued:
    """What a rescue came to."""

    options: RescueOptions
    looked: Looked
    whole: bool  # no part of what was named is missing
    closed: Closed


def rescue(
    config: Config, path: Path | str, options: RescueOptions | None = None, listener: Listener | None = None,
    clock: Clock | None = None,
) -> Rescued:  # fmt: skip
    """Run one rescue from beginning to end. Raises ArchiverError for what makes it impossible."""
    path, options = Path(path), options or RescueOptions()
    network = network_of(config, options.limit)
    with Run.of("rescue", config, existing(path), network=network, clock=clock, listener=listener) as run:
        target = target_of(run.archive, options.target)
        settings = {
            "target": options.target, "check": options.check, "history": options.history, "delay_s": network.delay_s
        }  # fmt: skip
        with run.recorded(settings):
            return _rescue(run, options, target)


def network_of(config: Config, limit: int | None) -> Network:
    """The network settings as archives are asked: with their own delay and time."""
    network = replace(config.network, delay_s=config.rescue.delay_s, timeout_s=config.rescue.timeout_s)
    return network if limit is None else replace(network, max_requests=limit)


def _rescue(run: Run, options: RescueOptions, target: PartOrSeries) -> Rescued:
    looked, found = Looked(), list[Findings]()
    named = frozenset(map(urls.origin, run.config.rescue.timemaps))
    with run.interruptible(), asking_archives(run, named) as archives:
        search = Search(run, archives, check=options.check, history=options.history)
        try:
            _look(run, archives, search, wanted_of(run.archive, target, options), found)
        finally:
            looked = Looked(tuple(found), archives.refused(), archives.down(), frozenset(archives.answered))
    return _closed(run, options, looked, target)


@contextmanager
def asking_archives(run: Run, named_origins: frozenset[str] = frozenset()) -> Iterator[Archives]:
    """The archives as a run asks them: paced by `[rescue]`, each host with its own delay. For `push` as well."""
    with run.asking(named_origins) as (visitor, pace):
        for host, delay_s in run.config.rescue.delays_s.items():
            pace.slow_down(host, delay_s)
        yield Archives(run, visitor, breaker_of_archives(run, pace))


def wanted_of(archive: Keeper, target: PartOrSeries, options: RescueOptions) -> list[WantedPage]:
    """The parts and images that a copy is wanted of: those that are missing, or every part."""
    parts = archive.copies.parts(*target)
    if options.check or options.history:
        return parts
    return [one for one in parts if one.is_missing] + archive.copies.lost_images(*target)


def _look(run: Run, archives: Archives, search: Search, wanted: list[WantedPage], found: list[Findings]) -> None:
    if wanted:
        run.archive.check_pages()
    for number, one in enumerate(wanted):
        archives.recorder.done, archives.recorder.left = number, len(wanted) - number
        found.append(search.look(one))
        run.archive.library.catch_up()
        if found[-1].source is None and not archives.budget_left():
            run.ended_by = "limit"
            break
    run.archive.library.settle()


def _closed(run: Run, options: RescueOptions, looked: Looked, target: PartOrSeries) -> Rescued:
    run.archive.library.catch_up()
    run.archive.library.settle()
    still = [one for one in run.archive.copies.parts(*target) if one.held is None]
    only_refused = looked.refused and not looked.down and not looked.answered
    if run.ended_by == "finished" and still and only_refused:
        run.ended_by = "refused"

    def is_whole(found: Status) -> bool:
        return not still if options.target is not None else found.all_safe()

    def judged(found: Status) -> int:
        if run.ended_by == "refused":
            return 4
        return 0 if is_whole(found) and not looked.is_unheard() else 3

    closed = run.close("; ".join([*looked.down.values(), *looked.refused.values()]), judged)
    return Rescued(options, looked, is_whole(closed.found), closed)
