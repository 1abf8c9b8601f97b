"""A new page fixture, with what our parsers make of it, for a person to review (docs/pages.md, "A new fixture").

    python -m archiver.standin fixture URL [--config FILE] [--file SAVED] [--name NAME] [--to FOLDER]

The page is asked for once, by `archiver fetch` with the config's manners and its `connect_to`, or read from a file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from page_fixtures import FOLDER, expectation

from archiver import config, ithome
from archiver.archive import opening
from archiver.commands import fetching
from archiver.errors import ArchiverError
from archiver.model import Address, Kind
from archiver.pages import read

_HELD = """
    SELECT captures.body, captures.headers, captures.captured_at, captures.final_url, captures.http_status
    FROM captures JOIN pages ON pages.id = captures.page_id WHERE pages.url = ? ORDER BY captures.id DESC LIMIT 1
"""
_ENDINGS = {Kind.FEED: "xml", Kind.ROBOTS: "txt"}
ROBOTS_AND_PAGE = 2  # requests; a page behind a redirect of its host takes one more, and is given with `--file`


@dataclass(frozen=True, slots=True)
class Got:
    """A page as it came."""

    body: bytes
    content_type: str
    captured_at: str
    http_status: int
    final_url: str
    synthetic: bool  # a stand-in said it


def fetched(address: Address, config_path: Path | None) -> Got:
    """The page as its host gives it now, whatever that is. Raises ArchiverError where nothing came to be kept."""
    settings = config.load(config_path)
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "a.db"
        options = fetching.FetchOptions(urls=(address.url,), limit=ROBOTS_AND_PAGE, images=False)
        failed = fetching.fetch(settings, db, options).crawled.failed
        with opening.reading(db) as connection:
            row = connection.execute(_HELD, [address.url]).fetchone()
    if row is None:
        raise ArchiverError("no page came: " + "; ".join(f"{url}: {outcome}: {why}" for url, outcome, why in failed))
    headers = {name.lower(): value for name, value in json.loads(row["headers"])}
    origin = "/".join(address.url.split("/")[:3])
    return Got(
        gzip.decompress(row["body"]), headers.get("content-type", ""), row["captured_at"], row["http_status"],
        row["final_url"], synthetic=origin in settings.network.connect_to,
    )  # fmt: skip


def saved(address: Address, file: Path, content_type: str) -> Got:
    """A page that somebody saved, byte by byte as it came."""
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(microsecond=0)
    moment = at.isoformat().replace("+00:00", "Z")
    return Got(file.read_bytes(), content_type, moment, 200, address.url, synthetic=False)


def name_of(address: Address) -> str:
    """The short name of a page: its number, with `p3` for the third page of a list; of another site, its last word."""
    number = address.article_id or address.series_id
    if number is None:
        return str(re.findall(r"[A-Za-z0-9]+", address.url.partition("?")[0])[-1])
    return f"{number}p{address.page_number}" if (address.page_number or 1) > 1 else str(number)


def write(address: Address, got: Got, name: str, folder: Path) -> Path:
    """Put the fixture down; gives its folder. Raises FileExistsError."""
    capture: dict[str, Any] = {
        "synthetic": got.synthetic, "captured_at": got.captured_at, "http_status": got.http_status,
        "content_type": got.content_type, "url": address.url,
    }  # fmt: skip
    if got.final_url != address.url:
        capture["final_url"] = got.final_url
    made = expectation(read(address, got.body, got.content_type))
    place = folder / address.kind.value / f"{name}-{got.captured_at[:10]}"
    place.mkdir(parents=True)
    (place / f"body.{_ENDINGS.get(address.kind, 'html')}").write_bytes(got.body)
    for file, document in (("capture", capture), ("expected", {"reviewed": False, **made})):
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (place / f"{file}.json").write_text(text + "\n", "utf-8")
    return place


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m archiver.standin fixture", description=__doc__)
    parser.add_argument("url", help="the page, by the URL under which its host has it")
    parser.add_argument("--config", type=Path, help="an archiver.toml: the manners, and a [network.connect_to]")
    parser.add_argument("--file", type=Path, help="the page as it was saved, byte by byte; nothing is asked then")
    parser.add_argument("--content-type", default="text/html; charset=UTF-8", help="what its host called a saved page")
    parser.add_argument("--name", help="instead of its number")
    parser.add_argument("--to", type=Path, default=FOLDER, help="instead of tests/fixtures")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Make one fixture. Returns the exit code: 0, or 2 with a line that says why there is none."""
    options = _arguments(argv)
    address = ithome.source_address(options.url)
    if not isinstance(address, Address):
        sys.stderr.write(f"archiver.standin: {options.url}: no page of a kind that is read\n")
        return 2
    try:
        got = saved(address, options.file, options.content_type) if options.file else fetched(address, options.config)
        place = write(address, got, options.name or name_of(address), options.to)
    except (ArchiverError, OSError) as error:
        sys.stderr.write(f"archiver.standin: {error}\n")
        return 2
    sys.stdout.write(f"{place}\n")
    if not got.synthetic:
        sys.stdout.write("Put words of your own in place of the author's, then say so in capture.json (synthetic).\n")
    sys.stdout.write('Look at every value of expected.json, correct it, and take its line "reviewed" away.\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
