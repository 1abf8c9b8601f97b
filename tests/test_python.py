"""The Python API: documented, typed, silent, and callable from any thread."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import shutil
import sqlite3
import subprocess
import sys
import types
import typing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from runs import config_for, terse_site

import archiver
from archiver.standin import StandIn

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/python.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FIRST = 10319293


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of three parts, and its settings."""
    folder = tmp_path_factory.mktemp("python")
    with StandIn(terse_site(3)) as standin:
        config = archiver.load_config(config_for(standin, folder))
        assert archiver.fetch(config, folder / "archive.db").closed.exit_code == 0
    return folder


def test_the_examples_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, Any] = {}
    with StandIn(terse_site(3)) as standin:
        config_for(standin, tmp_path)
        monkeypatch.chdir(tmp_path)
        for example in EXAMPLES:
            exec(compile(example, "docs/python.md", "exec"), namespace)

    said = capsys.readouterr().out
    assert "3 parts, 3 safe, 0 missing" in said
    assert "5 nowhere.db: there is no archive yet" in said


def test_every_name_is_documented_and_every_name_that_is_documented_is_there() -> None:
    words = set(re.findall(r"`(\w+)`", PAGE))
    used = set(re.findall(r"\barchiver\.(\w+)", "\n".join(EXAMPLES).replace("archiver.toml", "")))

    assert set(archiver.__all__) - words == set()
    assert used | {word for word in words if word[0].isupper()} <= set(archiver.__all__)


def test_a_name_is_what_it_is_called_and_stands_nowhere_else() -> None:
    rooms = {
        path.stem for path in (ROOT / "archiver").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert list(archiver.__all__) == sorted(archiver.__all__)
    assert not rooms & set(archiver.__all__), "a module would take the place of what is called like it"
    for name in archiver.__all__:
        assert getattr(archiver, name).__name__ in {name, "load"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        archiver.nothing  # noqa: B018 - mypy does not know it either


def spoken_of(annotation: Any) -> list[Any]:
    """A type and all that it is made of."""
    return [annotation, *(inner for one in typing.get_args(annotation) for inner in spoken_of(one))]


def reached(names: list[str]) -> dict[str, Any]:
    """Where each type of the API stands: of parameters, of what is given, of fields of what is given, and so on."""
    found: dict[str, Any] = {}
    left: list[tuple[str, Any]] = [(name, getattr(archiver, name)) for name in names]
    seen: set[Any] = set()
    while left:
        name, value = left.pop()
        if value in seen:
            continue
        seen.add(value)
        home = vars(sys.modules[value.__module__])
        late = {"datetime": __import__("datetime").datetime, "Counter": __import__("collections").Counter}
        if isinstance(value, type):
            methods = [one for key, one in vars(value).items() if isinstance(one, types.FunctionType) and key[0] != "_"]
            sources = [value, *methods] if dataclasses.is_dataclass(value) or hasattr(value, "_fields") else []
        else:
            sources = [value]
        for source in sources:
            for field, annotation in typing.get_type_hints(source, late | vars(archiver) | home).items():
                for one in spoken_of(annotation):
                    found[f"{name}.{field}"] = annotation
                    if isinstance(one, type) and one.__module__.startswith("archiver."):
                        left.append((one.__qualname__, one))
    return found


def test_nothing_that_is_given_or_taken_is_of_any_type() -> None:
    for name in archiver.__all__:
        getattr(archiver, name)  # so that what is named late is there

    hints = reached([name for name in archiver.__all__ if not name.endswith(("Error", "File", "Locked"))])

    assert {"fetch.options", "Status.parts", "KeptArticle.captures", "Closed.found", "FetchRow.outcome"} <= hints.keys()
    assert {place for place, hint in hints.items() if Any in spoken_of(hint)} == set()


USER = """
from datetime import datetime
from pathlib import Path

import archiver

config: archiver.Config = archiver.load_config()
fetched: archiver.Fetched = archiver.fetch(config, Path("a.db"), archiver.FetchOptions(urls=("https://x/",)))
code: int = fetched.closed.exit_code
titles: list[str | None] = [one.title for one in archiver.status("a.db").series]
with archiver.Archive("a.db") as archive:
    for series in archive.series():
        for part in archive.parts(series.id):
            article = archive.article(part.id)
            published: datetime | None = article.published_at
            html: str = archive.body(article.capture_id).html
            digests: list[str] = [capture.sha256 for capture in article.captures]
try:
    findings: list[str] = archiver.verify(config, "a.db")
except archiver.ArchiveLocked as error:
    code = error.exit_code
reveal_type(archiver.search("a.db", "rust").hits[0].title)
wrong: str = archiver.status("a.db").series[0].parts
"""


def test_mypy_knows_the_types_of_a_program_that_uses_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (tmp_path / "program.py").write_text(USER, "utf-8")
    assert request.config.cache is not None
    kept = request.config.cache.mkdir("mypy")  # reading all of archiver anew takes eight seconds

    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", kept, "program.py"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip

    last = USER.count("\n")
    assert [line.partition(" (")[0] for line in ended.stdout.splitlines()[:-1]] == [
        f'program.py:{last - 1}: note: Revealed type is "str | None"',
        f"program.py:{last}: error: Incompatible types in assignment",
    ], ended.stdout + ended.stderr


def test_it_says_nothing_by_itself_and_works_in_a_thread_and_beside_a_running_loop(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def notebook(config: archiver.Config) -> tuple[archiver.Fetched, archiver.Fetched]:
        beside = await asyncio.to_thread(archiver.fetch, config, tmp_path / "a.db")
        return beside, archiver.fetch(config, tmp_path / "a.db")  # as a cell of a notebook does

    with StandIn(terse_site(2)) as standin:
        beside, after = asyncio.run(notebook(archiver.load_config(config_for(standin, tmp_path))))

    assert (beside.closed.exit_code, after.closed.exit_code) == (0, 0)
    assert beside.closed.requests > 0 == after.closed.requests
    assert capfd.readouterr() == ("", "")


def test_threads_may_read_one_archive_at_once(kept: Path) -> None:
    with archiver.Archive(kept / "archive.db") as archive, ThreadPoolExecutor(2) as pool:
        ids = [part.id for part in archive.parts(archive.series()[0].id)]
        articles = list(pool.map(archive.article, ids * 4))

    assert [article.id for article in articles] == ids * 4
    assert str(archive).startswith("Archive(path=")
    assert "這是第" not in repr(articles[0]), "a text would fill the screen"


def test_what_is_read_of_an_article_is_what_was_received(kept: Path) -> None:
    with archiver.Archive(str(kept / "archive.db")) as archive:
        article = archive.article(FIRST)
        body, received = archive.body(article.capture_id), archive.received(article.captures[-1].id)
        with pytest.raises(archiver.UsageError, match="not held"):
            archive.article(1)
        with pytest.raises(archiver.UsageError, match="there is none"):
            archive.received(10_000)

    assert article.text == body.text
    assert body.text in body.markdown
    assert article.text.encode() in received
    assert article.captures[-1].captured_at.tzinfo is not None


def changed(path: Path, statement: str) -> None:
    """As another program may change an archive: past its triggers and checks."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)


def test_bytes_that_are_not_those_of_their_digest_are_never_given(kept: Path, tmp_path: Path) -> None:
    shutil.copy(kept / "archive.db", tmp_path / "a.db")
    changed(tmp_path / "a.db", f"UPDATE captures SET sha256 = '{'0' * 64}'")

    archive = archiver.Archive(tmp_path / "a.db")
    with pytest.raises(archiver.ArchiveDamaged, match="is not what was received") as raised:
        archive.received(archive.article(FIRST).capture_id)

    assert raised.value.exit_code == 5


@pytest.mark.parametrize(
    ("change", "ask"),
    [
        ("UPDATE captures SET headers = '['", lambda path: archiver.compare(path, FIRST)),
        ("UPDATE captures SET captured_at = 'never'", lambda path: archiver.Archive(path).article(FIRST)),
        ("DROP TABLE series_sources", lambda path: archiver.Archive(path).series()),
        ("UPDATE pages SET kind = 'leaflet'", lambda path: archiver.parse(archiver.Config(), path)),
    ],
)
def test_an_archive_with_rows_of_somebody_else_is_told_as_damaged(
    kept: Path, tmp_path: Path, change: str, ask: Callable[[Path], object]
) -> None:
    shutil.copy(kept / "archive.db", tmp_path / "a.db")
    changed(tmp_path / "a.db", change)

    with pytest.raises(archiver.ArchiveError) as raised:
        ask(tmp_path / "a.db")

    assert "a.db" in str(raised.value)


def test_two_runs_of_one_archive_at_once_are_refused(kept: Path) -> None:
    config = archiver.load_config(kept / "archiver.toml")
    refused: list[archiver.ArchiverError] = []

    def again(_: archiver.Step) -> None:
        with pytest.raises(archiver.ArchiveLocked) as raised:
            archiver.fetch(config, kept / "archive.db")
        refused.append(raised.value)

    with StandIn(terse_site(3)) as standin:
        config = archiver.load_config(config_for(standin, kept))
        options = archiver.FetchOptions(force=True, limit=1)
        archiver.fetch(config, kept / "archive.db", options, archiver.Listener(step=again))

    assert refused
    assert refused[0].exit_code == 5


def test_nothing_heavy_is_imported_before_it_is_named() -> None:
    program = "import sys, archiver\nprint(sorted(n for n in sys.modules if n.startswith(('archiver', 'httpx'))))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "['archiver']"
