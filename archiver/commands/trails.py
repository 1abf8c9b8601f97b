"""The responses of a recording as if they came over the wire: which page each is of, through which redirects.

A recording holds an answer for each URL. What a page shows may stand behind redirects, so a response is of every page
whose way through the file leads to it. Which redirect is followed is the law of live answers (`web.redirects`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from archiver import urls
from archiver.formats.files import File
from archiver.formats.found import Found
from archiver.model import Address, Answer, Outcome
from archiver.verdict import may_lead_to
from archiver.web import guard, redirects

Root = Callable[[str], Address | None]
"""The page that a response for a URL is of by that URL alone."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One response as one request of a visit would have had it."""

    address: Address  # of the page that was asked for
    found: Found
    file: File  # that it stands in
    answer: Answer
    hop: int = 0  # redirects followed before
    final: bool = True


@dataclass(frozen=True, slots=True)
class _Way:
    """How a recording leads to a URL: from which page, through which redirects."""

    address: Address
    hops: tuple[tuple[Found, File], ...] = ()


class Trails:
    """The redirects in the files of a recording: `note` each response until none is `unseen`, then ask its `steps`."""

    def __init__(self, root: Root, most: int) -> None:
        """`root` says which page a URL is; `most` is how many redirects are followed."""
        self._root = root
        self._most = most
        self._ways: dict[str, dict[str, _Way]] = {}  # URL → page → the first way found there
        self._leads: dict[tuple[str, str], set[str]] = {}  # URL and page → where its redirects lead
        self._ends: set[tuple[str, str]] = set()  # URL and page, where an answer is the last one
        self._noted: set[tuple[str, str]] = set()  # URL and page
        self._files: set[Path] = set()  # with responses of wanted pages

    def wants(self, url: str) -> bool:
        """Whether a response for a URL is of a page that is wanted, by itself or through a redirect noted so far."""
        return _key(url) in self._ways or self._root(url) is not None

    def note(self, found: Found, file: File) -> None:
        """Remember where a response of a file leads, but not its body."""
        key = _key(found.url)
        for way in self._ways_to(found.url):
            page, target = way.address.url, self._target(way, found)
            self._noted.add((key, page))
            self._files.add(file.path)
            if target is None:
                self._ends.add((key, page))
                continue
            self._leads.setdefault((key, page), set()).add(target)
            longer = _Way(way.address, (*way.hops, (replace(found, body=None), file)))
            self._ways.setdefault(target, {}).setdefault(page, longer)

    def any_of(self, file: File) -> bool:
        """Whether any response noted of a file is of a wanted page."""
        return file.path in self._files

    def unseen(self) -> frozenset[str]:
        """URLs that redirects lead to, of which nothing was noted: they stand earlier in the file, or not in it."""
        return frozenset(key for key, led in self._ways.items() if any((key, page) not in self._noted for page in led))

    def is_unseen(self, url: str, unseen: frozenset[str]) -> bool:
        """Whether a response for a URL is one of those."""
        return _key(url) in unseen

    def steps(self, found: Found, file: File, now: datetime) -> Iterator[Hop]:
        """What a response says of each page that it is of: the redirects before it, and itself as the last answer.

        Nothing for a redirect that is followed to an answer that was noted: it comes before that answer.
        """
        for way in self._ways_to(found.url):
            target = self._target(way, found)
            if target is not None and self._is_answered(target, way.address.url):
                continue
            for hop, (before, of_file) in enumerate(way.hops):
                yield Hop(way.address, before, of_file, answer_of(way.address, before, now), hop, final=False)
            answer = self._followed(way, found, now)
            yield Hop(way.address, found, file, answer, len(way.hops))

    def _ways_to(self, url: str) -> list[_Way]:
        led = self._ways.get(_key(url), {})
        own = self._root(url)
        alone = [_Way(own)] if own is not None and own.url not in led else []
        return [*alone, *led.values()]

    def _followed(self, way: _Way, found: Found, now: datetime) -> Answer:
        """A response as the answer to the last request of a way; a redirect that is not followed says why."""
        answer, seen = answer_of(way.address, found, now), {_key(found.url), *(_key(hop.url) for hop, _ in way.hops)}
        if answer.location is not None:
            answer = replace(answer, location=answer.location.partition("#")[0])
        return redirects.only_to_follow(
            answer, len(way.hops), seen, self._most, gate=guard.refused_url,
            allowed=lambda url: may_lead_to(way.address, url),
        )  # fmt: skip

    def _target(self, way: _Way, found: Found) -> str | None:
        answer = self._followed(way, found, _ANY_TIME)
        return _key(answer.location or "") if redirects.leads_on(answer) else None

    def _is_answered(self, key: str, page: str) -> bool:
        """Whether there is a last answer for a page at a URL, or behind redirects from it."""
        pending, seen = [key], set()
        while pending:
            at = pending.pop()
            if (at, page) in self._ends:
                return True
            seen.add(at)
            pending += self._leads.get((at, page), set()) - seen
        return False


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # where only the way matters


def _key(url: str) -> str:
    """A URL as two that mean the same request are written."""
    return (urls.resolve(url, url) or url).partition("#")[0]


def answer_of(address: Address, found: Found, now: datetime) -> Answer:
    """A response of a file as an answer. `now` is when it is read."""
    if found.status == 304:
        no_body = "a 304 (not modified): the file holds no body for it"
        found = replace(found, failure=Outcome.TRUNCATED, error=no_body, body=None)
    location = next((value for name, value in found.headers if name == "location"), None)
    target = urls.resolve(found.url or address.url, location) or location if location else None
    return Answer(
        requested_url=found.url or address.url, started_at=now, elapsed_ms=0, status=found.status,
        headers=found.headers, body=found.body, wire_bytes=len(found.body or b""),
        location=target if 300 <= (found.status or 0) < 400 else None, failure=found.failure, error=found.error,
    )  # fmt: skip
