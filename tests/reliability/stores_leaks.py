"""Errors of every kind from stores that hold one telling text, which must be in none of them."""

import errno
import os
import pickle
import re
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from typing import Any, Final
from unittest.mock import patch

from stores_checks import MEMORY, Found, flipped, path_of, put

from contacts_adapters import open_repository
from contacts_core import (
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactProtocol,
    ContactsError,
    PeopleContacts,
    make_converter,
)

CANARY: Final = "canary7f3a"
VALUES: Final = {
    "telephone": ("fax", f"+1 {CANARY} 5550123"),
    "email": ("work", f"{CANARY}@example.com"),
    "chat": ("chat_slack", f"https://chat.example.com/{CANARY}"),
    "website": ("personal", f"www.example.com/{CANARY}"),
}
PERSON: Final = 42

Attempt = Callable[[], object]


def leaks(url: str) -> Found:
    """Errors that hold the text, or that are none of ours."""
    cases, problems = 0, []
    for name, attempt in _attempts(url):
        try:
            attempt()
        except Exception as error:
            cases += 1
            if not isinstance(error, ContactsError):
                problems.append(f"{name}: {type(error).__name__} is none of ours")
            problems += [f"{name}: {place}" for place in _places(error)]
    return cases, problems


def _places(error: BaseException) -> Iterator[str]:
    """Where in an error, and in the errors behind it, the text is."""
    behind: BaseException | None = error
    seen: list[BaseException] = []
    chain = [error]
    while chain:
        behind = chain.pop()
        if behind in seen:
            continue
        seen.append(behind)
        chain += [one for one in (behind.__cause__, behind.__context__) if one is not None]
        texts = {
            "repr": repr(behind),
            "str": str(behind),
            "args": repr(behind.args),
            "attributes": repr(vars(behind)),
            "object": repr(getattr(behind, "object", None)),
            "traceback": "".join(traceback.format_exception(behind)),
        }
        if isinstance(behind, ContactsError):
            texts["pickle"] = repr(pickle.dumps(behind))
        for place, text in texts.items():
            if CANARY in text.lower():
                yield f"{place} of {type(behind).__name__}"


def _attempts(url: str) -> Iterator[tuple[str, Attempt]]:
    with open_repository(url) as store:
        _fill(store)
        for number, attempt in enumerate(_bad_inputs(store)):
            yield f"bad input {number}", attempt
    for name, attempt in _calls(store):
        yield f"{name} of a closed store", attempt
    if url != MEMORY:
        yield from _damaged(url)
        yield from _failing(url)


def _fill(store: ContactBookRepository) -> None:
    contacts = [Contact(label=label, **{f: v}) for f, (label, v) in VALUES.items()]  # type: ignore[arg-type]
    store.save(ContactBook(person_id=PERSON, contacts=contacts))


def _calls(store: ContactBookRepository) -> Iterator[tuple[str, Attempt]]:
    """Every call of the port."""
    yield "get", partial(store.get, PERSON)
    yield "books", lambda: list(store.books())
    yield "some books", lambda: list(store.books([PERSON, PERSON + 1]))
    yield "person_ids", lambda: list(store.person_ids())
    yield "changes", store.changes
    for field, (label, value) in VALUES.items():
        yield "find", partial(store.find, ContactProtocol(field), value, labels=label)
    yield "save", lambda: _change(store)
    yield "erase", partial(store.erase, PERSON)


def _change(store: ContactBookRepository) -> None:
    book = store.get(PERSON)
    for contact in book:
        if contact.email and contact.id:
            book = book.update(contact.id, {"email": f"{len(book)}.{CANARY}@example.com"})
    store.save(book.add(Contact(label="work", email=f"new.{CANARY}@example.com")))


def _bad_inputs(store: ContactBookRepository) -> Iterator[Attempt]:
    people = PeopleContacts(store)
    book = store.get(PERSON)
    first: Any = book.contacts[0].id
    canary: Any = CANARY
    canary_list: Any = [CANARY]
    for field, (label, value) in VALUES.items():
        wrong: list[dict[Any, Any]] = [
            *(
                {"label": label, field: value + bad}
                for bad in ("\0", "\u202e", "\ud800", "x" * 255)
            ),
            *(
                {"label": label, field: bad}
                for bad in ([value], {value: 1}, value.encode(), 5550123)
            ),
            {"label": label, field: f"javascript:{value}\t"},
            {"label": CANARY, field: value},
            {"label": [CANARY], field: value},
            {"label": "home" if field != "telephone" else "personal", field: value},
            {"label": label, field: value, "integration": CANARY},
            {"label": label, field: value, "id": CANARY},
            {"label": label, field: value, "mobile": value},
            {"label": label, "telephone": value, "email": value, "website": value},
            {"label": label, "telephone": None, CANARY.encode(): value},
        ]
        for fields in wrong:
            yield partial(Contact.from_fields, fields)
            yield partial(people.add_contact, PERSON, fields)
            yield partial(people.update_contact, PERSON, first, fields)
            record = {"person_id": PERSON, "revision": 1, "contacts": [fields]}
            yield partial(make_converter().structure, record, ContactBook)
        yield partial(store.find, canary, value)
        yield partial(store.find, ContactProtocol(field), canary_list)
        yield partial(store.find, ContactProtocol(field), value, labels=[canary])
        yield partial(store.find, ContactProtocol(field), value, limit=canary)
    yield partial(store.get, canary)
    yield partial(store.erase, canary)
    yield lambda: list(store.books([canary]))
    yield partial(store.changes, canary)
    yield partial(store.changes, None, canary)
    yield partial(people.get_contact, PERSON, canary)
    yield partial(people.update_contact, PERSON, canary, {})
    yield partial(people.remove_contact, PERSON, canary)
    yield partial(ContactBook, person_id=canary)
    yield partial(ContactBook, person_id=1, revision=canary)
    yield partial(ContactBook, person_id=1, contacts=[canary])
    strange = Contact(label="work", email=VALUES["email"][1], id=first + 99)
    yield lambda: store.save(ContactBook(person_id=PERSON, contacts=[strange], revision=1))
    stale = book.update(first, {"integration": True})
    store.save(stale)
    yield partial(store.save, stale)
    yield partial(store.save_all, [store.get(PERSON).clear()] * 2)


def _damaged(url: str) -> Iterator[tuple[str, Attempt]]:
    """Each text of the file, in turn, with a bit of its last letter flipped: the rest would tell.

    The highest bit makes it no UTF-8 any more.
    """
    path = path_of(url)
    with open_repository(url) as store:
        _change(store)
    original = path.read_bytes()
    for text in re.finditer(CANARY.encode(), original):
        for bit in (0, 7):
            put(path, flipped(original, 8 * text.end() + bit))
            try:
                store = open_repository(url)
            except Exception:
                yield f"bit {bit} flipped", partial(open_repository, url)
            else:
                with store:
                    for name, attempt in _calls(store):
                        yield f"{name}, bit {bit} flipped", attempt
    put(path, original)


def _failing(url: str) -> Iterator[tuple[str, Attempt]]:
    """Each call, with each thing that it asks of SQLite or the system failing in turn."""
    with open_repository(url) as store:
        names = [name for name, _ in _calls(store)]
    original = path_of(url).read_bytes()
    for name in dict.fromkeys(names):
        for number in count(1):
            put(path_of(url), original)
            failed: list[str] = []
            yield f"{name}, failure {number}", partial(_fail, url, name, number, failed)
            if not failed:
                break


def _fail(url: str, name: str, number: int, failed: list[str]) -> None:
    failures = _failing_statements if url.startswith("sqlite:") else _failing_system_calls
    with failures(number, failed), open_repository(url) as store:
        next(attempt for called, attempt in _calls(store) if called == name)()


@contextmanager
def _failing_statements(number: int, failed: list[str]) -> Iterator[None]:
    left = count(1)

    class Failing(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            _fail_statement(sql)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
            _fail_statement(sql)
            return super().executemany(sql, parameters)

    def _fail_statement(sql: str) -> None:
        if sql.startswith("ROLLBACK"):
            return
        if next(left) == number:
            failed.append(sql)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

    connect = partial(sqlite3.connect, factory=Failing)
    with patch.object(sqlite3, "connect", connect):
        yield


@contextmanager
def _failing_system_calls(number: int, failed: list[str]) -> Iterator[None]:
    left = count(1)

    def failing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            if next(left) == number:
                failed.append(name)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return call(*arguments, **options)

        return wrapper

    with ExitStack() as stack:
        for name in (
            "open",
            "stat",
            "fstat",
            "pread",
            "pwrite",
            "fdatasync",
            "ftruncate",
            "replace",
        ):
            stack.enter_context(patch.object(os, name, failing(name, getattr(os, name))))
        yield
