"""The import over a store."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_adapters import open_repository
from contacts_adapters.exchange import (
    Given,
    ImportReport,
    ImportStopped,
    Listed,
    Record,
    Refused,
    Skipped,
    import_contacts,
    read_csv,
)
from contacts_adapters.exchange import (
    given as record_of,
)
from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    InvalidContact,
    PeopleContacts,
)

PEOPLE: Final = {"ann": 42, "bob": 7}


@pytest.fixture(params=["memory://", "sqlite:///{}/contacts.db", "json:///{}/contacts.jsonl"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContactBookRepository]:
    with open_repository(request.param.format(tmp_path)) as opened:
        yield opened


def fax(number: int, person: str, value: str = "1", **more: Any) -> Record:
    return record_of(number, person, "telephone", "fax", value, **more)


def run(repository: ContactBookRepository, *records: Record, **options: Any) -> ImportReport:
    return import_contacts(repository, records, resolve=PEOPLE.get, **options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.deleted, report.unchanged


def values(repository: ContactBookRepository, person: str = "ann") -> list[str]:
    return [contact.value for contact in repository.get(PEOPLE[person])]


def revisions(repository: ContactBookRepository) -> list[tuple[int, int]]:
    return [(book.person_id, book.revision) for book in repository.books()]


def by_hand(repository: ContactBookRepository, value: str = "by hand") -> Contact:
    fields = {"label": "mobile", "telephone": value}
    return PeopleContacts(repository).add_contact(PEOPLE["ann"], fields)


def test_the_same_source_again_changes_nothing(repository: ContactBookRepository) -> None:
    records = [fax(2, "ann", "1"), fax(3, "bob", "2"), fax(4, "ann", "3")]
    assert counts(run(repository, *records)) == (3, 0, 0, 0)
    before = revisions(repository)
    assert counts(run(repository, *records)) == (0, 0, 0, 3)
    assert revisions(repository) == before
    assert values(repository) == ["1", "3"]


def test_what_the_source_lacks_goes_and_what_was_entered_by_hand_stays(
    repository: ContactBookRepository,
) -> None:
    kept = by_hand(repository)
    records = [fax(number, "ann", str(number)) for number in range(2, 9)]
    run(repository, *records)
    assert counts(run(repository, *records[1:])) == (0, 0, 1, 6)
    assert values(repository) == ["by hand", "3", "4", "5", "6", "7", "8"]
    assert kept in repository.get(42).contacts


def test_people_whom_the_source_does_not_name_are_left_alone(
    repository: ContactBookRepository,
) -> None:
    run(repository, fax(2, "ann"), fax(3, "bob"))
    run(repository, fax(2, "ann"))
    assert values(repository, "bob") == ["1"]


def test_who_is_listed_without_contacts_loses_them(repository: ContactBookRepository) -> None:
    run(repository, fax(2, "ann"), fax(3, "bob"))
    report = run(repository, Listed(2, "ann"), fax(3, "bob"), max_removals=0.5)
    assert (report.deleted, values(repository)) == (1, [])


def test_a_person_of_whom_all_was_refused_is_left_alone(repository: ContactBookRepository) -> None:
    run(repository, fax(2, "ann"))
    refused = record_of(3, "ann", "telephone", "skype", "1")
    report = run(repository, Listed(2, "ann"), refused, max_removals=1)
    assert (counts(report), report.refused) == ((0, 0, 0, 0), (refused,))
    assert values(repository) == ["1"]
    assert counts(run(repository, refused, max_removals=0)) == (0, 0, 0, 0)


def test_an_id_changes_its_contact(repository: ContactBookRepository) -> None:
    kept = by_hand(repository)
    records = [fax(2, "ann", "9", id=kept.id)]
    assert counts(run(repository, *records)) == (0, 1, 0, 0)
    assert repository.get(42).contacts == (
        Contact(label="fax", telephone="9", integration=True, id=kept.id),
    )
    assert counts(run(repository, *records)) == (0, 0, 0, 1)


def test_without_the_column_integration_an_update_leaves_it(
    repository: ContactBookRepository,
) -> None:
    run(repository, fax(2, "ann", "1"), fax(3, "ann", "2"))
    by_hand(repository)
    text = (
        "Person,Contact Protocol,Contact Label,Contact URI,ID\n"
        "ann,telephone,fax,11,1\nann,telephone,home,33,3\nann,telephone,home,4,\n"
    )
    records = list(read_csv(io.StringIO(text)))
    assert counts(run(repository, *records)) == (1, 2, 0, 0)
    assert [(one.value, one.integration) for one in repository.get(42)] == [
        ("33", False),
        ("4", False),
        ("11", True),
        ("2", True),
    ]
    assert counts(run(repository, *records)) == (0, 0, 0, 3)


def test_an_id_of_somebody_else_or_twice_is_refused(repository: ContactBookRepository) -> None:
    kept = by_hand(repository)
    report = run(
        repository,
        fax(2, "bob", id=kept.id),
        fax(3, "ann", id=99),
        fax(4, "ann", "4", id=kept.id),
        fax(5, "ann", "5", id=kept.id),
    )
    assert [(one.number, one.problems[0].code) for one in report.refused] == [
        (2, "unknown_contact"),
        (3, "unknown_contact"),
        (5, "not_unique"),
    ]
    assert (report.failures, report.errors) == (3, 3)
    assert values(repository) == ["4"]


def test_an_unknown_person_is_refused_by_record(repository: ContactBookRepository) -> None:
    report = run(repository, fax(2, "eve"), Listed(3, "eve"), fax(4, "ann"))
    assert [(one.number, one.problems[0].code) for one in report.refused] == [
        (2, "unknown_person"),
        (3, "unknown_person"),
    ]
    assert report.people == 1


def test_what_was_refused_and_skipped_before_is_reported(
    repository: ContactBookRepository,
) -> None:
    refused = record_of(9, "ann", "telephone", "skype", "1\n")
    records = [refused, Skipped(3, "pager"), Skipped(4, "pager"), fax(2, "ann"), fax(5, "eve")]
    report = run(repository, *records)
    assert [one.number for one in report.refused] == [5, 9]
    assert (report.failures, report.errors) == (2, 3)
    assert report.skipped == {"pager": 2}


RECORDS: Final = st.lists(
    st.one_of(
        st.builds(
            lambda person, value, integration: fax(2, person, value, integration=integration),
            st.sampled_from(["ann", "bob", "eve"]),
            st.sampled_from(["1", "2", "3", "\n"]),
            st.booleans(),
        ),
        st.builds(Listed, st.just(2), st.sampled_from(["ann", "bob"])),
        st.builds(Skipped, st.just(2), st.sampled_from(["pager", "photo"])),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(RECORDS, RECORDS)
def test_a_dry_run_reports_what_a_run_does_and_writes_nothing(
    before: list[Record], records: list[Record]
) -> None:
    with open_repository("memory://") as repository:
        run(repository, *before, max_removals=1)
        state = list(repository.books())
        dry = run(repository, *records, max_removals=1, dry_run=True)
        assert list(repository.books()) == state
        assert run(repository, *records, max_removals=1) == dry
        again = run(repository, *records, max_removals=1)
        assert (again.changes, again.refused) == (0, dry.refused)
        assert again.unchanged == dry.created + dry.updated + dry.unchanged


@pytest.mark.parametrize(
    ("share", "left", "stops"),
    [(0.2, 8, False), (0.2, 7, True), (0, 9, True), (0, 10, False), (0.5, 5, False), (1, 1, False)],
)
def test_too_many_removals_stop_before_anything_is_written(
    repository: ContactBookRepository, share: float, left: int, stops: bool
) -> None:
    records = [fax(number, "ann", str(number)) for number in range(10)]
    run(repository, *records)
    before = revisions(repository)
    new = fax(99, "bob", "new")
    if not stops:
        assert run(repository, new, *records[:left], max_removals=share).deleted == 10 - left
        return
    with pytest.raises(ImportStopped) as caught:
        run(repository, new, *records[:left], max_removals=share)
    assert revisions(repository) == before
    report = caught.value.report
    assert (report.created, report.deleted, caught.value.existing) == (1, 10 - left, 10)
    assert str(caught.value) == (
        f"nothing was written: {10 - left} of 10 integration contacts would go"
    )


@pytest.mark.parametrize("records", [[], [Skipped(2, "pager")]])
def test_an_empty_source_stops_unless_told_otherwise(
    repository: ContactBookRepository, records: list[Record]
) -> None:
    run(repository, fax(2, "ann"))
    with pytest.raises(ImportStopped, match="nobody"):
        run(repository, *records)
    assert counts(run(repository, *records, max_removals=1)) == (0, 0, 0, 0)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_from_nothing_to_all(share: float) -> None:
    with open_repository("memory://") as repository, pytest.raises(InvalidContact):
        run(repository, fax(2, "ann"), max_removals=share)


def test_a_resolver_that_gives_no_id_is_told_so() -> None:
    wrong: Any = {"ann": "42"}.get
    with open_repository("memory://") as repository, pytest.raises(InvalidContact):
        import_contacts(repository, [fax(2, "ann")], resolve=wrong)


def test_many_people_are_saved_page_by_page_and_told_of(
    repository: ContactBookRepository,
) -> None:
    told: list[tuple[int, int]] = []
    people = range(1, 1_202)
    records = [fax(n, str(person), str(n)) for n in (1, 2) for person in reversed(people)]

    def go(*more: Record) -> ImportReport:
        return import_contacts(
            *(repository, [*records, *more]),
            resolve=int,
            progress=lambda done, of: told.append((done, of)),
        )

    assert counts(go()) == (2_402, 0, 0, 0)
    assert told == [(500, 1_201), (1_000, 1_201), (1_201, 1_201)]
    assert [[one.value for one in book] for book in repository.books()] == [["1", "2"]] * 1_201
    assert counts(go(fax(3, "700", "3"))) == (1, 0, 0, 2_402)


class Meddler:
    """A store in which somebody else saves a book just before each of the first saves."""

    def __init__(self, repository: ContactBookRepository, times: int) -> None:
        self._repository = repository
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._repository, name)

    def save_all(self, books: Any) -> list[ContactBook]:
        if self._times:
            self._times -= 1
            by_hand(self._repository, f"by hand {self._times}")
        return self._repository.save_all(books)


def test_conflicts_are_tried_again(repository: ContactBookRepository) -> None:
    meddler: Any = Meddler(repository, 3)
    assert counts(run(meddler, fax(2, "ann"))) == (1, 0, 0, 0)
    assert values(repository) == ["by hand 2", "by hand 1", "by hand 0", "1"]


def test_conflicts_without_end_are_told() -> None:
    with open_repository("memory://") as repository:
        meddler: Any = Meddler(repository, 1_000)
        with pytest.raises(BookConflict):
            run(meddler, fax(2, "ann"))


def test_the_vendors_sample_is_imported_but_for_what_the_rules_refuse(
    repository: ContactBookRepository, sample: Callable[[str], Path]
) -> None:
    data = sample("people_contact_details.csv").read_bytes()
    keys = dict.fromkeys(line.split(b",")[0].decode() for line in data.splitlines()[1:])
    ids = {key: number for number, key in enumerate(keys, 42)}
    kept = by_hand(repository)

    def go(data: bytes) -> ImportReport:
        return import_contacts(repository, read_csv(io.BytesIO(data)), resolve=ids.get)

    for expected in ((9, 0, 0, 0), (0, 0, 0, 9)):
        report = go(data)
        assert counts(report) == expected
        [refused] = report.refused
        assert (refused.number, refused.problems[0].field) == (5, "label")
        assert report.skipped == {"postal address": 1}
        assert report.people == 3
    before = {contact for book in repository.books() for contact in book}
    assert len(before) == 10
    lines = data.splitlines(keepends=True)
    assert counts(go(b"".join(lines[:3] + lines[4:]))) == (0, 0, 1, 8)
    after = {contact for book in repository.books() for contact in book}
    [gone] = before - after
    assert gone.value in lines[3].decode()
    assert kept in after


def test_no_report_shows_a_value(repository: ContactBookRepository) -> None:
    secret = "s3cr3t"
    records = [
        record_of(2, secret, "telephone", "fax", "1"),
        record_of(3, "ann", "email", "work", secret),
        fax(4, "ann", secret, id=7),
        fax(5, "ann", secret),
        Listed(6, secret),
    ]
    report = run(repository, *records)
    assert secret not in repr(report)
    assert secret not in repr(records)
    assert isinstance(records[3], Given)
    assert isinstance(records[1], Refused)
