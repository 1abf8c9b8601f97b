"""`archiver demo`: invented throughout, said so by the file itself, and never mixed with what is real."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from demonstrations import Played
from faithful import PART_IDS, SERIES_ID, faithful_site
from runs import config_for, rows, run_fetch, series_counts, terse_site
from standin_client import ask

from archiver import cli, pages
from archiver import config as configs
from archiver.archive.demonstration import WORDS
from archiver.browse import server
from archiver.cli import demonstration
from archiver.commands import fetching
from archiver.errors import UsageError
from archiver.standin import StandIn, demo_site
from archiver.standin.__main__ import block
from archiver.standin.catalog import PART_IDS as INVENTED_IDS
from archiver.standin.catalog import SERIES_ID as INVENTED_SERIES

_REAL = ("chihying", "20141304", "xavier", str(SERIES_ID), "Ferris", *map(str, PART_IDS))
_ITS_TITLES = ("MLOps，你說", "草泥馬", *(part.title for part in faithful_site().parts(SERIES_ID)))
_NUMBERS = {  # where a number of the site stands in its addresses → the least that the site has not reached
    r"ithome\.com\.tw(?:/m)?/articles/([0-9]+)": 100_000_000,
    r"ithome\.com\.tw/users/([0-9]+)": 30_000_000,
    r"/users/[0-9]+/ironman/([0-9]+)": 100_000,
    r"ironman/articles/([0-9]+)": 100_000,
    r"/signup/team/([0-9]+)": 100_000,
    r"/rss/series/([0-9]+)": 100_000,
    r"/upload/images/[0-9]{8}/([0-9]{8})": 30_000_000,
    r"/avatars/([0-9]+)": 1_000_000,
    r"\.tw/questions/([0-9]+)": 100_000_000,
}
CONTROL_ID = 999_999_999


@pytest.fixture(scope="module")
def demo(rotten_demo: Played) -> Path:
    """The archive of the fuller of the two demonstrations, under the name that a real one would have."""
    return Path(shutil.copy(rotten_demo.archive, rotten_demo.archive.with_name("archive.db")))


def everything(db: Path) -> str:
    """Every value of every row, packed ones unpacked, and the file as it lies on the disk."""
    with closing(sqlite3.connect(db)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        values = [value for name in tables for row in connection.execute(f'SELECT * FROM "{name}"') for value in row]
    return "\n".join(map(_as_text, [*values, db.read_bytes()]))


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return (gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value).decode("utf-8", "replace")
    return str(value)


def _stands_alone(name: str, text: str) -> bool:
    """Whether it is there, and not by chance: a number inside a digest is none of the site's."""
    beside = "[0-9A-Za-z]" if name.isdecimal() else "[0-9]"
    return re.search(rf"(?<!{beside}){re.escape(name)}(?!{beside})", text) is not None


def strangers(text: str) -> list[str]:
    """What in a text could be taken for the real author's work, or for anybody's on the site."""
    found = [name for name in (*_REAL, *_ITS_TITLES) if name in text and _stands_alone(name, text)]
    for place, least in _NUMBERS.items():
        found += [f"{place}: {number}" for number in set(re.findall(place, text)) if int(number) < least]
    return found


def test_the_rotten_demo_ends_with_every_part_safe(rotten_demo: Played) -> None:
    told = rotten_demo.out + rotten_demo.err

    assert (
        "30 parts · 30 safe (6 rescued): 4 from the Wayback Machine, 1 from Common Crawl, 1 from an imported file"
        in told
    )
    assert WORDS in told
    at = r"http://127\.0\.0\.1:\d+"
    assert re.search(
        rf"^A stand-in of iThome answers on {at}, of web archives on {at}; six parts are deleted\.$", told, re.MULTILINE
    )
    for command, end in (
        ("fetch", "24 safe · 6 missing"),
        ("rescue", "5 rescued · 1 missing"),
        ("import", "6 rescued"),
    ):
        assert re.search(rf"^{command}: .*: 30 parts · .*{end}$", told, re.MULTILINE)
    assert series_counts(rotten_demo.archive, INVENTED_SERIES) == (30, 30, 0)
    assert rotten_demo.err.partition("Try next:\n")[2].splitlines() == [
        "  archiver status --db demo.db", "  archiver status --copies --db demo.db",
        f"  archiver why {INVENTED_IDS[8]} --db demo.db", "  archiver serve --db demo.db", "  datasette demo.db",
    ]  # fmt: skip


def test_an_export_of_a_demonstration_says_so(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", "json", "--db", str(demo), "--out", str(tmp_path / "a.json")]) == 0
    assert capsys.readouterr().err == f"{WORDS}\n"


def test_a_quiet_demo_says_only_what_it_is(plain_demo: Played) -> None:
    assert plain_demo.err == f"{WORDS}\n"


def test_the_plain_demo_says_first_of_all_that_all_is_invented(tmp_path: Path) -> None:
    class Heard(Exception):
        """Enough was said."""

    def hear(line: str) -> None:
        raise Heard(line)

    with pytest.raises(Heard) as heard:
        demonstration.run(tmp_path / "a.db", quiet=True, tell=hear)
    assert re.fullmatch(
        r"A stand-in of iThome answers on http://[0-9.:]+; all that it says is invented, its addresses included\.",
        str(heard.value),
    )  # fmt: skip


@pytest.mark.parametrize("command", ["demo", "demo --rot"])
def test_a_demo_takes_the_place_of_nothing(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.db"
    mine.write_text("mine")

    assert cli.run([*command.split(), "--db", str(mine)]) == 2
    assert capsys.readouterr().err == (
        f"archiver: {mine}: exists already; the demo makes a new archive, so remove it or name another with --db\n"
    )
    assert mine.read_text() == "mine"


def test_nothing_in_a_demonstration_can_be_taken_for_a_real_author_s(demo: Path) -> None:
    assert strangers(everything(demo)) == []


def test_nothing_that_the_stand_in_of_users_says_can_be_taken_for_a_real_author_s() -> None:
    site = demo_site()
    with StandIn() as standin:
        addresses = [
            *site.indexes,
            *(f"/articles/{number}" for number in site.articles),
            f"/m/articles/{INVENTED_IDS[0]}",
            *(f"/users/{one.author.id}/ironman/{one.id}" for one in site.series.values()),
            *(f"/rss/series/{number}" for number in site.series),
            "/users/90000001/ironman", "/2026ironman/create/1", "/", "/robots.txt", f"https://{site.blog.host}/robots.txt",
        ]  # fmt: skip
        answers = [ask(standin, address) for address in addresses]
        said = block(standin)

    assert {one.status for one in answers} == {200, 302}
    assert strangers("\n".join([said, *(one.text + str(one.headers) for one in answers)])) == []


def test_every_text_of_the_demonstration_says_that_it_is_invented() -> None:
    site = demo_site()

    assert [number for number, one in site.articles.items() if "虛構示範" not in one.html] == []
    assert [one.id for one in site.series.values() if "虛構示範" not in one.title] == []
    people = {one.author for one in site.articles.values()} | {
        said.author
        for one in site.articles.values()
        for comment in one.comments
        for said in (comment, *comment.replies)
    }
    assert [one.nickname for one in people if not one.nickname.startswith("虛構")] == []
    assert CONTROL_ID not in site.articles


def test_each_run_of_a_demonstration_says_so_from_its_beginning(demo: Path) -> None:
    said = [(command, json.loads(config).get("demonstration")) for command, config in rows(
        demo, "SELECT command, config FROM runs ORDER BY id")]  # fmt: skip

    assert said == [("fetch", WORDS), ("rescue", WORDS), ("import", WORDS)]
    with closing(sqlite3.connect(demo)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE runs SET config = '{}'")


def test_a_demonstration_says_so_under_any_name(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {}
    for line in (
        "status",
        "status -q",
        "status --copies",
        f"why {INVENTED_IDS[4]}",
        "search 燈",
        "search -q 燈",
        f"diff {INVENTED_IDS[4]}",
    ):
        cli.run([*line.split(), "--db", str(demo)])
        out, err = capsys.readouterr()
        told[line] = (out + err).count(WORDS)

    assert told == dict.fromkeys(told, 1)


@pytest.mark.parametrize(
    "command", ["status", "status --copies", f"why {INVENTED_IDS[4]}", "search 燈", f"diff {INVENTED_IDS[4]}"]
)
def test_its_json_says_so_too(demo: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run([*command.split(), "--json", "--db", str(demo)])

    assert json.loads(capsys.readouterr().out)["is_demonstration"] is True


def test_every_page_of_a_demonstration_says_so(demo: Path) -> None:
    shown = _shown(demo)

    assert {path: html.count(WORDS.replace("'", "&#39;")) >= 1 for path, html in shown.items()} == dict.fromkeys(
        shown, True
    )
    assert "the words are their authors" not in "".join(shown.values())


def test_pages_of_what_is_real_say_no_such_thing(tmp_path: Path) -> None:
    with StandIn(terse_site(2)) as standin:
        run_fetch(tmp_path / "archive.db", config_for(standin, tmp_path))
    shown = _shown(tmp_path / "archive.db", SERIES_ID, PART_IDS[0])

    assert [path for path, html in shown.items() if "demonstration" in html] == []


def _shown(db: Path, series: int = INVENTED_SERIES, article: int = INVENTED_IDS[4]) -> dict[str, str]:
    """Pages of ours and of Datasette's, by their paths."""
    reader = server.application(db, pages.read)
    paths = (
        "/", f"/archive/series/{series}", f"/archive/articles/{article}", "/archive", "/archive/articles",
        f"/archive/articles/{article}?_row=1", "/archive/runs", "/archive/parts_missing", "/archive?sql=select+1",
    )  # fmt: skip

    async def ask_all() -> dict[str, str]:
        return {path: (await reader.client.get(path, headers={"host": "127.0.0.1"})).text for path in paths}

    return asyncio.run(ask_all())


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(demo, tmp_path / "archive.db"))


def test_nothing_real_is_kept_in_a_demonstration(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved.html"
    with StandIn(terse_site(2)) as standin:
        config = config_for(standin, tmp_path)
        saved.write_bytes(ask(standin, f"/articles/{PART_IDS[0]}").body)
        assert strangers(saved.read_text("utf-8"))  # so what looks for them finds them
        asked = len(standin.log)
        for line in (
            "fetch", "fetch --dry-run", f"fetch https://ithelp.ithome.com.tw/articles/{PART_IDS[0]}", "rescue",
            f"push {INVENTED_SERIES}", "push --dry-run", f"import {saved}",
        ):  # fmt: skip
            code = cli.run([*line.split(), "--db", str(copy), "--config", str(config)])
            told = capsys.readouterr().err.strip().splitlines()

            assert (line, code) == (line, 2)
            assert [one for one in told if "nothing real is kept in it" in one] == told[-1:]
        assert len(standin.log) == asked
    assert rows(copy, "SELECT count(*) FROM runs") == [(3,)]
    cli.run(["verify", "--db", str(copy)])
    assert "The archive is what it says it is." in capsys.readouterr().out


def test_nothing_invented_is_kept_where_something_real_is(tmp_path: Path) -> None:
    with StandIn(terse_site(2)) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(tmp_path / "real.db", file)
        settings = replace(configs.load(file), is_demonstration=True)
        with pytest.raises(UsageError, match="nothing invented is kept in it"):
            fetching.fetch(settings, tmp_path / "real.db", fetching.FetchOptions())


def test_no_config_file_makes_a_demonstration(tmp_path: Path) -> None:
    file = tmp_path / "archiver.toml"
    file.write_text("is_demonstration = true\n", "utf-8")

    assert cli.run(["fetch", "--config", str(file), "--db", str(tmp_path / "a.db")]) == 2


def test_what_is_offered_by_the_stand_in_of_users_leads_to_itself(tmp_path: Path) -> None:
    with StandIn() as standin:
        file = tmp_path / "archiver.toml"
        file.write_text(block(standin) + "[network]\ncontact = 'https://example.org'\n", "utf-8")
        config = configs.load(file)

        assert config.sources[0].url in demo_site().indexes
        assert set(config.network.connect_to) >= {f"https://{demo_site().blog.host}"}
