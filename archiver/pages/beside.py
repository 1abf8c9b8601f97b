"""What a page saved with its files beside it says of addresses: relative ones are led back to the site's own. Pure.

“Webpage, Complete” writes `./title_files/x.png` and loses where a picture came from. wget and HTTrack lay out folders
as the URLs are, other hosts beside the page's own (`../../i.imgur.com/x.png`), and add `.html` to names; HTTrack adds
four hexadecimal digits to a name where the URL has a query. What cannot be led back is a mark: it says that there was a
picture, and is never an address to ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import urls
from archiver.model import Address, Kind
from archiver.pages.base import attribute
from archiver.readings import SAVED_MARK
from archiver.text import line

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|bmp|svg|ico)$", re.IGNORECASE)
_HASHED = re.compile(r"(?<=[^/])[0-9a-f]{4}(\.[a-z0-9]{1,5})?$")  # by HTTrack, where the URL has a query
_COUNTED = re.compile(r" ?\([0-9]{1,3}\)(?=\.[^.]*$|$)")  # browsers, where a name is taken: x(1).png
_BODIES = ".markdown img, .markdown__style img, .comment__content img"  # of articles and comments, not of their frame
_MOST = 2_000  # pictures of one page


class Picture(NamedTuple):
    """A picture that a saved page shows from a file beside it."""

    file: str  # the path as the page has it, relative to the page, decoded
    url: str  # the address that the site uses


def restore(tree: LexborHTMLParser, page_url: str) -> None:
    """Write the site's own addresses in place of relative ones; a mark in place of a picture's that nobody knows."""
    for node in tree.css("meta[property='og:url'], link[rel=canonical i]"):
        name = "content" if node.tag == "meta" else "href"
        _rewrite(node, name, _page(attribute(node, name) or "", page_url))
    for node in tree.css("a[href]"):
        _rewrite(node, "href", _page(attribute(node, "href") or "", page_url))
    for node in tree.css("img"):
        _restore_image(node, page_url)
    for node in tree.css("iframe[src], embed[src], video[src], audio[src], source[src]"):
        if _relative(attribute(node, "src") or "") is not None:
            del node.attrs["src"]


def pictures(tree: LexborHTMLParser, page_url: str) -> Iterator[Picture]:
    """Every picture of a page that lies beside it, and whose address the page tells."""
    shown, files = tree.css(_BODIES) or tree.css("img"), set()
    for node in shown[:_MOST]:
        source = attribute(node, "src") or ""
        parts, url = _relative(source), _image(node, source, page_url)
        if parts is not None and url is not None and parts.path not in files:
            files.add(parts.path)
            yield Picture(unquote(parts.path), url)


def _rewrite(node: LexborNode, name: str, value: str | None) -> None:
    if value is None:
        del node.attrs[name]
    elif value != attribute(node, name):
        node.attrs[name] = value


def _restore_image(node: LexborNode, page_url: str) -> None:
    source = attribute(node, "src") or ""
    parts = _relative(source)
    if parts is not None:
        url = _image(node, source, page_url)
        node.attrs["src"] = url or f"{SAVED_MARK}{line(unquote(parts.path), 300)}"


def _relative(reference: str) -> SplitResult | None:
    """A reference to a file beside the page, in parts; None for any other."""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return None
    beside = parts.path and not parts.scheme and not parts.netloc and not parts.path.startswith(("/", "\\"))
    return parts if beside else None


# ─── pictures ───────────────────────────────────────────────────────────────────────────────────


def _image(node: LexborNode, source: str, page_url: str) -> str | None:
    """The address of a picture beside the page: by the folders that it lies in, else as the page tells it."""
    parts = _relative(source)
    if parts is None:
        return None
    laid_out = _laid_out(parts, page_url)
    address = urls.classify(laid_out) if laid_out else None
    if isinstance(address, Address) and address.kind is Kind.IMAGE:
        return _as_the_site_has_it(address.url)
    told = next((url for url in _told(node) if _name(url) == _COUNTED.sub("", _name(parts.path))), None)
    if told is not None:
        return told
    foreign = laid_out is not None and not urls.is_ithome(laid_out)
    is_picture = foreign and (_PICTURE.search(urlsplit(laid_out or "").path) or "cht=" in parts.query)
    return laid_out if is_picture else None


def _as_the_site_has_it(url: str) -> str:
    """IThome leads its pictures to its CDN, where a copying tool finds them, and names them by its own host."""
    return url.replace(f"https://{urls.CDN}/", f"https://{urls.ITHOME}/", 1)


def _told(node: LexborNode) -> Iterator[str]:
    """Absolute addresses that stand beside a picture: the site's editor writes its URL as its words (ANATOMY §3)."""
    above = node.parent
    link = attribute(above, "href") if above is not None and above.tag == "a" else None
    for value in (*(attribute(node, name) for name in ("alt", "data-src", "data-original", "title")), link):
        if value and value.startswith(("http://", "https://")) and urls.image_address(value) is not None:
            yield value


def _name(path: str) -> str:
    return unquote(path.partition("?")[0].partition("#")[0]).rpartition("/")[2]


# ─── pages ──────────────────────────────────────────────────────────────────────────────────────


def _page(reference: str, page_url: str) -> str | None:
    """Where a link led before it was led to a file; None where only the file's name is known."""
    parts = _relative(reference)
    if parts is None:
        return reference
    laid_out = _laid_out(parts, page_url)
    if laid_out is None:
        return None
    if not urls.is_ithome(laid_out) and re.search(r"\.html?$", urlsplit(laid_out).path):
        return None  # of the tool or of the site, nobody knows
    plain = _without_html(laid_out)
    return f"{plain}#{parts.fragment}" if parts.fragment else plain


def _without_html(url: str) -> str:
    path, mark, query = url.partition("?")
    if urls.is_ithome(url):  # no page of iThome is called so
        path = re.sub(r"(?<=/)index\.html?$|\.html?$", "", path)
        query = query.removesuffix(".html")
    return f"{path}{mark}{query}"


def _laid_out(parts: SplitResult, page_url: str) -> str | None:
    """The URL of a file by its place among folders that are laid out as the URLs are."""
    page = urlsplit(page_url)
    name, _, wget_query = unquote(parts.path).partition("?")
    name = _HASHED.sub(lambda match: match[1] or "", name) if parts.query else name
    steps = [step for step in name.split("/") if step not in {"", "."}]
    up = next((number for number, step in enumerate(steps) if step != ".."), len(steps))
    rest = steps[up:]
    if not rest or ".." in rest:
        return None
    host, folders = page.netloc, page.path.split("/")[1:-1]
    if up and len(rest) > 1 and _HOST.fullmatch(rest[0]):
        host, rest, folders = rest[0].lower(), rest[1:], []
    elif up > len(folders):
        return None
    else:
        folders = folders[: len(folders) - up]
    path = quote("/".join(["", *folders, *rest]), safe="/!$&'()*+,;=:@~-._")
    query = parts.query or wget_query
    return urls.resolve(page_url, f"https://{host}{path}{'?' + query if query else ''}")
