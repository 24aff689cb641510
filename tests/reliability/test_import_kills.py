"""An import that is killed at any moment and run again ends as if it had not been."""

import csv
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from report_table import Report

from contacts_adapters import open_repository
from contacts_adapters.exchange import ImportReport, import_contacts, read_csv
from contacts_core import ContactBook

PEOPLE: Final = 3_000  # six pages

_RUN: Final = """
import sys
from contacts_adapters import open_repository
from contacts_adapters.exchange import import_contacts, read_csv
with open_repository(sys.argv[1]) as repository, open(sys.argv[2], "rb") as source:
    import_contacts(
        repository, read_csv(source), resolve=int, max_removals=0.5,
        progress=lambda done, of: print(done, flush=True),
    )
"""


def _source(path: Path, version: int) -> Path:
    """Of each person two contacts; from one version to the next, some come, go and change."""
    rows = [
        (person, "telephone", label, f"+1 {person} {number} {version * (person % 7 == 0)}")
        for person in range(1, PEOPLE + 1)
        for number, label in enumerate(("work", "mobile"))
        if version == 1 or (person + number) % 11
    ]
    random.Random(version).shuffle(rows)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("Person", "Contact Protocol", "Contact Label", "Contact URI", "Integration")
        )
        writer.writerows((*row, "true") for row in rows)
    return path


def _import(url: str, source: Path) -> ImportReport:
    with open_repository(url) as repository, source.open("rb") as stream:
        return import_contacts(repository, read_csv(stream), resolve=int, max_removals=0.5)


def _state(url: str) -> list[ContactBook]:
    with open_repository(url) as repository:
        return list(repository.books())


@pytest.mark.parametrize(("scheme", "name"), [("sqlite", "SQLite"), ("json", "JSON")])
def test_a_killed_import_is_ended_by_running_it_again(
    scheme: str, name: str, tmp_path: Path, whole: bool, report: Report
) -> None:
    first, second = _source(tmp_path / "1.csv", 1), _source(tmp_path / "2.csv", 2)
    old, store = tmp_path / "old", tmp_path / "store"
    _import(f"{scheme}:///{old}", first)
    before = _state(f"{scheme}:///{old}")
    shutil.copy(old, store)
    undisturbed = _import(f"{scheme}:///{store}", second)
    assert min(undisturbed.created, undisturbed.deleted, undisturbed.unchanged) > 100
    after = _state(f"{scheme}:///{store}")

    chance = random.Random(5)
    rounds = 50 if whole else 6
    violations = in_the_midst = 0
    for number in range(rounds):
        for file in tmp_path.glob("store*"):
            file.unlink()
        shutil.copy(old, store)
        command = [sys.executable, "-c", _RUN, f"{scheme}:///{store}", str(second)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(number % 6):
                process.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
        in_the_midst += _state(f"{scheme}:///{store}") not in (before, after)
        _import(f"{scheme}:///{store}", second)
        violations += _state(f"{scheme}:///{store}") != after
    report.add("I1", name, rounds, violations, "imports killed at any moment and run again")
    assert violations == 0
    assert in_the_midst > rounds // 4
