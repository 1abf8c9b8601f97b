"""What a saved page says of addresses: relative ones are led back to the site's own. Pure.

SingleFile carries pictures in the page itself, and writes where one came from only when it is told to; its compressed
form lists that in a `manifest.json`, which `rescue.singlefile` puts behind the page. “Webpage, Complete” writes
`./title_files/x.png` and loses it. wget and HTTrack lay out folders as the URLs are, other hosts beside the page's own
(`../../i.imgur.com/x.png`), and add `.html` to names; HTTrack adds four hexadecimal digits to a name where the URL has
a query. What cannot be led back is a mark: it says that there was a picture, and is never an address to ask for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import ithome, urls
from archiver.model import Address, Kind
from archiver.model.readings import SAVED_MARK
from archiver.pages import embedded, image
from archiver.pages.base import attribute
from archiver.text import line

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|bmp|svg|ico)$", re.IGNORECASE)
_HASHED = re.compile(r"(?<=[^/])[0-9a-f]{4}(\.[a-z0-9]{1,5})?$")  # by HTTrack, where the URL has a query
# The Wayback Machine leads every address of a page to its own copies, with a mark for what kind of thing it is.
_ARCHIVED = re.compile(r"^(?:https?://web\.archive\.org)?/web/[0-9]{1,14}(?:[a-z]{2}_)?/(https?:)/{1,2}(?=[^/])")
_FROM_WAYBACK = re.compile(
    r"<!--\s*(?:saved from url=\([0-9]{1,6}\)|Page saved with SingleFile\s+url: )https?://web\.archive\.org/"
    r"|<!--\s*(?:BEGIN WAYBACK TOOLBAR INSERT|FILE ARCHIVED ON )"
)
_COUNTED = re.compile(r" ?\([0-9]{1,3}\)(?=\.[^.]*$|$)")  # browsers, where a name is taken: x(1).png
_BODIES = ".markdown img, .markdown__style img, .comment__content img"  # of articles and comments, not of their frame
_MOST = 2_000  # pictures of one page
_SHARED = re.compile(r"(--sf-img-[0-9]+)\s*:\s*url\(\s*[\"']?(data:[^\"')]*)")
_SHARED_USE = re.compile(r"var\(\s*(--sf-img-[0-9]+)")
_MANIFEST = "<!-- manifest.json of the zip file: "
_MOST_MANIFEST = 2_000_000  # characters


class ShownPicture(NamedTuple):
    """A picture that a saved page shows from a file beside it, or carries in itself."""

    file: str  # the path as the page has it, relative to the page, decoded; empty for one in the page itself
    url: str  # the address that the site uses; for one in the page itself that has none, its name (`pages.embedded`)
    body: bytes | None = None  # of one in the page itself


def with_manifest(page: bytes, resources: Mapping[str, str]) -> bytes:
    """A page out of a zip file, and after it where each file beside it came from."""
    listed = json.dumps(dict(resources), ensure_ascii=True, sort_keys=True)
    listed = re.sub(r"[<>-]", lambda match: f"\\u{ord(match[0]):04x}", listed)
    return page + b"\n" + _MANIFEST.encode() + listed.encode() + b" -->"


def _manifest(text: str) -> dict[str, str]:
    _, mark, listed = text[-_MOST_MANIFEST:].rpartition(_MANIFEST)
    if not mark:
        return {}
    try:
        found = json.loads(listed.rstrip().removesuffix("-->"))
    except (ValueError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: url for name, url in pairs if isinstance(url, str) and ithome.image_address(url) is not None}


def restore(tree: LexborHTMLParser, text: str, page_url: str) -> None:
    """Write the site's own addresses in place of relative ones; a mark in place of a picture's that nobody knows."""
    if _FROM_WAYBACK.search(text):
        for node in tree.css("a[href], img, meta[property='og:url']"):
            for name in ("href", "src", "content", "data-sf-original-src"):
                _rewrite(node, name, _original(attribute(node, name)))
    for node in tree.css("meta[property='og:url'], link[rel=canonical i]"):
        name = "content" if node.tag == "meta" else "href"
        _rewrite(node, name, _page(attribute(node, name) or "", page_url))
    _restore_images(tree, _Sources(tree, text, page_url))
    for node in tree.css("a[href]"):
        reference = attribute(node, "href") or ""
        _rewrite(node, "href", _page(reference, page_url) or f"{SAVED_MARK}{line(unquote(reference), 300)}")
    for node in tree.css("iframe[src], embed[src], video[src], audio[src], source[src]"):
        if _relative(attribute(node, "src") or "") is not None:
            del node.attrs["src"]


def _restore_images(tree: LexborHTMLParser, sources: _Sources) -> None:
    """Before links are led back, which may tell where a picture came from."""
    for node in tree.css("img"):
        source = sources.of(node)
        url = sources.address(node, source)
        if url is not None:
            node.attrs["src"] = url
        elif _relative(source) is not None or _is_empty(source) or source.startswith(("?", "#")):
            node.attrs["src"] = f"{SAVED_MARK}{line(unquote(source.partition('?')[0]), 300)}"
        elif source != (attribute(node, "src") or ""):
            node.attrs["src"] = source


def pictures(
    tree: LexborHTMLParser, text: str, page_url: str, content_of: Callable[[str], bytes | None] = embedded.data
) -> Iterator[ShownPicture]:
    """Every picture of a page that lies beside it and whose address the page tells, or that is in the page itself.

    `content_of` gives the bytes of one that is in the page, by what stands there for it.
    """
    sources, seen = _Sources(tree, text, page_url), set()
    shown = tree.css(_BODIES) or tree.css("img")
    for node in shown[:_MOST]:
        source = sources.of(node)
        parts, url = _relative(source), sources.address(node, source)
        if source in seen:
            continue
        seen.add(source)
        if parts is not None and url is not None:
            yield ShownPicture(unquote(parts.path), url)
        elif source.lower().startswith("data:"):
            content = content_of(source)
            if content and image.media_type(content) is not None:
                yield ShownPicture("", url or embedded.name(source), content)


class _Sources:
    def __init__(self, tree: LexborHTMLParser, text: str, page_url: str) -> None:
        self._page_url = page_url
        self._manifest = _manifest(text)
        # SingleFile writes a picture that is shown more than once as a variable of the style sheet.
        sheets = "".join(style.text(deep=True) for style in tree.css("style")) if "--sf-img-" in text else ""
        self._shared = dict(_SHARED.findall(sheets))

    def of(self, node: LexborNode) -> str:
        """What an `img` shows."""
        source = attribute(node, "src") or ""
        shared = _SHARED_USE.search(attribute(node, "style") or "") if self._shared else None
        return self._shared.get(shared[1], source) if shared and source.startswith("data:") else source

    def address(self, node: LexborNode, source: str) -> str | None:
        """The address that the site uses for a picture that is not shown from there; None where nobody knows."""
        if source.lower().startswith("data:"):
            return next((url for url in _told(node) if _is_picture(url)), None)
        parts = _relative(source)
        if parts is None:
            return None
        return self._manifest.get(unquote(parts.path)) or _image(node, source, self._page_url)


def _is_empty(source: str) -> bool:
    return source.lower().startswith("data:") and embedded.data(source) == b""


def _original(url: str | None) -> str | None:
    """An address as the page had it before the Wayback Machine led it to a copy."""
    return _ARCHIVED.sub(r"\1//", url) if url else url


def _rewrite(node: LexborNode, name: str, value: str | None) -> None:
    if value is None:
        if name in node.attributes:
            del node.attrs[name]
    elif value != attribute(node, name):
        node.attrs[name] = value


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
    address = ithome.classify(laid_out) if laid_out else None
    if isinstance(address, Address) and address.kind is Kind.IMAGE:
        # iThome leads its pictures to its CDN, where a copying tool finds them, and names them by its own host.
        return address.url.replace(f"https://{ithome.CDN}/", f"https://{ithome.ITHOME}/", 1)
    plain = _COUNTED.sub("", _name(parts.path)).rpartition(".")[0]  # browsers correct the ending by the bytes
    candidates = (*_told(node), *_linked(node)) if plain else ()
    told = next((url for url in candidates if _name(url).rpartition(".")[0] == plain), None)
    if told is not None:
        return told
    foreign = laid_out is not None and not ithome.is_ithome(laid_out)
    is_picture = foreign and (_PICTURE.search(urlsplit(laid_out or "").path) or "cht=" in parts.query)
    return laid_out if is_picture else None


def _told(node: LexborNode) -> Iterator[str]:
    """Absolute addresses of a picture that stand beside it: the site's editor writes them as its words."""
    for name in ("data-sf-original-src", "data-src", "data-original", "alt", "title"):
        yield from _absolute(_original(attribute(node, name)))


def _linked(node: LexborNode) -> Iterator[str]:
    """Where a click on a picture leads: to a larger one, perhaps."""
    above = node.parent
    if above is not None and above.tag == "a":
        yield from _absolute(attribute(above, "href"))


def _absolute(value: str | None) -> Iterator[str]:
    if value and value.startswith(("http://", "https://")) and ithome.image_address(value) is not None:
        address = ithome.classify(value)
        if not ithome.is_ithome(value) or (isinstance(address, Address) and address.kind is Kind.IMAGE):
            yield value


def _is_picture(url: str) -> bool:
    address = ithome.classify(url)
    is_ours = isinstance(address, Address) and address.kind is Kind.IMAGE
    return is_ours or _PICTURE.search(urlsplit(url).path) is not None or "cht=" in url


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
    if not ithome.is_ithome(laid_out) and re.search(r"\.html?$", urlsplit(laid_out).path):
        return None  # of the tool or of the site, nobody knows
    plain = _without_html(laid_out)
    return f"{plain}#{parts.fragment}" if parts.fragment else plain


def _without_html(url: str) -> str:
    path, mark, query = url.partition("?")
    if ithome.is_ithome(url):  # no page of iThome is called so
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
