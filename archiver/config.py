"""Settings: packaged defaults < file < environment < flags, merged once into a frozen `Config`.

The file is TOML and every key is known: a wrong key, type, URL or value is told with its place and what was expected,
all at once. Hand-checked against one table of keys, because importing a validation library takes longer than all
of `archiver status` (docs/design.md 'Settings are checked').
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archiver.errors import ConfigError
from archiver.machine import disk
from archiver.rules import Rules, Schedule
from archiver.text import safe

PACKAGED = "archiver.toml"
_MAX_BYTES = 1_048_576


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


@dataclass(frozen=True, slots=True)
class _Key:
    """What a key of the file must hold: its check gives the value, or None when it does not fit `expected`."""

    expected: str
    check: Callable[[Any], Any]
    is_secret: bool = False  # what was found instead is not shown


def _number(low: float, high: float, unit: str) -> _Key:
    def check(value: Any) -> float | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if fits and low <= value <= high else None  # not a number is neither

    return _Key(f"a number of {unit} from {low:g} to {high:g}", check)


def _whole(low: int, high: int, what: str) -> _Key:
    def check(value: Any) -> int | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return value if fits else None

    return _Key(f"a whole number of {what} from {low} to {high}", check)


def _origin(value: Any) -> str | None:
    if not isinstance(value, str) or re.search(r"[\s\\\x00-\x1f]", value):
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and parts.username is None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not bare:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _origins(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    mapped = {_origin(name): _origin(target) for name, target in value.items()}
    return None if None in mapped or None in mapped.values() else {str(a): str(b) for a, b in mapped.items()}


def _url(value: Any) -> str | None:
    if not isinstance(value, str) or re.search(r"[\s\\\x00-\x1f]", value.strip()):
        return None
    try:
        parts = urlsplit(value.strip())
        _ = parts.port
    except ValueError:
        return None
    return value.strip() if parts.scheme in {"http", "https"} and parts.hostname else None


def _urls(value: Any) -> tuple[str, ...] | None:
    found = [_url(one) for one in value] if isinstance(value, list) else [None]
    return None if None in found else tuple(str(one) for one in found)


def _delays(value: Any) -> dict[str, float] | None:
    if not isinstance(value, dict):
        return None
    seconds = _number(0, 3600, "seconds")
    delays = {host: seconds.check(delay) for host, delay in value.items() if re.fullmatch(r"[a-z0-9.-]+(:\d+)?", host)}
    return None if len(delays) < len(value) or None in delays.values() else delays


def _contact(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    usable = value == "" or re.fullmatch(r"(https?://[^\s()<>;\\]+|(mailto:)?[^\s()<>;@\\]+@[^\s()<>;@\\]+)", value)
    return value if usable and value.isascii() else None


def usable_key(value: Any) -> str | None:
    """A key as it can stand in a header field; empty for none; None when it cannot."""
    return value if isinstance(value, str) and re.fullmatch(r"[\x21-\x39\x3b-\x7e]{0,200}", value) else None


def _command(value: Any) -> str | None:
    if not value:
        return value if isinstance(value, str) else None
    import shlex  # few name a command

    try:
        return value if isinstance(value, str) and "\x00" not in value and shlex.split(value) is not None else None
    except ValueError:  # a quote that is never closed
        return None


_TEXT = _Key("a file name in quotes", lambda value: value if isinstance(value, str) and value.strip() else None)
_MAIL = _Key("a URL or mail address in quotes, where the site's people can reach you", _contact)
_DAYS = _number(0, 3650, "days")
_FLAG = _Key("true or false", lambda value: value if isinstance(value, bool) else None)
_MAP = _Key('a table of origins, such as "https://host" = "http://127.0.0.1:8765"', _origins)

_NETWORK: dict[str, _Key] = {
    "contact": _MAIL,
    "delay_s": _number(0, 3600, "seconds"),
    "jitter_s": _number(0, 3600, "seconds"),
    "max_requests": _whole(0, 1_000_000, "requests (0 for no limit)"),
    "tries": _whole(1, 10, "tries"),
    "backoff_s": _number(0, 3600, "seconds"),
    "timeout_s": _number(0.1, 3600, "seconds"),
    "connect_timeout_s": _number(0.1, 3600, "seconds"),
    "max_redirects": _whole(0, 20, "redirects"),
    "max_header_bytes": _whole(1024, 1_048_576, "bytes"),
    "max_wire_bytes": _whole(1024, 1_073_741_824, "bytes"),
    "max_body_bytes": _whole(1024, 1_073_741_824, "bytes"),
    "max_retry_after_s": _number(0, 86_400, "seconds"),
    "max_crawl_delay_s": _number(0, 86_400, "seconds"),
    "refusals": _whole(1, 100, "refusals"),
    "host_refusals": _whole(1, 100, "refusals"),
    "host_faults": _whole(1, 100, "pages"),
    "robots_max_age_s": _number(0, 86_400, "seconds"),
    "connect_to": _MAP,
}
_RULES: dict[str, _Key] = {
    "absences": _whole(1, 100, "absences"),
    "absence_gap_days": _number(0, 365, "days"),
    "mass_absence_days": _DAYS,
    "control_days": _number(1, 365, "days"),
}
_SCHEDULE: dict[str, _Key] = {spec.name: _DAYS for spec in fields(Schedule)}
_SOURCE: dict[str, _Key] = {
    "url": _Key("an http or https URL in quotes", _url),
    "alternates": _Key("a list of http or https URLs", _urls),
    "series": _Key("the http or https URL of a series page", _url),
}
_RESCUE: dict[str, _Key] = {
    "wayback": _FLAG,
    "timemaps": _Key("a list of http or https URLs", _urls),
    "common_crawl": _FLAG,
    "feed": _FLAG,
    "copies": _whole(1, 100, "copies"),
    "crawls": _whole(1, 200, "crawls"),
    "delay_s": _number(0, 3600, "seconds"),
    "delays_s": _Key('a table of hosts and seconds, such as "web.archive.org" = 6', _delays),
    "timeout_s": _number(0.1, 3600, "seconds"),
}
_SECRET = _Key("the words of a key in quotes, without spaces and colons", usable_key, is_secret=True)
_PUSH: dict[str, _Key] = {
    "key": _SECRET,
    "secret": _SECRET,
    "delay_s": _number(0, 3600, "seconds"),
    "daily": _whole(1, 4_000, "captures"),
    "jobs": _whole(1, 6, "captures"),
    "poll_s": _number(0.1, 3600, "seconds"),
    "wait_s": _number(0, 3600, "seconds"),
    "again_days": _number(0, 3650, "days"),
}
_ARCHIVE: dict[str, _Key] = {"db": _TEXT}
_IMAGES: dict[str, _Key] = {
    "fetch": _Key("true or false", lambda value: value if isinstance(value, bool) else None),
    "max_bytes": _whole(1024, 1_073_741_824, "bytes"),
    "max_per_run": _whole(0, 1_000_000, "images (0 for no limit)"),
}
_NOTIFY: dict[str, _Key] = {"command": _Key('a command in quotes, such as "notify-send archiver"', _command)}
TABLES = {
    "archive": _ARCHIVE, "network": _NETWORK, "judgement": _RULES, "schedule": _SCHEDULE, "images": _IMAGES,
    "notify": _NOTIFY, "rescue": _RESCUE, "push": _PUSH,
}  # fmt: skip


def find_file(named: Path | None) -> Path | None:
    """The config file in force: the one named, `./config/archiver.toml`, the user's; None for the packaged default."""
    if named is not None:
        return named
    here = Path("config") / PACKAGED
    if here.is_file():
        return here
    home = os.environ.get("XDG_CONFIG_HOME") or (os.environ.get("HOME") and f"{os.environ['HOME']}/.config")
    mine = Path(home) / "archiver" / PACKAGED if home else None
    return mine if mine is not None and mine.is_file() else None


def load(named: Path | str | None = None) -> Config:
    """The settings in force, or those of the file that is named. Raises ConfigError with every error of the file."""
    path = find_file(Path(named) if isinstance(named, str) else named)
    return load_packaged() if path is None else read(_file_text(path), str(path))


def load_packaged() -> Config:
    """The packaged default alone."""
    return read(_packaged_text(), "packaged default")


def _packaged_text() -> str:
    here = Path(__file__)  # importlib.resources takes longer to import than all of this module
    inside = here.with_name(PACKAGED)
    if inside.is_file():
        return inside.read_text("utf-8")
    return (here.parents[1] / "config" / PACKAGED).read_text("utf-8")  # an editable install


def _file_text(path: Path) -> str:
    try:
        with os.fdopen(disk.open_regular(path), "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigError([f"{safe(path, 200)}: more than {_MAX_BYTES} bytes; name another file with --config"])
        return data.decode("utf-8-sig")  # editors on Windows write a BOM, tomllib takes none
    except OSError as error:
        raise ConfigError(
            [f"{safe(path, 200)}: cannot be read ({error.strerror}); name another file with --config"]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{safe(path, 200)}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from error


def read(text: str, name: str) -> Config:
    """The settings that a TOML text holds; what it does not name keeps its default. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, or of a number with thousands of digits
        raise ConfigError([f"{safe(name)}: not TOML: {safe(error)}"]) from error
    errors: list[str] = []
    tables = {table: _check_table(data.get(table, {}), keys, table, errors) for table, keys in TABLES.items()}
    sources = _check_sources(data.get("sources", []), errors)
    _check_names(data, [*TABLES, "sources"], "", errors)
    if errors:
        raise ConfigError([f"{safe(name)}: {error}" for error in errors])
    return Config(
        db=tables["archive"].get("db", "archive.db"),
        sources=tuple(Source(**source) for source in sources),
        network=replace(Network(), **tables["network"]),
        rules=replace(Rules(), **tables["judgement"]),
        schedule=replace(Schedule(), **tables["schedule"]),
        images=replace(Images(), **tables["images"]),
        notify=tables["notify"].get("command", ""),
        rescue=replace(Rescue(), **tables["rescue"]),
        push=replace(PushSettings(), **tables["push"]),
        origin=name,
    )


def _check_table(table: Any, keys: Mapping[str, _Key], name: str, errors: list[str]) -> dict[str, Any]:
    if not isinstance(table, dict):
        errors.append(f"{name}: expected a table [{name}], found {_shown(table)}")
        return {}
    _check_names(table, keys, f"{name}.", errors)
    values = {}
    for key, value in table.items():
        if key in keys:
            values[key] = keys[key].check(value)
            if values[key] is None:
                found = "something else" if keys[key].is_secret else _shown(value)
                errors.append(f"{name}.{key}: expected {keys[key].expected}, found {found}")
    return values


def _check_sources(sources: Any, errors: list[str]) -> list[dict[str, Any]]:
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        errors.append(f"sources: expected tables [[sources]], found {_shown(sources)}")
        return []
    checked = []
    for number, source in enumerate(sources, start=1):
        name = f"sources[{number}]"
        if "url" not in source:
            errors.append(f"{name}.url: expected {_SOURCE['url'].expected}, found nothing")
        checked.append(_check_table(source, _SOURCE, name, errors))
    return checked


def _check_names(table: Mapping[str, Any], known: Any, prefix: str, errors: list[str]) -> None:
    for key in table:
        if key not in known:
            import difflib  # only a mistake needs it

            close = difflib.get_close_matches(key, list(known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
            errors.append(f"{prefix}{safe(key)}: unknown key; {hint}")


def _shown(value: Any) -> str:
    try:
        return safe(repr(value), 60)
    except ValueError:  # hexadecimal digits by the thousand can be read, and cannot be written in decimal
        return "a number of thousands of digits"
