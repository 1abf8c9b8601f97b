"""A WACZ in ReplayWeb.page: parts and each image that is held are shown, and nobody is asked.

Needs Chromium and the npm package replaywebpage, found as node finds it: `npm install --prefix FOLDER --ignore-scripts
replaywebpage` and `NODE_PATH=FOLDER/node_modules`.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from demonstrations import Played
from depths import every
from exported import files_of
from one_text import words

import archiver

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FOLDERS = [*os.environ.get("NODE_PATH", "").split(os.pathsep), "/usr/local/lib/node_modules", "/usr/lib/node_modules"]
PLAYER = next((found for one in _FOLDERS if one and (found := Path(one) / "replaywebpage").is_dir()), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"),
    pytest.mark.skipif(PLAYER is None, reason="no npm package replaywebpage in NODE_PATH"),
]

SERIES = 900001
OPEN = """([url, ts]) => {
    const player = document.createElement("replay-web-page");
    for (const [name, value] of Object.entries({source: "/a.wacz", embed: "replayonly", url, ts}))
        player.setAttribute(name, value);
    document.body.replaceChildren(player);
}"""
SHOWN = """() => {
    const body = document.querySelector(".markdown__style, .qa-markdown");
    if (document.readyState !== "complete" || !body) return null;
    const images = [...body.querySelectorAll("img")];
    if (!images.every((one) => one.complete)) return null;
    const copy = body.cloneNode(true);
    for (const one of copy.querySelectorAll("img")) one.replaceWith(one.alt);
    return {text: copy.textContent, images: images.map((one) => one.naturalWidth)};
}"""


class _Player(SimpleHTTPRequestHandler):
    """Serves files, and parts of them (RFC 9110 §14), quietly."""

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        path = Path(self.translate_path(self.path))
        if asked is None or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(data) - int(last))
        piece = data[start : int(last) + 1 if first and last else len(data)]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(piece) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def archive(rotten_demo: Played) -> Path:
    """The rotten demonstration: parts that are live, and copies that were rescued and imported."""
    return rotten_demo.archive


@pytest.fixture(scope="module")
def origin(archive: Path) -> Iterator[str]:
    assert PLAYER is not None
    folder = archive.parent / "served"
    (folder / "replay").mkdir(parents=True)
    shutil.copy(PLAYER / "ui.js", folder)
    shutil.copy(PLAYER / "sw.js", folder / "replay")
    (folder / "index.html").write_text("<!doctype html><meta charset=utf-8><script src=/ui.js></script><body>", "utf-8")
    archiver.export(archive, "wacz", out=folder / "a.wacz")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Player, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_part_and_every_held_image_is_replayed_and_nobody_is_asked(archive: Path, origin: str) -> None:
    """Every run: live parts, one of them with an image that is not held, and copies of two holders; `--long`: all."""
    pages = [json.loads(line) for line in files_of(archive.parent / "served/a.wacz")["pages/pages.jsonl"].splitlines()]
    with archiver.Archive(archive) as held:
        articles = {article.url: article for part in held.parts(SERIES) if (article := held.article(part.id))}
    asked: list[str] = []
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for one in every(8, pages[1:]):
            found = shown(page, origin, one)
            article = articles[one["url"]]
            for line in one["text"].splitlines():
                assert words(line) in words(found["text"]) or line in {image.alt for image in article.images}, line
            assert sum(width > 0 for width in found["images"]) == sum(
                it.capture_id is not None for it in article.images
            )
        browser.close()

    assert len(pages) == 1 + 30
    assert {url for url in asked if not url.startswith((origin, "data:", "blob:", "about:"))} == set()


def shown(page: Any, origin: str, one: dict[str, str]) -> Any:
    """Text and widths of the images of a page as it is replayed."""
    for _ in range(5):  # the player sometimes waits for ever for its own service worker, which it has just installed
        page.goto(f"{origin}/index.html")
        page.evaluate(OPEN, [one["url"], "".join(sign for sign in one["ts"] if sign.isdigit())[:14]])
        for _ in range(240):
            page.wait_for_timeout(50)
            for frame in page.frames:
                if f"mp_/{one['url']}" in frame.url and (found := frame.evaluate(SHOWN)) is not None:
                    return found
    raise AssertionError(f"{one['url']} is not shown")
