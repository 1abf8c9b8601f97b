"""Pictures, links and code: nothing of a part is lost, and what is rotten is told."""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from archives import World, archive_at, derived_rows, part, tampering, url_of
from fakes import START, FakeClock
from hypothesis import given
from hypothesis import strategies as st
from runs import config_for, rows, run_fetch, small_site, terse_site

from archiver import cli, config
from archiver.archive import queries
from archiver.archive.database import Database
from archiver.archive.digest import kept_digest
from archiver.archive.frontier import Scope
from archiver.archive.opening import reading
from archiver.browse import images as browsing
from archiver.commands import fetching
from archiver.model import Address, Answer, Exchange, Judgement, Kind, Outcome, Validators
from archiver.model.readings import ImagePage, ImageReference, OutgoingLink, Reading
from archiver.pages import image, languages, read
from archiver.standin import Site, StandIn
from archiver.standin.images import SVG, gif, jpeg, png

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
    shown = f"{counted.held} of {counted.images} images held; missing: {counted.missing}"

    assert counted.held < counted.images, "some hosts are dead"
    assert rows(kept[0], f"SELECT count(*) FROM image_status WHERE NOT held AND url = '{counted.missing}'") == [(1,)]
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


# ─── asked again, stored once, and cut ──────────────────────────────────────────────────────────

CDN = "d1dwq032kyr03c.cloudfront.net"
UPLOAD = "https://ithelp.ithome.com.tw/upload/images/20230917/20141304"


def shown(*addresses: str) -> Site:
    """The terse world whose first part shows these pictures."""
    site = terse_site(3)
    first = site.series[5943].part_ids[0]
    html = "<p>圖</p>" + "".join(f'<img src="{url}">' for url in addresses)
    return replace(site, articles={**site.articles, first: replace(site.articles[first], html=html)})


def conditions(standin: StandIn, since: int) -> dict[str, list[str | None]]:
    """Host → the If-None-Match of each request for a picture."""
    found: dict[str, list[str | None]] = {}
    for entry in standin.log[since:]:
        if entry.target.startswith(("/upload/", "/elsewhere/")):
            found.setdefault(entry.host, []).append(entry.headers.get("if-none-match"))
    return found


def test_a_picture_is_asked_for_with_the_etag_of_the_host_that_holds_it(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(shown(f"{UPLOAD}aaaaaaaaaa.png", f"{UPLOAD}bbbbbbbbbb.jpg")) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file)
        held = rows(db, "SELECT url, capture_id FROM images ORDER BY url")
        asked = len(standin.log)
        run_fetch(db, file, force=True)
        again = conditions(standin, asked)

    assert again["ithelp.ithome.com.tw"] == [None, None], "the redirect gave no validators"
    assert len(again[CDN]) == 2
    assert all(again[CDN])
    last = (
        "SELECT outcome, http_status, hop FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'image' AND final"
    )
    assert rows(db, f"{last} AND run_id = 2") == [("unchanged", 304, 1)] * 2
    assert rows(db, "SELECT url, capture_id FROM images ORDER BY url") == held


def test_validators_stay_with_the_host_that_gave_them_when_a_picture_moves(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(shown(f"{UPLOAD}aaaaaaaaaa.png", f"{UPLOAD}bbbbbbbbbb.png")) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file)
        moved_to = f"https://{CDN}/upload/images/20230917/20141304bbbbbbbbbb.png"
        standin.faults.redirect("ithelp.ithome.com.tw/upload/*aaaaaaaaaa.png", moved_to)
        asked = len(standin.log)
        run_fetch(db, file, force=True)
        moved = conditions(standin, asked)
        asked = len(standin.log)
        run_fetch(db, file, force=True)
        later = conditions(standin, asked)

    assert sorted(map(bool, moved[CDN])) == [False, True], "another address of the same host"
    assert all(later[CDN]), "its own validators are known now"
    assert rows(
        db, "SELECT outcome FROM fetches JOIN pages ON pages.id = page_id WHERE url LIKE '%aaaa.png' AND final"
            " ORDER BY fetches.id",
    ) == [("ok",), ("ok",), ("unchanged",)]  # fmt: skip


def test_a_host_that_says_304_without_our_condition_has_said_nothing(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(shown(f"{UPLOAD}aaaaaaaaaa.png")) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file)
        standin.faults.error("ithelp.ithome.com.tw/upload/*", status=304)
        run_fetch(db, file, force=True)

    last = "SELECT outcome FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'image' AND run_id = 2"
    assert rows(db, last) == [("protocol_error",)]
    assert rows(db, HELD)[0][1] == 1


def test_the_same_bytes_under_several_addresses_are_stored_once(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    emoticons = [f"https://ithelp.ithome.com.tw/images/emoticon/emoticon{number:02}.gif" for number in range(1, 5)]
    with StandIn(shown(*emoticons)) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file)
        run_fetch(db, file, force=True)

    captures = "SELECT count(*), count(DISTINCT page_id), sum(length(captures.body) > 0) FROM captures"
    assert rows(db, f"{captures} JOIN pages ON pages.id = page_id WHERE kind = 'image'") == [(4, 4, 1)]
    assert rows(db, HELD) == [(4, 4)]
    with reading(db) as connection:
        for (capture_id,) in rows(
            db, "SELECT captures.id FROM captures JOIN pages ON pages.id = page_id WHERE kind = 'image'"
        ):
            found = browsing.picture(connection, capture_id)
            assert found is not None
            assert found.body == gif()
        for row in connection.execute("SELECT capture_id FROM images"):
            assert browsing.is_raster(connection, row["capture_id"])
    before = derived_rows(db)
    fetching.parse(config.load(file), db)
    assert derived_rows(db) == before
    assert fetching.verify(config.load(file), db) == []
    with tampering(db) as connection:
        connection.execute("UPDATE captures SET body_capture_id = NULL WHERE id = (SELECT max(id) FROM captures)")
    assert any("digest differs" in finding for finding in fetching.verify(config.load(file), db))


def test_an_archive_of_before_reads_on_and_stays_proven(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with StandIn(shown(f"{UPLOAD}aaaaaaaaaa.png")) as standin:
        file = config_for(standin, tmp_path, images=True)
        run_fetch(db, file)
        with tampering(db) as connection:
            connection.execute("DROP INDEX captures_body_capture_id")
            connection.execute("ALTER TABLE captures DROP COLUMN body_capture_id")
            connection.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m009_bodies', 'm012_seals')")
            connection.execute("DROP TABLE seals")
            connection.execute("ALTER TABLE runs DROP COLUMN changed_before")
            digest = kept_digest(Database(connection, db))
            connection.execute("UPDATE runs SET kept_digest = ?", [digest])
        assert fetching.verify(config.load(file), db) == []
        run_fetch(db, file, force=True)

    last = (
        "SELECT http_status FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'image' AND final AND run_id = 2"
    )
    assert rows(db, last) == [(304,)], "what was written before says who gave the validator"
    assert fetching.verify(config.load(file), db) == []


def test_bytes_that_have_rotted_are_not_relied_on(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    places = [f"https://ithelp.ithome.com.tw/images/emoticon/emoticon{number:02}.gif" for number in range(1, 3)]
    with StandIn(shown(*places)) as standin:
        file = config_for(standin, tmp_path, images=True)
        file.write_text(file.read_text("utf-8") + "max_per_run = 1\n", "utf-8")
        run_fetch(db, file)
        with tampering(db) as connection:
            connection.execute(
                "UPDATE captures SET body = x'00' WHERE page_id IN (SELECT id FROM pages WHERE kind = 'image')"
            )
        run_fetch(db, file)

    assert rows(db, "SELECT body_capture_id, length(captures.body) > 1 FROM captures JOIN pages ON pages.id = page_id"
                    " WHERE kind = 'image' ORDER BY captures.id") == [(None, 0), (None, 1)]  # fmt: skip


def test_a_cut_picture_is_truncated_and_never_held(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    names = [f"{UPLOAD}{ending * 3}x.{ending}" for ending in ("png", "jpg", "gif")]
    with StandIn(shown(*names)) as standin:
        file = config_for(standin, tmp_path, images=True)
        standin.faults.cut_picture(f"{CDN}/upload/*", share=0.9, times=3)
        summary = run_fetch(db, file)
        told = rows(db, "SELECT last_outcome FROM image_status WHERE NOT held")
        run_fetch(db, file)
        healed = rows(db, HELD)
        standin.faults.cut_picture(f"{CDN}/upload/*", share=0.9)
        run_fetch(db, file, force=True)

    assert summary.exit_code == 0, "that a picture is missing is told, and makes no run fail"
    assert told == [("truncated",)] * 3
    assert healed == [(3, 3)]
    assert rows(db, HELD) == [(3, 3)], "what is held stays"
    assert rows(db, "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id WHERE kind = 'image'") == [(3,)]


class Stricter(World):
    """The same world, read by a version that finds every picture cut."""

    def read(self, address: Address, body: bytes, content_type: str | None) -> Reading:
        reading = super().read(address, body, content_type)
        return replace(reading, facts=replace(reading.facts, closed=address.kind is not Kind.IMAGE))


def test_a_picture_that_a_later_law_finds_cut_is_asked_for_again_whole(tmp_path: Path) -> None:
    path, world, picture = tmp_path / "a.db", World(), Address(f"{UPLOAD}aaaaaaaaaa.png", Kind.IMAGE)
    page = part(1)
    assert page.body is not None
    with archive_at(path, world) as case:
        case.source(url_of(1))
        case.answer(url_of(1), replace(page, body=replace(page.body, images=(ImageReference(picture.url),))))
        body = world.put(ImagePage("image/png", 1, 1))
        headers = (("etag", '"1"'),)
        answer = Answer(picture.url, case.clock.now(), 1, status=200, headers=headers, body=body)
        found = world.read(picture, body, None)
        case.archive.ledger.record(case.run_id, Exchange(picture, answer), Judgement(Outcome.OK, "it is"), found)
        case.archive.library.catch_up()
        case.next_run(days=2)
        scope, now = Scope(case.archive.source_ids(None)), case.clock.now()
        assert picture not in [one.address for one in case.archive.due(scope, now)]
        assert case.archive.ledger.page(picture, now).validators == Validators('"1"', None, picture.url)
        assert case.archive.copies.lost_images() == []
    stricter = Stricter()
    stricter.pages = world.pages
    with archive_at(path, stricter) as case:
        case.archive.rebuild()
        (due,) = [one for one in case.archive.due(scope, now) if one.address == picture]
        assert due.validators == Validators()
        assert [one.address for one in case.archive.copies.lost_images()] == [picture]


WHOLE = {
    "png": png("x"), "jpeg": jpeg("x"), "gif": gif(), "svg": SVG.strip(),
    "jpeg with a thumbnail": b"\xff\xd8\xff\xe1" + (len(jpeg("t")) + 2).to_bytes(2, "big") + jpeg("t") + jpeg("x")[2:],
    "gif of two frames": gif()[:-1] + gif()[19:],
    "webp": b"RIFF" + (22).to_bytes(4, "little") + b"WEBPVP8L" + (10).to_bytes(4, "little") + b"\x2f" + bytes(9),
    "avif": b"".join(
        (len(data) + 8).to_bytes(4, "big") + name + data
        for name, data in ((b"ftyp", b"avif\0\0\0\0avif"), (b"meta", bytes(24)), (b"mdat", bytes(40)))
    ),
    "bmp": b"BM" + (86).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    + (2).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"\1\0\x18\0" + bytes(24) + bytes(32),
    "icon": b"\0\0\1\0\1\0" + bytes(8) + (9).to_bytes(4, "little") + (22).to_bytes(4, "little") + bytes(9),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_is_whole_up_to_its_end_and_with_anything_after_it(name: str) -> None:
    body = WHOLE[name]

    assert image.is_whole(body)
    assert image.is_whole(body + b"\0\xff\xd9 and more")
    cuts = [body[:length] for length in range(len(body)) if image.media_type(body[:length]) is not None]
    assert cuts
    assert not [len(cut) for cut in cuts if image.is_whole(cut)]


def test_a_text_that_begins_with_bm_is_no_bitmap() -> None:
    assert image.media_type(b"BMW and Audi" * 20) is None


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_no_bytes_break_the_look_for_the_end(name: str, data: st.DataObject) -> None:
    whole = WHOLE[name]
    place = data.draw(st.integers(0, len(whole)))

    assert image.is_whole(whole[:place] + data.draw(st.binary(max_size=40)) + whole[place:]) in {True, False}


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
    there = "last_outcome != 'robots_unreachable'"  # other links of that world lead out of this machine
    assert rows(db, f"SELECT text, state, last_outcome FROM link_rot WHERE {there}") == [("二", "suspect", "not_found")]
    assert rows(db, "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id WHERE kind = 'link'") == [(0,)]


ROT = "SELECT text, last_outcome, reason, failing_since, attempts FROM link_rot"


def links_to(*addresses: str) -> Site:
    """The terse world whose first part links to these, each with its place as its words."""
    site = terse_site(3)
    first = site.series[5943].part_ids[0]
    html = "<p>字</p>" + "".join(f'<a href="{url}">{place}</a> ' for place, url in enumerate(addresses))
    return replace(site, articles={**site.articles, first: replace(site.articles[first], html=html)})


def check_links(db: Path, file: Path, clock: FakeClock) -> None:
    """One fetch with every link asked, at the clock's time."""
    settings = config.load(file)
    fetching.fetch(settings, db, fetching.FetchOptions(force=True, check_links=True), clock=clock)


def test_a_dead_domain_stands_in_link_rot_with_its_reason(tmp_path: Path) -> None:
    db, clock = tmp_path / "a.db", FakeClock()
    with StandIn(
        links_to("https://nowhere.invalid/a", "https://nowhere.invalid/b", "https://i.imgur.com/removed.png")
    ) as standin:
        file = config_for(standin, tmp_path)
        check_links(db, file, clock)
        first = rows(db, ROT)
        clock.advance(days=40)
        check_links(db, file, clock)

    assert [row[0] for row in first] == ["0", "1"]
    for _, outcome, reason, since, attempts in first:
        assert outcome == "robots_unreachable"
        assert "nowhere.invalid" in reason
        assert (since[:10], attempts) == (f"{START:%Y-%m-%d}", 1)
    assert [(row[0], row[3][:10], row[4]) for row in rows(db, ROT)] == [
        ("0", f"{START:%Y-%m-%d}", 2), ("1", f"{START:%Y-%m-%d}", 2),
    ]  # fmt: skip


def test_a_host_that_fails_for_months_stands_in_link_rot_and_one_that_refuses_us_does_not(tmp_path: Path) -> None:
    db, clock = tmp_path / "a.db", FakeClock()
    with StandIn(links_to("https://i.imgur.com/removed.png", "https://chart.googleapis.com/x")) as standin:
        file = config_for(standin, tmp_path, extra="tries = 1")
        check_links(db, file, clock)
        assert [row[0] for row in rows(db, ROT)] == ["1"], "a 404"
        seen = []
        for _ in range(3):
            clock.advance(days=20)
            standin.faults.clear()
            standin.faults.error("i.imgur.com/*", status=503)
            standin.faults.refuse("chart.googleapis.com/*")
            check_links(db, file, clock)
            seen.append([row for row in rows(db, ROT) if row[0] == "0"])
        states = rows(db, "SELECT DISTINCT state FROM pages WHERE kind = 'link' AND host = 'i.imgur.com'")
        standin.faults.clear()
        clock.advance(days=20)
        check_links(db, file, clock)

    assert seen[:2] == [[], []], "an outage of weeks is none yet"
    assert [(row[1], row[3][:10], row[4]) for row in seen[2]] == [("robots_unreachable", "2026-12-13", 3)]
    assert "503" in seen[2][0][2]
    assert states == [("alive",)], "only absences make a page gone"
    assert [row[0] for row in rows(db, ROT)] == ["1"], "it healed"


def test_a_robots_file_that_refuses_us_is_no_rot(tmp_path: Path) -> None:
    db, clock = tmp_path / "a.db", FakeClock()
    with StandIn(links_to("https://i.imgur.com/removed.png")) as standin:
        file = config_for(standin, tmp_path, extra="tries = 1")
        standin.faults.robots("429", "i.imgur.com")
        for _ in range(3):
            check_links(db, file, clock)
            clock.advance(days=50)
        standin.faults.error("i.imgur.com/robots.txt", status=503)
        check_links(db, file, clock)

    assert rows(db, "SELECT last_outcome FROM pages WHERE kind = 'link'") == [("robots_unreachable",)]
    assert rows(db, ROT) == [], "one answer of 503 after a year of refusals"


def test_without_a_network_no_link_is_called_dead(tmp_path: Path) -> None:
    db, clock = tmp_path / "a.db", FakeClock()
    with StandIn(links_to("https://nowhere.invalid/a")) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
    offline = (
        file.read_text("utf-8").partition("[network.connect_to]")[0]
        + "[network.connect_to]\n"
        + "\n".join(f'"{origin}" = "http://127.0.0.1:9"' for origin in standin.connect_to)
    )
    file.write_text(offline)
    check_links(db, file, clock)

    assert rows(db, "SELECT last_outcome FROM pages WHERE kind = 'link'") == [("robots_unreachable",)]
    assert rows(db, ROT) == []


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

    found = rows(db, "SELECT language, language_guessed, code FROM code WHERE article_id = ?", article_id)
    assert found == [("rust", 1, RUST), ("go", 0, "x := 1"), (None, 0, "嗨")]


def test_what_is_too_short_is_not_guessed() -> None:
    assert languages.guess("let a = 1;") is None


def test_why_explains_an_image_that_is_lost(kept: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    (url,) = rows(kept[0], "SELECT url FROM image_status WHERE NOT held LIMIT 1")[0]

    assert cli.run(["why", url, "--db", str(kept[0])]) == 0
    assert "State: suspect" in capsys.readouterr().out
