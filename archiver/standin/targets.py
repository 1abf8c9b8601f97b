"""Which requests a fault is for.

A target is an article id (every spelling of its URL), a kind of page (`robots index series feed article image other`),
`*` for everything, a path pattern (`/users/*`), or a host with or without one (`i.imgur.com`, `host/path*`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from archiver.standin.routes import host_of, is_blog
from archiver.standin.wire import CDN, Request

Target = int | str
KINDS = ("robots", "index", "series", "feed", "article", "image", "other")

_ARTICLE = re.compile(r"(?:/m)?/articles/(\d+)/?")
_PATHS = (
    ("robots", re.compile(r"/robots\.txt")),
    ("series", re.compile(r"/users/\d+/ironman/\d+|/[\w-]*ironman/articles/\d+")),
    ("feed", re.compile(r"/rss/series/\d+")),
    ("article", _ARTICLE),
    ("image", re.compile(r"/(?:upload/images|images|storage/image)/.*")),
)


def kind_of(request: Request) -> str:
    """The kind of page that is asked, one of `KINDS`."""
    found = next((kind for kind, pattern in _PATHS if pattern.fullmatch(request.path)), None)
    if found == "robots" or (found == "image" and host_of(request) == CDN):
        return found
    if is_blog(host_of(request)):
        return "index"
    return found or "other"


def matcher(target: Target) -> Callable[[Request], bool]:
    """Whether a request is meant by a target. Raises ValueError for a word that is no kind."""
    if isinstance(target, int):
        return lambda request: (match := _ARTICLE.fullmatch(request.path)) is not None and int(match[1]) == target
    if target == "*":
        return lambda _: True
    if target in KINDS:
        return lambda request: kind_of(request) == target
    if target.startswith("/"):
        return lambda request: fnmatchcase(request.target, target)
    if "." not in target:
        expected = f"an article id, one of {', '.join(KINDS)}, *, /path* or host/path*"
        raise ValueError(f"no target {target!r}: expected {expected}")
    pattern = target if "/" in target else f"{target}/*"
    return lambda request: fnmatchcase(f"{host_of(request)}{request.target}", pattern)
