"""LDIF: the entries of a directory."""

import io
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_adapters.exchange import (
    ATTRIBUTES,
    Attribute,
    Given,
    Listed,
    Record,
    Refused,
    Skipped,
    read_ldif,
)
from contacts_core import Contact

KEPT: Final[dict[str, Any]] = {"integration": True}
ANN: Final = "dn: uid=ann,dc=example,dc=com\nmail: ann@example.com\n"


def read(text: str | bytes, **options: Any) -> list[Record]:
    stream: io.StringIO | io.BytesIO
    stream = io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)
    return list(read_ldif(stream, **options))


def values(records: list[Record]) -> list[tuple[int, str, str]]:
    return [
        (one.number, one.contact.label.value, one.contact.value)
        for one in records
        if isinstance(one, Given)
    ]


def problems(records: list[Record]) -> list[tuple[int, str, str]]:
    return [
        (one.number, problem.field, problem.code)
        for one in records
        if isinstance(one, Refused)
        for problem in one.problems
    ]


def test_an_entry_is_a_person_with_integration_contacts() -> None:
    records = read(f"version: 1\n{ANN}TelephoneNumber: +1 03 413 7223\n")
    assert records == [
        Listed(2, "ann@example.com"),
        Given(
            3, "ann@example.com", Contact(label="work", email="ann@example.com", integration=True)
        ),
        Given(
            4,
            "ann@example.com",
            Contact(label="work", telephone="+1 03 413 7223", integration=True),
        ),
    ]


LINES: Final[list[tuple[str, list[tuple[int, str, str]]]]] = [
    ("mobile: 1", [(3, "mobile", "1")]),
    ("homePhone: 1", [(3, "home", "1")]),
    ("otherMobile;lang-en: 1", [(3, "mobile", "1")]),
    ("MOBILE:1", [(3, "mobile", "1")]),
    ("mobile:   1 2 ", [(3, "mobile", "1 2 ")]),
    ("mobile: 12\n 34\n 5", [(3, "mobile", "12345")]),
    ("mobile: 12\n  34", [(3, "mobile", "12 34")]),
    ("# a comment\n that goes on\nmobile: 1", [(5, "mobile", "1")]),
    ("mobile:: KzEgMg==", [(3, "mobile", "+1 2")]),
    ("mobile:: KzE\n gMg==", [(3, "mobile", "+1 2")]),
    ("mobile:: IDE=", [(3, "mobile", " 1")]),
    ("url: https://example.com/~ann Home page", [(3, "work", "https://example.com/~ann")]),
    ("labeledURI: www.example.com", [(3, "work", "www.example.com")]),
    ("facsimileTelephoneNumber: +1 2$fineResolution", [(3, "fax", "+1 2")]),
    ("changetype: ADD\nmobile: 1", [(4, "mobile", "1")]),
    ("sn: Smith\ncn:: /w==\njpegPhoto:< file:///tmp/x", []),
    ("mobile: 1\r\nmobile: 2\r", [(3, "mobile", "1"), (4, "mobile", "2")]),
]


@pytest.mark.parametrize(("lines", "expected"), LINES)
def test_a_line_is_read_as_the_rfc_says(lines: str, expected: list[tuple[int, str, str]]) -> None:
    records = read(f"{ANN}{lines}\n")
    assert values(records)[1:] == expected
    assert problems(records) == []


REFUSED: Final[list[tuple[str, list[tuple[int, str, str]]]]] = [
    ("mobile", [(3, "line", "malformed")]),
    ("mobile:: ?", [(3, "mobile", "not_text")]),
    ("mobile:: /w==", [(3, "mobile", "not_text")]),
    ("mobile:: \N{LATIN SMALL LETTER E WITH ACUTE}", [(3, "mobile", "not_text")]),
    ("mobile:< file:///etc/passwd", [(3, "mobile", "external_value")]),
    ("mobile:", [(3, "telephone", "no_value")]),
    ("mobile: 1\x07", [(3, "telephone", "unsafe_character")]),
    ("mail: nobody", [(3, "email", "not_an_email_address")]),
    (f"mobile: {'1' * 100_000}", [(3, "mobile", "too_long")]),
    ("mobile: 1" + "\n 1" * 100_000, [(3, "mobile", "too_long")]),
    ("changetype: delete", [(3, "changetype", "unsupported")]),
]


@pytest.mark.parametrize(("lines", "expected"), REFUSED)
def test_what_breaks_a_rule_is_refused_by_its_line(
    lines: str, expected: list[tuple[int, str, str]]
) -> None:
    records = read(f"{ANN}{lines}\n\ndn: uid=bob\nmail: bob@example.com\n")
    assert problems(records) == expected
    assert values(records)[-1][2] == "bob@example.com"


def test_bytes_that_are_no_text_are_refused() -> None:
    assert problems(read(ANN.encode() + b"mobile: 1\xff\n")) == [
        (3, "telephone", "unsafe_character")
    ]


def test_what_no_contact_can_hold_is_skipped() -> None:
    text = (
        f"{ANN}pager: 1\nstreet: 1\nl: 1\ntelexNumber: 1\npreferredLanguage: en\nipPhone: 1\n"
        "fax: 1\nurl: www.example.com Home\nfacsimileTelephoneNumber: 1$x\n"
    )
    assert Counter(one.what for one in read(text) if isinstance(one, Skipped)) == {
        "pager": 1,
        "postal address": 2,
        "telex": 1,
        "preference": 1,
        "telephone of another type": 1,
        "name of a link": 1,
        "fax parameters": 1,
    }


def test_an_entry_without_a_key_is_no_person() -> None:
    assert read("dn: dc=example\ndc: example\n") == [Skipped(1, "entry of no person")]
    assert problems(read("\ndn: uid=ann\nmobile: 1\n")) == [(2, "person", "required")]


def test_another_attribute_may_name_the_person() -> None:
    assert read(f"{ANN}uid: ann\n", key="UID")[0] == Listed(1, "ann")
    assert read(ANN, key="dn")[0] == Listed(1, "uid=ann,dc=example,dc=com")
    assert read("dn:: dWlkPWFubg==\n", key="dn") == [Listed(1, "uid=ann")]


def test_a_caller_can_change_the_table() -> None:
    table = {**ATTRIBUTES, "pager": Attribute("telephone", "mobile")}
    assert values(read(f"{ANN}pager: 1\n", attributes=table))[1:] == [(3, "mobile", "1")]


def test_an_entry_is_kept_to_a_bound() -> None:
    records = read(ANN + "mobile: 1\n" * 1_500)
    assert len(values(records)) == 1_000
    assert {(field, code) for _, field, code in problems(records)} == {("entry", "too_many_values")}
    assert len(problems(records)) == 501


def test_a_long_photo_is_no_matter() -> None:
    photo = "jpegPhoto:: " + "\n ".join(["A" * 70] * 10_000)
    records = read(f"{ANN}{photo}\nmobile: 1\n")
    assert problems(records) == []
    assert len(values(records)) == 2


TEXTS: Final = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
NAMES: Final = st.sampled_from(["mobile", "telephoneNumber", "homePhone"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, TEXTS), max_size=5), st.randoms(use_true_random=False))
def test_a_value_is_the_same_however_it_was_written(
    given: list[tuple[str, str]], random: Random
) -> None:
    lines = []
    for name, value in given:
        if random.random() < 0.4 or value.startswith((" ", ":", "<")):
            line = f"{name}:: {b64encode(value.encode()).decode()}"
        else:
            line = f"{name}: {value}"
        cut = random.randrange(1, 20)
        folded = "\n ".join(line[at : at + cut] for at in range(0, len(line), cut))
        lines += ["# in between"] * random.randrange(2) + [folded]
    end = random.choice(["\n", "\r\n"])
    records = read("\n".join([*ANN.splitlines(), *lines]).replace("\n", end).encode())
    expected = {"mobile": "mobile", "telephoneNumber": "work", "homePhone": "home"}
    legal = [(expected[name], value) for name, value in given if value.strip()]
    found = [(label, value) for _, label, value in values(records)[1:]]
    assert [one for one in found if one in legal] == found
    assert len(found) + len(problems(records)) == len(given)


def test_the_sample_of_a_directory_has_what_grep_counts(sample: Callable[[str], Path]) -> None:
    path = sample("Example.ldif")
    with path.open("rb") as stream:
        records = list(read_ldif(stream))
    assert sum(isinstance(one, Listed) for one in records) == 150
    found = Counter(
        (one.contact.protocol.value, one.contact.label.value)
        for one in records
        if isinstance(one, Given)
    )
    for name in ("mail", "telephoneNumber", "facsimileTelephoneNumber", "mobile"):
        grep = subprocess.run(
            ["grep", "-c", "-i", f"^{name}:", path], capture_output=True, text=True, check=False
        )
        attribute = ATTRIBUTES[name.lower()]
        assert found[attribute.protocol, attribute.label] == int(grep.stdout), name
    assert problems(records) == []


def test_another_reader_finds_the_same_in_the_sample(sample: Callable[[str], Path]) -> None:
    ldif = pytest.importorskip("ldif", reason="the package ldif is not installed")
    path = sample("Example.ldif")
    theirs = []
    with path.open("rb") as stream:
        for _, entry in ldif.LDIFParser(stream, strict=False).parse():
            for name, found in entry.items():
                if name.lower() in ATTRIBUTES and "mail" in {one.lower() for one in entry}:
                    theirs += found
    with path.open("rb") as stream:
        ours = [value for _, _, value in values(list(read_ldif(stream)))]
    assert sorted(ours) == sorted(theirs)
