"""What a reader meets before Datasette: the reading pages, their images, and who is let in."""

from __future__ import annotations

import asyncio
import gzip
import re
import sqlite3
import time
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

datasette_app = pytest.importorskip("datasette.app")

from archives import place, put  # noqa: E402
from hypothesis import example, given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from reading_archive import (  # noqa: E402
    ALIVE,
    AT,
    BASE,
    CAPTURE_OF_IMAGE,
    CODE,
    FORMULA,
    GONE,
    LOST,
    MISSING,
    PICTURE,
    RESCUED,
    SERIES,
    SUSPECT,
    Words,
    as_it_stands,
    make,
)
from xss_payloads import PAYLOADS  # noqa: E402

from archiver.archive import kept  # noqa: E402
from archiver.browse import charts, images, overview, reading, server  # noqa: E402
from archiver.browse.body import Image, Surroundings, rendered  # noqa: E402
from archiver.browse.highlight import highlighted  # noqa: E402
from archiver.model.readings import CodeBlock  # noqa: E402
from archiver.pages import content  # noqa: E402
from archiver.standin.images import SVG, gif, jpeg, png  # noqa: E402

PAGES = ("/", f"/kept/series/{SERIES}", f"/kept/articles/{ALIVE}", f"/kept/articles/{MISSING}")
IMAGE = f"/-/archiver/image/{CAPTURE_OF_IMAGE}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("reading") / "kept.db")


@pytest.fixture(scope="module")
def shown(archive: Path) -> Any:
    return server.application(archive, as_it_stands)


def test_a_text_that_shrank_to_nothing_is_shown_with_the_last_full_one_beside_it(shown: Any) -> None:
    page = get(shown, f"/kept/articles/{SUSPECT}").text

    assert "shrank from 900 to 3 letters" in page
    assert "2026-11-09" in page
    _, _, full = page.partition('id="last-full-text"')
    assert "一段話" in full
    assert f"/-/archiver/image/{CAPTURE_OF_IMAGE}" in full, "with its images"
    assert "/kept/captures/1" in full
    assert "text collapsed" in get(shown, f"/kept/series/{SERIES}").text
    assert "shrank" not in get(shown, f"/kept/articles/{GONE}").text


def get(datasette: Any, path: str, **headers: str) -> Any:
    return asyncio.run(datasette.client.get(path, headers=headers))


def page(datasette: Any, path: str) -> str:
    response = get(datasette, path)
    assert response.status_code == 200, response.text
    text: str = response.text
    return text


def words(html: str) -> str:
    """What a reader sees of HTML, white space folded."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


# ─── an article ─────────────────────────────────────────────────────────────────────────────────


def test_a_row_page_reads_like_the_article(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert "<h1><bdi>[Day 01] 開賽</bdi></h1>" in html
    assert "by 王小明 on 2023-09-16 12:26 UTC · rust 2023" in words(html)
    assert "Part 1 of 7" in html
    assert "<h2>開頭</h2><p>一段話" in html
    assert "<li><bdi>rust</bdi></li>" in html


def test_previous_and_next_part_lead_on_also_to_one_that_is_missing(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{RESCUED}")

    assert f'<a rel="prev" href="/kept/articles/{GONE}">' in html
    assert f'<a rel="next" href="/kept/articles/{MISSING}">' in html
    assert 'rel="prev"' not in page(shown, f"/kept/articles/{ALIVE}")


def test_the_record_stands_beside_the_article(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{GONE}")
    record = words(html[html.index("<aside") :])

    assert "safe read from a capture of 2026-11-01 02:03 UTC" in record
    assert "gone since 2026-11-01" in record
    assert "suspect → gone" in record
    assert "live, 38 bytes (read here)" in record


def test_a_rescued_part_says_whose_copy_it_is(shown: Any) -> None:
    assert "rescued read from a capture of 2026-11-01 02:03 UTC , a copy of wayback made" in words(
        page(shown, f"/kept/articles/{RESCUED}")
    )


def test_a_request_that_went_elsewhere_says_whom_it_asked(shown: Any) -> None:
    assert "ok (200), asked of web.archive.org" in words(page(shown, f"/kept/articles/{RESCUED}"))
    assert "asked of" not in words(page(shown, f"/kept/articles/{ALIVE}"))


def test_edits_and_views_are_told(shown: Any) -> None:
    text = words(page(shown, f"/kept/articles/{ALIVE}"))

    assert "2026-11-09 body changed" in text
    assert "views: 100 on 2026-11-01, 1,234 on 2026-11-09" in text


def test_comments_show_their_earlier_texts_and_that_they_were_deleted(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert html.count("<p>謝謝分享</p>") == 2
    assert "deleted not seen since 2026-11-09" in words(html)
    assert "old text" in html
    assert "new text" not in html, "the text that it has now is no earlier one"


def test_links_to_held_articles_stay_in_the_archive_and_others_lead_out(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert '<a href="/kept/articles/2" class="held" title="held in this archive">前一篇</a>' in html
    assert '<a href="https://outside.example/" rel="noopener noreferrer">外面</a>' in html


def test_a_part_that_is_not_held_has_a_page_that_says_what_is_known(shown: Any) -> None:
    text = words(page(shown, f"/kept/articles/{MISSING}"))

    assert "No good copy of this part is held" in text
    assert "the last answer was forbidden" in text
    assert f"next [Day 01] 開賽 {BASE}/articles/{ALIVE}" in text
    assert get(shown, "/kept/articles/77").status_code == 404


# ─── images ─────────────────────────────────────────────────────────────────────────────────────


def test_an_image_comes_from_the_archive_as_what_its_bytes_are(shown: Any) -> None:
    answer = get(shown, IMAGE)

    assert f'<img src="{IMAGE}" alt="一張圖" width="48" height="48" loading="lazy"' in page(
        shown, f"/kept/articles/{ALIVE}"
    )
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "inline"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_an_image_that_the_browser_has_is_not_sent_again(shown: Any) -> None:
    answer = get(shown, IMAGE, **{"If-None-Match": get(shown, IMAGE).headers["etag"]})

    assert (answer.status_code, answer.content) == (304, b"")


def test_head_gives_the_headers_alone(shown: Any) -> None:
    answer = asyncio.run(shown.client.head(IMAGE))

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(PICTURE)))


@pytest.mark.parametrize(
    "capture", [CAPTURE_OF_IMAGE + 1, CAPTURE_OF_IMAGE + 2, ALIVE, 99], ids=["svg", "html as png", "an article", "none"]
)
def test_nothing_but_a_raster_image_is_served(shown: Any, capture: int) -> None:
    answer = get(shown, f"/-/archiver/image/{capture}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert b"<" not in answer.content


def test_an_image_whose_words_are_its_address_tells_it_once() -> None:
    html = rendered(f'<p><img src="{LOST}" alt="{LOST}"></p>', Surroundings())

    assert html.count(LOST) == 1
    assert "image not held" in words(html)


def test_an_image_that_cannot_be_shown_leaves_its_words_its_state_and_its_address(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert "向量圖 (image held as evidence, never shown: image/svg+xml)" in words(html)
    assert f"遺失的圖 (image not held: gone, last answer not_found) {LOST}" in words(html)
    assert 'src="http' not in html


def test_a_formula_whose_server_is_dead_shows_as_its_source(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert r'<code class="formula">e^{i\pi}+1</code>' in html
    assert f"formula, image not held: gone, last answer not_found) {FORMULA}" in words(html)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (png("a"), "image/png"),
        (jpeg("a"), "image/jpeg"),
        (gif(), "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (SVG, None),
        (b"<html>", None),
        (b"", None),
        (b"\0\0\0\x1cftypisom", None),
    ],
)
def test_a_raster_image_is_known_by_its_signature(body: bytes, media_type: str | None) -> None:
    assert content.raster(body) == media_type


def test_an_image_that_swells_when_unpacked_and_one_that_is_damaged_are_not_served(tmp_path: Path) -> None:
    path = make(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    bomb = gzip.compress(PICTURE + bytes(40_000_000), 1)
    for number, body in ((2_000, bomb), (2_001, b"no gzip")):
        put(
            connection, "captures", id=number, page_id=100, sha256="0" * 64, captured_at=AT, final_url="u", body=body,
            body_bytes=9, outcome="ok",
        )  # fmt: skip

    assert images.picture(connection, CAPTURE_OF_IMAGE) is not None
    assert images.picture(connection, 2_000) is None
    assert images.picture(connection, 2_001) is None
    connection.close()


# ─── code ───────────────────────────────────────────────────────────────────────────────────────


def test_code_is_highlighted_by_class_in_its_language_declared_or_guessed(shown: Any) -> None:
    html = page(shown, f"/kept/articles/{ALIVE}")

    assert "<figcaption>rust</figcaption>" in html
    assert '<span class="k">fn</span>' in html
    assert "<figcaption>python (guessed)</figcaption>" in html
    assert '<span class="kn">import</span>' in html


@given(st.text(), st.sampled_from(["rust", "python", "html", "yaml", "diff"]))
@example(CODE, "rust")
@example("\n\n  a\r\n\tb \n\n", "python")
@example("</code></pre><script>alert(1)</script>", "html")
def test_highlighted_code_is_the_code_to_the_letter_and_nothing_of_it_is_markup(code: str, language: str) -> None:
    html = highlighted(code, language)

    assert unescape(re.sub(r'</?span(?: class="[a-z0-9]+")?>', "", html)) == code
    assert "<" not in re.sub(r'</?span(?: class="[a-z0-9]+")?>', "", html)


@pytest.mark.parametrize("language", [None, "", "no-such-language", "mermaid"])
def test_code_in_no_known_language_is_plain(language: str | None) -> None:
    assert highlighted("a < b", language) == "a &lt; b"


def test_a_block_of_five_megabytes_stays_plain_and_quick() -> None:
    began = time.monotonic()

    assert "<span" not in highlighted("let x = 1;\n" * 500_000, "rust")
    assert "<span" not in highlighted("a" * 19_000, "pycon"), "one line that its lexer would read for seconds"
    assert time.monotonic() - began < 3


def test_a_page_of_very_much_code_colours_only_the_first_of_it() -> None:
    html = rendered("<pre><code class=language-rust>let x = 1;\n</code></pre>" * 5_000, Surroundings())

    assert html.count('<span class="kd">let</span>') == 100_000 // (200 + len("let x = 1;\n"))
    assert html.count("<pre") == 5_000


def test_code_with_marks_that_reorder_it_is_shown_with_a_warning() -> None:
    assert "direction marks stand in this code (U+202E)" in rendered("<pre>a\u202eb</pre>", Surroundings())
    assert "warning" not in rendered("<pre>ab</pre>", Surroundings())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<pre>\n\na</pre>", "\na"),
        ("<pre><code>\na</code></pre>", "\na"),
        ("<pre>a<br>b</pre>", "a<br>b"),
        ("<pre>\n\na<br>b</pre>", "\n\na<br>b"),
        ("<pre>a<pre>b</pre>c</pre>", "a<pre>b</pre>c"),
    ],
)
def test_a_code_block_keeps_its_lines(html: str, text: str) -> None:
    shown = rendered(html, Surroundings())

    assert text in shown
    assert "\n\n\n" not in shown


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<h3>a</h3>x<h1>b</h1><h4>c</h4><h4>d</h4>", "<h2>a</h2>x<h2>b</h2><h3>c</h3><h3>d</h3>"),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><h5>e</h5><h6>f</h6>",
         "<h2>a</h2><h3>b</h3><h4>c</h4><h5>d</h5><h6>e</h6><h6>f</h6>"),
        ("<h2> <b></b></h2><h4>a</h4>", "<div> <b></b></div><h2>a</h2>"),
        ("<h2><div><h3></h3></div></h2><h6>a</h6>", "<div><div><div></div></div></div><h2>a</h2>"),
    ],
)  # fmt: skip
def test_headings_stand_below_that_of_the_page_and_leave_none_out(html: str, shown: str) -> None:
    assert rendered(html, Surroundings()) == shown


def test_a_picture_makes_a_heading_of_one() -> None:
    assert rendered('<h5><img src="https://i.example/x.png"></h5>', Surroundings()).startswith("<h2>")


def test_a_guess_is_used_only_for_the_block_that_it_was_made_for() -> None:
    known = Surroundings(code=[CodeBlock("import os", "python", True)])

    assert "python" in rendered("<pre><code>import os\n</code></pre>", known)
    assert "python" not in rendered("<pre><code>something else</code></pre>", known)


# ─── a series, the archive ──────────────────────────────────────────────────────────────────────


def test_a_series_says_how_much_of_it_is_safe(shown: Any) -> None:
    text = words(page(shown, f"/kept/series/{SERIES}"))

    assert "5 parts · 4 safe · 1 rescued · 1 missing · 2 gone" in text
    assert "The site declares 7 parts, 5 are known." in text


def test_every_part_has_a_tile_with_its_day_and_state_in_words_and_places_nobody_fills_are_empty(shown: Any) -> None:
    html = page(shown, f"/kept/series/{SERIES}")
    tiles = [words(tile).strip() for tile in re.findall(r'<li class="tile.*?</li>', html, re.DOTALL)]

    assert tiles == [
        "Day 01 [Day 01] 開賽 safe · edited 1×",
        "Day 02 [Day 01] 開賽 2 safe · gone",
        "Day 03 [Day 01] 開賽 3 rescued · gone",
        "Part 4 [Day 01] 開賽 4 missing · blocked",
        "Day 05 [Day 01] 開賽 5 safe · suspect · text collapsed",
        "Part 6 not known yet nobody names it",
        "Part 7 not known yet nobody names it",
    ]
    assert all(f'href="/kept/articles/{number}"' in html for number in range(1, 6))


def test_a_series_tells_edits_events_and_rot(shown: Any) -> None:
    html = page(shown, f"/kept/series/{SERIES}")
    text = words(html)

    assert "2026-11-09 [Day 01] 開賽 : body changed" in text
    assert "left index article 2 : the index no longer links to it" in text
    assert "copied article 2 and article 77" in text
    assert "/kept/articles/77" not in html, "no link to what has no page"
    assert "3 of 5 images held, 2 gone before we held them. 2 parts gone from the site." in text


def test_renumberings_never_push_out_what_caused_them(tmp_path: Path) -> None:
    path = make(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO events (at, kind, series_id, article_id, detail) VALUES (?, 'renumbered', ?, ?, 'elsewhere')",
        [(f"2099-01-01T00:00:{second:02}.000Z", SERIES, ALIVE) for second in range(40)],
    )
    connection.commit()
    connection.close()
    datasette = server.application(path, as_it_stands)

    for path_of in ("/", f"/kept/series/{SERIES}"):
        assert "left index article 2" in words(page(datasette, path_of)), path_of


def test_dead_links_are_told_where_the_archive_knows_them(tmp_path: Path) -> None:
    path = make(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO pages (url, kind, host, state, last_outcome, first_seen_at, state_since, last_fetch_at, due_at)"
        " VALUES ('https://dead.example/', 'link', 'dead.example', 'gone', 'not_found', ?1, ?1, ?1, ?1)",
        [AT],
    )
    connection.execute(
        "INSERT INTO links (article_id, position, url, text, target_kind, target_url)"
        f" VALUES ({ALIVE}, 99, 'https://dead.example/', 'a tool', 'outside', 'https://dead.example/')"
    )
    connection.commit()
    connection.close()
    datasette = server.application(path, as_it_stands)

    for path_of in (f"/kept/series/{SERIES}", f"/kept/articles/{ALIVE}"):
        assert "gone a tool https://dead.example/ last answer: not_found" in words(page(datasette, path_of))


def test_every_chart_says_in_words_and_in_a_table_what_it_shows(shown: Any) -> None:
    html = page(shown, f"/kept/series/{SERIES}")
    figures = re.findall(r'<figure class="chart">.*?</figure>', html, re.DOTALL)

    assert len(figures) == 4
    assert all("<title>" in figure and "<table>" in figure and 'role="img"' in figure for figure in figures)
    assert "parts by what is held: 3 safe, 1 rescued, 1 missing" in html
    assert "views of all parts: 100 on 2026-11-01, 1,234 on 2026-11-09" in html
    assert "2026-11-01: 4 good" in html


def test_the_home_page_leads_to_every_series_and_every_table(shown: Any) -> None:
    html = page(shown, "/")

    assert f'<a href="/kept/series/{SERIES}">' in html
    assert "5 parts · 4 safe" in html
    assert '<a href="/kept">' in html


def test_a_series_that_is_only_cited_says_so(tmp_path: Path) -> None:
    path = make(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    put(connection, "series", id=1, url="u")
    connection.commit()
    connection.close()

    assert "only cited" in page(server.application(path, as_it_stands), "/kept/series/1")


def test_an_empty_archive_has_a_home(tmp_path: Path) -> None:
    assert "No series is kept yet" in page(server.application(place(tmp_path / "kept.db"), as_it_stands), "/")


@pytest.mark.parametrize(
    "chart", [charts.line("x", []), charts.bar("x", [("safe", 0)]), charts.columns("x", [], ["good"])]
)
def test_a_chart_of_nothing_is_nothing(chart: str) -> None:
    assert chart == ""


def test_a_chart_escapes_its_words_and_draws_a_single_and_very_many_points() -> None:
    assert "<b>" not in charts.line("<b>", [("2026-01-01", 5)]) + charts.bar('"><b>', [('"><b>', 1)])
    many = [(f"{1000 + number}-01-01", number) for number in range(3_000)]
    assert len(re.findall(r"\d,\d", charts.line("x", many).split("</svg>")[0])) <= 500


def test_views_of_a_part_not_seen_that_day_count_as_last_shown() -> None:
    rows: list[dict[str, Any]] = [
        {"page_id": 1, "day": "2026-01-01", "views": 10},
        {"page_id": 2, "day": "2026-01-01", "views": 5},
        {"page_id": 1, "day": "2026-01-02", "views": 12},
        {"page_id": 1, "day": None, "views": 99},
    ]

    assert overview.summed(rows) == [("2026-01-01", 15), ("2026-01-02", 17)]


# ─── hostile text ───────────────────────────────────────────────────────────────────────────────


class Markup(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


HARMLESS = {
    "href", "title", "rel", "src", "alt", "class", "colspan", "rowspan", "align", "scope", "start", "value", "open",
    "id", "lang", "tabindex", "width", "height", "loading", "decoding",
}  # fmt: skip


FORBIDDEN = {"script", "style", "svg", "math", "iframe", "object", "embed", "form", "input", "base", "meta", "link"}


def test_a_body_that_was_never_sanitised_is_shown_inert() -> None:
    around = Surroundings(images={"x": Image("/-/archiver/image/1", "held")})

    assert len(PAYLOADS) > 200
    for _, payload in PAYLOADS:
        for tag, attributes in Markup(rendered(payload, around)).found:
            assert tag not in FORBIDDEN, payload
            assert set(attributes) <= HARMLESS, payload
            assert re.match(r"https?://|mailto:|#", attributes.get("href") or "#", re.IGNORECASE), payload
            assert attributes.get("src", "/-/archiver/image/1") == "/-/archiver/image/1", payload


def test_titles_names_and_tags_are_shown_without_what_reorders_or_acts(tmp_path: Path) -> None:
    nasty = "\u202e\x1b]0;owned\x07\x9b31m<script>alert(1)</script>\u2066"
    datasette = server.application(
        make(tmp_path / "kept.db", Words(title=nasty, name=nasty, tag=nasty, alt=nasty, detail=nasty)),
        as_it_stands,
    )

    for path_of in PAGES:
        html = page(datasette, path_of)
        assert not set(html) & set("\u202e\u2066\x1b\x07\x9b")
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_a_body_of_five_megabytes_is_shown_cut_as_plain_text(tmp_path: Path) -> None:
    datasette = server.application(make(tmp_path / "kept.db", Words(body="<p>字</p>" * 700_000)), as_it_stands)
    began = time.monotonic()
    html = page(datasette, f"/kept/articles/{ALIVE}")

    assert time.monotonic() - began < 10
    assert "the first 1,000,000 of 5,600,000 characters" in words(html)
    assert len(html) < 4_500_000


def test_a_body_and_comments_of_very_many_tags_are_shown_as_text(tmp_path: Path) -> None:
    many = "<b>" * 100_000
    datasette = server.application(
        make(tmp_path / "kept.db", Words(body=f"{many}words", comment="<i>x</i>" * 8_000)), as_it_stands
    )
    html = page(datasette, f"/kept/articles/{ALIVE}")

    assert "cannot be shown as it was" in html
    assert html.count("<i>x</i>") == 8_000, "the first comment; the second would be too much"


@pytest.mark.parametrize("path", PAGES)
def test_our_pages_run_no_script_and_ask_nobody_else(shown: Any, path: str) -> None:
    answer = get(shown, path)
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:;" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    for tag, attributes in Markup(answer.text).found:
        assert tag not in {"script", "style"}
        assert not {name for name in attributes if name == "style" or name.startswith("on")}
        assert (attributes.get("src") or "/").startswith("/")
        assert tag != "link" or (attributes["href"] or "").startswith("/-/archiver/")


@pytest.mark.parametrize("name", ["reading", "code"])
def test_the_style_sheets_ask_nobody_either(shown: Any, name: str) -> None:
    answer = get(shown, f"/-/archiver/{name}.css")

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "url(" not in answer.text
    assert "@import" not in answer.text


# ─── who is let in, and what stays Datasette's ──────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8001", "localhost", "LOCALHOST:80"])
def test_the_server_answers_to_its_own_names(shown: Any, host: str) -> None:
    assert get(shown, "/", Host=host).status_code == 200
    assert get(shown, "/kept.json", Host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8001", "localhost.evil.example", "", "192.168.1.2"]
)
@pytest.mark.parametrize("path", ["/", "/kept.json", IMAGE, "/kept.db"])
def test_a_foreign_name_that_leads_here_is_refused(shown: Any, host: str, path: str) -> None:
    answer = get(shown, path, Host=host)

    assert answer.status_code == 421
    assert "127.0.0.1 and localhost only" in answer.text


@pytest.mark.parametrize("path", ["/kept/articles/1?_row=1", "/kept/articles/1.json", "/kept/articles", "/kept"])
def test_everything_else_stays_datasettes_behind_a_policy(shown: Any, path: str) -> None:
    answer = get(shown, path)

    assert answer.status_code == 200
    assert 'class="byline"' not in answer.text
    assert "default-src 'self' 'unsafe-inline'" in answer.headers["content-security-policy"]


def test_another_datasette_in_the_process_stays_plain(shown: Any, archive: Path) -> None:
    plain = datasette_app.Datasette([str(archive)])
    page(shown, "/")

    assert 'class="byline"' not in page(plain, f"/kept/articles/{ALIVE}")
    assert get(plain, "/", Host="elsewhere.example").status_code == 200


def test_an_archive_of_another_version_opens_as_datasette_shows_it(tmp_path: Path) -> None:
    path = make(tmp_path / "kept.db")
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE state_changes")
    connection.commit()
    connection.close()

    assert "Links from other tables" in page(server.application(path, as_it_stands), f"/kept/articles/{ALIVE}")


@pytest.mark.parametrize("name", ["檔案.db", "a b.db", "articles.db"])
def test_the_pages_link_to_each_other_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    datasette = server.application(make(tmp_path / name), as_it_stands)
    found = re.search(r'<h2><a href="([^"]+)"', page(datasette, "/"))
    assert found is not None
    tiles = re.findall(r'<a href="([^"]+)">\s*<span class="day">', page(datasette, found[1]))

    assert len(tiles) == 5
    assert "<h1>" in page(datasette, tiles[0])


QUESTIONS = {
    name: text
    for name, text in {**vars(kept), **vars(reading), **vars(overview)}.items()
    if name.isupper()
    and isinstance(text, str)
    and "link_rot" not in text
    and "sqlite_master" not in text
    and not name.startswith(("ALL_", "_"))
}


LEFT_BY_THEN = {"SCAN series_progress", "SCAN json_each VIRTUAL TABLE INDEX 1:"}  # one row of the view; what we named


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_stands_on_an_index(archive: Path, name: str) -> None:
    sql = QUESTIONS[name]
    connection = sqlite3.connect(archive)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [1] * (1 if "?1" in sql else sql.count("?"))).fetchall()
    connection.close()

    scanned = [step[3] for step in plan if step[3].startswith("SCAN") and "USING INDEX" not in step[3]]
    assert [step for step in scanned if step not in LEFT_BY_THEN] == []
