"""Whether a recorded concurrent history could have happened one operation after another.

The search of Wing and Gong, with Lowe's memory of what was tried. Books are independent of each
other, so a history is that of one book: the state is its revision and its value.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Final, NamedTuple

from contacts_core import BookConflict, Contact, ContactBook, ContactBookRepository, ContactProtocol

PERSON: Final = 42


class State(NamedTuple):
    """What one person's book is at, `value` None when it is empty."""

    revision: int = 0
    value: str | None = None
    erased: bool = False


class Operation(NamedTuple):
    """One call: when it began and ended, in nanoseconds, what it was given and what it gave."""

    began: int
    ended: int
    name: str
    argument: object
    result: object


def step(state: State, operation: Operation) -> State | None:
    """The state after an operation that gives this result, None when it could not have."""
    result: object
    after = state
    match operation.name, operation.argument:
        case "get", _:
            result = (state.revision, state.value)
        case "find", str(value):
            result = value == state.value
        case "erase", _:
            result = None
            if state.revision and not state.erased:
                after = State(state.revision + 1, None, erased=True)
        case "save", (int(revision), str(value)):
            result = state.revision
            if revision == state.revision:
                after = State(revision + 1, value)
                result = "saved"
        case _:
            raise ValueError(operation.name)
    return after if result == operation.result else None


def is_linearizable(history: Sequence[Operation]) -> bool:
    """Whether some order that respects real time explains every result."""
    operations = sorted(history)
    everything = (1 << len(operations)) - 1
    tried = {(0, State())}
    todo = list(tried)
    while todo:
        done, state = todo.pop()
        if done == everything:
            return True
        left = [
            (number, operation)
            for number, operation in enumerate(operations)
            if not done >> number & 1
        ]
        # What began after another one had ended cannot have come before that one.
        first_end = min(operation.ended for _, operation in left)
        for number, operation in left:
            if operation.began > first_end:
                break
            after = step(state, operation)
            if after is not None:
                reached = (done | 1 << number, after)
                if reached not in tried:
                    tried.add(reached)
                    todo.append(reached)
    return False


def record(
    open_store: Callable[[], AbstractContextManager[ContactBookRepository]],
    seed: int,
    workers: int = 4,
    calls: int = 25,
) -> list[Operation]:
    """What threads did to one book at the same time, each through a store that it opened."""
    barrier = threading.Barrier(workers)

    def work(worker: int) -> list[Operation]:
        rng = random.Random(seed * workers + worker)
        with open_store() as store:
            book = ContactBook(person_id=PERSON)
            operations = []
            barrier.wait()
            for number in range(calls):
                name = rng.choices(("get", "save", "find", "erase"), (8, 8, 2, 1))[0]
                operation, book = _call(store, book, name, f"{worker}.{number}@example.com")
                operations.append(operation)
        return operations

    with ThreadPoolExecutor(workers) as pool:
        return [operation for history in pool.map(work, range(workers)) for operation in history]


def _call(
    store: ContactBookRepository, book: ContactBook, name: str, value: str
) -> tuple[Operation, ContactBook]:
    argument: object = None
    call: Callable[[], object]
    match name:
        case "get":
            call = partial(store.get, PERSON)
        case "save":
            argument = (book.revision, value)
            call = partial(store.save, book.clear().add(Contact(label="work", email=value)))
        case "find":
            argument = _value(book) or value
            call = partial(store.find, ContactProtocol.email, argument)
        case _:
            call = partial(store.erase, PERSON)
    began = time.monotonic_ns()
    try:
        given: object = call()
    except BookConflict as conflict:
        given = conflict
    ended = time.monotonic_ns()
    result: object = None
    match name, given:
        case "get", ContactBook() as book:
            result = (book.revision, _value(book))
        case "save", ContactBook() as book:
            result = "saved"
        case "save", BookConflict():
            result = given.stored_revision
        case "find", _:
            result = bool(given)
    return Operation(began, ended, name, argument, result), book


def _value(book: ContactBook) -> str | None:
    return book.contacts[0].value if book else None
