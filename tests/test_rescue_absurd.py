"""Runs in which an archive answers something absurd, or our own code breaks: they go on, and they always end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import saved_files as made
from depths import deeper
from fakes import FakeClock
from pushers import ONE, Pusher, pusher_of
from rescuers import CRAWL, LOST, PARTS, URL, Rescuer, copy, page
from runs import config_for, rows, run_fetch, terse_site

from archiver import cli, config
from archiver.commands import fetching, importing, pushing, rescuing
from archiver.standin import StandIn
from archiver.standin.web_archives import WebArchives

CDX, PLAY, MAP = "web.archive.org/cdx*", "web.archive.org/web/*", "arquivo.pt/wayback/timemap*"
LIST, INDEX, DATA = "index.commoncrawl.org/collinfo*", "index.commoncrawl.org/CC*", "data.commoncrawl.org/*"
HEADER = ["timestamp", "original", "mimetype", "statuscode", "digest"]
DEEP, DIGITS = b"[" * 100_000, b"[[" + b"9" * 10_000 + b"]]"


def answers(target: str, body: bytes, **how: object) -> Callable[[WebArchives], None]:
    def arrange(archives: WebArchives) -> None:
        archives.faults.replies(target, body, **how)  # type: ignore[arg-type]

    return arrange


def table(*rows_of: list[object]) -> bytes:
    return json.dumps([HEADER, *rows_of]).encode()


def links(*targets: tuple[str, str]) -> bytes:
    return ",\n".join(f'<{url}>; rel="memento"; datetime="{when}"' for url, when in targets).encode()


MEMENTO = f"https://arquivo.pt/wayback/20231006120000/{URL}"
# What is absurd; who says it; how it is called in a row of the run.
ABSURD: dict[str, tuple[Callable[[WebArchives], None], str, str]] = {
    "index 100,000 deep": (answers(CDX, DEEP), "wayback", "not JSON"),
    "index of many digits": (answers(CDX, DIGITS), "wayback", "not JSON"),
    "index of empty lists": (answers(CDX, b"[" + b"[]," * 200_000 + b"[]]"), "wayback", "more rows than there can be"),
    "index of 5 MB": (answers(CDX, b'["' + b"x" * 5_000_000 + b'"]'), "wayback", "more than 4194304 bytes"),
    "index of years that are none": (
        answers(CDX, table(["99991231235959", URL, "text/html", "200", "A"], ["00000000000000", URL, "", "", ""])),
        "wayback", "of which none can be had",
    ),
    "index of statuses": (
        answers(CDX, table(["20231006120000", URL, 1e999, "9" * 20, -1],
                           ["20231007120000", URL, None, "9" * 5_000, {}])),
        "wayback", "names 2 copies",
    ),
    "index with a key of a megabyte": (
        answers(CDX, json.dumps([HEADER, [], ["x" * 1_000_000]]).encode()), "wayback", "holds no copy",
    ),
    "index of other spellings": (
        answers(CDX, table(["20231006120000", f"{URL}?\ud800\r\n", "", "200", "A"],
                           ["20231006120000", f"{URL}?{'x' * 9_000}", "", "200", "B"])),
        "wayback", "of which none can be had",
    ),
    "429 that asks for an eternity": (
        answers(CDX, b"", status=429, headers=(("Retry-After", "9" * 400),)), "wayback", "HTTP 429",
    ),
    "503 that asks for what is no number": (
        answers(CDX, b"", status=503, headers=(("Retry-After", "1e999"),)), "wayback", "HTTP 503",
    ),
    "memento of tomorrow that is no page": (
        answers(CDX, table(["20990101000000", URL, "text/html", "200", "A"])), "wayback", "2099-01-01",
    ),
    "TimeMap of years that are none": (
        answers(MAP, links((MEMENTO.replace("2023", "9999"), "Fri, 31 Dec 9999 23:59:59 -1200"))), "memento",
        "of which none can be had",
    ),
    "TimeMap without end": (answers(MAP, links((MEMENTO, "")) * 40_000), "memento", "more than 4194304 bytes"),
    "TimeMaps in a circle": (
        answers(MAP, b",".join(b'<https://arquivo.pt/wayback/timemap/%d>;rel=timemap' % n for n in range(99))),
        "memento", "holds no copy",
    ),
    "crawls 100,000 deep": (answers(LIST, DEEP, times=1), "common_crawl", "not JSON"),
    "crawl index of numbers": (
        answers(INDEX, json.dumps({"timestamp": "20231006120000", "url": URL, "offset": "9" * 5_000, "length": "9" * 30,
                                   "filename": "crawl-data/a/b.warc.gz"}).encode(), times=1),
        "common_crawl", "of which none can be had",
    ),
    "crawl index 100,000 deep": (answers(INDEX, DEEP, times=1), "common_crawl", "not JSON"),
    "record of another range": (
        answers(DATA, b"", status=206, headers=(("Content-Range", f"bytes {'9' * 5_000}-1/2"),), times=1),
        "common_crawl", "other bytes of the file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_answer_is_refused_by_name_and_the_run_goes_on(rescuer: Rescuer, name: str) -> None:
    arrange, source, words = ABSURD[name]
    rescuer.archives.crawls.put(CRAWL, copy(days=60))
    rescuer.archives.crawls.put("CC-MAIN-2024-10", copy(days=160))
    if source == "common_crawl":
        rescuer.archives.other_shelf.put(copy(b"<p>no page</p>"))
    arrange(rescuer.archives)

    summary = rescuer.rescue(timemaps=("https://arquivo.pt/wayback/timemap/link/",), clock=FakeClock(datetime.now(UTC)))

    assert any(words in reason for found, _, reason in rescuer.attempts() if found == source), rescuer.attempts()
    (run,) = rescuer.rows("SELECT ended_by, finished_at IS NOT NULL, note FROM runs ORDER BY id DESC LIMIT 1")
    assert run[:2] == ("finished", 1)
    if name != "crawls 100,000 deep":
        assert (LOST, "common_crawl") in rescuer.held(), "the next archive has it"
        assert summary.exit_code == 0
    assert rescuer.run("verify") == 0


@pytest.mark.parametrize(
    "said",
    [
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 1601 00:00:00 +1400",
        "9" * 5_000,
        "Fri, 31 Dec 2098 23:59:59 GMT",
    ],
)
def test_a_copy_is_never_of_a_day_that_none_can_be_of(rescuer: Rescuer, said: str) -> None:
    rescuer.archives.shelf.put(copy())
    rescuer.archives.faults.replies(PLAY, page(), headers=(("Memento-Datetime", said),))

    assert rescuer.rescue().exit_code == 0
    ((at,),) = rescuer.rows("SELECT source_at FROM captures WHERE source = 'wayback'")
    assert at == f"{copy().at:%Y-%m-%dT%H:%M:%S}.000Z" or said.endswith("GMT")
    assert at < f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.999Z}"


# ─── Save Page Now ──────────────────────────────────────────────────────────────────────────────


SAVES = {
    "100,000 deep": (DEEP, ()),
    "a number of 10,000 digits": (b'{"job_id": ' + b"9" * 10_000 + b"}", ()),
    "not a number": (b'{"job_id": NaN, "status": Infinity, "message": [1e999]}', ()),
    "a job of a megabyte": (json.dumps({"job_id": "a" * 900_000}).encode(), ()),
    "a job that is a path": (b'{"job_id": "../../../../etc/passwd"}', ()),
    "headings without end": (b"<h2" * 300_000, ()),
    "an eternity": (b'{"message": "slow down"}', (("Retry-After", "9" * 400),)),
}


@pytest.mark.parametrize("name", SAVES)
def test_an_absurd_answer_of_save_page_now_loses_no_push(held: Path, tmp_path: Path, name: str) -> None:
    body, headers = SAVES[name]
    with pusher_of(held, tmp_path) as rescuer:
        rescuer.archives.faults.replies("web.archive.org/save*", body, "application/json", headers=headers, times=1)
        first = rescuer.push(str(ONE), "-q")
        assert first in {3, 4}
        assert rescuer.state() == "queued"
        ends(rescuer)
        rescuer.clock.advance(days=9)

        assert rescuer.push(str(ONE), "-q") == 0, "it is gone on with"
        assert rescuer.state() == "confirmed"


def ends(rescuer: Pusher) -> None:
    assert rescuer.rows("SELECT count(*) FROM runs WHERE finished_at IS NULL") == [(0,)]


# ─── a run that breaks ──────────────────────────────────────────────────────────────────────────


class BrokenClock(FakeClock):
    """A clock that is a bug: it raises once, the so manyth time that it is asked."""

    def __init__(self, times: int, error: BaseException) -> None:
        super().__init__(datetime.now(UTC))
        self.left = times
        self.error = error

    def now(self) -> datetime:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return super().now()


def runs_of(db: Path) -> list[tuple[object, ...]]:
    return rows(db, "SELECT ended_by, exit_code, finished_at IS NULL FROM runs ORDER BY id DESC LIMIT 1")


BUGS = {
    "a bug": (RuntimeError("a bug"), ("error", 1, 0)),
    "no memory": (MemoryError(), ("error", 1, 0)),
    "a number": (OverflowError("date value out of range"), ("error", 1, 0)),
    "Ctrl-C": (KeyboardInterrupt(), ("interrupted", 130, 0)),
}


@pytest.mark.parametrize(
    ("times", "name"),
    [(3, "a bug"), (9, "no memory"), (17, "a number"), (9, "Ctrl-C"),
     *(deeper(times, name) for times in (3, 9, 17) for name in BUGS)],
)  # fmt: skip
def test_a_rescue_that_breaks_is_closed(rescuer: Rescuer, times: int, name: str) -> None:
    error, ended = BUGS[name]
    rescuer.archives.shelf.put(copy())
    clock = BrokenClock(times, error)
    with suppress(type(error)):
        rescuer.rescue(clock=clock)
    assert clock.left <= 0
    assert runs_of(rescuer.db) == [ended]
    assert rescuer.run("verify") == 0


@pytest.mark.parametrize("times", [2, 4, 8, 20])
def test_a_fetch_that_breaks_is_closed(tmp_path: Path, times: int) -> None:
    with StandIn(terse_site(2)) as standin:
        file, db = config_for(standin, tmp_path), tmp_path / "a.db"
        clock = BrokenClock(times, RuntimeError("a bug"))
        with pytest.raises(RuntimeError, match="a bug"):
            fetching.fetch(config.load(file), db, fetching.FetchOptions(), clock=clock)
        assert runs_of(db) == [("error", 1, 0)]
        assert "a bug: RuntimeError: a bug" in rows(db, "SELECT note FROM runs")[0][0]

        assert run_fetch(db, file).exit_code == 0, "the next run finds an archive in order"


@pytest.mark.parametrize("times", [2, 5, 12])
def test_a_push_that_breaks_is_closed(held: Path, tmp_path: Path, times: int) -> None:
    with pusher_of(held, tmp_path) as rescuer:
        clock = BrokenClock(times, RuntimeError("a bug"))
        with pytest.raises(RuntimeError):
            pushing.push(config.load(rescuer.config), rescuer.db, pushing.PushOptions(), clock=clock)
        assert runs_of(rescuer.db) == [("error", 1, 0)]
        assert rescuer.push(str(ONE), "-q") == 0


@pytest.mark.parametrize(("times", "name"), [(2, "a bug"), (3, "no memory"), (3, "Ctrl-C"), (4, "a bug")])
def test_an_import_that_breaks_is_closed_and_keeps_whole_files_alone(
    held: Path, tmp_path: Path, times: int, name: str
) -> None:
    error, ended = BUGS[name]
    db, files = tmp_path / "a.db", [tmp_path / "1.warc", tmp_path / "2.warc"]
    shutil.copy(held, db)
    before = len(rows(db, "SELECT id FROM fetches"))
    for file, numbers in zip(files, (PARTS[:2], PARTS[2:4]), strict=True):
        file.write_bytes(made.warc(*((made.SITE + f"/articles/{number}", page(number)) for number in numbers)))
    clock = BrokenClock(times, error)
    with suppress(type(error)):
        importing.import_files(config.Config(), db, tuple(files), clock=clock)

    assert clock.left <= 0, "it broke"
    assert runs_of(db) == [ended]
    assert (len(rows(db, "SELECT id FROM fetches")) - before) % 2 == 0, "both responses of a file, or none"
    assert cli.run(["verify", "--db", str(db), "-q"]) == 0
    assert importing.import_files(config.Config(), db, tuple(files)).exit_code == 0


def test_a_bug_is_told_and_exits_with_one(rescuer: Rescuer) -> None:
    rescuer.archives.shelf.put(copy())
    with pytest.raises(RuntimeError):
        rescuing.rescue(
            rescuer.settings(), rescuer.db, rescuing.RescueOptions(), clock=BrokenClock(5, RuntimeError("x"))
        )
    assert rescuer.rescue().exit_code == 0
