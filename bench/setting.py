"""How much is measured, and what every measurement needs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from bench import archives, measure, site
from bench.peers import Peers
from bench.serving import Server


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done: the rounds, and the sizes."""

    rounds: int
    pages: int  # that are read
    crawled: int  # series
    held: int  # series of the large archive with whole texts
    growth: tuple[int, ...]  # series of the archives with short texts
    verified: int  # the largest of those that is verified and read again
    terms: int  # searched, of each length
    delay_s: float  # between the requests whose pace is measured


FULL = Scale(3, 40, 30, 300, (300, 1_500, 5_000), 300, 5, 2.0)
QUICK = Scale(3, 20, 6, 20, (20, 60), 20, 3, 0.5)
TINY = Scale(1, 3, 1, 1, (1,), 0, 1, 0.02)


def of_sizes(scale: Scale, sizes: tuple[int, ...]) -> Scale:
    """The same with other sizes of the second table."""
    return replace(scale, growth=sizes)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a row is measured with."""

    scale: Scale
    peers: Peers
    cache: Path  # kept between runs
    folder: Path  # of this run alone
    renew: bool = False  # kept archives are brought to today's shape, not made anew

    @property
    def env(self) -> dict[str, str]:
        """The environment of measured programs."""
        return measure.environment(self.folder / "state")

    def new(self, ending: str = "db") -> Path:
        """A file that is not there yet."""
        return self.folder / f"{random.getrandbits(48):x}.{ending}"

    def held(self) -> Path:
        """The archive with whole texts."""
        return archives.kept(self.cache, self.scale.held, site.WORDS, renew=self.renew)

    def config(self, server: Server | None, series: range | tuple[str, ...], *, delay_s: float = 0.0) -> Path:
        """Settings that name series, and lead the traffic to a server."""
        urls = series if isinstance(series, tuple) else tuple(site.source(number) for number in series)
        path = self.new("toml")
        target = f'"https://ithelp.ithome.com.tw" = "{server.url}"' if server else ""
        path.write_text(
            "".join(f'[[sources]]\nurl = "{url}"\n' for url in urls)
            + f'[network]\ncontact = "https://example.org/bench"\ndelay_s = {delay_s}\nmax_requests = 0\n'
            + ("jitter_s = 0.0\n" if not delay_s else "")
            + f"[network.connect_to]\n{target}\n[images]\nfetch = false\n",
            "utf-8",
        )
        return path
