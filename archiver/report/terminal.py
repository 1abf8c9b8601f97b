"""What a person sees while a run goes on, and tables with the right widths for Chinese. Only here is `rich` used."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from archiver import urls
from archiver.commands.listening import About, Listener, Notice, Step
from archiver.model import NOT_ASKED, Kind, Outcome
from archiver.report.notices import notice_line
from archiver.report.status import duration
from archiver.text import inked, safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from archiver.archive.search import Hit
    from archiver.commands.comparing import Comparison
    from archiver.diff import Piece


def _console(*, stderr: bool) -> Console:
    """Where `Text` is printed. NO_COLOR and dumb terminals are rich's duty.

    A string that is printed all the same is no markup: this is a second lock, since titles are anybody's words.
    """
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table for a terminal, as wide as it is. Titles are text and never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        numeric = column in {"parts", "safe", "rescued", "missing", "gone", "changed", "part"}
        flexible = column == "title"
        table.add_column(
            column,
            justify="right" if numeric else "left",
            no_wrap=not flexible,
            overflow="fold" if flexible else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _console(stderr=False).print(table)


def print_hits(hits: list[Hit]) -> None:
    """Each hit of a search: its number and title, then where it stands, what was looked for in bold."""
    from rich.text import Text

    console = _console(stderr=False)
    for hit in hits:
        place = f"  series {hit.series_id}, part {hit.position}" if hit.series_id and hit.position else ""
        console.print(Text.assemble((str(hit.id), "cyan"), "  ", (safe(hit.title or "(no title)"), "bold"), place))
        pieces = [(piece, "bold" if is_hit else "") for piece, is_hit in hit.snippet]
        console.print(Text.assemble("    ", *pieces))


_TOLD_EVERY = 20  # captures

_STYLES = {"delete": "red strike", "insert": "green", "equal": ""}
_MARKS = {"delete": ("[-", "-]"), "insert": ("{+", "+}"), "equal": ("", "")}  # as `git diff --word-diff` has them
_SIGNS = {"delete": "-", "insert": "+", "equal": " "}
_CONTEXT = 40  # signs of unchanged prose shown before and after a change


def print_comparison(found: Comparison) -> None:
    """What changed in an article: coloured on a terminal; in a pipe with signs, and no escape sequence."""
    from rich.text import Text

    from archiver.report import comparisons

    console = _console(stderr=False)
    bare = not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))
    console.print(Text(comparisons.heading(found), style="bold"))
    for section in found.sections:
        text = Text().append(f"\n@@ {section.name} @@\n", style="cyan")
        for number, piece in enumerate(section.pieces):
            if section.by_lines:
                _add_lines(text, piece)
            else:
                shown = _shortened(piece, first=number == 0, last=number == len(section.pieces) - 1)
                before, after = _MARKS[piece.op] if bare else ("", "")
                text.append(f"{before}{shown}{after}", style=_STYLES[piece.op])
        console.print(text, soft_wrap=True)


def _add_lines(text: Text, piece: Piece) -> None:
    for one in piece.text.splitlines():
        text.append(f"{_SIGNS[piece.op]}{_visible(one)}\n", style=_STYLES[piece.op].replace(" strike", ""))


def _shortened(piece: Piece, *, first: bool, last: bool) -> str:
    """A piece of prose; of a long unchanged one only what stands beside the changes."""
    shown = _visible(piece.text)
    if piece.op != "equal" or len(shown) <= 2 * _CONTEXT:
        return shown
    head, tail = ("" if first else shown[:_CONTEXT]), ("" if last else shown[-_CONTEXT:])
    return f"{head}…{tail}"


def _visible(text: str) -> str:
    """Text of an article for a terminal, its line breaks and tabs kept."""
    return "\n".join(map(inked, text.split("\n")))


@contextmanager
def progress(*, quiet: bool, delay_s: float) -> Iterator[Listener]:
    """A listener for a run: one live line on a terminal, else one line a page on stderr. Notices are lines in both.

    `delay_s` is the time between two requests, from which the time that is left is told.
    """
    if quiet or logging.getLogger("archiver").isEnabledFor(logging.INFO):  # -v tells more than this, line by line
        yield Listener(notice=partial(print_notice, quiet=quiet))
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _live_line(delay_s) as listener:
            yield listener
    else:
        yield Listener(_Printer(), print_notice)


def print_notice(notice: Notice, *, quiet: bool = False) -> None:
    """A notice, on stderr; not that no contact is set, where only what matters is wanted."""
    if not (quiet and notice.about is About.NO_CONTACT):
        _print_error_line(safe(notice_line(notice)))


def _print_error_line(line: str) -> None:
    with suppress(BrokenPipeError):
        sys.stderr.write(line + "\n")


@contextmanager
def counting(*, quiet: bool, seconds: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int, int], None]]:
    """A listener for the reading of many captures, told how many were read and of how many: a live line.

    `seconds` gives them since some fixed moment, from which the time that is left is told.
    """
    if quiet or not sys.stderr.isatty():  # though FORCE_COLOR is set
        yield lambda _done, _all: None
        return
    from rich.status import Status
    from rich.text import Text

    began, before = seconds(), 0
    with Status(Text("looking at the file …"), console=_console(stderr=True)) as status:

        def listen(done: int, count: int) -> None:
            nonlocal before
            before = before or done  # what was read already, where a killed one is gone on with
            if done % _TOLD_EVERY == 0 and done > before:
                left = duration((seconds() - began) / (done - before) * (count - done))
                status.update(Text(f"{done:,} of {count:,} stored answers read · about {left} left"))

        yield listen


def step_line(step: Step) -> str:
    """One exchange in one line: which page, what came of it."""
    answer = step.exchange.answer
    place = f"[{step.done}/{step.done + step.left}]" if step.exchange.final else "[…]"
    again = f" (try {step.exchange.tries})" if step.exchange.tries > 1 else ""
    took = "" if step.judgement.outcome in NOT_ASKED else f" {answer.elapsed_ms} ms"
    words = "" if step.judgement.outcome in {"ok", "unchanged"} else f": {step.judgement.reason}"
    return safe(f"{place} {step.judgement.outcome}{took}{again} {answer.requested_url}{words}", 400)


class _Printer:
    """One line a page, where there is no terminal; why a whole host is not asked is told once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, Outcome]] = set()

    def __call__(self, step: Step) -> None:
        outcome = step.judgement.outcome
        about = (urls.host(step.exchange.answer.requested_url), outcome)
        if about in self._told or not (step.exchange.final or outcome not in {Outcome.OK, Outcome.MOVED}):
            return
        if outcome in {Outcome.ROBOTS_UNREACHABLE, Outcome.SKIPPED}:
            self._told.add(about)
        _print_error_line(step_line(step))


@contextmanager
def _live_line(delay_s: float) -> Iterator[Listener]:
    """The page in hand, counts, pace and time left; faults stay on the screen above it."""
    from rich.status import Status
    from rich.text import Text

    console = _console(stderr=True)
    status = Status(Text("beginning …"), console=console)

    def listen(step: Step) -> None:
        outcome = step.judgement.outcome
        if outcome not in {"ok", "unchanged", "moved"} and step.exchange.address.kind is not Kind.ROBOTS:
            console.print(Text(step_line(step)))
        left = duration(step.left * delay_s)
        words = f"{step.done} of {step.done + step.left} pages · one every {delay_s:g} s · about {left} left"
        status.update(Text(f"{words} · {_name(step)}"))  # rich takes no word on how a narrow terminal breaks it

    with status:
        yield Listener(listen, lambda notice: console.print(Text(safe(notice_line(notice))), soft_wrap=True))


def _name(step: Step) -> str:
    address = step.address
    label = address.article_id or address.series_id or urls.host(address.url)
    return safe(f"{address.kind} {label}", 60)
