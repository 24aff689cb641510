"""Books in memory: for tests, and for services that need no more."""

import secrets
from collections.abc import Collection, Iterable, Iterator
from itertools import count
from threading import Lock
from types import TracebackType
from typing import Final, Self

from attrs import frozen

from contacts_core import (
    Change,
    Changes,
    ContactBook,
    ContactLabel,
    ContactProtocol,
    Match,
    Position,
    Search,
    StoreUnavailable,
    TokenExpired,
    whole_number,
)


@frozen
class _Entry:
    book: ContactBook
    position: int
    erased: bool = False


_NEVER_SAVED: Final = 0  # a position before the first


class MemoryContactBooks:
    """A repository that ends with its object; `find` looks at every contact.

    Threads may share it. A forked child has a copy of its own.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[int, _Entry] | None = {}
        self._last_id = 0
        self._epoch = secrets.token_hex(8)
        self._last = 0

    def get(self, person_id: int, /) -> ContactBook:
        return self._entry(self._open(), whole_number("person_id", person_id)).book

    def save(self, book: ContactBook, /) -> ContactBook:
        return self.save_all((book,))[0]

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        books = list(books)
        with self._lock:
            entries = self._open()
            new: dict[int, _Entry] = {}
            saved = []
            position, last_id = self._last, self._last_id
            for book in books:
                person_id = book.person_id
                stored = (new.get(person_id) or self._entry(entries, person_id)).book
                book.check_follows(stored.revision, [contact.id for contact in stored])
                if not book.changed:
                    saved.append(book)
                    continue
                result = book.stored(count(last_id + 1))
                last_id += [contact.id for contact in book].count(None)
                position += 1
                new[person_id] = _Entry(result, position)
                saved.append(result)
            self._put(entries, new, last_id)
        return saved

    def books(self, person_ids: Iterable[int] | None = None, /) -> Iterator[ContactBook]:
        if person_ids is None:
            yield from (self.get(person_id) for person_id in self.person_ids())
        else:
            wanted = sorted({whole_number("person_id", person_id) for person_id in person_ids})
            yield from map(self.get, wanted)

    def person_ids(self) -> Iterator[int]:
        with self._lock:
            entries = self._open()
            present = sorted(one for one, entry in entries.items() if not entry.erased)
        yield from present

    def find(
        self,
        protocol: ContactProtocol,
        value: str,
        /,
        *,
        labels: Collection[ContactLabel | str] | None = None,
        limit: int = 10,
    ) -> tuple[Match, ...]:
        search = Search(protocol, value, labels, limit)
        with self._lock:
            entries = list(self._open().values())
        return search.best(
            (entry.book.person_id, contact) for entry in entries for contact in entry.book
        )

    def changes(self, after: str | None = None, limit: int = 1000) -> Changes:
        whole_number("limit", limit)
        with self._lock:
            entries = self._open()
            start = Position(self._epoch, 0) if after is None else Position.parse(after)
            if start.epoch != self._epoch or start.number > self._last:
                raise TokenExpired
            later = sorted(
                (entry for entry in entries.values() if entry.position > start.number),
                key=lambda entry: entry.position,
            )
        page = later[:limit]
        return Changes(
            tuple(Change(e.book.person_id, e.book.revision, e.erased) for e in page),
            str(Position(self._epoch, page[-1].position) if page else start),
            more=len(later) > limit,
        )

    def erase(self, person_id: int, /) -> None:
        whole_number("person_id", person_id)
        with self._lock:
            entries = self._open()
            entry = self._entry(entries, person_id)
            if entry.position != _NEVER_SAVED and not entry.erased:
                tombstone = ContactBook(person_id=person_id, revision=entry.book.revision + 1)
                new = _Entry(tombstone, self._last + 1, erased=True)
                self._put(entries, {person_id: new}, self._last_id)

    @property
    def last_id(self) -> int:
        """The greatest contact id that was ever given."""
        return self._last_id

    def restore(
        self,
        books: Iterable[ContactBook],
        /,
        *,
        erased: Collection[int] = (),
        last_id: int = 0,
    ) -> None:
        """Takes over newer books with their ids and revisions, for `maintenance.copy`.

        The people of *erased* are erased with their books; ids up to *last_id* are not given again.
        Raises BookConflict, and writes nothing, when a book here has a history of its own.
        """
        with self._lock:
            entries = self._open()
            new: dict[int, _Entry] = {}
            for book in books:
                person_id = book.person_id
                if book.is_newer_than(self._entry(entries, person_id).book):
                    new[person_id] = _Entry(book, self._last + len(new) + 1, person_id in erased)
            ids = (contact.id or 0 for entry in new.values() for contact in entry.book)
            self._put(entries, new, max(self._last_id, last_id, *ids))

    def close(self) -> None:
        self._entries = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _open(self) -> dict[int, _Entry]:
        if self._entries is None:
            raise StoreUnavailable("the store is closed")
        return self._entries

    @staticmethod
    def _entry(entries: dict[int, _Entry], person_id: int) -> _Entry:
        return entries.get(person_id) or _Entry(ContactBook(person_id=person_id), _NEVER_SAVED)

    def _put(self, entries: dict[int, _Entry], new: dict[int, _Entry], last_id: int) -> None:
        entries.update(new)
        self._last += len(new)
        self._last_id = last_id


def open_url(url: str, /) -> MemoryContactBooks:
    """A new store; it has no name, so `memory://` is the whole URL."""
    if url != "memory://":
        raise StoreUnavailable("a store in memory has no name: write memory://")
    return MemoryContactBooks()
