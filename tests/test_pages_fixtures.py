"""Synthetic pages with the site's skeleton: each kind of page, every field, and what is none of these pages."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from page_fixtures import (
    ALONE,
    FOLDER,
    NAMES,
    RICH,
    RUNNING,
    capture,
    expectation,
    expected,
    flattened,
    markup,
    plain,
    reading,
)

from archiver.model import Kind
from archiver.model.readings import ArticlePage, FeedPage, ImagePage, IndexPage, SeriesPage
from archiver.pages import PARSERS

PAGES = {
    Kind.ARTICLE: ArticlePage,
    Kind.SERIES: SeriesPage,
    Kind.FEED: FeedPage,
    Kind.INDEX: IndexPage,
    Kind.IMAGE: ImagePage,
}


@cache
def shown(name: str) -> Any:
    page = reading(name).page
    return None if page is None else flattened(plain(page))


@pytest.mark.parametrize("name", [name for name in NAMES if expected(name).get("page")])
def test_a_page_gives_every_field(name: str) -> None:
    wanted = expected(name)["page"]

    assert {field: shown(name)[field] for field in wanted} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_body_gives_its_facts(name: str) -> None:
    wanted = expected(name)["facts"]
    found = {fact: getattr(reading(name).facts, fact) for fact in wanted}

    assert {fact: value.value if isinstance(value, Kind) else value for fact, value in found.items()} == wanted


@pytest.mark.parametrize("name", [name for name in NAMES if "problems" in expected(name)])
def test_a_body_has_exactly_the_problems_expected(name: str) -> None:
    assert [[problem.field, problem.name] for problem in reading(name).problems] == expected(name)["problems"]


@pytest.mark.parametrize("name", [name for name in NAMES if "counters" in expected(name)])
def test_a_page_gives_its_counters(name: str) -> None:
    assert reading(name).counters == expected(name)["counters"]


@pytest.mark.parametrize("name", [name for name in NAMES if "page" in expected(name)])
def test_only_a_page_with_content_has_hashes(name: str) -> None:
    is_page = expected(name)["page"] is not None
    assert (reading(name).page is not None) is is_page
    if name.startswith("image/"):
        return  # known by its bytes
    assert (reading(name).content_sha256 is not None) is is_page
    assert (reading(name).fingerprint is not None) is is_page


def test_what_a_new_fixture_would_say_is_what_was_reviewed() -> None:
    differing = []
    for name in NAMES:
        wanted, made = expected(name), expectation(reading(name))
        made["facts"] = {fact: value for fact, value in made["facts"].items() if fact in wanted["facts"]}
        differing += [name] if {key: made[key] for key in wanted} != wanted else []

    assert differing == []


READ_BY = {
    "image/1": "923327eda9c3f077", "ithome.article-2019/1": "b88b9b0c2bb26921", "ithome.article/1": "47d58601c893086d",
    "ithome.feed/1": "ead779bf71c9c96e", "ithome.series/1": "3b4b8c5bab590200", "links.index/1": "64861bf355a32b9e",
    "robots/1": "b010d95ad0ff5bae",
}  # fmt: skip


def test_who_changes_what_a_parser_makes_of_a_page_gives_it_a_new_number() -> None:
    """Else no archive reads its pages again. A digest of all that each reads here; a new fixture changes that alone."""
    hashed: dict[str, Any] = {}
    for name in NAMES:
        read = reading(name)
        said = json.dumps([name, plain(read.page), plain(read.facts)], default=str, sort_keys=True)
        hashed.setdefault(read.parser, hashlib.sha256()).update(said.encode())

    found = {parser: digest.hexdigest()[:16] for parser, digest in hashed.items()}
    assert found == READ_BY


# ─── the corpus itself ──────────────────────────────────────────────────────────────────────────


def test_every_parser_has_fixtures_and_every_fixture_a_parser() -> None:
    read = {kind.value for kind, parser in PARSERS.items() if parser != "facts/1"}  # the others are only looked at
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == read
    for kind in PAGES:
        assert any(name.startswith(f"{kind}/") and expected(name).get("page") for name in NAMES), kind


@pytest.mark.parametrize("folder", sorted(FOLDER.glob("*/*")), ids=lambda folder: folder.name)
def test_a_fixture_is_whole_synthetic_and_named_for_its_day(folder: Path) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]+-20\d\d-\d\d-\d\d", folder.name)
    assert {path.stem for path in folder.iterdir()} == {"body", "capture", "expected"}
    name = f"{folder.parent.name}/{folder.name}"
    assert capture(name)["synthetic"] is True, "other people's words: write your own in their place"
    assert "reviewed" not in expected(name), "look at every value, correct it, and take the mark away"


@pytest.mark.parametrize("name", [name for name in NAMES if expected(name).get("page")])
def test_an_expectation_leaves_no_field_out(name: str) -> None:
    model = PAGES[Kind(name.partition("/")[0])]
    assert set(expected(name)["page"]) == {field.name for field in dataclasses.fields(model)}


# ─── the skeleton is the site's ─────────────────────────────────────────────────────────────────

REAL = Path(__file__).parents[2] / "shared/ithome/pages"


def shapes(html: str, start: str, end: str) -> set[tuple[str, str]]:
    """Every (tag, class) between two marks of a page."""
    part = re.sub(r"<!--.*?-->", "", html[html.index(start) : html.index(end)], flags=re.DOTALL)
    return set(re.findall(r'<([a-z0-9]+)[^<>]*?\sclass="([^"]*)"', part))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pages are not on this machine")
@pytest.mark.parametrize(
    ("real", "names", "start", "end"),
    [
        ("article-10403456-2026-08-19.html", [RICH, ALONE], 'class="leftside"', 'class="rightside"'),
        ("series-9066-2026-08-05.html", [RUNNING], 'class="profile-header clearfix"', 'class="rightside'),
    ],
)
def test_the_fixtures_have_every_element_of_the_real_page(real: str, names: list[str], start: str, end: str) -> None:
    of_this_group = re.compile("chatgpt-and-codex|ai-engineering")
    wanted = {
        (tag, re.sub(r"\s+", " ", classes).strip())
        for tag, classes in shapes((REAL / real).read_text("utf-8"), start, end)
        if not of_this_group.search(classes) and "language-" not in classes
    }
    there = {
        (tag, re.sub(r"\s+", " ", classes).strip())
        for name in names
        for tag, classes in shapes(markup(name), start, end)
    }
    assert wanted - there == set()
