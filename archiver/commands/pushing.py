"""One `archiver push`: what is to be pushed and for how long, the run put together, and what it came to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archiver import __version__, pages, report
from archiver.archive import opening
from archiver.archive.archive import Archive
from archiver.commands import rescuing
from archiver.commands.asking import Archives
from archiver.commands.crawl import Step
from archiver.commands.run import NO_CONTACT, always_closed, close, tell_repairs
from archiver.commands.sending import Sending, Stop, Work
from archiver.config import Config, Network, usable_key
from archiver.errors import UsageError
from archiver.machine.clock import Clock, SystemClock
from archiver.machine.interruption import code_of
from archiver.model import OPEN, Held, PushState, State
from archiver.rescue.save_page_meaning import Said
from archiver.text import safe
from archiver.web.client import Client
from archiver.web.visit import user_agent

KEY, SECRET = "ARCHIVER_SPN_KEY", "ARCHIVER_SPN_SECRET"
HOW_TO_GET_KEYS = (
    "an account at https://archive.org is free, its keys are at https://archive.org/account/s3.php;"
    f" set {KEY} and {SECRET}, or push.key and push.secret in the config"
)
_REQUESTS = 4  # for one page, as a rule: asked for, asked about, looked for, had


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of one push says."""

    target: str | None = None  # a series or article id, or the URL of one; None for everything that is held
    limit: int | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would push, most endangered first, and for how long at least, in seconds."""

    held: tuple[Held, ...]  # every part that was named
    todo: tuple[Held, ...]  # those with something left to do
    gone: tuple[Held, ...]  # those that nobody can save any more
    seconds: float
    daily: int
    has_keys: bool

    def as_text(self) -> str:
        """A few lines for people."""
        states = Counter(one.push.state for one in self.held if one.push is not None and one not in self.todo)
        counted = ", ".join(f"{count} {state}" for state, count in states.items())
        lines = [f"{len(self.todo)} of {len(self.held)} parts that are held are to be pushed"
                 + (f" ({counted} already)." if counted else ".")]  # fmt: skip
        if self.gone:
            lines.append(f"{len(self.gone)} are gone from the site, where nobody can save them any more.")
        if self.todo:
            how = "with your keys" if self.has_keys else "without keys"
            days = f", over {-(-len(self.todo) // self.daily)} days" if len(self.todo) > self.daily else ""
            lines.append(
                f"Save Page Now is asked {how} to fetch each of them from the site and to publish it, one after the"
                f" other: at least {report.duration(self.seconds)}{days}."
            )
            if not self.has_keys:
                lines.append(f"Without keys it is asked once, and answers that it wants an account: {HOW_TO_GET_KEYS}.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The same as one document."""
        listed = [
            {"id": one.address.article_id, "page": one.address.url, "copies": one.copies,
             "state": None if one.push is None else one.push.state}
            for one in self.todo
        ]  # fmt: skip
        return {
            "held": len(self.held), "todo": listed, "gone": [one.address.article_id for one in self.gone],
            "at_least_s": self.seconds, "daily": self.daily, "keys": self.has_keys,
        }  # fmt: skip


@dataclass(slots=True)
class Result:
    """What a run came to."""

    run_id: int
    ended_by: str = "finished"
    held: list[Held] = field(default_factory=list)  # what was named, with its last push
    requests: int = 0
    stop: Stop | None = None
    refused: dict[str, str] = field(default_factory=dict)  # host → why it is not asked any more
    down: dict[str, str] = field(default_factory=dict)
    come_back_at: datetime | None = None
    has_keys: bool = False


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
        """One document: each part with its push, and the status of what is kept."""
        result = self.result
        return {
            "run_id": result.run_id, "ended_by": result.ended_by, "exit_code": self.exit_code,
            "requests": result.requests, "pushes": [_as_json(one) for one in result.held],
            "come_back_at": _iso(result.come_back_at), "refused_hosts": result.refused, "down_hosts": result.down,
            "messages": list(self.lines), **self.status,
        }  # fmt: skip


def _as_json(one: Held) -> dict[str, Any]:
    push = one.push
    return {
        "id": one.address.article_id, "page": one.address.url, "state": push and push.state,
        "reason": push and push.reason, "attempts": push.attempts if push else 0,
        "asked_at": _iso(push.asked_at) if push else None, "copy_url": push and push.copy_url,
        "made_at": _iso(push.made_at) if push else None,
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


# ─── what is to be done ─────────────────────────────────────────────────────────────────────────


def keys_of(config: Config, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The keys for Save Page Now, those of the environment first; twice nothing for none. Raises UsageError."""
    named = environment.get(KEY) or environment.get(SECRET)
    keys = (environment.get(KEY, ""), environment.get(SECRET, "")) if named else (config.push.key, config.push.secret)
    where = f"{KEY} and {SECRET}" if named else f"{config.origin}: push.key and push.secret"
    if bool(keys[0]) != bool(keys[1]):
        raise UsageError(f"{where}: one of the two is set; {HOW_TO_GET_KEYS}")
    if any(usable_key(key) is None for key in keys):
        raise UsageError(f"{where}: not keys of archive.org, which have no spaces and colons")
    return keys


def plan(config: Config, path: Path, options: Options, clock: Clock | None = None) -> Plan:
    """What a push would do now. Asks nothing."""
    keys = keys_of(config)
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    with Archive(path, "push --dry-run", pages.read, config.rules, config.schedule) as archive:
        return _plan(archive, config, options, (clock or SystemClock()).now(), has_keys=any(keys))


def _plan(archive: Archive, config: Config, options: Options, now: datetime, *, has_keys: bool) -> Plan:
    held = _held(archive, options)
    again = timedelta(days=config.push.again_days)
    todo = tuple(one for one in held if is_due(one, now, again))
    gone = tuple(one for one in held if one.page_state is State.GONE and one not in todo)
    gone = tuple(one for one in gone if one.push is None or one.push.state is not PushState.CONFIRMED)
    each = max(config.push.delay_s, _REQUESTS * config.rescue.delay_s)
    return Plan(tuple(held), todo, gone, len(todo) * each, config.push.daily, has_keys)


def _held(archive: Archive, options: Options) -> list[Held]:
    """The parts that were named and are held. Raises UsageError when there is none."""
    target = rescuing.target_of(archive, options.target)
    held = archive.pushes.held(*target)
    if not held and options.target is not None:
        raise UsageError(f"{safe(options.target, 200)}: nothing of it is held; only what is held can be compared")
    return held


def is_due(held: Held, now: datetime, again: timedelta) -> bool:
    """Whether a part is to be pushed, or gone on with: what is confirmed is not, as long as our text stays the same."""
    push = held.push
    if push is not None and push.state in OPEN:
        return True
    if held.page_state is State.GONE:
        return False  # Save Page Now would find nothing there either
    if push is None or (push.text_sha256 is not None and push.text_sha256 != held.text_sha256):
        return True
    rested = push.checked_at is None or abs(now - push.checked_at) >= again
    return push.state is not PushState.CONFIRMED and rested


# ─── the run ────────────────────────────────────────────────────────────────────────────────────


def push(
    config: Config, path: Path, options: Options, tell: Callable[[str], None], clock: Clock | None = None
) -> Summary:
    """Run one push from beginning to end. Raises ArchiverError for what makes it impossible."""
    from archiver.report.terminal import progress  # rich only when there is something to show

    keys = keys_of(config)
    if not opening.is_there(path):
        opening.open_reader(path)  # says that there is none
    network = rescuing.network_of(config, rescuing.Options(limit=options.limit))
    clock = clock or SystemClock()
    with Archive(path, "push", pages.read, config.rules, config.schedule) as archive:
        if not network.contact and not options.quiet:
            tell(NO_CONTACT)
        tell_repairs(archive, tell)
        _held(archive, options)
        with progress(quiet=options.quiet, network=network) as listener:
            return _run(archive, config, network, clock, options, keys, listener)


def _run(
    archive: Archive, config: Config, network: Network, clock: Clock, options: Options, keys: tuple[str, str],
    listener: Callable[[Step], None],
) -> Summary:  # fmt: skip
    """The run itself, always closed in the ledger, with what it came to."""
    cut_short = archive.runs.was_cut_short()
    asked = {"target": options.target, "keys": any(keys), "delay_s": config.push.delay_s}  # never the keys themselves
    run_id = archive.runs.start_run("push", __version__, asked, clock.now())
    with always_closed(archive, run_id, clock):
        return _go(archive, config, network, clock, options, keys, listener, run_id, cut_short)


def _go(
    archive: Archive, config: Config, network: Network, clock: Clock, options: Options, keys: tuple[str, str],
    listener: Callable[[Step], None], run_id: int, cut_short: bool,
) -> Summary:  # fmt: skip
    result, code = Result(run_id, has_keys=any(keys)), None
    try:
        works = _queue(archive, config, options, clock.now(), has_keys=any(keys))
        with Client(network, user_agent=user_agent(network.contact), clock=clock) as client:
            archives = rescuing.archives_of(archive, client, config, network, clock, run_id, cut_short, listener)
            sending = Sending(archive, archives, config.push, clock, keys)
            try:
                if works:
                    archive.check_pages()
                    sending.run(works)
            finally:
                _note(result, archives, sending)
    except KeyboardInterrupt as interruption:
        result.ended_by, code = "interrupted", code_of(interruption)
    return _summary(archive, result, code, options, clock)


def _queue(archive: Archive, config: Config, options: Options, now: datetime, *, has_keys: bool) -> list[Work]:
    """Put what is due in the queue, and give the whole of it, in order."""
    todo = {one.page_id for one in _plan(archive, config, options, now, has_keys=has_keys).todo}
    held = _held(archive, options)
    archive.pushes.queue((one.page_id for one in held if one.page_id in todo), now)
    return [
        Work(one, one.push_id, one.push)
        for one in _held(archive, options)
        if one.page_id in todo and one.push_id is not None and one.push is not None
    ]


def _note(result: Result, archives: Archives, sending: Sending) -> None:
    """What the run came to, so far as the asking goes."""
    result.requests, result.down = archives.requests, archives.down()
    result.refused, result.stop = archives.refused(), sending.stopped
    result.come_back_at = sending.stopped.until if sending.stopped else archives.come_back_at()
    if (sending.stopped is not None and not sending.stopped.by_us) or result.refused:
        result.ended_by = "refused"
    elif sending.stopped is not None or not archives.budget_left():
        result.ended_by = "limit"


# ─── the end of a run ───────────────────────────────────────────────────────────────────────────


def _summary(archive: Archive, result: Result, code: int | None, options: Options, clock: Clock) -> Summary:
    archive.library.catch_up()
    result.held = _held(archive, options)
    if all(_is_confirmed(one) for one in result.held) and result.ended_by != "interrupted":
        result.ended_by = "finished"
    why = [result.stop.why] if result.stop else []
    note = "; ".join([*why, *result.down.values(), *result.refused.values()]) or None
    closed = close(archive, result.run_id, result.ended_by, note, clock, code=code, judged=lambda _: _exit_code(result))
    lines = (*_lines(result, options), *closed.remarks)
    result.requests = (closed.found.last_run or {}).get("requests", result.requests)  # one count, that of the rows
    return Summary(result, closed.exit_code, lines, report.status_json(closed.found))


def _is_confirmed(one: Held) -> bool:
    return one.push is not None and one.push.state is PushState.CONFIRMED


def _exit_code(result: Result) -> int:
    if result.ended_by == "refused":
        return 4
    return 0 if all(_is_confirmed(one) for one in result.held) else 3


def _lines(result: Result, options: Options) -> list[str]:
    """What happened, how far each part is, what to do next: a line each."""
    lines = []
    if result.ended_by == "interrupted":
        lines.append("Interrupted; the queue is kept. Run the same command again to go on.")
    if not result.held:
        lines.append("Nothing is held: there is nothing to push.")
    lines += [_line(one) for one in result.held if not (_is_confirmed(one) and options.target is None)]
    counts = Counter("not pushed" if one.push is None else one.push.state.value for one in result.held)
    if counts:
        counted = " · ".join(f"{count} {name}" for name, count in counts.items())
        lines.append(f"{len(result.held)} part{'s' * (len(result.held) > 1)}: {counted}")
    lines += [*_stopped(result), *_next(result, counts)]
    return lines


def _line(one: Held) -> str:
    """One part and how far its push got."""
    name, push = one.address.article_id, one.push
    if push is None:
        why = "it is gone from the site, where nobody can save it" if one.page_state is State.GONE else "not asked for"
        return f"not pushed: {name}: {why}"
    if push.state is PushState.CONFIRMED and push.made_at is not None:
        return f"confirmed: {name}: {safe(push.copy_url or '')}, of {push.made_at:%Y-%m-%d %H:%M} UTC"
    waits = " (asked for, and failed)" if push.state is PushState.QUEUED and push.attempts else ""
    return f"{push.state}: {name}{waits}: {safe(push.reason or 'not asked for yet', 400)}"


def _stopped(result: Result) -> list[str]:
    """Why the run ended before its end."""
    lines = [f"{safe(why, 300)}: what is queued stays so, and nothing of it changed." for why in result.down.values()]
    why = "; ".join([result.stop.why] if result.stop else result.refused.values())
    when = f" Come back after {result.come_back_at:%Y-%m-%d %H:%M} UTC." if result.come_back_at else ""
    said = result.stop.said if result.stop else None
    if said is Said.KEYS and result.has_keys:
        keys = f"Save Page Now does not take the keys ({safe(why, 300)}): check {KEY} and {SECRET}."
        return [*lines, f"{keys} The queue is kept."]
    if said is Said.KEYS:
        lines.append(f"Save Page Now asks for an account ({safe(why, 300)}). The queue is kept.")
    elif said is Said.UNCLEAR:
        lines.append(f"Stopped, since this says nothing of the page: {safe(why, 400)}. The queue is kept.{when}")
    elif said in {Said.DOWN, Said.TROUBLE}:
        lines.append(f"Save Page Now is in trouble: {safe(why, 400)}. The queue is kept.{when}")
    elif result.ended_by == "refused":
        lines.append(f"Save Page Now wants no more of us for now: {safe(why, 400)}. The queue is kept.{when}")
    elif result.stop is not None:
        lines.append(f"Stopped: {safe(why, 400)}. The queue is kept.{when}")
    elif result.ended_by == "limit":
        lines.append("Stopped at the limit of requests; the queue is kept.")
    if result.ended_by == "refused" and not result.has_keys:
        lines.append(f"You asked without keys: {HOW_TO_GET_KEYS}.")
    return lines


def _next(result: Result, counts: Mapping[str, int]) -> list[str]:
    """What to do next."""
    if counts.get("queued") or counts.get("pending"):
        return [f"Next: {_again(result, counts)}."]
    if counts.get("mismatch") or counts.get("refused"):
        return ["Next: `archiver why ID` tells how it went; a `fetch` before the next push brings our text up to date."]
    return ["Next: `archiver status --copies` shows who holds what."] if counts else []


def _again(result: Result, counts: Mapping[str, int]) -> str:
    if result.stop is not None and result.stop.said is Said.KEYS:
        return "set the keys, and run the same command again"
    if result.come_back_at is not None:
        return "run the same command again then"
    if counts.get("queued"):
        return "run the same command again to go on"
    return "run the same command again in an hour or so: the index of the Wayback Machine takes its time"
