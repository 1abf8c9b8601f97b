"""The reading pages in headless Chromium: they look as they should, ask nobody but us, and nothing hostile runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from reading_archive import ALIVE, GONE, MISSING, SERIES, Words, make
from xss_payloads import PAYLOADS

playwright_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"),
]

ACT = "document.documentElement.dataset.hit=1"
ARMED = [payload.replace("alert(1)", ACT) for _, payload in PAYLOADS]
OURS = ("/", f"/a/series/{SERIES}", f"/a/articles/{ALIVE}", f"/a/articles/{GONE}", f"/a/articles/{MISSING}")
DATASETTES = (
    "/a", "/a/articles", f"/a/articles/{ALIVE}?_row=1", "/a/page_status", "/a/tags", "/a/comments", "/a/links",
    "/a/article_images",
)  # fmt: skip


@contextmanager
def served(path: Path) -> Iterator[str]:
    """What `archiver serve` starts, in a process of its own, behind a parser that lets everything through."""
    command = (
        "import sys; from pathlib import Path; from reading_archive import as_it_stands;"
        " from archiver.browse.server import serve;"
        " sys.exit(serve(Path(sys.argv[1]), as_it_stands, port=0, open_browser=False))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command, path], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", process.stderr.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="module")
def gentle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(make(tmp_path_factory.mktemp("gentle") / "a.db")) as origin:
        yield origin


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An archive by an enemy: every payload, as it is, wherever the world may write. No sanitiser of ours saw it."""
    everything = "\n".join(ARMED)
    nasty = Words(*["".join(ARMED[:40])] * 7)
    words = Words(nasty.title, everything, everything, nasty.name, nasty.tag, nasty.alt, nasty.detail)
    with served(make(tmp_path_factory.mktemp("enemy") / "a.db", words)) as origin:
        yield origin


@dataclass
class Log:
    """What a page did besides being shown."""

    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def foreign(self, origin: str) -> list[str]:
        return [url for url in self.asked if not url.startswith(f"{origin}/")]


@contextmanager
def opened(browser: Any, url: str, **options: Any) -> Iterator[tuple[Any, Log]]:
    """A page of a fresh profile, loaded to the end, with its log."""
    log = Log()
    page = browser.new_page(**options)

    def dialog(box: Any) -> None:
        log.opened.append(box.message)
        box.dismiss()

    page.on("request", lambda request: log.asked.append(request.url))
    page.on("console", lambda message: log.said.append(message.text))
    page.on("pageerror", lambda error: log.said.append(str(error)))
    page.on("popup", lambda popup: log.opened.append(popup.url))
    page.on("dialog", dialog)
    page.goto(url, wait_until="load")
    yield page, log
    page.close()


def colour(page: Any, selector: str, name: str = "color") -> str:
    found: str = page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{name}")
    return found


def brightness(css: str) -> int:
    return sum(int(number) for number in re.findall(r"\d+", css)[:3])


def test_every_page_fits_a_narrow_screen_without_an_error_or_a_request_to_another_host(
    browser: Any, gentle: str
) -> None:
    with opened(browser, gentle, viewport={"width": 360, "height": 640}) as (page, log):
        for path in OURS:
            page.goto(gentle + path)
            assert page.locator("h1").inner_text(), path
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert (log.said, log.opened, log.foreign(gentle)) == ([], [], [])
    assert {url.removeprefix(gentle) for url in log.asked} >= {*OURS, "/-/archiver/reading.css", "/-/archiver/code.css"}


def test_nothing_of_an_enemys_archive_runs_or_asks_anybody(browser: Any, hostile: str) -> None:
    assert len(ARMED) >= 200
    with opened(browser, hostile) as (page, log):
        for path in (*OURS, *DATASETTES):
            page.goto(hostile + path)
            assert page.evaluate("document.documentElement.dataset.hit") is None, path
            assert page.evaluate("window.xss") is None, path
            assert page.url == hostile + path, "nothing led away"
            assert page.evaluate("document.body.innerText.includes('Powered by')"), "the page is there to its end"
    assert (log.said, log.opened, log.foreign(hostile)) == ([], [], [])


TRY = """
code => new Promise(tell => {
    const stopped = [];
    document.addEventListener("securitypolicyviolation", event => {
        stopped.push(event.effectiveDirective);
        if (stopped.length === 2) tell(stopped.sort());
    });
    const script = document.createElement("script");
    script.textContent = code;
    const image = new Image();
    image.src = "http://127.0.0.2:1/x.png";
    document.body.append(script, image);
})
"""


def test_the_policy_stops_what_markup_might_let_in(browser: Any, gentle: str) -> None:
    with opened(browser, gentle) as (page, _):
        assert page.evaluate(TRY, ACT) == ["img-src", "script-src-elem"]
        assert page.evaluate("document.documentElement.dataset.hit") is None


def test_a_held_image_is_shown_and_no_other_is_asked_for(browser: Any, gentle: str) -> None:
    with opened(browser, f"{gentle}/a/articles/{ALIVE}") as (page, log):
        page.locator(".body img").scroll_into_view_if_needed()
        # At one go: the page's policy forbids the eval by which Playwright would ask a second time.
        widths = "Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth)))"
        assert page.evaluate(widths) == [48]

        assert page.locator(".body .absent").count() == 4
        assert [url for url in log.asked if "/image/" in url] == [f"{gentle}/-/archiver/image/1000"]
        page.goto(f"{gentle}/-/archiver/image/1001")
        assert "No raster image" in page.locator("body").inner_text(), "a drawing is not rendered, even by hand"


def test_page_and_code_follow_the_readers_scheme_and_print_without_navigation(browser: Any, gentle: str) -> None:
    with opened(browser, f"{gentle}/a/articles/{ALIVE}") as (page, _):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            ground, ink = (brightness(colour(page, "body", name)) for name in ("backgroundColor", "color"))
            assert (ground > ink) == (scheme == "light")
            assert abs(ground - ink) > 400
            assert abs(ground - brightness(colour(page, ".code .k"))) > 200
            assert colour(page, ".code .k") != colour(page, ".code .s"), "the style sheet of the code is at work"

        page.emulate_media(media="print", color_scheme="dark")
        seen = {
            name for name in (".body", ".printed", ".trail", ".turns", "aside") if page.locator(name).first.is_visible()
        }
        assert seen == {".body", ".printed"}
        assert brightness(colour(page, "body", "backgroundColor")) == 3 * 255


def test_a_reader_can_go_from_the_home_page_to_a_part_and_on_by_links_alone(browser: Any, gentle: str) -> None:
    with opened(browser, gentle) as (page, log):
        page.locator(".card a").first.click()
        page.locator(".tile a").first.click()
        page.locator("a[rel=next]").click()

        assert page.url == f"{gentle}/a/articles/{GONE}"
        assert (log.said, log.foreign(gentle)) == ([], [])
