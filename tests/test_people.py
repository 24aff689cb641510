"""The seed's six operations, and what happens when others save the same book."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from contacts_adapters import open_repository
from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactNotFound,
    ContactReadOnly,
    ContactsError,
    InvalidContact,
    Origin,
    PeopleContacts,
    StoreUnavailable,
)

MOBILE: Final = {"label": "mobile", "telephone": "+1 03 413 7223"}
SITE: Final = {"label": "personal", "website": "www.my-stie.com"}
KEPT: Final = {"label": "fax", "telephone": "+1 03 413 7224", "integration": True}


class Contested:
    """A store in which somebody else saves the book before each of the first *conflicts* saves."""

    def __init__(self, conflicts: int) -> None:
        self.store = open_repository("memory://")
        self.conflicts = conflicts
        self.saves = 0

    def get(self, person_id: int, /) -> ContactBook:
        return self.store.get(person_id)

    def save(self, book: ContactBook, /) -> ContactBook:
        self.saves += 1
        if self.saves <= self.conflicts:
            other = Contact(label="home", telephone=str(self.saves))
            self.store.save(self.store.get(book.person_id).add(other))
        return self.store.save(book)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def contested(conflicts: int) -> Any:
    return Contested(conflicts)


@pytest.fixture
def repository() -> ContactBookRepository:
    return open_repository("memory://")


@pytest.fixture
def people(repository: ContactBookRepository) -> PeopleContacts:
    return PeopleContacts(repository)


def test_the_six_operations(people: PeopleContacts) -> None:
    assert people.list_contacts(42) == []
    mobile = people.add_contact(42, MOBILE)
    site = people.add_contact(42, SITE)
    assert mobile == Contact(label="mobile", telephone="+1 03 413 7223", id=mobile.id)
    assert mobile.id is not None
    assert site.id is not None
    assert people.list_contacts(42) == [mobile, site]
    assert people.get_contact(42, site.id) == site
    changed = people.update_contact(42, mobile.id, {"telephone": "+1 03 413 7224"})
    assert changed == Contact(label="mobile", telephone="+1 03 413 7224", id=mobile.id)
    assert people.get_contact(42, mobile.id) == changed
    people.remove_contact(42, mobile.id)
    assert people.list_contacts(42) == [site]
    people.remove_all_contacts(42)
    assert people.list_contacts(42) == []
    people.remove_all_contacts(42)


def test_the_new_contact_is_returned_among_equal_ones(people: PeopleContacts) -> None:
    added = [people.add_contact(42, MOBILE) for _ in range(3)]
    assert len({contact.id for contact in added}) == 3
    assert people.list_contacts(42) == added


@pytest.mark.parametrize("contact_id", [1, 10**6, 0, -1, True, "1", None, "ann@example.com"])
def test_a_contact_of_somebody_else_is_not_found(people: PeopleContacts, contact_id: Any) -> None:
    assert people.add_contact(7, MOBILE).id == 1
    people.add_contact(42, SITE)
    calls: list[Callable[[], object]] = [
        lambda: people.get_contact(42, contact_id),
        lambda: people.update_contact(42, contact_id, {}),
        lambda: people.remove_contact(42, contact_id),
    ]
    for call in calls:
        with pytest.raises(ContactNotFound) as caught:
            call()
        assert caught.value.person_id == 42
    assert len(people.list_contacts(7)) == 1


@pytest.mark.parametrize("person_id", [0, -1, True, "42", 1.0, None, 2**63])
def test_a_person_is_a_whole_number(people: PeopleContacts, person_id: Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: people.list_contacts(person_id),
        lambda: people.get_contact(person_id, 1),
        lambda: people.add_contact(person_id, MOBILE),
        lambda: people.update_contact(person_id, 1, {}),
        lambda: people.remove_contact(person_id, 1),
        lambda: people.remove_all_contacts(person_id),
    ]
    for call in calls:
        with pytest.raises(InvalidContact) as caught:
            call()
        assert caught.value.problems[0].field == "person_id"


def test_a_refused_change_changes_nothing(
    people: PeopleContacts, repository: ContactBookRepository
) -> None:
    contact = people.add_contact(42, MOBILE)
    assert contact.id is not None
    before = repository.get(42)
    for changes in ({"label": "skype"}, {"email": "a@b"}, {"id": 5}, {"phone": "1"}):
        with pytest.raises(InvalidContact):
            people.update_contact(42, contact.id, changes)
        with pytest.raises(InvalidContact):
            people.add_contact(42, {**MOBILE, **changes})
    assert repository.get(42) == before


def test_what_changes_nothing_writes_nothing(
    people: PeopleContacts, repository: ContactBookRepository
) -> None:
    contact = people.add_contact(42, MOBILE)
    assert contact.id is not None
    for changes in ({}, MOBILE, contact.to_dict()):
        assert people.update_contact(42, contact.id, changes) == contact
    people.remove_all_contacts(7)
    assert repository.get(42).revision == 1
    assert [*repository.person_ids()] == [42]


def test_a_screen_does_not_touch_integration_contacts(repository: ContactBookRepository) -> None:
    programs = PeopleContacts(repository, Origin.IMPORT)
    kept = programs.add_contact(42, KEPT)
    manual = programs.add_contact(42, MOBILE)
    assert kept.id is not None
    assert manual.id is not None
    kept_id, manual_id = kept.id, manual.id
    before = repository.get(42)
    screen = PeopleContacts(repository, origin=Origin.USER_INTERFACE)
    calls: list[Callable[[], object]] = [
        lambda: screen.add_contact(42, KEPT),
        lambda: screen.update_contact(42, kept_id, {"integration": False}),
        lambda: screen.update_contact(42, manual_id, {"integration": True}),
        lambda: screen.remove_contact(42, kept_id),
        lambda: screen.remove_all_contacts(42),
    ]
    for call in calls:
        with pytest.raises(ContactReadOnly):
            call()
    assert repository.get(42) == before
    assert screen.get_contact(42, kept_id) == kept
    assert not kept.editable_by(Origin.USER_INTERFACE)
    screen.remove_contact(42, manual_id)
    assert not programs.update_contact(42, kept_id, {"integration": False}).integration
    screen.remove_all_contacts(42)
    assert screen.list_contacts(42) == []


EDITS: Final[dict[str, Callable[[PeopleContacts], object]]] = {
    "add": lambda people: people.add_contact(42, MOBILE),
    "update": lambda people: people.update_contact(42, 1, {"website": "www.example.com"}),
    "remove": lambda people: people.remove_contact(42, 1),
    "remove all": lambda people: people.remove_all_contacts(42),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("conflicts", [0, 1, 5])
def test_an_edit_goes_on_when_somebody_else_was_first(edit: str, conflicts: int) -> None:
    repository = contested(conflicts)
    repository.store.save(ContactBook(person_id=42).add(Contact.from_fields(SITE)))
    EDITS[edit](PeopleContacts(repository))
    assert repository.saves == conflicts + 1
    others = [str(number) for number in range(1, conflicts + 1)]
    assert [contact.value for contact in repository.get(42)] == {
        "add": ["+1 03 413 7223", *others, "www.my-stie.com"],
        "update": [*others, "www.example.com"],
        "remove": others,
        "remove all": [],
    }[edit]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_gives_up_in_the_end(edit: str) -> None:
    repository = contested(10**9)
    repository.store.save(ContactBook(person_id=42).add(Contact.from_fields(SITE)))
    with pytest.raises(BookConflict) as caught:
        EDITS[edit](PeopleContacts(repository))
    assert caught.value.person_id == 42
    assert 2 <= repository.saves <= 1000
    assert repository.get(42).get(1).value == "www.my-stie.com"


def test_somebody_else_may_have_removed_the_contact_meanwhile() -> None:
    repository = open_repository("memory://")
    contact = PeopleContacts(repository).add_contact(42, MOBILE)
    assert contact.id is not None

    class RemovedFirst(Contested):
        def save(self, book: ContactBook, /) -> ContactBook:
            repository.save(repository.get(42).clear())
            return repository.save(book)

    other: Any = RemovedFirst(1)
    other.store = repository
    with pytest.raises(ContactNotFound):
        PeopleContacts(other).update_contact(42, contact.id, {"telephone": "5"})
    assert len(repository.get(42)) == 0


def test_other_errors_of_the_store_pass_through(repository: ContactBookRepository) -> None:
    people = PeopleContacts(repository)
    repository.close()
    with pytest.raises(StoreUnavailable):
        people.list_contacts(42)
    with pytest.raises(StoreUnavailable):
        people.add_contact(42, MOBILE)


def test_bad_fields_are_refused_before_the_store_is_asked() -> None:
    never: Any = object()
    with pytest.raises(ContactsError):
        PeopleContacts(never).add_contact(42, {"label": "skype"})
