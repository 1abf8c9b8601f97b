"""The URL grammar of iThome (ANATOMY §2): canonicalise, classify, refuse. Pure.

A page has one canonical URL, the key of everything that is known about it. Whatever is not a known kind of page is a
`Refusal`, and the deny list comes first: a URL whose GET acts, or that is private, is never fetchable in any spelling.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, unquote, urljoin, urlsplit

from archiver.model import Address, Kind, Refusal, Refused
from archiver.text import line

ITHOME = "ithelp.ithome.com.tw"
_SITE = f"https://{ITHOME}"
CDN = "d1dwq032kyr03c.cloudfront.net"  # where iThome's own images really lie (ANATOMY §0)
_ITHOME_NAMES = frozenset({ITHOME, f"www.{ITHOME}"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL = 8_000
_MAX_PAGE = 10_000

# A URL that needs no mending: lower-case names without a port, nothing empty, nothing to encode.
_PLAIN = re.compile(
    r"(https?)://(?![^/]*xn--)((?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,9}[a-z]{2,24})"
    r"(/[A-Za-z0-9._~!$&'()*+,:=@%/-]*)(?:\?([A-Za-z0-9._~!$&'()*+,:=@%/?-]+))?(#[A-Za-z0-9._~!$&'()*+,:=@%/?-]+)?"
)

# Space inside a URL's quotes is white space of the page (ANATOMY §4); anything else of this kind is an attack.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_EDGE_WHITE_SPACE = "\t\n\r\x0b\x0c \u00a0\u200b\u2028\u2029\u3000\ufeff"
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


def is_ithome(url: str) -> bool:
    """Whether a URL is on the site itself, or on the host where its images really lie."""
    return host(url) in _ITHOME_NAMES | {CDN}


def denied(url: str) -> bool:
    """Whether a GET of this iThome URL acts on the site or is private (ANATOMY §2), in any spelling."""
    try:
        parts = urlsplit(url.strip(_EDGE_WHITE_SPACE))
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
    return re.sub(r"/(?:\./|/)+", "/", _without_dots(folded))


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept).lstrip("/")


def classify(raw: str, base: str | None = None) -> Address | Refusal:
    """The page that a URL names on iThome, or why it is not fetched. Relative URLs need `base`. Never raises."""
    if raw.startswith(_SITE) and (canonical := _canonical(raw)) is not None:
        return canonical
    parts = _split(raw, base)
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


def _canonical(url: str) -> Address | None:
    """The page whose URL is written as we write it."""
    path = url[len(_SITE) :]
    if match := _ARTICLE.fullmatch(path):
        return Address(url, Kind.ARTICLE, article_id=int(match[1]))
    if match := _SERIES.fullmatch(path):
        return Address(url, Kind.SERIES, series_id=int(match[2]), user_id=int(match[1]), page_number=1)
    if match := _FEED.fullmatch(path):
        return Address(url, Kind.FEED, series_id=int(match[1]))
    return None


def _classify_ithome(parts: SplitResult) -> Address | None:
    path = re.sub(r"^/m(?=/)", "", _plain_for_matching(parts.path))
    path = path.rstrip("/") or "/"
    if match := _ARTICLE.fullmatch(path):
        return Address(article_url(int(match[1])), Kind.ARTICLE, article_id=int(match[1]))
    if match := _SERIES.fullmatch(path):
        user_id, series_id, page = int(match[1]), int(match[2]), _page(parts.query)
        return Address(
            series_url(user_id, series_id, page), Kind.SERIES, series_id=series_id, user_id=user_id, page_number=page
        )
    if match := _NAMELESS_SERIES.fullmatch(path):
        series_id, page = int(match[1]), _page(parts.query)
        return Address(series_url(None, series_id, page), Kind.SERIES, series_id=series_id, page_number=page)
    if match := _FEED.fullmatch(path):
        return Address(feed_url(int(match[1])), Kind.FEED, series_id=int(match[1]))
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
    values = parse_qs(query, max_num_fields=50).get("page", ["1"]) if query.count("&") < 50 else ["1"]
    number = values[0].strip()
    return min(max(int(number), 1), _MAX_PAGE) if re.fullmatch(r"[0-9]{1,5}", number) else 1


def _split(raw: str, base: str | None) -> SplitResult | None:
    """The parts of an absolute http(s) URL: lower-case host, no default port, no fragment; None when unusable."""
    if len(raw) <= _MAX_URL and (plain := _PLAIN.fullmatch(raw)):
        return SplitResult(plain[1], plain[2], plain[3], plain[4] or "", "")
    text = _trimmed(raw)
    if len(text) > _MAX_URL or not text:
        return None
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        port = parts.port
        host_name = _ascii_host(parts.hostname or "")
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host_name or "@" in parts.netloc or _FORBIDDEN.search(parts.geturl()):
        return None
    if re.search(r"[%\s/?#<>^|]", host_name) or port == 0:
        return None
    host_name = f"[{host_name}]" if ":" in host_name else host_name
    shown_port = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return SplitResult(parts.scheme, f"{host_name.lower()}{shown_port}", parts.path or "/", parts.query, "")


def _trimmed(raw: str) -> str:
    """A URL as a browser takes it from an attribute: no white space around it, no line breaks, spaces encoded."""
    return re.sub(r"[\t\n\r]", "", raw.strip(_EDGE_WHITE_SPACE)).replace(" ", "%20")


def _ascii_host(name: str) -> str:
    """A host as DNS has it (RFC 3490). Raises ValueError for one that cannot be, such as `xn--`."""
    encoded = name.rstrip(".").encode("idna")
    encoded.decode("idna")
    return encoded.decode("ascii")


def source_address(raw: str) -> Address | Refusal:
    """What a user may name as a source: a page of iThome, or any other http(s) page as an index. Never raises."""
    found = classify(raw)
    if isinstance(found, Address):
        return found if found.kind not in {Kind.ROBOTS, Kind.IMAGE} else Refusal(found.url, Refused.UNSUPPORTED)
    if found.why is not Refused.FOREIGN:
        return found
    parts = _split(raw, None)
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

    Article ids have eight digits and grow by some hundred thousand a year (ANATOMY §2); this one has nine.
    """
    return Address(article_url(999_999_999), Kind.CONTROL)


def article_url(article_id: int) -> str:
    """The canonical URL of an article."""
    return f"https://{ITHOME}/articles/{article_id}"


def series_url(user_id: int | None, series_id: int, page: int = 1) -> str:
    """The canonical URL of a page of a series' list; page 1 has no query (ANATOMY §2).

    Without its author's number: the contest's form, which is a page of its own until it says whose series it is.
    """
    query = f"?page={page}" if page > 1 else ""
    if user_id is None:
        return f"https://{ITHOME}/ironman/articles/{series_id}{query}"
    return f"https://{ITHOME}/users/{user_id}/ironman/{series_id}{query}"


def is_same_page(one: Address, other: Address) -> bool:
    """Whether two addresses name one page: the same spelling, or the same page of the same series' list.

    A series' number is its own on the whole site, whoever the address says its author is (ANATOMY §11).
    """
    if one.url == other.url:
        return True
    both_lists = one.kind is Kind.SERIES and other.kind is Kind.SERIES
    return both_lists and (one.series_id, one.page_number) == (other.series_id, other.page_number)


def feed_url(series_id: int) -> str:
    """The canonical URL of a series' feed."""
    return f"https://{ITHOME}/rss/series/{series_id}"


def robots_address(url: str) -> Address:
    """The robots.txt that governs a URL (RFC 9309 §2.3)."""
    return Address(f"{origin(url)}/robots.txt", Kind.ROBOTS)


def origin(url: str) -> str:
    """Scheme, host and port of an http(s) URL, in lower case and without a default port; empty when unusable."""
    parts = _split(url, None)
    return f"{parts.scheme}://{parts.netloc}" if parts else ""


def host(url: str) -> str:
    """Host, with its port where that is not the scheme's default; empty when unusable."""
    parts = _split(url, None)
    return parts.netloc if parts else ""


def resolve(base: str, href: str) -> str | None:
    """An absolute http(s) URL for a link of a page, fragment kept; None when it is no such link."""
    if len(href) <= _MAX_URL and _PLAIN.fullmatch(href):
        return href
    try:
        joined = urljoin(base, _trimmed(href))
        fragment = urlsplit(joined).fragment
    except ValueError:
        return None
    parts = _split(joined, None)
    if parts is None:
        return None
    return parts._replace(fragment=fragment).geturl() if fragment else parts.geturl()
