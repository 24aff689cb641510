"""Contacts and books as plain records, for files, messages and OpenAPI documents."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .book import ContactBook
from .contact import Contact, from_record
from .errors import InvalidContact, Problem
from .rules import MAX_LENGTH, RULES, VALUE_FIELDS
from .vocabulary import LABELS, ContactLabel, ContactProtocol

if TYPE_CHECKING:
    from cattrs import Converter


@cache
def make_converter() -> "Converter":
    """The cattrs converter between records of JSON types and contacts, books and lists of them.

    A contact's record is its `to_dict()`; a book's is `person_id`, `revision` and `contacts`.
    Structuring goes through the constructors: it raises InvalidContact for what breaks a rule.
    Unlike `Contact.from_fields`, it takes an `id`, since records come out of stores.

    >>> record = {"label": "mobile", "id": 1720, "telephone": "+1 03 413 7223", "integration": True}
    >>> converter = make_converter()
    >>> [contact] = converter.structure([record], list[Contact])
    >>> converter.unstructure(contact) == record
    True
    """
    from cattrs import Converter  # here: importing it would double what importing the core costs

    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(Contact, lambda record, _: from_record(record))
    converter.register_unstructure_hook(Contact, Contact.to_dict)
    converter.register_structure_hook(ContactBook, lambda record, _: _book(record))
    converter.register_unstructure_hook(
        ContactBook,
        lambda book: {
            "person_id": book.person_id,
            "revision": book.revision,
            "contacts": [contact.to_dict() for contact in book],
        },
    )
    return converter


def _book(record: object) -> ContactBook:
    if not isinstance(record, Mapping) or set(record) != {"person_id", "revision", "contacts"}:
        message = "must be a mapping of person_id, revision and contacts"
        raise InvalidContact((Problem("book", "wrong_type", message),))
    if not isinstance(record["contacts"], list | tuple):
        raise InvalidContact((Problem("contacts", "wrong_type", "must be a list"),))
    return ContactBook(
        person_id=record["person_id"],
        contacts=[from_record(contact) for contact in record["contacts"]],
        revision=record["revision"],
    )


def to_json(contacts: Iterable[Contact], /) -> str:
    """The bodies of contacts as the text of a JSON array, in ASCII.

    The same as `json.dumps` of their `to_dict()`, without spaces and in a quarter of the time.

    >>> to_json([Contact(label="work", email="ann@example.com", id=1)])
    '[{"label":"work","id":1,"email":"ann@example.com","integration":false}]'
    """
    from json.encoder import encode_basestring_ascii as quoted

    bodies = [
        f'{{"label":"{contact.label._value_}",'
        + ("" if contact.id is None else f'"id":{contact.id},')
        + f'"{contact.protocol._value_}":{quoted(contact.value)},'
        f'"integration":{"true" if contact.integration else "false"}}}'
        for contact in contacts
    ]
    return f"[{','.join(bodies)}]"


def contact_json_schema() -> dict[str, Any]:
    """What `Contact.from_fields` accepts, as a JSON Schema (draft 2020-12) made from the rules.

    For a host's OpenAPI document: the body that creates a contact.

    >>> contact_json_schema()["properties"]["integration"]
    {'type': 'boolean', 'default': False}
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Contact",
        "type": "object",
        "properties": {
            "label": {"enum": [label.value for label in ContactLabel]},
            **{field: {"anyOf": [{"enum": [None, ""]}, _text(field)]} for field in VALUE_FIELDS},
            "integration": {"type": "boolean", "default": False},
        },
        "required": ["label"],
        "additionalProperties": False,
        "oneOf": [_alternative(ContactProtocol(field)) for field in VALUE_FIELDS],
    }


def _text(field: str) -> dict[str, Any]:
    rules = [rule for rule in RULES if field in rule.fields]
    return {
        "type": "string",
        "maxLength": MAX_LENGTH,
        "allOf": [
            *({"pattern": rule.must} for rule in rules if rule.must),
            *({"not": {"pattern": rule.must_not}} for rule in rules if rule.must_not),
        ],
    }


def _alternative(protocol: ContactProtocol) -> dict[str, Any]:
    """One of the four fields holds a value, and the label goes with it."""
    empty = {field: {"enum": [None, ""]} for field in VALUE_FIELDS if field != protocol}
    return {
        "properties": {
            "label": {"enum": [label.value for label in LABELS[protocol]]},
            protocol.value: {"type": "string", "minLength": 1},
            **empty,
        },
        "required": [protocol.value],
    }
