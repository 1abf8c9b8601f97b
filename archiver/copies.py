"""Values of copies that others hold: what is known of them, and how they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archiver.model import SUCCESSES, Address, CaptureSource, Outcome, State
from archiver.text import line


@dataclass(frozen=True, slots=True)
class Extra:
    """What a request carries beyond a plain GET, to a web archive's interface or to an outside link. Never stored."""

    head: bool = False  # HEAD instead of GET
    byte_range: tuple[int, int] | None = None  # first and last byte (RFC 9110 §14.1.2)
    form: tuple[tuple[str, str], ...] | None = None  # sent by POST
    accept: str | None = None
    authorization: str | None = field(default=None, repr=False)  # for the host that is asked, and for no other
    archived: bool = False  # the answer may be encoded as the site once sent it to an archive: Brotli too


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that somebody else holds, as their index tells. `url` is where its bytes are had."""

    holder: CaptureSource
    url: str
    made_at: datetime
    original: str  # the URL that was captured, as the index writes it
    digest: str | None = None  # of the payload, as the index writes it
    media_type: str | None = None
    http_status: int | None = None
    byte_range: tuple[int, int] | None = None  # of a WARC file at `url`


CopyKey = tuple[CaptureSource, str, str]
"""What tells one copy from another: its holder, where it is had, and which bytes of that."""


def key_of(copy: Copy) -> CopyKey:
    """The key of a copy. The bytes are text, empty for all, since NULLs are never equal to one another."""
    byte_range = "" if copy.byte_range is None else f"{copy.byte_range[0]}-{copy.byte_range[1]}"
    return copy.holder, line(copy.url, 8_000), byte_range


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of having a copy, and the law that it was judged by; no law: its bytes were not had."""

    outcome: Outcome | None = None  # None: never asked for
    judged_by: str | None = None
    digest: str | None = None  # of the payload, as the index writes it

    def is_by(self, law: str) -> bool:
        """Whether the bytes were judged, and by this very law."""
        return self.judged_by == law

    @property
    def in_vain(self) -> bool:
        """Whether it was asked for and not had, as far as is known."""
        return self.outcome is not None and self.outcome not in SUCCESSES and self.judged_by is None


class PushState(StrEnum):
    """How far a copy got that we asked for to be made. A closed list."""

    QUEUED = "queued"  # to be asked for
    PENDING = "pending"  # asked for; nobody knows yet whether it is there
    CONFIRMED = "confirmed"  # the index shows it, and its text is ours
    REFUSED = "refused"  # it will not be made
    MISMATCH = "mismatch"  # it was made, but of another text


OPEN = frozenset({PushState.QUEUED, PushState.PENDING})
"""A push that is to be gone on with."""


@dataclass(frozen=True, slots=True)
class Push:
    """One page on its way into somebody else's archive. Times are UTC."""

    state: PushState = PushState.QUEUED
    attempts: int = 0  # how often it was asked for, and answered
    asked_at: datetime | None = None  # when it was last asked for
    not_before: datetime | None = None  # a capture from then on is the one that was asked for
    job_id: str | None = None  # the service's own name for its work
    made_at: datetime | None = None  # when the capture was made: first as the service, then as its index says
    copy_url: str | None = None  # where the capture is had that was compared
    text_sha256: str | None = None  # of our text that it was compared with
    reason: str = ""  # of the state, in plain words
    checked_at: datetime | None = None  # when we last heard of it

    @property
    def job_runs(self) -> bool:
        """Whether the service is to be asked how its work goes."""
        return self.state is PushState.PENDING and self.job_id is not None and self.made_at is None


@dataclass(frozen=True, slots=True)
class Ours:
    """Our text of an article, to compare a copy with."""

    title: str
    text: str
    code: tuple[str, ...]
    text_sha256: str | None
    source: CaptureSource  # whose capture it was read from


@dataclass(frozen=True, slots=True)
class Held:
    """A part that is held, how many hold it, and how far the last push of it got."""

    page_id: int
    address: Address
    copies: int  # we included
    page_state: State
    text_sha256: str | None
    push_id: int | None = None
    push: Push | None = None
