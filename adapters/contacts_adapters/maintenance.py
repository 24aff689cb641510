"""Whole stores: checking one, copying one into another."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Final, Protocol, runtime_checkable

from attrs import frozen

from contacts_core import (
    BookConflict,
    ContactBook,
    ContactBookRepository,
    StoreCorrupted,
    make_converter,
)

_PAGE: Final = 1000  # books in one transaction of the target


@runtime_checkable
class Copyable(ContactBookRepository, Protocol):
    """A repository that can be copied with all that matters, and into; ours all can."""

    @property
    def last_id(self) -> int:
        """The greatest contact id that was ever given."""

    def restore(
        self,
        books: Iterable[ContactBook],
        /,
        *,
        erased: Collection[int] = (),
        last_id: int = 0,
    ) -> None:
        """Takes over newer books with their ids and revisions, all or none.

        The people of *erased* are erased with their books; ids up to *last_id* are not given again.
        Raises BookConflict, and writes nothing, when a book here has a history of its own.
        """


@runtime_checkable
class Backupable(Protocol):
    """A repository in files."""

    def backup(self, path: str, /) -> None:
        """Writes a copy of the store to a new file, consistent while others write.

        Raises StoreUnavailable when the file exists already or cannot be written.
        """


@frozen
class Digest:
    """What a store holds: two stores with equal digests hold the same books."""

    books: int
    sha256: str


@runtime_checkable
class Checkable(Protocol):
    """A repository that has more to check than its books."""

    def check(self) -> None:
        """Raises StoreCorrupted."""


def verify(
    repository: ContactBookRepository, /
) -> Iterator[tuple[int | None, StoreCorrupted | None]]:
    """Reads every book of a store and says of each person whether the book is damaged.

    What is wrong with the store beyond its books comes last, of the person None.

    >>> from contacts_adapters import open_repository
    >>> list(verify(open_repository("memory://")))
    []
    """
    for person_id in repository.person_ids():
        try:
            repository.get(person_id)
        except StoreCorrupted as error:
            yield person_id, error
        else:
            yield person_id, None
    if isinstance(repository, Checkable):
        try:
            repository.check()
        except StoreCorrupted as error:
            yield None, error


def digest(repository: ContactBookRepository, /) -> Digest:
    """The digest of all books, ids and revisions included; raises StoreCorrupted."""
    total, books = sha256(), 0
    for book in repository.books():
        total.update(json.dumps(make_converter().unstructure(book)).encode())
        books += 1
    return Digest(books, total.hexdigest())


def copy(
    source: ContactBookRepository, target: Copyable, /, progress: Callable[[int], object] = id
) -> None:
    """Makes *target* the same as *source*: ids, revisions, erased people, no id given twice.

    The target is new, or an earlier copy, which is brought up to date; so a copy that was
    interrupted is resumed by copying again. *progress* hears of each number of books done. Others
    may go on writing to the source; `digest` of both then shows whether to copy again.

    Raises BookConflict when the target has a history of its own; StoreError.

    >>> from contacts_adapters import open_repository
    >>> copy(open_repository("memory://"), target := open_repository("memory://"))
    >>> digest(target).books
    0
    """
    _refuse_strangers(source, target)
    for page in _pages(source.books()):
        # Each id was given by a save, so one that is gone comes with a book that is newer here.
        target.restore(page, last_id=_last_id(source))
        progress(len(page))
    for page in _pages(source.books(_erased(source))):
        gone = [book for book in page if not book.contacts]
        erased = {book.person_id for book in gone}
        target.restore(gone, erased=erased, last_id=_last_id(source))


def _last_id(source: ContactBookRepository) -> int:
    return source.last_id if isinstance(source, Copyable) else 0


def _refuse_strangers(source: ContactBookRepository, target: ContactBookRepository) -> None:
    known = source.person_ids()
    nearest = next(known, None)
    for person_id in target.person_ids():
        while nearest is not None and nearest < person_id:
            nearest = next(known, None)
        if nearest != person_id and not source.get(person_id).revision:
            raise BookConflict(person_id, 0, target.get(person_id).revision)


def _erased(repository: ContactBookRepository) -> Iterator[int]:
    page = repository.changes()
    yield from (change.person_id for change in page.changes if change.erased)
    while page.more:
        page = repository.changes(page.token)
        yield from (change.person_id for change in page.changes if change.erased)


def _pages(books: Iterator[ContactBook]) -> Iterator[list[ContactBook]]:
    while page := list(islice(books, _PAGE)):
        yield page
