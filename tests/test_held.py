"""What is held: only the page itself changes it, whoever brings the answer (fetch, rescue, import, --url)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archives import Case, World, archive_at, part, url_of
from fakes import article
from runs import SERIES, config_for, rows, run_fetch, series_counts, terse_site

from archiver import config, pages
from archiver.archive.archive import Keeper
from archiver.commands import importing
from archiver.model import SUCCESSES, Address, Answer, CaptureSource, Exchange, Judgement, Outcome, Provenance
from archiver.model.readings import Reading
from archiver.standin import StandIn

_OG_URL = r'<meta property="og:url"[^>]*>'
PART = 10319293  # Day 02


class Unnamed(World):
    """Pages that do not name themselves."""

    def read(self, address: Address, body: bytes, content_type: str | None) -> Reading:
        told = super().read(address, body, content_type)
        return replace(told, facts=replace(told.facts, own_url=None))


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(2)) as served:
        yield served


def _sources(url: str) -> str:
    return f'[[sources]]\nurl = "{url}"'


@pytest.mark.parametrize("source", [CaptureSource.LIVE, CaptureSource.WAYBACK, CaptureSource.IMPORT])
def test_only_an_answer_that_was_the_page_itself_is_held(tmp_path: Path, source: CaptureSource) -> None:
    held = "SELECT id FROM articles ORDER BY id"
    with archive_at(tmp_path / "a.db", Unnamed()) as case:
        case.source(SERIES)
        for number, outcome in enumerate(sorted(Outcome), 1):
            _take(case, number, outcome, source)
        read_on = case.rows(held)
        case.archive.library.rebuild()

        of_ok = sorted(Outcome).index(Outcome.OK) + 1
        assert read_on == case.rows(held) == [{"id": 10_000_000 + of_ok}]
        assert len(case.rows("SELECT id FROM fetches WHERE outcome != 'ok'")) == len(Outcome) - 1


def _take(case: Case, number: int, outcome: Outcome, source: CaptureSource) -> None:
    """A whole body in the ledger that the parser finds an article in, judged as `outcome`."""
    case.clock.advance(minutes=1)
    page = article(10_000_000 + number)
    answer = Answer(page.url, case.clock.now(), 1, status=200, body=case.world.put(part(number)))
    told = case.world.read(page, answer.body or b"", None)
    provenance = Provenance(source, None if source is CaptureSource.LIVE else "a copy", case.clock.now())
    case.archive.ledger.record(case.run_id, Exchange(page, answer, provenance=provenance), Judgement(outcome, ""), told)
    case.archive.library.catch_up()


def test_an_unchanged_answer_holds_what_was_held(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        for _ in range(2):
            case.answer(url_of(1), part(1))

        assert case.rows("SELECT outcome FROM fetches") == [{"outcome": "ok"}, {"outcome": "unchanged"}]
        assert case.rows("SELECT id FROM articles") == [{"id": 10000001}]
        assert len(SUCCESSES) == 2


def test_an_article_that_does_not_name_itself_is_evidence_and_no_part(standin: StandIn, tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    standin.faults.reword(PART, _OG_URL)

    summary = run_fetch(db, config_for(standin, tmp_path, sources=_sources(SERIES)))

    assert (summary.exit_code, series_counts(db)) == (3, (2, 1, 1))
    assert rows(db, "SELECT outcome FROM captures JOIN pages ON pages.id = page_id WHERE article_id = ?", PART) == [
        ("unreadable",)
    ]


def test_another_article_under_a_held_ones_address_changes_nothing(standin: StandIn, tmp_path: Path) -> None:
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=_sources(SERIES))
    run_fetch(db, file)
    before = rows(db, "SELECT title, body_text, capture_id FROM articles ORDER BY id")
    standin.faults.reword(PART, rf"{_OG_URL}|這是第 {PART} 篇", "別人的文章")

    assert run_fetch(db, file, force=True).exit_code == 3
    assert rows(db, "SELECT title, body_text, capture_id FROM articles ORDER BY id") == before
    assert rows(db, "SELECT * FROM edits") == []


def test_a_later_parser_reads_what_an_older_one_could_not(standin: StandIn, tmp_path: Path) -> None:
    """The evidence of a redesign is kept, and is an article as soon as a parser finds it: no request is made."""
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=_sources(SERIES))
    standin.faults.reword(PART, "markdown__style|qa-markdown", "prose")
    run_fetch(db, file)
    assert series_counts(db) == (2, 1, 1)
    settings = config.load(file)

    def newer(address: Address, body: bytes, content_type: str | None) -> Reading:
        old_names = body.replace(b'class="prose"', b'class="qa-markdown markdown__style"')
        return pages.read(address, old_names, content_type)

    with Keeper(db, "parse", newer, settings.rules, settings.schedule) as archive:
        archive.rebuild()

    assert series_counts(db) == (2, 2, 0)


def test_a_page_named_by_the_user_that_is_another_is_not_kept(standin: StandIn, tmp_path: Path) -> None:
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=_sources(SERIES))
    run_fetch(db, file)
    ((packed,),) = rows(
        db, "SELECT body FROM captures JOIN pages ON pages.id = page_id WHERE article_id = ? AND outcome = 'ok'", PART
    )
    saved = tmp_path / "saved.html"
    saved.write_bytes(gzip.decompress(packed))
    other = article(10319216)
    empty = tmp_path / "b.db"

    summary = importing.import_files(config.load(file), empty, (saved,), url=other.url)

    assert summary.exit_code == 3
    assert not empty.exists() or rows(empty, "SELECT id FROM articles") == []


def test_a_page_too_heavy_to_read_is_kept_and_read_by_a_parser_that_can(standin: StandIn, tmp_path: Path) -> None:
    """Nested deeper than today's parser bears: the bytes are evidence, marked as not read, with the reason."""
    db, file = tmp_path / "a.db", config_for(standin, tmp_path, sources=_sources(SERIES))
    deep = "<div>" * 6_000 + "深" + "</div>" * 6_000
    standin.faults.reword(PART, r"(<div class=.markdown__style.>)", rf"\1{deep}")

    assert run_fetch(db, file).exit_code == 3
    assert series_counts(db) == (2, 1, 1)
    assert rows(db, "SELECT outcome, body_bytes > 60000 FROM captures WHERE outcome = 'too_large'") == [
        ("too_large", 1)
    ]
    assert rows(db, "SELECT field, problem FROM parse_problems") == [("page", "too_heavy")]

    def stronger(address: Address, body: bytes, content_type: str | None) -> Reading:
        return pages.read(address, body.replace(b"<div>", b"").replace(b"</div>" * 6_000, b""), content_type)

    settings = config.load(file)
    with Keeper(db, "parse", stronger, settings.rules, settings.schedule) as archive:
        archive.rebuild()
    assert series_counts(db) == (2, 2, 0)


def test_another_series_list_under_this_ones_address_names_no_part_of_it(standin: StandIn, tmp_path: Path) -> None:
    """Without its name and its feed's button nothing says whose list it is; with another feed's, it is another's."""
    for words in ("", "/rss/series/4015"):
        db, file = tmp_path / f"{len(words)}.db", config_for(standin, tmp_path, sources=_sources(SERIES))
        standin.faults.clear()
        standin.faults.reword("series", rf"{_OG_URL}|/rss/series/\d+", words)

        run_fetch(db, file)

        assert rows(
            db, "SELECT DISTINCT outcome FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'series'"
        ) == [("wrong_page" if words else "unreadable",)]
        assert rows(db, "SELECT * FROM discoveries WHERE via = 'series'") == []
