"""The table of rules, and what is made of it: every reader decides alike."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from contacts_core import (
    LABELS,
    MAX_ID,
    MAX_LENGTH,
    RULES,
    Contact,
    ContactLabel,
    ContactProtocol,
    InvalidContact,
    contact_json_schema,
    whole_number,
)

VALUE_FIELDS: Final = ("telephone", "email", "website", "chat")

# Where the rules turn: about each of them something that breaks it, and something next to it.
_AT_THE_EDGES: Final = (
    "\0\x08\t\n\r\x1f !-/9:;@AZ[`az~\x7f\x80\x85\x9f\xa0\xadé\u034f\u061c\u0660\u115f\u1680\u180e"
    "\u200b\u200d\u200f\u2028\u202a\u202f\u2066\u206f\u2800\u3000\u3164\ud800\udfff\ue000\ufdd0"
    "\ufe0f\ufeff\ufffc\ufffe\U0001f600\U0001fffe\U000e0001\U0010ffff"
)
_SCHEME_LIKE: Final = st.builds(
    "{}{}{}:{}".format,
    st.text("\t\n \x01\x7fx", max_size=2),
    st.sampled_from(
        ["javascript", "JaVaScript", "da\tta", "data", "vbscript", "VB\nscript", "xmpp"]
    ),
    st.text("\t \0", max_size=1),
    st.text("x/:", max_size=3),
)
TEXTS: Final = st.one_of(
    st.text(st.sampled_from(_AT_THE_EDGES), max_size=6),
    st.text("djvDJVx:@ .", max_size=8),
    st.builds("{}@{}".format, st.text("ab@\u00e9", max_size=2), st.text("ab@ ", max_size=2)),
    _SCHEME_LIKE,
    st.sampled_from(["+1 03 413 7223", "ann@example.com", "www.my-stie.com", "live:ann"]),
    st.builds(
        lambda one, length: (one * length)[:length],
        st.sampled_from(["x", "x@", "é", "😀", "\u200b"]),
        st.integers(MAX_LENGTH - 2, MAX_LENGTH + 2),
    ),
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
LABEL_LIKE: Final = st.sampled_from([*map(str, ContactLabel), *map(str, ContactLabel), "skype", ""])


@st.composite
def json_fields(draw: st.DrawFn) -> dict[str, Any]:
    """Fields as a program might send them: often legal, often nearly so."""
    fields: dict[str, Any] = {"label": draw(LABEL_LIKE)}
    label = fields["label"]
    likely = [protocol for protocol in ContactProtocol if label in LABELS[protocol]]
    fields[draw(st.sampled_from(likely or [*ContactProtocol])).value] = draw(TEXTS)
    strange = st.dictionaries(
        st.sampled_from(["label", *VALUE_FIELDS, "integration", "id", "phone"]),
        st.sampled_from([None, "", True, False, 0, 1]) | JSON,
        max_size=2,
    )
    return fields | draw(st.just({}) | strange)


def problems(make: Callable[[], Contact]) -> list[tuple[str, str]]:
    try:
        make()
    except InvalidContact as error:
        return [(problem.field, problem.code) for problem in error.problems]
    return []


def broken(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (field, rule.code)
        for field in ("label", *VALUE_FIELDS, "integration")
        for rule in RULES
        if field in rule.fields and rule.is_broken(fields, field)
    ]


@settings(max_examples=400, deadline=None)
@given(json_fields())
@example({"label": "chat_slack", "chat": "d"})
@example({"label": "work", "website": "!" * MAX_LENGTH})
@example({"label": "work", "email": f"{'a' * 127}@{'a' * 127}"})
@example({"label": "work", "email": f"{'a' * 127}@{'a' * 128}"})
@example({"label": "work", "email": f"{'a' * 128}@{'a' * 127}"})
def test_a_contact_is_accepted_when_no_rule_is_broken_and_not_otherwise(
    fields: dict[str, Any],
) -> None:
    expected = broken(fields)
    expected += [("id", "read_only")] if "id" in fields else []
    expected += [("phone", "unknown_field")] if "phone" in fields else []
    assert problems(lambda: Contact.from_fields(fields)) == expected


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ContactProtocol), LABEL_LIKE, TEXTS)
def test_a_row_is_accepted_when_the_fields_are(
    protocol: ContactProtocol, label: str, value: str
) -> None:
    fields: dict[str, Any] = {"label": label, protocol.value: value}
    expected = broken(fields)
    assert problems(lambda: Contact.from_row(1, protocol.value, label, False, value)) == expected
    if not expected:
        contact = Contact.from_row(1, protocol.value, label, False, value)
        assert contact == Contact(**fields, id=1)


SCHEMA: Final = Draft202012Validator(contact_json_schema())


@settings(max_examples=300, deadline=None)
@given(json_fields() | JSON)
@example({})
@example([])
@example({"label": "work", "email": "a@b", "website": "", "chat": None})
@example({"label": "work", "email": "a@b", "website": "x"})
@example({"label": "work", "email": "a@b", "integration": None})
@example({"label": "work", "email": "a@b", "integration": 0})
@example({"label": "work", "website": "\x01java\tscript:x"})
@example({"label": "mobile", "telephone": "\U0001fffe"})
@example({"label": "mobile", "telephone": "😀" * MAX_LENGTH})
@example({"label": "mobile", "telephone": "😀" * (MAX_LENGTH + 1)})
def test_the_json_schema_accepts_what_a_contact_does(fields: Any) -> None:
    assert SCHEMA.is_valid(fields) is (problems(lambda: Contact.from_fields(fields)) == [])


def test_the_json_schema_is_one_and_goes_through_json() -> None:
    schema = contact_json_schema()
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_the_json_schema_is_the_caller_s_own() -> None:
    contact_json_schema()["properties"].clear()
    assert set(contact_json_schema()["properties"]) == {"label", *VALUE_FIELDS, "integration"}


def test_the_patterns_are_read_alike_by_ecma_262() -> None:
    """By the few constructs that they use; a hyphen stands in a class for a range only."""
    character = r"(?:\\u[0-9a-f]{4}|[^\\\[\]^-])"
    classes = rf"\[\^?(?:{character}(?:-{character})?)+\]\*?|\[\\s\\S\]"
    pattern = re.compile(rf"\^?(?:{classes}|[@:|]|\(\?:|\))+")
    patterns = [pattern for rule in RULES for pattern in (rule.must, rule.must_not) if pattern]
    assert len(patterns) == 5
    assert [one for one in patterns if not pattern.fullmatch(one)] == []


def test_the_labels_of_each_protocol_are_in_the_vendor_s_order() -> None:
    assert {str(protocol): [*map(str, labels)] for protocol, labels in LABELS.items()} == {
        "telephone": ["work", "mobile", "home", "fax"],
        "email": ["work", "personal"],
        "chat": ["chat_workchat", "chat_teams", "chat_slack", "chat_skype"],
        "website": ["work", "personal"],
    }
    assert [*LABELS] == [*ContactProtocol]


def test_the_table_has_every_code_under_its_number() -> None:
    table: dict[str, list[str]] = {}
    for rule in RULES:
        table.setdefault(rule.number, []).append(rule.code)
    assert table == {
        "C1": ["required", "unknown_label"],
        "C2": ["no_value", "more_than_one_value"],
        "C3": ["label_not_allowed"],
        "C4": ["wrong_type", "too_long"],
        "C6": ["blank", "unsafe_character"],
        "C7": ["not_an_email_address", "white_space"],
        "C8": ["unsafe_link"],
        "C9": ["wrong_type"],
        "C10": ["read_only"],
        "C11": ["unknown_field"],
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.number}-{rule.code}")
def test_a_message_finishes_the_sentence_that_the_field_begins(rule: Any) -> None:
    assert re.match(r"(is|must) ", rule.message)
    assert not rule.message.endswith(".")
    assert rule.source


NINE: Final = (
    "work, mobile, home, personal, fax, chat_workchat, chat_teams, chat_slack or chat_skype"
)


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        (
            {},
            [
                ["label", f"is required: one of {NINE}"],
                ["telephone", "must hold a value, or another of the four fields must"],
            ],
        ),
        (
            {"telephone": "1"},
            [["label", "is required: one of work, mobile, home or fax"]],
        ),
        (
            {"label": "skype", "website": "x"},
            [["label", "must be one of work or personal"]],
        ),
        (
            {"label": "fax", "chat": "x"},
            [
                [
                    "label",
                    "must be chat_workchat, chat_teams, chat_slack or chat_skype for chat",
                ]
            ],
        ),
        (
            {"label": "work", "telephone": "1", "email": "a@b"},
            [["email", "must be empty: telephone holds the value"]],
        ),
        (
            {"label": "mobile", "telephone": "é" * 256, "integration": 1, "id": 7, "phone": "1"},
            [
                ["telephone", "must have at most 255 characters"],
                ["integration", "must be true or false"],
                ["id", "is given by the store"],
                ["phone", "is not a field of a contact"],
            ],
        ),
        (
            {"label": "work", "website": "javascript:\t"},
            [
                [
                    "website",
                    "must have no control, line-breaking, bidi-overriding or undefined character",
                ],
                ["website", "must have no white space"],
                ["website", "must not use the scheme javascript, data or vbscript"],
            ],
        ),
    ],
)
def test_the_messages_say_what_to_do(fields: dict[str, Any], messages: list[list[str]]) -> None:
    with pytest.raises(InvalidContact) as caught:
        Contact.from_fields(fields)
    assert caught.value.to_list() == messages
    assert str(caught.value) == "; ".join(" ".join(pair) for pair in messages)


@pytest.mark.parametrize("number", [1, 42, MAX_ID])
def test_a_whole_number_comes_back(number: int) -> None:
    assert whole_number("person_id", number) == number


@pytest.mark.parametrize("number", [0, -1, MAX_ID + 1, True, 1.0, "1", "٤٢", b"1", None, [], 1j])
def test_what_is_no_whole_number_is_refused_by_the_name_of_its_field(number: object) -> None:
    with pytest.raises(InvalidContact) as caught:
        whole_number("person_id", number)
    assert caught.value.to_list() == [
        ["person_id", f"must be a whole number from 1 to {MAX_ID}"],
    ]
    assert caught.value.problems[0].code == "wrong_type"


def test_a_whole_number_may_begin_elsewhere() -> None:
    assert whole_number("revision", 0, least=0) == 0
    with pytest.raises(InvalidContact, match=r"^revision must be a whole number from 0 to "):
        whole_number("revision", -1, least=0)
