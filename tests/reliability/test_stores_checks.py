"""Every store passes every check that applies; a store that is broken on purpose does not.

A mutant is a store with one text of its source changed. That the checks find it is what their
silence about the real stores is worth.
"""

import shutil
from pathlib import Path
from typing import Final

import pytest
from report_table import Report
from stores_checks import (
    MEMORY,
    Check,
    deferred_writes,
    ids_given_twice,
    impossible_histories,
    lost_updates,
    residue,
    silent_cuts,
    silent_edits,
    silent_flips,
    unsynced_saves,
    wide_modes,
)
from stores_leaks import leaks
from stores_mutants import mutated

STORES: Final = {"memory": "memory", "sqlite": "SQLite", "json": "JSON"}
FILES: Final = ("sqlite", "json")

DAMAGE: Final = "single flipped bits; cut every 5 bytes; rows edited column by column"

# Row of the report, what it says, the check, how large it is when whole, and for which stores.
SOUND: Final[list[tuple[str, str, Check, dict[str, int], tuple[str, ...]]]] = [
    ("B2", "writes outside of BEGIN IMMEDIATE", deferred_writes, {}, ("sqlite",)),
    ("B4", DAMAGE, silent_flips, {"count": 15_000}, ("sqlite",)),
    ("B4", DAMAGE, silent_cuts, {"every": 5}, ("sqlite",)),
    ("B4", DAMAGE, silent_edits, {}, ("sqlite",)),
    ("C2", "linearizable histories", impossible_histories, {"count": 200}, tuple(STORES)),
    ("C3", "8 workers count up", lost_updates, {"workers": 8, "times": 250}, tuple(STORES)),
    ("C3", "8 workers count up; ids given twice", ids_given_twice, {}, tuple(STORES)),
    ("F2", "bytes of erased people in any file", residue, {}, FILES),
    ("F1", "a telling text in any error, or an untyped one", leaks, {}, tuple(STORES)),
    ("F5", "files wider than 0600 with umask 0", wide_modes, {}, FILES),
    (
        "A6",
        "saves acknowledged before they were synced",
        unsynced_saves,
        {"times": 500},
        ("sqlite",),
    ),
]

# The scheme, the module, what is changed in it, and the check that finds it.
MUTANTS: Final[list[tuple[str, str, str, str, Check]]] = [
    ("memory", "memory", "with self._lock:", "if True:", lost_updates),
    ("memory", "saving", "book.check_follows(", "{}.get(", lost_updates),
    ("memory", "saving", "count(last_id + 1)", "count(1)", ids_given_twice),
    ("sqlite", "sqlite", '"BEGIN IMMEDIATE"', '"BEGIN"', deferred_writes),
    ("sqlite", "sqlite", '"BEGIN IMMEDIATE"', '"SELECT 1"', deferred_writes),
    ("sqlite", "saving", "book.check_follows(", "{}.get(", lost_updates),
    ("sqlite", "saving", "book.check_follows(", "{}.get(", impossible_histories),
    ("sqlite", "saving", "count(last_id + 1)", "count(1 + len(old))", ids_given_twice),
    ("sqlite", "sqlite_rows", "_contents(rows) != head[5]", "False", silent_flips),
    ("sqlite", "sqlite_rows", "_contents(rows) != head[5]", "False", silent_edits),
    ("sqlite", "sqlite_rows", "crc32(_HEAD_TEXT % head[:6]) == head[6]", "True", silent_edits),
    (
        "sqlite",
        "sqlite_rows",
        "_digest(person_id, row[1:6], match) != digest",
        "False",
        silent_edits,
    ),
    ("sqlite", "sqlite_rows", '"VACUUM"', '"SELECT 1"', residue),
    ("sqlite", "sqlite_rows", "wal_checkpoint(TRUNCATE)", "wal_checkpoint(PASSIVE)", residue),
    ("sqlite", "sqlite", "if not unfinished:", "if True:", residue),
    ("sqlite", "sqlite_file", "synchronous = FULL", "synchronous = OFF", unsynced_saves),
    ("sqlite", "sqlite_file", "synchronous = FULL", "synchronous = NORMAL", unsynced_saves),
    ("sqlite", "sqlite_file", "failure.__context__ = None", "pass", leaks),
    ("sqlite", "files", "0o600", "0o644", wide_modes),
    ("json", "json_log", "kind | fcntl.LOCK_NB", "fcntl.LOCK_SH", lost_updates),
    ("json", "saving", "book.check_follows(", "{}.get(", lost_updates),
    ("json", "saving", "book.check_follows(", "{}.get(", impossible_histories),
    ("json", "saving", "count(last_id + 1)", "count(1)", ids_given_twice),
    ("json", "json_log", "crc32(line[_COVERED:]) != int(frame[1], 16)", "False", silent_flips),
    ("json", "json_file", "self._unfinished_erasure:", "False:", residue),
    ("json", "json_log", "            sync(self._file)", "            pass", unsynced_saves),
    ("json", "json_log", "0o600", "0o644", wide_modes),
]


def url_of(scheme: str, folder: Path) -> str:
    return MEMORY if scheme == "memory" else f"{scheme}:///{folder / 'store'}"


def skip_without_strace(check: Check) -> None:
    if check is unsynced_saves and shutil.which("strace") is None:
        pytest.skip("NOT RUN: strace is missing; on Debian: apt install strace")


@pytest.mark.parametrize(
    ("scheme", "row", "what", "check", "size"),
    [
        pytest.param(scheme, row, what, check, size, id=f"{scheme}-{check.__name__}")
        for row, what, check, size, schemes in SOUND
        for scheme in schemes
    ],
)
def test_a_store_is_sound(
    scheme: str,
    row: str,
    what: str,
    check: Check,
    size: dict[str, int],
    tmp_path: Path,
    whole: bool,
    report: Report,
) -> None:
    skip_without_strace(check)

    cases, problems = check(url_of(scheme, tmp_path), **(size if whole else {}))

    report.add(row, STORES[scheme], cases, len(problems), what)
    assert problems == []


@pytest.mark.parametrize(
    ("scheme", "module", "old", "new", "check"),
    [pytest.param(*row, id=f"{row[0]}-{row[2]}-{row[3]}-{row[4].__name__}") for row in MUTANTS],
)
def test_a_mutant_is_found_out(
    scheme: str, module: str, old: str, new: str, check: Check, tmp_path: Path, report: Report
) -> None:
    skip_without_strace(check)

    with mutated(module, old, new):
        try:
            _, problems = check(url_of(scheme, tmp_path))
        except Exception as error:
            problems = [repr(error)]

    report.add("C4", STORES[scheme], 1, not problems, "mutants, each found by a check")
    assert problems
