"""What it costs to make a book of thirty parts, beside pandoc; and how much memory exports of ever more parts take."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from bench import archives, site
from bench.growth import YEAR
from bench.measure import Cost, archiver, in_turns, run
from bench.setting import Setting
from bench.table import Row

_FORMATS = ("json", "site", "markdown")
_SERIES = (30, 300)  # of thirty parts each
_OURS = "archiver"
_MARKDOWN = "pandoc from our Markdown"
_HTML = "pandoc from our XHTML"


def exporting(setting: Setting) -> list[Row]:
    """Two books beside pandoc's of the same thirty parts, then each large format at two sizes.

    The parts of the demonstration are those that a person sees: with images, tables, comments and a third of it code.
    """
    demo = setting.new()
    run(archiver("demo", "--quiet", "--db", demo), env=setting.env)
    plain = archives.kept(setting.cache, 1, site.WORDS)
    return [*_book(setting, demo, "the demonstration"), *_book(setting, plain, "plain parts"), *_growth(setting)]


def _book(setting: Setting, db: Path, said: str) -> list[Row]:
    books = setting.new("books")
    _export(setting, "epub", db, books / "ours.epub")
    jobs: dict[str, Callable[[], Cost]] = {_OURS: lambda: _export(setting, "epub", db, books / "ours.epub")}
    if setting.peers.pandoc is None:
        print("  pandoc is not here (Debian: apt-get install pandoc)", file=sys.stderr)
    else:
        jobs[_MARKDOWN] = _pandoc(setting, "gfm", _markdown(setting, db, books), books / "markdown.epub")
        jobs[_HTML] = _pandoc(setting, "html", _xhtml(books), books / "html.epub")
    found = in_turns(jobs, setting.scale.rounds)
    ours = found.pop(_OURS)
    work = f"`export epub` of {site.PARTS} parts ({said}), whole process"
    best = min(found, key=lambda name: found[name].cpu_s) if found else None
    cpu = tuple((name, cost.cpu_s) for name, cost in found.items())
    memory = tuple((name, cost.peak_mb) for name, cost in found.items())
    return [
        Row(f"{work}, beside the cheaper pandoc", "s of CPU", ours.cpu_s, cpu, best, 0.5 if best else None),
        Row(work, "MB at the peak", ours.peak_mb, memory),
    ]


def _growth(setting: Setting) -> list[Row]:
    sizes = _SERIES if YEAR in setting.scale.growth else (1, 2)
    rows = []
    for name in _FORMATS:
        costs = []
        for series in sizes:
            db = archives.kept(setting.cache, series, site.FEW_WORDS)
            print(f"  export {name}: {series} series", file=sys.stderr, flush=True)
            costs.append(_export(setting, name, db, setting.folder / f"{name}-{series}"))
        few, many = costs
        parts = site.PARTS * sizes[1]
        work = f"`export {name}` of {sizes[1]} series"
        rows += [
            Row(f"{work}, beside {sizes[0]}", "MB at the peak", many.peak_mb,
                ((f"{sizes[0]} series", few.peak_mb),), f"{sizes[0]} series", 1.1, 1.05),
            Row(work, "ms of CPU a part", many.cpu_s / parts * 1000,
                ((f"{sizes[0]} series", few.cpu_s / (site.PARTS * sizes[0]) * 1000),)),
        ]  # fmt: skip
    return rows


def _export(setting: Setting, name: str, db: Path, out: Path) -> Cost:
    out.parent.mkdir(parents=True, exist_ok=True)
    return run(archiver("export", name, "--quiet", "--force", "--db", db, "--out", out), env=setting.env)


def _markdown(setting: Setting, db: Path, books: Path) -> list[Path]:
    _export(setting, "markdown", db, books / "markdown")
    return sorted((books / "markdown").glob("*/[0-9]*.md"))


def _xhtml(books: Path) -> list[Path]:
    """The pages of the parts of our own book."""
    with zipfile.ZipFile(books / "ours.epub") as book:
        names = sorted(name for name in book.namelist() if name.startswith("EPUB/part-"))
        book.extractall(books / "pages")
        return [books / "pages" / name for name in names]


def _pandoc(setting: Setting, kind: str, pages: list[Path], out: Path) -> Callable[[], Cost]:
    assert len(pages) == site.PARTS, pages
    command: list[str | Path] = [
        setting.peers.pandoc or "", "--from", kind, "--to", "epub3", "--file-scope", "--metadata", "title=A series",
        "--metadata", "lang=zh-Hant-TW", "--resource-path", pages[0].parent, "--output", out, *pages,
    ]  # fmt: skip
    return lambda: run(command, env=setting.env)
