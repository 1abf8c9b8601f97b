"""What every test gets: an environment of its own, and no network but this machine."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certificates
import demonstrations
import depths
import pytest
from archives import Case, archive_at
from children import Children
from desks import PARTS, Fetcher, Importer, importer_of
from exported import MISSING, fetched
from hypothesis import settings
from pushers import Pusher, make_held, pusher_of
from rescuers import Rescuer, make_lost, rescuer_of
from runs import terse_site

from archiver.standin import StandIn
from archiver.standin.routes import origins

_ORDINARY = socket.socket.connect
_MEMORY = Path("/dev/shm")  # a disk in memory, where Linux has one: archives are synced thousands of times
_ROOM = 2 << 30  # bytes; more than the suite leaves there at any time

_NOT_OURS = (
    "ARCHIVER_DB", "ARCHIVER_CONFIG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
)  # fmt: skip

settings.load_profile(depths.ORDINARY)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="look deeper: every case, more examples and more kills")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: only with --long; its docstring says what of it every run has")
    if config.getoption("--long"):
        settings.load_profile(depths.LONG)
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))  # where pytest makes `tmp_path`


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_collection_finish() -> None:
    gc.freeze()  # seven thousand tests and what they import stay; the collector need not look at them again and again


@pytest.fixture(scope="session", autouse=True)
def _no_network_but_this_machine() -> Iterator[None]:
    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
            raise AssertionError(f"a test tried to contact {address}")
        _ORDINARY(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session")
def _places(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Path, Path]]:
    """Gives a home and a working directory that are empty: the last ones again, where nothing was left in them."""
    made = [_place(tmp_path_factory)]

    def empty() -> tuple[Path, Path]:
        if any(not folder.is_dir() or any(folder.iterdir()) for folder in made[-1]):
            made.append(_place(tmp_path_factory))
        return made[-1]

    return empty


def _place(factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return factory.mktemp("home"), factory.mktemp("cwd")


def _move_to(patch: pytest.MonkeyPatch, place: tuple[Path, Path]) -> None:
    for name in _NOT_OURS:
        patch.delenv(name, raising=False)
    patch.setenv("HOME", str(place[0]))
    patch.chdir(place[1])


@pytest.fixture(scope="module", autouse=True)
def _environment_of_what_a_module_shares(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _move_to(patch, _place(tmp_path_factory))
        yield


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, _places: Callable[[], tuple[Path, Path]]) -> None:
    _move_to(monkeypatch, _places())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the names that the stand-in plays, which nobody vouches for."""
    names = (origin.removeprefix("https://") for origin in origins(terse_site(1)))
    return certificates.made_for(tmp_path_factory.mktemp("tls"), *names)


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    """Starts commands in processes of their own, for every module that wants some: importing is paid for once."""
    with Children() as started:
        yield started


@pytest.fixture
def sit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Fetcher]]:
    """Makes a desk before a site of `PARTS` parts, of whose sources a test may say something."""
    with StandIn(terse_site(PARTS)) as standin:
        yield lambda sources=None, extra="": Fetcher.at(
            standin, tmp_path, capsys=capsys, delay_s=2.0, sources=sources, extra=extra
        )


@pytest.fixture
def importer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    """An archive that holds nothing, and a folder for what somebody saved."""
    return importer_of(tmp_path, capsys)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """An open archive with a run begun, and a world of values behind it."""
    with archive_at(tmp_path / "a.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose fifth part is lost from the site. To be copied."""
    return make_lost(tmp_path_factory.mktemp("lost"))


@pytest.fixture
def rescuer(lost: Path, tmp_path: Path) -> Iterator[Rescuer]:
    """A copy of it, and web archives that hold nothing yet."""
    with rescuer_of(lost, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose five parts are all held. To be copied."""
    return make_held(tmp_path_factory.mktemp("held"))


@pytest.fixture
def pusher(held: Path, tmp_path: Path) -> Iterator[Pusher]:
    """A copy of it a month later, and web archives that save what the site has now."""
    with pusher_of(held, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; of a module, since what drives it leaves no room for another event loop."""
    api = pytest.importorskip("playwright.sync_api")
    place = shutil.which("chromium") or shutil.which("chromium-browser")
    if place is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def plain_demo(tmp_path_factory: pytest.TempPathFactory) -> demonstrations.Played:
    """The demonstration; its archive is not to be changed."""
    return demonstrations.played(tmp_path_factory, demonstrations.COMMAND)


@pytest.fixture(scope="session")
def rotten_demo(tmp_path_factory: pytest.TempPathFactory) -> demonstrations.Played:
    """The one of which parts were lost, rescued and imported; its archive is not to be changed."""
    return demonstrations.played(tmp_path_factory, demonstrations.COMMAND_OF_ROT)


@pytest.fixture(scope="session")
def four_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of four parts with their images, of which one is not held; not to be changed."""
    return fetched(tmp_path_factory.mktemp("four"), 4, MISSING)


@pytest.fixture(scope="session")
def whole_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two parts with their images, both held; not to be changed."""
    return fetched(tmp_path_factory.mktemp("whole"), 2)
