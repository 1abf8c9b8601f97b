"""`python -m archiver.standin`: the stand-in for people, until Ctrl-C; with `fixture URL`: a new page for the tests."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from archiver.standin.bad_replies import ROBOTS
from archiver.standin.catalog import INDEX, SERIES
from archiver.standin.faults import Faults
from archiver.standin.server import StandIn

_TARGETED: dict[str, Callable[..., None]] = {
    "refuse": Faults.refuse, "challenge": Faults.challenge, "forbid": Faults.forbid, "login-wall": Faults.login_wall,
    "rate-limit": partial(Faults.rate_limit, retry_after=30), "rate-limit-silent": Faults.rate_limit,
    "burst": Faults.burst, "not-found": Faults.not_found, "not-found-once": partial(Faults.not_found, times=1),
    "soft-404": Faults.soft_404, "removed": Faults.removed, "redirect-home": partial(Faults.redirect, to="home"),
    "redirect-login": partial(Faults.redirect, to="login"), "error": Faults.error,
    "unavailable": partial(Faults.error, status=503, retry_after=30), "slow": partial(Faults.slow, seconds=10.0),
    "drip": Faults.drip, "truncate": Faults.truncate, "cut-gzip": Faults.cut_gzip, "cut-html": Faults.cut_html,
    "reset": Faults.reset, "not-html": Faults.not_html, "too-large": Faults.too_large,
    "bomb": partial(Faults.too_large, packed=True), "drift": Faults.drift,
}  # fmt: skip
_FOR_ARTICLES: dict[str, Callable[..., None]] = {
    "delete": Faults.delete, "delete-soft": partial(Faults.delete, soft=True), "edit": Faults.edit,
    "comment": Faults.add_comment, "uncomment": Faults.remove_comment, "drop-from-series": Faults.drop_from_series,
    "drop-from-index": Faults.drop_from_index,
}  # fmt: skip


def switch(faults: Faults, text: str) -> None:
    """Turn on a fault written as NAME or NAME=ARG. Raises ValueError for anything else."""
    name, _, argument = text.partition("=")
    if name == "robots" and argument in ROBOTS:
        faults.robots(argument)
    elif name in _FOR_ARTICLES and argument.isdecimal():
        _FOR_ARTICLES[name](faults, int(argument))
    elif name in _TARGETED:
        _TARGETED[name](faults, target=int(argument) if argument.isdecimal() else argument or "*")
    else:
        raise ValueError(f"no fault {text!r}")


def block(server: StandIn) -> str:
    """What archiver.toml needs: the invented sources, and the table that sends the traffic to a server."""
    rows = (f'"{origin}" = "{target}"' for origin, target in server.connect_to.items())
    sources = f'[[sources]]\nurl = "{INDEX}"\nseries = "{SERIES}"\n'
    return f"{sources}[network.connect_to]\n" + "\n".join(rows) + "\n"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    names = ", ".join([*_TARGETED, *_FOR_ARTICLES, *(f"robots={variant}" for variant in ROBOTS)])
    parser = argparse.ArgumentParser(
        prog="python -m archiver.standin",
        description="A local iThome on 127.0.0.1.",
        epilog="`fixture URL` makes a new page for the tests instead; see its --help",
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=ARG]",
        help=f"ARG is an article id, a kind of page, a path or a host. Names: {names}",
    )
    return parser.parse_args(argv)


def _fixture(arguments: Sequence[str]) -> int:
    """A new fixture, made by a program of the tests in a process of its own: no parser runs in this room."""
    program = Path(__file__).parents[2] / "tests/new_fixture.py"
    if not program.is_file():
        sys.stderr.write("archiver.standin: fixtures are made in a checkout\n")
        return 2
    return subprocess.run([sys.executable, program, *arguments], check=False).returncode  # noqa: S603


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit code: 0, or 2 for arguments that make no sense."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["fixture"]:
        return _fixture(given[1:])
    options, faults = _arguments(given), Faults()
    try:
        for text in options.fault:
            switch(faults, text)
        server = StandIn(faults=faults, port=options.port)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"archiver.standin: {error}\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server, suppress(KeyboardInterrupt):
        sys.stdout.write(f"# {server.url}, until Ctrl-C\n{block(server)}")
        sys.stdout.flush()
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
