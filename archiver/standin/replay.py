"""`Replay`: saved pages served again, from a folder and a table of URL, file, status and headers."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archiver.standin.listener import LocalServer
from archiver.standin.routes import not_found
from archiver.standin.wire import HTML, Reply, Request


@dataclass(frozen=True, slots=True)
class Saved:
    """One page to serve. `file` is relative to the folder; empty for a reply without a body."""

    url: str
    file: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Replay(LocalServer):
    """A local server of saved pages; whatever is not in the table is a 404. See `LocalServer`.

    `table` is a file (TOML with `[[pages]]`, JSON with a list, or TSV with a heading), or the rows themselves. URLs are
    compared whole, query included, without fragment. Raises ValueError for a file outside the folder.
    """

    def __init__(
        self,
        folder: Path,
        table: Path | Iterable[Saved],
        *,
        port: int = 0,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        rows = read_table(table) if isinstance(table, Path) else tuple(table)
        if astray := [row.file for row in rows if not (folder / row.file).resolve().is_relative_to(folder.resolve())]:
            raise ValueError(f"outside {folder}: {astray}")
        self._folder = folder
        self._pages = {_key(row.url): row for row in rows}
        origins = tuple(dict.fromkeys(f"https://{urlsplit(row.url).netloc}" for row in rows))
        super().__init__(self._reply, origins, port=port, clock=clock)

    def _reply(self, request: Request) -> Reply:
        saved = self._pages.get(f"{request.host}{request.target}")
        if saved is None:
            return not_found()
        body = (self._folder / saved.file).read_bytes() if saved.file else b""
        named = {name.lower(): value for name, value in saved.headers}
        others = tuple((name, value) for name, value in saved.headers if name.lower() not in _OURS)
        return Reply(saved.status, body, named.get("content-type", HTML), others)


_OURS = {"content-type", "content-length", "content-encoding", "transfer-encoding", "date", "connection"}


def _key(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc.lower()}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def read_table(path: Path) -> tuple[Saved, ...]:
    """The rows of a table, by the ending of its name. Raises ValueError for one without URL, or another ending."""
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        return tuple(_saved(row) for row in tomllib.loads(text).get("pages", []))
    if path.suffix == ".json":
        return tuple(_saved(row) for row in json.loads(text))
    if path.suffix == ".tsv":
        return tuple(_saved(row) for row in csv.DictReader(text.splitlines(), dialect="excel-tab"))
    raise ValueError(f"{path.name}: expected a .toml, .json or .tsv table")


def _saved(row: Mapping[str, Any]) -> Saved:
    if not row.get("url"):
        raise ValueError(f"a row without url: {dict(row)!r}")
    headers = row.get("headers") or {}
    pairs = json.loads(headers) if isinstance(headers, str) else headers
    return Saved(row["url"], row.get("file") or "", int(row.get("status") or 200), tuple(dict(pairs).items()))
