"""The import of a directory's file, against parsing it and writing the rows by hand."""

import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Row, Scale, Work, interleaved, peaks_of
from sample import fields
from sqlite_peers import ANY_NUMBER, Raw, make_store

from contacts_adapters.exchange import import_contacts, read_csv
from contacts_adapters.sqlite import SqliteContactBooks

GROUP = "directory import"
BOOK = 3
HEADER = ("Person", "Contact Protocol", "Contact Label", "Contact URI", "Integration")


def run(scale: Scale) -> Iterator[Row]:
    people = scale.rounds(5_000, 100_000)
    with TemporaryDirectory(dir=scale.folder) as name:
        folder = Path(name)
        source = _source(folder, people)
        ours, raw = folder / "ours.db", folder / "raw.db"
        work = f"import of {people:,} people with {BOOK} contacts from CSV into SQLite"
        seconds = interleaved(
            {
                "ours": lambda: _import(source, ours),
                "again": lambda: _import(source, ours),
                "raw": lambda: _by_hand(source, raw),
            },
            scale.rounds(3, 3),
            before={"ours": _emptied(ours), "raw": _emptied(raw)},
        )
        note = "no rules, checksums or look at what is there"
        yield Row(
            *(GROUP, work, "csv and raw executemany", 4.0, seconds["ours"], seconds["raw"]),
            *(people, note),
        )
        yield Row(
            *(GROUP, "the same again, unchanged", "the first time", 1.0),
            *(seconds["again"], seconds["ours"], people),
        )
        few = _source(folder, 1_000)
        yield Row(
            *(GROUP, f"peak memory of an import of {people:,} people", "of 1,000", 1.5),
            *(_peaks(source, folder), _peaks(few, folder)),
            unit="bytes",
        )


def person_of(key: str) -> int:
    """What a host looks up in its table of people."""
    return int(key.partition("@")[0].removeprefix("person"))


def _source(folder: Path, people: int) -> Path:
    path = folder / f"{people}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for person in range(1, people + 1):
            for number in range(BOOK):
                given = fields(4 * person + number)
                label = given.pop("label")
                [(protocol, value)] = given.items()
                writer.writerow((f"person{person}@example.com", protocol, label, value, "true"))
    return path


def _emptied(path: Path) -> Work:
    def work() -> None:
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()
        make_store(path)

    return work


def _import(source: Path, path: Path) -> None:
    with SqliteContactBooks(path) as repository, source.open("rb") as file:
        report = import_contacts(repository, read_csv(file), resolve=person_of)
        assert not report.refused


def _by_hand(source: Path, path: Path) -> None:
    """The same rows, the columns to find people by too; the checksums are any number."""
    contacts = []
    with source.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for number, (key, protocol, label, value, integration) in enumerate(rows, 1):
            match = value
            if protocol == "telephone":
                match = "".join(filter(str.isdigit, value)).lstrip("0")[-7:]
            elif protocol == "email":
                match = value.casefold()
            elif protocol == "website":
                match = value.partition("://")[2].removesuffix("/")
            flag = int(integration == "true")
            row = (person_of(key), number, protocol, label, flag, value, match, ANY_NUMBER)
            contacts.append(row)
    people = dict.fromkeys(row[0] for row in contacts)
    heads = [(n, 1, n, BOOK * n, 0, ANY_NUMBER, ANY_NUMBER) for n in people]
    raw = Raw(path)
    raw.save_all(heads, contacts)
    raw.connection.close()


_RUN = """
import sys
from contacts_adapters import open_repository
from contacts_adapters.exchange import import_contacts, read_csv
with open_repository(sys.argv[2]) as repository, open(sys.argv[1], "rb") as file:
    person_of = lambda key: int(key.partition("@")[0].removeprefix("person"))
    assert not import_contacts(repository, read_csv(file), resolve=person_of).refused
"""


def _peaks(source: Path, folder: Path) -> list[float]:
    path = folder / "peak.db"
    return peaks_of(_RUN, str(source), f"sqlite:///{path.absolute()}", before=_emptied(path))
