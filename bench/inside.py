"""Parts of the program that have no command of their own, each measured in a process of its own.

    python -m bench.inside NAME ARGUMENT...      prints JSON with CPU seconds

What is written to an archive is written to the copy that is given.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver import config, pages, urls
from archiver.archive import opening
from archiver.archive.archive import Archive
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
        address = urls.classify(urls.article_url(int(path.stem)))
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
    with connection.transaction(database, Path(path)):
        search_index.refill(database)
    taken = time.process_time() - start
    connection.close(database, Path(path))
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
    """CPU seconds of parts of a run in which a list names its items in another order, and the same list comes again."""
    settings = config.load_packaged()
    number = int(series)
    found_pages = site.pages(number, site.FEW_WORDS)
    address, body = next((one, body) for one, body in found_pages if one.url == site.source(number))
    found: dict[str, Any] = {}
    with Archive(Path(path), "bench", pages.read, settings.rules, settings.schedule) as archive:
        now = datetime.now(UTC)
        run_id = archive.runs.start_run("fetch", "bench", {}, now)
        first, other = site.part_ids(number)[0], 9_000_000 + number
        changed = body.replace(f"articles/{first}".encode(), f"articles/{other}".encode())
        archives.keep(archive, run_id, address, changed, pages.read(address, changed, _TYPE), now)
        start = time.process_time()
        archive.library.settle()
        found["settle"] = time.process_time() - start
        scope = Scope(archive.source_ids(None), run_id, force=True, images=False)
        archive.due(scope, now, limit=1)
        start = time.process_time()
        due = archive.due(scope, now, limit=1)
        found["next"] = time.process_time() - start
        start = time.process_time()
        count = archive.count_due(scope, now)
        found["count"] = time.process_time() - start
        assert due
        assert count > 1
        start = time.process_time()
        archive.runs.finish_run(run_id, "finished", 0, None, datetime.now(UTC))
        found["finish"] = time.process_time() - start
    return found


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "write": write_pages, "read": read_pages, "refill": refill, "search": search, "run": work_of_a_run,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Do one part, and print what it cost."""
    print(json.dumps(PARTS[arguments[0]](*arguments[1:]), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
