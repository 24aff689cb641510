"""A process that is killed, or that the system fails, at each call on the files of a SQLite store.

Needs strace, and the right to trace a process. What SQLite maps into memory makes no calls.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
import sqlite_life
from json_life import LIVES
from report_table import Report
from sqlite_life import check_after_crash
from tracing import CALL, Fault, strace

TAKES_SPACE: Final = frozenset({"pwrite64", "ftruncate", "fdatasync", "openat", "link"})


def live_traced(path: Path, steps: str, *options: str) -> tuple[int, list[str], str]:
    """The exit status, output and errors of a life in another process, under strace."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    watched = chain.from_iterable(("-P", str(file)) for file in sqlite_life.files(path))
    command = [strace(), "-f", "-qq", "-o", str(trace_of(path)), *watched, *options]
    command += [sys.executable, sqlite_life.__file__, str(path), steps]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return run.returncode, run.stdout.split(), run.stderr


def trace_of(path: Path) -> Path:
    return path.parent.with_suffix(".trace")


def calls_of(path: Path, steps: str) -> list[tuple[str, int]]:
    """Each system call on the files of the store in a life without faults: its name and number."""
    status, said, errors = live_traced(path, steps)
    assert (status, len(said), errors) == (0, len(LIVES[steps]), "")
    counts = Counter(CALL.findall(trace_of(path).read_text()))
    return [(name, n) for name in sorted(counts) for n in range(1, counts[name] + 1)]


def kills(calls: Sequence[tuple[str, int]]) -> list[Fault]:
    return [(name, str(n), "signal=KILL") for name, n in calls]


def errors(calls: Sequence[tuple[str, int]]) -> list[Fault]:
    """Each call fails once, and every third from then on.

    Of those for locks every tenth: SQLite tries some of them for ten seconds.
    """
    calls = [(name, n) for name, n in calls if name != "fcntl" or n % 10 == 0]
    once = [(name, str(n), "error=EIO") for name, n in calls]
    full = [(name, str(n), "error=ENOSPC") for name, n in calls if name in TAKES_SPACE]
    return [*once, *full, *((name, f"{n}+", what) for name, n, what in [*once, *full][::3])]


def problems_after(path: Path, steps: str, fault: Fault) -> list[str]:
    """What is wrong when a life ends with a fault: in the process, or in what it left."""
    name, when, what = fault
    status, said, stderr = live_traced(
        path, steps, "-e", f"trace={name}", "-e", f"inject={name}:{what}:when={when}"
    )
    problems = check_after_crash(path, LIVES[steps], len(said) - said.count("wrong"))
    if "INJECTED" not in trace_of(path).read_text() and status != -signal.SIGKILL:
        problems.append("it did not happen")
    if stderr and status >= 0:
        problems.append(stderr.splitlines()[-1])
    if "wrong" in said:
        problems.append("after the error it says something else than it holds")
    return [f"{name} {when} {what}: {problem}" for problem in problems]


def sweep(
    path: Path, steps: str, faults: Sequence[Fault], count: int | None
) -> tuple[int, list[str]]:
    if count is not None:
        quick = [fault for fault in faults if fault[0] != "fcntl"]
        faults = random.Random(4).sample(quick, count)

    def run(numbered: tuple[int, Fault]) -> list[str]:
        number, fault = numbered
        return problems_after(path.parent / str(number) / path.name, steps, fault)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(chain.from_iterable(pool.map(run, enumerate(faults))))
    return len(faults), problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "contacts.db"


def test_a_kill_at_any_system_call_loses_nothing(path: Path, whole: bool, report: Report) -> None:
    faults = kills(calls_of(path, "saves"))
    cases, problems = sweep(path, "saves", faults, None if whole else 6)
    report.add("B5", "SQLite", cases, len(problems), "SIGKILL, EIO, ENOSPC at every system call")
    assert problems == []


def test_an_error_of_any_system_call_is_typed_and_loses_nothing(
    path: Path, whole: bool, report: Report
) -> None:
    faults = errors(calls_of(path, "saves"))
    cases, problems = sweep(path, "saves", faults, None if whole else 6)
    report.add("B5", "SQLite", cases, len(problems), "SIGKILL, EIO, ENOSPC at every system call")
    assert problems == []


def test_an_erasure_that_anything_ends_is_finished_at_the_next_open(
    path: Path, whole: bool, report: Report
) -> None:
    calls = calls_of(path, "erasures")
    faults = [*kills(calls)[::2], *errors(calls)[::6]]
    cases, problems = sweep(path, "erasures", faults, None if whole else 6)
    report.add(
        "F3", "SQLite", cases, len(problems), "erasure ended at every second system call, then open"
    )
    assert problems == []
