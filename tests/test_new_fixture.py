"""`python -m archiver.standin fixture`: a page once, as it came, with the values that a person has to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import new_fixture
import pytest
from page_fixtures import FOLDER, RICH, RUNNING, expected, source
from runs import SERIES, config_for, terse_site

from archiver import ithome
from archiver.standin import StandIn
from archiver.standin.__main__ import main

ARTICLE = 10319216


def document(place: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / f"{name}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("url", "place", "field", "value"),
    [
        (ithome.article_url(ARTICLE), f"article/{ARTICLE}", "position", 1),
        (SERIES, "series/5943", "declared_parts", 2),
        (ithome.feed_url(5943), "feed/5943", "user_id", 20141304),
    ],
)
def test_a_page_is_asked_for_once_with_its_robots_file_and_put_down_as_it_came(
    tmp_path: Path, url: str, place: str, field: str, value: int
) -> None:
    with StandIn(terse_site(2)) as standin:
        code = new_fixture.main([url, "--config", str(config_for(standin, tmp_path)), "--to", str(tmp_path)])
        asked = [entry.url for entry in standin.log]

    assert (code, asked) == (0, ["https://ithelp.ithome.com.tw/robots.txt", url])
    (made,) = tmp_path.glob(f"{place}-20*")
    assert (document(made, "capture")["synthetic"], document(made, "capture")["url"]) == (True, url)
    assert document(made, "expected")["reviewed"] is False
    assert document(made, "expected")["page"][field] == value
    assert b"</" in next(made.glob("body.*")).read_bytes()


@pytest.mark.parametrize("name", [RICH, RUNNING])
def test_a_saved_page_gives_the_values_that_were_reviewed_of_it(tmp_path: Path, name: str) -> None:
    url, file = document(FOLDER / name, "capture")["url"], next((FOLDER / name).glob("body.*"))

    assert new_fixture.main([url, "--file", str(file), "--to", str(tmp_path)]) == 0
    (made,) = tmp_path.glob("*/*")
    assert next(made.glob("body.*")).read_bytes() == source(name)
    assert document(made, "expected") == {"reviewed": False, **expected(name)}
    assert document(made, "capture")["synthetic"] is False, "nobody knows whose words these are"


def test_no_fixture_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["https://gears.example/posts/x/", "--file", str(Path(__file__)), "--to", str(tmp_path)]

    assert (new_fixture.main(named), new_fixture.main(named)) == (0, 2)
    assert "File exists" in capsys.readouterr().err


def test_what_does_not_come_is_said_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn(terse_site(2)) as standin:
        standin.faults.reset("article")
        named = [ithome.article_url(ARTICLE), "--config", str(config_for(standin, tmp_path))]
        code = new_fixture.main([*named, "--to", str(tmp_path / "made")])

    assert (code, (tmp_path / "made").exists()) == (2, False)
    assert "no page came" in capsys.readouterr().err


def test_the_stand_in_has_it_made_by_a_process_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = next((FOLDER / RICH).glob("body.*"))

    assert main(["fixture", ithome.article_url(10390038), "--file", str(file), "--to", str(tmp_path)]) == 0
    assert "Look at every value of expected.json" in capfd.readouterr().out
    assert len(list(tmp_path.glob("article/10390038-*/expected.json"))) == 1
