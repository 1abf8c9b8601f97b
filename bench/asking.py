"""What a run does: reads pages, crawls, keeps its pace, starts; each measured beside its peers in the same minutes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import pairwise

from bench import archives, measure, site
from bench.measure import Cost, Failed, archiver, in_turns, inside, per_page, run
from bench.serving import Server, site_server
from bench.setting import Setting
from bench.table import Row


def _figures(costs: dict[str, Cost], names: Iterable[str], of: Callable[[Cost], float]) -> tuple[
    tuple[str, float | None], ...
]:  # fmt: skip
    return tuple((name, of(costs[name]) if name in costs else None) for name in names)


# ─── reading ──────────────────────────────────────────────────────────────────────────────────────

READERS = {
    "selectolax": "selectolax", "resiliparse": "resiliparse", "lxml": "lxml", "bs4-lxml": "beautifulsoup4",
    "bs4-html": "beautifulsoup4", "trafilatura": "trafilatura",
}  # fmt: skip


def reading(setting: Setting) -> list[Row]:
    """An article page: all that we read of it, against twelve selectors."""
    folder = setting.folder / "pages"
    run(inside("write", folder, str(setting.scale.pages)), env=setting.env)
    fast, slow = ("3", "1") if setting.scale.pages > 3 else ("1", "1")

    def peer(name: str) -> Callable[[], Cost]:
        times = slow if name.startswith(("bs4", "tra")) else fast
        return lambda: per_page(run(setting.peers.program("read_pages.py", name, folder, times)))

    jobs = {name: peer(name) for name, package in READERS.items() if setting.peers.has(package)}
    jobs["ours"] = lambda: per_page(run(inside("read", folder, fast), env=setting.env))
    costs = in_turns(jobs, setting.scale.rounds)
    return [
        Row(
            "read an article page", "ms of CPU", costs["ours"].cpu_s * 1000,
            _figures(costs, READERS, lambda cost: cost.cpu_s * 1000), "selectolax", 5, 3,
        )
    ]  # fmt: skip


# ─── crawling ─────────────────────────────────────────────────────────────────────────────────────

_SPACED = 30  # requests whose pace is measured
CRAWLERS = ("scrapy", "plain", "wget")


def crawling(setting: Setting) -> list[Row]:
    """Whole crawls without delay, large and small."""
    large, small = setting.scale.crawled, 1
    per_series = site.PARTS + 4  # the feed and three pages of a list
    with site_server(large, setting.folder) as server:
        costs = in_turns(_crawlers(setting, server, large), setting.scale.rounds)
        few = in_turns(_crawlers(setting, server, small), setting.scale.rounds + 2)
        config = setting.config(server, range(1, large + 1))
        counts = run(inside("count", config, setting.new()), env=setting.env).json()
    pages = large * per_series
    said = f"crawl of {pages:,} pages into SQLite, no delay"
    return [
        Row(
            said, "ms of CPU a page", costs["ours"].cpu_s / pages * 1000,
            _figures(costs, CRAWLERS, lambda cost: cost.cpu_s / pages * 1000), "scrapy", 1.5, 1.0,
        ),
        Row(
            said, "MB at the peak", costs["ours"].peak_mb,
            _figures(costs, CRAWLERS, lambda cost: cost.peak_mb), None, 80, 60,
        ),
        Row(
            f"crawl of {small * per_series} pages, whole process", "s of CPU", few["ours"].cpu_s,
            _figures(few, CRAWLERS, lambda cost: cost.cpu_s), "scrapy", 1.0, 0.6,
        ),
        Row(f"{said}, calls of SQLite", "a request", counts["statements"], bar=47.5, note="95 before"),
        Row(f"{said}, URLs split", "a request", counts["splits"], bar=8.9, note="17.7 before"),
    ]  # fmt: skip


def _crawlers(setting: Setting, server: Server, series: int) -> dict[str, Callable[[], Cost]]:
    paths = [site.source(number).removeprefix("https://ithelp.ithome.com.tw") for number in range(1, series + 1)]
    config = setting.config(server, range(1, series + 1))
    listed = setting.new("txt")
    asked = [url for number in range(1, series + 1) for url in site.addresses(number)]
    listed.write_text("".join(url.replace("https://ithelp.ithome.com.tw", server.url) + "\n" for url in asked), "utf-8")
    peers = setting.peers

    def counted(cost: Cost) -> Cost:
        if int(cost.json()["pages"]) < series * (site.PARTS + 4):
            raise Failed(f"only {cost.said.strip()}")
        return cost

    def ours() -> Cost:
        db = setting.new()
        cost = run(archiver("fetch", "-q", "--config", config, "--db", db), env=setting.env)
        with closing(sqlite3.connect(db)) as held:
            count = held.execute("SELECT count(*) FROM articles").fetchone()[0]
        if count != series * site.PARTS:
            raise Failed(f"{count} articles: {cost.said}")
        return cost

    def wget() -> Cost:
        assert peers.wget is not None
        folder = setting.new("wget")
        return run(
            [
                peers.wget, "-q", "-U", "Mozilla/5.0 (compatible; bench)", "-i", listed, "-P", folder, "--delete-after",
                f"--warc-file={folder}",
            ]
        )  # fmt: skip

    jobs: dict[str, Callable[[], Cost]] = {"ours": ours}
    if peers.has("scrapy"):
        scrapy = peers.program("crawl_scrapy.py", server.url)
        jobs["scrapy"] = lambda: counted(run([*scrapy, setting.new(), "0", *paths]))
    if peers.has("httpx") and peers.has("selectolax"):
        plain = peers.program("crawl_plain.py", server.url)
        jobs["plain"] = lambda: counted(run([*plain, setting.new(), *paths]))
    if peers.wget:
        jobs["wget"] = wget
    return jobs


def pacing(setting: Setting) -> list[Row]:
    """The span of requests to one host over the least that the delay allows: alone, and two programs that share it.

    All of them at once, each with a server of its own: they wait, and compute next to nothing.
    """
    names = [*(["scrapy"] if setting.peers.has("scrapy") else []), "alone", "sharing"]
    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(names, pool.map(partial(_span, setting), names), strict=True))
    peers: tuple[tuple[str, float | None], ...] = (("scrapy alone", None),)
    if "scrapy" in found:
        peers = ((f"scrapy alone, {_least(found['scrapy'][1])}", found["scrapy"][0]),)
    said = f"{_SPACED} requests {setting.scale.delay_s:g} s apart, their span over the least"
    return [
        Row(f"{said}, {work}, {_least(found[name][1])}", "×", found[name][0], peers, None, 1.02, 1.005)
        for name, work in (("alone", "one run"), ("sharing", "two runs that share the host"))
    ]


def _least(gap_s: float) -> str:
    return f"smallest gap {gap_s:.3f} s"


def _span(setting: Setting, name: str) -> tuple[float, float]:
    """The span over the least, and the smallest gap as the host saw it, which on a busy machine looks when it can."""
    delay_s = setting.scale.delay_s
    with site_server(2, setting.folder) as server:
        _ask_slowly(setting, server, name, delay_s, _SPACED)
    starts = [at for at, _ in server.starts()][:_SPACED]
    if len(starts) < _SPACED:
        raise Failed(f"{name}: only {len(starts)} requests")
    gap_s = min(after - before for before, after in pairwise(starts))
    return (starts[-1] - starts[0]) / (len(starts) - 1) / delay_s, gap_s


def _ask_slowly(setting: Setting, server: Server, name: str, delay_s: float, parts: int) -> None:
    """So many requests at least, by one program or by two."""
    if name == "scrapy":
        path = site.source(1).removeprefix("https://ithelp.ithome.com.tw")
        run(setting.peers.program("crawl_scrapy.py", server.url, setting.new(), str(delay_s), path))
        return
    ways = [(range(1, 2), parts)] if name == "alone" else [(range(1, 2), parts // 2 + 1), (range(2, 3), parts // 2 + 1)]
    commands = [
        archiver(
            "fetch", "-q", "--limit", str(limit), "--config", setting.config(server, series, delay_s=delay_s),
            "--db", setting.new(),
        )
        for series, limit in ways
    ]  # fmt: skip
    measure.together(commands, env=setting.env, good=(0, 3))


# ─── starting ─────────────────────────────────────────────────────────────────────────────────────


def starting(setting: Setting) -> list[Row]:
    """`--help`, and `status` of a small archive."""
    db = archives.change_of(archives.kept(setting.cache, 1, site.FEW_WORDS), setting.folder)
    jobs = {
        "--help": lambda: run(archiver("--help"), env=setting.env),
        "status": lambda: run(archiver("status", "--db", db), env=setting.env),
    }
    if setting.peers.has("click"):
        lazy = setting.peers.program("lazy.py")
        jobs["lazy --help"] = lambda: run([*lazy, "--help"])
        jobs["lazy status"] = lambda: run([*lazy, "status", "--db", db])
    costs = in_turns(jobs, setting.scale.rounds * 3)
    return [
        Row(
            f"`{name}`" + (" of a small archive" if name == "status" else ""), "ms of CPU", costs[name].cpu_s * 1000,
            (("a lazy click program", costs[other].cpu_s * 1000 if (other := f"lazy {name}") in costs else None),),
            "a lazy click program", bar, 1.0,
        )
        for name, bar in (("--help", 1.2), ("status", 1.5))
    ]  # fmt: skip
