"""Every value that crosses from one room to another, but for what pages say (`readings`).

urls ─Address─► web ─Answer─► pages ─Reading─► verdict.judge ─Judgement─► verdict.believe ─Belief─► archive
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a page is. A closed list."""

    ROBOTS = "robots"
    INDEX = "index"
    SERIES = "series"
    FEED = "feed"
    ARTICLE = "article"
    IMAGE = "image"
    LINK = "link"  # an outside page that a part links to: asked whether it lives, never kept
    CONTROL = "control"  # an article that cannot exist: shows how the host says "no such page"


LISTS = frozenset({Kind.INDEX, Kind.SERIES, Kind.FEED})
"""What names parts: settled at once, since what it names is asked next."""


class Outcome(StrEnum):
    """What came of one attempt. A closed list (docs/law.md §2.1)."""

    OK = "ok"  # the page itself, whole, with content we did not hold
    UNCHANGED = "unchanged"  # a 304, or the page itself with content we hold already
    MOVED = "moved"  # a redirect, followed or not; the row's final_url says where to
    NOT_FOUND = "not_found"  # 404
    REMOVED = "removed"  # 410, 451
    SOFT_404 = "soft_404"  # a success status that says "no such page"
    LOGIN = "login"  # a login wall
    CHALLENGE = "challenge"  # a bot check in place of the page
    FORBIDDEN = "forbidden"  # 401, 403 and other 4xx that refuse us
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 5xx
    TIMEOUT = "timeout"  # connecting, waiting or reading took longer than allowed
    DNS_ERROR = "dns_error"  # the name does not resolve
    CONNECT_ERROR = "connect_error"  # refused, unreachable or reset before an answer began
    TLS_ERROR = "tls_error"  # certificate or handshake
    PROTOCOL_ERROR = "protocol_error"  # not HTTP as RFC 9112 has it, or an encoding we did not ask for
    TRUNCATED = "truncated"  # cut short by HTTP framing, by gzip, or inside the body container
    TOO_LARGE = "too_large"  # over a cap: bytes, header bytes, or nesting
    NOT_HTML = "not_html"  # another media type than the kind of page has
    WRONG_PAGE = "wrong_page"  # a good page, but another one than asked for
    UNREADABLE = "unreadable"  # the right page, but our parser finds no content: the parser is too old
    OFF_SITE = "off_site"  # a redirect out of what we may ask; the target was not contacted
    DISALLOWED = "disallowed"  # robots.txt forbids it; not asked
    ROBOTS_UNREACHABLE = "robots_unreachable"  # no robots.txt to be had: nothing may be asked (RFC 9309 §2.3.1.4)
    SKIPPED = "skipped"  # not asked: the budget is spent, the breaker is open, or the run was stopped


ABSENCES = frozenset({Outcome.NOT_FOUND, Outcome.REMOVED, Outcome.SOFT_404})
"""The only outcomes that count towards `gone`."""

REFUSALS = frozenset({Outcome.FORBIDDEN, Outcome.RATE_LIMITED, Outcome.CHALLENGE, Outcome.LOGIN})
"""The host answers, but not us: says something about us, never about the part."""

SUCCESSES = frozenset({Outcome.OK, Outcome.UNCHANGED})
"""We saw the page itself."""

TRANSIENT = frozenset({Outcome.TIMEOUT, Outcome.DNS_ERROR, Outcome.CONNECT_ERROR, Outcome.TRUNCATED})
"""Transport faults worth another try in the same run (with `server_error`)."""

FAULTS = TRANSIENT | {Outcome.SERVER_ERROR, Outcome.TLS_ERROR, Outcome.PROTOCOL_ERROR}
"""The host, or the way to it, gave nothing whole: says nothing about the part, and much about the host."""

NOT_READ = frozenset({Outcome.UNREADABLE, Outcome.TOO_LARGE})
"""What came whole may be the page, but our parser cannot tell: kept, and judged anew by a later version."""

NOT_ASKED = frozenset({Outcome.DISALLOWED, Outcome.ROBOTS_UNREACHABLE, Outcome.SKIPPED})
"""No request for the page left this machine."""


class State(StrEnum):
    """What we believe of a page. A closed list (docs/law.md §4.1)."""

    NEW = "new"  # never answered yet
    ALIVE = "alive"
    MOVED = "moved"  # lives under another address
    SUSPECT = "suspect"  # absent, but not often or long enough to call it gone
    GONE = "gone"
    BLOCKED = "blocked"  # never seen, because the host refuses us
    EXCLUDED = "excluded"  # never asked: robots.txt forbids it


class CaptureSource(StrEnum):
    """Where the bytes of a capture came from."""

    LIVE = "live"
    WAYBACK = "wayback"
    COMMON_CRAWL = "common_crawl"
    IMPORT = "import"
    FEED = "feed"
    MEMENTO = "memento"  # another web archive, found through its TimeMap (RFC 7089)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an answer came from: from the host itself, or from somebody else's copy of its page.

    Only live answers say anything about the page as it is now: a copy never changes what is believed of it.
    """

    source: CaptureSource = CaptureSource.LIVE
    url: str | None = None  # where the copy was had from: its URL, or "NAME, sha256 HEX" of an imported file
    at: datetime | None = None  # UTC; when the copy was made

    @property
    def is_live(self) -> bool:
        """Whether the host itself answered us."""
        return self.source is CaptureSource.LIVE


@dataclass(frozen=True, slots=True)
class Address:
    """One canonical URL of a known kind. `url` is the key of a page."""

    url: str
    kind: Kind
    article_id: int | None = None
    series_id: int | None = None
    user_id: int | None = None
    page_number: int | None = None  # of a series page, from 1


class Refused(StrEnum):
    """Why a URL is not fetchable."""

    DENIED = "denied"  # its GET acts, or it is private: the deny list
    UNSUPPORTED = "unsupported"  # on iThome, but no kind of page that we keep
    FOREIGN = "foreign"  # another host
    MALFORMED = "malformed"  # no usable http(s) URL


@dataclass(frozen=True, slots=True)
class Refusal:
    """A URL that we do not fetch, and why."""

    url: str  # as found, cleaned of control characters
    why: Refused


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional (RFC 9110 §13); only sent while the body they belong to is held.

    They mean something to one resource alone: behind a redirect it is the last address that gave them.
    """

    etag: str | None = None
    last_modified: str | None = None
    url: str | None = None  # what was asked when they were given; no other URL is asked with them


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and what came back, before anybody judged it.

    `failure` is set when there is no complete response to judge: a transport fault, a broken framing or
    encoding, a cap, or a request that was never sent. Then `body` is None and `error` says why in one line.
    """

    requested_url: str  # what was asked on the wire
    started_at: datetime  # UTC; when the request went out (or was decided against)
    elapsed_ms: int
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case, values cleaned of control characters
    body: bytes | None = None  # after content decoding; None when not read
    wire_bytes: int = 0  # body bytes as received
    packed: bytes | None = field(default=None, repr=False)  # the same as one member of gzip, where it came as one
    location: str | None = None  # absolute target of a redirect
    failure: Outcome | None = None
    error: str | None = None
    retry_after_s: float | None = None  # from Retry-After, seconds or date (RFC 9110 §10.2.3)
    connected: bool = True  # False: no connection was made, so no request went out
    reused: bool = False  # asked on a connection that an earlier request had left open
    answered_s: float | None = None  # from the first byte of the request to that of the answer; None without one

    def header(self, name: str) -> str | None:
        """The first value of a header, by lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


LONGEST_REST_S = 7 * 86_400.0
"""A Retry-After of years is a mistake: no host is left alone for longer because it said so once."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One row for the ledger: an answer, for which page, at which try and redirect hop."""

    address: Address  # the page that was asked for: the robots file, or the page itself
    answer: Answer
    tries: int = 1  # 1 for the first try of this URL
    hop: int = 0  # redirects followed before this request
    final: bool = True  # no further request for this page follows in this visit
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer is, and the signals that say so."""

    outcome: Outcome
    reason: str  # one plain sentence
    signals: dict[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Belief:
    """What we believe of one page: a pure function of the fetches seen, in order."""

    state: State = State.NEW
    state_since: datetime | None = None
    last_fetch_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_outcome: Outcome | None = None
    failures: int = 0  # attempts without success since the last success
    absences: int = 0  # that count: each far enough from the last
    last_absence_at: datetime | None = None  # the last one that counted
    absent_since: datetime | None = None  # the first since the last success, whether it counted or not


# ─── copies that others hold, and how they are asked for ───────────────────────────────────────────


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
    url: str  # of one line, as it is stored and asked for
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
    return copy.holder, copy.url, byte_range


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of having a copy, and the law that it was judged by; no law: its bytes were not had."""

    outcome: Outcome | None = None  # None: never asked for
    judged_by: str | None = None
    digest: str | None = None  # of the payload, as the index writes it

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
