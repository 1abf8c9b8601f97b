"""What an HTML file that a browser saved says of itself: the page's URL, and when it was saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from archiver import ithome, urls
from archiver.model import Address
from archiver.pages import beside
from archiver.pages.base import attribute, decode, feed_date, parse_html, written
from archiver.pages.beside import ShownPicture
from archiver.pages.glance import look
from archiver.pages.lean import MAX_BYTES, Lean, lean

# Internet Explorer's mark of the web, which Chromium writes too: the number is the length of the URL.
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\([0-9]{1,6}\)([^\s<>]{1,8000})\s*-->", re.IGNORECASE)
# HTTrack writes no scheme; links of the page, `og:url` included, lead to its own files.
_MIRRORED = re.compile(
    r"<!--\s*Mirrored from ([^\s<>]{1,8000}) by HTTrack[^<>]{0,200}?, ([A-Z][a-z]{2}, [^<>]{10,40} GMT)\s*-->"
)
_SINGLEFILE = re.compile(r"<!--\s*Page saved with SingleFile\s*\n([^<>]{0,10000}?)-->")
_FIELD = re.compile(r"^ *(url|saved date): *(\S.*?) *$", re.MULTILINE)
# JavaScript's Date.toString: "Thu Sep 21 2023 08:12:34 GMT+0800 (…)".
_JS_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} [0-9]{2} [0-9]{4} [0-9:]{8}) GMT([+-][0-9]{4})")
_HEAD = 20_000  # characters in which the tools write about themselves


@dataclass(frozen=True, slots=True)
class SavedFrom:
    """What a saved page says of itself; empty and None where it says nothing."""

    url: str = ""
    saved_at: datetime | None = None  # UTC


def about(page: Lean) -> SavedFrom:
    """The URL and date of a saved page: by the comment of the tool that saved it, `og:url`, or its canonical link.

    Out of a web archive it names that in the comment and itself in `og:url`: the first page of iThome counts.
    """
    text, _ = decode(page.body, None) if len(page.body) <= MAX_BYTES else decode(page.body[: 4 * _HEAD], None)
    singlefile = _SINGLEFILE.search(text[:_HEAD])
    fields = {match[1]: match[2] for match in _FIELD.finditer(singlefile[1])} if singlefile else {}
    comment, mirrored = _SAVED_FROM.search(text[:_HEAD]), _MIRRORED.search(text[:_HEAD])
    told = [fields.get("url", ""), comment[1] if comment else "", f"https://{mirrored[1]}" if mirrored else ""]
    told = [url for url in told if url]
    known = [url for url in told if _is_ours(url)]
    if not known:
        told += _named_by_page(text)
        known = [url for url in told if _is_ours(url)]
    saved_at = _moment(fields.get("saved date", "")) or feed_date(mirrored[2] if mirrored else None)
    return SavedFrom(next(iter(known or told), ""), saved_at)


def pictures(saved: Lean, url: str) -> Iterator[ShownPicture]:
    """Every picture of a saved page that lies beside it or is in it (`beside.pictures`). `url` is the page's own."""
    text = _parsable(saved)
    if text is None:
        return
    page = ithome.classify(url)
    base = page.url if isinstance(page, Address) else url if urls.host(url) else f"https://{ithome.ITHOME}/articles/"
    yield from beside.pictures(parse_html(written(text)), text, base, saved.content)


def _parsable(page: Lean) -> str | None:
    """The text of a page that the parser may see."""
    if len(page.body) > MAX_BYTES:
        return None
    text, _ = decode(page.body, None)
    return None if look(text).too_heavy else text


def named_by_its_buttons(body: bytes) -> frozenset[int]:
    """The articles that a page's buttons to like and to share are for: its own number, beside `og:url`."""
    text = _parsable(lean(body))
    if text is None:
        return frozenset()
    tree = parse_html(written(text))
    found = [attribute(node, "data-id") or "" for node in tree.css(".qa-panel__side .like_btn[data-type=article]")[:5]]
    shares = [attribute(node, "href") or "" for node in tree.css(".soc a[href]")[:5]]
    found += [match[1] for share in shares for match in re.finditer(r"/articles/([0-9]{1,12})", unquote(share))]
    return frozenset(int(number) for number in found if re.fullmatch(r"[1-9][0-9]{0,11}", number))


def _is_ours(url: str) -> bool:
    return isinstance(ithome.classify(url), Address)


def leaves_end_tags_out(text: str) -> bool:
    """Whether SingleFile saved the page: it leaves out every end tag that HTML lets it, `</html>` included."""
    return _SINGLEFILE.search(text[:_HEAD]) is not None


def _named_by_page(text: str) -> list[str]:
    if look(text).too_heavy:
        return []
    tree = parse_html(written(text))
    og_url = attribute(tree.css_first('meta[property="og:url"]'), "content")
    canonical = attribute(tree.css_first('link[rel="canonical" i]'), "href")
    return [url for url in (og_url, canonical) if url and url.startswith(("http://", "https://"))]


def _moment(written: str) -> datetime | None:
    match = _JS_DATE.match(written)
    if match is None:
        return None
    try:
        return datetime.strptime(f"{match[1]} {match[2]}", "%b %d %Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
