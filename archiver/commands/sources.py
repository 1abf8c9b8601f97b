"""What is to be kept: sources of the config and of the command line, and how they are taken back.

The config is the truth for the sources that it names: what it names no longer is asked no more. What the command line
named is kept until it is taken back there. The packaged config names a series for those who have not said anything yet;
it is asked for only where nobody ever named anything else.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from archiver import ithome
from archiver.archive import opening, queries
from archiver.archive.archive import Keeper
from archiver.commands.listening import About, Notice
from archiver.commands.naming import MOST_DIGITS, page_urls
from archiver.commands.run import existing, writing
from archiver.config import Config, Source
from archiver.errors import ConfigError, UsageError
from archiver.machine.clock import Clock, SystemClock
from archiver.model import Address, Kind, Refusal, Refused
from archiver.text import safe

NamedSource = tuple[Source, Address, tuple[str, ...]]

PartOrSeries = tuple[int | None, str | None]
"""A series, or the URL of a part; neither for everything."""

_NAME_ONE = 'add [[sources]] with url = "…", an index, a series or an article, or name one: `archiver fetch URL`'


def sources_of(config: Config, named_urls: tuple[str, ...] = ()) -> list[NamedSource]:
    """What is asked to be kept, by these URLs or else by the config: each source, its address, its alternates' URLs.

    Raises UsageError or ConfigError with every source that cannot be kept.
    """
    named = [Source(url) for url in named_urls] or list(config.sources)
    place = "the command line" if named_urls else f"{config.origin}: sources"
    kept, errors = [], []
    for source in named:
        address = ithome.source_address(source.url)
        if isinstance(address, Refusal):
            errors.append(f"{place}: {safe(source.url, 200)}: {_WHY[address.why]}")
            continue
        others = [ithome.source_address(other) for other in source.alternates]
        kept.append((source, address, tuple(other.url for other in others if isinstance(other, Address))))
        errors += _hint_errors(source, place)
    if errors:
        raise UsageError("\n".join(errors)) if named_urls else ConfigError(errors)
    return kept


_WHY = {
    Refused.DENIED: "asking for this URL would act on the site, or it is private; it is never fetched",
    Refused.UNSUPPORTED: "no index, series or article; name a blog post, a series page or an article",
    Refused.FOREIGN: "not a page that can be kept",
    Refused.MALFORMED: "not a usable http or https URL",
}


def _hint_errors(source: Source, place: str) -> list[str]:
    hint = ithome.classify(source.series or "")
    if source.series is None or (isinstance(hint, Address) and hint.kind is Kind.SERIES):
        return []
    expected = "expected a series page, https://ithelp.ithome.com.tw/users/…/ironman/…"
    return [f"{place}: {safe(source.series, 200)}: {expected}"]


def refuse_nothing(config: Config, path: Path, asked: list[NamedSource]) -> None:
    """Raise ConfigError, before there is an archive, when there never was anything to be kept."""
    if asked:
        return
    if opening.is_there(path) and path.stat().st_size:
        with opening.reading(path) as connection:
            if queries.source_urls(connection):
                return
    raise ConfigError([f"{safe(config.origin)}: nothing is to be kept: {_NAME_ONE}"])


def keep(
    archive: Keeper, config: Config, named: tuple[str, ...], asked: list[NamedSource], now: datetime
) -> list[Notice]:
    """Note what is to be kept, take back what the config names no longer, and give what is to be said of that.

    Raises ConfigError when nothing is left.
    """
    if named:
        return _keep_named(archive, asked, now)
    if config.is_packaged:
        told = _keep_packaged(archive, asked, now)
    else:
        add(archive, asked, now)
        gone = archive.sources.drop_unnamed((address.url for _, address, _ in asked), now)
        told = [Notice(About.NOT_NAMED, url) for url in gone]
    if not archive.sources.urls():
        raise ConfigError([f"{safe(config.origin)}: nothing is to be kept any more: {_NAME_ONE}"])
    return told


def planned(
    archive: Keeper, config: Config, named: tuple[str, ...], asked: list[NamedSource]
) -> tuple[list[NamedSource], tuple[int, ...]]:
    """What `keep` would have a run ask for, nothing noted yet: new sources, and the numbers of those that are known."""
    by_urls = [address.url for _, address, _ in asked]
    if named:
        return asked, archive.source_ids(by_urls)
    if config.is_packaged and archive.sources.ever_named():
        return [], archive.source_ids(None)
    unnamed = set(archive.sources.unnamed(by_urls))
    kept = [url for url in archive.sources.urls() if url not in unnamed]
    return asked, archive.source_ids(list(dict.fromkeys([*kept, *by_urls])))


def add(archive: Keeper, asked: list[NamedSource], now: datetime) -> None:
    """Note what a config names."""
    for source, address, alternates in asked:
        archive.ledger.add_source(source, address, alternates, now, named_by="config")


def _keep_named(archive: Keeper, asked: list[NamedSource], now: datetime) -> list[Notice]:
    before = set(archive.sources.urls())
    for source, address, alternates in asked:
        archive.ledger.add_source(source, address, alternates, now)
    return [Notice(About.NAMED, address.url) for _, address, _ in asked if address.url not in before]


def _keep_packaged(archive: Keeper, asked: list[NamedSource], now: datetime) -> list[Notice]:
    """Who named something has no need of the packaged config's series; that is said in the first run that leaves it."""
    packaged = ", ".join(address.url for _, address, _ in asked)
    if not archive.sources.ever_named():
        add(archive, asked, now)
        return [Notice(About.PACKAGED_KEPT, packaged)]
    is_known = {address.url for _, address, _ in asked} <= set(archive.sources.urls())
    if is_known or archive.runs.asked_without_names() > 1:  # this run is one
        return []
    return [Notice(About.PACKAGED_LEFT, ", ".join(archive.sources.urls()), packaged)]


def forget(config: Config, path: Path | str, page: int | str, clock: Clock | None = None) -> str:
    """Take back a source by id or URL, deleting nothing; gives its URL. Raises UsageError for none, or the config's."""
    named_urls, path = page_urls(str(page)), existing(Path(path))
    if not config.is_packaged:
        by_config = {address.url for _, address, _ in sources_of(config)}
        named = next((url for url in named_urls if url in by_config), None)
        if named is not None:
            raise UsageError(f"{safe(named)}: {safe(config.origin)} names it; take it out there, and it is not asked")
    with writing("forget", config, path) as archive:
        known = archive.sources.urls()
        for url in named_urls:
            if archive.sources.drop(url, (clock or SystemClock()).now()):
                return url
    listed = ", ".join(safe(url) for url in known) or "nothing"
    raise UsageError(f"{safe(named_urls[0], 200)}: not asked for by itself; what is: {listed}")


def target_of(archive: Keeper, target: str | None) -> PartOrSeries:
    """The series, or the URL of the part, that is named; neither for everything. Raises UsageError."""
    if target is None:
        return None, None
    known = archive.copies.parts(dropped=True)
    if target.isdecimal() and target.isascii() and len(target) <= MOST_DIGITS:
        url = ithome.article_url(int(target))
        if any(one.address.url == url for one in known):
            return None, url
        if any(one.series_id == int(target) for one in known):
            return int(target), None
    else:
        address = ithome.classify(target)
        if isinstance(address, Address) and address.kind is Kind.SERIES:
            return address.series_id, None
        if isinstance(address, Address) and any(one.address.url == address.url for one in known):
            return None, address.url
    raise UsageError(f"{safe(target, 200)}: no series or part that is kept; see `archiver status` for what is")
