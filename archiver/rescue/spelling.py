"""Whether a URL that an archive wrote down names the page that we mean. Pure."""

from __future__ import annotations

import re

from archiver import urls
from archiver.model import Address
from archiver.rescue.values import LONGEST_URL

_FRONT = re.compile(r"^https?://(?:www\d*\.)?", re.IGNORECASE)
_DEFAULT_PORT = re.compile(r"^([^/:]+):(?:80|443)(?=/|$)")


def names(original: str, page: Address) -> bool:
    """Whether `original` is a spelling of the page: its classes agree, or, off iThome, all but scheme and www."""
    if len(original) > LONGEST_URL:
        return False
    found = urls.classify(original)
    if isinstance(found, Address):
        return found.url == page.url
    return _plain(original) == _plain(page.url)


def _plain(url: str) -> str:
    return _DEFAULT_PORT.sub(r"\1", _FRONT.sub("", url)).rstrip("/").lower()


def spellings(page: Address) -> tuple[str, ...]:
    """The URLs under which archives may have filed a page: its own, and for an article the mobile one (ANATOMY §2)."""
    if page.article_id is None:
        return (page.url,)
    return page.url, f"https://{urls.ITHOME}/m/articles/{page.article_id}"
