"""A short life of a store in a JSON Lines file: its steps, and what it must hold after each.

As a script, for a process that something is done to: `json_life.py FILE STEPS` lives it and says
which step is done.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from contacts_adapters import json_file
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_adapters.memory import MemoryContactBooks
from contacts_core import (
    Change,
    Contact,
    ContactBook,
    ContactBookRepository,
    StoreError,
)

Step = Callable[[ContactBookRepository], object]
Steps = tuple[Step, ...]
State = tuple[tuple[Change, tuple[Contact, ...]], ...]

# Small, so that a short life has compactions in it that no erasure asks for.
COMPACTS_FROM: Final = 900


def value(person_id: int, number: int) -> str:
    """A value that says whose it is, as `marker` finds it again."""
    return f"of-{person_id}-{number}@example.com"


def marker(person_id: int) -> bytes:
    """What every value of a person holds and no other byte of a store does."""
    return b"of-%d-" % person_id


def _with(book: ContactBook, count: int) -> ContactBook:
    for number in range(len(book), len(book) + count):
        book = book.add(Contact(label="work", email=value(book.person_id, number)))
    return book


def add(person_id: int, count: int = 1) -> Step:
    return lambda store: store.save(_with(store.get(person_id), count))


def add_to_all(person_ids: Iterable[int]) -> Step:
    return lambda store: store.save_all([_with(book, 2) for book in store.books(person_ids)])


def drop_first(person_id: int) -> Step:
    def step(store: ContactBookRepository) -> object:
        book = store.get(person_id)
        first = book.contacts[0].id
        assert first is not None
        return store.save(book.remove(first))

    return step


def clear(person_id: int) -> Step:
    return lambda store: store.save(store.get(person_id).clear())


def erase(person_id: int) -> Step:
    return lambda store: store.erase(person_id)


SAVES: Final[Steps] = (
    add(1, 2),
    add_to_all([2, 3, 4]),
    drop_first(1),
    add_to_all([1, 5]),
    add(3),
    clear(4),
    add(2, 3),
)
ERASURES: Final[Steps] = (add(1, 2), add_to_all([2, 3]), erase(2), add(1), erase(1))
LIFE: Final[Steps] = (
    add(1, 2),
    add_to_all([2, 3]),
    *(drop_first(1), add(1)) * 3,
    add_to_all([2, 4]),
    erase(3),
    clear(4),
    erase(1),
    add_to_all([2, 5]),
)
LIVES: Final = {"saves": SAVES, "erasures": ERASURES, "life": LIFE}


def state_of(store: ContactBookRepository) -> State:
    """Everything that a store says."""
    state = tuple(
        (change, store.get(change.person_id).contacts) for change in store.changes().changes
    )
    books = {book.person_id: (book.revision, book.contacts) for book in store.books()}
    listed = {
        change.person_id: (change.revision, contacts)
        for change, contacts in state
        if not change.erased
    }
    assert books == listed
    return state


@cache
def states(steps: Steps) -> list[State]:
    """What a store holds before the first step and after each, by the store in memory."""
    with MemoryContactBooks() as store:
        result = [state_of(store)]
        for step in steps:
            step(store)
            result.append(state_of(store))
    return result


def residue(folder: Path, state: State) -> list[str]:
    """The files that hold a value of somebody who is erased."""
    erased = [marker(change.person_id) for change, _ in state if change.erased]
    return [
        f"{file.name} holds values of an erased person"
        for file in sorted(folder.iterdir())
        if any(mark in file.read_bytes() for mark in erased)
    ]


def check_after_crash(path: Path, steps: Steps, done: int, *, further: int = 99) -> list[str]:
    """What is wrong with a store that *done* steps are acknowledged of, and perhaps one more.

    The store then has to live on for so many *further* steps.
    """
    expected = states(steps)
    try:
        with JsonFileContactBooks(path) as store:
            state = state_of(store)
            reached = next(
                (n for n in range(done, min(done + 2, len(expected))) if state == expected[n]), None
            )
            if reached is None:
                return [f"after {done} steps it holds neither what was saved nor one step more"]
            problems = residue(path.parent, state)
            further_steps = steps[reached : reached + further]
            for step in further_steps:
                step(store)
            end = expected[reached + len(further_steps)]
            if state_of(store) != end:
                problems.append(f"going on from step {reached} ends elsewhere")
        problems += residue(path.parent, end)
    except Exception as error:
        return [f"after {done} steps: {error!r}"]
    if path.with_name(f"{path.name}.tmp").exists():
        problems.append("a draft is left")
    return problems


def live(path: Path, steps: Steps) -> None:
    """Says on standard output which steps are done, and ends at the first error of a store."""
    expected = states(steps)
    done = 0
    try:
        store = JsonFileContactBooks(path)
        try:
            for step in steps:
                step(store)
                done += 1
                os.write(1, b"%d\n" % done)
            store.close()
        except StoreError:
            if state_of(store) not in expected[done : done + 2]:
                os.write(1, b"wrong\n")
            store.close()
    except StoreError:
        pass


def _zeros(nbytes: int | None = None) -> str:
    return "00" * (nbytes or 8)


def files(path: Path) -> list[Path]:
    """The folder of a store and everything that the script may put there."""
    names = (path.name, f"{path.name}.tmp", f"{path.name}.lock", f".{path.name}.{_zeros(4)}.new")
    return [path.parent, *(path.with_name(name) for name in names)]


if __name__ == "__main__":
    secrets.token_hex = _zeros
    json_file.COMPACT_FROM = COMPACTS_FROM  # type: ignore[misc]
    live(Path(sys.argv[1]), LIVES[sys.argv[2]])
