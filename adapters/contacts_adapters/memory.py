"""Books in memory: for tests, and for services that need no more."""

import secrets
from collections.abc import Collection, Iterable, Iterator
from threading import Lock
from typing import NamedTuple

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

from .closing import Closing
from .saving import Write, plan_restore, plan_save


class _Entry(NamedTuple):
    book: ContactBook
    position: int
    erased: bool = False


class MemoryContactBooks(Closing):
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
        return self._load(whole_number("person_id", person_id))

    def save(self, book: ContactBook, /) -> ContactBook:
        return self.save_all((book,))[0]

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        books = list(books)
        with self._lock:
            entries = self._open()
            saved, writes = plan_save(books, self._load, self._last_id)
            self._put(entries, writes)
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
            entry = entries.get(person_id)
            if entry is not None and not entry.erased:
                tombstone = ContactBook(person_id=person_id, revision=entry.book.revision + 1)
                self._put(entries, [Write(entry.book, tombstone, self._last_id, erased=True)])

    @property
    def last_id(self) -> int:
        return self._last_id

    def restore(
        self,
        books: Iterable[ContactBook],
        /,
        *,
        erased: Collection[int] = (),
        last_id: int = 0,
    ) -> None:
        with self._lock:
            entries = self._open()
            newest = max(self._last_id, last_id)
            self._put(entries, plan_restore(books, self._load, newest, erased))
            self._last_id = max(self._last_id, last_id)

    def close(self) -> None:
        self._entries = None

    def _open(self) -> dict[int, _Entry]:
        if self._entries is None:
            raise StoreUnavailable("the store is closed")
        return self._entries

    def _load(self, person_id: int) -> ContactBook:
        entry = self._open().get(person_id)
        return ContactBook(person_id=person_id) if entry is None else entry.book

    def _put(self, entries: dict[int, _Entry], writes: Iterable[Write]) -> None:
        for _, book, last_id, erased in writes:
            self._last += 1
            self._last_id = last_id
            entries[book.person_id] = _Entry(book, self._last, erased)


def open_url(url: str, /) -> MemoryContactBooks:
    """A new store; it has no name, so `memory://` is the whole URL."""
    if url != "memory://":
        raise StoreUnavailable("a store in memory has no name: write memory://")
    return MemoryContactBooks()
