"""Several processes, threads and forks on one SQLite file, and processes that are killed."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from report_table import Report
from stores_workers import SHARED, counted, increment, results, results_of_threads

from contacts_adapters.maintenance import verify
from contacts_adapters.sqlite import SqliteContactBooks
from contacts_core import PeopleContacts


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        ok = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with SqliteContactBooks(path) as store:
        return ok and not any(error for _, error in verify(store))


def forked(work: Callable[[], object]) -> int:
    """The id of a child that does some work, and says by its status whether that succeeded."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def test_edits_of_several_processes_are_all_there(
    tmp_path: Path, whole: bool, report: Report
) -> None:
    path = tmp_path / "store.db"
    times = 500 if whole else 40

    ids = results("edit", f"sqlite:///{path}", [times] * 4)

    with SqliteContactBooks(path) as store:
        book = store.get(SHARED)
    report.add("B1", "SQLite", 4 * times, 4 * times - book.revision, "4 processes edit one book")
    assert book.revision == 4 * times
    assert [contact.id for contact in book] == sorted(set(ids))
    assert {contact.value for contact in book} == {f"{times:09}"}


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forks_and_threads_write_at_the_same_time(
    tmp_path: Path, whole: bool, report: Report
) -> None:
    path = tmp_path / "store.db"
    forks = 50 if whole else 5
    failed = 0

    with SqliteContactBooks(path) as store:
        for _ in range(forks):
            child = forked(lambda: results_of_threads("increment", store, [10, 10]))
            increment(store, 10)
            failed += os.waitpid(child, 0)[1] != 0
        assert counted(store) == 30 * forks

    failed += not is_whole(path)
    report.add("B3", "SQLite", 2 * forks, failed, "parent, child and its threads write")
    assert failed == 0


def test_writers_that_are_killed_lose_nothing_that_was_acknowledged(
    tmp_path: Path, whole: bool, report: Report
) -> None:
    path = tmp_path / "store.db"
    rng = random.Random(9)
    rounds = 200 if whole else 10
    saves = lost = 0
    SqliteContactBooks(path).close()

    for number in range(1, rounds + 1):
        reader, writer = os.pipe()
        work = partial(add_for_ever, path, number, writer)
        children = [forked(work) for _ in range(4)]
        os.close(writer)
        time.sleep(rng.uniform(0.01, 0.12))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        with open(reader, "rb") as pipe:
            acknowledged = {int(line) for line in pipe}
        with SqliteContactBooks(path) as store:
            stored = {contact.id for contact in store.get(number)}
        saves += len(acknowledged)
        # Each writer may have been killed between a save and its acknowledgement.
        lost += len(acknowledged - stored) + max(0, len(stored - acknowledged) - len(children))

    lost += not is_whole(path)
    report.add("A9", "SQLite", rounds, lost, "4 writers killed again and again")
    assert saves > rounds
    assert lost == 0


def add_for_ever(path: Path, person_id: int, acknowledgements: int) -> None:
    with SqliteContactBooks(path) as store:
        people = PeopleContacts(store)
        while True:
            contact = people.add_contact(person_id, {"label": "mobile", "telephone": "5550123"})
            os.write(acknowledgements, b"%d\n" % (contact.id or 0))
