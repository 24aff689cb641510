"""What a save means, whatever the store: which books it writes, and with which ids."""

from collections.abc import Callable, Collection, Iterable
from itertools import count
from typing import NamedTuple

from contacts_core import ContactBook

Load = Callable[[int], ContactBook]


class Write(NamedTuple):
    """A book to be written over another, and the greatest contact id given by then."""

    old: ContactBook
    new: ContactBook
    last_id: int
    erased: bool = False


def plan_save(
    books: Iterable[ContactBook], load: Load, last_id: int
) -> tuple[list[ContactBook], list[Write]]:
    """What `save_all` returns, and what it has to write, in this order.

    *load* gives the stored book of a person, *last_id* is the greatest contact id given so far.
    Raises BookConflict, and InvalidContact for an id that a caller has chosen.
    """
    latest: dict[int, ContactBook] = {}
    results, writes = [], []
    for book in books:
        person_id = book.person_id
        old = latest[person_id] if person_id in latest else load(person_id)
        book.check_follows(old.revision, {contact.id for contact in old.contacts})
        if book.changed:
            new = book.stored(count(last_id + 1))
            last_id += [contact.id for contact in book.contacts].count(None)
            writes.append(Write(old, new, last_id))
            latest[person_id] = new
            results.append(new)
        else:
            results.append(book)
    return results, writes


def plan_restore(
    books: Iterable[ContactBook], load: Load, last_id: int, erased: Collection[int]
) -> list[Write]:
    """What taking over books of another store has to write; raises BookConflict."""
    newer = [(old, book) for book in books if book.is_newer_than(old := load(book.person_id))]
    newest = max([last_id, *(contact.id or 0 for _, book in newer for contact in book)])
    return [Write(old, book, newest, book.person_id in erased) for old, book in newer]
