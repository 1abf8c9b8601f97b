"""`diff`: prose by words and code by lines, and what the command shows of an edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import as_json, config_for, rows, run_fetch, terse_site

from archiver import cli, diff
from archiver.standin import StandIn


def pieces(sections: tuple[diff.Section, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.name, [(piece.op, piece.text) for piece in one.pieces]) for one in sections]


def test_prose_is_compared_by_words_and_code_by_lines() -> None:
    code = "\n\n```rust\nlet a = 1;\nlet b = {};\n```\n\n不變的段落"
    old = diff.Text("Day 01 標題", ("rust",), "今天我們學習所有權的規則。" + code.format(2))
    new = diff.Text("Day 01 標題", ("rust", "ml"), "今天我們複習所有權的規則。" + code.format(3))

    assert pieces(diff.compare(old, new)) == [
        ("tags", [("equal", "rust "), ("insert", "ml ")]),
        ("prose", [("equal", "今天我們"), ("delete", "學"), ("insert", "複"), ("equal", "習所有權的規則。")]),
        (
            "code",
            [
                ("equal", "```rust\nlet a = 1;\n"),
                ("delete", "let b = 2;\n"),
                ("insert", "let b = 3;\n"),
                ("equal", "```\n"),
            ],
        ),
    ]


def test_a_paragraph_and_a_block_of_code_that_came_or_went_stand_whole() -> None:
    short, long = diff.Text("t", (), "一段"), diff.Text("t", (), "一段\n\n```\nlet a = 1;\n```\n\n另一段完全不同的文字")

    for op, found in (("insert", diff.compare(short, long)), ("delete", diff.compare(long, short))):
        assert {piece for section in found for piece in section.pieces if piece.op != op} == set()
        assert [section.name for section in found] == ["code", "prose"]


def test_diff_shows_the_last_edit_in_a_pipe_with_signs_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "archive.db"
    site = terse_site(5)
    edited = site.series[5943].part_ids[0]
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        run_fetch(db, file)
        standin.faults.edit(edited, title="[Day 01] 換了標題", body="<p>全新的內文</p>")
        run_fetch(db, file, force=True)

    assert cli.run(["diff", str(edited), "--db", str(db)]) == 0
    shown = capsys.readouterr().out
    assert "{+換了標題+}" in shown
    assert "\x1b" not in shown
    assert cli.run(["diff", str(edited), "--json", "--db", str(db)]) == 0
    document = as_json(capsys.readouterr().out)
    assert document["from"]["capture_id"] < document["to"]["capture_id"]
    assert document["changes"][0]["section"] == "title"
    held = str(document["from"]["capture_id"])
    assert cli.run(["diff", str(edited), "--from", held, "--to", "9999-12-31", "--db", str(db)]) == 0
    assert cli.run(["diff", str(edited), "--from", "1999-01-01", "--db", str(db)]) == 2
    assert "name a capture or a date" in capsys.readouterr().err


def test_an_edit_of_dress_alone_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db, site = tmp_path / "archive.db", terse_site(3)
    dressed, same = site.series[5943].part_ids[:2]
    with StandIn(site) as standin:
        file = config_for(standin, tmp_path)
        standin.faults.edit(dressed, body="<p>一段<b>粗體</b>的字。</p>")
        run_fetch(db, file)
        standin.faults.edit(dressed, body="<p>一段<strong>粗體</strong>的字。</p>")
        run_fetch(db, file, force=True)

    assert rows(db, "SELECT article_id, cosmetic FROM edits") == [(dressed, 1)]
    assert cli.run(["diff", str(dressed), "--db", str(db)]) == 0
    told = capsys.readouterr()
    assert "only its dress changed" in told.out + told.err
    assert "no change was seen" not in told.out + told.err
    assert cli.run(["diff", str(dressed), "--json", "--db", str(db)]) == 0
    document = as_json(capsys.readouterr().out)
    assert (document["only_dress"], document["changes"]) == (True, [])
    assert cli.run(["diff", str(same), "--db", str(db)]) == 0
    assert "no change was seen" in capsys.readouterr().err
