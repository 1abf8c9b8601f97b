"""What is true of any URL: its parts, its origin and host, and where a link leads. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL = 8_000

# A URL that needs no mending: lower-case names without a port, nothing empty, nothing to encode.
_PLAIN = re.compile(
    r"(https?)://(?![^/]*xn--)((?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,9}[a-z]{2,24})"
    r"(/[A-Za-z0-9._~!$&'()*+,:=@%/-]*)(?:\?([A-Za-z0-9._~!$&'()*+,:=@%/?-]+))?(#[A-Za-z0-9._~!$&'()*+,:=@%/?-]+)?"
)

# Space inside a URL's quotes is white space of the page (docs/site.md §3.3); anything else of this kind is an attack.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
EDGE_WHITE_SPACE = "\t\n\r\x0b\x0c \u00a0\u200b\u2028\u2029\u3000\ufeff"


def split(raw: str, base: str | None) -> SplitResult | None:
    """The parts of an absolute http(s) URL: lower-case host, no default port, no fragment; None when unusable."""
    if len(raw) <= MAX_URL and (plain := _PLAIN.fullmatch(raw)):
        return SplitResult(plain[1], plain[2], plain[3], plain[4] or "", "")
    text = _trimmed(raw)
    if len(text) > MAX_URL or not text:
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
    return re.sub(r"[\t\n\r]", "", raw.strip(EDGE_WHITE_SPACE)).replace(" ", "%20")


def _ascii_host(name: str) -> str:
    """A host as DNS has it (RFC 3490). Raises ValueError for one that cannot be, such as `xn--`."""
    encoded = name.rstrip(".").encode("idna")
    encoded.decode("idna")
    return encoded.decode("ascii")


def without_dots(path: str) -> str:
    """A path with its dot segments resolved, as a server does (RFC 3986 §5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/" + "/".join(kept)


def origin(url: str) -> str:
    """Scheme, host and port of an http(s) URL, in lower case and without a default port; empty when unusable."""
    parts = _lately(url) if len(url) <= MAX_URL else None
    return f"{parts.scheme}://{parts.netloc}" if parts else ""


def host(url: str) -> str:
    """Host, with its port where that is not the scheme's default; empty when unusable."""
    parts = _lately(url) if len(url) <= MAX_URL else None
    return parts.netloc if parts else ""


@lru_cache(maxsize=16)
def _lately(url: str) -> SplitResult | None:
    """The parts of a URL: of one page's origin or host a request asks a dozen times."""
    return split(url, None)


def resolve(base: str, href: str) -> str | None:
    """An absolute http(s) URL for a link of a page, fragment kept; None when it is no such link."""
    if len(href) <= MAX_URL and _PLAIN.fullmatch(href):
        return href
    try:
        joined = urljoin(base, _trimmed(href))
        fragment = urlsplit(joined).fragment
    except ValueError:
        return None
    parts = split(joined, None)
    if parts is None:
        return None
    return parts._replace(fragment=fragment).geturl() if fragment else parts.geturl()
