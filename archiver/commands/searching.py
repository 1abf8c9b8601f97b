"""The way to a copy of one page: whom to ask, in which order, and which of the copies to try first.

The Wayback Machine, TimeMaps, Common Crawl: of each its index is asked, and then the copies that it names, nearest to
publication first, until one passes `verdict.judge`; the series feed last of all. Each question and attempt is a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from archiver import pages, urls
from archiver.archive.copy_rows import WantedPage
from archiver.commands.asking import HOLDS_NONE, Archives, Asked, judge_copy, judge_index
from archiver.commands.run import Run
from archiver.formats.found import Bounds
from archiver.holders import common_crawl, feeds, memento, wayback
from archiver.holders.choosing import Chosen, choose, is_settled
from archiver.holders.common_crawl import MonthlyCrawl
from archiver.holders.listing import Listing
from archiver.ithome import names, spellings
from archiver.model import (
    SUCCESSES,
    Answer,
    CaptureSource,
    Copy,
    CopyKey,
    Exchange,
    Extra,
    Kind,
    Outcome,
    Provenance,
    Verdict,
    key_of,
)
from archiver.verdict import JUDGE

_PAGES = 5  # of one index, or further TimeMaps


@dataclass(slots=True)
class Findings:
    """What came of looking for a copy of one page. Not frozen: each answer adds to it, and only `Search` does."""

    wanted: WantedPage
    source: CaptureSource | None = None  # whose copy is held now; None: nobody's
    url: str = ""
    made_at: datetime | None = None
    versions: int = 0  # copies with a content that was not held
    said: list[str] = field(default_factory=list)  # by each holder, why not
    tried: set[CopyKey] = field(default_factory=set)  # in this run, under whatever spelling they are named
    waiting: set[CopyKey] = field(default_factory=set)  # named and not tried: the next run does
    silent: dict[str, str] = field(default_factory=dict)  # index → what it said that named none so far
    spoke: set[str] = field(default_factory=set)  # indexes that named something, or gave no answer of use
    for_people: list[str] = field(default_factory=list)  # where a person may look

    @property
    def left(self) -> int:
        """How many copies are named and were not tried yet."""
        return len(self.waiting - self.tried)


class Search:
    """Looks for copies in one run: with `check` only in the indexes, with `history` for every version that differs."""

    def __init__(self, run: Run, archives: Archives, *, check: bool = False, history: bool = False) -> None:
        self._archive = run.archive
        self._archives = archives
        self._rescue = run.config.rescue
        self._bounds = Bounds(body_bytes=run.config.network.max_body_bytes)
        self._clock = run.clock
        self._check = check
        self._history = history
        self._crawls: tuple[MonthlyCrawl, ...] | None = None
        self._held_feeds: dict[int, list[feeds.HeldFeed]] = {}

    def look(self, wanted: WantedPage) -> Findings:
        """Ask everybody about one page until a good copy is held."""
        if wanted.series_id is not None:
            dated = feeds.published_at(wanted.address, self._feeds(wanted.series_id))
            wanted = replace(wanted, published_about=dated or wanted.published_about)
        found = Findings(wanted, for_people=[memento.for_a_person(wanted.address)])
        for holder in self._holders():
            if not self._archives.budget_left():
                found.said.append("not asked further: the run made all its requests")
                break
            holder(found)
            if self._is_done(found):
                break
        found.said += [f"{host}: {words}" for host, words in found.silent.items() if host not in found.spoke]
        return found

    def _is_done(self, found: Findings) -> bool:
        """Whether nothing more is wanted: a good copy, unless all versions are."""
        return found.source is not None and not self._history

    def _holders(self) -> Iterator[Callable[[Findings], None]]:
        if self._rescue.wayback:
            yield self._wayback
        for endpoint in self._rescue.timemaps:
            if urls.host(endpoint) not in memento.NEVER_ASKED:
                yield partial(self._timemap, endpoint)
        if self._rescue.common_crawl:
            yield self._common_crawl
        if self._rescue.feed and not (self._check or self._history):
            yield self._feed

    def _wayback(self, found: Findings) -> None:
        """Every spelling in turn; the next only when the one before gave nothing good."""
        page = found.wanted.address
        for number, spelling in enumerate(spellings(page)):
            copies: list[Copy] = []
            key = None
            for _ in range(_PAGES):
                prefix = page.kind is Kind.ARTICLE and number == 0
                url = wayback.index_url(spelling, prefix=prefix, resume_key=key)
                asked = self._index(
                    found, url, CaptureSource.WAYBACK, partial(wayback.read_index, page), others=wayback.count_rows,
                    of="under this address",
                )  # fmt: skip
                if not asked.good:
                    break
                copies, key = [*copies, *asked.listing.copies], asked.listing.resume_key
                if not key:
                    break
            if key is not None:
                found.said.append(f"the Wayback Machine: names more captures than the {len(copies)} that are looked at")
            self._try(found, copies, "the Wayback Machine")
            if self._is_done(found) or self._archives.closed(wayback.ORIGIN, page):
                return

    def _timemap(self, endpoint: str, found: Findings) -> None:
        """One archive, or an aggregator, and what further TimeMaps it has."""
        page = found.wanted.address
        pending = [endpoint + page.url]  # as it is (RFC 7089 §4)
        copies: list[Copy] = []
        seen: set[str] = set()
        while pending and len(seen) < _PAGES:
            url = pending.pop(0)
            seen.add(url)
            asked = self._index(
                found, url, CaptureSource.MEMENTO, partial(memento.read, page, own_url=url),
                others=memento.count_mementos, says_none=lambda _: True,
            )  # fmt: skip
            if not asked.good and asked.judgement.outcome is not Outcome.NOT_FOUND:
                break
            copies += asked.listing.copies
            found.for_people += asked.listing.for_people
            pending += [further for further in asked.listing.further if further not in seen]
        self._try(found, copies, urls.host(endpoint))

    def _common_crawl(self, found: Findings) -> None:
        """The crawls nearest to publication, each with an index of its own; the list of crawls once a run.

        A crawl never changes: one that did not have the page is not asked again, and the next ones are.
        """
        page, wanted = found.wanted.address, found.wanted
        listed = self._list_crawls(found)
        open_still = self._open_crawls(wanted, listed)
        if len(open_still) < len(listed):
            done = len(listed) - len(open_still)
            found.said.append(f"{done} crawls of Common Crawl had none, or none that was good, in earlier runs")
        for crawl in common_crawl.nearest(open_still, wanted.published_about, self._rescue.crawls):
            url = common_crawl.index_url(crawl, page)
            asked = self._index(
                found, url, CaptureSource.COMMON_CRAWL, partial(common_crawl.read_index, page), robots=False,
                others=common_crawl.count_lines, says_none=common_crawl.says_none, of="in this crawl",
            )  # fmt: skip
            self._try(found, asked.listing.copies, f"Common Crawl {crawl.id}")
            if self._is_done(found) or self._archives.closed(common_crawl.INDEX, page):
                return

    def _open_crawls(self, wanted: WantedPage, listed: Iterable[MonthlyCrawl]) -> list[MonthlyCrawl]:
        """The crawls that may have a copy which was not looked at."""
        without = self._archive.copies.crawls_without(wanted.page_id)
        known, law = self._archive.copies.verdicts(wanted.page_id), self._law(wanted.address.kind)
        found = []
        for crawl in listed:
            named = [verdict for key, verdict in known.items() if common_crawl.is_of(crawl, key[1])]
            looked_at = named and all(is_settled(verdict, law, every_version=self._history) for verdict in named)
            if not looked_at and common_crawl.index_url(crawl, wanted.address) not in without:
                found.append(crawl)
        return found

    def _list_crawls(self, found: Findings) -> tuple[MonthlyCrawl, ...]:
        if self._crawls is None:
            asked = self._index(found, common_crawl.CRAWLS, CaptureSource.COMMON_CRAWL, _as_if_copies, robots=False)
            if not asked.good:
                return ()
            self._crawls = common_crawl.read_crawls(asked.answer.body or b"")
        return self._crawls

    def _feed(self, found: Findings) -> None:
        """The body in a feed that is held: nothing is asked for."""
        wanted, now = found.wanted, self._clock.now()
        if wanted.held is CaptureSource.FEED or wanted.series_id is None or wanted.address.kind is not Kind.ARTICLE:
            return
        given = feeds.item(wanted.address, wanted.series_id, self._feeds(wanted.series_id), now)
        if given is None:
            found.said.append("the series feed does not have it")
            return
        judged = judge_copy(self._archive, wanted.address, CaptureSource.FEED)(given.answer)
        self._archives.recorder.record(given, judged)
        whose = given.provenance
        self._settle(found, judged.judgement.outcome, whose.source, whose.url or "", whose.at)

    def _feeds(self, series_id: int) -> list[feeds.HeldFeed]:
        """The feeds of a series that are held, read once a run."""
        if series_id not in self._held_feeds:
            captures = self._archive.copies.feed_captures(series_id)
            self._held_feeds[series_id] = feeds.read_all(series_id, captures)
        return self._held_feeds[series_id]

    def _index(
        self, found: Findings, url: str, source: CaptureSource, read: Callable[[bytes], Listing], *,
        robots: bool = True, others: Callable[[bytes], int] = lambda _: 0,
        says_none: Callable[[Answer], bool] = lambda _: False, of: str = "",
    ) -> Asked:  # fmt: skip
        """Ask an index, and remember what it named."""
        wanted, host = found.wanted, urls.host(url)
        what = ("crawl", "crawls") if read is _as_if_copies else ("copy", "copies")
        judge_answer = judge_index(wanted.address, read, what, others=others, says_none=says_none, of=of)
        asked = self._archives.ask(wanted.address, url, source, judge_answer, robots=robots)
        names_none = asked.judgement.signals.get("copies") == 0
        if asked.good and read is not _as_if_copies:
            self._archive.copies.note(wanted.page_id, asked.listing.copies, self._clock.now())
            found.spoke.add(host)
        elif names_none and read is not _as_if_copies:  # another spelling, or another crawl, may have some
            found.silent.setdefault(host, HOLDS_NONE)
        elif not asked.good:
            found.spoke.add(host)
            found.said.append(f"{host}: {asked.judgement.reason}")
        return asked

    def _try(self, found: Findings, copies: Iterable[Copy], name: str) -> None:
        """Have copies, none twice, the likeliest first, until one is good, on from where the last run stopped."""
        if self._check:
            return
        wanted, law = found.wanted, self._law(found.wanted.address.kind)
        known = self._archive.copies.verdicts(wanted.page_id)
        copies = [copy for copy in copies if key_of(copy) not in found.tried]
        chosen = choose(copies, wanted.published_about, known, law, every_version=self._history)
        found.said += _before(chosen, name)
        had: set[str] = set()
        tried = 0
        for place, copy in enumerate(chosen.todo):
            if copy.digest in had or (copy.digest is None and copy.url in had):
                continue
            why_not = self._archives.closed(copy.url, wanted.address)
            if tried >= self._rescue.copies or why_not is not None or not self._archives.budget_left():
                found.waiting |= {key_of(left) for left in chosen.todo[place:] if left.digest not in had}
                found.said += [f"{name}: {why_not}"] if why_not is not None else []
                break
            tried += 1
            found.tried.add(key_of(copy))
            before = known.get(key_of(copy), Verdict())
            asked = self._judged_anew(found, copy, before) or self._have(found, copy)
            if asked.judgement.outcome is Outcome.SKIPPED:
                found.tried.discard(key_of(copy))
                found.waiting.add(key_of(copy))
            self._remember(wanted, copy, asked, before, law)
            self._settle(found, asked.judgement.outcome, copy.holder, asked.answer.requested_url, wayback.made_at(
                asked.answer, copy.made_at) if copy.byte_range is None else copy.made_at)  # fmt: skip
            if self._is_done(found):
                return
            had.add(copy.digest or copy.url)
            if not asked.good:
                found.said.append(f"{name}, copy of {copy.made_at:%Y-%m-%d}: {asked.judgement.reason}")

    def _law(self, kind: Kind) -> str:
        """By what a copy is judged today: when that changes, what was refused is judged anew."""
        return f"{pages.parser_of(kind)} judge/{JUDGE} bytes/{self._bounds.body_bytes}"

    def _remember(self, wanted: WantedPage, copy: Copy, asked: Asked, before: Verdict, law: str) -> None:
        """Note what came of a copy. What its bytes are is final; that they were not had is so when it comes twice."""
        outcome, signals = asked.judgement.outcome, asked.judgement.signals
        if outcome is Outcome.SKIPPED:
            return
        twice = before.outcome is outcome and (signals.get("archived") or outcome is Outcome.NOT_FOUND)
        had = signals.get("had") or twice
        self._archive.copies.judged(wanted.page_id, copy, outcome, law if had else None)

    def _judged_anew(self, found: Findings, copy: Copy, before: Verdict) -> Asked | None:
        """A copy whose bytes are held and that an older law could not read, by the law of today; None for others."""
        if before.outcome is not Outcome.UNREADABLE or before.judged_by is None:
            return None
        kept = self._archive.copies.kept_bytes(found.wanted.page_id, copy)
        if kept is None:
            return None
        page = found.wanted.address
        answer = replace(kept, started_at=self._clock.now())
        judged = judge_copy(self._archive, page, copy.holder)(answer)
        judgement = replace(judged.judgement, signals={**judged.judgement.signals, "archived": True, "had": True})
        exchange = Exchange(page, answer, provenance=Provenance(copy.holder, answer.requested_url, copy.made_at))
        fetch_id = self._archives.recorder.record(exchange, replace(judged, judgement=judgement))
        return Asked(answer, judgement, fetch_id, judged.reading)

    def _have(self, found: Findings, copy: Copy) -> Asked:
        page = found.wanted.address
        if copy.byte_range is not None:
            unpacked = judge_copy(
                self._archive, page, copy.holder, lambda answer: common_crawl.unpack(page, answer, copy, self._bounds)
            )
            return self._archives.ask(
                page, copy.url, copy.holder, unpacked, extra=Extra(byte_range=copy.byte_range), robots=False,
                made_at=lambda _: copy.made_at,
            )  # fmt: skip
        return self._archives.ask(
            page, copy.url, copy.holder, judge_copy(self._archive, page, copy.holder),
            extra=Extra(archived=True), allowed=lambda url: _is_the_same_memento(url, copy, found.wanted),
            made_at=lambda answer: wayback.made_at(answer, copy.made_at),
        )  # fmt: skip

    def _settle(
        self, found: Findings, outcome: Outcome, source: CaptureSource, url: str, made_at: datetime | None
    ) -> None:
        if outcome is Outcome.OK:
            found.versions += 1
        if outcome in SUCCESSES and found.source is None:
            found.source, found.url, found.made_at = source, url, made_at


def _as_if_copies(body: bytes) -> Listing:
    """The list of crawls, read as an index is: it names places to ask, not copies."""
    crawls = common_crawl.read_crawls(body)
    return Listing(tuple(Copy(CaptureSource.COMMON_CRAWL, crawl.index, crawl.began, "") for crawl in crawls))


def _is_the_same_memento(url: str, copy: Copy, wanted: WantedPage) -> bool:
    """Whether a redirect leads to another capture of the same page in the same archive (RFC 7089 §4)."""
    target = wayback.split_memento(url)
    return urls.host(url) == urls.host(copy.url) and target is not None and names(target[1], wanted.address)


def _before(chosen: Chosen, name: str) -> list[str]:
    """What came of the copies that an index names and that are not tried again."""
    said = []
    if chosen.refused:
        why = ", ".join(f"{count} {outcome}" for outcome, count in Counter(chosen.refused).items())
        said.append(f"{name}: copies that were no good in earlier runs ({why})")
    if chosen.empty and not chosen.todo and not chosen.refused:
        said.append(f"{name}: names {chosen.empty} captures without a body of their own")
    return said
