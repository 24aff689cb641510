"""Books as rows of the SQLite store, each with a checksum: SQLite returns flipped bits as data."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Final, cast
from zlib import crc32

from contacts_core import (
    MAX_ID,
    Change,
    Changes,
    Contact,
    ContactBook,
    InvalidContact,
    Match,
    Position,
    Search,
    StoreCorrupted,
    TokenExpired,
    index_key,
)

from .saving import Write

PAGE: Final = 500  # books in memory during a walk

_HEAD: Final = "b.person_id, b.revision, b.position, b.last_id, b.erased, b.contents, b.digest"
_CONTACT: Final = "c.id, c.protocol, c.label, c.integration, c.value"
_LOAD_ONE: Final = (
    f"SELECT {_HEAD}, {_CONTACT} FROM contact_book AS b LEFT JOIN contact AS c USING (person_id) "
    "WHERE b.person_id = ? ORDER BY c.id"
)
_SOME: Final = "person_id IN (SELECT value FROM json_each(?))"
_HEADS: Final = f"SELECT {_HEAD} FROM contact_book AS b"
_CONTACTS: Final = f"SELECT {_CONTACT}, c.person_id FROM contact AS c"
_PUT_BOOK: Final = (
    "INSERT OR REPLACE INTO contact_book "
    "(person_id, revision, position, last_id, erased, contents, digest) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT_CONTACT: Final = (
    "INSERT OR REPLACE INTO contact "
    "(person_id, id, protocol, label, integration, value, match, digest) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

_HEAD_TEXT: Final = b"%d\t%d\t%d\t%d\t%d\t%d"

_Head = tuple[int, int, int, int, int, int, int]
_ContactRow = tuple[int, str, str, int, str]


def load(connection: sqlite3.Connection, person_id: int) -> ContactBook:
    """The book of one person; empty for who was never saved."""
    rows = connection.execute(_LOAD_ONE, (person_id,)).fetchall()
    if not rows:
        return load_some(connection, (person_id,))[person_id]
    return _book(rows[0][:7], [row[7:] for row in rows] if rows[0][7] is not None else [])


def load_some(
    connection: sqlite3.Connection, person_ids: Collection[int]
) -> dict[int, ContactBook]:
    """The books of these people; empty ones for who was never saved."""
    wanted = (json.dumps(list(person_ids)),)
    with _snapshot(connection):
        heads = connection.execute(f"{_HEADS} WHERE {_SOME}", wanted).fetchall()
        rows = connection.execute(f"{_CONTACTS} WHERE {_SOME}", wanted).fetchall()
    found = {book.person_id: book for _, book in _books(heads, rows)}
    for person_id in person_ids:
        if person_id not in found:
            found[person_id] = ContactBook(person_id=person_id)
    return found


def load_page(connection: sqlite3.Connection, after: int) -> tuple[list[ContactBook], int]:
    """The next books behind a person, without the erased, and the last person that was read.

    Who came to the end goes on to MAX_ID: there may be contacts that a damaged row left alone.
    """
    with _snapshot(connection):
        heads = _page(connection, after)
        last = heads[-1][0] if heads else MAX_ID
        rows = connection.execute(
            f"{_CONTACTS} WHERE person_id BETWEEN ? AND ?", (after + 1, last)
        ).fetchall()
    return [book for erased, book in _books(heads, rows) if not erased], last


def people_after(connection: sqlite3.Connection, last: int) -> list[int]:
    """The next page of people, in order; a damaged row counts as one that is not erased."""
    people: list[int] = []
    while not people:
        heads = _page(connection, last)
        if not heads:
            break
        last = heads[-1][0]
        people = [head[0] for head in heads if not (head[4] and _is_whole(head))]
    return people


def _page(connection: sqlite3.Connection, last: int) -> list[_Head]:
    heads = connection.execute(
        f"{_HEADS} WHERE person_id > ? ORDER BY person_id LIMIT ?", (last, PAGE)
    ).fetchall()
    for head in heads:
        if head[0] <= last:
            raise StoreCorrupted("the people in the store are out of order")
        last = head[0]
    return heads


def last_given(connection: sqlite3.Connection) -> tuple[int, int]:
    """The greatest position in the feed and the greatest contact id ever given."""
    row = connection.execute(f"{_HEADS} ORDER BY position DESC LIMIT 1").fetchone()
    if row is None:
        return 0, 0
    _, _, position, last_id, *_ = _checked(row)
    return position, last_id


def is_erased(connection: sqlite3.Connection, person_id: int) -> bool:
    """Whether a person is forgotten."""
    rows = connection.execute("SELECT erased FROM contact_book WHERE person_id = ?", (person_id,))
    return any(erased for (erased,) in rows)


def write(connection: sqlite3.Connection, writes: Iterable[Write], first: int) -> None:
    """Writes books under positions from *first* on, of their contacts only what differs."""
    gone: list[tuple[int, int | None]] = []
    come: list[tuple[object, ...]] = []
    books, erasures = [], []
    for position, (old, new, last_id, erased) in enumerate(writes, first):
        person_id = new.person_id
        known = {contact.id: contact for contact in old.contacts}
        rows = []
        for contact in sorted(new.contacts, key=_id):
            row = _row(contact)
            rows.append(row)
            if contact.id not in known or known.pop(contact.id) != contact:
                match = index_key(contact)
                come.append((person_id, *row, match, _digest(person_id, row, match)))
        gone += [(person_id, contact_id) for contact_id in known]
        head = (person_id, new.revision, position, last_id, int(erased), _contents(rows))
        books.append((*head, crc32(_HEAD_TEXT % head)))
        if erased:
            erasures.append((position,))
    connection.executemany("DELETE FROM contact WHERE person_id = ? AND id = ?", gone)
    connection.executemany(_PUT_CONTACT, come)
    connection.executemany(_PUT_BOOK, books)
    connection.executemany("INSERT INTO contact_erasure VALUES (?)", erasures)


def unfinished_erasures(connection: sqlite3.Connection) -> list[tuple[int]]:
    """Where the feed has erasures after which the file may still hold values."""
    return connection.execute("SELECT position FROM contact_erasure").fetchall()


def rewrite(connection: sqlite3.Connection) -> None:
    """Leaves no copies behind: what was deleted is zeroed, but not what rows left as they moved."""
    connection.execute("VACUUM")


def empty_log(connection: sqlite3.Connection) -> bool:
    """Moves the log into the file; False when a reader, or another who does it, is in the way."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def finish_erasures(connection: sqlite3.Connection, positions: list[tuple[int]]) -> None:
    """Notes that these erasures are finished."""
    connection.executemany("DELETE FROM contact_erasure WHERE position = ?", positions)


def find(connection: sqlite3.Connection, search: Search) -> tuple[Match, ...]:
    """The best matches, each as it was saved."""
    if not search.key:
        return ()
    rows = connection.execute(
        f"SELECT c.person_id, {_CONTACT}, c.match, c.digest FROM contact AS c "
        "WHERE match = ? AND protocol = ?",
        (search.index_key, search.protocol.value),
    )
    candidates = []
    for row in rows:
        person_id, contact_id, protocol, label, integration, value, match, digest = row
        if _digest(person_id, row[1:6], match) != digest:
            raise _damaged(person_id)
        contact = Contact.from_row(contact_id, protocol, label, integration, value)
        candidates.append((person_id, contact))
    return search.best(candidates)


def changes(connection: sqlite3.Connection, after: str | None, limit: int) -> Changes:
    """A page of the feed."""
    start = _position(connection, 0) if after is None else Position.parse(after)
    last, _ = last_given(connection)
    if start.number > last or start != _position(connection, start.number):
        raise TokenExpired
    rows = connection.execute(
        f"{_HEADS} WHERE position > ? ORDER BY position LIMIT ?",
        (start.number, limit + 1),
    ).fetchall()
    page = [_checked(row) for row in rows[:limit]]
    end = _position(connection, page[-1][2]) if page else start
    return Changes(
        tuple([Change(row[0], row[1], row[4] == 1) for row in page]),
        str(end),
        more=len(rows) > limit,
    )


def misfits(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the file and no read of a book shows: above all its indexes."""
    for (problem,) in connection.execute("PRAGMA integrity_check"):
        if problem != "ok":
            yield problem
    for (person_id,) in connection.execute(
        "SELECT DISTINCT person_id FROM contact "
        "WHERE person_id NOT IN (SELECT person_id FROM contact_book)"
    ):
        yield f"the book of person {person_id} is missing"
    for row in connection.execute(
        f"SELECT c.person_id, {_CONTACT}, c.match, c.digest FROM contact AS c"
    ):
        if _digest(row[0], row[1:6], row[6]) != row[7]:
            yield f"the row of contact {row[1]} is damaged"


def _books(heads: list[_Head], rows: list[Any]) -> Iterator[tuple[int, ContactBook]]:
    """Books and whether they are erased; by two queries, since a join would repeat the heads."""
    contacts: dict[int, list[_ContactRow]] = {}
    for row in rows:
        if row[5] in contacts:
            contacts[row[5]].append(row[:5])
        else:
            contacts[row[5]] = [row[:5]]
    for head in heads:
        yield head[4], _book(head, contacts.pop(head[0], []))
    for person_id in contacts:  # a flipped bit can hide the row of a book
        raise _damaged(person_id)


def _book(head: _Head, rows: list[_ContactRow]) -> ContactBook:
    """A book, if it is as it was saved."""
    if not _is_whole(head) or _contents(rows) != head[5]:
        raise _damaged(head[0])
    try:
        return ContactBook.from_rows(head[0], head[1], rows)
    except InvalidContact:
        raise _damaged(head[0]) from None


_id = attrgetter("id")


def _row(contact: Contact) -> _ContactRow:
    return (
        cast(int, contact.id),  # saved contacts have one
        contact.protocol._value_,
        contact.label._value_,
        int(contact.integration),
        contact.value,
    )


# Checksums are of texts in which tabs and line feeds part what cannot hold any.
def _contents(rows: Iterable[_ContactRow]) -> int:
    lines = [
        f"{id}\t{protocol}\t{label}\t{flag}\t{value}" for id, protocol, label, flag, value in rows
    ]
    return crc32("\n".join(lines).encode())


def _digest(person_id: int, row: _ContactRow, match: str) -> int:
    id, protocol, label, flag, value = row
    return crc32(f"{person_id}\t{id}\t{protocol}\t{label}\t{flag}\t{value}\t{match}".encode())


def _is_whole(head: _Head) -> bool:
    try:
        return crc32(_HEAD_TEXT % head[:6]) == head[6]
    except TypeError:  # no number, where one was
        return False


def _checked(head: _Head) -> _Head:
    if not _is_whole(head):
        raise _damaged(head[0])
    return head


def _damaged(person_id: int) -> StoreCorrupted:
    return StoreCorrupted(f"the book of person {person_id} is damaged")


def _position(connection: sqlite3.Connection, number: int) -> Position:
    (epoch,) = connection.execute(
        "SELECT name FROM contact_epoch WHERE start <= ? ORDER BY start DESC LIMIT 1", (number,)
    ).fetchone()
    return Position(epoch, number)


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Several queries that see the same state."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
