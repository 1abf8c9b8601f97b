"""How an archive of 300 series and 9,000 parts answers: `status`, `why`, and a fetch with nothing due.

    python bench/scale.py [SERIES]

Each is measured against the sqlite3 shell running the same kind of query in the same minutes. Makes its archive with
the tests' world of values, without HTML.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from archives import archive_at, feed_of, part, series_of
from fakes import FakeClock

from archiver import urls
from archiver.archive import frontier
from archiver.archive.frontier import Scope
from archiver.archive.opening import reading
from archiver.readings import Author

PARTS = 30
ROUNDS = 5


class _Hurried(FakeClock):
    """A clock that makes minutes of the tests pass in moments, so that all of the archive is young."""

    def advance(self, **kwargs: float) -> None:
        super().advance(seconds=timedelta(**kwargs).total_seconds() / 1000)


def build(path: Path, series_count: int) -> None:
    """An archive of so many series, each with its page and thirty parts, all held and none due."""
    with archive_at(path) as case:
        case.clock = _Hurried(datetime.now(UTC) - timedelta(minutes=30))
        for number in range(1, series_count + 1):
            author = Author(20_000_000 + number, f"author {number}")
            assert author.id is not None
            url = urls.series_url(author.id, number)
            case.source(url, settle=False)
            case.answer(urls.feed_url(number), feed_of())
            numbers = range(number * 100 + 1, number * 100 + PARTS + 1)
            case.answer(url, series_of(*numbers))
            for position, one in enumerate(numbers, start=1):
                case.answer(
                    urls.article_url(10_000_000 + one), part(one, series=number, author=author, position=position)
                )
        case.archive.library.settle()
        case.archive.runs.finish_run(case.run_id, "finished", 0, None, case.clock.now())


def median_s(command: list[str]) -> float:
    """The median wall time of a command."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(arguments: list[str]) -> int:
    """Build, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "a.db"
        start = time.perf_counter()
        build(db, int(arguments[0]) if arguments else 300)
        print(f"built in {time.perf_counter() - start:.0f} s, {db.stat().st_size / 1e6:.0f} MB")
        archiver = [sys.executable, "-m", "archiver"]
        shell = ["sqlite3", str(db)]
        start_up = median_s([*archiver, "--help"])
        config = Path(folder) / "archiver.toml"
        with reading(db) as connection:
            named = [row["url"] for row in connection.execute("SELECT url FROM sources")]
        config.write_text("".join(f'[[sources]]\nurl = "{url}"\n' for url in named), "utf-8")
        due = frontier.count_sql(Scope(tuple(range(1, len(named) + 1))), datetime.now(UTC))
        pairs = {
            "fetch": ([*archiver, "fetch", "-q", "--config", str(config), "--db", str(db)], due),
            "status": (
                [*archiver, "status", "--db", str(db)],
                "SELECT * FROM series_progress; SELECT * FROM page_status",
            ),
            "why": ([*archiver, "why", "10000105", "--db", str(db)], "SELECT * FROM fetches WHERE page_id = 7"),
        }
        for name, (command, sql) in pairs.items():
            ours, theirs = median_s(command), median_s([*shell, sql])
            print(f"{name:8} {ours:6.2f} s (start {start_up:.2f} s)   sqlite3 {theirs:6.2f} s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of any child: {peak:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
