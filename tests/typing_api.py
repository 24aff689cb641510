"""The public names as a host and a store use them: read by a type checker, never run."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, assert_type

from contacts_adapters import open_repository, register
from contacts_adapters.exchange import import_contacts, read_csv
from contacts_core import (
    LABELS,
    MAX_ID,
    MAX_LENGTH,
    RULES,
    BookConflict,
    Change,
    Changes,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactLabel,
    ContactNotFound,
    ContactProtocol,
    ContactReadOnly,
    InvalidContact,
    Match,
    Origin,
    PeopleContacts,
    Position,
    Problem,
    Rule,
    Search,
    StoreError,
    SyncPlan,
    TokenExpired,
    contact_json_schema,
    index_key,
    make_converter,
    plan_sync,
    same_value,
    to_json,
    whole_number,
)

Body = dict[str, str | int | bool]


def a_contact(fields: dict[str, object], record: Any) -> None:
    contact = Contact(label="mobile", telephone="+1 03 413 7223")
    Contact(label=ContactLabel.mobile, telephone="1", email=None, integration=True, id=1720)
    assert_type(Contact.from_fields(fields), Contact)
    assert_type(Contact.from_fields({"label": "mobile", "telephone": "1"}), Contact)
    assert_type(Contact.from_row(1, "telephone", "mobile", False, "1"), Contact)
    assert_type(contact.id, int | None)
    assert_type(contact.label, ContactLabel)
    assert_type(contact.protocol, ContactProtocol)
    assert_type(contact.value, str)
    assert_type(contact.telephone, str | None)
    assert_type(contact.email, str | None)
    assert_type(contact.website, str | None)
    assert_type(contact.chat, str | None)
    assert_type(contact.integration, bool)
    assert_type(contact.to_dict(), Body)
    assert_type(contact.to_summary(), Body)
    assert_type(contact.editable_by(Origin.USER_INTERFACE), bool)
    assert_type({contact: 1}, dict[Contact, int])
    assert_type(make_converter().structure(record, Contact), Contact)
    assert_type(make_converter().structure(record, list[ContactBook]), list[ContactBook])
    assert_type(to_json([contact]), str)
    assert_type(contact_json_schema(), dict[str, Any])


def what_is_refused(contact: Contact, book: ContactBook) -> None:
    Contact("mobile", "+1 03 413 7223")  # type: ignore[call-arg]
    Contact(label="mobile", phone="1")  # type: ignore[call-arg]
    Contact(label="mobile", telephone=1)  # type: ignore[arg-type]
    contact.label = ContactLabel.work  # type: ignore[misc]
    contact.telephone = "1"  # type: ignore[misc]
    ContactBook(42)  # type: ignore[call-arg]
    book.contacts = ()  # type: ignore[misc]
    book.add(contact, Origin.IMPORT)  # type: ignore[call-arg]
    book.add(contact, origin="import")  # type: ignore[arg-type]
    book.contacts.append(contact)  # type: ignore[attr-defined]


def a_book(contact: Contact) -> None:
    book = ContactBook(person_id=42)
    ContactBook(person_id=42, contacts=(contact,), revision=3)
    assert_type(book.add(contact, origin=Origin.IMPORT), ContactBook)
    assert_type(book.update(1720, {"telephone": None, "email": "a@b"}), ContactBook)
    assert_type(book.update(1720, contact.to_dict(), origin=Origin.API), ContactBook)
    assert_type(book.remove(1720, origin=Origin.API), ContactBook)
    assert_type(book.clear(origin=Origin.API), ContactBook)
    assert_type(book.replace_integration([contact]), ContactBook)
    assert_type(book.get(1720), Contact)
    assert_type(1720 in book, bool)
    assert_type(len(book), int)
    assert_type(list(book), list[Contact])
    assert_type(book.contacts, tuple[Contact, ...])
    assert_type(book.revision, int)
    assert_type(book.changed, bool)
    assert_type(book.person_id, int)


def the_seed(repository: ContactBookRepository) -> None:
    people = PeopleContacts(repository)
    PeopleContacts(repository, Origin.USER_INTERFACE)
    assert_type(people.list_contacts(42), list[Contact])
    assert_type(people.get_contact(42, 1720), Contact)
    assert_type(people.add_contact(42, {"label": "work", "email": "a@b"}), Contact)
    assert_type(people.update_contact(42, 1720, {"email": None}), Contact)
    people.remove_contact(42, 1720)
    people.remove_all_contacts(42)


def a_repository(book: ContactBook) -> None:
    with open_repository("memory://") as repository:
        assert_type(repository, ContactBookRepository)
        assert_type(repository.get(42), ContactBook)
        assert_type(repository.save(book), ContactBook)
        assert_type(repository.save_all(iter([book])), list[ContactBook])
        assert_type(repository.books(), Iterator[ContactBook])
        assert_type(repository.books([7, 42]), Iterator[ContactBook])
        assert_type(repository.person_ids(), Iterator[int])
        found = repository.find(ContactProtocol.telephone, "1", labels=["fax"], limit=3)
        assert_type(found, tuple[Match, ...])
        assert_type(found[0].person_id, int)
        assert_type(found[0].contact, Contact)
        page = repository.changes()
        assert_type(page, Changes)
        assert_type(repository.changes(page.token, limit=10), Changes)
        assert_type(repository.changes(after=None).changes, tuple[Change, ...])
        assert_type(page.more, bool)
        repository.erase(42)
        repository.close()


def errors(
    invalid: InvalidContact,
    missing: ContactNotFound,
    read_only: ContactReadOnly,
    conflict: BookConflict,
) -> tuple[StoreError, TokenExpired]:
    assert_type(invalid.problems, tuple[Problem, ...])
    assert_type(invalid.to_list(), list[list[str]])
    field, code, message = invalid.problems[0]
    assert_type((field, code, message), tuple[str, str, str])
    assert_type(missing.contact_id, int | None)
    assert_type(read_only.contact_id, int | None)
    assert_type(conflict.stored_revision, int)
    return StoreError("the disk is full"), TokenExpired()


def a_store_of_one_s_own(book: ContactBook, opened: ContactBookRepository) -> None:
    register("shelf", lambda url: opened)
    assert_type(book.stored([1, 2]), ContactBook)
    assert_type(book.is_newer_than(book), bool)
    book.check_follows(3, {1, None})
    search = Search(ContactProtocol.telephone, "1", labels=None, limit=10)
    assert_type(search.best([(42, book.get(1))]), tuple[Match, ...])
    assert_type(search.index_key, str)
    assert_type(search.labels, frozenset[ContactLabel])
    assert_type(index_key(Contact(label="work", email="a@b")), str)
    assert_type(same_value(ContactProtocol.email, "a@b", "A@b"), bool)
    assert_type(Position.parse("a-1"), Position)
    assert_type(whole_number("person_id", object()), int)
    assert_type(MAX_LENGTH + MAX_ID, int)
    assert_type(RULES, tuple[Rule, ...])
    assert_type(LABELS[ContactProtocol.chat], tuple[ContactLabel, ...])


def an_import(book: ContactBook, opened: ContactBookRepository) -> None:
    assert_type(plan_sync(book, [], listed=True, unflagged={1}), SyncPlan)
    assert_type(plan_sync(book, []).removed, tuple[Contact, ...])
    report = import_contacts(opened, read_csv(BytesIO()), resolve={"ann": 42}.get, dry_run=True)
    assert_type(report.failures, int)
    assert_type(report.skipped, Mapping[str, int])
