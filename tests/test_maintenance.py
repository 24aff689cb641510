"""Checking, copying and backing up whole stores."""

from itertools import product
from pathlib import Path

import pytest

from contacts_adapters import open_repository
from contacts_adapters.maintenance import Copyable, copy, digest, verify
from contacts_core import (
    BookConflict,
    Contact,
    ContactBook,
    PeopleContacts,
    StoreCorrupted,
    StoreUnavailable,
)

SCHEMES = ("memory", "sqlite", "json")


def open_new(scheme: str, folder: Path, name: str) -> Copyable:
    url = "memory://" if scheme == "memory" else f"{scheme}:///{folder / name}"
    repository = open_repository(url)
    assert isinstance(repository, Copyable)
    return repository


def fill(repository: Copyable) -> None:
    """Three people with books, one of them emptied, and one erased, who had the greatest id."""
    people = PeopleContacts(repository)
    for person_id in (3, 1, 2):
        for number in range(person_id):
            people.add_contact(person_id, {"label": "work", "telephone": f"+1 555 {number}"})
    people.remove_all_contacts(2)
    people.add_contact(9, {"label": "personal", "email": "secret.one@example.com"})
    repository.erase(9)


@pytest.mark.parametrize(("source", "target"), [*product(SCHEMES, SCHEMES)])
def test_a_copy_holds_the_same_books_and_gives_no_id_again(
    source: str, target: str, tmp_path: Path
) -> None:
    with open_new(source, tmp_path, "source") as one, open_new(target, tmp_path, "target") as two:
        fill(one)
        done: list[int] = []
        copy(one, two, done.append)
        assert sum(done) == digest(one).books == 3
        assert digest(one) == digest(two)
        assert two.get(9) == one.get(9)
        assert two.last_id == one.last_id
        assert [c.person_id for c in two.changes().changes if c.erased] == [9]
        added = PeopleContacts(two).add_contact(1, {"label": "fax", "telephone": "1"})
        assert added.id == one.last_id + 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_copying_again_brings_the_copy_up_to_date(scheme: str, tmp_path: Path) -> None:
    with (
        open_new("memory", tmp_path, "source") as source,
        open_new(scheme, tmp_path, "target") as target,
    ):
        fill(source)
        copy(source, target)
        token = target.changes().token
        copy(source, target)
        assert target.changes(token).changes == ()
        PeopleContacts(source).add_contact(1, {"label": "fax", "telephone": "1"})
        source.erase(3)
        copy(source, target)
        assert digest(source) == digest(target)
        assert [(c.person_id, c.erased) for c in target.changes(token).changes] == [
            (1, False),
            (3, True),
        ]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_copy_never_covers_a_history_of_its_own(scheme: str, tmp_path: Path) -> None:
    with (
        open_new("memory", tmp_path, "source") as source,
        open_new(scheme, tmp_path, "target") as target,
    ):
        people = PeopleContacts(target)
        kept = people.add_contact(5, {"label": "work", "telephone": "+1 555 0100"})
        with pytest.raises(BookConflict):
            copy(source, target)
        PeopleContacts(source).add_contact(5, {"label": "home", "telephone": "+1 555 0199"})
        with pytest.raises(BookConflict):
            copy(source, target)
        assert people.list_contacts(5) == [kept]


@pytest.mark.parametrize("scheme", ["sqlite", "json"])
def test_a_backup_is_a_store_of_the_same_books(scheme: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with open_new(scheme, tmp_path, "store") as repository:
        fill(repository)
        repository.backup(backup)  # type: ignore[attr-defined]
        before = digest(repository)
        PeopleContacts(repository).add_contact(1, {"label": "fax", "telephone": "1"})
        with pytest.raises(StoreUnavailable):
            repository.backup(backup)  # type: ignore[attr-defined]
    assert backup.stat().st_mode & 0o777 == 0o600
    with open_new(scheme, tmp_path, "backup") as restored:
        assert digest(restored) == before
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_verify_names_each_damaged_book(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    with open_repository(f"sqlite:///{path}") as repository:
        for person_id in (1, 2, 3):
            contact = Contact(label="work", email=f"person{person_id}@example.com")
            repository.save(ContactBook(person_id=person_id).add(contact))
    path.write_bytes(path.read_bytes().replace(b"person2@", b"pers0n2@"))
    with open_repository(f"sqlite:///{path}") as repository:
        found = dict(verify(repository))
    assert [person_id for person_id, error in found.items() if error] == [2, None]
    assert isinstance(found[2], StoreCorrupted)
