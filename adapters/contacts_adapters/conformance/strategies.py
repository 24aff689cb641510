"""Hypothesis strategies for legal and for illegal contacts."""

import re
from typing import Any, Final

from hypothesis import strategies as st

from contacts_core import LABELS, MAX_LENGTH, RULES, Contact, ContactLabel, ContactProtocol

Fields = dict[str, Any]

_TEXT_RULES: Final = [rule for rule in RULES if rule.must or rule.must_not]
# Where rules begin to differ: digits and letters of many scripts, joiners, marks, right-to-left.
_CHARACTERS: Final = st.one_of(
    st.sampled_from("a1+ -.@/:(é٣م\u200d\u200f\u0301👩"),
    st.characters(min_codepoint=0x20, exclude_categories=("Cc", "Cs", "Cn")),
)


def _is_legal(field: str, value: str) -> bool:
    return all(
        (rule.must is None or re.search(rule.must, value))
        and (rule.must_not is None or not re.search(rule.must_not, value))
        for rule in _TEXT_RULES
        if field in rule.fields
    )


def values(protocol: ContactProtocol) -> st.SearchStrategy[str]:
    """Legal values of a protocol."""
    text = st.text(_CHARACTERS, min_size=1, max_size=20)
    if protocol is ContactProtocol.email:
        text = st.tuples(text, text).map("@".join)
    elif protocol is not ContactProtocol.telephone:
        text = st.one_of(text, text.map("https://{}".format))
    return text.filter(lambda value: len(value) <= MAX_LENGTH and _is_legal(protocol, value))


@st.composite
def fields(draw: st.DrawFn) -> Fields:
    """What `Contact.from_fields` accepts; fields without a value may be there, None or empty."""
    protocol = draw(st.sampled_from(ContactProtocol))
    given: Fields = {
        other.value: draw(st.sampled_from((None, "")))
        for other in ContactProtocol
        if other is not protocol and draw(st.booleans())
    }
    given["label"] = draw(st.sampled_from(LABELS[protocol])).value
    given[protocol.value] = draw(values(protocol))
    if draw(st.booleans()):
        given["integration"] = draw(st.booleans())
    return given


def contacts() -> st.SearchStrategy[Contact]:
    """Contacts that are not stored yet."""
    return fields().map(Contact.from_fields)


def _broken(field: str, code: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(field), st.just(code), values)


_NOT_TEXT: Final = st.one_of(st.integers(), st.booleans(), st.binary(), st.just(()), st.floats())
_UNSAFE: Final = (
    "\0\t\n\r\x1b\x7f\x85\x9f\u2028\u2029\u202a\u202e\u2066\u2069\ud800\udfff\ufdd0\uffff"
)


@st.composite
def invalid_fields(draw: st.DrawFn) -> tuple[Fields, str, str]:
    """What `Contact.from_fields` refuses, and a field and a code that it has to name."""
    given = draw(fields())
    field = next(name for name in ContactProtocol if given.get(name))
    value = given[field]
    other = draw(st.sampled_from([name for name in ContactProtocol if name is not field]))
    wrong_labels = [label for label in ContactLabel if label not in LABELS[field]]
    choices = [
        _broken("label", "required", st.sampled_from((None, ""))),
        _broken("label", "unknown_label", st.sampled_from(("skype", "Work", "work ", 5, True))),
        _broken("label", "label_not_allowed", st.sampled_from(wrong_labels)),
        _broken(field, "wrong_type", _NOT_TEXT),
        _broken(field, "too_long", st.just(value + "x" * MAX_LENGTH)),
        _broken(field, "blank", st.text("\u200b\u3164\u2800\ufeff\u00ad ", min_size=1)),
        _broken(field, "unsafe_character", st.sampled_from(_UNSAFE).map(lambda c: f"{value}{c}x")),
        _broken("integration", "wrong_type", st.sampled_from((None, 0, 1, "true", "", []))),
        _broken("id", "read_only", st.one_of(st.integers(), st.none(), st.text())),
        _broken("phone", "unknown_field", st.text()),
    ]
    if field is ContactProtocol.email:
        choices.append(
            _broken(field, "not_an_email_address", st.sampled_from(("ann", "@host", "ann@")))
        )
    if field in {ContactProtocol.website, ContactProtocol.chat}:
        schemes = ("javascript:x", "JaVa\tScript:x", "\x01data:x", "VBSCRIPT:x", " javascript:x")
        choices.append(_broken(field, "unsafe_link", st.sampled_from(schemes)))
    if field is not ContactProtocol.telephone:
        choices.append(_broken(field, "white_space", st.just(f"{value} {value}")))
    broken_field, code, broken_value = draw(st.one_of(choices))
    if draw(st.integers(0, 9)) == 0:
        given[other] = value  # it need not be legal there: that there are two is
        later = max((field, other), key=["telephone", "email", "website", "chat"].index)
        return given, later, "more_than_one_value"
    return {**given, broken_field: broken_value}, broken_field, code
