"""A life of a store on a disk that is full at some size, then has room again.

As a script, for a small file system: `json_full_disk.py FOLDER` lives it with less and less of the
folder's room taken, and says how often, and what was wrong.
"""

import resource
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from json_life import (
    COMPACTS_FROM,
    LIFE,
    Steps,
    add_to_all,
    check_after_crash,
    erase,
    state_of,
    states,
)

from contacts_adapters import json_file
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import StoreUnavailable

_PAGE: Final = 4096  # in which a tmpfs counts
_LONG_LIFE: Final[Steps] = (*(add_to_all(range(1, 9)),) * 6, erase(1), add_to_all(range(2, 9)))


def problems_when_full(path: Path, steps: Steps, make_room: Callable[[], object]) -> list[str]:
    """Of a life that goes on, with the same object, when there is room after the first refusal."""
    expected = states(steps)
    done = 0
    store = None
    try:
        store = JsonFileContactBooks(path)
        while done < len(steps):
            steps[done](store)
            done += 1
    except StoreUnavailable:
        # Of an erasure, the person may be forgotten already and the file not yet written anew.
        if store and state_of(store) not in expected[done : done + 2]:
            return [f"after {done} steps, the store says something else when the disk is full"]
    make_room()
    with store or JsonFileContactBooks(path) as store:
        for step in steps[done:]:
            step(store)
    return check_after_crash(path, steps, len(steps))


def problems_at_sizes(path: Path, sizes: Iterable[int]) -> list[str]:
    """When no file of this process may grow beyond so many bytes."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int = most) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))

    problems = []
    for size in sizes:
        _clear(path.parent)
        limit(size)
        try:
            found = problems_when_full(path, LIFE, limit)
        except Exception as error:
            found = [repr(error)]
        finally:
            limit()
        problems += [f"{size} bytes: {problem}" for problem in found]
    return problems


def problems_beside(path: Path, pages: int) -> list[str]:
    """When another file takes up so many pages, or all that there are, and then goes."""
    _clear(path.parent)
    ballast = path.with_name("ballast")
    with suppress(OSError):
        ballast.write_bytes(bytes(pages * _PAGE))
    return problems_when_full(path, _LONG_LIFE, lambda: ballast.unlink(missing_ok=True))


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)


if __name__ == "__main__":
    json_file.COMPACT_FROM = COMPACTS_FROM  # type: ignore[misc]
    place = Path(sys.argv[1], "store", "contacts.jsonl")
    for number in range(18):
        for line in problems_beside(place, number) or ["ok"]:
            sys.stdout.write(f"{number} pages: {line}\n")
