"""A local iThome on 127.0.0.1, for `archiver demo` and for the tests (docs/site.md, warts of §18 included).

It is written from what is known of the site, not from what our parsers read, and imports none of them.

    with StandIn() as standin:
        standin.faults.refuse("series")
        ...  # ask standin.url, or any origin of standin.connect_to, and look at standin.log
"""

from archiver.standin.faults import Faults
from archiver.standin.listener import LocalServer, LogEntry
from archiver.standin.server import StandIn
from archiver.standin.site import demo_site
from archiver.standin.world import Site

__all__ = ["Faults", "LocalServer", "LogEntry", "Site", "StandIn", "demo_site"]
