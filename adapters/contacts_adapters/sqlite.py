"""Books in a SQLite file: rows that any SQLite tool reads, one transaction per save."""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self, TypeVar, TypeVarTuple
from weakref import WeakSet

from contacts_core import (
    MAX_ID,
    Changes,
    ContactBook,
    ContactLabel,
    ContactProtocol,
    Match,
    Search,
    StoreCorrupted,
    StoreUnavailable,
    whole_number,
)

from . import sqlite_rows
from .closing import Closing
from .files import checked_path, new_file, path_of
from .saving import Write, plan_restore, plan_save
from .sqlite_file import STORE_ERRORS, TIMEOUT, connect, prepare, raise_store_error, store_errors

KEPT_EPOCHS: Final = 10_000  # tokens from before the last so many handles that wrote expire

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

_open_stores: "WeakSet[SqliteContactBooks]" = WeakSet()
_inherited: list[sqlite3.Connection] = []  # SQLite forbids a forked child even to close them


class SqliteContactBooks(Closing):
    """A repository in one SQLite file, made when missing, with mode 0600.

    Every save is one transaction in WAL mode with `synchronous=FULL`. Threads share the object,
    processes the file; the file has to be on a local disk, since WAL needs shared memory.

    Raises StoreCorrupted for a file that is no store of contacts, or one of a newer version, and
    leaves it as it is; StoreUnavailable when the file cannot be opened or made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = checked_path(path)
        self._host: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._began_epoch = False
        with store_errors():
            prepare(self._path)
        _open_stores.add(self)
        self.finish_erasures()

    @classmethod
    def on(cls, connection: sqlite3.Connection, /) -> Self:
        """A repository in the host's own database, whose writes join the host's transaction.

        The tables are made when missing. Inside a transaction of the host, a save is a savepoint:
        it is durable, and seen by others, when the host commits, and undone when it rolls back;
        a transaction that has read should have begun IMMEDIATE, or a save can fail as locked.
        Outside of one, a save is a transaction of its own. The store is as durable and as private
        as the host's settings make it: `synchronous`, `secure_delete`, the mode of the file. After
        an erasure the host commits and calls `finish_erasures`.

        One thread at a time may use it. `close` leaves the connection open. The connection needs
        the default `isolation_level` or None, and no row factory.
        """
        from .sqlite_schema import migrate

        self = cls.__new__(cls)
        self._host = connection
        self._idle = []
        self._closed = False
        self._began_epoch = False
        with self._transaction():
            migrate(connection)
        return self

    def get(self, person_id: int, /) -> ContactBook:
        return self._read(sqlite_rows.load, whole_number("person_id", person_id))

    def save(self, book: ContactBook, /) -> ContactBook:
        return self.save_all((book,))[0]

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        books = list(books)
        saved: list[ContactBook] = []
        with self._transaction() as connection:
            for page in _pages(books):
                stored = sqlite_rows.load_some(connection, {book.person_id for book in page})
                position, last_id = sqlite_rows.last_given(connection)
                results, writes = plan_save(page, stored.__getitem__, last_id)
                self._write(connection, writes, position + 1)
                saved += results
        return saved

    def _write(self, connection: sqlite3.Connection, writes: Sequence[Write], first: int) -> None:
        if writes:
            self._begin_epoch(connection, first)
            sqlite_rows.write(connection, writes, first)

    def books(self, person_ids: Iterable[int] | None = None, /) -> Iterator[ContactBook]:
        if person_ids is None:
            return self._everybody()
        return self._some(sorted({whole_number("person_id", one) for one in person_ids}))

    def _some(self, person_ids: list[int]) -> Iterator[ContactBook]:
        for page in _pages(person_ids):
            found = self._read(sqlite_rows.load_some, page)
            yield from (found[person_id] for person_id in page)

    def _everybody(self) -> Iterator[ContactBook]:
        last = 0
        while last < MAX_ID:
            books, last = self._read(sqlite_rows.load_page, last)
            yield from books

    def person_ids(self) -> Iterator[int]:
        for page in self._pages_of_people():
            yield from page

    def _pages_of_people(self) -> Iterator[list[int]]:
        """Page by page in a query of its own: an open read would keep the log from shrinking."""
        last = 0
        while True:
            page = self._read(sqlite_rows.people_after, last)
            if not page:
                return
            last = page[-1]
            yield page

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
        return self._read(sqlite_rows.find, search)

    def changes(self, after: str | None = None, limit: int = 1000) -> Changes:
        return self._read(sqlite_rows.changes, after, whole_number("limit", limit))

    def erase(self, person_id: int, /) -> None:
        whole_number("person_id", person_id)
        with self._transaction() as connection:
            book = sqlite_rows.load(connection, person_id)
            if book.revision and not sqlite_rows.is_erased(connection, person_id):
                position, last_id = sqlite_rows.last_given(connection)
                tombstone = ContactBook(person_id=person_id, revision=book.revision + 1)
                write = Write(book, tombstone, last_id, erased=True)
                self._write(connection, [write], position + 1)
        self._finish_erasures_if_alone()

    def _finish_erasures_if_alone(self) -> None:
        if self._host is None or not self._host.in_transaction:
            self.finish_erasures()

    @property
    def last_id(self) -> int:
        return self._read(sqlite_rows.last_given)[1]

    def restore(
        self,
        books: Iterable[ContactBook],
        /,
        *,
        erased: Collection[int] = (),
        last_id: int = 0,
    ) -> None:
        with self._transaction() as connection:
            for page in _pages(list(books)):
                stored = sqlite_rows.load_some(connection, {book.person_id for book in page})
                position, newest = sqlite_rows.last_given(connection)
                writes = plan_restore(page, stored.__getitem__, max(newest, last_id), erased)
                self._write(connection, writes, position + 1)
        self._finish_erasures_if_alone()

    def finish_erasures(self) -> None:
        """Rewrites the file when it may still hold values of erased people.

        `erase` ends with it, and opening a store, in case that a crash interrupted an erasure;
        only a host with a transaction of its own has to call it. Raises StoreUnavailable when a
        reader in another process keeps the old log for longer than it is waited for.
        """
        unfinished = self._read(sqlite_rows.unfinished_erasures)
        if not unfinished:
            return
        self._read(sqlite_rows.rewrite)
        deadline = time.monotonic() + TIMEOUT
        while not self._read(sqlite_rows.empty_log):
            if time.monotonic() > deadline:
                message = "erased, but a reader keeps the old log: end it and erase again"
                raise StoreUnavailable(message)
            time.sleep(0.01)
        with self._transaction() as connection:
            sqlite_rows.finish_erasures(connection, unfinished)

    def check(self) -> None:
        """Looks at what no read of a book shows, for `contacts_adapters.maintenance.verify`.

        A damaged index can make `find` or `changes` leave somebody out. Raises StoreCorrupted.
        """
        for problem in self._read(lambda connection: list(sqlite_rows.misfits(connection))):
            raise StoreCorrupted(problem)

    def backup(self, path: str | os.PathLike[str], /) -> None:
        with (
            store_errors(),
            self._connection() as connection,
            new_file(checked_path(path)) as draft,
        ):
            copy = sqlite3.connect(draft)
            try:
                connection.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _read(self, query: Callable[[sqlite3.Connection, *_Args], _T], *args: *_Args) -> _T:
        # By hand: as context managers, these two took a fifth of a `get` (benchmarks).
        try:
            connection = self._take()
            try:
                return query(connection, *args)
            finally:
                self._give_back(connection)
        except STORE_ERRORS as error:
            raise_store_error(error)

    def _take(self) -> sqlite3.Connection:
        """A connection that no other thread has for the time being."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._host is not None:
            return self._host
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection is self._host:
            return
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with store_errors():
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A write: IMMEDIATE, for a transaction that reads first and then writes cannot wait."""
        with self._connection() as connection:
            joined = connection.in_transaction
            connection.execute("SAVEPOINT contacts" if joined else "BEGIN IMMEDIATE")
            began_epoch = self._began_epoch
            try:
                yield connection
                connection.execute("RELEASE contacts" if joined else "COMMIT")
            except BaseException:
                self._began_epoch = began_epoch
                if connection.in_transaction:
                    connection.execute("ROLLBACK TO contacts" if joined else "ROLLBACK")
                raise
            # What the host may yet roll back is no beginning.
            self._began_epoch = self._began_epoch and not joined

    def _begin_epoch(self, connection: sqlite3.Connection, start: int) -> None:
        if not self._began_epoch:
            self._began_epoch = True
            connection.execute(
                "INSERT INTO contact_epoch VALUES (?, ?)", (start, secrets.token_hex(8))
            )
            connection.execute(
                "DELETE FROM contact_epoch WHERE start > 0 AND start < ("
                "SELECT start FROM contact_epoch ORDER BY start DESC LIMIT 1 OFFSET ?)",
                (KEPT_EPOCHS,),
            )

    def _after_fork(self) -> None:
        _inherited.extend(self._idle)
        self._idle = []


def open_url(url: str, /) -> SqliteContactBooks:
    """The store in the file that `sqlite:///path` names."""
    return SqliteContactBooks(path_of(url))


def _after_fork() -> None:
    for store in _open_stores:
        store._after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _pages(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    page = sqlite_rows.PAGE
    return (items[start : start + page] for start in range(0, len(items), page))
