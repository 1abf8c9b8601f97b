"""Every format that an archive can be exported to: for whom it is, and where it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import UsageError, how_to_install
from archiver.text import safe

if TYPE_CHECKING:
    from archiver.exports.book import Books

LANGUAGES = ("zh-TW", "en")
PRESETS = ("plain", "hugo", "astro", "hexo", "obsidian")
"""The tools that posts can be written for. A closed list; `plain` is CommonMark with tables."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export. `name` is its path, parts divided by `/`; its bytes may be made while they are written."""

    name: str
    pieces: Iterable[bytes]
    is_packed: bool = True  # in a zip: compressed; not so what is compressed already
    is_large: bool = False  # in a zip: may have more than 2 GB, which is known before it is written
    write: Callable[[Path], None] | None = None  # puts the one file of a format there itself, in a folder of its own


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the user wants of an export."""

    comments: bool = True
    lang: str = "zh-TW"  # of the words around the texts: one of LANGUAGES
    preset: str = "plain"  # of markdown: for which tool, one of PRESETS
    with_bodies: bool = False  # of parquet


PLAIN = ExportOptions()
"""What is exported where nobody says otherwise."""

_FLAGS = {"comments": "--no-comments", "lang": "--lang", "preset": "--preset", "with_bodies": "--with-bodies"}


class Container(StrEnum):
    """What the files of an export are put into. A closed list."""

    FILE = "file"  # it is one file
    ZIP = "zip"
    FOLDER = "folder"


Make = Callable[["Books", ExportOptions], Iterator[ExportFile]]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: its name, for whom it is, and how its place is called."""

    name: str
    module: str  # of this room; `make` of it makes the files
    for_whom: str  # in at most 60 letters, for `export --help`
    container: Container
    suffix: str  # of the name of what is written
    extra: str | None = None  # the extra that must be installed
    one_each: bool = False  # one export a series
    takes: frozenset[str] = frozenset({"comments", "lang"})  # what it heeds of ExportOptions

    def place(self, key: str, options: ExportOptions) -> str:
        """The name of its file or folder, of what is called `key`: each preset has a folder of its own."""
        return f"{key}{self.suffix}" if options.preset == PLAIN.preset else f"{key}-{options.preset}"

    def refuse(self, options: ExportOptions) -> None:
        """Raise UsageError for an option that is for other formats: silence would pass for heeding it."""
        for name, flag in _FLAGS.items():
            if name not in self.takes and getattr(options, name) != getattr(PLAIN, name):
                of = ", ".join(one.name for one in FORMATS.values() if name in one.takes)
                raise UsageError(f"{flag} is not for {self.name}, but for {of}; leave it out")

    def maker(self) -> Make:
        """The function that makes it. Raises UsageError where its extra is not installed."""
        try:
            return import_module(f"archiver.exports.{self.module}").make  # type: ignore[no-any-return]
        except ImportError as error:
            if self.extra is None:
                raise
            how = how_to_install(self.extra)
            raise UsageError(
                f"what {self.name} is made with is not installed ({safe(error)}); install it: {how}"
            ) from error


FORMATS = {
    one.name: one
    for one in (
        ExportFormat(
            "epub", "epub", "for readers: a book a series, for every e-reader", Container.ZIP, ".epub",
            one_each=True,
        ),
        ExportFormat("json", "json_document", "for programs: all there is in one document", Container.FILE, ".json"),
        ExportFormat(
            "warc", "warc", "for web archives: what came over the wire", Container.FILE, ".warc.gz", "warc",
            takes=frozenset(),
        ),
        ExportFormat(
            "wacz", "wacz", "for web archives: to replay in a browser", Container.ZIP, ".wacz", "warc",
            takes=frozenset({"lang"}),
        ),
        ExportFormat(
            "site", "site", "for readers: pages that open by a double click", Container.FOLDER, "-site", extra="export"
        ),
        ExportFormat(
            "parquet", "parquet_tables", "for analysis: tables for DuckDB and pandas", Container.FOLDER, "-tables",
            extra="parquet", takes=frozenset({"comments", "with_bodies"}),
        ),
        ExportFormat(
            "markdown", "markdown", "for a blog or notes: posts (--preset)", Container.FOLDER, "-markdown",
            takes=frozenset({"comments", "lang", "preset"}),
        ),
        ExportFormat("zim", "zim_file", "for Kiwix: to read and search offline", Container.FILE, ".zim", extra="zim"),
    )
}  # fmt: skip
"""By name, in the order in which they are shown."""
