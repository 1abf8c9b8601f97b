"""The Wayback Machine's own words: its CDX index and the addresses of its mementos. Pure.

The index is documented in github.com/internetarchive/wayback, wayback-cdx-server; `id_` in an address asks for the
body as it was captured, without the toolbar and without rewritten links.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus, urlencode

from archiver.formats import values
from archiver.holders.listing import NOTHING, Listing, NotAnIndex, document
from archiver.ithome import names
from archiver.model import Address, Answer, CaptureSource, Copy
from archiver.text import line

ORIGIN = "https://web.archive.org"
INDEX = f"{ORIGIN}/cdx/search/cdx"
_FIELDS = ("timestamp", "original", "mimetype", "statuscode", "digest")
_ROWS = 500  # of one answer; more are asked for with its resume key
_LONGEST_KEY = 2_000  # letters of a resume key, which names the row to go on from
_EXCLUDED = re.compile(r"Blocked\s*Site|AccessControl|excluded from the Wayback", re.IGNORECASE)
_MEMENTO = re.compile(r"/([0-9]{14})(?:[a-z]{2}_)?/(https?:/.*)")


def index_url(
    spelling: str, *, prefix: bool = False, resume_key: str | None = None, since: datetime | None = None
) -> str:
    """The question for every capture with status 200 of a URL, oldest first; `since`: from that moment on.

    `prefix`: also with a query behind it (`?sc=rss.iron`), as the feed writes its links (docs/site.md §8.1).
    """
    asked = [("url", spelling), ("output", "json"), ("fl", ",".join(_FIELDS)), ("filter", "statuscode:200")]
    if prefix:
        asked += [("matchType", "prefix"), ("filter", f"original:.*{re.escape(spelling.partition('//')[2])}/?([?].*)?")]
    if since is not None:
        asked.append(("from", f"{since.astimezone(UTC):%Y%m%d%H%M%S}"))
    asked += [("limit", str(_ROWS)), ("showResumeKey", "true")]
    if resume_key is not None:
        asked.append(("resumeKey", resume_key))
    return f"{INDEX}?{urlencode(asked)}"


def read_index(page: Address, body: bytes) -> Listing:
    """The copies of a page that an answer names, and the key for more of them. Raises NotAnIndex.

    An empty list says that nothing is held. Rows that make no sense, or speak of another page, are left out. A key
    that is too long to be asked with is an empty one: there are more, and nobody can have them.
    """
    listed = document(body)
    if not isinstance(listed, list) or not all(isinstance(row, list) for row in listed):
        raise NotAnIndex("the index answers with JSON that is no table")
    if not listed:
        return NOTHING
    rows, key = _without_key(listed)
    names_of = rows[0] if rows else []
    if not all(isinstance(name, str) for name in names_of) or not {"timestamp", "original"} <= set(names_of):
        raise NotAnIndex("the index answers with a table of other columns")
    found = (_copy(dict(zip(names_of, row, strict=False)), page) for row in rows[1:])
    return Listing(tuple(copy for copy in found if copy is not None)[: values.MOST_COPIES], key)


def count_rows(body: bytes) -> int:
    """How many captures an answer names, of whatever page. Raises nothing: an answer that is none names none."""
    try:
        listed = values.document(body)
    except values.TooMuch:
        return 0
    rows = listed[1:] if isinstance(listed, list) else []
    return sum(isinstance(row, list) and len(row) > 1 for row in rows)


def _without_key(listed: list[list[Any]]) -> tuple[list[list[Any]], str | None]:
    """The rows, and the resume key that an empty row announces."""
    if len(listed) >= 2 and listed[-2] == [] and len(listed[-1]) == 1:
        return listed[:-2], unquote_plus(values.text(listed[-1][0], _LONGEST_KEY) or "")
    return [row for row in listed if row], None


def _copy(row: dict[str, Any], page: Address) -> Copy | None:
    at, original = moment(row.get("timestamp")), values.text(row.get("original"))
    if at is None or original is None or not names(original, page):
        return None
    return Copy(
        CaptureSource.WAYBACK, line(memento_url(str(row["timestamp"]), original), 2 * values.LONGEST_URL), at, original,
        digest=values.text(row.get("digest")), media_type=values.text(row.get("mimetype")),
        http_status=values.http_status(row.get("statuscode")),
    )  # fmt: skip


def memento_url(timestamp: str, original: str) -> str:
    """Where the bytes of a capture are had, as they were captured."""
    return f"{ORIGIN}/web/{timestamp}id_/{original}"


def moment(timestamp: Any) -> datetime | None:
    """The moment that 14 digits name, UTC; None for anything else, and for a year without a web."""
    if not isinstance(timestamp, str) or not re.fullmatch(r"[0-9]{14}", timestamp):
        return None
    try:
        return values.in_bounds(datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return None


def split_memento(url: str) -> tuple[str, str] | None:
    """The timestamp and the original URL in the address of a memento; None when it has no such form."""
    match = _MEMENTO.search(url)
    if match is None:
        return None
    return match[1], re.sub(r"^(https?):/+", r"\1://", match[2])


def is_memento(answer: Answer) -> bool:
    """Whether an archive gives what it captured, and does not speak for itself (RFC 7089 §2.1.1)."""
    return answer.header("memento-datetime") is not None


def excludes(answer: Answer) -> bool:
    """Whether the answer says that the whole site is kept from the public: not about us, and not to be asked again.

    The Wayback Machine says so by 403 and the name of an error in a field of its own (docs/site.md §16).
    """
    if answer.status not in {403, 451} or is_memento(answer):
        return False
    told = answer.header("x-archive-wayback-runtime-error") or (answer.body or b"")[:2_000].decode("utf-8", "replace")
    return _EXCLUDED.search(told) is not None


def made_at(answer: Answer, otherwise: datetime) -> datetime:
    """When the capture that came was made: Memento-Datetime, or the address that answered; never after it came."""
    found = split_memento(answer.requested_url)
    said = values.http_date(answer.header("memento-datetime")) or (moment(found[0]) if found else None)
    return min(said or otherwise, answer.started_at)
