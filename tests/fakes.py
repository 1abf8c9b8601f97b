"""Stand-ins for the parts of the world that tests must be able to steer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from archiver import ithome
from archiver.model import Address, Answer, Exchange, Extra, Outcome, Validators

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that only moves when it is told to, or slept on."""

    def __init__(self, start: datetime = START) -> None:
        self.started = start
        self.elapsed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1_000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.elapsed += max(seconds, 0.0)

    def advance(self, **kwargs: float) -> None:
        self.elapsed += timedelta(**kwargs).total_seconds()


Far = Callable[[str], Answer | bytes | int]


class FakeSender:
    """The far end as a function from URL to a body, a status or a whole answer; notes every request and its moment."""

    def __init__(self, clock: FakeClock, far: Far, seconds: float = 0.0) -> None:
        self.clock = clock
        self.far = far
        self.seconds = seconds
        self.asked: list[str] = []
        self.starts: list[float] = []
        self.validators: list[Validators | None] = []

    def be_idle(self, seconds: float) -> None:
        """A far end without connections."""

    def send(
        self, url: str, validators: Validators | None = None, *, keep_cut: bool = False,  # noqa: ARG002
        extra: Extra | None = None,  # noqa: ARG002
    ) -> Answer:  # fmt: skip
        self.asked.append(url)
        self.starts.append(self.clock.monotonic())
        self.validators.append(validators)
        started_at = self.clock.now()
        self.clock.elapsed += self.seconds
        given = self.far(url)
        if isinstance(given, Answer):
            return given
        return reply(url, given, started_at)


def reply(
    url: str,
    given: bytes | int = b"",
    started_at: datetime = START,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/html; charset=UTF-8"),),
    location: str | None = None,
    retry_after_s: float | None = None,
) -> Answer:
    """An answer as the client would give it."""
    body = given if isinstance(given, bytes) else b"<html><title>x</title></html>"
    code = given if isinstance(given, int) else status
    redirected = location is not None
    return Answer(
        url, started_at, 5, status=code, headers=headers, body=None if redirected else body,
        wire_bytes=0 if redirected else len(body), location=location, retry_after_s=retry_after_s,
    )  # fmt: skip


def fault(url: str, outcome: Outcome, words: str = "a fault", started_at: datetime = START) -> Answer:
    """An answer that never became one."""
    return Answer(url, started_at, 5, failure=outcome, error=words)


def article(article_id: int) -> Address:
    """The address of an article."""
    found = ithome.classify(ithome.article_url(article_id))
    assert isinstance(found, Address)
    return found


def exchanges(visit: Iterator[Exchange]) -> list[tuple[str, str | int | None]]:
    """What a visit gave out, as (URL, failure or status)."""
    return [
        (
            exchange.answer.requested_url,
            exchange.answer.failure.value if exchange.answer.failure else exchange.answer.status,
        )
        for exchange in visit
    ]
