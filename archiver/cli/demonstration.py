"""`archiver demo`: the real fetch against a local stand-in of iThome, with nothing left running.

What it keeps was invented and belongs to nobody, and the archive says so (`archive.demonstration`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from archiver import config
from archiver.archive import demonstration, opening, queries
from archiver.cli.frame import Stopped
from archiver.commands import fetching, reading
from archiver.commands.run import Closed
from archiver.config import Config, Source
from archiver.errors import ArchiveError, UsageError
from archiver.report import copies, fetches, imports, rescues
from archiver.report.terminal import progress
from archiver.standin import StandIn
from archiver.standin.catalog import INDEX, INDEX_ZH, PART_IDS, SERIES
from archiver.text import safe

DELAY_S = 0.03  # the stand-in is ours: it may be asked much faster than a real host
CONTACT = "https://example.org/archiver-demo"


def run(db: Path, *, quiet: bool, tell: Callable[[str], None]) -> int:
    """Keep the invented series in a new archive, or in one that was cut short; the exit code. Raises as `run_rot`."""
    _refuse_old(db)
    with StandIn() as standin:
        tell(f"A stand-in of iThome answers on {standin.url}; all that it says is invented, its addresses included.")
        settings = _settings(db, standin.connect_to)
        return _went_on(_fetch(settings, db, quiet=quiet).closed).exit_code


def run_rot(db: Path, *, quiet: bool, tell: Callable[[str], None]) -> int:
    """The same after six parts were deleted: fetch, rescue from stand-ins of web archives, import; the exit code.

    Raises UsageError when the archive is there already, and Stopped: nothing is told of stages that were cut short.
    """
    from archiver.commands import importing, rescuing
    from archiver.standin.rot import rot
    from archiver.standin.web_archives import WebArchives

    _refuse_old(db)
    with StandIn() as standin, WebArchives() as archives, tempfile.TemporaryDirectory() as folder:
        name, page = rot(standin, archives)
        settings = _settings(db, {**standin.connect_to, **archives.connect_to})
        where = f"on {standin.url}, of web archives on {archives.url}"
        tell(f"A stand-in of iThome answers {where}; six parts are deleted.")
        fetched = _fetch(settings, db, quiet=quiet)
        _went_on(fetched.closed)
        tell(f"fetch: {fetches.summary(fetched).lines[0]}")
        with progress(quiet=quiet, delay_s=settings.network.delay_s) as listener:
            rescued = rescuing.rescue(settings, db, rescuing.RescueOptions(), listener)
        _went_on(rescued.closed)
        for line in rescues.summary(rescued).lines:
            tell(f"rescue: {line}")
        file = Path(folder) / name
        file.write_bytes(page)
        imported = importing.import_files(settings, db, (file,))
        if imported.closed is not None:
            _went_on(imported.closed)
        for line in imports.summary(imported).lines:
            tell(f"import: {line}")
    tell(copies.rescued_line(reading.copies(db).parts))
    return 0 if reading.status(db).all_safe() else 3


def _fetch(settings: Config, db: Path, *, quiet: bool) -> fetching.Fetched:
    with progress(quiet=quiet, delay_s=settings.network.delay_s) as listener:
        return fetching.fetch(settings, db, fetching.FetchOptions(), listener)


def _went_on(closed: Closed) -> Closed:
    """A run that came to its end. Raises Stopped for one that was interrupted, which closed it in order and went on."""
    if closed.ended_by == "interrupted":
        raise Stopped(closed.exit_code)
    return closed


def _refuse_old(db: Path) -> None:
    if db.exists() and not _was_cut_short(db):
        advice = "the demo makes a new archive, so remove it or name another with --db"
        raise UsageError(f"{safe(db)}: exists already; {advice}")


def _was_cut_short(db: Path) -> bool:
    """Whether a demonstration ended before its time, on a full disk perhaps: then the same command goes on with it."""
    try:
        with opening.reading(db) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone() is None:
                return True
            last = queries.last_run(connection)
            return last is None or (demonstration.is_marked(connection) and last.ended_by != "finished")
    except ArchiveError:  # something else
        return False


def _settings(db: Path, connect_to: Mapping[str, str]) -> Config:
    settings = config.load_packaged()
    source = Source(INDEX, alternates=(INDEX_ZH,), series=SERIES)
    network = replace(settings.network, connect_to=connect_to, delay_s=DELAY_S, jitter_s=0.0, contact=CONTACT)
    return replace(
        settings, origin="the demo", is_demonstration=True, db=str(db), sources=(source,), network=network,
        rescue=replace(settings.rescue, delay_s=DELAY_S),
    )  # fmt: skip


def what_next(db: Path, *, rotten: bool = False) -> list[str]:
    """Commands to try on the archive that the demo made."""
    name = safe(db)
    explained = PART_IDS[8 if rotten else 4]  # of the rotten ones, one with bad copies, too
    return [
        f"archiver status --db {name}",
        *([f"archiver status --copies --db {name}"] if rotten else []),
        f"archiver why {explained} --db {name}",
        f"archiver serve --db {name}",
        f"datasette {name}",
    ]
