"""Contacts and books as records of JSON types, there and back."""

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_core import (
    Contact,
    ContactBook,
    ContactProtocol,
    InvalidContact,
    make_converter,
    to_json,
)

MOBILE: Final = Contact(label="mobile", telephone="+1 03 413 7223", integration=True, id=1720)
RECORD: Final[dict[str, Any]] = {
    "label": "mobile",
    "id": 1720,
    "telephone": "+1 03 413 7223",
    "integration": True,
}
BOOK_RECORD: Final[dict[str, Any]] = {"person_id": 42, "revision": 3, "contacts": [RECORD]}

CONTACTS: Final = st.builds(
    Contact,
    label=st.sampled_from(["chat_slack", "chat_teams"]),
    chat=st.text('aé"\\/😀\u200d\u0301<>&\u00ad', min_size=1).map("x{}".format),
    integration=st.booleans(),
    id=st.none() | st.integers(1, 2**63 - 1),
)


def test_a_contact_becomes_its_body_and_comes_back() -> None:
    converter = make_converter()
    assert converter.unstructure(MOBILE) == MOBILE.to_dict() == RECORD
    assert list(converter.unstructure(MOBILE)) == list(RECORD)
    assert converter.structure(RECORD, Contact) == MOBILE
    assert converter.structure(MappingProxyType(RECORD), Contact) == MOBILE


@given(st.lists(CONTACTS, max_size=4, unique_by=lambda one: one.id or object()))
@settings(max_examples=100, deadline=None)
def test_what_goes_through_json_comes_back_equal(contacts: list[Contact]) -> None:
    converter = make_converter()
    text = json.dumps(converter.unstructure(contacts))
    assert converter.structure(json.loads(text), list[Contact]) == contacts
    assert converter.structure(json.loads(text), tuple[Contact, ...]) == tuple(contacts)
    assert to_json(contacts).isascii()
    assert to_json(iter(contacts)) == json.dumps(json.loads(text), separators=(",", ":"))
    book = ContactBook(person_id=42, contacts=contacts, revision=3)
    text = json.dumps(converter.unstructure(book))
    assert converter.structure(json.loads(text), ContactBook) == book


def test_a_book_becomes_a_record_and_comes_back() -> None:
    converter = make_converter()
    book = ContactBook(person_id=42, contacts=[MOBILE], revision=3)
    assert converter.unstructure(book) == BOOK_RECORD
    assert converter.structure(BOOK_RECORD, ContactBook) == book
    assert converter.structure([BOOK_RECORD], list[ContactBook]) == [book]
    assert not converter.structure(BOOK_RECORD, ContactBook).changed


@pytest.mark.parametrize(
    ("record", "problems"),
    [
        ({**RECORD, "label": "skype"}, [("label", "unknown_label")]),
        ({**RECORD, "id": 0}, [("id", "read_only")]),
        ({**RECORD, "id": True}, [("id", "read_only")]),
        ({**RECORD, "telephone": 5}, [("telephone", "wrong_type")]),
        ({**RECORD, "telephone": "1\n"}, [("telephone", "unsafe_character")]),
        ({**RECORD, "integration": "true"}, [("integration", "wrong_type")]),
        ({**RECORD, "phone": "1"}, [("phone", "unknown_field")]),
        ({}, [("label", "required"), ("telephone", "no_value")]),
        (None, [("contact", "wrong_type")]),
        ("mobile", [("contact", "wrong_type")]),
        ([RECORD], [("contact", "wrong_type")]),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused_as_an_invalid_contact(
    record: Any, problems: list[tuple[str, str]]
) -> None:
    converter = make_converter()
    calls: list[Callable[[], object]] = [
        lambda: converter.structure(record, Contact),
        lambda: converter.structure([RECORD, record], list[Contact]),
        lambda: converter.structure({"x": record}, dict[str, Contact]),
        lambda: converter.structure({**BOOK_RECORD, "contacts": [record]}, ContactBook),
    ]
    for call in calls:
        with pytest.raises(InvalidContact) as caught:
            call()
        assert [(one.field, one.code) for one in caught.value.problems] == problems


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (None, "book"),
        ([], "book"),
        ("book", "book"),
        ({}, "book"),
        ({"person_id": 42, "revision": 3}, "book"),
        ({**BOOK_RECORD, "owner": 1}, "book"),
        ({**BOOK_RECORD, "person_id": "42"}, "person_id"),
        ({**BOOK_RECORD, "person_id": True}, "person_id"),
        ({**BOOK_RECORD, "revision": -1}, "revision"),
        ({**BOOK_RECORD, "revision": None}, "revision"),
        ({**BOOK_RECORD, "revision": 3.0}, "revision"),
        ({**BOOK_RECORD, "contacts": None}, "contacts"),
        ({**BOOK_RECORD, "contacts": {"1": RECORD}}, "contacts"),
        ({**BOOK_RECORD, "contacts": "mobile"}, "contacts"),
        ({**BOOK_RECORD, "contacts": [RECORD, RECORD]}, "id"),
    ],
)
def test_a_record_that_is_no_book_is_refused(record: Any, field: str) -> None:
    with pytest.raises(InvalidContact) as caught:
        make_converter().structure(record, ContactBook)
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize("protocol", ContactProtocol)
def test_json_is_written_in_the_seed_s_order_of_keys(protocol: ContactProtocol) -> None:
    label = "chat_slack" if protocol is ContactProtocol.chat else "work"
    fields: dict[str, Any] = {"label": label, protocol.value: 'é"@\\'}
    stored = Contact(**fields, id=7)
    new = Contact(**fields, integration=True)
    value = r'"\u00e9\"@\\"'
    assert to_json([new, stored]) == (
        f'[{{"label":"{label}","{protocol}":{value},"integration":true}},'
        f'{{"label":"{label}","id":7,"{protocol}":{value},"integration":false}}]'
    )


def test_no_contacts_are_an_empty_array() -> None:
    assert to_json([]) == "[]"
