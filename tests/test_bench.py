"""The measuring itself runs, on almost nothing and without peers. No time that it finds is looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from depths import deeper

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("work", "words"), [("size", "file of 30 articles"), deeper("growth", "next due page")])
def test_the_bench_measures_an_archive_that_it_makes(tmp_path: Path, work: str, words: str) -> None:
    command = [sys.executable, "-m", "bench", "--tiny", "--no-peers", "--cache", str(tmp_path), "--only", work]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode in {0, 1}, done.stderr
    assert words in done.stdout


def test_the_page_of_figures_was_written_by_the_bench() -> None:
    page = (ROOT / "docs/performance.md").read_text("utf-8")

    assert "Written by `python -m bench --write`" in page
    assert "| read an article page" in page
