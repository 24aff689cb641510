"""What every store is checked for, and what mutants of the stores are found out by.

A check takes the URL of a store that does not exist yet; it returns how many cases it looked at,
and what it found wrong.
"""

import os
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from itertools import count as numbers_from
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import stores_workers
from linearizability import is_linearizable, record
from stores_reads import REFUSED, answers, fill
from stores_workers import counted, results, results_of_threads, switching_often

from contacts_adapters import open_repository
from contacts_adapters.maintenance import verify
from contacts_core import (
    Contact,
    ContactBook,
    ContactBookRepository,
    PeopleContacts,
    StoreError,
)

MEMORY: Final = "memory://"

Problems = list[str]
Found = tuple[int, Problems]
Check = Callable[..., Found]


def path_of(url: str) -> Path:
    return Path(url.partition("///")[2])


def lost_updates(url: str, workers: int = 4, times: int = 30) -> Found:
    """Workers count up in one contact: threads of one object, and processes of one file."""
    in_threads = 20 * times if url == MEMORY else times  # so quick that they seldom meet
    with open_repository(url) as store:
        with switching_often():
            results_of_threads("increment", store, [in_threads] * workers)
        expected = workers * in_threads
        if url != MEMORY:
            results("increment", url, [times] * workers)
            expected += workers * times
        lost = expected - counted(store)
    return expected, [f"{lost} of {expected} updates are lost"] if lost else []


def ids_given_twice(url: str) -> Found:
    """No id comes back, whether the contact that had it was removed, or the person erased."""
    given: list[int] = []
    with open_repository(url) as store:
        people = PeopleContacts(store)
        for person_id in (1, 1, 2, 2, 3):
            added = people.add_contact(person_id, {"label": "mobile", "telephone": "5550123"})
            given.append(added.id or 0)
            if len(given) % 2:
                people.remove_all_contacts(person_id)
            else:
                store.erase(person_id)
    wrong = given != sorted(set(given))
    return len(given), [f"the ids {given} do not ascend"] if wrong else []


def impossible_histories(url: str, count: int = 3) -> Found:
    """Recorded histories that no order of their calls explains."""
    problems = []
    for seed in range(count):
        with switching_often():
            history = record(opener(url, seed), seed)
        if not is_linearizable(history):
            problems.append(f"the history of seed {seed} is not linearizable")
    return count, problems


Opener = Callable[[], AbstractContextManager[ContactBookRepository]]


def opener(url: str, number: int) -> Opener:
    """Opens a store of its own for each number; one in memory is shared, and left open."""
    if url == MEMORY:
        return sharing(open_repository(url))
    return partial(open_repository, f"{url}.{number}")


def sharing(store: ContactBookRepository) -> Opener:
    return lambda: nullcontext(store)


@contextmanager
def traced() -> Iterator[list[tuple[int, str]]]:
    """The statements that SQLite runs, each with the number of its connection."""
    statements: list[tuple[int, str]] = []
    numbers = numbers_from()

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real_connect(*arguments, **options)
        number = next(numbers)
        connection.set_trace_callback(lambda statement: statements.append((number, statement)))
        return connection

    real_connect = sqlite3.connect
    with patch.object(sqlite3, "connect", connect):
        yield statements


_WRITE: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b", re.IGNORECASE)


def deferred_writes(url: str) -> Found:
    """Statements that write outside of a transaction which began IMMEDIATE."""
    with traced() as statements, open_repository(url) as store:
        fill(store)
        answers(store)
    immediate: dict[int, bool] = {}
    cases, problems = 0, []
    for connection, statement in statements:
        if statement.startswith("BEGIN"):
            immediate[connection] = statement == "BEGIN IMMEDIATE"
        elif statement in {"COMMIT", "ROLLBACK"}:
            immediate[connection] = False
        elif _WRITE.match(statement):
            cases += 1
            if not immediate.get(connection):
                problems.append(" ".join(statement.split()[:4]))
    return cases, problems if cases else ["no statement was traced"]


def flipped(data: bytes, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def put(path: Path, data: bytes) -> None:
    """Leaves this file in the folder, and nothing else."""
    for file in path.parent.iterdir():
        file.unlink()
    path.write_bytes(data)


def silent_damage(url: str, damages: Iterable[tuple[str, bytes]], original: bytes) -> Found:
    """The questions that a damaged store answers otherwise, without an error.

    What a page has lost, no checksum of a row can tell. So a list that is too short, or a book that
    was empty and looks as if it had never been saved, counts only when `verify` finds nothing.
    """
    path = path_of(url)
    put(path, original)
    with open_repository(url) as store:
        expected = answers(store)
    cases, problems = 0, []
    for damage, data in damages:
        cases += 1
        put(path, data)
        try:
            with open_repository(url) as store:
                wrong = [
                    (name, was, now)
                    for (name, was), (_, now) in zip(expected, answers(store), strict=True)
                    if now not in (was, REFUSED)
                ]
                invented = any(not _may_be_lost(*answer) for answer in wrong)
                if invented or (wrong and not is_found(store)):
                    problems.append(f"{damage}: {sorted({name for name, *_ in wrong})}")
        except StoreError:
            continue
        except Exception as error:
            problems.append(f"{damage}: {error!r}")
    return cases, problems


def _may_be_lost(name: str, was: object, now: object) -> bool:
    match name, was, now:
        case "find", tuple(), tuple():
            return set(now) <= set(was)
        case (("changes" | "person_ids"), _, _):
            return True
        case "get", ContactBook(contacts=()), ContactBook(contacts=(), revision=0):
            return True
        case (("books" | "books of some"), list(), list()):
            return [book for book in now if book] == [book for book in was if book]
    return False


def is_found(store: ContactBookRepository) -> bool:
    """Whether who verifies a store hears of its damage."""
    try:
        return any(error for _, error in verify(store))
    except StoreError:
        return True


def filled(url: str) -> bytes:
    """The bytes of a store with something of everything."""
    with open_repository(url) as store:
        fill(store)
    return path_of(url).read_bytes()


def silent_flips(url: str, count: int = 60) -> Found:
    """Single flipped bits, a third of them in the values."""
    data = filled(url)
    rng = random.Random(4)
    values = [match.start() for match in re.finditer(rb"person\.", data)]
    bits = [8 * (rng.choice(values) + 3) + rng.randrange(8) for _ in range(count // 3)]
    bits += rng.sample(range(len(data) * 8), count - len(bits))
    return silent_damage(url, ((f"bit {bit}", flipped(data, bit)) for bit in bits), data)


_EDITS: Final = (
    *(
        f"UPDATE contact_book SET {column} = {column} + 1000 WHERE person_id = 1"
        for column in (*("person_id", "revision", "position", "last_id", "contents", "digest"),)
    ),
    "UPDATE contact_book SET erased = 1 WHERE person_id = 1",
    "DELETE FROM contact_book WHERE person_id = 1",
    *(
        f"UPDATE contact SET {change} WHERE id = 2"
        for change in (
            *("person_id = 2", "person_id = 999", "id = 999", "label = 'personal'", "digest = 1"),
            *("protocol = 'telephone'", "value = 'x' || value", "integration = 0", "match = 'x'"),
        )
    ),
    "DELETE FROM contact WHERE id = 2",
)


def silent_edits(url: str) -> Found:
    """A row of SQLite's that is changed behind the store's back, column by column."""
    data = filled(url)
    path = path_of(url)
    damages = []
    for edit in _EDITS:
        put(path, data)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(edit)
        damages.append((edit, path.read_bytes()))
    return silent_damage(url, damages, data)


def silent_cuts(url: str, every: int = 1709) -> Found:
    """The file ends too early."""
    data = filled(url)
    cuts = range(0, len(data), every)
    return silent_damage(url, ((f"cut at {cut}", data[:cut]) for cut in cuts), data)


def _secrets(person_id: int) -> Iterator[Contact]:
    """Values of many lengths, since a page that splits leaves a copy of what moved."""
    rng = random.Random(person_id)
    for label, field in (
        ("mobile", "telephone"),
        ("work", "email"),
        ("chat_slack", "chat"),
        ("personal", "website"),
    ):
        filling = "".join(rng.choices("01234567", k=rng.randrange(1, 220)))
        mark = _mark(person_id)
        value = f"{mark}{'@' if field == 'email' else ''}{filling}{mark}"
        yield Contact(label=label, **{field: value})  # type: ignore[arg-type]


def _mark(person_id: int) -> str:
    """Both ends of each value of a person: the seven digits that telephones are looked up by."""
    return f"8{person_id:03}999"


def residue(url: str, people: int = 50, orders: int = 3) -> Found:
    """Bytes of erased values, in any file of the store, while it is open and afterwards."""
    found = [
        problem
        for seed in range(orders)  # some orders leave none whatever a store does
        for problem in _residue(f"{url}.{seed}", people, random.Random(seed))
    ]
    return orders * people, found


def _residue(url: str, people: int, order: random.Random) -> Problems:
    folder = path_of(url).parent
    erased = range(1, 3 * people + 1, 3)
    with open_repository(url) as store:
        # Neighbours, who stay, come and change in between, so that pages split and move.
        everybody = order.sample(range(1, 3 * people + 1), 3 * people)
        for person_id in everybody:
            store.save(ContactBook(person_id=person_id, contacts=_secrets(person_id)))
        for person_id in everybody[::2]:
            book = store.get(person_id)
            changed = book.contacts[0].id
            assert changed is not None
            store.save(book.update(changed, {"telephone": f"{_mark(person_id)}{'1' * 200}"}))
        for person_id in erased:
            store.erase(person_id)
        while_open = _files_with_marks(folder, erased)
    return [*while_open, *_files_with_marks(folder, erased)]


def _files_with_marks(folder: Path, person_ids: Iterable[int]) -> Problems:
    marks = [_mark(person_id).encode() for person_id in person_ids]
    return [
        f"{file.name} still holds an erased value"
        for file in sorted(folder.iterdir())
        if any(mark in file.read_bytes() for mark in marks)
    ]


def wide_modes(url: str) -> Found:
    """Files that others may read, while a store is in use that was made with umask 0."""
    umask = os.umask(0)
    try:
        with open_repository(url) as store:
            fill(store)
            files = list(path_of(url).parent.iterdir())
            modes = [(file.name, file.stat().st_mode & 0o777) for file in files]
    finally:
        os.umask(umask)
    return len(modes), [f"{name} has mode {mode:o}" for name, mode in modes if mode & 0o077]


_CALL: Final = re.compile(r"(?P<call>\w+)\(\d+<(?P<file>[^>]*)>.*\) += (?P<result>-?\d+)")


def unsynced_saves(url: str, times: int = 20) -> Found:
    """Saves that were acknowledged before what they wrote to a file was synced."""
    trace = path_of(url).with_name("trace")
    command = ["strace", "-f", "-y", "-qq", "-s0", "-o", str(trace)]
    command += ["-e", "trace=write,pwrite64,fsync,fdatasync"]
    command += [sys.executable, stores_workers.__file__, "acknowledge", url, str(times)]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    unsynced: set[str] = set()
    acknowledged, problems = 0, []
    for line in trace.read_text(encoding="utf-8").splitlines():
        call = _CALL.search(line)
        if call is None:
            continue
        if call["file"].startswith("pipe:"):
            acknowledged += 1
            problems += [f"{name} was not synced" for name in sorted(unsynced)]
        elif not call["file"].startswith(str(path_of(url))) or call["file"].endswith("-shm"):
            continue  # shared memory, made anew after a crash
        elif "sync" in call["call"]:
            unsynced.discard(call["file"])
        else:
            unsynced.add(call["file"])
    if acknowledged < times:
        problems.append("no acknowledgement was traced")
    return times, problems
