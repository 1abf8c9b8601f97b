"""Other processes that help (`machine.workers`): what they give is what is done here gives, and none outlives us."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pytest
import tasks
from page_fixtures import NAMES, address, capture, source
from runs import fetched_before_and_after_changes, small_site

from archiver import config, pages
from archiver.archive import proof, search_proof
from archiver.archive.archive import Keeper
from archiver.machine.workers import Workers, cores
from archiver.standin import StandIn

R = TypeVar("R")
HERE = Path(__file__).parent
LIGHT = 1


def two(**more: int | str) -> Workers:
    """Workers that are there for however little."""
    return Workers(2, least=1, **more)  # type: ignore[arg-type]


def done(workers: Workers, task: Callable[..., R], numbers: range, *more: object) -> list[R]:
    return list(workers.in_order(((LIGHT, partial(task, number, *more)) for number in numbers), len(numbers)))


def test_what_tasks_give_comes_in_their_order_and_from_other_processes() -> None:
    with two() as workers:
        found = done(workers, tasks.number_and_process, range(100))

    assert [number for number, _ in found] == list(range(100))
    assert os.getpid() not in {process for _, process in found}


def test_a_task_that_raises_is_met_in_its_turn() -> None:
    with two() as workers:
        found = workers.in_order(((LIGHT, partial(tasks.broken_at_five, number)) for number in range(9)), 9)

        assert list(islice(found, 5)) == [0, 1, 2, 3, 4]
        with pytest.raises(ArithmeticError, match="five"):
            next(found)


@pytest.mark.parametrize("task", [tasks.end_elsewhere, tasks.stuck_elsewhere])
def test_what_a_worker_that_is_killed_or_stuck_was_to_do_is_done_here(task: Callable[..., object]) -> None:
    with two(patience=1) as workers:
        found = done(workers, task, range(100), os.getpid())
        after = done(workers, tasks.number_and_process, range(3))

    assert found == list(range(100))
    assert after == [(number, os.getpid()) for number in range(3)]


@pytest.mark.parametrize("python", ["", "/nonexistent/python", "/bin/false", "/bin/cat"])
def test_where_no_worker_can_be_started_all_is_done_here(python: str) -> None:
    for _ in range(20):  # which of the threads sees it first is chance
        with two(python=python) as workers:
            assert done(workers, tasks.twice, range(100)) == [2 * number for number in range(100)]


def test_few_tasks_or_one_processor_start_no_process() -> None:
    alone = [(number, os.getpid()) for number in range(3)]

    with Workers(2) as workers:
        assert done(workers, tasks.number_and_process, range(3)) == alone
    with Workers(1, least=1) as workers:
        assert done(workers, tasks.number_and_process, range(3)) == alone
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_what_a_library_prints_in_a_worker_is_no_answer() -> None:
    with two() as workers:
        assert done(workers, tasks.noisy, range(20)) == list(range(20))


def test_workers_take_the_hash_of_a_word_for_the_same() -> None:
    with two() as workers:
        found = workers.in_order(((LIGHT, partial(tasks.hash_of, "資料庫")) for _ in range(60)), 60)
        assert len(set(found)) == 1


@pytest.mark.parametrize(("weight", "most"), [(LIGHT, 60), (1_000_000, 8)])
def test_only_so_many_tasks_are_taken_ahead(weight: int, most: int) -> None:
    taken: list[int] = []

    def each() -> Iterator[tuple[int, Callable[[], int]]]:
        for number in range(1_000):
            taken.append(number)
            yield weight, partial(tasks.twice, number)

    with two() as workers:
        found = workers.in_order(each(), 1_000)
        for number in range(200):
            assert next(found) == 2 * number
            assert len(taken) <= number + most


def test_a_thread_that_is_not_the_first_may_have_workers_too() -> None:
    def work() -> list[object]:
        with two() as workers:
            return done(workers, tasks.twice, range(50))

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() == [2 * number for number in range(50)]


# ─── none is left ───────────────────────────────────────────────────────────────────────────────


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_worker_is_left_afterwards_whatever_it_was_doing() -> None:
    with two() as workers:
        found = done(workers, tasks.number_and_process, range(100))
        workers.begun(signal.pause, signal.pause, 1)

    assert not any(is_there(process) for process in {process for _, process in found})


# A script without a guard for its first module, as people write them; what it starts must not run it again.
SCRIPT = """
import os, sys
from functools import partial
from archiver.machine import interruption
from archiver.machine.workers import Workers
import tasks

print("once", flush=True)
interruption.catch()
try:
    with Workers(2, least=1) as workers:
        numbers = iter(range(10**9))
        found = workers.in_order(((1, partial(tasks.number_and_process, number)) for number in numbers), 10**9)
        for number, process in found:
            if number < 64:
                print(process, flush=True)
except KeyboardInterrupt as interrupted:
    sys.exit(interruption.code_of(interrupted))
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_interruption_or_a_kill_leaves_no_worker_and_no_script_runs_twice(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as script:  # fmt: skip
        assert script.stdout is not None
        assert script.stdout.readline() == "once\n"
        workers = {int(script.stdout.readline()) for _ in range(64)}
        if number is signal.SIGINT:  # as a terminal does, to all of the group
            os.killpg(script.pid, number)
        else:
            script.send_signal(number)
        out, err = script.communicate(timeout=60)  # its pipes are closed when the last worker is gone, too

    assert (script.returncode, err) == (code, "")
    assert "once" not in out
    wait_for(lambda: not any(map(is_there, workers)))


def wait_for(condition: Callable[[], bool]) -> None:
    """What a killed process leaves to the system takes its moment."""
    for _ in range(600):
        if condition():
            return
        subprocess.run(["sleep", "0.1"], check=True)
    raise AssertionError("it took more than a minute")


# ─── an archive ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_says_can_be_sent(name: str) -> None:
    said = pages.read(address(name), source(name), capture(name)["content_type"])

    assert pickle.loads(pickle.dumps(said)) == said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with an edit and a comment that went."""
    folder = tmp_path_factory.mktemp("workers")
    with StandIn(small_site()) as standin:
        return fetched_before_and_after_changes(standin, folder)[0]


@pytest.fixture
def kept(whole: Path, tmp_path: Path) -> Iterator[Keeper]:
    shutil.copy(whole, tmp_path / "a.db")
    settings = config.load_packaged()
    with Keeper(tmp_path / "a.db", "test", pages.read, settings.rules, settings.schedule) as archive:
        yield archive


def everything(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump())


def findings(archive: Keeper, workers: Workers) -> list[str]:
    return list(proof.verify(archive._database, archive.beliefs, pages.read, archive.changes, workers=workers))


def test_workers_read_an_archive_to_the_same_rows_and_words(kept: Keeper) -> None:
    kept.library.rebuild(kept.runs.seal_rebuilt)
    alone = everything(kept.path)

    with two() as workers:
        kept.library.rebuild(kept.runs.seal_rebuilt, workers=workers)
        assert findings(kept, workers) == []

    assert everything(kept.path) == alone


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE articles SET body_text = replace(body_text, '。', '！')",
        "INSERT INTO search_index (search_index, rowid, article_id) VALUES ('delete', 1, '的')",
        "UPDATE captures SET body = x'00' WHERE id = 7",
        "UPDATE search_rows SET digest = 'x' WHERE id = 2",
    ],
)
def test_workers_find_what_one_core_finds(kept: Keeper, change: str) -> None:
    with sqlite3.connect(kept.path) as other:
        for (trigger,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f"DROP TRIGGER {trigger}")
        other.execute(change)
    alone = findings(kept, Workers(0))
    with two() as workers:
        assert findings(kept, workers) == alone
    assert len(alone) > 1


def test_words_are_added_up_again_when_a_worker_is_lost_meanwhile(kept: Keeper) -> None:
    with two(patience=1) as workers:
        assert search_proof.findings(kept._database, workers, thorough=True) == []
        for process in workers._processes[:1]:
            process.kill()
        assert search_proof.findings(kept._database, workers, thorough=True) == []
        assert findings(kept, workers) == []
