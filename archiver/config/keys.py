"""Every key of the file, what it must hold, and what is said where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import SplitResult, urlsplit

from archiver.config.rules import Schedule
from archiver.text import safe


@dataclass(frozen=True, slots=True)
class Setting:
    """What a key of the file must hold: its check gives the value, or None when it does not fit `expected`."""

    expected: str
    check: Callable[[Any], Any]
    is_secret: bool = False  # what was found instead is not shown


def _number(low: float, high: float, unit: str) -> Setting:
    def check(value: Any) -> float | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if fits and low <= value <= high else None  # not a number is neither

    return Setting(f"a number of {unit} from {low:g} to {high:g}", check)


def _whole(low: int, high: int, what: str) -> Setting:
    def check(value: Any) -> int | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return value if fits else None

    return Setting(f"a whole number of {what} from {low} to {high}", check)


def _parts(text: str) -> SplitResult | None:
    """The parts of an http or https URL; None for anything else."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # one that is no number is a ValueError, too
    except ValueError:
        return None
    is_url = parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"[\s\\\x00-\x1f]", text)
    return parts if is_url else None


def _origin(value: Any) -> str | None:
    parts = _parts(value) if isinstance(value, str) else None
    if parts is None or parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port is not None else "")


def _origins(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    mapped = {_origin(name): _origin(target) for name, target in value.items()}
    return None if None in mapped or None in mapped.values() else {str(a): str(b) for a, b in mapped.items()}


def _url(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and _parts(value.strip()) is not None else None


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


_TEXT = Setting("a file name in quotes", lambda value: value if isinstance(value, str) and value.strip() else None)
_MAIL = Setting("a URL or mail address in quotes, where the site's people can reach you", _contact)
_DAYS = _number(0, 3650, "days")
_FLAG = Setting("true or false", lambda value: value if isinstance(value, bool) else None)
_MAP = Setting('a table of origins, such as "https://host" = "http://127.0.0.1:8765"', _origins)

_NETWORK: dict[str, Setting] = {
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
_RULES: dict[str, Setting] = {
    "absences": _whole(1, 100, "absences"),
    "absence_gap_days": _number(0, 365, "days"),
    "mass_absence_days": _DAYS,
    "control_days": _number(1, 365, "days"),
}
_SCHEDULE: dict[str, Setting] = {spec.name: _DAYS for spec in fields(Schedule)}
_SOURCE: dict[str, Setting] = {
    "url": Setting("an http or https URL in quotes", _url),
    "alternates": Setting("a list of http or https URLs", _urls),
    "series": Setting("the http or https URL of a series page", _url),
}
_RESCUE: dict[str, Setting] = {
    "wayback": _FLAG,
    "timemaps": Setting("a list of http or https URLs", _urls),
    "common_crawl": _FLAG,
    "feed": _FLAG,
    "copies": _whole(1, 100, "copies"),
    "crawls": _whole(1, 200, "crawls"),
    "delay_s": _number(0, 3600, "seconds"),
    "delays_s": Setting('a table of hosts and seconds, such as "web.archive.org" = 6', _delays),
    "timeout_s": _number(0.1, 3600, "seconds"),
}
_SECRET = Setting("the words of a key in quotes, without spaces and colons", usable_key, is_secret=True)
_PUSH: dict[str, Setting] = {
    "key": _SECRET,
    "secret": _SECRET,
    "delay_s": _number(0, 3600, "seconds"),
    "daily": _whole(1, 4_000, "captures"),
    "jobs": _whole(1, 6, "captures"),
    "poll_s": _number(0.1, 3600, "seconds"),
    "wait_s": _number(0, 3600, "seconds"),
    "again_days": _number(0, 3650, "days"),
}
_IMAGES: dict[str, Setting] = {
    "fetch": _FLAG,
    "max_bytes": _whole(1024, 1_073_741_824, "bytes"),
    "max_per_run": _whole(0, 1_000_000, "images (0 for no limit)"),
}
_COMMAND = Setting('a command in quotes, such as "notify-send archiver"', _command)
TABLES = {
    "archive": {"db": _TEXT}, "network": _NETWORK, "judgement": _RULES, "schedule": _SCHEDULE, "images": _IMAGES,
    "notify": {"command": _COMMAND}, "rescue": _RESCUE, "push": _PUSH,
}  # fmt: skip


def check_table(table: Any, keys: Mapping[str, Setting], name: str, errors: list[str]) -> dict[str, Any]:
    """The values of one table that fit their keys; what does not is told in `errors`."""
    if not isinstance(table, dict):
        errors.append(f"{name}: expected a table [{name}], found {_shown(table)}")
        return {}
    check_names(table, keys, f"{name}.", errors)
    values = {}
    for key, value in table.items():
        if key in keys:
            values[key] = keys[key].check(value)
            if values[key] is None:
                found = "something else" if keys[key].is_secret else _shown(value)
                errors.append(f"{name}.{key}: expected {keys[key].expected}, found {found}")
    return values


def check_sources(sources: Any, errors: list[str]) -> list[dict[str, Any]]:
    """The same of each of [[sources]]."""
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        errors.append(f"sources: expected tables [[sources]], found {_shown(sources)}")
        return []
    checked = []
    for number, source in enumerate(sources, start=1):
        name = f"sources[{number}]"
        if "url" not in source:
            errors.append(f"{name}.url: expected {_SOURCE['url'].expected}, found nothing")
        checked.append(check_table(source, _SOURCE, name, errors))
    return checked


def check_names(table: Mapping[str, Any], known: Any, prefix: str, errors: list[str]) -> None:
    """Tell each key that nobody knows, with the one that was meant."""
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
