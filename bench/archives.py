"""Archives of any size, made by the program itself out of pages of the invented site, and kept between runs.

    python -m bench.archives FILE [SERIES WORDS]      without numbers: bring an older one to today's shape

What is made depends on how the program stores things, so the kept files are of one state of its source each. Those with
short texts, of which only the number of rows matters, are brought to its shape as users' archives are.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver import config
from archiver import pages as reader
from archiver.archive.archive import Keeper
from archiver.config import Source
from archiver.model import Address, Answer, Exchange
from archiver.model.readings import ArticlePage, Reading
from archiver.verdict import judge
from bench import site

ROOT = Path(__file__).parents[1]
_TYPE = "text/html; charset=UTF-8"
_HEADERS = (("content-type", _TYPE), ("server", "cloudflare"), ("cf-ray", "0123456789abcdef-TPE"))
Read = list[tuple[Address, bytes, Reading]]


def state_of_the_program() -> str:
    """Tells one state of the program's source from another."""
    said = hashlib.sha256()
    for path in sorted((ROOT / "archiver").rglob("*")):
        if path.suffix in {".py", ".sql"}:
            said.update(path.read_bytes())
    said.update((ROOT / "bench/site.py").read_bytes())
    said.update((ROOT / "bench/archives.py").read_bytes())
    return said.hexdigest()[:12]


def kept(cache: Path, series: int, words: int, *, renew: bool = False) -> Path:
    """An archive of so many series, made when it is not there, or `renew`ed. The caller changes only copies of it."""
    path = cache / f"{series}x{words}-{state_of_the_program()}.db"
    renewed = path.with_name(f"{path.stem}-renewed.db")
    older = sorted(cache.glob(f"{series}x{words}-*.db"), key=lambda one: one.stat().st_mtime)
    if older and not path.exists() and (renew or words == site.FEW_WORDS):
        if not renewed.exists():
            _run_us(older[-1])
            texts_of(older[-1]).rename(texts_of(renewed))
            older[-1].rename(renewed)
        return renewed
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        for stale in cache.glob(f"{series}x{words}-*"):
            stale.unlink()
        print(f"  making an archive of {series} series", file=sys.stderr, flush=True)
        memory = Path("/dev/shm")  # two commits a page wait for a disk a hundred thousand times
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else cache) as folder:
            made = Path(folder) / "made.db"
            _run_us(made, str(series), str(words))
            shutil.move(texts_of(made), texts_of(path))
            shutil.move(made, path)
    return path


def _run_us(path: Path, *words: str) -> None:
    command = [sys.executable, "-m", "bench.archives", str(path), *words]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def texts_of(path: Path) -> Path:
    """The file beside an archive with what its articles say, as plain rows: what others would search."""
    return path.with_name(f"{path.stem}.texts")


def change_of(path: Path, folder: Path) -> Path:
    """A copy of an archive that may be changed."""
    copy = folder / f"copy-{time.monotonic_ns()}.db"
    shutil.copyfile(path, copy)
    return copy


def read_series(number: int, words: int) -> Read:
    """Every page of a series, read."""
    return [(address, body, reader.read(address, body, _TYPE)) for address, body in site.pages(number, words)]


def build(path: Path, series: int, words: int) -> None:
    """Make an archive in which each page of so many series was asked once and nothing is due."""
    settings = config.load_packaged()
    now = datetime.now(UTC)
    began = now - timedelta(minutes=30)
    step = timedelta(minutes=20) / (series * (site.PARTS + 4))
    texts = sqlite3.connect(texts_of(path))
    texts.execute("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body_text TEXT, packed INTEGER)")
    with (
        contextlib.closing(texts), texts,
        Keeper(path, "bench", reader.read, settings.rules, settings.schedule) as archive,
    ):  # fmt: skip
        run_id = archive.runs.start_run("fetch", "bench", {}, began)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            asked = 0
            for first in range(1, series + 1, 50):
                numbers = range(first, min(first + 50, series + 1))
                for number, found in zip(numbers, pool.map(read_series, numbers, [words] * len(numbers)), strict=True):
                    url = site.source(number)
                    address = next(one for one, _, _ in found if one.url == url)
                    archive.ledger.add_source(Source(url), address, (), began, named_by="config")
                    for address, body, reading in found:
                        asked += 1
                        keep(archive, run_id, address, body, reading, began + step * asked)
                        page = reading.page
                        if words > site.FEW_WORDS and isinstance(page, ArticlePage) and page.body is not None:
                            row = [page.id, page.title, page.body.text, len(gzip.compress(body))]
                            texts.execute("INSERT INTO articles VALUES (?, ?, ?, ?)", row)
        archive.library.settle()
        archive.runs.finish_run(run_id, "finished", 0, None, now - timedelta(minutes=5))


def keep(archive: Keeper, run_id: int, address: Address, body: bytes, reading: Reading, at: datetime) -> None:
    """Record one answer and read it, as a run does."""
    answer = Answer(address.url, at, 40, status=200, headers=_HEADERS, body=body, wire_bytes=len(body) // 4)
    judgement = judge(address, answer, reading, held=False, not_found_words=None)
    fetch_id = archive.ledger.record(run_id, Exchange(address, answer), judgement, reading)
    archive.library.catch_up({fetch_id: reading})


def main(arguments: list[str]) -> int:
    """Build one or renew it, and say how long that took."""
    path, start = Path(arguments[0]), time.perf_counter()
    if arguments[1:]:
        build(path, int(arguments[1]), int(arguments[2]))
    else:
        settings = config.load_packaged()
        with Keeper(path, "bench", reader.read, settings.rules, settings.schedule):
            pass
    print(f"  {path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
