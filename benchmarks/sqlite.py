"""The SQLite store: saving, reading, walking and finding."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import Row, Scale, interleaved, numbers
from sample import book, books, fields
from sqlalchemy.orm.exc import StaleDataError
from sqlite_peers import (
    ANY_NUMBER,
    BOOK_COLUMNS,
    COLUMNS,
    PEERS,
    Peer,
    Raw,
    Rows,
    connect,
    contact_rows,
    make_store,
    select_all,
)

from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import ContactBook, ContactProtocol

GROUP = "SQLite"
BOOK = 3  # contacts in a book, where nothing else is said
NO_CHECKSUMS = "keeps no checksums"
_FIRST_NEW_ID = 10**12


def store(scale: Scale, contacts: int) -> Path:
    """A store of so many contacts, made once for all runs."""
    path = scale.folder / f"contacts-{contacts}.db"
    if not path.exists():
        make_store(path, list(books(contacts // BOOK)))
    return path


def run(scale: Scale) -> Iterator[Row]:
    with TemporaryDirectory(dir=scale.folder) as folder:
        yield from _save(scale, Path(folder))
        yield from _read(scale)
        yield from _save_all(scale, Path(folder))
        yield from _find(scale)


def _copies(scale: Scale, folder: Path, contacts: int) -> dict[str, Path]:
    """A file for each contender: nobody pays for the checkpoint of another's pages."""
    original = store(scale, contacts)
    return {
        name: Path(shutil.copy(original, folder / f"{number}-{contacts}.db"))
        for number, name in enumerate(("ours", *PEERS))
    }


def _save(scale: Scale, folder: Path) -> Iterator[Row]:
    contacts = 100_000
    people = contacts // BOOK
    paths = _copies(scale, folder, contacts)
    saves, rounds = 50, scale.rounds(10, 60)
    peers = {name: make(paths[name]) for name, make in PEERS.items()}
    with SqliteContactBooks(paths["ours"]) as ours:
        _check(ours, peers, paths, people)
        for work, revised in (("save a new book of three", False), ("save three changes", True)):
            person, new_person = numbers(people), count(people + 2)
            next_book = (
                (lambda person=person: _changed(ours.get(person())))
                if revised
                else (lambda new_person=new_person: book(next(new_person)))
            )
            contenders = {
                "ours": saves_of_ours(ours, saves, next_book),
                **{
                    name: _saves(peer, saves, people, revised=revised)
                    for name, peer in peers.items()
                },
            }
            prepared = {name: prepare for name, (prepare, _) in contenders.items()}
            seconds = interleaved(
                {name: work for name, (_, work) in contenders.items()},
                rounds,
                before=prepared,
                clock=perf_counter,
            )
            targets = {
                "raw sqlite3": 1.25,
                "SQLAlchemy ORM": 0.6,
                "sqlite-utils upsert_all": 0.5,
            }
            for name in PEERS:
                yield Row(
                    *(GROUP, f"{work}, own transaction", name, targets.get(name)),
                    *(seconds["ours"], seconds[name], saves, NO_CHECKSUMS),
                    by_mean=True,  # a checkpoint falls on few saves
                )


def _check(
    ours: SqliteContactBooks, peers: dict[str, Peer], paths: dict[str, Path], people: int
) -> None:
    """What is saved is there for another connection; a stale book is refused."""
    new = book(people + 1)
    ours.save(new)
    for name, peer in peers.items():
        peer.save(people + 1, 0, contact_rows(new, _FIRST_NEW_ID))
        peer.save(people + 1, 1, contact_rows(new, _FIRST_NEW_ID))
        assert peer.get(people + 1) == BOOK, name
    for name, path in paths.items():
        found = connect(path).execute(
            "SELECT label, value FROM contact WHERE person_id = ? ORDER BY id", (people + 1,)
        )
        assert found.fetchall() == [(c.label.value, c.value) for c in new], name
    for name, peer in peers.items():
        try:
            peer.save(people + 1, 1, contact_rows(new, _FIRST_NEW_ID))
        except (ValueError, StaleDataError):
            continue
        raise AssertionError(f"{name} takes a stale book")


def saves_of_ours(
    repository: SqliteContactBooks, saves: int, next_book: Callable[[], ContactBook]
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What comes before the clock starts, and what it measures."""
    ready: list[ContactBook] = []

    def prepare() -> None:
        ready[:] = [next_book() for _ in range(saves)]

    def work() -> None:
        for one in ready:
            repository.save(one)

    return prepare, work


def _changed(stored: ContactBook) -> ContactBook:
    for contact in stored:
        assert contact.id is not None
        changes = {contact.protocol.value: f"{contact.value[:200]}{stored.revision}"}
        stored = stored.update(contact.id, changes)
    return stored


def _saves(
    peer: Peer, saves: int, people: int, *, revised: bool
) -> tuple[Callable[[], None], Callable[[], None]]:
    person, new_person, new_id = numbers(people), count(people + 2), count(_FIRST_NEW_ID, 100)
    ready: list[tuple[int, int, Rows]] = []
    revisions: dict[int, int] = {}

    def prepare() -> None:
        ready.clear()
        for _ in range(saves):
            if revised:
                one = person()
                revision = revisions[one] = revisions.get(one, 0) + 1
                rows = contact_rows(book(one), (one - 1) * BOOK + 1)
                ready.append((one, revision, [(*r[:5], f"{r[5]}{revision}", *r[6:]) for r in rows]))
            else:
                one = next(new_person)
                ready.append((one, 0, contact_rows(book(one), next(new_id))))

    def work() -> None:
        for one in ready:
            peer.save(*one)

    return prepare, work


def _read(scale: Scale) -> Iterator[Row]:
    contacts = scale.rounds(100_000, 300_000)
    people, gets = contacts // BOOK, scale.rounds(50, 200)
    path = store(scale, contacts)
    rounds = scale.rounds(10, 60)
    with SqliteContactBooks(path) as ours:
        peers = {name: make(path) for name, make in PEERS.items()}
        works = {"ours": reads(ours.get, gets, people)}
        works |= {name: reads(peer.get, gets, people) for name, peer in peers.items()}
        seconds = interleaved(works, rounds)
        targets = {"raw sqlite3": 2.2, "SQLAlchemy ORM": 0.25}
        for name in PEERS:
            yield Row(
                *(GROUP, "get a book of three", name, targets.get(name)),
                *(seconds["ours"], seconds[name], gets),
            )

        person = numbers(people - 50)
        pages = [list(range(first, first + 50)) for first in (person() for _ in range(5))]
        seconds = interleaved(
            {
                "ours": lambda: [list(ours.books(page)) for page in pages],
                "gets": lambda: [list(map(ours.get, page)) for page in pages],
            },
            rounds,
        )
        yield Row(
            *(GROUP, "books(ids) of 50 people", "50 times get", 0.4),
            *(seconds["ours"], seconds["gets"], 5),
        )

        raw = connect(path)
        assert sum(map(len, ours.books())) == select_all(raw)
        seconds = interleaved(
            {
                "ours": lambda: sum(map(len, ours.books())),
                "raw": lambda: select_all(raw),
            },
            scale.rounds(3, 5),
        )
        yield Row(
            *(GROUP, f"books(): all {people:,} of three", "raw SELECT of all rows", 3.5),
            *(seconds["ours"], seconds["raw"], people),
        )


def reads(get: Callable[[int], object], gets: int, people: int) -> Callable[[], None]:
    person = numbers(people)

    def work() -> None:
        for _ in range(gets):
            get(person())

    return work


def _save_all(scale: Scale, folder: Path) -> Iterator[Row]:
    people = scale.rounds(5_000, 100_000)
    new = list(books(people))
    first_ids = range(1, BOOK * people, BOOK)
    contacts = [
        row for one, first in zip(new, first_ids, strict=True) for row in contact_rows(one, first)
    ]
    heads = [(n, 1, n, BOOK * n, 0, ANY_NUMBER, ANY_NUMBER) for n in range(1, people + 1)]
    path, raw_path = folder / "all.db", folder / "all-raw.db"

    def empty(path: Path) -> Callable[[], object]:
        def work() -> None:
            for one in folder.glob(f"{path.name}*"):
                one.unlink()
            make_store(path)

        return work

    def ours() -> None:
        with SqliteContactBooks(path) as repository:
            repository.save_all(new)

    def raw() -> None:
        floor = Raw(raw_path)
        floor.save_all(heads, contacts)
        floor.connection.close()

    seconds = interleaved(
        {"ours": ours, "raw": raw},
        3,
        before={"ours": empty(path), "raw": empty(raw_path)},
        clock=perf_counter,
    )
    yield Row(
        *(GROUP, f"save_all of {people:,} new books of three", "raw executemany", 2.0),
        *(seconds["ours"], seconds["raw"], people, "the same rows, ready; no checksums, no check"),
    )


def _find(scale: Scale) -> Iterator[Row]:
    contacts = scale.sizes[-1]
    path = store(scale, contacts)
    raw = connect(path)
    person = numbers(contacts // BOOK)
    telephones = [fields(4 * person())["telephone"] for _ in range(200)]
    keys = [_digits(number)[-7:] for number in telephones]
    select = f"SELECT {COLUMNS} FROM contact WHERE match = ? AND protocol = 'telephone'"
    with SqliteContactBooks(path) as ours:
        for telephone, key in zip(telephones, keys, strict=True):
            found = ours.find(ContactProtocol.telephone, telephone)
            rows = raw.execute(select, (key,)).fetchall()
            assert {match.contact.id for match in found} <= {row[1] for row in rows}
            assert found
        seconds = interleaved(
            {
                "ours": lambda: [ours.find(ContactProtocol.telephone, t) for t in telephones],
                "raw": lambda: [raw.execute(select, (key,)).fetchall() for key in keys],
            },
            scale.rounds(15, 40),
        )
        yield Row(
            *(GROUP, f"find by telephone among {contacts:,} contacts"),
            *("raw indexed SELECT of the rows", 3.0, seconds["ours"], seconds["raw"], 200),
        )

        token = ours.changes(limit=contacts // BOOK // 2).token
        middle = int(raw.execute("SELECT max(position) / 2 FROM contact_book").fetchone()[0])
        page = (
            f"SELECT {BOOK_COLUMNS} FROM contact_book WHERE position > ? "
            "ORDER BY position LIMIT 1000"
        )
        changes = ours.changes(token).changes
        assert [c.person_id for c in changes] == [r[0] for r in raw.execute(page, (middle,))]
        seconds = interleaved(
            {
                "ours": lambda: ours.changes(token),
                "raw": lambda: raw.execute(page, (middle,)).fetchall(),
            },
            scale.rounds(30, 100),
        )
        yield Row(
            *(GROUP, f"a page of 1,000 changes, {contacts:,} contacts"),
            *("raw SELECT of the page", 3.0, seconds["ours"], seconds["raw"]),
        )


def _digits(telephone: str) -> str:
    return "".join(character for character in telephone if character.isdecimal())
