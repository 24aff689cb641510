"""Who is who: the file that says which person a source means."""

import csv
import sqlite3
from collections.abc import Iterator
from typing import IO, Any, Final

from contacts_core import ContactProtocol, InvalidContact, Problem, match_key, whole_number

from .temporary import TemporaryDatabase
from .text import lines, number_in, texts

_TABLE: Final = "CREATE TABLE person (key TEXT PRIMARY KEY, id INTEGER, name TEXT)"


class PeopleFile(TemporaryDatabase):
    """The keys and ids of people, from a CSV file with the columns `Person` and `ID`.

    Keys are compared as e-mail addresses are: in any case. They are kept in a temporary file when
    there are many. Raises InvalidContact for a line that is not understood.

    >>> import io
    >>> with PeopleFile(io.StringIO("Person,ID\\nann@example.com,42")) as people:
    ...     people.resolve("Ann@example.com"), people.resolve("bob@example.com"), people.name(42)
    (42, None, 'ann@example.com')
    """

    def __init__(self, stream: IO[Any], /) -> None:
        super().__init__(_TABLE)
        try:
            self._fill(stream)
        except BaseException:
            self.close()
            raise

    def _fill(self, stream: IO[Any]) -> None:
        try:
            self._db.executemany("INSERT INTO person VALUES (?, ?, ?)", self._rows(stream))
        except sqlite3.IntegrityError:
            message = "must have a key that no line above has"
            raise _refused(self._line, "not_unique", message) from None
        self._db.execute("CREATE INDEX by_id ON person (id)")

    def _rows(self, stream: IO[Any]) -> Iterator[tuple[str, int, str]]:
        rows = csv.reader((line for line, _ in lines(texts(stream))), strict=True)
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            for cells in filter(None, rows):
                self._line = rows.line_num
                row = dict(zip(header, cells, strict=False))
                key, id = row.get("person"), number_in(row.get("id", ""))
                if not key or id is None:
                    raise _refused(self._line, "malformed", "must have a Person and a number as ID")
                yield _key(key), whole_number("ID", id), key
        except csv.Error:
            raise _refused(rows.line_num, "malformed", "must be CSV, as RFC 4180 says") from None

    def resolve(self, key: str, /) -> int | None:
        """The id of the person whom a source calls so."""
        found: int | None = self._one("SELECT id FROM person WHERE key = ?", _key(key))
        return found

    def name(self, person_id: int, /) -> str | None:
        """The key of a person, as it stands in the file; the first of several."""
        query = "SELECT name FROM person WHERE id = ? ORDER BY rowid"
        found: str | None = self._one(query, person_id)
        return found

    def _one(self, query: str, parameter: object) -> Any:
        row = self._db.execute(query, (parameter,)).fetchone()
        return None if row is None else row[0]


def _key(key: str) -> str:
    return match_key(ContactProtocol.email, key) or ascii(key)


def _refused(line: int, code: str, message: str) -> InvalidContact:
    return InvalidContact((Problem(f"line {line} of the people", code, message),))
