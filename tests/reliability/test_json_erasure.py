"""After an erasure no file of a JSON Lines store holds a byte of the person's values."""

from pathlib import Path

import pytest
from json_life import marker, value
from report_table import Report

from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import Contact, ContactBook

PEOPLE = range(1, 51)


def residues(path: Path) -> list[str]:
    """What is left in the files after fifty people were saved and changed, and each erased."""
    found = []
    with JsonFileContactBooks(path) as store, JsonFileContactBooks(path) as other:
        for number in range(3):
            store.save_all(
                [
                    other.get(person_id)
                    .add(Contact(label="work", email=value(person_id, number)))
                    .add(Contact(label="home", telephone=f"☎ {value(person_id, number)}"))
                    for person_id in PEOPLE
                ]
            )
        for person_id in PEOPLE:
            (store if person_id % 2 else other).erase(person_id)
            found += [
                f"{file.name} holds values of person {person_id}"
                for file in path.parent.iterdir()
                if marker(person_id) in file.read_bytes()
            ]
        assert not list(store.person_ids())
        assert not list(other.books())
    return found


def test_an_erased_person_leaves_no_value_in_any_file(tmp_path: Path, report: Report) -> None:
    found = residues(tmp_path / "contacts.jsonl")
    report.add("F2", "JSON", len(PEOPLE), len(found), "erasure, then all files searched for values")
    assert found == []


def test_the_search_finds_out_a_store_that_keeps_the_old_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JsonFileContactBooks, "_compact", lambda store: None)
    assert residues(tmp_path / "contacts.jsonl")


def test_an_erasure_through_a_link_leaves_no_value_in_the_file_that_it_points_to(
    tmp_path: Path,
) -> None:
    file, link = tmp_path / "contacts.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(file)
    with JsonFileContactBooks(file) as store:
        store.save(ContactBook(person_id=1).add(Contact(label="work", email=value(1, 1))))
    with JsonFileContactBooks(link) as store:
        store.erase(1)
    assert marker(1) not in file.read_bytes()
