"""What a body and a picture may be: the markup that is kept and shown, and rasters by their first bytes. Tables alone.

Asked twice, when a page is read and when it is shown, since the archive may be anybody's file.
"""

from __future__ import annotations

import re

import nh3

TAGS = nh3.ALLOWED_TAGS - {"area", "map", "data", "nav", "header", "footer", "article", "aside"}
ATTRIBUTES = {
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
SCHEMES = {"http", "https", "mailto"}
ID_PREFIX = "user-content-"
"""Stands before each id of a body, so that none is one of the page around it."""

LANGUAGE = r"[A-Za-z0-9_+#.-]{1,40}"
"""The name of a language in a class such as `language-rust`."""

# By signature (WHATWG MIME Sniffing §6.1); AVIF by its file type box.
_RASTERS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
)


def raster(body: bytes) -> str | None:
    """The media type of a raster image that browsers show, by its first bytes; None for anything else."""
    return next((name for mark, name in _RASTERS if mark.match(body)), None)
