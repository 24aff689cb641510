"""What a book promises: the rules B1 to B6, order, and that a book never changes."""

import copy
import pickle
from collections.abc import Callable
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_core import (
    LABELS,
    MAX_ID,
    BookConflict,
    Contact,
    ContactBook,
    ContactNotFound,
    ContactProtocol,
    ContactReadOnly,
    InvalidContact,
    Origin,
)

MOBILE: Final = Contact(label="mobile", telephone="+1 03 413 7223")
MAIL: Final = Contact(label="work", email="ann@example.com")
PROGRAMS: Final = [Origin.API, Origin.IMPORT]

MANUAL_ID: Final = 1720
INTEGRATION_ID: Final = 1721


def stored_book() -> ContactBook:
    contacts = [
        Contact(label="mobile", telephone="111", id=MANUAL_ID),
        Contact(label="mobile", telephone="222", integration=True, id=INTEGRATION_ID),
    ]
    return ContactBook(person_id=42, contacts=contacts, revision=3)


def test_a_new_book_is_empty_at_revision_0() -> None:
    book = ContactBook(person_id=42)
    assert (book.person_id, book.revision, book.contacts, len(book)) == (42, 0, (), 0)
    assert not book
    assert not book.changed


def test_a_book_holds_contacts_by_id() -> None:
    book = stored_book()
    assert book.get(MANUAL_ID).telephone == "111"
    assert (MANUAL_ID in book, 1 in book, None in book, "1720" in book) == (True, *[False] * 3)
    assert [*book] == [*book.contacts]
    assert (len(book), bool(book)) == (2, True)


@pytest.mark.parametrize(
    "contact_id", [1, 0, -1, True, 1720.0, "1720", None, "ann@example.com", []]
)
def test_what_is_not_there_is_not_found(contact_id: Any) -> None:
    book = ContactBook(
        person_id=42, contacts=[Contact(label="mobile", telephone="1", id=MANUAL_ID), MOBILE]
    )
    calls: list[Callable[[], object]] = [
        lambda: book.get(contact_id),
        lambda: book.update(contact_id, {}),
        lambda: book.remove(contact_id),
    ]
    for call in calls:
        with pytest.raises(ContactNotFound) as caught:
            call()
        assert caught.value.person_id == 42
        assert caught.value.contact_id == (contact_id if type(contact_id) is int else None)
    if not isinstance(contact_id, list):
        assert contact_id not in book


ONE: Final = ContactBook(
    person_id=1, contacts=[Contact(label="mobile", telephone="1", id=1)], revision=1
)


@pytest.mark.parametrize("contact_id", [True, 1.0])
def test_what_equals_an_id_is_none(contact_id: Any) -> None:
    assert contact_id not in ONE
    with pytest.raises(ContactNotFound):
        ONE.get(contact_id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        *(({"person_id": number}, "person_id") for number in (0, -1, MAX_ID + 1, True, "42", None)),
        *(
            ({"person_id": 1, "revision": number}, "revision")
            for number in (-1, MAX_ID + 1, True, "3", b"3", 1.0, None, object())
        ),
        ({"person_id": 1, "contacts": [MOBILE.to_dict()]}, "contacts"),
        ({"person_id": 1, "contacts": "ann@example.com"}, "contacts"),
        ({"person_id": 1, "contacts": [None]}, "contacts"),
    ],
)
def test_a_book_is_legal_or_is_not(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidContact) as caught:
        ContactBook(**given)
    assert [(one.field, one.code) for one in caught.value.problems] == [(field, "wrong_type")]


def test_ids_are_unique_in_a_book() -> None:
    contacts = [Contact(label="mobile", telephone=number, id=7) for number in ("1", "2")]
    with pytest.raises(InvalidContact) as caught:
        ContactBook(person_id=42, contacts=contacts, revision=1)
    assert [(one.field, one.code) for one in caught.value.problems] == [("id", "not_unique")]


def test_the_same_label_and_value_may_occur_twice() -> None:
    book = ContactBook(person_id=42).add(MOBILE).add(MOBILE)
    assert [*book] == [MOBILE, MOBILE]
    assert [contact.id for contact in book.stored([5, 9])] == [5, 9]


VALUE_OF: Final = {"telephone": "1", "email": "a@b", "chat": "x", "website": "x"}
IN_ORDER: Final = [
    Contact.from_fields({"label": label, protocol: VALUE_OF[protocol]})
    for protocol, labels in (
        ("telephone", ("work", "mobile", "home", "fax")),
        ("email", ("work", "personal")),
        ("chat", ("chat_workchat", "chat_teams", "chat_slack", "chat_skype")),
        ("website", ("work", "personal")),
    )
    for label in labels
]


@given(st.permutations(IN_ORDER))
@settings(max_examples=50, deadline=None)
def test_contacts_stand_in_the_vendor_s_order(contacts: list[Contact]) -> None:
    assert [*ContactBook(person_id=42, contacts=contacts)] == IN_ORDER
    book = ContactBook(person_id=42)
    for contact in contacts:
        book = book.add(contact)
    assert [*book] == IN_ORDER


def test_equal_words_are_in_order_of_id_and_new_ones_last() -> None:
    ids = (2, 10, 300, None)
    contacts = [Contact(label="mobile", telephone="1", id=id) for id in ids]
    for shuffled in permutations(contacts):
        assert [one.id for one in ContactBook(person_id=42, contacts=shuffled)] == [*ids]
    newer = ContactBook(person_id=42)
    for number in "321":
        newer = newer.add(Contact(label="mobile", telephone=number))
    assert [contact.value for contact in newer] == ["3", "2", "1"]


def test_an_update_moves_a_contact_to_its_place() -> None:
    book = ContactBook(person_id=42, contacts=[MOBILE, MAIL]).stored([1, 2])
    book = book.update(1, {"telephone": None, "label": "personal", "website": "x"})
    assert [contact.id for contact in book] == [2, 1]


def test_each_operation_makes_a_new_book() -> None:
    book = stored_book()
    before = (book.contacts, book.revision, book.changed, hash(book))
    changed = [
        book.add(MOBILE),
        book.update(MANUAL_ID, {"telephone": "5"}),
        book.remove(MANUAL_ID),
        book.clear(),
        book.replace_integration([MAIL]),
    ]
    assert (book.contacts, book.revision, book.changed, hash(book)) == before
    assert [(one.person_id, one.revision, one.changed) for one in changed] == [(42, 3, True)] * 5
    assert [len(one) for one in changed] == [3, 2, 1, 0, 2]


@pytest.mark.parametrize(
    "contact", [Contact(label="mobile", telephone="1", id=1), None, "1", {"label": "mobile"}]
)
def test_a_book_takes_new_contacts_only(contact: Any) -> None:
    for call in (
        ContactBook(person_id=42).add,
        lambda one: stored_book().replace_integration([one]),
    ):
        with pytest.raises(InvalidContact):
            call(contact)


PATCHES: Final[list[tuple[dict[str, Any], dict[str, Any]]]] = [
    ({}, {}),
    ({"telephone": "5"}, {"telephone": "5"}),
    ({"label": "home"}, {"label": "home"}),
    ({"label": "work", "telephone": "5"}, {"label": "work", "telephone": "5"}),
    ({"integration": True}, {"integration": True}),
    ({"email": None, "chat": "", "website": None}, {}),
    ({"id": MANUAL_ID}, {}),
    (stored_book().get(MANUAL_ID).to_dict(), {}),
    (
        {"label": "work", "telephone": None, "email": "a@b"},
        {"label": "work", "telephone": None, "email": "a@b"},
    ),
    (
        {"label": "chat_slack", "telephone": "", "chat": "x"},
        {"label": "chat_slack", "telephone": None, "chat": "x"},
    ),
]


@pytest.mark.parametrize("origin", PROGRAMS)
@pytest.mark.parametrize(("changes", "expected"), PATCHES)
def test_an_update_changes_what_it_names(
    changes: dict[str, Any], expected: dict[str, Any], origin: Origin
) -> None:
    book = stored_book()
    old = book.get(MANUAL_ID)
    given = dict(changes)
    new = book.update(MANUAL_ID, changes, origin=origin).get(MANUAL_ID)
    fields = ("label", "telephone", "email", "website", "chat", "integration", "id")
    before = {field: getattr(old, field) for field in fields}
    assert {field: getattr(new, field) for field in fields} == before | expected
    assert changes == given


@pytest.mark.parametrize(
    "changes",
    [{}, {"telephone": "111"}, {"email": None}, {"label": "mobile"}, {"integration": False}],
)
def test_an_update_to_what_is_there_changes_nothing(changes: dict[str, object]) -> None:
    book = stored_book()
    updated = book.update(MANUAL_ID, changes)
    assert updated == book
    assert not updated.changed


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"telephone": None}, [("telephone", "no_value")]),
        ({"telephone": ""}, [("telephone", "no_value")]),
        ({"email": "a@b"}, [("email", "more_than_one_value")]),
        ({"telephone": None, "email": "a@b"}, [("label", "label_not_allowed")]),
        ({"label": "personal"}, [("label", "label_not_allowed")]),
        ({"label": None}, [("label", "required")]),
        ({"label": "skype"}, [("label", "unknown_label")]),
        ({"telephone": 5}, [("telephone", "wrong_type")]),
        ({"telephone": "1\n"}, [("telephone", "unsafe_character")]),
        ({"integration": None}, [("integration", "wrong_type")]),
        ({"id": None}, [("id", "read_only")]),
        ({"id": INTEGRATION_ID}, [("id", "read_only")]),
        ({"id": float(MANUAL_ID)}, [("id", "read_only")]),
        ({"id": str(MANUAL_ID)}, [("id", "read_only")]),
        ({"phone": "1"}, [("phone", "unknown_field")]),
        ({"phone": None}, [("phone", "unknown_field")]),
        (
            {"zip": 1, "id": 1, "chat": "x", "label": "fax!", "integration": 1, "telephone": " "},
            [
                ("label", "unknown_label"),
                ("telephone", "blank"),
                ("chat", "more_than_one_value"),
                ("integration", "wrong_type"),
                ("id", "read_only"),
                ("zip", "unknown_field"),
            ],
        ),
    ],
)
def test_a_refused_update_says_all_that_is_wrong_with_the_result(
    changes: dict[str, object], problems: list[tuple[str, str]]
) -> None:
    book = stored_book()
    before = book.contacts
    with pytest.raises(InvalidContact) as caught:
        book.update(MANUAL_ID, changes)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == problems
    assert book.contacts == before


@pytest.mark.parametrize("changes", [None, 5, "telephone", [("telephone", "5")]])
def test_changes_are_a_mapping(changes: Any) -> None:
    with pytest.raises(InvalidContact):
        stored_book().update(MANUAL_ID, changes)


@pytest.mark.parametrize("contact", IN_ORDER)
@pytest.mark.parametrize("target", IN_ORDER)
def test_a_contact_may_become_any_other(contact: Contact, target: Contact) -> None:
    book = ContactBook(person_id=42, contacts=[contact]).stored([5])
    emptied = {protocol.value: None for protocol in ContactProtocol}
    book = book.update(5, {**emptied, **target.to_dict()})
    assert book.get(5).to_dict() == {**target.to_dict(), "id": 5}


EDITS: Final[dict[str, Callable[[ContactBook, Origin], ContactBook]]] = {
    "update": lambda book, origin: book.update(INTEGRATION_ID, {"telephone": "5"}, origin=origin),
    "update nothing": lambda book, origin: book.update(INTEGRATION_ID, {}, origin=origin),
    "clear the flag": lambda book, origin: book.update(
        INTEGRATION_ID, {"integration": False}, origin=origin
    ),
    "set the flag": lambda book, origin: book.update(
        MANUAL_ID, {"integration": True}, origin=origin
    ),
    "remove": lambda book, origin: book.remove(INTEGRATION_ID, origin=origin),
    "remove all": lambda book, origin: book.clear(origin=origin),
    "add": lambda book, origin: book.add(
        Contact(label="fax", telephone="5", integration=True), origin=origin
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_integration_contacts_are_read_only_at_a_screen_alone(edit: str) -> None:
    book = stored_book()
    for origin in PROGRAMS:
        assert EDITS[edit](book, origin).changed is (edit != "update nothing")
    with pytest.raises(ContactReadOnly) as caught:
        EDITS[edit](book, Origin.USER_INTERFACE)
    assert caught.value.person_id == 42
    assert caught.value.contact_id == {"set the flag": MANUAL_ID, "add": None}.get(
        edit, INTEGRATION_ID
    )
    assert book == stored_book()


def test_manual_contacts_may_be_edited_from_anywhere() -> None:
    for origin in Origin:
        book = stored_book().remove(INTEGRATION_ID).add(MAIL, origin=origin)
        book = book.update(MANUAL_ID, {"telephone": "5", "integration": False}, origin=origin)
        assert [*book.remove(MANUAL_ID, origin=origin)] == [MAIL]
        assert [*book.clear(origin=origin)] == []


def test_an_edit_is_one_of_the_api_unless_said_otherwise() -> None:
    book = stored_book()
    assert book.update(INTEGRATION_ID, {"telephone": "5"}).changed
    assert book.remove(INTEGRATION_ID).changed
    assert book.clear().changed
    assert (
        len(ContactBook(person_id=42).add(Contact(label="fax", telephone="5", integration=True)))
        == 1
    )


def imported(*numbers: str, label: str = "mobile") -> list[Contact]:
    return [Contact(label=label, telephone=number) for number in numbers]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [(1, "111", False)]),
        (imported("222"), [(1, "111", False), (2, "222", True)]),
        (imported("333"), [(1, "111", False), (None, "333", True)]),
        (imported("222", "222"), [(1, "111", False), (2, "222", True), (None, "222", True)]),
        (
            imported("444", "222"),
            [(1, "111", False), (2, "222", True), (None, "444", True)],
        ),
        # a manual one with the same value is untouched, and does not stand in
        (imported("111"), [(1, "111", False), (None, "111", True)]),
        # of equal ones the eldest stays
        (imported("555"), [(1, "111", False), (3, "555", True)]),
        # a label makes a difference
        (imported("222", label="fax"), [(1, "111", False), (None, "222", True)]),
    ],
)
def test_an_import_replaces_the_integration_contacts(
    given: list[Contact], expected: list[tuple[int | None, str, bool]]
) -> None:
    contacts = [
        Contact(label="mobile", telephone="111", id=1),
        Contact(label="mobile", telephone="222", integration=True, id=2),
        Contact(label="mobile", telephone="555", integration=True, id=4),
        Contact(label="mobile", telephone="555", integration=True, id=3),
    ]
    book = ContactBook(person_id=42, contacts=contacts, revision=1)
    once = book.replace_integration(given)
    assert [(one.id, one.value, one.integration) for one in once] == expected
    assert once.replace_integration(given) == once
    stored = once.stored(range(10, 20))
    assert not stored.replace_integration(iter(given)).changed


CONTACTS: Final = st.builds(
    lambda one, integration: Contact.from_fields({**one.to_dict(), "integration": integration}),
    st.sampled_from(IN_ORDER),
    st.booleans(),
)


@given(st.lists(CONTACTS, max_size=6), st.lists(CONTACTS, max_size=6), st.randoms())
@settings(max_examples=150, deadline=None)
def test_an_import_again_changes_nothing(
    before: list[Contact], given: list[Contact], random: Any
) -> None:
    book = ContactBook(person_id=42, contacts=before).stored(range(1, 99))
    once = book.replace_integration(given)
    shuffled = random.sample(given, len(given))
    assert once.replace_integration(shuffled) == once
    assert not once.stored(range(100, 200)).replace_integration(shuffled).changed
    assert [one for one in once if not one.integration] == [
        one for one in book if not one.integration
    ]
    assert sorted((one.protocol, one.label) for one in once if one.integration) == sorted(
        (one.protocol, one.label) for one in given
    )
    kept = {one.id for one in once} & {one.id for one in book if one.integration}
    had = [(one.protocol, one.label) for one in book if one.integration]
    came = [(one.protocol, one.label) for one in given]
    assert len(kept) == sum(min(had.count(pair), came.count(pair)) for pair in {*had})


def test_a_stored_book_has_ids_the_next_revision_and_no_change() -> None:
    book = stored_book().add(MAIL).add(MOBILE)
    assert book.changed
    stored = book.stored(iter(range(2000, 3000)))
    assert (stored.person_id, stored.revision, stored.changed) == (42, 4, False)
    assert [contact.id for contact in stored] == [MANUAL_ID, INTEGRATION_ID, 2000, 2001]
    assert stored.get(2001).value == MAIL.value
    assert book.revision == 3


@pytest.mark.parametrize(
    "ids",
    [[0], [-1], [True], ["5"], [None], [MAX_ID + 1], [1.0], [MANUAL_ID]],
)
def test_a_stored_book_takes_ids_that_are_ids(ids: list[Any]) -> None:
    with pytest.raises(InvalidContact):
        stored_book().add(MAIL).stored(ids)


def test_what_is_stored_again_is_unchanged() -> None:
    book = ContactBook(person_id=42).stored([])
    assert (book.revision, book.changed, len(book)) == (1, False, 0)
    again = book.add(MAIL).stored([1]).clear()
    assert again.changed
    assert not again.stored([]).changed


@pytest.mark.parametrize(
    ("book", "changed"),
    [
        (ContactBook(person_id=42), False),
        (ContactBook(person_id=42, revision=3), False),
        (stored_book(), False),
        (ContactBook(person_id=42, contacts=[MAIL]), True),
        (ContactBook(person_id=42, contacts=[MAIL], revision=3), True),
        (ContactBook(person_id=42, contacts=stored_book().contacts), True),
        (stored_book().add(MAIL), True),
        (stored_book().remove(MANUAL_ID), True),
        (ContactBook(person_id=42).add(MAIL).clear(), False),
        (ContactBook(person_id=42).clear(), False),
        (
            stored_book()
            .update(MANUAL_ID, {"label": "fax"})
            .update(MANUAL_ID, {"label": "mobile"}),
            False,
        ),
        (stored_book().remove(MANUAL_ID).add(Contact(label="mobile", telephone="111")), True),
    ],
)
def test_a_book_knows_whether_it_differs_from_the_stored_one(
    book: ContactBook, changed: bool
) -> None:
    assert book.changed is changed
    assert ("changed" in repr(book)) is changed


def test_a_book_made_by_hand_over_a_stored_one_is_a_change() -> None:
    assert ContactBook(person_id=42, contacts=[MAIL], revision=3).clear().changed


def test_a_book_follows_the_stored_one_when_revisions_agree() -> None:
    book = stored_book().add(MAIL)
    book.check_follows(3, {MANUAL_ID, INTEGRATION_ID})
    for revision in (0, 2, 4):
        with pytest.raises(BookConflict) as caught:
            book.check_follows(revision, {MANUAL_ID, INTEGRATION_ID})
        error = caught.value
        assert (error.person_id, error.revision, error.stored_revision) == (42, 3, revision)


def test_a_book_with_an_id_of_its_own_choice_does_not_follow() -> None:
    with pytest.raises(InvalidContact) as caught:
        stored_book().check_follows(3, [MANUAL_ID])
    assert [(one.field, one.code) for one in caught.value.problems] == [("id", "read_only")]


def test_a_copy_takes_over_newer_books_only() -> None:
    book = stored_book()
    assert not book.is_newer_than(stored_book())
    assert book.is_newer_than(ContactBook(person_id=42))
    for other in (book.clear(), book.add(MAIL).stored([9])):
        with pytest.raises(BookConflict):
            book.is_newer_than(other)


def test_books_are_equal_when_person_contacts_and_revision_are() -> None:
    assert stored_book() == stored_book()
    assert hash(stored_book()) == hash(stored_book())
    contacts = stored_book().contacts
    others = [
        ContactBook(person_id=43, contacts=contacts, revision=3),
        ContactBook(person_id=42, contacts=contacts, revision=4),
        ContactBook(person_id=42, contacts=contacts[1:], revision=3),
    ]
    assert len({stored_book(), *others}) == 4
    assert stored_book() != object()


def test_a_book_cannot_be_changed() -> None:
    book = stored_book()
    for name in ("person_id", "contacts", "revision", "changed", "_loaded", "new"):
        with pytest.raises(AttributeError):
            setattr(book, name, ())
        with pytest.raises(AttributeError):
            delattr(book, name)
    assert not hasattr(book, "__dict__")
    assert isinstance(book.contacts, tuple)
    assert book == stored_book()


def test_a_list_of_contacts_is_taken_as_it_was() -> None:
    contacts = [MAIL]
    book = ContactBook(person_id=42, contacts=contacts)
    contacts.append(MOBILE)
    assert [*book] == [MAIL]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("book", [stored_book(), stored_book().add(MAIL), ContactBook(person_id=1)])
def test_a_book_pickles_and_copies(book: ContactBook, protocol: int) -> None:
    for other in (
        pickle.loads(pickle.dumps(book, protocol)),
        copy.copy(book),
        copy.deepcopy(book),
    ):
        assert other == book
        assert other.changed is book.changed


def test_the_repr_has_no_values() -> None:
    book = stored_book()
    assert repr(book) == "<ContactBook of person 42: 2 contacts, revision 3>"
    assert repr(book.add(MAIL)) == "<ContactBook of person 42: 3 contacts, revision 3, changed>"


def test_every_pair_of_the_table_has_a_place() -> None:
    pairs = {(protocol, label) for protocol in LABELS for label in LABELS[protocol]}
    assert {(contact.protocol, contact.label) for contact in IN_ORDER} == pairs


class Text(str):
    __slots__ = ()


def test_a_book_from_rows_is_one_from_contacts() -> None:
    rows = [
        (4, "website", "personal", 0, "www.my-stie.com"),
        (3, "telephone", "fax", 1, "2"),
        (9, "telephone", "work", 0, "\N{ARABIC-INDIC DIGIT ONE}"),
        (7, "telephone", "fax", 0, Text("1")),
    ]
    contacts = [Contact.from_row(*row) for row in rows]
    book = ContactBook(person_id=42, contacts=contacts, revision=3)
    assert ContactBook.from_rows(42, 3, rows) == book
    assert [contact.id for contact in ContactBook.from_rows(42, 3, rows)] == [9, 3, 7, 4]
    assert not ContactBook.from_rows(42, 3, rows).changed


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([(1, "telephone", "fax", 0, "1")] * 2, "not_unique"),
        ([(None, "telephone", "fax", 0, "1")], "read_only"),
        ([(True, "telephone", "fax", 0, "1")], "read_only"),
        ([(1, "telephone", "fax", 2, "1")], "wrong_type"),
        ([(1, "telephone", "personal", 0, "1")], "label_not_allowed"),
        ([(1, "email", "work", 0, "1\n")], "unsafe_character"),
        ([(1, "email", "work", 0, "")], "no_value"),
    ],
)
def test_a_book_from_rows_refuses_what_the_constructors_refuse(rows: Any, code: str) -> None:
    with pytest.raises(InvalidContact) as caught:
        ContactBook.from_rows(42, 3, rows)
    assert code in [problem.code for problem in caught.value.problems]
