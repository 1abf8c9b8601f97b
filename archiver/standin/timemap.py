"""TimeMaps (RFC 7089 §5) of an archive that runs pywb, and of an aggregator that lists other archives' mementos."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from archiver.standin.shelf import Memento, Shelf
from archiver.standin.wire import Reply, Request, http_date, json_reply, page

PYWB = "arquivo.pt"
AGGREGATOR = "timetravel.mementoweb.org"
_PAGE = 50  # mementos in one TimeMap; more are paged (RFC 7089 §5.1.2)
_MEMENTO = re.compile(r"/wayback/([0-9]{1,14})(id_|mp_)?/(.+)")
_TIMEMAP = re.compile(r"/(?:wayback/)?timemap/link/(?:([0-9]+)/)?(https?://.+)")


def link_format(
    found: Sequence[Memento], own_url: str, timegate: str, where: Callable[[Memento], str], further: str | None = None
) -> Reply:
    """A TimeMap as `application/link-format`, oldest first; `further` is the next page of a long one."""
    span = f'from="{http_date(found[0].at)}"; until="{http_date(found[-1].at)}"'
    lines = [
        f'<{found[0].url}>; rel="original"',
        f'<{own_url}>; rel="self"; type="application/link-format"; {span}',
        f'<{timegate}>; rel="timegate"',
    ]
    if further is not None:
        lines.append(f'<{further}>; rel="timemap"; type="application/link-format"')
    for number, one in enumerate(found):
        place = " ".join((["first"] if number == 0 else []) + (["last"] if one is found[-1] else []) + ["memento"])
        lines.append(f'<{where(one)}>; rel="{place}"; datetime="{http_date(one.at)}"')
    return Reply(200, (",\n".join(lines) + "\n").encode(), "application/link-format")


def pywb(shelf: Shelf, request: Request) -> Reply:
    """What an archive with pywb says: TimeMaps, raw mementos under `id_`, rewritten ones without."""
    if match := _TIMEMAP.fullmatch(request.target):
        return _timemap(shelf, int(match[1] or 1), match[2])
    if match := _MEMENTO.fullmatch(request.target):
        return _memento(shelf, match[1], match[2] or "", match[3])
    return page("<html><head><title>404 Not Found</title></head><body></body></html>", 404)


def pywb_url(one: Memento, flags: str = "") -> str:
    """Where such an archive plays a memento."""
    return f"https://{PYWB}/wayback/{one.timestamp}{flags}/{one.url}"


def _timemap(shelf: Shelf, number: int, url: str) -> Reply:
    found = shelf.of(url)
    shown = found[(number - 1) * _PAGE : number * _PAGE]
    if not shown:
        return json_reply({"message": "No captures found"}, 404)
    base = f"https://{PYWB}/wayback/timemap/link"
    further = f"{base}/{number + 1}/{url}" if len(found) > number * _PAGE else None
    return link_format(shown, f"{base}/{url}", f"https://{PYWB}/wayback/{url}", pywb_url, further)


def _memento(shelf: Shelf, timestamp: str, flags: str, url: str) -> Reply:
    found = shelf.nearest(url, timestamp)
    if found is None:
        return page("<html><head><title>URL Not Found</title></head><body></body></html>", 404)
    if found.timestamp != timestamp:
        return Reply(307, headers=(("Location", pywb_url(found, flags)),))
    body = found.body if flags == "id_" else found.body.replace(b"https://", b"https://arquivo.pt/wayback/mp_/https://")
    return Reply(found.status, body, found.mime, (("Memento-Datetime", http_date(found.at)),))


def aggregator(known: Sequence[tuple[Memento, str]], request: Request) -> Reply:
    """A TimeMap of mementos in any archive: pairs of a memento and where it is played."""
    match = _TIMEMAP.fullmatch(request.target)
    if match is None:
        return page("<html><head><title>Not Found</title></head><body></body></html>", 404)
    asked = Shelf()
    asked.put(*(one for one, _ in known))
    places = {id(one): place for one, place in known}
    found = asked.of(match[2])
    if not found:
        return Reply(404, b"", "text/plain")
    base, url = f"https://{AGGREGATOR}", match[2]
    return link_format(found, f"{base}/timemap/link/{url}", f"{base}/timegate/{url}", lambda one: places[id(one)])
