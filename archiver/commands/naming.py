"""Which page a user names, by an article id or a URL."""

from __future__ import annotations

from archiver import ithome
from archiver.errors import UsageError
from archiver.model import Address
from archiver.text import safe

MOST_DIGITS = 18  # what SQLite can hold


def page_address(page: str) -> Address:
    """The page that an article id or a URL names. Raises UsageError."""
    if page.isdecimal() and page.isascii():
        if len(page) > MOST_DIGITS:
            raise UsageError(f"{safe(page, 40)}: no article has a number of so many digits; see `archiver status`")
        page = ithome.article_url(int(page))
    address = ithome.source_address(page)
    if not isinstance(address, Address):
        raise UsageError(f"{safe(page, 200)}: neither an article id nor the URL of a page; see `archiver status`")
    return address


def page_urls(page: str) -> list[str]:
    """The pages that an article id or a URL may name, images and outside links included. Raises UsageError."""
    if page.isdecimal() and page.isascii():
        return [page_address(page).url]
    named = (ithome.source_address(page), ithome.image_address(page), ithome.link_address(page), ithome.classify(page))
    found = [one.url for one in named if isinstance(one, Address)]
    return found or [page_address(page).url]


def list_named(page: str) -> tuple[int | None, int | None]:
    """The series, and the number of the page of its list, that a URL names."""
    address = ithome.classify(page)
    return (address.series_id, address.page_number) if isinstance(address, Address) else (None, None)
