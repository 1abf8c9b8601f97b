"""Pictures, links and code: nothing of a part is lost, and what is rotten is told."""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from archives import archive_at, part, url_of
from hypothesis import given
from hypothesis import strategies as st
from runs import config_for, rows, run_fetch, small_site

from archiver import cli
from archiver.archive import queries
from archiver.archive.opening import reading
from archiver.model import Address, Kind
from archiver.pages import image, languages, read
from archiver.readings import OutgoingLink
from archiver.standin import Site, StandIn
from archiver.standin.images import gif, jpeg, png

HELD = "SELECT count(*), sum(held) FROM image_status WHERE series_id = 5943"


def site_with(html: str) -> Site:
    """The small world whose first part holds this."""
    site = small_site()
    first = site.series[5943].part_ids[0]
    return replace(site, articles={**site.articles, first: replace(site.articles[first], html=html)})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An archive with its images, and the hosts of the server's log in order."""
    folder = tmp_path_factory.mktemp("images")
    with StandIn(small_site()) as standin:
        summary = run_fetch(folder / "a.db", config_for(standin, folder, images=True))
        assert summary.exit_code == 0, summary.lines
        return folder / "a.db", [f"{entry.host}{entry.target}" for entry in standin.log]


def test_every_image_is_asked_for_once_and_never_before_the_articles(kept: tuple[Path, list[str]]) -> None:
    asked = kept[1]
    first_image = next(place for place, url in enumerate(asked) if "/upload/images/" in url)
    last_article = max(place for place, url in enumerate(asked) if "/articles/" in url)

    assert first_image > last_article
    assert len(asked) == len(set(asked))


def test_an_image_is_kept_with_its_type_size_and_bytes(kept: tuple[Path, list[str]]) -> None:
    found = rows(
        kept[0],
        "SELECT images.url, media_type, width, height, images.bytes, captures.body, final_url FROM images"
        " JOIN captures ON captures.id = capture_id",
    )

    assert found
    for url, media_type, width, height, size, body, final_url in found:
        content = gzip.decompress(body)
        assert len(content) == size
        assert (media_type, width, height) == ("image/png", 48, 48) or media_type == "image/jpeg", url
        assert "cloudfront.net" in final_url, "iThome leads to its CDN"


def test_rot_is_recorded_with_its_url_and_a_formula_keeps_its_source(kept: tuple[Path, list[str]]) -> None:
    rotten = rows(kept[0], "SELECT url, last_outcome, state, alt FROM image_status WHERE NOT held ORDER BY url")

    assert {outcome for _, outcome, _, _ in rotten} <= {"soft_404", "not_found"}
    assert all(state == "suspect" for _, _, state, _ in rotten)
    formulas = [alt for url, _, _, alt in rotten if "chart.googleapis.com" in url]
    assert all("\\" in alt or "=" in alt for alt in formulas)


def test_status_counts_images_held_and_missing(
    kept: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with reading(kept[0]) as connection:
        counted = queries.status(connection).images[5943]
    assert cli.run(["status", "--db", str(kept[0])]) == 0
    shown = f"{counted['held']} of {counted['images']} images held"

    assert counted["held"] < counted["images"], "some hosts are dead"
    assert shown in capsys.readouterr().err


def test_no_images_leaves_them_for_another_time(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(small_site()) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file, images=False)
        assert rows(db, HELD)[0][1] == 0
        run_fetch(db, file)

    assert rows(db, HELD)[0][1] > 0


def test_a_dead_image_host_makes_no_run_fail(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(small_site()) as standin:
        standin.faults.refuse("i.imgur.com/*")
        standin.faults.refuse("d1dwq032kyr03c.cloudfront.net/*")
        summary = run_fetch(db, config_for(standin, tmp_path, images=True))

    assert summary.exit_code == 0
    assert rows(db, HELD)[0][1] == 0


def test_caps_on_count_and_size_hold(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(small_site()) as standin:
        file = config_for(standin, tmp_path, images=True)
        file.write_text(file.read_text("utf-8") + "max_per_run = 2\nmax_bytes = 1024\n", "utf-8")
        run_fetch(db, file)
        assert rows(db, "SELECT count(*) FROM pages WHERE kind = 'image' AND last_fetch_at IS NOT NULL") == [(2,)]
        standin.faults.too_large("image", size=4096)
        run_fetch(db, file)

    assert rows(db, "SELECT outcome FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'image' AND final"
                    " ORDER BY fetches.id DESC LIMIT 1") == [("too_large",)]  # fmt: skip


def test_svg_and_html_in_place_of_an_image_are_evidence_and_no_picture(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    html = '<p>圖</p><img src="https://ithelp.ithome.com.tw/storage/image/x.svg"><img src="https://i.imgur.com/a.png">'
    with StandIn(site_with(html)) as standin:
        standin.faults.soft_404("i.imgur.com/*")
        run_fetch(db, config_for(standin, tmp_path, images=True))

    assert rows(db, "SELECT media_type, width FROM images WHERE url LIKE '%x.svg'") == [("image/svg+xml", None)]
    assert rows(db, "SELECT capture_id, media_type FROM images WHERE url = 'https://i.imgur.com/a.png'") == [
        (None, None)
    ]
    evidence = "SELECT outcome FROM captures JOIN pages ON pages.id = page_id WHERE url = 'https://i.imgur.com/a.png'"
    assert rows(db, evidence) == [("unreadable",)]


def test_an_image_is_what_its_bytes_say() -> None:
    address = Address("https://img.example/a.png", Kind.IMAGE)
    for body, expected in ((png("x"), "image/png"), (jpeg("x"), "image/jpeg"), (gif(), "image/gif")):
        page = read(address, body, "text/html; charset=utf-8").page
        assert page is not None
        assert page.media_type == expected  # type: ignore[union-attr]
    assert read(address, b"<html><p>hello", "image/png").page is None


@given(st.sampled_from([png("x"), jpeg("x"), gif(), b"RIFF\0\0\0\0WEBPVP8L"]), st.data())
def test_bytes_of_an_image_never_break_the_reader(whole: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole)))
    found = image.read(whole[:place] + data.draw(st.binary(max_size=40)) + whole[place:])

    assert found is None or all(side is None or 0 < side <= 1_000_000 for side in (found.width, found.height))


# ─── links ──────────────────────────────────────────────────────────────────────────────────────


def test_outside_links_are_asked_politely_and_only_when_told_to(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    html = (
        '<p><a href="https://i.imgur.com/removed.png#x">一</a> <a href="https://chart.googleapis.com/gone">二</a></p>'
    )
    with StandIn(site_with(html)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        assert rows(db, "SELECT count(*) FROM pages WHERE kind = 'link' AND last_fetch_at IS NOT NULL") == [(0,)]
        asked = len(standin.log)
        run_fetch(db, file, check_links=True)
        methods = {(entry.host, entry.method) for entry in standin.log[asked:] if entry.target != "/robots.txt"}

    assert ("i.imgur.com", "HEAD") in methods
    assert ("i.imgur.com", "GET") not in methods, "a HEAD that is answered is enough"
    assert {("chart.googleapis.com", "HEAD"), ("chart.googleapis.com", "GET")} <= methods
    assert rows(db, "SELECT text, state, last_outcome FROM link_rot") == [("二", "suspect", "not_found")]
    assert rows(db, "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id WHERE kind = 'link'") == [(0,)]


def test_links_between_parts_are_known_as_such(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(url_of(1))
        links = (
            OutgoingLink(url_of(2), "下一篇"),
            OutgoingLink("https://docs.rs/polars/#x", "polars"),
            OutgoingLink("https://ithelp.ithome.com.tw/users/login", "登入"),
        )
        page = part(1)
        assert page.body is not None
        case.answer(url_of(1), replace(page, body=replace(page.body, links=links)))

        assert case.rows("SELECT target_kind, target_article_id, target_url FROM links ORDER BY position") == [
            {"target_kind": "article", "target_article_id": 10_000_002, "target_url": None},
            {"target_kind": "outside", "target_article_id": None, "target_url": "https://docs.rs/polars/"},
            {"target_kind": "ithome", "target_article_id": None, "target_url": None},
        ]


# ─── code ───────────────────────────────────────────────────────────────────────────────────────

RUST = """use std::collections::HashMap;

fn main() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    counts.insert("所有權".to_string(), 1);
    println!("{counts:?}");
}
"""


@pytest.mark.skipif(importlib.util.find_spec("magika") is None, reason="the extra `languages` is not installed")
def test_the_language_of_undeclared_code_is_guessed_and_marked_so(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    escaped = RUST.replace("<", "&lt;")
    html = f'<p>字</p><pre><code>{escaped}</code></pre><pre><code class="language-go">x := 1</code></pre><pre>嗨</pre>'
    with StandIn(site_with(html)) as standin:
        run_fetch(db, config_for(standin, tmp_path))
    article_id = small_site().series[5943].part_ids[0]

    found = rows(db, "SELECT language, language_guessed, code FROM code_blocks WHERE article_id = ?", article_id)
    assert found == [("rust", 1, RUST), ("go", 0, "x := 1"), (None, 0, "嗨")]


def test_what_is_too_short_is_not_guessed() -> None:
    assert languages.guess("let a = 1;") is None


def test_why_explains_an_image_that_is_lost(kept: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    (url,) = rows(kept[0], "SELECT url FROM image_status WHERE NOT held LIMIT 1")[0]

    assert cli.run(["why", url, "--db", str(kept[0])]) == 0
    assert "State: suspect" in capsys.readouterr().out
