"""Settings: packaged defaults < file < environment < flags, merged once into a frozen `Config`.

The file is TOML and every key is known: a wrong key, type, URL or value is told with its place and what was expected,
all at once. Hand-checked against one table of keys, because importing a validation library takes longer than all
of `archiver status` (docs/design.md 'Settings are checked').
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

from archiver.config.keys import TABLES, check_names, check_sources, check_table, usable_key
from archiver.config.rules import Rules, Schedule
from archiver.config.values import Config, Images, Network, PushSettings, Rescue, Source
from archiver.errors import ConfigError
from archiver.machine import disk
from archiver.text import safe

__all__ = [
    "PACKAGED", "TABLES", "Config", "Images", "Network", "PushSettings", "Rescue", "Source", "find_file", "load",
    "load_config", "load_packaged", "read", "usable_key",
]  # fmt: skip

PACKAGED = "archiver.toml"
_MAX_BYTES = 1_048_576


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


load_config = load  # as `archiver` calls it


def load_packaged() -> Config:
    """The packaged default alone."""
    return read(_packaged_text(), "packaged default")


def _packaged_text() -> str:
    here = Path(__file__)  # importlib.resources takes longer to import than all of this module
    inside = here.parents[1] / PACKAGED
    if inside.is_file():
        return inside.read_text("utf-8")
    return (here.parents[2] / "config" / PACKAGED).read_text("utf-8")  # an editable install


def _file_text(path: Path) -> str:
    try:
        with os.fdopen(disk.open_regular(path), "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigError([f"{safe(path, 200)}: more than {_MAX_BYTES} bytes; name another file with --config"])
        return data.decode("utf-8-sig")  # editors on Windows write a BOM, tomllib takes none
    except OSError as error:
        words = f"cannot be read ({error.strerror}); name another file with --config"
        raise ConfigError([f"{safe(path, 200)}: {words}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{safe(path, 200)}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from error


def read(text: str, name: str) -> Config:
    """The settings that a TOML text holds; what it does not name keeps its default. Raises ConfigError."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, or of a number with thousands of digits
        raise ConfigError([f"{safe(name)}: not TOML: {safe(error)}"]) from error
    errors: list[str] = []
    tables = {table: check_table(data.get(table, {}), keys, table, errors) for table, keys in TABLES.items()}
    sources = check_sources(data.get("sources", []), errors)
    check_names(data, [*TABLES, "sources"], "", errors)
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
