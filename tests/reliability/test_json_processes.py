"""Several processes and threads on one JSON Lines file, some of which are killed."""

import fcntl
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from json_life import add
from json_writers import SHARED, Acknowledgements, processes, read_for_ever, write
from report_table import Report

from contacts_adapters import json_file, json_log
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import ContactBook, StoreUnavailable

_A10: Final = "4 processes, 8 threads, forked children: changes of one book by compare-and-set"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contacts.jsonl"


@pytest.fixture
def acknowledgements(tmp_path: Path) -> Acknowledgements:
    folder = tmp_path / "acknowledgements"
    folder.mkdir()
    return Acknowledgements(folder)


def problems_of_writers(
    path: Path, acknowledgements: Acknowledgements, times: int, writers: int = 4
) -> list[str]:
    """Of processes that change a shared book and one of their own so many times."""
    work = [partial(write, path, acknowledgements, writer, times) for writer in range(writers)]
    with processes(*work) as running:
        for process in running:
            process.join()
    problems = [f"a writer ended with {p.exitcode}" for p in running if p.exitcode]
    try:
        with JsonFileContactBooks(path) as store:
            return problems + acknowledgements.problems(store)
    except Exception as error:
        return [*problems, repr(error)]


def problems_of_kills(
    path: Path, acknowledgements: Acknowledgements, rounds: int, *, writers: int, readers: int
) -> list[str]:
    """Of rounds in which all processes are killed at any moment, one after the other."""
    chance = random.Random(4)
    problems = []
    for _ in range(rounds):
        work = [partial(write, path, acknowledgements, writer) for writer in range(writers)]
        work += [partial(read_for_ever, path, [SHARED, 100])] * readers
        before = acknowledgements.size()
        with processes(*work) as running:
            while acknowledgements.size() == before and any(p.is_alive() for p in running):
                time.sleep(0.001)
            for process in running:
                time.sleep(chance.uniform(0, 0.02))
                process.kill()
        problems += [f"ended with {p.exitcode}" for p in running if p.exitcode != -signal.SIGKILL]
        with JsonFileContactBooks(path) as store:
            problems += acknowledgements.problems(store, in_flight=writers)
            acknowledgements.change(store, "afterwards", [SHARED, 100, 101, 102, 103], 1)
        if path.with_name(f"{path.name}.tmp").exists():
            problems.append("a draft is left")
    return problems


def test_processes_lose_no_change_to_each_other(
    path: Path, acknowledgements: Acknowledgements, whole: bool, report: Report
) -> None:
    times = 500 if whole else 40
    problems = problems_of_writers(path, acknowledgements, times)
    assert len(acknowledgements.said()) == 4 * times * 2
    report.add("A10", "JSON", 4 * times, len(problems), _A10)
    assert problems == []


def test_threads_lose_no_change_to_each_other(
    path: Path, acknowledgements: Acknowledgements, whole: bool, report: Report
) -> None:
    times = 500 if whole else 40
    with JsonFileContactBooks(path) as store, ThreadPoolExecutor(8) as threads:
        for thread in range(8):
            threads.submit(acknowledgements.change, store, str(thread), [SHARED], times)
        threads.shutdown()
        problems = acknowledgements.problems(store)
        assert store.get(SHARED).revision == 8 * times
    report.add("A10", "JSON", 8 * times, len(problems), _A10)
    assert problems == []


def test_a_store_that_was_open_before_a_fork_serves_parent_and_children(
    path: Path, acknowledgements: Acknowledgements, whole: bool, report: Report
) -> None:
    times = 250 if whole else 30
    with JsonFileContactBooks(path) as store:
        acknowledgements.change(store, "before", [SHARED], 1)
        work = [
            partial(acknowledgements.change, store, str(child), [SHARED], times)
            for child in range(3)
        ]
        with processes(*work) as children:
            acknowledgements.change(store, "parent", [SHARED], times)
            for child in children:
                child.join()
        problems = acknowledgements.problems(store)
        assert [child.exitcode for child in children] == [0, 0, 0]
        assert store.get(SHARED).revision == 1 + 4 * times
    report.add("A10", "JSON", 4 * times, len(problems), _A10)
    assert problems == []


def test_many_processes_may_make_the_same_store_at_once(
    path: Path, whole: bool, report: Report
) -> None:
    rounds = 100 if whole else 10
    problems = []
    for _ in range(rounds):
        path.unlink(missing_ok=True)
        with processes(*[partial(_save_to_new, path, person) for person in range(1, 7)]) as running:
            for process in running:
                process.join()
        problems += [f"ended with {p.exitcode}" for p in running if p.exitcode]
        with JsonFileContactBooks(path) as store:
            if list(store.person_ids()) != list(range(1, 7)):
                problems.append("somebody is not there")
    report.add("A10", "JSON", rounds, len(problems), _A10)
    assert problems == []


def _save_to_new(path: Path, person_id: int) -> None:
    with JsonFileContactBooks(path) as store:
        add(person_id)(store)


def test_killed_writers_take_back_nothing_they_acknowledged(
    path: Path, acknowledgements: Acknowledgements, whole: bool, report: Report
) -> None:
    rounds = 200 if whole else 10
    problems = problems_of_kills(path, acknowledgements, rounds, writers=4, readers=0)
    report.add("A9", "JSON", rounds, len(problems), "four writers killed at any moment")
    assert problems == []


def test_compactions_are_not_seen_by_readers_and_writers_whatever_is_killed(
    path: Path,
    acknowledgements: Acknowledgements,
    whole: bool,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_file, "COMPACT_FROM", 2000)
    rounds = 500 if whole else 10
    problems = problems_of_kills(path, acknowledgements, rounds, writers=2, readers=2)
    assert path.stat().st_size < 20_000 + 30 * json_file.KEPT_EPOCHS
    report.add("A11", "JSON", rounds, len(problems), "compaction under readers and writers, killed")
    assert problems == []


def test_who_waits_too_long_for_another_process_is_told_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_log, "TIMEOUT", 0.01)
    with JsonFileContactBooks(path) as store, path.with_name(f"{path.name}.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StoreUnavailable, match="locked"):
            add(1)(store)
        fcntl.flock(other, fcntl.LOCK_UN)
        add(1)(store)
        assert store.get(1).revision == 1


def _lock_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("fcntl.flock", lambda file, kind: None)


def _check_no_revision(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ContactBook, "check_follows", lambda book, revision, ids: None)


@pytest.mark.parametrize("break_store", [_lock_nothing, _check_no_revision])
def test_the_checker_finds_out_a_store_whose_writers_race(
    path: Path,
    acknowledgements: Acknowledgements,
    monkeypatch: pytest.MonkeyPatch,
    break_store: Callable[[pytest.MonkeyPatch], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    break_store(monkeypatch)
    assert problems_of_writers(path, acknowledgements, 40)


def test_the_checker_finds_out_a_store_that_lost_its_last_line(
    path: Path, acknowledgements: Acknowledgements
) -> None:
    assert problems_of_writers(path, acknowledgements, 5) == []
    path.write_bytes(path.read_bytes().rpartition(b"{")[0])
    with JsonFileContactBooks(path) as store:
        assert acknowledgements.problems(store)
