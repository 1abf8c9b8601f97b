"""docs/politeness.md says what the code does: its numbers are the defaults, its words are what is sent."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from raw_server import RawServer
from wire import PAGE, URL, client_of, response

from archiver.config import Images, Network, PushSettings, Rescue
from archiver.model import Outcome

PAGE_OF_DOCS = (Path(__file__).parents[1] / "docs/politeness.md").read_text("utf-8")
UNITS = {"": 1, "s": 1, "KiB": 1024, "MiB": 1024 * 1024}
TABLES = (Network(), Rescue(), PushSettings(), Images())
NUMBERS = re.findall(r"`([a-z_]+)`\s(?:\(|\| )([0-9.]+) ?(s|KiB|MiB|)[ )]", PAGE_OF_DOCS)


def test_the_page_tells_the_numbers_that_matter() -> None:
    told = {name for name, _, _ in NUMBERS}

    assert told >= {
        "delay_s", "jitter_s", "max_requests", "tries", "backoff_s", "timeout_s", "connect_timeout_s", "max_redirects",
        "max_header_bytes", "max_wire_bytes", "max_body_bytes", "max_retry_after_s", "max_crawl_delay_s", "refusals",
        "host_refusals",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "number", "unit"), NUMBERS)
def test_a_number_on_the_page_is_the_default(name: str, number: str, unit: str) -> None:
    defaults = [getattr(table, name) for table in TABLES if hasattr(table, name)]

    assert float(number) * UNITS[unit] in defaults


def test_every_setting_on_the_page_exists() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", PAGE_OF_DOCS)) - {"connect_to", *Outcome}

    assert named <= {field.name for table in TABLES for field in fields(table)}


def test_the_headers_on_the_page_are_the_headers_that_are_sent() -> None:
    shown = dict(re.findall(r"^    ([A-Z][A-Za-z-]+): (.+)$", PAGE_OF_DOCS, re.MULTILINE))
    with RawServer(response(PAGE)) as server, client_of(server) as client:
        client.send(URL)
    sent = dict(row.split(": ", 1) for row in server.requests[0].decode().split("\r\n")[1:] if row)

    assert set(sent) - {"Host", "Accept"} == set(shown)
    assert all(sent[name] == value for name, value in shown.items() if name != "User-Agent")
