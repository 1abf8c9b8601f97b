"""Parts of the program that have no command of their own, each measured in a process of its own.

    python -m bench.inside NAME ARGUMENT...      prints JSON with CPU seconds

What is written to an archive is written to the copy that is given.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver import config, ithome, pages
from archiver.archive import opening
from archiver.archive.archive import Keeper
from archiver.archive.frontier import Scope
from archiver.model import Address
from bench import archives, site

_TYPE = "text/html; charset=UTF-8"


def write_pages(folder: str, count: str) -> dict[str, Any]:
    """Article pages as files, for those who read files."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    left, number = int(count), 1
    while left > 0:
        for address, body in list(site.pages(number))[4 : 4 + left]:
            (Path(folder) / f"{address.article_id}.html").write_bytes(body)
            left -= 1
        number += 1
    return {}


def read_pages(folder: str, times: str) -> dict[str, Any]:
    """CPU seconds of reading an article page, the first reading not counted."""
    held = []
    for path in sorted(Path(folder).glob("*.html")):
        address = ithome.classify(ithome.article_url(int(path.stem)))
        assert isinstance(address, Address)
        held.append((address, path.read_bytes()))
    for address, body in held[:3]:
        assert not pages.read(address, body, _TYPE).problems
    start = time.process_time()
    for _ in range(int(times)):
        for address, body in held:
            pages.read(address, body, _TYPE)
    return {"cpu_s": (time.process_time() - start) / len(held) / int(times)}


def refill(path: str) -> dict[str, Any]:
    """CPU seconds of putting one article into the search index, when all are put in anew."""
    from archiver.archive import connection, search_index

    database = connection.open_writer(Path(path))
    count = database.execute("SELECT count(*) FROM articles").fetchone()[0]
    start = time.process_time()
    with connection.transaction(database):
        search_index.refill(database)
    taken = time.process_time() - start
    connection.close(database)
    return {"cpu_s": taken / count}


def search(path: str, *words: str) -> dict[str, Any]:
    """CPU seconds of each search, and its hits, after one that is not counted."""
    from archiver.archive.search import find

    costs = {}
    with opening.reading(Path(path)) as connection:
        find(connection, "nothing of the kind")
        for word in words:
            start = time.process_time()
            found = find(connection, f'"{word}"')
            costs[word] = (time.process_time() - start, found.total)
    return costs


def work_of_a_run(path: str, series: str) -> dict[str, Any]:
    """CPU seconds of parts of a run that asks everything: a list names another part, then comes the page after."""
    settings = config.load_packaged()
    number = int(series)
    found: dict[str, Any] = {}
    with Keeper(Path(path), "bench", pages.read, settings.rules, settings.schedule) as archive:
        now = datetime.now(UTC)
        run_id = archive.runs.start_run("fetch", "bench", {}, now)
        scope = Scope(archive.source_ids(None), run_id, force=True, images=False)
        clock = _Parts(found)
        with clock.part("begin"):
            archive.next_page(scope, now)
        address, body = _page(site.source(number))
        first, other = site.part_ids(number)[0], 9_000_000 + number
        changed = body.replace(f"articles/{first}".encode(), f"articles/{other}".encode())
        archives.keep(archive, run_id, address, changed, pages.read(address, changed, _TYPE), now)
        with clock.part("settle"):
            archive.library.settle()
        page = archive.next_page(scope, now)
        assert page is not None
        address, body = _page(page.address.url)
        archives.keep(archive, run_id, address, body, pages.read(address, body, _TYPE), now)
        with clock.part("next"):
            page = archive.next_page(scope, now)
        with clock.part("left"):
            left = archive.left(scope, now)
        assert page is not None
        assert left > 1
        with clock.part("finish"):
            archive.runs.finish_run(run_id, "finished", 0, None, datetime.now(UTC))
    return found


def count_a_crawl(settings: str, path: str) -> dict[str, Any]:
    """How often a crawl speaks to SQLite and splits a URL, a request, as a profiler counts calls."""
    from cProfile import Profile

    from archiver import cli

    profile = Profile(builtins=True)
    profile.enable()
    cli.run(["fetch", "-q", "--config", settings, "--db", path])
    profile.disable()
    calls = {(_named(one.code)): one.callcount for one in profile.getstats()}
    with contextlib.closing(sqlite3.connect(path)) as held:
        requests = held.execute("SELECT count(*) FROM fetches").fetchone()[0]
    said = [calls.get(f"<method '{name}' of 'sqlite3.Connection' objects>", 0) for name in ("execute", "executemany")]
    return {"statements": sum(said) / requests, "splits": calls.get("urls.split", 0) / requests}


def _named(code: Any) -> str:
    """What a profiler knows a function by; of ours module and name."""
    return code if isinstance(code, str) else f"{Path(code.co_filename).stem}.{code.co_name}"


class _Parts:
    """CPU seconds of named parts."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self._found[name] = time.process_time() - start


def _page(url: str) -> tuple[Address, bytes]:
    """A page of the invented site with short texts."""
    address = ithome.source_address(url)
    assert isinstance(address, Address)
    number = address.series_id if address.article_id is None else site.series_of(address.article_id)
    assert number is not None
    return next((one, body) for one, body in site.pages(number, site.FEW_WORDS) if one.url == url)


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "count": count_a_crawl, "write": write_pages, "read": read_pages, "refill": refill, "search": search,
    "run": work_of_a_run,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Do one part, and print what it cost."""
    print(json.dumps(PARTS[arguments[0]](*arguments[1:]), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
