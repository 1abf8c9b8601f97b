"""The exceptions of the house: unusable input, and an archive that cannot be used.

What a site answers is never an exception: it is an `Outcome` (see `model`). An exception that is not
an `ArchiverError` is a bug and ends with exit 1.
"""

from __future__ import annotations


class ArchiverError(Exception):
    """Base of what the user can mend. `str()` is one line: what, where, and what to do next."""

    exit_code = 1


class UsageError(ArchiverError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class ConfigError(ArchiverError):
    """The config file has errors; `errors` holds every one of them, each naming file, key and expectation."""

    exit_code = 2

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


class UnusableFile(ArchiverError):
    """A file to import that is broken, hostile or unknown: which, where in it, what is wrong, and what to do."""

    exit_code = 2

    def __init__(self, wrong: str, *, place: str = "", advice: str = "", name: str = "") -> None:
        super().__init__(wrong)
        self.wrong, self.place, self.advice, self.name = wrong, place, advice, name

    def of(self, name: str, around: str = "") -> UnusableFile:
        """The same, of the file with this name, or of a part `around` the place that is named."""
        place = ", ".join(part for part in (around, self.place) if part)
        return UnusableFile(self.wrong, place=place, advice=self.advice, name=name or self.name)

    def __str__(self) -> str:
        told = ": ".join(part for part in (self.name, self.place, self.wrong) if part)
        return f"{told}; {self.advice or 'nothing of it was imported'}"


class ExportUnwritable(ArchiverError):
    """The file system does not let us write an export: no space, no permission, an I/O error."""

    exit_code = 5


class ArchiveError(ArchiverError):
    """The archive cannot be used as it is."""

    exit_code = 5


class ArchiveLocked(ArchiveError):
    """Another process holds the archive."""


class ArchiveDamaged(ArchiveError):
    """The file is no database, somebody else's, cut or corrupt."""


class ArchiveTooNew(ArchiveError):
    """The archive was written by a newer version of this program."""


class ArchiveUnwritable(ArchiveError):
    """The file system does not let us write: read-only, no space, no permission, an I/O error."""


def how_to_install(extra: str) -> str:
    """How an extra that is missing is installed, in the words of the README: from the folder of its source."""
    return f'pip install ".[{extra}]" in the folder of archiver'
