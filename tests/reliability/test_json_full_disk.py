"""A disk that is full at any size: what was saved stays, and saving goes on when there is room."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import json_full_disk
import pytest
from json_full_disk import problems_at_sizes
from json_life import COMPACTS_FROM
from json_writers import processes
from report_table import Report

from contacts_adapters import json_file, json_log

_WHAT: Final = "disk full at every size, then with room again"


def problems_in_another_process(folder: Path, sizes: Iterable[int]) -> list[str]:
    """The limit is for a process that does nothing else."""
    said = folder / "said"

    def say() -> None:
        problems = problems_at_sizes(folder / "store" / "contacts.jsonl", sizes)
        said.write_text("\n".join(problems))

    with processes(say) as (process,):
        process.join()
    assert process.exitcode == 0
    return said.read_text().splitlines()


@pytest.fixture(autouse=True)
def many_compactions_and_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "COMPACT_FROM", COMPACTS_FROM)
    monkeypatch.setattr("os.fdatasync", lambda file: None)


def test_a_file_that_may_not_grow_loses_nothing(
    tmp_path: Path, whole: bool, report: Report
) -> None:
    sizes = list(range(2400))
    if not whole:
        sizes = sorted(random.Random(4).sample(sizes, 60))
    problems = problems_in_another_process(tmp_path, sizes)
    report.add("A8", "JSON", len(sizes), len(problems), _WHAT)
    assert problems == []


def test_a_small_disk_that_is_full_loses_nothing(tmp_path: Path, report: Report) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("NOT RUN: unshare is missing; on Debian: apt install util-linux")
    mount = 'mount -t tmpfs -o size=64k none "$1" || exit 77; shift; exec "$@"'
    script = (sys.executable, str(Path(json_full_disk.__file__)), str(tmp_path))
    run = subprocess.run(
        [unshare, "--mount", "sh", "-c", mount, "sh", str(tmp_path), *script],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 77 or "unshare" in run.stderr:
        pytest.skip("NOT RUN: mounting a small file system takes more rights")
    assert run.stderr == ""
    said = run.stdout.splitlines()
    problems = [line for line in said if not line.endswith(": ok")]
    report.add("A8", "JSON", len(said), len(problems), _WHAT)
    assert problems == []


def test_the_checker_finds_out_a_store_that_takes_half_a_write_for_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_log, "_write", os.pwrite)
    assert problems_in_another_process(tmp_path, range(400, 1200, 20))
