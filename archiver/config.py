"""Settings: packaged defaults < file < environment < flags, merged once into a frozen `Config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archiver.model import Rules, Schedule


@dataclass(frozen=True, slots=True)
class Source:
    """What the user asks to keep."""

    url: str
    alternates: tuple[str, ...] = ()  # the same page in other languages or places, asked when `url` does not answer
    series: str | None = None  # the series page, as a hint


@dataclass(frozen=True, slots=True)
class Network:
    """How we ask. Times in seconds, sizes in bytes."""

    contact: str = ""  # URL or mail address for the User-Agent; empty: the agent names the program alone
    delay_s: float = 2.0  # least time between two starts on one host
    jitter_s: float = 0.5  # at most this much is added to the delay, never taken away
    max_requests: int = 500  # per run; 0 = no limit
    tries: int = 3  # of one URL, for transport faults and 5xx
    backoff_s: float = 4.0  # first wait before another try; doubles, with jitter
    timeout_s: float = 30.0  # total for one request, from connect to the last byte
    connect_timeout_s: float = 10.0
    max_redirects: int = 5
    max_header_bytes: int = 65_536
    max_wire_bytes: int = 8_388_608  # body as received
    max_body_bytes: int = 16_777_216  # body after decompression
    max_retry_after_s: float = 120.0  # a longer Retry-After ends the run for that host
    max_crawl_delay_s: float = 120.0  # a longer Crawl-delay means that the host wants no crawler
    refusals: int = 3  # in a row of one kind of page: that kind is not asked again in the run
    host_refusals: int = 5  # in a row on one host: nothing there is asked again in the run
    robots_max_age_s: float = 86_400.0  # RFC 9309 §2.4: at most 24 hours
    connect_to: Mapping[str, str] = field(default_factory=dict)  # origin → origin, as curl's --connect-to


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the user decides."""

    db: str = "archive.db"
    sources: tuple[Source, ...] = ()
    network: Network = Network()
    rules: Rules = Rules()
    schedule: Schedule = Schedule()
    origin: str = "packaged default"  # the file it came from, for messages
