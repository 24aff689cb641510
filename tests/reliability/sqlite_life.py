"""A short life of a SQLite store; as a script, `sqlite_life.py FILE STEPS` says what is done."""

import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from json_life import LIVES, Step, residue, state_of, states

from contacts_adapters import sqlite, sqlite_file
from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import StoreError


def live(path: Path, steps: Sequence[Step]) -> None:
    """Says on standard output which steps are done, and ends at the first error of a store."""
    expected = states(steps)
    done = 0
    try:
        with SqliteContactBooks(path) as store:
            try:
                for step in steps:
                    step(store)
                    done += 1
                    os.write(1, b"%d\n" % done)
            except StoreError:
                if state_of(store) not in expected[done : done + 2]:
                    os.write(1, b"wrong\n")
    except StoreError:
        pass


def check_after_crash(path: Path, steps: Sequence[Step], done: int) -> list[str]:
    """What is wrong with a store that *done* steps are acknowledged of, and perhaps one more.

    The store then has to live on to the end, and to leave no file but its own.
    """
    expected = states(steps)
    try:
        with SqliteContactBooks(path) as store:
            state = state_of(store)
            reached = next(
                (n for n in range(done, min(done + 2, len(expected))) if state == expected[n]), None
            )
            if reached is None:
                return [f"after {done} steps it holds neither what was saved nor one step more"]
            problems = residue(path.parent, state)
            for step in steps[reached:]:
                step(store)
            if state_of(store) != expected[-1]:
                problems.append(f"going on from step {reached} ends elsewhere")
            problems += residue(path.parent, expected[-1])
    except Exception as error:
        return [f"after {done} steps: {error!r}"]
    return problems


def _zeros(nbytes: int | None = None) -> str:
    return "00" * (nbytes or 8)


def files(path: Path) -> list[Path]:
    """The folder of a store and everything that the script may put there."""
    names = [
        f"{stem}{ending}"
        for stem in (path.name, f".{path.name}.{_zeros(4)}.new")
        for ending in ("", "-wal", "-shm", "-journal")
    ]
    return [path.parent, *(path.with_name(name) for name in names)]


if __name__ == "__main__":
    secrets.token_hex = _zeros
    # A lock that fails looks like one that somebody else has.
    for module in (sqlite, sqlite_file):
        vars(module)["TIMEOUT"] = 0.5
    live(Path(sys.argv[1]), LIVES[sys.argv[2]])
