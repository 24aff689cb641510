"""What several threads or processes do to one store.

As a script, `stores_workers.py JOB URL ARGUMENT…`: the process says what the job returns.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Final

from stores_mutants import install_from_environment

from contacts_adapters import open_repository
from contacts_core import BookConflict, Contact, ContactBook, ContactBookRepository, PeopleContacts

COUNTER: Final = 42
SHARED: Final = 43


def increment(store: ContactBookRepository, times: int) -> int:
    """Counts up in one contact's value, by compare-and-set; returns how often that conflicted."""
    conflicts = 0
    for _ in range(times):
        while True:
            book = store.get(COUNTER)
            try:
                store.save(_incremented(book))
                break
            except BookConflict:
                conflicts += 1
    return conflicts


def counted(store: ContactBookRepository) -> int:
    book = store.get(COUNTER)
    return int(book.contacts[0].value) if book else 0


def _incremented(book: ContactBook) -> ContactBook:
    for contact in book:
        if contact.id is not None:
            return book.update(contact.id, {"telephone": f"{int(contact.value) + 1:09}"})
    return book.add(Contact(label="mobile", telephone=f"{1:09}"))


def edit(store: ContactBookRepository, times: int) -> int:
    """Adds a contact to a book that all edit and changes it; returns its id."""
    people = PeopleContacts(store)
    mine = people.add_contact(SHARED, {"label": "mobile", "telephone": f"{1:09}"}).id
    assert mine is not None
    for number in range(2, times + 1):
        people.update_contact(SHARED, mine, {"telephone": f"{number:09}"})
    return mine


def acknowledge(store: ContactBookRepository, times: int) -> int:
    """Says a line after each save."""
    for _ in range(times):
        increment(store, 1)
        os.write(1, b"\n")
    return times


JOBS: Final[dict[str, Callable[[ContactBookRepository, int], int]]] = {
    job.__name__: job for job in (increment, edit, acknowledge)
}


def results(job: str, url: str, arguments: list[int]) -> list[int]:
    """What a job returned to processes that did it at the same time, one for each argument."""
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, job, url, str(argument)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for argument in arguments
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()  # it is ready
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()  # which it waits for
        worker.stdin = None
    said = [worker.communicate() for worker in workers]
    for _, errors in said:
        if errors:
            raise RuntimeError(errors.splitlines()[-1])
    return [int(text) for text, _ in said]


def results_of_threads(job: str, store: ContactBookRepository, arguments: list[int]) -> list[int]:
    barrier = Barrier(len(arguments))

    def work(argument: int) -> int:
        barrier.wait()
        return JOBS[job](store, argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(work, arguments))


@contextmanager
def switching_often() -> Iterator[None]:
    """Makes threads meet."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


if __name__ == "__main__":
    install_from_environment()
    _, _job, _url, _argument = sys.argv
    with open_repository(_url) as _store:
        os.write(1, b"ready\n")
        os.read(0, 1)
        os.write(1, b"%d\n" % JOBS[_job](_store, int(_argument)))
