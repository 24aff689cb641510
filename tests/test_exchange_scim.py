"""SCIM 2.0: users of an identity provider."""

import io
import json
from collections import Counter
from typing import Any, Final

import pytest

from contacts_adapters.exchange import Given, Listed, Record, Refused, Skipped, read_scim

ANN: Final[dict[str, Any]] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": "2819c223",
    "userName": "ann@example.com",
    "active": True,
    "phoneNumbers": [
        {"value": "+1 03 413 7223", "type": "work", "primary": True},
        {"value": "tel:+1-03-413-7224", "type": "mobile"},
        {"value": "3", "type": "pager"},
        {"value": "4", "type": "other"},
        {"value": "5"},
    ],
    "emails": [
        {"value": "ann@work.example", "type": "work"},
        {"value": "ann@home.example", "type": "home", "primary": True},
    ],
    "ims": [{"value": "ann.smith", "type": "Slack"}, {"value": "7", "type": "icq"}],
    "profileUrl": "https://example.com/~ann",
    "addresses": [{"formatted": "1 Main Street", "type": "work"}, {"type": "home"}],
    "preferredLanguage": "en",
    "photos": [{"value": "https://example.com/ann.png"}],
}


def read(document: object, **options: Any) -> list[Record]:
    text = document if isinstance(document, str) else json.dumps(document)
    return list(read_scim(io.StringIO(text), **options))


def listed(*resources: object) -> dict[str, object]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(resources),
        "Resources": list(resources),
    }


def pairs(records: list[Record]) -> list[tuple[str, str]]:
    return [
        (one.contact.label.value, one.contact.value) for one in records if isinstance(one, Given)
    ]


def problems(records: list[Record]) -> list[tuple[int, str, str]]:
    return [
        (one.number, problem.field, problem.code)
        for one in records
        if isinstance(one, Refused)
        for problem in one.problems
    ]


def test_a_user_is_a_person_with_integration_contacts() -> None:
    records = read(ANN)
    assert records[0] == Listed(1, "ann@example.com")
    assert pairs(records) == [
        ("work", "+1 03 413 7223"),
        ("mobile", "tel:+1-03-413-7224"),
        ("work", "ann@work.example"),
        ("personal", "ann@home.example"),
        ("chat_slack", "ann.smith"),
        ("work", "https://example.com/~ann"),
    ]
    assert all(one.contact.integration for one in records if isinstance(one, Given))


def test_what_no_contact_can_hold_is_skipped() -> None:
    assert Counter(one.what for one in read(ANN) if isinstance(one, Skipped)) == {
        "preference": 3,
        "pager": 1,
        "telephone of another type": 2,
        "chat of another type": 1,
        "postal address": 2,
        "photo": 1,
    }


def test_a_list_is_read_resource_by_resource() -> None:
    bob = {"userName": "bob"}
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "members": []}
    records = read(listed(bob, group, ANN))
    assert records[:3] == [
        Listed(1, "bob"),
        Skipped(2, "resource of no person"),
        Listed(3, "ann@example.com"),
    ]
    assert read(listed()) == []


def test_names_of_attributes_have_no_case() -> None:
    user = {"USERNAME": "ann", "PhoneNumbers": [{"VALUE": "1", "Type": "FAX"}]}
    assert pairs(read({"resources": [user]})) == [("fax", "1")]


@pytest.mark.parametrize(
    ("key", "person"),
    [("id", "2819c223"), ("emails", "ann@home.example"), ("USERNAME", "ann@example.com")],
)
def test_another_attribute_may_name_the_person(key: str, person: str) -> None:
    assert read(ANN, key=key)[0] == Listed(1, person)


REFUSED: Final[list[tuple[object, list[tuple[int, str, str]]]]] = [
    ({"userName": 5}, [(1, "person", "required")]),
    ({}, [(1, "person", "required")]),
    (listed(5, None), [(1, "resource", "wrong_type"), (2, "resource", "wrong_type")]),
    ({"userName": "a", "emails": "x"}, [(1, "emails", "wrong_type")]),
    ({"userName": "a", "emails": ["x"]}, [(1, "emails", "wrong_type")]),
    ({"userName": "a", "emails": [{"value": 5, "type": "work"}]}, [(1, "email", "wrong_type")]),
    ({"userName": "a", "emails": [{"type": "work"}]}, [(1, "telephone", "no_value")]),
    ({"userName": "a", "profileUrl": ["x"]}, [(1, "website", "wrong_type")]),
    ({"userName": "a", "profileUrl": "javascript:x"}, [(1, "website", "unsafe_link")]),
    ('{"userName": "a", "profileUrl": "a\\ud800"}', [(1, "website", "unsafe_character")]),
]
NO_JSON: Final = [
    "",
    "[]",
    "5",
    "{",
    "{}x",
    "{} {}",
    '{"userName": "a"',
    '{"userName": "a",}',
    '{"userName" "a"}',
    '{"userName": NaN}',
    '{"userName": "a", "userName": "b"}',
    '{5: "a"}',
    '{"a": ' + "[" * 100_000,
    '{"a": "' + "x" * 300_000 + '"}',
    '{"a": {"b": 1, "b": 2}}',
]


@pytest.mark.parametrize(("document", "expected"), REFUSED)
def test_what_breaks_a_rule_is_refused(
    document: object, expected: list[tuple[int, str, str]]
) -> None:
    assert problems(read(document)) == expected


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_json_is_refused(text: str) -> None:
    assert problems(read(text)) == [(1, "document", "malformed")]


def test_what_stands_before_the_damage_is_read() -> None:
    text = json.dumps(listed(ANN, ANN))
    records = read(text[: text.rindex("photos")])
    assert len(pairs(records)) == 6
    assert problems(records) == [(2, "document", "malformed")]


def test_large_numbers_and_long_lists_are_read() -> None:
    number = "9" * 10_000
    text = f'{{"meta": {number}, "Resources": [{",".join([json.dumps(ANN)] * 500)}]}}'
    assert len(pairs(read(text))) == 3_000
