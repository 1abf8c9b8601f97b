"""What a web archive holds: mementos, shared by its index, its playback, its TimeMap and Save Page Now."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Memento:
    """One response as an archive stored it. `said_mime` and `said_status` are what its index says of it."""

    url: str
    at: datetime
    body: bytes
    status: int = 200
    mime: str = "text/html; charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    said_mime: str | None = None  # None: the truth
    said_status: str | None = None
    encoding: str | None = None  # the body is stored, and played, as it came over the wire

    @property
    def timestamp(self) -> str:
        """The time of capture in 14 digits."""
        return stamp14(self.at)

    @property
    def digest(self) -> str:
        """SHA-1 of the payload in base 32, as CDX files have it."""
        return base64.b32encode(hashlib.sha1(self.body, usedforsecurity=False).digest()).decode()

    @property
    def index_mime(self) -> str:
        """The media type that the index shows."""
        return self.said_mime or self.mime.partition(";")[0]

    @property
    def index_status(self) -> str:
        """The status code that the index shows."""
        return self.said_status or str(self.status)


class Shelf:
    """Every memento of an archive, by URL and time; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mementos: list[Memento] = []
        self.excluded: set[str] = set()  # hosts that the archive keeps from the public

    def put(self, *mementos: Memento) -> None:
        """Add mementos."""
        with self._lock:
            self._mementos = sorted([*self._mementos, *mementos], key=lambda one: (surt(one.url), one.at))

    def excludes(self, url: str) -> bool:
        """Whether the site of a URL is kept from the public."""
        return (urlsplit(url if "//" in url else f"http://{url}").hostname or "") in self.excluded

    def all(self) -> list[Memento]:
        """Every memento, by URL key and time."""
        with self._lock:
            return list(self._mementos)

    def of(self, url: str, match: str = "exact") -> list[Memento]:
        """The mementos of a URL, or (`match` "prefix") of all that begin with it, oldest first for each URL."""
        key = surt(url)
        if match == "prefix":
            return [one for one in self.all() if surt(one.url).startswith(key)]
        return [one for one in self.all() if surt(one.url) == key]

    def nearest(self, url: str, timestamp: str) -> Memento | None:
        """The memento of a URL that is nearest to a time of up to 14 digits; None when there is none."""
        wanted = moment14(timestamp)
        return min(self.of(url), key=lambda one: abs(one.at - wanted), default=None)


def surt(url: str) -> str:
    """The key under which an archive files a URL: http and https, and www, are one; so is a slash at the end."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    host = re.sub(r"^www\d*\.", "", (parts.hostname or "").lower())
    path = (parts.path or "/").lower()
    path = path.rstrip("/") if len(path) > 1 else path
    return f"{','.join(reversed(host.split('.')))}){path}" + (f"?{parts.query.lower()}" if parts.query else "")


def stamp14(at: datetime) -> str:
    """A time as archives write it: `20230916122634`, UTC."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def moment14(timestamp: str) -> datetime:
    """The moment of a timestamp of 4 to 14 digits; what is left out is the earliest."""
    full = timestamp + "00000101000000"[len(timestamp) :]
    return datetime.strptime(full, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
