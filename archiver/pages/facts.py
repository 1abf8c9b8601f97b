"""What a body looks like, for the judge: facts only, no verdict."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.model import Kind
from archiver.pages import article, series
from archiver.pages.base import first_text, text_of

_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|rss|\?xml|meta|title|div|p|a|h[1-6]|ul|main|article|section)\b", re.IGNORECASE
)
_OTHER_TYPES = re.compile(
    r"^\s*(?:image|audio|video|font)/|^\s*application/(?:json|pdf|zip|octet-stream|javascript|gzip|x-)|^\s*text/(?:css|javascript|csv)",
    re.IGNORECASE,
)
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"BM", "image/bmp"), (b"\x00\x00\x01\x00", "image/x-icon"),
)  # fmt: skip
# A bot check is a small page of its own. Ordinary pages load Cloudflare's and Turnstile's scripts too.
_CHALLENGE_TITLE = re.compile(
    r"just a moment|attention required|請稍候|checking your browser|verify you are human|are you a robot|access denied",
    re.IGNORECASE,
)
_CHALLENGE_MARK = re.compile(
    r"cf-chl|cf_chl_opt|challenge-form|challenge-running|cf-browser-verification|g-recaptcha", re.IGNORECASE
)
_NOT_FOUND = re.compile(
    r"找不到|不存在|尚未公開|網址有誤|已(?:被|經)?(?:刪除|移除|下架)|沒有這(?:個|篇)|無此(?:文章|頁面)|查無|頁面遺失"
    r"|\b404\b|not found|could not be found|no longer (?:exists|available)|does(?:n't| not) exist"
    r"|has been (?:deleted|removed)",
    re.IGNORECASE,
)
_MAINTENANCE = re.compile(
    r"維護中|維修中|系統維護|網站維護|暫停服務|(?:under|scheduled) maintenance|503 service", re.IGNORECASE
)
_LOGIN = re.compile(r"登入|請先登入|會員登入|log ?in|sign ?in", re.IGNORECASE)
_SMALL_PAGE = 20_000


def is_markup(text: str, content_type: str | None) -> bool:
    """Whether a text is HTML or a feed, by what it begins with and not by what the server calls it alone."""
    if content_type and _OTHER_TYPES.search(content_type):
        return False
    return _MARKUP.search(text[:4_000]) is not None


def image_type(body: bytes) -> str | None:
    """The media type of an image by its first bytes; None when it is none that we know."""
    for mark, name in _IMAGES:
        if body.startswith(mark):
            return name
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    if body[4:12] in {b"ftypavif", b"ftypavis"}:
        return "image/avif"
    return (
        "image/svg+xml"
        if re.match(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<svg\b", body[:2000], re.DOTALL)
        else None
    )


def skeleton_kind(tree: LexborHTMLParser) -> Kind:
    """The kind of iThome page whose skeleton is there; `index` for any other HTML."""
    if tree.css_first(article.BODY) is not None or tree.css_first(".ir-article__title, .qa-header__title") is not None:
        return Kind.ARTICLE
    if tree.css_first(f".ir-profile-series, {series.EMPTY}, {series.ITEM}") is not None:
        return Kind.SERIES
    return Kind.INDEX


def has_content(tree: LexborHTMLParser, kind: Kind) -> bool:
    """Whether the part that makes a page worth keeping is there."""
    if kind is Kind.ARTICLE:
        node = tree.css_first(article.BODY)
        return node is not None and bool(text_of(node) or node.css_first("img"))
    if kind is Kind.SERIES:
        return tree.css_first(f"{series.ITEM}, {series.EMPTY}") is not None
    if kind is Kind.INDEX:
        return bool(text_of(tree.css_first("body")))
    return False


def is_closed(text: str, tree: LexborHTMLParser, kind: Kind) -> bool:
    """Whether the document ends where it should. iThome's pages close `html`; an index may leave that out."""
    tail = text[-2_000:].lower()
    if "</html" in tail:
        return kind is not Kind.ARTICLE or _body_container_is_closed(text)
    if kind is not Kind.INDEX:
        return False
    cut_in_tag = tail.rfind("<") > tail.rfind(">")
    return (
        not cut_in_tag
        and ("</body" in tail or tree.css_first("a[href]") is not None)
        and "<html" not in text[:2_000].lower()
    )


def _body_container_is_closed(text: str) -> bool:
    """After an article's body come its actions, the series box or the footer; a page cut inside has none of them."""
    start = text.find("markdown__style")
    after = re.compile(r"qa-action|article-series|id=[\"']?reply|class=[\"']?footer|<footer", re.IGNORECASE)
    return start < 0 or after.search(text, start) is not None


def looks_like(tree: LexborHTMLParser | None, text: str, kind: Kind | None = None) -> str | None:
    """`challenge`, `login`, `maintenance` or `not_found`; None for an ordinary page."""
    tree = tree if tree is not None else LexborHTMLParser(text[:_SMALL_PAGE])
    title = first_text(tree, "title") or ""
    small = len(text) < _SMALL_PAGE
    if small and (_CHALLENGE_TITLE.search(title) or (_CHALLENGE_MARK.search(text) and kind is not Kind.ARTICLE)):
        return "challenge"
    if kind in {Kind.ARTICLE, Kind.SERIES}:
        return None
    main = _main_part(tree)
    words = f"{title} {_first_words(main)}"
    if tree.css_first("input[type=password]") is not None and _LOGIN.search(words):
        return "login"
    if main is not None and main.css_first("a[href*='ithelp.ithome.com.tw/articles/']") is not None:
        return None  # a list of articles, whatever its words
    if _MAINTENANCE.search(words):
        return "maintenance"
    return "not_found" if _NOT_FOUND.search(words) else None


def _main_part(tree: LexborHTMLParser) -> LexborNode | None:
    """The part that is the page's own; sidebars, templates and modals say 找不到 on every page."""
    for selector in (".leftside", "main", "#content", ".error-page", ".container.index-top", "body"):
        if (found := tree.css_first(selector)) is not None:
            return found
    return None


def _first_words(main: LexborNode | None) -> str:
    """The headings and the first words of a part."""
    if main is None:
        return ""
    headings = [text_of(node) or "" for node in main.css("h1, h2, h3, h4")]
    return " ".join([*headings, (text_of(main) or "")[:400]])
