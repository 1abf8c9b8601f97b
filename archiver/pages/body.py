"""A body in the forms that we keep: sanitised HTML, Markdown, plain text, code to the letter, images and links.

The sanitised HTML is the record, and nh3 has the last word on it; Markdown and text are made from it. Code, images and
links are taken from the page's own tree, where nothing has been cleaned away yet.
"""

from __future__ import annotations

import re
import threading
from urllib.parse import parse_qs, quote, unquote, urlsplit

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import ithome, urls
from archiver.model import Address
from archiver.model.readings import SAVED_MARK, Body, CodeBlock, ImageReference, OutgoingLink
from archiver.pages import content, embedded, languages
from archiver.pages.base import attribute, classes_of
from archiver.pages.markdown import markdown
from archiver.pages.words import plain_text
from archiver.text import line, storable

# Their text is not for readers: it goes with them. The text of other elements that are not allowed stays.
_DROPPED_WHOLE = set("script style svg math template title noembed noframes object select textarea".split())
_LANGUAGE = re.compile(rf"(?:^|\s)(?:language|lang)-({content.LANGUAGE})(?:\s|$)")
_MAIL = re.compile(r"mailto:[^\s<>\"'`]+", re.IGNORECASE)
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_CODE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_EMBEDDED = "iframe, embed, video, audio"


def make(node: LexborNode, base_url: str) -> Body:
    """The body that a container element of a page holds. `base_url` is the page's own URL, for relative links."""
    _double_first_breaks(node, 1)
    return make_from_html(node.inner_html or "", base_url)


def make_from_html(html: str, base_url: str) -> Body:
    """The same for a fragment that comes as text, such as a feed's item."""
    tree = LexborHTMLParser(f"<!DOCTYPE html><html><body>{storable(html)}</body></html>")
    root = tree.body
    if root is None:
        return Body("", "")
    _undo_colours(root)
    code = tuple(_block(pre) for pre in root.css("pre") if not _is_inside_pre(pre))
    addresses = _Addresses(base_url)
    images, links = _images(root, addresses), _links(root, addresses)
    _prepare(tree, root, addresses)
    clean = _clean(root.inner_html or "", addresses)
    return Body(clean, plain_text(clean), code, images, links, markdown)


def _undo_colours(root: LexborNode) -> None:
    """Code as the site sends it, in a page that a browser saved after the site's highlight.js had coloured it.

    That wraps words in spans, and adds `hljs` to the classes: before a language that it guessed, after one that was
    declared (highlight.js 11, `updateClassName`).
    """
    for code in root.css("pre code.hljs, pre.hljs"):
        names, spans = classes_of(code), code.css("span[class*=hljs]")
        guessed = names[0] == "hljs" and (spans or attribute(code, "data-highlighted") is not None)
        code.attrs["class"] = "" if guessed else " ".join(name for name in names if name != "hljs")
        for span in spans:
            span.unwrap()


def _block(pre: LexborNode) -> CodeBlock:
    code, declared = storable(_code(pre)), _language(pre)
    if declared is not None:
        return CodeBlock(code, declared)
    guessed = languages.guess(code)
    return CodeBlock(code, guessed, guessed=guessed is not None)


def folded(html: str) -> str:
    """Sanitised HTML with the white space folded that a reader does not see: the same words give the same text."""
    parts = _CODE.split(html)
    return "".join(part if number % 2 else _folded(part) for number, part in enumerate(parts)).strip()


def _folded(part: str) -> str:
    before, after = part[:1].isspace(), part[-1:].isspace()
    return f"{' ' * before}{' '.join(part.split())}{' ' * after}" if part.strip() else part[:1] and " "


def sanitise(html: str, base_url: str) -> str:
    """HTML that cannot act: no script, style, form, frame or event; links http, https or mailto, and absolute.

    Ids get a prefix, so that none can stand for an element of the page that shows them; links inside the body follow.
    """
    return _clean(storable(html), _Addresses(base_url))


def _clean(html: str, addresses: _Addresses) -> str:
    return _sanitiser.clean(html, addresses)


class _Sanitiser(threading.local):
    """nh3 with our rules, made once a thread: making it takes a third of what using it does."""

    def __init__(self) -> None:
        self._addresses = _NO_ADDRESSES
        self._cleaner = nh3.Cleaner(
            tags=content.TAGS, attributes=content.ATTRIBUTES, attribute_filter=self._kept, url_schemes=content.SCHEMES,
            clean_content_tags=_DROPPED_WHOLE, link_rel="noopener noreferrer", strip_comments=True,
            id_prefix=content.ID_PREFIX,
        )  # fmt: skip

    def clean(self, html: str, addresses: _Addresses) -> str:
        """Sanitised HTML, its addresses absolute."""
        self._addresses = addresses
        try:
            return self._cleaner.clean(html).strip()
        finally:
            self._addresses = _NO_ADDRESSES

    def _kept(self, tag: str, name: str, value: str) -> str | None:
        if name in {"colspan", "rowspan", "start", "value", "width", "height"}:
            return value if re.fullmatch(r"[0-9]{1,2}" if name.endswith("span") else r"[0-9]{1,4}%?", value) else None
        if name == "class":
            match = _LANGUAGE.search(value)
            return f"language-{match[1]}" if match else None
        if name in {"href", "src"}:
            return self._addresses.of_link(value) if tag == "a" else self._addresses.of_source(value)
        return value


class _Addresses:
    """The URLs of a body made absolute, each worked out once. None for one that leads nowhere or acts."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._known: dict[str, str | None] = {}

    def of_link(self, value: str) -> str | None:
        """Of an `href`: web and mail, and places in the body itself."""
        stripped = value.strip()
        if stripped.startswith("#"):
            return self._place(stripped[1:])
        if _MAIL.fullmatch(stripped):
            return stripped
        url = self.of_source(stripped)
        if url is None or "#" not in stripped or not self._is_this_page(url.partition("#")[0]):
            return url
        return self._place(url.partition("#")[2])

    def _place(self, name: str) -> str:
        """A place in the body itself, in whatever form a page has it: browsers that save one make links absolute."""
        plain = quote(unquote(name).removeprefix(content.ID_PREFIX), safe="-._~")
        return f"#{content.ID_PREFIX}{plain}" if plain else "#"

    def _is_this_page(self, url: str) -> bool:
        if url == self._base_url:
            return True
        there, here = ithome.classify(url), ithome.classify(self._base_url)
        return isinstance(there, Address) and isinstance(here, Address) and there.url == here.url

    def of_source(self, value: str) -> str | None:
        """Of a `src`: web only."""
        if not value.strip():  # nothing, and not the page itself, as an empty link would mean
            return None
        if value not in self._known:
            resolved = urls.resolve(self._base_url, value.strip().replace(" ", "%20"))
            self._known[value] = quote(resolved, safe=_URL_SAFE) if resolved else None
        return self._known[value]


_NO_ADDRESSES = _Addresses("")
_sanitiser = _Sanitiser()


# ─── before sanitising ──────────────────────────────────────────────────────────────────────────


def _prepare(tree: LexborHTMLParser, root: LexborNode, addresses: _Addresses) -> None:
    """What the sanitiser would lose: formulas, embedded pages, boxes of task lists, a line break that opens a `pre`."""
    for image in root.css("img"):
        _prepare_image(image, addresses)
    for frame in root.css(_EMBEDDED):
        url = addresses.of_source(_source(frame))
        if url is not None:
            link = tree.create_node("a")
            link.attrs["href"] = url
            link.insert_child(url)
            frame.insert_before(link)
        frame.decompose()
    for box in root.css("input[type=checkbox i]"):
        box.replace_with("[x] " if "checked" in box.attributes else "[ ] ")
    _double_first_breaks(root, 2)  # for the sanitiser and for who reads what it gives


def _double_first_breaks(root: LexborNode, parsers: int) -> None:
    """Every parser drops the line break that opens a `pre` (HTML Standard §13.2.6.4.7): one more for each to come."""
    for pre in root.css("pre"):
        first = pre.first_child
        if first is not None and first.tag == "-text" and (first.text_content or "").startswith("\n"):
            first.insert_before("\n" * parsers)


def _prepare_image(image: LexborNode, addresses: _Addresses) -> None:
    url, alt = addresses.of_source(_source(image)), _alt(image, addresses)
    if url is None:
        image.replace_with(alt)
        return
    image.attrs["src"] = url
    image.attrs["alt"] = alt


def _source(node: LexborNode) -> str:
    """Where an image or frame comes from; pages that load lazily say it in another attribute."""
    shown = attribute(node, "src") or ""
    lazy = next((value for name in ("data-src", "data-original") if (value := attribute(node, name))), "")
    if shown and not (lazy and shown.lower().startswith("data:")):
        return shown
    child = node.css_first("source[src]") if node.tag in {"video", "audio"} else None
    return lazy or attribute(child, "src") or ""


def _alt(image: LexborNode, addresses: _Addresses) -> str:
    """The words for an image; for a formula drawn by a server that is gone, the formula (docs/site.md §5.3)."""
    words = line(image.attributes.get("alt") or "")
    formula = latex_source(addresses.of_source(_source(image)) or "")
    return formula if formula and (not words or words.startswith(("http://", "https://"))) else words


def latex_source(url: str) -> str | None:
    """The formula of an image drawn by chart.googleapis.com, dead for years (docs/site.md §5.3)."""
    if "chart.googleapis.com" not in url.lower():
        return None
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return None
    if parts.hostname != "chart.googleapis.com" or not query.get("cht", [""])[0].startswith("tx"):
        return None
    return line(query["chl"][0]) if query.get("chl") else None


# ─── to the letter ──────────────────────────────────────────────────────────────────────────────


def _is_inside_pre(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag != "pre":
        above = above.parent
    return above is not None


def _code(pre: LexborNode) -> str:
    """The text of a `pre`: the parser has undone entities and dropped the one line break after `<pre>`."""
    if pre.css_first("br") is None:
        return pre.text(deep=True)
    nodes = pre.traverse(include_text=True)
    return "".join(
        "\n" if node.tag == "br" else node.text_content or "" for node in nodes if node.tag in {"br", "-text"}
    )


def _language(pre: LexborNode) -> str | None:
    for candidate in (pre.css_first("code"), pre):
        match = _LANGUAGE.search((candidate.attributes.get("class") or "") if candidate is not None else "")
        if match:
            return match[1]
    return None


def _images(root: LexborNode, addresses: _Addresses) -> tuple[ImageReference, ...]:
    """Every image that has a source. One that carries its bytes in itself is named by their digest."""
    found = []
    for image in root.css("img"):
        source = _source(image)
        url = addresses.of_source(source)
        if url is None and source.lower().startswith("data:"):
            url = embedded.name(source)
        if url is None and source.startswith(SAVED_MARK):
            url = source
        if url is not None:
            found.append(ImageReference(url, _alt(image, addresses)))
    return tuple(found)


def _links(root: LexborNode, addresses: _Addresses) -> tuple[OutgoingLink, ...]:
    """Every link out of the body, in order, with its words; a picture's words where the link holds only one."""
    found = []
    for link in root.css("a[href]"):
        href = attribute(link, "href") or "#"
        url = href if href.startswith(SAVED_MARK) else addresses.of_link(href)
        if url is not None and not url.startswith("#"):
            words = line(link.text(deep=True), 500)
            image = link.css_first("img") if not words else None
            found.append(OutgoingLink(url, words or line((attribute(image, "alt") or ""), 500)))
    return tuple(found)
