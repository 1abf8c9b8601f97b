"""Why there is no whole response. Never leaves this room: `client` turns it into an `Answer`."""

from __future__ import annotations

from archiver.model import Outcome


class Fault(Exception):
    """A fault of one request, as an outcome and a line for the user; the server's own words are never in it raw."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
