"""What is to be kept: an ordinary article is a source of one part, and a source can be taken back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desks import Fetcher
from fakes import FakeClock
from runs import INDEX, SERIES, config_for, rows, terse_site

from archiver import config
from archiver.commands import fetching
from archiver.report import fetches
from archiver.standin import StandIn

ORDINARY = "https://ithelp.ithome.com.tw/articles/10300077"  # of no series
PART = "https://ithelp.ithome.com.tw/articles/10319293"
OF_INDEX = f'[[sources]]\nurl = "{INDEX}"\nseries = "{SERIES}"'


@dataclass(kw_only=True)
class Editor(Fetcher):
    """A desk whose config is edited between the runs."""

    def name(self, *sources: str) -> None:
        """Write a config with these sources."""
        config_for(self.standin, self.config.parent, sources="\n".join(sources))

    def visit(self, *arguments: str, later: timedelta = timedelta(days=40)) -> tuple[int, str, set[str]]:
        """Exit code, what was printed, and what was asked for."""
        code, text, _ = self.fetched(*arguments, seconds=later.total_seconds())
        return code, text, {entry.target for entry in self.heard}

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.told("status", "--json")[1])
        return found


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Editor]:
    with StandIn(terse_site(3)) as standin:
        yield Editor.at(standin, tmp_path, capsys=capsys, sources="")


def source(url: str) -> str:
    return f'[[sources]]\nurl = "{url}"'


# ─── an ordinary article ────────────────────────────────────────────────────────────────────────


def test_an_ordinary_article_is_a_source_of_one_part(desk: Editor) -> None:
    desk.name(source(ORDINARY))

    code, text, _ = desk.visit()

    assert code == 0
    assert "(an article of no series): 1 part · 1 safe" in text
    assert desk.told("status", "--strict")[0] == 0
    series = desk.status()["series"]
    assert [(one["id"], one["parts"], one["safe"], one["missing"]) for one in series] == [(None, 1, 1, 0)]
    assert [item["url"] for item in series[0]["items"]] == [ORDINARY]
    assert desk.told("verify")[0] == 0
    assert desk.told("parse")[0] == 0
    assert desk.status()["series"] == series


@pytest.mark.parametrize("fault", ["not_found", "forbid", "wrong"])
def test_an_ordinary_article_that_cannot_be_had_is_one_part_that_is_missing(desk: Editor, fault: str) -> None:
    desk.name(source(ORDINARY))
    if fault == "wrong":
        desk.standin.faults.wrong_article(10300077, 10319293)
    else:
        getattr(desk.standin.faults, fault)(10300077)

    code, _, _ = desk.visit()

    assert code in {3, 4}
    assert desk.told("status", "--strict")[0] == 3
    assert [(one["parts"], one["safe"], one["missing"]) for one in desk.status()["series"]] == [(1, 0, 1)]


def test_an_article_of_a_series_is_a_source_of_the_whole_series(desk: Editor) -> None:
    desk.name(source(PART))

    assert desk.visit()[0] == 0
    assert [(one["id"], one["parts"], one["safe"]) for one in desk.status()["series"]] == [(5943, 3, 3)]


def test_a_series_and_an_ordinary_article_are_told_apart(desk: Editor) -> None:
    desk.name(OF_INDEX, source(ORDINARY))

    assert desk.visit()[0] == 0
    assert [(one["id"], one["safe"]) for one in desk.status()["series"]] == [(5943, 3), (None, 1)]


# ─── taken back ─────────────────────────────────────────────────────────────────────────────────


def test_what_the_config_names_no_longer_is_asked_no_more_and_nothing_of_it_is_deleted(desk: Editor) -> None:
    desk.name(OF_INDEX, source(ORDINARY))
    desk.visit()
    held = rows(desk.db, "SELECT id, title FROM articles ORDER BY id"), rows(desk.db, "SELECT count(*) FROM captures")
    desk.name(OF_INDEX)

    code, text, asked = desk.visit()

    assert code == 0
    assert f"{ORDINARY}: the config names it no longer, so it is asked no more" in text
    assert "/articles/10300077" not in asked
    assert held[0] == rows(desk.db, "SELECT id, title FROM articles ORDER BY id")
    assert held[1] == rows(desk.db, "SELECT count(*) FROM captures")
    status = desk.status()
    assert [one["url"] for one in status["no_longer_asked"]] == [ORDINARY]
    assert [(one["parts"], one["safe"]) for one in status["series"]] == [(3, 3), (1, 1)]
    assert f"{ORDINARY}: no longer asked since 2027-" in desk.told("status")[2]
    assert desk.told("verify")[0] == 0

    _, text, _ = desk.visit()
    assert "no longer" not in text

    desk.name(OF_INDEX, source(ORDINARY))
    _, _, asked = desk.visit()
    assert "/articles/10300077" in asked
    assert desk.status()["no_longer_asked"] == []


def test_a_plan_leaves_out_what_the_next_run_takes_back(desk: Editor) -> None:
    desk.name(OF_INDEX, source(ORDINARY))
    desk.visit()
    desk.name(OF_INDEX)
    desk.clock.advance(days=40)

    planned = desk.told("fetch", "--dry-run")[1]

    assert ORDINARY not in planned
    assert PART in planned
    assert desk.status()["no_longer_asked"] == []


def test_what_was_taken_back_and_is_missing_fails_nothing(desk: Editor) -> None:
    desk.standin.faults.not_found(10300077)
    desk.name(OF_INDEX, source(ORDINARY))
    assert desk.visit()[0] == 3
    desk.name(OF_INDEX)

    assert desk.visit()[0] == 0
    assert desk.told("status", "--strict")[0] == 0


def test_what_the_command_line_named_is_kept_until_it_is_taken_back(desk: Editor) -> None:
    desk.name(OF_INDEX)
    _, text, _ = desk.visit(ORDINARY)
    assert f"{ORDINARY}: kept from now on, also by `archiver fetch` alone; `archiver forget` takes it back" in text
    _, _, asked = desk.visit()
    assert "/articles/10300077" in asked

    code, out, err = desk.told("forget", "10300077")

    assert (code, out) == (0, "")
    assert f"{ORDINARY}: asked no more from now on; nothing of it was deleted" in err
    assert desk.told("verify")[0] == 0
    _, _, asked = desk.visit()
    assert "/articles/10300077" not in asked
    assert [one["url"] for one in desk.status()["no_longer_asked"]] == [ORDINARY]

    _, text, asked = desk.visit(ORDINARY)
    assert "kept from now on" in text
    assert "/articles/10300077" in asked
    assert desk.told("forget", "-q", "10300077") == (0, "", "")


@pytest.mark.parametrize(
    ("page", "words"),
    [(PART, "not asked for by itself; what is: "), (INDEX, "names it; take it out there"), ("nonsense", "neither")],
)
def test_what_cannot_be_taken_back_is_said(desk: Editor, page: str, words: str) -> None:
    desk.name(OF_INDEX)
    desk.visit()

    code, _, err = desk.told("forget", page)

    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_config_that_names_nothing_any_more_takes_all_back_and_says_so(desk: Editor) -> None:
    desk.name(OF_INDEX)
    desk.visit()
    desk.name("")

    code, text, asked = desk.visit()

    assert (code, asked) == (2, set())
    assert "nothing is to be kept any more" in text
    assert [one["url"] for one in desk.status()["no_longer_asked"]] == [INDEX]
    assert desk.told("verify")[0] == 0


def test_rescue_and_push_leave_alone_what_was_taken_back(desk: Editor) -> None:
    desk.standin.faults.not_found(10300077)
    desk.name(OF_INDEX, source(ORDINARY))
    desk.visit()
    desk.name(OF_INDEX)
    desk.visit()

    code, out, _ = desk.told("rescue", "-q")

    assert code == 0
    assert "there is nothing to rescue" in out


# ─── without a config of one's own ──────────────────────────────────────────────────────────────


def test_who_named_a_url_is_never_given_the_packaged_series_as_well(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin:
        lead = config.load(config_for(standin, tmp_path, sources=""))
        packaged = config.load_packaged()
        settings = config.Config(sources=packaged.sources, network=lead.network, images=lead.images)
        db, clock = tmp_path / "a.db", FakeClock()

        def fetch(*urls: str) -> tuple[int, str, Counter[str]]:
            clock.advance(days=40)
            before = len(standin.log)
            options = fetching.FetchOptions(urls=urls)
            summary = fetches.summary(fetching.fetch(settings, db, options, clock=clock))
            return summary.exit_code, summary.as_text(), Counter(one.target for one in standin.log[before:])

        assert fetch(ORDINARY)[0] == 0

        clock.advance(days=40)
        plan = fetching.plan(settings, db, fetching.FetchOptions(), clock)
        assert [page.address.url for page in plan.pages] == [ORDINARY]

        code, text, asked = fetch()

        assert code == 0
        assert set(asked) == {"/robots.txt", "/articles/10300077"}
        assert f"kept is what you named ({ORDINARY}), not what the packaged one names, {INDEX}" in text

        _, text, asked = fetch()
        assert set(asked) == {"/robots.txt", "/articles/10300077"}
        assert "packaged" not in text


def test_the_packaged_series_is_kept_where_nobody_named_anything_and_that_is_said_once(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin:
        lead = config.load(config_for(standin, tmp_path, sources=""))
        settings = config.Config(sources=config.load_packaged().sources, network=lead.network, images=lead.images)
        db = tmp_path / "a.db"
        texts = [fetches.summary(fetching.fetch(settings, db, fetching.FetchOptions())).as_text() for _ in range(2)]

    assert f"No config of your own: what the packaged one names is kept, {INDEX}." in texts[0]
    assert "No config" not in texts[1]
