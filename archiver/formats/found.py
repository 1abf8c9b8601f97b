"""What a file of copies gives: one response after another, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.model import Outcome
from archiver.text import line

Wanted = Callable[[str], bool]
Passed = Counter[str]  # what was passed over, in plain words → how often

# They belong to whoever saved the page, and say nothing about it.
_PRIVATE = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization"})


@dataclass(frozen=True, slots=True)
class Found:
    """A response that a file holds, before anybody judged it; with a `failure`, `error` says why in one line."""

    url: str  # as the file has it
    body: bytes | None  # transfer and content encodings undone; None for no whole one
    at: datetime | None  # UTC; when the copy was made, None when the file does not say
    place: str  # where in the file, for people
    status: int | None = None  # None: a saved page does not tell
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case, values cleaned of control characters
    failure: Outcome | None = None
    error: str | None = None

    def failed(self, outcome: Outcome, why: str) -> Found:
        """The same, of which the file holds no whole one."""
        return replace(self, body=None, failure=outcome, error=why)

    def too_large(self, what: str, most: int) -> Found:
        """The same, too large to be kept."""
        return self.failed(Outcome.TOO_LARGE, f"a {what} of more than {most} bytes")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a file is looked at. A larger or denser one is refused by name, before it fills memory or disk."""

    body_bytes: int = 16_777_216  # of one response, after decompression; as for a live answer
    url_length: int = 8_000  # characters; as much of a header is kept, and a longer one is no page of anybody's
    header_bytes: int = 262_144  # of one record, and of one HTTP message
    unpacked_bytes: int = 17_179_869_184  # of a whole file
    ratio: int = 250  # unpacked to packed; text gives 5 to 20, deflate at most 1,032 (zlib technical details)
    ratio_from: int = 67_108_864  # unpacked bytes from which the ratio counts
    records: int = 5_000_000  # of a WARC
    members: int = 20_000  # of a zip
    document_bytes: int = 67_108_864  # of a file that is read at once: HTML, MHTML, HAR


def cleaned(headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers as an archive keeps them: names in lower case, values one line each, nobody's cookies."""
    kept = [(line(name, 200).lower(), line(value, 8_000)) for name, value in headers]
    return tuple((name, value) for name, value in kept if name not in _PRIVATE)
