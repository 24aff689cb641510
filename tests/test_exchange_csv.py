"""The vendor's CSV and TSV: what is read from it, and what is written."""

import csv
import io
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_adapters.conformance import contacts
from contacts_adapters.exchange import Given, Record, Refused, Skipped, read_csv, write_csv
from contacts_core import Contact, InvalidContact

HEADER: Final = "Person,Contact Protocol,Contact Label,Contact URI,Integration,ID"
FAX: Final = Contact(label="fax", telephone="+1 03 413 7225")


def read(text: str | bytes) -> list[Record]:
    return list(read_csv(io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)))


def rows(*lines: str, header: str = HEADER) -> list[Record]:
    return read("\n".join((header, *lines)))


def contact(line: str, header: str = HEADER) -> Contact:
    [record] = rows(line, header=header)
    assert isinstance(record, Given)
    return record.contact


def problems(record: Record) -> list[tuple[str, str]]:
    assert isinstance(record, Refused)
    return [(problem.field, problem.code) for problem in record.problems]


def test_a_row_is_a_contact() -> None:
    [record] = rows("ann@example.com,telephone,fax,+1 03 413 7225,true,7")
    assert record == Given(
        2,
        "ann@example.com",
        Contact(label="fax", telephone="+1 03 413 7225", integration=True, id=7),
    )


@pytest.mark.parametrize("cell", ["1", "t", "T", "y", "Y", "true", "TRUE", "Yes", "on", "ON"])
def test_integration_is_what_the_vendor_takes_for_true(cell: str) -> None:
    assert contact(f"ann,telephone,fax,1,{cell},").integration


@pytest.mark.parametrize("cell", ["", "0", "f", "no", "off", "false", " true", "ja", "2"])
def test_anything_else_is_false(cell: str) -> None:
    assert not contact(f"ann,telephone,fax,1,{cell},").integration


ENCODED: Final = f"{HEADER}\nann,email,work,jörg@bücher.example,true,\n"


@pytest.mark.parametrize(
    "data",
    [
        ENCODED.encode(),
        ENCODED.encode("utf-8-sig"),
        ENCODED.encode("utf-16-le"),
        "\ufeff".encode("utf-16-le") + ENCODED.encode("utf-16-le"),
        ENCODED.replace("\n", "\r\n").encode(),
        ENCODED.replace(",", "\t").encode("utf-16-le"),
        ENCODED.replace(",", ";").encode(),
    ],
)
def test_encodings_line_ends_and_delimiters_are_found_out(data: bytes) -> None:
    [record] = read(data)
    assert isinstance(record, Given)
    assert record.contact.value == "jörg@bücher.example"


def test_columns_stand_in_any_order_and_may_be_missing() -> None:
    found = contact("+1 2,fax,ann,telephone", " CONTACT uri ,Contact Label,person,Contact Protocol")
    assert found == Contact(label="fax", telephone="+1 2")


def test_values_are_kept_as_they_are() -> None:
    assert contact('ann,telephone,fax," 1, ""2"" ",,').value == ' 1, "2" '


def test_rows_of_one_person_need_not_stand_together_and_rows_of_nothing_are_nothing() -> None:
    records = rows("ann,telephone,fax,1,,", "", ",,,,,", "bob,telephone,fax,2,,", "ann,,,,,")
    assert [record.number for record in records] == [2, 5, 6]


ADDRESSES: Final = f"{HEADER},Address City,Address Zip"


def test_a_postal_address_is_skipped_and_a_contact_beside_it_is_not() -> None:
    alone, beside, one = rows(
        "ann,,,,true,,Chicago,60611", "ann,telephone,fax,1,true,,Chicago,", header=ADDRESSES
    )
    assert alone == Skipped(2, "postal address")
    assert beside == Skipped(3, "postal address")
    assert isinstance(one, Given)


REFUSED: Final[list[tuple[str, list[tuple[str, str]]]]] = [
    ("ann,telephone,skype,1,,", [("label", "unknown_label")]),
    ("ann,telephone,personal,1,,", [("label", "label_not_allowed")]),
    ("ann,phone,fax,1,,", [("protocol", "unknown_protocol")]),
    ("ann,,,,true,", [("protocol", "unknown_protocol")]),
    ("ann,telephone,fax,,,", [("telephone", "no_value")]),
    ("ann,email,personal,ann,,", [("email", "not_an_email_address")]),
    (",telephone,fax,1,,", [("person", "required")]),
    ("ann,telephone,fax,1,,x", [("id", "wrong_type")]),
    ("ann,telephone,fax,1,,-1", [("id", "wrong_type")]),
    ("ann,telephone,fax,1,,1_0", [("id", "wrong_type")]),
    ("ann,telephone,fax,1,,\N{ARABIC-INDIC DIGIT ONE}", [("id", "wrong_type")]),
    (f"ann,telephone,fax,1,,{'9' * 5000}", [("id", "wrong_type")]),
    ("ann,telephone,fax,1,,0", [("id", "read_only")]),
    ("ann,telephone,fax,1,,9223372036854775808", [("id", "read_only")]),
    ("ann,telephone,fax,1,,,", [("row", "too_many_cells")]),
    ('ann,telephone,fax,"1"2,,', [("row", "malformed")]),
    ('ann,telephone,fax,"1,,', [("row", "malformed")]),
    ("ann,telephone,fax,1\r2,,", [("row", "malformed")]),
    (f"ann,telephone,fax,{'1' * 100_001},,", [("row", "too_long")]),
    (f"ann,telephone,fax,{'1' * 256},,", [("telephone", "too_long")]),
    ('ann,telephone,fax,"1\n2",,', [("telephone", "unsafe_character")]),
]


@pytest.mark.parametrize(("line", "expected"), REFUSED)
def test_what_breaks_a_rule_is_refused_by_its_line(
    line: str, expected: list[tuple[str, str]]
) -> None:
    first, record, *_ = rows("ann,telephone,work,1,,", line)
    assert isinstance(first, Given)
    assert record.number == 3
    assert problems(record) == expected
    assert line.split(",")[3] not in repr(record) or len(line.split(",")[3]) < 2


def test_reading_goes_on_behind_what_is_refused() -> None:
    for line, _ in REFUSED:
        if line.count('"') % 2 == 0:
            assert isinstance(rows(line, "ann,telephone,work,1,,")[-1], Given)


@pytest.mark.parametrize("after", [5, 5_000])
def test_a_quote_that_is_never_closed_costs_its_own_line(after: int) -> None:
    line = "ann,telephone,work,1,,"
    records = rows('ann,telephone,fax,"1,,', *[line] * after)
    assert problems(records[0]) == [("row", "malformed")]
    assert [record.number for record in records] == [*range(2, after + 3)]
    assert all(isinstance(record, Given) for record in records[1:])


def test_a_line_that_is_too_long_ends_its_row_whatever_quotes_it_has() -> None:
    line = "ann,telephone,work,1,,"
    records = rows('ann,telephone,fax,"1', line, f'{"1" * 100_001}",,', *[line] * 10)
    assert problems(records[0]) == [("row", "malformed")]
    assert isinstance(records[1], Given)
    assert (records[2].number, problems(records[2])) == (4, [("row", "too_long")])
    assert [record.number for record in records[3:]] == [*range(5, 15)]


def test_a_row_has_a_bounded_number_of_lines_whatever_the_csv_module_allows() -> None:
    limit = csv.field_size_limit(2**31 - 1)
    try:
        test_a_quote_that_is_never_closed_costs_its_own_line(5_000)
    finally:
        csv.field_size_limit(limit)


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\nann,telephone,fax,1\n".encode().replace(b",1", b",\xff1"),
        f"{HEADER}\nann,telephone,fax,\ud800\n".encode("utf-16-le", "surrogatepass"),
        f"{HEADER}\nann,telephone,fax,1".encode("utf-16-le") + b"x",
        f"{HEADER}\nann,telephone,fax,1,true".encode() + b"\xe2\x82",
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    [record] = read(data)
    assert (record.number, problems(record)) == (2, [("row", "not_text")])


HEADERS: Final[list[tuple[str, list[tuple[str, str]]]]] = [
    ("", [(name, "required") for name in HEADER.split(",")[:4]]),
    ("Person,Contact Protocol,Contact URI", [("Contact Label", "required")]),
    (f"{HEADER},Person", [("Person", "not_unique")]),
    (f'{HEADER},"', [(name, "required") for name in HEADER.split(",")[:4]]),
    ("x" * 100_001, [(name, "required") for name in HEADER.split(",")[:4]]),
]


@pytest.mark.parametrize(("header", "expected"), HEADERS)
def test_without_its_columns_nothing_is_read(header: str, expected: list[tuple[str, str]]) -> None:
    [record] = read(f"{header}\nann,telephone,fax,1,true,")
    assert (record.number, problems(record)) == (1, expected)


def test_unknown_columns_are_reported_once() -> None:
    records = rows("ann,telephone,fax,1,,,x", "ann,telephone,fax,1,,,y", header=f"{HEADER},Pager")
    assert records[0] == Skipped(1, "unknown column")
    assert len(records) == 3


def test_another_column_may_name_the_person() -> None:
    text = "Employee,Contact Protocol,Contact Label,Contact URI\n7,telephone,fax,1"
    [record] = read_csv(io.StringIO(text), key="employee")
    assert isinstance(record, Given)
    assert record.person == "7"


KEYS: Final = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), min_size=1
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(KEYS, contacts())), st.sampled_from(["csv", "tsv"]), st.booleans())
def test_what_is_written_is_read_again(
    given: list[tuple[str, Contact]], dialect: Any, ids: bool
) -> None:
    given = [
        (person, Contact.from_row(number if ids else None, *row(one)))
        for number, (person, one) in enumerate(given, 1)
    ]
    file = io.BytesIO()
    assert write_csv(file, given, dialect=dialect, ids=ids) == len(given)
    records = list(read_csv(io.BytesIO(file.getvalue())))
    assert [(one.person, one.contact) for one in records if isinstance(one, Given)] == given
    assert len(records) == len(given)


def row(contact: Contact) -> tuple[str, str, bool, str]:
    return contact.protocol.value, contact.label.value, contact.integration, contact.value


FORMULAS: Final = [
    "=1+1",
    "+1 03 413",
    "-1",
    "@x",
    " =1",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\xa0@x",
    "\u3000=1",
]


@pytest.mark.parametrize("value", FORMULAS)
def test_a_spreadsheet_gets_no_formula(value: str) -> None:
    file = io.BytesIO()
    write_csv(file, [(value, Contact(label="fax", telephone=value))], spreadsheet=True)
    text = file.getvalue().decode("utf-8-sig")
    assert file.getvalue().startswith(b"\xef\xbb\xbf")
    [_, cells] = csv.reader(io.StringIO(text))
    assert (cells[0], cells[3]) == (f"'{value}", f"'{value}")


@pytest.mark.parametrize("key", ["", "a\nb", "a\r", "\x1b[31m", "a\u2028b", "a\x85", "a\ud800"])
def test_no_key_can_forge_a_line(key: str) -> None:
    file = io.BytesIO()
    with pytest.raises(InvalidContact) as caught:
        write_csv(file, [("ann", FAX), (key, FAX)])
    assert not key or key not in str(caught.value)


def test_the_stream_stays_open() -> None:
    file = io.BytesIO()
    write_csv(file, [])
    assert file.getvalue() == b"Person,Contact Protocol,Contact Label,Contact URI,Integration\r\n"
