"""`export zim`: the pages of the site as one ZIM file for Kiwix, with an index of all words.

The pages are those of `export site`, put into a folder beside; the program `zim_pack` makes the file of them.
"""

from __future__ import annotations

import errno
import json
import struct
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from archiver.exports import shown, site
from archiver.exports.book import Books
from archiver.exports.formats import ExportFile, ExportOptions
from archiver.exports.said import moment, say
from archiver.exports.writing import MARK
from archiver.exports.zim_identity import settle
from archiver.machine.version import __version__
from archiver.text import safe

if find_spec("libzim") is None:  # which only the program imports
    raise ImportError("No module named 'libzim'")

_TYPES = {"html": "text/html", "css": "text/css", **{suffix: kind for kind, suffix in shown.SUFFIXES.items()}}
_ICON = 48  # pixels, as Kiwix wants it
_TITLE, _DESCRIPTION = 30, 80  # letters, at most (https://wiki.openzim.org/wiki/Metadata)


def make(books: Books, options: ExportOptions) -> Iterator[ExportFile]:
    """The file, which libzim writes itself."""
    yield ExportFile("archive.zim", [], is_packed=False, write=partial(_write, books, options))


def _write(books: Books, options: ExportOptions, place: Path) -> None:
    """Raises OSError where libzim cannot write it, with its words."""
    listed, folder = place.with_name("list.jsonl"), place.with_name("pages")
    folder.mkdir()
    with listed.open("x", encoding="utf-8") as file:
        for line in chain(_about(books), _pages(books, options, folder)):
            file.write(json.dumps(line) + "\n")
    program = str(Path(__file__).with_name("zim_pack.py"))
    done = subprocess.run(  # noqa: S603 - our own program; -P: this folder is no place of its modules
        [sys.executable, "-P", program, str(place), str(listed)], check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise OSError(errno.EIO, f"libzim: {safe(words, 300) or f'exit {done.returncode}'}")
    settle(place)


def _pages(books: Books, options: ExportOptions, folder: Path) -> Iterator[dict[str, str | None]]:
    """Each file of the site, which then stands in the folder, and by which words of it a search finds it."""
    parts = {site.page_name(book, entry): (book, entry.part.id) for book, entry in books.parts()}
    titles = {f"{book.key}/index.html": book.title for book in books.books}
    others = {f"{key}.html": say(options.lang, key) for key in ("tags", "changes")}
    others["index.html"] = say(options.lang, "contents")
    for number, one in enumerate(site.bare(books, options)):
        place = folder / str(number)
        with place.open("xb") as file:
            for piece in one.pieces:
                file.write(piece)
        title, words = titles.get(one.name) or others.get(one.name, ""), "" if one.name in titles else None
        if one.name in parts:
            book, article_id = parts[one.name]
            entry = next(entry for entry in book.entries if entry.part.id == article_id)
            title, words = entry.title, "\n".join(site.searched(book.chapter(entry), options))
            words = words.encode(errors="replace").decode()
        kind = _TYPES[one.name.rpartition(".")[2]]
        yield {"path": one.name, "title": title, "media_type": kind, "file": str(place), "words": words}


def _about(books: Books) -> Iterator[dict[str, str]]:
    """What every ZIM says of itself, and a picture; our mark as a part of a type, since types stand at the head."""
    yield {"icon": b64encode(_icon()).decode()}
    only = books.books[0] if len(books.books) == 1 else None
    title = only.title if only is not None else "iThome 鐵人賽"
    said = {
        "Name": only.key if only is not None else "ithome", "Title": _short(title, _TITLE),
        "Description": _short("; ".join(book.title for book in books.books), _DESCRIPTION), "Language": "zho",
        "Creator": "; ".join(dict.fromkeys(book.author for book in books.books if book.author)) or "?",
        "Publisher": "archiver", "Date": moment(books.seen_until)[:10],
    }  # fmt: skip
    if only is not None:
        said["Source"] = only.url
    for name, value in said.items():
        yield {"name": name, "value": value, "media_type": "text/plain;charset=utf-8"}
    mark = MARK.decode()
    of_us = f'text/plain;charset=utf-8;generator="{mark}"'
    yield {"name": "Scraper", "value": f"{mark} {__version__}", "media_type": of_us}


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _icon() -> bytes:
    """A square of one colour, as PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    pixels = (b"\x00" + b"\x1c\x2f\x45" * _ICON) * _ICON
    head = struct.pack(">IIBBBBB", _ICON, _ICON, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
