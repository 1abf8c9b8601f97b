"""The HTML that the author's blog posts are made of (docs/site.md §15)."""

from __future__ import annotations


def external(url: str, text: str) -> str:
    """A link to another site, as rehype-external-links writes it."""
    return f'<a href="{url}" rel="noreferrer noopener" target="_blank">{text}</a>'


def heading(level: int, text: str) -> str:
    """A heading wrapped in an anchor to itself, as rehype-autolink-headings writes it."""
    slug = "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    return f'<h{level} id="{slug}"><a class="not-prose" href="#{slug}">{text}</a></h{level}>\n'


def note(title: str, text: str) -> str:
    """A note above the post."""
    return f'<div class="admonition admonition-note"><p class="admonition-title">{title}</p><p>{text}</p></div>'
