"""Books in a JSON Lines file: one line per saved book, appended, for `jq` and a text editor too."""

import json
import os
import re
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from contacts_core import (
    Change,
    Changes,
    ContactBook,
    ContactLabel,
    ContactProtocol,
    InvalidContact,
    Match,
    Position,
    Search,
    StoreCorrupted,
    TokenExpired,
    index_key,
    make_converter,
    to_json,
    whole_number,
)

from .closing import Closing
from .files import checked_path, path_of
from .json_log import Line, Log
from .saving import Write, plan_restore, plan_save

KEPT_EPOCHS: Final = 1_000  # tokens from before the last so many handles that wrote expire
COMPACT_FROM: Final = 1 << 20  # bytes: a smaller file is not worth compacting
_PAGE: Final = 500  # books in memory during a walk

_HEAD: Final = re.compile(
    rb'"position":(\d{1,19}),"last_id":(\d{1,19}),"person_id":(\d{1,19}),"revision":(\d{1,19}),'
)
_TOMBSTONE: Final = b'"erased":true}'
_NOT_OURS: Final = "a line of the store is not as this library writes it"
_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode

# Where the last line of each person stands: in memory, which SQLite keeps sorted and small.
_INDEX: Final = """
CREATE TABLE book (
    person_id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    erased INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL
)
"""
# For `changes`, made on its first use: it would take a third of the time of opening.
_FEED_INDEX: Final = "CREATE INDEX IF NOT EXISTS feed ON book (position)"
# For `find`, made on its first use: who has, or had, a value whose key has this hash.
_SEARCH_INDEX: Final = """
CREATE TABLE search (
    hash INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    PRIMARY KEY (hash, person_id)
) WITHOUT ROWID
"""
_PUT_BOOK: Final = (
    "INSERT OR REPLACE INTO book (person_id, revision, position, erased, offset, length) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_PUT_SEARCH: Final = "INSERT OR IGNORE INTO search (hash, person_id) VALUES (?, ?)"
_inherited: list[sqlite3.Connection] = []  # SQLite forbids a forked child even to close them


class JsonFileContactBooks(Closing):
    """A repository in one JSON Lines file, made when missing, with mode 0600.

    A save appends and syncs one line; an index of where the lines stand is made when the file is
    opened, which checks every checksum. When more than half of a file of at least a mebibyte is
    of no use any more, as seen whenever it has grown by a quarter, it is written anew. Threads
    share the object, processes the file; both have to be on a local disk of a POSIX system.

    Raises StoreCorrupted for a file that is no store of contacts, of a newer version or damaged,
    and leaves it as it is; StoreUnavailable when the file cannot be opened or made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._pid = os.getpid()
        self._index = _new_index()
        self._searchable = False
        self._position = self._last_id = 0
        self._epochs: list[tuple[int, str]] = []
        self._unfinished_erasure = self._began_epoch = False
        self._look_again_at = COMPACT_FROM
        self._log = Log(checked_path(path), self._receive)
        try:
            self._log.open(_header(0, 0, [(0, secrets.token_hex(8))]))
            with self._log.reading():
                unfinished = self._unfinished_erasure
            if unfinished:
                with self._log.writing():
                    self._compact()
        except BaseException:
            self.close()
            raise

    def get(self, person_id: int, /) -> ContactBook:
        whole_number("person_id", person_id)
        with self._log.reading():
            return self._get(person_id)

    def save(self, book: ContactBook, /) -> ContactBook:
        return self.save_all((book,))[0]

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        books = list(books)
        with self._log.writing():
            saved, writes = plan_save(books, self._get, self._last_id)
            self._append(writes)
            if self._log.size >= self._look_again_at:
                with suppress(OSError):  # the save is done; a full disk must not undo that
                    self._compact_when_worth_it()
        return saved

    def books(self, person_ids: Iterable[int] | None = None, /) -> Iterator[ContactBook]:
        if person_ids is None:
            return self._everybody()
        return self._some(sorted({whole_number("person_id", one) for one in person_ids}))

    def _everybody(self) -> Iterator[ContactBook]:
        for page in self._pages_of_people():
            yield from self._some(page)

    def _some(self, person_ids: list[int]) -> Iterator[ContactBook]:
        for start in range(0, len(person_ids), _PAGE):
            with self._log.reading():
                books = [self._get(one) for one in person_ids[start : start + _PAGE]]
            yield from books

    def person_ids(self) -> Iterator[int]:
        for page in self._pages_of_people():
            yield from page

    def _pages_of_people(self) -> Iterator[list[int]]:
        last = 0
        while True:
            with self._log.reading():
                rows = self._index.execute(
                    "SELECT person_id FROM book WHERE person_id > ? AND NOT erased "
                    "ORDER BY person_id LIMIT ?",
                    (last, _PAGE),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [person_id for (person_id,) in rows]

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
        with self._log.reading():
            if not search.key:
                return ()
            if not self._searchable:
                self._make_searchable()
            rows = self._index.execute(
                "SELECT person_id FROM search WHERE hash = ?",
                (_hash(search.protocol, search.index_key),),
            )
            return search.best(
                (person_id, contact) for (person_id,) in rows for contact in self._get(person_id)
            )

    def changes(self, after: str | None = None, limit: int = 1000) -> Changes:
        whole_number("limit", limit)
        with self._log.reading():
            start = self._epoch_at(0) if after is None else Position.parse(after)
            if start.number > self._position or start != self._epoch_at(start.number):
                raise TokenExpired
            self._index.execute(_FEED_INDEX)
            rows = self._index.execute(
                "SELECT person_id, revision, erased, position FROM book WHERE position > ? "
                "ORDER BY position LIMIT ?",
                (start.number, limit + 1),
            ).fetchall()
            end = self._epoch_at(rows[:limit][-1][3]) if rows else start
        return Changes(
            tuple(Change(who, revision, bool(erased)) for who, revision, erased, _ in rows[:limit]),
            str(end),
            more=len(rows) > limit,
        )

    def erase(self, person_id: int, /) -> None:
        whole_number("person_id", person_id)
        with self._log.writing():
            row = _row_of(self._index, person_id)
            if row is not None and not row[1]:
                book = ContactBook(person_id=person_id, revision=row[0])
                tombstone = ContactBook(person_id=person_id, revision=row[0] + 1)
                self._append([Write(book, tombstone, self._last_id, erased=True)])
            if self._unfinished_erasure:
                self._compact()

    @property
    def last_id(self) -> int:
        with self._log.reading():
            return self._last_id

    def restore(
        self,
        books: Iterable[ContactBook],
        /,
        *,
        erased: Collection[int] = (),
        last_id: int = 0,
    ) -> None:
        with self._log.writing():
            newest = max(self._last_id, last_id)
            self._append(plan_restore(books, self._get, newest, erased))
            if self._unfinished_erasure:
                self._compact()

    def backup(self, path: str | os.PathLike[str], /) -> None:
        self._log.copy_to(checked_path(path))

    def close(self) -> None:
        self._log.close()
        self._index.close()

    def _get(self, person_id: int) -> ContactBook:
        row = _row_of(self._index, person_id)
        if row is None:
            return ContactBook(person_id=person_id)
        return _book(self._log.read(row[2], row[3]), person_id)

    def _append(self, writes: Sequence[Write]) -> None:
        if writes:
            first = self._position + 1
            lines = [_book_line(position, write) for position, write in enumerate(writes, first)]
            if not self._began_epoch:
                epoch = (first, secrets.token_hex(8))
                lines.insert(0, b'"epoch":%b}' % _to_json(epoch).encode())
            self._log.append(lines)
            self._began_epoch = True

    def _receive(self, lines: Iterator[Line], anew: bool) -> None:
        """Brings the index up to date with lines that this or another process has written."""
        if anew:
            index, searchable, unfinished_erasure = _new_index(), False, False
            header = _record(next(lines)[2])
            try:
                position, last_id = int(header["position"]), int(header["last_id"])
                epochs = [_epoch(epoch) for epoch in header["epochs"]]
            except (KeyError, TypeError, ValueError):
                raise StoreCorrupted(_NOT_OURS) from None
        else:
            index, searchable = self._index, self._searchable
            unfinished_erasure = self._unfinished_erasure
            position, last_id, epochs = self._position, self._last_id, list(self._epochs)

        def rows() -> Iterator[tuple[int, ...]]:
            nonlocal position, last_id, unfinished_erasure
            for offset, length, rest in lines:
                head = _HEAD.match(rest)
                if head is None:
                    epochs.append(_epoch(_record(rest).get("epoch")))
                    continue
                position, last_id, person_id, revision = map(int, head.groups())
                erased = rest.endswith(_TOMBSTONE)
                if erased and _row_of(index, person_id):
                    unfinished_erasure = True  # the lines of before are still there
                if searchable:
                    index.executemany(_PUT_SEARCH, _search_rows(_book(rest, person_id)))
                yield person_id, revision, position, erased, offset, length

        try:
            with index:
                index.executemany(_PUT_BOOK, rows())
        except OverflowError:
            raise StoreCorrupted(_NOT_OURS) from None
        if anew:
            self._began_epoch = False
            self._look_again_at = COMPACT_FROM
            self._drop_index()
            self._pid = os.getpid()
        self._index, self._searchable = index, searchable
        self._unfinished_erasure = unfinished_erasure
        self._position, self._last_id, self._epochs = position, last_id, epochs

    def _make_searchable(self) -> None:
        with self._index as index:
            index.execute(_SEARCH_INDEX)
            people = index.execute("SELECT person_id FROM book WHERE NOT erased ORDER BY offset")
            index.executemany(
                _PUT_SEARCH,
                (row for (person_id,) in people for row in _search_rows(self._get(person_id))),
            )
        self._searchable = True

    def _compact_when_worth_it(self) -> None:
        (live,) = self._index.execute("SELECT sum(length) FROM book").fetchone()
        if self._log.size > 2 * live:
            self._compact()
        self._look_again_at = max(COMPACT_FROM, self._log.size + self._log.size // 4)

    def _compact(self) -> None:
        places = self._index.execute("SELECT offset, length FROM book ORDER BY position")
        kept = [self._epochs[0], *self._epochs[1:][-KEPT_EPOCHS:]]
        self._log.replace(
            _header(self._position, self._last_id, kept),
            (self._log.read(*place) for place in places),
        )

    def _epoch_at(self, number: int) -> Position:
        names = (name for start, name in reversed(self._epochs) if start <= number)
        return Position(next(names), number)

    def _drop_index(self) -> None:
        if self._pid == os.getpid():
            self._index.close()
        else:
            _inherited.append(self._index)


def open_url(url: str, /) -> JsonFileContactBooks:
    """The store in the file that `json:///path` names."""
    return JsonFileContactBooks(path_of(url))


def _new_index() -> sqlite3.Connection:
    index = sqlite3.connect(":memory:", check_same_thread=False)
    index.execute(_INDEX)
    return index


def _row_of(index: sqlite3.Connection, person_id: int) -> tuple[int, int, int, int] | None:
    """Revision, erased, offset and length of the last line of a person."""
    row: tuple[int, int, int, int] | None = index.execute(
        "SELECT revision, erased, offset, length FROM book WHERE person_id = ?", (person_id,)
    ).fetchone()
    return row


def _search_rows(book: ContactBook) -> Iterator[tuple[int, int]]:
    for contact in book:
        yield _hash(contact.protocol, index_key(contact)), book.person_id


def _hash(protocol: ContactProtocol, key: str) -> int:
    return hash((protocol.value, key))  # salted: it says nothing outside this process


def _header(position: int, last_id: int, epochs: list[tuple[int, str]]) -> bytes:
    header = {"position": position, "last_id": last_id, "epochs": epochs}
    return _to_json(header).encode().removeprefix(b"{")


def _book_line(position: int, write: Write) -> bytes:
    head = b'"position":%d,"last_id":%d,"person_id":%d,"revision":%d,' % (
        position,
        write.last_id,
        write.new.person_id,
        write.new.revision,
    )
    if write.erased:
        return head + _TOMBSTONE
    return b'%b"contacts":%b}' % (head, to_json(write.new).encode())


def _epoch(record: Any) -> tuple[int, str]:
    match record:
        case [int(start), str(name)]:
            return start, name
        case _:
            raise StoreCorrupted(_NOT_OURS)


def _book(line: bytes, person_id: int) -> ContactBook:
    """The book in a line of this person."""
    record = _record(line)
    try:
        book = make_converter().structure(
            {
                "person_id": record["person_id"],
                "revision": record["revision"],
                "contacts": record.get("contacts", []),  # none in a tombstone
            },
            ContactBook,
        )
        if book.person_id == person_id:
            return book
    except (InvalidContact, KeyError):
        pass
    raise StoreCorrupted(_NOT_OURS)


def _record(line: bytes) -> dict[str, Any]:
    """What a line says; its checksum is right, but another program may have written both."""
    try:
        record: dict[str, Any] | None = json.loads(b"{" + line)
    except (ValueError, RecursionError):
        record = None  # raised below, outside of here: these errors hold the line
    if record is None:
        raise StoreCorrupted(_NOT_OURS)
    return record
