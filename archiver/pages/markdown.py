"""Markdown of a sanitised body, as inert as that. Made when it is asked for: nothing that is stored needs it."""

from __future__ import annotations

import re
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.pages.base import attribute
from archiver.text import line, prose

_INDENTING = frozenset({"blockquote", "ul", "ol", "dl", "table"})
_MOST_DEPTH = 50  # of quotes and lists: each level costs two characters on every line
_MOST_COST = 500_000  # levels of all elements and lines together, and ten times the cells of all tables


def markdown(html: str, text: str) -> str:
    """Markdown of sanitised HTML, as inert as that: nothing of its text turns into markup.

    The escaped plain text where the converter gives nothing or would write a body many times its size.
    """
    if not text and "<img" not in html:
        return ""
    import html_to_markdown  # five megabytes that most runs do without

    tree = LexborHTMLParser(f"<!DOCTYPE html><html><body>{html}</body></html>")
    converted = None
    if tree.body is not None and _is_bearable(tree.body):
        options = html_to_markdown.ConversionOptions(
            bullets="-", escape_asterisks=True, escape_underscores=True, escape_misc=True, autolinks=False,
            br_in_tables=True, extract_metadata=False,
        )  # fmt: skip
        with suppress(Exception):  # whatever trips the converter, the words are there
            converted = html_to_markdown.convert(_source(tree.body), options).content
    return prose(converted or "").strip("\n") or _inert(text)


def _source(root: LexborNode) -> str:
    """The converter writes `alt` and `title` as they are; a reader of Markdown would take their words for markup."""
    for node in root.css("[alt], [title]"):
        for name in ("alt", "title"):
            words = attribute(node, name)
            if words is not None:
                node.attrs[name] = re.sub(r"[&<>`\"'\\]", lambda match: f"&#{ord(match[0])};", line(words))
    return root.inner_html or ""


def _is_bearable(root: LexborNode) -> bool:
    """Whether Markdown stays in proportion: quotes and lists indent every line, tables are filled up to a rectangle."""
    pending = [(root, 0)]
    cost = 0
    while pending:
        node, depth = pending.pop()
        depth += node.tag in _INDENTING
        cost += depth * (1 + (node.text_content or "").count("\n") if node.tag == "-text" else 1)
        if node.tag == "table":
            rows = [len(list(row.iter(include_text=False))) for row in node.css("tr")]
            cost += len(rows) * max(rows, default=0) * 10
        if depth > _MOST_DEPTH or cost > _MOST_COST:
            return False
        pending.extend((child, depth) for child in node.iter(include_text=True))
    return True


def _inert(text: str) -> str:
    return "\n".join(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", part.strip()) for part in text.split("\n"))
