"""The peers of the SQLite store, on the very tables that it makes.

So all have the same columns, indexes, journal and `synchronous`; none of them keeps the checksums
(`contents`, `digest`), which hold any number. What is saved is given as rows that are ready.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import peewee
import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlite_utils import Database

from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import ContactBook, index_key

PRAGMAS = (
    ("synchronous", "FULL"),
    ("secure_delete", "ON"),
    ("trusted_schema", "OFF"),
    ("cell_size_check", "ON"),
)
COLUMNS = "person_id, id, protocol, label, integration, value, match, digest"
BOOK_COLUMNS = "person_id, revision, position, last_id, erased, contents, digest"
ANY_NUMBER = 2**31 - 1  # as wide as a checksum
LOAD_ONE = (
    "SELECT b.person_id, b.revision, b.position, b.last_id, b.erased, b.contents, b.digest, "
    "c.id, c.protocol, c.label, c.integration, c.value "
    "FROM contact_book AS b LEFT JOIN contact AS c USING (person_id) "
    "WHERE b.person_id = ? ORDER BY c.id"
)
LAST = "SELECT position, last_id FROM contact_book ORDER BY position DESC LIMIT 1"
PUT_CONTACT = f"INSERT OR REPLACE INTO contact ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_BOOK = f"INSERT OR REPLACE INTO contact_book ({BOOK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"

Row = tuple[Any, ...]
Rows = Sequence[Row]


class Peer(Protocol):
    """What is timed. A save is a durable transaction of its own and checks the revision."""

    def save(self, person_id: int, revision: int, rows: Rows) -> None: ...

    def get(self, person_id: int) -> int:
        """How many contacts, after all their values were fetched."""


def contact_rows(book: ContactBook, first_id: int) -> list[Row]:
    """The rows of a book that is not stored yet."""
    return [
        (
            book.person_id,
            contact.id or first_id + number,
            contact.protocol.value,
            contact.label.value,
            int(contact.integration),
            contact.value,
            index_key(contact),
            ANY_NUMBER,
        )
        for number, contact in enumerate(book)
    ]


def select_all(connection: sqlite3.Connection) -> int:
    """How many contacts, after all rows of both tables were fetched."""
    for _ in connection.execute(f"SELECT {BOOK_COLUMNS} FROM contact_book ORDER BY person_id"):
        pass
    return sum(1 for _ in connection.execute(f"SELECT {COLUMNS} FROM contact ORDER BY person_id"))


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    set_up(connection)
    return connection


def set_up(connection: Any, _: object = None) -> None:
    for pragma in PRAGMAS:
        connection.execute("PRAGMA {} = {}".format(*pragma))


class Raw:
    """sqlite3 by hand: the floor."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)

    def save(self, person_id: int, revision: int, rows: Rows) -> None:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        stored = connection.execute(LOAD_ONE, (person_id,)).fetchall()
        position, _ = connection.execute(LAST).fetchone()
        if revision != (stored[0][1] if stored else 0):
            connection.execute("ROLLBACK")
            raise ValueError("conflict")
        kept = {row[1] for row in rows}
        gone = [(person_id, row[7]) for row in stored if row[7] not in kept]
        connection.executemany("DELETE FROM contact WHERE person_id = ? AND id = ?", gone)
        connection.executemany(PUT_CONTACT, rows)
        head = (person_id, revision + 1, position + 1, rows[-1][1], 0, ANY_NUMBER, ANY_NUMBER)
        connection.execute(PUT_BOOK, head)
        connection.execute("COMMIT")

    def save_all(self, books: Rows, contacts: Rows) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(PUT_CONTACT, contacts)
        self.connection.executemany(PUT_BOOK, books)
        self.connection.execute("COMMIT")

    def get(self, person_id: int) -> int:
        return len(self.connection.execute(LOAD_ONE, (person_id,)).fetchall())


class SqliteUtils:
    """sqlite-utils: `upsert_all` for what may be there, `insert_all` for what is new."""

    def __init__(self, path: Path) -> None:
        self._db = Database(connect(path))

    def save(self, person_id: int, revision: int, rows: Rows) -> None:
        names = COLUMNS.split(", ")
        with self._db.atomic():
            position = self._check(person_id, revision)
            self._db["contact"].upsert_all(
                (dict(zip(names, row, strict=True)) for row in rows), pk=("person_id", "id")
            )
            head = (person_id, revision + 1, position + 1, rows[-1][1], 0, ANY_NUMBER, ANY_NUMBER)
            book = dict(zip(BOOK_COLUMNS.split(", "), head, strict=True))
            self._db["contact_book"].upsert(book, pk="person_id")

    def _check(self, person_id: int, revision: int) -> int:
        found = list(self._db["contact_book"].rows_where("person_id = ?", [person_id]))
        if revision != (found[0]["revision"] if found else 0):
            raise ValueError("conflict")
        return next(self._db.query(LAST))["position"]

    def get(self, person_id: int) -> int:
        list(self._db["contact_book"].rows_where("person_id = ?", [person_id]))
        return len(list(self._db["contact"].rows_where("person_id = ?", [person_id])))


class _Base(orm.DeclarativeBase):
    pass


class OrmContact(_Base):
    __tablename__ = "contact"

    person_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("contact_book.person_id"), primary_key=True
    )
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    protocol: orm.Mapped[str]
    label: orm.Mapped[str]
    integration: orm.Mapped[int]
    value: orm.Mapped[str]
    match: orm.Mapped[str]
    digest: orm.Mapped[int]


class OrmBook(_Base):
    __tablename__ = "contact_book"

    person_id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    revision: orm.Mapped[int] = orm.mapped_column()
    position: orm.Mapped[int]
    last_id: orm.Mapped[int]
    erased: orm.Mapped[int] = orm.mapped_column(default=0)
    contents: orm.Mapped[int] = orm.mapped_column(default=ANY_NUMBER)
    digest: orm.Mapped[int] = orm.mapped_column(default=ANY_NUMBER)
    contacts: orm.Mapped[list[OrmContact]] = orm.relationship(
        cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__: ClassVar = {"version_id_col": revision}


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})
    event.listen(engine, "connect", set_up)
    return engine


class SqlalchemyOrm:
    """A unit of work per save: the objects are merged into a session, which commits."""

    def __init__(self, path: Path) -> None:
        self._session = orm.sessionmaker(_engine(path))

    def save(self, person_id: int, revision: int, rows: Rows) -> None:
        names = COLUMNS.split(", ")
        contacts = [OrmContact(**dict(zip(names, row, strict=True))) for row in rows]
        with self._session.begin() as session:
            position, _ = session.execute(sa.text(LAST)).one()
            book = OrmBook(person_id=person_id, contacts=contacts, last_id=rows[-1][1])
            book.position = position + 1
            if revision:
                book.revision = revision
                session.merge(book)
            else:
                session.add(book)

    def get(self, person_id: int) -> int:
        with self._session() as session:
            book = session.get_one(OrmBook, person_id)
            return len([contact.value for contact in book.contacts])


class SqlalchemyCore:
    """Statements of SQLAlchemy Core, built once."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        contact, book = OrmContact.__table__, OrmBook.__table__
        self._put_contact = sa.insert(contact).prefix_with("OR REPLACE")
        self._put_book = sa.insert(book).prefix_with("OR REPLACE")
        self._revision = sa.select(book.c.revision).where(book.c.person_id == sa.bindparam("id"))
        self._load = (
            sa.select(book.c.revision, contact)
            .outerjoin_from(book, contact)
            .where(book.c.person_id == sa.bindparam("person"))
            .order_by(contact.c.id)
        )

    def save(self, person_id: int, revision: int, rows: Rows) -> None:
        names = COLUMNS.split(", ")
        with self._engine.begin() as connection:
            stored = connection.execute(self._revision, {"id": person_id}).scalar() or 0
            if stored != revision:
                raise ValueError("conflict")
            position, _ = connection.execute(sa.text(LAST)).one()
            connection.execute(self._put_contact, [dict(zip(names, r, strict=True)) for r in rows])
            head = (person_id, revision + 1, position + 1, rows[-1][1], 0, ANY_NUMBER, ANY_NUMBER)
            book = dict(zip(BOOK_COLUMNS.split(", "), head, strict=True))
            connection.execute(self._put_book, book)

    def get(self, person_id: int) -> int:
        with self._engine.connect() as connection:
            return len(connection.execute(self._load, {"person": person_id}).all())


class Peewee:
    """peewee: `insert_many … on_conflict_replace` in `atomic()`."""

    def __init__(self, path: Path) -> None:
        db = peewee.SqliteDatabase(path, pragmas=PRAGMAS, timeout=60)

        class Book(peewee.Model):
            person_id = peewee.IntegerField(primary_key=True)
            revision = peewee.IntegerField()
            position = peewee.IntegerField()
            last_id = peewee.IntegerField()
            erased = peewee.IntegerField(default=0)
            contents = peewee.IntegerField(default=ANY_NUMBER)
            digest = peewee.IntegerField(default=ANY_NUMBER)

            class Meta:
                database = db
                table_name = "contact_book"

        class Contact(peewee.Model):
            person = peewee.ForeignKeyField(Book, backref="contacts", column_name="person_id")
            id = peewee.IntegerField()
            protocol = peewee.TextField()
            label = peewee.TextField()
            integration = peewee.IntegerField()
            value = peewee.TextField()
            match = peewee.TextField()
            digest = peewee.IntegerField()

            class Meta:
                database = db
                table_name = "contact"
                primary_key = peewee.CompositeKey("person", "id")

        self._db, self._book, self._contact = db, Book, Contact

    def save(self, person_id: int, revision: int, rows: Rows) -> None:
        names = ("person", *COLUMNS.split(", ")[1:])
        with self._db.atomic("IMMEDIATE"):
            stored = self._book.get_or_none(self._book.person_id == person_id)
            if revision != (stored.revision if stored else 0):
                raise ValueError("conflict")
            position = self._book.select(peewee.fn.MAX(self._book.position)).scalar()
            self._contact.insert_many(rows, fields=names).on_conflict_replace().execute()
            self._book.replace(
                person_id=person_id,
                revision=revision + 1,
                position=position + 1,
                last_id=rows[-1][1],
            ).execute()

    def get(self, person_id: int) -> int:
        book = self._book.get_by_id(person_id)
        return len([contact.value for contact in book.contacts])


PEERS: dict[str, Callable[[Path], Peer]] = {
    "raw sqlite3": Raw,
    "sqlite-utils upsert_all": SqliteUtils,
    "SQLAlchemy Core": SqlalchemyCore,
    "SQLAlchemy ORM": SqlalchemyOrm,
    "peewee": Peewee,
}


def make_store(path: Path, books: Sequence[ContactBook] = ()) -> Path:
    """A store with these books, closed again."""
    with SqliteContactBooks(path) as repository:
        repository.save_all(books)
    return path
