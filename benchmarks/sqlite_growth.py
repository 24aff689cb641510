"""How the costs of the SQLite store grow: with the store, the book and the number of writers."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import Point, Row, Scale, interleaved, numbers, peak_row
from sample import book, books, fields
from sqlite import BOOK, GROUP, NO_CHECKSUMS, reads, saves_of_ours, store
from sqlite_peers import Raw, contact_rows, make_store

from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import ContactBook, ContactProtocol


def run(scale: Scale) -> Iterator[Row | Point]:
    with TemporaryDirectory(dir=scale.folder) as folder:
        yield from _sizes(scale, Path(folder))
        yield from _books(scale, Path(folder))
        yield from _writers(scale, Path(folder))
    yield peak_row(GROUP, "sqlite", {n: store(scale, n) for n in scale.walks})


def _sizes(scale: Scale, folder: Path) -> Iterator[Point]:
    rounds, calls = scale.rounds(3, 10), scale.rounds(50, 200)
    for contacts in scale.sizes:
        path = Path(shutil.copy(store(scale, contacts), folder / "size.db"))
        people = contacts // BOOK
        person = numbers(people)
        telephones = [fields(4 * person())["telephone"] for _ in range(calls)]
        with SqliteContactBooks(path) as ours:
            new_person = count(people + 1)
            prepare, save = saves_of_ours(
                ours, calls, lambda new_person=new_person: book(next(new_person))
            )
            seconds = interleaved(
                {
                    "save": save,
                    "get": reads(ours.get, calls, people),
                    "find": lambda ours=ours, telephones=telephones: [
                        ours.find(ContactProtocol.telephone, telephone) for telephone in telephones
                    ],
                },
                rounds,
                before={"save": prepare},
                clock=perf_counter,
            )
        for work, times in seconds.items():
            yield Point("SQLite, by contacts in the store", work, contacts, median(times) / calls)
        path.unlink()


def _books(scale: Scale, folder: Path) -> Iterator[Point]:
    people = 300
    for size in (1, 3, 10, 100):
        with SqliteContactBooks(folder / f"books-{size}.db") as ours:
            ours.save_all(books(people, size))
            person = numbers(people)
            prepare, save = saves_of_ours(
                ours, 50, lambda ours=ours, person=person: _one_changed(ours.get(person()))
            )
            seconds = interleaved(
                {"save, one contact changed": save, "get": reads(ours.get, 50, people)},
                scale.rounds(3, 20),
                before={"save, one contact changed": prepare},
                clock=perf_counter,
            )
        for work, times in seconds.items():
            yield Point("SQLite, by contacts in the book", work, size, median(times) / 50)


def _one_changed(stored: ContactBook) -> ContactBook:
    first = stored.contacts[0]
    assert first.id is not None
    return stored.update(first.id, {"integration": not first.integration})


def _writers(scale: Scale, folder: Path) -> Iterator[Row | Point]:
    saves = scale.rounds(100, 1000)
    for writers in (1, 2, 4):
        seconds: dict[str, list[float]] = {"ours": [], "raw sqlite3": []}
        for number in range(scale.rounds(1, 3)):
            for name, times in seconds.items():
                path = make_store(folder / f"{name}-{writers}-{number}.db", [book(1)])
                context = get_context("spawn")
                ready = context.Barrier(writers)
                with ProcessPoolExecutor(writers, context, _get_ready, (ready,)) as pool:
                    firsts = range(10**6, 10**6 * (writers + 1), 10**6)
                    jobs = [pool.submit(_write, name, path, first, saves) for first in firsts]
                    times.append(max(job.result() for job in jobs))
        work = f"save a new book of three, {writers} processes at once"
        yield Row(
            *(GROUP, work, "raw sqlite3", None, seconds["ours"], seconds["raw sqlite3"]),
            *(writers * saves, NO_CHECKSUMS),
            by_mean=True,
        )
        for name, times in seconds.items():
            took = median(times) / writers / saves
            yield Point("SQLite, a save by number of writers", name, writers, took)


_others: list[Barrier] = []


def _get_ready(ready: Barrier) -> None:
    _others.append(ready)


def _write(name: str, path: Path, first: int, saves: int) -> float:
    """Seconds that one process of several takes for its saves."""
    new = [book(person_id) for person_id in range(first, first + saves)]
    rows = [(one.person_id, 0, contact_rows(one, BOOK * one.person_id)) for one in new]
    with ExitStack() as stack:
        if name == "ours":
            ours = stack.enter_context(SqliteContactBooks(path))
            works = [partial(ours.save, one) for one in new]
        else:
            raw = Raw(path)
            works = [partial(raw.save, *row) for row in rows]
        _others[0].wait()
        start = perf_counter()
        for work in works:
            work()
        return perf_counter() - start
