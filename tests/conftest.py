"""What every test gets: an environment of its own, and no network but this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certificates
import pytest
from desks import PARTS, Desk
from hypothesis import settings
from runs import terse_site

from archiver.standin import StandIn
from archiver.standin.wire import ORIGINS

_ORDINARY = socket.socket.connect

# Enough to notice a break in every run; `--hypothesis-profile=long` looks harder.
settings.register_profile("suite", max_examples=50)
settings.register_profile("long", max_examples=2_000, deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _no_network_but_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
            raise AssertionError(f"a test tried to contact {address}")
        _ORDINARY(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("ARCHIVER_DB", "ARCHIVER_CONFIG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the names that the stand-in plays, which nobody vouches for."""
    names = (origin.removeprefix("https://") for origin in ORIGINS)
    return certificates.made_for(tmp_path_factory.mktemp("tls"), *names)


@pytest.fixture
def sit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Desk]]:
    with StandIn(terse_site(PARTS)) as standin:
        yield lambda sources=None, extra="": Desk(tmp_path, capsys, standin, sources, extra)
