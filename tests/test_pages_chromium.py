"""Sanitised bodies stay inert in headless Chromium. What `archiver serve` shows: test_browse_chromium.py."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from xss_payloads import PAYLOADS

from archiver.pages import body

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"),
]

ACT = "document.documentElement.dataset.hit=1"
ARMED = [payload.replace("alert(1)", ACT) for _, payload in PAYLOADS]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --virtual-time-budget=3000 --dump-dom"
).split()


def dom(url: str, folder: Path) -> str:
    """The document as it stands after three seconds of the page's own time."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", url],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def was_hit(document: str) -> bool:
    """Whether some payload ran: each sets an attribute of the root element."""
    return re.search(r"<html[^>]*\bdata-hit", document) is not None


def page(html: str, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(f"<!doctype html><html><head><meta charset=utf-8></head><body>{html}</body></html>", "utf-8")
    return path.as_uri()


def test_the_payloads_do_run_where_nothing_stops_them(tmp_path: Path) -> None:
    """Without this the tests below could not fail."""
    assert was_hit(dom(page(f"<img src=x onerror={ACT}>", tmp_path), tmp_path))


def test_sanitised_bodies_stay_inert(tmp_path: Path) -> None:
    cleaned = "\n".join(body.sanitise(payload, "https://ithelp.ithome.com.tw/articles/1") for payload in ARMED)

    assert len(ARMED) >= 200
    assert not was_hit(dom(page(cleaned, tmp_path), tmp_path))
