"""What an archive tells, each answer one value: its status, who holds copies, why a page stands as it does, and hits.

Reads only. Imports nothing heavy at its top: `archiver status` must start fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archiver.archive import demonstration, queries
from archiver.archive.opening import opened
from archiver.archive.status import Status
from archiver.errors import UsageError
from archiver.text import safe

if TYPE_CHECKING:
    from archiver.archive.history import History
    from archiver.archive.part_copies import CopiesOfParts
    from archiver.archive.search import Hits


def status(path: Path | str, *, every_part: bool = True) -> Status:
    """What is held, missing and gone; of parts only those that want attention where not `every_part`.

    Raises ArchiveError.
    """
    with opened(Path(path)) as connection:
        return queries.status(connection, every_part=every_part)


def copies(path: Path | str) -> CopiesOfParts:
    """Every part and who holds it. Raises ArchiveError."""
    from archiver.archive import part_copies

    with opened(Path(path)) as connection:
        return part_copies.copies(connection)


def why(path: Path | str, page: int | str) -> History:
    """All that is known of the page with this article id or URL. Raises UsageError for none, and ArchiveError."""
    from archiver.archive.history import history
    from archiver.commands import naming

    named = naming.page_urls(str(page))
    with opened(Path(path)) as connection:
        named += queries.list_addresses(connection, *naming.list_named(str(page)))
        found = next((one for url in named if (one := history(connection, url)) is not None), None)
        is_series = found is None and str(page).isdecimal() and queries.knows_series(connection, int(page))
    if is_series:
        raise UsageError(f"{page}: a series; `archiver status` tells of it, and `archiver why` of an article or a URL")
    if found is None:
        raise UsageError(f"{safe(named[0])}: not in {safe(path)}; see `archiver status` for what is")
    return found


def search(path: Path | str, query: str, *, series_id: int | None = None, limit: int = 20) -> Hits:
    """The articles that hold every word and "quoted phrase" of a query, best first.

    Raises UsageError for a query without words and an unknown series, and ArchiveError.
    """
    from dataclasses import replace

    from archiver.archive.search import find
    from archiver.archive.search_words import terms

    if not terms(query):
        raise UsageError("no word to search for; name one, or a phrase in quotes")
    with opened(Path(path)) as connection:
        if series_id is not None and not queries.knows_series(connection, series_id):
            raise UsageError(f"{series_id}: no series of {safe(path)}; `archiver status` names its series")
        found = find(connection, query, series_id=series_id, limit=limit)
        return replace(found, is_demonstration=demonstration.is_marked(connection))
