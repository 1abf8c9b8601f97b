"""What a fetch came to, and what one would ask: how it ended, what was asked, what failed, what to do next."""

from __future__ import annotations

from typing import Any

from archiver.commands.crawl import Crawled
from archiver.commands.fetching import Fetched, FetchPlan
from archiver.model import NOT_ASKED, REFUSALS, Outcome
from archiver.report.notices import notice_line
from archiver.report.runs import Summary, interrupted, iso, summary_of
from archiver.report.status import counted, duration, held_lines, minute, series_notes
from archiver.text import safe


def plan_text(plan: FetchPlan) -> str:
    """What a fetch would ask: a line a page, and a sum."""
    lines = [f"{page.address.kind}\t{page.state}\t{safe(page.address.url)}" for page in plan.pages]
    cut = f", cut off at {plan.limit} requests" if plan.limit and len(plan.pages) > plan.limit else ""
    lines.append(
        f"{len(plan.pages)} pages known to be due (and robots.txt, and what they lead to){cut}: "
        f"at least {duration(plan.seconds)} at {plan.delay_s:g} s between two requests. Nothing was asked."
    )
    return "\n".join(lines + [f"Not before its rest is over: {safe(why, 300)}." for why in _resting_until(plan)])


def plan_json(plan: FetchPlan) -> dict[str, Any]:
    """The same as one document."""
    listed = [{"kind": page.address.kind, "state": page.state, "url": page.address.url} for page in plan.pages]
    return {"pages": listed, "delay_s": plan.delay_s, "at_least_s": plan.seconds, "limit": plan.limit,
            "resting": _resting_until(plan)}  # fmt: skip


def _resting_until(plan: FetchPlan) -> list[str]:
    return [f"{one.why}, resting until {minute(one.until)}" for one in plan.resting]


def summary(fetched: Fetched) -> Summary:
    """What happened, what is held, what to do next: a line each, and one document."""
    crawled, closed = fetched.crawled, fetched.closed
    untold = [f"{fetched.untold}; the next run tells it again"] if fetched.untold else []
    told = {
        "outcomes": {outcome.value: count for outcome, count in closed.outcomes.items()},
        "failed": [{"url": url, "outcome": outcome.value, "reason": why} for url, outcome, why in crawled.failed],
        "refused_hosts": crawled.refused_hosts, "come_back_at": iso(crawled.come_back_at),
        "failing_hosts": crawled.failing, "failing_until": iso(crawled.failing_until),
        "left": crawled.left, "mass_absence": closed.doubt is not None, "doubt": closed.doubt,
    }  # fmt: skip
    return summary_of(closed, [*map(notice_line, fetched.kept), *_lines(fetched)], told, after=untold)


def _lines(fetched: Fetched) -> list[str]:
    """What happened, what is held, what to do next: a line each."""
    result, closed = fetched.crawled, fetched.closed
    found, outcomes = closed.found, closed.outcomes
    lines = interrupted(closed, "everything fetched so far is stored")
    lines += held_lines(found)
    lines += series_notes(found)
    news, old = outcomes[Outcome.OK], outcomes[Outcome.UNCHANGED]
    if not outcomes:
        lines += _nothing_asked(fetched)
    else:
        each = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        lines.append(f"{counted(closed.requests, 'request')}, {news} new or changed, {old} unchanged ({each}).")
    if result.unconnected and not result.connected:
        return [_no_network(result)]
    lines += _failures(fetched)
    if closed.ended_by == "limit":
        lines.append(f"Stopped at the limit of requests with {result.left} pages still due. Run again to go on.")
    if closed.ended_by == "refused":
        lines.append(_refused(result))
    else:
        lines += _resting(result)
    if result.failing:
        lines.append(_failing(result))
    return lines


def _no_network(result: Crawled) -> str:
    hosts = ", ".join(safe(host) for host in result.unconnected)
    why = safe(next(iter(result.unconnected.values())), 120)
    return (
        f"No connection to {hosts}: {why}. Is there a network? The attempts are recorded; run the same command again."
    )


def _nothing_asked(fetched: Fetched) -> list[str]:
    """Why nothing was asked, unless the line that tells of refusals says it."""
    result = fetched.crawled
    if fetched.closed.ended_by == "refused" or result.resting_until is not None:
        return []
    before = f" before {minute(result.next_due)}" if result.next_due else ""
    return [f"Nothing is due{before}; --force asks everything again."]


def _failures(fetched: Fetched) -> list[str]:
    """What failed, one by one, but for refusals that the last line sums up."""
    unsaid = NOT_ASKED | REFUSALS if fetched.closed.ended_by == "refused" else {Outcome.SKIPPED}
    shown = [(url, outcome, why) for url, outcome, why in fetched.crawled.failed if outcome not in unsaid]
    lines = [f"{outcome}: {safe(url)}: {safe(why, 300)}" for url, outcome, why in shown[:5]]
    if len(shown) > 5:
        lines.append(f"… and {len(shown) - 5} more; `archiver status` lists the parts, `archiver why ID` explains one.")
    return lines


def _resting(result: Crawled) -> list[str]:
    """Pages that were refused and are left alone for a while, in a run that got others."""
    if result.resting_until is None:
        return []
    pages, are = counted(result.resting, "page"), "are" if result.resting > 1 else "is"
    return [f"{pages} that the site refused {are} resting until {minute(result.resting_until)}."]


def _failing(result: Crawled) -> str:
    """Which hosts fail, until when they are left alone, and how much is left."""
    why = safe("; ".join(result.failing.values()), 600)
    rest = f", resting until {minute(result.failing_until)}" if result.failing_until else ""
    when = "Run the same command again then" if result.failing_until else "Run the same command again"
    left = f": {result.left} page{'s are' if result.left != 1 else ' is'} left" if result.left else ""
    return f"Left alone: {why}{rest}. {when}{left}. Nothing that was held is lost."


def _refused(result: Crawled) -> str:
    """Who refused what, until when it rests, how much is left, and what else can be done."""
    why = safe("; ".join(result.refused_hosts.values()), 600)
    rest = f", resting until {minute(result.come_back_at)}" if result.come_back_at else ""
    when = "Come back then" if result.come_back_at else "Come back later"
    left = f"{result.left} page{'s are' if result.left != 1 else ' is'} left"
    return (
        f"Stopped: {why}{rest}. {when}: {left}. Meanwhile `archiver import` keeps pages that you save in your browser,"
        " and `archiver rescue` asks web archives for what is missing. Nothing that was held is lost."
    )
