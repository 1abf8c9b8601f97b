"""The synthetic pages of `fixtures/<kind>/<id>-<date>/`, and what the parsers make of them."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from archiver import ithome
from archiver.model import Address, Kind
from archiver.model.readings import Body, CodeBlock, FeedItem, Reading
from archiver.pages import read

FOLDER = Path(__file__).parent / "fixtures"
NAMES = sorted(str(path.parent.relative_to(FOLDER)) for path in FOLDER.glob("*/*/capture.json"))

RICH = "article/10390038-2026-09-20"  # team, comments, replies, neighbours, code, table, image, formula
ALONE = "article/10390100-2026-09-01"  # the only part: no badge, no team, no neighbours, no comments
RUNNING = "series/9701-2026-09-08"
FEED = "feed/9701-2026-09-03"
INDEX = "index/gears-2026-10-05"


def capture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name / "capture.json").read_text("utf-8"))
    return found


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name / "expected.json").read_text("utf-8"))
    return found


def source(name: str) -> bytes:
    (path,) = (FOLDER / name).glob("body.*")
    return path.read_bytes()


def markup(name: str) -> str:
    return source(name).decode("utf-8")


def address(name: str) -> Address:
    url = capture(name)["url"]
    found = ithome.classify(url)
    if not isinstance(found, Address):
        found = ithome.source_address(url)
    assert isinstance(found, Address)
    return found


def read_as(name: str, body: bytes | str) -> Reading:
    """What comes of another body in place of a fixture's own."""
    data = body.encode("utf-8") if isinstance(body, str) else body
    return read(address(name), data, capture(name)["content_type"])


@cache
def reading(name: str) -> Reading:
    return read_as(name, source(name))


def plain(value: object) -> object:
    """A value of the model as JSON has it; of a body, what the site showed and not the forms that we make of it."""
    if isinstance(value, Body):
        return {field: plain(getattr(value, field)) for field in ("text", "code_blocks", "images", "links")}
    if isinstance(value, FeedItem):
        return {
            field: plain(getattr(value, field))
            for field in ("article_id", "title", "author_name", "published_at", "body")
        }
    if isinstance(value, CodeBlock):  # what a library guesses is its business
        return {"code": value.code, "language": None if value.guessed else value.language}
    if isinstance(value, Address):
        return {"url": value.url, "kind": value.kind.value}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.value if isinstance(value, Kind) else value


def flattened(value: Any) -> Any:
    """Expected files name a comment's words `text` and a link's page `url` and `kind`, as people would."""
    if isinstance(value, dict):
        if "reply_to" in value:
            value = {key: part for key, part in value.items() if key != "body"} | {"text": value["body"]["text"]}
        if "address" in value:
            value = {key: part for key, part in value.items() if key != "address"} | value["address"]
        return {key: flattened(part) for key, part in value.items()}
    return [flattened(part) for part in value] if isinstance(value, list) else value


FACTS = ("is_html", "encoding", "too_deep", "looks_like", "kind", "own_url", "has_content", "closed")


def expectation(found: Reading) -> dict[str, Any]:
    """What an `expected.json` says of a reading."""
    return {
        "facts": {name: plain(getattr(found.facts, name)) for name in FACTS},
        "problems": [[problem.field, problem.name] for problem in found.problems],
        "counters": found.counters,
        "page": None if found.page is None else flattened(plain(found.page)),
    }
