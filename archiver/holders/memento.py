"""TimeMaps (RFC 7089 §5): which mementos an archive, or an aggregator of archives, knows of a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from archiver import urls
from archiver.formats import values
from archiver.holders import wayback
from archiver.holders.listing import Listing, NotAnIndex
from archiver.ithome import names
from archiver.model import Address, CaptureSource, Copy
from archiver.text import line

# Its operator wants no programs, and says so by challenges: the link is printed for the user, never fetched.
NEVER_ASKED = frozenset(f"archive.{ending}" for ending in ("today", "ph", "is", "li", "md", "vn", "fo"))
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*+)')
_MOST_LINKS = 10_000  # of one TimeMap
_MOST_PLACES = 20  # for people, and further TimeMaps
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))')


def read(page: Address, body: bytes, own_url: str) -> Listing:
    """What an `application/link-format` document says of a page (RFC 6690, RFC 7089 §5). Raises NotAnIndex.

    Mementos in the Wayback Machine are left out, since its own index is asked; further TimeMaps count only on the
    same host (§5.1.2). Of endless lists the beginning counts.
    """
    if len(body) > values.MOST_BYTES:
        raise NotAnIndex(f"the archive answers with a TimeMap of more than {values.MOST_BYTES} bytes")
    copies: dict[Copy, None] = {}
    for_people: dict[str, None] = {}
    further: dict[str, None] = {}
    is_timemap = False
    for target, parameters in _links(body):
        is_timemap = is_timemap or "rel" in parameters
        rel = parameters.get("rel", "").lower().split()
        host = urls.host(target)
        if len(target) > values.LONGEST_URL or len(copies) >= values.MOST_COPIES:
            continue
        if "memento" in rel and host in NEVER_ASKED:
            for_people[target] = None
        elif "memento" in rel and host != urls.host(wayback.ORIGIN):
            copy = _copy(target, parameters, page)
            if copy is not None:
                copies[copy] = None
        elif rel == ["timemap"] and host == urls.host(own_url) and target != own_url:
            further[target] = None
    if not is_timemap:
        raise NotAnIndex("the archive answers with something that is no TimeMap")
    return Listing(
        tuple(copies), for_people=tuple(islice(for_people, _MOST_PLACES)), further=tuple(islice(further, _MOST_PLACES))
    )


def _links(body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """The target and the parameters of each link, one at a time."""
    for match in islice(_LINK.finditer(body.decode("utf-8", "replace")), _MOST_LINKS):
        named = _PARAMETER.finditer(match[2])
        yield match[1].strip(), {one[1].lower(): one[2] if one[2] is not None else one[3] for one in named}


def count_mementos(body: bytes) -> int:
    """How many mementos a TimeMap names, those included that other readers ask for, or only a person may look at."""
    if len(body) > values.MOST_BYTES:
        return 0
    return sum("memento" in parameters.get("rel", "").lower().split() for _, parameters in _links(body))


def _copy(target: str, parameters: dict[str, str], page: Address) -> Copy | None:
    """A memento whose raw bytes can be asked for; None for another page, or an address of another form."""
    found = wayback.split_memento(target)
    if found is None or not names(found[1], page):
        return None
    at = values.http_date(parameters.get("datetime")) or wayback.moment(found[0])
    return (
        None if at is None else Copy(CaptureSource.MEMENTO, line(raw_url(target), 2 * values.LONGEST_URL), at, found[1])
    )


def raw_url(target: str) -> str:
    """The address of a memento's bytes as captured: `id_` behind the timestamp, as OpenWayback and pywb have it.

    What these give without it has rewritten links and a banner: not the page.
    """
    return re.sub(r"/([0-9]{14})(?:[a-z]{2}_)?/(?=https?:/)", r"/\1id_/", target, count=1)


def for_a_person(page: Address) -> str:
    """Where a person may look for copies in archive.today."""
    return f"https://archive.today/{page.url}"
