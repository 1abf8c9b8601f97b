"""What -v says: every request, wait and decision, a line each, and as many requests as every other count has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FakeClock
from runs import config_for, terse_site
from test_cli import under_a_terminal

from archiver import cli
from archiver.standin import StandIn
from archiver.text import event

KINDS = "run|request|left-out|wait|decision"
LINE = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z (?:{KINDS})" + r"""(?: [a-z_]+=(?:"[^"]*"|[^\s"]+))+""")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(terse_site(5)) as standin:
        yield standin


def test_v_logs_every_request_wait_and_decision_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], standin: StandIn
) -> None:
    standin.faults.refuse("article")
    config = config_for(standin, tmp_path, delay_s=2.0)

    code = cli.run(["fetch", "-v", "--db", str(tmp_path / "a.db"), "--config", str(config)], clock=FakeClock())

    lines = capsys.readouterr().err.splitlines()
    assert code == 4
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    requests = [line for line in lines if " request " in line]
    assert len(requests) == len(standin.log)
    assert sum(" wait host=" in line for line in lines) > 5
    assert any(" decision host=ithelp.ithome.com.tw kind=article rest_until=" in line for line in lines)
    assert any(" left-out " in line and "outcome=skipped" in line for line in lines)
    assert " run id=1 begun=fetch" in lines[0]
    assert " run id=1 ended=refused exit_code=4" in lines[-1]


def test_nothing_is_logged_without_v(tmp_path: Path, capsys: pytest.CaptureFixture[str], standin: StandIn) -> None:
    config = config_for(standin, tmp_path)
    cli.run(["fetch", "-q", "-v", "--db", str(tmp_path / "a.db"), "--config", str(config)])
    assert " request " in capsys.readouterr().err

    cli.run(["fetch", "-q", "--force", "--db", str(tmp_path / "a.db"), "--config", str(config)])

    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_log_is_not_garbled_by_a_live_line(tmp_path: Path, standin: StandIn) -> None:
    config = config_for(standin, tmp_path)

    seen = under_a_terminal("fetch", "-v", "--db", tmp_path / "a.db", "--config", config)

    assert seen.count(" request ") == len(standin.log)
    assert "\x1b[" not in seen
    assert "one every" not in seen


def test_a_hostile_reason_is_one_harmless_line() -> None:
    told = event(
        "request", url="https://a.example/x=1", reason='\x1b[31m a="b"\n\u202ewait host=x', empty="", none=None
    )

    assert told == """request url=https://a.example/x=1 reason="[31m a='b' wait host=x" empty="\""""


def test_fetch_and_status_count_one_run_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], standin: StandIn
) -> None:
    """With a control request, a refusal, an absence, pictures and a fault that is tried again."""
    standin.faults.not_found(10319293)
    standin.faults.forbid(10321315)
    standin.faults.error(10322608, times=1)
    where = ["--db", str(tmp_path / "a.db"), "--config", str(config_for(standin, tmp_path, images=True))]

    cli.run(["fetch", "-q", "--json", *where])
    told = json.loads(capsys.readouterr().out)
    cli.run(["status", "--json", *where])
    run = json.loads(capsys.readouterr().out)["last_run"]

    assert (told["requests"], told["outcomes"]) == (run["requests"], run["outcomes"])
    assert told["last_run"] == run
    assert told["requests"] == len(standin.log)
    assert f"{run['requests']} requests, " in "\n".join(told["messages"])
