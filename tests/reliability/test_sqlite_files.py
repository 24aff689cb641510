"""Files that are no SQLite store, a full disk, and readers who do not let go."""

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from report_table import Report
from stores_workers import counted, increment

from contacts_adapters import sqlite, sqlite_file
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import Contact, ContactBook, StoreCorrupted, StoreError, StoreUnavailable

NOBODY: Final = 65534


def store_with(path: Path, *pragmas: str) -> None:
    with SqliteContactBooks(path) as store:
        increment(store, 1)
    with closing(sqlite3.connect(path)) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE contact_book (person_id INTEGER PRIMARY KEY)")


def other_database_with_a_log(path: Path) -> None:
    """As a program leaves it that is killed: the last transaction is in the log alone."""
    with closing(sqlite3.connect(path.with_name("other"))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE note (text TEXT)")
        for ending in ("", "-wal"):
            copied = path.with_name(f"other{ending}").read_bytes()
            path.with_name(f"{path.name}{ending}").write_bytes(copied)


def json_store(path: Path) -> None:
    JsonFileContactBooks(path).close()


def part_of_a_store(length: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        store_with(path)
        os.truncate(path, length)

    return make


FOREIGN: Final[dict[str, tuple[Callable[[Path], object], type[StoreError]]]] = {
    "a database of another program": (other_database, StoreCorrupted),
    "one that was killed": (other_database_with_a_log, StoreCorrupted),
    "a store that says it is another program's": (
        lambda path: store_with(path, "application_id = 1"),
        StoreCorrupted,
    ),
    "a newer version": (lambda path: store_with(path, "user_version = 2"), StoreCorrupted),
    "an older version": (lambda path: store_with(path, "user_version = 0"), StoreCorrupted),
    "a JSON store": (json_store, StoreCorrupted),
    "an empty file": (lambda path: path.touch(), StoreCorrupted),
    "a text": (lambda path: path.write_bytes(b"a shopping list\n" * 99), StoreCorrupted),
    "a text with a BOM": (lambda path: path.write_bytes(b"\xef\xbb\xbfname"), StoreCorrupted),
    "zeros": (lambda path: path.write_bytes(bytes(8192)), StoreCorrupted),
    "a header alone": (part_of_a_store(100), StoreCorrupted),
    "half a header": (part_of_a_store(50), StoreCorrupted),
    "one page": (part_of_a_store(4096), StoreCorrupted),
    "a folder": (lambda path: path.mkdir(), StoreUnavailable),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), StoreUnavailable),
    "a pipe": (os.mkfifo, StoreUnavailable),
    "a link to itself": (lambda path: path.symlink_to(path.name), StoreUnavailable),
}


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What stands in a folder, links unfollowed."""
    return {
        file.name: (
            file.lstat().st_ino,
            file.read_bytes() if file.is_file() else str(file.lstat().st_mode).encode(),
        )
        for file in folder.iterdir()
    }


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(
    kind: str, tmp_path: Path, report: Report
) -> None:
    make, error = FOREIGN[kind]
    path = tmp_path / "store.db"
    make(path)
    before = contents(tmp_path)

    with pytest.raises(error):
        SqliteContactBooks(path)

    altered = contents(tmp_path) != before
    report.add("A13", "SQLite", 1, altered, "files of others refused, not a byte changed")
    assert not altered


def test_where_no_store_can_be_nothing_is_made(tmp_path: Path, report: Report) -> None:
    with pytest.raises(StoreUnavailable):
        SqliteContactBooks(tmp_path / "missing" / "store.db")

    left = list(tmp_path.iterdir())
    report.add("A12", "SQLite", 1, len(left), "missing, unreadable, read-only: typed, no litter")
    assert left == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, who is refused nothing."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        yield


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are for its user."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.parametrize(
    ("folder_mode", "file_mode"), [(0o777, 0o000), (0o555, 0o444), (0o000, 0o600), (0o555, None)]
)
def test_what_is_not_permitted_is_said_and_leaves_no_litter(
    folder_mode: int, file_mode: int | None, open_folder: Path, report: Report
) -> None:
    path = open_folder / "store.db"
    if file_mode is not None:
        store_with(path)
        path.chmod(file_mode)
    before = contents(open_folder)
    open_folder.chmod(folder_mode)

    with as_nobody(), pytest.raises(StoreUnavailable), SqliteContactBooks(path) as store:
        increment(store, 1)

    open_folder.chmod(0o777)
    altered = contents(open_folder) != before
    report.add("A12", "SQLite", 1, altered, "missing, unreadable, read-only: typed, no litter")
    assert not altered


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_creation_that_ended_early_is_begun_anew(steps: int, tmp_path: Path) -> None:
    """What a crash leaves of one is a draft beside: the store itself appears whole."""
    draft = tmp_path / ".store.db.0badcafe.new"
    with closing(sqlite3.connect(draft)) as connection:
        for number in range(steps):
            connection.execute(f"CREATE TABLE t{number} (x)")

    with SqliteContactBooks(tmp_path / "store.db") as store:
        increment(store, 1)

    with SqliteContactBooks(tmp_path / "store.db") as store:
        assert counted(store) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sqlite, sqlite_file):
        monkeypatch.setattr(module, "TIMEOUT", 0.1)


@pytest.mark.parametrize("reads_the_value", [False, True])
def test_a_reader_who_keeps_the_old_log_is_reported_and_waited_for_no_longer(
    reads_the_value: bool, tmp_path: Path, impatient: None, report: Report
) -> None:
    path = tmp_path / "store.db"
    secret = "kept-by-the-reader@example.com"
    book = ContactBook(person_id=7).add(Contact(label="work", email=secret))

    with SqliteContactBooks(path) as store, closing(sqlite3.connect(path)) as reader:
        increment(store, 1)
        if reads_the_value:
            store.save(book)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM contact").fetchall()
        if not reads_the_value:
            store.save(book)

        with pytest.raises(StoreUnavailable, match="a reader keeps the old log"):
            store.erase(7)

        assert not store.get(7)
        increment(store, 1)
        reader.execute("ROLLBACK")
        store.erase(7)
        left = [file for file in tmp_path.iterdir() if secret.encode() in file.read_bytes()]

    report.add("B7", "SQLite", 1, len(left), "a reader or a writer who does not let go: reported")
    assert left == []


def test_who_is_erased_again_before_the_first_erasure_is_finished_is_forgotten_too(
    tmp_path: Path, impatient: None
) -> None:
    path = tmp_path / "store.db"
    secrets = ["the-first@example.com", "the-second@example.com"]

    with SqliteContactBooks(path) as store, closing(sqlite3.connect(path)) as reader:
        increment(store, 1)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM contact").fetchall()
        for secret in secrets:
            store.save(store.get(7).add(Contact(label="work", email=secret)))
            with pytest.raises(StoreUnavailable, match="a reader keeps the old log"):
                store.erase(7)
        reader.execute("ROLLBACK")
        store.erase(7)

        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert not any(secret.encode() in files for secret in secrets)


def test_a_writer_who_does_not_end_is_reported(
    tmp_path: Path, impatient: None, report: Report
) -> None:
    path = tmp_path / "store.db"
    with SqliteContactBooks(path) as store, closing(sqlite3.connect(path)) as writer:
        increment(store, 1)
        writer.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match="locked"):
            increment(store, 1)
        with pytest.raises(StoreUnavailable, match="locked"):
            store.erase(7)
        assert counted(store) == 1

        writer.execute("ROLLBACK")
        increment(store, 1)
        assert counted(store) == 2
    report.add("B7", "SQLite", 2, 0, "a reader or a writer who does not let go: reported")


def test_a_full_disk_loses_nothing_and_ends_when_there_is_room(
    tmp_path: Path, whole: bool, report: Report
) -> None:
    sizes = range(0, 200_000, 100 if whole else 16_000)
    failed = [size for size in sizes if not _survives(tmp_path / f"{size}.db", size)]
    report.add("A8", "SQLite", len(sizes), len(failed), "no file larger than so many bytes")
    assert failed == []


def _survives(path: Path, size: int) -> bool:
    child = os.fork()
    if not child:
        try:
            os._exit(not _fill_up(path, size))
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _fill_up(path: Path, size: int) -> bool:
    """Whether a store on a disk that fills has what it acknowledged, and goes on with room."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    acknowledged = 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        store = SqliteContactBooks(path)
    except StoreUnavailable:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        store = SqliteContactBooks(path)
    try:
        while acknowledged < 40:
            increment(store, 1)
            acknowledged += 1
    except StoreUnavailable:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    kept = counted(store)
    increment(store, 1)
    store.close()
    with SqliteContactBooks(path) as again:
        return kept in {acknowledged, acknowledged + 1} and counted(again) == kept + 1
