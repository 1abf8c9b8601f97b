"""What the text of a robots.txt allows us: groups, longest match, wildcards, percent-encoding (RFC 9309 §2.2).

By hand, since no library that we tried keeps to the letter of it. Protego 0.7 asks for `/` where only `/index.html` is
allowed, takes `/a$` for `/a%24…` too, and ends a group at a Crawl-delay (docs/politeness.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from archiver import urls
from archiver.model import Outcome

PRODUCT_TOKEN = "ithome-archiver"  # noqa: S105 - RFC 9309 §2.2.1 calls it so
MAX_BYTES = 512_000  # RFC 9309 §2.5: at least 500 KiB must be parsed

_LINE_BREAK = re.compile(rb"\r\n?|\n")
_WHITE_SPACE = " \t\x0b\x0c\u00a0"
# Spelt as people spell them; a Disallow that is only misspelt is heeded all the same.
_FIELDS = {
    "user-agent": "user-agent", "useragent": "user-agent", "user agent": "user-agent",
    "disallow": "disallow", "dissallow": "disallow", "dissalow": "disallow", "disalow": "disallow",
    "diasllow": "disallow", "disallaw": "disallow",
    "allow": "allow",
    "crawl-delay": "crawl-delay", "crawldelay": "crawl-delay", "crawl delay": "crawl-delay",
}  # fmt: skip
# However many digits: what no number can hold is no invitation to ask at once, but a wait without end.
_SECONDS = re.compile(
    r"((?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:e[+-]?+[0-9]++)?+|inf(?:inity)?)\s*+(?:s|secs?|seconds?)?\.?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-z_-]+(?=$|[\s/])", re.IGNORECASE)
_PIECE = re.compile(r"%[0-9a-f]{2}|.", re.IGNORECASE | re.DOTALL)
_UP_TO_PATH = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//[^/?]*", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9._~/-]*")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One Allow or Disallow: the path in the form that is compared, and how many octets it was written with."""

    path: str
    allows: bool
    octets: int

    def matches(self, path: str) -> bool:
        """Whether the beginning of a path matches; `*` is any run of octets, a final `$` the end (§2.2.3)."""
        first, *rest = self.path.removesuffix("$").split("*")
        to_the_end = self.path.endswith("$")
        if not path.startswith(first):
            return False
        if not rest:
            return not to_the_end or path == first
        at = len(first)
        for part in rest[:-1]:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return path.endswith(rest[-1], at) if to_the_end else path.find(rest[-1], at) >= 0


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What one robots.txt says to us, or what stands in for one that could not be had."""

    patterns: tuple[Pattern, ...] = ()
    crawl_delay_s: float | None = None
    unreachable: str | None = None  # why nothing may be asked (§2.3.1.4)
    outcome: Outcome = Outcome.ROBOTS_UNREACHABLE  # of a page that may not be asked because of that

    def allows(self, url: str) -> bool:
        """Whether a URL may be asked: the longest match decides, Allow when equally long, else yes (§2.2.2)."""
        paths = _paths_of(url)
        if "/robots.txt" in paths:  # it always may
            return True
        if self.unreachable is not None:
            return False
        matching = [pattern for pattern in self.patterns if any(map(pattern.matches, paths))]
        return max(((found.octets, found.allows) for found in matching), default=(0, True))[1]


@dataclass(slots=True)
class _Group:
    agents: set[str] = field(default_factory=set)
    patterns: list[Pattern] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    has_rules: bool = False


def parse(body: bytes) -> RobotsRules:
    """The rules for us in a file: UTF-8 with or without a byte order mark, the first 500 KiB of it. Never raises.

    Groups for our product token count, all of them together; without one, those for everybody (§2.2.1).
    """
    groups = list(_groups(_fields(body)))
    ours = [group for group in groups if PRODUCT_TOKEN in group.agents]
    ours = ours or [group for group in groups if "*" in group.agents]
    patterns = tuple(dict.fromkeys(pattern for group in ours for pattern in group.patterns))
    return RobotsRules(patterns, max((delay for group in ours for delay in group.delays), default=None))


def _fields(body: bytes) -> Iterator[tuple[str, str]]:
    """Known fields and their values. Unknown ones are left out here, so that they end no group (§2.2.4)."""
    for raw in _LINE_BREAK.split(_whole_lines(body.removeprefix(b"\xef\xbb\xbf"))):
        line = raw.decode("utf-8", "replace").partition("#")[0].strip(_WHITE_SPACE)
        name, colon, value = line.partition(":")
        if not colon:
            name, _, value = line.replace("\t", " ").partition(" ")
        known = _FIELDS.get(" ".join(name.lower().split()))
        if known is not None:
            yield known, value.strip(_WHITE_SPACE)


def _whole_lines(body: bytes) -> bytes:
    """The first 500 KiB, without a last line that is cut: half an Allow could allow too much."""
    if len(body) < MAX_BYTES:
        return body
    kept = body[:MAX_BYTES]
    return kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]


def _groups(fields: Iterable[tuple[str, str]]) -> Iterator[_Group]:
    """The groups of a file. User-agent lines in a row share one; the first rule closes the list (§2.1)."""
    group: _Group | None = None
    for name, value in fields:
        if name == "user-agent":
            if group is None or group.has_rules:
                if group is not None:
                    yield group
                group = _Group()
            group.agents.add(_agent(value))
        elif group is None:
            continue
        elif name == "crawl-delay":
            seconds = _SECONDS.fullmatch(value)
            group.delays += [float(seconds[1])] if seconds else []
        else:
            group.has_rules = True
            group.patterns += _patterns(value, allows=name == "allow")
    if group is not None:
        yield group


def _agent(value: str) -> str:
    """`*`, or the product token of a User-agent line in lower case, with or without a version; empty for neither."""
    if value.split()[:1] == ["*"]:
        return "*"
    token = _TOKEN.match(value)
    return token[0].lower() if token else ""


def _patterns(value: str, *, allows: bool) -> list[Pattern]:
    """The pattern of a rule: none for an empty one, nor for one that no path can begin with (§2.2)."""
    if not value.startswith(("/", "*")):
        return []
    path, mark, query = _compared(value.removesuffix("$"), kept="/*").partition("?")
    anchor = "$" if value.endswith("$") else ""
    # In a query a slash means nothing, so its two spellings are one there (RFC 9309, the examples of §2.2.2).
    return [Pattern(path + mark + query.replace("%2F", "/") + anchor, allows, _octets(value))]


def _paths_of(url: str) -> set[str]:
    """Path and query of a URL in the form that is compared; dot segments are resolved, as a server does.

    Two forms where the query has encoded slashes, since a pattern without `?` may reach into it either way.
    """
    rest = _UP_TO_PATH.sub("", url.partition("#")[0])
    path, mark, query = _compared(rest if rest.startswith("/") else f"/{rest}", kept="/").partition("?")
    start = urls.without_dots(path) + mark
    return {start + query, start + query.replace("%2F", "/")}


def _compared(text: str, *, kept: str) -> str:
    """Text in the one spelling that is compared (§2.2.2): unreserved characters as such, all others percent-encoded.

    `kept` stays as it is, and so does the first question mark.
    """
    if _PLAIN.fullmatch(text):
        return text  # nearly every rule of nearly every file
    path, mark, query = text.partition("?")
    return mark.join("".join(_spelt(piece[0], kept) for piece in _PIECE.finditer(part)) for part in (path, query))


def _spelt(piece: str, kept: str) -> str:
    if len(piece) == 3:
        plain = chr(int(piece[1:], 16))
        return plain if _UNRESERVED.fullmatch(plain) else piece.upper()
    if piece in kept or _UNRESERVED.fullmatch(piece):
        return piece
    return "".join(f"%{octet:02X}" for octet in piece.encode("utf-8", "replace"))


def _octets(text: str) -> int:
    """How long a pattern is: an octet that had to be percent-encoded counts three, a needless encoding one."""
    if _PLAIN.fullmatch(text):
        return len(text)
    return sum(len(piece[0]) if piece[0].isascii() else 3 * len(piece[0].encode("utf-8", "replace"))
               for piece in _PIECE.finditer(_decoded_unreserved(text)))  # fmt: skip


def _decoded_unreserved(text: str) -> str:
    return "".join(_spelt(piece[0], piece[0]) if len(piece[0]) == 3 else piece[0] for piece in _PIECE.finditer(text))
