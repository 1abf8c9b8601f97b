"""One `archiver import`: files that people or other tools saved, through the same judge, ledger and parsers as answers.

Each file is read to its end before anything is written, and then taken in one commit: all of it, or nothing. Then the
images that bodies held by now show, redirects followed inside the files (`commands.trails`). A challenge that somebody
saved is a challenge. A copy says nothing about the page as it is now: what is believed of it stays (`ledger`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from archiver import ithome
from archiver.archive import opening, queries
from archiver.archive.archive import Keeper
from archiver.commands import sources, users_word
from archiver.commands.imported import Imported, ImportedFile, ImportedPage, code_of_files
from archiver.commands.listening import Listener
from archiver.commands.recording import read
from archiver.commands.run import Run
from archiver.commands.trails import Hop, Root, Trails
from archiver.config import Config, Source
from archiver.errors import UnusableFile, UsageError
from archiver.formats import files, values
from archiver.formats.found import Bounds, Found, Passed
from archiver.machine.clock import Clock, SystemClock
from archiver.model import (
    SUCCESSES,
    Address,
    CaptureSource,
    Exchange,
    Judgement,
    Kind,
    Outcome,
    Provenance,
    Refusal,
)
from archiver.model.readings import ArticlePage, Reading
from archiver.text import safe
from archiver.verdict import judge

_KINDS = frozenset({Kind.ARTICLE, Kind.SERIES, Kind.FEED, Kind.INDEX, Kind.IMAGE})


class _Importer:
    """What holds for every file of one import."""

    def __init__(self, config: Config, url: str | None, clock: Clock) -> None:
        self.named = _named(url)
        self.url = url
        self.clock = clock
        self.bounds = Bounds(body_bytes=config.network.max_body_bytes)
        self.most_redirects = config.network.max_redirects
        self.asked = sources.sources_of(config)
        self.sources = {url for _, address, others in self.asked for url in (address.url, *others)}
        self.is_packaged = config.is_packaged

    def address(self, url: str) -> Address | None:
        """The page that a URL names, when it is one that is kept."""
        found = ithome.classify(url)
        if isinstance(found, Refusal):
            found = ithome.source_address(url)
            if isinstance(found, Refusal) or (found.url not in self.sources and found != self.named):
                return None
        return found if found.kind in _KINDS else None

    def wants(self, url: str) -> bool:
        """Whether a response for a URL is to be read at all."""
        address = self.address(url)
        if address is None:
            return False
        return self.named is None or address == self.named or address.kind is Kind.IMAGE

    def page(self, file: files.File) -> Root:
        """Which page a URL of a file is, images left out. A file that is one page is the one that the user names."""

        def root(url: str) -> Address | None:
            found = self.address(url) if url else None
            if found is not None and found.kind is Kind.IMAGE:
                return None
            if file.is_one_page:
                return self.named or found
            return found if self.wants(url) else None

        return root


def _no_page(file: files.File, found: Found) -> UnusableFile:
    """Why a saved page cannot be kept: it does not say which it is, or is nobody's that we keep."""
    told = f"a page of {safe(found.url, 200)}" if found.url else "it does not say of which page it is a copy"
    advice = "only pages of iThome and of the config's sources are kept; --url names the page that it is"
    return UnusableFile(told, name=file.name, advice=advice)


def _named(url: str | None) -> Address | None:
    if url is None:
        return None
    address = ithome.source_address(url)
    if isinstance(address, Refusal):
        raise UsageError(f"--url {safe(url, 200)}: no page that can be kept; name an article, a series or an index")
    return address


def import_files(
    config: Config, path: Path | str, names: Iterable[Path | str], *, url: str | None = None,
    clock: Clock | None = None, listener: Listener | None = None,
) -> Imported:  # fmt: skip
    """Import files. Raises ArchiverError for what makes it impossible; a file that cannot be used is no such thing."""
    path, files_named = Path(path), tuple(map(Path, names))
    if url is not None and len(files_named) > 1:
        raise UsageError("--url says what one file is: import the files one by one")
    importer = _Importer(config, url, clock or SystemClock())
    if path.is_file() and path.stat().st_size:
        with opening.reading(path) as connection:
            importer.sources |= queries.source_urls(connection)
    looked = [_look(importer, name) for name in files_named]
    usable = [imported for imported in looked if imported.file is not None and imported.error is None]
    is_new = not opening.is_there(path) or (path.is_file() and not path.stat().st_size)
    if not usable:
        return Imported(tuple(looked))
    if is_new and not _any_would_be_kept(importer, usable):
        return Imported(tuple(looked), no_archive=True)
    told = [{"name": each.name, "sha256": each.file.sha256} for each in usable if each.file is not None]
    with (
        Run.of("import", config, path, clock=importer.clock, listener=listener) as run,
        run.recorded({"files": told, "url": url}),
    ):
        return _import(run, importer, looked, usable)


@contextmanager
def _noting_errors(imported: ImportedFile) -> Iterator[None]:
    """A file that cannot be used, perhaps since it changed after it was looked at, ends no import: it says why."""
    try:
        yield
    except UnusableFile as error:
        imported.error = error


def _look(importer: _Importer, path: Path) -> ImportedFile:
    """Read a file to its end, so that nothing of a broken one is ever written."""
    imported = ImportedFile(safe(path.name or str(path), 200), path=path)
    with _noting_errors(imported):
        imported.file = file = files.known(path, importer.bounds)
        imported.trails = trails = Trails(importer.page(file), importer.most_redirects)
        for found in files.read(
            file, lambda url: importer.wants(url) or trails.wants(url), importer.bounds, imported.passed
        ):
            if not importer.wants(found.url) and not trails.wants(found.url):
                raise _no_page(file, found)
            trails.note(found, file)
        _follow(importer, [imported], trails)
    return imported


def _follow(importer: _Importer, among: Iterable[ImportedFile], trails: Trails) -> None:
    """Look for what redirects lead to where it stands before them, or in another file."""
    before: frozenset[str] = frozenset()
    while (unseen := trails.unseen()) != before:
        for imported in among:
            if imported.error is None and imported.file is not None:
                _note_unseen(importer, imported, trails, unseen)
        before = unseen


def _note_unseen(importer: _Importer, imported: ImportedFile, trails: Trails, unseen: frozenset[str]) -> None:
    assert imported.file is not None
    with _noting_errors(imported):
        for found in files.read(imported.file, partial(trails.is_unseen, unseen=unseen), importer.bounds, Counter()):
            trails.note(found, imported.file)


def _any_would_be_kept(importer: _Importer, usable: list[ImportedFile]) -> bool:
    """Judge all that is in the files, for an archive that is not there yet: one that would hold nothing is not made."""
    for imported in usable:
        with _noting_errors(imported):
            imported.results = [result for *_, result in _judgements(None, importer, imported, imported.trails)]
            imported.taken = True
    if not any(result.kept for imported in usable for result in imported.results):
        return False
    for imported in usable:
        imported.results, imported.taken = [], False
    return True


def _import(run: Run, importer: _Importer, looked: list[ImportedFile], usable: list[ImportedFile]) -> Imported:
    archive = run.archive
    asked = _sources_to_add(archive, importer)
    if not importer.is_packaged:
        sources.add(archive, asked, run.clock.now())
        archive.library.settle()
    unasked: list[str] = []
    with run.interruptible():
        for imported in usable:
            _take(run, importer, imported, imported.trails)
        if importer.is_packaged and asked and _concerns(archive, asked, usable):
            sources.add(archive, asked, run.clock.now())
            archive.library.settle()
        unasked = _unasked(archive, importer, usable)
        _take_images(run, importer, usable)
    broken = "; ".join(str(imported.error) for imported in looked if imported.error is not None)
    closed = run.close(broken[:2_000], lambda _: code_of_files(looked))
    return Imported(tuple(looked), tuple(unasked), closed=closed, archive=run.archive.path)


def _sources_to_add(archive: Keeper, importer: _Importer) -> list[sources.NamedSource]:
    """The config's sources, as a fetch adds them, but the packaged one's only to an archive that asks for nothing yet.

    Who names a URL at every command has no config, and did not ask for the series of the packaged one. Nor did who
    imports what is of others (`_concerns`): a series of which nothing is known would leave every export short.
    """
    if importer.url is not None or (importer.is_packaged and archive.sources.ever_named()):
        return []
    return importer.asked


def _concerns(archive: Keeper, asked: list[sources.NamedSource], usable: list[ImportedFile]) -> bool:
    """Whether anything that was kept is of these sources, or of the series that they are said to be of."""
    kept = {result.url for imported in usable for result in imported.results if result.kept}
    hints = {ithome.classify(source.series or "") for source, _, _ in asked} | {address for _, address, _ in asked}
    series = {one.series_id for one in hints if isinstance(one, Address) and one.series_id is not None}
    named = {url for _, address, others in asked for url in (address.url, *others)}
    return bool(kept & named or archive.series_of(kept) & series)


def _take(run: Run, importer: _Importer, imported: ImportedFile, trails: Trails | None) -> None:
    """One file: everything in it that is wanted, in one commit, then what that says. All of it, or nothing."""
    archive, taken = run.archive, list[ImportedPage]()
    with _noting_errors(imported):
        readings = archive.ledger.record_copies(run.id, _copies(archive, importer, imported, trails, taken))
        imported.results += taken
        imported.taken = True
        archive.library.catch_up(readings)
        archive.library.settle()


def _take_images(run: Run, importer: _Importer, usable: list[ImportedFile]) -> None:
    """The images that bodies held by now show, wherever they lie."""
    shown = run.archive.shown_images()

    def image(url: str) -> Address | None:
        if url.startswith("data:"):
            return Address(url, Kind.IMAGE) if url in shown else None
        address = ithome.image_address(url)
        return address if address is not None and address.url in shown else None

    trails = Trails(image, importer.most_redirects)
    for imported in usable if shown else []:
        if imported.error is None:
            _note_images(importer, imported, trails)
    _follow(importer, usable, trails)
    for imported in usable:
        if imported.error is None and imported.file is not None and trails.any_of(imported.file):
            _take(run, importer, imported, trails)


def _note_images(importer: _Importer, imported: ImportedFile, trails: Trails) -> None:
    """The ways to the images of a file; what is passed over is counted anew, since an image may lie on any host."""
    file, passed = imported.file, Passed()
    assert file is not None
    assert imported.trails is not None
    is_page = imported.trails.wants
    with _noting_errors(imported):
        for found in files.read(
            file, lambda url: importer.wants(url) or is_page(url) or trails.wants(url), importer.bounds, passed
        ):
            trails.note(found, file)
    imported.passed = passed


def _copies(
    archive: Keeper, importer: _Importer, imported: ImportedFile, trails: Trails | None, taken: list[ImportedPage]
) -> Iterator[tuple[Exchange, Judgement, Reading | None]]:
    """What a file holds of the wanted pages, judged; each is noted in `taken`."""
    for exchange, judgement, reading, result in _judgements(archive, importer, imported, trails):
        taken.append(result)
        yield exchange, judgement, reading


def _judgements(
    archive: Keeper | None, importer: _Importer, imported: ImportedFile, trails: Trails | None
) -> Iterator[tuple[Exchange, Judgement, Reading | None, ImportedPage]]:
    """Every response of a file that is of a wanted page, judged; `archive` is None for one that is not there yet."""
    file, now = imported.file, importer.clock.now()
    assert file is not None
    assert trails is not None, "a file that is usable was looked at"
    files.check_unchanged(file)
    for found in files.read(file, trails.wants, importer.bounds, Counter()):
        for step in trails.steps(found, file, now):
            exchange, judgement, reading = _judged(archive, importer, step, now)
            yield exchange, judgement, reading, _result(exchange, judgement, reading, step.found)


def _judged(
    archive: Keeper | None, importer: _Importer, step: Hop, now: datetime
) -> tuple[Exchange, Judgement, Reading | None]:
    """A response of a file as an exchange, with the same judgement as if it had come over the wire.

    A saved page does not tell its status. The browser showed it, so it is judged as one that came with a success; what
    it says itself decides whether it is the page, a bot check or something else.
    """
    address, answer, found, file = step.address, step.answer, step.found, step.file
    reading = read(address, answer) if answer.body else None
    made_at = values.believable(found.at, now)
    told = f"{file.name}, sha256 {file.sha256}"
    provenance = Provenance(CaptureSource.IMPORT, told, made_at or min(file.changed_at, now))
    exchange = Exchange(address, answer, hop=step.hop, final=step.final, provenance=provenance)
    judged_as = answer if answer.status is not None else replace(answer, status=200)
    held = archive is not None and archive.holds(exchange, reading)
    words = archive.manners.not_found_words() if archive is not None else None
    judgement = judge(address, judged_as, reading, held=held, not_found_words=words)
    if file.is_one_page and address == importer.named:
        judgement = users_word.judge_again(address, judged_as, reading, judgement, found.url, held=held)
    if step.final and judgement.outcome is Outcome.MOVED:
        judgement = replace(judgement, reason=f"{judgement.reason}, of which no file holds an answer")
    signals = {**judgement.signals, "status": answer.status, "place": found.place or None}
    if made_at is None:
        signals["made_at_by"] = "the date of the file"
    return exchange, replace(judgement, signals=signals), reading


def _result(exchange: Exchange, judgement: Judgement, reading: Reading | None, found: Found) -> ImportedPage:
    page = reading.page if reading else None
    title = page.title if isinstance(page, ArticlePage) and judgement.outcome in SUCCESSES else None
    made_at = exchange.provenance.at or exchange.answer.started_at
    address = exchange.address
    return ImportedPage(
        address.url, address.kind, judgement.outcome, judgement.reason, made_at, found.place, safe(title or "", 120),
        address.article_id,
    )  # fmt: skip


def _unasked(archive: Keeper, importer: _Importer, usable: list[ImportedFile]) -> list[str]:
    """The pages kept that no source asks for. One that the user named with --url becomes a source."""
    kept = {result.url for imported in usable for result in imported.results if result.kept}
    unasked = archive.unasked(sorted(kept))
    if importer.named is not None and importer.named.url in unasked and importer.named.kind is not Kind.IMAGE:
        archive.ledger.add_source(Source(importer.named.url), importer.named, (), importer.clock.now())
        archive.library.settle()
        unasked = archive.unasked(unasked)
    return unasked
