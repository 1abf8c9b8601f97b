"""`archiver demo`: the real fetch against a local stand-in of iThome, with nothing left running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from archiver import config, fetching
from archiver.errors import UsageError
from archiver.standin import StandIn, demo_site
from archiver.text import safe

DELAY_S = 0.1  # the stand-in is ours: it may be asked twenty times as fast as a real host
CONTACT = "https://example.org/archiver-demo"


def run(db: Path, *, quiet: bool, tell: Callable[[str], None]) -> fetching.Summary:
    """Keep the invented series in a new archive. Raises UsageError when the archive is there already."""
    if db.exists():
        raise UsageError(
            f"{safe(db)}: exists already; the demo makes a new archive, so remove it or name another with --db"
        )
    with StandIn(demo_site()) as standin:
        settings = config.load_packaged()
        network = replace(
            settings.network, connect_to=standin.connect_to, delay_s=DELAY_S, jitter_s=0.0, contact=CONTACT
        )
        tell(f"A stand-in of iThome answers on {standin.url}; the archive keeps the canonical URLs.")
        return fetching.fetch(
            replace(settings, db=str(db), network=network), db, fetching.Options(quiet=quiet), tell=tell
        )


def what_next(db: Path) -> list[str]:
    """Commands to try on the archive that the demo made."""
    name = safe(db)
    return [
        f"archiver status --db {name}",
        f"archiver why 10323209 --db {name}",
        f"archiver serve --db {name}",
        f"datasette {name}",
    ]
