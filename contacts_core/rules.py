"""The rules of a contact, C1 to C11, as one table.

`RULES` is read by `Contact`, which turns what is broken into problems, by `contact_json_schema()`
and by the documentation; the table of labels and protocols of C3 is `LABELS`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

from .errors import InvalidContact, Problem
from .vocabulary import LABELS, ContactLabel, ContactProtocol

MAX_LENGTH: Final = 255  # code points, as VARCHAR(255) counts
MAX_ID: Final = 2**63 - 1  # the largest integer that SQL stores keep

VALUE_FIELDS: Final = ("telephone", "email", "website", "chat")
FIELDS: Final = ("label", *VALUE_FIELDS, "integration", "id")  # the order of problems
LINKS: Final = ("website", "chat")

Fields = Mapping[str, object]
Ranges = tuple[tuple[int, int], ...]

UNSAFE: Final[Ranges] = (
    (0x00, 0x1F),  # C0
    (0x7F, 0x9F),  # DEL, C1
    (0x2028, 0x2029),  # line and paragraph separator
    (0x202A, 0x202E),  # bidi embeddings and overrides
    (0x2066, 0x2069),  # bidi isolates
    (0xD800, 0xDFFF),  # lone surrogates
    (0xFDD0, 0xFDEF),  # noncharacters, here and at the end of each plane
    *((plane * 0x10000 + 0xFFFE, plane * 0x10000 + 0xFFFF) for plane in range(17)),
)
# Spaces, the format characters and Default_Ignorable_Code_Point (UAX #44), the blank Braille
# pattern. Listed, not asked of unicodedata: what one Python accepts, an older one must load.
INVISIBLE: Final[Ranges] = (
    *((code, code) for code in (0x20, 0xA0, 0xAD, 0x34F, 0x61C, 0x6DD, 0x70F, 0x8E2, 0x1680)),
    *((0x0600, 0x0605), (0x0890, 0x0891), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x2000, 0x200F), (0x202F, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB)),
    *((0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
WHITE_SPACE: Final[Ranges] = (
    *((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680)),
    *((0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
UNSAFE_SCHEMES: Final = ("javascript", "data", "vbscript")


def _characters(*sets: Ranges) -> str:
    """The inside of a character class that Python and ECMA-262 (flag u) read alike."""
    return "".join(
        f"{_character(first)}-{_character(last)}" for ranges in sets for first, last in ranges
    )


def _character(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else chr(code)


def _scheme(name: str) -> str:
    """A scheme as a browser finds it: any case, spaces and controls ignored wherever they stand."""
    ignored = r"[\u0000-\u0020\u007f-\u009f]*"
    return ignored.join(("", *(f"[{letter}{letter.upper()}]" for letter in name), ":"))


def _or(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _filled(fields: Fields) -> list[str]:
    """The value fields that hold something; forms send "" for what was left empty."""
    return [
        field
        for field in VALUE_FIELDS
        if (value := fields.get(field)) is not None and not (isinstance(value, str) and value == "")
    ]


def _labels(fields: Fields) -> tuple[ContactLabel, ...]:
    """The labels that the one filled field takes; every label while there is not one."""
    filled = _filled(fields)
    return LABELS[ContactProtocol(filled[0])] if len(filled) == 1 else tuple(ContactLabel)


def _known_label(fields: Fields) -> bool:
    label = fields.get("label")
    return isinstance(label, str) and label in ContactLabel.__members__


def _empty_label(fields: Fields) -> bool:
    label = fields.get("label")
    return label is None or (isinstance(label, str) and label == "")


def _first_that_fits(fields: Fields) -> str:
    """Where a value is missing: the first field that the label goes with."""
    label = fields.get("label")
    return next(
        (field for field in VALUE_FIELDS if label in LABELS[ContactProtocol(field)]),
        VALUE_FIELDS[0],
    )


class Rule(NamedTuple):
    """One row of the table.

    A rule is broken for a field when `broken(fields, field)` says so, or, for a text, when the
    pattern `must` is not found in it or the pattern `must_not` is. In the message, `{labels}`
    are the labels that go with the filled field, `{protocol}`.
    """

    number: str
    code: str
    fields: tuple[str, ...]
    message: str
    source: str
    broken: Callable[[Fields, str], bool] | None = None
    must: str | None = None
    must_not: str | None = None

    def is_broken(self, fields: Fields, field: str) -> bool:
        """Whether what *fields* hold breaks this rule for *field*."""
        if self.broken is not None:
            return self.broken(fields, field)
        value = fields.get(field)
        if not isinstance(value, str) or value == "":
            return False
        if self.must is not None:
            return _compiled(self.must).search(value) is None
        return self.must_not is not None and _compiled(self.must_not).search(value) is not None

    def problem(self, fields: Fields, field: str) -> Problem:
        """The problem to report for *field*."""
        names = {"labels": _or(_labels(fields)), "protocol": "".join(_filled(fields)[:1])}
        return Problem(field, self.code, self.message.format(**names))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # On first need: compiling the large classes would be half of the import time.
    return re.compile(pattern)


READ_ONLY: Final = Rule(*("C10", "read_only", ("id",), "is given by the store", "seed"))
UNKNOWN_FIELD: Final = Rule(*("C11", "unknown_field", (), "is not a field of a contact", "seed"))

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        *("C1", "required", ("label",), "is required: one of {labels}", "seed"),
        broken=lambda fields, _: _empty_label(fields),
    ),
    Rule(
        *("C1", "unknown_label", ("label",), "must be one of {labels}", "seed"),
        broken=lambda fields, _: not _empty_label(fields) and not _known_label(fields),
    ),
    Rule(
        *("C2", "no_value", VALUE_FIELDS, "must hold a value, or another of the four fields must"),
        "seed: a contact has one value",
        broken=lambda fields, field: not _filled(fields) and field == _first_that_fits(fields),
    ),
    Rule(
        *("C2", "more_than_one_value", VALUE_FIELDS, "must be empty: {protocol} holds the value"),
        "seed: a contact has one value",
        broken=lambda fields, field: field in _filled(fields)[1:],
    ),
    Rule(
        *("C3", "label_not_allowed", ("label",), "must be {labels} for {protocol}", "seed"),
        broken=lambda fields, _: _known_label(fields) and fields["label"] not in _labels(fields),
    ),
    Rule(
        *("C4", "wrong_type", VALUE_FIELDS, "must be a text", "seed"),
        broken=lambda fields, field: not isinstance(fields.get(field), str | None),
    ),
    Rule(
        *("C4", "too_long", VALUE_FIELDS, f"must have at most {MAX_LENGTH} characters", "seed"),
        broken=lambda fields, field: (
            isinstance(value := fields.get(field), str) and len(value) > MAX_LENGTH
        ),
    ),
    Rule(
        *("C6", "blank", VALUE_FIELDS, "must have a visible character", "UAX #44"),
        must=f"[^{_characters(UNSAFE, INVISIBLE)}]",
    ),
    Rule(
        *("C6", "unsafe_character", VALUE_FIELDS),
        "must have no control, line-breaking, bidi-overriding or undefined character",
        "RFC 9839",
        must_not=f"[{_characters(UNSAFE)}]",
    ),
    # RFC 5321 4.1.2 asks more; a refused real address costs more than an accepted odd one.
    Rule(
        *("C7", "not_an_email_address", ("email",), "must look like name@host", "RFC 5321"),
        must=r"[\s\S]@[\s\S]",
    ),
    Rule(
        *("C7", "white_space", ("email", *LINKS), "must have no white space", "RFC 3986, RFC 5321"),
        must_not=f"[{_characters(WHITE_SPACE)}]",
    ),
    Rule(
        *("C8", "unsafe_link", LINKS, f"must not use the scheme {_or(UNSAFE_SCHEMES)}"),
        "WHATWG URL, OWASP ASVS 1.2.2",
        must_not=f"^(?:{'|'.join(map(_scheme, UNSAFE_SCHEMES))})",
    ),
    Rule(
        *("C9", "wrong_type", ("integration",), "must be true or false", "seed"),
        broken=lambda fields, field: type(fields.get(field, False)) is not bool,
    ),
    READ_ONLY,  # what breaks it depends on the door: see Contact and ContactBook.update
    UNKNOWN_FIELD,
)


def problems_of(fields: Fields, *, id_refused: bool) -> tuple[Problem, ...]:
    """Every problem of *fields*, by field and then by rule; unknown fields last, as given."""
    problems = [
        rule.problem(fields, field)
        for field in FIELDS
        for rule in RULES
        if field in rule.fields and rule.is_broken(fields, field)
    ]
    if id_refused:
        problems.append(READ_ONLY.problem(fields, "id"))
    for name in fields:
        if name not in FIELDS:
            # A key that is no text is named by its type: it has no other harmless name. One with
            # lone surrogates could not be sent as an answer.
            known = (
                name.encode(errors="backslashreplace").decode()
                if isinstance(name, str)
                else type(name).__name__
            )
            problems.append(UNKNOWN_FIELD.problem(fields, known))
    return tuple(problems)


def whole_number(field: str, number: object, least: int = 1) -> int:
    """*number*, if it is an int (not a bool) from *least* to 2**63-1; InvalidContact names *field*.

    >>> whole_number("person_id", 42)
    42
    """
    if type(number) is int and least <= number <= MAX_ID:
        return number
    message = f"must be a whole number from {least} to {MAX_ID}"
    raise InvalidContact((Problem(field, "wrong_type", message),))
