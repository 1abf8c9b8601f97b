"""What `status` tells, as values, and what is to be made of it: whether all is held, and what wants attention. Pure.

Named tuples, and none of their types a string that would be compiled, since `archiver status` waits until they are
made. Moments are text as the archive has them: UTC, ISO 8601. What each field holds is described in docs/schema.md,
under the view of its class.
"""

from typing import NamedTuple

from archiver.archive.columns import ABSENCES

ODD_STATES = ("suspect", "gone", "moved", "blocked", "excluded")


class PartStatus(NamedTuple):
    """A part: what is believed of it, and whether it is held (`page_status`)."""

    id: int
    series_id: int | None
    position: int | None
    title: str | None
    state: str
    safe: bool
    rescued: bool
    missing: bool
    state_since: str
    last_ok_at: str | None
    last_fetch_at: str | None
    last_outcome: str | None  # None: not asked yet
    edits: int
    collapsed: bool
    source_id: int | None
    said_by: str
    url: str

    def wants_attention(self) -> bool:
        """Whether a part is missing, or not as it should be."""
        return self.missing or self.state in ODD_STATES or self.last_outcome in ABSENCES


class SeriesStatus(NamedTuple):
    """A series and how much of it is safe (`series_progress`)."""

    id: int
    title: str | None
    url: str
    author_id: int | None
    declared_parts: int | None
    contest_days: int | None
    parts: int
    safe: int
    rescued: int
    missing: int
    gone: int
    edited: int
    linked_by_index: int
    last_checked_at: str | None
    is_asked: bool  # False: it was taken back

    def is_whole(self) -> bool:
        """A series of which nothing is known is not whole, unless the site itself says that it is empty."""
        if self.parts == 0 and self.contest_days:  # it had articles once, and none is held
            return False
        is_known = self.parts > 0 or self.declared_parts == 0
        return self.missing == 0 and is_known and self.parts >= (self.declared_parts or 0)


class SourceStatus(NamedTuple):
    """A source with parts that no known series has, and those counted."""

    id: int
    url: str
    kind: str
    is_asked: bool
    title: str | None
    last_outcome: str | None
    last_ok_at: str | None
    last_fetch_at: str | None
    parts: int
    safe: int
    rescued: int
    missing: int
    gone: int
    edited: int
    last_checked_at: str | None
    of_series: int  # parts that say of which series they are
    with_day: int | None  # parts whose titles count the days
    likely_url: str | None  # of the series that most of them may be of
    has_series: bool
    error: str | None

    def is_whole(self) -> bool:
        """A source of no known series is whole when nothing it leads to is missing, and none of that is of a series.

        Else there is a series behind it of which nobody has counted the parts. That pages say nothing of one is not
        enough where the titles of an index's articles count the days.
        """
        was_read = self.last_ok_at or self.kind == "article"  # which is the part itself, whoever had it
        is_of_a_series = self.of_series or (self.kind == "index" and (self.with_day or 0) > 1)
        return bool(self.parts and not self.missing and was_read and not is_of_a_series)


class DroppedSource(NamedTuple):
    """A source that is asked no more."""

    url: str
    dropped_at: str


class CitedLink(NamedTuple):
    """A link of an index that never answered, taken for a citation since another part has its day."""

    id: int
    url: str
    text: str | None
    last_outcome: str


class UnheardHint(NamedTuple):
    """A source none of whose links is known to be of the series that its hint names."""

    id: int
    url: str
    series_hint: int
    links: int


class Unsettled(NamedTuple):
    """What a person should know of, though it changes nothing that is held."""

    what: str  # absent: not believed yet; unheard: lists that do not answer; alone: an index that links no article
    series_id: int | None
    url: str
    pages: int
    since: str | None
    outcome: str | None


class ProblemCount(NamedTuple):
    """A value that a parser should have found, and did not."""

    kind: str
    field: str
    problem: str
    parser: str
    pages: int
    example: str


class Drift(NamedTuple):
    """A value that living pages used to yield, and no longer do (`parser_drift`)."""

    kind: str
    field: str
    parser: str
    pages: int
    since: str
    last_found_at: str
    example: str


class CollapsedText(NamedTuple):
    """An article whose text shrank to nearly nothing, and where the last full one is (`collapses`)."""

    id: int
    title: str | None
    series_id: int | None
    url: str
    since: str
    letters: int
    full_letters: int
    full_capture_id: int
    full_seen_at: str
    full_title: str | None
    is_asked: bool


class EventSeen(NamedTuple):
    """What happened to a part or a series (`events`)."""

    at: str
    kind: str
    article_id: int | None
    series_id: int | None
    detail: str | None
    other_article_id: int | None
    title: str | None


class ImageCount(NamedTuple):
    """How many images the parts of a series show, and how many of those are held, or were never asked for."""

    series_id: int | None
    images: int
    held: int
    unasked: int
    missing: str | None  # the address of one that is not held


class RunStatus(NamedTuple):
    """A run, its requests and outcomes counted (`runs`)."""

    id: int
    command: str
    started_at: str
    finished_at: str | None
    ended_by: str | None  # None: it is still running, or was killed
    exit_code: int | None
    note: str | None
    mass_absence: bool
    requests: int
    outcomes: dict[str, int]  # of the pages asked, robots apart


class Status(NamedTuple):
    """Everything `status` tells: series with their parts, parts of no known series yet, and the last run."""

    series: list[SeriesStatus]
    parts: dict[int | None, list[PartStatus]]  # series → every one, or those alone that want attention
    dropped: list[DroppedSource]
    homeless: list[SourceStatus]
    cited: list[CitedLink]
    unheard_hints: list[UnheardHint]
    unsettled: list[Unsettled]
    last_run: RunStatus | None
    problems: list[ProblemCount]
    drift: list[Drift]
    collapsed: list[CollapsedText]
    events: list[EventSeen]  # newest first
    images: dict[int | None, ImageCount]  # by series
    is_demonstration: bool = False  # all of it was invented
    unread: int = 0  # answers that are stored, and of which nothing is known yet
    unnamed: int = 0  # articles held while there is no source

    def all_safe(self) -> bool:
        """Whether every part of every series kept is safe, as many as the site declares, and every source known.

        What is asked no more counts for nothing here: it was taken back.
        """
        found: list[SeriesStatus | SourceStatus] = [*self.series, *self.homeless]
        kept = [one for one in found if one.is_asked]
        return bool(kept) and any(one.parts for one in found) and all(one.is_whole() for one in kept)

    def alarms(self) -> bool:
        """Whether something was seen that a person must look at, though all may be held (docs/law.md §16.5)."""
        return bool(self.drift or self.unheard_hints) or any(one.is_asked for one in self.collapsed)
