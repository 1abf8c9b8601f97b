"""All that is true of iThome but its markup: URL grammar (docs/site.md §3), deny list, spellings, the control id. Pure.

A page has one canonical URL, the key of everything that is known about it. Whatever is not a known kind of page is a
`Refusal`, and the deny list comes first: a URL whose GET acts, or that is private, is never fetchable in any spelling.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from archiver import urls
from archiver.model import Address, Kind, Refusal, Refused
from archiver.text import line
from archiver.urls import EDGE_WHITE_SPACE

ITHOME = "ithelp.ithome.com.tw"
_SITE = f"https://{ITHOME}"
CDN = "d1dwq032kyr03c.cloudfront.net"  # where iThome's own images really lie (docs/site.md §11)
_ITHOME_NAMES = frozenset({ITHOME, f"www.{ITHOME}"})
_MAX_PAGE = 10_000
_MAX_LAYERS = 10  # of percent-encoding; nobody but an attacker writes more than two
_ID = r"([1-9][0-9]{0,11})"
_ARTICLE = re.compile(rf"/articles/{_ID}")
_SERIES = re.compile(rf"/users/{_ID}/ironman/{_ID}")
# The contest's own form of a series' address. It names no author, and any contest's name serves any year's series.
_NAMELESS_SERIES = re.compile(rf"/[A-Za-z0-9_-]{{0,40}}ironman/articles/{_ID}")
_FEED = re.compile(rf"/rss/series/{_ID}")
_IMAGE = re.compile(r"/(?:upload/images|images/emoticon|storage/image)/.+")
_DENIED = re.compile(
    r"/(?:create|draft|edit|publish|delete|store|update|logout|login|register|oauth|search|api|cdn-cgi)(?:/|$)"
)
_SIMPLE_PATH = re.compile(r"(?:/[a-z0-9_-]+)+")  # reads the same however lenient a server is

_LONGEST_SPELLING = 2_000  # characters; what is longer names no page of iThome, however it is spelt
_FRONT = re.compile(r"^https?://(?:www\d*\.)?", re.IGNORECASE)
_DEFAULT_PORT = re.compile(r"^([^/:]+):(?:80|443)(?=/|$)")


def is_ithome(url: str) -> bool:
    """Whether a URL is on the site itself, or on the host where its images really lie."""
    return urls.host(url) in _ITHOME_NAMES | {CDN}


def denied(url: str) -> bool:
    """Whether a GET of this iThome URL acts on the site or is private (docs/site.md §3.4), in any spelling."""
    try:
        parts = urlsplit(url.strip(EDGE_WHITE_SPACE))
        foreign = (parts.hostname or ITHOME).rstrip(".") not in _ITHOME_NAMES
    except ValueError:
        return True
    if foreign:
        return False
    if _SIMPLE_PATH.fullmatch(parts.path):
        return _DENIED.search(parts.path) is not None
    decoded = _decoded(parts.path)
    return decoded is None or _DENIED.search(_plain(decoded)) is not None


def _decoded(path: str) -> str | None:
    """A path decoded until nothing is left to decode; None when that never ends."""
    for _ in range(_MAX_LAYERS):
        decoded = unquote(path)
        if decoded == path:
            return path
        path = decoded
    return None


def _plain(path: str) -> str:
    """A decoded path as a lenient server may read it: lower case, one slash, no dot segments."""
    folded = re.sub(r"[\x00-\x20\x7f-\x9f]", "", path).lower().replace("\\", "/")
    folded = re.sub(r";[^/]*", "", folded)
    return re.sub(r"/(?:\./|/)+", "/", urls.without_dots(f"/{folded}"))


def classify(raw: str, base: str | None = None) -> Address | Refusal:
    """The page that a URL names on iThome, or why it is not fetched. Relative URLs need `base`. Never raises."""
    if raw.startswith(_SITE) and (written_as_ours := _page_at(raw[len(_SITE) :])) is not None:
        return written_as_ours
    parts = urls.split(raw, base)
    if parts is None:
        return Refusal(line(raw, 500), Refused.MALFORMED)
    host_name = parts.netloc
    if host_name.partition(":")[0] in _ITHOME_NAMES and denied(parts.geturl()):
        return Refusal(parts.geturl(), Refused.DENIED)
    if host_name == CDN and _is_image(parts.path):
        return Address(parts._replace(scheme="https", query="").geturl(), Kind.IMAGE)
    if host_name not in _ITHOME_NAMES:
        return Refusal(parts.geturl(), Refused.FOREIGN)
    return _classify_ithome(parts) or Refusal(parts.geturl(), Refused.UNSUPPORTED)


def _page_at(path: str, query: str = "") -> Address | None:
    """The article, list or feed at a path that is written as we write it."""
    if match := _ARTICLE.fullmatch(path):
        return Address(f"{_SITE}{path}", Kind.ARTICLE, article_id=int(match[1]))
    if match := _SERIES.fullmatch(path):
        user_id, series_id, page = int(match[1]), int(match[2]), _page(query)
        return Address(series_url(user_id, series_id, page), Kind.SERIES, None, series_id, user_id, page)
    if match := _FEED.fullmatch(path):
        return Address(f"{_SITE}{path}", Kind.FEED, series_id=int(match[1]))
    return None


def _classify_ithome(parts: SplitResult) -> Address | None:
    path = re.sub(r"^/m(?=/)", "", _plain_for_matching(parts.path)).rstrip("/") or "/"
    if (found := _page_at(path, parts.query)) is not None:
        return found
    if match := _NAMELESS_SERIES.fullmatch(path):
        series_id, page = int(match[1]), _page(parts.query)
        return Address(series_url(None, series_id, page), Kind.SERIES, series_id=series_id, page_number=page)
    if path == "/robots.txt":
        return Address(f"https://{ITHOME}/robots.txt", Kind.ROBOTS)
    if _is_image(path):
        return Address(f"https://{ITHOME}{path}", Kind.IMAGE)
    return None


def _is_image(path: str) -> bool:
    return _IMAGE.fullmatch(path) is not None and ".." not in (_decoded(path) or "..")


def _plain_for_matching(path: str) -> str:
    """Percent-encoded digits and letters mean themselves (RFC 3986 §6.2.2.2); doubled slashes are one."""
    if _SIMPLE_PATH.fullmatch(path):
        return path
    decoded = re.sub(r"%(3[0-9]|[46][1-9a-f]|[57][0-9a])", lambda match: unquote(match[0]), path, flags=re.IGNORECASE)
    return re.sub(r"/{2,}", "/", decoded)


def _page(query: str) -> int:
    if not query:
        return 1
    values = parse_qs(query, max_num_fields=50).get("page", ["1"]) if query.count("&") < 50 else ["1"]
    number = values[0].strip()
    return min(max(int(number), 1), _MAX_PAGE) if re.fullmatch(r"[0-9]{1,5}", number) else 1


def source_address(raw: str) -> Address | Refusal:
    """What a user may name as a source: a page of iThome, or any other http(s) page as an index. Never raises."""
    found = classify(raw)
    if isinstance(found, Address):
        return found if found.kind not in {Kind.ROBOTS, Kind.IMAGE} else Refusal(found.url, Refused.UNSUPPORTED)
    if found.why is not Refused.FOREIGN:
        return found
    parts = urls.split(raw, None)
    assert parts is not None, "a foreign URL was split before"
    return Address(parts.geturl(), Kind.INDEX)


def image_address(raw: str) -> Address | None:
    """The page of an image that a body shows, wherever it lies; None for one that is never asked for."""
    return _elsewhere(raw, Kind.IMAGE, {Refused.FOREIGN, Refused.UNSUPPORTED})


def link_address(raw: str) -> Address | None:
    """The outside page that a link leads to; None for iThome's own pages and for what is never asked for."""
    return _elsewhere(raw, Kind.LINK, {Refused.FOREIGN})


def _elsewhere(raw: str, kind: Kind, welcome: set[Refused]) -> Address | None:
    found = classify(raw)
    if isinstance(found, Address):
        return found if found.kind is kind else None
    return Address(found.url, kind) if found.why in welcome else None


def control_address() -> Address:
    """An article that cannot exist: how the host answers shows what "no such page" looks like there.

    Article ids have eight digits and grow by some ten thousands a year (docs/site.md §3.1); this one has nine.
    """
    return Address(article_url(999_999_999), Kind.CONTROL)


def article_url(article_id: int) -> str:
    """The canonical URL of an article."""
    return f"https://{ITHOME}/articles/{article_id}"


def series_url(user_id: int | None, series_id: int, page: int = 1) -> str:
    """The canonical URL of a page of a series' list; page 1 has no query (docs/site.md §3.1).

    Without its author's number: the contest's form, which is a page of its own until it says whose series it is.
    """
    query = f"?page={page}" if page > 1 else ""
    if user_id is None:
        return f"https://{ITHOME}/ironman/articles/{series_id}{query}"
    return f"https://{ITHOME}/users/{user_id}/ironman/{series_id}{query}"


def is_same_page(one: Address, other: Address) -> bool:
    """Whether two addresses name one page: the same spelling, or the same page of the same series' list.

    A series' number is its own on the whole site, whoever the address says its author is (docs/site.md §6.1).
    """
    both_lists = one.kind is Kind.SERIES and other.kind is Kind.SERIES
    same_list = both_lists and (one.series_id, one.page_number) == (other.series_id, other.page_number)
    return same_list or one.url == other.url


def feed_url(series_id: int) -> str:
    """The canonical URL of a series' feed."""
    return f"https://{ITHOME}/rss/series/{series_id}"


def names(original: str, page: Address) -> bool:
    """Whether `original` is a spelling of the page: its classes agree, or, off iThome, all but scheme and www."""
    if len(original) > _LONGEST_SPELLING:
        return False
    found = classify(original)
    if isinstance(found, Address):
        return found.url == page.url
    return _undressed(original) == _undressed(page.url)


def _undressed(url: str) -> str:
    return _DEFAULT_PORT.sub(r"\1", _FRONT.sub("", url)).rstrip("/").lower()


def spellings(page: Address) -> tuple[str, ...]:
    """The URLs under which archives may have filed a page: its own, and for an article the mobile one."""
    if page.article_id is None:
        return (page.url,)
    return page.url, f"https://{ITHOME}/m/articles/{page.article_id}"
