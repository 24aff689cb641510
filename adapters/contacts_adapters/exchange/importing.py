"""The import: what a directory says becomes the integration contacts of people."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

from attrs import field, frozen

from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactsError,
    InvalidContact,
    Problem,
    plan_sync,
    whole_number,
)

from .records import Given, Record, Refused, Skipped, refused
from .spool import Person, Spool

MAX_REMOVALS: Final = 0.2  # more than a fifth going at once is no change in a company
ATTEMPTS: Final = 100  # at one page of people, against others who save the same books
_PAGE: Final = 500  # people in one transaction

_UNKNOWN_PERSON: Final = ("person", "unknown_person", "is nobody's key")
_UNKNOWN_CONTACT: Final = ("id", "unknown_contact", "is of no contact of this person")
_TWICE: Final = ("id", "not_unique", "stands in the source twice")

Resolve = Callable[[str], int | None]


@frozen
class ImportReport:
    """What an import did, or would do, counted in contacts."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    refused: tuple[Refused, ...] = ()  # records, by their numbers
    skipped: Mapping[str, int] = field(factory=dict)  # how many of what no contact can hold
    people: int = 0

    @property
    def changes(self) -> int:
        """How many contacts are not as they were before."""
        return self.created + self.updated + self.deleted

    @property
    def failures(self) -> int:
        """How many records were refused."""
        return len(self.refused)

    @property
    def errors(self) -> int:
        """How many rules they break."""
        return sum(len(record.problems) for record in self.refused)


class ImportStopped(ContactsError):
    """Nothing was written: the source looks empty or half read; `report` has what it would do.

    `existing` is how many integration contacts the people in the source have by now.
    """

    def __init__(self, report: ImportReport, existing: int) -> None:
        super().__init__(report, existing)
        self.report = report
        self.existing = existing

    def __str__(self) -> str:
        if not self.report.people:
            return "nothing was written: the source has nobody"
        return (
            f"nothing was written: {self.report.deleted} of {self.existing} integration contacts "
            "would go"
        )


def import_contacts(
    repository: ContactBookRepository,
    records: Iterable[Record],
    /,
    *,
    resolve: Resolve,
    max_removals: float = MAX_REMOVALS,
    dry_run: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> ImportReport:
    """Makes the integration contacts of the people in a source what the source says.

    *records* come from a reader; *resolve* gives the `person_id` for the source's key of a person,
    or None. Of each person, the integration contacts that the source does not have go and those
    that are new come, as `plan_sync` says; people whom the source does not name, and all other
    manual contacts, are left alone. So is a person of whom everything that the source has was
    refused. The same source again changes nothing, and after a kill it ends in the same state.

    Nothing is written, and ImportStopped raised, when of the integration contacts that these people
    have a larger share than *max_removals* (0 to 1) would go, or when the source has nobody, unless
    *max_removals* is 1. With *dry_run* nothing is written either and the report is the same.

    All of the source is read first, into a temporary file when it is large. The people are then
    saved in ascending order by `save_all`, 500 at a time; *progress* hears how many are done, and
    of how many. Raises StoreError, and BookConflict when somebody else saves the same books again
    and again.

    >>> from contacts_adapters import open_repository
    >>> from contacts_adapters.exchange import given
    >>> source = [given(2, "ann", "telephone", "fax", "+1 03 413 7223")]
    >>> repository = open_repository("memory://")
    >>> import_contacts(repository, source, resolve={"ann": 42}.get).created
    1
    >>> import_contacts(repository, source, resolve={"ann": 42}.get).unchanged
    1
    """
    if not 0 <= max_removals <= 1:
        message = "must be a share from 0 to 1"
        raise InvalidContact((Problem("max_removals", "wrong_type", message),))
    with Spool() as spool:
        source = _read(records, resolve, spool)
        people = spool.sort()
        existing = 0
        reports: list[ImportReport | None] = []  # None, where everybody is new: to be planned once
        for page in _pages(spool):
            books = _books(page, repository)
            existing += sum(contact.integration for book in books for contact in book.contacts)
            reports.append(_plan(page, books).report if dry_run or any(books) else None)
        stop = max_removals < 1 and (
            not (people or source.refused)
            or sum(report.deleted for report in reports if report) > max_removals * existing
        )
        if not (stop or dry_run):
            done = 0
            for number, page in enumerate(_pages(spool)):
                report = reports[number]
                if report is None or report.changes:
                    reports[number] = _save(page, repository)
                done += len(page)
                if progress is not None:
                    progress(done, people)
        total = _total(source, people, _planned(reports, spool, repository))
    if stop:
        raise ImportStopped(total, existing)
    return total


def _read(records: Iterable[Record], resolve: Resolve, spool: Spool) -> ImportReport:
    rejected: list[Refused] = []
    skipped: Counter[str] = Counter()
    key, person_id = "", None
    for record in records:
        if isinstance(record, Skipped):
            skipped[record.what] += 1
            continue
        if record.person != key:
            key = record.person
            person_id = resolve(key) if key else None
            if person_id is not None:
                whole_number("person_id", person_id)
        if isinstance(record, Refused):
            rejected.append(record)
            if person_id is not None:
                spool.refuse(person_id, record.number)
        elif person_id is None:
            rejected.append(refused(record.number, *_UNKNOWN_PERSON))
        elif isinstance(record, Given):
            spool.give(person_id, record)
        else:
            spool.list(person_id, record.number)
    return ImportReport(refused=tuple(rejected), skipped=dict(skipped))


class _Plan(NamedTuple):
    """What becomes of a page of people."""

    books: list[ContactBook]  # that change
    report: ImportReport


def _books(people: list[Person], repository: ContactBookRepository) -> list[ContactBook]:
    return list(repository.books(person.person_id for person in people))


def _plan(people: list[Person], books: list[ContactBook]) -> _Plan:
    plans = []
    rejected: list[Refused] = []
    for person, book in zip(people, books, strict=True):
        contacts, problems = _checked(person, book)
        rejected += problems
        listed = person.listed and not (person.refused or problems)
        unflagged = person.unflagged()
        plans.append(plan_sync(book, contacts, listed=listed, unflagged=unflagged))
    report = ImportReport(
        created=sum(len(plan.added) for plan in plans),
        updated=sum(len(plan.updated) for plan in plans),
        deleted=sum(len(plan.removed) for plan in plans),
        unchanged=sum(len(plan.kept) for plan in plans),
        refused=tuple(rejected),
    )
    return _Plan([plan.book for plan in plans if plan.book.changed], report)


def _checked(person: Person, book: ContactBook) -> tuple[list[Contact], list[Refused]]:
    """The contacts of a person, without those whose ids mean none of the book."""
    contacts, problems = [], []
    ids: set[int] = set()
    for number, contact in person.contacts():
        if contact.id is None:
            contacts.append(contact)
        elif contact.id in ids:
            problems.append(refused(number, *_TWICE))
        elif contact.id not in book:
            problems.append(refused(number, *_UNKNOWN_CONTACT))
        else:
            ids.add(contact.id)
            contacts.append(contact)
    return contacts, problems


def _save(people: list[Person], repository: ContactBookRepository) -> ImportReport:
    left = ATTEMPTS
    while True:
        plan = _plan(people, _books(people, repository))
        try:
            repository.save_all(plan.books)
        except BookConflict:
            left -= 1
            if not left:
                raise
        else:
            return plan.report


def _planned(
    reports: list[ImportReport | None], spool: Spool, repository: ContactBookRepository
) -> list[ImportReport]:
    """The reports of all pages, of those too that were to be planned when they are saved."""
    if None not in reports:
        return [report for report in reports if report]
    return [
        report or _plan(page, _books(page, repository)).report
        for report, page in zip(reports, _pages(spool), strict=True)
    ]


def _total(source: ImportReport, people: int, pages: list[ImportReport]) -> ImportReport:
    rejected = [*source.refused, *(record for page in pages for record in page.refused)]
    return ImportReport(
        created=sum(page.created for page in pages),
        updated=sum(page.updated for page in pages),
        deleted=sum(page.deleted for page in pages),
        unchanged=sum(page.unchanged for page in pages),
        refused=tuple(sorted(rejected, key=attrgetter("number"))),
        skipped=source.skipped,
        people=people,
    )


def _pages(spool: Spool) -> Iterator[list[Person]]:
    people = spool.people()
    while page := list(islice(people, _PAGE)):
        yield page
