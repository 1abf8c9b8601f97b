"""Values of copies that others hold: what is known of them, and how they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.model import CaptureSource


@dataclass(frozen=True, slots=True)
class Extra:
    """What a request carries beyond a plain GET, to a web archive's interface or to an outside link. Never stored."""

    head: bool = False  # HEAD instead of GET
    byte_range: tuple[int, int] | None = None  # first and last byte (RFC 9110 §14.1.2)
    form: tuple[tuple[str, str], ...] | None = None  # sent by POST
    accept: str | None = None
    authorization: str | None = None  # for the host that is asked, and for no other
    archived: bool = False  # the answer may be encoded as the site once sent it to an archive: Brotli too


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that somebody else holds, as their index tells. `url` is where its bytes are had."""

    holder: CaptureSource
    url: str
    made_at: datetime
    original: str  # the URL that was captured, as the index writes it
    digest: str | None = None  # of the payload, as the index writes it
    media_type: str | None = None
    http_status: int | None = None
    byte_range: tuple[int, int] | None = None  # of a WARC file at `url`
