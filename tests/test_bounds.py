"""What has no end of its own ends here: pagers, events, memory."""

from __future__ import annotations

import random
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED
from zlib import compressobj

import pytest
import saved_files as made
from archives import SERIES, archive_at, body, part, url_of
from children import Children
from depths import always
from fakes import START
from rescuers import copy, page, rescuer_of
from runs import SERIES as REAL_SERIES
from runs import config_for, rows, run_fetch, series_counts, small_site, terse_site

from archiver import ithome, pages
from archiver.archive.frontier import Scope
from archiver.formats.values import MOST_BYTES
from archiver.model import Address, Kind
from archiver.model.readings import SeriesPage
from archiver.pages import MAX_BYTES
from archiver.pages.scan import MAX_WORDS
from archiver.standin import StandIn, render_lists
from archiver.standin.images import png
from archiver.standin.render import Moment

# ─── pagers ─────────────────────────────────────────────────────────────────────────────────────


def test_an_endless_pager_ends_soon_and_every_part_is_asked(tmp_path: Path) -> None:
    with StandIn(terse_site(3)) as standin:
        standin.faults.endless()
        file = config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
        summary = run_fetch(tmp_path / "a.db", file)
        asked = [entry.target for entry in standin.log if "/ironman/5943" in entry.target]

    assert len(asked) == 3, "one page is announced, and two more are looked at"
    assert series_counts(tmp_path / "a.db") == (3, 3, 0)
    assert summary.exit_code in {0, 3}
    problems = rows(tmp_path / "a.db", "SELECT DISTINCT field, problem FROM parse_problems WHERE field = 'next_page'")
    assert problems == [("next_page", "endless")]


@pytest.mark.parametrize(
    ("declared", "number", "next_page"),
    [("30", 2, 3), ("30", 5, None), ("999999999", 50, 51), ("999999999", 100, None), ("", 99, 100), ("", 100, None)],
)
def test_a_next_page_is_believed_within_what_is_announced(declared: str, number: int, next_page: int | None) -> None:
    site = terse_site(3)
    html = render_lists.series_page(site, site.series[5943], 1, Moment(1, START))
    html = html.replace("共 3 篇", f"共 {declared} 篇").replace("共3篇", f"共{declared}篇")
    pager = f'<ul class="pager"><li><a rel="next" href="{REAL_SERIES}?page={number + 1}">下一頁</a></li></ul>'
    address = ithome.classify(f"{REAL_SERIES}?page={number}")
    assert isinstance(address, Address)

    page = pages.read(address, html.replace("</body>", f"{pager}</body>").encode(), "text/html").page
    assert isinstance(page, SeriesPage)
    assert page.declared_parts == (int(declared) if declared else None)
    assert page.next_page == next_page


def test_the_far_pages_of_a_list_are_asked_after_the_parts(tmp_path: Path) -> None:
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        case.answer(SERIES, SeriesPage(5943, "a series", part(1).author, declared_parts=900, next_page=11))
        case.answer(url_of(1), part(1))
        case.archive.library.settle()
        scope = Scope(case.archive.source_ids(None), force=True)
        due = [one.address for one in case.archive.due(scope, case.clock.now(), limit=99)]
        far = next(address for address in due if address.page_number == 11)
    assert [address.kind for address in due].index(Kind.ARTICLE) < due.index(far)


# ─── events ─────────────────────────────────────────────────────────────────────────────────────


def test_events_grow_with_the_parts_and_not_with_their_square(tmp_path: Path) -> None:
    numbers = [*range(60, 30, -1), *range(1, 31), 7, 60]  # in no good order, some twice
    with archive_at(tmp_path / "a.db") as case:
        case.source(SERIES)
        for number in numbers:
            case.answer(
                url_of(number), part(number, title_day=1, body=body("the same words " * 40), title="[Day 01] the same")
            )
        case.archive.library.settle()
        told = case.rows("SELECT kind, count(*) AS n FROM events GROUP BY kind")
        alone = case.rows("SELECT DISTINCT article_id FROM events WHERE kind = 'reposted'")

    counts = {row["kind"]: row["n"] for row in told}
    assert 59 <= counts["duplicate_day"] <= 120
    assert 59 <= counts["reposted"] <= 120
    assert len(alone) == 59, "each but the first is told"


# ─── memory ─────────────────────────────────────────────────────────────────────────────────────

MOST_MB = 150
PART = 10319293
ITHOME = "https://ithelp.ithome.com.tw"
LARGEST = 15_800_000  # bytes; a little less than network.max_body_bytes, with the page around it
READ = MAX_BYTES - 100_000


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as made:
        yield made


def _never_repeating(letters: int) -> str:
    rng = random.Random(1)
    return "".join(chr(rng.randrange(0x4E00, 0xA000)) for _ in range(letters))


WORST: dict[str, Callable[[], str]] = {  # each of megabytes, made when it is wanted
    "one address": lambda: f'<a href="https://a.example/{"x" * LARGEST}">x</a>',
    "one address that is read": lambda: f'😀<a href="https://a.example/{"x" * READ}">x</a>',
    "Chinese words": lambda: "<p>" + "漢字" * (MAX_WORDS // 2 - 10_000),
    "Chinese words that never repeat": lambda: "<p>" + _never_repeating(MAX_WORDS - 20_000),
    "lines of code": lambda: "<pre><code>" + "漢\n" * (MAX_WORDS // 2 - 10_000),
    "addresses": lambda: '<a href="https://a.example/%s">x</a>' % ("y" * 500) * 4_000,
}


@pytest.mark.parametrize(
    "what", always(WORST, "one address that is read", "Chinese words that never repeat", "lines of code", "addresses")
)
def test_no_page_takes_more_memory_than_it_may(children: Children, tmp_path: Path, what: str) -> None:
    with StandIn(terse_site(2)) as standin:
        standin.faults.edit(PART, body=WORST[what]())
        file = config_for(standin, tmp_path, sources=f'[[sources]]\nurl = "{REAL_SERIES}"')
        ended = children.run("fetch", "--db", tmp_path / "a.db", "--config", file, "-q")

    assert ended.peak_mb < MOST_MB
    assert ended.code in {0, 3}, ended.err
    assert rows(tmp_path / "a.db", "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id"
                                   " WHERE article_id = ?", PART) == [(1,)], "it is kept"  # fmt: skip


def test_no_picture_takes_more_memory_than_it_may(children: Children, tmp_path: Path) -> None:
    packed = compressobj(9, wbits=31)
    bomb = b"".join(packed.compress(bytes(1_048_576)) for _ in range(200)) + packed.flush()
    with StandIn(small_site(3)) as standin:
        standin.faults.replies("image", bomb, "image/png", headers=(("Content-Encoding", "gzip"),))
        ended = children.run("fetch", "--db", tmp_path / "a.db", "--config",
                             config_for(standin, tmp_path, images=True), "-q")  # fmt: skip

    assert ended.peak_mb < MOST_MB
    assert ended.code in {0, 3}, ended.err
    outcomes = "SELECT DISTINCT outcome FROM fetches JOIN pages ON pages.id = page_id WHERE kind = 'image'"
    assert ("too_large",) in rows(tmp_path / "a.db", outcomes)


LINK = b'<https://arquivo.pt/wayback/20231006120000/https://ithelp.ithome.com.tw/articles/10323209>; rel="memento",'
ANSWERS = {
    "a TimeMap": ("arquivo.pt/wayback/timemap*", LINK * (LARGEST // len(LINK))),
    "a TimeMap that is read": ("arquivo.pt/wayback/timemap*", "😀".encode() + LINK * (MOST_BYTES // len(LINK) - 1)),
    "parameters": ("arquivo.pt/wayback/timemap*", "😀".encode() + b"<https://arquivo.pt/x>" + b";a=b" * 1_000_000),
    "an index": ("web.archive.org/cdx*", b"[" + b"[]," * (LARGEST // 3) + b"[]]"),
    "a memento": ("web.archive.org/web/*", page().replace(b"</body>", b"<!--" + b"x" * LARGEST + b"--></body>")),
}


@pytest.mark.parametrize("what", always(ANSWERS, "a TimeMap that is read", "parameters", "an index", "a memento"))
def test_no_answer_of_an_archive_takes_more_memory_than_it_may(
    children: Children, lost: Path, tmp_path: Path, what: str
) -> None:
    target, answer = ANSWERS[what]
    with rescuer_of(lost, tmp_path, "feed = false\ncommon_crawl = false") as rescuer:
        rescuer.archives.shelf.put(copy(days=9, body=b"x") if "memento" not in what else copy())
        how = (("Memento-Datetime", "Fri, 06 Oct 2023 12:00:00 GMT"),) if what == "a memento" else ()
        rescuer.archives.faults.replies(target, answer, headers=how)
        ended = children.run("rescue", "--db", rescuer.db, "--config", rescuer.config, "-q")

    assert ended.peak_mb < MOST_MB
    assert ended.code in {0, 3}, ended.err


PAGE = f"{ITHOME}/articles/{PART}"
EMOJI = "😀".encode()
MHTML = (
    b"MIME-Version: 1.0\r\nSnapshot-Content-Location: %s\r\n"
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n%s--b--\r\n'
)


def har_of(text: bytes) -> bytes:
    """A HAR of one response, with an emoji, for which Python takes four bytes a letter."""
    entry = b'{"request": {"url": "%s"}, "response": {"status": 200, "content": {"text": "%s%s"}}}'
    return b'{"log": {"entries": [%s]}}' % (entry % (PAGE.encode(), EMOJI, text))


def mhtml_of(part: bytes, times: int = 1) -> bytes:
    """A page saved by Chromium, of so many parts."""
    return MHTML % (PAGE.encode(), b"--b\r\nContent-Type: text/html\r\n%s\r\n" % part * times)


def carrying(source: bytes) -> bytes:
    """A page saved by SingleFile that shows a picture which it carries in itself."""
    whole = made.singlefile(PAGE, page(PART))
    shown = whole.index(b'<div class="markdown__style">') + len(b'<div class="markdown__style">')
    return whole[:shown] + EMOJI + b'<img src="%s">' % source + whole[shown:]


def described(package: bytes) -> bytes:
    """A WACZ with this for its description."""
    record = made.plain_record(PAGE, made.http(page(PART)))
    return made.zipped({"archive/a.warc": record, "datapackage.json": package}, ZIP_DEFLATED)


FILES: dict[str, Callable[[], bytes]] = {
    "a HAR of one response": lambda: har_of(b"x" * 16_000_000),
    "a HAR of one response that is too large": lambda: har_of(b"x" * 40_000_000),
    "a HAR of lists": lambda: b'{"log": {"entries": [{"x": [' + b"[]," * 300_000 + b"0]}]}}",
    "a page with a picture": lambda: carrying(b"data:image/png;base64," + b64encode(png("a") + bytes(11_800_000))),
    "a page with a text": lambda: carrying(b"") + b"<!--" + b"x" * 15_800_000,
    "an MHTML": lambda: mhtml_of(b"\r\n" + b"x" * 60_000_000),
    "an MHTML of headers": lambda: mhtml_of(b"a:b\r\n" * 12_000 + b"\r\nx", 900),
    "a WACZ with a description": lambda: described(b'{"resources": [], "x": "%s%s"}' % (EMOJI, b"x" * 16_000_000)),
}


MORE = {"a HAR of one response that is too large", "a page with a text", "an MHTML of headers"}


@pytest.mark.parametrize("what", always(FILES, *(name for name in FILES if name not in MORE)))
def test_no_file_takes_more_memory_than_it_may(children: Children, lost: Path, tmp_path: Path, what: str) -> None:
    db, file = tmp_path / "a.db", tmp_path / "file"
    shutil.copy(lost, db)
    file.write_bytes(FILES[what]())
    ended = children.run("import", "--db", db, file, "-q")

    assert ended.peak_mb < MOST_MB
    assert ended.code in {0, 2, 3}, ended.err
