"""`Replay`: saved pages served again, from a folder and rows of URL, file, status and headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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

    URLs are compared whole, query included, without fragment. Raises ValueError for a file outside the folder.
    """

    def __init__(self, folder: Path, rows: Sequence[Saved]) -> None:
        if astray := [row.file for row in rows if not (folder / row.file).resolve().is_relative_to(folder.resolve())]:
            raise ValueError(f"outside {folder}: {astray}")
        self._folder = folder
        self._pages = {_key(row.url): row for row in rows}
        origins = tuple(dict.fromkeys(f"https://{urlsplit(row.url).netloc}" for row in rows))
        super().__init__(self._reply, origins)

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
