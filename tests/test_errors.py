"""What is raised on purpose: of one family, ready for logs and other processes, without values."""

import copy
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import contacts_core
from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactLabel,
    ContactNotFound,
    ContactProtocol,
    ContactReadOnly,
    ContactsError,
    InvalidContact,
    Match,
    Origin,
    PeopleContacts,
    Position,
    Problem,
    Search,
    StoreCorrupted,
    StoreError,
    StoreUnavailable,
    TokenExpired,
    make_converter,
    match_key,
    same_value,
    whole_number,
)

SECRET: Final = "5550123987"
BOOK: Final = ContactBook(
    person_id=42,
    contacts=[
        Contact(label="mobile", telephone=SECRET, id=1),
        Contact(label="work", email=f"{SECRET}@x", integration=True, id=2),
    ],
    revision=3,
)

ERRORS: Final[list[tuple[ContactsError, str]]] = [
    (InvalidContact((Problem("email", "blank", "must …"),)), "email must …"),
    (
        InvalidContact((Problem("a", "x", "must b"), Problem("c\n\ud800", "x", "is d"))),
        r"a must b; c\n\ud800 is d",
    ),
    (ContactNotFound(42, 1720), "person 42 has no contact 1720"),
    (ContactNotFound(42, None), "person 42 has no such contact"),
    (
        ContactReadOnly(42, 1720),
        "the integration keeps contact 1720 of person 42: it is read-only here",
    ),
    (
        ContactReadOnly(42, None),
        "the integration keeps a new contact of person 42: it is read-only here",
    ),
    (
        BookConflict(42, 3, 4),
        "the book of person 42 is at revision 4, this one is based on 3",
    ),
    (StoreError("the disk is full"), "the disk is full"),
    (StoreCorrupted("line 3 is no record"), "line 3 is no record"),
    (StoreUnavailable("the store is closed"), "the store is closed"),
    (TokenExpired(), "the token is not of this store's history: read everything again"),
]


@pytest.mark.parametrize(("error", "message"), ERRORS)
def test_an_error_is_of_the_family_and_says_what_is_wrong(
    error: ContactsError, message: str
) -> None:
    assert isinstance(error, ContactsError)
    assert str(error) == message


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (InvalidContact, ValueError),
        (ContactNotFound, LookupError),
        (StoreCorrupted, StoreError),
        (StoreUnavailable, StoreError),
        (ContactsError, Exception),
    ],
)
def test_an_error_is_also_the_nearest_that_python_knows(
    error: type[Exception], base: type[Exception]
) -> None:
    assert issubclass(error, base)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", [error for error, _ in ERRORS])
def test_an_error_pickles_and_copies(error: ContactsError, protocol: int) -> None:
    for other in (
        pickle.loads(pickle.dumps(error, protocol)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(other) is type(error)
        assert (other.args, str(other), vars(other)) == (error.args, str(error), vars(error))


@pytest.mark.parametrize(
    "contact_id", [SECRET, float(SECRET), b"1", True, (SECRET,), None, object()]
)
def test_what_is_asked_for_instead_of_an_id_is_not_kept(contact_id: object) -> None:
    error = ContactNotFound(42, contact_id)
    assert (error.contact_id, error.args) == (None, (42, None))


def test_the_problems_are_a_list_of_pairs_for_a_body() -> None:
    error = InvalidContact((Problem("a", "x", "must b"), Problem("a", "y", "must c")))
    assert error.to_list() == [["a", "must b"], ["a", "must c"]]
    assert error.problems[1].code == "y"


anything: Any = SECRET
people: Any = PeopleContacts

REFUSALS: Final[dict[str, Callable[[], object]]] = {
    "label": lambda: Contact(label=SECRET, telephone="1"),
    "label of another type": lambda: Contact(label=anything.encode(), telephone="1"),
    "label that does not fit": lambda: Contact(label="fax", email=f"{SECRET}@x"),
    "two values": lambda: Contact(label="work", telephone=SECRET, website=SECRET),
    "no value": lambda: Contact(label=SECRET),
    "wrong type": lambda: Contact(label="work", telephone=anything.encode()),
    "too long": lambda: Contact(label="work", telephone=SECRET * 30),
    "unsafe": lambda: Contact(label="work", telephone=f"{SECRET}\n"),
    "surrogate": lambda: Contact(label="work", telephone=f"{SECRET}\ud800"),
    "no address": lambda: Contact(label="work", email=SECRET),
    "white space": lambda: Contact(label="work", website=f"{SECRET} x"),
    "unsafe link": lambda: Contact(label="work", website=f"javascript:{SECRET}"),
    "flag": lambda: Contact(label="work", telephone="1", integration=anything),
    "id": lambda: Contact(label="work", telephone="1", id=anything),
    "id from a caller": lambda: Contact.from_fields({"label": "work", "id": SECRET}),
    "unknown field": lambda: Contact.from_fields({"label": "work", "phone": SECRET}),
    "unknown field of another type": lambda: Contact.from_fields({(SECRET,): 1}),  # type: ignore[dict-item]
    "no mapping": lambda: Contact.from_fields(anything),
    "row": lambda: Contact.from_row(anything, "telephone", "mobile", False, SECRET),
    "row of another protocol": lambda: Contact.from_row(1, "email", SECRET, False, SECRET),
    "person": lambda: ContactBook(person_id=anything),
    "revision": lambda: ContactBook(person_id=1, revision=anything),
    "contacts": lambda: ContactBook(person_id=1, contacts=[anything]),
    "ids twice": lambda: ContactBook(person_id=1, contacts=[BOOK.get(1), BOOK.get(1)], revision=1),
    "stored ids": lambda: BOOK.add(Contact(label="fax", telephone=SECRET)).stored([anything]),
    "get": lambda: BOOK.get(anything),
    "add": lambda: BOOK.add(anything),
    "add a stored one": lambda: BOOK.add(BOOK.get(1)),
    "update of nothing": lambda: BOOK.update(anything, {}),
    "update": lambda: BOOK.update(1, {"telephone": None, "email": SECRET}),
    "update with no mapping": lambda: BOOK.update(1, anything),
    "update of the id": lambda: BOOK.update(1, {"id": SECRET}),
    "update at a screen": lambda: BOOK.update(2, {"email": SECRET}, origin=Origin.USER_INTERFACE),
    "remove": lambda: BOOK.remove(anything),
    "clear at a screen": lambda: BOOK.clear(origin=Origin.USER_INTERFACE),
    "import": lambda: BOOK.replace_integration([anything]),
    "import of stored ones": lambda: BOOK.replace_integration(BOOK),
    "save over another": lambda: BOOK.check_follows(4, [1, 2]),
    "save with strange ids": lambda: BOOK.check_follows(3, [1]),
    "copy over another": lambda: BOOK.is_newer_than(BOOK.clear()),
    "arguments in the wrong order": lambda: match_key(anything, "telephone"),
    "same value of no protocol": lambda: same_value(anything, SECRET, SECRET),
    "search for no text": lambda: Search(ContactProtocol.telephone, anything.encode()),
    "search by a value as label": lambda: Search(ContactProtocol.telephone, SECRET, [SECRET]),
    "search with a limit": lambda: Search(ContactProtocol.telephone, SECRET, limit=anything),
    "token": lambda: Position.parse(SECRET),
    "whole number": lambda: whole_number("person_id", SECRET),
    "record": lambda: make_converter().structure({"label": SECRET}, Contact),
    "record that is none": lambda: make_converter().structure(SECRET, Contact),
    "record of a book": lambda: make_converter().structure({SECRET: SECRET}, ContactBook),
    "records": lambda: make_converter().structure([{"telephone": SECRET}], list[Contact]),
    "new contact of a person": lambda: people(None).add_contact(42, {"telephone": SECRET}),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_error_never_holds_the_value(refusal: str) -> None:
    with pytest.raises(ContactsError) as caught:
        REFUSALS[refusal]()
    assert [text for text in texts_of(caught.value) if SECRET in text] == []


def texts_of(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        yield "".join(traceback.TracebackException.from_exception(error).format())
        error = error.__cause__ or error.__context__


def test_a_value_that_is_shown_shows_no_value() -> None:
    search = Search(ContactProtocol.telephone, SECRET)
    shown = [BOOK, *BOOK, BOOK.contacts, search, search.best([(42, BOOK.get(1))])]
    assert [text for text in map(repr, shown) if SECRET in text] == []
    assert [text for text in map(str, shown) if SECRET in text] == []


def test_every_public_name_is_there() -> None:
    contract = {
        *("Contact", "ContactBook", "ContactLabel", "ContactProtocol", "Origin"),
        *("ContactBookRepository", "PeopleContacts", "ContactsError", "InvalidContact", "Problem"),
        *("ContactNotFound", "ContactReadOnly", "BookConflict", "StoreError", "StoreCorrupted"),
        *("StoreUnavailable", "TokenExpired", "Match", "Change", "Changes", "match_key"),
        "same_value",
    }
    assert contract <= {*contacts_core.__all__}
    assert all(hasattr(contacts_core, name) for name in contacts_core.__all__)


def test_a_repository_is_known_by_its_methods() -> None:
    assert not isinstance(object(), ContactBookRepository)


VALUES: Final[list[object]] = [
    *ContactLabel,
    *ContactProtocol,
    *Origin,
    Problem("a", "b", "c"),
    Match(42, BOOK.get(1)),
    contacts_core.Change(42, 3, erased=False),
    contacts_core.Changes((contacts_core.Change(42, 3, erased=True),), "a-1", more=True),
    Position("a", 1),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_the_small_values_pickle_copy_and_hash(value: object) -> None:
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert type(other) is type(value)
        assert other == value
        assert hash(other) == hash(value)


@pytest.mark.parametrize(
    "token", ["", "a", "a-", "a-x", "a--1", "a-²", "a-\u0661", "-", "a-" + "9" * 20]
)
def test_what_is_no_token_has_expired(token: str) -> None:
    with pytest.raises(TokenExpired):
        Position.parse(token)


@pytest.mark.parametrize("token", [None, 5, b"a-1", ["a-1"]])
def test_a_token_is_a_text(token: Any) -> None:
    with pytest.raises(TokenExpired):
        Position.parse(token)


@pytest.mark.parametrize("position", [Position("6f1d", 0), Position("x", 17)])
def test_a_position_is_its_token(position: Position) -> None:
    assert Position.parse(str(position)) == position
