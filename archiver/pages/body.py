"""A body in the forms that we keep: sanitised HTML, Markdown, plain text, code to the letter, images and links."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import html_to_markdown
import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver import urls
from archiver.model import Body, CodeBlock, ImageReference, OutgoingLink
from archiver.pages.base import attribute
from archiver.text import line, prose, storable

_TAGS = nh3.ALLOWED_TAGS - {"area", "map", "data", "nav", "header", "footer", "article", "aside"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "code": {"class"},
    "pre": {"class"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "ol": {"start"},
    "li": {"value"},
    "details": {"open"},
    "*": {"id", "lang"},
}
_SCHEMES = {"http", "https", "mailto"}
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang)-([A-Za-z0-9_+#.-]{1,40})(?:\s|$)")
_MARKDOWN = html_to_markdown.ConversionOptions(
    bullets="-", escape_asterisks=True, escape_underscores=True, escape_misc=True, autolinks=False,
    br_in_tables=True, extract_metadata=False,
)  # fmt: skip
_BLOCKS = frozenset(
    "address blockquote center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre summary table "
    "tr ul caption".split()
)
_NO_WORDS = frozenset("dl ol table tbody tfoot thead tr ul".split())  # white space straight inside means nothing


def make(node: LexborNode, base_url: str) -> Body:
    """The body that a container element of a page holds. `base_url` is the page's own URL, for relative links."""
    _name_formulas(node, base_url)
    html = sanitise(node.inner_html or "", base_url)
    text = plain_text(html)
    return Body(
        html=html,
        markdown=markdown(html, text),
        text=text,
        code_blocks=tuple(_code_blocks(node)),
        images=tuple(_images(node, base_url)),
        links=tuple(_links(node, base_url)),
    )


def make_from_html(html: str, base_url: str) -> Body:
    """The same for a fragment that comes as text, such as a feed's item."""
    tree = LexborHTMLParser(f"<html><body>{storable(html)}</body></html>")
    assert tree.body is not None, "the parser always makes a body"
    return make(tree.body, base_url)


def sanitise(html: str, base_url: str) -> str:
    """HTML that cannot act: no script, style, form, frame or event; links http, https or mailto, and absolute."""

    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            match = _LANGUAGE.search(value)
            return f"language-{match[1]}" if match else None
        if name in {"href", "src"}:
            return _absolute(value, base_url, with_mail=tag == "a")
        return value

    return nh3.clean(
        storable(html), tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=keep, url_schemes=_SCHEMES,
        url_relative="pass_through", link_rel="noopener noreferrer", strip_comments=True, id_prefix="user-content-",
    ).strip()  # fmt: skip


def _absolute(value: str, base_url: str, *, with_mail: bool) -> str | None:
    stripped = value.strip()
    if stripped.startswith("#") and with_mail:
        return f"#user-content-{stripped[1:]}" if len(stripped) > 1 else "#"
    if with_mail and re.match(r"mailto:[^\s<>\"']+$", stripped, re.IGNORECASE):
        return stripped
    return urls.resolve(base_url, stripped)


def markdown(html: str, text: str) -> str:
    """Markdown of sanitised HTML; the plain text where the converter gives nothing (TOOLS §1c)."""
    try:
        converted = html_to_markdown.convert(html, _MARKDOWN).content
    except html_to_markdown.ConversionError:
        converted = None
    return storable(converted or "").strip("\n") or text


def plain_text(html: str) -> str:
    """The words of sanitised HTML, blocks and line breaks on lines of their own, code to the letter."""
    tree = LexborHTMLParser(f"<html><body>{html}</body></html>")
    pieces: list[str] = []
    codes: list[str] = []
    if tree.body is not None:
        _walk(tree.body, pieces, codes)
    lines = "\n".join(part.rstrip(" \t").lstrip(" ") for part in "".join(pieces).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", lines)
    return prose(re.sub("\0([0-9]+)\0", lambda match: codes[int(match[1])], text)).strip("\n")


def _walk(node: LexborNode, pieces: list[str], codes: list[str]) -> None:
    """Prose into `pieces`; each `pre` into `codes`, and its number between NULs, which no text holds, in its place.

    Depth is bounded by `base.MAX_DEPTH`, which Python's own recursion limit would not survive: so a stack.
    """
    stack: list[LexborNode | str] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            pieces.append(current)
        elif current.tag == "-text":
            words = re.sub(r"\s+", " ", current.text(deep=False))
            is_layout = words == " " and current.parent is not None and current.parent.tag in _NO_WORDS
            pieces.append("" if is_layout else words)
        elif current.tag == "br":
            pieces.append("\n")
        elif current.tag == "pre":
            pieces.append(f"\n\n\0{len(codes)}\0\n\n")
            codes.append(current.text(deep=True).removesuffix("\n"))
        elif current.tag == "img":
            pieces.append(line(current.attributes.get("alt") or ""))
        elif current.tag and not current.tag.startswith("-"):
            before, after = _breaks(current.tag)
            children = list(current.iter(include_text=True))
            stack += [after, *reversed(children), before]


def _breaks(tag: str) -> tuple[str, str]:
    if tag in {"td", "th"}:
        return "", "\t"
    if tag in {"li", "tr", "dt", "dd"}:
        return "\n", ""
    return ("\n\n", "\n\n") if tag in _BLOCKS else ("", "")


def _code_blocks(node: LexborNode) -> list[CodeBlock]:
    """Every `pre`, to the letter: the parser has undone entities and dropped the one newline after `<pre>`."""
    return [CodeBlock(storable(pre.text(deep=True)), _language(pre)) for pre in node.css("pre")]


def _language(pre: LexborNode) -> str | None:
    for candidate in (pre.css_first("code"), pre):
        match = _LANGUAGE.search((candidate.attributes.get("class") or "") if candidate is not None else "")
        if match:
            return match[1].lower()
    return None


def _name_formulas(node: LexborNode, base_url: str) -> None:
    """Give drawn formulas their source as `alt`, in place: the host that drew them is dead (ANATOMY §3)."""
    for image in node.css("img"):
        url = urls.resolve(base_url, attribute(image, "src") or "")
        formula = latex_source(url) if url else None
        if formula and re.match(r"\s*(?:https?://|$)", image.attributes.get("alt") or ""):
            image.attrs["alt"] = formula


def _images(node: LexborNode, base_url: str) -> list[ImageReference]:
    found = []
    for image in node.css("img"):
        source, alt = attribute(image, "src") or "", line(image.attributes.get("alt") or "")
        url = urls.resolve(base_url, source)
        if url is not None:
            found.append(ImageReference(url, alt))
        elif source.lower().startswith("data:"):
            found.append(ImageReference(f"data:{line(source[5:].partition(',')[0], 80)},", alt))
    return found


def latex_source(url: str) -> str | None:
    """The formula of an image drawn by chart.googleapis.com; None for any other image."""
    parts = urlsplit(url)
    if parts.hostname != "chart.googleapis.com":
        return None
    try:
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return None
    return line(query["chl"][0]) if query.get("cht", [""])[0].startswith("tx") and query.get("chl") else None


def _links(node: LexborNode, base_url: str) -> list[OutgoingLink]:
    found = []
    for link in node.css("a[href]"):
        url = urls.resolve(base_url, attribute(link, "href") or "")
        in_page = (attribute(link, "href") or "#").startswith("#")
        if url is not None and not in_page:
            found.append(OutgoingLink(url, line(link.text(deep=True), 500)))
    return found
