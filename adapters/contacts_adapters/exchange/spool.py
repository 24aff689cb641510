"""Where an import keeps what it has read until all of it is read, grouped by person."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from contacts_core import Contact

from .records import Given
from .temporary import TemporaryDatabase

_TABLE: Final = """
CREATE TABLE record (
    person_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id INTEGER,
    protocol TEXT,
    label TEXT,
    integration INTEGER,
    value TEXT
)
"""
_LISTED: Final = "listed"
_REFUSED: Final = "refused"
_AT_ONCE: Final = 1000  # rows in one call


class Person(NamedTuple):
    """All that a source has of a person."""

    person_id: int
    rows: list[tuple[Any, ...]]
    listed: bool
    refused: bool  # whether there was something that broke a rule

    def contacts(self) -> Iterator[tuple[int, Contact]]:
        """The contacts, each with the number of its record."""
        for _, number, contact_id, protocol, label, integration, value in self.rows:
            yield number, Contact.from_row(contact_id, protocol, label, integration or 0, value)

    def unflagged(self) -> frozenset[int]:
        """The ids of contacts to be updated of which the source does not say `integration`."""
        return frozenset([row[2] for row in self.rows if row[5] is None])


class Spool(TemporaryDatabase):
    """All records of a source, which may be larger than memory.

    The rows of a person need not stand together.
    """

    def __init__(self) -> None:
        super().__init__(_TABLE)
        self._rows: list[tuple[Any, ...]] = []
        self._last = 0
        self._in_order = True  # as most sources are: sorting is not for nothing

    def give(self, person_id: int, given: Given) -> None:
        """Keeps a contact."""
        contact = given.contact
        self._put(
            (
                person_id,
                given.number,
                contact.id,
                contact.protocol._value_,
                contact.label._value_,
                contact.integration if given.flagged else None,
                contact.value,
            )
        )

    def list(self, person_id: int, number: int) -> None:
        """Keeps that the source knows a person."""
        self._put((person_id, number, None, _LISTED, None, None, None))

    def refuse(self, person_id: int, number: int) -> None:
        """Keeps that something of a person broke a rule."""
        self._put((person_id, number, None, _REFUSED, None, None, None))

    def _put(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        if row[0] < self._last:
            self._in_order = False
        self._last = row[0]
        if len(self._rows) == _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._rows.clear()

    def sort(self) -> int:
        """Ends the reading; how many people there are."""
        self._flush()
        if not self._in_order:
            self._db.execute("ALTER TABLE record RENAME TO unsorted")
            self._db.execute(
                "CREATE TABLE record AS SELECT * FROM unsorted ORDER BY person_id, rowid"
            )
            self._db.execute("DROP TABLE unsorted")
        (people,) = self._db.execute("SELECT count(DISTINCT person_id) FROM record").fetchone()
        return int(people)

    def people(self) -> Iterator[Person]:
        """Everybody, ascending by person."""
        records = self._db.execute("SELECT * FROM record ORDER BY rowid")
        for person_id, group in groupby(records, key=itemgetter(0)):
            rows = list(group)
            marks = {row[3] for row in rows if row[4] is None}
            if marks:
                rows = [row for row in rows if row[4] is not None]
            yield Person(person_id, rows, _LISTED in marks, _REFUSED in marks)
