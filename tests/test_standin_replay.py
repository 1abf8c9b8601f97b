"""Saved pages served again."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay import Replay, Saved
from standin_client import SITE, ask

PAGE = "<html><body>存下來的頁面</body></html>"
ROWS = (
    Saved(f"{SITE}/articles/1?sc=x", "one.html"),
    Saved(
        "https://example.org/",
        "one.html",
        200,
        (("ETag", '"a"'), ("Content-Type", "text/plain"), ("Content-Length", "1")),
    ),
    Saved(f"{SITE}/old", "", 301, (("Location", f"{SITE}/articles/1"),)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.html").write_text(PAGE, "utf-8")
    return tmp_path


def test_a_saved_page_is_served_under_its_url_and_nothing_else_is(folder: Path) -> None:
    with Replay(folder, ROWS) as replay:
        got = ask(replay, "/articles/1?sc=x")
        assert (got.status, got.text, got.headers["Content-Type"]) == (200, PAGE, "text/html; charset=UTF-8")
        assert [ask(replay, path).status for path in ("/articles/1", "/robots.txt", "/articles/2")] == [404, 404, 404]
        assert replay.log[0].target == "/articles/1?sc=x"
        assert replay.max_concurrent == 1


def test_status_and_headers_are_those_of_the_row_with_a_true_length(folder: Path) -> None:
    with Replay(folder, ROWS) as replay:
        moved, other = ask(replay, "/old"), ask(replay, "https://example.org/")
        assert (moved.status, moved.headers["Location"]) == (301, f"{SITE}/articles/1")
        assert (other.headers["ETag"], other.headers["Content-Type"], other.text) == ('"a"', "text/plain", PAGE)
        assert set(replay.connect_to) == {SITE, "https://example.org"}


def test_a_row_cannot_name_a_file_outside_of_its_folder(folder: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        Replay(folder, [Saved(f"{SITE}/x", "../../etc/passwd")])
