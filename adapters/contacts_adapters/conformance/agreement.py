"""Stores side by side with a plain dict: whatever is done to them, they agree."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contacts_adapters.registry import open_repository
from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    InvalidContact,
    PeopleContacts,
    match_key,
)

from .strategies import contacts, fields, invalid_fields

PROTOCOLS: Final = ("telephone", "email", "chat", "website")
LABELS: Final = (
    *("work", "mobile", "home", "personal", "fax"),
    *("chat_workchat", "chat_teams", "chat_slack", "chat_skype"),
)
PEOPLE: Final = st.integers(1, 4)

Plain = dict[str, Any]


class Person:
    """What the model knows of a person: contacts as plain dicts, in the order of the book."""

    def __init__(self) -> None:
        self.revision = 0
        self.contacts: list[Plain] = []
        self.erased = False

    def save(self, contacts: list[Plain], numbers: Iterator[int]) -> None:
        """Contacts without a number are new, and numbered in the order of the book, as by ids."""
        for contact in sorted(contacts, key=_place):
            contact.setdefault("number", next(numbers))
        self.contacts = sorted(contacts, key=lambda one: (_place(one), one["number"]))
        self.revision += 1
        self.erased = False


def _place(contact: Plain) -> tuple[int, int]:
    return PROTOCOLS.index(contact["protocol"]), LABELS.index(contact["label"])


def plain(given: Mapping[str, Any]) -> Plain:
    """The model of a contact that is not stored yet."""
    [protocol] = [name for name in PROTOCOLS if given.get(name)]
    return {
        "label": str(given["label"]),
        "protocol": protocol,
        "value": given[protocol],
        "integration": given.get("integration", False),
    }


def same(one: Plain, other: Plain) -> bool:
    """Whether two contacts are the same but for their numbers."""
    return {**one, "number": 0} == {**other, "number": 0}


class Store:
    """One store, with all handles on it, and the ids that it has given."""

    def __init__(self, url: str, *, persistent: bool) -> None:
        self.url = url
        self.persistent = persistent
        self.turn = count()
        self.given: dict[int, int] = {}  # by id, the model's number of the contact
        self.held: dict[int, ContactBook] = {}
        self.open()

    def open(self) -> None:
        self.handles = [open_repository(self.url) for _ in range(1 + self.persistent)]

    def close(self) -> None:
        for handle in self.handles:
            handle.close()

    @property
    def handle(self) -> ContactBookRepository:
        """Now this one, now the other."""
        return self.handles[next(self.turn) % len(self.handles)]

    def id_at(self, person_id: int, place: int) -> int:
        """The id of the contact at a place in a book."""
        return self.handle.get(person_id).contacts[place].id or 0


class Agreement(RuleBasedStateMachine):
    """Runs every operation on all stores of `fresh_urls` and on the model, and compares."""

    fresh_urls: Sequence[Callable[[], str]] = ()
    persistent: Sequence[bool] = ()

    def __init__(self) -> None:
        super().__init__()
        self.people = {person_id: Person() for person_id in range(1, 5)}
        self.numbers = count()
        self.feed: list[int] = []
        self.held: dict[int, int] = {}
        self.stores = [
            Store(fresh_url(), persistent=persistent)
            for fresh_url, persistent in zip(self.fresh_urls, self.persistent, strict=True)
        ]

    def teardown(self) -> None:
        for store in self.stores:
            store.close()

    def _save(self, person_id: int, contacts: list[Plain]) -> None:
        self.people[person_id].save(contacts, self.numbers)
        self._changed(person_id)

    def _changed(self, person_id: int) -> None:
        self.feed = [one for one in self.feed if one != person_id] + [person_id]

    @rule(person_id=PEOPLE, given=fields())
    def add(self, person_id: int, given: Plain) -> None:
        """Adds a contact."""
        for store in self.stores:
            added = PeopleContacts(store.handle).add_contact(person_id, given)
            assert added.id not in store.given
        self._save(person_id, [*self.people[person_id].contacts, plain(given)])

    @rule(person_id=PEOPLE, refused=invalid_fields())
    def add_what_is_illegal(self, person_id: int, refused: tuple[Plain, str, str]) -> None:
        """Changes nothing."""
        given, field, code = refused
        for store in self.stores:
            with pytest.raises(InvalidContact) as caught:
                PeopleContacts(store.handle).add_contact(person_id, given)
            problems = caught.value.problems
            assert (field, code) in [(one.field, one.code) for one in problems]

    @rule(person_id=PEOPLE, place=st.integers(0, 5), given=fields())
    def update(self, person_id: int, place: int, given: Plain) -> None:
        """Turns a contact into another one, that keeps the id."""
        old = self.people[person_id].contacts
        if place >= len(old):
            return
        changes = {**dict.fromkeys(PROTOCOLS), "integration": False, **given}
        for store in self.stores:
            contact_id = store.id_at(person_id, place)
            people = PeopleContacts(store.handle)
            assert people.update_contact(person_id, contact_id, changes).id == contact_id
        new = {**plain(given), "number": old[place]["number"]}
        if new != old[place]:
            self._save(person_id, [*old[:place], new, *old[place + 1 :]])

    @rule(person_id=PEOPLE, place=st.integers(0, 5))
    def remove(self, person_id: int, place: int) -> None:
        """Removes a contact."""
        old = self.people[person_id].contacts
        if place >= len(old):
            return
        for store in self.stores:
            contact_id = store.id_at(person_id, place)
            PeopleContacts(store.handle).remove_contact(person_id, contact_id)
        self._save(person_id, old[:place] + old[place + 1 :])

    @rule(person_id=PEOPLE)
    def clear(self, person_id: int) -> None:
        """Removes all contacts."""
        for store in self.stores:
            PeopleContacts(store.handle).remove_all_contacts(person_id)
        if self.people[person_id].contacts:
            self._save(person_id, [])

    @rule(person_id=PEOPLE, source=st.lists(contacts(), max_size=3))
    def replace_integration(self, person_id: int, source: list[Contact]) -> None:
        """Imports; what is there already stays as it is."""
        for store in self.stores:
            handle = store.handle
            handle.save(handle.get(person_id).replace_integration(source))
        person = self.people[person_id]
        kept = [one for one in person.contacts if not one["integration"]]
        present = [one for one in person.contacts if one["integration"]]
        for contact in source:
            new = {**plain(contact.to_dict()), "integration": True}
            again = next((one for one in present if same(one, new)), None)
            if again is not None:
                present = [one for one in present if one is not again]
            kept.append(new if again is None else again)
        if sorted(map(id, kept)) != sorted(map(id, person.contacts)):
            self._save(person_id, kept)

    @rule(given=st.lists(st.tuples(PEOPLE, contacts()), max_size=3, unique_by=lambda one: one[0]))
    def save_all(self, given: list[tuple[int, Contact]]) -> None:
        """Adds contacts to several people at once."""
        for store in self.stores:
            handle = store.handle
            handle.save_all([handle.get(person_id).add(contact) for person_id, contact in given])
        for person_id, contact in given:
            contacts = self.people[person_id].contacts
            self._save(person_id, [*contacts, plain(contact.to_dict())])

    @rule(person_id=PEOPLE)
    def hold(self, person_id: int) -> None:
        """Keeps a book for later."""
        self.held[person_id] = self.people[person_id].revision
        for store in self.stores:
            store.held[person_id] = store.handle.get(person_id)

    @precondition(lambda self: self.held)
    @rule(given=contacts(), data=st.data())
    def save_what_was_held(self, given: Contact, data: st.DataObject) -> None:
        """Conflicts, unless nobody has saved the book since."""
        person_id = data.draw(st.sampled_from(sorted(self.held)))
        person = self.people[person_id]
        fresh = self.held.pop(person_id) == person.revision
        for store in self.stores:
            try:
                store.handle.save_all([store.held[person_id].add(given)])
            except BookConflict:
                assert not fresh, "a book that nobody has saved since conflicts"
            else:
                assert fresh, "a stale book was saved"
        if fresh:
            self._save(person_id, [*person.contacts, plain(given.to_dict())])

    @rule(person_id=PEOPLE)
    def erase(self, person_id: int) -> None:
        """Forgets a person."""
        for store in self.stores:
            store.handle.erase(person_id)
        person = self.people[person_id]
        if person.revision and not person.erased:
            person.save([], self.numbers)
            person.erased = True
            self._changed(person_id)

    @rule()
    def reopen(self) -> None:
        """Closes all handles, where the store outlives them."""
        for store in self.stores:
            if store.persistent:
                store.close()
                store.open()

    @invariant()
    def agree(self) -> None:
        """Every store says what the model says, whatever handle is asked."""
        for store in self.stores:
            for handle in store.handles:
                self._compare(store, handle)

    def _compare(self, store: Store, handle: ContactBookRepository) -> None:
        books = {book.person_id: book for book in handle.books(self.people)}
        for person_id, person in self.people.items():
            book = books[person_id]
            assert book == handle.get(person_id)
            assert book.revision == person.revision
            assert [plain(contact.to_dict()) for contact in book] == [
                {name: value for name, value in one.items() if name != "number"}
                for one in person.contacts
            ]
            for contact, model in zip(book, person.contacts, strict=True):
                number = store.given.setdefault(contact.id or 0, model["number"])
                assert number == model["number"], "an id was given twice, or has changed"
        there = [
            one for one, person in self.people.items() if person.revision and not person.erased
        ]
        assert list(handle.person_ids()) == there
        assert [book.person_id for book in handle.books()] == there
        assert [(one.person_id, one.revision, one.erased) for one in handle.changes().changes] == [
            (one, self.people[one].revision, self.people[one].erased) for one in self.feed
        ]
        for person_id in there:
            for contact in books[person_id]:
                matches = handle.find(
                    contact.protocol, contact.value, labels=[contact.label], limit=1000
                )
                keyed = match_key(contact.protocol, contact.value)
                assert not keyed or (person_id, contact) in matches
                assert all(match.contact in books[match.person_id].contacts for match in matches)


def check_agreement(
    fresh_urls: Sequence[Callable[[], str]],
    *,
    persistent: Sequence[bool],
    examples: int = 30,
    steps: int = 25,
    phases: Collection[Phase] = tuple(Phase),
) -> None:
    """Runs an `Agreement` of these stores, each named anew by its callable."""
    machine = type(
        "StoresAgreement",
        (Agreement,),
        {"fresh_urls": tuple(fresh_urls), "persistent": tuple(persistent)},
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            report_multiple_bugs=False,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
