"""The program that packs files into a ZIM, run by `zim_file`: it alone uses libzim, which is GPL-3.0-or-later.

It is a process of its own, and imports nothing of archiver: libzim prints on stdout, and may wait for ever for a thread
of its own that died of a full disk. Arguments: the place of the file, and that of a list with a JSON object a line:
a `Packed`, an `icon`, or a field of metadata with its `name`, `value` and `media_type`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from libzim.writer import Creator, FileProvider, Hint, IndexData, Item

LANGUAGE = "zho"  # ISO 639-3
STUCK = 75  # the exit code where libzim does nothing any more (EX_TEMPFAIL)
_PATIENCE = 60  # looks, one a second: looks are counted, not time, which goes on while a process is stopped
_WORK = 0.1  # seconds of the processor; less is what waiting takes
_ICON = 48  # pixels, as Kiwix wants it


class Packed(NamedTuple):
    """A page, an image or a style sheet."""

    path: str
    title: str
    media_type: str
    file: str  # where its bytes stand
    words: str | None  # by which a search finds it, beside its title; None: no search does


class _Index(IndexData):  # type: ignore[misc]
    """By which words a page is found: those of its text, and none of those around it."""

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self._packed = packed

    def has_indexdata(self) -> bool:
        return self._packed.words is not None

    def get_title(self) -> str:
        return self._packed.title

    def get_content(self) -> str:
        return self._packed.words or ""

    def get_keywords(self) -> str:
        return ""

    def get_wordcount(self) -> int:
        return len(self._packed.words or "")

    def get_geoposition(self) -> None:
        return None


class _Item(Item):  # type: ignore[misc]
    """What is packed."""

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self._packed = packed

    def get_path(self) -> str:
        return self._packed.path

    def get_title(self) -> str:
        return self._packed.title

    def get_mimetype(self) -> str:
        return self._packed.media_type

    def get_contentprovider(self) -> FileProvider:
        return FileProvider(self._packed.file)

    def get_indexdata(self) -> _Index:
        return _Index(self._packed)

    def get_hints(self) -> dict[Hint, bool]:
        is_text = self._packed.media_type.startswith("text/")
        return {Hint.FRONT_ARTICLE: self._packed.words is not None, Hint.COMPRESS: is_text}


def pack(place: Path, listed: Path) -> None:
    """Make the file. One worker: the order in which several end is chance, and would be that of the bytes."""
    with Creator(place).config_indexing(True, LANGUAGE).config_nbworkers(1) as creator, listed.open("rb") as lines:
        creator.set_mainpath("index.html")
        for line in lines:
            told = json.loads(line)
            if "icon" in told:
                creator.add_illustration(_ICON, b64decode(told["icon"]))
            elif "value" in told:
                creator.add_metadata(told["name"], told["value"], told["media_type"])
            else:
                creator.add_item(_Item(Packed(**told)))


def idle(used: Iterable[float]) -> Iterator[int]:
    """How many looks in a row found it idle, of the seconds of the processor that it had used at each."""
    before, count = 0.0, 0
    for seconds in used:
        count = count + 1 if seconds - before < _WORK else 0
        before = seconds if count == 0 else before
        yield count


def _watch(parent: int) -> None:
    """End the process when nobody waits for it any more, or when it does nothing but wait."""

    def looks() -> Iterator[float]:
        while os.getppid() == parent:
            time.sleep(1)
            yield time.process_time()

    for count in idle(looks()):
        if count == _PATIENCE:
            print("libzim came to a stop, as it does where the disk is full", file=sys.stderr, flush=True)  # noqa: T201
            break
    os._exit(STUCK)


if __name__ == "__main__":
    threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
