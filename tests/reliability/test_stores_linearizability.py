"""The checker of histories: what it lets pass, and what it finds in stores that are broken."""

from pathlib import Path

import pytest
from linearizability import Operation, is_linearizable, record
from report_table import Report
from stores_checks import MEMORY, opener, sharing
from stores_mutants import mutated
from stores_workers import switching_often

from contacts_adapters.memory import MemoryContactBooks
from contacts_core import ContactBook


class StaleReads(MemoryContactBooks):
    """Reads see the book as it was before the last save."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[int, ContactBook] = {}

    def get(self, person_id: int, /) -> ContactBook:
        return self._before.get(person_id, ContactBook(person_id=person_id))

    def save(self, book: ContactBook, /) -> ContactBook:
        before = super().get(book.person_id)
        saved = super().save(book)
        self._before[book.person_id] = before
        return saved


@pytest.mark.parametrize(
    ("history", "possible"),
    [
        ([], True),
        ([(1, 2, "get", None, (0, None))], True),
        ([(1, 2, "save", (0, "a"), "saved"), (3, 4, "get", None, (1, "a"))], True),
        ([(1, 2, "save", (0, "a"), "saved"), (3, 4, "get", None, (0, None))], False),
        ([(1, 4, "save", (0, "a"), "saved"), (2, 3, "get", None, (0, None))], True),
        ([(1, 4, "save", (0, "a"), "saved"), (2, 3, "get", None, (1, "a"))], True),
        ([(1, 4, "save", (0, "a"), "saved"), (2, 3, "save", (0, "b"), "saved")], False),
        ([(1, 4, "save", (0, "a"), "saved"), (2, 3, "save", (0, "b"), 1)], True),
        ([(1, 4, "save", (0, "a"), 1), (2, 3, "save", (0, "b"), 1)], False),
        ([(1, 2, "save", (0, "a"), "saved"), (3, 4, "erase", None, None)], True),
        (
            [
                (1, 2, "save", (0, "a"), "saved"),
                (3, 4, "erase", None, None),
                (5, 6, "find", "a", True),
            ],
            False,
        ),
        (
            [
                (1, 9, "save", (0, "a"), "saved"),
                (2, 3, "get", None, (1, "a")),
                (4, 5, "get", None, (0, None)),
            ],
            False,
        ),
    ],
)
def test_a_history_is_possible_when_some_order_explains_it(
    history: list[tuple[int, int, str, object, object]], possible: bool
) -> None:
    assert is_linearizable([Operation(*operation) for operation in history]) is possible


def test_every_history_of_a_store_with_stale_reads_is_rejected(whole: bool, report: Report) -> None:
    count = 200 if whole else 10

    passed = 0
    for seed in range(count):
        passed += is_linearizable(record(sharing(StaleReads()), seed))

    report.add(
        "C2", "broken twins", count, passed, "histories of stores with stale reads, no check"
    )
    assert passed == 0


@pytest.mark.parametrize("scheme", ["sqlite", "json", "memory"])
def test_every_history_of_a_store_that_compares_no_revisions_is_rejected(
    scheme: str, tmp_path: Path, whole: bool, report: Report
) -> None:
    count = 50 if whole else 3
    url = MEMORY if scheme == "memory" else f"{scheme}:///{tmp_path / 'store'}"

    passed = 0
    with mutated("saving", "book.check_follows(", "{}.get("), switching_often():
        for seed in range(count):
            passed += is_linearizable(record(opener(url, seed), seed))

    report.add(
        "C2", "broken twins", count, passed, "histories of stores with stale reads, no check"
    )
    assert passed == 0
