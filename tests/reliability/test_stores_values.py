"""Any text goes through every store as it was given, or is refused before it gets there."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pytest
from report_table import Report

from contacts_adapters import open_repository
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import (
    MAX_ID,
    MAX_LENGTH,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactProtocol,
    InvalidContact,
    StoreCorrupted,
    TokenExpired,
    make_converter,
)

STORES: Final = {"memory": "memory", "sqlite": "SQLite", "json": "JSON"}
LABELS: Final = {"telephone": "fax", "email": "work", "chat": "chat_slack", "website": "personal"}
START: Final = "a@b"  # makes any text long enough to be an address


@pytest.fixture(params=STORES)
def scheme(request: pytest.FixtureRequest) -> str:
    scheme: str = request.param
    return scheme


@pytest.fixture
def store(scheme: str, tmp_path: Path) -> Iterator[ContactBookRepository]:
    url = "memory://" if scheme == "memory" else f"{scheme}:///{tmp_path / 'store'}"
    with open_repository(url) as repository:
        yield repository


def contact(field: str, value: str) -> Contact:
    return Contact.from_fields({"label": LABELS[field], field: value})


def is_refused(field: str, value: str) -> bool:
    try:
        contact(field, value)
    except InvalidContact:
        return True
    return False


def is_forbidden(field: str, character: str) -> bool:
    """Rules C6 and C7 in the words of the Unicode Character Database."""
    code = ord(character)
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in {"LRE", "RLE", "PDF", "LRO", "RLO"}
        or unicodedata.bidirectional(character) in {"LRI", "RLI", "FSI", "PDI"}
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
        or (field != "telephone" and character.isspace())
    )


def texts(field: str, codes: Iterable[int]) -> Iterator[str]:
    """Values as long as may be, of all characters that may be."""
    characters = (chr(code) for code in codes)
    allowed = (one for one in characters if not is_forbidden(field, one))
    while text := "".join(islice(allowed, MAX_LENGTH - len(START))):
        yield START + text


@pytest.mark.parametrize("field", ["telephone", "website"])
def test_every_code_point_is_taken_or_refused_by_the_rules(
    field: str, whole: bool, report: Report
) -> None:
    codes = range(0, sys.maxunicode + 1, 1 if whole else 61)

    wrong = [
        f"U+{code:04X}"
        for code in codes
        if is_refused(field, START + chr(code)) != is_forbidden(field, chr(code))
    ]

    report.add("E3", "all", len(codes), len(wrong), "every code point: taken or refused by rule")
    assert wrong == []


def test_every_code_point_comes_back_as_it_went_in(
    scheme: str, store: ContactBookRepository, whole: bool, report: Report
) -> None:
    codes = range(sys.maxunicode + 1) if whole else range(0x3000)
    values = {field: list(texts(field, codes)) for field in LABELS}
    books = [
        ContactBook(
            person_id=person_id,
            contacts=[contact(field, value) for value in values[field][start : start + 100]],
        )
        for person_id, (field, start) in enumerate(
            ((field, start) for field in LABELS for start in range(0, len(values[field]), 100)), 1
        )
    ]

    saved = store.save_all(books)

    altered = sum(book != store.get(book.person_id) for book in saved)
    altered += [[one.value for one in book] for book in saved] != [
        [one.value for one in book] for book in books
    ]
    cases = sum(len(value) - len(START) for texts in values.values() for value in texts)
    report.add("E3", STORES[scheme], cases, altered, "every allowed code point in every field")
    assert altered == 0


METACHARACTERS: Final = (
    *("'", '"', "`", "''", "\\'", "\\", "%", "_", "*", "?", "?1", ":value", "$1", "@x", ";", "--"),
    *("/*", "*/", "#", "[x]", "{}", "{0}", "%s", "%(x)s", "$(id)", "|", "\\x00", "\\u0000", "\\n"),
    *("NULL", "null", "NaN", "1e999", "0x0", "true", "rowid", "person_id", "contact", "-1"),
    *("');DROP/**/TABLE/**/contact;--", "'/**/OR/**/'1'='1", "1;DELETE/**/FROM/**/contact_book"),
    *("'||(SELECT/**/value/**/FROM/**/contact)||'", '"}\\n{"crc":"00000000"', '","erased":true}'),
    *(']}}"', "é", "e\u0301", "İ", "ß", "\U0001f9d1\u200d\U0001f4bb", "\u05d0\u200f", "\ufb01"),
)


@pytest.mark.parametrize("field", LABELS)
def test_metacharacters_are_only_characters(
    field: str, scheme: str, store: ContactBookRepository, report: Report
) -> None:
    values = [f"{number}555123{START}{text}" for number, text in enumerate(METACHARACTERS, 1)]
    other = store.save(ContactBook(person_id=1, contacts=[contact("email", "ann@example.com")]))
    book = ContactBook(person_id=2, contacts=[contact(field, value) for value in values])

    book = store.save(book)

    assert [one.value for one in store.get(2)] == values
    found = [
        match.contact
        for one in book
        for match in store.find(ContactProtocol(field), one.value, labels=LABELS[field])
        if match.contact.id == one.id
    ]
    assert found == list(book)
    for text in METACHARACTERS:
        with pytest.raises(TokenExpired):
            store.changes(after=text)
    store.erase(2)
    assert list(store.books()) == [other]
    report.add("E9", STORES[scheme], 3 * len(values), 0, "SQL, JSON and format metacharacters")


HOSTILE: Final[dict[str, Any]] = {
    "no mapping": [],
    "a text": "book",
    "nothing": None,
    "another key": {"person_id": 1, "revision": 1, "contacts": [], "x": 1},
    "a missing key": {"person_id": 1, "revision": 1},
    "a true person": {"person_id": True, "revision": 1, "contacts": []},
    "a float person": {"person_id": 1.0, "revision": 1, "contacts": []},
    "a text for a person": {"person_id": "1", "revision": 1, "contacts": []},
    "a person too many": {"person_id": MAX_ID + 1, "revision": 1, "contacts": []},
    "a person of 5,000 digits": {"person_id": 10**4999, "revision": 1, "contacts": []},
    "NaN": {"person_id": 1, "revision": float("nan"), "contacts": []},
    "infinity": {"person_id": 1, "revision": float("inf"), "contacts": []},
    "a negative revision": {"person_id": 1, "revision": -1, "contacts": []},
    "contacts that are a mapping": {"person_id": 1, "revision": 1, "contacts": {}},
    "contacts that are a text": {"person_id": 1, "revision": 1, "contacts": "ab"},
    **{
        f"a contact: {name}": {"person_id": 1, "revision": 1, "contacts": [contact]}
        for name, contact in {
            "nothing": None,
            "a text": "mobile",
            "empty": {},
            "no value": {"label": "mobile", "id": 1},
            "two values": {"label": "work", "id": 1, "telephone": "1", "email": "a@b"},
            "a number for a value": {"label": "mobile", "id": 1, "telephone": 5550123},
            "a list for a value": {"label": "mobile", "id": 1, "telephone": ["5550123"]},
            "a list for a label": {"label": ["mobile"], "id": 1, "telephone": "5550123"},
            "a true id": {"label": "mobile", "id": True, "telephone": "5550123"},
            "id 0": {"label": "mobile", "id": 0, "telephone": "5550123"},
            "an id too many": {"label": "mobile", "id": MAX_ID + 1, "telephone": "5550123"},
            "integration 1": {"label": "mobile", "id": 1, "telephone": "1", "integration": 1},
            "an unknown field": {"label": "mobile", "id": 1, "telephone": "5550123", "x": 1},
            "a surrogate": {"label": "mobile", "id": 1, "telephone": "555\ud800"},
            "a text of a megabyte": {"label": "mobile", "id": 1, "telephone": "5" * 10**6},
        }.items()
    },
    "the same id twice": {
        "person_id": 1,
        "revision": 1,
        "contacts": [{"label": "mobile", "id": 1, "telephone": "5550123"}] * 2,
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_is_refused(name: str, report: Report) -> None:
    with pytest.raises(InvalidContact):
        make_converter().structure(HOSTILE[name], ContactBook)

    report.add("E6", "all", 1, 0, "hostile records")


HOSTILE_LINES: Final[dict[str, bytes]] = {
    **{
        name: json.dumps(record["contacts"]).encode()
        for name, record in HOSTILE.items()
        if isinstance(record, dict) and record.get("contacts")
    },
    "depth": b"[" * 100_000 + b"]" * 100_000,
    "depth of mappings": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "no end": b"[",
    "no JSON": b"contacts",
    "NaN": b"[NaN]",
    "a number of 5,000 digits": b"9" * 5000,
    "the key twice": b'[],"contacts":"x"',
    "another person": b'[],"person_id":7',
    "UTF-16": "[]".encode("utf-16"),
    "no UTF-8": b'[{"label":"mobile","id":1,"telephone":"555\xff"}]',
    "a BOM": b"\xef\xbb\xbf[]",
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_a_hostile_line_with_the_right_checksum_is_refused(
    name: str, tmp_path: Path, report: Report
) -> None:
    path = tmp_path / "store.jsonl"
    JsonFileContactBooks(path).close()
    head = b'"seq":1,"left":0,"position":1,"last_id":1,"person_id":42,"revision":1,'
    covered = head + b'"contacts":' + HOSTILE_LINES[name] + b"}"
    with path.open("ab") as file:
        file.write(b'{"crc":"%08x",%b\n' % (crc32(covered), covered))

    with pytest.raises(StoreCorrupted), JsonFileContactBooks(path) as store:
        store.get(42)

    report.add("E6", "JSON", 1, 0, "hostile lines with the right checksum")
