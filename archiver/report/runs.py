"""What a run came to, in words and as JSON: how it ended, what was asked, what failed, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archiver import report
from archiver.archive import queries
from archiver.archive.ledger import DuePage
from archiver.commands.crawl import RunResult
from archiver.model import NOT_ASKED, REFUSALS, Outcome
from archiver.text import safe


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to, for the user: the lines, the exit code, and the same as JSON."""

    result: RunResult
    exit_code: int
    lines: tuple[str, ...]
    status: dict[str, Any]

    def as_text(self) -> str:
        """A few lines for people."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """One document: counts, failures, and the status of what was asked for."""
        result = self.result
        return {
            "run_id": result.run_id,
            "ended_by": result.ended_by,
            "exit_code": self.exit_code,
            "requests": result.requests,
            "outcomes": {outcome.value: count for outcome, count in result.outcomes.items()},
            "failed": [{"url": url, "outcome": outcome.value, "reason": why} for url, outcome, why in result.failed],
            "refused_hosts": result.refused_hosts,
            "come_back_at": result.come_back_at.isoformat().replace("+00:00", "Z") if result.come_back_at else None,
            "failing_hosts": result.failing,
            "failing_until": result.failing_until and result.failing_until.isoformat().replace("+00:00", "Z"),
            "left": result.left,
            "mass_absence": result.doubt is not None,
            "doubt": result.doubt,
            "messages": list(self.lines),
            **self.status,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask, and how long it would take at least, in seconds."""

    pages: tuple[DuePage, ...]
    delay_s: float
    seconds: float
    limit: int
    resting: tuple[str, ...] = ()  # what is not asked before when, and why

    def as_text(self) -> str:
        """A line a page, and a sum."""
        lines = [f"{page.address.kind}\t{page.state}\t{safe(page.address.url)}" for page in self.pages]
        cut = f", cut off at {self.limit} requests" if self.limit and len(self.pages) > self.limit else ""
        lines.append(
            f"{len(self.pages)} pages known to be due (and robots.txt, and what they lead to){cut}: "
            f"at least {report.duration(self.seconds)} at {self.delay_s:g} s between two requests. Nothing was asked."
        )
        lines += [f"Not before its rest is over: {safe(why, 300)}." for why in self.resting]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The same as one document."""
        listed = [{"kind": page.address.kind, "state": page.state, "url": page.address.url} for page in self.pages]
        return {"pages": listed, "delay_s": self.delay_s, "at_least_s": self.seconds, "limit": self.limit,
                "resting": list(self.resting)}  # fmt: skip


def fetch_lines(result: RunResult, found: queries.Status) -> list[str]:
    """What happened, what is held, what to do next: a line each."""
    lines = []
    if result.ended_by == "interrupted":
        lines.append("Interrupted; everything fetched so far is stored. Run the same command again to go on.")
    lines += report.held_lines(found)
    lines += report.series_notes(found)
    news, old = result.outcomes[Outcome.OK], result.outcomes[Outcome.UNCHANGED]
    if not result.outcomes:
        lines += _nothing_asked(result)
    else:
        counted = ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.most_common())
        lines.append(f"{report.requests(result.requests)}, {news} new or changed, {old} unchanged ({counted}).")
    if result.unconnected and not result.connected:
        return [_no_network(result)]
    lines += _failures(result)
    if result.ended_by == "limit":
        lines.append(f"Stopped at the limit of requests with {result.left} pages still due. Run again to go on.")
    if result.ended_by == "refused":
        lines.append(_refused(result))
    else:
        lines += _resting(result)
    if result.failing:
        lines.append(_failing(result))
    return lines


def _no_network(result: RunResult) -> str:
    hosts = ", ".join(safe(host) for host in result.unconnected)
    why = safe(next(iter(result.unconnected.values())), 120)
    return (
        f"No connection to {hosts}: {why}. Is there a network? The attempts are recorded; run the same command again."
    )


def _nothing_asked(result: RunResult) -> list[str]:
    """Why nothing was asked, unless the line that tells of refusals says it."""
    if result.ended_by == "refused" or result.resting_until is not None:
        return []
    before = f" before {report.minute(result.next_due)}" if result.next_due else ""
    return [f"Nothing is due{before}; --force asks everything again."]


def _failures(result: RunResult) -> list[str]:
    """What failed, one by one, but for refusals that the last line sums up."""
    unsaid = NOT_ASKED | REFUSALS if result.ended_by == "refused" else {Outcome.SKIPPED}
    shown = [(url, outcome, why) for url, outcome, why in result.failed if outcome not in unsaid]
    lines = [f"{outcome}: {safe(url)}: {safe(why, 300)}" for url, outcome, why in shown[:5]]
    if len(shown) > 5:
        lines.append(f"… and {len(shown) - 5} more; `archiver status` lists the parts, `archiver why ID` explains one.")
    return lines


def _resting(result: RunResult) -> list[str]:
    """Pages that were refused and are left alone for a while, in a run that got others."""
    if result.resting_until is None:
        return []
    pages = f"{result.resting} page{'s' * (result.resting > 1)}"
    are = "are" if result.resting > 1 else "is"
    return [f"{pages} that the site refused {are} resting until {report.minute(result.resting_until)}."]


def _failing(result: RunResult) -> str:
    """Which hosts fail, until when they are left alone, and how much is left."""
    why = safe("; ".join(result.failing.values()), 600)
    rest = f", resting until {report.minute(result.failing_until)}" if result.failing_until else ""
    when = "Run the same command again then" if result.failing_until else "Run the same command again"
    left = f": {result.left} page{'s are' if result.left != 1 else ' is'} left" if result.left else ""
    return f"Left alone: {why}{rest}. {when}{left}. Nothing that was held is lost."


def _refused(result: RunResult) -> str:
    """Who refused what, until when it rests, how much is left, and what else can be done."""
    why = safe("; ".join(result.refused_hosts.values()), 600)
    rest = f", resting until {report.minute(result.come_back_at)}" if result.come_back_at else ""
    when = "Come back then" if result.come_back_at else "Come back later"
    left = f"{result.left} page{'s are' if result.left != 1 else ' is'} left"
    return (
        f"Stopped: {why}{rest}. {when}: {left}. Meanwhile `archiver import` keeps pages that you save in your browser,"
        " and `archiver rescue` asks web archives for what is missing. Nothing that was held is lost."
    )
