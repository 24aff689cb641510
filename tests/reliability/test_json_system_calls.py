"""A process that is killed, or that the system fails, at each system call on the store's files.

Needs strace, and the right to trace a process.
"""

import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

import json_life
import pytest
from json_life import LIVES, check_after_crash
from report_table import Report
from tracing import CALL, Fault, strace

from contacts_adapters.json_file import JsonFileContactBooks

# Which system calls can fail so.
_NAMING: Final = frozenset(("openat", "newfstatat", "link", "rename", "unlink"))
_WRITING: Final = _NAMING | {"pwrite64", "write", "fdatasync", "fsync", "ftruncate"}
ERRORS: Final = {"EIO": None, "ENOSPC": _WRITING, "EROFS": _WRITING, "EACCES": _NAMING}


def live_traced(path: Path, steps: str, *options: str) -> tuple[int, list[str], str]:
    """The exit status, output and errors of a life in another process, under strace."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    trace = path.parent.with_suffix(".trace")
    watched = chain.from_iterable(("-P", str(file)) for file in json_life.files(path))
    traced = (strace(), "-f", "-qq", "-o", str(trace), *watched, *options)
    run = subprocess.run(
        [*traced, sys.executable, str(Path(json_life.__file__)), str(path), steps],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return run.returncode, run.stdout.split(), run.stderr


def calls_of(path: Path, steps: str) -> list[tuple[str, int]]:
    """Each system call on the files of the store in a life without faults: its name and number."""
    status, said, errors = live_traced(path, steps)
    assert (status, len(said), errors) == (0, len(LIVES[steps]), "")
    counts = Counter(CALL.findall(path.parent.with_suffix(".trace").read_text()))
    return [(name, n) for name in sorted(counts) for n in range(1, counts[name] + 1)]


def kills(calls: Sequence[tuple[str, int]]) -> list[Fault]:
    return [(name, str(n), "signal=KILL") for name, n in calls]


def errors(calls: Sequence[tuple[str, int]], only: Collection[str] = ERRORS) -> Iterator[Fault]:
    for name, n in calls:
        for error in only:
            names = ERRORS[error]
            if names is None or name in names:
                yield name, str(n), f"error={error}"
                yield name, f"{n}+", f"error={error}"
        yield name, str(n), "error=EINTR"  # for ever would be for ever


def problems_after(path: Path, steps: str, fault: Fault) -> list[str]:
    """What is wrong when a life ends with a fault: in the process, or in what it left."""
    name, when, what = fault
    options: tuple[str, ...] = ("-e", f"trace={name}", "-e", f"inject={name}:{what}:when={when}")
    if what != "signal=KILL":  # which it would ignore
        options = ("--seccomp-bpf", *options)
    status, said, stderr = live_traced(path, steps, *options)
    done = len(said) - said.count("wrong")
    problems = check_after_crash(path, LIVES[steps], done)
    trace = path.parent.with_suffix(".trace").read_text()
    if "INJECTED" not in trace and status != -signal.SIGKILL:
        problems.append("it did not happen")
    if stderr and status >= 0:
        problems.append(stderr.splitlines()[-1])
    if "wrong" in said:
        problems.append("after the error it says something else than it holds")
    return [f"{name} {when} {what}: {problem}" for problem in problems]


def sweep(
    path: Path, steps: str, faults: Sequence[Fault], count: int | None
) -> tuple[int, list[str]]:
    """How many cases there were, and what was wrong; two processes at a time."""
    if count is not None:
        faults = random.Random(4).sample(faults, count)
    folders = [path.parent.with_name(f"store-{number}") for number in range(len(faults))]
    with ThreadPoolExecutor(2) as threads:
        results = threads.map(
            lambda folder, fault: problems_after(folder / path.name, steps, fault), folders, faults
        )
        return len(faults), list(chain.from_iterable(results))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "contacts.jsonl"


def test_a_kill_at_any_system_call_loses_nothing(path: Path, whole: bool, report: Report) -> None:
    faults = kills(calls_of(path, "life"))
    cases, problems = sweep(path, "life", faults, None if whole else 10)
    report.add("A4", "JSON", cases, len(problems), "process killed at every system call")
    assert problems == []


def test_an_error_of_any_system_call_is_typed_and_loses_nothing(
    path: Path, whole: bool, report: Report
) -> None:
    faults = list(errors(calls_of(path, "life")))
    cases, problems = sweep(path, "life", faults, None if whole else 14)
    what = f"{', '.join(ERRORS)}, EINTR from the system calls, once and from then on"
    report.add("A5", "JSON", cases, len(problems), what)
    assert problems == []


def test_an_erasure_that_anything_ends_is_finished_at_the_next_open(
    path: Path, whole: bool, report: Report
) -> None:
    calls = calls_of(path, "erasures")
    faults = [*kills(calls), *errors(calls, ["EIO"])]
    cases, problems = sweep(path, "erasures", faults, None if whole else 10)
    report.add("F3", "JSON", cases, len(problems), "erasure ended at every system call, then open")
    assert problems == []


def test_the_checker_finds_out_what_is_lost_left_or_too_much(path: Path) -> None:
    path.parent.mkdir()
    steps = LIVES["erasures"]

    def problems(lived: int, said: int) -> list[str]:
        path.unlink(missing_ok=True)
        with JsonFileContactBooks(path) as store:
            for step in steps[:lived]:
                step(store)
        return check_after_crash(path, steps, said)

    assert problems(3, 3) == problems(3, 2) == []
    assert problems(3, 4) != []
    assert problems(3, 1) != []
    path.with_name("copy").write_bytes(json_life.marker(2))
    assert problems(3, 3) != []


def test_a_fault_that_does_not_happen_is_found_out(path: Path) -> None:
    for fault in (("fdatasync", "999", "error=EIO"), ("fdatasync", "999", "signal=KILL")):
        assert problems_after(path, "erasures", fault)[-1].endswith("it did not happen")
