"""Processes and threads that change the same books at once, and whether a change was lost.

The book of a person at revision 17 holds the values 15, 16 and 17, so it says itself whether each
change was made to the outcome of the one before.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from json_life import value

from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import BookConflict, Contact, ContactBook, ContactBookRepository

SHARED: Final = 1  # the person whom all writers change
_KEPT: Final = 3
_fork: Final = multiprocessing.get_context("fork")


def change(store: ContactBookRepository, person_id: int) -> tuple[int, int]:
    """Puts the next value into a book; gives its revision then, and the id of the new contact."""
    while True:
        book = store.get(person_id)
        new = book
        if len(book) == _KEPT:
            new = new.remove(min(contact.id or 0 for contact in book))
        email = value(person_id, book.revision + 1)
        try:
            saved = store.save(new.add(Contact(label="work", email=email)))
        except BookConflict:
            continue
        return saved.revision, max(contact.id or 0 for contact in saved)


def is_legal(book: ContactBook) -> bool:
    numbers = range(max(1, book.revision - _KEPT + 1), book.revision + 1)
    return {contact.email for contact in book} == {value(book.person_id, n) for n in numbers}


class Acknowledgements:
    """What writers said about their changes, in a file each: a kill takes back no word of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def change(
        self, store: ContactBookRepository, name: str, people: Sequence[int], times: int | None
    ) -> None:
        """Changes each of these people so many times, or for ever."""
        with (self._folder / name).open("ab", buffering=0) as said:
            for _ in count() if times is None else range(times):
                for person_id in people:
                    said.write(b"%d %d %d\n" % (person_id, *change(store, person_id)))

    def size(self) -> int:
        return sum(file.stat().st_size for file in self._folder.iterdir())

    def said(self) -> list[tuple[int, int, int]]:
        """Person, revision and id of the new contact."""
        lines = [line for file in self._folder.iterdir() for line in file.read_text().splitlines()]
        return [(int(who), int(revision), int(new)) for who, revision, new in map(str.split, lines)]

    def problems(self, store: ContactBookRepository, in_flight: int = 0) -> list[str]:
        """What is wrong with a store after this, and perhaps changes that were *in_flight*."""
        said = self.said()
        problems = []
        if len({new for _, _, new in said}) < len(said):
            problems.append("an id was given twice")
        if len({(who, revision) for who, revision, _ in said}) < len(said):
            problems.append("a change was lost to another one")
        for book in store.books({who for who, _, _ in said}):
            last, its_id = max((rev, new) for who, rev, new in said if who == book.person_id)
            if not last <= book.revision <= last + in_flight:
                problems.append(f"{book!r}, but revision {last} was acknowledged")
            if not is_legal(book):
                problems.append(f"{book!r} does not hold the last values")
            if book.revision == last and its_id not in book:
                problems.append(f"{book!r} does not hold the id that was given")
        return problems


def read_for_ever(path: Path, people: Sequence[int]) -> None:
    """Ends with an error when a book is not whole, or older than before."""
    seen = dict.fromkeys(people, 0)
    with JsonFileContactBooks(path) as store:
        while True:
            for book in store.books(people):
                assert is_legal(book)
                assert book.revision >= seen[book.person_id]
                seen[book.person_id] = book.revision


def write(
    path: Path, acknowledgements: Acknowledgements, writer: int, times: int | None = None
) -> None:
    """Changes a person of its own and the shared one."""
    with JsonFileContactBooks(path) as store:
        acknowledgements.change(store, str(writer), [SHARED, 100 + writer], times)


@contextmanager
def processes(*work: Callable[[], None]) -> Iterator[list[BaseProcess]]:
    """Forked processes, one for each piece of work; none is left in the end."""
    started: list[BaseProcess] = [_fork.Process(target=one) for one in work]
    try:
        for process in started:
            process.start()
        yield started
    finally:
        for process in started:
            process.kill()
            process.join()
