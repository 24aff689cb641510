"""The tables of the SQLite store and how they came about; needs the extra `sqlite`."""

import sqlite3
from typing import Final

try:
    from sqlite_utils import Database, Migrations
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the SQLite store needs sqlite-utils: pip install 'contacts-core[sqlite]'", name=error.name
    ) from None

_migrations: Final = Migrations("contacts_core")


@_migrations(name="0001_books_and_contacts")
def _books_and_contacts(db: Database) -> None:
    """Books, contacts, the epochs of the feed, and the positions of unfinished erasures.

    `last_id` is the greatest contact id given up to this save: that of the greatest position
    holds for the store, since a row of the greatest position goes only for one of a greater.
    `contents` is the checksum of the contacts of a book, `digest` that of a row; `match` is what
    `find` looks up by.
    """
    statements = (
        """
        CREATE TABLE contact_book (
            person_id INTEGER PRIMARY KEY,
            revision INTEGER NOT NULL,
            position INTEGER NOT NULL UNIQUE,
            last_id INTEGER NOT NULL,
            erased INTEGER NOT NULL,
            contents INTEGER NOT NULL,
            digest INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE contact (
            person_id INTEGER NOT NULL,
            id INTEGER NOT NULL,
            label TEXT NOT NULL,
            protocol TEXT NOT NULL,
            value TEXT NOT NULL,
            integration INTEGER NOT NULL,
            match TEXT NOT NULL,
            digest INTEGER NOT NULL,
            PRIMARY KEY (person_id, id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX contact_match ON contact (match)",
        "CREATE TABLE contact_epoch (start INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
        "CREATE TABLE contact_erasure (position INTEGER PRIMARY KEY) STRICT",
        "INSERT INTO contact_epoch VALUES (0, lower(hex(randomblob(8))))",
    )
    for statement in statements:
        db.execute(statement)


def migrate(connection: sqlite3.Connection) -> None:
    """Makes the tables or brings them up to date, inside the open transaction."""
    _migrations.apply(Database(connection, execute_plugins=False))


def is_newer(connection: sqlite3.Connection) -> bool:
    """Whether the tables were made by a later version of this library."""
    ours = {migration.name for migration in _migrations.pending(Database(memory=True))}
    return any(
        migration.name not in ours for migration in _migrations.applied(Database(connection))
    )
