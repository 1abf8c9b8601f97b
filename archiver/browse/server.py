"""`archiver serve`: Datasette in this process, on 127.0.0.1 and no other interface, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.archive import demonstration
from archiver.archive.opening import reading
from archiver.errors import UsageError, how_to_install
from archiver.machine.interruption import code_of
from archiver.text import safe

if TYPE_CHECKING:
    from datasette.app import Datasette  # type: ignore[import-untyped]

    from archiver.archive.stored import ReadPage

HOST = "127.0.0.1"
SETTINGS: dict[str, int | bool] = {
    "sql_time_limit_ms": 5_000,  # one reader on their own machine may ask a slow question
    "facet_time_limit_ms": 1_000,
    "suggest_facets": False,  # each column would be read of all rows, for every page; those worth it are named
    "truncate_cells_html": 500,  # a list of articles with whole bodies weighs megabytes; a row's own page shows all
    "allow_download": True,
}
_SHUTDOWN_S = 3


def application(path: Path, read: ReadPage) -> Datasette:
    """Datasette on one archive, as we show it; `read` makes bodies of captures.

    Raises ArchiveError, and UsageError where Datasette is missing.
    """
    try:
        import datasette.app  # type: ignore[import-untyped]  # noqa: F401 - what the message below is about

        from archiver.browse.reader import Reader
    except ImportError as error:
        raise UsageError(
            f"Datasette is not installed ({safe(error)}); install it: {how_to_install('datasette')}"
        ) from error
    from archiver.browse.metadata import metadata

    notice = _notice(path)
    place = [str(path.resolve())]
    still = _lies_in_a_read_only_folder(path)
    return Reader(
        [] if still else place, immutables=place if still else [],
        metadata=metadata(path.resolve().stem, notice), settings=SETTINGS, read=read, notice=notice,
    )  # fmt: skip


def _notice(path: Path) -> str:
    """What every page is to say of an archive first; empty for nothing. Raises ArchiveError and UsageError."""
    with reading(path) as connection:
        notice = demonstration.WORDS if demonstration.is_marked(connection) else ""
    if any(sign in str(path.resolve()) for sign in "?#%"):
        raise UsageError(f"{safe(path)}: Datasette opens no file whose path has a ?, # or %; rename it")
    return notice


def _lies_in_a_read_only_folder(path: Path) -> bool:
    """Whether SQLite cannot make the WAL's helper file beside it; such an archive cannot change, either."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            return True
    return False


def serve(path: Path, read: ReadPage, *, port: int, open_browser: bool) -> int:
    """Show the archive in a browser until Ctrl-C, then give exit code 0. Port 0 takes any free one.

    Raises UsageError (Datasette is missing, the port is taken) and ArchiveError (no archive, or none of ours).
    """
    datasette = application(path, read)
    with _listening(port) as listener, _until_ctrl_c():
        url = f"http://{HOST}:{listener.getsockname()[1]}{datasette.urls.instance()}"
        sys.stderr.write(f"{safe(path)} is at {url} (Ctrl-C ends)\n")
        sys.stderr.flush()
        if open_browser:
            webbrowser.open(url)
        _run(datasette, listener)
    return 0


@contextlib.contextmanager
def _until_ctrl_c() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupted:
        if code_of(interrupted) != 130:  # SIGTERM
            raise


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # Python adds the address to its own words
        raise UsageError(f"port {port} on {HOST}: {reason}; name another with --port (0: any free one)") from error


def _run(datasette: Datasette, listener: socket.socket) -> None:
    import uvicorn
    from datasette import handle_exception

    # With rich at hand, Datasette prints a traceback with all variables for each mistyped query, and answers 500 for an
    # address that it has no route for (rich has no traceback to print there). In this process it shall find none.
    handle_exception.rich = None
    config = uvicorn.Config(
        datasette.app(), log_level="error", access_log=False, server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])  # ends in order on SIGINT, then hands it on as KeyboardInterrupt
