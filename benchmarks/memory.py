"""The store in memory, against the same rules on a bare dict with a lock."""

from collections.abc import Iterator
from itertools import count
from threading import Lock

from measure import Row, Scale, Work, interleaved, numbers
from models import check_fields
from sample import books

from contacts_adapters import open_repository
from contacts_core import PeopleContacts

GROUP = "memory"
PEOPLE = 10_000
EDITS = 1_000  # in a round


class BareDict:
    """Three hundred lines of one's own, the first five of them: no ids, order or revisions."""

    def __init__(self, bodies: dict[int, dict[int, dict[str, object]]]) -> None:
        self._bodies = bodies
        self._lock = Lock()

    def update_contact(self, person_id: int, contact_id: int, changes: dict[str, object]) -> None:
        with self._lock:
            book = self._bodies[person_id]
            body = {**book[contact_id], **changes}
            check_fields(body)
            book[contact_id] = body


def run(scale: Scale) -> Iterator[Row]:
    with open_repository("memory://") as repository:
        stored = repository.save_all(books(PEOPLE))
        people = PeopleContacts(repository)
        bare = BareDict(
            {
                book.person_id: {
                    contact.id or 0: {contact.protocol.value: contact.value, "label": contact.label}
                    for contact in book
                }
                for book in stored
            }
        )
        first = {book.person_id: book.contacts[0].id or 0 for book in stored}
        seconds = interleaved(
            {
                "ours": _edits(people, first),
                "bare": _edits(bare, first),
            },
            scale.rounds(8, 60),
        )
    note = "keeps no ids, order, revisions or feed"
    yield Row(
        *(GROUP, "PeopleContacts.update_contact", "the same rules on a dict, with a lock", 3.0),
        *(seconds["ours"], seconds["bare"], EDITS, note),
    )


def _edits(store: PeopleContacts | BareDict, first: dict[int, int]) -> Work:
    person, number = numbers(PEOPLE), count()

    def work() -> None:
        for _ in range(EDITS):
            one = person()
            store.update_contact(one, first[one], {"telephone": f"+1 03 413 {next(number):07}"})

    return work
