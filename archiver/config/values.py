"""The settings as values, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archiver.config.rules import Rules, Schedule


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
    jitter_s: float = 0.02  # of the time until an answer began, added to the delay; never taken away
    max_requests: int = 500  # per run; 0 = no limit
    tries: int = 3  # of one URL, for transport faults and 5xx
    backoff_s: float = 2.0  # first wait before another try; doubles, with jitter
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
    host_faults: int = 5  # pages in a row that failed, of one kind or of a host: no more are asked for in the run
    robots_max_age_s: float = 86_400.0  # RFC 9309 §2.4: at most 24 hours
    connect_to: Mapping[str, str] = field(default_factory=dict)  # origin → origin, as curl's --connect-to


@dataclass(frozen=True, slots=True)
class Rescue:
    """Whose copies are asked for, and how. Times in seconds."""

    wayback: bool = True
    timemaps: tuple[str, ...] = (  # a page's URL is put behind each (RFC 7089)
        "https://arquivo.pt/wayback/timemap/link/",
        "https://timetravel.mementoweb.org/timemap/link/",
    )
    common_crawl: bool = True
    feed: bool = True  # bodies out of the series feed, when nobody else has them
    copies: int = 5  # most copies of one page that are had from one archive
    crawls: int = 4  # so many crawls of Common Crawl are asked for one page, nearest to publication first
    delay_s: float = 4.0  # least time between two starts on one host
    delays_s: Mapping[str, float] = field(default_factory=dict)  # host → its own delay, where it is longer
    timeout_s: float = 90.0  # archives are slow


@dataclass(frozen=True, slots=True)
class PushSettings:
    """How Save Page Now is asked to make copies. Times in seconds."""

    key: str = field(default="", repr=False)  # of an account at archive.org; empty: asked without one
    secret: str = field(default="", repr=False)
    delay_s: float = 15.0  # least time between two captures that are asked for
    daily: int = 200  # most captures that are asked for in 24 hours
    jobs: int = 2  # most of them at work at once
    poll_s: float = 10.0  # between two questions how they go
    wait_s: float = 180.0  # for one of them, in one run
    again_days: float = 1.0  # what was refused, or became another text, is asked for again after so long


@dataclass(frozen=True, slots=True)
class Images:
    """Which images are kept."""

    fetch: bool = True
    max_bytes: int = 8_388_608  # of one image
    max_per_run: int = 1_000  # 0 = no limit


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the user decides."""

    db: str = "archive.db"
    sources: tuple[Source, ...] = ()
    network: Network = field(default_factory=Network)
    rules: Rules = field(default_factory=Rules)
    schedule: Schedule = field(default_factory=Schedule)
    images: Images = field(default_factory=Images)
    notify: str = ""  # a command line, split without a shell
    rescue: Rescue = field(default_factory=Rescue)
    push: PushSettings = field(default_factory=PushSettings)
    origin: str = "packaged default"  # the file it came from, for messages
    is_demonstration: bool = False  # nobody is asked but a stand-in, and all that comes is invented; no file says so

    @property
    def is_packaged(self) -> bool:
        """Whether nobody wrote a config of their own."""
        return self.origin == "packaged default"
