"""One request and one reply as values, and how a reply is put on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

ITHOME = "ithelp.ithome.com.tw"
CDN = "d1dwq032kyr03c.cloudfront.net"
MEMBER = "member.ithome.com.tw"
BLOG = "lighthouse.example"  # the invented author's
IMGUR = "i.imgur.com"
CHARTS = "chart.googleapis.com"

HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked. `target` is path and query as sent; header names are in lower case."""

    host: str
    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0  # monotonic seconds
    body: bytes = b""  # of a POST

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(f"//host{self.target}").path

    @property
    def query(self) -> dict[str, str]:
        """The last value of each query parameter."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(f"//host{self.target}").query).items()}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply leaves: by default at once, whole, with its true length. Times in seconds, sizes in bytes."""

    delay_s: float = 0.0  # before the status line
    drip_s: float = 0.0  # between pieces of `piece` bytes
    piece: int = 16_384
    cut: float | None = None  # close after this share of the body, though Content-Length promises all of it
    reset: bool = False  # RST instead of an answer
    cut_gzip: bool = False  # the gzip stream ends early, with a Content-Length that fits what is sent
    filler: int = 0  # that many further spaces after the body
    gzip: bool = True  # packed when the client accepts it
    hang_up: bool = False  # the connection is closed after an answer that does not say so
    behind: bytes = b""  # what comes after the answer, which is whole without it


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is framed: Content-Length, Date and gzip are added when it is sent."""

    status: int
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery()

    def but(self, **how: float | bool | bytes | None) -> Reply:
        """The same reply, delivered otherwise; raises TypeError for an unknown field of `Delivery`."""
        return replace(self, delivery=replace(self.delivery, **how))  # type: ignore[arg-type]

    def with_header(self, name: str, value: str) -> Reply:
        """The same reply with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def http_date(at: datetime) -> str:
    """A time as header fields have it (RFC 9110 §5.6.7), and Memento (RFC 7089 §2.1.1)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


Replier = Callable[[Request], Reply]
"""What gives the reply to a request: a server, or a fault around it."""


def page(text: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A reply with an HTML page, UTF-8."""
    return Reply(status, text.encode(), headers=headers)


def json_reply(document: object, status: int = 200) -> Reply:
    """A reply with a JSON document."""
    return Reply(status, json.dumps(document).encode(), "application/json")


def redirect(location: str, status: int = 302) -> Reply:
    """A redirect with the small HTML body that Laravel gives it."""
    meta = f'<meta http-equiv="refresh" content="0;url=\'{location}\'" />'
    return page(f"<!DOCTYPE html>\n<html>\n<head>{meta}</head></html>\n", status, (("Location", location),))
