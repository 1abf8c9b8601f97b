"""Telling somebody what changed: a command of the user's, run once at the end of a run, with JSON on its stdin."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

from archiver.text import safe

TIMEOUT_S = 60.0


def run(command: str, document: dict[str, Any]) -> str | None:
    """Run a command line, split as a shell would but by no shell; gives what went wrong in one line, None for nothing.

    What it prints goes where our own output goes. It has a minute, so that a cron job never hangs on it.
    """
    try:
        words = shlex.split(command)  # raises ValueError for a quote that is never closed
        done = subprocess.run(  # noqa: S603 - the user's own command, from their config or command line
            words, input=json.dumps(document, ensure_ascii=False).encode(), timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        return f"the notify command did not run: {safe(error, 200)}"
    return None if done.returncode == 0 else f"the notify command {safe(words[0], 80)} ended with {done.returncode}"
