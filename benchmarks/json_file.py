"""The JSON file: saving and opening whatever its size, and the first `find`."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import orjson
from measure import Point, Row, Scale, Work, interleaved, numbers, peak_row
from sample import book, books, fields
from tinydb import TinyDB, where

from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import ContactBook, ContactProtocol

GROUP = "JSON file"
BOOK = 3
SAVES = 20  # in a round


def store(scale: Scale, contacts: int) -> Path:
    """A store of so many contacts, made once for all runs."""
    path = scale.folder / f"contacts-{contacts}.jsonl"
    if not path.exists():
        with JsonFileContactBooks(path) as repository:
            repository.save_all(books(contacts // BOOK))
    return path


def run(scale: Scale) -> Iterator[Row | Point]:
    with TemporaryDirectory(dir=scale.folder) as folder, ExitStack() as stack:
        yield from _save(scale, Path(folder), stack)
        yield from _whole_files(scale, Path(folder))
    yield from _open(scale)
    yield from _find(scale)
    yield peak_row(GROUP, "json", {n: store(scale, n) for n in scale.walks})


def _save(scale: Scale, folder: Path, stack: ExitStack) -> Iterator[Row | Point]:
    few, many = scale.sizes[0], scale.sizes[-1]
    contenders: dict[str, Work] = {}
    before: dict[str, Work] = {}
    for contacts in scale.sizes:
        path = Path(shutil.copy(store(scale, contacts), folder / f"{contacts}.jsonl"))
        repository = stack.enter_context(JsonFileContactBooks(path))
        assert len(repository.get(contacts // BOOK)) == BOOK
        before[f"{contacts}"], contenders[f"{contacts}"] = _saves(repository.save, contacts // BOOK)
    line = path.read_bytes().splitlines(keepends=True)[-1]
    before["floor"], contenders["floor"] = _saves(_Floor(folder / "floor", line).append, 1)
    seconds = interleaved(contenders, scale.rounds(20, 100), before=before, clock=perf_counter)
    for contacts in scale.sizes:
        took = median(seconds[f"{contacts}"]) / SAVES
        yield Point("JSON file, by contacts in the store", "save", contacts, took)
    ours = seconds[f"{many}"]
    work = f"save a book of three, {many:,} contacts in the store"
    peer = "append of the same bytes + fdatasync"
    yield Row(GROUP, work, peer, 1.4, ours, seconds["floor"], SAVES)
    yield Row(GROUP, work, f"with {few:,} contacts", 1.2, ours, seconds[f"{few}"], SAVES)


def _saves(save: Callable[[ContactBook], object], people: int) -> tuple[Work, Work]:
    """What comes before the clock starts, and what it measures."""
    new_person = count(people + 1)
    ready: list[ContactBook] = []

    def prepare() -> None:
        ready[:] = [book(next(new_person)) for _ in range(SAVES)]

    def work() -> None:
        for one in ready:
            save(one)

    return prepare, work


class _Floor:
    """No index, no checksum, no lock: the bytes of a line, ready, in the file for good."""

    def __init__(self, path: Path, line: bytes) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._line = line

    def append(self, _: ContactBook) -> None:
        os.write(self._file, self._line)
        os.fdatasync(self._file)


class _WholeFile:
    """Everything as one JSON document, replaced by each save."""

    def __init__(self, path: Path, bodies: dict[str, object]) -> None:
        self._path = path
        self._bodies = bodies

    def save(self, book: ContactBook) -> None:
        self._bodies[str(book.person_id)] = _bodies(book)
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(orjson.dumps(self._bodies))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _bodies(book: ContactBook) -> list[dict[str, object]]:
    return [dict(contact.to_dict()) for contact in book]


def _whole_files(scale: Scale, folder: Path) -> Iterator[Row]:
    contacts = scale.rounds(10_000, 1_000_000)
    people = contacts // BOOK
    with JsonFileContactBooks(shutil.copy(store(scale, contacts), folder / "same.jsonl")) as ours:
        bodies: dict[str, object] = {str(n): _bodies(book(n)) for n in range(1, people + 1)}
        whole = _WholeFile(folder / "whole.json", bodies)
        tiny = TinyDB(folder / "tiny.json")
        tiny.insert_multiple({"person": int(n), "contacts": body} for n, body in bodies.items())
        new_person = count(people + 1)
        seconds = interleaved(
            {
                "ours": lambda: ours.save(book(next(new_person))),
                "whole": lambda: whole.save(book(next(new_person))),
                "tiny": lambda: tiny.upsert(
                    {"person": 7, "contacts": _bodies(book(next(new_person)))},
                    where("person") == 7,
                ),
            },
            scale.rounds(3, 2),
            clock=perf_counter,
        )
        tiny.close()
    work = f"save a book of three, {contacts:,} contacts"
    target = 0.001 if contacts == 1_000_000 else None
    yield Row(
        *(GROUP, work, "whole file by orjson, replaced and synced", target),
        *(seconds["ours"], seconds["whole"], 1, "keeps no revisions, ids or checksums"),
    )
    yield Row(
        *(GROUP, work, "TinyDB", target, seconds["ours"], seconds["tiny"], 1),
        "not atomic, no fsync; no revisions, ids or checksums",
    )


def _open(scale: Scale) -> Iterator[Row | Point]:
    for contacts in scale.sizes:
        path = store(scale, contacts)
        seconds = interleaved(
            {
                "ours": lambda path=path: JsonFileContactBooks(path).close(),
                "lines": lambda path=path: _read_lines(path),
            },
            scale.rounds(3, 5),
        )
        took = median(seconds["ours"])
        yield Point("JSON file, by contacts in the store", "open", contacts, took)
    yield Row(
        *(GROUP, f"open with {contacts:,} contacts, every checksum checked"),
        *("json.loads, line by line", 0.5, seconds["ours"], seconds["lines"]),
    )


def _read_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


def _find(scale: Scale) -> Iterator[Point]:
    for contacts in scale.sizes:
        people = contacts // BOOK
        person = numbers(people)
        telephones = [fields(4 * person())["telephone"] for _ in range(100)]
        with JsonFileContactBooks(store(scale, contacts)) as ours:
            token = ours.changes(limit=people // 2).token
            start = process_time()
            assert ours.find(ContactProtocol.telephone, telephones[0])
            first = process_time() - start
            seconds = interleaved(
                {
                    "find": lambda ours=ours, telephones=telephones: [
                        ours.find(ContactProtocol.telephone, telephone) for telephone in telephones
                    ],
                    "get": lambda ours=ours, person=person: [
                        ours.get(person()) for _ in range(100)
                    ],
                    "a page of changes": lambda ours=ours, token=token: ours.changes(token),
                },
                scale.rounds(5, 20),
            )
        for work, times, per_round in (
            ("the first find", [first], 1),
            ("find", seconds["find"], 100),
            ("get", seconds["get"], 100),
            ("1,000 changes", seconds["a page of changes"], 1),
        ):
            if work != "1,000 changes" or people >= 2_000:
                plot = "JSON file, by contacts in the store"
                yield Point(plot, work, contacts, median(times) / per_round)
