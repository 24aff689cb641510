"""The vendor's file "People Contact Details": CSV or TSV, one contact a row.

Source: the vendor's Import API, RFC 4180.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final, Literal, Self

from contacts_core import Contact, ContactProtocol, InvalidContact, Problem

from .formats import Format, register
from .records import Given, Record, Refused, Skipped, given, refused
from .text import LONGEST_LINE, lines, number_in, texts

PERSON: Final = "Person"
_PROTOCOL, _LABEL, _VALUE = "Contact Protocol", "Contact Label", "Contact URI"
_INTEGRATION, _ID = "Integration", "ID"
_ADDRESS: Final = tuple(
    f"Address {part}" for part in ("Label", "Address", "City", "State", "Zip", "Country")
)
_KNOWN: Final = (_PROTOCOL, _LABEL, _VALUE, _INTEGRATION, _ID, *_ADDRESS)
_PROTOCOLS: Final = frozenset(protocol.value for protocol in ContactProtocol)
_TRUE: Final = frozenset(("1", "t", "y", "true", "yes", "on"))  # all else is false
_DELIMITERS: Final = (",", ";", "\t")
# What a spreadsheet takes for the beginning of a formula, in full width too.
_FORMULA: Final = re.compile("[\\s\u200b\ufeff]*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
MOST_LINES: Final = 20  # of a row: a quote that is not closed would else take all that follows
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNSAFE_KEY: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_TOO_LONG: Final = ("row", "too_long", f"must have at most {LONGEST_LINE} characters")
_NO_TEXT: Final = ("row", "not_text", "must be in UTF-8, or in UTF-16LE")
_MALFORMED: Final = ("row", "malformed", "must have its quotes closed, as RFC 4180 says")
_TOO_MANY: Final = ("row", "too_many_cells", "must have no more cells than the header")
_NO_PROTOCOL: Final = (
    *("protocol", "unknown_protocol"),
    f"must be one of {', '.join(ContactProtocol)}",
)
_NO_ID: Final = ("id", "wrong_type", "must be the number of a contact")


def read_csv(stream: IO[Any], /, *, key: str = PERSON) -> Iterator[Record]:
    """The contacts in a file of the vendor's Import API, row by row, in bounded memory.

    *stream* gives text, or bytes in UTF-8 or UTF-16LE, with or without a byte order mark. Commas,
    semicolons or tabs part the cells, whichever the header has. Columns are known by their names,
    in any order: `Person` (or *key*), `Contact Protocol`, `Contact Label`, `Contact URI`, and, if
    they are there, `Integration`, `ID` and those of a postal address. Cells are kept as they are.
    Without the column `Integration` new contacts are manual ones, and updates leave it.

    Records have the numbers of their lines, the first if there are several. Lines of more than
    100,000 characters are refused, and rows of more than 20 lines: behind the first of them
    reading goes on.

    >>> text = "Person;Contact Protocol;Contact Label;Contact URI\\nann;telephone;fax;+1 03 413"
    >>> list(read_csv(io.StringIO(text)))
    [<Given 2: <Contact None: fax telephone>>]
    """
    source = _Source(lines(texts(stream)))
    header = next(source, "")
    delimiter = _delimiter_of(header, key)
    names = [] if source.problem else _names(header, delimiter)
    problems = [*_missing(names, key), *_repeated(names, key)]
    if problems:
        yield Refused(1, tuple(problems))
        return
    known = _known(key)
    yield from (Skipped(1, "unknown column") for name in names if name not in known)
    yield from _rows(source, delimiter, _Columns(names, key))


class _Columns:
    """Where the cells of a row stand; None for a column that is not there."""

    def __init__(self, names: list[str], key: str) -> None:
        columns = {name: number for number, name in enumerate(names)}
        self.person = columns[_plain(key)]
        self.protocol = columns[_plain(_PROTOCOL)]
        self.label = columns[_plain(_LABEL)]
        self.value = columns[_plain(_VALUE)]
        self.contact = (self.protocol, self.label, self.value)
        self.integration = columns.get(_plain(_INTEGRATION))
        self.id = columns.get(_plain(_ID))
        self.address = [columns[_plain(one)] for one in _ADDRESS if _plain(one) in columns]
        self.width = len(names)


def _rows(source: "_Source", delimiter: str, columns: _Columns) -> Iterator[Record]:
    rows = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        number = source.begin_row()
        try:
            cells = next(rows, None)
        except csv.Error:
            yield refused(number, *source.give_up_row())
            continue
        if source.problem is not None:
            yield refused(number, *source.problem)
        elif cells is None:
            return
        elif len(cells) > columns.width:
            yield refused(number, *_TOO_MANY)
        elif any(cells):
            cells += [""] * (columns.width - len(cells))
            if columns.address and any(cells[one] for one in columns.address):
                yield Skipped(number, "postal address")
                if not any(cells[one] for one in columns.contact):
                    continue
            yield _record(number, cells, columns)


def _record(number: int, cells: list[str], columns: _Columns) -> Given | Refused:
    person, protocol = cells[columns.person], cells[columns.protocol]
    id_cell = cells[columns.id] if columns.id is not None else ""
    if protocol not in _PROTOCOLS:
        return refused(number, *_NO_PROTOCOL, person)
    contact_id = number_in(id_cell)
    if id_cell and contact_id is None:
        return refused(number, *_NO_ID, person)
    integration = None
    if columns.integration is not None:
        integration = cells[columns.integration].lower() in _TRUE
    return given(
        *(number, person, protocol, cells[columns.label], cells[columns.value]),
        *(integration, contact_id),
    )


def _missing(names: list[str], key: str) -> Iterator[Problem]:
    for name in (key, _PROTOCOL, _LABEL, _VALUE):
        if _plain(name) not in names:
            yield Problem(name, "required", "is required: a column of this name")


def _repeated(names: list[str], key: str) -> Iterator[Problem]:
    for name in (key, *_KNOWN):
        if names.count(_plain(name)) > 1:
            yield Problem(name, "not_unique", "must be the name of one column")


def _plain(name: str) -> str:
    return name.strip().lower()


def _known(key: str) -> set[str]:
    return {_plain(name) for name in (key, *_KNOWN)}


def _delimiter_of(header: str, key: str = PERSON) -> str:
    """What parts the most of the names that we know: no guess from the data."""
    known = _known(key)
    return max(_DELIMITERS, key=lambda one: len(known.intersection(_names(header, one))))


def _names(header: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [_plain(cell) for cell in cells]


class _Source:
    """Lines for the csv module, counted; `problem` says why the row they are of is refused."""

    def __init__(self, lines: Iterator[tuple[str, bool]]) -> None:
        self._lines = lines
        self._again: list[tuple[str, bool]] = []
        self._row: list[tuple[str, bool]] = []
        self._number = 0
        self.problem: tuple[str, str, str] | None = None

    def begin_row(self) -> int:
        """The number of the line with which the next row begins."""
        self._row.clear()
        self.problem = None
        return self._number + 1

    def give_up_row(self) -> tuple[str, str, str]:
        """Why a row is malformed; all but the first of its lines come again, as rows."""
        [(_, whole), *rest] = self._row
        self._again += reversed(rest)
        self._number -= len(rest)
        return _MALFORMED if whole else _TOO_LONG

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line, whole = self._again.pop() if self._again else next(self._lines)
        self._number += 1
        self._row.append((line, whole))
        if len(self._row) > MOST_LINES or (self._row[1:] and not whole):
            raise csv.Error
        if not whole:
            self.problem = _TOO_LONG
            return "\n"
        if not line.isascii() and _SURROGATE.search(line):
            self.problem = _NO_TEXT
        return line


def _looks_so(begins: str, delimiters: str) -> bool:
    line, _, _ = begins.partition("\n")
    delimiter = _delimiter_of(line)
    names = _names(line, delimiter)
    return delimiter in delimiters and _plain(_PROTOCOL) in names and _plain(_VALUE) in names


def write_csv(
    stream: IO[bytes],
    contacts: Iterable[tuple[str, Contact]],
    /,
    *,
    dialect: Literal["csv", "tsv"] = "csv",
    ids: bool = False,
    spreadsheet: bool = False,
) -> int:
    """Writes contacts, each with the key of its person, so that `read_csv` gives the same again.

    In UTF-8, with a column `ID` when *ids* are wanted. Gives the number of rows. Raises
    InvalidContact for a key that has a control or line-breaking character.

    For a *spreadsheet* there is a byte order mark, and an apostrophe before each cell that the
    program would take for a formula, so before most telephone numbers: it is for eyes, not for
    reading back. Source: OWASP, CSV Injection.

    >>> file = io.BytesIO()
    >>> write_csv(file, [("ann", Contact(label="fax", telephone="+1 03 413 7223"))])
    1
    >>> print(file.getvalue().decode().splitlines()[1])
    ann,telephone,fax,+1 03 413 7223,false
    """
    text = io.TextIOWrapper(
        stream, "utf-8-sig" if spreadsheet else "utf-8", newline="", write_through=True
    )
    try:
        writer = csv.writer(text, delimiter="\t" if dialect == "tsv" else ",")
        writer.writerow([PERSON, _PROTOCOL, _LABEL, _VALUE, _INTEGRATION, *([_ID] if ids else [])])
        count = 0
        for person, contact in contacts:
            if not person or _UNSAFE_KEY.search(person):
                message = "must be a text without control and line-breaking characters"
                raise InvalidContact((Problem("person", "unsafe_character", message),))
            cells = [person, contact.protocol.value, contact.label.value, contact.value]
            if spreadsheet:
                cells = [f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells]
            cells.append("true" if contact.integration else "false")
            writer.writerow([*cells, contact.id] if ids else cells)
            count += 1
        text.flush()
    finally:
        text.detach()
    return count


register(Format("csv", (".csv",), lambda begins: _looks_so(begins, ",;"), read_csv))
register(Format("tsv", (".tsv", ".tab"), lambda begins: _looks_so(begins, "\t"), read_csv))
