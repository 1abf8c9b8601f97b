"""What a push came to, and what one would do: how far each part is, why it ended, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, assert_never

from archiver.commands.pushing import HOW_TO_GET_KEYS, KEY, SECRET, Pushed, PushPlan, is_confirmed
from archiver.holders.save_page_meaning import Said
from archiver.model import Held, PushState, State
from archiver.report.runs import Summary, interrupted, iso, summary_of
from archiver.report.status import counted, duration
from archiver.text import safe


def plan_text(plan: PushPlan) -> str:
    """What a push would do, for people."""
    states = Counter(one.push.state for one in plan.held if one.push is not None and one not in plan.todo)
    each = ", ".join(f"{count} {state}" for state, count in states.items())
    already = f" ({each} already)" if each else ""
    lines = [f"{len(plan.todo)} of {len(plan.held)} parts that are held are to be pushed{already}."]
    if plan.gone:
        lines.append(f"{len(plan.gone)} are gone from the site, where nobody can save them any more.")
    if plan.todo:
        how = "with your keys" if plan.has_keys else "without keys"
        days = f", over {-(-len(plan.todo) // plan.daily)} days" if len(plan.todo) > plan.daily else ""
        lines.append(
            f"Save Page Now is asked {how} to fetch each of them from the site and to publish it, one after the"
            f" other: at least {duration(plan.seconds)}{days}."
        )
        if not plan.has_keys:
            lines.append(f"Without keys it is asked once, and answers that it wants an account: {HOW_TO_GET_KEYS}.")
    return "\n".join(lines)


def plan_json(plan: PushPlan) -> dict[str, Any]:
    """The same as one document."""
    listed = [
        {"id": one.address.article_id, "page": one.address.url, "copies": one.copies,
         "state": None if one.push is None else one.push.state}
        for one in plan.todo
    ]  # fmt: skip
    return {
        "held": len(plan.held), "todo": listed, "gone": [one.address.article_id for one in plan.gone],
        "at_least_s": plan.seconds, "daily": plan.daily, "keys": plan.has_keys,
    }  # fmt: skip


def summary(pushed: Pushed) -> Summary:
    """Each part with its push, and how all stands."""
    told = {
        "pushes": [_as_json(one) for one in pushed.held], "come_back_at": iso(pushed.come_back_at),
        "refused_hosts": pushed.refused, "down_hosts": pushed.down,
    }  # fmt: skip
    return summary_of(pushed.closed, _lines(pushed), told)


def _as_json(one: Held) -> dict[str, Any]:
    push = one.push
    return {
        "id": one.address.article_id, "page": one.address.url, "state": push and push.state,
        "reason": push and push.reason, "attempts": push.attempts if push else 0,
        "asked_at": iso(push.asked_at) if push else None, "copy_url": push and push.copy_url,
        "made_at": iso(push.made_at) if push else None,
    }  # fmt: skip


def _lines(result: Pushed) -> list[str]:
    """What happened, how far each part is, what to do next: a line each."""
    lines = interrupted(result.closed, "the queue is kept")
    if not result.held:
        lines.append("Nothing is held: there is nothing to push.")
    lines += [_line(one) for one in result.held if not (is_confirmed(one) and result.options.target is None)]
    counts = Counter("not pushed" if one.push is None else one.push.state.value for one in result.held)
    if counts:
        each = " · ".join(f"{count} {name}" for name, count in counts.items())
        lines.append(f"{counted(len(result.held), 'part')}: {each}")
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


def _stopped(result: Pushed) -> list[str]:
    """Why the run ended before its end."""
    lines = [f"{safe(why, 300)}: what is queued stays so, and nothing of it changed." for why in result.down.values()]
    why = "; ".join([result.stop.why] if result.stop else result.refused.values())
    when = f" Come back after {result.come_back_at:%Y-%m-%d %H:%M} UTC." if result.come_back_at else ""
    said = result.stop.said if result.stop else None
    match said:
        case Said.KEYS if result.has_keys:
            keys = f"Save Page Now does not take the keys ({safe(why, 300)}): check {KEY} and {SECRET}."
            return [*lines, f"{keys} The queue is kept."]
        case Said.KEYS:
            lines.append(f"Save Page Now asks for an account ({safe(why, 300)}). The queue is kept.")
        case Said.UNCLEAR:
            lines.append(f"Stopped, since this says nothing of the page: {safe(why, 400)}. The queue is kept.{when}")
        case Said.DOWN | Said.TROUBLE:
            lines.append(f"Save Page Now is in trouble: {safe(why, 400)}. The queue is kept.{when}")
        case Said.LIMIT | None:
            lines += _at_a_limit(result, safe(why, 400), when)
        case Said.ACCEPTED | Said.RUNNING | Said.DONE | Said.FORGOTTEN | Said.PASSING | Said.LASTING:
            pass  # of one page: they end no run
        case _:
            assert_never(said)
    if result.closed.ended_by == "refused" and not result.has_keys:
        lines.append(f"You asked without keys: {HOW_TO_GET_KEYS}.")
    return lines


def _at_a_limit(result: Pushed, why: str, when: str) -> list[str]:
    if result.closed.ended_by == "refused":
        return [f"Save Page Now wants no more of us for now: {why}. The queue is kept.{when}"]
    if result.stop is not None:
        return [f"Stopped: {why}. The queue is kept.{when}"]
    return ["Stopped at the limit of requests; the queue is kept."] if result.closed.ended_by == "limit" else []


def _next(result: Pushed, counts: Mapping[str, int]) -> list[str]:
    """What to do next."""
    if counts.get("queued") or counts.get("pending"):
        return [f"Next: {_again(result, counts)}."]
    if counts.get("mismatch") or counts.get("refused"):
        return ["Next: `archiver why ID` tells how it went; a `fetch` before the next push brings our text up to date."]
    return ["Next: `archiver status --copies` shows who holds what."] if counts else []


def _again(result: Pushed, counts: Mapping[str, int]) -> str:
    if result.stop is not None and result.stop.said is Said.KEYS:
        return "set the keys, and run the same command again"
    if result.come_back_at is not None:
        return "run the same command again then"
    if counts.get("queued"):
        return "run the same command again to go on"
    return "run the same command again in an hour or so: the index of the Wayback Machine takes its time"
