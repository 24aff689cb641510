"""The written table of the reliability sweeps."""

import datetime
import os
import platform
import re
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

_ROW: Final = re.compile(
    r"\| (?P<row>[A-F]\d+) \| (?P<what>.+) \| (?P<store>.+) "
    r"\| (?P<cases>[\d,]+) \| (?P<violations>[\d,]+) \| (?P<date>[\d-]+) \|"
)


class Row(NamedTuple):
    what: str
    cases: int = 0
    violations: int = 0
    date: str = ""


Rows = dict[tuple[str, str], Row]  # by acceptance row and store


class Report:
    """The rows of the table; those that another run wrote stay when this one has none."""

    def __init__(self) -> None:
        self._rows: Rows = {}

    def add(self, row: str, store: str, cases: int, violations: int, what: str) -> None:
        """Counts cases of one acceptance row; calls for the same row and store add up."""
        so_far = self._rows.get((row, store), Row(what))
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._rows[row, store] = Row(
            what, so_far.cases + cases, so_far.violations + violations, today
        )

    def write(self, path: Path) -> None:
        rows = _read(path.read_text(encoding="utf-8")) if path.exists() else {}
        table = _table(rows | self._rows)
        path.write_text(_TEXT.format(machine=_machine(), table=table), encoding="utf-8")


def _read(text: str) -> Rows:
    return {
        (match["row"], match["store"]): Row(
            match["what"],
            int(match["cases"].replace(",", "")),
            int(match["violations"].replace(",", "")),
            match["date"],
        )
        for match in _ROW.finditer(text)
    }


def _table(rows: Rows) -> str:
    in_order = sorted(rows.items(), key=lambda item: (item[0][0][0], int(item[0][0][1:]), item[0]))
    return "\n".join(
        f"| {row} | {what} | {store} | {cases:,} | {violations:,} | {date} |"
        for (row, store), (what, cases, violations, date) in in_order
    )


def _machine() -> str:
    return (
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"sqlite-utils {version('sqlite-utils')}, pytest {version('pytest')}"
    )


_TEXT: Final = """\
# What was tried to make the stores lose or invent something

Each row is a sweep over faults. A violation is an acknowledged save that is lost, a wrong value
read without an error, an error of no type of ours, a personal value in an error, or a byte of an
erased person that is left. The checkers are checked too: each of them finds what a store that is
broken on purpose does.

`pytest tests/reliability --whole` runs the sweeps whole and writes this table; without the option
they run in a reduced form, as in every run of the tests. Sweeps that need `strace`, or more rights
than they have, are skipped, and their rows then are those of an earlier date.

A damaged index, and the lost row of a book that is empty, show themselves to `contacts verify`
only: what that finds does not count as silent here.

| row | what | store | cases | violations | date |
|---|---|---|---|---|---|
{table}

Last run on {machine}.
"""
