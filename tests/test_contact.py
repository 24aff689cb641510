"""What a contact is: the rules C1 to C11 through each door, and the value that comes out."""

import copy
import json
import pickle
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any, Final

import pytest

from contacts_core import (
    MAX_ID,
    RULES,
    Contact,
    ContactLabel,
    ContactProtocol,
    InvalidContact,
    Origin,
)

PHONE: Final = "+1 03 413 7223"
MAIL: Final = "ann@example.com"
SITE: Final = "www.my-stie.com"
CHAT: Final = "https://slack.example/team?id=U024"
VALUES: Final = {"telephone": PHONE, "email": MAIL, "website": SITE, "chat": CHAT}

FITTING: Final = {
    "telephone": {"work", "mobile", "home", "fax"},
    "email": {"work", "personal"},
    "website": {"work", "personal"},
    "chat": {"chat_workchat", "chat_teams", "chat_slack", "chat_skype"},
}
LABEL_OF: Final = {
    "telephone": "mobile",
    "email": "personal",
    "website": "work",
    "chat": "chat_teams",
}


def codes(fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidContact) as caught:
        Contact.from_fields(fields)
    return [(problem.field, problem.code) for problem in caught.value.problems]


def codes_of(field: str, value: object) -> list[str]:
    """The codes of the problems of a value with a label that fits; none when it is accepted."""
    try:
        contact = Contact.from_fields({"label": LABEL_OF[field], field: value})
    except InvalidContact as error:
        return [problem.code for problem in error.problems]
    assert contact.value == value
    return []


@pytest.mark.parametrize(
    ("field", "label"), [*product(FITTING, [label.value for label in ContactLabel])]
)
def test_a_label_goes_with_some_fields_only(field: str, label: str) -> None:
    fields = {"label": label, field: VALUES[field]}
    if label in FITTING[field]:
        contact = Contact.from_fields(fields)
        assert (contact.label, contact.protocol, contact.value) == (label, field, VALUES[field])
    else:
        assert codes(fields) == [("label", "label_not_allowed")]


ACCEPTED: Final = {
    "telephone": [
        PHONE,
        "+44 (0)20 7946 0958 ext. 12",
        "+1 (800) 4-BEST-IT or +1 (800) 423 7848",
        "0",
        "112",
        "٠١٢٣٤٥٦٧٨٩",
        " padded ",
        "=1+1",
        "javascript:alert(1)",
        "'; DROP TABLE contacts; --",
        "%s {0.__class__}",
        "\u00a0x\u200b",
    ],
    "email": [
        MAIL,
        "a@b",
        "@@a",
        "a@@",
        "o'brien+tag@sub.example.co.uk",
        "почта@пример.рф",
        "用户@例子.公司",
        '"a@b"@example.com',
        "javascript:x@y",
    ],
    "website": [
        SITE,
        "example.com:8080/x",
        "localhost:3000",
        "host:8080",
        "https://пример.рф/путь",
        "//cdn.example.com",
        "ftp://example.com",
        "mailto:ann@example.com",
        "javascript",
        "javascript.example.com",
        "javascripts:x",
        "x-javascript:y",
        "https://example.com/javascript:x",
        "database:5432",
        "datа:x",  # noqa: RUF001 - with a Cyrillic a: no browser takes it for the scheme
        "ja%76ascript:x",
        "a\u200dscript:",
        "x",
    ],
    "chat": [
        CHAT,
        "live:ann.example",
        "@ann",
        "xmpp:ann@example.com",
        "https://widget.example.com/chat/t/100215506159543",
        "👩‍👩‍👧‍👦",
        "مرحبا",
        "שלום\u200f!",
        "نمی\u200cخواهم",  # noqa: RUF001
        "e\u0301",
        "é",
        "ﷺ",
        "soft\u00adhyphen",
    ],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, row in ACCEPTED.items() for value in row]
)
def test_a_real_value_is_accepted_and_kept_as_given(field: str, value: str) -> None:
    contact = Contact.from_fields({"label": LABEL_OF[field], field: value})
    assert contact.value.encode() == getattr(contact, field).encode() == value.encode()
    assert contact.to_dict()[field] == value


class Whole(int):
    """An int in all but its type."""


NO_IDS: Final[list[Any]] = [0, -1, MAX_ID + 1, True, False, 1.0, "1", "", b"1", [], Whole(1)]

REFUSED: Final[list[tuple[dict[Any, Any], list[tuple[str, str]]]]] = [
    # C1
    ({"telephone": PHONE}, [("label", "required")]),
    ({"label": None, "telephone": PHONE}, [("label", "required")]),
    ({"label": "", "telephone": PHONE}, [("label", "required")]),
    *(
        ({"label": label, "telephone": PHONE}, [("label", "unknown_label")])
        for label in (
            *("skype", "emergency", "chat_hipchat", "Mobile", "MOBILE", " mobile", "mobile\n"),
            *("telephone", "mоbile", "__members__", b"mobile", 0, 5, True, False, 1.5, [], {}),  # noqa: RUF001
            *(["mobile"], ContactProtocol.telephone, Origin.API, object()),
        )
    ),
    # C2
    ({"label": "mobile"}, [("telephone", "no_value")]),
    ({"label": "personal"}, [("email", "no_value")]),
    ({"label": "chat_slack"}, [("chat", "no_value")]),
    ({"label": "skype"}, [("label", "unknown_label"), ("telephone", "no_value")]),
    ({"label": "mobile", "telephone": None}, [("telephone", "no_value")]),
    ({"label": "mobile", "telephone": ""}, [("telephone", "no_value")]),
    ({"label": "work", **dict.fromkeys(VALUES, "")}, [("telephone", "no_value")]),
    ({"label": "work", **dict.fromkeys(VALUES)}, [("telephone", "no_value")]),
    ({"label": "work", "telephone": PHONE, "email": MAIL}, [("email", "more_than_one_value")]),
    ({"label": "work", "website": SITE, "email": MAIL}, [("website", "more_than_one_value")]),
    (
        {"label": "work", **VALUES},
        [(field, "more_than_one_value") for field in ("email", "website", "chat")],
    ),
    (
        {"label": "fax", "telephone": 5, "email": "a"},
        [
            ("telephone", "wrong_type"),
            ("email", "more_than_one_value"),
            ("email", "not_an_email_address"),
        ],
    ),
    # C3, beside what else is wrong
    ({"label": "fax", "email": 5}, [("label", "label_not_allowed"), ("email", "wrong_type")]),
    (
        {"label": "home", "chat": "\n"},
        [
            ("label", "label_not_allowed"),
            *(("chat", code) for code in ("blank", "unsafe_character", "white_space")),
        ],
    ),
    # C4
    *(
        ({"label": LABEL_OF[field], field: value}, [(field, "wrong_type")])
        for field in VALUES
        for value in (0, 5, True, False, 1.5, b"1", bytearray(b"1"), [], [PHONE], {}, (), object())
    ),
    # C9
    *(
        (
            {"label": "mobile", "telephone": PHONE, "integration": flag},
            [("integration", "wrong_type")],
        )
        for flag in (None, 0, 1, 1.0, "", "true", "false", b"", [], {}, (), object())
    ),
    # C10
    *(
        ({"label": "mobile", "telephone": PHONE, "id": id}, [("id", "read_only")])
        for id in (None, 1, 1720, *NO_IDS)
    ),
    # C11
    *(
        ({"label": "mobile", "telephone": PHONE, name: None}, [(name, "unknown_field")])
        for name in ("phone", "Label", "telephone ", "value", "protocol", "person_id", "")
    ),
    (
        {"label": "mobile", "telephone": PHONE, 5: 1, None: 2, ("a",): 3, "\ud800": 4},
        [(name, "unknown_field") for name in ("int", "NoneType", "tuple", r"\ud800")],
    ),
    # all at once, in the order of the fields, whatever the order given
    (
        {
            "zip": 1,
            "id": 5,
            "integration": "yes",
            "chat": "javascript:\n",
            "website": "data: x",
            "email": "\t",
            "telephone": "x" * 256 + "\x00",
            "label": "Work",
            "city": 1,
        },
        [
            ("label", "unknown_label"),
            ("telephone", "too_long"),
            ("telephone", "unsafe_character"),
            ("email", "more_than_one_value"),
            ("email", "blank"),
            ("email", "unsafe_character"),
            ("email", "not_an_email_address"),
            ("email", "white_space"),
            ("website", "more_than_one_value"),
            ("website", "white_space"),
            ("website", "unsafe_link"),
            ("chat", "more_than_one_value"),
            ("chat", "unsafe_character"),
            ("chat", "white_space"),
            ("chat", "unsafe_link"),
            ("integration", "wrong_type"),
            ("id", "read_only"),
            ("zip", "unknown_field"),
            ("city", "unknown_field"),
        ],
    ),
    ({}, [("label", "required"), ("telephone", "no_value")]),
]


@pytest.mark.parametrize(("fields", "problems"), REFUSED)
def test_all_that_is_wrong_is_said_at_once_and_in_order(
    fields: dict[Any, Any], problems: list[tuple[str, str]]
) -> None:
    assert codes(fields) == problems


def test_every_code_of_the_rules_is_met_here() -> None:
    met = {code for _, problems in REFUSED for _, code in problems}
    assert met == {rule.code for rule in RULES}


@pytest.mark.parametrize("fields", [None, 5, "label", b"", [("label", "mobile")], object(), dict])
def test_what_is_no_mapping_is_refused(fields: object) -> None:
    assert codes(fields) == [("contact", "wrong_type")]


TEXTS: Final[list[tuple[str, str, list[str]]]] = [
    # C6: something to see
    *(
        (field, blank, codes)
        for field, codes in (
            ("telephone", ["blank"]),
            ("chat", ["blank", "white_space"]),
        )
        for blank in (" ", "  ", "\u00a0", "\u3000", "\u2003\u200b")
    ),
    *(
        ("telephone", blank, ["blank"])
        for blank in ("\u200b", "\u200d\u200c", "\u3164", "\u2800", "\ufeff", "\u00ad", "\ufe0f")
    ),
    ("telephone", "\u2800\u3164\u115f\u1160\uffa0\u180e\u2060\u034f\U000e0001", ["blank"]),
    ("telephone", "\x00", ["blank", "unsafe_character"]),
    # C6: nothing that forges a line or a display
    *(
        ("telephone", f"1{unsafe}2", ["unsafe_character"])
        for unsafe in ("\r\n", "\t", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\u2066")
    ),
    *(
        ("telephone", f"1{unsafe}", ["unsafe_character"])
        for unsafe in ("\n", "\ud800", "\udfff", "\ud83d\ude00", "\ufdd0", "\ufffe", "\U0010ffff")
    ),
    # C7
    *(
        ("email", value, ["not_an_email_address"])
        for value in ("ann", "@", "@@", "@host", "ann@", "ann.example.com", "ann(at)host")
    ),
    *(
        ("email", f"ann{space}b@example.com", ["white_space"])
        for space in (" ", "\u00a0", "\u1680", "\u2009", "\u202f", "\u3000")
    ),
    ("email", " ann@example.com", ["white_space"]),
    ("email", "ann@example.com ", ["white_space"]),
    ("email", "ann@example.com\n", ["unsafe_character", "white_space"]),
    *((field, "two words", ["white_space"]) for field in ("website", "chat")),
    *((field, "x\u3000", ["white_space"]) for field in ("website", "chat")),
]


@pytest.mark.parametrize(("field", "value", "expected"), TEXTS)
def test_a_text_that_breaks_a_rule_is_refused(field: str, value: str, expected: list[str]) -> None:
    assert codes_of(field, value) == expected


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize("one", ["1", "é", "e\u0301", "😀", "م"])
@pytest.mark.parametrize("length", [1, 2, 254, 255, 256, 257, 1000])
def test_a_value_has_at_most_255_code_points(field: str, one: str, length: int) -> None:
    text = one * length
    if field == "email":
        text = f"a@{text}"
    text = text[:length] if len(text) > length else text
    if field == "email" and length < 3:
        assert codes_of(field, text) == ["not_an_email_address"]
    else:
        assert codes_of(field, text) == ([] if length <= 255 else ["too_long"])


@pytest.mark.parametrize("value", ["1", "@", " ", "a@", "javascript:", "d\x00", "é", "\u200b"])
@pytest.mark.parametrize("field", VALUES)
def test_a_million_characters_take_no_more_steps_than_a_thousand(field: str, value: str) -> None:
    def steps(length: int) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        text = (value * length)[:length]
        sys.setprofile(count)
        try:
            found = codes_of(field, text)
        finally:
            sys.setprofile(None)
        assert "too_long" in found
        return counted

    steps(300)  # compiles the patterns
    assert steps(1_000_000) == steps(1000)


SCHEMES: Final = ("javascript", "data", "vbscript")
IGNORED: Final = ("", " ", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\x9f", " \x01\n ")


@pytest.mark.parametrize("field", ["website", "chat"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_unsafe_scheme_is_found_in_each_disguise(field: str, scheme: str) -> None:
    spellings = (scheme, scheme.upper(), scheme.title(), scheme[:-1] + scheme[-1].upper())
    disguised = {
        f"{before}{spelling[:2]}{inside}{spelling[2:]}{after}:{rest}"
        for before, spelling, inside, after, rest in product(
            IGNORED, spellings, IGNORED, ("", "\r\n"), ("", "alert(1)")
        )
    }
    assert len(disguised) > 1000
    assert [value for value in disguised if "unsafe_link" not in codes_of(field, value)] == []


@pytest.mark.parametrize("field", ["website", "chat"])
@pytest.mark.parametrize("first", ["javascript:", "DATA:text/html,x", "vbScript:x", "data:"])
def test_an_unsafe_scheme_is_no_scheme_further_on(field: str, first: str) -> None:
    assert codes_of(field, first) == ["unsafe_link"]
    assert codes_of(field, f"x{first}") == codes_of(field, f"?{first}") == []


EVERY_CHARACTER: Final = "".join(map(chr, range(sys.maxunicode + 1)))


def characters(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


@cache
def of_category(*categories: str) -> frozenset[str]:
    category = unicodedata.category
    return frozenset(one for one in EVERY_CHARACTER if category(one) in categories)


BIDI: Final = characters((0x202A, 0x202E), (0x2066, 0x2069))
NONCHARACTERS: Final = characters(
    (0xFDD0, 0xFDEF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
)
# Default_Ignorable_Code_Point of the Unicode Character Database, without what is in category Cf.
IGNORABLE: Final = characters(
    *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    (0xE0000, 0xE0FFF),
)
# Format controls that are younger than the Unicode of Python 3.11, and the blank of Braille.
BLANK_TOO: Final = characters((0x13439, 0x1343F), (0x2800, 0x2800))


def unsafe_characters() -> frozenset[str]:
    return of_category("Cc", "Cs", "Zl", "Zp") | BIDI | NONCHARACTERS


@pytest.mark.parametrize("field", VALUES)
def test_every_character_is_decided_as_the_rules_say(field: str) -> None:
    unsafe = unsafe_characters()
    spaces = frozenset(filter(str.isspace, EVERY_CHARACTER if field != "telephone" else ""))
    refused = unsafe | spaces
    fine = [character for character in EVERY_CHARACTER if character not in refused]
    for start in range(0, len(fine), 250):
        assert codes_of(field, f"x@y{''.join(fine[start : start + 250])}") == []
    for character in refused:
        broken = {"unsafe_character": character in unsafe, "white_space": character in spaces}
        expected = [code for code, is_broken in broken.items() if is_broken]
        assert codes_of(field, f"x@y{character}") == expected, hex(ord(character))


def test_every_character_is_visible_or_not_as_the_rules_say() -> None:
    blank = unsafe_characters() | of_category("Zs", "Cf") | IGNORABLE | BLANK_TOO
    for character in blank:
        assert "blank" in codes_of("telephone", character), hex(ord(character))
    (rule,) = (rule for rule in RULES if rule.code == "blank")
    found = re.sub(rule.must or "", "", EVERY_CHARACTER)
    assert frozenset(found) == blank


def test_a_visible_character_anywhere_is_enough() -> None:
    assert codes_of("telephone", "\u200b" * 254 + "1") == []
    assert codes_of("telephone", "1" + "\u200b" * 254) == []


@pytest.mark.parametrize("id", [1, 1720, MAX_ID])
def test_a_store_gives_an_id(id: int) -> None:
    assert Contact(label="mobile", telephone=PHONE, id=id).id == id
    assert Contact.from_row(id, "telephone", "mobile", False, PHONE).id == id


@pytest.mark.parametrize("id", NO_IDS)
def test_an_id_is_a_whole_number_in_64_bits(id: Any) -> None:
    with pytest.raises(InvalidContact) as constructor:
        Contact(label="mobile", telephone=PHONE, id=id)
    with pytest.raises(InvalidContact) as row:
        Contact.from_row(id, "telephone", "mobile", False, PHONE)
    for caught in (constructor, row):
        assert [(one.field, one.code) for one in caught.value.problems] == [("id", "read_only")]


@pytest.mark.parametrize(
    ("fields", "problems"),
    # The constructor takes ids, and other keywords are for Python to refuse.
    [row for row in REFUSED if {*row[0]} <= {*VALUES, "label", "integration"}],
)
def test_the_constructor_is_as_strict_as_from_fields(
    fields: dict[Any, Any], problems: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidContact) as caught:
        Contact(**fields)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == problems


def test_the_constructor_takes_keywords_that_exist() -> None:
    contact: Any = Contact
    with pytest.raises(TypeError):
        contact("mobile", PHONE)
    with pytest.raises(TypeError):
        contact(label="mobile", phone=PHONE)
    with pytest.raises(InvalidContact):
        contact()


ROWS: Final[list[tuple[tuple[Any, ...], list[tuple[str, str]]]]] = [
    ((1, "telephone", "mobile", False, "1\n"), [("telephone", "unsafe_character")]),
    ((1, "telephone", "mobile", False, 1), [("telephone", "wrong_type")]),
    ((1, "telephone", "mobile", False, ""), [("telephone", "no_value")]),
    ((1, "telephone", "mobile", False, None), [("telephone", "no_value")]),
    ((1, "telephone", "mobile", 2, "1"), [("integration", "wrong_type")]),
    ((1, "telephone", "mobile", None, "1"), [("integration", "wrong_type")]),
    ((0, "telephone", "mobile", 0, "1"), [("id", "read_only")]),
    ((1, "telephone", "personal", False, "1"), [("label", "label_not_allowed")]),
    ((1, "telephone", None, False, "1"), [("label", "required")]),
    ((1, "fax", "fax", False, "1"), [("telephone", "no_value"), ("fax", "unknown_field")]),
    ((1, None, "fax", False, "1"), [("telephone", "no_value"), ("NoneType", "unknown_field")]),
    ((1, "id", "fax", False, "1"), [("telephone", "no_value"), ("id", "read_only")]),
    ((1, "label", "fax", False, "home"), [("telephone", "no_value")]),
]


@pytest.mark.parametrize(("row", "problems"), ROWS)
def test_a_damaged_row_is_refused(row: tuple[Any, ...], problems: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidContact) as caught:
        Contact.from_row(*row)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == problems


@pytest.mark.parametrize("field", VALUES)
def test_the_three_doors_make_equal_contacts(field: str) -> None:
    label = LABEL_OF[field]
    for value in (VALUES[field], f"é@{VALUES[field]}"):
        given: dict[str, Any] = {"label": label, field: value, "integration": True}
        contact = Contact(**given)
        assert contact == Contact.from_fields(given)
        assert Contact(**given, id=7) == Contact.from_row(7, field, label, True, value)
        assert contact != Contact(**given, id=7)


def test_none_and_the_empty_text_both_mean_no_value() -> None:
    contact = Contact.from_fields(
        {"label": "mobile", "telephone": PHONE, "email": None, "website": "", "chat": None}
    )
    assert contact == Contact(label="mobile", telephone=PHONE, email=None, website="")
    assert (contact.email, contact.website, contact.chat) == (None, None, None)


def test_labels_and_field_names_may_be_members() -> None:
    contact = Contact.from_fields(
        {"label": ContactLabel.mobile, ContactProtocol.telephone.value: PHONE}
    )
    assert contact == Contact.from_fields({"label": "mobile", ContactProtocol.telephone: PHONE})
    assert contact.label is ContactLabel.mobile
    assert contact.protocol is ContactProtocol.telephone


class Text(str):
    """A text that shows itself otherwise, as those of template engines do."""

    __slots__ = ()

    def __str__(self) -> str:
        return "otherwise"

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("value", [PHONE, "é" + PHONE])
def test_a_subclass_of_str_becomes_a_str(value: str) -> None:
    contact = Contact.from_fields({"label": Text("mobile"), "telephone": Text(value)})
    assert type(contact.value) is str
    assert contact.value == value
    assert contact.label is ContactLabel.mobile


def test_a_text_cannot_lie_about_its_length() -> None:
    with pytest.raises(InvalidContact):
        Contact.from_fields({"label": "mobile", "telephone": Text("é" * 256)})


class Names(Mapping[str, object]):
    """A mapping that is no dict."""

    def __init__(self, fields: dict[str, object]) -> None:
        self.fields = fields

    def __getitem__(self, name: str) -> object:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


class Fickle(Names):
    """A mapping that shows a legal value to who looks twice."""

    def __getitem__(self, name: str) -> object:
        return self.fields.pop(f"first {name}", self.fields[name])

    def __iter__(self) -> Iterator[str]:
        return (name for name in list(self.fields) if not name.startswith("first "))


def test_any_mapping_will_do() -> None:
    fields: dict[str, object] = {"label": "mobile", "telephone": PHONE}
    for given in (MappingProxyType(fields), Names(fields)):
        assert Contact.from_fields(given) == Contact.from_fields(fields)
    assert codes(Names({})) == codes({})


def test_a_mapping_cannot_show_one_value_and_give_another() -> None:
    fields: dict[str, object] = {
        "label": "mobile",
        "telephone": "112",
        "first telephone": "1\n2",
    }
    assert codes(Fickle(fields)) == [("telephone", "unsafe_character")]


def test_a_name_that_could_not_be_sent_as_an_answer_is_escaped() -> None:
    fields = {"label": "mobile", "telephone": PHONE, "\ud800": "1"}
    assert codes(fields) == [("\\ud800", "unknown_field")]


def test_the_input_is_not_changed() -> None:
    fields = {"label": "mobile", "telephone": PHONE, "email": None}
    Contact.from_fields(fields)
    assert fields == {"label": "mobile", "telephone": PHONE, "email": None}


@pytest.mark.parametrize(
    ("contact", "body", "summary"),
    [
        (
            Contact(label="mobile", telephone=PHONE, integration=True, id=1720),
            '{"label": "mobile", "id": 1720, "telephone": "+1 03 413 7223", "integration": true}',
            '{"label": "mobile", "id": 1720, "telephone": "+1 03 413 7223"}',
        ),
        (
            Contact(label="personal", website=SITE, id=1826),
            '{"label": "personal", "id": 1826, "website": "www.my-stie.com", "integration": false}',
            '{"label": "personal", "id": 1826, "website": "www.my-stie.com"}',
        ),
        (
            Contact(label="work", email=MAIL),
            '{"label": "work", "email": "ann@example.com", "integration": false}',
            '{"label": "work", "email": "ann@example.com"}',
        ),
    ],
)
def test_the_bodies_are_those_of_the_seed(contact: Contact, body: str, summary: str) -> None:
    assert json.dumps(contact.to_dict()) == body
    assert json.dumps(contact.to_summary()) == summary
    assert {type(value) for value in contact.to_dict().values()} <= {str, int, bool}


@pytest.mark.parametrize("field", VALUES)
def test_only_the_field_of_the_protocol_holds_the_value(field: str) -> None:
    contact = Contact.from_fields({"label": LABEL_OF[field], field: VALUES[field]})
    assert {name: getattr(contact, name) for name in VALUES} == {
        **dict.fromkeys(VALUES),
        field: VALUES[field],
    }
    assert (contact.value, contact.id, contact.integration) == (VALUES[field], None, False)


def test_the_repr_shows_id_label_and_protocol_alone() -> None:
    contact = Contact(label="mobile", telephone=PHONE, id=1720)
    assert repr(contact) == str(contact) == f"{contact}" == "<Contact 1720: mobile telephone>"
    assert repr(Contact(label="work", email=MAIL)) == "<Contact None: work email>"


@pytest.mark.parametrize(
    ("integration", "origin", "editable"),
    [
        (False, Origin.API, True),
        (False, Origin.IMPORT, True),
        (False, Origin.USER_INTERFACE, True),
        (True, Origin.API, True),
        (True, Origin.IMPORT, True),
        (True, Origin.USER_INTERFACE, False),
    ],
)
def test_an_integration_contact_is_read_only_at_a_screen(
    integration: bool, origin: Origin, editable: bool
) -> None:
    contact = Contact(label="mobile", telephone=PHONE, integration=integration)
    assert contact.editable_by(origin) is editable


def test_a_contact_cannot_be_changed() -> None:
    contact = Contact(label="mobile", telephone=PHONE, id=1720)
    before = contact.to_dict()
    for name in ("id", "label", "protocol", "value", "integration", "telephone", "email", "new"):
        with pytest.raises(AttributeError):
            setattr(contact, name, "x")
        with pytest.raises(AttributeError):
            delattr(contact, name)
    assert not hasattr(contact, "__dict__")
    assert contact.to_dict() == before
    contact.to_dict()["telephone"] = "x"
    assert contact.to_dict() == before


def test_contacts_are_equal_when_all_fields_are() -> None:
    given: dict[str, Any] = {"label": "work", "email": MAIL, "integration": False, "id": 1}
    others: list[dict[str, Any]] = [
        {**given, "label": "personal"},
        {**given, "email": None, "website": MAIL},
        {**given, "email": "bob@example.com"},
        {**given, "integration": True},
        {**given, "id": 2},
        {**given, "id": None},
    ]
    contact = Contact(**given)
    assert contact == Contact(**given)
    assert hash(contact) == hash(Contact(**given))
    assert len({contact, *(Contact(**other) for other in others)}) == 7
    assert contact != object()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_contact_pickles_and_copies(protocol: int) -> None:
    contact = Contact(label="mobile", telephone=PHONE, integration=True, id=1720)
    for other in (
        pickle.loads(pickle.dumps(contact, protocol)),
        copy.copy(contact),
        copy.deepcopy(contact),
    ):
        assert type(other) is Contact
        assert other == contact
        assert other.label is ContactLabel.mobile
        assert other.protocol is ContactProtocol.telephone


def test_the_words_stand_in_the_vendor_s_order() -> None:
    assert [*ContactProtocol] == ["telephone", "email", "chat", "website"]
    assert [*ContactLabel] == [
        *("work", "mobile", "home", "personal", "fax"),
        *("chat_workchat", "chat_teams", "chat_slack", "chat_skype"),
    ]
    assert {origin.name for origin in Origin} == {"API", "IMPORT", "USER_INTERFACE"}
