"""What a body looks like, for the judge: facts only, no verdict."""

from __future__ import annotations

import re
from typing import assert_never

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.model import Kind
from archiver.pages.base import attribute, digest, first_text, text_of, words_of
from archiver.pages.ithome import article, series
from archiver.pages.scan import Scan

_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|rss|feed|\?xml|meta|title|script|div|table|p|a|h[1-6]|ul|ol|main|article|section)\b",
    re.IGNORECASE,
)
_MARKUP_TYPES = frozenset(
    "text/html application/xhtml+xml text/xml application/xml application/rss+xml application/atom+xml".split()
)
# A bot check is a small page of its own. Ordinary pages load such scripts too (docs/site.md §5.6).
_CHALLENGE_TITLE = re.compile(
    r"^(?:just a moment|attention required|請稍候|请稍候|checking your browser|verify(?:ing)? you are|are you a robot"
    r"|security check|access denied|ddos-guard|one more step)",
    re.IGNORECASE,
)
_CHALLENGE_MARK = re.compile(
    r"_cf_chl_opt|cf-chl-|challenge-form|challenge-running|cf-browser-verification|/h/[bg]/orchestrate"
)
_CHALLENGE_WORDS = re.compile(
    r"checking your browser|verif(?:y|ying) (?:that )?you are (?:a )?human|needs to review the security"
    r"|驗證您是(?:真人|人類)|確認您(?:是|為)真人|enable javascript and cookies to continue",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"找不到|不存在|尚未公開|網址有誤|網址錯誤|已(?:被|經|遭)?(?:作者)?(?:刪除|移除|下架)|沒有這(?:個|篇)"
    r"|無此(?:文章|頁面)|查無|頁面遺失|\b404\b|not found|could not be found|no longer (?:exists|available)"
    r"|does(?:n['’]t| not) exist|(?:has been|was) (?:deleted|removed)",
    re.IGNORECASE,
)
_MAINTENANCE = re.compile(
    r"維護中|維修中|系統維護|網站維護|暫停服務|暫時無法提供"
    r"|(?:under|scheduled) maintenance|503 service|service unavailable|temporarily unavailable|bad gateway"
    r"|be right back",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"請先登入|請登入|登入後(?:才|即)?(?:可|能)|尚未登入|會員登入|帳號登入"
    r"|please (?:log|sign) in|(?:log|sign) in to continue|must (?:log|sign) in",
    re.IGNORECASE,
)
_LOGIN_TITLE = re.compile(r"登入|log ?in|sign ?in", re.IGNORECASE)
_FRAME = r"(?:^|\s)(?:header|menu|footer|rightside|sidebox|modal|navbar|a810|a970)(?:\s|$)|AtUser|itplus"
_SMALL_PAGE = 60_000  # characters of markup; challenge pages grow with their scripts
_FEW_WORDS = 600  # a page that says only that it has nothing to say


def is_markup(text: str, content_type: str | None) -> bool:
    """Whether a text is HTML or a feed: what the server calls it must not contradict what it begins with."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if "/" in media_type and media_type not in _MARKUP_TYPES:
        return False
    return _MARKUP.search(text[:4_000]) is not None


def skeleton_kind(tree: LexborHTMLParser) -> Kind:
    """The kind of iThome page whose skeleton is there; `index` for any other HTML."""
    if tree.css_first(f"{article.BODY}, .ir-article__title, .qa-header__title") is not None:
        return Kind.ARTICLE
    if tree.css_first(f".ir-profile-series, {series.EMPTY}, {series.ITEM}") is not None:
        return Kind.SERIES
    return Kind.INDEX


def has_content(tree: LexborHTMLParser, kind: Kind, body: LexborNode | None) -> bool:
    """Whether the part that makes a page worth keeping is there. `body` is that of an article (`article.body_node`)."""
    match kind:
        case Kind.ARTICLE | Kind.CONTROL:
            return body is not None and bool(words_of(body, 20) or body.css_first("img, iframe, video, audio"))
        case Kind.SERIES:
            return tree.css_first(f"{series.ITEM} a[href], {series.EMPTY}") is not None or series.says_it_is_empty(tree)
        case Kind.INDEX:
            return bool(words_of(tree.body, 20)) or tree.css_first("a[href]") is not None
        case Kind.ROBOTS | Kind.FEED | Kind.IMAGE | Kind.LINK:  # no page of these kinds is HTML
            return False
        case _:
            assert_never(kind)


def plain_words(tree: LexborHTMLParser) -> str:
    """A hash of what a page says but for digits and every page's frame: the same for each "not found" of a site."""
    return digest([re.sub(r"[0-9]+", "", words_of(tree.body, 4_000, _FRAME))])


def is_closed(tree: LexborHTMLParser, scan: Scan, kind: Kind, body: LexborNode | None) -> bool:
    """Whether the document ends where it should.

    iThome's pages close `html`, and after their content come other parts of the page: one that is cut anywhere lacks
    the one or the other. An index is anybody's page and may leave end tags out where HTML allows it.
    """
    if kind is Kind.INDEX:
        return scan.ended or (scan.whole and not scan.open_at_end)
    if kind is Kind.ARTICLE:
        return scan.ended and article.goes_on_after_body(tree, body)
    is_list = tree.css_first(f"{series.ITEM}, .ir-profile-series") is not None
    return scan.ended and not (is_list and tree.css_first(".profile-pagination, .rightside, footer") is None)


def looks_like(tree: LexborHTMLParser, text: str, asked: Kind, shown: Kind, *, complete: bool) -> str | None:
    """`challenge`, `login`, `maintenance` or `not_found`; None for an ordinary page. `shown`: of what its skeleton is.

    A page with iThome's skeleton of an article or a series is what it shows, even if it tells of 404s; so is an index
    that links to iThome. A page that is cut (not `complete`) has not said all it has to say: never `not_found`.
    """
    if shown is not Kind.INDEX:
        return None
    title = first_text(tree, "title") or ""
    words = words_of(tree.body, 2_000, _FRAME)
    if _is_challenge(tree, text, title, words):
        return "challenge"
    if asked is Kind.INDEX and tree.css_first("a[href*='ithome.com.tw/']") is not None:
        return None
    few = words if len(words) <= _FEW_WORDS else ""
    headings = " ".join(text_of(node) or "" for node in tree.css("h1, h2, h3, h4")[:10])
    if _is_login(tree, title, few):
        return "login"
    if _MAINTENANCE.search(f"{title} {few}"):
        return "maintenance"
    is_article = "/articles/" in (attribute(tree.css_first('meta[property="og:url"]'), "content") or "")
    named = "" if is_article else f"{title} {headings}"  # an article's own title may well speak of a 404
    return "not_found" if complete and _NOT_FOUND.search(f"{named} {few}") else None


def _is_challenge(tree: LexborHTMLParser, text: str, title: str, words: str) -> bool:
    if len(text) > _SMALL_PAGE:
        return False
    in_scripts = any(_CHALLENGE_MARK.search(script.text(deep=True)) for script in tree.css("script"))
    form = tree.css_first("#challenge-form, #cf-wrapper, #challenge-running")
    if _CHALLENGE_TITLE.search(title) or in_scripts or form is not None:
        return len(words) < 2_000
    return len(words) <= _FEW_WORDS and bool(_CHALLENGE_WORDS.search(words) or _is_only_a_widget(tree, words))


def _is_only_a_widget(tree: LexborHTMLParser, words: str) -> bool:
    widget = tree.css_first(".cf-turnstile, .g-recaptcha, .h-captcha")
    return widget is not None and tree.css_first("a[href]") is None and len(words) < 300


def _is_login(tree: LexborHTMLParser, title: str, few_words: str) -> bool:
    """Every page has a link to the login; a wall has a form for it, or little else to say."""
    has_form = tree.css_first("input[type=password i], form[action*='/login' i], form[action*='oauth' i]") is not None
    if has_form:
        return bool(few_words or _LOGIN_TITLE.search(title))
    return bool(_LOGIN.search(few_words))
