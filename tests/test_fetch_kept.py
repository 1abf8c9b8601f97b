"""Whole runs over connections that live, against hosts that keep, close and abuse them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import served_with
from runs import config_for, rows, run_fetch, small_site, terse_site

from archiver.standin import Faults, Site, StandIn
from archiver.standin.wire import ITHOME

SITE = terse_site(3)


def connections_by_host(standin: StandIn) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for request in standin.log:
        found.setdefault(request.host, set()).add(request.connection)
    return found


@pytest.mark.parametrize(("site", "tls"), [(small_site(2), False), (SITE, True)], ids=["with pictures", "TLS"])
def test_a_run_makes_one_connection_to_each_host(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, site: Site, tls: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with StandIn(site, tls=served_with(certificate) if tls else None) as standin:
        summary = run_fetch(tmp_path / "a.db", config_for(standin, tmp_path, images=True))

    used = connections_by_host(standin)
    statuses = {request.status for request in standin.log}
    assert summary.exit_code == 0
    assert statuses == ({200} if tls else {200, 302, 403, 404}), "a picture is a redirect, and some are dead"
    assert {host: len(numbers) for host, numbers in used.items() if "ithome" in host} == {ITHOME: 1}
    assert sum(map(len, used.values())) <= len(used) + 2


ABUSES: dict[str, Callable[[Faults], None]] = {
    "closes without a word": lambda faults: faults.hang_up("*"),
    "answers what nobody asked": lambda faults: faults.chatter("*"),
    "sends an empty line too many": lambda faults: faults.chatter("*", b"\r\n"),
    "resets it at the third page": lambda faults: faults.reset(SITE.series[5943].part_ids[2], times=1),
}


@pytest.mark.parametrize("abuse", ABUSES.values(), ids=ABUSES)
def test_a_host_that_abuses_its_connections_loses_nothing_and_every_request_is_a_row(
    tmp_path: Path, abuse: Callable[[Faults], None]
) -> None:
    db = tmp_path / "a.db"
    with StandIn(SITE) as standin:
        abuse(standin.faults)
        summary = run_fetch(db, config_for(standin, tmp_path))

    told = rows(db, "SELECT outcome, final, error FROM fetches ORDER BY id")
    failed = [(outcome, final) for outcome, final, _ in told if outcome != "ok"]
    assert summary.exit_code == 0
    assert len(told) >= len(standin.log), "a request that the host did not read is a row, too"
    assert len(told) == len(standin.log) + sum("kept open" in (error or "") for *_, error in told) - sum(
        request.status is None for request in standin.log
    )
    assert set(failed) <= {("connect_error", 0)}
    assert rows(db, "SELECT count(*) FROM articles WHERE title LIKE '%unasked%'") == [(0,)]


@pytest.mark.parametrize("says_408", [False, True], ids=["in silence", "with 408"])
def test_a_host_that_closes_idle_connections_is_asked_on_new_ones(tmp_path: Path, says_408: bool) -> None:
    db = tmp_path / "a.db"
    with StandIn(SITE) as standin:
        standin.idle_s, standin.says_408 = 0.02, says_408
        summary = run_fetch(db, config_for(standin, tmp_path, delay_s=0.15))

    asked_again = rows(db, "SELECT count(*) FROM fetches WHERE NOT final AND outcome != 'ok'")[0][0]
    assert summary.exit_code == 0
    assert (
        len({request.connection for request in standin.log}) >= len(standin.log) - 2 > len(connections_by_host(standin))
    )
    assert asked_again <= 2, "only where it closes at the very moment that it is asked"
    assert rows(db, "SELECT count(*) FROM fetches WHERE final AND outcome != 'ok'") == [(0,)]
