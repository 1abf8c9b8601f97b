"""One `archiver push`: what is to be pushed and for how long, the run put together, and what it came to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from archiver.archive.archive import Keeper
from archiver.commands.asking import Archives
from archiver.commands.listening import Listener
from archiver.commands.rescuing import asking_archives, network_of
from archiver.commands.run import Closed, Run, existing, writing
from archiver.commands.sending import Sending, Stop, Work
from archiver.commands.sources import target_of
from archiver.config import Config, usable_key
from archiver.errors import UsageError
from archiver.machine.clock import Clock, SystemClock
from archiver.model import OPEN, Held, PushState, State
from archiver.text import safe

KEY, SECRET = "ARCHIVER_SPN_KEY", "ARCHIVER_SPN_SECRET"
HOW_TO_GET_KEYS = (
    "an account at https://archive.org is free, its keys are at https://archive.org/account/s3.php;"
    f" set {KEY} and {SECRET}, or push.key and push.secret in the config"
)
_REQUESTS = 4  # for one page, as a rule: asked for, asked about, looked for, had


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What the command line of one push says."""

    target: str | None = None  # a series or article id, or the URL of one; None for everything that is held
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a run would push, most endangered first, and for how long at least, in seconds."""

    held: tuple[Held, ...]  # every part that was named
    todo: tuple[Held, ...]  # those with something left to do
    gone: tuple[Held, ...]  # those that nobody can save any more
    seconds: float
    daily: int
    has_keys: bool


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to. Hosts are told with the reason."""

    options: PushOptions
    has_keys: bool
    held: tuple[Held, ...]  # what was named, with its last push
    stop: Stop | None
    refused: dict[str, str]  # not asked any more
    down: dict[str, str]
    come_back_at: datetime | None
    closed: Closed


@dataclass(slots=True)
class _Asked:
    stop: Stop | None = None
    refused: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    come_back_at: datetime | None = None


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


def plan(config: Config, path: Path, options: PushOptions, clock: Clock | None = None) -> PushPlan:
    """What a push would do now. Asks nothing."""
    keys = keys_of(config)
    with writing("push --dry-run", config, existing(path)) as archive:
        archive.runs.refuse_mixture(invented=config.is_demonstration)
        return _plan(archive, config, options, (clock or SystemClock()).now(), has_keys=any(keys))


def _plan(archive: Keeper, config: Config, options: PushOptions, now: datetime, *, has_keys: bool) -> PushPlan:
    held = _held(archive, options)
    again = timedelta(days=config.push.again_days)
    todo = tuple(one for one in held if is_due(one, now, again))
    gone = tuple(one for one in held if one.page_state is State.GONE and one not in todo)
    gone = tuple(one for one in gone if not is_confirmed(one))
    each = max(config.push.delay_s, _REQUESTS * config.rescue.delay_s)
    return PushPlan(tuple(held), todo, gone, len(todo) * each, config.push.daily, has_keys)


def _held(archive: Keeper, options: PushOptions) -> list[Held]:
    """The parts that were named and are held. Raises UsageError when there is none."""
    held = archive.pushes.held(*target_of(archive, options.target))
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


def is_confirmed(one: Held) -> bool:
    """Whether the copy that was asked for is there, and says the same as ours."""
    return one.push is not None and one.push.state is PushState.CONFIRMED


def push(
    config: Config, path: Path | str, options: PushOptions | None = None, listener: Listener | None = None,
    clock: Clock | None = None,
) -> Pushed:  # fmt: skip
    """Run one push from beginning to end. Raises ArchiverError for what makes it impossible."""
    path, options = Path(path), options or PushOptions()
    keys = keys_of(config)
    network = network_of(config, options.limit)
    with Run.of("push", config, existing(path), network=network, clock=clock, listener=listener) as run:
        _held(run.archive, options)
        settings = {"target": options.target, "keys": any(keys), "delay_s": config.push.delay_s}  # never the keys
        with run.recorded(settings):
            return _push(run, options, keys)


def _push(run: Run, options: PushOptions, keys: tuple[str, str]) -> Pushed:
    asked = _Asked()
    with run.interruptible():
        works = _queue(run, options, has_keys=any(keys))
        with asking_archives(run) as archives:
            sending = Sending(run, archives, keys)
            try:
                if works:
                    run.archive.check_pages()
                    sending.run(works)
            finally:
                _note(run, asked, archives, sending)
    return _closed(run, options, asked, has_keys=any(keys))


def _queue(run: Run, options: PushOptions, *, has_keys: bool) -> list[Work]:
    """Put what is due in the queue, and give the whole of it, in order."""
    archive, now = run.archive, run.clock.now()
    todo = {one.page_id for one in _plan(archive, run.config, options, now, has_keys=has_keys).todo}
    held = _held(archive, options)
    archive.pushes.queue((one.page_id for one in held if one.page_id in todo), now)
    return [
        Work(one, one.push_id, one.push)
        for one in _held(archive, options)
        if one.page_id in todo and one.push_id is not None and one.push is not None
    ]


def _note(run: Run, asked: _Asked, archives: Archives, sending: Sending) -> None:
    """What the run came to, so far as the asking goes."""
    asked.down, asked.refused, asked.stop = archives.down(), archives.refused(), sending.stopped
    asked.come_back_at = sending.stopped.until if sending.stopped else archives.come_back_at()
    if (sending.stopped is not None and not sending.stopped.by_us) or asked.refused:
        run.ended_by = "refused"
    elif sending.stopped is not None or not archives.budget_left():
        run.ended_by = "limit"


def _closed(run: Run, options: PushOptions, asked: _Asked, *, has_keys: bool) -> Pushed:
    run.archive.library.catch_up()
    held = _held(run.archive, options)
    all_confirmed = all(map(is_confirmed, held))
    if all_confirmed and run.ended_by != "interrupted":
        run.ended_by = "finished"
    why = [asked.stop.why] if asked.stop else []
    code = 4 if run.ended_by == "refused" else 0 if all_confirmed else 3
    closed = run.close("; ".join([*why, *asked.down.values(), *asked.refused.values()]), lambda _: code)
    return Pushed(options, has_keys, tuple(held), asked.stop, asked.refused, asked.down, asked.come_back_at, closed)
