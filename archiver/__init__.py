"""Keep an iThome Ironman article series whole, readable and provable after its host is gone.

What a program calls, shown in docs/python.md: the same use cases as the command line, which is their first user.
Nothing is imported before it is named, so that the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archiver.archive.history import History
    from archiver.archive.kept import KeptArticle, KeptCapture, KeptComment, KeptImage, KeptSeries
    from archiver.archive.part_copies import CopiesOfParts, PartCopies
    from archiver.archive.search import Hit, Hits
    from archiver.archive.status import PartStatus, SeriesStatus, Status
    from archiver.commands.archive import Archive
    from archiver.commands.comparing import Comparison, compare
    from archiver.commands.exporting import BookExported, Exported, Unaccounted, export
    from archiver.commands.fetching import Fetched, FetchOptions, fetch, parse, verify
    from archiver.commands.imported import Imported
    from archiver.commands.importing import import_files
    from archiver.commands.listening import Listener, Notice, Step
    from archiver.commands.pushing import Pushed, PushOptions, push
    from archiver.commands.reading import copies, search, status, why
    from archiver.commands.rescuing import Rescued, RescueOptions, rescue
    from archiver.commands.run import Closed
    from archiver.commands.sources import forget
    from archiver.config import Config, Network, Source, load_config
    from archiver.errors import (
        ArchiveDamaged,
        ArchiveError,
        ArchiveLocked,
        ArchiverError,
        ArchiveTooNew,
        ArchiveUnwritable,
        ConfigError,
        ExportUnwritable,
        UnusableFile,
        UsageError,
    )
    from archiver.exports.formats import ExportOptions
    from archiver.exports.writing import Written
    from archiver.machine.version import __version__ as __version__
    from archiver.model.readings import Body, CodeBlock

__all__ = [
    "Archive", "ArchiveDamaged", "ArchiveError", "ArchiveLocked", "ArchiveTooNew", "ArchiveUnwritable", "ArchiverError",
    "Body", "BookExported", "Closed", "CodeBlock", "Comparison", "Config", "ConfigError", "CopiesOfParts",
    "ExportOptions", "ExportUnwritable", "Exported", "FetchOptions", "Fetched", "History", "Hit", "Hits", "Imported",
    "KeptArticle", "KeptCapture", "KeptComment", "KeptImage", "KeptSeries", "Listener", "Network", "Notice",
    "PartCopies", "PartStatus", "PushOptions", "Pushed", "RescueOptions", "Rescued", "SeriesStatus", "Source",
    "Status", "Step", "Unaccounted", "UnusableFile", "UsageError", "Written", "compare", "copies", "export", "fetch",
    "forget", "import_files", "load_config", "parse", "push", "rescue", "search", "status", "verify", "why",
]  # fmt: skip

_PLACES = {
    "archive.history": "History",
    "archive.kept": "KeptArticle KeptCapture KeptComment KeptImage KeptSeries",
    "archive.search": "Hit Hits",
    "archive.part_copies": "CopiesOfParts PartCopies",
    "archive.status": "PartStatus SeriesStatus Status",
    "commands.archive": "Archive",
    "commands.comparing": "Comparison compare",
    "commands.exporting": "BookExported Exported Unaccounted export",
    "commands.fetching": "FetchOptions Fetched fetch parse verify",
    "commands.imported": "Imported",
    "commands.importing": "import_files",
    "commands.listening": "Listener Notice Step",
    "commands.pushing": "PushOptions Pushed push",
    "commands.reading": "copies search status why",
    "commands.rescuing": "RescueOptions Rescued rescue",
    "commands.run": "Closed",
    "commands.sources": "forget",
    "config": "Config Network Source load_config",
    "errors": "ArchiveDamaged ArchiveError ArchiveLocked ArchiveTooNew ArchiveUnwritable ArchiverError ConfigError"
    " ExportUnwritable UnusableFile UsageError",
    "exports.formats": "ExportOptions",
    "exports.writing": "Written",
    "machine.version": "__version__",
    "model.readings": "Body CodeBlock",
}
_HOMES = {name: f"archiver.{place}" for place, names in _PLACES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
