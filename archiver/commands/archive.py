"""An archive as a program reads it: series, parts and articles as values, and the bytes that they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from archiver import pages
from archiver.archive import bodies, kept
from archiver.archive.kept import KeptArticle, KeptSeries
from archiver.archive.opening import opened
from archiver.archive.status import PartStatus
from archiver.errors import ArchiveDamaged, UsageError
from archiver.model.readings import Body


@dataclass(frozen=True, slots=True, init=False)
class Archive:
    """An archive to read, from any thread: each answer opens the file anew and leaves nothing open.

    So no run is held up by who reads, and what a run adds is there at the next question. Raises ArchiveError, here and
    wherever the file is not, or is no longer, an archive.
    """

    path: Path

    def __init__(self, path: Path | str) -> None:
        object.__setattr__(self, "path", Path(path))
        with opened(self.path):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open between two questions."""

    def series(self) -> tuple[KeptSeries, ...]:
        """Every series that is or was kept, by number."""
        with opened(self.path) as connection:
            return kept.series(connection)

    def parts(self, series_id: int) -> tuple[PartStatus, ...]:
        """Every part of a series that is known, held or not, in order; nothing of an unknown one."""
        with opened(self.path) as connection:
            return kept.parts(connection, kept.Place(series_id, None))

    def article(self, article_id: int) -> KeptArticle:
        """An article with its text, code, comments, images and captures. Raises UsageError when it is not held."""
        with opened(self.path) as connection:
            found = kept.article(connection, article_id)
        if found is None:
            raise UsageError(f"{article_id}: not held; see `archiver why {article_id}` for what is known of it")
        return found

    def body(self, capture_id: int) -> Body:
        """The body of an article, made from a capture of it. Raises UsageError when no article is found in that."""
        with opened(self.path) as connection:
            found = bodies.of_capture(connection, capture_id, pages.read)
        if found is None:
            raise UsageError(f"capture {capture_id}: no article is found in it; see `archiver why` for what there is")
        return found

    def received(self, capture_id: int) -> bytes:
        """The bytes of a capture as received. Raises UsageError for none, ArchiveDamaged where the SHA-256 differs."""
        with opened(self.path) as connection:
            if bodies.received(connection, capture_id) is None:
                raise UsageError(f"capture {capture_id}: there is none; an article names its captures")
            body = bodies.intact(connection, capture_id)
        if body is None:
            raise ArchiveDamaged(f"{self.path}: capture {capture_id} is not what was received; see `archiver verify`")
        return body
