"""Books in a SQLite file: rows that any SQLite tool reads, one transaction per save."""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, NoReturn, Self, TypeVar, TypeVarTuple, cast
from weakref import WeakSet
from zlib import crc32

from contacts_core import (
    Change,
    Changes,
    Contact,
    ContactBook,
    ContactLabel,
    ContactProtocol,
    InvalidContact,
    Match,
    Position,
    Search,
    StoreCorrupted,
    StoreUnavailable,
    TokenExpired,
    index_key,
    match_key,
    whole_number,
)

from .files import checked_path, exists, new_file, path_of

APPLICATION_ID: Final = 0x436F6E74  # "Cont"
VERSION: Final = 1  # of the schema: the number of its migrations
TIMEOUT: Final = 30.0  # seconds to wait for another writer
KEPT_EPOCHS: Final = 10_000  # tokens from before the last so many handles that wrote expire
_PAGE: Final = 500  # books in memory during a walk

_HEAD: Final = "b.person_id, b.revision, b.position, b.last_id, b.erased, b.contents, b.digest"
_LOAD: Final = (
    f"SELECT {_HEAD}, c.id, c.protocol, c.label, c.integration, c.value "
    "FROM contact_book AS b LEFT JOIN contact AS c USING (person_id) "
    "WHERE {} ORDER BY b.person_id, c.id"
)
_LOAD_ONE: Final = _LOAD.format("b.person_id = ?")
_LOAD_SOME: Final = _LOAD.format("b.person_id IN (SELECT value FROM json_each(?))")
_LOAD_RANGE: Final = _LOAD.format("b.person_id BETWEEN ? AND ? AND NOT b.erased")
_WITH_CONTACTS: Final = (
    "SELECT DISTINCT person_id FROM contact WHERE person_id IN (SELECT value FROM json_each(?))"
)
_PUT_BOOK: Final = (
    "INSERT OR REPLACE INTO contact_book "
    "(person_id, revision, position, last_id, erased, contents, digest) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT_CONTACT: Final = (
    "INSERT OR REPLACE INTO contact "
    "(person_id, id, protocol, label, integration, value, digest, match) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

_open_stores: "WeakSet[SqliteContactBooks]" = WeakSet()
_inherited: list[sqlite3.Connection] = []  # SQLite forbids a forked child even to close them


class SqliteContactBooks:
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
        with _store_errors():
            if not exists(self._path):
                _create(self._path)
            _check(self._path)
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
        return self._read(_load_one, whole_number("person_id", person_id))[1]

    def save(self, book: ContactBook, /) -> ContactBook:
        return self.save_all((book,))[0]

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        books = list(books)
        saved: list[ContactBook] = []
        with self._transaction() as connection:
            for page in _pages(books):
                saved += self._put(connection, page)
        return saved

    def _put(
        self, connection: sqlite3.Connection, books: Collection[ContactBook]
    ) -> Iterator[ContactBook]:
        stored = _load_people(connection, {book.person_id for book in books})
        last_id = _last(connection)[1]
        writes = []
        for book in books:
            old = stored[book.person_id]
            book.check_follows(old.revision, {contact.id for contact in old})
            if book.changed:
                new = stored[book.person_id] = book.stored(count(last_id + 1))
                last_id += sum(contact.id is None for contact in book)
                writes.append(_Write(old, new, last_id))
            yield stored[book.person_id]
        self._write(connection, writes)

    def _write(self, connection: sqlite3.Connection, writes: Sequence["_Write"]) -> None:
        if not writes:
            return
        first = _last(connection)[0] + 1
        self._begin_epoch(connection, first)
        gone, come, books, erasures = [], [], [], []
        for position, (old, new, last_id, erased) in enumerate(writes, first):
            old_contacts, new_ids = set(old), {contact.id for contact in new}
            gone += [(old.person_id, contact.id) for contact in old if contact.id not in new_ids]
            come += [
                _contact_row(new.person_id, contact)
                for contact in new
                if contact not in old_contacts
            ]
            books.append(_book_row(new, position, last_id, erased=erased))
            if erased:
                erasures.append((new.person_id,))
        connection.executemany("DELETE FROM contact WHERE person_id = ? AND id = ?", gone)
        connection.executemany(_PUT_CONTACT, come)
        connection.executemany(_PUT_BOOK, books)
        connection.executemany("INSERT OR IGNORE INTO contact_erasure VALUES (?)", erasures)

    def books(self, person_ids: Iterable[int] | None = None, /) -> Iterator[ContactBook]:
        if person_ids is None:
            return self._everybody()
        return self._some(sorted({whole_number("person_id", one) for one in person_ids}))

    def _some(self, person_ids: list[int]) -> Iterator[ContactBook]:
        for page in _pages(person_ids):
            found = self._read(_load_people, page)
            yield from (found[person_id] for person_id in page)

    def _everybody(self) -> Iterator[ContactBook]:
        for page in self._pages_of_people():
            for _, book in self._read(_load, _LOAD_RANGE, (page[0], page[-1])):
                yield book

    def person_ids(self) -> Iterator[int]:
        for page in self._pages_of_people():
            yield from page

    def _pages_of_people(self) -> Iterator[list[int]]:
        """Page by page in a query of its own: an open read would keep the log from shrinking."""
        last = 0
        while True:
            page = self._read(_people_after, last)
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
        return self._read(_find, search) if search.key else ()

    def changes(self, after: str | None = None, limit: int = 1000) -> Changes:
        return self._read(_changes, after, whole_number("limit", limit))

    def erase(self, person_id: int, /) -> None:
        whole_number("person_id", person_id)
        with self._transaction() as connection:
            head, book = _load_one(connection, person_id)
            if head is not None and not head.erased:
                tombstone = ContactBook(person_id=person_id, revision=book.revision + 1)
                self._write(
                    connection, [_Write(book, tombstone, _last(connection)[1], erased=True)]
                )
        self._finish_erasures_if_alone()

    def _finish_erasures_if_alone(self) -> None:
        if self._host is None or not self._host.in_transaction:
            self.finish_erasures()

    @property
    def last_id(self) -> int:
        """The greatest contact id that was ever given."""
        return self._read(_last)[1]

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
        with self._transaction() as connection:
            for page in _pages(list(books)):
                stored = _load_people(connection, {book.person_id for book in page})
                newest = max(last_id, _last(connection)[1], *map(_greatest_id, page))
                self._write(
                    connection,
                    [
                        _Write(stored[book.person_id], book, newest, book.person_id in erased)
                        for book in page
                        if book.is_newer_than(stored[book.person_id])
                    ],
                )
        self._finish_erasures_if_alone()

    def finish_erasures(self) -> None:
        """Rewrites the file when it may still hold values of erased people.

        `erase` ends with it, and opening a store, in case that a crash interrupted an erasure;
        only a host with a transaction of its own has to call it. Raises StoreUnavailable when a
        reader in another process keeps the old log for longer than it is waited for.
        """
        with self._connection() as connection:
            unfinished = connection.execute("SELECT person_id FROM contact_erasure").fetchall()
            if unfinished:
                connection.execute("VACUUM")  # deleted rows are zeroed, but not their moved copies
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    raise StoreUnavailable(
                        "erased, but a reader keeps the old log: end it and erase again"
                    )
                with self._transaction() as own:
                    own.executemany("DELETE FROM contact_erasure WHERE person_id = ?", unfinished)

    def backup(self, path: str | os.PathLike[str], /) -> None:
        """Writes a copy of the store to a new file, consistent while others write.

        Raises StoreUnavailable when the file exists already or cannot be written.
        """
        with (
            _store_errors(),
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

    def _read(self, query: Callable[[sqlite3.Connection, *_Args], _T], *args: *_Args) -> _T:
        # By hand: as context managers, these two took a fifth of a `get` (benchmarks).
        try:
            connection = self._take()
            try:
                return query(connection, *args)
            finally:
                self._give_back(connection)
        except (sqlite3.Error, OSError) as error:
            _raise_store_error(error)

    def _take(self) -> sqlite3.Connection:
        """A connection that no other thread has for the time being."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._host is not None:
            return self._host
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection is self._host:
            return
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with _store_errors():
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


class _Head(NamedTuple):
    person_id: int
    revision: int
    position: int
    last_id: int
    erased: int
    contents: int
    digest: int


class _Write(NamedTuple):
    old: ContactBook
    new: ContactBook
    last_id: int
    erased: bool = False


def _greatest_id(book: ContactBook) -> int:
    return max((contact.id or 0 for contact in book), default=0)


def _pages(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + _PAGE] for start in range(0, len(items), _PAGE))


def _load_people(
    connection: sqlite3.Connection, person_ids: Collection[int]
) -> dict[int, ContactBook]:
    """The books of these people; empty ones for who was never saved."""
    wanted = (json.dumps(list(person_ids)),)
    found = {book.person_id: book for _, book in _load(connection, _LOAD_SOME, wanted)}
    missing = [person_id for person_id in person_ids if person_id not in found]
    if missing:
        found |= {person_id: ContactBook(person_id=person_id) for person_id in missing}
        # A flipped bit can hide the row of a book; its contacts then stand alone.
        for (person_id,) in connection.execute(_WITH_CONTACTS, (json.dumps(missing),)):
            raise _damaged(person_id)
    return found


def _load_one(connection: sqlite3.Connection, person_id: int) -> tuple[_Head | None, ContactBook]:
    for found in _load(connection, _LOAD_ONE, (person_id,)):
        return found
    return None, _load_people(connection, [person_id])[person_id]


def _load(
    connection: sqlite3.Connection, sql: str, parameters: tuple[object, ...]
) -> list[tuple[_Head, ContactBook]]:
    """The books that a query gives, each checked against its digest."""
    loaded = []
    for person_id, rows in groupby(connection.execute(sql, parameters), key=itemgetter(0)):
        contents, contacts = 0, []
        for row in rows:
            if row[7] is not None:
                contents += _digest(person_id, row[7:])
                contacts.append(_contact(person_id, row[7:]))
        head = _checked(row[:7])
        if contents != head.contents:
            raise _damaged(person_id)
        book = ContactBook(person_id=person_id, contacts=contacts, revision=head.revision)
        loaded.append((head, book))
    return loaded


def _people_after(connection: sqlite3.Connection, last: int) -> list[int]:
    rows = connection.execute(
        "SELECT person_id FROM contact_book WHERE person_id > ? AND NOT erased "
        "ORDER BY person_id LIMIT ?",
        (last, _PAGE),
    )
    return [person_id for (person_id,) in rows]


def _find(connection: sqlite3.Connection, search: Search) -> tuple[Match, ...]:
    rows = connection.execute(
        "SELECT person_id, id, protocol, label, integration, value, digest FROM contact "
        "WHERE match = ? AND protocol = ?",
        (search.index_key, search.protocol.value),
    )
    candidates = []
    for person_id, *row, digest in rows:
        if _digest(person_id, row) != digest:
            raise _damaged(person_id)
        candidates.append((person_id, _contact(person_id, row)))
    return search.best(candidates)


def _changes(connection: sqlite3.Connection, after: str | None, limit: int) -> Changes:
    start = _epoch_at(connection, 0) if after is None else Position.parse(after)
    if start.number > _last(connection)[0] or start != _epoch_at(connection, start.number):
        raise TokenExpired
    rows = connection.execute(
        f"SELECT {_HEAD} FROM contact_book AS b WHERE position > ? ORDER BY position LIMIT ?",
        (start.number, limit + 1),
    ).fetchall()
    page = [_checked(row) for row in rows[:limit]]
    end = _epoch_at(connection, page[-1].position) if page else start
    return Changes(
        tuple([Change(head.person_id, head.revision, head.erased == 1) for head in page]),
        str(end),
        more=len(rows) > limit,
    )


def _contact(person_id: int, row: Sequence[Any]) -> Contact:
    contact_id, protocol, label, integration, value = row
    try:
        return Contact.from_row(contact_id, protocol, label, integration == 1, value)
    except InvalidContact:
        raise _damaged(person_id) from None


def _contact_row(person_id: int, contact: Contact) -> tuple[object, ...]:
    row = (
        contact.id,
        contact.protocol.value,
        contact.label.value,
        int(contact.integration),
        contact.value,
    )
    key = index_key(contact.protocol, match_key(contact.protocol, contact.value))
    return (person_id, *row, _digest(person_id, row), key)


def _book_row(book: ContactBook, position: int, last_id: int, *, erased: bool = False) -> _Head:
    contents = sum(cast(int, _contact_row(book.person_id, contact)[6]) for contact in book)
    head = (book.person_id, book.revision, position, last_id, int(erased), contents)
    return _Head(*head, digest=_head_digest(head))


def _digest(person_id: int, row: Sequence[object]) -> int:
    # No value holds a line feed, so no two rows look alike.
    contact_id, protocol, label, integration, value = row
    return crc32(f"{person_id}\n{contact_id}\n{protocol}\n{label}\n{integration}\n{value}".encode())


def _head_digest(head: Sequence[int]) -> int:
    return crc32(" ".join(map(str, head)).encode())


def _checked(row: Sequence[int]) -> _Head:
    if _head_digest(row[:6]) != row[6]:
        raise _damaged(row[0])
    return _Head._make(row)


def _damaged(person_id: int) -> StoreCorrupted:
    return StoreCorrupted(f"the book of person {person_id} is damaged")


def _last(connection: sqlite3.Connection) -> tuple[int, int]:
    """The greatest position in the feed and the greatest contact id ever given."""
    row = connection.execute(
        f"SELECT {_HEAD} FROM contact_book AS b ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return (0, 0) if row is None else _checked(row)[2:4]


def _epoch_at(connection: sqlite3.Connection, number: int) -> Position:
    (name,) = connection.execute(
        "SELECT name FROM contact_epoch WHERE start <= ? ORDER BY start DESC LIMIT 1", (number,)
    ).fetchone()
    return Position(name, number)


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    for pragma in (
        "synchronous = FULL",
        "fullfsync = ON",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _create(path: Path) -> None:
    """Makes an empty store."""
    from .sqlite_schema import migrate

    # Somebody else may be quicker: theirs is as good.
    with suppress(FileExistsError), new_file(path) as draft:
        connection = _connect(draft)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            migrate(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        finally:
            connection.close()


def _check(path: Path) -> None:
    """Refuses what is no store of ours, through a connection that cannot write a byte."""
    connection = _connect(path, "ro&immutable=1")
    try:
        application_id, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
    finally:
        connection.close()
    if application_id != APPLICATION_ID:
        raise StoreCorrupted("the file is no store of contacts; it was left as it is")
    if version != VERSION:
        raise StoreCorrupted(
            f"the store has version {version}, this library reads {VERSION}: update the library"
        )


_UNAVAILABLE: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
    )
)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        _raise_store_error(error)


def _raise_store_error(error: sqlite3.Error | OSError) -> NoReturn:
    if isinstance(error, OSError):
        raise StoreUnavailable(f"the store cannot be opened: {error}") from error
    if isinstance(error, sqlite3.ProgrammingError):
        raise StoreUnavailable("the store is closed") from error
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The module's own: a text that is not UTF-8, which its message quotes.
        failure = StoreCorrupted("a text in the store is damaged")
        try:
            raise failure from None
        finally:
            failure.__context__ = None
    if code & 0xFF in _UNAVAILABLE:
        raise StoreUnavailable(f"the store cannot be used now: {error}") from error
    raise StoreCorrupted(f"the store cannot be read: {error}") from error
