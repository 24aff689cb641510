"""A JSON Lines file that was cut, flipped, filled or reordered: what was saved, or an error."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest
from json_life import ERASURES, LIFE, SAVES, Steps, add, state_of
from report_table import Report

from contacts_adapters import json_log
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import StoreCorrupted, make_converter

Said = list[tuple[int, int, bool, list[object]]]
Problems = list[str]

_A3: Final = "zeros, garbage or half a line behind; lines swapped, doubled, missing or foreign"


def lived(path: Path, steps: Steps) -> bytes:
    with JsonFileContactBooks(path) as store:
        for step in steps:
            step(store)
    return path.read_bytes()


def said_by(store: JsonFileContactBooks) -> Said:
    return [
        (change.person_id, change.revision, change.erased, make_converter().unstructure(contacts))
        for change, contacts in state_of(store)
    ]


def said_by_lines(data: bytes) -> Said:
    return _said_by_whole_lines(data[: data.rfind(b"\n") + 1])


@cache
def _said_by_whole_lines(data: bytes) -> Said:
    """What the whole batches in a file say, read with nothing but a JSON parser."""
    batch: list[dict[str, object]] = []
    records: dict[object, dict[str, object]] = {}
    for line in data.splitlines():
        batch.append(json.loads(line))
        if not batch[-1]["left"]:
            for record in batch:
                if "person_id" in record:
                    records.pop(record["person_id"], None)
                    records[record["person_id"]] = record
            batch.clear()
    return [
        (record["person_id"], record["revision"], "erased" in record, record.get("contacts", []))  # type: ignore[misc]
        for record in records.values()
    ]


def wrong_after_cuts(path: Path, data: bytes, cuts: list[int]) -> Problems:
    """Cut anywhere, a store holds its whole batches and takes more; in its header it is none."""
    header = data.index(b"\n") + 1
    problems = []
    for cut in cuts:
        path.write_bytes(data[:cut])
        try:
            with JsonFileContactBooks(path) as store:
                before = said_by(store)
                add(7)(store)
                after = said_by(store)
            with JsonFileContactBooks(path) as store:
                again = said_by(store)
        except StoreCorrupted:
            if cut >= header or path.read_bytes() != data[:cut]:
                problems.append(f"cut at {cut}: refused, or changed")
            continue
        if before != said_by_lines(data[:cut]) or after[:-1] != before or again != after:
            problems.append(f"cut at {cut}: holds something else")
    return problems


def wrong_after_flips(path: Path, data: bytes, flips: list[int]) -> Problems:
    """A flipped bit is found, by who opens the file then and by who has it open already."""
    path.write_bytes(data)
    expected = said_by_lines(data)
    problems = []
    with JsonFileContactBooks(path) as opened_before:
        for flip in flips:
            flipped = bytearray(data)
            flipped[flip // 8] ^= 1 << flip % 8
            path.write_bytes(flipped)
            for store in (None, opened_before):
                try:
                    with nullcontext(store) if store else JsonFileContactBooks(path) as opened:
                        if said_by(opened) != expected:
                            problems.append(f"bit {flip} changes what is said")
                except StoreCorrupted:
                    if path.read_bytes() != flipped:
                        problems.append(f"bit {flip}: the file was changed")
                except Exception as error:
                    problems.append(f"bit {flip}: {error!r}")
    return problems


def misplaced_lines(data: bytes) -> list[bytes]:
    """The file with one line missing, doubled, swapped with another, or put in."""
    lines = data.splitlines(keepends=True)
    numbers = range(len(lines))
    return [
        b"".join(damaged)
        for damaged in (
            *(lines[:n] + lines[n + 1 :] for n in numbers[:-1]),
            *(lines[: n + 1] + lines[n:] for n in numbers),
            *(
                [*lines[:a], lines[b], *lines[a + 1 : b], lines[a], *lines[b + 1 :]]
                for a in numbers
                for b in numbers[a + 1 :]
            ),
            *([*lines[:n], b"\n", *lines[n:]] for n in numbers),
            *([*lines[:n], b"{}\n", *lines[n:]] for n in numbers),
        )
    ]


def accepted_misplaced_lines(path: Path, data: bytes, _: list[int]) -> Problems:
    problems = []
    for number, damaged in enumerate(misplaced_lines(data)):
        path.write_bytes(damaged)
        try:
            JsonFileContactBooks(path).close()
            problems.append(f"damage {number} is not found")
        except StoreCorrupted:
            if path.read_bytes() != damaged:
                problems.append(f"damage {number}: the file was changed")
        except Exception as error:
            problems.append(f"damage {number}: {error!r}")
    return problems


def some(numbers: range, count: int, whole: bool) -> list[int]:
    return list(numbers) if whole else sorted(random.Random(4).sample(numbers, count))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contacts.jsonl"


@pytest.fixture
def long_lives(path: Path) -> Iterator[bytes]:
    """The files of three lives: saves alone, after erasures, and one grown over a compaction."""

    def lives() -> Iterator[bytes]:
        for steps in (SAVES, ERASURES + SAVES, LIFE + SAVES):
            yield lived(path, steps)
            path.unlink()

    return lives()


def test_a_file_cut_at_any_byte_holds_its_whole_batches(
    path: Path,
    long_lives: Iterator[bytes],
    whole: bool,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.fdatasync", lambda file: None)  # no power is lost here
    for data in long_lives:
        cuts = some(range(len(data) + 1), 60, whole)
        problems = wrong_after_cuts(path, data, cuts)
        report.add("A1", "JSON", len(cuts), len(problems), "file cut at every byte")
        assert problems == []


def test_a_flipped_bit_never_changes_what_is_read(path: Path, whole: bool, report: Report) -> None:
    data = lived(path, SAVES)
    flips = some(range(8 * len(data)), 250, whole)
    problems = wrong_after_flips(path, data, flips)
    report.add("A2", "JSON", 2 * len(flips), len(problems), "every single bit flipped")
    assert problems == []


def test_a_tail_of_zeros_or_of_half_a_line_is_cut_off(
    path: Path, whole: bool, report: Report
) -> None:
    data = lived(path, SAVES)
    expected = said_by_lines(data)
    noise = random.Random(3)
    problems = []
    lengths = some(range(1, 4097), 25, whole)
    for length in lengths:
        garbage = noise.randbytes(length).replace(b"\n", b"\r")
        for tail in (bytes(length), garbage, data[-length - 1 : -1].rpartition(b"\n")[2]):
            path.write_bytes(data + tail)
            with JsonFileContactBooks(path) as store:
                if said_by(store) != expected:
                    problems.append(f"a tail of {length} bytes changes what is said")
    report.add("A3", "JSON", 3 * len(lengths), len(problems), _A3)
    assert problems == []


def test_whole_lines_that_are_not_where_they_were_written_are_refused(
    path: Path, report: Report
) -> None:
    data = lived(path, SAVES * 2)
    problems = accepted_misplaced_lines(path, data, [])
    report.add("A3", "JSON", len(misplaced_lines(data)), len(problems), _A3)
    assert problems == []


def test_the_error_for_damage_names_its_offset_and_no_value(path: Path) -> None:
    data = lived(path, SAVES)
    ends = list(accumulate(map(len, data.splitlines(keepends=True))))
    path.write_bytes(data[: ends[2] + 20] + b"?" + data[ends[2] + 21 :])
    with pytest.raises(StoreCorrupted, match=f"at byte {ends[2]};") as raised:
        JsonFileContactBooks(path)
    assert "@" not in str(raised.value)


def _ignore_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_log, "crc32", lambda _: _AnyNumber())


def _ignore_line_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def unframed(line: bytes) -> tuple[int, int, bytes] | None:
        frame = checked(line)
        return frame and (_AnyNumber(frame[0]), *frame[1:])

    checked = json_log._unframed
    monkeypatch.setattr(json_log, "_unframed", unframed)


def _cut_no_torn_tail_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.ftruncate", lambda file, size: None)


class _AnyNumber(int):
    """Equal to all others."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("check", "break_store"),
    [
        (wrong_after_cuts, _cut_no_torn_tail_off),
        (wrong_after_flips, _ignore_checksums),
        (accepted_misplaced_lines, _ignore_line_numbers),
    ],
)
def test_the_checkers_find_out_a_broken_store(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check: Callable[[Path, bytes, list[int]], Problems],
    break_store: Callable[[pytest.MonkeyPatch], None],
) -> None:
    data = lived(path, SAVES)
    places = list(range(446, 1100, 20))  # within the first batch
    assert check(path, data, places) == []
    break_store(monkeypatch)
    assert check(path, data, places)
