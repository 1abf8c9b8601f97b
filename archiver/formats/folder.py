"""The files that lie beside a saved page. No path leaves their folder, and no symbolic link is followed."""

from __future__ import annotations

import os
import posixpath
import stat
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from archiver import urls

_LONGEST_NAME = 255


class Folder:
    """The folder of a saved page; for one that a tool laid out as the URLs are, the folder of all hosts."""

    def __init__(self, page: Path, page_url: str) -> None:
        """`page_url` says which folders a mirroring tool makes: `ithelp.ithome.com.tw/articles/` for an article."""
        here = Path(os.path.abspath(page)).parent  # noqa: PTH100 - resolve() would follow links
        host = urls.host(page_url)
        mirrored = [host, *urlsplit(page_url).path.split("/")[1:-1]] if host else [""]
        is_mirror = list(here.parts[-len(mirrored) :]) == mirrored
        self._root = here.parents[len(mirrored) - 1] if is_mirror else here
        self._page_steps = mirrored if is_mirror else []

    def read(self, name: str, most: int) -> bytes | None:
        """A regular file by its path from the page, at most one byte more than `most`; None where there is none."""
        steps = self._steps(name)
        if not steps:
            return None
        with ExitStack() as opened:
            try:
                at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                opened.callback(os.close, at)
                for step in steps[:-1]:
                    at = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
                    opened.callback(os.close, at)
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.open(steps[-1], flags, dir_fd=at)
                opened.callback(os.close, file)
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    return None
                with os.fdopen(os.dup(file), "rb") as raw:
                    return raw.read(most + 1)
            except (OSError, ValueError):
                return None

    def _steps(self, name: str) -> list[str] | None:
        """The folders from the root down to a file; None for a path that leads out."""
        if name.startswith("/") or "\\" in name or "\x00" in name:
            return None
        steps = posixpath.normpath("/".join([*self._page_steps, name])).split("/")
        is_inside = ".." not in steps and all(len(step.encode("utf-8", "replace")) <= _LONGEST_NAME for step in steps)
        return steps if is_inside else None
