"""`StandIn`: the world, the faults and the listener together."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime

from archiver.standin.bad_replies import Play
from archiver.standin.faults import Faults
from archiver.standin.listener import LocalServer
from archiver.standin.routes import Origins, dressed, origins
from archiver.standin.site import demo_site
from archiver.standin.wire import Reply, Request
from archiver.standin.world import Site


class StandIn(LocalServer):
    """A local iThome, with the author's blog, the image host and the login host. See `LocalServer`."""

    def __init__(
        self, site: Site | None = None, faults: Faults | None = None, *, port: int = 0,
        clock: Callable[[], datetime] | None = None, tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.site = site or demo_site()
        self.faults = faults or Faults()
        super().__init__(self._reply, origins(self.site), port=port, clock=clock, tls=tls)
        self._hosts = Origins(self.site.seed, self.clock)

    @property
    def drafts_created(self) -> int:
        """How often somebody asked for a URL whose GET acts (docs/site.md §3.4). A crawler leaves it at 0."""
        return self._hosts.drafts_created

    def _reply(self, request: Request) -> Reply:
        moment = self._hosts.moment()
        world = self.faults.world(self.site)
        play = Play(request, world, moment, lambda asked: self._hosts.answer(world, asked, moment))
        return dressed(request, self.faults.answer(play), moment)
