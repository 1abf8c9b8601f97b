"""`python -m archiver.standin`: the stand-in for people, until Ctrl-C; with `fixture URL`: a new page for the tests."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from archiver.standin.bad_replies import ROBOTS
from archiver.standin.catalog import INDEX, SERIES
from archiver.standin.faults import Faults
from archiver.standin.server import StandIn
from archiver.standin.targets import Target

_TARGETED: dict[str, Callable[[Faults, Target], None]] = {
    "refuse": lambda faults, target: faults.refuse(target),
    "challenge": lambda faults, target: faults.challenge(target),
    "forbid": lambda faults, target: faults.forbid(target),
    "login-wall": lambda faults, target: faults.login_wall(target),
    "rate-limit": lambda faults, target: faults.rate_limit(target, 30),
    "rate-limit-silent": lambda faults, target: faults.rate_limit(target),
    "burst": lambda faults, target: faults.burst(target=target),
    "not-found": lambda faults, target: faults.not_found(target),
    "not-found-once": lambda faults, target: faults.not_found(target, times=1),
    "soft-404": lambda faults, target: faults.soft_404(target),
    "removed": lambda faults, target: faults.removed(target),
    "redirect-home": lambda faults, target: faults.redirect(target, "home"),
    "redirect-login": lambda faults, target: faults.redirect(target, "login"),
    "error": lambda faults, target: faults.error(target),
    "unavailable": lambda faults, target: faults.error(target, status=503, retry_after=30),
    "slow": lambda faults, target: faults.slow(target, 10.0),
    "drip": lambda faults, target: faults.drip(target),
    "truncate": lambda faults, target: faults.truncate(target),
    "cut-gzip": lambda faults, target: faults.cut_gzip(target),
    "cut-html": lambda faults, target: faults.cut_html(target),
    "reset": lambda faults, target: faults.reset(target),
    "not-html": lambda faults, target: faults.not_html(target),
    "too-large": lambda faults, target: faults.too_large(target),
    "bomb": lambda faults, target: faults.too_large(target, packed=True),
    "drift": lambda faults, target: faults.drift(target),
}
_FOR_ARTICLES: dict[str, Callable[[Faults, int], None]] = {
    "delete": lambda faults, number: faults.delete(number),
    "delete-soft": lambda faults, number: faults.delete(number, soft=True),
    "edit": lambda faults, number: faults.edit(number),
    "comment": lambda faults, number: faults.add_comment(number),
    "uncomment": lambda faults, number: faults.remove_comment(number),
    "drop-from-series": lambda faults, number: faults.drop_from_series(number),
    "drop-from-index": lambda faults, number: faults.drop_from_index(number),
}


def switch(faults: Faults, text: str) -> None:
    """Turn on a fault written as NAME or NAME=ARG. Raises ValueError for anything else."""
    name, _, argument = text.partition("=")
    if name == "robots" and argument in ROBOTS:
        faults.robots(argument)
    elif name in _FOR_ARTICLES and argument.isdecimal():
        _FOR_ARTICLES[name](faults, int(argument))
    elif name in _TARGETED:
        _TARGETED[name](faults, int(argument) if argument.isdecimal() else argument or "*")
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


def _server(options: argparse.Namespace) -> StandIn:
    faults = Faults()
    for text in options.fault:
        switch(faults, text)
    return StandIn(faults=faults, port=options.port)


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
    options = _arguments(given)
    try:
        server = _server(options)
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
