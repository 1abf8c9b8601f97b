"""The one recorder of an exchange, live or copy: read and judged once, its row, its reading, and whoever listens."""

from __future__ import annotations

from dataclasses import dataclass

from archiver import pages
from archiver.archive.ledger import DuePage
from archiver.commands.listening import Step
from archiver.commands.run import Run
from archiver.holders.listing import NOTHING, Listing
from archiver.model import LISTS, Address, Answer, CaptureSource, Exchange, Judgement, Outcome, Provenance
from archiver.model.readings import Reading
from archiver.verdict import judge


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer as it is to be recorded, what it is, and what was read of it to know that."""

    answer: Answer
    judgement: Judgement
    reading: Reading | None = None
    unkept: Reading | None = None  # the same, of a body that is not to be kept
    listing: Listing = NOTHING  # what an index of copies names


def read(address: Address, answer: Answer) -> Reading | None:
    """What the body of an answer says; None when it has none."""
    return None if answer.body is None else pages.read(address, answer.body, answer.header("content-type"))


class Recorder:
    """Writes down what came of asking, for one run. `done` and `left` are what listeners are told of its way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.done = 0  # pages finished in this run
        self.left = 0  # pages still to come, as far as is known

    def judged(self, exchange: Exchange, page: DuePage | None = None) -> Judged:
        """What an answer is by the law of live answers (`verdict.judge`); `page` where its row is at hand."""
        answer = exchange.answer
        reading = read(exchange.address, answer)
        held = self._run.archive.holds(exchange, reading, page)
        is_like_none = reading is not None and reading.facts.words_sha256 is not None
        words = self._run.archive.manners.not_found_words() if is_like_none else None
        judgement = judge(exchange.address, answer, reading, held=held, not_found_words=words)
        return Judged(answer, judgement, reading)

    def record(self, exchange: Exchange, judged: Judged) -> int:
        """Commit the evidence of one exchange, and have its reading taken soon, at once for a list; gives its row."""
        fetch_id = self._run.archive.ledger.record(self._run.id, exchange, judged.judgement, judged.reading)
        reading = judged.reading if judged.judgement.outcome is Outcome.OK else None
        size, is_list = len(judged.answer.body or b""), exchange.address.kind in LISTS
        self._run.archive.library.take(fetch_id, reading, size, self._run.clock.now(), at_once=is_list)
        return fetch_id

    def tell(self, about: Address, exchange: Exchange, judgement: Judgement) -> None:
        """Tell who listens, for the page that it was asked for."""
        self._run.listener.step(Step(about, exchange, judgement, self.done, self.left))

    def left_out(self, address: Address, url: str, why: str, source: CaptureSource) -> tuple[Judged, int]:
        """A row that says why nothing was asked; with its number."""
        answer = Answer(url, self._run.clock.now(), 0, failure=Outcome.SKIPPED, error=why)
        judged = Judged(answer, Judgement(Outcome.SKIPPED, why))
        exchange = Exchange(address, answer, provenance=Provenance(source, url))
        return judged, self._run.archive.ledger.record(self._run.id, exchange, judged.judgement, None)
