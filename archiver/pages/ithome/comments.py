"""The comments under an article. Their markup is hearsay (docs/site.md §7)."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from archiver.model.readings import Author, Comment
from archiver.pages import body as bodies
from archiver.pages.base import Problems, attribute, classes_of, count, first_text, taipei_to_utc, text_of

_PERSONS = (".comment__name", ".comment__person", "[class*=person]", "a[href*='/users/']")  # the surest first


def read(side: LexborNode, base: str, announced: int | None, problems: Problems) -> tuple[Comment, ...]:
    """Every comment and reply in document order. `announced`: how many the page says that there are."""
    found: list[Comment] = []
    for response in side.css(".response"):
        if inside(response, ".response"):
            continue
        replies = [
            reply
            for reply in response.css(".comment__body, .comment:not(:has(.comment__body))")
            if reply.css_first(".comment__content, .markdown__style") or "comment__body" in classes_of(reply)
        ]
        # A comment without words above its replies was deleted: the site shows them on, and so do we.
        is_deleted = replies and _comment_body(response, is_reply=False) is None
        parent = None if is_deleted else _comment(response, base, len(found) + 1, None, problems, is_reply=False)
        if parent is not None:
            found.append(parent)
        answered = parent.position if parent is not None else None
        for reply in replies:
            child = _comment(reply, base, len(found) + 1, answered, problems, is_reply=True)
            if child is not None:
                found.append(child)
    if not found and announced:
        problems.add("comments", "not_found", f"{announced} are announced")
    return tuple(found)


def inside(node: LexborNode, selector: str) -> bool:
    """Whether an element stands within one of a class, such as `.response`."""
    name = selector.removeprefix(".")
    above = node.parent
    while above is not None:
        if name in classes_of(above):
            return True
        above = above.parent
    return False


def _comment(
    node: LexborNode, base: str, position: int, reply_to: int | None, problems: Problems, *, is_reply: bool
) -> Comment | None:
    content_node = _comment_body(node, is_reply=is_reply)
    if content_node is None:
        problems.add("comment_body", "not_found", text_of(node) or "")
        return None
    around = _with_its_header(node, content_node) if is_reply else node
    link = _beside(content_node, around, "a.response-header__person", *_PERSONS)
    time = _beside(content_node, around, ".ans-header__time", "[class*=time][title]", "[class*=time]", "a[title]")
    published_at = taipei_to_utc(attribute(time, "title")) or taipei_to_utc(text_of(time))
    if published_at is None:
        problems.add("comment_time", "not_found", text_of(node) or "")
    likes = None if is_reply else count(first_text(node, ".qa-panel__side .likeGroup__num"))
    author, body = Author(user_id(link), text_of(link), level=_level(node)), bodies.make(content_node, base)
    return Comment(_comment_id(around), position, author, published_at, likes, body, reply_to)


def _comment_body(node: LexborNode, *, is_reply: bool) -> LexborNode | None:
    if is_reply:
        return _first(node, ".comment__content .markdown__style", ".markdown__style", ".comment__content")
    own = _first(node, ".response-markdown .markdown__style", ".response-markdown")
    others = (one for one in node.css(".markdown__style") if not inside(one, ".comment"))
    return own if own is not None else next(others, None)


def _with_its_header(reply: LexborNode, content: LexborNode) -> LexborNode:
    """A reply with what stands around its words, as far up as there is no other reply's."""
    around = reply
    while (above := around.parent) is not None and not {"response", "comment", "leftside"} & set(classes_of(above)):
        if len(above.css(".comment__content, .markdown__style")) > len(content.css(".markdown__style")) + 1:
            break
        around = above
    return around


def _beside(content: LexborNode, around: LexborNode, *selectors: str) -> LexborNode | None:
    """The first match of the surest selector that is not part of the comment's own words."""
    for selector in selectors:
        for found in around.css(selector)[:20]:
            above: LexborNode | None = found
            while above is not None and above.mem_id not in {content.mem_id, around.mem_id}:
                above = above.parent
            if above is None or above.mem_id != content.mem_id:
                return found
    return None


def _first(node: LexborNode, *selectors: str) -> LexborNode | None:
    """The first match of the first selector that has one: the surest mark first, since the markup is hearsay."""
    return next((found for selector in selectors if (found := node.css_first(selector)) is not None), None)


def _comment_id(node: LexborNode) -> int | None:
    """From `name="response-<id>"`, or whatever attribute carries one."""
    candidates = [node, *node.css("a[name], [data-id], [id]")[:5]]
    for candidate in candidates:
        for name in ("name", "id"):
            match = re.fullmatch(r"(?:response|comment|reply)-([0-9]{1,12})", candidate.attributes.get(name) or "")
            if match:
                return int(match[1])
    return None


def _level(node: LexborNode) -> str | None:
    """`iT邦新手 1 級`, before the dot and the time."""
    shown = first_text(node, ".ans-header__leveltime")
    return shown.split("‧")[0].strip() or None if shown else None


def user_id(link: LexborNode | None) -> int | None:
    """The number in a link to somebody's page."""
    match = re.search(r"/users/([0-9]{1,12})(?:/|$|\?)", attribute(link, "href") or "")
    return int(match[1]) if match else None
