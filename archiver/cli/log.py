"""-v: every request, wait and decision of ours on stderr, a line each; nothing of what libraries say."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime


@contextlib.contextmanager
def on_stderr() -> Iterator[None]:
    """Say it while this lasts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Stamped())
    logger = logging.getLogger("archiver")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a pipe that closes early is no error
    try:
        yield
    finally:
        logger.handlers = []
        logger.setLevel(logging.NOTSET)


class _Stamped(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """When and what, in one line; its text was made safe where the line was made (`text.event`)."""
        return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {record.getMessage()}"
