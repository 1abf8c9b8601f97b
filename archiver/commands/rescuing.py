"""One `archiver rescue`: settings and rooms put together, every missing part looked for, the run summed up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from archiver import __version__, ithome, pages, report, urls
from archiver.archive import opening, queries
from archiver.archive.archive import Archive
from archiver.archive.copy_rows import Wanted
from archiver.commands.asking import Archives
from archiver.commands.crawl import Step
from archiver.commands.run import NO_CONTACT, always_closed, close, remember_robots, tell_repairs, visitor_of
from archiver.commands.searching import Found, Search
from archiver.config import Config, Network
from archiver.errors import UsageError
from archiver.machine.clock import Clock, SystemClock
from archiver.machine.interruption import code_of
from archiver.model import Address, Kind
from archiver.text import safe
from archiver.web.client import Client
from archiver.web.pace import Breaker
from archiver.web.visit import user_agent


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of one rescue says."""

    target: str | None = None  # a series or article id, or the URL of one; None for everything that is kept
    check: bool = False  # only ask who holds a copy, of every part
    history: bool = False  # also of parts that are held: every version that differs
    limit: int | None = None
    quiet: bool = False


@dataclass(slots=True)
class Result:
    """What a run came to."""

    run_id: int
    ended_by: str = "finished"
    found: list[Found] = field(default_factory=list)
    requests: int = 0
    refused: dict[str, str] = field(default_factory=dict)  # host → why it is not asked any more
    down: dict[str, str] = field(default_factory=dict)  # host → why it counts as down
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to, for the user: the lines, the exit code, and the same as JSON."""

    result: Result
    exit_code: int
    lines: tuple[str, ...]
    status: dict[str, Any]

    def as_text(self) -> str:
        """A few lines for people."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """One document: what was rescued from where, what was not and why, and the status of what is kept."""
        result = self.result
        rescued = [
            {
                "id": one.wanted.address.article_id, "page": one.wanted.address.url, "source": one.source,
                "url": one.url, "made_at": one.made_at.isoformat().replace("+00:00", "Z") if one.made_at else None,
            }
            for one in result.found if one.source is not None
        ]  # fmt: skip
        missing = [
            {
                "id": one.wanted.address.article_id, "page": one.wanted.address.url, "said": one.said,
                "look_at": one.for_people, "copies_left": one.left,
            }
            for one in result.found if one.source is None
        ]  # fmt: skip
        return {
            "run_id": result.run_id, "ended_by": result.ended_by, "exit_code": self.exit_code,
            "requests": result.requests, "rescued": rescued, "not_found": missing, "refused_hosts": result.refused,
            "down_hosts": result.down, "messages": list(self.lines), **self.status,
        }  # fmt: skip


def rescue(
    config: Config, path: Path, options: Options, tell: Callable[[str], None], clock: Clock | None = None
) -> Summary:
    """Run one rescue from beginning to end. Raises ArchiverError for what makes it impossible."""
    from archiver.report.terminal import progress  # rich only when there is something to show

    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    network = network_of(config, options)
    clock = clock or SystemClock()
    with Archive(path, "rescue", pages.read, config.rules, config.schedule) as archive:
        tell_repairs(archive, tell)
        series_id, page_url = target_of(archive, options.target)
        if not network.contact and not options.quiet:
            tell(NO_CONTACT)
        with progress(quiet=options.quiet, network=network) as listener:
            return _run(archive, config, network, clock, options, (series_id, page_url), listener)


def network_of(config: Config, options: Options) -> Network:
    """The network settings as archives are asked: with their own delay and time."""
    network = replace(config.network, delay_s=config.rescue.delay_s, timeout_s=config.rescue.timeout_s)
    return network if options.limit is None else replace(network, max_requests=options.limit)


_MOST_DIGITS = 18  # of a number that SQLite can hold


def target_of(archive: Archive, target: str | None) -> tuple[int | None, str | None]:
    """The series, or the URL of the part, that is named; neither for everything. Raises UsageError."""
    if target is None:
        return None, None
    known = archive.copies.parts(dropped=True)
    if target.isdecimal() and target.isascii() and len(target) <= _MOST_DIGITS:
        url = ithome.article_url(int(target))
        if any(one.address.url == url for one in known):
            return None, url
        if any(one.series_id == int(target) for one in known):
            return int(target), None
    else:
        address = ithome.classify(target)
        if isinstance(address, Address) and address.kind is Kind.SERIES:
            return address.series_id, None
        if isinstance(address, Address) and any(one.address.url == address.url for one in known):
            return None, address.url
    raise UsageError(f"{safe(target, 200)}: no series or part that is kept; see `archiver status` for what is")


def _run(
    archive: Archive, config: Config, network: Network, clock: Clock, options: Options,
    target: tuple[int | None, str | None], listener: Callable[[Step], None],
) -> Summary:  # fmt: skip
    """The run itself, always closed in the ledger, with what it came to."""
    cut_short = archive.runs.was_cut_short()
    asked = {"target": options.target, "check": options.check, "history": options.history, "delay_s": network.delay_s}
    run_id = archive.runs.start_run("rescue", __version__, asked, clock.now())
    with always_closed(archive, run_id, clock):
        return _go(archive, config, network, clock, options, target, listener, run_id, cut_short)


def _go(
    archive: Archive, config: Config, network: Network, clock: Clock, options: Options,
    target: tuple[int | None, str | None], listener: Callable[[Step], None], run_id: int, cut_short: bool,
) -> Summary:  # fmt: skip
    result, code = Result(run_id), None
    try:
        named = frozenset(map(urls.origin, config.rescue.timemaps))
        agent = user_agent(network.contact)
        with Client(network, user_agent=agent, clock=clock, named_origins=named) as client:
            archives = archives_of(archive, client, config, network, clock, run_id, cut_short, listener)
            try:
                _look(archive, archives, _search(archive, archives, config, clock, run_id, options),
                      wanted_of(archive, target, everything=options.check or options.history), result)  # fmt: skip
            finally:
                result.requests, result.down = archives.requests, archives.down()
                result.refused, result.answered = archives.refused(), frozenset(archives.answered)
    except KeyboardInterrupt as interruption:
        result.ended_by, code = "interrupted", code_of(interruption)
    return _summary(archive, result, code, options, target, clock)


def _search(
    archive: Archive, archives: Archives, config: Config, clock: Clock, run_id: int, options: Options
) -> Search:
    return Search(archive, archives, config, clock, run_id, check=options.check, history=options.history)


def archives_of(
    archive: Archive, client: Client, config: Config, network: Network, clock: Clock, run_id: int, cut_short: bool,
    listener: Callable[[Step], None] = lambda _: None,
) -> Archives:  # fmt: skip
    """The archives as a run asks them: paced by `[rescue]`, each host with its own delay. For `push` as well."""
    visitor, pace = visitor_of(archive, client, network, clock, cut_short)
    for host, delay_s in config.rescue.delays_s.items():
        pace.slow_down(host, delay_s)
    breaker, now = Breaker(network, clock, pace), clock.now()
    remember_robots(archive, breaker, clock)
    for host, (until, why) in archive.manners.archive_rests(now, network.host_refusals).items():
        seconds = (until - now).total_seconds()
        if seconds <= network.max_retry_after_s:
            pace.rest(host, seconds)
        else:
            breaker.close(host, why, until)
    return Archives(archive, visitor, pace, breaker, clock, run_id, listener)


def wanted_of(archive: Archive, target: tuple[int | None, str | None], *, everything: bool) -> list[Wanted]:
    """The parts and images that a copy is wanted of: those that are missing, or every part."""
    parts = archive.copies.parts(*target)
    if everything:
        return parts
    return [one for one in parts if one.is_missing] + archive.copies.lost_images(*target)


def _look(archive: Archive, archives: Archives, search: Search, wanted: list[Wanted], result: Result) -> None:
    if wanted:
        archive.check_pages()
    for number, one in enumerate(wanted):
        archives.done, archives.left = number, len(wanted) - number
        found = search.look(one)
        archive.library.catch_up()
        result.found.append(found)
        if found.source is None and not archives.budget_left():
            result.ended_by = "limit"
            break
    archive.library.settle()


# ─── the end of a run ───────────────────────────────────────────────────────────────────────────


def _summary(
    archive: Archive, result: Result, code: int | None, options: Options, target: tuple[int | None, str | None],
    clock: Clock,
) -> Summary:  # fmt: skip
    archive.library.catch_up()
    archive.library.settle()
    still = [one for one in archive.copies.parts(*target) if one.held is None]
    if result.ended_by == "finished" and _all_refused(result, still):
        result.ended_by = "refused"

    def is_whole(found: queries.Status) -> bool:
        return not still if options.target is not None else report.all_safe(found)

    closed = close(
        archive, result.run_id, result.ended_by, "; ".join([*result.down.values(), *result.refused.values()]) or None,
        clock, code=code, judged=lambda found: _exit_code(result, whole=is_whole(found)),
    )  # fmt: skip
    result.requests = (closed.found.last_run or {}).get("requests", result.requests)  # one count, that of the rows
    lines = _lines(result, options, whole=is_whole(closed.found))
    lines += [*report.held_lines(closed.found), *closed.remarks]
    return Summary(result, closed.exit_code, tuple(lines), report.status_json(closed.found))


def _all_refused(result: Result, still: list[Wanted]) -> bool:
    return bool(still and result.refused and not result.down and not result.answered)


def _exit_code(result: Result, *, whole: bool) -> int:
    if result.ended_by == "refused":
        return 4
    return 0 if whole else 3


def _lines(result: Result, options: Options, *, whole: bool) -> list[str]:
    """What happened, what is still missing, what to do next: a line each."""
    lines = []
    if result.ended_by == "interrupted":
        lines.append("Interrupted; everything rescued so far is stored. Run the same command again to go on.")
    if not result.found and result.ended_by == "finished":
        known = "Nothing is missing" if whole else "No part that is known is missing"
        lines.append(f"{known}: there is nothing to rescue.")
    if options.history:
        kept = sum(found.versions for found in result.found)
        lines.append(f"{len(result.found)} parts asked for; {kept} versions kept that were not held.")
    elif options.check:
        lines.append(f"{len(result.found)} parts asked for; `archiver status --copies` shows who holds what.")
    else:
        lines += [_rescued(one) for one in result.found if one.source is not None]
        lines += [line for one in result.found if one.source is None for line in _not_found(one)]
    lines += [f"{safe(why, 300)}; the others were asked." for why in (*result.down.values(), *result.refused.values())]
    if result.found and not result.answered and not any(one.source for one in result.found):
        lines.append("No archive answered: nothing changed. Run the same command again later.")
    left = sum(one.left for one in result.found if one.source is None or options.history)
    if left and result.ended_by == "finished":
        lines.append(f"{left} more copies are named and were not tried yet. Run the same command again to go on.")
    if result.ended_by == "limit":
        lines.append("Stopped at the limit of requests. Run the same command again to go on.")
    return lines


def _rescued(found: Found) -> str:
    when = f", of {found.made_at:%Y-%m-%d}" if found.made_at else ""
    lost = " (its punctuation is lost)" if found.source == "feed" else ""
    return f"rescued: {_name(found)}: {report.HOLDERS[str(found.source)]}{when}{lost}: {safe(found.url)}"


def _not_found(found: Found) -> list[str]:
    why = "; ".join(dict.fromkeys(found.said)) or "nobody was asked"
    look = ", ".join(safe(url) for url in dict.fromkeys(found.for_people))
    return [f"no copy: {_name(found)}: {safe(why, 600)}", f"  a person may look at {look}"]


def _name(found: Found) -> str:
    address = found.wanted.address
    return str(address.article_id) if address.kind is Kind.ARTICLE else safe(address.url)
