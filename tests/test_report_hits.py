"""The words of `search` and `diff`, of notices, and what a terminal shows while a run goes on."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes import START, article, reply

from archiver.archive.search import Hit, Hits
from archiver.archive.versions import Version
from archiver.commands.comparing import Comparison
from archiver.commands.listening import About, Notice, Step
from archiver.diff import Piece, Section
from archiver.model import Address, Exchange, Judgement, Kind, Outcome
from archiver.report import comparisons, hits, terminal
from archiver.report.notices import notice_line

HIT = Hit(5, "Day 5", 7, 3, "https://a.example/5", 1.5, (("快取", True), ("與所有權 ", False)))
NO_TITLE = replace(HIT, title=None, series_id=None, position=None)


def found(*of: Hit, total: int | None = None, **given: Any) -> Hits:
    return Hits(list(of), len(of) if total is None else total, **({"is_indexed": True} | given))


def test_a_hit_has_a_row_and_an_object() -> None:
    assert hits.table(found(HIT, NO_TITLE)) == [
        ("5", "7", "3", "Day 5", "«快取»與所有權"), ("5", "", "", "(no title)", "«快取»與所有權"),
    ]  # fmt: skip
    assert hits.COLUMNS == ("article", "series", "part", "title", "snippet")
    assert hits.as_json("快\udc00取", found(HIT)) == {
        "query": "快\ufffd取",
        "is_demonstration": False,
        "hits": [{"id": 5, "title": "Day 5", "series_id": 7, "position": 3, "snippet": "«快取»與所有權", "score": 1.5,
                  "url": "https://a.example/5"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("of", "quiet", "expected"),
    [
        (found(HIT), False, []),
        (found(), False, ["Nothing here holds all of: a b"]),
        (found(), True, []),
        (found(HIT, total=3), False, ["The best 1 of 3; --limit shows more."]),
        (found(HIT, total=3, is_counted=False), False, ["The best 1 of at most 3; --limit shows more."]),
        (found(HIT, total=3), True, []),
        (found(HIT, is_indexed=False), True,
         ["The search index is not whole, so every text was read; `archiver verify --repair` mends it."]),
    ],
)  # fmt: skip
def test_what_stands_beside_the_hits_is_said(of: Hits, quiet: bool, expected: list[str]) -> None:
    assert hits.notes("a\u202e b", of, quiet=quiet) == expected


def test_a_long_query_is_cut() -> None:
    assert hits.notes("q" * 201, found(), quiet=False) == [f"Nothing here holds all of: {'q' * 199}…"]


# ─── diff ───────────────────────────────────────────────────────────────────────────────────────

OLD, NEW = (
    Version(number, f"2026-11-0{number}T12:34:56Z", f"2026-11-1{number}T00:00:00Z", None, b"") for number in (1, 2)
)
PROSE = Section("prose", (Piece("equal", "一" * 100), Piece("delete", "舊"), Piece("insert", "新")))
CODE = Section("code", (Piece("equal", "a\n"), Piece("delete", "b\n"), Piece("insert", "c d\n")))
COMPARED = Comparison(5, OLD, NEW, (PROSE, CODE), only_dress=False, is_demonstration=False)
HEADING = "5: capture 1 of 2026-11-01 12:34 UTC → capture 2 of 2026-11-02 12:34 UTC"


def test_versions_without_a_difference_say_what_is_the_same() -> None:
    assert comparisons.heading(COMPARED) == HEADING
    assert comparisons.without_sections(replace(COMPARED, new=OLD)) == (
        "5: no change was seen; one text is held, capture 1"
    )
    assert comparisons.without_sections(COMPARED) == (
        f"{HEADING}: no difference; title, tags and body are the same to the letter"
    )
    assert comparisons.without_sections(replace(COMPARED, only_dress=True)) == (
        f"{HEADING}: only its dress changed; the text is the same to the letter"
    )


def test_a_comparison_is_a_document() -> None:
    told = comparisons.as_json(COMPARED)

    assert (told["id"], told["only_dress"], told["is_demonstration"]) == (5, False, False)
    assert told["from"] == {
        "capture_id": 1, "first_seen_at": "2026-11-01T12:34:56Z", "last_seen_at": "2026-11-11T00:00:00Z",
    }  # fmt: skip
    assert told["to"]["capture_id"] == 2
    assert told["changes"][0] == {
        "section": "prose",
        "changes": [{"op": "equal", "text": "一" * 100}, {"op": "delete", "text": "舊"},
                    {"op": "insert", "text": "新"}],
    }  # fmt: skip


def test_in_a_pipe_a_difference_has_signs(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_comparison(COMPARED)

    assert capsys.readouterr().out == (
        f"{HEADING}\n\n@@ prose @@\n…{'一' * 40}[-舊-]{{+新+}}\n\n@@ code @@\n a\n-b\n+c d\n\n"
    )


@pytest.mark.parametrize(
    ("length", "first", "last", "expected"),
    [
        (80, False, False, "x" * 80),
        (81, False, False, f"{'x' * 40}…{'x' * 40}"),
        (81, True, False, f"…{'x' * 40}"),
        (81, False, True, f"{'x' * 40}…"),
        (81, True, True, "…"),
    ],
)
def test_of_a_long_unchanged_piece_stands_what_is_beside_the_changes(
    length: int, first: bool, last: bool, expected: str
) -> None:
    assert terminal._shortened(Piece("equal", "x" * length), first=first, last=last) == expected
    assert terminal._shortened(Piece("insert", "x" * length), first=first, last=last) == "x" * length


def test_hits_are_printed_with_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_hits([HIT, NO_TITLE, replace(HIT, position=None), replace(HIT, series_id=None)])

    assert capsys.readouterr().out.splitlines() == [
        "5  Day 5  series 7, part 3", "    快取與所有權 ", "5  (no title)", "    快取與所有權 ", "5  Day 5",
        "    快取與所有權 ", "5  Day 5", "    快取與所有權 ",
    ]  # fmt: skip


def test_numbers_stand_right_and_titles_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(("article", "parts", "title"), [("5", "3", "[red]x")])

    assert capsys.readouterr().out.splitlines() == ["article  parts  title ", "5            3  [red]x"]


# ─── while a run goes on ────────────────────────────────────────────────────────────────────────


def step(outcome: Outcome = Outcome.OK, *, tries: int = 1, final: bool = True, reason: str = "it is there") -> Step:
    address = article(5)
    exchange = Exchange(address, reply(address.url, b"x", START), tries=tries, final=final)
    return Step(address, exchange, Judgement(outcome, reason), done=3, left=4)


URL = "https://ithelp.ithome.com.tw/articles/5"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (step(), f"[3/7] ok 5 ms {URL}"),
        (step(Outcome.UNCHANGED), f"[3/7] unchanged 5 ms {URL}"),
        (step(Outcome.NOT_FOUND, reason="HTTP 404"), f"[3/7] not_found 5 ms {URL}: HTTP 404"),
        (step(Outcome.TIMEOUT, tries=2, final=False, reason="slow"), f"[…] timeout 5 ms (try 2) {URL}: slow"),
        (step(Outcome.SKIPPED, reason="left alone"), f"[3/7] skipped {URL}: left alone"),
    ],
)
def test_an_exchange_is_one_line(of: Step, expected: str) -> None:
    assert terminal.step_line(of) == expected


NOTICES: dict[About, str] = {
    About.NO_CONTACT: ("No contact is set, so the site cannot tell who asks: set network.contact (URL or mail) in A."),
    About.DUMPED: "A: read back from a dump, which loses the mark of an archive; it is marked again.",
    About.CHANGED: "Changed: A; `archiver verify` goes on saying so.",
    About.PUT_BACK: "Put back: A",
    About.MENDED: "Repaired: A",
    About.NOT_NAMED: "A: the config names it no longer, so it is asked no more; nothing is deleted",
    About.NAMED: "A: kept from now on, also by `archiver fetch` alone; `archiver forget` takes it back",
    About.PACKAGED_KEPT: "No config of your own: what the packaged one names is kept, A.",
    About.PACKAGED_LEFT: "No config of your own: kept is what you named (A), not what the packaged one names, B.",
}


def test_each_notice_has_its_words() -> None:
    assert {about: notice_line(Notice(about, "A", "B")) for about in About} == NOTICES
    assert "in ~/.config/archiver/archiver.toml, with the [[sources]]" in notice_line(Notice(About.NO_CONTACT))
    assert notice_line(Notice(About.MENDED, "m" * 401)) == f"Repaired: {'m' * 399}…"
    assert notice_line(Notice(About.PACKAGED_LEFT, "A", "m" * 401)).endswith(f"names, {'m' * 399}….")


def heard(capsys: pytest.CaptureFixture[str], *steps: Step) -> list[str]:
    with terminal.progress(quiet=False, delay_s=5.0) as listener:
        hear: Callable[[Step], None] = listener.step
        for one in steps:
            hear(one)
    return capsys.readouterr().err.splitlines()


def test_where_there_is_no_terminal_each_page_is_a_line_and_a_host_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    skipped = step(Outcome.SKIPPED, reason="left alone")

    assert heard(capsys, step(), step()) == [f"[3/7] ok 5 ms {URL}"] * 2
    assert heard(capsys, skipped, skipped) == [f"[3/7] skipped {URL}: left alone"]
    assert heard(capsys, step(Outcome.MOVED, final=False)) == []
    assert heard(capsys, step(Outcome.TIMEOUT, final=False, reason="slow")) == [f"[…] timeout 5 ms {URL}: slow"]


def test_who_wants_quiet_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress(quiet=True, delay_s=5.0) as listener:
        listener.step(step())
    assert capsys.readouterr().err == ""


# ─── on a terminal ──────────────────────────────────────────────────────────────────────────────


class Screen(io.StringIO):
    """A stream that says that it is a terminal."""

    beside: Screen  # what goes to stderr, of the one that is stdout

    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Screen]:
    """Gives what stands on the terminal from then on."""

    def begin() -> Screen:
        made = Screen()
        made.beside = Screen()
        for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "200")):
            monkeypatch.setenv(name, value)
        for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "stdout", made)
        monkeypatch.setattr(sys, "stderr", made.beside)
        return made

    return begin


def test_on_a_terminal_a_difference_has_colours_and_no_signs(on_terminal: Callable[[], Screen]) -> None:
    screen = on_terminal()
    pieces = (("insert", "新"), ("equal", "一" * 100), ("delete", "舊\t\x1b\n"), ("equal", "二" * 100))
    short = Section("prose", tuple(Piece(*one) for one in pieces))
    terminal.print_comparison(replace(COMPARED, sections=(short, CODE)))

    beside = "一" * 40
    assert screen.getvalue().startswith(
        f"\x1b[1m{HEADING}\x1b[0m\n\n\x1b[36m@@ prose @@\x1b[0m\n\x1b[32m新\x1b[0m{beside}…"
    )
    assert f"{beside}\x1b[9;31m舊" in screen.getvalue()
    assert f"{'二' * 40}…\n" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[36m@@ code @@\x1b[0m\n a\n\x1b[31m-b\x1b[0m\n\x1b[32m+c d\x1b[0m\n\n")


def test_colours_can_be_refused(on_terminal: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.print_comparison(COMPARED)

    assert "\x1b[9m[-舊-]\x1b[0m{+新+}" in screen.getvalue()
    assert "\x1b[3" not in screen.getvalue()
    assert ";3" not in screen.getvalue()


def test_on_a_terminal_a_hit_is_bold(on_terminal: Callable[[], Screen]) -> None:
    screen = on_terminal()
    terminal.print_hits([HIT])

    terminal.print_table(("title",), [("[b]x",)])

    assert screen.getvalue() == (
        "\x1b[36m5\x1b[0m  \x1b[1mDay 5\x1b[0m  series 7, part 3\n    \x1b[1m快取\x1b[0m與所有權 \n"
        "\x1b[1mtitle\x1b[0m\n[b]x \n"
    )


def test_a_long_title_is_folded_and_other_words_are_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    numbers = ("parts", "safe", "rescued", "missing", "gone", "changed", "part")
    for column in numbers:
        terminal.print_table((column, "x"), [("1", "y" * 9)])
    told = capsys.readouterr().out.splitlines()[1::2]
    terminal.print_table(("state", "title"), [("s" * 12, "[b]" + "t" * 27)])

    assert told == [f"{1:>{len(column)}}  {'y' * 9}" for column in numbers]
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == [f"[b]{'t' * 13}", "t" * 14]


def test_the_live_line_says_how_far_a_run_is_and_faults_stay_above_it(on_terminal: Callable[[], Screen]) -> None:
    screen = on_terminal()
    with terminal.progress(quiet=False, delay_s=2.5) as listener:
        listener.step(step(Outcome.NOT_FOUND, reason="HTTP 404"))
        for one in (Outcome.OK, Outcome.UNCHANGED, Outcome.MOVED):
            listener.step(step(one))
        robots = Address("https://a.example/robots.txt", Kind.ROBOTS)
        about = step(Outcome.FORBIDDEN, reason="of robots")
        listener.step(replace(about, exchange=replace(about.exchange, address=robots)))
        listener.notice(Notice(About.PUT_BACK, "A"))
    shown = screen.beside.getvalue()

    assert " beginning …" in shown
    assert "3 of 7 pages · one every 2.5 s · about 10 s left · article 5" in shown
    with terminal.progress(quiet=False, delay_s=3.0) as listener:
        listener.step(step())
    assert "3 of 7 pages · one every 3 s · about 12 s left · article 5" in screen.beside.getvalue()
    assert f"[3/7] not_found 5 ms {URL}: HTTP 404\n" in shown
    assert [word for word in ("ok 5 ms", "unchanged 5 ms", "moved 5 ms", "of robots") if word in shown] == []
    assert "Put back: A" in shown
    assert screen.getvalue() == ""


def test_a_terminal_that_can_do_nothing_gets_a_line_a_page(
    on_terminal: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = on_terminal()
    monkeypatch.setenv("TERM", "dumb")
    with terminal.progress(quiet=False, delay_s=5.0) as listener, terminal.counting(quiet=False) as count:
        listener.step(step())
        count(20, 100)

    assert screen.beside.getvalue() == f"[3/7] ok 5 ms {URL}\n"


def test_what_is_counted_is_no_line_in_a_file_though_colours_are_forced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with terminal.counting(quiet=False) as count:
        count(20, 100)
        count(40, 100)

    assert capsys.readouterr().err == ""


def test_the_reading_of_many_captures_is_counted_on_a_terminal_alone(
    on_terminal: Callable[[], Screen], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = on_terminal()
    with terminal.counting(quiet=True) as count:
        count(2_000, 8_000)
    assert screen.beside.getvalue() == ""
    with terminal.counting(quiet=False, seconds=iter((100.0, 120.0)).__next__) as count:
        for done in (1, 2_000, 2_001):
            count(done, 8_000)
    assert " 2,000 of 8,000 stored answers read · about 1 min left" in screen.beside.getvalue()
    with terminal.counting(quiet=False, seconds=iter((100.0, 120.0)).__next__) as count:  # gone on with
        for done in (6_000, 7_000):
            count(done, 8_000)
    assert " 7,000 of 8,000 stored answers read · about 20 s left" in screen.beside.getvalue()
    with terminal.counting(quiet=False):
        pass
    assert " looking at the file …" in screen.beside.getvalue()
    assert not re.search("…[^\r\n\x1b]", screen.beside.getvalue())
    assert screen.getvalue() == ""


@pytest.mark.parametrize(
    ("quiet", "told"), [(True, ["Put back: A"]), (False, [NOTICES[About.NO_CONTACT], "Put back: A"])]
)
def test_who_wants_quiet_hears_only_of_what_matters(
    quiet: bool, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal.progress(quiet=quiet, delay_s=5.0) as listener:
        listener.notice(Notice(About.NO_CONTACT, "A"))
        listener.notice(Notice(About.PUT_BACK, "A"))

    assert capsys.readouterr().err.splitlines() == told


def test_a_string_that_is_printed_as_it_is_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    terminal._console(stderr=False).print("[red]x[/red] [link=https://evil.example]y[/link] :smile:")

    assert capsys.readouterr().out == "[red]x[/red] [link=https://evil.example]y[/link] :smile:\n"


def test_a_line_breaks_nowhere_and_ends_somewhere() -> None:
    assert len(terminal.step_line(step(Outcome.NOT_FOUND, reason="r" * 500))) == 400
    assert terminal._visible("a\tb\nc\x1bd") == "a\tb\ncd"
    index = Address("https://blog.example/posts/", Kind.INDEX)
    assert terminal._name(replace(step(), address=index)) == "index blog.example"
    far = Address(f"https://{'h' * 60}.example/", Kind.INDEX)
    assert terminal._name(replace(step(), address=far)) == f"index {'h' * 53}…"
    assert (
        terminal._name(replace(step(), address=Address("https://a.example/7", Kind.SERIES, series_id=7))) == "series 7"
    )


def test_a_narrow_terminal_breaks_no_notice_and_no_word_of_a_table(
    on_terminal: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = on_terminal()
    monkeypatch.setenv("COLUMNS", "30")
    with terminal.progress(quiet=False, delay_s=5.0) as listener:
        listener.step(step())
        listener.notice(Notice(About.PUT_BACK, "A " * 30))
    terminal.print_table(("state", "title"), [("s t" * 20, "t")])

    assert f"Put back: {'A ' * 29}A" in screen.beside.getvalue()
    assert "\x1b[1m" in screen.getvalue(), "the head of a table"
    assert len(screen.getvalue().splitlines()) == 2, "nothing but a title takes a second line"
    assert "…" in screen.getvalue()


def test_who_has_every_request_logged_gets_no_second_line_of_it(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "archiver"):
        assert heard(capsys, step()) == []
