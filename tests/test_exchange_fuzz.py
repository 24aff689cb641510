"""Every reader, on whatever may come."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_adapters.exchange import (
    Given,
    Listed,
    Refused,
    Skipped,
    UnknownFormat,
    format_named,
    format_of,
    known_formats,
    read_csv,
    read_ldif,
    read_scim,
    register,
)

Reader = Callable[[Any], Iterator[Any]]

SECRET: Final = "s3cr3t"
CSV: Final = (
    "Person,Contact Protocol,Contact Label,Contact URI,Address City,Integration,ID\r\n"
    f"ann@example.com,telephone,fax,+1 {SECRET},,true,\r\n"
    f'ann@example.com,email,work,"{SECRET}@example.com",,1,7\r\n'
    f"bob@example.com,,,,Chic\N{LATIN SMALL LETTER A WITH ACUTE}go {SECRET},true,\r\n"
)
LDIF: Final = (
    f"version: 1\n\ndn: uid=ann,dc=example\nmail: {SECRET}@example.com\nmobile:: KzEgczNjcjN0\n"
    f"# comment\ntelephoneNumber: +1 {SECRET}\n  5\npager: {SECRET}\nurl:< file:///{SECRET}\n\n"
    f"dn: uid=bob\nchangetype: delete\nmail: bob@example.com\n"
)
SCIM: Final = json.dumps(
    {
        "Resources": [
            {
                "userName": SECRET,
                "phoneNumbers": [{"value": f"+1 {SECRET}", "type": "work", "primary": True}],
                "emails": [{"value": f"{SECRET}@example.com", "type": "home"}],
                "addresses": [{"formatted": SECRET}],
            },
            {"userName": "bob", "ims": [{"value": SECRET, "type": "icq"}]},
        ]
    }
)
READERS: Final[dict[str, tuple[Reader, str]]] = {
    "csv": (read_csv, CSV),
    "ldif": (read_ldif, LDIF),
    "scim": (read_scim, SCIM),
}


def check(records: Iterator[Any]) -> None:
    for record in records:
        assert isinstance(record, Given | Listed | Refused | Skipped)
        assert SECRET not in repr(record)
        assert record.number >= 1
        if isinstance(record, Refused):
            assert record.problems


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """A file with a few bytes flipped, cut out, doubled or put in."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(
            st.sampled_from([b"", b"\0", b'"', b",", b"\n", b" ", b":", b"\xff", b"{", b"["])
        )
        match draw(st.integers(0, 3)):
            case 0:
                data[start:end] = piece
            case 1:
                data[start:start] = data[start:end]
            case 2 if start < len(data):
                data[start] ^= 1 << draw(st.integers(0, 7))
            case _:
                del data[start:end]
    return bytes(data)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_refuses_a_damaged_file_by_records(name: str) -> None:
    reader, original = READERS[name]

    @settings(max_examples=300, deadline=None)
    @given(st.one_of(mutated(original.encode()), mutated(original.encode("utf-16-le"))))
    def run(data: bytes) -> None:
        check(reader(io.BytesIO(data)))

    run()


@pytest.mark.parametrize("name", READERS)
def test_a_reader_refuses_anything_by_records(name: str) -> None:
    reader, _ = READERS[name]

    @settings(max_examples=200, deadline=None)
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
    def run(data: bytes | str) -> None:
        check(reader(io.BytesIO(data) if isinstance(data, bytes) else io.StringIO(data)))

    run()


@pytest.mark.parametrize("name", READERS)
def test_a_file_is_read_alike_however_its_pieces_come(name: str) -> None:
    reader, original = READERS[name]
    whole = list(reader(io.StringIO(original)))
    for size in (1, 2, 7):
        for encoding in ("utf-8-sig", "utf-16-le"):
            assert list(reader(Dribble(original.encode(encoding), size))) == whole


class Dribble:
    """A stream that gives a few bytes at a time, as a socket may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream = io.BytesIO(data)
        self._size = size

    def read(self, _: int) -> bytes:
        return self._stream.read(self._size)


class Long:
    """A beginning, something repeated to the length of a large file, and an end."""

    def __init__(self, start: bytes, repeated: bytes, end: bytes) -> None:
        self._start = io.BytesIO(start)
        self._end = io.BytesIO(end)
        self._repeated = repeated
        # Fifty megabytes of one line; of many lines less will do to see memory grow.
        self._left = 3_000_000 if b"\n" in repeated else 50_000_000

    def read(self, size: int) -> bytes:
        piece = self._start.read(size)
        if not piece and self._left > 0:
            self._left -= size
            piece = self._repeated * (size // len(self._repeated))
        return piece or self._end.read(size)


HEAD: Final = b"Person,Contact Protocol,Contact Label,Contact URI\n"
ANN: Final = b"dn: uid=ann\nmail: ann@example.com\n"
AFTER: Final = b"\nann,telephone,fax,1\n"
MORE: Final = b"\n\ndn: uid=bob\nmail: bob@example.com\n"
LINE: Final = b"1" * 999 + b"\n"
LONG: Final[dict[str, tuple[Reader, Long, bool]]] = {
    "a CSV line": (read_csv, Long(HEAD + b"ann,telephone,fax,", b"1", AFTER), True),
    "CSV cells": (read_csv, Long(HEAD, b",", AFTER), True),
    "a quoted CSV cell": (read_csv, Long(HEAD + b'a,b,c,"', LINE, AFTER), True),
    "quoted CSV cells": (read_csv, Long(HEAD + b'a,"', b"1" * 300 + b'","\n', AFTER), True),
    "a CSV header": (read_csv, Long(b"", b"Person,", AFTER), False),
    "an LDIF line": (read_ldif, Long(ANN + b"mobile: ", b"1", MORE), True),
    "a folded LDIF line": (read_ldif, Long(ANN + b"mobile: ", b"1\n ", MORE), True),
    "LDIF folds of nothing": (read_ldif, Long(ANN + b"mobile: 1\n", b" \n", MORE), True),
    "LDIF values": (read_ldif, Long(ANN, b"mobile: 1234\n", MORE), True),
    "a SCIM text": (read_scim, Long(b'{"userName":"', b"a", b'"}'), False),
    "a SCIM list": (read_scim, Long(b'{"Resources":[', b"[", b"]}"), False),
    "SCIM white space": (read_scim, Long(b'{"userName":', b" ", b'"ann"}'), True),
}


@pytest.mark.parametrize("name", LONG)
def test_megabytes_of_one_thing_take_no_memory(name: str) -> None:
    reader, stream, goes_on = LONG[name]
    tracemalloc.start()
    try:
        refused = last = 0
        for record in reader(stream):
            refused += isinstance(record, Refused)
            last = isinstance(record, Given | Listed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert refused or name in {"LDIF folds of nothing", "SCIM white space"}
    assert bool(last) is goes_on


def test_a_format_is_found_out_by_the_file() -> None:
    for name, text in (
        ("csv", CSV),
        ("tsv", CSV.replace(",", "\t")),
        ("ldif", LDIF),
        ("scim", SCIM),
    ):
        for encoding in ("utf-8", "utf-8-sig", "utf-16-le"):
            assert format_of("unnamed", text.encode(encoding)).name == name
        assert format_of(f"x.{name.upper()}", b"?").name == name
    assert format_of("people.csv", LDIF.encode()).name == "ldif"
    with pytest.raises(UnknownFormat, match="csv, ldif, scim, tsv"):
        format_of("people.xlsx", b"PK\x03\x04")
    with pytest.raises(UnknownFormat):
        format_of("", b"# nothing\n\n")
    with pytest.raises(UnknownFormat):
        format_named("vcard")


def test_a_format_registers_once() -> None:
    assert known_formats() == ("csv", "ldif", "scim", "tsv")
    with pytest.raises(ValueError, match="csv"):
        register(format_named("csv"))
