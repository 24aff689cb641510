"""What an import makes of one book, without a store."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_core import Contact, ContactBook, ContactNotFound, InvalidContact, plan_sync

FAX: Final = {"label": "fax", "telephone": "+1 03 413 7225", "integration": True}
MAIL: Final = {"label": "work", "email": "ann@example.com", "integration": True}
MOBILE: Final = {"label": "mobile", "telephone": "+1 03 413 7223"}
WEBSITE: Final = {"label": "personal", "website": "www.my-stie.com"}


def book(*fields: dict[str, Any]) -> ContactBook:
    """A stored book: its contacts have the ids 1, 2 … in the order given."""
    contacts = [Contact(**one, id=number) for number, one in enumerate(fields, 1)]
    return ContactBook(person_id=42, contacts=contacts, revision=7)


def source(*fields: dict[str, Any]) -> list[Contact]:
    return [Contact(**one) for one in fields]


def ids(contacts: tuple[Contact, ...]) -> list[int | None]:
    return [contact.id for contact in contacts]


# What the book has, what the source has, and the ids added, updated, kept and removed.
PLANS: Final[list[tuple[list[Any], list[Any], tuple[list[int | None], ...]]]] = [
    ([], [FAX, MAIL], ([None, None], [], [], [])),
    ([FAX, MAIL], [FAX, MAIL], ([], [], [1, 2], [])),
    ([FAX, MAIL], [MAIL], ([], [], [2], [1])),
    ([FAX], [MAIL], ([None], [], [], [1])),
    ([FAX], [FAX, FAX], ([None], [], [1], [])),
    ([FAX, FAX], [FAX], ([], [], [1], [2])),
    ([FAX, MOBILE], [FAX], ([], [], [1], [])),
    ([MOBILE], [{**MOBILE, "integration": True}], ([None], [], [], [])),
    # Rows by hand alone replace nothing.
    ([FAX, MOBILE], [MOBILE], ([], [], [2], [])),
    ([FAX, MOBILE], [WEBSITE], ([None], [], [], [])),
    ([MOBILE], [MOBILE, MOBILE], ([None], [], [1], [])),
    # An id changes the contact that has it, and the flag.
    ([FAX, MAIL], [{**FAX, "telephone": "1", "id": 1}, MAIL], ([], [1], [2], [])),
    ([MOBILE], [{**MAIL, "id": 1}], ([], [1], [], [])),
    ([FAX], [{**FAX, "integration": False, "id": 1}], ([], [1], [], [])),
    ([MOBILE], [{**MOBILE, "id": 1}], ([], [], [1], [])),
    # Two that are the same: the one whose id is named stays.
    ([FAX, FAX], [{**FAX, "id": 2}], ([], [], [2], [1])),
    ([], [], ([], [], [], [])),
    ([FAX], [], ([], [], [], [])),
]


@pytest.mark.parametrize(("has", "says", "expected"), PLANS)
def test_a_plan_says_by_contact_what_an_import_does(
    has: list[Any], says: list[Any], expected: tuple[list[int | None], ...]
) -> None:
    plan = plan_sync(book(*has), source(*says))
    assert (ids(plan.added), ids(plan.updated), ids(plan.kept), ids(plan.removed)) == expected
    assert plan.book.changed is any((plan.added, plan.updated, plan.removed))


def test_who_is_listed_without_contacts_has_no_integration_contacts() -> None:
    plan = plan_sync(book(FAX, MOBILE), [], listed=True)
    assert ids(plan.removed) == [1]
    assert ids(plan.book.contacts) == [2]


def test_an_updated_contact_is_what_the_source_says() -> None:
    changed = {**MAIL, "id": 1}
    plan = plan_sync(book(MOBILE), source(changed))
    assert plan.updated == (Contact(**changed),)


def test_an_id_of_nobody_or_twice_is_refused() -> None:
    with pytest.raises(ContactNotFound):
        plan_sync(book(FAX), source({**FAX, "id": 9}))
    with pytest.raises(InvalidContact) as caught:
        plan_sync(book(FAX), source({**FAX, "id": 1}, {**MAIL, "id": 1}))
    assert [problem.code for problem in caught.value.problems] == ["not_unique"]


def sameness(contact: Contact) -> tuple[str, str, str]:
    return contact.protocol, contact.label, contact.value


FIELDS: Final = st.builds(
    lambda fields, integration: {**fields, "integration": integration},
    st.sampled_from([FAX, MAIL, MOBILE, WEBSITE]),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FIELDS, max_size=6), st.lists(FIELDS, max_size=6), st.data(), st.booleans())
def test_an_import_does_what_it_says_and_nothing_the_second_time(
    has: list[Any], says: list[Any], data: st.DataObject, listed: bool
) -> None:
    before = book(*has)
    named = data.draw(st.sets(st.sampled_from([*range(1, len(has) + 1)])) if has else st.just(()))
    contacts = source(*says)
    contacts += source(*({**data.draw(FIELDS), "id": one} for one in named))
    plan = plan_sync(before, contacts, listed=listed)

    by_hand = [one for one in before if not one.integration and one.id not in named]
    assert all(one in plan.book.contacts for one in by_hand)
    if listed or any(one.integration for one in contacts):
        there = [sameness(one) for one in plan.book if one.integration]
        assert sorted(there) == sorted(sameness(one) for one in contacts if one.integration)
    assert len(plan.added) + len(plan.updated) + len(plan.kept) == len(contacts)
    assert len(plan.book) == len(before) + len(plan.added) - len(plan.removed)

    stored = plan.book.stored(iter(range(100, 200))) if plan.book.changed else before
    again = plan_sync(stored, contacts, listed=listed)
    assert not again.book.changed
    assert (again.added, again.updated, again.removed) == ((), (), ())
    assert len(again.kept) == len(contacts)
