"""A store with something of everything in it, and everything that it can be asked."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from contacts_core import Contact, ContactBook, ContactBookRepository, StoreError

PEOPLE: Final = range(1, 37)
EMPTIED: Final = PEOPLE[3::6]
ERASED: Final = PEOPLE[5::6]
ASKED: Final = (*PEOPLE, PEOPLE[-1] + 1)
REFUSED: Final = "refused"


def contacts_of(person_id: int) -> Iterator[Contact]:
    """One contact of each protocol, with values that no other person has."""
    yield Contact(label="mobile", telephone=f"+1 03 {5550000 + person_id}")
    yield Contact(label="work", email=f"person.{person_id}@example.com", integration=True)
    yield Contact(label="chat_slack", chat=f"https://chat.example.com/{person_id}")
    yield Contact(label="personal", website=f"www.example.com/{person_id}/{'long-' * 40}")


def book_of(person_id: int) -> ContactBook:
    return ContactBook(person_id=person_id, contacts=contacts_of(person_id))


def fill(repository: ContactBookRepository) -> None:
    saved = {book.person_id: book for book in repository.save_all(map(book_of, PEOPLE))}
    repository.save_all(saved[person_id].clear() for person_id in EMPTIED)
    for person_id in ERASED:
        repository.erase(person_id)
    for person_id in PEOPLE[::6]:
        mobile = saved[person_id].contacts[0].id
        assert mobile is not None
        repository.save(saved[person_id].update(mobile, {"label": "home"}))


def questions(repository: ContactBookRepository) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every reading call of the port, for every person, by its name."""
    for person_id in ASKED:
        yield "get", partial(repository.get, person_id)
    yield "books", lambda: list(repository.books())
    yield "books of some", lambda: list(repository.books(ASKED))
    yield "person_ids", lambda: list(repository.person_ids())
    yield "changes", lambda: repository.changes().changes
    for person_id in ASKED[::3]:
        for contact in contacts_of(person_id):
            yield "find", partial(repository.find, contact.protocol, contact.value)


def answers(repository: ContactBookRepository) -> list[tuple[str, object]]:
    """The answers to all questions; a typed error is an answer too."""
    return [(name, _answer(question)) for name, question in questions(repository)]


def _answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except StoreError:
        return REFUSED
