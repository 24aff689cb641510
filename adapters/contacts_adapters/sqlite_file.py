"""The file of the SQLite store: connections, creation, and what its errors mean."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from contacts_core import StoreCorrupted, StoreUnavailable

from .files import drop_second_names, exists, new_file, refuse_what_is_no_file

APPLICATION_ID: Final = 0x436F6E74  # "Cont"
VERSION: Final = 1  # of the schema: the number of its migrations
TIMEOUT: Final = 30.0  # seconds to wait for another writer


def prepare(path: Path) -> None:
    """Makes an empty store when there is no file; refuses one that is no store of ours."""
    if not exists(path):
        _create(path)
    refuse_what_is_no_file(path)
    _check(path)
    drop_second_names(path)


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a file that exists, with the settings that the store promises."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    for pragma in (
        "synchronous = FULL",
        "fullfsync = ON",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _create(path: Path) -> None:
    """Makes an empty store."""
    from .sqlite_schema import migrate

    # Somebody else may be quicker: theirs is as good.
    with suppress(FileExistsError), new_file(path) as draft:
        connection = connect(draft)
        try:
            connection.execute("BEGIN IMMEDIATE")
            migrate(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
            # Last, so that nothing of the store is in a log, which closing could fail to empty.
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()


def _check(path: Path) -> None:
    """Refuses what is no store of ours, through a connection that cannot write a byte."""
    connection = connect(path, "ro&immutable=1")
    try:
        application_id, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
    finally:
        connection.close()
    if application_id != APPLICATION_ID:
        raise StoreCorrupted("the file is no store of contacts; it was left as it is")
    if version != VERSION:
        raise StoreCorrupted(
            f"the store has version {version}, this library reads {VERSION}: update the library"
        )


_UNAVAILABLE: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
    )
)


# UnicodeDecodeError: of a damaged text in the schema, or in an error of SQLite itself.
STORE_ERRORS: Final = (sqlite3.Error, OSError, UnicodeDecodeError)


@contextmanager
def store_errors() -> Iterator[None]:
    """Foreign errors stop here."""
    try:
        yield
    except STORE_ERRORS as error:
        raise_store_error(error)


def raise_store_error(error: Exception) -> NoReturn:
    """Raises the StoreError that a foreign error means, chained unless it may hold a value."""
    if isinstance(error, OSError):
        raise StoreUnavailable(f"the store cannot be used now: {error}") from error
    if isinstance(error, sqlite3.ProgrammingError):
        raise StoreUnavailable("the store is closed") from error
    if isinstance(error, sqlite3.Error) and hasattr(error, "sqlite_errorcode"):
        if error.sqlite_errorcode & 0xFF in _UNAVAILABLE:
            raise StoreUnavailable(f"the store cannot be used now: {error}") from error
        raise StoreCorrupted(f"the store cannot be read: {error}") from error
    # A text that is not UTF-8, which these errors quote.
    failure = StoreCorrupted("a text in the store is damaged")
    try:
        raise failure from None
    finally:
        failure.__context__ = None
